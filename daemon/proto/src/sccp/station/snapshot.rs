//! The station as the CLI shows it.

use std::collections::VecDeque;

use crate::sccp::message::DefineTimeDate;
use crate::sccp::station::{LostReason, RejectCause};
use crate::time::Time;
use crate::types::{ConnectionPurpose, ConnectionState, RegistrationState};

/// What the station is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StationState {
    /// Not started, or stopped.
    Stopped,
    /// Waiting for the next try.
    Waiting {
        /// Server to be tried.
        server: usize,
        /// When.
        until: Time,
    },
    /// TCP is being opened.
    Connecting {
        /// To which server.
        server: usize,
    },
    /// Register is sent.
    Registering {
        /// At which server.
        server: usize,
    },
    /// RegisterAck is here, the request round runs.
    Asking {
        /// At which server.
        server: usize,
    },
    /// Calls work.
    Registered {
        /// At which server.
        server: usize,
        /// Since when.
        since: Time,
    },
    /// Unregister is sent.
    Unregistering {
        /// From which server.
        server: usize,
    },
}

impl StationState {
    /// The state in one word.
    pub fn registration(self) -> RegistrationState {
        match self {
            StationState::Stopped => RegistrationState::Stopped,
            StationState::Waiting { .. } => RegistrationState::Waiting,
            StationState::Connecting { .. } => RegistrationState::Connecting,
            StationState::Registering { .. } => RegistrationState::Registering,
            StationState::Asking { .. } => RegistrationState::Asking,
            StationState::Registered { .. } => RegistrationState::Registered,
            StationState::Unregistering { .. } => RegistrationState::Unregistering,
        }
    }

    /// The server this state is about.
    pub fn server(self) -> Option<usize> {
        match self {
            StationState::Stopped => None,
            StationState::Waiting { server, .. }
            | StationState::Connecting { server }
            | StationState::Registering { server }
            | StationState::Asking { server }
            | StationState::Registered { server, .. }
            | StationState::Unregistering { server } => Some(server),
        }
    }
}

/// Counters since the station was made. They saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationCounters {
    /// TCP connections asked for.
    pub connects: u64,
    /// … of which came to nothing.
    pub connect_failures: u64,
    /// Registrations completed.
    pub registrations: u64,
    /// Registrations that ended without our asking.
    pub lost: u64,
    /// RegisterReject.
    pub rejects: u64,
    /// Registrations that were not the first: came back after a loss.
    pub reconnects: u64,
    /// KeepAlive sent.
    pub keepalives_sent: u64,
    /// KeepAlive not answered in time.
    pub keepalives_missed: u64,
    /// Messages received.
    pub frames_received: u64,
    /// Messages sent.
    pub frames_sent: u64,
    /// Connections closed because of bytes that are no SCCP.
    pub bad_frames: u64,
    /// Messages with a known id that could not be read.
    pub unreadable: u64,
    /// Messages with an unknown id.
    pub unknown_ids: u64,
    /// Answers of the request round that did not come in time.
    pub answers_missing: u64,
    /// Messages that were to be sent while not registered, dropped.
    pub sends_dropped: u64,
    /// Reset, Restart and ApplyConfig received.
    pub resets: u64,
    /// Standby connections that were closed, or could not be opened.
    pub standbys_lost: u64,
}

/// The last RegisterReject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastReject {
    /// When.
    pub at: Time,
    /// By which server.
    pub server: usize,
    /// Its words.
    pub text: String,
    /// Their meaning.
    pub cause: RejectCause,
}

/// The line as the server described it in LineStat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineReport {
    /// Directory number.
    pub number: String,
    /// Display name.
    pub name: String,
    /// Label.
    pub label: String,
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub at: Time,
    /// At which server.
    pub server: usize,
    /// What.
    pub what: HistoryKind,
}

/// What a line of the history is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryKind {
    /// Registered with this version.
    Registered {
        /// Version used.
        version: u8,
    },
    /// A registration ended.
    Lost(LostReason),
    /// A try came to nothing.
    AttemptFailed(LostReason),
}

/// One connection to a CallManager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionShown {
    /// To which server.
    pub server: usize,
    /// What for.
    pub purpose: ConnectionPurpose,
    /// Where it stands.
    pub state: ConnectionState,
}

/// A copy of everything there is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationSnapshot {
    /// State.
    pub state: StationState,
    /// Every connection that is open or being opened, the oldest first.
    pub connections: Vec<ConnectionShown>,
    /// Version in use; the one offered while not registered.
    pub version: u8,
    /// Keepalive interval in use, s; 0 while not registered.
    pub keepalive_s: u32,
    /// KeepAlive unanswered since.
    pub suspect_since: Option<Time>,
    /// A call is up.
    pub busy: bool,
    /// A reset or restart waits for the port to be idle.
    pub reset_pending: bool,
    /// Counters.
    pub counters: StationCounters,
    /// The last refusal.
    pub last_reject: Option<LastReject>,
    /// The last end of a registration or a try: at which server, and why.
    pub last_lost: Option<(usize, LostReason)>,
    /// The line as the server described it.
    pub line: Option<LineReport>,
    /// Date and time as the server sent them, and when that was.
    pub time_date: Option<(Time, DefineTimeDate)>,
    /// Last events, oldest first, at most 16. Equal ones between two registrations are one entry, with the time of
    /// the last.
    pub history: VecDeque<HistoryEntry>,
}
