//! Steady tones in both directions on voice lines (faxes and modems take turns), with a hybrid and a canceller at each
//! end: what the phone sends is not echo, though it comes back from the far hybrid in the reference.
//!
//! What becomes of a tone depends on when it comes back, so every case is played with many delays.

use tipring_dsp::{Bypass, CancellerConfig, EchoCanceller, Law, LineEchoCanceller};

use crate::models::MODELS;
use crate::rig::{Line, hybrid, level};
use crate::signals::tones;

const BLOCK: usize = 80;
/// Blocks in transit from one end to the other, packets and jitter buffer.
const WAYS: [usize; 6] = [4, 8, 13, 17, 20, 23];
const BLOCKS: usize = 300;
/// Samples after which nothing may be learned any more.
const SETTLED: usize = 4800;
/// The tone of the first end; that of the second is given.
const FIRST: f64 = -13.0;

fn canceller(nlp: bool) -> LineEchoCanceller {
    LineEchoCanceller::new(CancellerConfig {
        nlp,
        ..CancellerConfig::default()
    })
}

/// Lowest and highest level (0.2 s) of what each end's network side hears from the other.
fn levels<C: EchoCanceller>(
    mut cancellers: [C; 2],
    way: usize,
    hz: [f64; 2],
    second: f64,
    erl: f64,
) -> [(f64, f64); 2] {
    let [one, other] = &mut cancellers;
    let mut lines = [
        Line::new(
            one as &mut dyn EchoCanceller,
            Law::Mu,
            hybrid(&MODELS[0], erl, 0),
        ),
        Line::new(other, Law::Mu, hybrid(&MODELS[3], erl, 0)),
    ];
    let near = [(hz[0], FIRST), (hz[1], second)].map(|tone| tones(BLOCKS * BLOCK, &[tone]));
    let mut sent = [vec![0i16; way * BLOCK], vec![0i16; way * BLOCK]];
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
    sent.map(|sent| {
        let settled = sent[way * BLOCK + SETTLED..].as_chunks::<1600>().0.iter();
        settled
            .map(|piece| level(piece))
            .fold((f64::MAX, f64::MIN), |(low, high), level| {
                (low.min(level), high.max(level))
            })
    })
}

#[test]
fn tones_of_both_ends_lose_nothing_whenever_they_come_back() {
    for (hz, cases) in [
        (
            [1004.0, 700.0],
            &[
                (20.0, -13.0),
                (6.0, -13.0),
                (20.0, -20.0),
                (20.0, -30.0),
                (10.0, -20.0),
            ][..],
        ),
        (
            [425.0, 440.0],
            &[(20.0, -13.0), (6.0, -13.0), (10.0, -20.0)],
        ),
        (
            [480.0, 620.0],
            &[(20.0, -13.0), (10.0, -13.0), (6.0, -13.0)],
        ),
        ([1100.0, 2100.0], &[(10.0, -13.0), (6.0, -13.0)]),
    ] {
        for &(erl, second) in cases {
            for way in WAYS {
                let bare = levels([Bypass, Bypass], way, hz, second, erl);
                for nlp in [true, false] {
                    let case = format!(
                        "{hz:?} Hz, {FIRST} and {second} dBm0, hybrids of {erl} dB, {way} blocks, nlp {nlp}"
                    );
                    let heard = levels([(); 2].map(|()| canceller(nlp)), way, hz, second, erl);
                    for end in 0..2 {
                        let own = [FIRST, second][end];
                        // The tone alone, or with echoes of both as they are without any canceller.
                        let ((low, high), (least, most)) = (heard[end], bare[end]);
                        assert!(
                            low > own.min(least) - 1.5 && high < own.max(most) + 1.5,
                            "{case}: {low:.1} to {high:.1} for {own}; {least:.1} to {most:.1} without"
                        );
                    }
                }
            }
        }
    }
}

/// A tone that comes together with the same tone is in every way like its echo: it may be taken out, wholly. Who hears
/// that sends the same tone himself. What must not be is that the loop sings.
#[test]
fn the_same_tone_from_both_ends_may_be_lost_but_gets_no_louder() {
    let mut lost = 0;
    for erl in [6.0, 10.0, 20.0] {
        for way in WAYS {
            let hz = [2100.0, 2100.0];
            let bare = levels([Bypass, Bypass], way, hz, FIRST, erl);
            let heard = levels([true, false].map(canceller), way, hz, FIRST, erl);
            for end in 0..2 {
                let ((low, high), (least, most)) = (heard[end], bare[end]);
                let case = format!("{erl} dB, {way} blocks, end {end}");
                assert!(
                    high < FIRST.max(most) + 1.5,
                    "{case}: {high:.1}; {most:.1} without"
                );
                lost += usize::from(low < FIRST.min(least) - 1.5);
            }
        }
    }
    println!("{lost} of {}", 6 * WAYS.len());
}

#[test]
fn the_echo_of_a_tone_is_learned_when_the_near_end_has_ended_its_own() {
    // A fax calls while the other answers.
    let mut canceller = canceller(false);
    let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[0], 6.0, 0));
    let calling = tones(5000, &[(1100.0, -13.0)]);
    let run = line.play(&tones(24_000, &[(2100.0, -13.0)]), &calling);
    let change = level(&run.sout[..4000]) - level(&run.sin[..4000]);
    assert!(change.abs() < 1.0, "{change} dB of both");
    let left = level(&run.sin[16_000..]) - level(&run.sout[16_000..]);
    assert!(left > 30.0, "{left}");
}

#[test]
fn where_the_ends_take_turns_a_tone_that_comes_back_louder_than_it_was_is_learned() {
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

#[test]
fn after_a_near_tone_a_line_that_returns_nothing_stays_silent() {
    // A far end that is steady and loud teaches nothing about such a line; what a filter makes of it must not go out.
    let key = tones(800, &[(852.0, -10.0), (1209.0, -10.0)]);
    for far in [
        tones(16_000, &[(1004.0, 0.0)]),
        tones(16_000, &[(350.0, -3.0), (440.0, -3.0)]),
        // Steps of a level: a broken sender, with packets of it missing.
        (0..16_000)
            .map(|n| if n / 480 % 7 == 0 { 0.0 } else { -15_996.0 })
            .collect(),
    ] {
        for nlp in [true, false] {
            let mut canceller = canceller(nlp);
            let mut loudest = f64::MIN;
            for block in 0..16_000 / BLOCK {
                let at = block * BLOCK;
                let sample = |x: &f64| x.round() as i16;
                let reference: Vec<i16> = far[at..at + BLOCK].iter().map(sample).collect();
                let said = key.get(at.wrapping_sub(4000)..).filter(|_| at >= 4000);
                let said = said.and_then(|rest| rest.get(..BLOCK));
                let mut near =
                    said.map_or_else(|| vec![0; BLOCK], |s| s.iter().map(sample).collect());
                canceller.process(&mut near, &reference);
                if at >= 4000 + 800 {
                    let mean =
                        near.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / BLOCK as f64;
                    loudest = loudest.max(mean.sqrt());
                }
            }
            assert!(loudest < 5.0, "nlp {nlp}: {loudest}");
        }
    }
}
