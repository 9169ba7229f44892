use super::*;

/// White noise of this mean square.
fn noise(mean_square: f32, samples: usize) -> Vec<i16> {
    let mut source = ComfortNoise {
        peak: (3.0 * mean_square).sqrt(),
        ..ComfortNoise::default()
    };
    let mut out = vec![0; samples];
    source.fill(level_byte(mean_square), &mut out);
    out
}

fn mean_square_of_dbm0(dbm0: f32) -> f32 {
    16_141.277_f32.powi(2) * 10f32.powf(dbm0 / 10.0)
}

fn tone(dbm0: f32, samples: usize) -> Vec<i16> {
    let peak = mean_square_of_dbm0(dbm0).sqrt() * std::f32::consts::SQRT_2;
    (0..samples)
        .map(|i| (peak * (i as f32 * 0.4).sin()) as i16)
        .collect()
}

/// The verdicts over a signal, block by block.
fn verdicts(vad: &mut Vad, signal: &[i16]) -> Vec<Verdict> {
    signal.chunks(80).map(|b| vad.judge(b, true)).collect()
}

#[test]
fn a_level_goes_there_and_back_and_full_scale_is_the_loudest() {
    for byte in 0..=127 {
        assert_eq!(level_byte(level_of(byte)), byte);
    }
    assert_eq!(level_byte(0.0), 127);
    assert_eq!(level_byte(f32::MAX), 0);
    // A sine at 0 dBm0 is 6.15 dB below overload.
    assert_eq!(level_byte(mean_square_of_dbm0(0.0)), 6);
    assert_eq!(level_of(0x80 | 60), level_of(60));
}

#[test]
fn a_room_becomes_silence_after_the_hangover_and_its_level_is_sent_once() {
    for dbm0 in [-60.0, -50.0, -46.0] {
        let mut vad = Vad::default();
        verdicts(&mut vad, &tone(-20.0, 8000));
        let room = mean_square_of_dbm0(dbm0);
        let said = verdicts(&mut vad, &noise(room, 24_000));
        let talk = said.iter().take_while(|v| **v == Verdict::Talk).count();
        assert!((24..=27).contains(&talk), "{dbm0} dBm0: {talk} blocks");
        let reported: Vec<u8> = said
            .iter()
            .filter_map(|v| match v {
                Verdict::Silence { level } => *level,
                Verdict::Talk => None,
            })
            .collect();
        let wanted = level_byte(room);
        assert_eq!(reported.len(), 1, "{dbm0} dBm0: {reported:?}");
        assert!(
            reported[0].abs_diff(wanted) <= 2,
            "{reported:?} for {wanted}"
        );
    }
}

#[test]
fn talk_is_talk_from_its_first_block_on_also_in_a_noisy_room() {
    let mut vad = Vad::default();
    let room = noise(mean_square_of_dbm0(-50.0), 40_000);
    let quiet = verdicts(&mut vad, &room);
    assert!(matches!(quiet.last(), Some(Verdict::Silence { .. })));
    assert_eq!(vad.judge(&tone(-38.0, 80), true), Verdict::Talk);
    assert!(matches!(
        verdicts(&mut vad, &room[..4000]).last(),
        Some(Verdict::Silence { level: None })
    ));
}

#[test]
fn a_steady_tone_or_music_on_hold_is_never_a_room() {
    let mut vad = Vad::default();
    let said = verdicts(&mut vad, &tone(-30.0, 8000 * 60));
    assert!(said.iter().all(|v| *v == Verdict::Talk));
}

#[test]
fn a_louder_room_is_sent_and_the_same_again_only_after_seconds() {
    let mut vad = Vad::default();
    verdicts(&mut vad, &noise(mean_square_of_dbm0(-60.0), 16_000));
    let again = verdicts(&mut vad, &noise(mean_square_of_dbm0(-60.0), 64_000));
    let reported = again
        .iter()
        .filter(|v| matches!(v, Verdict::Silence { level: Some(_) }))
        .count();
    assert_eq!(reported, 2, "in 8 s");
    // 6 dB a second louder.
    let mut levels = vec![];
    for step in 0..12 {
        let room = mean_square_of_dbm0(-60.0 + f32::from(step as u8));
        for verdict in verdicts(&mut vad, &noise(room, 2400)) {
            if let Verdict::Silence { level: Some(level) } = verdict {
                levels.push(level);
            }
        }
    }
    assert!(levels.len() >= 3, "{levels:?}");
    assert!(levels.windows(2).all(|w| w[1] < w[0]), "{levels:?}");
}

#[test]
fn noise_has_the_level_that_was_sent() {
    for byte in [40, 50, 60, 70] {
        let mut source = ComfortNoise::default();
        let mut out = vec![0; 16_000];
        source.fill(byte, &mut out);
        let tail = &out[1600..];
        let energy: f32 = tail.iter().map(|s| f32::from(*s).powi(2)).sum();
        let heard = 10.0 * (energy / tail.len() as f32).log10();
        let wanted = 10.0 * level_of(byte).log10();
        assert!((heard - wanted).abs() < 0.5, "{heard} for {wanted}");
    }
}

#[test]
fn silence_does_not_begin_in_the_middle_of_a_packet() {
    let mut vad = Vad::default();
    let room = noise(mean_square_of_dbm0(-60.0), 8000);
    for (n, block) in room.chunks(80).enumerate() {
        let verdict = vad.judge(block, false);
        assert_eq!(verdict, Verdict::Talk, "block {n}");
    }
    let begins = vad.judge(&room[..80], true);
    assert!(matches!(begins, Verdict::Silence { level: Some(_) }));
}

/// A text telephone (45.45 bit/s): 1400 Hz for a one, 1800 Hz for a zero, 22 ms each; then a mark that goes on.
#[test]
fn a_text_telephone_is_talk_to_its_last_bit_and_a_mark_of_a_minute_too() {
    // Below -36 dBm0 the mark would be taken for the room: it may rise to -43 dBm0, and talk is 7 dB above it.
    for dbm0 in [-10.0, -25.0, -35.0] {
        let peak = mean_square_of_dbm0(dbm0).sqrt() * std::f32::consts::SQRT_2;
        let mut phase = 0.0f32;
        let mut text = vec![];
        for bit in 0..3_000u32 {
            let mark = bit > 400 || bit.wrapping_mul(2_654_435_761) >> 16 & 1 == 0;
            for _ in 0..176 {
                phase = (phase + if mark { 1400.0 } else { 1800.0 } / 8000.0).fract();
                text.push((peak * (std::f32::consts::TAU * phase).sin()) as i16);
            }
        }
        let mut vad = Vad::default();
        verdicts(&mut vad, &noise(mean_square_of_dbm0(-60.0), 24_000));
        let said = verdicts(&mut vad, &text);
        let cut = said.iter().filter(|v| **v != Verdict::Talk).count();
        assert_eq!(cut, 0, "{dbm0} dBm0");
    }
}
