//! What control knows of the card of one lane of the line thread.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tipring_proto::card::{CardKeeper, FeedStep, FeedTrouble, FeedWatch};
use tipring_proto::finding::Finding;
use tipring_proto::time::Time;

use crate::cards::{LineProbe, Nameplate, Want};
use crate::control::seat::CardFacts;
use crate::line::{CardSet, PortIndex};

/// A card that has not answered for this time is reported.
const SILENT: Duration = Duration::from_secs(10);
/// Between two tries to give a card to a line thread whose ring is full.
const PLACE_AGAIN: Duration = Duration::from_millis(100);
/// Between the first looks at two ports of a gateway.
const STAGGER: Duration = Duration::from_millis(600);

/// Access to a line beside its port; shared with the thread that is measuring.
pub(super) type SharedProbe = Arc<Mutex<Box<dyn LineProbe>>>;

/// The card of one lane, whichever port has the lane.
pub(in crate::control) struct Slot {
    pub(super) line: PortIndex,
    /// From its next opening on.
    pub(super) want: Want,
    /// What its card was opened with, or changed to since.
    pub(super) opened_with: Want,
    pub(super) keeper: CardKeeper,
    pub(super) feed: FeedWatch,
    /// Of the card that is open, or was last.
    pub(in crate::control) plate: Option<Nameplate>,
    /// Of the card that is open.
    pub(super) probe: Option<SharedProbe>,
    /// What the line thread has.
    pub(in crate::control) facts: CardFacts,
    /// Why it is not open.
    pub(super) missing: Option<Finding>,
    /// For the line thread, whose ring was full; and when to try again.
    pub(super) to_place: Option<(Box<CardSet>, Time)>,
    /// Something was asked of the card, and it has not answered yet.
    pub(super) asked: Option<Time>,
    /// What was asked belongs to this card; answers of former ones are discarded.
    pub(super) epoch: u64,
}

impl Slot {
    /// A card that has not been opened yet.
    pub(super) fn new(line: PortIndex, want: Want, facts: CardFacts, now: Time) -> Slot {
        Slot {
            line,
            want,
            opened_with: want,
            keeper: CardKeeper::new(now),
            feed: FeedWatch::blind(),
            plate: None,
            probe: None,
            facts,
            missing: None,
            to_place: None,
            asked: None,
            epoch: 0,
        }
    }

    /// When there is something to do.
    pub(in crate::control) fn due(&self) -> Option<Time> {
        let place = self.to_place.as_ref().map(|(_, at)| *at);
        let look = self.feed.due().filter(|_| self.asked.is_none());
        [self.keeper.due(), place, look].into_iter().flatten().min()
    }

    /// Is its card with the line thread?
    pub(in crate::control) fn is_open(&self) -> bool {
        self.keeper.is_open()
    }

    /// Why it is not, once that is known.
    pub(in crate::control) fn missing(&self) -> Option<&Finding> {
        self.missing.as_ref().filter(|_| !self.is_open())
    }

    /// There has been a card.
    pub(in crate::control) fn was_open(&self) -> bool {
        self.keeper.opened() > 0
    }

    /// It has not been opened yet, and nothing is known against it.
    pub(in crate::control) fn is_beginning(&self) -> bool {
        self.keeper.opened() == 0 && self.missing.is_none()
    }

    /// Why the line has no voltage.
    pub(in crate::control) fn feed_trouble(&self) -> Option<FeedTrouble> {
        self.feed.trouble()
    }

    /// It was asked something, and has been silent for too long.
    pub(in crate::control) fn is_silent(&self, now: Time) -> bool {
        self.asked
            .is_some_and(|since| now.saturating_since(since) >= SILENT)
    }

    /// For the CLI.
    pub(in crate::control) fn feed(&self) -> &FeedWatch {
        &self.feed
    }

    /// For the CLI.
    pub(in crate::control) fn keeper(&self) -> &CardKeeper {
        &self.keeper
    }

    /// The line thread has it.
    pub(super) fn placed(&mut self, now: Time) {
        self.keeper.placed(now);
        self.missing = None;
        self.begin_feed(now);
    }

    /// Begins to watch the feed, where the card reports it.
    pub(super) fn begin_feed(&mut self, now: Time) {
        if self.facts.capabilities.voltages && self.probe.is_some() {
            self.feed.begin(now, STAGGER * u32::from(self.line.0 % 24));
        } else {
            self.feed.end();
        }
    }

    /// It is gone; true when it has to be taken out of the line thread.
    pub(super) fn lost(&mut self, now: Time) -> bool {
        let out = self.keeper.lost(now);
        if out {
            self.feed.end();
            self.probe = None;
            self.asked = None;
            self.epoch += 1;
        }
        out
    }

    /// What to ask of the line now.
    pub(super) fn look(&mut self, now: Time, idle: bool) -> Option<FeedStep> {
        if self.asked.is_some() || !self.is_open() {
            return None;
        }
        let step = self.feed.step(now, idle)?;
        self.asked = Some(now);
        Some(step)
    }

    /// The line thread's ring was full.
    pub(super) fn place_later(&mut self, card: Box<CardSet>, now: Time) {
        self.to_place = Some((card, now + PLACE_AGAIN));
    }

    /// A card for which the ring may have room now.
    pub(super) fn place_now(&mut self, now: Time) -> Option<Box<CardSet>> {
        self.to_place.take_if(|(_, at)| *at <= now).map(|(c, _)| c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cards::ProbeError;
    use tipring_hal::absent::Absent;
    use tipring_hal::port::{Capabilities, Law, LinePort};
    use tipring_proto::card::{CardState, Volts};

    struct Fed;

    impl LineProbe for Fed {
        fn volts(&mut self) -> Result<Volts, ProbeError> {
            Err(ProbeError::Failed)
        }
        fn switched_off(&mut self) -> Result<bool, ProbeError> {
            Err(ProbeError::Failed)
        }
        fn rearm(&mut self) -> Result<(), ProbeError> {
            Err(ProbeError::Failed)
        }
    }

    fn at(s: u64) -> Time {
        Time::from_duration(Duration::from_secs(s))
    }

    fn slot(voltages: bool) -> Slot {
        let want = Want {
            channel: 1,
            block_len: 80,
            prefill_blocks: 2,
            longest_flash_ms: 1250,
        };
        let absent = Absent::new(Law::Mu, 80);
        let facts = CardFacts {
            capabilities: Capabilities {
                voltages,
                ..absent.capabilities()
            },
            law: Law::Mu,
            block_len: 80,
        };
        Slot::new(PortIndex(0), want, facts, at(0))
    }

    /// Opened, and the line thread has it.
    fn open(voltages: bool) -> Slot {
        let mut slot = slot(voltages);
        assert!(slot.keeper.try_now(at(0)));
        slot.keeper.in_hand();
        slot.probe = Some(Arc::new(Mutex::new(Box::new(Fed))));
        slot.placed(at(0));
        slot
    }

    #[test]
    fn a_card_that_never_answers_is_asked_nothing_more_and_reported() {
        let mut slot = open(true);
        assert_eq!(slot.look(at(2), true), Some(FeedStep::Measure));
        assert_eq!(slot.look(at(1000), true), None);
        assert_eq!(slot.due(), None);
        assert!(!slot.is_silent(at(11)));
        assert!(slot.is_silent(at(12)));
        // What is closed under it is not waited for.
        slot.lost(at(1000));
        assert!(!slot.is_silent(at(2000)));
        assert_eq!(slot.keeper.state(), CardState::Leaving);
    }

    #[test]
    fn a_card_without_voltages_is_not_asked_for_them() {
        let mut slot = open(false);
        assert_eq!((slot.look(at(1000), true), slot.due()), (None, None));
    }

    #[test]
    fn answers_of_a_card_that_is_gone_are_distinguished_from_those_of_the_next() {
        let mut slot = open(true);
        let first = slot.epoch;
        slot.lost(at(1));
        assert_ne!(slot.epoch, first);
        assert!(slot.probe.is_none(), "nothing keeps the channel open");
    }

    #[test]
    fn a_card_that_the_full_ring_refused_is_given_again_soon() {
        let mut slot = slot(false);
        let port = Box::new(Absent::new(Law::Mu, 80));
        slot.place_later(Box::new(CardSet { port, chain: None }), at(1));
        assert!(slot.place_now(at(1)).is_none());
        assert!(slot.due().is_some_and(|due| due <= at(2)));
        assert!(slot.place_now(at(2)).is_some());
        assert!(slot.place_now(at(3)).is_none());
    }
}
