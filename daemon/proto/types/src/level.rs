//! Levels and gains, and how dBm0 and 16-bit samples relate.
//!
//! **Convention.** A sine whose peak is 16-bit full scale (32768) is +3.14 dBm0 (G.711, A-law), so 0 dBm0 is an
//! rms of 16141.3. The A-law digital milliwatt (G.711 table 6) reads 0.00 dBm0; the µ-law one (full scale
//! +3.17 dBm0 at 8159 of 8192) reads -0.07 dBm0. spandsp's receivers use the same convention within 0.01 dB.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// dBm0 of a sine with a peak of 32768.
#[allow(clippy::approx_constant, reason = "a level of G.711, not a circle")]
pub const FULL_SCALE_SINE_DBM0: f64 = 3.14;

/// Rms of 0 dBm0: `32768 / sqrt(2) / 10^(3.14/20)`.
pub const RMS_0_DBM0: f64 = 16_141.277;

/// A ratio in tenths of a dB: a gain, a loss, ERL, ERLE.
///
/// ```
/// use tipring_types::TenthDb;
/// assert_eq!(TenthDb(-35).to_string(), "-3.5 dB");
/// assert_eq!(TenthDb(-35).db(), -3.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenthDb(pub i16);

impl TenthDb {
    /// From dB, rounded; beyond ±3276.7 dB the limit is taken.
    pub fn of(db: f64) -> TenthDb {
        TenthDb(tenths(db))
    }

    /// In dB.
    pub fn db(self) -> f32 {
        f32::from(self.0) / 10.0
    }
}

/// In dB, as every reader expects it.
impl Serialize for TenthDb {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(f64::from(self.0) / 10.0)
    }
}

impl<'de> Deserialize<'de> for TenthDb {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<TenthDb, D::Error> {
        f64::deserialize(from).map(TenthDb::of)
    }
}

impl fmt::Display for TenthDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dB", self.db())
    }
}

/// A level in tenths of a dBm0.
///
/// ```
/// use tipring_types::TenthDbm0;
/// assert_eq!(TenthDbm0(-104).to_string(), "-10.4 dBm0");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenthDbm0(pub i16);

impl TenthDbm0 {
    /// What meters read on silence.
    pub const FLOOR: TenthDbm0 = TenthDbm0(-900);

    /// From dBm0, rounded; beyond ±3276.7 dBm0 the limit is taken.
    pub fn of(dbm0: f64) -> TenthDbm0 {
        TenthDbm0(tenths(dbm0))
    }

    /// In dBm0.
    pub fn dbm0(self) -> f32 {
        f32::from(self.0) / 10.0
    }
}

/// In dBm0, as every reader expects it.
impl Serialize for TenthDbm0 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(f64::from(self.0) / 10.0)
    }
}

impl<'de> Deserialize<'de> for TenthDbm0 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<TenthDbm0, D::Error> {
        f64::deserialize(from).map(TenthDbm0::of)
    }
}

impl fmt::Display for TenthDbm0 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBm0", self.dbm0())
    }
}

fn tenths(x: f64) -> i16 {
    // A float to integer `as` saturates.
    (x * 10.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_rounded_to_tenths_and_saturate() {
        assert_eq!(TenthDbm0::of(-12.34), TenthDbm0(-123));
        assert_eq!(TenthDb::of(0.05), TenthDb(1));
        assert_eq!(TenthDb::of(1e9), TenthDb(i16::MAX));
        assert_eq!(TenthDb::of(-1e9), TenthDb(i16::MIN));
        assert_eq!(TenthDbm0::FLOOR.dbm0(), -90.0);
    }

    #[test]
    fn json_has_a_level_in_dbm0() {
        for tenths in [-900, -125, -1, 0, 31] {
            let level = TenthDbm0(tenths);
            let json = serde_json::to_string(&level).unwrap();
            assert_eq!(serde_json::from_str::<TenthDbm0>(&json).unwrap(), level);
        }
        assert_eq!(serde_json::to_string(&TenthDbm0(-125)).unwrap(), "-12.5");
    }
}
