//! The registration of a port for the control socket.

use tipring_ctl::report as ctl;
use tipring_proto::sccp::station::{
    HistoryKind, LostReason, StationCounters, StationSnapshot, StationState,
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
                lost => lost.as_ref().map(|(_, why)| words::why(why)),
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
                .scan(false, |registered, h| {
                    Some((h, is_after(registered, &h.what)))
                })
                .map(|(h, registered)| {
                    let (state, reason) = became(&h.what, registered);
                    ctl::RegistrationStep {
                        at_unix_ms: self.clock.unix_ms(h.at),
                        state,
                        server: server(h.server),
                        reason,
                    }
                })
                .collect(),
            counters: counters(&s.counters, unit.service().left()).to_vec(),
        }
    }
}

/// Is it registered after that, when it was before as `registered` says?
fn is_after(registered: &mut bool, what: &HistoryKind) -> bool {
    match what {
        HistoryKind::Registered { .. } => *registered = true,
        HistoryKind::Lost(_) => *registered = false,
        HistoryKind::AttemptFailed(_) => {}
    }
    *registered
}

/// What the registration became by that, and why.
fn became(what: &HistoryKind, registered: bool) -> (ctl::RegistrationState, String) {
    match what {
        // The question to a better server; the device stays where it is.
        HistoryKind::AttemptFailed(why) if registered => (
            ctl::RegistrationState::Registered,
            format!("elsewhere; the way back failed: {}", words::why(why)),
        ),
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

    #[test]
    fn a_device_that_was_stopped_does_not_wait() {
        let state = |what| became(&what, false).0;
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
    fn a_way_back_that_fails_leaves_the_device_registered() {
        let steps = [
            HistoryKind::AttemptFailed(LostReason::RegisterTimeout),
            HistoryKind::Registered { version: 3 },
            HistoryKind::AttemptFailed(LostReason::RegisterTimeout),
            HistoryKind::Lost(LostReason::RegisterTimeout),
            HistoryKind::AttemptFailed(LostReason::RegisterTimeout),
        ];
        let mut registered = false;
        let states = steps.map(|step| {
            let after = is_after(&mut registered, &step);
            became(&step, after).0 == ctl::RegistrationState::Registered
        });
        assert_eq!(states, [false, true, true, false, false]);
    }
}
