//! Who may stay at the control socket when there are too many: a decision over plain values, without a clock.
//!
//! Promises: a new client is always let in. What it costs is the connection of whoever needs it least: first those who have asked
//! nothing, then those who asked long ago or do not take their answer; and only when all are busy, at twice the number,
//! whoever has been idle or busy for the longest.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// From this number on clients that are not busy give way.
pub(super) const MANY: usize = 64;
/// From this number on busy ones do.
pub(super) const MOST: usize = 2 * MANY;
/// A client that asked within this time is one that will ask again (`port watch`).
const ASKS_AGAIN: Duration = Duration::from_secs(30);
/// A client that takes no byte for this time does not read.
const DEAF: Duration = Duration::from_secs(2);

/// What a client is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing, or sending a request that is not complete.
    Nothing,
    /// Its request is being worked on, or it follows a trace.
    Waiting,
    /// It is being written to.
    Taking,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    doing: Doing,
    since: Instant,
    has_asked: bool,
}

/// Everybody at the socket, by a number.
#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: BTreeMap<u64, Seat>,
    next: u64,
}

impl Seats {
    /// A new client: its number, and whoever gives way to it.
    pub(super) fn take(&mut self, now: Instant) -> (u64, Option<u64>) {
        let leaves = self.who_leaves(now);
        if let Some(leaves) = leaves {
            self.taken.remove(&leaves);
        }
        let number = self.next;
        self.next += 1;
        self.taken.insert(
            number,
            Seat {
                doing: Doing::Nothing,
                since: now,
                has_asked: false,
            },
        );
        (number, leaves)
    }

    /// A client does something else from now on.
    pub(super) fn does(&mut self, now: Instant, number: u64, doing: Doing) {
        if let Some(seat) = self.taken.get_mut(&number) {
            seat.has_asked |= doing == Doing::Waiting;
            seat.doing = doing;
            seat.since = now;
        }
    }

    /// A client has gone.
    pub(super) fn leave(&mut self, number: u64) {
        self.taken.remove(&number);
    }

    fn who_leaves(&self, now: Instant) -> Option<u64> {
        if self.taken.len() < MANY {
            return None;
        }
        let worth = |seat: &Seat| {
            let so_far = now.saturating_duration_since(seat.since);
            match seat.doing {
                Doing::Nothing if !seat.has_asked => 0,
                Doing::Nothing if so_far >= ASKS_AGAIN => 1,
                Doing::Taking if so_far >= DEAF => 1,
                Doing::Nothing => 2,
                Doing::Waiting | Doing::Taking => 3,
            }
        };
        let least = self
            .taken
            .iter()
            .map(|(number, seat)| (worth(seat), seat.since, *number))
            .min()?;
        let (worth, _, number) = least;
        (worth < 2 || self.taken.len() >= MOST).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// `count` clients, one a second from `begin` on, each doing this.
    fn crowd(seats: &mut Seats, begin: Instant, count: usize, doing: Option<Doing>) -> Instant {
        let mut now = begin;
        for _ in 0..count {
            now += s(1);
            let (number, _) = seats.take(now);
            if let Some(doing) = doing {
                seats.does(now, number, Doing::Waiting);
                seats.does(now, number, doing);
            }
        }
        now
    }

    #[test]
    fn of_idle_clients_the_oldest_gives_way_and_nobody_before_there_are_many() {
        let mut seats = Seats::default();
        let now = crowd(&mut seats, Instant::now(), MANY - 1, None);
        assert_eq!(seats.take(now).1, None);
        assert_eq!(seats.take(now).1, Some(0));
        assert_eq!(seats.take(now).1, Some(1));
    }

    #[test]
    fn who_has_asked_nothing_gives_way_before_who_asked_long_ago() {
        let mut seats = Seats::default();
        let now = crowd(&mut seats, Instant::now(), MANY - 1, Some(Doing::Nothing));
        let now = now + s(1000);
        let (newest, _) = seats.take(now);
        assert_eq!(seats.take(now).1, Some(newest));
        seats.does(now, newest + 1, Doing::Waiting);
        assert_eq!(seats.take(now).1, Some(0));
    }

    #[test]
    fn who_asks_again_and_again_stays_among_a_crowd_that_asks_nothing() {
        let mut seats = Seats::default();
        let mut now = Instant::now();
        let (watcher, _) = seats.take(now);
        for _ in 0..10 * MOST {
            now += s(1);
            seats.does(now, watcher, Doing::Waiting);
            seats.does(now, watcher, Doing::Taking);
            seats.does(now, watcher, Doing::Nothing);
            for _ in 0..MANY {
                assert_ne!(seats.take(now).1, Some(watcher));
            }
        }
    }

    #[test]
    fn busy_clients_stay_and_the_next_ones_are_let_in_all_the_same() {
        let mut seats = Seats::default();
        let begin = Instant::now();
        let now = crowd(&mut seats, begin, MANY, Some(Doing::Waiting));
        let (first, leaves) = seats.take(now);
        assert_eq!(leaves, None);
        // It is idle, the others are not.
        assert_eq!(seats.take(now).1, Some(first));
        // Twice as many that are all busy: the one that has been for the longest.
        let mut seats = Seats::default();
        let now = crowd(&mut seats, begin, MOST, Some(Doing::Waiting));
        assert_eq!(seats.take(now + s(1)).1, Some(0));
    }

    #[test]
    fn who_does_not_read_gives_way() {
        let mut seats = Seats::default();
        let now = crowd(&mut seats, Instant::now(), MANY, Some(Doing::Waiting));
        seats.does(now, 5, Doing::Taking);
        assert_eq!(seats.take(now + s(1)).1, None);
        let mut seats = Seats::default();
        let now = crowd(&mut seats, now, MANY, Some(Doing::Waiting));
        seats.does(now, 5, Doing::Taking);
        assert_eq!(seats.take(now + s(2)).1, Some(5));
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let mut seats = Seats::default();
        let now = Instant::now();
        for _ in 0..10 * MOST {
            let (number, _) = seats.take(now);
            seats.does(now, number, Doing::Waiting);
            assert!(seats.taken.len() <= MOST);
        }
    }
}
