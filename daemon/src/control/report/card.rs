//! The cards for the control socket.

use tipring_ctl::report as ctl;
use tipring_hal::port::{Law, LineFault};
use tipring_proto::card::Volts;

use super::super::cards::Slot;
use super::super::port::PortUnit;
use super::super::{Gateway, words};

impl Gateway {
    /// The card of the whole gateway.
    pub(super) fn card_report(&self) -> ctl::CardReport {
        let mut report = self.facts.card.clone();
        let slots = self.lines.cards.slots();
        if !self.lines.cards.are_opened_one_by_one() {
            // The line thread has lanes to spare for ports that come with a reload.
            let seated = || self.ports.iter().filter(|u| u.line.is_some());
            let removed = |u: &&PortUnit| u.fault == Some(LineFault::Removed);
            let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
            report.closed_ports = count(seated().filter(removed).count());
            report.open_ports = count(seated().count()) - report.closed_ports;
            return report;
        }
        let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        report.ports = count(slots.len());
        report.open_ports = count(slots.iter().filter(|s| s.is_open()).count());
        report.closed_ports = report.ports - report.open_ports;
        for plate in slots
            .iter()
            .filter(|s| s.is_open())
            .filter_map(|s| s.plate.as_ref())
        {
            let same = |s: &&mut ctl::SpanReport| s.number == plate.span;
            match report.spans.iter_mut().find(same) {
                Some(span) => span.open_ports += 1,
                None => report.spans.push(ctl::SpanReport {
                    number: plate.span,
                    name: plate.span_name.clone(),
                    description: plate.card.clone(),
                    driver: plate.driver.clone(),
                    open_ports: 1,
                }),
            }
        }
        report.spans.sort_by_key(|span| span.number);
        report
    }

    /// The card of one port.
    pub(super) fn port_card(&self, unit: &PortUnit) -> ctl::PortCard {
        let law = unit.card.map_or("", |card| match card.law {
            Law::Mu => "\u{b5}-law",
            Law::A => "A-law",
        });
        let remarks = unit
            .capabilities
            .map_or(vec![], |can| words::remarks(&unit.settings, can));
        let Some(slot) = self.lines.cards.slot(unit.line) else {
            return ctl::PortCard {
                driver: self.facts.card.driver.clone(),
                open: unit.line.is_some() && unit.fault != Some(LineFault::Removed),
                law: law.to_owned(),
                remarks,
                ..ctl::PortCard::default()
            };
        };
        let plate = slot.plate.clone().unwrap_or_default();
        ctl::PortCard {
            open: slot.is_open(),
            span: slot.plate.as_ref().map(|p| p.span),
            driver: plate.driver,
            span_name: plate.span_name,
            description: plate.card,
            channel_name: plate.channel_name,
            signalling: plate.signalling,
            law: if slot.plate.is_some() { law } else { "" }.to_owned(),
            remarks: if slot.is_open() { remarks } else { vec![] },
            ..counted(slot)
        }
    }
}

fn counted(slot: &Slot) -> ctl::PortCard {
    let (keeper, feed) = (slot.keeper(), slot.feed());
    ctl::PortCard {
        opened: keeper.opened(),
        open_failures: keeper.failed(),
        power_alarms: feed.power_alarms(),
        rearms: feed.rearms(),
        voltages: feed.last().map(voltages),
        ..ctl::PortCard::default()
    }
}

fn voltages(v: Volts) -> ctl::Voltages {
    let volts = |mv: i32| mv as f32 / 1000.0;
    ctl::Voltages {
        tip_v: volts(v.tip_mv),
        ring_v: volts(v.ring_mv),
        battery_v: volts(v.battery_mv),
    }
}
