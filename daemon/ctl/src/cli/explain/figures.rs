//! Reports as plain figures.

use tipring_ctl::report::{
    CallState, CallSummary, ConnectionPurpose, ConnectionState, Counter, EchoState, MediaLeg,
    PortState, RegistrationState, StoredCall,
};
use tipring_proto::explain::{LastCall, LegFigures, PortFigures, UpCall};

use super::{Known, day};

pub(super) fn of_port(known: &Known) -> PortFigures {
    let detail = &known.detail;
    let (port, registration) = (&detail.summary, &detail.registration);
    let registered = port.registration == RegistrationState::Registered;
    let in_registration = |name| counter(&registration.counters, name);
    let standby = registration.connections.iter().find(|c| {
        c.purpose == ConnectionPurpose::Standby && c.state == ConnectionState::StandingBy
    });
    let volts = detail.card.voltages;
    let fax = known.day.rows.faxes.first();
    let line = &detail.line;
    PortFigures {
        enabled: port.enabled && port.state != PortState::Disabled,
        registered,
        server: port.server.clone(),
        registration_since_unix_ms: registration.since_unix_ms,
        next_attempt_ms: port.next_attempt_ms,
        standby: standby.and_then(|c| c.server.clone()),
        rejected: in_registration("rejects"),
        connect_failures: in_registration("connect-failures"),
        keepalives_missed: in_registration("keepalives-missed"),
        no_response: counter(&detail.counters, "server-silences"),
        blocks: [line.blocks_read, line.read_overruns, line.write_underruns],
        missed_blocks: counter(&detail.counters, "missed-blocks"),
        voltages: volts.map(|v| [v.tip_v, v.ring_v, v.battery_v].map(tenths)),
        power_alarms: [detail.card.power_alarms, detail.card.rearms],
        off_hooks: line.off_hooks,
        digits: [line.dtmf_digits, line.pulse_digits],
        from_line_dbm0: detail
            .rx_dbm0
            .filter(|_| !detail.media.is_empty())
            .map(tenths),
        echo: match (detail.echo.state, detail.echo.erl_db, detail.echo.erle_db) {
            (EchoState::Converged, Some(erl), Some(erle)) => Some([erl, erle].map(tenths)),
            _ => None,
        },
        legs: detail.media.iter().map(of_leg).collect(),
        forwarded_all: detail.forwards.all.clone(),
        last_call: last_call(known),
        calls: known
            .day
            .totals
            .summary
            .first()
            .map_or([0, 0], |t| [t.calls, t.failed]),
        recurring: day::recurring(&known.day),
        up: up(&detail.calls),
        fax: fax.map(|fax| {
            let record = &fax.record;
            (
                fax.number,
                record.begin_unix_ms,
                fax.far_number.clone(),
                record.pages,
            )
        }),
    }
}

/// The call that is talked on; without one, another that is up.
fn up(calls: &[CallSummary]) -> Option<UpCall> {
    let is_up = |c: &&CallSummary| c.state != CallState::Ended;
    let rank = |c: &&CallSummary| match c.state {
        CallState::Preserved => 2,
        CallState::Connected => 1,
        _ => 0,
    };
    let call = calls.iter().filter(is_up).max_by_key(rank)?;
    Some(UpCall {
        far_number: call.peer.clone().or(call.dialed.clone()),
        answered: call.answered_after_ms.is_some(),
        preserved: call.state == CallState::Preserved,
    })
}

/// The last answered call: with its legs, or as the history has it.
fn last_call(known: &Known) -> Option<LastCall> {
    let stored = known.day.rows.calls.iter().find(|c| c.is_answered());
    let Some(detail) = &known.last_call else {
        return stored.map(|c| LastCall {
            id: None,
            begun_unix_ms: c.begun_unix_ms,
            far_number: c.number.clone().or(c.dialed.clone()),
            answered: true,
            talked_ms: c.talked_ms,
            legs: vec![of_stored(c)],
            sent: c.packets_sent,
            received: c.packets_received,
            lost: c.packets_lost,
            late: c.packets_late,
            mos: c.mean_mos,
        });
    };
    let sum = |of: fn(&MediaLeg) -> u64| detail.media.iter().map(of).sum();
    let quality = detail.media.iter().filter_map(|leg| leg.quality);
    Some(LastCall {
        id: Some(detail.summary.id),
        begun_unix_ms: detail.summary.started_unix_ms,
        far_number: detail
            .summary
            .peer
            .clone()
            .or(detail.summary.dialed.clone()),
        answered: detail.summary.answered_after_ms.is_some(),
        talked_ms: talked_ms(&detail.summary),
        legs: detail.media.iter().map(of_leg).collect(),
        sent: sum(|leg| leg.rtp.sent_packets),
        received: sum(|leg| leg.rtp.received_packets),
        lost: sum(|leg| leg.rtp.lost_packets),
        late: sum(|leg| leg.rtp.late_packets),
        mos: quality.map(|q| q.mean_mos).reduce(f32::min).map(hundredths),
    })
}

/// From the answer to the end, or to now.
pub(super) fn talked_ms(call: &CallSummary) -> u64 {
    let answered = call.answered_after_ms;
    answered.map_or(0, |after| call.duration_ms.saturating_sub(after))
}

/// The legs of a call of the history, added up.
pub(super) fn of_stored(call: &StoredCall) -> LegFigures {
    LegFigures {
        // The history has no addresses; what was sent went to one.
        remote: (call.packets_sent > 0).then(|| "the far end".to_owned()),
        data: call.data,
        sent: call.packets_sent,
        received: call.packets_received,
        lost: call.packets_lost,
        late: call.packets_late,
        concealed_ms: call.concealed_ms,
        jitter_ms: call.jitter_ms.unwrap_or(0.0),
        ..LegFigures::default()
    }
}

pub(super) fn of_leg(leg: &MediaLeg) -> LegFigures {
    let quality = leg.quality;
    LegFigures {
        remote: leg.remote.clone(),
        data: leg.pass_through || leg.fax.is_some(),
        sent: leg.rtp.sent_packets,
        received: leg.rtp.received_packets,
        lost: leg.rtp.lost_packets,
        late: leg.rtp.late_packets,
        concealed_ms: leg.rtp.concealed_ms,
        jitter_ms: tenths(leg.rtp.jitter_ms),
        delay_ms: quality.map(|q| q.one_way_ms).map(tenths),
        far_lost_percent: far_loss(leg),
        refused: refused(leg),
        silent_ms: leg.silent_ms,
    }
}

/// Share of our packets that the far end says to have lost, of all that were sent.
pub(super) fn far_loss(leg: &MediaLeg) -> Option<f64> {
    let lost = leg.rtcp.as_ref()?.far_lost_packets?;
    let sent = leg.rtp.sent_packets;
    (sent > 0).then(|| {
        let share = 100.0 * lost.max(0) as f64 / sent as f64;
        (share * 10.0).round() / 10.0
    })
}

fn refused(leg: &MediaLeg) -> Option<(String, u64)> {
    let source = leg.refused_sources.first()?;
    Some((source.address.clone(), source.packets))
}

pub(super) fn counter(counters: &[Counter], name: &str) -> u64 {
    let found = counters.iter().find(|c| c.name == name);
    found.map_or(0, |c| c.value)
}

pub(super) fn tenths(value: f32) -> f64 {
    (f64::from(value) * 10.0).round() / 10.0
}

fn hundredths(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}
