//! Call waiting, hold, swap, transfer.

use super::*;

#[test]
fn a_waiting_call_is_announced_by_tone_and_never_rings() {
    // chan_skinny
    let mut b = Bench::new();
    b.waiting(CallStateKind::CALL_WAITING);
    b.says(&[tone(Tone::CALL_WAITING, 2)]);
    assert_eq!(b.seen(), [play(Tone::CALL_WAITING)]);
    b.wait(10_000);
    assert_eq!(b.seen(), [play(Tone::CALL_WAITING)]);
    b.says(&[stop_tone(2), state(CallStateKind::ON_HOOK, 2)]);
    assert_eq!(b.seen(), [SILENT]);
    b.wait(20_000);
    assert_eq!(b.seen(), []);
    // chan-sccp
    let mut b = Bench::new();
    b.talking(1);
    b.says(&[
        stop_tone(1),
        tone(Tone::CALL_WAITING, 1),
        state(CallStateKind::RING_IN, 2),
        ringer(RingMode::SILENT, 2),
    ]);
    assert_eq!(b.seen(), [play(Tone::CALL_WAITING)]);
    assert_eq!(b.port.snapshot().calls[1].state, CallState::Waiting);
}

#[test]
fn a_flash_holds_the_first_call_and_answers_the_second_and_then_swaps() {
    let mut b = Bench::new();
    b.waiting(CallStateKind::CALL_WAITING);
    b.says(&[tone(Tone::CALL_WAITING, 2)]);
    b.outputs();
    b.flash();
    assert_eq!(
        b.seen(),
        [soft(SoftKey::HOLD, 1), soft(SoftKey::ANSWER, 2), SILENT]
    );
    b.says(&[
        close(1),
        stop(1),
        state(CallStateKind::HOLD, 1),
        state(CallStateKind::OFF_HOOK, 2),
        state(CallStateKind::CONNECTED, 2),
        open(2, 0),
    ]);
    b.opened(2);
    assert_eq!(
        b.seen(),
        [
            no_bridge(),
            close_receive(1),
            open_receive(2, 2),
            ack(MediaStatus::OK, 2, 0),
            bridge(2)
        ]
    );
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::HOLD, 2), soft(SoftKey::RESUME, 1)]);
    b.says(&[
        close(2),
        state(CallStateKind::HOLD, 2),
        open(1, 0),
        state(CallStateKind::CONNECTED, 1),
    ]);
    b.opened(1);
    assert_eq!(
        b.seen(),
        [
            no_bridge(),
            close_receive(2),
            open_receive(1, 1),
            ack(MediaStatus::OK, 1, 0),
            bridge(1)
        ]
    );
}

#[test]
fn a_server_that_holds_by_itself_is_only_asked_to_answer() {
    let mut b = Bench::new();
    b.says(&[ServerMessage::SetHookFlashDetect(SetHookFlashDetect)]);
    b.waiting(CallStateKind::RING_IN);
    b.says(&[tone(Tone::CALL_WAITING, 1)]);
    b.outputs();
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::ANSWER, 2), SILENT]);
}

#[test]
fn hanging_up_with_a_waiting_call_rings_for_it() {
    let mut b = Bench::new();
    b.waiting(CallStateKind::CALL_WAITING);
    b.outputs();
    b.hang_up();
    let mut seen = b.seen();
    seen.retain(|o| *o != play(Tone::CALL_WAITING) && *o != SILENT);
    assert_eq!(
        seen,
        [
            DTMF_OFF,
            on_hook(1),
            no_bridge(),
            close_receive(1),
            line(LineOutput::Ring(RingMode::INSIDE))
        ]
    );
    // The server's own farewell to the first call does not stop the ring.
    b.says(&[state(CallStateKind::ON_HOOK, 1), ringer(RingMode::OFF, 0)]);
    assert_eq!(b.seen(), []);
    b.lift();
    assert_eq!(b.seen(), [STOP_RING, DTMF_ON, off_hook(1, 2)]);
}

#[test]
fn a_port_that_ignores_flash_hears_no_call_waiting() {
    let mut b = Bench::with(|c| c.flash = FlashAction::Ignore);
    b.waiting(CallStateKind::CALL_WAITING);
    b.says(&[tone(Tone::CALL_WAITING, 2)]);
    b.wait(30_000);
    b.flash();
    assert_eq!(b.seen(), []);
    assert_eq!(b.port.snapshot().counters.flashes_unused, 1);
}

#[test]
fn in_hold_mode_a_flash_holds_and_the_next_resumes() {
    let mut b = Bench::with(|c| c.flash = FlashAction::Hold);
    b.talking(1);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::HOLD, 1)]);
    b.says(&[close(1), stop(1), state(CallStateKind::HOLD, 1)]);
    assert_eq!(b.word(), PortState::AllHeld);
    b.outputs();
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::RESUME, 1)]);
    b.says(&[open(1, 0), state(CallStateKind::CONNECTED, 1)]);
    b.opened(1);
    assert_eq!(
        b.seen(),
        [open_receive(1, 1), ack(MediaStatus::OK, 1, 0), bridge(1)]
    );
}

#[test]
fn in_send_mode_the_server_decides() {
    let mut b = Bench::with(|c| c.flash = FlashAction::Send);
    b.talking(1);
    b.flash();
    assert_eq!(
        b.seen(),
        [Output::Send(ClientMessage::HookFlash(CallOnLine {
            line: LINE,
            call: CallRef(1)
        }))]
    );
}

/// Call 1 held for a transfer, call 2 with dial tone.
fn consulting(b: &mut Bench) {
    b.talking(1);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 1)]);
    b.consults();
    assert_eq!(
        b.seen(),
        [no_bridge(), close_receive(1), play(Tone::INSIDE_DIAL)]
    );
}

#[test]
fn flash_dial_flash_joins_the_two_calls() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.dial("3");
    b.says(&[
        stop_tone(2),
        state(CallStateKind::PROCEED, 2),
        state(CallStateKind::RING_OUT, 2),
    ]);
    b.outputs();
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 2)]);
    b.says(&[
        state(CallStateKind::ON_HOOK, 1),
        state(CallStateKind::ON_HOOK, 2),
    ]);
    let out = b.outputs();
    let causes: Vec<_> = out
        .iter()
        .filter_map(|o| match o {
            Output::Record(r) => Some(r.cause),
            Output::Send(_) | Output::Line(_) | Output::Media(_) | Output::Counted(_) => None,
        })
        .collect();
    assert_eq!(causes, [EndCause::Transferred, EndCause::Transferred]);
    assert_eq!(out.last(), Some(&play(Tone::REORDER)));
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, SILENT, on_hook(2)]);
}

#[test]
fn flash_dial_hang_up_joins_the_two_calls() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.dial("3");
    b.says(&[
        state(CallStateKind::PROCEED, 2),
        state(CallStateKind::RING_OUT, 2),
    ]);
    b.outputs();
    b.hang_up();
    assert_eq!(b.seen(), [DTMF_OFF, soft(SoftKey::TRANSFER, 2)]);
    b.says(&[
        state(CallStateKind::ON_HOOK, 2),
        state(CallStateKind::ON_HOOK, 1),
    ]);
    assert_eq!(b.records()[0].cause, EndCause::Transferred);
    b.wait(10_000);
    assert_eq!(b.seen(), [on_hook(2)]);
    assert_eq!(b.word(), PortState::Idle);
}

#[test]
fn a_transfer_that_the_server_does_not_do_rings_back() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.dial("3");
    b.says(&[state(CallStateKind::RING_OUT, 2)]);
    b.hang_up();
    b.outputs();
    b.wait(2_000);
    assert_eq!(
        b.seen(),
        [on_hook(2), line(LineOutput::Ring(RingMode::FEATURE))]
    );
    assert_eq!(b.word(), PortState::HoldRecall);
}

#[test]
fn lifting_again_while_two_calls_are_joined_says_on_hook_first() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.dial("3");
    b.says(&[state(CallStateKind::RING_OUT, 2)]);
    b.hang_up();
    b.outputs();
    b.says(&[
        state(CallStateKind::ON_HOOK, 2),
        state(CallStateKind::ON_HOOK, 1),
    ]);
    b.lift();
    let reported: Vec<_> = b
        .seen()
        .into_iter()
        .filter(|o| matches!(o, Output::Send(_)))
        .collect();
    assert_eq!(reported, [on_hook(2), off_hook(0, 0)]);
}

#[test]
fn a_second_flash_before_the_second_call_is_through_returns_to_the_first() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.flash();
    assert_eq!(
        b.seen(),
        [soft(SoftKey::END_CALL, 2), soft(SoftKey::RESUME, 1), SILENT]
    );
    b.says(&[
        state(CallStateKind::ON_HOOK, 2),
        open(1, 0),
        state(CallStateKind::CONNECTED, 1),
    ]);
    b.opened(1);
    assert_eq!(
        b.seen(),
        [open_receive(1, 1), ack(MediaStatus::OK, 1, 0), bridge(1)]
    );
}

#[test]
fn a_refused_second_call_is_heard_as_reorder_and_a_flash_returns() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.dial("9");
    b.outputs();
    b.says(&[state(CallStateKind::ON_HOOK, 2)]);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::RESUME, 1), SILENT]);
}

#[test]
fn a_call_left_on_hold_rings_back_and_lifting_resumes_it() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.hang_up();
    assert_eq!(
        b.seen(),
        [
            DTMF_OFF,
            SILENT,
            on_hook(2),
            line(LineOutput::Ring(RingMode::FEATURE))
        ]
    );
    b.says(&[state(CallStateKind::ON_HOOK, 2), ringer(RingMode::OFF, 0)]);
    assert_eq!(b.seen(), []);
    b.lift();
    assert_eq!(
        b.seen(),
        [STOP_RING, DTMF_ON, off_hook(1, 1), soft(SoftKey::RESUME, 1)]
    );
    b.says(&[open(1, 0), state(CallStateKind::CONNECTED, 1)]);
    b.opened(1);
    assert_eq!(
        b.seen(),
        [open_receive(1, 1), ack(MediaStatus::OK, 1, 0), bridge(1)]
    );
}

#[test]
fn a_held_call_that_nobody_comes_back_to_is_ended() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.hang_up();
    b.outputs();
    b.wait(60_000);
    assert_eq!(b.seen(), [STOP_RING, soft(SoftKey::END_CALL, 1)]);
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    assert_eq!(b.word(), PortState::Idle);
}

#[test]
fn a_resume_that_the_server_does_not_answer_is_heard_as_reorder() {
    let mut b = Bench::with(|c| c.flash = FlashAction::Hold);
    b.talking(1);
    b.flash();
    b.says(&[close(1), state(CallStateKind::HOLD, 1)]);
    b.flash();
    b.outputs();
    b.wait(3_000);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::RESUME, 1), SILENT]);
}

#[test]
fn new_settings_are_used_from_the_next_flash_on() {
    let mut b = Bench::new();
    let settings = PortConfig {
        flash: FlashAction::Ignore,
        ..b.port.config().clone()
    };
    b.port.reconfigure(settings);
    b.talking(1);
    b.outputs();
    b.flash();
    assert_eq!(b.seen(), []);
}

#[test]
fn a_join_that_comes_too_early_is_asked_for_again_by_the_next_flash() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.dial("3");
    b.says(&[state(CallStateKind::PROCEED, 2)]);
    b.outputs();
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 2)]);
    // The server refuses: a beep, or nothing at all.
    b.says(&[tone(Tone::BEEP_BONK, 0)]);
    b.wait(2_000);
    assert_eq!(b.seen(), []);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 2)]);
    // Sooner than the server has answered, only when the second call has got further.
    b.flash();
    assert_eq!(b.seen(), []);
    b.says(&[state(CallStateKind::RING_OUT, 2)]);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 2)]);
    b.says(&[
        state(CallStateKind::ON_HOOK, 1),
        state(CallStateKind::ON_HOOK, 2),
    ]);
    let causes: Vec<_> = b.records().iter().map(|r| r.cause).collect();
    assert_eq!(causes, [EndCause::Transferred, EndCause::Transferred]);
}

#[test]
fn hanging_up_after_a_join_that_came_too_early_joins_too() {
    for wait_ms in [100, 2_000] {
        let mut b = Bench::new();
        consulting(&mut b);
        b.dial("3");
        b.says(&[state(CallStateKind::PROCEED, 2)]);
        b.flash();
        b.outputs();
        b.wait(wait_ms);
        b.says(&[state(CallStateKind::RING_OUT, 2)]);
        // The opening takes longer than the time for a join.
        b.hang_up();
        let reported = b.seen();
        assert!(
            reported.contains(&soft(SoftKey::TRANSFER, 2)),
            "{reported:?}"
        );
        assert!(
            !reported.contains(&soft(SoftKey::END_CALL, 2)),
            "{reported:?}"
        );
    }
}

#[test]
fn a_second_party_that_fails_after_a_join_that_came_too_early_is_left_for_the_first() {
    let mut b = Bench::new();
    consulting(&mut b);
    b.dial("3");
    b.says(&[state(CallStateKind::PROCEED, 2)]);
    b.flash();
    b.wait(2_000);
    b.says(&[tone(Tone::BUSY, 2)]);
    b.outputs();
    b.flash();
    assert_eq!(
        b.seen(),
        [soft(SoftKey::END_CALL, 2), soft(SoftKey::RESUME, 1), SILENT]
    );
}

#[test]
fn a_held_far_end_that_hangs_up_is_heard_like_any_other() {
    // On hold by flash; the loop is opened for fax, modem and alarm ports, and then the tone comes.
    let mut b = Bench::with(|c| c.flash = FlashAction::Hold);
    b.talking(1);
    b.flash();
    b.says(&[close(1), stop(1), state(CallStateKind::HOLD, 1)]);
    b.outputs();
    b.wait(5_000);
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    assert_eq!(b.seen(), [line(LineOutput::OpenLoop { ms: 500 })]);
    b.wait(600);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    b.wait(15_000);
    assert_eq!(b.seen(), [play(Tone::HOWLER)]);
    // While the second call of a transfer is still to come: that may follow, or not.
    let mut b = Bench::new();
    b.talking(1);
    b.flash();
    b.says(&[
        close(1),
        stop(1),
        state(CallStateKind::HOLD, 1),
        state(CallStateKind::ON_HOOK, 1),
    ]);
    assert!(b.seen().contains(&play(Tone::REORDER)));
    b.says(&[
        state(CallStateKind::OFF_HOOK, 2),
        tone(Tone::INSIDE_DIAL, 2),
    ]);
    assert_eq!(b.seen(), [SILENT, play(Tone::INSIDE_DIAL)]);
}

#[test]
fn a_held_far_end_that_hangs_up_leaves_a_waiting_or_another_held_call_to_be_taken() {
    let mut b = Bench::with(|c| c.flash = FlashAction::Hold);
    b.talking(1);
    b.flash();
    b.says(&[
        close(1),
        stop(1),
        state(CallStateKind::HOLD, 1),
        state(CallStateKind::RING_IN, 2),
        tone(Tone::CALL_WAITING, 2),
    ]);
    b.outputs();
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    assert_eq!(b.seen(), [play(Tone::REORDER)]);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::ANSWER, 2), SILENT]);
}

/// Call 1 is held, call 2 talks, and the flash that joins them all has come.
fn conference() -> Bench {
    let mut b = Bench::with(|c| c.flash = FlashAction::Conference);
    b.talking(1);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::CONFERENCE, 1)]);
    b.consults();
    b.dial("30");
    b.says(&[stop_tone(2), state(CallStateKind::RING_OUT, 2)]);
    b.says(&[state(CallStateKind::CONNECTED, 2), open(2, 2), start(2, 2)]);
    b.opened(2);
    b.outputs();
    b.flash();
    assert_eq!(b.sent(), [soft(SoftKey::CONFERENCE, 2)]);
    b
}

#[test]
fn the_conference_key_is_pressed_by_flash_and_the_phone_stays_in() {
    // The server joins them under the reference of either call.
    for (stays, goes) in [(1, 2), (2, 1)] {
        let mut b = conference();
        b.says(&[
            close(2),
            stop(2),
            state(CallStateKind::ON_HOOK, goes),
            state(CallStateKind::CONNECTED, stays),
            open(9, stays),
            start(9, stays),
        ]);
        b.opened(9);
        let out = b.seen();
        assert!(out.contains(&bridge(9)), "{out:?}");
        let tones = |o: &Output| matches!(o, Output::Line(LineOutput::PlayTone(_)));
        assert!(!out.iter().any(tones), "{out:?}");
        b.wait(5_000);
        assert_eq!((b.word(), b.seen()), (PortState::InCall, vec![]));
        b.hang_up();
        assert_eq!(b.sent(), [on_hook(stays)]);
    }
}

#[test]
fn a_conference_is_not_joined_by_hanging_up() {
    let mut b = Bench::with(|c| c.flash = FlashAction::Conference);
    b.talking(1);
    b.flash();
    b.consults();
    b.dial("30");
    b.says(&[state(CallStateKind::RING_OUT, 2)]);
    b.outputs();
    b.hang_up();
    assert_eq!(b.sent(), [on_hook(2)]);
}
