//! Openings of the loop that are as long as a short flash and as a pulse of a slow dial.

use super::*;
use crate::call::config::{FlashWindow, PulseWindow};

/// A port of a country whose flash begins at 75 ms.
fn bench() -> Bench {
    Bench::with(|c| {
        c.hook.pulse = Some(PulseWindow {
            max_ms: 110,
            ..PulseWindow::default()
        });
        c.hook.flash = Some(FlashWindow {
            min_ms: 75,
            max_ms: 310,
        });
    })
}

/// Openings of this length, 42 ms apart, and the time until it is clear what they are.
fn open_loop(b: &mut Bench, ms: u64, times: u32) {
    for _ in 0..times {
        b.input(Input::Line(LineInput::LoopOpened { at: b.now }));
        b.wait(ms);
        b.input(Input::Line(LineInput::LoopClosed { at: b.now }));
        b.wait(42);
    }
    b.wait(800);
}

/// The call of `talking` on hold for a transfer by a flash of this length, call 2 with dial tone.
fn consulting(b: &mut Bench, flash_ms: u64) {
    open_loop(b, flash_ms, 1);
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 1)]);
    b.consults();
    b.outputs();
}

#[test]
fn at_the_dial_tone_one_pulse_of_a_slow_dial_is_a_1() {
    let mut b = bench();
    b.dial_tone();
    for (pulses, button) in [(1, 1), (10, 0), (10, 0), (2, 2), (1, 1)] {
        open_loop(&mut b, 83, pulses);
        let mut seen = b.seen();
        seen.retain(|o| *o != SILENT);
        assert_eq!(seen, [key(button, 1)]);
    }
    assert_eq!(b.port.snapshot().counters.flashes, 0);
}

#[test]
fn before_the_server_has_named_the_call_one_pulse_of_a_slow_dial_is_a_1() {
    let mut b = bench();
    b.lift();
    open_loop(&mut b, 83, 1);
    open_loop(&mut b, 83, 1);
    b.outputs();
    b.says(&[state(CallStateKind::OFF_HOOK, 1)]);
    assert_eq!(b.seen(), [key(1, 1), key(1, 1)]);
}

#[test]
fn a_server_that_takes_the_number_for_complete_too_early_still_gets_the_1() {
    let mut b = bench();
    b.dial_tone();
    open_loop(&mut b, 83, 2);
    b.says(&[state(CallStateKind::PROCEED, 1)]);
    b.outputs();
    open_loop(&mut b, 83, 1);
    assert_eq!(b.seen(), [key(1, 1)]);
}

#[test]
fn in_a_call_a_short_opening_alone_is_a_flash_and_several_are_a_digit() {
    let mut b = bench();
    b.talking(1);
    open_loop(&mut b, 83, 3);
    assert_eq!(b.seen(), [key(3, 1)]);
    open_loop(&mut b, 83, 1);
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 1)]);
}

#[test]
fn at_the_dial_tone_of_a_second_call_the_key_that_asked_for_it_asks_for_the_first_one_back() {
    let mut b = bench();
    b.talking(1);
    consulting(&mut b, 80);
    open_loop(&mut b, 80, 1);
    assert_eq!(
        b.seen(),
        [soft(SoftKey::END_CALL, 2), soft(SoftKey::RESUME, 1), SILENT]
    );
}

#[test]
fn at_the_dial_tone_of_a_second_call_a_slow_dial_dials_a_1() {
    let mut b = bench();
    b.talking(1);
    // By hand, on the cradle.
    consulting(&mut b, 250);
    open_loop(&mut b, 83, 1);
    assert_eq!(b.seen(), [SILENT, key(1, 2)]);
}

#[test]
fn a_short_flash_of_a_phone_that_dials_by_tones_is_no_digit_of_its_number() {
    let mut b = bench();
    b.talking(1);
    consulting(&mut b, 250);
    b.dial("3");
    b.outputs();
    open_loop(&mut b, 83, 1);
    assert_eq!(
        b.seen(),
        [soft(SoftKey::END_CALL, 2), soft(SoftKey::RESUME, 1)]
    );
}

#[test]
fn a_short_flash_joins_a_transfer() {
    let mut b = bench();
    b.talking(1);
    consulting(&mut b, 80);
    b.dial("3");
    b.says(&[state(CallStateKind::RING_OUT, 2)]);
    b.outputs();
    open_loop(&mut b, 80, 1);
    assert_eq!(b.seen(), [soft(SoftKey::TRANSFER, 2)]);
}
