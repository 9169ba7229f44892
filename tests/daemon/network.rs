//! Machines and cables of a test: network namespaces joined by pairs of virtual interfaces. For root alone.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tipring_ctl::report::PortDetail;
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SCCP, SOON, until};

/// A gateway's machine, and CallManagers' machines with a cable to it each.
pub(crate) struct Network {
    name: String,
    servers: u8,
}

fn ip(args: &[&str]) -> Result<(), String> {
    let mut command = Command::new("ip");
    command.args(args).stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "ip {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(error) => Err(format!("ip: {error}")),
    }
}

/// This machine and this user may have networks.
pub(crate) fn possible() -> bool {
    Network::lay(0).is_ok()
}

impl Network {
    pub(crate) fn new(servers: u8) -> Network {
        Network::lay(servers).unwrap()
    }

    fn lay(servers: u8) -> Result<Network, String> {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let network = Network {
            name: format!("tipring-{}-{number}", std::process::id()),
            servers,
        };
        let gateway = network.gateway();
        ip(&["netns", "add", &gateway])?;
        ip(&["-n", &gateway, "link", "set", "lo", "up"])?;
        for server in 0..servers {
            let machine = network.machine(server);
            ip(&["netns", "add", &machine])?;
            ip(&["-n", &machine, "link", "set", "lo", "up"])?;
            let cable = format!("cable{server}");
            ip(&[
                "link", "add", &cable, "netns", &gateway, "type", "veth", "peer", "name", "cable",
                "netns", &machine,
            ])?;
            network.at_gateway(&["addr", "add", &format!("10.9.{server}.1/24"), "dev", &cable]);
            network.at_gateway(&["link", "set", &cable, "up"]);
            let address = format!("10.9.{server}.2/24");
            ip(&["-n", &machine, "addr", "add", &address, "dev", "cable"])?;
            ip(&["-n", &machine, "link", "set", "cable", "up"])?;
        }
        Ok(network)
    }

    /// The namespace of the gateway.
    pub(crate) fn gateway(&self) -> String {
        format!("{}-gateway", self.name)
    }

    /// The namespace of a server.
    pub(crate) fn machine(&self, server: u8) -> String {
        format!("{}-cm{server}", self.name)
    }

    /// `ip` at the gateway.
    pub(crate) fn at_gateway(&self, args: &[&str]) {
        ip(&[&["-n", &self.gateway()], args].concat()).unwrap();
    }

    /// The machine of a server sends nothing to the gateway any more, as if it had died.
    pub(crate) fn kill(&self, server: u8) {
        let gateway = format!("10.9.{server}.1");
        let machine = self.machine(server);
        ip(&["-n", &machine, "route", "add", "blackhole", &gateway]).unwrap();
    }

    /// What [`Network::kill`] did is over.
    pub(crate) fn revive(&self, server: u8) {
        let gateway = format!("10.9.{server}.1");
        let machine = self.machine(server);
        ip(&["-n", &machine, "route", "del", "blackhole", &gateway]).unwrap();
    }

    /// The cable of a server is pulled out at the gateway, or put in.
    pub(crate) fn cable(&self, server: u8, plugged: bool) {
        let to = if plugged { "up" } else { "down" };
        self.at_gateway(&["link", "set", &format!("cable{server}"), to]);
    }

    /// Every connection of a server is reset.
    pub(crate) fn reset_connections(&self, server: u8) {
        let machine = self.machine(server);
        let port = format!(":{SCCP}");
        ip(&[
            "netns",
            "exec",
            &machine,
            "ss",
            "-K",
            "state",
            "established",
            "sport",
            "=",
            &port,
        ])
        .unwrap();
    }

    pub(crate) fn address(server: u8) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 9, server, 2), SCCP)
    }

    pub(crate) fn callmanager(&self, server: u8, args: &[&str]) -> CallManager {
        let machine = self.machine(server);
        let wrapper = ["ip", "netns", "exec", &machine];
        CallManager::start_by(&wrapper, Network::address(server), args).unwrap()
    }

    /// A gateway with this number of ports and all servers, in order.
    pub(crate) fn start(&self, place: &Place, ports: u16, more: &str) -> Gateway {
        let servers: Vec<_> = (0..self.servers)
            .map(|n| format!("\"{}\"", Network::address(n)))
            .collect();
        // The names of a VG248 end with 99.
        let naming = if ports > 99 { "naming = \"an\"\n" } else { "" };
        let config = format!(
            "[gateway]\nmac = \"02:00:5e:10:20:30\"\n{naming}[callmanager]\nservers = [{}]\n{more}\n[line-thread]\nrealtime = \"off\"\n[sim]\nports = {ports}\n",
            servers.join(", ")
        );
        place
            .launch(&config)
            .wrapped(&["ip", "netns", "exec", &self.gateway()])
            .start()
            .unwrap()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for server in 0..self.servers {
            let _ = ip(&["netns", "del", &self.machine(server)]);
        }
        let _ = ip(&["netns", "del", &self.gateway()]);
    }
}

fn registered_at(gateway: &Gateway, port: u16, server: SocketAddrV4) -> Result<PortDetail, String> {
    let detail = gateway.port(port)?;
    let here = detail.registration.server.clone();
    let registered = detail.registration.protocol_version.is_some();
    if registered && here == Some(server.to_string()) {
        Ok(detail)
    } else {
        Err(format!("port {port}: {:#?}", detail.registration))
    }
}

/// Waits until all ports are registered there; how long that took.
pub(crate) fn all_at(
    gateway: &Gateway,
    ports: u16,
    server: SocketAddrV4,
    within: Duration,
) -> Duration {
    let start = Instant::now();
    for port in 1..=ports {
        until(within, || registered_at(gateway, port, server));
    }
    start.elapsed()
}

pub(crate) fn a_dead_host_is_left_for_the_next_server_long_before_keepalives_notice() {
    let network = Network::new(2);
    let place = Place::new();
    let servers = [0, 1].map(|n| network.callmanager(n, &[]));
    let gateway = network.start(&place, 3, "");
    all_at(&gateway, 3, Network::address(0), SOON);
    network.kill(0);
    // 4 s, by TCP or by the port that watches for all; the keepalives of SCCP come every 30 s.
    all_at(&gateway, 3, Network::address(1), Duration::from_secs(15));
    let history = gateway.port(1).unwrap().registration.history;
    let reported = history.iter().any(|h| {
        h.reason.contains("TCP gets no acknowledgement")
            || (1..=3).any(|s| {
                h.reason
                    .contains(&format!("keepalives unanswered for {s} s"))
            })
    });
    assert!(reported, "{history:#?}");
    drop(servers);
}

pub(crate) fn an_own_address_that_is_replaced_is_noticed_at_once() {
    let network = Network::new(1);
    let place = Place::new();
    // This one takes a device back at once; others keep its name for the connection that is dead.
    let _callmanager = network.callmanager(0, &["--dialect", "mod-skinny"]);
    // No retry would come in time.
    let gateway = network.start(&place, 3, "retry-first-ms = 600000\nretry-max-ms = 600000");
    all_at(&gateway, 3, Network::address(0), SOON);
    network.at_gateway(&["addr", "del", "10.9.0.1/24", "dev", "cable0"]);
    until(SOON, || match gateway.port(1)?.registration.reason {
        Some(reason) if reason.contains("10.9.0.1") || reason.contains("no route") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    network.at_gateway(&["addr", "add", "10.9.0.9/24", "dev", "cable0"]);
    all_at(&gateway, 3, Network::address(0), SOON);
    let log = gateway.log();
    assert!(
        log.contains("this machine no longer has the address 10.9.0.1"),
        "{log}"
    );
}

pub(crate) fn a_configured_address_that_comes_later_is_named_until_it_does() {
    let network = Network::new(1);
    let place = Place::new();
    let _callmanager = network.callmanager(0, &[]);
    let server = Network::address(0);
    let config = format!(
        "[gateway]\nmac = \"02:00:5e:10:20:30\"\naddress = \"10.9.0.77\"\n[callmanager]\nservers = [\"{server}\"]\n\
         retry-first-ms = 600000\nretry-max-ms = 600000\n[line-thread]\nrealtime = \"off\"\n[sim]\nports = 2\n"
    );
    let launch = place.launch(&config);
    let launch = launch.wrapped(&["ip", "netns", "exec", &network.gateway()]);
    let gateway = launch.start().unwrap();
    let named = "this machine does not have the address 10.9.0.77";
    until(SOON, || {
        let status = gateway.status()?;
        let finding = status.findings.iter().find(|f| f.text.contains(named));
        let finding = finding.ok_or_else(|| format!("{:#?}", status.findings))?;
        assert!(finding.cause.contains("10.9.0.1 (cable0)"), "{finding:?}");
        // Nothing is said against the server.
        let findings = gateway.port(2)?.summary.findings;
        match findings.first().ok_or("no finding yet")? {
            port if port.text.contains(named) && !port.cure.contains("[callmanager]") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    network.at_gateway(&["addr", "add", "10.9.0.77/24", "dev", "cable0"]);
    all_at(&gateway, 2, server, SOON);
    assert!(gateway.log().contains(named), "{}", gateway.log());
    let findings = gateway.status().unwrap().findings;
    assert!(
        !findings.iter().any(|f| f.text.contains(named)),
        "{findings:#?}"
    );
}

pub(crate) fn a_link_that_comes_up_wakes_the_ports_that_wait() {
    let network = Network::new(1);
    let place = Place::new();
    let _callmanager = network.callmanager(0, &[]);
    network.at_gateway(&["link", "set", "cable0", "down"]);
    let gateway = network.start(&place, 3, "retry-first-ms = 600000\nretry-max-ms = 600000");
    until(SOON, || {
        match gateway.port(3)?.registration.next_attempt_ms {
            Some(_) => Ok(()),
            None => Err("it does not wait yet".to_owned()),
        }
    });
    network.at_gateway(&["link", "set", "cable0", "up"]);
    all_at(&gateway, 3, Network::address(0), SOON);
}
