//! A gateway asked through its control socket, whoever started it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tipring_ctl::client::Client;
use tipring_ctl::report::{
    CallList, FaxList, FaxReport, PortDetail, PortSummary, RegistrationState, ReloadReport,
    StatusReport,
};
use tipring_ctl::request::{Request, Response};

use crate::gateway::{PROMPT, command};

/// The control socket of a gateway.
#[derive(Clone, Debug)]
pub struct Control {
    socket: PathBuf,
}

impl Control {
    /// The gateway that listens, or will listen, here.
    pub fn at(socket: impl Into<PathBuf>) -> Control {
        Control {
            socket: socket.into(),
        }
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
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

    /// `tipring port list`.
    pub fn ports(&self) -> Result<Vec<PortSummary>, String> {
        match self.ask(Request::PortList)? {
            Response::Ports { ports } => Ok(ports),
            other => Err(format!("port list answered {other:?}")),
        }
    }

    /// `tipring port show`.
    pub fn port(&self, port: u16) -> Result<PortDetail, String> {
        match self.ask(Request::PortShow { port })? {
            Response::Port(detail) => Ok(*detail),
            other => Err(format!("port show answered {other:?}")),
        }
    }

    /// `tipring reload` of a good configuration.
    pub fn reload(&self) -> Result<ReloadReport, String> {
        match self.ask(Request::Reload)? {
            Response::Reload(report) => Ok(report),
            other => Err(format!("reload answered {other:?}")),
        }
    }

    /// What a `tipring` command prints, as a technician would see it.
    pub fn tipring(&self, args: &[&str]) -> Result<String, String> {
        let output = command("tipring", None)?
            .arg("--socket")
            .arg(&self.socket)
            .args(args)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("tipring: {e}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            let why = String::from_utf8_lossy(&output.stderr);
            let status = output.status;
            Err(format!("tipring {args:?}: {status}: {text}{why}"))
        }
    }

    /// The faxes of a port in the journal, newest first.
    pub fn faxes(&self, port: u16) -> Result<Vec<FaxReport>, String> {
        let text = self.tipring(&["fax", "list", &port.to_string(), "--json"])?;
        let list: FaxList = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
        Ok(list.faxes)
    }

    /// The numbers of the calls of a port that the history has, which is of those that are over, newest first.
    pub fn calls_over(&self, port: u16) -> Result<Vec<u64>, String> {
        let text = self.tipring(&["history", &port.to_string(), "--json"])?;
        let history: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
        let calls = history["calls"].as_array();
        let calls = calls.ok_or_else(|| format!("a history without calls: {text}"))?;
        Ok(calls.iter().filter_map(|c| c["id"].as_u64()).collect())
    }

    /// Waits for the newest fax of a port with the last word on it: until its call is over, its verdict may become another one,
    /// which is written together with the call. For a gateway that was started once.
    pub fn settled_fax(&self, port: u16, within: Duration) -> Result<FaxReport, String> {
        let end = Instant::now() + within;
        loop {
            let over = self.calls_over(port)?;
            let newest = self.faxes(port)?.into_iter().next();
            let lacks = match newest {
                Some(newest) if newest.fax.call.is_none_or(|call| over.contains(&call)) => {
                    return Ok(newest);
                }
                Some(newest) => format!("its fax is not over: {}", newest.text),
                None => "the journal has no fax of it".to_owned(),
            };
            if Instant::now() > end {
                let s = within.as_secs();
                return Err(format!("port {port}: after {s} s {lacks}"));
            }
            std::thread::sleep(Duration::from_millis(100)); // asks again, with the deadline above
        }
    }

    /// Ports registered now.
    pub fn registered(&self) -> Result<usize, String> {
        let status = self.status()?;
        let registered = |p: &&_| {
            let p: &tipring_ctl::report::PortSummary = p;
            p.registration == RegistrationState::Registered
        };
        Ok(status.ports.iter().filter(registered).count())
    }

    /// Waits until `count` ports are registered; returns how long it took.
    pub fn wait_registered(&self, count: usize, within: Duration) -> Result<Duration, String> {
        let start = Instant::now();
        loop {
            let registered = self.registered()?;
            if registered >= count {
                return Ok(start.elapsed());
            }
            if start.elapsed() > within {
                let s = within.as_secs();
                return Err(format!(
                    "{registered} of {count} ports registered after {s} s"
                ));
            }
            std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
        }
    }

    fn ask(&self, request: Request) -> Result<Response, String> {
        let mut client = Client::connect(&self.socket, PROMPT).map_err(|e| e.to_string())?;
        client.request(request, PROMPT).map_err(|e| e.to_string())
    }
}
