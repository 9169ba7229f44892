//! Voice, noise and music are no digits and no fax.

use crate::rig::{Chance, Signal, line};

/// Syllables: a gliding pitch with harmonics through three gliding formants, with pauses and hiss.
fn speech_like(seconds: usize, dbm0: f64, chance: &mut Chance) -> Vec<i16> {
    let mut signal = Vec::with_capacity(seconds * 8000);
    let mut phase = 0.0;
    while signal.len() < seconds * 8000 {
        let n = 800 + chance.below(2400);
        let (mut pitch, glide) = (
            90.0 + 170.0 * chance.unit(),
            (chance.unit() - 0.5) * 80.0 / 8000.0 * 4.0,
        );
        let from = [
            250.0 + 650.0 * chance.unit(),
            850.0 + 1500.0 * chance.unit(),
            2300.0 + 900.0 * chance.unit(),
        ];
        let to = [
            250.0 + 650.0 * chance.unit(),
            850.0 + 1500.0 * chance.unit(),
            2300.0 + 900.0 * chance.unit(),
        ];
        let voiced = chance.unit() < 0.8;
        for i in 0..n {
            let t = i as f64 / n as f64;
            let envelope = (std::f64::consts::PI * t).sin();
            pitch = (pitch + glide).clamp(70.0, 320.0);
            phase += pitch / 8000.0;
            let mut sample = 0.0;
            if voiced {
                let harmonics = (3800.0 / pitch) as usize;
                for h in 1..=harmonics {
                    let hz = pitch * h as f64;
                    let gain: f64 = (0..3)
                        .map(|f| {
                            let formant = from[f] + (to[f] - from[f]) * t;
                            let width = 60.0 + 30.0 * f as f64;
                            0.6f64.powi(f as i32) / (1.0 + ((hz - formant) / width).powi(2))
                        })
                        .sum();
                    sample += (gain + 0.01) * (std::f64::consts::TAU * phase * h as f64).sin();
                }
            } else {
                sample = 0.4 * chance.gauss();
            }
            signal.push(sample * envelope);
        }
        signal.resize(signal.len() + chance.below(2400), 0.0);
    }
    let power = signal.iter().map(|x| x * x).sum::<f64>() / signal.len() as f64;
    let gain = tipring_dsp::level::RMS_0_DBM0 * 10f64.powf(dbm0 / 20.0) / power.sqrt();
    signal.iter().map(|x| (x * gain).round() as i16).collect()
}

#[test]
fn two_minutes_of_speech_like_sound_are_no_digits_and_no_fax() {
    let mut chance = Chance(101);
    for dbm0 in [-12.0, -22.0, -32.0] {
        let mut line = line();
        let said = speech_like(40, dbm0, &mut chance);
        line.up(&said);
        assert_eq!(line.events, [], "{dbm0} dBm0");
        // Muting on suspicion must not chop speech.
        let mutes = line.chain.meters().false_mutes;
        println!("{dbm0} dBm0: {mutes} times muted for 10 ms or more in 40 s");
        assert!(mutes <= 1, "{mutes} times muted in 40 s at {dbm0} dBm0");
    }
}

#[test]
fn a_minute_of_noise_is_no_digits_and_no_fax() {
    let mut chance = Chance(103);
    for dbm0 in [-10.0, -35.0] {
        let mut signal = Signal::default();
        signal.silence(30 * 8000);
        signal.noise(dbm0, &mut chance);
        let mut line = line();
        line.up(&signal.pcm());
        assert_eq!(line.events, [], "{dbm0} dBm0");
        assert_eq!(line.chain.meters().false_mutes, 0);
    }
}

#[test]
fn a_minute_of_chords_is_no_digits_and_no_fax() {
    let mut chance = Chance(107);
    let mut signal = Signal::default();
    while signal.0.len() < 60 * 8000 {
        let root = 110.0 * 2f64.powf(chance.below(30) as f64 / 12.0);
        let third = if chance.unit() < 0.5 { 1.1892 } else { 1.2599 };
        let tones = [
            (root, -18.0),
            (root * third, -18.0),
            (root * 1.4983, -18.0),
            (root * 2.0, -22.0),
        ];
        signal.tones(&tones, 1600 + chance.below(2400), &mut chance);
    }
    let mut line = line();
    line.up(&signal.pcm());
    assert_eq!(line.events, []);
}
