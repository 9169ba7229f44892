//! Sequence bookkeeping of one source: extended numbers, loss, duplicates, interarrival jitter
//! (RFC 3550 §6.4.1, A.1, A.3, A.8).

use super::SAMPLES_PER_MS;
use super::rtcp::SourceFigures;
use crate::time::Time;

/// A forward jump beyond this is a restart of the source, not loss (A.1 `MAX_DROPOUT`).
const MAX_DROPOUT: u16 = 3000;
/// A packet older than this is not a reordered one (A.1 `MAX_MISORDER`). Also the window of [`Sequence::seen`].
const MAX_MISORDER: u16 = 64;

/// Figures of a source, or of several one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequenceStats {
    /// Packets taken, duplicates not counted.
    pub received: u64,
    /// Packets that should have come: highest − first + 1, restarts added up.
    pub expected: u64,
    /// Seen twice.
    pub duplicates: u64,
    /// Came after a later one.
    pub reordered: u64,
    /// Gaps: packets were missing, one or several in a row, when a later one came.
    pub gaps: u64,
    /// Restarts: the sequence jumped, or the source changed.
    pub restarts: u64,
    /// Interarrival jitter, microseconds (A.8).
    pub jitter_us: u32,
}

impl SequenceStats {
    /// Packets that never came. Late ones count as lost until they come.
    pub fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }
}

/// What a sequence number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Next, or further on.
    New,
    /// Older than the highest, not seen before.
    Reordered,
    /// Seen before.
    Duplicate,
    /// A jump too far to believe at once; believed when the next one follows it (A.1).
    Suspect,
    /// The source restarted here.
    Restart,
}

/// The bookkeeping of one source.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    ssrc: Option<u32>,
    highest: u16,
    /// Bit n: `highest − n` was seen.
    seen: u64,
    suspect: Option<u16>,
    /// Timestamp and arrival (in samples) of the packet before.
    before: Option<(u32, i64)>,
    /// Jitter in samples, times 16 (A.8's integer form).
    jitter_x16: u32,
    stats: SequenceStats,
    /// How often the number has wrapped since the source began, and what was expected and received before.
    cycles: u16,
    earlier: (u64, u64),
}

impl Sequence {
    /// Figures until now.
    pub fn stats(&self) -> SequenceStats {
        SequenceStats {
            jitter_us: (u64::from(self.jitter_x16) * 125 / 16) as u32,
            ..self.stats
        }
    }

    /// The present source since it began, as a report has it.
    #[inline]
    pub fn source(&self) -> Option<SourceFigures> {
        let (expected, received) = self.earlier;
        Some(SourceFigures {
            ssrc: self.ssrc?,
            highest: u32::from(self.cycles) << 16 | u32::from(self.highest),
            expected: (self.stats.expected - expected) as u32,
            received: (self.stats.received - received) as u32,
            jitter: self.jitter_x16 / 16,
        })
    }

    /// Notes a packet of `ssrc`.
    pub fn note(&mut self, ssrc: u32, sequence: u16) -> Order {
        if self.ssrc != Some(ssrc) {
            let first = self.ssrc.replace(ssrc).is_none();
            return self.restart(sequence, first);
        }
        let ahead = sequence.wrapping_sub(self.highest);
        let behind = self.highest.wrapping_sub(sequence);
        if ahead != 0 && ahead < MAX_DROPOUT {
            self.suspect = None;
            self.cycles = self.cycles.wrapping_add((sequence < self.highest).into());
            self.highest = sequence;
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.stats.expected += u64::from(ahead);
            self.stats.gaps += u64::from(ahead > 1);
            self.stats.received += 1;
            Order::New
        } else if behind < MAX_MISORDER {
            let bit = 1u64 << behind;
            if self.seen & bit != 0 {
                self.stats.duplicates += 1;
                return Order::Duplicate;
            }
            self.seen |= bit;
            self.stats.reordered += 1;
            self.stats.received += 1;
            Order::Reordered
        } else if self.suspect == Some(sequence) {
            self.restart(sequence, false)
        } else {
            self.suspect = Some(sequence.wrapping_add(1));
            Order::Suspect
        }
    }

    /// Adds one arrival to the jitter estimate. Telephone-events freeze their timestamp: leave them out.
    pub fn note_arrival(&mut self, now: Time, timestamp: u32) {
        let arrival = arrival_samples(now);
        if let Some((timestamp_before, arrival_before)) = self.before.replace((timestamp, arrival))
        {
            let spacing = i64::from(timestamp.wrapping_sub(timestamp_before).cast_signed());
            let late = (arrival - arrival_before).saturating_sub(spacing);
            // A talkspurt after a pause with a stepped clock is not jitter: at most one second counts.
            let late = late.unsigned_abs().min(u64::from(SAMPLES_PER_MS) * 1000) as u32;
            self.jitter_x16 = self.jitter_x16 + late - ((self.jitter_x16 + 8) >> 4);
        }
    }

    fn restart(&mut self, sequence: u16, first: bool) -> Order {
        self.highest = sequence;
        self.seen = 1;
        self.suspect = None;
        self.before = None;
        self.cycles = 0;
        self.earlier = (self.stats.expected, self.stats.received);
        self.stats.received += 1;
        self.stats.expected += 1;
        if first {
            return Order::New;
        }
        self.stats.restarts += 1;
        Order::Restart
    }
}

fn arrival_samples(now: Time) -> i64 {
    let us = i64::try_from(now.since_epoch().as_micros()).unwrap_or(i64::MAX);
    us / 125
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(numbers: &[u16]) -> (Vec<Order>, SequenceStats) {
        let mut s = Sequence::default();
        let orders = numbers.iter().map(|n| s.note(7, *n)).collect();
        (orders, s.stats())
    }

    #[test]
    fn the_number_wraps_without_loss() {
        let (orders, stats) = run(&[65_534, 65_535, 0, 1]);
        assert_eq!(orders, [Order::New; 4]);
        assert_eq!((stats.received, stats.expected, stats.lost()), (4, 4, 0));
    }

    #[test]
    fn loss_reordering_and_duplicates_are_distinguished() {
        let (orders, stats) = run(&[10, 12, 11, 11, 15, 15, 65_000]);
        use Order::*;
        assert_eq!(
            orders,
            [New, New, Reordered, Duplicate, New, Duplicate, Suspect]
        );
        assert_eq!(
            stats,
            SequenceStats {
                received: 4,
                expected: 6,
                duplicates: 2,
                reordered: 1,
                gaps: 2,
                restarts: 0,
                jitter_us: 0
            }
        );
        assert_eq!(stats.lost(), 2);
    }

    #[test]
    fn a_gap_counts_once_however_many_packets_are_missing_and_also_when_they_come_later() {
        assert_eq!(run(&[1, 2, 3]).1.gaps, 0);
        assert_eq!(run(&[1, 5, 6, 9]).1.gaps, 2);
        let (_, stats) = run(&[1, 3, 2, 4]);
        assert_eq!((stats.gaps, stats.lost()), (1, 0));
    }

    #[test]
    fn one_wild_number_is_not_believed_two_in_a_row_are() {
        let (orders, stats) = run(&[10, 11, 40_000, 12, 40_000, 40_001, 40_002]);
        use Order::*;
        assert_eq!(orders, [New, New, Suspect, New, Suspect, Restart, New]);
        assert_eq!((stats.lost(), stats.restarts), (0, 1));
    }

    #[test]
    fn another_source_restarts() {
        let mut s = Sequence::default();
        assert_eq!(s.note(1, 100), Order::New);
        assert_eq!(s.note(2, 5), Order::Restart);
        assert_eq!(s.note(2, 6), Order::New);
        assert_eq!((s.stats().lost(), s.stats().restarts), (0, 1));
    }

    #[test]
    fn a_report_counts_from_where_its_source_began() {
        let mut s = Sequence::default();
        assert_eq!(s.source(), None);
        for number in [65_530, 65_531, 65_535, 0, 2] {
            s.note(7, number);
        }
        let figures = |ssrc, highest, expected, received| SourceFigures {
            ssrc,
            highest,
            expected,
            received,
            jitter: 0,
        };
        assert_eq!(s.source(), Some(figures(7, 65_538, 9, 5)));
        s.note(8, 100);
        s.note(8, 103);
        assert_eq!(s.source(), Some(figures(8, 103, 4, 2)));
        // The same one jumps.
        s.note(8, 40_000);
        s.note(8, 40_001);
        assert_eq!(s.source(), Some(figures(8, 40_001, 1, 1)));
        assert_eq!((s.stats().expected, s.stats().received), (14, 8));
    }

    #[test]
    fn jitter_is_zero_on_a_steady_stream_and_settles_at_the_mean_deviation() {
        let mut s = Sequence::default();
        for n in 0..100u32 {
            s.note_arrival(
                Time::from_millis(u64::from(n) * 20),
                (n * 160).wrapping_sub(1600),
            );
        }
        assert_eq!(s.stats().jitter_us, 0);
        // Every other packet 10 ms late: |D| is 10 ms each time.
        for n in 100..400u32 {
            let late = u64::from(n % 2) * 10;
            s.note_arrival(
                Time::from_millis(u64::from(n) * 20 + late),
                (n * 160).wrapping_sub(1600),
            );
        }
        let jitter = s.stats().jitter_us;
        assert!((9_000..=10_100).contains(&jitter), "{jitter}");
    }

    #[test]
    fn an_insane_arrival_does_not_overflow() {
        let mut s = Sequence::default();
        s.note_arrival(Time::ZERO, 0);
        for n in 0..1000u32 {
            let at = if n % 2 == 0 { u64::MAX / 2_000 } else { 0 };
            s.note_arrival(Time::from_millis(at), n.wrapping_mul(0x7FFF_FFFF));
        }
        assert!(s.stats().jitter_us <= 1_100_000, "{}", s.stats().jitter_us);
    }
}
