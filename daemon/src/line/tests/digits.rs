//! Digits that the far end sends as telephone-events, as the line gets them.

use super::*;

/// Event packets of a key of 100 ms: its number, and what its three ends look like.
fn event(sequence: u16, timestamp: u32, payload_type: u8, code: u8, end: bool, ms: u16) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type];
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend([0, 0, 0, 5]);
    let event = EventPayload {
        code,
        end,
        volume: 10,
        duration: ms * 8,
    };
    packet.extend(event.to_bytes());
    packet
}

/// Blocks with a tone, and the pauses between: lengths in blocks.
fn bursts(rig: &Rig) -> Vec<(bool, usize)> {
    let loud = |b: &[u8; BLOCK]| b.iter().any(|s| (!s & 0x7F) > 0x40);
    let mut out: Vec<(bool, usize)> = Vec::new();
    for block in rig.written() {
        match out.last_mut() {
            Some((was, count)) if *was == loud(&block) => *count += 1,
            _ => out.push((loud(&block), 1)),
        }
    }
    out
}

/// Three keys of 100 ms and a block in which the tone dies away, and pauses that a receiver needs.
fn assert_heard(bursts: &[(bool, usize)]) {
    let lengths: Vec<usize> = bursts.iter().filter(|b| b.0).map(|b| b.1).collect();
    assert_eq!(lengths, [11; 3], "{bursts:?}");
    assert!(bursts[1..].iter().all(|b| b.1 >= 4), "{bursts:?}");
}

fn keys(rig: &mut Rig) -> String {
    let reports = rig.reports().into_iter();
    let digits = reports.filter_map(|r| match r {
        LineReport::NetworkDigit {
            digit: NetworkDigit::On { digit, .. },
            ..
        } => Some(digit.as_char()),
        _ => None,
    });
    digits.collect()
}

#[test]
fn keys_in_one_burst_are_heard_one_by_one_for_their_length() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(Some(101));
    rig.run(1);
    let mut sequence = 0;
    for key in 1..=3u8 {
        for n in 1..=7u16 {
            let timestamp = u32::from(key) * 1600;
            let packet = event(sequence, timestamp, 101, key, n >= 5, 20 * n.min(5));
            rig.far.send_to(&packet, local).unwrap();
            sequence += 1;
        }
        // As many as a block takes.
        rig.run(1);
    }
    rig.run(60);
    assert_heard(&bursts(&rig));
    assert_eq!(keys(&mut rig), "123");
}

#[test]
fn keys_of_which_only_ends_arrive_are_heard_for_their_length() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(Some(101));
    rig.run(1);
    for n in 0..9u16 {
        let (key, timestamp) = ((n / 3) as u8, u32::from(n / 3) * 1280);
        let packet = event(n, timestamp, 101, 1 + key, true, 100);
        rig.far.send_to(&packet, local).unwrap();
        rig.run(if n % 3 == 2 { 12 } else { 2 });
    }
    assert_heard(&bursts(&rig));
    assert_eq!(keys(&mut rig), "123");
}

#[test]
fn events_come_with_the_type_that_open_receive_channel_named() {
    for (open_receive, start_media, comes) in [
        (Some(101), Some(96), 101),
        (Some(101), None, 101),
        (None, Some(96), 96),
    ] {
        let mut rig = rig(Vec::new(), LineConfig::default());
        let media = open(&SessionConfig {
            event_payload_type: open_receive,
            ..session_config(A)
        });
        let local = rig.talk_in(media, start_media);
        rig.run(1);
        for n in 0..8u16 {
            let packet = event(n, 7, comes, 5, n == 7, 20 * (n + 1));
            rig.far.send_to(&packet, local).unwrap();
            rig.run(2);
        }
        rig.run(10);
        let what = format!("{open_receive:?} {start_media:?}");
        assert_eq!(keys(&mut rig), "5", "{what}");
        assert_eq!(rig.counter("rx_other_payload"), 0, "{what}");
    }
}
