//! A running `tipringd` with simulated sets, driven through its control socket as a technician would.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tipring_ctl::client::Client;
use tipring_ctl::report::{CallList, RegistrationState, StatusReport};
use tipring_ctl::request::{Request, Response};
use tipring_ctl::wire::Event;

use crate::leash;
use crate::set::Set;

/// Time for an answer that needs no waiting on the line.
pub(crate) const PROMPT: Duration = Duration::from_secs(10);

/// A daemon of the test; stopped when dropped.
pub struct Gateway {
    child: Child,
    folder: PathBuf,
    socket: PathBuf,
}

impl Gateway {
    /// Starts `tipringd` (beside this test's own binary, or `TIPRINGD`) with this configuration in `folder`.
    ///
    /// `[control]` is added by this function; everything else is the caller's.
    pub fn start(folder: &Path, config: &str) -> Result<Gateway, String> {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let socket = folder.join("control.sock");
        let file = folder.join("tipring.toml");
        let text = format!("{config}\n[control]\nsocket = \"{}\"\n", socket.display());
        fs::write(&file, text).map_err(|e| e.to_string())?;
        let log = fs::File::create(folder.join("tipringd.log")).map_err(|e| e.to_string())?;
        let program = binary("tipringd");
        let child = leash::command(&program, "KILL")
            .arg("--config")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| e.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let mut gateway = Gateway {
            child,
            folder: folder.to_owned(),
            socket,
        };
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            match Client::connect(&gateway.socket, PROMPT) {
                Ok(_) => return Ok(gateway),
                Err(e) => {
                    let ended = gateway.child.try_wait().ok().flatten();
                    if ended.is_some() || Instant::now() > end {
                        return Err(format!(
                            "tipringd does not answer ({e}, {ended:?}):\n{}",
                            gateway.log()
                        ));
                    }
                }
            }
            std::thread::sleep(Duration::from_millis(20)); // asks again, with the deadline above
        }
    }

    /// Writes everything `tipring trace` tells into `file`, until the gateway ends.
    pub fn trace_to(&self, file: &Path) -> Result<(), String> {
        let mut out = fs::File::create(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let mut client = Client::connect(&self.socket, PROMPT).map_err(|e| e.to_string())?;
        client
            .request(Request::Trace { ports: vec![] }, PROMPT)
            .map_err(|e| e.to_string())?;
        std::thread::spawn(move || {
            // The daemon's end is the end of the trace.
            while let Ok(event) = client.next_event(Duration::from_secs(3600)) {
                if let Some(Event::Trace(e)) = event {
                    let (s, ms) = (
                        e.at_unix_us / 1_000_000 % 86_400,
                        e.at_unix_us / 1000 % 1000,
                    );
                    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
                    let port = e.port.unwrap_or(0);
                    let _ = writeln!(
                        out,
                        "{h:02}:{m:02}:{s:02}.{ms:03} {port:>2} {:?} {}",
                        e.kind, e.text
                    );
                }
            }
        });
        Ok(())
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("tipringd.log")).unwrap_or_default()
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Still running?
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The set at a port, with a control connection of its own.
    pub fn set(&self, port: u16) -> Result<Set, String> {
        Set::connect(&self.socket, port)
    }

    /// `tipring status`.
    pub fn status(&self) -> Result<StatusReport, String> {
        match self.ask(Request::Status)? {
            Response::Status(report) => Ok(report),
            other => Err(format!("status answered {other:?}")),
        }
    }

    /// `tipring call list`.
    pub fn calls(&self) -> Result<CallList, String> {
        match self.ask(Request::CallList)? {
            Response::Calls(list) => Ok(list),
            other => Err(format!("call list answered {other:?}")),
        }
    }

    fn ask(&self, request: Request) -> Result<Response, String> {
        let mut client = Client::connect(&self.socket, PROMPT).map_err(|e| e.to_string())?;
        client.request(request, PROMPT).map_err(|e| e.to_string())
    }

    /// Waits until `count` ports are registered; returns how long it took.
    pub fn wait_registered(&self, count: usize, within: Duration) -> Result<Duration, String> {
        let start = Instant::now();
        loop {
            let status = self.status()?;
            let registered = status
                .ports
                .iter()
                .filter(|p| p.registration == RegistrationState::Registered)
                .count();
            if registered >= count {
                return Ok(start.elapsed());
            }
            if start.elapsed() > within {
                return Err(format!(
                    "{registered} of {count} ports registered after {} s:\n{}",
                    within.as_secs(),
                    self.log()
                ));
            }
            std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
        }
    }

    /// Stops it in order; the error holds its log when it did not end well.
    pub fn stop(mut self) -> Result<(), String> {
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            match self.child.try_wait().map_err(|e| e.to_string())? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    return Err(format!("tipringd ended with {status}:\n{}", self.log()));
                }
                None if Instant::now() > end => {
                    return Err(format!("tipringd does not stop:\n{}", self.log()));
                }
                None => std::thread::sleep(Duration::from_millis(20)), // deadline above
            }
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of this workspace: `TIPRING_BIN_DIR`, or the folder of the running test (or the one above it).
pub fn binary(name: &str) -> PathBuf {
    if let Some(dir) = std::env::var_os("TIPRING_BIN_DIR") {
        return Path::new(&dir).join(name);
    }
    let here = std::env::current_exe().unwrap_or_default();
    here.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|p| p.exists())
        .unwrap_or_else(|| PathBuf::from(name))
}
