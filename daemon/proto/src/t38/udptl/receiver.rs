//! What comes in, put into its order.

use std::time::Duration;

use super::jitter::Jitter;
use super::packet::{Octets, Packet, PacketError, Recovery};
use super::parity::Parity;
use super::repeats::Repeats;
use super::window::{AHEAD, BEHIND, Source, Window};
use crate::t38::ifp::{Decoder, IfpError, MAX_IFP, Version};
use crate::time::Time;
use crate::types::t38::{Carrier, Ifp};

/// A number this far behind one on trial follows it.
const FOLLOWS: u16 = 8;
/// A step ahead below this is an outage of the network, not a restart of the far end: at 30 ms half a minute.
const OUTAGE: u16 = 1_000;

/// How to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// The syntax that the far end writes.
    pub version: Version,
    /// The longest wait for a missing packet: the jitter that the relay's own delay covers.
    pub max_wait: Duration,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum Item {
    /// The next packet.
    Received(Ifp),
    /// This number of packets, one after the other, will not come.
    Missing(u32),
}

/// Figures; none goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams that were read.
    pub received: u64,
    /// Packets that were missing for good.
    pub lost: u64,
    /// Packets that went on from a copy, their own datagram had not come by then.
    pub recovered_by_copies: u64,
    /// Packets that went on from parity.
    pub recovered_by_parity: u64,
    /// Datagrams that came after their packet was given up.
    pub late: u64,
    /// Datagrams that came behind later ones, in time.
    pub reordered: u64,
    /// Datagrams whose packet was there already, and packets that said what was said already.
    pub repeated: u64,
    /// Datagrams that could not be read, and copies in them.
    pub malformed: u64,
    /// Jumps of the sequence number that were followed.
    pub restarts: u64,
}

/// A datagram with a number far from the others, until another one follows it.
#[derive(Clone, Copy, Debug)]
struct Trial {
    sequence: u16,
    at: Time,
    length: u8,
    octets: [u8; MAX_IFP],
}

/// The receiving side of one relay.
///
/// Numbers are sequence numbers counted on, so that their lowest 16 bits are the sequence number.
#[derive(Clone, Debug)]
pub struct Receiver {
    config: ReceiverConfig,
    decoder: Decoder,
    window: Window,
    parity: Parity,
    jitter: Jitter,
    repeats: Repeats,
    started: bool,
    /// Of the packet that goes on next.
    next: i64,
    /// The highest that was seen.
    newest: i64,
    trial: Option<Trial>,
    /// Packets that a jump has left behind, and nobody has heard of yet.
    left_behind: u32,
    /// The far end counts from FFFF to 0001.
    skips_zero: bool,
    counters: Counters,
}

impl Receiver {
    /// All memory that it will ever have is taken here.
    pub fn new(config: ReceiverConfig) -> Receiver {
        Receiver {
            config,
            decoder: Decoder::new(config.version),
            window: Window::new(),
            parity: Parity::new(),
            jitter: Jitter::new(),
            repeats: Repeats::default(),
            started: false,
            next: 0,
            newest: 0,
            trial: None,
            left_behind: 0,
            skips_zero: false,
            counters: Counters::default(),
        }
    }

    /// Figures since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The newest sequence number, once there is one.
    pub fn newest(&self) -> Option<u16> {
        self.started.then_some(self.newest as u16)
    }

    /// The jitter that was measured.
    pub fn jitter(&self) -> Option<Duration> {
        self.jitter.measured()
    }

    /// How long a missing packet is waited for: twice the jitter, and the most that is allowed until there is a measure.
    pub fn wait(&self) -> Duration {
        let twice = self.jitter.measured().map(|jitter| jitter * 2);
        twice.map_or(self.config.max_wait, |twice| {
            twice.min(self.config.max_wait)
        })
    }

    /// Takes a datagram. Then [`Receiver::next`] until it gives nothing.
    ///
    /// # Errors
    /// [`PacketError`]; counted, and nothing of it is used.
    pub fn receive(&mut self, now: Time, datagram: &[u8]) -> Result<(), PacketError> {
        let packet = Packet::parse(datagram)
            .and_then(|packet| Ok((packet, self.read(packet.primary, Source::Original)?)));
        let (packet, ifp) = packet.inspect_err(|_| self.counters.malformed += 1)?;
        self.counters.received += 1;
        if !self.started {
            self.start(&packet);
        }
        let number = self.number(packet.sequence);
        let known = self.window.get(number).map(|slot| slot.is(packet.primary));
        if number >= self.next + AHEAD || number < self.next - BEHIND || known == Some(false) {
            self.doubt(now, &packet);
            return Ok(());
        }
        self.trial = None;
        self.measure(now, number, &ifp);
        let behind = number < self.newest;
        if known.is_some() {
            let source = self.window.get(number).map(|slot| slot.source);
            if source == Some(Source::Original) || number < self.next {
                self.counters.repeated += 1;
            } else {
                self.counters.reordered += 1;
            }
            self.window.promote(number, packet.primary);
        } else if number < self.next {
            self.counters.late += 1;
        } else {
            self.counters.reordered += u64::from(behind);
            self.take(number, Source::Original, now, packet.primary);
        }
        self.newest = self.newest.max(number);
        self.recover(now, number, &packet);
        Ok(())
    }

    /// What goes on now, in order; nothing while the next packet is missing and may still come.
    pub fn next(&mut self, now: Time) -> Option<Item> {
        loop {
            if !self.started {
                return None;
            }
            if self.left_behind > 0 {
                return Some(Item::Missing(std::mem::take(&mut self.left_behind)));
            }
            if let Some(slot) = self.window.get(self.next) {
                self.next += 1;
                let source = slot.source;
                if source == Source::Skipped {
                    continue;
                }
                let mut decoder = self.decoder;
                let read = match source {
                    Source::Parity => decoder.decode_padded(slot.octets()),
                    _ => decoder.decode(slot.octets()),
                };
                let Ok(ifp) = read else {
                    continue;
                };
                self.decoder = decoder;
                self.counters.recovered_by_copies += u64::from(source == Source::Copy);
                self.counters.recovered_by_parity += u64::from(source == Source::Parity);
                if self.repeats.is_repeat(&ifp) {
                    self.counters.repeated += 1;
                    continue;
                }
                return Some(Item::Received(ifp));
            }
            if self.next > self.newest {
                let trial = self.trial?;
                if now < trial.at + self.wait() {
                    return None;
                }
                self.restart(&trial);
                continue;
            }
            if self.deadline().is_some_and(|deadline| now < deadline) {
                return None;
            }
            if let Some(missing) = self.give_up() {
                return Some(Item::Missing(missing));
            }
        }
    }

    /// When [`Receiver::next`] would give up a missing packet.
    pub fn deadline(&self) -> Option<Time> {
        let later = (self.next + 1..=self.newest).filter_map(|n| self.window.get(n));
        let first = later.map(|slot| slot.arrived).min()?;
        (!self.window.has(self.next)).then_some(first + self.wait())
    }

    /// Passes over the packets that are missing now; says how many there were.
    fn give_up(&mut self) -> Option<u32> {
        let from = self.next;
        let there = (from..=self.newest).find(|n| self.window.has(*n));
        self.next = there.unwrap_or(self.newest + 1);
        let missing = self.next - from;
        if missing == 1 && from as u16 == 0 && self.window.has(from - 1) {
            // Rather a far end that has no number 0 than a loss just here.
            self.skips_zero = true;
            return None;
        }
        self.repeats.gap();
        self.counters.lost += missing as u64;
        Some(missing as u32)
    }

    fn read(&self, octets: &[u8], source: Source) -> Result<Ifp, IfpError> {
        let mut decoder = self.decoder;
        match source {
            Source::Parity => decoder.decode_padded(octets),
            _ => decoder.decode(octets),
        }
    }

    /// The first datagram; those that its copies are of come first.
    fn start(&mut self, packet: &Packet<'_>) {
        self.started = true;
        let copies = match packet.recovery {
            Recovery::Copies(copies) => copies.count() as i64,
            Recovery::Parity { .. } => 0,
        };
        self.newest = 1 << 16 | i64::from(packet.sequence);
        self.next = self.newest - copies.min(i64::from(packet.sequence)).min(BEHIND);
    }

    /// The number nearest to the newest one.
    fn number(&self, sequence: u16) -> i64 {
        let step = sequence.wrapping_sub(self.newest as u16) as i16;
        self.newest + i64::from(step)
    }

    fn take(&mut self, number: i64, source: Source, now: Time, octets: &[u8]) {
        self.window.put(number, source, now, octets);
        if self.skips_zero && number as u16 == 1 && !self.window.has(number - 1) {
            self.window.put(number - 1, Source::Skipped, now, &[]);
        }
    }

    /// What the arrival of a packet shows. A datagram that goes three times shows nothing with the second and third.
    fn measure(&mut self, now: Time, number: i64, ifp: &Ifp) {
        if self.window.get(number).map(|slot| slot.source) == Some(Source::Original) {
            return;
        }
        match ifp.carrier() {
            Some(Carrier::Fast(_)) => self.jitter.page(number, now),
            _ if number > self.newest => self.jitter.other(),
            _ => {}
        }
        let later = (number + 1..=self.newest.min(number + AHEAD))
            .filter_map(|n| self.window.get(n))
            .filter(|slot| slot.source == Source::Original);
        if let Some(first) = later.map(|slot| slot.arrived).min() {
            self.jitter.late(now.saturating_since(first));
        }
    }

    fn recover(&mut self, now: Time, number: i64, packet: &Packet<'_>) {
        match packet.recovery {
            Recovery::Copies(copies) => self.copies(now, number, copies),
            Recovery::Parity { span, entries } => self.parity.keep(number, span, entries),
        }
        while self.missing() {
            let Some(found) = self.parity.find(&self.window, self.next) else {
                return;
            };
            let octets = &found.octets[..found.length];
            if self.read(octets, Source::Parity).is_err() {
                // Parity over other packets than these.
                self.parity.clear();
                return;
            }
            self.take(found.number, Source::Parity, now, octets);
        }
    }

    fn missing(&self) -> bool {
        (self.next..self.newest).any(|n| !self.window.has(n))
    }

    fn copies(&mut self, now: Time, number: i64, copies: Octets<'_>) {
        let sequence = i64::from(number as u16);
        let mut of = number;
        for (n, copy) in (1..).zip(copies.iter()) {
            of -= 1;
            let zero = n == sequence && of != 0 && of as u16 == 0;
            if zero && !self.window.has(of) {
                let before = self.window.get(of - 1);
                let skipped = self.skips_zero || before.is_some_and(|slot| slot.is(copy));
                if skipped && before.is_some() {
                    self.skips_zero = true;
                    self.window.put(of, Source::Skipped, now, &[]);
                }
            }
            let passed = self.window.get(of).map(|slot| slot.source) == Some(Source::Skipped);
            of -= i64::from(passed);
            if of < self.next {
                return;
            }
            if self.window.has(of) {
                continue;
            }
            if self.read(copy, Source::Copy).is_err() {
                self.counters.malformed += 1;
                continue;
            }
            self.take(of, Source::Copy, now, copy);
        }
    }

    /// A number far away, or one that was there with another packet.
    fn doubt(&mut self, now: Time, packet: &Packet<'_>) {
        let mut trial = Trial {
            sequence: packet.sequence,
            at: now,
            length: packet.primary.len() as u8,
            octets: [0; MAX_IFP],
        };
        trial.octets[..packet.primary.len()].copy_from_slice(packet.primary);
        let follows = |before: &Trial| packet.sequence.wrapping_sub(before.sequence) <= FOLLOWS;
        let Some(before) = self.trial.replace(trial).filter(follows) else {
            return;
        };
        self.restart(&before);
        let number = self.number(packet.sequence);
        if !self.window.has(number) {
            self.take(number, Source::Original, now, packet.primary);
            self.newest = self.newest.max(number);
        }
        self.recover(now, number, packet);
    }

    /// Goes on at another number, in numbers that no packet before had. What is still behind a hole stays behind.
    fn restart(&mut self, at: &Trial) {
        self.trial = None;
        let step = at.sequence.wrapping_sub(self.newest as u16);
        let never_seen = u32::from(step.saturating_sub(1)) * u32::from(step < OUTAGE);
        let waiting = (self.newest + 1 - self.next) as u32;
        self.left_behind = self.left_behind.saturating_add(waiting + never_seen);
        self.counters.lost += u64::from(waiting + never_seen);
        self.counters.restarts += 1;
        self.parity.clear();
        self.jitter.other();
        self.repeats.gap();
        let round = (self.newest >> 16) + 2;
        self.newest = round << 16 | i64::from(at.sequence);
        self.next = self.newest;
        let octets = &at.octets[..usize::from(at.length)];
        self.window
            .put(self.newest, Source::Original, at.at, octets);
    }
}
