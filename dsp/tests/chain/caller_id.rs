//! Caller ID towards the line, decoded as a telephone does.

use crate::rig::{Line, line};
use tipring_dsp::measure::{level, tone_level};
use tipring_dsp::{
    Absence, Alert, CallTime, CallerId, CallerIdMessage, CallerIdStandard, CallerIdTransmission,
    ChainCommand, ChainConfig, ChainEvent, DtmfCallerIdFormat, Law, Party, Tone, ToneProgram,
};
use tipring_spandsp::CallerIdRx;

fn caller() -> CallerId {
    CallerId {
        when: Some(CallTime {
            month: 11,
            day: 23,
            hour: 4,
            minute: 5,
        }),
        number: Party::Known("4155550123".into()),
        name: Party::Known("ACME FRONT DESK".into()),
    }
}

fn send(message: CallerIdMessage, alert: Alert, to_off_hook: bool) -> ChainCommand {
    ChainCommand::SendCallerId(CallerIdTransmission {
        message,
        alert,
        to_off_hook,
    })
}

/// What a telephone understands of these samples.
fn decoded(standard: CallerIdStandard, samples: &[i16]) -> Vec<CallerId> {
    let mut telephone = CallerIdRx::new(standard).unwrap();
    telephone.process(samples);
    std::iter::from_fn(|| telephone.poll())
        .map(|message| message.decode().unwrap().caller)
        .collect()
}

#[test]
fn every_standard_is_understood_on_hook() {
    use CallerIdStandard::{Aclip, Class, Clip, ClipDtmf};
    for law in [Law::Mu, Law::A] {
        for standard in [Class, Clip, Aclip] {
            let mut line = Line::new(&ChainConfig::new(law, 80));
            line.chain.command(ChainCommand::OffHook(false));
            line.chain.command(send(
                CallerIdMessage::call_setup(standard, &caller()).unwrap(),
                Alert::None,
                false,
            ));
            let heard = line.down_ms(2500);
            assert_eq!(decoded(standard, &heard), [caller()], "{standard:?}");
            assert_eq!(line.events, [ChainEvent::CallerIdSent], "{standard:?}");
            // The silence of A-law is half a step.
            assert!(level(&heard[2400 * 8..]) < -66.0);
        }
        let mut line = Line::new(&ChainConfig::new(law, 80));
        line.chain.command(ChainCommand::OffHook(false));
        let message =
            CallerIdMessage::dtmf(DtmfCallerIdFormat::AToC, &Party::Known("0612345".into()))
                .unwrap();
        line.chain.command(send(message, Alert::None, false));
        let heard = line.down_ms(3000);
        let wanted = CallerId {
            number: Party::Known("0612345".into()),
            ..CallerId::default()
        };
        assert_eq!(decoded(ClipDtmf, &heard), [wanted]);
        assert_eq!(line.events, [ChainEvent::CallerIdSent]);
    }
}

#[test]
fn a_withheld_number_is_received_as_withheld() {
    let withheld = CallerId {
        number: Party::Absent(Absence::Private),
        name: Party::Absent(Absence::Private),
        ..caller()
    };
    let mut line = line();
    line.chain.command(ChainCommand::OffHook(false));
    let message = CallerIdMessage::call_setup(CallerIdStandard::Class, &withheld).unwrap();
    line.chain.command(send(message, Alert::None, false));
    assert_eq!(
        decoded(CallerIdStandard::Class, &line.down_ms(2500)),
        [withheld]
    );
}

#[test]
fn the_alert_of_the_uk_goes_before_the_message() {
    let mut line = line();
    line.chain.command(ChainCommand::OffHook(false));
    let message = CallerIdMessage::call_setup(CallerIdStandard::Clip, &caller()).unwrap();
    line.chain.command(send(message, Alert::DtAs, false));
    let heard = line.down_ms(2500);
    for hz in [2130.0, 2750.0] {
        assert!(
            (tone_level(&heard[40..760], hz) + 15.0).abs() < 0.2,
            "{hz}: {}",
            tone_level(&heard[40..760], hz)
        );
    }
    // 100 ms, then at least 45 ms of silence, then seizure.
    assert_eq!(level(&heard[820..1270]), -90.0);
    assert!(
        (level(&heard[1400..2000]) + 14.0).abs() < 0.5,
        "{}",
        level(&heard[1400..2000])
    );
    assert_eq!(decoded(CallerIdStandard::Clip, &heard), [caller()]);
    assert_eq!(line.events, [ChainEvent::CallerIdSent]);
}

#[test]
fn caller_id_of_a_waiting_call_replaces_the_voice_and_gives_it_back() {
    let mut line = line();
    let voice: Vec<i16> = (0..2000 * 8)
        .map(|i| if i % 8 < 4 { 8000 } else { -8000 })
        .collect();
    let message = CallerIdMessage::call_setup(CallerIdStandard::Class, &caller()).unwrap();
    line.chain.command(send(message, Alert::Cas, true));
    let heard = line.down(&voice);
    assert_eq!(decoded(CallerIdStandard::Class, &heard), [caller()]);
    assert_eq!(line.events, [ChainEvent::CallerIdSent]);
    assert!((level(&heard[1900 * 8..]) - level(&voice)).abs() < 0.2);
}

#[test]
fn caller_id_can_be_broken_off_and_a_second_one_is_refused() {
    let mut line = line();
    line.chain.command(ChainCommand::OffHook(false));
    let message = CallerIdMessage::call_setup(CallerIdStandard::Class, &caller()).unwrap();
    for alert in [Alert::None, Alert::DtAs] {
        line.events.clear();
        line.chain.command(send(message, alert, false));
        line.down_ms(50);
        line.chain.command(send(message, alert, false));
        line.down_ms(50);
        line.chain.command(ChainCommand::StopCallerId);
        assert_eq!(level(&line.down_ms(500)[16..]), -90.0, "{alert:?}");
        assert_eq!(line.events, [ChainEvent::CallerIdRefused]);
    }
    // Nothing is left of it in the next one.
    line.events.clear();
    line.chain.command(send(message, Alert::None, false));
    assert_eq!(
        decoded(CallerIdStandard::Class, &line.down_ms(2500)),
        [caller()]
    );
    assert_eq!(line.events, [ChainEvent::CallerIdSent]);
}

#[test]
fn caller_id_goes_before_a_tone_that_plays() {
    let mut line = line();
    line.chain.command(ChainCommand::PlayTone(
        ToneProgram::continuous(&[Tone::new(440, -100)]).unwrap(),
    ));
    line.down_ms(100);
    let message = CallerIdMessage::message_waiting(CallerIdStandard::Class, true).unwrap();
    line.chain.command(send(message, Alert::None, false));
    let heard = line.down_ms(2000);
    let mut telephone = CallerIdRx::new(CallerIdStandard::Class).unwrap();
    telephone.process(&heard);
    assert_eq!(
        telephone.poll().unwrap().decode().unwrap().message_waiting,
        Some(true)
    );
    assert!((tone_level(&heard[1500 * 8..], 440.0) + 10.0).abs() < 0.2);
}
