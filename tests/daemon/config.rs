//! Mistaken configurations: all of it is reported at once, by the daemon and by the command alike.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tipring_tests::gateway::binary;

/// Ten mistakes: line, key and what would be right (a part of its text).
const MISTAKES: [(u32, &str, &str); 10] = [
    (2, "gateway.naming", "\"vgc\", \"an\" or \"sep\""),
    (3, "gateway.protocol-version", "3 to 22"),
    (5, "callmanager.server", "did you mean `servers`?"),
    (
        7,
        "media.rtp-ports",
        "UDP ports 1024 to 65535, the first one even",
    ),
    (8, "media.ptime-ms", "10, 20 or 30"),
    (10, "logging", "did you mean [log]?"),
    (14, "port[channel 1].country", "did you mean \"de\"?"),
    (16, "port[channel 1].channel", "used already in line 13"),
    (
        17,
        "port[channel 1].profile",
        "\"phone\", \"fax\", \"modem\", \"alarm\" or \"door\"",
    ),
    (19, "port[channel 9].channel", "1 to 4"),
];

const MISTAKEN: &str = r#"[gateway]
naming = "vcg"
protocol-version = 2
[callmanager]
server = ["10.0.0.1"]
[media]
rtp-ports = "16385-32767"
ptime-ms = "20"

[logging]
level = "info"
[[port]]
channel = 1
country = "dee"
[[port]]
channel = 1
profile = "faks"
[[port]]
channel = 9
"#;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tipring.toml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn run(program: &str, args: &[&str], file: &Path) -> Output {
    Command::new(binary(program))
        .args(args)
        .arg(file)
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}; run `cargo build --workspace --bins`"))
}

/// Exit code and report of each way to have a file checked.
fn checked(file: &Path) -> [(Option<i32>, String); 3] {
    [
        ("tipringd", ["--check", "--config"]),
        ("tipring", ["config", "check"]),
        // Without --check it does not start either.
        ("tipringd", ["--socket=/nonexistent/socket", "--config"]),
    ]
    .map(|(program, args)| {
        let output = run(program, &args, file);
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).trim_end().to_owned(),
        )
    })
}

pub(crate) fn ten_mistakes_are_reported_at_once_with_line_key_and_what_is_accepted() {
    let (_folder, file) = file(MISTAKEN);
    let [by_check, by_command, by_start] = checked(&file);
    assert_eq!(by_check.0, Some(78), "{}", by_check.1);
    let name = file.display();
    let mut rest = by_check.1.as_str();
    for (line, key, right) in MISTAKES {
        let head = format!("{name}:{line}: error: {key}");
        let at = rest
            .find(&head)
            .unwrap_or_else(|| panic!("no {head:?} in order in\n{}", by_check.1));
        rest = &rest[at + head.len()..];
        let problem = rest.split("error: ").next().unwrap_or_default();
        assert!(
            problem.contains(right),
            "{key}: no {right:?} in {problem:?}"
        );
    }
    assert!(rest.ends_with(&format!("{name}: 10 errors")), "{rest}");
    assert_eq!(by_command, by_check);
    assert_eq!(by_start, by_check);
}

pub(crate) fn two_ports_with_one_device_name_are_refused_with_both_lines() {
    let (_folder, file) = file(
        "[[port]]\nchannel = 1\ndevice-name = \"LOBBY\"\n[[port]]\nchannel = 2\ndevice-name = \"lobby\"\n",
    );
    for (code, text) in checked(&file) {
        assert_eq!(code, Some(78), "{text}");
        let head = format!("{}:6: error: port[channel 2].device-name", file.display());
        assert!(
            text.contains(&head) && text.contains("used already in line 3"),
            "{text}"
        );
    }
}

pub(crate) fn a_good_file_is_good_to_both() {
    let (_folder, file) = file("[sim]\nports = 7\n");
    for (program, args) in [
        ("tipringd", ["--check", "--config"]),
        ("tipring", ["config", "check"]),
    ] {
        let output = run(program, &args, &file);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(text.contains("7 ports"), "{text}");
    }
}

pub(crate) fn a_check_whose_answer_cannot_be_written_is_exit_1() {
    let (_folder, file) = file("[sim]\nports = 7\n");
    let file = file.to_str().unwrap();
    let checks: [&[&str]; 3] = [&["--check", "--config", file], &["--help"], &["--version"]];
    for args in checks {
        for (redirection, shown) in [
            ("> /dev/full", "No space left on device"),
            (">&-", "Bad file descriptor"),
            ("1< /dev/null", "Bad file descriptor"),
            ("", ""),
        ] {
            // Without a redirection: a pipe whose reader has gone.
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let output = Command::new("sh")
                .args(["-c", &format!("exec \"$@\" {redirection}"), "sh"])
                .arg(binary("tipringd"))
                .args(args)
                .stdout(writer)
                .stderr(Stdio::piped())
                .spawn()
                .and_then(std::process::Child::wait_with_output)
                .unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            let why = format!("{args:?} {redirection}: {output:?}");
            assert_eq!(output.status.code(), Some(1), "{why}");
            assert!(error.contains(shown), "{why}");
            assert_eq!(error.is_empty(), shown.is_empty(), "{why}");
        }
    }
}

pub(crate) fn files_that_are_no_configuration_are_exit_78() {
    for text in [
        "\u{0}\u{1}",
        "[[[",
        "[gateway",
        "port = 3",
        "[media]\nrtp-ports = [1, [2, [3, [4]]]]",
    ] {
        let (_folder, file) = file(text);
        for (code, shown) in checked(&file) {
            assert_eq!(code, Some(78), "{text:?}: {shown}");
            assert!(shown.contains("tipring.toml"), "{shown}");
        }
    }
    let (_folder, file) = file("");
    std::fs::write(&file, [0xFF, 0xFE, b'\n']).unwrap();
    for (code, shown) in checked(&file) {
        assert_eq!(code, Some(78), "{shown}");
        assert!(shown.contains("UTF-8"), "{shown}");
    }
}
