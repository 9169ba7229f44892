//! A running `tipringd` with simulated phones, driven through its control socket as a technician would.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tipring_ctl::client::Client;
use tipring_ctl::report::{CallList, PortDetail, PortSummary, ReloadReport, StatusReport};
use tipring_ctl::request::Request;
use tipring_ctl::wire::Event;

use crate::control::Control;
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
    /// Starts `tipringd` (beside this test's own binary, or in `TIPRING_BIN_DIR`) with this configuration in `folder`.
    ///
    /// `[control]` is added by this function; everything else is the caller's.
    pub fn start(folder: &Path, config: &str) -> Result<Gateway, String> {
        Launch::new(folder, Some(config)).start()
    }

    /// Writes everything `tipring trace` shows into `file`, until the gateway ends.
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

    /// Its log so far. A thread of its own writes it, which a busy machine may keep waiting: as long as the daemon can be
    /// asked, everything that it said before this call is there.
    pub fn log(&self) -> String {
        let end = Instant::now() + PROMPT;
        while Instant::now() < end && self.log_lines_waiting() > 0 {
            std::thread::sleep(Duration::from_millis(5)); // asks again, with the deadline above
        }
        fs::read_to_string(self.folder.join("tipringd.log")).unwrap_or_default()
    }

    fn log_lines_waiting(&self) -> u64 {
        let counters = self.status().map_or(vec![], |status| status.counters);
        let waiting = counters.iter().find(|c| c.name == "log-lines-waiting");
        waiting.map_or(0, |c| c.value)
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

    /// The phone at a port, with a control connection of its own.
    pub fn set(&self, port: u16) -> Result<Set, String> {
        Set::connect(&self.socket, port)
    }

    /// Asks it.
    pub fn control(&self) -> Control {
        Control::at(&self.socket)
    }

    /// `tipring status`.
    pub fn status(&self) -> Result<StatusReport, String> {
        self.control().status()
    }

    /// Writes another configuration into its file, as [`Launch`] does; it is read when asked for.
    pub fn write_config(&self, config: &str) -> Result<(), String> {
        write_config(&self.folder, &self.socket, config).map(drop)
    }

    /// `tipring reload` of a good configuration.
    pub fn reload(&self) -> Result<ReloadReport, String> {
        self.control().reload()
    }

    /// `tipring port list`.
    pub fn ports(&self) -> Result<Vec<PortSummary>, String> {
        self.control().ports()
    }

    /// Sends it a signal by its name.
    pub fn signal(&self, name: &str) -> Result<(), String> {
        signal(self.child.id(), name)
    }

    /// How a `tipring` command ends, with what it prints.
    pub fn tipring_ends(&self, args: &[&str]) -> Result<Output, String> {
        command("tipring", None)?
            .arg("--socket")
            .arg(&self.socket)
            .args(args)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("tipring: {e}"))
    }

    /// A `tipring` command that runs until it is ended; its output and its remarks can be read.
    pub fn tipring_runs(&self, args: &[&str]) -> Result<Child, String> {
        command("tipring", None)?
            .arg("--socket")
            .arg(&self.socket)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("tipring: {e}"))
    }

    /// `tipring call list`.
    pub fn calls(&self) -> Result<CallList, String> {
        self.control().calls()
    }

    /// `tipring port show`.
    pub fn port(&self, port: u16) -> Result<PortDetail, String> {
        self.control().port(port)
    }

    /// A counter of `port show` by its name.
    pub fn counter(&self, port: u16, name: &str) -> Result<u64, String> {
        let detail = self.port(port)?;
        let all = detail.counters.iter().chain(&detail.registration.counters);
        let found = all.into_iter().find(|c| c.name == name);
        found.map(|c| c.value).ok_or(format!("no counter {name}"))
    }

    /// What a `tipring` command prints, as a technician would see it.
    pub fn tipring(&self, args: &[&str]) -> Result<String, String> {
        self.control().tipring(args)
    }

    /// Waits until `count` ports are registered; returns how long it took.
    pub fn wait_registered(&self, count: usize, within: Duration) -> Result<Duration, String> {
        let waited = self.control().wait_registered(count, within);
        waited.map_err(|e| format!("{e}:\n{}", self.log()))
    }

    /// Kills it as a crash would: no connection is closed in order, the socket stays behind.
    pub fn crash(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it in order; the error holds its log when it did not end well.
    pub fn stop(mut self) -> Result<(), String> {
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        match self.ended(Duration::from_secs(10)) {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("tipringd ended with {status}:\n{}", self.log())),
            Err(_) => Err(format!("tipringd does not stop:\n{}", self.log())),
        }
    }

    /// Waits for its end.
    pub fn ended(&mut self, within: Duration) -> Result<ExitStatus, String> {
        ended(&mut self.child, within).map_err(|e| format!("tipringd {e}"))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A daemon about to be started.
#[derive(Debug)]
pub struct Launch {
    folder: PathBuf,
    config: Option<String>,
    environment: Vec<(String, String)>,
    args: Vec<String>,
    wrapper: Vec<String>,
    stderr: Option<Arc<fs::File>>,
}

impl Launch {
    /// A daemon with its files in `folder` and this configuration; with none it gets no `--config`, and its socket
    /// by `TIPRING_SOCKET`.
    pub fn new(folder: &Path, config: Option<&str>) -> Launch {
        Launch {
            folder: folder.to_owned(),
            config: config.map(str::to_owned),
            environment: vec![],
            args: vec![],
            wrapper: vec![],
            stderr: None,
        }
    }

    /// With this in its environment.
    #[must_use]
    pub fn env(mut self, key: &str, value: &str) -> Launch {
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// With these arguments after the others.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Launch {
        self.args.extend(args.iter().map(|a| (*a).to_owned()));
        self
    }

    /// Started by this program, which is given the daemon's own command line (`setpriv`, `prlimit` …).
    #[must_use]
    pub fn wrapped(mut self, wrapper: &[&str]) -> Launch {
        self.wrapper = wrapper.iter().map(|w| (*w).to_owned()).collect();
        self
    }

    /// With its standard error here, instead of in `tipringd.log`.
    #[must_use]
    pub fn stderr(mut self, file: fs::File) -> Launch {
        self.stderr = Some(Arc::new(file));
        self
    }

    /// Starts it without waiting for anything; its log goes to `tipringd.log` in its folder.
    pub fn spawn(&self) -> Result<Gateway, String> {
        let folder = &self.folder;
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let socket = folder.join("control.sock");
        let log = fs::File::create(folder.join("tipringd.log")).map_err(|e| e.to_string())?;
        let mut command = command("tipringd", Some(&self.wrapper))?;
        match &self.config {
            Some(config) => {
                let file = write_config(folder, &socket, config)?;
                command
                    .arg("--config")
                    .arg(&file)
                    .env_remove("TIPRING_SOCKET");
            }
            None => drop(command.env("TIPRING_SOCKET", &socket)),
        }
        let stderr = match &self.stderr {
            Some(file) => file.try_clone().map_err(|e| e.to_string())?,
            None => log.try_clone().map_err(|e| e.to_string())?,
        };
        let child = command
            .args(&self.args)
            .envs(self.environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(stderr)
            .spawn()
            .map_err(|e| format!("tipringd cannot be started: {e}"))?;
        Ok(Gateway {
            child,
            folder: folder.clone(),
            socket,
        })
    }

    /// Starts it and waits until it answers.
    pub fn start(&self) -> Result<Gateway, String> {
        let mut gateway = self.spawn()?;
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
}

/// Writes a configuration, with the control socket added, and gives the file.
fn write_config(folder: &Path, socket: &Path, config: &str) -> Result<PathBuf, String> {
    let file = folder.join("tipring.toml");
    let text = format!("{config}\n[control]\nsocket = \"{}\"\n", socket.display());
    fs::write(&file, text).map_err(|e| e.to_string())?;
    Ok(file)
}

/// A program of this workspace, to be killed when the thread that starts it ends.
pub(crate) fn command(name: &str, wrapper: Option<&[String]>) -> Result<Command, String> {
    let program = binary(name);
    if !program.is_file() {
        return Err(format!(
            "{name} is not built; run `cargo build --workspace --bins`, or name its folder in TIPRING_BIN_DIR"
        ));
    }
    let mut words = wrapper
        .unwrap_or_default()
        .iter()
        .map(PathBuf::from)
        .chain([program]);
    let mut command = leash::command(&words.next().unwrap_or_default(), "KILL");
    command.args(words);
    Ok(command)
}

/// Waits for the end of a process.
pub(crate) fn ended(child: &mut Child, within: Duration) -> Result<ExitStatus, String> {
    let end = Instant::now() + within;
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => return Ok(status),
            None if Instant::now() > end => {
                return Err(format!("still runs after {} s", within.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(10)), // asks again, with the deadline above
        }
    }
}

/// Sends a signal by its name to a process.
pub(crate) fn signal(process: u32, name: &str) -> Result<(), String> {
    let sent = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    match sent {
        Ok(status) if status.success() => Ok(()),
        other => Err(format!("kill -s {name}: {other:?}")),
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
