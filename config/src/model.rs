//! The validated model: what every other part of the gateway takes as given.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use tipring_proto::types::{Codec, DeviceName, DeviceType, PortId};

use crate::choice::{
    CardDriver, CodePage, FaxIdentities, LogFormat, LogLevel, Naming, Realtime, RtpSource,
};
use crate::country::{CallerId, Country};
use crate::naming::Mac;
use crate::report::Problem;
use crate::server::Server;
use crate::settings::Line;

/// A whole configuration that holds together.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file it came from; none for built-in defaults.
    pub file: Option<String>,
    /// Identity towards the CallManagers.
    pub gateway: Gateway,
    /// Where to register.
    pub callmanager: CallManager,
    /// RTP.
    pub media: Media,
    /// The realtime side.
    pub line_thread: LineThread,
    /// Where lines come from.
    pub card: Card,
    /// The control socket.
    pub control: Control,
    /// What is kept over a restart.
    pub history: History,
    /// Logging.
    pub log: Log,
    /// All ports, in order of number; disabled ones too.
    pub ports: Vec<Port>,
    /// Every country known, built in or found beside the configuration.
    pub countries: crate::country::Countries,
    /// What is accepted but looks wrong.
    pub warnings: Vec<Problem>,
}

/// Identity towards the CallManagers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// How device names are made.
    pub naming: Naming,
    /// The MAC they are made of; sent in Register.
    pub mac: Mac,
    /// The file names it; else it is the machine's.
    pub mac_is_written: bool,
    /// SCCP protocol version offered, 3 to 22.
    pub protocol_version: u8,
    /// The own address to bind and to report; none: the one that the connection to the CallManager uses.
    pub address: Option<Ipv4Addr>,
}

/// Where to register, and how patiently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallManager {
    /// In order of preference; at least one.
    pub servers: Vec<Server>,
    /// Longest wait for TCP to connect.
    pub connect_timeout_ms: u32,
    /// Longest wait for RegisterAck.
    pub register_timeout_ms: u32,
    /// A KeepAlive without an answer after this time is missed.
    pub keepalive_answer_ms: u32,
    /// This number of missed ones in a row is a lost link; 0: only three intervals are.
    pub keepalive_misses: u32,
    /// First wait after the whole list failed; doubles.
    pub retry_first_ms: u32,
    /// Longest such wait.
    pub retry_max_ms: u32,
    /// How often a preferred server is tried while a lesser one serves.
    pub probe_s: u32,
    /// How long a preferred server has to keep the first port before the others follow, s.
    pub monitor_s: u32,
    /// Keep a second connection to the next server.
    pub standby: bool,
    /// Time between the first registrations of two ports.
    pub register_stagger_ms: u32,
    /// The code page of names that are no UTF-8.
    pub code_page: CodePage,
}

/// First and last UDP port; RTP takes the even ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// First, even.
    pub first: u16,
    /// Last.
    pub last: u16,
}

impl PortRange {
    /// How many even ports there are.
    pub fn even_ports(self) -> u32 {
        (u32::from(self.last) + 2).saturating_sub(u32::from(self.first)) / 2
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// RTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Local UDP ports.
    pub rtp_ports: PortRange,
    /// Packet time when the CallManager leaves it open: 10, 20 or 30.
    pub ptime_ms: u16,
    /// Codecs offered, best first; at least one.
    pub codecs: Vec<Codec>,
    /// Least delay of the jitter buffer.
    pub jitter_min_ms: u16,
    /// Most delay of the jitter buffer.
    pub jitter_max_ms: u16,
    /// Delay of the jitter buffer in fax and modem calls.
    pub jitter_fixed_ms: u16,
    /// Payload type of packets with earlier ones in them.
    pub redundancy_payload_type: u8,
    /// DSCP of RTP.
    pub dscp_media: u8,
    /// DSCP of SCCP.
    pub dscp_signalling: u8,
    /// Whose RTP is accepted besides that of the named far end.
    pub rtp_source: RtpSource,
}

/// The realtime side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineThread {
    /// Whether SCHED_FIFO is asked for.
    pub realtime: Realtime,
    /// SCHED_FIFO priority, 1 to 99.
    pub priority: u8,
    /// Lock the process memory.
    pub lock_memory: bool,
    /// Length of a block: 1, 2, 5, 10 or 20 … (a divisor of the packet times).
    pub block_ms: u16,
    /// Blocks written ahead at start and after an underrun.
    pub prefill_blocks: u16,
    /// Threads that share the ports; 0: as many as they need.
    pub shards: u16,
}

/// Where lines come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Card {
    /// The simulated card.
    Sim(SimCard),
    /// DAHDI channels.
    Dahdi(DahdiCard),
}

impl Card {
    /// Which driver.
    pub fn driver(&self) -> CardDriver {
        match self {
            Card::Sim(_) => CardDriver::Sim,
            Card::Dahdi(_) => CardDriver::Dahdi,
        }
    }

    /// The simulated card, if it is one.
    pub fn sim(&self) -> Option<&SimCard> {
        match self {
            Card::Sim(sim) => Some(sim),
            Card::Dahdi(_) => None,
        }
    }

    /// DAHDI's settings, if the ports are its channels.
    pub fn dahdi(&self) -> Option<&DahdiCard> {
        match self {
            Card::Sim(_) => None,
            Card::Dahdi(dahdi) => Some(dahdi),
        }
    }
}

/// DAHDI channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DahdiCard {
    /// Kernel buffers of each channel and direction, a block each.
    pub buffers: u8,
}

/// The simulated card.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimCard {
    /// Ports it has.
    pub ports: u16,
    /// Trans-hybrid loss.
    pub hybrid_loss_db: f64,
    /// Delay of the echo.
    pub echo_delay_ms: f64,
    /// Noise of the line; none: no noise at all.
    pub noise_dbm0: Option<f64>,
}

/// The control socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Path of the socket.
    pub socket: PathBuf,
    /// Group that may use it; none: only the daemon's user.
    pub group: Option<String>,
}

/// What is kept over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// Days that calls and findings are kept; 0: none is.
    pub keep_days: u32,
    /// Size of the file.
    pub max_mb: u32,
    /// What is kept of the identities of fax machines.
    pub fax_identities: FaxIdentities,
}

/// Logging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// What.
    pub level: LogLevel,
    /// How.
    pub format: LogFormat,
}

/// One port.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Number on the panel.
    pub id: PortId,
    /// Channel of the card, from 1.
    pub channel: u16,
    /// For people; may be empty.
    pub label: String,
    /// False: the port is not served.
    pub enabled: bool,
    /// SCCP device name.
    pub device: DeviceName,
    /// SCCP device type.
    pub device_type: DeviceType,
    /// Tones, cadences, impedance.
    pub country: Arc<Country>,
    /// How caller ID is sent; none: not at all.
    pub caller_id: Option<CallerId>,
    /// Its settings.
    pub line: Line,
}
