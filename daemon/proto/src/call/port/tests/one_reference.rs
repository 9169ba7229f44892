//! A transfer inside one call reference, as CallManager 2 and the servers modelled on it do it: the second party is
//! dialled, rung and talked to under the reference of the first call.

use super::*;
use crate::sccp::message::DialedNumber;

/// Call 1 talks, and the phone has flashed.
fn flashed() -> Bench {
    let mut b = Bench::new();
    b.talking(1);
    b.flash();
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 1)]);
    b
}

/// The server's answer to the key: the same reference, and dial tone.
fn dial_tone_inside(b: &mut Bench) {
    b.says(&[
        close(1),
        stop(1),
        state(CallStateKind::TRANSFER, 1),
        tone(Tone::INSIDE_DIAL, 1),
    ]);
}

fn consulting() -> Bench {
    let mut b = flashed();
    dial_tone_inside(&mut b);
    b.outputs();
    b
}

fn rings_out(b: &mut Bench) {
    b.dial("30");
    b.says(&[stop_tone(1), state(CallStateKind::PROCEED, 1)]);
    b.says(&[tone(Tone::ALERTING, 1), state(CallStateKind::RING_OUT, 1)]);
}

fn answered(b: &mut Bench) {
    rings_out(b);
    b.says(&[
        state(CallStateKind::CONNECTED, 1),
        stop_tone(1),
        open(7, 1),
        start(7, 1),
    ]);
    b.opened(7);
    b.outputs();
}

fn call(b: &Bench) -> CallSnapshot {
    b.port.snapshot().calls[0].clone()
}

#[test]
fn the_dial_tone_is_heard_and_the_digits_go() {
    let mut b = flashed();
    dial_tone_inside(&mut b);
    let out = b.seen();
    assert!(out.contains(&play(Tone::INSIDE_DIAL)), "{out:?}");
    let shown = call(&b);
    assert_eq!(
        (shown.state, shown.direction, shown.dialed.as_str()),
        (CallState::Dialing, CallDirection::Outgoing, "")
    );
    b.dial("30");
    assert_eq!(b.seen(), [SILENT, key(3, 1), key(0, 1)]);
    assert_eq!(call(&b).dialed, "30");
}

#[test]
fn the_order_of_state_and_tone_does_not_matter_nor_does_a_tone_without_a_reference() {
    for named in [1, 0] {
        let mut b = flashed();
        b.says(&[
            tone(Tone::INSIDE_DIAL, named),
            state(CallStateKind::TRANSFER, 1),
        ]);
        assert!(b.seen().contains(&play(Tone::INSIDE_DIAL)), "{named}");
        assert_eq!(b.port.snapshot().tone, Some(Tone::INSIDE_DIAL), "{named}");
        b.dial("3");
        assert_eq!(b.sent(), [key(3, 1)], "{named}");
    }
}

#[test]
fn the_second_flash_joins_as_soon_as_it_rings_and_when_it_talks() {
    for talks in [false, true] {
        let mut b = consulting();
        if talks {
            answered(&mut b);
        } else {
            rings_out(&mut b);
            assert_eq!(b.port.snapshot().tone, Some(Tone::ALERTING));
        }
        b.outputs();
        b.flash();
        assert_eq!(b.sent(), [soft(SoftKey::TRANSFER, 1)], "{talks}");
        b.says(&[state(CallStateKind::ON_HOOK, 1)]);
        let records = b.records();
        let record = &records[0];
        assert_eq!(record.cause, EndCause::Transferred, "{talks}");
        assert_eq!(record.dialed, "2001", "the number of the first call");
        assert!(record.connected.is_some());
    }
}

#[test]
fn hanging_up_joins() {
    for talks in [false, true] {
        let mut b = consulting();
        if talks {
            answered(&mut b);
        } else {
            rings_out(&mut b);
        }
        b.outputs();
        b.hang_up();
        b.wait(1_000);
        let out = b.outputs();
        let sent: Vec<_> = out
            .iter()
            .filter(|o| matches!(o, Output::Send(_)))
            .collect();
        let join = [soft(SoftKey::TRANSFER, 1), on_hook(1)];
        assert_eq!(sent, join.iter().collect::<Vec<_>>(), "{talks}");
        let record = out.iter().find_map(|o| match o {
            Output::Record(record) => Some(record),
            _ => None,
        });
        assert_eq!(record.unwrap().cause, EndCause::Transferred);
    }
}

#[test]
fn a_flash_before_it_is_through_goes_back_to_the_first_call() {
    for dialled in ["", "3"] {
        let mut b = consulting();
        b.dial(dialled);
        b.outputs();
        b.flash();
        assert_eq!(b.sent(), [soft(SoftKey::RESUME, 1)], "{dialled}");
        b.says(&[
            stop_tone(1),
            open(8, 1),
            start(8, 1),
            state(CallStateKind::CONNECTED, 1),
        ]);
        b.opened(8);
        assert!(b.seen().contains(&bridge(8)), "{dialled}");
        let shown = call(&b);
        assert_eq!(
            (shown.state, shown.dialed.as_str()),
            (CallState::Connected, "2001")
        );
        // And it can be passed on again.
        b.flash();
        assert_eq!(b.sent(), [soft(SoftKey::TRANSFER, 1)], "{dialled}");
    }
}

#[test]
fn who_is_asked_is_shown_meanwhile_and_the_first_party_afterwards() {
    let mut b = Bench::new();
    b.rung(1);
    b.lift();
    b.says(&[state(CallStateKind::CONNECTED, 1), open(1, 1)]);
    b.opened(1);
    b.flash();
    dial_tone_inside(&mut b);
    rings_out(&mut b);
    b.says(&[ServerMessage::CallInfo(CallInfo {
        call: CallRef(1),
        kind: 2,
        calling_number: "2001".into(),
        called_number: "30".into(),
        called_name: "Bob".into(),
        ..CallInfo::default()
    })]);
    let shown = call(&b);
    assert_eq!((shown.number.as_str(), shown.name.as_str()), ("30", "Bob"));
    b.outputs();
    b.says(&[state(CallStateKind::ON_HOOK, 1)]);
    let record = &b.records()[0];
    assert_eq!(
        (
            record.number.as_str(),
            record.name.as_str(),
            record.direction
        ),
        ("5551234", "Ada", CallDirection::Incoming)
    );
    assert_eq!(record.cause, EndCause::FarHangUp);
}

#[test]
fn a_busy_second_party_is_heard_and_the_first_is_asked_back() {
    let mut b = consulting();
    b.dial("30");
    b.outputs();
    b.says(&[state(CallStateKind::BUSY, 1), tone(Tone::BUSY, 1)]);
    assert!(b.seen().contains(&play(Tone::BUSY)));
    b.flash();
    assert_eq!(b.sent(), [soft(SoftKey::RESUME, 1)]);
    b.says(&[state(CallStateKind::CONNECTED, 1)]);
    assert_eq!(call(&b).state, CallState::Connected);
}

#[test]
fn a_server_that_opens_a_second_call_after_all_is_followed() {
    let mut b = flashed();
    b.says(&[
        tone(Tone::INSIDE_DIAL, 0),
        state(CallStateKind::HOLD, 1),
        state(CallStateKind::OFF_HOOK, 2),
    ]);
    b.dial("3");
    assert!(b.sent().contains(&key(3, 2)));
    let states: Vec<_> = b.port.snapshot().calls.iter().map(|c| c.state).collect();
    assert_eq!(states, [CallState::Held, CallState::Dialing]);
}

#[test]
fn a_server_that_gives_the_first_call_back_ends_the_transfer() {
    let mut b = consulting();
    b.says(&[stop_tone(1), state(CallStateKind::CONNECTED, 1), open(9, 1)]);
    b.opened(9);
    let shown = call(&b);
    assert_eq!(
        (shown.state, shown.dialed.as_str()),
        (CallState::Connected, "2001")
    );
    b.outputs();
    b.flash();
    assert_eq!(b.sent(), [soft(SoftKey::TRANSFER, 1)]);
    assert_eq!(b.port.snapshot().calls.len(), 1);
}

#[test]
fn the_number_that_the_server_took_is_shown() {
    let dialed = |number: &str| {
        ServerMessage::DialedNumber(DialedNumber {
            number: number.into(),
            line: LINE,
            call: CallRef(1),
        })
    };
    // The phone's digits went out when the call was under way already.
    let mut b = Bench::new();
    b.lift();
    b.says(&[
        state(CallStateKind::OFF_HOOK, 1),
        state(CallStateKind::PROCEED, 1),
    ]);
    b.dial("2002");
    assert_eq!(call(&b).dialed, "");
    b.says(&[dialed("2002")]);
    assert_eq!(call(&b).dialed, "2002");
    // One that differs is the server's translation; what was dialled stays.
    b.says(&[dialed("5552002")]);
    assert_eq!(call(&b).dialed, "2002");
    b.says(&[dialed("20021")]);
    assert_eq!(call(&b).dialed, "20021");
    b.outputs();
    b.hang_up();
    assert_eq!(b.records()[0].dialed, "20021");
}
