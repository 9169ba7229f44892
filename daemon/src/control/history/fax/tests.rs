use super::*;
use tipring_ctl::report::DetectedTone;
use tipring_proto::types::{CallDirection, FaxOutcome, FaxStep};
use tipring_store::History;

const NOW: u64 = 1_795_960_931_000;

fn fax(outcome: FaxOutcome, level: i16) -> StoredFax {
    let record = FaxRecord {
        begin_unix_ms: NOW,
        length_ms: 60_000,
        level: Sides {
            line: Some(TenthDbm0(level)),
            network: Some(TenthDbm0(-200)),
        },
        outcome,
        ..FaxRecord::sample()
    };
    StoredFax {
        number: 0,
        run: 0,
        id: 0,
        call: Some(12),
        port: 7,
        direction: CallDirection::Outgoing,
        far_number: None,
        far_name: None,
        far_address: None,
        verdict: verdict(&record, &FaxCall::default()),
        record,
    }
}

fn good(level: i16) -> StoredFax {
    fax(FaxOutcome::Complete { pages: 2 }, level)
}

fn failed(level: i16) -> StoredFax {
    fax(FaxOutcome::TrainingFailed { rates: vec![9600] }, level)
}

fn call() -> FaxCall {
    FaxCall {
        pass_through: true,
        ..FaxCall::default()
    }
}

#[test]
fn a_fax_that_failed_is_a_finding_until_the_next_good_one_or_for_a_day() {
    let mut faxes = Faxes::default();
    assert_eq!(faxes.failed(7, NOW), None);
    faxes.over(1, failed(-180), call());
    let over = NOW + 60_000;
    assert!(faxes.failed(7, over).is_some() && faxes.failed(8, over).is_none());
    assert!(faxes.failed(7, over + DAY_MS - 1).is_some());
    assert!(faxes.failed(7, over + DAY_MS).is_none());
    faxes.over(1, good(-180), call());
    assert_eq!(faxes.failed(7, over), None);
    // A person who called by mistake.
    let called = fax(FaxOutcome::CallerSilent { times: 9 }, -180);
    let incoming = FaxCall {
        direction: CallDirection::Incoming,
        ..call()
    };
    let kept = faxes.over(1, called, incoming);
    assert_eq!(kept.verdict.code(), "person-called");
    assert_eq!(faxes.failed(7, over), None);
}

#[test]
fn the_last_fax_is_the_one_that_ended_last_however_the_clock_was_set() {
    let mut faxes = Faxes::default();
    faxes.learn(&failed(-180), false);
    // The clock of this run is an hour behind the one before.
    let mut next = good(-180);
    next.record.begin_unix_ms -= 3_600_000;
    faxes.over(2, next, call());
    assert_eq!(faxes.failed(7, NOW), None);
    let mut bad = failed(-180);
    bad.record.begin_unix_ms -= 7_200_000;
    faxes.over(2, bad, call());
    assert!(faxes.failed(7, NOW).is_some());
}

#[test]
fn a_level_far_below_that_of_the_good_faxes_before_is_named() {
    let mut faxes = Faxes::default();
    let judge = |faxes: &mut Faxes| faxes.over(1, failed(-300), call()).verdict.code();
    faxes.over(1, good(-190), call());
    faxes.over(1, good(-170), call());
    assert_ne!(judge(&mut faxes), "level-low", "two are no usual level");
    faxes.over(1, good(-180), call());
    assert_eq!(faxes.usual(7), Some(TenthDbm0(-180)));
    assert_eq!(judge(&mut faxes), "level-low");
    // One that failed is not learned from, and of good ones the last count.
    assert_eq!(faxes.usual(7), Some(TenthDbm0(-180)));
    for _ in 0..LEVELS {
        faxes.over(1, good(-290), call());
    }
    assert_eq!(faxes.usual(7), Some(TenthDbm0(-290)));
    assert_ne!(judge(&mut faxes), "level-low");
}

#[test]
fn the_end_of_the_call_completes_the_verdict_whichever_comes_first() {
    let cut = || fax(FaxOutcome::CallEndedInPage { page: 1 }, -180);
    let clean = |mut fax: StoredFax| {
        fax.record.path = Default::default();
        fax
    };
    let mut faxes = Faxes::default();
    let kept = faxes.over(1, clean(cut()), call());
    assert_eq!(kept.verdict.code(), "call-ended-in-page");
    let later = faxes.call_over(7, 12, EndCause::NearHangUp);
    assert_eq!((later.len(), later[0].id), (1, kept.id));
    assert_eq!(later[0].verdict.code(), "hung-up-here");
    assert_eq!(faxes.failed(7, NOW).unwrap().code(), "hung-up-here");
    // Nothing new: nothing is written again.
    assert_eq!(faxes.call_over(7, 12, EndCause::NearHangUp).len(), 0);
    // The leg is closed after the call.
    let kept = faxes.over(1, clean(cut()), call());
    assert_eq!(kept.verdict.code(), "hung-up-here");
    // The end of another call is no cause.
    let other = StoredFax {
        call: Some(13),
        ..clean(cut())
    };
    let kept = faxes.over(1, other, call());
    assert_eq!(kept.verdict.code(), "call-ended-in-page");
}

#[test]
fn far_ends_are_learned_of_a_fax_once_and_when_its_call_is_over() {
    let mut faxes = Faxes::default();
    let codes = |faxes: &mut Faxes| -> Vec<_> {
        let settled = faxes.settled();
        settled.iter().map(|(fax, _)| fax.verdict.code()).collect()
    };
    let mut cut = fax(FaxOutcome::CallEndedInPage { page: 1 }, -180);
    cut.record.path = Default::default();
    faxes.over(1, good(-180), call());
    faxes.over(1, cut.clone(), call());
    assert_eq!(codes(&mut faxes), [""; 0], "the call goes on");
    faxes.call_over(7, 12, EndCause::LineFault);
    assert_eq!(codes(&mut faxes), ["complete", "line-failed"]);
    faxes.call_over(7, 12, EndCause::LineFault);
    assert_eq!(codes(&mut faxes), [""; 0], "once");
    // Its leg is closed after the call; and one without a call.
    faxes.over(1, cut.clone(), call());
    cut.call = None;
    faxes.over(1, cut, call());
    assert_eq!(codes(&mut faxes), ["line-failed", "call-ended-in-page"]);
    // Calls that never end in time: the oldest make room, and the end of the daemon takes the rest.
    let other = |id| StoredFax {
        call: Some(id),
        ..good(-180)
    };
    for id in 100..100 + CLOSING as u64 + 9 {
        faxes.over(1, other(id), call());
    }
    assert_eq!(codes(&mut faxes).len(), 9);
    faxes.settle();
    assert_eq!(codes(&mut faxes).len(), CLOSING);
}

#[test]
fn earlier_runs_are_learned_from_and_do_not_replace_what_is_newer() {
    let mut faxes = Faxes::default();
    let (send, receive) = std::sync::mpsc::channel();
    faxes.earlier = Asked::waiting(receive);
    faxes.look(Time::ZERO, None);
    let newer = StoredFax {
        record: FaxRecord {
            begin_unix_ms: NOW + 1000,
            ..good(-180).record
        },
        ..good(-180)
    };
    faxes.over(2, newer, call());
    let history = History {
        faxes: vec![failed(-180)],
        ..History::default()
    };
    send.send(history).unwrap();
    faxes.look(Time::ZERO, None);
    assert!(faxes.earlier.is_answered());
    assert_eq!(faxes.failed(7, NOW + 61_000), None);
}

#[test]
fn what_the_legs_show_is_what_the_verdict_knows() {
    let tone = |tone: DataTone, from| DetectedTone {
        at_unix_ms: 1,
        tone: tone.name().to_owned(),
        from,
        after_ms: 500,
    };
    let mut leg = MediaLeg {
        ptime_ms: 20,
        pass_through: true,
        tones: vec![
            tone(DataTone::Cng, Side::Line),
            tone(DataTone::AnsAmPr, Side::Network),
        ],
        ..MediaLeg::default()
    };
    let mut record = good(-180).record;
    record.switches.clear();
    let step = |tone: DataTone, from| FaxStep {
        after_ms: 0,
        from,
        sign: tone.name().to_owned(),
        rate: None,
        length_ms: None,
    };
    record.steps = vec![
        step(DataTone::Cng, Side::Line),
        step(DataTone::AnsAmPr, Side::Network),
    ];
    let known = of_legs(&[leg.clone(), leg.clone()], &record, false);
    assert_eq!((known.calling.line, known.calling.network), (true, false));
    assert_eq!(known.v8_answer, Some(Side::Network));
    assert!(known.pass_through);
    leg.pass_through = false;
    assert!(!of_legs(&[leg.clone()], &record, false).pass_through);
    // It is voice again, and was not while the tones were heard.
    assert!(of_legs(&[leg.clone()], &record, true).pass_through);
    // Tones of the leg that were of an earlier fax say nothing of this one.
    record.steps.clear();
    let later = of_legs(&[leg], &record, false);
    assert_eq!((later.calling, later.v8_answer), Default::default());
    assert!(of_legs(&[], &record, true).pass_through);
}

#[test]
fn identities_are_kept_or_hidden_as_the_configuration_says() {
    let mut record = good(-180).record;
    hide(&mut record, FaxIdentities::Store);
    assert!(record.identities.line.is_some() && record.identities.network.is_some());
    hide(&mut record, FaxIdentities::Hide);
    assert_eq!(record.identities, Sides::default());
}
