//! Ringing, loop, flash, pulses, polarity, lamp.

use super::*;
use LineEventKind::{Flash, LoopClosed, LoopOpened, PulseDigit, RingOff, RingOn};

/// Samples in this number of ms.
const fn ms(ms: u64) -> u64 {
    ms * 8
}

#[test]
fn ringing_follows_its_cadence_on_the_card_and_in_the_phone() {
    let mut rig = Rig::one(SimPortConfig::default());
    let cadence = RingCadence {
        parts_ms: [400, 200, 400, 2000, 0, 0, 0, 0],
    };
    rig.ports[0].command(LineCommand::Ring(cadence)).unwrap();
    rig.run_ms(3500);
    let at = [0, 400, 600, 1000, 3000, 3400].map(ms);
    let kinds = [RingOn, RingOff, RingOn, RingOff, RingOn, RingOff];
    let want: Vec<_> = at.into_iter().zip(kinds).collect();
    assert_eq!(rig.reported(), want);
    let snapshot = rig.snapshot(0);
    assert_eq!(snapshot.ring_bursts_ms, [(400, 0), (400, 200), (400, 2000)]);
    assert_eq!(snapshot.set, SetState::Ringing);
    rig.ports[0].command(LineCommand::StopRing).unwrap();
    rig.run_ms(5000);
    assert_eq!(rig.reported(), []);
    let burst = |off_ms| SimEventKind::RingBurst { on_ms: 400, off_ms };
    assert_eq!(
        rig.noticed(),
        [
            SimEventKind::RingingStarted,
            burst(0),
            burst(200),
            burst(2000),
            SimEventKind::RingingStopped { bursts: 3 }
        ]
    );
    assert_eq!(rig.snapshot(0).set, SetState::OnHook);
}

#[test]
fn lifting_in_a_burst_trips_ringing_at_once() {
    let mut rig = Rig::one(SimPortConfig::default());
    let ring = LineCommand::Ring(RingCadence::new(2000, 4000));
    rig.ports[0].command(ring).unwrap();
    rig.run_ms(500);
    rig.act(0, SimAction::Lift);
    rig.run_ms(10_000);
    assert_eq!(rig.reported(), [(0, RingOn), (ms(500), LoopClosed)]);
    assert_eq!(
        rig.noticed(),
        [
            SimEventKind::RingingStarted,
            SimEventKind::Lifted,
            SimEventKind::RingingStopped { bursts: 0 }
        ]
    );
    assert!(rig.ports[0].off_hook());
    assert_eq!(rig.ports[0].command(ring), Err(PortError::Busy));
    let reverse = LineCommand::Polarity(Polarity::Reversed);
    assert_eq!(rig.ports[0].command(reverse), Ok(()));
}

#[test]
fn a_phone_with_auto_answer_lifts_after_its_burst() {
    let mut rig = Rig::one(SimPortConfig::default());
    rig.act(
        0,
        SimAction::AutoAnswer {
            after_bursts: Some(2),
        },
    );
    let ring = LineCommand::Ring(RingCadence::new(1000, 1000));
    rig.ports[0].command(ring).unwrap();
    rig.run_ms(5000);
    // Seen with the block after the burst, done 200 ms later.
    let reported = rig.reported();
    assert_eq!(
        &reported[..4],
        [
            (0, RingOn),
            (8000, RingOff),
            (16_000, RingOn),
            (24_000, RingOff)
        ]
    );
    assert_eq!(reported[4..], [(ms(3210), LoopClosed)]);
}

#[test]
fn flash_and_pulses_are_reported_edge_by_edge_to_the_sample() {
    let mut rig = Rig::one(SimPortConfig::default());
    rig.act(0, SimAction::Lift);
    rig.run_ms(10);
    rig.act(0, SimAction::Flash { open_ms: 123 });
    let pulse = Dialing::Pulse {
        break_ms: 61,
        make_ms: 39,
        interdigit_ms: 700,
    };
    rig.act(
        0,
        SimAction::Dial {
            digits: "2".into(),
            how: Some(pulse),
        },
    );
    assert_eq!(rig.snapshot(0).dialing, "!2");
    rig.run_ms(1500);
    // 10 ms, flash 123 ms, 100 ms to settle, then the pulses.
    assert_eq!(
        rig.reported(),
        [
            (0, LoopClosed),
            (ms(10), LoopOpened),
            (ms(133), LoopClosed),
            (ms(233), LoopOpened),
            (ms(294), LoopClosed),
            (ms(333), LoopOpened),
            (ms(394), LoopClosed),
        ]
    );
    assert_eq!(
        rig.noticed(),
        [SimEventKind::Lifted, SimEventKind::DialFinished]
    );
}

#[test]
fn a_decoding_card_reports_flash_and_digits_instead_of_edges() {
    let mut rig = Rig::one(SimPortConfig {
        decode: Some(DecodeConfig::default()),
        ..SimPortConfig::default()
    });
    assert!(rig.ports[0].capabilities().decodes_flash_and_pulse);
    rig.act(0, SimAction::Lift);
    rig.act(0, SimAction::Flash { open_ms: 10 });
    rig.act(0, SimAction::Flash { open_ms: 500 });
    rig.act(
        0,
        SimAction::Dial {
            digits: "510".into(),
            how: Some(Dialing::PULSE),
        },
    );
    rig.run_ms(6000);
    assert!(rig.ports[0].off_hook());
    rig.act(0, SimAction::HangUp);
    rig.run_ms(2000);
    assert!(!rig.ports[0].off_hook());
    let reported = rig.reported();
    let kinds: Vec<_> = reported.iter().map(|(_, kind)| *kind).collect();
    assert_eq!(
        kinds,
        [
            LoopClosed,
            Flash,
            PulseDigit(5),
            PulseDigit(1),
            PulseDigit(0),
            LoopOpened
        ]
    );
    // Hang-up is known 1250 ms after it was done.
    assert_eq!(reported[5].0, ms(6000 + 1250));
}

#[test]
fn a_phone_off_hook_at_start_gives_no_event() {
    let mut rig = Rig::one(SimPortConfig {
        off_hook_at_start: true,
        ..SimPortConfig::default()
    });
    assert!(rig.ports[0].off_hook());
    rig.run_ms(100);
    assert_eq!(rig.reported(), []);
    rig.act(0, SimAction::HangUp);
    rig.run_ms(10);
    assert_eq!(rig.reported(), [(ms(100), LoopOpened)]);
}

#[test]
fn reversal_is_refused_while_ringing_and_seen_by_the_phone_otherwise() {
    let mut rig = Rig::one(SimPortConfig::default());
    let reverse = LineCommand::Polarity(Polarity::Reversed);
    rig.ports[0]
        .command(LineCommand::Ring(RingCadence::new(1000, 1000)))
        .unwrap();
    assert_eq!(rig.ports[0].command(reverse), Err(PortError::Busy));
    rig.run_ms(100);
    assert_eq!(rig.ports[0].command(reverse), Err(PortError::Busy));
    rig.ports[0].command(LineCommand::StopRing).unwrap();
    rig.ports[0].command(reverse).unwrap();
    rig.ports[0]
        .command(LineCommand::MessageLamp(true))
        .unwrap();
    rig.run_ms(100);
    assert_eq!(
        rig.noticed(),
        [
            SimEventKind::RingingStarted,
            SimEventKind::RingingStopped { bursts: 0 },
            SimEventKind::Polarity(Polarity::Reversed),
            SimEventKind::Lamp(true),
        ]
    );
    let snapshot = rig.snapshot(0);
    assert_eq!(
        (snapshot.polarity, snapshot.polarity_changes),
        (Polarity::Reversed, 1)
    );
    assert!(snapshot.lamp);
}

#[test]
fn what_the_card_cannot_do_is_refused() {
    let mut config = SimPortConfig::default();
    config.capabilities.polarity_reversal = false;
    config.capabilities.open_loop = false;
    config.capabilities.on_hook_transmission = false;
    config.capabilities.neon_mwi = false;
    let mut rig = Rig::one(config);
    for command in [
        LineCommand::Polarity(Polarity::Reversed),
        LineCommand::OpenLoop(Duration::from_millis(500)),
        LineCommand::OnHookTransmission(Duration::from_secs(1)),
        LineCommand::MessageLamp(true),
    ] {
        assert_eq!(
            rig.ports[0].command(command),
            Err(PortError::Unsupported),
            "{command:?}"
        );
    }
    let nothing = LineCommand::Ring(RingCadence { parts_ms: [0; 8] });
    assert_eq!(rig.ports[0].command(nothing), Err(PortError::Os(22)));
    assert!(!rig.snapshot(0).card.ringing);
}

#[test]
fn an_open_loop_is_seen_by_the_phone_and_not_taken_for_a_hang_up() {
    let mut rig = Rig::one(SimPortConfig::default());
    rig.act(0, SimAction::Lift);
    rig.run_ms(100);
    let open = LineCommand::OpenLoop(Duration::from_millis(350));
    rig.ports[0].command(open).unwrap();
    rig.run_ms(500);
    assert_eq!(rig.reported(), [(0, LoopClosed)]);
    assert_eq!(
        rig.noticed(),
        [SimEventKind::Lifted, SimEventKind::OpenLoop { ms: 350 }]
    );
    // Whoever hangs up meanwhile is noticed when battery returns.
    rig.ports[0].command(open).unwrap();
    rig.act(0, SimAction::HangUp);
    rig.run_ms(500);
    assert_eq!(rig.reported(), [(ms(600 + 350), LoopOpened)]);
}

#[test]
fn requests_that_make_no_sense_are_refused_with_the_cure() {
    let mut rig = Rig::one(SimPortConfig::default());
    let dial = |digits: &str| SimAction::Dial {
        digits: digits.into(),
        how: None,
    };
    let error = rig.try_act(0, dial("1")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "simulated port index 0: the set is on-hook, so it cannot dial; lift first"
    );
    assert_eq!(
        rig.try_act(3, SimAction::Lift),
        Err(SimError::NoSuchPort { port: 3, ports: 1 })
    );
    rig.act(0, SimAction::Lift);
    for action in [
        dial("12z"),
        SimAction::Flash { open_ms: 0 },
        SimAction::Meter { window_ms: 5 },
        SimAction::Play {
            audio: Audio::Tone {
                hz: [f32::NAN, 0.0],
                dbm0: 0.0,
                ms: 0,
            },
            repeat: false,
        },
        SimAction::SetHybrid(HybridConfig {
            trans_hybrid_loss_db: f32::NAN,
            ..HybridConfig::default()
        }),
    ] {
        let answer = rig.try_act(0, action.clone());
        assert!(
            matches!(answer, Err(SimError::BadValue { .. })),
            "{action:?}: {answer:?}"
        );
    }
    for action in [
        SimAction::SendFax(SendFax::new("/tmp/x.tif", "1")),
        SimAction::CancelFax,
        SimAction::StopRecording,
    ] {
        assert!(rig.try_act(0, action).is_err());
    }
    rig.run_ms(10);
    assert_eq!(rig.reported(), [(0, LoopClosed)]);
}
