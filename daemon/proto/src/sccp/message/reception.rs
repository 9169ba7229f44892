//! Media to the station: a receive channel opened and closed, a multicast group listened to, and the station's answers.

use std::net::SocketAddrV4;

use tipring_types::trace::Fields;

use super::media::{latent_nse, put_latent_nse, shift, size, wide};
use super::{Contents, Encryption, Layout, MediaFormat, MediaStatus};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, Conference, Party};

family! { $ reception_rows
    client {
        0x0021 MulticastMediaReceptionAck(MulticastMediaReceptionAck),
        0x0022 OpenReceiveChannelAck(OpenReceiveChannelAck),
    }
    named {}
    server {
        0x0101 StartMulticastMediaReception(StartMulticastMediaReception),
        0x0103 StopMulticastMediaReception(StopMulticastMediaReception),
        0x0105 OpenReceiveChannel(OpenReceiveChannel),
        0x0106 CloseReceiveChannel(MediaLeg),
    }
    named {}
}

/// Open a socket and say which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReceiveChannel {
    /// Conference.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// Packet time, ms.
    pub ptime_ms: u32,
    /// Codec.
    pub format: MediaFormat,
    /// Echo cancellation asked for.
    pub echo_cancel: bool,
    /// Call; 0 from chan_skinny.
    pub call: CallRef,
    /// Encryption.
    pub encryption: Encryption,
    /// RFC 2833 payload type the other side will send, 0 = none.
    pub rfc2833_payload: u32,
    /// Payload type of named signalling events (NSE) in the latent capabilities, from version 21 on; none: not named.
    pub nse_payload: Option<u8>,
}

mod open {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const PTIME: usize = 8;
    pub(super) const FORMAT: usize = 12;
    pub(super) const ECHO_CANCEL: usize = 16;
    pub(super) const CALL: usize = 24;
    pub(super) const ALGORITHM: usize = 28;
    pub(super) const RFC2833: usize = 84;
    /// Body sizes as the standard layouts end; chan_skinny always sends the longest.
    pub(super) const SIZES: [usize; 3] = [108, 128, 168];
}

impl Layout for OpenReceiveChannel {
    fn decode(b: &Body<'_>) -> Result<OpenReceiveChannel, DecodeError> {
        use open::*;
        b.need("codec", FORMAT + 4)?;
        Ok(OpenReceiveChannel {
            conference: Conference(b.u32(CONFERENCE)),
            party: Party(b.u32(PARTY)),
            ptime_ms: b.u32(PTIME),
            format: MediaFormat(b.u32(FORMAT)),
            echo_cancel: b.u32(ECHO_CANCEL) != 0,
            call: CallRef(b.u32(CALL)),
            encryption: Encryption {
                algorithm: b.u32(ALGORITHM),
            },
            rfc2833_payload: b.u32(RFC2833),
            nse_payload: latent_nse(b),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use open::*;
        w.u32(CONFERENCE, self.conference.0);
        w.u32(PARTY, self.party.0);
        w.u32(PTIME, self.ptime_ms);
        w.u32(FORMAT, self.format.0);
        w.u32(ECHO_CANCEL, self.echo_cancel.into());
        w.u32(CALL, self.call.0);
        w.u32(ALGORITHM, self.encryption.algorithm);
        w.u32(RFC2833, self.rfc2833_payload);
        w.size(size(w.version, SIZES));
        put_latent_nse(w, self.nse_payload);
    }
}

impl Contents for OpenReceiveChannel {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("format", self.format.into())
            .with("ptime_ms", self.ptime_ms.into())
            .leg(self.conference, self.party, self.call)
            .with("echo_cancellation", self.echo_cancel.into())
            .with("rfc2833_payload", self.rfc2833_payload.into())
            .with("nse_payload", self.nse_payload.unwrap_or(0).into())
            .with("encryption", self.encryption.algorithm.into())
    }
}

/// Answer to OpenReceiveChannel: where media is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenReceiveChannelAck {
    /// Whether the channel is open.
    pub status: MediaStatus,
    /// Own address and port.
    pub address: SocketAddrV4,
    /// Media leg.
    pub party: Party,
    /// Call.
    pub call: CallRef,
}

mod open_ack {
    pub(super) const STATUS: usize = 0;
    pub(super) const ADDRESS: usize = 4;
    pub(super) const PARTY: usize = 12;
    pub(super) const CALL: usize = 16;
}

impl Layout for OpenReceiveChannelAck {
    fn decode(b: &Body<'_>) -> Result<OpenReceiveChannelAck, DecodeError> {
        use open_ack::*;
        let s = shift(b.version);
        b.need("pass-through party", PARTY + s + 4)?;
        Ok(OpenReceiveChannelAck {
            status: MediaStatus(b.u32(STATUS)),
            address: b.socket("own address", ADDRESS, wide(b.version))?,
            party: Party(b.u32(PARTY + s)),
            call: CallRef(b.u32(CALL + s)),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use open_ack::*;
        let s = shift(w.version);
        w.u32(STATUS, self.status.0);
        w.socket(ADDRESS, wide(w.version), self.address);
        w.u32(PARTY + s, self.party.0);
        w.u32(CALL + s, self.call.0);
    }
}

impl Contents for OpenReceiveChannelAck {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("status", self.status.into())
            .with("receives_on", self.address.into())
            .with("party", self.party.0.into())
            .with(Fields::CALL_REF, self.call.0.into())
    }
}

/// Listen to a multicast group: music on hold, or paging. Nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartMulticastMediaReception {
    /// Conference.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// The group and its port.
    pub group: SocketAddrV4,
    /// Packet time, ms.
    pub ptime_ms: u32,
    /// Codec.
    pub format: MediaFormat,
    /// Echo cancellation asked for.
    pub echo_cancel: bool,
    /// Call.
    pub call: CallRef,
}

/// Offsets before version 17; from there on everything behind the address is further back.
mod multicast {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const GROUP: usize = 8;
    pub(super) const PTIME: usize = 16;
    pub(super) const FORMAT: usize = 20;
    pub(super) const ECHO_CANCEL: usize = 24;
    /// Behind a word for the codec (G.723 bit rate, or its parameters).
    pub(super) const CALL: usize = 32;
}

impl Layout for StartMulticastMediaReception {
    fn decode(b: &Body<'_>) -> Result<StartMulticastMediaReception, DecodeError> {
        use multicast::*;
        let s = shift(b.version);
        let group = b.socket("multicast address", GROUP, wide(b.version))?;
        b.need("codec", FORMAT + s + 4)?;
        Ok(StartMulticastMediaReception {
            conference: Conference(b.u32(CONFERENCE)),
            party: Party(b.u32(PARTY)),
            group,
            ptime_ms: b.u32(PTIME + s),
            format: MediaFormat(b.u32(FORMAT + s)),
            echo_cancel: b.u32(ECHO_CANCEL + s) != 0,
            call: CallRef(b.u32(CALL + s)),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use multicast::*;
        let s = shift(w.version);
        w.u32(CONFERENCE, self.conference.0);
        w.u32(PARTY, self.party.0);
        w.socket(GROUP, wide(w.version), self.group);
        w.u32(PTIME + s, self.ptime_ms);
        w.u32(FORMAT + s, self.format.0);
        w.u32(ECHO_CANCEL + s, self.echo_cancel.into());
        w.u32(CALL + s, self.call.0);
    }
}

impl Contents for StartMulticastMediaReception {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("group", self.group.into())
            .with("format", self.format.into())
            .with("ptime_ms", self.ptime_ms.into())
            .leg(self.conference, self.party, self.call)
            .with("echo_cancellation", self.echo_cancel.into())
    }
}

plain! {
    /// Leave the multicast group.
    StopMulticastMediaReception {
        /// Conference.
        conference: Conference = 0,
        /// Media leg.
        party: Party = 4,
        /// Call.
        call: CallRef = 8,
    }
    need "pass-through party" 8
}

impl Contents for StopMulticastMediaReception {
    fn fields(&self) -> Fields {
        Fields::new().leg(self.conference, self.party, self.call)
    }
}

named_numbers! {
    /// Answer to StartMulticastMediaReception: it knows no reasons.
    MulticastStatus { OK = 0 => "ok", ERROR = 1 => "error" }
}

plain! {
    /// Answer to StartMulticastMediaReception.
    MulticastMediaReceptionAck {
        /// Whether the group is listened to.
        status: MulticastStatus = 0,
        /// Media leg.
        party: Party = 4,
        /// Call.
        call: CallRef = 8,
    }
}

impl Contents for MulticastMediaReceptionAck {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("status", self.status.into())
            .with("party", self.party.0.into())
            .with(Fields::CALL_REF, self.call.0.into())
    }
}
