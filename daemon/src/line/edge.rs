//! When a card's block was complete: what lateness is measured from.
//!
//! A card that knows reports it. Of others the earliest wakes show it: a block comes each block time after the one before,
//! and a wake that is earlier than that shows that the ones before were late. The estimate gives way by 100 ppm, so
//! that it follows a card whose clock is slower than this machine's.

use std::time::Duration;

use tipring_proto::time::Time;

/// Part of a block by which the estimate gives way with each block.
const GIVES_WAY: u32 = 10_000;
/// Blocks without one after which the card's time is measured again.
const FORGET: u32 = 64;

/// The edges of one card. The parts of a block are worked out once: a division costs more than all the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    last: Option<Time>,
    block: Duration,
    half: Duration,
    gives_way: Duration,
    forget: Duration,
}

impl Edge {
    /// Of a card whose blocks are `block` long.
    pub(super) fn new(block: Duration) -> Edge {
        Edge {
            last: None,
            block,
            half: block / 2,
            gives_way: block / GIVES_WAY,
            forget: block * FORGET,
        }
    }

    /// A block is read at `now`; `complete`: when the card's newest block was complete, if it knows. Answers when this
    /// block was.
    pub(super) fn block(&mut self, now: Time, complete: Option<Duration>) -> Time {
        let complete = complete.map(Time::from_duration).filter(|at| *at <= now);
        let edge = match self.last.map(|last| last + self.block) {
            Some(due) if now < due + self.forget => match complete {
                // Several blocks wait, and this is not the newest.
                Some(at) if at >= due + self.half => due,
                Some(at) => at,
                None => now.min(due + self.gives_way),
            },
            _ => complete.unwrap_or(now),
        };
        self.last = Some(edge);
        edge
    }

    /// The card has no more blocks, and its newest was complete at `complete`, if it knows: blocks that it lost are not
    /// waited for.
    pub(super) fn empty(&mut self, complete: Option<Duration>) {
        self.last = complete.map(Time::from_duration).or(self.last);
    }

    /// The card was stalled, lost blocks, or is another.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: Duration = Duration::from_millis(10);

    fn at(us: u64) -> Time {
        Time::from_duration(Duration::from_micros(us))
    }

    /// The estimated lateness of each wake, µs.
    fn lateness(wakes: impl IntoIterator<Item = u64>) -> Vec<u128> {
        let mut edge = Edge::new(BLOCK);
        let late = wakes.into_iter().map(|us| {
            let now = at(us);
            now.saturating_since(edge.block(now, None)).as_micros()
        });
        late.collect()
    }

    #[test]
    fn the_earliest_wakes_show_when_blocks_are_complete() {
        let late = lateness([10_500, 20_050, 30_050, 40_900, 50_050, 63_050]);
        assert_eq!(late, [0, 0, 0, 849, 0, 2999]);
    }

    #[test]
    fn a_slow_card_is_not_taken_for_a_late_thread() {
        // 80 ppm slow, an hour long.
        let late = lateness((1..360_000).map(|n| n * 10_000 + n * 8 / 10));
        assert_eq!(late.iter().max(), Some(&0));
    }

    #[test]
    fn blocks_that_waited_together_have_edges_of_their_own() {
        let mut edge = Edge::new(BLOCK);
        assert_eq!(edge.block(at(10_040), None), at(10_040));
        let edges = [0; 3].map(|_| edge.block(at(40_041), None));
        assert_eq!(edges, [at(20_041), at(30_042), at(40_041)]);
    }

    #[test]
    fn what_the_card_says_holds_for_its_newest_block() {
        let complete = |us| Some(Duration::from_micros(us));
        let mut edge = Edge::new(BLOCK);
        assert_eq!(edge.block(at(10_700), complete(10_100)), at(10_100));
        assert_eq!(edge.block(at(40_000), complete(30_900)), at(20_100));
        assert_eq!(edge.block(at(40_000), complete(30_900)), at(30_900));
        // Of the future: not believed.
        assert_eq!(edge.block(at(41_000), complete(99_000)), at(40_901));
    }

    #[test]
    fn blocks_that_the_card_lost_make_no_lateness() {
        let complete = |us| Some(Duration::from_micros(us));
        let mut edge = Edge::new(BLOCK);
        edge.block(at(10_100), complete(10_000));
        // Three were complete, one was lost.
        edge.block(at(40_100), complete(40_000));
        edge.block(at(40_100), complete(40_000));
        edge.empty(complete(40_000));
        assert_eq!(edge.block(at(50_100), complete(50_000)), at(50_000));
        // A card that does not know its edges keeps what was found.
        edge.empty(None);
        assert_eq!(edge.block(at(59_900), None), at(59_900));
    }

    #[test]
    fn after_a_stall_the_time_is_measured_again() {
        assert_eq!(lateness([10_000, 2_000_000, 2_010_000]), [0, 0, 0]);
    }
}
