use super::answer::{AnswerNews, AnswerTone, LEAST};
use super::calling::CallingTone;
use super::flags::Flags;
use super::steady::{BLOCK, Mixer};

fn peak(dbm0: f64) -> f64 {
    crate::level::sine_peak(dbm0)
}

/// An answer tone of three seconds: Hz, degrees of each turn and ms between them, depth of 15 Hz, level.
fn answer(hz: f64, turn_degrees: f64, every_ms: usize, am: f64, dbm0: f64) -> Vec<f32> {
    (0..24_000)
        .map(|i| {
            let t = f64::from(i) / 8000.0;
            let turns = (i as usize / 8).checked_div(every_ms).unwrap_or(0);
            let phase = hz * t + turns as f64 * turn_degrees / 360.0;
            let level = 1.0 + am * (std::f64::consts::TAU * 15.0 * t).sin();
            (peak(dbm0) * level * (std::f64::consts::TAU * phase).sin()).round() as f32
        })
        .collect()
}

/// What was reported and when, ms.
fn reported(signal: &[f32]) -> Vec<(usize, AnswerNews)> {
    let (mixer, mut tone) = (Mixer::new(2100.0), AnswerTone::new(LEAST));
    let blocks = signal.as_chunks::<BLOCK>().0.iter().enumerate();
    blocks
        .filter_map(|(n, b)| {
            let energy = b.iter().map(|x| x * x).sum();
            tone.take(mixer.of(b), energy)
                .map(|news| ((n + 1) * 10, news))
        })
        .collect()
}

#[test]
fn reversals_are_heard_soon_after_the_first() {
    for hz in [2079.0, 2090.0, 2100.0, 2110.0, 2121.0] {
        for turn in [155.0, 180.0, 205.0] {
            for every in [425, 450, 475] {
                for am in [0.0, 0.2] {
                    for dbm0 in [-41.0, -30.0, -12.0] {
                        let news = reported(&answer(hz, turn, every, am, dbm0));
                        let case = format!("{hz} {turn} {every} {am} {dbm0}: {news:?}");
                        let [(ms, AnswerNews::On(answer, blocks))] = news[..] else {
                            panic!("{case}");
                        };
                        assert!(answer.reversals && answer.modulated == (am > 0.0), "{case}");
                        assert!(ms <= 530 && blocks as usize * 10 == ms, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_plain_tone_is_reported_after_half_a_second_and_small_jumps_change_nothing() {
    for (turn, every) in [(0.0, 0), (100.0, 450)] {
        for am in [0.0, 0.2] {
            for hz in [2079.0, 2100.0, 2121.0] {
                let news = reported(&answer(hz, turn, every, am, -12.0));
                let case = format!("{hz} {turn} {am}: {news:?}");
                let [(ms, AnswerNews::On(answer, _))] = news[..] else {
                    assert!(turn > 0.0, "{case}");
                    continue;
                };
                assert!(
                    !answer.reversals && answer.modulated == (am > 0.0),
                    "{case}"
                );
                assert!(turn > 0.0 || ms == 500, "{case}");
            }
        }
    }
}

#[test]
fn other_tones_and_quiet_ones_are_no_answer() {
    for (hz, dbm0) in [
        (2225.0, -12.0),
        (1850.0, -12.0),
        (2060.0, -12.0),
        (2100.0, -45.0),
    ] {
        assert_eq!(
            reported(&answer(hz, 180.0, 450, 0.0, dbm0)),
            [],
            "{hz} Hz, {dbm0} dBm0"
        );
    }
}

#[test]
fn a_lost_packet_neither_ends_a_tone_nor_reverses_it() {
    for lost in [false, true] {
        for (from, odd) in (800..20_000).step_by(650).zip(0..) {
            let mut signal = answer(2100.0, 0.0, 0, 0.0, -12.0);
            for (i, x) in signal[from..from + 160].iter_mut().enumerate() {
                // Silence, or a concealed packet with another phase.
                let concealed = (i as f64 * 1.62 + f64::from(odd)).sin() * peak(-12.0);
                *x = if lost { 0.0 } else { concealed as f32 };
            }
            let news = reported(&signal);
            assert_eq!(news.len(), 1, "{from} {lost}: {news:?}");
            assert!(
                matches!(news[0].1, AnswerNews::On(a, _) if !a.reversals),
                "{from} {lost}: {news:?}"
            );
        }
    }
}

#[test]
fn the_end_of_an_answer_tone_is_reported() {
    let mut signal = answer(2100.0, 0.0, 0, 0.0, -12.0);
    signal[12_000..].fill(0.0);
    let news = reported(&signal);
    assert_eq!(news[1], (1570, AnswerNews::Off), "{news:?}");
}

#[test]
fn cng_is_reported_within_its_first_burst_38_hz_off_and_at_all_levels() {
    for hz in [1062.0, 1080.0, 1100.0, 1120.0, 1138.0] {
        for dbm0 in [-43.0, -30.0, -11.0, 0.0] {
            for late in [0, 13, 79] {
                let mut tone = CallingTone::default();
                let mixer = Mixer::new(1100.0);
                let signal: Vec<f32> = (0..late + 3400)
                    .map(|i| {
                        let t = i as f64 / 8000.0;
                        let on = i >= late;
                        (f64::from(u8::from(on))
                            * peak(dbm0)
                            * (hz * t * std::f64::consts::TAU).sin())
                        .round() as f32
                    })
                    .collect();
                let news: Vec<usize> = (1..)
                    .zip(signal.as_chunks::<BLOCK>().0)
                    .filter_map(|(n, b)| {
                        let energy = b.iter().map(|x| x * x).sum();
                        tone.take(mixer.of(b), energy).map(|_| n * 10 - late / 8)
                    })
                    .collect();
                assert!(
                    news.len() == 1 && news[0] <= 380,
                    "{hz} Hz, {dbm0} dBm0: {news:?}"
                );
            }
        }
    }
}

#[test]
fn flags_of_a_clock_and_carrier_that_are_off_are_reported() {
    let mixer = Mixer::new(1750.0);
    for (rate, off) in [(300.0, 0.0), (299.9, 12.0), (300.1, -12.0)] {
        for dbm0 in [-43.0, -13.0] {
            for late in [0, 27, 61] {
                let (mut flags, mut phase) = (Flags::default(), 0.0);
                let signal: Vec<f32> = (0..6800)
                    .map(|i| {
                        let bit = (f64::from(i + late) * rate / 8000.0) as usize % 8;
                        let hz = off + if bit == 0 || bit == 7 { 1850.0 } else { 1650.0 };
                        phase += hz / 8000.0;
                        (peak(dbm0) * (std::f64::consts::TAU * phase).sin()).round() as f32
                    })
                    .collect();
                let news: Vec<usize> = (1..)
                    .zip(signal.as_chunks::<BLOCK>().0)
                    .filter_map(|(n, b)| {
                        let energy = b.iter().map(|x| x * x).sum();
                        flags.take(&mixer.of_eights(b), energy).map(|_| n * 10)
                    })
                    .collect();
                assert!(
                    news.len() == 1 && news[0] <= 180,
                    "{rate} bit/s, {off} Hz off, {dbm0} dBm0: {news:?}"
                );
            }
        }
    }
}
