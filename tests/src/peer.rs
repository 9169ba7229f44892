//! The Asterisk peer of `tests/interop/peer/peer.sh`, as a value that stops it when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// One running call manager with its SIP phone and its far end of H.323.
pub struct Peer {
    program: PathBuf,
    port: u16,
    rtp: u16,
    state: PathBuf,
}

impl Peer {
    /// Builds (first time) and starts the call manager on this port of 127.0.0.1.
    pub fn start(port: u16, rtp: u16) -> Result<Peer, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/peer/peer.sh");
        Peer::start_by(&script, port, rtp)
    }

    /// The same by another copy of the script, or one that calls it.
    pub fn start_by(script: &Path, port: u16, rtp: u16) -> Result<Peer, String> {
        let mut peer = Peer {
            program: script.to_owned(),
            port,
            rtp,
            state: PathBuf::new(),
        };
        peer.script(&["start"])?;
        peer.state = PathBuf::from(peer.script(&["where"])?.trim());
        Ok(peer)
    }

    /// Starts the SIP phone.
    pub fn start_sip_phone(&self) -> Result<(), String> {
        self.script(&["sip-start"]).map(drop)
    }

    /// Starts the far end of H.323, which is stopped with the call manager.
    pub fn start_h323_far(&self) -> Result<(), String> {
        self.script(&["h323-start"]).map(drop)
    }

    /// Runs a CLI command of the far end of H.323.
    pub fn h323_rx(&self, command: &str) -> Result<String, String> {
        self.script(&["h323-rx", command])
    }

    /// Where the far end of H.323 keeps `log/` and `spool/`.
    pub fn h323_state(&self) -> PathBuf {
        let mut name = self.state.clone().into_os_string();
        name.push("-h323");
        name.into()
    }

    /// `host:port` of its SCCP side.
    pub fn sccp(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Does it run?
    pub fn is_alive(&self) -> bool {
        self.script(&["alive"]).is_ok()
    }

    /// The port of its SCCP side.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps `log/`, `spool/` and `baresip/`.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Runs a CLI command of the call manager.
    pub fn rx(&self, command: &str) -> Result<String, String> {
        self.script(&["rx", command])
    }

    /// Stops the call manager (its phone stays).
    pub fn halt(&self) -> Result<(), String> {
        self.script(&["halt"]).map(drop)
    }

    /// Kills the call manager: no connection is closed in order.
    pub fn crash(&self) -> Result<(), String> {
        self.script(&["crash"]).map(drop)
    }

    /// Starts it again after [`Peer::halt`].
    pub fn again(&self) -> Result<(), String> {
        self.script(&["again"]).map(drop)
    }

    /// Text of one of its log files; empty while there is none.
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.state.join("log").join(name)).unwrap_or_default()
    }

    /// Lines that a log file has now, for [`Peer::wait_log`].
    pub fn log_lines(&self, name: &str) -> usize {
        self.log(name).lines().count()
    }

    /// Waits until a line of `log/name` behind the first `lines` satisfies `wanted`.
    pub fn wait_log(
        &self,
        name: &str,
        lines: usize,
        within: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, String> {
        let end = Instant::now() + within;
        loop {
            if let Some(line) = self.log(name).lines().skip(lines).find(|l| wanted(l)) {
                return Ok(line.to_owned());
            }
            if Instant::now() > end {
                return Err(format!(
                    "{name}: no such line within {} s",
                    within.as_secs()
                ));
            }
            std::thread::sleep(Duration::from_millis(100)); // asks a log file again; the deadline is above
        }
    }

    fn script(&self, args: &[&str]) -> Result<String, String> {
        let script = &self.program;
        let output: Output = Command::new(script)
            .args(args)
            .env("PEER_PORT", self.port.to_string())
            .env("PEER_RTP", self.rtp.to_string())
            .output()
            .map_err(|e| format!("{}: {e}", script.display()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!(
                "peer.sh {args:?}: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ))
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Err(e) = self.script(&["stop"]) {
            eprintln!("{e}");
        }
    }
}
