//! Lines that several phones share, calls that the server answers by itself, and several calls that ring at once.

use super::*;

#[test]
fn a_call_answered_at_another_phone_stops_ringing_and_is_left_alone() {
    // What the other phone's answer looks like: chan-sccp (one step or two), a server that only says where it is,
    // and one that switches the ringer off last.
    let connected = state(CallStateKind::CONNECTED, 77);
    let elsewhere = state(CallStateKind::REMOTE_MULTILINE, 77);
    let off = ringer(RingMode::OFF, 77);
    let orders = [
        vec![off.clone(), connected.clone(), elsewhere.clone()],
        vec![connected.clone(), elsewhere.clone(), off.clone()],
        vec![connected],
        vec![elsewhere.clone()],
        vec![off, elsewhere],
    ];
    for order in orders {
        let mut b = Bench::new();
        b.rung(77);
        b.says(&order);
        assert_eq!(b.seen(), [STOP_RING], "{order:?}");
        b.wait(10_000);
        assert_eq!(b.seen(), [], "{order:?}");
        assert_eq!(b.word().name(), "in-use-elsewhere");
        assert_eq!(b.port.snapshot().calls[0].state.name(), "in-use-elsewhere");
        assert!(!b.port.is_busy());
        b.lift();
        assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)], "{order:?}");
        b.hang_up();
        b.outputs();
        b.says(&[state(CallStateKind::ON_HOOK, 77)]);
        let out = b.outputs();
        assert!(
            matches!(&out[..], [Output::Record(r)] if format!("{:?}", r.cause) == "AnsweredElsewhere"),
            "{out:?}"
        );
        assert_eq!(b.word(), PortState::Idle);
    }
}

#[test]
fn a_call_that_a_colleague_makes_on_the_line_is_not_ended() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 9),
        state(CallStateKind::REMOTE_MULTILINE, 9),
    ]);
    b.wait(1_000);
    b.says(&[
        state(CallStateKind::CONNECTED, 9),
        state(CallStateKind::REMOTE_MULTILINE, 9),
    ]);
    b.wait(1_000);
    assert_eq!(b.outputs(), []);
    assert_eq!(b.word().name(), "in-use-elsewhere");
    b.says(&[state(CallStateKind::ON_HOOK, 9)]);
    assert_eq!((b.outputs(), b.word()), (vec![], PortState::Idle));
}

#[test]
fn a_call_that_a_colleague_makes_or_answers_does_not_take_the_phone_off_its_own() {
    let mut b = Bench::new();
    b.talking(1);
    b.says(&[
        state(CallStateKind::OFF_HOOK, 9),
        state(CallStateKind::REMOTE_MULTILINE, 9),
        state(CallStateKind::RING_IN, 10),
        tone(Tone::CALL_WAITING, 10),
        state(CallStateKind::CONNECTED, 10),
        state(CallStateKind::REMOTE_MULTILINE, 10),
        state(CallStateKind::ON_HOOK, 9),
        state(CallStateKind::ON_HOOK, 10),
    ]);
    b.wait(30_000);
    assert_eq!(b.seen(), [play(Tone::CALL_WAITING), SILENT]);
    assert_eq!(b.port.snapshot().active, Some(CallRef(1)));
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    assert!(b.seen().contains(&line(LineOutput::OpenLoop { ms: 500 })));
}

#[test]
fn a_colleague_who_lifts_at_the_same_moment_does_not_get_the_digits_of_this_phone() {
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 9),
        state(CallStateKind::REMOTE_MULTILINE, 9),
        state(CallStateKind::OFF_HOOK, 10),
        tone(Tone::INSIDE_DIAL, 10),
    ]);
    b.outputs();
    b.dial("1");
    assert_eq!(b.seen(), [SILENT, key(1, 10)]);
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, on_hook(10)]);
}

#[test]
fn a_held_call_that_a_colleague_resumes_stops_the_hold_recall_and_goes_on() {
    for by_hold in [CallStateKind::REMOTE_MULTILINE, CallStateKind::REMOTE_HOLD] {
        let mut b = Bench::with(|c| c.flash = FlashAction::Hold);
        b.talking(1);
        b.flash();
        b.says(&[close(1), stop(1), state(CallStateKind::HOLD, 1)]);
        b.hang_up();
        assert!(
            b.seen()
                .contains(&line(LineOutput::Ring(RingMode::FEATURE)))
        );
        b.says(&[state(CallStateKind::CONNECTED, 1), state(by_hold, 1)]);
        assert_eq!(b.seen(), [STOP_RING]);
        b.wait(100_000);
        b.lift();
        assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)]);
    }
}

#[test]
fn of_two_phones_that_answer_the_one_that_lost_hears_reorder_and_ends_nothing() {
    let mut b = Bench::new();
    b.rung(77);
    b.lift();
    b.outputs();
    b.says(&[state(CallStateKind::REMOTE_MULTILINE, 77)]);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    b.hang_up();
    b.wait(5_000);
    assert_eq!(b.sent(), [on_hook(0)], "no OnHook that names the call");
}

#[test]
fn a_call_asked_for_by_a_lift_that_is_over_is_ended_when_it_comes() {
    let mut b = Bench::new();
    b.lift();
    b.hang_up();
    b.outputs();
    b.says(&[state(CallStateKind::OFF_HOOK, 5)]);
    b.wait(200);
    assert_eq!(b.seen(), [on_hook(5)]);
    // The next one that nobody asked for is a colleague's.
    b.says(&[state(CallStateKind::OFF_HOOK, 6)]);
    b.wait(1_000);
    assert_eq!(b.seen(), []);
    // A colleague may lift just then, and the phone may be lifted again at once.
    b.lift();
    b.hang_up();
    b.outputs();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 7),
        state(CallStateKind::REMOTE_MULTILINE, 7),
    ]);
    b.wait(1_000);
    assert_eq!(b.seen(), []);
    b.lift();
    b.hang_up();
    b.outputs();
    b.says(&[state(CallStateKind::OFF_HOOK, 8)]);
    b.lift();
    assert_eq!(b.sent(), [on_hook(8), off_hook(0, 0)]);
}

#[test]
fn a_call_that_the_server_answers_by_itself_rings_on_and_is_there_when_the_phone_is_lifted() {
    let connected = state(CallStateKind::CONNECTED, 4);
    let orders = [[connected.clone(), open(104, 4)], [open(104, 4), connected]];
    for order in orders {
        let mut b = Bench::new();
        b.rung(4);
        b.says(&order);
        b.opened(104);
        b.says(&[
            start(104, 4),
            ringer(RingMode::OFF, 0),
            ringer(RingMode::OFF, 4),
        ]);
        let out = b.seen();
        assert!(out.contains(&ack(MediaStatus::OK, 104, 4)), "{out:?}");
        assert!(out.contains(&start_send(104)), "{out:?}");
        assert!(!out.contains(&on_hook(4)), "{out:?}");
        assert_eq!(b.word(), PortState::Ringing, "{order:?}");
        b.wait(20_000);
        b.outputs();
        b.lift();
        let mut out = b.seen();
        out.retain(|o| *o != line(LineOutput::StopCallerId));
        assert_eq!(out, [STOP_RING, DTMF_ON, off_hook(1, 4), bridge(104)]);
        b.wait(20_000);
        assert_eq!(b.word(), PortState::InCall, "no error tone");
        b.hang_up();
        assert!(b.sent().contains(&on_hook(4)));
    }
}

#[test]
fn a_call_answered_by_the_server_that_nobody_lifts_for_ends_with_its_caller() {
    let mut b = Bench::new();
    b.rung(4);
    b.says(&[state(CallStateKind::CONNECTED, 4), open(104, 4)]);
    b.opened(104);
    b.outputs();
    b.says(&[close(104), state(CallStateKind::ON_HOOK, 4)]);
    let out = b.outputs();
    assert!(out.contains(&STOP_RING), "{out:?}");
    assert!(
        out.iter()
            .any(|o| matches!(o, Output::Record(r) if r.cause == EndCause::NotAnswered)),
        "{out:?}"
    );
    assert_eq!(b.word(), PortState::Idle);
}

#[test]
fn of_two_calls_that_ring_the_other_one_rings_on_whichever_ends_and_however() {
    let ends = |id: u32| {
        [
            // Both, in both orders; the state alone; the ringer alone; and with a ringer that names no call.
            vec![state(CallStateKind::ON_HOOK, id), ringer(RingMode::OFF, id)],
            vec![ringer(RingMode::OFF, id), state(CallStateKind::ON_HOOK, id)],
            vec![state(CallStateKind::ON_HOOK, id)],
            vec![ringer(RingMode::OFF, id)],
            vec![state(CallStateKind::ON_HOOK, id), ringer(RingMode::OFF, 0)],
            vec![ringer(RingMode::OFF, 0), state(CallStateKind::ON_HOOK, id)],
        ]
    };
    for (gone, left) in [(21, 22), (22, 21)] {
        for end in ends(gone) {
            let mut b = Bench::new();
            b.rung(21);
            b.wait(1_000);
            b.rung(22);
            b.wait(1_000);
            b.says(&end);
            assert_eq!(b.word(), PortState::Ringing, "{gone} ends by {end:?}");
            b.wait(100);
            b.outputs();
            b.lift();
            assert_eq!(b.sent(), [off_hook(1, left)], "{gone} ends by {end:?}");
            // And alone it can stop, too.
            let mut b = Bench::new();
            b.rung(21);
            b.rung(22);
            b.says(&end);
            b.says(&[ringer(RingMode::OFF, left)]);
            assert_ne!(b.word(), PortState::Ringing, "{gone} ends by {end:?}");
        }
    }
}

#[test]
fn the_second_of_two_calls_is_announced_when_the_first_is_gone() {
    let mut b = Bench::new();
    b.rung(21);
    b.says(&[
        state(CallStateKind::RING_IN, 22),
        info(22, "7", "Bob"),
        ringer(RingMode::INSIDE, 22),
    ]);
    b.wait(2_000);
    b.input(Input::Line(LineInput::RingOff { at: b.now }));
    b.wait(500);
    b.input(Input::Line(LineInput::CallerIdSent));
    b.outputs();
    b.says(&[state(CallStateKind::ON_HOOK, 21)]);
    assert_eq!(b.seen(), [STOP_RING, INSIDE]);
    b.wait(2_000);
    b.input(Input::Line(LineInput::RingOff { at: b.now }));
    b.wait(500);
    let reported = b.seen();
    assert!(
        matches!(&reported[1], Output::Line(LineOutput::SendCallerId { id, .. })
            if id.number == Presented::Text("7".into())),
        "{reported:?}"
    );
}

#[test]
fn a_ringer_off_without_a_call_silences_all_that_ring() {
    for (on_line, call) in [(1, 0), (0, 0)] {
        let mut b = Bench::new();
        b.rung(21);
        b.rung(22);
        b.says(&[ServerMessage::SetRinger(SetRinger {
            mode: RingMode::OFF,
            duration: 1,
            line: LineInstance(on_line),
            call: CallRef(call),
        })]);
        assert_eq!(b.seen(), [STOP_RING]);
        b.wait(5_000);
        assert_eq!(b.seen(), []);
        b.says(&[ringer(RingMode::INSIDE, 22)]);
        assert_eq!(b.seen(), [INSIDE]);
        b.lift();
        assert_eq!(b.sent(), [off_hook(1, 22)]);
    }
}

#[test]
fn a_colleague_who_resumes_the_call_held_here_leaves_the_lifted_phone_a_tone() {
    let mut b = Bench::with(|c| c.flash = FlashAction::Hold);
    b.talking(1);
    b.flash();
    b.says(&[close(1), stop(1), state(CallStateKind::HOLD, 1)]);
    b.outputs();
    b.says(&[
        state(CallStateKind::CONNECTED, 1),
        state(CallStateKind::REMOTE_MULTILINE, 1),
    ]);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
}

#[test]
fn a_call_that_is_connected_here_without_a_ring_rings_and_waits_for_the_lift() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 4),
        state(CallStateKind::CONNECTED, 4),
        info(4, "5003", "Ann"),
        open(104, 4),
    ]);
    b.opened(104);
    b.says(&[start(104, 4)]);
    assert_eq!(
        b.seen(),
        [
            INSIDE,
            open_receive(104, 4),
            ack(MediaStatus::OK, 104, 4),
            start_send(104)
        ]
    );
    b.lift();
    assert_eq!(b.seen(), [STOP_RING, DTMF_ON, off_hook(1, 4), bridge(104)]);
    // Media for a call that the server has placed elsewhere is not for an on-hook phone.
    let mut b = Bench::new();
    b.rung(77);
    b.says(&[
        state(CallStateKind::REMOTE_MULTILINE, 77),
        state(CallStateKind::REMOTE_MULTILINE, 78),
        open(177, 77),
        open(178, 78),
    ]);
    let refused = MediaStatus::DEVICE_ON_HOOK;
    assert_eq!(
        b.seen(),
        [STOP_RING, ack(refused, 177, 77), ack(refused, 178, 78)]
    );
}
