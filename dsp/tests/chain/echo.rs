//! The slot of the echo canceller: it is asked for each chunk, with the reference the line really heard.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tipring_dsp::{Chain, ChainCommand, ChainConfig, EchoCanceller, Law};

/// Takes the exact reference away, and notes what it was given.
struct Subtract {
    lengths: Arc<Mutex<Vec<usize>>>,
    resets: Arc<Mutex<u32>>,
}

impl EchoCanceller for Subtract {
    fn process(&mut self, near: &mut [i16], reference: &[i16]) {
        assert_eq!(near.len(), reference.len());
        self.lengths.lock().unwrap().push(near.len());
        for (near, reference) in near.iter_mut().zip(reference) {
            *near = near.saturating_sub(*reference);
        }
    }

    fn reset(&mut self) {
        *self.resets.lock().unwrap() += 1;
    }
}

#[test]
fn the_reference_is_the_echo_of_a_line_that_reflects_everything() {
    for (block, prefill) in [(80, 160), (80, 80), (8, 24), (160, 320), (50, 100)] {
        let lengths = Arc::new(Mutex::new(Vec::new()));
        let resets = Arc::new(Mutex::new(0));
        let canceller = Subtract {
            lengths: lengths.clone(),
            resets,
        };
        let mut config = ChainConfig::new(Law::A, block);
        config.echo_delay_samples = prefill;
        config.detect_dtmf = false;
        let mut chain = Chain::with_echo_canceller(&config, Box::new(canceller)).unwrap();
        chain.command(ChainCommand::OffHook(true));
        // The card: what is written comes back after the prefill.
        let mut card: VecDeque<u8> = VecDeque::new();
        let mut bytes = vec![0u8; block];
        for _ in 0..usize::from(prefill) / block {
            chain.downlink(&vec![-3000; block], &mut bytes);
            card.extend(&bytes);
        }
        let mut left = vec![1i16; block];
        for tick in 0..500i32 {
            let read: Vec<u8> = card.drain(..block).collect();
            chain.uplink(&read, &mut left);
            assert!(
                left.iter().all(|s| *s == 0),
                "block {block}, tick {tick}: {left:?}"
            );
            let voice: Vec<i16> = (0..block as i32)
                .map(|i| ((tick * 97 + i * 31) % 20_000 - 9_000) as i16)
                .collect();
            chain.downlink(&voice, &mut bytes);
            card.extend(&bytes);
        }
        let lengths = lengths.lock().unwrap();
        let chunk = block.min(80);
        assert!(lengths.iter().all(|n| *n == chunk), "block {block}");
    }
}

#[test]
fn a_flash_keeps_what_the_canceller_learned_and_a_new_call_does_not() {
    let resets = Arc::new(Mutex::new(0));
    let canceller = Subtract {
        lengths: Arc::default(),
        resets: resets.clone(),
    };
    let mut chain =
        Chain::with_echo_canceller(&ChainConfig::new(Law::Mu, 80), Box::new(canceller)).unwrap();
    let wait =
        |chain: &mut Chain, ms: usize| chain.uplink(&vec![0xFF; ms * 8], &mut vec![0; ms * 8]);
    chain.command(ChainCommand::OffHook(true));
    assert_eq!(*resets.lock().unwrap(), 1);
    wait(&mut chain, 1000);
    chain.command(ChainCommand::OffHook(false));
    wait(&mut chain, 600);
    chain.command(ChainCommand::OffHook(true));
    assert_eq!(*resets.lock().unwrap(), 1);
    chain.command(ChainCommand::OffHook(false));
    wait(&mut chain, 2500);
    chain.command(ChainCommand::OffHook(true));
    assert_eq!(*resets.lock().unwrap(), 2);
}

/// Records its commands.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<&'static str>>>);

impl EchoCanceller for Recorder {
    fn process(&mut self, _near: &mut [i16], _reference: &[i16]) {}

    fn set_disabled(&mut self, disabled: bool) {
        self.0
            .lock()
            .unwrap()
            .push(if disabled { "disabled" } else { "enabled" });
    }

    fn pass_data(&mut self, on: bool) {
        self.0
            .lock()
            .unwrap()
            .push(if on { "data" } else { "voice" });
    }
}

#[test]
fn a_fax_that_signals_has_its_echo_cancelled_and_the_suppressor_goes_by_order() {
    let recorder = Recorder::default();
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.detect_fax_tones = true;
    let mut chain = Chain::with_echo_canceller(&config, Box::new(recorder.clone())).unwrap();
    chain.command(ChainCommand::OffHook(true));
    let mut out = [0; 80];
    let mut say = |samples: &[i16]| {
        for block in samples.chunks(80) {
            let bytes: Vec<u8> = block.iter().map(|s| Law::Mu.encode(*s)).collect();
            chain.uplink(&bytes, &mut out[..block.len()]);
        }
    };
    let tone = |hz: f64, i: usize| {
        (8000.0 * (std::f64::consts::TAU * hz * i as f64 / 8000.0).sin()) as i16
    };
    say(&(0..4000).map(|i| tone(1100.0, i)).collect::<Vec<_>>());
    assert!(recorder.0.lock().unwrap().is_empty());
    say(&vec![0; 1600]);
    // HDLC flags, 01111110, at 300 bit/s: a second of them.
    let mut phase = 0.0;
    let flags: Vec<i16> = (0..8000)
        .map(|i| {
            let bit = i * 300 / 8000 % 8;
            let hz = if bit == 0 || bit == 7 { 1850.0 } else { 1650.0 };
            phase += hz / 8000.0;
            (8000.0 * (std::f64::consts::TAU * phase).sin()) as i16
        })
        .collect();
    say(&flags);
    assert_eq!(*recorder.0.lock().unwrap(), ["enabled"]);
    chain.command(ChainCommand::PassThrough {
        on: true,
        silence_ms: 0,
    });
    chain.command(ChainCommand::PassThrough {
        on: false,
        silence_ms: 0,
    });
    assert_eq!(recorder.0.lock().unwrap()[1..], ["data", "voice"]);
}
