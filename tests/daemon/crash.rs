//! The daemon or the CallManager crashes and comes back.

use std::time::Duration;

use tipring_tests::callmanager::CallManager;

use crate::place::{Place, SOON, until, until_says};
use crate::talk::{Talk, can_call};

pub(crate) fn a_daemon_killed_in_a_call_registers_again_and_its_ports_work() {
    let place = Place::new();
    let mut callmanager = place.callmanager();
    let launch = place.launch(&place.config(2, ""));
    let gateway = launch.start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    drop(Talk::begin(&gateway, 1, 2));
    gateway.crash();
    callmanager.event("gone", SOON).unwrap();
    let gateway = launch.start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    // Nothing of the old call is left: both phones are new and on-hook, and calls work either way.
    assert_eq!(gateway.calls().unwrap().active, []);
    can_call(&gateway, 1, 2);
    can_call(&gateway, 2, 1);
    gateway.stop().unwrap();
}

pub(crate) fn calls_that_outlive_their_callmanager_are_counted_as_talking_and_named_preserved() {
    let place = Place::new();
    let callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let talk = Talk::begin(&gateway, 1, 2);
    let counts = gateway.status().unwrap().port_counts;
    assert_eq!((counts.talking, counts.preserved), (2, 0));
    drop(callmanager);
    until_says(SOON, &["0 of 2 registered"], || {
        gateway.tipring(&["status"]).unwrap()
    });
    let counts = gateway.status().unwrap().port_counts;
    assert_eq!((counts.talking, counts.preserved), (2, 2));
    let status = gateway.tipring(&["status"]).unwrap();
    assert!(
        status.contains("2 talking (2 of them preserved: the CallManager of the call is lost)"),
        "{status}"
    );
    talk.end();
    let counts = gateway.status().unwrap().port_counts;
    assert_eq!((counts.talking, counts.preserved), (0, 0));
}

pub(crate) fn a_callmanager_that_comes_late_finds_the_ports_waiting_and_reorder_is_heard_until_then()
 {
    let place = Place::new();
    let gateway = place.launch(&place.config(2, "")).start().unwrap();
    until_says(
        SOON,
        &[": connection refused", "in [callmanager] servers"],
        || gateway.tipring(&["status"]).unwrap(),
    );
    let mut set = gateway.set(1).unwrap();
    set.lift().unwrap();
    set.hears_busy_or_reorder().unwrap();
    set.finish().unwrap();
    let callmanager = place.callmanager();
    let took = gateway.wait_registered(2, SOON).unwrap();
    assert!(took < Duration::from_secs(5), "{took:?}");
    can_call(&gateway, 1, 2);
    // It crashes and comes again, as a server does that is restarted.
    drop(callmanager);
    until_says(SOON, &["not registered with "], || {
        gateway.tipring(&["port", "list"]).unwrap()
    });
    let _callmanager = CallManager::start(place.sccp(), &[]).unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    can_call(&gateway, 2, 1);
    // A minute of refusals would be one line each; here it is one for each port and kind.
    let log = gateway.log();
    assert_eq!(log.matches("connection refused").count(), 2, "{log}");
}

pub(crate) fn a_callmanager_found_by_one_port_is_tried_by_those_that_wait() {
    let place = Place::new();
    let config = |channels: &[u16]| {
        let ports = channels
            .iter()
            .map(|c| format!("[[port]]\nchannel = {c}\n"));
        let config = place.config(3, &ports.collect::<String>());
        // Left to themselves the ports would wait for seven minutes at least.
        config.replace(
            "retry-first-ms = 100\nretry-max-ms = 200",
            "retry-first-ms = 600000\nretry-max-ms = 600000",
        )
    };
    let gateway = place.launch(&config(&[1, 2])).start().unwrap();
    for port in [1, 2] {
        until(SOON, || {
            match gateway.port(port)?.registration.next_attempt_ms {
                Some(ms) if ms > 60_000 => Ok(()),
                other => Err(format!("port {port} tries again in {other:?} ms")),
            }
        });
    }
    let _callmanager = place.callmanager();
    gateway.write_config(&config(&[1, 2, 3])).unwrap();
    gateway.reload().unwrap();
    gateway.wait_registered(3, SOON).unwrap();
}
