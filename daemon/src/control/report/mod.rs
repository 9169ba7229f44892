//! Answers to the control socket: everything counted is in one of them.

mod card;
mod finding;
mod port;
mod registration;

use tipring_ctl::report as ctl;
use tipring_proto::finding::Finding;
use tipring_proto::sccp::station::{StationSnapshot, StationState};
use tipring_proto::time::Time;

pub(super) use port::echo;

use super::Gateway;
use super::operator::millis;
use super::port::PortUnit;
use crate::line::Figure;
use crate::observe;

/// What does not change while the daemon runs.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// When it started.
    pub started: Time,
    /// `sim` or `dahdi`, in words, ports, block.
    pub card: ctl::CardReport,
    /// How each line thread started.
    pub realtime: Vec<ctl::RealtimeReport>,
    /// The line-thread places of each shard.
    pub shards: Vec<std::ops::Range<u16>>,
    /// What was found at start.
    pub findings: Vec<Finding>,
}

impl Gateway {
    /// `tipring status`.
    pub(super) fn status(&self, now: Time) -> ctl::StatusReport {
        let ports = self.port_list(now);
        let count = |f: &dyn Fn(&ctl::PortSummary) -> bool| {
            u16::try_from(ports.iter().filter(|p| p.enabled && f(p)).count()).unwrap_or(u16::MAX)
        };
        let all = u16::try_from(ports.len()).unwrap_or(u16::MAX);
        let port_counts = ctl::PortCounts {
            total: all,
            registered: count(&|p| p.registration == ctl::RegistrationState::Registered),
            off_hook: count(&|p| p.hook == ctl::HookState::OffHook),
            talking: count(&|p| p.call.is_some_and(ctl::CallState::is_talk)),
            preserved: count(&|p| p.call == Some(ctl::CallState::Preserved)),
            in_trouble: count(&|p| !p.findings.is_empty()),
            disabled: all - count(&|_| true),
        };
        ctl::StatusReport {
            daemon: ctl::DaemonReport {
                version: tipring_ctl::VERSION.to_owned(),
                pid: std::process::id(),
                uptime_s: (now - self.facts.started).as_secs(),
                config_file: self.config.file.clone(),
                mac: self.config.gateway.mac.to_string(),
                address: self.own_address(),
            },
            card: self.card_report(),
            callmanagers: self.callmanagers(now),
            line_threads: self.line_threads(),
            port_counts,
            ports,
            counters: [
                ctl::Counter::new(
                    "orders-lost",
                    self.lines.orders_lost, "orders",
                    "orders to the line thread that found its ring full",
                ),
                ctl::Counter::new(
                    "log-lines-lost",
                    observe::lost_lines(), "lines",
                    "log lines that could not be written: full disk, unread pipe, journal that is stalled",
                ),
                ctl::Counter::new(
                    "log-lines-waiting",
                    observe::waiting_lines(), "lines",
                    "log lines that wait to be written now",
                ),
            ]
            .into_iter()
            .chain(self.history.counters())
            .collect(),
            findings: self.findings(),
            reload: self.reload_state(),
        }
    }

    fn own_address(&self) -> Option<String> {
        let used = self.ports.iter().find_map(PortUnit::local);
        self.config.gateway.address.or(used).map(|a| a.to_string())
    }

    fn callmanagers(&self, now: Time) -> Vec<ctl::CallManagerReport> {
        let stations: Vec<StationSnapshot> = self.ports.iter().map(PortUnit::station).collect();
        let at = |s: &StationSnapshot| match s.state {
            StationState::Registered { server, .. } => Some(server),
            _ => None,
        };
        let used: Vec<usize> = stations.iter().filter_map(at).collect();
        let shown = self.signalling.servers.shown(&used).into_iter();
        shown
            .map(|n| {
                let registered = used.iter().filter(|server| **server == n).count();
                let tally = self
                    .signalling
                    .servers
                    .tally(n)
                    .cloned()
                    .unwrap_or_default();
                ctl::CallManagerReport {
                    server: self.signalling.servers.name(n),
                    registered_ports: u16::try_from(registered).unwrap_or(u16::MAX),
                    registrations: tally.registrations,
                    rejections: tally.rejections,
                    connection_losses: tally.losses,
                    failed_attempts: tally.failures,
                    found_silent: tally.silences,
                    next_attempt_ms: self
                        .next_connection_at(n)
                        .map(|at| millis(at.saturating_since(now))),
                    passed_by_ms: self
                        .signalling
                        .lockouts
                        .locked_until(now, n)
                        .map(|until| millis(until - now)),
                    troubles: self.troubles(n, &tally),
                }
            })
            .collect()
    }

    fn line_threads(&self) -> Vec<ctl::LineThreadReport> {
        let shards = self.lines.threads.shard_counters().enumerate();
        shards
            .map(|(n, (counters, timing))| {
                let units = || self.ports.iter().filter(|p| self.shard_of(p) == Some(n));
                let sum = |f: &dyn Fn(&crate::line::PortCounters) -> u64| {
                    units().map(|p| f(&p.counters)).sum()
                };
                ctl::LineThreadReport {
                    shard: u16::try_from(n).unwrap_or(u16::MAX),
                    ports: u16::try_from(units().count()).unwrap_or(u16::MAX),
                    realtime: self.facts.realtime.get(n).cloned().unwrap_or_default(),
                    ticks: counters.ticks.get(),
                    missed_blocks: sum(&|c| {
                        c.missed_blocks.get() + c.read_overruns.get() + c.write_underruns.get()
                    }),
                    tick_time: times(&timing.tick),
                    wake_late: times(&timing.wake_late),
                    deadline_missed: times(&timing.deadline_missed),
                    to_network: times(&timing.to_network),
                    to_line: times(&timing.to_line),
                    command_ring_full: self.lines.threads.orders_full(),
                    event_ring_full: sum(&|c| c.events_held.get() + c.reports_lost.get()),
                    packets_deferred: sum(&|c| c.flood_blocks.get()),
                    io_errors: counters.poll_errors.get() + sum(&|c| c.tx_errors.get()),
                    counters: counters.counters().into_iter().map(counter).collect(),
                }
            })
            .collect()
    }

    /// Ports are shared out in runs, as the line side does it.
    fn shard_of(&self, unit: &PortUnit) -> Option<usize> {
        let index = unit.line?;
        self.facts.shards.iter().position(|r| r.contains(&index.0))
    }

    /// `tipring call list`.
    pub(super) fn call_list(&self, now: Time) -> ctl::CallList {
        let active = self.ports.iter().flat_map(|u| {
            let calls = u.calls();
            calls
                .into_iter()
                .map(|c| self.calls.summary(&self.clock, now, u.number, &c))
                .collect::<Vec<_>>()
        });
        self.calls.list(active.collect())
    }

    /// `tipring call show`.
    pub(super) fn call_detail(&self, now: Time, id: u64) -> Option<ctl::CallDetail> {
        for unit in &self.ports {
            for call in unit.calls() {
                let summary = self.calls.summary(&self.clock, now, unit.number, &call);
                if summary.id == id {
                    let timeline = self.calls.timeline(id).unwrap_or_default();
                    return Some(ctl::CallDetail {
                        summary,
                        media: unit.desk.of_call(now, call.call, call.started),
                        timeline,
                    });
                }
            }
        }
        self.calls.ended(id)
    }
}

/// A counter of the line side.
fn counter((figure, value): (Figure, u64)) -> ctl::Counter {
    ctl::Counter {
        name: figure.name.replace('_', "-"),
        value,
        unit: figure.unit.to_owned(),
        help: figure.help.to_owned(),
    }
}

fn times(histogram: &crate::line::Histogram) -> ctl::Histogram {
    let filled = histogram.filled().into_iter();
    ctl::Histogram {
        buckets: filled
            .map(|(up_to_us, count)| ctl::HistogramBucket { up_to_us, count })
            .collect(),
        max_us: histogram.max_us(),
    }
}
