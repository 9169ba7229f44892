//! Runs `tipring`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in {self:#?}"))
    }
}

/// The program, built once for a whole run of these tests: this package cannot depend on another's binary.
pub(crate) fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    // A failure is remembered, too, or every test would build again.
    let program = PROGRAM.get_or_init(|| {
        if let Some(path) = std::env::var_os("TIPRING") {
            return Some(path.into());
        }
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "tipring-ctl",
                "--bin",
                "tipring",
            ])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .status()
            .expect("cargo runs, since it runs this test");
        // target/debug/deps/cli-… → target/debug/tipring
        let here = std::env::current_exe().expect("a test has a path");
        let folder = here
            .ancestors()
            .nth(2)
            .expect("cargo puts tests two levels down");
        status.success().then(|| folder.join("tipring"))
    });
    program
        .as_ref()
        .expect("tipring does not build: see cargo's words above")
}

/// A command without colours, environment or standard input of its caller.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(args)
        .env_remove("TIPRING_SOCKET")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn tipring(args: &[&str]) -> Ended {
    let output = command(args).output().expect("tipring starts");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
