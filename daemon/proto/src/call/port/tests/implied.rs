//! Calls without CallState, and CallInfo that comes before it (both in Cisco's own traces).

use super::*;
use crate::sccp::message::Switch;

fn speaker(on: bool) -> ServerMessage {
    ServerMessage::SetSpeakerMode(Switch { on })
}

fn ring_off(b: &mut Bench) {
    b.input(Input::Line(LineInput::RingOff { at: b.now }));
    b.wait(500);
}

/// What the phone was shown.
fn shown(b: &mut Bench) -> Vec<CallerId> {
    let all = b.outputs().into_iter().filter_map(|o| match o {
        Output::Line(LineOutput::SendCallerId { id, .. }) => Some(id),
        _ => None,
    });
    all.collect()
}

fn caller(number: &str, name: &str) -> CallerId {
    let text = |text: &str| match text {
        "" => Presented::Unknown,
        text => Presented::Text(text.into()),
    };
    CallerId {
        number: text(number),
        name: text(name),
    }
}

#[test]
fn a_caller_sent_before_the_call_is_shown() {
    let before = [info(31, "5003", "Ann")];
    let orders = [
        [
            ringer(RingMode::INSIDE, 31),
            state(CallStateKind::RING_IN, 31),
        ],
        [
            state(CallStateKind::RING_IN, 31),
            ringer(RingMode::INSIDE, 31),
        ],
        [
            state(CallStateKind::RING_IN, 31),
            ringer(RingMode::INSIDE, 0),
        ],
        [
            ringer(RingMode::INSIDE, 0),
            state(CallStateKind::RING_IN, 31),
        ],
    ];
    for order in orders {
        let mut b = Bench::new();
        b.says(&before);
        b.says(&order);
        assert_eq!(b.seen(), [INSIDE], "{order:?}");
        b.wait(2_000);
        ring_off(&mut b);
        assert_eq!(shown(&mut b), [caller("5003", "Ann")], "{order:?}");
        let counters = b.port.snapshot().counters;
        assert_eq!((counters.calls_in, b.port.snapshot().calls.len()), (1, 1));
    }
}

#[test]
fn before_the_ring_the_best_that_came_in_time_is_shown() {
    let mut b = Bench::with(|c| {
        c.caller_id = CallerIdTiming::BeforeRing {
            polarity_reversal: false,
            dual_tone_alert: false,
            lead_ms: 250,
            ring_delay_ms: 300,
        };
    });
    b.says(&[
        info(31, "5003", ""),
        ringer(RingMode::INSIDE, 31),
        state(CallStateKind::RING_IN, 31),
    ]);
    b.wait(100);
    b.says(&[info(31, "5003", "Ann")]);
    b.wait(5_000);
    assert_eq!(shown(&mut b), [caller("5003", "Ann")]);
}

#[test]
fn a_later_caller_corrects_an_earlier_one_and_does_not_take_away_what_it_leaves_out() {
    for (reported, expected) in [
        ([("5003", "Ann"), ("5003", "")], ("5003", "Ann")),
        ([("", "Ann"), ("5003", "")], ("5003", "Ann")),
        ([("5003", "Ann"), ("", "")], ("5003", "Ann")),
        (
            [("5003", "Ann"), ("5003", "Ann Smith")],
            ("5003", "Ann Smith"),
        ),
        // Somebody else has been transferred to: no name of the one before.
        ([("5003", "Ann"), ("5004", "")], ("5004", "")),
        ([("5003", "Ann"), ("", "Bob")], ("", "Bob")),
    ] {
        for early in 0..=2 {
            let mut b = Bench::new();
            let infos = reported.map(|(number, name)| info(31, number, name));
            b.says(&infos[..early]);
            b.says(&[
                state(CallStateKind::RING_IN, 31),
                ringer(RingMode::INSIDE, 31),
            ]);
            b.says(&infos[early..]);
            b.wait(2_000);
            ring_off(&mut b);
            let (number, name) = expected;
            assert_eq!(
                shown(&mut b),
                [caller(number, name)],
                "{reported:?} {early}"
            );
        }
    }
}

#[test]
fn what_was_said_of_a_call_that_never_came_is_not_said_of_a_later_one() {
    let mut b = Bench::new();
    b.says(&[info(31, "5003", "Ann"), state(CallStateKind::ON_HOOK, 31)]);
    b.says(&[info(32, "5004", "Bob")]);
    b.wait(60_000);
    b.says(&[
        state(CallStateKind::RING_IN, 31),
        ringer(RingMode::INSIDE, 31),
        info(31, "7", ""),
    ]);
    b.wait(2_000);
    ring_off(&mut b);
    assert_eq!(shown(&mut b), [caller("7", "")]);
    b.says(&[state(CallStateKind::ON_HOOK, 31), ringer(RingMode::OFF, 31)]);
    b.says(&[ringer(RingMode::INSIDE, 0)]);
    b.wait(2_000);
    ring_off(&mut b);
    b.wait(6_000);
    ring_off(&mut b);
    assert_eq!(shown(&mut b), [caller("", "")]);
}

/// Rings without CallState; `id` is what the messages name, 0 in the oldest layouts.
fn rung(b: &mut Bench, id: u32) {
    b.says(&[info(id, "5003", "Ann"), ringer(RingMode::INSIDE, id)]);
    assert_eq!(b.seen(), [INSIDE]);
}

/// And is answered. The media names no call.
fn answered(b: &mut Bench, id: u32) {
    b.lift();
    assert_eq!(b.seen(), [STOP_RING, DTMF_ON, off_hook(1, id)]);
    b.says(&[ringer(RingMode::OFF, id), stop_tone(id), open(2, 0)]);
    b.opened(2);
    b.says(&[start(2, 0)]);
    b.outputs();
}

#[test]
fn a_call_that_only_rings_is_answered_and_talks() {
    for id in [41, 0] {
        let mut b = Bench::new();
        rung(&mut b, id);
        answered(&mut b, id);
        b.wait(60_000);
        assert_eq!(b.seen(), [], "no error tone");
        assert_eq!(b.word(), PortState::InCall);
        assert_eq!(b.port.snapshot().calls[0].state, CallState::Connected);
        b.dial("5");
        assert_eq!(b.seen(), [key(5, id)]);
        b.hang_up();
        assert_eq!(
            b.seen(),
            [DTMF_OFF, on_hook(id), no_bridge(), close_receive(2)]
        );
        assert_eq!(b.word(), PortState::Idle);
    }
}

#[test]
fn an_answer_that_the_server_has_noticed_waits_for_its_media() {
    let mut b = Bench::new();
    rung(&mut b, 41);
    b.lift();
    b.says(&[ringer(RingMode::OFF, 41), speaker(true), stop_tone(41)]);
    b.outputs();
    b.wait(8_000);
    b.says(&[open(2, 0)]);
    b.opened(2);
    assert_eq!(
        b.seen(),
        [open_receive(2, 41), ack(MediaStatus::OK, 2, 0), bridge(2)]
    );
}

#[test]
fn the_end_of_the_media_ends_a_call_without_state() {
    for with_speaker in [true, false] {
        let mut b = Bench::new();
        rung(&mut b, 41);
        answered(&mut b, 41);
        // The codec changes: that is not the end.
        b.says(&[close(2), stop(2)]);
        b.wait(1_500);
        b.says(&[open(3, 0)]);
        b.opened(3);
        b.says(&[start(3, 0)]);
        b.wait(10_000);
        assert_eq!(b.word(), PortState::InCall);
        b.outputs();
        b.says(&[close(3), stop(3), stop_tone(0)]);
        if with_speaker {
            b.says(&[speaker(false)]);
        } else {
            b.wait(2_000);
        }
        let out = b.outputs();
        assert!(
            matches!(&out[2], Output::Record(r) if r.cause == EndCause::FarHangUp),
            "{out:?}"
        );
        assert_eq!(out[3..], [line(LineOutput::OpenLoop { ms: 500 })]);
    }
}

#[test]
fn a_caller_who_gives_up_a_call_without_state_stops_the_ring_and_the_call() {
    for (id, off) in [(41, 41), (41, 0), (0, 0)] {
        let mut b = Bench::new();
        rung(&mut b, id);
        b.says(&[ringer(RingMode::OFF, off)]);
        let out = b.outputs();
        assert!(out.contains(&STOP_RING), "{out:?}");
        assert_eq!(b.port.snapshot().calls, []);
        assert_eq!(b.word(), PortState::Idle);
        b.lift();
        assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)]);
    }
}

#[test]
fn a_call_dialled_at_a_server_without_call_state_gets_its_digits_through() {
    for id in [0, 7] {
        let mut b = Bench::new();
        b.lift();
        b.dial("1");
        b.outputs();
        b.says(&[tone(Tone::INSIDE_DIAL, id)]);
        assert!(b.seen().contains(&key(1, id)));
        b.dial("2");
        b.says(&[stop_tone(id), tone(Tone::ALERTING, id)]);
        assert!(b.seen().contains(&key(2, id)));
        assert_eq!(b.port.snapshot().calls[0].state, CallState::RingingOut);
        b.says(&[stop_tone(id), open(2, 0)]);
        b.opened(2);
        b.says(&[start(2, 0)]);
        assert!(b.seen().contains(&bridge(2)));
        assert_eq!(b.port.snapshot().calls[0].state, CallState::Connected);
        b.wait(60_000);
        assert_eq!((b.seen(), b.word()), (vec![], PortState::InCall));
        b.hang_up();
        assert!(b.seen().contains(&on_hook(id)));
    }
}

#[test]
fn a_state_that_comes_after_the_tone_names_the_call() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        tone(Tone::INSIDE_DIAL, 0),
        state(CallStateKind::OFF_HOOK, 9),
    ]);
    b.outputs();
    b.dial("2");
    assert_eq!(b.seen(), [SILENT, key(2, 9)]);
    assert_eq!(b.port.snapshot().calls.len(), 1);
    // It has its states: media that closes is not the end.
    b.says(&[state(CallStateKind::CONNECTED, 9), open(2, 0)]);
    b.opened(2);
    b.says(&[close(2), stop(2)]);
    b.wait(10_000);
    assert_eq!(b.word(), PortState::InCall);
}

#[test]
fn a_hot_line_that_only_opens_media_talks() {
    for id in [0, 7] {
        let mut b = Bench::new();
        b.lift();
        b.says(&[open(2, id)]);
        b.opened(2);
        b.says(&[start(2, id)]);
        assert!(b.seen().contains(&bridge(2)));
        b.wait(60_000);
        assert_eq!((b.seen(), b.word()), (vec![], PortState::InCall));
        b.dial("5");
        assert_eq!(b.seen(), [key(5, id)]);
    }
}
