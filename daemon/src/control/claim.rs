//! The right to the control socket: one daemon has it at a time.
//!
//! Promises: whoever comes second learns who was first, and has touched nothing of it: neither socket nor card nor
//! ports. Two that start in the same moment do not both win. What a dead daemon left behind is no obstacle. A file that is
//! not the lock of a daemon is never written to nor removed, whatever its name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::socket::SocketError;

/// Times that the lock is looked for again because a daemon that ended removed it.
const TRIES: usize = 100;

/// The right to a control socket, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    lock: PathBuf,
    /// Holds the lock: the kernel lets go of it however the process ends.
    _file: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Still locked: nobody can have got it meanwhile.
        let _ = std::fs::remove_file(&self.lock);
    }
}

/// Claims `socket`.
///
/// # Errors
/// [`SocketError::InUse`] names the process that has it.
pub fn claim(socket: &Path) -> Result<Claim, SocketError> {
    let system = |cause| SocketError::System {
        path: socket.to_owned(),
        cause,
    };
    let refused = |lock: &Path, cause: std::io::Error| {
        let what = match lock.symlink_metadata() {
            Ok(there) if there.is_symlink() => "is a symbolic link",
            Ok(there) if there.is_dir() => "is a directory",
            Ok(there) if !there.is_file() => "is no regular file",
            _ => return system(cause),
        };
        let path = lock.to_owned();
        SocketError::NoLock { path, what }
    };
    if let Some(folder) = socket.parent() {
        std::fs::create_dir_all(folder).map_err(system)?;
    }
    let mut lock = socket.as_os_str().to_owned();
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    for _ in 0..TRIES {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o640)
            .custom_flags(tipring_linux::OPEN_NO_LINK)
            .open(&lock)
            .map_err(|cause| refused(&lock, cause))?;
        let mut text = String::new();
        if let Some(what) = not_ours(&file, &mut text) {
            return Err(SocketError::NoLock { path: lock, what });
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(in_use(socket, text.trim().parse().ok()));
            }
            Err(TryLockError::Error(cause)) => return Err(system(cause)),
        }
        // A daemon that ended in this very moment may have removed the file that is locked now.
        let same = |path: &Path| -> std::io::Result<bool> {
            let (ours, there) = (file.metadata()?, std::fs::metadata(path)?);
            Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino()))
        };
        match same(&lock) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(cause) => return Err(system(cause)),
        }
        // One that knows no lock, or another program, answers all the same.
        if let Ok(stream) = UnixStream::connect(socket) {
            return Err(in_use(socket, tipring_linux::peer_pid(&stream)));
        }
        file.set_len(0).map_err(system)?;
        file.seek(SeekFrom::Start(0)).map_err(system)?;
        // The number is for people; without room for it the lock is one all the same.
        let _ = writeln!(file, "{}", std::process::id());
        return Ok(Claim { lock, _file: file });
    }
    Err(in_use(socket, None))
}

/// Why a file is no lock of a daemon; `text` is what it holds. A lock is empty or has the number of a process.
fn not_ours(file: &File, text: &mut String) -> Option<&'static str> {
    const LONGEST: u64 = 32;
    let Ok(there) = file.metadata() else {
        return Some("cannot be looked at");
    };
    if !there.is_file() {
        return Some("is no regular file");
    }
    if there.nlink() > 1 {
        return Some("has another name too (a hard link)");
    }
    let read = Read::take(file, LONGEST).read_to_string(text);
    let number = text.strip_suffix('\n').unwrap_or(text);
    let ours = read.is_ok() && there.len() < LONGEST && number.chars().all(|c| c.is_ascii_digit());
    (!ours).then_some("holds something else than a daemon's process number")
}

fn in_use(socket: &Path, pid: Option<u32>) -> SocketError {
    SocketError::InUse {
        path: socket.to_owned(),
        pid,
        name: pid.and_then(|pid| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            Some(name.trim().to_owned())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test's own.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tipring-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn the_second_claim_is_refused_with_the_process_of_the_first_and_the_next_is_not() {
        let folder = folder("claim");
        let socket = folder.join("control.sock");
        let first = claim(&socket).unwrap();
        let refused = claim(&socket).unwrap_err();
        let wanted = format!("process {} (", std::process::id());
        assert!(refused.to_string().starts_with(&wanted), "{refused}");
        drop(first);
        let again = claim(&socket).unwrap();
        drop(again);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir(folder).unwrap();
    }

    #[test]
    fn a_lock_file_without_a_process_is_no_obstacle() {
        let folder = folder("stale");
        let socket = folder.join("control.sock");
        std::fs::write(folder.join("control.sock.lock"), "4711\n").unwrap();
        drop(claim(&socket).unwrap());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_lock_of_a_daemon_is_refused_and_left_as_it_is() {
        let folder = folder("no-lock");
        let (socket, lock) = (
            folder.join("control.sock"),
            folder.join("control.sock.lock"),
        );
        let letters = folder.join("letters");
        let is_refused = |what: &str| {
            let error = claim(&socket).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{} {what}", lock.display())),
                "{error}"
            );
            assert!(error.contains("remove it"), "{error}");
        };
        for text in ["somebody's letters", "4711", ""] {
            std::fs::write(&letters, text).unwrap();
            std::os::unix::fs::symlink(&letters, &lock).unwrap();
            is_refused("is a symbolic link");
            std::fs::remove_file(&lock).unwrap();
            std::fs::hard_link(&letters, &lock).unwrap();
            is_refused("has another name too");
            std::fs::remove_file(&lock).unwrap();
            assert_eq!(std::fs::read_to_string(&letters).unwrap(), text);
        }
        std::os::unix::fs::symlink(folder.join("nowhere"), &lock).unwrap();
        is_refused("is a symbolic link");
        assert!(!folder.join("nowhere").exists());
        std::fs::remove_file(&lock).unwrap();
        for text in [
            "somebody's letters",
            "4711\n4712\n",
            "47 11\n",
            &"1".repeat(100),
        ] {
            std::fs::write(&lock, text).unwrap();
            is_refused("holds something else");
            assert_eq!(std::fs::read_to_string(&lock).unwrap(), text);
        }
        std::fs::remove_file(&lock).unwrap();
        std::fs::create_dir(&lock).unwrap();
        is_refused("is a directory");
        std::fs::remove_dir(&lock).unwrap();
        let held = std::os::unix::net::UnixListener::bind(&lock).unwrap();
        is_refused("is no regular file");
        drop(held);
        // A pipe, unlike a socket, can be opened.
        std::fs::remove_file(&lock).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&lock).status();
        assert!(made.unwrap().success());
        is_refused("is no regular file");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn of_many_that_start_in_one_moment_one_wins_at_a_time() {
        let folder = folder("race");
        let socket = folder.join("control.sock");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        let won = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    use std::sync::atomic::Ordering::SeqCst;
                    for _ in 0..500 {
                        if let Ok(claim) = claim(&socket) {
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            won.fetch_add(1, SeqCst);
                            // Whoever has locked a file that is removed by now is here at the same time.
                            std::thread::sleep(std::time::Duration::from_micros(200));
                            inside.fetch_sub(1, SeqCst);
                            drop(claim);
                        }
                    }
                });
            }
        });
        assert!(won.into_inner() > 0);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
