//! Levels of the simulated card, in samples of 32-bit floats; the convention is that of [`tipring_types::level`].

use tipring_types::level;

/// Level of a sine whose peak is full scale, dBm0.
pub const FULL_SCALE_SINE_DBM0: f32 = level::FULL_SCALE_SINE_DBM0 as f32;
const RMS_0_DBM0: f32 = level::RMS_0_DBM0 as f32;
const PEAK_0_DBM0: f32 = RMS_0_DBM0 * std::f32::consts::SQRT_2;
/// What [`rms_to_dbm0`] gives for digital silence.
pub const SILENCE_DBM0: f32 = -99.0;

/// A ratio of amplitudes from dB.
pub fn db_to_gain(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}

/// Peak of a sine at this level.
pub fn dbm0_to_peak(dbm0: f32) -> f32 {
    PEAK_0_DBM0 * db_to_gain(dbm0)
}

/// RMS of any signal at this level.
pub fn dbm0_to_rms(dbm0: f32) -> f32 {
    RMS_0_DBM0 * db_to_gain(dbm0)
}

/// Level of a signal of this RMS; never below [`SILENCE_DBM0`].
pub fn rms_to_dbm0(rms: f32) -> f32 {
    if rms <= 0.0 {
        return SILENCE_DBM0;
    }
    (20.0 * (rms / RMS_0_DBM0).log10()).max(SILENCE_DBM0)
}

/// Level of these samples; [`SILENCE_DBM0`] when there are none.
pub fn level_dbm0(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBM0;
    }
    let power: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    rms_to_dbm0((power / samples.len() as f64).sqrt() as f32)
}

/// Rounds and clips to 16 bits.
pub(crate) fn to_i16(v: f32) -> i16 {
    // A float to integer `as` cuts, saturates and takes NaN for 0. Not `round`, which is a call for each sample.
    (v + 0.5f32.copysign(v)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_sine_is_3_14_dbm0() {
        let sine: Vec<i16> = (0..8000)
            .map(|n| to_i16(32_767.0 * (n as f32 * 0.1).sin()))
            .collect();
        assert!((level_dbm0(&sine) - FULL_SCALE_SINE_DBM0).abs() < 0.02);
        assert!((dbm0_to_peak(FULL_SCALE_SINE_DBM0) - 32_767.0).abs() < 5.0);
    }

    #[test]
    fn silence_and_nothing_are_the_floor() {
        assert_eq!(level_dbm0(&[]), SILENCE_DBM0);
        assert_eq!(level_dbm0(&[0; 80]), SILENCE_DBM0);
        assert_eq!(to_i16(1e9), i16::MAX);
        assert_eq!(to_i16(f32::NAN), 0);
    }
}
