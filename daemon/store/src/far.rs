//! What is remembered of the far ends of faxes: one row each, bounded in number.

use rusqlite::{Connection, named_params};
use serde::{Deserialize, Serialize};
use tipring_types::FarMemory;

use crate::query::int;

/// Far ends that are remembered; the ones without a fax for the longest time go, those pinned by hand last.
pub const FAR_ENDS: usize = 2000;

/// A far end, and what is remembered of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoredFar {
    /// Its number; its address where it has none.
    pub far: String,
    /// What is remembered.
    pub memory: FarMemory,
}

const PUT: &str = "INSERT OR REPLACE INTO far_ends VALUES (:far, :last, :pinned, :memory)";
const BOUND: &str = "
DELETE FROM far_ends WHERE far IN
    (SELECT far FROM far_ends ORDER BY pinned DESC, last DESC, far LIMIT -1 OFFSET ?1)";

/// Puts one in, or replaces it.
pub(crate) fn put(db: &Connection, far: &StoredFar) -> rusqlite::Result<()> {
    db.prepare(PUT)?.execute(named_params! {
        ":far": far.far, ":last": int(far.memory.last_unix_ms), ":pinned": far.memory.pinned.is_some(),
        // Plain values always have a JSON.
        ":memory": serde_json::to_string(&far.memory).unwrap_or_default(),
    })?;
    Ok(())
}

/// Forgets one; none: all.
pub(crate) fn forget(db: &Connection, far: Option<&str>) -> rusqlite::Result<()> {
    match far {
        Some(far) => db.execute("DELETE FROM far_ends WHERE far = ?1", [far])?,
        None => db.execute("DELETE FROM far_ends", [])?,
    };
    Ok(())
}

/// Removes those whose last fax ended before then, and what is too much. What was pinned by hand stays unless `all`.
pub(crate) fn prune(db: &Connection, before: i64, all: bool) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM far_ends WHERE last < ?1 AND (pinned = 0 OR ?2)",
        (before, all),
    )?;
    db.execute(BOUND, [i64::try_from(FAR_ENDS).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// All of them, latest first. A file of an earlier version has none; what a later version wrote in a way that this one cannot
/// read is left out.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<StoredFar>> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'far_ends'";
    if !db.query_row(tables, [], |row| row.get::<_, bool>(0))? {
        return Ok(vec![]);
    }
    let mut found = db.prepare(
        "SELECT far, memory FROM far_ends ORDER BY pinned DESC, last DESC, far LIMIT ?1",
    )?;
    let most = i64::try_from(FAR_ENDS).unwrap_or(i64::MAX);
    let rows = found.query_map([most], |row| {
        Ok((
            row.get::<_, String>("far")?,
            row.get::<_, String>("memory")?,
        ))
    })?;
    let mut far_ends = vec![];
    for row in rows {
        let (far, memory) = row?;
        if let Ok(memory) = serde_json::from_str(&memory) {
            far_ends.push(StoredFar { far, memory });
        }
    }
    Ok(far_ends)
}

#[cfg(test)]
mod tests;
