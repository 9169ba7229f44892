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
    for line in [
        "tipring.toml:3: warning: gateway.address = \"192.0.2.77\": is no address of this machine now",
        "tipring.toml:5: warning: control.group = \"no-such-group\": is no group of this machine",
    ] {
        assert!(ended.stderr.contains(line), "{ended:#?}");
    }
    let report = check(text, true).json();
    assert_eq!(report["ok"], true);
    assert_eq!(report["problems"][0]["key"], "gateway.address");
    let own = "[gateway]\nmac = \"00:11:22:33:44:55\"\naddress = \"127.0.0.1\"\n[control]\ngroup = \"root\"\n";
    assert_eq!(check(own, false).stderr, "");
}

const SHOWN: &str = "\
[gateway]
mac = \"00:11:22:33:44:55\"
[callmanager]
servers = [\"cucm-publisher.example.com\", \"cucm-subscriber-1.example.com:2000\", \"192.0.2.1\"]
[defaults]
country = \"uk\"
howler-s = 30
[[port]]
channel = 3
label = \"Fax, 2nd floor\"
profile = \"fax\"
rx-gain-db = -2.5
";

fn show(text: &str, args: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tipring.toml");
    std::fs::write(&file, text).unwrap();
    let file = [
        "--config",
        file.to_str().unwrap(),
        "--countries",
        "/nonexistent",
    ];
    tipring(&[&["config", "show"], args, &file].concat())
}

#[test]
fn every_setting_of_a_port_is_shown_with_where_it_came_from() {
    let ended = show(SHOWN, &["3"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let row = |key: &str| {
        let mut lines = ended.stdout.lines();
        let line = lines.find(|line| line.split_whitespace().next() == Some(key));
        let line = line.unwrap_or_else(|| panic!("no {key} in {}", ended.stdout));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("channel"), "channel 3 [[port]] line 9");
    assert_eq!(row("number"), "number 3 the channel");
    assert_eq!(row("country"), "country \"uk\" [defaults] line 6");
    assert_eq!(row("flash"), "flash \"ignore\" profile fax");
    assert_eq!(row("howler-s"), "howler-s 15 profile fax");
    assert_eq!(row("flash-min-ms"), "flash-min-ms 75 country uk");
    assert_eq!(row("rx-gain-db"), "rx-gain-db -2.5 [[port]] line 12");
    assert_eq!(row("disconnect-ms"), "disconnect-ms 500 default");
    for line in ended.stdout.lines().skip(1) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let json = show(SHOWN, &["3", "--json"]).json();
    assert_eq!(json["port"], 3);
    let settings = json["settings"].as_array().unwrap();
    let of = |key: &str| settings.iter().find(|s| s["key"] == key).unwrap().clone();
    assert_eq!(of("rx-gain-db")["value"], -2.5);
    assert_eq!(of("rx-gain-db")["line"], 12);
    assert_eq!(
        (of("flash")["from"].as_str(), of("flash")["name"].as_str()),
        (Some("profile"), Some("fax"))
    );
    assert_eq!(of("label")["value"], "Fax, 2nd floor");
}

#[test]
fn the_settings_of_the_gateway_are_shown_within_eighty_columns() {
    let ended = show(SHOWN, &[]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for line in ended.stdout.lines().skip(1) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for line in ["[gateway]", "[log]", "\"00:11:22:33:44:55\"", "line 2"] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    let json = show(SHOWN, &["--json"]).json();
    let tables = json["tables"].as_array().unwrap();
    let callmanager = tables.iter().find(|t| t["table"] == "callmanager").unwrap();
    let servers = &callmanager["settings"][0];
    assert_eq!(servers["value"][2], "192.0.2.1");
    assert_eq!(
        (servers["from"].as_str(), servers["line"].as_u64()),
        (Some("file"), Some(4))
    );
}

#[test]
fn a_port_that_is_not_in_the_file_is_refused_and_a_bad_file_is_reported() {
    let ended = show(SHOWN, &["1"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended.stderr.contains("has no port 1") && ended.stderr.contains("port 3"),
        "{ended:#?}"
    );
    let ended = show(TEN_MISTAKES, &["1"]);
    assert_eq!(ended.code, Some(78), "{ended:#?}");
    assert!(
        ended.stdout.trim_end().ends_with("10 errors"),
        "{}",
        ended.stdout
    );
}
