//! The place of the echo canceller, and the reference it needs.
//!
//! Owns the delay between what was written to the card and when the line hears it. The canceller itself is
//! whatever implements [`EchoCanceller`]; [`Bypass`] is the one that does nothing.

use tipring_types::{EchoState, TenthDb};

/// Takes the echo of `reference` out of `near`.
///
/// Called by the line thread once per chunk of 1 to 80 samples (always 80 when the card's block is a multiple of
/// 80): it must not allocate, lock or block.
pub trait EchoCanceller: Send {
    /// `near` comes from the line; `reference` is as long and holds what the line heard at the same time.
    fn process(&mut self, near: &mut [i16], reference: &[i16]);

    /// A new call begins: the line may have changed.
    fn reset(&mut self) {}

    /// Steps aside (a modem has asked for it), or takes up its work again.
    fn set_disabled(&mut self, _disabled: bool) {}

    /// A fax or a modem is on the line (or not any more): while it is, and no longer than until the next call, nothing is
    /// put in the place of what comes from it.
    fn pass_data(&mut self, _on: bool) {}

    /// Its figures.
    fn meters(&self) -> EchoMeters {
        EchoMeters::default()
    }
}

/// Figures of a canceller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EchoMeters {
    /// What it is doing.
    pub state: EchoState,
    /// Loss of the echo path, tenths of a dB, when the far end has been heard.
    pub erl: Option<TenthDb>,
    /// What the linear part takes away beyond that (echo return loss enhancement), tenths of a dB.
    pub erle: Option<TenthDb>,
    /// Times the echo path changed suddenly.
    pub path_changes: u64,
    /// Times it had diverged and began again.
    pub restarts: u64,
}

/// No echo canceller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bypass;

impl EchoCanceller for Bypass {
    fn process(&mut self, _near: &mut [i16], _reference: &[i16]) {}
}

/// Longest delay the reference can have, samples (half a second).
pub const MAX_ECHO_DELAY: u16 = 4000;

/// Power of two above [`MAX_ECHO_DELAY`].
const RING: usize = 4096;

/// Everything written lately, to be read back late.
pub(crate) struct ReferenceLine {
    ring: Box<[i16; RING]>,
    /// Where the next written sample goes; wraps with the ring.
    head: usize,
    delay: usize,
    /// Samples of silence since the last sound; with the ring full of it, nothing has to be written.
    silence: usize,
}

impl ReferenceLine {
    pub(crate) fn new(delay: u16) -> ReferenceLine {
        let mut line = ReferenceLine {
            ring: Box::new([0; RING]),
            head: 0,
            delay: 0,
            silence: RING,
        };
        line.set_delay(delay);
        line
    }

    pub(crate) fn set_delay(&mut self, samples: u16) {
        self.delay = usize::from(samples.min(MAX_ECHO_DELAY));
    }

    #[cfg(test)]
    fn delay(&self) -> usize {
        self.delay
    }

    pub(crate) fn write(&mut self, samples: &[i16]) {
        self.silence = 0;
        for part in samples.chunks(RING) {
            let at = self.head % RING;
            let (now, around) = part.split_at(part.len().min(RING - at));
            self.ring[at..at + now.len()].copy_from_slice(now);
            self.ring[..around.len()].copy_from_slice(around);
            self.head = (at + part.len()) % RING;
        }
    }

    pub(crate) fn write_silence(&mut self, n: usize) {
        if self.silence >= RING {
            return;
        }
        self.silence += n;
        let (at, n) = (self.head % RING, n.min(RING));
        let now = n.min(RING - at);
        self.ring[at..at + now].fill(0);
        self.ring[..n - now].fill(0);
        self.head = (at + n) % RING;
    }

    /// The samples of the ring from `start` on.
    fn copy(&self, start: usize, out: &mut [i16]) {
        let at = start % RING;
        let (now, around) = out.split_at_mut(out.len().min(RING - at));
        now.copy_from_slice(&self.ring[at..at + now.len()]);
        around.copy_from_slice(&self.ring[..around.len()]);
    }

    /// Fills `out` with what was written `delay` samples before now, beginning `offset` samples later. What is
    /// not written yet is silence.
    pub(crate) fn read(&self, offset: usize, out: &mut [i16]) {
        let there = self.delay.saturating_sub(offset).min(out.len());
        let (written, beyond) = out.split_at_mut(there);
        self.copy(self.head + RING - self.delay + offset, written);
        beyond.fill(0);
    }

    /// Fills `out` with the samples that end where [`ReferenceLine::read`] at `offset` would begin, or with the
    /// last ones written if that is later.
    pub(crate) fn read_back(&self, offset: usize, out: &mut [i16]) {
        let ago = self.delay.saturating_sub(offset) + out.len();
        if ago > RING {
            out.fill(0);
            return;
        }
        self.copy(self.head + RING - ago, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(from: i16, n: i16) -> Vec<i16> {
        (from..from + n).collect()
    }

    #[test]
    fn the_reference_is_what_was_written_so_many_samples_ago() {
        let mut line = ReferenceLine::new(160);
        let mut out = [9i16; 80];
        // A prefill of two blocks, then one written for each read: the block read in tick n is n blocks old.
        line.write(&ramp(1, 160));
        for tick in 0..100i16 {
            line.read(0, &mut out);
            assert_eq!(out.to_vec(), ramp(1 + 80 * tick, 80));
            line.write(&ramp(161 + 80 * tick, 80));
        }
    }

    #[test]
    fn what_is_not_written_yet_is_silence() {
        let mut line = ReferenceLine::new(3);
        line.write(&[1, 2, 3]);
        let mut out = [9i16; 5];
        line.read(0, &mut out);
        assert_eq!(out, [1, 2, 3, 0, 0]);
        line.read(2, &mut out);
        assert_eq!(out, [3, 0, 0, 0, 0]);
        let mut back = [9i16; 2];
        line.read_back(1, &mut back);
        assert_eq!(back, [0, 1]);
        line.read_back(5, &mut back);
        assert_eq!(back, [2, 3]);
        line.set_delay(0);
        line.read(0, &mut out);
        assert_eq!(out, [0; 5]);
    }

    #[test]
    fn silence_that_is_not_written_is_silence_all_the_same() {
        let mut line = ReferenceLine::new(160);
        for start in (0..8000).step_by(100) {
            line.write(&ramp(start, 100));
        }
        let mut out = [9i16; 80];
        for n in 0..200 {
            line.write_silence(80);
            line.read(0, &mut out);
            let wanted = if n == 0 { ramp(7920, 80) } else { vec![0; 80] };
            assert_eq!(out.to_vec(), wanted, "{n}");
        }
        line.write(&ramp(1, 160));
        line.read(80, &mut out);
        assert_eq!(out.to_vec(), ramp(81, 80));
        line.read_back(0, &mut out);
        assert_eq!(out, [0; 80]);
    }

    #[test]
    fn a_delay_beyond_the_memory_is_limited() {
        let mut line = ReferenceLine::new(u16::MAX);
        assert_eq!(line.delay(), usize::from(MAX_ECHO_DELAY));
        for start in (0..8000).step_by(100) {
            line.write(&ramp(start, 100));
        }
        let mut out = [0i16; 4];
        line.read(0, &mut out);
        assert_eq!(out, [4000, 4001, 4002, 4003]);
    }
}
