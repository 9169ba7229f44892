//! Cards of which each port is opened by itself: opened, given to the line thread, looked after, and opened again.
//!
//! Owns: the calls into the card's driver, all of them on threads of their own, for a driver may take milliseconds or never
//! answer. Promises: a port that cannot be opened costs itself only, and comes back by itself. Leaves to others:
//! when (`tipring_proto::card`).

mod desk;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tipring_ctl::report::TraceKind;
use tipring_hal::absent::Absent;
use tipring_hal::port::{Law, PortFault};
use tipring_proto::call::{LineFault, LineInput, PortWord};
use tipring_proto::card::{CardState, FeedNews, FeedStep, FeedTrouble, Volts};
use tipring_proto::device::Input;
use tipring_proto::time::Time;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::gate::told;
use super::{Gateway, words};
use crate::cards::{CardSource, CardTrouble, OpenCard, ProbeError};
use crate::line::{CardBack, CardSet, LineOrder};
use crate::startup::port::{CardFacts, ChainPlan};

pub(super) use desk::CardDesk;

/// Cards that may be opened at the same time.
const OPENING: usize = 4;
/// One that has not come back for so long does not count for that any more.
const STUCK: Duration = Duration::from_secs(5);
/// A card that had to wait for others.
const SOON: Duration = Duration::from_millis(20);

/// What came back of a card.
#[derive(Debug)]
pub(super) enum CardNews {
    /// It was opened, or not.
    Opened(Result<OpenCard, CardTrouble>),
    /// What was lost is closed.
    Closed,
    /// The voltages.
    Volts(Result<Volts, ProbeError>),
    /// Whether the card has switched the feed off.
    SwitchedOff(Result<bool, ProbeError>),
    /// The feed was switched on.
    Rearmed(Result<(), ProbeError>),
}

/// Where cards come from, and what is under way.
pub(super) struct Cards {
    source: Option<Arc<dyn CardSource>>,
    tell: mpsc::UnboundedSender<(u16, u64, CardNews)>,
    /// At most one for each port.
    pub(super) news: mpsc::UnboundedReceiver<(u16, u64, CardNews)>,
    opening: Vec<(u16, Time)>,
    changed: Option<SystemTime>,
}

impl Cards {
    /// Without a source no port is opened.
    pub(super) fn new(source: Option<Arc<dyn CardSource>>) -> Cards {
        let (tell, news) = mpsc::unbounded_channel();
        let changed = source.as_ref().and_then(|s| s.changed());
        Cards {
            source,
            tell,
            news,
            opening: vec![],
            changed,
        }
    }

    fn ask(&self, port: u16, epoch: u64, what: impl FnOnce() -> CardNews + Send + 'static) {
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            // A gateway that has ended does not listen.
            let _ = tell.send((port, epoch, what()));
        });
    }
}

impl Gateway {
    /// Looks whether something changed where cards are found.
    pub(super) fn look_for_cards(&mut self) {
        let Some(source) = &self.cards.source else {
            return;
        };
        let changed = source.changed();
        if changed == self.cards.changed {
            return;
        }
        self.cards.changed = changed;
        let now = self.clock.now();
        for card in self.ports.iter_mut().filter_map(|u| u.card.as_mut()) {
            card.keeper.nudge(now);
        }
    }

    /// Does what is due for the card of a port.
    pub(super) fn card_turn(&mut self, now: Time, index: usize) {
        let stopping = self.stopping;
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let word = unit.call_logic();
        let Some(card) = unit.card.as_mut() else {
            return;
        };
        let dead = word.state == PortWord::Fault && card.feed_trouble().is_some();
        let at_rest = dead || (word.state == PortWord::Idle && word.calls.is_empty());
        let look = card.look(now, at_rest);
        let place = card.place_now(now);
        let retires = card.retires(now);
        if retires {
            unit.stop(now);
        }
        if let Some(card) = place {
            self.place(now, index, card);
        }
        if let Some(step) = look {
            self.look(index, step);
        }
        if !stopping {
            self.open_card(now, index);
        }
        if retires {
            self.drain(now, index);
        }
    }

    fn open_card(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let (port, Some(card)) = (unit.number, unit.card.as_mut()) else {
            return;
        };
        let Some(source) = self.cards.source.clone() else {
            return;
        };
        if card.keeper.due().is_none_or(|at| at > now) {
            return;
        }
        let busy = self.cards.opening.iter();
        if busy.filter(|(_, since)| now - *since < STUCK).count() >= OPENING {
            card.keeper.wait_until(now + SOON);
            return;
        }
        card.keeper.try_now(now);
        card.asked = Some(now);
        let (want, epoch) = (card.want, card.epoch);
        self.cards.opening.push((port, now));
        let open = move || CardNews::Opened(source.open(&want));
        self.cards.ask(port, epoch, open);
    }

    fn look(&mut self, index: usize, step: FeedStep) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let Some((card, probe)) = unit
            .card
            .as_ref()
            .and_then(|card| Some((card, Arc::clone(card.probe.as_ref()?))))
        else {
            return;
        };
        self.cards.ask(unit.number, card.epoch, move || {
            let mut probe = probe.lock().unwrap_or_else(PoisonError::into_inner);
            match step {
                FeedStep::Measure => CardNews::Volts(probe.volts()),
                FeedStep::Confirm => CardNews::SwitchedOff(probe.switched_off()),
                FeedStep::Rearm => CardNews::Rearmed(probe.rearm()),
            }
        });
    }

    /// Something came back of a card.
    pub(super) fn card_news(&mut self, port: u16, epoch: u64, news: CardNews) {
        let now = self.clock.now();
        if matches!(news, CardNews::Opened(_)) {
            self.cards.opening.retain(|(p, _)| *p != port);
        }
        let index = self.ports.iter().position(|p| p.number == port);
        let unit = index.and_then(|i| self.ports.get_mut(i));
        let (Some(index), Some(card)) = (index, unit.and_then(|u| u.card.as_mut())) else {
            return;
        };
        if card.epoch != epoch {
            return;
        }
        card.asked = None;
        let told = match news {
            CardNews::Opened(Ok(open)) => return self.card_opened(now, index, open),
            CardNews::Opened(Err(trouble)) => return self.card_missing(now, index, trouble),
            CardNews::Closed => {
                card.keeper.left(now);
                None
            }
            CardNews::Volts(Ok(volts)) => card.feed.measured(now, volts),
            CardNews::SwitchedOff(Ok(off)) => card.feed.confirmed(now, off),
            CardNews::Rearmed(Ok(())) => {
                card.feed.rearmed(now);
                let n = card.feed.rearms();
                let text = format!("line feed switched on again, for the {n}. time");
                self.trace(now, index, TraceKind::Line, text);
                None
            }
            CardNews::Volts(Err(ProbeError::Unsupported))
            | CardNews::SwitchedOff(Err(ProbeError::Unsupported))
            | CardNews::Rearmed(Err(ProbeError::Unsupported)) => {
                card.feed.give_up();
                None
            }
            CardNews::Volts(Err(ProbeError::Failed))
            | CardNews::SwitchedOff(Err(ProbeError::Failed))
            | CardNews::Rearmed(Err(ProbeError::Failed)) => {
                card.feed.unanswered(now);
                None
            }
        };
        match told {
            Some(FeedNews::Lost(trouble)) => self.feed_lost(now, index, trouble),
            Some(FeedNews::Restored) => self.feed_restored(now, index),
            None => {}
        }
    }

    fn card_missing(&mut self, now: Time, index: usize, trouble: CardTrouble) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Some(card) = unit.card.as_mut() else {
            return;
        };
        card.keeper.not_opened(now);
        let news = card.trouble.as_ref() != Some(&trouble);
        if news && let Some(held_back) = unit.gate.pass(now) {
            warn!(
                port = unit.number,
                what = trouble.what,
                cure = trouble.cure,
                held_back = told(held_back),
                "a line cannot be opened; it is tried again until it can"
            );
        }
        let text = news.then(|| format!("the card cannot be opened: {}", trouble.what));
        card.trouble = Some(trouble);
        if let Some(text) = text {
            self.trace(now, index, TraceKind::Line, text);
        }
    }

    fn card_opened(&mut self, now: Time, index: usize, open: OpenCard) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let facts = CardFacts::of(&*open.port);
        let plan = ChainPlan::new(&self.config, &unit.settings, &facts);
        let chain = match unit.chain == Some(plan) {
            true => Ok(None),
            false => plan.build().map(Some),
        };
        let Some(card) = unit.card.as_mut() else {
            return;
        };
        let chain = match chain {
            Ok(chain) => chain,
            Err(error) => {
                let trouble = CardTrouble {
                    what: format!("the line's signal chain cannot be made: {error}"),
                    cure: "look at the memory that the daemon may use".to_owned(),
                };
                return self.card_missing(now, index, trouble);
            }
        };
        if chain.is_some() {
            unit.chain = Some(plan);
        }
        card.keeper.in_hand();
        card.plate = Some(open.plate);
        card.probe = open.probe.map(|p| Arc::new(Mutex::new(p)));
        card.tells_voltages = facts.capabilities.voltages;
        unit.capabilities = Some(facts.capabilities);
        let port = open.port;
        self.place(now, index, Box::new(CardSet { port, chain }));
    }

    /// Gives a card, or a stand-in for one, to the line thread.
    fn place(&mut self, now: Time, index: usize, card: Box<CardSet>) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Some(line) = unit.line else { return };
        if let Err(full) = self.line.send(line, LineOrder::ReplaceCard(card))
            && let (LineOrder::ReplaceCard(card), Some(desk)) = (full.0, unit.card.as_mut())
        {
            desk.place_later(card, now);
        }
    }

    /// The line thread gave a card back: the one before, or one that it could not take.
    pub(super) fn card_returned(
        &mut self,
        now: Time,
        index: usize,
        back: Box<CardSet>,
        why: CardBack,
    ) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let number = unit.number;
        let Some(card) = unit.card.as_mut() else {
            return drop(back);
        };
        match (card.keeper.state(), why) {
            (CardState::Leaving, _) => {
                // Closing may wait for the driver.
                let epoch = card.epoch;
                self.cards.ask(number, epoch, move || {
                    drop(back);
                    CardNews::Closed
                });
            }
            (CardState::Placing, CardBack::Replaced { off_hook }) => {
                drop(back); // a stand-in
                card.placed(now, index);
                self.card_in_place(now, index, off_hook);
            }
            (_, why) => {
                let epoch = card.epoch;
                warn!(port = number, ?why, "the line thread did not take a card");
                card.probe = None;
                card.trouble = Some(CardTrouble {
                    what: "the line thread did not take the card".to_owned(),
                    cure: "report this as a bug".to_owned(),
                });
                self.cards.ask(number, epoch, move || {
                    drop(back);
                    CardNews::Closed
                });
            }
        }
    }

    /// A card works: the call logic and the CallManager hear of it.
    fn card_in_place(&mut self, now: Time, index: usize, off_hook: bool) {
        let call = self.ports.get(index).map(|unit| {
            crate::settings::call_logic(&self.config, &unit.settings, unit.capabilities)
        });
        let Some((unit, call)) = self.ports.get_mut(index).zip(call) else {
            return;
        };
        unit.reconfigure_port(now, call);
        let plate = unit.card.as_ref().and_then(|c| c.plate.clone());
        let plate = plate.unwrap_or_default();
        if let Some(held_back) = unit.gate.pass(now) {
            info!(
                port = unit.number,
                channel = unit.settings.channel,
                name = plate.channel_name,
                driver = plate.driver,
                off_hook,
                held_back = told(held_back),
                "line open"
            );
        }
        unit.fault = None;
        unit.handle(now, Input::Line(LineInput::FaultCleared));
        let edge = if off_hook {
            LineInput::LoopClosed { at: now }
        } else {
            LineInput::LoopOpened { at: now }
        };
        unit.handle(now, Input::Line(edge));
        if !self.stopping
            && let Some(unit) = self.ports.get_mut(index)
        {
            unit.start(now);
        }
        let text = format!(
            "card in place: {} ({}), {}",
            plate.channel_name,
            plate.driver,
            if off_hook { "off-hook" } else { "on-hook" }
        );
        self.trace(now, index, TraceKind::Line, text);
        self.drain(now, index);
    }

    /// The line thread says that a card is gone.
    pub(super) fn card_lost(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let law = Law::Mu;
        let Some(card) = unit.card.as_mut() else {
            return;
        };
        let block_len = card.want.block_len;
        if card.lost(now) {
            let port = Box::new(Absent::new(law, block_len));
            self.place(now, index, Box::new(CardSet { port, chain: None }));
        }
    }

    fn feed_lost(&mut self, now: Time, index: usize, trouble: FeedTrouble) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let (what, cure) = words::feed(trouble);
        if let Some(held_back) = unit.gate.pass(now) {
            warn!(
                port = unit.number,
                fault = what,
                cure,
                held_back = told(held_back),
                "line fault"
            );
        }
        unit.fault = Some(PortFault::PowerAlarm);
        let fault = LineInput::Fault(LineFault::PowerAlarm);
        unit.handle(now, Input::Line(fault));
        self.trace(now, index, TraceKind::Line, what.to_owned());
        self.drain(now, index);
    }

    fn feed_restored(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        if unit.fault != Some(PortFault::PowerAlarm) {
            return;
        }
        if let Some(held_back) = unit.gate.pass(now) {
            info!(
                port = unit.number,
                held_back = told(held_back),
                "the line has voltage again"
            );
        }
        unit.fault = None;
        unit.handle(now, Input::Line(LineInput::FaultCleared));
        let text = "the line has voltage again".to_owned();
        self.trace(now, index, TraceKind::Line, text);
        self.drain(now, index);
    }
}
