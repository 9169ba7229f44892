//! Becoming known and staying known: Register and its answers, tokens, keepalive, Reset, Unregister.

use tipring_types::trace::{Fields, Value};

use super::{Contents, Layout};
use crate::sccp::catalog::{Common, unregister_reason};
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

impl Contents for Register {
    fn fields(&self) -> Fields {
        let mac = self.mac.map(|byte| format!("{byte:02x}")).join(":");
        Fields::new()
            .with("device", self.name.as_str().into())
            .device_type(self.device_type)
            .with("version", self.version.into())
            .with("features", self.features.into())
            .with("address", self.address.into())
            .with("max_streams", self.max_streams.into())
            .text("load", &self.load)
            .with("active_streams", self.active_streams.into())
            .with("max_lines", self.max_lines.into())
            .with("mac", mac.into())
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

impl Contents for RegisterToken {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("device", self.name.as_str().into())
            .device_type(self.device_type)
            .with("address", self.address.into())
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

impl Contents for RegisterAck {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("keepalive_s", self.keepalive_s.into())
            .with("secondary_keepalive_s", self.secondary_keepalive_s.into())
            .with("version", self.version.into())
            .with("features", Value::bytes(&self.features))
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

impl Contents for RegisterReject {
    fn fields(&self) -> Fields {
        Fields::new().text("text", &self.text)
    }
}

plain! {
    /// The device is to come again.
    Reset {
        /// How.
        kind: ResetKind = 0,
    }
}

impl Contents for Reset {
    fn fields(&self) -> Fields {
        Fields::new().with("kind", self.kind.into())
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

impl Contents for Unregister {
    fn fields(&self) -> Fields {
        match self.reason {
            Some(code) => Fields::new().with("reason", Value::word(code, unregister_reason(code))),
            None => Fields::new(),
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

impl Contents for UnregisterAck {
    fn fields(&self) -> Fields {
        Fields::new().with("status", self.status.into())
    }
}

plain! {
    /// The device may not come now.
    RegisterTokenReject {
        /// When to ask again, s.
        wait_s: u32 = 0,
    }
}

impl Contents for RegisterTokenReject {
    fn fields(&self) -> Fields {
        Fields::new().with("wait_s", self.wait_s.into())
    }
}
