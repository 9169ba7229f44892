//! Calls offered to the phone.

use super::*;

fn caller_id(number: Presented, name: Presented, dual_tone_alert: bool) -> [Output; 2] {
    [
        line(LineOutput::OnHookTransmission { ms: 3000 }),
        line(LineOutput::SendCallerId {
            id: CallerId { number, name },
            dual_tone_alert,
        }),
    ]
}

fn ada(dual_tone_alert: bool) -> [Output; 2] {
    caller_id(
        Presented::Text("5551234".into()),
        Presented::Text("Ada".into()),
        dual_tone_alert,
    )
}

fn ring_off(b: &mut Bench) {
    b.input(Input::Line(LineInput::RingOff { at: b.now }));
}

fn ring_on(b: &mut Bench) {
    b.input(Input::Line(LineInput::RingOn { at: b.now }));
}

fn uk(cfg: &mut PortConfig) {
    cfg.caller_id = CallerIdTiming::BeforeRing {
        polarity_reversal: true,
        dual_tone_alert: true,
        lead_ms: 250,
        ring_delay_ms: 300,
    };
}

#[test]
fn a_call_rings_and_is_answered_and_the_far_end_hears() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        info(4, "5551234", "Ada"),
        ringer(RingMode::INSIDE, 0),
    ]);
    assert_eq!(b.seen(), [INSIDE]);
    assert_eq!(b.word(), PortState::Ringing);
    b.lift();
    assert_eq!(b.seen(), [STOP_RING, DTMF_ON, off_hook(1, 4)]);
    b.says(&[
        ringer(RingMode::OFF, 0),
        state(CallStateKind::OFF_HOOK, 4),
        stop_tone(4),
        state(CallStateKind::CONNECTED, 4),
        open(4, 0),
    ]);
    b.opened(4);
    assert_eq!(
        b.seen(),
        [open_receive(4, 4), ack(MediaStatus::OK, 4, 0), bridge(4)]
    );
    b.says(&[start(4, 0)]);
    assert_eq!(b.seen(), [start_send(4)]);
    b.says(&[close(4), stop(4), state(CallStateKind::ON_HOOK, 4)]);
    let record = &b.records()[0];
    assert_eq!(record.direction, CallDirection::Incoming);
    assert_eq!(
        (record.number.as_str(), record.name.as_str()),
        ("5551234", "Ada")
    );
    assert_eq!(record.cause, EndCause::FarHangUp);
}

#[test]
fn the_caller_is_shown_once_in_the_first_silence() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        info(4, "5551234", "Ada"),
        ringer(RingMode::OUTSIDE, 4),
    ]);
    b.outputs();
    b.wait(2000);
    ring_off(&mut b);
    b.wait(499);
    assert_eq!(b.seen(), []);
    b.wait(1);
    assert_eq!(b.seen(), ada(false));
    b.input(Input::Line(LineInput::CallerIdSent));
    b.wait(3000);
    ring_on(&mut b);
    b.wait(2000);
    ring_off(&mut b);
    b.wait(4000);
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.caller_ids, 1);
}

#[test]
fn a_caller_sent_late_is_shown_in_the_same_silence() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 0),
    ]);
    b.wait(2000);
    ring_off(&mut b);
    b.wait(1000);
    assert_eq!(b.seen(), [INSIDE]);
    b.says(&[info(4, "5551234", "Ada")]);
    b.wait(0);
    assert_eq!(b.seen(), ada(false));
}

#[test]
fn a_caller_never_sent_is_shown_as_unknown_after_the_second_ring() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 0),
    ]);
    for _ in 0..2 {
        b.outputs();
        b.wait(2000);
        ring_off(&mut b);
        b.wait(4000);
        ring_on(&mut b);
    }
    assert_eq!(
        b.seen(),
        caller_id(Presented::Unknown, Presented::Unknown, false)
    );
}

#[test]
fn a_withheld_caller_is_distinguished_from_an_unknown_one() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ServerMessage::CallInfo(CallInfo {
            call: CallRef(4),
            calling_number: "5551234".into(),
            restriction: 0x3,
            ..CallInfo::default()
        }),
        ringer(RingMode::INSIDE, 0),
    ]);
    b.outputs();
    ring_off(&mut b);
    b.wait(500);
    assert_eq!(
        b.seen(),
        caller_id(Presented::Withheld, Presented::Withheld, false)
    );
}

#[test]
fn with_line_reversal_the_caller_comes_before_the_ring() {
    let mut b = Bench::with(uk);
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 0),
    ]);
    b.wait(100);
    assert_eq!(b.seen(), []);
    assert_eq!(b.word(), PortState::Announcing);
    b.says(&[info(4, "5551234", "Ada")]);
    assert_eq!(b.seen(), [line(LineOutput::Polarity(Polarity::Reversed))]);
    b.wait(250);
    assert_eq!(b.seen(), ada(true));
    b.wait(900);
    b.input(Input::Line(LineInput::CallerIdSent));
    b.wait(299);
    assert_eq!(b.seen(), []);
    b.wait(1);
    assert_eq!(b.seen(), [INSIDE]);
    ring_off(&mut b);
    b.wait(2000);
    b.says(&[state(CallStateKind::ON_HOOK, 4), ringer(RingMode::OFF, 0)]);
    assert_eq!(
        b.seen(),
        [STOP_RING, line(LineOutput::Polarity(Polarity::Forward))]
    );
}

#[test]
fn a_caller_that_never_comes_delays_the_ring_by_a_moment_only() {
    let mut b = Bench::with(uk);
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 0),
    ]);
    b.wait(200);
    assert_eq!(b.seen(), [line(LineOutput::Polarity(Polarity::Reversed))]);
    b.wait(250);
    assert_eq!(
        b.seen(),
        caller_id(Presented::Unknown, Presented::Unknown, true)
    );
    // The line never reports the end of it.
    b.wait(4_300);
    assert_eq!(b.seen(), [INSIDE]);
}

#[test]
fn lifting_during_the_caller_id_answers() {
    let mut b = Bench::with(uk);
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        info(4, "1", ""),
        ringer(RingMode::INSIDE, 0),
    ]);
    b.wait(500);
    b.outputs();
    b.lift();
    assert_eq!(
        b.seen(),
        [
            line(LineOutput::StopCallerId),
            line(LineOutput::Polarity(Polarity::Forward)),
            DTMF_ON,
            off_hook(1, 4)
        ]
    );
    b.input(Input::Line(LineInput::CallerIdSent));
    b.wait(1000);
    assert_eq!(b.seen(), []);
}

#[test]
fn a_fax_port_just_rings() {
    let mut b = Bench::with(|c| c.caller_id = CallerIdTiming::None);
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        info(4, "1", ""),
        ringer(RingMode::OUTSIDE, 4),
    ]);
    ring_off(&mut b);
    b.wait(4000);
    assert_eq!(b.seen(), [line(LineOutput::Ring(RingMode::OUTSIDE))]);
}

#[test]
fn a_silent_ringer_does_not_ring() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::SILENT, 4),
    ]);
    b.wait(5000);
    assert_eq!(b.seen(), []);
}

#[test]
fn a_caller_who_gives_up_stops_the_ring_once() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 0),
    ]);
    b.outputs();
    b.says(&[
        close(4),
        stop(4),
        stop_tone(4),
        state(CallStateKind::ON_HOOK, 4),
        ringer(RingMode::OFF, 0),
    ]);
    let out = b.outputs();
    assert!(matches!(&out[0], Output::Record(r) if r.cause == EndCause::NotAnswered));
    assert_eq!(out[1..], [STOP_RING]);
    assert_eq!(b.word(), PortState::Idle);
}

#[test]
fn a_ring_trip_while_the_caller_gives_up_gets_the_dial_tone_the_server_sends() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 0),
    ]);
    b.lift();
    b.outputs();
    b.says(&[state(CallStateKind::ON_HOOK, 4)]);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    b.says(&[
        state(CallStateKind::OFF_HOOK, 5),
        tone(Tone::INSIDE_DIAL, 5),
    ]);
    assert_eq!(b.seen(), [SILENT, play(Tone::INSIDE_DIAL)]);
}
