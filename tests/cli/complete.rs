//! What a shell gets at Tab.

use tipring_ctl::report::{CallDirection, CallList, CallSummary, ServerReport};
use tipring_ctl::request::{Request, Response};

use crate::daemon::dead_port;
use crate::mock::Mock;
use crate::run::command;

/// What the shell is offered behind these words, with what the gateway at this socket knows.
pub(crate) fn offered(socket: &str, words: &[&str]) -> Vec<String> {
    let mut line = vec!["--", "tipring"];
    line.extend(words);
    let place = words.len().to_string();
    let output = command(&line)
        .env("COMPLETE", "bash")
        .env("TIPRING_SOCKET", socket)
        .env("_CLAP_COMPLETE_INDEX", place)
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_IFS", "\n")
        .output()
        .expect("tipring runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("plain text");
    let values = text.lines().filter(|w| !w.starts_with('-'));
    values.map(str::to_owned).collect()
}

fn known(request: &Request) -> Response {
    match request {
        Request::CallList => Response::Calls(CallList {
            active: vec![CallSummary {
                id: 41,
                port: 3,
                direction: CallDirection::Incoming,
                ..CallSummary::default()
            }],
            recent: vec![],
        }),
        _ => Response::Ports {
            ports: vec![dead_port()],
        },
    }
}

#[test]
fn port_numbers_are_those_of_the_running_gateway() {
    for words in [
        &["port", "show", ""][..],
        &["port", "watch", ""],
        &["trace", ""],
        &["trace", "--last", ""],
        &["sim", ""],
        &["history", ""],
        &["fax", "list", ""],
        &["fax", "stats", ""],
        &["config", "show", ""],
    ] {
        let mock = Mock::answering(known);
        let [_, socket] = mock.socket();
        let offered = offered(socket, words);
        // `sim` offers its actions beside the ports.
        let numbers: Vec<_> = offered
            .iter()
            .filter(|w| w.parse::<u16>().is_ok())
            .collect();
        assert_eq!(numbers, ["3"], "{words:?}: {offered:?}");
        assert_eq!(mock.asked(), [Request::PortList], "{words:?}");
    }
}

#[test]
fn call_numbers_are_those_of_calls_that_are_up() {
    let mock = Mock::answering(known);
    let [_, socket] = mock.socket();
    assert_eq!(offered(socket, &["call", "show", ""]), ["41"]);
}

#[test]
fn callmanagers_are_those_of_the_list() {
    let mock = Mock::answering(|_| Response::Servers {
        servers: vec![ServerReport {
            server: "10.0.0.2:2000".to_owned(),
            ..ServerReport::default()
        }],
    });
    let [_, socket] = mock.socket();
    assert_eq!(
        offered(socket, &["server", "prefer", ""]),
        ["10.0.0.2:2000"]
    );
    assert_eq!(mock.asked(), [Request::ServerList]);
}

#[test]
fn without_a_gateway_nothing_is_offered_and_commands_still_are() {
    let none: [&str; 0] = [];
    assert_eq!(offered("/nonexistent/sock", &["port", "show", ""]), none);
    assert_eq!(offered("/nonexistent/sock", &["port", "w"]), ["watch"]);
}

#[test]
fn a_gateway_that_does_not_answer_does_not_hang_the_shell() {
    let mock = Mock::serve(|peer| {
        peer.greet();
        peer.sleep();
    });
    let [_, socket] = mock.socket();
    let none: [&str; 0] = [];
    // The mock ends when the client goes: the client went by itself.
    assert_eq!(offered(socket, &["port", "show", ""]), none);
}
