//! Lanes of the line thread that no port has: what ports gave back, and what is kept for ports that come later.
//!
//! The line thread makes no lane after its start, so some are made beforehand, with a stand-in for their card: a port
//! that comes later gets one of them, and its card is put in the stand-in's place.

use tipring_config::Port;
use tipring_hal::port::{LineEventKind, LineFault, LinePort};
use tipring_proto::call::LineInput;
use tipring_proto::device::Input;
use tipring_proto::time::Time;
use tracing::warn;

use super::super::Gateway;
use crate::control::seat::{CardFacts, Seat};
use crate::line::{CardSet, LineOrder, PortIndex};
use crate::settings;

/// Lanes without a port, and ports of the card without a lane.
#[derive(Default)]
pub struct Lanes {
    /// Given back by a port, with the card of this channel in it.
    pub(super) given_back: Vec<(u16, Seat)>,
    /// With a stand-in for a card.
    free: Vec<Seat>,
    /// Ports of a card that has them all from the start, by channel.
    unused: Vec<(u16, Box<dyn LinePort>)>,
}

impl Lanes {
    /// `free` lanes, and the ports of the card that no lane has, by channel.
    pub fn new(free: Vec<Seat>, unused: Vec<(u16, Box<dyn LinePort>)>) -> Lanes {
        Lanes {
            given_back: vec![],
            free,
            unused,
        }
    }

    /// Has a port given this channel back?
    pub(super) fn has(&self, channel: u16) -> bool {
        self.given_back.iter().any(|(c, _)| *c == channel)
    }

    /// What a line reported that no port has: kept for its next port.
    pub(in crate::control) fn heard(&mut self, line: PortIndex, event: LineEventKind) {
        for seat in self.seats(line) {
            match event {
                LineEventKind::Fault(fault) => seat.fault = Some(fault),
                LineEventKind::FaultCleared => seat.fault = None,
                _ => {}
            }
        }
    }

    /// The feed of such a line is off. What else is wrong with it is known by then, and stays.
    pub(in crate::control) fn feed_lost(&mut self, line: PortIndex) {
        for seat in self.seats(line) {
            seat.fault.get_or_insert(LineFault::PowerAlarm);
        }
    }

    /// It is on again.
    pub(in crate::control) fn feed_restored(&mut self, line: PortIndex) {
        for seat in self.seats(line) {
            seat.fault.take_if(|fault| *fault == LineFault::PowerAlarm);
        }
    }

    fn seats(&mut self, line: PortIndex) -> impl Iterator<Item = &mut Seat> {
        let seats = self.given_back.iter_mut().map(|(_, seat)| seat);
        seats.filter(move |seat| seat.line == Some(line))
    }
}

impl Gateway {
    /// A lane for a port, with its card in it or on the way to it; `None`: another port has the channel, or there is
    /// no lane left.
    pub(super) fn take_lane(&mut self, now: Time, wanted: &Port) -> Option<Seat> {
        let channel = wanted.channel;
        let back = self.lines.lanes.given_back.iter();
        if let Some(at) = back.into_iter().position(|(c, _)| *c == channel) {
            let (_, mut seat) = self.lines.lanes.given_back.remove(at);
            if let Some(slot) = self.lines.cards.slot(seat.line) {
                seat.card = Some(slot.facts); // it may be another one than when the port left it
            }
            return Some(seat);
        }
        if self.is_held(channel) {
            return None;
        }
        let mut seat = self.lines.lanes.free.pop()?;
        let (Some(line), Some(facts)) = (seat.line, seat.card) else {
            return None;
        };
        if self.lines.cards.are_opened_one_by_one() {
            let want = settings::want(&self.config, wanted);
            self.lines.cards.add(line, want, facts, now);
            return Some(seat);
        }
        let unused = self
            .lines
            .lanes
            .unused
            .iter()
            .position(|(c, _)| *c == channel);
        let Some(at) = unused else {
            self.lines.lanes.free.push(seat);
            return None;
        };
        let (_, port) = self.lines.lanes.unused.swap_remove(at);
        seat.card = Some(CardFacts::of(&*port));
        let card = Box::new(CardSet { port, chain: None });
        match self.lines.threads.send(line, LineOrder::ReplaceCard(card)) {
            Ok(()) => Some(seat),
            Err(full) => {
                if let LineOrder::ReplaceCard(card) = full.0 {
                    self.lines.lanes.unused.push((channel, card.port));
                }
                warn!(channel, "the line thread does not take a card now");
                self.lines.lanes.free.push(seat);
                None
            }
        }
    }

    /// A card came into a lane with the loop closed: its port is notified.
    pub(in crate::control) fn found_off_hook(&mut self, now: Time, line: PortIndex) {
        let Some(index) = self.ports.iter().position(|u| u.line == Some(line)) else {
            return;
        };
        if let Some(unit) = self.ports.get_mut(index) {
            unit.handle(now, Input::Line(LineInput::LoopClosed { at: now }));
        }
        self.drain(now, index);
    }
}
