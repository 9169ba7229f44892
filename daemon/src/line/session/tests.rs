//! The contract of a body, by one that has nothing to do with RTP: sequence number, then the upper bytes of the samples.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use tipring_proto::rtp::{StreamMark, TRAILER};

use super::*;

const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;
const BLOCK: usize = 8;

/// Each second block fills a datagram, and each that comes is one block.
#[derive(Debug, Default)]
struct Pulses {
    sequence: u16,
    packet: Vec<u8>,
    begins: Vec<bool>,
    came: Vec<(u16, i16)>,
    malformed: u64,
    pauses: usize,
}

impl Body for Pulses {
    type Stats = u64;

    const SHAPE: DatagramShape = DatagramShape {
        shortest: 3,
        // No byte that all have.
        first_byte: (0, 0),
    };

    fn send_as(&mut self, _remote: &Remote, begins: bool) {
        self.begins.push(begins);
    }

    fn is_due(&self, _samples: usize) -> bool {
        !self.packet.is_empty()
    }

    fn up(&mut self, block: Block<'_>, mut emit: impl FnMut(&mut Outgoing<'_>)) {
        for (byte, sample) in block.bytes.iter_mut().zip(block.samples) {
            *byte = sample.to_be_bytes()[0];
        }
        if self.packet.is_empty() {
            self.packet.extend(self.sequence.to_be_bytes());
            self.packet.extend_from_slice(block.bytes);
            return;
        }
        self.packet.extend_from_slice(block.bytes);
        let len = self.packet.len();
        self.packet.resize(len + TRAILER, 0);
        emit(&mut Outgoing::new(&mut self.packet, len));
        self.packet.clear();
        self.sequence += 1;
    }

    fn pause(&mut self, _samples: usize) {
        self.packet.clear();
        self.pauses += 1;
    }

    fn down(&mut self, _now: Time, _bytes: &mut [u8], out: &mut [i16]) -> Option<Time> {
        out.fill(self.came.last().map_or(0, |(_, sample)| *sample));
        None
    }

    fn mark(&self, datagram: &[u8]) -> Option<StreamMark> {
        let sequence = datagram.first_chunk().filter(|_| datagram.len() > 2)?;
        Some(StreamMark {
            stream: 0,
            sequence: u16::from_be_bytes(*sequence),
        })
    }

    fn receive(&mut self, _arrived: Time, datagram: &[u8]) -> Taken {
        let (Some(mark), Some(level)) = (self.mark(datagram), datagram.get(2)) else {
            self.malformed += 1;
            return Taken::Malformed;
        };
        let sample = i16::from_be_bytes([*level, 0]);
        self.came.push((mark.sequence, sample));
        Taken::Valid
    }

    fn stats(&self) -> u64 {
        self.came.len() as u64
    }

    fn publish(&mut self, port: &PortCounters) {
        let new = self.stats() - port.rx_packets.get();
        port.rx_packets.add(new);
    }

    fn show(&self, _port: &PortCounters) {}
}

/// A session of that body, its far end, and time.
struct Bench {
    session: Box<MediaSession<Pulses>>,
    far: UdpSocket,
    batches: Batches,
    now: Time,
}

fn bench(policy: RtpSource) -> Bench {
    let first = 24_000 + (std::process::id() % 32) as u16 * 60;
    let mut ports = RtpPorts::new(first, 65_534).unwrap();
    let socket = MediaSocket::open(LOCAL, &mut ports, DSCP_EF, Pulses::SHAPE).unwrap();
    let sources = Sources::new(policy);
    Bench {
        session: MediaSession::of(SessionId(1), socket, sources, Pulses::default()),
        far: other(),
        batches: Batches::new(),
        now: Time::from_millis(1000),
    }
}

fn other() -> UdpSocket {
    let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

impl Bench {
    fn begin(&mut self) {
        let SocketAddr::V4(address) = self.far.local_addr().unwrap() else {
            panic!("an IPv4 socket");
        };
        let remote = Remote {
            address,
            codec: Codec::G711Ulaw,
            ptime_ms: 20,
            event_payload_type: Some(101),
            dscp: DSCP_EF,
        };
        self.session.set_remote(self.now, remote);
    }

    fn comes(&self, from: &UdpSocket, datagram: &[u8]) {
        from.send_to(datagram, self.session.local()).unwrap();
    }

    /// A block up and a block down: did a datagram leave, and what is played?
    fn block(&mut self, level: i16) -> (bool, i16) {
        self.now = self.now + Duration::from_millis(10);
        let (mut bytes, mut out) = ([0; BLOCK], [0; BLOCK]);
        let went = self.session.send(0, &[level << 8; BLOCK], &mut bytes);
        let (mut datagrams, mut packets, mut shared) = (64, 4, 2048);
        let mut allowance = Allowance {
            datagrams: &mut datagrams,
            packets: &mut packets,
            shared: &mut shared,
        };
        let arrivals = Arrivals {
            now: self.now,
            wall: None,
        };
        let drained = self
            .session
            .drain(arrivals, &mut self.batches, &mut allowance);
        assert_eq!(drained, Drained::Empty);
        self.session.play(self.now, &mut bytes, &mut out);
        self.session.look_at_kernel(self.now);
        (went, out[0])
    }

    fn sent(&self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 100];
        let next = || {
            let len = self.far.recv(&mut buffer).ok()?;
            Some(buffer[..len].to_vec())
        };
        std::iter::from_fn(next).collect()
    }
}

#[test]
fn blocks_leave_as_the_datagrams_of_the_body_while_the_far_end_is_sent_to() {
    let mut b = bench(RtpSource::Strict);
    assert_eq!(b.block(1), (false, 0));
    b.begin();
    assert!(!b.session.is_due(BLOCK));
    assert!(!b.block(2).0);
    assert!(b.session.is_due(BLOCK));
    assert!(b.block(3).0);
    b.session.stop_sending();
    assert!(!b.block(4).0 && !b.block(5).0);
    b.begin();
    b.begin();
    b.block(6);
    b.block(7);
    let first = [vec![0, 0], vec![2; BLOCK], vec![3; BLOCK]].concat();
    let second = [vec![0, 1], vec![6; BLOCK], vec![7; BLOCK]].concat();
    assert_eq!(b.sent(), [first, second]);
    let body = &b.session.body;
    assert_eq!(
        (&body.begins[..], body.pauses),
        (&[true, true, false][..], 3)
    );
    assert!(!b.session.sends_events(), "this body has no keys");
    assert!(!b.session.press(Digit::from_char('1').unwrap(), 10));
}

#[test]
fn only_the_datagrams_of_the_far_end_reach_the_body_and_no_more_than_allowed() {
    let mut b = bench(RtpSource::Strict);
    let unexpected = other();
    b.begin();
    b.comes(&unexpected, &[0, 1, 0x55]);
    b.comes(&b.far, &[0, 9, 0x11]);
    b.comes(&b.far, &[0]);
    assert_eq!(b.block(0).1, 0x1100);
    for n in 10..17 {
        b.comes(&b.far, &[0, n, 0x12]);
    }
    assert_eq!(b.block(0).1, 0x1200);
    let came: Vec<u16> = b.session.body.came.iter().map(|(n, _)| *n).collect();
    assert_eq!(came, [9, 10, 11, 12, 13]);
    let stats = b.session.stats();
    assert_eq!((stats.body, b.session.body.malformed), (5, 1));
    assert_eq!((stats.unexpected, stats.socket.flood_dropped), (1, 3));
    let port = PortCounters::default();
    b.session.publish(&port);
    b.session.publish(&port);
    let counted = [&port.rx_packets, &port.strangers, &port.flood_dropped];
    assert_eq!(counted.map(|c| c.get()), [5, 1, 3]);
    assert_eq!(b.session.view().last_packet(), Some(b.now));
}

#[test]
fn an_unexpected_source_is_heard_by_its_sequence_numbers_whatever_the_datagrams_are() {
    let mut b = bench(RtpSource::Latch);
    let far = other();
    for n in 1..=4 {
        b.comes(&far, &[0, n, n]);
        b.block(0);
    }
    let came: Vec<u16> = b.session.body.came.iter().map(|(n, _)| *n).collect();
    assert_eq!(came, [3, 4], "three in a row, and then it is heard");
}

#[test]
fn in_a_flood_the_kernel_lets_datagrams_of_the_shape_of_the_body_in() {
    let mut b = bench(RtpSource::Strict);
    let unexpected = other();
    b.begin();
    b.comes(&b.far, &[0, 1, 1]);
    for _ in 0..60 {
        b.comes(&unexpected, &[0, 1, 1]);
    }
    b.block(0);
    for n in 2..6 {
        for _ in 0..60 {
            b.comes(&unexpected, &[0, n, 1]);
        }
        b.comes(&b.far, &[0, n]);
        // No byte of it is that of RTP.
        b.comes(&b.far, &[0, n, 2]);
        assert_eq!(b.block(0).1, 0x0200);
    }
    let stats = b.session.stats();
    let kernel = (stats.socket.floods, stats.socket.filter_errors);
    assert_eq!((stats.unexpected, kernel), (60, (1, 0)));
    assert_eq!((stats.body, b.session.body.malformed), (5, 0));
}
