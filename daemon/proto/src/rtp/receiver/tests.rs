use super::*;
use crate::rtp::{Sender, SenderConfig, SenderSeed};
use crate::types::Digit;
use proptest::prelude::*;

fn receiver() -> Receiver {
    Receiver::new(ReceiverConfig {
        jitter: JitterConfig {
            block: 80,
            min_ms: 10,
            max_ms: 100,
        },
        event_payload_type: Some(101),
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
                if let Received::Event(news) = rx.receive(now, packet) {
                    digits.extend(news.into_iter().flatten());
                }
            });
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
    packets[1][1] = 13;
    assert_eq!(rx.receive(now, &packets[1]), Received::OtherPayload(13));
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
    assert_eq!(rx.poll_event(Time::from_millis(100)), None);
    let off = NetworkDigit::Off {
        digit: Digit::from_char('9').unwrap(),
        duration: 160,
    };
    assert_eq!(rx.poll_event(Time::from_millis(150)), Some(off));
    assert_eq!(rx.poll_event(Time::from_millis(300)), None);
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
            rx.poll_event(now);
            let _ = rx.stats();
        }
    }
}
