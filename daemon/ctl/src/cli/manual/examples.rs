//! What each page shows as examples, and where it sends the reader. A test reads each command line.

/// The page of a group of commands.
pub(super) struct Group {
    pub(super) command: &'static str,
    pub(super) file: &'static str,
    /// What one wants, and what one types.
    pub(super) examples: &'static [(&'static str, &'static str)],
    pub(super) see_also: &'static [&'static str],
}

/// Of tipring(1).
pub(super) const OVERVIEW: &[(&str, &str)] = &[
    (
        "Is the gateway well? If not, what is wrong and what to do:",
        "tipring status",
    ),
    ("Why port 17 is dead:", "tipring explain 17"),
    (
        "What happens on port 17 while somebody lifts the handset:",
        "tipring trace 17",
    ),
    (
        "What happened on it since this morning:",
        "tipring history 17 --since 08:00",
    ),
];

/// All groups, in the order of `tipring --help`.
pub(super) const GROUPS: &[Group] = &[
    Group {
        command: "status",
        file: "tipring-status.1",
        examples: &[
            ("The whole gateway:", "tipring status"),
            (
                "For a monitoring system: one line and exit code 0 while all is well, else also the findings and exit code 1:",
                "tipring status --check",
            ),
            (
                "As a plugin of Nagios or Icinga, with warning and critical apart:",
                "tipring status --nagios",
            ),
        ],
        see_also: &["tipring(1)", "tipring-port(1)", "tipring-fields(7)"],
    },
    Group {
        command: "reload",
        file: "tipring-reload.1",
        examples: &[(
            "Check a changed file and use it:",
            "tipring config check\ntipring reload",
        )],
        see_also: &["tipring(1)", "tipring-config(1)", "tipring.toml(5)"],
    },
    Group {
        command: "port",
        file: "tipring-port.1",
        examples: &[
            (
                "All ports, with their numbers at the CallManager:",
                "tipring port list",
            ),
            (
                "One port in full, with the reason when it does not work:",
                "tipring port show 17",
            ),
            (
                "The same, every two seconds, while somebody works at the line:",
                "tipring port watch 17 --interval 2",
            ),
            (
                "How noisy its line is, measured for ten seconds:",
                "tipring port test 17 --seconds 10",
            ),
            (
                "Have it register again, if it is not in a call:",
                "tipring port restart 17",
            ),
        ],
        see_also: &[
            "tipring(1)",
            "tipring-server(1)",
            "tipring-trace(1)",
            "tipring-history(1)",
            "tipring-fields(7)",
        ],
    },
    Group {
        command: "server",
        file: "tipring-server.1",
        examples: &[
            (
                "Where the ports are, and when a CallManager that failed is tried next:",
                "tipring server list",
            ),
            (
                "The network has been repaired; do not wait for the next attempt:",
                "tipring server retry",
            ),
            (
                "Take all ports off the first CallManager before it is serviced, without ending a call:",
                "tipring server prefer 10.0.0.2",
            ),
            ("And back:", "tipring server prefer --none"),
        ],
        see_also: &[
            "tipring(1)",
            "tipring-port(1)",
            "tipring-fields(7)",
            "tipring.toml(5)",
        ],
    },
    Group {
        command: "call",
        file: "tipring-call.1",
        examples: &[
            ("Calls that are up, and the last ones:", "tipring call list"),
            ("Why one of them had no audio:", "tipring call show 12"),
        ],
        see_also: &["tipring(1)", "tipring-history(1)", "tipring-fields(7)"],
    },
    Group {
        command: "explain",
        file: "tipring-explain.1",
        examples: &[
            ("Why port 17 is dead, and what to do:", "tipring explain 17"),
            (
                "What is wrong with the gateway, the worst first:",
                "tipring explain",
            ),
            ("Why one side was not heard:", "tipring explain call 12"),
            (
                "The same with codes and parameters, for a program:",
                "tipring explain 17 --json",
            ),
        ],
        see_also: &[
            "tipring(1)",
            "tipring-port(1)",
            "tipring-call(1)",
            "tipring-history(1)",
            "tipring-fields(7)",
        ],
    },
    Group {
        command: "history",
        file: "tipring-history.1",
        examples: &[
            (
                "The last calls and findings of all ports:",
                "tipring history",
            ),
            (
                "What happened on port 7 in the last two hours:",
                "tipring history 7 --since 2h",
            ),
            (
                "All findings since a day began:",
                "tipring history --findings --since 2026-11-29",
            ),
            (
                "Calls with all their figures, for a spreadsheet:",
                "tipring history --calls --limit 1000 --json",
            ),
        ],
        see_also: &["tipring(1)", "tipring-call(1)", "tipring.toml(5)"],
    },
    Group {
        command: "fax",
        file: "tipring-fax.1",
        examples: &[
            ("The last faxes of all ports:", "tipring fax list"),
            (
                "Those of port 7 that failed in a week:",
                "tipring fax list 7 --failed --since 7d",
            ),
            ("Why one of them failed:", "tipring fax show 12"),
            (
                "A month, by port and by far number:",
                "tipring fax stats --since 30d",
            ),
            (
                "What is remembered of far ends, and what the next fax does by it:",
                "tipring fax memory list",
            ),
            (
                "Begin again with one of them:",
                "tipring fax memory forget 4711",
            ),
        ],
        see_also: &["tipring(1)", "tipring-history(1)", "tipring-fields(7)"],
    },
    Group {
        command: "trace",
        file: "tipring-trace.1",
        examples: &[
            (
                "Everything that happens on ports 3 and 4, for a minute:",
                "tipring trace 3 4 --duration 60",
            ),
            (
                "The same as JSON, one value a line, for a ticket:",
                "tipring trace 3 --count 200 --json",
            ),
            (
                "A call that goes wrong, recorded until Ctrl-C, and what a port does when it is played to it:",
                "tipring trace 3 --capture call.json\ntipring replay call.json",
            ),
        ],
        see_also: &["tipring(1)", "tipring-port(1)", "tipring-replay(1)"],
    },
    Group {
        command: "sim",
        file: "tipring-sim.1",
        examples: &[
            (
                "Port 1 calls the number 1002 and says who it is:",
                "tipring sim 1 lift\ntipring sim 1 dial 1002\ntipring sim 1 play hello.wav",
            ),
            (
                "Port 2 answers after the second ring:",
                "tipring sim 2 auto-answer --after 2",
            ),
            (
                "A fax page from port 3 to port 4, whose number is 1004:",
                "tipring sim 4 fax-receive page.tiff\ntipring sim 3 fax-send original.tiff 1004",
            ),
            (
                "Take the card away, and put it back:",
                "tipring sim 1 fault removed\ntipring sim 1 fault clear",
            ),
        ],
        see_also: &["tipring(1)", "tipring-callmanager(1)", "tipring-trace(1)"],
    },
    Group {
        command: "config",
        file: "tipring-config.1",
        examples: &[
            (
                "All problems of a file, with line and accepted range:",
                "tipring config check /etc/tipring/tipring.toml",
            ),
            (
                "Every setting of port 3, and where each came from:",
                "tipring config show 3",
            ),
            (
                "A file with every key, its default and its meaning:",
                "tipring config sample",
            ),
        ],
        see_also: &["tipring(1)", "tipring-reload(1)", "tipring.toml(5)"],
    },
    Group {
        command: "hardware",
        file: "tipring-hardware.1",
        examples: &[(
            "Which cards there are, and why one cannot be used:",
            "tipring hardware",
        )],
        see_also: &["tipring(1)", "tipring-setup(1)"],
    },
    Group {
        command: "setup",
        file: "tipring-setup.1",
        examples: &[
            ("What would be written:", "tipring setup --dry-run"),
            (
                "A gateway in Germany with two CallManagers, without being asked:",
                "tipring setup --yes --country de --servers 10.0.0.1,10.0.0.2",
            ),
        ],
        see_also: &["tipring(1)", "tipring-hardware(1)", "tipring.toml(5)"],
    },
    Group {
        command: "callmanager",
        file: "tipring-callmanager.1",
        examples: &[
            (
                "A CallManager for trials on this machine:",
                "tipring callmanager",
            ),
            (
                "One that behaves like chan-sccp and knows one device:",
                "tipring callmanager --dialect chan-sccp --no-auto --device VGC112233445501=1001",
            ),
            (
                "Cisco's own, release 4, which records calls and plays multicast music on hold:",
                "tipring callmanager --dialect cisco --switch release=4 --switch recorder=on --switch music=multicast",
            ),
        ],
        see_also: &["tipring(1)", "tipring-sim(1)"],
    },
    Group {
        command: "replay",
        file: "tipring-replay.1",
        examples: &[
            (
                "What a port does at every connection of a capture:",
                "tipring replay call.pcapng",
            ),
            (
                "At one phone's, for a program:",
                "tipring replay --json --phone 10.0.0.17:49152 call.pcapng",
            ),
            (
                "To a daemon, with time passing; what its phone hears and what the far ends get:",
                "tipring replay --live --phone phone-1 call.json",
            ),
            (
                "The capture without names, numbers and addresses, for a report:",
                "tipring replay --export call.json call.pcapng",
            ),
        ],
        see_also: &["tipring(1)", "tipring-trace(1)", "tipring-callmanager(1)"],
    },
    Group {
        command: "completions",
        file: "tipring-completions.1",
        examples: &[(
            "For the present bash only (the package installs them for all):",
            "tipring completions bash",
        )],
        see_also: &["tipring(1)"],
    },
];

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::commands;
    use super::*;
    use crate::cli::args::Args;

    #[test]
    fn every_command_has_its_page_and_every_page_its_command() {
        let whole = Args::command();
        let commands: Vec<_> = whole
            .get_subcommands()
            .filter(|c| !c.is_hide_set())
            .map(|c| c.get_name().to_owned())
            .collect();
        let groups: Vec<_> = GROUPS.iter().map(|g| g.command.to_owned()).collect();
        assert_eq!(groups, commands);
    }

    #[test]
    fn every_example_is_a_command_line_that_is_understood() {
        let all = GROUPS.iter().flat_map(|g| g.examples).chain(OVERVIEW);
        for (_, text) in all {
            for line in text.lines() {
                let words = line.split_whitespace();
                if let Err(e) = Args::try_parse_from(words) {
                    panic!("{line}: {e}");
                }
            }
        }
    }

    #[test]
    fn every_page_has_examples_and_sends_the_reader_on_to_pages_that_exist() {
        let pages = commands::pages();
        let mut known: Vec<String> = pages.iter().map(|p| p.name.replace(".1", "(1)")).collect();
        known.extend(["tipring.toml(5)", "tipring-fields(7)", "tipringd(8)"].map(str::to_owned));
        for page in &pages {
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"] {
                assert!(
                    page.text.contains(&format!(".SH {section}"))
                        || page.text.contains(&format!(".SH \"{section}\"")),
                    "{} has no {section}: {}",
                    page.name,
                    page.text
                );
            }
        }
        for name in GROUPS.iter().flat_map(|g| g.see_also) {
            assert!(known.iter().any(|k| k == name), "{name} is no page");
        }
    }
}
