//! Behaviour of the DTMF functions as shipped, which is not in all points what the header says.

use super::*;

const ALL: &str = "0123456789ABCD*#";

/// Everything sent for `digits`, rounded up to whole 20 ms blocks.
fn sent(tx: &mut DtmfTx, digits: &str) -> Vec<i16> {
    tx.put(digits).unwrap();
    let mut all = Vec::new();
    while !tx.is_idle() {
        let mut block = [1_i16; 160];
        tx.process(&mut block);
        all.extend_from_slice(&block);
    }
    all
}

fn heard(rx: &mut DtmfRx, samples: &[i16]) -> Vec<DtmfEvent> {
    let mut events = Vec::new();
    for block in samples.chunks(80) {
        rx.process(block);
        events.extend(std::iter::from_fn(|| rx.poll()));
    }
    events
}

fn digits(events: &[DtmfEvent]) -> String {
    let on = |event: &DtmfEvent| match *event {
        DtmfEvent::On { digit, .. } => Some(digit),
        DtmfEvent::Off { .. } => None,
    };
    events.iter().filter_map(on).collect()
}

/// Root mean square as dBm0.
fn level_dbm0(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    10.0 * (power / samples.len() as f64 / 32768.0_f64.powi(2)).log10() + 6.16
}

#[test]
fn all_sixteen_digits_begin_and_end_in_order() {
    let mut tx = DtmfTx::new().unwrap();
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let events = heard(&mut rx, &sent(&mut tx, ALL));
    let names: Vec<(char, bool)> = events
        .iter()
        .map(|event| match *event {
            DtmfEvent::On { digit, .. } => (digit, true),
            DtmfEvent::Off { digit, .. } => (digit, false),
        })
        .collect();
    let wanted: Vec<(char, bool)> = ALL.chars().flat_map(|d| [(d, true), (d, false)]).collect();
    assert_eq!(names, wanted);
    assert_eq!(rx.lost_events(), 0);
    assert_eq!(rx.status(), DtmfStatus::Nothing);
}

#[test]
fn level_of_an_event_is_the_power_of_both_tones() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_level(-16, 0);
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let events = heard(&mut rx, &sent(&mut tx, "5"));
    match events.first() {
        Some(DtmfEvent::On {
            digit: '5',
            level_dbm0,
        }) => {
            assert!((-14..=-12).contains(level_dbm0), "{level_dbm0} dBm0");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn duration_is_the_length_of_the_tone_within_two_blocks() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_timing(200, 100);
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let events = heard(&mut rx, &sent(&mut tx, "7"));
    match events.as_slice() {
        [
            DtmfEvent::On { digit: '7', .. },
            DtmfEvent::Off {
                digit: '7',
                duration_samples,
            },
        ] => {
            assert!(duration_samples.abs_diff(1600) <= 204, "{duration_samples}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_digit_right_after_another_ends_the_first() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_timing(100, 1);
    let mut samples = sent(&mut tx, "1");
    samples.truncate(800);
    samples.extend(sent(&mut tx, "9"));
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let events = heard(&mut rx, &samples);
    let order: Vec<String> = events
        .iter()
        .map(|event| match event {
            DtmfEvent::On { digit, .. } => format!("on {digit}"),
            DtmfEvent::Off { digit, .. } => format!("off {digit}"),
        })
        .collect();
    assert_eq!(order, ["on 1", "off 1", "on 9", "off 9"]);
}

#[test]
fn timing_and_level_are_as_set() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_timing(60, 40);
    tx.set_level(-20, 3);
    let samples = sent(&mut tx, "22");
    let on = samples.iter().rposition(|s| *s != 0).unwrap() + 1;
    assert!((1270..=1280).contains(&on), "the second tone ends at {on}");
    assert!(
        samples[480..800].iter().all(|s| *s == 0),
        "the pause is silent"
    );
    // -20 and -17 dBm0 together are -15.2 dBm0.
    let level = level_dbm0(&samples[..480]);
    assert!((level + 15.2).abs() < 0.3, "{level} dBm0");
}

#[test]
fn levels_are_limited_so_that_no_pair_clips() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_level(i32::MAX, i32::MAX);
    tx.set_timing(u32::MAX, 0);
    tx.put("D").unwrap();
    let mut out = [0_i16; 8000];
    assert_eq!(tx.process(&mut out), 8000);
    let jump = out
        .windows(2)
        .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
        .max();
    assert!(jump < Some(40_000), "wrapped around: {jump:?}");
    let level = level_dbm0(&out);
    assert!((level - 0.0).abs() < 0.5, "{level} dBm0");
    tx.set_level(i32::MIN, i32::MIN);
}

#[test]
fn a_queue_without_room_takes_nothing() {
    let mut tx = DtmfTx::new().unwrap();
    let hundred = "1234567890".repeat(10);
    tx.put(&hundred).unwrap();
    let error = tx.put(&hundred).unwrap_err();
    let free = match error {
        Error::DigitQueueFull { wanted: 100, free } => free,
        other => panic!("{other:?}"),
    };
    assert!((27..=28).contains(&free), "{free}");
    tx.put(&"5".repeat(free)).unwrap();
    assert_eq!(
        tx.put("5"),
        Err(Error::DigitQueueFull { wanted: 1, free: 0 })
    );
    assert!(matches!(
        tx.put(&"5".repeat(100_000)),
        Err(Error::DigitQueueFull { .. })
    ));
}

#[test]
fn what_is_not_a_digit_is_refused_whole() {
    let mut tx = DtmfTx::new().unwrap();
    for bad in ["12a", "1 2", "1\u{0}2", "٣", "E"] {
        assert!(
            matches!(tx.put(bad), Err(Error::NotADigit { .. })),
            "{bad:?}"
        );
    }
    assert_eq!(tx.put(""), Ok(()));
    assert!(tx.is_idle());
    let mut out = [9_i16; 100];
    assert_eq!(tx.process(&mut out), 0);
    assert_eq!(out, [0; 100]);
    assert_eq!(tx.process(&mut []), 0);
}

#[test]
fn clear_silences_at_once_and_keeps_the_timing() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_timing(80, 80);
    tx.put("123").unwrap();
    tx.process(&mut [0; 160]);
    tx.clear();
    let mut out = [9_i16; 160];
    assert_eq!(tx.process(&mut out), 0);
    let samples = sent(&mut tx, "4");
    assert_eq!(samples.iter().rposition(|s| *s != 0).unwrap() / 80, 7);
}

#[test]
fn a_missing_packet_inside_a_digit_does_not_make_two() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_timing(200, 100);
    let samples = sent(&mut tx, "3");
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let mut events = heard(&mut rx, &samples[..640]);
    rx.skip_missing();
    events.extend(heard(&mut rx, &samples[800..]));
    assert_eq!(digits(&events), "3");
}

#[test]
fn digits_are_heard_over_dial_tone_only_with_the_filter() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_level(-10, 0);
    tx.set_timing(80, 80);
    let mut samples = sent(&mut tx, "159D");
    // 350 + 440 Hz at -13 dBm0 each; full scale is 3.14 dBm0.
    let amplitude = 32768.0 * 10_f64.powf(-16.14 / 20.0);
    for (n, sample) in samples.iter_mut().enumerate() {
        let t = n as f64 / 8000.0 * std::f64::consts::TAU;
        *sample += (amplitude * ((t * 350.0).sin() + (t * 440.0).sin())) as i16;
    }
    let mut filtered = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    assert_eq!(digits(&heard(&mut filtered, &samples)), "159D");
    let mut plain = DtmfRx::new(DtmfRxSettings {
        filter_dialtone: false,
        ..DtmfRxSettings::default()
    })
    .unwrap();
    assert_eq!(digits(&heard(&mut plain, &samples)), "");
}

#[test]
fn twist_and_threshold_settings_bite() {
    let hear = |low: i32, twist: i32, settings: DtmfRxSettings| {
        let mut tx = DtmfTx::new().unwrap();
        tx.set_level(low, twist);
        tx.set_timing(80, 80);
        let mut rx = DtmfRx::new(settings).unwrap();
        let samples = sent(&mut tx, "27");
        digits(&heard(&mut rx, &samples))
    };
    let picky = DtmfRxSettings {
        twist_db: 2,
        reverse_twist_db: 2,
        threshold_dbm0: -20,
        ..DtmfRxSettings::default()
    };
    let tuned = DtmfRxSettings::default();
    assert_eq!(hear(-14, 5, tuned), "27", "high louder");
    assert_eq!(hear(-14, 5, picky), "");
    assert_eq!(hear(-10, -5, tuned), "27", "low louder");
    assert_eq!(hear(-10, -5, picky), "");
    assert_eq!(hear(-30, 0, tuned), "27", "quiet");
    assert_eq!(hear(-30, 0, picky), "");
}

#[test]
fn reset_forgets_a_digit_that_is_on() {
    let mut tx = DtmfTx::new().unwrap();
    tx.set_timing(500, 50);
    let samples = sent(&mut tx, "8");
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    rx.process(&samples[..2000]);
    assert_eq!(rx.status(), DtmfStatus::Digit('8'));
    rx.reset();
    assert_eq!(rx.status(), DtmfStatus::Nothing);
    assert_eq!(rx.poll(), None);
    rx.process(&[]);
    assert_eq!(
        heard(&mut rx, &samples[2000..]).len(),
        2,
        "settings survive"
    );
}

#[test]
fn slices_of_any_length_are_heard_alike_and_overflow_is_counted() {
    let mut tx = DtmfTx::new().unwrap();
    let mut samples = sent(&mut tx, ALL);
    samples.extend(sent(&mut tx, ALL));
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    rx.process(&samples);
    let events: Vec<DtmfEvent> = std::iter::from_fn(|| rx.poll()).collect();
    assert_eq!(digits(&events), ALL);
    assert_eq!(rx.lost_events(), 32);
    rx.process(&vec![i16::MIN; 10_000]);
    rx.process(&[i16::MAX]);
}

#[test]
fn values_move_between_threads() {
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let mut tx = DtmfTx::new().unwrap();
    let samples = sent(&mut tx, "6");
    rx.process(&samples[..200]);
    let found = std::thread::spawn(move || digits(&heard(&mut rx, &samples[200..])))
        .join()
        .unwrap();
    assert_eq!(found, "6");
}
