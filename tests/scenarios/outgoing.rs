//! Calls made, answered, and ended by either side.

use tipring_proto::call::{CallDirection, EndCause, PortState};
use tipring_proto::sccp::callmanager::Dialect;
use tipring_proto::sccp::message::{CallOnLine, ClientMessage, RingMode, Tone};
use tipring_proto::types::{CallRef, LineInstance};

use crate::world::{World, number};

#[test]
fn one_port_calls_another_and_both_hear_each_other() {
    for dialect in Dialect::ALL {
        for seed in 0..20 {
            let mut w = World::seeded(seed, dialect, 2, |_| {}, |_| {}, |_| {});
            w.lift(0);
            assert_eq!(w.tones(0), [Tone::INSIDE_DIAL], "{dialect:?}");
            w.dial(0, "2");
            assert_eq!(w.desks[0].tone, None, "dial tone stops at the first digit");
            w.dial(0, "002");
            w.run(4_000);
            assert!(w.desks[1].ringing.is_some(), "{dialect:?}");
            assert_eq!(w.desks[0].tone, Some(Tone::ALERTING), "{dialect:?}");
            w.lift(1);
            w.run(500);
            assert_eq!(
                (w.desks[0].tone, w.desks[1].tone),
                (None, None),
                "{dialect:?}"
            );
            assert_eq!(w.desks[1].ringing, None);
            w.assert_talking(0, 1);
            w.run(60_000);
            w.hang_up(0);
            w.hang_up(1);
            w.run(1_000);
            w.assert_idle();
            let record = &w.desks[0].records[0];
            assert_eq!(record.direction, CallDirection::Outgoing);
            assert_eq!(record.number, number(1));
            assert_eq!(record.cause, EndCause::NearHangUp);
            assert!(record.connected.is_some());
            let record = &w.desks[1].records[0];
            assert_eq!(record.direction, CallDirection::Incoming);
            assert_eq!(record.number, number(0));
            assert_eq!(record.cause, EndCause::FarHangUp);
        }
    }
}

#[test]
fn lifting_names_no_line_and_answering_names_the_call() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        assert_eq!(w.said(0), [ClientMessage::OffHook(CallOnLine::default())]);
        w.dial(0, &number(1));
        w.run(4_000);
        w.lift(1);
        let answered = w.said(1);
        let [ClientMessage::OffHook(on)] = answered[..] else {
            panic!("{dialect:?}: {answered:?}");
        };
        assert_eq!(on.line, LineInstance(1));
        assert_ne!(on.call, CallRef::NONE);
    }
}

#[test]
fn the_far_hang_up_opens_the_loop_then_reorder_then_howler_then_quiet() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        w.hang_up(0);
        assert_eq!(w.desks[1].opened_loop, 1, "{dialect:?}");
        assert_eq!(w.desks[1].bridge, None);
        w.run(1_000);
        assert_eq!(w.desks[1].tone, Some(Tone::REORDER), "{dialect:?}");
        w.run(16_000);
        assert_eq!(w.desks[1].tone, Some(Tone::HOWLER));
        w.run(61_000);
        assert_eq!((w.desks[1].tone, w.word(1)), (None, PortState::Lockout));
        w.hang_up(1);
        w.run(1_000);
        w.assert_idle();
        // And the port works as before.
        w.talk(0, 1);
    }
}

#[test]
fn a_caller_who_gives_up_stops_the_ring() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        w.dial(0, &number(1));
        w.run(10_000);
        assert!(w.desks[1].ringing.is_some(), "{dialect:?}");
        w.hang_up(0);
        w.run(500);
        assert_eq!(w.desks[1].records[0].cause, EndCause::NotAnswered);
        w.assert_idle();
    }
}

#[test]
fn a_call_that_nobody_answers_ends_and_the_caller_hears_it() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        w.dial(0, &number(1));
        w.run(4_000);
        w.run(60_000);
        assert_eq!(w.desks[1].ringing, None, "{dialect:?}");
        assert_eq!(w.desks[1].records[0].cause, EndCause::NotAnswered);
        w.run(2_000);
        let tone = w.desks[0].tone;
        assert!(
            matches!(tone, Some(Tone::REORDER | Tone::BUSY)),
            "{dialect:?} {tone:?}"
        );
        w.hang_up(0);
        w.run(1_000);
        w.assert_idle();
    }
}

#[test]
fn chan_skinny_rings_inside_and_chan_sccp_outside() {
    for (dialect, mode) in [
        (Dialect::ChanSkinny, RingMode::INSIDE),
        (Dialect::ChanSccp, RingMode::OUTSIDE),
    ] {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        w.dial(0, &number(1));
        w.run(4_000);
        assert_eq!(w.desks[1].ringing, Some(mode));
        assert_eq!(w.desks[1].rings, 1);
    }
}

#[test]
fn a_hundred_calls_in_a_row_leave_nothing_behind() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        for call in 0..100 {
            let (a, b) = (call % 2, 1 - call % 2);
            w.talk(a, b);
            let first = if call % 3 == 0 { a } else { b };
            w.hang_up(first);
            w.hang_up(1 - first);
            w.run(200);
            w.assert_idle();
        }
        assert_eq!(w.desks[0].records.len(), 100);
    }
}

#[test]
fn versions_17_and_22_carry_the_same_call() {
    for dialect in Dialect::ALL {
        for version in [11, 17, 20, 22] {
            let mut w = World::seeded(
                3,
                dialect,
                2,
                |_| {},
                |station| station.offer_version = version,
                |_| {},
            );
            w.talk(0, 1);
            w.hang_up(1);
            w.hang_up(0);
            w.run(1_000);
            w.assert_idle();
        }
    }
}

#[test]
fn a_server_with_media_of_its_own_moves_the_far_end_after_the_answer() {
    for dialect in Dialect::ALL {
        let own = std::net::Ipv4Addr::new(10, 9, 9, 9);
        let mut w = World::with(dialect, 2, |c| c.own_media = Some(own), |_| {});
        w.talk(0, 1);
        w.hang_up(0);
        w.hang_up(1);
        w.run(1_000);
        w.assert_idle();
    }
}
