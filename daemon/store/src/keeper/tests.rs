use std::sync::mpsc::{Sender, channel};

use super::*;
use crate::record::StoredCall;

const SOON: Duration = Duration::from_secs(20);

fn keeper() -> (tempfile::TempDir, Place, Keeper) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place {
        file: folder.path().join("history.db"),
        group: None,
    };
    let keeper = Keeper::start(place.clone(), Limits::default(), || 1_795_960_931_000).unwrap();
    (folder, place, keeper)
}

fn call(keeper: &Keeper, id: u64) -> Entry {
    Entry::from(StoredCall {
        run: keeper.run(),
        id,
        ended_unix_ms: 1_795_960_931_000 + id,
        ..StoredCall::default()
    })
}

/// Holds up the thread, as a disk does that does not answer, until the sender is dropped.
fn hold_up(keeper: &Keeper) -> Sender<()> {
    let (release, held) = channel::<()>();
    let (there, reached) = channel();
    keeper.ask(Query::default(), move |_| {
        let _ = there.send(());
        let _ = held.recv();
    });
    reached.recv_timeout(SOON).unwrap();
    release
}

#[test]
fn a_disk_that_does_not_answer_costs_entries_and_nobody_waits() {
    let (_folder, place, keeper) = keeper();
    let release = hold_up(&keeper);
    for id in 0..QUEUE as u64 + 10 {
        let entry = call(&keeper, id);
        keeper.keep(entry);
    }
    assert_eq!(keeper.counts().lost, 10);
    assert_eq!(keeper.counts().queued, QUEUE as u64 + 1);
    let (reply, answers) = channel();
    keeper.ask(Query::default(), move |answer| {
        let _ = reply.send(answer);
    });
    let answer = answers.recv_timeout(SOON).unwrap();
    assert!(matches!(answer, Err(StoreError::Busy { .. })), "{answer:?}");
    drop(release);
    // What is queued is written before the end.
    drop(keeper);
    let all = Query {
        limit: 1000,
        ..Query::default()
    };
    let kept = crate::read(&place.file, &all).unwrap();
    assert_eq!((kept.calls.len(), kept.more), (1000, true));
}

#[test]
fn the_end_does_not_wait_for_a_disk_that_does_not_answer() {
    let (_folder, _place, mut keeper) = keeper();
    let _release = hold_up(&keeper);
    keeper.patience = Duration::from_millis(50);
    let began = Instant::now();
    drop(keeper);
    assert!(began.elapsed() < SOON);
}
