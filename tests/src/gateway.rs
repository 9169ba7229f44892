//! A running `tipringd` with simulated sets, driven through its control socket as a technician would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tipring_ctl::client::Client;
use tipring_ctl::report::{PortDetail, RegistrationState, SimSnapshot, StatusReport};
use tipring_ctl::request::{Request, Response, SimAction, SimCondition};

/// Time for an answer that needs no waiting on the line.
const PROMPT: Duration = Duration::from_secs(10);

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
        let child = Command::new(&program)
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
        let client = Client::connect(&self.socket, PROMPT).map_err(|e| e.to_string())?;
        Ok(Set { client, port })
    }

    /// `tipring status`.
    pub fn status(&self) -> Result<StatusReport, String> {
        let mut client = Client::connect(&self.socket, PROMPT).map_err(|e| e.to_string())?;
        match client
            .request(Request::Status, PROMPT)
            .map_err(|e| e.to_string())?
        {
            Response::Status(report) => Ok(report),
            other => Err(format!("status answered {other:?}")),
        }
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

/// A simulated set and its port.
pub struct Set {
    client: Client,
    port: u16,
}

impl Set {
    /// Acts; the error names the port and the action.
    pub fn act(&mut self, action: SimAction, within: Duration) -> Result<SimSnapshot, String> {
        let what = format!("{action:?}");
        let request = Request::Sim {
            port: self.port,
            action,
        };
        match self.client.request(request, within) {
            Ok(Response::Sim(snapshot)) => Ok(snapshot),
            Ok(other) => Err(format!("port {}: {what} answered {other:?}", self.port)),
            Err(e) => Err(format!("port {}: {what}: {e}", self.port)),
        }
    }

    /// Port number.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// State of set and line.
    pub fn show(&mut self) -> Result<SimSnapshot, String> {
        self.act(SimAction::Show, PROMPT)
    }

    /// State of the port as the gateway has it.
    pub fn detail(&mut self) -> Result<PortDetail, String> {
        match self
            .client
            .request(Request::PortShow { port: self.port }, PROMPT)
        {
            Ok(Response::Port(detail)) => Ok(detail),
            Ok(other) => Err(format!("port {}: show answered {other:?}", self.port)),
            Err(e) => Err(format!("port {}: show: {e}", self.port)),
        }
    }

    /// Lifts.
    pub fn lift(&mut self) -> Result<(), String> {
        self.act(SimAction::Lift, PROMPT).map(drop)
    }

    /// Hangs up.
    pub fn hang(&mut self) -> Result<(), String> {
        self.act(SimAction::Hang, PROMPT).map(drop)
    }

    /// Hookflash.
    pub fn flash(&mut self, ms: u32) -> Result<(), String> {
        self.act(SimAction::Flash { ms }, PROMPT).map(drop)
    }

    /// Dials by DTMF, 80 ms on, 80 ms off.
    pub fn dial(&mut self, digits: &str) -> Result<(), String> {
        let action = SimAction::Dial {
            digits: digits.into(),
            pulse: false,
            on_ms: 80,
            off_ms: 80,
        };
        self.act(action, Duration::from_secs(60)).map(drop)
    }

    /// Dials by pulses, 60 ms break, 40 ms make.
    pub fn dial_pulse(&mut self, digits: &str) -> Result<(), String> {
        let action = SimAction::Dial {
            digits: digits.into(),
            pulse: true,
            on_ms: 60,
            off_ms: 40,
        };
        self.act(action, Duration::from_secs(60)).map(drop)
    }

    /// Lifts, waits for dial tone and dials.
    pub fn call(&mut self, digits: &str) -> Result<(), String> {
        self.lift()?;
        self.hears(350.0)?;
        self.dial(digits)
    }

    /// Talks a sine.
    pub fn tone(&mut self, hz: f64, dbm0: f64) -> Result<(), String> {
        self.act(SimAction::Tone { hz, dbm0 }, PROMPT).map(drop)
    }

    /// Says nothing more.
    pub fn quiet(&mut self) -> Result<(), String> {
        self.act(SimAction::Stop, PROMPT).map(drop)
    }

    /// Waits for a condition.
    pub fn wait(&mut self, until: SimCondition, within_s: u64) -> Result<SimSnapshot, String> {
        let action = SimAction::Wait {
            until,
            timeout_ms: within_s * 1000,
        };
        self.act(action, Duration::from_secs(within_s + 5))
    }

    /// Waits until the set hears this frequency.
    pub fn hears(&mut self, hz: f64) -> Result<SimSnapshot, String> {
        self.wait(SimCondition::Tone { hz: Some(hz) }, 15)
    }

    /// Waits for ringing and answers.
    pub fn answer(&mut self) -> Result<(), String> {
        self.wait(SimCondition::Ringing, 15)?;
        self.lift()
    }

    /// Waits until the call is connected and media flows.
    pub fn connected(&mut self) -> Result<(), String> {
        self.wait(SimCondition::Connected, 15).map(drop)
    }

    /// Hangs up and waits until the port is idle.
    pub fn finish(&mut self) -> Result<(), String> {
        self.hang()?;
        self.wait(SimCondition::Idle, 15).map(drop)
    }
}
