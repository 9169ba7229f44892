//! What a station reports, as trace events.

use tipring_proto::finding;
use tipring_proto::sccp::station::StationEvent;
use tipring_types::trace::{Trace, Word};

use super::super::servers::ServerBook;

/// The event of what a station reports; none for what nobody follows.
pub(in crate::control) fn of_station(event: &StationEvent, servers: &ServerBook) -> Option<Trace> {
    Some(match event {
        StationEvent::Registered {
            server,
            version,
            keepalive_s,
        } => Trace::Registered {
            server: servers.name(*server),
            version: *version,
            keepalive_s: *keepalive_s,
        },
        StationEvent::Lost { server, reason, .. } => {
            let server = servers.name(*server);
            let finding = Box::new(finding::lost(&server, reason));
            Trace::RegistrationLost { server, finding }
        }
        // A better server on the way back: that nobody answers there is asked about every second, and no news.
        StationEvent::TrialFailed { reason, .. } if !reason.is_a_refusal() => return None,
        StationEvent::AttemptFailed { server, reason, .. }
        | StationEvent::TrialFailed { server, reason, .. } => {
            let server = servers.name(*server);
            let finding = Box::new(finding::lost(&server, reason));
            Trace::RegistrationFailed { server, finding }
        }
        StationEvent::ResetRequested { kind, deferred } => Trace::ResetRequested {
            kind: Word::new(kind.0, kind.word()),
            deferred: *deferred,
        },
        StationEvent::UnreadableMessage { text } => Trace::SccpUnreadable {
            reason: text.clone(),
        },
        StationEvent::LinkSuspect { .. } => Trace::KeepalivesUnanswered,
        StationEvent::Stopped => Trace::Stopped,
        StationEvent::AnswersKeepalives { .. }
        | StationEvent::StandbyLost { .. }
        | StationEvent::StandbyOpened { .. }
        | StationEvent::Trying { .. }
        | StationEvent::Message(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tipring_config::Server;
    use tipring_ctl::words;
    use tipring_proto::sccp::station::{ConnectFailure, LostReason};
    use tipring_proto::time::Time;

    #[test]
    fn news_names_the_server_by_its_address() {
        let servers = ServerBook::new(&[Server::parse("pbx.example").unwrap()]);
        let failed = |server| {
            let event = StationEvent::AttemptFailed {
                server,
                reason: LostReason::Connect(ConnectFailure::Unreachable),
                retry_at: Time::ZERO,
            };
            of_station(&event, &servers).map(|event| words::trace(&event, None))
        };
        let text = |server: &str| Some(format!("{server}: no route to the server"));
        assert_eq!(failed(0), text("pbx.example:2000"));
        assert_eq!(failed(3), text("server 4"));
    }

    #[test]
    fn a_better_server_that_refuses_is_news_and_one_that_does_not_answer_is_none() {
        let servers = ServerBook::new(&[Server::parse("pbx.example").unwrap()]);
        let asked = |reason| {
            let event = StationEvent::TrialFailed {
                server: 0,
                reason,
                again: None,
            };
            of_station(&event, &servers).map(|event| words::trace(&event, None))
        };
        let text = asked(LostReason::TokenRefused {
            wait: Duration::from_secs(30),
        });
        assert!(
            text.as_ref().is_some_and(|t| t.contains("(wait 30 s)")),
            "{text:?}"
        );
        for silent in [ConnectFailure::Refused, ConnectFailure::TimedOut] {
            assert_eq!(asked(LostReason::Connect(silent)), None);
        }
    }
}
