//! Servers that go silent or wrong, and what the phone hears then.

use super::*;

#[test]
fn without_a_server_there_is_an_error_tone_a_howler_and_then_silence() {
    let mut b = Bench::with(|c| c.unregistered_tone = Tone::BUSY);
    b.input(Input::StationDown);
    b.lift();
    assert_eq!(b.seen(), [DTMF_ON, play(Tone::BUSY)]);
    b.wait(15_000);
    assert_eq!(b.seen(), [play(Tone::HOWLER)]);
    assert!(!b.port.is_busy());
    b.wait(60_000);
    assert_eq!(b.seen(), [SILENT]);
    assert_eq!(b.word(), PortState::Lockout);
    b.input(Input::StationUp { version: 3 });
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF]);
    let counters = b.port.snapshot().counters;
    assert_eq!(
        (
            counters.lifted_unregistered,
            counters.howlers,
            counters.lockouts
        ),
        (1, 1, 1)
    );
}

#[test]
fn a_server_that_says_nothing_to_a_lift_gets_three_seconds() {
    let mut b = Bench::new();
    b.lift();
    b.wait(2_989);
    assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)]);
    b.wait(20);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    assert_eq!(b.port.snapshot().unanswered, 1);
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, SILENT, on_hook(0)]);
    // Seen on chan_skinny after a race of its own: a device that is never answered again.
    b.lift();
    b.wait(3_009);
    assert_eq!(b.port.snapshot().unanswered, 2);
    b.hang_up();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    let snapshot = b.port.snapshot();
    assert_eq!(
        (snapshot.unanswered, snapshot.counters.server_silences),
        (0, 2)
    );
}

#[test]
fn a_server_that_calls_the_phone_is_silent_no_more_and_one_that_notes_a_hook_is() {
    let mut b = Bench::new();
    b.lift();
    b.wait(3_009);
    b.hang_up();
    // What chan_skinny says to a device whose lifts it does not answer.
    b.says(&[state(CallStateKind::ON_HOOK, 7), stop_tone(7)]);
    assert_eq!(b.port.snapshot().unanswered, 1);
    b.says(&[state(CallStateKind::RING_IN, 8)]);
    assert_eq!(b.port.snapshot().unanswered, 0);
}

#[test]
fn a_dial_timeout_that_ends_in_silence_is_heard_as_reorder() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    b.outputs();
    b.wait(16_000);
    // chan_skinny: the tone is begun and stopped in one go.
    b.says(&[
        tone(Tone::REORDER, 1),
        close(1),
        stop(1),
        stop_tone(1),
        state(CallStateKind::ON_HOOK, 1),
    ]);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    assert_eq!(b.word(), PortState::ErrorTone);
    b.wait(15_000);
    assert_eq!(b.seen(), [play(Tone::HOWLER)]);
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, SILENT, on_hook(1)]);
}

#[test]
fn a_busy_tone_stopped_at_once_goes_on() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    b.dial("611");
    b.says(&[state(CallStateKind::PROCEED, 1)]);
    b.outputs();
    b.says(&[tone(Tone::BUSY, 1), stop_tone(1)]);
    assert_eq!(b.seen(), [play(Tone::BUSY)]);
    b.wait(10_000);
    assert_eq!(b.seen(), []);
    b.hang_up();
    assert_eq!(b.records()[0].cause, EndCause::Busy);
}

#[test]
fn a_call_state_without_tone_or_audio_is_given_its_tone() {
    for (kind, expected) in [
        (CallStateKind::BUSY, Tone::BUSY),
        (CallStateKind::CONGESTION, Tone::REORDER),
        (CallStateKind::INVALID_NUMBER, Tone::REORDER),
    ] {
        let mut b = Bench::new();
        b.lift();
        b.says(&[
            state(CallStateKind::OFF_HOOK, 1),
            tone(Tone::INSIDE_DIAL, 1),
        ]);
        b.dial("6");
        b.outputs();
        b.says(&[state(kind, 1)]);
        b.wait(499);
        assert_eq!(b.seen(), []);
        b.wait(1);
        assert_eq!(b.seen(), [play(expected)]);
        b.says(&[state(CallStateKind::ON_HOOK, 1)]);
        assert_eq!(b.word(), PortState::ErrorTone);
    }
}

#[test]
fn busy_that_comes_as_audio_is_not_played_over_until_the_howler() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    b.dial("6");
    b.says(&[open(1, 0)]);
    b.opened(1);
    b.says(&[start(1, 0)]);
    b.outputs();
    b.says(&[state(CallStateKind::BUSY, 1)]);
    b.wait(14_000);
    assert_eq!(b.seen(), []);
    b.wait(2_000);
    assert_eq!(b.seen(), [play(Tone::HOWLER), no_bridge()]);
}

#[test]
fn a_rejected_call_is_heard_as_reorder() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    b.dial("615");
    b.says(&[state(CallStateKind::PROCEED, 1)]);
    b.outputs();
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    let out = b.outputs();
    assert!(
        matches!(&out[0], Output::Record(r) if r.cause == EndCause::Refused && r.number == "615")
    );
    assert_eq!(out[1..], [play(Tone::REORDER)]);
}

#[test]
fn no_digit_and_a_patient_server_ends_in_reorder_all_the_same() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    b.outputs();
    b.wait(20_000);
    let out = b.outputs();
    assert_eq!(out[0], on_hook(1));
    assert!(matches!(&out[1], Output::Record(r) if r.cause == EndCause::NoDigits));
    assert_eq!(out[2..], [play(Tone::REORDER)]);
}

#[test]
fn the_far_hang_up_opens_the_loop_and_then_plays_reorder() {
    let mut b = Bench::new();
    b.talking(1);
    b.says(&[
        close(1),
        stop(1),
        stop_tone(1),
        state(CallStateKind::ON_HOOK, 1),
    ]);
    let out = b.outputs();
    assert_eq!(out[..2], [no_bridge(), close_receive(1)]);
    assert!(matches!(&out[2], Output::Record(r) if r.cause == EndCause::FarHangUp));
    assert_eq!(out[3..], [line(LineOutput::OpenLoop { ms: 500 })]);
    // The card reports our own opening: it is no flash.
    b.input(Input::Line(LineInput::LoopOpened { at: b.now }));
    b.wait(500);
    b.input(Input::Line(LineInput::LoopClosed { at: b.now }));
    assert_eq!(b.seen(), []);
    b.wait(100);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    assert_eq!(b.port.snapshot().counters.flashes, 0);
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, SILENT, on_hook(1)]);
}

#[test]
fn a_phone_that_hangs_up_in_the_loop_opening_hears_nothing_more() {
    let mut b = Bench::new();
    b.talking(1);
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    b.outputs();
    b.input(Input::Line(LineInput::LoopOpened { at: b.now }));
    b.wait(2_000);
    assert_eq!(b.word(), PortState::Idle);
    let out = b.seen();
    assert_eq!(out.last(), Some(&on_hook(1)));
}

#[test]
fn both_hang_up_at_once_and_the_next_lift_gets_dial_tone() {
    let mut b = Bench::new();
    b.talking(1);
    b.outputs();
    b.input(Input::Line(LineInput::LoopOpened { at: b.now }));
    b.wait(300);
    b.says(&[close(1), stop(1), state(CallStateKind::ON_HOOK, 1)]);
    let out = b.seen();
    assert!(out.contains(&on_hook(1)), "{out:?}");
    assert!(
        !out.iter()
            .any(|o| matches!(o, Output::Line(LineOutput::OpenLoop { .. }))),
        "{out:?}"
    );
    assert_eq!(b.word(), PortState::Idle);
    b.wait(200);
    b.lift();
    assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)]);
}

#[test]
fn dial_tone_after_the_far_hang_up_is_a_new_call() {
    let mut b = Bench::with(|c| {
        c.after_far_hang_up = AfterFarHangUp::DialTone;
        c.open_loop_ms = 0;
    });
    b.talking(1);
    b.says(&[close(1), state(CallStateKind::ON_HOOK, 1)]);
    assert_eq!(
        b.seen(),
        [no_bridge(), close_receive(1), on_hook(1), off_hook(0, 0)]
    );
}

#[test]
fn tones_that_name_no_call_are_heard_only_where_they_fit() {
    let mut b = Bench::new();
    b.says(&[tone(Tone::INSIDE_DIAL, 0), tone(Tone::BEEP_BONK, 0)]);
    assert_eq!(b.seen(), []);
    b.talking(1);
    b.says(&[tone(Tone::BEEP_BONK, 0), tone(Tone::BUSY, 77)]);
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.tones_ignored, 4);
    b.says(&[tone(Tone::CONFIRMATION, 0)]);
    assert_eq!(b.seen(), [play(Tone::CONFIRMATION)]);
}

#[test]
fn no_lines_registered_is_heard_as_reorder() {
    let mut b = Bench::new();
    b.lift();
    b.outputs();
    b.says(&[tone(Tone::BEEP_BONK, 0)]);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    b.dial("1");
    assert_eq!(b.seen(), []);
}

#[test]
fn a_call_offered_to_a_phone_in_lockout_waits_and_rings_once_it_is_hung_up() {
    let mut b = Bench::new();
    b.input(Input::StationDown);
    b.lift();
    b.input(Input::StationUp { version: 3 });
    b.wait(80_000);
    b.outputs();
    b.says(&[
        state(CallStateKind::RING_IN, 3),
        ringer(RingMode::OUTSIDE, 3),
    ]);
    assert_eq!(b.seen(), []);
    b.wait(300);
    assert_eq!(b.seen(), [play(Tone::CALL_WAITING)]);
    b.hang_up();
    assert_eq!(
        b.seen(),
        [DTMF_OFF, SILENT, line(LineOutput::Ring(RingMode::OUTSIDE))]
    );
}

#[test]
fn a_lost_link_leaves_a_talking_call_until_it_is_hung_up() {
    let mut b = Bench::new();
    b.talking(1);
    b.input(Input::StationDown);
    assert_eq!(b.outputs(), []);
    assert_eq!(b.port.snapshot().calls[0].state, CallState::Preserved);
    assert!(b.port.is_busy());
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, no_bridge(), close_receive(1)]);
    b.input(Input::StationUp { version: 3 });
    assert_eq!(b.seen(), [on_hook(1)]);
}

#[test]
fn a_phone_off_hook_at_the_first_registration_is_not_called_on_hook() {
    let mut b = Bench {
        port: Port::new(PortConfig::default(), Time::ZERO),
        now: Time::ZERO,
    };
    b.lift();
    b.outputs();
    b.input(Input::StationUp { version: 3 });
    assert_eq!(b.seen(), []);
    // Nor is it at a later one: what is owed for it then is known.
    b.hang_up();
    b.outputs();
    b.input(Input::StationDown);
    b.input(Input::StationUp { version: 3 });
    assert_eq!(b.seen(), []);
}

#[test]
fn a_server_that_comes_back_and_ends_the_old_call_is_understood() {
    let mut b = Bench::new();
    b.talking(1);
    b.input(Input::StationDown);
    b.input(Input::StationUp { version: 3 });
    b.says(&[close(1), stop(1), state(CallStateKind::ON_HOOK, 1)]);
    let out = b.outputs();
    assert!(out.contains(&line(LineOutput::OpenLoop { ms: 500 })));
    assert_eq!(b.port.snapshot().calls, []);
}

#[test]
fn a_new_server_may_use_the_number_of_a_call_that_outlived_the_old_one() {
    let mut b = Bench::new();
    b.talking(1);
    b.input(Input::StationDown);
    b.input(Input::StationUp { version: 3 });
    b.says(&[
        state(CallStateKind::RING_IN, 1),
        ringer(RingMode::SILENT, 1),
    ]);
    let calls = b.port.snapshot().calls;
    assert_eq!(
        calls.iter().map(|c| (c.call, c.state)).collect::<Vec<_>>(),
        [
            (CallRef(0), CallState::Preserved),
            (CallRef(1), CallState::Waiting)
        ]
    );
    let disown = MediaOutput::Disown { call: CallRef(1) };
    assert!(b.outputs().contains(&Output::Media(disown)));
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().calls.len(), 1);
}

#[test]
fn a_lost_link_while_dialing_is_heard_as_reorder() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
    b.outputs();
    b.input(Input::StationDown);
    let out = b.outputs();
    assert!(matches!(&out[0], Output::Record(r) if r.cause == EndCause::LinkLost));
    assert_eq!(out[1..], [play(Tone::REORDER)]);
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, SILENT]);
}

#[test]
fn calls_that_were_never_announced_are_somebody_elses_and_are_left_alone() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::CONNECTED, 40),
        state(CallStateKind::ON_HOOK, 41),
    ]);
    b.says(&[
        state(CallStateKind::HOLD, 42),
        state(CallStateKind::BUSY, 43),
        state(CallStateKind(999), 44),
        state(CallStateKind::CONNECTED, 0),
    ]);
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().calls, []);
}

#[test]
fn a_thousand_offered_calls_do_not_fill_the_memory() {
    let mut b = Bench::new();
    for id in 1..1000 {
        b.says(&[
            state(CallStateKind::RING_IN, id),
            ringer(RingMode::INSIDE, id),
        ]);
    }
    assert_eq!(b.port.snapshot().calls.len(), 8);
    assert_eq!(b.seen(), [line(LineOutput::Ring(RingMode::INSIDE))]);
}
