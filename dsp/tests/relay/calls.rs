//! Whole calls.

use tipring_dsp::Side;
use tipring_dsp::relay::Seen;
use tipring_types::t38::{Carrier, Fast, V17Rate};

use crate::network::Weather;
use crate::rig::{Case, Folder, V17, V27TER, V29, call, call_with};

fn case(modems: tipring_spandsp::FaxModems, ecm: bool, weather: Weather) -> Case {
    Case {
        rows: 150,
        ..Case::new(modems, ecm, weather)
    }
}

#[test]
fn pages_with_error_correction_arrive_whole_over_a_bad_network() {
    let folder = Folder::new("bad");
    for (modems, weather, rate) in [
        (V17, Weather::of(5.0, 150), 14_400),
        (V17, Weather::of(10.0, 300), 14_400),
        (V29, Weather::of(3.0, 20), 9600),
        (V27TER, Weather::of(3.0, 20), 4800),
    ] {
        for seed in 0..2 {
            let outcome = call(&case(modems, true, weather), seed, folder.path());
            assert!(outcome.perfect(), "{outcome:?}");
            assert_eq!(outcome.rate, rate, "{outcome:?}");
        }
    }
}

#[test]
fn v29_without_error_correction_arrives_whole() {
    let folder = Folder::new("v29");
    for seed in 0..4 {
        let outcome = call(&case(V29, false, Weather::fair()), seed, folder.path());
        assert!(outcome.perfect(), "{outcome:?}");
    }
}

#[test]
fn machines_fall_back_after_a_spoilt_check_and_several_pages_follow() {
    let folder = Folder::new("back");
    for (modems, rate) in [(V29, 7200), (V27TER, 2400), (V17, 12_000)] {
        let case = Case {
            spoil_check: true,
            pages: 2,
            rows: 60,
            ..Case::new(modems, true, Weather::of(1.0, 20))
        };
        let outcome = call(&case, 1, folder.path());
        assert!(outcome.perfect(), "{outcome:?}");
        assert_eq!(outcome.rate, rate, "{outcome:?}");
    }
}

#[test]
fn hybrids_of_6_db_and_talker_echo_protection_do_no_harm() {
    let folder = Folder::new("hybrid");
    for (hybrid, tep) in [(6.0, false), (14.0, true)] {
        for modems in [V17, V29] {
            let case = Case {
                hybrid,
                tep,
                ..case(modems, true, Weather::fair())
            };
            let outcome = call(&case, 2, folder.path());
            assert!(outcome.perfect(), "{outcome:?}");
        }
    }
}

#[test]
fn weak_machines_are_heard() {
    let folder = Folder::new("weak");
    for level in [-14.0, -32.0] {
        for modems in [V17, V29, V27TER] {
            let case = Case {
                level: Some(level),
                noise: -65.0,
                rows: 60,
                ..Case::new(modems, true, Weather::fair())
            };
            let outcome = call(&case, 4, folder.path());
            assert!(outcome.perfect(), "{level}: {outcome:?}");
            let heard = outcome.figures[0].level_dbm0.unwrap();
            assert!((f64::from(heard) - level).abs() < 0.5, "{heard}");
        }
    }
}

#[test]
fn what_passes_is_seen_and_offers_lose_what_the_relay_cannot_carry() {
    let folder = Folder::new("seen");
    let mut seen = Vec::new();
    let case = case(V17, true, Weather::fair());
    let outcome = call_with(&case, 1, folder.path(), &mut |_, n, what| {
        if n == 0 {
            seen.push(what);
        }
    });
    assert!(outcome.perfect(), "{outcome:?}");
    let frames: Vec<(Side, u8)> = seen
        .iter()
        .filter_map(|s| match s {
            Seen::Frame(f) if f.intact => Some((f.side, f.octets()[2] & 0xfe)),
            _ => None,
        })
        .collect();
    let (line, net) = (Side::Line, Side::Network);
    let expected = [
        (net, 0x80),
        (line, 0x82),
        (net, 0x84),
        (line, 0xbe),
        (net, 0x8c),
        (line, 0xfa),
    ];
    assert_eq!(frames, expected, "DIS DCS CFR PPS MCF DCN");
    let carriers: Vec<Carrier> = seen
        .iter()
        .filter_map(|s| match s {
            Seen::Carrier(Side::Line, Some(carrier)) => Some(*carrier),
            _ => None,
        })
        .collect();
    let fast = |f| Carrier::Fast(f);
    let expected = [
        Carrier::V21,
        fast(Fast::V17Long(V17Rate::R14400)),
        fast(Fast::V17Short(V17Rate::R14400)),
        Carrier::V21,
        Carrier::V21,
    ];
    assert_eq!(carriers, expected);
    assert_eq!(outcome.figures[0].rate, 14_400);
    assert!(outcome.figures[0].ecm);
}
