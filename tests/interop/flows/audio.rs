//! Calls with sound both ways.

use std::time::Duration;

use tipring_ctl::request::SimCondition;
use tipring_tests::peer::Far;
use tipring_tests::recording::{self, recording_has};
use tipring_tests::set::Set;

use crate::figures::{BothWays, Failure, Figures};
use crate::stage::Stage;

/// The frequency of `Milliwatt(o)`.
pub(crate) const MILLIWATT: [f32; 1] = [1000.0];
/// The call manager's music on hold here.
pub(crate) const MUSIC: [f32; 1] = [1000.0];

/// `a` and `b` hear each other, one after the other.
pub(crate) fn both_ways(stage: &Stage, a: &mut Set, b: &mut Set) -> Result<BothWays, Failure> {
    a.tone(700.0, -15.0)?;
    let there = stage.sound(|| b.measures(700.0, -15.0))?;
    a.quiet()?;
    b.tone(1100.0, -18.0)?;
    let back = stage.sound(|| a.measures(1100.0, -18.0))?;
    b.quiet()?;
    Ok(BothWays { there, back })
}

/// Sets up a call from `a` to `b`.
pub(crate) fn call(stage: &Stage, a: &mut Set, b: &mut Set) -> Result<(), String> {
    a.call(&stage.number(b.port()))?;
    b.answer()?;
    a.connected()?;
    b.connected()
}

pub(crate) fn port_to_port(stage: &Stage) -> Result<Figures, Failure> {
    let (mut a, mut b) = (stage.port(1)?, stage.port(2)?);
    call(stage, &mut a, &mut b)?;
    let figures = both_ways(stage, &mut a, &mut b)?;
    a.finish()?;
    b.finish()?;
    Ok(Figures::tones(figures.to_string(), figures.tones().into()))
}

pub(crate) fn sip_peer(stage: &Stage) -> Result<Figures, Failure> {
    let mut a = stage.port(29)?;
    a.call("520")?;
    a.connected()?;
    let back = stage.sound(|| a.measures(440.0, -13.0))?;
    a.tone(700.0, -15.0)?;
    let folder = stage.peer.state().join("baresip");
    let there = stage.sound(|| recording_has(&folder, "-dec.wav", 700.0, -15.0))?;
    a.finish()?;
    let text = format!("SIP phone hears {there}, port hears {back}");
    Ok(Figures::tones(text, vec![there, back]))
}

/// Through the call manager to H.323 and from there: sound and level each way.
pub(crate) fn h323_peer(stage: &Stage) -> Result<Figures, Failure> {
    stage.peer.start_far(Far::H323)?;
    let spool = stage.peer.far_state(Far::H323).join("spool");
    let mut tones = vec![];
    let mut both_ways = |set: &mut Set| -> Result<String, Failure> {
        let back = stage.sound(|| set.measures(440.0, -13.0))?;
        set.tone(700.0, -15.0)?;
        let there = stage.sound(|| recording_has(&spool, "heard.wav", 700.0, -15.0))?;
        set.quiet()?;
        tones.extend([there, back]);
        Ok(format!("far end hears {there}, port hears {back}"))
    };
    let mut a = stage.port(34)?;
    a.call("530")?;
    a.connected()?;
    let out = both_ways(&mut a)?;
    a.finish()?;
    // The next call records into a file of the same name.
    recording::forget(&spool, "heard.wav");
    let mut b = stage.port(35)?;
    let number = stage.number(35);
    let originate = format!("channel originate OOH323/{number}@near extension tone@far");
    stage.peer.far_rx(Far::H323, &originate)?;
    b.answer()?;
    b.connected()?;
    let into = both_ways(&mut b)?;
    b.finish()?;
    let text = format!("out: {out}; in: {into}");
    Ok(Figures::tones(text, tones))
}

pub(crate) fn hang_up(stage: &Stage) -> Result<Figures, Failure> {
    let (mut a, mut b) = (stage.port(3)?, stage.port(4)?);
    // Near end first: the far phone gets its disconnect supervision and an error tone.
    call(stage, &mut a, &mut b)?;
    let before = b.loop_openings()?;
    a.finish()?;
    b.loop_opened_after(before, Duration::from_secs(10))?;
    b.hears_busy_or_reorder()?;
    b.finish()?;
    // The server hangs up.
    a.call("514")?;
    a.hears(&[1004.0])?;
    let before = a.loop_openings()?;
    a.loop_opened_after(before, Duration::from_secs(15))?;
    a.hears_busy_or_reorder()?;
    a.finish()?;
    // The caller gives up while the far phone rings.
    a.call(&stage.number(4))?;
    b.wait(SimCondition::Ringing, 15)?;
    a.finish()?;
    b.wait(SimCondition::NotRinging, 15)?;
    Ok(Figures::say(
        "near, far and abandoned: loop opened, reorder heard, ring stopped",
    ))
}
