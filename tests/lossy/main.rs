//! Faxes over a network that loses packets: what redundancy is worth, in short. `cargo bench -p tipring-tests --bench
//! lossy` has the table.
#![forbid(unsafe_code)]

mod call;
mod duplex;
mod modems;

use call::{Network, call};
use modems::{Bits, MODEMS, carry};
use tipring_dsp::{DataTone, Law, Side};
use tipring_proto::types::RepeatedPackets;
use tipring_spandsp::ConnectTone;

fn network(loss: f64, redundancy: RepeatedPackets) -> Network {
    Network {
        loss,
        redundancy,
        held: true,
        ppm: 0.0,
    }
}

#[test]
fn a_fax_with_error_correction_gets_through_three_percent_loss_with_redundancy() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(3.0, RepeatedPackets::Fixed(1));
    let outcome = call(0, true, 1, network, folder.path());
    assert!(outcome.passed, "{outcome:?}");
    assert!((2.0..4.0).contains(&outcome.lost), "{outcome:?}");
    assert!(outcome.missing < 0.3, "{outcome:?}");
}

#[test]
fn a_fax_over_a_network_that_only_jitters_is_perfect() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(0.0, RepeatedPackets::Fixed(0));
    let outcome = call(1, false, 1, network, folder.path());
    assert!(outcome.perfect && outcome.missing == 0.0, "{outcome:?}");
}

#[test]
fn what_is_repeated_by_itself_grows_with_the_loss_and_brings_two_pages_through_five_percent() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = call(
        2,
        true,
        2,
        network(5.0, RepeatedPackets::Auto),
        folder.path(),
    );
    assert!(outcome.passed && outcome.slips == 0, "{outcome:?}");
    assert_eq!(outcome.depth, [2, 2], "{outcome:?}");
    assert!((4.0..6.0).contains(&outcome.lost), "{outcome:?}");
    assert!(outcome.missing < 0.1, "{outcome:?}");
}

#[test]
fn where_nothing_is_lost_nothing_is_repeated_after_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = call(
        3,
        true,
        5,
        network(0.0, RepeatedPackets::Auto),
        folder.path(),
    );
    assert!(outcome.passed, "{outcome:?}");
    assert_eq!(outcome.depth, [0, 0], "{outcome:?}");
}

#[test]
fn data_modems_pass_without_a_wrong_bit_in_ten_seconds() {
    for law in [Law::Mu, Law::A] {
        for (name, modem, rate) in MODEMS {
            let bits = carry(modem, rate, law);
            let sent = 10 * rate;
            assert_eq!(bits, Bits { sent, wrong: 0 }, "{name}, {law:?}");
        }
    }
}

#[test]
fn franking_machines_and_terminals_pass_bits_both_ways_and_are_named() {
    for (rate, answer, law) in [
        (1200, ConnectTone::Ans, Law::Mu),
        (2400, ConnectTone::AnsPr, Law::A),
    ] {
        let call = duplex::call(rate, answer, law);
        let sent = 10 * usize::from(rate);
        assert_eq!(call.bits, [Bits { sent, wrong: 0 }; 2], "{rate}");
        assert_eq!(call.rates, [u32::from(rate); 2]);
        let sides = [Side::Network, Side::Line];
        for (tones, from) in call.tones.iter().zip(sides) {
            assert_eq!(
                tones.last(),
                Some(&(from, DataTone::V22)),
                "{rate} {tones:?}"
            );
            assert!(
                tones.iter().all(|(side, _)| *side == from),
                "{rate} {tones:?}"
            );
        }
    }
}
