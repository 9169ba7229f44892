//! V.8 squelch: what two Super G3 faxes would agree on V.34 with does not get through, so that they go on as G3.
//!
//! V.34 wants a path without a lost packet or a slipping clock for minutes; V.17 with error correction bears one. So the
//! answer tone passes as a plain one (2100 Hz of the same level, neither modulated nor reversed, which calls for no
//! menu), and the menu of the caller (CI and CM: V.21 on channel 1, which G3 never uses) not at all, once a tone of a
//! fax was heard in the call. Both are done on what the receivers of the same direction have found.

use std::f32::consts::TAU;

use super::receivers::Receivers;
use super::steady::BLOCK;

/// The answer tone is taken for one after this number of steady blocks.
const SURE: u32 = 5;
/// It is over after this number of blocks without it.
const OVER: u32 = 2;
/// Turn of 2100 Hz with each sample.
const STEP: f32 = TAU * 2100.0 / 8000.0;

/// The tone that goes out in the place of the one that came.
#[derive(Clone, Copy, Debug)]
struct Clean {
    phase: f32,
    step: f32,
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Squelch {
    clean: Option<Clean>,
}

impl Squelch {
    pub(crate) fn reset(&mut self) {
        self.clean = None;
    }

    /// Changes a chunk that the receivers have just heard; `fax`: a tone of a fax was heard before.
    pub(crate) fn apply(&mut self, receivers: &Receivers, fax: bool, samples: &mut [i16]) {
        if fax && receivers.hears_menu() {
            samples.fill(0);
            self.clean = None;
            return;
        }
        let tone = receivers.answer();
        let (least, gaps) = match self.clean {
            Some(_) => (1, OVER),
            None => (SURE, 1),
        };
        if tone.steady < least || tone.gaps >= gaps {
            self.clean = None;
            return;
        }
        let clean = self.clean.get_or_insert_with(|| {
            let step = STEP + tone.turn / BLOCK as f32;
            // Where the chunk begins in the block that is being filled; after a whole one it is that one.
            let (start, phase) = match receivers.filled() {
                0 => (BLOCK.saturating_sub(samples.len()), tone.phase - tone.turn),
                filled => (filled.saturating_sub(samples.len()), tone.phase),
            };
            Clean {
                phase: phase + start as f32 * step,
                step,
            }
        });
        for sample in samples {
            *sample = (tone.level * clean.phase.cos()).round() as i16;
            clean.phase += clean.step;
            if clean.phase > TAU {
                clean.phase -= TAU;
            }
        }
    }
}
