//! Proposals for trees and files.

use super::*;
use crate::dahdi::scan::scan_at;
use crate::dahdi::tree::{APPLIANCE, FXBENCH, grow};

fn proposal(tree: &str, existing: &str, country: Option<&str>) -> String {
    let root = grow(tree);
    propose(existing, &scan_at(root.path()), country)
}

/// Without comments and empty lines.
fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn an_empty_file_gets_all_ports_and_the_zone_of_the_country() {
    let text = proposal(APPLIANCE, "", Some("de"));
    let expected = ["fxoks=1-4", "fxsks=5-6", "loadzone=de", "defaultzone=de"];
    assert_eq!(lines(&text), expected);
    assert!(text.starts_with("# DAHDI channels"), "{text}");
}

#[test]
fn what_is_right_stays_to_the_byte() {
    let good = "# mine\nfxoks = 1-4 ; sets\nfxsls=5\nfxsks=6\nloadzone=fr\ndefaultzone=fr\nspan=9,1,0,ccs,hdb3\n";
    assert_eq!(proposal(APPLIANCE, good, None), good);
    let own = "fxoks=1-4\nfxsks=5-8\nloadzone=us\ndefaultzone=us\n";
    assert_eq!(proposal(FXBENCH, own, None), own);
}

#[test]
fn wrong_and_missing_channels_are_mended_and_those_of_others_kept() {
    let old =
        "fxoks=2,40-41\nfxsks=3,6\nbchan=100-130\nechocanceller=mg2,1-6\nechocanceller=oslec,2-3\n";
    let text = proposal(APPLIANCE, old, None);
    let expected = [
        "fxoks=2,40-41",
        "fxsks=6",
        "bchan=100-130",
        "echocanceller=mg2,5-6",
        "fxoks=1,3-4",
        "fxsks=5",
        "loadzone=us",
        "defaultzone=us",
    ];
    assert_eq!(lines(&text), expected);
}

#[test]
fn a_country_on_the_command_line_overrules_the_zone_in_the_file() {
    let text = proposal(
        FXBENCH,
        "fxoks=1-4\nfxsks=5-8\nloadzone=us\ndefaultzone=us\n",
        Some("gb"),
    );
    let expected = ["fxoks=1-4", "fxsks=5-8", "loadzone=uk", "defaultzone=uk"];
    assert_eq!(lines(&text), expected);
    assert_eq!(zone("xx"), "us");
}

#[test]
fn a_line_that_is_not_understood_is_not_touched() {
    let odd = "fxoks=one\nfxoks=1-4\nfxsks=5-8\nloadzone=us\ndefaultzone=us\nwhatever\n";
    assert_eq!(proposal(FXBENCH, odd, None), odd);
}

#[test]
fn a_machine_without_cards_gets_nothing() {
    assert_eq!(proposal("/proc/x = 1", "", None), "");
}
