//! Answers that cannot be written: a full disk, a reader that has gone, no standard output at all.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use tipring_ctl::report::{StatusReport, Trace, TraceEvent};
use tipring_ctl::request::{Request, Response};
use tipring_ctl::wire::{Event, ServerLine};

use crate::daemon::dead_port;
use crate::mock::Mock;
use crate::run::{Ended, command, program};

/// What standard output may be instead of a place for the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bad {
    Full,
    ReaderGone,
    Closed,
    ReadOnly,
}

const ALL: [Bad; 4] = [Bad::Full, Bad::ReaderGone, Bad::Closed, Bad::ReadOnly];

fn ends(bad: Bad, args: &[&str]) -> Ended {
    let mut command = match bad {
        // A shell closes it; what else there is stays as it is.
        Bad::Closed => {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", "exec \"$@\" >&-", "sh"])
                .arg(program())
                .args(args)
                .env_remove("TIPRING_SOCKET")
                .stdin(Stdio::null());
            shell
        }
        _ => command(args),
    };
    match bad {
        Bad::Full => {
            let full = OpenOptions::new().write(true).open("/dev/full");
            command.stdout(full.expect("Linux has a full device"));
        }
        Bad::ReaderGone => {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            command.stdout(writer);
        }
        Bad::ReadOnly => {
            let file = std::fs::File::open("/dev/null").expect("Linux has a null device");
            command.stdout(file);
        }
        Bad::Closed => {}
    }
    let output = command
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("tipring starts");
    Ended {
        code: output.status.code(),
        stdout: String::new(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// It ended with 1 and said why; a reader that has gone gets no message.
fn is_reported(bad: Bad, args: &[&str], ended: &Ended) {
    assert_eq!(ended.code, Some(1), "{bad:?} {args:?}: {ended:#?}");
    if bad == Bad::ReaderGone {
        assert_eq!(ended.stderr, "", "{args:?}");
    } else {
        let text = "cannot be written to standard output: ";
        assert!(
            ended.stderr.contains(text),
            "{bad:?} {args:?}: {}",
            ended.stderr
        );
    }
}

fn answer(request: &Request, trouble: bool) -> Response {
    match request {
        Request::Status => Response::Status(StatusReport {
            ports: if trouble { vec![dead_port()] } else { vec![] },
            ..StatusReport::default()
        }),
        Request::PortList => Response::Ports {
            ports: vec![dead_port()],
        },
        _ => Response::Done,
    }
}

#[test]
fn a_daemons_answer_that_cannot_be_written_is_exit_1() {
    let commands: [&[&str]; 5] = [
        &["status"],
        &["status", "--check"],
        &["--json", "status", "--check"],
        &["port", "list"],
        &["--json", "port", "list"],
    ];
    for bad in ALL {
        for args in commands {
            for trouble in [false, true] {
                let mock = Mock::answering(move |request| answer(request, trouble));
                let all = [&mock.socket(), args].concat();
                is_reported(bad, args, &ends(bad, &all));
            }
        }
    }
}

#[test]
fn text_of_its_own_that_cannot_be_written_is_exit_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.toml", "[gateway]\nmac = \"00:11:22:33:44:55\"\n");
    let mistaken = file("mistaken.toml", "[[port]]\nchannel = \"x\"\n");
    let pages = folder.path().join("pages");
    let commands: [&[&str]; 10] = [
        &["config", "sample"],
        &["config", "check", &good],
        &["config", "check", &mistaken],
        &["--json", "config", "check", &mistaken],
        &["completions", "bash"],
        &["man", pages.to_str().unwrap()],
        &["hardware", "--root", "/nonexistent"],
        &["--help"],
        &["sim", "--help"],
        &["--version"],
    ];
    for bad in ALL {
        for args in commands {
            is_reported(bad, args, &ends(bad, args));
        }
    }
}

#[test]
fn a_failure_keeps_its_code_when_its_json_cannot_be_written_and_is_shown_as_text() {
    for bad in ALL {
        let ended = ends(
            bad,
            &["--json", "--socket", "/nonexistent/control.sock", "status"],
        );
        assert_eq!(ended.code, Some(3), "{bad:?}: {ended:#?}");
        assert!(
            ended.stderr.contains("no daemon on /nonexistent"),
            "{bad:?}: {ended:#?}"
        );
    }
}

#[test]
fn a_trace_ends_with_its_reader_and_is_exit_1() {
    for bad in ALL {
        let mock = Mock::serve(|peer| {
            peer.greet();
            let asked = peer.next().expect("a request");
            let (id, response) = (asked.id, Box::new(Response::Done));
            peer.say(&ServerLine::Response { id, response });
            let hook = TraceEvent::new(0, Some(1), None, Trace::LoopClosed);
            let event = Event::Trace(hook);
            peer.say(&ServerLine::Event { id, event });
            peer.sleep();
        });
        let args = [&mock.socket()[..], &["trace", "--duration", "60"]].concat();
        is_reported(bad, &args, &ends(bad, &args));
    }
}

#[test]
fn a_null_device_is_a_place_for_the_answer() {
    let mut open = OpenOptions::new();
    // Other programs open it for both ways when they want no output.
    for null in [
        open.write(true).open("/dev/null"),
        open.read(true).open("/dev/null"),
    ] {
        let output = command(&["config", "sample"])
            .stdout(null.unwrap())
            .status();
        assert_eq!(output.unwrap().code(), Some(0));
    }
}
