//! The preamble with which a fax begins to signal: HDLC flags at 300 bit/s on channel 2 of V.21 (T.30).
//!
//! A flag is six marks (1650 Hz, 20 ms) between spaces (1850 Hz), two of which meet: 20 ms and 6.7 ms in turn. The sign
//! of the turn around 1750 Hz from one millisecond to the next shows which.

use super::steady::{BLOCK, Phasor};

/// Least share of a block's energy within some 400 Hz around 1750 Hz.
const SHARE: f32 = 0.6;
/// Lengths of spaces, of marks, and of both together, ms.
const SPACE: (u32, u32) = (4, 9);
const MARK: (u32, u32) = (16, 23);
const FLAG: (u32, u32) = (24, 29);
/// Number of flags in a row, and how long they last together, ms.
const FLAGS: u32 = 5;
const TOGETHER: (u32, u32) = (129, 137);
/// Blocks without the carrier after which the next preamble is reported again: a fax pauses for 75 ± 20 ms at least.
const OVER: u32 = 4;

/// Hears the flags of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// The last sum of the block before.
    last: Phasor,
    mark: bool,
    /// Milliseconds in the present state, and in the one before.
    run: u32,
    before: u32,
    flags: u32,
    together: u32,
    /// Milliseconds of carrier.
    carrier: u32,
    gaps: u32,
    reported: bool,
}

impl Flags {
    pub(crate) fn reset(&mut self) {
        *self = Flags::default();
    }

    /// Nothing is remembered.
    pub(crate) fn is_idle(&self) -> bool {
        self.carrier == 0
    }

    /// Takes the ten milliseconds of a block. Returns, once for each preamble, how many ms ago its carrier came.
    #[inline(always)]
    pub(crate) fn take(&mut self, parts: &[Phasor; BLOCK / 8], energy: f32) -> Option<u32> {
        let inside: f32 = parts.iter().map(|x| x.power()).sum();
        // |X|² of a sine over 8 samples is 4 times its energy.
        if inside < SHARE * 4.0 * energy {
            self.without();
            return None;
        }
        self.gaps = 0;
        // A block has 17 periods of 1750 Hz and a half.
        (self.last.re, self.last.im) = (-self.last.re, -self.last.im);
        let mut news = None;
        for x in parts {
            let last = std::mem::replace(&mut self.last, *x);
            let turn = x.im * last.re - x.re * last.im;
            self.carrier += 1;
            let flags = self.bit(turn < 0.0);
            if let Some(together) = flags.filter(|_| !self.reported) {
                self.reported = true;
                // What was before the last part of a flag was another tone.
                news = Some(self.carrier.min(together + FLAG.1));
            }
        }
        news
    }

    /// A block without the carrier, or a quiet one.
    pub(crate) fn without(&mut self) {
        if self.carrier == 0 {
            return;
        }
        self.gaps += 1;
        if self.gaps >= OVER {
            self.reset();
        } else {
            (self.flags, self.together, self.run) = (0, 0, 0);
        }
    }

    /// A millisecond; when there were flags enough, how long they were together.
    fn bit(&mut self, mark: bool) -> Option<u32> {
        if mark == self.mark {
            self.run += 1;
            return None;
        }
        let within = |n: u32, range: (u32, u32)| n >= range.0 && n <= range.1;
        let run = std::mem::replace(&mut self.run, 1);
        let before = std::mem::replace(&mut self.before, run);
        self.mark = mark;
        // A space has ended: with the mark before it, that is a flag.
        if !mark {
            return None;
        }
        if within(run, SPACE) && within(before, MARK) && within(run + before, FLAG) {
            self.flags += 1;
            self.together += run + before;
        } else {
            (self.flags, self.together) = (0, 0);
        }
        if self.flags < FLAGS {
            return None;
        }
        let together = std::mem::take(&mut self.together);
        self.flags = 0;
        within(together, TOGETHER).then_some(together)
    }
}
