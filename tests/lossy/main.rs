//! Faxes over a network that loses packets: what redundancy is worth, in short. `cargo bench -p tipring-tests --bench
//! lossy` has the table.
#![forbid(unsafe_code)]

mod call;

use call::{Network, call};

#[test]
fn a_fax_with_error_correction_gets_through_three_percent_loss_with_redundancy() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network {
        loss: 3.0,
        redundancy: 1,
        held: true,
    };
    let outcome = call(0, true, network, folder.path());
    assert!(outcome.passed, "{outcome:?}");
    assert!((2.0..4.0).contains(&outcome.lost), "{outcome:?}");
    assert!(outcome.missing < 0.3, "{outcome:?}");
}

#[test]
fn a_fax_over_a_network_that_only_jitters_is_perfect() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network {
        loss: 0.0,
        redundancy: 0,
        held: true,
    };
    let outcome = call(1, false, network, folder.path());
    assert!(outcome.perfect && outcome.missing == 0.0, "{outcome:?}");
}
