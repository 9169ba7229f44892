//! How much later than others a packet comes.
//!
//! UDPTL has no timestamps, but a gateway sends a page in even steps. So of each run of packets with a page the arrivals are
//! laid along a straight line over their numbers, and what they are beside it, from the earliest to the latest, is the
//! jitter. What came behind a later packet shows its lateness at once, and so does what came after it was given up.
//! The largest of the last few runs holds.

use std::time::Duration;

use crate::time::Time;

/// Packets of a run.
const RUN: usize = 32;
/// Runs that are remembered: with packets of 30 ms about 5 s.
const RUNS: usize = 5;
/// No less is believed: the caller looks at its packets each 10 ms.
const FLOOR: Duration = Duration::from_millis(10);

#[derive(Clone, Debug)]
pub(super) struct Jitter {
    /// Number and arrival of the packets of this run.
    run: [(i64, Time); RUN],
    count: usize,
    /// Of the last runs.
    spreads: [Duration; RUNS],
    next: usize,
    runs: usize,
    /// The largest lateness in this run.
    late: Duration,
}

impl Jitter {
    pub(super) fn new() -> Jitter {
        Jitter {
            run: [(0, Time::ZERO); RUN],
            count: 0,
            spreads: [Duration::ZERO; RUNS],
            next: 0,
            runs: 0,
            late: Duration::ZERO,
        }
    }

    /// What is known; nothing before the first whole run.
    pub(super) fn measured(&self) -> Option<Duration> {
        let largest = self.spreads.iter().max().copied()?;
        (self.runs > 0).then_some(largest.max(self.late).max(FLOOR))
    }

    /// A packet with a page came for the first time.
    pub(super) fn page(&mut self, number: i64, now: Time) {
        self.run[self.count] = (number, now);
        self.count += 1;
        if self.count == RUN {
            self.close();
        }
    }

    /// Something else came: the page's steps end here.
    pub(super) fn other(&mut self) {
        self.count = 0;
    }

    /// A packet came this much later than one behind it.
    pub(super) fn late(&mut self, by: Duration) {
        self.late = self.late.max(by);
    }

    fn close(&mut self) {
        self.count = 0;
        let spread = spread(&self.run).max(std::mem::take(&mut self.late));
        self.spreads[self.next] = spread;
        self.next = (self.next + 1) % RUNS;
        self.runs += 1;
    }
}

/// How far the arrivals are beside the straight line through them.
fn spread(run: &[(i64, Time)]) -> Duration {
    let Some(&(first, begin)) = run.iter().min_by_key(|(_, at)| *at) else {
        return Duration::ZERO;
    };
    let points = || {
        run.iter().map(|(number, at)| {
            let x = (number - first) as f64;
            (x, at.saturating_since(begin).as_secs_f64())
        })
    };
    let count = run.len() as f64;
    let (mean_x, mean_y) =
        points().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / count, b + y / count));
    let (xx, xy) = points().fold((0.0, 0.0), |(xx, xy), (x, y)| {
        let (x, y) = (x - mean_x, y - mean_y);
        (xx + x * x, xy + x * y)
    });
    let slope = if xx > 0.0 { xy / xx } else { 0.0 };
    let beside = |(x, y): (f64, f64)| (y - mean_y) - slope * (x - mean_x);
    let (low, high) = points()
        .map(beside)
        .fold((0.0f64, 0.0f64), |(low, high), d| (low.min(d), high.max(d)));
    // A relay that was asleep for hours has no jitter of hours.
    Duration::from_secs_f64((high - low).clamp(0.0, 10.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(jitter: &mut Jitter, from: i64, delay_ms: impl Fn(i64) -> u64) {
        for n in from..from + RUN as i64 {
            jitter.page(n, Time::from_millis(40 * n as u64 + delay_ms(n)));
        }
    }

    #[test]
    fn even_steps_have_none_and_uneven_ones_their_spread() {
        let mut jitter = Jitter::new();
        assert_eq!(jitter.measured(), None);
        run(&mut jitter, 0, |_| 7);
        assert_eq!(jitter.measured(), Some(FLOOR));
        run(&mut jitter, 32, |n| if n % 5 == 0 { 100 } else { 0 });
        let measured = jitter.measured().unwrap();
        let wanted = Duration::from_millis(80)..Duration::from_millis(120);
        assert!(wanted.contains(&measured), "{measured:?}");
        for n in 2..7 {
            run(&mut jitter, 32 * n, |_| 0);
        }
        assert_eq!(jitter.measured(), Some(FLOOR), "forgotten");
    }

    #[test]
    fn what_was_late_counts_at_once_and_is_forgotten_with_its_run() {
        let mut jitter = Jitter::new();
        run(&mut jitter, 0, |_| 0);
        jitter.late(Duration::from_millis(90));
        assert_eq!(jitter.measured(), Some(Duration::from_millis(90)));
        for n in 1..7 {
            run(&mut jitter, 32 * n, |_| 0);
        }
        assert_eq!(jitter.measured(), Some(FLOOR));
    }

    #[test]
    fn a_run_that_something_breaks_off_says_nothing() {
        let mut jitter = Jitter::new();
        for n in 0..31 {
            jitter.page(n, Time::from_millis(40 * n as u64));
        }
        jitter.other();
        jitter.page(31, Time::from_millis(90_000));
        assert_eq!(jitter.measured(), None);
    }
}
