//! What outlives a restart: finished calls, faxes and findings, and what is remembered of far ends, in one SQLite file.
//!
//! Owns: the file, its schema and versions, its size limit, and the thread that writes it ([`Keeper`]). Promises: whoever
//! hands over an entry or a question never waits; a full queue, a full disk, a directory that cannot be written or a
//! broken file costs history, is counted and reported, and ends by itself when its cause does. Leaves to others: what is
//! worth keeping, and how it is shown.
//!
//! ```
//! use tipring_store::{Entry, Keeper, Limits, Place, Query, StoredCall};
//!
//! let folder = tempfile::tempdir()?;
//! let place = Place { file: folder.path().join("history.db"), group: None };
//! let keeper = Keeper::start(place.clone(), Limits::default(), || 1_800_000_000_000)?;
//! keeper.keep(Entry::from(StoredCall { run: 1, id: 1, port: 7, ..StoredCall::default() }));
//! drop(keeper); // writes what is queued
//! let history = tipring_store::read(&place.file, &Query::default())?;
//! assert_eq!(history.calls[0].port, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod book;
mod error;
mod far;
mod fax;
mod file;
mod keeper;
mod query;
mod reader;
mod record;
mod schema;
mod writer;

pub use error::StoreError;
pub use far::{FAR_ENDS, StoredFar};
pub use fax::{FaxTotals, StoredFax};
pub use keeper::{Counts, Keeper};
pub use query::{CallTotals, History, MOST_ROWS, Query, What};
pub use reader::read;
pub use record::{Entry, StoredCall, StoredFinding};
pub use writer::{Limits, News};

use std::path::PathBuf;

/// Name of the file in the daemon's state directory.
pub const FILE: &str = "history.db";

/// Where the history is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Number of the group that may read it; none: the daemon's own.
    pub group: Option<u32>,
}
