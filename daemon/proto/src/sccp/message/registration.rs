//! Becoming known and staying known: Register and its answers, tokens, keepalive, Reset, Unregister.

use super::{Layout, Words};
use crate::sccp::catalog::{Line, device_type_name, unregister_reason};
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{DeviceName, DeviceNameError, DeviceType};

family! { $ registration_rows
    client {
        0x0000 KeepAlive,
        0x0001 Register(Register),
        0x0027 Unregister(Unregister),
        // May the device come (back) to this server?
        0x0029 RegisterTokenReq(RegisterToken),
    }
    named {}
    server {
        0x0081 RegisterAck(RegisterAck),
        0x009D RegisterReject(RegisterReject),
        0x009F Reset(Reset),
        0x0100 KeepAliveAck,
        0x0118 UnregisterAck(UnregisterAck),
        0x011A RegisterTokenAck,
        0x011B RegisterTokenReject(RegisterTokenReject),
    }
    named {}
}

named_numbers! {
    /// What Reset asks for.
    ResetKind { RESET = 1 => "reset", RESTART = 2 => "restart", APPLY_CONFIG = 3 => "apply config" }
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Device name.
    pub name: DeviceName,
    /// Device type.
    pub device_type: DeviceType,
    /// Own IPv4 address.
    pub address: std::net::Ipv4Addr,
    /// Media streams we can carry at once.
    pub max_streams: u32,
    /// Streams open now.
    pub active_streams: u32,
    /// Protocol version offered.
    pub version: u8,
    /// Phone feature bits (u16 at offset 42): RFC 2833 0x0400, dynamic messages 0x0100, UTF-8 0x0010 …
    pub features: u16,
    /// MAC address.
    pub mac: [u8; 6],
    /// Highest line number.
    pub max_lines: u32,
    /// Firmware load name.
    pub load: String,
}

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

impl Layout for Register {
    const VERSIONED: bool = false;

    /// A body that ends after the stream count (36 bytes) is a registration of version 0.
    fn decode(b: &Body<'_>) -> Result<Register, DecodeError> {
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

    fn encode(&self, w: &mut Writer) {
        use register::*;
        w.text(NAME, NAME_LEN, self.name.as_str());
        w.u32(INSTANCE, 1);
        w.bytes(ADDRESS, &self.address.octets());
        w.u32(DEVICE_TYPE, self.device_type.0);
        w.u32(MAX_STREAMS, self.max_streams);
        w.u32(ACTIVE_STREAMS, self.active_streams);
        w.u8(VERSION, self.version);
        w.u16(FEATURES, self.features);
        w.bytes(MAC, &self.mac);
        w.u32(MAX_LINES, self.max_lines);
        w.text(LOAD, LOAD_LEN, &self.load);
    }
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

impl Words for Register {
    fn describe(&self, line: &mut Line) {
        let kind = match device_type_name(self.device_type) {
            Some(name) => format!("type {} ({name})", self.device_type.0),
            None => format!("type {}", self.device_type.0),
        };
        line.add(self.name.as_str())
            .add(kind)
            .add(format_args!("version {}", self.version))
            .add(format_args!("features {:#06x}", self.features))
            .add(format_args!("address {}", self.address))
            .add(format_args!("streams {}", self.max_streams))
            .quoted("load", &self.load);
    }
}

/// What RegisterTokenReq carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterToken {
    /// Device name.
    pub name: DeviceName,
    /// Own IPv4 address.
    pub address: std::net::Ipv4Addr,
    /// Device type.
    pub device_type: DeviceType,
}

/// After the device type: 16 bytes for an IPv6 address, and a word. From 17 on a type word before the address.
const fn token_len(version: u8) -> usize {
    if version < 17 { 52 } else { 56 }
}

/// Its head is that of Register.
impl Layout for RegisterToken {
    const VERSIONED: bool = false;

    fn decode(b: &Body<'_>) -> Result<RegisterToken, DecodeError> {
        use register::{ADDRESS, DEVICE_TYPE};
        Ok(RegisterToken {
            name: decode_name(b)?,
            address: b.ipv4(ADDRESS),
            device_type: DeviceType(b.u32(DEVICE_TYPE)),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use register::{ADDRESS, DEVICE_TYPE, INSTANCE, NAME, NAME_LEN};
        w.text(NAME, NAME_LEN, self.name.as_str());
        w.u32(INSTANCE, 1);
        w.bytes(ADDRESS, &self.address.octets());
        w.u32(DEVICE_TYPE, self.device_type.0);
        w.size(token_len(w.version));
    }
}

impl Words for RegisterToken {
    fn describe(&self, line: &mut Line) {
        line.add(self.name.as_str())
            .add(format_args!("type {}", self.device_type.0))
            .add(format_args!("address {}", self.address));
    }
}

/// The registration is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterAck {
    /// Keepalive interval towards this server, s.
    pub keepalive_s: u32,
    /// Keepalive interval towards a secondary server, s.
    pub secondary_keepalive_s: u32,
    /// Version answered; 48 from chan_skinny, which promises nothing by it.
    pub version: u8,
    /// Feature bytes after the version.
    pub features: [u8; 3],
    /// Date template, for example `D.M.Y`.
    pub date_template: [u8; 6],
}

mod register_ack {
    pub(super) const KEEPALIVE: usize = 0;
    pub(super) const DATE_TEMPLATE: usize = 4;
    pub(super) const SECONDARY_KEEPALIVE: usize = 12;
    pub(super) const VERSION: usize = 16;
    pub(super) const FEATURES: usize = 17;
}

impl Layout for RegisterAck {
    const VERSIONED: bool = false;

    fn decode(b: &Body<'_>) -> Result<RegisterAck, DecodeError> {
        use register_ack::*;
        Ok(RegisterAck {
            keepalive_s: b.u32(KEEPALIVE),
            secondary_keepalive_s: b.u32(SECONDARY_KEEPALIVE),
            version: b.u8(VERSION),
            features: b.bytes(FEATURES),
            date_template: b.bytes(DATE_TEMPLATE),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use register_ack::*;
        w.u32(KEEPALIVE, self.keepalive_s);
        w.bytes(DATE_TEMPLATE, &self.date_template);
        w.u32(SECONDARY_KEEPALIVE, self.secondary_keepalive_s);
        w.u8(VERSION, self.version);
        w.bytes(FEATURES, &self.features);
    }
}

impl Words for RegisterAck {
    fn describe(&self, line: &mut Line) {
        line.add(format_args!("keepalive {} s", self.keepalive_s))
            .add(format_args!("secondary {} s", self.secondary_keepalive_s))
            .add(format_args!("version {}", self.version))
            .add(format_args!("features {:02x?}", self.features));
    }
}

/// The registration is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterReject {
    /// Why.
    pub text: String,
}

/// chan_skinny's width; chan-sccp's is one byte less, wazo-libsccp sends zeros.
const REJECT_LEN: usize = 33;

impl Layout for RegisterReject {
    fn decode(b: &Body<'_>) -> Result<RegisterReject, DecodeError> {
        Ok(RegisterReject {
            text: b.rest_text(0),
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.text(0, REJECT_LEN, &self.text);
    }
}

impl Words for RegisterReject {
    fn describe(&self, line: &mut Line) {
        line.quoted("text", &self.text);
    }
}

plain! {
    /// The device is to come again.
    Reset {
        /// How.
        kind: ResetKind = 0,
    }
}

impl Words for Reset {
    fn describe(&self, line: &mut Line) {
        line.add(self.kind);
    }
}

/// The device goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unregister {
    /// Why; the body is empty without.
    pub reason: Option<u32>,
}

impl Layout for Unregister {
    fn decode(b: &Body<'_>) -> Result<Unregister, DecodeError> {
        Ok(Unregister {
            reason: (b.len() > 0).then(|| b.u32(0)),
        })
    }

    fn encode(&self, w: &mut Writer) {
        if let Some(reason) = self.reason {
            w.u32(0, reason);
        }
    }
}

impl Words for Unregister {
    fn describe(&self, line: &mut Line) {
        if let Some(code) = self.reason {
            line.add(unregister_reason(code).unwrap_or("reason"))
                .add(code);
        }
    }
}

plain! {
    /// Answer to Unregister.
    UnregisterAck {
        /// 0 ok.
        status: u32 = 0,
    }
}

impl Words for UnregisterAck {
    fn describe(&self, line: &mut Line) {
        line.add(format_args!("status {}", self.status));
    }
}

plain! {
    /// The device may not come now.
    RegisterTokenReject {
        /// When to ask again, s.
        wait_s: u32 = 0,
    }
}

impl Words for RegisterTokenReject {
    fn describe(&self, line: &mut Line) {
        line.add(format_args!("wait {} s", self.wait_s));
    }
}
