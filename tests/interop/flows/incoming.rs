//! Calls from outside, and who calls.

use tipring_ctl::request::SimCondition;

use crate::flows::audio;
use crate::stage::Stage;

pub fn caller_id(stage: &Stage) -> Result<String, String> {
    let mut set = stage.port(15)?;
    stage.peer.rx(&format!("channel originate Local/{}@outside application Milliwatt o", stage.number(15)))?;
    let heard = set.wait(SimCondition::CallerId, 20)?.caller_id.unwrap_or_default();
    if heard.number.as_deref() != Some("5551234") || heard.name.as_deref() != Some("Ada Lovelace") {
        return Err(format!("the set decoded {heard:?}"));
    }
    set.lift()?;
    set.connected()?;
    set.hears(1000.0)?;
    let cadence = set.show()?.ring_cadence_ms;
    set.finish()?;
    Ok(format!("{} <{}>, then the milliwatt; rings {cadence:?} ms", heard.name.unwrap_or_default(), heard.number.unwrap_or_default()))
}

pub fn withheld(stage: &Stage) -> Result<String, String> {
    let mut set = stage.port(16)?;
    stage.peer.rx(&format!("channel originate Local/0{}@outside application Milliwatt o", stage.number(16)))?;
    let heard = set.wait(SimCondition::CallerId, 20)?.caller_id.unwrap_or_default();
    if heard.number.is_some() || heard.name.as_deref().is_some_and(|n| n.contains("Ada")) || heard.number_absent.is_none() {
        return Err(format!("the set decoded {heard:?}"));
    }
    set.lift()?;
    set.connected()?;
    set.hears(1000.0)?;
    // Nothing else is known of the far end: the other direction is told by its level at the server's echo.
    set.finish()?;
    let mut echo = stage.port(16)?;
    echo.call("500")?;
    echo.connected()?;
    echo.tone(700.0, -15.0)?;
    let back = audio::heard(&mut echo, 700.0, -15.0)?;
    echo.finish()?;
    Ok(format!("number {}, then echo {back}", heard.number_absent.unwrap_or_default()))
}
