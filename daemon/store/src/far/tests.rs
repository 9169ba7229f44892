use std::time::Duration;

use tipring_types::{FaxTally, FaxTransport, T38Answers, T38Choice, T38Doubt};

use super::*;
use crate::query::{Query, What};
use crate::writer::{Limits, Writer};
use crate::{Entry, Place};

const NOW: u64 = 1_795_960_931_000;

fn far(far: &str, last_unix_ms: u64) -> StoredFar {
    let memory = FarMemory {
        last_unix_ms,
        g711: FaxTally { good: 3, failed: 1 },
        last: Some(FaxTransport::G711Redundant { copies: 2 }),
        rate: Some(9600),
        answers: T38Answers {
            refused: 3,
            in_vain: 3,
            last: Some(T38Doubt::Refused),
            last_unix_ms,
            ..T38Answers::default()
        },
        ..FarMemory::default()
    };
    StoredFar {
        far: far.to_owned(),
        memory,
    }
}

struct Bench {
    folder: tempfile::TempDir,
    writer: Writer,
}

impl Bench {
    fn new(limits: Limits) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::new(place(&folder), limits, 1);
        Bench { folder, writer }
    }

    fn keep(&mut self, entry: impl Into<Entry>) {
        self.writer.keep(entry.into());
    }

    fn known(&mut self) -> Vec<StoredFar> {
        let query = Query {
            what: What::FarEnds,
            ..Query::default()
        };
        let answer = self.writer.ask(&query, Duration::ZERO, NOW);
        answer.unwrap().far_ends
    }

    /// Another run of the daemon on the same file, with these limits.
    fn restart(self, limits: Limits) -> Bench {
        let Bench { folder, writer } = self;
        writer.finish(Duration::ZERO, NOW);
        let writer = Writer::new(place(&folder), limits, 2);
        Bench { folder, writer }
    }
}

fn place(folder: &tempfile::TempDir) -> Place {
    Place {
        file: folder.path().join("history.db"),
        group: None,
    }
}

#[test]
fn what_is_remembered_outlives_a_restart_is_replaced_and_forgotten() {
    let mut bench = Bench::new(Limits::default());
    bench.keep(far("2001", NOW));
    bench.keep(far("10.0.0.9", NOW - 5));
    bench.keep(far("2001", NOW + 5));
    let mut bench = bench.restart(Limits::default());
    assert_eq!(
        bench.known(),
        [far("2001", NOW + 5), far("10.0.0.9", NOW - 5)]
    );
    bench.keep(Entry::ForgetFar(Some("2001".into())));
    assert_eq!(bench.known(), [far("10.0.0.9", NOW - 5)]);
    bench.keep(Entry::ForgetFar(None));
    let mut bench = bench.restart(Limits::default());
    assert_eq!(bench.known(), []);
}

#[test]
fn the_number_is_bounded_and_the_oldest_go_but_not_what_was_pinned() {
    let mut bench = Bench::new(Limits::default());
    let mut pinned = far("pinned", 1);
    pinned.memory.pinned = Some(T38Choice::Never);
    bench.keep(pinned.clone());
    for n in 0..FAR_ENDS as u64 {
        bench.keep(far(&n.to_string(), NOW + n));
    }
    let mut bench = bench.restart(Limits::default());
    // The first turn looks for what is too much.
    bench.writer.turn(Duration::ZERO, NOW);
    let known = bench.known();
    assert_eq!((known.len(), known.first()), (FAR_ENDS, Some(&pinned)));
    let db = bench.writer.book().unwrap().db();
    let rows: i64 = db
        .query_row("SELECT count(*) FROM far_ends", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, FAR_ENDS as i64);
    assert!(!known.contains(&far("0", NOW)) && known.contains(&far("1", NOW + 1)));
}

#[test]
fn a_far_end_without_a_fax_for_keep_days_goes_and_with_none_kept_all_do() {
    let day = 86_400_000;
    let mut pinned = far("pinned", NOW - 40 * day);
    pinned.memory.pinned = Some(T38Choice::Ask);
    let limits = |keep_days| Limits {
        keep_days,
        ..Limits::default()
    };
    let mut bench = Bench::new(limits(30));
    bench.keep(far("old", NOW - 31 * day));
    bench.keep(far("new", NOW - 29 * day));
    bench.keep(pinned.clone());
    let mut bench = bench.restart(limits(30));
    bench.writer.turn(Duration::ZERO, NOW);
    assert_eq!(bench.known(), [pinned, far("new", NOW - 29 * day)]);
    let mut bench = bench.restart(limits(0));
    bench.writer.turn(Duration::ZERO, NOW);
    let mut bench = bench.restart(Limits::default());
    assert_eq!(bench.known(), []);
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let mut bench = Bench::new(Limits::default());
    bench.keep(far("2001", NOW));
    assert_eq!(bench.known().len(), 1);
    let db = bench.writer.book().unwrap().db();
    db.execute(
        "INSERT INTO far_ends VALUES ('2002', 5, 0, '{\"rate\":\"fast\"}'), ('2003', 6, 0, 'x')",
        [],
    )
    .unwrap();
    assert_eq!(bench.known(), [far("2001", NOW)]);
}
