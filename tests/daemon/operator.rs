//! What an operator can order: a port to register again, a CallManager to be tried now, another one to be preferred.

use std::net::{Ipv4Addr, SocketAddrV4};

use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, counter, until, until_says};
use crate::talk::Talk;

fn registrations(gateway: &Gateway, port: u16) -> u64 {
    counter(gateway, port, "registrations")
}

pub(crate) fn a_port_registers_again_on_request_and_one_in_a_call_is_left_alone() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(4, "");
    let talk = Talk::begin(&gateway, 1, 2);
    let said = gateway.tipring(&["port", "restart", "3"]).unwrap();
    assert!(said.starts_with("port 3: registering again"), "{said}");
    until(SOON, || match registrations(&gateway, 3) {
        2 => Ok(()),
        n => Err(format!("registered {n} times")),
    });
    let reason = gateway.port(3).unwrap().registration.history;
    let reported = reason.iter().any(|h| h.reason.contains("port restart"));
    assert!(reported, "{reason:#?}");
    let refused = gateway.tipring_ends(&["port", "restart", "1"]).unwrap();
    let said = String::from_utf8_lossy(&refused.stdout);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("port 1: in a call, left alone"), "{said}");
    let all = gateway.tipring_ends(&["port", "restart", "all"]).unwrap();
    let said = String::from_utf8_lossy(&all.stdout);
    assert_eq!(all.status.code(), Some(1), "{said}");
    assert!(said.contains("ports 3, 4: registering again"), "{said}");
    assert!(said.contains("ports 1, 2: in a call, left alone"), "{said}");
    until(SOON, || {
        let now = [3, 4].map(|port| registrations(&gateway, port));
        (now == [3, 2]).then_some(()).ok_or(format!("{now:?}"))
    });
    gateway.wait_registered(4, SOON).unwrap();
    assert_eq!([1, 2].map(|port| registrations(&gateway, port)), [1, 1]);
    talk.end();
    let forced = gateway.tipring(&["port", "restart", "1", "--force"]);
    assert!(forced.unwrap().starts_with("port 1: registering"));
    let unknown = gateway.tipring_ends(&["port", "restart", "77"]).unwrap();
    assert_eq!(unknown.status.code(), Some(1));
}

pub(crate) fn a_wait_of_ten_minutes_is_shown_and_ends_on_request() {
    let place = Place::new();
    let config = place.config(2, "");
    let config = config.replace("retry-first-ms = 100", "retry-first-ms = 600000");
    let config = config.replace("retry-max-ms = 200", "retry-max-ms = 600000");
    let gateway = place.launch(&config).start().unwrap();
    let text = until_says(SOON, &["next attempt in"], || {
        gateway.tipring(&["status"]).unwrap()
    });
    assert!(text.contains("retry in"), "{text}");
    let list = gateway.tipring(&["server", "list"]).unwrap();
    assert!(list.contains("unusable"), "{list}");
    let _callmanager = place.callmanager();
    let address = place.sccp().to_string();
    gateway.tipring(&["server", "retry", &address]).unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let list = gateway.tipring(&["server", "list"]).unwrap();
    assert!(list.contains("1, 2"), "{list}");
}

pub(crate) fn a_preferred_callmanager_gets_idle_ports_and_those_of_calls_when_they_end() {
    let place = Place::new();
    let [a, b, c, d] = place.address().octets();
    let second = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d ^ 0x80), place.sccp().port());
    let _first = place.callmanager();
    let _second = CallManager::start(second, &[]).unwrap();
    let config = place.config(4, "").replace(
        &format!("servers = [\"{}\"]", place.sccp()),
        &format!(
            "servers = [\"{}\", \"{second}\"]\nmonitor-s = 0",
            place.sccp()
        ),
    );
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(4, SOON).unwrap();
    let at = |ports: &[u16], server: SocketAddrV4| {
        until(SOON * 2, || {
            let list = gateway.ports()?;
            let wanted = Some(server.to_string());
            let away = list
                .iter()
                .find(|p| ports.contains(&p.port) && p.server != wanted);
            away.map_or(Ok(()), |p| Err(format!("port {}: {:?}", p.port, p.server)))
        });
        gateway.wait_registered(4, SOON).unwrap();
    };
    at(&[1, 2, 3, 4], place.sccp());
    let talk = Talk::begin(&gateway, 1, 2);
    let name = second.to_string();
    let list = gateway.tipring(&["server", "prefer", &name]).unwrap();
    assert!(list.contains("2*"), "{list}");
    at(&[3, 4], second);
    at(&[1, 2], place.sccp());
    talk.end();
    at(&[1, 2, 3, 4], second);
    let list = gateway.tipring(&["server", "prefer", "--none"]).unwrap();
    assert!(!list.contains('*'), "{list}");
    at(&[1, 2, 3, 4], place.sccp());
    let unknown = ["server", "prefer", "192.0.2.77"];
    let unknown = gateway.tipring_ends(&unknown).unwrap();
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert_eq!(unknown.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&name),
        "it names those that there are: {said}"
    );
}
