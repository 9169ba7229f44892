//! Hears the answer tone of modems: 2100 Hz with phase reversals, on which echo cancellers step aside (G.168 clause on
//! the tone disabler, V.25).
//!
//! One direction each. A block of 80 samples holds 21 periods, so a steady tone has the same phase in every block, or
//! turns by the same small angle when it is off by some Hz.

use std::f32::consts::{PI, TAU};

const BLOCK: usize = 80;
/// Least share of the block's power at 2100 Hz; amplitude modulation (ANSam) takes little of it.
const SHARE: f32 = 0.75;
/// Least mean square, -38 dBm0.
const LEAST: f32 = 41_300.0;
/// A steady tone of so many blocks, then a reversal, is the answer of a modem. They come every 450 ms.
const STEADY: u32 = 30;
/// The tone must go on so many blocks after the reversal.
const AFTER: u32 = 4;
/// A jump of the phase of at least so much is a reversal (V.25: 180 ± 10°; G.168 wants less than 110° ignored).
const REVERSAL: f32 = 125.0 / 180.0 * PI;
/// A smaller one up to here is the same tone.
const SAME: f32 = 40.0 / 180.0 * PI;

#[derive(Clone, Debug)]
pub(super) struct AnswerTone {
    cos: [f32; BLOCK],
    sin: [f32; BLOCK],
    /// Blocks of steady tone.
    steady: u32,
    /// Blocks since the last one with the tone.
    gap: u32,
    phase: f32,
    /// Turn of the phase with each block.
    turn: f32,
    /// Blocks of tone since a reversal, after a steady tone.
    reversed: Option<u32>,
}

impl AnswerTone {
    pub(super) fn new() -> AnswerTone {
        let angle = |i: usize| TAU * 21.0 * i as f32 / BLOCK as f32;
        AnswerTone {
            cos: std::array::from_fn(|i| angle(i).cos()),
            sin: std::array::from_fn(|i| angle(i).sin()),
            steady: 0,
            gap: 0,
            phase: 0.0,
            turn: 0.0,
            reversed: None,
        }
    }

    pub(super) fn reset(&mut self) {
        (self.steady, self.gap, self.reversed) = (0, 0, None);
    }

    /// Takes 80 samples with their energy. True when the answer tone of a modem was recognised.
    #[inline(always)]
    pub(super) fn take(&mut self, samples: &[f32], energy: f32) -> bool {
        if energy < LEAST * BLOCK as f32 {
            self.reset();
            return false;
        }
        let (mut re, mut im) = ([0f32; 8], [0f32; 8]);
        let tables = self.cos.as_chunks().0.iter().zip(self.sin.as_chunks().0);
        for (x, (cos, sin)) in samples.as_chunks::<8>().0.iter().zip(tables) {
            let (cos, sin): (&[f32; 8], &[f32; 8]) = (cos, sin);
            for l in 0..8 {
                re[l] += x[l] * cos[l];
                im[l] -= x[l] * sin[l];
            }
        }
        let (re, im): (f32, f32) = (re.iter().sum(), im.iter().sum());
        // |X|² of a sine is 40 times its energy.
        if re * re + im * im < SHARE * 0.5 * BLOCK as f32 * energy {
            self.gap += 1;
            if self.gap > 2 {
                self.reset();
            }
            return false;
        }
        self.with_tone(im.atan2(re))
    }

    fn with_tone(&mut self, phase: f32) -> bool {
        let blocks = self.gap + 1;
        self.gap = 0;
        let moved = wrapped(phase - self.phase);
        let off = wrapped(moved - blocks as f32 * self.turn).abs();
        self.phase = phase;
        match self.steady {
            0 => self.steady = 1,
            1 => {
                // ± 30 Hz at most, or it is another tone.
                self.turn = wrapped(moved).clamp(-1.9, 1.9);
                self.steady = 2;
            }
            _ if off < SAME => {
                if blocks == 1 {
                    self.turn += 0.2 * wrapped(moved - self.turn);
                }
                self.steady += 1;
                if let Some(since) = &mut self.reversed {
                    *since += 1;
                    return *since == AFTER;
                }
            }
            steady if off > REVERSAL => {
                self.reversed = (steady >= STEADY).then_some(0);
                self.steady = 2;
            }
            _ => {
                self.reversed = None;
                self.steady = 1;
            }
        }
        false
    }
}

/// The same angle between -π and π.
fn wrapped(angle: f32) -> f32 {
    angle - TAU * (angle / TAU).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds until the tone disables, if it does.
    fn heard(hz: f64, turn_degrees: f64, every_ms: usize, am: f64, dbm0: f64) -> Option<f64> {
        let mut tone = AnswerTone::new();
        let peak = crate::level::sine_peak(dbm0);
        let signal: Vec<f32> = (0..24_000)
            .map(|i| {
                let t = f64::from(i) / 8000.0;
                let turns = if every_ms == 0 {
                    0
                } else {
                    i as usize / (8 * every_ms)
                };
                let phase = hz * t + turns as f64 * turn_degrees / 360.0;
                let level = 1.0 + am * (std::f64::consts::TAU * 15.0 * t).sin();
                (peak * level * (std::f64::consts::TAU * phase).sin()).round() as f32
            })
            .collect();
        signal
            .chunks(BLOCK)
            .position(|b| tone.take(b, b.iter().map(|x| x * x).sum()))
            .map(|block| (block + 1) as f64 / 100.0)
    }

    #[test]
    fn reversals_are_heard_soon_after_the_first() {
        for hz in [2079.0, 2090.0, 2100.0, 2110.0, 2121.0] {
            for turn in [155.0, 180.0, 205.0] {
                for every in [425, 450, 475] {
                    for am in [0.0, 0.2] {
                        for dbm0 in [-30.0, -12.0] {
                            let after = heard(hz, turn, every, am, dbm0);
                            assert!(
                                after.is_some_and(|s| s < 0.56),
                                "{hz} {turn} {every} {am} {dbm0}: {after:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn plain_answer_tone_small_jumps_and_other_tones_are_not() {
        assert_eq!(heard(2100.0, 0.0, 0, 0.0, -12.0), None);
        assert_eq!(heard(2100.0, 0.0, 0, 0.2, -12.0), None);
        assert_eq!(heard(2100.0, 100.0, 450, 0.0, -12.0), None);
        assert_eq!(heard(2225.0, 180.0, 450, 0.0, -12.0), None);
        assert_eq!(heard(1850.0, 180.0, 450, 0.0, -12.0), None);
        assert_eq!(heard(2100.0, 180.0, 450, 0.0, -45.0), None);
    }
}
