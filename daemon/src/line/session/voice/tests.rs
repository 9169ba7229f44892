use std::time::Duration;

use tipring_proto::rtp::Packet;

use super::*;
use crate::line::order::SessionId;
use crate::line::tests::session_config;

const BLOCK: usize = 80;

fn config() -> SessionConfig {
    SessionConfig {
        event_payload_type: None,
        ..session_config(SessionId(1))
    }
}

fn remote(codec: Codec, events: Option<u8>) -> Remote {
    Remote {
        address: "10.0.0.1:4000".parse().unwrap(),
        codec,
        ptime_ms: 20,
        event_payload_type: events,
        dscp: crate::line::DSCP_EF,
    }
}

fn up(voice: &mut Voice, round: u64) -> Vec<Vec<u8>> {
    let mut packets = vec![];
    let block = Block {
        round,
        samples: &[1000; BLOCK],
        bytes: &mut [0; BLOCK],
    };
    voice.up(block, |packet| packets.push(packet.to_vec()));
    packets
}

#[test]
fn what_one_sends_the_other_plays_and_both_count_it() {
    let (mut one, mut other) = (
        Voice::new(&config()).unwrap(),
        Voice::new(&config()).unwrap(),
    );
    one.send_as(&remote(Codec::G711Alaw, None), true);
    let (mut bytes, mut out) = ([0; BLOCK], [0; BLOCK]);
    let mut loud = 0;
    for round in 0..20 {
        let now = Time::from_duration(Duration::from_millis(10 * round));
        for packet in up(&mut one, round) {
            assert_eq!(packet[1] & 0x7F, 8, "A-law, as the far end wants it");
            assert!(other.mark(&packet).is_some());
            assert_eq!(other.receive(now, &packet), Taken::Valid);
        }
        other.down(now, &mut bytes, &mut out);
        loud += usize::from(out.iter().all(|s| (900..1100).contains(s)));
    }
    assert!(loud >= 15, "{loud}");
    let port = PortCounters::default();
    for _ in 0..2 {
        one.publish(&port);
        other.publish(&port);
    }
    assert_eq!((port.tx_packets.get(), port.rx_packets.get()), (10, 10));
    assert_eq!(port.rx_lost.get(), 0);
    other.show(&port);
    assert!(port.jitter_target_ms.get() >= 20);
}

#[test]
fn a_lost_packet_is_counted_once_and_not_taken_back_when_it_comes() {
    let mut voice = Voice::new(&config()).unwrap();
    let mut far = Voice::new(&config()).unwrap();
    let packets: Vec<_> = (1..13).flat_map(|round| up(&mut far, round)).collect();
    let port = PortCounters::default();
    let mut lost = vec![];
    for n in [0, 1, 3, 2, 5] {
        voice.receive(Time::ZERO, &packets[n]);
        voice.publish(&port);
        lost.push(port.rx_lost.get());
    }
    assert_eq!(lost, [0, 0, 1, 1, 1]);
}

#[test]
fn packets_of_different_turns_are_full_in_different_blocks() {
    let full_at = |turn| {
        let mut voice = Voice::new(&config()).unwrap();
        voice.take_turn(turn);
        voice.send_as(&remote(Codec::G711Ulaw, None), true);
        (0..2).find(|round| !up(&mut voice, *round).is_empty())
    };
    assert_eq!((full_at(0), full_at(1)), (Some(1), Some(0)));
}

#[test]
fn keys_go_out_as_events_where_the_far_end_takes_them_but_not_in_the_place_of_data() {
    let mut voice = Voice::new(&config()).unwrap();
    let five = Digit::from_char('5').unwrap();
    voice.send_as(&remote(Codec::G711Ulaw, None), true);
    assert!(!voice.sends_events() && !voice.press(five, 10, |_| ()));
    voice.send_as(&remote(Codec::G711Ulaw, Some(101)), false);
    voice.pass_data(Some(500));
    assert!(!voice.press(five, 10, |_| ()));
    assert_eq!(voice.data(), Some(500));
    voice.pass_data(None);
    assert!(voice.sends_events() && voice.press(five, 10, |_| ()));
    let packets: Vec<_> = (1..3).flat_map(|round| up(&mut voice, round)).collect();
    let kinds = packets
        .iter()
        .map(|p| Packet::parse(p).unwrap().header.payload_type);
    assert_eq!(kinds.collect::<Vec<_>>(), [101]);
}

#[test]
fn what_is_no_packet_of_ours_is_not_taken_for_the_far_end() {
    let mut voice = Voice::new(&config()).unwrap();
    let mut far = Voice::new(&config()).unwrap();
    let mut packet = (1..3).find_map(|round| up(&mut far, round).pop()).unwrap();
    packet[1] = 33;
    assert_eq!(voice.mark(&packet), None);
    assert_eq!(voice.receive(Time::ZERO, &packet), Taken::Ignored);
    assert_eq!(voice.receive(Time::ZERO, &packet[..9]), Taken::Malformed);
    let received = voice.stats().receiver;
    assert_eq!((received.other_payload, received.malformed), (1, 1));
}
