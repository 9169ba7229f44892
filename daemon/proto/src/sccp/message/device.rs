//! What the device and its servers say of themselves: Alarm, capabilities, configuration, version, list of servers.

use std::net::SocketAddrV4;

use tipring_types::trace::{Fields, Value};

use super::{Contents, Layout, MediaFormat};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};

family! { $ device_rows
    client {
        0x0002 IpPort(IpPort),
        0x000C ConfigStatReq,
        0x000F VersionReq,
        0x0010 CapabilitiesRes(CapabilitiesRes),
        0x0012 ServerReq,
        0x0020 Alarm(Alarm),
    }
    named {
        0x015A XmlAlarm,
    }
    server {
        // Kept whole, so it goes out in the form most servers read.
        0x0093 ConfigStat(KeptWhole) as 0x0142,
        0x0098 Version(Version),
        0x009B CapabilitiesReq,
        0x009E ServerRes(ServerRes),
    }
    named {}
}

named_numbers! {
    /// Severity of an Alarm message.
    AlarmSeverity { CRITICAL = 0 => "critical", WARNING = 1 => "warning", INFORMATIONAL = 2 => "informational",
        UNKNOWN = 4 => "unknown", MAJOR = 7 => "major", MINOR = 8 => "minor", MARGINAL = 10 => "marginal", TRACE = 20 => "trace" }
}

plain! {
    /// RTP port, of no use to the servers seen.
    IpPort {
        /// The port.
        port: u32 = 0,
    }
}

impl Contents for IpPort {
    fn fields(&self) -> Fields {
        Fields::new().with("port", self.port.into())
    }
}

/// What happened to the device last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// How severe.
    pub severity: AlarmSeverity,
    /// What.
    pub text: String,
    /// First parameter.
    pub p1: u32,
    /// Second parameter.
    pub p2: u32,
}

mod alarm {
    pub(super) const SEVERITY: usize = 0;
    pub(super) const TEXT: usize = 4;
    pub(super) const TEXT_LEN: usize = 80;
    pub(super) const P1: usize = 84;
    pub(super) const P2: usize = 88;
}

impl Layout for Alarm {
    const VERSIONED: bool = false;

    fn decode(b: &Body<'_>) -> Result<Alarm, DecodeError> {
        use alarm::*;
        Ok(Alarm {
            severity: AlarmSeverity(b.u32(SEVERITY)),
            text: b.text(TEXT, TEXT_LEN),
            p1: b.u32(P1),
            p2: b.u32(P2),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use alarm::*;
        w.u32(SEVERITY, self.severity.0);
        w.text(TEXT, TEXT_LEN, &self.text);
        w.u32(P1, self.p1);
        w.u32(P2, self.p2);
    }
}

impl Contents for Alarm {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("severity", self.severity.into())
            .text("text", &self.text)
            .with("p1", self.p1.into())
            .with("p2", self.p2.into())
    }
}

/// One line of a capability list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaCapability {
    /// Codec or feature.
    pub format: MediaFormat,
    /// Most ms (frames) in a packet.
    pub max_frames: u32,
}

/// What the device can hear and say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilitiesRes {
    /// At most 18.
    pub capabilities: Vec<MediaCapability>,
}

mod capabilities {
    pub(super) const COUNT: usize = 0;
    pub(super) const LIST: usize = 4;
    pub(super) const ENTRY: usize = 16;
    pub(super) const MAX: usize = 18;
    pub(super) const FORMAT: usize = 0;
    pub(super) const MAX_FRAMES: usize = 4;
}

impl Layout for CapabilitiesRes {
    /// The count is believed only as far as there are bytes.
    fn decode(b: &Body<'_>) -> Result<CapabilitiesRes, DecodeError> {
        use capabilities::*;
        let there = b.len().saturating_sub(LIST).div_ceil(ENTRY);
        let count = (b.u32(COUNT) as usize).min(MAX).min(there);
        let entry = |i: usize| MediaCapability {
            format: MediaFormat(b.u32(LIST + i * ENTRY + FORMAT)),
            max_frames: b.u32(LIST + i * ENTRY + MAX_FRAMES),
        };
        Ok(CapabilitiesRes {
            capabilities: (0..count).map(entry).collect(),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use capabilities::*;
        let list = &self.capabilities[..self.capabilities.len().min(MAX)];
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
}

impl Contents for CapabilitiesRes {
    fn fields(&self) -> Fields {
        let all = self.capabilities.iter().map(|one| {
            let fields = Fields::new().with("format", one.format.into());
            fields.with("max_frames", one.max_frames.into()).into()
        });
        Fields::new().with("capabilities", Value::List(all.collect()))
    }
}

/// Name of the firmware that the device is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The name.
    pub text: String,
}

const VERSION_LEN: usize = 16;

impl Layout for Version {
    fn decode(b: &Body<'_>) -> Result<Version, DecodeError> {
        Ok(Version {
            text: b.text(0, VERSION_LEN),
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.text(0, VERSION_LEN, &self.text);
    }
}

impl Contents for Version {
    fn fields(&self) -> Fields {
        Fields::new().text("text", &self.text)
    }
}

/// One entry of ServerRes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEntry {
    /// Name.
    pub name: String,
    /// Address.
    pub address: SocketAddrV4,
}

/// The servers that the device may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRes {
    /// At most 5, the preferred one first.
    pub servers: Vec<ServerEntry>,
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

impl Layout for ServerRes {
    /// Empty places, and such with a port that is none, are left out.
    fn decode(b: &Body<'_>) -> Result<ServerRes, DecodeError> {
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
        Ok(ServerRes {
            servers: (0..ENTRIES).filter_map(entry).filter(used).collect(),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use server_res::*;
        let (at, len) = address(w.version, ENTRIES - 1);
        w.size(at + len);
        for (i, server) in self.servers.iter().take(ENTRIES).enumerate() {
            w.text(i * NAME_LEN, NAME_LEN, &server.name);
            w.u32(PORTS + i * 4, server.address.port().into());
            w.bytes(address(w.version, i).0, &server.address.ip().octets());
        }
    }
}

impl Contents for ServerRes {
    fn fields(&self) -> Fields {
        let all = self.servers.iter().map(|server| {
            let fields = Fields::new().text("name", &server.name);
            fields.with("address", server.address.into()).into()
        });
        Fields::new().with("servers", Value::List(all.collect()))
    }
}
