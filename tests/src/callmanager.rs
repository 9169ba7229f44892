//! The built-in CallManager (`tipring callmanager`) as a process, and its events.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddrV4;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::gateway;

/// A running CallManager; killed when dropped, as a crash would.
pub struct CallManager {
    child: Child,
    address: SocketAddrV4,
    events: mpsc::Receiver<serde_json::Value>,
}

impl CallManager {
    /// Starts it at `listen` (port 0: any free one) and waits until it listens.
    pub fn start(listen: SocketAddrV4, args: &[&str]) -> Result<CallManager, String> {
        CallManager::start_by(&[], listen, args)
    }

    /// The same, started by this program, which is given the command line (`ip netns exec` …).
    pub fn start_by(
        wrapper: &[&str],
        listen: SocketAddrV4,
        args: &[&str],
    ) -> Result<CallManager, String> {
        let wrapper: Vec<String> = wrapper.iter().map(|w| (*w).to_owned()).collect();
        let mut child = gateway::command("tipring", Some(&wrapper))?
            .args(["--json", "callmanager", "--listen", &listen.to_string()])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("tipring cannot be started: {e}"))?;
        let (sender, events) = mpsc::channel();
        let out = child.stdout.take();
        // Ends with the pipe, that is with the process.
        std::thread::spawn(move || {
            let lines = out.into_iter().flat_map(|o| BufReader::new(o).lines());
            for line in lines.map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(serde_json::Value::String(line));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let mut callmanager = CallManager {
            child,
            address: listen,
            events,
        };
        let first = callmanager.event("listening", Duration::from_secs(10))?;
        let text = first["text"].as_str().unwrap_or_default();
        callmanager.address = text
            .split_whitespace()
            .find_map(|word| word.parse().ok())
            .ok_or_else(|| format!("tipring callmanager does not say where it listens: {first}"))?;
        Ok(callmanager)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Sends a signal (`STOP`, `CONT`).
    pub fn signal(&self, name: &str) -> Result<(), String> {
        gateway::signal(self.child.id(), name)
    }

    /// The next event of this kind.
    pub fn event(&mut self, kind: &str, within: Duration) -> Result<serde_json::Value, String> {
        let end = Instant::now() + within;
        loop {
            let event = self
                .next_event(end)
                .map_err(|e| format!("{e}, none {kind:?}"))?;
            if event["kind"] == kind {
                return Ok(event);
            }
        }
    }

    /// The next event of any kind.
    pub fn next_event(&mut self, end: Instant) -> Result<serde_json::Value, String> {
        let left = end.saturating_duration_since(Instant::now());
        self.events.recv_timeout(left).map_err(|_| {
            let ended = self.child.try_wait().ok().flatten();
            format!("tipring callmanager: no more events ({ended:?})")
        })
    }

    /// Has it obey a command, as one types it; the error is its refusal.
    pub fn command(&mut self, line: &str) -> Result<(), String> {
        let says = |e: std::io::Error| format!("tipring callmanager, {line}: {e}");
        let input = self.child.stdin.as_mut().expect("a pipe");
        writeln!(input, "{line}").map_err(says)?;
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let event = self.next_event(end)?;
            let text = event["text"].as_str().unwrap_or_default();
            match event["kind"].as_str() {
                Some("done") if text.starts_with(line) => return Ok(()),
                Some("refused") if text.starts_with(line) => return Err(text.to_owned()),
                _ => {}
            }
        }
    }
}

impl Drop for CallManager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
