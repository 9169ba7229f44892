//! `tipring status`: the gateway as a whole.

use serde::{Deserialize, Serialize};

use super::finding::FindingReport;
use super::port::PortSummary;
use super::reload::ReloadState;

/// The gateway as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StatusReport {
    /// The process.
    pub daemon: DaemonReport,
    /// The card or simulator.
    pub card: CardReport,
    /// The CallManagers, in order of preference.
    pub callmanagers: Vec<CallManagerReport>,
    /// The realtime side; one entry per shard.
    pub line_threads: Vec<LineThreadReport>,
    /// How many ports are how.
    pub port_counts: PortCounts,
    /// All ports, in order.
    pub ports: Vec<PortSummary>,
    /// Whatever else is counted for the whole gateway.
    pub counters: Vec<Counter>,
    /// What is wrong with the gateway as a whole (what is wrong with a single port is with the port).
    pub findings: Vec<FindingReport>,
    /// What was reloaded and is not in use yet.
    pub reload: ReloadState,
}

/// The process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DaemonReport {
    /// Version.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// Seconds since start.
    pub uptime_s: u64,
    /// The configuration file, or none when built-in defaults are used.
    pub config_file: Option<String>,
    /// The gateway's MAC as device names use it.
    pub mac: String,
    /// The gateway's own address as reported to CallManagers.
    pub address: Option<String>,
}

/// The card or simulator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CardReport {
    /// `sim` or `dahdi`.
    pub driver: String,
    /// In words, as the driver reports it.
    pub description: String,
    /// Ports the card has.
    pub ports: u16,
    /// Milliseconds of one block.
    pub block_ms: u16,
    /// Of the ports in use, those that are open; all of them on a simulated card.
    pub open_ports: u16,
    /// Of the ports in use, those that cannot be opened or are lost.
    pub closed_ports: u16,
    /// The spans that open ports are on.
    pub spans: Vec<SpanReport>,
}

/// One span of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SpanReport {
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// The card in words.
    pub description: String,
    /// Kernel module.
    pub driver: String,
    /// Ports of this gateway that are open on it.
    pub open_ports: u16,
}

/// One CallManager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CallManagerReport {
    /// As configured.
    pub server: String,
    /// Ports registered with it now.
    pub registered_ports: u16,
    /// Registrations that it accepted since start.
    pub registrations: u64,
    /// Registrations that it rejected since start.
    pub rejections: u64,
    /// Registrations with it that ended without our asking, since start.
    pub connection_losses: u64,
    /// Attempts to connect or register that came to nothing since start, without those it rejected.
    pub failed_attempts: u64,
    /// Times that nothing came from it any more over connections that were up.
    pub found_silent: u64,
    /// When a port tries it next, if one is to.
    pub next_attempt_ms: Option<u64>,
    /// How much longer ports pass it by, because one of them waited in vain.
    pub passed_by_ms: Option<u64>,
    /// What is wrong with it; if nothing is, what was last.
    pub troubles: Vec<ServerTrouble>,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TroubleKind {
    /// Registrations were lost, or attempts to register came to nothing.
    #[default]
    Failed,
    /// It rejects devices.
    Rejected,
    /// No standby connection to it can be opened.
    Standby,
}

/// What is or was wrong with a CallManager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ServerTrouble {
    /// Which kind; each has its own begin.
    pub kind: TroubleKind,
    /// When it began.
    pub since_unix_ms: u64,
    /// When it was last met: the last attempt that failed, or the loss.
    pub at_unix_ms: u64,
    /// In words.
    pub reason: String,
    /// Ports that have it, or that had it last.
    pub ports: Vec<u16>,
    /// Of one port, its SCCP device name.
    pub device: Option<String>,
    /// Every port that is enabled has it.
    pub all_ports: bool,
    /// It has ended: a port has registered there since, or has a standby connection there.
    pub over: bool,
    /// When it ended.
    pub over_unix_ms: Option<u64>,
}

/// Ports by state; disabled ports are in `disabled` only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PortCounts {
    /// All ports, disabled ones too.
    pub total: u16,
    /// Registered with a CallManager.
    pub registered: u16,
    /// Off-hook.
    pub off_hook: u16,
    /// In a connected call, preserved ones too.
    pub talking: u16,
    /// Of those, in a call that goes on though the CallManager that set it up is lost.
    pub preserved: u16,
    /// With a finding.
    pub in_trouble: u16,
    /// Switched off in the configuration.
    pub disabled: u16,
}

/// How a thread is scheduled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scheduling {
    /// As any other thread.
    #[default]
    Normal,
    /// SCHED_FIFO.
    Fifo,
}

/// Whether the realtime promises hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RealtimeReport {
    /// How the line thread is scheduled.
    pub scheduling: Scheduling,
    /// SCHED_FIFO priority; 0 when scheduled normally.
    pub priority: u8,
    /// The process memory is locked.
    pub memory_locked: bool,
    /// Why one of these is not as asked, with the cure.
    pub refused: Option<String>,
}

/// One line thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LineThreadReport {
    /// Number of the shard, from 0.
    pub shard: u16,
    /// Ports it serves.
    pub ports: u16,
    /// Scheduling.
    pub realtime: RealtimeReport,
    /// Ticks of the card's clock served.
    pub ticks: u64,
    /// Blocks that were not served in time.
    pub missed_blocks: u64,
    /// Time from the wake to the end of the work on it.
    pub tick_time: Histogram,
    /// Time from the moment a card had its block complete to the thread's wake.
    pub wake_late: Histogram,
    /// Ticks that ended after the next block was complete, by how long after it.
    pub deadline_missed: Histogram,
    /// Time from a block of the line being complete to its packet being given to the network.
    pub to_network: Histogram,
    /// Time from a packet's arrival to its first sound being given to the card, jitter buffer included.
    pub to_line: Histogram,
    /// Commands that found the ring to the line thread full.
    pub command_ring_full: u64,
    /// Events that found the ring to control full.
    pub event_ring_full: u64,
    /// Packets left for the next tick because a port had its share.
    pub packets_deferred: u64,
    /// Socket or card errors that were counted and passed over.
    pub io_errors: u64,
    /// Whatever else the thread counts.
    pub counters: Vec<Counter>,
}

/// Counts by upper bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Histogram {
    /// In rising order of bound; the last one may be open ([`u64::MAX`]).
    pub buckets: Vec<HistogramBucket>,
    /// The largest value seen.
    pub max_us: u64,
}

/// One step of a [`Histogram`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HistogramBucket {
    /// Values up to and including this, above the bound before.
    pub up_to_us: u64,
    /// How many.
    pub count: u64,
}

impl Histogram {
    /// All values together.
    pub fn total(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum, b| sum.saturating_add(b.count))
    }

    /// A bound that `share` (0 to 1) of the values do not exceed: the bucket's own bound, at most the maximum.
    /// None when nothing was counted.
    pub fn quantile_us(&self, share: f64) -> Option<u64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let wanted = ((total as f64) * share.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0u64;
        for bucket in &self.buckets {
            seen = seen.saturating_add(bucket.count);
            if seen >= wanted {
                return Some(bucket.up_to_us.min(self.max_us));
            }
        }
        Some(self.max_us)
    }
}

/// A named number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Counter {
    /// Name in kebab-case, for programs.
    pub name: String,
    /// The count since start.
    pub value: u64,
    /// What one is: `packets`, `blocks`, `times` …
    pub unit: String,
    /// What is counted, in words.
    pub help: String,
}

impl Counter {
    /// A counter with its words.
    pub fn new(name: &str, value: u64, unit: &str, help: &str) -> Counter {
        Counter {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            help: help.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_name_the_bucket_that_holds_them() {
        let histogram = Histogram {
            buckets: [(100, 90), (200, 9), (u64::MAX, 1)]
                .map(|(up_to_us, count)| HistogramBucket { up_to_us, count })
                .to_vec(),
            max_us: 750,
        };
        assert_eq!(histogram.quantile_us(0.5), Some(100));
        assert_eq!(histogram.quantile_us(0.99), Some(200));
        assert_eq!(histogram.quantile_us(1.0), Some(750));
        assert_eq!(Histogram::default().quantile_us(0.5), None);
    }
}
