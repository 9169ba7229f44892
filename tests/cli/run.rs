//! Runs `tipring`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What came of it.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in {self:#?}"))
    }
}

/// The program, built once for a whole run of these tests: this package cannot depend on another's binary.
pub fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(path) = std::env::var_os("TIPRING") {
            return path.into();
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
        assert!(status.success(), "tipring does not build");
        // target/debug/deps/cli-… → target/debug/tipring
        let here = std::env::current_exe().expect("a test has a path");
        here.ancestors()
            .nth(2)
            .expect("cargo puts tests two levels down")
            .join("tipring")
    })
}

/// A command without colours, environment or standard input of its caller.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(args)
        .env_remove("TIPRING_SOCKET")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn tipring(args: &[&str]) -> Ended {
    let output = command(args).output().expect("tipring starts");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
