//! What a station reports to its owner: outputs, events, and the reasons for a lost link.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

pub use tipring_types::finding::RejectCause;

use super::lockout::Vain;
use crate::names::NameFailure;
use crate::sccp::message::{ClientMessage, ResetKind, ServerMessage};
use crate::time::Time;
use crate::types::{ConnectionId, ConnectionPurpose};

/// What to do next; taken with [`Station::poll_output`](super::Station::poll_output) until it is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StationOutput {
    /// Open a TCP connection to this server (DSCP CS3) and report `connected` or `connect_failed`; `deferred` when it is
    /// a trial and another device is asking that server.
    Connect {
        /// Names it in all that follows. No other connection of this station had or will have it.
        id: ConnectionId,
        /// Place in the list, from 0.
        server: usize,
        /// What it is for.
        purpose: ConnectionPurpose,
    },
    /// Write these bytes with one call: chan_skinny drops a connection whose message header arrives in
    /// two pieces.
    Send {
        /// Over which connection.
        id: ConnectionId,
        /// One message.
        bytes: Vec<u8>,
    },
    /// Close the connection when what it still has to write is written, or give up connecting. Whatever is reported of
    /// it afterwards changes nothing.
    Close {
        /// Which connection.
        id: ConnectionId,
    },
    /// Something to report.
    Event(StationEvent),
    /// One message, for `tipring trace`; only while tracing is on.
    Trace {
        /// Sent by us, or received.
        sent: bool,
        /// The message.
        message: TracedMessage,
    },
}

/// A message as it is shown in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TracedMessage {
    /// One of ours.
    Client(ClientMessage),
    /// One of the server's.
    Server(ServerMessage),
    /// One of the server's that could not be read, and why.
    Unreadable(String),
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StationEvent {
    /// Registered, and the server has been asked all it needs to be asked: calls work.
    Registered {
        /// Which server.
        server: usize,
        /// Version used from now on: the lesser of ours and the one answered.
        version: u8,
        /// Keepalive interval used, s.
        keepalive_s: u32,
    },
    /// A registration came to its end.
    Lost {
        /// Which server.
        server: usize,
        /// Why.
        reason: LostReason,
        /// When the next try starts.
        retry_at: Time,
    },
    /// A try to register came to nothing.
    AttemptFailed {
        /// Which server.
        server: usize,
        /// Why.
        reason: LostReason,
        /// When the next try starts.
        retry_at: Time,
    },
    /// A message of the server that is not the station's own business. Comes only between `Registered`
    /// and `Lost`; a lamp sent before RegisterAck is kept until then.
    Message(ServerMessage),
    /// The server asked for a reset, restart or new configuration.
    ResetRequested {
        /// Which.
        kind: ResetKind,
        /// A call is up: it is done when the port is idle.
        deferred: bool,
    },
    /// A message with a known id that could not be read; reported once for each connection, counted always.
    UnreadableMessage {
        /// What was wrong.
        text: String,
    },
    /// It registers over its standby.
    Trying {
        /// At which server.
        server: usize,
    },
    /// A better server was asked, and does not take the device now.
    TrialFailed {
        /// Which server.
        server: usize,
        /// Why.
        reason: LostReason,
        /// It may be asked again after this time: nobody answered, or it still has our name for a broken connection.
        again: Option<Duration>,
    },
    /// The first KeepAliveAck of a connection: from now on this server's silence means something.
    AnswersKeepalives {
        /// Which server.
        server: usize,
    },
    /// The standby has ended, or could not be opened.
    StandbyLost {
        /// At which server.
        server: usize,
        /// Why.
        reason: LostReason,
    },
    /// The standby is open: the server can be reached.
    StandbyOpened {
        /// At which server.
        server: usize,
    },
    /// KeepAlive is not being answered; reported once until it is answered again.
    LinkSuspect {
        /// No answer since.
        since: Time,
    },
    /// The station has stopped after [`Station::stop`](super::Station::stop).
    Stopped,
}

/// Why TCP could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectFailure {
    /// Nobody listens there.
    Refused,
    /// No answer.
    TimedOut,
    /// No way there.
    Unreachable,
    /// The server's name has no address.
    Name {
        /// The name.
        name: String,
        /// Why.
        why: NameFailure,
    },
    /// This machine does not have the address that the connection is to come from.
    NoOwnAddress {
        /// The address.
        address: Ipv4Addr,
    },
    /// Anything else, in the system's words.
    Other(String),
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectFailure::Refused => {
                f.write_str("connection refused; is the CallManager running and the port right?")
            }
            ConnectFailure::TimedOut => f.write_str("no answer to the connection request"),
            ConnectFailure::Unreachable => f.write_str("no route to the server"),
            ConnectFailure::Name { name, why } => write!(
                f,
                "the name {name} could not be looked up: {why}; check the name and this machine's name servers, or write \
                 the CallManager's address"
            ),
            ConnectFailure::NoOwnAddress { address } => write!(
                f,
                "this machine does not have the address {address} ([gateway] address)"
            ),
            ConnectFailure::Other(text) => f.write_str(text),
        }
    }
}

/// How an open connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// End of file: the server closed it.
    ByServer,
    /// Reset by the server or by something between.
    Reset,
    /// TCP gave up retransmitting.
    TimedOut,
    /// Our own address on it is no address of this machine any more.
    AddressGone(Ipv4Addr),
    /// Anything else, in the system's words.
    Other(String),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseReason::ByServer => f.write_str("the server closed the connection"),
            CloseReason::Reset => f.write_str("the connection was reset"),
            CloseReason::TimedOut => f.write_str("TCP gave up: nothing comes back any more"),
            CloseReason::AddressGone(address) => {
                write!(f, "this machine has the address {address} no more")
            }
            CloseReason::Other(text) => write!(f, "the connection broke: {text}"),
        }
    }
}

/// Why a link or a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LostReason {
    /// TCP could not be opened.
    Connect(ConnectFailure),
    /// TCP ended.
    Closed(CloseReason),
    /// No KeepAliveAck for this time.
    KeepaliveLost {
        /// Silence.
        silent: Duration,
    },
    /// Neither RegisterAck nor RegisterReject in time.
    RegisterTimeout,
    /// RegisterReject.
    Rejected {
        /// The server's words.
        text: String,
        /// What they mean.
        cause: RejectCause,
    },
    /// RegisterTokenReject: the better server does not take the device back yet.
    TokenRefused {
        /// How long it wants to be left alone.
        wait: Duration,
    },
    /// Bytes that are no SCCP; the connection was closed.
    BadFrame {
        /// What was wrong.
        text: String,
    },
    /// The server asked for it.
    Reset(ResetKind),
    /// A better server can be reached again.
    ReturnToPreferred,
    /// New configuration from our side.
    Reconfigured,
    /// An operator asked for it.
    Restarted,
    /// [`Station::stop`](super::Station::stop).
    Stopped,
}

impl LostReason {
    /// We left of our own accord: no trouble of the server.
    pub fn is_our_wish(&self) -> bool {
        matches!(
            self,
            LostReason::Stopped
                | LostReason::Reconfigured
                | LostReason::Restarted
                | LostReason::ReturnToPreferred
        )
    }

    /// The server has ended it, or does not answer.
    pub fn is_the_servers_end(&self) -> bool {
        matches!(
            self,
            LostReason::Closed(_) | LostReason::KeepaliveLost { .. } | LostReason::BadFrame { .. }
        )
    }

    /// The server did not answer.
    pub fn is_silence(&self) -> bool {
        matches!(
            self,
            LostReason::Connect(ConnectFailure::TimedOut)
                | LostReason::Closed(CloseReason::TimedOut)
                | LostReason::KeepaliveLost { .. }
                | LostReason::RegisterTimeout
        )
    }

    /// The server cannot be reached: no connection to it comes about, or the one there was has died.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            LostReason::Connect(_) | LostReason::Closed(CloseReason::TimedOut)
        )
    }

    /// The server itself said it: it is there.
    pub fn is_an_answer(&self) -> bool {
        matches!(
            self,
            LostReason::Rejected { .. }
                | LostReason::TokenRefused { .. }
                | LostReason::BadFrame { .. }
                | LostReason::Closed(CloseReason::ByServer | CloseReason::Reset)
                | LostReason::Connect(ConnectFailure::Refused)
                | LostReason::Reset(_)
        )
    }

    /// What it says of the server to other devices. Name servers and our own address are no matter of the server.
    pub fn in_vain(&self) -> Option<Vain> {
        match self {
            _ if self.is_silence() => Some(Vain::Silent),
            _ if self.is_an_answer() => Some(Vain::Answered),
            LostReason::Connect(ConnectFailure::Unreachable | ConnectFailure::Other(_)) => {
                Some(Vain::NoWay)
            }
            _ => None,
        }
    }

    /// The server is there, and does not take the device.
    pub fn is_a_refusal(&self) -> bool {
        self.is_an_answer() && !matches!(self, LostReason::Connect(_))
    }

    /// Nobody failed: we wanted it, or the server asked for it.
    pub fn is_orderly(&self) -> bool {
        self.is_our_wish() || matches!(self, LostReason::Reset(_))
    }
}

impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LostReason::Connect(failure) => write!(f, "cannot connect: {failure}"),
            LostReason::Closed(reason) => reason.fmt(f),
            LostReason::KeepaliveLost { silent } => {
                write!(f, "keepalives unanswered for {} s", silent.as_secs())
            }
            LostReason::RegisterTimeout => f.write_str("no answer to Register"),
            LostReason::Rejected { text, cause } => {
                write!(f, "registration rejected ({text:?}, {cause:?})")
            }
            LostReason::TokenRefused { wait } => {
                write!(
                    f,
                    "the CallManager does not take the device back yet (wait {} s)",
                    wait.as_secs()
                )
            }
            LostReason::BadFrame { text } => write!(f, "not SCCP: {text}"),
            LostReason::Reset(kind) => write!(f, "the CallManager asked for a {kind}"),
            LostReason::ReturnToPreferred => f.write_str("going back to a better CallManager"),
            LostReason::Reconfigured => f.write_str("new configuration"),
            LostReason::Restarted => f.write_str("restarted by an operator"),
            LostReason::Stopped => f.write_str("stopped"),
        }
    }
}
