//! Calls that the phone makes.

use super::*;

#[test]
fn a_call_is_made_answered_and_hung_up() {
    let mut b = Bench::new();
    b.lift();
    assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)]);
    assert_eq!(b.word(), PortState::Lifted);
    b.says(&[
        state(CallStateKind::OFF_HOOK, 5),
        tone(Tone::INSIDE_DIAL, 5),
    ]);
    assert_eq!(b.seen(), [play(Tone::INSIDE_DIAL)]);
    b.dial("20");
    assert_eq!(b.seen(), [SILENT, key(2, 5), key(0, 5)]);
    b.says(&[
        stop_tone(5),
        state(CallStateKind::OFF_HOOK, 5),
        stop_tone(5),
        open(5, 0),
    ]);
    assert_eq!(b.seen(), [open_receive(5, 5)]);
    b.opened(5);
    assert_eq!(b.seen(), [ack(MediaStatus::OK, 5, 0), bridge(5)]);
    b.says(&[
        start(5, 0),
        state(CallStateKind::PROCEED, 5),
        state(CallStateKind::RING_OUT, 5),
        ringer(RingMode::OFF, 0),
        stop_tone(5),
        state(CallStateKind::CONNECTED, 5),
    ]);
    assert_eq!(b.seen(), [start_send(5)]);
    assert_eq!(b.word(), PortState::InCall);
    b.dial("*#");
    assert_eq!(b.seen(), [key(14, 5), key(15, 5)]);
    b.hang_up();
    let out = b.outputs();
    assert_eq!(out[..2], [DTMF_OFF, on_hook(5)]);
    assert!(
        matches!(&out[2], Output::Record(r) if r.cause == EndCause::NearHangUp && r.number == "20")
    );
    assert_eq!(out[3..], [no_bridge(), close_receive(5)]);
    b.says(&[
        close(5),
        stop(5),
        stop_tone(5),
        state(CallStateKind::ON_HOOK, 5),
    ]);
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.media_ignored, 0);
    assert_eq!(b.word(), PortState::Idle);
    assert!(!b.port.is_busy());
}

#[test]
fn digits_faster_than_the_server_are_sent_once_the_call_has_a_name() {
    let mut b = Bench::new();
    b.lift();
    b.dial("12");
    assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)]);
    b.says(&[
        state(CallStateKind::OFF_HOOK, 9),
        tone(Tone::INSIDE_DIAL, 9),
    ]);
    assert_eq!(b.seen(), [key(1, 9), key(2, 9)]);
}

#[test]
fn dtmf_heard_while_pulses_are_counted_is_not_a_digit() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    b.outputs();
    for _ in 0..3 {
        b.input(Input::Line(LineInput::LoopOpened { at: b.now }));
        b.wait(60);
        b.input(Input::Line(LineInput::LoopClosed { at: b.now }));
        b.wait(40);
    }
    b.dial("3");
    b.wait(1000);
    assert_eq!(b.seen(), [SILENT, key(3, 1)]);
    let counters = b.port.snapshot().counters;
    assert_eq!(
        (
            counters.digits_pulse,
            counters.digits_dtmf,
            counters.digits_dropped
        ),
        (1, 0, 1)
    );
}

#[test]
fn letters_are_dropped_unless_asked_for() {
    let mut b = Bench::new();
    b.talking(1);
    b.dial("A");
    assert_eq!(b.seen(), []);
    let mut b = Bench::with(|c| c.send_abcd = true);
    b.talking(1);
    b.dial("AD");
    assert_eq!(b.seen(), [key(10, 1), key(13, 1)]);
}

#[test]
fn a_leg_with_an_event_payload_takes_the_digits_from_the_server() {
    let mut b = Bench::new();
    b.talking(1);
    let mut with_events = start_message(1, 0);
    with_events.rfc2833_payload = 101;
    b.says(&[ServerMessage::StartMediaTransmission(with_events)]);
    b.outputs();
    b.dial("5");
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.digits_dtmf, 5);
}

#[test]
fn digits_of_a_fax_or_modem_are_dialled_by_message_and_then_stay_in_its_voice_alone() {
    let mut b = Bench::with(|c| c.digits_in_band = true);
    b.talking(1);
    let mut with_events = start_message(1, 0);
    with_events.rfc2833_payload = 101;
    b.says(&[ServerMessage::StartMediaTransmission(with_events)]);
    let sends_without_events = |output: &Output| {
        matches!(
            output,
            Output::Media(MediaOutput::StartSend {
                rfc2833_payload: None,
                nse_payload: None,
                ..
            })
        )
    };
    assert!(b.outputs().iter().any(sends_without_events));
    b.dial("5#");
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.digits_dtmf, 6);
    // Without media there is no voice that they could stay in.
    b.says(&[stop(1)]);
    b.seen();
    b.dial("7");
    assert_eq!(b.seen(), [key(7, 1)]);
}

#[test]
fn a_waiting_message_stutters_the_dial_tone() {
    let mut b = Bench::new();
    let lamp = |mode| {
        ServerMessage::SetLamp(SetLamp {
            stimulus: Stimulus::VOICEMAIL,
            instance: 0,
            mode,
        })
    };
    b.says(&[lamp(LampMode::ON), lamp(LampMode::ON)]);
    assert_eq!(b.seen(), [line(LineOutput::MessageLamp(true))]);
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    assert_eq!(
        b.seen(),
        [DTMF_ON, off_hook(0, 0), play(Tone::STUTTER_DIAL)]
    );
    b.says(&[lamp(LampMode::OFF)]);
    assert_eq!(b.seen(), [line(LineOutput::MessageLamp(false))]);
}

#[test]
fn a_lift_that_the_server_names_after_the_hang_up_is_hung_up_again() {
    let mut b = Bench::new();
    b.lift();
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0), DTMF_OFF, on_hook(0)]);
    b.says(&[
        state(CallStateKind::OFF_HOOK, 7),
        tone(Tone::INSIDE_DIAL, 7),
    ]);
    assert_eq!(b.seen(), [on_hook(7)]);
    assert_eq!(b.word(), PortState::Idle);
}

#[test]
fn forwards_of_the_line_are_shown_until_the_server_is_lost() {
    let forward = |line: u32, all: Option<&str>| {
        ServerMessage::ForwardStat(ForwardStat {
            active: all.is_some(),
            line: LineInstance(line),
            all: all.map(str::to_owned),
            busy: Some("2003".into()),
            no_answer: None,
        })
    };
    let mut b = Bench::new();
    b.says(&[forward(1, Some("20\u{1b}02")), forward(2, None)]);
    let shown = Forwards {
        all: Some("2002".into()),
        busy: Some("2003".into()),
        no_answer: None,
    };
    assert_eq!(b.port.snapshot().forwards, shown);
    b.says(&[forward(0, None)]);
    assert_eq!(b.port.snapshot().forwards.all, None);
    b.input(Input::StationDown);
    assert_eq!(b.port.snapshot().forwards, Forwards::default());
}
