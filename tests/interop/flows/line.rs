//! Calls to and from a line under MGCP.

use std::time::Duration;

use tipring_ctl::request::SimCondition;
use tipring_tests::peer::Far;
use tipring_tests::recording::{self, recording_has};
use tipring_tests::set::{HeardTone, Set};

use crate::figures::{Failure, Figures};
use crate::mgcp::Line;
use crate::stage::Stage;

/// Sound and its level each way, with the far end joined to the call.
fn both_ways(stage: &Stage, set: &mut Set, line: &mut Line) -> Result<[HeardTone; 2], Failure> {
    let spool = stage.peer.far_state(Far::Mgcp).join("spool");
    recording::forget(&spool, "heard.wav");
    let leg = line.join_far_end()?;
    let port = leg.port;
    let originate =
        format!("channel originate UnicastRTP/127.0.0.1:{port}/c(ulaw) extension tone@far");
    stage.peer.far_rx(Far::Mgcp, &originate)?;
    let back = stage.sound(|| set.measures(440.0, -13.0))?;
    set.tone(700.0, -15.0)?;
    let there = stage.sound(|| recording_has(&spool, "heard.wav", 700.0, -15.0))?;
    set.quiet()?;
    stage.peer.far_rx(Far::Mgcp, "channel request hangup all")?;
    line.leave(&leg)?;
    Ok([there, back])
}

/// Through the call manager to a line under MGCP and from there.
pub(crate) fn mgcp_peer(stage: &Stage) -> Result<Figures, Failure> {
    stage.peer.start_far(Far::Mgcp)?;
    let mut line = Line::start(stage.peer.mgcp_ports())?;
    // Out: the line rings and is lifted; the port hangs up.
    let mut a = stage.port(36)?;
    a.call("550")?;
    line.signalled("L/rg")?;
    line.event("L/hd")?;
    a.connected()?;
    let out = both_ways(stage, &mut a, &mut line)?;
    a.finish()?;
    line.cleared()?;
    line.event("L/hu")?;
    // Out again: the line hangs up.
    line.forget();
    a.call("550")?;
    line.signalled("L/rg")?;
    line.event("L/hd")?;
    a.connected()?;
    let before = a.loop_openings()?;
    line.event("L/hu")?;
    a.loop_opened_after(before, Duration::from_secs(10))?;
    a.hears_busy_or_reorder()?;
    a.finish()?;
    line.cleared()?;
    // In: the line dials, the port shows who calls and is lifted; the port hangs up.
    line.forget();
    let mut b = stage.port(37)?;
    line.event("L/hd")?;
    line.signalled("L/dl")?;
    line.dial(&stage.number(37))?;
    let heard = stage.sound(|| b.wait(SimCondition::CallerId, 20))?;
    let caller = heard.caller_id.unwrap_or_default().number;
    if caller.as_deref() != Some("5551234") {
        return Err(format!("the phone shows {caller:?}").into());
    }
    b.lift()?;
    b.connected()?;
    let into = both_ways(stage, &mut b, &mut line)?;
    b.finish()?;
    line.cleared()?;
    line.event("L/hu")?;
    let [there, back] = out;
    let [there_in, back_in] = into;
    let text = format!(
        "out: far end hears {there}, port hears {back}; in: port shows 5551234, far end hears {there_in}, port hears \
         {back_in}; hung up at the port and at the line"
    );
    Ok(Figures::tones(text, vec![there, back, there_in, back_in]))
}
