//! Digits from the line, and digits towards it.

use crate::rig::{Chance, KEYS, Line, Signal, key, line};
use tipring_dsp::measure::{level, tone_level};
use tipring_dsp::{ChainCommand, ChainConfig, ChainEvent, Law};

/// All keys several times, `on_ms` and `off_ms`, (low, high) dBm0, at chance offsets.
fn dialled(
    rounds: usize,
    on_ms: f64,
    off_ms: f64,
    levels: (f64, f64),
    chance: &mut Chance,
) -> (Vec<u8>, Signal) {
    let mut signal = Signal::default();
    let mut keys = Vec::new();
    signal.silence(800 + chance.below(160));
    for _ in 0..rounds {
        for digit in KEYS {
            let (low, high) = key(digit);
            signal.tones(
                &[(low, levels.0), (high, levels.1)],
                (on_ms * 8.0) as usize,
                chance,
            );
            signal.silence((off_ms * 8.0) as usize + chance.below(40));
            keys.push(digit);
        }
    }
    signal.silence(800);
    (keys, signal)
}

#[test]
fn every_key_is_reported_once_on_and_once_off_in_order() {
    for law in [Law::Mu, Law::A] {
        for block in [8, 80, 160] {
            let mut chance = Chance(7);
            let (keys, signal) = dialled(2, 60.0, 60.0, (-10.0, -8.0), &mut chance);
            let mut line = Line::new(&ChainConfig::new(law, block));
            line.up(&signal.pcm());
            let reported: Vec<(u8, bool)> = line
                .events
                .iter()
                .map(|event| match event {
                    ChainEvent::DigitOn { digit, level } => {
                        assert!((-75..=-45).contains(&level.0), "{event:?}");
                        (*digit, true)
                    }
                    ChainEvent::DigitOff { digit, duration_ms } => {
                        assert!((38..=78).contains(duration_ms), "{event:?}");
                        (*digit, false)
                    }
                    other => panic!("{other:?}"),
                })
                .collect();
            let wanted: Vec<(u8, bool)> = keys
                .iter()
                .flat_map(|digit| [(*digit, true), (*digit, false)])
                .collect();
            assert_eq!(reported, wanted, "{law:?}, blocks of {block}");
            assert_eq!(line.chain.meters().digits, 32);
        }
    }
}

#[test]
fn keys_are_heard_from_loud_to_faint_and_with_unequal_tones() {
    for levels in [
        (0.0, 0.0),
        (-20.0, -20.0),
        (-40.0, -40.0),
        (-10.0, -4.0),
        (-4.0, -10.0),
        (-26.0, -20.0),
    ] {
        let mut chance = Chance(11);
        let (keys, signal) = dialled(4, 50.0, 50.0, levels, &mut chance);
        let mut line = line();
        line.up(&signal.pcm());
        assert_eq!(line.keys(), keys, "{levels:?}");
    }
}

#[test]
fn keys_are_heard_over_dial_tone() {
    for (tones, levels) in [
        (vec![(350.0, -5.0), (440.0, -5.0)], (-10.0, -10.0)), // the tuned receiver's limit
        (vec![(350.0, -13.0), (440.0, -13.0)], (-20.0, -18.0)),
        (vec![(425.0, -15.0)], (-10.0, -10.0)),
    ] {
        let mut chance = Chance(13);
        let (keys, mut signal) = dialled(4, 60.0, 60.0, levels, &mut chance);
        for (hz, dbm0) in &tones {
            signal.under(*hz, *dbm0);
        }
        let mut line = line();
        line.up(&signal.pcm());
        assert_eq!(line.keys(), keys, "{tones:?}");
    }
}

#[test]
fn keys_are_heard_over_noise() {
    let mut chance = Chance(17);
    let (keys, mut signal) = dialled(4, 60.0, 60.0, (-13.0, -13.0), &mut chance);
    signal.noise(-25.0, &mut chance);
    let mut line = line();
    line.up(&signal.pcm());
    assert_eq!(line.keys(), keys);
}

#[test]
fn forty_milliseconds_are_a_key_and_twenty_are_none() {
    let mut chance = Chance(19);
    let (keys, signal) = dialled(4, 40.0, 40.0, (-10.0, -10.0), &mut chance);
    let mut heard = line();
    heard.up(&signal.pcm());
    assert_eq!(heard.keys(), keys);
    let (_, signal) = dialled(4, 20.0, 80.0, (-10.0, -10.0), &mut chance);
    let mut unheard = line();
    unheard.up(&signal.pcm());
    assert_eq!(unheard.events, []);
}

#[test]
fn a_key_held_long_is_one_key_and_its_length_is_reported() {
    let mut chance = Chance(23);
    let mut signal = Signal::default();
    signal.silence(801);
    signal.tones(&[(770.0, -12.0), (1336.0, -10.0)], 3000 * 8, &mut chance);
    signal.silence(1600);
    let mut line = line();
    line.up(&signal.pcm());
    match line.events[..] {
        [
            ChainEvent::DigitOn { digit: b'5', .. },
            ChainEvent::DigitOff {
                digit: b'5',
                duration_ms,
            },
        ] => {
            assert!((2975..=3025).contains(&duration_ms), "{duration_ms}");
        }
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_muted_key_leaves_less_than_a_receiver_can_recognise() {
    let mut worst = 0;
    for offset in 0..80 {
        let mut chance = Chance(29 + offset as u64);
        let mut signal = Signal::default();
        signal.silence(1600 + offset);
        let digit = KEYS[chance.below(16)];
        let (low, high) = key(digit);
        // A phone that is 1.5 % off.
        let (low, high) = match offset % 3 {
            0 => (low, high),
            1 => (low * 1.015, high),
            _ => (low, high * 0.985),
        };
        signal.tones(&[(low, -12.0), (high, -10.0)], 100 * 8, &mut chance);
        signal.silence(1600);
        // The echo of dial tone is there too.
        signal.under(350.0, -33.0);
        signal.under(440.0, -33.0);
        let mut line = line();
        let heard = line.up(&signal.pcm());
        assert_eq!(line.keys(), [digit]);
        let leaked = heard.iter().filter(|s| s.unsigned_abs() > 2500).count();
        let first = heard
            .iter()
            .position(|s| s.unsigned_abs() > 2500)
            .unwrap_or(0);
        let last = heard
            .iter()
            .rposition(|s| s.unsigned_abs() > 2500)
            .unwrap_or(0);
        assert!(
            leaked == 0 || last < 1600 + offset + 100,
            "the key comes back at {last}, first {first}"
        );
        worst = worst.max(last.saturating_sub(first));
        assert_eq!(line.chain.meters().false_mutes, 0);
    }
    assert!(worst <= 96, "{worst} samples leaked");
}

#[test]
fn a_key_is_heard_by_the_far_end_when_it_shall_be() {
    let mut chance = Chance(31);
    let mut signal = Signal::default();
    signal.tones(&[(697.0, -12.0), (1209.0, -10.0)], 1600, &mut chance);
    let pcm = signal.pcm();
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.mute_detected_digits = false;
    let mut line = Line::new(&config);
    let heard = line.up(&pcm);
    assert!((level(&heard) + 7.9).abs() < 0.1);
    assert_eq!(line.keys(), [b'1']);
    // And switched on in the middle of a key it falls silent within a block.
    line.chain.command(ChainCommand::MuteDetectedDigits(true));
    assert_eq!(level(&line.up(&pcm)[80..]), -90.0);
}

#[test]
fn a_key_ends_when_the_loop_opens_or_listening_stops() {
    let mut chance = Chance(37);
    let mut signal = Signal::default();
    signal.tones(&[(941.0, -12.0), (1477.0, -10.0)], 80 * 8, &mut chance);
    let pcm = signal.pcm();
    for command in [
        ChainCommand::OffHook(false),
        ChainCommand::EnableDtmf(false),
    ] {
        let mut line = line();
        line.up(&pcm);
        line.chain.command(command);
        line.up(&pcm);
        match line.events[..] {
            [
                ChainEvent::DigitOn { digit: b'#', .. },
                ChainEvent::DigitOff {
                    digit: b'#',
                    duration_ms,
                },
            ] => {
                assert!((60..=82).contains(&duration_ms), "{duration_ms}");
            }
            ref other => panic!("{other:?}"),
        }
    }
}

#[test]
fn keys_sent_towards_the_line_are_recognised_by_another_chain() {
    let mut sender = line();
    let mut receiver = line();
    for digit in KEYS {
        sender
            .chain
            .command(ChainCommand::PlayDigit { digit, on: true });
        let tone = sender.down_ms(70);
        let (low, high) = key(digit);
        assert!(
            (tone_level(&tone, low) + 10.0).abs() < 0.2,
            "{}",
            tone_level(&tone, low)
        );
        assert!((tone_level(&tone, high) + 8.0).abs() < 0.2);
        receiver.up(&tone);
        sender
            .chain
            .command(ChainCommand::PlayDigit { digit, on: false });
        receiver.up(&sender.down_ms(70));
    }
    assert_eq!(receiver.keys(), KEYS);
    sender.chain.command(ChainCommand::PlayDigit {
        digit: b'x',
        on: true,
    });
    assert_eq!(level(&sender.down_ms(50)), -90.0);
}

#[test]
fn the_echo_of_a_key_sent_to_the_line_is_no_key() {
    // 10 dB of trans-hybrid loss and 5 ms of delay behind a prefill of 20 ms.
    for (from_network, known_delay) in [(false, 160), (true, 160), (true, 0)] {
        let mut line = line();
        line.chain.command(ChainCommand::EchoDelay {
            samples: known_delay,
        });
        let mut in_flight: std::collections::VecDeque<i16> = vec![0; 160 + 40].into();
        let mut chance = Chance(41);
        let mut voice = Signal::default();
        voice.silence(1600);
        voice.tones(&[(852.0, -11.0), (1477.0, -9.0)], 1600, &mut chance);
        voice.silence(1600);
        let voice = if from_network {
            voice.pcm()
        } else {
            vec![0; 4800]
        };
        for (tick, block) in voice.chunks(80).enumerate() {
            let from_line: Vec<i16> = in_flight.drain(..80).collect();
            line.up(&from_line);
            if !from_network && (tick == 20 || tick == 40) {
                line.chain.command(ChainCommand::PlayDigit {
                    digit: b'9',
                    on: tick == 20,
                });
            }
            let written = line.down(block);
            in_flight.extend(written.iter().map(|s| (f64::from(*s) * 0.316) as i16));
        }
        assert_eq!(
            line.events,
            [],
            "from network: {from_network}, delay {known_delay}"
        );
        assert_eq!(line.chain.meters().echoed_digits, 1);
    }
}

#[test]
fn the_echo_of_a_short_key_in_noise_is_no_key() {
    for (on_ms, known_delay) in [(45, 160), (60, 160), (45, 0), (60, 0)] {
        let mut line = line();
        line.chain.command(ChainCommand::EchoDelay {
            samples: known_delay,
        });
        let mut in_flight: std::collections::VecDeque<f64> = vec![0.0; 160 + 40].into();
        let mut chance = Chance(47);
        let mut voice = Signal::default();
        voice.silence(1600);
        for digit in KEYS {
            let (low, high) = key(digit);
            voice.tones(&[(low, -11.0), (high, -9.0)], on_ms * 8, &mut chance);
            voice.silence(800);
        }
        for block in voice.pcm().as_chunks::<80>().0 {
            let from_line: Vec<i16> = in_flight.drain(..80).map(|x| x as i16).collect();
            line.up(&from_line);
            let written = line.down(block);
            in_flight.extend(
                written
                    .iter()
                    .map(|s| f64::from(*s) * 0.316 + 320.0 * chance.gauss()),
            );
        }
        assert_eq!(line.events, [], "{on_ms} ms, delay {known_delay}");
        // Noise may hide one or the other.
        assert!(line.chain.meters().echoed_digits >= 12);
    }
}

#[test]
fn a_key_pressed_while_another_comes_from_the_far_end_is_a_key() {
    let mut line = line();
    let mut chance = Chance(43);
    let mut far = Signal::default();
    far.tones(&[(852.0, -11.0), (1477.0, -9.0)], 4000, &mut chance);
    let mut near = Signal::default();
    near.silence(800);
    near.tones(&[(697.0, -11.0), (1209.0, -9.0)], 1600, &mut chance);
    near.silence(1600);
    for (far, near) in far.pcm().chunks(80).zip(near.pcm().chunks(80)) {
        line.up(near);
        line.down(far);
    }
    assert_eq!(line.keys(), [b'1']);
}
