//! Steady tones both ways on lines of people (machines take turns), with a hybrid and a canceller at each end: what the
//! set sends is not echo, though it comes back from the far hybrid in the reference.

use tipring_dsp::{CancellerConfig, EchoCanceller, Law, LineEchoCanceller};

use crate::models::MODELS;
use crate::rig::{Line, hybrid, level};
use crate::signals::tones;

const BLOCK: usize = 80;
/// Blocks on the way from one end to the other, packets and jitter buffer.
const WAY: usize = 8;
const BLOCKS: usize = 1000;
/// Samples after which nothing may be learned any more.
const SETTLED: usize = 4800;

/// What each end's network side hears from the other, with these tones and hybrids of this loss at both.
fn loop_of(hz: [f64; 2], dbm0: f64, erl: f64, nlp: bool) -> [Vec<i16>; 2] {
    let config = CancellerConfig {
        nlp,
        ..CancellerConfig::default()
    };
    let mut cancellers = [config, config].map(LineEchoCanceller::new);
    let [one, other] = &mut cancellers;
    let mut lines = [
        Line::new(
            one as &mut dyn EchoCanceller,
            Law::Mu,
            hybrid(&MODELS[0], erl, 0),
        ),
        Line::new(other, Law::Mu, hybrid(&MODELS[3], erl, 0)),
    ];
    let near = [(hz[0], -13.0), (hz[1], dbm0)].map(|tone| tones(BLOCKS * BLOCK, &[tone]));
    let mut sent = [vec![0i16; WAY * BLOCK], vec![0i16; WAY * BLOCK]];
    for block in 0..BLOCKS {
        let at = block * BLOCK;
        for end in 0..2 {
            let far: Vec<f64> = sent[1 - end][at..at + BLOCK]
                .iter()
                .map(|s| f64::from(*s))
                .collect();
            let run = lines[end].play(&far, &near[end][at..at + BLOCK]);
            sent[end].extend(run.sout);
        }
    }
    sent.map(|s| s[WAY * BLOCK..].to_vec())
}

#[test]
fn tones_of_both_ends_pass_steadily_and_lose_nothing() {
    for hz in [[1004.0, 700.0], [425.0, 440.0]] {
        for (erl, second) in [
            (20.0, -13.0),
            (6.0, -13.0),
            (20.0, -20.0),
            (20.0, -30.0),
            (10.0, -20.0),
        ] {
            if hz[0] == 425.0 && erl == 6.0 {
                continue; // echoes of echoes that beat at 15 Hz: no level is steady there
            }
            for nlp in [true, false] {
                let case =
                    format!("{hz:?} Hz, -13 and {second} dBm0, hybrids of {erl} dB, nlp {nlp}");
                for (sent, own) in loop_of(hz, second, erl, nlp).iter().zip([-13.0, second]) {
                    let levels: Vec<f64> = sent[SETTLED..].chunks_exact(1600).map(level).collect();
                    let low = levels.iter().copied().fold(f64::MAX, f64::min);
                    let high = levels.iter().copied().fold(f64::MIN, f64::max);
                    // The echo of a tone may stay while a tone of the near end is there.
                    let echo = 10f64.powf((-13.0 - erl - own + 1.0) / 20.0);
                    let most = own + 20.0 * (1.0 + echo).log10();
                    // Hybrids of 6 dB return single frequencies nearly whole: those are an echo at first.
                    let harm = if erl < 10.0 { 4.5 } else { 1.5 };
                    assert!(
                        low > own - harm && high < most + 0.5,
                        "{case}: {low:.1} to {high:.1} for {own}"
                    );
                    assert!(
                        high - low < harm,
                        "{case}: {low:.1} to {high:.1} is not steady"
                    );
                }
            }
        }
    }
}

#[test]
fn where_machines_take_turns_a_tone_that_comes_back_louder_than_it_was_is_learned() {
    let left = |takes_turns| {
        let mut canceller = LineEchoCanceller::new(CancellerConfig {
            nlp: false,
            takes_turns,
            ..CancellerConfig::default()
        });
        // A hybrid that resonates: 3 dB more comes back at this frequency.
        let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[0], -3.0, 0));
        let run = line.play(&tones(8000, &[(1650.0, -20.0)]), &[]);
        level(&run.sin[4000..]) - level(&run.sout[4000..])
    };
    assert!(left(true) > 20.0, "{}", left(true));
    assert!(left(false) < 6.0, "{}", left(false));
}
