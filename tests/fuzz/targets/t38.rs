//! Datagrams of T.38 from a hostile or broken far end, at any time; packets of ours on their way to ourselves.
//!
//! Nothing allocates after the start, no figure goes back, a receiver never waits longer than it may, what goes on is
//! bounded, and what we send is read as it was meant.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_linux::alloc_count::{CountingAllocator, allocations_in_this_thread};
use tipring_proto::t38::datagram;
use tipring_proto::t38::ifp::{Decoder, MAX_IFP, Version, encode};
use tipring_proto::t38::udptl::{
    Counters, Item, Receiver, ReceiverConfig, Redundancy, Sender, SenderConfig,
};
use tipring_proto::time::Time;
use tipring_proto::types::t38::{Carrier, Fast, FieldKind, Ifp, Indicator, V17Rate};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let version = program.choice(&[Version::V0, Version::Later]);
    let mut far = Far::new(&mut program, version);
    let mut own = Own::new(&mut program, version);
    let before = allocations_in_this_thread();
    while let Some(step) = program.next_step() {
        match step % 8 {
            0 => far.take(program.bytes()),
            1..5 => far.packet(&mut program),
            5 => {
                let ms = u64::from(program.byte()) * 2;
                far.now = far.now + Duration::from_millis(ms);
                far.drain();
            }
            _ => own.send(&mut program),
        }
    }
    assert_eq!(
        allocations_in_this_thread(),
        before,
        "allocated on the line thread"
    );
});

/// A receiver with a far end that sends what it likes.
struct Far {
    receiver: Receiver,
    max_wait: Duration,
    now: Time,
    sequence: u16,
    counters: Counters,
}

impl Far {
    fn new(program: &mut Program<'_>, version: Version) -> Far {
        let max_wait = Duration::from_millis(u64::from(program.byte()) * 2);
        Far {
            receiver: Receiver::new(ReceiverConfig { version, max_wait }),
            max_wait,
            now: Time::from_millis(1),
            sequence: program.word(),
            counters: Counters::default(),
        }
    }

    /// A datagram that is one, with packets that mostly are some.
    fn packet(&mut self, program: &mut Program<'_>) {
        let shape = program.byte();
        self.sequence = match shape % 8 {
            0..4 => self.sequence.wrapping_add(1),
            4 => self.sequence.wrapping_add(2),
            5 => self.sequence.wrapping_sub(u16::from(program.byte())),
            6 => self.sequence,
            _ => program.word(),
        };
        let mut out = Buffer::default();
        out.put(&self.sequence.to_be_bytes());
        out.open(packet(program));
        let count = program.byte() % 6;
        if shape & 0x80 == 0 {
            out.put(&[0, count]);
        } else {
            out.put(&[0x80, 1, program.byte() % 16, count]);
        }
        for _ in 0..count {
            out.open(packet(program));
        }
        let Buffer { bytes, length } = out;
        self.take(&bytes[..length]);
    }

    fn take(&mut self, octets: &[u8]) {
        let _ = datagram::kind(octets, self.receiver.newest());
        let _ = self.receiver.receive(self.now, octets);
        self.drain();
    }

    fn drain(&mut self) {
        let mut items = 0;
        while let Some(item) = self.receiver.next(self.now) {
            items += 1;
            assert!(items <= 256, "a datagram brings no end of packets");
            if let Item::Missing(missing) = item {
                assert!((1..=1_100).contains(&missing), "{missing}");
            }
        }
        if let Some(deadline) = self.receiver.deadline() {
            assert!(deadline > self.now && deadline <= self.now + self.max_wait);
        }
        assert!(self.receiver.wait() <= self.max_wait);
        let (was, is) = (self.counters, self.receiver.counters());
        assert!(is.received >= was.received && is.lost >= was.lost && is.late >= was.late);
        assert!(is.repeated >= was.repeated && is.malformed >= was.malformed);
        self.counters = is;
    }
}

/// Octets of a packet: one that is valid, with some of its octets spoilt, or any.
fn packet<'a>(program: &mut Program<'a>) -> &'a [u8] {
    const PACKETS: [&[u8]; 8] = [
        &[0],
        &[6],
        &[0x1C],
        &[0xC0, 1, 0x80, 0, 0, 0xFF],
        &[0xC0, 2, 0x21],
        &[0xC0, 1, 0x40],
        &[0xD0, 1, 0xE0, 0, 3, 1, 2, 3, 4],
        &[0xC0, 2, 0x10, 0x40],
    ];
    match program.byte() {
        n @ 0..200 => PACKETS[usize::from(n) % PACKETS.len()],
        _ => program.bytes(),
    }
}

#[derive(Default)]
struct Buffer {
    bytes: Bytes,
    length: usize,
}

struct Bytes([u8; 2048]);

impl Default for Bytes {
    fn default() -> Self {
        Bytes([0; 2048])
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8; 2048];
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Buffer {
    fn put(&mut self, octets: &[u8]) {
        self.bytes.0[self.length..self.length + octets.len()].copy_from_slice(octets);
        self.length += octets.len();
    }

    fn open(&mut self, octets: &[u8]) {
        let length = octets.len() as u16;
        if length < 0x80 {
            self.put(&[length as u8]);
        } else {
            self.put(&(0x8000 | length).to_be_bytes());
        }
        self.put(octets);
    }
}

/// Our sender with our receiver at the other end.
struct Own {
    version: Version,
    sender: Sender,
    receiver: Receiver,
    now: Time,
    /// Datagrams lost in a row, no more than there are copies.
    lost: u8,
    copies: u8,
}

impl Own {
    fn new(program: &mut Program<'_>, version: Version) -> Own {
        let copies = program.byte() % 4;
        let redundancy = Redundancy {
            low: copies,
            high: copies,
        };
        Own {
            version,
            sender: Sender::new(SenderConfig {
                version,
                redundancy,
                max_datagram: 1400,
            }),
            receiver: Receiver::new(ReceiverConfig {
                version,
                max_wait: Duration::from_millis(200),
            }),
            now: Time::from_millis(1),
            lost: 0,
            copies,
        }
    }

    fn send(&mut self, program: &mut Program<'_>) {
        let ifp = any(program, self.version);
        let mut octets = [0; MAX_IFP];
        let length = encode(&ifp, self.version, &mut octets).expect("it can be said");
        let mut decoder = Decoder::new(self.version);
        let read = decoder.decode(&octets[..length]).expect("it can be read");
        assert_eq!(read.as_indicator(), ifp.as_indicator());
        assert!(read.fields().eq(ifp.fields()));

        // Lost, unless too many were already: its first datagram and its repeats.
        let lose = self.lost < self.copies && program.byte() % 3 == 0;
        self.lost = if lose { self.lost + 1 } else { 0 };
        let (receiver, now) = (&mut self.receiver, self.now);
        let mut emit = |datagram: &[u8]| {
            assert!(datagram.len() <= 1400);
            if !lose {
                receiver.receive(now, datagram).expect("we would take it");
            }
        };
        let sent = self.sender.send(&ifp, &mut emit);
        sent.expect("it fits");
        while self.sender.repeat(&mut emit) {}
        while let Some(item) = self.receiver.next(self.now) {
            assert!(!matches!(item, Item::Missing(_)), "copies were enough");
        }
        self.now = self.now + Duration::from_millis(30);
    }
}

fn any(program: &mut Program<'_>, version: Version) -> Ifp {
    let fast = [
        Fast::V27ter2400,
        Fast::V29At9600,
        Fast::V17Short(V17Rate::R14400),
        Fast::V17Long(V17Rate::R7200),
    ];
    let kind = program.byte();
    if kind < 60 {
        let training = Indicator::Training(program.choice(&fast));
        let all = [Indicator::NoSignal, Indicator::Ced, Indicator::V21Preamble];
        return Ifp::indicator(match kind % 4 {
            n @ 0..3 => all[usize::from(n)],
            _ => training,
        });
    }
    let carrier = if kind & 1 == 0 {
        Carrier::V21
    } else {
        Carrier::Fast(program.choice(&fast))
    };
    let mut ifp = Ifp::data(carrier);
    for _ in 0..program.byte() % 4 {
        let kinds = [
            FieldKind::HdlcData,
            FieldKind::HdlcFcsOk,
            FieldKind::HdlcSigEnd,
            FieldKind::HdlcFcsBadSigEnd,
            FieldKind::T4Data,
            FieldKind::T4SigEnd,
            FieldKind::Other(program.byte() % 4),
        ];
        let known = if version == Version::V0 { 6 } else { 7 };
        let kind = kinds[usize::from(program.byte()) % known];
        // What finds no place stays out.
        let octets = program.bytes();
        // In later versions three fields of which the first have no octets have two readings.
        if octets.is_empty() && version == Version::Later {
            break;
        }
        let _ = ifp.push(kind, octets);
    }
    ifp
}
