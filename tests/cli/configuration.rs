//! `tipring config`.

use std::path::Path;

use crate::run::{Ended, tipring};

fn check(text: &str, json: bool) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tipring.toml");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let none = folder.path().join("countries");
    let mut args = vec![
        "config",
        "check",
        file,
        "--countries",
        none.to_str().unwrap(),
    ];
    if json {
        args.push("--json");
    }
    tipring(&args)
}

const TEN_MISTAKES: &str = "\
[gateway]
naming = \"vcg\"
protocol-version = 2
mac = \"00:11:22\"
[callmanager]
servers = [\"10.0.0.1:99999\"]
[media]
rtp-port = [20000, 20100]
ptime-ms = 25
[line-thread]
priority = \"high\"
[sim]
ports = 2
[[port]]
channel = 1
[[port]]
channel = 1
[[port]]
channel = 2
country = \"xx\"
caller-id = \"yes\"
";

#[test]
fn ten_mistakes_are_one_report_and_exit_78() {
    let ended = check(TEN_MISTAKES, false);
    assert_eq!(ended.code, Some(78), "{ended:#?}");
    let lines: Vec<&str> = ended
        .stdout
        .lines()
        .filter_map(|line| {
            line.split_once("tipring.toml:")?
                .1
                .split_once(": error")?
                .0
                .into()
        })
        .collect();
    assert_eq!(
        lines,
        ["2", "3", "4", "6", "8", "9", "11", "17", "20", "21"]
    );
    assert!(
        ended.stdout.contains("did you mean `rtp-ports`?"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("accepted: 3 to 22"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.trim_end().ends_with("10 errors"),
        "{}",
        ended.stdout
    );
}

#[test]
fn the_report_as_json_has_every_problem_with_its_line() {
    let ended = check(TEN_MISTAKES, true);
    assert_eq!(ended.code, Some(78));
    let report = ended.json();
    assert_eq!(report["ok"], false);
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 10);
    assert_eq!(problems[0]["key"], "gateway.naming");
    assert_eq!(problems[0]["value"], "\"vcg\"");
    assert_eq!(problems[0]["cure"], "did you mean \"vgc\"?");
    assert_eq!(problems[7]["line"], 17);
    assert_eq!(problems[7]["other_line"], 15);
}

#[test]
fn a_good_file_is_exit_0() {
    let ended = check("[gateway]\nmac = \"00:11:22:33:44:55\"\n", false);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.stdout.ends_with("tipring.toml: good, 4 ports\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(ended.stderr, "");
    assert_eq!(
        check("[gateway]\nmac = \"00:11:22:33:44:55\"\n", true).json()["ok"],
        true
    );
}

#[test]
fn a_file_that_is_not_there_is_exit_78_with_the_cure() {
    let ended = tipring(&["config", "check", "/nonexistent/tipring.toml"]);
    assert_eq!(ended.code, Some(78));
    assert!(
        ended.stdout.contains("cannot be read") && ended.stdout.contains("cure"),
        "{}",
        ended.stdout
    );
}

#[test]
fn binary_rubbish_is_a_report_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rubbish.toml");
    std::fs::write(&file, b"[gateway]\n\xff\xfe\x00\x01").unwrap();
    let ended = tipring(&["config", "check", file.to_str().unwrap()]);
    assert_eq!(ended.code, Some(78));
    assert!(
        ended.stdout.contains("rubbish.toml:2: error: is not UTF-8"),
        "{}",
        ended.stdout
    );
}

#[test]
fn every_shipped_file_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = vec![root.join("packaging/tipring.toml")];
    files.extend(
        std::fs::read_dir(root.join("config/examples"))
            .unwrap()
            .map(|e| e.unwrap().path()),
    );
    assert!(files.len() > 4);
    for file in files {
        let ended = tipring(&["config", "check", file.to_str().unwrap()]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }
}

#[test]
fn the_sample_is_the_shipped_file() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/tipring.toml");
    assert_eq!(
        tipring(&["config", "sample"]).stdout,
        std::fs::read_to_string(shipped).unwrap()
    );
}

#[test]
fn an_address_and_a_group_that_this_machine_lacks_are_warnings_with_their_lines() {
    let text = "[gateway]\nmac = \"00:11:22:33:44:55\"\naddress = \"192.0.2.77\"\n\
                [control]\ngroup = \"no-such-group\"\n";
    let ended = check(text, false);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for told in [
        "tipring.toml:3: warning: gateway.address = \"192.0.2.77\": is no address of this machine now",
        "tipring.toml:5: warning: control.group = \"no-such-group\": is no group of this machine",
    ] {
        assert!(ended.stderr.contains(told), "{ended:#?}");
    }
    let report = check(text, true).json();
    assert_eq!(report["ok"], true);
    assert_eq!(report["problems"][0]["key"], "gateway.address");
    let own = "[gateway]\nmac = \"00:11:22:33:44:55\"\naddress = \"127.0.0.1\"\n[control]\ngroup = \"root\"\n";
    assert_eq!(check(own, false).stderr, "");
}
