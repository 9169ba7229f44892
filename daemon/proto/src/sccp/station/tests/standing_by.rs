//! The second connection: opened, kept, lost, registered over.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sccp::message::ServerMessage;
use crate::sccp::message::{RegisterReject, Reset};

/// Registered with the first of two servers, with a connection to the second.
fn standing_by() -> Bench {
    let mut b = Bench::registered(|c| {
        c.servers = (0..2).collect();
        c.standby = true;
    });
    let began = b.now;
    while !live(&mut b, secs(1)).contains(&Did::StandBy(1)) {
        assert!(b.now - began < secs(17), "no standby is opened");
    }
    b.standby_connected();
    let opened = Did::Event(StationEvent::StandbyOpened { server: 1 });
    assert_eq!(b.did(), [opened]);
    b.pass(secs(10));
    b.did();
    b
}

/// Messages sent over the standby until then, at a present server that answers.
fn live(b: &mut Bench, wait: Duration) -> Vec<Did> {
    let end = b.now + wait;
    let mut all = vec![];
    while b.now < end {
        for did in b.did() {
            match did {
                Did::Sent(ClientMessage::KeepAlive) => b.hear(&ServerMessage::KeepAliveAck),
                did => all.push(did),
            }
        }
        b.pass(secs(1).min(end - b.now));
    }
    all
}

#[test]
fn a_standby_is_kept_alive_and_need_not_answer() {
    let mut b = standing_by();
    let did = live(&mut b, secs(600));
    let asked = did
        .iter()
        .filter(|d| **d == Did::StandbySent(ClientMessage::KeepAlive));
    assert!((9..=10).contains(&asked.count()), "{did:?}");
    assert!(!did.contains(&Did::StandbyClose), "TCP alone is enough");
    let shown = b.station.snapshot().connections;
    assert!(shown.contains(&ConnectionShown {
        server: 1,
        purpose: ConnectionPurpose::Standby,
        state: ConnectionState::StandingBy,
    }));
}

#[test]
fn when_the_present_server_is_lost_the_device_registers_over_the_standby() {
    let mut b = standing_by();
    let standby = b.standby;
    b.closed(CloseReason::TimedOut);
    let lost = b.now;
    b.did();
    let mut did = vec![];
    while did.is_empty() {
        let at = b.station.poll_timeout().expect("something to wait for");
        b.now = b.now.max(at);
        b.station.handle_timeout(b.now);
        did = b.did();
    }
    assert!(b.now - lost <= secs(1));
    assert!(
        matches!(did[0], Did::Sent(ClientMessage::Alarm(_))),
        "{did:?}"
    );
    assert!(matches!(did[1], Did::Sent(ClientMessage::Register(_))));
    assert_eq!(b.active, standby);
    b.hear(&ack(30, 3));
    for answer in round() {
        b.hear(&answer);
    }
    assert_eq!(b.station.snapshot().state.server(), Some(1));
    assert!(b.station.is_registered());
    // And the better one is asked from there, without another standby.
    let did = live(&mut b, secs(60));
    assert!(did.contains(&Did::Probe(0)), "{did:?}");
    assert!(!did.iter().any(|d| matches!(d, Did::StandBy(_))), "{did:?}");
}

/// A frozen server must not pass for alive because the next one answers on the standby.
#[test]
fn bytes_on_a_standby_are_no_sign_of_life_of_the_present_server() {
    let b = standing_by();
    assert_eq!(b.station.hears(b.active), Some(0));
    assert_eq!(b.station.hears(b.standby), None);
    assert_eq!(b.station.standby_at(), Some(1));
}

#[test]
fn whatever_comes_on_a_standby_is_nothing() {
    for message in [
        ack(30, 3),
        ServerMessage::RegisterReject(RegisterReject {
            text: "Device Unknown".into(),
        }),
        ServerMessage::RegisterTokenAck,
        ServerMessage::KeepAliveAck,
        ServerMessage::CapabilitiesReq,
        ServerMessage::Reset(Reset {
            kind: ResetKind::RESET,
        }),
        tone_call(),
        line_stat(),
    ] {
        let mut b = standing_by();
        b.standby_hear(&message);
        assert_eq!(b.did(), [], "{message:?}");
        assert_eq!(b.station.snapshot().state.server(), Some(0));
        assert_eq!(b.station.snapshot().connections.len(), 2);
    }
}

#[test]
fn a_standby_that_is_closed_is_opened_ever_less_often() {
    let mut b = standing_by();
    let mut gaps = vec![];
    for _ in 0..9 {
        b.standby_closed(CloseReason::ByServer);
        let closed = b.now;
        while !live(&mut b, secs(1)).contains(&Did::StandBy(1)) {}
        b.standby_connected();
        b.pass(secs(20));
        gaps.push((b.now - closed).as_secs());
    }
    assert!(gaps[0] < 100, "{gaps:?}");
    assert!(gaps[8] > 2700, "{gaps:?}");
    assert!(b.station.is_registered());
}

#[test]
fn a_next_server_that_refuses_is_reported_with_its_reason_and_tried_every_minute_or_at_once_on_request()
 {
    let mut b = Bench::registered(|c| {
        c.servers = (0..2).collect();
        c.standby = true;
    });
    let refused = LostReason::Connect(ConnectFailure::Refused);
    let lost = Did::Event(StationEvent::StandbyLost {
        server: 1,
        reason: refused,
    });
    let asked = |b: &mut Bench| {
        let began = b.now;
        while !live(b, secs(1)).contains(&Did::StandBy(1)) {
            assert!(b.now - began < secs(100), "it is not tried again");
        }
        (b.now - began).as_secs()
    };
    asked(&mut b);
    for _ in 0..9 {
        let id = b.standby;
        b.station.connect_failed(b.now, id, ConnectFailure::Refused);
        assert!(b.did().contains(&lost));
        let gap = asked(&mut b);
        assert!((30..100).contains(&gap), "{gap} s");
    }
    let id = b.standby;
    b.station.connect_failed(b.now, id, ConnectFailure::Refused);
    b.did();
    b.station.retry_now(b.now, Some(1));
    assert!(asked(&mut b) < 10, "an operator wishes it");
}

#[test]
fn bytes_that_are_no_sccp_cost_the_standby_alone() {
    let mut b = standing_by();
    b.standby_received(&[0xFF; 64]);
    let did = b.did();
    let lost = |did: &Did| match did {
        Did::Event(StationEvent::StandbyLost { server: 1, reason }) => {
            matches!(reason, LostReason::BadFrame { .. })
        }
        _ => false,
    };
    assert_eq!(did[0], Did::StandbyClose);
    assert!(did.len() == 2 && lost(&did[1]), "{did:?}");
    assert_eq!(b.station.snapshot().counters.standbys_lost, 1);
    assert!(b.station.is_registered());
}

#[test]
fn a_device_that_stops_or_is_configured_otherwise_closes_its_standby() {
    let mut b = standing_by();
    b.station.stop(b.now);
    b.pass(secs(2));
    assert!(b.did().contains(&Did::StandbyClose));
    let mut b = standing_by();
    let mut config = b.station.config().clone();
    config.standby = false;
    b.station.reconfigure(b.now, config);
    assert_eq!(b.did(), [Did::StandbyClose]);
    assert!(b.station.is_registered());
}

#[test]
fn without_it_or_with_one_server_none_is_opened() {
    for (servers, standby) in [(1, true), (3, false)] {
        let mut b = Bench::registered(|c| {
            c.servers = (0..servers).collect();
            c.standby = standby;
        });
        let did = live(&mut b, secs(300));
        assert_eq!(did, []);
    }
}
