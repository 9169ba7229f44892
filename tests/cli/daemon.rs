//! The command against daemons that work, that are faulty, or that do not run.

use std::os::unix::net::UnixListener;

use tipring_ctl::report::{
    CallState, FaxResult, FaxRole, FaxSnapshot, FindingReport, HookState, LineTestOutcome,
    LineTestReport, NoiseVerdict, PortDetail, PortState, PortSummary, RegistrationState,
    RestartReport, SimSnapshot, StatusReport, TestEnd, Trace, TraceEvent,
};
use tipring_ctl::request::{ErrorCode, ErrorReport, Request, Response, SimAction, SimCondition};
use tipring_ctl::wire::{Event, Hello, MAX_LINE, ServerLine};
use tipring_proto::finding::{Finding, Place};
use tipring_proto::sccp::station::RejectCause;

use crate::mock::Mock;
use crate::run::{Ended, command, tipring};

fn with(mock: &Mock, args: &[&str]) -> Ended {
    tipring(&[&mock.socket(), args].concat())
}

pub(crate) fn dead_port() -> PortSummary {
    PortSummary {
        port: 3,
        channel: 3,
        label: "Fax".to_owned(),
        device: "VGC112233445503".to_owned(),
        enabled: true,
        registration: RegistrationState::Waiting,
        hook: HookState::OnHook,
        findings: vec![FindingReport::of(
            Finding::RegistrationRejected {
                server: "10.0.0.1:2000".to_owned(),
                text: "No Authority".to_owned(),
                cause: RejectCause::NoAuthority,
            },
            Place {
                port: Some(3),
                channel: Some(3),
                device: Some("VGC112233445503".to_owned()),
                device_type: None,
            },
        )],
        ..PortSummary::default()
    }
}

#[test]
fn without_a_daemon_it_is_exit_3_with_the_cure() {
    let ended = tipring(&["--socket", "/nonexistent/control.sock", "status"]);
    assert_eq!(ended.code, Some(3));
    assert_eq!(ended.stdout, "");
    assert!(
        ended
            .stderr
            .contains("no daemon on /nonexistent/control.sock"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("cure: start it with"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_socket_left_over_from_a_crash_is_exit_3() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let ended = tipring(&["--socket", socket.to_str().unwrap(), "status"]);
    assert_eq!(ended.code, Some(3), "{ended:#?}");
    assert!(
        ended.stderr.contains("left over from a crash"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_failure_as_json_is_an_object_on_standard_output() {
    let ended = tipring(&["--json", "--socket", "/nonexistent/control.sock", "status"]);
    assert_eq!(ended.code, Some(3));
    assert_eq!(ended.json()["error"]["code"], "not-reachable");
    assert_eq!(ended.json()["error"]["exit"], 3);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_daemon_that_never_greets_is_exit_4() {
    let mock = Mock::serve(|peer| peer.sleep());
    let ended = with(&mock, &["--timeout", "0.2", "status"]);
    assert_eq!(ended.code, Some(4), "{ended:#?}");
    assert!(
        ended.stderr.contains("did not answer within 200 ms"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_daemon_that_stops_answering_is_exit_4() {
    let mock = Mock::serve(|peer| {
        peer.greet();
        peer.sleep();
    });
    assert_eq!(
        with(&mock, &["--timeout", "0.2", "port", "list"]).code,
        Some(4)
    );
    assert_eq!(mock.asked(), [Request::PortList]);
}

#[test]
fn a_daemon_that_trickles_is_exit_4_all_the_same() {
    let mock = Mock::serve(|peer| {
        peer.greet();
        // A byte within every wait, but never a line: the deadline is for the whole answer.
        for _ in 0..40 {
            peer.send(b" ");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    assert_eq!(with(&mock, &["--timeout", "0.4", "status"]).code, Some(4));
}

#[test]
fn a_daemon_that_never_accepts_is_exit_4() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let args = [
        "--timeout",
        "0.2",
        "--socket",
        socket.to_str().unwrap(),
        "status",
    ];
    assert_eq!(tipring(&args).code, Some(4));
}

#[test]
fn garbage_is_exit_1_and_shown_without_control_characters() {
    let mock = Mock::serve(|peer| peer.send(b"SSH-2.0 \x1b[31mhello\n"));
    let ended = with(&mock, &["status"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended.stderr.contains("does not speak the control protocol"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains('\x1b'), "{}", ended.stderr);
}

#[test]
fn an_endless_line_is_exit_1() {
    let mock = Mock::serve(|peer| {
        peer.greet();
        peer.send(&vec![b'{'; MAX_LINE + 1]);
        peer.sleep();
    });
    assert_eq!(with(&mock, &["status"]).code, Some(1));
}

#[test]
fn a_daemon_that_hangs_up_is_exit_1() {
    let mock = Mock::serve(|peer| {
        peer.greet();
        peer.next();
    });
    let ended = with(&mock, &["status"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended.stderr.contains("closed the connection"),
        "{}",
        ended.stderr
    );
}

#[test]
fn another_version_is_exit_1_and_named() {
    let mock = Mock::serve(|peer| {
        peer.say(&ServerLine::Hello(Hello {
            protocol: 99,
            daemon: "9.0".to_owned(),
            pid: 1,
        }));
        peer.sleep();
    });
    let ended = with(&mock, &["status"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("control protocol 99"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_refusal_is_exit_1_with_the_daemons_words() {
    let mock = Mock::answering(|_| {
        Response::Error(ErrorReport {
            code: ErrorCode::UnknownPort,
            message: "the gateway has no port 9".to_owned(),
            cure: Some("see `tipring port list`".to_owned()),
        })
    });
    let ended = with(&mock, &["port", "show", "9"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "tipring: the gateway has no port 9\n  cure: see `tipring port list`\n"
    );
    assert_eq!(mock.asked(), [Request::PortShow { port: 9 }]);
}

#[test]
fn what_did_not_happen_in_time_is_exit_4() {
    let mock = Mock::answering(|_| {
        Response::Error(ErrorReport {
            code: ErrorCode::TimedOut,
            message: "port 2 did not ring within 1 s".to_owned(),
            cure: None,
        })
    });
    assert_eq!(
        with(&mock, &["sim", "2", "wait", "ringing", "--for", "1"]).code,
        Some(4)
    );
    let action = SimAction::Wait {
        until: SimCondition::Ringing,
        timeout_ms: 1000,
    };
    assert_eq!(mock.asked(), [Request::Sim { port: 2, action }]);
}

#[test]
fn status_says_why_a_port_is_dead_in_one_line() {
    let mock = Mock::answering(|_| {
        Response::Status(StatusReport {
            ports: vec![dead_port()],
            ..StatusReport::default()
        })
    });
    let ended = with(&mock, &["status"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended
            .stdout
            .contains("! port 3: CallManager 10.0.0.1:2000 rejects the device name VGC112233445503 (\"No Authority\"): "),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains('\x1b'), "colours without a terminal");
}

#[test]
fn colours_come_when_asked_for_and_not_otherwise() {
    let serve = || {
        Mock::answering(|_| Response::Ports {
            ports: vec![dead_port()],
        })
    };
    assert!(
        with(&serve(), &["--color", "always", "port", "list"])
            .stdout
            .contains('\x1b')
    );
    assert!(
        !with(&serve(), &["--color", "never", "port", "list"])
            .stdout
            .contains('\x1b')
    );
    let mock = serve();
    let args = [&mock.socket()[..], &["port", "list"]].concat();
    let output = command(&args).env("NO_COLOR", "1").output().unwrap();
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn json_is_the_report_itself() {
    let detail = PortDetail {
        summary: dead_port(),
        country: "us".to_owned(),
        ..PortDetail::default()
    };
    let sent = detail.clone();
    let mock = Mock::answering(move |_| Response::Port(Box::new(sent.clone())));
    let ended = with(&mock, &["--json", "port", "show", "3"]);
    let read: PortDetail = serde_json::from_value(ended.json()).unwrap();
    assert_eq!(read, detail);
}

#[test]
fn names_from_the_network_cannot_drive_the_terminal() {
    let port = PortSummary {
        peer: Some("\x1b]0;owned\x07".to_owned()),
        state: PortState::InCall,
        call: Some(CallState::Connected),
        ..dead_port()
    };
    let mock = Mock::answering(move |_| Response::Ports {
        ports: vec![port.clone()],
    });
    let ended = with(&mock, &["port", "list"]);
    assert!(
        !ended.stdout.contains('\x1b') && ended.stdout.contains("owned"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_trace_ends_after_its_count_and_shows_losses_apart() {
    let mock = Mock::serve(|peer| {
        peer.greet();
        let Some(line) = peer.next() else { return };
        peer.say(&ServerLine::Response {
            id: line.id,
            response: Box::new(Response::Done),
        });
        let hook = TraceEvent::new(0, Some(1), None, Trace::LoopClosed);
        peer.say(&ServerLine::Event {
            id: line.id,
            event: Event::Trace(hook),
        });
        peer.say(&ServerLine::Event {
            id: line.id,
            event: Event::Lost { count: 7 },
        });
        peer.sleep();
    });
    let ended = with(&mock, &["trace", "1", "--count", "2"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.stdout.ends_with("  1 hook     loop closed\n"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stderr.contains("7 events left out"),
        "{}",
        ended.stderr
    );
    assert_eq!(mock.asked(), [Request::Trace { ports: vec![1] }]);
}

#[test]
fn a_trace_ends_after_its_time() {
    let mock = Mock::answering(|_| Response::Done);
    assert_eq!(with(&mock, &["trace", "--duration", "0.1"]).code, Some(0));
}

/// A fax machine that shows its work twice and then its result.
fn fax(ok: bool) -> Mock {
    let looks = std::cell::Cell::new(0);
    Mock::answering(move |_| {
        looks.set(looks.get() + 1);
        let at_work = FaxSnapshot {
            phase: "page".to_owned(),
            pages_total: Some(2),
            ..FaxSnapshot::default()
        };
        let result = FaxResult {
            role: FaxRole::Send,
            ok,
            text: "the far end hung up".to_owned(),
            pages: 2,
            ..FaxResult::default()
        };
        let over = looks.get() > 2;
        Response::Sim(SimSnapshot {
            fax: (!over).then_some(at_work),
            last_fax: over.then_some(result),
            ..SimSnapshot::default()
        })
    })
}

#[test]
fn a_fax_is_followed_to_its_end() {
    let mock = fax(true);
    let ended = with(
        &mock,
        &["sim", "3", "fax-send", "page.tiff", "1004", "--no-ecm"],
    );
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.stdout.contains("good: sent 2 pages"),
        "{}",
        ended.stdout
    );
    let asked = mock.asked();
    let Some(Request::Sim {
        port: 3,
        action:
            SimAction::FaxSend {
                tiff,
                number,
                ecm: false,
            },
    }) = asked.first()
    else {
        panic!("{asked:?}");
    };
    assert!(
        tiff.is_absolute() && tiff.ends_with("page.tiff"),
        "{tiff:?}"
    );
    assert_eq!(number, "1004");
}

#[test]
fn a_fax_that_did_not_go_through_is_exit_1() {
    let ended = with(&fax(false), &["sim", "3", "fax-send", "page.tiff", "1004"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended
            .stderr
            .contains("the fax did not go through: the far end hung up"),
        "{}",
        ended.stderr
    );
}

#[test]
fn dialing_waits_for_the_last_digit() {
    let mock = Mock::answering(|_| Response::Sim(SimSnapshot::default()));
    assert_eq!(
        with(&mock, &["sim", "1", "dial", "10a2", "--pulse"]).code,
        Some(0)
    );
    let dial = SimAction::Dial {
        digits: "10A2".to_owned(),
        pulse: true,
        on_ms: None,
        off_ms: None,
    };
    let wait = SimAction::Wait {
        until: SimCondition::DialDone,
        timeout_ms: 300_000,
    };
    assert_eq!(
        mock.asked(),
        [dial, wait].map(|action| Request::Sim { port: 1, action })
    );
}

#[test]
fn an_order_goes_to_the_daemon_as_it_was_typed_and_a_port_left_alone_is_exit_1() {
    for (args, left_alone, code) in [
        (&["port", "restart", "3"][..], vec![], 0),
        (&["port", "restart", "all", "--force"], vec![], 0),
        (&["port", "restart", "all"], vec![3], 1),
    ] {
        let report = RestartReport {
            left_alone,
            ..RestartReport::default()
        };
        let mock = Mock::answering(move |_| Response::Restart(report.clone()));
        let ended = with(&mock, args);
        assert_eq!(ended.code, Some(code), "{ended:#?}");
        let force = args.contains(&"--force");
        let port = (args[2] == "3").then_some(3);
        assert_eq!(mock.asked(), [Request::PortRestart { port, force }]);
    }
    let server = || Some("10.0.0.2".to_owned());
    for (args, wanted) in [
        (&["server", "list"][..], Request::ServerList),
        (&["server", "retry"], Request::ServerRetry { server: None }),
        (
            &["server", "retry", "10.0.0.2"],
            Request::ServerRetry { server: server() },
        ),
        (
            &["server", "prefer", "10.0.0.2"],
            Request::ServerPrefer { server: server() },
        ),
        (
            &["server", "prefer", "--none"],
            Request::ServerPrefer { server: None },
        ),
    ] {
        let mock = Mock::answering(|_| Response::Servers { servers: vec![] });
        assert_eq!(with(&mock, args).code, Some(0), "{args:?}");
        assert_eq!(mock.asked(), [wanted]);
    }
}

#[test]
fn a_line_test_shows_what_was_found_or_why_not_and_its_exit_code_says_whether_the_line_is_good() {
    let tests = |outcome: LineTestOutcome, args: &[&str]| {
        let mock = Mock::answering(move |_| {
            Response::LineTest(LineTestReport {
                port: 3,
                seconds: 10,
                outcome: outcome.clone(),
            })
        });
        let ended = with(&mock, args);
        assert_eq!(
            mock.asked(),
            [Request::PortTest {
                port: 3,
                seconds: 10
            }]
        );
        ended
    };
    let measured = |noise_dbm0, verdict| LineTestOutcome::Measured {
        noise_dbm0,
        hum_dbm0: -71.25,
        hum_hz: 50,
        verdict,
    };
    let args = ["port", "test", "3", "--seconds", "10"];
    let quiet = tests(measured(-64.0, NoiseVerdict::Quiet), &args);
    assert_eq!(quiet.code, Some(0), "{quiet:#?}");
    assert_eq!(
        quiet.stdout,
        "port 3: quiet\n  noise      -64.0 dBm0 in 10 s\n  mains hum  -71.2 dBm0 (50 Hz)\n"
    );
    let noisy = tests(measured(-40.0, NoiseVerdict::Noisy), &args);
    assert_eq!(noisy.code, Some(1), "{noisy:#?}");
    assert!(noisy.stdout.starts_with("port 3: noisy\n"));
    assert!(noisy.stdout.contains("\n  cure: look for bad joints"));
    let called = LineTestOutcome::Ended { why: TestEnd::Call };
    let none = tests(called.clone(), &args);
    assert_eq!(none.code, Some(1), "{none:#?}");
    assert_eq!(none.stdout, "port 3: no result: interrupted by a call\n");
    let json = tests(called, &[&["--json"], &args[..]].concat()).json();
    assert_eq!(
        (&json["outcome"], &json["why"]),
        (&"ended".into(), &"call".into())
    );
}
