//! Why a port or the gateway cannot be used, and what to do.

use tipring_ctl::report::Trouble;
use tipring_proto::call::{CallState, PortSnapshot, PortState};
use tipring_proto::rtp::RtpSource;
use tipring_proto::sccp::station::{ConnectFailure, LostReason, StationSnapshot, StationState};
use tipring_proto::time::Time;

use super::super::port::PortUnit;
use super::super::servers::ServerBook;
use super::super::{Gateway, words};

/// A connected call that hears nothing for so long is one-way.
const SILENCE_S: u64 = 3;

impl Gateway {
    /// What is wrong with the gateway as a whole.
    pub(super) fn troubles(&self) -> Vec<Trouble> {
        let mut troubles = self.facts.troubles.clone();
        troubles.extend(self.identity.trouble(&self.config.gateway));
        if self.stuck {
            troubles.push(trouble(
                "a line thread stands still: its ports have no audio",
                "restart tipringd (systemd's watchdog does); see its log for the reason",
            ));
        }
        if let Some(errors) = self.left.errors() {
            let plural = if errors == 1 { "" } else { "s" };
            troubles.push(trouble(
                &format!("the configuration file has {errors} error{plural}; the configuration read before it stays in use"),
                "`tipring config check` tells them; correct them, then `tipring reload`",
            ));
        }
        troubles
    }

    /// Why the port cannot be used. Texts hold nothing that differs from port to port, so that 48 ports with one
    /// trouble can be told in one line.
    pub(super) fn trouble(
        &self,
        now: Time,
        unit: &PortUnit,
        station: &StationSnapshot,
        logic: &PortSnapshot,
    ) -> Option<Trouble> {
        if !unit.settings.enabled {
            return None;
        }
        if self.is_late(unit) {
            return Some(trouble(
                "the line thread has no lane left for it: it came after the start",
                "restart tipringd when no call is up",
            ));
        }
        if unit.line.is_none() && self.is_held(unit.settings.channel) {
            return Some(trouble(
                "another port still has its channel",
                "it is taken when that port's call is over",
            ));
        }
        if unit.line.is_none() {
            return Some(trouble(
                &format!(
                    "the card has no channel {}: it has {}",
                    unit.settings.channel, self.facts.card.ports
                ),
                "correct `channel` in the port's [[port]] table, or look for the missing card",
            ));
        }
        if let Some(fault) = self.line_trouble(now, unit) {
            return Some(fault);
        }
        if !matches!(station.state, StationState::Registered { .. }) {
            return unregistered(&unit.reasons, &self.servers);
        }
        if station.suspect_since.is_some() {
            return Some(trouble(
                "the CallManager does not answer keepalives",
                "check the network to the CallManager",
            ));
        }
        if logic.unanswered > 0 {
            return Some(trouble(
                "the CallManager said nothing to the last lift or flash of the set: no call, no tone",
                "lift again; if that stays so, reset the device on the CallManager, and look at its log (`tipring trace` shows what it says)",
            ));
        }
        match logic.state {
            PortState::Howling | PortState::Lockout => Some(trouble(
                "the set has been off-hook for too long",
                "hang up the set; if it is on-hook, look for a short or a wet cable on the line",
            )),
            _ => self.one_way(now, unit, logic).or_else(|| {
                let (what, cure) = words::glitch(unit.glitches.recent(now)?);
                Some(trouble(what, cure))
            }),
        }
    }

    /// What is wrong with the line or its card.
    pub(in crate::control) fn line_trouble(&self, now: Time, unit: &PortUnit) -> Option<Trouble> {
        let slot = self.cards.slot(unit.line);
        if slot.is_some_and(|slot| slot.is_silent(now)) {
            return Some(trouble(
                "the card's driver does not answer",
                "look at the kernel's log (dmesg) and the card; restart the machine if it stays so",
            ));
        }
        if let Some(missing) = slot.and_then(|slot| slot.trouble()) {
            return Some(trouble(&missing.what, &missing.cure));
        }
        if let Some(feed) = slot.and_then(|slot| slot.feed_trouble()) {
            let (what, cure) = words::feed(feed);
            return Some(dead(unit, what, cure));
        }
        // At its first try it has no trouble yet.
        let fault = unit
            .fault
            .filter(|_| !slot.is_some_and(|slot| slot.is_beginning()));
        match fault {
            Some(fault) => Some(dead(unit, words::fault(fault), words::fault_cure(fault))),
            None => on_trial(now, unit),
        }
    }

    /// A call that hears nothing of the far end.
    fn one_way(&self, now: Time, unit: &PortUnit, logic: &PortSnapshot) -> Option<Trouble> {
        let talking = logic
            .calls
            .iter()
            .find(|c| c.state == CallState::Connected)?;
        let long = (now - talking.connected?).as_secs() >= SILENCE_S;
        let legs = unit.desk.shown_open();
        let leg = legs.iter().find(|l| l.remote.is_some())?;
        if !long || leg.rtp.received_packets > 0 {
            return None;
        }
        let what = format!(
            "one-way audio: no RTP from {} since the call was answered",
            leg.remote.as_deref().unwrap_or_default()
        );
        Some(if let Some(refused) = leg.refused_sources.first() {
            let cure = match unit.desk.source_policy() {
                RtpSource::Latch => "they are no RTP of a codec of this call: look what sends them",
                RtpSource::Host | RtpSource::Strict => {
                    "look for NAT or a media server between, or allow them with rtp-source = \"latch\" in [media]"
                }
            };
            trouble(
                &format!(
                    "{what}, but packets from {} that are refused",
                    refused.address
                ),
                cure,
            )
        } else {
            trouble(
                &what,
                "look for a firewall or a wrong route between the far end and this gateway",
            )
        })
    }
}

/// The line works, but went dead again soon after it did so before.
fn on_trial(now: Time, unit: &PortUnit) -> Option<Trouble> {
    let left = unit.service().returns_at()? - now;
    Some(trouble(
        &format!(
            "the line works again, but has come and gone: unregistered until it has worked for another {} s",
            left.as_secs() + 1
        ),
        "look for a loose cable, plug or card; the port registers by itself",
    ))
}

/// A trouble of the line, and what it means for callers by now.
fn dead(unit: &PortUnit, what: &str, cure: &str) -> Trouble {
    if unit.is_out_of_service() {
        return trouble(&format!("{what}; unregistered until it works again"), cure);
    }
    trouble(what, cure)
}

fn trouble(what: &str, cure: &str) -> Trouble {
    Trouble {
        what: what.to_owned(),
        cure: cure.to_owned(),
    }
}

/// Why no server of the list can be used, and the cure for what tells most. `None`: none has been tried yet.
fn unregistered(reasons: &[(usize, LostReason)], servers: &ServerBook) -> Option<Trouble> {
    let (_, worst) = reasons.iter().max_by_key(|(_, r)| weight(r))?;
    let what = match reasons {
        [(_, only)] => only.to_string(),
        several => {
            let each = several.iter();
            let each: Vec<String> = each
                .map(|(n, r)| format!("{}: {r}", servers.name(*n)))
                .collect();
            each.join("; ")
        }
    };
    Some(trouble(&format!("not registered: {what}"), cure(worst)))
}

/// How much a reason tells about what is wrong: a server that answers tells more than one that does not.
fn weight(reason: &LostReason) -> u8 {
    match reason {
        LostReason::Rejected { .. } => 3,
        LostReason::BadFrame { .. } => 2,
        LostReason::TokenRefused { .. } => 1,
        LostReason::RegisterTimeout | LostReason::KeepaliveLost { .. } | LostReason::Closed(_) => 1,
        LostReason::Connect(_)
        | LostReason::Reset(_)
        | LostReason::ReturnToPreferred
        | LostReason::Reconfigured
        | LostReason::Stopped => 0,
    }
}

fn cure(reason: &LostReason) -> &'static str {
    match reason {
        LostReason::Connect(ConnectFailure::Name { .. }) => {
            "check the name in [callmanager] servers and the name servers of this machine (/etc/resolv.conf)"
        }
        LostReason::Connect(_) => "check [callmanager] servers, the network and the CallManager",
        LostReason::Rejected { .. } => "look the device name up on the CallManager",
        LostReason::BadFrame { .. } => {
            "is there a CallManager at that address and port? SCCP is spoken on TCP port 2000"
        }
        LostReason::RegisterTimeout | LostReason::KeepaliveLost { .. } | LostReason::Closed(_) => {
            "look at the CallManager and its log; `tipring trace` shows what it says"
        }
        LostReason::TokenRefused { .. }
        | LostReason::Reset(_)
        | LostReason::ReturnToPreferred
        | LostReason::Reconfigured
        | LostReason::Stopped => "it registers again by itself",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_config::Server;
    use tipring_proto::sccp::station::RejectCause;

    fn servers() -> ServerBook {
        ServerBook::new(&["10.0.0.1", "10.0.0.2"].map(|s| Server::parse(s).unwrap()))
    }

    fn refused() -> LostReason {
        LostReason::Connect(ConnectFailure::Unreachable)
    }

    fn rejected() -> LostReason {
        LostReason::Rejected {
            text: "No Authority".into(),
            cause: RejectCause::NoAuthority,
        }
    }

    #[test]
    fn a_port_at_its_first_try_has_no_trouble_yet() {
        assert_eq!(unregistered(&[], &servers()), None);
    }

    #[test]
    fn one_server_is_not_named_and_several_are() {
        let one = unregistered(&[(0, refused())], &servers()).unwrap();
        assert_eq!(
            one.what,
            "not registered: cannot connect: no route to the server"
        );
        let both = unregistered(&[(0, refused()), (1, refused())], &servers()).unwrap();
        assert_eq!(
            both.what,
            "not registered: 10.0.0.1:2000: cannot connect: no route to the server; \
             10.0.0.2:2000: cannot connect: no route to the server"
        );
    }

    #[test]
    fn a_rejection_is_cured_before_a_server_that_does_not_answer() {
        for reasons in [
            [(0, rejected()), (1, refused())],
            [(0, refused()), (1, rejected())],
        ] {
            let told = unregistered(&reasons, &servers()).unwrap();
            assert_eq!(told.cure, "look the device name up on the CallManager");
        }
    }
}
