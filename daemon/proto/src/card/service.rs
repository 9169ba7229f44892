//! Whether a device stays registered while nobody can be reached at its line.
//!
//! A CallManager sends callers to every device that is registered, and those of a dead line hear ringing for ever. One
//! that has left has its callers sent elsewhere. A line that fails for a moment keeps its device, and an established
//! call is never dropped for this: the device leaves after it.

use std::time::Duration;

use crate::call::LineFault;
use crate::time::Time;

/// A card that is gone, or in alarm, for so long is no flicker.
const GONE: Duration = Duration::from_secs(5);
/// A feed that is off for so long: the first switching-on, after 5 s, has had its second to show.
const UNFED: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Working,
    Failing {
        since: Time,
        fault: LineFault,
    },
    /// For too long, but there is a call.
    AfterCall,
    Out,
}

/// Watches the line of one device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service {
    state: State,
}

impl Service {
    /// The line is in trouble, or in another one than before.
    pub fn fails(&mut self, now: Time, fault: LineFault) {
        self.state = match self.state {
            State::Working => State::Failing { since: now, fault },
            State::Failing { since, .. } => State::Failing { since, fault },
            late @ (State::AfterCall | State::Out) => late,
        };
    }

    /// It works again: the device may register at once.
    pub fn works(&mut self) {
        self.state = State::Working;
    }

    /// When [`Service::leaves`] has something to say. `None` also while a call is waited for: ask after every input.
    pub fn due(&self) -> Option<Time> {
        match self.state {
            State::Failing { since, fault } => Some(since + patience(fault)),
            State::Working | State::AfterCall | State::Out => None,
        }
    }

    /// True, once: the device shall leave its CallManager now. `in_call`: there is a call that could be kept.
    pub fn leaves(&mut self, now: Time, in_call: bool) -> bool {
        let late = match self.state {
            State::Failing { .. } => self.due().is_some_and(|at| at <= now),
            State::AfterCall => true,
            State::Working | State::Out => false,
        };
        if late {
            self.state = if in_call {
                State::AfterCall
            } else {
                State::Out
            };
        }
        late && !in_call
    }

    /// The device has left for this, or is leaving.
    pub fn is_out(&self) -> bool {
        self.state == State::Out
    }
}

fn patience(fault: LineFault) -> Duration {
    match fault {
        LineFault::Alarm | LineFault::Removed => GONE,
        LineFault::PowerAlarm => UNFED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Time {
        Time::from_duration(Duration::from_secs(s))
    }

    #[test]
    fn a_line_that_stays_dead_takes_its_device_away_once_and_a_flicker_does_not() {
        for (fault, patience) in [
            (LineFault::Alarm, 5),
            (LineFault::Removed, 5),
            (LineFault::PowerAlarm, 10),
        ] {
            let mut service = Service::default();
            service.fails(at(100), fault);
            assert_eq!(service.due(), Some(at(100 + patience)));
            assert!(!service.leaves(at(100 + patience - 1), false));
            service.works();
            assert_eq!(service.due(), None);
            assert!(!service.leaves(at(1000), false), "it was a flicker");
            service.fails(at(2000), fault);
            assert!(service.leaves(at(2000 + patience), false));
            assert!(!service.leaves(at(3000), false), "said once");
            assert_eq!((service.is_out(), service.due()), (true, None));
            service.works();
            assert!(!service.is_out());
        }
    }

    #[test]
    fn a_call_is_waited_for() {
        let mut service = Service::default();
        service.fails(at(0), LineFault::Alarm);
        assert!(!service.leaves(at(5), true));
        assert_eq!(service.due(), None, "the end of the call is no deadline");
        assert!(!service.leaves(at(60), true) && !service.is_out());
        assert!(service.leaves(at(61), false));
        // The line is back before the call is over.
        let mut service = Service::default();
        service.fails(at(0), LineFault::Alarm);
        assert!(!service.leaves(at(5), true));
        service.works();
        assert!(!service.leaves(at(6), false));
    }

    #[test]
    fn one_trouble_after_another_is_one_trouble() {
        let mut service = Service::default();
        service.fails(at(0), LineFault::PowerAlarm);
        service.fails(at(4), LineFault::Removed);
        assert_eq!(service.due(), Some(at(5)));
        assert!(service.leaves(at(5), false));
        service.fails(at(6), LineFault::Alarm);
        assert!(service.is_out() && !service.leaves(at(60), false));
    }
}
