//! Modems and faxes.

use tipring_dsp::{CancellerConfig, EchoCanceller, EchoState, Law, LineEchoCanceller};

use crate::models::MODELS;
use crate::rig::{Line, hybrid};
use crate::signals::css;

const SECOND: usize = 8000;

/// 2100 Hz whose phase turns by half a period every 450 ms.
fn answer_tone(samples: usize) -> Vec<f64> {
    let peak = tipring_dsp::level::sine_peak(-12.0);
    (0..samples)
        .map(|i| {
            let sign = if (i / 3600).is_multiple_of(2) {
                peak
            } else {
                -peak
            };
            sign * (std::f64::consts::TAU * 2100.0 * i as f64 / 8000.0).sin()
        })
        .collect()
}

#[test]
fn an_answer_tone_with_reversals_from_either_side_disables_and_silence_enables() {
    for from_line in [false, true] {
        let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
        let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[1], 6.0, 0));
        line.play(&css(SECOND, -10.0), &[]);
        let tone = answer_tone(SECOND);
        let silence = vec![0.0; SECOND];
        let (far, near) = if from_line {
            (&silence, &tone)
        } else {
            (&tone, &silence)
        };
        line.play(&far[..8 * 600], &near[..8 * 600]);
        assert_eq!(
            line.canceller.meters().state,
            EchoState::Disabled,
            "{from_line}"
        );
        let run = line.play(&css(SECOND, -15.0), &css(SECOND, -15.0));
        assert_eq!(run.sout, run.sin, "untouched while disabled");
        line.play(&silence[..8 * 300], &[]);
        assert_ne!(
            line.canceller.meters().state,
            EchoState::Disabled,
            "{from_line}"
        );
        let run = line.play(&css(SECOND, -10.0), &[]);
        assert!(run.loss(0.5, 1.0) > 34.0, "{}", run.loss(0.5, 1.0));
    }
}

#[test]
fn a_plain_answer_tone_does_not_disable() {
    let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
    let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[1], 6.0, 0));
    line.play(&crate::signals::tones(3 * SECOND, &[(2100.0, -12.0)]), &[]);
    assert_ne!(canceller.meters().state, EchoState::Disabled);
}

#[test]
fn nothing_is_suppressed_once_data_passes() {
    let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
    let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[1], 6.0, 0));
    line.play(&css(2 * SECOND, -10.0), &[]);
    line.canceller.pass_data(true);
    let data = line.play(&css(2 * SECOND, -10.0), &[]);
    line.play(&[0.0; 800], &[]);
    line.canceller.reset();
    line.play(&css(SECOND, -10.0), &[]);
    let voice = line.play(&css(2 * SECOND, -10.0), &[]);
    let (data, voice) = (data.loss(1.0, 2.0), voice.loss(1.0, 2.0));
    assert!(data < 48.0 && voice > 55.0, "{data} dB, then {voice} dB");
}
