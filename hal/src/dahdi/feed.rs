//! The feed of a line: on-hook, feeding a lifted phone, ringing, loop opened by us. And the loop, as last reported.
//!
//! Owns: which hook state the kernel is in, and when it has to change by itself. Facts of `dahdi-base.c` that decide:
//! ringing goes on at a lifted phone until `HOOK(OFFHOOK)`; `HOOK(ONHOOK)` empties the buffers and, at a lifted phone,
//! takes the battery away for 500 ms, then refuses `HOOK(OFFHOOK)` and ringing for another 300 ms; `HOOK(RINGOFF)` goes
//! on-hook from any state and does neither; an opening during the debounce after `HOOK(OFFHOOK)` is seen only if it lasts.

use std::time::Duration;

use tipring_linux::dahdi::{Errno, Hook};
use tipring_linux::monotonic;

use super::kernel::Kernel;
use super::port::Port;
use crate::port::LineEventKind;

/// The kernel reports an opening when it is this old. It must be more than 2 ms to be seen at the end of a debounce.
pub(super) const OPENING_REPORTED_AFTER: Duration = Duration::from_millis(3);
/// Contacts bounce for this time after a lift; 0 would be for ever.
pub(super) const DEBOUNCE_MS: i32 = 10;
/// `DAHDI_KEWLTIME`: how long the loop is open.
pub(super) const OPEN_LOOP_MS: u16 = 500;
/// `DAHDI_AFTERKEWLTIME`, and a tick.
const AFTER_OPEN_LOOP: Duration = Duration::from_millis(302);
/// A state that the kernel has left over from somebody else is tried again after this.
const AGAIN: Duration = Duration::from_millis(20);
/// A span that came back shows wrong hook states for a moment.
const SETTLING: Duration = Duration::from_millis(300);

/// What the kernel does to the line for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeedState {
    /// On-hook.
    Idle,
    /// The phone is lifted and fed.
    Fed,
    /// Ringing, in bursts or silences.
    Ringing,
    /// The loop is open by our doing, or was just now; until then the kernel refuses.
    Opened {
        /// When to go on.
        until: Duration,
    },
}

/// One line: loop and feed.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The loop as last reported.
    pub(super) closed: bool,
    /// Since when it is open, while that may still be a flash.
    pub(super) opened_at: Option<Duration>,
    pub(super) feed: FeedState,
    /// To be rung when the kernel allows.
    pub(super) ring_wanted: Option<[i32; 16]>,
    /// After trouble: when the loop may be believed again.
    pub(super) settled_at: Option<Duration>,
    /// An opening that is longer is no flash any more.
    pub(super) longest_flash: Duration,
}

impl Line {
    pub(super) fn new(longest_flash: Duration) -> Line {
        Line {
            closed: false,
            opened_at: None,
            feed: FeedState::Idle,
            ring_wanted: None,
            settled_at: None,
            longest_flash,
        }
    }

    pub(super) fn is_ringing(&self) -> bool {
        self.feed == FeedState::Ringing
    }

    /// Neither ringing nor without battery.
    pub(super) fn is_fed(&self) -> bool {
        matches!(self.feed, FeedState::Idle | FeedState::Fed)
    }

    pub(super) fn settle(&mut self, now: Duration) {
        self.settled_at = Some(now + SETTLING);
    }

    /// The channel is gone: nothing is due any more.
    pub(super) fn forget(&mut self) {
        *self = Line {
            closed: self.closed,
            ..Line::new(self.longest_flash)
        };
    }

    /// When something has to be done by itself.
    pub(super) fn due(&self) -> Option<Duration> {
        let feed = match self.feed {
            FeedState::Opened { until } => Some(until),
            FeedState::Fed => self
                .opened_at
                .filter(|_| !self.closed)
                .map(|at| at + self.longest_flash),
            FeedState::Idle | FeedState::Ringing => None,
        };
        match (feed, self.settled_at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

impl<K: Kernel> Port<K> {
    /// The loop is not to be believed: the line is in trouble, or was just now. A ringing line is believed at once, for the
    /// bell must stop before the handset is at the ear.
    fn doubtful(&self) -> bool {
        self.fault.is_some() || (self.line.settled_at.is_some() && !self.line.is_ringing())
    }

    pub(super) fn loop_closed(&mut self, now: Duration) {
        if self.doubtful() {
            return;
        }
        // First of all: the bell stops.
        self.feed_the_phone(now);
        self.line.ring_wanted = None;
        self.line.opened_at = None;
        if !self.line.closed {
            self.line.closed = true;
            self.report(now, LineEventKind::LoopClosed);
        }
    }

    pub(super) fn loop_opened(&mut self, at: Duration) {
        if self.doubtful() || !self.line.closed {
            return;
        }
        self.line.closed = false;
        self.line.opened_at = Some(at);
        self.report(at, LineEventKind::LoopOpened);
    }

    pub(super) fn feed_the_phone(&mut self, now: Duration) {
        if self.line.feed == FeedState::Fed {
            return;
        }
        match self.kernel.hook(Hook::OffHook) {
            Ok(()) => self.line.feed = FeedState::Fed,
            Err(_) => {
                let again = now + AGAIN;
                let until = match self.line.feed {
                    FeedState::Opened { until } => until.max(again),
                    FeedState::Idle | FeedState::Fed | FeedState::Ringing => again,
                };
                self.line.feed = FeedState::Opened { until };
            }
        }
    }

    /// Rings from the first burst on, which the kernel does not report.
    pub(super) fn start_ringing(&mut self, times: &[i32; 16], now: Duration) -> Result<(), Errno> {
        if self.line.feed != FeedState::Idle {
            self.kernel.hook(Hook::RingOff)?;
            self.line.feed = FeedState::Idle;
        }
        self.kernel.set_cadence(times)?;
        match self.kernel.hook(Hook::Ring) {
            Ok(()) => {
                self.line.feed = FeedState::Ringing;
                self.line.opened_at = None;
                self.report(now, LineEventKind::RingOn);
                Ok(())
            }
            // What whoever had the channel before has begun is not over yet.
            Err(Errno::EBUSY) => {
                self.line.ring_wanted = Some(*times);
                self.line.feed = FeedState::Opened { until: now + AGAIN };
                Ok(())
            }
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn stop_ringing(&mut self) -> Result<(), Errno> {
        self.line.ring_wanted = None;
        if self.line.is_ringing() {
            self.kernel.hook(Hook::RingOff)?;
            self.line.feed = FeedState::Idle;
        }
        Ok(())
    }

    pub(super) fn open_loop(&mut self) -> Result<(), Errno> {
        match self.line.feed {
            FeedState::Ringing => return Err(Errno::EBUSY),
            // No phone is there to notice it, or the loop is open already.
            FeedState::Idle | FeedState::Opened { .. } => return Ok(()),
            FeedState::Fed => {}
        }
        let now = monotonic();
        self.kernel.hook(Hook::OnHook)?;
        let open = Duration::from_millis(OPEN_LOOP_MS.into());
        self.line.feed = FeedState::Opened {
            until: now + open + AFTER_OPEN_LOOP,
        };
        self.refill(now);
        Ok(())
    }

    /// The battery is back; the kernel still refuses for a while.
    pub(super) fn battery_returned(&mut self, now: Duration) {
        if let FeedState::Opened { .. } = self.line.feed {
            self.line.feed = FeedState::Opened {
                until: now + AFTER_OPEN_LOOP,
            };
        }
    }

    /// Changes that are due by time. Cheap when none is.
    pub(super) fn do_what_is_due(&mut self) {
        let Some(due) = self.line.due() else {
            return;
        };
        let now = monotonic();
        if now >= due {
            self.advance(now);
        }
    }

    pub(super) fn advance(&mut self, now: Duration) {
        if self.fault.is_some() {
            return;
        }
        if self.line.settled_at.is_some_and(|at| now >= at) {
            self.line.settled_at = None;
            self.believe_the_loop(now);
        }
        match self.line.feed {
            FeedState::Opened { until } if now >= until => self.go_on(now),
            // Hung up for good: no flash any more.
            FeedState::Fed
                if !self.line.closed
                    && self
                        .line
                        .opened_at
                        .is_some_and(|at| now >= at + self.line.longest_flash) =>
            {
                self.line.opened_at = None;
                if self.kernel.hook(Hook::RingOff).is_ok() {
                    self.line.feed = FeedState::Idle;
                }
            }
            _ => {}
        }
    }

    fn go_on(&mut self, now: Duration) {
        self.line.feed = FeedState::Idle;
        if self.line.closed {
            self.feed_the_phone(now);
        } else if let Some(times) = self.line.ring_wanted.take() {
            let _ = self.start_ringing(&times, now);
        }
    }

    /// Asks the kernel, and reports what differs.
    fn believe_the_loop(&mut self, now: Duration) {
        match self.kernel.rx_off_hook() {
            Ok(true) => {
                // Whoever lost the call to the fault hears again that the phone is lifted.
                self.line.closed = false;
                self.loop_closed(now);
            }
            Ok(false) => self.loop_opened(now),
            Err(_) => {}
        }
    }
}
