//! The engine stepped by hand against a fake card and real sockets on the loopback.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tipring_types::TenthDb;

use tipring_dsp::{Chain, ChainConfig, ChainEvent, Law};
use tipring_hal::port::{LineCommand, LineEvent, LineEventKind, LineFault, Polarity, PortError};
use tipring_proto::rtp::{
    EventPayload, HEADER_LEN, NetworkDigit, Outgoing, Packet, RtpSource, Sender, SenderConfig,
    SenderSeed,
};
use tipring_proto::time::Time;
use tipring_proto::types::{Codec, Digit};

use super::*;
use fake_card::{BLOCK, FakeLine};

mod cards;
mod data;
mod data_ports;
mod digits;
#[path = "../../benches/fake_card/mod.rs"]
mod fake_card;
mod fax_relay;
mod fax_tap;
mod floods;
mod silence;
mod sources;
mod timing;
mod turns;

const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;
const P: PortIndex = PortIndex(0);
const A: SessionId = SessionId(1);
const B: SessionId = SessionId(2);

/// An engine with one port, its far end, and the clock.
struct Rig {
    line: FakeLine,
    engine: LineEngine,
    handle: LineHandle,
    far: UdpSocket,
    ms: u64,
}

fn rig(signal: Vec<u8>, config: LineConfig) -> Rig {
    let line = FakeLine::new(signal, true);
    let chain = Chain::new(&ChainConfig::new(Law::Mu, BLOCK)).unwrap();
    let port = Box::new(line.clone());
    let (engine, handle) =
        LineEngine::by_hand(vec![LinePortSpec { port, chain }], &config).unwrap();
    let far = UdpSocket::bind((LOCAL, 0)).unwrap();
    far.set_nonblocking(true).unwrap();
    Rig {
        line,
        engine,
        handle,
        far,
        ms: 1_000,
    }
}

fn session(id: SessionId) -> Box<MediaSession> {
    open(&session_config(id))
}

fn session_with(id: SessionId, vad: bool) -> Box<MediaSession> {
    open(&SessionConfig {
        vad,
        ..session_config(id)
    })
}

fn open(config: &SessionConfig) -> Box<MediaSession> {
    // Each test process has its own range, each session its own port.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first =
        20_000 + (std::process::id() % 64) as u16 * 600 + NEXT.fetch_add(2, Ordering::Relaxed);
    let mut ports = RtpPorts::new(first, 65_534).unwrap();
    MediaSession::open(LOCAL, &mut ports, config).unwrap()
}

pub(super) fn session_config(id: SessionId) -> SessionConfig {
    SessionConfig {
        id,
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        block: BLOCK as u16,
        jitter_min_ms: 20,
        jitter_max_ms: 100,
        jitter_fixed_ms: 100,
        data_port: false,
        redundancy: 0,
        redundancy_payload_type: 90,
        vad: false,
        named_payload_type: None,
        t38: false,
        event_payload_type: Some(101),
        sources: RtpSource::Strict,
        dscp: DSCP_EF,
    }
}

impl Rig {
    fn order(&mut self, order: LineOrder) {
        self.handle.send(P, order).unwrap();
    }

    /// Runs this number of blocks of 10 ms.
    fn run(&mut self, blocks: usize) {
        for _ in 0..blocks {
            self.line.step(1);
            self.tick();
        }
    }

    /// 10 ms in which the card may have done nothing.
    fn tick(&mut self) {
        self.ms += 10;
        self.engine.tick(Time::from_millis(self.ms));
    }

    fn remote(&self, event_payload_type: Option<u8>) -> Remote {
        let SocketAddr::V4(address) = self.far.local_addr().unwrap() else {
            panic!("an IPv4 socket");
        };
        Remote {
            address,
            codec: Codec::G711Ulaw,
            ptime_ms: 20,
            event_payload_type,
            dscp: 46,
        }
    }

    /// Adds session A and lets it talk to the far end; where it receives.
    fn talk(&mut self, event_payload_type: Option<u8>) -> SocketAddrV4 {
        self.talk_in(session(A), event_payload_type)
    }

    fn talk_in(
        &mut self,
        media: Box<MediaSession>,
        event_payload_type: Option<u8>,
    ) -> SocketAddrV4 {
        let local = media.local();
        self.order(LineOrder::AddSession(media));
        let remote = self.remote(event_payload_type);
        self.order(LineOrder::SetRemote { session: A, remote });
        local
    }

    /// What the far end got: payload type, marker, sequence, timestamp, payload.
    fn got(&self) -> Vec<(u8, bool, u16, u32, Vec<u8>)> {
        let mut buf = [0; 2000];
        let mut out = Vec::new();
        while let Ok(len) = self.far.recv(&mut buf) {
            let p = Packet::parse(&buf[..len]).unwrap();
            let h = p.header;
            out.push((
                h.payload_type,
                h.marker,
                h.sequence,
                h.timestamp,
                p.payload.to_vec(),
            ));
        }
        out
    }

    fn reports(&mut self) -> Vec<LineReport> {
        std::iter::from_fn(|| self.handle.try_recv()).collect()
    }

    fn counter(&self, name: &str) -> u64 {
        let all = self.handle.port_counters(P).unwrap().counters();
        all.iter().find(|(f, _)| f.name == name).unwrap().1
    }

    fn written(&self) -> Vec<[u8; BLOCK]> {
        self.line.inner().written.iter().copied().collect()
    }

    /// A code of each block that was written and is not silence.
    fn codes_heard(&self) -> Vec<u8> {
        let codes = self.written().into_iter().map(|b| b[40]);
        codes.filter(|code| *code != 0xFF).collect()
    }
}

fn ramp() -> Vec<u8> {
    (0..160).map(|n| 0x80 | (n % 100) as u8).collect()
}

fn far_sender() -> Sender {
    Sender::new(
        SenderSeed {
            sequence: 1,
            timestamp: 1000,
            ssrc: 5,
        },
        SenderConfig {
            payload_type: 0,
            ptime_ms: 20,
            event_payload_type: Some(101),
        },
    )
}

fn dtmf(digit: u8, ms: usize) -> Vec<u8> {
    let (low, high) = tipring_dsp::tone::dtmf_frequencies(digit).unwrap();
    let wave = |hz: u16, n: usize| {
        (n as f64 * f64::from(hz) * std::f64::consts::TAU / 8000.0).sin() * 5000.0
    };
    (0..ms * 8)
        .map(|n| Law::Mu.encode((wave(low, n) + wave(high, n)) as i16))
        .collect()
}

#[test]
fn what_the_line_says_goes_out_as_packets_and_through_a_hold_time_goes_on() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk(None);
    rig.run(4);
    let got = rig.got();
    assert_eq!(got.len(), 2);
    let (first_sequence, first_time) = (got[0].2, got[0].3);
    assert_eq!(got[0], (0, true, first_sequence, first_time, ramp()));
    let next = (
        0,
        false,
        first_sequence.wrapping_add(1),
        first_time.wrapping_add(160),
        ramp(),
    );
    assert_eq!(got[1], next);
    rig.order(LineOrder::Bridge(None));
    rig.run(4);
    assert_eq!(rig.got(), []);
    rig.order(LineOrder::Bridge(Some(A)));
    rig.run(2);
    let after = (
        0,
        true,
        first_sequence.wrapping_add(2),
        first_time.wrapping_add(160 * 4),
        ramp(),
    );
    assert_eq!(rig.got(), [after]);
    rig.order(LineOrder::StopSend { session: A });
    rig.run(2);
    assert_eq!(rig.got(), []);
    assert_eq!(
        (rig.counter("tx_packets"), rig.counter("tx_octets")),
        (3, 480)
    );
}

#[test]
fn what_the_network_says_is_written_to_the_line_in_order() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(None);
    let mut sender = far_sender();
    for n in 0..10u8 {
        for _ in 0..2 {
            sender.push(&[0x90 + n; BLOCK], |p| {
                rig.far.send_to(p, local).unwrap();
            });
        }
        rig.run(2);
    }
    let heard = rig.codes_heard();
    let sent: Vec<u8> = (0..9).flat_map(|n| [0x90 + n; 2]).collect();
    assert_eq!(heard[..18], sent);
    assert_eq!(
        (rig.counter("rx_packets"), rig.counter("rx_octets")),
        (10, 1600)
    );
    assert_eq!(
        (rig.counter("rx_lost"), rig.counter("rx_concealed")),
        (0, 0)
    );
}

#[test]
fn one_block_is_written_for_each_read_and_an_underrun_refills_the_prefill() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    rig.run(10);
    assert_eq!(rig.line.inner().writes, 11);
    // The line thread sleeps for five blocks: three underruns, then it reads all five. Three of them have no place
    // left on the line; written all the same they would be delay from then on.
    rig.line.step(5);
    rig.tick();
    rig.run(5);
    let writes = rig.line.inner().writes;
    assert_eq!(writes, 11 + 2 + 5);
    let figures = ["blocks", "refills", "catch_ups", "late_writes"].map(|n| rig.counter(n));
    assert_eq!(figures, [20, 1, 1, 3]);
}

#[test]
fn hook_events_are_reported_with_their_stamp_and_nothing_is_lost_when_control_sleeps() {
    let config = LineConfig {
        report_ring: 4,
        ..LineConfig::default()
    };
    let mut rig = rig(Vec::new(), config);
    rig.line.inner().events_block_audio = true;
    let kinds = [LineEventKind::LoopOpened, LineEventKind::LoopClosed];
    for n in 0..40 {
        rig.line
            .event(Duration::from_millis(n), kinds[n as usize % 2]);
    }
    rig.run(3);
    let mut reported = Vec::new();
    for _ in 0..12 {
        for report in rig.reports() {
            let LineReport::Line { port: P, event } = report else {
                panic!("{report:?}");
            };
            reported.push(event);
        }
        rig.run(1);
    }
    let expected: Vec<LineEvent> = (0..40)
        .map(|n| LineEvent {
            at: Duration::from_millis(n),
            kind: kinds[n as usize % 2],
        })
        .collect();
    assert_eq!(reported, expected);
    assert!(rig.counter("events_held") > 0);
    assert_eq!(rig.handle.port_counters(P).unwrap().off_hook.get(), 1);
}

#[test]
fn commands_reach_the_card_and_a_refusal_comes_back() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let command = LineCommand::Polarity(Polarity::Reversed);
    rig.order(LineOrder::Port(command));
    rig.run(1);
    assert_eq!(rig.line.inner().commands, [command]);
    rig.line.inner().refuse = Some(PortError::Busy);
    rig.order(LineOrder::Port(LineCommand::StopRing));
    rig.run(1);
    let reports = rig.reports();
    assert!(
        matches!(
            reports[..],
            [LineReport::Refused {
                port: P,
                command: LineCommand::StopRing,
                error: PortError::Busy
            }]
        ),
        "{reports:?}"
    );
}

#[test]
fn sessions_come_back_with_their_figures_and_orders_for_unknown_ones_are_answered() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk(None);
    rig.run(4);
    rig.order(LineOrder::AddSession(session(A))); // the name is in use
    rig.order(LineOrder::AddSession(session(B)));
    for more in 3..=5 {
        rig.order(LineOrder::AddSession(session(SessionId(more)))); // no room for the fifth
    }
    rig.order(LineOrder::Bridge(Some(SessionId(9))));
    rig.order(LineOrder::RemoveSession { session: A });
    rig.order(LineOrder::RemoveSession { session: A });
    rig.handle
        .send(PortIndex(7), LineOrder::AddSession(session(B)))
        .unwrap();
    rig.run(1);
    let reported: Vec<String> = rig
        .reports()
        .into_iter()
        .map(|r| match r {
            LineReport::SessionReturned { port, session, why } => {
                format!(
                    "{} {} {why:?} {}",
                    port.0,
                    session.id().0,
                    session.stats().body.sender.packets
                )
            }
            LineReport::NoSuchSession { session, .. } => format!("none {}", session.0),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = [
        "0 1 NoRoom 0",
        "0 5 NoRoom 0",
        "none 9",
        "0 1 Removed 2",
        "none 1",
        "7 2 NoPort 0",
    ];
    assert_eq!(reported, expected);
    assert_eq!(rig.handle.port_counters(P).unwrap().sessions.get(), 3);
}

#[test]
fn a_key_of_the_phone_goes_out_as_event_and_its_sound_does_not() {
    let mut signal = vec![0xFF; 800];
    signal.extend(dtmf(b'7', 100));
    signal.extend(vec![0xFF; 8000]);
    let mut rig = rig(signal, LineConfig::default());
    rig.talk(Some(101));
    rig.run(50);
    let got = rig.got();
    let events: Vec<_> = got
        .iter()
        .filter(|p| p.0 == 101)
        .map(|p| (p.1, p.3, EventPayload::parse(&p.4).unwrap()))
        .collect();
    assert!(events.len() >= 6, "{events:?}");
    assert!(
        events[0].0 && events[1..].iter().all(|e| !e.0),
        "marker once: {events:?}"
    );
    assert!(
        events.iter().all(|e| e.2.code == 7 && e.1 == events[0].1),
        "{events:?}"
    );
    let ends = events.iter().filter(|e| e.2.end).count();
    assert_eq!(ends, 3, "{events:?}");
    let length = events.last().unwrap().2.duration;
    assert!((560..=1120).contains(&length), "{length}");
    // At most what sounds before the receiver knows (25 to 38 ms) and one packet around it goes out as audio.
    let loud = got
        .iter()
        .filter(|p| p.0 == 0 && p.4.iter().any(|b| (!b & 0x7F) > 0x40))
        .count();
    assert!(loud <= 3, "{loud} packets with the tone");
    let chain: Vec<_> = rig
        .reports()
        .into_iter()
        .filter_map(|r| match r {
            LineReport::Chain { event, .. } => Some(event),
            _ => None,
        })
        .collect();
    assert!(
        matches!(
            chain[..],
            [
                ChainEvent::DigitOn { digit: b'7', .. },
                ChainEvent::DigitOff { digit: b'7', .. }
            ]
        ),
        "{chain:?}"
    );
}

#[test]
fn a_key_of_the_far_end_is_played_to_the_line_and_reported() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(Some(101));
    rig.run(1); // the session is known
    let mut sender = far_sender();
    let digit = Digit::from_char('5').unwrap();
    sender.press(digit, 10, |_| ());
    for block in 0..30 {
        if block == 10 {
            sender.release();
        }
        sender.push(&[0xFF; BLOCK], |p| {
            rig.far.send_to(p, local).unwrap();
        });
        rig.run(1);
    }
    let loud = rig
        .written()
        .iter()
        .filter(|b| b.iter().any(|s| (!s & 0x7F) > 0x40))
        .count();
    assert!((8..=14).contains(&loud), "{loud} blocks with the tone");
    let reported: Vec<_> = rig
        .reports()
        .into_iter()
        .filter_map(|r| match r {
            LineReport::NetworkDigit {
                session: A, digit, ..
            } => Some(digit),
            _ => None,
        })
        .collect();
    let expected = [
        NetworkDigit::On { digit, volume: 10 },
        NetworkDigit::Off {
            digit,
            duration: 800,
        },
    ];
    assert_eq!(reported, expected);
}

#[test]
fn a_card_in_alarm_does_not_stop_the_media() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk(None);
    rig.run(4);
    rig.got();
    rig.line.inner().down = Some(LineFault::Alarm);
    for _ in 0..22 {
        rig.tick();
    }
    let got = rig.got();
    assert_eq!(
        got.len(),
        10,
        "20 blocks less the patience of two and a half"
    );
    assert!(got.iter().all(|p| !p.1), "no marker: the stream goes on");
    assert!(got.iter().all(|p| p.4.iter().all(|b| *b == 0xFF)));
    assert_eq!(rig.handle.port_counters(P).unwrap().down.get(), 1);
    let figures = ["missed_blocks", "alarm_blocks"].map(|n| rig.counter(n));
    assert_eq!(figures, [0, 20]);
    rig.line.inner().down = None;
    rig.run(4);
    assert_eq!(rig.got().len(), 2);
    assert_eq!(rig.handle.port_counters(P).unwrap().down.get(), 0);
}

#[test]
fn unexpected_sources_are_dropped_and_counted_before_and_after_start_media() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let media = session(A);
    let local = media.local();
    rig.order(LineOrder::AddSession(media));
    rig.run(1);
    let other = UdpSocket::bind((LOCAL, 0)).unwrap();
    let send = |from: &UdpSocket, n: u8| {
        far_sender().push(&[n; 160], |p| {
            from.send_to(p, local).unwrap();
        });
    };
    send(&other, 0x90);
    send(&rig.far, 0x91); // not known yet
    rig.run(1);
    let remote = rig.remote(None);
    rig.order(LineOrder::SetRemote { session: A, remote });
    rig.run(1);
    send(&other, 0x92);
    send(&rig.far, 0x93);
    rig.far.send_to(&[0x55; HEADER_LEN], local).unwrap(); // ours, but not RTP
    rig.run(6);
    let heard = rig.codes_heard();
    assert_eq!(heard[..2], [0x93; 2]);
    assert!(!heard.contains(&0x92) && !heard.contains(&0x90) && !heard.contains(&0x91));
    let figures = ["strangers", "rx_packets", "rx_malformed"].map(|n| rig.counter(n));
    assert_eq!(figures, [3, 1, 1]);
}

#[test]
fn a_chain_is_replaced_and_handed_back_and_what_the_former_counted_stays() {
    let mut signal = vec![Law::Mu.silence(); 80 * 60];
    signal.extend(dtmf(b'7', 100));
    signal.extend(vec![Law::Mu.silence(); 80 * 60]);
    signal.extend(dtmf(b'8', 100));
    signal.extend(vec![Law::Mu.silence(); 80 * 60]);
    let mut r = rig(signal, LineConfig::default());
    let counted = |r: &Rig| r.handle.port_counters(P).map(|c| c.digits.get());
    r.run(100);
    assert_eq!(counted(&r), Some(1));
    let quiet = ChainConfig {
        rx_gain: TenthDb(-60),
        ..ChainConfig::new(Law::Mu, BLOCK)
    };
    let made = MadeChain(Box::new(Chain::new(&quiet).unwrap()));
    r.handle.send(P, LineOrder::ReplaceChain(made)).unwrap();
    r.run(150);
    let reports = r.reports();
    let back = reports
        .iter()
        .filter(|r| matches!(r, LineReport::ChainReturned { port: P, .. }));
    assert_eq!(back.count(), 1);
    assert_eq!(counted(&r), Some(2), "one of each chain");
    // A port that is not there hands it back as well.
    let made = MadeChain(Box::new(Chain::new(&quiet).unwrap()));
    let nowhere = PortIndex(9);
    r.handle
        .send(nowhere, LineOrder::ReplaceChain(made))
        .unwrap();
    r.tick();
    let report = r.handle.try_recv();
    assert!(
        matches!(report, Some(LineReport::ChainReturned { port, .. }) if port == nowhere),
        "{report:?}"
    );
}
