//! A network that loses and delays datagrams, the same ones in every run with the same seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// What a network does to what passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// Datagrams lost, ‰.
    pub(crate) loss_permille: u32,
    /// Each datagram is late by up to this, so that later ones overtake it.
    pub(crate) jitter: Duration,
    /// Of what is lost and how late the rest is.
    pub(crate) seed: u64,
}

impl Network {
    /// A network without faults.
    pub(crate) const PERFECT: Network = Network {
        loss_permille: 0,
        jitter: Duration::ZERO,
        seed: 0,
    };
}

/// What became of the datagrams of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) lost: u32,
    /// Passed after one that was sent later.
    pub(crate) overtaken: u32,
}

/// One direction of a network.
pub(super) struct Direction {
    network: Network,
    random: u64,
    /// When it is due, and its number among all that came.
    queue: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    number: u64,
    newest: u64,
    pub(super) tally: Tally,
}

impl Direction {
    /// `which`: two directions of one network do not lose the same datagrams.
    pub(super) fn new(network: Network, which: u64) -> Direction {
        Direction {
            network,
            random: (network.seed << 1 | which).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            queue: BinaryHeap::new(),
            number: 0,
            newest: 0,
            tally: Tally::default(),
        }
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
    pub(super) fn send(&mut self, now: Instant, datagram: Vec<u8>) {
        self.number += 1;
        if self.dice(1000) < self.network.loss_permille {
            self.tally.lost += 1;
            return;
        }
        let jitter_us = self.network.jitter.as_micros() as u32;
        let late = Duration::from_micros(self.dice(jitter_us.max(1)).into());
        self.queue
            .push(Reverse((now + late, self.number, datagram)));
    }

    /// The next datagram that has come out by now.
    pub(super) fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
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
    pub(super) fn due(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((due, _, _))| *due)
    }
}
