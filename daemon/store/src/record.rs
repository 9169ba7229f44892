//! What is kept: a finished call, a fax, and a finding from its begin to its end.

use serde::{Deserialize, Serialize};
use tipring_types::CallDirection;
use tipring_types::finding::Severity;

use crate::far::StoredFar;
use crate::fax::StoredFax;

/// Something to keep.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A finished call; the same `run` and `id` again replace what was kept of it.
    Call(Box<StoredCall>),
    /// A finding that begins or ends; the same `run` and `id` again replace what was kept of it.
    Finding(Box<StoredFinding>),
    /// A fax; the same `run` and `id` again replace what was kept of it.
    Fax(Box<StoredFax>),
    /// What is remembered of a far end; the same one again replaces what was kept of it.
    Far(Box<StoredFar>),
    /// A far end is forgotten; none: all of them are.
    ForgetFar(Option<String>),
}

impl From<StoredFar> for Entry {
    fn from(far: StoredFar) -> Entry {
        Entry::Far(Box::new(far))
    }
}

impl From<StoredFax> for Entry {
    fn from(fax: StoredFax) -> Entry {
        Entry::Fax(Box::new(fax))
    }
}

impl From<StoredCall> for Entry {
    fn from(call: StoredCall) -> Entry {
        Entry::Call(Box::new(call))
    }
}

impl From<StoredFinding> for Entry {
    fn from(finding: StoredFinding) -> Entry {
        Entry::Finding(Box::new(finding))
    }
}

/// One finished call. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StoredCall {
    /// The run of the daemon: when it began.
    pub run: u64,
    /// Number of the call in that run, as `tipring call list` has it.
    pub id: u64,
    /// Port.
    pub port: u16,
    /// SCCP device name.
    pub device: String,
    /// Who called.
    pub direction: CallDirection,
    /// Number of the far end.
    pub number: Option<String>,
    /// Name of the far end.
    pub name: Option<String>,
    /// Digits dialled at the port.
    pub dialed: Option<String>,
    /// Off-hook, or first ring.
    pub begun_unix_ms: u64,
    /// When it was answered; none: it was not.
    pub answered_unix_ms: Option<u64>,
    /// When it ended.
    pub ended_unix_ms: u64,
    /// From begin to end, by the monotonic clock.
    pub duration_ms: u64,
    /// Of that, from the answer on.
    pub talked_ms: u64,
    /// Why it ended: a word of [`tipring_types::EndCause`].
    pub end: String,
    /// The CallManager it was on.
    pub server: Option<String>,
    /// The CallManager's reference.
    pub call_ref: u32,
    /// Codec of the last media leg; none: there was no media.
    pub codec: Option<String>,
    /// Media legs.
    pub legs: u32,
    /// RTP packets sent, all legs together; so are the next five.
    pub packets_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Packets that never came.
    pub packets_lost: u64,
    /// Packets that came after their playing time.
    pub packets_late: u64,
    /// Milliseconds of sound that were concealed.
    pub concealed_ms: u64,
    /// Interarrival jitter, of the worst leg.
    pub jitter_ms: Option<f64>,
    /// Playout delay, of the longest leg.
    pub playout_delay_ms: Option<f64>,
    /// Echo return loss of the port at the end of the call, dB.
    pub erl_db: Option<f64>,
    /// What the echo canceller took away beyond that, dB.
    pub erle_db: Option<f64>,
    /// A fax or modem call: a leg was passed through as data.
    pub data: bool,
    /// Fax and modem tones that were detected, by name, with commas between them.
    pub tones: Option<String>,
    /// R factor (ITU-T G.107) of the whole call at this phone, of the worst leg; none: no media, or a fax or modem call.
    pub mean_r: Option<f64>,
    /// The same as mean opinion score.
    pub mean_mos: Option<f64>,
    /// R factor of the worst 10 s.
    pub worst_r: Option<f64>,
    /// The same as mean opinion score.
    pub worst_mos: Option<f64>,
    /// R factor at the far end, by its RTCP; of the worst leg.
    pub far_r: Option<f64>,
}

impl StoredCall {
    /// It was answered.
    pub fn is_answered(&self) -> bool {
        self.answered_unix_ms.is_some()
    }
}

/// One finding about a port or the gateway, from its begin to its end. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StoredFinding {
    /// The run of the daemon: when it began.
    pub run: u64,
    /// Number of the finding in that run.
    pub id: u64,
    /// Port; none: the gateway as a whole.
    pub port: Option<u16>,
    /// What it is: a code in kebab-case.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What the text is made of, by name.
    pub parameters: serde_json::Value,
    /// In words.
    pub text: String,
    /// First seen.
    pub begun_unix_ms: u64,
    /// Gone; none: it goes on, or the daemon ended before it did.
    pub ended_unix_ms: Option<u64>,
    /// It goes on now, as far as who answers knows.
    pub now: bool,
}
