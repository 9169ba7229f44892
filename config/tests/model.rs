//! What an accepted configuration means.

use std::net::Ipv4Addr;

use tipring_config::{
    AfterFarHangUp, Card, Config, Countries, FlashAction, Mac, Machine, Naming, Profile,
    PulseDigits, WindowMs, parse,
};
use tipring_proto::types::{Codec, DeviceType};

fn accepted(text: &str) -> Config {
    let machine = Machine {
        mac: Some(Mac([0x00, 0x11, 0x22, 0x33, 0x44, 0x55])),
        countries_dir: None,
    };
    parse(text, "test.toml", &machine).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn an_empty_file_is_a_working_gateway() {
    let config = accepted("");
    assert_eq!(config.warnings, []);
    assert_eq!(config.gateway.naming, Naming::Vgc);
    assert_eq!(config.gateway.protocol_version, 3);
    let servers: Vec<String> = config
        .callmanager
        .servers
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(servers, ["127.0.0.1:2000"]);
    assert_eq!(config.media.codecs, [Codec::G711Ulaw, Codec::G711Alaw]);
    assert_eq!(config.media.rtp_ports.to_string(), "16384-32767");
    assert_eq!(config.media.dscp_media, 46);
    assert!(matches!(config.card, Card::Sim(sim) if sim.ports == 4));
    let devices: Vec<&str> = config.ports.iter().map(|p| p.device.as_str()).collect();
    assert_eq!(
        devices,
        [
            "VGC112233445501",
            "VGC112233445502",
            "VGC112233445503",
            "VGC112233445504"
        ]
    );
    let port = &config.ports[0];
    assert_eq!((port.id.0, port.channel, port.enabled), (1, 1, true));
    assert_eq!(port.device_type, DeviceType::VGC_PHONE);
    assert_eq!(port.country.code, "us");
    assert!(port.caller_id.is_some());
    assert_eq!(port.line.flash, FlashAction::Transfer);
    assert_eq!(
        port.line.flash_window(),
        Some(WindowMs {
            min_ms: 200,
            max_ms: 1250
        })
    );
    assert_eq!(
        port.line.pulse_window(),
        Some(WindowMs {
            min_ms: 20,
            max_ms: 199
        })
    );
}

#[test]
fn nearest_wins() {
    let config = accepted(
        "[defaults]\nprofile = \"fax\"\ncaller-id = \"bt\"\ndisconnect-ms = 700\nhowler-s = 5\n\
         [[port]]\nchannel = 1\n\
         [[port]]\nchannel = 2\nprofile = \"alarm\"\n\
         [[port]]\nchannel = 3\nprofile = \"phone\"\ncaller-id = \"none\"\n",
    );
    let [one, two, three] = config.ports.as_slice() else {
        panic!("{} ports", config.ports.len());
    };
    // The defaults' own keys are nearer than the profile that the defaults name.
    assert_eq!(one.line.profile, Profile::Fax);
    assert!(one.caller_id.is_some());
    assert_eq!(one.line.flash, FlashAction::Ignore);
    assert_eq!((one.line.disconnect_ms, one.line.howler_s), (700, 5));
    // The profile that a port names is nearer than the defaults.
    assert_eq!(two.caller_id, None);
    assert_eq!((two.line.disconnect_ms, two.line.howler_s), (700, 0));
    // A key of the port is nearest; the defaults' profile shows where nothing else speaks.
    assert_eq!(three.caller_id, None);
    assert_eq!(three.line.howler_s, 5);
    assert_eq!(three.line.after_far_hang_up, AfterFarHangUp::Silence);
}

#[test]
fn a_port_keeps_its_name_when_another_is_taken_out() {
    let both = accepted("[[port]]\nchannel = 1\n[[port]]\nchannel = 2\n");
    let one = accepted("[[port]]\nchannel = 2\n");
    assert_eq!(both.ports[1].device, one.ports[0].device);
}

#[test]
fn every_country_takes_slow_dials_and_its_flash_begins_no_later_than_they_end() {
    for code in Countries::built_in().codes() {
        let config = accepted(&format!("[defaults]\ncountry = \"{code}\"\n"));
        let line = &config.ports[0].line;
        let (flash, pulse) = (line.flash_window().unwrap(), line.pulse_window().unwrap());
        // 22 pulses a second with 50 % break; 8 a second with 70 %, and old dials at exchanges up to 105 ms.
        assert!(
            pulse.min_ms <= 22 && pulse.max_ms >= 105,
            "{code}: {pulse:?}"
        );
        assert!(
            flash.min_ms <= pulse.max_ms + 1,
            "{code}: {pulse:?} {flash:?}"
        );
        assert!(flash.max_ms > pulse.max_ms, "{code}: {pulse:?} {flash:?}");
    }
}

#[test]
fn irish_recall_is_up_to_300_ms_long() {
    let config = accepted("[defaults]\ncountry = \"ie\"\n");
    let window = config.ports[0].line.flash_window().unwrap();
    assert_eq!((window.min_ms, window.max_ms), (80, 300));
    assert_eq!(config.ports[0].country.code, "ie");
}

#[test]
fn call_waiting_tone_comes_at_the_interval_of_the_country_unless_the_file_names_one() {
    let repeat = |text: &str| accepted(text).ports[0].line.call_waiting_repeat.ms;
    // The burst and the silence after it, as public tone tables have them.
    for (code, ms) in [
        ("at", 40 + 2_000),
        ("nz", 200 + 3_000),
        ("be", 525 + 3_500),
        ("es", 525 + 3_500),
        ("ch", 600 + 4_000),
        ("uk", 100 + 4_000),
        ("au", 600 + 4_400),
        ("de", 600 + 5_000),
        ("jp", 500 + 8_000),
        ("se", 900 + 9_100),
        ("nl", 500 + 9_500),
        ("us", 300 + 10_000),
        ("fr", 300 + 10_000),
        ("it", 1_000 + 14_000),
    ] {
        let country = format!("[defaults]\ncountry = \"{code}\"\n");
        assert_eq!(repeat(&country), ms, "{code}");
        let own = format!("{country}call-waiting-repeat-s = 7\n");
        assert_eq!(repeat(&own), 7_000, "{code}");
    }
}

#[test]
fn a_dial_counts_as_those_of_its_country_do_unless_the_file_says_otherwise() {
    let digits = |text: &str| accepted(text).ports[0].line.pulse_digits;
    for (code, expected) in [
        ("nz", PulseDigits::NewZealand),
        ("se", PulseDigits::Sweden),
        ("us", PulseDigits::Standard),
    ] {
        let country = format!("[defaults]\ncountry = \"{code}\"\n");
        assert_eq!(digits(&country), expected, "{code}");
        let own = format!("{country}pulse-digits = \"standard\"\n");
        assert_eq!(digits(&own), PulseDigits::Standard, "{code}");
    }
}

#[test]
fn ranges_and_addresses_are_read_in_both_forms() {
    let config = accepted(
        "[gateway]\naddress = \"192.0.2.1\"\n[callmanager]\nservers = [\"cm\", \"10.0.0.2:2001\"]\n\
         [media]\nrtp-ports = [20000, 20999]\n[sim]\nnoise-dbm0 = -100\n",
    );
    assert_eq!(config.gateway.address, Some(Ipv4Addr::new(192, 0, 2, 1)));
    assert_eq!(config.media.rtp_ports.even_ports(), 500);
    assert_eq!(config.callmanager.servers[0].to_string(), "cm:2000");
    assert!(matches!(config.card, Card::Sim(sim) if sim.noise_dbm0.is_none()));
}

#[test]
fn a_country_directory_adds_and_replaces() {
    let dir = std::env::temp_dir().join(format!("tipring-countries-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let text = include_str!("../countries/de.toml").replace("\"de\"", "\"dd\"");
    std::fs::write(dir.join("dd.toml"), text).unwrap();
    std::fs::write(dir.join("broken.toml"), "code = 3").unwrap();
    let machine = Machine {
        mac: None,
        countries_dir: Some(dir.clone()),
    };
    let report = parse("[defaults]\ncountry = \"dd\"\n", "test.toml", &machine).unwrap_err();
    std::fs::remove_file(dir.join("broken.toml")).unwrap();
    let config = parse("[defaults]\ncountry = \"dd\"\n", "test.toml", &machine);
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(
        report
            .problems
            .iter()
            .any(|p| p.file.ends_with("broken.toml") && p.line == Some(1)),
        "{report}"
    );
    assert_eq!(config.unwrap().ports[0].country.code, "dd");
}
