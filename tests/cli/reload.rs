//! `reload` and `status --check`: what they say and how they end.

use tipring_ctl::report::{
    ConfigProblem, ConfigReport, FindingReport, PortCounts, PortSummary, ReloadChange,
    ReloadReport, ReloadState, StatusReport,
};
use tipring_ctl::request::{ErrorCode, ErrorReport, Request, Response};
use tipring_proto::finding::Severity;

use crate::mock::Mock;
use crate::run::{Ended, tipring};
use tipring_proto::finding::{Finding, Place};

fn with(mock: &Mock, args: &[&str]) -> Ended {
    tipring(&[&mock.socket(), args].concat())
}

fn change(ports: &[u16], keys: &[&str], what: &str) -> ReloadChange {
    ReloadChange {
        ports: ports.to_vec(),
        keys: keys.iter().map(|k| (*k).to_owned()).collect(),
        what: what.to_owned(),
    }
}

fn good() -> ReloadReport {
    ReloadReport {
        file: Some("/etc/tipring/tipring.toml".to_owned()),
        warnings: vec![ConfigProblem {
            severity: Severity::Warning,
            file: "/etc/tipring/tipring.toml".to_owned(),
            line: Some(7),
            message: "looks odd".to_owned(),
            ..ConfigProblem::default()
        }],
        applied: vec![
            change(&[], &["log.level"], "in use"),
            change(&[1, 2, 3, 7], &["flash", "country"], "in use"),
        ],
        waiting: vec![change(&[4], &["flash"], "to be used after the call")],
        needs_restart: vec![change(
            &[],
            &["sim.ports"],
            "the simulated card is made at start",
        )],
    }
}

#[test]
fn a_reload_shows_what_is_in_use_what_waits_and_what_needs_a_restart() {
    let mock = Mock::answering(|_| Response::Reload(good()));
    let ended = with(&mock, &["reload"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(
        ended.stdout,
        "/etc/tipring/tipring.toml: good\n\
         \nIn use now\n  log.level\n  ports 1-3, 7: flash, country\n\
         \nWaiting for calls to end\n  port 4: flash: to be used after the call\n\
         \nNeeds a restart of tipringd\n  sim.ports: the simulated card is made at start\n"
    );
    assert_eq!(
        ended.stderr,
        "/etc/tipring/tipring.toml:7: warning: looks odd\n"
    );
    assert_eq!(mock.asked(), [Request::Reload]);
}

#[test]
fn a_reload_without_a_change_says_so() {
    let mock = Mock::answering(|_| Response::Reload(ReloadReport::default()));
    let ended = with(&mock, &["reload"]);
    assert_eq!(
        (ended.code, &ended.stdout[..]),
        (
            Some(0),
            "built-in defaults: good, and nothing has changed\n"
        )
    );
}

#[test]
fn a_reload_as_json_is_the_report() {
    let ended = with(
        &Mock::answering(|_| Response::Reload(good())),
        &["--json", "reload"],
    );
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.json()["waiting"][0]["ports"][0], 4);
    assert_eq!(ended.json()["warnings"][0]["line"], 7);
}

fn broken() -> Response {
    let problem = |line, message: &str| ConfigProblem {
        file: "t.toml".to_owned(),
        line: Some(line),
        key: Some("media.ptime-ms".to_owned()),
        value: Some("17".to_owned()),
        message: message.to_owned(),
        accepts: Some("10, 20 or 30".to_owned()),
        ..ConfigProblem::default()
    };
    Response::BadConfiguration(ConfigReport {
        file: "t.toml".to_owned(),
        problems: vec![problem(3, "is none of these"), problem(9, "and again")],
    })
}

#[test]
fn a_broken_file_is_shown_whole_on_standard_error_with_exit_78() {
    let ended = with(&Mock::answering(|_| broken()), &["reload"]);
    assert_eq!(ended.code, Some(78), "{ended:#?}");
    assert_eq!(ended.stdout, "");
    assert_eq!(
        ended.stderr,
        "t.toml:3: error: media.ptime-ms = 17: is none of these\n    accepted: 10, 20 or 30\n\
         t.toml:9: error: media.ptime-ms = 17: and again\n    accepted: 10, 20 or 30\n\
         t.toml: 2 errors\nthe configuration in use stays as it is\n"
    );
    let ended = with(&Mock::answering(|_| broken()), &["--json", "reload"]);
    assert_eq!(ended.code, Some(78));
    assert_eq!(ended.json()["ok"], false);
    assert_eq!(ended.json()["problems"][1]["line"], 9);
}

#[test]
fn a_reload_that_is_refused_is_exit_1() {
    let refused = |_: &Request| {
        Response::Error(ErrorReport {
            code: ErrorCode::Refused,
            message: "the configuration is not read again: the daemon is stopping".to_owned(),
            cure: None,
        })
    };
    let ended = with(&Mock::answering(refused), &["reload"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stderr.contains("the daemon is stopping"));
}

fn status(registered: u16, finding: Option<FindingReport>) -> StatusReport {
    StatusReport {
        port_counts: PortCounts {
            total: 3,
            registered,
            disabled: 1,
            in_trouble: u16::from(finding.is_some()),
            ..PortCounts::default()
        },
        ports: vec![PortSummary {
            port: 2,
            findings: finding.into_iter().collect(),
            ..PortSummary::default()
        }],
        ..StatusReport::default()
    }
}

fn check(report: StatusReport) -> Ended {
    let mock = Mock::answering(move |_| Response::Status(report.clone()));
    with(&mock, &["status", "--check"])
}

#[test]
fn a_check_is_exit_0_when_all_is_well_and_exit_1_with_the_trouble_when_not() {
    let well = check(status(2, None));
    assert_eq!(well.code, Some(0), "{well:#?}");
    assert_eq!(well.stdout, "2 of 2 ports registered, 0 in trouble\n");

    let battery = Finding::CardWithoutBattery {
        unregistered: false,
    };
    let place = Place {
        port: Some(2),
        ..Place::default()
    };
    let finding = FindingReport::of(battery, place);
    let ill = check(status(2, Some(finding.clone())));
    assert_eq!(ill.code, Some(1), "{ill:#?}");
    assert_eq!(
        ill.stdout,
        "2 of 2 ports registered, 1 in trouble\n\
         ! port 2: no battery on the line: the card has none to feed\n    cure: check the card's power connector\n"
    );

    let gateway = StatusReport {
        findings: vec![finding],
        ..status(2, None)
    };
    assert_eq!(check(gateway).code, Some(1));
    assert_eq!(check(status(1, None)).code, Some(1), "a port unregistered");
    // What waits for a call to end is no trouble.
    let waiting = StatusReport {
        reload: ReloadState {
            waiting: vec![change(&[1], &["flash"], "to be used after the call")],
            needs_restart: vec![],
        },
        ..status(2, None)
    };
    assert_eq!(check(waiting).code, Some(0));
}
