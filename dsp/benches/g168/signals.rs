//! Test signals, the same with every run.

use std::f64::consts::TAU;

use tipring_dsp::level::sine_peak;

use super::models::{VOICED_C1, VOICED_C3};

/// Small seeded source of chance.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Gaussian, variance 1.
    pub(crate) fn gauss(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

pub(crate) fn rms(signal: &[f64]) -> f64 {
    (signal.iter().map(|x| x * x).sum::<f64>() / signal.len().max(1) as f64).sqrt()
}

fn rms_of(dbm0: f64) -> f64 {
    sine_peak(dbm0) / std::f64::consts::SQRT_2
}

/// Scales to this rms level.
pub(crate) fn at_level(mut signal: Vec<f64>, dbm0: f64) -> Vec<f64> {
    let scale = rms_of(dbm0) / rms(&signal).max(1e-9);
    for x in &mut signal {
        *x *= scale;
    }
    signal
}

pub(crate) fn white(samples: usize, dbm0: f64, seed: u64) -> Vec<f64> {
    let mut chance = Chance(seed);
    (0..samples)
        .map(|_| rms_of(dbm0) * chance.gauss())
        .collect()
}

/// Room noise: falls by about 5 dB an octave, as Hoth's does.
pub(crate) fn hoth(samples: usize, dbm0: f64, seed: u64) -> Vec<f64> {
    let (mut chance, mut low) = (Chance(seed), 0.0);
    let noise = (0..samples)
        .map(|_| {
            let x = chance.gauss();
            low += 0.25 * (x - low);
            low + 0.12 * x
        })
        .collect();
    at_level(noise, dbm0)
}

pub(crate) fn tones(samples: usize, tones: &[(f64, f64)]) -> Vec<f64> {
    (0..samples)
        .map(|i| {
            tones
                .iter()
                .map(|(hz, dbm0)| sine_peak(*dbm0) * (TAU * hz * i as f64 / 8000.0 + 0.4).sin())
                .sum()
        })
        .collect()
}

/// Level of the shaped noise of the composite source signal at a frequency, dB.
fn shape(hz: f64) -> Option<f64> {
    const CURVE: [(f64, f64); 9] = [
        (50.0, -25.8),
        (100.0, -12.8),
        (200.0, 17.4),
        (215.0, 17.8),
        (500.0, 12.2),
        (1000.0, 7.2),
        (2850.0, 0.0),
        (3600.0, -2.0),
        (3660.0, -20.0),
    ];
    let high = CURVE.iter().position(|(f, _)| hz < *f)?;
    let low = high.checked_sub(1)?;
    let ((f0, a0), (f1, a1)) = (CURVE[low], CURVE[high]);
    Some(a0 + (a1 - a0) * (hz - f0) / (f1 - f0))
}

/// One period at 44.1 kHz, played for this number of samples at 8 kHz without what 8 kHz cannot carry.
fn voiced(period: &[i32], samples: usize) -> Vec<f64> {
    let n = period.len() as f64;
    let harmonics: Vec<(f64, f64, f64)> = (1..)
        .map(|h| f64::from(h) * 44_100.0 / n)
        .take_while(|hz| *hz < 3660.0)
        .map(|hz| {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, x) in period.iter().enumerate() {
                let angle = TAU * hz * i as f64 / 44_100.0;
                re += f64::from(*x) * angle.cos() * 2.0 / n;
                im += f64::from(*x) * angle.sin() * 2.0 / n;
            }
            (hz, re, im)
        })
        .collect();
    (0..samples)
        .map(|i| {
            let t = TAU * i as f64 / 8000.0;
            harmonics
                .iter()
                .map(|(hz, re, im)| re * (hz * t).cos() + im * (hz * t).sin())
                .sum()
        })
        .collect()
}

/// Shaped noise of 8192 lines at 44.1 kHz with phases by chance, 200 ms.
fn pseudo_noise(seed: u64) -> Vec<f64> {
    let mut chance = Chance(seed);
    let lines: Vec<(f64, f64)> = (1..690)
        .filter_map(|i| {
            let hz = 44_100.0 * f64::from(i) / 8192.0;
            let sign = if chance.unit() < 0.5 { -1.0 } else { 1.0 };
            shape(hz).map(|db| (hz, sign * 10f64.powf(db / 20.0)))
        })
        .collect();
    (0..1600u16)
        .map(|i| {
            let t = TAU * f64::from(i) / 8000.0;
            lines.iter().map(|(hz, a)| a * (hz * t).sin()).sum()
        })
        .collect()
}

/// Sounds one after another, again and again with the sign changed, each at `dbm0`; then silence.
fn composite(parts: [Vec<f64>; 2], pause: usize, samples: usize, dbm0: f64) -> Vec<f64> {
    let period: Vec<f64> = parts
        .into_iter()
        .flat_map(|part| at_level(part, dbm0))
        .chain(std::iter::repeat_n(0.0, pause))
        .collect();
    let n = period.len();
    let sign = |i: usize| if (i / n).is_multiple_of(2) { 1.0 } else { -1.0 };
    (0..samples).map(|i| sign(i) * period[i % n]).collect()
}

/// Composite source signal of annex C: 48.62 ms voiced, 200 ms of noise, 101.38 ms of silence; the level is that
/// of the sounds.
pub(crate) fn css(samples: usize, dbm0: f64) -> Vec<f64> {
    composite(
        [voiced(&VOICED_C1, 389), pseudo_noise(11)],
        811,
        samples,
        dbm0,
    )
}

/// The same for the near end in double talk: 72.69 ms, 200 ms and 127.31 ms.
pub(crate) fn css_double_talk(samples: usize, dbm0: f64) -> Vec<f64> {
    composite(
        [voiced(&VOICED_C3, 582), white(1600, 0.0, 23)],
        1018,
        samples,
        dbm0,
    )
}

/// As 16-bit samples.
pub(crate) fn pcm(signal: &[f64]) -> Vec<i16> {
    // `as` saturates.
    signal.iter().map(|x| x.round() as i16).collect()
}

/// Something like speech: syllables of a voice and of noise, words and pauses by chance. The level is that of all of it.
pub(crate) fn talk(samples: usize, dbm0: f64, seed: u64) -> Vec<f64> {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let base = 90.0 + 120.0 * chance.unit();
    let mut out = vec![];
    while out.len() < samples {
        for _ in 0..2 + (6.0 * chance.unit()) as usize {
            let length = 600 + (1400.0 * chance.unit()) as usize;
            let (strength, pitch) = (0.3 + chance.unit(), base * (0.85 + 0.3 * chance.unit()));
            let formants = [
                300.0 + 500.0 * chance.unit(),
                900.0 + 1600.0 * chance.unit(),
            ];
            let voiced = chance.unit() < 0.75;
            let glide = 1.0 + 0.2 * (chance.unit() - 0.5);
            let mut phase = 0.0;
            let (mut old, mut older) = ([0.0; 2], [0.0; 2]);
            for i in 0..length {
                let part = i as f64 / length as f64;
                phase += pitch * (1.0 + (glide - 1.0) * part) / 8000.0;
                let source = if !voiced {
                    0.15 * chance.gauss()
                } else if phase >= 1.0 {
                    phase -= 1.0;
                    1.0
                } else {
                    0.01 * chance.gauss()
                };
                let mut sum = 0.1 * source;
                for (k, hz) in formants.iter().enumerate() {
                    let r: f64 = [0.97, 0.95][k];
                    let y =
                        source + 2.0 * r * (TAU * hz / 8000.0).cos() * old[k] - r * r * older[k];
                    (older[k], old[k]) = (old[k], y);
                    sum += y * [0.3, 0.15][k];
                }
                let envelope = (std::f64::consts::PI * part).sin();
                out.push(strength * envelope * sum);
            }
        }
        let pause = 800 + (9000.0 * chance.unit() * chance.unit()) as usize;
        out.extend(std::iter::repeat_n(0.0, pause));
    }
    out.truncate(samples);
    at_level(out, dbm0)
}
