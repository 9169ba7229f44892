//! A daemon of the play: `tipringd` with one simulated port, in a folder of its own that goes with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::output::Failure;
use crate::cli::remote::Remote;

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

pub(super) struct Daemon {
    child: Child,
    folder: tempfile::TempDir,
}

impl Daemon {
    /// Starts it, with this server for its only port.
    pub(super) fn start(server: SocketAddr, version: u8) -> Result<Daemon, Failure> {
        let bad = |why: String| {
            Failure::failed(
                format!("tipringd cannot be started for the play: {why}"),
                "install tipringd beside tipring, or name a daemon that runs with --socket and --listen",
            )
        };
        let folder = tempfile::tempdir().map_err(|e| bad(e.to_string()))?;
        let socket = folder.path().join("control.sock");
        let version = version.max(3);
        let text = format!(
            "[gateway]\nmac = \"02:00:5e:00:00:01\"\naddress = \"{}\"\nprotocol-version = {version}\n[callmanager]\nservers = \
             [\"{server}\"]\nretry-first-ms = 100\nretry-max-ms = 200\n[sim]\nports = 1\n[history]\nkeep-days = 0\n[control]\nsocket = \
             \"{}\"\n",
            server.ip(),
            socket.display()
        );
        let file = folder.path().join("tipring.toml");
        std::fs::write(&file, text).map_err(|e| bad(e.to_string()))?;
        let log =
            std::fs::File::create(folder.path().join("log")).map_err(|e| bad(e.to_string()))?;
        let child = Command::new(program())
            .arg("--config")
            .arg(&file)
            .env_remove("TIPRING_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| bad(e.to_string()))?;
        let mut daemon = Daemon { child, folder };
        let end = Instant::now() + START;
        while daemon.remote().connect().is_err() {
            let ended = daemon.child.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > end {
                let log = std::fs::read_to_string(daemon.folder.path().join("log"));
                return Err(bad(log.unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    pub(super) fn remote(&self) -> Remote {
        let socket = self.folder.path().join("control.sock");
        Remote::new(&socket, Duration::from_secs(10))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside this program, or wherever the system finds it.
fn program() -> PathBuf {
    let beside = std::env::current_exe().map(|own| own.with_file_name("tipringd"));
    match beside {
        Ok(beside) if beside.is_file() => beside,
        _ => Path::new("tipringd").to_owned(),
    }
}
