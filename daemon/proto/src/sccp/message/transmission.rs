//! Media from the station: transmission started and stopped, and the station's answers.

use std::net::SocketAddrV4;

use tipring_types::trace::Fields;

use super::media::{latent_nse, put_latent_nse, shift, size, wide};
use super::{Contents, Encryption, Layout, MediaFormat, MediaStatus};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, Conference, Party};

family! { $ transmission_rows
    client {
        0x002A MediaTransmissionFailure(MediaTransmissionFailure),
        // From version 17 on.
        0x0154 StartMediaTransmissionAck(StartMediaTransmissionAck),
    }
    named {}
    server {
        0x008A StartMediaTransmission(StartMediaTransmission),
        0x008B StopMediaTransmission(MediaLeg),
    }
    named {
        0x0102 StartMulticastMediaTransmission,
        0x0104 StopMulticastMediaTransmission,
    }
}

/// Send media there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartMediaTransmission {
    /// Conference.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// Where to.
    pub remote: SocketAddrV4,
    /// Packet time, ms.
    pub ptime_ms: u32,
    /// Codec.
    pub format: MediaFormat,
    /// DSCP/precedence word as sent (184 = EF).
    pub precedence: u32,
    /// Silence suppression asked for.
    pub vad: bool,
    /// Frames per packet.
    pub max_frames: u32,
    /// Call; 0 from chan_skinny.
    pub call: CallRef,
    /// Encryption.
    pub encryption: Encryption,
    /// RFC 2833 payload type to send digits with, 0 = none.
    pub rfc2833_payload: u32,
    /// Payload type of named signalling events (NSE) in the latent capabilities, from version 21 on; none: not named.
    pub nse_payload: Option<u8>,
}

/// Offsets before version 17; from there on everything behind the address is further back.
mod start {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const REMOTE: usize = 8;
    pub(super) const PTIME: usize = 16;
    pub(super) const FORMAT: usize = 20;
    pub(super) const PRECEDENCE: usize = 24;
    pub(super) const VAD: usize = 28;
    pub(super) const FRAMES: usize = 32;
    pub(super) const CALL: usize = 40;
    pub(super) const ALGORITHM: usize = 44;
    pub(super) const RFC2833: usize = 100;
    pub(super) const SIZES: [usize; 3] = [116, 132, 168];
}

impl Layout for StartMediaTransmission {
    fn decode(b: &Body<'_>) -> Result<StartMediaTransmission, DecodeError> {
        use start::*;
        let s = shift(b.version);
        let remote = b.socket("remote address", REMOTE, wide(b.version))?;
        b.need("codec", FORMAT + s + 4)?;
        Ok(StartMediaTransmission {
            conference: Conference(b.u32(CONFERENCE)),
            party: Party(b.u32(PARTY)),
            remote,
            ptime_ms: b.u32(PTIME + s),
            format: MediaFormat(b.u32(FORMAT + s)),
            precedence: b.u32(PRECEDENCE + s),
            vad: b.u32(VAD + s) != 0,
            max_frames: b.u16(FRAMES + s).into(),
            call: CallRef(b.u32(CALL + s)),
            encryption: Encryption {
                algorithm: b.u32(ALGORITHM + s),
            },
            rfc2833_payload: b.u32(RFC2833 + s),
            nse_payload: latent_nse(b),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use start::*;
        let s = shift(w.version);
        w.u32(CONFERENCE, self.conference.0);
        w.u32(PARTY, self.party.0);
        w.socket(REMOTE, wide(w.version), self.remote);
        w.u32(PTIME + s, self.ptime_ms);
        w.u32(FORMAT + s, self.format.0);
        w.u32(PRECEDENCE + s, self.precedence);
        w.u32(VAD + s, self.vad.into());
        w.u16(
            FRAMES + s,
            u16::try_from(self.max_frames).unwrap_or(u16::MAX),
        );
        w.u32(CALL + s, self.call.0);
        w.u32(ALGORITHM + s, self.encryption.algorithm);
        w.u32(RFC2833 + s, self.rfc2833_payload);
        w.size(size(w.version, SIZES));
        put_latent_nse(w, self.nse_payload);
    }
}

impl Contents for StartMediaTransmission {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("remote", self.remote.into())
            .with("format", self.format.into())
            .with("ptime_ms", self.ptime_ms.into())
            .leg(self.conference, self.party, self.call)
            .with("silence_suppression", self.vad.into())
            .with("rfc2833_payload", self.rfc2833_payload.into())
            .with("nse_payload", self.nse_payload.unwrap_or(0).into())
            .with("encryption", self.encryption.algorithm.into())
            .with("precedence", self.precedence.into())
            .with("max_frames", self.max_frames.into())
    }
}

/// Answer to StartMediaTransmission. Servers know it from version 17 on; below, the address is as narrow as in the
/// other messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartMediaTransmissionAck {
    /// Conference.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// Call.
    pub call: CallRef,
    /// Own address and port.
    pub address: SocketAddrV4,
    /// Whether media is sent.
    pub status: MediaStatus,
}

mod start_ack {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const CALL: usize = 8;
    pub(super) const ADDRESS: usize = 12;
    pub(super) const STATUS: usize = 20;
}

impl Layout for StartMediaTransmissionAck {
    fn decode(b: &Body<'_>) -> Result<StartMediaTransmissionAck, DecodeError> {
        use start_ack::*;
        Ok(StartMediaTransmissionAck {
            conference: Conference(b.u32(CONFERENCE)),
            party: Party(b.u32(PARTY)),
            call: CallRef(b.u32(CALL)),
            address: b.socket("own address", ADDRESS, wide(b.version))?,
            status: MediaStatus(b.u32(STATUS + shift(b.version))),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use start_ack::*;
        w.u32(CONFERENCE, self.conference.0);
        w.u32(PARTY, self.party.0);
        w.u32(CALL, self.call.0);
        w.socket(ADDRESS, wide(w.version), self.address);
        w.u32(STATUS + shift(w.version), self.status.0);
    }
}

impl Contents for StartMediaTransmissionAck {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("status", self.status.into())
            .with("sends_from", self.address.into())
            .leg(self.conference, self.party, self.call)
    }
}

/// Media cannot be sent where it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaTransmissionFailure {
    /// Conference.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// Where to.
    pub address: SocketAddrV4,
    /// Call.
    pub call: CallRef,
}

mod failure {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const REMOTE: usize = 8;
    pub(super) const CALL: usize = 16;
}

impl Layout for MediaTransmissionFailure {
    fn decode(b: &Body<'_>) -> Result<MediaTransmissionFailure, DecodeError> {
        use failure::*;
        Ok(MediaTransmissionFailure {
            conference: Conference(b.u32(CONFERENCE)),
            party: Party(b.u32(PARTY)),
            address: b.socket("remote address", REMOTE, wide(b.version))?,
            call: CallRef(b.u32(CALL + shift(b.version))),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use failure::*;
        w.u32(CONFERENCE, self.conference.0);
        w.u32(PARTY, self.party.0);
        w.socket(REMOTE, wide(w.version), self.address);
        w.u32(CALL + shift(w.version), self.call.0);
    }
}

impl Contents for MediaTransmissionFailure {
    fn fields(&self) -> Fields {
        Fields::new().with("remote", self.address.into()).leg(
            self.conference,
            self.party,
            self.call,
        )
    }
}
