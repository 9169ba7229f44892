//! Named signalling events in the stream of the sound.

use super::*;
use crate::nse::Event;

#[test]
fn an_event_and_its_copies_come_between_the_sound_and_nothing_counts_as_lost() {
    let (mut tx, mut rx) = (sender(20), receiver());
    rx.expect_named_events(Some(100));
    let (mut heard, mut sound) = (vec![], 0);
    for block in 0u64..20 {
        let now = Time::from_millis(block * 10);
        if let 5 | 7 | 9 = block {
            let payload = Event::FaxRelay.to_bytes();
            tx.signal(100, payload, block == 5, |packet| {
                assert!(
                    rx.playable(packet).is_some(),
                    "the far end may be known by it"
                );
                heard.push(rx.receive(now, packet));
                assert_eq!(rx.receive(now, packet), Received::Duplicate);
            });
        }
        tx.push(&[block as u8 + 1; 80], |packet| {
            sound += usize::from(matches!(rx.receive(now, packet), Received::Audio(_)));
        });
    }
    let timestamp = (u32::MAX - 500).wrapping_add(5 * 80);
    let event = Received::NamedEvent {
        number: 200,
        timestamp,
    };
    assert_eq!((heard, sound), (vec![event; 3], 10));
    let stats = rx.stats();
    assert_eq!((stats.sequence.lost(), stats.other_payload), (0, 0));
    assert_eq!((stats.named_events, tx.stats().named_packets), (3, 3));
    assert_eq!(tx.stats().packets, 13);
}

#[test]
fn without_its_payload_type_or_with_a_number_of_a_key_it_is_another_payload() {
    let (mut tx, mut rx) = (sender(20), receiver());
    let mut send = |rx: &mut Receiver, payload| {
        let mut received = None;
        tx.signal(100, payload, true, |packet| {
            received = Some(rx.receive(Time::ZERO, packet));
        });
        received.unwrap()
    };
    let payload = Event::Ack.to_bytes();
    assert_eq!(send(&mut rx, payload), Received::OtherPayload(100));
    rx.expect_named_events(Some(100));
    assert_eq!(send(&mut rx, [5, 0, 0, 0]), Received::OtherPayload(100));
    assert!(matches!(
        send(&mut rx, payload),
        Received::NamedEvent { number: 201, .. }
    ));
    rx.expect_events(Some(100));
    assert_eq!(send(&mut rx, payload), Received::Event);
}
