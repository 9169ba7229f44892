//! Datagrams from unexpected sources in any order and at any time, blocks played in between, digits and blocks sent.
//!
//! A block is always played whole, no figure goes back, nothing allocates, and what we send we would accept.
#![no_main]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_linux::alloc_count::{CountingAllocator, allocations_in_this_thread};
use tipring_proto::rtp::{
    Concealer, HEADER_LEN, Header, JitterConfig, MAX_PAYLOAD, NetworkDigit, Outgoing, Packet,
    Playout, Receiver, ReceiverConfig, ReceiverStats, Redundancy, Redundant, RtpSource, Sender,
    SenderConfig, SenderSeed, SourceLatch,
};
use tipring_proto::time::Time;
use tipring_proto::types::Digit;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let mut listener = Listener::new(&mut program);
    let mut speaker = Speaker::new(&mut program);
    let mut source_check = SourceCheck::new(&mut program);
    let before = allocations_in_this_thread();
    while let Some(step) = program.next_step() {
        match step % 16 {
            0 => listener.datagram(program.bytes()),
            1..6 => listener.packet(&mut program),
            6..9 => listener.play(),
            9 => listener.pause(&mut program),
            10 => listener.command(&mut program),
            11 => source_check.arrive(&mut program),
            12 | 13 => speaker.push(program.byte()),
            14 => speaker.digit(&mut program),
            _ => speaker.change(&mut program),
        }
    }
    assert_eq!(
        allocations_in_this_thread(),
        before,
        "allocated on the line thread"
    );
});

/// Payload type of packets with earlier ones in them.
const RED: u8 = 90;

/// A receiver with the concealment behind it, as the line thread has it.
struct Listener {
    receiver: Receiver,
    concealer: Concealer,
    /// Gets the same input and plays into another buffer: what differs was not written.
    twin: (Receiver, Concealer),
    block: usize,
    delay_ms: (u32, u32),
    now: Time,
    sequence: u16,
    timestamp: u32,
    pressed: Option<Digit>,
    stats: ReceiverStats,
}

impl Listener {
    fn new(program: &mut Program<'_>) -> Listener {
        let block = program.choice(&[80u16, 40, 160, 240, 8, 480]);
        let (a, b) = (u16::from(program.byte()) * 2, u16::from(program.byte()) * 4);
        let (min_ms, max_ms) = (a.min(b), a.max(b));
        let receiver = Receiver::new(ReceiverConfig {
            jitter: JitterConfig {
                block,
                min_ms,
                max_ms,
                held_ms: max_ms,
            },
            event_payload_type: Some(101),
            redundancy_payload_type: Some(RED),
        });
        Listener {
            stats: receiver.stats(),
            twin: (receiver.clone(), Concealer::new()),
            receiver,
            concealer: Concealer::new(),
            block: usize::from(block),
            delay_ms: (u32::from(min_ms).min(1000), u32::from(max_ms).min(1000)),
            now: Time::from_millis(1),
            sequence: program.word(),
            timestamp: u32::from(program.word()) << 16,
            pressed: None,
        }
    }

    fn datagram(&mut self, bytes: &[u8]) {
        let received = self.receiver.receive(self.now, bytes);
        assert_eq!(received, self.twin.0.receive(self.now, bytes));
        self.figures();
    }

    /// A packet with fields of the fuzzer's choice, mostly the next one of a stream: gets past the parser.
    fn packet(&mut self, program: &mut Program<'_>) {
        let shape = program.byte();
        let kind = program.choice(&[0u8, 8, 101, 101 | 0x80, 13, 0x80, RED, RED]);
        let length = match shape >> 6 {
            0 => 160,
            1 => usize::from(program.byte()),
            2 => self.block,
            _ => usize::from(program.word()) % 520,
        };
        // As signed: also packets of the past.
        let skipped = if shape & 1 == 0 {
            1
        } else {
            i16::from(program.byte().cast_signed())
        };
        self.sequence = self.sequence.wrapping_add_signed(skipped);
        if shape & 2 != 0 {
            let jump = i32::from(program.word().cast_signed()) << (shape >> 2 & 0xF);
            self.timestamp = self.timestamp.wrapping_add_signed(jump);
        }
        let mut packet = [0x55; HEADER_LEN + 520];
        packet[0] = 0x80;
        packet[1] = kind;
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&[0, 0, 0, shape >> 2 & 1]);
        if kind & 0x7F == 101 {
            let payload = [
                program.byte() % 17,
                program.byte(),
                program.byte(),
                program.byte(),
            ];
            packet[HEADER_LEN..HEADER_LEN + 4].copy_from_slice(&payload);
        } else {
            self.timestamp = self.timestamp.wrapping_add(length as u32);
        }
        if kind == RED {
            redundant(&mut packet[HEADER_LEN..], program);
        }
        self.datagram(&packet[..HEADER_LEN + length]);
    }

    fn play(&mut self) {
        let rooms = &mut ([0x00; 480], [0x1234; 480], [0xFF; 480], [-0x1234; 480]);
        let (law, pcm) = (&mut rooms.0[..self.block], &mut rooms.1[..self.block]);
        let (twin_law, twin_pcm) = (&mut rooms.2[..self.block], &mut rooms.3[..self.block]);
        let played = self.receiver.play(self.now, law);
        assert_eq!(played, self.twin.0.play(self.now, twin_law));
        fill(&mut self.concealer, played, law, pcm);
        fill(&mut self.twin.1, played, twin_law, twin_pcm);
        assert_eq!(pcm, twin_pcm, "a block with a hole");
        let digit = self.receiver.digit(self.now, self.block);
        assert_eq!(digit, self.twin.0.digit(self.now, self.block));
        if let Some(digit) = digit {
            self.note(digit);
        }
        self.now = self.now + Duration::from_micros(self.block as u64 * 125);
        self.figures();
    }

    fn pause(&mut self, program: &mut Program<'_>) {
        let micros = u64::from(program.byte()) << (program.byte() % 24);
        self.now = self.now + Duration::from_micros(micros);
    }

    fn command(&mut self, program: &mut Program<'_>) {
        let kind = program.byte();
        if kind >= 250 {
            for receiver in [&mut self.receiver, &mut self.twin.0] {
                receiver.hold(kind % 2 == 0);
            }
            return;
        }
        let kind = (kind < 128).then_some(kind);
        self.receiver.expect_events(kind);
        self.twin.0.expect_events(kind);
    }

    /// Presses and releases come by turns.
    fn note(&mut self, digit: NetworkDigit) {
        self.pressed = match (digit, self.pressed) {
            (NetworkDigit::On { digit, .. }, None) => Some(digit),
            (NetworkDigit::Off { digit, .. }, Some(pressed)) if digit == pressed => None,
            other => panic!("{other:?}"),
        };
    }

    fn figures(&mut self) {
        let (was, is) = (self.stats, self.receiver.stats());
        let counters = |s: ReceiverStats| {
            [
                s.octets,
                s.malformed,
                s.other_payload,
                s.event_packets,
                s.redundant_packets,
                s.jitter.recovered,
                s.sequence.received,
                s.sequence.expected,
                s.sequence.duplicates,
                s.sequence.reordered,
                s.sequence.restarts,
                s.jitter.late,
                s.jitter.early,
                s.jitter.refused,
                s.jitter.resyncs,
                s.jitter.underruns,
                s.jitter.concealed,
                s.jitter.stretched,
                s.jitter.shrunk,
            ]
        };
        let mut pairs = counters(was).into_iter().zip(counters(is));
        assert!(
            pairs.all(|(was, is)| was <= is),
            "a counter went back: {was:?} {is:?}"
        );
        assert!(is.sequence.lost() <= is.sequence.expected);
        let (low, high) = self.delay_ms;
        assert!(
            (low..=high).contains(&is.jitter.target_ms),
            "{is:?}, {low} to {high} ms"
        );
        // Room is the power of two above the largest delay and half a second.
        assert!(is.jitter.depth_ms <= 2 * (high + 500), "{is:?}");
        assert!(is.sequence.jitter_us <= 1_000_000, "{is:?}");
        self.stats = is;
    }
}

/// Headers of earlier packets, of the fuzzer's choice, and of the newest one, G.711.
fn redundant(payload: &mut [u8], program: &mut Program<'_>) {
    let mut rest = payload;
    for _ in 0..program.byte() % 4 {
        let (kind, back, length) = (program.byte() % 9, program.word(), program.word() % 200);
        let back = u32::from(back % 1024) << 4;
        let word = 1 << 31 | u32::from(kind) << 24 | back << 10 | u32::from(length);
        let (header, after) = rest.split_at_mut(4);
        header.copy_from_slice(&word.to_be_bytes());
        rest = after;
    }
    rest[0] = 8;
}

/// What the line thread makes of a block.
fn fill(concealer: &mut Concealer, played: Playout, law: &[u8], pcm: &mut [i16]) {
    match played {
        Playout::Samples(_) => {
            for (sample, byte) in pcm.iter_mut().zip(law) {
                *sample = (i16::from(*byte) - 128) * 256;
            }
            concealer.good(pcm);
        }
        // The noise is not under test here.
        Playout::Comfort { .. } => concealer.silence(pcm),
        Playout::Conceal => concealer.conceal(pcm),
        Playout::Silence => concealer.silence(pcm),
    }
}

/// A sender; whatever it sends is the next packet of one stream.
struct Speaker {
    sender: Sender,
    next: u16,
    sent: u64,
    octets: u64,
}

impl Speaker {
    fn new(program: &mut Program<'_>) -> Speaker {
        let sequence = program.word();
        let seed = SenderSeed {
            sequence,
            timestamp: u32::MAX - u32::from(program.word()),
            ssrc: 7,
        };
        Speaker {
            sender: Sender::new(seed, speaker_config(program)),
            next: sequence,
            sent: 0,
            octets: 0,
        }
    }

    fn push(&mut self, blocks: u8) {
        let room = [0xFF; 240];
        let mut samples = usize::from(blocks);
        if blocks > 240 {
            // A long event needs a long time: eight seconds and more make a second segment.
            for _ in 0..40 {
                self.send(|sender, emit| sender.push(&room, emit));
            }
            samples = 240;
        }
        self.send(|sender, emit| sender.push(&room[..samples], emit));
    }

    fn digit(&mut self, program: &mut Program<'_>) {
        match Digit::from_event_code(program.byte() % 20) {
            Some(digit) => {
                let volume = program.byte();
                self.send(|sender, emit| {
                    let accepted = sender.press(digit, volume, emit);
                    assert_eq!(accepted, sender.config().event_payload_type.is_some());
                });
            }
            None => self.sender.release(),
        }
    }

    fn change(&mut self, program: &mut Program<'_>) {
        match program.byte() % 4 {
            0 if program.byte() % 2 == 0 => self.sender.set_redundancy(Some(Redundancy {
                payload_type: RED,
                depth: program.byte(),
            })),
            0 => self.sender.configure(speaker_config(program)),
            1 => self.sender.pause(u32::from(program.word()) << 16),
            _ => self.sender.pause(u32::from(program.byte())),
        }
    }

    fn send(&mut self, act: impl FnOnce(&mut Sender, &mut dyn FnMut(&mut Outgoing<'_>))) {
        let (next, sent, octets) = (&mut self.next, &mut self.sent, &mut self.octets);
        act(&mut self.sender, &mut |bytes| {
            let packet = Packet::parse(bytes).expect("our own packet");
            assert_eq!(packet.header.sequence, *next, "a packet left out");
            assert_eq!(packet.header.ssrc, 7);
            let newest = if packet.header.payload_type == RED {
                let parsed = Redundant::parse(packet.payload).expect("our own redundancy");
                assert!(
                    parsed
                        .earlier()
                        .all(|b| (1..=MAX_PAYLOAD).contains(&b.payload.len()))
                );
                parsed.newest.payload
            } else {
                packet.payload
            };
            assert!((1..=MAX_PAYLOAD).contains(&newest.len()));
            *next = next.wrapping_add(1);
            *sent += 1;
            *octets += packet.payload.len() as u64;
        });
        let stats = self.sender.stats();
        assert_eq!((stats.packets, stats.octets), (self.sent, self.octets));
        assert!(stats.event_packets <= stats.packets);
    }
}

fn speaker_config(program: &mut Program<'_>) -> SenderConfig {
    SenderConfig {
        payload_type: program.choice(&[0, 8]),
        ptime_ms: program.choice(&[20, 10, 30, 60, 0, 255]),
        event_payload_type: program.choice(&[Some(101), None]),
    }
}

/// The source check, against what it promises.
struct SourceCheck {
    latch: SourceLatch,
    policy: RtpSource,
    named: Option<SocketAddrV4>,
    now: Time,
    heard: Time,
}

impl SourceCheck {
    fn new(program: &mut Program<'_>) -> SourceCheck {
        let policy = program.choice(&[RtpSource::Strict, RtpSource::Host, RtpSource::Latch]);
        SourceCheck {
            latch: SourceLatch::new(policy),
            policy,
            named: None,
            now: Time::from_millis(1000),
            heard: Time::ZERO,
        }
    }

    fn arrive(&mut self, program: &mut Program<'_>) {
        let who = SocketAddrV4::new(
            Ipv4Addr::new(10, 0, 0, program.byte() % 2),
            u16::from(program.byte() % 4),
        );
        self.now = self.now + Duration::from_millis(u64::from(program.byte()));
        match program.byte() % 8 {
            0 => {
                self.named = Some(who);
                self.latch.name(who);
            }
            1 => {
                self.latch.release();
            }
            kind => self.datagram(program, who, kind > 2),
        }
    }

    fn datagram(&mut self, program: &mut Program<'_>, who: SocketAddrV4, playable: bool) {
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: u16::from(program.byte() % 8),
            timestamp: 0,
            ssrc: u32::from(program.byte() % 2),
        };
        let (before, unexpected) = (self.latch.current(), self.latch.strangers());
        let admitted = self
            .latch
            .admits(self.now, who, || playable.then_some(header.into()));
        let named = self.named == Some(who);
        let of_named_host = |a: SocketAddrV4| self.named.is_some_and(|n| n.ip() == a.ip());
        assert!(admitted || !named, "the named one is always let through");
        assert!(self.latch.strangers() >= unexpected);
        match self.policy {
            RtpSource::Strict => assert!(!admitted || named),
            RtpSource::Host => assert!(!admitted || of_named_host(who)),
            RtpSource::Latch => {}
        }
        let after = self.latch.current();
        if after != before {
            assert_eq!(after, Some(who));
            let alive = self.now.saturating_since(self.heard) < Duration::from_millis(500);
            let nearer = of_named_host(who) && !before.is_some_and(of_named_host);
            assert!(before.is_none() || !alive || named || nearer, "stolen");
        }
        if admitted && playable {
            self.heard = self.now;
            self.latch.heard(self.now);
        }
    }
}
