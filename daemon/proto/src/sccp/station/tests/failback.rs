//! The way back to a better server, which may hang, refuse, or die in the middle.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sccp::message::ServerMessage;
use crate::sccp::message::{RegisterReject, RegisterTokenReject, Reset, Unregister, UnregisterAck};

/// Registered with the lesser one of two servers.
fn at_the_lesser() -> Bench {
    let mut b = Bench::new(|c| c.servers = (0..2).collect());
    b.start();
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(1);
    b.register(30);
    b
}

const UNREGISTER: Did = Did::Sent(ClientMessage::Unregister(Unregister { reason: None }));

fn is_token(did: &Did) -> bool {
    matches!(did, Did::ProbeSent(ClientMessage::RegisterTokenReq(_)))
}

fn is_register(did: &Did) -> bool {
    matches!(did, Did::ProbeSent(ClientMessage::Register(_)))
}

/// Lets time pass at a server that answers keepalives; what was done otherwise.
fn live(b: &mut Bench, wait: Duration) -> Vec<Did> {
    let end = b.now + wait;
    let mut all = vec![];
    loop {
        for did in b.did() {
            match did {
                Did::Sent(ClientMessage::KeepAlive) => b.hear(&ServerMessage::KeepAliveAck),
                did => all.push(did),
            }
        }
        let Some(at) = b.station.poll_timeout().filter(|at| *at <= end) else {
            b.now = end;
            return all;
        };
        b.now = b.now.max(at);
        b.station.handle_timeout(b.now);
    }
}

#[test]
fn with_a_token_the_port_unregisters_and_registers_over_the_connection_that_has_it() {
    let mut b = at_the_lesser();
    assert!(b.until_probe(0) <= secs(38));
    b.probe_connected();
    let asked = b.did();
    assert!(is_token(&asked[0]), "{asked:?}");
    assert_eq!(asked[1..], [Did::ProbeSent(ClientMessage::KeepAlive)]);
    b.probe_hear(&ServerMessage::RegisterTokenAck);
    assert_eq!(b.did(), [UNREGISTER]);
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    let did = b.did();
    assert_eq!(did[0], Did::Adopt);
    assert!(matches!(
        did[1],
        Did::Event(StationEvent::Lost {
            server: 1,
            reason: LostReason::ReturnToPreferred,
            ..
        })
    ));
    assert!(matches!(did[2], Did::Sent(ClientMessage::Alarm(_))));
    assert!(matches!(did[3], Did::Sent(ClientMessage::Register(_))));
    b.hear(&ack(30, 3));
    for answer in round() {
        b.hear(&answer);
    }
    assert_eq!(b.station.snapshot().state.server(), Some(0));
    assert!(b.station.is_registered());
    let did = live(&mut b, secs(300));
    assert!(!did.iter().any(|d| matches!(d, Did::Probe(_))), "{did:?}");
}

#[test]
fn without_tokens_the_port_is_registered_there_before_it_leaves_here() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_connected();
    b.did();
    let did = live(&mut b, secs(5));
    assert!(did.iter().any(is_register), "{did:?}");
    b.probe_hear(&lamp());
    b.probe_hear(&ack(20, 3));
    assert!(!b.did().contains(&UNREGISTER));
    let answers = round();
    let (last, others) = answers.split_last().unwrap();
    for answer in others {
        b.probe_hear(answer);
        assert!(!b.did().contains(&UNREGISTER), "the round is not over");
        assert_eq!(b.station.snapshot().state.server(), Some(1));
        assert!(b.station.is_registered());
    }
    b.probe_hear(last);
    let did = b.did();
    assert_eq!(did[..2], [UNREGISTER, Did::Adopt]);
    assert!(matches!(
        did[2],
        Did::Event(StationEvent::Lost { server: 1, .. })
    ));
    assert_eq!(
        did[3],
        Did::Event(StationEvent::Registered {
            server: 0,
            version: 3,
            keepalive_s: 20
        })
    );
    assert!(
        did.contains(&Did::Event(StationEvent::Message(lamp()))),
        "what it said before is not lost"
    );
    let shown = b.station.snapshot();
    assert_eq!(shown.line.unwrap().number, "1001");
    assert_eq!(shown.counters.lost, 0);
    // And it is supervised from then on.
    b.pass(secs(20));
    assert!(b.did().contains(&Did::Sent(ClientMessage::KeepAlive)));
    b.hear(&ServerMessage::KeepAliveAck);
    b.pass(secs(20));
    b.pass(secs(60));
    assert!(!b.station.is_registered());
}

#[test]
fn a_server_that_closes_at_the_token_request_is_asked_by_register() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_connected();
    b.did();
    b.probe_closed(CloseReason::ByServer);
    assert_eq!(b.did(), [Did::Probe(0)]);
    b.probe_connected();
    let did = b.did();
    assert!(is_register(&did[1]), "{did:?}");
    b.probe_hear(&ack(30, 3));
    for answer in round() {
        b.probe_hear(&answer);
    }
    assert_eq!(b.station.snapshot().state.server(), Some(0));
}

/// What a better server does that is none; the second connection is open.
type Bad = (&'static str, fn(&mut Bench));

const BAD: [Bad; 9] = [
    ("takes TCP and nothing else", |_| {}),
    ("closes at once", |b| {
        b.probe_closed(CloseReason::Reset);
    }),
    ("refuses the token", |b| {
        b.probe_hear(&ServerMessage::RegisterTokenReject(RegisterTokenReject {
            wait_s: 10,
        }));
    }),
    ("refuses Register", |b| {
        live(b, secs(5));
        b.probe_hear(&ServerMessage::RegisterReject(RegisterReject {
            text: "Reload in progress".into(),
        }));
    }),
    ("answers Register after twelve seconds", |b| {
        live(b, secs(5) + secs(12));
        b.probe_hear(&ack(30, 3));
    }),
    ("accepts Register and resets", |b| {
        live(b, secs(5));
        b.probe_hear(&ack(30, 3));
        b.probe_closed(CloseReason::Reset);
    }),
    ("dies in the round", |b| {
        live(b, secs(5));
        b.probe_hear(&ack(30, 3));
        for answer in &round()[..4] {
            b.probe_hear(answer);
        }
        b.probe_closed(CloseReason::TimedOut);
    }),
    ("accepts Register and asks for a restart", |b| {
        live(b, secs(5));
        b.probe_hear(&ack(30, 3));
        b.probe_hear(&ServerMessage::Reset(Reset {
            kind: ResetKind::RESTART,
        }));
    }),
    ("talks nonsense", |b| {
        b.probe_received(&[0xFF; 64]);
    }),
];

#[test]
fn a_better_server_that_does_not_work_costs_nothing() {
    for (what, does) in BAD {
        let mut b = at_the_lesser();
        let end = b.now + secs(240);
        let mut asked = 0;
        while b.now < end {
            b.until_probe(0);
            asked += 1;
            b.probe_connected();
            does(&mut b);
            // Whatever is under way comes to its end.
            let did = live(&mut b, secs(15));
            assert!(!did.contains(&UNREGISTER), "{what}: {did:?}");
            assert_eq!(b.station.snapshot().state.server(), Some(1), "{what}");
            assert!(b.station.is_registered(), "{what}");
        }
        assert!(asked >= 4, "{what}: asked {asked} times");
        assert_eq!(b.station.snapshot().counters.registrations, 1, "{what}");
    }
}

#[test]
fn a_token_refused_for_a_while_is_not_asked_for_before() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_connected();
    b.probe_hear(&ServerMessage::RegisterTokenReject(RegisterTokenReject {
        wait_s: 200,
    }));
    assert!(b.did().contains(&Did::ProbeClose));
    assert!(b.until_probe(0) >= secs(200));
}

#[test]
fn the_second_best_server_is_asked_when_the_best_does_not_answer() {
    let mut b = Bench::new(|c| c.servers = (0..3).collect());
    b.start();
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(1);
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(2);
    b.register(30);
    b.until_probe(0);
    b.probe_failed(ConnectFailure::Refused);
    assert_eq!(b.did(), [Did::Probe(1)]);
    b.probe_failed(ConnectFailure::Refused);
    assert_eq!(b.did(), []);
    b.until_probe(0);
}

#[test]
fn a_call_that_comes_up_ends_the_question_and_the_port_stays() {
    for stage in 0..4 {
        let mut b = at_the_lesser();
        b.until_probe(0);
        if stage >= 1 {
            b.probe_connected();
        }
        if stage >= 2 {
            live(&mut b, secs(5));
        }
        if stage >= 3 {
            b.probe_hear(&ack(30, 3));
        }
        b.did();
        b.station.set_busy(b.now, true);
        let did = b.did();
        let goodbye = Did::ProbeSent(ClientMessage::Unregister(Unregister { reason: None }));
        assert_eq!(did.contains(&goodbye), stage == 3, "{did:?}");
        assert_eq!(did.last(), Some(&Did::ProbeClose));
        // What comes late is not heard, and nothing is asked during the call.
        b.probe_hear(&ServerMessage::RegisterTokenAck);
        let did = live(&mut b, secs(200));
        assert_eq!(did, [], "stage {stage}");
        b.station.set_busy(b.now, false);
        b.until_probe(0);
    }
}

#[test]
fn a_device_that_may_not_ask_now_asks_later() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_held();
    assert!(b.until_probe(0) >= secs(20));
}

#[test]
fn when_another_device_has_settled_at_the_better_server_it_is_asked_within_two_seconds() {
    let mut b = at_the_lesser();
    b.station.look_at(b.now, 0, false);
    assert!(b.until_probe(0) <= secs(1));
    // And by the one whose turn it is at once.
    let mut b = at_the_lesser();
    b.station.look_at(b.now, 0, true);
    assert_eq!(b.until_probe(0), secs(0));
    // The present server, or an unknown one, is no better one.
    let mut b = at_the_lesser();
    b.station.look_at(b.now, 1, false);
    b.station.look_at(b.now, 7, true);
    assert!(b.until_probe(0) >= secs(20));
}

#[test]
fn a_name_that_the_better_server_holds_for_a_broken_connection_is_asked_for_again_in_five_seconds()
{
    let mut b = Bench::registered(|c| c.servers = (0..2).collect());
    b.pass(secs(25));
    b.closed(CloseReason::TimedOut);
    b.until_connect(1);
    b.register(30);
    b.station.look_at(b.now, 0, true);
    b.until_probe(0);
    b.probe_connected();
    live(&mut b, secs(5));
    b.probe_hear(&ServerMessage::RegisterReject(RegisterReject {
        text: "No Authority: ".into(),
    }));
    let again = std::iter::from_fn(|| b.station.poll_output()).find_map(|o| match o {
        StationOutput::Event(StationEvent::TrialFailed {
            server: 0,
            reason,
            again,
        }) => Some((reason, again)),
        _ => None,
    });
    let (reason, again) = again.unwrap();
    assert!(
        matches!(&reason, LostReason::Rejected { text, .. } if text == "No Authority: "),
        "{reason:?}"
    );
    assert_eq!(again, Some(secs(5)));
}

#[test]
fn the_server_that_has_proved_itself_is_asked_and_not_a_better_one_that_is_silent() {
    let mut b = Bench::new(|c| c.servers = (0..3).collect());
    b.start();
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(1);
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(2);
    b.register(30);
    b.station.look_at(b.now, 1, false);
    assert!(b.until_probe(1) <= secs(1));
}

#[test]
fn a_call_that_ends_lets_the_port_ask_within_a_second() {
    let mut b = at_the_lesser();
    b.station.set_busy(b.now, true);
    live(&mut b, secs(100));
    b.station.set_busy(b.now, false);
    assert!(b.until_probe(0) <= secs(1));
}

#[test]
fn a_server_that_answers_a_keepalive_and_no_token_is_asked_by_register_a_second_later() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_connected();
    b.probe_hear(&ServerMessage::KeepAliveAck);
    let asked = b.now;
    while !b.did().iter().any(is_register) {
        b.now = b.station.poll_timeout().unwrap();
        b.station.handle_timeout(b.now);
    }
    assert!(b.now - asked <= secs(1), "{:?}", b.now - asked);
}

#[test]
fn a_better_server_that_answers_register_and_nothing_else_is_left_alone() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_connected();
    live(&mut b, secs(5));
    b.probe_hear(&ack(30, 3));
    let did = live(&mut b, secs(15));
    assert!(!did.contains(&UNREGISTER), "{did:?}");
    assert_eq!(b.station.snapshot().state.server(), Some(1));
}

#[test]
fn a_device_that_waits_in_vain_is_led_to_a_server_that_answers() {
    let mut b = Bench::new(|c| c.servers = (0..3).collect());
    b.start();
    b.station.lead_to(b.now, 2, None);
    assert_eq!(b.until_connect(2), secs(0));
    b.connected();
    b.station.lead_to(b.now, 1, Some(0));
    assert!(b.until_connect(1) <= secs(1));
    b.station.turn_to(b.now, 2);
    assert_eq!(b.until_connect(2), secs(0));
    b.register(30);
    // A registered device stays.
    b.station.lead_to(b.now, 0, None);
    b.station.turn_to(b.now, 0);
    assert!(b.station.is_registered());
    assert_eq!(b.did(), []);
}

#[test]
fn an_operator_ends_every_wait_and_has_a_port_register_again() {
    let mut b = Bench::new(|c| {
        c.servers = vec![0];
        c.retry.first = secs(600);
        c.retry.max = secs(600);
        c.retry.max_unanswered = secs(600);
    });
    b.start();
    b.connect_failed(ConnectFailure::Refused);
    b.did();
    b.station.retry_now(b.now, None);
    assert!(b.until_connect(0) <= secs(2));
    b.register(30);
    b.station.restart(b.now);
    assert_eq!(b.did(), [UNREGISTER]);
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    assert_eq!(b.until_connect(0), secs(0));
    assert_eq!(b.station.snapshot().counters.lost, 0);
}

#[test]
fn the_present_server_lost_meanwhile_ends_the_question_too() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_connected();
    b.did();
    b.closed(CloseReason::ByServer);
    assert!(b.did().contains(&Did::ProbeClose));
    b.until_connect(0);
}

#[test]
fn the_token_connection_lost_after_unregister_is_opened_again() {
    let mut b = at_the_lesser();
    b.until_probe(0);
    b.probe_connected();
    b.probe_hear(&ServerMessage::RegisterTokenAck);
    b.probe_closed(CloseReason::Reset);
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    assert!(b.until_connect(0) <= secs(1));
    b.connect_failed(ConnectFailure::Refused);
    b.until_connect(1);
}

#[test]
fn a_better_server_that_does_not_keep_the_port_is_asked_less_often() {
    let mut b = at_the_lesser();
    let mut waits = vec![];
    for _ in 0..3 {
        waits.push(b.until_probe(0));
        b.probe_connected();
        b.probe_hear(&ServerMessage::RegisterTokenAck);
        b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
        b.hear(&ServerMessage::RegisterReject(RegisterReject {
            text: "Reload in progress".into(),
        }));
        b.until_connect(1);
        b.register(30);
    }
    assert!(waits[1] > waits[0].mul_f64(1.1), "{waits:?}");
    assert!(waits[2] > waits[1].mul_f64(1.1), "{waits:?}");
}

#[test]
fn a_server_put_before_the_present_one_is_asked_and_moved_to() {
    let mut b = Bench::registered(|_| {});
    let config = StationConfig {
        servers: vec![7, 0],
        ..b.station.config().clone()
    };
    b.station.reconfigure(b.now, config);
    assert_eq!(b.did(), []);
    b.until_probe(7);
    b.probe_connected();
    b.probe_hear(&ServerMessage::RegisterTokenAck);
    b.hear(&ServerMessage::UnregisterAck(UnregisterAck { status: 0 }));
    b.hear(&ack(30, 3));
    for answer in round() {
        b.hear(&answer);
    }
    assert_eq!(b.station.snapshot().state.server(), Some(7));
}
