//! The registration of a port for the control socket.

use tipring_ctl::report as ctl;
use tipring_proto::sccp::station::{
    HistoryEntry, HistoryKind, LostReason, StationCounters, StationSnapshot, StationState,
};
use tipring_proto::time::Time;
use tipring_types::trace::Trace;

use super::super::operator::millis;
use super::super::port::PortUnit;
use super::super::{Gateway, words};

impl Gateway {
    pub(super) fn registration(
        &self,
        now: Time,
        unit: &PortUnit,
        s: &StationSnapshot,
    ) -> ctl::RegistrationReport {
        let server = |n: usize| self.signalling.servers.address(n);
        let registered = matches!(s.state, StationState::Registered { .. });
        ctl::RegistrationReport {
            state: s.state.registration(),
            server: s.state.server().and_then(server),
            connections: s
                .connections
                .iter()
                .map(|c| ctl::ConnectionReport {
                    server: server(c.server),
                    purpose: c.purpose,
                    state: c.state,
                })
                .collect(),
            protocol_version: registered.then_some(s.version),
            keepalive_s: registered.then_some(s.keepalive_s),
            since_unix_ms: unit
                .settings
                .enabled
                .then(|| self.clock.unix_ms(unit.registration_since)),
            reason: match &s.last_lost {
                _ if registered => None,
                _ if unit.is_out_of_service() => {
                    Some(tipring_ctl::words::trace(&Trace::OutOfService, None))
                }
                lost => lost.as_ref().map(|(lost, why)| {
                    // The state is of the server that is next.
                    let other = s.state.server().is_some_and(|next| next != *lost);
                    match server(*lost).filter(|_| other) {
                        Some(server) => format!("{server}: {}", words::why(why)),
                        None => words::why(why),
                    }
                }),
            },
            state_ms: unit
                .settings
                .enabled
                .then(|| millis(now - unit.registration_since)),
            next_attempt_ms: next_attempt(now, &s.state),
            better_asked_ms: self
                .better_asked_at(unit)
                .map(|at| millis(at.saturating_since(now))),
            history: s
                .history
                .iter()
                .scan(None, |here, h| {
                    after(here, h);
                    Some((h, *here))
                })
                .map(|(h, here)| {
                    let stays = here.filter(|here| *here != h.server).and_then(server);
                    let asked = server(h.server).unwrap_or_default();
                    let (state, reason) = became(&h.what, &asked, stays.as_deref());
                    ctl::RegistrationStep {
                        at_unix_ms: self.clock.unix_ms(h.at),
                        state,
                        server: stays.or_else(|| server(h.server)),
                        reason,
                    }
                })
                .collect(),
            counters: counters(&s.counters, unit.service().left()).to_vec(),
        }
    }
}

/// Where it is registered after that.
fn after(here: &mut Option<usize>, entry: &HistoryEntry) {
    match entry.what {
        HistoryKind::Registered { .. } => *here = Some(entry.server),
        HistoryKind::Lost(_) => *here = None,
        HistoryKind::AttemptFailed(_) => {}
    }
}

/// What the registration became by that, and why. `asked`: the server that it is about; `stays`: another one, with which the
/// device is and stays registered.
fn became(
    what: &HistoryKind,
    asked: &str,
    stays: Option<&str>,
) -> (ctl::RegistrationState, String) {
    match (what, stays) {
        (HistoryKind::AttemptFailed(why), Some(stays)) => (
            ctl::RegistrationState::Registered,
            format!(
                "{asked} asked to take the port: {}; stays with {stays}",
                words::why(why)
            ),
        ),
        (what, _) => became_alone(what),
    }
}

fn became_alone(what: &HistoryKind) -> (ctl::RegistrationState, String) {
    match what {
        HistoryKind::Registered { version } => (
            ctl::RegistrationState::Registered,
            format!("registered, version {version}"),
        ),
        HistoryKind::Lost(why @ LostReason::Stopped)
        | HistoryKind::AttemptFailed(why @ LostReason::Stopped) => {
            (ctl::RegistrationState::Stopped, words::why(why))
        }
        HistoryKind::Lost(why) | HistoryKind::AttemptFailed(why) => {
            (ctl::RegistrationState::Waiting, words::why(why))
        }
    }
}

/// Until the next attempt to register.
pub(super) fn next_attempt(now: Time, state: &StationState) -> Option<u64> {
    match state {
        StationState::Waiting { until, .. } => Some(millis(*until - now)),
        _ => None,
    }
}

fn counters(n: &StationCounters, left: u64) -> [ctl::Counter; 18] {
    [
        (
            "connects",
            n.connects,
            "connections",
            "TCP connections asked for, without those of standbys and of questions about the way back",
        ),
        (
            "connect-failures",
            n.connect_failures,
            "connections",
            "TCP connections that could not be opened",
        ),
        (
            "registrations",
            n.registrations,
            "registrations",
            "registrations completed",
        ),
        (
            "lost",
            n.lost,
            "registrations",
            "registrations that ended and were not given up by the gateway",
        ),
        (
            "rejects",
            n.rejects,
            "registrations",
            "registrations refused",
        ),
        (
            "reconnects",
            n.reconnects,
            "registrations",
            "registrations after the first one",
        ),
        (
            "keepalives-sent",
            n.keepalives_sent,
            "messages",
            "keepalives sent; one port of each CallManager sends one every second, for all",
        ),
        (
            "keepalives-missed",
            n.keepalives_missed,
            "messages",
            "keepalives not answered in time",
        ),
        (
            "messages-received",
            n.frames_received,
            "messages",
            "SCCP messages received",
        ),
        (
            "messages-sent",
            n.frames_sent,
            "messages",
            "SCCP messages sent",
        ),
        (
            "bad-frames",
            n.bad_frames,
            "connections",
            "connections closed because of bytes that are not SCCP",
        ),
        (
            "unreadable",
            n.unreadable,
            "messages",
            "messages that could not be read",
        ),
        (
            "unknown-ids",
            n.unknown_ids,
            "messages",
            "messages with an unknown id",
        ),
        (
            "answers-missing",
            n.answers_missing,
            "messages",
            "answers to requests after registration that did not come",
        ),
        (
            "sends-dropped",
            n.sends_dropped,
            "messages",
            "messages that were to be sent while not registered",
        ),
        (
            "dead-line-leaves",
            left,
            "times",
            "times the port unregistered because its line had been out of service for too long",
        ),
        (
            "resets",
            n.resets,
            "messages",
            "resets and restarts that the server asked for",
        ),
        (
            "standbys-lost",
            n.standbys_lost,
            "connections",
            "standby connections that the next CallManager closed, or that could not be opened",
        ),
    ]
    .map(|(name, value, unit, help)| ctl::Counter::new(name, value, unit, help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::station::ConnectFailure;

    #[test]
    fn a_device_that_was_stopped_does_not_wait() {
        let state = |what| became(&what, "", None).0;
        assert_eq!(
            state(HistoryKind::Lost(LostReason::Stopped)),
            ctl::RegistrationState::Stopped
        );
        let waits = HistoryKind::Lost(LostReason::Reconfigured);
        assert_eq!(state(waits), ctl::RegistrationState::Waiting);
        let failed = HistoryKind::AttemptFailed(LostReason::RegisterTimeout);
        assert_eq!(state(failed), ctl::RegistrationState::Waiting);
    }

    #[test]
    fn a_server_that_does_not_take_the_port_is_named_beside_the_one_it_stays_with() {
        let refused = || HistoryKind::AttemptFailed(LostReason::Connect(ConnectFailure::Refused));
        let steps = [
            (1, refused()),
            (0, HistoryKind::Registered { version: 3 }),
            (1, refused()),
            (0, HistoryKind::Lost(LostReason::RegisterTimeout)),
            (1, refused()),
        ];
        let mut here = None;
        let shown = steps.map(|(server, what)| {
            let entry = HistoryEntry {
                at: Time::ZERO,
                server,
                what,
            };
            after(&mut here, &entry);
            let stays = here.filter(|here| *here != server).map(|_| "a:2000");
            became(&entry.what, "b:2000", stays)
        });
        let states = shown.clone().map(|(state, _)| state);
        use ctl::RegistrationState::{Registered, Waiting};
        assert_eq!(states, [Waiting, Registered, Registered, Waiting, Waiting]);
        assert_eq!(
            shown[2].1,
            "b:2000 asked to take the port: connection refused; stays with a:2000"
        );
        assert_eq!(shown[4].1, "connection refused");
    }
}
