use super::*;
use proptest::prelude::*;

/// A packet: ms, timestamp, code, end, duration.
type Report = (u64, u32, u8, bool, u16);

fn bytes(code: u8, end: bool, duration: u16) -> [u8; 4] {
    let event = EventPayload {
        code,
        end,
        volume: 10,
        duration,
    };
    event.to_bytes()
}

/// Plays blocks of 10 ms until all is played: what is heard, as (key, from ms, for ms).
fn heard(packets: &[(u64, u32, Vec<u8>)]) -> Vec<(char, u64, u64)> {
    let mut r = EventReceiver::default();
    let mut out = Vec::new();
    let mut waiting = packets.iter().peekable();
    let end = packets.last().map_or(0, |p| p.0) + 60_000;
    for ms in (0..end).step_by(10) {
        let now = Time::from_millis(ms);
        while let Some((_, timestamp, payload)) = waiting.next_if(|p| p.0 <= ms) {
            r.receive(now, *timestamp, payload);
        }
        match r.play(now, 80) {
            Some(NetworkDigit::On { digit, volume }) => {
                assert_eq!(volume, 10);
                out.push((digit.as_char(), ms, 0));
            }
            Some(NetworkDigit::Off { digit, .. }) => {
                let (key, from, length) = out.last_mut().expect("pressed before it is released");
                assert_eq!((*key, *length), (digit.as_char(), 0));
                *length = ms - *from;
            }
            None => {}
        }
    }
    assert!(!r.is_pressed());
    assert_eq!(r.dropped(), 0);
    out
}

fn run(reports: &[Report]) -> Vec<(char, u64, u64)> {
    let packets: Vec<_> = reports
        .iter()
        .map(|&(ms, timestamp, code, end, duration)| {
            (ms, timestamp, bytes(code, end, duration).to_vec())
        })
        .collect();
    heard(&packets)
}

/// A key of 100 ms whose packets come every 20 ms, its end three times.
fn key(ms: u64, timestamp: u32, code: u8) -> Vec<Report> {
    let report = |n: u16| {
        (
            ms + 20 * u64::from(n),
            timestamp,
            code,
            n >= 5,
            160 * n.min(5),
        )
    };
    (1..=7).map(report).collect()
}

fn keys(heard: &[(char, u64, u64)]) -> String {
    heard.iter().map(|(key, ..)| key).collect()
}

/// Each key at least that long, each pause at least 40 ms.
fn assert_played(heard: &[(char, u64, u64)], digits: &str, length: u64) {
    assert_eq!(keys(heard), digits, "{heard:?}");
    assert!(heard.iter().all(|(_, _, ms)| *ms >= length), "{heard:?}");
    for pair in heard.windows(2) {
        assert!(pair[1].1 >= pair[0].1 + pair[0].2 + 40, "{heard:?}");
    }
}

#[test]
fn a_key_is_played_from_its_first_packet_on_for_its_length() {
    assert_eq!(run(&key(0, 500, 5)), [('5', 20, 100)]);
}

#[test]
fn keys_that_come_in_one_burst_are_played_one_after_the_other() {
    let mut burst = Vec::new();
    for n in 0..10u8 {
        for report in key(0, 500 + 1600 * u32::from(n), n) {
            burst.push((100, report.1, report.2, report.3, report.4));
        }
    }
    assert_eq!(run(&burst)[..2], [('0', 100, 100), ('1', 250, 100)]);
    assert_played(&run(&burst), "0123456789", 100);
}

#[test]
fn ends_alone_are_keys_of_their_length() {
    let ends: Vec<Report> = (0..9)
        .map(|n: u8| {
            let key = u32::from(n / 3);
            (
                u64::from(key) * 300 + u64::from(n % 3) * 20,
                800 + key * 2400,
                1 + n / 3,
                true,
                800,
            )
        })
        .collect();
    assert_eq!(
        run(&ends),
        [('1', 0, 100), ('2', 300, 100), ('3', 600, 100)]
    );
}

#[test]
fn a_key_whose_ends_are_lost_ends_by_silence_or_with_the_next_one() {
    let next = [(0, 500, 5, false, 160), (100, 1300, 5, false, 160)];
    // The second by silence, 150 ms after its last packet.
    assert_eq!(run(&next), [('5', 0, 100), ('5', 150, 100)]);
    let silence = [(0, 500, 5, false, 160), (400, 4000, 6, true, 160)];
    assert_eq!(run(&silence), [('5', 0, 150), ('6', 400, 40)]);
}

#[test]
fn the_same_key_twice_is_two_keys_and_the_same_packet_twice_is_one() {
    let mut reports = key(0, 500, 7);
    reports.extend(key(200, 2100, 7));
    let twice: Vec<Report> = reports.iter().flat_map(|r| [*r, *r]).collect();
    assert_eq!(run(&twice), [('7', 20, 100), ('7', 220, 100)]);
    // Much later the ends of the first one come once more.
    let mut late = reports.clone();
    late.push((900, 500, 7, true, 800));
    assert_eq!(run(&late), [('7', 20, 100), ('7', 220, 100)]);
}

#[test]
fn packets_out_of_order_are_keys_in_the_order_of_their_timestamps() {
    let mut burst: Vec<Report> = (1..=4u8)
        .flat_map(|n| key(0, (u32::MAX - 2000).wrapping_add(1600 * u32::from(n)), n))
        .map(|(_, timestamp, code, end, duration)| (50, timestamp, code, end, duration))
        .collect();
    burst.reverse();
    assert_played(&run(&burst), "1234", 100);
    // One that is overtaken while the next one is played is not lost.
    let overtaken = [
        (0, 2000, 2, true, 800),
        (10, 400, 1, true, 800),
        (20, 3600, 3, true, 800),
    ];
    assert_played(&run(&overtaken), "213", 100);
    // But what is old is not heard of again.
    let old = [(0, 100_000, 2, true, 800), (10, 60_000, 1, true, 800)];
    assert_played(&run(&old), "2", 100);
}

#[test]
fn segments_of_a_long_press_are_one_key() {
    let segments = |last_of_first: u16| {
        [
            (0, 100, 9, false, 160),
            (100, 100, 9, false, last_of_first),
            (120, 100 + SEGMENT, 9, false, 160),
            (140, 100 + SEGMENT, 9, true, 320),
            (150, 100, 9, false, 160),
        ]
    };
    // Also when the very last packet of the first segment is lost.
    for last in [0xFFFF, 0xFF00] {
        let ms = u64::from((SEGMENT + 320).div_ceil(80)) * 10;
        assert_eq!(run(&segments(last)), [('9', 0, ms)]);
    }
}

#[test]
fn a_short_event_is_played_for_as_long_as_a_receiver_needs() {
    for duration in [0, 80, 319] {
        assert_eq!(run(&[(0, 7, 10, true, duration)]), [('*', 0, 40)]);
    }
}

#[test]
fn several_events_in_one_packet_are_all_played() {
    let payload = [
        bytes(1, true, 400),
        bytes(2, true, 480),
        bytes(11, true, 800),
    ]
    .concat();
    assert_played(&heard(&[(0, 900, payload)]), "12#", 50);
    let padded = [bytes(5, true, 400), [0; 4]].concat();
    assert_played(&heard(&[(0, 900, padded)]), "5", 50);
}

#[test]
fn another_sender_begins_with_any_timestamp() {
    let mut r = EventReceiver::default();
    let t = Time::from_millis(0);
    let mut reported = Vec::new();
    let play = |r: &mut EventReceiver, reported: &mut Vec<NetworkDigit>| {
        (0..40).for_each(|_| reported.extend(r.play(t, 80)));
    };
    r.receive(t, 5000, &bytes(1, true, 800));
    play(&mut r, &mut reported);
    r.restart();
    r.receive(t, 4000, &bytes(1, true, 800));
    r.receive(t, 4000, &bytes(1, true, 800));
    play(&mut r, &mut reported);
    assert_eq!(reported.len(), 4, "{reported:?}");
    // The sender is the same, but its clock is not.
    r.receive(
        t,
        4000u32.wrapping_sub(OLD_SAMPLES.unsigned_abs()),
        &bytes(1, true, 800),
    );
    play(&mut r, &mut reported);
    assert_eq!(reported.len(), 6, "{reported:?}");
}

#[test]
fn more_keys_than_there_is_room_for_are_counted() {
    let mut r = EventReceiver::default();
    for n in 0..40u32 {
        r.receive(
            Time::ZERO,
            100_000 + n * 100,
            &bytes((n % 10) as u8, true, 400),
        );
    }
    assert_eq!(r.dropped(), 40 - KEPT as u64);
    let mut reported = 0;
    (0..4000)
        .for_each(|n| reported += usize::from(r.play(Time::from_millis(n * 10), 80).is_some()));
    assert_eq!(reported, 2 * KEPT);
}

#[test]
fn other_events_and_short_payloads_are_nothing() {
    assert_eq!(run(&[(0, 1, 16, false, 160), (20, 1, 200, true, 160)]), []);
    assert_eq!(EventPayload::parse(&[1, 2, 3]), None);
    assert_eq!(heard(&[(0, 5, vec![1, 2, 3])]), []);
}

proptest! {
    #[test]
    fn presses_and_releases_alternate_and_end(
        packets in proptest::collection::vec((0u64..300, any::<u32>(), 0u8..20, any::<bool>(), any::<u16>()), 0..80)
    ) {
        let mut r = EventReceiver::default();
        let mut pressed = None;
        let mut at = 0;
        let mut blocks = 0;
        for packet in packets.into_iter().map(Some).chain([None]) {
            let until = match packet {
                Some((wait, timestamp, code, end, duration)) => {
                    at += wait;
                    r.receive(Time::from_millis(at), timestamp, &bytes(code, end, duration));
                    at / 10
                }
                // 32 of the longest that one packet can make, and one of many segments.
                None => blocks + 60 * 1000,
            };
            while blocks < until {
                blocks += 1;
                match (r.play(Time::from_millis(blocks * 10), 80), pressed) {
                    (None, _) => {}
                    (Some(NetworkDigit::On { digit, .. }), None) => pressed = Some(digit),
                    (Some(NetworkDigit::Off { digit, .. }), Some(which)) if digit == which => pressed = None,
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
        prop_assert!(pressed.is_none());
        prop_assert!(!r.is_pressed());
    }
}
