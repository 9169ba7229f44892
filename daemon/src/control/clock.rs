//! The two clocks: monotonic for deciding, wall time for showing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tipring_proto::time::Time;

/// A difference between the clocks that changes by more than this at once is a step; less is slewing.
const STEP: Duration = Duration::from_secs(1);

/// Reads both clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// Now, as proto counts it: `CLOCK_MONOTONIC` since its zero, as the card stamps its events.
    pub fn now(self) -> Time {
        Time::from_duration(tipring_linux::monotonic())
    }

    /// Wall time of a monotonic point. Computed through the present, so that a stepped clock moves what is shown
    /// and never what is decided.
    pub fn unix(self, at: Time) -> Duration {
        shown(at, self.now(), self.wall())
    }

    /// The same in ms.
    pub fn unix_ms(self, at: Time) -> u64 {
        u64::try_from(self.unix(at).as_millis()).unwrap_or(u64::MAX)
    }

    /// The same in µs.
    pub fn unix_us(self, at: Time) -> u64 {
        u64::try_from(self.unix(at).as_micros()).unwrap_or(u64::MAX)
    }

    /// Wall time now; 0 on a computer whose clock is before 1970.
    pub(super) fn wall(self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }
}

fn shown(at: Time, now: Time, wall: Duration) -> Duration {
    if at >= now {
        wall.saturating_add(at - now)
    } else {
        wall.saturating_sub(now - at)
    }
}

/// Notices when somebody sets the clock, so that the log can explain why its stamps jump.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StepWatch {
    last: Option<(Time, Duration)>,
}

impl StepWatch {
    /// Looks at both clocks; how far the wall clock was stepped since the last look, in s, if it was.
    pub(super) fn look(&mut self, now: Time, wall: Duration) -> Option<i64> {
        let (then, was) = self.last.replace((now, wall))?;
        let expected = was.saturating_add(now - then);
        let (ahead, step) = if wall >= expected {
            (true, wall - expected)
        } else {
            (false, expected - wall)
        };
        let seconds = i64::try_from(step.as_secs_f64().round() as u64).unwrap_or(i64::MAX);
        (step > STEP).then_some(if ahead { seconds } else { -seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1000)
    }

    #[test]
    fn a_stepped_clock_moves_what_is_shown_as_a_whole_and_no_distance() {
        let wall = Duration::from_secs(1_000_000);
        let (call, now) = (at(100), at(160));
        for stepped in [wall, wall + HOUR, wall - HOUR] {
            assert_eq!(shown(now, now, stepped), stepped);
            let talked = shown(now, now, stepped) - shown(call, now, stepped);
            assert_eq!(talked, Duration::from_secs(60));
            let retry = shown(at(170), now, stepped) - stepped;
            assert_eq!(retry, Duration::from_secs(10));
        }
        // Before 1970 there is nothing to show, and nothing breaks.
        assert_eq!(shown(call, now, Duration::ZERO), Duration::ZERO);
        assert_eq!(
            shown(at(u64::MAX / 2000), now, Duration::MAX),
            Duration::MAX
        );
    }

    #[test]
    fn a_step_is_noticed_once_in_either_direction_and_slewing_is_none() {
        let mut watch = StepWatch::default();
        let start = Duration::from_secs(1_000_000);
        assert_eq!(watch.look(at(0), start), None);
        assert_eq!(
            watch.look(at(1), start + Duration::from_millis(1_400)),
            None
        );
        let ahead = start + HOUR + Duration::from_secs(2);
        assert_eq!(watch.look(at(2), ahead), Some(3600));
        assert_eq!(watch.look(at(3), ahead + Duration::from_secs(1)), None);
        assert_eq!(
            watch.look(at(4), start + Duration::from_secs(4)),
            Some(-3600)
        );
        assert_eq!(watch.look(at(5), Duration::ZERO), Some(-1_000_005));
    }
}
