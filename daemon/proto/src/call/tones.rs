//! The tone that the phone hears, and the call-waiting tone in its interval.
//!
//! Owns: which tone sounds, for which call, and when call waiting is announced again. Leaves to others: which of the
//! server's tones is heard (`server_tones`), and whether there is a call that waits.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sccp::message::Tone;
use crate::time::Time;
use crate::types::CallRef;

/// Servers that send call-waiting tone themselves do it within this time.
const FIRST_CALL_WAITING: Duration = Duration::from_millis(300);

/// What it asks of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToneOutput {
    /// Play this tone, in place of another.
    Play(Tone),
    /// Stop the tone.
    Stop,
}

/// When a call that waits is announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CallWaiting {
    /// The server has played the tone for a call that it has not named yet.
    played: bool,
    due: Option<Time>,
}

/// The tone of one port.
#[derive(Debug, Default)]
pub(super) struct Tones {
    playing: Option<(Tone, CallRef)>,
    waiting: CallWaiting,
    ignored: u64,
    out: VecDeque<ToneOutput>,
}

impl Tones {
    pub(super) fn poll(&mut self) -> Option<ToneOutput> {
        self.out.pop_front()
    }

    /// Plays a tone until it is stopped. The same tone is not begun again, but a call-waiting burst is.
    pub(super) fn play(&mut self, tone: Tone, call: CallRef) {
        let same = self.playing() == Some(tone) && !is_call_waiting(tone);
        self.playing = Some((tone, call));
        if !same {
            self.out.push_back(ToneOutput::Play(tone));
        }
    }

    /// Silence.
    pub(super) fn stop(&mut self) {
        if self.playing.take().is_some() {
            self.out.push_back(ToneOutput::Stop);
        }
    }

    pub(super) fn playing(&self) -> Option<Tone> {
        self.playing.map(|(tone, _)| tone)
    }

    /// A dial tone sounds.
    pub(super) fn is_dial_tone(&self) -> bool {
        self.playing().is_some_and(is_dial_tone)
    }

    /// The tone that sounds is this call's, or no call's.
    pub(super) fn is_for(&self, call: CallRef) -> bool {
        let is_for = |(_, of): (Tone, CallRef)| of == CallRef::NONE || of == call;
        self.playing.is_some_and(is_for)
    }

    /// One of the server's tones is not heard.
    pub(super) fn ignore(&mut self) {
        self.ignored += 1;
    }

    pub(super) fn ignored(&self) -> u64 {
        self.ignored
    }

    /// A call waits. It is announced soon, unless the server has done so or one before it is being announced.
    pub(super) fn call_waits(&mut self, now: Time) {
        let played = std::mem::take(&mut self.waiting.played);
        if !played && self.waiting.due.is_none() {
            self.waiting.due = Some(now + FIRST_CALL_WAITING);
        }
    }

    /// The server has announced it; `named`: it has said which call.
    pub(super) fn announced_by_server(&mut self, named: bool) {
        self.waiting.played = !named;
    }

    /// The next announcement, if it is repeated at all.
    pub(super) fn announce_again(&mut self, now: Time, interval_ms: u32) {
        let interval = Duration::from_millis(u64::from(interval_ms));
        self.waiting.due = (interval_ms > 0).then(|| now + interval);
    }

    /// Nothing is announced any more, for now.
    pub(super) fn stop_announcing(&mut self) {
        self.waiting.due = None;
    }

    /// No call waits any more.
    pub(super) fn nothing_waits(&mut self) {
        self.waiting = CallWaiting::default();
        if self.playing() == Some(Tone::CALL_WAITING) {
            self.stop();
        }
    }

    pub(super) fn due(&self) -> Option<Time> {
        self.waiting.due
    }

    /// True, once: it is time to announce the call that waits.
    pub(super) fn take_due(&mut self, now: Time) -> bool {
        self.waiting.due.take_if(|due| *due <= now).is_some()
    }
}

/// Tones that ask for a digit.
pub(super) fn is_dial_tone(tone: Tone) -> bool {
    matches!(
        tone,
        Tone::INSIDE_DIAL
            | Tone::OUTSIDE_DIAL
            | Tone::STUTTER_DIAL
            | Tone::RECALL_DIAL
            | Tone::RECALL_DIAL_2
    )
}

pub(super) fn is_call_waiting(tone: Tone) -> bool {
    matches!(
        tone,
        Tone::CALL_WAITING | Tone::ADDITIONAL_CALL_WAITING | Tone::PRIORITY_CALL_WAITING
    )
}

pub(super) fn is_error_tone(tone: Tone) -> bool {
    matches!(tone, Tone::BUSY | Tone::REORDER | Tone::NO_SUCH_NUMBER)
}

/// Short beeps that say no.
pub(super) fn is_refusal(tone: Tone) -> bool {
    matches!(tone, Tone::BEEP_BONK | Tone::ZIP | Tone::ZIP_ZIP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    fn seen(tones: &mut Tones) -> Vec<ToneOutput> {
        std::iter::from_fn(|| tones.poll()).collect()
    }

    #[test]
    fn a_tone_is_begun_once_and_a_call_waiting_burst_each_time() {
        let mut tones = Tones::default();
        tones.stop();
        assert_eq!(seen(&mut tones), []);
        for tone in [
            Tone::BUSY,
            Tone::BUSY,
            Tone::CALL_WAITING,
            Tone::CALL_WAITING,
        ] {
            tones.play(tone, CallRef(1));
        }
        let waiting = ToneOutput::Play(Tone::CALL_WAITING);
        assert_eq!(
            seen(&mut tones),
            [ToneOutput::Play(Tone::BUSY), waiting, waiting]
        );
        tones.stop();
        tones.stop();
        assert_eq!(
            (seen(&mut tones), tones.playing()),
            (vec![ToneOutput::Stop], None)
        );
    }

    #[test]
    fn a_tone_belongs_to_its_call_and_one_without_a_call_to_any() {
        let mut tones = Tones::default();
        assert!(!tones.is_for(CallRef(1)));
        tones.play(Tone::INSIDE_DIAL, CallRef(1));
        assert!(tones.is_for(CallRef(1)) && !tones.is_for(CallRef(2)));
        assert!(tones.is_dial_tone());
        tones.play(Tone::REORDER, CallRef::NONE);
        assert!(tones.is_for(CallRef(2)) && !tones.is_dial_tone());
    }

    #[test]
    fn a_call_that_waits_is_announced_soon_and_then_in_the_interval() {
        let mut tones = Tones::default();
        tones.call_waits(at(0));
        tones.call_waits(at(100));
        assert_eq!(tones.due(), Some(at(300)), "the first of two");
        assert!(!tones.take_due(at(299)));
        assert!(tones.take_due(at(300)) && !tones.take_due(at(300)));
        tones.announce_again(at(300), 10_000);
        assert_eq!(tones.due(), Some(at(10_300)));
        tones.announce_again(at(10_300), 0);
        assert_eq!(tones.due(), None);
    }

    #[test]
    fn what_the_server_has_announced_before_naming_the_call_is_not_announced_again() {
        for (named, due) in [(false, None), (true, Some(at(300)))] {
            let mut tones = Tones::default();
            tones.announced_by_server(named);
            tones.call_waits(at(0));
            assert_eq!(tones.due(), due, "{named}");
            tones.call_waits(at(0));
            assert_eq!(tones.due(), Some(at(300)), "the next one is");
        }
    }

    #[test]
    fn when_nothing_waits_its_tone_ends_and_no_other_tone_does() {
        for (tone, out) in [
            (Tone::CALL_WAITING, vec![ToneOutput::Stop]),
            (Tone::BUSY, vec![]),
        ] {
            let mut tones = Tones::default();
            tones.play(tone, CallRef(1));
            tones.call_waits(at(0));
            seen(&mut tones);
            tones.nothing_waits();
            assert_eq!((seen(&mut tones), tones.due()), (out, None));
        }
        let mut tones = Tones::default();
        tones.call_waits(at(0));
        tones.stop_announcing();
        assert_eq!(tones.due(), None);
    }
}
