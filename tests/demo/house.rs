//! The processes of the story, on loopback and on ports that nobody else uses: the built-in CallManager, the
//! gateway with its simulated card, and the capture.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tipring_tests::capture::Capture;
use tipring_tests::gateway::{Gateway, binary};
use tipring_tests::leash;

/// Ports of the simulated card.
pub(crate) const PORTS: u16 = 4;
/// RTP ports asked for: four ports, many calls.
const RTP_PORTS: u16 = 200;
/// Not 127.0.0.1: a call manager or a telephone may live there.
const LOOPBACK: &str = "127.0.0.2";
/// Where Wireshark expects SCCP; taken when it is free.
const SCCP_PORT: u16 = 2000;
/// The gateway's MAC, and what device names have of it.
const MAC: &str = "02:00:5e:10:20:30";
const MAC_TAIL: &str = "005E102030";
/// What the ports are called here and at the CallManager.
pub(crate) const LABELS: [&str; PORTS as usize] =
    ["Reception", "Workshop", "Fax 1st floor", "Fax 2nd floor"];

/// Everything that runs.
pub(crate) struct House {
    /// The daemon.
    pub(crate) gateway: Gateway,
    /// The CallManager.
    pub(crate) callmanager: CallManager,
    /// The packets, or why there are none.
    pub(crate) capture: Result<Capture, String>,
    /// Where the CallManager listens.
    pub(crate) sccp: u16,
}

impl House {
    /// Starts everything; private files are in `folder`, the packets in `pcap`.
    pub(crate) fn open(folder: &Path, pcap: &Path) -> Result<House, String> {
        let sccp = free_tcp_port()?;
        let rtp = free_udp_ports()?;
        let last = rtp + RTP_PORTS - 1;
        let capture = Capture::start(
            pcap,
            &format!("host {LOOPBACK} and (tcp port {sccp} or udp portrange {rtp}-{last})"),
        );
        let callmanager = CallManager::start(folder, sccp)?;
        let config = format!(
            r#"
[gateway]
naming = "vgc"
mac = "{MAC}"
address = "{LOOPBACK}"
[callmanager]
servers = ["{LOOPBACK}:{sccp}"]
[media]
rtp-ports = "{rtp}-{last}"
[card]
driver = "sim"
[sim]
ports = {PORTS}
[defaults]
country = "us"
{}"#,
            ports()
        );
        let gateway = Gateway::start(folder, &config)?;
        Ok(House {
            gateway,
            callmanager,
            capture,
            sccp,
        })
    }

    /// What a `tipring` command prints, as a technician would see it.
    pub(crate) fn tipring(&self, args: &[&str]) -> Result<String, String> {
        let program = binary("tipring");
        let output = Command::new(&program)
            .arg("--socket")
            .arg(self.gateway.socket())
            .args(args)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(format!(
                "tipring {}: {}: {text}{why}",
                args.join(" "),
                output.status
            ))
        }
    }
}

/// The built-in CallManager as a process, and what it tells.
pub(crate) struct CallManager {
    child: Child,
    events: mpsc::Receiver<serde_json::Value>,
    log: PathBuf,
}

impl CallManager {
    fn start(folder: &Path, port: u16) -> Result<CallManager, String> {
        let program = binary("tipring");
        let log = folder.join("callmanager.log");
        let errors = std::fs::File::create(&log).map_err(|e| e.to_string())?;
        let mut child = leash::command(&program, "KILL")
            .args(["--json", "callmanager", "--listen"])
            .arg(format!("{LOOPBACK}:{port}"))
            .args(devices())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let (sender, events) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            // Ends with the pipe, that is with the process.
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    let Ok(value) = serde_json::from_str(&line) else {
                        continue;
                    };
                    if sender.send(value).is_err() {
                        return;
                    }
                }
            });
        }
        let mut callmanager = CallManager { child, events, log };
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((LOOPBACK, port)).is_err() {
            let ended = callmanager.child.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > end {
                return Err(format!(
                    "tipring callmanager does not listen ({ended:?}): {}",
                    std::fs::read_to_string(&callmanager.log).unwrap_or_default()
                ));
            }
            std::thread::sleep(Duration::from_millis(20)); // asks again, with the deadline above
        }
        Ok(callmanager)
    }

    /// The keys that a number pressed in its call, as they arrive, until there are `count` or time is up.
    pub(crate) fn digits(&self, number: &str, count: usize, within: Duration) -> String {
        let end = Instant::now() + within;
        let mut digits = String::new();
        while digits.chars().count() < count {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else {
                break;
            };
            let text = |key: &str| event.get(key).and_then(|v| v.as_str());
            // `1001, call 3: 5`
            let of_us = text("text").filter(|t| t.starts_with(&format!("{number},")));
            if let (Some("digit"), Some(key)) = (text("kind"), of_us.and_then(|t| t.chars().last()))
            {
                digits.push(key);
            }
        }
        digits
    }
}

impl Drop for CallManager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two telephones and two fax machines.
fn ports() -> String {
    let port = |(i, label): (usize, &&str)| {
        let profile = if i < 2 { "phone" } else { "fax" };
        let channel = i + 1;
        format!("[[port]]\nchannel = {channel}\nlabel = \"{label}\"\nprofile = \"{profile}\"\n")
    };
    LABELS.iter().enumerate().map(port).collect()
}

/// The devices that the CallManager knows, by the names that the gateway makes of [`MAC`].
fn devices() -> Vec<String> {
    LABELS
        .iter()
        .enumerate()
        .flat_map(|(i, label)| {
            let port = i + 1;
            let device = format!("VGC{MAC_TAIL}{port:02}={}={label}", 1000 + port);
            ["--device".into(), device]
        })
        .collect()
}

/// A TCP port that is free now.
fn free_tcp_port() -> Result<u16, String> {
    TcpListener::bind((LOOPBACK, SCCP_PORT))
        .or_else(|_| TcpListener::bind((LOOPBACK, 0)))
        .and_then(|l| l.local_addr())
        .map(|a| a.port())
        .map_err(|e| format!("no free TCP port on {LOOPBACK}: {e}"))
}

/// The first of [`RTP_PORTS`] UDP ports in a row that are all free now.
fn free_udp_ports() -> Result<u16, String> {
    (16_384..32_000u16)
        .step_by(usize::from(RTP_PORTS))
        .find(|&first| (first..first + RTP_PORTS).all(|p| UdpSocket::bind((LOOPBACK, p)).is_ok()))
        .ok_or_else(|| format!("no {RTP_PORTS} free UDP ports in a row on {LOOPBACK}"))
}
