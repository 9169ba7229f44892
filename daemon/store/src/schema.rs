//! The schema and its versions.

use rusqlite::Connection;

/// Version of the schema that this program writes, in the file's header (`PRAGMA user_version`).
pub(crate) const VERSION: u32 = 4;

/// What leads from each version to the next one, beginning with an empty file. A step that was released is never
/// changed: another one is added.
const STEPS: [&str; VERSION as usize] = [
    "
CREATE TABLE calls (
    run INTEGER NOT NULL,
    id INTEGER NOT NULL,
    port INTEGER NOT NULL,
    device TEXT NOT NULL,
    direction TEXT NOT NULL,
    number TEXT,
    name TEXT,
    dialed TEXT,
    begun INTEGER NOT NULL,
    answered INTEGER,
    ended INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    talked_ms INTEGER NOT NULL,
    end TEXT NOT NULL,
    server TEXT,
    call_ref INTEGER NOT NULL,
    codec TEXT,
    legs INTEGER NOT NULL,
    packets_sent INTEGER NOT NULL,
    packets_received INTEGER NOT NULL,
    packets_lost INTEGER NOT NULL,
    packets_late INTEGER NOT NULL,
    concealed_ms INTEGER NOT NULL,
    jitter_ms REAL,
    playout_delay_ms REAL,
    erl_db REAL,
    erle_db REAL,
    data INTEGER NOT NULL,
    tones TEXT,
    PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_ended ON calls (ended);
CREATE INDEX calls_port ON calls (port, ended);
CREATE TABLE findings (
    run INTEGER NOT NULL,
    id INTEGER NOT NULL,
    port INTEGER,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    parameters TEXT NOT NULL,
    text TEXT NOT NULL,
    begun INTEGER NOT NULL,
    ended INTEGER,
    PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_begun ON findings (begun);
CREATE INDEX findings_port ON findings (port, begun);
",
    "
ALTER TABLE calls ADD COLUMN mean_r REAL;
ALTER TABLE calls ADD COLUMN mean_mos REAL;
ALTER TABLE calls ADD COLUMN worst_r REAL;
ALTER TABLE calls ADD COLUMN worst_mos REAL;
ALTER TABLE calls ADD COLUMN far_r REAL;
",
    "
CREATE TABLE faxes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    id INTEGER NOT NULL,
    call INTEGER,
    port INTEGER NOT NULL,
    direction TEXT NOT NULL,
    far_number TEXT,
    far_name TEXT,
    far_address TEXT,
    begun INTEGER NOT NULL,
    length_ms INTEGER NOT NULL,
    good INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    ecm INTEGER,
    rate INTEGER,
    relayed INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    code TEXT NOT NULL,
    verdict TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (run, id)
) STRICT;
CREATE INDEX faxes_begun ON faxes (begun);
CREATE INDEX faxes_port ON faxes (port, begun);
",
    "
CREATE TABLE far_ends (
    far TEXT PRIMARY KEY,
    last INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    memory TEXT NOT NULL
) STRICT, WITHOUT ROWID;
",
];

/// Version of the schema of an open file.
pub(crate) fn version(db: &Connection) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a file of an older version, or an empty one, to this one in a single step.
pub(crate) fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let from = version(db)?;
    if from >= VERSION {
        return Ok(());
    }
    let change = db.transaction()?;
    for step in STEPS.iter().skip(from as usize) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()?;
    // The version is read from the file's first page before SQLite is let near it.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{self, Query, What};

    #[test]
    fn calls_of_an_older_version_are_read_before_and_after_it_is_brought_to_this_one() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(STEPS[0]).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        db.execute(
            "INSERT INTO calls VALUES (1, 2, 3, 'VGC1', 'outgoing', NULL, NULL, NULL, 5, NULL, 6, 1, 0, 'hung-up', NULL, 7,
             NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL)",
            [],
        )
        .unwrap();
        // A command reads the file of a daemon that has not been started since: nothing may be written then.
        let before = query::ask(&db, &Query::default(), None).unwrap();
        assert_eq!((before.calls.len(), before.calls[0].mean_mos), (1, None));
        migrate(&mut db).unwrap();
        assert_eq!(version(&db).unwrap(), VERSION);
        let after = query::ask(&db, &Query::default(), None).unwrap();
        assert_eq!(after.calls, before.calls);
    }

    #[test]
    fn a_file_of_version_2_has_no_faxes_before_it_is_brought_to_this_one_and_takes_them_after_it() {
        let mut db = Connection::open_in_memory().unwrap();
        for step in &STEPS[..2] {
            db.execute_batch(step).unwrap();
        }
        db.pragma_update(None, "user_version", 2).unwrap();
        db.execute(
            "INSERT INTO findings VALUES (1, 2, 3, 'no-battery', 'error', '{}', 'no battery', 5, 6)",
            [],
        )
        .unwrap();
        let ask = |db: &Connection, what| {
            let query = Query {
                what,
                ..Query::default()
            };
            query::ask(db, &query, None).unwrap()
        };
        for what in [What::All, What::Faxes, What::FaxTotals] {
            let before = ask(&db, what);
            assert_eq!((before.faxes.len(), before.fax_ports.len()), (0, 0));
        }
        migrate(&mut db).unwrap();
        assert_eq!(ask(&db, What::All).findings.len(), 1);
        crate::fax::put(&db, &crate::fax::tests::fax(1)).unwrap();
        assert_eq!(ask(&db, What::Faxes).faxes.len(), 1);
    }

    #[test]
    fn a_file_of_version_3_keeps_its_faxes_and_remembers_far_ends_from_then_on() {
        let mut db = Connection::open_in_memory().unwrap();
        for step in &STEPS[..3] {
            db.execute_batch(step).unwrap();
        }
        db.pragma_update(None, "user_version", 3).unwrap();
        crate::fax::put(&db, &crate::fax::tests::fax(1)).unwrap();
        let ask = |db: &Connection, what| {
            let query = Query {
                what,
                ..Query::default()
            };
            query::ask(db, &query, None).unwrap()
        };
        assert!(ask(&db, What::FarEnds).far_ends.is_empty());
        migrate(&mut db).unwrap();
        assert_eq!(version(&db).unwrap(), 4);
        let far = crate::StoredFar {
            far: "2001".into(),
            ..crate::StoredFar::default()
        };
        crate::far::put(&db, &far).unwrap();
        assert_eq!(ask(&db, What::FarEnds).far_ends, [far]);
        assert_eq!(ask(&db, What::Faxes).faxes.len(), 1);
    }
}
