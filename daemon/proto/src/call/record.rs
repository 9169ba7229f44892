//! What is shown of calls and ports: history, status, counters.

use crate::sccp::message::{RingMode, Tone};
use crate::time::Time;
use crate::types::{CallDirection, CallRef, CallState, PortState};

pub use crate::types::EndCause;

/// One finished call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The CallManager's number for it.
    pub call: CallRef,
    /// Who called whom.
    pub direction: CallDirection,
    /// Number of the far party as the server last sent it; else what was dialled; may be empty.
    pub number: String,
    /// Name of the far party; may be empty.
    pub name: String,
    /// What the phone dialled to begin the call; may be empty.
    pub dialed: String,
    /// First heard of.
    pub started: Time,
    /// Connected, if it ever was.
    pub connected: Option<Time>,
    /// Over.
    pub ended: Time,
    /// Why.
    pub cause: EndCause,
}

/// One call, for status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSnapshot {
    /// The CallManager's number for it.
    pub call: CallRef,
    /// Who called whom.
    pub direction: CallDirection,
    /// Its state.
    pub state: CallState,
    /// Number of the far party; may be empty.
    pub number: String,
    /// Name of the far party; may be empty.
    pub name: String,
    /// What the phone dialled to begin the call; may be empty.
    pub dialed: String,
    /// First heard of.
    pub started: Time,
    /// Connected since.
    pub connected: Option<Time>,
}

/// Where the server forwards the calls of a line; an empty number is one that the server does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwards {
    /// All calls.
    pub all: Option<String>,
    /// When the line is busy.
    pub busy: Option<String>,
    /// When nobody answers.
    pub no_answer: Option<String>,
}

/// A port, for status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSnapshot {
    /// Loop closed, after debounce and flash decoding.
    pub off_hook: bool,
    /// State in one word.
    pub state: PortState,
    /// In that state since.
    pub since: Time,
    /// The call that the phone hears or sets up.
    pub active: Option<CallRef>,
    /// All calls.
    pub calls: Vec<CallSnapshot>,
    /// Tone that the phone hears now.
    pub tone: Option<Tone>,
    /// Ring asked for now.
    pub ring: Option<RingMode>,
    /// A message waits.
    pub message_waiting: bool,
    /// Where its calls are forwarded.
    pub forwards: Forwards,
    /// Times in a row that the server said nothing to a lift, an answer or a flash, since it last spoke of a call.
    pub unanswered: u32,
    /// What has been counted.
    pub counters: PortCounters,
}

impl PortSnapshot {
    /// On-hook, and no call of this phone.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, PortState::Idle | PortState::InUseElsewhere)
            && self
                .calls
                .iter()
                .all(|c| c.state == CallState::InUseElsewhere)
    }
}

/// What a port counts. Each is shown by `tipring port show`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortCounters {
    /// Calls received.
    pub calls_in: u64,
    /// Calls begun.
    pub calls_out: u64,
    /// Flashes seen.
    pub flashes: u64,
    /// Flashes with no meaning at that moment.
    pub flashes_unused: u64,
    /// DTMF digits taken.
    pub digits_dtmf: u64,
    /// Pulse digits taken.
    pub digits_pulse: u64,
    /// Digits dropped (dialled in a state that takes none, or heard while pulses were counted).
    pub digits_dropped: u64,
    /// Openings too short for a pulse, or between the windows.
    pub openings_odd: u64,
    /// Lifted without a registered device.
    pub lifted_unregistered: u64,
    /// Error tone played because the far end hung up, the call failed, or the server did not respond.
    pub error_tones: u64,
    /// Times the server said nothing to a lift, an answer or a flash.
    pub server_silences: u64,
    /// Howler played.
    pub howlers: u64,
    /// Lockout: off-hook past the howler.
    pub lockouts: u64,
    /// Server's tones that fitted no call.
    pub tones_ignored: u64,
    /// Media messages that named no leg.
    pub media_ignored: u64,
    /// Media that was refused (codec, packet time, no socket, on-hook).
    pub media_refused: u64,
    /// Multicast groups joined.
    pub multicast_groups: u64,
    /// Messages for calls never announced.
    pub unknown_calls: u64,
    /// Caller IDs sent.
    pub caller_ids: u64,
    /// Calls that outlived their CallManager link.
    pub preserved: u64,
    /// Of these, ended because nothing more came from the far end.
    pub preserved_silent: u64,
}
