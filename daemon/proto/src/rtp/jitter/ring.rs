//! A ring of companded samples addressed by timestamp; each knows whether it came, and in which codec.
//!
//! Leaves to others: where the player stands. Allocates in [`Ring::new`] only.

use crate::types::Codec;

const MARK_MU: u8 = 1;
const MARK_A: u8 = 2;

/// The samples kept for one stream.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    bytes: Box<[u8]>,
    /// Per sample: 0 nothing, else the codec of the byte.
    marks: Box<[u8]>,
}

impl Ring {
    /// An empty ring with room for at least `samples`.
    pub(super) fn new(samples: u32) -> Ring {
        let room = samples.next_power_of_two() as usize;
        Ring {
            bytes: vec![0; room].into_boxed_slice(),
            marks: vec![0; room].into_boxed_slice(),
        }
    }

    /// Samples it has room for.
    pub(super) fn room(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.marks.fill(0);
    }

    /// Keeps a payload that fits; what was there is overwritten.
    pub(super) fn keep(&mut self, timestamp: u32, codec: Codec, payload: &[u8]) {
        let at = self.place(timestamp);
        let (head, tail) = payload.split_at(payload.len().min(self.room() - at));
        for (start, part) in [(at, head), (0, tail)] {
            let range = start..start + part.len();
            if let Some(room) = self.bytes.get_mut(range.clone()) {
                room.copy_from_slice(part);
            }
            if let Some(room) = self.marks.get_mut(range) {
                room.fill(mark(codec));
            }
        }
    }

    /// Keeps of a payload what is not there yet; the number of samples that were not.
    pub(super) fn fill(&mut self, timestamp: u32, codec: Codec, payload: &[u8]) -> usize {
        let at = self.place(timestamp);
        let (head, tail) = payload.split_at(payload.len().min(self.room() - at));
        let mut filled = 0;
        for (start, part) in [(at, head), (0, tail)] {
            let range = start..start + part.len();
            let (Some(bytes), Some(marks)) =
                (self.bytes.get_mut(range.clone()), self.marks.get_mut(range))
            else {
                continue;
            };
            for ((byte, there), new) in bytes.iter_mut().zip(marks).zip(part) {
                if *there == 0 {
                    *byte = *new;
                    *there = mark(codec);
                    filled += 1;
                }
            }
        }
        filled
    }

    /// Takes the block at `timestamp` out. Absent samples of a block of which a part came are filled up with their
    /// neighbours.
    pub(super) fn take(&mut self, timestamp: u32, out: &mut [u8]) -> Option<Codec> {
        let at = self.place(timestamp);
        let first = out.len().min(self.room() - at);
        let (head, tail) = out.split_at_mut(first);
        let mut whole = true;
        let mut codec = None;
        for (start, part) in [(at, head), (0, tail)] {
            let range = start..start + part.len();
            let (Some(bytes), Some(marks)) =
                (self.bytes.get(range.clone()), self.marks.get_mut(range))
            else {
                return None;
            };
            part.copy_from_slice(bytes);
            let wanted = codec.or_else(|| marks.iter().copied().find(|m| *m != 0));
            codec = wanted;
            if let Some(wanted) = wanted {
                whole &= marks.iter().all(|m| *m == wanted);
            } else {
                whole &= marks.is_empty();
            }
            if !whole {
                // Rare: packets that do not end on a block. Absent samples repeat the one before.
                let mut last = None;
                for (byte, m) in part.iter_mut().zip(marks.iter()) {
                    if *m != 0 && Some(*m) == wanted {
                        last = Some(*byte);
                    } else {
                        *byte = last.unwrap_or(if wanted == Some(MARK_A) { 0xD5 } else { 0xFF });
                    }
                }
            }
            marks.fill(0);
        }
        codec.map(unmark)
    }

    /// Forgets a block.
    pub(super) fn forget(&mut self, timestamp: u32, len: u32) {
        let (at, first) = (self.place(timestamp), self.first(timestamp, len));
        for range in [at..at + first, 0..len as usize - first] {
            if let Some(marks) = self.marks.get_mut(range) {
                marks.fill(0);
            }
        }
    }

    /// Is every sample of this block there?
    pub(super) fn is_whole(&self, timestamp: u32, len: u32) -> bool {
        self.parts(&self.marks, timestamp, len)
            .iter()
            .all(|part| part.iter().all(|m| *m != 0))
    }

    /// Is no sample of this block there?
    pub(super) fn is_absent(&self, timestamp: u32, len: u32) -> bool {
        self.parts(&self.marks, timestamp, len)
            .iter()
            .all(|part| part.iter().all(|m| *m == 0))
    }

    /// Is what is there of this block below about −45 dBm0 throughout?
    pub(super) fn is_quiet(&self, timestamp: u32, len: u32) -> bool {
        let loud = |(byte, mark): (&u8, &u8)| match *mark {
            MARK_MU => (!byte & 0x7F) > 0x1A,
            MARK_A => ((byte ^ 0x55) & 0x7F) > 0x14,
            _ => false,
        };
        let bytes = self.parts(&self.bytes, timestamp, len);
        let marks = self.parts(&self.marks, timestamp, len);
        let mut pairs = bytes.iter().zip(marks);
        !pairs.any(|(b, m)| b.iter().zip(m).any(loud))
    }

    fn place(&self, timestamp: u32) -> usize {
        timestamp as usize & (self.room() - 1)
    }

    /// How much of a block lies before the end of the ring.
    fn first(&self, timestamp: u32, len: u32) -> usize {
        (len as usize).min(self.room() - self.place(timestamp))
    }

    fn parts<'a>(&self, ring: &'a [u8], timestamp: u32, len: u32) -> [&'a [u8]; 2] {
        let (at, first) = (self.place(timestamp), self.first(timestamp, len));
        [
            ring.get(at..at + first).unwrap_or(&[]),
            ring.get(..len as usize - first).unwrap_or(&[]),
        ]
    }
}

fn mark(codec: Codec) -> u8 {
    match codec {
        Codec::G711Ulaw => MARK_MU,
        Codec::G711Alaw => MARK_A,
    }
}

fn unmark(mark: u8) -> Codec {
    if mark == MARK_A {
        Codec::G711Alaw
    } else {
        Codec::G711Ulaw
    }
}
