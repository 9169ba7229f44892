//! Plain calls: dialing, answering, hanging up, and what goes wrong.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::super::*;
use super::net::{Net, number};
use crate::sccp::message::*;
use crate::types::LineInstance;

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// The order of every message of a call as Asterisk 16.28 sent it (device with `earlyrtp=no`), with the one
/// difference that StartMedia waits for the other port's address.
#[test]
fn chan_skinny_says_what_asterisk_says() {
    let mut net = Net::new(Dialect::ChanSkinny, 2);
    net.lift(0);
    assert_eq!(
        net.heard(0),
        [
            "ringer off x1 1/0",
            "lamp line 1 on",
            "date",
            "state off hook 1/1",
            "plane 1",
            "clear-display",
            "tone inside dial 1/1",
            "keys 4 1/1",
            "prompt \"\\u{80} \" 1/1",
        ]
    );
    net.dial(0, "100");
    assert_eq!(net.heard(0), ["stop-tone 1/1", "keys 6 1/1"]);
    net.dial(0, "2");
    assert_eq!(
        net.heard(0),
        [
            "state off hook 1/1",
            "stop-tone 1/1",
            "clear-display",
            "keys 8 1/1",
            "prompt \"Dialing\" 1/1",
            "open 1/1/0",
            "info 2 Port 1<1001> Port 2<1002> 1/1",
            "state proceed 1/1",
            "tone alerting 1/1",
            "state ring out 1/1",
            "keys 8 1/1",
            "dialled 1002 1/1",
            "prompt \"\\u{80}\\u{16}\" 1/1",
            "info 2 Port 1<1001> Port 2<1002> 1/1",
        ]
    );
    assert_eq!(
        net.heard(1),
        [
            "state ring in 1/2",
            "keys 3 1/2",
            "prompt \"\\u{80}\\u{17}1001\" 1/2",
            "notify \"\\u{80}\\u{17}1001\"",
            "info 1 Port 1<1001> Port 2<1002> 1/2",
            "lamp line 1 blink",
            "ringer inside x1 1/0",
            "plane 1",
        ]
    );
    net.answer(1, 2);
    assert_eq!(
        net.heard(1),
        [
            "ringer off x1 1/0",
            "lamp line 1 on",
            "clear-notify",
            "state off hook 1/2",
            "ringer off x1 1/0",
            "plane 1",
            "stop-tone 1/2",
            "info 1 Port 1<1001> Port 2<1002> 1/2",
            "state connected 1/2",
            "prompt \"\\u{80}\\u{18}\" 1/2",
            "keys 1 1/2",
            "open 2/2/0",
            "start 2/2/0 10.0.0.1:20000",
        ]
    );
    assert_eq!(
        net.heard(0),
        [
            "ringer off x1 1/0",
            "plane 1",
            "stop-tone 1/1",
            "info 2 Port 1<1001> Port 2<1002> 1/1",
            "state connected 1/1",
            "prompt \"\\u{80}\\u{18}\" 1/1",
            "keys 1 1/1",
            "dialled 1002 1/1",
            "stop-tone 1/1",
            "start 1/1/0 10.0.0.2:20000",
        ]
    );
    net.assert_talking(0, 1);
    net.hang_up(0, 1);
    let far = |call: u32| {
        vec![
            "speaker false".to_owned(),
            format!("close 0/{call}/0"),
            format!("stop 0/{call}/0"),
            format!("stop-tone 1/{call}"),
            format!("state on hook 1/{call}"),
            format!("clear-prompt 1/{call}"),
            "ringer off x1 1/0".to_owned(),
            "date".to_owned(),
            "lamp line 1 off".to_owned(),
        ]
    };
    let mut near = far(1);
    near.push("date".into());
    assert_eq!(net.heard(0), near);
    assert_eq!(net.heard(1), far(2));
    net.hang_up(1, 2);
    assert_eq!(net.heard(1), [""; 0], "a late OnHook is not answered");
    assert!(net.idle());
}

#[test]
fn chan_sccp_opens_media_at_the_answer_under_another_name() {
    let mut net = Net::new(Dialect::ChanSccp, 2);
    net.call(0, "1002");
    assert_eq!(
        net.heard(0),
        [
            "speaker true",
            "lamp line 1 on",
            "state off hook 1/1",
            "plane 1",
            "tone inside dial 1/1",
            "stop-tone 1/1",
            "lamp voicemail 0 off",
            "lamp voicemail 0 off",
            "lamp voicemail 0 off",
            "lamp voicemail 0 off",
            "stop-tone 1/1",
            "info 2 Port 1<1001> <1002> 1/1",
            "dialled 1002 1/1",
            "state proceed 1/1",
            "state proceed 1/1",
            "tone alerting 1/1",
        ]
    );
    assert_eq!(
        net.heard(1),
        [
            "state ring in 1/2",
            "info 1 Port 1<1001> Port 2<1002> 1/2",
            "lamp line 1 blink",
            "ringer outside x1 1/2",
        ]
    );
    net.answer(1, 2);
    assert_eq!(
        net.heard(1),
        [
            "state off hook 1/2",
            "plane 1",
            "state connected 1/2",
            "open 2/4294967293/2",
            "start 2/4294967293/2 10.0.0.1:20000",
            "ringer off x1 1/2",
            "stop-tone 1/2",
            "state connected 1/2",
            "info 1 Port 1<1001> Port 2<1002> 1/2",
        ]
    );
    assert_eq!(
        net.heard(0),
        [
            "ringer off x1 1/1",
            "speaker true",
            "stop-tone 1/1",
            "lamp line 1 on",
            "state connected 1/1",
            "info 2 Port 1<1001> Port 2<1002> 1/1",
            "plane 1",
            "open 1/4294967294/1",
            "stop-tone 1/1",
            "start 1/4294967294/1 10.0.0.2:20000",
        ]
    );
    net.assert_talking(0, 1);
    net.hang_up(1, 2);
    for (p, call) in [(0, 1u32), (1, 2)] {
        assert_eq!(
            net.heard(p),
            [
                format!("close {call}/{}/{call}", u32::MAX - call),
                format!("stop {call}/{}/{call}", u32::MAX - call),
                format!("stop-tone 1/{call}"),
                "lamp line 1 off".into(),
                format!("state on hook 1/{call}"),
                "date".into(),
                "speaker false".into(),
                format!("ringer off x1 1/{call}"),
                format!("statistics? {} {call}", number(p)),
            ]
        );
    }
    net.hang_up(0, 1);
    assert_eq!(net.heard(0), ["speaker false", "stop-tone 0/0"]);
}

#[test]
fn two_ports_talk_in_every_dialect_and_version_and_either_may_hang_up() {
    for dialect in Dialect::ALL {
        for version in [3, 11, 17, 22] {
            for first in [0, 1] {
                let mut net = Net::with(dialect, 2, |_| {}, |c| c.offer_version = version);
                net.call(0, "1002");
                assert_eq!(net.state(2), "ringing", "{dialect:?} {version}");
                net.answer(1, 2);
                net.assert_talking(0, 1);
                assert_eq!((net.state(1), net.state(2)), ("connected", "connected"));
                let call = first as u32 + 1;
                net.hang_up(first, call);
                assert!(net.idle(), "{dialect:?} {version}");
                let other = 1 - first;
                let heard = net.heard(other);
                assert!(
                    heard.contains(&format!("state on hook 1/{}", other + 1)),
                    "{heard:?}"
                );
                net.hang_up(other, other as u32 + 1);
                let ended: Vec<_> = net
                    .events
                    .iter()
                    .filter_map(|e| match e {
                        CmEvent::Ended { number, cause, .. } => Some((number.clone(), *cause)),
                        _ => None,
                    })
                    .collect();
                assert_eq!(
                    ended,
                    [
                        (number(first), EndCause::NearHangUp),
                        (number(other), EndCause::FarHangUp)
                    ]
                );
            }
        }
    }
}

#[test]
fn a_caller_that_gives_up_stops_the_ringing() {
    for dialect in Dialect::ALL {
        let mut net = Net::new(dialect, 2);
        net.call(0, "1002");
        net.heard(1);
        net.hang_up(0, 1);
        let heard = net.heard(1);
        assert!(
            heard.iter().any(|h| h.starts_with("ringer off")),
            "{heard:?}"
        );
        assert!(heard.contains(&"state on hook 1/2".to_owned()), "{heard:?}");
        assert!(net.idle());
        // chan_skinny closes media that was never opened, the others do not.
        assert_eq!(
            heard.iter().any(|h| h.starts_with("close ")),
            dialect == Dialect::ChanSkinny,
            "{dialect:?}"
        );
    }
}

#[test]
fn media_of_two_joined_ports_go_through_an_address_with_the_port_numbers_as_they_are() {
    let through = Ipv4Addr::new(10, 0, 0, 250);
    for dialect in Dialect::ALL {
        let mut net = Net::with(dialect, 2, |c| c.media_through = Some(through), |_| {});
        net.call(0, "1002");
        net.answer(1, 2);
        for (port, far) in [(0, 1), (1, 0)] {
            let listens = net.ports[far].listens.last().copied();
            let named = SocketAddrV4::new(through, listens.expect("opened"));
            assert_eq!(net.ports[port].sends_to, Some(named), "{dialect:?}");
        }
    }
}

#[test]
fn a_server_with_media_of_its_own_hands_over_after_the_answer() {
    let mut net = Net::with(
        Dialect::ChanSkinny,
        2,
        |c| c.own_media = Some(Ipv4Addr::new(10, 0, 0, 250)),
        |_| {},
    );
    net.call(0, "1002");
    assert_eq!(
        net.ports[0].sends_to,
        Some(SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 250), 16_386))
    );
    net.heard(0);
    net.answer(1, 2);
    let heard = net.heard(0);
    assert_eq!(
        heard[heard.len() - 2..],
        ["stop 0/1/0", "start 1/1/0 10.0.0.2:20000"]
    );
    net.assert_talking(0, 1);
}

#[test]
fn every_key_pressed_in_a_call_is_in_the_log_once() {
    for dialect in Dialect::ALL {
        let mut net = Net::new(dialect, 1);
        net.call(0, "603");
        assert_eq!(net.state(1), "connected", "{dialect:?}");
        net.dial(0, "0123456789*#");
        let log = &net.cm.digits()[0];
        assert_eq!(
            (
                log.number.as_str(),
                log.dialled.as_str(),
                log.in_call.as_str()
            ),
            ("1001", "603", "0123456789*#")
        );
    }
}

#[test]
fn letters_arrive_wrong_or_not_at_all() {
    for (dialect, got) in [(Dialect::ChanSkinny, ":;<="), (Dialect::ChanSccp, "")] {
        let mut net = Net::new(dialect, 1);
        net.call(0, "603");
        net.dial(0, "ABCD");
        assert_eq!(net.cm.digits()[0].in_call, got);
    }
}

#[test]
fn with_the_rfc2833_bit_chan_sccp_does_not_hear_keys_in_a_call() {
    let mut net = Net::with(Dialect::ChanSccp, 1, |_| {}, |c| c.features = 0x0400);
    net.call(0, "603");
    net.dial(0, "12");
    assert_eq!(net.cm.digits()[0].in_call, "");
    let mut net = Net::with(Dialect::ChanSkinny, 1, |_| {}, |c| c.features = 0x0400);
    net.call(0, "603");
    net.dial(0, "12");
    assert_eq!(net.cm.digits()[0].in_call, "12");
}

#[test]
fn no_first_digit_ends_in_silence_or_in_a_tone() {
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    net.lift(0);
    net.heard(0);
    net.pass(secs(16));
    let heard = net.heard(0);
    assert_eq!(
        heard[..5],
        [
            "tone reorder 1/1",
            "speaker false",
            "close 0/1/0",
            "stop 0/1/0",
            "stop-tone 1/1"
        ],
        "stopped in the moment it began"
    );
    assert!(net.idle(), "the server is idle, the loop still closed");
    net.hang_up(0, 1);

    let mut net = Net::new(Dialect::ChanSccp, 1);
    net.lift(0);
    net.heard(0);
    net.pass(secs(60));
    assert_eq!(net.heard(0), ["tone reorder 1/1"]);
    assert_eq!(net.state(1), "failed");
    net.hang_up(0, 1);
    assert!(net.idle());
}

#[test]
fn an_incomplete_number_fails_eight_seconds_after_the_last_digit() {
    let mut net = Net::new(Dialect::ChanSkinny, 2);
    net.lift(0);
    net.dial(0, "10");
    net.pass(Duration::from_millis(7_800));
    assert_eq!(net.state(1), "dialing");
    net.pass(Duration::from_millis(200));
    assert!(net.idle());
}

#[test]
fn a_number_that_leads_nowhere_fails_with_its_last_digit() {
    for (dialect, state) in [
        (Dialect::ChanSkinny, "none"),
        (Dialect::ChanSccp, "failed"),
        (Dialect::ModSkinny, "failed"),
    ] {
        let mut net = Net::new(dialect, 2);
        net.lift(0);
        net.dial(0, "55");
        net.pass(Duration::from_millis(100));
        assert_eq!(net.state(1), state, "{dialect:?}");
    }
}

#[test]
fn a_number_that_may_be_longer_waits_three_seconds() {
    let mut net = Net::with(
        Dialect::ChanSkinny,
        2,
        |c| c.services.push(("10".into(), Service::Echo)),
        |_| {},
    );
    net.lift(0);
    net.dial(0, "10");
    net.pass(Duration::from_millis(2_800));
    assert_eq!(net.state(1), "dialing");
    net.pass(Duration::from_millis(200));
    assert_eq!(net.state(1), "connected");
}

#[test]
fn the_hash_key_is_a_digit_or_the_end() {
    for (dialect, state) in [
        (Dialect::ChanSkinny, "none"),
        (Dialect::ChanSccp, "connected"),
        (Dialect::Wazo, "connected"),
    ] {
        let mut net = Net::with(
            dialect,
            1,
            |c| c.services.push(("6000".into(), Service::Ring)),
            |_| {},
        );
        net.lift(0);
        net.dial(0, "600#");
        assert_eq!(net.state(1), state, "{dialect:?}");
    }
}

#[test]
fn busy_congestion_and_refusal_sound_as_the_dialect_makes_them() {
    let run = |dialect, number: &str| {
        let mut net = Net::new(dialect, 1);
        net.lift(0);
        net.dial(0, &number[..number.len() - 1]);
        net.heard(0);
        net.dial(0, &number[number.len() - 1..]);
        net.pass(secs(3));
        let heard: Vec<String> = net
            .heard(0)
            .into_iter()
            .filter(|h| {
                h.starts_with("tone") || h.starts_with("stop-tone") || h.starts_with("state")
            })
            .skip_while(|h| !h.starts_with("state proceed") && dialect == Dialect::ChanSccp)
            .collect();
        (heard, net.state(1))
    };
    let skinny = |last: &[&str]| {
        let mut all = vec!["state off hook 1/1".to_owned(), "stop-tone 1/1".to_owned()];
        all.extend(last.iter().map(|s| (*s).to_owned()));
        all
    };
    let d = Dialect::ChanSkinny;
    assert_eq!(
        run(d, "611"),
        (skinny(&["tone busy 1/1", "state busy 1/1"]), "failed")
    );
    assert_eq!(
        run(d, "612"),
        (
            skinny(&["tone reorder 1/1", "state congestion 1/1"]),
            "failed"
        )
    );
    assert_eq!(
        run(d, "615"),
        (skinny(&["stop-tone 1/1", "state on hook 1/1"]), "none")
    );
    let d = Dialect::ChanSccp;
    let sccp = |last: &[&str]| {
        let mut all = vec!["state proceed 1/1".to_owned()];
        all.extend(last.iter().map(|s| (*s).to_owned()));
        all
    };
    assert_eq!(
        run(d, "611"),
        (sccp(&["tone busy 1/1", "stop-tone 1/1"]), "failed")
    );
    assert_eq!(run(d, "612"), (sccp(&["tone reorder 1/1"]), "failed"));
    assert_eq!(
        run(d, "615"),
        (sccp(&["stop-tone 1/1", "state on hook 1/1"]), "none")
    );
}

#[test]
fn chan_skinny_ends_a_busy_call_by_itself() {
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    net.call(0, "611");
    net.pass(secs(16));
    assert_eq!(net.state(1), "failed");
    net.pass(secs(2));
    assert!(net.idle());
}

#[test]
fn nobody_answers_for_a_minute() {
    for dialect in Dialect::ALL {
        let mut net = Net::new(dialect, 2);
        net.call(0, "1002");
        net.pass(secs(61));
        assert_eq!(net.state(2), "none", "{dialect:?}");
        assert_eq!(net.state(1), "failed");
        net.hang_up(0, 1);
        assert!(net.idle());
    }
}

#[test]
fn test_numbers_answer_ring_and_hang_up() {
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    net.call(0, "600");
    net.assert_talking(0, 0);
    net.hang_up(0, 1);
    net.call(0, "614");
    assert_eq!(net.state(2), "connected");
    net.pass(secs(3));
    assert!(net.idle());
    net.hang_up(0, 2);
    net.call(0, "617");
    assert_eq!(net.state(3), "calling");
    net.pass(secs(2));
    assert_eq!(net.state(3), "connected");
    net.hang_up(0, 3);
    net.call(0, "610");
    net.pass(secs(100));
    assert_eq!(net.state(4), "calling");
    net.hang_up(0, 4);
    net.heard(0);
    net.call(0, "601");
    assert!(net.heard(0).contains(&"tone milliwatt 1/5".to_owned()));
}

#[test]
fn a_whole_number_at_once_goes_on_under_a_new_reference_at_chan_skinny_only() {
    for (dialect, call) in [(Dialect::ChanSkinny, 2), (Dialect::ChanSccp, 1)] {
        let mut net = Net::new(dialect, 2);
        net.lift(0);
        net.send(
            0,
            ClientMessage::EnblocCall(EnblocCall {
                number: "1002".into(),
                line: LineInstance(1),
            }),
        );
        assert_eq!(net.state(call), "calling", "{dialect:?}");
        assert_eq!(net.cm.digits()[0].dialled, "1002");
    }
}

#[test]
fn a_number_without_its_port_is_congested() {
    let mut net = Net::new(Dialect::ChanSkinny, 2);
    net.ports[1].station.stop(net.now);
    net.pass(secs(1));
    net.heard(0);
    net.call(0, "1002");
    assert!(
        net.heard(0).contains(&"state congestion 1/1".to_owned()),
        "not registered"
    );
}

#[test]
fn a_port_that_cannot_open_media_loses_the_call() {
    for dialect in Dialect::ALL {
        let mut net = Net::new(dialect, 2);
        net.ports[1].acks_media = false;
        net.call(0, "1002");
        net.answer(1, 2);
        // Cisco's opens the called port first, and counts parties by themselves.
        let party = match dialect {
            Dialect::ChanSccp => u32::MAX - 2,
            Dialect::Cisco => 1,
            Dialect::ChanSkinny | Dialect::ModSkinny | Dialect::Wazo => 2,
        };
        net.send(
            1,
            ClientMessage::OpenReceiveChannelAck(OpenReceiveChannelAck {
                status: MediaStatus::OUT_OF_SOCKETS,
                address: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
                party: crate::types::Party(party),
                call: CallRef(2),
            }),
        );
        assert!(net.idle(), "{dialect:?}");
    }
}

#[test]
fn the_connection_is_made_by_off_hook_or_by_the_media_ack() {
    for (dialect, caller) in [
        (Dialect::ChanSkinny, "connected"),
        (Dialect::ChanSccp, "connected"),
        (Dialect::ModSkinny, "calling"),
        (Dialect::Wazo, "calling"),
    ] {
        let mut net = Net::new(dialect, 2);
        net.ports[1].acks_media = false;
        net.call(0, "1002");
        net.answer(1, 2);
        assert_eq!(net.state(1), caller, "{dialect:?}");
    }
}
