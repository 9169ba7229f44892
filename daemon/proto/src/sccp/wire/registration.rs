//! Becoming known: Register and its answers, Alarm, capabilities, server list, Reset, Unregister.

use std::net::SocketAddrV4;

use super::DecodeError;
use super::layout::{Body, Writer};
use crate::sccp::message::{
    AlarmSeverity, ClientMessage, MediaCapability, MediaFormat, Register, RegisterAck,
    RegisterToken, ServerEntry, ServerMessage,
};
use crate::types::{DeviceName, DeviceNameError, DeviceType};

mod register {
    pub(super) const NAME: usize = 0;
    pub(super) const NAME_LEN: usize = 16;
    pub(super) const INSTANCE: usize = 20;
    pub(super) const ADDRESS: usize = 24;
    pub(super) const DEVICE_TYPE: usize = 28;
    pub(super) const MAX_STREAMS: usize = 32;
    pub(super) const ACTIVE_STREAMS: usize = 36;
    pub(super) const VERSION: usize = 40;
    pub(super) const FEATURES: usize = 42;
    pub(super) const MAC: usize = 52;
    pub(super) const MAX_LINES: usize = 68;
    pub(super) const LOAD: usize = 92;
    pub(super) const LOAD_LEN: usize = 32;
}

pub(super) fn encode_register(w: &mut Writer, m: &Register) {
    use register::*;
    w.text(NAME, NAME_LEN, m.name.as_str());
    w.u32(INSTANCE, 1);
    w.bytes(ADDRESS, &m.address.octets());
    w.u32(DEVICE_TYPE, m.device_type.0);
    w.u32(MAX_STREAMS, m.max_streams);
    w.u32(ACTIVE_STREAMS, m.active_streams);
    w.u8(VERSION, m.version);
    w.u16(FEATURES, m.features);
    w.bytes(MAC, &m.mac);
    w.u32(MAX_LINES, m.max_lines);
    w.text(LOAD, LOAD_LEN, &m.load);
}

/// A body that ends after the stream count (36 bytes) is a registration of version 0.
pub(super) fn decode_register(b: &Body<'_>) -> Result<Register, DecodeError> {
    use register::*;
    Ok(Register {
        name: decode_name(b)?,
        device_type: DeviceType(b.u32(DEVICE_TYPE)),
        address: b.ipv4(ADDRESS),
        max_streams: b.u32(MAX_STREAMS),
        active_streams: b.u32(ACTIVE_STREAMS),
        version: b.u8(VERSION),
        features: b.u16(FEATURES),
        mac: b.bytes(MAC),
        max_lines: b.u32(MAX_LINES),
        load: b.text(LOAD, LOAD_LEN),
    })
}

/// The device name at the head of Register and RegisterTokenReq.
fn decode_name(b: &Body<'_>) -> Result<DeviceName, DecodeError> {
    use register::{NAME, NAME_LEN};
    b.need("device name", NAME + NAME_LEN)?;
    DeviceName::new(&b.text(NAME, NAME_LEN)).map_err(|error| match error {
        DeviceNameError::Length(n) => DecodeError::Value {
            id: b.id,
            field: "length of the device name",
            needed: "1 to 15",
            actual: u32::try_from(n).unwrap_or(u32::MAX),
        },
        DeviceNameError::Character(c) => DecodeError::Value {
            id: b.id,
            field: "character in the device name",
            needed: "33 to 126 (printable ASCII, no space)",
            actual: c.into(),
        },
    })
}

mod token {
    /// After the device type: 16 bytes for an IPv6 address, and a word. From 17 on a type word before the address.
    pub(super) const fn len(version: u8) -> usize {
        if version < 17 { 52 } else { 56 }
    }
}

/// Its head is that of Register.
pub(super) fn encode_token(w: &mut Writer, version: u8, m: &RegisterToken) {
    use register::{ADDRESS, DEVICE_TYPE, INSTANCE, NAME, NAME_LEN};
    w.text(NAME, NAME_LEN, m.name.as_str());
    w.u32(INSTANCE, 1);
    w.bytes(ADDRESS, &m.address.octets());
    w.u32(DEVICE_TYPE, m.device_type.0);
    w.size(token::len(version));
}

pub(super) fn decode_token(b: &Body<'_>) -> Result<RegisterToken, DecodeError> {
    use register::{ADDRESS, DEVICE_TYPE};
    Ok(RegisterToken {
        name: decode_name(b)?,
        address: b.ipv4(ADDRESS),
        device_type: DeviceType(b.u32(DEVICE_TYPE)),
    })
}

mod register_ack {
    pub(super) const KEEPALIVE: usize = 0;
    pub(super) const DATE_TEMPLATE: usize = 4;
    pub(super) const SECONDARY_KEEPALIVE: usize = 12;
    pub(super) const VERSION: usize = 16;
    pub(super) const FEATURES: usize = 17;
}

pub(super) fn encode_register_ack(w: &mut Writer, m: &RegisterAck) {
    use register_ack::*;
    w.u32(KEEPALIVE, m.keepalive_s);
    w.bytes(DATE_TEMPLATE, &m.date_template);
    w.u32(SECONDARY_KEEPALIVE, m.secondary_keepalive_s);
    w.u8(VERSION, m.version);
    w.bytes(FEATURES, &m.features);
}

pub(super) fn decode_register_ack(b: &Body<'_>) -> RegisterAck {
    use register_ack::*;
    RegisterAck {
        keepalive_s: b.u32(KEEPALIVE),
        secondary_keepalive_s: b.u32(SECONDARY_KEEPALIVE),
        version: b.u8(VERSION),
        features: b.bytes(FEATURES),
        date_template: b.bytes(DATE_TEMPLATE),
    }
}

/// chan_skinny's width; chan-sccp's is one byte less, wazo-libsccp sends zeros.
const REJECT_LEN: usize = 33;

pub(super) fn encode_register_reject(w: &mut Writer, text: &str) {
    w.text(0, REJECT_LEN, text);
}

pub(super) fn decode_register_reject(b: &Body<'_>) -> ServerMessage {
    ServerMessage::RegisterReject {
        text: b.rest_text(0),
    }
}

mod alarm {
    pub(super) const SEVERITY: usize = 0;
    pub(super) const TEXT: usize = 4;
    pub(super) const TEXT_LEN: usize = 80;
    pub(super) const P1: usize = 84;
    pub(super) const P2: usize = 88;
}

pub(super) fn encode_alarm(w: &mut Writer, severity: AlarmSeverity, text: &str, p1: u32, p2: u32) {
    use alarm::*;
    w.u32(SEVERITY, severity.0);
    w.text(TEXT, TEXT_LEN, text);
    w.u32(P1, p1);
    w.u32(P2, p2);
}

pub(super) fn decode_alarm(b: &Body<'_>) -> ClientMessage {
    use alarm::*;
    ClientMessage::Alarm {
        severity: AlarmSeverity(b.u32(SEVERITY)),
        text: b.text(TEXT, TEXT_LEN),
        p1: b.u32(P1),
        p2: b.u32(P2),
    }
}

mod capabilities {
    pub(super) const COUNT: usize = 0;
    pub(super) const LIST: usize = 4;
    pub(super) const ENTRY: usize = 16;
    pub(super) const MAX: usize = 18;
    pub(super) const FORMAT: usize = 0;
    pub(super) const MAX_FRAMES: usize = 4;
}

pub(super) fn encode_capabilities(w: &mut Writer, list: &[MediaCapability]) {
    use capabilities::*;
    let list = &list[..list.len().min(MAX)];
    w.u32(COUNT, list.len() as u32);
    // An empty list still has the place of its first entry: tshark calls it cut short otherwise.
    w.size(LIST + ENTRY);
    for (i, one) in list.iter().enumerate() {
        let at = LIST + i * ENTRY;
        w.u32(at + FORMAT, one.format.0);
        w.u32(at + MAX_FRAMES, one.max_frames);
        w.size(at + ENTRY);
    }
}

/// The count is believed only as far as there are bytes.
pub(super) fn decode_capabilities(b: &Body<'_>) -> ClientMessage {
    use capabilities::*;
    let there = b.len().saturating_sub(LIST).div_ceil(ENTRY);
    let count = (b.u32(COUNT) as usize).min(MAX).min(there);
    let entry = |i: usize| MediaCapability {
        format: MediaFormat(b.u32(LIST + i * ENTRY + FORMAT)),
        max_frames: b.u32(LIST + i * ENTRY + MAX_FRAMES),
    };
    ClientMessage::CapabilitiesRes {
        capabilities: (0..count).map(entry).collect(),
    }
}

mod server_res {
    pub(super) const ENTRIES: usize = 5;
    pub(super) const NAME_LEN: usize = 48;
    pub(super) const PORTS: usize = 240;
    pub(super) const ADDRESSES: usize = 260;
    /// From 17 on: a type word and 16 bytes; before: 4 bytes.
    pub(super) const fn address(version: u8, i: usize) -> (usize, usize) {
        if version < 17 {
            (ADDRESSES + i * 4, 4)
        } else {
            (ADDRESSES + i * 20 + 4, 16)
        }
    }
}

pub(super) fn encode_server_res(w: &mut Writer, version: u8, servers: &[ServerEntry]) {
    use server_res::*;
    let (at, len) = address(version, ENTRIES - 1);
    w.size(at + len);
    for (i, server) in servers.iter().take(ENTRIES).enumerate() {
        w.text(i * NAME_LEN, NAME_LEN, &server.name);
        w.u32(PORTS + i * 4, server.address.port().into());
        w.bytes(address(version, i).0, &server.address.ip().octets());
    }
}

/// Empty places, and such with a port that is none, are left out.
pub(super) fn decode_server_res(b: &Body<'_>) -> ServerMessage {
    use server_res::*;
    let entry = |i: usize| {
        Some(ServerEntry {
            name: b.text(i * NAME_LEN, NAME_LEN),
            address: SocketAddrV4::new(
                b.ipv4(address(b.version, i).0),
                u16::try_from(b.u32(PORTS + i * 4)).ok()?,
            ),
        })
    };
    let used = |e: &ServerEntry| {
        !e.name.is_empty() || !e.address.ip().is_unspecified() || e.address.port() != 0
    };
    ServerMessage::ServerRes {
        servers: (0..ENTRIES).filter_map(entry).filter(used).collect(),
    }
}

/// Firmware name in Version.
pub(super) const VERSION_LEN: usize = 16;
