//! Flash window, hold and resume, the message lamp.

use tipring_proto::call::{FlashAction, PortState};
use tipring_proto::sccp::callmanager::Dialect;
use tipring_proto::sccp::message::{CallStateChange, CallStateKind, ServerMessage, Tone};
use tipring_proto::types::{CallRef, LineInstance};

use crate::world::{World, number};

#[test]
fn an_opening_shorter_than_the_window_is_no_flash_and_a_longer_one_is_a_hang_up() {
    for dialect in Dialect::ALL {
        let mut w = World::with(dialect, 2, |_| {}, |p| p.flash = FlashAction::Hold);
        w.talk(0, 1);
        w.open_loop(0, 8);
        w.run(500);
        w.assert_talking(0, 1);
        assert_eq!(w.said(0), [], "{dialect:?}");
        w.open_loop(0, 1_300);
        w.run(500);
        assert_eq!(w.desks[0].tone, Some(Tone::INSIDE_DIAL), "{dialect:?}");
        assert_eq!(w.desks[0].device.snapshot().port.counters.flashes, 0);
    }
}

#[test]
fn hold_and_resume_by_flash_with_a_fresh_socket() {
    for dialect in Dialect::ALL {
        let mut w = World::with(dialect, 2, |_| {}, |p| p.flash = FlashAction::Hold);
        w.talk(0, 1);
        let first = w.desks[0].audible_source();
        w.flash(0);
        w.run(500);
        assert_eq!(w.word(0), PortState::AllHeld, "{dialect:?}");
        assert_eq!((w.desks[0].bridge, w.desks[0].listens.len()), (None, 0));
        assert_eq!(w.word(1), PortState::InCall);
        w.run(10_000);
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 1);
        assert_ne!(w.desks[0].audible_source(), first, "{dialect:?}");
        w.hang_up(1);
        w.hang_up(0);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn a_held_far_end_that_hangs_up_leaves_the_lifted_phone_as_any_other_does() {
    for dialect in Dialect::ALL {
        let mut w = World::with(dialect, 2, |_| {}, |p| p.flash = FlashAction::Hold);
        w.talk(0, 1);
        w.flash(0);
        w.run(5_000);
        assert_eq!(w.word(0), PortState::AllHeld, "{dialect:?}");
        w.tones(0);
        w.hang_up(1);
        w.run(1_000);
        assert_eq!(w.desks[0].opened_loop, 1, "{dialect:?}");
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        w.run(15_000);
        assert_eq!(w.desks[0].tone, Some(Tone::HOWLER), "{dialect:?}");
        w.hang_up(0);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn use_of_a_shared_line_elsewhere_does_not_touch_the_call_of_this_phone() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        let state = |state| {
            ServerMessage::CallState(CallStateChange {
                state,
                line: LineInstance(1),
                call: CallRef(0x0100_0099),
            })
        };
        for kind in [
            CallStateKind::OFF_HOOK,
            CallStateKind::REMOTE_MULTILINE,
            CallStateKind::CONNECTED,
            CallStateKind::REMOTE_MULTILINE,
        ] {
            w.server_says(0, &[state(kind)]);
            w.run(1_000);
            w.assert_talking(0, 1);
        }
        assert_eq!((w.said(0), w.tones(0)), (vec![], vec![]), "{dialect:?}");
        w.hang_up(0);
        assert_eq!(w.word(0), PortState::InUseElsewhere, "{dialect:?}");
        w.server_says(0, &[state(CallStateKind::ON_HOOK)]);
        w.hang_up(1);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn the_lamp_is_lit_and_the_dial_tone_stutters_while_a_message_waits() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        let now = w.now;
        w.cm.set_mwi(now, &number(0), true).unwrap();
        w.run(100);
        assert!(w.desks[0].lamp, "{dialect:?}");
        w.lift(0);
        assert_eq!(w.tones(0), [Tone::STUTTER_DIAL], "{dialect:?}");
        w.hang_up(0);
        let now = w.now;
        w.cm.set_mwi(now, &number(0), false).unwrap();
        w.run(100);
        assert!(!w.desks[0].lamp, "{dialect:?}");
        w.lift(0);
        assert_eq!(w.tones(0), [Tone::INSIDE_DIAL], "{dialect:?}");
    }
}

#[test]
fn a_message_left_before_the_registration_lights_the_lamp() {
    for dialect in Dialect::ALL {
        let w = World::with(dialect, 2, |c| c.mwi.push(number(1)), |_| {});
        assert_eq!(
            (w.desks[0].lamp, w.desks[1].lamp),
            (false, true),
            "{dialect:?}"
        );
    }
}
