//! The processes of the story, on loopback and on ports that nobody else uses: the built-in CallManager, the
//! gateway with its simulated card, and the capture.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tipring_tests::callmanager::CallManager;
use tipring_tests::capture::Capture;
use tipring_tests::gateway::{Gateway, binary};

/// Ports of the simulated card.
pub(crate) const PORTS: u16 = 4;
/// RTP ports asked for: four ports, many calls.
const RTP_PORTS: u16 = 200;
/// Not 127.0.0.1: a call manager or a telephone may live there.
const LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Where Wireshark expects SCCP; used when it is free.
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
    /// Starts everything; private files are in `folder`, the packets in `pcap`. `dialect`: whom the CallManager imitates.
    pub(crate) fn open(folder: &Path, pcap: &Path, dialect: Option<&str>) -> Result<House, String> {
        let rtp = free_udp_ports(LOOPBACK, RTP_PORTS)?;
        let last = rtp + RTP_PORTS - 1;
        let devices = devices();
        let mut devices: Vec<&str> = devices.iter().map(String::as_str).collect();
        if let Some(dialect) = dialect {
            devices.extend(["--dialect", dialect]);
        }
        let callmanager = CallManager::start(SocketAddrV4::new(LOOPBACK, SCCP_PORT), &devices)
            .or_else(|_| CallManager::start(SocketAddrV4::new(LOOPBACK, 0), &devices))?;
        let sccp = callmanager.address().port();
        let capture = Capture::start(
            pcap,
            &format!("host {LOOPBACK} and (tcp port {sccp} or udp portrange {rtp}-{last})"),
        );
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

    /// The keys that a number pressed in its call, as the CallManager reports them, until there are `count` or time is
    /// up.
    pub(crate) fn digits(&mut self, number: &str, count: usize, within: Duration) -> String {
        let end = Instant::now() + within;
        let mut digits = String::new();
        while digits.chars().count() < count {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(event) = self.callmanager.event("digit", left) else {
                break;
            };
            // `1001, call 3: 5`
            let text = event["text"].as_str().unwrap_or_default();
            let of_number = text.starts_with(&format!("{number},"));
            digits.extend(text.chars().last().filter(|_| of_number));
        }
        digits
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

/// The first of `count` UDP ports in a row that are all free now. Runs at the same time begin to look at different places.
pub(crate) fn free_udp_ports(address: Ipv4Addr, count: u16) -> Result<u16, String> {
    let first: Vec<u16> = (16_384..32_000).step_by(usize::from(count)).collect();
    let begin = std::process::id() as usize % first.len();
    let free = |&first: &u16| (first..first + count).all(|p| UdpSocket::bind((address, p)).is_ok());
    let mut candidates = first.iter().cycle().skip(begin).take(first.len());
    candidates
        .find(|f| free(f))
        .copied()
        .ok_or_else(|| format!("no {count} free UDP ports in a row on {address}"))
}
