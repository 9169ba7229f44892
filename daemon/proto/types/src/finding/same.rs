//! When two findings have one cause.

use std::mem::discriminant;

use super::Finding;

impl Finding {
    /// Two ports suffer from one cause, and not only from one kind of it: all is equal but what was measured since.
    pub fn same_cause(&self, other: &Finding) -> bool {
        match (self, other) {
            (
                Finding::FaxFailed { outcome, cause },
                Finding::FaxFailed {
                    outcome: others_outcome,
                    cause: others_cause,
                },
            ) => match (cause, others_cause) {
                (Some(one), Some(other)) => discriminant(one) == discriminant(other),
                (None, None) => discriminant(outcome) == discriminant(others_outcome),
                _ => false,
            },
            _ => self.unmeasured() == other.unmeasured(),
        }
    }

    /// Without what was measured.
    fn unmeasured(&self) -> Finding {
        let mut one = self.clone();
        match &mut one {
            Finding::LineUnstable { seconds }
            | Finding::TokenRefused { seconds, .. }
            | Finding::KeepaliveLost { seconds, .. } => *seconds = 0,
            Finding::SpanAlarm { unregistered }
            | Finding::CardRemoved { unregistered }
            | Finding::NoBattery { unregistered }
            | Finding::FeedSwitchedOff { unregistered }
            | Finding::CardWithoutBattery { unregistered }
            | Finding::FeedShorted { unregistered } => *unregistered = false,
            Finding::OneWayAudio {
                address,
                refused,
                silent_s,
                ..
            } => {
                // Each call has an RTP port of its own.
                host(address);
                if let Some(refused) = refused {
                    host(refused);
                }
                *silent_s = None;
            }
            _ => {}
        }
        one
    }
}

fn host(address: &mut String) {
    if let Some(at) = address.rfind(':') {
        address.truncate(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FaxCause, FaxOutcome, Side, TenthDbm0};

    #[test]
    fn one_cause_is_that_of_equal_findings_but_for_what_was_measured() {
        for one in Finding::samples() {
            let same = |other: &&Finding| one.same_cause(other);
            let codes: Vec<_> = Finding::samples()
                .iter()
                .filter(same)
                .map(Finding::code)
                .collect();
            assert_eq!(codes, [one.code()]);
        }
        let refused = |server: &str| Finding::ConnectRefused {
            server: server.to_owned(),
        };
        assert!(!refused("10.0.0.1:2000").same_cause(&refused("10.0.0.2:2000")));
        let lost = |server: &str, seconds| Finding::KeepaliveLost {
            server: server.to_owned(),
            seconds,
        };
        assert!(lost("10.0.0.1:2000", 40).same_cause(&lost("10.0.0.1:2000", 41)));
        assert!(!lost("10.0.0.1:2000", 40).same_cause(&lost("10.0.0.2:2000", 40)));
    }

    #[test]
    fn calls_with_the_same_host_have_one_cause_whatever_their_ports_and_silence() {
        let one_way = |address: &str, refused: Option<&str>, silent_s| Finding::OneWayAudio {
            address: address.to_owned(),
            refused: refused.map(str::to_owned),
            by_policy: false,
            silent_s,
        };
        let silent = one_way("10.0.0.9:4000", None, Some(8));
        assert!(silent.same_cause(&one_way("10.0.0.9:4002", None, Some(30))));
        assert!(!silent.same_cause(&one_way("10.0.0.8:4000", None, Some(8))));
        assert!(!silent.same_cause(&one_way("10.0.0.9:4000", Some("10.0.0.7:4000"), None)));
    }

    #[test]
    fn faxes_fail_from_one_cause_whatever_the_level() {
        let low = |level, page| Finding::FaxFailed {
            outcome: FaxOutcome::CallEndedInPage { page },
            cause: Some(FaxCause::LevelLow {
                side: Side::Line,
                level: TenthDbm0(level),
                usual: None,
            }),
        };
        assert!(low(-380, 1).same_cause(&low(-400, 3)));
        let lost = Finding::FaxFailed {
            outcome: FaxOutcome::CallEndedInPage { page: 1 },
            cause: Some(FaxCause::CallManagerLost),
        };
        assert!(!low(-380, 1).same_cause(&lost));
    }
}
