//! Takes digits out of the uplink when they go out of band, so that the far end does not hear them twice.
//!
//! A digit is recognised some 30 ms after its onset, long enough for another receiver to have recognised it too
//! (23 ms must not be enough, 40 ms must be: ITU-T Q.24). So what may be the beginning of a digit is muted at once, and
//! let through again when it was none.

use super::Keys;

/// How long a suspicion holds without a digit, samples (80 ms).
const SUSPECT: u32 = 640;
/// Fade, samples (2 ms): cut off hard, even what is muted in time would click.
const FADE: usize = 16;

enum State {
    Open,
    Suspect { left: u32 },
    Digit,
}

/// Decides for each chunk whether the far end may hear it.
pub(crate) struct DigitMute {
    state: State,
    muted: bool,
    false_mutes: u64,
}

impl DigitMute {
    pub(crate) fn new() -> DigitMute {
        DigitMute {
            state: State::Open,
            muted: false,
            false_mutes: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.state = State::Open;
        self.muted = false;
    }

    pub(crate) fn false_mutes(&self) -> u64 {
        self.false_mutes
    }

    /// Mutes a chunk that the receiver has just heard, if it must not be heard; with a fade where that changes.
    pub(crate) fn apply(&mut self, chunk: &mut [i16], keys: &Keys) {
        // At most 80.
        let mute = self.judge(chunk.len() as u32, keys);
        let fade = chunk.len().min(FADE);
        let ramp = |i: usize| (i as i32 + 1) * (1 << 15) / (fade as i32 + 1);
        match (self.muted, mute) {
            (false, false) => {}
            (true, true) => chunk.fill(0),
            (false, true) => {
                for (i, sample) in chunk[..fade].iter_mut().rev().enumerate() {
                    *sample = ((i32::from(*sample) * ramp(i)) >> 15) as i16;
                }
                chunk[fade..].fill(0);
            }
            (true, false) => {
                for (i, sample) in chunk[..fade].iter_mut().enumerate() {
                    *sample = ((i32::from(*sample) * ramp(i)) >> 15) as i16;
                }
            }
        }
        self.muted = mute;
    }

    fn judge(&mut self, passed: u32, keys: &Keys) -> bool {
        if keys.on() {
            self.state = State::Digit;
            return true;
        }
        if let State::Suspect { left } = &mut self.state {
            *left = left.saturating_sub(passed);
            if *left > 0 && keys.still_suspected() {
                return true;
            }
            self.false_mutes = self.false_mutes.saturating_add(1);
            self.state = State::Open;
            return false;
        }
        let suspect = keys.suspected();
        self.state = if suspect {
            State::Suspect { left: SUSPECT }
        } else {
            State::Open
        };
        suspect
    }
}
