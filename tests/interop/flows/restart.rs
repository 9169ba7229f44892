//! The server resets a device, goes away and comes back.

use std::time::{Duration, Instant};

use tipring_ctl::report::RegistrationState;
use tipring_ctl::request::SimCondition;
use tipring_tests::set::Set;

use crate::figures::{Failure, Figures};
use crate::flows::audio::{both_ways, call};
use crate::stage::{PORTS, Stage};

/// Waits until the port has registered again after `since`.
fn registered_again(set: &mut Set, since: Option<u64>) -> Result<(), String> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let r = set.detail()?.registration;
        if r.state == RegistrationState::Registered && r.since_unix_ms > since {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("port {}: not registered again: {r:?}", set.port()));
        }
        std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
    }
}

pub(crate) fn reset_and_restart(stage: &Stage) -> Result<Figures, Failure> {
    for (port, command) in [(42, "reset"), (43, "restart")] {
        let mut set = stage.port(port)?;
        let before = set.detail()?.registration.since_unix_ms;
        let restart = if command == "restart" { " restart" } else { "" };
        stage
            .peer
            .rx(&format!("skinny reset {}{restart}", stage.device(port)))?;
        registered_again(&mut set, before).map_err(|e| format!("{command}: {e}"))?;
    }
    // In a call the reset waits until the phone is hung up.
    let (mut a, mut b) = (stage.port(44)?, stage.port(45)?);
    call(stage, &mut a, &mut b)?;
    let before = a.detail()?.registration.since_unix_ms;
    stage
        .peer
        .rx(&format!("skinny reset {}", stage.device(44)))?;
    let figures = both_ways(stage, &mut a, &mut b)?;
    if a.detail()?.registration.since_unix_ms != before {
        return Err("the reset did not wait for the end of the call".into());
    }
    a.hang()?;
    b.finish()?;
    registered_again(&mut a, before)?;
    Ok(Figures::tones(
        format!("Reset and Restart obeyed; in a call only after it: {figures}"),
        figures.tones().into(),
    ))
}

pub(crate) fn server_out_of_a_call(stage: &Stage) -> Result<Figures, Failure> {
    let mut set = stage.port(40)?;
    stage.peer.halt()?;
    set.lift()?;
    set.hears_busy_or_reorder()?; // no server: reorder, not silence
    set.hang()?;
    // All ports are back within a second or two: a lift as soon as that would be the end of a flash.
    set.wait(SimCondition::Idle, 15)?;
    stage.peer.again()?;
    let took = stage
        .gateway
        .wait_registered(usize::from(PORTS), Duration::from_secs(120))?;
    let mut other = stage.port(41)?;
    call(stage, &mut set, &mut other)?;
    let figures = both_ways(stage, &mut set, &mut other)?;
    set.finish()?;
    other.finish()?;
    Ok(Figures::tones(
        format!(
            "reorder while away; {PORTS} ports back {:.1} s after it; {figures}",
            took.as_secs_f64()
        ),
        figures.tones().into(),
    ))
}

pub(crate) fn server_in_a_call(stage: &Stage) -> Result<Figures, Failure> {
    let (mut a, mut b) = (stage.port(46)?, stage.port(47)?);
    call(stage, &mut a, &mut b)?;
    stage.peer.crash()?;
    // The link is lost, the call is kept until somebody hangs up (its sound went through the dead server).
    let end = Instant::now() + Duration::from_secs(20);
    while a.detail()?.summary.registration == RegistrationState::Registered {
        if Instant::now() > end {
            return Err("the lost server was not noticed".into());
        }
        std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
    }
    let kept = a.detail()?;
    if kept.calls.is_empty() || kept.media.is_empty() {
        return Err(format!("the call was given up with its server: {:?}", kept.calls).into());
    }
    a.hang()?;
    b.hang()?;
    stage.peer.again()?;
    stage
        .gateway
        .wait_registered(usize::from(PORTS), Duration::from_secs(120))?;
    a.wait(SimCondition::Idle, 15)?;
    b.wait(SimCondition::Idle, 15)?;
    call(stage, &mut a, &mut b)?;
    let figures = both_ways(stage, &mut a, &mut b)?;
    a.finish()?;
    b.finish()?;
    Ok(Figures::tones(
        format!("call kept without its server; afterwards {figures}"),
        figures.tones().into(),
    ))
}
