//! What goes into a device and what comes out of it.

use std::net::Ipv4Addr;

use crate::call::{
    CallRecord, DigitHeard, LineInput, LineOutput, MediaInput, MediaOutput, PortConfig,
    PortSnapshot,
};
use crate::sccp::station::{
    CloseReason, ConnectFailure, StationConfig, StationEvent, StationSnapshot, TracedMessage,
};
use crate::types::{ConnectionId, ConnectionPurpose, Digit};

/// The configuration of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceConfig {
    /// Towards the CallManager; `trace` in it turns on [`Output::Trace`] altogether.
    pub station: StationConfig,
    /// Towards the phone.
    pub port: PortConfig,
}

/// Anything that a device takes.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A connection asked for by [`Output::Connect`] is open.
    Connected {
        /// Which.
        id: ConnectionId,
        /// Our own address on it.
        local: Ipv4Addr,
    },
    /// It could not be opened.
    ConnectFailed {
        /// Which.
        id: ConnectionId,
        /// Why.
        failure: ConnectFailure,
    },
    /// It is a trial and is not opened: another device is asking that server.
    Deferred {
        /// Which.
        id: ConnectionId,
    },
    /// Bytes came, in any pieces.
    Received {
        /// Over which connection.
        id: ConnectionId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A connection ended, not by our [`Output::Close`].
    Lost {
        /// Which.
        id: ConnectionId,
        /// How.
        reason: CloseReason,
    },
    /// Another device has been accepted by this server.
    SiblingRegistered {
        /// Place in the list.
        server: usize,
    },
    /// Ask this better server: it is this device's turn, or (not at once) all may come.
    LookAt {
        /// Number of the server.
        server: usize,
        /// Before any other device.
        at_once: bool,
    },
    /// Where the device tries to register nobody answers: it goes to this server.
    LeadTo {
        /// Number of the server.
        server: usize,
        /// Its place among those that go there after each other. None: before any other device, at once.
        turn: Option<u16>,
    },
    /// The attempt that has just begun goes to this server instead.
    TurnTo {
        /// Number of the server.
        server: usize,
    },
    /// An operator wishes it: try now what would be tried later.
    RetryNow {
        /// With this server; none: with the best one.
        server: Option<usize>,
    },
    /// An operator wishes it: unregister, and register again.
    Restart,
    /// Send a KeepAlive, for all devices of this server.
    Ask,
    /// This server was found silent: ask whether it is there.
    Probe {
        /// Number of the server.
        server: usize,
    },
    /// A link has come up, or an address: what failed before may work now.
    NetworkChanged,
    /// From the card.
    Line(LineInput),
    /// From the DTMF detector.
    Digit(DigitHeard),
    /// From the media side.
    Media(MediaInput),
    /// Unregister and stop; [`StationEvent::Stopped`] follows within a second or so. (The same event comes when the device
    /// leaves because its line is dead.)
    Stop,
}

/// Anything that a device asks for or reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a TCP connection to this server of the list.
    Connect {
        /// Names it in all that follows. No other connection of this device had or will have it.
        id: ConnectionId,
        /// Place in the list, from 0.
        server: usize,
        /// What it is for.
        purpose: ConnectionPurpose,
    },
    /// Write these bytes with one call.
    Send {
        /// Over which connection.
        id: ConnectionId,
        /// One message.
        bytes: Vec<u8>,
    },
    /// Close the connection when what waits to be written is out (or give up opening it). What is reported of it
    /// afterwards changes nothing.
    Close {
        /// Which.
        id: ConnectionId,
    },
    /// To the line.
    Line(LineOutput),
    /// To the media side.
    Media(MediaOutput),
    /// A call is over.
    Record(CallRecord),
    /// Worth a log line. Never [`StationEvent::Message`].
    Event(StationEvent),
    /// For `tipring trace`; only while tracing is on.
    Trace(TraceEvent),
}

/// One line of a trace, in the order in which things happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// An SCCP message.
    Message {
        /// By us.
        sent: bool,
        /// What.
        message: TracedMessage,
    },
    /// From the card.
    LineIn(LineInput),
    /// To the line.
    LineOut(LineOutput),
    /// A digit was heard.
    Digit(DigitHeard),
    /// A digit was counted from the openings of the loop.
    Counted(Digit),
    /// From the media side.
    MediaIn(MediaInput),
    /// To the media side.
    MediaOut(MediaOutput),
}

/// A device, for status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSnapshot {
    /// Registration.
    pub station: StationSnapshot,
    /// Phone and calls.
    pub port: PortSnapshot,
}
