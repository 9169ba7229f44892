//! Sources that restart with something else than sound.

use super::*;

/// A packet of a source.
fn packet(payload_type: u8, ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc,
    };
    let mut packet = header.to_bytes().to_vec();
    packet.extend(payload);
    packet
}

const BEFORE: u32 = 1_000_000;

/// A receiver that has played a second of one source, and the time.
fn listening() -> (Receiver, Time) {
    let mut rx = receiver();
    for n in 0..50u8 {
        let now = Time::from_millis(u64::from(n) * 20);
        let timestamp = BEFORE + u32::from(n) * 160;
        rx.receive(now, &numbered(1, n.into(), timestamp, 1));
        rx.play(now, &mut [0; 80]);
        rx.play(now + Duration::from_millis(10), &mut [0; 80]);
    }
    (rx, Time::from_millis(1000))
}

#[test]
fn a_new_source_is_followed_whatever_its_first_packet_is() {
    let event = crate::rtp::EventPayload {
        code: 5,
        end: false,
        volume: 10,
        duration: 160,
    }
    .to_bytes();
    // Telephone-event, comfort noise with a level and without one, a type that is not ours, and nothing of these.
    let firsts: [(u8, &[u8]); 6] = [
        (101, &event),
        (13, &[60]),
        (13, &[]),
        (18, &[0; 20]),
        (0, &[]),
        (0, &[9; 160]),
    ];
    for (kind, payload) in firsts {
        // Behind the time of the source before, a little and much, and far ahead.
        for begins in [BEFORE, BEFORE - 100_000, BEFORE + 4_000_000] {
            let (mut rx, mut now) = listening();
            rx.receive(now, &packet(kind, 2, 7, begins, payload));
            let mut heard = 0;
            for n in 1..20u8 {
                let timestamp = begins + u32::from(n) * 160;
                let received = rx.receive(now, &numbered(2, 7 + u16::from(n), timestamp, 9));
                assert_eq!(
                    received,
                    Received::Audio(Insert::Taken),
                    "{kind}, from {begins}: {n}"
                );
                for _ in 0..2 {
                    let mut out = [0; 80];
                    let played = rx.play(now, &mut out);
                    heard += usize::from(matches!(played, Playout::Samples(_)) && out == [9; 80]);
                    now = now + Duration::from_millis(10);
                }
            }
            assert!(heard >= 34, "{kind}, from {begins}: {heard} of 38");
            let stats = rx.stats();
            assert_eq!(
                (stats.sequence.restarts, stats.jitter.resyncs),
                (1, 1),
                "{kind}, from {begins}"
            );
        }
    }
}

#[test]
fn a_new_sources_silence_is_none_on_the_time_of_the_source_before() {
    let (mut rx, now) = listening();
    let next = rx.next_timestamp().unwrap();
    rx.receive(now, &packet(13, 2, 7, next + 800, &[60]));
    // Another one of it, and what it says to have sent before.
    let mut wide = (1u32 << 31 | 80 << 10 | 80).to_be_bytes().to_vec();
    wide.push(13);
    wide.extend([9; 80]);
    wide.push(60);
    rx.receive(now, &packet(90, 2, 8, next + 1600, &wide));
    assert_eq!(
        (rx.stats().comfort_packets, rx.stats().jitter.recovered),
        (2, 0)
    );
    let played: Vec<_> = (0..100).map(|_| rx.play(now, &mut [0; 80])).collect();
    let noise = |p: &Playout| matches!(p, Playout::Comfort { .. });
    assert!(!played.iter().any(noise), "{played:?}");
}
