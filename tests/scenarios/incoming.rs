//! Calls that come in, and who calls.

use tipring_proto::call::{CallerIdTiming, EndCause, PortState, Presented};
use tipring_proto::sccp::callmanager::Dialect;
use tipring_proto::sccp::message::Tone;

use crate::world::{OUTSIDE, World, number};

fn called(w: &mut World, withheld: bool) -> tipring_proto::types::CallRef {
    let now = w.now;
    let call =
        w.cm.place_call_to(
            now,
            &number(0),
            "5551234",
            "Ada Lovelace",
            withheld,
            OUTSIDE,
        )
        .unwrap();
    w.run(0);
    call
}

fn text(text: &str) -> Presented {
    Presented::Text(text.to_owned())
}

#[test]
fn the_caller_is_shown_between_the_rings_once() {
    for dialect in Dialect::ALL {
        for seed in 0..10 {
            let mut w = World::seeded(seed, dialect, 1, |_| {}, |_| {}, |_| {});
            called(&mut w, false);
            w.run(2_400);
            assert_eq!(w.desks[0].caller_ids, [], "{dialect:?}");
            w.run(20_000);
            let shown = &w.desks[0].caller_ids;
            assert_eq!(shown.len(), 1, "{dialect:?}");
            assert_eq!(shown[0].number, text("5551234"), "{dialect:?}");
            assert_eq!(shown[0].name, text("Ada Lovelace"), "{dialect:?}");
        }
    }
}

#[test]
fn a_withheld_caller_is_not_shown() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        called(&mut w, true);
        w.run(12_000);
        let shown = &w.desks[0].caller_ids;
        assert_eq!(shown.len(), 1, "{dialect:?}");
        for part in [&shown[0].number, &shown[0].name] {
            assert!(!matches!(part, Presented::Text(_)), "{dialect:?} {part:?}");
        }
    }
}

#[test]
fn before_the_ring_the_caller_is_shown_and_then_it_rings() {
    for dialect in Dialect::ALL {
        let mut w = World::with(
            dialect,
            1,
            |_| {},
            |p| {
                p.caller_id = CallerIdTiming::BeforeRing {
                    polarity_reversal: true,
                    dual_tone_alert: true,
                    lead_ms: 250,
                    ring_delay_ms: 300,
                };
            },
        );
        called(&mut w, false);
        w.run(600);
        assert_eq!(w.desks[0].caller_ids.len(), 1, "{dialect:?}");
        assert_eq!(w.desks[0].caller_ids[0].number, text("5551234"));
        assert_eq!((w.desks[0].rings, w.word(0)), (0, PortState::Announcing));
        w.run(1_200);
        assert_eq!(w.desks[0].rings, 1, "{dialect:?}");
        w.run(30_000);
        assert_eq!(w.desks[0].caller_ids.len(), 1);
        w.lift(0);
        w.run(500);
        assert_eq!(w.desks[0].audible_target(), Some(OUTSIDE), "{dialect:?}");
    }
}

#[test]
fn lifting_while_the_caller_is_shown_answers() {
    for dialect in Dialect::ALL {
        let mut w = World::with(
            dialect,
            1,
            |_| {},
            |p| {
                p.caller_id = CallerIdTiming::BeforeRing {
                    polarity_reversal: false,
                    dual_tone_alert: false,
                    lead_ms: 0,
                    ring_delay_ms: 300,
                };
            },
        );
        called(&mut w, false);
        w.run(300);
        w.lift(0);
        w.run(2_000);
        assert_eq!(w.desks[0].rings, 0);
        assert_eq!(w.desks[0].audible_target(), Some(OUTSIDE), "{dialect:?}");
    }
}

#[test]
fn the_server_ends_a_call_from_outside() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        let call = called(&mut w, false);
        w.run(3_000);
        w.lift(0);
        w.run(5_000);
        let now = w.now;
        w.cm.hang_up(now, call).unwrap();
        w.run(1_000);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        assert_eq!(w.desks[0].opened_loop, 1);
        assert_eq!(w.desks[0].records[0].cause, EndCause::FarHangUp);
        w.hang_up(0);
        w.run(500);
        w.assert_idle();
    }
}

#[test]
fn a_call_offered_during_lockout_rings_once_the_phone_is_hung_up() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        w.lift(0);
        w.dial(0, "615");
        w.run(100_000);
        assert_eq!(w.word(0), PortState::Lockout, "{dialect:?}");
        w.tones(0);
        called(&mut w, false);
        w.run(1_000);
        if w.desks[0].device.snapshot().port.calls.is_empty() {
            // This server takes the phone for busy and offers nothing.
            continue;
        }
        assert_eq!(
            (w.desks[0].rings, w.tones(0)),
            (0, vec![Tone::CALL_WAITING]),
            "{dialect:?}"
        );
        w.hang_up(0);
        assert!(w.desks[0].ringing.is_some(), "{dialect:?}");
        w.lift(0);
        w.run(500);
        assert_eq!(w.desks[0].audible_target(), Some(OUTSIDE), "{dialect:?}");
    }
}
