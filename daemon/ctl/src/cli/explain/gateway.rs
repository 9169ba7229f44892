//! The story of the gateway.

use tipring_ctl::report::{
    CauseReport, EvidenceReport, FindingReport, GatewayStory, RegistrationState, RuledOutReport,
    StatusReport, Verdict, by_cause, ranges,
};
use tipring_ctl::words;
use tipring_proto::explain::{self, Evidence, Found, GatewayFigures, Standing};

use super::{Day, day};
use crate::cli::render::{moment, port_numbers};

pub(super) fn story(now: u64, status: &StatusReport, day: &Day) -> GatewayStory {
    let causes = causes(now, status, day);
    let figures = figures(status);
    let found: Vec<Found<'_>> = causes.iter().map(found).collect();
    let standing = explain::gateway_standing(&figures, &found);
    let ruled_out = explain::gateway_ruled_out(&figures, &found);
    GatewayStory {
        verdict: verdict(status, &figures, &causes, standing),
        ruled_out: ruled_out
            .into_iter()
            .map(|measured| RuledOutReport::of(measured, moment))
            .collect(),
        causes,
        day: day::report(now, day, &[]),
    }
}

fn figures(status: &StatusReport) -> GatewayFigures {
    let counts = &status.port_counts;
    let threads = &status.line_threads;
    GatewayFigures {
        enabled: u64::from(counts.total.saturating_sub(counts.disabled)),
        registered: u64::from(counts.registered),
        ticks: threads.iter().map(|t| t.ticks).sum(),
        missed_blocks: threads.iter().map(|t| t.missed_blocks).sum(),
        longest_us: threads
            .iter()
            .map(|t| t.tick_time.max_us)
            .max()
            .unwrap_or(0),
    }
}

fn found(cause: &CauseReport) -> Found<'_> {
    Found {
        finding: cause.finding.as_ref().and_then(|f| f.finding.as_ref()),
        severity: cause.severity,
        ports: &cause.ports,
    }
}

/// Each cause once, with its ports; the worst first, and of equal ones what more ports have.
fn causes(now: u64, status: &StatusReport, day: &Day) -> Vec<CauseReport> {
    let all: Vec<FindingReport> = status
        .ports
        .iter()
        .flat_map(|p| p.findings.clone())
        .collect();
    let of_ports = by_cause(&all).into_iter().map(|(report, places)| {
        let ports: Vec<u16> = places.iter().filter_map(|p| p.port).collect();
        (report, ports)
    });
    let of_gateway = status.findings.iter().map(|f| (f.clone(), vec![]));
    let mut causes: Vec<CauseReport> = of_gateway
        .chain(of_ports)
        .map(|(report, ports)| CauseReport {
            severity: report.severity,
            evidence: evidence(now, status, day, &report, &ports),
            text: report.what(),
            cure: report.cure.clone(),
            remark: None,
            ports,
            finding: Some(report),
        })
        .collect();
    causes.sort_by_key(|cause| {
        let finding = cause.finding.as_ref().and_then(|f| f.finding.as_ref());
        let rank = finding.map(explain::rank);
        let ports = usize::MAX - cause.ports.len();
        (std::cmp::Reverse(cause.severity), rank, ports)
    });
    causes
}

fn evidence(
    now: u64,
    status: &StatusReport,
    day: &Day,
    report: &FindingReport,
    ports: &[u16],
) -> Vec<EvidenceReport> {
    let mut out = vec![];
    let open = day.rows.findings.iter();
    let finding = report.finding.as_ref();
    let of_it = open.filter(|f| finding.is_some_and(|finding| day::is_open(f, finding)));
    let of_it = of_it.filter(|f| f.port.is_none_or(|p| ports.contains(&p)));
    if let Some(unix_ms) = of_it.map(|f| f.begun_unix_ms).min() {
        out.push(Evidence::Since {
            unix_ms,
            seconds: now.saturating_sub(unix_ms) / 1000,
        });
    }
    let enabled = status.ports.iter().filter(|p| p.enabled).count();
    if ports.len() > 1 && ports.len() == enabled {
        out.push(Evidence::AllSame {
            ports: enabled as u64,
        });
    }
    let out = out.into_iter();
    out.map(|e| EvidenceReport::of(e, moment)).collect()
}

fn verdict(
    status: &StatusReport,
    figures: &GatewayFigures,
    causes: &[CauseReport],
    standing: Standing,
) -> Verdict {
    let counts = &status.port_counts;
    let (enabled, registered) = (figures.enabled, figures.registered);
    let worst = causes.first();
    let where_ = |cause: &CauseReport| match &*cause.ports {
        [] => String::new(),
        ports if ports.len() as u64 == enabled && enabled > 1 => "all ports: ".to_owned(),
        ports => format!("{}: ", port_numbers(ports)),
    };
    let text = match worst {
        None if registered < enabled => {
            let waiting = status
                .ports
                .iter()
                .filter(|p| p.enabled && p.registration != RegistrationState::Registered);
            let waiting: Vec<u16> = waiting.map(|p| p.port).collect();
            format!(
                "The gateway is not ready yet: {} of {enabled} ports registered, {} on the way.",
                registered,
                ranges(&waiting)
            )
        }
        None => format!(
            "The gateway is in order: {registered} of {enabled} ports registered, none in trouble, {} talking.",
            counts.talking
        ),
        Some(cause) => {
            let how = match standing {
                Standing::Dead => match counts.talking {
                    // Calls go on without their CallManager.
                    n if n > 0 && registered == 0 => format!(
                        "serves no new call ({} still in a call)",
                        words::plural(n.into(), "port")
                    ),
                    _ => "serves no port".to_owned(),
                },
                Standing::Passing => {
                    format!("is not ready yet, {registered} of {enabled} registered")
                }
                Standing::Remark => "works".to_owned(),
                _ => "works, with trouble".to_owned(),
            };
            let more = match causes.len() - 1 {
                0 => String::new(),
                n => format!(" (and {})", words::plural(n as u64, "more cause")),
            };
            format!("The gateway {how}: {}{}{more}.", where_(cause), cause.text)
        }
    };
    Verdict {
        standing,
        code: worst.and_then(CauseReport::code),
        text: words::clean(&text),
    }
}
