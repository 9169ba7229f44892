//! A fax page each way, through real channels and Asterisk's fax machine.

use std::time::Duration;

use tipring_tests::page;
use tipring_tests::phone::{FaxJob, FaxOutcome, PhoneNews};

use super::calls;
use crate::stage::Stage;

/// A page takes half a minute.
const LONGEST: Duration = Duration::from_secs(180);

fn figures(outcome: &FaxOutcome) -> String {
    format!(
        "{} page, {} bit/s, {}, {} retries, {:.0} s on the line",
        outcome.pages,
        outcome.bit_rate,
        if outcome.ecm { "ECM" } else { "no ECM" },
        outcome.retries,
        outcome.took.as_secs_f64()
    )
}

pub(crate) fn to_server(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let peer = stage.peer()?;
    let before = peer.log_lines("fax.log");
    let exchange = stage.telephones(&[15])?;
    let phone = exchange.phone(15)?;
    stage.call_number(&phone, "506")?;
    phone.fax(&FaxJob::Send(stage.sent_page()))?;
    let outcome = phone.fax_outcome(LONGEST)?;
    phone.hang_up()?;
    if !outcome.ok {
        return Err(format!("the fax machine reports {}", outcome.result));
    }
    let number = stage.number(15);
    let line = peer.wait_log("fax.log", before, Duration::from_secs(20), |l| {
        l.starts_with(&format!("{number} rx"))
    })?;
    if !line.contains("status=SUCCESS") {
        return Err(format!("the server says {line}"));
    }
    let received = peer.state().join(format!("spool/fax-{number}.tif"));
    let pages = page::compare(&stage.sent_page(), &received)?;
    stage.idle(15)?;
    Ok(format!(
        "{}; {pages} page equal pixel by pixel",
        figures(&outcome)
    ))
}

pub(crate) fn from_server(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[16])?;
    let phone = exchange.phone(16)?;
    let number = stage.number(16);
    stage.peer()?.rx(&format!(
        "channel originate Local/{number}@faxout extension s@faxleg"
    ))?;
    phone.awaits(&PhoneNews::RingOn, Duration::from_secs(10))?;
    phone.lift()?;
    let received = stage.folder.join("received.tif");
    phone.fax(&FaxJob::Receive(received.clone()))?;
    let outcome = phone.fax_outcome(LONGEST)?;
    phone.hang_up()?;
    if !outcome.ok {
        return Err(format!("the fax machine reports {}", outcome.result));
    }
    let pages = page::compare(&stage.sent_page(), &received)?;
    stage.idle(16)?;
    Ok(format!(
        "{}; {pages} page equal pixel by pixel",
        figures(&outcome)
    ))
}
