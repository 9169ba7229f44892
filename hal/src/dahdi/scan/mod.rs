//! What cards, spans and channels this machine has, and what of it is fit for the gateway.
//!
//! Owns: looking at sysfs and /proc, without opening any device, so that it works beside a running daemon, for any user, and
//! on a machine without DAHDI. Promises: every channel and card that cannot be used says why, and what to do. Leaves to
//! others: showing it, and writing configuration ([`super::system_conf`]).

mod cards;
mod channels;
mod ids;

use serde::Serialize;
use std::path::Path;

use super::driver::Driver;
use super::error::holders;
use super::sysfs::Root;

/// All that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hardware {
    /// Release of the running kernel.
    pub kernel: String,
    /// DAHDI is in the kernel.
    pub dahdi_loaded: bool,
    /// In the order of their first channel; those without channels last.
    pub cards: Vec<Card>,
    /// Processes that have channels open, as far as this user may see.
    pub holders: Vec<HolderEntry>,
}

/// A process that has channels open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HolderEntry {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// How many channels it may have open.
    pub devices: usize,
}

/// A card, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// What it is.
    pub name: String,
    /// Who made it; may be empty.
    pub manufacturer: String,
    /// Where it is: slot or bus address; may be empty.
    pub location: String,
    /// Its number, or that of its position, as DAHDI's tools use it; may be empty.
    pub hardware_id: String,
    /// Kernel module that serves it, or should.
    pub driver: Option<String>,
    /// Served by DAHDI?
    pub state: CardState,
    /// Its spans.
    pub spans: Vec<Span>,
}

/// How far a card has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum CardState {
    /// It has spans.
    Ready,
    /// DAHDI knows it, but it has got no channel numbers yet.
    Unassigned,
    /// Its module is not loaded.
    NoDriver {
        /// The module is there to be loaded.
        installed: bool,
    },
    /// Another driver has taken it.
    Taken {
        /// Which one.
        by: String,
    },
    /// Its driver is loaded, but did not bring it up.
    Failed,
}

impl CardState {
    /// What is wrong; none for a card that is ready.
    pub fn why(&self, driver: &str) -> Option<String> {
        match self {
            CardState::Ready => None,
            CardState::Unassigned => Some("DAHDI has given it no channel numbers yet".into()),
            CardState::NoDriver { installed: true } => {
                Some(format!("its driver {driver} is not loaded"))
            }
            CardState::NoDriver { installed: false } => Some(format!(
                "its driver {driver} is not installed for this kernel"
            )),
            CardState::Taken { by } => Some(format!("the driver {by} has taken it")),
            CardState::Failed => Some(format!(
                "its driver {driver} is loaded but did not bring it up"
            )),
        }
    }

    /// What to do about it.
    pub fn cure(&self, driver: &str) -> Option<String> {
        match self {
            CardState::Ready => None,
            CardState::Unassigned => {
                Some("run \"tipring setup\" (or \"dahdi_span_assignments auto\")".into())
            }
            // An Astribank without firmware shows product numbers that its driver does not take.
            CardState::NoDriver { installed: true } if driver.starts_with("xpp") => Some(format!(
                "run \"modprobe {driver}\"; if that does not help, the Astribank has no firmware: install \
                 dahdi-firmware-nonfree (component non-free-firmware of Debian) and plug it in again"
            )),
            CardState::NoDriver { installed: true } => {
                Some(format!("run \"modprobe {driver}\", or \"tipring setup\""))
            }
            CardState::NoDriver { installed: false } if Driver::from_module(driver).is_dropped() => Some(format!(
                "DAHDI 3 (Debian 13 and later) has no {driver} any more: run this card on Debian 12 (packages dahdi-dkms and \
                 linux-headers-amd64), or replace it by one of wctdm24xxp or wcaxx (TDM410, TDM800, TDM2400, A4, A8)"
            )),
            CardState::NoDriver { installed: false } => Some(
                "install the packages dahdi-dkms and linux-headers-amd64 (the headers of the running kernel)".into(),
            ),
            CardState::Taken { by } => Some(format!(
                "write \"blacklist {by}\" in /etc/modprobe.d/dahdi.conf and reboot"
            )),
            CardState::Failed => Some(
                "look for the driver's message in \"dmesg\"; where it asks for a firmware file (dahdi-fw-....bin), install \
                 dahdi-firmware-nonfree, run /usr/share/dahdi/get-digium-firmware and load the driver again"
                    .into(),
            ),
        }
    }
}

/// A span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Kind as DAHDI has it: FXS, FXO, ANALOG_MIXED, …
    pub kind: String,
    /// Alarms; empty when there are none.
    pub alarms: String,
    /// Its channels.
    pub channels: Vec<ChannelEntry>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelEntry {
    /// DAHDI's number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// What can be connected.
    pub port: PortKind,
    /// Signalling as configured, in the form of `system.conf`; none when not configured.
    pub signalling: Option<String>,
    /// Alarms; empty when there are none.
    pub alarms: String,
    /// Some process has it open.
    pub in_use: bool,
    /// Fit for the gateway?
    pub verdict: Verdict,
}

/// What can be connected to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortKind {
    /// A telephone (an FXS port).
    Telephone,
    /// An exchange line (an FXO port).
    ExchangeLine,
    /// Whatever the configuration says: a channel of a digital or dynamic span.
    Configured,
    /// Nothing: no line module, or a broken one.
    Nothing,
}

/// Whether a channel is fit for the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The gateway can use it as it is, or does.
    pub usable: bool,
    /// Why it is not, or who has it.
    pub why: Option<String>,
    /// What to do about it; none where nothing is to be done.
    pub cure: Option<String>,
}

impl Verdict {
    fn usable(why: Option<String>) -> Verdict {
        Verdict {
            usable: true,
            why,
            cure: None,
        }
    }

    fn unfit(why: impl Into<String>, cure: Option<String>) -> Verdict {
        Verdict {
            usable: false,
            why: Some(why.into()),
            cure,
        }
    }
}

impl Hardware {
    /// All channels.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelEntry> {
        self.cards
            .iter()
            .flat_map(|card| &card.spans)
            .flat_map(|span| &span.channels)
    }

    /// Channels that a telephone can be connected to, in order: fit for the gateway now or after configuration.
    pub fn telephone_channels(&self) -> Vec<u16> {
        let mut numbers: Vec<u16> = self
            .channels()
            .filter(|channel| channel.port == PortKind::Telephone)
            .map(|channel| channel.number)
            .collect();
        numbers.sort_unstable();
        numbers
    }

    /// Channels that the gateway can use as they are.
    pub fn usable(&self) -> usize {
        self.channels()
            .filter(|channel| channel.verdict.usable)
            .count()
    }
}

/// Looks at this machine.
pub fn scan() -> Hardware {
    scan_root(&Root::default())
}

/// Looks at a tree that was recorded elsewhere: `root` stands for `/`.
pub fn scan_at(root: &Path) -> Hardware {
    scan_root(&Root(root.to_owned()))
}

fn scan_root(root: &Root) -> Hardware {
    let holders: Vec<HolderEntry> = holders(root)
        .into_iter()
        .map(|holder| HolderEntry {
            pid: holder.pid,
            name: holder.name,
            devices: holder.devices,
        })
        .collect();
    Hardware {
        kernel: kernel(root),
        dahdi_loaded: root.dahdi_loaded(),
        cards: cards::find(root, &holders),
        holders,
    }
}

fn kernel(root: &Root) -> String {
    let release = std::fs::read_to_string(root.path("/proc/sys/kernel/osrelease"));
    release
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
