//! A network that loses and delays datagrams, the same ones in every run with the same seed; and one of these between the
//! ports of a gateway ([`Detour`]).

mod detour;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

pub use detour::Detour;

/// What a network does to what passes.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Datagrams lost, ‰.
    pub loss_permille: u32,
    /// Each datagram is late by up to this, so that later ones overtake it.
    pub jitter: Duration,
    /// Of what is lost and how late the rest is.
    pub seed: u64,
    /// Not passed at all.
    pub blocked: Blocked,
}

/// What does not pass at all, as behind a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blocked {
    /// Everything passes.
    #[default]
    Nothing,
    /// What is no RTP: UDPTL.
    Relay,
    /// Everything.
    All,
}

impl Blocked {
    fn stops(self, datagram: &[u8]) -> bool {
        match self {
            Blocked::Nothing => false,
            Blocked::Relay => datagram.first().is_none_or(|first| first >> 6 != 2),
            Blocked::All => true,
        }
    }
}

impl Network {
    /// A network without faults.
    pub const PERFECT: Network = Network {
        loss_permille: 0,
        jitter: Duration::ZERO,
        seed: 0,
        blocked: Blocked::Nothing,
    };
}

/// What became of the datagrams of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Came out.
    pub passed: u32,
    /// Did not.
    pub lost: u32,
    /// Passed after one that was sent later.
    pub overtaken: u32,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            passed: self.passed + other.passed,
            lost: self.lost + other.lost,
            overtaken: self.overtaken + other.overtaken,
        }
    }
}

/// One direction of a network.
pub struct Direction {
    network: Network,
    random: u64,
    /// When it is due, and its number among all that came.
    queue: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    number: u64,
    newest: u64,
    /// What became of what came in so far.
    pub tally: Tally,
}

impl Direction {
    /// `which`: two directions of one network do not lose the same datagrams.
    pub fn new(network: Network, which: u64) -> Direction {
        Direction {
            network,
            random: (network.seed << 1 | which).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            queue: BinaryHeap::new(),
            number: 0,
            newest: 0,
            tally: Tally::default(),
        }
    }

    /// From now on it is this network; its dice go on.
    pub fn change(&mut self, network: Network) {
        self.network = network;
    }

    /// xorshift64* by Vigna: the upper half is good enough for dice.
    fn dice(&mut self, sides: u32) -> u32 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let word = self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        ((word * u64::from(sides)) >> 32) as u32
    }

    /// A datagram comes in.
    pub fn send(&mut self, now: Instant, datagram: Vec<u8>) {
        self.number += 1;
        let dice = self.dice(1000);
        if self.network.blocked.stops(&datagram) || dice < self.network.loss_permille {
            self.tally.lost += 1;
            return;
        }
        let jitter_us = self.network.jitter.as_micros() as u32;
        let late = Duration::from_micros(self.dice(jitter_us.max(1)).into());
        self.queue
            .push(Reverse((now + late, self.number, datagram)));
    }

    /// The next datagram that has come out by now.
    pub fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.due()? > now {
            return None;
        }
        let Reverse((_, number, datagram)) = self.queue.pop()?;
        self.tally.passed += 1;
        if number < self.newest {
            self.tally.overtaken += 1;
        }
        self.newest = self.newest.max(number);
        Some(datagram)
    }

    /// When the next one comes out.
    pub fn due(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((due, _, _))| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(network: Network, datagram: &[u8]) -> Tally {
        let mut direction = Direction::new(network, 0);
        let now = Instant::now();
        for _ in 0..1000 {
            direction.send(now, datagram.to_vec());
        }
        while direction.receive(now + Duration::from_secs(1)).is_some() {}
        direction.tally
    }

    #[test]
    fn as_many_are_lost_as_asked_for_and_the_same_ones_every_time() {
        let network = Network {
            loss_permille: 50,
            seed: 1,
            ..Network::PERFECT
        };
        let tally = through(network, &[0x80]);
        assert!((30..70).contains(&tally.lost), "{tally:?}");
        assert_eq!(tally.passed + tally.lost, 1000);
        assert_eq!(through(network, &[0x80]), tally);
    }

    #[test]
    fn udptl_alone_is_stopped_or_everything() {
        for (blocked, rtp, udptl) in [
            (Blocked::Nothing, 1000, 1000),
            (Blocked::Relay, 1000, 0),
            (Blocked::All, 0, 0),
        ] {
            let network = Network {
                blocked,
                ..Network::PERFECT
            };
            assert_eq!(through(network, &[0x80, 0]).passed, rtp, "{blocked:?}");
            assert_eq!(through(network, &[0x00, 1]).passed, udptl, "{blocked:?}");
        }
    }
}
