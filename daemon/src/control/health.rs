//! Whether the line threads make progress, and whether the clock is set. Decides from counters and the time; the caller feeds the watchdog.

use std::time::Duration;

use tipring_proto::time::Time;

use super::clock::StepWatch;

/// A line thread that has not woken for this long is stalled. (It wakes by itself many times a second, also when every
/// card is in alarm.)
const STALLED: Duration = Duration::from_secs(5);

/// What a look at the line threads shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All of them woke.
    Good,
    /// One is stalled since this look; to be logged.
    JustStalled,
    /// One is still stalled.
    Stalled,
}

/// The line threads' progress.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// For each line thread: its count of wakes, and since when it is that.
    wakes: Vec<(u64, Time)>,
    stalled: bool,
    pub(super) steps: StepWatch,
}

impl Health {
    /// Looks at each thread's count of wakes, and whether all of them run.
    pub(super) fn look(
        &mut self,
        now: Time,
        wakes: impl Iterator<Item = u64>,
        running: bool,
    ) -> Progress {
        for (n, wakes) in wakes.enumerate() {
            match self.wakes.get_mut(n) {
                Some(seen) if seen.0 == wakes => {}
                Some(seen) => *seen = (wakes, now),
                None => self.wakes.push((wakes, now)),
            }
        }
        let still = self.wakes.iter().any(|(_, at)| now - *at >= STALLED);
        let before = std::mem::replace(&mut self.stalled, still || !running);
        match (before, self.stalled) {
            (_, false) => Progress::Good,
            (false, true) => Progress::JustStalled,
            (true, true) => Progress::Stalled,
        }
    }

    /// A line thread is stalled.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Time {
        Time::from_duration(Duration::from_secs(s))
    }

    #[test]
    fn a_thread_that_does_not_wake_for_five_seconds_is_stalled_and_recovers() {
        let mut health = Health::default();
        let mut look = |s, wakes: [u64; 2]| health.look(at(s), wakes.into_iter(), true);
        assert_eq!(look(10, [1, 1]), Progress::Good);
        assert_eq!(look(14, [2, 1]), Progress::Good);
        assert_eq!(look(15, [3, 1]), Progress::JustStalled);
        assert_eq!(look(16, [4, 1]), Progress::Stalled);
        assert_eq!(look(17, [5, 2]), Progress::Good);
        assert!(!health.is_stalled());
    }

    #[test]
    fn a_thread_that_has_ended_is_stalled_at_once() {
        let mut health = Health::default();
        assert_eq!(health.look(at(1), [7].into_iter(), true), Progress::Good);
        let ended = health.look(at(1), [7].into_iter(), false);
        assert_eq!(ended, Progress::JustStalled);
    }
}
