//! `tipring hardware` and `tipring setup`, on recorded trees.

use std::path::Path;

use crate::run::{Ended, tipring};
use crate::tree::{APPLIANCE, FXBENCH, LOC, grow};

fn at(root: &Path, args: &[&str]) -> Ended {
    let root = root.to_str().expect("a plain path");
    let mut all = args.to_vec();
    all.extend(["--root", root]);
    tipring(&all)
}

fn read(root: &Path, file: &str) -> String {
    std::fs::read_to_string(root.join(file)).unwrap_or_default()
}

const CONF: &str = "etc/dahdi/system.conf";
const TOML: &str = "etc/tipring/tipring.toml";

#[test]
fn without_cards_hardware_says_so_and_exits_1() {
    let root = grow("/proc/sys/kernel/osrelease = 6.1.0");
    let ended = at(root.path(), &["hardware"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stdout.contains("DAHDI not loaded"), "{ended:#?}");
    assert!(
        ended.stdout.contains("no telephone card found"),
        "{ended:#?}"
    );
    let ended = at(root.path(), &["setup", "--yes"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended.stderr.contains("no port for a telephone"),
        "{ended:#?}"
    );
}

#[test]
fn hardware_on_this_machine_works_without_daemon_or_dahdi() {
    let ended = tipring(&["hardware", "--json"]);
    assert!(matches!(ended.code, Some(0 | 1)), "{ended:#?}");
    assert!(ended.json()["cards"].is_array());
}

#[test]
fn every_line_and_card_that_cannot_be_used_is_shown_with_its_cure() {
    let root = grow(APPLIANCE);
    let ended = at(root.path(), &["hardware"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    for words in [
        "Wildcard TDM800P (VPMOCT032)  Digium, PCI Bus 05 Slot 09, driver wctdm24xxp",
        "in use by asterisk (pid 812)",
        "signalled fxsks; the gateway needs fxoks",
        "in alarm: red",
        "an exchange line  -           for an exchange line, not",
        "cure for not configured (as channel 1): run \"tipring setup\"",
        "DAHDI has given it no channel numbers yet",
        "its driver opvxa1200 is not installed for this kernel",
        "DAHDI 3 (Debian 13 and later) has no opvxa1200 any more",
        "blacklist netjet",
        "0 of 4 lines for telephones can be used",
        "+fxoks=1-4",
    ] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    let json = at(root.path(), &["hardware", "--json"]).json();
    assert_eq!(json["usable"], 0);
    assert_eq!(json["cards"][0]["spans"][0]["channels"][1]["in_use"], true);
    let proposed = json["proposed"]["tipring_toml"].as_str().expect("a file");
    assert!(proposed.contains("driver = \"dahdi\""), "{proposed}");
}

#[test]
fn setup_writes_both_files_once_and_the_daemon_takes_them() {
    let root = grow(FXBENCH);
    let wishes = [
        "setup",
        "--yes",
        "--country",
        "de",
        "--servers",
        "10.0.0.1,10.0.0.2",
    ];
    let ended = at(root.path(), &wishes);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stdout.contains("+fxoks=1-4"), "{ended:#?}");
    let conf = read(root.path(), CONF);
    assert!(
        conf.ends_with("fxoks=1-4\nfxsks=5-8\nloadzone=de\ndefaultzone=de\n"),
        "{conf}"
    );
    let toml = root.path().join(TOML);
    let check = tipring(&["config", "check", toml.to_str().expect("a plain path")]);
    assert_eq!(check.code, Some(0), "{check:#?}");
    assert!(check.stdout.contains("4 ports"), "{check:#?}");
    let again = at(root.path(), &wishes);
    assert_eq!(again.code, Some(0), "{again:#?}");
    assert!(!again.stdout.contains("written"), "{again:#?}");
    let ready = at(root.path(), &["hardware"]);
    assert_eq!(ready.code, Some(0), "{ready:#?}");
    assert!(ready.stderr.contains("nothing to set up"), "{ready:#?}");
}

#[test]
fn setup_keeps_settings_and_the_old_files() {
    let root = grow(FXBENCH);
    let old = "[gateway]\nnaming = \"an\" # ours\n\n[[port]]\nchannel = 2\nlabel = \"Lobby\"\n\n[[port]]\nchannel = 9\n";
    std::fs::create_dir_all(root.path().join("etc/tipring")).expect("a folder");
    std::fs::write(root.path().join(TOML), old).expect("a file");
    let ended = at(root.path(), &["setup", "--yes"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.stderr.contains("channel 9, which no card has"),
        "{ended:#?}"
    );
    let new = read(root.path(), TOML);
    assert!(
        new.contains("naming = \"an\" # ours") && new.contains("label = \"Lobby\""),
        "{new}"
    );
    let folder = std::fs::read_dir(root.path().join("etc/tipring")).expect("the folder");
    let backups: Vec<_> = folder
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".bak"))
        .collect();
    assert_eq!(backups.len(), 1);
    assert_eq!(
        std::fs::read_to_string(backups[0].path()).expect("the old file"),
        old
    );
}

#[test]
fn setup_changes_nothing_when_it_only_looks_or_may_not_ask() {
    let root = grow(LOC);
    let look = at(root.path(), &["setup", "--dry-run"]);
    assert_eq!(look.code, Some(0), "{look:#?}");
    assert!(look.stdout.contains("+[[port]]"), "{look:#?}");
    let json = at(root.path(), &["setup", "--dry-run", "--json"]).json();
    assert!(json["proposed"]["system_conf"].is_string());
    let nobody = at(root.path(), &["setup"]);
    assert_eq!(nobody.code, Some(2), "{nobody:#?}");
    assert!(nobody.stderr.contains("--yes"), "{nobody:#?}");
    assert!(!root.path().join("etc").exists());
}

#[test]
fn setup_refuses_what_it_does_not_know_and_what_is_broken() {
    let root = grow(FXBENCH);
    let country = at(root.path(), &["setup", "--yes", "--country", "xx"]);
    assert_eq!(country.code, Some(2), "{country:#?}");
    assert!(country.stderr.contains("use one of at, au"), "{country:#?}");
    let server = at(root.path(), &["setup", "--yes", "--servers", "10.0.0.1:0x"]);
    assert_eq!(server.code, Some(2), "{server:#?}");
    std::fs::create_dir_all(root.path().join("etc/tipring")).expect("a folder");
    for broken in ["[card\n", "[media]\nptime-ms = 25\n"] {
        std::fs::write(root.path().join(TOML), broken).expect("a file");
        let ended = at(root.path(), &["setup", "--yes"]);
        assert_eq!(ended.code, Some(78), "{ended:#?}");
        assert_eq!(read(root.path(), TOML), broken);
        assert!(!root.path().join(CONF).exists());
    }
}

#[test]
fn setup_does_not_cut_off_who_talks() {
    let root = grow(APPLIANCE);
    let ended = at(root.path(), &["setup", "--yes"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended
            .stderr
            .contains("1 DAHDI channels are in use by asterisk (pid 812)"),
        "{ended:#?}"
    );
    assert!(!root.path().join("etc").exists());
}
