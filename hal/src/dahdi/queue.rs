//! Events between the kernel and the line thread, in a place that is made once.

use crate::port::LineEvent;

/// As many as the kernel keeps.
const PLACES: usize = 64;

/// First in, first out, without allocation.
#[derive(Debug)]
pub(super) struct Queue {
    places: [Option<LineEvent>; PLACES],
    first: usize,
    count: usize,
}

impl Queue {
    pub(super) const fn new() -> Queue {
        Queue {
            places: [None; PLACES],
            first: 0,
            count: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Room for this number.
    pub(super) const fn has_room_for(&self, count: usize) -> bool {
        self.count + count <= PLACES
    }

    /// False when it is full.
    pub(super) fn push(&mut self, event: LineEvent) -> bool {
        let place = (self.first + self.count) % PLACES;
        match self.places.get_mut(place) {
            Some(place) if self.count < PLACES => {
                *place = Some(event);
                self.count += 1;
                true
            }
            _ => false,
        }
    }

    pub(super) fn pop(&mut self) -> Option<LineEvent> {
        let event = self.places.get_mut(self.first)?.take()?;
        self.first = (self.first + 1) % PLACES;
        self.count -= 1;
        Some(event)
    }
}
