//! Faxes and modems on a line, stepped by hand.

use tipring_dsp::{DataTone, Side};

use super::*;

/// 2100 Hz for `ms`, as the card has it.
fn ced(ms: usize) -> Vec<u8> {
    let tone = |n: usize| (n as f64 * 2100.0 * std::f64::consts::TAU / 8000.0).sin() * 5000.0;
    (0..ms * 8)
        .map(|n| Law::Mu.encode(tone(n) as i16))
        .collect()
}

fn events(rig: &mut Rig) -> Vec<ChainEvent> {
    let event = |report| match report {
        LineReport::Chain { event, .. } => Some(event),
        _ => None,
    };
    rig.reports().into_iter().filter_map(event).collect()
}

fn is_ced(event: &ChainEvent) -> bool {
    matches!(
        event,
        ChainEvent::DataTone {
            tone: DataTone::Ced,
            from: Side::Line,
            after_ms: 490..=530,
        }
    )
}

#[test]
fn a_line_that_passes_data_sends_its_digits_as_sound_and_reports_a_long_silence_once() {
    let mut signal = ced(700);
    signal.extend(vec![0xFF; 800]);
    signal.extend(dtmf(b'7', 300));
    // The card says it all over again at the end.
    signal.extend(vec![0xFF; 10 * 8000]);
    let mut rig = rig(signal, LineConfig::default());
    rig.talk(Some(101));
    rig.run(70);
    let seen = events(&mut rig);
    assert!(is_ced(&seen[0]), "{seen:?}");
    assert_eq!(rig.counter("data_tones"), 1);
    rig.order(LineOrder::PassThrough {
        session: A,
        data: Some(3000),
    });
    rig.run(60);
    assert_eq!(rig.counter("pass_throughs"), 1);
    let got = rig.got();
    assert!(got.iter().all(|p| p.0 == 0), "no event");
    let loud = |p: &&(u8, bool, u16, u32, Vec<u8>)| p.4.iter().any(|b| (!b & 0x7F) > 0x40);
    let last = got.iter().rev().take(26);
    assert!(last.filter(loud).count() >= 14, "the digit goes as it is");
    // 0.2 s of silence have passed.
    rig.run(275);
    let seen = events(&mut rig);
    assert_eq!(seen[0], ChainEvent::AnswerToneOff { from: Side::Line });
    let keys = &seen[1..];
    assert!(
        matches!(
            keys,
            [
                ChainEvent::DigitOn { digit: b'7', .. },
                ChainEvent::DigitOff { digit: b'7', .. }
            ]
        ),
        "{keys:?}"
    );
    rig.run(10);
    assert_eq!(events(&mut rig), [ChainEvent::BothSilent]);
    rig.order(LineOrder::PassThrough {
        session: A,
        data: None,
    });
    rig.run(400);
    assert_eq!(events(&mut rig), []);
}

#[test]
fn data_of_one_call_is_not_that_of_the_other() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    rig.talk(None);
    rig.order(LineOrder::AddSession(session(B)));
    let gauge = |rig: &Rig| {
        let counters = rig.handle.port_counters(P).unwrap();
        counters.pass_through.get()
    };
    rig.order(LineOrder::PassThrough {
        session: A,
        data: Some(0),
    });
    rig.run(1);
    assert_eq!(gauge(&rig), 1);
    rig.order(LineOrder::Bridge(Some(B)));
    rig.run(1);
    assert_eq!(gauge(&rig), 0);
    rig.order(LineOrder::Bridge(Some(A)));
    rig.run(1);
    assert_eq!(gauge(&rig), 1);
    rig.order(LineOrder::RemoveSession { session: A });
    rig.run(1);
    assert_eq!(gauge(&rig), 0);
}
