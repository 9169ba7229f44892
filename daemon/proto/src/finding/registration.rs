//! Why a device is not registered, as findings.

use super::Finding;
use crate::sccp::station::{CloseReason, ConnectFailure, LostReason};

/// What the end of a registration, or of an attempt to register, was with this server.
pub fn lost(server: &str, reason: &LostReason) -> Finding {
    let server = server.to_owned();
    match reason {
        LostReason::Connect(failure) => connect(server, failure),
        LostReason::Closed(how) => closed(server, how),
        LostReason::KeepaliveLost { silent } => Finding::KeepaliveLost {
            server,
            seconds: silent.as_secs(),
        },
        LostReason::RegisterTimeout => Finding::RegisterUnanswered { server },
        LostReason::Rejected { text, cause } => Finding::RegistrationRejected {
            server,
            // chan_skinny's text ends like a label without a value.
            text: text.trim_end_matches([' ', ':']).to_owned(),
            cause: *cause,
        },
        LostReason::TokenRefused { wait } => Finding::TokenRefused {
            server,
            seconds: wait.as_secs(),
        },
        LostReason::BadFrame { text } => Finding::NotSccp {
            server,
            reason: text.clone(),
        },
        LostReason::Reset(kind) => Finding::ResetByServer {
            server,
            kind: kind.to_string(),
        },
        LostReason::ReturnToPreferred => Finding::ReturnToPreferred { server },
        LostReason::Reconfigured => Finding::Reconfigured { server },
        LostReason::Restarted => Finding::Restarted { server },
        LostReason::Stopped => Finding::Unregistered { server },
    }
}

fn connect(server: String, failure: &ConnectFailure) -> Finding {
    match failure {
        ConnectFailure::Refused => Finding::ConnectRefused { server },
        ConnectFailure::TimedOut => Finding::ConnectTimedOut { server },
        ConnectFailure::Unreachable => Finding::NoRoute { server },
        ConnectFailure::Name { why, .. } => Finding::ServerNameUnknown {
            server,
            reason: why.to_string(),
        },
        ConnectFailure::NoOwnAddress { address } => Finding::OwnAddressMissing {
            address: address.to_string(),
            present: vec![],
        },
        ConnectFailure::Other(text) => Finding::ConnectFailed {
            server,
            reason: text.clone(),
        },
    }
}

fn closed(server: String, how: &CloseReason) -> Finding {
    match how {
        CloseReason::ByServer => Finding::ConnectionClosed { server },
        CloseReason::Reset => Finding::ConnectionReset { server },
        CloseReason::TimedOut => Finding::ConnectionTimedOut { server },
        CloseReason::AddressGone(address) => Finding::OwnAddressGone {
            server,
            address: address.to_string(),
        },
        CloseReason::Other(text) => Finding::ConnectionBroken {
            server,
            reason: text.clone(),
        },
    }
}

/// Why no server of the list can be used: one finding for each that was tried, the one that explains most first.
pub fn attempts<'a>(reasons: impl IntoIterator<Item = (&'a str, &'a LostReason)>) -> Vec<Finding> {
    let mut tried: Vec<(&str, &LostReason)> = reasons.into_iter().collect();
    tried.sort_by_key(|(_, reason)| std::cmp::Reverse(weight(reason)));
    let each = tried.into_iter();
    each.map(|(server, reason)| lost(server, reason)).collect()
}

/// How much a reason explains: a server that answers says more than one that does not.
fn weight(reason: &LostReason) -> u8 {
    match reason {
        LostReason::Rejected { .. } => 3,
        LostReason::BadFrame { .. } => 2,
        LostReason::TokenRefused { .. }
        | LostReason::RegisterTimeout
        | LostReason::KeepaliveLost { .. }
        | LostReason::Closed(_) => 1,
        LostReason::Connect(_)
        | LostReason::Reset(_)
        | LostReason::ReturnToPreferred
        | LostReason::Reconfigured
        | LostReason::Restarted
        | LostReason::Stopped => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::station::RejectCause;

    fn rejected(text: &str) -> LostReason {
        LostReason::Rejected {
            text: text.into(),
            cause: RejectCause::from_text(text),
        }
    }

    #[test]
    fn a_port_at_its_first_attempt_has_no_finding_yet() {
        assert_eq!(attempts([]), []);
    }

    #[test]
    fn a_rejection_comes_before_a_server_that_does_not_answer() {
        let (no, silent) = (
            rejected("No Authority: "),
            LostReason::Connect(ConnectFailure::Unreachable),
        );
        for tried in [
            [("a:2000", &no), ("b:2000", &silent)],
            [("b:2000", &silent), ("a:2000", &no)],
        ] {
            let found = attempts(tried);
            assert_eq!(
                found,
                [
                    Finding::RegistrationRejected {
                        server: "a:2000".into(),
                        text: "No Authority".into(),
                        cause: RejectCause::NoAuthority
                    },
                    Finding::NoRoute {
                        server: "b:2000".into()
                    }
                ]
            );
        }
    }

    #[test]
    fn servers_that_explain_equally_much_stay_in_their_order() {
        let closed = LostReason::Closed(CloseReason::ByServer);
        let found = attempts([
            ("a", &closed),
            ("b", &LostReason::RegisterTimeout),
            ("c", &closed),
        ]);
        let codes: Vec<&str> = found.iter().map(Finding::code).collect();
        assert_eq!(
            codes,
            [
                "connection-closed",
                "register-unanswered",
                "connection-closed"
            ]
        );
    }
}
