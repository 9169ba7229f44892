use tipring_proto::call::{CallDirection, EndCause};

use super::*;

const PORT: u16 = 3;

fn at(ms: u64) -> Time {
    Time::from_duration(Duration::from_millis(ms))
}

fn entry(event: Trace) -> Entry {
    Entry {
        at_unix_us: 0,
        port: PORT,
        call: None,
        event,
    }
}

/// An event that is known from others by its text.
fn line(text: &str) -> Entry {
    entry(Trace::SccpUnreadable {
        reason: text.to_owned(),
    })
}

fn call(reference: u32, state: CallState) -> CallSnapshot {
    CallSnapshot {
        call: CallRef(reference),
        direction: CallDirection::Outgoing,
        state,
        number: "1002".into(),
        name: String::new(),
        dialed: "1002".into(),
        started: at(100),
        connected: None,
    }
}

fn record(reference: u32) -> CallRecord {
    CallRecord {
        call: CallRef(reference),
        direction: CallDirection::Outgoing,
        number: "1002".into(),
        name: "Ada".into(),
        dialed: "1002".into(),
        started: at(100),
        connected: Some(at(350)),
        ended: at(1100),
        cause: EndCause::FarHangUp,
    }
}

fn texts(timeline: &[TraceEvent]) -> Vec<String> {
    let text = |e: &'_ TraceEvent| match &e.event {
        Some(Trace::SccpUnreadable { reason }) => reason.clone(),
        other => panic!("{other:?}"),
    };
    timeline.iter().map(text).collect()
}

fn close(book: &mut CallBook, reference: u32) -> u64 {
    book.close(&Clock, PORT, &record(reference), vec![])
}

#[test]
fn a_preserved_call_whose_reference_is_used_anew_stays_the_same_call() {
    let mut book = CallBook::default();
    let mut news = |reference, state| book.see(at(200), PORT, false, &[call(reference, state)]);
    assert_eq!(news(1, CallState::Connected).len(), 1);
    assert_eq!(news(1, CallState::Preserved).len(), 1);
    assert_eq!(news(0, CallState::Preserved), []);
    let shown = book.summary(&Clock, at(300), PORT, &call(0, CallState::Preserved));
    assert_eq!(shown.id, 1);
    assert_eq!(close(&mut book, 0), 1);
    assert!(book.open.is_empty());
}

#[test]
fn a_timeline_begins_with_what_led_to_the_call() {
    let mut book = CallBook::default();
    book.trace(at(0), &line("of an earlier time"));
    book.see(at(0), PORT, true, &[]);
    book.trace(at(500), &line("loop closed"));
    book.see(at(500), PORT, true, &[]); // bouncing
    book.see(at(510), PORT, false, &[]);
    book.trace(at(900), &line("off hook"));
    book.see(at(900), PORT, false, &[call(7, CallState::Dialing)]);
    book.trace(at(950), &line("digit"));
    let timeline = book.timeline(1).unwrap();
    assert_eq!(texts(&timeline), ["loop closed", "off hook", "digit"]);
}

#[test]
fn a_second_call_begins_with_its_own_input() {
    let mut book = CallBook::default();
    let first = call(7, CallState::Connected);
    book.trace(at(100), &line("off hook"));
    book.see(at(900), PORT, false, std::slice::from_ref(&first));
    book.trace(at(200), &line("talk"));
    book.see(at(900), PORT, false, std::slice::from_ref(&first));
    book.trace(at(300), &line("ring in"));
    book.see(at(900), PORT, false, &[first, call(8, CallState::Waiting)]);
    assert_eq!(texts(&book.timeline(2).unwrap()), ["ring in"]);
}

#[test]
fn changes_of_state_are_reported_once() {
    let mut book = CallBook::default();
    let news = |book: &mut CallBook, state| book.see(at(900), PORT, false, &[call(7, state)]);
    let changed = |state| Trace::CallState {
        call_ref: 7,
        state,
        number: Some("1002".into()),
        name: None,
    };
    let dialing = CallState::Dialing;
    assert_eq!(news(&mut book, dialing), [(1, changed(dialing))]);
    assert_eq!(news(&mut book, dialing), []);
    let ringing = CallState::RingingOut;
    assert_eq!(news(&mut book, ringing), [(1, changed(ringing))]);
}

#[test]
fn an_event_that_names_a_reference_has_the_books_number_of_its_call() {
    let mut book = CallBook::default();
    let closed = |call_ref| Trace::AskStatistics { party: 4, call_ref };
    assert_eq!(book.number_of(at(0), PORT, &closed(7)), None);
    book.trace(at(100), &entry(closed(7)));
    book.see(at(200), PORT, false, &[call(7, CallState::Connected)]);
    let first = book.timeline(1).unwrap();
    assert_eq!(
        first[0].call,
        Some(1),
        "it came before the call had its number"
    );
    assert_eq!(book.number_of(at(300), PORT, &closed(7)), Some(1));
    assert_eq!(book.number_of(at(300), PORT, &closed(8)), None);
    assert_eq!(book.number_of(at(300), PORT + 1, &closed(7)), None);
    assert_eq!(book.number_of(at(300), PORT, &Trace::LoopClosed), None);
    close(&mut book, 7);
    assert_eq!(
        book.number_of(at(1200), PORT, &closed(7)),
        Some(1),
        "just over"
    );
    assert_eq!(book.number_of(at(9000), PORT, &closed(7)), None);
}

#[test]
fn a_reference_that_is_used_again_is_that_of_the_new_call() {
    let mut book = CallBook::default();
    book.see(at(200), PORT, false, &[call(7, CallState::Preserved)]);
    let reused = Trace::ReferenceReused { call_ref: 7 };
    let asked = Trace::AskStatistics {
        party: 4,
        call_ref: 7,
    };
    assert_eq!(book.number_of(at(300), PORT, &reused), Some(1));
    assert_eq!(book.number_of(at(300), PORT, &asked), None);
    let again = CallSnapshot {
        started: at(5000),
        ..call(7, CallState::Ringing)
    };
    let calls = [call(0, CallState::Preserved), again];
    book.see(at(5000), PORT, false, &calls);
    assert_eq!(book.number_of(at(5000), PORT, &asked), Some(2));
}

#[test]
fn an_ended_call_is_summed_up_and_keeps_what_the_server_says_at_once_after_it() {
    let mut book = CallBook::default();
    book.see(at(900), PORT, false, &[call(7, CallState::Connected)]);
    assert_eq!(close(&mut book, 7), 1);
    book.trace(at(1200), &line("on hook"));
    book.trace(at(9000), &line("of a later time"));
    let detail = book.ended(1).unwrap();
    assert_eq!(texts(&detail.timeline), ["on hook"]);
    let s = detail.summary;
    assert_eq!((s.duration_ms, s.answered_after_ms), (1000, Some(250)));
    assert_eq!(s.dialed.as_deref(), Some("1002"));
    assert_eq!(s.end, Some(EndCause::FarHangUp));
    let json = serde_json::to_value(s).unwrap();
    assert_eq!(json["end"], "far-hang-up");
    assert!(book.timeline(1).is_none(), "it is not up any more");
}

#[test]
fn a_call_of_one_input_is_booked_too() {
    let mut book = CallBook::default();
    book.trace(at(100), &line("off hook"));
    assert_eq!(close(&mut book, 9), 1);
    assert_eq!(texts(&book.ended(1).unwrap().timeline), ["off hook"]);
}

#[test]
fn a_used_reference_of_another_call_is_another_call() {
    let mut book = CallBook::default();
    book.see(at(900), PORT, false, &[call(7, CallState::Connected)]);
    close(&mut book, 7);
    let again = CallSnapshot {
        started: at(5000),
        ..call(7, CallState::Dialing)
    };
    book.see(at(900), PORT, false, &[again]);
    assert_eq!(book.timeline(2).map(|t| t.len()), Some(0));
    assert_eq!(book.list(vec![]).recent.len(), 1);
}

#[test]
fn the_final_figures_of_a_leg_replace_those_of_the_end_of_the_call() {
    let mut book = CallBook::default();
    let leg = |sent| {
        let mut leg = MediaLeg {
            call_ref: 7,
            party: 4,
            local: Some("192.0.2.1:16384".into()),
            ..MediaLeg::default()
        };
        leg.rtp.sent_packets = sent;
        leg
    };
    book.close(&Clock, PORT, &record(7), vec![leg(10)]);
    book.media_over(PORT, leg(12));
    book.media_over(PORT + 1, leg(99));
    let media = book.ended(1).unwrap().media;
    assert_eq!(media, [leg(12)]);
}

#[test]
fn the_book_forgets_the_oldest_calls() {
    let mut book = CallBook::default();
    for reference in 0..250 {
        close(&mut book, reference);
    }
    let recent = book.list(vec![]).recent;
    assert_eq!(recent.len(), RECENT);
    assert_eq!(
        (recent[0].id, recent[RECENT - 1].id),
        (250, 51),
        "newest first"
    );
    assert!(book.ended(50).is_none());
}
