mod named;
mod restarts;

use super::*;
use crate::rtp::{HEADER_LEN, Outgoing, Redundancy, Sender, SenderConfig, SenderSeed};
use crate::types::Digit;
use proptest::prelude::*;
use std::time::Duration;

fn receiver() -> Receiver {
    Receiver::new(ReceiverConfig {
        jitter: JitterConfig {
            block: 80,
            min_ms: 10,
            max_ms: 100,
            held_ms: 100,
        },
        event_payload_type: Some(101),
        redundancy_payload_type: Some(90),
    })
}

fn sender(ptime_ms: u8) -> Sender {
    Sender::new(
        SenderSeed {
            sequence: 65_530,
            timestamp: u32::MAX - 500,
            ssrc: 77,
        },
        SenderConfig {
            payload_type: 8,
            ptime_ms,
            event_payload_type: Some(101),
        },
    )
}

#[test]
fn what_a_sender_says_a_receiver_hears() {
    for ptime in [10, 20, 30] {
        let (mut tx, mut rx) = (sender(ptime), receiver());
        let mut heard = Vec::new();
        let mut digits = Vec::new();
        for block in 0u64..60 {
            let now = Time::from_millis(block * 10);
            if block == 20 {
                tx.press(Digit::from_char('5').unwrap(), 10, |_| ());
            }
            if block == 26 {
                tx.release();
            }
            tx.push(&[block as u8 + 1; 80], |packet| {
                rx.receive(now, packet);
            });
            digits.extend(rx.digit(now, 80));
            let mut out = [0; 80];
            if let Playout::Samples(Codec::G711Alaw) = rx.play(now, &mut out) {
                heard.push(out[0]);
            }
        }
        assert!(
            heard.windows(2).all(|w| w[0] < w[1]),
            "ptime {ptime}: {heard:?}"
        );
        let digit = Digit::from_char('5').unwrap();
        assert!(
            matches!(digits[..], [NetworkDigit::On { digit: a, volume: 10 }, NetworkDigit::Off { digit: b, duration }]
                if a == digit && b == digit && (480..=720).contains(&duration)),
            "{digits:?}"
        );
        let stats = rx.stats();
        assert_eq!(
            (
                stats.sequence.lost(),
                stats.sequence.duplicates,
                stats.sequence.restarts
            ),
            (0, 0, 0)
        );
        assert_eq!(stats.sequence.received, tx.stats().packets);
        assert_eq!(stats.octets, tx.stats().octets);
    }
}

#[test]
fn an_event_leaves_silence_not_concealment() {
    let (mut tx, mut rx) = (sender(10), receiver());
    let mut answers = Vec::new();
    for block in 0u64..20 {
        let now = Time::from_millis(block * 10);
        if block == 4 {
            tx.press(Digit::from_char('5').unwrap(), 10, |_| ());
        }
        tx.push(&[1; 80], |packet| {
            rx.receive(now, packet);
        });
        answers.push(rx.play(now, &mut [0; 80]));
    }
    let mut expected = vec![Playout::Silence];
    expected.extend([Playout::Samples(Codec::G711Alaw); 4]);
    expected.extend([Playout::Silence; 15]);
    assert_eq!(answers, expected);
}

#[test]
fn strange_payload_types_noise_and_duplicates_are_counted_apart() {
    let mut rx = receiver();
    let mut packets = Vec::new();
    sender(20).push(&[1; 320], |p| packets.push(p.to_vec()));
    let now = Time::ZERO;
    assert_eq!(rx.receive(now, &packets[0]), Received::Audio(Insert::Taken));
    assert_eq!(rx.receive(now, &packets[0]), Received::Duplicate);
    packets[1][1] = 14;
    assert_eq!(rx.receive(now, &packets[1]), Received::OtherPayload(14));
    assert_eq!(
        rx.receive(now, &[]),
        Received::Malformed(ParseError::Short {
            needed: 12,
            actual: 0
        })
    );
    packets[0][3] = 0x10; // sequence far away
    packets[0][2] = 0x10;
    assert_eq!(rx.receive(now, &packets[0]), Received::Suspect);
    let stats = rx.stats();
    assert_eq!(
        (
            stats.malformed,
            stats.other_payload,
            stats.sequence.duplicates
        ),
        (1, 1, 1)
    );
}

#[test]
fn a_digit_whose_end_is_lost_ends_by_itself() {
    let (mut tx, mut rx) = (sender(20), receiver());
    tx.press(Digit::from_char('9').unwrap(), 10, |_| ());
    tx.push(&[1; 160], |p| {
        rx.receive(Time::ZERO, p);
    });
    let digit = Digit::from_char('9').unwrap();
    let reported: Vec<_> = (0..40)
        .filter_map(|n| rx.digit(Time::from_millis(n * 10), 80).map(|d| (n * 10, d)))
        .collect();
    let (on, off) = (
        NetworkDigit::On { digit, volume: 10 },
        NetworkDigit::Off {
            digit,
            duration: 160,
        },
    );
    assert_eq!(reported, [(0, on), (150, off)]);
}

/// What a talk of twenty millisecond packets came to.
struct Talk {
    rx: Receiver,
    /// Blocks that were not the sender's.
    spoilt: usize,
    packets: usize,
}

/// Talks for this time; of each 1000 packets this number is lost, and the sender's clock runs `ppm` fast.
fn talk(mut rx: Receiver, seconds: u64, lost_of_1000: u64, ppm: i64, redundancy: u8) -> Talk {
    let mut tx = sender(20);
    tx.set_redundancy(Some(Redundancy {
        payload_type: 90,
        depth: redundancy,
    }));
    let mut dice = 0x1234_5678_9ABC_DEF1u64;
    let (mut spoilt, mut packets) = (0, 0);
    let mut sent = 0u64;
    for block in 0..seconds * 100 {
        let now = Time::from_millis(block * 10);
        loop {
            // A fast clock sends each block a little earlier.
            let us = sent as i64 * (10_000_000 - 10 * ppm) / 1000;
            let at = Time::from_duration(Duration::from_micros(us as u64));
            if at > now {
                break;
            }
            sent += 1;
            let byte = if sent % 150 < 100 { 1 } else { 0xD5 }; // pauses
            tx.push(&[byte; 80], |packet| {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                packets += 1;
                if dice % 1000 >= lost_of_1000 {
                    rx.receive(at, packet);
                }
            });
        }
        let played = rx.play(now, &mut [0; 80]);
        spoilt += usize::from(played != Playout::Samples(Codec::G711Alaw));
    }
    Talk {
        rx,
        spoilt,
        packets,
    }
}

fn fax() -> Receiver {
    let mut rx = receiver();
    rx.hold(true);
    rx
}

#[test]
fn what_is_lost_comes_with_a_later_packet() {
    let residue = |redundancy| {
        let talk = talk(fax(), 600, 30, 0, redundancy);
        let stats = talk.rx.stats();
        let lost = stats.sequence.lost() as f64 / talk.packets as f64;
        assert!((0.025..0.035).contains(&lost), "{lost}");
        if redundancy > 0 {
            assert_eq!(stats.redundant_packets, stats.sequence.received);
        }
        assert_eq!((stats.malformed, stats.jitter.late), (0, 0));
        // Ten blocks before the first.
        (talk.spoilt - 10) as f64 / (2 * talk.packets) as f64
    };
    assert!((0.025..0.035).contains(&residue(0)));
    // 3 % squared, and cubed.
    assert!((0.000_5..0.001_5).contains(&residue(1)), "{}", residue(1));
    assert!(residue(2) < 0.000_2, "{}", residue(2));
}

#[test]
fn a_payload_that_is_not_redundant_as_it_says_is_malformed() {
    let mut rx = receiver();
    let mut packet = Vec::new();
    sender(20).push(&[1; 160], |p| packet = p.to_vec());
    packet[1] = 90;
    packet.truncate(HEADER_LEN);
    packet.extend([0x80, 0, 0, 10, 8, 1, 2]);
    let received = rx.receive(Time::ZERO, &packet);
    let short = RedundantError::Short {
        needed: 15,
        actual: 7,
    };
    assert_eq!(received, Received::BadRedundancy(short));
    assert_eq!(rx.stats().malformed, 1);
}

#[test]
fn redundancy_of_other_kinds_and_times_is_passed_over() {
    let mut rx = receiver();
    let mut packets = Vec::new();
    let mut tx = sender(20);
    tx.push(&[1; 160], |p| packets.push(p.to_vec()));
    tx.push(&[2; 160], |p| packets.push(p.to_vec()));
    rx.receive(Time::ZERO, &packets[0]);
    // Comfort noise, one of the future's past, and the packet that was taken already.
    let mut wide = packets[1][..HEADER_LEN].to_vec();
    wide[1] = 90;
    for (kind, back, len) in [(13u32, 0, 1), (8, 16_383, 2), (8, 160, 160u32)] {
        wide.extend((1 << 31 | kind << 24 | back << 10 | len).to_be_bytes());
    }
    wide.push(8);
    wide.extend([9; 3 + 160]);
    wide.extend([2; 160]);
    assert_eq!(
        rx.receive(Time::ZERO, &wide),
        Received::Audio(Insert::Taken)
    );
    assert_eq!(rx.stats().jitter.recovered, 0);
    let mut out = [0; 80];
    for wanted in [None, Some(1), Some(1), Some(2), Some(2)] {
        let played = rx.play(Time::ZERO, &mut out);
        match wanted {
            Some(byte) => assert_eq!(
                (played, out),
                (Playout::Samples(Codec::G711Alaw), [byte; 80])
            ),
            None => assert_eq!(played, Playout::Silence),
        }
    }
}

#[test]
fn an_event_may_be_the_newest_of_a_redundant_packet() {
    let (mut tx, mut rx) = (sender(20), receiver());
    let mut event = Vec::new();
    tx.press(Digit::from_char('7').unwrap(), 10, |_| ());
    tx.push(&[1; 160], |p| event = p.to_vec());
    event.insert(HEADER_LEN, event[1] & 0x7F);
    event[1] = 90;
    assert_eq!(rx.receive(Time::ZERO, &event), Received::Event);
    let reported = rx.digit(Time::ZERO, 80);
    assert!(
        matches!(reported, Some(NetworkDigit::On { .. })),
        "{reported:?}"
    );
}

#[test]
fn events_that_a_later_packet_carries_are_played_before_its_own() {
    let mut rx = receiver();
    // Of 1, 2 and 3 only the last packet comes; it carries the ends of the others (RFC 4733 §2.5.1.4, RFC 2198).
    let mut packet = Header {
        marker: true,
        payload_type: 90,
        sequence: 5,
        timestamp: 10_000,
        ssrc: 7,
    }
    .to_bytes()
    .to_vec();
    for back in [3200u32, 1600] {
        packet.extend((1 << 31 | 101 << 24 | back << 10 | 4).to_be_bytes());
    }
    packet.push(101);
    for code in 1..=3 {
        packet.extend([code, 0x8A, 3, 0x20]);
    }
    assert_eq!(rx.receive(Time::ZERO, &packet), Received::Event);
    let reported = (0..60).filter_map(|n| rx.digit(Time::from_millis(n * 10), 80));
    let keys: String = reported
        .filter_map(|reported| match reported {
            NetworkDigit::On { digit, .. } => Some(digit.as_char()),
            NetworkDigit::Off { duration, .. } => {
                assert_eq!(duration, 800);
                None
            }
        })
        .collect();
    assert_eq!(keys, "123");
}

#[test]
fn the_drift_of_a_call_is_shown_and_what_a_fixed_buffer_bears_of_it() {
    for ppm in [200, -200] {
        let free = talk(receiver(), 600, 0, ppm, 0).rx.stats();
        let drift = free.drift.unwrap();
        assert!((drift.ppm - ppm as f32).abs() <= 20.0, "{drift:?}");
        let slips = free.jitter.stretched + free.jitter.shrunk;
        assert!((11..=14).contains(&slips), "{ppm}: {free:?}");
        assert_eq!(free.lasts_s, None);
        let held = talk(fax(), 120, 0, ppm, 0).rx.stats();
        assert_eq!((held.jitter.stretched, held.jitter.shrunk), (0, 0));
        // 100 ms at 0.2 ms a second, of which two minutes are gone.
        let lasts = held.lasts_s.unwrap();
        assert!((320..=480).contains(&lasts), "{ppm}: {lasts} s");
    }
}

/// A packet of 20 ms whose bytes show which one it is.
fn numbered(ssrc: u32, sequence: u16, timestamp: u32, n: u8) -> Vec<u8> {
    let header = Header {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp,
        ssrc,
    };
    let mut packet = header.to_bytes().to_vec();
    packet.extend([n; 160]);
    packet
}

#[test]
fn a_fax_stream_survives_disorder_jumps_and_another_source() {
    let mut rx = fax();
    let mut heard = Vec::new();
    let mut before = Vec::new();
    for n in 0..120u8 {
        let now = Time::from_millis(u64::from(n) * 20);
        let (ssrc, sequence, timestamp) = match n {
            // Another source, then a jump of its timestamps, then of its numbers.
            0..40 => (1, 65_530, 0xFFFF_F000),
            40..80 => (2, 9_000, 5),
            80..100 => (2, 9_000, 900_000),
            _ => (2, 40_000, 900_000),
        };
        let place = u16::from(n);
        let packet = numbered(
            ssrc,
            place.wrapping_add(sequence),
            (u32::from(n) * 160).wrapping_add(timestamp),
            n,
        );
        // Every tenth comes with the one after it, behind it; every seventh comes twice.
        if n % 10 == 4 {
            before = packet;
        } else {
            rx.receive(now, &packet);
            if n % 7 == 0 {
                assert_eq!(rx.receive(now, &packet), Received::Duplicate);
            }
            if !before.is_empty() {
                rx.receive(now, &std::mem::take(&mut before));
            }
        }
        for block in 0..2 {
            let mut out = [0; 80];
            let now = now + Duration::from_millis(block * 10);
            if let Playout::Samples(_) = rx.play(now, &mut out) {
                assert_eq!(out, [out[0]; 80]);
                heard.push(out[0]);
            }
        }
    }
    assert!(heard.is_sorted(), "{heard:?}");
    let gaps: Vec<u8> = (0..110)
        .filter(|n| heard.iter().filter(|h| *h == n).count() != 2)
        .collect();
    // What waited when the time jumped is gone with it: five packets. One wild packet is not believed by itself.
    let lost = |n: &u8| matches!(n, 35..40 | 75..81 | 95..101);
    assert!(gaps.iter().all(lost), "{gaps:?}");
    let stats = rx.stats();
    assert_eq!((stats.jitter.stretched, stats.jitter.shrunk), (0, 0));
    assert!(stats.sequence.reordered >= 10 && stats.sequence.restarts == 2);
}

proptest! {
    #[test]
    fn no_datagram_sequence_panics(
        datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..60), ms in 0u64..50
    ) {
        let mut rx = receiver();
        for (n, mut d) in datagrams.into_iter().enumerate() {
            if let Some(first) = d.first_mut() { *first = 0x80 | (*first & 0x3F); }
            let now = Time::from_millis(n as u64 * ms);
            rx.receive(now, &d);
            rx.play(now, &mut [0; 80]);
            rx.digit(now, 80);
            let _ = rx.stats();
        }
    }
}

/// Blocks of one far end's call: what it says (`None`: silent, with a level where it sends one), and what is played of
/// it on a network of some jitter.
fn with_silences(script: &[(usize, Option<u8>)]) -> (Receiver, Vec<Playout>, Vec<Vec<u8>>) {
    let (mut tx, mut rx) = (sender(20), receiver());
    let mut sent: Vec<Vec<u8>> = vec![];
    let mut played = vec![];
    let mut block = 0u64;
    let mut coming: Vec<(u64, Vec<u8>)> = vec![];
    for (blocks, level) in script {
        for n in 0..*blocks {
            let mut emit = |p: &mut Outgoing<'_>| {
                sent.push(p.to_vec());
                // 5 to 20 ms on the way.
                coming.push((block + 1 + block % 2, p.to_vec()));
            };
            match level {
                None => tx.push(&[0x2A; 80], &mut emit),
                Some(level) => tx.silence(80, (n == 0).then_some(*level), &mut emit),
            }
            let now = Time::from_millis(block * 10);
            for (_, packet) in coming.extract_if(.., |(at, _)| *at <= block) {
                rx.receive(now, &packet);
            }
            let mut out = [0; 80];
            played.push(rx.play(now, &mut out));
            block += 1;
        }
    }
    (rx, played, sent)
}

#[test]
fn a_silence_that_is_announced_is_noise_of_its_level_and_neither_loss_nor_underrun() {
    let (rx, played, sent) =
        with_silences(&[(100, None), (200, Some(60)), (40, Some(50)), (100, None)]);
    let stats = rx.stats();
    assert_eq!(stats.jitter.underruns, 0);
    assert_eq!(stats.jitter.concealed, 0);
    assert_eq!(stats.sequence.lost(), 0);
    assert_eq!(stats.comfort_packets, 2);
    assert_eq!(stats.other_payload, 0);
    let comfort = |level| {
        let these = |p: &&Playout| **p == Playout::Comfort { level };
        played.iter().filter(these).count()
    };
    assert!(comfort(60).abs_diff(200) < 10, "{}", comfort(60));
    assert!(comfort(50).abs_diff(40) < 10, "{}", comfort(50));
    let voice = Playout::Samples(Codec::G711Alaw);
    let heard = played.iter().filter(|p| **p == voice).count();
    assert!(heard > 190, "{heard} of 200");
    // As RFC 3389 and RFC 3551 have it: type 13, no marker; the marker where talk begins; timestamps go on.
    let headers: Vec<Header> = sent
        .iter()
        .map(|p| Packet::parse(p).unwrap().header)
        .collect();
    let noise: Vec<usize> = (0..sent.len())
        .filter(|n| headers[*n].payload_type == 13)
        .collect();
    assert_eq!(noise, [50, 51]);
    let marked: Vec<usize> = (0..sent.len()).filter(|n| headers[*n].marker).collect();
    assert_eq!(marked, [0, 52]);
    assert_eq!(sent[50][HEADER_LEN..], [60]);
    let since = |n: usize| headers[n].timestamp.wrapping_sub(headers[0].timestamp);
    assert_eq!([since(50), since(51), since(52)], [8000, 24_000, 27_200]);
    let in_order = headers.windows(2);
    assert!(
        in_order
            .into_iter()
            .all(|w| w[1].sequence == w[0].sequence.wrapping_add(1))
    );
}

#[test]
fn what_is_missing_while_the_far_end_talks_is_made_up_also_after_a_silence() {
    let (mut rx, _, sent) = with_silences(&[(100, None), (50, Some(60)), (100, None)]);
    let last = Packet::parse(sent.last().unwrap()).unwrap().header;
    let mut out = [0; 80];
    let played: Vec<Playout> = (0..40)
        .map(|n| rx.play(Time::from_millis(2500 + n * 10), &mut out))
        .collect();
    assert!(played.contains(&Playout::Conceal), "{last:?}: {played:?}");
    assert!(!played.contains(&Playout::Comfort { level: 60 }));
    // A packet of the silence before, late by all of the talk since, changes nothing.
    let noise = sent.iter().find(|p| p[1] & 0x7F == 13).unwrap();
    assert_eq!(
        rx.receive(Time::from_millis(3000), noise),
        Received::Duplicate
    );
    let mut old = noise.clone();
    old[2..4].copy_from_slice(&last.sequence.wrapping_add(1).to_be_bytes());
    assert_eq!(rx.receive(Time::from_millis(3000), &old), Received::Comfort);
    assert_eq!(rx.play(Time::from_millis(3010), &mut out), Playout::Silence);
}

#[test]
fn an_empty_comfort_noise_packet_is_malformed() {
    let mut rx = receiver();
    let header = Header {
        marker: false,
        payload_type: 13,
        sequence: 1,
        timestamp: 1,
        ssrc: 1,
    };
    rx.receive(Time::ZERO, &header.to_bytes());
    assert_eq!((rx.stats().malformed, rx.stats().comfort_packets), (1, 0));
}
