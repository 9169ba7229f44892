//! Hundreds of devices that lose their server in the same moment.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sccp::message::ServerMessage;

/// As the daemon configures this number of ports, at 20 ms each.
fn devices(n: u64) -> Vec<Bench> {
    let stagger = Duration::from_millis(20 * n);
    let one = |seed| {
        Bench::registered(|c| {
            c.servers = (0..2).collect();
            c.retry.jitter_seed = seed;
            c.retry.crowd = c.retry.first.max(stagger);
            c.retry.spread = c.retry.spread.max(stagger);
        })
    };
    (1..=n).map(one).collect()
}

/// Registrations asked for in each second after the loss.
fn a_second(devices: Vec<Bench>, lose: impl Fn(&mut Bench)) -> Vec<usize> {
    let mut seconds = vec![0; 30];
    for mut b in devices {
        lose(&mut b);
        let lost = b.now;
        b.until_connect(1);
        seconds[(b.now - lost).as_secs() as usize] += 1;
    }
    while seconds.last() == Some(&0) {
        seconds.pop();
    }
    seconds
}

#[test]
fn four_hundred_and_eighty_ports_that_lose_their_server_come_at_fifty_a_second() {
    for lived in [2, 600] {
        let all = a_second(devices(480), |b| {
            b.pass(secs(lived));
            b.did();
            b.closed(CloseReason::TimedOut);
        });
        assert_eq!(all.iter().sum::<usize>(), 480);
        assert!(all.iter().all(|n| *n <= 80), "{lived} s: {all:?}");
        assert!(all.len() <= 10, "{lived} s: {all:?}");
    }
}

#[test]
fn forty_eight_ports_have_all_asked_within_a_second() {
    let all = a_second(devices(48), |b| {
        b.pass(secs(2));
        b.closed(CloseReason::TimedOut);
    });
    assert_eq!(all, [48]);
}

#[test]
fn the_way_back_is_spread_as_well() {
    let mut seconds = vec![0; 40];
    for mut b in devices(480) {
        b.closed(CloseReason::TimedOut);
        b.until_connect(1);
        b.register(30);
        b.pass(secs(5));
        b.did();
        b.station.look_at(b.now, 0, false);
        let settled = b.now;
        while !b.did().contains(&Did::Probe(0)) {
            let at = b.station.poll_timeout().expect("something to wait for");
            b.now = b.now.max(at);
            b.station.handle_timeout(b.now);
            b.hear(&ServerMessage::KeepAliveAck);
        }
        seconds[(b.now - settled).as_secs() as usize] += 1;
    }
    assert!(seconds.iter().all(|n| *n <= 80), "{seconds:?}");
    assert_eq!(seconds[10..].iter().sum::<usize>(), 0, "{seconds:?}");
}
