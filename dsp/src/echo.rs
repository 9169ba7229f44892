//! The place of the echo canceller, and the reference it needs.
//!
//! Owns the delay between what was written to the card and when the line hears it. The canceller itself is
//! whatever keeps [`EchoCanceller`]; [`Bypass`] is the one that does nothing.

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

    /// How it does.
    fn meters(&self) -> EchoMeters {
        EchoMeters::default()
    }
}

/// What a canceller is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EchoState {
    /// There is none.
    #[default]
    Off,
    /// It has not yet learned the path.
    Learning,
    /// It knows the path.
    Converged,
    /// It stands aside for a modem.
    Disabled,
}

/// Figures of a canceller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EchoMeters {
    /// What it is doing.
    pub state: EchoState,
    /// Loss of the echo path, tenths of a dB, when the far end has been heard.
    pub erl_db_tenths: Option<i16>,
    /// What the linear part takes away beyond that (echo return loss enhancement), tenths of a dB.
    pub erle_db_tenths: Option<i16>,
    /// Times the echo path was another all of a sudden.
    pub path_changes: u64,
    /// Times it had gone wrong and began anew.
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
}

impl ReferenceLine {
    pub(crate) fn new(delay: u16) -> ReferenceLine {
        let mut line = ReferenceLine {
            ring: Box::new([0; RING]),
            head: 0,
            delay: 0,
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
        for sample in samples {
            self.ring[self.head % RING] = *sample;
            self.head = (self.head + 1) % RING;
        }
    }

    pub(crate) fn write_silence(&mut self, n: usize) {
        for _ in 0..n.min(RING) {
            self.ring[self.head % RING] = 0;
            self.head = (self.head + 1) % RING;
        }
    }

    /// Fills `out` with what was written `delay` samples before now, beginning `offset` samples later. What is
    /// not written yet is silence.
    pub(crate) fn read(&self, offset: usize, out: &mut [i16]) {
        let start = self.head + RING - self.delay;
        for (i, sample) in out.iter_mut().enumerate() {
            let ahead = offset + i;
            *sample = if ahead < self.delay {
                self.ring[(start + ahead) % RING]
            } else {
                0
            };
        }
    }

    /// Fills `out` with the samples that end where [`ReferenceLine::read`] at `offset` would begin, or with the
    /// last ones written if that is later.
    pub(crate) fn read_back(&self, offset: usize, out: &mut [i16]) {
        let ago = self.delay.saturating_sub(offset) + out.len();
        if ago > RING {
            out.fill(0);
            return;
        }
        let start = self.head + RING - ago;
        for (i, sample) in out.iter_mut().enumerate() {
            *sample = self.ring[(start + i) % RING];
        }
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
