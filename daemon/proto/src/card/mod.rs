//! The port of a card, kept: opened, opened again after it was lost, its line feed watched, its device taken off the
//! CallManager while nobody can be reached at the line.
//!
//! Owns: when to try, when to wait, what a reading means. Promises: a card that is not there is asked for for ever, at
//! most every [`LONGEST_WAIT`]; nothing is asked for while an answer is due. Leaves to others: the system calls, the
//! line thread.

mod feed;
mod service;

pub use feed::{FeedNews, FeedStep, FeedTrouble, FeedWatch, Volts};
pub use service::Service;

use std::time::Duration;

use crate::time::Time;

/// First wait after a card could not be opened; it doubles.
pub const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest such wait.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A lost card is left alone for this time, whatever happens: DAHDI reports that a card goes, takes it apart a second
/// later, and lets its channels be opened until then.
pub const LEFT_ALONE: Duration = Duration::from_millis(2_500);
/// A card that was open for this time was no flicker: the next loss begins with the first wait again.
const SOUND: Duration = Duration::from_secs(10);

/// Where the card of a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardState {
    /// Not open; the next try.
    Closed {
        /// When.
        retry_at: Time,
    },
    /// Being opened.
    Opening,
    /// Open, on its way to the line thread.
    Placing,
    /// With the line thread.
    Open {
        /// Since.
        since: Time,
    },
    /// Lost; on its way back from the line thread to be closed.
    Leaving,
}

/// Keeps the card of one port.
#[derive(Clone, Copy, Debug)]
pub struct CardKeeper {
    state: CardState,
    wait: Duration,
    not_before: Time,
    opened: u64,
    failed: u64,
    lost: u64,
}

impl CardKeeper {
    /// A card that has not been opened yet; the first try is due at once.
    pub fn new(now: Time) -> CardKeeper {
        CardKeeper {
            state: CardState::Closed { retry_at: now },
            wait: FIRST_WAIT,
            not_before: now,
            opened: 0,
            failed: 0,
            lost: 0,
        }
    }

    /// Where it is.
    pub fn state(&self) -> CardState {
        self.state
    }

    /// With the line thread.
    pub fn is_open(&self) -> bool {
        matches!(self.state, CardState::Open { .. })
    }

    /// Times it was opened.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// Times it could not be.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Times it was lost.
    pub fn lost_count(&self) -> u64 {
        self.lost
    }

    /// When [`CardKeeper::try_now`] has something to say.
    pub fn due(&self) -> Option<Time> {
        match self.state {
            CardState::Closed { retry_at } => Some(retry_at),
            CardState::Opening
            | CardState::Placing
            | CardState::Open { .. }
            | CardState::Leaving => None,
        }
    }

    /// True: open it now, and answer with [`CardKeeper::in_hand`] or [`CardKeeper::not_opened`].
    pub fn try_now(&mut self, now: Time) -> bool {
        let due = self.due().is_some_and(|at| at <= now);
        if due {
            self.state = CardState::Opening;
        }
        due
    }

    /// Others go first: not before `at`.
    pub fn wait_until(&mut self, at: Time) {
        if let CardState::Closed { .. } = self.state {
            self.state = CardState::Closed { retry_at: at };
        }
    }

    /// Something changed where cards are found: do not wait any longer.
    pub fn nudge(&mut self, now: Time) {
        if let CardState::Closed { retry_at } = self.state {
            self.wait = FIRST_WAIT;
            self.state = CardState::Closed {
                retry_at: retry_at.min(now.max(self.not_before)),
            };
        }
    }

    /// It is open.
    pub fn in_hand(&mut self) {
        self.state = CardState::Placing;
    }

    /// It could not be opened.
    pub fn not_opened(&mut self, now: Time) {
        self.failed += 1;
        self.wait_again(now);
    }

    /// The line thread has it.
    pub fn placed(&mut self, now: Time) {
        self.opened += 1;
        self.state = CardState::Open { since: now };
    }

    /// It is gone. True: it has to be taken out of the line thread; [`CardKeeper::left`] reports that it is closed.
    pub fn lost(&mut self, now: Time) -> bool {
        let CardState::Open { since } = self.state else {
            return false;
        };
        self.lost += 1;
        self.not_before = now + LEFT_ALONE;
        if now.saturating_since(since) >= SOUND {
            self.wait = FIRST_WAIT;
        }
        self.state = CardState::Leaving;
        true
    }

    /// What was lost, or not taken by the line thread, is closed.
    pub fn left(&mut self, now: Time) {
        self.wait_again(now);
    }

    fn wait_again(&mut self, now: Time) {
        self.state = CardState::Closed {
            retry_at: (now + self.wait).max(self.not_before),
        };
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Time {
        Time::from_duration(Duration::from_secs(s))
    }

    /// Seconds at which a card that is never there is asked for.
    fn tries(keeper: &mut CardKeeper, from: u64, to: u64) -> Vec<u64> {
        let due = (from..to).filter(|s| {
            let due = keeper.try_now(at(*s));
            if due {
                keeper.not_opened(at(*s));
            }
            due
        });
        due.collect()
    }

    #[test]
    fn a_missing_card_is_asked_for_at_once_and_then_less_and_less_but_for_ever() {
        let mut keeper = CardKeeper::new(at(0));
        assert_eq!(
            tries(&mut keeper, 0, 130),
            [0, 1, 3, 7, 15, 31, 61, 91, 121]
        );
        assert_eq!(tries(&mut keeper, 130, 100_000).len(), 3329);
        assert_eq!(keeper.failed(), 9 + 3329);
    }

    #[test]
    fn a_change_where_cards_are_found_ends_the_waiting() {
        let mut keeper = CardKeeper::new(at(0));
        tries(&mut keeper, 0, 100);
        keeper.nudge(at(101));
        assert_eq!(tries(&mut keeper, 101, 110), [101, 102, 104, 108]);
    }

    #[test]
    fn an_open_card_is_not_asked_for_until_it_was_lost_and_closed() {
        let mut keeper = CardKeeper::new(at(0));
        assert!(keeper.try_now(at(0)));
        assert!(!keeper.try_now(at(1)), "an answer is due");
        keeper.in_hand();
        assert!(!keeper.lost(at(1)), "the line thread has it not yet");
        keeper.placed(at(1));
        assert_eq!(keeper.due(), None);
        assert!(keeper.lost(at(100)));
        assert!(!keeper.lost(at(100)), "reported once");
        assert_eq!((keeper.due(), keeper.state()), (None, CardState::Leaving));
        keeper.left(at(101));
        let alone = at(100) + LEFT_ALONE;
        assert_eq!(keeper.due(), Some(alone));
        keeper.nudge(at(101));
        assert_eq!(keeper.due(), Some(alone), "it is being taken apart");
        keeper.nudge(at(103));
        assert_eq!(keeper.due(), Some(alone));
        assert_eq!((keeper.opened(), keeper.lost_count()), (1, 1));
    }

    #[test]
    fn a_card_that_flickers_is_opened_less_and_less_often() {
        let mut keeper = CardKeeper::new(at(0));
        let mut opened = vec![];
        for s in 0..100 {
            if keeper.try_now(at(s)) {
                keeper.in_hand();
                keeper.placed(at(s));
                opened.push(s);
                assert!(keeper.lost(at(s)));
                keeper.left(at(s));
            }
        }
        assert_eq!(opened, [0, 3, 6, 10, 18, 34, 64, 94]);
    }
}
