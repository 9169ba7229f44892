//! Descriptors that wake the line thread: an eventfd to be raised by others, a periodic timer.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::eventfd::{self, EfdFlags};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{self, Expiration, TimerFlags, TimerSetTimeFlags};

/// A counter that wakes whoever polls it. Non-blocking, closed on exec. May be shared by threads.
#[derive(Debug)]
pub struct EventFd(eventfd::EventFd);

impl EventFd {
    /// A counter at 0.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
        Ok(EventFd(eventfd::EventFd::from_flags(flags)?))
    }

    /// Adds to the counter and wakes the poller. A counter that cannot take more is left as it is:
    /// the poller is awake anyway. Adding 0 wakes nobody.
    ///
    /// # Errors
    /// None are known for a descriptor of this type.
    pub fn add(&self, count: u64) -> io::Result<()> {
        // The one value the kernel refuses.
        let count = count.min(u64::MAX - 1);
        loop {
            match self.0.write(count) {
                Ok(_) | Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Takes the counter down to 0 and returns what it was.
    ///
    /// # Errors
    /// None are known for a descriptor of this type.
    pub fn drain(&self) -> io::Result<u64> {
        loop {
            match self.0.read() {
                Ok(count) => return Ok(count),
                Err(Errno::EAGAIN) => return Ok(0),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// A periodic timer on CLOCK_MONOTONIC that does not drift: it fires at `first`, `first + interval`,
/// `first + 2 interval` …, however late it is read. Non-blocking, closed on exec.
#[derive(Debug)]
pub struct TimerFd(timerfd::TimerFd);

impl TimerFd {
    /// A timer that fires first when [`monotonic`](crate::monotonic) reaches `first` (at once when
    /// that is past, for every interval since) and then each `interval`.
    ///
    /// # Errors
    /// `InvalidInput` for an interval of 0; when the process has no descriptors left.
    pub fn periodic(first: Duration, interval: Duration) -> io::Result<Self> {
        if interval.is_zero() {
            let problem = "a periodic timer needs an interval above 0";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = timerfd::TimerFd::new(timerfd::ClockId::CLOCK_MONOTONIC, flags)?;
        // A first time of 0 would switch the timer off.
        let first = TimeSpec::from(first.max(Duration::from_nanos(1)));
        let expiration = Expiration::IntervalDelayed(first, TimeSpec::from(interval));
        timer.set(expiration, TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
        Ok(TimerFd(timer))
    }

    /// How many times it fired since the last call; 0 when not at all.
    ///
    /// # Errors
    /// None are known for a descriptor of this type.
    pub fn expirations(&self) -> io::Result<u64> {
        let mut count = [0_u8; 8];
        loop {
            match nix::unistd::read(&self.0, &mut count) {
                Ok(_) => return Ok(u64::from_ne_bytes(count)),
                Err(Errno::EAGAIN) => return Ok(0),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl AsFd for TimerFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for TimerFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests;
