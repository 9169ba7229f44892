//! Calls that do not come about: the set must always hear why.

use tipring_ctl::request::SimCondition;

use crate::stage::Stage;

pub fn failures(stage: &Stage) -> Result<String, String> {
    let mut set = stage.port(17)?;
    // Busy and congestion are heard from the server; a rejected and a wrong number leave it silent, and the
    // gateway itself must play reorder. All of them are 480+620 Hz in the US plan.
    for (number, what) in [("511", "busy"), ("512", "congestion"), ("515", "rejected"), ("998", "wrong number")] {
        set.call(number)?;
        set.hears(480.0).map_err(|e| format!("{what}: {e}"))?;
        set.finish().map_err(|e| format!("{what}: {e}"))?;
    }
    Ok("busy, congestion, rejected, wrong number: a tone each time".into())
}

pub fn no_answer(stage: &Stage) -> Result<String, String> {
    let (mut a, mut b) = (stage.port(18)?, stage.port(19)?);
    a.call(&format!("7{}", stage.number(19)))?;
    b.wait(SimCondition::Ringing, 15)?;
    a.hears(440.0)?; // ring back
    b.wait(SimCondition::NotRinging, 20)?;
    a.hears(620.0)?; // then busy
    a.finish()?;
    Ok("rang, ring back heard, stopped, busy heard".into())
}

pub fn no_digit(stage: &Stage) -> Result<String, String> {
    let mut set = stage.port(33)?;
    set.lift()?;
    set.hears(350.0)?;
    set.wait(SimCondition::Tone { hz: Some(620.0) }, 30)?;
    set.finish()?;
    Ok("dial tone, then reorder without a digit".into())
}
