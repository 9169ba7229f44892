//! `reload`.

use std::process::ExitCode;

use tipring_config::{Problem, Report, Severity};
use tipring_ctl::report::{ConfigProblem, ConfigReport, ConfigSeverity};
use tipring_ctl::request::{Request, Response};

use super::output::{Failure, Out};
use super::remote::Remote;
use super::{exit, show};

pub(crate) fn run(remote: &Remote, out: &Out) -> Result<ExitCode, Failure> {
    let answer = remote.ask(Request::Reload)?;
    match &answer {
        Response::BadConfiguration(report) => {
            refuse(out, report)?;
            return Ok(exit::BAD_CONFIG.into());
        }
        Response::Reload(report) if !out.json => {
            for warning in &report.warnings {
                out.advice(&problem(warning).render(out.colours_advice()));
            }
        }
        _ => {}
    }
    show(out, &answer)?;
    Ok(ExitCode::SUCCESS)
}

fn refuse(out: &Out, report: &ConfigReport) -> Result<(), Failure> {
    if out.json {
        return out.json_line(&serde_json::json!({
            "file": report.file, "ok": false, "problems": report.problems
        }));
    }
    let problems = report.problems.iter().map(problem).collect();
    let text = Report::new(&report.file, problems).render(out.colours_advice());
    out.advice(text.trim_end());
    out.advice("the configuration in use stays as it is");
    Ok(())
}

/// The daemon's problem as the checks of this command would tell it.
fn problem(told: &ConfigProblem) -> Problem {
    let ConfigProblem {
        severity,
        file,
        line,
        other_line,
        key,
        value,
        message,
        accepts,
        cure,
    } = told.clone();
    Problem {
        severity: match severity {
            ConfigSeverity::Error => Severity::Error,
            ConfigSeverity::Warning => Severity::Warning,
        },
        file,
        line,
        other_line,
        key,
        value,
        message,
        accepts,
        cure,
    }
}
