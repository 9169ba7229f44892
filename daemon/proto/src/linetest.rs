//! A line test as control follows it: when a card says nothing about it for too long, and why it really ended.

use std::time::Duration;

use crate::time::Time;
use crate::types::TestEnd;

/// A card reports progress about once a second, after some settling.
const SILENT: Duration = Duration::from_secs(4);
/// A card that lives answers a cancellation within this time.
const ANSWER: Duration = Duration::from_secs(1);

/// What to do about a silent card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Cancel the test.
    Cancel,
    /// Give the test up: the card does not answer.
    GiveUp,
}

/// One test under way.
///
/// ```
/// use tipring_proto::linetest::{Silence, Watch};
/// use tipring_proto::time::Time;
/// let mut watch = Watch::new(Time::ZERO);
/// assert_eq!(watch.silent(Time::from_millis(3999)), None);
/// assert_eq!(watch.silent(watch.due()), Some(Silence::Cancel));
/// assert_eq!(watch.silent(watch.due()), Some(Silence::GiveUp));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    due: Time,
    cancelled: bool,
}

impl Watch {
    /// The card has been asked.
    pub fn new(now: Time) -> Watch {
        Watch {
            due: now + SILENT,
            cancelled: false,
        }
    }

    /// The card has reported progress. `wanted`: somebody still waits for the result. True: cancel the test.
    pub fn progress(&mut self, now: Time, wanted: bool) -> bool {
        if wanted && !self.cancelled {
            self.due = now + SILENT;
            return false;
        }
        !std::mem::replace(&mut self.cancelled, true) && {
            self.due = now + ANSWER;
            true
        }
    }

    /// When [`Watch::silent`] is to be asked.
    pub fn due(&self) -> Time {
        self.due
    }

    /// Nothing was reported until now.
    pub fn silent(&mut self, now: Time) -> Option<Silence> {
        if now < self.due {
            return None;
        }
        if std::mem::replace(&mut self.cancelled, true) {
            return Some(Silence::GiveUp);
        }
        self.due = now + ANSWER;
        Some(Silence::Cancel)
    }
}

/// Why a test ended, for people. A call needs the line for other things before it rings (caller ID, polarity).
pub fn why(end: TestEnd, in_call: bool) -> TestEnd {
    match end {
        TestEnd::LineNeeded if in_call => TestEnd::Call,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    #[test]
    fn a_test_that_reports_may_last_as_long_as_it_likes() {
        let mut watch = Watch::new(s(0));
        for second in 1..60 {
            assert_eq!(watch.silent(s(second)), None);
            assert!(!watch.progress(s(second), true));
        }
        assert_eq!(watch.due(), s(63));
    }

    #[test]
    fn a_test_that_nobody_waits_for_is_cancelled_once_and_given_up_when_the_card_is_deaf() {
        let mut watch = Watch::new(s(0));
        assert!(watch.progress(s(1), false));
        assert!(!watch.progress(s(1), false));
        assert_eq!(watch.silent(s(1)), None);
        assert_eq!(watch.silent(s(2)), Some(Silence::GiveUp));
    }

    #[test]
    fn what_needs_the_line_before_a_call_rings_is_the_call() {
        assert_eq!(why(TestEnd::LineNeeded, true), TestEnd::Call);
        assert_eq!(why(TestEnd::LineNeeded, false), TestEnd::LineNeeded);
        assert_eq!(why(TestEnd::OffHook, true), TestEnd::OffHook);
    }
}
