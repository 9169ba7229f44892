//! What a round of flows runs on: a call manager, a gateway with 48 ports, a capture.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use tipring_ctl::report::FindingReport;
use tipring_tests::capture::{self, Capture};
use tipring_tests::gateway::Gateway;
use tipring_tests::page::{self, Page};
use tipring_tests::peer::Peer;
use tipring_tests::set::Set;
use tipring_tests::stalls::StallWatch;

use crate::figures::{Failure, Figures, Outcome};

/// Ports of the gateway in every round.
pub(crate) const PORTS: u16 = 48;

/// What a round is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageConfig {
    /// Which of the rounds that run at once; gives ports and addresses.
    pub(crate) index: usize,
    /// SCCP device type.
    pub(crate) device_type: u32,
    /// Protocol version.
    pub(crate) version: u8,
    /// Trans-hybrid loss of the lines.
    pub(crate) hybrid_loss_db: u8,
    /// Also the flows that are in one round only.
    pub(crate) has_all: bool,
}

/// Call manager, gateway and capture of one round.
pub(crate) struct Stage {
    pub(crate) gateway: Gateway,
    pub(crate) peer: Peer,
    pub(crate) folder: PathBuf,
    /// First directory number less one: port n has number `base + n`.
    base: u32,
    /// Prefix of the device sections on the call manager (`vgc1` …).
    section: &'static str,
    capture: Capture,
    registered_after: Duration,
    hybrid_loss_db: u8,
    stalls: StallWatch,
    /// The ports that the flow of each thread has used.
    used: Mutex<HashMap<ThreadId, BTreeSet<u16>>>,
}

/// A moment from which stalls of the machine are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    at: Instant,
    /// Missed blocks of the ports in use.
    missed: BTreeMap<u16, u64>,
}

/// What was wrong with the call manager itself.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    pub(crate) what: &'static str,
    /// With the calls and devices of these ports only; none: with all.
    ports: Option<BTreeSet<u16>>,
}

impl Wrong {
    fn everywhere(what: &'static str) -> Wrong {
        Wrong { what, ports: None }
    }

    /// May it be the reason that a flow at these ports failed?
    pub(crate) fn concerns(&self, used: &BTreeSet<u16>) -> bool {
        let here = |ports: &BTreeSet<u16>| !ports.is_disjoint(used);
        !used.is_empty() && self.ports.as_ref().is_none_or(here)
    }
}

impl Stage {
    /// Starts everything and waits until all ports are registered.
    pub(crate) fn set(config: &StageConfig, folder: PathBuf) -> Result<Stage, String> {
        let StageConfig {
            index,
            device_type,
            version,
            hybrid_loss_db,
            ..
        } = *config;
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let n = index + 1;
        let port = 2000 + index as u16;
        let peer = Peer::start(port, 20_000 + 1_000 * index as u16)?;
        peer.start_sip_phone()?;
        let (naming, base, section) = match device_type {
            10 => ("vgc", 2000, "vgc"),
            _ => ("an", 3000, "an"),
        };
        let pages = vec![Page::letter(1, 1100), Page::letter(2, 1100)];
        for file in [folder.join("sent.tif"), peer.state().join("spool/page.tif")] {
            page::write_tiff(&file, &pages).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        let capture = Capture::start(&folder.join("sccp.pcap"), &format!("tcp port {port}"))?;
        let rtp = 26_000;
        let config = format!(
            r#"
[gateway]
naming = "{naming}"
mac = "00:0a:0b:0c:0d:0e"
address = "127.0.2.{n}"
device-type = {device_type}
protocol-version = {version}
[callmanager]
servers = ["{}"]
[media]
rtp-ports = [{rtp}, {}]
[card]
driver = "sim"
[sim]
ports = {PORTS}
hybrid-loss-db = {hybrid_loss_db}
[defaults]
country = "us"
{}"#,
            peer.sccp(),
            rtp + 5_999,
            flows_config()
        );
        let gateway = Gateway::start(&folder, &config)?;
        gateway.trace_to(&folder.join("trace.txt"))?;
        let registered_after =
            gateway.wait_registered(usize::from(PORTS), Duration::from_secs(60))?;
        Ok(Stage {
            gateway,
            peer,
            folder,
            base,
            section,
            capture,
            registered_after,
            hybrid_loss_db,
            stalls: StallWatch::start(),
            used: Mutex::default(),
        })
    }

    /// Errors that the call manager has logged about its own calls and memory: two of its threads ended related calls
    /// at once. After one of these, a phone can stay without service for good.
    pub(crate) fn assertions(&self) -> usize {
        let log = self.peer.log("full");
        [
            "Failed assertion",
            "was related but not at SUBSTATE_HOLD",
            "Cannot set substate to SUBSTATE_HOLD from SUBSTATE_ONHOOK",
        ]
        .iter()
        .map(|words| log.matches(words).count())
        .sum()
    }

    /// The call manager crashed, hangs, or logs errors of its own (more `assertions` than before): starts it again, hangs
    /// up every phone and waits for all ports. What was wrong with it; `None`: nothing.
    pub(crate) fn revive(&self, assertions: usize) -> Result<Option<Wrong>, String> {
        let wrong = if !self.peer.is_alive() {
            self.crashed()
        } else if self.assertions() > assertions {
            Some(Wrong::everywhere("logged errors about its own calls"))
        } else if let Some(dead) = self.dead_devices()? {
            Some(dead)
        } else if let Some(kept) = self.kept_calls()? {
            Some(kept)
        } else {
            return Ok(None);
        };
        self.start_again()?;
        Ok(wrong)
    }

    /// The same only where it crashed or keeps calls that the gateway has ended: for flows that ran beside others, of which
    /// each may have been the reason of a word in the log.
    pub(crate) fn revive_hung(&self) -> Result<Option<Wrong>, String> {
        let wrong = if !self.peer.is_alive() {
            self.crashed()
        } else if let Some(kept) = self.kept_calls()? {
            Some(kept)
        } else {
            return Ok(None);
        };
        self.start_again()?;
        Ok(wrong)
    }

    /// It does not run. A flow that stopped it, and failed before it started it again, has no excuse in that.
    fn crashed(&self) -> Option<Wrong> {
        (!self.peer.is_stopped()).then(|| Wrong::everywhere("crashed"))
    }

    fn start_again(&self) -> Result<(), String> {
        if self.peer.is_alive() {
            self.peer.crash()?;
        }
        self.hang_all()?;
        self.peer.again()?;
        let within = Duration::from_secs(120);
        self.gateway.wait_registered(usize::from(PORTS), within)?;
        Ok(())
    }

    /// A phone went off-hook and the call manager did not respond, though it answers that device's keepalives. The same race as
    /// that of the words in the log, without them: seen to last until the call manager is started again.
    fn dead_devices(&self) -> Result<Option<Wrong>, String> {
        let unresponsive = |f: &FindingReport| f.code() == "server-unresponsive";
        let ports = self.gateway.status()?.ports.into_iter();
        let dead: BTreeSet<u16> = ports
            .filter(|p| p.findings.iter().any(unresponsive))
            .map(|p| p.port)
            .collect();
        Ok((!dead.is_empty()).then_some(Wrong {
            what: "no longer responds to a device",
            ports: Some(dead),
        }))
    }

    /// Hangs up every phone. Calls that the call manager has then still, 10 s later, hang in threads of its own: seen with
    /// calls that it neither connected nor ended, while it answered keepalives and took new calls. Not when it is the
    /// gateway that keeps a call, or that sent no OnHook for a port whose channel is left.
    fn kept_calls(&self) -> Result<Option<Wrong>, String> {
        self.hang_all()?;
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let channels = self.peer.rx("core show channels concise");
            let kept: Vec<&str> = channels.iter().flat_map(|text| text.lines()).collect();
            if channels.is_ok() && kept.is_empty() {
                return Ok(None);
            }
            if Instant::now() > end {
                let ours = self.gateway.calls()?.active.len();
                let ports: BTreeSet<u16> = (1..=PORTS)
                    .filter(|p| {
                        let device = format!("/{}@", self.number(*p));
                        kept.iter().any(|line| line.contains(&device))
                    })
                    .collect();
                let silent = ports.iter().filter(|p| !self.said_on_hook(**p));
                let unsaid: Vec<u16> = silent.copied().collect();
                for line in &kept {
                    println!("     the call manager keeps {line}");
                }
                if ours > 0 || !unsaid.is_empty() {
                    println!(
                        "     the gateway has {ours} calls, and ports {unsaid:?} sent no OnHook: no fault of the call manager"
                    );
                    return Ok(None);
                }
                return Ok(Some(match channels {
                    Ok(_) => Wrong {
                        what: "keeps calls whose phones are all on-hook",
                        ports: Some(ports),
                    },
                    Err(_) => Wrong::everywhere("does not answer"),
                }));
            }
            std::thread::sleep(Duration::from_millis(200)); // asks again; the deadline is above
        }
    }

    /// The last hook message of a port to the call manager is an OnHook.
    fn said_on_hook(&self, port: u16) -> bool {
        let trace = std::fs::read_to_string(self.folder.join("trace.txt")).unwrap_or_default();
        let said = trace.lines().rev().find_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let of = words.next()?.parse::<u16>().ok()?;
            let word = (of == port && words.next()? == "SccpOut").then(|| words.next())??;
            matches!(word, "OnHook" | "OffHook").then(|| word == "OnHook")
        });
        said.unwrap_or(false)
    }

    /// A flow begins in this thread.
    pub(crate) fn begin(&self) {
        let thread = std::thread::current().id();
        self.used().remove(&thread);
    }

    /// The ports of this stage's gateway that the flow of this thread has used.
    pub(crate) fn used_ports(&self) -> BTreeSet<u16> {
        let thread = std::thread::current().id();
        self.used().get(&thread).cloned().unwrap_or_default()
    }

    /// The beginning of something about sound in this thread, for [`Stage::spoilt`].
    pub(crate) fn mark(&self) -> Mark {
        let used = self.used_ports().into_iter();
        Mark {
            missed: used.map(|port| (port, self.missed_blocks(port))).collect(),
            at: Instant::now(),
        }
    }

    /// What is measured or decoded of sound: when that fails, a stall of this machine meanwhile may be the reason.
    pub(crate) fn sound<T>(&self, what: impl FnOnce() -> Result<T, String>) -> Result<T, Failure> {
        let begin = self.mark();
        what().map_err(|text| self.spoilt(&begin, text))
    }

    /// Sound since the mark was not what it should have been.
    pub(crate) fn spoilt(&self, since: &Mark, text: String) -> Failure {
        let stalls = self.stalled(since, 0);
        Failure { text, stalls }
    }

    /// The sound of the ports that this thread had in use at the mark, and of a gateway of its own that has missed `elsewhere`
    /// blocks, may have had holes since then because this machine did not let the line thread, or a program that wants to run
    /// every 10 ms, run in time. `None`: it was always in time.
    pub(crate) fn stalled(&self, since: &Mark, elsewhere: u64) -> Option<String> {
        let missed = since
            .missed
            .iter()
            .map(|(port, before)| self.missed_blocks(*port).saturating_sub(*before));
        let missed = missed.sum::<u64>() + elsewhere;
        let stalls = self.stalls.since(since.at);
        if missed == 0 && stalls.is_none() {
            return None;
        }
        let (count, longest) = stalls.unwrap_or_default();
        Some(format!(
            "its ports missed {missed} blocks; {count} stalls of this machine, the longest {} ms",
            longest.as_millis()
        ))
    }

    fn missed_blocks(&self, port: u16) -> u64 {
        self.gateway.counter(port, "missed-blocks").unwrap_or(0)
    }

    fn used(&self) -> MutexGuard<'_, HashMap<ThreadId, BTreeSet<u16>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hangs up every phone: what a failed flow left off-hook would fail the next one.
    pub(crate) fn hang_all(&self) -> Result<(), String> {
        (1..=PORTS).try_for_each(|port| self.gateway.set(port)?.hang())
    }

    /// Hangs up the phones that the flow of this thread has used.
    pub(crate) fn hang_used(&self) -> Result<(), String> {
        let mut used = self.used_ports().into_iter();
        used.try_for_each(|port| self.gateway.set(port)?.hang())
    }

    /// The phone at a port.
    pub(crate) fn port(&self, port: u16) -> Result<Set, String> {
        self.uses(port);
        self.gateway.set(port)
    }

    /// The flow of this thread uses a port, perhaps in another thread.
    pub(crate) fn uses(&self, port: u16) {
        let thread = std::thread::current().id();
        self.used().entry(thread).or_default().insert(port);
    }

    /// Directory number of a port.
    pub(crate) fn number(&self, port: u16) -> String {
        (self.base + u32::from(port)).to_string()
    }

    /// Section name of a port's device on the call manager.
    pub(crate) fn device(&self, port: u16) -> String {
        format!("{}{port}", self.section)
    }

    /// How long all ports took to register.
    pub(crate) fn registered_after(&self) -> Duration {
        self.registered_after
    }

    /// Trans-hybrid loss of the lines, dB.
    pub(crate) fn hybrid_loss_db(&self) -> u8 {
        self.hybrid_loss_db
    }

    /// The fax that goes both ways.
    pub(crate) fn sent_pages(&self) -> PathBuf {
        self.folder.join("sent.tif")
    }

    /// A file of the call manager's spool.
    pub(crate) fn spool(&self, name: &str) -> PathBuf {
        self.peer.state().join("spool").join(name)
    }

    /// Stops everything; the last verdicts: tshark's, and an orderly end.
    pub(crate) fn strike(self) -> Vec<Outcome> {
        let Stage {
            gateway,
            peer,
            capture,
            ..
        } = self;
        let status = Outcome::of("line thread", || {
            let report = gateway.status()?;
            let threads = &report.line_threads;
            let missed: u64 = threads.iter().map(|t| t.missed_blocks).sum();
            let full: u64 = threads
                .iter()
                .map(|t| t.command_ring_full + t.event_ring_full)
                .sum();
            let text = format!("missed blocks {missed}, full rings {full}");
            if full == 0 {
                Ok(Figures::say(text))
            } else {
                Err(text.into())
            }
        });
        let stop = Outcome::of("stop", || {
            gateway.stop()?;
            Ok(Figures::say("unregistered and ended in order"))
        });
        let port = peer.port();
        drop(peer);
        let tshark = Outcome::of("tshark", || judge(capture, port));
        vec![status, stop, tshark]
    }
}

fn judge(capture: Capture, port: u16) -> Result<Figures, Failure> {
    let file: PathBuf = capture.finish()?;
    let v = capture::judge(Path::new(&file), port)?;
    let text = format!(
        "{} messages sent, {} received, {} malformed, {} expert errors",
        v.sent, v.received, v.malformed, v.errors
    );
    if v.sent > 500 && v.malformed == 0 && v.errors == 0 {
        Ok(Figures::say(text))
    } else {
        Err(text.into())
    }
}

/// Ports whose settings differ from the defaults.
fn flows_config() -> String {
    let port = |n: u16, settings: &str| format!("[[port]]\nchannel = {n}\n{settings}\n");
    let mut text = String::new();
    for n in 1..=PORTS {
        text += &match n {
            26 => port(n, "flash = \"hold\""),
            30 | 31 | 38 | 39 => port(n, "profile = \"fax\""),
            _ => port(n, ""),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_manager_that_hangs_with_some_ports_excuses_no_flow_at_others_and_none_without_ports()
    {
        let kept = Wrong {
            what: "keeps calls",
            ports: Some([3, 4].into()),
        };
        assert!(kept.concerns(&[4, 5].into()));
        assert!(!kept.concerns(&[5, 6].into()));
        assert!(!kept.concerns(&[].into()));
        let crashed = Wrong::everywhere("crashed");
        assert!(crashed.concerns(&[5].into()));
        assert!(!crashed.concerns(&[].into()));
    }

    #[test]
    fn words_alone_are_no_excuse() {
        let failure = Failure::from("the phone decoded something else");
        assert_eq!(failure.stalls, None);
        let outcome = Outcome::of("flow", || Err("a wrong state".into()));
        assert_eq!(outcome.stalls(), None);
        let outcome = Outcome::of("flow", || {
            Err(Failure {
                text: "the fax machine reports an error".into(),
                stalls: Some("its ports missed 3 blocks".into()),
            })
        });
        assert_eq!(outcome.stalls(), Some("its ports missed 3 blocks"));
    }
}
