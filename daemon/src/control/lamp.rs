//! The message lamp of a phone on a card without a lamp voltage: switched by FSK (VMWI) while the line is idle.
//!
//! Promises: nothing is sent while the phone is off-hook, gets caller ID or rings; what was broken off is sent again
//! when the line is idle next. Leaves to others: what the message looks like (the port's plan), sending it (the signal chain).

use std::time::Duration;

use tipring_proto::time::Time;

/// The line is idle for this time before the message, so that no phone gets it that has just been hung up.
const IDLE_FOR: Duration = Duration::from_millis(1500);
/// The longest message, with everything before it, is out by then.
const GUARD: Duration = Duration::from_secs(3);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LampStep {
    /// Open the way and send the message: lit or dark.
    Send(bool),
    /// Break it off.
    BreakOff,
}

/// What is being done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The line is in use, or was when last looked at.
    #[default]
    InUse,
    /// Idle since.
    Idle(Time),
    /// The message is on its way, surely until.
    Sending(bool, Time),
}

/// The lamp of one phone.
#[derive(Clone, Debug, Default)]
pub(super) struct FskLamp {
    wanted: bool,
    /// What the phone was sent last; a phone that was sent nothing is dark.
    sent: bool,
    phase: Phase,
}

impl FskLamp {
    /// The lamp shall be so.
    pub(super) fn want(&mut self, lit: bool) {
        self.wanted = lit;
    }

    /// When [`FskLamp::step`] has something to do by itself.
    pub(super) fn due(&self) -> Option<Time> {
        match self.phase {
            Phase::Idle(since) if self.wanted != self.sent => Some(since + IDLE_FOR),
            Phase::Sending(_, until) => Some(until),
            Phase::InUse | Phase::Idle(_) => None,
        }
    }

    /// Looks at the line; `idle`: on-hook, no call, no ringing.
    pub(super) fn step(&mut self, now: Time, idle: bool) -> Option<LampStep> {
        match self.phase {
            Phase::Sending(..) if !idle => return self.break_off(),
            Phase::Sending(lit, until) if now >= until => self.arrived(now, lit),
            Phase::Sending(..) => return None,
            Phase::InUse if idle => self.phase = Phase::Idle(now),
            Phase::Idle(_) if !idle => self.phase = Phase::InUse,
            Phase::InUse | Phase::Idle(_) => {}
        }
        match self.phase {
            Phase::Idle(since) if self.wanted != self.sent && now >= since + IDLE_FOR => {
                self.phase = Phase::Sending(self.wanted, now + GUARD);
                Some(LampStep::Send(self.wanted))
            }
            _ => None,
        }
    }

    /// The line is needed for something else.
    pub(super) fn break_off(&mut self) -> Option<LampStep> {
        let sending = matches!(self.phase, Phase::Sending(..));
        self.phase = Phase::InUse;
        sending.then_some(LampStep::BreakOff)
    }

    /// A message has left the chain. `true`: it was this lamp's.
    pub(super) fn sent(&mut self, now: Time) -> bool {
        let Phase::Sending(lit, _) = self.phase else {
            return false;
        };
        self.arrived(now, lit);
        true
    }

    fn arrived(&mut self, now: Time, lit: bool) {
        self.sent = lit;
        self.phase = Phase::Idle(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_duration(Duration::from_millis(ms))
    }

    #[test]
    fn the_lamp_message_is_sent_once_the_line_has_been_idle() {
        let mut lamp = FskLamp::default();
        lamp.want(true);
        assert_eq!(lamp.step(at(0), true), None);
        assert_eq!(lamp.due(), Some(at(1500)));
        assert_eq!(lamp.step(at(1499), true), None);
        assert_eq!(lamp.step(at(1500), true), Some(LampStep::Send(true)));
        assert!(lamp.sent(at(2000)));
        assert_eq!((lamp.step(at(9000), true), lamp.due()), (None, None));
    }

    #[test]
    fn a_lamp_that_is_as_wanted_gets_no_second_message() {
        let mut lamp = FskLamp::default();
        lamp.want(false);
        assert_eq!(lamp.step(at(0), true), None);
        assert_eq!((lamp.step(at(9000), true), lamp.due()), (None, None));
    }

    #[test]
    fn nothing_is_sent_while_the_line_is_in_use() {
        let mut lamp = FskLamp::default();
        lamp.want(true);
        for ms in 0..10 {
            assert_eq!(lamp.step(at(ms * 1000), false), None);
        }
        assert_eq!(lamp.due(), None);
    }

    #[test]
    fn a_message_that_was_broken_off_is_sent_again_when_the_line_is_idle_next() {
        let mut lamp = FskLamp::default();
        lamp.want(true);
        lamp.step(at(0), true);
        assert_eq!(lamp.step(at(1500), true), Some(LampStep::Send(true)));
        assert_eq!(lamp.step(at(1600), false), Some(LampStep::BreakOff));
        assert!(!lamp.sent(at(1700)), "that was somebody else's caller ID");
        assert_eq!(lamp.step(at(5000), true), None);
        assert_eq!(lamp.step(at(6500), true), Some(LampStep::Send(true)));
    }

    #[test]
    fn a_change_of_mind_while_sending_is_sent_afterwards() {
        let mut lamp = FskLamp::default();
        lamp.want(true);
        lamp.step(at(0), true);
        lamp.step(at(1500), true);
        lamp.want(false);
        assert!(lamp.sent(at(2000)));
        assert_eq!(lamp.step(at(3500), true), Some(LampStep::Send(false)));
    }

    #[test]
    fn a_chain_that_never_answers_holds_nothing_up() {
        let mut lamp = FskLamp::default();
        lamp.want(true);
        lamp.step(at(0), true);
        lamp.step(at(1500), true);
        assert_eq!(lamp.due(), Some(at(4500)));
        assert_eq!(lamp.step(at(4500), true), None);
        assert!(!lamp.sent(at(4501)));
    }
}
