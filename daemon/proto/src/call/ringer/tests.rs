use super::*;

const CALL: CallRef = CallRef(7);
const INSIDE: RingMode = RingMode::INSIDE;

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn ringer(caller_id: CallerIdTiming) -> Ringer {
    Ringer::new(RingerConfig {
        caller_id,
        hold_recall_ms: 60_000,
    })
}

fn before(polarity_reversal: bool) -> Ringer {
    ringer(CallerIdTiming::BeforeRing {
        polarity_reversal,
        dual_tone_alert: true,
        lead_ms: 250,
        ring_delay_ms: 300,
    })
}

fn after() -> Ringer {
    ringer(CallerIdTiming::AfterFirstRing { delay_ms: 500 })
}

fn seen(ringer: &mut Ringer) -> Vec<RingerOutput> {
    std::iter::from_fn(|| ringer.poll()).collect()
}

/// What it does at the time of its next deadline, and that time in ms.
fn next(ringer: &mut Ringer) -> (u128, Vec<RingerOutput>) {
    let due = ringer.due().expect("something is due");
    ringer.handle_timeout(due);
    (due.since_epoch().as_millis(), seen(ringer))
}

const FIRST: RingerOutput = RingerOutput::CallerId {
    dual_tone_alert: true,
};
const BETWEEN: RingerOutput = RingerOutput::CallerId {
    dual_tone_alert: false,
};
const REVERSED: RingerOutput = RingerOutput::Polarity(Polarity::Reversed);
const FORWARD: RingerOutput = RingerOutput::Polarity(Polarity::Forward);

#[test]
fn without_caller_id_it_rings_at_once_and_waits_for_nothing() {
    let mut r = ringer(CallerIdTiming::None);
    r.start(at(0), INSIDE, CALL, false);
    assert_eq!(seen(&mut r), [RingerOutput::Ring(INSIDE)]);
    r.burst_ended(at(1_000), at(1_000), true);
    assert_eq!((r.due(), r.word()), (None, Some(PortState::Ringing)));
    r.start(at(2_000), INSIDE, CALL, true);
    assert_eq!(seen(&mut r), [], "it rings like that already");
    r.start(at(2_000), RingMode::OUTSIDE, CALL, true);
    assert_eq!(seen(&mut r), [RingerOutput::Ring(RingMode::OUTSIDE)]);
    r.stop();
    assert_eq!(seen(&mut r), [RingerOutput::StopRing]);
    assert!(r.is_quiet());
}

#[test]
fn caller_id_before_the_ring_goes_step_by_step() {
    let mut r = before(true);
    r.start(at(0), INSIDE, CALL, false);
    assert_eq!(
        (seen(&mut r), r.word()),
        (vec![], Some(PortState::Announcing))
    );
    r.caller_known(at(50), CallRef(8));
    assert_eq!(seen(&mut r), [], "another call");
    r.caller_known(at(50), CALL);
    assert_eq!(seen(&mut r), [REVERSED]);
    assert_eq!(next(&mut r), (300, vec![FIRST]));
    r.caller_id_sent(at(1_000));
    assert_eq!(next(&mut r), (1_300, vec![RingerOutput::Ring(INSIDE)]));
    r.burst_ended(at(2_000), at(2_000), true);
    assert_eq!((r.due(), r.caller_ids()), (None, 1), "it is sent once");
    r.stop();
    assert_eq!(seen(&mut r), [RingerOutput::StopRing, FORWARD]);
}

#[test]
fn without_call_info_and_without_the_lines_answer_it_rings_all_the_same() {
    let mut r = before(false);
    r.start(at(0), INSIDE, CALL, false);
    assert_eq!(next(&mut r), (200, vec![]));
    assert_eq!(next(&mut r), (450, vec![FIRST]));
    assert_eq!(next(&mut r), (4_450, vec![]));
    assert_eq!(next(&mut r), (4_750, vec![RingerOutput::Ring(INSIDE)]));
}

#[test]
fn stopping_in_any_phase_undoes_what_it_did_and_leaves_nothing_due() {
    for (steps, undone) in [
        (0, vec![]),
        (1, vec![FORWARD]),
        (2, vec![RingerOutput::StopCallerId, FORWARD]),
        (3, vec![FORWARD]),
        (4, vec![RingerOutput::StopRing, FORWARD]),
    ] {
        let mut r = before(true);
        r.start(at(0), INSIDE, CALL, false);
        for _ in 0..steps {
            next(&mut r);
        }
        r.stop();
        assert_eq!((seen(&mut r), r.due()), (undone, None), "step {steps}");
        assert_eq!(r.call(), CallRef::NONE);
    }
}

#[test]
fn between_the_bursts_caller_id_goes_once_and_not_into_a_burst() {
    let mut r = after();
    r.start(at(0), INSIDE, CALL, true);
    r.burst_ended(at(1_010), at(1_000), true);
    assert_eq!(r.due(), Some(at(1_500)));
    r.burst_began();
    assert_eq!(r.due(), None, "the next burst was sooner");
    r.burst_ended(at(3_000), at(3_000), true);
    assert_eq!(
        next(&mut r),
        (3_500, vec![RingerOutput::Ring(INSIDE), BETWEEN])
    );
    r.caller_id_sent(at(4_000));
    r.burst_ended(at(6_000), at(6_000), true);
    assert_eq!(r.due(), None);
}

#[test]
fn a_caller_that_is_not_known_is_waited_for_until_the_second_burst() {
    let mut r = after();
    r.start(at(0), INSIDE, CALL, false);
    r.burst_ended(at(1_000), at(1_000), false);
    assert_eq!(r.due(), None);
    r.burst_began();
    r.burst_ended(at(5_000), at(5_000), false);
    assert_eq!(r.due(), Some(at(5_500)));
    // Known in the silence after the first burst: not before now.
    let mut r = after();
    r.start(at(0), INSIDE, CALL, false);
    r.burst_ended(at(1_000), at(1_000), false);
    r.caller_known(at(2_000), CALL);
    assert_eq!(r.due(), Some(at(2_000)));
}

#[test]
fn hold_recall_gives_way_to_a_call_and_is_over_after_its_time() {
    let mut r = after();
    r.recall(at(0), CALL);
    assert_eq!(seen(&mut r), [RingerOutput::Ring(RingMode::FEATURE)]);
    assert_eq!(
        (r.recalled(), r.word()),
        (Some(CALL), Some(PortState::HoldRecall))
    );
    let over = vec![RingerOutput::StopRing, RingerOutput::HoldRecallOver(CALL)];
    assert_eq!(next(&mut r), (60_000, over));
    assert_eq!(r.due(), None);
    r.recall(at(70_000), CALL);
    seen(&mut r);
    r.start(at(71_000), INSIDE, CallRef(8), true);
    assert_eq!(
        seen(&mut r),
        [RingerOutput::StopRing, RingerOutput::Ring(INSIDE)]
    );
    assert_eq!((r.recalled(), r.due()), (None, None));
}

#[test]
fn a_line_that_is_back_hears_everything_again() {
    let mut r = before(true);
    r.set_lamp(true);
    r.set_lamp(true);
    assert_eq!(seen(&mut r), [RingerOutput::Lamp(true)]);
    r.renew();
    let quiet = [FORWARD, RingerOutput::StopRing, RingerOutput::Lamp(true)];
    assert_eq!(seen(&mut r), quiet);
    r.start(at(0), INSIDE, CALL, true);
    seen(&mut r);
    r.renew();
    let announcing = [REVERSED, RingerOutput::StopRing, RingerOutput::Lamp(true)];
    assert_eq!(seen(&mut r), announcing);
}

#[test]
fn an_end_and_a_ringer_off_in_one_go_are_about_the_same_call() {
    let mut r = after();
    assert!(!r.offer_ended(at(0)));
    assert!(r.off_for_ended(at(900)), "off after the end");
    assert!(!r.off_for_ended(at(900)), "once");
    r.switch_off(at(2_000));
    assert!(r.offer_ended(at(2_500)), "off before the end");
    assert!(!r.offer_ended(at(2_600)));
    assert!(!r.off_for_ended(at(3_700)), "too late");
}
