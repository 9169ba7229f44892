//! Mistakes: all of them in one report, each with its line and its cure.

use tipring_config::{Mac, Machine, Problem, Severity, parse};

fn machine() -> Machine {
    Machine {
        mac: Some(Mac([0x00, 0x11, 0x22, 0x33, 0x44, 0x55])),
        countries_dir: None,
    }
}

fn problems(text: &str) -> Vec<Problem> {
    parse(text, "test.toml", &machine())
        .map_or_else(|report| report.problems, |config| config.warnings)
}

fn reported(text: &str) -> Vec<String> {
    problems(text)
        .iter()
        .map(|p| {
            format!(
                "{}: {}: {}{}",
                p.line.map_or("-".to_owned(), |l| l.to_string()),
                p.key.as_deref().unwrap_or("-"),
                p.message,
                p.cure
                    .as_ref()
                    .map_or(String::new(), |cure| format!(" [{cure}]"))
            )
        })
        .collect()
}

#[test]
fn ten_mistakes_are_reported_at_once_with_their_lines() {
    let text = "\
[gateway]
naming = \"vcg\"
protocol-version = 2
[callmanager]
server = [\"10.0.0.1\"]
[media]
rtp-ports = \"16385-32767\"
ptime-ms = \"20\"
jitter-min-ms = 300
[logging]
level = \"info\"
[[port]]
channel = 1
country = \"dee\"
[[port]]
channel = 1
profile = \"faks\"
[[port]]
channel = 9
";
    assert_eq!(
        reported(text),
        [
            "2: gateway.naming: is not known [did you mean \"vgc\"?]",
            "3: gateway.protocol-version: is outside the accepted values",
            "5: callmanager.server: unknown key [did you mean `servers`?]",
            "7: media.rtp-ports: begins with an odd port; RTP takes even ones",
            "8: media.ptime-ms: is a text, an integer is needed",
            "9: media.jitter-min-ms: leaves no room below jitter-max-ms (200) [make jitter-min-ms less than jitter-max-ms]",
            "10: logging: unknown table [did you mean [log]?]",
            "14: port[channel 1].country: no country file has this code [did you mean \"de\"? Or put dee.toml into /etc/tipring/countries]",
            "16: port[channel 1].channel: channel 1 is used already in line 13 [give every [[port]] its own channel]",
            "17: port[channel 1].profile: is not known [did you mean \"fax\"?]",
            "19: port[channel 9].channel: the simulated card has 4 ports [for a real card write `driver = \"dahdi\"` in [card]; for the simulated one `ports = 9` in [sim], or choose another channel]",
        ]
    );
}

#[test]
fn a_key_in_the_wrong_table_is_shown_where_it_belongs() {
    assert_eq!(
        reported(
            "naming = \"an\"\n[media]\npriority = 3\n[defaults]\nchannel = 1\nlabel = \"x\"\n"
        ),
        [
            "1: naming: unknown key [write it under [gateway]]",
            "3: media.priority: unknown key [this key belongs in [line-thread]]",
            "5: defaults.channel: unknown key [this key belongs in [[port]]]",
            "6: defaults.label: unknown key [this key belongs in [[port]]]",
        ]
    );
}

#[test]
fn underscores_are_reported_as_hyphens() {
    assert_eq!(
        reported("[line_thread]\n[media]\nrtp_ports = [20000, 20100]\n"),
        [
            "1: line_thread: unknown table [did you mean [line-thread]?]",
            "3: media.rtp_ports: unknown key [did you mean `rtp-ports`?]",
        ]
    );
}

#[test]
fn two_ports_with_one_device_name_are_reported_with_both_places() {
    let text = "[[port]]\nchannel = 1\n[[port]]\nchannel = 2\ndevice-name = \"vgc112233445501\"\n";
    let problems = problems(text);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].line, Some(5));
    assert_eq!(problems[0].other_line, Some(2));
    assert!(problems[0].message.contains("used already in line 2"));
}

#[test]
fn two_ports_with_one_number_are_one_problem_not_two() {
    let text = "[[port]]\nchannel = 1\n[[port]]\nchannel = 2\nnumber = 1\n";
    assert_eq!(
        reported(text),
        [
            "5: port[channel 2].number: port number 1 is used already in line 2 [give every [[port]] its own number]"
        ]
    );
}

#[test]
fn broken_toml_is_reported_with_its_line_beside_the_other_mistakes() {
    let problems = problems("[gateway]\nnaming = vgc\nprotocol-version = 99\n");
    let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
    assert_eq!(lines, [Some(2), Some(3)], "{problems:#?}");
    assert!(problems[0].message.starts_with("this is not TOML"));
}

#[test]
fn wrong_shapes_are_problems_not_panics() {
    for text in [
        "gateway = 3",
        "port = 3",
        "port = [1, 2]",
        "[port]\nchannel = 1",
        "[[gateway]]",
        "[media]\ncodecs = \"ulaw\"",
        "[media]\ncodecs = [1]",
        "[media]\nrtp-ports = [1, 2, 3]",
        "[media]\nrtp-ports = [-5, 99999999999999999999]",
        "[callmanager]\nservers = []",
        "[callmanager]\nservers = [[\"a\"]]",
        "[gateway]\nmac = \"ff:ff:ff:ff:ff:ff\"",
        "[gateway]\nname-base = \"a b\"",
        "[gateway]\nname-base = \"FOURTEENLETTERS\"",
        "[gateway]\naddress = \"0.0.0.0\"",
        "[sim]\nports = 99999999999999999999999999",
        "[sim]\nnoise-dbm0 = nan",
        "[sim]\nhybrid-loss-db = inf",
        "[control]\nsocket = \"relative\"",
        "[control]\nsocket = \"\"",
        "[[port]]\nlabel = \"no channel\"",
        "[[port]]\nchannel = 0",
        "[[port]]\nchannel = 1\nlabel = \"a\\u0000b\"",
        "[[port]]\nchannel = 1\nfirst-digit-s = 65536",
        "[defaults]\nrx-gain-db = 2.37",
        "[card]\ndriver = \"dahdi\"",
        "[card]\ndriver = \"dahdi\"\n[line-thread]\nblock-ms = 1\n[[port]]\nchannel = 1",
        "[card]\ndriver = \"dahdi\"\n[line-thread]\nprefill-blocks = 7\n[dahdi]\nbuffers = 8\n[[port]]\nchannel = 1",
        "[card]\ndriver = \"dahdi\"\n[[port]]\nchannel = 1\n[[port]]\nchannel = 1",
        "[defaults]\nflash-min-ms = 500\nflash-max-ms = 400",
        "[defaults]\nflash-min-ms = 50",
        "\u{feff}[gateway]\nnope = 1",
        "a = 1979-05-27",
        "[[[[[",
        "\"",
    ] {
        let problems = problems(text);
        assert!(
            problems.iter().any(|p| p.severity == Severity::Error),
            "{text:?}: {problems:#?}"
        );
    }
}

#[test]
fn a_machine_without_a_mac_is_a_warning() {
    let config = parse("", "empty", &Machine::default()).unwrap();
    assert_eq!(config.warnings.len(), 1);
    assert_eq!(config.warnings[0].severity, Severity::Warning);
    assert_eq!(config.ports[0].device.as_str(), "VGC000000000101");
}

#[test]
fn a_dahdi_card_without_ports_names_the_command_that_finds_them() {
    let problems = problems("[card]\ndriver = \"dahdi\"");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let cure = problems[0].cure.as_deref().unwrap_or_default();
    assert!(cure.contains("`tipring setup`"), "{cure}");
}

#[test]
fn a_channel_that_no_card_has_yet_is_no_mistake() {
    let text = "[card]\ndriver = \"dahdi\"\n[line-thread]\nblock-ms = 2\n[[port]]\nchannel = 1024\nnumber = 1";
    let config = parse(text, "test", &Machine::default()).unwrap();
    assert_eq!(config.ports[0].channel, 1024);
}

#[test]
fn a_misnamed_list_of_ports_is_one_problem_and_is_read_as_what_was_meant() {
    let meant = |text: &str| reported(text);
    assert_eq!(
        meant("[[ports]]\nchannel = 1\n"),
        ["1: ports: unknown table [did you mean [[port]]?]"]
    );
    assert_eq!(
        meant("[card]\ndriver = \"dahdi\"\n[[ports]]\nchannel = 1\nflsh = \"hold\"\n"),
        [
            "3: ports: unknown table [did you mean [[port]]?]",
            "5: port[channel 1].flsh: unknown key [did you mean `flash`?]",
        ]
    );
    // A number is still that of [sim].
    assert_eq!(
        meant("ports = 4\n"),
        ["1: ports: unknown key [write it under [sim]]"]
    );
}

#[test]
fn a_syntax_error_is_one_problem_without_what_follows_from_it() {
    for (text, lines) in [
        ("[gateway\nnaming = \"vgc\"\n", &[1][..]),
        ("[[port]\nchannel = 1\n", &[1]),
        ("[[port]]\nchannel = \n", &[2]),
        ("[[port]]\nchannel 1\n", &[2]),
        ("[gateway]\naddress = 10.0.0.1\n", &[2]),
        ("[callmanager]\nservers = [10.0.0.1]\n", &[2]),
        (
            "[callmanager]\nservers = [\"10.0.0.1\"\n[media]\nptime-ms = 20\n",
            &[3],
        ),
        ("[gateway]\nnaming: \"vgc\"\n", &[2]),
        ("[gateway]\nnaming = \"vgc\"\nnaming = \"an\"\n", &[3]),
        // What was in the lost lines is not held against the others.
        ("[sim\nports = 8\n[[port]]\nchannel = 8\n", &[1]),
        ("[sim]\nports = eight\n[[port]]\nchannel = 8\n", &[2]),
        ("[media]\njitter-max-ms = many\njitter-min-ms = 300\n", &[2]),
        // Others are reported beside it.
        (
            "[gateway\nnaming = \"vgc\"\n[media]\nptime-ms = 25\n",
            &[1, 4],
        ),
        (
            "[gateway]\nnaming = vgc\nmac = 02:00:5e:00:00:01\n",
            &[2, 3],
        ),
    ] {
        let problems = problems(text);
        let at: Vec<u32> = problems.iter().filter_map(|p| p.line).collect();
        assert_eq!(at, lines, "{text}: {problems:#?}");
        assert!(
            problems
                .iter()
                .all(|p| p.cure.is_some() || p.accepts.is_some()),
            "{problems:#?}"
        );
    }
}

#[test]
fn a_card_whose_size_is_not_understood_is_no_reason_to_refuse_a_channel() {
    assert_eq!(
        reported("[sim]\nports = \"8\"\n[[port]]\nchannel = 8\n"),
        ["2: sim.ports: is a text, an integer is needed"]
    );
}

#[test]
fn a_channel_given_twice_is_reported_beside_a_wrong_number() {
    let text = "[[port]]\nchannel = 1\n[[port]]\nchannel = 1\nnumber = 600\n";
    let reported = reported(text);
    assert_eq!(reported.len(), 2, "{reported:#?}");
    assert!(
        reported[1].starts_with("5: port[channel 1].number:"),
        "{reported:#?}"
    );
    assert!(
        reported[0].starts_with("4: port[channel 1].channel: channel 1 is used already in line 2"),
        "{reported:#?}"
    );
}

#[test]
fn more_simulated_ports_than_the_naming_has_names_for_is_one_problem_of_their_number() {
    let text = "[gateway]\nnaming = \"vgc\"\n[sim]\nports = 120\n";
    assert_eq!(
        reported(text),
        [
            "4: sim.ports: is more ports than vgc naming has device names for [write fewer ports, or choose another [gateway] naming]"
        ]
    );
}
