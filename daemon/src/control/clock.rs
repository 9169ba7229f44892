//! The two clocks: monotonic for deciding, wall time for showing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tipring_proto::time::Time;

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
        let now = self.now();
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        if at >= now {
            wall.saturating_add(at - now)
        } else {
            wall.saturating_sub(now - at)
        }
    }

    /// The same in ms.
    pub fn unix_ms(self, at: Time) -> u64 {
        u64::try_from(self.unix(at).as_millis()).unwrap_or(u64::MAX)
    }

    /// The same in µs.
    pub fn unix_us(self, at: Time) -> u64 {
        u64::try_from(self.unix(at).as_micros()).unwrap_or(u64::MAX)
    }
}
