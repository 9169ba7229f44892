//! Media to the station: a receive channel opened and closed, and the station's answer.

use std::net::SocketAddrV4;

use super::media::{describe_extras, shift, size, wide};
use super::{Encryption, Layout, MediaFormat, MediaStatus, Words};
use crate::sccp::catalog::Line;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, Conference, Party};

family! { $ reception_rows
    client {
        0x0022 OpenReceiveChannelAck(OpenReceiveChannelAck),
    }
    named {
        0x0021 MulticastMediaReceptionAck,
    }
    server {
        0x0105 OpenReceiveChannel(OpenReceiveChannel),
        0x0106 CloseReceiveChannel(MediaLeg),
    }
    named {
        0x0101 StartMulticastMediaReception,
        0x0103 StopMulticastMediaReception,
    }
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
    }
}

impl Words for OpenReceiveChannel {
    fn describe(&self, line: &mut Line) {
        line.add(self.format)
            .add(format_args!("{} ms", self.ptime_ms))
            .add(format_args!("party {}", self.party.0))
            .add(format_args!("ref {}", self.call.0));
        if self.echo_cancel {
            line.add("echo cancellation");
        }
        describe_extras(line, self.rfc2833_payload, self.encryption);
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

impl Words for OpenReceiveChannelAck {
    fn describe(&self, line: &mut Line) {
        line.add(self.status)
            .add(format_args!("receiving on {}", self.address))
            .add(format_args!("party {}", self.party.0))
            .add(format_args!("ref {}", self.call.0));
    }
}
