//! What is told about calls and ports: history, status, counters.

use crate::sccp::message::{RingMode, Tone};
use crate::time::Time;
use crate::types::CallRef;

/// Who called whom, seen from the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The port was called.
    Incoming,
    /// The port called.
    Outgoing,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The set was hung up.
    NearHangUp,
    /// The far end (or the server) ended a connected call.
    FarHangUp,
    /// The caller gave up before the set was lifted.
    NotAnswered,
    /// Answered, or taken off hold, at another phone of the line.
    AnsweredElsewhere,
    /// The far end was busy.
    Busy,
    /// Congestion, wrong number or another failure the server named by a tone or state.
    Congestion,
    /// The server ended the call before it was connected and did not say why.
    Refused,
    /// No digit came.
    NoDigits,
    /// Joined with another call.
    Transferred,
    /// The CallManager was lost.
    LinkLost,
    /// The CallManager was lost while they talked, and then the far end sent nothing more.
    RtpEnded,
    /// The line or its card failed.
    LineFault,
}

/// One finished call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The CallManager's number for it.
    pub call: CallRef,
    /// Who called whom.
    pub direction: Direction,
    /// Number of the far party as the server last told it; else what was dialled; may be empty.
    pub number: String,
    /// Name of the far party; may be empty.
    pub name: String,
    /// What the set dialled to begin the call; may be empty.
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

/// State of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallWord {
    /// Offered while on-hook: ringing.
    Offered,
    /// Offered while another call (or nothing but a closed loop) occupies the set.
    Waiting,
    /// Lifted or answered by us; the server has not connected it yet.
    Answering,
    /// Digits are collected.
    Dialing,
    /// The number is complete.
    Proceeding,
    /// The far set rings.
    RingOut,
    /// Talking.
    Connected,
    /// On hold.
    Held,
    /// The far end is busy.
    Busy,
    /// Congestion or a wrong number.
    Failed,
    /// Talking, but the CallManager that set it up is lost.
    Preserved,
    /// At another phone of the line.
    Elsewhere,
}

impl CallWord {
    /// For people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            CallWord::Offered => "ringing",
            CallWord::Waiting => "waiting",
            CallWord::Answering => "answering",
            CallWord::Dialing => "dialing",
            CallWord::Proceeding => "proceeding",
            CallWord::RingOut => "ringing-out",
            CallWord::Connected => "connected",
            CallWord::Held => "held",
            CallWord::Busy => "busy",
            CallWord::Failed => "failed",
            CallWord::Preserved => "preserved",
            CallWord::Elsewhere => "in-use-elsewhere",
        }
    }
}

/// State of a port in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortWord {
    /// On-hook, nothing to do.
    Idle,
    /// On-hook, nothing to do here; the line is in use at another phone.
    InUseElsewhere,
    /// On-hook; caller ID goes out before the first ring.
    Announcing,
    /// Ringing.
    Ringing,
    /// Ringing to remind of a call on hold.
    Reminding,
    /// Lifted; waiting for the server.
    Lifted,
    /// A call is set up or talked on.
    InCall,
    /// Off-hook, all calls on hold.
    AllHeld,
    /// Off-hook; an error tone plays.
    ErrorTone,
    /// Off-hook; the howler plays.
    Howling,
    /// Off-hook for too long; silent until the loop opens.
    Parked,
    /// The line or card is in trouble.
    Fault,
}

impl PortWord {
    /// For people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            PortWord::Idle => "idle",
            PortWord::InUseElsewhere => "in-use-elsewhere",
            PortWord::Announcing => "announcing",
            PortWord::Ringing => "ringing",
            PortWord::Reminding => "reminding",
            PortWord::Lifted => "lifted",
            PortWord::InCall => "in-call",
            PortWord::AllHeld => "all-held",
            PortWord::ErrorTone => "error-tone",
            PortWord::Howling => "howling",
            PortWord::Parked => "parked",
            PortWord::Fault => "fault",
        }
    }
}

/// One call, for status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSnapshot {
    /// The CallManager's number for it.
    pub call: CallRef,
    /// Who called whom.
    pub direction: Direction,
    /// Its state.
    pub state: CallWord,
    /// Number of the far party; may be empty.
    pub number: String,
    /// Name of the far party; may be empty.
    pub name: String,
    /// What the set dialled to begin the call; may be empty.
    pub dialed: String,
    /// First heard of.
    pub started: Time,
    /// Connected since.
    pub connected: Option<Time>,
}

/// A port, for status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSnapshot {
    /// Loop closed, after debounce and flash decoding.
    pub off_hook: bool,
    /// State in one word.
    pub state: PortWord,
    /// In that state since.
    pub since: Time,
    /// The call the set hears or sets up.
    pub active: Option<CallRef>,
    /// All calls.
    pub calls: Vec<CallSnapshot>,
    /// Tone the set hears now.
    pub tone: Option<Tone>,
    /// Ring asked for now.
    pub ring: Option<RingMode>,
    /// A message waits.
    pub message_waiting: bool,
    /// Times in a row that the server said nothing to a lift, an answer or a flash, since it last spoke of a call.
    pub unanswered: u32,
    /// What has been counted.
    pub counters: PortCounters,
}

impl PortSnapshot {
    /// On-hook, and no call of this phone.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, PortWord::Idle | PortWord::InUseElsewhere)
            && self.calls.iter().all(|c| c.state == CallWord::Elsewhere)
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
    /// Error tone played because the server fell silent or the call failed.
    pub error_tones: u64,
    /// Times the server said nothing to a lift, an answer or a flash.
    pub server_silences: u64,
    /// Howler played.
    pub howlers: u64,
    /// Parked: off-hook past the howler.
    pub parked: u64,
    /// Server's tones that fitted no call.
    pub tones_ignored: u64,
    /// Media messages that named no leg.
    pub media_ignored: u64,
    /// Media that was refused (codec, packet time, no socket, on-hook).
    pub media_refused: u64,
    /// Messages for calls never announced.
    pub unknown_calls: u64,
    /// Caller IDs sent.
    pub caller_ids: u64,
    /// Calls that outlived their CallManager link.
    pub preserved: u64,
    /// Of these, ended because nothing more came from the far end.
    pub preserved_silent: u64,
}
