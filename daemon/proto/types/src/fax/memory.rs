//! What is remembered of the faxes with one far end, and what that changes in the next one.
//!
//! Owns: [`FarMemory`] and [`FaxAdvice`]. Promises: plain values; a field that a later version adds has a default. Leaves to
//! others: what is learned and what follows (`tipring_proto::fax_memory`), keeping it (the store), its words (`tipring-ctl`).

use serde::{Deserialize, Serialize};

use super::FaxTransport;

crate::words! {
    /// Whether T.38 is asked for with a far end, as pinned by hand.
    pub enum T38Choice {
        /// It never is.
        Never = "never",
        /// It always is, whatever was refused.
        Ask = "ask",
    }
}

crate::words! {
    /// Why T.38 is not asked for.
    pub enum T38Doubt {
        /// The far gateway refused it.
        Refused = "refused",
        /// The far gateway did not answer.
        Silent = "silent",
        /// The far gateway agreed, and sent voice on.
        VoiceOn = "voice-on",
        /// Faxes over T.38 failed, and those in G.711 did not.
        Failed = "failed",
    }
}

/// Faxes, good ones and others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxTally {
    /// All pages came through.
    pub good: u32,
    /// They did not.
    pub failed: u32,
}

impl FaxTally {
    /// One more.
    pub fn add(&mut self, good: bool) {
        let of = if good {
            &mut self.good
        } else {
            &mut self.failed
        };
        *of = of.saturating_add(1);
    }
}

/// What a far gateway answered when T.38 was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct T38Answers {
    /// Times that it agreed.
    pub agreed: u32,
    /// Times that it refused.
    pub refused: u32,
    /// Times that it did not answer, or agreed and sent voice on.
    pub silent: u32,
    /// Times without agreement since it agreed last.
    pub in_vain: u32,
    /// The last answer, where it was none.
    pub last: Option<T38Doubt>,
    /// When that was, ms since 1970; 0: never.
    pub last_unix_ms: u64,
}

/// What is remembered of the faxes with one far end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FarMemory {
    /// Pinned by hand; none: what was learned decides.
    pub pinned: Option<T38Choice>,
    /// Faxes in G.711.
    pub g711: FaxTally,
    /// Faxes over T.38.
    pub t38: FaxTally,
    /// How the last fax travelled; none: there was none yet.
    pub last: Option<FaxTransport>,
    /// Whether the last fax was good.
    pub last_good: bool,
    /// When the last fax ended, or it was pinned; ms since 1970.
    pub last_unix_ms: u64,
    /// Rate of the last good fax, bit/s.
    pub rate: Option<u32>,
    /// What the far gateway answered when T.38 was asked for.
    pub answers: T38Answers,
    /// Faxes over T.38 that failed since the last good one.
    pub t38_failed: u32,
    /// When the last of them ended, ms since 1970.
    pub t38_failed_unix_ms: u64,
    /// Faxes in G.711 that the network spoiled (loss, jitter, slips) since the last good one.
    pub g711_spoiled: u32,
    /// Loss in the last fax, before redundancy repaired any, hundredths of a percent.
    pub loss_hundredths: u32,
    /// Faxes in a row with much loss.
    pub lossy: u32,
    /// Faxes in a row with next to none.
    pub clear: u32,
    /// Two earlier packets are repeated from the beginning, where the port leaves that open.
    pub deep: bool,
}

/// What the memory changes in a fax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum FaxAdvice {
    /// T.38 is not asked for: it was in vain.
    T38NotAsked {
        /// Why.
        why: T38Doubt,
        /// How often in a row.
        times: u32,
        /// The last time, ms since 1970.
        last_unix_ms: u64,
    },
    /// T.38 is not asked for: pinned by hand.
    T38Never,
    /// T.38 is asked for, whatever was refused: pinned by hand.
    T38Always,
    /// T.38 is asked for before the far gateway has shown in this call that it has named events: with this far end it has
    /// worked, and the network spoiled faxes in G.711.
    T38First {
        /// How many since the last good one.
        spoiled: u32,
    },
    /// This number of earlier packets is repeated from the beginning.
    Redundancy {
        /// How many.
        depth: u8,
        /// Loss in the last fax, hundredths of a percent.
        loss_hundredths: u32,
    },
}

/// An advice, and of which far end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaxAdvised {
    /// The number of the far end; its address where it has none.
    pub far: String,
    /// What is done.
    pub advice: FaxAdvice,
}

impl FaxAdvice {
    /// One of each, for tests and documentation.
    pub fn samples() -> Vec<FaxAdvice> {
        let doubts = T38Doubt::ALL.iter().map(|&why| FaxAdvice::T38NotAsked {
            why,
            times: 3,
            last_unix_ms: 1_780_000_000_000,
        });
        let others = [
            FaxAdvice::T38Never,
            FaxAdvice::T38Always,
            FaxAdvice::T38First { spoiled: 2 },
            FaxAdvice::Redundancy {
                depth: 2,
                loss_hundredths: 310,
            },
        ];
        doubts.chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again_and_what_an_earlier_version_wrote_has_defaults() {
        for advice in FaxAdvice::samples() {
            let advised = FaxAdvised {
                far: "4711".into(),
                advice,
            };
            let json = serde_json::to_string(&advised).unwrap();
            assert_eq!(serde_json::from_str::<FaxAdvised>(&json).unwrap(), advised);
        }
        let memory: FarMemory = serde_json::from_str(r#"{"rate":9600}"#).unwrap();
        let wanted = FarMemory {
            rate: Some(9600),
            ..FarMemory::default()
        };
        assert_eq!(memory, wanted);
    }
}
