//! A line that T.38 has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::rig::{Chance, Line, Signal, key, line};
use tipring_dsp::{
    Chain, ChainCommand, ChainConfig, ChainEvent, DataTone, EchoCanceller, Law, Side, TenthDb,
};
use tipring_spandsp::{ConnectTone, ModemConnectToneTx};

/// Counts the samples that it is given.
struct Counting(Arc<AtomicUsize>);

impl EchoCanceller for Counting {
    fn process(&mut self, near: &mut [i16], _reference: &[i16]) {
        self.0.fetch_add(near.len(), Relaxed);
        near.fill(0);
    }
}

#[test]
fn the_relay_gets_the_line_as_the_card_gave_it_and_nothing_is_computed_beside() {
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.rx_gain = TenthDb(60);
    let samples = Arc::<AtomicUsize>::default();
    let canceller = Box::new(Counting(Arc::clone(&samples)));
    let mut chain = Chain::with_echo_canceller(&config, canceller).unwrap();
    chain.command(ChainCommand::OffHook(true));
    chain.command(ChainCommand::Relay(true));
    let said: Vec<i16> = (0..800).map(|n| (n * 37 % 4000 - 2000) as i16).collect();
    let mut bytes = vec![0; 800];
    Law::Mu.encode_block(&said, &mut bytes);
    let mut wanted = vec![0; 800];
    Law::Mu.decode_block(&bytes, &mut wanted);
    let mut heard = vec![0; 800];
    for (bytes, out) in bytes.chunks(80).zip(heard.chunks_mut(80)) {
        chain.uplink(bytes, out);
        chain.downlink(&[1000; 80], &mut [0; 80]);
    }
    assert_eq!(heard, wanted);
    assert_eq!(samples.load(Relaxed), 0);
    // And again when it is over.
    chain.command(ChainCommand::Relay(false));
    chain.uplink(&bytes[..80], &mut heard[..80]);
    assert_eq!((samples.load(Relaxed), heard[7]), (80, 0));
}

fn answer_tone(ms: usize) -> Vec<i16> {
    let mut samples = vec![0; ms * 8];
    let mut tone = ModemConnectToneTx::new(ConnectTone::Ans).unwrap();
    tone.process(&mut samples);
    samples
}

#[test]
fn nothing_is_listened_for_but_the_silence_of_both_sides() {
    let mut line = line();
    line.chain.command(ChainCommand::PassThrough {
        on: true,
        silence_ms: 500,
    });
    line.chain.command(ChainCommand::Relay(true));
    let mut chance = Chance(5);
    let (low, high) = key(b'5');
    let mut digit = Signal::default();
    digit.tones(&[(low, -10.0), (high, -8.0)], 1600, &mut chance);
    let both = |line: &mut Line, samples: &[i16]| {
        for chunk in samples.chunks(80) {
            line.up(chunk);
            line.down(chunk);
        }
    };
    both(&mut line, &digit.pcm());
    both(&mut line, &answer_tone(2000));
    assert_eq!(line.events, []);
    both(&mut line, &[0; 4000]);
    assert_eq!(line.events, [ChainEvent::BothSilent]);
    line.events.clear();
    line.chain.command(ChainCommand::Relay(false));
    line.up(&answer_tone(2000));
    assert!(
        matches!(
            line.events[..],
            [ChainEvent::DataTone {
                tone: DataTone::Ced,
                from: Side::Line,
                ..
            }]
        ),
        "{:?}",
        line.events
    );
}

#[test]
fn a_key_that_sounds_when_the_relay_begins_is_over() {
    let mut line = line();
    let mut chance = Chance(5);
    let (low, high) = key(b'5');
    let mut digit = Signal::default();
    digit.tones(&[(low, -10.0), (high, -8.0)], 1600, &mut chance);
    line.up(&digit.pcm());
    assert_eq!((line.keys(), line.events.len()), (vec![b'5'], 1));
    line.chain.command(ChainCommand::Relay(true));
    line.up(&digit.pcm());
    assert!(
        matches!(line.events[1..], [ChainEvent::DigitOff { .. }]),
        "{:?}",
        line.events
    );
}
