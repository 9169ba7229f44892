//! Call waiting, hold, transfer, message waiting.

use tipring_ctl::request::SimCondition;

use crate::figures::{Failure, Figures};
use crate::flows::audio::{MUSIC, both_ways, call};
use crate::stage::Stage;

pub(crate) fn call_waiting(stage: &Stage) -> Result<Figures, Failure> {
    let (mut a, mut b, mut c) = (stage.port(20)?, stage.port(21)?, stage.port(22)?);
    call(stage, &mut a, &mut b)?;
    c.call(&stage.number(20))?;
    a.hears(&[440.0])?; // the call-waiting tone
    a.flash(300)?;
    c.connected()?;
    let first = both_ways(stage, &mut a, &mut c)?;
    b.hears(&MUSIC)?; // the server's music on hold
    a.flash(300)?;
    c.hears(&MUSIC)?;
    let second = both_ways(stage, &mut a, &mut b)?;
    c.finish()?;
    a.finish()?;
    b.finish()?;
    let tones = [first.tones(), second.tones()].concat();
    Ok(Figures::tones(
        format!("new call: {first}; swapped back: {second}"),
        tones,
    ))
}

pub(crate) fn hold_and_resume(stage: &Stage) -> Result<Figures, Failure> {
    let (mut a, mut b) = (stage.port(26)?, stage.port(27)?);
    call(stage, &mut a, &mut b)?;
    a.flash(300)?;
    b.hears(&MUSIC)?;
    a.flash(300)?;
    b.wait(SimCondition::Silence, 10)?;
    let figures = both_ways(stage, &mut a, &mut b)?;
    a.finish()?;
    b.finish()?;
    let text = format!("held (music), resumed: {figures}");
    Ok(Figures::tones(text, figures.tones().into()))
}

pub(crate) fn transfer(stage: &Stage) -> Result<Figures, Failure> {
    let (mut a, mut b, mut c) = (stage.port(23)?, stage.port(24)?, stage.port(25)?);
    // Attended: a talks to c before hanging up.
    call(stage, &mut a, &mut b)?;
    a.flash(300)?;
    a.hears_dial_tone()?;
    a.dial(&stage.number(25))?;
    c.answer()?;
    c.connected()?;
    a.tone(700.0, -15.0)?;
    stage.sound(|| c.measures(700.0, -15.0))?;
    a.quiet()?;
    a.finish()?;
    let attended = both_ways(stage, &mut b, &mut c)?;
    b.finish()?;
    c.finish()?;
    // Ringing: a hangs up while c still rings.
    call(stage, &mut a, &mut b)?;
    a.flash(300)?;
    a.hears_dial_tone()?;
    a.dial(&stage.number(25))?;
    c.wait(SimCondition::Ringing, 15)?;
    a.finish()?;
    c.lift()?;
    c.connected()?;
    let ringing = both_ways(stage, &mut b, &mut c)?;
    b.finish()?;
    c.finish()?;
    let tones = [attended.tones(), ringing.tones()].concat();
    Ok(Figures::tones(
        format!("attended: {attended}; while ringing: {ringing}"),
        tones,
    ))
}

pub(crate) fn message_waiting(stage: &Stage) -> Result<Figures, Failure> {
    let mut set = stage.port(28)?;
    let lamp = |on: u8| {
        format!(
            "channel originate Local/{}-{on}@mwi application Wait 1",
            stage.number(28)
        )
    };
    stage.peer.rx(&lamp(1))?;
    set.wait(SimCondition::Lamp { on: true }, 10)?;
    stage.peer.rx(&lamp(0))?;
    set.wait(SimCondition::Lamp { on: false }, 10)?;
    Ok(Figures::say("lamp on, lamp off"))
}
