//! The story of a port.

use tipring_ctl::report::{
    CauseReport, EvidenceReport, FindingReport, PortStory, PortSummary, RegistrationState,
    RuledOutReport, Verdict,
};
use tipring_ctl::words;
use tipring_proto::explain::{
    self, Around, Evidence, LastCall, PortFigures, Remark, Standing, UpCall,
};
use tipring_proto::finding::{Finding, Severity};

use super::{Known, day, figures};
use crate::cli::render::moment;

pub(super) fn story(now: u64, known: &Known) -> PortStory {
    let port = &known.detail.summary;
    let figures = figures::of_port(known);
    let causes = causes(now, known, &figures);
    let remarks: Vec<Remark> = causes.iter().filter_map(|c| c.remark.clone()).collect();
    let found: Vec<&Finding> = causes.iter().filter_map(finding).collect();
    // One that only another version knows counts as well.
    let worst = causes.iter().filter(|c| c.finding.is_some());
    let worst = worst.map(|c| c.severity).max();
    let standing = explain::standing(&figures, worst, &remarks);
    let ruled_out = explain::ruled_out(&figures, &found);
    PortStory {
        verdict: verdict(known, &figures, standing, causes.first()),
        port: port.clone(),
        country: known.detail.country.clone(),
        ruled_out: ruled_out
            .into_iter()
            .map(|measured| RuledOutReport::of(measured, moment))
            .collect(),
        causes,
        day: day::report(now, &known.day, &known.detail.registration.history),
    }
}

fn finding(cause: &CauseReport) -> Option<&Finding> {
    cause.finding.as_ref()?.finding.as_ref()
}

/// Findings of the port and those of the gateway that matter to it, then what the figures show.
fn causes(now: u64, known: &Known, figures: &PortFigures) -> Vec<CauseReport> {
    let port = &known.detail.summary;
    let of_gateway = known.status.findings.iter().filter(|report| {
        let finding = report.finding.as_ref();
        finding.is_some_and(|f| explain::concerns(f, figures))
    });
    let mut findings: Vec<(&FindingReport, bool)> =
        port.findings.iter().map(|f| (f, true)).collect();
    findings.extend(of_gateway.map(|f| (f, false)));
    findings.sort_by_key(|(report, _)| {
        let rank = report.finding.as_ref().map(explain::rank);
        (std::cmp::Reverse(report.severity), rank)
    });
    let mut out: Vec<CauseReport> = findings
        .into_iter()
        .map(|(report, own)| CauseReport {
            severity: report.severity,
            ports: if own { vec![port.port] } else { vec![] },
            evidence: evidence(now, known, figures, report, own),
            text: report.what(),
            cure: report.cure.clone(),
            remark: None,
            finding: Some(report.clone()),
        })
        .collect();
    out.extend(explain::remarks(figures).into_iter().map(|remark| {
        let (text, cure) = words::remark(&remark);
        CauseReport {
            severity: Severity::Info,
            ports: vec![port.port],
            evidence: evidence_of_remark(known, figures, &remark),
            text,
            cure: cure.replace("PORT", &port.port.to_string()),
            finding: None,
            remark: Some(remark),
        }
    }));
    out
}

fn evidence(
    now: u64,
    known: &Known,
    figures: &PortFigures,
    report: &FindingReport,
    own: bool,
) -> Vec<EvidenceReport> {
    let port = &known.detail.summary;
    let Some(finding) = &report.finding else {
        return vec![];
    };
    let others = || {
        let ports = known.status.ports.iter();
        ports.filter(|p| p.enabled && p.port != port.port)
    };
    let same = |p: &&PortSummary| {
        let mut theirs = p.findings.iter().filter_map(|f| f.finding.as_ref());
        own && theirs.any(|theirs| finding.same_cause(theirs))
    };
    let of_port = own.then_some(&known.day.rows.findings);
    let open = of_port.unwrap_or(&known.of_gateway).iter();
    let mut open = open.filter(|f| day::is_open(f, finding));
    // The one that it speaks of: of those that the port tries, each has its finding.
    let server = finding.server();
    let there = others().filter(|p| server.is_some() && p.server.as_deref() == server);
    let there = there.filter(|p| p.registration == tipring_types::RegistrationState::Registered);
    let around = Around {
        now_unix_ms: now,
        others_registered: server.map(|s| (s.to_owned(), there.count() as u64)),
        same: others().filter(same).map(|p| p.port).collect(),
        enabled: known.status.ports.iter().filter(|p| p.enabled).count() as u64,
        since_unix_ms: open
            .find(|f| f.port == own.then_some(port.port))
            .map(|f| f.begun_unix_ms),
    };
    if own {
        let all = explain::evidence(finding, figures, &around);
        return said(all);
    }
    let since = around.since_unix_ms.map(|unix_ms| Evidence::Since {
        unix_ms,
        seconds: now.saturating_sub(unix_ms) / 1000,
    });
    said(since)
}

fn evidence_of_remark(
    known: &Known,
    figures: &PortFigures,
    remark: &Remark,
) -> Vec<EvidenceReport> {
    match remark {
        Remark::OneWay { .. } | Remark::PoorSound { .. } => {
            let call = figures.last_call.as_ref();
            said(call.map(|call| Evidence::Call {
                id: call.id,
                begun_unix_ms: call.begun_unix_ms,
                far_number: call.far_number.clone(),
            }))
        }
        Remark::CallsFailed { .. } => {
            let mut ends: Vec<(String, u64)> = vec![];
            let failed = known.day.rows.calls.iter().filter(|c| day::failed(c));
            for call in failed {
                match ends.iter_mut().find(|(end, _)| *end == call.end) {
                    Some((_, n)) => *n += 1,
                    None => ends.push((call.end.clone(), 1)),
                }
            }
            said(
                ends.into_iter()
                    .map(|(end, calls)| Evidence::Ended { end, calls }),
            )
        }
        _ => vec![],
    }
}

fn said(all: impl IntoIterator<Item = Evidence>) -> Vec<EvidenceReport> {
    let all = all.into_iter();
    all.map(|e| EvidenceReport::of(e, moment)).collect()
}

fn verdict(
    known: &Known,
    figures: &PortFigures,
    standing: Standing,
    first: Option<&CauseReport>,
) -> Verdict {
    let port = &known.detail.summary;
    let n = port.port;
    // A remark is not what a registration waits for.
    let first = first.filter(|c| standing != Standing::Passing || c.finding.is_some());
    let why = first.map(|cause| cause.text.as_str()).unwrap_or_default();
    // With an error a port is impaired only because a preserved call goes on.
    let preserved = first.is_some_and(|c| c.severity == Severity::Error);
    let text = match standing {
        Standing::Dead => format!("Port {n} is dead: {why}."),
        Standing::Disabled => format!("Port {n} is off: {why}."),
        Standing::Impaired if preserved => format!(
            "Port {n} talks{} without its CallManager, and no other call is possible: {why}.",
            with(figures.up.as_ref())
        ),
        Standing::Impaired => format!("Port {n} works, but badly or at risk: {why}."),
        Standing::Passing if first.is_none() => {
            let how = on_the_way(port.registration);
            format!("Port {n} is not ready yet: {how}.")
        }
        Standing::Passing => format!("Port {n} is not ready yet: {why}."),
        Standing::Remark => format!("Port {n} is in order, but {why}."),
        Standing::InOrder => in_order(known, figures),
    };
    Verdict {
        standing,
        code: first.and_then(CauseReport::code),
        text: words::clean(&text),
    }
}

fn in_order(known: &Known, figures: &PortFigures) -> String {
    let port = &known.detail.summary;
    let n = port.port;
    let server = figures.server.as_deref().unwrap_or_default();
    let hook = port.hook;
    let up = figures.up.as_ref().filter(|up| up.answered);
    let last = match &figures.last_call {
        _ if up.is_some() => format!("in a call{}", with(up)),
        None if known.day.unavailable.is_some() => "the history was not available".to_owned(),
        None => "no answered call in the last day".to_owned(),
        Some(call) => {
            let at = moment(call.begun_unix_ms);
            format!("last answered call {at}, {}", sounded(call))
        }
    };
    format!("Port {n} is in order: registered with {server}, {hook}, {last}.")
}

/// ` with 1002`.
fn with(up: Option<&UpCall>) -> String {
    let far = up.and_then(|up| up.far_number.as_ref());
    far.map_or_else(String::new, |far| format!(" with {far}"))
}

fn sounded(call: &LastCall) -> String {
    let (sent, received) = (call.sent, call.received);
    match call.mos {
        _ if sent == 0 && received == 0 => "without audio".to_owned(),
        _ if received == 0 => "without audio from the far end".to_owned(),
        _ if sent == 0 => "without audio to the far end".to_owned(),
        _ if !call.heard_well() => format!("{received} packets received for {sent} sent"),
        Some(mos) => format!("good (MOS {mos:.1})"),
        None => "with audio both ways".to_owned(),
    }
}

/// Without a finding it is on its way.
fn on_the_way(state: RegistrationState) -> String {
    match state {
        RegistrationState::Registering | RegistrationState::Unregistering => {
            format!("it is {state} with its CallManager")
        }
        RegistrationState::Connecting => "it is connecting to its CallManager".to_owned(),
        RegistrationState::Waiting => "it waits for the next attempt to register".to_owned(),
        _ => "it is not registered".to_owned(),
    }
}
