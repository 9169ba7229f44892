//! Behaviour of the connect tone functions as shipped.

use super::*;

use ConnectTone::*;

fn tone(which: ConnectTone, seconds: usize) -> Vec<i16> {
    let mut tx = ModemConnectToneTx::new(which).unwrap();
    let mut samples = vec![0; seconds * 8000];
    tx.process(&mut samples);
    samples
}

/// Events with the millisecond of the 10 ms block that brought them.
fn heard(listener: ToneListener, samples: &[i16]) -> Vec<(usize, ToneEvent)> {
    let mut rx = ToneDetector::new(listener).unwrap();
    let mut events = Vec::new();
    for (n, block) in samples.chunks(80).enumerate() {
        let mut event = rx.process(block);
        while let Some(this) = event {
            events.push((n * 10, this));
            event = rx.poll();
        }
    }
    events
}

fn on_tones(events: &[(usize, ToneEvent)]) -> Vec<ConnectTone> {
    let on = |event: &(usize, ToneEvent)| match event.1 {
        ToneEvent::On { tone, .. } => Some(tone),
        ToneEvent::Off { .. } => None,
    };
    events.iter().filter_map(on).collect()
}

#[test]
fn cng_comes_and_goes_with_its_cadence() {
    let events = heard(ToneListener::Cng, &tone(Cng, 8));
    let shape: Vec<(usize, bool)> = events
        .iter()
        .map(|(at, event)| (*at, matches!(event, ToneEvent::On { .. })))
        .collect();
    let on: Vec<usize> = shape.iter().filter(|s| s.1).map(|s| s.0).collect();
    assert_eq!(on.len(), 3, "{events:?}");
    for (n, at) in on.iter().enumerate() {
        let late = at - n * 3500;
        assert!(
            (400..=440).contains(&late),
            "burst {n} reported {late} ms after it began"
        );
    }
    match events[0].1 {
        ToneEvent::On {
            tone: Cng,
            level_dbm0,
        } => assert!((-12..=-10).contains(&level_dbm0)),
        other => panic!("{other:?}"),
    }
    assert_eq!(events[1].1, ToneEvent::Off { tone: Cng });
}

#[test]
fn answer_tones_are_distinguished() {
    for (sent, first_ms) in [(Ans, 760), (Ansam, 760), (AnsPr, 1560), (AnsamPr, 1560)] {
        let events = heard(ToneListener::AnswerTone, &tone(sent, 7));
        assert_eq!(on_tones(&events), [sent], "{events:?}");
        assert!(
            events[0].0.abs_diff(first_ms) <= 60,
            "{sent:?} at {} ms",
            events[0].0
        );
        assert_eq!(events.last().unwrap().1, ToneEvent::Off { tone: sent });
    }
}

#[test]
fn bell_answer_and_calling_tone_are_heard() {
    let bell = heard(ToneListener::BellAns, &tone(BellAns, 4));
    assert_eq!(on_tones(&bell), [BellAns]);
    let calling = heard(ToneListener::CallingTone, &tone(CallingTone, 5));
    assert_eq!(on_tones(&calling), [CallingTone, CallingTone]);
}

#[test]
fn detectors_stay_silent_for_the_tones_of_others() {
    assert_eq!(heard(ToneListener::Cng, &tone(Ans, 4)), []);
    assert_eq!(heard(ToneListener::AnswerTone, &tone(Cng, 4)), []);
    assert_eq!(heard(ToneListener::AnswerTone, &tone(BellAns, 4)), []);
    assert_eq!(heard(ToneListener::V21Preamble, &tone(Ans, 4)), []);
    assert_eq!(heard(ToneListener::AnswerToneOrPreamble, &[0; 8000]), []);
}

/// Flags at 300 bit/s on V.21 channel 2: mark (1) 1650 Hz, space (0) 1850 Hz.
fn preamble(milliseconds: usize) -> Vec<i16> {
    let mut phase = 0.0_f64;
    (0..milliseconds * 8)
        .map(|n| {
            let bit = n * 300 / 8000 % 8;
            let mark = !(bit == 0 || bit == 7);
            phase += if mark { 1650.0 } else { 1850.0 } / 8000.0 * std::f64::consts::TAU;
            (phase.sin() * 5000.0) as i16
        })
        .collect()
}

#[test]
fn v21_preamble_lasts_until_the_carrier_goes() {
    let mut samples = preamble(1000);
    samples.extend([0; 4000]);
    for listener in [
        ToneListener::V21Preamble,
        ToneListener::AnswerToneOrPreamble,
    ] {
        let events = heard(listener, &samples);
        assert_eq!(on_tones(&events), [V21Preamble], "{events:?}");
        assert!(events[0].0 < 400, "reported at {} ms", events[0].0);
        let (at, last) = *events.last().unwrap();
        assert_eq!(last, ToneEvent::Off { tone: V21Preamble });
        assert!((1000..1200).contains(&at), "ended at {at} ms");
    }
}

#[test]
fn one_detector_hears_answer_tone_and_then_preamble() {
    let mut samples = tone(Ans, 3);
    samples.extend([0; 800]);
    samples.extend(preamble(1000));
    samples.extend([0; 4000]);
    let events = heard(ToneListener::AnswerToneOrPreamble, &samples);
    assert_eq!(on_tones(&events), [Ans, V21Preamble], "{events:?}");
}

#[test]
fn answer_tone_ends_and_the_rest_is_silence() {
    let mut tx = ModemConnectToneTx::new(Ans).unwrap();
    let mut samples = vec![7; 4 * 8000];
    assert_eq!(tx.process(&mut samples), 2800 * 8);
    assert!(
        samples[..1600].iter().all(|s| *s == 0),
        "0.2 s of silence first"
    );
    assert!(samples[2800 * 8..].iter().all(|s| *s == 0));
    let mut more = [7; 100];
    assert_eq!(tx.process(&mut more), 0);
    assert_eq!(more, [0; 100]);
    assert_eq!(tx.process(&mut []), 0);
}

#[test]
fn every_sample_of_a_cng_pause_is_silent() {
    let mut tx = ModemConnectToneTx::new(Cng).unwrap();
    let mut samples = vec![i16::MAX; 15 * 8000];
    assert_eq!(tx.process(&mut samples), samples.len());
    let peak = samples.iter().map(|s| i32::from(*s).abs()).max();
    assert!(peak < Some(8000), "something was left unwritten: {peak:?}");
}

#[test]
fn preamble_cannot_be_generated() {
    let error = ModemConnectToneTx::new(V21Preamble).err();
    assert_eq!(
        error,
        Some(Error::ToneNotGenerated {
            tone: "V.21 preamble"
        })
    );
}

#[test]
fn reset_forgets_the_tone() {
    let samples = tone(Ans, 2);
    let mut rx = ToneDetector::new(ToneListener::AnswerTone).unwrap();
    rx.process(&samples);
    assert_eq!(rx.current(), Some(Ans));
    rx.reset();
    assert_eq!(rx.current(), None);
    assert_eq!(rx.poll(), None);
    let again = rx.process(&samples);
    assert!(
        matches!(again, Some(ToneEvent::On { tone: Ans, .. })),
        "{again:?}"
    );
    rx.process(&[]);
    rx.process(&[i16::MIN; 9000]);
    assert_eq!(rx.lost_events(), 0);
}
