//! Captures on loopback and tshark as the judge of every byte we sent.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running `tcpdump`; [`Capture::finish`] ends it in order.
pub struct Capture {
    child: Child,
    file: PathBuf,
}

impl Capture {
    /// Captures what passes `filter` (pcap syntax) on `lo` into `file`.
    pub fn start(file: &Path, filter: &str) -> Result<Capture, String> {
        let mut child = Command::new("tcpdump")
            .args(["-i", "lo", "-U", "-B", "8192", "-s", "0", "-w"])
            .arg(file)
            .arg(filter)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("tcpdump: {e}; apt-get install tcpdump, and run as root"))?;
        // The file's header is written once the capture runs.
        let end = Instant::now() + Duration::from_secs(10);
        while std::fs::metadata(file).map(|m| m.len()).unwrap_or(0) < 24 {
            if Instant::now() > end || child.try_wait().ok().flatten().is_some() {
                let _ = child.kill();
                return Err(format!("tcpdump did not start on {}", file.display()));
            }
            std::thread::sleep(Duration::from_millis(20)); // waits for tcpdump's file, with the deadline above
        }
        Ok(Capture {
            child,
            file: file.to_owned(),
        })
    }

    /// Stops the capture and returns its file.
    pub fn finish(mut self) -> Result<PathBuf, String> {
        let _ = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        self.child.wait().map_err(|e| e.to_string())?;
        Ok(self.file.clone())
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What tshark says of the SCCP frames in a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// SCCP messages from the station side.
    pub sent: usize,
    /// SCCP messages from the server.
    pub received: usize,
    /// Packets from the station side that tshark calls malformed.
    pub malformed: usize,
    /// Packets from the station side with an expert note of severity error.
    pub errors: usize,
}

/// Has tshark read `file`, where the server listens on `server_port`.
pub fn judge(file: &Path, server_port: u16) -> Result<Verdict, String> {
    let count = |filter: String| -> Result<usize, String> {
        let output = Command::new("tshark")
            .arg("-r")
            .arg(file)
            .args([
                "-d",
                &format!("tcp.port=={server_port},skinny"),
                "-Y",
                &filter,
                "-T",
                "fields",
                "-e",
                "skinny.messageId",
            ])
            .stderr(Stdio::null())
            .output()
            .map_err(|e| format!("tshark: {e}; apt-get install tshark"))?;
        if !output.status.success() {
            return Err(format!("tshark cannot read {}", file.display()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        // One line a packet; a packet may hold several messages, separated by commas.
        Ok(text
            .lines()
            .map(|l| l.split(',').filter(|m| !m.is_empty()).count().max(1))
            .sum())
    };
    let (from_us, from_server) = (
        format!("tcp.dstport=={server_port}"),
        format!("tcp.srcport=={server_port}"),
    );
    Ok(Verdict {
        sent: count(format!("skinny && {from_us}"))?,
        received: count(format!("skinny && {from_server}"))?,
        malformed: count(format!("_ws.malformed && {from_us}"))?,
        errors: count(format!(
            "skinny && {from_us} && _ws.expert.severity == 8388608"
        ))?,
    })
}
