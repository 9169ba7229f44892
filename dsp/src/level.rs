//! Meters of both directions, and gains with saturation. Levels are in dBm0 as [`tipring_types::level`] says.

use tipring_types::{TenthDb, TenthDbm0};

pub use tipring_types::level::{FULL_SCALE_SINE_DBM0, RMS_0_DBM0};

/// Gains are limited to this in both directions.
pub const MAX_GAIN: TenthDb = TenthDb(300);

/// dBm0 of a mean square of samples; -90 for silence.
pub fn mean_square_to_dbm0(mean_square: f64) -> f64 {
    let floor = f64::from(TenthDbm0::FLOOR.dbm0());
    if mean_square <= 0.0 {
        return floor;
    }
    (10.0 * (mean_square / (RMS_0_DBM0 * RMS_0_DBM0)).log10()).max(floor)
}

/// Peak value of a sine of this level.
pub fn sine_peak(dbm0: f64) -> f64 {
    RMS_0_DBM0 * std::f64::consts::SQRT_2 * 10f64.powf(dbm0 / 20.0)
}

/// A level as a meter shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Rms level with the 125 ms time constant of a sound level meter's "fast", tenths of a dBm0.
    pub rms: TenthDbm0,
    /// Greatest sample of the last half to whole second, as the level of the sine that peaks there, tenths of
    /// a dBm0.
    pub peak: TenthDbm0,
}

/// A gain with saturation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gain {
    tenths: i16,
    /// Factor in 2^-12 steps: 0.1 dB is 1.2 %, a step at -30 dB is 0.8 %.
    factor: i32,
}

impl Gain {
    /// Beyond ±[`MAX_GAIN`] the limit is taken.
    pub(crate) fn new(gain: TenthDb) -> Gain {
        let tenths = gain.0.clamp(-MAX_GAIN.0, MAX_GAIN.0);
        let factor = 10f64.powf(f64::from(tenths) / 200.0) * 4096.0;
        Gain {
            tenths,
            factor: factor.round() as i32,
        }
    }

    pub(crate) fn apply(self, samples: &mut [i16]) {
        if self.tenths == 0 {
            return;
        }
        // 32768 at +30 dB and 12 more bits do not fit 32.
        let factor = i64::from(self.factor);
        for sample in samples {
            let scaled = (i64::from(*sample) * factor + 2048) >> 12;
            *sample = scaled.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
        }
    }
}

/// Sum of squares of a block; exact up to the rounding of f32.
pub(crate) fn energy(samples: &[i16]) -> f32 {
    let mut lanes = [0f32; 8];
    let (chunks, rest) = samples.as_chunks::<8>();
    for chunk in chunks {
        for (lane, sample) in lanes.iter_mut().zip(chunk) {
            let x = f32::from(*sample);
            *lane += x * x;
        }
    }
    let rest: f32 = rest.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
    lanes.iter().sum::<f32>() + rest
}

fn peak_of(samples: &[i16]) -> u16 {
    let (mut low, mut high) = (0i16, 0i16);
    for sample in samples {
        low = low.min(*sample);
        high = high.max(*sample);
    }
    low.unsigned_abs().max(high.unsigned_abs())
}

/// Time constant of the rms reading, samples (125 ms).
const FAST_SAMPLES: f32 = 1000.0;
/// Length of one peak bucket, samples; two of them are looked at.
const PEAK_BUCKET: u32 = 4000;

/// Follows the level of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct LevelMeter {
    mean_square: f32,
    peak_before: u16,
    peak_now: u16,
    in_bucket: u32,
}

impl LevelMeter {
    /// Takes a block whose sum of squares the caller has.
    pub(crate) fn take(&mut self, samples: &[i16], energy: f32) {
        let n = samples.len() as u32;
        if n == 0 {
            return;
        }
        self.decay(n, energy / n as f32);
        self.peak_now = self.peak_now.max(peak_of(samples));
        self.turn(n);
    }

    /// Takes `n` samples of digital silence.
    pub(crate) fn take_silence(&mut self, n: u32) {
        if n > 0 && (self.mean_square > 0.0 || self.peak_before > 0 || self.peak_now > 0) {
            self.decay(n, 0.0);
            self.turn(n);
        }
    }

    pub(crate) fn reading(&self) -> Reading {
        let peak = f64::from(self.peak_now.max(self.peak_before));
        Reading {
            rms: TenthDbm0::of(mean_square_to_dbm0(f64::from(self.mean_square))),
            peak: TenthDbm0::of(mean_square_to_dbm0(peak * peak / 2.0)),
        }
    }

    fn decay(&mut self, n: u32, mean_square: f32) {
        // 1 - exp(-x), good to 0.1 % for the blocks used here (x <= 0.08) and tame beyond.
        let x = (n as f32 / FAST_SAMPLES).min(1.0);
        let weight = x - x * x / 2.0 + x * x * x / 6.0;
        self.mean_square += weight * (mean_square - self.mean_square);
        if self.mean_square < 1e-6 {
            self.mean_square = 0.0;
        }
    }

    fn turn(&mut self, n: u32) {
        self.in_bucket = self.in_bucket.saturating_add(n);
        if self.in_bucket >= PEAK_BUCKET {
            self.in_bucket = 0;
            self.peak_before = self.peak_now;
            self.peak_now = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_types::Law;

    fn sine(hz: f64, dbm0: f64, n: usize) -> Vec<i16> {
        let peak = sine_peak(dbm0);
        (0..n)
            .map(|i| (peak * (std::f64::consts::TAU * hz * i as f64 / 8000.0).sin()).round() as i16)
            .collect()
    }

    fn read(samples: &[i16], block: usize) -> Reading {
        let mut meter = LevelMeter::default();
        for chunk in samples.chunks(block) {
            meter.take(chunk, energy(chunk));
        }
        meter.reading()
    }

    #[test]
    fn meters_read_a_sine_to_a_tenth_of_a_db() {
        for dbm0 in [3.0, 0.0, -10.0, -25.0, -50.0] {
            for block in [8, 80, 77] {
                let reading = read(&sine(1004.0, dbm0, 16_000), block);
                assert!(
                    (i32::from(reading.rms.0) - (dbm0 * 10.0) as i32).abs() <= 1,
                    "{dbm0} {reading:?}"
                );
                assert!(
                    (i32::from(reading.peak.0) - (dbm0 * 10.0) as i32).abs() <= 1,
                    "{dbm0} {reading:?}"
                );
            }
        }
    }

    #[test]
    fn the_digital_milliwatts_of_both_laws_read_zero() {
        let milliwatt = |law: Law, codes: [u8; 8]| {
            let samples: Vec<i16> = codes
                .iter()
                .cycle()
                .take(16_000)
                .map(|c| law.decode(*c))
                .collect();
            read(&samples, 80).rms
        };
        assert_eq!(
            milliwatt(Law::A, [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4]),
            TenthDbm0(0)
        );
        assert_eq!(
            milliwatt(Law::Mu, [0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E]),
            TenthDbm0(-1)
        );
    }

    #[test]
    fn silence_reads_the_floor_and_a_level_falls_fast() {
        let mut meter = LevelMeter::default();
        assert_eq!(meter.reading().rms, TenthDbm0::FLOOR);
        let tone = sine(1004.0, 0.0, 8000);
        for chunk in tone.chunks(80) {
            meter.take(chunk, energy(chunk));
        }
        for _ in 0..50 {
            meter.take_silence(80);
        }
        // 500 ms are four time constants: 17.4 dB down.
        assert!(
            (i32::from(meter.reading().rms.0) + 174).abs() <= 12,
            "{:?}",
            meter.reading()
        );
        for _ in 0..1000 {
            meter.take_silence(80);
        }
        assert_eq!(
            meter.reading(),
            Reading {
                rms: TenthDbm0(-900),
                peak: TenthDbm0(-900)
            }
        );
    }

    #[test]
    fn gain_is_exact_at_zero_and_saturates_at_the_top() {
        let mut samples = [i16::MIN, -1, 0, 1, 1000, i16::MAX];
        let before = samples;
        Gain::new(TenthDb(0)).apply(&mut samples);
        assert_eq!(samples, before);
        Gain::new(TenthDb(60)).apply(&mut samples);
        assert_eq!(samples, [i16::MIN, -2, 0, 2, 1995, i16::MAX]);
        Gain::new(TenthDb(i16::MAX)).apply(&mut samples);
        assert_eq!(samples, [i16::MIN, -63, 0, 63, i16::MAX, i16::MAX]);
        let mut samples = [10_000i16];
        Gain::new(TenthDb(-140)).apply(&mut samples);
        assert_eq!(samples, [1995]);
        Gain::new(TenthDb(i16::MIN)).apply(&mut samples);
        assert_eq!(samples, [63]);
        assert_eq!(Gain::new(TenthDb(i16::MIN)), Gain::new(TenthDb(-300)));
    }
}
