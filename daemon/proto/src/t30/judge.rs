//! What became of a fax.

use super::frame::Kind;
use super::listener::{Listener, place};
use super::report::PageResult;
use crate::time::Time;
use crate::types::{FaxOutcome, FaxPhase, Side};

/// Without a fax signal for this time there will be none: T1 is 35 s and may be 40 s.
const NO_FAX_S: u32 = 40;
/// Flags last a second before each frame: without one, damaged or whole, by now its frames do not get through.
const FIRST_FRAME_S: u32 = 10;
/// What some gateways let pass of a signal before they cut it off, s.
const CUT_S: std::ops::RangeInclusive<u64> = 85..=95;
/// Without an answer to this number of commands there is none.
const TRIES: u32 = 3;
/// Corrections of one part after which a sender gives up or goes slower.
const CORRECTIONS: u32 = 4;

/// Is it clear before the call ends?
pub(super) fn is_clear(heard: &Listener, now: Time) -> bool {
    let none = heard.report.phase == FaxPhase::SetUp && seconds(heard, now) >= NO_FAX_S;
    heard.done || heard.report.end.is_some() || none
}

/// What became of it, if nothing else comes.
pub(super) fn outcome(heard: &Listener, now: Time) -> FaxOutcome {
    let report = &heard.report;
    let by = report.end.and_then(|end| end.by);
    let given_up = report
        .pages
        .iter()
        .zip(1..)
        .find(|(page, _)| page.result == PageResult::GivenUp);
    if let Some(by) = heard.operator.filter(|_| !heard.done || given_up.is_some()) {
        let page = report.page_count.max(1);
        return FaxOutcome::InterruptedByOperator { by, page };
    }
    if let Some((page, number)) = given_up {
        let frames = page.asked_again;
        return FaxOutcome::CorrectionGaveUp {
            page: number,
            frames,
        };
    }
    if heard.done {
        return complete(heard);
    }
    if heard.not_valid {
        return FaxOutcome::FieldNotValid;
    }
    if heard.not_understood >= TRIES {
        return FaxOutcome::CommandsNotUnderstood {
            times: heard.not_understood,
        };
    }
    match report.end.map_or(report.phase, |end| end.phase) {
        FaxPhase::SetUp => set_up(heard, now),
        FaxPhase::Negotiation => negotiation(heard, by),
        FaxPhase::Page => page(heard, by),
        FaxPhase::AfterPage | FaxPhase::Release => after_page(heard, by, now),
    }
}

fn seconds(heard: &Listener, now: Time) -> u32 {
    now.saturating_since(heard.began).as_secs() as u32
}

fn complete(heard: &Listener) -> FaxOutcome {
    let pages = heard.report.confirmed;
    let is_poor = |result| matches!(result, PageResult::Poor | PageResult::Refused);
    let all = heard.report.pages.iter();
    let poor = all.filter(|page| is_poor(page.result)).count() as u32;
    match poor {
        0 => FaxOutcome::Complete { pages },
        poor => FaxOutcome::CompleteWithPoorPages { pages, poor },
    }
}

fn set_up(heard: &Listener, now: Time) -> FaxOutcome {
    let seconds = seconds(heard, now);
    let side = |is: [bool; 2]| match is {
        [true, _] => Some(Side::Line),
        [_, true] => Some(Side::Network),
        _ => None,
    };
    if let Some(from) = side(heard.signalled) {
        let bad = heard.report.bad_frames[place(from)];
        if bad == 0 && seconds < FIRST_FRAME_S {
            return FaxOutcome::CallEndedInNegotiation;
        }
        return FaxOutcome::FramesUnreadable { from, bad };
    }
    match (heard.answer, side(heard.calling)) {
        (Some((from, true)), _) => FaxOutcome::ModemAnswered { from },
        (Some((from, false)), _) => FaxOutcome::AnswerToneOnly { from },
        (None, Some(_)) if heard.calling == [true; 2] => FaxOutcome::BothCalling,
        (None, Some(caller)) => FaxOutcome::NoFaxAnswered { caller, seconds },
        (None, None) if seconds >= NO_FAX_S => FaxOutcome::NoFaxSignal { seconds },
        (None, None) => FaxOutcome::EndedBeforeFax { seconds },
    }
}

fn negotiation(heard: &Listener, by: Option<Side>) -> FaxOutcome {
    let report = &heard.report;
    let mut rates: Vec<u32> = vec![];
    for training in &report.trainings {
        if !rates.contains(&training.rate) {
            rates.push(training.rate);
        }
    }
    if heard.refused > 0 {
        return FaxOutcome::PageRefused {
            page: report.page_count,
            times: heard.refused,
        };
    }
    let Some(last) = report.trainings.last() else {
        return before_training(heard, by);
    };
    let sender = report.sender;
    match (last.confirmed, by) {
        (Some(true), _) => between(heard, by),
        (Some(false), _) => FaxOutcome::TrainingFailed { rates },
        (None, Some(by)) if Some(by) != sender && heard.password => FaxOutcome::PasswordRefused,
        (None, Some(by)) if Some(by) != sender => FaxOutcome::DisconnectedInTraining { by, rates },
        (None, Some(_)) => FaxOutcome::TrainingUnanswered { rates },
        (None, None) if last.times >= TRIES => FaxOutcome::TrainingUnanswered { rates },
        (None, None) => FaxOutcome::CallEndedInNegotiation,
    }
}

/// A machine calls: with CNG, from the side that was not called.
fn machine_calls(heard: &Listener) -> bool {
    match heard.report.called {
        Some(Side::Line) => heard.calling[place(Side::Network)],
        Some(Side::Network) => heard.calling[place(Side::Line)],
        None => false,
    }
}

fn before_training(heard: &Listener, by: Option<Side>) -> FaxOutcome {
    let report = &heard.report;
    let called = report.called;
    let caller_spoke = match called {
        Some(Side::Line) => report.frames[place(Side::Network)] > 0,
        Some(Side::Network) => report.frames[place(Side::Line)] > 0,
        None => true,
    };
    let only_bye = by.is_some() && by != called;
    match by {
        Some(_) if heard.dtc > 0 => FaxOutcome::PollingRefused,
        Some(_) if only_bye && report.capabilities.is_some_and(|c| !c.can_receive) => {
            FaxOutcome::CannotReceive
        }
        Some(_) if only_bye && called.is_some() => FaxOutcome::NothingInCommon,
        // A machine that called has the second DIS to answer as well; a call that ends before that was cut.
        None if !caller_spoke
            && heard.dis < 2
            && report.bad_frames == [0, 0]
            && machine_calls(heard) =>
        {
            FaxOutcome::CallEndedInNegotiation
        }
        _ if !caller_spoke => FaxOutcome::CallerSilent {
            times: heard.dis.max(1),
        },
        Some(by) => FaxOutcome::DisconnectedInNegotiation { by },
        None => FaxOutcome::CallEndedInNegotiation,
    }
}

fn between(heard: &Listener, by: Option<Side>) -> FaxOutcome {
    let pages = heard.report.confirmed;
    match by {
        Some(by) => FaxOutcome::DisconnectedBetweenPages { by, pages },
        None => FaxOutcome::CallEndedBetweenPages { pages },
    }
}

fn page(heard: &Listener, by: Option<Side>) -> FaxOutcome {
    let report = &heard.report;
    let number = report.page_count + 1;
    let Some(page) = heard.page else {
        if report.page_count > 0 {
            return between(heard, by);
        }
        let rate = report.trainings.last().map_or(0, |last| last.rate);
        return FaxOutcome::NoPageAfterTraining { rate };
    };
    let goes_on = report
        .sender
        .is_some_and(|sender| heard.carrier[place(sender)].is_some());
    let cut = heard.fast_for.as_secs();
    match by {
        _ if page.corrections >= CORRECTIONS => FaxOutcome::CorrectionGaveUp {
            page: number,
            frames: page.asked_again,
        },
        _ if CUT_S.contains(&cut) && !goes_on => FaxOutcome::SignalCut {
            page: number,
            seconds: cut as u32,
        },
        Some(by) if Some(by) != report.sender && !goes_on => {
            FaxOutcome::PageNotEnded { page: number }
        }
        Some(by) => FaxOutcome::DisconnectedInPage { by, page: number },
        None => FaxOutcome::CallEndedInPage { page: number },
    }
}

fn after_page(heard: &Listener, by: Option<Side>, now: Time) -> FaxOutcome {
    let report = &heard.report;
    let page = report.page_count + 1;
    if let Some(since) = heard.busy_since {
        let seconds = now.saturating_since(since).as_secs() as u32;
        return FaxOutcome::ReceiverNotReady { page, seconds };
    }
    let times = heard.pending.map_or(0, |pending| pending.times);
    match by {
        Some(by) if Some(by) != report.sender => FaxOutcome::DisconnectedAfterPage { by, page },
        None if times < TRIES => FaxOutcome::CallEndedAfterPage { page },
        _ => FaxOutcome::PageUnanswered {
            page,
            command: command(heard),
            times,
        },
    }
}

/// The command without an answer, as T.30 calls it.
fn command(heard: &Listener) -> String {
    let Some(pending) = heard.pending else {
        return String::new();
    };
    match (pending.kind, pending.end) {
        (Kind::Pps | Kind::Eor, end) => {
            let end = end.map_or("NULL", Kind::name);
            format!("{}-{end}", pending.kind.name())
        }
        (kind, _) => kind.name().to_owned(),
    }
}
