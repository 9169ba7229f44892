//! RTP ports: none left, and some used by others.

use std::net::UdpSocket;

use crate::place::{Place, RTP, SOON, counter, number_of, until};
use crate::talk::can_call;

/// The least that the configuration takes for two ports.
const LAST: u16 = RTP + 15;

pub(crate) fn ports_that_others_use_are_skipped() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let used: Vec<UdpSocket> = (RTP..=LAST)
        .step_by(2)
        .filter(|p| p % 8 != 0)
        .map(|p| UdpSocket::bind((place.address(), p)).unwrap())
        .collect();
    let config = place.config_with_rtp(2, RTP, LAST, "");
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    for _ in 0..2 {
        can_call(&gateway, 1, 2);
    }
    drop(used);
    let log = gateway.log();
    assert!(!log.contains("no free RTP port"), "{log}");
}

pub(crate) fn a_call_without_a_port_is_refused_with_cause_and_cure_and_works_when_there_is_one() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let used: Vec<UdpSocket> = (RTP..=LAST)
        .step_by(2)
        .skip(1)
        .map(|p| UdpSocket::bind((place.address(), p)).unwrap())
        .collect();
    let config = place.config_with_rtp(2, RTP, LAST, "");
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    // One port is free; the second leg of the call gets none.
    let number = number_of(&gateway, 2);
    let [mut caller, mut called] = [1, 2].map(|p| gateway.set(p).unwrap());
    for _ in 0..3 {
        caller.call(&number).unwrap();
        called.answer().unwrap();
        until(SOON, || {
            let refused =
                counter(&gateway, 1, "media-refused") + counter(&gateway, 2, "media-refused");
            (refused > 0)
                .then_some(())
                .ok_or("nothing was refused".to_owned())
        });
        caller.finish().unwrap();
        called.finish().unwrap();
    }
    let log = gateway.log();
    let wanted = format!(
        "no free RTP port among 8 from {RTP} on {}; widen the RTP port range",
        place.address()
    );
    // Reported for each call: each of them is one that somebody complains about.
    assert!(log.matches(&wanted).count() >= 3, "{log}");
    drop(used);
    can_call(&gateway, 1, 2);
}
