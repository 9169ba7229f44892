//! From start to registered: servers, answers, refusals.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sccp::message::{
    Alarm, CapabilitiesRes, DisplayNotify, OneLine, RegisterAvailableLines, RegisterReject,
};
use crate::sccp::message::{
    AlarmSeverity, DefineTimeDate, MediaCapability, MediaFormat, Register, ServerMessage,
};
use crate::sccp::wire;
use crate::types::{CodePage, DeviceName, DeviceType, LineInstance};

#[test]
fn a_registration_asks_everything_and_waits_for_nothing_that_chan_skinny_leaves_unanswered() {
    let mut b = Bench::new(|c| c.features = 0x0400);
    b.start();
    b.connected();
    let name = DeviceName::new("VGC112233445501").unwrap();
    let load = concat!("tipring-", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        b.did(),
        [
            Did::Sent(ClientMessage::Alarm(Alarm {
                severity: AlarmSeverity::INFORMATIONAL,
                text: format!("Name=VGC112233445501 Load={load} Last=Initialized"),
                p1: 0,
                p2: 0x0700_000a,
            })),
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
                sent(ClientMessage::CapabilitiesRes(CapabilitiesRes {
                    capabilities: [MediaFormat::G711_ULAW, MediaFormat::G711_ALAW]
                        .map(|format| MediaCapability {
                            format,
                            max_frames: 40
                        })
                        .to_vec()
                })),
                sent(ClientMessage::ButtonTemplateReq),
            ],
            vec![sent(ClientMessage::SoftKeyTemplateReq)],
            vec![sent(ClientMessage::SoftKeySetReq)],
            vec![sent(ClientMessage::LineStatReq(OneLine { line }))],
            vec![
                sent(ClientMessage::ForwardStatReq(OneLine { line })),
                sent(ClientMessage::ServerReq),
            ],
            vec![
                sent(ClientMessage::ConfigStatReq),
                sent(ClientMessage::RegisterAvailableLines(
                    RegisterAvailableLines { lines: 1 }
                )),
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
    b.connected();
    b.hear(&ack(30, 3));
    b.pass(secs(7));
    assert!(b.station.is_registered());
    assert_eq!(b.station.snapshot().counters.answers_missing, 7);
}

#[test]
fn the_number_that_a_former_server_gave_is_not_that_of_one_that_gives_none() {
    let mut b = Bench::registered(|_| {});
    assert!(b.station.snapshot().line.is_some());
    b.closed(CloseReason::ByServer);
    b.until_connect(0);
    b.connected();
    b.hear(&ack(30, 3));
    b.pass(secs(7));
    assert!(b.station.is_registered());
    assert_eq!(b.station.snapshot().line, None);
}

#[test]
fn a_server_that_takes_the_connection_and_not_the_device_does_not_cost_the_number() {
    let mut b = Bench::registered(|_| {});
    b.closed(CloseReason::ByServer);
    b.until_connect(0);
    b.connected();
    assert!(b.station.snapshot().line.is_some(), "it may stall");
    b.hear(&ServerMessage::RegisterReject(RegisterReject {
        text: String::new(),
    }));
    assert!(!b.station.is_registered());
    assert!(b.station.snapshot().line.is_some(), "it said no");
    // One that takes it may have another number for it.
    b.until_connect(0);
    b.connected();
    b.hear(&ack(30, 3));
    assert_eq!(b.station.snapshot().line, None);
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
        b.connected();
        b.hear(&ack(30, answered));
        assert_eq!(b.station.snapshot().version, used, "{offered} {answered}");
    }
}

#[test]
fn a_nonsense_keepalive_interval_becomes_a_useful_one() {
    for (named, used) in [(0, 30), (1, 1), (u32::MAX, 120)] {
        let mut b = Bench::new(|_| {});
        b.start();
        b.register(named);
        assert_eq!(b.station.snapshot().keepalive_s, used);
    }
}

#[test]
fn refused_everywhere_waits_longer_each_round() {
    let mut b = Bench::new(|c| c.servers = (0..2).collect());
    b.start();
    let mut waits = vec![];
    for _ in 0..4 {
        b.connect_failed(ConnectFailure::Refused);
        assert_eq!(
            b.until_connect(1),
            Duration::ZERO,
            "the next server at once"
        );
        b.connect_failed(ConnectFailure::Refused);
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
        b.connect_failed(ConnectFailure::Refused);
        b.until_connect(0)
    };
    assert_eq!(wait(5), wait(5));
    assert_ne!(wait(5), wait(6));
}

#[test]
fn tcp_that_never_opens_is_given_up() {
    let mut b = Bench::new(|_| {});
    b.start();
    b.pass(secs(4));
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
    b.connected();
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
        ("", RejectCause::NoText),
    ] {
        let mut b = Bench::new(|_| {});
        b.start();
        b.connected();
        b.did();
        let text: String = text.chars().take(32).collect();
        b.hear(&ServerMessage::RegisterReject(RegisterReject {
            text: text.clone(),
        }));
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
fn a_refusal_by_a_phrase_of_the_phones_table_is_read_as_its_words() {
    let mut b = Bench::new(|_| {});
    b.start();
    b.connected();
    b.did();
    b.hear(&ServerMessage::RegisterReject(RegisterReject {
        text: "\u{80}\u{2F}".to_owned(),
    }));
    let did = b.did();
    let Did::Event(StationEvent::AttemptFailed { reason, .. }) = &did[1] else {
        panic!("{did:?}");
    };
    let rejected = LostReason::Rejected {
        text: "Error DB Config".to_owned(),
        cause: RejectCause::DeviceUnknown,
    };
    assert_eq!(*reason, rejected);
    assert_eq!(
        b.station.snapshot().last_reject.unwrap().text,
        "Error DB Config"
    );
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
        b.connected();
        for piece in bytes.chunks(size) {
            b.received(piece);
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
fn a_flood_before_the_round_is_done_ends_the_round_not_the_memory() {
    let mut b = Bench::new(|_| {});
    b.start();
    b.connected();
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
    b.received(&wire::encode_server(&tone_call(), 3));
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

#[test]
fn a_name_in_the_code_page_of_the_server_is_read_in_it_at_once_after_a_change() {
    let named = |b: &mut Bench| {
        let mut bytes = wire::encode_server(
            &ServerMessage::DisplayNotify(DisplayNotify {
                timeout_s: 3,
                text: "From ????".into(),
            }),
            3,
        );
        let at = bytes.windows(4).position(|w| w == b"????").unwrap();
        // Иван in Windows-1251.
        bytes[at..at + 4].copy_from_slice(b"\xC8\xE2\xE0\xED");
        b.did();
        b.received(&bytes);
        b.did().into_iter().find_map(|did| match did {
            Did::Event(StationEvent::Message(ServerMessage::DisplayNotify(m))) => Some(m.text),
            _ => None,
        })
    };
    let mut b = Bench::registered(|_| {});
    assert_eq!(named(&mut b).as_deref(), Some("From Èâàí"));
    let mut config = b.station.config().clone();
    config.code_page = CodePage::Windows1251;
    b.station.reconfigure(b.now, config);
    assert!(b.station.is_registered());
    assert_eq!(named(&mut b).as_deref(), Some("From Иван"));
}
