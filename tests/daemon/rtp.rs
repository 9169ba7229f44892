//! RTP that nobody asked for: unexpected sources, floods, garbage.

use std::net::{SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use tipring_ctl::report as ctl;
use tipring_proto::sccp::message::{
    MediaFormat, MediaLeg, OpenReceiveChannel, ServerMessage, StartMediaTransmission,
};
use tipring_proto::sccp::wire;
use tipring_proto::types::{CallRef, Conference, Party};
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::front::Front;
use crate::place::{Place, SOON, counter, until};
use crate::talk::{Talk, can_call};

/// A flood: packets in a second, and for how long.
const FLOOD_RATE: u32 = 20_000;
const FLOOD: Duration = Duration::from_secs(2);

/// Where a port receives, in its only call.
fn receives_at(gateway: &Gateway, port: u16) -> SocketAddrV4 {
    let detail = gateway.port(port).unwrap();
    detail.media[0].local.as_ref().unwrap().parse().unwrap()
}

fn packet(sequence: u16, timestamp: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(0x1234_5678u32.to_be_bytes());
    packet.resize(12 + 160, 0x55);
    packet
}

/// Sends at this rate for this time, packet by packet as `next` makes them; returns how many went out.
fn send_paced(
    socket: &UdpSocket,
    to: SocketAddrV4,
    rate: u32,
    length: Duration,
    mut next: impl FnMut(u32) -> Vec<u8>,
) -> u32 {
    let begin = Instant::now();
    let mut sent = 0;
    while begin.elapsed() < length {
        let due = (begin.elapsed().as_secs_f64() * f64::from(rate)) as u32;
        while sent < due {
            // What the kernel does not take is not sent: this end's queue is not what is tested.
            let _ = socket.send_to(&next(sent), to);
            sent += 1;
        }
        std::thread::sleep(Duration::from_millis(2)); // paces a sender; waits for nothing
    }
    sent
}

/// Packets that are no RTP, or lie about their lengths.
fn garbage() -> Vec<Vec<u8>> {
    let whole = packet(1, 160);
    let with = |first: u8, tail: &[u8]| [&[first], &whole[1..12], tail].concat();
    vec![
        vec![],
        vec![0x80],
        whole[..11].to_vec(),
        with(0x00, &[0; 160]),
        with(0x40, &[0; 160]),
        with(0xC0, &[0; 160]),
        // 15 CSRC, an extension of 65535 words, padding of 255 bytes: none of them is there.
        with(0x8F, &[0; 20]),
        with(0x90, &[0xBE, 0xDE, 0xFF, 0xFF, 0, 0]),
        with(0xA0, &[1, 2, 255]),
        with(0xA0, &[0]),
        with(0xBF, &[0xFF; 4]),
        // More than a packet of any length that G.711 has, and more than a datagram buffer holds.
        with(0x80, &[0x55; 1400]),
        with(0x80, &[0x55; 9000]),
        with(0x80, &[]),
        vec![0xFF; 172],
    ]
}

pub(crate) fn packets_from_unexpected_sources_are_dropped_and_counted_and_the_wanted_sound_is_untouched()
 {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let mut talk = Talk::begin(&gateway, 1, 2);
    let target = receives_at(&gateway, 1);
    // Another port of the same address, and another address.
    let sources = [
        UdpSocket::bind((place.address(), 0)).unwrap(),
        UdpSocket::bind(("127.0.0.1", 0)).unwrap(),
    ];
    // Everything but `strangers` itself has to stay where it is.
    let mut sent = 0;
    talk.undisturbed_but(&["strangers"], || {
        for source in &sources {
            sent += u64::from(send_paced(
                source,
                target,
                200,
                Duration::from_secs(1),
                |n| packet(n as u16, n * 160),
            ));
            for garbage in garbage() {
                sent += u64::from(source.send_to(&garbage, target).is_ok());
            }
        }
    });
    until(SOON, || {
        let counted = counter(&gateway, 1, "strangers");
        (counted == sent).then_some(()).ok_or(format!(
            "{counted} of {sent} packets from unexpected sources counted"
        ))
    });
    let shown = gateway.tipring(&["port", "show", "1"]).unwrap();
    let line = shown
        .lines()
        .find(|l| l.trim_start().starts_with("strangers"))
        .unwrap_or(&shown);
    assert!(line.contains(&sent.to_string()), "{shown}");
    assert_eq!(counter(&gateway, 2, "strangers"), 0);
    talk.end();
}

/// Two ports report to each other: the way there and back is short, nothing is lost, and what is shown of it is R.
pub(crate) fn both_ends_of_a_call_report_to_each_other_and_the_call_is_rated() {
    const REPORTS: Duration = Duration::from_secs(30);
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let talk = Talk::begin(&gateway, 1, 2);
    let legs = until(REPORTS, || {
        let of = |port| gateway.port(port).map(|p| p.media[0].clone());
        let legs = [of(1)?, of(2)?];
        let known = |leg: &ctl::MediaLeg| {
            let rtcp = leg.rtcp.as_ref();
            rtcp.is_some_and(|r| r.round_trip_ms.is_some()) && leg.quality.is_some()
        };
        let all = legs.iter().all(known);
        all.then_some(legs.clone()).ok_or(format!("{legs:#?}"))
    });
    for leg in &legs {
        let (rtcp, quality) = (leg.rtcp.as_ref().unwrap(), leg.quality.unwrap());
        assert!(rtcp.round_trip_ms.unwrap() < 500.0, "{rtcp:?}");
        assert_eq!((rtcp.failed.as_deref(), rtcp.refused), (None, 0));
        assert!(rtcp.sent > 0 && rtcp.received > 0, "{rtcp:?}");
        assert!(rtcp.far_lost_percent.unwrap() < 50.0, "{rtcp:?}");
        assert!(rtcp.far_sent_packets.is_some(), "{rtcp:?}");
        assert!(
            quality.mean_r > 50.0 && quality.far_r.is_some(),
            "{quality:?}"
        );
    }
    let shown = gateway.tipring(&["port", "show", "1"]).unwrap();
    assert!(
        shown.contains("round trip") && shown.contains("MOS"),
        "{shown}"
    );
    talk.end();
}

/// A server holds a call with music as CallManager does: it closes the leg and opens another one, to receive only.
pub(crate) fn music_without_start_media_is_heard_and_the_source_that_is_refused_is_named() {
    let place = Place::new();
    let inner = SocketAddrV4::new(place.address(), 2001);
    let callmanager = CallManager::start(inner, &[]).unwrap();
    let front = Front::open(place.sccp(), callmanager.address());
    let gateway = place.gateway(1, "");
    let mut held = gateway.set(1).unwrap();
    held.call("600").unwrap();
    held.connected().unwrap();
    let talked = gateway.port(1).unwrap().media[0].clone();
    let send = |message| front.inject(&wire::encode_server(&message, 3));
    let leg = MediaLeg {
        party: Party(talked.party),
        ..MediaLeg::default()
    };
    let party = talked.party + 1000;
    send(ServerMessage::CloseReceiveChannel(leg));
    send(ServerMessage::StopMediaTransmission(leg));
    send(ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
        conference: Conference(0),
        party: Party(party),
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        echo_cancel: false,
        call: CallRef(talked.call_ref),
        encryption: Default::default(),
        rfc2833_payload: 0,
        nse_payload: None,
    }));
    let leg = || {
        let media = gateway.port(1)?.media;
        let leg = media.into_iter().find(|m| m.party == party);
        leg.ok_or("the leg is not open yet".to_owned())
    };
    let target = until(SOON, || leg().map(|l| l.local.unwrap()))
        .parse()
        .unwrap();
    let music = UdpSocket::bind((place.address(), 0)).unwrap();
    let second = Duration::from_secs(1);
    let sent = send_paced(&music, target, 50, second, |n| packet(n as u16, n * 160));
    // Somebody who comes second is not heard as long as the music plays, and named.
    let unexpected = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    (0..7).for_each(|n| {
        unexpected.send_to(&packet(n, 0), target).unwrap();
    });
    let address = |socket: &UdpSocket| socket.local_addr().unwrap().to_string();
    let refused = |leg: &ctl::MediaLeg| {
        let all = leg.refused_sources.iter();
        let mine = all.filter(|r| r.address == address(&unexpected));
        mine.map(|r| r.packets).sum::<u64>()
    };
    let leg = until(SOON, || {
        let leg = leg()?;
        // On a machine that stalls more than the first two packets do not come in a row.
        let here = leg.rtp.received_packets + 10 >= u64::from(sent) && refused(&leg) == 7;
        here.then_some(leg.clone()).ok_or(format!("{leg:?}"))
    });
    assert_eq!((leg.source, leg.remote), (Some(address(&music)), None));
    let shown = gateway.tipring(&["port", "show", "1"]).unwrap();
    assert!(
        shown.contains(&format!("{}: 7 packets", address(&unexpected))),
        "{shown}"
    );
    held.finish().unwrap();
}

pub(crate) fn a_flood_on_one_port_leaves_the_calls_of_the_others_alone() {
    let place = Place::new();
    let inner = SocketAddrV4::new(place.address(), 2001);
    let callmanager = CallManager::start(inner, &[]).unwrap();
    let front = Front::open(place.sccp(), callmanager.address());
    let gateway = place.gateway(3, "");
    let mut talk = Talk::begin(&gateway, 2, 3);
    // The far end of port 1 is this test's own socket, as the server's message says.
    let mut victim = gateway.set(1).unwrap();
    victim.call("600").unwrap();
    victim.connected().unwrap();
    let leg = gateway.port(1).unwrap().media[0].clone();
    let far = UdpSocket::bind((place.address(), 0)).unwrap();
    let std::net::SocketAddr::V4(here) = far.local_addr().unwrap() else {
        unreachable!("bound to IPv4")
    };
    let start = StartMediaTransmission {
        conference: Conference(0),
        party: Party(leg.party),
        remote: here,
        ptime_ms: 20,
        format: MediaFormat::G711_ULAW,
        precedence: 0,
        vad: false,
        max_frames: 1,
        call: CallRef(0),
        encryption: Default::default(),
        rfc2833_payload: 0,
        nse_payload: None,
    };
    front.inject(&wire::encode_server(
        &ServerMessage::StartMediaTransmission(start),
        3,
    ));
    until(SOON, || {
        let remote = gateway
            .port(1)?
            .media
            .first()
            .and_then(|m| m.remote.clone());
        (remote == Some(here.to_string()))
            .then_some(())
            .ok_or(format!("{remote:?}"))
    });
    let target = receives_at(&gateway, 1);
    let unexpected = UdpSocket::bind((place.address(), 0)).unwrap();
    talk.undisturbed(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // In order, out of order, duplicate, far ahead: whatever the far end may send, and more of it.
                send_paced(&far, target, FLOOD_RATE / 2, FLOOD, |n| match n % 4 {
                    0 => packet(n as u16, n * 160),
                    1 => packet(0u16.wrapping_sub(n as u16), n.wrapping_mul(0x9E37_79B9)),
                    2 => packet(7, 7),
                    _ => garbage()[n as usize % garbage().len()].clone(),
                });
            });
            send_paced(&unexpected, target, FLOOD_RATE / 2, FLOOD, |n| {
                packet(n as u16, n * 160)
            });
        });
    });
    for name in ["strangers", "flood-dropped", "rx-malformed", "rx-packets"] {
        assert_ne!(counter(&gateway, 1, name), 0, "{name}");
    }
    // And the victim itself is well again as soon as the flood is over.
    victim.finish().unwrap();
    talk.end();
    can_call(&gateway, 1, 2);
}
