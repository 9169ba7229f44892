//! Each event goes three times, 20 ms apart, for nothing shows that one was lost.

use std::time::Duration;

use super::event::Event;
use crate::time::Time;

const COPIES: u8 = 3;
const APART: Duration = Duration::from_millis(20);
/// Events that wait; more than a switch has to say at once.
const WAITING: usize = 4;

#[derive(Clone, Copy, Debug)]
struct Burst {
    event: Event,
    sent: u8,
}

/// One event after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Bursts {
    waiting: [Option<Burst>; WAITING],
    /// When the next packet goes.
    next: Time,
}

impl Bursts {
    /// Adds an event. It is left out when it waits already, or when nothing of it can wait any more.
    pub(super) fn push(&mut self, now: Time, event: Event) {
        let waits = |b: &Burst| b.event == event && b.sent == 0;
        if self.waiting.iter().flatten().any(waits) {
            return;
        }
        if self.waiting[0].is_none() {
            self.next = self.next.max(now);
        }
        if let Some(place) = self.waiting.iter_mut().find(|place| place.is_none()) {
            *place = Some(Burst { event, sent: 0 });
        }
    }

    /// What waits no longer makes sense.
    pub(super) fn clear(&mut self) {
        self.waiting = [None; WAITING];
    }

    /// When the next packet is due.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.waiting[0].map(|_| self.next)
    }

    /// The packet that is due: the event, and whether it is its first one.
    pub(super) fn due(&mut self, now: Time) -> Option<(Event, bool)> {
        let burst = self.waiting[0].as_mut()?;
        if now < self.next {
            return None;
        }
        let packet = (burst.event, burst.sent == 0);
        burst.sent += 1;
        self.next = now + APART;
        if burst.sent == COPIES {
            self.waiting[0] = None;
            self.waiting.rotate_left(1);
        }
        Some(packet)
    }
}
