//! Two ports with a fax machine each, joined by a network that loses datagrams: voice, T.38, voice in one call.

use std::path::Path;

use tipring_dsp::relay::{RelayConfig, Seen};
use tipring_proto::t38::ifp::Version;
use tipring_proto::t38::udptl::{ReceiverConfig, Redundancy, SenderConfig as UdptlConfig};
use tipring_spandsp::{FaxSettings, FaxTerminal};

use super::*;

const EVENTS: u8 = 100;

/// A page of stripes as an uncompressed TIFF, 204 lines an inch.
pub(super) fn write_page(file: &Path, rows: u32) {
    const WIDTH: u32 = 1728;
    let mut out = Vec::from(*b"II*\0\0\0\0\0");
    let pixels = out.len() as u32;
    for row in 0..rows {
        let stripe = (row / 7) as u8;
        out.extend((0..WIDTH / 8).map(|n| {
            if (n as u8 / 9 + stripe).is_multiple_of(3) {
                0xF0
            } else {
                0
            }
        }));
    }
    let ratios = out.len() as u32;
    for n in [204u32, 1, 98, 1] {
        out.extend(n.to_le_bytes());
    }
    let directory = out.len() as u32;
    out[4..8].copy_from_slice(&directory.to_le_bytes());
    let entries: [(u16, u16, u32); 11] = [
        (256, 4, WIDTH),
        (257, 4, rows),
        (258, 3, 1),
        (259, 3, 1),
        (262, 3, 0),
        (273, 4, pixels),
        (278, 4, rows),
        (279, 4, rows * WIDTH / 8),
        (282, 5, ratios),
        (283, 5, ratios + 8),
        (296, 3, 2),
    ];
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(0u32.to_le_bytes());
    std::fs::write(file, out).unwrap();
}

/// xorshift: the same bad network every time.
struct Dice(u64);

impl Dice {
    fn percent(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 * 100.0 / (1u64 << 53) as f64
    }
}

/// Both ports of a gateway, and the network between them.
pub(super) struct Pair {
    lines: [FakeLine; 2],
    engine: LineEngine,
    handle: LineHandle,
    /// Where each port sends to; what comes here goes on from the other one.
    network: [UdpSocket; 2],
    locals: [SocketAddrV4; 2],
    pub(super) fax: [Option<FaxTerminal>; 2],
    loss: f64,
    dice: Dice,
    pub(super) ms: u64,
    /// Datagrams carried, and those of them that RTP cannot be.
    carried: [u64; 2],
    lost: u64,
    events: Vec<(usize, u8, u32)>,
    t38: [u32; 2],
    voice: u32,
    returned: Vec<usize>,
}

pub(super) const IDS: [SessionId; 2] = [A, B];

impl Pair {
    pub(super) fn new(loss: f64) -> Pair {
        let lines = [0, 1].map(|_| FakeLine::new(vec![], true));
        let specs = lines.each_ref().map(|line| LinePortSpec {
            port: Box::new(line.clone()),
            chain: Chain::new(&ChainConfig::new(Law::Mu, BLOCK)).unwrap(),
        });
        let (engine, handle) = LineEngine::by_hand(specs.into(), &LineConfig::default()).unwrap();
        let network = [0, 1].map(|_| {
            let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        });
        let mut pair = Pair {
            lines,
            engine,
            handle,
            network,
            locals: [SocketAddrV4::new(LOCAL, 0); 2],
            fax: [None, None],
            loss,
            dice: Dice(0x9E37_79B9_7F4A_7C15),
            ms: 1_000,
            carried: [0; 2],
            lost: 0,
            events: vec![],
            t38: [0; 2],
            voice: 0,
            returned: vec![],
        };
        for side in [0, 1] {
            let media = open(&SessionConfig {
                named_payload_type: Some(EVENTS),
                t38: true,
                ..session_config(IDS[side])
            });
            pair.locals[side] = media.local();
            pair.order(side, LineOrder::AddSession(media));
            let Ok(SocketAddr::V4(address)) = pair.network[side].local_addr() else {
                panic!("an IPv4 socket");
            };
            let remote = Remote {
                address,
                codec: Codec::G711Ulaw,
                ptime_ms: 20,
                event_payload_type: Some(101),
                dscp: 46,
            };
            let session = IDS[side];
            pair.order(side, LineOrder::SetRemote { session, remote });
        }
        pair
    }

    pub(super) fn order(&mut self, side: usize, order: LineOrder) {
        self.handle.send(PortIndex(side as u16), order).unwrap();
    }

    fn block(&mut self) {
        for side in [0, 1] {
            let mut said = [0; BLOCK];
            if let Some(fax) = &mut self.fax[side] {
                fax.tx(&mut said);
            }
            let mut inner = self.lines[side].inner();
            inner.signal.resize(BLOCK, 0xFF);
            Law::Mu.encode_block(&said, &mut inner.signal);
            drop(inner);
            self.lines[side].step(1);
        }
        self.ms += 10;
        self.engine.tick(Time::from_millis(self.ms));
        for side in [0, 1] {
            let block = self.lines[side].inner().written.back().copied();
            if let (Some(fax), Some(block)) = (&mut self.fax[side], block) {
                let mut heard = [0; BLOCK];
                Law::Mu.decode_block(&block, &mut heard);
                fax.rx(&heard);
            }
            let mut buffer = [0; 2000];
            while let Ok(len) = self.network[side].recv(&mut buffer) {
                let udptl = buffer[0] & 0xC0 != 0x80;
                self.carried[usize::from(udptl)] += 1;
                if udptl && self.dice.percent() < self.loss {
                    self.lost += 1;
                    continue;
                }
                let to = self.locals[1 - side];
                self.network[1 - side].send_to(&buffer[..len], to).unwrap();
            }
        }
        while let Some(report) = self.handle.try_recv() {
            match report {
                LineReport::NamedEvent {
                    port,
                    event,
                    timestamp,
                    ..
                } => self.events.push((usize::from(port.0), event, timestamp)),
                LineReport::T38Arrived { port, .. } => self.t38[usize::from(port.0)] += 1,
                LineReport::VoiceArrived { .. } => self.voice += 1,
                LineReport::RelayReturned { port, .. } => self.returned.push(port.0.into()),
                LineReport::NoSuchSession { .. } => panic!("{report:?}"),
                _ => {}
            }
        }
    }

    pub(super) fn run(&mut self, blocks: usize) {
        for _ in 0..blocks {
            self.block();
        }
    }

    pub(super) fn counter(&self, side: usize, name: &str) -> u64 {
        let port = PortIndex(side as u16);
        let all = self.handle.port_counters(port).unwrap().counters();
        all.iter().find(|(f, _)| f.name == name).unwrap().1
    }
}

fn relay_config() -> FaxRelayConfig {
    FaxRelayConfig {
        line: RelayConfig::default(),
        sender: UdptlConfig {
            version: Version::V0,
            redundancy: Redundancy { low: 3, high: 2 },
            max_datagram: 1_400,
        },
        receiver: ReceiverConfig {
            version: Version::V0,
            max_wait: Duration::from_millis(200),
        },
    }
}

/// One call: voice, an event, T.38 with a page, voice. What was lost and what was recovered.
fn call(loss: f64, ecm: bool) -> (u64, u64) {
    let folder = std::env::temp_dir().join(format!("tipring-relay-{}-{ecm}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (page, got) = (folder.join("page.tif"), folder.join("got.tif"));
    write_page(&page, 300);
    let mut pair = Pair::new(loss);
    pair.run(50);
    // The answering side asks, in three copies.
    for first in [true, false, false] {
        let event = LineOrder::SendEvent {
            session: B,
            payload_type: EVENTS,
            event: 200,
            first,
        };
        pair.order(1, event);
        pair.run(2);
    }
    pair.run(2);
    let [(0, 200, timestamp), second, third] = pair.events[..] else {
        panic!("{:?}", pair.events);
    };
    assert_eq!([second, third], [(0, 200, timestamp); 2], "copies");
    assert_eq!(pair.counter(0, "rx_named_events"), 3);
    let pass = |session| LineOrder::PassThrough {
        session,
        data: Some(10_000),
    };
    let mut watches = vec![];
    for side in [1, 0] {
        let (relay, watch) = FaxRelay::build(&relay_config()).unwrap();
        let session = IDS[side];
        pair.order(side, pass(session));
        pair.order(side, LineOrder::Relay { session, relay });
        watches.push(watch);
        // The other one switches later: what it still sends is voice.
        pair.run(4);
    }
    let rtp = pair.carried[0];
    let settings = [FaxSettings::sender(&page), FaxSettings::receiver(&got)];
    pair.fax = settings.map(|s| Some(FaxTerminal::new(&FaxSettings { ecm, ..s }).unwrap()));
    let mut blocks = 0;
    let done = loop {
        pair.run(100);
        blocks += 100;
        let results = pair.fax.each_ref().map(|f| f.as_ref().unwrap().result());
        if let [Some(sent), Some(received)] = results {
            break [sent, received];
        }
        assert!(blocks < 20_000, "no end: {results:?}");
    };
    let [sent, received] = done;
    assert!(sent.is_ok() && received.is_ok(), "{done:?}");
    let stats = received.stats;
    assert_eq!((stats.pages_rx, stats.length, stats.ecm), (1, 300, ecm));
    assert_eq!(stats.bad_rows, 0);
    assert!(stats.bit_rate >= 9_600, "{stats:?}");
    assert!(pair.carried[0] - rtp <= 2, "no RTP beside T.38");
    assert_eq!(pair.t38, [1, 1], "the first of each relay is reported");
    assert!(pair.voice <= 1, "late voice of one that switches later");
    // Back to voice; the RTP streams go on as if nothing had been.
    pair.run(300);
    for side in [0, 1] {
        let session = IDS[side];
        pair.order(side, LineOrder::EndRelay { session });
        let data = None;
        pair.order(side, LineOrder::PassThrough { session, data });
    }
    pair.run(100);
    pair.returned.sort_unstable();
    assert_eq!(pair.returned, [0, 1]);
    assert!(pair.carried[0] - rtp > 90, "voice again");
    for side in [0, 1] {
        for nothing in [
            "rx_lost",
            "rx_restarts",
            "strangers",
            "rx_malformed",
            "rx_other_payload",
        ] {
            assert_eq!(pair.counter(side, nothing), 0, "{nothing}");
        }
        assert_eq!(pair.counter(side, "relays"), 1);
        assert_eq!(pair.counter(side, "t38_unseen"), 0);
    }
    let mut frames = [0, 0];
    for mut watch in watches {
        let numbers = watch.view.numbers();
        assert!(numbers.sent > 20 && numbers.received > 20, "{numbers:?}");
        assert_eq!((numbers.ecm != 0, numbers.malformed), (ecm, 0));
        while let Ok((_, seen)) = watch.seen.pop() {
            if let Seen::Frame(frame) = seen {
                frames[frame.side as usize] += usize::from(frame.intact);
            }
        }
    }
    assert!(frames.iter().all(|n| *n >= 5), "of both sides: {frames:?}");
    let recovered: u64 = [0, 1]
        .map(|s| pair.counter(s, "rx_t38_recovered"))
        .iter()
        .sum();
    let _ = std::fs::remove_dir_all(&folder);
    (pair.lost, recovered)
}

#[test]
fn a_page_goes_over_t38_between_voice_and_voice() {
    let (lost, recovered) = call(0.0, false);
    assert_eq!((lost, recovered), (0, 0));
}

#[test]
fn lost_datagrams_are_recovered_and_the_page_arrives() {
    let (lost, recovered) = call(5.0, true);
    assert!(
        lost > 10 && recovered > 5,
        "{lost} lost, {recovered} recovered"
    );
}

#[test]
fn t38_without_a_relay_is_reported_now_and_then_and_not_where_it_may_not_come() {
    let udptl = [0, 7, 1, 6, 0, 0];
    for t38 in [true, false] {
        let mut rig = rig(vec![], LineConfig::default());
        let local = rig.talk_in(
            open(&SessionConfig {
                t38,
                ..session_config(A)
            }),
            None,
        );
        let mut reports = 0;
        for _ in 0..100 {
            rig.far.send_to(&udptl, local).unwrap();
            rig.run(1);
            let is_t38 = |r: &LineReport| matches!(r, LineReport::T38Arrived { session: A, .. });
            reports += rig.reports().iter().filter(|r| is_t38(r)).count();
        }
        assert_eq!(reports, if t38 { 5 } else { 0 });
        let malformed = rig.counter("rx_malformed");
        assert_eq!(malformed, if t38 { 0 } else { 100 });
    }
}

#[test]
fn a_relay_comes_back_with_its_session_or_when_there_is_none() {
    let mut rig = rig(vec![], LineConfig::default());
    let build = || FaxRelay::build(&relay_config()).unwrap().0;
    let relay = build();
    rig.order(LineOrder::Relay { session: A, relay });
    rig.run(1);
    let back = rig.reports();
    assert!(matches!(
        back[..],
        [LineReport::RelayReturned { session: A, .. }]
    ));
    rig.talk(None);
    for _ in 0..2 {
        let relay = build();
        rig.order(LineOrder::Relay { session: A, relay });
    }
    rig.run(2);
    let back = rig.reports();
    assert!(
        matches!(back[..], [LineReport::RelayReturned { session: A, .. }]),
        "the first"
    );
    rig.order(LineOrder::RemoveSession { session: A });
    rig.run(1);
    let back = rig.reports();
    assert!(
        matches!(back[..], [LineReport::SessionReturned { .. }]),
        "with the other in it"
    );
    assert_eq!(rig.counter("relays"), 2);
}
