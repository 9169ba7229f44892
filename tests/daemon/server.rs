//! A CallManager that sends nonsense: its connection is closed where it should be, the reason is reported once, and no
//! other port notices.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::time::{Duration, Instant};

use tipring_ctl::report::RegistrationState;
use tipring_proto::sccp::message::{
    CallStateChange, CallStateKind, ConnectionStatisticsReq, MediaFormat, MediaLeg,
    OpenReceiveChannel, RegisterReject, RingMode, ServerMessage, SetRinger, StartMediaTransmission,
    StartTone, Tone,
};
use tipring_proto::sccp::wire;
use tipring_proto::types::{CallRef, Conference, LineInstance, Party};
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::front::{Connection, Front, Script};
use crate::place::{Place, SOON, counter, number_of, until};
use crate::talk::{Talk, can_call, has_dial_tone};

const VICTIM: u16 = 1;
const LINE: LineInstance = LineInstance(1);
/// A connection with what is no SCCP is closed within this.
const AT_ONCE: Duration = Duration::from_secs(3);

struct Scene {
    gateway: Gateway,
    front: Front,
    _callmanager: CallManager,
    _place: Place,
}

/// Three ports behind a front; port 1 is the victim.
fn scene() -> Scene {
    let place = Place::new();
    let inner = SocketAddrV4::new(place.address(), 2001);
    let callmanager = CallManager::start(inner, &[]).unwrap();
    let front = Front::open(place.sccp(), callmanager.address());
    let gateway = place.launch(&place.config(3, "")).start().unwrap();
    gateway.wait_registered(3, SOON).unwrap();
    Scene {
        gateway,
        front,
        _callmanager: callmanager,
        _place: place,
    }
}

fn script(play: impl FnOnce(Connection) + Send + 'static) -> Script {
    Box::new(play)
}

/// Sends this; the gateway has to close the connection.
fn deadly(why: &'static str, bytes: Vec<u8>) -> (&'static str, Script) {
    let play = script(move |mut connection: Connection| {
        let _ = connection.say(&bytes);
        connection.must_die(AT_ONCE, why);
    });
    (why, play)
}

fn header(length: u32, id: u32) -> Vec<u8> {
    [length, 0, id]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect()
}

/// Numbers that look random and are the same in every run.
fn garbage(len: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Never a length that could be one: the first word must not be waited for.
        (state >> 24) as u8 | 0x11
    })
    .take(len)
    .collect()
}

/// Each: what the port shows afterwards (a part of it), and what the server does.
fn attacks() -> Vec<(&'static str, Script)> {
    let register_ack = {
        let mut w = header(4, 0x81);
        w.truncate(9);
        w
    };
    vec![
        deadly("frame length 0 is below 4", header(0, 0x81)),
        deadly("frame length 3 is below 4", header(3, 0)),
        deadly("frame length 4294967295 is above", header(u32::MAX, 0x82)),
        deadly("frame length 65536 is above", header(65_536, 0x9A)),
        deadly("not SCCP", garbage(64 * 1024)),
        deadly("not SCCP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        (
            "the server closed the connection",
            script(move |mut c| drop(c.say(&register_ack))),
        ),
        ("the server closed the connection", script(drop)),
        (
            "no answer to Register",
            script(|mut c| c.must_die(AT_ONCE, "silent server")),
        ),
        (
            "no answer to Register",
            // A whole message of 3000 bytes with an id that nobody knows is read and passed over.
            script(|mut c| {
                let mut frame = header(3000, 0x7777);
                frame.resize(12 + 2996, 0x55);
                let _ = c.say(&frame);
                c.must_die(AT_ONCE, "3000 bytes of an unknown message");
            }),
        ),
        (
            "no answer to Register",
            // Endless, and every message of it is well-formed.
            script(|mut c| {
                let burst = wire::encode_server(&ServerMessage::KeepAliveAck, 3).repeat(500);
                let end = Instant::now() + SOON;
                while c.say(&burst).is_ok() {
                    assert!(Instant::now() < end, "an endless stream is read for ever");
                }
            }),
        ),
        (
            "frame length 1 is below 4",
            // Endless, and no message at all.
            script(|mut c| {
                let end = Instant::now() + SOON;
                while c.say(&[1, 0, 0, 0].repeat(2048)).is_ok() {
                    assert!(Instant::now() < end, "an endless stream is read for ever");
                }
            }),
        ),
        (
            "the CallManager does not know the name",
            script(|mut c| {
                let text = "Unknown\x1b[31m\ndevice".to_owned();
                c.send(&ServerMessage::RegisterReject(RegisterReject { text }));
                c.must_die(AT_ONCE, "RegisterReject");
            }),
        ),
    ]
}

pub(crate) fn a_server_that_talks_nonsense_loses_its_connection_and_nobody_else_notices() {
    let Scene { gateway, front, .. } = &scene();
    let mut talk = Talk::begin(gateway, 2, 3);
    talk.undisturbed(|| {
        for (reason, play) in attacks() {
            front.play([play]);
            front.cut();
            front.played(1);
            until(SOON, || {
                let detail = gateway.port(VICTIM)?;
                let history = &detail.registration.history;
                // It may have registered again already.
                let mut newest = history.iter().rev().take(2).map(|h| &h.reason);
                let reported = newest.any(|shown| shown.contains(reason));
                reported
                    .then_some(())
                    .ok_or(format!("{reason:?} is not reported: {history:#?}"))
            });
            let shown = gateway.tipring(&["port", "show", "1"]).unwrap();
            assert!(shown.contains(reason), "no {reason:?} in\n{shown}");
        }
    });
    gateway.wait_registered(3, SOON).unwrap();
    assert!(counter(gateway, VICTIM, "bad-frames") >= 7);
    talk.end();
    can_call(gateway, 1, 2);
}

pub(crate) fn single_bytes_and_odd_versions_register_all_the_same() {
    let Scene { gateway, front, .. } = &scene();
    let play = |version: Option<u8>| {
        let script = script(move |c| {
            c.pass(move |mut frame, stream| match version {
                None => frame.chunks(1).try_for_each(|byte| stream.write_all(byte)),
                Some(version) => {
                    if frame[8..12] == 0x81u32.to_le_bytes() {
                        frame[28] = version;
                    }
                    stream.write_all(&frame)
                }
            });
        });
        front.play([script]);
        front.cut();
    };
    // What the port shows: the lesser of the two versions.
    for (version, expected) in [(None, 3), (Some(0), 0), (Some(48), 3), (Some(255), 3)] {
        let mut before = counter(gateway, VICTIM, "registrations");
        play(version);
        until(SOON, || {
            let registration = gateway.port(VICTIM)?.registration;
            let again = counter(gateway, VICTIM, "registrations") > before;
            let shown = (registration.state, registration.protocol_version);
            if again && shown == (RegistrationState::Registered, Some(expected)) {
                return Ok(());
            }
            if again && shown.0 == RegistrationState::Registered {
                // The attempt that had the script took too long on a busy machine; this one went without.
                before = counter(gateway, VICTIM, "registrations");
                play(version);
            }
            Err(format!("version {expected} expected, but {shown:?}"))
        });
        has_dial_tone(gateway, VICTIM);
    }
}

pub(crate) fn the_same_trouble_again_and_again_is_one_line_in_the_log() {
    let Scene { gateway, front, .. } = &scene();
    // Two kinds of trouble by turns, as with two servers that are down for different reasons.
    let turns = 12;
    for _ in 0..turns / 2 {
        front.play([script(drop), script(|mut c| drop(c.say(&header(0, 0x81))))]);
    }
    front.cut();
    front.played(turns);
    gateway.wait_registered(3, SOON).unwrap();
    let log = gateway.log();
    let lines = |text: &str| log.lines().filter(|l| l.contains(text)).count();
    assert_eq!(lines("frame length 0 is below 4"), 1, "{log}");
    // One is the registered device that was cut off, the other a try to register.
    assert!(lines("the server closed the connection") <= 2, "{log}");
    // And after the trouble it logs that all is well again.
    assert!(
        log.lines()
            .filter(|l| l.contains("registered with"))
            .count()
            >= 4,
        "{log}"
    );
}

pub(crate) fn a_server_that_accepts_and_then_talks_nonsense_does_not_fill_the_log() {
    let Scene { gateway, front, .. } = &scene();
    // Registered and lost by turns.
    let turns = 6;
    for turn in 1..=turns {
        front.inject(&header(2, 0));
        until(SOON, || {
            let again = counter(gateway, VICTIM, "registrations");
            (again > turn)
                .then_some(())
                .ok_or(format!("{again} registrations"))
        });
    }
    let log = gateway.log();
    let lines = log.lines().filter(|l| l.contains("frame length 2")).count();
    assert_eq!(lines, 1, "{log}");
    let registered = |l: &&str| l.contains("registered with") && l.contains("port=1 ");
    assert_eq!(log.lines().filter(registered).count(), 2, "{log}");
}

fn open(party: u32, format: u32, ptime_ms: u32) -> ServerMessage {
    ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
        conference: Conference(0),
        party: Party(party),
        ptime_ms,
        format: MediaFormat(format),
        echo_cancel: false,
        call: CallRef(u32::MAX),
        encryption: Default::default(),
        rfc2833_payload: u32::MAX,
        nse_payload: None,
    })
}

fn start(party: u32, remote: SocketAddrV4, format: u32, ptime_ms: u32) -> ServerMessage {
    ServerMessage::StartMediaTransmission(StartMediaTransmission {
        conference: Conference(0),
        party: Party(party),
        remote,
        ptime_ms,
        format: MediaFormat(format),
        precedence: u32::MAX,
        vad: true,
        max_frames: 0xFFFF,
        call: CallRef(u32::MAX),
        encryption: Default::default(),
        rfc2833_payload: u32::MAX,
        nse_payload: None,
    })
}

fn leg(party: u32) -> MediaLeg {
    MediaLeg {
        party: Party(party),
        ..MediaLeg::default()
    }
}

/// Messages that name no party, call, codec, address or tone there is.
fn nonsense() -> Vec<ServerMessage> {
    let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let everywhere = SocketAddrV4::new(Ipv4Addr::BROADCAST, 65_535);
    let group = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 1), 1);
    let mut all = vec![];
    for party in [0, 1, u32::MAX] {
        for (format, ptime_ms) in [(4, 0), (4, 5000), (999, 20), (u32::MAX, u32::MAX)] {
            all.push(open(party, format, ptime_ms));
            for remote in [nowhere, everywhere, group] {
                all.push(start(party, remote, format, ptime_ms));
            }
            all.push(ServerMessage::StopMediaTransmission(leg(party)));
            all.push(ServerMessage::CloseReceiveChannel(leg(party)));
            all.push(ServerMessage::CloseReceiveChannel(leg(party)));
        }
    }
    for call in [CallRef(0), CallRef(7777), CallRef(u32::MAX)] {
        for tone in [Tone::DTMF_1, Tone::MILLIWATT, Tone(0xDEAD_BEEF)] {
            all.push(ServerMessage::StartTone(StartTone {
                tone,
                direction: 99,
                line: LineInstance(77),
                call,
            }));
        }
        all.push(ServerMessage::ConnectionStatisticsReq(
            ConnectionStatisticsReq {
                number: "1".repeat(300),
                call,
                mode: 9,
            },
        ));
        for state in [
            CallStateKind::CONNECTED,
            CallStateKind::HOLD,
            CallStateKind(0xFFFF),
        ] {
            all.push(ServerMessage::CallState(CallStateChange {
                state,
                line: LineInstance(77),
                call,
            }));
        }
    }
    all
}

/// This number of SetRinger and CallState messages in one go.
const STORM: u32 = 10_000;

fn storm() -> Vec<ServerMessage> {
    let ringer = (0..STORM / 10).map(|n| {
        ServerMessage::SetRinger(SetRinger {
            mode: RingMode(n % 14),
            duration: n,
            line: LINE,
            call: CallRef(n % 3),
        })
    });
    let states = (0..STORM).map(|n| {
        ServerMessage::CallState(CallStateChange {
            state: CallStateKind(n % 19),
            line: LINE,
            call: CallRef(n / 4),
        })
    });
    ringer.chain(states).collect()
}

fn bytes(messages: &[ServerMessage]) -> Vec<u8> {
    messages
        .iter()
        .flat_map(|m| wire::encode_server(m, 3))
        .collect()
}

pub(crate) fn nonsense_and_storms_in_a_call_cost_that_call_at_most() {
    let Scene { gateway, front, .. } = &scene();
    let mut talk = Talk::begin(gateway, 2, 3);
    let mut victim = gateway.set(VICTIM).unwrap();
    talk.undisturbed(|| {
        victim.call("600").unwrap();
        victim.connected().unwrap();
        for messages in [nonsense(), storm()] {
            let before = counter(gateway, VICTIM, "messages-received");
            front.inject(&bytes(&messages));
            until(SOON, || {
                let read = counter(gateway, VICTIM, "messages-received") - before;
                let all = messages.len() as u64;
                (read >= all)
                    .then_some(())
                    .ok_or(format!("{read} of {all} messages read"))
            });
        }
        victim.hang().unwrap();
        let active = gateway.calls().unwrap().active;
        assert!(active.len() < 20, "{} calls are up", active.len());
        // The server left invented calls behind; a new registration ends them.
        front.cut();
        gateway.wait_registered(3, SOON).unwrap();
        victim
            .wait(tipring_ctl::request::SimCondition::Idle, 15)
            .unwrap();
    });
    for name in ["media-refused", "tones-ignored", "unknown-calls"] {
        assert_ne!(counter(gateway, VICTIM, name), 0, "{name}");
    }
    talk.end();
    can_call(gateway, 1, 2);
}

pub(crate) fn a_server_that_stops_reading_costs_its_own_port() {
    let Scene { gateway, front, .. } = &scene();
    let mut talk = Talk::begin(gateway, 2, 3);
    talk.undisturbed(|| {
        front.play([script(|mut c| {
            c.accept(3);
            // Each is answered; nobody reads the answers.
            let ask = wire::encode_server(&ServerMessage::CapabilitiesReq, 3).repeat(200);
            let end = Instant::now() + SOON;
            while c.say(&ask).is_ok() {
                assert!(Instant::now() < end, "answers pile up for ever");
            }
        })]);
        front.cut();
        front.played(1);
        gateway.wait_registered(3, SOON).unwrap();
    });
    let number = number_of(gateway, VICTIM);
    assert!(!number.is_empty());
    talk.end();
}

pub(crate) fn a_better_callmanager_that_hangs_draws_no_port_off_and_one_that_works_does() {
    let place = Place::new();
    let [a, b, c, d] = place.address().octets();
    let lesser = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d ^ 0x80), place.sccp().port());
    let _lesser = CallManager::start(lesser, &[]).unwrap();
    let config = place.config(2, "").replace(
        &format!("servers = [\"{}\"]", place.sccp()),
        &format!(
            "servers = [\"{}\", \"{lesser}\"]\nprobe-s = 5",
            place.sccp()
        ),
    );
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let registrations = || [1, 2].map(|port| counter(&gateway, port, "registrations"));
    // Takes connections, and does not respond to Register.
    let hung = TcpListener::bind(place.sccp()).unwrap();
    until(SOON * 2, || {
        let histories = [1, 2].map(|port| gateway.port(port).map(|p| p.registration.history));
        let histories = histories.into_iter().collect::<Result<Vec<_>, _>>()?;
        let asked = histories.iter().flatten();
        let mut asked = asked.filter(|h| h.reason.contains("no answer to Register"));
        asked.next().map(drop).ok_or(format!("{histories:#?}"))
    });
    assert_eq!(registrations(), [1, 1], "none has left");
    gateway.wait_registered(2, SOON).unwrap();
    drop(hung);
    let _better = CallManager::start(place.sccp(), &[]).unwrap();
    let wanted = place.sccp().to_string();
    until(SOON * 4, || {
        let here = |port| gateway.port(port).map(|p| p.registration.server);
        let here = [here(1)?, here(2)?];
        let all = here.iter().all(|server| server.as_ref() == Some(&wanted));
        all.then_some(()).ok_or(format!("{here:?}"))
    });
    gateway.wait_registered(2, SOON).unwrap();
    assert_eq!(registrations(), [2, 2], "one move each");
    can_call(&gateway, 1, 2);
}
