use super::*;

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn supervision() -> Supervision {
    Supervision::new(SupervisionConfig {
        server_answer_ms: 3_000,
        first_digit_ms: 20_000,
        error_tone_ms: 15_000,
        howler_ms: 60_000,
        open_loop_ms: 500,
    })
}

fn seen(s: &mut Supervision) -> Vec<SupervisionOutput> {
    std::iter::from_fn(|| s.poll()).collect()
}

/// What it does at the time of its next deadline, and that time in ms.
fn next(s: &mut Supervision) -> (u128, Vec<SupervisionOutput>) {
    let due = s.due().expect("something is due");
    s.handle_timeout(due);
    (due.since_epoch().as_millis(), seen(s))
}

#[test]
fn a_phone_left_off_hook_hears_error_tone_howler_and_then_nothing() {
    let mut s = supervision();
    s.lift(at(0));
    assert_eq!(next(&mut s), (3_000, vec![SupervisionOutput::ServerSilent]));
    s.error_tone(at(3_000), Some(Tone::REORDER));
    assert_eq!(seen(&mut s), [SupervisionOutput::Play(Tone::REORDER)]);
    assert_eq!(next(&mut s), (18_000, vec![SupervisionOutput::Howl]));
    assert_eq!(s.state(), Set::Howling);
    assert_eq!(next(&mut s), (78_000, vec![SupervisionOutput::Silence]));
    assert_eq!((s.state(), s.due()), (Set::Lockout, None));
    assert_eq!(s.counted(), (1, 1, 1));
    s.hang_up();
    assert!(s.is_on_hook());
}

#[test]
fn without_a_howler_the_lockout_follows_the_error_tone() {
    let mut s = supervision();
    s.reconfigure(SupervisionConfig {
        howler_ms: 0,
        ..s.cfg
    });
    s.error_tone(at(0), None);
    assert_eq!(seen(&mut s), [SupervisionOutput::Silence]);
    assert_eq!(next(&mut s), (15_000, vec![SupervisionOutput::Silence]));
    assert_eq!((s.state(), s.counted()), (Set::Lockout, (0, 0, 1)));
}

#[test]
fn the_error_tone_counts_from_the_first_one_whoever_plays_it() {
    let mut s = supervision();
    s.lift(at(0));
    s.enter_calls();
    s.await_error_tone_end(at(1_000));
    s.await_error_tone_end(at(2_000));
    assert_eq!(s.due(), Some(at(16_000)));
    s.error_tone(at(4_000), Some(Tone::BUSY));
    assert_eq!((s.state(), s.due()), (Set::ErrorTone, Some(at(16_000))));
    s.error_tone(at(5_000), Some(Tone::BUSY));
    assert_eq!(s.due(), Some(at(16_000)));
}

#[test]
fn every_way_out_of_a_state_disarms_what_it_waited_for() {
    type Step = fn(&mut Supervision);
    let leave: [(&str, Step, Option<u64>); 5] = [
        ("hang-up", Supervision::hang_up, None),
        ("lift", |s| s.lift(at(100)), Some(3_100)),
        ("ask", |s| s.ask(at(100)), Some(3_100)),
        (
            "loop",
            |s| assert!(s.open_loop(at(100)).is_some()),
            Some(700),
        ),
        ("tone", |s| s.error_tone(at(100), None), Some(15_100)),
    ];
    let enter: [Step; 5] = [
        |s| s.lift(at(0)),
        |s| {
            s.ask(at(0));
            s.await_digit(at(0));
            s.await_failure_sound(at(0));
        },
        |s| assert!(s.open_loop(at(0)).is_some()),
        |s| {
            s.error_tone(at(0), None);
            s.handle_timeout(at(15_000));
            assert_eq!(s.state(), Set::Howling);
        },
        |s| {
            s.error_tone(at(0), None);
            s.handle_timeout(at(15_000));
            s.handle_timeout(at(75_000));
            assert_eq!(s.state(), Set::Lockout);
        },
    ];
    for enter in enter {
        for (how, leave, due) in leave {
            let mut s = supervision();
            enter(&mut s);
            let from = s.state();
            leave(&mut s);
            assert_eq!(s.due(), due.map(at), "{how} from {from:?}");
        }
    }
}

#[test]
fn in_a_call_the_server_need_not_answer_but_a_digit_may_still_be_due() {
    let mut s = supervision();
    s.lift(at(0));
    s.await_digit(at(10));
    s.enter_calls();
    assert_eq!((s.state(), s.due()), (Set::Calls, Some(at(20_010))));
    s.await_failure_sound(at(10));
    assert_eq!(next(&mut s), (510, vec![SupervisionOutput::FailureSilent]));
    assert_eq!(next(&mut s), (20_010, vec![SupervisionOutput::NoDigit]));
    s.await_digit(at(0));
    s.digit_came();
    s.await_failure_sound(at(0));
    s.failure_sounds();
    s.ask(at(0));
    s.server_spoke();
    assert_eq!(s.due(), None);
}

#[test]
fn on_hook_and_in_lockout_nothing_can_be_waited_for() {
    let mut s = supervision();
    s.await_digit(at(0));
    s.await_failure_sound(at(0));
    s.await_error_tone_end(at(0));
    assert_eq!(s.due(), None);
}

#[test]
fn an_opened_loop_is_fed_again_once_and_some_ports_open_none() {
    let mut s = supervision();
    s.ask(at(0));
    assert_eq!(s.open_loop(at(1_000)), Some(at(1_600)));
    assert_eq!(seen(&mut s), [SupervisionOutput::OpenLoop { ms: 500 }]);
    assert_eq!(next(&mut s), (1_600, vec![SupervisionOutput::LoopRestored]));
    assert_eq!((s.due(), s.state()), (None, Set::LoopOpened));
    s.reconfigure(SupervisionConfig {
        open_loop_ms: 0,
        ..s.cfg
    });
    s.ask(at(2_000));
    assert_eq!(s.open_loop(at(2_000)), None);
    assert_eq!(s.state(), Set::Calls);
}
