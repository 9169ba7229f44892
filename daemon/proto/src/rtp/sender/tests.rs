use super::*;
use crate::rtp::{Packet, Redundant};

const SEED: SenderSeed = SenderSeed {
    sequence: 65_535,
    timestamp: 0xFFFF_FFB0, // 80 before the wrap
    ssrc: 9,
};

fn sender(ptime_ms: u8) -> Sender {
    let config = SenderConfig {
        payload_type: 0,
        ptime_ms,
        event_payload_type: Some(101),
    };
    Sender::new(SEED, config)
}

/// (type, marker, sequence, timestamp, payload length)
fn audio(bytes: &[u8]) -> (u8, bool, u16, u32, usize) {
    let p = Packet::parse(bytes).unwrap();
    let h = p.header;
    assert_eq!(h.ssrc, 9);
    (
        h.payload_type,
        h.marker,
        h.sequence,
        h.timestamp,
        p.payload.len(),
    )
}

/// (sequence, timestamp, marker, end, duration) of events; None for audio.
fn event(bytes: &[u8]) -> Option<(u16, u32, bool, bool, u16)> {
    let p = Packet::parse(bytes).unwrap();
    let h = p.header;
    let e = EventPayload::parse(p.payload)?;
    (h.payload_type == 101).then_some((h.sequence, h.timestamp, h.marker, e.end, e.duration))
}

#[test]
fn a_named_event_goes_between_packets_and_its_copies_have_its_timestamp() {
    let mut sender = sender(20);
    let mut sent = vec![];
    for block in 0..6 {
        sender.push(&[0xFF; 80], |p| sent.push(p.to_vec()));
        if block % 2 == 0 {
            let event = [200, 0, 0, 0];
            sender.signal(100, event, block == 0, |p| sent.push(p.to_vec()));
        }
    }
    let read: Vec<_> = sent.iter().map(|bytes| audio(bytes)).collect();
    // In the middle of the first packet, 80 samples on; the audio keeps its time, the sequence goes on over all.
    assert_eq!(read[0], (100, false, 65_535, 0, 4));
    assert_eq!(read[1], (0, true, 0, 0xFFFF_FFB0, 160));
    assert_eq!(read[2], (100, false, 1, 0, 4));
    assert_eq!(read[3], (0, false, 2, 80, 160));
    assert_eq!(read[4], (100, false, 3, 0, 4));
    assert_eq!(read[5], (0, false, 4, 240, 160));
    assert_eq!(sender.stats().named_packets, 3);
}

#[test]
fn blocks_are_collected_into_packets_and_numbers_wrap() {
    for (ptime, block) in [
        (10, 80),
        (20, 80),
        (30, 80),
        (10, 160),
        (20, 32),
        (30, 1000),
    ] {
        let mut s = sender(ptime);
        let mut got = Vec::new();
        let mut pushed = 0;
        while got.len() < 3 {
            s.push(&vec![0x55; block], |p| got.push(audio(p)));
            pushed += block;
        }
        let len = usize::from(ptime) * 8;
        let ts = |n: u32| 0xFFFF_FFB0u32.wrapping_add(n * len as u32);
        assert_eq!(
            got[..3],
            [
                (0, true, 65_535, ts(0), len),
                (0, false, 0, ts(1), len),
                (0, false, 1, ts(2), len)
            ],
            "ptime {ptime}, block {block}"
        );
        assert_eq!(got.len(), pushed / len);
    }
}

#[test]
fn timestamps_go_on_through_a_pause_and_the_marker_returns() {
    let mut s = sender(20);
    let mut got = Vec::new();
    for _ in 0..3 {
        s.push(&[1; 80], |p| got.push(audio(p)));
    }
    s.pause(800); // the third block, half a packet, is dropped but its time is not
    for _ in 0..4 {
        s.push(&[1; 80], |p| got.push(audio(p)));
    }
    let ts = |n: u32| 0xFFFF_FFB0u32.wrapping_add(n);
    assert_eq!(
        got,
        [
            (0, true, 65_535, ts(0), 160),
            (0, true, 0, ts(240 + 800), 160),
            (0, false, 1, ts(240 + 800 + 160), 160)
        ]
    );
    assert_eq!(s.stats().octets, 480);
}

#[test]
fn a_packet_begins_earlier_only_where_nothing_was_sent() {
    let ts = |n: u32| 0xFFFF_FFB0u32.wrapping_add(n);
    let mut s = sender(20);
    let mut got = Vec::new();
    let mut push = |s: &mut Sender, code: u8| {
        let before = got.len();
        s.push(&[code; 80], |p| {
            got.push((audio(p).3, Packet::parse(p).unwrap().payload.to_vec()));
        });
        got.get(before).cloned()
    };
    let with_silence = |code: u8| [[0xFF; 80], [code; 80]].concat();
    // At the beginning there is all the time that is wanted; sound keeps the timestamp that it has.
    s.begin_earlier(80, 0xFF);
    assert_eq!(
        push(&mut s, 1),
        Some((ts(0).wrapping_sub(80), with_silence(1)))
    );
    // Right after a packet there is none.
    s.begin_earlier(80, 0xFF);
    assert_eq!(push(&mut s, 2), None);
    // Nor in a packet that has begun.
    s.begin_earlier(80, 0xFF);
    assert_eq!(push(&mut s, 3), Some((ts(80), [[2; 80], [3; 80]].concat())));
    // After a pause there is as much as that was, and what was begun early and dropped gives its time back.
    s.pause(40);
    s.begin_earlier(80, 0xFF);
    assert_eq!(s.position(), ts(280));
    s.pause(40);
    s.begin_earlier(80, 0xFF);
    assert_eq!(push(&mut s, 4), Some((ts(240), with_silence(4))));
    // A comfort noise packet has its place too.
    s.silence(80, Some(60), |_| {});
    s.begin_earlier(80, 0xFF);
    assert_eq!(push(&mut s, 5), None);
    assert_eq!(
        push(&mut s, 6),
        Some((ts(480), [[5; 80], [6; 80]].concat()))
    );
}

#[test]
fn an_event_freezes_its_timestamp_and_ends_three_times() {
    let mut s = sender(20);
    let mut events = Vec::new();
    let mut push = |s: &mut Sender, blocks: usize| {
        for _ in 0..blocks {
            s.push(&[1; 80], |p| events.push(event(p)));
        }
    };
    push(&mut s, 2);
    assert!(s.press(Digit::from_char('7').unwrap(), 10, |_| panic!(
        "nothing is left over"
    )));
    push(&mut s, 5);
    s.release();
    push(&mut s, 9);
    let t = 0xFFFF_FFB0u32.wrapping_add(160);
    assert_eq!(
        events,
        [
            None,
            Some((0, t, true, false, 160)),
            Some((1, t, false, false, 320)),
            Some((2, t, false, true, 400)),
            Some((3, t, false, true, 400)),
            Some((4, t, false, true, 400)),
            None,
            None,
        ]
    );
    assert!(!s.in_event());
    assert_eq!(s.stats().event_packets, 5);
}

#[test]
fn audio_after_an_event_is_in_time_and_marked() {
    let mut s = sender(10);
    let mut got = Vec::new();
    s.press(Digit::from_char('1').unwrap(), 10, |_| ());
    s.push(&[1; 80], |p| got.push(audio(p)));
    s.release();
    for _ in 0..5 {
        s.push(&[1; 80], |p| got.push(audio(p)));
    }
    let t = |n: u32| 0xFFFF_FFB0u32.wrapping_add(n * 80);
    assert_eq!(got[0], (101, true, 65_535, t(0), 4));
    assert_eq!(got[4..], [(0, true, 3, t(4), 80), (0, false, 4, t(5), 80)]);
}

#[test]
fn a_digit_shorter_than_a_packet_is_still_announced_before_its_end() {
    let mut s = sender(20);
    let mut events = Vec::new();
    s.press(Digit::from_char('#').unwrap(), 10, |_| ());
    s.release();
    for _ in 0..8 {
        s.push(&[1; 80], |p| events.push(event(p)));
    }
    let t = 0xFFFF_FFB0;
    assert_eq!(
        events,
        [
            Some((65_535, t, true, false, 160)),
            Some((0, t, false, true, 160)),
            Some((1, t, false, true, 160)),
            Some((2, t, false, true, 160)),
        ]
    );
}

#[test]
fn a_second_digit_flushes_the_ends_of_the_first() {
    let mut s = sender(20);
    let mut events = Vec::new();
    s.press(Digit::from_char('1').unwrap(), 10, |_| ());
    s.push(&[1; 160], |p| events.push(event(p)));
    s.press(Digit::from_char('2').unwrap(), 10, |p| {
        events.push(event(p));
    });
    s.push(&[1; 160], |p| events.push(event(p)));
    let (t1, t2) = (0xFFFF_FFB0, 80);
    assert_eq!(
        events,
        [
            Some((65_535, t1, true, false, 160)),
            Some((0, t1, false, true, 160)),
            Some((1, t1, false, true, 160)),
            Some((2, t1, false, true, 160)),
            Some((3, t2, true, false, 160)),
        ]
    );
}

#[test]
fn a_press_longer_than_the_field_is_sent_in_segments() {
    let mut s = sender(20);
    let mut events = Vec::new();
    s.press(Digit::from_char('0').unwrap(), 10, |_| ());
    for _ in 0..411 {
        s.push(&[1; 160], |p| events.push(event(p).unwrap()));
    }
    let (t1, t2) = (0xFFFF_FFB0u32, 0xFFFF_FFB0u32.wrapping_add(0xFFFF));
    let tail: Vec<_> = events[events.len() - 4..]
        .iter()
        .map(|e| (e.1, e.2, e.3, e.4))
        .collect();
    assert_eq!(
        tail,
        [
            (t1, false, false, 65_440),
            (t1, false, false, 0xFFFF),
            (t2, false, false, 65),
            (t2, false, false, 225),
        ]
    );
}

#[test]
fn without_an_event_payload_type_there_are_no_events() {
    let mut s = sender(20);
    s.configure(SenderConfig {
        payload_type: 8,
        ptime_ms: 20,
        event_payload_type: None,
    });
    assert!(!s.press(Digit::from_char('1').unwrap(), 10, |_| ()));
    let mut got = Vec::new();
    s.push(&[1; 160], |p| got.push(audio(p).0));
    assert_eq!(got, [8]);
}

#[test]
fn a_senseless_ptime_is_held_to_what_fits() {
    for ptime in [0, 255] {
        let mut s = sender(ptime);
        let mut lens = Vec::new();
        s.push(&[1; 480], |p| lens.push(audio(p).4));
        assert_eq!(lens.iter().sum::<usize>(), 480, "ptime {ptime}");
    }
}

#[test]
fn earlier_packets_go_out_again_with_later_ones() {
    let mut s = sender(20);
    s.set_redundancy(Some(Redundancy {
        payload_type: 90,
        depth: 2,
    }));
    let mut got = Vec::new();
    for n in 1..=4u8 {
        s.push(&[n; 160], |p| got.push(p.to_vec()));
    }
    let reported: Vec<_> = got
        .iter()
        .map(|bytes| {
            let packet = Packet::parse(bytes).unwrap();
            let parsed = Redundant::parse(packet.payload).unwrap();
            assert_eq!(parsed.newest.payload, [parsed.newest.payload[0]; 160]);
            let earlier = parsed
                .earlier()
                .map(|b| (b.payload_type, b.back, b.payload[0], b.payload.len()))
                .collect::<Vec<_>>();
            let header = packet.header;
            (
                header.payload_type,
                header.sequence,
                earlier,
                parsed.newest.payload[0],
            )
        })
        .collect();
    assert_eq!(
        reported,
        [
            (90, 65_535, vec![], 1),
            (90, 0, vec![(0, 160, 1, 160)], 2),
            (90, 1, vec![(0, 320, 1, 160), (0, 160, 2, 160)], 3),
            (90, 2, vec![(0, 320, 2, 160), (0, 160, 3, 160)], 4),
        ]
    );
    let stats = s.stats();
    let octets = 4 * 161 + 5 * 164;
    assert_eq!(
        (stats.packets, stats.redundant_packets, stats.octets),
        (4, 4, octets)
    );
}

#[test]
fn what_was_before_a_pause_an_event_or_a_change_is_not_sent_again() {
    let red = Redundancy {
        payload_type: 90,
        depth: 1,
    };
    let earlier_after = |between: &dyn Fn(&mut Sender)| {
        let mut s = sender(20);
        s.set_redundancy(Some(red));
        s.push(&[1; 160], |_| ());
        between(&mut s);
        let mut earlier = None;
        while earlier.is_none() {
            s.push(&[2; 160], |p| {
                let packet = Packet::parse(p).unwrap();
                if packet.header.payload_type == 90 {
                    earlier = Some(Redundant::parse(packet.payload).unwrap().earlier().count());
                }
            });
        }
        earlier.unwrap()
    };
    assert_eq!(earlier_after(&|_| ()), 1);
    assert_eq!(earlier_after(&|s| s.pause(80)), 0);
    assert_eq!(
        earlier_after(&|s| {
            s.press(Digit::from_char('1').unwrap(), 10, |_| ());
            s.push(&[1; 160], |_| ());
            s.release();
        }),
        0
    );
    assert_eq!(
        earlier_after(&|s| {
            let config = s.config();
            s.configure(SenderConfig {
                payload_type: 8,
                ..config
            });
        }),
        0
    );
}

#[test]
fn without_redundancy_a_packet_is_as_it_always_was() {
    let mut s = sender(20);
    s.set_redundancy(Some(Redundancy {
        payload_type: 90,
        depth: 0,
    }));
    let mut got = Vec::new();
    s.push(&[1; 160], |p| got.push(audio(p)));
    assert_eq!(got, [(0, true, 65_535, 0xFFFF_FFB0, 160)]);
}

#[test]
fn the_longest_packets_with_their_past_fit_an_ethernet_frame() {
    let mut s = sender(60);
    s.set_redundancy(Some(Redundancy {
        payload_type: 90,
        depth: 255,
    }));
    let mut longest = 0;
    for _ in 0..4 {
        s.push(&[1; 480], |p| longest = longest.max(p.len()));
    }
    assert_eq!(longest, HEADER_LEN + 2 * 4 + 1 + 3 * 480);
    assert!(longest <= 1472);
}

#[test]
fn a_marker_that_would_make_a_packet_look_like_rtcp_is_left_out() {
    for (payload_type, marker) in [(90, false), (95, false), (97, true)] {
        let mut s = sender(20);
        s.set_redundancy(Some(Redundancy {
            payload_type,
            depth: 1,
        }));
        let mut got = Vec::new();
        s.push(&[1; 160], |p| got.push(audio(p)));
        assert_eq!((got[0].0, got[0].1), (payload_type, marker));
    }
}

#[test]
fn redundancy_never_has_the_payload_type_of_events() {
    let mut s = sender(20);
    s.set_redundancy(Some(Redundancy {
        payload_type: 101,
        depth: 2,
    }));
    let mut got = Vec::new();
    s.push(&[1; 480], |p| got.push(audio(p)));
    assert!(got.iter().all(|p| (p.0, p.4) == (0, 160)), "{got:?}");
    assert_eq!((got.len(), s.stats().redundant_packets), (3, 0));
    // With another type for the events it can be used after all.
    let config = SenderConfig {
        event_payload_type: Some(100),
        ..s.config()
    };
    s.configure(config);
    s.push(&[1; 160], |p| got.push(audio(p)));
    assert_eq!((got[3].0, s.stats().redundant_packets), (101, 1));
}

#[test]
fn every_kind_of_packet_has_room_behind_it_and_what_is_done_to_one_is_gone_in_the_next() {
    let mut s = sender(20);
    let mut kinds = vec![];
    let mut protect = |p: &mut Outgoing<'_>| {
        kinds.push((p[1] & 0x7F, p[HEADER_LEN]));
        p.bytes_mut().fill(0xEE);
        assert!(p.append(&[0xEE; TRAILER]));
    };
    s.push(&[1; 320], &mut protect);
    s.silence(80, Some(60), &mut protect);
    s.press(Digit::from_char('5').unwrap(), 10, &mut protect);
    s.push(&[1; 160], &mut protect);
    s.pause(160);
    s.set_redundancy(Some(Redundancy {
        payload_type: 90,
        depth: 2,
    }));
    s.push(&[2; 480], &mut protect);
    let wide = 0x80; // the first header of an earlier block
    assert_eq!(kinds[..4], [(0, 1), (0, 1), (13, 60), (101, 5)]);
    assert_eq!(kinds[4..], [(90, 0), (90, wide), (90, wide)]);
}
