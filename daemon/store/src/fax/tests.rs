use std::time::Duration;

use tipring_types::{FaxCause, FaxOutcome, FaxTransport};

use super::*;
use crate::query::{History, What};
use crate::writer::{Limits, Writer};
use crate::{Entry, Place};

const NOW: u64 = 1_795_960_931_000;

/// A good one of two pages, a minute after the one before.
pub(crate) fn fax(id: u64) -> StoredFax {
    let record = FaxRecord {
        begin_unix_ms: NOW + id * 60_000,
        length_ms: 60_000,
        pages: 2,
        rate: Some(9600),
        ecm: Some(true),
        ..FaxRecord::sample()
    };
    StoredFax {
        number: 0,
        run: 1,
        id,
        call: Some(id),
        port: 7,
        direction: CallDirection::Outgoing,
        far_number: Some("2001".into()),
        far_name: None,
        far_address: Some("10.0.0.9:16384".into()),
        verdict: FaxVerdict {
            outcome: FaxOutcome::Complete { pages: 2 },
            cause: None,
        },
        record,
    }
}

fn failed(id: u64, cause: FaxCause) -> StoredFax {
    StoredFax {
        verdict: FaxVerdict {
            outcome: FaxOutcome::CallEndedInPage { page: 1 },
            cause: Some(cause),
        },
        ..fax(id)
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    writer: Writer,
}

fn bench(limits: Limits) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let place = Place {
        file: folder.path().join("history.db"),
        group: None,
    };
    Bench {
        writer: Writer::new(place, limits, 1),
        _folder: folder,
    }
}

impl Bench {
    fn ask(&mut self, q: &Query) -> History {
        self.writer.ask(q, Duration::ZERO, NOW).unwrap()
    }
}

fn faxes() -> Query {
    Query {
        what: What::Faxes,
        ..Query::default()
    }
}

#[test]
fn a_fax_comes_back_as_it_was_with_a_number_that_stays() {
    let mut bench = bench(Limits::default());
    bench.writer.keep(Entry::from(fax(1)));
    bench.writer.keep(Entry::from(fax(2)));
    let kept = bench.ask(&faxes()).faxes;
    let numbered = |number, fax| StoredFax { number, ..fax };
    assert_eq!(kept, [numbered(2, fax(2)), numbered(1, fax(1))]);
    // More is known of the first one.
    let later = failed(1, FaxCause::HungUpHere);
    bench.writer.keep(Entry::from(later.clone()));
    let one = Query {
        fax: Some(1),
        ..faxes()
    };
    assert_eq!(bench.ask(&one).faxes, [numbered(1, later)]);
    bench.writer.keep(Entry::from(fax(3)));
    assert_eq!(bench.ask(&faxes()).faxes[0].number, 3);
    assert_eq!(bench.ask(&Query::default()).faxes.len(), 3);
    let calls = Query {
        what: What::Calls,
        ..Query::default()
    };
    assert_eq!(bench.ask(&calls).faxes, []);
}

#[test]
fn those_of_a_port_those_that_failed_and_those_since_are_found() {
    let mut bench = bench(Limits::default());
    for id in 1..=4 {
        let port = if id == 4 { 8 } else { 7 };
        let one = match id {
            2 => failed(id, FaxCause::HungUpHere),
            _ => fax(id),
        };
        bench.writer.keep(Entry::from(StoredFax { port, ..one }));
    }
    let mut ids = |q: Query| -> Vec<u64> { bench.ask(&q).faxes.iter().map(|f| f.id).collect() };
    let port = Some(7);
    assert_eq!(ids(Query { port, ..faxes() }), [3, 2, 1]);
    let failed = true;
    assert_eq!(ids(Query { failed, ..faxes() }), [2]);
    // What had not ended by then.
    let since_unix_ms = Some(NOW + 3 * 60_000 + 1);
    assert_eq!(
        ids(Query {
            since_unix_ms,
            ..faxes()
        }),
        [4, 3]
    );
    let limit = 2;
    let some = bench.ask(&Query { limit, ..faxes() });
    assert_eq!((some.faxes.len(), some.more), (2, true));
}

#[test]
fn faxes_that_cannot_be_read_are_counted_and_the_others_shown() {
    let mut bench = bench(Limits::default());
    for id in 1..=4 {
        bench.writer.keep(Entry::from(fax(id)));
    }
    assert_eq!(bench.ask(&faxes()).unreadable, 0);
    let db = bench.writer.book().unwrap().db();
    db.execute(
        "UPDATE faxes SET record = '{\"pages\":\"many\"}' WHERE id IN (2, 3)",
        [],
    )
    .unwrap();
    let mut found = |q: Query| {
        let answer = bench.ask(&q);
        let ids: Vec<_> = answer.faxes.iter().map(|fax| fax.id).collect();
        (ids, answer.unreadable, answer.more)
    };
    assert_eq!(found(faxes()), (vec![4, 1], 2, false));
    assert_eq!(found(Query::default()).1, 2);
    let few = Query {
        limit: 2,
        ..faxes()
    };
    assert_eq!(found(few), (vec![4], 2, true));
}

#[test]
fn faxes_are_added_up_by_port_and_by_far_number() {
    let mut bench = bench(Limits::default());
    let with = |mut fax: StoredFax, rate, ecm, lost| {
        fax.record.rate = rate;
        fax.record.ecm = ecm;
        fax.record.path.lost = lost;
        Entry::from(fax)
    };
    let relayed = |mut fax: StoredFax| {
        fax.record.transport = FaxTransport::T38;
        fax
    };
    let low = FaxCause::HungUpThere;
    bench
        .writer
        .keep(with(relayed(fax(1)), Some(14_400), Some(true), 0));
    bench.writer.keep(with(fax(2), Some(9600), Some(false), 30));
    bench.writer.keep(with(fax(3), Some(9600), Some(true), 0));
    bench.writer.keep(with(failed(4, low), None, None, 0));
    bench
        .writer
        .keep(with(failed(5, FaxCause::HungUpHere), None, None, 0));
    bench.writer.keep(with(failed(6, low), None, None, 0));
    let elsewhere = StoredFax {
        port: 3,
        far_number: None,
        ..fax(7)
    };
    bench
        .writer
        .keep(with(elsewhere, Some(9600), Some(true), 0));
    let answer = bench.ask(&Query {
        what: What::FaxTotals,
        ..Query::default()
    });
    let ports: Vec<_> = answer.fax_ports.iter().map(|t| (t.port, t.faxes)).collect();
    assert_eq!(ports, [(Some(3), 1), (Some(7), 6)]);
    let seven = FaxTotals {
        port: Some(7),
        far_number: None,
        faxes: 6,
        good: 3,
        pages: 12,
        ecm: 2,
        agreed: 3,
        relayed: 1,
        usual_rate: Some(9600),
        lost: 30,
        // Of 6 minutes with 50 packets a second.
        loss_percent: 0.17,
        commonest_failure: Some("hung-up-there".into()),
        commonest_failures: 2,
    };
    assert_eq!(answer.fax_ports[1], seven);
    let by_number = FaxTotals {
        port: None,
        far_number: Some("2001".into()),
        ..seven
    };
    assert_eq!(answer.fax_numbers[0], by_number);
    assert_eq!(answer.fax_numbers[1].far_number, None);
}

#[test]
fn the_file_keeps_its_size_and_gives_way_with_the_oldest_faxes() {
    let limits = Limits {
        max_bytes: 256 << 10,
        ..Limits::default()
    };
    let mut bench = bench(limits);
    for id in 1..=2000 {
        bench.writer.keep(Entry::from(fax(id)));
        if id % 100 == 0 {
            bench.writer.turn(Duration::from_secs(id), NOW);
        }
    }
    let bytes = bench.writer.book().unwrap().bytes().unwrap();
    assert!(bytes <= 256 << 10, "{bytes}");
    let kept = bench.ask(&Query {
        limit: 1000,
        ..faxes()
    });
    let (newest, oldest) = (&kept.faxes[0], &kept.faxes[kept.faxes.len() - 1]);
    assert_eq!(newest.id, 2000);
    assert!(oldest.id > 1000 && kept.faxes.len() > 30, "{}", oldest.id);
    // Too old altogether.
    bench.writer.limit(Limits::default());
    bench
        .writer
        .turn(Duration::from_secs(9000), NOW + 400 * 86_400_000);
    assert_eq!(bench.ask(&faxes()).faxes, []);
}

#[test]
fn what_a_later_version_wrote_in_a_fax_is_left_out() {
    let mut bench = bench(Limits::default());
    bench.writer.keep(Entry::from(fax(1)));
    bench.writer.keep(Entry::from(fax(2)));
    bench.ask(&faxes());
    let db = bench.writer.book().unwrap().db();
    db.execute(
        "UPDATE faxes SET verdict = '{\"outcome\":{\"code\":\"of-a-later-version\"}}' WHERE id = 2",
        [],
    )
    .unwrap();
    let kept = bench.ask(&faxes());
    assert_eq!(kept.faxes.iter().map(|f| f.id).collect::<Vec<_>>(), [1]);
}
