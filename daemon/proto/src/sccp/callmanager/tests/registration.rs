//! Who may register, what happens to the name, and when a connection ends.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::super::*;
use super::net::{Net, name, show};
use crate::sccp::message::*;
use crate::sccp::station::{CloseReason, LostReason, RejectCause, StationEvent};
use crate::types::{DeviceName, DeviceType};

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 99), 50_000);

/// A connection played by hand.
struct Raw {
    cm: CallManager,
    conn: ConnId,
    now: Time,
}

impl Raw {
    fn new(dialect: Dialect) -> Raw {
        let mut cm = CallManager::new(CallManagerConfig {
            dialect,
            ..CallManagerConfig::default()
        });
        let now = Time::from_millis(1);
        cm.accept(now, ConnId(1), PEER);
        Raw {
            cm,
            conn: ConnId(1),
            now,
        }
    }

    fn say(&mut self, message: &ClientMessage) -> Vec<String> {
        let bytes = wire::encode_client(message, 3);
        self.cm.handle_input(self.now, self.conn, &bytes);
        self.heard()
    }

    fn heard(&mut self) -> Vec<String> {
        let mut all = vec![];
        while let Some(output) = self.cm.poll_output() {
            match output {
                CmOutput::Send { bytes, .. } => {
                    let mut reader = wire::FrameReader::default();
                    reader.push(&bytes);
                    let frame = reader.next_frame().unwrap().unwrap();
                    all.push(show(&wire::decode_server(&frame, 3).unwrap()));
                }
                CmOutput::Close { conn } => all.push(format!("closed {}", conn.0)),
                CmOutput::Event(_) => {}
            }
        }
        all
    }

    fn register(&mut self, version: u8) -> Vec<Vec<u8>> {
        let message = ClientMessage::Register(Register {
            name: DeviceName::new("AN1122334455080").unwrap(),
            device_type: DeviceType::ANALOG_GATEWAY_PHONE,
            address: *PEER.ip(),
            max_streams: 2,
            active_streams: 0,
            version,
            features: 0,
            mac: [0; 6],
            max_lines: 1,
            load: String::new(),
        });
        let bytes = wire::encode_client(&message, version);
        self.cm.handle_input(self.now, self.conn, &bytes);
        let mut frames = vec![];
        while let Some(output) = self.cm.poll_output() {
            if let CmOutput::Send { bytes, .. } = output {
                frames.push(bytes);
            }
        }
        frames
    }
}

fn id(frame: &[u8]) -> u32 {
    u32::from_le_bytes(frame[8..12].try_into().unwrap())
}

fn header(frame: &[u8]) -> u32 {
    u32::from_le_bytes(frame[4..8].try_into().unwrap())
}

#[test]
fn each_dialect_answers_its_own_version_and_header() {
    for (dialect, offered, answered, ids, head) in [
        (Dialect::ChanSkinny, 3, 48, &[0x86, 0x86, 0x81, 0x9B][..], 0),
        (Dialect::ChanSkinny, 22, 48, &[0x86, 0x86, 0x81, 0x9B], 0),
        (Dialect::ChanSccp, 0, 3, &[0x81, 0x9B], 0),
        (Dialect::ChanSccp, 11, 11, &[0x81, 0x9B], 11),
        (Dialect::ChanSccp, 25, 22, &[0x81, 0x9B], 22),
        (Dialect::ModSkinny, 22, 0, &[0x81, 0x9B, 0x86], 0),
        (Dialect::Wazo, 22, 11, &[0x81, 0x9B, 0x86], 0),
        (Dialect::Wazo, 7, 7, &[0x81, 0x9B, 0x86], 0),
    ] {
        let mut raw = Raw::new(dialect);
        let frames = raw.register(offered);
        assert_eq!(
            frames.iter().map(|f| id(f)).collect::<Vec<_>>(),
            ids,
            "{dialect:?}"
        );
        let ack = frames.iter().find(|f| id(f) == 0x81).unwrap();
        assert_eq!(ack[12 + 16], answered, "{dialect:?} {offered}");
        assert_eq!(header(ack), 0, "RegisterAck never has the version");
        let next = frames.iter().find(|f| id(f) == 0x9B).unwrap();
        assert_eq!(header(next), head, "{dialect:?} {offered}");
    }
}

#[test]
fn an_unknown_name_is_refused_in_the_dialects_words() {
    for (dialect, text, closes) in [
        (Dialect::ChanSkinny, "No Authority: ", false),
        (Dialect::ChanSccp, "Device Unknown", true),
        (Dialect::ModSkinny, "Device not found", false),
        (Dialect::Wazo, "", true),
    ] {
        let mut raw = Raw::new(dialect);
        raw.cm.config.auto_register = false;
        let frames = raw.register(3);
        assert_eq!(frames.len(), 1);
        assert_eq!(id(&frames[0]), 0x9D);
        let said = frames[0][12..].split(|b| *b == 0).next().unwrap();
        assert_eq!(said, text.as_bytes());
        assert_eq!(raw.cm.snapshot().connections, usize::from(!closes));
    }
}

#[test]
fn unknown_names_get_the_next_free_number() {
    let mut raw = Raw::new(Dialect::ChanSkinny);
    raw.cm.config.services.push(("1001".into(), Service::Echo));
    raw.register(3);
    let devices = raw.cm.snapshot().devices;
    assert_eq!(devices[0].number, "1002");
    assert_eq!(devices[0].name.as_str(), "AN1122334455080");
}

#[test]
fn an_unknown_device_is_heard_out_or_refused() {
    let keepalive = ClientMessage::KeepAlive;
    let off_hook = ClientMessage::OffHook(CallOnLine::default());
    let mut raw = Raw::new(Dialect::ChanSkinny);
    assert_eq!(raw.say(&keepalive), ["KeepAliveAck"]);
    assert_eq!(raw.say(&off_hook), [""; 0]);
    raw.now = raw.now + secs(30);
    raw.cm.handle_timeout(raw.now);
    assert_eq!(raw.heard(), ["closed 1"], "not registered in 30 s");
    let mut raw = Raw::new(Dialect::ChanSccp);
    assert_eq!(raw.say(&keepalive), ["KeepAliveAck"]);
    assert_eq!(raw.say(&off_hook), ["closed 1"]);
}

#[test]
fn chan_sccp_lets_nobody_call_who_did_not_ask_for_buttons() {
    let mut raw = Raw::new(Dialect::ChanSccp);
    raw.register(3);
    assert_eq!(
        raw.say(&ClientMessage::OffHook(CallOnLine::default())),
        ["prompt \"No lines registered!\" 1/0", "tone beep-bonk 0/0"]
    );
    let key = ClientMessage::KeypadButton(KeypadButton {
        button: 1,
        line: Default::default(),
        call: CallRef::NONE,
    });
    assert_eq!(raw.say(&key), ["closed 1"]);
}

#[test]
fn bytes_that_are_no_sccp_close_that_connection_only() {
    let mut net = Net::new(Dialect::ChanSkinny, 2);
    let conn = net.ports[0].conn.unwrap();
    net.cm.handle_input(net.now, conn, &[0; 32]);
    net.pass(Duration::ZERO);
    assert_eq!(net.cm.snapshot().bad_frames, 1);
    assert!(!net.ports[0].station.is_registered());
    assert!(net.ports[1].station.is_registered());
    net.pass(secs(5));
    assert!(net.ports[0].station.is_registered(), "and is back");
}

#[test]
fn silence_ends_a_connection_after_the_dialects_patience() {
    for (dialect, patience) in [
        (Dialect::ChanSkinny, 90),
        (Dialect::ChanSccp, 60),
        (Dialect::ModSkinny, 33),
        (Dialect::Wazo, 60),
    ] {
        let mut net = Net::new(dialect, 1);
        net.ports[0].cut = true;
        net.pass(secs(patience - 1));
        assert_eq!(net.events, [], "{dialect:?}");
        net.pass(secs(1));
        assert_eq!(
            net.events,
            [CmEvent::Gone {
                device: name(0),
                reason: GoneReason::KeepaliveExpired
            }]
        );
    }
}

#[test]
fn a_half_open_break_holds_the_name_until_the_keepalive_timer_ends_it() {
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    // The network eats everything; our side's TCP gives up, the server does not notice.
    let old = net.ports[0].conn.take().unwrap();
    net.ports[0].closed(net.now, CloseReason::TimedOut);
    let broke = net.now;
    net.pass(secs(80));
    assert!(!net.ports[0].station.is_registered());
    let refused: Vec<_> = net.ports[0]
        .events
        .iter()
        .filter_map(|e| match e {
            StationEvent::AttemptFailed {
                reason: LostReason::Rejected { cause, .. },
                ..
            } => Some(*cause),
            _ => None,
        })
        .collect();
    assert!(refused.len() >= 5);
    assert!(
        refused
            .iter()
            .all(|c| *c == RejectCause::NameHeldByOldConnection),
        "{refused:?}"
    );
    net.pass(secs(20));
    assert!(net.ports[0].station.is_registered());
    assert!(net.now.saturating_since(broke) <= secs(100));
    assert_ne!(net.ports[0].conn, Some(old));
}

#[test]
fn chan_sccp_closes_both_and_takes_the_third() {
    let mut net = Net::new(Dialect::ChanSccp, 1);
    net.ports[0].conn.take().unwrap();
    net.ports[0].closed(net.now, CloseReason::TimedOut);
    net.pass(secs(10));
    assert!(net.ports[0].station.is_registered());
    assert!(net.events.iter().any(|e| matches!(
        e,
        CmEvent::Refused { text, .. } if text == "Crossover session"
    )));
}

#[test]
fn mod_skinny_lets_the_newcomer_take_over() {
    let mut net = Net::new(Dialect::ModSkinny, 1);
    net.ports[0].conn.take().unwrap();
    net.ports[0].closed(net.now, CloseReason::TimedOut);
    net.pass(secs(2));
    assert!(net.ports[0].station.is_registered());
    assert_eq!(net.cm.snapshot().connections, 1);
}

#[test]
fn a_reset_from_the_server_brings_the_port_back_after_its_call() {
    for dialect in Dialect::ALL {
        let mut net = Net::new(dialect, 2);
        net.pass(secs(25));
        net.call(0, "1002");
        net.ports[1].station.set_busy(net.now, true);
        net.cm.reset("1002", ResetKind::RESTART).unwrap();
        net.pass(secs(1));
        assert!(net.ports[1].station.is_registered());
        net.hang_up(0, 1);
        net.ports[1].station.set_busy(net.now, false);
        net.pass(secs(3));
        assert!(net.ports[1].station.is_registered());
        let seen = net.ports[1].station.snapshot().counters;
        assert_eq!(
            (seen.registrations, seen.resets, seen.lost),
            (2, 1, 0),
            "{dialect:?}"
        );
    }
    let mut net = Net::new(Dialect::ChanSkinny, 1);
    assert_eq!(
        net.cm.reset("nobody", ResetKind::RESET),
        Err(CommandError::UnknownNumber)
    );
}

#[test]
fn a_cut_connection_leaves_the_far_end_in_its_call_at_chan_skinny_only() {
    for (dialect, far) in [
        (Dialect::ChanSkinny, "connected"),
        (Dialect::ChanSccp, "none"),
    ] {
        let mut net = Net::new(dialect, 2);
        net.call(0, "1002");
        net.answer(1, 2);
        let conn = net.ports[0].conn.take().unwrap();
        net.cm.closed(net.now, conn);
        net.ports[0].closed(net.now, CloseReason::Reset);
        net.pass(secs(3));
        assert_eq!(net.state(2), far, "{dialect:?}");
        assert!(net.ports[0].station.is_registered());
        net.heard(0);
        if far == "connected" {
            net.hang_up(1, 2);
            let heard = net.heard(0);
            assert!(
                heard.contains(&"state on hook 1/1".to_owned()),
                "the new session hears of a call it never had: {heard:?}"
            );
        }
    }
}

#[test]
fn the_date_is_the_civil_one() {
    let cm = CallManager::new(CallManagerConfig {
        epoch_unix: 1_709_210_096,
        ..CallManagerConfig::default()
    });
    let date = cm.date(Time::from_millis(1_500));
    assert_eq!(
        date,
        DefineTimeDate {
            year: 2024,
            month: 2,
            weekday: 4,
            day: 29,
            hour: 12,
            minute: 34,
            second: 57,
            millisecond: 500,
            unix: 1_709_210_097,
        }
    );
}

/// Whatever a client sends in whatever order: nothing may panic, hang, or leave a call without its port.
#[test]
fn any_client_is_survived() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for dialect in Dialect::ALL {
        let mut net = Net::new(dialect, 4);
        for _ in 0..6_000 {
            let p = random(4) as usize;
            let call = CallRef(random(40) as u32);
            let line = crate::types::LineInstance(random(3) as u32);
            let at = CallOnLine { line, call };
            let message = match random(14) {
                0 => ClientMessage::OffHook(at),
                1 => ClientMessage::OffHook(CallOnLine::default()),
                2 => ClientMessage::OnHook(at),
                3 => ClientMessage::OnHook(CallOnLine::default()),
                4 => ClientMessage::HookFlash(at),
                5 => ClientMessage::SoftKeyEvent(SoftKeyEvent {
                    event: SoftKey(random(22) as u32),
                    line,
                    call,
                }),
                6 => ClientMessage::Stimulus(StimulusPressed {
                    stimulus: Stimulus([3, 4, 9, 0x8A][random(4) as usize]),
                    instance: 1,
                    call,
                    status: 0,
                }),
                7 => ClientMessage::EnblocCall(EnblocCall {
                    number: ["1001", "1002", "600", "611", "615", "#"][random(6) as usize].into(),
                    line,
                }),
                8 if random(30) == 0 => ClientMessage::Unregister(Unregister { reason: None }),
                9 => ClientMessage::OpenReceiveChannelAck(OpenReceiveChannelAck {
                    status: MediaStatus(random(3) as u32),
                    address: PEER,
                    party: crate::types::Party(random(40) as u32),
                    call,
                }),
                _ => ClientMessage::KeypadButton(KeypadButton {
                    button: [1, 0, 0, 1, 2, 3, 6, 14, 15, 99][random(10) as usize],
                    line,
                    call: CallRef::NONE,
                }),
            };
            if random(200) == 0 {
                let junk: Vec<u8> = (0..random(60)).map(|_| random(256) as u8).collect();
                if let Some(conn) = net.ports[p].conn {
                    net.cm.handle_input(net.now, conn, &junk);
                }
            } else {
                net.ports[p].station.send(net.now, message);
            }
            net.pass(Duration::from_millis(random(800)));
            for port in &mut net.ports {
                port.heard.clear();
                port.events.clear();
                port.listens.truncate(4);
            }
            net.events.clear();
        }
        net.pass(secs(300));
        for (call, leg) in &net.cm.legs {
            if let leg::Far::Leg(far) = leg.far {
                let back = net.cm.legs.get(&far).map(|l| l.far.clone());
                assert_eq!(
                    back,
                    Some(leg::Far::Leg(*call)),
                    "{dialect:?}: one-sided call"
                );
            }
        }
    }
}
