//! The Asterisk peer of `tests/interop/peer/peer.sh`, as a value that stops it when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The far ends of trunks, each an Asterisk of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Far {
    /// `chan_ooh323`.
    H323,
    /// ISDN by `chan_dahdi`, over two spans of 24 channels that are there already, given by their first channels.
    Pri {
        /// The call manager's.
        near: u16,
        /// The far end's.
        far: u16,
    },
    /// `osmo-mgw` and an Asterisk by RTP behind it.
    Mgcp,
}

/// UDP ports of MGCP.
#[derive(Clone, Copy, Debug)]
pub struct MgcpPorts {
    /// The call agent's.
    pub agent: u16,
    /// Where it looks for its line.
    pub line: u16,
    /// The media gateway's.
    pub media: u16,
    /// RTP of the far end behind the media gateway.
    pub far_rtp: u16,
}

impl Far {
    fn kind(self) -> &'static str {
        match self {
            Far::H323 => "h323",
            Far::Pri { .. } => "pri",
            Far::Mgcp => "mgcp",
        }
    }
}

/// One running call manager with its SIP phone and its far ends.
pub struct Peer {
    program: PathBuf,
    port: u16,
    rtp: u16,
    state: PathBuf,
    stopped: AtomicBool,
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
            stopped: AtomicBool::new(false),
        };
        peer.script(&["start"])?;
        peer.state = PathBuf::from(peer.script(&["where"])?.trim());
        Ok(peer)
    }

    /// Starts the SIP phone.
    pub fn start_sip_phone(&self) -> Result<(), String> {
        self.script(&["sip-start"]).map(drop)
    }

    /// Starts a far end, which is stopped with the call manager.
    pub fn start_far(&self, far: Far) -> Result<(), String> {
        let channels = match far {
            Far::H323 | Far::Mgcp => vec![],
            Far::Pri { near, far } => vec![near.to_string(), far.to_string()],
        };
        let mut args = vec!["far-start", far.kind()];
        args.extend(channels.iter().map(String::as_str));
        self.script(&args).map(drop)
    }

    /// Where MGCP is spoken, as `peer.sh` has it.
    pub fn mgcp_ports(&self) -> MgcpPorts {
        let step = (self.port - 2000) * 10;
        MgcpPorts {
            agent: 2727 + step,
            line: 2427 + step,
            media: 2428 + step,
            far_rtp: self.rtp + 700,
        }
    }

    /// The root of the file system that all of it runs in.
    pub fn tree(&self) -> Result<PathBuf, String> {
        self.script(&["tree"]).map(|tree| tree.trim().into())
    }

    /// Starts HylaFAX with its modem, which is stopped when the value is dropped.
    pub fn start_fax_server(&self) -> Result<FaxServer<'_>, String> {
        self.script(&["fax-start"])?;
        Ok(FaxServer { peer: self })
    }

    /// Stops a far end, and the call manager's own end of that trunk.
    pub fn stop_far(&self, far: Far) -> Result<(), String> {
        self.script(&["far-stop", far.kind()]).map(drop)
    }

    /// Runs a CLI command of a far end.
    pub fn far_rx(&self, far: Far, command: &str) -> Result<String, String> {
        self.script(&["far-rx", far.kind(), command])
    }

    /// Where a far end keeps `log/` and `spool/`.
    pub fn far_state(&self, far: Far) -> PathBuf {
        let mut name = self.state.clone().into_os_string();
        name.push("-");
        name.push(far.kind());
        name.into()
    }

    /// `host:port` of its SCCP side.
    pub fn sccp(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its port for SIP.
    pub fn sip_port(&self) -> u16 {
        5060 + (self.port - 2000) * 10
    }

    /// Where it looks for the bridge of this number, 1 to 4, by SIP.
    pub fn bridge_port(&self, number: u8) -> u16 {
        self.sip_port() + 3 + u16::from(number)
    }

    /// Does it run?
    pub fn is_alive(&self) -> bool {
        self.script(&["alive"]).is_ok()
    }

    /// It was halted or killed here, and has not been started again.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
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
        self.stopped.store(true, Ordering::Relaxed);
        self.script(&["halt"]).map(drop)
    }

    /// Kills the call manager: no connection is closed in order.
    pub fn crash(&self) -> Result<(), String> {
        self.stopped.store(true, Ordering::Relaxed);
        self.script(&["crash"]).map(drop)
    }

    /// Starts it again after [`Peer::halt`].
    pub fn again(&self) -> Result<(), String> {
        self.script(&["again"])?;
        self.stopped.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Text of one of its log files; empty while there is none.
    pub fn log(&self, name: &str) -> String {
        log_of(&self.state, name)
    }

    /// The same of a far end.
    pub fn far_log(&self, far: Far, name: &str) -> String {
        log_of(&self.far_state(far), name)
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

/// HylaFAX beside a call manager, however the flow ends that started it.
pub struct FaxServer<'a> {
    peer: &'a Peer,
}

impl FaxServer<'_> {
    /// Runs a command of its client (`sendfax`, `faxstat` …); what it prints.
    pub fn run(&self, command: &[&str]) -> Result<String, String> {
        self.peer.script(&[&["fax-run"], command].concat())
    }

    /// Where it keeps `recvq/` and `log/`.
    pub fn spool(&self) -> PathBuf {
        self.peer.state.join("hylafax/spool")
    }
}

impl Drop for FaxServer<'_> {
    fn drop(&mut self) {
        if let Err(e) = self.peer.script(&["fax-stop"]) {
            eprintln!("{e}");
        }
    }
}

fn log_of(state: &Path, name: &str) -> String {
    fs::read_to_string(state.join("log").join(name)).unwrap_or_default()
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Err(e) = self.script(&["stop"]) {
            eprintln!("{e}");
        }
    }
}
