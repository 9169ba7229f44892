//! Faxes between two ports whose hybrids send nearly everything back.

use tipring_dsp::{Bypass, CancellerConfig, EchoCanceller, LineEchoCanceller};

use crate::fax_rig::pages;

fn canceller() -> Box<dyn EchoCanceller> {
    Box::new(LineEchoCanceller::new(CancellerConfig {
        nlp: false,
        takes_turns: true,
        ..CancellerConfig::default()
    }))
}

#[test]
fn a_page_passes_hybrids_of_six_db_with_the_canceller_and_not_without() {
    assert_eq!(pages(1, 6.0, true, &mut || Box::new(Bypass)), 0);
    assert_eq!(pages(1, 6.0, true, &mut canceller), 1);
    assert_eq!(pages(1, 6.0, false, &mut canceller), 1);
}
