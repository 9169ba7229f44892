//! Connections by their ids: what is reported late, and what is shown of each.

use super::super::*;
use super::bench::*;
use crate::sccp::message::{CallOnLine, ServerMessage};
use crate::sccp::message::{RegisterReject, RegisterTokenReject, Reset, UnregisterAck};
use crate::sccp::wire;

/// Registered with the second server while the first one is asked, each over a connection that is not the first.
fn with_a_trial() -> (Bench, Vec<ConnectionId>) {
    let mut b = Bench::new(|c| c.servers = (0..2).collect());
    b.start();
    let mut former = vec![ConnectionId(0), ConnectionId(99), b.active];
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(1);
    b.register(30);
    b.until_probe(0);
    former.push(b.trial);
    b.probe_failed(ConnectFailure::Refused);
    b.until_probe(0);
    b.probe_connected();
    b.did();
    (b, former)
}

#[test]
fn what_is_reported_of_a_former_connection_changes_nothing() {
    let (mut b, former) = with_a_trial();
    let before = b.station.snapshot();
    let due = b.station.poll_timeout();
    for id in former {
        assert!(id != b.active && id != b.trial);
        b.station.connected(b.now, id, LOCAL);
        for message in [
            ServerMessage::RegisterTokenAck,
            ServerMessage::RegisterReject(RegisterReject {
                text: "Device Unknown".into(),
            }),
            ServerMessage::Reset(Reset {
                kind: ResetKind::RESET,
            }),
            line_stat(),
            tone_call(),
        ] {
            let bytes = wire::encode_server(&message, 3);
            b.station.received(b.now, id, &bytes);
        }
        b.station.received(b.now, id, &[0xFF; 64]);
        b.station.deferred(b.now, id);
        b.station.lost(b.now, id, CloseReason::Reset);
        b.station.connect_failed(b.now, id, ConnectFailure::Refused);
        assert_eq!(b.did(), [], "{id}");
        assert_eq!(b.station.snapshot(), before, "{id}");
        assert_eq!(b.station.poll_timeout(), due, "{id}");
    }
}

#[test]
fn the_connection_that_was_left_for_a_better_server_is_a_former_one_too() {
    let (mut b, _) = with_a_trial();
    let (left, taken) = (b.active, b.trial);
    b.probe_hear(&ServerMessage::RegisterTokenAck);
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    assert!(b.did().contains(&Did::Adopt));
    assert_eq!(b.active, taken);
    let before = b.station.snapshot();
    b.station.lost(b.now, left, CloseReason::ByServer);
    let reset = ServerMessage::Reset(Reset {
        kind: ResetKind::RESET,
    });
    let reset = wire::encode_server(&reset, 3);
    b.station.received(b.now, left, &reset);
    assert_eq!((b.did(), b.station.snapshot()), (vec![], before));
    b.hear(&ack(30, 3));
    for answer in round() {
        b.hear(&answer);
    }
    b.did();
    assert!(b.station.is_registered());
    // And what is sent goes over the other one.
    b.station
        .send(b.now, ClientMessage::OnHook(CallOnLine::default()));
    assert!(matches!(
        b.station.poll_output(),
        Some(StationOutput::Send { id, .. }) if id == taken
    ));
}

#[test]
fn no_two_connections_have_one_id() {
    let mut b = Bench::new(|c| c.servers = (0..3).collect());
    b.start();
    let mut ids = vec![b.active];
    for next in [1, 2, 0].repeat(10) {
        b.connect_failed(ConnectFailure::TimedOut);
        b.until_connect(next);
        ids.push(b.active);
    }
    b.station.stop(b.now);
    b.station.start(b.now);
    b.until_connect(0);
    ids.push(b.active);
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

#[test]
fn the_snapshot_shows_what_each_connection_is_for() {
    let (mut b, _) = with_a_trial();
    let active = ConnectionShown {
        server: 1,
        purpose: ConnectionPurpose::Active,
        state: ConnectionState::Registered,
    };
    let trial = ConnectionShown {
        server: 0,
        purpose: ConnectionPurpose::Trial,
        state: ConnectionState::TokenAsked,
    };
    assert_eq!(b.station.snapshot().connections, [active, trial]);
    b.probe_hear(&ServerMessage::RegisterTokenReject(RegisterTokenReject {
        wait_s: 10,
    }));
    assert_eq!(b.station.snapshot().connections, [active]);
    b.closed(CloseReason::ByServer);
    assert_eq!(b.station.snapshot().connections, []);
}

#[test]
fn our_own_address_is_that_of_the_last_connection_to_the_own_server() {
    let mut b = Bench::new(|c| c.servers = (0..2).collect());
    b.start();
    assert_eq!(b.station.local(), None);
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(1);
    b.register(30);
    assert_eq!(b.station.local(), Some(LOCAL));
    b.until_probe(0);
    let other = Ipv4Addr::new(10, 0, 0, 8);
    b.station.connected(b.now, b.trial, other);
    assert_eq!(b.station.local(), Some(LOCAL), "it is only a trial");
    b.probe_hear(&ServerMessage::RegisterTokenAck);
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    assert_eq!(b.station.local(), Some(other));
    b.closed(CloseReason::ByServer);
    assert_eq!(b.station.local(), Some(other), "calls go on without it");
}
