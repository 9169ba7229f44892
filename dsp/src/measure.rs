//! Measurements on recorded samples, for tests and technicians. Not for the line thread: they take their time.
//!
//! Levels are dBm0 as in [`crate::level`]. Frequencies are good to 1 Hz and levels to 0.2 dB for 100 ms or more of
//! a tone that stands 20 dB above the rest.

use std::f64::consts::TAU;

use crate::level::mean_square_to_dbm0;

/// Samples used for the first, coarse search.
const COARSE: usize = 1024;
/// Samples looked at most (a second and a bit): more costs time and gains nothing.
const MOST: usize = 10_000;
/// Least share of the power that a tone must have to be called dominant: four equal tones still are.
const DOMINANT_SHARE: f64 = 0.15;

/// Rms level of everything, dBm0; -90 for silence or nothing.
pub fn level(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return mean_square_to_dbm0(0.0);
    }
    let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    mean_square_to_dbm0(sum / samples.len() as f64)
}

/// Level of one frequency, dBm0; -90 when it is not there. Neighbours more than 4 / duration away do not matter.
pub fn tone_level(samples: &[i16], hz: f64) -> f64 {
    mean_square_to_dbm0(tone_mean_square(samples, hz))
}

/// The strongest frequency between 50 and 3950 Hz and its level in dBm0. None for silence (below -70 dBm0), less
/// than 10 ms, or when no frequency stands out (noise, speech).
pub fn dominant_tone(samples: &[i16]) -> Option<(f64, f64)> {
    let samples = samples.get(..samples.len().min(MOST)).unwrap_or(samples);
    if samples.len() < 80 {
        return None;
    }
    let total = samples
        .iter()
        .map(|s| f64::from(*s) * f64::from(*s))
        .sum::<f64>()
        / samples.len() as f64;
    if mean_square_to_dbm0(total) < -70.0 {
        return None;
    }
    let (mut best, mut power) = (0.0, 0.0);
    // Half a bin apart in a short window, then ever finer around the best in ever longer ones.
    let mut look = |window: &[i16], from: f64, to: f64, step: f64| {
        power = 0.0;
        let mut hz = from.max(50.0);
        while hz <= to.min(3950.0) {
            let here = tone_mean_square(window, hz);
            if here > power {
                (best, power) = (hz, here);
            }
            hz += step;
        }
        best
    };
    let mut n = samples.len().min(COARSE);
    let mut step = 4000.0 / n as f64;
    let mut hz = look(&samples[..n], 50.0, 3950.0, step);
    loop {
        // The best lies within a step; half a bin of the longer window is looked at next.
        let before = step;
        n = (n * 4).min(samples.len());
        step = (before / 8.0).max(0.02);
        hz = look(&samples[..n], hz - before, hz + before, step);
        if n == samples.len() && step <= 0.05 {
            break;
        }
    }
    (power > DOMINANT_SHARE * total).then(|| (hz, mean_square_to_dbm0(power)))
}

/// Mean square of the sine at `hz`, by a Hann window: side lobes fall fast, so that other tones do not leak in.
fn tone_mean_square(samples: &[i16], hz: f64) -> f64 {
    let n = samples.len();
    if n == 0 {
        return 0.0;
    }
    // Two phasors turned step by step: one of the tone, one of the window.
    let (step_sin, step_cos) = (TAU * hz / 8000.0).sin_cos();
    let (window_sin, window_cos) = (TAU / n as f64).sin_cos();
    let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
    let (mut tone_re, mut tone_im) = (1.0, 0.0);
    let (mut hann_re, mut hann_im) = (1.0, 0.0);
    for sample in samples {
        let w = 0.5 - 0.5 * hann_re;
        let x = f64::from(*sample) * w;
        weight += w;
        re += x * tone_re;
        im += x * tone_im;
        (tone_re, tone_im) = (
            tone_re * step_cos - tone_im * step_sin,
            tone_re * step_sin + tone_im * step_cos,
        );
        (hann_re, hann_im) = (
            hann_re * window_cos - hann_im * window_sin,
            hann_re * window_sin + hann_im * window_cos,
        );
    }
    if weight <= 0.0 {
        return 0.0;
    }
    // The peak is twice the correlation over the weight; the mean square half the peak squared.
    2.0 * (re * re + im * im) / (weight * weight)
}

/// Goertzel's filter at one frequency, for a stream taken bit by bit.
#[derive(Clone, Debug)]
pub struct Goertzel {
    coefficient: f64,
    s1: f64,
    s2: f64,
    n: u64,
}

impl Goertzel {
    /// A filter at `hz` that has heard nothing.
    pub fn new(hz: f64) -> Goertzel {
        Goertzel {
            coefficient: 2.0 * (TAU * hz / 8000.0).cos(),
            s1: 0.0,
            s2: 0.0,
            n: 0,
        }
    }

    /// Takes more samples.
    pub fn take(&mut self, samples: &[i16]) {
        for sample in samples {
            let s0 = f64::from(*sample) + self.coefficient * self.s1 - self.s2;
            self.s2 = self.s1;
            self.s1 = s0;
        }
        self.n = self.n.saturating_add(samples.len() as u64);
    }

    /// Level at the frequency over all samples taken, dBm0; -90 when none were.
    pub fn level(&self) -> f64 {
        if self.n == 0 {
            return mean_square_to_dbm0(0.0);
        }
        let n = self.n as f64;
        let power = self.s1 * self.s1 + self.s2 * self.s2 - self.coefficient * self.s1 * self.s2;
        mean_square_to_dbm0(2.0 * power / (n * n))
    }

    /// Forgets the samples taken.
    pub fn reset(&mut self) {
        (self.s1, self.s2, self.n) = (0.0, 0.0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::sine_peak;

    fn sines(tones: &[(f64, f64)], n: usize) -> Vec<i16> {
        (0..n)
            .map(|i| {
                let sum: f64 = tones
                    .iter()
                    .map(|(hz, dbm0)| sine_peak(*dbm0) * (TAU * hz * i as f64 / 8000.0 + 0.3).sin())
                    .sum();
                sum.round() as i16
            })
            .collect()
    }

    #[test]
    fn a_tone_is_found_to_a_hertz_and_a_fifth_of_a_db() {
        for hz in [62.5, 350.3, 425.0, 1004.0, 1399.7, 2100.0, 3425.5] {
            for dbm0 in [2.0, -13.0, -40.0] {
                for n in [800, 801, 1600, 8000, 30_000] {
                    let (found, level) = dominant_tone(&sines(&[(hz, dbm0)], n)).unwrap();
                    assert!((found - hz).abs() < 1.0, "{hz} Hz, {n}: {found}");
                    assert!(
                        (level - dbm0).abs() < 0.2,
                        "{hz} Hz {dbm0} dBm0, {n}: {level}"
                    );
                }
            }
        }
    }

    #[test]
    fn tones_together_are_measured_apart() {
        let mixed = sines(&[(350.0, -13.0), (440.0, -16.0)], 1600);
        assert!((tone_level(&mixed, 350.0) + 13.0).abs() < 0.1);
        assert!((tone_level(&mixed, 440.0) + 16.0).abs() < 0.1);
        assert!(tone_level(&mixed, 620.0) < -70.0);
        let (hz, level) = dominant_tone(&mixed).unwrap();
        assert!((hz - 350.0).abs() < 1.0 && (level + 13.0).abs() < 0.2);
        assert!((super::level(&mixed) + 11.2).abs() < 0.1);
    }

    #[test]
    fn silence_noise_and_scraps_have_no_dominant_tone() {
        assert_eq!(dominant_tone(&[0; 8000]), None);
        assert_eq!(dominant_tone(&[]), None);
        assert_eq!(dominant_tone(&[1000; 79]), None);
        let mut seed = 1u32;
        let noise: Vec<i16> = (0..8000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 20) as i16 - 2048
            })
            .collect();
        assert_eq!(dominant_tone(&noise), None);
        assert_eq!(level(&[]), -90.0);
        assert_eq!(tone_level(&[], 1000.0), -90.0);
    }

    #[test]
    fn a_goertzel_filter_takes_a_tone_bit_by_bit() {
        let mut filter = Goertzel::new(1000.0);
        assert_eq!(filter.level(), -90.0);
        for chunk in sines(&[(1000.0, -10.0)], 1600).chunks(37) {
            filter.take(chunk);
        }
        assert!((filter.level() + 10.0).abs() < 0.05, "{}", filter.level());
        filter.reset();
        filter.take(&sines(&[(2000.0, -10.0)], 1600));
        assert!(filter.level() < -60.0);
    }
}
