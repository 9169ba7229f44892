//! The receiver of keys by the clauses of ITU-T Q.24 and harder ones: one claim for each figure.

use crate::rig::{Chance, KEYS, Signal, key};
use tipring_dsp::{DtmfConfig, DtmfEvent, DtmfReceiver, Law};

/// How keys are pressed.
#[derive(Clone, Copy)]
struct Style {
    on_ms: usize,
    off_ms: usize,
    /// dBm0 of the low and the high tone.
    levels: (f64, f64),
    /// What they are off, percent.
    off_by: (f64, f64),
}

const PLAIN: Style = Style {
    on_ms: 50,
    off_ms: 50,
    levels: (-10.0, -10.0),
    off_by: (0.0, 0.0),
};

/// All keys three times at chance offsets.
fn pressed(style: Style, chance: &mut Chance) -> (Vec<u8>, Signal) {
    let mut signal = Signal::default();
    let mut keys = Vec::new();
    signal.silence(3200 + chance.below(160));
    for _ in 0..3 {
        for digit in KEYS {
            let (low, high) = key(digit);
            let tones = [
                (low * (1.0 + style.off_by.0 / 100.0), style.levels.0),
                (high * (1.0 + style.off_by.1 / 100.0), style.levels.1),
            ];
            signal.tones(&tones, style.on_ms * 8, chance);
            signal.silence(style.off_ms * 8 + chance.below(40));
            keys.push(digit);
        }
    }
    signal.silence(1600);
    (keys, signal)
}

fn events(config: &DtmfConfig, law: Law, signal: &Signal) -> Vec<DtmfEvent> {
    let mut receiver = DtmfReceiver::new(config);
    let mut events = Vec::new();
    let heard: Vec<i16> = signal
        .pcm()
        .iter()
        .map(|x| law.decode(law.encode(*x)))
        .collect();
    for block in heard.chunks(80) {
        receiver.process(block, |event| events.push(event));
    }
    events
}

fn heard_by(config: &DtmfConfig, law: Law, signal: &Signal) -> Vec<u8> {
    let on = |event: &DtmfEvent| match event {
        DtmfEvent::On { digit, .. } => Some(*digit),
        DtmfEvent::Off { .. } => None,
    };
    events(config, law, signal).iter().filter_map(on).collect()
}

#[track_caller]
fn all_are_taken(what: &str, style: Style, change: impl Fn(&mut Signal, &mut Chance)) {
    let mut chance = Chance(0x5EED);
    let (keys, mut signal) = pressed(style, &mut chance);
    change(&mut signal, &mut chance);
    for law in [Law::Mu, Law::A] {
        let heard = heard_by(&DtmfConfig::default(), law, &signal);
        assert_eq!(text(&heard), text(&keys), "{what}, {law:?}");
    }
}

#[track_caller]
fn none_is_taken(what: &str, style: Style) {
    let (_, signal) = pressed(style, &mut Chance(0x5EED));
    for law in [Law::Mu, Law::A] {
        let heard = heard_by(&DtmfConfig::default(), law, &signal);
        assert_eq!(text(&heard), "", "{what}, {law:?}");
    }
}

fn text(keys: &[u8]) -> String {
    keys.iter().map(|key| char::from(*key)).collect()
}

fn as_they_are(_: &mut Signal, _: &mut Chance) {}

fn off(low: f64, high: f64) -> Style {
    Style {
        off_by: (low, high),
        ..PLAIN
    }
}

#[test]
fn tones_one_and_a_half_percent_off_are_keys() {
    for (low, high) in [
        (1.5, 0.0),
        (-1.5, 0.0),
        (0.0, 1.5),
        (0.0, -1.5),
        (1.5, 1.5),
        (-1.5, -1.5),
        (1.5, -1.5),
        (-1.5, 1.5),
    ] {
        for on_ms in [34, 50] {
            let style = Style {
                on_ms,
                ..off(low, high)
            };
            all_are_taken(
                &format!("{low} % and {high} %, {on_ms} ms"),
                style,
                as_they_are,
            );
        }
    }
}

#[test]
fn tones_three_and_a_half_percent_off_are_none() {
    for (low, high) in [
        (3.5, 0.0),
        (-3.5, 0.0),
        (0.0, 3.5),
        (0.0, -3.5),
        (3.5, 3.5),
        (-3.5, -3.5),
        (-3.5, 1.5),
        (1.5, -3.5),
    ] {
        none_is_taken(&format!("{low} % and {high} %"), off(low, high));
    }
}

#[test]
fn a_tone_may_be_eight_db_louder_than_the_other() {
    for levels in [(-6.0, -14.0), (-14.0, -6.0), (-28.0, -36.0), (-36.0, -28.0)] {
        all_are_taken(
            &format!("{levels:?}"),
            Style { levels, ..PLAIN },
            as_they_are,
        );
    }
    for levels in [(-6.0, -17.0), (-17.0, -6.0)] {
        none_is_taken(&format!("{levels:?}"), Style { levels, ..PLAIN });
    }
}

#[test]
fn tones_of_3_to_minus_42_dbm0_are_keys_and_of_minus_45_are_none() {
    for level in [3.0, 0.0, -18.0, -36.0, -42.0] {
        let levels = (level, level);
        all_are_taken(
            &format!("{level} dBm0"),
            Style { levels, ..PLAIN },
            as_they_are,
        );
    }
    let levels = (-45.0, -45.0);
    none_is_taken("-45 dBm0", Style { levels, ..PLAIN });
}

#[test]
fn thirty_two_ms_are_a_key_and_twenty_four_are_none() {
    for on_ms in [40, 32] {
        let style = Style {
            on_ms,
            off_ms: 40,
            ..PLAIN
        };
        all_are_taken(&format!("{on_ms} ms"), style, as_they_are);
    }
    for on_ms in [15, 20, 23, 24] {
        let style = Style {
            on_ms,
            off_ms: 60,
            ..PLAIN
        };
        none_is_taken(&format!("{on_ms} ms"), style);
    }
}

#[test]
fn a_gap_of_ten_ms_does_not_make_two_of_a_key_and_one_of_25_ms_does() {
    let mut chance = Chance(11);
    for gap_ms in 1..=40 {
        let digit = KEYS[chance.below(16)];
        let (low, high) = key(digit);
        let tones = [(low, -10.0), (high, -10.0)];
        let mut signal = Signal::default();
        signal.silence(1600 + chance.below(160));
        signal.tones(&tones, 320, &mut chance);
        signal.silence(gap_ms * 8);
        signal.tones(&tones, 320, &mut chance);
        signal.silence(800);
        let heard = heard_by(&DtmfConfig::default(), Law::Mu, &signal);
        match gap_ms {
            ..=10 => assert_eq!(heard, [digit], "{gap_ms} ms"),
            11..25 => {}
            _ => assert_eq!(heard, [digit; 2], "{gap_ms} ms"),
        }
    }
}

#[test]
fn five_ms_missing_anywhere_in_a_key_of_eighty_cost_nothing() {
    let mut chance = Chance(13);
    for at_ms in 0..75 {
        let digit = KEYS[chance.below(16)];
        let (low, high) = key(digit);
        let mut signal = Signal::default();
        signal.silence(1600);
        signal.tones(&[(low, -10.0), (high, -10.0)], 640, &mut chance);
        let hole = 1600 + at_ms * 8;
        signal.0[hole..hole + 40].fill(0.0);
        signal.silence(800);
        let heard = heard_by(&DtmfConfig::default(), Law::Mu, &signal);
        assert_eq!(heard, [digit], "{at_ms} ms into {}", char::from(digit));
    }
}

#[test]
fn keys_are_heard_in_noise_10_db_below_them_and_uneven_ones_at_15() {
    all_are_taken("10 dB", PLAIN, |signal, chance| signal.noise(-17.0, chance));
    let uneven = Style {
        levels: (-6.0, -14.0),
        off_by: (-1.5, 1.5),
        ..PLAIN
    };
    all_are_taken("15 dB", uneven, |signal, chance| {
        signal.noise(-20.4, chance);
    });
    let short = Style {
        on_ms: 40,
        off_ms: 40,
        ..PLAIN
    };
    all_are_taken("40/40", short, |signal, chance| signal.noise(-22.0, chance));
}

#[test]
fn dial_tone_of_minus_5_dbm0_is_no_hindrance_in_any_country() {
    for tones in [
        &[350.0, 440.0][..],
        &[425.0],
        &[400.0],
        &[400.0, 450.0],
        &[330.0, 440.0],
        &[350.0, 450.0],
        &[413.0, 438.0],
    ] {
        all_are_taken(&format!("{tones:?} Hz"), PLAIN, |signal, _| {
            for hz in tones {
                signal.under(*hz, -5.0);
            }
        });
    }
}

#[test]
fn the_settings_of_the_receiver_do_what_they_say() {
    let with = |config: &DtmfConfig, levels, dial_tone| {
        let (keys, mut signal) = pressed(Style { levels, ..PLAIN }, &mut Chance(17));
        if dial_tone {
            signal.under(350.0, -10.0);
            signal.under(440.0, -10.0);
        }
        let heard = heard_by(config, Law::Mu, &signal);
        assert!(heard.is_empty() || heard == keys, "all or none");
        !heard.is_empty()
    };
    let usual = DtmfConfig::default();
    let deaf = DtmfConfig {
        threshold_dbm0: -30,
        ..usual
    };
    assert!(with(&deaf, (-30.0, -30.0), false));
    assert!(!with(&deaf, (-32.0, -30.0), false));
    let even = DtmfConfig {
        twist_db: 3,
        reverse_twist_db: 6,
        ..usual
    };
    assert!(with(&even, (-10.0, -13.0), false));
    assert!(!with(&even, (-10.0, -15.0), false));
    assert!(with(&even, (-16.0, -10.0), false));
    assert!(!with(&even, (-18.0, -10.0), false));
    let unfiltered = DtmfConfig {
        filter_dialtone: false,
        ..usual
    };
    assert!(with(&usual, (-10.0, -10.0), true));
    assert!(!with(&unfiltered, (-10.0, -10.0), true));
    assert!(with(&unfiltered, (-10.0, -10.0), false));
}

#[test]
fn keys_are_heard_with_their_own_echo_and_under_clicks() {
    for ms in [5, 20] {
        all_are_taken(&format!("echo after {ms} ms"), PLAIN, |signal, _| {
            let before = signal.0.clone();
            for (sample, echo) in signal.0[ms * 8..].iter_mut().zip(&before) {
                *sample += 0.316 * echo;
            }
        });
    }
    let style = Style {
        on_ms: 60,
        off_ms: 60,
        ..PLAIN
    };
    all_are_taken("clicks", style, |signal, chance| {
        let mut at = 0;
        while at + 4 < signal.0.len() {
            for sample in &mut signal.0[at..at + 4] {
                *sample += 16_000.0;
            }
            at += 400 + chance.below(800);
        }
    });
}

#[test]
fn pulses_and_hooks_are_no_keys() {
    let mut chance = Chance(19);
    let mut signal = Signal::default();
    signal.silence(60 * 8000);
    let mut at = 800;
    while at + 1600 < signal.0.len() {
        let size = 4000.0 + 28_000.0 * chance.unit();
        let hz = 200.0 + 1600.0 * chance.unit();
        let decay = 10.0 + 60.0 * chance.unit();
        for (i, sample) in signal.0[at..at + 1600].iter_mut().enumerate() {
            let t = i as f64;
            *sample += size * (-t / decay).exp() * (std::f64::consts::TAU * hz * t / 8000.0).cos();
        }
        at += 200 + chance.below(600);
    }
    assert_eq!(
        text(&heard_by(&DtmfConfig::default(), Law::Mu, &signal)),
        ""
    );
}

#[test]
fn the_level_is_reported_to_half_a_db_and_the_length_to_six_ms() {
    for on_ms in [40, 63, 100, 333] {
        let style = Style {
            on_ms,
            levels: (-17.0, -12.0),
            ..PLAIN
        };
        let (keys, signal) = pressed(style, &mut Chance(23));
        let reported = events(&DtmfConfig::default(), Law::Mu, &signal);
        assert_eq!(reported.len(), 2 * keys.len());
        for event in reported {
            match event {
                DtmfEvent::On { level, .. } => {
                    assert!((-113..=-103).contains(&level.0), "{event:?}");
                }
                DtmfEvent::Off { samples, .. } => {
                    let ms = samples as usize / 8;
                    assert!(ms.abs_diff(on_ms) <= 6, "{ms} ms reported for {on_ms}");
                }
            }
        }
    }
}
