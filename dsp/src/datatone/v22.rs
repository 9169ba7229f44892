//! What an answering modem of V.22 or V.22bis sends after its answer tone: unscrambled ones, which are a tone at 2250 Hz (the
//! carrier at 2400 Hz, turned back a quarter with each of 600 symbols a second). Its guard tone at 1800 Hz is 6 dB quieter.

use super::answer::LEAST;
use super::steady::{Follower, Phasor, Step, Wanted};

/// The tone alone has all of the energy, beside its guard tone eight tenths.
const WANTED: Wanted = Wanted {
    share: 0.65,
    least: LEAST,
    // 12 Hz, of which a modem may have 7: 2225 Hz is the answer tone of another modem.
    turn: 12.0 * 0.01 * std::f32::consts::TAU,
    same: 30.0 / 180.0 * std::f32::consts::PI,
};
/// It lasts until the caller has answered, 0.6 s after its begin at the earliest.
const LONG: u32 = 25;
/// It begins 75 ms after the answer tone; blocks.
const WITHIN: u32 = 100;

/// Hears it in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct V22Tone {
    tone: Follower,
    /// A block has 22.5 periods: the phase is turned back in every second one.
    odd: bool,
    /// Blocks that it may still take to begin.
    may_begin: u32,
}

impl V22Tone {
    pub(crate) fn reset(&mut self) {
        *self = V22Tone::default();
    }

    /// The answer tone of this direction is over.
    pub(crate) fn answer_over(&mut self) {
        self.reset();
        self.may_begin = WITHIN;
    }

    /// Is there something to listen for?
    pub(crate) fn is_idle(&self) -> bool {
        self.may_begin == 0 && self.tone.blocks == 0
    }

    /// Takes a block. Returns, once for each answer tone, how many blocks ago it began.
    pub(crate) fn take(&mut self, x: Phasor, energy: f32) -> Option<u32> {
        self.may_begin = self.may_begin.saturating_sub(1);
        self.odd = !self.odd;
        let x = match self.odd {
            true => x,
            false => Phasor {
                re: -x.re,
                im: -x.im,
            },
        };
        match self.tone.take(&WANTED, x, energy) {
            Step::Steady if self.tone.steady >= LONG => {
                let blocks = self.tone.blocks;
                self.reset();
                return Some(blocks);
            }
            Step::Absent | Step::Doubtful | Step::Steady => {}
            Step::Reversed(_) | Step::Over => self.tone.reset(),
        }
        None
    }
}
