//! Waits that end early because a sibling has found a server, or the network has come back.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sccp::message::ServerMessage;
use crate::sccp::message::{RegisterReject, Reset};

/// Waits for the next try after an outage of this length, s.
fn after_an_outage(s: u64) -> Bench {
    let mut b = Bench::registered(|_| {});
    b.pass(secs(25));
    b.closed(CloseReason::ByServer);
    let end = b.now + secs(s);
    while b.now < end {
        b.until_connect(0);
        b.connect_failed(ConnectFailure::Refused);
    }
    b.did();
    b
}

#[test]
fn a_siblings_success_ends_the_wait_within_two_seconds() {
    let mut b = after_an_outage(150);
    b.station.sibling_registered(b.now, 0);
    assert!(b.until_connect(0) <= secs(2));
}

#[test]
fn a_link_that_comes_up_ends_the_wait_within_two_seconds() {
    let mut b = after_an_outage(150);
    b.station.network_changed(b.now);
    assert!(b.until_connect(0) <= secs(2));
}

#[test]
fn the_server_that_accepted_the_sibling_is_tried_first() {
    let mut b = Bench::new(|c| c.servers = (0..3).collect());
    b.start();
    for next in [1, 2, 0].repeat(6).into_iter().take(17) {
        b.connect_failed(ConnectFailure::TimedOut);
        b.until_connect(next);
    }
    b.connect_failed(ConnectFailure::TimedOut);
    b.station.sibling_registered(b.now, 1);
    b.until_connect(1);
    // A server that is not in the list is none of ours.
    b.connect_failed(ConnectFailure::TimedOut);
    b.station.sibling_registered(b.now, 9);
    assert_ne!(b.station.snapshot().state.server(), Some(9));
}

#[test]
fn siblings_are_spread_over_two_seconds() {
    let waits: Vec<Duration> = (1..=48)
        .map(|seed| {
            let mut b = Bench::registered(|c| c.retry.jitter_seed = seed);
            b.pass(secs(25));
            b.closed(CloseReason::ByServer);
            for _ in 0..8 {
                b.until_connect(0);
                b.connect_failed(ConnectFailure::Refused);
            }
            b.station.sibling_registered(b.now, 0);
            b.until_connect(0)
        })
        .collect();
    for half in 0..4 {
        let from = Duration::from_millis(500) * half;
        let here = |w: &&Duration| (from..from + Duration::from_millis(500)).contains(*w);
        let count = waits.iter().filter(here).count();
        assert!((4..=20).contains(&count), "{count} in half second {half}");
    }
}

#[test]
fn a_wait_that_ends_sooner_is_left_alone() {
    let mut b = Bench::registered(|_| {});
    b.pass(secs(25));
    b.closed(CloseReason::ByServer);
    let StationState::Waiting { until, .. } = b.station.snapshot().state else {
        panic!("it waits");
    };
    for _ in 0..1000 {
        b.station.sibling_registered(b.now, 0);
    }
    let StationState::Waiting { until: then, .. } = b.station.snapshot().state else {
        panic!("it waits");
    };
    assert!(then <= until);
}

/// Waits that are somebody's wish, or keep a server from being hammered.
#[test]
fn a_refusal_a_reset_and_a_server_that_drops_what_it_accepts_are_waited_out() {
    let refused: fn(&mut Bench) = |b| {
        b.connected();
        b.hear(&ServerMessage::RegisterReject(RegisterReject {
            text: "Device Unknown".into(),
        }));
    };
    let reset: fn(&mut Bench) = |b| {
        b.register(30);
        b.hear(&ServerMessage::Reset(Reset {
            kind: ResetKind::RESTART,
        }));
        b.closed(CloseReason::ByServer);
    };
    let dropped: fn(&mut Bench) = |b| {
        b.register(30);
        b.closed(CloseReason::Reset);
    };
    for (what, fails) in [("refused", refused), ("reset", reset), ("dropped", dropped)] {
        let mut b = Bench::new(|_| {});
        b.start();
        for _ in 0..5 {
            fails(&mut b);
            b.until_connect(0);
        }
        fails(&mut b);
        b.did();
        b.station.sibling_registered(b.now, 0);
        b.station.network_changed(b.now);
        let wait = b.until_connect(0);
        assert!(wait > secs(20), "{what}: {wait:?}");
    }
}

#[test]
fn few_devices_try_more_often_than_many_while_nobody_answers_and_a_refused_one_does_not() {
    let policy = |c: &mut StationConfig| c.retry.max_unanswered = secs(5);
    let mut b = Bench::new(policy);
    b.start();
    for _ in 0..10 {
        b.connect_failed(ConnectFailure::Refused);
        assert!(b.until_connect(0) <= Duration::from_millis(6_250));
    }
    b.connected();
    b.hear(&ServerMessage::RegisterReject(RegisterReject {
        text: "Device Unknown".into(),
    }));
    assert!(b.until_connect(0) >= secs(45));
}

#[test]
fn an_address_that_is_gone_ends_the_connection_at_once() {
    // After a minute, and a moment after Register.
    for lived in [60, 1] {
        let mut b = Bench::registered(|_| {});
        b.pass(secs(lived));
        b.hear(&ServerMessage::KeepAliveAck);
        b.closed(CloseReason::AddressGone(LOCAL));
        assert!(!b.station.is_registered());
        assert!(b.until_connect(0) <= secs(1));
        // The new address is late.
        for _ in 0..6 {
            b.connect_failed(ConnectFailure::Unreachable);
            b.until_connect(0);
        }
        b.connect_failed(ConnectFailure::Unreachable);
        b.station.network_changed(b.now);
        assert!(b.until_connect(0) <= secs(2));
    }
}
