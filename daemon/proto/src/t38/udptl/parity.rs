//! Parity: a packet is won back from an entry and the other packets that it covers.
//!
//! The last few datagrams with parity are kept, for a packet that comes late, or is won back itself, may be what another
//! entry needs.

use super::packet::Octets;
use super::window::{Source, Window};
use crate::t38::ifp::MAX_IFP;

/// Datagrams whose parity is kept.
const KEPT: usize = 8;
/// Octets of one datagram's parity that are kept; what is longer is left alone.
const OCTETS: usize = 1024;
/// Packets that the entries of one datagram may cover.
const COVERED: i64 = 64;

#[derive(Clone, Copy, Debug)]
struct Record {
    /// Of the datagram.
    number: i64,
    span: i64,
    entries: i64,
    length: usize,
    octets: [u8; OCTETS],
}

#[derive(Clone, Debug)]
pub(super) struct Parity {
    records: Box<[Record]>,
    next: usize,
    count: usize,
}

/// A packet that was won back; zeros may follow it.
pub(super) struct Found {
    pub(super) number: i64,
    pub(super) length: usize,
    pub(super) octets: [u8; MAX_IFP],
}

impl Parity {
    pub(super) fn new() -> Parity {
        let none = Record {
            number: 0,
            span: 0,
            entries: 0,
            length: 0,
            octets: [0; OCTETS],
        };
        Parity {
            records: vec![none; KEPT].into_boxed_slice(),
            next: 0,
            count: 0,
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Keeps what a datagram brought.
    pub(super) fn keep(&mut self, number: i64, span: u16, entries: Octets<'_>) {
        let octets = entries.as_slice();
        let (span, count) = (i64::from(span), entries.count() as i64);
        let fits = octets.len() <= OCTETS && span * count <= COVERED;
        if !fits || span == 0 || count == 0 {
            return;
        }
        let record = &mut self.records[self.next];
        record.number = number;
        record.span = span;
        record.entries = count;
        record.length = octets.len();
        record.octets[..octets.len()].copy_from_slice(octets);
        self.next = (self.next + 1) % KEPT;
        self.count = (self.count + 1).min(KEPT);
    }

    /// A packet from `from` on that can be won back now.
    pub(super) fn find(&self, window: &Window, from: i64) -> Option<Found> {
        let records = &self.records[..self.count];
        records.iter().find_map(|record| record.find(window, from))
    }
}

impl Record {
    fn find(&self, window: &Window, from: i64) -> Option<Found> {
        let entries = Octets::from_slice(self.entries as usize, &self.octets[..self.length]);
        (0..)
            .zip(entries.iter())
            .find_map(|(m, parity)| self.solve(window, from, m, parity))
    }

    fn solve(&self, window: &Window, from: i64, entry: i64, parity: &[u8]) -> Option<Found> {
        let first = self.number + entry - self.span * self.entries;
        let covered = (0..self.span).map(|k| first + k * self.entries);
        let mut missing = covered.clone().filter(|n| !window.has(*n));
        let number = missing.next()?;
        if missing.next().is_some() || number < from || parity.len() > MAX_IFP {
            return None;
        }
        let mut octets = [0; MAX_IFP];
        octets[..parity.len()].copy_from_slice(parity);
        for slot in covered.filter_map(|n| window.get(n)) {
            if slot.source == Source::Skipped {
                return None;
            }
            let both = octets.iter_mut().zip(slot.octets());
            both.for_each(|(a, b)| *a ^= b);
        }
        Some(Found {
            number,
            length: parity.len(),
            octets,
        })
    }
}
