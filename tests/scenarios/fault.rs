//! Lines that fail and cards that go and come back, while the server knows nothing of it.

use tipring_proto::call::{EndCause, LineFault, LineInput, PortWord};
use tipring_proto::sccp::callmanager::Dialect;

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
fn a_card_that_stays_away_ends_its_call_and_the_far_set_notices() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.talk(0, 1);
        w.line(0, LineInput::Fault(LineFault::Removed));
        w.run(4_000);
        assert_eq!(w.word(0), PortWord::Fault, "{dialect:?}");
        let ended = w.desks[0].records.last().map(|r| r.cause);
        assert_eq!(ended, Some(EndCause::LineFault), "{dialect:?}");
        assert_eq!(w.desks[1].audible_target(), None, "{dialect:?}");
        w.hang_up(1);
        // The set was left lifted: it hears a dial tone and can call.
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

#[test]
fn a_call_to_a_line_whose_card_is_away_rings_when_it_is_back() {
    for dialect in Dialect::ALL {
        let mut w = World::new(dialect, 2);
        w.line(1, LineInput::Fault(LineFault::Removed));
        w.run(10_000);
        w.lift(0);
        w.dial(0, &number(1));
        w.run(4_000);
        assert_eq!(w.desks[1].ringing, None, "{dialect:?}");
        card_back(&mut w, 1, false);
        assert!(w.desks[1].ringing.is_some(), "{dialect:?}");
        w.lift(1);
        w.run(500);
        w.assert_talking(0, 1);
    }
}

#[test]
fn a_set_hung_up_while_its_card_was_away_leaves_nothing_behind() {
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
