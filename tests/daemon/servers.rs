//! What the list of CallManagers says of a server that nobody is registered with, and whose trouble it is.

use std::net::{Ipv4Addr, SocketAddrV4};

use tipring_ctl::report::{FindingReport, ServerTrouble, TroubleKind};
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, until, until_says};

/// Another address of the place.
fn second(place: &Place) -> SocketAddrV4 {
    let [a, b, c, d] = place.address().octets();
    SocketAddrV4::new(Ipv4Addr::new(a, b, c, d ^ 0x80), place.sccp().port())
}

/// With both servers, and `more` keys of [callmanager].
fn with_both(place: &Place, config: &str, more: &str) -> String {
    config.replace(
        &format!("servers = [\"{}\"]", place.sccp()),
        &format!(
            "servers = [\"{}\", \"{}\"]\n{more}",
            place.sccp(),
            second(place)
        ),
    )
}

fn no_backup(gateway: &Gateway) -> Result<Option<FindingReport>, String> {
    let mut findings = gateway.status()?.findings.into_iter();
    Ok(findings.find(|f| f.code() == "no-backup"))
}

fn list(gateway: &Gateway) -> String {
    gateway.tipring(&["server", "list"]).unwrap()
}

/// The row of a server in the list.
fn row(gateway: &Gateway, server: SocketAddrV4) -> String {
    let list = list(gateway);
    let found = list.lines().find(|l| l.contains(&format!(" {server} ")));
    found.expect(&list).to_owned()
}

pub(crate) fn a_backup_that_refuses_connections_is_a_finding_until_it_is_back() {
    let place = Place::new();
    let _first = place.callmanager();
    let config = with_both(&place, &place.config(2, ""), "");
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let found = until(SOON * 2, || {
        no_backup(&gateway)?.ok_or("no finding yet".to_owned())
    });
    let name = second(&place).to_string();
    assert!(found.text.contains(&name), "{found:?}");
    assert_eq!(found.cause, "connection refused");
    let shown = list(&gateway);
    let since = format!("{name}: no standby connection since ");
    assert!(shown.contains(&since), "{shown}");
    let dead = row(&gateway, second(&place));
    assert!(dead.contains("unreachable"));
    assert!(!dead.trim_end().ends_with('-'), "no next attempt: {dead}");
    let status = gateway.tipring(&["status"]).unwrap();
    let says =
        format!("no CallManager could take over: {name} cannot be reached: connection refused");
    assert!(status.contains(&says), "{status}");
    let _second = CallManager::start(second(&place), &[]).unwrap();
    gateway.tipring(&["server", "retry", &name]).unwrap();
    until(SOON * 2, || match no_backup(&gateway)? {
        None => Ok(()),
        Some(still) => Err(format!("{still:?}")),
    });
    assert!(row(&gateway, second(&place)).contains("unused"));
    let shown = list(&gateway);
    assert!(shown.contains(", cleared "), "{shown}");
}

pub(crate) fn a_callmanager_that_was_frozen_is_back_at_once_where_the_others_cannot_be_reached() {
    let place = Place::new();
    let first = place.callmanager();
    // Nobody listens at the second, and there is no way from a loopback address to the third.
    let config = with_both(&place, &place.config(2, ""), "");
    let dead = format!("{}\"]", second(&place));
    let config = config.replace(&dead, &format!("{}\", \"10.1.1.1:2000\"]", second(&place)));
    // A server is passed by when a port has waited for it for 2.5 s.
    let config = config.replace("register-timeout-ms = 800", "register-timeout-ms = 3000");
    assert!(config.contains("10.1.1.1") && config.contains("3000"));
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    first.signal("STOP").unwrap();
    until(SOON * 2, || {
        let row = row(&gateway, place.sccp());
        row.contains("passed by").then_some(()).ok_or(row)
    });
    first.signal("CONT").unwrap();
    // It would be passed by for a minute.
    gateway.wait_registered(2, SOON).unwrap();
}

pub(crate) fn a_backup_that_nobody_tries_is_shown_as_not_tried() {
    let place = Place::new();
    let _first = place.callmanager();
    let config = with_both(&place, &place.config(2, ""), "standby = false");
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let row = row(&gateway, second(&place));
    assert!(row.contains("not tried"), "{row}");
    assert_eq!(no_backup(&gateway).unwrap(), None);
}

pub(crate) fn what_was_wrong_with_a_server_goes_with_it_from_the_list() {
    let place = Place::new();
    let one = place.config(1, "");
    let both = with_both(&place, &one, "");
    let gateway = place.launch(&both).start().unwrap();
    let (first, second) = (place.sccp().to_string(), second(&place).to_string());
    let findings = || {
        let findings = gateway.port(1)?.summary.findings;
        Ok::<String, String>(findings.iter().map(|f| f.what() + "\n").collect())
    };
    until(SOON, || {
        let text = findings()?;
        let all = text.contains(&first) && text.contains(&second);
        all.then_some(()).ok_or(text)
    });
    gateway.write_config(&one).unwrap();
    gateway.reload().unwrap();
    let gone = || {
        let text = findings()? + &list(&gateway);
        let good = text.contains(&first) && !text.contains(&second);
        good.then_some(()).ok_or(text)
    };
    until(SOON, gone);
    // And it does not come back with an attempt that was under way.
    let tried = || crate::place::counter(&gateway, 1, "connects");
    let before = tried();
    until(SOON, || {
        gone()?;
        (tried() > before + 2)
            .then_some(())
            .ok_or("idle".to_owned())
    });
    // Listed again, it is tried again.
    gateway.write_config(&both).unwrap();
    gateway.reload().unwrap();
    until_says(SOON, &[&second], || list(&gateway));
}

/// What the status says of the only server.
fn troubles(gateway: &Gateway) -> Result<Vec<ServerTrouble>, String> {
    let mut servers = gateway.status()?.callmanagers;
    Ok(servers.remove(0).troubles)
}

pub(crate) fn a_rejected_port_has_the_words_of_ciscos_phrase_and_its_trouble_goes_with_it() {
    let place = Place::new();
    let ports = |numbers: &[u16]| -> String {
        let table = |n: &u16| format!("[[port]]\nchannel = {n}\n");
        numbers.iter().map(table).collect()
    };
    let config = place.config(2, &ports(&[1, 2]));
    let gateway = place.launch(&config).start().unwrap();
    let devices = gateway.ports().unwrap().into_iter().map(|p| p.device);
    let devices: Vec<String> = devices.collect();
    let known = format!("{}=1001", devices[0]);
    let args = ["--dialect", "cisco", "--no-auto", "--device", &known];
    let _server = CallManager::start(place.sccp(), &args).unwrap();
    gateway.wait_registered(1, SOON).unwrap();
    let rejected = until(SOON, || {
        let shown = troubles(&gateway)?;
        let wanted = |t: &&ServerTrouble| t.kind == TroubleKind::Rejected;
        let one = shown.iter().find(wanted).cloned();
        one.filter(|_| shown.len() == 1).ok_or(format!("{shown:?}"))
    });
    assert_eq!(rejected.ports, [2], "{rejected:?}");
    assert!(!rejected.all_ports && !rejected.over, "{rejected:?}");
    let text = gateway.tipring(&["status"]).unwrap();
    let says = format!("port 2 ({}): rejected since ", devices[1]);
    assert!(text.contains(&says), "{text}");
    let json = gateway.tipring(&["--json", "port", "show", "2"]).unwrap();
    assert!(
        json.contains("\"text\": \"Error DB Config\"")
            || json.contains("\"text\":\"Error DB Config\""),
        "{json}"
    );
    assert!(json.contains("device-unknown"), "{json}");
    let add = format!("add the device {} on the CallManager as ", devices[1]);
    assert!(json.contains(&add), "{json}");
    for raw in ["\\u0080", "\u{80}"] {
        assert!(!json.contains(raw) && !text.contains(raw), "{json}\n{text}");
    }
    gateway
        .write_config(&place.config(2, &ports(&[1])))
        .unwrap();
    gateway.reload().unwrap();
    until(SOON, || {
        // What was wrong before the server came is over, and stays to be read.
        let shown = troubles(&gateway)?;
        let rejected = shown.iter().any(|t| t.kind == TroubleKind::Rejected);
        let good = !rejected && shown.iter().all(|t| t.over);
        good.then_some(()).ok_or(format!("{shown:?}"))
    });
    let text = gateway.tipring(&["status"]).unwrap();
    assert!(!text.contains("rejected since"), "{text}");
}
