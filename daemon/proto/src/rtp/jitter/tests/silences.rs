//! Silences that the far end announces, once or again and again.

use super::*;

/// Plays a far end that talks and is silent in turns, `turns` blocks each, beginning with talk; of a silence it sends
/// at its beginning and every `again` blocks. What is played from the first block of talk on.
fn in_turns(mut b: JitterBuffer, turns: &[u32], again: u32) -> Vec<Playout> {
    let mut played = Vec::new();
    let mut n = 0;
    for (turn, blocks) in turns.iter().enumerate() {
        for at in 0..*blocks {
            if turn % 2 == 0 {
                put(&mut b, n, BLOCK);
            } else if at % again == 0 {
                assert!(b.pause(n * BLOCK as u32));
            }
            played.push(b.pop(&mut [0; BLOCK]));
            n += 1;
        }
    }
    let first = played.iter().position(|p| matches!(p, Playout::Samples(_)));
    played.split_off(first.unwrap())
}

/// A moving buffer and a held one.
fn both() -> [JitterBuffer; 2] {
    let mut held = buffer(60, 200);
    held.hold(true);
    [buffer(60, 200), held]
}

/// How often is each kind of block played, in their order?
fn runs(played: &[Playout]) -> Vec<(Playout, usize)> {
    let run = |run: &[Playout]| (run[0], run.len());
    played.chunk_by(|a, b| a == b).map(run).collect()
}

const TALK: Playout = Playout::Samples(MU);
const NOISE: Playout = Playout::Comfort { level: 0 };

#[test]
fn a_silence_announced_again_and_again_is_noise_throughout() {
    for again in [1, 2, 5, 8, 100] {
        for b in both() {
            let held = b.is_held();
            let runs = runs(&in_turns(b, &[40, 90, 40], again));
            assert_eq!(
                (runs[0], runs[1], runs[2].0, runs.len()),
                ((TALK, 40), (NOISE, 90), TALK, 3),
                "held {held}, every {again}"
            );
        }
    }
}

#[test]
fn a_word_shorter_than_the_delay_between_two_silences_leaves_no_hole() {
    for (first, word, again) in [(40, 3, 100), (40, 3, 2), (3, 2, 1)] {
        for b in both() {
            let held = b.is_held();
            let runs = runs(&in_turns(b, &[40, first, word, 60], again));
            assert_eq!(
                runs[..3],
                [(TALK, 40), (NOISE, first as usize), (TALK, word as usize)],
                "held {held}"
            );
            assert_eq!((runs[3].0, runs.len()), (NOISE, 4), "held {held}");
        }
    }
}

#[test]
fn what_is_missing_after_a_silence_that_is_over_is_no_silence() {
    for mut b in both() {
        for n in 0..5 {
            put(&mut b, n, BLOCK);
        }
        assert!(b.pause(5 * BLOCK as u32));
        put(&mut b, 10, BLOCK);
        put(&mut b, 12, BLOCK); // and 11 is lost
        assert!(b.pause(13 * BLOCK as u32));
        let played: Vec<_> = (0..40).map(|_| b.pop(&mut [0; BLOCK])).collect();
        let first = played.iter().position(|p| *p == TALK).unwrap();
        let all = [
            (TALK, 5),
            (NOISE, 5),
            (TALK, 1),
            (Playout::Conceal, 1),
            (TALK, 1),
        ];
        assert_eq!(runs(&played[first..])[..5], all);
    }
}

#[test]
fn a_silence_of_days_is_noise_to_its_end() {
    let mut b = buffer(0, 0);
    put(&mut b, 0, BLOCK);
    b.pop(&mut [0; BLOCK]);
    assert!(b.pause(BLOCK as u32));
    // Sent once more near the half of the clock, played beyond it.
    b.play = (1 << 31) - 100 * BLOCK as u32;
    assert!(b.pause(b.play));
    for _ in 0..200 {
        assert_eq!(b.pop(&mut [0; BLOCK]), NOISE);
    }
}
