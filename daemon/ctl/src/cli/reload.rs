//! `reload`.

use std::process::ExitCode;

use tipring_config::{Render, Report};
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
                out.advice(&warning.render(out.colours_advice()));
            }
        }
        _ => {}
    }
    show(out, &answer)?;
    Ok(ExitCode::SUCCESS)
}

fn refuse(out: &Out, report: &Report) -> Result<(), Failure> {
    if out.json {
        return out.json_line(&serde_json::json!({
            "file": report.file, "ok": false, "problems": report.problems
        }));
    }
    let text = report.render(out.colours_advice());
    out.advice(text.trim_end());
    out.advice("the configuration in use stays as it is");
    Ok(())
}
