//! Ports for the control socket.

use tipring_ctl::report as ctl;
use tipring_proto::call::PortCounters;
use tipring_proto::sccp::station::StationState;
use tipring_proto::time::Time;

use super::super::cards::Slot;
use super::super::port::PortUnit;
use super::super::{Gateway, words};
use super::counter;
use super::registration::next_attempt;

impl Gateway {
    /// `tipring port list`.
    pub(in crate::control) fn port_list(&self, now: Time) -> Vec<ctl::PortSummary> {
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
            .and_then(|n| self.signalling.servers.address(n));
        let enabled = unit.settings.enabled;
        ctl::PortSummary {
            port: unit.number,
            channel: unit.settings.channel,
            label: unit.settings.label.clone(),
            device: unit.device_name(),
            device_type: unit.settings.device_type.0,
            profile: unit.settings.line.profile.to_string(),
            enabled,
            registration: station.state.registration(),
            next_attempt_ms: next_attempt(now, &station.state),
            server,
            hook: match (unit.fault, enabled, logic.off_hook) {
                (Some(_), ..) | (_, false, _) => ctl::HookState::Unknown,
                (None, true, true) => ctl::HookState::OffHook,
                (None, true, false) => ctl::HookState::OnHook,
            },
            state: if enabled {
                logic.state
            } else {
                ctl::PortState::Disabled
            },
            call: active.map(|c| c.state),
            peer: active.map(|c| c.number.clone()).filter(|n| !n.is_empty()),
            // Whom else the number belongs to by now is not known.
            number: station
                .line
                .as_ref()
                .filter(|_| matches!(station.state, StationState::Registered { .. }))
                .map(|l| l.number.clone())
                .filter(|n| !n.is_empty()),
            message_waiting: logic.message_waiting,
            findings: self.port_findings(now, unit, &station, &logic),
        }
    }

    /// `tipring port show`.
    pub(in crate::control) fn port_detail(&self, now: Time, unit: &PortUnit) -> ctl::PortDetail {
        let (station, logic) = (unit.station(), unit.call_logic());
        let c = &unit.counters;
        // Before the first block nothing is measured.
        let measured = c.blocks.get() > 0;
        let level = |tenths: i64| (measured && tenths > -900).then(|| tenths as f32 / 10.0);
        let mut counters: Vec<ctl::Counter> = c.counters().into_iter().map(counter).collect();
        let l = &logic.counters;
        counters.extend(call_logic(l));
        ctl::PortDetail {
            summary: self.summary(now, unit),
            country: unit.settings.country.code.clone(),
            caller_id: words::caller_id(unit.settings.caller_id),
            registration: self.registration(now, unit, &station),
            forwards: ctl::Forwards {
                all: logic.forwards.all.clone(),
                busy: logic.forwards.busy.clone(),
                no_answer: logic.forwards.no_answer.clone(),
            },
            calls: logic
                .calls
                .iter()
                .map(|c| self.calls.summary(&self.clock, now, unit.number, c))
                .collect(),
            media: unit.desk.shown_open(now),
            rx_dbm0: level(c.rx_dbm0_tenths.get()),
            tx_dbm0: level(c.tx_dbm0_tenths.get()),
            echo: echo(c),
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
            card: self.port_card(unit),
            capabilities: unit
                .capabilities
                .filter(|_| self.lines.cards.slot(unit.line).is_none_or(Slot::was_open))
                .map(words::capabilities)
                .unwrap_or_default(),
            counters,
        }
    }
}

/// The echo canceller, from the line thread's gauges.
pub(in crate::control) fn echo(c: &crate::line::PortCounters) -> ctl::EchoReport {
    let db = |tenths: i64| (tenths >= 0).then(|| tenths as f32 / 10.0);
    ctl::EchoReport {
        state: ctl::EchoState::ALL
            .iter()
            .copied()
            .find(|state| *state as i64 == c.echo_state.get())
            .unwrap_or_default(),
        erl_db: db(c.erl_db_tenths.get()),
        erle_db: db(c.erle_db_tenths.get()),
    }
}

/// What the call logic counts, as far as [`ctl::LineStats`] has it not.
fn call_logic(l: &PortCounters) -> impl Iterator<Item = ctl::Counter> {
    [
        ("calls-in", l.calls_in, "calls", "calls received"),
        ("calls-out", l.calls_out, "calls", "calls begun"),
        (
            "flashes-unused",
            l.flashes_unused,
            "flashes",
            "flashes without a meaning at that moment",
        ),
        (
            "digits-dropped",
            l.digits_dropped,
            "digits",
            "digits in a state that takes none",
        ),
        (
            "lifted-unregistered",
            l.lifted_unregistered,
            "times",
            "times the phone was lifted without a CallManager",
        ),
        (
            "error-tones",
            l.error_tones,
            "times",
            "reorder or busy tones played: the far end hung up, the call failed, or the CallManager did not respond",
        ),
        (
            "server-silences",
            l.server_silences,
            "times",
            "times the server did not respond to off-hook, an answer or a flash",
        ),
        ("howlers", l.howlers, "times", "times the howler was played"),
        (
            "lockouts",
            l.lockouts,
            "times",
            "times the phone stayed off-hook past the howler",
        ),
        (
            "tones-ignored",
            l.tones_ignored,
            "messages",
            "tones of the server that fitted no call",
        ),
        (
            "media-ignored",
            l.media_ignored,
            "messages",
            "media messages that named no leg",
        ),
        (
            "media-refused",
            l.media_refused,
            "requests",
            "media that was refused",
        ),
        (
            "multicast-groups",
            l.multicast_groups,
            "times",
            "multicast groups joined (music on hold)",
        ),
        (
            "unknown-calls",
            l.unknown_calls,
            "messages",
            "messages for calls never announced",
        ),
        ("caller-ids", l.caller_ids, "caller IDs", "caller IDs sent"),
        (
            "preserved",
            l.preserved,
            "calls",
            "calls that outlived their CallManager link",
        ),
        (
            "preserved-silent",
            l.preserved_silent,
            "calls",
            "of these, ended because no more RTP came from the far end",
        ),
    ]
    .map(|(name, value, unit, help)| ctl::Counter::new(name, value, unit, help))
    .into_iter()
}
