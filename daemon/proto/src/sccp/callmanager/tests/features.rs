//! Call waiting, hold, transfer, calls from outside, the message lamp.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::super::*;
use super::net::{Net, on};
use crate::sccp::message::*;
use crate::types::LineInstance;

const OUTSIDE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 30_000);

/// Ports 0 and 1 talk as calls 1 and 2.
fn talking(dialect: Dialect, ports: usize) -> Net {
    let mut net = Net::new(dialect, ports);
    net.call(0, "1002");
    net.answer(1, 2);
    net.assert_talking(0, 1);
    for p in 0..ports {
        net.heard(p);
    }
    net.events.clear();
    net
}

/// … and port 2 calls port 1 as calls 3 and 4.
fn waiting(dialect: Dialect) -> Net {
    let mut net = talking(dialect, 3);
    net.call(2, "1002");
    net
}

#[test]
fn a_waiting_call_is_announced_in_three_ways_and_never_rings() {
    let reported = |dialect| {
        let mut net = waiting(dialect);
        assert_eq!(net.state(4), "ringing");
        net.heard(1)
            .into_iter()
            .filter(|h| {
                !h.starts_with("info") && !h.starts_with("keys") && !h.starts_with("prompt")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        reported(Dialect::ChanSkinny),
        [
            "state ring in 1/4",
            "state call waiting 1/4",
            "lamp line 1 blink",
            "tone call waiting 1/4"
        ]
    );
    assert_eq!(
        reported(Dialect::ChanSccp),
        [
            "stop-tone 0/2",
            "tone call waiting 0/2",
            "state ring in 1/4",
            "lamp line 1 blink",
            "ringer silent x2 1/4"
        ]
    );
    assert_eq!(
        reported(Dialect::Wazo),
        ["state ring in 1/4", "lamp line 1 blink"]
    );
}

#[test]
fn answering_a_waiting_call_holds_the_active_one_except_at_chan_skinny() {
    for (dialect, active) in [
        (Dialect::ChanSkinny, "none"),
        (Dialect::ChanSccp, "held"),
        (Dialect::ModSkinny, "held"),
        (Dialect::Wazo, "held"),
    ] {
        let mut net = waiting(dialect);
        net.key(1, 4, SoftKey::ANSWER);
        assert_eq!(net.state(2), active, "{dialect:?}");
        assert_eq!(net.state(4), "connected");
        net.assert_talking(1, 2);
    }
}

#[test]
fn chan_skinny_swaps_two_calls_by_hold_and_resume() {
    let mut net = waiting(Dialect::ChanSkinny);
    net.key(1, 2, SoftKey::HOLD);
    net.key(1, 4, SoftKey::ANSWER);
    assert_eq!((net.state(2), net.state(4)), ("held", "connected"));
    net.assert_talking(1, 2);
    net.key(1, 4, SoftKey::HOLD);
    net.heard(1);
    net.key(1, 2, SoftKey::RESUME);
    assert_eq!((net.state(2), net.state(4)), ("connected", "held"));
    net.assert_talking(1, 0);
    let heard = net.heard(1);
    assert_eq!(heard[0], "open 2/2/0", "{heard:?}");
    // The active call ends; the held one stays held and nobody rings.
    net.hang_up(1, 2);
    assert_eq!((net.state(2), net.state(4)), ("none", "held"));
    assert!(!net.heard(1).iter().any(|h| h.contains("inside")));
    net.hang_up(2, 3);
    assert!(net.idle());
}

#[test]
fn a_waiting_caller_that_gives_up_takes_only_its_own_call_away() {
    for dialect in Dialect::ALL {
        let mut net = waiting(dialect);
        net.heard(1);
        net.hang_up(2, 3);
        let heard = net.heard(1);
        assert!(heard.contains(&"state on hook 1/4".to_owned()), "{heard:?}");
        assert!(!heard.iter().any(|h| h.starts_with("close")), "{heard:?}");
        net.assert_talking(0, 1);
    }
}

#[test]
fn a_port_without_call_waiting_is_busy_or_congested() {
    for (dialect, state) in [
        (Dialect::ChanSkinny, "state congestion 1/1"),
        (Dialect::ModSkinny, "state busy 1/1"),
    ] {
        let mut net = Net::with(dialect, 2, |c| c.devices[1].call_waiting = false, |_| {});
        net.lift(1);
        net.heard(1);
        net.lift(0);
        net.dial(0, "1002");
        let expected = state.replace("1/1", "1/2");
        let heard = net.heard(0);
        assert!(heard.contains(&expected), "{dialect:?} {heard:?}");
        assert_eq!(
            net.heard(1),
            ["stop-tone 1/3", "state on hook 1/3"],
            "a call that was never announced"
        );
    }
}

#[test]
fn hold_and_resume_by_key_and_by_button() {
    for dialect in Dialect::ALL {
        let mut net = talking(dialect, 2);
        net.key(0, 1, SoftKey::HOLD);
        assert_eq!(net.state(1), "held");
        assert_eq!(net.ports[0].sends_to, None);
        let held = net.heard(1);
        match dialect {
            Dialect::Cisco => assert_eq!(held[2], "open 2/3/2", "music under another party"),
            _ => assert_eq!(held, [""; 0], "nothing is sent to the held side"),
        }
        net.key(0, 1, SoftKey::RESUME);
        assert_eq!(net.state(1), "connected");
        net.assert_talking(0, 1);
        let hold = ClientMessage::Stimulus(StimulusPressed {
            stimulus: Stimulus::HOLD,
            instance: 1,
            call: CallRef(1),
            status: 0,
        });
        net.send(0, hold.clone());
        assert_eq!(net.state(1), "held");
        net.send(0, hold);
        net.assert_talking(0, 1);
        net.hang_up(1, 2);
        assert!(net.idle());
    }
}

#[test]
fn on_hook_ends_a_held_call_or_keeps_it() {
    let mut net = talking(Dialect::ChanSkinny, 2);
    net.key(0, 1, SoftKey::HOLD);
    net.heard(0);
    net.hang_up(0, 1);
    assert_eq!(net.heard(0), ["date"]);
    assert_eq!(net.state(1), "held");
    net.answer(0, 1);
    assert_eq!(
        net.heard(0),
        ["ringer off x1 1/0"],
        "lifting does not resume it"
    );
    net.key(0, 1, SoftKey::RESUME);
    net.assert_talking(0, 1);

    let mut net = talking(Dialect::ChanSccp, 2);
    net.key(0, 1, SoftKey::HOLD);
    net.hang_up(0, 1);
    assert!(net.idle());
}

#[test]
fn transfer_by_key_after_the_answer() {
    for dialect in Dialect::ALL {
        let mut net = talking(dialect, 3);
        net.key(0, 1, SoftKey::TRANSFER);
        assert_eq!((net.state(1), net.state(3)), ("held", "dialing"));
        net.dial(0, "1003");
        net.pass(Duration::from_secs(3));
        net.answer(2, 4);
        net.assert_talking(0, 2);
        net.heard(0);
        net.key(0, 3, SoftKey::TRANSFER);
        let heard = net.heard(0);
        for call in [1, 3] {
            assert!(
                heard.contains(&format!("state on hook 1/{call}")),
                "{dialect:?} {heard:?}"
            );
        }
        assert_eq!((net.state(2), net.state(4)), ("connected", "connected"));
        net.assert_talking(1, 2);
        net.hang_up(1, 2);
        assert!(net.idle());
    }
}

#[test]
fn hanging_up_while_the_second_call_rings_transfers_it() {
    for dialect in [Dialect::ChanSkinny, Dialect::ChanSccp] {
        let mut net = talking(dialect, 3);
        net.key(0, 1, SoftKey::TRANSFER);
        net.dial(0, "1003");
        net.pass(Duration::from_secs(3));
        net.hang_up(0, 3);
        assert_eq!(
            (net.state(1), net.state(2), net.state(3), net.state(4)),
            ("none", "connected", "none", "ringing")
        );
        net.heard(1);
        net.answer(2, 4);
        net.assert_talking(1, 2);
        net.hang_up(2, 4);
        assert!(net.idle());
    }
}

#[test]
fn a_transferred_call_that_nobody_takes_ends() {
    let mut net = talking(Dialect::ChanSkinny, 3);
    net.key(0, 1, SoftKey::TRANSFER);
    net.dial(0, "1003");
    net.hang_up(0, 3);
    net.pass(Duration::from_secs(61));
    assert!(net.idle());
}

#[test]
fn hook_flash_is_the_transfer_key_of_chan_sccp_with_a_stray_tone() {
    let mut net = talking(Dialect::ChanSccp, 3);
    net.send(0, ClientMessage::HookFlash(on(1)));
    let heard = net.heard(0);
    let states: Vec<_> = heard
        .iter()
        .filter(|h| h.starts_with("state") || h.starts_with("tone"))
        .collect();
    assert_eq!(
        states,
        [
            "state hold 1/1",
            "state transfer 1/1",
            "state off hook 1/3",
            "tone inside dial 1/3",
            "tone beep-bonk 0/0"
        ]
    );
    net.send(0, ClientMessage::HookFlash(on(3)));
    assert_eq!(net.heard(0), ["tone beep-bonk 1/3"], "no digit yet");
    net.key(0, 3, SoftKey::END_CALL);
    net.key(0, 1, SoftKey::RESUME);
    net.assert_talking(0, 1);
    net.send(0, ClientMessage::HookFlash(on(1)));
    net.dial(0, "1003");
    net.pass(Duration::from_secs(1));
    net.send(0, ClientMessage::HookFlash(CallOnLine::default()));
    net.answer(2, 5);
    net.assert_talking(1, 2);

    let mut net = talking(Dialect::ChanSkinny, 2);
    net.send(0, ClientMessage::HookFlash(on(1)));
    assert_eq!(net.heard(0), [""; 0], "ignored");
}

#[test]
fn hanging_up_before_the_second_number_leaves_the_first_call_held() {
    let mut net = talking(Dialect::ChanSkinny, 2);
    net.key(0, 1, SoftKey::TRANSFER);
    net.hang_up(0, 3);
    assert_eq!((net.state(1), net.state(3)), ("held", "none"));
}

#[test]
fn a_call_can_be_transferred_to_a_service() {
    let mut net = talking(Dialect::ChanSkinny, 2);
    net.key(0, 1, SoftKey::TRANSFER);
    net.dial(0, "600");
    net.key(0, 3, SoftKey::TRANSFER);
    assert_eq!(
        (net.state(1), net.state(2), net.state(3)),
        ("none", "connected", "none")
    );
    net.assert_talking(1, 1);
}

#[test]
fn a_call_from_outside_names_the_caller_or_does_not() {
    for dialect in Dialect::ALL {
        for withheld in [false, true] {
            let mut net = Net::new(dialect, 1);
            let call = net
                .cm
                .place_call_to(net.now, "1001", "5551234", "Out Side", withheld, OUTSIDE)
                .unwrap();
            net.pass(Duration::ZERO);
            let info = if withheld {
                "info 1 <> Port 1<1001> 1/1"
            } else {
                "info 1 Out Side<5551234> Port 1<1001> 1/1"
            };
            let heard = net.heard(0);
            assert!(heard.contains(&info.to_owned()), "{dialect:?} {heard:?}");
            net.answer(0, call.0);
            assert_eq!(net.ports[0].sends_to, Some(OUTSIDE));
            assert!(net.events.iter().any(|e| matches!(
                e,
                CmEvent::MediaOpened { address, .. } if address.port() == 20_000
            )));
            net.cm.hang_up(net.now, call).unwrap();
            net.pass(Duration::ZERO);
            assert!(net.heard(0).contains(&"state on hook 1/1".to_owned()));
            assert!(net.idle());
            assert_eq!(
                net.cm.hang_up(net.now, call),
                Err(CommandError::UnknownCall)
            );
        }
    }
}

#[test]
fn chan_skinny_shows_unknown_for_a_withheld_number() {
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    net.cm
        .place_call_to(net.now, "1001", "5551234", "Out Side", true, OUTSIDE)
        .unwrap();
    net.pass(Duration::ZERO);
    assert!(
        net.heard(0)
            .contains(&"notify \"\\u{80}\\u{17}Unknown\"".to_owned())
    );
}

#[test]
fn a_call_from_outside_rings_for_a_minute() {
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    let place = |net: &mut Net, number| {
        let now = net.now;
        net.cm.place_call_to(now, number, "1", "", false, OUTSIDE)
    };
    place(&mut net, "1001").unwrap();
    assert_eq!(place(&mut net, "1001"), Err(CommandError::Busy));
    assert_eq!(place(&mut net, "77"), Err(CommandError::UnknownNumber));
    net.pass(Duration::from_secs(60));
    assert!(net.idle());
}

#[test]
fn the_message_lamp_is_sent_now_and_at_registration() {
    for (dialect, lamps) in [
        (
            Dialect::ChanSkinny,
            &["lamp voicemail 1 on", "lamp voicemail 0 on"][..],
        ),
        (
            Dialect::ChanSccp,
            &["lamp voicemail 1 on", "lamp voicemail 0 on"],
        ),
        (Dialect::ModSkinny, &["lamp voicemail 0 on"]),
        (Dialect::Wazo, &["lamp voicemail 0 on"]),
    ] {
        let mut net = Net::new(dialect, 1);
        net.cm.set_mwi(net.now, "1001", true).unwrap();
        net.pass(Duration::ZERO);
        assert_eq!(net.heard(0), lamps, "{dialect:?}");
        net.cm.reset("1001", ResetKind::RESTART).unwrap();
        net.pass(Duration::from_secs(5));
        let heard = net.heard(0);
        for lamp in lamps {
            assert!(heard.iter().any(|h| h == lamp), "{dialect:?} {heard:?}");
        }
        assert_eq!(
            net.cm.set_mwi(net.now, "9", true),
            Err(CommandError::UnknownNumber)
        );
    }
}

#[test]
fn a_port_switches_its_own_message_lamp() {
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    net.call(0, "*981");
    assert!(net.cm.snapshot().devices[0].mwi);
    assert!(net.idle(), "the number hangs up");
    net.hang_up(0, 1);
    net.call(0, "*980");
    assert!(!net.cm.snapshot().devices[0].mwi);
}

#[test]
fn at_version_11_wazo_takes_off_hook_with_a_line_for_an_answer() {
    let mut net = Net::with(Dialect::Wazo, 2, |_| {}, |c| c.offer_version = 11);
    net.send(
        0,
        ClientMessage::OffHook(CallOnLine {
            line: LineInstance(1),
            call: CallRef::NONE,
        }),
    );
    assert!(net.idle(), "no new call");
    net.call(0, "1002");
    net.lift(1);
    assert_eq!(
        net.state(2),
        "ringing",
        "OffHook(0,0) asks for a new call, which waits"
    );
    net.answer(1, 2);
    assert_eq!(net.state(2), "connected");
}
