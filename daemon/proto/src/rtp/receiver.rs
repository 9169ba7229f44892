//! The receiving half of a session: packet → bookkeeping → jitter buffer or telephone-event. What a packet carries of
//! lost ones (RFC 2198) goes to the jitter buffer too.

use super::CLOCK_HZ;
use super::comfort::COMFORT_NOISE;
use super::drift::{Drift, DriftMeter};
use super::event::{EventReceiver, NetworkDigit};
use super::jitter::{Insert, JitterBuffer, JitterConfig, JitterStats, Playout};
use super::packet::{Header, Packet, ParseError};
use super::redundancy::{Redundant, RedundantError};
use super::rtcp::SourceFigures;
use super::sequence::{Order, Sequence, SequenceStats};
use crate::nse::Event;
use crate::time::Time;
use crate::types::Codec;

/// The jitter buffer reckons with a drift that is known so well.
const SURE_PPM: f32 = 20.0;
/// A held buffer that lasts longer than a day lasts.
const LASTING_S: f32 = 86_400.0;

/// Settings of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// The jitter buffer.
    pub jitter: JitterConfig,
    /// Payload type of telephone-events, when the server named one.
    pub event_payload_type: Option<u8>,
    /// Payload type of packets that carry earlier ones (RFC 2198).
    pub redundancy_payload_type: Option<u8>,
}

/// Figures of a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReceiverStats {
    /// Payload octets of the packets taken.
    pub octets: u64,
    /// Datagrams that are not RTP.
    pub malformed: u64,
    /// Packets of a payload type that is not ours.
    pub other_payload: u64,
    /// Packets of telephone-events.
    pub event_packets: u64,
    /// Telephone-events that found no room among those waiting to be played.
    pub events_dropped: u64,
    /// Packets of named signalling events.
    pub named_events: u64,
    /// Packets that carried earlier ones.
    pub redundant_packets: u64,
    /// Packets of comfort noise.
    pub comfort_packets: u64,
    /// Sequence bookkeeping.
    pub sequence: SequenceStats,
    /// Jitter buffer.
    pub jitter: JitterStats,
    /// How fast the far clock runs against the card's, once that is known.
    pub drift: Option<Drift>,
    /// Seconds that a held buffer lasts at this drift, when it does not last for ever.
    pub lasts_s: Option<u32>,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Audio.
    Audio(Insert),
    /// A telephone-event; [`Receiver::digit`] says when it begins and ends.
    Event,
    /// A named signalling event ([`crate::nse`]).
    NamedEvent {
        /// Its number.
        number: u8,
        /// That of its packet: copies have the same.
        timestamp: u32,
    },
    /// Seen before.
    Duplicate,
    /// A sequence number out of the blue, not believed yet.
    Suspect,
    /// Comfort noise (RFC 3389): the far end is silent.
    Comfort,
    /// A payload type that is not ours.
    OtherPayload(u8),
    /// Not RTP.
    Malformed(ParseError),
    /// RTP, but the earlier packets it says to carry are not there.
    BadRedundancy(RedundantError),
}

impl Received {
    /// Is it a packet of a far end that is there: sound, comfort noise or an event, new or not?
    pub fn is_valid(self) -> bool {
        match self {
            Received::Audio(insert) => insert != Insert::Refused,
            Received::Event
            | Received::NamedEvent { .. }
            | Received::Duplicate
            | Received::Suspect
            | Received::Comfort => true,
            Received::OtherPayload(_) | Received::Malformed(_) | Received::BadRedundancy(_) => {
                false
            }
        }
    }
}

/// One incoming stream.
#[derive(Clone, Debug)]
pub struct Receiver {
    event_payload_type: Option<u8>,
    named_payload_type: Option<u8>,
    redundancy_payload_type: Option<u8>,
    sequence: Sequence,
    jitter: JitterBuffer,
    events: EventReceiver,
    drift: DriftMeter,
    played: Time,
    octets: u64,
    malformed: u64,
    other_payload: u64,
    event_packets: u64,
    named_events: u64,
    redundant_packets: u64,
    comfort_packets: u64,
    /// Level of the far end's silence.
    comfort: u8,
    /// The source restarted, and no sound of it came yet: the jitter buffer is still on the time of the one before.
    restart_due: bool,
}

impl Receiver {
    /// A receiver that has heard nothing; allocates here and never again.
    pub fn new(config: ReceiverConfig) -> Receiver {
        Receiver {
            event_payload_type: config.event_payload_type,
            named_payload_type: None,
            redundancy_payload_type: config.redundancy_payload_type,
            sequence: Sequence::default(),
            jitter: JitterBuffer::new(config.jitter),
            events: EventReceiver::default(),
            drift: DriftMeter::default(),
            played: Time::ZERO,
            octets: 0,
            malformed: 0,
            other_payload: 0,
            event_packets: 0,
            named_events: 0,
            redundant_packets: 0,
            comfort_packets: 0,
            comfort: 127,
            restart_due: false,
        }
    }

    /// Holds the jitter buffer still at its depth for fax and modem calls, or lets it follow the network again
    /// ([`JitterBuffer::hold`]).
    pub fn hold(&mut self, on: bool) {
        self.jitter.hold(on);
    }

    /// Expects telephone-events of this type from now on.
    pub fn expect_events(&mut self, payload_type: Option<u8>) {
        self.event_payload_type = payload_type;
    }

    /// Expects named signalling events of this type from now on. Telephone-events of the same type go before.
    pub fn expect_named_events(&mut self, payload_type: Option<u8>) {
        self.named_payload_type = payload_type;
    }

    /// The header of a datagram that could be played: sound, comfort noise or an event of the types that are ours.
    pub fn playable(&self, datagram: &[u8]) -> Option<Header> {
        let packet = Packet::parse(datagram).ok()?;
        let kind = Some(packet.header.payload_type);
        let ours = codec_of(packet.header.payload_type).is_some()
            || kind == Some(COMFORT_NOISE)
            || kind == self.event_payload_type
            || kind == self.named_payload_type
            || kind == self.redundancy_payload_type;
        (ours && !packet.payload.is_empty()).then_some(packet.header)
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
        let kind = Some(header.payload_type);
        if kind != self.redundancy_payload_type || kind == self.event_payload_type {
            return self.take(now, header, packet.payload, packet.payload.len());
        }
        let redundant = match Redundant::parse(packet.payload) {
            Ok(redundant) => redundant,
            Err(why) => {
                self.malformed += 1;
                return Received::BadRedundancy(why);
            }
        };
        let newest = redundant.newest;
        let inner = Header {
            payload_type: newest.payload_type,
            ..header
        };
        let received = self.take(now, inner, newest.payload, packet.payload.len());
        if !matches!(received, Received::Duplicate | Received::Suspect) {
            self.redundant_packets += 1;
            for earlier in redundant.earlier() {
                let timestamp = header.timestamp.wrapping_sub(u32::from(earlier.back));
                if Some(earlier.payload_type) == self.event_payload_type {
                    self.events.receive(now, timestamp, earlier.payload);
                } else if let Some(codec) = codec_of(earlier.payload_type)
                    && !self.restart_due
                {
                    self.jitter.recover(timestamp, codec, earlier.payload);
                }
            }
        }
        received
    }

    /// Takes a payload, alone or the newest of several, in a packet of `octets`.
    fn take(&mut self, now: Time, header: Header, payload: &[u8], octets: usize) -> Received {
        let is_event = Some(header.payload_type) == self.event_payload_type;
        let codec = codec_of(header.payload_type);
        let order = self.sequence.note(header.ssrc, header.sequence);
        if order == Order::Restart {
            self.drift.restart();
            self.events.restart();
            self.restart_due = true;
        }
        if !is_event && header.payload_type == COMFORT_NOISE {
            return self.comfort(order, header, payload);
        }
        let named = Some(header.payload_type) == self.named_payload_type && !is_event;
        let named = Event::parse(payload).filter(|_| named);
        if !is_event && codec.is_none() && named.is_none() {
            // They still count in the sequence.
            self.other_payload += 1;
            return Received::OtherPayload(header.payload_type);
        }
        match order {
            Order::Duplicate => return Received::Duplicate,
            Order::Suspect => return Received::Suspect,
            Order::Restart | Order::New | Order::Reordered => {}
        }
        self.octets += octets as u64;
        if let Some(event) = named {
            self.named_events += 1;
            return Received::NamedEvent {
                number: event.number(),
                timestamp: header.timestamp,
            };
        }
        let Some(codec) = codec.filter(|_| !is_event) else {
            self.event_packets += 1;
            self.events.receive(now, header.timestamp, payload);
            return Received::Event;
        };
        self.sequence.note_arrival(now, header.timestamp);
        self.drift.packet(now, header.timestamp);
        let since_block = now.saturating_since(self.played);
        let (timestamp, restart) = (header.timestamp, self.restart_due);
        let inserted = self
            .jitter
            .insert(since_block, timestamp, codec, payload, restart);
        self.restart_due &= inserted == Insert::Refused;
        Received::Audio(inserted)
    }

    /// The far end falls silent, or sends its noise level again. What the colour of the noise is, is not looked at.
    fn comfort(&mut self, order: Order, header: Header, payload: &[u8]) -> Received {
        let Some(level) = payload.first() else {
            self.malformed += 1;
            return Received::Comfort;
        };
        match order {
            Order::Duplicate => return Received::Duplicate,
            Order::Suspect => return Received::Suspect,
            Order::Restart | Order::New | Order::Reordered => {}
        }
        self.octets += payload.len() as u64;
        self.comfort_packets += 1;
        if !self.restart_due && self.jitter.pause(header.timestamp) {
            self.comfort = level & 0x7F;
        }
        Received::Comfort
    }

    /// Timestamp of the next sample to be played; `None` before the first packet.
    pub fn next_timestamp(&self) -> Option<u32> {
        self.jitter.next_timestamp()
    }

    /// Plays one block; called once each block. While the far end sends an event its missing audio is silence.
    pub fn play(&mut self, now: Time, out: &mut [u8]) -> Playout {
        self.played = now;
        if self.drift.block(now, out.len())
            && let Some(drift) = self.drift.drift()
            && drift.error_ppm <= SURE_PPM
        {
            self.jitter.expect_drift(drift.ppm);
        }
        match self.jitter.pop(out) {
            Playout::Conceal if self.events.is_pressed() => Playout::Silence,
            Playout::Comfort { .. } => Playout::Comfort {
                level: self.comfort,
            },
            other => other,
        }
    }

    /// The digit of a telephone-event that begins or ends with the block that is played now, of this number of samples; called
    /// once each block.
    pub fn digit(&mut self, now: Time, samples: usize) -> Option<NetworkDigit> {
        self.events
            .play(now, u32::try_from(samples).unwrap_or(u32::MAX))
    }

    /// The source that is heard, as a report has it.
    #[inline]
    pub fn source(&self) -> Option<SourceFigures> {
        self.sequence.source()
    }

    /// Figures until now.
    pub fn stats(&self) -> ReceiverStats {
        ReceiverStats {
            octets: self.octets,
            malformed: self.malformed,
            other_payload: self.other_payload,
            event_packets: self.event_packets,
            named_events: self.named_events,
            events_dropped: self.events.dropped(),
            redundant_packets: self.redundant_packets,
            comfort_packets: self.comfort_packets,
            sequence: self.sequence.stats(),
            jitter: self.jitter.stats(),
            drift: self.drift.drift(),
            lasts_s: self.lasts_s(),
        }
    }

    fn lasts_s(&self) -> Option<u32> {
        if !self.jitter.is_held() {
            return None;
        }
        let drift = self.drift.drift()?;
        // A fast far clock fills the buffer, a slow one empties it.
        let (shallower, deeper) = self.jitter.margins();
        let margin = if drift.ppm > 0.0 { deeper } else { shallower };
        let seconds = margin as f32 / CLOCK_HZ as f32 / (drift.ppm.abs() * 1.0e-6);
        (seconds < LASTING_S && drift.ppm.abs() > drift.error_ppm).then_some(seconds as u32)
    }
}

fn codec_of(payload_type: u8) -> Option<Codec> {
    match payload_type {
        0 => Some(Codec::G711Ulaw),
        8 => Some(Codec::G711Alaw),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
