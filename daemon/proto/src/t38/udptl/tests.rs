//! Sender, wire and receiver together, time moved by hand.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::t38::ifp::{MAX_IFP, Version, encode};
use crate::time::Time;
use crate::types::t38::{Carrier, Fast, FieldKind, Ifp, Indicator};

const WAIT: Duration = Duration::from_millis(300);

fn receiver() -> Receiver {
    Receiver::new(ReceiverConfig {
        version: Version::V0,
        max_wait: WAIT,
    })
}

fn sender(low: u8, high: u8) -> Sender {
    Sender::new(SenderConfig {
        redundancy: Redundancy { low, high },
        ..SenderConfig::default()
    })
}

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn data(carrier: Carrier, kind: FieldKind, octets: &[u8]) -> Ifp {
    let mut ifp = Ifp::data(carrier);
    ifp.push(kind, octets).unwrap();
    ifp
}

/// A packet of a page that no other is like.
fn page(n: u32) -> Ifp {
    let mut octets = [0xA5; 36];
    octets[..4].copy_from_slice(&n.to_be_bytes());
    data(Carrier::Fast(Fast::V29At9600), FieldKind::T4Data, &octets)
}

fn raw(ifp: &Ifp) -> Vec<u8> {
    let mut out = [0; MAX_IFP];
    let length = encode(ifp, Version::V0, &mut out).unwrap();
    out[..length].to_vec()
}

fn sent(sender: &mut Sender, ifp: &Ifp) -> Vec<Vec<u8>> {
    let mut out = vec![];
    sender.send(ifp, |d| out.push(d.to_vec())).unwrap();
    while sender.repeat(|d| out.push(d.to_vec())) {}
    out
}

/// A datagram as a far end with its own ideas sends it.
fn datagram(sequence: u16, ifp: &Ifp, copies: &[&Ifp]) -> Vec<u8> {
    let mut out = sequence.to_be_bytes().to_vec();
    let open = |octets: Vec<u8>, out: &mut Vec<u8>| {
        out.push(octets.len() as u8);
        out.extend(octets);
    };
    open(raw(ifp), &mut out);
    out.extend([0, copies.len() as u8]);
    for copy in copies {
        open(raw(copy), &mut out);
    }
    out
}

/// The datagram with parity that belongs to the last of these packets.
fn with_parity(packets: &[Ifp], first: u16, span: usize, entries: usize) -> Vec<u8> {
    let last = packets.len() - 1;
    let mut out = first.wrapping_add(last as u16).to_be_bytes().to_vec();
    let primary = raw(&packets[last]);
    out.push(primary.len() as u8);
    out.extend(primary);
    let groups: Vec<Vec<u8>> = (0..entries)
        .filter_map(|m| {
            let begin = (last + m).checked_sub(span * entries)?;
            let mut parity = vec![];
            for k in 0..span {
                let octets = raw(&packets[begin + k * entries]);
                parity.resize(parity.len().max(octets.len()), 0);
                parity.iter_mut().zip(octets).for_each(|(a, b)| *a ^= b);
            }
            Some(parity)
        })
        .collect();
    out.extend([0x80, 1, span as u8, groups.len() as u8]);
    for parity in groups {
        out.push(parity.len() as u8);
        out.extend(parity);
    }
    out
}

/// All that goes on now: packets of a page by their number, what is missing as a negative number.
fn pages(receiver: &mut Receiver, now: Time) -> Vec<i64> {
    let mut out = vec![];
    while let Some(item) = receiver.next(now) {
        out.push(match item {
            Item::Missing(n) => -i64::from(n),
            Item::Received(ifp) => {
                let field = ifp.fields().next().unwrap();
                let number = u32::from_be_bytes(*field.octets.first_chunk().unwrap());
                assert_eq!(ifp, page(number));
                i64::from(number)
            }
        });
    }
    out
}

#[test]
fn indicators_and_ends_go_three_times_under_one_number_and_data_once() {
    let mut sender = sender(0, 0);
    let end = FieldKind::HdlcFcsOkSigEnd;
    let table = [
        (Ifp::indicator(Indicator::V21Preamble), 3),
        (data(Carrier::V21, FieldKind::HdlcData, &[0xFF]), 1),
        (data(Carrier::V21, end, &[]), 3),
        (page(1), 1),
        (
            data(Carrier::Fast(Fast::V29At9600), FieldKind::T4SigEnd, &[7]),
            3,
        ),
    ];
    for (n, (ifp, times)) in table.iter().enumerate() {
        let all = sent(&mut sender, ifp);
        assert_eq!(all, vec![datagram(n as u16, ifp, &[]); *times]);
    }
    assert_eq!(sender.sent().packets, 5);
    assert_eq!(sender.sent().datagrams, 11);
}

#[test]
fn repeats_go_before_the_next_packet() {
    let mut sender = sender(0, 0);
    let mut out = vec![];
    let preamble = Ifp::indicator(Indicator::V21Preamble);
    sender.send(&preamble, |d| out.push(d.to_vec())).unwrap();
    assert!(sender.repeat(|d| out.push(d.to_vec())));
    sender.send(&page(1), |d| out.push(d.to_vec())).unwrap();
    assert!(!sender.repeat(|_| panic!()));
    let first = datagram(0, &preamble, &[]);
    assert_eq!(
        out,
        [
            first.clone(),
            first.clone(),
            first,
            datagram(1, &page(1), &[])
        ]
    );
}

#[test]
fn low_and_high_speed_have_their_own_number_of_copies() {
    let mut sender = sender(2, 1);
    let preamble = Ifp::indicator(Indicator::V21Preamble);
    let frame = data(Carrier::V21, FieldKind::HdlcData, &[0xFF]);
    sent(&mut sender, &preamble);
    sent(&mut sender, &frame);
    assert_eq!(
        sent(&mut sender, &frame),
        [datagram(2, &frame, &[&frame, &preamble])]
    );
    assert_eq!(
        sent(&mut sender, &page(1)),
        [datagram(3, &page(1), &[&frame])]
    );
}

#[test]
fn copies_stay_behind_where_the_far_end_has_no_room() {
    let mut sender = Sender::new(SenderConfig {
        redundancy: Redundancy { low: 3, high: 3 },
        max_datagram: 90,
        ..SenderConfig::default()
    });
    let mut all = vec![];
    for n in 0..5 {
        all.extend(sent(&mut sender, &page(n)));
    }
    // 41 octets each, 42 with its length, and 4 that are always there.
    assert!(all.iter().all(|d| d.len() <= 90), "{all:?}");
    assert_eq!(all[4], datagram(4, &page(4), &[&page(3)]));
    assert_eq!(sender.sent().copies_left_out, 1 + 2 + 2);
    let long = data(Carrier::V21, FieldKind::HdlcData, &[0; 90]);
    let error = sender.send(&long, |_| panic!()).unwrap_err();
    assert_eq!(
        error,
        SendError::TooLong {
            needed: 100,
            limit: 90
        }
    );
    // No number was used.
    assert_eq!(
        sent(&mut sender, &page(5)),
        [datagram(5, &page(5), &[&page(4)])]
    );
}

#[test]
fn the_next_packet_goes_on_at_once_and_a_missing_one_is_waited_for() {
    let mut receiver = receiver();
    let take = |receiver: &mut Receiver, ms, n: u16| {
        let datagram = datagram(n, &page(n.into()), &[]);
        receiver.receive(at(ms), &datagram).unwrap();
        pages(receiver, at(ms))
    };
    assert_eq!(take(&mut receiver, 0, 0), [0]);
    assert_eq!(take(&mut receiver, 40, 2), Vec::<i64>::new());
    assert_eq!(take(&mut receiver, 50, 1), [1, 2]);
    assert_eq!(take(&mut receiver, 80, 5), Vec::<i64>::new());
    assert_eq!(receiver.deadline(), Some(at(80) + WAIT));
    assert_eq!(take(&mut receiver, 120, 6), Vec::<i64>::new());
    assert_eq!(pages(&mut receiver, at(379)), Vec::<i64>::new());
    assert_eq!(pages(&mut receiver, at(380)), [-2, 5, 6]);
    assert_eq!(take(&mut receiver, 390, 3), Vec::<i64>::new());
    let counters = receiver.counters();
    assert_eq!(
        (counters.lost, counters.late, counters.reordered),
        (2, 1, 1)
    );
    assert_eq!(receiver.deadline(), None);
}

#[test]
fn copies_fill_what_is_missing_at_once() {
    let mut receiver = receiver();
    let (mut sender, mut went) = (sender(3, 3), vec![]);
    for n in 0..20 {
        let datagrams = sent(&mut sender, &page(n));
        // Three of four are lost.
        if n % 4 == 3 {
            receiver
                .receive(at(40 * u64::from(n)), &datagrams[0])
                .unwrap();
            went.extend(pages(&mut receiver, at(40 * u64::from(n))));
        }
    }
    assert_eq!(went, (0..20).collect::<Vec<_>>());
    let counters = receiver.counters();
    assert_eq!((counters.lost, counters.recovered_by_copies), (0, 15));
}

#[test]
fn parity_of_any_span_wins_one_packet_of_each_group_back() {
    for (span, entries) in [(2, 1), (3, 2), (5, 3), (7, 1), (1, 3)] {
        let mut receiver = receiver();
        let packets: Vec<Ifp> = (0..60).map(page).collect();
        let mut went = vec![];
        for n in 0..60usize {
            // A run of as many packets as there are groups, once in a while.
            let lost = n % (span * entries + entries + 1) < entries && n >= span * entries;
            if !lost {
                let datagram = with_parity(&packets[..=n], 0, span, entries);
                receiver.receive(at(40 * n as u64), &datagram).unwrap();
                went.extend(pages(&mut receiver, at(40 * n as u64)));
            }
        }
        let last = *went.last().unwrap();
        assert_eq!(went, (0..=last).collect::<Vec<_>>(), "{span} {entries}");
        assert!(receiver.counters().recovered_by_parity > 5);
        assert_eq!(receiver.counters().lost, 0);
    }
}

#[test]
fn parity_waits_for_a_packet_that_comes_late() {
    let mut receiver = receiver();
    let packets: Vec<Ifp> = (0..8).map(page).collect();
    let parity = |n: usize| with_parity(&packets[..=n], 0, 3, 1);
    for n in [0, 1] {
        receiver.receive(at(40 * n as u64), &parity(n)).unwrap();
    }
    // 2 and 3 are away; 4 covers 1, 2, 3.
    receiver.receive(at(160), &parity(4)).unwrap();
    assert_eq!(pages(&mut receiver, at(160)), [0, 1]);
    receiver
        .receive(at(170), &datagram(3, &packets[3], &[]))
        .unwrap();
    assert_eq!(pages(&mut receiver, at(170)), [2, 3, 4]);
    assert_eq!(receiver.counters().recovered_by_parity, 1);
}

#[test]
fn shorter_packets_and_indicators_come_back_from_parity_too() {
    let mut receiver = receiver();
    let end = data(Carrier::V21, FieldKind::HdlcFcsOkSigEnd, &[]);
    let packets = [page(0), Ifp::indicator(Indicator::NoSignal), end, page(3)];
    for n in [0, 2] {
        let datagram = with_parity(&packets[..=n], 0, 2, 1);
        receiver.receive(at(0), &datagram).unwrap();
    }
    receiver
        .receive(at(0), &with_parity(&packets, 0, 2, 1))
        .unwrap();
    let mut went = vec![];
    while let Some(Item::Received(ifp)) = receiver.next(at(0)) {
        went.push(ifp);
    }
    assert_eq!(went, packets);
}

#[test]
fn copies_and_parity_may_be_mixed() {
    let mut receiver = receiver();
    let packets: Vec<Ifp> = (0..9).map(page).collect();
    for n in [0, 1, 2] {
        receiver
            .receive(at(0), &with_parity(&packets[..=n], 0, 3, 1))
            .unwrap();
    }
    // 3, 4 and 5 are lost: 5 comes back by copy, 4 is lost for parity as long as 3 is.
    receiver
        .receive(at(0), &datagram(6, &page(6), &[&page(5), &page(4)]))
        .unwrap();
    assert_eq!(pages(&mut receiver, at(0)), [0, 1, 2]);
    receiver
        .receive(at(0), &with_parity(&packets[..=7], 0, 5, 1))
        .unwrap();
    assert_eq!(pages(&mut receiver, at(0)), [3, 4, 5, 6, 7]);
    let counters = receiver.counters();
    assert_eq!(
        (counters.recovered_by_copies, counters.recovered_by_parity),
        (2, 1)
    );
}

#[test]
fn numbers_go_round_to_zero_and_with_some_far_ends_to_one() {
    for (after, copies) in [(0u16, 0), (0, 2), (1, 0), (1, 2)] {
        let mut receiver = receiver();
        let mut sequence = 0xFFFCu16;
        let mut went = vec![];
        for n in 0..12u32 {
            let before: Vec<Ifp> = (1..=copies)
                .filter_map(|k| n.checked_sub(k))
                .map(page)
                .collect();
            let before: Vec<&Ifp> = before.iter().collect();
            let now = at(40 * u64::from(n));
            // With copies the first two behind the turn are lost.
            if copies == 0 || ![4, 5].contains(&n) {
                receiver
                    .receive(now, &datagram(sequence, &page(n), &before))
                    .unwrap();
            }
            went.extend(pages(&mut receiver, now));
            sequence = if sequence == 0xFFFF {
                after
            } else {
                sequence + 1
            };
        }
        went.extend(pages(&mut receiver, at(2_000)));
        assert_eq!(
            went,
            (0..12).collect::<Vec<_>>(),
            "to {after}, {copies} copies"
        );
        assert_eq!(receiver.counters().lost, 0, "to {after}, {copies} copies");
    }
}

#[test]
fn a_huge_step_is_a_restart_when_another_follows_or_nothing_else_comes() {
    let mut receiver = receiver();
    let mut take = |ms, sequence, n| {
        let result = receiver.receive(at(ms), &datagram(sequence, &page(n), &[]));
        result.unwrap();
        pages(&mut receiver, at(ms))
    };
    assert_eq!(take(0, 0, 0), [0]);
    assert_eq!(
        take(40, 20_000, 1),
        Vec::<i64>::new(),
        "alone it proves nothing"
    );
    assert_eq!(take(80, 1, 2), [2]);
    assert_eq!(take(120, 20_001, 3), Vec::<i64>::new());
    assert_eq!(take(160, 20_002, 4), [3, 4]);
    assert_eq!(take(200, 7, 5), Vec::<i64>::new(), "back by much");
    assert_eq!(take(500, 7, 5), [5]);
    assert_eq!(take(540, 8, 6), [6]);
    // Alone, and then silence.
    assert_eq!(take(580, 40_000, 7), Vec::<i64>::new());
    assert_eq!(pages(&mut receiver, at(580) + WAIT), [7]);
    let counters = receiver.counters();
    assert_eq!((counters.restarts, counters.lost), (3, 0));
}

#[test]
fn a_jump_says_what_it_left_behind() {
    let mut receiver = receiver();
    let mut take = |ms, sequence, n| {
        let result = receiver.receive(at(ms), &datagram(sequence, &page(n), &[]));
        result.unwrap();
        pages(&mut receiver, at(ms))
    };
    assert_eq!(take(0, 0, 0), [0]);
    // The network was away for 6 s.
    assert_eq!(take(6_000, 200, 200), [0; 0]);
    assert_eq!(take(6_040, 201, 201), [-199, 200, 201]);
    // Behind a hole, and then the far end restarts: what waits would be out of its place.
    assert_eq!(take(6_120, 203, 203), [0; 0]);
    assert_eq!(take(6_160, 0, 0), [0; 0]);
    assert_eq!(take(6_200, 1, 1), [-2, 0, 1]);
    assert_eq!(receiver.counters().lost, 201);
}

#[test]
fn a_restart_among_the_same_numbers_shows_by_other_packets() {
    let mut receiver = receiver();
    let mut take = |ms, sequence, n| {
        let result = receiver.receive(at(ms), &datagram(sequence, &page(n), &[]));
        result.unwrap();
        pages(&mut receiver, at(ms))
    };
    for n in 0..10 {
        assert_eq!(take(40 * u64::from(n), n as u16, n), [i64::from(n)]);
    }
    assert_eq!(take(440, 0, 100), Vec::<i64>::new());
    assert_eq!(take(480, 1, 101), [100, 101]);
    assert_eq!(take(520, 2, 102), [102]);
}

#[test]
fn what_comes_again_is_counted_and_goes_on_once() {
    let mut receiver = receiver();
    let preamble = Ifp::indicator(Indicator::V21Preamble);
    for (ms, sequence) in [(0, 0), (10, 0), (20, 0), (30, 1), (60, 1)] {
        receiver
            .receive(at(ms), &datagram(sequence, &preamble, &[]))
            .unwrap();
    }
    assert_eq!(receiver.next(at(60)), Some(Item::Received(preamble)));
    assert_eq!(receiver.next(at(60)), None);
    assert_eq!(receiver.counters().repeated, 4);
}

#[test]
fn an_end_counts_again_when_packets_before_it_are_missing_or_the_far_end_restarted() {
    let end = data(Carrier::V21, FieldKind::HdlcFcsOk, &[]);
    let mut receiver = receiver();
    let mut went = |ms, sequence| {
        receiver
            .receive(at(ms), &datagram(sequence, &end, &[]))
            .unwrap();
        let mut items = vec![];
        while let Some(item) = receiver.next(at(ms)) {
            items.push(item);
        }
        items
    };
    let end = || Item::Received(end.clone());
    assert_eq!(went(0, 0), [end()]);
    assert_eq!(went(30, 1), []);
    assert_eq!(went(60, 3), []);
    assert_eq!(went(400, 4), [Item::Missing(1), end()]);
    assert_eq!(went(440, 30_000), []);
    assert_eq!(went(480, 30_001), [end()]);
}

#[test]
fn the_wait_follows_the_jitter_within_its_bound() {
    let mut receiver = receiver();
    assert_eq!(receiver.wait(), WAIT);
    let mut n = 0u16;
    let mut run = |receiver: &mut Receiver, delay: &dyn Fn(u16) -> u64| {
        for _ in 0..200 {
            let ms = 40 * u64::from(n) + delay(n);
            receiver
                .receive(at(ms), &datagram(n, &page(n.into()), &[]))
                .unwrap();
            assert_eq!(pages(receiver, at(ms)), [i64::from(n)]);
            n += 1;
        }
    };
    run(&mut receiver, &|_| 0);
    assert_eq!(receiver.wait(), Duration::from_millis(20));
    run(&mut receiver, &|n| u64::from(n % 2) * 30);
    let jitter = receiver.jitter().unwrap();
    let near = Duration::from_millis(25)..=Duration::from_millis(35);
    assert!(near.contains(&jitter), "{jitter:?}");
    assert_eq!(receiver.wait(), jitter * 2);
    let mut ms = 40 * 400 + 1000;
    for n in 400..420u16 {
        // Two in one swap places, 200 ms apart.
        let n = n ^ 1;
        let _ = receiver.receive(at(ms), &datagram(n, &page(n.into()), &[]));
        pages(&mut receiver, at(ms));
        ms += 200;
    }
    assert_eq!(receiver.wait(), WAIT, "no more than is allowed");
}

#[test]
fn what_is_no_udptl_is_counted_and_changes_nothing() {
    let mut receiver = receiver();
    let mut rtp = vec![0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7];
    rtp.extend([0xFF; 160]);
    assert!(receiver.receive(at(0), &rtp).is_err());
    assert!(receiver.receive(at(0), &[]).is_err());
    // UDPTL around something that is no packet.
    let error = receiver.receive(at(0), &[0, 5, 1, 0x86, 0, 0]);
    assert!(matches!(error, Err(PacketError::Ifp(_))));
    assert_eq!(receiver.newest(), None);
    // A wrong copy does not spoil its datagram.
    let copy = [0, 1, 1, 6, 0, 1, 1, 0x86];
    receiver.receive(at(0), &copy).unwrap();
    assert_eq!(receiver.counters().malformed, 4);
}

proptest! {
    /// What a network does: each datagram is lost, doubled or late by itself. Every packet goes on once, in its order, or
    /// is said to be missing; and where no more are lost in a row than there are copies, and none is later than the
    /// wait, all go on.
    #[test]
    fn every_packet_goes_on_or_is_missing(
        fates in prop::collection::vec((0u8..100, 0u64..120), 20..200),
        loss in 0u8..40,
        copies in 0u8..4,
        begin in any::<u16>(),
    ) {
        let mut wire = vec![];
        for (n, (fate, delay)) in fates.iter().enumerate() {
            let n = n as u32;
            let before: Vec<Ifp> = (1..=u32::from(copies)).filter_map(|k| n.checked_sub(k)).map(page).collect();
            let before: Vec<&Ifp> = before.iter().collect();
            let datagram = datagram(begin.wrapping_add(n as u16), &page(n), &before);
            // The first comes at once, so that the rest is counted from there.
            let at = 40 * u64::from(n) + if n == 0 { 0 } else { *delay };
            if *fate >= loss || n == 0 {
                wire.push((at, datagram.clone()));
            }
            if *fate >= 97 {
                wire.push((at + 15, datagram));
            }
        }
        wire.sort_by_key(|(at, _)| *at);
        let mut receiver = receiver();
        let mut went = vec![];
        for (ms, datagram) in &wire {
            receiver.receive(at(*ms), datagram).unwrap();
            went.extend(pages(&mut receiver, at(*ms)));
        }
        went.extend(pages(&mut receiver, at(1_000_000)));
        let mut next = 0;
        for item in went {
            if item < 0 {
                next -= item;
            } else {
                // Behind the turn a number 0 that is lost is taken for one that never was.
                let skipped = next + 1 == item && begin.wrapping_add(next as u16) == 0;
                prop_assert!(item == next || skipped, "{} instead of {}", item, next);
                next = item + 1;
            }
        }
        let mut row = 0;
        let worst = fates[1..].iter().map(|(fate, _)| {
            row = if *fate < loss { row + 1 } else { 0 };
            row
        }).max().unwrap_or(0);
        if worst <= u32::from(copies) {
            prop_assert_eq!(receiver.counters().lost, 0);
        }
    }

    #[test]
    fn no_datagrams_bring_the_receiver_down(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..60),
    ) {
        let mut receiver = receiver();
        for (n, datagram) in datagrams.iter().enumerate() {
            let _ = receiver.receive(at(n as u64 * 10), datagram);
            while receiver.next(at(n as u64 * 10)).is_some() {}
        }
    }
}
