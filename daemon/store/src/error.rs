//! Why there is no history, in words and with the cure.

use std::path::Path;

use rusqlite::ffi::ErrorCode;

/// SQLite's extended codes of a page that cannot be read: the file is damaged, or its medium.
const UNREADABLE: [i32; 3] = [
    rusqlite::ffi::SQLITE_IOERR_READ,
    rusqlite::ffi::SQLITE_IOERR_SHORT_READ,
    rusqlite::ffi::SQLITE_IOERR_CORRUPTFS,
];

/// Why history is not kept or not read. The text names the file and the cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No room on the disk.
    #[error("{file}: the disk is full")]
    Full {
        /// The file.
        file: String,
    },
    /// The file or its directory may not be written, or is not there.
    #[error("{file}: {cause}")]
    Refused {
        /// The file.
        file: String,
        /// What the system said.
        cause: String,
    },
    /// Another process has it open.
    #[error("{file}: another process uses it")]
    InUse {
        /// The file.
        file: String,
    },
    /// Something else has its name.
    #[error("{file} {what}")]
    NotOurs {
        /// The file.
        file: String,
        /// What it is.
        what: &'static str,
    },
    /// Not a sound database.
    #[error("{file} is damaged: {cause}")]
    Broken {
        /// The file.
        file: String,
        /// What is wrong.
        cause: String,
    },
    /// A newer version wrote it.
    #[error("{file} was written by a newer version (schema {version})")]
    Newer {
        /// The file.
        file: String,
        /// Version of its schema.
        version: u32,
    },
    /// There is none.
    #[error("there is no history file {file}")]
    Missing {
        /// The file.
        file: String,
    },
    /// The thread that keeps it has no time, or has ended.
    #[error("the history does not answer: {cause}")]
    Busy {
        /// Why.
        cause: &'static str,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            StoreError::Full { .. } => "make room on the disk, or lower [history] max-mb",
            StoreError::Refused { .. } => {
                "let the daemon's user write the directory, and look whether its file system is mounted read-only"
            }
            StoreError::InUse { .. } => {
                "end the process that uses it, or give each daemon a control socket or state directory of its own"
            }
            StoreError::NotOurs { .. } => "move it away",
            StoreError::Broken { .. } => {
                "the daemon sets it aside and begins another one at its next start"
            }
            StoreError::Newer { .. } => "use the tipring command of that version",
            StoreError::Missing { .. } => {
                "start the daemon, or name the file with --file (it is in the daemon's state directory)"
            }
            StoreError::Busy { .. } => "ask again; look at the disk if that stays so",
        }
    }

    /// What SQLite said about the file.
    pub(crate) fn of(file: &Path, error: &rusqlite::Error) -> StoreError {
        let name = file.display().to_string();
        let extended = error.sqlite_error().map_or(0, |e| e.extended_code);
        let refused = |cause: String| StoreError::Refused {
            file: name.clone(),
            cause,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full { file: name },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::InUse { file: name }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Broken {
                file: name,
                cause: error.to_string(),
            },
            Some(ErrorCode::SystemIoFailure) if UNREADABLE.contains(&extended) => {
                StoreError::Broken {
                    file: name,
                    cause: "it cannot be read".into(),
                }
            }
            Some(ErrorCode::ReadOnly) => refused("it cannot be written".into()),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                refused("it cannot be opened".into())
            }
            Some(_) => refused(error.to_string()),
            // No answer of SQLite's: a value of another type than the schema has.
            None => StoreError::Broken {
                file: name,
                cause: error.to_string(),
            },
        }
    }

    /// What the system said about the file.
    pub(crate) fn system(file: &Path, error: &std::io::Error) -> StoreError {
        let name = file.display().to_string();
        if error.kind() == std::io::ErrorKind::StorageFull {
            return StoreError::Full { file: name };
        }
        StoreError::Refused {
            file: name,
            cause: error.to_string(),
        }
    }
}
