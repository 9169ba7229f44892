//! Cisco's CallManager: what captures and traces show, and its switches.

use std::time::Duration;

use super::super::*;
use super::net::Net;
use crate::sccp::message::*;
use crate::sccp::wire::{Frame, FrameReader};
use crate::types::{DeviceName, DeviceType, LineInstance, Party};

/// A connection played by hand.
struct Raw {
    cm: CallManager,
    now: Time,
    closed: bool,
}

const CONN: ConnId = ConnId(1);

impl Raw {
    fn new(dialect: Dialect) -> Raw {
        Raw::with(dialect, |_| {})
    }

    fn with(dialect: Dialect, change: impl FnOnce(&mut CallManagerConfig)) -> Raw {
        let mut config = CallManagerConfig {
            dialect,
            ..CallManagerConfig::default()
        };
        change(&mut config);
        let mut cm = CallManager::new(config);
        let now = Time::from_millis(1);
        cm.accept(now, CONN, "10.0.0.99:50000".parse().unwrap());
        Raw {
            cm,
            now,
            closed: false,
        }
    }

    fn send(&mut self, message: &ClientMessage, version: u8) {
        let bytes = wire::encode_client(message, version);
        self.cm.handle_input(self.now, CONN, &bytes);
    }

    fn register(&mut self, version: u8) {
        let register = Register {
            name: DeviceName::new("AN1122334455080").unwrap(),
            device_type: DeviceType::ANALOG_GATEWAY_PHONE,
            address: [10, 0, 0, 99].into(),
            max_streams: 2,
            active_streams: 0,
            version,
            features: 0,
            mac: [0; 6],
            max_lines: 1,
            load: String::new(),
        };
        self.send(&ClientMessage::Register(register), version);
    }

    fn pass(&mut self, wait: Duration) {
        self.now = self.now + wait;
        self.cm.handle_timeout(self.now);
        let _ = self.take();
    }

    fn written(&mut self) -> Vec<Vec<u8>> {
        let mut all = vec![];
        while let Some(output) = self.cm.poll_output() {
            match output {
                CmOutput::Send { bytes, .. } => all.push(bytes),
                CmOutput::Close { .. } => self.closed = true,
                CmOutput::Event(_) => {}
            }
        }
        all
    }

    fn take(&mut self) -> Vec<Frame> {
        self.written()
            .iter()
            .flat_map(|bytes| frames(bytes))
            .collect()
    }

    /// Messages in each segment.
    fn segments(&mut self) -> Vec<usize> {
        self.written()
            .iter()
            .map(|bytes| frames(bytes).len())
            .collect()
    }
}

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut reader = FrameReader::default();
    reader.push(bytes);
    std::iter::from_fn(|| reader.next_frame().unwrap()).collect()
}

fn cisco(ports: usize, switches: &[&str]) -> Net {
    Net::with(
        Dialect::Cisco,
        ports,
        |c| {
            for switch in switches {
                c.switches.set(switch).unwrap();
            }
        },
        |s| s.offer_version = 20,
    )
}

fn talking(switches: &[&str]) -> Net {
    let mut net = cisco(2, switches);
    net.call(0, "1002");
    net.answer(1, 2);
    net
}

/// The order of a call between two phones of version 20 (W): no media before the answer, ring-back made by the caller's
/// station, Connected in the same breath as OpenReceiveChannel, each StartMediaTransmission with the other side's answer.
#[test]
fn a_call_at_version_20_is_said_as_a_capture_has_it() {
    let mut net = cisco(2, &[]);
    net.lift(0);
    assert_eq!(
        net.heard(0),
        [
            "ringer off x1 0/0",
            "speaker true",
            "lamp line 1 on",
            "state off hook 1/1",
            "keys 4 1/1",
            "prompt \"\\u{80} \" 1/1",
            "plane 1",
            "tone inside dial 1/1",
        ]
    );
    net.dial(0, "1002");
    assert_eq!(
        net.heard(0),
        [
            "stop-tone 1/1",
            "keys 6 1/1",
            "dialled 1002 1/1",
            "state proceed 1/1",
            "info 2 Port 1<1001> <1002> 1/1",
            "tone alerting 1/1",
            "state ring out 1/1",
            "keys 8 1/1",
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
            "ringer inside x1 1/2",
        ]
    );
    net.answer(1, 2);
    assert_eq!(
        net.heard(1),
        [
            "ringer off x1 0/0",
            "speaker true",
            "lamp line 1 on",
            "state off hook 1/2",
            "plane 1",
            "ringer off x1 1/2",
            "stop-tone 1/2",
            "open 2/1/2",
            "stop-tone 1/2",
            "state connected 1/2",
            "keys 1 1/2",
            "prompt \"\\u{80}\\u{18}\" 1/2",
            "info 1 Port 1<1001> Port 2<1002> 1/2",
            "start 2/1/2 10.0.0.1:20000",
            "info 1 Port 1<1001> Port 2<1002> 1/2",
        ]
    );
    assert_eq!(
        net.heard(0),
        [
            "stop-tone 1/1",
            "open 1/2/1",
            "state connected 1/1",
            "keys 1 1/1",
            "prompt \"\\u{80}\\u{18}\" 1/1",
            "info 2 Port 1<1001> Port 2<1002> 1/1",
            "stop-tone 1/1",
            "info 2 Port 1<1001> Port 2<1002> 1/1",
            "start 1/2/1 10.0.0.2:20000",
        ]
    );
    net.assert_talking(0, 1);
}

#[test]
fn a_far_hang_up_brings_no_tone_and_closes_media_first() {
    let mut net = talking(&[]);
    net.heard(0);
    net.hang_up(1, 2);
    assert_eq!(
        net.heard(0),
        [
            "close 1/2/1",
            "stop 1/2/1",
            "stop-tone 1/1",
            "stop-tone 1/1",
            "lamp line 1 off",
            "speaker false",
            "state on hook 1/1",
            "keys 0 0/0",
            "ringer off x1 0/0",
            "ringer off x1 1/1",
            "statistics? 1001 1",
        ]
    );
}

#[test]
fn references_and_parties_carry_the_node() {
    let mut net = cisco(2, &["node=1"]);
    net.call(0, "1002");
    net.answer(1, (1 << 24) + 2);
    let heard = net.heard(1);
    let open = heard.iter().find(|h| h.starts_with("open")).unwrap();
    assert_eq!(open, "open 16777218/16777217/16777218");
}

/// Two transmissions more a call, under parties and references of their own; before the call's own on the caller's side, and
/// on the called side one before and one after it (W).
#[test]
fn a_recorder_is_sent_two_streams_that_were_never_announced() {
    let mut net = talking(&["recorder=10.9.9.9:9000"]);
    let starts = |heard: Vec<String>| -> Vec<String> {
        heard
            .into_iter()
            .filter(|h| h.starts_with("start"))
            .collect()
    };
    assert_eq!(
        starts(net.heard(0)),
        [
            "start 1/5/5 10.9.9.9:9000",
            "start 1/6/6 10.9.9.9:9001",
            "start 1/2/1 10.0.0.2:20000",
        ]
    );
    assert_eq!(
        starts(net.heard(1)),
        [
            "start 2/3/3 10.9.9.9:9000",
            "start 2/1/2 10.0.0.1:20000",
            "start 2/4/4 10.9.9.9:9001",
        ]
    );
    net.hang_up(0, 1);
    let stops: Vec<_> = net
        .heard(1)
        .into_iter()
        .filter(|h| h.starts_with("stop ") || h.starts_with("close"))
        .collect();
    assert_eq!(
        stops,
        ["close 2/1/2", "stop 2/1/2", "stop 2/3/2", "stop 2/4/2"]
    );
}

/// Mixing 1 and direction 1 or 2 are the last words of a recorder's StartMediaTransmission (W).
#[test]
fn a_recorders_transmission_says_its_direction() {
    let mut manager = Raw::with(Dialect::Cisco, |c| {
        c.switches.set("recorder=on").unwrap();
        c.switches.set("node=0").unwrap();
    });
    manager.register(20);
    manager.take();
    for message in [
        ClientMessage::OffHook(CallOnLine::default()),
        ClientMessage::EnblocCall(EnblocCall {
            number: "600".into(),
            line: LineInstance(1),
        }),
        ClientMessage::OpenReceiveChannelAck(OpenReceiveChannelAck {
            status: MediaStatus::OK,
            address: "10.0.0.1:20000".parse().unwrap(),
            party: Party(1),
            call: CallRef(1),
        }),
    ] {
        manager.send(&message, 20);
    }
    let directions: Vec<_> = manager
        .take()
        .iter()
        .filter(|frame| frame.id == 0x8A)
        .map(|frame| {
            let word = |at: usize| u32::from_le_bytes(frame.body[at..at + 4].try_into().unwrap());
            (frame.body.len(), word(124), word(128))
        })
        .collect();
    assert_eq!(directions, [(132, 1, 1), (132, 1, 2), (132, 0, 0)]);
}

/// A held party gets music without a transmission, from a group, or a tone of its own; talk goes on under another party.
#[test]
fn a_held_party_hears_music_in_the_way_of_the_switch() {
    for (music, begin, end) in [
        ("unicast", "open 2/3/2", "close 2/3/2"),
        ("multicast", "StartMulticastMediaReception", "StopMulticast"),
        ("tone", "tone hold 1/2", "stop-tone 1/2"),
    ] {
        let mut net = talking(&[&format!("music={music}")]);
        net.heard(1);
        net.key(0, 1, SoftKey::HOLD);
        let heard = net.heard(1);
        assert_eq!(heard[..2], ["close 2/1/2", "stop 2/1/2"], "{music}");
        assert!(heard[2].starts_with(begin), "{music}: {heard:?}");
        assert!(
            !heard.iter().any(|h| h.starts_with("start ")),
            "{music}: {heard:?}"
        );
        net.key(0, 1, SoftKey::RESUME);
        let heard = net.heard(1);
        assert!(
            heard.iter().any(|h| h.starts_with(end)),
            "{music}: {heard:?}"
        );
        net.assert_talking(0, 1);
        net.hang_up(1, 2);
        net.hang_up(0, 1);
        assert!(net.idle(), "{music}");
    }
}

#[test]
fn a_call_through_a_gateway_opens_media_before_it_rings_and_has_no_ring_back() {
    let mut net = cisco(2, &["media=trunk"]);
    net.call(0, "1002");
    let heard = net.heard(0);
    let at = |what: &str| heard.iter().position(|h| h.starts_with(what));
    assert!(
        at("open").unwrap() < at("state ring out").unwrap(),
        "{heard:?}"
    );
    assert_eq!(at("tone alerting"), None);
    net.answer(1, 2);
    net.assert_talking(0, 1);
}

#[test]
fn two_ports_talk_hold_and_resume_in_releases_with_states() {
    for release in ["3.1", "4", "8"] {
        let mut net = cisco(2, &[&format!("release={release}"), "headers=mixed"]);
        net.call(0, "1002");
        net.answer(1, 2);
        assert_eq!((net.state(1), net.state(2)), ("connected", "connected"));
        net.assert_talking(0, 1);
        net.key(0, 1, SoftKey::HOLD);
        net.key(0, 1, SoftKey::RESUME);
        net.assert_talking(0, 1);
        let held = net.heard(0).iter().any(|h| h.starts_with("state hold"));
        assert_eq!(held, release != "3.1", "3.1 shows a prompt alone [R]");
    }
}

#[test]
fn messages_share_a_segment_as_the_switch_says() {
    for (batch, most) in [("batch=1", 1), ("batch=10", 10)] {
        let mut raw = Raw::with(Dialect::Cisco, |c| c.switches.set(batch).unwrap());
        raw.register(20);
        raw.segments();
        raw.send(&ClientMessage::OffHook(CallOnLine::default()), 20);
        let segments = raw.segments();
        assert_eq!(segments.iter().sum::<usize>(), 8);
        assert_eq!(segments.iter().max(), Some(&most.min(8)), "{batch}");
    }
}

#[test]
fn unregister_with_a_call_is_refused_and_granted_after_it() {
    let mut raw = Raw::new(Dialect::Cisco);
    raw.register(20);
    raw.send(&ClientMessage::OffHook(CallOnLine::default()), 20);
    raw.take();
    let unregister = ClientMessage::Unregister(Unregister { reason: None });
    raw.send(&unregister, 20);
    let frames = raw.take();
    assert_eq!((frames[0].id, frames[0].body[0]), (0x118, 2));
    raw.send(&ClientMessage::OnHook(CallOnLine::default()), 20);
    raw.take();
    raw.send(&unregister, 20);
    let frames = raw.take();
    assert_eq!((frames[0].id, frames[0].body[0]), (0x118, 0));
}

/// The refused connection stays open for 62 s, then the server closes it (W).
#[test]
fn a_refused_device_is_let_go_after_62_seconds() {
    let mut raw = Raw::with(Dialect::Cisco, |c| c.auto_register = false);
    raw.register(20);
    assert_eq!(raw.take()[0].id, 0x9D);
    raw.pass(Duration::from_millis(61_900));
    assert!(!raw.closed);
    raw.pass(Duration::from_millis(100));
    assert!(raw.closed);
}

#[test]
fn a_standby_acknowledges_on_tcp_alone_and_a_primary_with_a_message() {
    let mut raw = Raw::new(Dialect::Cisco);
    raw.send(&ClientMessage::KeepAlive, 20);
    assert!(raw.take().is_empty());
    raw.register(20);
    raw.take();
    raw.send(&ClientMessage::KeepAlive, 20);
    assert_eq!(raw.take()[0].id, 0x100);
    let mut raw = Raw::with(Dialect::Cisco, |c| c.switches.set("standby=acks").unwrap());
    raw.send(&ClientMessage::KeepAlive, 20);
    assert_eq!(raw.take()[0].id, 0x100);
}

/// 0 in RegisterAck and CapabilitiesReq (W), the agreed version after; or both in turn.
#[test]
fn headers_carry_the_version_or_nothing() {
    for (switch, expected) in [
        ("headers=agreed", vec![20; 8]),
        ("headers=mixed", vec![20, 0, 20, 0, 20, 0, 20, 0]),
    ] {
        let mut raw = Raw::with(Dialect::Cisco, |c| c.switches.set(switch).unwrap());
        raw.register(20);
        let early: Vec<_> = raw
            .take()
            .iter()
            .filter(|f| matches!(f.id, 0x81 | 0x9B))
            .map(|f| f.header_version)
            .collect();
        assert_eq!(early, [0, 0], "{switch}");
        raw.send(&ClientMessage::OffHook(CallOnLine::default()), 20);
        let headers: Vec<_> = raw.take().iter().map(|f| f.header_version).collect();
        assert_eq!(headers, expected, "{switch}");
    }
}

/// The ATA hangs up by a soft key (T).
#[test]
fn end_call_as_a_key_hangs_up() {
    let mut net = talking(&[]);
    net.key(1, 2, SoftKey::END_CALL);
    assert!(net.idle());
}
