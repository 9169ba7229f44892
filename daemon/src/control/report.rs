//! Answers to the control socket: everything counted is in one of them.

use tipring_ctl::report as ctl;
use tipring_proto::call::{CallWord, PortWord};
use tipring_proto::sccp::station::{HistoryKind, StationSnapshot, StationState};
use tipring_proto::time::Time;

use super::port::PortUnit;
use super::{Gateway, words};

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
    /// Troubles found at start.
    pub troubles: Vec<ctl::Trouble>,
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
            talking: count(&|p| p.call == Some(ctl::CallState::Connected)),
            in_trouble: count(&|p| p.trouble.is_some()),
            disabled: all - count(&|_| true),
        };
        ctl::StatusReport {
            daemon: ctl::DaemonReport {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                uptime_s: (now - self.facts.started).as_secs(),
                config_file: self.config.file.clone(),
                mac: self.config.gateway.mac.to_string(),
                address: self.own_address(),
            },
            card: self.facts.card.clone(),
            callmanagers: self.callmanagers(),
            line_threads: self.line_threads(),
            port_counts,
            ports,
            counters: vec![ctl::Counter::new(
                "orders-lost",
                self.orders_lost,
                "orders to the line thread that found its ring full",
            )],
            troubles: self.facts.troubles.clone(),
        }
    }

    fn own_address(&self) -> Option<String> {
        let used = self
            .ports
            .iter()
            .map(|p| p.local)
            .find(|a| !a.is_unspecified());
        self.config.gateway.address.or(used).map(|a| a.to_string())
    }

    fn callmanagers(&self) -> Vec<ctl::CallManagerReport> {
        let stations: Vec<StationSnapshot> = self.ports.iter().map(PortUnit::station).collect();
        let servers = self
            .config
            .callmanager
            .servers
            .iter()
            .zip(&self.tallies)
            .enumerate();
        servers
            .map(|(n, (server, tally))| {
                let registered = stations
                    .iter()
                    .filter(|s| matches!(s.state, StationState::Registered { server, .. } if server == n))
                    .count();
                ctl::CallManagerReport {
                    server: server.to_string(),
                    registered_ports: u16::try_from(registered).unwrap_or(u16::MAX),
                    registrations: tally.registrations,
                    rejections: tally.rejections,
                    connection_losses: tally.losses,
                    last_trouble: tally.last_trouble.clone(),
                }
            })
            .collect()
    }

    fn line_threads(&self) -> Vec<ctl::LineThreadReport> {
        let shards = self.line.shard_counters().enumerate();
        shards
            .map(|(n, (counters, histogram))| {
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
                    tick_time: ctl::Histogram {
                        buckets: histogram
                            .buckets()
                            .iter()
                            .map(|&(up_to_us, count)| ctl::HistogramBucket { up_to_us, count })
                            .collect(),
                        max_us: counters.max_tick_us.get(),
                    },
                    wake_latency: ctl::Histogram::default(),
                    command_ring_full: self.line.orders_full(),
                    event_ring_full: sum(&|c| c.events_held.get() + c.reports_lost.get()),
                    packets_deferred: sum(&|c| c.flood_blocks.get()),
                    io_errors: counters.poll_errors.get() + sum(&|c| c.tx_errors.get()),
                    counters: counters
                        .counters()
                        .into_iter()
                        .map(|(name, value)| ctl::Counter::new(&kebab(name), value, ""))
                        .collect(),
                }
            })
            .collect()
    }

    /// Ports are shared out in runs, as the line side does it.
    fn shard_of(&self, unit: &PortUnit) -> Option<usize> {
        let index = unit.line?;
        self.facts.shards.iter().position(|r| r.contains(&index.0))
    }

    /// `tipring port list`.
    pub(super) fn port_list(&self, now: Time) -> Vec<ctl::PortSummary> {
        self.ports.iter().map(|u| self.summary(now, u)).collect()
    }

    fn summary(&self, now: Time, unit: &PortUnit) -> ctl::PortSummary {
        let (station, logic) = (unit.station(), unit.call_logic());
        let active = logic
            .calls
            .iter()
            .find(|c| Some(c.call) == logic.active)
            .or(logic.calls.first());
        let server = station
            .state
            .server()
            .and_then(|n| self.config.callmanager.servers.get(n));
        let enabled = unit.settings.enabled;
        ctl::PortSummary {
            port: unit.number,
            channel: unit.settings.channel,
            label: unit.settings.label.clone(),
            device: unit.device_name(),
            device_type: unit.settings.device_type.0,
            profile: unit.settings.profile.to_string(),
            enabled,
            registration: words::registration(&station.state),
            server: server.map(ToString::to_string),
            hook: match (unit.fault, enabled, logic.off_hook) {
                (Some(_), ..) | (_, false, _) => ctl::HookState::Unknown,
                (None, true, true) => ctl::HookState::OffHook,
                (None, true, false) => ctl::HookState::OnHook,
            },
            state: if enabled {
                words::port_state(logic.state)
            } else {
                ctl::PortState::Disabled
            },
            call: active.map(|c| words::call_state(c.state)),
            peer: active.map(|c| c.number.clone()).filter(|n| !n.is_empty()),
            number: station
                .line
                .as_ref()
                .map(|l| l.number.clone())
                .filter(|n| !n.is_empty()),
            message_waiting: logic.message_waiting,
            trouble: self.trouble(now, unit, &station, logic.state),
        }
    }

    /// Why the port cannot be used, and what to do.
    fn trouble(
        &self,
        now: Time,
        unit: &PortUnit,
        station: &StationSnapshot,
        state: PortWord,
    ) -> Option<ctl::Trouble> {
        let trouble = |what: String, cure: &str| {
            Some(ctl::Trouble {
                what,
                cure: cure.to_owned(),
            })
        };
        if !unit.settings.enabled {
            return None;
        }
        if let Some(fault) = unit.fault {
            return trouble(words::fault(fault).to_owned(), words::fault_cure(fault));
        }
        let name = &unit.settings.device;
        if !matches!(station.state, StationState::Registered { .. }) {
            if let Some((_, reason)) = &station.last_lost {
                let again = match station.state {
                    StationState::Waiting { until, .. } => {
                        format!("; next try in {} s", (until - now).as_secs())
                    }
                    _ => String::new(),
                };
                let cure = match reason {
                    tipring_proto::sccp::station::LostReason::Rejected { .. } => {
                        format!("see device {name} on the CallManager")
                    }
                    tipring_proto::sccp::station::LostReason::Connect(_) => {
                        "check [callmanager] servers, the network and the CallManager".to_owned()
                    }
                    _ => "see `tipring port show` for the history".to_owned(),
                };
                return trouble(format!("{name} is not registered: {reason}{again}"), &cure);
            }
            return None; // still at its first try
        }
        if station.suspect_since.is_some() {
            return trouble(
                "the CallManager does not answer keepalives".into(),
                "check the network to the CallManager",
            );
        }
        match state {
            PortWord::Parked | PortWord::Howling => trouble(
                "the set has been off-hook for too long".into(),
                "hang up the set; if it is on-hook, look for a short or a wet cable on the line",
            ),
            _ => self.silence(unit, now),
        }
    }

    /// A call that hears nothing of the far end.
    fn silence(&self, unit: &PortUnit, now: Time) -> Option<ctl::Trouble> {
        let logic = unit.call_logic();
        let talking = logic
            .calls
            .iter()
            .find(|c| c.state == CallWord::Connected)?;
        let long = talking
            .connected
            .is_some_and(|at| (now - at).as_secs() >= 3);
        let legs = unit.desk.shown_open();
        let leg = legs.iter().find(|l| l.remote.is_some())?;
        (long && leg.rtp.received_packets == 0).then(|| ctl::Trouble {
            what: format!("one-way audio: no RTP from {} since the call was answered", leg.remote.clone().unwrap_or_default()),
            cure: if unit.counters.strangers.get() > 0 {
                "packets come from another address (see strangers in `tipring port show`): look for NAT or a media server between".into()
            } else {
                "look for a firewall or a wrong route between the far end and this gateway".to_owned()
            },
        })
    }

    /// `tipring port show`.
    pub(super) fn port_detail(&self, now: Time, unit: &PortUnit) -> ctl::PortDetail {
        let (station, logic) = (unit.station(), unit.call_logic());
        let c = &unit.counters;
        let level = |tenths: i64| (tenths > -900).then(|| tenths as f32 / 10.0);
        let mut counters: Vec<ctl::Counter> = c
            .counters()
            .into_iter()
            .map(|(name, value)| ctl::Counter::new(&kebab(name), value, ""))
            .collect();
        let l = &logic.counters;
        for (name, value, help) in [
            ("calls-in", l.calls_in, "calls received"),
            ("calls-out", l.calls_out, "calls begun"),
            (
                "flashes-unused",
                l.flashes_unused,
                "flashes without a meaning at that moment",
            ),
            (
                "digits-dropped",
                l.digits_dropped,
                "digits in a state that takes none",
            ),
            (
                "lifted-unregistered",
                l.lifted_unregistered,
                "lifted without a CallManager",
            ),
            (
                "error-tones",
                l.error_tones,
                "error tones played because the server fell silent or the call failed",
            ),
            ("howlers", l.howlers, "howler played"),
            ("parked", l.parked, "off-hook past the howler"),
            (
                "tones-ignored",
                l.tones_ignored,
                "tones of the server that fitted no call",
            ),
            (
                "media-ignored",
                l.media_ignored,
                "media messages that named no leg",
            ),
            ("media-refused", l.media_refused, "media that was refused"),
            (
                "unknown-calls",
                l.unknown_calls,
                "messages for calls never announced",
            ),
            ("caller-ids", l.caller_ids, "caller IDs sent"),
            (
                "preserved",
                l.preserved,
                "calls that outlived their CallManager link",
            ),
        ] {
            counters.push(ctl::Counter::new(name, value, help));
        }
        ctl::PortDetail {
            summary: self.summary(now, unit),
            country: unit.settings.country.code.clone(),
            caller_id: unit
                .settings
                .caller_id
                .map_or_else(|| "not sent".to_owned(), |c| format!("{:?}", c.modulation)),
            registration: self.registration(now, &station),
            calls: logic
                .calls
                .iter()
                .map(|c| self.calls.summary(&self.clock, now, unit.number, c))
                .collect(),
            media: unit.desk.shown_open(),
            rx_dbm0: level(c.rx_dbm0_tenths.get()),
            tx_dbm0: level(c.tx_dbm0_tenths.get()),
            playing: logic.tone.map(|t| t.to_string()),
            line: ctl::LineStats {
                blocks_read: c.blocks.get(),
                blocks_written: c.blocks.get().saturating_sub(c.write_full.get()),
                read_overruns: c.read_overruns.get(),
                write_underruns: c.write_underruns.get(),
                prefills: c.refills.get(),
                refused_commands: unit.refused,
                off_hooks: unit.off_hooks,
                flashes: l.flashes,
                openings_odd: l.openings_odd,
                dtmf_digits: l.digits_dtmf,
                pulse_digits: l.digits_pulse,
                ring_bursts: unit.ring_bursts,
            },
            tones: unit.tones.iter().cloned().collect(),
            faults: unit
                .fault
                .map(|f| words::fault(f).to_owned())
                .into_iter()
                .collect(),
            capabilities: unit.capabilities.map(capabilities).unwrap_or_default(),
            counters,
        }
    }

    fn registration(&self, now: Time, s: &StationSnapshot) -> ctl::RegistrationReport {
        let server = |n: usize| {
            self.config
                .callmanager
                .servers
                .get(n)
                .map(ToString::to_string)
        };
        let registered = matches!(s.state, StationState::Registered { .. });
        let since = match s.state {
            StationState::Registered { since, .. } => Some(since),
            _ => s.last_lost.as_ref().map(|(at, _)| *at),
        };
        let n = &s.counters;
        ctl::RegistrationReport {
            state: words::registration(&s.state),
            server: s.state.server().and_then(server),
            protocol_version: registered.then_some(s.version),
            keepalive_s: registered.then_some(s.keepalive_s),
            since_unix_ms: since.map(|at| self.clock.unix_ms(at)),
            reason: (!registered)
                .then(|| s.last_lost.as_ref().map(|(_, r)| r.to_string()))
                .flatten(),
            next_attempt_ms: match s.state {
                StationState::Waiting { until, .. } => {
                    u64::try_from((until - now).as_millis()).ok()
                }
                _ => None,
            },
            history: s
                .history
                .iter()
                .map(|h| {
                    let (state, reason) = match &h.what {
                        HistoryKind::Registered { version } => (
                            ctl::RegistrationState::Registered,
                            format!("registered, version {version}"),
                        ),
                        HistoryKind::Lost(r) | HistoryKind::AttemptFailed(r) => {
                            (ctl::RegistrationState::Waiting, r.to_string())
                        }
                    };
                    ctl::RegistrationStep {
                        at_unix_ms: self.clock.unix_ms(h.at),
                        state,
                        server: server(h.server),
                        reason,
                    }
                })
                .collect(),
            counters: [
                ("connects", n.connects, "TCP connections asked for"),
                (
                    "connect-failures",
                    n.connect_failures,
                    "of which came to nothing",
                ),
                ("registrations", n.registrations, "registrations completed"),
                (
                    "lost",
                    n.lost,
                    "registrations that ended without our asking",
                ),
                ("rejects", n.rejects, "registrations refused"),
                ("reconnects", n.reconnects, "registrations after a loss"),
                ("keepalives-sent", n.keepalives_sent, "keepalives sent"),
                (
                    "keepalives-missed",
                    n.keepalives_missed,
                    "keepalives not answered in time",
                ),
                (
                    "messages-received",
                    n.frames_received,
                    "SCCP messages received",
                ),
                ("messages-sent", n.frames_sent, "SCCP messages sent"),
                (
                    "bad-frames",
                    n.bad_frames,
                    "connections closed because of bytes that are no SCCP",
                ),
                (
                    "unreadable",
                    n.unreadable,
                    "messages that could not be read",
                ),
                ("unknown-ids", n.unknown_ids, "messages with an unknown id"),
                (
                    "answers-missing",
                    n.answers_missing,
                    "answers of the request round that did not come",
                ),
                (
                    "sends-dropped",
                    n.sends_dropped,
                    "messages that were to be sent while not registered",
                ),
                (
                    "resets",
                    n.resets,
                    "resets and restarts asked for by the server",
                ),
            ]
            .map(|(name, value, help)| ctl::Counter::new(name, value, help))
            .to_vec(),
        }
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
                        media: unit.desk.of_call(call.call),
                        timeline,
                    });
                }
            }
        }
        self.calls.ended(id)
    }
}

/// What the card can do, one each; at the end in one what it leaves to the gateway or cannot do at all.
fn capabilities(c: tipring_hal::port::Capabilities) -> Vec<String> {
    let all = [
        (c.decodes_flash_and_pulse, "decodes flash and pulses"),
        (c.polarity_reversal, "reverses polarity"),
        (c.open_loop, "opens the loop"),
        (c.on_hook_transmission, "passes audio on-hook (caller ID)"),
        (c.neon_mwi, "lights a message lamp"),
        (c.voltages, "reads line voltages"),
        (c.times_cadence, "times the ring cadence"),
    ];
    let words = |wanted: bool| {
        all.iter()
            .filter(move |(can, _)| *can == wanted)
            .map(|(_, what)| *what)
    };
    let mut told: Vec<String> = words(true).map(str::to_owned).collect();
    let lacks: Vec<&str> = words(false).collect();
    if !lacks.is_empty() {
        told.push(format!("but not: {}", lacks.join(", ")));
    }
    told
}

fn kebab(name: &str) -> String {
    name.replace('_', "-")
}
