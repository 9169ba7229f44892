//! The station against a server played by hand, in virtual time.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::sccp::message::{
    CallOnLine, CallStateKind, LampMode, MediaCapability, MediaFormat, RegisterAck, Stimulus,
};
use crate::types::{CallRef, DeviceName, DeviceType, LineInstance};

const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);

/// What the station did, decoded.
#[derive(Debug, PartialEq)]
enum Did {
    Connect(usize),
    Probe(usize),
    Sent(ClientMessage),
    Close,
    Event(StationEvent),
}

struct Bench {
    station: Station,
    now: Time,
}

impl Bench {
    fn new(change: impl FnOnce(&mut StationConfig)) -> Bench {
        let name = DeviceName::new("VGC112233445501").unwrap();
        let mut config = StationConfig::new(
            name,
            DeviceType::VGC_PHONE,
            [0, 0x11, 0x22, 0x33, 0x44, 0x55],
        );
        config.trace = false;
        change(&mut config);
        Bench {
            station: Station::new(config),
            now: Time::from_millis(1_000),
        }
    }

    fn did(&mut self) -> Vec<Did> {
        let mut all = vec![];
        while let Some(output) = self.station.poll_output() {
            all.push(match output {
                StationOutput::Connect { server } => Did::Connect(server),
                StationOutput::Probe { server } => Did::Probe(server),
                StationOutput::Send(bytes) => {
                    let mut reader = wire::FrameReader::default();
                    reader.push(&bytes);
                    let frame = reader.next_frame().unwrap().unwrap();
                    assert_eq!(reader.pending(), 0, "one message a write");
                    Did::Sent(wire::decode_client(&frame, 3).unwrap())
                }
                StationOutput::Close => Did::Close,
                StationOutput::Event(event) => Did::Event(event),
                StationOutput::Trace { .. } => panic!("tracing is off"),
            });
        }
        all
    }

    fn hear(&mut self, message: &ServerMessage) {
        let bytes = wire::encode_server(message, 3);
        self.station.handle_input(self.now, &bytes);
    }

    /// Lets time pass, waking the station at each of its deadlines.
    fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        while let Some(at) = self.station.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.station.handle_timeout(self.now);
        }
        self.now = end;
    }

    fn start(&mut self) {
        self.station.start(self.now);
        self.pass(Duration::ZERO);
        assert_eq!(self.did(), [Did::Connect(0)]);
    }

    /// Registers at the server that was just asked to be connected, with this keepalive interval.
    fn register(&mut self, keepalive_s: u32) {
        self.station.connected(self.now, LOCAL);
        self.hear(&ack(keepalive_s, 3));
        for answer in round() {
            self.hear(&answer);
        }
        assert!(self.station.is_registered());
        self.did();
    }

    fn registered(change: impl FnOnce(&mut StationConfig)) -> Bench {
        let mut bench = Bench::new(change);
        bench.start();
        bench.register(30);
        bench
    }

    /// Waits for the next connection asked for and answers how long that took.
    fn until_connect(&mut self, server: usize) -> Duration {
        let from = self.now;
        loop {
            if let Some(did) = self.did().into_iter().find_map(|did| match did {
                Did::Connect(server) => Some(server),
                _ => None,
            }) {
                assert_eq!(did, server);
                return self.now - from;
            }
            let at = self.station.poll_timeout().expect("something to wait for");
            self.now = self.now.max(at);
            self.station.handle_timeout(self.now);
        }
    }
}

fn ack(keepalive_s: u32, version: u8) -> ServerMessage {
    ServerMessage::RegisterAck(RegisterAck {
        keepalive_s,
        secondary_keepalive_s: keepalive_s,
        version,
        features: [0; 3],
        date_template: *b"D.M.Y\0",
    })
}

/// What both open servers answer to the request round.
fn round() -> Vec<ServerMessage> {
    vec![
        ServerMessage::CapabilitiesReq,
        ServerMessage::ButtonTemplate {
            offset: 0,
            total: 0,
            buttons: vec![],
        },
        ServerMessage::SoftKeyTemplateRes { body: vec![0; 12] },
        ServerMessage::SoftKeySetRes { body: vec![0; 12] },
        line_stat(),
        ServerMessage::ServerRes { servers: vec![] },
        ServerMessage::DefineTimeDate(DefineTimeDate::default()),
    ]
}

fn line_stat() -> ServerMessage {
    ServerMessage::LineStat {
        line: LineInstance(1),
        number: "1001".into(),
        name: "Port One".into(),
        label: "One".into(),
    }
}

fn lamp() -> ServerMessage {
    ServerMessage::SetLamp {
        stimulus: Stimulus::VOICEMAIL,
        instance: 1,
        mode: LampMode::ON,
    }
}

fn tone_call() -> ServerMessage {
    ServerMessage::CallState {
        state: CallStateKind::RING_IN,
        line: LineInstance(1),
        call: CallRef(5),
    }
}

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[test]
fn a_registration_asks_everything_and_waits_for_nothing_that_chan_skinny_leaves_unanswered() {
    let mut b = Bench::new(|c| c.features = 0x0400);
    b.start();
    b.station.connected(b.now, LOCAL);
    let name = DeviceName::new("VGC112233445501").unwrap();
    let load = concat!("tipring-", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        b.did(),
        [
            Did::Sent(ClientMessage::Alarm {
                severity: AlarmSeverity::INFORMATIONAL,
                text: format!("Name=VGC112233445501 Load={load} Last=Initialized"),
                p1: 0,
                p2: 0x0700_000a,
            }),
            Did::Sent(ClientMessage::Register(Register {
                name,
                device_type: DeviceType::VGC_PHONE,
                address: LOCAL,
                max_streams: 2,
                active_streams: 0,
                version: 3,
                features: 0x0400,
                mac: [0, 0x11, 0x22, 0x33, 0x44, 0x55],
                max_lines: 1,
                load: load.into(),
            })),
        ]
    );
    b.hear(&lamp());
    b.hear(&ack(30, b'0'));
    assert_eq!(b.did(), [], "a lamp before RegisterAck is kept");
    let line = LineInstance(1);
    let sent = Did::Sent;
    let asked: Vec<Vec<Did>> = round()
        .iter()
        .map(|answer| {
            b.hear(answer);
            b.did()
        })
        .collect();
    assert_eq!(
        asked,
        [
            vec![
                sent(ClientMessage::CapabilitiesRes {
                    capabilities: [MediaFormat::G711_ULAW, MediaFormat::G711_ALAW]
                        .map(|format| MediaCapability {
                            format,
                            max_frames: 40
                        })
                        .to_vec()
                }),
                sent(ClientMessage::ButtonTemplateReq),
            ],
            vec![sent(ClientMessage::SoftKeyTemplateReq)],
            vec![sent(ClientMessage::SoftKeySetReq)],
            vec![sent(ClientMessage::LineStatReq { line })],
            vec![
                sent(ClientMessage::ForwardStatReq { line }),
                sent(ClientMessage::ServerReq),
            ],
            vec![
                sent(ClientMessage::ConfigStatReq),
                sent(ClientMessage::RegisterAvailableLines { lines: 1 }),
                sent(ClientMessage::TimeDateReq),
            ],
            vec![
                Did::Event(StationEvent::Registered {
                    server: 0,
                    version: 3,
                    keepalive_s: 30
                }),
                Did::Event(StationEvent::Message(lamp())),
                Did::Event(StationEvent::Message(line_stat())),
                Did::Event(StationEvent::Message(ServerMessage::DefineTimeDate(
                    DefineTimeDate::default()
                ))),
            ],
        ]
    );
    let seen = b.station.snapshot();
    assert_eq!(seen.line.unwrap().number, "1001");
    assert_eq!(seen.counters.registrations, 1);
    assert_eq!(seen.history.len(), 1);
}

#[test]
fn a_server_that_answers_no_request_is_registered_with_all_the_same() {
    let mut b = Bench::new(|_| {});
    b.start();
    b.station.connected(b.now, LOCAL);
    b.hear(&ack(30, 3));
    b.pass(secs(7));
    assert!(b.station.is_registered());
    assert_eq!(b.station.snapshot().counters.answers_missing, 7);
}

#[test]
fn the_version_is_the_lesser_one_and_48_is_no_promise() {
    for (offered, answered, used) in [
        (3, 48, 3),
        (22, 48, 22),
        (22, 11, 11),
        (3, 0, 0),
        (17, 255, 17),
    ] {
        let mut b = Bench::new(|c| c.offer_version = offered);
        b.start();
        b.station.connected(b.now, LOCAL);
        b.hear(&ack(30, answered));
        assert_eq!(b.station.snapshot().version, used, "{offered} {answered}");
    }
}

#[test]
fn a_nonsense_keepalive_interval_becomes_a_useful_one() {
    for (told, used) in [(0, 30), (1, 1), (u32::MAX, 120)] {
        let mut b = Bench::new(|_| {});
        b.start();
        b.register(told);
        assert_eq!(b.station.snapshot().keepalive_s, used);
    }
}

#[test]
fn refused_everywhere_waits_longer_each_round() {
    let mut b = Bench::new(|c| c.server_count = 2);
    b.start();
    let mut waits = vec![];
    for _ in 0..4 {
        b.station.connect_failed(b.now, ConnectFailure::Refused);
        assert_eq!(
            b.until_connect(1),
            Duration::ZERO,
            "the next server at once"
        );
        b.station.connect_failed(b.now, ConnectFailure::Refused);
        waits.push(b.until_connect(0).as_secs_f64());
    }
    for (wait, nominal) in waits.iter().zip([1.0, 2.0, 4.0, 8.0]) {
        assert!(
            (nominal * 0.75..=nominal * 1.25).contains(wait),
            "{waits:?}"
        );
    }
    let seen = b.station.snapshot();
    assert_eq!(seen.counters.connect_failures, 8);
    assert_eq!(
        seen.last_lost.unwrap().1,
        LostReason::Connect(ConnectFailure::Refused)
    );
}

#[test]
fn the_same_seed_waits_the_same_and_another_does_not() {
    let wait = |seed| {
        let mut b = Bench::new(|c| c.retry.jitter_seed = seed);
        b.start();
        b.station.connect_failed(b.now, ConnectFailure::Refused);
        b.until_connect(0)
    };
    assert_eq!(wait(5), wait(5));
    assert_ne!(wait(5), wait(6));
}

#[test]
fn tcp_that_never_opens_is_given_up() {
    let mut b = Bench::new(|_| {});
    b.start();
    b.pass(secs(8));
    let did = b.did();
    assert_eq!(did[0], Did::Close);
    assert!(matches!(
        &did[1],
        Did::Event(StationEvent::AttemptFailed {
            server: 0,
            reason: LostReason::Connect(ConnectFailure::TimedOut),
            ..
        })
    ));
    assert_eq!(did.len(), 2);
}

#[test]
fn register_without_an_answer_is_given_up() {
    let mut b = Bench::new(|_| {});
    b.start();
    b.station.connected(b.now, LOCAL);
    b.did();
    b.pass(secs(10));
    let did = b.did();
    assert_eq!(did[0], Did::Close);
    assert!(matches!(
        &did[1],
        Did::Event(StationEvent::AttemptFailed {
            reason: LostReason::RegisterTimeout,
            ..
        })
    ));
}

#[test]
fn a_refusal_closes_the_connection_that_the_server_leaves_open() {
    for (text, cause) in [
        ("No Authority: ", RejectCause::NoAuthority),
        ("Device Unknown", RejectCause::DeviceUnknown),
        ("Device not found", RejectCause::DeviceUnknown),
        ("Crossover session", RejectCause::AlreadyRegistered),
        (
            "Device is already registered on another",
            RejectCause::AlreadyRegistered,
        ),
        ("IP not authorized", RejectCause::AddressNotAuthorized),
        ("Reload in progress", RejectCause::ReloadInProgress),
        ("", RejectCause::Other),
    ] {
        let mut b = Bench::new(|_| {});
        b.start();
        b.station.connected(b.now, LOCAL);
        b.did();
        let text: String = text.chars().take(32).collect();
        b.hear(&ServerMessage::RegisterReject { text: text.clone() });
        let did = b.did();
        assert_eq!(did[0], Did::Close);
        let Did::Event(StationEvent::AttemptFailed { reason, .. }) = &did[1] else {
            panic!("{did:?}");
        };
        assert_eq!(*reason, LostReason::Rejected { text, cause });
        assert_eq!(b.station.snapshot().last_reject.unwrap().cause, cause);
    }
}

#[test]
fn keepalive_is_sent_at_the_interval_told_and_lost_after_three() {
    let mut b = Bench::registered(|_| {});
    let start = b.now;
    b.pass(secs(30));
    assert_eq!(b.did(), [Did::Sent(ClientMessage::KeepAlive)]);
    b.hear(&ServerMessage::KeepAliveAck);
    b.pass(secs(30));
    assert_eq!(b.did(), [Did::Sent(ClientMessage::KeepAlive)]);
    b.hear(&ServerMessage::KeepAliveAck);
    let silent_from = b.now;
    b.pass(secs(89));
    let asked = b.did();
    assert_eq!(asked[0], Did::Sent(ClientMessage::KeepAlive));
    assert_eq!(
        asked[1],
        Did::Event(StationEvent::LinkSuspect { since: silent_from })
    );
    assert!(
        asked[2..]
            .iter()
            .all(|d| *d == Did::Sent(ClientMessage::KeepAlive))
    );
    assert!(b.station.snapshot().suspect_since.is_some());
    b.pass(secs(1));
    let did = b.did();
    assert_eq!(did[0], Did::Close);
    let Did::Event(StationEvent::Lost {
        reason, retry_at, ..
    }) = &did[1]
    else {
        panic!("{did:?}");
    };
    assert_eq!(*reason, LostReason::KeepaliveLost { silent: secs(90) });
    assert!(*retry_at >= b.now && *retry_at <= b.now + secs(1));
    assert_eq!(b.now - start, secs(150));
    assert_eq!(b.station.snapshot().counters.lost, 1);
}

#[test]
fn with_a_standby_a_silent_server_is_left_sooner_and_the_standby_is_first() {
    let mut b = Bench::registered(|c| c.server_count = 2);
    let start = b.now;
    b.until_connect(1);
    assert!(b.now - start < secs(52), "{:?}", b.now - start);
    assert!(matches!(
        b.station.snapshot().last_lost.unwrap().1,
        LostReason::KeepaliveLost { .. }
    ));
}

#[test]
fn a_late_keepalive_answer_clears_the_suspicion() {
    let mut b = Bench::registered(|_| {});
    b.pass(secs(37));
    assert!(b.station.snapshot().suspect_since.is_some());
    b.hear(&ServerMessage::KeepAliveAck);
    assert_eq!(b.station.snapshot().suspect_since, None);
    b.pass(secs(23));
    assert!(b.station.is_registered());
}

#[test]
fn a_name_held_by_the_broken_connection_is_waited_for_with_patience() {
    let mut b = Bench::registered(|_| {});
    b.station.closed(b.now, CloseReason::TimedOut);
    let broke = b.now;
    b.until_connect(0);
    let mut tries = 0;
    while b.now - broke < secs(90) {
        b.station.connected(b.now, LOCAL);
        b.did();
        b.hear(&ServerMessage::RegisterReject {
            text: "No Authority: ".into(),
        });
        assert_eq!(
            b.station.snapshot().last_reject.unwrap().cause,
            RejectCause::NameHeldByOldConnection
        );
        let wait = b.until_connect(0);
        assert!(wait <= Duration::from_millis(6_250), "{wait:?}");
        tries += 1;
    }
    assert!(tries >= 14, "{tries}");
    b.register(30);
    // And without a break behind it the same words mean what they say.
    b.station.closed(b.now, CloseReason::ByServer);
    b.until_connect(0);
    b.station.connected(b.now, LOCAL);
    b.hear(&ServerMessage::RegisterReject {
        text: "No Authority: ".into(),
    });
    assert_eq!(
        b.station.snapshot().last_reject.unwrap().cause,
        RejectCause::NoAuthority
    );
}

#[test]
fn a_reset_waits_until_the_port_is_idle() {
    let mut b = Bench::registered(|_| {});
    b.pass(secs(25));
    b.station.set_busy(b.now, true);
    b.hear(&ServerMessage::Reset {
        kind: ResetKind::RESTART,
    });
    assert_eq!(
        b.did(),
        [Did::Event(StationEvent::ResetRequested {
            kind: ResetKind::RESTART,
            deferred: true
        })]
    );
    assert!(
        b.station
            .send(b.now, ClientMessage::OnHook(CallOnLine::default()))
    );
    b.station.set_busy(b.now, false);
    assert_eq!(
        b.did(),
        [
            Did::Sent(ClientMessage::OnHook(CallOnLine::default())),
            Did::Sent(ClientMessage::Unregister { reason: None })
        ]
    );
    b.hear(&ServerMessage::UnregisterAck { status: 0 });
    let did = b.did();
    assert_eq!(did[0], Did::Close);
    assert!(matches!(
        did[1],
        Did::Event(StationEvent::Lost {
            server: 0,
            reason: LostReason::Reset(ResetKind::RESTART),
            ..
        })
    ));
    assert!(b.until_connect(0) <= secs(1));
    assert_eq!(b.station.snapshot().counters.lost, 0, "asked for, not lost");
}

#[test]
fn a_server_that_only_closes_after_unregister_is_reconnected_to_as_well() {
    let mut b = Bench::registered(|_| {});
    b.hear(&ServerMessage::Reset {
        kind: ResetKind::RESET,
    });
    b.did();
    b.station.closed(b.now, CloseReason::ByServer);
    let did = b.did();
    assert_eq!(did.len(), 1);
    assert!(matches!(
        did[0],
        Did::Event(StationEvent::Lost {
            reason: LostReason::Reset(ResetKind::RESET),
            ..
        })
    ));
}

#[test]
fn endless_resets_are_followed_ever_more_slowly() {
    let mut b = Bench::new(|_| {});
    b.start();
    let mut last = Duration::ZERO;
    for _ in 0..5 {
        b.register(30);
        b.hear(&ServerMessage::Reset {
            kind: ResetKind::RESTART,
        });
        b.station.closed(b.now, CloseReason::ByServer);
        last = b.until_connect(0);
    }
    assert!(last >= secs(12), "{last:?}");
}

#[test]
fn bytes_cut_anywhere_make_the_same_messages() {
    let mut bytes = vec![];
    for message in [lamp(), ack(30, 3)]
        .iter()
        .chain(&round())
        .chain([&tone_call()])
    {
        bytes.extend(wire::encode_server(message, 3));
    }
    let run = |size: usize| {
        let mut b = Bench::new(|_| {});
        b.start();
        b.station.connected(b.now, LOCAL);
        for piece in bytes.chunks(size) {
            b.station.handle_input(b.now, piece);
        }
        b.did()
    };
    let whole = run(bytes.len());
    assert_eq!(
        whole.last(),
        Some(&Did::Event(StationEvent::Message(tone_call())))
    );
    for size in [1, 2, 3, 5, 7, 11, 12, 13, 64] {
        assert_eq!(run(size), whole, "pieces of {size}");
    }
}

#[test]
fn bytes_that_are_no_sccp_end_the_connection_once() {
    for junk in [
        [0u8; 64].to_vec(),
        [0xFFu8; 64].to_vec(),
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
    ] {
        let mut b = Bench::registered(|_| {});
        b.pass(secs(25));
        b.station.handle_input(b.now, &junk);
        b.station.handle_input(b.now, &junk);
        let did = b.did();
        assert_eq!(did.len(), 2, "{did:?}");
        assert_eq!(did[0], Did::Close);
        assert!(matches!(
            did[1],
            Did::Event(StationEvent::Lost {
                reason: LostReason::BadFrame { .. },
                ..
            })
        ));
        assert_eq!(b.station.snapshot().counters.bad_frames, 1);
    }
}

#[test]
fn unknown_ids_are_counted_and_change_nothing() {
    let mut b = Bench::registered(|_| {});
    for id in [0x0199u32, 0xFF00, u32::MAX] {
        let frame = wire::Frame {
            header_version: 0,
            id,
            body: vec![1, 2, 3],
        };
        b.station.handle_input(b.now, &frame.to_bytes());
    }
    assert_eq!(b.did(), []);
    assert_eq!(b.station.snapshot().counters.unknown_ids, 3);
    assert!(b.station.is_registered());
}

#[test]
fn an_idle_port_goes_back_to_the_preferred_server_when_that_answers() {
    let mut b = Bench::new(|c| c.server_count = 3);
    b.start();
    b.station.connect_failed(b.now, ConnectFailure::Refused);
    b.until_connect(1);
    b.station.connect_failed(b.now, ConnectFailure::Refused);
    b.until_connect(2);
    b.register(300);
    b.pass(secs(38));
    assert_eq!(b.did(), [Did::Probe(0)]);
    b.station.probe_result(b.now, 0, false);
    assert_eq!(b.did(), [Did::Probe(1)], "then the second best");
    b.station.set_busy(b.now, true);
    b.station.probe_result(b.now, 1, true);
    assert_eq!(b.did(), [], "not during a call");
    b.station.set_busy(b.now, false);
    b.pass(secs(38));
    assert_eq!(b.did(), [Did::Probe(0)]);
    b.station.probe_result(b.now, 0, true);
    assert_eq!(
        b.did(),
        [Did::Sent(ClientMessage::Unregister { reason: None })]
    );
    b.station.closed(b.now, CloseReason::ByServer);
    b.pass(Duration::ZERO);
    let did = b.did();
    assert!(matches!(
        did[0],
        Did::Event(StationEvent::Lost {
            server: 2,
            reason: LostReason::ReturnToPreferred,
            ..
        })
    ));
    assert_eq!(did[1], Did::Connect(0));
    b.register(30);
    assert_eq!(b.station.snapshot().state.server(), Some(0));
    b.pass(secs(20));
    assert!(!b.did().iter().any(|d| matches!(d, Did::Probe(_))));
}

#[test]
fn a_preferred_server_that_does_not_keep_us_is_looked_at_less_often() {
    let mut b = Bench::new(|c| c.server_count = 2);
    b.start();
    let mut waits = vec![];
    b.station.connect_failed(b.now, ConnectFailure::Refused);
    for _ in 0..3 {
        b.until_connect(1);
        b.register(10_000);
        let from = b.now;
        loop {
            let at = b.station.poll_timeout().unwrap();
            b.now = b.now.max(at);
            b.station.handle_timeout(b.now);
            if b.did().contains(&Did::Probe(0)) {
                break;
            }
            b.hear(&ServerMessage::KeepAliveAck);
        }
        waits.push(b.now - from);
        b.station.probe_result(b.now, 0, true);
        b.hear(&ServerMessage::UnregisterAck { status: 0 });
        b.until_connect(0);
        b.station.connected(b.now, LOCAL);
        b.hear(&ServerMessage::RegisterReject {
            text: "Reload in progress".into(),
        });
    }
    assert!(waits[1] > waits[0].mul_f64(1.1), "{waits:?}");
    assert!(waits[2] > waits[1].mul_f64(1.1), "{waits:?}");
}

#[test]
fn stop_unregisters_and_closes_even_when_nobody_answers() {
    let mut b = Bench::registered(|_| {});
    b.station.stop(b.now);
    assert_eq!(
        b.did(),
        [Did::Sent(ClientMessage::Unregister { reason: None })]
    );
    b.pass(secs(1));
    assert_eq!(b.did(), [Did::Close, Did::Event(StationEvent::Stopped)]);
    assert_eq!(b.station.poll_timeout(), None);
    assert_eq!(b.station.snapshot().state, StationState::Stopped);
    assert!(!b.station.send(b.now, ClientMessage::KeepAlive));
    b.station.start(b.now);
    b.pass(Duration::ZERO);
    assert_eq!(b.did(), [Did::Connect(0)], "and can be started again");
    b.station.stop(b.now);
    assert_eq!(b.did(), [Did::Close, Did::Event(StationEvent::Stopped)]);
}

#[test]
fn junk_while_unregistering_still_stops() {
    let mut b = Bench::registered(|_| {});
    b.station.stop(b.now);
    b.did();
    b.station.handle_input(b.now, &[0; 16]);
    assert_eq!(b.did(), [Did::Close, Did::Event(StationEvent::Stopped)]);
}

#[test]
fn a_flood_before_the_round_is_done_ends_the_round_not_the_memory() {
    let mut b = Bench::new(|_| {});
    b.start();
    b.station.connected(b.now, LOCAL);
    b.hear(&ack(30, 3));
    b.did();
    for _ in 0..1000 {
        b.hear(&tone_call());
    }
    let passed = b
        .did()
        .iter()
        .filter(|d| matches!(d, Did::Event(StationEvent::Message(_))))
        .count();
    assert_eq!(passed, 1000);
    assert!(b.station.is_registered());
}

#[test]
fn new_configuration_is_taken_up_after_the_call() {
    let mut b = Bench::registered(|_| {});
    b.pass(secs(25));
    b.station.set_busy(b.now, true);
    let mut config = b.station.config().clone();
    config.offer_version = 11;
    b.station.reconfigure(b.now, config);
    assert_eq!(b.did(), []);
    b.station.set_busy(b.now, false);
    assert_eq!(
        b.did(),
        [Did::Sent(ClientMessage::Unregister { reason: None })]
    );
    b.hear(&ServerMessage::UnregisterAck { status: 0 });
    b.until_connect(0);
    b.station.connected(b.now, LOCAL);
    assert!(b.did().iter().any(|d| matches!(
        d,
        Did::Sent(ClientMessage::Register(Register { version: 11, .. }))
    )));
}

#[test]
fn ports_started_with_a_delay_wait_for_it() {
    let mut b = Bench::new(|c| c.start_delay = Duration::from_millis(250));
    b.station.start(b.now);
    b.pass(Duration::from_millis(249));
    assert_eq!(b.did(), []);
    b.pass(Duration::from_millis(1));
    assert_eq!(b.did(), [Did::Connect(0)]);
}

#[test]
fn a_trace_shows_both_directions() {
    let mut b = Bench::registered(|_| {});
    b.station.set_trace(true);
    b.station.send(b.now, ClientMessage::TimeDateReq);
    b.station
        .handle_input(b.now, &wire::encode_server(&tone_call(), 3));
    let mut traced = vec![];
    while let Some(output) = b.station.poll_output() {
        if let StationOutput::Trace { sent, message } = output {
            traced.push((sent, message));
        }
    }
    assert_eq!(
        traced,
        [
            (true, TracedMessage::Client(ClientMessage::TimeDateReq)),
            (false, TracedMessage::Server(tone_call())),
        ]
    );
}

/// Everything in any order, with random bytes between: nothing may panic, hang or grow without end.
#[test]
fn any_order_of_inputs_is_survived() {
    let mut state = 0x1234_5678_9abc_def0u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for servers in [0, 1, 3] {
        let mut b = Bench::new(|c| {
            c.server_count = servers;
            c.timing.keepalive_answer = Duration::ZERO;
            c.timing.round_step = Duration::ZERO;
            c.timing.probe = Duration::ZERO;
            c.retry.first = Duration::ZERO;
        });
        for _ in 0..20_000 {
            match random(16) {
                0 => b.station.start(b.now),
                1 => b.station.connected(b.now, LOCAL),
                2 => b.station.connect_failed(b.now, ConnectFailure::Unreachable),
                3 if random(8) == 0 => b.station.closed(b.now, CloseReason::Reset),
                4 if random(8) == 0 => b.station.stop(b.now),
                5 => {
                    let bytes: Vec<u8> = (0..random(40)).map(|_| random(256) as u8).collect();
                    if random(4) == 0 {
                        b.station.handle_input(b.now, &bytes);
                    } else {
                        let id = [0x81, 0x9D, 0x9F, 0x100, 0x111, 0x118, 0x94][random(7) as usize];
                        let frame = wire::Frame {
                            header_version: random(30) as u32,
                            id,
                            body: bytes,
                        };
                        b.station.handle_input(b.now, &frame.to_bytes());
                    }
                }
                6 => b.hear(&ack(random(100) as u32, random(256) as u8)),
                7 => b.hear(&ServerMessage::CapabilitiesReq),
                8 => b.hear(&ServerMessage::KeepAliveAck),
                9 => b.hear(&ServerMessage::Reset {
                    kind: ResetKind(random(5) as u32),
                }),
                10 => b.station.set_busy(b.now, random(2) == 0),
                11 => b
                    .station
                    .probe_result(b.now, random(4) as usize, random(2) == 0),
                12 if random(16) == 0 => {
                    let config = b.station.config().clone();
                    b.station.reconfigure(b.now, config);
                }
                13 => {
                    b.station.send(b.now, ClientMessage::TimeDateReq);
                }
                _ => {
                    b.now = b.now + Duration::from_millis(random(3_000));
                    b.station.handle_timeout(b.now);
                }
            }
            while b.station.poll_output().is_some() {}
            let _ = b.station.snapshot();
        }
        assert!(b.station.snapshot().history.len() <= HISTORY);
    }
}
