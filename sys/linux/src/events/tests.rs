//! Behaviour of the wrapped calls.

use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::*;
use crate::monotonic;

/// Whether `fd` becomes readable within `ms`.
fn readable(fd: &impl AsFd, ms: u16) -> bool {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::from(ms)).unwrap() == 1
}

#[test]
fn eventfd_adds_up_and_drains_to_zero() {
    let event = EventFd::new().unwrap();
    assert_eq!(event.drain().unwrap(), 0);
    assert!(!readable(&event, 0));
    event.add(2).unwrap();
    event.add(3).unwrap();
    assert!(readable(&event, 0));
    assert_eq!(event.drain().unwrap(), 5);
    assert!(!readable(&event, 0));
    event.add(0).unwrap();
    assert!(!readable(&event, 0));
}

#[test]
fn a_full_eventfd_stays_raised_and_does_not_block() {
    let event = EventFd::new().unwrap();
    event.add(u64::MAX).unwrap();
    event.add(u64::MAX).unwrap();
    event.add(1).unwrap();
    assert!(readable(&event, 0));
    assert_eq!(event.drain().unwrap(), u64::MAX - 1);
}

#[test]
fn eventfd_wakes_another_thread() {
    let event = std::sync::Arc::new(EventFd::new().unwrap());
    let waiter = event.clone();
    let woken = thread::spawn(move || readable(&*waiter, 10_000) && waiter.drain().unwrap() == 1);
    event.add(1).unwrap();
    assert!(woken.join().unwrap());
}

#[test]
fn timer_fires_at_its_first_time_and_each_interval() {
    let first = monotonic() + Duration::from_millis(20);
    let timer = TimerFd::periodic(first, Duration::from_millis(10)).unwrap();
    assert_eq!(timer.expirations().unwrap(), 0);
    let mut total = 0;
    while total < 5 {
        assert!(readable(&timer, 10_000), "the timer stopped");
        let count = timer.expirations().unwrap();
        assert!(count > 0);
        total += count;
        let due = first + Duration::from_millis(10) * u32::try_from(total - 1).unwrap();
        assert!(monotonic() >= due, "it fired too early");
    }
}

#[test]
fn a_first_time_in_the_past_counts_every_interval_since() {
    let now = monotonic();
    let first = now.saturating_sub(Duration::from_millis(95));
    let timer = TimerFd::periodic(first, Duration::from_millis(10)).unwrap();
    let count = timer.expirations().unwrap();
    let most = (monotonic() - first).as_millis() / 10 + 1;
    assert!(
        count >= 10 && u128::from(count) <= most,
        "{count} of {most}"
    );
    let from_zero = TimerFd::periodic(Duration::ZERO, Duration::from_secs(1)).unwrap();
    assert!(from_zero.expirations().unwrap() > 0);
}

#[test]
fn an_interval_of_zero_is_refused() {
    let error = TimerFd::periodic(monotonic(), Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    for huge in [Duration::MAX, Duration::from_nanos(1)] {
        let _ = TimerFd::periodic(huge, huge);
    }
}

#[test]
fn descriptors_are_closed_on_exec_and_do_not_block() {
    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    let event = EventFd::new().unwrap();
    let timer = TimerFd::periodic(monotonic(), Duration::from_secs(1)).unwrap();
    assert_ne!(event.as_raw_fd(), timer.as_raw_fd());
    for fd in [event.as_fd(), timer.as_fd()] {
        let flags = FdFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFD).unwrap());
        assert!(flags.contains(FdFlag::FD_CLOEXEC));
        let flags = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL).unwrap());
        assert!(flags.contains(OFlag::O_NONBLOCK));
    }
}
