//! What control may read of a session while the line thread has it: plain atomics with one writer.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tipring_proto::time::Time;

/// The receive side of one session, as it is now.
#[derive(Debug, Default)]
pub struct SessionView {
    /// When the last packet came, µs on the line thread's clock, plus one; 0: none yet.
    heard: AtomicU64,
}

impl SessionView {
    /// When the last valid RTP packet of the far end came (audio, comfort noise or telephone-event); `None` before
    /// the first.
    pub fn last_packet(&self) -> Option<Time> {
        let us = self.heard.load(Relaxed).checked_sub(1)?;
        Some(Time::from_duration(Duration::from_micros(us)))
    }

    pub(super) fn heard(&self, at: Time) {
        let us = u64::try_from(at.since_epoch().as_micros()).unwrap_or(0);
        self.heard.store(us.saturating_add(1), Relaxed);
    }
}
