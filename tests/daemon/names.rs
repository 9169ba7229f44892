//! CallManagers by name: name servers that do not answer, names with several addresses.

use std::net::{SocketAddrV4, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::network::Network;
use crate::place::{Place, SCCP, SOON};

/// Gives a program other files for /etc/resolv.conf and /etc/hosts. In a mount namespace of its own.
const OTHER_FILES: &str = "mount --bind \"$1\" /etc/resolv.conf && mount --bind \"$2\" /etc/hosts && shift 2 && exec \"$@\"";

/// A gateway that sees these hosts, and asks this name server for all others.
fn start(
    place: &Place,
    namespace: &[&str],
    nameserver: &str,
    hosts: &str,
    config: &str,
) -> Gateway {
    let file = |name: &str, text: &str| {
        let path = place.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let resolv = file("resolv.conf", &format!("nameserver {nameserver}\n"));
    let hosts = file("hosts", &format!("127.0.0.1 localhost\n{hosts}"));
    let shell = ["sh", "-c", OTHER_FILES, "sh", &resolv, &hosts];
    assert!(Path::new("/etc/resolv.conf").exists());
    place
        .launch(config)
        .wrapped(&[namespace, &shell].concat())
        .start()
        .unwrap()
}

pub(crate) fn a_silent_name_server_keeps_no_port_from_the_other_callmanager_and_the_name_is_named()
{
    // More ports than the runtime has threads for work that blocks.
    const PORTS: u16 = 140;
    let network = Network::new(2);
    let place = Place::new();
    let _callmanager = network.callmanager(1, &[]);
    // The first machine is both the name server and dead.
    network.kill(0);
    let gateway = network.gateway();
    let config = format!(
        "[gateway]\nnaming = \"an\"\nmac = \"02:00:5e:10:20:30\"\n[callmanager]\nservers = [\"cm1.test\", \"cm2.test\"]\n\
         [line-thread]\nrealtime = \"off\"\n[sim]\nports = {PORTS}\n"
    );
    let other = Network::address(1);
    let gateway = start(
        &place,
        &["ip", "netns", "exec", &gateway],
        &Network::address(0).ip().to_string(),
        &format!("{} cm2.test\n", other.ip()),
        &config,
    );
    gateway
        .wait_registered(PORTS.into(), Duration::from_secs(30))
        .unwrap();
    let start = Instant::now();
    gateway.reload().unwrap();
    let reload = start.elapsed();
    assert!(reload < Duration::from_secs(5), "a reload takes {reload:?}");
    let log = gateway.log();
    let named = "cm1.test:2000: its name could not be looked up: no answer from a name server";
    assert!(log.contains(named), "{log}");
    let start = Instant::now();
    gateway.stop().unwrap();
    let stop = start.elapsed();
    assert!(stop < Duration::from_secs(8), "the end takes {stop:?}");
}

pub(crate) fn a_callmanager_is_reached_by_the_address_that_works_whatever_is_wrong_with_the_other()
{
    for hung in [0, 1] {
        let place = Place::new();
        // Two addresses of one name: behind one of them somebody takes connections and does not respond.
        let [a, b, c, d] = place.address().octets();
        let addresses = [place.address(), [a, b, c, d ^ 0x80].into()];
        let _hung = TcpListener::bind((addresses[hung], SCCP)).unwrap();
        let good = SocketAddrV4::new(addresses[1 - hung], SCCP);
        let _callmanager = CallManager::start(good, &[]).unwrap();
        let hosts = addresses.map(|a| format!("{a} cm.test\n")).concat();
        let config = place.config(2, "");
        let config = config.replace(&format!("\"{}\"", place.sccp()), "\"cm.test\"");
        let gateway = start(&place, &["unshare", "-m"], "127.0.0.1", &hosts, &config);
        gateway.wait_registered(2, SOON).unwrap();
    }
}
