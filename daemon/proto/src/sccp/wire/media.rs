//! Media: open and close, start and stop, and the station's answers. Addresses are 16 bytes wide from version 17 on.

use std::net::SocketAddrV4;

use super::DecodeError;
use super::layout::{Body, Writer};
use crate::sccp::message::{
    ClientMessage, Encryption, MediaFormat, MediaLeg, MediaStatus, OpenReceiveChannel,
    StartMediaTransmission,
};
use crate::types::{CallRef, Conference, Party};

/// From this version on an address is a type word and 16 bytes.
const WIDE_FROM: u8 = 17;
/// From this version on both requests end in the latent capabilities (modem relay, SPRT, SSE, NSE).
const LATENT_FROM: u8 = 21;
/// What the address type and the 12 further address bytes add to every offset behind them.
const WIDER: usize = 16;

const fn wide(version: u8) -> bool {
    version >= WIDE_FROM
}

const fn shift(version: u8) -> usize {
    if wide(version) { WIDER } else { 0 }
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
    /// Body size before 17, from 17, from 21 (as the standard layouts end; chan_skinny always sends the longest).
    pub(super) const SIZES: [usize; 3] = [108, 128, 168];
}

fn size(version: u8, sizes: [usize; 3]) -> usize {
    if version < WIDE_FROM {
        sizes[0]
    } else if version < LATENT_FROM {
        sizes[1]
    } else {
        sizes[2]
    }
}

pub(super) fn encode_open(w: &mut Writer, version: u8, m: &OpenReceiveChannel) {
    use open::*;
    w.u32(CONFERENCE, m.conference.0);
    w.u32(PARTY, m.party.0);
    w.u32(PTIME, m.ptime_ms);
    w.u32(FORMAT, m.format.0);
    w.u32(ECHO_CANCEL, m.echo_cancel.into());
    w.u32(CALL, m.call.0);
    w.u32(ALGORITHM, m.encryption.algorithm);
    w.u32(RFC2833, m.rfc2833_payload);
    w.size(size(version, SIZES));
}

pub(super) fn decode_open(b: &Body<'_>) -> Result<OpenReceiveChannel, DecodeError> {
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

/// Offsets before version 17; from there on everything behind the address is [`WIDER`] further.
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

pub(super) fn encode_start(w: &mut Writer, version: u8, m: &StartMediaTransmission) {
    use start::*;
    let s = shift(version);
    w.u32(CONFERENCE, m.conference.0);
    w.u32(PARTY, m.party.0);
    w.socket(REMOTE, wide(version), m.remote);
    w.u32(PTIME + s, m.ptime_ms);
    w.u32(FORMAT + s, m.format.0);
    w.u32(PRECEDENCE + s, m.precedence);
    w.u32(VAD + s, m.vad.into());
    w.u16(FRAMES + s, u16::try_from(m.max_frames).unwrap_or(u16::MAX));
    w.u32(CALL + s, m.call.0);
    w.u32(ALGORITHM + s, m.encryption.algorithm);
    w.u32(RFC2833 + s, m.rfc2833_payload);
    w.size(size(version, SIZES));
}

pub(super) fn decode_start(b: &Body<'_>) -> Result<StartMediaTransmission, DecodeError> {
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
    })
}

/// CloseReceiveChannel and StopMediaTransmission.
mod leg {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const CALL: usize = 8;
    pub(super) const PORT_HANDLING: usize = 12;
}

pub(super) fn encode_leg(w: &mut Writer, m: &MediaLeg) {
    use leg::*;
    w.u32(CONFERENCE, m.conference.0);
    w.u32(PARTY, m.party.0);
    w.u32(CALL, m.call.0);
    w.u32(PORT_HANDLING, m.keep_port.into());
}

pub(super) fn decode_leg(b: &Body<'_>) -> Result<MediaLeg, DecodeError> {
    use leg::*;
    b.need("pass-through party", PARTY + 4)?;
    Ok(MediaLeg {
        conference: Conference(b.u32(CONFERENCE)),
        party: Party(b.u32(PARTY)),
        call: CallRef(b.u32(CALL)),
        keep_port: b.u32(PORT_HANDLING) != 0,
    })
}

mod open_ack {
    pub(super) const STATUS: usize = 0;
    pub(super) const ADDRESS: usize = 4;
    pub(super) const PARTY: usize = 12;
    pub(super) const CALL: usize = 16;
}

pub(super) fn encode_open_ack(
    w: &mut Writer,
    version: u8,
    status: MediaStatus,
    address: SocketAddrV4,
    party: Party,
    call: CallRef,
) {
    use open_ack::*;
    let s = shift(version);
    w.u32(STATUS, status.0);
    w.socket(ADDRESS, wide(version), address);
    w.u32(PARTY + s, party.0);
    w.u32(CALL + s, call.0);
}

pub(super) fn decode_open_ack(b: &Body<'_>) -> Result<ClientMessage, DecodeError> {
    use open_ack::*;
    let s = shift(b.version);
    b.need("pass-through party", PARTY + s + 4)?;
    Ok(ClientMessage::OpenReceiveChannelAck {
        status: MediaStatus(b.u32(STATUS)),
        address: b.socket("own address", ADDRESS, wide(b.version))?,
        party: Party(b.u32(PARTY + s)),
        call: CallRef(b.u32(CALL + s)),
    })
}

/// Servers know it from version 17 on; below, the address is as narrow as in the other messages.
mod start_ack {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const CALL: usize = 8;
    pub(super) const ADDRESS: usize = 12;
    pub(super) const STATUS: usize = 20;
}

pub(super) fn encode_start_ack(
    w: &mut Writer,
    version: u8,
    conference: Conference,
    party: Party,
    call: CallRef,
    address: SocketAddrV4,
    status: MediaStatus,
) {
    use start_ack::*;
    w.u32(CONFERENCE, conference.0);
    w.u32(PARTY, party.0);
    w.u32(CALL, call.0);
    w.socket(ADDRESS, wide(version), address);
    w.u32(STATUS + shift(version), status.0);
}

pub(super) fn decode_start_ack(b: &Body<'_>) -> Result<ClientMessage, DecodeError> {
    use start_ack::*;
    Ok(ClientMessage::StartMediaTransmissionAck {
        conference: Conference(b.u32(CONFERENCE)),
        party: Party(b.u32(PARTY)),
        call: CallRef(b.u32(CALL)),
        address: b.socket("own address", ADDRESS, wide(b.version))?,
        status: MediaStatus(b.u32(STATUS + shift(b.version))),
    })
}

mod failure {
    pub(super) const CONFERENCE: usize = 0;
    pub(super) const PARTY: usize = 4;
    pub(super) const REMOTE: usize = 8;
    pub(super) const CALL: usize = 16;
}

pub(super) fn encode_failure(
    w: &mut Writer,
    version: u8,
    conference: Conference,
    party: Party,
    address: SocketAddrV4,
    call: CallRef,
) {
    use failure::*;
    w.u32(CONFERENCE, conference.0);
    w.u32(PARTY, party.0);
    w.socket(REMOTE, wide(version), address);
    w.u32(CALL + shift(version), call.0);
}

pub(super) fn decode_failure(b: &Body<'_>) -> Result<ClientMessage, DecodeError> {
    use failure::*;
    Ok(ClientMessage::MediaTransmissionFailure {
        conference: Conference(b.u32(CONFERENCE)),
        party: Party(b.u32(PARTY)),
        address: b.socket("remote address", REMOTE, wide(b.version))?,
        call: CallRef(b.u32(CALL + shift(b.version))),
    })
}
