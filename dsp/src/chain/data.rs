//! What becomes of a chain when a fax or a modem is on the line.

use super::Chain;
use crate::command::ChainEvent;
use tipring_types::Side;

/// Mean square below which a side is silent (-45 dBm0).
const SILENCE: f32 = 8_240.0;

/// Data on the line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Data {
    /// It passes, and nothing else is done.
    pub(super) passes: bool,
    /// T.38 has the line.
    pub(super) relayed: bool,
    /// Silence of both sides that is reported, samples; 0: none.
    report_after: u32,
    /// Samples since each side was last not silent.
    silent: [u32; 2],
}

impl Chain {
    pub(super) fn pass_through(&mut self, on: bool, silence_ms: u32) {
        self.data.report_after = if on { silence_ms.saturating_mul(8) } else { 0 };
        self.data.silent = [0; 2];
        self.canceller.pass_data(on);
        if self.data.passes != on {
            self.data.passes = on;
            self.mute.reset();
        }
    }

    pub(super) fn relay(&mut self, on: bool) {
        if std::mem::replace(&mut self.data.relayed, on) == on {
            return;
        }
        // A key or a tone that sounds now is over when somebody listens again.
        self.detectors.reset(&mut self.events);
        self.data_tones.reset();
        self.mute.reset();
    }

    /// Looks after what the receivers have just heard.
    pub(super) fn act_on_data(&mut self) {
        if self.data_tones.fax() {
            // A G3 fax signals at 300 bit/s, and needs its echo cancelled whatever its answer tone asked for.
            self.canceller.set_disabled(false);
        }
    }

    /// Takes note of how loud a side is, in `n` samples of this energy.
    pub(super) fn note_silence(&mut self, side: Side, n: usize, energy: f32) {
        if self.data.report_after == 0 {
            return;
        }
        let silent = &mut self.data.silent[side as usize];
        // Chunks have at most 80 samples.
        *silent = if energy < SILENCE * n as f32 {
            silent.saturating_add(n as u32)
        } else {
            0
        };
        if self
            .data
            .silent
            .iter()
            .all(|s| *s >= self.data.report_after)
        {
            self.data.silent = [0; 2];
            self.events.push(ChainEvent::BothSilent);
        }
    }
}
