//! Recorded trees of sysfs and /proc, made into folders for tests.

use std::path::Path;

use tempfile::TempDir;

/// Makes the tree that `text` lists: `path = content` (`|` ends a line), `path -> target`, `path/` for a folder.
pub(super) fn grow(text: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    let place = |path: &str| root.path().join(path.trim_start_matches('/'));
    let parent = |path: &Path| {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder");
        }
    };
    let facts = || text.lines().filter(|line| !line.starts_with('#'));
    for line in facts() {
        if let Some((path, content)) = line.split_once(" = ") {
            let path = place(path);
            parent(&path);
            std::fs::write(&path, content.replace('|', "\n") + "\n").expect("a file");
        } else if let Some(path) = line.strip_suffix('/') {
            std::fs::create_dir_all(place(path)).expect("a folder");
        } else if let Some(path) = line.strip_suffix(" =") {
            let path = place(path);
            parent(&path);
            std::fs::write(&path, "\n").expect("a file");
        }
    }
    for line in facts() {
        if let Some((path, target)) = line.split_once(" -> ") {
            let link = place(path);
            parent(&link);
            // Links stay in the tree, but for those of open files, which are only read.
            let target = if target.starts_with("/dev/") {
                target.into()
            } else {
                let target = place(target);
                std::fs::create_dir_all(&target).expect("what the link names");
                target
            };
            std::os::unix::fs::symlink(target, link).expect("a link");
        }
    }
    root
}

pub(super) const FXBENCH: &str = include_str!("scan/trees/fxbench.tree");
pub(super) const LOC: &str = include_str!("scan/trees/loc.tree");
pub(super) const APPLIANCE: &str = include_str!("scan/trees/appliance.tree");
