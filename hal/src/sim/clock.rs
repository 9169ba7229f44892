//! The card's clock as the line thread sees it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tipring_linux::EventFd;

/// An eventfd that the card raises by one for each block. Cloning gives the same descriptor.
#[derive(Clone, Debug)]
pub struct CardClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    wake: EventFd,
    /// When it was last raised, ns on CLOCK_MONOTONIC.
    raised_ns: AtomicU64,
}

impl CardClock {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            wake: EventFd::new()?,
            raised_ns: AtomicU64::new(0),
        })))
    }

    /// The descriptor to poll for readable. Stays open as long as this value or the card lives.
    pub fn fd(&self) -> RawFd {
        self.0.wake.as_raw_fd()
    }

    /// Blocks since the last call; 0 when there was none. Neither blocks nor allocates.
    pub fn drain(&self) -> u64 {
        // The kernel knows no failure for a live eventfd beside "empty", which is 0 already.
        self.0.wake.drain().unwrap_or(0)
    }

    /// When it was last raised; 0 before the first time.
    pub(super) fn raised(&self) -> Duration {
        Duration::from_nanos(self.0.raised_ns.load(Ordering::Acquire))
    }

    pub(super) fn raise(&self, now: Duration) {
        let ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.0.raised_ns.store(ns, Ordering::Release);
        // As above: the only answer but success is "full", and then the poller is awake.
        let _ = self.0.wake.add(1);
    }
}

impl AsFd for CardClock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.wake.as_fd()
    }
}
