//! Level and frequency of what a simulated phone hears.
//!
//! Owns: a small spectrum, and exact frequencies by Goertzel filters. Not for the line thread: it is exact, not cheap.

mod spectrum;

use std::f32::consts::TAU;

use crate::level::{SILENCE_DBM0, level_dbm0, rms_to_dbm0};

const RATE: f32 = 8000.0;
/// Samples of the coarse spectrum; its bins are 31.25 Hz apart.
const COARSE: usize = spectrum::SIZE;
/// The lowest and highest bin looked at: 62 to 3875 Hz.
const BINS: std::ops::RangeInclusive<usize> = 2..=124;
/// Quieter than this nothing has a frequency.
const FLOOR_DBM0: f32 = -62.0;

/// What [`measure`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Level of everything, dBm0.
    pub dbm0: f32,
    /// The strongest frequency, Hz; `None` in silence.
    pub hz: Option<f32>,
    /// Level of that frequency alone, dBm0.
    pub hz_dbm0: f32,
}

/// Level, strongest frequency and its level.
pub fn measure(samples: &[i16]) -> Measured {
    let dbm0 = level_dbm0(samples);
    let none = Measured {
        dbm0,
        hz: None,
        hz_dbm0: SILENCE_DBM0,
    };
    if dbm0 < FLOOR_DBM0 || samples.len() < 80 {
        return none;
    }
    let tail = samples.len().saturating_sub(COARSE);
    let Some(peaks) = Peaks::of(samples.get(tail..).unwrap_or(samples)) else {
        return none;
    };
    let hz = refine(samples, peaks.first_hz);
    Measured {
        dbm0,
        hz: Some(hz),
        hz_dbm0: tone_dbm0(samples, hz),
    }
}

/// Level of a sine of this frequency in the samples, dBm0 (Hann window, so neighbours 40 Hz away in
/// 100 ms do not count).
pub fn tone_dbm0(samples: &[i16], hz: f32) -> f32 {
    let (power, gain) = dtft(samples, hz);
    if gain <= 0.0 {
        return SILENCE_DBM0;
    }
    // |X| = peak / 2 · Σw; RMS = peak / √2.
    rms_to_dbm0(2.0 * power.sqrt() / gain / std::f32::consts::SQRT_2)
}

/// The two strongest peaks of a spectrum and how much of the power they hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Peaks {
    pub(crate) first_hz: f32,
    pub(crate) second_hz: Option<f32>,
    /// 0 to 1.
    pub(crate) share: f32,
}

impl Peaks {
    pub(crate) fn of(samples: &[i16]) -> Option<Self> {
        let mut spectrum = [0f32; 126];
        let powers = spectrum::powers(samples);
        for bin in BINS {
            if let (Some(place), Some(power)) = (spectrum.get_mut(bin), powers.get(bin)) {
                *place = *power;
            }
        }
        let total: f32 = spectrum.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let (first, first_power) = take_peak(&mut spectrum)?;
        let second = take_peak(&mut spectrum).filter(|(_, power)| *power > 0.03 * first_power);
        Some(Self {
            first_hz: first,
            second_hz: second.map(|(hz, _)| hz),
            share: (first_power + second.map_or(0.0, |(_, power)| power)) / total,
        })
    }

    /// The frequencies of a tone or a pair of tones, if it is one.
    pub(crate) fn steady(&self) -> Option<(f32, Option<f32>)> {
        (self.share > 0.9).then_some((self.first_hz, self.second_hz))
    }
}

/// Removes the strongest peak (its Hann main lobe); gives its frequency and power.
fn take_peak(spectrum: &mut [f32; 126]) -> Option<(f32, f32)> {
    let (bin, &top) = spectrum
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))?;
    if top <= 0.0 {
        return None;
    }
    let at = |i: usize| spectrum.get(i).copied().unwrap_or(0.0).max(1e-9).ln();
    let (left, mid, right) = (at(bin.wrapping_sub(1)), at(bin), at(bin + 1));
    let bend = left - 2.0 * mid + right;
    let shift = if bend < 0.0 {
        (0.5 * (left - right) / bend).clamp(-0.5, 0.5)
    } else {
        0.0
    };
    let lobe = bin.saturating_sub(2)..(bin + 3).min(spectrum.len());
    let mut power = 0.0;
    for place in spectrum.get_mut(lobe).into_iter().flatten() {
        power += *place;
        *place = 0.0;
    }
    Some(((bin as f32 + shift) * RATE / COARSE as f32, power))
}

/// Climbs from a coarse guess to the top of the peak.
fn refine(samples: &[i16], guess: f32) -> f32 {
    let (mut low, mut high) = ((guess - 16.0).max(20.0), (guess + 16.0).min(3980.0));
    for _ in 0..18 {
        let third = (high - low) / 3.0;
        if dtft(samples, low + third).0 < dtft(samples, high - third).0 {
            low += third;
        } else {
            high -= third;
        }
    }
    0.5 * (low + high)
}

/// Power of the Hann-windowed transform at any frequency, and the sum of the window.
fn dtft(samples: &[i16], hz: f32) -> (f32, f32) {
    let n = samples.len() as f32;
    if samples.is_empty() {
        return (0.0, 0.0);
    }
    let coeff = 2.0 * f64::from(TAU * hz / RATE).cos();
    let (mut s1, mut s2) = (0f64, 0f64);
    // The window by its own recursion: cos((i + ½)·2π/n).
    let step = f64::from(TAU / n);
    let turn = 2.0 * step.cos();
    let (mut c0, mut c1) = ((0.5 * step).cos(), (-0.5 * step).cos());
    let mut gain = 0f64;
    for &sample in samples {
        let window = 0.5 - 0.5 * c0;
        gain += window;
        let s0 = f64::from(sample) * window + coeff * s1 - s2;
        (s2, s1) = (s1, s0);
        (c0, c1) = (turn * c0 - c1, c0);
    }
    let power = s1 * s1 + s2 * s2 - coeff * s1 * s2;
    (power.max(0.0) as f32, gain as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{dbm0_to_peak, to_i16};

    fn tones(parts: &[(f32, f32)], len: usize) -> Vec<i16> {
        (0..len)
            .map(|n| {
                to_i16(
                    parts
                        .iter()
                        .map(|&(hz, dbm0)| dbm0_to_peak(dbm0) * (TAU * hz * n as f32 / RATE).sin())
                        .sum(),
                )
            })
            .collect()
    }

    #[test]
    fn frequency_and_level_of_a_sine_are_found() {
        for (hz, dbm0) in [
            (350.0, -13.0),
            (440.0, -20.0),
            (1004.0, -10.0),
            (2713.0, -35.0),
        ] {
            let got = measure(&tones(&[(hz, dbm0)], 800));
            assert!((got.hz.unwrap() - hz).abs() < 1.0, "{hz}: {got:?}");
            assert!((got.dbm0 - dbm0).abs() < 0.2, "{dbm0}: {got:?}");
            assert!((got.hz_dbm0 - dbm0).abs() < 0.2, "{dbm0}: {got:?}");
        }
    }

    #[test]
    fn the_louder_of_two_tones_wins_with_its_own_level() {
        let got = measure(&tones(&[(350.0, -16.0), (440.0, -13.0)], 1600));
        assert!((got.hz.unwrap() - 440.0).abs() < 2.0, "{got:?}");
        assert!((got.hz_dbm0 - -13.0).abs() < 0.3, "{got:?}");
    }

    #[test]
    fn silence_has_no_frequency_and_noise_is_not_steady() {
        assert_eq!(measure(&[0; 800]).hz, None);
        assert_eq!(measure(&[]).dbm0, SILENCE_DBM0);
        let mut x = 1u32;
        let noise: Vec<i16> = (0..256)
            .map(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((x >> 16) as i16) / 8
            })
            .collect();
        assert_eq!(Peaks::of(&noise).unwrap().steady(), None);
        let dial = Peaks::of(&tones(&[(350.0, -13.0), (440.0, -13.0)], 256)).unwrap();
        assert!(dial.steady().is_some(), "{dial:?}");
    }
}
