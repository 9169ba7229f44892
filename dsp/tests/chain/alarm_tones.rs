//! The tones of an alarm panel's receiver.

use crate::rig::{Chance, Line, Signal};
use tipring_dsp::{AlarmTone, ChainConfig, ChainEvent, Law, Side};

fn listening() -> Line {
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.detect_alarm_tones = true;
    Line::new(&config)
}

/// Tones and pauses of these numbers of samples, then a second of silence, with noise at -50 dBm0.
fn signal(parts: &[(f64, usize)], dbm0: f64, seed: u64) -> Vec<i16> {
    let mut chance = Chance(seed);
    let mut signal = Signal::default();
    signal.silence(chance.below(80));
    for &(hz, samples) in parts {
        match hz {
            0.0 => signal.silence(samples),
            _ => signal.tones(&[(hz, dbm0)], samples, &mut chance),
        }
    }
    signal.silence(8000);
    signal.noise(-50.0, &mut chance);
    signal.pcm()
}

fn heard(line: &mut Line) -> Vec<(AlarmTone, Side)> {
    let tone = |event: ChainEvent| match event {
        ChainEvent::AlarmTone { tone, from } => Some((tone, from)),
        _ => None,
    };
    std::mem::take(&mut line.events)
        .into_iter()
        .filter_map(tone)
        .collect()
}

#[test]
fn handshake_and_acknowledgement_are_heard_at_any_phase_level_and_speed() {
    for seed in 1..9 {
        for (speed, dbm0) in [(1.0, -10.0), (0.97, -20.0), (1.03, -36.0)] {
            let handshake = [(1400.0 * speed, 800), (0.0, 800), (2300.0 * speed, 800)];
            let longer = [(1400.0 * speed, 840), (0.0, 760), (2300.0 * speed, 840)];
            for side in [Side::Line, Side::Network] {
                let mut line = listening();
                for parts in [
                    handshake,
                    longer,
                    [(1400.0 * speed, 6800), (0.0, 800), (0.0, 800)],
                ] {
                    let samples = signal(&parts, dbm0, seed);
                    match side {
                        Side::Line => line.up(&samples),
                        Side::Network => line.down(&samples),
                    };
                }
                use AlarmTone::{Acknowledgement, Handshake};
                let wanted = [Handshake, Handshake, Acknowledgement].map(|tone| (tone, side));
                assert_eq!(heard(&mut line), wanted, "seed {seed}, {dbm0} dBm0");
            }
        }
    }
}

#[test]
fn what_is_no_handshake_is_none() {
    let parts: [&[(f64, usize)]; 6] = [
        // The wrong order, a pause that is missing or too long, parts that are too short, other tones.
        &[(2300.0, 800), (0.0, 800), (1400.0, 800)],
        &[(1400.0, 800), (2300.0, 800)],
        &[(1400.0, 800), (0.0, 1600), (2300.0, 800)],
        &[(1400.0, 300), (0.0, 800), (2300.0, 800)],
        &[(1300.0, 800), (0.0, 800), (2100.0, 800)],
        &[(1400.0, 2400)],
    ];
    for (n, parts) in parts.into_iter().enumerate() {
        let mut line = listening();
        line.up(&signal(parts, -12.0, 7));
        assert_eq!(heard(&mut line), [], "{n}");
    }
}

#[test]
fn an_echo_is_not_reported_and_other_ports_do_not_listen() {
    let handshake = signal(&[(1400.0, 800), (0.0, 800), (2300.0, 800)], -12.0, 3);
    let both = |line: &mut Line| {
        for chunk in handshake.chunks(80) {
            line.down(chunk);
            let echo: Vec<i16> = chunk.iter().map(|s| s / 4).collect();
            line.up(&echo);
        }
    };
    let mut line = listening();
    both(&mut line);
    assert_eq!(heard(&mut line), [(AlarmTone::Handshake, Side::Network)]);
    let mut line = crate::rig::line();
    both(&mut line);
    assert_eq!(heard(&mut line), []);
}
