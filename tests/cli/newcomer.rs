//! `packaging/setup.sh` on machines that it finds in different states: apt, dpkg, Rust and the user are substitutes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What of the real machine the script may use.
const TOOLS: [&str; 18] = [
    "bash", "sh", "sed", "awk", "sort", "head", "tail", "grep", "mktemp", "rm", "cat", "sleep",
    "xargs", "env", "cp", "touch", "chmod", "mkdir",
];

/// A machine with substitutes for its programs; what apt is asked for is kept.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// Debian 12, root, everything installed but Rust. Packages of Rust give tools of their version.
    fn debian_12() -> Machine {
        let machine = Machine {
            folder: tempfile::tempdir().unwrap(),
        };
        let bin = machine.path("usr/bin");
        fs::create_dir_all(&bin).unwrap();
        for tool in TOOLS {
            let real = ["/usr/bin", "/bin"].map(|dir| Path::new(dir).join(tool));
            let real = real.iter().find(|path| path.exists()).expect(tool);
            std::os::unix::fs::symlink(real, bin.join(tool)).unwrap();
        }
        machine.tool("id", "echo 0");
        machine.tool("dpkg-query", r#"case "${*: -1}" in cargo*|rust*) [ -e $M/has-${*: -1} ] || exit 1;; esac; echo "ii ""#);
        machine.offers("cargo", "0.66.0+ds1-1");
        machine.offers("cargo-web", "1.96.0+dfsg1-1~deb12u2");
        machine.tool(
            "apt-cache",
            r#"[ "$1" = policy ] && cat $M/offers-$2 2>/dev/null"#,
        );
        machine.tool(
            "apt-get",
            r#"echo "$*" >>$M/asked
[ -e $M/locked ] && { read -r left <$M/locked; [ $left = 1 ] && rm $M/locked || echo $((left - 1)) >$M/locked
  echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (unattended-upgr)"; exit 100; }
case "$*" in *install*cargo*|*install*rust*)
  case "$*" in *-s\ install*) echo "Remv cargo [0.66.0]"; exit 0;; esac
  [ -e $M/has-cargo ] && { echo "E: Packages need to be removed but remove is disabled."; exit 100; }
  for tool in cargo rustc; do printf '#!/bin/sh\necho "%s 1.96.0"\n' $tool >$M/usr/bin/$tool; chmod 755 $M/usr/bin/$tool; done;;
esac"#,
        );
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn tool_at(&self, place: &str, script: &str) {
        let head = format!("#!/bin/bash\nM={}\n", self.folder.path().display());
        self.file(place, &(head + script + "\n"));
        fs::set_permissions(self.path(place), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn tool(&self, name: &str, script: &str) {
        self.tool_at(&format!("usr/bin/{name}"), script);
    }

    fn offers(&self, package: &str, version: &str) {
        self.file(
            &format!("offers-{package}"),
            &format!("  Candidate: {version}\n"),
        );
    }

    /// A cargo and rustc of this version, in this folder.
    fn has_rust(&self, folder: &str, version: &str) {
        for tool in ["cargo", "rustc"] {
            self.tool_at(
                &format!("{folder}/{tool}"),
                &format!("echo \"{tool} {version}\""),
            );
        }
    }

    /// Exit code, and all that it says.
    fn setup(&self, sets: &[&str]) -> (Option<i32>, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/setup.sh");
        let places =
            ["usr/local/bin", "usr/bin"].map(|place| self.path(place).display().to_string());
        let output = Command::new("/bin/bash")
            .arg(script)
            .args(sets)
            .env_clear()
            .env("PATH", places.join(":"))
            .env("HOME", self.path("home"))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// What apt-get was asked for.
    fn asked(&self) -> String {
        fs::read_to_string(self.path("asked")).unwrap_or_default()
    }
}

#[test]
fn where_rust_is_missing_debians_newer_one_is_installed_and_nothing_removed() {
    let machine = Machine::debian_12();
    let (code, said) = machine.setup(&["test"]);
    assert_eq!(code, Some(0), "{said}");
    let asked = machine.asked();
    let install = asked.lines().find(|line| line.contains("install")).unwrap();
    assert!(
        install.contains("--no-remove")
            && install.ends_with("cargo-web rustc-web rustfmt-web rust-web-clippy"),
        "{asked}"
    );
    // All is there now.
    let (code, said) = machine.setup(&["test"]);
    assert_eq!((code, &*said, machine.asked()), (Some(0), "", asked));
}

#[test]
fn a_debian_with_a_new_enough_rust_of_its_own_gives_that() {
    let machine = Machine::debian_12();
    machine.offers("cargo", "1.97.1+dfsg1-1");
    let (code, said) = machine.setup(&["build"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        machine.asked().contains("cargo rustc rustfmt rust-clippy"),
        "{}",
        machine.asked()
    );
}

#[test]
fn an_old_cargo_of_debian_is_not_removed_and_the_cure_is_named() {
    let machine = Machine::debian_12();
    machine.has_rust("usr/bin", "1.63.0");
    machine.file("has-cargo", "");
    let (code, said) = machine.setup(&["build"]);
    assert_eq!(code, Some(1), "{said}");
    for word in ["take the place of", "(cargo)", "apt-get install cargo-web"] {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    for line in machine
        .asked()
        .lines()
        .filter(|line| line.contains("install"))
    {
        assert!(
            line.contains("--no-remove") || line.contains("-s install"),
            "{line}"
        );
    }
}

#[test]
fn a_rust_that_is_new_enough_stays_wherever_it_is() {
    for folder in ["usr/local/bin", "usr/bin", "home/.cargo/bin"] {
        let machine = Machine::debian_12();
        machine.has_rust(folder, "1.90.0");
        let (code, said) = machine.setup(&["test"]);
        assert_eq!(
            (code, &*said, &*machine.asked()),
            (Some(0), "", ""),
            "{folder}"
        );
    }
}

#[test]
fn an_old_rust_that_is_not_debians_is_named_and_left_alone() {
    let machine = Machine::debian_12();
    machine.has_rust("usr/local/bin", "1.70.0");
    let (code, said) = machine.setup(&["build"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("usr/local/bin/cargo is version 1.70.0"),
        "{said}"
    );
    assert!(!machine.asked().contains("install"), "{}", machine.asked());
}

#[test]
fn apt_that_another_program_is_using_is_waited_for_and_the_program_named_once() {
    let machine = Machine::debian_12();
    machine.file("locked", "2\n");
    let (code, said) = machine.setup(&["build"]);
    assert_eq!(code, Some(0), "{said}");
    let waits = "waiting for apt, which process 4711 (unattended-upgr) is using";
    assert_eq!(said.matches(waits).count(), 1, "{said}");
    // The same command again, until the lock was free.
    assert_eq!(
        machine.asked().matches("update").count(),
        3,
        "{}",
        machine.asked()
    );
}

#[test]
fn without_root_and_sudo_it_says_what_to_install_and_how() {
    let machine = Machine::debian_12();
    machine.tool("id", "echo 1000");
    machine.tool("dpkg-query", "exit 1");
    let (code, said) = machine.setup(&["build"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("there is no sudo") && said.contains("su -"),
        "{said}"
    );
    assert!(
        said.contains("apt-get install gcc libc6-dev make"),
        "{said}"
    );
    assert!(!said.contains("command not found"), "{said}");
    assert_eq!(machine.asked(), "");
}
