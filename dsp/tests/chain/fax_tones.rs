//! The tones of faxes and modems from the line.

use crate::rig::{Chance, Line, Signal, line};
use tipring_dsp::{ChainCommand, ChainConfig, ChainEvent, Law};
use tipring_spandsp::{ConnectTone, ModemConnectToneTx};

fn sent(tone: ConnectTone, ms: usize) -> Vec<i16> {
    let mut samples = vec![0; ms * 8];
    ModemConnectToneTx::new(tone).unwrap().process(&mut samples);
    samples
}

/// HDLC flags at 300 bit/s, V.21 channel 2: mark 1650 Hz, space 1850 Hz.
fn flags(ms: usize, dbm0: f64) -> Vec<i16> {
    let peak = tipring_dsp::level::sine_peak(dbm0);
    let mut phase = 0.0;
    (0..ms * 8)
        .map(|i| {
            let bit = i * 300 / 8000 % 8;
            let hz = if bit == 0 || bit == 7 { 1850.0 } else { 1650.0 };
            phase += hz / 8000.0;
            (peak * (std::f64::consts::TAU * phase).sin()) as i16
        })
        .collect()
}

#[test]
fn a_calling_fax_is_told_once_for_each_burst() {
    let mut line = line();
    line.up(&sent(ConnectTone::Cng, 7000));
    // 0.5 s on, 3 s off.
    assert_eq!(line.events, [ChainEvent::Cng, ChainEvent::Cng]);
}

#[test]
fn answer_tones_are_told_apart() {
    for (tone, wanted) in [
        (
            ConnectTone::Ans,
            vec![ChainEvent::Ced, ChainEvent::AnswerToneOff],
        ),
        (
            ConnectTone::AnsPr,
            vec![ChainEvent::AnsPr, ChainEvent::AnswerToneOff],
        ),
        (
            ConnectTone::Ansam,
            vec![ChainEvent::AnsAm, ChainEvent::AnswerToneOff],
        ),
        (
            ConnectTone::AnsamPr,
            vec![ChainEvent::AnsAmPr, ChainEvent::AnswerToneOff],
        ),
    ] {
        let mut line = line();
        line.up(&sent(tone, 7000));
        assert_eq!(line.events, wanted, "{tone:?}");
    }
}

#[test]
fn v21_flags_are_told_soon_after_an_answer_tone_and_without_one() {
    for dbm0 in [-10.0, -30.0, -38.0] {
        let mut line = line();
        line.up(&flags(600, dbm0));
        assert_eq!(line.events, [ChainEvent::V21Preamble], "{dbm0} dBm0");
    }
    let mut line = line();
    line.up(&sent(ConnectTone::Ans, 2800));
    line.up(&[0; 75 * 8]);
    line.up(&flags(1000, -13.0));
    assert_eq!(
        line.events,
        [
            ChainEvent::Ced,
            ChainEvent::AnswerToneOff,
            ChainEvent::V21Preamble
        ]
    );
    // The next handshake of the same call is told again.
    line.events.clear();
    line.up(&[0; 8000]);
    line.up(&flags(1000, -13.0));
    assert_eq!(line.events, [ChainEvent::V21Preamble]);
}

#[test]
fn fax_tones_are_not_told_when_not_listened_for_or_on_hook() {
    let mut config = ChainConfig::new(Law::A, 80);
    config.detect_fax_tones = false;
    let mut line = Line::new(&config);
    line.up(&sent(ConnectTone::Ans, 2000));
    assert_eq!(line.events, []);
    line.chain.command(ChainCommand::EnableFaxTones(true));
    line.chain.command(ChainCommand::OffHook(false));
    line.up(&sent(ConnectTone::Ans, 2000));
    assert_eq!(line.events, []);
    line.chain.command(ChainCommand::OffHook(true));
    line.up(&sent(ConnectTone::Ans, 2000));
    assert_eq!(line.events, [ChainEvent::Ced]);
}

#[test]
fn other_tones_are_none_of_these() {
    let mut chance = Chance(3);
    for hz in [350.0, 440.0, 1004.0, 1300.0, 1750.0, 2000.0, 2225.0, 2600.0] {
        let mut signal = Signal::default();
        signal.tones(&[(hz, -12.0)], 24_000, &mut chance);
        let mut line = line();
        line.up(&signal.pcm());
        assert_eq!(line.events, [], "{hz} Hz");
    }
}
