//! `tipring call`: calls that are up and calls that were.

use serde::{Deserialize, Serialize};
use tipring_types::{CallDirection, CallState, EndCause};

use super::port::MediaLeg;
use super::trace::TraceEvent;

/// A call in one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CallSummary {
    /// Number of the call in this run of the daemon, from 1.
    pub id: u64,
    /// Port.
    pub port: u16,
    /// Who called.
    pub direction: CallDirection,
    /// The CallManager's reference.
    pub call_ref: u32,
    /// What it is doing; [`CallState::Ended`] when it is over.
    pub state: CallState,
    /// Number of the far end.
    pub peer: Option<String>,
    /// Name of the far end.
    pub peer_name: Option<String>,
    /// Digits dialled at the port.
    pub dialed: Option<String>,
    /// When it began (off-hook, or first ring).
    pub started_unix_ms: u64,
    /// Milliseconds from the beginning to the answer.
    pub answered_after_ms: Option<u64>,
    /// Milliseconds from the beginning to the end, or to now.
    pub duration_ms: u64,
    /// Why it ended; none while it is up, and where the history has a word of another version.
    pub end: Option<EndCause>,
}

/// Calls that are up and calls that were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CallList {
    /// Now, oldest first.
    pub active: Vec<CallSummary>,
    /// Ended, newest first; bounded.
    pub recent: Vec<CallSummary>,
}

/// A call in full.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CallDetail {
    /// The row of the list.
    pub summary: CallSummary,
    /// Media legs with their counters (the final ones when the call is over).
    pub media: Vec<MediaLeg>,
    /// What happened, oldest first; bounded.
    pub timeline: Vec<TraceEvent>,
}
