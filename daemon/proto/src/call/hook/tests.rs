use super::*;
use crate::call::config::{FlashWindow, PulseWindow};
use crate::types::PulseDigits;

/// Plays openings of (at, length) ms into a phone that is off-hook and returns what came out by `until`.
fn played(cfg: HookConfig, openings: &[(u64, u64)], until: u64) -> (Vec<HookEvent>, Hook) {
    played_as(Lone::Flash, cfg, openings, until)
}

fn played_as(
    lone: Lone,
    cfg: HookConfig,
    openings: &[(u64, u64)],
    until: u64,
) -> (Vec<HookEvent>, Hook) {
    let mut hook = Hook::new(cfg);
    hook.closed(Time::from_millis(0));
    for &(at, length) in openings {
        hook.opened(Time::from_millis(at), lone);
        if at + length <= until {
            hook.closed(Time::from_millis(at + length));
        }
    }
    hook.advance(Time::from_millis(until));
    let events = std::iter::from_fn(|| hook.poll()).collect();
    (events, hook)
}

fn pulse(c: char) -> HookEvent {
    HookEvent::Pulse(Digit::from_char(c).unwrap())
}

#[test]
fn an_opening_is_bounce_pulse_flash_or_hang_up_by_its_length_alone() {
    use HookEvent::{Flash, OffHook, OnHook};
    for (length, expected) in [
        (1, vec![OffHook]),
        (9, vec![OffHook]),
        (15, vec![OffHook]),
        (20, vec![OffHook, pulse('1')]),
        (199, vec![OffHook, pulse('1')]),
        (200, vec![OffHook, Flash]),
        (1250, vec![OffHook, Flash]),
        (1251, vec![OffHook, OnHook, OffHook]),
    ] {
        let (events, _) = played(HookConfig::default(), &[(1000, length)], 5000);
        assert_eq!(events, expected, "{length} ms");
    }
}

#[test]
fn ten_pulses_are_a_zero_and_eleven_are_nothing() {
    let train = |n: u64| (0..n).map(|i| (1000 + i * 100, 60)).collect::<Vec<_>>();
    let (events, _) = played(HookConfig::default(), &train(10), 5000);
    assert_eq!(events, [HookEvent::OffHook, pulse('0')]);
    let (events, hook) = played(HookConfig::default(), &train(11), 5000);
    assert_eq!(events, [HookEvent::OffHook]);
    assert_eq!(hook.odd(), 1);
}

#[test]
fn the_dials_of_new_zealand_and_sweden_count_in_their_own_way() {
    let digits = |pulse_digits| {
        let cfg = HookConfig {
            pulse_digits,
            ..HookConfig::default()
        };
        let dialled = (1..=10).map(|pulses| {
            let train: Vec<_> = (0..pulses).map(|i| (1000 + i * 100, 60)).collect();
            let (events, _) = played(cfg, &train, 5000);
            match events.as_slice() {
                [HookEvent::OffHook, HookEvent::Pulse(digit)] => digit.as_char(),
                other => panic!("{pulses} pulses are {other:?}"),
            }
        });
        dialled.collect::<String>()
    };
    assert_eq!(digits(PulseDigits::Standard), "1234567890");
    assert_eq!(digits(PulseDigits::NewZealand), "9876543210");
    assert_eq!(digits(PulseDigits::Sweden), "0123456789");
}

#[test]
fn a_digit_is_complete_a_quarter_second_after_its_last_pulse() {
    let openings = [(1000, 60), (1100, 60)];
    let (events, hook) = played(HookConfig::default(), &openings, 1409);
    assert_eq!(events, [HookEvent::OffHook]);
    assert!(hook.is_dialing());
    let (events, _) = played(HookConfig::default(), &openings, 1410);
    assert_eq!(events, [HookEvent::OffHook, pulse('2')]);
}

#[test]
fn hanging_up_right_after_a_pulse_digit_keeps_the_digit() {
    let (events, _) = played(HookConfig::default(), &[(1000, 60), (1150, 9000)], 4000);
    assert_eq!(events, [HookEvent::OffHook, pulse('1'), HookEvent::OnHook]);
}

#[test]
fn late_delivery_changes_nothing() {
    let mut hook = Hook::new(HookConfig::default());
    hook.closed(Time::from_millis(0));
    hook.opened(Time::from_millis(1000), Lone::Flash);
    // Nobody asked for the time between: the stamps decide.
    hook.closed(Time::from_millis(4000));
    hook.advance(Time::from_millis(60_000));
    let events: Vec<_> = std::iter::from_fn(|| hook.poll()).collect();
    assert_eq!(
        events,
        [HookEvent::OffHook, HookEvent::OnHook, HookEvent::OffHook]
    );
}

#[test]
fn a_closure_shorter_than_the_debounce_is_no_lift() {
    let mut hook = Hook::new(HookConfig::default());
    hook.closed(Time::from_millis(100));
    assert_eq!(hook.next_deadline(), Some(Time::from_millis(110)));
    hook.opened(Time::from_millis(109), Lone::Flash);
    hook.advance(Time::from_millis(1000));
    assert_eq!(hook.poll(), None);
    assert_eq!(hook.next_deadline(), None);
}

#[test]
fn the_gateways_own_opening_is_neither_flash_nor_hang_up() {
    let mut hook = Hook::new(HookConfig::default());
    hook.closed(Time::from_millis(0));
    hook.mask(Time::from_millis(1600));
    hook.opened(Time::from_millis(1005), Lone::Flash);
    hook.closed(Time::from_millis(1505));
    hook.advance(Time::from_millis(9000));
    let events: Vec<_> = std::iter::from_fn(|| hook.poll()).collect();
    assert_eq!(events, [HookEvent::OffHook]);
}

#[test]
fn a_card_that_decodes_itself_is_believed_at_once() {
    let mut hook = Hook::new(HookConfig::decoded_by_card());
    hook.closed(Time::from_millis(0));
    hook.opened(Time::from_millis(3), Lone::Flash);
    let events: Vec<_> = std::iter::from_fn(|| hook.poll()).collect();
    assert_eq!(events, [HookEvent::OffHook, HookEvent::OnHook]);
}

#[test]
fn without_flash_the_hang_up_comes_after_its_own_time() {
    let cfg = HookConfig {
        flash: None,
        ..HookConfig::default()
    };
    let (events, _) = played(cfg, &[(1000, 9000)], 1301);
    assert_eq!(events, [HookEvent::OffHook, HookEvent::OnHook]);
    let (events, hook) = played(cfg, &[(1000, 250)], 5000);
    assert_eq!(events, [HookEvent::OffHook]);
    assert_eq!(hook.odd(), 1);
}

#[test]
fn edges_out_of_order_and_doubled_never_panic() {
    let cfg = HookConfig {
        debounce_ms: u32::MAX,
        pulse_digits: PulseDigits::Standard,
        pulse: Some(PulseWindow {
            min_ms: u32::MAX,
            max_ms: 0,
            interdigit_ms: u32::MAX,
        }),
        flash: Some(FlashWindow {
            min_ms: 5,
            max_ms: u32::MAX,
        }),
        hang_up_ms: u32::MAX,
    };
    for cfg in [cfg, HookConfig::default()] {
        let mut hook = Hook::new(cfg);
        for at in [5, 3, 900, 2, 2, 1_000_000, 7, 1_000_300] {
            hook.closed(Time::from_millis(at));
            hook.closed(Time::from_millis(at / 2));
            hook.opened(Time::from_millis(at * 2), Lone::Flash);
            hook.opened(Time::from_millis(at), Lone::Flash);
            hook.advance(Time::from_millis(at));
        }
    }
}

/// A country whose flash begins below the longest pulse.
fn short_flashes(min_ms: u32) -> HookConfig {
    HookConfig {
        pulse: Some(PulseWindow {
            min_ms: 20,
            max_ms: 110,
            ..PulseWindow::default()
        }),
        flash: Some(FlashWindow {
            min_ms,
            max_ms: 300,
        }),
        ..HookConfig::default()
    }
}

#[test]
fn dials_of_8_to_22_pulses_a_second_dial_wherever_flashes_begin() {
    for cfg in [
        HookConfig::default(),
        short_flashes(75),
        short_flashes(80),
        short_flashes(105),
    ] {
        for (rate, percent) in (8..=22).flat_map(|r| [50, 60, 67, 70].map(|p| (r, p))) {
            let period = 1000 / rate;
            let train = |n: u64| (0..n).map(move |i| (1000 + i * period, period * percent / 100));
            for (n, digit) in (1..=10).zip("1234567890".chars()) {
                let openings: Vec<_> = train(n).collect();
                let (events, hook) = played_as(Lone::Pulse, cfg, &openings, 5000);
                let context = format!("{n} pulses, {rate} a second, {percent} %, {cfg:?}");
                assert_eq!(events, [HookEvent::OffHook, pulse(digit)], "{context}");
                assert_eq!(hook.odd(), 0, "{context}");
                // In a call it is the pulse beside it that decides.
                if n > 1 {
                    let (events, _) = played(cfg, &openings, 5000);
                    assert_eq!(events, [HookEvent::OffHook, pulse(digit)], "{context}");
                }
            }
        }
    }
}

#[test]
fn an_old_dial_that_opens_for_105_ms_dials() {
    let openings = [(1000, 105), (1175, 105), (1350, 104)];
    for lone in [Lone::Pulse, Lone::Flash] {
        let (events, _) = played_as(lone, short_flashes(75), &openings, 5000);
        assert_eq!(events, [HookEvent::OffHook, pulse('3')], "{lone:?}");
    }
}

#[test]
fn a_short_opening_alone_in_a_call_is_a_flash_when_no_pulse_can_follow() {
    for length in [80, 100, 110] {
        let end = 1000 + length;
        let (events, hook) = played(short_flashes(80), &[(1000, length)], end + 99);
        assert_eq!(events, [HookEvent::OffHook], "{length} ms");
        assert_eq!(hook.next_deadline(), Some(Time::from_millis(end + 100)));
        assert!(hook.is_dialing());
        let (events, hook) = played(short_flashes(80), &[(1000, length)], end + 100);
        assert_eq!(
            events,
            [HookEvent::OffHook, HookEvent::Flash],
            "{length} ms"
        );
        assert!(hook.flashes_are_short());
    }
}

#[test]
fn a_flash_that_no_pulse_can_be_is_reported_at_its_end() {
    for length in [111, 280, 300] {
        let end = 1000 + length;
        let (events, hook) = played(short_flashes(80), &[(1000, length)], end);
        assert_eq!(
            events,
            [HookEvent::OffHook, HookEvent::Flash],
            "{length} ms"
        );
        assert!(!hook.flashes_are_short());
    }
}

#[test]
fn two_short_flashes_are_two_flashes_and_a_long_one_after_a_short_one_is_the_second() {
    use HookEvent::{Flash, OffHook};
    for second in [(1700, 80), (1150, 250)] {
        let (events, _) = played(short_flashes(80), &[(1000, 80), second], 5000);
        assert_eq!(events, [OffHook, Flash, Flash], "{second:?}");
    }
}

#[test]
fn a_short_opening_while_hanging_up_is_no_flash() {
    let openings = [(1000, 85), (1120, 9000)];
    let (events, hook) = played(short_flashes(80), &openings, 5000);
    assert_eq!(events, [HookEvent::OffHook, HookEvent::OnHook]);
    assert_eq!(hook.next_deadline(), None);
}

#[test]
fn a_short_flash_delivered_late_comes_before_what_followed_it() {
    let mut hook = Hook::new(short_flashes(80));
    hook.closed(Time::from_millis(0));
    hook.opened(Time::from_millis(1000), Lone::Flash);
    hook.closed(Time::from_millis(1080));
    hook.opened(Time::from_millis(1500), Lone::Pulse);
    hook.closed(Time::from_millis(1580));
    hook.advance(Time::from_millis(9000));
    let events: Vec<_> = std::iter::from_fn(|| hook.poll()).collect();
    assert_eq!(events, [HookEvent::OffHook, HookEvent::Flash, pulse('1')]);
}
