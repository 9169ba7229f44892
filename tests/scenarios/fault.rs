//! Lines that fail and cards that go and come back, while the server knows nothing of it.

use std::time::Duration;

use tipring_proto::call::{
    CallState, EndCause, FlashAction, LineFault, LineInput, PortConfig, PortState,
};
use tipring_proto::device::Input;
use tipring_proto::sccp::callmanager::Dialect;
use tipring_proto::sccp::station::{StationConfig, StationEvent};

use crate::world::{World, number};

/// The card of desk `d` is back, and finds the loop so.
fn card_back(w: &mut World, d: usize, off_hook: bool) {
    w.line(d, LineInput::FaultCleared);
    let at = w.now;
    w.line(
        d,
        if off_hook {
            LineInput::LoopClosed { at }
        } else {
            LineInput::LoopOpened { at }
        },
    );
    w.run(50);
}

#[test]
fn a_call_outlives_a_card_that_is_back_within_the_grace() {
    for dialect in Dialect::ALL {
        for fault in [LineFault::Alarm, LineFault::Removed, LineFault::PowerAlarm] {
            let mut w = World::new(dialect, 2);
            w.talk(0, 1);
            w.line(0, LineInput::Fault(fault));
            w.run(1_900);
            card_back(&mut w, 0, true);
            w.run(10_000);
            w.assert_talking(0, 1);
            w.hang_up(0);
            w.run(1_000);
            w.hang_up(1);
            w.run(1_000);
            w.assert_idle();
        }
    }
}

#[test]
fn a_card_that_stays_away_ends_its_call_and_the_far_phone_notices() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        w.line(0, LineInput::Fault(LineFault::Removed));
        w.run(SHORT_FAULT_MS);
        assert_eq!(w.word(0), PortState::Fault, "{dialect:?}");
        let ended = w.desks[0].records.last().map(|r| r.cause);
        assert_eq!(ended, Some(EndCause::LineFault), "{dialect:?}");
        assert_eq!(w.desks[1].audible_target(), None, "{dialect:?}");
        w.hang_up(1);
        assert!(w.desks[0].device.is_registered(), "{dialect:?}");
        // The phone was left off-hook: it hears a dial tone and can call.
        card_back(&mut w, 0, true);
        w.run(500);
        assert!(w.desks[0].tone.is_some(), "{dialect:?}");
        w.dial(0, &number(1));
        w.run(4_000);
        assert!(w.desks[1].ringing.is_some(), "{dialect:?}");
        w.lift(1);
        w.run(500);
        w.assert_talking(0, 1);
    }
}

/// A moment in which a line that failed still has its device, and one in which it has not.
const SHORT_FAULT_MS: u64 = 3_000;
const LONG_FAULT_MS: u64 = 12_000;
/// Within which a device whose line works again is back.
const RETURN_MS: u64 = 1_000;

#[test]
fn a_call_to_a_line_whose_card_is_away_for_a_moment_rings_when_it_is_back() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.lift(0);
        w.line(1, LineInput::Fault(LineFault::Removed));
        w.dial(0, &number(1));
        w.run(SHORT_FAULT_MS);
        assert_eq!(w.desks[1].ringing, None, "{dialect:?}");
        card_back(&mut w, 1, false);
        w.until(3_000, "the called phone rings", |w| {
            w.desks[1].ringing.is_some()
        });
        w.lift(1);
        w.run(500);
        w.assert_talking(0, 1);
        let lost = |e: &StationEvent| !matches!(e, StationEvent::Registered { .. });
        assert!(!w.desks[1].events.iter().any(lost), "{dialect:?}");
    }
}

#[test]
fn a_line_that_stays_dead_leaves_the_server_and_comes_back_when_it_works() {
    for dialect in Dialect::ALL {
        for fault in [LineFault::Alarm, LineFault::Removed, LineFault::PowerAlarm] {
            let mut w = World::new(dialect, 2);
            w.line(1, LineInput::Fault(fault));
            w.run(SHORT_FAULT_MS);
            assert!(w.desks[1].device.is_registered(), "{dialect:?} {fault:?}");
            w.run(LONG_FAULT_MS);
            assert!(w.desks[1].device.service().is_out());
            assert!(!w.desks[1].device.is_registered(), "{dialect:?} {fault:?}");
            // The caller is not left with ringing: the server knows that nobody is there.
            w.lift(0);
            w.dial(0, &number(1));
            w.run(4_000);
            let calls = w.desks[0].device.snapshot().port.calls;
            let rings = calls.iter().any(|c| c.state == CallState::RingingOut);
            assert!(!rings, "{dialect:?} {fault:?}: {calls:?}");
            w.hang_up(0);
            w.run(2_000);
            card_back(&mut w, 1, false);
            w.run(RETURN_MS);
            assert!(w.desks[1].device.is_registered(), "{dialect:?} {fault:?}");
            w.talk(0, 1);
        }
    }
}

#[test]
fn a_line_that_works_again_while_its_device_is_leaving_registers_again() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.latency_ms = 200;
        w.line(1, LineInput::Fault(LineFault::Alarm));
        w.until(6_000, "it leaves", |w| w.desks[1].device.service().is_out());
        let state = w.desks[1].device.station_snapshot().state;
        assert_eq!(state.registration().name(), "unregistering", "{dialect:?}");
        card_back(&mut w, 1, false);
        w.until(5_000, "it registers again", |w| {
            w.desks[1].device.is_registered()
        });
        w.run(1_000);
        w.latency_ms = 0;
        w.talk(0, 1);
    }
}

#[test]
fn a_call_that_outlasts_the_trouble_is_not_dropped_by_leaving() {
    for dialect in Dialect::ALL {
        let patient = |p: &mut PortConfig| p.fault_grace_ms = 60_000;
        let mut w = World::with(dialect, 2, |_| {}, patient);
        w.talk(0, 1);
        w.line(0, LineInput::Fault(LineFault::Alarm));
        w.run(LONG_FAULT_MS);
        w.assert_talking(0, 1);
        assert!(w.desks[0].device.is_registered(), "{dialect:?}");
        // After the call it leaves at once.
        w.hang_up(1);
        w.run(60_000);
        assert!(w.desks[0].device.service().is_out(), "{dialect:?}");
        assert!(!w.desks[0].device.is_registered(), "{dialect:?}");
        card_back(&mut w, 0, false);
        w.run(RETURN_MS);
        w.talk(1, 0);
    }
}

#[test]
fn a_call_on_hold_does_not_keep_a_dead_line_registered() {
    for dialect in Dialect::ALL {
        // The phone is lifted; it was hung up and rings again (hold recall).
        for recalled in [false, true] {
            let hold = |p: &mut PortConfig| p.flash = FlashAction::Hold;
            let mut w = World::with(dialect, 2, |_| {}, hold);
            w.talk(0, 1);
            w.flash(0);
            w.run(500);
            if recalled {
                w.hang_up(0);
                w.run(500);
                // mod_skinny lets go of what is on hold.
                let kept = w.word(0) == PortState::HoldRecall;
                assert_eq!(kept, dialect != Dialect::ModSkinny, "{dialect:?}");
            }
            w.line(0, LineInput::Fault(LineFault::Removed));
            w.run(SHORT_FAULT_MS);
            assert!(w.desks[0].device.is_registered(), "{dialect:?}");
            w.run(LONG_FAULT_MS);
            assert!(w.desks[0].device.service().is_out(), "{dialect:?}");
            assert_eq!(w.desks[0].device.snapshot().port.calls, []);
            assert_eq!(w.desks[1].bridge, None, "{dialect:?}: the far end waits");
            w.hang_up(1);
            card_back(&mut w, 0, false);
            w.run(RETURN_MS);
            w.assert_idle();
            w.talk(1, 0);
        }
    }
}

#[test]
fn a_call_beside_a_held_one_is_kept_while_its_line_is_dead_and_the_held_one_alone_is_not() {
    for dialect in Dialect::ALL {
        let patient = |p: &mut PortConfig| p.fault_grace_ms = 20_000;
        let mut w = World::with(dialect, 3, |_| {}, patient);
        w.talk(0, 1);
        w.lift(2);
        w.dial(2, &number(0));
        w.run(4_000);
        w.flash(0);
        w.run(500);
        w.assert_talking(0, 2);
        w.line(0, LineInput::Fault(LineFault::Alarm));
        w.run(LONG_FAULT_MS);
        w.assert_talking(0, 2);
        // The grace is over, and the phone counts as hung up.
        w.run(LONG_FAULT_MS);
        assert!(w.desks[0].device.service().is_out(), "{dialect:?}");
        assert_eq!(w.desks[0].device.snapshot().port.calls, []);
        for far in [1, 2] {
            assert_eq!(w.desks[far].bridge, None, "{dialect:?}: desk {far}");
        }
    }
}

/// Alarm for `on` ms and none for `off`, for two minutes: how often desk 0 registered meanwhile.
fn flutter(w: &mut World, on: u64, off: u64) -> usize {
    w.desks[0].events.clear();
    for _ in 0..120_000 / (on + off) {
        w.line(0, LineInput::Fault(LineFault::Alarm));
        w.run(on);
        w.line(0, LineInput::FaultCleared);
        w.run(off);
    }
    let registered = |e: &&StationEvent| matches!(e, StationEvent::Registered { .. });
    w.desks[0].events.iter().filter(registered).count()
}

#[test]
fn a_line_that_comes_and_goes_does_not_register_each_time() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        let times = flutter(&mut w, 6_000, 1_500);
        assert!(times <= 3, "{dialect:?}: {times} times in two minutes");
        assert!(w.desks[0].device.service().is_out(), "{dialect:?}");
        // Sound for good: it is back, and soon.
        w.until(60_000, "it registers again", |w| {
            w.desks[0].device.is_registered()
        });
        w.run(1_000);
        w.talk(1, 0);
    }
}

#[test]
fn a_line_that_is_dead_but_for_moments_leaves_and_one_with_short_alarms_does_not() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        flutter(&mut w, 4_900, 100);
        assert!(w.desks[0].device.service().is_out(), "{dialect:?}");
        assert!(!w.desks[0].device.is_registered(), "{dialect:?}");
        let mut w = World::new(dialect, 1);
        flutter(&mut w, 100, 5_900);
        assert!(w.desks[0].device.is_registered(), "{dialect:?}");
        let lost = |e: &StationEvent| {
            !matches!(
                e,
                StationEvent::Registered { .. }
                    | StationEvent::AnswersKeepalives { .. }
                    | StationEvent::Trying { .. }
                    | StationEvent::TrialFailed { .. }
            )
        };
        assert!(!w.desks[0].events.iter().any(lost), "{dialect:?}");
    }
}

#[test]
fn the_wait_between_first_registrations_is_not_that_of_a_line_that_works_again() {
    for dialect in Dialect::ALL {
        let staggered = |s: &mut StationConfig| s.start_delay = Duration::from_secs(4);
        let mut w = World::seeded(1, dialect, 1, |_| {}, staggered, |_| {});
        w.line(0, LineInput::Fault(LineFault::Alarm));
        w.run(LONG_FAULT_MS);
        assert!(!w.desks[0].device.is_registered(), "{dialect:?}");
        card_back(&mut w, 0, false);
        w.run(RETURN_MS);
        assert!(w.desks[0].device.is_registered(), "{dialect:?}");
    }
}

#[test]
fn a_device_that_was_stopped_stays_so_when_its_line_works_again() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 1);
        w.line(0, LineInput::Fault(LineFault::Alarm));
        w.run(LONG_FAULT_MS);
        w.input(0, Input::Stop);
        card_back(&mut w, 0, false);
        w.run(LONG_FAULT_MS);
        assert!(!w.desks[0].device.is_registered(), "{dialect:?}");
    }
}

#[test]
fn a_phone_hung_up_while_its_card_was_away_leaves_nothing_behind() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        w.line(1, LineInput::Fault(LineFault::Removed));
        w.run(1_000);
        card_back(&mut w, 1, false);
        w.run(3_000);
        w.hang_up(0);
        w.run(1_000);
        w.assert_idle();
    }
}
