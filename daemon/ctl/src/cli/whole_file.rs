//! A file that is written whole, or not at all: beside its name first, and put there when all of it is on the disk. A device
//! or a pipe is written to as it is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::output::Failure;

/// A file to be written, in a place where that is possible.
#[derive(Debug)]
pub(super) struct WholeFile {
    path: PathBuf,
    into: Into,
}

#[derive(Debug)]
enum Into {
    Beside(tempfile::NamedTempFile),
    Itself(File),
}

impl WholeFile {
    /// Begins; a place that cannot be written to is known from now on, not at the end.
    pub(super) fn begin(path: &Path) -> Result<WholeFile, Failure> {
        // What a link names is replaced, not the link.
        let real = fs::canonicalize(path).ok().filter(|_| !is_descriptor(path));
        let path = real.unwrap_or_else(|| path.to_owned());
        match open(&path) {
            Ok(into) => Ok(WholeFile { path, into }),
            Err(e) => Err(failed(&path, &e)),
        }
    }

    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of it and puts it in its place.
    pub(super) fn write(self, text: &str) -> Result<(), Failure> {
        let path = self.path;
        let written = match self.into {
            Into::Itself(mut file) => file.write_all(text.as_bytes()),
            Into::Beside(mut file) => file
                .write_all(text.as_bytes())
                .and_then(|()| file.as_file().sync_all())
                .and_then(|()| file.persist(&path).map(drop).map_err(|e| e.error)),
        };
        written.map_err(|e| failed(&path, &e))
    }
}

/// Names of what is open already, whatever it is: `/dev/stdout` redirected into a file is that file, to be written to.
fn is_descriptor(path: &Path) -> bool {
    let to = fs::read_link(path).unwrap_or_default();
    [path, &to].iter().any(|path| {
        path.starts_with("/proc") || path.starts_with("/dev/fd") || path.ends_with("fd/1")
    })
}

fn open(path: &Path) -> io::Result<Into> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() || is_descriptor(path) => {
            let file = fs::OpenOptions::new().write(true).open(path)?;
            Ok(Into::Itself(file))
        }
        _ => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let file = tempfile::Builder::new()
                .prefix(&format!(".{name}."))
                .suffix(".part")
                .tempfile_in(folder.unwrap_or(Path::new(".")))?;
            Ok(Into::Beside(file))
        }
    }
}

fn failed(path: &Path, e: &io::Error) -> Failure {
    let cure = match e.kind() {
        io::ErrorKind::StorageFull => "make room on the disk, or name a file on another one",
        _ => "name another file",
    };
    let why = match e.kind() {
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        _ => e.to_string(),
    };
    Failure::failed(format!("{} was not written: {why}", path.display()), cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_all_of_it_is_and_a_full_disk_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.json");
        let file = WholeFile::begin(&path).unwrap();
        assert!(!path.exists());
        file.write("all").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "all");
        let given_up = WholeFile::begin(&path).unwrap();
        drop(given_up);
        let names = fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 1, "nothing is left beside it");
        assert_eq!(fs::read_to_string(&path).unwrap(), "all");
        let full = WholeFile::begin(Path::new("/dev/full")).unwrap();
        let failure = full.write("all").unwrap_err();
        assert!(
            failure.message.contains("/dev/full was not written"),
            "{failure:?}"
        );
        assert!(failure.cure.is_some_and(|cure| cure.contains("make room")));
        let nowhere = WholeFile::begin(&folder.path().join("no/call.json")).unwrap_err();
        assert!(nowhere.message.contains("no such folder"), "{nowhere:?}");
    }

    #[test]
    fn a_link_stays_and_what_is_open_already_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        WholeFile::begin(&link).unwrap().write("new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(is_descriptor(Path::new("/dev/stdout")) && is_descriptor(Path::new("/dev/fd/5")));
        assert!(!is_descriptor(&link));
    }
}
