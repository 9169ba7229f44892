//! Trees recorded in the guest, and one made by hand, as their notes say.

use super::*;
use crate::dahdi::tree::{APPLIANCE, FXBENCH, LOC, grow};

fn channel(hardware: &Hardware, number: u16) -> &ChannelEntry {
    let mut channels = hardware.channels();
    channels
        .find(|channel| channel.number == number)
        .expect("that channel")
}

fn why(hardware: &Hardware, number: u16) -> (bool, &str) {
    let verdict = &channel(hardware, number).verdict;
    (verdict.usable, verdict.why.as_deref().unwrap_or("-"))
}

#[test]
fn a_machine_without_dahdi_has_nothing_and_says_so() {
    let root = grow("/proc/sys/kernel/osrelease = 6.1.0");
    let hardware = scan_at(root.path());
    assert!(!hardware.dahdi_loaded && hardware.cards.is_empty());
    assert_eq!(hardware.kernel, "6.1.0");
    assert_eq!(hardware.usable(), 0);
}

#[test]
fn the_test_card_has_its_telephones_and_their_far_ends() {
    let root = grow(FXBENCH);
    let hardware = scan_at(root.path());
    let names: Vec<_> = hardware
        .cards
        .iter()
        .map(|card| card.name.as_str())
        .collect();
    assert_eq!(names, ["FXBENCH FXS card", "FXBENCH telephones"]);
    assert_eq!(hardware.telephone_channels(), [1, 2, 3, 4]);
    assert_eq!(hardware.usable(), 4);
    assert_eq!(why(&hardware, 1), (true, "-"));
    assert_eq!(
        why(&hardware, 5),
        (false, "for an exchange line, not for a telephone")
    );
    assert_eq!(channel(&hardware, 5).verdict.cure, None);
    let card = &hardware.cards[0];
    assert_eq!(card.location, "bench, slot 1");
    assert_eq!(card.state, CardState::Ready);
    assert_eq!(card.spans[0].description, "Simulated FXS card");
}

#[test]
fn channels_of_a_dynamic_span_are_what_they_are_configured_as_and_the_clock_is_no_card() {
    let root = grow(LOC);
    let hardware = scan_at(root.path());
    assert_eq!(hardware.cards.len(), 2);
    assert_eq!(hardware.cards[0].driver.as_deref(), Some("dahdi_dynamic"));
    assert_eq!(channel(&hardware, 1).port, PortKind::Telephone);
    assert_eq!(channel(&hardware, 3).port, PortKind::ExchangeLine);
}

#[test]
fn each_channel_of_a_mixed_card_says_what_it_is_and_what_to_do() {
    let root = grow(APPLIANCE);
    let hardware = scan_at(root.path());
    let card = &hardware.cards[0];
    assert_eq!(card.name, "Wildcard TDM800P (VPMOCT032)");
    assert_eq!(card.driver.as_deref(), Some("wctdm24xxp"));
    assert_eq!(why(&hardware, 1), (false, "not configured"));
    let cure = channel(&hardware, 1)
        .verdict
        .cure
        .as_deref()
        .unwrap_or_default();
    assert!(cure.contains("fxoks=1"), "{cure}");
    assert_eq!(why(&hardware, 2), (false, "in use by asterisk (pid 812)"));
    assert_eq!(
        why(&hardware, 3),
        (false, "signalled fxsks; the gateway needs fxoks")
    );
    assert_eq!(why(&hardware, 4), (false, "in alarm: red"));
    assert_eq!(channel(&hardware, 5).port, PortKind::ExchangeLine);
    assert_eq!(channel(&hardware, 8).port, PortKind::Nothing);
    assert_eq!(hardware.telephone_channels(), [1, 2, 3, 4]);
    assert_eq!(hardware.holders[0].devices, 1);
}

#[test]
fn cards_without_channels_say_why_and_what_to_do() {
    let root = grow(APPLIANCE);
    let hardware = scan_at(root.path());
    let shown: Vec<String> = hardware
        .cards
        .iter()
        .filter_map(|card| {
            let driver = card.driver.as_deref()?;
            let (why, cure) = (card.state.why(driver)?, card.state.cure(driver)?);
            Some(format!("{} ({}): {why}; {cure}", card.name, card.location))
        })
        .collect();
    let expected = [
        "Astribank2 (usb-0000:00:14.0-2): DAHDI has given it no channel numbers yet",
        "Wildcard TDM410P (PCI 0000:06:00.0): its driver wctdm24xxp is not loaded; run \"modprobe wctdm24xxp\"",
        "OpenVox A1200P or A1200E (PCI 0000:06:01.0): its driver opvxa1200 is not installed for this kernel; \
         DAHDI 3 (Debian 13 and later) has no opvxa1200 any more: run this card on Debian 12",
        "Wildcard TDM400P (PCI 0000:06:02.0): the driver netjet has taken it; write \"blacklist netjet\"",
        "Wildcard A4B (PCI 0000:06:03.0): its driver wcaxx is loaded but did not bring it up",
    ];
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (text, expected) in shown.iter().zip(expected) {
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn the_report_is_json_with_every_field_named() {
    let root = grow(APPLIANCE);
    let json = serde_json::to_value(scan_at(root.path())).expect("JSON");
    assert_eq!(
        json["cards"][0]["spans"][0]["channels"][0]["port"],
        "telephone"
    );
    assert_eq!(json["cards"][2]["state"]["is"], "no-driver");
    assert_eq!(json["cards"][2]["state"]["installed"], true);
}
