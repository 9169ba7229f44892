//! Replacing a file of the system's configuration.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Zoned;

use crate::cli::output::Failure;

/// Puts a new text in the place of a file in one step, with the old one's rights and owner. Answers where the old one is.
pub(super) fn replace(path: &Path, text: &str) -> Result<Option<PathBuf>, Failure> {
    write(path, text).map_err(|e| {
        let cure = match e.kind() {
            io::ErrorKind::PermissionDenied => "run it as root: sudo tipring setup",
            io::ErrorKind::StorageFull => {
                "make room on the disk, then run this again; the old file is unharmed"
            }
            io::ErrorKind::ReadOnlyFilesystem => "remount it writable, then run this again",
            _ => "",
        };
        Failure::failed(format!("{} cannot be written: {e}", path.display()), cure)
    })
}

fn write(path: &Path, text: &str) -> io::Result<Option<PathBuf>> {
    // What a link names is replaced, not the link.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = real.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".tipring-setup.")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    let backup = match fs::metadata(&real) {
        Ok(old) => {
            file.as_file().set_permissions(old.permissions())?;
            std::os::unix::fs::chown(file.path(), Some(old.uid()), Some(old.gid()))?;
            Some(keep(&real)?)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            file.as_file()
                .set_permissions(Permissions::from_mode(0o644))?;
            None
        }
        Err(e) => return Err(e),
    };
    file.as_file().sync_all()?;
    file.persist(&real).map_err(|e| e.error)?;
    Ok(backup)
}

/// A copy beside the file, with the time in its name; none is ever written over.
fn keep(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let time = Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let mut backup = path.with_file_name(format!("{name}.{time}.bak"));
    let mut n = 1;
    while backup.exists() {
        n += 1;
        backup = path.with_file_name(format!("{name}.{time}-{n}.bak"));
    }
    fs::copy(path, &backup)?;
    let old = fs::metadata(path)?;
    std::os::unix::fs::chown(&backup, Some(old.uid()), Some(old.gid()))?;
    Ok(backup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_keeps_its_rights_and_its_old_self_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("etc/some.conf");
        assert_eq!(replace(&path, "1").map_err(|e| e.message), Ok(None));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let first = replace(&path, "2").ok().flatten().unwrap();
        let second = replace(&path, "3").ok().flatten().unwrap();
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!(
            (text(&first), text(&second), text(&path)),
            ("1".into(), "2".into(), "3".into())
        );
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 3, "and nothing half written");
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "1").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&link, "2").ok().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "2");
    }
}
