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
        StationEvent::AttemptFailed { server, reason, .. } => {
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
        | StationEvent::Trying { .. }
        | StationEvent::TrialFailed { .. }
        | StationEvent::Message(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
