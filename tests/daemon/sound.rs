//! Calls of a CallManager by hand, in sound: recorded by the phone's built-in bridge, and outliving the server.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use tipring_ctl::report::{CallState, History};
use tipring_dsp::measure;
use tipring_proto::sccp::message::{
    CallInfo, CallStateChange, CallStateKind, ClientMessage, Encryption, MediaFormat, MediaLeg,
    MediaStatus, MulticastMediaReceptionAck, MulticastStatus, OpenReceiveChannel,
    OpenReceiveChannelAck, RingMode, ServerMessage, SetRinger, StartMediaTransmission,
    StartMediaTransmissionAck, StartMulticastMediaReception, StopMulticastMediaReception,
};
use tipring_proto::types::{CallRef, Conference, LineInstance, Party};
use tipring_tests::gateway::Gateway;
use tipring_tests::set::Set;

use crate::byhand::{ByHand, FarEnd};
use crate::place::{Place, SOON, counter, until};

/// What CallManager 8 says to the phone that answers, from protocol version 20 (order and counters as in nDPI's
/// `skinny.pcap`; the numbers are our own): the recorder's stream first, then the call's own, then the copy of what the
/// phone hears. The copies have parties and references of their own, never announced, and the conference of the call.
const VERSION: u8 = 20;
const CALL: CallRef = CallRef(0x0100_001B);
const OWN: Party = Party(0x0100_0050);
const COPIES: [(Party, CallRef); 2] = [
    (Party(0x0100_0051), CallRef(0x0100_001C)),
    (Party(0x0100_0053), CallRef(0x0100_001D)),
];
const LINE: LineInstance = LineInstance(1);
const FAR_DBM0: f32 = -10.0;
const FAR_HZ: f32 = 1000.0;
const NEAR_DBM0: f32 = -13.0;
const NEAR_HZ: f32 = 700.0;

fn state(state: CallStateKind) -> ServerMessage {
    let (line, call) = (LINE, CALL);
    ServerMessage::CallState(CallStateChange { state, line, call })
}

fn ringer(mode: RingMode) -> ServerMessage {
    let (duration, line, call) = (1, LINE, CALL);
    ServerMessage::SetRinger(SetRinger {
        mode,
        duration,
        line,
        call,
    })
}

fn open() -> ServerMessage {
    ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
        conference: Conference(CALL.0),
        party: OWN,
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        echo_cancel: false,
        call: CALL,
        encryption: Encryption::default(),
        rfc2833_payload: 0,
        nse_payload: None,
    })
}

fn start(party: Party, call: CallRef, to: &FarEnd) -> ServerMessage {
    ServerMessage::StartMediaTransmission(StartMediaTransmission {
        conference: Conference(CALL.0),
        party,
        remote: to.address(),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        precedence: 184,
        vad: false,
        max_frames: 0,
        call,
        encryption: Encryption::default(),
        rfc2833_payload: 0,
        nse_payload: None,
    })
}

/// The phone rings for the call and is lifted.
fn lifted(server: &mut ByHand, gateway: &Gateway) -> Set {
    server.says(&[
        state(CallStateKind::RING_IN),
        ServerMessage::CallInfo(CallInfo {
            call: CALL,
            line: LINE,
            kind: 1,
            calling_number: "5003".into(),
            ..CallInfo::default()
        }),
        ringer(RingMode::INSIDE),
    ]);
    let mut set = gateway.set(1).unwrap();
    set.answer().unwrap();
    server.wait("OffHook", |m| {
        matches!(m, ClientMessage::OffHook(at) if at.call == CALL).then_some(())
    });
    set
}

/// Where the gateway wants its RTP.
fn receives_at(server: &mut ByHand) -> SocketAddrV4 {
    server.wait("OpenReceiveChannelAck", |m| match m {
        ClientMessage::OpenReceiveChannelAck(OpenReceiveChannelAck {
            status,
            address,
            party,
            ..
        }) => {
            assert_eq!((*party, *status), (OWN, MediaStatus::OK));
            Some(*address)
        }
        _ => None,
    })
}

/// Answers of both kinds until all streams have theirs.
fn answers(server: &mut ByHand) -> Vec<(Party, CallRef, MediaStatus)> {
    let mut answers = vec![];
    while answers.len() < 1 + COPIES.len() {
        answers.push(server.wait("StartMediaTransmissionAck", |m| match m {
            ClientMessage::StartMediaTransmissionAck(StartMediaTransmissionAck {
                party,
                call,
                status,
                ..
            }) => Some((*party, *call, *status)),
            _ => None,
        }));
    }
    answers
}

fn listen(gateway: &Gateway, far: &FarEnd) {
    let mut set = gateway.set(1).unwrap();
    let heard = set.measures(FAR_HZ, FAR_DBM0).unwrap();
    set.tone(NEAR_HZ, NEAR_DBM0).unwrap();
    far.heard();
    let end = Instant::now() + Duration::from_secs(10);
    let (mut packets, mut sound) = (0, vec![]);
    while packets < 100 {
        assert!(Instant::now() < end, "only {packets} packets came");
        let (more, samples) = far.heard();
        packets += more;
        sound.extend(samples);
        std::thread::sleep(Duration::from_millis(20)); // asks again, with the deadline above
    }
    let level = measure::tone_level(&sound[sound.len() - 8_000..], f64::from(NEAR_HZ));
    assert!((level - f64::from(NEAR_DBM0)).abs() <= 1.0, "{level} dBm0");
    println!("the phone hears {heard}, the far end {level:.1} dBm0 in {packets} packets");
}

pub(crate) fn a_recorded_call_is_heard_both_ways_and_the_recorder_gets_nothing() {
    let place = Place::new();
    // The hybrid's echo of the far end is not what is measured.
    let more = "hybrid-loss-db = 40.0\nnoise-dbm0 = -90.0\n";
    let (mut server, gateway) = ByHand::gateway(&place, VERSION, more);
    let (mut far, recorders) = (
        FarEnd::new(&place),
        [FarEnd::new(&place), FarEnd::new(&place)],
    );
    let mut set = lifted(&mut server, &gateway);
    server.says(&[
        state(CallStateKind::OFF_HOOK),
        ringer(RingMode::OFF),
        open(),
        state(CallStateKind::CONNECTED),
    ]);
    let [(voice, voice_call), (copy, copy_call)] = COPIES;
    server.says(&[
        start(voice, voice_call, &recorders[0]),
        start(OWN, CALL, &far),
        start(copy, copy_call, &recorders[1]),
    ]);
    let at = receives_at(&mut server);
    far.talks(at, f64::from(FAR_HZ), f64::from(FAR_DBM0));
    let mut answers = answers(&mut server);
    answers.sort_by_key(|(party, ..)| party.0);
    let refused = MediaStatus::NOT_ENOUGH_CHANNELS;
    assert_eq!(
        answers,
        [
            (OWN, CALL, MediaStatus::OK),
            (voice, voice_call, refused),
            (copy, copy_call, refused)
        ]
    );
    listen(&gateway, &far);
    assert_eq!(recorders.each_ref().map(|r| r.heard().0), [0, 0]);
    let detail = gateway.port(1).unwrap();
    assert_eq!(detail.media.len(), 1, "{:?}", detail.media);
    assert_eq!(counter(&gateway, 1, "media-refused"), 2);
    // The recorder leaves, the call goes on, and ends.
    let leg = |party| MediaLeg {
        conference: Conference(CALL.0),
        party,
        ..Default::default()
    };
    server.says(&[
        ServerMessage::StopMediaTransmission(leg(voice)),
        ServerMessage::StopMediaTransmission(leg(copy)),
    ]);
    listen(&gateway, &far);
    set.quiet().unwrap();
    set.finish().unwrap();
    server.wait("OnHook", |m| {
        matches!(m, ClientMessage::OnHook(at) if at.call == CALL).then_some(())
    });
}

pub(crate) fn a_call_that_outlives_its_server_ends_when_its_rtp_has_ended() {
    let place = Place::new();
    let more = "[defaults]\npreserved-rtp-s = 3\n";
    let (mut server, gateway) = ByHand::gateway(&place, VERSION, more);
    let mut far = FarEnd::new(&place);
    let mut set = lifted(&mut server, &gateway);
    server.says(&[
        state(CallStateKind::OFF_HOOK),
        ringer(RingMode::OFF),
        open(),
        state(CallStateKind::CONNECTED),
        start(OWN, CALL, &far),
    ]);
    let at = receives_at(&mut server);
    far.talks(at, f64::from(FAR_HZ), f64::from(FAR_DBM0));
    set.measures(FAR_HZ, FAR_DBM0).unwrap();
    let openings = set.loop_openings().unwrap();
    // The server is gone, and its far end still there for longer than the limit.
    drop(server);
    let lost = Instant::now();
    until(SOON, || {
        let calls = gateway.calls()?.active;
        let preserved = calls.iter().any(|c| c.state == CallState::Preserved);
        preserved.then_some(()).ok_or(format!("{calls:?}"))
    });
    until(SOON, || {
        let shown = gateway.calls()?.active;
        let talks = shown.iter().any(|c| c.state == CallState::Preserved);
        assert!(talks, "ended after {:?}", lost.elapsed());
        (lost.elapsed() > Duration::from_secs(7))
            .then_some(())
            .ok_or("not yet".to_owned())
    });
    set.measures(FAR_HZ, FAR_DBM0).unwrap();
    far.falls_silent();
    let silent = Instant::now();
    set.loop_opened_after(openings, SOON).unwrap();
    let took = silent.elapsed();
    set.hears_busy_or_reorder().unwrap();
    assert!(
        took > Duration::from_millis(2_900),
        "after {took:?} already"
    );
    println!("the loop was opened {took:?} after the last packet");
    assert_eq!(counter(&gateway, 1, "preserved-silent"), 1);
    set.finish().unwrap();
}

const MUSIC: Party = Party(0x0100_0060);
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 192, 41, 20), 20_480);
/// As the kernel lists it.
const GROUP_IN_TABLE: &str = "1429C0EF";

fn music(format: MediaFormat) -> ServerMessage {
    ServerMessage::StartMulticastMediaReception(StartMulticastMediaReception {
        conference: Conference(CALL.0),
        party: MUSIC,
        group: GROUP,
        ptime_ms: 20,
        format,
        echo_cancel: false,
        call: CALL,
    })
}

fn music_answer(server: &mut ByHand) -> MulticastStatus {
    server.wait("MulticastMediaReceptionAck", |m| match m {
        ClientMessage::MulticastMediaReceptionAck(MulticastMediaReceptionAck {
            status,
            party,
            call,
        }) => {
            assert_eq!((*party, *call), (MUSIC, CALL));
            Some(*status)
        }
        _ => None,
    })
}

fn is_joined() -> bool {
    let table = std::fs::read_to_string("/proc/self/net/igmp").unwrap();
    table.contains(GROUP_IN_TABLE)
}

fn group_is_left() {
    until(SOON, || {
        (!is_joined())
            .then_some(())
            .ok_or("the group is still joined".to_owned())
    });
}

pub(crate) fn a_held_phone_hears_the_music_of_a_multicast_group_until_it_is_stopped() {
    let place = Place::new();
    let more = "hybrid-loss-db = 40.0\nnoise-dbm0 = -90.0\n";
    let (mut server, gateway) = ByHand::gateway(&place, VERSION, more);
    let (far, mut source) = (FarEnd::new(&place), FarEnd::new(&place));
    let mut set = lifted(&mut server, &gateway);
    server.says(&[
        state(CallStateKind::OFF_HOOK),
        ringer(RingMode::OFF),
        open(),
        state(CallStateKind::CONNECTED),
        start(OWN, CALL, &far),
    ]);
    receives_at(&mut server);
    // The far end holds the call: its media ends, and the music is of a group. The first codec is not ours.
    let own = MediaLeg {
        conference: Conference(CALL.0),
        party: OWN,
        ..MediaLeg::default()
    };
    server.says(&[
        ServerMessage::CloseReceiveChannel(own),
        ServerMessage::StopMediaTransmission(own),
        music(MediaFormat::G729),
    ]);
    assert_eq!(music_answer(&mut server), MulticastStatus::ERROR);
    assert!(!is_joined());
    server.says(&[music(MediaFormat::G711_ULAW)]);
    assert_eq!(music_answer(&mut server), MulticastStatus::OK);
    assert!(is_joined());
    // Whoever sends to the group is the music.
    source.talks(GROUP, f64::from(FAR_HZ), f64::from(FAR_DBM0));
    let heard = set.measures(FAR_HZ, FAR_DBM0).unwrap();
    println!("the held phone hears {heard}");
    let detail = gateway.port(1).unwrap();
    let [leg] = &detail.media[..] else {
        panic!("one leg: {:?}", detail.media);
    };
    assert!(leg.multicast && leg.remote.is_none(), "{leg:?}");
    assert_eq!(leg.local, Some(GROUP.to_string()));
    assert_eq!(leg.source, Some(source.address().to_string()));
    assert_eq!(leg.rtp.sent_packets, 0);
    assert_eq!(counter(&gateway, 1, "multicast-groups"), 1);
    server.says(&[ServerMessage::StopMulticastMediaReception(
        StopMulticastMediaReception {
            conference: Conference(CALL.0),
            party: MUSIC,
            call: CALL,
        },
    )]);
    group_is_left();
    // Held again, and hung up with the music.
    server.says(&[music(MediaFormat::G711_ULAW)]);
    assert_eq!(music_answer(&mut server), MulticastStatus::OK);
    set.finish().unwrap();
    group_is_left();
    assert_eq!(counter(&gateway, 1, "multicast-groups"), 2);
    source.falls_silent();
}

pub(crate) fn rtp_that_stops_in_a_call_is_named_until_it_is_back_and_its_begin_and_end_are_kept() {
    let place = Place::new();
    let (mut server, gateway) = ByHand::gateway(&place, VERSION, "");
    let mut far = FarEnd::new(&place);
    let mut set = lifted(&mut server, &gateway);
    server.says(&[state(CallStateKind::CONNECTED), open()]);
    let here = receives_at(&mut server);
    server.says(&[start(OWN, CALL, &far)]);
    far.talks(here, FAR_HZ.into(), FAR_DBM0.into());
    until(SOON, || {
        let media = gateway.port(1)?.media;
        let received = media.first().map_or(0, |leg| leg.rtp.received_packets);
        (received >= 150)
            .then_some(())
            .ok_or(format!("{received} packets"))
    });
    let findings = || {
        let found = gateway.port(1)?.summary.findings;
        Ok::<_, String>(found.iter().map(|f| f.what()).collect::<Vec<_>>())
    };
    assert_eq!(findings().unwrap(), [""; 0]);
    far.falls_silent();
    let stopped = format!(
        "one-way audio: RTP from {} has stopped: no packet for ",
        far.address()
    );
    until(SOON * 2, || {
        let found = findings()?;
        let good = found.len() == 1 && found[0].starts_with(&stopped);
        good.then_some(()).ok_or(format!("{found:?}"))
    });
    let text = gateway.tipring(&["explain", "1"]).unwrap();
    let first = text.lines().next().unwrap_or_default();
    let wanted = format!("Port 1 works, but badly or at risk: {stopped}");
    assert!(first.starts_with(&wanted), "{text}");
    assert!(text.contains("RTP packets sent, "), "{text}");
    until(SOON, || {
        let log = gateway.log();
        log.contains(&stopped).then_some(()).ok_or(log)
    });
    far.talks(here, FAR_HZ.into(), FAR_DBM0.into());
    until(SOON, || {
        let found = findings()?;
        found.is_empty().then_some(()).ok_or(format!("{found:?}"))
    });
    let over = format!("over: {stopped}");
    until(SOON, || {
        let history = gateway.tipring(&["history", "1", "--findings", "--json"])?;
        let history: History = serde_json::from_str(&history).map_err(|e| e.to_string())?;
        let kept = history.findings.iter();
        let mut kept = kept.filter(|f| f.code == "one-way-audio" && f.ended_unix_ms.is_some());
        let log = gateway.log();
        let logged = log.contains(&over);
        (kept.next().is_some() && logged)
            .then_some(())
            .ok_or(format!("{:?}\n{log}", history.findings))
    });
    set.hang().unwrap();
    server.says(&[state(CallStateKind::ON_HOOK)]);
    let over = |log: &str| log.lines().filter(|l| l.contains("call over: ")).count();
    until(SOON, || {
        let log = gateway.log();
        (over(&log) == 1).then_some(()).ok_or(log)
    });
}
