//! Whether a device stays registered while nobody can be reached at its line.
//!
//! A CallManager sends callers to every device that is registered, and those of a dead line hear ringing for ever. One
//! that has left has its callers sent elsewhere. A line that fails for a moment keeps its device, and an established
//! call is never dropped for this: the device leaves after it.
//!
//! A line that comes and goes shall not make its device do the same. Short troubles with little between them add up to
//! one, and a device that had to leave again soon after its return waits longer for the next one.

use std::time::Duration;

use crate::call::LineFault;
use crate::time::Time;

/// A card that is gone, or in alarm, for this time is no flicker.
const GONE: Duration = Duration::from_secs(5);
/// A feed that is off for this time: the first switching-on, after 5 s, has had its second to show.
const UNFED: Duration = Duration::from_secs(10);
/// What is wrong this time after the last trouble is another trouble.
const SOUND: Duration = Duration::from_secs(5);
/// A device that leaves again within this time after its return has a line that was not mended.
const SOON: Duration = Duration::from_secs(60);
/// How long such a line has to be sound before its device returns: this, doubled each time,
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// and at most this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Working,
    Failing {
        since: Time,
        /// The time for which it had been dead shortly before.
        before: Duration,
        fault: LineFault,
    },
    /// For too long, but there is a call.
    AfterCall,
    Out,
    /// The line works again; the device comes back when it has done so until then.
    Recovering {
        until: Time,
    },
}

/// Watches the line of one device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service {
    state: State,
    /// For how long the line was dead before it worked again, and when that was.
    flicker: Option<(Duration, Time)>,
    /// When the device came back last.
    back: Option<Time>,
    /// How long its line has to be sound before it comes back.
    wait: Duration,
    /// How often the device has left.
    left: u64,
}

impl Service {
    /// The line is in trouble, or in another one than before.
    pub fn fails(&mut self, now: Time, fault: LineFault) {
        self.state = match self.state {
            State::Working => State::Failing {
                since: now,
                before: self.dead_before(now),
                fault,
            },
            State::Failing { since, before, .. } => State::Failing {
                since,
                before,
                fault,
            },
            State::Recovering { .. } => State::Out,
            late @ (State::AfterCall | State::Out) => late,
        };
    }

    /// It works again: ask [`Service::returns`].
    pub fn works(&mut self, now: Time) {
        self.state = match self.state {
            State::Failing { since, before, .. } => {
                self.flicker = Some((before + (now - since), now));
                State::Working
            }
            State::AfterCall => {
                self.flicker = Some((UNFED, now));
                State::Working
            }
            State::Out => State::Recovering {
                until: now + self.wait,
            },
            sound @ (State::Working | State::Recovering { .. }) => sound,
        };
    }

    /// When [`Service::leaves`] or [`Service::returns`] has something to say. `None` also while a call is waited for:
    /// ask after every input.
    pub fn due(&self) -> Option<Time> {
        match self.state {
            State::Failing {
                since,
                before,
                fault,
            } => Some(since + patience(fault).saturating_sub(before)),
            State::Recovering { until } => Some(until),
            State::Working | State::AfterCall | State::Out => None,
        }
    }

    /// True, once: the device shall leave its CallManager now. `in_call`: there is a call that could be kept.
    pub fn leaves(&mut self, now: Time, in_call: bool) -> bool {
        let late = match self.state {
            State::Failing { .. } => self.due().is_some_and(|at| at <= now),
            State::AfterCall => true,
            State::Working | State::Out | State::Recovering { .. } => false,
        };
        if late && in_call {
            self.state = State::AfterCall;
        } else if late {
            self.state = State::Out;
            self.left += 1;
            let soon = self.back.is_some_and(|back| now - back < SOON);
            self.wait = match soon {
                true => (self.wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT),
                false => Duration::ZERO,
            };
        }
        late && !in_call
    }

    /// True, once: the device may register again now.
    pub fn returns(&mut self, now: Time) -> bool {
        let State::Recovering { until } = self.state else {
            return false;
        };
        let sound = until <= now;
        if sound {
            self.state = State::Working;
            self.flicker = None;
            self.back = Some(now);
        }
        sound
    }

    /// The device has left for this, or is leaving, and has not come back.
    pub fn is_out(&self) -> bool {
        matches!(self.state, State::Out | State::Recovering { .. })
    }

    /// When the device comes back if the line stays as sound as it is; `None` unless that is waited for.
    pub fn returns_at(&self) -> Option<Time> {
        match self.state {
            State::Recovering { until } => Some(until),
            _ => None,
        }
    }

    /// How often the device has left for this.
    pub fn left(&self) -> u64 {
        self.left
    }

    fn dead_before(&self, now: Time) -> Duration {
        let shortly = self.flicker.filter(|(_, end)| now - *end < SOUND);
        shortly.map_or(Duration::ZERO, |(dead, _)| dead)
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
            service.works(at(100 + patience - 1));
            assert_eq!(service.due(), None);
            assert!(!service.leaves(at(1000), false), "it was a flicker");
            service.fails(at(2000), fault);
            assert!(service.leaves(at(2000 + patience), false));
            assert!(!service.leaves(at(3000), false), "said once");
            assert_eq!((service.left(), service.returns_at()), (1, None));
            assert_eq!((service.is_out(), service.due()), (true, None));
            service.works(at(3000));
            assert!(service.returns(at(3000)), "at once");
            assert!(!service.returns(at(3000)), "said once");
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
        service.works(at(6));
        assert!(!service.leaves(at(6), false));
        // It is the same trouble if it comes again soon.
        service.fails(at(7), LineFault::PowerAlarm);
        assert!(service.leaves(at(7), false));
    }

    #[test]
    fn flickers_with_little_between_them_add_up_and_what_lies_between_does_not_count() {
        let mut service = Service::default();
        for start in [0, 6] {
            service.fails(at(start), LineFault::Alarm);
            assert!(!service.leaves(at(start + 2), false));
            service.works(at(start + 2));
        }
        assert_eq!(service.due(), None);
        service.fails(at(12), LineFault::Alarm);
        assert_eq!(service.due(), Some(at(13)), "dead for four seconds before");
        service.works(at(12));
        service.fails(at(17), LineFault::Alarm);
        assert_eq!(service.due(), Some(at(22)), "sound for five seconds before");
    }

    /// Dead from `start` until the device has left.
    fn leave(service: &mut Service, start: u64) {
        service.fails(at(start), LineFault::Alarm);
        assert!(service.leaves(at(start + 5), false));
    }

    #[test]
    fn a_device_that_leaves_again_soon_waits_longer_each_time_for_its_return() {
        let mut service = Service::default();
        let mut now = 100;
        for wait in [0, 2, 4, 8, 16, 32, 60, 60] {
            leave(&mut service, now);
            service.works(at(now + 10));
            assert_eq!(service.due(), Some(at(now + 10 + wait)));
            assert_eq!(service.returns_at(), service.due());
            // A trouble in between, and it begins again.
            service.fails(at(now + 10), LineFault::Removed);
            assert_eq!((service.due(), service.is_out()), (None, true));
            service.works(at(now + 20));
            service.works(at(now + 21)); // said twice
            assert_eq!(service.due(), Some(at(now + 20 + wait)));
            assert!(!service.leaves(at(now + 20 + wait), false));
            assert!(service.returns(at(now + 20 + wait)));
            now += 20 + wait;
        }
        // Once it has stayed for a minute all is forgotten.
        leave(&mut service, now + 55);
        service.works(at(now + 70));
        assert!(service.returns(at(now + 70)));
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
