//! What the flows run on: cards, the installed gateway under systemd, the call manager in its chroot, telephones.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tipring_ctl::report::{CallState, PortDetail};
use tipring_tests::control::Control;
use tipring_tests::page::{self, Page};
use tipring_tests::peer::Peer;
use tipring_tests::phone::{Copper, Exchange, FarChannel, Phone};

/// Samples in a telephone's block.
pub(crate) const PHONE_BLOCK: usize = 160;
const CONFIG: &str = "/etc/tipring/tipring.toml";
const SOCKET: &str = "/run/tipring/control.sock";
const UNIT: &str = "tipring";

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// For every change.
    Short,
    /// For a release.
    Long,
}

/// Where the lines come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cards {
    /// None is in the machine.
    None,
    /// The test's own card.
    Bench,
    /// Debian's loopback spans.
    Loopback,
    /// The test's own card, and a pair of loopback spans for ISDN.
    Trunk,
}

/// The kernel's echo canceller, for Asterisk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    Off,
    On,
}

/// The guest as the flows see it.
pub(crate) struct Stage {
    pub(crate) length: Length,
    /// Ports of the card; port n ends in channel n, its telephone in channel `ports + n`.
    pub(crate) ports: u16,
    /// Where the guest's scripts are.
    pub(crate) payload: PathBuf,
    /// For files.
    pub(crate) folder: PathBuf,
    cards: Cell<Cards>,
    kernel_canceller: Cell<Echo>,
    config: RefCell<String>,
    peer: OnceCell<Peer>,
    registered: Cell<Option<(Duration, Duration)>>,
}

impl Stage {
    pub(crate) fn new(length: Length, ports: u16, payload: PathBuf, folder: PathBuf) -> Stage {
        Stage {
            length,
            ports,
            payload,
            folder,
            cards: Cell::new(Cards::None),
            kernel_canceller: Cell::new(Echo::Off),
            config: RefCell::default(),
            peer: OnceCell::new(),
            registered: Cell::new(None),
        }
    }

    /// Short or long.
    pub(crate) fn by_length<T>(&self, short: T, long: T) -> T {
        match self.length {
            Length::Short => short,
            Length::Long => long,
        }
    }

    // --- cards ---

    /// These cards, and no others, are in and configured. The gateway is stopped when they have to change.
    pub(crate) fn cards(&self, wanted: Cards) -> Result<(), String> {
        if self.cards.get() == wanted {
            return Ok(());
        }
        self.stop_gateway()?;
        if self.cards.get() != Cards::None {
            self.script(&["down"])?;
            self.cards.set(Cards::None);
        }
        let n = self.ports.to_string();
        match wanted {
            Cards::None => {}
            Cards::Bench => drop(self.script(&["fxbench", &n])?),
            Cards::Loopback => drop(self.script(&["loc", &n])?),
            Cards::Trunk => drop(self.script(&["trunk", &n])?),
        }
        self.cards.set(wanted);
        Ok(())
    }

    /// The kernel's echo canceller is on the gateway's channels of the test's card, or not.
    pub(crate) fn kernel_echo_canceller(&self, echo: Echo) -> Result<(), String> {
        if self.kernel_canceller.replace(echo) != echo {
            self.cards(Cards::None)?;
        }
        self.cards(Cards::Bench)
    }

    /// `cards.sh`.
    pub(crate) fn script(&self, args: &[&str]) -> Result<String, String> {
        let script = self.payload.join("guest/cards.sh");
        let canceller = match self.kernel_canceller.get() {
            Echo::Off => "ECHO_CANCELLER=",
            Echo::On => "ECHO_CANCELLER=mg2",
        };
        let script = script.display().to_string();
        let args: Vec<&str> = [canceller, &script]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        run("env", &args)
    }

    /// Something else has changed the cards.
    pub(crate) fn cards_are(&self, now: Cards) {
        self.cards.set(now);
    }

    /// Sets a parameter of the test's card.
    pub(crate) fn card(&self, parameter: &str, value: &str) -> Result<(), String> {
        let file = format!("/sys/module/fxbench/parameters/{parameter}");
        fs::write(&file, value).map_err(|e| format!("{file}: {value}: {e}"))
    }

    /// Telephones at these ports, whose bells can be heard.
    pub(crate) fn telephones(&self, ports: &[u16]) -> Result<Exchange, String> {
        let mut lines: Vec<(u16, Box<dyn Copper>)> = vec![];
        for &port in ports {
            let far = FarChannel::open(self.ports + port, PHONE_BLOCK)?;
            lines.push((port, Box::new(far)));
        }
        let exchange = Exchange::new(lines, PHONE_BLOCK)?;
        for &port in ports {
            exchange.phone(port)?.ready();
        }
        Ok(exchange)
    }

    // --- gateway ---

    /// The gateway runs with this configuration ([`Stage::config`]), and all its ports are registered.
    pub(crate) fn gateway(&self, config: &str) -> Result<(), String> {
        self.peer()?;
        if *self.config.borrow() == config && self.is_running() {
            return self
                .control()
                .wait_registered(self.count(config), Duration::from_secs(60))
                .map(drop);
        }
        self.stop_gateway()?;
        self.start_gateway(config)?;
        let count = self.count(config);
        let took = self
            .control()
            .wait_registered(count, Duration::from_secs(60))
            .map_err(|e| {
                format!(
                    "{e}\n{}",
                    self.control().tipring(&["status"]).unwrap_or_default()
                )
            })?;
        let (ready, _) = self.registered.get().unwrap_or_default();
        self.registered.set(Some((ready, took)));
        Ok(())
    }

    /// `systemctl start` with this configuration; the unit says when it is ready.
    pub(crate) fn start_gateway(&self, config: &str) -> Result<(), String> {
        fs::write(CONFIG, config).map_err(|e| format!("{CONFIG}: {e}"))?;
        let start = Instant::now();
        self.systemctl("start")
            .map_err(|e| format!("{e}\n{}", self.journal(20)))?;
        self.registered.set(Some((start.elapsed(), Duration::ZERO)));
        config.clone_into(&mut self.config.borrow_mut());
        Ok(())
    }

    /// Time from `systemctl start` to readiness, and from there to the last registration, of the last start.
    pub(crate) fn start_times(&self) -> (Duration, Duration) {
        self.registered.get().unwrap_or_default()
    }

    pub(crate) fn stop_gateway(&self) -> Result<(), String> {
        self.config.borrow_mut().clear();
        self.systemctl("stop")?;
        let _ = self.systemctl("reset-failed");
        Ok(())
    }

    pub(crate) fn systemctl(&self, what: &str) -> Result<String, String> {
        run("systemctl", &[what, UNIT])
    }

    /// A property of the unit.
    pub(crate) fn unit(&self, property: &str) -> Result<String, String> {
        let property = format!("--property={property}");
        let text = run("systemctl", &["show", &property, "--value", UNIT])?;
        Ok(text.trim().to_owned())
    }

    pub(crate) fn is_running(&self) -> bool {
        run("systemctl", &["is-active", "--quiet", UNIT]).is_ok()
    }

    pub(crate) fn pid(&self) -> Result<u32, String> {
        let pid = self.unit("MainPID")?;
        pid.parse().map_err(|e| format!("MainPID {pid}: {e}"))
    }

    /// The last lines of its journal.
    pub(crate) fn journal(&self, lines: usize) -> String {
        let n = lines.to_string();
        run("journalctl", &["-q", "-o", "cat", "-u", UNIT, "-n", &n]).unwrap_or_default()
    }

    /// A place in its journal, for [`Stage::journal_after`].
    pub(crate) fn journal_cursor(&self) -> Result<String, String> {
        run("journalctl", &["--sync"])?;
        let said = run("journalctl", &["-n", "1", "--show-cursor", "-u", UNIT])?;
        let cursor = said.lines().find_map(|l| l.strip_prefix("-- cursor: "));
        cursor
            .map(str::to_owned)
            .ok_or_else(|| format!("journalctl shows no cursor: {said}"))
    }

    /// The lines of its journal behind a place.
    pub(crate) fn journal_after(&self, cursor: &str) -> Result<String, String> {
        run("journalctl", &["--sync"])?;
        let after = format!("--after-cursor={cursor}");
        run("journalctl", &["-q", "-o", "cat", "-u", UNIT, &after])
    }

    pub(crate) fn control(&self) -> Control {
        Control::at(SOCKET)
    }

    /// The configuration of a gateway at these cards' ports: what holds for all, and for each.
    pub(crate) fn config(&self, all: &str, port: impl Fn(u16) -> String) -> String {
        let mut text = format!(
            r#"
[gateway]
naming = "vgc"
mac = "00:0a:0b:0c:0d:0e"
address = "127.0.0.1"
[callmanager]
servers = ["127.0.0.1:2000"]
[card]
driver = "dahdi"
[control]
group = "tipring"
[defaults]
{all}
"#
        );
        for n in 1..=self.ports {
            let _ = writeln!(text, "[[port]]\nchannel = {n}\n{}", port(n));
        }
        text
    }

    fn count(&self, config: &str) -> usize {
        config.matches("[[port]]").count()
    }

    /// Directory number of a port.
    pub(crate) fn number(&self, port: u16) -> String {
        (2000 + u32::from(port)).to_string()
    }

    /// `tipring port show`, as a value.
    pub(crate) fn port(&self, port: u16) -> Result<PortDetail, String> {
        self.control().port(port)
    }

    /// Waits until a port satisfies a wish.
    pub(crate) fn port_until(
        &self,
        port: u16,
        wish: &str,
        within: Duration,
        good: impl Fn(&PortDetail) -> bool,
    ) -> Result<PortDetail, String> {
        let end = Instant::now() + within;
        loop {
            let detail = self.port(port)?;
            if good(&detail) {
                return Ok(detail);
            }
            if Instant::now() > end {
                let s = &detail.summary;
                return Err(format!(
                    "port {port} is not {wish} after {} s: {:?}, {:?}, call {:?}, {:?}, findings {:?}",
                    within.as_secs(),
                    s.registration,
                    s.state,
                    s.call,
                    s.hook,
                    s.findings
                ));
            }
            std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
        }
    }

    /// Waits until a port's call is connected.
    pub(crate) fn talking(&self, port: u16) -> Result<PortDetail, String> {
        self.port_until(port, "talking", Duration::from_secs(10), |p| {
            p.summary.call == Some(CallState::Connected)
                && p.media.iter().any(|m| m.remote.is_some())
        })
    }

    /// Waits until a port is idle.
    pub(crate) fn idle(&self, port: u16) -> Result<(), String> {
        self.port_until(port, "idle", Duration::from_secs(10), |p| {
            p.summary.state == tipring_ctl::report::PortState::Idle
        })
        .map(drop)
    }

    // --- call manager ---

    /// The call manager, started when it is first wanted.
    pub(crate) fn peer(&self) -> Result<&Peer, String> {
        if self.peer.get().is_none() {
            let script = self.payload.join("guest/peer.sh");
            let peer = Peer::start_by(&script, 2000, 20_000)?;
            let pages = vec![Page::letter(1, 1100)];
            for file in [self.sent_page(), peer.state().join("spool/page.tif")] {
                page::write_tiff(&file, &pages).map_err(|e| format!("{}: {e}", file.display()))?;
            }
            let _ = self.peer.set(peer);
        }
        self.peer.get().ok_or_else(|| "no call manager".into())
    }

    /// The Debian packages that the call manager's tree lacks for `chan_dahdi`, as `image.sh` left word.
    pub(crate) fn missing_packages(&self) -> Vec<String> {
        let script = self.payload.join("guest/peer.sh").display().to_string();
        let tree = run(&script, &["tree"]).unwrap_or_default();
        let list = Path::new(tree.trim()).join("missing-packages");
        let names = fs::read_to_string(list).unwrap_or_default();
        names.lines().map(str::to_owned).collect()
    }

    /// The page that goes both ways.
    pub(crate) fn sent_page(&self) -> PathBuf {
        self.folder.join("sent.tif")
    }

    // --- what every call begins with ---

    /// Lifts and waits for dial tone.
    fn lift(&self, phone: &Phone) -> Result<(), String> {
        phone.lift()?;
        phone.hears(&DIAL_TONE, Duration::from_secs(5)).map(drop)
    }

    /// Lifts, waits for dial tone and dials.
    pub(crate) fn dial(&self, phone: &Phone, digits: &str) -> Result<(), String> {
        self.lift(phone)?;
        phone.dial(digits, tipring_tests::phone::DtmfStyle::default())
    }

    /// A call from one telephone to another, both in it.
    pub(crate) fn call(&self, a: &Phone, b: &Phone) -> Result<(), String> {
        self.lift(a)?;
        self.call_lifted(a, b)
    }

    /// The same once the first one is lifted and hears dial tone.
    pub(crate) fn call_lifted(&self, a: &Phone, b: &Phone) -> Result<(), String> {
        let style = tipring_tests::phone::DtmfStyle::default();
        a.dial(&self.number(b.number()), style)?;
        let rung = tipring_tests::phone::PhoneNews::RingOn;
        b.awaits(&rung, Duration::from_secs(8))?;
        b.lift()?;
        self.talking(a.number())?;
        self.talking(b.number()).map(drop)
    }

    /// A call from a telephone to a number that answers.
    pub(crate) fn call_number(&self, a: &Phone, number: &str) -> Result<(), String> {
        self.dial(a, number)?;
        self.talking(a.number()).map(drop)
    }

    /// Hangs all up and waits for their ports.
    pub(crate) fn hang_up(&self, phones: &[&Phone]) -> Result<(), String> {
        for phone in phones {
            phone.quiet();
            phone.hang_up()?;
        }
        for phone in phones {
            self.idle(phone.number())?;
        }
        Ok(())
    }
}

/// Dial tone.
pub(crate) const DIAL_TONE: [f64; 2] = [350.0, 440.0];
/// Busy and reorder tone.
pub(crate) const BUSY_OR_REORDER: [f64; 2] = [480.0, 620.0];

/// Runs a program; its output, or what it complained about.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let why = String::from_utf8_lossy(&output.stderr);
    let name = Path::new(program).file_name().unwrap_or_default();
    Err(format!(
        "{} {}: {}: {}{}",
        name.display(),
        args.join(" "),
        output.status,
        text.trim(),
        why.trim()
    ))
}
