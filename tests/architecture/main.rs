//! The rules of ARCHITECTURE.md: which package may depend on which, and where `unsafe` compiles.

mod coordinators;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Normal dependencies of every workspace package, as `cargo metadata` reports them.
struct Workspace {
    normal: BTreeMap<String, BTreeSet<String>>,
    folder: BTreeMap<String, PathBuf>,
}

fn workspace() -> Workspace {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs, since it runs this test");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let mut normal = BTreeMap::new();
    let mut folder = BTreeMap::new();
    for package in json["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("name").to_owned();
        let manifest = package["manifest_path"].as_str().expect("manifest path");
        folder.insert(
            name.clone(),
            Path::new(manifest).parent().expect("folder").to_owned(),
        );
        let dependencies = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .filter(|d| d["kind"].is_null())
            .map(|d| d["name"].as_str().expect("name").to_owned())
            .collect();
        normal.insert(name, dependencies);
    }
    Workspace { normal, folder }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .to_owned()
}

#[test]
fn dependencies_point_one_way() {
    let ws = workspace();
    let ours: BTreeSet<&str> = ws.normal.keys().map(String::as_str).collect();
    // What each package may use of the others. The simulated phones and fax machines live in the HAL and
    // need spandsp; the card side of the HAL does not.
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "tipringd",
            &[
                "tipring-types",
                "tipring-proto",
                "tipring-hal",
                "tipring-dsp",
                "tipring-config",
                "tipring-ctl",
                "tipring-store",
                "tipring-linux",
            ][..],
        ),
        (
            "tipring-ctl",
            &[
                "tipring-types",
                "tipring-proto",
                "tipring-config",
                "tipring-hal",
                "tipring-store",
                "tipring-linux",
            ],
        ),
        ("tipring-config", &["tipring-types", "tipring-proto"]),
        (
            "tipring-hal",
            &["tipring-types", "tipring-linux", "tipring-spandsp"],
        ),
        ("tipring-dsp", &["tipring-types", "tipring-spandsp"]),
        ("tipring-proto", &["tipring-types"]),
        ("tipring-types", &[]),
        ("tipring-store", &["tipring-types", "tipring-linux"]),
        ("tipring-spandsp", &["spandsp-sys"]),
        ("spandsp-sys", &[]),
        ("tipring-linux", &[]),
    ]);
    for (name, dependencies) in &ws.normal {
        if name == "tipring-tests" {
            continue; // the tests may use every package
        }
        let may = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is new: say here what it may depend on"));
        for d in dependencies.iter().filter(|d| ours.contains(d.as_str())) {
            assert!(
                may.contains(&d.as_str()),
                "{name} must not depend on {d}; it may use {may:?}"
            );
        }
    }
}

#[test]
fn the_protocol_crate_has_no_io_and_no_runtime() {
    let ws = workspace();
    for d in &ws.normal["tipring-proto"] {
        assert!(
            ![
                "tokio", "mio", "nix", "libc", "rtrb", "tracing", "systemd", "socket2"
            ]
            .contains(&d.as_str()),
            "tipring-proto depends on {d}: decide here, act in tipringd"
        );
    }
    let text = std::fs::read_to_string(ws.folder["tipring-proto"].join("clippy.toml"))
        .expect("daemon/proto/clippy.toml forbids the clock");
    for method in ["std::time::Instant::now", "std::time::SystemTime::now"] {
        assert!(
            text.contains(method),
            "clippy.toml no longer forbids {method}"
        );
    }
}

#[test]
fn unsafe_compiles_only_under_sys() {
    let ws = workspace();
    let sys = root().join("sys");
    for (name, folder) in &ws.folder {
        if folder.starts_with(&sys) {
            continue;
        }
        let mut crate_roots = vec![];
        for path in [folder.join("src/lib.rs"), folder.join("src/main.rs")] {
            if path.exists() {
                crate_roots.push(path);
            }
        }
        for dir in [folder.join("src/bin"), folder.join("src/bin/tipring")] {
            let Ok(entries) = std::fs::read_dir(dir) else {
                continue;
            };
            for e in entries.flatten() {
                let path = e.path();
                let is_root = path.parent().is_some_and(|p| p.ends_with("bin"))
                    || path.file_name().is_some_and(|f| f == "main.rs");
                if is_root && path.extension().is_some_and(|x| x == "rs") {
                    crate_roots.push(path);
                }
            }
        }
        assert!(!crate_roots.is_empty(), "{name}: no crate root found");
        for path in crate_roots {
            let text = std::fs::read_to_string(&path).expect("readable");
            assert!(
                text.contains("#![forbid(unsafe_code)]"),
                "{} lacks #![forbid(unsafe_code)]",
                path.display()
            );
        }
    }
}

#[test]
fn the_packages_asked_for_by_name_are_used() {
    let ws = workspace();
    for (package, wanted) in [
        ("tipringd", &["tokio", "mio", "tracing", "systemd"][..]),
        ("tipring-config", &["serde", "toml"]),
        ("tipring-linux", &["nix", "libc"]),
        ("tipring-store", &["rusqlite"]),
        ("tipring-spandsp", &["spandsp-sys"]),
    ] {
        for w in wanted {
            assert!(
                ws.normal[package].contains(*w),
                "{package} no longer uses {w}"
            );
        }
    }
}

#[test]
fn only_what_is_shown_reads_the_wall_clock() {
    // Where wall time is read to be shown; everything that decides or waits goes by CLOCK_MONOTONIC.
    let shows = ["daemon/src/control/clock.rs", "sys/linux/src/realtime.rs"];
    for room in [
        "daemon/src",
        "daemon/proto/src",
        "daemon/store/src",
        "hal/src",
        "dsp/src",
        "sys",
    ] {
        for file in rust_files(&root().join(room)) {
            let name = file.strip_prefix(root()).expect("below the root");
            let name = name.display().to_string();
            let text = std::fs::read_to_string(&file).expect("a source file");
            let reads =
                text.contains("SystemTime::now") || text.contains("ClockId::CLOCK_REALTIME");
            assert!(
                !reads || shows.contains(&&name[..]),
                "{name} reads the wall clock, which may be set at any moment: take tipring_linux::monotonic()"
            );
        }
    }
}

/// Every Rust source below a folder, but for tests.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if is_test {
            continue;
        }
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|x| x == "rs") {
            found.push(path);
        }
    }
    found
}

/// Dependencies within the daemon: start-up composes control, control composes the rest; nothing looks back.
#[test]
fn control_and_the_line_threads_do_not_know_start_up() {
    let daemon = workspace().folder["tipringd"].join("src");
    for (room, not) in [
        ("control", &["crate::startup"][..]),
        ("line", &["crate::startup", "crate::control"]),
        ("cards", &["crate::startup", "crate::control"]),
    ] {
        for file in rust_files(&daemon.join(room)) {
            let text = std::fs::read_to_string(&file).expect("a file of ours");
            for path in not {
                assert!(
                    !text.contains(path),
                    "{}: {room} names {path}; the arrow goes the other way",
                    file.display()
                );
            }
        }
    }
}
