//! Two-page faxes to and from the call manager, compared pixel by pixel.

use std::time::Duration;

use tipring_ctl::report::FaxResult;
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::page;
use tipring_tests::set::Set;

use crate::figures::{Failure, Figures};
use crate::stage::Stage;

const FAX_S: u64 = 400;

/// Waits for the fax machine's own result.
pub(super) fn done(stage: &Stage, set: &mut Set) -> Result<FaxResult, Failure> {
    let begin = stage.mark();
    match set.wait(SimCondition::FaxDone, FAX_S)?.last_fax {
        Some(result) if result.ok => Ok(result),
        None => Err("the fax machine reports nothing".into()),
        bad => Err(stage.spoilt(&begin, format!("the fax machine reports {bad:?}"))),
    }
}

/// How a fax went whose pages arrived as they were.
pub(super) fn words(pages: usize, fax: &FaxResult) -> String {
    format!(
        "{pages} pages equal, {} bit/s, {}, {} retries, {:.0} s on the line",
        fax.bit_rate,
        if fax.ecm { "ECM" } else { "no ECM" },
        fax.retries,
        fax.took_ms as f64 / 1000.0
    )
}

pub(crate) fn to_server(stage: &Stage) -> Result<Figures, Failure> {
    let before = stage.peer.log_lines("fax.log");
    let mut set = stage.port(30)?;
    let action = SimAction::FaxSend {
        tiff: stage.sent_pages(),
        number: "506".into(),
        ecm: true,
    };
    set.act(action, Duration::from_secs(10))?;
    let fax = done(stage, &mut set)?;
    let number = stage.number(30);
    let line = stage
        .peer
        .wait_log("fax.log", before, Duration::from_secs(20), |l| {
            l.starts_with(&format!("{number} rx"))
        })?;
    if !line.contains("status=SUCCESS pages=2") {
        return Err(format!("the server says {line}").into());
    }
    let received = stage.spool(&format!("fax-{number}.tif"));
    let pages = page::compare(&stage.sent_pages(), &received)?;
    Ok(Figures::say(words(pages, &fax)))
}

pub(crate) fn from_server(stage: &Stage) -> Result<Figures, Failure> {
    let mut set = stage.port(31)?;
    let received = stage.folder.join("received.tif");
    let action = SimAction::FaxReceive {
        tiff: received.clone(),
        ecm: true,
    };
    set.act(action, Duration::from_secs(10))?;
    let leg = format!(
        "channel originate Local/{}@faxout extension s@faxleg",
        stage.number(31)
    );
    stage.peer.rx(&leg)?;
    let fax = done(stage, &mut set)?;
    let pages = page::compare(&stage.sent_pages(), &received)?;
    Ok(Figures::say(words(pages, &fax)))
}
