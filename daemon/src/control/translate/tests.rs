use tipring_dsp::ToneProgram;
use tipring_hal::port::{LineFault, RingCadence};
use tipring_proto::call::{CallerId, Polarity, Presented};
use tipring_proto::sccp::message::{RingMode, Tone};

use super::*;

fn at(ms: u64) -> Time {
    Time::from_duration(Duration::from_millis(ms))
}

#[test]
fn an_event_keeps_its_stamp_unless_it_lies_in_the_future() {
    use LineEventKind as Kind;
    let table = [
        (Kind::LoopClosed, LineInput::LoopClosed { at: at(90) }),
        (Kind::LoopOpened, LineInput::LoopOpened { at: at(90) }),
        (Kind::Flash, LineInput::Flash { at: at(90) }),
        (
            Kind::PulseDigit(7),
            LineInput::PulseDigit {
                digit: 7,
                at: at(90),
            },
        ),
        (Kind::RingOn, LineInput::RingOn { at: at(90) }),
        (Kind::RingOff, LineInput::RingOff { at: at(90) }),
        (
            Kind::Fault(LineFault::PowerAlarm),
            LineInput::Fault(LineFault::PowerAlarm),
        ),
        (Kind::FaultCleared, LineInput::FaultCleared),
    ];
    for (kind, input) in table {
        let event = LineEvent {
            at: Duration::from_millis(90),
            kind,
        };
        assert_eq!(line_input(at(100), event), Some(input));
    }
    let ahead = LineEvent {
        at: Duration::from_millis(120),
        kind: Kind::LoopClosed,
    };
    assert_eq!(
        line_input(at(100), ahead),
        Some(LineInput::LoopClosed { at: at(100) })
    );
}

fn plan(country: &str) -> Plan {
    let countries = tipring_config::Countries::built_in();
    let country = countries.get(country).unwrap();
    Plan::new(country, country.caller_id).unwrap()
}

fn card(output: &LineOutput) -> LineCommand {
    match line_order(output, &plan("uk"), true, None) {
        Line::Order(LineOrder::Port(command)) => command,
        other => panic!("{output:?} became {other:?}"),
    }
}

fn chain(output: &LineOutput, plan: &Plan) -> ChainCommand {
    match line_order(output, plan, true, None) {
        Line::Order(LineOrder::Chain(command)) => command,
        other => panic!("{output:?} became {other:?}"),
    }
}

#[test]
fn what_is_for_the_card_goes_to_the_card() {
    let uk = RingCadence {
        parts_ms: [400, 200, 400, 2000, 0, 0, 0, 0],
    };
    let table = [
        (LineOutput::Ring(RingMode::INSIDE), LineCommand::Ring(uk)),
        (LineOutput::StopRing, LineCommand::StopRing),
        (
            LineOutput::OnHookTransmission { ms: 3000 },
            LineCommand::OnHookTransmission(Duration::from_secs(3)),
        ),
        (
            LineOutput::Polarity(Polarity::Reversed),
            LineCommand::Polarity(Polarity::Reversed),
        ),
        (
            LineOutput::OpenLoop { ms: 700 },
            LineCommand::OpenLoop(Duration::from_millis(700)),
        ),
        (
            LineOutput::MessageLamp(true),
            LineCommand::MessageLamp(true),
        ),
    ];
    for (output, command) in table {
        assert_eq!(card(&output), command);
    }
}

#[test]
fn a_lamp_without_neon_is_lit_by_a_message() {
    for on in [true, false] {
        let line = line_order(&LineOutput::MessageLamp(on), &plan("us"), false, None);
        assert!(matches!(line, Line::LampByMessage(lit) if lit == on));
    }
}

#[test]
fn tones_are_those_of_the_country_and_one_it_does_not_have_is_silence() {
    let dial = LineOutput::PlayTone(Tone::INSIDE_DIAL);
    let of = |country: &str| match chain(&dial, &plan(country)) {
        ChainCommand::PlayTone(program) => program,
        other => panic!("{other:?}"),
    };
    let (us, de): (ToneProgram, ToneProgram) = (of("us"), of("de"));
    assert_ne!(us, de);
    let unknown = LineOutput::PlayTone(Tone(0xEE));
    assert!(matches!(
        chain(&unknown, &plan("us")),
        ChainCommand::StopTone
    ));
    assert!(matches!(
        chain(&LineOutput::StopTone, &plan("us")),
        ChainCommand::StopTone
    ));
    assert!(matches!(
        chain(&LineOutput::EnableDtmf(true), &plan("us")),
        ChainCommand::EnableDtmf(true)
    ));
}

#[test]
fn a_port_without_caller_id_counts_it_as_sent() {
    let who = LineOutput::SendCallerId {
        id: CallerId {
            number: Presented::Text("5551234".into()),
            name: Presented::Unknown,
        },
        dual_tone_alert: false,
    };
    assert!(matches!(
        chain(&who, &plan("us")),
        ChainCommand::SendCallerId(_)
    ));
    let countries = tipring_config::Countries::built_in();
    let none = Plan::new(countries.get("us").unwrap(), None).unwrap();
    assert!(matches!(
        line_order(&who, &none, true, None),
        Line::NoCallerId
    ));
}
