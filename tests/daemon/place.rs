//! Where a test happens: an address of its own on the loopback, a folder, a configuration.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::{Gateway, Launch};

/// Where the CallManager of a place listens.
pub(crate) const SCCP: u16 = 2000;
/// First RTP port unless the test says otherwise.
pub(crate) const RTP: u16 = 20_000;

/// Time for anything that needs no waiting for the line.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// An address and a folder that nobody else uses.
pub(crate) struct Place {
    address: Ipv4Addr,
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let [_, _, high, low] = std::process::id().to_be_bytes();
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Place {
            // The whole of 127/8 is this machine; the process id keeps two runs of these tests apart.
            address: Ipv4Addr::new(127, high | 0x80, low, n),
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the CallManager listens that the configuration names.
    pub(crate) fn sccp(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.address, SCCP)
    }

    /// The built-in CallManager where the configuration expects it.
    pub(crate) fn callmanager(&self) -> CallManager {
        CallManager::start(self.sccp(), &[]).unwrap()
    }

    /// A gateway of this many ports that tries again often. `more` is added at the end: further tables.
    pub(crate) fn config(&self, ports: u16, more: &str) -> String {
        self.config_with_rtp(ports, RTP, RTP + 999, more)
    }

    /// The same with an RTP port range.
    pub(crate) fn config_with_rtp(&self, ports: u16, first: u16, last: u16, more: &str) -> String {
        format!(
            r#"
[gateway]
mac = "02:00:5e:10:20:30"
address = "{}"
[callmanager]
servers = ["{}"]
register-timeout-ms = 800
retry-first-ms = 100
retry-max-ms = 200
[media]
rtp-ports = "{first}-{last}"
# The simulated card is no realtime thread: a busy machine may stop it for longer than the default buffer holds.
jitter-min-ms = 120
jitter-max-ms = 200
[sim]
ports = {ports}
{more}
"#,
            self.address,
            self.sccp()
        )
    }

    pub(crate) fn launch(&self, config: &str) -> Launch {
        Launch::new(self.folder.path(), Some(config))
    }

    /// A running gateway of `ports` ports, all registered; needs a CallManager.
    pub(crate) fn gateway(&self, ports: u16, more: &str) -> Gateway {
        let gateway = self.launch(&self.config(ports, more)).start().unwrap();
        gateway.wait_registered(ports.into(), SOON).unwrap();
        gateway
    }
}

/// Asks again and again until the answer is something; the error is the last answer that was not.
pub(crate) fn until<T>(within: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + within;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(why) if Instant::now() > end => panic!("after {} s: {why}", within.as_secs_f32()),
            Err(_) => std::thread::sleep(Duration::from_millis(20)), // asks again, with the deadline above
        }
    }
}

/// Waits until the text of `ask` holds all of these.
pub(crate) fn until_says(
    within: Duration,
    wanted: &[&str],
    mut ask: impl FnMut() -> String,
) -> String {
    until(within, || {
        let text = ask();
        let missing: Vec<_> = wanted.iter().filter(|w| !text.contains(**w)).collect();
        if missing.is_empty() {
            Ok(text)
        } else {
            Err(format!("no {missing:?} in:\n{text}"))
        }
    })
}

/// The number of an extension: the built-in CallManager gives them in the order of registration, so it is asked.
pub(crate) fn number_of(gateway: &Gateway, port: u16) -> String {
    until(SOON, || {
        let detail = gateway.port(port)?;
        detail
            .summary
            .number
            .ok_or(format!("port {port} has no number"))
    })
}

/// A counter of `port show` by its name.
pub(crate) fn counter(gateway: &Gateway, port: u16, name: &str) -> u64 {
    gateway.counter(port, name).unwrap()
}
