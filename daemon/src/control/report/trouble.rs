//! Why a port or the gateway cannot be used, and what to do.

use tipring_ctl::report::Trouble;
use tipring_proto::call::{CallWord, PortSnapshot, PortWord};
use tipring_proto::sccp::station::{LostReason, StationSnapshot, StationState};
use tipring_proto::time::Time;

use super::super::port::PortUnit;
use super::super::{Gateway, words};

/// A connected call that hears nothing for so long is one-way.
const SILENCE_S: u64 = 3;

impl Gateway {
    /// What is wrong with the gateway as a whole.
    pub(super) fn troubles(&self) -> Vec<Trouble> {
        let mut troubles = self.facts.troubles.clone();
        if self.stuck {
            troubles.push(trouble(
                "a line thread stands still: its ports have no audio",
                "restart tipringd (systemd's watchdog does); see its log for the reason",
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
        if unit.line.is_none() {
            return Some(trouble(
                &format!(
                    "the card has no channel {}: it has {}",
                    unit.settings.channel, self.facts.card.ports
                ),
                "correct `channel` in the port's [[port]] table, or look for the missing card",
            ));
        }
        if let Some(fault) = unit.fault {
            return Some(trouble(words::fault(fault), words::fault_cure(fault)));
        }
        if !matches!(station.state, StationState::Registered { .. }) {
            // Without a reason it is still at its first try.
            let (_, reason) = station.last_lost.as_ref()?;
            return Some(unregistered(reason));
        }
        if station.suspect_since.is_some() {
            return Some(trouble(
                "the CallManager does not answer keepalives",
                "check the network to the CallManager",
            ));
        }
        match logic.state {
            PortWord::Howling | PortWord::Parked => Some(trouble(
                "the set has been off-hook for too long",
                "hang up the set; if it is on-hook, look for a short or a wet cable on the line",
            )),
            _ => self.one_way(now, unit, logic),
        }
    }

    /// A call that hears nothing of the far end.
    fn one_way(&self, now: Time, unit: &PortUnit, logic: &PortSnapshot) -> Option<Trouble> {
        let talking = logic
            .calls
            .iter()
            .find(|c| c.state == CallWord::Connected)?;
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
        Some(if leg.rtp.stray_packets > 0 {
            trouble(
                &what,
                "packets come from another address (strangers): look for NAT or a media server between",
            )
        } else {
            trouble(
                &what,
                "look for a firewall or a wrong route between the far end and this gateway",
            )
        })
    }
}

fn trouble(what: &str, cure: &str) -> Trouble {
    Trouble {
        what: what.to_owned(),
        cure: cure.to_owned(),
    }
}

fn unregistered(reason: &LostReason) -> Trouble {
    let cure = match reason {
        LostReason::Connect(_) => "check [callmanager] servers, the network and the CallManager",
        LostReason::Rejected { .. } => "look the device name up on the CallManager",
        LostReason::BadFrame { .. } => {
            "is there a CallManager at that address and port? SCCP is spoken on TCP port 2000"
        }
        LostReason::RegisterTimeout | LostReason::KeepaliveLost { .. } | LostReason::Closed(_) => {
            "look at the CallManager and its log; `tipring trace` shows what it says"
        }
        LostReason::Reset(_)
        | LostReason::ReturnToPreferred
        | LostReason::Reconfigured
        | LostReason::Stopped => "it registers again by itself",
    };
    trouble(&format!("not registered: {reason}"), cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::station::ConnectFailure;

    #[test]
    fn every_reason_of_a_lost_registration_has_a_cure() {
        let reasons = [
            LostReason::Connect(ConnectFailure::Refused),
            LostReason::RegisterTimeout,
            LostReason::BadFrame { text: "x".into() },
            LostReason::Stopped,
        ];
        for reason in reasons {
            let told = unregistered(&reason);
            assert!(told.what.starts_with("not registered: "), "{}", told.what);
            assert!(!told.cure.is_empty(), "{reason}");
        }
    }
}
