//! The configuration of a station.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::sccp::message::MediaCapability;
use crate::types::{CodePage, DeviceName, DeviceType, LineInstance};

/// Everything one station needs to know. Build with [`StationConfig::new`] and change what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationConfig {
    /// Device name, the one the CallManager knows.
    pub name: DeviceName,
    /// Device type number.
    pub device_type: DeviceType,
    /// MAC address sent in Register.
    pub mac: [u8; 6],
    /// Protocol version offered. 3 makes every server seen use one set of layouts.
    pub offer_version: u8,
    /// Phone feature bits: RFC 2833 0x0400, dynamic messages 0x0100, UTF-8 0x0010.
    pub features: u16,
    /// Answer to CapabilitiesReq, best first; at most 18 are sent.
    pub capabilities: Vec<MediaCapability>,
    /// The CallManagers in order of preference, each by the number that its owner has for it: outputs, events and
    /// the history name them so, and a number keeps its meaning when the list changes. Empty is taken as `[0]`.
    pub servers: Vec<usize>,
    /// Own address to connect from; none: the system chooses. Only carried, for who opens the connection.
    pub address: Option<Ipv4Addr>,
    /// Firmware load name sent in Register and Alarm.
    pub load: String,
    /// The line whose LineStat is asked for.
    pub line: LineInstance,
    /// Wait after [`Station::start`](super::Station::start), so that 48 ports do not knock at once.
    pub start_delay: Duration,
    /// Keep a second connection to the next server of the list, over which the device registers when its own is lost.
    pub standby: bool,
    /// The code page of the server's names, where they are no UTF-8.
    pub code_page: CodePage,
    /// When to try again.
    pub retry: RetryPolicy,
    /// How long to wait for what.
    pub timing: Timing,
    /// Emit [`StationOutput::Trace`](super::StationOutput::Trace) for every message.
    pub trace: bool,
}

impl StationConfig {
    /// A station with version 3, one server, µ-law and A-law at up to 40 ms and the default timing.
    pub fn new(name: DeviceName, device_type: DeviceType, mac: [u8; 6]) -> StationConfig {
        use crate::sccp::message::MediaFormat;
        StationConfig {
            name,
            device_type,
            mac,
            offer_version: 3,
            features: 0,
            capabilities: [MediaFormat::G711_ULAW, MediaFormat::G711_ALAW]
                .map(|format| MediaCapability {
                    format,
                    max_frames: 40,
                })
                .to_vec(),
            servers: vec![0],
            address: None,
            load: concat!("tipring-", env!("CARGO_PKG_VERSION")).to_owned(),
            line: LineInstance(1),
            start_delay: Duration::ZERO,
            standby: false,
            code_page: CodePage::Windows1252,
            retry: RetryPolicy::default(),
            timing: Timing::default(),
            trace: true,
        }
    }

    /// The list of servers, never empty.
    fn list(&self) -> &[usize] {
        if self.servers.is_empty() {
            &[0]
        } else {
            &self.servers
        }
    }

    /// How many servers there are.
    pub(super) fn count(&self) -> usize {
        self.list().len()
    }

    /// The most preferred server.
    pub(super) fn best(&self) -> usize {
        self.list().first().copied().unwrap_or(0)
    }

    /// Place of a server in the list, from 0; none: it is not in it any more.
    pub(super) fn place(&self, server: usize) -> Option<usize> {
        self.list().iter().position(|s| *s == server)
    }

    /// The server after this one, round the list; the best one after one that is not in it.
    pub(super) fn after(&self, server: usize) -> usize {
        let next = self.place(server).map_or(0, |place| place + 1);
        self.list().get(next).copied().unwrap_or(self.best())
    }

    /// This server while it is in the list, else the best one.
    pub(super) fn this_or_best(&self, server: usize) -> usize {
        self.place(server).map_or(self.best(), |_| server)
    }

    /// Does a server that knows the station by `self` need nothing else of `new`?
    pub(super) fn registers_alike(&self, new: &StationConfig) -> bool {
        // Named one by one, so that a new setting is decided here.
        let StationConfig {
            name,
            device_type,
            mac,
            offer_version,
            features,
            capabilities,
            servers: _,
            address,
            load,
            line,
            start_delay: _,
            standby: _,
            code_page: _,
            retry: _,
            timing: _,
            trace: _,
        } = self;
        *name == new.name
            && *device_type == new.device_type
            && *mac == new.mac
            && *offer_version == new.offer_version
            && *features == new.features
            && *capabilities == new.capabilities
            && *address == new.address
            && *load == new.load
            && *line == new.line
    }
}

/// Exponential back-off with jitter from a seed, so that a scenario can be repeated exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// First wait after the whole server list failed. Doubles with every further round.
    pub first: Duration,
    /// Longest wait.
    pub max: Duration,
    /// Longest wait while servers do not answer. The first device that finds one wakes the others, so that few devices
    /// have to try more often than many for the same time without service.
    pub max_unanswered: Duration,
    /// What many devices do for the same cause, because one of them has found a server or the network has come back, is
    /// spread over this time. A CallManager throttles devices that come in a crowd.
    pub spread: Duration,
    /// What hits all devices in the same moment (the loss of their server, a reset) is spread over this time.
    pub crowd: Duration,
    /// Which part of these times is this device's, and of how many: a crowd comes evenly.
    pub share: (u32, u32),
    /// Seed of the jitter; use a different one for every station. A wait is spread over 75 % to 125 %.
    pub jitter_seed: u64,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            first: Duration::from_secs(1),
            max: Duration::from_secs(60),
            max_unanswered: Duration::from_secs(60),
            spread: Duration::from_secs(2),
            crowd: Duration::from_secs(1),
            share: (0, 1),
            jitter_seed: 1,
        }
    }
}

/// Patience with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Longest wait for TCP to connect.
    pub connect: Duration,
    /// Longest wait for the server's address before that.
    pub address: Duration,
    /// Longest wait for RegisterAck or RegisterReject. chan_skinny takes 2 s to refuse.
    pub register: Duration,
    /// Longest wait for one answer of the request round, which goes on without it then.
    pub round_step: Duration,
    /// Longest wait for UnregisterAck or the end of the connection after Unregister.
    pub unregister: Duration,
    /// A KeepAlive unanswered for this long counts as missed, and another one is sent at once.
    pub keepalive_answer: Duration,
    /// This number missed in a row is a lost link, when there is another server to go to; 0 = never, only
    /// three intervals without an answer are.
    pub keepalive_misses: u32,
    /// How often a better server is asked while a lesser one serves. Doubles, up to ten times this, when the better one
    /// took us but did not keep us.
    pub probe: Duration,
    /// Wait between tries while the name is held by our own broken connection.
    pub name_held: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            connect: Duration::from_secs(4),
            address: Duration::ZERO,
            register: Duration::from_secs(10),
            round_step: Duration::from_millis(1000),
            unregister: Duration::from_secs(1),
            keepalive_answer: Duration::from_secs(5),
            keepalive_misses: 4,
            probe: Duration::from_secs(30),
            name_held: Duration::from_secs(5),
        }
    }
}
