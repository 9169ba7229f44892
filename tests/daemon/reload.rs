//! The configuration read again while ports are idle, and while they talk.

use tipring_ctl::report::{FindingReport, RegistrationState, ReloadChange};
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, number_of, until, until_says};
use crate::talk::{Talk, can_call, has_dial_tone};

/// `[[port]]` tables of these channels.
fn ports(channels: &[u16], more: &str) -> String {
    let table = |c: &u16| format!("[[port]]\nchannel = {c}\n{more}");
    channels.iter().map(table).collect()
}

/// A change as `(ports, keys)`, and the beginning of what follows.
fn has(changes: &[ReloadChange], ports: &[u16], keys: &[&str], what: &str) -> bool {
    changes
        .iter()
        .any(|c| c.ports == ports && c.keys == keys && c.what.starts_with(what))
}

/// Registrations of a port so far.
fn registrations(gateway: &Gateway, port: u16) -> u64 {
    crate::place::counter(gateway, port, "registrations")
}

pub(crate) fn a_good_file_is_used_at_once_and_the_same_again_changes_nothing() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let before = registrations(&gateway, 1);
    gateway
        .write_config(&place.config(
            2,
            "[log]\nlevel = \"debug\"\n[defaults]\ncountry = \"uk\"\nrx-gain-db = 3.0\n",
        ))
        .unwrap();
    let text = gateway.tipring(&["reload"]).unwrap();
    for wanted in ["In use now", "log.level", "ports 1, 2: country"] {
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }
    assert!(!text.contains("Waiting"), "{text}");
    assert_eq!(gateway.port(1).unwrap().country, "uk");
    assert_eq!(
        registrations(&gateway, 1),
        before,
        "the server notices nothing"
    );
    // The tones are those of the country, and the chain has the gain: a call goes through.
    let mut set = gateway.set(1).unwrap();
    set.lift().unwrap();
    set.hears_dial_tone().unwrap();
    set.finish().unwrap();
    let again = gateway.reload().unwrap();
    assert!(again.is_unchanged(), "{again:?}");
    let text = gateway.tipring(&["reload"]).unwrap();
    assert!(text.contains("nothing has changed"), "{text}");
    gateway.stop().unwrap();
}

pub(crate) fn a_broken_file_is_reported_whole_and_changes_nothing() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let good = place.config(2, "");
    let broken = place.config(
        2,
        "[log]\nlevel = \"loud\"\n[defaults]\ncuntry = \"us\"\nflash = \"maybe\"\n",
    );
    gateway.write_config(&broken).unwrap();
    let ended = gateway.tipring_ends(&["reload"]).unwrap();
    assert_eq!(ended.status.code(), Some(78));
    assert!(ended.stdout.is_empty());
    let shown = String::from_utf8_lossy(&ended.stderr).into_owned();
    for wanted in [
        "log.level",
        "cuntry",
        "country",
        "flash",
        "accepted:",
        "3 errors",
        "the configuration in use stays as it is",
    ] {
        assert!(shown.contains(wanted), "no {wanted:?} in\n{shown}");
    }
    let log = gateway.log();
    assert_eq!(log.matches("configuration problem").count(), 3, "{log}");
    let status = gateway.status().unwrap();
    let trouble = |f: &FindingReport| f.what().contains("has 3 errors");
    assert!(status.findings.iter().any(trouble), "{status:?}");
    let check = gateway.tipring_ends(&["status", "--check"]).unwrap();
    assert_eq!(check.status.code(), Some(1));
    has_dial_tone(&gateway, 1);
    let json = gateway.tipring_ends(&["--json", "reload"]).unwrap();
    assert_eq!(json.status.code(), Some(78));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["problems"].as_array().unwrap().len(), 3);

    gateway.write_config(&good).unwrap();
    assert!(gateway.reload().unwrap().is_unchanged());
    assert_eq!(
        gateway
            .status()
            .unwrap()
            .findings
            .iter()
            .filter(|t| trouble(t))
            .count(),
        0
    );
    gateway.stop().unwrap();
}

pub(crate) fn a_talking_port_takes_new_settings_after_its_call_and_its_sound_is_unharmed() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(3, "");
    let mut talk = Talk::begin(&gateway, 1, 2);
    let more = "[defaults]\ncountry = \"de\"\nprofile = \"fax\"\nrx-gain-db = -6.0\n";
    let mut turn = 0;
    talk.undisturbed(|| {
        // There and back again, and at last to stay.
        turn += 1;
        let config = place.config(3, if turn % 2 == 0 { "" } else { more });
        gateway.write_config(&config).unwrap();
        gateway.reload().unwrap();
        let settled = turn % 2 == 0;
        let state = gateway.status().unwrap().reload;
        assert_eq!(state.waiting.is_empty(), settled, "{state:?}");
    });
    gateway.write_config(&place.config(3, "")).unwrap();
    gateway.reload().unwrap();
    gateway.write_config(&place.config(3, more)).unwrap();
    let report = gateway.reload().unwrap();
    let [waiting] = &report.waiting[..] else {
        panic!("{report:?}");
    };
    assert_eq!(waiting.ports, [1, 2], "{report:?}");
    assert!(
        waiting.keys.contains(&"rx-gain-db".to_owned()),
        "{report:?}"
    );
    let idle = |c: &ReloadChange| c.ports == [3] && c.keys.contains(&"country".to_owned());
    assert!(report.applied.iter().any(idle), "{report:?}");
    assert_eq!(gateway.port(1).unwrap().country, "us");
    assert_eq!(gateway.port(3).unwrap().country, "de");
    let text = gateway.tipring(&["status"]).unwrap();
    assert!(text.contains("Waiting for calls to end"), "{text}");
    assert!(text.contains("ports 1, 2"), "{text}");
    talk.end();
    until(SOON, || {
        let (a, b) = (gateway.port(1)?, gateway.port(2)?);
        let state = gateway.status()?.reload;
        let done = a.country == "de" && b.country == "de" && state.waiting.is_empty();
        done.then_some(()).ok_or(format!("{state:?}"))
    });
    assert_eq!(gateway.port(1).unwrap().summary.profile, "fax");
    gateway.stop().unwrap();
}

pub(crate) fn another_device_name_registers_again_when_the_port_is_idle() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let port = |n: u16, name: &str| format!("[[port]]\nchannel = {n}\ndevice-name = \"{name}\"\n");
    let gateway = place.gateway(3, &(port(1, "ONE") + &port(2, "TWO") + &port(3, "THREE")));
    let talk = Talk::begin(&gateway, 1, 2);
    let new = port(1, "ANOTHERONE") + &port(2, "TWO") + &port(3, "ANOTHERTHREE");
    gateway.write_config(&place.config(3, &new)).unwrap();
    let report = gateway.reload().unwrap();
    assert!(
        has(&report.waiting, &[1], &["device-name"], "to be used after"),
        "{report:?}"
    );
    assert!(
        has(
            &report.applied,
            &[3],
            &["device-name"],
            "in use; registers again"
        ),
        "{report:?}"
    );
    let is = |port: u16, name: &str| {
        until(SOON, || {
            let p = gateway.port(port)?.summary;
            let registered = p.registration == RegistrationState::Registered;
            let done = p.device == name && registered;
            done.then_some(()).ok_or(format!("{p:?}"))
        });
    };
    is(3, "ANOTHERTHREE");
    assert_eq!(gateway.port(1).unwrap().summary.device, "ONE");
    assert_eq!(registrations(&gateway, 2), 1);
    talk.end();
    is(1, "ANOTHERONE");
    is(2, "TWO");
    assert_eq!(registrations(&gateway, 2), 1);
    can_call(&gateway, 3, 1);
    gateway.stop().unwrap();
}

pub(crate) fn ports_leave_come_back_and_change_places() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let config = place.config(4, &ports(&[1, 2, 3], ""));
    let gateway = place.launch(&config).start().unwrap();
    gateway.wait_registered(3, SOON).unwrap();
    // Port 3 leaves; its line is silent then, and nobody answers for it.
    gateway
        .write_config(&place.config(4, &ports(&[1, 2], "")))
        .unwrap();
    gateway.reload().unwrap();
    until(SOON, || match gateway.port(3) {
        Ok(detail) => Err(format!("{detail:?}")),
        Err(_) => Ok(()),
    });
    assert!(gateway.set(3).unwrap().show().is_err());
    // It comes back, switched off at first.
    let off = ports(&[1, 2], "") + &ports(&[3], "enabled = false\n");
    gateway.write_config(&place.config(4, &off)).unwrap();
    let report = gateway.reload().unwrap();
    assert!(has(&report.applied, &[3], &[], "added"), "{report:?}");
    assert!(!gateway.port(3).unwrap().summary.enabled);
    gateway
        .write_config(&place.config(4, &ports(&[1, 2, 3], "")))
        .unwrap();
    let report = gateway.reload().unwrap();
    assert!(
        has(&report.applied, &[3], &["enabled"], "in use"),
        "{report:?}"
    );
    gateway.wait_registered(3, SOON).unwrap();
    can_call(&gateway, 1, 3);
    // Two ports change places, one of them while it talks; a third one is gone for good.
    let talk = Talk::begin(&gateway, 1, 3);
    let swapped = "[[port]]\nchannel = 2\nnumber = 1\n[[port]]\nchannel = 1\nnumber = 2\n";
    let swapped = format!("{swapped}{}", ports(&[3], ""));
    gateway.write_config(&place.config(4, &swapped)).unwrap();
    let report = gateway.reload().unwrap();
    assert!(
        report
            .waiting
            .iter()
            .any(|c| c.ports == [1] && c.keys == ["channel"]),
        "{report:?}"
    );
    talk.end();
    until(SOON, || {
        let channels: Vec<u16> = gateway.status()?.ports.iter().map(|p| p.channel).collect();
        let state = gateway.status()?.reload;
        let done = channels == [2, 1, 3] && state.waiting.is_empty();
        done.then_some(()).ok_or(format!("{channels:?} {state:?}"))
    });
    gateway.wait_registered(3, SOON).unwrap();
    number_of(&gateway, 1);
    can_call(&gateway, 1, 2);
    gateway.stop().unwrap();
}

pub(crate) fn ports_added_while_others_talk_work_until_the_spare_lanes_are_used_up() {
    const SPARE: u16 = 16;
    let place = Place::new();
    let _callmanager = place.callmanager();
    let off = ports(&[1, 2], "") + &ports(&[3], "enabled = false\n");
    let config = |more: &str| place.config(SPARE + 5, more);
    let gateway = place.launch(&config(&off)).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let mut talk = Talk::begin(&gateway, 1, 2);
    let mut added: Vec<u16> = vec![1, 2];
    let channels = 3..=SPARE + 2;
    let mut waiting = channels.clone();
    talk.undisturbed(|| {
        let Some(next) = waiting.next() else { return };
        added.push(next);
        gateway.write_config(&config(&ports(&added, ""))).unwrap();
        let report = gateway.reload().unwrap();
        assert!(report.needs_restart.is_empty(), "{report:?}");
    });
    let all: Vec<u16> = (1..=SPARE + 2).collect();
    gateway.write_config(&config(&ports(&all, ""))).unwrap();
    gateway.reload().unwrap();
    gateway.wait_registered(all.len(), SOON).unwrap();
    for port in channels {
        let detail = gateway.port(port).unwrap();
        assert_eq!(detail.line.read_overruns, 0, "port {port}");
    }
    can_call(&gateway, 3, SPARE + 2);
    talk.end();
    // One more has no lane.
    let more: Vec<u16> = (1..=SPARE + 3).collect();
    gateway.write_config(&config(&ports(&more, ""))).unwrap();
    let report = gateway.reload().unwrap();
    let late = SPARE + 3;
    assert!(
        has(
            &report.needs_restart,
            &[late],
            &[],
            "the line thread has no lane left"
        ),
        "{report:?}"
    );
    let trouble = gateway.port(late).unwrap().summary.findings.remove(0);
    assert!(trouble.cure.contains("restart tipringd"), "{trouble:?}");
    gateway.stop().unwrap();
}

pub(crate) fn what_needs_a_restart_is_named_with_its_reason_until_it_is_taken_back() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let config = place.config(
        3,
        "[line-thread]\nprefill-blocks = 3\n[log]\nformat = \"json\"\n",
    );
    gateway.write_config(&config).unwrap();
    let ended = gateway.tipring_ends(&["reload"]).unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let shown = String::from_utf8_lossy(&ended.stdout).into_owned();
    for wanted in [
        "Needs a restart of tipringd",
        "line-thread.prefill-blocks: the line thread and its buffers are made at start",
        "sim.ports: the simulated card is made at start",
        "log.format: where the log goes is settled at start",
    ] {
        assert!(shown.contains(wanted), "no {wanted:?} in\n{shown}");
    }
    let text = gateway.tipring(&["status"]).unwrap();
    assert!(text.contains("Needs a restart of tipringd"), "{text}");
    gateway.write_config(&place.config(2, "")).unwrap();
    gateway.reload().unwrap();
    let text = gateway.tipring(&["status"]).unwrap();
    assert!(!text.contains("Needs a restart"), "{text}");
    can_call(&gateway, 1, 2);
    gateway.stop().unwrap();
}

pub(crate) fn a_server_that_left_the_list_is_left_by_idle_ports_at_once_and_by_talking_ones_after()
{
    let place = Place::new();
    let other = Place::new();
    let _old = place.callmanager();
    let _new = CallManager::start(other.sccp(), &[]).unwrap();
    let gateway = place.gateway(3, "");
    let talk = Talk::begin(&gateway, 1, 2);
    let config = place.config(3, "");
    let (old, new) = (place.sccp().to_string(), other.sccp().to_string());
    gateway.write_config(&config.replace(&old, &new)).unwrap();
    gateway.reload().unwrap();
    let server = |port: u16| gateway.port(port).unwrap().summary.server;
    until(SOON, || {
        let (at, state) = (server(3), gateway.port(3)?.summary.registration);
        let there = at.as_deref() == Some(&new) && state == RegistrationState::Registered;
        there.then_some(()).ok_or(format!("{at:?} {state:?}"))
    });
    assert_eq!(server(1).as_deref(), Some(&old[..]));
    let shown: Vec<(String, u16)> = gateway
        .status()
        .unwrap()
        .callmanagers
        .iter()
        .map(|c| (c.server.clone(), c.registered_ports))
        .collect();
    assert_eq!(shown, [(new.clone(), 1), (old, 2)]);
    talk.end();
    until(SOON, || {
        let all = [1, 2, 3].map(server);
        let there = all.iter().all(|s| s.as_deref() == Some(&new));
        there.then_some(()).ok_or(format!("{all:?}"))
    });
    gateway.wait_registered(3, SOON).unwrap();
    can_call(&gateway, 1, 2);
    gateway.stop().unwrap();
}

pub(crate) fn sighup_reads_the_file_again_and_the_log_shows_the_outcome() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(1, "");
    let label = ports(&[1], "label = \"Lobby\"\n");
    gateway.write_config(&place.config(1, &label)).unwrap();
    gateway.signal("HUP").unwrap();
    until_says(SOON, &["new configuration in use", "label"], || {
        gateway.log()
    });
    assert_eq!(gateway.port(1).unwrap().summary.label, "Lobby");
    gateway
        .write_config(&place.config(1, "[gateways]\n"))
        .unwrap();
    gateway.signal("HUP").unwrap();
    until_says(
        SOON,
        &[
            "the configuration has errors; the running one stays",
            "gateways",
        ],
        || gateway.log(),
    );
    has_dial_tone(&gateway, 1);
    gateway.stop().unwrap();
}
