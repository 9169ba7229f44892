use super::*;
use std::sync::mpsc::{Sender, channel};
use tipring_proto::fax_memory::IN_A_ROW;
use tipring_proto::types::trace::{LegMode, SwitchAnswer};
use tipring_proto::types::{
    CallDirection, FaxOutcome, FaxRecord, FaxSwitch, FaxTransport, FaxVerdict, Side,
};
use tipring_store::History;

const NOW: u64 = 1_795_960_931_000;

/// A good fax in G.711 whose T.38 the far gateway refused, that long after the first.
fn refused(after_ms: u64) -> StoredFax {
    let outcome = FaxOutcome::Complete { pages: 2 };
    let record = FaxRecord {
        begin_unix_ms: NOW + after_ms,
        length_ms: 60_000,
        transport: FaxTransport::G711,
        switches: vec![FaxSwitch {
            after_ms: 3000,
            event: Some(200),
            by: Side::Line,
            answer: SwitchAnswer::Refused,
            mode: LegMode::PassThrough,
        }],
        outcome: outcome.clone(),
        ..FaxRecord::sample()
    };
    StoredFax {
        number: 0,
        run: 1,
        id: 1,
        call: Some(1),
        port: 7,
        direction: CallDirection::Incoming,
        far_number: Some("2001".into()),
        far_name: None,
        far_address: Some("10.0.0.9:16384".into()),
        verdict: FaxVerdict {
            outcome,
            cause: None,
        },
        record,
    }
}

fn learn_times(far_ends: &mut FarEnds, far: &str, times: u32) -> Vec<Entry> {
    let mut kept = vec![];
    for n in 0..times {
        let fax = refused(u64::from(n) * 100_000);
        kept.extend(far_ends.learn(far, &fax, &FaxCall::default()));
    }
    kept
}

fn asks(far_ends: &FarEnds, far: &str) -> Option<bool> {
    let strategy = far_ends.strategy(far, Allowed::ALL, NOW + 400_000);
    strategy.asks()
}

#[test]
fn a_far_end_is_its_number_or_its_address_without_a_port() {
    let address = Some("10.0.0.9:16384");
    assert_eq!(name(Some("2001"), address).as_deref(), Some("2001"));
    assert_eq!(name(None, address).as_deref(), Some("10.0.0.9"));
    assert_eq!(name(Some(""), address).as_deref(), Some("10.0.0.9"));
    assert_eq!(name(None, None), None);
    let long = "9".repeat(5000);
    assert_eq!(name(Some(&long), None).map(|far| far.len()), Some(128));
}

#[test]
fn what_was_learned_is_kept_used_shown_and_forgotten() {
    let mut far_ends = FarEnds::default();
    let kept = learn_times(&mut far_ends, "2001", IN_A_ROW);
    assert_eq!(kept.len(), 3);
    let Some(Entry::Far(last)) = kept.last() else {
        panic!("{kept:?}");
    };
    assert_eq!((&*last.far, last.memory.answers.in_vain), ("2001", 3));
    assert_eq!(asks(&far_ends, "2001"), Some(false));
    assert_eq!(asks(&far_ends, "2002"), None);
    let list = far_ends.list(NOW + 400_000);
    assert_eq!((list.len(), &list[0].memory), (1, &last.memory));
    assert!(list[0].text[0].contains("refused it 3 times"), "{list:?}");
    assert!(far_ends.forget(Some("2002"), NOW).is_empty());
    assert_eq!(far_ends.forget(Some("2001"), NOW).len(), 1);
    assert_eq!(asks(&far_ends, "2001"), None);
    learn_times(&mut far_ends, "2001", 1);
    learn_times(&mut far_ends, "2002", 1);
    assert_eq!(far_ends.forget(None, NOW).len(), 2);
    assert!(far_ends.list(NOW).is_empty());
}

#[test]
fn what_was_pinned_is_kept_until_it_is_forgotten_and_auto_takes_it_off() {
    let mut far_ends = FarEnds::default();
    assert_eq!(far_ends.pin("2001", Some(T38Choice::Never), NOW).len(), 1);
    assert_eq!(asks(&far_ends, "2001"), Some(false));
    far_ends.pin("2001", Some(T38Choice::Ask), NOW);
    learn_times(&mut far_ends, "2001", 5);
    assert_eq!(asks(&far_ends, "2001"), Some(true));
    far_ends.pin("2001", None, NOW);
    assert_eq!(asks(&far_ends, "2001"), Some(false));
}

#[test]
fn what_a_pattern_takes_in_is_one_far_end_unless_it_is_pinned_itself() {
    let mut far_ends = FarEnds::default();
    far_ends.pin("0301234XX", None, NOW);
    far_ends.pin("030!", Some(T38Choice::Never), NOW);
    for far in ["030123401", "030123402", "030123403"] {
        let place = far_ends.place(far.to_owned());
        assert_eq!(place, "0301234XX");
        learn_times(&mut far_ends, &place, 1);
    }
    // Three refusals, each of another number.
    assert_eq!(
        asks(&far_ends, &far_ends.place("030123499".into())),
        Some(false)
    );
    assert_eq!(far_ends.place("0309".into()), "030!");
    // A number with a memory of its own that a pattern takes in: the list says what the next fax does.
    learn_times(&mut far_ends, "03055", 1);
    let shown = far_ends.list(NOW);
    let next = |far: &str| shown.iter().find(|r| r.far == far).unwrap().next.len();
    assert_eq!((next("03055"), next("030!")), (1, 1));
    assert_eq!(far_ends.place("0499".into()), "0499");
    far_ends.pin("030123404", Some(T38Choice::Ask), NOW);
    assert_eq!(far_ends.place("030123404".into()), "030123404");
    far_ends.forget(Some("0301234XX"), NOW);
    assert_eq!(far_ends.place("030123401".into()), "030!");
}

#[test]
fn the_number_is_bounded_the_oldest_goes_in_the_store_too_and_those_pinned_last() {
    let mut far_ends = FarEnds::default();
    far_ends.pin("pinned", Some(T38Choice::Never), 1);
    for n in 1..FAR_ENDS as u64 {
        let memory = FarMemory {
            last_unix_ms: NOW + n,
            ..FarMemory::default()
        };
        assert_eq!(far_ends.put(&n.to_string(), memory).len(), 1);
    }
    assert_eq!(far_ends.known.len(), FAR_ENDS);
    let kept = learn_times(&mut far_ends, "new", 1);
    assert_eq!(far_ends.known.len(), FAR_ENDS);
    assert_eq!(kept[0], Entry::ForgetFar(Some("1".into())));
    assert!(far_ends.known.contains_key("pinned") && far_ends.known.contains_key("new"));
    // One that is known needs no room.
    assert_eq!(learn_times(&mut far_ends, "new", 1).len(), 1);
}

#[test]
fn an_ordinary_far_end_never_takes_the_place_of_a_pinned_one() {
    let mut far_ends = FarEnds::default();
    for n in 0..FAR_ENDS as u64 {
        far_ends.pin(&n.to_string(), Some(T38Choice::Never), NOW + n);
    }
    assert_eq!(learn_times(&mut far_ends, "new", 1), []);
    assert_eq!(far_ends.known.len(), FAR_ENDS);
    assert!(!far_ends.known.contains_key("new"));
    // One that is pinned by hand does.
    let kept = far_ends.pin("new", Some(T38Choice::Ask), NOW);
    assert_eq!(kept[0], Entry::ForgetFar(Some("0".into())));
    assert_eq!(far_ends.known.len(), FAR_ENDS);
}

/// The store was asked, and has not answered.
fn asked() -> (Sender<History>, FarEnds) {
    let (found, earlier) = channel();
    let far_ends = FarEnds {
        earlier: Asked::waiting(earlier),
        ..FarEnds::default()
    };
    (found, far_ends)
}

fn stored(far: &str, in_vain: u32, pinned: Option<T38Choice>) -> StoredFar {
    let mut memory = FarMemory {
        pinned,
        ..FarMemory::default()
    };
    memory.answers.in_vain = in_vain;
    memory.answers.last_unix_ms = NOW;
    let far = far.to_owned();
    StoredFar { far, memory }
}

fn history(far_ends: Vec<StoredFar>) -> History {
    History {
        far_ends,
        ..History::default()
    }
}

#[test]
fn what_faxes_teach_before_the_store_has_answered_is_added_to_what_it_has() {
    let (found, mut far_ends) = asked();
    far_ends.look(Time::ZERO, None);
    let kept = learn_times(&mut far_ends, "2001", 2);
    // It is used at once, and written when the answer is there.
    assert_eq!(far_ends.known["2001"].answers.in_vain, 2);
    assert_eq!((kept, far_ends.due()), (vec![], vec![]));
    let mut earlier = stored("2001", 9, Some(T38Choice::Ask));
    earlier.memory.g711.good = 40;
    let both = vec![earlier, stored("2002", 9, None)];
    found.send(history(both)).unwrap();
    far_ends.look(Time::ZERO, None);
    assert_eq!(asks(&far_ends, "2002"), Some(false));
    let memory = &far_ends.known["2001"];
    assert_eq!((memory.answers.in_vain, memory.g711.good), (11, 42));
    assert_eq!(memory.pinned, Some(T38Choice::Ask));
    let due = far_ends.due();
    assert!(
        matches!(&due[..], [Entry::Far(one)] if one.far == "2001" && one.memory.g711.good == 42),
        "{due:?}"
    );
    assert_eq!(learn_times(&mut far_ends, "2001", 1).len(), 1);
}

#[test]
fn a_store_that_fails_at_first_is_asked_again_and_nothing_is_lost_meanwhile() {
    let (found, mut far_ends) = asked();
    learn_times(&mut far_ends, "2001", 1);
    drop(found);
    far_ends.look(Time::ZERO, None);
    assert!(!far_ends.is_loaded());
    learn_times(&mut far_ends, "2001", 1);
    let (found, earlier) = channel();
    far_ends.earlier = Asked::waiting(earlier);
    found.send(history(vec![stored("2001", 9, None)])).unwrap();
    far_ends.look(Time::ZERO, None);
    assert_eq!(far_ends.known["2001"].answers.in_vain, 11);
}

#[test]
fn what_is_set_by_hand_waits_for_the_store_and_is_not_lost_without_it() {
    let never = Some(T38Choice::Never);
    let (_found, mut far_ends) = asked();
    // The file may have more of it than the pin.
    assert_eq!(far_ends.pin("2001", never, NOW), []);
    learn_times(&mut far_ends, "2002", 1);
    let ended: Vec<_> = far_ends.end().into_iter().map(pin_of).collect();
    assert_eq!(ended, [("2001".to_owned(), never)]);
}

#[test]
fn lessons_are_bounded_and_the_oldest_go() {
    let (_found, mut far_ends) = asked();
    learn_times(&mut far_ends, "2001", LESSONS as u32);
    learn_times(&mut far_ends, "2002", 1);
    assert_eq!(far_ends.lessons.len(), LESSONS);
    assert_eq!(far_ends.lessons.back().unwrap().far, "2002");
    far_ends.forget(Some("2001"), NOW);
    assert_eq!(far_ends.lessons.len(), 1);
}

#[test]
fn a_stored_pin_wins_over_none_and_not_over_what_was_set_since() {
    let never = Some(T38Choice::Never);
    let (found, mut far_ends) = asked();
    learn_times(&mut far_ends, "2001", 1);
    learn_times(&mut far_ends, "2002", 1);
    far_ends.pin("2002", None, NOW);
    far_ends.pin("2003", Some(T38Choice::Ask), NOW);
    let all = ["2001", "2002", "2003"].map(|far| stored(far, 7, never));
    found.send(history(all.to_vec())).unwrap();
    far_ends.look(Time::ZERO, None);
    let known = |far: &str| {
        let memory = &far_ends.known[far];
        (memory.pinned, memory.answers.in_vain)
    };
    assert_eq!(known("2001"), (never, 8));
    assert_eq!(known("2002"), (None, 8));
    assert_eq!(known("2003"), (Some(T38Choice::Ask), 7));
    let mut written: Vec<_> = far_ends.due().into_iter().map(pin_of).collect();
    written.sort_by(|(a, _), (b, _)| a.cmp(b));
    let wanted = [
        ("2001", never),
        ("2002", None),
        ("2003", Some(T38Choice::Ask)),
    ];
    assert_eq!(written, wanted.map(|(far, pin)| (far.to_owned(), pin)));
    assert_eq!(far_ends.due(), []);
}

fn pin_of(entry: Entry) -> (String, Option<T38Choice>) {
    match entry {
        Entry::Far(far) => (far.far.clone(), far.memory.pinned),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_forgotten_before_the_store_has_answered_is_not_in_its_answer() {
    let (found, mut far_ends) = asked();
    let gone = far_ends.forget(Some("2001"), NOW);
    assert!(gone.len() == 1 && gone[0].far == "2001", "{gone:?}");
    found.send(history(vec![stored("2001", 9, None)])).unwrap();
    far_ends.look(Time::ZERO, None);
    assert!(far_ends.known.is_empty());
    // It is known by now that there is none.
    assert!(far_ends.forget(Some("2001"), NOW).is_empty());
}
