//! The card's clock as the line thread sees it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;

use tipring_linux::EventFd;

/// An eventfd that the card raises by one for each block. Cloning gives the same descriptor.
#[derive(Clone, Debug)]
pub struct CardClock(Arc<EventFd>);

impl CardClock {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(EventFd::new()?)))
    }

    /// The descriptor to poll for readable. Stays open as long as this value or the card lives.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Blocks since the last call; 0 when there was none. Neither blocks nor allocates.
    pub fn drain(&self) -> u64 {
        // The kernel knows no failure for a live eventfd beside "empty", which is 0 already.
        self.0.drain().unwrap_or(0)
    }

    pub(super) fn raise(&self) {
        // As above: the only answer but success is "full", and then the poller is awake.
        let _ = self.0.add(1);
    }
}

impl AsFd for CardClock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
