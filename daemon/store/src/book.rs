//! An open file: entries in, old ones out, questions answered.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rusqlite::{Connection, named_params};
use tipring_types::finding::Severity;

use crate::error::StoreError;
use crate::far;
use crate::fax;
use crate::file::{self, Aside};
use crate::query::int;
use crate::query::{self, History, Query};
use crate::record::{Entry, StoredCall, StoredFinding};
use crate::writer::Limits;
use crate::{Place, schema};

/// Rows of one table, whatever they weigh: what a question may have to look through.
const MOST_ROWS: i64 = 1_000_000;
/// The tables, by what their rows are aged, and what a row weighs.
const TABLES: [(&str, &str, i64); 3] = [
    ("findings", "begun", 1),
    ("faxes", "begun", 16),
    ("calls", "ended", 1),
];
/// The oldest rows go in portions: one row of this number.
const PORTION: i64 = 16;
const DAY_MS: u64 = 24 * 3600 * 1000;

const PUT_CALL: &str = "
INSERT OR REPLACE INTO calls VALUES (
    :run, :id, :port, :device, :direction, :number, :name, :dialed, :begun, :answered, :ended, :duration_ms, :talked_ms,
    :end, :server, :call_ref, :codec, :legs, :packets_sent, :packets_received, :packets_lost, :packets_late,
    :concealed_ms, :jitter_ms, :playout_delay_ms, :erl_db, :erle_db, :data, :tones,
    :mean_r, :mean_mos, :worst_r, :worst_mos, :far_r)";
const PUT_FINDING: &str = "
INSERT OR REPLACE INTO findings VALUES (:run, :id, :port, :code, :severity, :parameters, :text, :begun, :ended)";

/// The open file.
#[derive(Debug)]
pub(crate) struct Book {
    db: Connection,
    place: Place,
    /// Device and inode, as long as the name leads here.
    file: (u64, u64),
}

impl Book {
    /// Opens it; what is broken or newer is set aside.
    pub(crate) fn open(place: &Place, wall_ms: u64) -> Result<(Book, Option<Aside>), StoreError> {
        let (db, aside) = file::open(place, wall_ms)?;
        let what = std::fs::symlink_metadata(&place.file)
            .map_err(|e| StoreError::system(&place.file, &e))?;
        let book = Book {
            db,
            place: place.clone(),
            file: (what.dev(), what.ino()),
        };
        Ok((book, aside))
    }

    /// The name still leads to the open file: nobody has removed or replaced it.
    pub(crate) fn is_in_place(&self) -> bool {
        let what = std::fs::symlink_metadata(&self.place.file);
        what.is_ok_and(|what| (what.dev(), what.ino()) == self.file)
    }

    fn path(&self) -> &Path {
        &self.place.file
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of(self.path(), error)
    }

    /// Writes all of them, or none.
    pub(crate) fn put<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<(), StoreError> {
        put(&mut self.db, entries).map_err(|e| StoreError::of(&self.place.file, &e))
    }

    /// Whether anything can be written at all: opening a file writes nothing, so a full disk does not show there.
    pub(crate) fn probe(&mut self) -> Result<(), StoreError> {
        self.db
            .pragma_update(None, "user_version", schema::VERSION)
            .map_err(|e| self.error(&e))
    }

    /// Removes what is too old or too much; with `keep-days = 0` everything.
    pub(crate) fn prune(&mut self, limits: &Limits, wall_ms: u64) -> Result<(), StoreError> {
        let before = match limits.keep_days {
            0 => u64::MAX,
            days => wall_ms.saturating_sub(u64::from(days) * DAY_MS),
        };
        self.forget(before)
            .and_then(|()| self.shrink(limits))
            .map_err(|e| self.error(&e))
    }

    fn forget(&mut self, before_ms: u64) -> rusqlite::Result<()> {
        let before = int(before_ms);
        far::prune(&self.db, before, before_ms == u64::MAX)?;
        // A finding that goes on is as old as its begin: a year of it is no news.
        self.db
            .execute("DELETE FROM calls WHERE ended < ?1", [before])?;
        self.db
            .execute("DELETE FROM faxes WHERE begun + length_ms < ?1", [before])?;
        self.db.execute(
            "DELETE FROM findings WHERE begun < ?1 AND ifnull(ended, begun) < ?1",
            [before],
        )?;
        Ok(())
    }

    /// Brings the file below its size, oldest first.
    fn shrink(&mut self, limits: &Limits) -> rusqlite::Result<()> {
        let most = int(limits.max_bytes);
        for _ in 0..4 * PORTION {
            // The longest table gives way, or a storm of findings would drive out the calls of a year. A fax has some
            // sixteen times the octets of a call, and counts as them.
            let mut longest = ("calls", "ended", 0, 0);
            for (table, by, weight) in TABLES {
                let rows = self.count(table)?;
                if rows * weight >= longest.2 {
                    longest = (table, by, rows * weight, rows);
                }
            }
            let (table, by, weight, rows) = longest;
            // Rows of few octets go by the dozen.
            let least = 64 * rows.max(1) / weight.max(1);
            if self.bytes()? <= most && weight <= MOST_ROWS {
                break;
            }
            self.drop_oldest(table, by, (rows / PORTION).max(least))?;
        }
        self.db.execute_batch("PRAGMA incremental_vacuum")
    }

    fn drop_oldest(&self, table: &str, by: &str, rows: i64) -> rusqlite::Result<usize> {
        let sql = format!(
            "DELETE FROM {table} WHERE (run, id) IN (SELECT run, id FROM {table} ORDER BY {by} LIMIT ?1)"
        );
        self.db.execute(&sql, [rows])
    }

    fn count(&self, table: &str) -> rusqlite::Result<i64> {
        let sql = format!("SELECT count(*) FROM {table}");
        self.db.query_row(&sql, [], |row| row.get(0))
    }

    /// Bytes in use: pages of the file that are not free.
    pub(crate) fn bytes(&self) -> rusqlite::Result<i64> {
        let number = |name| {
            self.db
                .pragma_query_value::<i64, _>(None, name, |row| row.get(0))
        };
        Ok((number("page_count")? - number("freelist_count")?) * number("page_size")?)
    }

    /// It has grown beyond its size.
    pub(crate) fn is_too_large(&self, limits: &Limits) -> Result<bool, StoreError> {
        let bytes = self.bytes().map_err(|e| self.error(&e))?;
        Ok(bytes > int(limits.max_bytes))
    }

    /// Answers a question; `run` is the run of the daemon that asks.
    pub(crate) fn ask(&self, question: &Query, run: Option<u64>) -> Result<History, StoreError> {
        query::ask(&self.db, question, run).map_err(|e| self.error(&e))
    }

    /// Makes the file whole without its log, and closes it.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        let error = |e: &rusqlite::Error| StoreError::of(&path, e);
        self.db.close().map_err(|(_, e)| error(&e))
    }

    #[cfg(test)]
    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }
}

fn put<'a>(db: &mut Connection, entries: impl Iterator<Item = &'a Entry>) -> rusqlite::Result<()> {
    let all = db.transaction()?;
    {
        let mut call = all.prepare(PUT_CALL)?;
        let mut finding = all.prepare(PUT_FINDING)?;
        for entry in entries {
            match entry {
                Entry::Call(c) => put_call(&mut call, c)?,
                Entry::Finding(f) => put_finding(&mut finding, f)?,
                Entry::Fax(f) => fax::put(&all, f)?,
                Entry::Far(f) => far::put(&all, f)?,
                Entry::ForgetFar(f) => far::forget(&all, f.as_deref())?,
            }
        }
    }
    all.commit()
}

fn put_call(into: &mut rusqlite::Statement<'_>, c: &StoredCall) -> rusqlite::Result<()> {
    into.execute(named_params! {
        ":run": int(c.run), ":id": int(c.id), ":port": c.port, ":device": c.device, ":direction": c.direction.name(),
        ":number": c.number, ":name": c.name, ":dialed": c.dialed,
        ":begun": int(c.begun_unix_ms), ":answered": c.answered_unix_ms.map(int), ":ended": int(c.ended_unix_ms),
        ":duration_ms": int(c.duration_ms), ":talked_ms": int(c.talked_ms),
        ":end": c.end, ":server": c.server, ":call_ref": c.call_ref,
        ":codec": c.codec, ":legs": c.legs,
        ":packets_sent": int(c.packets_sent), ":packets_received": int(c.packets_received),
        ":packets_lost": int(c.packets_lost), ":packets_late": int(c.packets_late),
        ":concealed_ms": int(c.concealed_ms), ":jitter_ms": finite(c.jitter_ms),
        ":playout_delay_ms": finite(c.playout_delay_ms), ":erl_db": finite(c.erl_db), ":erle_db": finite(c.erle_db),
        ":data": c.data, ":tones": c.tones,
        ":mean_r": finite(c.mean_r), ":mean_mos": finite(c.mean_mos), ":worst_r": finite(c.worst_r),
        ":worst_mos": finite(c.worst_mos), ":far_r": finite(c.far_r),
    })?;
    Ok(())
}

/// As it is in JSON.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// SQLite stores what is no number as NULL, JSON cannot carry it.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|v| v.is_finite())
}

fn put_finding(into: &mut rusqlite::Statement<'_>, f: &StoredFinding) -> rusqlite::Result<()> {
    into.execute(named_params! {
        ":run": int(f.run), ":id": int(f.id), ":port": f.port, ":code": f.code, ":severity": severity(f.severity),
        ":parameters": f.parameters.to_string(), ":text": f.text,
        ":begun": int(f.begun_unix_ms), ":ended": f.ended_unix_ms.map(int),
    })?;
    Ok(())
}
