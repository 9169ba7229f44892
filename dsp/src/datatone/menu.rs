//! The call menu of V.8 (CI, CM): 300 bit/s on channel 1 of V.21, 980 and 1180 Hz.
//!
//! Around 1080 Hz the phase turns by 36° each millisecond, one way or the other; with a calling tone (1100 Hz) by 7°.

use super::steady::{BLOCK, Phasor};

/// Least share of a block's energy within some 400 Hz around 1080 Hz.
const SHARE: f32 = 0.7;
/// Sine of the turn, between.
const TURN: (f32, f32) = (0.34, 0.8);
/// Of the nine turns of a block, this number at least.
const TURNS: usize = 6;
/// Blocks in a row that are a menu, and blocks without it that are its end.
const SURE: u32 = 6;
const OVER: u32 = 6;

/// Hears it in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Menu {
    blocks: u32,
    gaps: u32,
}

impl Menu {
    pub(crate) fn reset(&mut self) {
        *self = Menu::default();
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.blocks == 0
    }

    /// Is it there?
    pub(crate) fn sounds(&self) -> bool {
        self.blocks >= SURE
    }

    /// Takes the ten milliseconds of a block of this energy.
    #[inline(always)]
    pub(crate) fn take(&mut self, parts: &[Phasor; BLOCK / 8], energy: f32) {
        let inside: f32 = parts.iter().map(|x| x.power()).sum();
        let turns = parts.windows(2).filter(|pair| {
            let [a, b] = pair else { return false };
            let turn = (b.im * a.re - b.re * a.im).abs();
            let ahead = b.re * a.re + b.im * a.im > 0.0;
            let size = (a.power() * b.power()).sqrt();
            ahead && turn > TURN.0 * size && turn < TURN.1 * size
        });
        // |X|² of a sine over 8 samples is 4 times its energy.
        if inside >= SHARE * 4.0 * energy && turns.count() >= TURNS {
            self.blocks = self.blocks.saturating_add(1);
            self.gaps = 0;
        } else {
            self.without();
        }
    }

    /// A block without.
    pub(crate) fn without(&mut self) {
        self.gaps += 1;
        if self.blocks < SURE || self.gaps >= OVER {
            self.reset();
        }
    }
}
