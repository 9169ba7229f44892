//! What goes into a device and what comes out of it.

use std::net::Ipv4Addr;

use crate::call::{
    CallRecord, DigitHeard, LineInput, LineOutput, MediaInput, MediaOutput, PortConfig,
    PortSnapshot,
};
use crate::sccp::station::{
    CloseReason, ConnectFailure, StationConfig, StationEvent, StationSnapshot, TracedMessage,
};

/// Everything a device is told before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceConfig {
    /// Towards the CallManager; `trace` in it turns on [`Output::Trace`] altogether.
    pub station: StationConfig,
    /// Towards the set.
    pub port: PortConfig,
}

/// Anything a device is told.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The connection asked for by [`Output::Connect`] is open.
    TcpConnected {
        /// Our own address on it.
        local: Ipv4Addr,
    },
    /// It could not be opened.
    TcpFailed {
        /// Why.
        failure: ConnectFailure,
    },
    /// Bytes came, in any pieces.
    TcpBytes(&'a [u8]),
    /// The connection ended, not by our [`Output::Close`].
    TcpClosed {
        /// How.
        reason: CloseReason,
    },
    /// The second connection, asked for by [`Output::Probe`], is open.
    ProbeConnected {
        /// Our own address on it.
        local: Ipv4Addr,
    },
    /// It could not be opened.
    ProbeFailed {
        /// Why.
        failure: ConnectFailure,
    },
    /// It is not opened: another device is asking that server.
    ProbeHeld,
    /// Bytes came over it, in any pieces.
    ProbeBytes(&'a [u8]),
    /// It ended, not by our [`Output::ProbeClose`].
    ProbeClosed {
        /// How.
        reason: CloseReason,
    },
    /// Another device has been accepted by this server.
    SiblingRegistered {
        /// Place in the list.
        server: usize,
    },
    /// Another device has been registered with this server for a while.
    SiblingSettled {
        /// Place in the list.
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

/// Anything a device asks for or tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a TCP connection to this server of the list (from 0).
    Connect {
        /// Place in the list.
        server: usize,
    },
    /// Open a second connection, to this better server, beside the present one; one that is open is closed.
    Probe {
        /// Place in the list.
        server: usize,
    },
    /// Write these bytes to it with one call.
    ProbeWrite(Vec<u8>),
    /// Close it (or give up opening it); tell nothing more about it.
    ProbeClose,
    /// It takes the place of the first one, which is closed when what waits to be written is out.
    Adopt,
    /// Write these bytes with one call.
    Write(Vec<u8>),
    /// Close the connection (or give up opening it); tell nothing more about it.
    Close,
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
    /// The card told something.
    LineIn(LineInput),
    /// The line was told something.
    LineOut(LineOutput),
    /// A digit was heard.
    Digit(DigitHeard),
    /// The media side told something.
    MediaIn(MediaInput),
    /// The media side was told something.
    MediaOut(MediaOutput),
}

/// A device, for status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSnapshot {
    /// Registration.
    pub station: StationSnapshot,
    /// Set and calls.
    pub port: PortSnapshot,
}
