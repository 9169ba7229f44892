//! Reading the file without the daemon: nothing is written, made or changed.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::query::{self, History, Query};
use crate::{file, schema};

/// Answers a question from the file, read-only. For when no daemon runs: a running one has the file for itself.
pub fn read(file: &Path, question: &Query) -> Result<History, StoreError> {
    read_for(file, question, None)
}

pub(crate) fn read_for(
    file: &Path,
    question: &Query,
    run: Option<u64>,
) -> Result<History, StoreError> {
    let sqlite = |e: rusqlite::Error| StoreError::of(file, &e);
    match std::fs::metadata(file) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let file = file.display().to_string();
            return Err(StoreError::Missing { file });
        }
        Err(e) => return Err(StoreError::system(file, &e)),
    }
    let db = connect(file).map_err(sqlite)?;
    let version = schema::version(&db).map_err(sqlite)?;
    if version > schema::VERSION {
        return Err(file::newer(file, version));
    }
    if version == 0 {
        return Ok(History::default());
    }
    query::ask(&db, question, run).map_err(sqlite)
}

/// After an orderly end there is no log, and the file can be read where nothing may be written; after a crash SQLite reads
/// the log as well, for which it needs the log's index or the right to make one.
fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let log = file::beside(file, "-wal");
    let whole = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let mode = if whole { "immutable=1" } else { "mode=ro" };
    let db = Connection::open_with_flags(format!("file:{}?{mode}", escaped(file)), flags)?;
    db.busy_timeout(std::time::Duration::from_secs(2))?;
    Ok(db)
}

/// A path in a URI.
fn escaped(file: &Path) -> String {
    let text = file.to_string_lossy();
    let escape = |c: char| match c {
        '%' => "%25".to_owned(),
        '?' => "%3f".to_owned(),
        '#' => "%23".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}
