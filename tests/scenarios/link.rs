//! Servers that go away, come back, restart their devices, or talk nonsense.

use tipring_proto::call::{CallState, EndCause, PortState};
use tipring_proto::device::Input;
use tipring_proto::sccp::callmanager::{CmEvent, Dialect};
use tipring_proto::sccp::message::{ResetKind, Tone};
use tipring_proto::sccp::station::StationEvent;

use crate::world::{World, number};

fn registrations(w: &World, d: usize) -> usize {
    let registered = |e: &&StationEvent| matches!(e, StationEvent::Registered { .. });
    w.desks[d].events.iter().filter(registered).count()
}

#[test]
fn a_server_restart_when_idle_is_followed_by_calls_that_work() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.server_down();
        w.run(10_000);
        w.lift(0);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        w.hang_up(0);
        w.server_up();
        w.until(120_000, "both register", |w| {
            w.desks.iter().all(|d| d.device.is_registered())
        });
        w.talk(0, 1);
    }
}

#[test]
fn a_server_restart_in_a_call_leaves_the_talk_alone() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        w.server_down();
        w.run(10_000);
        w.assert_talking(0, 1);
        w.server_up();
        w.until(120_000, "both register", |w| {
            w.desks.iter().all(|d| d.device.is_registered())
        });
        w.run(30_000);
        w.assert_talking(0, 1);
        for d in [0, 1] {
            let calls = w.desks[d].device.snapshot().port.calls;
            assert_eq!(calls[0].state, CallState::Preserved, "{dialect:?}");
        }
        w.hang_up(0);
        w.hang_up(1);
        w.run(1_000);
        w.assert_idle();
        w.talk(1, 0);
    }
}

#[test]
fn a_far_end_that_hangs_up_while_the_server_is_away_is_noticed() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        w.server_down();
        w.run(100_000);
        w.assert_talking(0, 1);
        w.hang_up(1);
        w.desks[0].rtp_ended = Some(w.now);
        w.run(58_000);
        assert_eq!(w.word(0), PortState::InCall, "{dialect:?}");
        w.run(60_000);
        assert_eq!(w.desks[0].opened_loop, 1, "{dialect:?}");
        assert_eq!(
            w.desks[0].tones.first(),
            Some(&Tone::REORDER),
            "{dialect:?}"
        );
        assert_eq!(w.desks[0].records[0].cause, EndCause::RtpEnded);
        w.hang_up(0);
        w.server_up();
        w.until(120_000, "both register", |w| {
            w.desks.iter().all(|d| d.device.is_registered())
        });
        w.run(1_000);
        w.assert_idle();
        w.desks[0].rtp_ended = None;
        w.talk(0, 1);
    }
}

#[test]
fn a_broken_connection_in_a_call_ends_when_the_phone_is_hung_up() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        w.cut(0);
        w.run(100);
        assert!(w.desks[0].bridge.is_some(), "{dialect:?}");
        w.until(120_000, "registers again", |w| {
            w.desks[0].device.is_registered()
        });
        w.run(1_000);
        w.hang_up(0);
        w.hang_up(1);
        w.run(2_000);
        w.assert_idle();
        w.talk(0, 1);
    }
}

#[test]
fn a_link_lost_while_dialing_or_ringing_leaves_nothing_hanging() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        w.dial(0, &number(1));
        w.run(4_000);
        assert!(w.desks[1].ringing.is_some());
        w.server_down();
        w.run(100);
        assert_eq!(w.desks[1].ringing, None, "{dialect:?}");
        assert_eq!(w.word(1), PortState::Idle);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER), "{dialect:?}");
        w.hang_up(0);
        w.server_up();
        w.until(120_000, "both register", |w| {
            w.desks.iter().all(|d| d.device.is_registered())
        });
        w.assert_idle();
    }
}

#[test]
fn reset_and_restart_wait_for_the_end_of_the_call() {
    for dialect in Dialect::ALL {
        for kind in [ResetKind::RESET, ResetKind::RESTART] {
            let mut w = World::new(dialect, 2);
            w.talk(0, 1);
            w.cm.reset(&number(0), kind).unwrap();
            w.run(30_000);
            w.assert_talking(0, 1);
            assert_eq!(registrations(&w, 0), 1, "{dialect:?} {kind}");
            w.hang_up(0);
            w.hang_up(1);
            w.until(60_000, "registers again", |w| registrations(w, 0) == 2);
            assert_eq!(registrations(&w, 1), 1);
            w.run(100);
            w.talk(1, 0);
        }
    }
}

#[test]
fn a_phone_left_off_hook_does_not_hold_up_a_reset_for_ever() {
    let mut w = World::new(Dialect::ChanSkinny, 1);
    w.lift(0);
    w.run(20_000);
    w.cm.reset(&number(0), ResetKind::RESET).unwrap();
    w.run(120_000);
    assert_eq!(registrations(&w, 0), 2);
    assert_eq!(w.word(0), PortState::Lockout);
    w.hang_up(0);
    w.lift(0);
    assert_eq!(w.desks[0].tone, Some(Tone::INSIDE_DIAL));
}

#[test]
fn stopping_unregisters() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        w.input(0, Input::Stop);
        w.run(3_000);
        assert!(
            matches!(w.desks[0].events.last(), Some(StationEvent::Stopped)),
            "{dialect:?}"
        );
        assert!(w.events.iter().any(|e| matches!(e, CmEvent::Gone { .. })));
        w.lift(0);
        assert_eq!(w.desks[0].tone, Some(Tone::REORDER));
    }
}

#[test]
fn garbage_from_the_server_costs_the_connection_and_not_the_call() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        let garbage = [0xFF; 64];
        w.received(0, &garbage);
        w.run(100);
        assert!(w.desks[0].bridge.is_some(), "{dialect:?}");
        w.until(120_000, "registers again", |w| registrations(w, 0) == 2);
        w.hang_up(0);
        w.hang_up(1);
        w.run(2_000);
        w.assert_idle();
    }
}
