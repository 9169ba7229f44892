//! Call waiting by flash.

use tipring_proto::call::{EndCause, FlashAction};
use tipring_proto::sccp::callmanager::Dialect;
use tipring_proto::sccp::message::Tone;

use crate::world::{World, number};

/// Desks 0 and 1 talk; desk 2 calls desk 0.
fn waiting(dialect: Dialect) -> World {
    let mut w = World::new(dialect, 3);
    w.talk(0, 1);
    w.lift(2);
    w.dial(2, &number(0));
    w.run(4_000);
    w
}

#[test]
fn a_second_call_is_announced_by_tone_every_ten_seconds_and_never_rings() {
    for dialect in Dialect::ALL {
        let mut w = waiting(dialect);
        assert_eq!(w.tones(0), [Tone::CALL_WAITING], "{dialect:?}");
        w.run(20_000);
        assert_eq!(w.tones(0), [Tone::CALL_WAITING; 2], "{dialect:?}");
        assert_eq!(w.desks[0].rings, 0);
        w.assert_talking(0, 1);
        w.hang_up(2);
        w.run(30_000);
        assert_eq!(w.tones(0), [], "{dialect:?}");
        assert_eq!(w.desks[0].tone, None);
        w.assert_talking(0, 1);
    }
}

#[test]
fn a_flash_answers_the_second_call_and_further_ones_swap() {
    for dialect in Dialect::ALL {
        let mut w = waiting(dialect);
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 2);
        assert_eq!(w.desks[0].tone, None, "{dialect:?}");
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 1);
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 2);
        assert_eq!(w.desks[0].listens.len(), 1, "the held call has no socket");
        // The far end of the talking call leaves: back to the other by flash.
        w.hang_up(2);
        w.run(500);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 1);
        w.hang_up(0);
        w.hang_up(1);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn hanging_up_rings_for_the_waiting_call() {
    for dialect in Dialect::ALL {
        let mut w = waiting(dialect);
        w.hang_up(0);
        w.run(500);
        assert!(w.desks[0].ringing.is_some(), "{dialect:?}");
        w.lift(0);
        w.run(500);
        w.assert_talking(0, 2);
    }
}

#[test]
fn hanging_up_with_a_held_call_gives_hold_recall_and_lifting_resumes_it() {
    for dialect in Dialect::ALL {
        let mut w = waiting(dialect);
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 2);
        w.hang_up(0);
        w.run(500);
        assert!(w.desks[0].ringing.is_some(), "{dialect:?}");
        w.lift(0);
        w.run(500);
        assert_eq!(w.desks[0].ringing, None);
        w.assert_talking(0, 1);
        w.hang_up(0);
        w.hang_up(1);
        w.hang_up(2);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn a_held_call_that_ends_during_hold_recall_stops_the_ring() {
    for dialect in Dialect::ALL {
        let mut w = waiting(dialect);
        w.flash(0);
        w.run(500);
        w.hang_up(0);
        w.run(500);
        w.hang_up(1);
        w.hang_up(2);
        w.run(500);
        assert_eq!(w.desks[0].ringing, None, "{dialect:?}");
        w.assert_idle();
    }
}

#[test]
fn a_held_call_that_is_not_resumed_is_ended() {
    for dialect in Dialect::ALL {
        let mut w = waiting(dialect);
        w.flash(0);
        w.run(500);
        w.hang_up(0);
        w.hang_up(2);
        w.run(61_000);
        assert_eq!(w.desks[0].ringing, None, "{dialect:?}");
        w.hang_up(1);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn a_fax_port_is_not_disturbed_by_a_second_call() {
    for dialect in Dialect::ALL {
        let mut w = World::with(dialect, 3, |_| {}, |p| p.flash = FlashAction::Ignore);
        w.talk(0, 1);
        w.lift(2);
        w.dial(2, &number(0));
        w.run(10_000);
        w.flash(0);
        w.run(5_000);
        assert_eq!(w.tones(0), [], "{dialect:?}");
        w.assert_talking(0, 1);
    }
}

#[test]
fn a_waiting_call_is_answered_from_the_dial_tone() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        w.lift(1);
        w.dial(1, &number(0));
        w.run(4_000);
        if w.desks[0].device.snapshot().port.calls.len() < 2 {
            continue;
        }
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 1);
        assert_eq!(w.desks[0].tone, None, "{dialect:?}");
        w.hang_up(1);
        w.hang_up(0);
        w.run(1_000);
        w.assert_idle();
        assert_eq!(
            w.desks[0].records.last().unwrap().cause,
            EndCause::FarHangUp
        );
    }
}
