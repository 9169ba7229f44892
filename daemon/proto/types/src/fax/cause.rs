//! Why a fax became what it did, as values.
//!
//! Owns: every cause that can be named beyond what the machines said themselves ([`FaxCause`]), and a verdict, which is an
//! outcome with its cause ([`FaxVerdict`]). Promises: a code keeps its meaning, programs may compare it. Leaves to
//! others: which evidence is which cause (`tipring_proto::fax_verdict`), and its words (the table in `tipring-ctl`).

use serde::{Deserialize, Serialize};

use super::FaxOutcome;
use crate::trace::SwitchAnswer;
use crate::{Side, TenthDb, TenthDbm0};

crate::words! {
    /// Whether T.38 took the place of voice, and if not, why.
    #[derive(Default)]
    pub enum FaxRelayUse {
        /// It did.
        Used = "used",
        /// Nobody asked for it.
        #[default]
        NotAsked = "not-asked",
        /// The far gateway refused it.
        Refused = "refused",
        /// The far gateway did not answer.
        Unanswered = "unanswered",
        /// The far gateway agreed, and went on sending voice.
        VoiceOn = "voice-on",
        /// The far gateway asked for it, and this one does not do it.
        NotHere = "not-here",
    }
}

impl FaxRelayUse {
    /// What an answer to a request for T.38 means.
    pub fn of(answer: SwitchAnswer) -> FaxRelayUse {
        match answer {
            SwitchAnswer::Agreed | SwitchAnswer::T38 => FaxRelayUse::Used,
            SwitchAnswer::Refused => FaxRelayUse::Refused,
            SwitchAnswer::Nothing => FaxRelayUse::Unanswered,
            SwitchAnswer::Ignored => FaxRelayUse::NotHere,
            SwitchAnswer::VoiceOn => FaxRelayUse::VoiceOn,
        }
    }
}

/// Why. In JSON: `code`, and `parameters` where there are any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum FaxCause {
    /// The line or its card failed in the call.
    LineFailed,
    /// The CallManager was lost, and with it the call.
    CallManagerLost,
    /// The CallManager was lost, and later the far end sent nothing more.
    FarEndGone,
    /// The call was transferred.
    Transferred,

    /// No packet came from the far end.
    NothingReceived,
    /// The gateways agreed on T.38, and nothing came of it.
    RelaySilent,
    /// The far gateway agreed on T.38 and went on sending voice.
    VoiceInRelay,
    /// Packets were lost in the network.
    NetworkLoss {
        /// Lost, of all that should have come, in tenths of a percent.
        tenth_percent: u32,
        /// How many.
        packets: u64,
        /// The page; none: before the first.
        page: Option<u32>,
        /// Whether T.38 was used.
        relay: FaxRelayUse,
    },
    /// Packets came too unevenly.
    NetworkJitter {
        /// Jitter, ms.
        jitter_ms: u32,
        /// What this way of carrying a fax bears, ms.
        limit_ms: u32,
        /// Whether T.38 was used.
        relay: FaxRelayUse,
    },
    /// Sound was left out or doubled for want of a common clock.
    ClockSlips {
        /// How often.
        slips: u64,
        /// The far clock against ours, ppm; none: not known.
        drift_ppm: Option<i32>,
    },

    /// The signals of a machine are much weaker than usual, or weaker than a receiver hears.
    LevelLow {
        /// Whose.
        side: Side,
        /// Level.
        level: TenthDbm0,
        /// What it is usually, at this port; none: not known.
        usual: Option<TenthDbm0>,
    },
    /// The signals of a machine are so strong that they are distorted.
    LevelHigh {
        /// Whose.
        side: Side,
        /// Level.
        level: TenthDbm0,
    },
    /// Much of what is sent to the line comes back.
    Echo {
        /// Echo return loss.
        erl: TenthDb,
    },
    /// Frames at 300 bit/s came damaged, and no cause of it is known.
    DamagedSignals {
        /// Whose.
        side: Side,
        /// How many.
        frames: u32,
    },
    /// The gateways treated it as voice.
    CarriedAsVoice,
    /// T.38 was wanted, and could not be had: it went in G.711.
    NoRelay {
        /// Why.
        relay: FaxRelayUse,
    },
    /// The machines began with V.8, and did not find back to T.30.
    SuperG3 {
        /// The side whose machine answered so.
        side: Side,
    },

    /// A person or a mailbox for voice answered a fax machine.
    PersonAnswered {
        /// How long the machine called.
        seconds: u32,
    },
    /// A fax machine called, and none answered at this port.
    NobodyAnsweredHere {
        /// How long it called.
        seconds: u32,
    },
    /// A person called the fax machine at this port.
    PersonCalled,
    /// Somebody dialed by hand at this port, and the machine was not started.
    NotStartedHere,
    /// The machine or phone at this port hung up without a word.
    HungUpHere,
    /// The far end hung up without a word.
    HungUpThere,
    /// Pages with wrong lines are refused, for there is no error correction.
    NoCorrection {
        /// The rate, bit/s; none: not known.
        rate: Option<u32>,
    },
}

impl FaxCause {
    /// The code in JSON and in the documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LineFailed => "line-failed",
            Self::CallManagerLost => "call-manager-lost",
            Self::FarEndGone => "far-end-gone",
            Self::Transferred => "transferred",
            Self::NothingReceived => "nothing-received",
            Self::RelaySilent => "relay-silent",
            Self::VoiceInRelay => "voice-in-relay",
            Self::NetworkLoss { .. } => "network-loss",
            Self::NetworkJitter { .. } => "network-jitter",
            Self::ClockSlips { .. } => "clock-slips",
            Self::LevelLow { .. } => "level-low",
            Self::LevelHigh { .. } => "level-high",
            Self::Echo { .. } => "echo",
            Self::DamagedSignals { .. } => "damaged-signals",
            Self::CarriedAsVoice => "carried-as-voice",
            Self::NoRelay { .. } => "no-relay",
            Self::SuperG3 { .. } => "super-g3",
            Self::PersonAnswered { .. } => "person-answered",
            Self::NobodyAnsweredHere { .. } => "nobody-answered-here",
            Self::PersonCalled => "person-called",
            Self::NotStartedHere => "not-started-here",
            Self::HungUpHere => "hung-up-here",
            Self::HungUpThere => "hung-up-there",
            Self::NoCorrection { .. } => "no-correction",
        }
    }

    /// One of each, for tests and documentation.
    pub fn samples() -> Vec<FaxCause> {
        let relay = FaxRelayUse::Refused;
        let side = Side::Line;
        vec![
            Self::LineFailed,
            Self::CallManagerLost,
            Self::FarEndGone,
            Self::Transferred,
            Self::NothingReceived,
            Self::RelaySilent,
            Self::VoiceInRelay,
            Self::NetworkLoss {
                tenth_percent: 40,
                packets: 151,
                page: Some(3),
                relay,
            },
            Self::NetworkJitter {
                jitter_ms: 62,
                limit_ms: 30,
                relay,
            },
            Self::ClockSlips {
                slips: 3,
                drift_ppm: Some(-85),
            },
            Self::LevelLow {
                side,
                level: TenthDbm0(-380),
                usual: Some(TenthDbm0(-180)),
            },
            Self::LevelHigh {
                side,
                level: TenthDbm0(-10),
            },
            Self::Echo { erl: TenthDb(41) },
            Self::DamagedSignals { side, frames: 7 },
            Self::CarriedAsVoice,
            Self::NoRelay { relay },
            Self::SuperG3 {
                side: Side::Network,
            },
            Self::PersonAnswered { seconds: 40 },
            Self::NobodyAnsweredHere { seconds: 40 },
            Self::PersonCalled,
            Self::NotStartedHere,
            Self::HungUpHere,
            Self::HungUpThere,
            Self::NoCorrection { rate: Some(14_400) },
        ]
    }
}

/// What became of a fax, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaxVerdict {
    /// What became of it.
    pub outcome: FaxOutcome,
    /// Why, as far as there is evidence beyond the outcome itself.
    pub cause: Option<FaxCause>,
}

impl FaxVerdict {
    /// Did all pages come through?
    pub fn is_success(&self) -> bool {
        self.outcome.is_success()
    }

    /// In one word: the cause where it is known, or the outcome.
    pub fn code(&self) -> &'static str {
        match &self.cause {
            Some(cause) => cause.code(),
            None => self.outcome.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_own_code_and_comes_back() {
        let mut codes = std::collections::BTreeSet::new();
        for cause in FaxCause::samples() {
            let json = serde_json::to_value(cause).unwrap();
            assert_eq!(json["code"], cause.code());
            assert!(codes.insert(cause.code()), "{json}");
            assert_eq!(serde_json::from_value::<FaxCause>(json).unwrap(), cause);
        }
        // None is the code of an outcome too: a verdict's code says which of both it is.
        for outcome in FaxOutcome::samples() {
            assert!(!codes.contains(outcome.code()), "{outcome:?}");
        }
    }
}
