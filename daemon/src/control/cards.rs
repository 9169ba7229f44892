//! Cards of which each port is opened by itself: opened, given to the line thread, looked after, and opened again.
//!
//! Owns: a slot for each lane of the line thread, and the calls into the card's driver: all of them on threads of their
//! own, for a driver may take milliseconds or never answer. Promises: a channel that cannot be opened costs its port only,
//! and the port comes back by itself. Leaves to others: when (`tipring_proto::card`), what the port makes of it
//! ([`unit`]).

mod slot;
mod unit;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tipring_hal::absent::Absent;
use tipring_proto::card::{CardState, FeedNews, FeedStep, Volts};
use tipring_proto::finding::Finding;
use tipring_proto::time::Time;
use tipring_types::trace::Trace;
use tokio::sync::mpsc;
use tracing::warn;

use super::Gateway;
use crate::cards::{CardSource, OpenCard, ProbeError, Want};
use crate::control::seat::{CardFacts, ChainPlan};
use crate::line::{CardBack, CardSet, LineOrder, PortIndex};

pub(super) use slot::Slot;

/// Cards that may be opened at the same time.
const OPENING: usize = 4;
/// One that has not come back by then is not counted any more.
const STUCK: Duration = Duration::from_secs(5);
/// A card that had to wait for others.
const SOON: Duration = Duration::from_millis(20);

/// What came back of a card.
#[derive(Debug)]
pub(super) enum CardNews {
    /// It was opened, or not.
    Opened(Result<OpenCard, Finding>),
    /// What was lost is closed.
    Closed,
    /// The voltages.
    Volts(Result<Volts, ProbeError>),
    /// Whether the card has switched the feed off.
    SwitchedOff(Result<bool, ProbeError>),
    /// The feed was switched on.
    Rearmed(Result<(), ProbeError>),
}

/// What came back, of which lane; the number distinguishes the present card of a lane from former ones.
pub(super) type Returned = (PortIndex, u64, CardNews);

/// The slots, and what is under way.
pub struct Cards {
    source: Option<Arc<dyn CardSource>>,
    slots: Vec<Slot>,
    results: mpsc::UnboundedSender<Returned>,
    /// At most one for each slot.
    pub(super) news: mpsc::UnboundedReceiver<Returned>,
    opening: Vec<(PortIndex, Time)>,
    changed: Option<SystemTime>,
}

impl Cards {
    /// No slots: the line thread has its cards, and keeps them.
    pub fn fixed() -> Cards {
        let (results, news) = mpsc::unbounded_channel();
        Cards {
            source: None,
            slots: vec![],
            results,
            news,
            opening: vec![],
            changed: None,
        }
    }

    /// Slots for lanes that have stand-ins of these `facts` so far.
    pub fn opened_one_by_one(
        source: Arc<dyn CardSource>,
        wants: impl IntoIterator<Item = (PortIndex, Want, CardFacts)>,
        now: Time,
    ) -> Cards {
        let slots = wants.into_iter();
        Cards {
            changed: source.changed(),
            source: Some(source),
            slots: slots
                .map(|(line, want, facts)| Slot::new(line, want, facts, now))
                .collect(),
            ..Cards::fixed()
        }
    }

    /// The slot of a lane; none where cards stay as they are.
    pub(super) fn slot(&self, line: Option<PortIndex>) -> Option<&Slot> {
        self.slots.iter().find(|s| Some(s.line) == line)
    }

    /// A slot for a lane that has a stand-in so far.
    pub(super) fn add(&mut self, line: PortIndex, want: Want, facts: CardFacts, now: Time) {
        self.slots.push(Slot::new(line, want, facts, now));
    }

    fn slot_mut(&mut self, line: PortIndex) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|s| s.line == line)
    }

    /// All slots.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Is every card opened by itself?
    pub(super) fn are_opened_one_by_one(&self) -> bool {
        self.source.is_some()
    }

    /// When there is something to do.
    pub(super) fn due(&self) -> Option<Time> {
        self.slots.iter().filter_map(Slot::due).min()
    }

    fn ask(&self, line: PortIndex, epoch: u64, what: impl FnOnce() -> CardNews + Send + 'static) {
        let results = self.results.clone();
        tokio::task::spawn_blocking(move || {
            // A gateway that has ended does not listen.
            let _ = results.send((line, epoch, what()));
        });
    }

    fn open(&mut self, now: Time, line: PortIndex) {
        let Some(source) = self.source.clone() else {
            return;
        };
        let busy = self.opening.iter();
        let full = busy.filter(|(_, since)| now - *since < STUCK).count() >= OPENING;
        let Some(slot) = self.slot_mut(line) else {
            return;
        };
        if slot.keeper.due().is_none_or(|at| at > now) {
            return;
        }
        if full {
            return slot.keeper.wait_until(now + SOON);
        }
        slot.keeper.try_now(now);
        slot.asked = Some(now);
        let (want, epoch) = (slot.want, slot.epoch);
        slot.opened_with = want;
        self.opening.push((line, now));
        self.ask(line, epoch, move || CardNews::Opened(source.open(&want)));
    }

    fn look(&self, line: PortIndex, step: FeedStep) {
        let Some(slot) = self.slot(Some(line)) else {
            return;
        };
        let Some(probe) = slot.probe.clone() else {
            return;
        };
        self.ask(line, slot.epoch, move || {
            let mut probe = probe.lock().unwrap_or_else(PoisonError::into_inner);
            match step {
                FeedStep::Measure => CardNews::Volts(probe.volts()),
                FeedStep::Confirm => CardNews::SwitchedOff(probe.switched_off()),
                FeedStep::Rearm => CardNews::Rearmed(probe.rearm()),
            }
        });
    }
}

impl Gateway {
    /// Looks whether something changed where cards are found.
    pub(super) fn look_for_cards(&mut self) {
        let Some(source) = &self.lines.cards.source else {
            return;
        };
        let changed = source.changed();
        if std::mem::replace(&mut self.lines.cards.changed, changed) == changed {
            return;
        }
        let now = self.clock.now();
        for slot in &mut self.lines.cards.slots {
            slot.keeper.nudge(now);
        }
    }

    /// Does what is due for the cards.
    pub(super) fn cards_turn(&mut self) {
        let now = self.clock.now();
        for n in 0..self.lines.cards.slots.len() {
            let Some(slot) = self.lines.cards.slots.get(n) else {
                return;
            };
            if slot.due().is_none_or(|at| at > now) {
                continue;
            }
            let line = slot.line;
            let idle = self.rests(line);
            let Some(slot) = self.lines.cards.slots.get_mut(n) else {
                return;
            };
            let (look, place) = (slot.look(now, idle), slot.place_now(now));
            if let Some(card) = place {
                self.place(now, line, card);
            }
            if let Some(step) = look {
                self.lines.cards.look(line, step);
            }
            if !self.stopping {
                self.renew_want(line);
                self.lines.cards.open(now, line);
            }
        }
    }

    /// Something came back of a card.
    pub(super) fn card_news(&mut self, (line, epoch, news): Returned) {
        let now = self.clock.now();
        if matches!(news, CardNews::Opened(_)) {
            self.lines.cards.opening.retain(|(l, _)| *l != line);
        }
        let Some(slot) = self.lines.cards.slot_mut(line).filter(|s| s.epoch == epoch) else {
            return;
        };
        slot.asked = None;
        let change = match news {
            CardNews::Opened(Ok(open)) => return self.card_opened(now, line, open),
            CardNews::Opened(Err(why)) => return self.card_missing(now, line, why),
            CardNews::Closed => {
                slot.keeper.left(now);
                None
            }
            CardNews::Volts(Ok(volts)) => slot.feed.measured(now, volts),
            CardNews::SwitchedOff(Ok(off)) => slot.feed.confirmed(now, off),
            CardNews::Rearmed(Ok(())) => {
                slot.feed.rearmed(now);
                let times = slot.feed.rearms();
                return self.note_line(now, line, Trace::FeedSwitchedOn { times });
            }
            CardNews::Volts(Err(ProbeError::Unsupported))
            | CardNews::SwitchedOff(Err(ProbeError::Unsupported))
            | CardNews::Rearmed(Err(ProbeError::Unsupported)) => {
                slot.feed.give_up();
                None
            }
            CardNews::Volts(Err(ProbeError::Failed))
            | CardNews::SwitchedOff(Err(ProbeError::Failed))
            | CardNews::Rearmed(Err(ProbeError::Failed)) => {
                slot.feed.unanswered(now);
                None
            }
        };
        match change {
            Some(FeedNews::Lost(trouble)) => self.feed_lost(now, line, trouble),
            Some(FeedNews::Restored) => self.feed_restored(now, line),
            None => {}
        }
    }

    fn card_missing(&mut self, now: Time, line: PortIndex, finding: Finding) {
        let Some(slot) = self.lines.cards.slot_mut(line) else {
            return;
        };
        slot.keeper.not_opened(now);
        let news = slot.missing.as_ref() != Some(&finding);
        slot.missing = Some(finding.clone());
        if news {
            self.report_missing(now, line, &finding);
        }
    }

    fn card_opened(&mut self, now: Time, line: PortIndex, open: OpenCard) {
        let facts = CardFacts::of(&*open.port);
        let chain = self.chain_for(line, &facts);
        let Some(slot) = self.lines.cards.slot_mut(line) else {
            return;
        };
        let chain = match chain {
            Ok(chain) => chain,
            Err(error) => {
                let reason = error.to_string();
                return self.card_missing(now, line, Finding::SignalChainFailed { reason });
            }
        };
        slot.keeper.in_hand();
        slot.plate = Some(open.plate);
        slot.probe = open.probe.map(|p| Arc::new(Mutex::new(p)));
        slot.facts = facts;
        let port = open.port;
        self.place(now, line, Box::new(CardSet { port, chain }));
    }

    /// The chain that a port needs for another card than it has now.
    fn chain_for(
        &mut self,
        line: PortIndex,
        facts: &CardFacts,
    ) -> Result<Option<tipring_dsp::Chain>, tipring_dsp::ChainError> {
        let Some(unit) = self.ports.iter_mut().find(|u| u.line == Some(line)) else {
            return Ok(None);
        };
        let plan = ChainPlan::new(&unit.used, &unit.settings, facts);
        if unit.chain == Some(plan) {
            return Ok(None);
        }
        let chain = plan.build()?;
        unit.chain = Some(plan);
        Ok(Some(chain))
    }

    /// Gives a card, or a stand-in for one, to the line thread.
    fn place(&mut self, now: Time, line: PortIndex, card: Box<CardSet>) {
        if let Err(full) = self.lines.threads.send(line, LineOrder::ReplaceCard(card))
            && let LineOrder::ReplaceCard(card) = full.0
            && let Some(slot) = self.lines.cards.slot_mut(line)
        {
            slot.place_later(card, now);
        }
    }

    /// The line thread gave a card back: the one before, or one that it could not take.
    pub(super) fn card_returned(
        &mut self,
        now: Time,
        line: PortIndex,
        back: Box<CardSet>,
        why: CardBack,
    ) {
        let Some(slot) = self.lines.cards.slot_mut(line) else {
            // Of a card that has all its ports from the start; what came back is a stand-in.
            if why == (CardBack::Replaced { off_hook: true }) {
                self.found_off_hook(now, line);
            }
            return;
        };
        match (slot.keeper.state(), why) {
            (CardState::Placing, CardBack::Replaced { off_hook }) => {
                drop(back); // a stand-in
                slot.placed(now);
                self.card_in_place(now, line, off_hook);
            }
            (state, _) => {
                if state != CardState::Leaving {
                    warn!(lane = line.0, ?why, "the line thread did not take a card");
                    slot.probe = None;
                    slot.missing = Some(Finding::CardNotTaken);
                }
                // Closing may wait for the driver.
                slot.asked = Some(now);
                let epoch = slot.epoch;
                self.lines.cards.ask(line, epoch, move || {
                    drop(back);
                    CardNews::Closed
                });
            }
        }
    }

    /// The line thread reports that a card is gone.
    pub(super) fn card_lost(&mut self, now: Time, line: PortIndex) {
        let Some(slot) = self.lines.cards.slot_mut(line) else {
            return;
        };
        if slot.lost(now) {
            // Of the same law, for the chain stays.
            let port = Box::new(Absent::new(slot.facts.law, slot.facts.block_len));
            self.place(now, line, Box::new(CardSet { port, chain: None }));
        }
    }
}

#[cfg(test)]
mod tests;
