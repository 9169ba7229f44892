//! Line tests: what is measured, and what ends one.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

use tipring_ctl::client::Client;
use tipring_ctl::report::{LineTestOutcome, LineTestReport, TestEnd};
use tipring_ctl::request::{Request, Response, SimAction, SimCondition, SimFault};
use tipring_ctl::wire::{self, ClientLine};
use tipring_tests::gateway::Gateway;
use tipring_tests::set::Set;

use crate::place::{Place, SOON, number_of, until, until_says};

fn noise_of_the_line(set: &mut Set, dbm0: f64) {
    let hybrid = SimAction::Hybrid {
        loss_db: None,
        delay_ms: None,
        noise_dbm0: Some(dbm0),
    };
    set.act(hybrid, SOON).unwrap();
}

/// A gateway whose card has had its first blocks: before, it measures nothing and refuses a test as busy.
fn measuring(place: &Place, ports: u16) -> Gateway {
    let gateway = place.gateway(ports, "");
    until(SOON, || match test(&gateway, &["--seconds", "1"]) {
        (_, Some(0)) => Ok(()),
        (text, _) => Err(text),
    });
    gateway
}

/// What `tipring port test` prints, and its exit code.
fn test(gateway: &Gateway, more: &[&str]) -> (String, Option<i32>) {
    let args = [&["port", "test", "1"], more].concat();
    let ended = gateway.tipring_ends(&args).unwrap();
    let text = [ended.stdout, ended.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    (text, ended.status.code())
}

pub(crate) fn the_noise_of_a_line_is_measured_and_judged() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = measuring(&place, 1);
    let mut set = gateway.set(1).unwrap();
    noise_of_the_line(&mut set, -66.0);
    let (text, code) = test(&gateway, &["--seconds", "1"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("port 1: quiet\n"), "{text}");
    noise_of_the_line(&mut set, -40.0);
    let (text, code) = test(&gateway, &["--seconds", "1", "--json"]);
    assert_eq!(code, Some(1), "{text}");
    let report: LineTestReport = serde_json::from_str(&text).unwrap();
    let LineTestOutcome::Measured {
        noise_dbm0,
        hum_dbm0,
        ..
    } = report.outcome
    else {
        panic!("{text}");
    };
    assert!((noise_dbm0 + 40.0).abs() < 1.5, "{text}");
    assert!(hum_dbm0 < noise_dbm0 - 3.0, "{text}");
    assert!(text.contains("\"noisy\""), "{text}");
    set.lift().unwrap();
    until_says(SOON, &["off-hook"], || {
        gateway.tipring(&["port", "show", "1"]).unwrap()
    });
    let (text, code) = test(&gateway, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("port 1 is not tested: its line is in use"),
        "{text}"
    );
}

/// Asks for a test of port 1, and waits until it runs.
fn begin(gateway: &Gateway, number: usize) -> JoinHandle<LineTestReport> {
    let mut client = Client::connect(gateway.socket(), SOON).unwrap();
    let request = Request::PortTest {
        port: 1,
        seconds: 60,
    };
    let asked = std::thread::spawn(move || match client.request(request, 6 * SOON) {
        Ok(Response::LineTest(report)) => report,
        other => panic!("{other:?}"),
    });
    runs(gateway, number);
    asked
}

/// Waits until the test of this number runs.
fn runs(gateway: &Gateway, number: usize) {
    until_says(SOON, &["line test", &number.to_string()], || {
        let trace = gateway.tipring(&["trace", "--last", "1"]).unwrap();
        let begun = trace.matches("line test: noise, 60 s").count();
        format!("{begun} times: line test")
    });
}

fn ended_by(test: JoinHandle<LineTestReport>) -> TestEnd {
    match test.join().unwrap().outcome {
        LineTestOutcome::Ended { why } => why,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn a_lifted_phone_a_call_and_a_fault_end_a_test_and_are_named() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = measuring(&place, 2);
    let (mut set, mut caller) = (gateway.set(1).unwrap(), gateway.set(2).unwrap());

    let test = begin(&gateway, 1);
    set.lift().unwrap();
    assert_eq!(ended_by(test), TestEnd::OffHook);
    set.hears_dial_tone().unwrap();
    set.hang().unwrap();
    set.wait(SimCondition::Idle, 15).unwrap();

    let test = begin(&gateway, 2);
    caller.call(&number_of(&gateway, 1)).unwrap();
    set.wait(SimCondition::Ringing, 15).unwrap();
    assert_eq!(ended_by(test), TestEnd::Call);
    caller.hang().unwrap();
    set.wait(SimCondition::Idle, 15).unwrap();

    let test = begin(&gateway, 3);
    let fault = |fault| SimAction::Fault { fault };
    set.act(fault(SimFault::Alarm), SOON).unwrap();
    assert_eq!(ended_by(test), TestEnd::Fault);
    set.act(fault(SimFault::Clear), SOON).unwrap();
}

pub(crate) fn a_test_that_nobody_waits_for_is_cancelled_and_the_next_one_runs() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = measuring(&place, 1);
    let client = place_request(&gateway);
    runs(&gateway, 1);
    let (text, code) = test(&gateway, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("a line test is running"), "{text}");
    drop(client);
    until_says(SOON, &["line test: no result: cancelled"], || {
        gateway.tipring(&["trace", "--last", "1"]).unwrap()
    });
    let (text, code) = test(&gateway, &["--seconds", "1"]);
    assert_eq!(code, Some(0), "{text}");
}

/// A client that has asked for a test and reads nothing.
fn place_request(gateway: &Gateway) -> UnixStream {
    let mut stream = UnixStream::connect(gateway.socket()).unwrap();
    let request = Request::PortTest {
        port: 1,
        seconds: 60,
    };
    stream
        .write_all(&wire::encode(&ClientLine { id: 1, request }))
        .unwrap();
    stream
}

pub(crate) fn a_reload_during_a_test_is_used_and_the_test_has_its_result() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = measuring(&place, 1);
    let mut set = gateway.set(1).unwrap();
    noise_of_the_line(&mut set, -50.0);
    let mut client = Client::connect(gateway.socket(), SOON).unwrap();
    let request = Request::PortTest {
        port: 1,
        seconds: 4,
    };
    let asked = std::thread::spawn(move || client.request(request, 6 * SOON));
    until_says(SOON, &["line test: noise, 4 s"], || {
        gateway.tipring(&["trace", "--last", "1"]).unwrap()
    });
    let louder = place.config(1, "[defaults]\nrx-gain-db = 3.0\n");
    gateway.write_config(&louder).unwrap();
    let reload = gateway.reload().unwrap();
    assert!(!reload.is_unchanged(), "{reload:?}");
    let Ok(Response::LineTest(report)) = asked.join().unwrap() else {
        panic!("no report");
    };
    // What is measured is the line, before any gain.
    let LineTestOutcome::Measured { noise_dbm0, .. } = report.outcome else {
        panic!("{report:?}");
    };
    assert!((noise_dbm0 + 50.0).abs() < 1.5, "{report:?}");
    // And the line has its phone again.
    set.lift().unwrap();
    set.hears_dial_tone().unwrap();
}
