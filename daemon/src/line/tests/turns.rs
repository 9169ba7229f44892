//! Many ports at once: calls that begin together send by turns, and packets go before anything is written to a line.

use std::sync::Arc;

use super::*;

/// Ports whose phones talk, each in a call that begins in the same block; what each sends has its own far end.
struct Rack {
    lines: Vec<FakeLine>,
    engine: LineEngine,
    handle: LineHandle,
    far: Vec<UdpSocket>,
    ms: u64,
}

fn rack(ports: u16, ptime_ms: u8) -> Rack {
    let lines: Vec<_> = (0..ports).map(|_| FakeLine::new(ramp(), true)).collect();
    let counter = Arc::clone(&lines[0].inner().rack);
    let specs = lines.iter().map(|line| {
        line.inner().rack = Arc::clone(&counter);
        LinePortSpec {
            port: Box::new(line.clone()),
            chain: Chain::new(&ChainConfig::new(Law::Mu, BLOCK)).unwrap(),
        }
    });
    let (engine, handle) = LineEngine::by_hand(specs.collect(), &LineConfig::default()).unwrap();
    let mut rack = Rack {
        lines,
        engine,
        handle,
        far: Vec::new(),
        ms: 1_000,
    };
    rack.run(3);
    for port in 0..ports {
        let far = UdpSocket::bind((LOCAL, 0)).unwrap();
        far.set_nonblocking(true).unwrap();
        let SocketAddr::V4(address) = far.local_addr().unwrap() else {
            panic!("an IPv4 socket");
        };
        let remote = Remote {
            address,
            codec: Codec::G711Ulaw,
            ptime_ms,
            event_payload_type: None,
            dscp: 46,
        };
        let session = SessionId(u64::from(port));
        let media = open(&SessionConfig {
            ptime_ms,
            ..session_config(session)
        });
        for order in [
            LineOrder::AddSession(media),
            LineOrder::SetRemote { session, remote },
        ] {
            rack.handle.send(PortIndex(port), order).unwrap();
        }
        rack.far.push(far);
    }
    rack
}

impl Rack {
    fn run(&mut self, blocks: usize) {
        for _ in 0..blocks {
            self.lines.iter().for_each(|line| line.step(1));
            self.ms += 10;
            self.engine.tick(Time::from_millis(self.ms));
        }
    }

    /// The payloads that each far end got.
    fn got(&self) -> Vec<Vec<Vec<u8>>> {
        let payloads = |port: Vec<(u32, Vec<u8>)>| port.into_iter().map(|(_, p)| p).collect();
        self.packets().into_iter().map(payloads).collect()
    }

    /// The same with their timestamps.
    fn packets(&self) -> Vec<Vec<(u32, Vec<u8>)>> {
        let take = |far: &UdpSocket| {
            let mut buf = [0; 1000];
            let mut all = Vec::new();
            while let Ok(len) = far.recv(&mut buf) {
                let packet = Packet::parse(&buf[..len]).unwrap();
                all.push((packet.header.timestamp, packet.payload.to_vec()));
            }
            all
        };
        self.far.iter().map(take).collect()
    }
}

/// Ports that send with each of the next blocks.
fn senders(rack: &mut Rack, blocks: usize) -> Vec<usize> {
    let each = (0..blocks).map(|_| {
        rack.run(1);
        rack.got().iter().map(Vec::len).sum()
    });
    each.collect()
}

#[test]
fn calls_that_begin_together_send_by_turns() {
    for (ptime_ms, in_packet) in [(10, 1), (20, 2), (30, 3), (60, 6)] {
        let mut rack = rack(12, ptime_ms);
        let share = 12 / in_packet;
        assert_eq!(senders(&mut rack, 12), [share; 12], "{ptime_ms} ms");
    }
}

#[test]
fn a_call_that_takes_its_turn_loses_nothing_of_the_line() {
    let mut rack = rack(2, 20);
    rack.run(6);
    let mut wanted: Vec<u8> = ramp()
        .iter()
        .copied()
        .cycle()
        .skip(3 * BLOCK)
        .take(6 * BLOCK)
        .collect();
    let got = rack.got();
    let said: Vec<Vec<u8>> = got.iter().map(|packets| packets.concat()).collect();
    // One of the two begins with a block of silence, and so is a block further.
    let (begins_now, begins_with_silence) = match said[0][0] {
        0xFF => (&said[1], &said[0]),
        _ => (&said[0], &said[1]),
    };
    assert_eq!(begins_now, &wanted);
    wanted.splice(0..0, [0xFF; BLOCK]);
    wanted.truncate(begins_with_silence.len());
    assert_eq!(begins_with_silence, &wanted);
    assert_eq!(wanted.len(), 6 * BLOCK);
}

#[test]
fn after_a_hold_a_call_takes_its_turn_again() {
    let mut rack = rack(4, 20);
    rack.run(4);
    for (port, odd) in [(0, false), (1, true), (2, true), (3, false)] {
        rack.handle
            .send(PortIndex(port), LineOrder::Bridge(None))
            .unwrap();
        rack.run(1 + usize::from(odd));
        let session = Some(SessionId(u64::from(port)));
        rack.handle
            .send(PortIndex(port), LineOrder::Bridge(session))
            .unwrap();
    }
    rack.run(1);
    rack.got();
    assert_eq!(senders(&mut rack, 4), [2; 4]);
}

#[test]
fn no_packet_waits_for_what_other_ports_are_to_play() {
    let mut rack = rack(6, 20);
    rack.run(4);
    for _ in 0..2 {
        rack.got();
        rack.run(1);
        let sent: Vec<bool> = rack
            .got()
            .iter()
            .map(|packets| !packets.is_empty())
            .collect();
        let (mut last_read, mut first_write) = (0, u64::MAX);
        for (line, sent) in rack.lines.iter().zip(&sent) {
            let line = line.inner();
            if *sent {
                last_read = last_read.max(line.last_read);
            }
            first_write = first_write.min(line.last_write);
        }
        assert_eq!(sent.iter().filter(|sent| **sent).count(), 3);
        assert!(last_read < first_write, "{last_read} {first_write}");
    }
}

#[test]
fn a_card_that_answers_no_block_is_asked_once_a_wake() {
    // A DAHDI channel that is gone sleeps in the kernel at each read.
    let mut rack = rack(2, 20);
    rack.run(4);
    let asked = |rack: &Rack| rack.lines[0].inner().asked;
    rack.lines[0].inner().down = Some(LineFault::Alarm);
    for _ in 0..4 {
        let before = asked(&rack);
        rack.run(1);
        assert_eq!(asked(&rack), before + 1);
    }
    rack.lines[0].inner().down = None;
    rack.lines[0].inner().events_block_audio = true;
    for _ in 0..4 {
        rack.lines[0].event(Duration::from_millis(rack.ms), LineEventKind::RingOff);
        let before = asked(&rack);
        rack.run(1);
        // The block, and that there is no more.
        assert_eq!(asked(&rack), before + 2);
    }
}

#[test]
fn no_hold_moves_the_time_of_what_follows() {
    for ptime_ms in [20, 60] {
        let mut rack = rack(1, ptime_ms);
        let packet = usize::from(ptime_ms) * 8;
        rack.run(12);
        rack.packets();
        // Timestamp at which what was said at 0 would stand, by the newest packet: it was full with the newest block.
        let origin = |rack: &mut Rack| loop {
            rack.run(1);
            if let Some((timestamp, payload)) = rack.packets()[0].last() {
                assert_eq!(payload.len(), packet);
                return timestamp
                    .wrapping_add(packet as u32)
                    .wrapping_sub(rack.ms as u32 * 8);
            }
        };
        let before = origin(&mut rack);
        for hold in 1..12 {
            rack.handle
                .send(PortIndex(0), LineOrder::Bridge(None))
                .unwrap();
            rack.run(hold);
            let session = Some(SessionId(0));
            rack.handle
                .send(PortIndex(0), LineOrder::Bridge(session))
                .unwrap();
            assert_eq!(origin(&mut rack), before, "after a hold of {hold} blocks");
        }
    }
}
