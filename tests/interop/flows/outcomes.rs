//! Calls that fail: the phone always hears a tone for the reason.

use tipring_ctl::request::SimCondition;

use crate::figures::{Failure, Figures};
use crate::stage::Stage;

pub(crate) fn failures(stage: &Stage) -> Result<Figures, Failure> {
    let mut set = stage.port(17)?;
    // Busy and congestion are heard from the server; a rejected and a wrong number leave it silent, and the
    // gateway itself must play reorder. All of them are 480+620 Hz in the US plan.
    for (number, what) in [
        ("511", "busy"),
        ("512", "congestion"),
        ("515", "rejected"),
        ("998", "wrong number"),
    ] {
        set.call(number)?;
        set.hears_busy_or_reorder()
            .map_err(|e| format!("{what}: {e}"))?;
        set.finish().map_err(|e| format!("{what}: {e}"))?;
    }
    Ok(Figures::say(
        "busy, congestion, rejected, wrong number: a tone each time",
    ))
}

pub(crate) fn no_answer(stage: &Stage) -> Result<Figures, Failure> {
    let (mut a, mut b) = (stage.port(18)?, stage.port(19)?);
    a.call(&format!("7{}", stage.number(19)))?;
    b.wait(SimCondition::Ringing, 15)?;
    a.hears_ring_back()?;
    b.wait(SimCondition::NotRinging, 20)?;
    a.hears_busy_or_reorder()?;
    a.finish()?;
    Ok(Figures::say("rang, ring back heard, stopped, busy heard"))
}

pub(crate) fn no_digit(stage: &Stage) -> Result<Figures, Failure> {
    let mut set = stage.port(33)?;
    set.lift()?;
    set.hears_dial_tone()?;
    set.hears_busy_or_reorder_within(40)?;
    set.finish()?;
    Ok(Figures::say("dial tone, then reorder without a digit"))
}
