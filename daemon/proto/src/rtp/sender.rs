//! The sending half: blocks in, packets out, telephone-events in their place, earlier packets again with later ones
//! (RFC 3550 §5.1, RFC 3551 §4.1, RFC 4733 §2.5.1, RFC 2198).

use super::comfort::COMFORT_NOISE;
use super::event::EventPayload;
use super::outgoing::{Outgoing, TRAILER};
use super::packet::{HEADER_LEN, Header, MAX_PAYLOAD};
use super::redundancy::{EARLIER_HEADER, MAX_SENT, NEWEST_HEADER, earlier_header};
use super::{CLOCK_HZ, SAMPLES_PER_MS};
use crate::types::Digit;

/// Copies of the last packet of an event (RFC 4733 §2.5.1.4).
const END_COPIES: u8 = 3;
/// Longest packet: the longest payload, as often as it may be sent, with its headers.
const LONGEST: usize =
    HEADER_LEN + MAX_SENT * (EARLIER_HEADER + MAX_PAYLOAD) + NEWEST_HEADER + MAX_PAYLOAD;

/// Payload types that RTCP has with the marker set.
const RTCP_LIKE: std::ops::RangeInclusive<u8> = 64..=95;

/// Where a stream starts: random numbers from the caller (RFC 3550 §5.1 wants them unpredictable).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderSeed {
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
    /// Our source.
    pub ssrc: u32,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderConfig {
    /// Payload type of the audio.
    pub payload_type: u8,
    /// Milliseconds in a packet; held to 10–60.
    pub ptime_ms: u8,
    /// Payload type of telephone-events, when the far end takes them.
    pub event_payload_type: Option<u8>,
}

/// How earlier packets are sent again with later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redundancy {
    /// Payload type of such packets; nothing negotiates it, so both ends are configured.
    pub payload_type: u8,
    /// Earlier packets in each; held to [`MAX_SENT`].
    pub depth: u8,
}

/// Figures of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderStats {
    /// Packets built, events included.
    pub packets: u64,
    /// Payload octets in them.
    pub octets: u64,
    /// Of these, packets of events.
    pub event_packets: u64,
    /// Of these, named signalling events.
    pub named_packets: u64,
    /// Of these, packets with earlier ones in them.
    pub redundant_packets: u64,
    /// Of these, comfort noise.
    pub comfort_packets: u64,
}

/// A payload that was sent, and may be sent again.
#[derive(Clone, Copy, Debug)]
struct Past {
    timestamp: u32,
    payload_type: u8,
    /// 0: none.
    len: usize,
    bytes: [u8; MAX_PAYLOAD],
}

impl Past {
    const NONE: Past = Past {
        timestamp: 0,
        payload_type: 0,
        len: 0,
        bytes: [0; MAX_PAYLOAD],
    };
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Pressed {
        code: u8,
        volume: u8,
        timestamp: u32,
        announced: bool,
        /// Set when released before the first packet could go out.
        released_after: Option<u16>,
    },
    Ending {
        code: u8,
        volume: u8,
        timestamp: u32,
        duration: u16,
        copies: u8,
    },
}

/// One outgoing stream. Packets are handed to a closure, so nothing is allocated.
#[derive(Clone, Debug)]
pub struct Sender {
    config: SenderConfig,
    ssrc: u32,
    sequence: u16,
    /// Of the first sample in `packet`.
    timestamp: u32,
    /// Header and payload in the making, and room behind them.
    packet: [u8; HEADER_LEN + MAX_PAYLOAD + TRAILER],
    filled: usize,
    /// Timestamp after the last packet; none was sent yet.
    sent_until: Option<u32>,
    marker_due: bool,
    event: Option<Event>,
    /// Of the last named signalling event.
    signalled: u32,
    redundancy: Option<Redundancy>,
    /// Newest first.
    past: [Past; MAX_SENT],
    /// A packet with earlier ones in it.
    wide: [u8; LONGEST + TRAILER],
    stats: SenderStats,
}

impl Sender {
    /// A stream that has sent nothing; its first packet carries the marker.
    pub fn new(seed: SenderSeed, config: SenderConfig) -> Sender {
        Sender {
            config,
            ssrc: seed.ssrc,
            sequence: seed.sequence,
            timestamp: seed.timestamp,
            packet: [0; HEADER_LEN + MAX_PAYLOAD + TRAILER],
            filled: 0,
            sent_until: None,
            marker_due: true,
            event: None,
            signalled: seed.timestamp,
            redundancy: None,
            past: [Past::NONE; MAX_SENT],
            wide: [0; LONGEST + TRAILER],
            stats: SenderStats::default(),
        }
    }

    /// Sends earlier packets again from now on, or no more. Not while their payload type is that of telephone-events.
    pub fn set_redundancy(&mut self, redundancy: Option<Redundancy>) {
        let redundancy = redundancy.filter(|r| r.depth > 0);
        let before = std::mem::replace(&mut self.redundancy, redundancy);
        // What was kept is of now, as long as packets with earlier ones go out.
        if before.is_none() || redundancy.is_none() {
            self.forget_past();
        }
    }

    /// Figures until now.
    pub fn stats(&self) -> SenderStats {
        self.stats
    }

    /// Timestamp of the next sample.
    #[inline]
    pub fn next_timestamp(&self) -> u32 {
        self.position()
    }

    /// Our source.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// What is sent.
    pub fn config(&self) -> SenderConfig {
        self.config
    }

    /// Sends otherwise from now on; sequence and timestamps go on, a packet in the making is dropped.
    pub fn configure(&mut self, config: SenderConfig) {
        if config != self.config {
            self.config = config;
            self.drop_partial();
            self.marker_due = true;
            self.event = None;
            self.forget_past();
        }
    }

    /// Takes companded samples; `emit` gets each packet that is full.
    pub fn push(&mut self, mut samples: &[u8], mut emit: impl FnMut(&mut Outgoing<'_>)) {
        let full = self.payload_len();
        while !samples.is_empty() {
            let take = samples.len().min(full.saturating_sub(self.filled));
            let (now, later) = samples.split_at(take);
            let at = HEADER_LEN + self.filled;
            if let Some(room) = self.packet.get_mut(at..at + take) {
                room.copy_from_slice(now);
            }
            samples = later;
            self.filled += take;
            if self.filled >= full {
                self.boundary(&mut emit);
            }
        }
    }

    /// Will a block of this number of samples make a packet full?
    pub fn completes_with(&self, samples: usize) -> bool {
        self.filled + samples >= self.payload_len()
    }

    /// Blocks of this number of samples in a packet; 1 where packets do not end with blocks.
    pub fn blocks_in_packet(&self, samples: usize) -> u8 {
        let len = self.payload_len();
        match len.checked_rem(samples) {
            Some(0) => u8::try_from(len / samples).unwrap_or(1),
            _ => 1,
        }
    }

    /// Begins the packet in the making this number of samples earlier, with silence of this code: it is full sooner, and what
    /// follows keeps its time. Not earlier than the last packet ended; nothing once the packet has begun.
    pub fn begin_earlier(&mut self, samples: usize, silence: u8) {
        if self.filled > 0 || self.event.is_some() {
            return;
        }
        let idle = self.sent_until.map(|end| self.timestamp.wrapping_sub(end));
        let idle = idle.and_then(|idle| usize::try_from(idle).ok());
        let early = samples
            .min(idle.unwrap_or(usize::MAX))
            .min(self.payload_len() - 1);
        if let Some(room) = self.packet.get_mut(HEADER_LEN..HEADER_LEN + early) {
            room.fill(silence);
        }
        self.filled = early;
        self.timestamp = self.timestamp.wrapping_sub(early as u32);
    }

    /// Does the next sample begin a packet?
    pub fn at_boundary(&self) -> bool {
        self.filled == 0
    }

    /// Time passes in which the phone is silent (RFC 3389): nothing is sent but, with a level, comfort noise. The next
    /// packet with sound has the marker. For boundaries of packets ([`Sender::at_boundary`]).
    pub fn silence(
        &mut self,
        samples: u32,
        level: Option<u8>,
        mut emit: impl FnMut(&mut Outgoing<'_>),
    ) {
        self.drop_partial();
        if let Some(level) = level {
            let header = self.next_header(COMFORT_NOISE, self.timestamp, false);
            const LEN: usize = HEADER_LEN + 1;
            let mut bytes = [0; LEN + TRAILER];
            let mut packet = Writer::new(&mut bytes);
            packet.put(&header.to_bytes());
            packet.put(&[level & 0x7F]);
            self.stats.packets += 1;
            self.stats.comfort_packets += 1;
            self.stats.octets += 1;
            emit(&mut Outgoing::new(&mut bytes, LEN));
            self.sent_until = Some(self.timestamp.wrapping_add(samples));
        }
        self.timestamp = self.timestamp.wrapping_add(samples);
        self.marker_due = true;
        self.forget_past();
    }

    /// Time passes and nothing is sent (hold, no far end yet): timestamps go on, the next packet has the marker.
    pub fn pause(&mut self, samples: u32) {
        self.drop_partial();
        self.timestamp = self.timestamp.wrapping_add(samples);
        self.marker_due = true;
        self.event = None;
        self.forget_past();
    }

    /// A digit begins: events go out instead of audio until [`Sender::release`] and its end packets. False (and no
    /// event) when the far end takes none. `emit` gets what is left of the event before.
    pub fn press(
        &mut self,
        digit: Digit,
        volume: u8,
        mut emit: impl FnMut(&mut Outgoing<'_>),
    ) -> bool {
        if self.config.event_payload_type.is_none() {
            return false;
        }
        self.release();
        while self.event.is_some() {
            self.event_packet(self.position(), &mut emit);
        }
        self.event = Some(Event::Pressed {
            code: digit.event_code(),
            volume,
            timestamp: self.timestamp,
            announced: false,
            released_after: None,
        });
        true
    }

    /// The digit ends. Its three end packets follow, one each packet time.
    pub fn release(&mut self) {
        let position = self.position();
        match &mut self.event {
            Some(Event::Pressed {
                announced: false,
                timestamp,
                released_after,
                ..
            }) => *released_after = Some(clamp_u16(position.wrapping_sub(*timestamp))),
            Some(Event::Pressed {
                code,
                volume,
                timestamp,
                ..
            }) => {
                self.event = Some(Event::Ending {
                    code: *code,
                    volume: *volume,
                    timestamp: *timestamp,
                    duration: clamp_u16(position.wrapping_sub(*timestamp)),
                    copies: END_COPIES,
                });
            }
            Some(Event::Ending { .. }) | None => {}
        }
    }

    /// Are events going out instead of audio?
    pub fn in_event(&self) -> bool {
        self.event.is_some()
    }

    fn payload_len(&self) -> usize {
        usize::from(self.config.ptime_ms.clamp(10, 60)) * (CLOCK_HZ as usize / 1000)
    }

    /// Sends a named signalling event (`crate::nse`) between the packets of the audio, which go on as they were. `first`: it has
    /// the timestamp of now; otherwise it is a copy, and has that of the one before.
    pub fn signal(
        &mut self,
        payload_type: u8,
        payload: [u8; 4],
        first: bool,
        emit: impl FnOnce(&mut Outgoing<'_>),
    ) {
        if first {
            self.signalled = self.position();
        }
        const LEN: usize = HEADER_LEN + 4;
        let header = self.next_header(payload_type, self.signalled, false);
        let mut bytes = [0; LEN + TRAILER];
        let mut packet = Writer::new(&mut bytes);
        packet.put(&header.to_bytes());
        packet.put(&payload);
        self.stats.packets += 1;
        self.stats.named_packets += 1;
        self.stats.octets += 4;
        emit(&mut Outgoing::new(&mut bytes, LEN));
    }

    fn position(&self) -> u32 {
        self.timestamp.wrapping_add(self.filled as u32)
    }

    fn drop_partial(&mut self) {
        self.timestamp = self.position();
        self.filled = 0;
    }

    fn boundary(&mut self, emit: &mut impl FnMut(&mut Outgoing<'_>)) {
        let end = self.position();
        if self.event.is_some() {
            self.event_packet(end, emit);
            self.marker_due = true;
            self.forget_past();
        } else if let Some(redundancy) = self.redundancy.filter(|r| self.is_unmistakable(*r)) {
            self.redundant_packet(redundancy, emit);
        } else {
            let header =
                self.next_header(self.config.payload_type, self.timestamp, self.marker_due);
            self.marker_due = false;
            let len = HEADER_LEN + self.filled;
            if let Some(head) = self.packet.first_chunk_mut::<HEADER_LEN>() {
                *head = header.to_bytes();
            }
            self.stats.packets += 1;
            self.stats.octets += self.filled as u64;
            emit(&mut Outgoing::new(&mut self.packet, len));
        }
        self.timestamp = end;
        self.filled = 0;
        self.sent_until = Some(end);
    }

    /// What has the type of telephone-events would be taken for events.
    fn is_unmistakable(&self, redundancy: Redundancy) -> bool {
        Some(redundancy.payload_type) != self.config.event_payload_type
    }

    /// The packet in the making, with those before it.
    fn redundant_packet(
        &mut self,
        redundancy: Redundancy,
        emit: &mut impl FnMut(&mut Outgoing<'_>),
    ) {
        // With the marker, these types are those of RTCP packets (RFC 5761 §4), and are taken for them.
        let marker = self.marker_due && !RTCP_LIKE.contains(&redundancy.payload_type);
        let header = self.next_header(redundancy.payload_type, self.timestamp, marker);
        self.marker_due = false;
        let newest = self.config.payload_type & 0x7F;
        let payload = self
            .packet
            .get(HEADER_LEN..HEADER_LEN + self.filled)
            .unwrap_or(&[]);
        let mut wide = Writer::new(&mut self.wide);
        wide.put(&header.to_bytes());
        let depth = usize::from(redundancy.depth).min(MAX_SENT);
        let earlier = || {
            let oldest_first = self.past.iter().take(depth).rev();
            oldest_first.filter_map(|past| {
                let back = self.timestamp.wrapping_sub(past.timestamp);
                let header = earlier_header(past.payload_type, back, past.len)?;
                Some((header, past.bytes.get(..past.len)?))
            })
        };
        earlier().for_each(|(header, _)| wide.put(&header));
        wide.put(&[newest]);
        earlier().for_each(|(_, bytes)| wide.put(bytes));
        wide.put(payload);
        let written = wide.written;
        self.past.rotate_right(1);
        if let Some(past) = self.past.first_mut() {
            past.timestamp = self.timestamp;
            past.payload_type = newest;
            past.len = payload.len();
            for (kept, byte) in past.bytes.iter_mut().zip(payload) {
                *kept = *byte;
            }
        }
        self.stats.packets += 1;
        self.stats.redundant_packets += 1;
        self.stats.octets += written.saturating_sub(HEADER_LEN) as u64;
        emit(&mut Outgoing::new(&mut self.wide, written));
    }

    fn forget_past(&mut self) {
        for past in &mut self.past {
            past.len = 0;
        }
    }

    /// One packet of the event, as of the sample `now`.
    fn event_packet(&mut self, now: u32, emit: &mut impl FnMut(&mut Outgoing<'_>)) {
        let packet_samples = u16::from(self.config.ptime_ms) * SAMPLES_PER_MS as u16;
        match self.event {
            None => {}
            Some(Event::Pressed {
                code,
                volume,
                mut timestamp,
                announced,
                released_after,
            }) => {
                let mut duration = now.wrapping_sub(timestamp).max(u32::from(packet_samples));
                if duration > u32::from(u16::MAX) {
                    // §2.5.1.3: the segment ends at the longest duration, without the end bit; the next follows on.
                    self.emit_event((code, volume, timestamp, u16::MAX), false, false, emit);
                    timestamp = timestamp.wrapping_add(u32::from(u16::MAX));
                    duration -= u32::from(u16::MAX);
                }
                let duration = clamp_u16(duration);
                self.emit_event((code, volume, timestamp, duration), false, !announced, emit);
                self.event = Some(match released_after {
                    Some(after) => Event::Ending {
                        code,
                        volume,
                        timestamp,
                        duration: after.max(duration),
                        copies: END_COPIES,
                    },
                    None => Event::Pressed {
                        code,
                        volume,
                        timestamp,
                        announced: true,
                        released_after,
                    },
                });
            }
            Some(Event::Ending {
                code,
                volume,
                timestamp,
                duration,
                copies,
            }) => {
                self.emit_event((code, volume, timestamp, duration), true, false, emit);
                self.event = (copies > 1).then_some(Event::Ending {
                    code,
                    volume,
                    timestamp,
                    duration,
                    copies: copies - 1,
                });
            }
        }
    }

    fn emit_event(
        &mut self,
        (code, volume, timestamp, duration): (u8, u8, u32, u16),
        end: bool,
        marker: bool,
        emit: &mut impl FnMut(&mut Outgoing<'_>),
    ) {
        let Some(payload_type) = self.config.event_payload_type else {
            return;
        };
        let payload = EventPayload {
            code,
            end,
            volume,
            duration,
        }
        .to_bytes();
        let header = self.next_header(payload_type, timestamp, marker).to_bytes();
        const LEN: usize = HEADER_LEN + 4;
        let mut bytes = [0; LEN + TRAILER];
        let mut packet = Writer::new(&mut bytes);
        packet.put(&header);
        packet.put(&payload);
        self.stats.packets += 1;
        self.stats.event_packets += 1;
        self.stats.octets += 4;
        emit(&mut Outgoing::new(&mut bytes, LEN));
    }

    fn next_header(&mut self, payload_type: u8, timestamp: u32, marker: bool) -> Header {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        Header {
            marker,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        }
    }
}

/// Writes one thing after the other; what has no room is left out.
struct Writer<'a> {
    room: &'a mut [u8],
    written: usize,
}

impl<'a> Writer<'a> {
    fn new(room: &'a mut [u8]) -> Writer<'a> {
        Writer { room, written: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.written + bytes.len();
        if let Some(room) = self.room.get_mut(self.written..end) {
            room.copy_from_slice(bytes);
            self.written = end;
        }
    }
}

fn clamp_u16(n: u32) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
