//! The facts that findings follow from, as the gateway knows them.

use tipring_ctl::report::{FindingReport, MediaLeg};
use tipring_proto::call::{CallState, PortSnapshot, PortState};
use tipring_proto::finding::{
    self, AudioFacts, CardState, Finding, LineFacts, Place, PortFacts, RegistrationFacts, Seat,
};
use tipring_proto::rtp::RtpSource;
use tipring_proto::sccp::station::{StationSnapshot, StationState};
use tipring_proto::time::Time;
use tipring_proto::types::Party;

use super::super::Gateway;
use super::super::port::PortUnit;

impl Gateway {
    /// What is wrong with the gateway as a whole.
    pub(in crate::control) fn findings(&self) -> Vec<FindingReport> {
        let mut findings = self.facts.findings.clone();
        findings.extend(self.machine.identity.finding(&self.config.gateway));
        findings.extend(self.address_finding());
        if self.health.is_stalled() {
            findings.push(Finding::LineThreadStalled);
        }
        findings.extend(self.backup_finding());
        findings.extend(self.history.finding());
        if let Some(errors) = self.reload.left.errors() {
            findings.push(Finding::ConfigFileErrors {
                errors: errors as u64,
            });
        }
        findings.into_iter().map(FindingReport::gateway).collect()
    }

    /// What is wrong with a port.
    pub(in crate::control) fn port_findings(
        &self,
        now: Time,
        unit: &PortUnit,
        station: &StationSnapshot,
        logic: &PortSnapshot,
    ) -> Vec<FindingReport> {
        let servers: Vec<String> = unit
            .reasons
            .iter()
            .map(|(n, _)| self.signalling.servers.name(*n))
            .collect();
        let reasons = servers.iter().map(String::as_str);
        let legs = unit.desk.shown_open(now);
        let talking = logic.calls.iter().find(|c| c.state == CallState::Connected);
        let audio = talking.and_then(|call| {
            let connected = now - call.connected?;
            let of_call = |l: &&MediaLeg| l.call_ref == call.call.0 && l.remote.is_some();
            // A leg that sends nothing is on hold: nothing has to come.
            let mut sending = legs
                .iter()
                .filter(of_call)
                .filter_map(|l| Some((l, unit.desk.sending(now, Party(l.party))?)));
            let (leg, sent_for) = sending.next()?;
            Some(AudioFacts {
                connected: connected.min(sent_for),
                remote: leg.remote.as_deref().unwrap_or_default(),
                received: leg.rtp.received_packets,
                silent: unit.desk.silence(now, Party(leg.party)),
                refused: leg.refused_sources.first().map(|s| s.address.as_str()),
                latch: unit.desk.source_policy() == RtpSource::Latch,
            })
        });
        let facts = PortFacts {
            enabled: unit.settings.enabled,
            seat: self.seat_of(unit),
            line: self.line_facts(now, unit),
            registration: RegistrationFacts {
                registered: matches!(station.state, StationState::Registered { .. }),
                reasons: reasons.zip(unit.reasons.iter().map(|(_, r)| r)).collect(),
                suspect: station.suspect_since.is_some(),
                unresponsive: logic.unanswered > 0,
            },
            lockout: matches!(logic.state, PortState::Howling | PortState::Lockout),
            audio,
            glitch: unit.glitches.recent(now),
            fax: self.failed_fax(now, unit.number),
        };
        let found = finding::port(&facts).into_iter();
        found.map(|f| FindingReport::of(f, unit.place())).collect()
    }

    fn seat_of(&self, unit: &PortUnit) -> Seat {
        if self.is_late(unit) {
            return Seat::Late;
        }
        match unit.line {
            Some(_) => Seat::Served,
            None if self.is_held(unit.settings.channel) => Seat::Held,
            None => Seat::NotOnCard {
                channels: self.facts.card.ports,
            },
        }
    }

    fn line_facts(&self, now: Time, unit: &PortUnit) -> LineFacts<'_> {
        let slot = self.lines.cards.slot(unit.line);
        let card = match slot {
            Some(slot) if slot.is_silent(now) => CardState::Silent,
            Some(slot) if slot.is_beginning() => CardState::Beginning,
            Some(slot) => slot.missing().map_or(CardState::Works, CardState::Missing),
            None => CardState::Works,
        };
        LineFacts {
            card,
            feed: slot.and_then(|slot| slot.feed_trouble()),
            fault: unit.fault,
            unregistered: unit.is_out_of_service(),
            returns_in: unit.service().returns_at().map(|at| at - now),
        }
    }
}

impl PortUnit {
    /// For its findings.
    pub(in crate::control) fn place(&self) -> Place {
        Place {
            port: Some(self.number),
            channel: Some(self.settings.channel),
            device: Some(self.device_name()),
            device_type: Some(self.settings.device_type.0),
        }
    }
}
