//! Settings that contradict the profile or each other: accepted, with a warning at their line.

use tipring_config::{Mac, Machine, Problem, Severity, parse};

fn warnings(text: &str) -> Vec<Problem> {
    let machine = Machine {
        mac: Some(Mac([0x00, 0x11, 0x22, 0x33, 0x44, 0x55])),
        ..Machine::default()
    };
    let config = parse(text, "test.toml", &machine).unwrap_or_else(|e| panic!("{e}"));
    let all = config.warnings.iter();
    assert!(
        all.clone()
            .all(|p| p.severity == Severity::Warning && p.cure.is_some())
    );
    config.warnings
}

fn places(text: &str) -> Vec<(u32, String)> {
    let all = warnings(text).into_iter();
    all.map(|p| (p.line.unwrap(), p.key.unwrap())).collect()
}

#[test]
fn what_data_does_not_bear_is_a_warning_on_a_port_for_data() {
    for profile in ["fax", "modem", "alarm"] {
        for key in [
            "vad = true",
            "caller-id = \"bellcore\"",
            "caller-id = \"country\"",
            "call-waiting-tone = true",
            "stutter-dial-tone = true",
            "flash = \"transfer\"",
            "digits-in-band = false",
        ] {
            let text = format!("[[port]]\nchannel = 1\nprofile = \"{profile}\"\n{key}\n");
            let name = key.split(' ').next().unwrap();
            assert_eq!(
                places(&text),
                [(4, format!("port[channel 1].{name}"))],
                "{text}"
            );
            let message = &warnings(&text)[0].message;
            assert!(
                message.contains(&format!("profile = \"{profile}\"")),
                "{message}"
            );
        }
    }
    let squelched = "[[port]]\nchannel = 1\nprofile = \"modem\"\nv8-squelch = true\n";
    assert_eq!(
        places(squelched),
        [(4, "port[channel 1].v8-squelch".to_owned())]
    );
}

#[test]
fn named_events_have_a_payload_type_of_their_own() {
    let machine = Machine {
        mac: Some(Mac([0x00, 0x11, 0x22, 0x33, 0x44, 0x55])),
        ..Machine::default()
    };
    let refused = |text: &str| {
        let report = parse(text, "test.toml", &machine).unwrap_err();
        let problems = report.problems.into_iter();
        problems
            .map(|p| (p.line, p.key.unwrap(), p.accepts.unwrap()))
            .collect::<Vec<_>>()
    };
    let port = "[[port]]\nchannel = 1\nnse = \"force\"\n";
    let text = format!("[media]\nredundancy-payload-type = 100\n{port}");
    let media = (
        Some(2),
        "media.redundancy-payload-type".to_owned(),
        "77 to 127 but not 100".to_owned(),
    );
    assert_eq!(refused(&text), [media]);
    let text = format!("[media]\nredundancy-payload-type = 98\n{port}nse-payload-type = 98\n");
    let key = (
        Some(6),
        "port[channel 1].nse-payload-type".to_owned(),
        "96 to 127 but not 98".to_owned(),
    );
    assert_eq!(refused(&text), [key]);
    // The usual one of telephone-events: each call decides.
    let text = format!("{port}nse-payload-type = 101\n");
    assert_eq!(
        places(&text),
        [(4, "port[channel 1].nse-payload-type".to_owned())]
    );
    // Where events are off, nothing has the type.
    let off =
        "[media]\nredundancy-payload-type = 101\n[[port]]\nchannel = 1\nnse-payload-type = 101\n";
    assert_eq!(warnings(off), []);
}

#[test]
fn what_goes_with_the_profile_is_none() {
    for text in [
        "[[port]]\nchannel = 1\nvad = true\ncaller-id = \"bt\"\nflash = \"hold\"\n",
        "[[port]]\nchannel = 1\nprofile = \"fax\"\nvad = false\ncaller-id = \"none\"\nv8-squelch = false\n",
        "[[port]]\nchannel = 1\nprofile = \"door\"\ncaller-id = \"dtmf\"\nvad = true\n",
        // The profile of the port is nearer than the keys of [defaults].
        "[defaults]\nvad = true\ncaller-id = \"bt\"\n[[port]]\nchannel = 1\nprofile = \"fax\"\n",
    ] {
        assert_eq!(warnings(text), [], "{text}");
    }
}

#[test]
fn a_contradiction_in_the_defaults_is_reported_once_for_all_ports() {
    let text =
        "[defaults]\nprofile = \"fax\"\nvad = true\n[[port]]\nchannel = 1\n[[port]]\nchannel = 2\n";
    assert_eq!(places(text), [(3, "defaults.vad".to_owned())]);
}

#[test]
fn gains_that_make_a_line_sing_are_a_warning() {
    let gains = |rx: &str, tx: &str| {
        places(&format!(
            "[defaults]\nrx-gain-db = {rx}\n[[port]]\nchannel = 1\ntx-gain-db = {tx}\n"
        ))
    };
    assert_eq!(gains("14.0", "14"), [(2, "defaults.rx-gain-db".to_owned())]);
    assert_eq!(gains("3.1", "3.0").len(), 1);
    assert_eq!(gains("3.0", "3.0"), []);
    assert_eq!(gains("14.0", "-14.0"), []);
}
