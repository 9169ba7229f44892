//! Super G3 machines on both sides of a call whose gateways keep V.8 out.

use crate::network::Weather;
use crate::rig::Folder;
use crate::super_g3::{Case, Outcome, call};

fn tried(squelch: [bool; 2], eager: bool, seed: u64) -> Outcome {
    let [a, b] = squelch;
    let folder = Folder::new(&format!("menus-{a}-{b}-{eager}-{seed}"));
    let case = Case {
        squelch,
        eager,
        weather: Weather::of(1.0, 20),
        rows: 150,
    };
    call(&case, seed, folder.path())
}

#[test]
fn without_a_gateway_that_keeps_v8_out_they_agree_on_v34() {
    for eager in [true, false] {
        let outcome = tried([false; 2], eager, 1);
        assert!(outcome.v34 && !outcome.success, "{outcome:?}");
        assert!(outcome.passed_ms > 300, "{outcome:?}");
    }
}

#[test]
fn the_menu_is_muted_at_the_calling_gateway_and_the_page_goes_as_g3() {
    for seed in 0..3 {
        let outcome = tried([true, false], true, seed);
        assert!(outcome.went_on(), "{outcome:?}");
        // 60 ms of a menu are what it takes to know it.
        assert!(outcome.menu_ms > 1000, "{outcome:?}");
        assert!(outcome.passed_ms <= 100, "{outcome:?}");
        assert!(outcome.relayed_ms > 0, "{outcome:?}");
    }
}

#[test]
fn an_answer_tone_without_its_modulation_makes_no_menu_and_the_page_goes_as_g3() {
    for squelch in [[true, false], [false, true], [true, true]] {
        let outcome = tried(squelch, false, 4);
        assert!(outcome.went_on(), "{squelch:?}: {outcome:?}");
        assert_eq!(outcome.menu_ms, 0, "{squelch:?}: {outcome:?}");
    }
}
