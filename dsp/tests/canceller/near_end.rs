//! What the suppressor and its comfort noise do to the near end.

use tipring_dsp::{CancellerConfig, Law, LineEchoCanceller};

use crate::models::MODELS;
use crate::rig::{Line, hybrid, level};
use crate::signals::{css, css_double_talk, hoth, pcm};

const SECOND: usize = 8000;
const FAR: f64 = -10.0;

#[test]
fn what_is_left_of_the_echo_is_suppressed() {
    for block in [80, 16] {
        let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
        let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[0], 6.0, 0));
        line.block = block;
        line.play(&css(2 * SECOND, FAR), &hoth(2 * SECOND, -75.0, 3));
        let run = line.play(&css(2 * SECOND, FAR), &hoth(2 * SECOND, -75.0, 4));
        let left = level(&run.sout);
        assert!(left < -65.0, "{block}: {left} dBm0");
    }
}

#[test]
fn the_near_voice_passes_in_double_talk_as_it_came() {
    for model in &MODELS[..3] {
        let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
        let mut line = Line::new(&mut canceller, Law::Mu, hybrid(model, 6.0, 0));
        line.play(&css(2 * SECOND, FAR), &[]);
        let near = css_double_talk(3 * SECOND, FAR - 6.0);
        let run = line.play(&css(3 * SECOND, FAR), &near);
        let change = level(&run.sout) - level(&pcm(&near));
        assert!(change.abs() < 0.5, "{}: {change} dB", model.name);
    }
}

#[test]
fn comfort_noise_is_as_loud_as_the_room() {
    for room in [-45.0, -55.0, -62.0] {
        let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
        let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[1], 6.0, 0));
        line.play(&css(4 * SECOND, FAR), &hoth(4 * SECOND, room, 5));
        let run = line.play(&css(4 * SECOND, FAR), &hoth(4 * SECOND, room, 6));
        let off = level(&run.sout) - room;
        assert!(off.abs() < 2.0, "room {room}: {off} dB");
    }
}

#[test]
fn a_quiet_far_end_leaves_the_near_end_untouched() {
    let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
    let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[1], 6.0, 0));
    line.play(&css(2 * SECOND, FAR), &[]);
    line.play(&vec![0.0; SECOND], &[]);
    let near = css_double_talk(2 * SECOND, -20.0);
    let run = line.play(&vec![0.0; 2 * SECOND], &near);
    let harm: Vec<f64> = run
        .sout
        .iter()
        .zip(&run.sin)
        .map(|(o, n)| f64::from(*o) - f64::from(*n))
        .collect();
    let harm = level(&pcm(&harm));
    assert!(harm < -55.0, "{harm} dBm0 of change to -20");
}
