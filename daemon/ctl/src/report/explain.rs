//! `tipring explain`: what is wrong with a port, a call or the gateway, the figures behind it, what was ruled out by measuring, and what to do.

use serde::{Deserialize, Serialize};
use tipring_store::{StoredCall, StoredFinding};
use tipring_types::explain::{CallNote, Evidence, Remark, RuledOut, Standing};
use tipring_types::finding::Severity;

use super::call::CallSummary;
use super::fax::FaxReport;
use super::finding::FindingReport;
use super::port::{PortSummary, RegistrationStep};
use crate::words;

/// The first line: what it all comes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Verdict {
    /// How it stands.
    pub standing: Standing,
    /// The code of what decides that: of a finding, a remark or a note of a call; none: nothing is wrong.
    pub code: Option<String>,
    /// In one sentence.
    pub text: String,
}

/// A figure that a finding rests on, in words as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EvidenceReport {
    /// `code` and `parameters`; none when another version wrote it.
    #[serde(flatten)]
    pub evidence: Option<Evidence>,
    /// In words.
    pub text: String,
}

impl EvidenceReport {
    /// With its words; `moment` writes a time.
    pub fn of(evidence: Evidence, moment: fn(u64) -> String) -> EvidenceReport {
        EvidenceReport {
            text: words::evidence(&evidence, moment),
            evidence: Some(evidence),
        }
    }
}

/// What was measured and is in order, in words as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuledOutReport {
    /// `code` and `parameters`; none when another version wrote it.
    #[serde(flatten)]
    pub measured: Option<RuledOut>,
    /// In words.
    pub text: String,
}

impl RuledOutReport {
    /// With its words; `moment` writes a time.
    pub fn of(measured: RuledOut, moment: fn(u64) -> String) -> RuledOutReport {
        RuledOutReport {
            text: words::ruled_out(&measured, moment),
            measured: Some(measured),
        }
    }
}

/// Something that is wrong or worth knowing: a finding, or what the figures show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CauseReport {
    /// How bad it is.
    pub severity: Severity,
    /// Ports that have it; none: it is the gateway's.
    pub ports: Vec<u16>,
    /// The finding.
    pub finding: Option<FindingReport>,
    /// What the figures show, where it is no finding.
    pub remark: Option<Remark>,
    /// What is wrong, and why.
    pub text: String,
    /// What to do about it.
    pub cure: String,
    /// What it rests on.
    pub evidence: Vec<EvidenceReport>,
}

impl CauseReport {
    /// The code of the finding or the remark.
    pub fn code(&self) -> Option<String> {
        let remark = self.remark.as_ref().map(words::code);
        let finding = self.finding.as_ref().map(|f| f.code().to_owned());
        finding.or(remark)
    }
}

/// What happened in the last day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DayReport {
    /// From then on; milliseconds since 1970.
    pub since_unix_ms: u64,
    /// Finished calls.
    pub calls: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Of these, ended by congestion, a refusal, a lost CallManager or a fault of the line.
    pub failed: u64,
    /// From the answer to the end, all calls together.
    pub talked_ms: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP packets that never came.
    pub packets_lost: u64,
    /// The last calls that failed, newest first; bounded.
    pub failed_calls: Vec<StoredCall>,
    /// Findings from their begin to their end, newest first; bounded.
    pub findings: Vec<StoredFinding>,
    /// Faxes, newest first; bounded.
    pub faxes: Vec<FaxReport>,
    /// Changes of the registration, oldest first; bounded.
    pub registration: Vec<RegistrationStep>,
    /// There is more than is shown.
    pub more: bool,
    /// Why the history could not be asked, and has nothing of it; none: it answered.
    pub unavailable: Option<String>,
    /// Why nothing is kept at present, so that the last of it is missing.
    pub trouble: Option<String>,
}

/// The story of a port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PortStory {
    /// What it all comes to.
    pub verdict: Verdict,
    /// What the port is.
    pub port: PortSummary,
    /// Country of tones, cadence and caller ID.
    pub country: String,
    /// What is wrong or worth knowing; what costs most comes first.
    pub causes: Vec<CauseReport>,
    /// What was measured and is in order.
    pub ruled_out: Vec<RuledOutReport>,
    /// What happened here in the last day.
    pub day: DayReport,
}

/// One media leg of a call: what each side heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LegStory {
    /// Its number: the CallManager's pass-through party; none: from the history.
    #[serde(default)]
    pub leg: Option<u32>,
    /// Codec and packet time.
    pub codec: String,
    /// The far end's address.
    pub remote: Option<String>,
    /// What the phone here heard, in words.
    pub heard: String,
    /// What the far end heard, in words.
    pub far_heard: String,
    /// The fax of this leg, in words.
    pub fax: Option<String>,
}

/// Something noteworthy in a call, in words as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallNoteReport {
    /// `code` and `parameters`; none when another version wrote it.
    #[serde(flatten)]
    pub note: Option<CallNote>,
    /// In words.
    pub text: String,
    /// What to do about it.
    pub cure: String,
}

impl CallNoteReport {
    /// With its words.
    pub fn of(note: CallNote) -> CallNoteReport {
        let (text, cure) = words::call_note(&note);
        CallNoteReport {
            note: Some(note),
            text,
            cure,
        }
    }
}

/// The story of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CallStory {
    /// What it all comes to.
    pub verdict: Verdict,
    /// The call.
    pub call: CallSummary,
    /// It is of the history, and its legs are one: their figures added up.
    pub from_history: bool,
    /// Media legs.
    pub legs: Vec<LegStory>,
    /// The echo of this line, in words; none: not measured.
    pub echo: Option<String>,
    /// What is noteworthy; what costs most comes first.
    pub notes: Vec<CallNoteReport>,
}

/// The story of the gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct GatewayStory {
    /// What it all comes to.
    pub verdict: Verdict,
    /// What is wrong, of the gateway and its ports, each cause once; what costs most comes first.
    pub causes: Vec<CauseReport>,
    /// What was measured and is in order.
    pub ruled_out: Vec<RuledOutReport>,
    /// What happened in the last day.
    pub day: DayReport,
}
