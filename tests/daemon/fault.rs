//! The line or its card fails in a call and comes back.

use tipring_ctl::request::{SimAction, SimFault};

use crate::place::{Place, SOON, number_of, until_says};
use crate::talk::{Talk, can_call};

#[test]
fn a_card_fault_in_a_call_is_shown_heals_by_itself_and_nobody_else_notices() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(4, "");
    let mut talk = Talk::begin(&gateway, 3, 4);
    let number = number_of(&gateway, 2);
    for (fault, what, cure) in [
        (
            SimFault::Alarm,
            "the span is in alarm",
            "check the span's cable",
        ),
        (SimFault::Removed, "the card is gone", "put the card back"),
        (
            SimFault::PowerAlarm,
            "no battery on the line",
            "check the card's power connector",
        ),
    ] {
        let [mut sick, mut other] = [1, 2].map(|p| gateway.set(p).unwrap());
        talk.undisturbed(|| {
            sick.call(&number).unwrap();
            other.answer().unwrap();
            sick.connected().unwrap();
            sick.act(SimAction::Fault { fault }, SOON).unwrap();
            let list = until_says(SOON, &["port 1: ", what, cure], || {
                gateway.tipring(&["port", "list"]).unwrap()
            });
            assert!(
                !list.contains("port 3: ") && !list.contains("port 4: "),
                "{list}"
            );
            let status = gateway.tipring(&["status"]).unwrap();
            assert!(status.contains(what), "{status}");
            // The far end is let go, it does not talk to a dead line for ever.
            other.hears_busy_or_reorder().unwrap();
            other.finish().unwrap();
            sick.hang().unwrap();
            sick.act(
                SimAction::Fault {
                    fault: SimFault::Clear,
                },
                SOON,
            )
            .unwrap();
            sick.finish().unwrap();
            let list = gateway.tipring(&["port", "list"]).unwrap();
            assert!(!list.contains("port 1: "), "{list}");
        });
        can_call(&gateway, 1, 2);
        can_call(&gateway, 2, 1);
    }
    talk.end();
}

#[test]
fn a_fault_while_ringing_ends_the_ringing_and_the_next_call_rings() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let number = number_of(&gateway, 2);
    let [mut caller, mut called] = [1, 2].map(|p| gateway.set(p).unwrap());
    caller.call(&number).unwrap();
    called
        .wait(tipring_ctl::request::SimCondition::Ringing, 15)
        .unwrap();
    called
        .act(
            SimAction::Fault {
                fault: SimFault::Removed,
            },
            SOON,
        )
        .unwrap();
    until_says(SOON, &["port 2: the card is gone"], || {
        gateway.tipring(&["port", "list"]).unwrap()
    });
    caller.finish().unwrap();
    called
        .act(
            SimAction::Fault {
                fault: SimFault::Clear,
            },
            SOON,
        )
        .unwrap();
    called.finish().unwrap();
    can_call(&gateway, 1, 2);
}
