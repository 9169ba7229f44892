//! A registration that stands: keepalive, resets, the way back, and what breaks it.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sccp::message::{CallOnLine, Register, ServerMessage};
use crate::sccp::message::{RegisterReject, Reset, Unregister, UnregisterAck};
use crate::sccp::station::seen::HISTORY;
use crate::sccp::wire;

#[test]
fn keepalive_is_sent_at_the_interval_of_the_server_and_lost_after_three() {
    let mut b = Bench::registered(|_| {});
    let start = b.now;
    b.pass(secs(30));
    assert_eq!(b.did(), [Did::Sent(ClientMessage::KeepAlive)]);
    b.hear(&ServerMessage::KeepAliveAck);
    b.pass(secs(30));
    assert_eq!(b.did(), [Did::Sent(ClientMessage::KeepAlive)]);
    b.hear(&ServerMessage::KeepAliveAck);
    let silent_from = b.now;
    b.pass(secs(89));
    let asked = b.did();
    assert_eq!(asked[0], Did::Sent(ClientMessage::KeepAlive));
    assert_eq!(
        asked[1],
        Did::Event(StationEvent::LinkSuspect { since: silent_from })
    );
    assert!(
        asked[2..]
            .iter()
            .all(|d| *d == Did::Sent(ClientMessage::KeepAlive))
    );
    assert!(b.station.snapshot().suspect_since.is_some());
    b.pass(secs(1));
    let did = b.did();
    assert_eq!(did[0], Did::Close);
    let Did::Event(StationEvent::Lost {
        reason, retry_at, ..
    }) = &did[1]
    else {
        panic!("{did:?}");
    };
    assert_eq!(*reason, LostReason::KeepaliveLost { silent: secs(60) });
    assert!(*retry_at >= b.now && *retry_at <= b.now + secs(1));
    assert_eq!(b.now - start, secs(150));
    assert_eq!(b.station.snapshot().counters.lost, 1);
}

#[test]
fn with_a_standby_a_silent_server_is_left_sooner_and_the_standby_is_first() {
    let mut b = Bench::registered(|c| c.servers = (0..2).collect());
    b.station.ask(b.now);
    b.hear(&ServerMessage::KeepAliveAck);
    let start = b.now;
    b.until_connect(1);
    assert!(b.now - start < secs(52), "{:?}", b.now - start);
    assert!(matches!(
        b.station.snapshot().last_lost.unwrap().1,
        LostReason::KeepaliveLost { .. }
    ));
}

#[test]
fn after_a_dead_host_the_next_server_is_tried_and_not_the_dead_one_again() {
    let mut b = Bench::registered(|c| c.servers = (0..2).collect());
    b.pass(secs(25));
    b.closed(CloseReason::TimedOut);
    assert!(b.until_connect(1) <= secs(1));
    // With no other server it is the same one again.
    let mut b = Bench::registered(|_| {});
    b.pass(secs(25));
    b.closed(CloseReason::TimedOut);
    assert!(b.until_connect(0) <= secs(1));
}

#[test]
fn a_late_keepalive_answer_clears_the_suspicion() {
    let mut b = Bench::registered(|_| {});
    b.hear(&ServerMessage::KeepAliveAck);
    b.pass(secs(37));
    assert!(b.station.snapshot().suspect_since.is_some());
    b.hear(&ServerMessage::KeepAliveAck);
    assert_eq!(b.station.snapshot().suspect_since, None);
    b.pass(secs(23));
    assert!(b.station.is_registered());
}

#[test]
fn a_name_held_by_the_broken_connection_is_waited_for_with_patience() {
    let mut b = Bench::registered(|_| {});
    b.closed(CloseReason::TimedOut);
    let broke = b.now;
    b.until_connect(0);
    let mut tries = 0;
    while b.now - broke < secs(90) {
        b.connected();
        b.did();
        b.hear(&ServerMessage::RegisterReject(RegisterReject {
            text: "No Authority: ".into(),
        }));
        assert_eq!(
            b.station.snapshot().last_reject.unwrap().cause,
            RejectCause::NameHeldByOldConnection
        );
        let wait = b.until_connect(0);
        assert!(wait <= Duration::from_millis(6_250), "{wait:?}");
        tries += 1;
    }
    assert!(tries >= 14, "{tries}");
    b.register(30);
    // And without a break behind it the same words mean what they say.
    b.closed(CloseReason::ByServer);
    b.until_connect(0);
    b.connected();
    b.hear(&ServerMessage::RegisterReject(RegisterReject {
        text: "No Authority: ".into(),
    }));
    assert_eq!(
        b.station.snapshot().last_reject.unwrap().cause,
        RejectCause::NoAuthority
    );
}

#[test]
fn a_reset_waits_until_the_port_is_idle() {
    let mut b = Bench::registered(|_| {});
    b.pass(secs(25));
    b.station.set_busy(b.now, true);
    b.hear(&ServerMessage::Reset(Reset {
        kind: ResetKind::RESTART,
    }));
    assert_eq!(
        b.did(),
        [Did::Event(StationEvent::ResetRequested {
            kind: ResetKind::RESTART,
            deferred: true
        })]
    );
    assert!(
        b.station
            .send(b.now, ClientMessage::OnHook(CallOnLine::default()))
    );
    b.station.set_busy(b.now, false);
    assert_eq!(
        b.did(),
        [
            Did::Sent(ClientMessage::OnHook(CallOnLine::default())),
            Did::Sent(ClientMessage::Unregister(Unregister { reason: None }))
        ]
    );
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    let did = b.did();
    assert_eq!(did[0], Did::Close);
    assert!(matches!(
        did[1],
        Did::Event(StationEvent::Lost {
            server: 0,
            reason: LostReason::Reset(ResetKind::RESTART),
            ..
        })
    ));
    assert!(b.until_connect(0) <= secs(1));
    assert_eq!(b.station.snapshot().counters.lost, 0, "asked for, not lost");
}

#[test]
fn a_server_that_only_closes_after_unregister_is_reconnected_to_as_well() {
    let mut b = Bench::registered(|_| {});
    b.hear(&ServerMessage::Reset(Reset {
        kind: ResetKind::RESET,
    }));
    b.did();
    b.closed(CloseReason::ByServer);
    let did = b.did();
    assert_eq!(did.len(), 1);
    assert!(matches!(
        did[0],
        Did::Event(StationEvent::Lost {
            reason: LostReason::Reset(ResetKind::RESET),
            ..
        })
    ));
}

#[test]
fn endless_resets_are_followed_ever_more_slowly() {
    let mut b = Bench::new(|_| {});
    b.start();
    let mut last = Duration::ZERO;
    for _ in 0..5 {
        b.register(30);
        b.hear(&ServerMessage::Reset(Reset {
            kind: ResetKind::RESTART,
        }));
        b.closed(CloseReason::ByServer);
        last = b.until_connect(0);
    }
    assert!(last >= secs(12), "{last:?}");
}

#[test]
fn bytes_that_are_no_sccp_end_the_connection_once() {
    for junk in [
        [0u8; 64].to_vec(),
        [0xFFu8; 64].to_vec(),
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
    ] {
        let mut b = Bench::registered(|_| {});
        b.pass(secs(25));
        b.received(&junk);
        b.received(&junk);
        let did = b.did();
        assert_eq!(did.len(), 2, "{did:?}");
        assert_eq!(did[0], Did::Close);
        assert!(matches!(
            did[1],
            Did::Event(StationEvent::Lost {
                reason: LostReason::BadFrame { .. },
                ..
            })
        ));
        assert_eq!(b.station.snapshot().counters.bad_frames, 1);
    }
}

#[test]
fn unknown_ids_are_counted_and_change_nothing() {
    let mut b = Bench::registered(|_| {});
    for id in [0x0199u32, 0xFF00, u32::MAX] {
        let frame = wire::Frame {
            header_version: 0,
            id,
            body: vec![1, 2, 3],
        };
        b.received(&frame.to_bytes());
    }
    assert_eq!(b.did(), []);
    assert_eq!(b.station.snapshot().counters.unknown_ids, 3);
    assert!(b.station.is_registered());
}

#[test]
fn stop_unregisters_and_closes_even_when_nobody_answers() {
    let mut b = Bench::registered(|_| {});
    b.station.stop(b.now);
    assert_eq!(
        b.did(),
        [Did::Sent(ClientMessage::Unregister(Unregister {
            reason: None
        }))]
    );
    b.pass(secs(1));
    assert_eq!(b.did(), [Did::Close, Did::Event(StationEvent::Stopped)]);
    assert_eq!(b.station.poll_timeout(), None);
    assert_eq!(b.station.snapshot().state, StationState::Stopped);
    assert!(!b.station.send(b.now, ClientMessage::KeepAlive));
    b.station.start(b.now);
    b.pass(Duration::ZERO);
    assert_eq!(b.did(), [Did::Connect(0)], "and can be started again");
    b.station.stop(b.now);
    assert_eq!(b.did(), [Did::Close, Did::Event(StationEvent::Stopped)]);
}

#[test]
fn junk_while_unregistering_still_stops() {
    let mut b = Bench::registered(|_| {});
    b.station.stop(b.now);
    b.did();
    b.received(&[0; 16]);
    assert_eq!(b.did(), [Did::Close, Did::Event(StationEvent::Stopped)]);
}

#[test]
fn what_the_server_need_not_know_is_used_without_registering_again() {
    let mut b = Bench::registered(|_| {});
    let mut config = b.station.config().clone();
    config.timing.keepalive_answer = secs(2);
    config.servers = vec![0, 4];
    b.station.reconfigure(b.now, config.clone());
    assert_eq!(b.did(), []);
    assert!(b.station.is_registered());
    assert_eq!(b.station.config(), &config);
}

#[test]
fn the_same_configuration_again_changes_nothing_and_takes_back_what_waited() {
    let mut b = Bench::registered(|_| {});
    let config = b.station.config().clone();
    b.station.set_busy(b.now, true);
    let other = StationConfig {
        offer_version: 11,
        ..config.clone()
    };
    b.station.reconfigure(b.now, other);
    b.station.reconfigure(b.now, config);
    b.station.set_busy(b.now, false);
    assert_eq!(b.did(), []);
    assert!(b.station.is_registered());
}

#[test]
fn a_server_that_left_the_list_is_left_when_idle_and_after_the_call_when_busy() {
    for busy in [false, true] {
        let mut b = Bench::registered(|c| c.servers = vec![0, 1]);
        b.station.set_busy(b.now, busy);
        let config = StationConfig {
            servers: vec![1, 2],
            ..b.station.config().clone()
        };
        b.station.reconfigure(b.now, config);
        if busy {
            assert_eq!(b.did(), []);
            b.station.set_busy(b.now, false);
        }
        assert_eq!(
            b.did(),
            [Did::Sent(ClientMessage::Unregister(Unregister {
                reason: None
            }))]
        );
        b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
        b.until_connect(1);
    }
}

#[test]
fn a_station_that_waits_tries_the_new_list_after_its_start_delay() {
    let mut b = Bench::new(|c| c.retry.first = secs(600));
    b.station.start(b.now);
    b.until_connect(0);
    b.connect_failed(ConnectFailure::Refused);
    b.did();
    let config = StationConfig {
        servers: vec![3],
        start_delay: secs(2),
        ..b.station.config().clone()
    };
    b.station.reconfigure(b.now, config);
    b.pass(secs(1));
    assert_eq!(b.did(), []);
    b.pass(secs(1));
    assert_eq!(b.did(), [Did::Connect(3)]);
}

#[test]
fn new_configuration_is_taken_up_after_the_call() {
    let mut b = Bench::registered(|_| {});
    b.pass(secs(25));
    b.station.set_busy(b.now, true);
    let mut config = b.station.config().clone();
    config.offer_version = 11;
    b.station.reconfigure(b.now, config);
    assert_eq!(b.did(), []);
    b.station.set_busy(b.now, false);
    assert_eq!(
        b.did(),
        [Did::Sent(ClientMessage::Unregister(Unregister {
            reason: None
        }))]
    );
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    b.until_connect(0);
    b.connected();
    assert!(b.did().iter().any(|d| matches!(
        d,
        Did::Sent(ClientMessage::Register(Register { version: 11, .. }))
    )));
}

/// Two servers that refuse by turns would soon fill the history with themselves.
#[test]
fn servers_that_fail_by_turns_do_not_push_the_loss_out_of_the_history() {
    let mut b = Bench::registered(|c| c.servers = (0..2).collect());
    b.closed(CloseReason::ByServer);
    let mut turns = vec![];
    for _ in 0..40 {
        let server = match b.station.snapshot().state {
            StationState::Connecting { server } => server,
            _ => {
                let at = b.station.poll_timeout().expect("something to wait for");
                b.now = b.now.max(at);
                b.station.handle_timeout(b.now);
                continue;
            }
        };
        turns.push((server, b.now));
        b.connect_failed(ConnectFailure::Refused);
    }
    assert!(turns.len() > 8, "{turns:?}");
    let newest = |server| turns.iter().rev().find(|(s, _)| *s == server).map(|t| t.1);
    let refused = || HistoryKind::AttemptFailed(LostReason::Connect(ConnectFailure::Refused));
    let history = b.station.snapshot().history;
    let lost = HistoryKind::Lost(LostReason::Closed(CloseReason::ByServer));
    assert!(matches!(history[0].what, HistoryKind::Registered { .. }));
    assert_eq!((history[1].server, &history[1].what), (0, &lost));
    let rest: Vec<_> = history.iter().skip(2).cloned().collect();
    let mut expected: Vec<HistoryEntry> = [0, 1]
        .into_iter()
        .filter_map(|server| {
            Some(HistoryEntry {
                at: newest(server)?,
                server,
                what: refused(),
            })
        })
        .collect();
    expected.sort_by_key(|e| e.at);
    assert_eq!(rest, expected);
}

/// Everything in any order, with random bytes between: nothing may panic, hang or grow without end.
#[test]
fn any_order_of_inputs_is_survived() {
    let mut state = 0x1234_5678_9abc_def0u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for servers in [0, 1, 3] {
        let mut b = Bench::new(|c| {
            c.servers = (0..servers).collect();
            c.timing.keepalive_answer = Duration::ZERO;
            c.timing.round_step = Duration::ZERO;
            c.timing.probe = Duration::ZERO;
            c.retry.first = Duration::ZERO;
            c.retry.crowd = Duration::ZERO;
            c.standby = true;
        });
        for _ in 0..20_000 {
            match random(16) {
                0 => b.station.start(b.now),
                1 => b.connected(),
                2 => b.connect_failed(ConnectFailure::Unreachable),
                3 if random(8) == 0 => b.closed(CloseReason::Reset),
                4 if random(8) == 0 => b.station.stop(b.now),
                5 => {
                    let bytes: Vec<u8> = (0..random(40)).map(|_| random(256) as u8).collect();
                    if random(4) == 0 {
                        b.received(&bytes);
                    } else {
                        let id = [0x81, 0x9D, 0x9F, 0x100, 0x111, 0x118, 0x94][random(7) as usize];
                        let frame = wire::Frame {
                            header_version: random(30) as u32,
                            id,
                            body: bytes,
                        };
                        b.received(&frame.to_bytes());
                    }
                }
                6 => b.hear(&ack(random(100) as u32, random(256) as u8)),
                7 => b.hear(&ServerMessage::CapabilitiesReq),
                8 => b.hear(&ServerMessage::KeepAliveAck),
                9 => b.hear(&ServerMessage::Reset(Reset {
                    kind: ResetKind(random(5) as u32),
                })),
                10 => b.station.set_busy(b.now, random(2) == 0),
                11 => match random(18) {
                    0..4 => b.probe_connected(),
                    4 => b.probe_failed(ConnectFailure::Refused),
                    5 => b.probe_closed(CloseReason::Reset),
                    6 => b.probe_held(),
                    7 => b.station.sibling_registered(b.now, random(4) as usize),
                    8 => match random(5) {
                        0 => b.station.look_at(b.now, random(4) as usize, random(2) == 0),
                        1 => b.station.lead_to(
                            b.now,
                            random(4) as usize,
                            [None, Some(3)][random(2) as usize],
                        ),
                        2 => b.station.turn_to(b.now, random(4) as usize),
                        3 => b.station.retry_now(b.now, Some(random(4) as usize)),
                        _ => b.station.restart(b.now),
                    },
                    9 => b.station.network_changed(b.now),
                    10 => b.probe_hear(&ServerMessage::RegisterTokenAck),
                    11 | 12 => b.station.connected(b.now, b.standby_id(), LOCAL),
                    13 => b.station.lost(b.now, b.standby_id(), CloseReason::ByServer),
                    14 => b.station.deferred(b.now, b.standby_id()),
                    15 => b.station.received(b.now, b.standby_id(), &[7; 20]),
                    16 => b.station.probe(b.now, random(3) as usize),
                    _ => {
                        b.probe_hear(&ack(30, 3));
                        for answer in round() {
                            b.probe_hear(&answer);
                        }
                    }
                },
                12 if random(16) == 0 => {
                    let mut config = b.station.config().clone();
                    let first = random(3) as usize;
                    config.servers = (first..first + random(3) as usize).collect();
                    config.offer_version = 3 + random(2) as u8;
                    b.station.reconfigure(b.now, config);
                }
                13 => {
                    b.station.send(b.now, ClientMessage::TimeDateReq);
                }
                _ => {
                    b.now = b.now + Duration::from_millis(random(3_000));
                    b.station.handle_timeout(b.now);
                }
            }
            while b.station.poll_output().is_some() {}
            let _ = b.station.snapshot();
        }
        assert!(b.station.snapshot().history.len() <= HISTORY);
    }
}
