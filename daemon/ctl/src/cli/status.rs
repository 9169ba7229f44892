//! `status --check` and `status --nagios`: is anything wrong?

use std::process::ExitCode;

use tipring_ctl::report::{FindingReport, StatusReport, by_cause};
use tipring_ctl::request::{Request, Response};
use tipring_ctl::words::clean;
use tipring_proto::finding::Severity;

use super::output::{Failure, Out};
use super::remote::{Remote, unexpected};
use super::{exit, history, render};

/// Answers yes (0) when every port is registered and neither a port nor the gateway is in trouble, else no (1).
pub(crate) fn check(remote: &Remote, out: &Out) -> Result<ExitCode, Failure> {
    let answer = remote.ask(Request::Status)?;
    let report = match &answer {
        Response::Status(report) => report,
        Response::Error(report) => return Err(Failure::refused(report.clone())),
        other => return Err(unexpected(other)),
    };
    let counts = &report.port_counts;
    let served = counts.total.saturating_sub(counts.disabled);
    let in_trouble = report.ports.iter().any(|port| !port.findings.is_empty());
    let bad = in_trouble || !report.findings.is_empty() || counts.registered < served;
    out.report(report, |paint| {
        let summary = format!(
            "{} of {served} ports registered, {} in trouble\n",
            counts.registered, counts.in_trouble
        );
        summary + &render::findings(paint, report)
    })?;
    Ok(if bad {
        exit::FAILED.into()
    } else {
        ExitCode::SUCCESS
    })
}

/// What a monitoring plugin ends with: the word on its line, and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Ok,
    Warning,
    Critical,
    Unknown,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Ok => "OK",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
            Level::Unknown => "UNKNOWN",
        }
    }
}

/// One line as monitoring systems want it. A daemon that does not run serves no phone: critical; one that cannot be asked is unknown.
pub(crate) fn nagios(remote: &Remote, out: &Out) -> Result<ExitCode, Failure> {
    let (level, line) = match remote.ask(Request::Status) {
        Ok(Response::Status(report)) => judged(&report),
        Ok(Response::Error(report)) => (Level::Unknown, report.message),
        Ok(other) => (Level::Unknown, unexpected(&other).message),
        Err(why) if why.code == exit::UNREACHABLE && history::is_down(remote.socket()) => (
            Level::Critical,
            format!("tipringd does not run: {}", why.message),
        ),
        Err(why) => (Level::Unknown, why.message),
    };
    out.raw(&format!("TIPRING {} - {}\n", level.word(), clean(&line)))?;
    Ok((level as u8).into())
}

/// Causes on the line of a monitoring plugin; of the rest it says how many there are.
const CAUSES: usize = 5;

fn judged(report: &StatusReport) -> (Level, String) {
    let counts = &report.port_counts;
    let served = counts.total.saturating_sub(counts.disabled);
    let of_ports = report.ports.iter().flat_map(|port| &port.findings);
    let all: Vec<FindingReport> = report.findings.iter().chain(of_ports).cloned().collect();
    let worst = all.iter().map(|f| f.severity).max();
    let level = match worst {
        Some(Severity::Error) => Level::Critical,
        Some(_) => Level::Warning,
        None if counts.registered < served => Level::Warning,
        None => Level::Ok,
    };
    let mut causes = by_cause(&all);
    causes.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.severity));
    let said = causes.iter().map(|(finding, places)| {
        let ports: Vec<u16> = places.iter().filter_map(|p| p.port).collect();
        match &*ports {
            [] => finding.what(),
            ports => format!("{}: {}", render::port_numbers(ports), finding.what()),
        }
    });
    let mut line = format!("{} of {served} ports registered", counts.registered);
    for one in said.take(CAUSES) {
        // The rest of the line is for figures.
        line += &format!("; {}", one.replace('|', "/"));
    }
    let more = causes.len().saturating_sub(CAUSES);
    if more > 0 {
        line += &format!("; and {more} more");
    }
    let (registered, talking, trouble) = (counts.registered, counts.talking, counts.in_trouble);
    let figures = format!(
        " | registered={registered};;;0;{served} talking={talking};;;0;{served} in_trouble={trouble};;;0;{served}"
    );
    (level, line + &figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_ctl::report::{PortCounts, PortSummary};
    use tipring_proto::finding::{Finding, Place};

    fn report(registered: u16, of_port: &[Finding], of_gateway: &[Finding]) -> StatusReport {
        let place = Place {
            port: Some(2),
            ..Place::default()
        };
        let of_port = of_port.iter().cloned();
        StatusReport {
            port_counts: PortCounts {
                total: 2,
                registered,
                ..PortCounts::default()
            },
            ports: vec![PortSummary {
                port: 2,
                findings: of_port
                    .map(|f| FindingReport::of(f, place.clone()))
                    .collect(),
                ..PortSummary::default()
            }],
            findings: of_gateway
                .iter()
                .cloned()
                .map(FindingReport::gateway)
                .collect(),
            ..StatusReport::default()
        }
    }

    #[test]
    fn no_service_is_critical_service_at_risk_is_a_warning_and_the_worst_is_named_first() {
        let backup = Finding::NoBackup {
            servers: vec!["10.0.0.2:2000".into()],
            reason: "connection refused".into(),
            untried: vec![],
        };
        let removed = Finding::CardRemoved {
            unregistered: false,
        };
        for (report, level, begin) in [
            (report(2, &[], &[]), Level::Ok, "2 of 2 ports registered | "),
            (
                report(1, &[], &[]),
                Level::Warning,
                "1 of 2 ports registered | ",
            ),
            (
                report(2, &[], std::slice::from_ref(&backup)),
                Level::Warning,
                "2 of 2 ports registered; no backup: CallManager 10.0.0.2:2000 cannot be reached: connection refused | ",
            ),
            (
                report(1, &[removed], &[backup]),
                Level::Critical,
                "1 of 2 ports registered; port 2: the card is removed: its driver reports the channel as gone; no backup: ",
            ),
        ] {
            let (found, line) = judged(&report);
            assert_eq!(found, level, "{line}");
            assert!(line.starts_with(begin), "{line}");
            assert!(
                line.ends_with(";;;0;2") && line.matches('|').count() == 1,
                "{line}"
            );
        }
        assert_eq!(Level::Unknown as u8, 3);
    }

    #[test]
    fn many_causes_are_counted() {
        let many = |n: u32| {
            let one = |n| Finding::ChannelOpenFailed {
                reason: format!("errno {n}"),
            };
            (0..n).map(one).collect::<Vec<_>>()
        };
        let (_, line) = judged(&report(0, &many(5), &[]));
        assert!(line.contains("errno 4") && !line.contains("more"), "{line}");
        let (_, line) = judged(&report(0, &many(40), &[]));
        assert!(line.contains("; and 35 more | "), "{line}");
        assert_eq!(line.matches("errno").count(), 5, "{line}");
    }
}
