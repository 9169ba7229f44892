//! Whether another block may be waiting on a card, by the clock: saves asking a card that has none.
//!
//! A card completes a block every `block` of time. Of the blocks read since the card was last found empty, the one
//! that came soonest after its completion gives the phase; a wake less than half a block behind it has one block.
//! A wrong phase (the card was found empty by a late wake) could leave one block behind; the next wake that is on
//! time sets it right, and in any case the card is asked again after [`RESYNC`] blocks.

use std::time::Duration;

use tipring_proto::time::Time;

/// Blocks after which the card is asked in any case.
const RESYNC: u32 = 64;

/// The phase of one card.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// A moment at which the card was empty, and blocks read since; `None`: not known.
    empty: Option<(Time, u32)>,
}

impl Pace {
    /// The card said that it has no more.
    pub(super) fn empty(&mut self, now: Time) {
        self.empty = Some((now, 0));
    }

    /// Nothing is known of the card any more.
    pub(super) fn forget(&mut self) {
        self.empty = None;
    }

    /// A block was read in a wake at `now`: may another one be waiting?
    pub(super) fn may_have_more(&mut self, now: Time, block: Duration) -> bool {
        let Some((since, read)) = self.empty else {
            return true;
        };
        let read = read + 1;
        if read >= RESYNC {
            self.empty = None;
            return true;
        }
        let due = since + block * read;
        // Sooner than thought: the card was found empty by a late wake.
        let early = due.saturating_since(now);
        let since = Time::from_duration(since.since_epoch().saturating_sub(early));
        self.empty = Some((since, read));
        now >= due + block / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: Duration = Duration::from_millis(10);

    fn at(us: u64) -> Time {
        Time::from_duration(Duration::from_micros(us))
    }

    /// A card that completes a block at 10, 20, 30 … ms, read in wakes at `wakes`: the number of reads, and of
    /// blocks left behind after each wake.
    fn serve(wakes: impl IntoIterator<Item = u64>) -> (u64, Vec<u64>) {
        let (mut pace, mut taken, mut reads) = (Pace::default(), 0, 0);
        let left = wakes.into_iter().map(|us| {
            let there = us / 10_000;
            loop {
                reads += 1;
                if taken >= there {
                    pace.empty(at(us));
                    break;
                }
                taken += 1;
                if !pace.may_have_more(at(us), BLOCK) {
                    break;
                }
            }
            there - taken
        });
        let left = left.collect();
        (reads, left)
    }

    #[test]
    fn a_punctual_thread_reads_once_a_block_and_asks_again_now_and_then() {
        let (reads, left) = serve((1..=640).map(|n| n * 10_000 + 100 * (n % 7)));
        assert!(left.iter().all(|n| *n == 0));
        assert!((640..=655).contains(&reads), "{reads}");
    }

    #[test]
    fn a_late_wake_takes_everything_that_waits() {
        let wakes = [10_100, 20_100, 30_100, 65_000, 70_200, 80_100, 109_900];
        assert_eq!(serve(wakes).1, [0; 7]);
    }

    #[test]
    fn what_a_wrong_phase_leaves_behind_does_not_stay() {
        // The first wake is nearly a block late, so the card seems emptier than it is.
        let wakes = [19_900, 39_900, 50_100, 60_100];
        let late = (6..200).map(|n| n * 10_000 + 9_800);
        let punctual = (200..400).map(|n| n * 10_000 + 50);
        let (_, left) = serve(wakes.into_iter().chain(late).chain(punctual));
        assert!(left.iter().all(|n| *n <= 1));
        assert_eq!(left.last(), Some(&0));
        let longest = left.split(|n| *n == 0).map(<[u64]>::len).max();
        assert!(longest <= Some(RESYNC as usize), "{longest:?}");
    }
}
