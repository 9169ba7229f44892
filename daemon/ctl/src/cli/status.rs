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
    let (level, text, figures) = answered(remote.ask(Request::Status), || {
        history::is_down(remote.socket())
    });
    out.raw(&line(level, &text, &figures))?;
    Ok((level as u8).into())
}

/// What an answer, or that there is none, comes to: the level, the text, and the figures.
fn answered(
    answer: Result<Response, Failure>,
    is_down: impl FnOnce() -> bool,
) -> (Level, String, String) {
    let (level, text) = match answer {
        Ok(Response::Status(report)) => return judged(&report),
        Ok(Response::Error(report)) => (Level::Unknown, report.message),
        Ok(other) => (Level::Unknown, unexpected(&other).message),
        Err(why) if why.code == exit::UNREACHABLE && is_down() => (
            Level::Critical,
            format!("tipringd does not run: {}", why.message),
        ),
        Err(why) => (Level::Unknown, why.message),
    };
    (level, text, String::new())
}

/// The line itself. Its text goes up to the first `|`, and ends with the line; names from elsewhere may have either.
fn line(level: Level, text: &str, figures: &str) -> String {
    let breaks = ['\n', '\r', '\u{2028}', '\u{2029}'];
    let text = text.replace('|', "/").replace(breaks, " ");
    let bar = if figures.is_empty() { "" } else { " | " };
    format!(
        "TIPRING {} - {}{bar}{figures}\n",
        level.word(),
        clean(&text)
    )
}

/// Causes on the line of a monitoring plugin; of the rest it says how many there are.
const CAUSES: usize = 5;

fn judged(report: &StatusReport) -> (Level, String, String) {
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
    let mut text = format!("{} of {served} ports registered", counts.registered);
    for one in said.take(CAUSES) {
        text += &format!("; {one}");
    }
    let more = causes.len().saturating_sub(CAUSES);
    if more > 0 {
        text += &format!("; and {more} more");
    }
    let (registered, talking, trouble) = (counts.registered, counts.talking, counts.in_trouble);
    let figures = format!(
        "registered={registered};;;0;{served} talking={talking};;;0;{served} in_trouble={trouble};;;0;{served}"
    );
    (level, text, figures)
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
            (report(2, &[], &[]), Level::Ok, "2 of 2 ports registered"),
            (
                report(1, &[], &[]),
                Level::Warning,
                "1 of 2 ports registered",
            ),
            (
                report(2, &[], std::slice::from_ref(&backup)),
                Level::Warning,
                "2 of 2 ports registered; no CallManager could take over: 10.0.0.2:2000 cannot be reached: connection refused",
            ),
            (
                report(1, &[removed], &[backup]),
                Level::Critical,
                "1 of 2 ports registered; port 2: the card is removed: its driver reports the channel as gone; no CallManager could take over: ",
            ),
        ] {
            let (found, text, figures) = judged(&report);
            assert_eq!(found, level, "{text}");
            assert!(text.starts_with(begin), "{text}");
            let line = line(level, &text, &figures);
            assert!(line.ends_with(";;;0;2\n"), "{line}");
            assert_eq!((line.matches('|').count(), line.lines().count()), (1, 1));
        }
        let codes = [Level::Ok, Level::Warning, Level::Critical, Level::Unknown];
        assert_eq!(codes.map(|level| level as u8), [0, 1, 2, 3]);
    }

    #[test]
    fn many_causes_are_counted() {
        let many = |n: u32| {
            let one = |n| Finding::ChannelOpenFailed {
                reason: format!("errno {n}"),
            };
            (0..n).map(one).collect::<Vec<_>>()
        };
        let (_, text, _) = judged(&report(0, &many(5), &[]));
        assert!(text.contains("errno 4") && !text.contains("more"), "{text}");
        let (_, text, _) = judged(&report(0, &many(40), &[]));
        assert!(text.ends_with("; and 35 more"), "{text}");
        assert_eq!(text.matches("errno").count(), 5, "{text}");
    }

    #[test]
    fn the_line_is_one_and_has_one_bar_whatever_the_names_hold() {
        let evil = Finding::ChannelOpenFailed {
            reason: "a|b\nc".into(),
        };
        let (level, text, figures) = judged(&report(1, &[evil], &[]));
        let all = line(level, &text, &figures);
        assert!(all.starts_with("TIPRING CRITICAL - 1 of 2 ports "), "{all}");
        assert!(all.contains("a/b"), "{all}");
        assert_eq!(
            (all.matches('|').count(), all.matches('\n').count()),
            (1, 1)
        );
        let (_, figures) = all.split_once(" | ").unwrap();
        assert_eq!(
            figures,
            "registered=1;;;0;2 talking=0;;;0;2 in_trouble=0;;;0;2\n"
        );
    }

    #[test]
    fn a_message_of_the_daemon_has_neither_bar_nor_break() {
        assert_eq!(
            line(Level::Unknown, "a|b\nc\rd", ""),
            "TIPRING UNKNOWN - a/b c d\n"
        );
    }

    #[test]
    fn a_daemon_that_does_not_run_is_critical_and_one_that_cannot_be_asked_is_unknown() {
        let unreachable = || Failure {
            code: exit::UNREACHABLE,
            ..Failure::failed("no socket /run/a|b".to_owned(), "")
        };
        let late = || Failure {
            code: exit::TIMED_OUT,
            ..Failure::failed("no answer".to_owned(), "")
        };
        for (answer, down, code, wanted) in [
            (
                unreachable(),
                true,
                2,
                "CRITICAL - tipringd does not run: no socket /run/a/b",
            ),
            // It runs, and does not let this user in.
            (unreachable(), false, 3, "UNKNOWN - no socket /run/a/b"),
            (late(), false, 3, "UNKNOWN - no answer"),
        ] {
            let (level, text, figures) = answered(Err(answer), || down);
            assert_eq!(level as u8, code);
            let line = line(level, &text, &figures);
            assert_eq!(line, format!("TIPRING {wanted}\n"));
        }
        let other = Response::Calls(tipring_ctl::report::CallList::default());
        assert_eq!(answered(Ok(other), || false).0, Level::Unknown);
    }
}
