//! Text telephones (TTY, V.18 annex A): 45.45 bit/s, 1400 Hz for a one and 1800 Hz for a zero, both sides by turns.

use std::collections::VecDeque;

use tipring_dsp::level::sine_peak;
use tipring_dsp::{
    CancellerConfig, Chain, ChainCommand, ChainConfig, ChainEvent, Law, LineEchoCanceller,
};

use crate::rig::Chance;

/// Samples of a bit: 22 ms.
const BIT: usize = 176;
/// What a set sends at, dBm0.
const LEVEL: f64 = -13.0;
/// Loss of the line's hybrid.
const ECHO: f64 = 0.35;

/// Characters of five bits, each with a start bit and two stop bits, and the mark before and after.
fn text(characters: &[u8]) -> Vec<i16> {
    let mut bits = vec![true; 7];
    for character in characters {
        bits.push(false);
        bits.extend((0..5).map(|n| character >> n & 1 == 1));
        bits.extend([true; 2]);
    }
    bits.extend([true; 7]);
    let mut phase = 0.0;
    let samples = bits.iter().flat_map(|bit| std::iter::repeat_n(*bit, BIT));
    samples
        .map(|bit| {
            phase += if bit { 1400.0 } else { 1800.0 } / 8000.0;
            (sine_peak(LEVEL) * (std::f64::consts::TAU * phase).sin()) as i16
        })
        .collect()
}

fn power(samples: &[i16], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * hz * n as f64 / 8000.0;
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
    }
    re * re + im * im
}

/// What a set makes of a signal that begins with its mark at the first sample.
fn read(samples: &[i16], characters: usize) -> Vec<u8> {
    let bit = |n: usize| {
        let middle = &samples[n * BIT + BIT / 4..n * BIT + 3 * BIT / 4];
        power(middle, 1400.0) > power(middle, 1800.0)
    };
    (0..characters)
        .map(|c| {
            let start = 7 + c * 8;
            assert!(!bit(start) && bit(start + 6) && bit(start + 7), "frame {c}");
            (0..5).map(|n| u8::from(bit(start + 1 + n)) << n).sum()
        })
        .collect()
}

/// A phone port whose line echoes, with everything on.
struct Port {
    chain: Chain,
    echo: VecDeque<f64>,
    chance: Chance,
}

impl Port {
    fn new() -> Port {
        let config = ChainConfig::new(Law::Mu, 80);
        let canceller = LineEchoCanceller::new(CancellerConfig::default());
        let mut chain = Chain::with_echo_canceller(&config, Box::new(canceller)).unwrap();
        chain.command(ChainCommand::OffHook(true));
        Port {
            chain,
            echo: VecDeque::from(vec![0.0; 40]),
            chance: Chance(9),
        }
    }

    /// The set says this and the far end that, for as long as both are; what each hears.
    fn play(&mut self, near: &[i16], far: &[i16]) -> (Vec<i16>, Vec<i16>) {
        let (mut to_far, mut to_near) = (vec![], vec![]);
        for (near, far) in near.chunks(80).zip(far.chunks(80)) {
            let mut line = [0; 80];
            for (sum, said) in line.iter_mut().zip(near) {
                let echo = self.echo.pop_front().unwrap_or(0.0);
                let noise = sine_peak(-65.0) * self.chance.gauss();
                *sum = (f64::from(*said) + echo + noise).round() as i16;
            }
            let (mut bytes, mut up) = ([0; 80], [0; 80]);
            Law::Mu.encode_block(&line, &mut bytes);
            self.chain.uplink(&bytes, &mut up);
            to_far.extend(up);
            self.chain.downlink(far, &mut bytes);
            let mut down = [0; 80];
            Law::Mu.decode_block(&bytes, &mut down);
            self.echo.extend(down.map(|x| f64::from(x) * ECHO));
            to_near.extend(down);
        }
        (to_far, to_near)
    }
}

#[test]
fn a_text_telephone_is_read_on_both_sides_and_nothing_takes_it_for_an_echo_or_a_key() {
    let mut port = Port::new();
    let mut chance = Chance(4);
    for turn in 0..6 {
        let characters: Vec<u8> = (0..40).map(|_| chance.below(32) as u8).collect();
        let said = text(&characters);
        let said = &said[..said.len() / 80 * 80];
        let silence = vec![0; said.len()];
        let heard = if turn % 2 == 0 {
            port.play(&silence, said).1
        } else {
            port.play(said, &silence).0
        };
        assert_eq!(read(&heard, 40), characters, "turn {turn}");
        // Within half a dB, from the first bit on.
        let level = |samples: &[i16]| {
            let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
            10.0 * (sum / samples.len() as f64).log10()
        };
        for (heard, said) in heard.chunks(BIT * 8).zip(said.chunks(BIT * 8)) {
            assert!((level(heard) - level(said)).abs() < 0.5, "turn {turn}");
        }
    }
    // Both at once, as when one breaks in: the near set is still read.
    let near: Vec<u8> = (0..30).map(|n| n as u8).collect();
    let far = text(&[21; 30]);
    let heard = port.play(&text(&near), &far).0;
    assert_eq!(read(&heard, 30), near, "both at once");
    let meters = port.chain.meters();
    assert_eq!((meters.digits, meters.false_mutes), (0, 0));
    while let Some(event) = port.chain.next_event() {
        assert!(!matches!(event, ChainEvent::DigitOn { .. }), "{event:?}");
    }
}
