//! What is wrong with one CallManager: each kind of trouble with its own begin, and the ports that have it.

use std::collections::BTreeSet;

use tipring_ctl::report::TroubleKind;
use tipring_proto::sccp::station::{LostReason, RejectCause};
use tipring_proto::time::Time;

/// One trouble with a CallManager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) kind: TroubleKind,
    /// Why it refuses devices: another reason is another trouble.
    cause: Option<RejectCause>,
    pub(super) since: Time,
    /// When it was last met.
    pub(super) at: Time,
    pub(super) reason: LostReason,
    /// While it lasts those that have it, afterwards the last of them. None of a standby: one port tries it for all.
    pub(super) ports: BTreeSet<u16>,
    pub(super) over: Option<Time>,
}

impl Trouble {
    fn is(&self, kind: TroubleKind) -> bool {
        self.kind == kind && self.over.is_none()
    }

    /// It is over for this port, and with the last one altogether.
    fn over_for(&mut self, now: Time, port: u16) {
        if self.over.is_none() && self.ports.contains(&port) {
            if self.ports.len() == 1 {
                self.over = Some(now);
            } else {
                self.ports.remove(&port);
            }
        }
    }
}

/// All that is and was wrong with one CallManager.
#[derive(Clone, Debug, Default)]
pub(super) struct Troubles {
    list: Vec<Trouble>,
    /// It has taken a standby connection since a port last failed there: what is wrong otherwise, nobody knows.
    reached: bool,
}

impl Troubles {
    /// A port could not register, or has lost its registration; the trouble began at `began`.
    pub(super) fn met(&mut self, now: Time, port: u16, reason: &LostReason, began: Time) {
        let (kind, cause) = match reason {
            LostReason::Rejected { cause, .. } => (TroubleKind::Rejected, Some(*cause)),
            LostReason::TokenRefused { .. } => (TroubleKind::Rejected, None),
            _ => (TroubleKind::Failed, None),
        };
        // A server that refuses a port answers.
        self.reached = kind == TroubleKind::Rejected;
        if self.reached {
            let asked = |t: &&mut Trouble| t.is(TroubleKind::Failed) && t.ports.is_empty();
            for trouble in self.list.iter_mut().filter(asked) {
                trouble.over = Some(now);
            }
        }
        if kind == TroubleKind::Rejected {
            // It answers this port, and for one reason at a time.
            for other in self
                .list
                .iter_mut()
                .filter(|t| t.cause != cause || !t.is(kind))
            {
                other.over_for(now, port);
            }
        }
        self.note(now, kind, cause, reason, began)
            .ports
            .insert(port);
    }

    /// One port asks it for all whether it takes them, and it does not answer. Where ports have lost it, that says it already.
    pub(super) fn asked_in_vain(&mut self, now: Time, reason: &LostReason) {
        let known = |t: &Trouble| t.over.is_none() && !t.ports.is_empty();
        if !self.list.iter().any(known) {
            self.reached = false;
            self.note(now, TroubleKind::Failed, None, reason, now);
        }
    }

    /// A standby connection could not be opened.
    pub(super) fn standby_failed(&mut self, now: Time, reason: &LostReason) {
        self.reached = false;
        self.note(now, TroubleKind::Standby, None, reason, now);
    }

    /// It takes a standby connection: it can be reached.
    pub(super) fn standby_opened(&mut self, now: Time) {
        self.reached = true;
        let reached = |t: &&mut Trouble| {
            t.is(TroubleKind::Standby)
                || (t.is(TroubleKind::Failed)
                    && (t.reason.is_unreachable()
                        || matches!(t.reason, LostReason::KeepaliveLost { .. })))
        };
        for trouble in self.list.iter_mut().filter(reached) {
            trouble.over = Some(now);
        }
    }

    /// A port has registered with it: nothing is wrong but what it has against other ports.
    pub(super) fn registered(&mut self, now: Time, port: u16) {
        for trouble in &mut self.list {
            match trouble.kind {
                TroubleKind::Rejected => trouble.over_for(now, port),
                TroubleKind::Failed | TroubleKind::Standby => {
                    trouble.over.get_or_insert(now);
                }
            }
        }
    }

    /// The port is gone or switched off.
    pub(super) fn left(&mut self, port: u16) {
        self.list
            .retain_mut(|t| !t.ports.remove(&port) || !t.ports.is_empty());
    }

    /// What is wrong now, the oldest first; if nothing is, what was last.
    pub(super) fn shown(&self) -> Vec<&Trouble> {
        let failed = self.list.iter().any(|t| t.is(TroubleKind::Failed));
        let mut now: Vec<&Trouble> = { self.list.iter() }
            .filter(|t| t.over.is_none())
            // Ports that try to register say more.
            .filter(|t| !(failed && t.kind == TroubleKind::Standby))
            .collect();
        now.sort_by_key(|t| t.since);
        if now.is_empty() {
            now.extend(self.list.iter().max_by_key(|t| t.over));
        }
        now
    }

    /// None of this number of ports could use it when they last tried.
    pub(super) fn is_unusable(&self, ports: usize) -> bool {
        self.list.iter().any(|t| {
            t.is(TroubleKind::Failed) || (t.is(TroubleKind::Rejected) && t.ports.len() >= ports)
        })
    }

    /// Why it cannot be reached, as far as is known.
    pub(super) fn unreachable(&self) -> Option<&LostReason> {
        let of = |kind| self.list.iter().find(move |t: &&Trouble| t.is(kind));
        let trouble = of(TroubleKind::Failed).or_else(|| of(TroubleKind::Standby));
        let reason = trouble.filter(|_| !self.reached).map(|t| &t.reason);
        reason.filter(|reason| reason.is_unreachable() || reason.is_silence())
    }

    fn note(
        &mut self,
        now: Time,
        kind: TroubleKind,
        cause: Option<RejectCause>,
        reason: &LostReason,
        began: Time,
    ) -> &mut Trouble {
        let same = |t: &Trouble| t.kind == kind && t.cause == cause;
        self.list.retain(|t| !same(t) || t.over.is_none());
        let at = self.list.iter().position(same).unwrap_or_else(|| {
            self.list.push(Trouble {
                kind,
                cause,
                since: began,
                at: now,
                reason: reason.clone(),
                ports: BTreeSet::new(),
                over: None,
            });
            self.list.len() - 1
        });
        let trouble = &mut self.list[at];
        trouble.at = now;
        trouble.reason = reason.clone();
        trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::station::{CloseReason, ConnectFailure};

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    fn refused() -> LostReason {
        LostReason::Connect(ConnectFailure::Refused)
    }

    fn rejected() -> LostReason {
        LostReason::Rejected {
            text: "No Authority".into(),
            cause: RejectCause::NoAuthority,
        }
    }

    type Shown = (TroubleKind, Time, Option<Time>, Vec<u16>);

    fn shown(troubles: &Troubles) -> Vec<Shown> {
        let each = troubles.shown().into_iter();
        each.map(|t| (t.kind, t.since, t.over, t.ports.iter().copied().collect()))
            .collect()
    }

    #[test]
    fn each_kind_has_its_own_begin_and_its_own_ports() {
        let mut troubles = Troubles::default();
        troubles.met(at(10), 2, &rejected(), at(10));
        troubles.registered(at(11), 1);
        troubles.met(at(20), 2, &rejected(), at(20));
        let one = (TroubleKind::Rejected, at(10), None, vec![2]);
        assert_eq!(
            shown(&troubles),
            std::slice::from_ref(&one),
            "port 1 has no part in it"
        );
        // The server freezes: all ports find it silent.
        troubles.met(at(130), 1, &LostReason::RegisterTimeout, at(100));
        troubles.met(at(131), 2, &LostReason::RegisterTimeout, at(131));
        let freeze = (TroubleKind::Failed, at(100), None, vec![1, 2]);
        assert_eq!(shown(&troubles), [one.clone(), freeze]);
        // It is back, rejects the one, and takes the other.
        troubles.met(at(140), 2, &rejected(), at(140));
        troubles.registered(at(141), 1);
        assert_eq!(shown(&troubles), [one]);
        troubles.registered(at(150), 2);
        let over = (TroubleKind::Rejected, at(10), Some(at(150)), vec![2]);
        assert_eq!(shown(&troubles), [over]);
        assert!(!troubles.is_unusable(4));
    }

    #[test]
    fn a_trouble_goes_with_the_last_port_that_has_it() {
        let mut troubles = Troubles::default();
        troubles.met(at(1), 2, &rejected(), at(1));
        troubles.met(at(2), 3, &rejected(), at(2));
        troubles.left(2);
        assert_eq!(shown(&troubles)[0].3, [3]);
        troubles.left(1);
        troubles.left(3);
        assert_eq!(shown(&troubles), []);
        assert!(!troubles.is_unusable(4));
    }

    #[test]
    fn a_dead_standby_is_a_trouble_of_the_server_until_it_takes_a_connection() {
        let mut troubles = Troubles::default();
        troubles.standby_failed(at(5), &refused());
        troubles.standby_failed(at(65), &refused());
        let dead = (TroubleKind::Standby, at(5), None, vec![]);
        assert_eq!(shown(&troubles), [dead]);
        assert!(!troubles.is_unusable(4), "no port wanted to register there");
        assert_eq!(troubles.unreachable(), Some(&refused()));
        // No port's trouble: it stays whichever port leaves.
        troubles.left(1);
        assert!(troubles.unreachable().is_some());
        troubles.standby_opened(at(130));
        assert_eq!(troubles.unreachable(), None);
        // And what ports met there before is over with it, if it was no connection.
        troubles.met(at(200), 1, &refused(), at(200));
        troubles.standby_opened(at(210));
        assert!(!troubles.is_unusable(4));
        troubles.met(at(220), 1, &LostReason::RegisterTimeout, at(220));
        troubles.standby_opened(at(230));
        assert!(
            troubles.is_unusable(4),
            "that it takes connections proves nothing"
        );
        assert_eq!(troubles.unreachable(), None, "but it can be reached");
        troubles.met(at(240), 1, &LostReason::RegisterTimeout, at(240));
        assert!(troubles.unreachable().is_some());
    }
    #[test]
    fn a_server_that_rejects_some_ports_can_be_reached_and_used_by_others() {
        let mut troubles = Troubles::default();
        (1..=4).for_each(|port| troubles.met(at(1), port, &refused(), at(1)));
        assert!(troubles.is_unusable(4) && troubles.unreachable().is_some());
        // It is back without the devices.
        troubles.met(at(20), 2, &rejected(), at(20));
        assert_eq!(troubles.unreachable(), None);
        troubles.registered(at(30), 1);
        assert!(!troubles.is_unusable(4));
        for port in [1, 3, 4] {
            troubles.met(at(40), port, &rejected(), at(40));
        }
        assert!(troubles.is_unusable(4), "all of them");
    }

    #[test]
    fn a_server_that_is_asked_in_vain_is_one_trouble_until_it_answers() {
        let mut troubles = Troubles::default();
        (5..9).for_each(|s| troubles.asked_in_vain(at(s), &refused()));
        let dead = (TroubleKind::Failed, at(5), None, vec![]);
        assert_eq!(shown(&troubles), std::slice::from_ref(&dead));
        assert_eq!(troubles.unreachable(), Some(&refused()));
        troubles.met(at(9), 2, &rejected(), at(9));
        assert_eq!(shown(&troubles).len(), 1, "{troubles:?}");
        assert_eq!(shown(&troubles)[0].0, TroubleKind::Rejected);
        // Ports that have lost it say when that was.
        let mut troubles = Troubles::default();
        troubles.met(at(1), 1, &LostReason::RegisterTimeout, at(1));
        troubles.asked_in_vain(at(2), &refused());
        let lost = (TroubleKind::Failed, at(1), None, vec![1]);
        assert_eq!(shown(&troubles), [lost]);
    }

    #[test]
    fn what_was_lost_because_its_host_was_dead_is_over_when_it_takes_a_connection() {
        for reason in [
            LostReason::Closed(CloseReason::TimedOut),
            LostReason::KeepaliveLost {
                silent: std::time::Duration::from_secs(3),
            },
        ] {
            let mut troubles = Troubles::default();
            troubles.met(at(1), 1, &reason, at(1));
            troubles.standby_opened(at(60));
            assert!(!troubles.is_unusable(4), "{reason:?}");
        }
    }
}
