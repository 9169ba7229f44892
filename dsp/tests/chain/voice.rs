//! Voice, tones over it, gains, muting and meters.

use crate::rig::{Chance, Line, Signal, line};
use tipring_dsp::measure::{dominant_tone, level, tone_level};
use tipring_dsp::{
    ChainCommand, ChainConfig, ChainEvent, Law, Over, TenthDb, Tone, ToneProgram, ToneSegment,
};

fn sine(hz: f64, dbm0: f64, ms: usize) -> Vec<i16> {
    let mut signal = Signal::default();
    signal.tones(&[(hz, dbm0)], ms * 8, &mut Chance(1));
    signal.pcm()
}

#[test]
fn without_gain_every_byte_passes_as_it_is() {
    for law in [Law::Mu, Law::A] {
        let mut line = Line::new(&ChainConfig::new(law, 80));
        let bytes: Vec<u8> = (0..=255)
            .filter(|byte| law == Law::A || *byte != 0x7F)
            .collect();
        let mut samples = vec![0i16; bytes.len()];
        line.chain.uplink(&bytes, &mut samples);
        let mut back = vec![0u8; bytes.len()];
        line.chain.downlink(&samples, &mut back);
        assert_eq!(back, bytes, "{law:?}");
    }
}

#[test]
fn gains_are_applied_each_way_and_can_be_changed() {
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.rx_gain = TenthDb(-35);
    config.tx_gain = TenthDb(-140);
    let mut line = Line::new(&config);
    let tone = sine(1004.0, -10.0, 500);
    assert!((level(&line.up(&tone)) + 13.5).abs() < 0.1);
    assert!((level(&line.down(&tone)) + 24.0).abs() < 0.1);
    line.chain.command(ChainCommand::Gains {
        rx_gain: TenthDb(60),
        tx_gain: TenthDb(0),
    });
    assert!((level(&line.up(&tone)) + 4.0).abs() < 0.1);
    assert!((level(&line.down(&tone)) + 10.0).abs() < 0.1);
}

#[test]
fn meters_read_both_directions_to_a_tenth_of_a_db() {
    let mut line = line();
    line.up(&sine(1004.0, -13.0, 2000));
    line.down(&sine(820.0, -21.5, 2000));
    let meters = line.chain.meters();
    for (reading, wanted) in [(meters.rx, -130), (meters.tx, -215)] {
        assert!((reading.rms.0 - wanted).abs() <= 1, "{reading:?}");
        assert!((reading.peak.0 - wanted).abs() <= 4, "{reading:?}");
    }
    // The line's level is metered also when the far end does not hear it.
    line.chain.command(ChainCommand::MuteUplink(true));
    let heard = line.up(&sine(1004.0, -13.0, 200));
    assert!(heard.iter().all(|s| *s == 0));
    assert!((line.chain.meters().rx.rms.0 + 130).abs() <= 1);
}

#[test]
fn dial_tone_is_heard_until_stopped_and_the_voice_is_not() {
    let mut line = line();
    let program = ToneProgram::continuous(&[Tone::new(350, -130), Tone::new(440, -130)]).unwrap();
    line.chain.command(ChainCommand::PlayTone(program));
    let heard = line.down(&sine(1004.0, -10.0, 1000));
    let heard = &heard[80..];
    for (hz, dbm0) in [(350.0, -13.0), (440.0, -13.0)] {
        assert!(
            (tone_level(heard, hz) - dbm0).abs() < 0.1,
            "{hz}: {}",
            tone_level(heard, hz)
        );
    }
    assert!(tone_level(heard, 1004.0) < -50.0);
    line.chain.command(ChainCommand::StopTone);
    let heard = line.down(&sine(1004.0, -10.0, 500));
    assert!((tone_level(&heard[80..], 1004.0) + 10.0).abs() < 0.1);
    assert!(tone_level(&heard[80..], 440.0) < -50.0);
    assert_eq!(line.events, []);
}

#[test]
fn a_call_waiting_beep_is_heard_with_the_voice_and_its_end_is_reported() {
    let mut line = line();
    let beep = ToneSegment::new(&[Tone::new(440, -160)], 300, 0).unwrap();
    let program = ToneProgram::cadence(&[beep], None).unwrap().over(Over::Mix);
    line.chain.command(ChainCommand::PlayTone(program));
    let heard = line.down(&sine(1004.0, -10.0, 600));
    assert!((tone_level(&heard[80..2320], 440.0) + 16.0).abs() < 0.3);
    assert!((tone_level(&heard[80..2320], 1004.0) + 10.0).abs() < 0.2);
    assert!(tone_level(&heard[2480..], 440.0) < -50.0);
    assert!((tone_level(&heard[2480..], 1004.0) + 10.0).abs() < 0.1);
    assert_eq!(line.events, [ChainEvent::ToneEnded]);
}

#[test]
fn without_bridge_only_tones_and_keys_pass() {
    let mut line = line();
    line.chain.command(ChainCommand::Bridge(false));
    let mut key = Signal::default();
    key.tones(&[(697.0, -10.0), (1209.0, -10.0)], 800, &mut Chance(5));
    key.silence(800);
    assert_eq!(level(&line.up(&key.pcm())), -90.0);
    assert_eq!(line.keys(), [b'1']);
    assert_eq!(level(&line.down(&sine(1004.0, -10.0, 100))), -90.0);
    line.chain.command(ChainCommand::PlayTone(
        ToneProgram::continuous(&[Tone::new(425, -100)]).unwrap(),
    ));
    let heard = line.down(&sine(1004.0, -10.0, 500));
    assert!((dominant_tone(&heard).unwrap().0 - 425.0).abs() < 0.2);
}

#[test]
fn on_hook_nothing_passes_but_what_the_gateway_sends() {
    let mut line = line();
    line.chain.command(ChainCommand::OffHook(false));
    assert_eq!(level(&line.up(&sine(1004.0, -10.0, 100))), -90.0);
    assert_eq!(level(&line.down(&sine(1004.0, -10.0, 100))), -90.0);
    line.chain.command(ChainCommand::PlayTone(
        ToneProgram::continuous(&[Tone::new(425, -100)]).unwrap(),
    ));
    assert!((level(&line.down_ms(500)) + 10.0).abs() < 0.1);
}
