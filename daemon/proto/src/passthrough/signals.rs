//! Which signals are those of a fax that is listened to, and when they have ceased.

use std::time::Duration;

use super::SILENCE_MS;
use crate::time::Time;
use crate::types::Side;

/// A fax in voice is over after this time without a signal of one, as data is.
const QUIET: Duration = Duration::from_millis(SILENCE_MS as u64);
/// A signal that is none of 300 bit/s is one of a fax when it goes on without a pause for this time: a training check has
/// 1.5 s, and who talks draws breath.
const STEADY: Duration = Duration::from_secs(1);

/// The signals of both sides of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// When one of a fax was heard last.
    heard: Time,
    /// Since when each side has one that goes on.
    since: [Option<Time>; 2],
}

impl Signals {
    /// A tone, a frame or a carrier at 300 bit/s: speech is none of these.
    pub fn certain(&mut self, now: Time) {
        self.heard = self.heard.max(now);
    }

    /// A signal began on this side, which may be speech.
    pub fn began(&mut self, now: Time, side: Side) {
        self.since[place(side)] = Some(now);
    }

    /// The signal of this side ended.
    pub fn ended(&mut self, now: Time, side: Side) {
        let since = self.since[place(side)].take();
        if since.is_some_and(|since| is_steady(since, now)) {
            self.certain(now);
        }
    }

    /// Nobody listens to them any more: the end of what goes on will not be heard.
    pub fn unheard(&mut self) {
        self.since = [None; 2];
    }

    /// There was no signal of a fax for long.
    pub fn is_quiet(&self, now: Time) -> bool {
        let mut going_on = self.since.iter().flatten();
        let goes_on = going_on.any(|since| is_steady(*since, now));
        !goes_on && now.saturating_since(self.heard) >= QUIET
    }
}

fn is_steady(since: Time, now: Time) -> bool {
    now.saturating_since(since) >= STEADY
}

fn place(side: Side) -> usize {
    match side {
        Side::Line => 0,
        Side::Network => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn a_page_goes_on_and_talk_does_not() {
        let mut signals = Signals::default();
        signals.certain(at(1_000));
        assert!(!signals.is_quiet(at(10_900)) && signals.is_quiet(at(11_000)));
        signals.began(at(9_000), Side::Line);
        assert!(!signals.is_quiet(at(60_000)));
        signals.ended(at(60_000), Side::Line);
        assert!(!signals.is_quiet(at(69_900)) && signals.is_quiet(at(70_000)));
        for ms in (61_000..70_000).step_by(900) {
            signals.began(at(ms), Side::Network);
            signals.ended(at(ms + 700), Side::Network);
        }
        assert!(signals.is_quiet(at(70_000)));
    }

    #[test]
    fn the_sides_do_not_end_one_another_and_an_end_that_nobody_heard_keeps_nothing_going() {
        let mut signals = Signals::default();
        signals.began(at(0), Side::Line);
        signals.ended(at(5_000), Side::Network);
        assert!(!signals.is_quiet(at(60_000)));
        signals.unheard();
        assert!(signals.is_quiet(at(60_000)));
    }
}
