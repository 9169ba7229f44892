//! A server whose TCP lives and whose process does not.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sccp::message::ServerMessage;

/// Registered with the first one of this number of servers.
fn at_the_first_of(servers: usize) -> Bench {
    let mut b = Bench::registered(|c| c.servers = (0..servers).collect());
    b.pass(secs(25));
    b
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const ASKED: Did = Did::Sent(ClientMessage::KeepAlive);

#[test]
fn a_silent_server_that_another_device_warns_of_is_left_within_two_seconds() {
    let mut b = at_the_first_of(2);
    b.station.probe(b.now, 0);
    assert_eq!(b.did(), [ASKED], "at once");
    let began = b.now;
    b.until_connect(1);
    assert!(b.now - began < ms(2_600), "{:?}", b.now - began);
    assert!(matches!(
        b.station.snapshot().last_lost.unwrap().1,
        LostReason::KeepaliveLost { .. }
    ));
}

#[test]
fn whatever_comes_from_the_server_shows_that_it_is_there() {
    for sign in [ServerMessage::KeepAliveAck, lamp(), line_stat()] {
        let mut b = at_the_first_of(2);
        b.station.probe(b.now, 0);
        b.pass(ms(1_400));
        b.hear(&sign);
        b.pass(secs(3));
        assert!(b.station.is_registered(), "{sign:?}");
    }
}

#[test]
fn in_a_call_there_is_more_patience() {
    let mut b = at_the_first_of(2);
    b.station.set_busy(b.now, true);
    b.station.probe(b.now, 0);
    b.pass(ms(2_400));
    assert!(b.station.is_registered());
    b.pass(ms(200));
    assert!(!b.station.is_registered());
}

#[test]
fn with_nowhere_to_go_the_silence_is_shown_and_waited_out() {
    let mut b = at_the_first_of(1);
    b.station.probe(b.now, 0);
    assert_eq!(b.did(), [ASKED]);
    b.pass(secs(6));
    assert!(b.station.is_registered());
    assert!(b.station.snapshot().suspect_since.is_some());
    b.hear(&ServerMessage::KeepAliveAck);
    assert_eq!(b.station.snapshot().suspect_since, None);
}

#[test]
fn a_warning_of_another_server_or_out_of_time_is_nothing() {
    let mut b = at_the_first_of(2);
    b.station.probe(b.now, 1);
    b.station.probe(b.now, 77);
    assert_eq!(b.did(), []);
    b.closed(CloseReason::ByServer);
    b.did();
    b.station.probe(b.now, 0);
    b.station.ask(b.now);
    assert_eq!(b.did(), []);
}

/// CallManager 2 (CUCM trace).
#[test]
fn a_server_that_never_answers_keepalives_keeps_its_devices() {
    for servers in [1, 2] {
        let mut b = at_the_first_of(servers);
        b.pass(secs(600));
        assert!(b.station.is_registered(), "{servers}");
        assert_eq!(b.station.snapshot().suspect_since, None);
        assert_eq!(b.station.snapshot().counters.keepalives_missed, 0);
    }
}

#[test]
fn an_answer_is_reported_once_for_each_connection() {
    let mut b = at_the_first_of(2);
    let reported = |b: &mut Bench| {
        b.hear(&ServerMessage::KeepAliveAck);
        let all = std::iter::from_fn(|| b.station.poll_output());
        all.filter(|o| {
            matches!(
                o,
                StationOutput::Event(StationEvent::AnswersKeepalives { server: 0 })
            )
        })
        .count()
    };
    assert_eq!([reported(&mut b), reported(&mut b)], [1, 0]);
    b.closed(CloseReason::ByServer);
    b.until_connect(0);
    b.register(30);
    assert_eq!(reported(&mut b), 1);
}

#[test]
fn the_question_for_all_is_not_traced_and_its_answer_neither() {
    let mut b = at_the_first_of(2);
    b.station.set_trace(true);
    let traced = |b: &mut Bench| {
        let all = std::iter::from_fn(|| b.station.poll_output());
        all.filter(|o| matches!(o, StationOutput::Trace { .. }))
            .count()
    };
    b.station.ask(b.now);
    b.hear(&ServerMessage::KeepAliveAck);
    assert_eq!(traced(&mut b), 0);
    b.hear(&lamp());
    assert_eq!(traced(&mut b), 1);
    b.station.probe(b.now, 0);
    b.hear(&ServerMessage::KeepAliveAck);
    assert_eq!(traced(&mut b), 2, "one that matters is");
}
