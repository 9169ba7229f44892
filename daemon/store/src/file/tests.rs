use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// 2026-11-29 14:02:11 UTC.
const NOW: u64 = 1_795_960_931_000;

fn place() -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state/history.db");
    (folder, Place { file, group: None })
}

fn names(place: &Place) -> Vec<String> {
    let all = fs::read_dir(place.file.parent().unwrap()).unwrap();
    let mut names: Vec<String> = all
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn made(place: &Place) {
    drop(open(place, NOW).unwrap());
}

#[test]
fn a_new_file_is_the_groups_to_read_and_nobody_elses() {
    let (_folder, place) = place();
    let (db, aside) = open(&place, NOW).unwrap();
    assert_eq!(aside, None);
    db.pragma_update(None, "user_version", schema::VERSION)
        .unwrap(); // begins a log
    let mode = |file: &Path| fs::metadata(file).unwrap().mode() & 0o777;
    assert_eq!(mode(&place.file), 0o640);
    assert_eq!(mode(&beside(&place.file, "-wal")), 0o640);
    assert_eq!(mode(place.file.parent().unwrap()) & 0o027, 0);
    // Somebody has opened it to all; the next start closes it.
    drop(db);
    fs::set_permissions(&place.file, Permissions::from_mode(0o666)).unwrap();
    made(&place);
    assert_eq!(mode(&place.file), 0o640);
}

#[test]
fn what_is_no_database_is_set_aside_by_date_and_another_one_begun() {
    let (_folder, place) = place();
    for (n, content) in [&b"no database at all"[..], &[0x55; 5000]]
        .iter()
        .enumerate()
    {
        fs::create_dir_all(place.file.parent().unwrap()).unwrap();
        fs::write(&place.file, content).unwrap();
        let (_db, aside) = open(&place, NOW).unwrap();
        let aside = aside.unwrap();
        assert!(
            matches!(aside.why, StoreError::Broken { .. }),
            "{:?}",
            aside.why
        );
        let name = aside.now.file_name().unwrap().to_string_lossy();
        let wanted = [
            "history.db.broken-2026-11-29T14-02-11Z",
            "history.db.broken-2026-11-29T14-02-11Z.1",
        ];
        assert_eq!(name, wanted[n]);
        assert_eq!(fs::read(&aside.now).unwrap(), *content);
    }
}

#[test]
fn a_database_with_a_damaged_page_is_set_aside() {
    let (_folder, place) = place();
    let (db, _) = open(&place, NOW).unwrap();
    for n in 0..500 {
        db.execute(
            "INSERT INTO findings VALUES (1, ?1, 1, 'trouble', 'error', 'null', 'a trouble of some length', ?1, NULL)",
            [n],
        )
        .unwrap();
    }
    db.close().unwrap();
    let mut bytes = fs::read(&place.file).unwrap();
    let len = bytes.len();
    bytes[4096..len].fill(0xa5);
    fs::write(&place.file, &bytes).unwrap();
    let (db, aside) = open(&place, NOW).unwrap();
    assert!(matches!(aside.unwrap().why, StoreError::Broken { .. }));
    let rows: i64 = db
        .query_row("SELECT count(*) FROM findings", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn a_newer_versions_file_is_kept_as_it_is_to_the_last_bit() {
    let (_folder, place) = place();
    let (db, _) = open(&place, NOW).unwrap();
    db.execute_batch("PRAGMA user_version = 7; CREATE TABLE later (x)")
        .unwrap();
    db.close().unwrap();
    let before = fs::read(&place.file).unwrap();
    let (db, aside) = open(&place, NOW).unwrap();
    let aside = aside.unwrap();
    assert_eq!(
        aside.why.to_string(),
        format!(
            "{} was written by a newer version (schema 7)",
            place.file.display()
        )
    );
    assert!(aside.now.ends_with("history.db.newer-2026-11-29T14-02-11Z"));
    assert_eq!(fs::read(&aside.now).unwrap(), before);
    assert_eq!(schema::version(&db).unwrap(), schema::VERSION);
}

#[test]
fn of_many_damaged_files_the_newest_three_stay() {
    let (_folder, place) = place();
    for n in 0..6 {
        fs::create_dir_all(place.file.parent().unwrap()).unwrap();
        fs::write(&place.file, "damaged").unwrap();
        drop(open(&place, NOW + n * 1000).unwrap());
    }
    let broken = names(&place);
    let broken: Vec<_> = broken.iter().filter(|n| n.contains("broken")).collect();
    assert_eq!(
        broken,
        [14, 15, 16]
            .each_ref()
            .map(|s| format!("history.db.broken-2026-11-29T14-02-{s}Z"))
            .iter()
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_is_not_ours_is_left_alone_and_named() {
    let (_folder, place) = place();
    let refused = |what: &str| {
        let why = open(&place, NOW).unwrap_err().to_string();
        assert!(why.ends_with(what), "{why}");
    };
    made(&place);
    let elsewhere = beside(&place.file, ".elsewhere");
    fs::rename(&place.file, &elsewhere).unwrap();
    symlink(&elsewhere, &place.file).unwrap();
    refused("is a symbolic link");
    fs::remove_file(&place.file).unwrap();
    fs::create_dir(&place.file).unwrap();
    refused("is no regular file");
    fs::remove_dir(&place.file).unwrap();
    made(&place);
}

#[test]
fn two_daemons_do_not_share_a_file() {
    let (_folder, place) = place();
    let (first, _) = open(&place, NOW).unwrap();
    let second = open_this(&place).unwrap_err();
    assert!(matches!(second, StoreError::InUse { .. }), "{second:?}");
    assert!(second.to_string().ends_with("another process uses it"));
    drop(first);
    made(&place);
}
