//! The calling tone of a fax (CNG): 1100 ± 38 Hz for half a second, again every 3.5 s (T.30).

use super::answer::LEAST;
use super::steady::{Follower, Phasor, Step, Wanted};

/// A tone that is 38 Hz off has six tenths of its energy at 1100 Hz.
const WANTED: Wanted = Wanted {
    share: 0.52,
    least: LEAST,
    turn: 2.7,
    same: 45.0 / 180.0 * std::f32::consts::PI,
};
/// A burst has at least 425 ms; reported after this number of blocks, when it cannot be speech.
const LONG: u32 = 35;

/// Hears CNG in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallingTone {
    tone: Follower,
    reported: bool,
}

impl CallingTone {
    pub(crate) fn reset(&mut self) {
        self.tone.reset();
        self.reported = false;
    }

    /// Nothing is remembered.
    pub(crate) fn is_idle(&self) -> bool {
        self.tone.blocks == 0
    }

    /// Takes a block. Returns, once for each burst, how many blocks ago it began.
    #[inline(always)]
    pub(crate) fn take(&mut self, x: Phasor, energy: f32) -> Option<u32> {
        match self.tone.take(&WANTED, x, energy) {
            Step::Absent | Step::Doubtful => {}
            Step::Steady => {
                if !self.reported && self.tone.steady >= LONG {
                    self.reported = true;
                    return Some(self.tone.blocks);
                }
            }
            // No fax.
            Step::Reversed(_) | Step::Over => self.reset(),
        }
        None
    }
}
