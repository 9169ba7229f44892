//! The level of the machine on the line, and the gain that brings it to where the receivers work best.
//!
//! The library's receivers of V.17 train short only within a few dB of 21 dB above their cutoff; those of V.29 and
//! V.27ter want a strong signal. The level is measured over the carrier at 300 bit/s that brings the choice of the modem
//! (DCS), and the gain stays what it is then, for training check and pages alike.

use tipring_types::TenthDb;
use tipring_types::t38::Fast;

use crate::level::{Gain, mean_square_to_dbm0};

/// Where V.17 is brought, and its cutoff, dBm0.
const V17: (f64, f32) = (-24.5, -45.5);
/// The same of V.29 and V.27ter.
const OTHER: (f64, f32) = (-14.0, -40.0);
/// A level before anything was measured, dBm0.
const USUAL: f64 = -20.0;

/// Measures.
#[derive(Default)]
pub(super) struct Level {
    energy: f64,
    samples: u32,
    last: Option<f64>,
}

impl Level {
    /// A carrier begins.
    pub(super) fn begin(&mut self) {
        self.energy = 0.0;
        self.samples = 0;
    }

    pub(super) fn take(&mut self, samples: &[i16]) {
        let energy: i64 = samples.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
        self.energy += energy as f64;
        self.samples += samples.len() as u32;
        // The first tenth of a second says enough.
        if self.samples >= 800 {
            self.last = Some(mean_square_to_dbm0(self.energy / f64::from(self.samples)));
        }
    }

    /// What was measured last, dBm0.
    pub(super) fn dbm0(&self) -> Option<f64> {
        self.last
    }

    /// Gain and cutoff for a modem.
    pub(super) fn for_modem(&self, fast: Fast) -> (Gain, f32) {
        let (target, cutoff) = match fast {
            Fast::V17Short(_) | Fast::V17Long(_) => V17,
            _ => OTHER,
        };
        let gain = target - self.last.unwrap_or(USUAL);
        (Gain::new(TenthDb((gain * 10.0).round() as i16)), cutoff)
    }
}

/// Takes a constant away from samples.
#[derive(Default)]
pub(super) struct Blocker {
    /// 2^15 times the constant.
    held: i32,
}

impl Blocker {
    pub(super) fn apply(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let x = i32::from(*sample);
            self.held += x - (self.held >> 12);
            let y = x - (self.held >> 12);
            *sample = y.clamp(-32_768, 32_767) as i16;
        }
    }
}
