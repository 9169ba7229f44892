//! Voice as the body of a session: G.711 in RTP, with its jitter buffer, concealment, comfort noise and keys.

mod figures;
mod probe;

use tipring_dsp::Law;
use tipring_proto::nse::Event;
use tipring_proto::rtp::{
    ComfortNoise, Concealer, HEADER_LEN, Insert, JitterConfig, NetworkDigit, Outgoing, OwnFigures,
    Playout, Received, Receiver, ReceiverConfig, Redundancy, Sender, SenderConfig, SenderSeed,
    StreamMark, Vad, Verdict,
};
use tipring_proto::time::Time;
use tipring_proto::types::{Codec, Digit};

use super::body::{Block, Body, NamedEvent, Taken};
use super::kernel::DatagramShape;
use super::{MediaOpenError, SessionConfig};
use crate::line::counters::PortCounters;
use crate::line::order::Remote;
pub use figures::VoiceStats;
use probe::Probe;

/// One RTP stream each way.
#[derive(Debug)]
pub struct Voice {
    law: Law,
    sender: Sender,
    /// Its turn among the sessions of its thread: which blocks fill its packets.
    turn: u8,
    /// The next block sent is the first after a pause.
    resumes: bool,
    /// Detects talk, where silence is not to be sent.
    vad: Option<Vad>,
    receiver: Receiver,
    concealer: Concealer,
    comfort: ComfortNoise,
    /// OpenReceiveChannel named the payload type of telephone-events.
    events_named: bool,
    /// A fax, modem or alarm port.
    data_port: bool,
    /// In use while data passes.
    redundancy: Redundancy,
    /// Data passes; the silence of both sides that is reported, ms.
    data: Option<u32>,
    probe: Probe,
    /// Named signalling events that nobody asked for yet, the oldest first; more are lost, and copies come.
    named: [Option<NamedEvent>; 4],
    published: VoiceStats,
    lost_published: u64,
}

impl Voice {
    /// Allocates what it will need, and begins its stream at random numbers.
    pub(super) fn new(config: &SessionConfig) -> Result<Voice, MediaOpenError> {
        let mut voice = Voice {
            law: law_of(config.codec),
            sender: Sender::new(
                seed()?,
                SenderConfig {
                    payload_type: config.codec.payload_type(),
                    ptime_ms: config.ptime_ms,
                    event_payload_type: None,
                },
            ),
            turn: 0,
            resumes: true,
            vad: config.vad.then(Vad::default),
            receiver: Receiver::new(ReceiverConfig {
                jitter: JitterConfig {
                    block: config.block,
                    min_ms: config.jitter_min_ms,
                    max_ms: config.jitter_max_ms,
                    held_ms: config.jitter_fixed_ms,
                },
                event_payload_type: config.event_payload_type,
                redundancy_payload_type: Some(config.redundancy_payload_type),
            }),
            concealer: Concealer::new(),
            comfort: ComfortNoise::default(),
            events_named: config.event_payload_type.is_some(),
            data_port: config.data_port,
            redundancy: Redundancy {
                payload_type: config.redundancy_payload_type,
                depth: config.redundancy,
            },
            data: None,
            probe: Probe::default(),
            named: [None; 4],
            published: VoiceStats::default(),
            lost_published: 0,
        };
        voice
            .receiver
            .expect_named_events(config.named_payload_type);
        voice.pass_data(None);
        Ok(voice)
    }

    /// Begins the packet in the making with as many blocks of silence as its turn wants: nothing is held back or left
    /// out, the first packet only goes sooner. So calls that begin together do not all send in the same block.
    fn fall_in(&mut self, round: u64, block: usize) {
        let in_packet = self.sender.blocks_in_packet(block).max(1);
        let ahead = (round + u64::from(self.turn)) % u64::from(in_packet);
        let silence = self.law.silence();
        self.sender.begin_earlier(ahead as usize * block, silence);
    }

    /// The source of its RTP.
    pub(super) fn ssrc(&self) -> u32 {
        self.sender.ssrc()
    }

    /// Is this block not to be sent, and what comfort noise instead?
    fn silence(&mut self, samples: &[i16]) -> Option<Option<u8>> {
        let data = self.data_port || self.data.is_some();
        if data || self.sender.in_event() {
            return None;
        }
        let boundary = self.sender.at_boundary();
        match self.vad.as_mut()?.judge(samples, boundary) {
            Verdict::Talk => None,
            Verdict::Silence { level } => Some(level),
        }
    }
}

impl Body for Voice {
    type Stats = VoiceStats;

    const SHAPE: DatagramShape = DatagramShape {
        shortest: HEADER_LEN as u16 + 1,
        // Version 2 of RTP.
        first_byte: (0xC0, 0x80),
    };

    fn send_as(&mut self, remote: &Remote, begins: bool) {
        self.law = law_of(remote.codec);
        // What we receive OpenReceiveChannel has said, if it has said anything.
        if !self.events_named {
            self.receiver.expect_events(remote.event_payload_type);
        }
        self.resumes |= begins;
        self.sender.configure(SenderConfig {
            payload_type: remote.codec.payload_type(),
            ptime_ms: remote.ptime_ms,
            event_payload_type: remote.event_payload_type,
        });
    }

    fn take_turn(&mut self, turn: u8) {
        self.turn = turn;
    }

    #[inline]
    fn is_due(&self, samples: usize) -> bool {
        self.sender.completes_with(samples)
    }

    #[inline]
    fn up(&mut self, block: Block<'_>, emit: impl FnMut(&mut Outgoing<'_>)) {
        let samples = block.samples;
        let silence = self.silence(samples);
        let resumes = std::mem::replace(&mut self.resumes, silence.is_some());
        if resumes && silence.is_none() {
            self.fall_in(block.round, samples.len());
        }
        if let Some(level) = silence {
            let n = u32::try_from(samples.len()).unwrap_or(0);
            self.sender.silence(n, level, emit);
        } else {
            self.law.encode_block(samples, block.bytes);
            self.sender.push(block.bytes, emit);
        }
    }

    #[inline]
    fn pause(&mut self, samples: usize) {
        self.resumes = true;
        self.sender.pause(u32::try_from(samples).unwrap_or(0));
    }

    #[inline]
    fn down(&mut self, now: Time, bytes: &mut [u8], out: &mut [i16]) -> Option<Time> {
        let position = self.receiver.next_timestamp();
        let mut arrived = None;
        match self.receiver.play(now, bytes) {
            Playout::Samples(codec) => {
                law_of(codec).decode_block(bytes, out);
                self.concealer.good(out);
                arrived = self.probe.played(position, out.len());
            }
            Playout::Comfort { level } => {
                self.comfort.fill(level, out);
                self.concealer.good(out);
            }
            Playout::Conceal => self.concealer.conceal(out),
            Playout::Silence => self.concealer.silence(out),
        }
        arrived
    }

    fn mark(&self, datagram: &[u8]) -> Option<StreamMark> {
        self.receiver.playable(datagram).map(StreamMark::from)
    }

    #[inline]
    fn receive(&mut self, arrived: Time, datagram: &[u8]) -> Taken {
        let received = self.receiver.receive(arrived, datagram);
        match received {
            Received::Audio(Insert::Taken) => self.probe.taken(datagram, arrived),
            Received::NamedEvent { number, timestamp } => {
                if let Some(place) = self.named.iter_mut().find(|place| place.is_none()) {
                    *place = Some(NamedEvent { number, timestamp });
                }
            }
            Received::Malformed(_) => return Taken::Malformed,
            _ => {}
        }
        if received.is_valid() {
            Taken::Valid
        } else {
            Taken::Ignored
        }
    }

    fn sends_events(&self) -> bool {
        self.sender.config().event_payload_type.is_some()
    }

    /// Never in the place of data.
    fn press(&mut self, digit: Digit, volume: u8, emit: impl FnMut(&mut Outgoing<'_>)) -> bool {
        self.data.is_none() && self.sender.press(digit, volume, emit)
    }

    fn release(&mut self) {
        self.sender.release();
    }

    #[inline]
    fn network_digit(&mut self, now: Time, samples: usize) -> Option<NetworkDigit> {
        self.receiver.digit(now, samples)
    }

    fn send_named(
        &mut self,
        payload_type: u8,
        number: u8,
        first: bool,
        emit: impl FnOnce(&mut Outgoing<'_>),
    ) {
        let payload = Event::from_number(number).to_bytes();
        self.sender.signal(payload_type, payload, first, emit);
    }

    #[inline]
    fn named_event(&mut self) -> Option<NamedEvent> {
        let event = self.named[0].take()?;
        self.named.rotate_left(1);
        Some(event)
    }

    /// While data passes, or always on a data port, the jitter buffer grows once to its fixed depth and
    /// stays there, what is lost is concealed without fading, and earlier packets go out again with later ones if so
    /// configured.
    fn pass_data(&mut self, data: Option<u32>) {
        self.data = data;
        let data = self.data_port || data.is_some();
        self.receiver.hold(data);
        self.concealer.for_machine(data);
        self.sender.set_redundancy(data.then_some(self.redundancy));
    }

    fn repeat(&mut self, depth: u8) {
        self.redundancy.depth = depth;
        let data = self.data_port || self.data.is_some();
        self.sender.set_redundancy(data.then_some(self.redundancy));
    }

    fn data(&self) -> Option<u32> {
        self.data
    }

    #[inline]
    fn stats(&self) -> VoiceStats {
        VoiceStats {
            sender: self.sender.stats(),
            receiver: self.receiver.stats(),
        }
    }

    #[inline]
    fn streams(&self) -> Option<OwnFigures> {
        let sent = self.sender.stats();
        Some(OwnFigures {
            packets: sent.packets as u32,
            octets: sent.octets as u32,
            timestamp: self.sender.next_timestamp(),
            source: self.receiver.source(),
        })
    }

    #[inline]
    fn publish(&mut self, port: &PortCounters) {
        let (now, old) = (self.stats(), self.published);
        now.add_to(port, &old);
        let lost = now.receiver.sequence.lost();
        // A packet counted as lost may still come: the counter waits until the loss outgrows it again.
        port.rx_lost.add(lost.saturating_sub(self.lost_published));
        self.lost_published = self.lost_published.max(lost);
        self.published = now;
    }

    fn show(&self, port: &PortCounters) {
        self.published.show(port);
    }
}

/// Unpredictable, as RFC 3550 wants it.
fn seed() -> Result<SenderSeed, MediaOpenError> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(MediaOpenError::Random)?;
    let [s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = random;
    Ok(SenderSeed {
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([r0, r1, r2, r3]),
    })
}

/// Does this RTP carry sound: G.711?
pub(super) fn is_sound(datagram: &[u8]) -> bool {
    datagram
        .get(1)
        .is_some_and(|kind| matches!(kind & 0x7F, 0 | 8))
}

fn law_of(codec: Codec) -> Law {
    match codec {
        Codec::G711Ulaw => Law::Mu,
        Codec::G711Alaw => Law::A,
    }
}

#[cfg(test)]
mod tests;
