//! What a test CallManager reports: outputs, events, the picture of its state.

use std::fmt;
use std::net::SocketAddrV4;

use crate::sccp::message::ConnectionStatistics;
use crate::types::{CallRef, DeviceName};

/// A TCP connection as its owner numbers it; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CmOutput {
    /// Write these bytes.
    Send {
        /// Where.
        conn: ConnId,
        /// A message, or several of Cisco's CallManager.
        bytes: Vec<u8>,
    },
    /// Close the connection; report nothing more about it.
    Close {
        /// Which.
        conn: ConnId,
    },
    /// Something to report.
    Event(CmEvent),
}

/// Why a device is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GoneReason {
    /// It unregistered.
    Unregistered,
    /// Its connection ended.
    Closed,
    /// Its KeepAlive stayed away.
    KeepaliveExpired,
    /// Another connection came with its name, or the server closed it for another reason.
    Dropped,
}

/// How a call came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndCause {
    /// This side hung up.
    NearHangUp,
    /// The other side hung up.
    FarHangUp,
    /// Dialing took too long, or the number leads nowhere.
    Dialing,
    /// Busy, congestion or refused.
    Refused,
    /// Nobody answered.
    NoAnswer,
    /// Joined to another call by transfer.
    Transferred,
    /// The device is gone.
    DeviceGone,
    /// Media could not be opened.
    MediaFailed,
    /// [`CallManager::hang_up`](super::CallManager::hang_up).
    Commanded,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CmEvent {
    /// A device registered.
    Registered {
        /// Its name.
        device: DeviceName,
        /// Its number.
        number: String,
        /// Version it offered.
        offered: u8,
        /// Device type in its Register.
        device_type: u32,
    },
    /// A device was refused.
    Refused {
        /// The name it sent.
        name: String,
        /// What was answered.
        text: String,
    },
    /// A registered device is gone.
    Gone {
        /// Its name.
        device: DeviceName,
        /// Why.
        reason: GoneReason,
    },
    /// A port has dial tone.
    OffHook {
        /// Its number.
        number: String,
        /// The call.
        call: CallRef,
    },
    /// A port is to ring, or to announce a waiting call.
    Ringing {
        /// Its number.
        number: String,
        /// The call.
        call: CallRef,
        /// It waits behind another call.
        waiting: bool,
    },
    /// A call is connected.
    Answered {
        /// The caller's call.
        call: CallRef,
        /// Who called, empty when unknown.
        from: String,
        /// Who was called.
        to: String,
    },
    /// A port's call ended.
    Ended {
        /// Its number.
        number: String,
        /// The call.
        call: CallRef,
        /// Why.
        cause: EndCause,
    },
    /// A key in a connected call.
    Digit {
        /// The port's number.
        number: String,
        /// The call.
        call: CallRef,
        /// The key; `?` for a button number that is none.
        digit: char,
    },
    /// A port opened its receive side.
    MediaOpened {
        /// The port's number.
        number: String,
        /// The call.
        call: CallRef,
        /// Where it listens.
        address: SocketAddrV4,
    },
    /// ConnectionStatisticsRes.
    Statistics {
        /// The port's number.
        number: String,
        /// The counters.
        statistics: ConnectionStatistics,
    },
    /// The Alarm text of a device that is about to register.
    Alarm {
        /// The text.
        text: String,
    },
    /// A connection was closed for bytes that are no SCCP, or a message could not be read.
    ProtocolError {
        /// The connection.
        conn: ConnId,
        /// What was wrong.
        text: String,
    },
}

/// Why a call from outside could not be placed, or a command not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// No device has this number or name.
    UnknownNumber,
    /// The device is not registered.
    NotRegistered,
    /// It talks, and has no call waiting (or somebody waits already).
    Busy,
    /// No such call.
    UnknownCall,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CommandError::UnknownNumber => "no device has this number; see the list of devices",
            CommandError::NotRegistered => "the device is not registered; start it first",
            CommandError::Busy => "the port is busy and no further call can wait",
            CommandError::UnknownCall => "no such call; it has ended",
        })
    }
}

impl std::error::Error for CommandError {}

/// What the port pressed, per call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigitLog {
    /// The port's number.
    pub number: String,
    /// The call.
    pub call: CallRef,
    /// Keys before the call was connected, in order, as KeypadButton or EnblocCall sent them.
    pub dialled: String,
    /// Keys in the connected call.
    pub in_call: String,
}

/// One device of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Name.
    pub name: DeviceName,
    /// Number.
    pub number: String,
    /// Connection, when registered.
    pub conn: Option<ConnId>,
    /// Layouts used with it.
    pub version: u8,
    /// Message lamp.
    pub mwi: bool,
}

/// One call of a snapshot: a port's side of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallView {
    /// The port's number.
    pub number: String,
    /// The call.
    pub call: CallRef,
    /// `dialing`, `calling`, `ringing`, `connected`, `held` or `failed`.
    pub state: &'static str,
    /// The other side's number.
    pub far: String,
    /// Where the port listens.
    pub receives_at: Option<SocketAddrV4>,
    /// Where the port is to send.
    pub sends_to: Option<SocketAddrV4>,
}

/// A copy of everything there is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CmSnapshot {
    /// Devices, in order of their entry.
    pub devices: Vec<DeviceView>,
    /// Calls, oldest first.
    pub calls: Vec<CallView>,
    /// Open connections, registered or not.
    pub connections: usize,
    /// Messages received.
    pub frames_received: u64,
    /// Messages sent.
    pub frames_sent: u64,
    /// Connections closed for bytes that are no SCCP.
    pub bad_frames: u64,
    /// Messages that could not be read or have an unknown id.
    pub not_understood: u64,
}
