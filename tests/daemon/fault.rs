//! The line or its card fails in a call and comes back.

use tipring_ctl::report::RegistrationState;
use tipring_ctl::request::{SimAction, SimFault};

use crate::place::{Place, SOON, counter, number_of, until_says};
use crate::talk::{Talk, can_call};

pub(crate) fn a_span_in_alarm_in_a_call_heals_by_itself_and_nobody_else_notices() {
    breaks_and_heals(
        SimFault::Alarm,
        "the span is in alarm",
        "check the power connector of the card",
    );
}

pub(crate) fn a_card_removed_in_a_call_heals_by_itself_and_nobody_else_notices() {
    breaks_and_heals(
        SimFault::Removed,
        "the card is removed",
        "put the card back",
    );
}

pub(crate) fn a_battery_lost_in_a_call_heals_by_itself_and_nobody_else_notices() {
    breaks_and_heals(
        SimFault::PowerAlarm,
        "no battery on the line",
        "check the card's power connector",
    );
}

fn breaks_and_heals(fault: SimFault, what: &str, cure: &str) {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(4, "");
    let mut talk = Talk::begin(&gateway, 3, 4);
    let number = number_of(&gateway, 2);
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
        let fault = SimFault::Clear;
        sick.act(SimAction::Fault { fault }, SOON).unwrap();
        sick.finish().unwrap();
        let list = gateway.tipring(&["port", "list"]).unwrap();
        assert!(!list.contains("port 1: "), "{list}");
    });
    // A trouble of more than a few seconds had it leave the CallManager.
    gateway.wait_registered(4, SOON).unwrap();
    can_call(&gateway, 1, 2);
    can_call(&gateway, 2, 1);
    talk.end();
}

pub(crate) fn a_port_that_stays_dead_leaves_the_callmanager_and_is_back_when_its_line_is() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let number = number_of(&gateway, 2);
    let [mut caller, mut dead] = [1, 2].map(|p| gateway.set(p).unwrap());
    let fault = SimFault::Alarm;
    dead.act(SimAction::Fault { fault }, SOON).unwrap();
    until_says(
        SOON,
        &[
            "port 2: the span is in alarm: the card's driver reports it; unregistered until it works again",
            "cure: check the power connector of the card",
            "1 of 2 registered",
        ],
        || gateway.tipring(&["status"]).unwrap(),
    );
    let shown = gateway.tipring(&["port", "show", "2"]).unwrap();
    assert!(shown.contains("callers are sent elsewhere"), "{shown}");
    assert_eq!(
        gateway.port(2).unwrap().summary.registration,
        RegistrationState::Stopped
    );
    // The caller hears at once that nobody is there.
    caller.call(&number).unwrap();
    caller.hears_busy_or_reorder().unwrap();
    caller.finish().unwrap();
    let fault = SimFault::Clear;
    dead.act(SimAction::Fault { fault }, SOON).unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    assert_eq!(counter(&gateway, 2, "registrations"), 2);
    can_call(&gateway, 1, 2);
}

pub(crate) fn a_fault_while_ringing_ends_the_ringing_and_the_next_call_rings() {
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
    until_says(SOON, &["port 2: the card is removed"], || {
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
    gateway.wait_registered(2, SOON).unwrap();
    can_call(&gateway, 1, 2);
}
