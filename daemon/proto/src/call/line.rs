//! The line of one port: what its hook does, and a fault that it may have.

use std::time::Duration;

use crate::call::config::HookConfig;
use crate::call::hook::Hook;
use crate::time::Time;
use crate::types::LineFault;

/// The line of one port.
#[derive(Debug)]
pub(super) struct Line {
    hook: Hook,
    fault: Option<LineFault>,
    /// A fault that lasts until then costs the line its calls.
    calls_lost_at: Option<Time>,
    flashes: u64,
    unused_flashes: u64,
}

impl Line {
    /// A line without a fault, open.
    pub(super) fn new(hook: HookConfig) -> Line {
        Line {
            hook: Hook::new(hook),
            fault: None,
            calls_lost_at: None,
            flashes: 0,
            unused_flashes: 0,
        }
    }

    pub(super) fn hook(&self) -> &Hook {
        &self.hook
    }

    pub(super) fn hook_mut(&mut self) -> &mut Hook {
        &mut self.hook
    }

    /// The line or its card has a fault, perhaps another one than before; its calls last for `grace_ms` from the first.
    pub(super) fn fails(&mut self, now: Time, fault: LineFault, grace_ms: u32) {
        self.fault = Some(fault);
        let lost_at = now + Duration::from_millis(u64::from(grace_ms));
        self.calls_lost_at.get_or_insert(lost_at);
    }

    /// It works. True: it did not before.
    pub(super) fn works(&mut self) -> bool {
        self.calls_lost_at = None;
        self.fault.take().is_some()
    }

    pub(super) fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }

    pub(super) fn due(&self) -> Option<Time> {
        self.calls_lost_at
    }

    /// True, once: the fault has lasted for too long. What the hook did before it is forgotten.
    pub(super) fn take_due(&mut self, now: Time) -> bool {
        let lost = self.calls_lost_at.take_if(|at| *at <= now).is_some();
        if lost {
            self.hook.reset();
        }
        lost
    }

    /// A flash was seen; `used`: it had a meaning.
    pub(super) fn count_flash(&mut self, used: bool) {
        self.flashes += 1;
        self.unused_flashes += u64::from(!used);
    }

    /// Flashes so far, and those without a meaning.
    pub(super) fn flashes(&self) -> (u64, u64) {
        (self.flashes, self.unused_flashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn the_calls_of_a_line_last_for_a_while_from_its_first_fault() {
        let mut line = Line::new(HookConfig::default());
        line.fails(at(0), LineFault::Alarm, 2_000);
        line.fails(at(1_000), LineFault::Removed, 2_000);
        assert_eq!((line.due(), line.is_faulty()), (Some(at(2_000)), true));
        assert!(!line.take_due(at(1_999)));
        assert!(line.take_due(at(2_000)) && !line.take_due(at(2_000)));
        assert!(line.is_faulty(), "it is not mended by that");
        assert!(line.works() && !line.works());
    }

    #[test]
    fn a_fault_that_is_over_in_time_costs_nothing() {
        let mut line = Line::new(HookConfig::default());
        line.fails(at(0), LineFault::PowerAlarm, 2_000);
        assert!(line.works());
        assert_eq!(line.due(), None);
    }

    #[test]
    fn what_the_hook_did_before_a_long_fault_is_forgotten() {
        let mut line = Line::new(HookConfig::default());
        line.hook_mut().closed(at(0));
        line.hook_mut().advance(at(100));
        assert!(line.hook().is_off_hook());
        line.fails(at(100), LineFault::Alarm, 2_000);
        line.take_due(at(2_100));
        assert!(!line.hook().is_off_hook());
    }

    #[test]
    fn flashes_are_counted_used_or_not() {
        let mut line = Line::new(HookConfig::default());
        line.count_flash(true);
        line.count_flash(false);
        assert_eq!(line.flashes(), (2, 1));
    }
}
