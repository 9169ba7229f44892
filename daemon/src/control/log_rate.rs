//! How many log lines a port may have: a few in a row, then one a minute, so that no peer can fill the disk.
//!
//! Looks at nothing but the number of lines, and every line of a port has to pass. Repeats of the same
//! trouble of a registration are dropped before, in [`super::repeats`]: that saves lines, but does not bound them, because
//! a server can fail in ever new ways.

use std::time::Duration;

use tipring_proto::time::Time;

/// Lines that may come at once.
const BURST: u32 = 12;
/// Time in which one more is earned.
const EARNED_IN: Duration = Duration::from_secs(60);

/// Lets log lines of a port through, or counts what it holds back.
#[derive(Clone, Debug)]
pub(super) struct LogRate {
    credit: u32,
    /// Until when credit was given.
    filled: Time,
    held_back: u64,
}

impl LogRate {
    /// With full credit.
    pub(super) fn new(now: Time) -> LogRate {
        LogRate {
            credit: BURST,
            filled: now,
            held_back: 0,
        }
    }

    /// May a line be logged now? Then this is how many were held back before it, to be logged with it.
    pub(super) fn pass(&mut self, now: Time) -> Option<u64> {
        while self.credit < BURST && now.saturating_since(self.filled) >= EARNED_IN {
            self.credit += 1;
            self.filled = self.filled + EARNED_IN;
        }
        if self.credit >= BURST {
            self.filled = now; // a full credit earns no more
        }
        if self.credit == 0 {
            self.held_back = self.held_back.saturating_add(1);
            return None;
        }
        self.credit -= 1;
        Some(std::mem::take(&mut self.held_back))
    }
}

/// For the log line: nothing when nothing was held back.
pub(super) fn if_any(held_back: u64) -> Option<u64> {
    (held_back > 0).then_some(held_back)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Time {
        Time::from_duration(Duration::from_secs(s))
    }

    #[test]
    fn a_burst_passes_and_then_one_line_a_minute_with_the_number_held_back() {
        let mut rate = LogRate::new(at(0));
        let passed = |rate: &mut LogRate, s| (0..100).filter_map(|_| rate.pass(at(s))).collect();
        let first: Vec<u64> = passed(&mut rate, 1);
        assert_eq!(first, [0; BURST as usize]);
        let none: Vec<u64> = passed(&mut rate, 60);
        assert!(none.is_empty());
        let one: Vec<u64> = passed(&mut rate, 61);
        assert_eq!(one, [188]);
    }

    #[test]
    fn silence_earns_no_more_than_one_burst() {
        let mut rate = LogRate::new(at(0));
        for _ in 0..50 {
            rate.pass(at(0));
        }
        let passed = (0..50).filter_map(|_| rate.pass(at(1_000_000))).count();
        assert_eq!(passed, BURST as usize);
    }
}
