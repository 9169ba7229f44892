//! `status --check`: is anything wrong?

use std::process::ExitCode;

use tipring_ctl::request::{Request, Response};

use super::output::{Failure, Out};
use super::remote::{Remote, unexpected};
use super::{exit, render};

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
