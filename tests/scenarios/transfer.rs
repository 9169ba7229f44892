//! Transfer by flash.

use tipring_proto::call::{EndCause, FlashAction, PortState};
use tipring_proto::sccp::callmanager::Dialect;
use tipring_proto::sccp::message::{CallStateChange, CallStateKind, ServerMessage, Tone};
use tipring_proto::types::LineInstance;

use crate::world::{World, number};

/// Desks 0 and 1 talk; desk 0 has flashed and heard dial tone.
fn consulting(dialect: Dialect) -> World {
    let mut w = World::new(dialect, 3);
    w.talk(0, 1);
    w.flash(0);
    w.run(500);
    assert_eq!(w.tones(0), [Tone::INSIDE_DIAL], "{dialect:?}");
    w
}

#[test]
fn flash_dial_answer_flash_joins_the_two_others() {
    for dialect in Dialect::ALL {
        let mut w = consulting(dialect);
        w.dial(0, &number(2));
        w.run(4_000);
        w.lift(2);
        w.run(500);
        w.assert_talking(0, 2);
        w.flash(0);
        w.run(500);
        w.assert_talking(1, 2);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        w.hang_up(0);
        let causes: Vec<_> = w.desks[0].records.iter().map(|r| r.cause).collect();
        assert_eq!(causes, [EndCause::Transferred; 2], "{dialect:?}");
        w.hang_up(1);
        w.hang_up(2);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn hanging_up_joins_the_two_others() {
    for dialect in Dialect::ALL {
        for answered in [true, false] {
            let mut w = consulting(dialect);
            w.dial(0, &number(2));
            w.run(4_000);
            if answered {
                w.lift(2);
                w.run(500);
            }
            w.hang_up(0);
            w.run(3_000);
            assert_eq!(w.word(0), PortState::Idle, "{dialect:?} {answered}");
            if !answered {
                assert!(w.desks[2].ringing.is_some(), "{dialect:?}");
                w.lift(2);
                w.run(500);
            }
            w.assert_talking(1, 2);
            w.hang_up(1);
            w.hang_up(2);
            w.run(1_000);
            w.assert_idle();
        }
    }
}

#[test]
fn a_join_that_the_server_refuses_as_too_early_is_done_by_the_next_flash() {
    for dialect in Dialect::ALL {
        let mut w = consulting(dialect);
        // The server still waits for digits, and refuses; to the gateway the call is under way.
        w.dial(0, &number(2)[..2]);
        let consult = w.desks[0].device.snapshot().port.active.unwrap();
        let proceed = ServerMessage::CallState(CallStateChange {
            state: CallStateKind::PROCEED,
            line: LineInstance(1),
            call: consult,
        });
        w.server_says(0, &[proceed]);
        w.flash(0);
        w.run(1_500);
        w.dial(0, &number(2)[2..]);
        w.run(4_000);
        assert!(w.desks[2].ringing.is_some(), "{dialect:?}");
        w.flash(0);
        w.run(500);
        w.lift(2);
        w.run(500);
        w.assert_talking(1, 2);
        let causes: Vec<_> = w.desks[0].records.iter().map(|r| r.cause).collect();
        assert_eq!(causes, [EndCause::Transferred; 2], "{dialect:?}");
    }
}

#[test]
fn a_flash_before_any_digit_returns_to_the_first_call() {
    for dialect in Dialect::ALL {
        let mut w = consulting(dialect);
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 1);
        assert_eq!(w.desks[0].tone, None, "{dialect:?}");
        // … and once more, all the way.
        w.flash(0);
        w.run(500);
        w.dial(0, &number(2));
        w.run(4_000);
        w.flash(0);
        w.run(500);
        w.lift(2);
        w.run(500);
        w.assert_talking(1, 2);
    }
}

#[test]
fn a_busy_second_call_is_left_by_flash() {
    for dialect in Dialect::ALL {
        for number in ["611", "612", "615"] {
            let mut w = consulting(dialect);
            w.dial(0, number);
            w.run(5_000);
            let tone = w.desks[0].tone;
            assert!(
                matches!(tone, Some(Tone::BUSY | Tone::REORDER)),
                "{dialect:?} {number} {tone:?}"
            );
            w.flash(0);
            w.run(500);
            w.assert_talking(0, 1);
            assert_eq!(w.desks[0].tone, None, "{dialect:?} {number}");
        }
    }
}

#[test]
fn hanging_up_at_the_dial_tone_gives_hold_recall() {
    for dialect in Dialect::ALL {
        let mut w = consulting(dialect);
        w.hang_up(0);
        w.run(500);
        assert_eq!(w.word(0), PortState::HoldRecall, "{dialect:?}");
        w.lift(0);
        w.run(500);
        w.assert_talking(0, 1);
    }
}

#[test]
fn the_first_party_leaving_leaves_the_second_call_alone() {
    for dialect in Dialect::ALL {
        let mut w = consulting(dialect);
        w.dial(0, &number(2));
        w.run(4_000);
        w.lift(2);
        w.run(500);
        w.hang_up(1);
        w.run(500);
        w.assert_talking(0, 2);
        w.hang_up(0);
        w.hang_up(2);
        w.run(3_000);
        w.assert_idle();
    }
}

#[test]
fn hook_flash_as_a_message_is_the_transfer_key_of_chan_sccp_only() {
    let send = |dialect| World::with(dialect, 3, |_| {}, |p| p.flash = FlashAction::Send);
    let mut w = send(Dialect::ChanSccp);
    w.talk(0, 1);
    w.flash(0);
    w.run(500);
    assert_eq!(w.tones(0), [Tone::INSIDE_DIAL], "and not the stray beep");
    w.dial(0, &number(2));
    w.run(4_000);
    w.flash(0);
    w.run(500);
    w.lift(2);
    w.run(500);
    w.assert_talking(1, 2);
    let mut w = send(Dialect::ChanSkinny);
    w.talk(0, 1);
    w.flash(0);
    w.run(500);
    w.assert_talking(0, 1);
}
