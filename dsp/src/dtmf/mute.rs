//! Takes digits out of the uplink when they go out of band, so that the far end does not hear them twice.
//!
//! A digit is recognised some 35 ms after its onset, long enough for another receiver to have recognised it too
//! (23 ms must not be enough, 40 ms must be: ITU-T Q.24). So a chunk of 10 ms that looks like a digit is muted at
//! once, itself included, and let through again when the receiver does not agree.

use crate::goertzel::{Goertzels, tone_share};

/// Samples looked at: 10 ms, 100 Hz wide.
const WINDOW: usize = 80;
/// How long a suspicion holds without a digit, samples (60 ms).
const SUSPECT: u32 = 480;
/// How long a disproved suspicion keeps others away, samples (100 ms).
const REFRACTORY: u32 = 800;
/// Share of the window's energy that two tones of a digit must have.
const SHARE: f32 = 0.80;
/// Power ratio of the two tones at most (9 dB, a little more than the receiver takes).
const TWIST: f32 = 8.0;
/// Mean square below which nothing is a digit (-42 dBm0).
const QUIET: f32 = 16_000.0;

enum State {
    Open,
    Suspect { left: u32 },
    Digit,
    Refractory { left: u32 },
}

/// Decides for each chunk whether the far end may hear it.
pub(crate) struct DigitMute {
    state: State,
    window: [i16; WINDOW],
    keys: Goertzels<8>,
    false_mutes: u64,
}

impl DigitMute {
    pub(crate) fn new() -> DigitMute {
        DigitMute {
            state: State::Open,
            window: [0; WINDOW],
            keys: Goertzels::new([697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0]),
            false_mutes: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.state = State::Open;
        self.window.fill(0);
    }

    pub(crate) fn false_mutes(&self) -> u64 {
        self.false_mutes
    }

    /// True when this chunk must not be heard. `digit`: the receiver has one on; `maybe`: it suspects one.
    pub(crate) fn judge(&mut self, chunk: &[i16], digit: bool, maybe: bool) -> bool {
        let n = chunk.len().min(WINDOW);
        self.window.copy_within(n.., 0);
        self.window[WINDOW - n..].copy_from_slice(&chunk[chunk.len() - n..]);
        // At most WINDOW.
        let passed = n as u32;
        if digit {
            self.state = State::Digit;
            return true;
        }
        match &mut self.state {
            State::Refractory { left } if *left > passed => {
                *left -= passed;
                false
            }
            State::Refractory { .. } | State::Open | State::Digit => {
                let suspect = self.looks_like_a_digit();
                self.state = if suspect {
                    State::Suspect { left: SUSPECT }
                } else {
                    State::Open
                };
                suspect
            }
            State::Suspect { left } => {
                *left = left.saturating_sub(passed);
                let over = *left == 0;
                if !over && (maybe || self.looks_like_a_digit()) {
                    return true;
                }
                self.false_mutes = self.false_mutes.saturating_add(1);
                self.state = State::Refractory { left: REFRACTORY };
                false
            }
        }
    }

    fn looks_like_a_digit(&self) -> bool {
        let energy = crate::level::energy(&self.window);
        if energy < QUIET * WINDOW as f32 {
            return false;
        }
        let power = self.keys.powers(&self.window);
        let loudest = |half: &[f32]| half.iter().copied().fold(0f32, f32::max);
        let (low, high) = (loudest(&power[..4]), loudest(&power[4..]));
        low < high * TWIST && high < low * TWIST && tone_share(low + high, energy, WINDOW) > SHARE
    }
}
