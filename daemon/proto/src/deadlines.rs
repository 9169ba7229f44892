//! What somebody waits for: at most one deadline of each kind, and which of them is due first.

use crate::time::Time;

/// The armed deadlines of one machine. `K` names them; of two that are due at the same time the smaller one, that is
/// the one named first, comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deadlines<K> {
    armed: Vec<(K, Time)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Deadlines { armed: Vec::new() }
    }
}

impl<K: Copy + Ord> Deadlines<K> {
    /// Arms it, in place of the time it was armed for.
    pub(crate) fn arm(&mut self, kind: K, at: Time) {
        self.disarm(kind);
        self.armed.push((kind, at));
    }

    pub(crate) fn disarm(&mut self, kind: K) {
        self.armed.retain(|&(armed, _)| armed != kind);
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// When it is due, if it is armed.
    pub(crate) fn at(&self, kind: K) -> Option<Time> {
        let armed = self.armed.iter().find(|&&(armed, _)| armed == kind);
        armed.map(|&(_, at)| at)
    }

    /// When the first one is due.
    pub(crate) fn next(&self) -> Option<Time> {
        self.armed.iter().map(|&(_, at)| at).min()
    }

    /// Takes the first one that is due.
    pub(crate) fn take_due(&mut self, now: Time) -> Option<K> {
        let due = self.armed.iter().filter(|&&(_, at)| at <= now);
        let &(kind, _) = due.min_by_key(|&&(kind, at)| (at, kind))?;
        self.disarm(kind);
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum Kind {
        First,
        Second,
        Third,
    }

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn the_earliest_is_taken_and_of_equal_ones_the_one_named_first() {
        let mut deadlines = Deadlines::default();
        assert_eq!((deadlines.next(), deadlines.take_due(at(9))), (None, None));
        deadlines.arm(Kind::Third, at(5));
        deadlines.arm(Kind::Second, at(7));
        deadlines.arm(Kind::First, at(7));
        assert_eq!(deadlines.take_due(at(4)), None, "nothing is due yet");
        assert_eq!(deadlines.next(), Some(at(5)));
        let taken = std::iter::from_fn(|| deadlines.take_due(at(7)));
        assert_eq!(
            taken.collect::<Vec<_>>(),
            [Kind::Third, Kind::First, Kind::Second]
        );
        assert_eq!(deadlines, Deadlines::default());
    }

    #[test]
    fn a_kind_is_armed_once() {
        let mut deadlines = Deadlines::default();
        assert_eq!(deadlines.at(Kind::First), None);
        deadlines.arm(Kind::First, at(3));
        deadlines.arm(Kind::First, at(5));
        assert_eq!(deadlines.at(Kind::First), Some(at(5)));
        deadlines.arm(Kind::First, at(2));
        assert_eq!(deadlines.take_due(at(2)), Some(Kind::First));
        assert_eq!(deadlines.take_due(at(9)), None);
        deadlines.arm(Kind::Second, at(1));
        deadlines.disarm(Kind::First);
        assert_eq!(deadlines.next(), Some(at(1)));
        deadlines.clear();
        assert_eq!(deadlines.next(), None);
    }
}
