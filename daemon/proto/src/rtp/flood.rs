//! When a socket is flooded, and what the kernel is to drop then.
//!
//! Datagrams from unexpected sources are looked at and counted one by one while they are few. When they are many, they would
//! fill the socket's buffer, and the far end's packets would find no room in it: so the kernel is made to drop them
//! where they arrive. Once somebody is heard who is to be heard, nobody else is let in until the flood is over; before
//! that only those who flood are shut out, for the far end may still be among the others.

use std::net::SocketAddrV4;
use std::time::Duration;

use super::source::SourceLatch;
use crate::time::Time;

/// Refused datagrams in one block that are a flood: with blocks of 10 ms 3200 in a second.
const FLOOD: u32 = 32;
/// Of these, this number of one source makes it one of those who flood.
const FLOODS: u32 = 8;
/// Sources that can be shut out one by one.
pub const SHUT_OUT: usize = 8;
/// When there are more, one in this number of datagrams of unknown sources is let in.
const SAMPLE: u32 = 64;
/// How often is looked whether a flood goes on.
const LOOK: Duration = Duration::from_secs(1);
/// Datagrams dropped between two looks with which it does.
const GOES_ON: u64 = 500;
/// A flood is over when it has paused for this time.
const OVER: Duration = Duration::from_secs(5);

/// What the kernel lets through to a socket. Whatever is not as long as an RTP header and a byte, or not of its
/// version, it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// These always.
    pub pass: [Option<SocketAddrV4>; 2],
    /// These never.
    pub shut_out: [Option<SocketAddrV4>; SHUT_OUT],
    /// And the others?
    pub others: Others,
}

/// What becomes of datagrams of sources that a [`Gate`] does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They come in.
    All,
    /// One in this number does, a power of two.
    OneIn(u32),
    /// They do not.
    Nobody,
}

/// What to do with the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateChange {
    /// Have the kernel drop by this.
    Set(Gate),
    /// Have it drop nothing.
    Open,
}

/// The decision for one socket.
#[derive(Clone, Copy, Debug, Default)]
pub struct FloodGuard {
    /// Datagrams refused in this block: of these sources, and all of them.
    block: [Option<(SocketAddrV4, u32)>; SHUT_OUT],
    refused: u32,
    /// Those who flood.
    flooding: [Option<SocketAddrV4>; SHUT_OUT],
    /// There are more of them than can be named.
    crowd: bool,
    gate: Option<Gate>,
    look_at: Time,
    /// When the flood was last seen.
    seen: Time,
    dropped: u64,
}

impl FloodGuard {
    /// A datagram was refused; of no source when it was one that is heard, but nothing that could be used.
    pub fn refused(&mut self, from: Option<SocketAddrV4>) {
        self.refused += 1;
        let Some(from) = from else { return };
        let known = self.block.iter_mut().flatten().find(|(a, _)| *a == from);
        if let Some((_, count)) = known {
            *count += 1;
        } else if let Some(free) = self.block.iter_mut().find(|b| b.is_none()) {
            *free = Some((from, 1));
        }
    }

    /// Does the kernel drop anything now?
    pub fn is_shut(&self) -> bool {
        self.gate.is_some()
    }

    /// The waiting datagrams have been looked at: does anything have to change?
    pub fn drained(&mut self, now: Time, latch: &SourceLatch) -> Option<GateChange> {
        let flood = std::mem::take(&mut self.refused) > FLOOD;
        let block = std::mem::take(&mut self.block);
        if flood {
            self.note(&block);
            if self.gate.is_none() {
                self.look_at = now + LOOK;
            }
            self.seen = now;
        }
        if !flood && self.gate.is_none() {
            return None;
        }
        let gate = self.gate_for(now, latch);
        if self.gate == Some(gate) {
            return None;
        }
        self.gate = Some(gate);
        Some(GateChange::Set(gate))
    }

    /// Is it time to ask the kernel how much it has dropped?
    pub fn is_look_due(&self, now: Time) -> bool {
        now >= self.look_at
    }

    /// The kernel has dropped this number of datagrams since the socket was opened.
    pub fn look(&mut self, now: Time, dropped: u64) -> Option<GateChange> {
        let more = dropped.saturating_sub(self.dropped);
        self.dropped = dropped;
        self.look_at = now + LOOK;
        self.gate?;
        if more >= GOES_ON {
            self.seen = now;
        }
        if now.saturating_since(self.seen) < OVER {
            return None;
        }
        self.forget();
        Some(GateChange::Open)
    }

    /// The kernel refused the gate: it is tried again when the flood is seen again.
    pub fn forget(&mut self) {
        self.gate = None;
        self.flooding = [None; SHUT_OUT];
        self.crowd = false;
    }

    fn note(&mut self, block: &[Option<(SocketAddrV4, u32)>]) {
        let mut named = 0;
        for (address, count) in block.iter().flatten().filter(|(_, n)| *n >= FLOODS) {
            if self.flooding.contains(&Some(*address)) {
                named += count;
            } else if let Some(free) = self.flooding.iter_mut().find(|f| f.is_none()) {
                *free = Some(*address);
                named += count;
            }
        }
        self.crowd |= named < FLOOD / 2;
    }

    fn gate_for(&self, now: Time, latch: &SourceLatch) -> Gate {
        let pass = [latch.named(), latch.current()];
        if latch.is_taken(now) {
            return Gate {
                pass,
                shut_out: [None; SHUT_OUT],
                others: Others::Nobody,
            };
        }
        let others = if self.crowd {
            Others::OneIn(SAMPLE)
        } else {
            Others::All
        };
        Gate {
            pass,
            shut_out: self.flooding,
            others,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{Header, RtpSource};

    fn at(s: &str) -> SocketAddrV4 {
        s.parse().unwrap()
    }

    const FAR: &str = "10.0.0.1:4000";
    const MS: Duration = Duration::from_millis(1);

    fn taken(now: Time) -> SourceLatch {
        let mut latch = SourceLatch::new(RtpSource::Latch);
        latch.name(at(FAR));
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: 1,
            timestamp: 1,
            ssrc: 1,
        };
        assert!(latch.admits(now, at(FAR), || Some(header.into())));
        latch
    }

    fn flood(guard: &mut FloodGuard, sources: &[&str], each: u32) {
        for _ in 0..each {
            for source in sources {
                guard.refused(Some(at(source)));
            }
        }
    }

    #[test]
    fn few_unexpected_sources_are_no_flood() {
        let t = Time::from_millis(1000);
        let mut guard = FloodGuard::default();
        for n in 0..100 {
            flood(&mut guard, &["10.9.9.9:1"], FLOOD);
            assert_eq!(guard.drained(t + MS * 10 * n, &taken(t)), None);
        }
        assert!(!guard.is_shut());
    }

    #[test]
    fn in_a_flood_only_the_far_end_passes_until_the_flood_is_over() {
        let mut t = Time::from_millis(1000);
        let mut latch = taken(t);
        let mut guard = FloodGuard::default();
        flood(&mut guard, &["10.9.9.9:1"], 70);
        let Some(GateChange::Set(gate)) = guard.drained(t, &latch) else {
            panic!("not shut");
        };
        assert_eq!(gate.pass, [Some(at(FAR)); 2]);
        assert_eq!(gate.others, Others::Nobody);
        // What had been waiting already changes nothing more.
        flood(&mut guard, &["10.9.9.9:1"], 70);
        assert_eq!(guard.drained(t + MS, &latch), None);
        let mut dropped = 0;
        for second in 0..30 {
            t = t + LOOK;
            latch.heard(t);
            assert!(guard.is_look_due(t));
            dropped += 7000;
            assert_eq!(guard.look(t, dropped), None, "{second}");
            assert_eq!(guard.drained(t, &latch), None, "{second}");
        }
        let calm: Vec<_> = (0..5)
            .map(|_| {
                t = t + LOOK;
                guard.look(t, dropped)
            })
            .collect();
        assert_eq!(calm, [None, None, None, None, Some(GateChange::Open)]);
        assert!(!guard.is_shut());
    }

    #[test]
    fn before_anybody_is_heard_only_those_who_flood_are_shut_out() {
        let t = Time::from_millis(1000);
        let mut guard = FloodGuard::default();
        let nobody = SourceLatch::new(RtpSource::Latch);
        flood(&mut guard, &["10.9.9.9:1", "10.9.9.8:1"], 100);
        guard.refused(Some(at("10.0.0.7:4000")));
        let Some(GateChange::Set(gate)) = guard.drained(t, &nobody) else {
            panic!("not shut");
        };
        let shut_out: Vec<_> = gate.shut_out.iter().flatten().collect();
        assert_eq!(shut_out, [&at("10.9.9.9:1"), &at("10.9.9.8:1")]);
        assert_eq!((gate.pass, gate.others), ([None; 2], Others::All));
        // Another one joins in.
        flood(&mut guard, &["10.9.9.7:1"], 100);
        let change = guard.drained(t + MS * 10, &nobody);
        assert!(
            matches!(change, Some(GateChange::Set(g)) if g.shut_out.iter().flatten().count() == 3),
            "{change:?}"
        );
        // Now the far end is heard.
        let change = guard.drained(t + MS * 20, &taken(t + MS * 20));
        assert!(
            matches!(change, Some(GateChange::Set(g)) if g.others == Others::Nobody),
            "{change:?}"
        );
    }

    #[test]
    fn a_crowd_that_cannot_be_named_is_let_in_by_the_sample() {
        let t = Time::from_millis(1000);
        let mut guard = FloodGuard::default();
        for n in 0..200 {
            guard.refused(Some(SocketAddrV4::new([10, 9, 9, n].into(), 7)));
        }
        let change = guard.drained(t, &SourceLatch::new(RtpSource::Latch));
        assert!(
            matches!(change, Some(GateChange::Set(g)) if g.others == Others::OneIn(SAMPLE)),
            "{change:?}"
        );
    }
}
