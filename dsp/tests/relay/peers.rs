//! What the far end does wrong, and what the line does at a bad moment: no carrier goes on for ever, no packet is lost.

use tipring_dsp::measure::level;
use tipring_dsp::relay::{Network, Relay, RelayConfig};
use tipring_spandsp::{Heard, V21Rx, V21Tx};
use tipring_types::t38::{Carrier, Fast, FieldKind, Ifp, Indicator};

const V29: Fast = Fast::V29At9600;

fn relay() -> Relay {
    Relay::new(&RelayConfig::default()).unwrap()
}

fn data(carrier: Carrier, fields: &[(FieldKind, &[u8])]) -> Ifp {
    let mut ifp = Ifp::data(carrier);
    for (kind, octets) in fields {
        ifp.push(*kind, octets).unwrap();
    }
    ifp
}

fn give(relay: &mut Relay, ifp: &Ifp) {
    relay.network_in(Network::Packet(ifp));
}

/// What the line hears for a time, while it is silent.
fn heard(relay: &mut Relay, ms: usize) -> Vec<i16> {
    let mut all = Vec::new();
    for _ in 0..ms / 10 {
        let mut out = [0; 80];
        relay.line_out(&mut out);
        relay.line_in(&[0; 80], |_| {});
        all.extend(out);
    }
    all
}

/// Longer than any pause between two carriers, ms.
const OVER: usize = 200;

/// Time until the line is silent for good, ms.
fn silent_after(relay: &mut Relay, most_ms: usize) -> Option<usize> {
    let (mut ms, mut since) = (0, None);
    while ms < most_ms + OVER {
        let silent = heard(relay, 10).iter().all(|s| *s == 0);
        since = silent.then(|| since.unwrap_or(ms));
        ms += 10;
        if let Some(since) = since.filter(|since| ms - since >= OVER) {
            return Some(since);
        }
    }
    None
}

/// Is nothing sent any more?
fn is_silent(relay: &mut Relay) -> bool {
    silent_after(relay, 0) == Some(0)
}

/// Frames at 300 bit/s in samples: octets with the check sequence.
fn frames(samples: &[i16]) -> Vec<Vec<u8>> {
    let mut rx = V21Rx::new(-40.0).unwrap();
    let mut bits = Vec::new();
    rx.process(samples, |item| {
        if let Heard::Bit(bit) = item {
            bits.push(bit);
        }
    });
    let (mut frames, mut frame, mut ones) = (Vec::new(), Vec::<bool>::new(), 0);
    for bit in bits {
        if bit {
            ones += 1;
            frame.push(true);
            continue;
        }
        let before = std::mem::take(&mut ones);
        match before {
            5 => {}
            6 => {
                frame.truncate(frame.len().saturating_sub(7));
                if frame.len() >= 32 && frame.len().is_multiple_of(8) {
                    let octet = |c: &[bool]| c.iter().rev().fold(0, |o, b| o << 1 | u8::from(*b));
                    frames.push(frame.chunks(8).map(octet).collect());
                }
                frame.clear();
            }
            _ => frame.push(false),
        }
    }
    frames
}

fn intact(frame: &[u8]) -> bool {
    let check = frame.iter().fold(0xffff_u16, |r, octet| {
        (0..8).fold(r ^ u16::from(*octet), |r, _| {
            if r & 1 == 1 {
                (r >> 1) ^ 0x8408
            } else {
                r >> 1
            }
        })
    });
    check == 0xf0b8
}

#[test]
fn carriers_without_data_or_end_stop() {
    for indicator in [Indicator::V21Preamble, Indicator::Training(V29)] {
        let mut relay = relay();
        give(&mut relay, &Ifp::indicator(indicator));
        let after = silent_after(&mut relay, 20_000).expect("the carrier ends");
        assert!(after > 1000, "{indicator:?}: {after} ms");
        assert_eq!(relay.figures().given_up, 1);
    }
    for octets in [&[0, 0, 0, 0x80][..], &[0; 40]] {
        let mut relay = relay();
        give(&mut relay, &Ifp::indicator(Indicator::Training(V29)));
        give(
            &mut relay,
            &data(Carrier::Fast(V29), &[(FieldKind::T4Data, octets)]),
        );
        assert!(silent_after(&mut relay, 20_000).is_some());
    }
}

#[test]
fn frames_follow_a_fast_carrier_of_which_nothing_came() {
    let mut relay = relay();
    give(&mut relay, &Ifp::indicator(Indicator::Training(V29)));
    heard(&mut relay, 500);
    give(&mut relay, &Ifp::indicator(Indicator::V21Preamble));
    let frame = [0xff, 0x13, 0x8c];
    give(
        &mut relay,
        &data(
            Carrier::V21,
            &[
                (FieldKind::HdlcData, &frame),
                (FieldKind::HdlcFcsOkSigEnd, &[]),
            ],
        ),
    );
    let line = heard(&mut relay, 3000);
    let got = frames(&line);
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(got[0].starts_with(&frame) && intact(&got[0]));
    assert!(is_silent(&mut relay));
}

#[test]
fn a_frame_whose_packets_are_lost_or_late_is_spoilt_and_the_next_is_whole() {
    let mut relay = relay();
    give(&mut relay, &Ifp::indicator(Indicator::V21Preamble));
    for octet in [0xff, 0x03, 0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9] {
        give(
            &mut relay,
            &data(Carrier::V21, &[(FieldKind::HdlcData, &[octet])]),
        );
    }
    // The frame runs dry on the line; what comes then is too late for it.
    let mut line = heard(&mut relay, 2000);
    give(
        &mut relay,
        &data(Carrier::V21, &[(FieldKind::HdlcData, &[10])]),
    );
    give(
        &mut relay,
        &data(Carrier::V21, &[(FieldKind::HdlcFcsOk, &[])]),
    );
    // A gap in the middle.
    give(
        &mut relay,
        &data(Carrier::V21, &[(FieldKind::HdlcData, &[0xff, 0x03])]),
    );
    relay.network_in(Network::Missing(1));
    give(
        &mut relay,
        &data(Carrier::V21, &[(FieldKind::HdlcData, &[0x20])]),
    );
    give(
        &mut relay,
        &data(Carrier::V21, &[(FieldKind::HdlcFcsOk, &[])]),
    );
    let last = [0xff, 0x13, 0x80, 0, 0];
    give(
        &mut relay,
        &data(
            Carrier::V21,
            &[(FieldKind::HdlcData, &last), (FieldKind::HdlcFcsOk, &[])],
        ),
    );
    give(
        &mut relay,
        &data(Carrier::V21, &[(FieldKind::HdlcSigEnd, &[])]),
    );
    line.extend(heard(&mut relay, 2000));
    let got = frames(&line);
    let whole: Vec<bool> = got.iter().map(|f| intact(f)).collect();
    assert_eq!(whole, [false, false, true], "{got:?}");
    assert!(got[2].starts_with(&last));
    assert_eq!(relay.figures().frames[1], 1);
}

#[test]
fn ends_and_indicators_that_are_repeated_change_nothing() {
    let mut relay = relay();
    let frame = [0xff, 0x13, 0x8c];
    for _ in 0..3 {
        give(&mut relay, &Ifp::indicator(Indicator::V21Preamble));
    }
    give(
        &mut relay,
        &data(Carrier::V21, &[(FieldKind::HdlcData, &frame)]),
    );
    for _ in 0..3 {
        give(
            &mut relay,
            &data(Carrier::V21, &[(FieldKind::HdlcFcsOk, &[])]),
        );
    }
    for _ in 0..3 {
        give(
            &mut relay,
            &data(Carrier::V21, &[(FieldKind::HdlcSigEnd, &[])]),
        );
        give(&mut relay, &Ifp::indicator(Indicator::NoSignal));
    }
    let got = frames(&heard(&mut relay, 5000));
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(relay.figures().carriers, 1);
}

#[test]
fn frames_without_their_preamble_pass() {
    let mut relay = relay();
    let frame = [0xff, 0x13, 0x84];
    give(
        &mut relay,
        &data(
            Carrier::V21,
            &[
                (FieldKind::HdlcData, &frame),
                (FieldKind::HdlcFcsOkSigEnd, &[]),
            ],
        ),
    );
    let got = frames(&heard(&mut relay, 3000));
    assert!(got.len() == 1 && intact(&got[0]), "{got:?}");
}

#[test]
fn the_end_of_a_check_may_be_marked_as_one_of_frames() {
    let mut relay = relay();
    give(&mut relay, &Ifp::indicator(Indicator::Training(V29)));
    for _ in 0..50 {
        give(
            &mut relay,
            &data(Carrier::Fast(V29), &[(FieldKind::T4Data, &[0; 36])]),
        );
    }
    give(
        &mut relay,
        &data(Carrier::Fast(V29), &[(FieldKind::HdlcSigEnd, &[])]),
    );
    let after = silent_after(&mut relay, 10_000).expect("the carrier ends");
    assert!((1700..2100).contains(&after), "{after} ms");
    assert_eq!(relay.figures().given_up, 0);
}

#[test]
fn tones_of_the_network_sound_until_a_carrier_comes() {
    let mut relay = relay();
    give(&mut relay, &Ifp::indicator(Indicator::Ced));
    let tone = heard(&mut relay, 1000);
    assert!(level(&tone[1600..]) > -15.0);
    give(&mut relay, &Ifp::indicator(Indicator::V21Preamble));
    let preamble = heard(&mut relay, 1000);
    let answer = tipring_dsp::measure::tone_level(&preamble[1600..], 2100.0);
    assert!(answer < -40.0, "{answer}");
    let mut relay = self::relay();
    give(&mut relay, &Ifp::indicator(Indicator::Cng));
    let tone = heard(&mut relay, 4000);
    assert!(level(&tone[800..3200]) > -15.0);
    assert!(level(&tone[8000..24_000]) < -60.0);
    assert!(level(&tone[28_800..30_400]) > -15.0);
}

/// Samples of flags and a frame at 300 bit/s.
fn v21(frame: &[u8], dbm0: f32) -> Vec<i16> {
    let mut bits: Vec<bool> = Vec::new();
    let flag = |bits: &mut Vec<bool>| bits.extend((0..8).map(|n| 0x7e >> n & 1 == 1));
    (0..37).for_each(|_| flag(&mut bits));
    let mut register = 0xffff_u16;
    let mut ones = 0;
    let mut octet = |bits: &mut Vec<bool>, octet: u8| {
        for n in 0..8 {
            let bit = octet >> n & 1 == 1;
            bits.push(bit);
            ones = if bit { ones + 1 } else { 0 };
            if ones == 5 {
                bits.push(false);
                ones = 0;
            }
        }
    };
    for o in frame {
        register = (0..8).fold(register ^ u16::from(*o), |r, _| {
            if r & 1 == 1 {
                (r >> 1) ^ 0x8408
            } else {
                r >> 1
            }
        });
        octet(&mut bits, *o);
    }
    (!register)
        .to_le_bytes()
        .iter()
        .for_each(|o| octet(&mut bits, *o));
    (0..3).for_each(|_| flag(&mut bits));
    let mut tx = V21Tx::new(dbm0).unwrap();
    let mut bits = bits.into_iter();
    let mut samples = vec![0; 16_000];
    let made = tx.process(&mut samples, || bits.next());
    samples.truncate(made);
    samples
}

/// Packets that samples of the line make, after some silence.
fn packets(relay: &mut Relay, samples: &[i16]) -> Vec<Ifp> {
    let mut packets = Vec::new();
    for chunk in samples
        .chunks(80)
        .chain(std::iter::repeat_n(&[0; 80][..], 20))
    {
        let mut out = [0; 80];
        relay.line_out(&mut out);
        relay.line_in(chunk, |ifp| packets.push(ifp.clone()));
    }
    packets
}

fn octets(packets: &[Ifp]) -> Vec<u8> {
    packets
        .iter()
        .flat_map(|p| {
            p.fields()
                .flat_map(|f| f.octets.to_vec())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_frame_of_the_line_becomes_a_preamble_octets_and_an_end_down_to_weak_lines() {
    let dis = [0xff, 0x13, 0x80, 0x20, 0xee, 0xf8];
    for dbm0 in [-10.0, -25.0, -40.0] {
        let packets = packets(&mut relay(), &v21(&dis, dbm0));
        assert_eq!(
            packets[0].as_indicator(),
            Some(Indicator::V21Preamble),
            "{dbm0}"
        );
        // V.8 is not offered on.
        assert_eq!(octets(&packets), [0xff, 0x13, 0x80, 0x00, 0xee, 0xf8]);
        let kinds: Vec<FieldKind> = packets
            .iter()
            .flat_map(|p| p.fields().map(|f| f.kind).collect::<Vec<_>>())
            .collect();
        assert_eq!(kinds[6..], [FieldKind::HdlcFcsOk, FieldKind::HdlcSigEnd]);
        assert_eq!(
            packets.last().unwrap().as_indicator(),
            Some(Indicator::NoSignal)
        );
    }
}

#[test]
fn makers_are_overwritten_on_their_way_from_the_line() {
    let nsf = [0xff, 0x03, 0x20, 0xad, 0x00, 0x55, 0x12];
    let packets = packets(&mut relay(), &v21(&nsf, -15.0));
    assert_eq!(octets(&packets), [0xff, 0x03, 0x20, 0xff, 0x00, 0x00, 0x12]);
}

#[test]
fn the_own_signal_that_comes_back_makes_no_packet() {
    for echo_db in [6.0, 20.0] {
        let mut relay = relay();
        let gain = 10f64.powf(-echo_db / 20.0);
        let mut last = [0_i16; 80];
        let mut made = Vec::new();
        give(&mut relay, &Ifp::indicator(Indicator::V21Preamble));
        let frame = [0xff, 0x13, 0x80, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        give(
            &mut relay,
            &data(
                Carrier::V21,
                &[
                    (FieldKind::HdlcData, &frame),
                    (FieldKind::HdlcFcsOkSigEnd, &[]),
                ],
            ),
        );
        for _ in 0..300 {
            let mut out = [0; 80];
            relay.line_out(&mut out);
            let back = last.map(|x| (f64::from(x) * gain) as i16);
            relay.line_in(&back, |ifp| made.push(ifp.clone()));
            last = out;
        }
        assert!(made.is_empty(), "{made:?}");
        assert!(is_silent(&mut relay));
    }
}

#[test]
fn a_carrier_of_the_line_that_the_relay_talks_into_is_closed() {
    let mut relay = relay();
    let flags = v21(&[0xff, 0x13, 0x80], -15.0);
    let mut made = Vec::new();
    for (n, chunk) in flags.chunks(80).cycle().take(300).enumerate() {
        if n == 40 {
            give(&mut relay, &Ifp::indicator(Indicator::V21Preamble));
            give(
                &mut relay,
                &data(
                    Carrier::V21,
                    &[
                        (FieldKind::HdlcData, &[0xff, 0x13, 0x8c]),
                        (FieldKind::HdlcFcsOkSigEnd, &[]),
                    ],
                ),
            );
        }
        let mut out = [0; 80];
        relay.line_out(&mut out);
        relay.line_in(chunk, |ifp| made.push(ifp.clone()));
    }
    let begun = made
        .iter()
        .filter(|p| p.as_indicator() == Some(Indicator::V21Preamble))
        .count();
    let ended = made
        .iter()
        .filter(|p| p.as_indicator() == Some(Indicator::NoSignal))
        .count();
    assert!(
        begun >= 1 && ended >= 1 && begun - ended <= 1,
        "{begun} {ended}"
    );
    assert_eq!(relay.figures().carriers, 1);
}

#[test]
fn any_packets_in_any_order_do_no_harm() {
    let mut relay = relay();
    let mut chance = crate::chance::Chance(9);
    let kinds = [
        FieldKind::HdlcData,
        FieldKind::HdlcSigEnd,
        FieldKind::HdlcFcsOk,
        FieldKind::HdlcFcsBad,
        FieldKind::HdlcFcsOkSigEnd,
        FieldKind::T4Data,
        FieldKind::T4SigEnd,
        FieldKind::Other(9),
    ];
    let fast = [Fast::V27ter2400, Fast::V29At9600, Fast::V27ter4800];
    for _ in 0..30_000 {
        let mut pick = |n: usize| (chance.unit() * n as f64) as usize;
        let ifp = match pick(6) {
            0 => Ifp::indicator(
                [
                    Indicator::NoSignal,
                    Indicator::V21Preamble,
                    Indicator::Cng,
                    Indicator::Other(20),
                ][pick(4)],
            ),
            1 => Ifp::indicator(Indicator::Training(fast[pick(3)])),
            which => {
                let carrier = [
                    Carrier::V21,
                    Carrier::Fast(fast[pick(3)]),
                    Carrier::Other(9),
                    Carrier::V21,
                ][which - 2];
                let mut ifp = Ifp::data(carrier);
                for _ in 0..pick(4) {
                    let octets: Vec<u8> = (0..pick(40)).map(|_| pick(256) as u8).collect();
                    let _ = ifp.push(kinds[pick(8)], &octets);
                }
                ifp
            }
        };
        give(&mut relay, &ifp);
        if pick(20) == 0 {
            relay.network_in(Network::Missing(pick(5) as u32));
        }
        if pick(3) == 0 {
            let mut out = [0; 160];
            relay.line_out(&mut out);
            relay.line_in(&out, |_| {});
        }
    }
    assert!(relay.figures().overflows > 0);
    // What waits is sent or given up: at most eight signals of 14 s.
    assert!(silent_after(&mut relay, 150_000).is_some());
}
