//! Finished calls and findings outlive the daemon, and what is wrong with their file costs no call.

use std::path::PathBuf;
use std::time::Duration;

use tipring_ctl::report::{History, StatusReport, StoredFinding};
use tipring_ctl::request::{Request, Response, SimAction, SimFault};
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, until, until_says};
use crate::talk::{Talk, can_call};

fn file(place: &Place) -> PathBuf {
    place.folder().join("control.sock.history.db")
}

fn history(gateway: &Gateway, arguments: &[&str]) -> Result<History, String> {
    let all = [&["history", "--json"], arguments].concat();
    let text = gateway.tipring(&all)?;
    serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))
}

fn code(status: &StatusReport) -> Vec<&'static str> {
    status.findings.iter().map(|f| f.code()).collect()
}

/// The history finding that the gateway has, or none.
fn until_finding(gateway: &Gateway, wanted: &str) {
    until(Duration::from_secs(70), || {
        let codes = code(&gateway.status()?);
        let found: Vec<_> = codes.iter().filter(|c| c.starts_with("history")).collect();
        match found[..] {
            [] if wanted.is_empty() => Ok(()),
            [one] if *one == wanted => Ok(()),
            _ => Err(format!("{found:?}, not {wanted:?}")),
        }
    });
}

pub(crate) fn finished_calls_are_there_after_a_restart_and_after_a_crash() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let launch = place.launch(&place.config(2, ""));
    let gateway = launch.start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    Talk::begin(&gateway, 1, 2).end();
    // The line thread hands the media's figures over a moment after the call.
    let kept = until(SOON, || {
        let kept = history(&gateway, &["--calls"])?;
        let full = kept.calls.iter().filter(|c| c.packets_received > 0);
        match full.count() {
            2 => Ok(kept),
            n => Err(format!("{n} of {kept:?}")),
        }
    });
    let of = |port| kept.calls.iter().find(|c| c.port == port).unwrap();
    let (caller, called) = (of(1), of(2));
    assert!(caller.is_answered() && called.is_answered());
    assert!(caller.dialed.is_some() && caller.dialed == caller.number);
    assert_eq!(caller.server.as_deref(), Some(&*place.sccp().to_string()));
    assert!(caller.begun_unix_ms <= caller.answered_unix_ms.unwrap());
    assert!(caller.answered_unix_ms.unwrap() <= caller.ended_unix_ms);
    assert_eq!(caller.codec.as_deref(), Some("G.711 µ-law"));
    for call in [caller, called] {
        let (mean, worst) = (call.mean_mos.unwrap(), call.worst_mos.unwrap());
        assert!((1.0..=4.5).contains(&mean) && worst <= mean, "{call:?}");
    }
    let text = gateway.tipring(&["history"]).unwrap();
    assert!(
        text.contains("FAR END") && text.contains("hung up"),
        "{text}"
    );
    gateway.stop().unwrap();
    // In order: the file is whole, and is read without a daemon.
    let gateway = launch.start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    assert_eq!(history(&gateway, &["--calls"]).unwrap().calls, kept.calls);
    can_call(&gateway, 2, 1);
    let more = until(SOON, || {
        let kept = history(&gateway, &["--calls"])?;
        match kept.calls.len() {
            4 => Ok(kept),
            n => Err(format!("{n} calls")),
        }
    });
    // A crash: what the last answer showed is on the disk.
    gateway.crash();
    let gateway = launch.start().unwrap();
    let ids = |h: &History| h.calls.iter().map(|c| (c.run, c.id)).collect::<Vec<_>>();
    let after = history(&gateway, &["--calls"]).unwrap();
    assert_eq!(ids(&after), ids(&more));
    let of_port = history(&gateway, &["2", "--since", "1h"]).unwrap();
    assert_eq!(of_port.calls.len(), 2);
    gateway.stop().unwrap();
}

pub(crate) fn a_call_that_the_stop_of_the_daemon_ends_is_in_the_history() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let launch = place.launch(&place.config(2, ""));
    let gateway = launch.start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let talk = Talk::begin(&gateway, 1, 2);
    std::mem::forget(talk);
    gateway.stop().unwrap();
    let gateway = launch.start().unwrap();
    let kept = history(&gateway, &["--calls"]).unwrap().calls;
    let mut ends: Vec<_> = kept
        .iter()
        .map(|call| (call.port, &*call.end, call.is_answered()))
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, [(1, "stopped", true), (2, "stopped", true)]);
    gateway.stop().unwrap();
}

pub(crate) fn without_the_daemon_its_file_is_read_and_the_answer_says_so() {
    let place = Place::new();
    let launch = place.launch(&place.config(1, ""));
    let gateway = launch.start().unwrap();
    // Nobody listens: the port is not registered, and that is a finding with a begin and no end.
    let refused = until(SOON, || {
        let found = history(&gateway, &["1", "--findings"])?.findings;
        found.into_iter().next().ok_or("no finding".to_owned())
    });
    assert_eq!((&*refused.code, refused.now), ("connect-refused", true));
    let socket = gateway.socket().to_owned();
    gateway.crash();
    let read = |arguments: &[&str]| {
        let mut command = std::process::Command::new(tipring_tests::gateway::binary("tipring"));
        command.arg("--socket").arg(&socket).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = read(&["history", "1"]);
    let begin = format!(
        "the daemon does not run: from its file {}\n",
        file(&place).display()
    );
    assert!(text.starts_with(&begin), "{text}");
    // Its end was not recorded.
    assert!(text.contains("unknown"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&read(&["history", "--json"])).unwrap();
    assert_eq!(json["file"], file(&place).display().to_string());
    // The next run sees it again, and its end: the first one's stays unknown.
    let _callmanager = place.callmanager();
    let gateway = launch.start().unwrap();
    gateway.wait_registered(1, SOON).unwrap();
    let first = history(&gateway, &["1", "--findings"]).unwrap();
    let first = first.findings.last().unwrap().clone();
    assert_eq!((first.id, first.run), (refused.id, refused.run));
    assert_eq!((first.now, first.ended_unix_ms), (false, None));
    gateway.stop().unwrap();
}

pub(crate) fn a_file_that_cannot_be_written_costs_no_call_and_is_kept_again_by_itself() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    // Root writes everywhere, so a directory has the file's name.
    std::fs::create_dir(file(&place)).unwrap();
    let gateway = place.gateway(2, "");
    until_finding(&gateway, "history-not-writable");
    let check = gateway.tipring(&["status"]).unwrap();
    assert!(
        check.contains("the history of calls and findings is not kept"),
        "{check}"
    );
    can_call(&gateway, 1, 2);
    std::fs::remove_dir(file(&place)).unwrap();
    until_finding(&gateway, "");
    // What waited meanwhile is kept.
    let kept = history(&gateway, &["--calls"]).unwrap();
    assert_eq!((kept.calls.len(), kept.lost), (2, 0));
    let past = history(&gateway, &["--findings"]).unwrap();
    let past = past.findings.iter().find(|f| f.port.is_none()).unwrap();
    assert_eq!(past.code, "history-not-writable");
    gateway.stop().unwrap();
}

pub(crate) fn a_broken_file_is_put_aside_and_another_one_begun() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    std::fs::write(file(&place), "this is no database").unwrap();
    let gateway = place.gateway(2, "");
    can_call(&gateway, 1, 2);
    let kept = until(SOON, || {
        let kept = history(&gateway, &[])?;
        match kept.calls.len() {
            2 => Ok(kept),
            n => Err(format!("{n} calls")),
        }
    });
    let aside = kept.findings.iter().find(|f| f.code == "history-set-aside");
    let aside = aside.expect("it is said in the history");
    let name = aside.parameters["file"].as_str().unwrap();
    assert_eq!(std::fs::read(name).unwrap(), b"this is no database");
    until_finding(&gateway, "");
    assert!(gateway.log().contains("it is no SQLite database"));
    gateway.stop().unwrap();
}

pub(crate) fn a_full_disk_costs_no_call_and_is_kept_again_when_there_is_room() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let state = place.folder().join("state");
    std::fs::create_dir(&state).unwrap();
    let state = state.display().to_string();
    // In a mount namespace of the daemon's own, which the test reaches over /proc.
    let mount = format!("mount -t tmpfs -o size=256k none {state} && exec \"$0\" \"$@\"");
    let gateway = place
        .launch(&place.config(2, ""))
        .env("STATE_DIRECTORY", &state)
        .wrapped(&["unshare", "-m", "sh", "-c", &mount])
        .start()
        .unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    let inside = PathBuf::from(format!("/proc/{}/root{state}", gateway.pid()));
    until_says(SOON, &["history.db"], || {
        let all = std::fs::read_dir(&inside).unwrap();
        let names = all.map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        names.collect::<Vec<_>>().join(" ")
    });
    let filler = inside.join("filler");
    // As much as there is room for.
    let mut full = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut full, &[0; 4096]).is_ok() {}
    can_call(&gateway, 1, 2);
    until_finding(&gateway, "history-disk-full");
    can_call(&gateway, 2, 1);
    std::fs::remove_file(&filler).unwrap();
    drop(full);
    until_finding(&gateway, "");
    let kept = history(&gateway, &["--calls"]).unwrap();
    assert_eq!((kept.calls.len(), kept.lost), (4, 0));
    gateway.stop().unwrap();
}

pub(crate) fn nothing_is_kept_with_keep_days_0_and_a_reload_ends_that() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let off = place.config(2, "[history]\nkeep-days = 0\n");
    let gateway = place.launch(&off).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    can_call(&gateway, 1, 2);
    assert_eq!(history(&gateway, &[]).unwrap().calls, []);
    assert!(!file(&place).exists());
    gateway.write_config(&place.config(2, "")).unwrap();
    gateway.reload().unwrap();
    can_call(&gateway, 2, 1);
    until(SOON, || {
        match history(&gateway, &["--calls"])?.calls.len() {
            2 => Ok(()),
            n => Err(format!("{n} calls")),
        }
    });
    // A client may ask for more than a line of the socket holds, and for a port that never was.
    let question = tipring_store::Query {
        port: Some(1000),
        limit: u32::MAX,
        ..tipring_store::Query::default()
    };
    let socket = gateway.socket();
    let mut client = tipring_ctl::client::Client::connect(socket, SOON).unwrap();
    match client.request(Request::History(question), SOON).unwrap() {
        Response::History(none) => assert_eq!((none.calls.len(), none.more), (0, false)),
        other => panic!("{other:?}"),
    }
    gateway.stop().unwrap();
}

pub(crate) fn faults_shorter_than_a_second_are_each_kept() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(1, "");
    let mut set = gateway.set(1).unwrap();
    let mut events = 0;
    let says = |l: &str| l.contains("span is in alarm") || l.contains("line fault over");
    let mut make = |fault| {
        set.act(SimAction::Fault { fault }, SOON).unwrap();
        events += 1;
        until(SOON, || {
            let trace = gateway.tipring(&["trace", "--last", "1"])?;
            let seen = trace.lines().filter(|l| says(l)).count();
            if seen >= events {
                Ok(())
            } else {
                Err(format!("{seen} of {events}: {trace}"))
            }
        });
    };
    for _ in 0..3 {
        make(SimFault::Alarm);
        make(SimFault::Clear);
    }
    until(SOON, || {
        let kept = history(&gateway, &["1", "--findings"])?.findings;
        let short = |f: &&StoredFinding| {
            let lasted = f.ended_unix_ms.map(|end| end - f.begun_unix_ms);
            f.code == "span-alarm" && lasted.is_some()
        };
        match kept.iter().filter(short).count() {
            3 => Ok(()),
            n => Err(format!("{n} of 3 in {kept:?}")),
        }
    });
}
