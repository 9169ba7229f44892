//! Line tests: what one measures, and why one ends early.

use crate::level::TenthDbm0;

/// What comes from an idle line whose phone is on-hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineNoise {
    /// Everything, without weighting.
    pub level: TenthDbm0,
    /// Of that, what comes from the mains: its frequency, twice and three times that.
    pub hum: TenthDbm0,
    /// The frequency of those mains, Hz: 50 or 60.
    pub hum_hz: u16,
}

impl LineNoise {
    /// What a technician would say of it.
    ///
    /// ```
    /// use tipring_types::{LineNoise, NoiseVerdict, TenthDbm0};
    /// let noise = |level, hum| LineNoise { level: TenthDbm0(level), hum: TenthDbm0(hum), hum_hz: 50 };
    /// assert_eq!(noise(-650, -700).verdict(), NoiseVerdict::Quiet);
    /// assert_eq!(noise(-400, -420).verdict(), NoiseVerdict::Hum);
    /// assert_eq!(noise(-400, -700).verdict(), NoiseVerdict::Noisy);
    /// ```
    pub fn verdict(self) -> NoiseVerdict {
        if self.level < NOISY {
            NoiseVerdict::Quiet
        } else if self.hum.0.saturating_add(MOSTLY_HUM) >= self.level.0 {
            NoiseVerdict::Hum
        } else {
            NoiseVerdict::Noisy
        }
    }
}

/// From here on a subscriber hears it in every pause. The noise that the two ends of an analog line may add is lower by
/// far (G.712: -65 dBm0p).
const NOISY: TenthDbm0 = TenthDbm0(-500);
/// Hum that is not weaker than the whole by more is most of it, tenths of a dB.
const MOSTLY_HUM: i16 = 30;

words! {
    /// What a noise measurement says of a line.
    pub enum NoiseVerdict {
        /// As it should be.
        Quiet = "quiet",
        /// Noisy: bad joints, water in the cable, a set that does not hang up well.
        Noisy = "noisy",
        /// Most of it is mains hum: a leak to earth, or an unbalanced pair beside a power cable.
        Hum = "hum",
    }
}

words! {
    /// Why a line test ended without a result.
    pub enum TestEnd {
        /// The phone was lifted.
        OffHook = "off-hook",
        /// A call came, or was made.
        Call = "call",
        /// The line was needed for something else: caller ID, a message lamp, another feed.
        LineNeeded = "line-needed",
        /// The line or its card failed.
        Fault = "fault",
        /// The card did not let audio through while the phone is on-hook.
        NoAudio = "no-audio",
        /// It was not done in time.
        Deadline = "deadline",
        /// Nobody wanted it any more.
        Cancelled = "cancelled",
    }
}
