use super::super::{ConnectFailure, LostReason};
use super::*;

const EIGHT: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

/// A gateway of which server `works` alone answers, in 50 ms: when each of its devices is registered.
fn last_registration(devices: u16, works: usize, start: u64) -> u64 {
    let mut lockouts = Lockouts::default();
    let list = EIGHT;
    // Each device: where it is, or when it goes where.
    let mut trying: Vec<(u16, usize, u64)> = vec![];
    let mut coming: Vec<(u64, u16, usize)> = (1..=devices)
        .map(|d| (start + u64::from(d) * 20, d, 0))
        .collect();
    let mut last = 0;
    let mut served = 0;
    for ms in start..start + 120_000 {
        let now = at(ms);
        for (_, device, wanted) in coming.extract_if(.., |(when, ..)| *when <= ms) {
            let server = lockouts.place_for(now, device, wanted, &list);
            lockouts.tries(now, device, server);
            trying.push((device, server, ms));
        }
        for (device, server, since) in trying.clone() {
            if server == works && ms >= since + 50 {
                trying.retain(|t| t.0 != device);
                lockouts.registered(now, device, server);
                served += 1;
                last = ms - start;
            } else if ms >= since + 10_000 {
                trying.retain(|t| t.0 != device);
                lockouts.failed(now, device, server, Vain::Silent);
                coming.push((ms, device, (server + 1) % 8));
            }
        }
        if lockouts.poll_timeout().is_some_and(|due| due <= now) {
            lockouts.handle_timeout(now, &list);
        }
        while let Some(Lead {
            device,
            server,
            turn,
        }) = lockouts.poll()
        {
            let Some(t) = trying.iter().position(|t| t.0 == device) else {
                continue;
            };
            let (_, from, _) = trying.remove(t);
            lockouts.failed(now, device, from, Vain::Silent);
            let wait = turn.map_or(0, |turn| u64::from(turn) * 20);
            coming.push((ms + wait, device, server));
        }
        if served == devices {
            return last;
        }
    }
    panic!("{served} of {devices} after two minutes");
}

#[test]
fn seven_silent_servers_of_eight_cost_forty_eight_devices_less_than_three_seconds() {
    let took = last_registration(48, 7, 1_000);
    assert!(took < 3_000, "{took} ms");
}

#[test]
fn one_device_alone_gives_each_of_them_two_seconds_and_a_half() {
    let took = last_registration(1, 7, 1_000);
    assert!(took < 20_000, "{took} ms");
}

#[test]
fn a_server_that_answers_is_left_by_nobody() {
    let mut lockouts = Lockouts::default();
    for device in 1..=3 {
        lockouts.tries(at(0), device, 0);
    }
    for ms in (300..3_000).step_by(300) {
        lockouts.heard(at(ms), 0);
        lockouts.handle_timeout(at(ms), &EIGHT);
        assert_eq!(lockouts.poll(), None);
    }
    assert_eq!(lockouts.place_for(at(3_000), 4, 0, &EIGHT), 0);
}

#[test]
fn a_silent_server_is_passed_by_until_it_takes_a_device() {
    let mut lockouts = Lockouts::default();
    lockouts.tries(at(0), 1, 0);
    lockouts.failed(at(10_000), 1, 0, Vain::Silent);
    assert_eq!(lockouts.locked_until(at(10_000), 0), Some(at(70_000)));
    assert_eq!(lockouts.place_for(at(11_000), 2, 0, &EIGHT), 1);
    // Not by the device of which it is the only server.
    assert_eq!(lockouts.place_for(at(11_000), 2, 0, &[0]), 0);
    // The second time it is for longer, at last for ten minutes.
    for (failed, until) in [(71, 191), (192, 432), (433, 913), (914, 1514)] {
        lockouts.failed(at(failed * 1000), 1, 0, Vain::Silent);
        let locked = lockouts.locked_until(at(failed * 1000), 0);
        assert_eq!(locked, Some(at(until * 1000)));
    }
    lockouts.registered(at(1_000_000), 1, 0);
    assert_eq!(lockouts.place_for(at(1_000_001), 2, 0, &EIGHT), 0);
    lockouts.left(1);
    lockouts.failed(at(2_000_000), 1, 0, Vain::Silent);
    assert_eq!(lockouts.locked_until(at(2_000_000), 0), Some(at(2_060_000)));
    lockouts.forget_all();
    assert_eq!(lockouts.place_for(at(2_000_001), 2, 0, &EIGHT), 0);
}

#[test]
fn a_list_of_silent_servers_is_tried_all_the_same_by_one_device_each() {
    let mut lockouts = Lockouts::default();
    for server in 0..2 {
        lockouts.failed(at(0), 1, server, Vain::Silent);
    }
    assert_eq!(lockouts.place_for(at(100), 1, 0, &[0, 1]), 0);
    lockouts.tries(at(100), 1, 0);
    assert_eq!(lockouts.place_for(at(700), 2, 0, &[0, 1]), 1);
}

#[test]
fn a_stuck_session_locks_no_server_out_that_serves_others() {
    let mut lockouts = Lockouts::default();
    lockouts.registered(at(0), 1, 0);
    lockouts.tries(at(0), 2, 0);
    lockouts.failed(at(10_000), 2, 0, Vain::Silent);
    assert_eq!(lockouts.locked_until(at(10_000), 0), None);
}

#[test]
fn a_silent_server_is_found_out_about_when_the_other_one_refuses_everybody() {
    let mut lockouts = Lockouts::default();
    lockouts.tries(at(0), 1, 0);
    lockouts.failed(at(10_000), 1, 0, Vain::Silent);
    assert_eq!(lockouts.place_for(at(10_001), 1, 0, &[0, 1]), 1);
    lockouts.tries(at(10_001), 1, 1);
    lockouts.failed(at(10_010), 1, 1, Vain::Answered);
    // Nobody is served: one device at a time asks the silent one, though it is passed by.
    assert!(lockouts.locked_until(at(12_000), 0).is_some());
    assert_eq!(lockouts.place_for(at(12_000), 2, 0, &[0, 1]), 0);
    lockouts.tries(at(12_000), 2, 0);
    assert_eq!(lockouts.place_for(at(12_001), 3, 0, &[0, 1]), 1);
}

#[test]
fn a_device_led_away_early_locks_nothing_and_our_own_end_of_an_attempt_unlocks_nothing() {
    let mut lockouts = Lockouts::default();
    lockouts.tries(at(0), 1, 0);
    lockouts.failed(at(400), 1, 0, Vain::Silent);
    assert_eq!(lockouts.locked_until(at(401), 0), None);
    lockouts.tries(at(1_000), 1, 0);
    lockouts.failed(at(11_000), 1, 0, Vain::Silent);
    assert!(lockouts.locked_until(at(11_001), 0).is_some());
    lockouts.tries(at(12_000), 1, 0);
    lockouts.gives_up(1);
    assert!(lockouts.locked_until(at(12_001), 0).is_some());
    lockouts.failed(at(12_002), 1, 0, Vain::Answered);
    assert_eq!(lockouts.locked_until(at(12_003), 0), None);
}

#[test]
fn connections_that_open_are_a_sign_of_life_once() {
    let mut lockouts = Lockouts::default();
    lockouts.tries(at(0), 1, 0);
    // The way there takes as long as the patience, and the answer to Register as long again.
    lockouts.opened(at(390), 0);
    lockouts.handle_timeout(at(400), &EIGHT);
    assert!(!lockouts.is_in_doubt(0));
    // A frozen server's kernel takes one connection after another.
    for device in 2..=40 {
        let ms = u64::from(device) * 20;
        lockouts.tries(at(ms), device, 0);
        lockouts.opened(at(ms + 1), 0);
        lockouts.handle_timeout(at(ms + 1), &EIGHT);
    }
    assert!(lockouts.is_in_doubt(0), "0.4 s after the first one opened");
    // Whoever tries again later begins with the same patience.
    for device in 1..=40 {
        lockouts.gives_up(device);
    }
    lockouts.tries(at(5_000), 1, 0);
    lockouts.opened(at(5_300), 0);
    lockouts.handle_timeout(at(5_500), &EIGHT);
    assert!(!lockouts.is_in_doubt(0));
}

#[test]
fn nobody_is_led_back_to_a_server_that_fell_silent_though_calls_still_hold_on_to_it() {
    let mut lockouts = Lockouts::default();
    for device in 1..=4 {
        lockouts.registered(at(0), device, 0);
    }
    // Those in a call have more patience.
    for device in 3..=4 {
        lockouts.left(device);
        lockouts.fell_silent(at(10_000), 0);
        lockouts.tries(at(10_000), device, 1);
    }
    lockouts.handle_timeout(at(10_400), &EIGHT);
    let ahead = Lead {
        device: 4,
        server: 2,
        turn: None,
    };
    assert_eq!(lockouts.poll(), Some(ahead));
    assert_eq!(lockouts.poll(), None);
    assert_eq!(lockouts.place_for(at(10_401), 5, 1, &EIGHT), 3);
    // One session was stuck, and the server serves the others.
    lockouts.is_alive(0);
    assert_eq!(lockouts.place_for(at(10_402), 5, 1, &EIGHT), 0);
}

#[test]
fn those_that_waited_in_vain_follow_one_after_the_other_from_the_first_on() {
    let mut lockouts = Lockouts::default();
    for device in 20..=24 {
        lockouts.tries(at(0), device, 0);
    }
    lockouts.handle_timeout(at(400), &[0, 1]);
    let ahead = lockouts.poll().unwrap();
    assert_eq!((ahead.device, ahead.turn), (21, None));
    lockouts.registered(at(450), 21, 1);
    let led = std::iter::from_fn(|| lockouts.poll());
    let led: Vec<_> = led.map(|lead| (lead.device, lead.turn)).collect();
    let wanted = [(20, 0), (22, 1), (23, 2), (24, 3)].map(|(device, turn)| (device, Some(turn)));
    assert_eq!(led, wanted);
}

/// The servers behind the silent one cannot be reached: what each of them is known for is no reason to leave it untried.
#[test]
fn a_server_that_was_silent_is_tried_again_when_there_is_no_way_to_the_others() {
    let list = [0, 1, 2];
    let mut lockouts = Lockouts::default();
    lockouts.tries(at(0), 1, 0);
    lockouts.failed(at(10_000), 1, 0, Vain::Silent);
    for (server, reason) in [
        (1, LostReason::Connect(ConnectFailure::Refused)),
        (2, LostReason::Connect(ConnectFailure::Unreachable)),
    ] {
        let better = lockouts.place_for(at(10_000), 1, 0, &list);
        assert_eq!(better, server, "one that nobody has tried");
        lockouts.tries(at(10_000), 1, server);
        let vain = reason.in_vain().expect("of the server");
        lockouts.failed(at(10_001), 1, server, vain);
    }
    assert!(lockouts.locked_until(at(12_000), 0).is_some());
    assert_eq!(lockouts.place_for(at(12_000), 1, 0, &list), 0);
}

/// A network that had no way to any server for a moment: a silent one stays locked, and the others are led to soon.
#[test]
fn no_way_to_a_server_is_no_answer_of_it_and_soon_forgotten() {
    let list = [0, 1];
    let mut lockouts = Lockouts::default();
    lockouts.tries(at(0), 1, 0);
    lockouts.failed(at(10_000), 1, 0, Vain::Silent);
    for server in list {
        lockouts.tries(at(11_000), 1, server);
        lockouts.failed(at(11_001), 1, server, Vain::NoWay);
    }
    assert!(lockouts.locked_until(at(12_000), 0).is_some());
    assert_eq!(lockouts.place_for(at(12_000), 1, 0, &list), 0);
    assert_eq!(lockouts.place_for(at(22_000), 1, 0, &list), 1);
    for reason in [
        LostReason::Connect(ConnectFailure::NoOwnAddress {
            address: std::net::Ipv4Addr::LOCALHOST,
        }),
        LostReason::Stopped,
    ] {
        assert_eq!(reason.in_vain(), None, "{reason:?}");
    }
}
