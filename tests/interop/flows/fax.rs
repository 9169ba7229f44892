//! Two-page faxes to and from the call manager, compared pixel by pixel.

use std::time::Duration;

use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::page;

use crate::stage::Stage;

const FAX_S: u64 = 400;

pub fn to_server(stage: &Stage) -> Result<String, String> {
    let mut set = stage.port(30)?;
    let action = SimAction::FaxSend { tiff: stage.sent_pages(), number: Some("506".into()), ecm: true };
    set.act(action, Duration::from_secs(10))?;
    let fax = set.wait(SimCondition::FaxDone, FAX_S)?.fax.unwrap_or_default();
    let result = fax.result.clone().unwrap_or_default();
    if !result.ok {
        return Err(format!("the machine says {result:?} after {} pages", fax.pages));
    }
    let number = stage.number(30);
    let line = stage.peer.wait_log("fax.log", Duration::from_secs(20), |l| l.starts_with(&format!("{number} rx")))?;
    if !line.contains("status=SUCCESS pages=2") {
        return Err(format!("the server says {line}"));
    }
    let pages = page::compare(&stage.sent_pages(), &stage.spool(&format!("fax-{number}.tif")))?;
    Ok(format!("{pages} pages equal, {} bit/s, ECM {}", fax.bit_rate, fax.ecm))
}

pub fn from_server(stage: &Stage) -> Result<String, String> {
    let mut set = stage.port(31)?;
    let received = stage.folder.join("received.tif");
    set.act(SimAction::FaxReceive { tiff: received.clone(), ecm: true }, Duration::from_secs(10))?;
    stage.peer.rx(&format!("channel originate Local/{}@faxout extension s@faxleg", stage.number(31)))?;
    let fax = set.wait(SimCondition::FaxDone, FAX_S)?.fax.unwrap_or_default();
    let result = fax.result.clone().unwrap_or_default();
    if !result.ok {
        return Err(format!("the machine says {result:?} after {} pages", fax.pages));
    }
    let pages = page::compare(&stage.sent_pages(), &received)?;
    Ok(format!("{pages} pages equal, {} bit/s, ECM {}", fax.bit_rate, fax.ecm))
}
