//! What the line says besides voice: digits.
//!
//! Owns when the receiver of digits runs (a quiet line costs nothing). Leaves digits to [`crate::dtmf`], and the tones
//! of faxes and modems to [`crate::datatone`].

use crate::command::Events;
use crate::dtmf::DtmfConfig;
use crate::dtmf::Keys;

/// Mean square below which a chunk is quiet (-52 dBm0: 10 dB under the quietest digit).
const QUIET: f32 = 1_644.0;
/// How long the receiver goes on into quiet, samples (200 ms): digits have ended by then.
const HANG: u32 = 1_600;

/// The receivers of one line.
pub(crate) struct Detectors {
    pub(crate) keys: Keys,
    hang: u32,
}

impl Detectors {
    pub(crate) fn new(config: &DtmfConfig) -> Detectors {
        Detectors {
            keys: Keys::new(config),
            hang: 0,
        }
    }

    /// Forgets everything heard; a digit that is on ends.
    pub(crate) fn reset(&mut self, events: &mut Events) {
        self.hang = 0;
        self.keys.reset(events);
    }

    /// Listens to a chunk. `sent` fills its argument with what the line was just sent. False: too quiet to
    /// listen.
    pub(crate) fn take(
        &mut self,
        chunk: &[i16],
        energy: f32,
        events: &mut Events,
        sent: impl Fn(&mut [i16]),
    ) -> bool {
        // Chunks have at most 80 samples.
        let n = chunk.len() as u32;
        if energy > QUIET * n as f32 {
            self.hang = HANG;
        } else if self.hang == 0 && !self.keys.on() {
            return false;
        }
        self.hang = self.hang.saturating_sub(n);
        self.keys.take(chunk, events, sent);
        true
    }
}
