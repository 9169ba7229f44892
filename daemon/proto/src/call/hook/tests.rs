use super::*;
use crate::call::config::{FlashWindow, PulseWindow};

/// Plays openings of (at, length) ms into a lifted set and returns what came out by `until`.
fn played(cfg: HookConfig, openings: &[(u64, u64)], until: u64) -> (Vec<HookEvent>, Hook) {
    let mut hook = Hook::new(cfg);
    hook.closed(Time::from_millis(0));
    for &(at, length) in openings {
        hook.opened(Time::from_millis(at));
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
fn a_digit_is_complete_a_quarter_second_after_its_last_pulse() {
    let openings = [(1000, 60), (1100, 60)];
    let (events, hook) = played(HookConfig::default(), &openings, 1409);
    assert_eq!(events, [HookEvent::OffHook]);
    assert!(hook.is_dialling());
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
    hook.opened(Time::from_millis(1000));
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
    hook.opened(Time::from_millis(109));
    hook.advance(Time::from_millis(1000));
    assert_eq!(hook.poll(), None);
    assert_eq!(hook.next_deadline(), None);
}

#[test]
fn the_gateways_own_opening_is_neither_flash_nor_hang_up() {
    let mut hook = Hook::new(HookConfig::default());
    hook.closed(Time::from_millis(0));
    hook.mask(Time::from_millis(1600));
    hook.opened(Time::from_millis(1005));
    hook.closed(Time::from_millis(1505));
    hook.advance(Time::from_millis(9000));
    let events: Vec<_> = std::iter::from_fn(|| hook.poll()).collect();
    assert_eq!(events, [HookEvent::OffHook]);
}

#[test]
fn a_card_that_decodes_itself_is_believed_at_once() {
    let mut hook = Hook::new(HookConfig::decoded_by_card());
    hook.closed(Time::from_millis(0));
    hook.opened(Time::from_millis(3));
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
            hook.opened(Time::from_millis(at * 2));
            hook.opened(Time::from_millis(at));
            hook.advance(Time::from_millis(at));
        }
    }
}
