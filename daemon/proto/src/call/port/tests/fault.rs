//! Lines that fail, and cards that come back: perhaps other ones, that have heard nothing.

use super::*;

const FORWARD: Output = Output::Line(LineOutput::Polarity(Polarity::Forward));
const REVERSED: Output = Output::Line(LineOutput::Polarity(Polarity::Reversed));
const DARK: Output = Output::Line(LineOutput::MessageLamp(false));
const LIT: Output = Output::Line(LineOutput::MessageLamp(true));
/// What a line that came back is sent when it is to do nothing.
const AT_REST: [Output; 2] = [STOP_RING, DARK];

fn fails(b: &mut Bench, fault: LineFault) {
    b.input(Input::Line(LineInput::Fault(fault)));
}

fn comes_back(b: &mut Bench) {
    b.input(Input::Line(LineInput::FaultCleared));
}

#[test]
fn a_line_in_trouble_loses_its_call_after_the_grace() {
    let mut b = Bench::new();
    b.talking(1);
    fails(&mut b, LineFault::Alarm);
    b.wait(1_000);
    comes_back(&mut b);
    assert_eq!(b.seen(), AT_REST);
    b.wait(5_000);
    assert_eq!(b.word(), PortState::InCall);
    fails(&mut b, LineFault::Removed);
    b.wait(2_000);
    let out = b.outputs();
    assert_eq!(out[..2], [DTMF_OFF, on_hook(1)]);
    assert!(matches!(&out[2], Output::Record(r) if r.cause == EndCause::LineFault));
    assert_eq!(b.word(), PortState::Fault);
    comes_back(&mut b);
    b.seen();
    b.lift();
    assert_eq!(b.seen(), [DTMF_ON, off_hook(0, 0)]);
}

#[test]
fn a_ringing_line_that_comes_back_within_the_grace_rings_on() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 4),
    ]);
    assert_eq!(b.seen(), [INSIDE]);
    fails(&mut b, LineFault::Removed);
    b.wait(1_000);
    comes_back(&mut b);
    assert_eq!(b.seen(), [INSIDE, DARK]);
    assert_eq!(b.word(), PortState::Ringing);
}

#[test]
fn a_call_offered_to_a_lost_line_rings_when_the_line_is_back() {
    let mut b = Bench::new();
    fails(&mut b, LineFault::Removed);
    b.wait(10_000);
    b.outputs();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::OUTSIDE, 4),
    ]);
    assert_eq!(b.seen(), []);
    comes_back(&mut b);
    let outside = line(LineOutput::Ring(RingMode::OUTSIDE));
    assert_eq!(b.seen(), [STOP_RING, DARK, outside]);
}

#[test]
fn a_ring_that_outlasts_the_grace_begins_again_on_the_new_card() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 4),
    ]);
    fails(&mut b, LineFault::Removed);
    b.wait(5_000);
    assert_eq!(b.seen(), [INSIDE, STOP_RING]);
    comes_back(&mut b);
    assert_eq!(b.seen(), [STOP_RING, DARK, INSIDE]);
    b.lift();
    assert!(b.seen().contains(&off_hook(1, 4)), "and can be answered");
}

#[test]
fn a_caller_who_gave_up_meanwhile_rings_no_more() {
    let mut b = Bench::new();
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        ringer(RingMode::INSIDE, 4),
    ]);
    fails(&mut b, LineFault::Alarm);
    b.says(&[ringer(RingMode::OFF, 4), state(CallStateKind::ON_HOOK, 4)]);
    b.outputs();
    comes_back(&mut b);
    assert_eq!(b.seen(), AT_REST, "the card refused the first StopRing");
}

#[test]
fn polarity_and_lamp_are_sent_again() {
    let mut b = Bench::with(|cfg| {
        cfg.caller_id = CallerIdTiming::BeforeRing {
            polarity_reversal: true,
            dual_tone_alert: true,
            lead_ms: 250,
            ring_delay_ms: 300,
        };
    });
    b.says(&[ServerMessage::SetLamp(SetLamp {
        stimulus: Stimulus::VOICEMAIL,
        instance: 0,
        mode: LampMode::ON,
    })]);
    assert_eq!(b.seen(), [LIT]);
    fails(&mut b, LineFault::Removed);
    comes_back(&mut b);
    assert_eq!(b.seen(), [FORWARD, STOP_RING, LIT]);
    b.says(&[
        state(CallStateKind::RING_IN, 4),
        info(4, "2001", ""),
        ringer(RingMode::INSIDE, 4),
    ]);
    assert_eq!(b.seen(), [REVERSED]);
    fails(&mut b, LineFault::Removed);
    comes_back(&mut b);
    assert_eq!(b.seen(), [REVERSED, STOP_RING, LIT]);
}

#[test]
fn a_talking_phone_that_was_hung_up_while_its_card_was_away_ends_its_call() {
    let mut b = Bench::new();
    b.talking(1);
    fails(&mut b, LineFault::Removed);
    b.wait(1_000);
    comes_back(&mut b);
    b.input(Input::Line(LineInput::LoopOpened { at: b.now }));
    b.wait(1_300);
    let all = b.outputs();
    assert!(all.contains(&on_hook(1)));
    assert!(
        matches!(all.last(), Some(Output::Record(r)) if r.cause == EndCause::NearHangUp)
            || all
                .iter()
                .any(|o| matches!(o, Output::Record(r) if r.cause == EndCause::NearHangUp))
    );
}

#[test]
fn a_phone_found_off_hook_on_a_card_that_comes_back_gets_dial_tone_as_if_lifted_now() {
    let mut b = Bench::new();
    b.talking(1);
    fails(&mut b, LineFault::Removed);
    b.wait(5_000);
    b.outputs();
    comes_back(&mut b);
    b.input(Input::Line(LineInput::LoopClosed { at: b.now }));
    b.wait(10);
    assert_eq!(b.seen(), [STOP_RING, DARK, DTMF_ON, off_hook(0, 0)]);
    // A talking one that never noticed stays in its call.
    let mut b = Bench::new();
    b.talking(1);
    fails(&mut b, LineFault::Removed);
    comes_back(&mut b);
    b.input(Input::Line(LineInput::LoopClosed { at: b.now }));
    b.wait(5_000);
    assert_eq!(b.seen(), AT_REST);
    assert_eq!(b.word(), PortState::InCall);
}
