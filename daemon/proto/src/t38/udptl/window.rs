//! Packets by their number, as many as may be waited for and as many behind as parity reaches back.

use crate::t38::ifp::MAX_IFP;
use crate::time::Time;

/// Packets ahead of the next one that are kept; a number further ahead is a restart.
pub(super) const AHEAD: i64 = 64;
/// Packets behind it that are remembered.
pub(super) const BEHIND: i64 = 64;
const PLACES: i64 = AHEAD + BEHIND;

/// Where the octets of a packet are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Its own datagram.
    Original,
    /// A copy in a later one.
    Copy,
    /// Parity; zeros may follow it.
    Parity,
    /// There is none of this number: the far end counts from FFFF to 0001.
    Skipped,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    number: i64,
    pub(super) source: Source,
    pub(super) arrived: Time,
    length: u8,
    octets: [u8; MAX_IFP],
}

impl Slot {
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }

    /// The same packet?
    pub(super) fn is(&self, octets: &[u8]) -> bool {
        match self.source {
            Source::Original | Source::Copy => self.octets() == octets,
            Source::Parity => self.octets().starts_with(octets),
            Source::Skipped => false,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Window {
    slots: Box<[Slot]>,
}

impl Window {
    pub(super) fn new() -> Window {
        let empty = Slot {
            number: i64::MIN,
            source: Source::Skipped,
            arrived: Time::ZERO,
            length: 0,
            octets: [0; MAX_IFP],
        };
        Window {
            slots: vec![empty; PLACES as usize].into_boxed_slice(),
        }
    }

    fn place(number: i64) -> usize {
        number.rem_euclid(PLACES) as usize
    }

    pub(super) fn get(&self, number: i64) -> Option<&Slot> {
        let slot = &self.slots[Self::place(number)];
        (slot.number == number).then_some(slot)
    }

    pub(super) fn has(&self, number: i64) -> bool {
        self.get(number).is_some()
    }

    /// Takes a packet; `octets` is no longer than [`MAX_IFP`].
    pub(super) fn put(&mut self, number: i64, source: Source, arrived: Time, octets: &[u8]) {
        let slot = &mut self.slots[Self::place(number)];
        slot.number = number;
        slot.source = source;
        slot.arrived = arrived;
        slot.length = octets.len() as u8;
        slot.octets[..octets.len()].copy_from_slice(octets);
    }

    /// The packet's own datagram has come after all; when it was there already stays.
    pub(super) fn promote(&mut self, number: i64, octets: &[u8]) {
        if let Some(arrived) = self.get(number).map(|slot| slot.arrived) {
            self.put(number, Source::Original, arrived, octets);
        }
    }
}
