//! What crosses between control and the line thread: orders one way, reports the other.

use std::net::SocketAddrV4;
use std::time::Duration;

use tipring_dsp::{Chain, ChainCommand, ChainEvent};
use tipring_hal::port::{LineCommand, LineEvent, LinePort, PortError};
use tipring_proto::rtp::NetworkDigit;
use tipring_proto::types::Codec;

use super::{FaxRelay, FaxTap, MediaSession};

/// Place of a port in the list that [`super::spawn`] was given, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortIndex(pub u16);

/// Control's name of a media session; unique for as long as the session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Where and how a session sends (StartMediaTransmission).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The far end; from now on it is accepted before all others.
    pub address: SocketAddrV4,
    /// Codec of our packets.
    pub codec: Codec,
    /// Milliseconds in a packet.
    pub ptime_ms: u8,
    /// Payload type of telephone-events, when the far end takes them: the phone's DTMF then goes out as events.
    pub event_payload_type: Option<u8>,
    /// DSCP of our packets from now on.
    pub dscp: u8,
}

/// What control orders of the line thread for a port.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "it crosses a ring by value: a box would be freed in the line thread"
)]
pub enum LineOrder {
    /// To the card.
    Port(LineCommand),
    /// To the signal chain.
    Chain(ChainCommand),
    /// A session built by [`MediaSession::open`]; it receives from now on. The first session of a port without one
    /// is linked to the line. It comes back as [`LineReport::SessionReturned`].
    AddSession(Box<MediaSession>),
    /// Starts sending, or changes where and how.
    SetRemote {
        /// Which session.
        session: SessionId,
        /// Where and how.
        remote: Remote,
    },
    /// Stops sending (StopMediaTransmission); reception goes on, and another source may follow the present one sooner.
    StopSend {
        /// Which session.
        session: SessionId,
    },
    /// Takes the session out and hands it back.
    RemoveSession {
        /// Which session.
        session: SessionId,
    },
    /// Links this session to the line, or none (hold). Others of the port send nothing and play nothing.
    Bridge(Option<SessionId>),
    /// Data or voice passes in this session, and in the chain while it is linked to the line
    /// ([`ChainCommand::PassThrough`]).
    PassThrough {
        /// Which session.
        session: SessionId,
        /// Data, and the silence of both sides that is reported, ms; none: voice.
        data: Option<u32>,
    },
    /// This number of earlier packets goes again with each one of this session while data passes.
    Repeat {
        /// Which session.
        session: SessionId,
        /// How many.
        depth: u8,
    },
    /// A named signalling event goes out in the voice of this session.
    SendEvent {
        /// Which session.
        session: SessionId,
        /// Of the event.
        payload_type: u8,
        /// Its number.
        event: u8,
        /// With a timestamp of its own; otherwise it is a copy of the one before.
        first: bool,
    },
    /// T.38 takes the place of the voice of this session. The relay comes back as [`LineReport::RelayReturned`], or in
    /// its session.
    Relay {
        /// Which session.
        session: SessionId,
        /// Built by [`FaxRelay::build`].
        relay: Box<FaxRelay>,
    },
    /// Voice again.
    EndRelay {
        /// Which session.
        session: SessionId,
    },
    /// Listens to a fax in this session while data passes as sound. It comes back in its session, or as
    /// [`LineReport::TapReturned`].
    Listen {
        /// Which session.
        session: SessionId,
        /// Built by [`FaxTap::build`].
        tap: Box<FaxTap>,
    },
    /// Puts another chain in the place of the port's present one, for an idle port: a tone or caller ID under way
    /// ends, and its end is not reported. The former chain comes back as [`LineReport::ChainReturned`].
    ReplaceChain(MadeChain),
    /// Puts another card in the place of the port's present one, which comes back as [`LineReport::CardReturned`].
    ReplaceCard(Box<CardSet>),
}

/// A signal chain on its way: made and dropped by control, used in the line thread.
pub struct MadeChain(pub Box<Chain>);

impl std::fmt::Debug for MadeChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MadeChain")
    }
}

/// A port of a card, on its way into the line thread or back out of it.
pub struct CardSet {
    /// The port. Its block must be as long as that of the one it replaces.
    pub port: Box<dyn LinePort>,
    /// A chain for it, where its law differs.
    pub chain: Option<Chain>,
}

impl std::fmt::Debug for CardSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardSet")
            .field("wake", &self.port.wake())
            .field("law", &self.port.law())
            .finish_non_exhaustive()
    }
}

/// What the line thread reports to control. `at` is `CLOCK_MONOTONIC`.
#[derive(Debug)]
pub enum LineReport {
    /// A hook, ringing or fault event, stamped by the card.
    Line {
        /// Which port.
        port: PortIndex,
        /// What and when.
        event: LineEvent,
    },
    /// The signal chain detected or finished something.
    Chain {
        /// Which port.
        port: PortIndex,
        /// When the block that held it was read.
        at: Duration,
        /// What.
        event: ChainEvent,
    },
    /// A digit that the far end sent as telephone-event; the line thread plays it to the line itself.
    NetworkDigit {
        /// Which port.
        port: PortIndex,
        /// Which session.
        session: SessionId,
        /// When it came.
        at: Duration,
        /// What.
        digit: NetworkDigit,
    },
    /// A named signalling event of the far end, or a copy of one.
    NamedEvent {
        /// Which port.
        port: PortIndex,
        /// Which session.
        session: SessionId,
        /// When it was read.
        at: Duration,
        /// Its number.
        event: u8,
        /// Copies have the same.
        timestamp: u32,
    },
    /// T.38 came: the first of a relay, or some that nobody asked for.
    T38Arrived {
        /// Which port.
        port: PortIndex,
        /// Which session.
        session: SessionId,
        /// When it was read.
        at: Duration,
    },
    /// Voice came from the far end of a relay.
    VoiceArrived {
        /// Which port.
        port: PortIndex,
        /// Which session.
        session: SessionId,
        /// When it was read.
        at: Duration,
    },
    /// A relay that has ended, or found no session; to be dropped by the receiver of this.
    RelayReturned {
        /// Which port.
        port: PortIndex,
        /// Which session.
        session: SessionId,
        /// The relay.
        relay: Box<FaxRelay>,
    },
    /// What was to listen to a fax and found no session, or made place for another; to be dropped by the receiver of this.
    TapReturned {
        /// Which port.
        port: PortIndex,
        /// Which session.
        session: SessionId,
        /// What listened.
        tap: Box<FaxTap>,
    },
    /// A removed (or refused) session, to be dropped by the receiver of this.
    SessionReturned {
        /// Which port.
        port: PortIndex,
        /// The session, with its final figures.
        session: Box<MediaSession>,
        /// Why it comes back.
        why: Returned,
    },
    /// The card refused a command.
    Refused {
        /// Which port.
        port: PortIndex,
        /// What was asked.
        command: LineCommand,
        /// Its answer.
        error: PortError,
    },
    /// A card that was replaced, or was not put in its place; to be dropped by the receiver of this.
    CardReturned {
        /// Which port.
        port: PortIndex,
        /// The card.
        card: Box<CardSet>,
        /// Why it comes back.
        why: CardBack,
    },
    /// A chain that was replaced, or found no port; to be dropped by the receiver of this.
    ChainReturned {
        /// Which port.
        port: PortIndex,
        /// The chain.
        chain: MadeChain,
    },
    /// An order named a session that the port does not have.
    NoSuchSession {
        /// Which port.
        port: PortIndex,
        /// Which session.
        session: SessionId,
    },
}

/// Why a session comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// As ordered.
    Removed,
    /// The port has no room for one more session, or already has one of this name.
    NoRoom,
    /// There is no such port.
    NoPort,
    /// The kernel refused to watch its socket; `errno` as it came.
    NotWatched(i32),
}

/// Why a card comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardBack {
    /// The other one has its place, and has found the loop so.
    Replaced {
        /// Loop closed?
        off_hook: bool,
    },
    /// Its block is not as long as that of the one it was to replace, which goes on.
    WrongBlock,
    /// There is no such port.
    NoPort,
}

/// The order ring is full; the order comes back.
#[derive(Debug, thiserror::Error)]
#[error("the line thread does not take orders fast enough: its ring is full")]
pub struct RingFull(pub LineOrder);
