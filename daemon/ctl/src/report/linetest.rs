//! `tipring port test`: what a line test has found.

use serde::{Deserialize, Serialize};
use tipring_types::{LineNoise, NoiseVerdict, TestEnd};

/// A line test that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LineTestReport {
    /// Port number.
    pub port: u16,
    /// How long it was to measure, seconds.
    pub seconds: u8,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: LineTestOutcome,
}

/// How a line test ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum LineTestOutcome {
    /// With a result.
    Measured {
        /// What came from the line, without weighting, dBm0.
        noise_dbm0: f32,
        /// Of that, what comes from the mains, dBm0.
        hum_dbm0: f32,
        /// Frequency of the mains, Hz.
        hum_hz: u16,
        /// What that says of the line.
        verdict: NoiseVerdict,
    },
    /// Without a result.
    Ended {
        /// Why.
        why: TestEnd,
    },
}

impl From<LineNoise> for LineTestOutcome {
    fn from(noise: LineNoise) -> LineTestOutcome {
        LineTestOutcome::Measured {
            noise_dbm0: noise.level.dbm0(),
            hum_dbm0: noise.hum.dbm0(),
            hum_hz: noise.hum_hz,
            verdict: noise.verdict(),
        }
    }
}

impl LineTestReport {
    /// Was the line measured, and is it as it should be?
    pub fn is_good(&self) -> bool {
        let quiet = NoiseVerdict::Quiet;
        matches!(self.outcome, LineTestOutcome::Measured { verdict, .. } if verdict == quiet)
    }
}
