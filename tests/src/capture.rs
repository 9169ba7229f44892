//! Captures on loopback and tshark as the judge of every byte we sent.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::leash;

/// No capture runs for longer, whatever becomes of us.
const LONGEST_S: &str = "7200";

const NEEDS_ROOT: &str = "capturing on lo needs tcpdump and root: apt-get install tcpdump, then run this \
                          as root or let sudo run it without a password";

/// A running `tcpdump`; [`Capture::finish`] ends it in order.
pub struct Capture {
    child: Child,
    file: PathBuf,
    as_root: bool,
}

impl Capture {
    /// Captures what passes `filter` (pcap syntax) on `lo` into `file`, as root or through `sudo` if that asks no
    /// password.
    pub fn start(file: &Path, filter: &str) -> Result<Capture, String> {
        let as_root = fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0);
        let mut command = if as_root {
            leash::command(Path::new("timeout"), "TERM")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "timeout"]);
            sudo
        };
        // Standard output, not a file of its own: tcpdump may not write where its unprivileged user may not.
        let to = File::create(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let child = command
            .args(["--foreground", "-s", "INT", LONGEST_S, "tcpdump"])
            .args(["-i", "lo", "-U", "--immediate-mode", "-B", "8192"])
            .args(["-s", "0", "-w", "-"])
            .arg(filter)
            .stdin(Stdio::null())
            .stdout(to)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{NEEDS_ROOT} ({e})"))?;
        let mut capture = Capture {
            child,
            file: file.to_owned(),
            as_root,
        };
        // The file's header is written once the capture runs.
        let end = Instant::now() + Duration::from_secs(10);
        while fs::metadata(file).map_or(0, |m| m.len()) < 24 {
            if Instant::now() > end || capture.child.try_wait().ok().flatten().is_some() {
                return Err(NEEDS_ROOT.into());
            }
            std::thread::sleep(Duration::from_millis(20)); // waits for tcpdump's header, with the deadline above
        }
        Ok(capture)
    }

    /// Stops the capture and returns its file.
    pub fn finish(mut self) -> Result<PathBuf, String> {
        self.stop();
        Ok(self.file.clone())
    }

    /// `timeout` and `sudo` pass the signal on.
    fn stop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let pid = self.child.id().to_string();
        let mut kill = if self.as_root {
            Command::new("kill")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "kill"]);
            sudo
        };
        let _ = kill.args(["-INT", &pid]).stderr(Stdio::null()).status();
        let end = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > end {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10)); // waits for its end, with the deadline above
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What tshark says of a capture.
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
    /// RTP packets, of both sides.
    pub rtp: usize,
}

/// Is tshark installed?
pub fn has_tshark() -> bool {
    let asked = Command::new("tshark")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
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
        rtp: count("rtp".into())?,
    })
}

/// What tshark says of UDPTL in a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct T38Verdict {
    /// Packets of T.38.
    pub t38: usize,
    /// Of all packets.
    pub malformed: usize,
    /// Of all packets, expert notes of severity error.
    pub errors: usize,
}

/// Has tshark read `file`, where these ports (first and last) have RTP and UDPTL.
pub fn judge_t38(file: &Path, ports: [u16; 2]) -> Result<T38Verdict, String> {
    let count = |filter: &str| t38_packets(file, ports, filter);
    Ok(T38Verdict {
        t38: count("t38 && !rtp")?,
        // A packet that cannot be read to its end has a note of its own, whatever else is noted of it.
        malformed: count(&format!(
            "_ws.malformed && (!({LOST_COUNT}) || {CANNOT_BE_READ})"
        ))?,
        errors: count(&format!(
            "_ws.expert.severity == 8388608 && !({LOST_COUNT})"
        ))?,
    })
}

/// Where a packet ends one frame and begins another, the dissector loses count of the pieces, and calls an end in the next
/// packet an end of nothing; it does so with packets of each maker.
const LOST_COUNT: &str =
    "_ws.expert.message contains \"RECEIVED END OF FRAGMENT W/OUT ANY FRAGMENT DATA\"";

/// What the dissector says of a packet that ends before its last field, or has a value that does not exist.
const CANNOT_BE_READ: &str = "_ws.expert.message contains \"Exception occurred\"";

/// Packets of a capture that pass a filter, as tshark reads them where these ports (first and last) have RTP and UDPTL.
pub fn t38_packets(file: &Path, ports: [u16; 2], filter: &str) -> Result<usize, String> {
    let [first, last] = ports;
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(["-d", &format!("udp.port=={first}-{last},t38")])
        .args(["-o", "t38.use_pre_corrigendum_asn1_specification:TRUE"])
        // It takes frames of a page for signals.
        .args(["--disable-protocol", "t30"])
        .args(["-o", "t38.dissect_possible_rtpv2_packets_as_rtp:TRUE"])
        .args(["-Y", filter])
        .stderr(Stdio::null())
        .output()
        .map_err(|e| format!("tshark: {e}; apt-get install tshark"))?;
    if !output.status.success() {
        return Err(format!(
            "tshark cannot read {} with {filter}",
            file.display()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}
