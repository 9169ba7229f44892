//! The command line itself.

use crate::run::{command, tipring};

#[test]
fn help_and_version_are_no_failure_and_show_the_exit_codes() {
    let help = tipring(&["--help"]);
    assert_eq!(help.code, Some(0));
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "78 "] {
        let shown = help
            .stdout
            .lines()
            .any(|line| line.trim_start().starts_with(code));
        assert!(
            shown,
            "exit code {code}is not in the help:\n{}",
            help.stdout
        );
    }
    assert_eq!(tipring(&["--version"]).code, Some(0));
    assert_eq!(tipring(&["sim", "--help"]).code, Some(0));
}

#[test]
fn a_socket_of_the_environment_is_not_shown_as_an_option_that_has_to_be_given() {
    let mut asks = command(&["call", "show"]);
    let output = asks.env("TIPRING_SOCKET", "/tmp/t.sock").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("Usage: tipring call show [OPTIONS] <ID>"),
        "{said}"
    );
}

#[test]
fn bad_usage_is_exit_2_and_says_so_on_standard_error() {
    let cases: &[&[&str]] = &[
        &[],
        &["staus"],
        &["port", "show"],
        &["port", "0"],
        &["explain", "0"],
        &["explain", "call"],
        &["explain", "1", "2"],
        &["explain", "call", "one"],
        &["status", "--check", "--nagios"],
        &["port", "show", "0"],
        &["port", "show", "one"],
        &["port", "restart"],
        &["port", "restart", "every"],
        &["server", "prefer"],
        &["server", "prefer", "10.0.0.1", "--none"],
        &["sim", "1"],
        &["sim", "1", "dial", "12x"],
        &["sim", "1", "dial", ""],
        &["sim", "1", "tone", "440", "480", "620"],
        &["sim", "1", "tone", "99999"],
        &["sim", "1", "wait", "never"],
        &["sim", "1", "wait", "ringing", "--for", "-1"],
        &["--timeout", "nan", "status"],
        &["--color", "pink", "status"],
        &["callmanager", "--listen", "nowhere"],
        &["callmanager", "--dialect", "sip"],
        &["callmanager", "--device", "no-number"],
        &["callmanager", "--device", "NAMEOFMORETHANFIFTEEN=1"],
    ];
    for args in cases {
        let ended = tipring(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {ended:#?}");
        assert_eq!(ended.stdout, "", "{args:?}");
        assert_ne!(ended.stderr, "", "{args:?}");
    }
}

#[test]
fn without_a_command_the_five_most_used_ones_are_shown() {
    let ended = tipring(&[]);
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    for command in [
        "tipring explain",
        "tipring status",
        "tipring port list",
        "tipring trace",
        "tipring history",
        "tipring --help",
    ] {
        assert!(ended.stderr.contains(command), "{}", ended.stderr);
    }
    assert!(ended.stderr.lines().count() < 12, "{}", ended.stderr);
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = tipring(&["completions", shell]);
        assert_eq!(ended.code, Some(0), "{shell}");
        assert!(ended.stdout.contains("COMPLETE"), "{shell}");
    }
}

#[test]
fn manual_pages_are_written_for_every_command_and_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let ended = tipring(&["man", folder.path().to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for page in [
        "tipring.1",
        "tipring-status.1",
        "tipring-sim.1",
        "tipring.toml.5",
    ] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    let page = std::fs::read_to_string(folder.path().join("tipring.1")).unwrap();
    assert!(page.contains("EXIT STATUS"), "{page}");
    let sim = std::fs::read_to_string(folder.path().join("tipring-sim.1")).unwrap();
    for command in ["fax-send", "auto-answer", "hybrid"] {
        assert!(
            sim.contains(&format!("tipring sim <PORT> {command}")),
            "{command}: {sim}"
        );
    }
}

#[test]
fn bad_usage_with_json_is_an_error_object_and_exit_2() {
    for args in [
        &["--json", "no-such-command"][..],
        &["port", "show", "--json", "nine"],
    ] {
        let ended = tipring(args);
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        let error = &ended.json()["error"];
        assert_eq!(
            (&error["code"], &error["exit"]),
            (&"usage".into(), &2.into())
        );
        assert!(error["message"].as_str().is_some_and(|m| m.len() > 10));
        assert_eq!(ended.stderr, "");
    }
}
