use super::*;
use std::net::{Ipv4Addr, SocketAddrV4};
use tipring_ctl::report::TraceKind;
use tipring_proto::call::{CallerId, DigitHeard, LineInput, LineOutput, MediaOutput, Presented};
use tipring_proto::device::TraceEvent as Traced;
use tipring_proto::sccp::message::{ClientMessage, KeypadButton, RingMode};
use tipring_proto::sccp::station::TracedMessage;
use tipring_proto::time::Time;
use tipring_proto::types::{CallRef, Codec, Digit, LineInstance, Party};
use tipring_types::TenthDbm0;

fn line(port: u16, at_unix_us: u64) -> Entry {
    Entry {
        at_unix_us,
        port,
        call: None,
        event: Trace::LoopClosed,
    }
}

fn events_of(ports: &[u16]) -> Wish {
    Wish {
        ports: ports.to_vec(),
        bytes: false,
    }
}

fn bytes_of(ports: &[u16]) -> Wish {
    Wish {
        bytes: true,
        ..events_of(ports)
    }
}

fn taken(events: &mut mpsc::Receiver<Event>) -> Vec<String> {
    let mut all = vec![];
    while let Ok(event) = events.try_recv() {
        all.push(match event {
            Event::Trace(e) => e.at_unix_us.to_string(),
            Event::Sccp(e) => format!("bytes {}", e.hex),
            Event::Lost { count } => format!("lost {count}"),
        });
    }
    all
}

#[test]
fn a_client_hears_of_its_ports_only_and_of_all_when_it_names_none() {
    let mut tracers = Tracers::default();
    let (to_two, mut two) = mpsc::channel(8);
    let (to_all, mut all) = mpsc::channel(8);
    tracers.add(events_of(&[2]), to_two);
    tracers.add(events_of(&[]), to_all);
    tracers.publish(line(1, 11));
    tracers.publish(line(2, 22));
    assert_eq!(taken(&mut two), ["22"]);
    assert_eq!(taken(&mut all), ["11", "22"]);
}

#[test]
fn a_slow_client_is_sent_the_number_of_lines_it_lost() {
    let mut tracers = Tracers::default();
    let (events, mut queue) = mpsc::channel(2);
    tracers.add(events_of(&[]), events);
    for n in 0..5 {
        tracers.publish(line(1, n));
    }
    assert_eq!(taken(&mut queue), ["0", "1"]);
    tracers.publish(line(1, 5));
    assert_eq!(taken(&mut queue), ["lost 3", "5"]);
}

#[test]
fn the_last_events_of_each_port_are_kept_and_no_more() {
    let mut tracers = Tracers::default();
    assert_eq!(tracers.last(1), []);
    for n in 0..=KEPT as u64 {
        tracers.publish(line(1, n));
    }
    tracers.publish(line(2, 7));
    let times: Vec<u64> = tracers.last(1).iter().map(|e| e.at_unix_us).collect();
    assert_eq!(times.len(), KEPT);
    assert_eq!(times.first(), Some(&1));
    assert_eq!(times.last(), Some(&(KEPT as u64)));
    assert_eq!(tracers.last(2).len(), 1);
}

#[test]
fn a_client_that_went_is_forgotten() {
    let mut tracers = Tracers::default();
    let (events, queue) = mpsc::channel(2);
    tracers.add(events_of(&[9]), events);
    drop(queue);
    tracers.publish(line(1, 1));
    assert_eq!(tracers.clients.len(), 0);
}

#[test]
fn what_a_device_traced_is_an_event_with_its_words() {
    let at = Time::ZERO;
    let remote = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 4000);
    let id = CallerId {
        number: Presented::Text("1001".into()),
        name: Presented::Withheld,
    };
    let traced = [
        Traced::LineIn(LineInput::LoopClosed { at }),
        Traced::LineOut(LineOutput::Ring(RingMode::INSIDE)),
        Traced::LineOut(LineOutput::SendCallerId {
            id,
            dual_tone_alert: true,
        }),
        Traced::Digit(DigitHeard {
            digit: Digit::from_char('#').unwrap(),
            at,
            level: TenthDbm0(-125),
        }),
        Traced::MediaOut(MediaOutput::StartSend {
            party: Party(4),
            remote,
            codec: Codec::G711Alaw,
            ptime_ms: 20,
            rfc2833_payload: Some(101),
            nse_payload: None,
            dscp: 46,
        }),
        Traced::Message {
            sent: true,
            message: TracedMessage::Client(ClientMessage::KeypadButton(KeypadButton {
                button: 5,
                line: LineInstance(1),
                call: CallRef(9),
            })),
        },
        Traced::Message {
            sent: false,
            message: TracedMessage::Unreadable("too short".into()),
        },
    ]
    .map(|traced| {
        let event = of_device(&traced).unwrap();
        let shown = TraceEvent::new(0, Some(1), None, event);
        (shown.kind, shown.text)
    });
    let expected = [
        (TraceKind::Hook, "loop closed"),
        (TraceKind::Line, "ring, inside"),
        (
            TraceKind::Line,
            "send caller ID: number \"1001\", name withheld, after DT-AS",
        ),
        (TraceKind::Digit, "DTMF # at -12.5 dBm0"),
        (
            TraceKind::Media,
            "leg 4 sends to 192.0.2.7:4000: G.711 A-law, 20 ms, telephone-events 101",
        ),
        (
            TraceKind::SccpOut,
            "KeypadButton 5, line 1, CallManager ref 9",
        ),
        (TraceKind::SccpIn, "unreadable message: too short"),
    ]
    .map(|(kind, text)| (kind, text.to_owned()));
    assert_eq!(traced, expected);
}

#[test]
fn a_pulse_digit_that_is_no_digit_is_no_event() {
    let pulse = |digit| {
        let at = Time::ZERO;
        of_device(&Traced::LineIn(LineInput::PulseDigit { digit, at }))
    };
    assert!(pulse(9).is_some());
    assert_eq!(pulse(10), None);
}

#[test]
fn bytes_go_to_those_who_capture_the_port_and_cost_nothing_where_nobody_does() {
    let mut tracers = Tracers::default();
    let (follows, mut follower) = mpsc::channel(8);
    tracers.add(events_of(&[]), follows);
    let (captures, mut capturer) = mpsc::channel(8);
    assert_eq!(tracers.add(bytes_of(&[2]), captures), None);
    let made = std::cell::Cell::new(0);
    for port in [1, 2] {
        tracers.bytes(port, || {
            made.set(made.get() + 1);
            SccpBytes {
                port,
                hex: "04000000".to_owned(),
                ..SccpBytes::default()
            }
        });
        tracers.publish(line(port, 7));
    }
    assert_eq!(
        made.get(),
        1,
        "bytes that nobody captures are not made into text"
    );
    assert_eq!(taken(&mut capturer), ["bytes 04000000"]);
    assert_eq!(taken(&mut follower), ["7", "7"]);
}

#[test]
fn captures_are_counted_and_one_that_has_ended_makes_room() {
    let mut tracers = Tracers::default();
    let mut queues = vec![];
    for _ in 0..MOST_CAPTURES {
        let (events, queue) = mpsc::channel(1);
        assert_eq!(tracers.add(bytes_of(&[]), events), None);
        queues.push(queue);
    }
    let (events, _kept) = mpsc::channel(1);
    assert_eq!(
        tracers.add(bytes_of(&[]), events.clone()),
        Some(MOST_CAPTURES)
    );
    assert_eq!(
        tracers.add(events_of(&[]), events.clone()),
        None,
        "following is no capture"
    );
    queues.pop();
    assert_eq!(tracers.add(bytes_of(&[]), events), None);
}
