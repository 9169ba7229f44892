//! Tones as countries use them, measured.

use super::*;
use crate::level::sine_peak;
use crate::measure::{dominant_tone, level, tone_level};

/// Plays this number of milliseconds in blocks of `block`; also returns whether the program ended.
fn play(generator: &mut ToneGenerator, ms: usize, block: usize) -> (Vec<i16>, bool) {
    let mut sum = vec![0f32; ms * 8];
    let mut ended = false;
    for chunk in sum.chunks_mut(block) {
        ended |= generator.add_to(chunk);
    }
    (sum.into_iter().map(to_pcm).collect(), ended)
}

fn started(program: &ToneProgram) -> ToneGenerator {
    let mut generator = ToneGenerator::new();
    generator.start(program);
    generator
}

fn ms(samples: &[i16], from: usize, to: usize) -> &[i16] {
    &samples[from * 8..to * 8]
}

fn assert_tones(samples: &[i16], tones: &[(f64, f64)]) {
    for (hz, dbm0) in tones {
        let measured = tone_level(samples, *hz);
        assert!(
            (measured - dbm0).abs() < 0.1,
            "{hz} Hz: {measured} dBm0, wanted {dbm0}"
        );
    }
    let total: f64 = tones.iter().map(|(_, dbm0)| 10f64.powf(dbm0 / 10.0)).sum();
    let measured = level(samples);
    assert!(
        (measured - 10.0 * total.log10()).abs() < 0.2,
        "{measured} dBm0 together"
    );
}

#[test]
fn dial_tones_of_four_countries_have_their_frequencies_and_levels() {
    for tones in [
        vec![(350u16, -130i16), (440, -130)], // US, UK
        vec![(425, -100)],                    // DE
        vec![(440, -150)],                    // FR
    ] {
        let list: Vec<Tone> = tones
            .iter()
            .map(|(hz, level)| Tone::new(*hz, *level))
            .collect();
        let program = ToneProgram::continuous(&list).unwrap();
        assert_eq!(program.duration_ms(), None);
        let (samples, ended) = play(&mut started(&program), 2000, 80);
        assert!(!ended);
        let wanted: Vec<(f64, f64)> = tones
            .iter()
            .map(|(hz, level)| (f64::from(*hz), f64::from(*level) / 10.0))
            .collect();
        assert_tones(ms(&samples, 100, 1900), &wanted);
        if let [(hz, dbm0)] = wanted[..] {
            let (found, at) = dominant_tone(&samples).unwrap();
            assert!(
                (found - hz).abs() < 0.2 && (at - dbm0).abs() < 0.1,
                "{found} Hz {at} dBm0"
            );
        }
    }
}

#[test]
fn uk_ringback_keeps_its_double_cadence_whatever_the_block_length() {
    let tones = [Tone::new(400, -190), Tone::new(450, -190)];
    let program = ToneProgram::cadence(
        &[
            ToneSegment::new(&tones, 400, 200).unwrap(),
            ToneSegment::new(&tones, 400, 2000).unwrap(),
        ],
        Some(0),
    )
    .unwrap();
    let (reference, _) = play(&mut started(&program), 6500, 80);
    for block in [1, 7, 160, 1000] {
        // The order of floating point sums differs by a rounding.
        let (other, _) = play(&mut started(&program), 6500, block);
        let off = reference
            .iter()
            .zip(&other)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(off <= Some(1), "blocks of {block}: {off:?}");
    }
    for cycle in [0, 3000] {
        for burst in [0, 600] {
            let on = cycle + burst;
            assert_tones(
                ms(&reference, on + 5, on + 395),
                &[(400.0, -19.0), (450.0, -19.0)],
            );
            // 2 ms of ramp, then nothing.
            assert_eq!(level(ms(&reference, on + 403, on + 600)), -90.0);
        }
        assert_eq!(level(ms(&reference, cycle + 1100, cycle + 3000)), -90.0);
    }
}

#[test]
fn stutter_dial_tone_repeats_only_its_last_segment_and_is_phase_continuous() {
    let tone = [Tone::new(425, -100)];
    let mut segments = vec![ToneSegment::new(&tone, 100, 100).unwrap(); 10];
    segments.push(ToneSegment::new(&tone, 1000, 0).unwrap());
    let program = ToneProgram::cadence(&segments, Some(10)).unwrap();
    let (samples, ended) = play(&mut started(&program), 8000, 80);
    assert!(!ended);
    assert_eq!(level(ms(&samples, 1903, 2000)), -90.0);
    // Six seconds over five seams: one pure sine.
    let (hz, dbm0) = dominant_tone(ms(&samples, 2010, 3200)).unwrap();
    assert!(
        (hz - 425.0).abs() < 0.1 && (dbm0 + 10.0).abs() < 0.05,
        "{hz} {dbm0}"
    );
    let steps = ms(&samples, 2010, 8000)
        .windows(2)
        .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
        .max();
    let greatest = (sine_peak(-10.0) * std::f64::consts::TAU * 425.0 / 8000.0).ceil() as i32 + 1;
    assert!(steps <= Some(greatest), "{steps:?} > {greatest}");
}

#[test]
fn special_information_tone_ends_and_says_so_once() {
    let one = |hz| ToneSegment::new(&[Tone::new(hz, -130)], 330, 0).unwrap();
    let pause = ToneSegment::new(&[], 0, 1000).unwrap();
    let program = ToneProgram::cadence(&[one(950), one(1400), one(1800), pause], None).unwrap();
    assert_eq!(program.duration_ms(), Some(1990));
    let mut generator = started(&program);
    let (samples, ended) = play(&mut generator, 1980, 80);
    assert!(!ended);
    for (i, hz) in [950.0, 1400.0, 1800.0].into_iter().enumerate() {
        let (found, dbm0) = dominant_tone(ms(&samples, i * 330 + 5, i * 330 + 325)).unwrap();
        assert!(
            (found - hz).abs() < 0.5 && (dbm0 + 13.0).abs() < 0.1,
            "{found} {dbm0}"
        );
    }
    let (_, ended) = play(&mut generator, 10, 80);
    assert!(ended && generator.is_idle());
    let (samples, ended) = play(&mut generator, 100, 80);
    assert!(!ended && samples.iter().all(|s| *s == 0));
}

#[test]
fn a_stopped_tone_is_silent_within_two_milliseconds_and_does_not_end() {
    let program = ToneProgram::continuous(&[Tone::new(1004, 0)]).unwrap();
    let mut generator = started(&program);
    play(&mut generator, 100, 80);
    generator.stop();
    let (samples, ended) = play(&mut generator, 10, 8);
    assert!(!ended && generator.is_idle());
    assert!(samples[16..].iter().all(|s| *s == 0));
}

#[test]
fn modulation_makes_side_tones() {
    let segment = ToneSegment::new(&[Tone::new(400, -130)], FOREVER, 0)
        .unwrap()
        .modulated(Modulation {
            hz_tenths: 250,
            depth_percent: 100,
        })
        .unwrap();
    let program = ToneProgram::cadence(&[segment], None).unwrap();
    let (samples, _) = play(&mut started(&program), 2000, 80);
    let samples = ms(&samples, 100, 1900);
    for (hz, dbm0) in [(375.0, -19.02), (400.0, -13.0), (425.0, -19.02)] {
        let measured = tone_level(samples, hz);
        assert!((measured - dbm0).abs() < 0.1, "{hz}: {measured}");
    }
}

#[test]
fn tones_that_add_up_beyond_full_scale_saturate() {
    let loud = [
        Tone::new(1400, 0),
        Tone::new(2060, 0),
        Tone::new(2450, 0),
        Tone::new(2600, 0),
    ];
    let program = ToneProgram::continuous(&loud).unwrap();
    let (samples, _) = play(&mut started(&program), 1000, 80);
    assert!(samples.contains(&i16::MAX) && samples.contains(&i16::MIN));
}

#[test]
fn programs_that_cannot_be_played_are_refused_with_the_reason() {
    let tone = Tone::new(425, -100);
    let segment = ToneSegment::new(&[tone], 100, 0).unwrap();
    let refused = [
        ToneSegment::new(&[tone; 5], 1, 0).map(|_| ()),
        ToneSegment::new(&[Tone::new(4000, 0)], 1, 0).map(|_| ()),
        ToneSegment::new(&[Tone::new(0, 0)], 1, 0).map(|_| ()),
        ToneSegment::new(&[Tone::new(u16::MAX, 0)], 1, 0).map(|_| ()),
        ToneSegment::new(&[Tone::new(425, 32)], 1, 0).map(|_| ()),
        segment
            .modulated(Modulation {
                hz_tenths: 100,
                depth_percent: 101,
            })
            .map(|_| ()),
        ToneProgram::cadence(&[], None).map(|_| ()),
        ToneProgram::cadence(&[segment; 13], None).map(|_| ()),
        ToneProgram::cadence(&[segment, ToneSegment::new(&[tone], 0, 0).unwrap()], None)
            .map(|_| ()),
        ToneProgram::cadence(&[segment], Some(1)).map(|_| ()),
    ];
    assert_eq!(
        refused,
        [
            Err(ToneError::TooManyTones(5)),
            Err(ToneError::Frequency(4000, 0)),
            Err(ToneError::Frequency(0, 0)),
            Err(ToneError::Frequency(6553, 5)),
            Err(ToneError::Level(tipring_types::TenthDbm0(32))),
            Err(ToneError::Depth(101)),
            Err(ToneError::Empty),
            Err(ToneError::TooManySegments(13)),
            Err(ToneError::NoDuration(1)),
            Err(ToneError::RepeatFrom { from: 1, len: 1 }),
        ]
    );
}

#[test]
fn all_sixteen_keys_have_their_two_frequencies() {
    let rows = [697u16, 770, 852, 941];
    let columns = [1209u16, 1336, 1477, 1633];
    for (r, row) in [b"123A", b"456B", b"789C", b"*0#D"].iter().enumerate() {
        for (c, digit) in row.iter().enumerate() {
            assert_eq!(dtmf_frequencies(*digit), Some((rows[r], columns[c])));
            let program = dtmf_program(*digit).unwrap();
            let (samples, _) = play(&mut started(&program), 500, 80);
            let tones = [(f64::from(rows[r]), -10.0), (f64::from(columns[c]), -8.0)];
            assert_tones(ms(&samples, 10, 490), &tones);
        }
    }
    assert_eq!(dtmf_frequencies(b'x'), None);
}
