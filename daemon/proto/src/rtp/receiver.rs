//! The receiving half of a session: packet → bookkeeping → jitter buffer or telephone-event.

use super::event::{EventPayload, EventReceiver, NetworkDigit};
use super::jitter::{Insert, JitterBuffer, JitterConfig, JitterStats, Playout};
use super::packet::{Packet, ParseError};
use super::sequence::{Order, Sequence, SequenceStats};
use crate::time::Time;
use crate::types::Codec;

/// Settings of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// The jitter buffer.
    pub jitter: JitterConfig,
    /// Payload type of telephone-events, when the server named one.
    pub event_payload_type: Option<u8>,
}

/// Figures of a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverStats {
    /// Payload octets of the packets taken.
    pub octets: u64,
    /// Datagrams that are not RTP.
    pub malformed: u64,
    /// Packets of a payload type that is not ours.
    pub other_payload: u64,
    /// Packets of telephone-events.
    pub event_packets: u64,
    /// Sequence bookkeeping.
    pub sequence: SequenceStats,
    /// Jitter buffer.
    pub jitter: JitterStats,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Audio.
    Audio(Insert),
    /// A telephone-event, and what it newly tells, in order.
    Event([Option<NetworkDigit>; 3]),
    /// Seen before.
    Duplicate,
    /// A sequence number out of the blue, not believed yet.
    Suspect,
    /// A payload type that is not ours (comfort noise among them).
    OtherPayload(u8),
    /// Not RTP.
    Malformed(ParseError),
}

/// One incoming stream.
#[derive(Clone, Debug)]
pub struct Receiver {
    event_payload_type: Option<u8>,
    sequence: Sequence,
    jitter: JitterBuffer,
    events: EventReceiver,
    played: Time,
    octets: u64,
    malformed: u64,
    other_payload: u64,
    event_packets: u64,
}

impl Receiver {
    /// A receiver that has heard nothing; allocates here and never again.
    pub fn new(config: ReceiverConfig) -> Receiver {
        Receiver {
            event_payload_type: config.event_payload_type,
            sequence: Sequence::default(),
            jitter: JitterBuffer::new(config.jitter),
            events: EventReceiver::default(),
            played: Time::ZERO,
            octets: 0,
            malformed: 0,
            other_payload: 0,
            event_packets: 0,
        }
    }

    /// Expects telephone-events of this type from now on.
    pub fn expect_events(&mut self, payload_type: Option<u8>) {
        self.event_payload_type = payload_type;
    }

    /// Takes a datagram from the far end.
    pub fn receive(&mut self, now: Time, datagram: &[u8]) -> Received {
        let packet = match Packet::parse(datagram) {
            Ok(packet) => packet,
            Err(why) => {
                self.malformed += 1;
                return Received::Malformed(why);
            }
        };
        let header = packet.header;
        let is_event = Some(header.payload_type) == self.event_payload_type;
        let codec = match header.payload_type {
            0 => Codec::G711Ulaw,
            8 => Codec::G711Alaw,
            _ if is_event => Codec::G711Ulaw,
            other => {
                // Comfort noise and the like still count in the sequence.
                self.sequence.note(header.ssrc, header.sequence);
                self.other_payload += 1;
                return Received::OtherPayload(other);
            }
        };
        let order = self.sequence.note(header.ssrc, header.sequence);
        match order {
            Order::Duplicate => return Received::Duplicate,
            Order::Suspect => return Received::Suspect,
            Order::New | Order::Reordered | Order::Restart => {}
        }
        self.octets += packet.payload.len() as u64;
        if is_event {
            self.event_packets += 1;
            return Received::Event(match EventPayload::parse(packet.payload) {
                Some(event) => self.events.receive(now, header.timestamp, event),
                None => [None; 3],
            });
        }
        self.sequence.note_arrival(now, header.timestamp);
        let since_block = now.saturating_since(self.played);
        let restart = order == Order::Restart;
        Received::Audio(self.jitter.insert(
            since_block,
            header.timestamp,
            codec,
            packet.payload,
            restart,
        ))
    }

    /// Timestamp of the next sample to be played; `None` before the first packet.
    pub fn next_timestamp(&self) -> Option<u32> {
        self.jitter.next_timestamp()
    }

    /// Plays one block; called once each block. While the far end sends an event its missing audio is silence.
    pub fn play(&mut self, now: Time, out: &mut [u8]) -> Playout {
        self.played = now;
        match self.jitter.pop(out) {
            Playout::Conceal if self.events.is_pressed() => Playout::Silence,
            other => other,
        }
    }

    /// The end of a digit whose end packets were lost. Asking too early is harmless.
    pub fn poll_event(&mut self, now: Time) -> Option<NetworkDigit> {
        self.events.poll(now)
    }

    /// Figures until now.
    pub fn stats(&self) -> ReceiverStats {
        ReceiverStats {
            octets: self.octets,
            malformed: self.malformed,
            other_payload: self.other_payload,
            event_packets: self.event_packets,
            sequence: self.sequence.stats(),
            jitter: self.jitter.stats(),
        }
    }
}

#[cfg(test)]
mod tests;
