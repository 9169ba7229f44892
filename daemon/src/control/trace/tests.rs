use super::*;
use std::net::{Ipv4Addr, SocketAddrV4};
use tipring_proto::call::{CallerId, DigitHeard};
use tipring_proto::sccp::message::{ClientMessage, KeypadButton, RingMode};
use tipring_proto::types::{CallRef, Codec, Digit, LineInstance, Party};
use tipring_types::TenthDbm0;

fn line(port: u16, text: &str) -> TraceEvent {
    TraceEvent {
        port: Some(port),
        text: text.to_owned(),
        ..TraceEvent::default()
    }
}

fn taken(events: &mut mpsc::Receiver<Event>) -> Vec<String> {
    let mut all = vec![];
    while let Ok(event) = events.try_recv() {
        all.push(match event {
            Event::Trace(e) => e.text,
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
    tracers.add(vec![2], to_two);
    tracers.add(vec![], to_all);
    tracers.tell(&line(1, "a"));
    tracers.tell(&line(2, "b"));
    assert_eq!(taken(&mut two), ["b"]);
    assert_eq!(taken(&mut all), ["a", "b"]);
}

#[test]
fn a_slow_client_is_told_how_many_lines_it_lost() {
    let mut tracers = Tracers::default();
    let (events, mut queue) = mpsc::channel(2);
    tracers.add(vec![], events);
    for n in 0..5 {
        tracers.tell(&line(1, &n.to_string()));
    }
    assert_eq!(taken(&mut queue), ["0", "1"]);
    tracers.tell(&line(1, "5"));
    assert_eq!(taken(&mut queue), ["lost 3", "5"]);
}

#[test]
fn the_last_events_of_each_port_are_kept_and_no_more() {
    let mut tracers = Tracers::default();
    assert_eq!(tracers.last(1), []);
    for n in 0..=KEPT {
        tracers.tell(&line(1, &n.to_string()));
    }
    tracers.tell(&line(2, "other"));
    let texts: Vec<String> = tracers.last(1).into_iter().map(|e| e.text).collect();
    assert_eq!(texts.len(), KEPT);
    assert_eq!(texts.first().map(String::as_str), Some("1"));
    assert_eq!(texts.last(), Some(&KEPT.to_string()));
    assert_eq!(tracers.last(2).len(), 1);
}

#[test]
fn a_client_that_went_is_forgotten() {
    let mut tracers = Tracers::default();
    let (events, queue) = mpsc::channel(2);
    tracers.add(vec![9], events);
    drop(queue);
    tracers.tell(&line(1, "for others"));
    assert_eq!(tracers.clients.len(), 0);
}

#[test]
fn what_a_device_traced_is_told_in_words() {
    let at = Time::ZERO;
    let remote = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 4000);
    let id = CallerId {
        number: Presented::Text("1001".into()),
        name: Presented::Withheld,
    };
    let told = [
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
    .map(|traced| in_words(&traced));
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
        (TraceKind::SccpOut, "KeypadButton 5, line 1, ref 9"),
        (TraceKind::SccpIn, "unreadable message: too short"),
    ]
    .map(|(kind, text)| (kind, text.to_owned()));
    assert_eq!(told, expected);
}
