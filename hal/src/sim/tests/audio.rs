//! What passes over the line: echo, losses, caller ID, digits, talk, recordings.

use super::*;
use crate::level::level_dbm0;
use crate::meter::{measure, tone_dbm0};
use tipring_spandsp::{
    Absence, CallTime, CallerId, CallerIdMessage, CallerIdStandard, CallerIdTx, DtmfCallerIdFormat,
    DtmfEvent, DtmfRx, DtmfRxSettings, Party,
};
use tipring_types::TenthDb;

fn lifted(hybrid: HybridConfig) -> Rig {
    let mut rig = Rig::one(SimPortConfig {
        hybrid,
        ..SimPortConfig::default()
    });
    rig.act(0, SimAction::Lift);
    rig.run_ms(20);
    rig
}

#[test]
fn echo_level_is_the_configured_loss() {
    for loss in [6.0, 10.0, 20.0] {
        // A flat path: its loss is the same at every frequency.
        let mut rig = lifted(HybridConfig {
            trans_hybrid_loss_db: loss,
            echo_shape: vec![1.0],
            ..HybridConfig::default()
        });
        rig.read[0].clear();
        rig.send[0] = sine(1004.0, -10.0, 1000).into();
        rig.run_ms(900);
        let echo = tone_dbm0(&rig.read[0][2400..], 1004.0);
        assert!((echo - (-10.0 - loss)).abs() < 0.3, "{loss}: {echo}");
        let heard = rig.heard(0, 200);
        assert!((heard.dbm0 - -10.0).abs() < 0.2, "{heard:?}");
    }
}

#[test]
fn hybrid_can_be_changed_while_talking() {
    let mut rig = lifted(HybridConfig::default());
    rig.act(0, SimAction::SetHybrid(HybridConfig::perfect()));
    rig.send[0] = sine(1004.0, -10.0, 500).into();
    rig.run_ms(200);
    rig.read[0].clear();
    rig.run_ms(200);
    assert_eq!(level_dbm0(&rig.read[0]), crate::level::SILENCE_DBM0);
}

#[test]
fn losses_and_gains_add_up_in_each_direction() {
    let mut rig = lifted(HybridConfig {
        loss_to_set_db: 3.0,
        loss_from_set_db: 5.0,
        ..HybridConfig::perfect()
    });
    let gain = LineCommand::Gain {
        rx: TenthDb(15),
        tx: TenthDb(-20),
    };
    rig.ports[0].command(gain).unwrap();
    let audio = Audio::Tone {
        hz: [1000.0, 0.0],
        dbm0: -10.0,
        ms: 0,
    };
    rig.act(
        0,
        SimAction::Play {
            audio,
            repeat: false,
        },
    );
    rig.send[0] = sine(700.0, -10.0, 1000).into();
    rig.run_ms(500);
    let heard = rig.heard(0, 200);
    assert!((heard.dbm0 - -15.0).abs() < 0.2, "{heard:?}");
    assert!((heard.hz.unwrap() - 700.0).abs() < 1.0, "{heard:?}");
    let said = measure(&rig.read[0][2400..]);
    assert!((said.dbm0 - -13.5).abs() < 0.2, "{said:?}");
    assert!((said.hz.unwrap() - 1000.0).abs() < 1.0, "{said:?}");
}

#[test]
fn an_on_hook_phone_hears_and_sends_nothing_without_on_hook_transmission() {
    let mut rig = Rig::one(SimPortConfig::default());
    rig.send[0] = sine(1004.0, -10.0, 2000).into();
    rig.run_ms(300);
    assert_eq!(rig.heard(0, 100).dbm0, crate::level::SILENCE_DBM0);
    assert!(rig.read[0].iter().all(|&sample| sample == 0));
    let oht = LineCommand::OnHookTransmission(Duration::from_millis(500));
    rig.ports[0].command(oht).unwrap();
    rig.run_ms(300);
    assert!((rig.heard(0, 100).dbm0 - -10.0).abs() < 0.3);
    rig.run_ms(400);
    assert_eq!(rig.heard(0, 100).dbm0, crate::level::SILENCE_DBM0);
}

fn jane() -> CallerId {
    CallerId {
        when: Some(CallTime {
            month: 11,
            day: 23,
            hour: 9,
            minute: 5,
        }),
        number: Party::Known("15551234567".into()),
        name: Party::Known("JANE DOE".into()),
    }
}

/// Rings once, sends a message in the silence, and gives what the display shows.
fn caller_id(message: &CallerIdMessage, oht: bool) -> Vec<CallerIdHeard> {
    let mut rig = Rig::one(SimPortConfig::default());
    let ring = LineCommand::Ring(RingCadence::new(1000, 4000));
    rig.ports[0].command(ring).unwrap();
    rig.run_ms(1200);
    if oht {
        let oht = LineCommand::OnHookTransmission(Duration::from_millis(3500));
        rig.ports[0].command(oht).unwrap();
    }
    let mut tx = CallerIdTx::new(message.standard()).unwrap();
    tx.put_message(message).unwrap();
    let mut block = [0; 80];
    while !tx.is_idle() {
        tx.process(&mut block);
        rig.send[0].extend(block);
    }
    rig.run_ms(3500);
    rig.noticed()
        .into_iter()
        .filter_map(|kind| match kind {
            SimEventKind::CallerId(heard) => Some(heard),
            _ => None,
        })
        .collect()
}

#[test]
fn caller_id_between_the_rings_is_shown_in_each_standard() {
    for standard in [CallerIdStandard::Class, CallerIdStandard::Clip] {
        let message = CallerIdMessage::call_setup(standard, &jane()).unwrap();
        let want = CallerIdHeard {
            number: Some("15551234567".into()),
            name: Some("JANE DOE".into()),
            time: Some("11230905".into()),
            after_bursts: 1,
            ..CallerIdHeard::default()
        };
        assert_eq!(caller_id(&message, true), [want], "{standard:?}");
        assert_eq!(caller_id(&message, false), [], "{standard:?}");
    }
    let number = Party::Known("5551234".into());
    let message = CallerIdMessage::dtmf(DtmfCallerIdFormat::AToC, &number);
    let heard = caller_id(&message.unwrap(), true);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0].number.as_deref(), Some("5551234"));
    assert_eq!(heard[0].coding, CallerIdCoding::Dtmf);
}

#[test]
fn caller_id_before_the_first_ring_counts_no_bursts_of_an_earlier_call() {
    let mut rig = Rig::one(SimPortConfig::default());
    let ring = LineCommand::Ring(RingCadence::new(400, 400));
    rig.ports[0].command(ring).unwrap();
    rig.run_ms(1500);
    rig.ports[0].command(LineCommand::StopRing).unwrap();
    let oht = LineCommand::OnHookTransmission(Duration::from_millis(4000));
    rig.ports[0].command(oht).unwrap();
    rig.run_ms(200);
    let number = Party::Known("5551234".into());
    let message = CallerIdMessage::dtmf(DtmfCallerIdFormat::AToC, &number).unwrap();
    let mut tx = CallerIdTx::new(CallerIdStandard::ClipDtmf).unwrap();
    tx.put_message(&message).unwrap();
    let mut block = [0; 80];
    while !tx.is_idle() {
        tx.process(&mut block);
        rig.send[0].extend(block);
    }
    rig.run_ms(3500);
    let caller = rig.snapshot(0).caller_id.unwrap();
    assert_eq!(
        (caller.number.as_deref(), caller.after_bursts),
        (Some("5551234"), 0)
    );
}

#[test]
fn a_withheld_caller_is_shown_as_withheld() {
    let caller = CallerId {
        number: Party::Absent(Absence::Private),
        name: Party::Unmentioned,
        ..jane()
    };
    let message = CallerIdMessage::call_setup(CallerIdStandard::Class, &caller).unwrap();
    let heard = caller_id(&message, true);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(
        (heard[0].number.as_deref(), heard[0].number_absent),
        (None, Some('P'))
    );
}

#[test]
fn dialled_digits_reach_the_gateway_in_order() {
    let mut rig = lifted(HybridConfig::default());
    let digits = "0123456789*#ABCD";
    rig.act(
        0,
        SimAction::Dial {
            digits: digits.into(),
            how: None,
        },
    );
    rig.run_ms(16 * 160 + 100);
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let mut got = String::new();
    for block in rig.read[0].chunks(80) {
        rx.process(block);
        while let Some(event) = rx.poll() {
            if let DtmfEvent::On { digit, .. } = event {
                got.push(digit);
            }
        }
    }
    assert_eq!(got, digits);
    // Each tone at the level asked for: −9 and −7 dBm0.
    let first = &rig.read[0][200..760];
    assert!((tone_dbm0(first, 941.0) - -9.0).abs() < 0.5);
    assert!((tone_dbm0(first, 1336.0) - -7.0).abs() < 0.5);
}

#[test]
fn a_phone_hears_digits_and_tones_of_the_gateway() {
    let mut rig = lifted(HybridConfig::default());
    rig.noticed();
    let mut tx = tipring_spandsp::DtmfTx::new().unwrap();
    tx.put("159#").unwrap();
    let mut digits = vec![0; 8000];
    tx.process(&mut digits);
    rig.send[0] = digits.into();
    rig.run_ms(1000);
    let dial: Vec<i16> = sine(350.0, -13.0, 1000)
        .iter()
        .zip(sine(440.0, -13.0, 1000))
        .map(|(a, b)| a + b)
        .collect();
    rig.send[0] = dial.into();
    rig.run_ms(1300);
    let noticed = rig.noticed();
    let said: Vec<_> = noticed
        .iter()
        .filter_map(|kind| match kind {
            SimEventKind::Digit(digit) => Some(*digit),
            _ => None,
        })
        .collect();
    assert_eq!(said, ['1', '5', '9', '#']);
    assert_eq!(rig.snapshot(0).digits_heard, "159#");
    let [
        SimEventKind::ToneHeard { hz, dbm0 },
        SimEventKind::ToneEnded,
    ] = noticed[4..]
    else {
        panic!("{noticed:?}");
    };
    assert!((300.0..500.0).contains(&hz), "{hz}");
    assert!((dbm0 - -10.0).abs() < 0.6, "{dbm0}");
}

#[test]
fn talk_is_heard_once_or_repeated_and_can_be_recorded() {
    let mut card = SimConfig::new(2);
    card.ports = vec![Rig::perfect(), Rig::perfect()];
    card.law = Law::A;
    let mut rig = Rig::new(&card);
    rig.crossed = vec![(0, 1)];
    for port in [0, 1] {
        rig.act(port, SimAction::Lift);
    }
    rig.run_ms(20);
    let dir = tiff::Scratch::new("talk");
    let wav = dir.file("talk.wav");
    rig.act(
        1,
        SimAction::StartRecording {
            wav: Some(wav.clone()),
        },
    );
    rig.noticed();
    let audio = Audio::Samples(sine(600.0, -12.0, 100).into());
    rig.act(
        0,
        SimAction::Play {
            audio: audio.clone(),
            repeat: false,
        },
    );
    rig.run_ms(300);
    assert_eq!(rig.noticed(), [SimEventKind::PlayFinished]);
    rig.act(
        0,
        SimAction::Play {
            audio,
            repeat: true,
        },
    );
    rig.run_ms(300);
    assert!(rig.snapshot(0).talking);
    let Ok(SimReply::Recording {
        samples, memory, ..
    }) = rig.try_act(1, SimAction::StopRecording)
    else {
        panic!("no recording");
    };
    assert_eq!((samples, memory.len()), (4800, 0));
    let heard = load_wav(&wav).unwrap();
    assert_eq!(heard.len(), 4800);
    // A block in each direction in the cards and one in this gateway.
    let (once, pause, again) = (&heard[320..800], &heard[1200..2400], &heard[2800..4800]);
    assert!((measure(once).hz.unwrap() - 600.0).abs() < 2.0);
    assert!(level_dbm0(pause) < -60.0);
    assert!((level_dbm0(again) - -12.0).abs() < 0.2);
    // Its own recording, played again.
    rig.act(
        1,
        SimAction::Play {
            audio: Audio::Wav(wav),
            repeat: false,
        },
    );
    rig.run_ms(90);
    assert!((rig.heard(0, 40).hz.unwrap() - 600.0).abs() < 5.0);
}

#[test]
fn the_same_seed_gives_the_same_samples() {
    let run = |seed| {
        let mut card = SimConfig::new(1);
        card.seed = seed;
        card.ports[0].hybrid.noise_dbm0 = Some(-45.0);
        let mut rig = Rig::new(&card);
        rig.act(0, SimAction::Lift);
        rig.run_ms(100);
        rig.read.remove(0)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
    assert!((level_dbm0(&run(5)[80..]) - -45.0).abs() < 1.0);
}
