//! Blocks of the card that are not 80 samples.

use tipring_dsp::{CancellerConfig, Law, LineEchoCanceller};

use crate::models::MODELS;
use crate::rig::{Line, hybrid};
use crate::signals::css;

fn played(block: usize) -> Vec<i16> {
    let mut canceller = LineEchoCanceller::new(CancellerConfig {
        nlp: false,
        ..CancellerConfig::default()
    });
    let mut line = Line::new(&mut canceller, Law::Mu, hybrid(&MODELS[1], 6.0, 30));
    line.block = block;
    line.play(&css(16_000, -10.0), &[]).sout
}

#[test]
fn chunks_of_any_length_give_the_same_as_whole_blocks_and_no_later() {
    let whole = played(80);
    for block in [8, 16, 40, 50, 77, 1] {
        let chunks = played(block);
        // The sums are the same but for their order, and what is learned from them nearly so.
        // While nothing is known yet, the guard against a wrong filter looks at one chunk at a time.
        let pairs = whole.iter().zip(&chunks).skip(2800);
        let most = pairs
            .map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs())
            .max();
        assert!(most <= Some(4), "{block}: {most:?}");
    }
}
