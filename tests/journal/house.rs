//! A gateway with two ports, its CallManager, and the network between the ports.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tipring_ctl::report::{FaxReport, FaxResult};
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;
use tipring_tests::network::{Detour, Network};
use tipring_tests::page::{self, Page};
use tipring_tests::set::Set;

use crate::machine::Machine;

pub(crate) const PROMPT: Duration = Duration::from_secs(10);
/// A fax that does not end by itself is ended after this time, s.
pub(crate) const FAX_S: u64 = 240;
const RTP: u16 = 20_000;
/// Two ports, each with RTP and RTCP, of four calls one after another: what the daemon asks for.
const RTP_PORTS: u16 = 16;

/// How a house is set up.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Lines for `[defaults]`, port 1, port 2, and further tables.
    pub(crate) defaults: &'static str,
    pub(crate) ports: [&'static str; 2],
    pub(crate) more: &'static str,
    pub(crate) network: Network,
}

/// Fax machines without T.38, a good network.
pub(crate) const PLAIN: Plan = Plan {
    defaults: "profile = \"fax\"",
    ports: ["", ""],
    more: "",
    network: Network::PERFECT,
};

/// The same with T.38.
pub(crate) const T38: Plan = Plan {
    defaults: "profile = \"fax\"\nnse = \"force\"",
    ..PLAIN
};

/// Everything that runs for one trial.
pub(crate) struct House {
    pub(crate) gateway: Gateway,
    /// None: it was killed.
    callmanager: Mutex<Option<CallManager>>,
    pub(crate) detour: Detour,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn open(plan: &Plan) -> Result<House, String> {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let [_, _, high, low] = std::process::id().to_be_bytes();
        // Two addresses each; the process id keeps two runs apart.
        let n = NEXT.fetch_add(1, Ordering::Relaxed) % 120;
        let address = |last| Ipv4Addr::new(127, high | 0xC0, low, last);
        let (own, through) = (address(2 * n + 2), address(2 * n + 3));
        let last = RTP + RTP_PORTS - 1;
        let detour = Detour::start(through, own, RTP..=last, plan.network)?;
        let callmanager = CallManager::start(
            SocketAddrV4::new(own, 2000),
            &["--media-through", &through.to_string()],
        )?;
        let [one, two] = plan.ports;
        let config = format!(
            r#"
[gateway]
mac = "02:00:5e:10:20:30"
address = "{own}"
[callmanager]
servers = ["{own}:2000"]
[media]
rtp-ports = "{RTP}-{last}"
[sim]
ports = 2
{}
[defaults]
{}
[[port]]
channel = 1
{one}
[[port]]
channel = 2
{two}
"#,
            plan.more, plan.defaults
        );
        let gateway = Gateway::start(folder.path(), &config)?;
        gateway.wait_registered(2, Duration::from_secs(30))?;
        Ok(House {
            gateway,
            callmanager: Mutex::new(Some(callmanager)),
            detour,
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn sets(&self) -> Result<[Set; 2], String> {
        Ok([self.gateway.set(1)?, self.gateway.set(2)?])
    }

    pub(crate) fn machine(&self, port: u16) -> Result<Machine, String> {
        Ok(Machine::new(self.gateway.set(port)?, self.folder()))
    }

    pub(crate) fn number(&self, port: u16) -> Result<String, String> {
        let number = self.gateway.port(port)?.summary.number;
        number.ok_or_else(|| format!("port {port} has no number"))
    }

    fn sent(&self) -> PathBuf {
        self.folder().join("sent.tif")
    }

    fn received(&self) -> PathBuf {
        self.folder().join("received.tif")
    }

    /// The machine of port 1 begins to call port 2 with a page of these rows.
    pub(crate) fn send(
        &self,
        caller: &mut Set,
        pages: usize,
        rows: usize,
        ecm: bool,
    ) -> Result<(), String> {
        let all: Vec<Page> = (1..=pages).map(|n| Page::letter(n, rows)).collect();
        page::write_tiff(&self.sent(), &all).map_err(|e| e.to_string())?;
        let (tiff, number) = (self.sent(), self.number(2)?);
        caller
            .act(SimAction::FaxSend { tiff, number, ecm }, PROMPT)
            .map(drop)
    }

    /// The machine of port 2 answers the next call.
    pub(crate) fn receive(&self, called: &mut Set, ecm: bool) -> Result<(), String> {
        let tiff = self.received();
        called
            .act(SimAction::FaxReceive { tiff, ecm }, PROMPT)
            .map(drop)
    }

    /// Waits until this is so of the fax of a port's leg, as `port show` has it.
    pub(crate) fn until_fax(
        &self,
        port: u16,
        what: &str,
        is: impl Fn(&tipring_ctl::report::FaxLeg) -> bool,
    ) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let media = self.gateway.port(port)?.media;
            if media
                .into_iter()
                .filter_map(|leg| leg.fax)
                .any(|fax| is(&fax))
            {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("port {port}: no fax that {what}"));
            }
            std::thread::sleep(Duration::from_millis(100)); // asks again, with the deadline above
        }
    }

    /// The newest fax of a port once its call is over.
    pub(crate) fn verdict(&self, port: u16) -> Result<FaxReport, String> {
        let end = Instant::now() + Duration::from_secs(25);
        let mut quiet = None;
        loop {
            // The end of a call may make the verdict another one, a moment later.
            quiet = match self.gateway.calls()?.active.is_empty() {
                true => quiet.or(Some(Instant::now())),
                false => None,
            };
            let settled = quiet.is_some_and(|since| since.elapsed() > Duration::from_secs(2));
            match self.gateway.control().faxes(port)?.into_iter().next() {
                Some(newest) if settled => return Ok(newest),
                newest if Instant::now() > end => {
                    return newest.ok_or_else(|| format!("no fax of port {port} in the journal"));
                }
                _ => std::thread::sleep(Duration::from_millis(100)), // asks again, with the deadline above
            }
        }
    }

    /// The faxes of a port in the journal once its call, which is over, is there.
    pub(crate) fn settled(&self, port: u16) -> Result<Vec<FaxReport>, String> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            // Calls and faxes are written in one order, so the call is the last of it.
            let control = self.gateway.control();
            if !control.calls_over(port)?.is_empty() {
                return control.faxes(port);
            }
            if Instant::now() > end {
                return Err(format!("port {port}: the history has no call"));
            }
            std::thread::sleep(Duration::from_millis(100)); // asks again, with the deadline above
        }
    }

    /// The CallManager dies, as its host would.
    pub(crate) fn kill_callmanager(&self) {
        let mut callmanager = self
            .callmanager
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(callmanager.take());
    }

    /// Everybody hangs up.
    pub(crate) fn over(&self) -> Result<(), String> {
        for set in &mut self.sets()? {
            if set.show()?.fax.is_some() {
                set.act(SimAction::FaxCancel, PROMPT)?;
            }
            set.hang()?;
        }
        Ok(())
    }
}

/// The result of a machine once it is done.
pub(crate) fn done(set: &mut Set, within_s: u64) -> Result<FaxResult, String> {
    let snapshot = set.wait(SimCondition::FaxDone, within_s)?;
    snapshot.last_fax.ok_or_else(|| "no result".into())
}
