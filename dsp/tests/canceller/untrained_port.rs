//! A port that has learned nothing yet, with suppressor: what it hears first are tones.

use tipring_dsp::{CancellerConfig, EchoCanceller, LineEchoCanceller};

use crate::howl::Loop;
use crate::untrained::{DIAL_TONES, FAR_ENDS, HUMS, calls_with_hum, keys_heard, losses};

fn fresh() -> Box<dyn EchoCanceller> {
    Box::new(LineEchoCanceller::new(CancellerConfig::default()))
}

#[test]
fn the_echo_of_tones_goes_from_reset_as_with_speexdsp_or_better() {
    for far in &FAR_ENDS {
        let (median, worst) = losses(far, &mut fresh);
        assert!(median >= far.least, "{}: {median} dB", far.name);
        // No model may be left out.
        assert!(
            worst >= 15.0,
            "{}: {worst} dB with the worst model",
            far.name
        );
    }
}

#[test]
fn a_far_end_with_direct_current_or_hum_is_learned_in_every_call() {
    for (name, under, direct) in [HUMS[0], HUMS[1]] {
        let learned = calls_with_hum(under, direct, &mut fresh);
        assert_eq!(learned, 12, "of 12 with {name}");
    }
}

#[test]
fn the_first_keys_are_heard_over_the_dial_tone_of_every_country() {
    for (name, dial) in DIAL_TONES {
        for dbm0 in [-24.0, -10.0] {
            let heard = keys_heard(dial, dbm0, 16, &mut fresh);
            assert!(heard >= 98.0, "{name}, keys of {dbm0}: {heard} %");
        }
    }
}

#[test]
fn a_loop_of_two_gateways_does_not_sing() {
    let worst = (0..10).chain([54, 71, 100, 177, 210, 217, 233, 270]);
    for call in worst.map(Loop::worst).chain((0..22).map(Loop::by_chance)) {
        assert!(!call.sings(8, [fresh(), fresh()]), "{call:?}");
    }
}
