use super::*;
use crate::query::What;
use crate::record::{StoredCall, StoredFinding};

/// 2026-11-29 14:02:11 UTC.
const NOW: u64 = 1_795_960_931_000;
const DAY: u64 = 86_400_000;
const RUN: u64 = NOW;

struct Bench {
    _folder: tempfile::TempDir,
    place: Place,
    writer: Writer,
    now: Duration,
}

impl Bench {
    fn new(limits: Limits) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            file: folder.path().join("history.db"),
            group: None,
        };
        Bench {
            writer: Writer::new(place.clone(), limits, RUN),
            place,
            _folder: folder,
            now: Duration::from_secs(1000),
        }
    }

    fn turn(&mut self) -> Vec<News> {
        self.writer.turn(self.now, NOW);
        self.writer.news()
    }

    fn after(&mut self, s: u64) -> Vec<News> {
        self.now += Duration::from_secs(s);
        self.turn()
    }

    fn ids(&mut self) -> Vec<u64> {
        let query = Query {
            limit: 1000,
            ..Query::default()
        };
        let answer = self.writer.ask(&query, self.now, NOW).unwrap();
        answer.calls.iter().map(|c| c.id).collect()
    }

    /// Another run of the daemon on the same file.
    fn restart(self) -> Bench {
        let Bench {
            _folder,
            place,
            writer,
            now,
        } = self;
        writer.finish(now, NOW);
        let writer = Writer::new(place.clone(), Limits::default(), RUN + 1);
        Bench {
            _folder,
            place,
            writer,
            now,
        }
    }
}

fn call(id: u64, ended: u64) -> Entry {
    Entry::from(StoredCall {
        run: RUN,
        id,
        port: 3,
        device: "VGC0123456789003".into(),
        number: Some("1002".into()),
        begun_unix_ms: ended - 10_000,
        ended_unix_ms: ended,
        end: "far-hang-up".into(),
        jitter_ms: Some(1.5),
        erl_db: Some(f64::NAN),
        ..StoredCall::default()
    })
}

fn finding(id: u64, port: Option<u16>, ended: Option<u64>) -> Entry {
    Entry::from(StoredFinding {
        run: RUN,
        id,
        port,
        code: "trouble".into(),
        text: "the set has been off-hook for too long".into(),
        parameters: serde_json::json!({ "channel": 7 }),
        begun_unix_ms: NOW - 5000,
        ended_unix_ms: ended,
        ..StoredFinding::default()
    })
}

#[test]
fn what_is_kept_outlives_a_restart_and_comes_back_as_it_was() {
    let mut bench = Bench::new(Limits::default());
    bench.writer.keep(call(1, NOW));
    bench.writer.keep(finding(1, Some(3), None));
    bench.turn();
    let query = Query::default();
    let before = bench.writer.ask(&query, bench.now, NOW).unwrap();
    assert!(before.findings[0].now);
    let mut bench = bench.restart();
    bench.turn();
    let after = bench.writer.ask(&query, bench.now, NOW).unwrap();
    let Entry::Call(kept) = call(1, NOW) else {
        unreachable!()
    };
    let kept = StoredCall {
        erl_db: None,
        ..*kept
    };
    assert_eq!(
        (&before.calls, &after.calls),
        (&vec![kept.clone()], &vec![kept])
    );
    assert_eq!(after.findings[0].parameters["channel"], 7);
    // It was open when its daemon ended: nobody knows whether it still is.
    assert!(!after.findings[0].now);
    assert_eq!(after.findings[0].ended_unix_ms, None);
}

#[test]
fn the_same_again_takes_the_place_of_what_was() {
    let mut bench = Bench::new(Limits::default());
    bench.writer.keep(finding(1, None, None));
    bench.turn();
    bench.writer.keep(finding(1, None, Some(NOW)));
    let answer = bench.writer.ask(&Query::default(), bench.now, NOW).unwrap();
    assert_eq!(answer.findings.len(), 1);
    assert_eq!(answer.findings[0].ended_unix_ms, Some(NOW));
}

#[test]
fn commits_are_a_second_apart_and_a_question_waits_for_none() {
    let mut bench = Bench::new(Limits::default());
    bench.writer.keep(call(1, NOW));
    bench.turn();
    bench.writer.keep(call(2, NOW + 1));
    bench.turn();
    assert_eq!(bench.writer.kept(), 1);
    assert_eq!(bench.writer.due(), Some(bench.now + Duration::from_secs(1)));
    bench.after(1);
    assert_eq!(bench.writer.kept(), 2);
    bench.writer.keep(call(3, NOW + 2));
    assert_eq!(bench.ids(), [3, 2, 1]);
}

#[test]
fn a_question_filters_by_port_time_and_kind_and_says_when_there_is_more() {
    let mut bench = Bench::new(Limits::default());
    for id in 1..=30 {
        bench.writer.keep(call(id, NOW - DAY + id * 1000));
    }
    bench.writer.keep(finding(1, Some(4), Some(NOW)));
    bench.writer.keep(finding(2, None, None));
    bench.turn();
    let mut ask = |query: Query| bench.writer.ask(&query, bench.now, NOW).unwrap();
    let all = ask(Query::default());
    assert_eq!((all.calls.len(), all.findings.len()), (20, 2));
    assert!(all.more);
    assert_eq!(all.calls[0].id, 30);
    let of_port = ask(Query {
        port: Some(4),
        ..Query::default()
    });
    assert_eq!((of_port.calls.len(), of_port.findings.len()), (0, 1));
    assert!(!of_port.more);
    let recent = ask(Query {
        since_unix_ms: Some(NOW - DAY + 29_000),
        what: What::Calls,
        ..Query::default()
    });
    assert_eq!((recent.calls.len(), recent.findings.len()), (2, 0));
    let findings = ask(Query {
        what: What::Findings,
        ..Query::default()
    });
    assert_eq!((findings.calls.len(), findings.findings.len()), (0, 2));
}

#[test]
fn an_answer_always_fits_a_line_of_the_control_socket() {
    let mut bench = Bench::new(Limits::default());
    for id in 0..1000 {
        bench.writer.keep(Entry::from(StoredCall {
            id,
            name: Some("\u{1}".repeat(1000)),
            ..StoredCall::default()
        }));
    }
    let query = Query {
        limit: u32::MAX,
        ..Query::default()
    };
    let answer = bench.writer.ask(&query, bench.now, 0).unwrap();
    let size = serde_json::to_string(&answer).unwrap().len();
    assert!(answer.more && size < 1 << 20, "{size}");
}

#[test]
fn a_full_disk_costs_no_entry_until_too_many_wait_and_is_over_by_itself() {
    let mut bench = Bench::new(Limits::default());
    bench.turn();
    bench.fill_disk();
    for id in 0..1000 {
        bench.writer.keep(call(id, NOW + id));
    }
    let news = bench.turn();
    assert!(
        matches!(&news[..], [News::Trouble(StoreError::Full { .. })]),
        "{news:?}"
    );
    // Nothing is tried before its time, and the oldest go when too many wait.
    assert_eq!(bench.turn(), []);
    for id in 1000..PENDING as u64 + 5 {
        bench.writer.keep(call(id, NOW + id));
    }
    assert_eq!((bench.writer.lost(), bench.writer.kept()), (5, 0));
    let answer = bench.writer.ask(&Query::default(), bench.now, NOW).unwrap();
    assert_eq!(answer.lost, 5);
    assert!(answer.trouble.unwrap().ends_with("the disk is full"));
    assert_eq!(bench.after(1), [News::Recovered]);
    assert_eq!(bench.writer.kept(), PENDING as u64);
    assert_eq!(*bench.ids().last().unwrap(), PENDING as u64 + 5 - 1000);
}

#[test]
fn a_place_that_cannot_be_written_is_tried_again_less_and_less_often() {
    let mut bench = Bench::new(Limits::default());
    // A directory stands where the file should be; for a daemon it is the same as one that it may not write to.
    std::fs::create_dir(&bench.place.file).unwrap();
    let news = bench.turn();
    assert!(
        matches!(&news[..], [News::Trouble(StoreError::NotOurs { .. })]),
        "{news:?}"
    );
    let mut waits = vec![];
    for _ in 0..8 {
        let due = bench.writer.due().unwrap();
        waits.push((due - bench.now).as_secs());
        bench.now = due;
        assert_eq!(bench.turn(), [], "the same trouble is no news");
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    bench.writer.keep(call(1, NOW));
    assert!(bench.writer.ask(&Query::default(), bench.now, NOW).is_err());
    std::fs::remove_dir(&bench.place.file).unwrap();
    assert_eq!(bench.after(60), [News::Recovered]);
    assert_eq!(bench.ids(), [1]);
}

#[test]
fn a_file_that_is_removed_or_damaged_under_way_is_begun_again() {
    let mut bench = Bench::new(Limits::default());
    bench.writer.keep(call(1, NOW));
    bench.turn();
    std::fs::remove_file(&bench.place.file).unwrap();
    bench.writer.keep(call(2, NOW));
    bench.after(2);
    assert_eq!(bench.ids(), [2]);
    let bench = bench.restart();
    std::fs::write(&bench.place.file, "damaged").unwrap();
    let mut bench = bench;
    bench.writer.keep(call(3, NOW));
    let news = bench.turn();
    assert!(
        matches!(
            &news[..],
            [News::Aside {
                why: StoreError::Broken { .. },
                ..
            }]
        ),
        "{news:?}"
    );
    assert_eq!(bench.ids(), [3]);
}

#[test]
fn what_is_older_than_keep_days_goes_and_a_lower_limit_holds_at_once() {
    let mut bench = Bench::new(Limits {
        keep_days: 30,
        ..Limits::default()
    });
    for days in [40, 31, 29, 8, 1] {
        bench.writer.keep(call(days, NOW - days * DAY));
    }
    bench.turn();
    assert_eq!(bench.ids(), [1, 8, 29]);
    bench.writer.limit(Limits {
        keep_days: 7,
        ..Limits::default()
    });
    bench.turn();
    assert_eq!(bench.ids(), [1]);
    bench.writer.limit(Limits {
        keep_days: 0,
        ..Limits::default()
    });
    bench.writer.keep(call(2, NOW));
    bench.turn();
    assert!(bench.ids().is_empty());
    assert_eq!(bench.writer.due(), None);
    let left = reader::read(&bench.place.file, &Query::default()).unwrap();
    assert_eq!(left.calls, []);
}

#[test]
fn nothing_is_made_where_nothing_is_kept() {
    let mut bench = Bench::new(Limits {
        keep_days: 0,
        ..Limits::default()
    });
    bench.writer.keep(call(1, NOW));
    assert_eq!(bench.turn(), []);
    assert!(!bench.place.file.exists());
    assert!(bench.ids().is_empty());
}

#[test]
fn the_file_stays_below_its_size_and_the_oldest_calls_go_first() {
    let limits = Limits {
        keep_days: 365,
        max_bytes: 300 << 10,
    };
    let mut bench = Bench::new(limits);
    for n in 0..40 {
        for id in 0..100 {
            let id = n * 100 + id;
            bench.writer.keep(call(id, NOW + id));
        }
        bench.after(2);
        let size = std::fs::metadata(&bench.place.file).unwrap().len();
        assert!(size < limits.max_bytes + (64 << 10), "{size}");
    }
    bench.writer.keep(finding(1, None, None));
    let ids = bench.ids();
    assert_eq!(ids[0], 3999);
    assert!(ids.len() > 500, "{}", ids.len());
    let closed = bench.restart();
    let size = std::fs::metadata(&closed.place.file).unwrap().len();
    assert!(size < limits.max_bytes + (64 << 10), "{size}");
}

#[test]
fn a_crash_loses_nothing_that_was_committed() {
    let mut bench = Bench::new(Limits::default());
    bench.writer.keep(call(1, NOW));
    bench.turn();
    // What a killed process leaves: the file and its log as they are now, and no locks.
    let left = tempfile::tempdir().unwrap();
    let copy = left.path().join("history.db");
    for end in ["", "-wal"] {
        let from = file::beside(&bench.place.file, end);
        std::fs::copy(from, file::beside(&copy, end)).unwrap();
    }
    let read = reader::read(&copy, &Query::default()).unwrap();
    assert_eq!(read.calls.len(), 1);
    let place = Place {
        file: copy,
        group: None,
    };
    let mut again = Writer::new(place, Limits::default(), RUN + 1);
    again.turn(bench.now, NOW);
    assert_eq!(again.news(), []);
    let kept = again.ask(&Query::default(), bench.now, NOW).unwrap();
    assert_eq!(kept.calls.len(), 1);
}

#[test]
fn reading_without_a_daemon_changes_nothing() {
    let bench = Bench::new(Limits::default());
    let missing = reader::read(&bench.place.file, &Query::default()).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }));
    let mut bench = bench;
    bench.writer.keep(call(1, NOW));
    bench.turn();
    let used = reader::read(&bench.place.file, &Query::default()).unwrap_err();
    assert!(matches!(used, StoreError::InUse { .. }), "{used:?}");
    let bench = bench.restart();
    let folder = bench.place.file.parent().unwrap();
    let names = || {
        let all = std::fs::read_dir(folder).unwrap();
        all.map(|e| e.unwrap().file_name()).collect::<Vec<_>>()
    };
    let (bytes, before) = (std::fs::read(&bench.place.file).unwrap(), names());
    let read = reader::read(&bench.place.file, &Query::default()).unwrap();
    assert_eq!(read.calls.len(), 1);
    assert_eq!(std::fs::read(&bench.place.file).unwrap(), bytes);
    assert_eq!(names(), before);
}

impl Bench {
    /// No page more for the open file.
    fn fill_disk(&self) {
        let db = self.writer.book().unwrap().db();
        db.query_row("PRAGMA max_page_count = 1", [], |_| Ok(()))
            .unwrap();
    }
}
