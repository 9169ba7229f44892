//! Opening the file: it is ours, whole and of a version that we know, or it is set aside and another one begun.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::{Place, schema};

/// Who may do what: the daemon writes, its group reads.
const MODE: u32 = 0o640;
/// The same for a directory that is made.
const FOLDER_MODE: u32 = 0o750;
/// A reader that has the file is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Damaged files that are kept; the oldest go, for a medium that damages one file damages more.
const BROKEN_KEPT: usize = 3;
/// Length of SQLite's header.
const HEADER: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    /// Its name now.
    pub(crate) now: PathBuf,
    /// Why.
    pub(crate) why: StoreError,
}

/// Opens the file, or makes it. What is broken or of a newer version is set aside and another one begun; `wall` is its
/// name's date, in ms since 1970.
pub(crate) fn open(place: &Place, wall_ms: u64) -> Result<(Connection, Option<Aside>), StoreError> {
    let file = &place.file;
    let why = match open_this(place) {
        Ok(db) => return Ok((db, None)),
        Err(why @ (StoreError::Broken { .. } | StoreError::Newer { .. })) => why,
        Err(why) => return Err(why),
    };
    let now = set_aside(file, &why, wall_ms).map_err(|e| StoreError::system(file, &e))?;
    Ok((open_this(place)?, Some(Aside { now, why })))
}

fn open_this(place: &Place) -> Result<Connection, StoreError> {
    let file = &place.file;
    let system = |e: std::io::Error| StoreError::system(file, &e);
    if !look(file)? {
        if let Some(folder) = file.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(folder)
                .map_err(system)?;
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(MODE)
            .custom_flags(tipring_linux::OPEN_NO_LINK)
            .open(file)
            .map_err(system)?;
    }
    restrict(place).map_err(system)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sqlite = |e: rusqlite::Error| StoreError::of(file, &e);
    let mut db = Connection::open_with_flags(file, flags).map_err(sqlite)?;
    prepare(&mut db).map_err(sqlite)?;
    let version = schema::version(&db).map_err(sqlite)?;
    if version > schema::VERSION {
        return Err(newer(file, version));
    }
    let sound: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(sqlite)?;
    if sound != "ok" {
        let file = file.display().to_string();
        return Err(StoreError::Broken { file, cause: sound });
    }
    schema::migrate(&mut db).map_err(sqlite)?;
    Ok(db)
}

/// For an appliance: a power cut must neither damage the file nor lose what was committed (write-ahead log, one sync a
/// commit), the card must not be worn out (no journal that is made and removed each time), memory is locked and therefore
/// scarce, and nobody else may have the file (its locks end with the process, however that ends).
fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
    db.busy_timeout(PATIENCE)?;
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -1024;",
    )?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    debug_assert_eq!(mode, "wal");
    db.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 256;
         PRAGMA journal_size_limit = 1048576;
         BEGIN EXCLUSIVE; COMMIT;",
    )
}

/// Whether the file is there. An error when it is none of ours, or not one that we can read.
fn look(file: &Path) -> Result<bool, StoreError> {
    let not_ours = |what| StoreError::NotOurs {
        file: file.display().to_string(),
        what,
    };
    let what = match std::fs::symlink_metadata(file) {
        Ok(what) => what,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(StoreError::system(file, &e)),
    };
    if what.is_symlink() {
        return Err(not_ours("is a symbolic link"));
    }
    if !what.is_file() {
        return Err(not_ours("is no regular file"));
    }
    if ![0, tipring_linux::user_id()].contains(&what.uid()) {
        return Err(not_ours("belongs to another user"));
    }
    header(file)?;
    Ok(true)
}

/// What the file's first bytes say. A newer version's file is not even opened by SQLite, which would write to it.
fn header(file: &Path) -> Result<(), StoreError> {
    let unreadable = |e: std::io::Error| match e.kind() {
        ErrorKind::PermissionDenied => StoreError::system(file, &e),
        _ => StoreError::Broken {
            file: file.display().to_string(),
            cause: format!("it cannot be read: {e}"),
        },
    };
    let mut bytes = Vec::with_capacity(HEADER);
    OpenOptions::new()
        .read(true)
        .custom_flags(tipring_linux::OPEN_NO_LINK)
        .open(file)
        .and_then(|open| open.take(HEADER as u64).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    // An empty file is what a crash leaves between its making and the first page.
    if bytes.is_empty() {
        return Ok(());
    }
    if !bytes.starts_with(MAGIC) || bytes.len() < HEADER {
        return Err(StoreError::Broken {
            file: file.display().to_string(),
            cause: "it is no SQLite database".into(),
        });
    }
    let version = bytes.get(60..64).and_then(|v| v.try_into().ok());
    match version.map_or(0, u32::from_be_bytes) {
        version if version > schema::VERSION => Err(newer(file, version)),
        _ => Ok(()),
    }
}

pub(crate) fn newer(file: &Path, version: u32) -> StoreError {
    let file = file.display().to_string();
    StoreError::Newer { file, version }
}

/// SQLite makes its log with the mode of the file.
fn restrict(place: &Place) -> std::io::Result<()> {
    let what = std::fs::symlink_metadata(&place.file)?;
    if what.uid() != tipring_linux::user_id() {
        return Ok(());
    }
    if what.mode() & 0o777 != MODE {
        std::fs::set_permissions(&place.file, Permissions::from_mode(MODE))?;
    }
    match place.group {
        // A group that the daemon is not in is not its to give; the daemon's user and root read it all the same.
        Some(group) if group != what.gid() => match lchown(&place.file, None, Some(group)) {
            Err(e) if e.kind() != ErrorKind::PermissionDenied => Err(e),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The file of that name and its log.
pub(crate) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Gives the file and its log another name.
pub(crate) fn set_aside(file: &Path, why: &StoreError, wall_ms: u64) -> std::io::Result<PathBuf> {
    let newer = matches!(why, StoreError::Newer { .. });
    let word = if newer { ".newer-" } else { ".broken-" };
    let dated = format!("{word}{}", date(wall_ms));
    let free = (0..100).map(|n| match n {
        0 => beside(file, &dated),
        n => beside(file, &format!("{dated}.{n}")),
    });
    let taken = || std::io::Error::from(ErrorKind::AlreadyExists);
    let aside = free
        .into_iter()
        .find(|name| name.symlink_metadata().is_err())
        .ok_or_else(taken)?;
    std::fs::rename(file, &aside)?;
    for end in ["-wal", "-shm"] {
        // Without its log the last calls are missing from the file, but another one's log must not be mistaken for ours.
        match std::fs::rename(beside(file, end), beside(&aside, end)) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                std::fs::remove_file(beside(file, end))?;
            }
            _ => {}
        }
    }
    if !newer {
        forget_old(file);
    }
    Ok(aside)
}

/// Removes the oldest of the broken files.
fn forget_old(file: &Path) {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return;
    };
    let begin = format!("{}.broken-", name.to_string_lossy());
    let Ok(all) = std::fs::read_dir(folder) else {
        return;
    };
    let is_log = |name: &str| name.ends_with("-wal") || name.ends_with("-shm");
    let mut broken: Vec<String> = all
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&begin) && !is_log(name))
        .collect();
    broken.sort();
    let old = broken.len().saturating_sub(BROKEN_KEPT);
    for name in broken.iter().take(old) {
        for end in ["", "-wal", "-shm"] {
            // What cannot be removed stays.
            let _ = std::fs::remove_file(folder.join(format!("{name}{end}")));
        }
    }
}

/// `2026-11-29T14-02-11Z`, which sorts, and which every shell takes as it is.
fn date(wall_ms: u64) -> String {
    i64::try_from(wall_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H-%M-%SZ")
        .to_string()
}

#[cfg(test)]
mod tests;
