//! How many earlier packets are repeated with each one (RFC 2198), by the loss that is seen on the call.
//!
//! Owns: the share of lost packets in the last [`WINDOW`] looks, what the far end reports, and the depth that follows. Promises: no
//! I/O and no clock; more at once, less only after a time without need. Leaves to others: looking once a second, and sending.
//!
//! The rule. What counts is the worse of two shares: of the packets that come, and of ours as the far end reports them (RTCP);
//! most networks lose alike both ways, and many far ends report nothing.
//!
//! | depth | what is left of a loss of 1, 3, 5 % | when |
//! | --- | --- | --- |
//! | 2 | none, 0.003, 0.013 % | 1.5 % or more is lost |
//! | 1 | 0.01, 0.09, 0.25 % | at first; some is lost, or nobody says how our packets arrive |
//! | 0 | all of it | for a minute nothing was lost either way, and the far end says so |
//!
//! One packet in a hundred that is missing costs a page with error correction some frames, one in thirty the page.

use std::time::Duration;

use super::MAX_SENT;
use crate::time::Time;
use crate::types::RepeatedPackets;

/// Looks, a second apart, whose packets are counted together.
const WINDOW: usize = 10;
/// Share of lost packets from which two are repeated, and below which one will do, percent.
const MUCH: f32 = 1.5;
const LITTLE: f32 = 0.7;
/// Fewer lost packets than these say nothing of a share.
const FEW: u64 = 3;
/// One fewer is repeated after this time without need of it.
const LESS_AFTER: Duration = Duration::from_secs(30);
const NONE_AFTER: Duration = Duration::from_secs(60);
/// What the far end reported is known for this time: it reports each 5 s or so.
const REPORT_LASTS: Duration = Duration::from_secs(20);
/// Repeated as long as nothing is known.
const AT_FIRST: u8 = 1;

/// What was counted and reported until a look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSeen {
    /// Packets of the far end that came.
    pub received: u64,
    /// Packets of the far end that did not come by themselves, whether a later one brought their sound or not.
    pub lost: u64,
    /// Reports of the far end, and the share of our packets lost on their way there in the last one, percent.
    pub reported: Option<(u64, f32)>,
}

/// A change of the depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthChange {
    /// Earlier packets repeated from now on.
    pub depth: u8,
    /// The loss that it goes by, percent.
    pub loss: f32,
}

/// What is repeated in one leg.
#[derive(Clone, Debug, PartialEq)]
pub struct Protection {
    automatic: bool,
    depth: u8,
    /// Received and lost of the last looks, the oldest first.
    looks: [(u64, u64); WINDOW],
    /// How many of them there are.
    known: usize,
    /// Of the last two reports: share, percent, and when the last one was seen.
    reports: [f32; 2],
    report: Option<(u64, Time)>,
    /// Since when no more than each depth was needed.
    enough: [Option<Time>; MAX_SENT],
    loss: f32,
}

impl Protection {
    /// A leg in which nothing was seen yet.
    pub fn new(wanted: RepeatedPackets) -> Protection {
        let (automatic, depth) = match wanted {
            RepeatedPackets::Fixed(depth) => (false, depth.min(MAX_SENT as u8)),
            RepeatedPackets::Auto => (true, AT_FIRST),
        };
        Protection {
            automatic,
            depth,
            looks: [(0, 0); WINDOW],
            // The beginning, when there was nothing.
            known: 1,
            reports: [0.0; 2],
            report: None,
            enough: [None; MAX_SENT],
            loss: 0.0,
        }
    }

    /// What was lost in earlier calls asks for this depth from now on; less of it only as for a depth that this call asked for.
    /// A number that was set stays.
    pub fn begin_with(&mut self, depth: u8) {
        let depth = depth.min(MAX_SENT as u8);
        if self.automatic && depth > self.depth {
            self.depth = depth;
            self.enough = [None; MAX_SENT];
        }
    }

    /// Earlier packets repeated with each one.
    pub fn depth(&self) -> u8 {
        self.depth
    }

    /// Does the loss decide?
    pub fn is_automatic(&self) -> bool {
        self.automatic
    }

    /// The loss that the depth goes by, percent: the worse one of both ways.
    pub fn loss(&self) -> f32 {
        self.loss
    }

    /// A look, once a second.
    pub fn look(&mut self, now: Time, seen: LossSeen) -> Option<DepthChange> {
        if !self.automatic {
            return None;
        }
        let (own, lost) = self.own(seen);
        let far = self.far(now, seen);
        self.loss = own.max(far.unwrap_or(0.0));
        let needed = match self.loss {
            loss if loss >= MUCH && (lost >= FEW || far.is_some_and(|far| far >= MUCH)) => 2,
            // Between the two, what there is goes on.
            loss if loss >= LITTLE => self.depth.max(1),
            loss if loss > 0.0 || far.is_none() => 1,
            _ => 0,
        };
        for (depth, since) in (0u8..).zip(&mut self.enough) {
            *since = (needed <= depth).then(|| since.unwrap_or(now));
        }
        let long_enough = |depth: u8, time| {
            let since = self.enough.get(usize::from(depth)).copied().flatten();
            since.is_some_and(|since| now.saturating_since(since) >= time)
        };
        let depth = match self.depth {
            held if needed > held => needed,
            2 if long_enough(1, LESS_AFTER) => 1,
            1 if long_enough(0, NONE_AFTER) => 0,
            held => held,
        };
        let changed = std::mem::replace(&mut self.depth, depth) != depth;
        changed.then_some(DepthChange {
            depth,
            loss: self.loss,
        })
    }

    /// Share of the far end's packets that were lost in the window, percent, and how many.
    fn own(&mut self, seen: LossSeen) -> (f32, u64) {
        let newest = (seen.received, seen.lost);
        if self.known == WINDOW {
            self.looks.rotate_left(1);
            self.known -= 1;
        }
        if let Some(place) = self.looks.get_mut(self.known) {
            *place = newest;
            self.known += 1;
        }
        let oldest = self.looks.first().copied().unwrap_or(newest);
        // A lost one may come yet: then there are fewer than before.
        let received = newest.0.saturating_sub(oldest.0);
        let lost = newest.1.saturating_sub(oldest.1);
        let share = 100.0 * lost as f32 / (received + lost).max(1) as f32;
        (share, lost)
    }

    /// What the far end reports of our packets, percent; none when it has not for long.
    fn far(&mut self, now: Time, seen: LossSeen) -> Option<f32> {
        if let Some((reports, share)) = seen.reported {
            let before = self.report.map(|(reports, _)| reports);
            if before != Some(reports) {
                let [last, _] = self.reports;
                self.reports = [share, if before.is_some() { last } else { share }];
                self.report = Some((reports, now));
            }
        }
        let (_, at) = self.report?;
        let [last, earlier] = self.reports;
        (now.saturating_since(at) < REPORT_LASTS).then_some((last + earlier) / 2.0)
    }
}

#[cfg(test)]
mod tests;
