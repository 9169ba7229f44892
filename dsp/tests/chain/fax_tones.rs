//! The tones of faxes and modems from the line.

use crate::rig::{Chance, Line, Signal, line};
use tipring_dsp::{ChainCommand, ChainConfig, ChainEvent, DataTone, Law, Side};
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

/// What was reported, without the times; these must be soon.
fn reported(line: &mut Line) -> Vec<(Side, Option<DataTone>)> {
    let events = std::mem::take(&mut line.events);
    let reported = events.into_iter().map(|event| match event {
        ChainEvent::DataTone {
            tone,
            from,
            after_ms,
        } => {
            assert!(after_ms <= 530, "{tone:?} after {after_ms} ms");
            (from, Some(tone))
        }
        ChainEvent::AnswerToneOff { from } => (from, None),
        other => panic!("{other:?}"),
    });
    reported.collect()
}

#[test]
fn a_calling_fax_is_reported_once_for_each_burst() {
    let mut line = line();
    line.up(&sent(ConnectTone::Cng, 7000));
    // 0.5 s on, 3 s off.
    assert_eq!(reported(&mut line), [(Side::Line, Some(DataTone::Cng)); 2]);
}

const ANSWERS: [(ConnectTone, DataTone); 4] = [
    (ConnectTone::Ans, DataTone::Ced),
    (ConnectTone::AnsPr, DataTone::AnsPr),
    (ConnectTone::Ansam, DataTone::AnsAm),
    (ConnectTone::AnsamPr, DataTone::AnsAmPr),
];

#[test]
fn answer_tones_are_distinguished_from_either_side_with_blocks_of_any_length() {
    for block_len in [8, 40, 80] {
        for (tone, wanted) in ANSWERS {
            for side in [Side::Line, Side::Network] {
                let mut line = Line::new(&ChainConfig::new(Law::Mu, block_len));
                let tone = sent(tone, 7000);
                match side {
                    Side::Line => line.up(&tone),
                    Side::Network => line.down(&tone),
                };
                assert_eq!(
                    reported(&mut line),
                    [(side, Some(wanted)), (side, None)],
                    "blocks of {block_len}"
                );
            }
        }
    }
}

#[test]
fn the_echo_of_a_tone_is_reported_from_neither_side() {
    // The line sends 6 dB less back 20 ms later; the far end's hybrid, 15 dB less after 300 ms.
    for (from, loss, late) in [(Side::Network, 0.5, 2), (Side::Line, 0.18, 30)] {
        for (tone, wanted) in ANSWERS {
            let mut line = line();
            let tone = sent(tone, 4000);
            let echo: Vec<i16> = std::iter::repeat_n(0, late * 80)
                .chain(tone.iter().map(|x| (f64::from(*x) * loss) as i16))
                .collect();
            for (tone, echo) in tone.chunks(80).zip(echo.chunks(80)) {
                let (up, down) = match from {
                    Side::Network => (echo, tone),
                    Side::Line => (tone, echo),
                };
                line.up(up);
                line.down(down);
            }
            assert_eq!(reported(&mut line)[0], (from, Some(wanted)));
            assert!(reported(&mut line).iter().all(|(side, _)| *side == from));
        }
    }
}

#[test]
fn the_carrier_of_v22_is_heard_after_an_answer_tone_and_nothing_else_is_one() {
    let plain = |hz| vec![(hz, -15.0)];
    for (answers, tones, heard) in [
        (true, plain(2250.0), true),
        (true, plain(2243.0), true),
        (true, vec![(2250.0, -15.0), (1800.0, -21.0)], true),
        // The answer tone of Bell 103, the second of an alarm receiver's handshake.
        (true, plain(2225.0), false),
        (true, plain(2300.0), false),
        (true, plain(2200.0), false),
        (false, plain(2250.0), false),
    ] {
        let mut line = line();
        if answers {
            line.up(&sent(ConnectTone::Ans, 2800));
        }
        line.up(&[0; 75 * 8]);
        let mut carrier = Signal::default();
        carrier.tones(&tones, 500 * 8, &mut Chance(1));
        line.up(&carrier.pcm());
        let all = reported(&mut line);
        let found = all.contains(&(Side::Line, Some(DataTone::V22)));
        assert_eq!(found, heard, "{answers} {tones:?}: {all:?}");
    }
}

#[test]
fn v21_flags_are_reported_soon_after_an_answer_tone_and_without_one() {
    for dbm0 in [-10.0, -30.0, -42.0] {
        let mut line = line();
        line.up(&flags(600, dbm0));
        assert_eq!(
            reported(&mut line),
            [(Side::Line, Some(DataTone::V21Preamble))],
            "{dbm0} dBm0"
        );
    }
    let mut line = line();
    line.up(&sent(ConnectTone::Ans, 2800));
    // T.30: 75 ± 20 ms.
    line.up(&[0; 55 * 8]);
    line.up(&flags(1000, -13.0));
    let last = line.events.last();
    assert!(
        matches!(last, Some(ChainEvent::DataTone { after_ms, .. }) if *after_ms < 200),
        "{last:?}"
    );
    assert_eq!(
        reported(&mut line),
        [
            (Side::Line, Some(DataTone::Ced)),
            (Side::Line, None),
            (Side::Line, Some(DataTone::V21Preamble))
        ]
    );
    // The next handshake of the same call is reported again, and so is the other fax's.
    line.up(&[0; 8000]);
    line.up(&flags(1000, -13.0));
    line.down(&flags(1000, -13.0));
    assert_eq!(
        reported(&mut line),
        [Side::Line, Side::Network].map(|side| (side, Some(DataTone::V21Preamble)))
    );
}

#[test]
fn fax_tones_are_not_reported_when_not_listened_for_or_on_hook() {
    let mut config = ChainConfig::new(Law::A, 80);
    config.detect_fax_tones = false;
    let mut line = Line::new(&config);
    line.up(&sent(ConnectTone::Ans, 2000));
    assert_eq!(line.events, []);
    line.chain.command(ChainCommand::EnableFaxTones(true));
    line.chain.command(ChainCommand::OffHook(false));
    line.up(&sent(ConnectTone::Ans, 2000));
    line.down(&sent(ConnectTone::Ans, 2000));
    assert_eq!(line.events, []);
    line.chain.command(ChainCommand::OffHook(true));
    line.up(&sent(ConnectTone::Ans, 2000));
    assert_eq!(reported(&mut line), [(Side::Line, Some(DataTone::Ced))]);
}

#[test]
fn other_tones_are_none_of_these() {
    let mut chance = Chance(3);
    for hz in [350.0, 440.0, 1004.0, 1300.0, 1750.0, 2000.0, 2225.0, 2600.0] {
        let mut signal = Signal::default();
        signal.tones(&[(hz, -12.0)], 24_000, &mut chance);
        let mut line = line();
        line.up(&signal.pcm());
        line.down(&signal.pcm());
        assert_eq!(line.events, [], "{hz} Hz");
    }
}
