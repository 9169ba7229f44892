//! Calls with sound both ways.

use std::fs;

use tipring_ctl::report::SimSnapshot;
use tipring_ctl::request::SimCondition;
use tipring_dsp::measure;
use tipring_tests::gateway::Set;

use crate::stage::Stage;

/// The tone that `set` hears: `hz` ±1 %, `dbm0` ±1 dB.
pub fn heard(set: &mut Set, hz: f64, dbm0: f64) -> Result<String, String> {
    set.hears(hz)?;
    // The level settles once the meter's window lies inside the tone.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(3);
    loop {
        let s: SimSnapshot = set.show()?;
        let (got_hz, got_db) = (s.heard_hz.first().copied(), s.heard_dbm0);
        let near = |a: Option<f64>, b: f64, by: f64| a.is_some_and(|a| (a - b).abs() <= by);
        let text = format!("{:.0} Hz {:.1} dBm0", got_hz.unwrap_or(0.0), got_db.unwrap_or(-99.0));
        if near(got_hz, hz, hz / 100.0) && near(got_db, dbm0, 1.0) {
            return Ok(text);
        }
        if std::time::Instant::now() > end {
            return Err(format!("port {}: {hz} Hz {dbm0} dBm0 sent, {text} heard", set.port()));
        }
        std::thread::sleep(std::time::Duration::from_millis(50)); // asks again, with the deadline above
    }
}

/// `a` and `b` hear each other; says so in figures.
pub fn both_ways(a: &mut Set, b: &mut Set) -> Result<String, String> {
    a.tone(700.0, -15.0)?;
    let there = heard(b, 700.0, -15.0)?;
    a.quiet()?;
    b.tone(1100.0, -18.0)?;
    let back = heard(a, 1100.0, -18.0)?;
    b.quiet()?;
    Ok(format!("there {there}, back {back}"))
}

/// Sets up a call from `a` to `b`.
pub fn call(stage: &Stage, a: &mut Set, b: &mut Set) -> Result<(), String> {
    a.call(&stage.number(b.port()))?;
    b.answer()?;
    a.connected()?;
    b.connected()
}

pub fn port_to_port(stage: &Stage) -> Result<String, String> {
    let (mut a, mut b) = (stage.port(1)?, stage.port(2)?);
    call(stage, &mut a, &mut b)?;
    let figures = both_ways(&mut a, &mut b)?;
    a.finish()?;
    b.finish()?;
    Ok(figures)
}

pub fn sip_peer(stage: &Stage) -> Result<String, String> {
    let mut a = stage.port(29)?;
    a.call("520")?;
    a.connected()?;
    let back = heard(&mut a, 440.0, -13.0)?;
    a.tone(700.0, -15.0)?;
    // The SIP phone writes what it decodes; wait until it holds a second of the tone.
    let folder = stage.peer.state().join("baresip");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let there = loop {
        let file = fs::read_dir(&folder)
            .map_err(|e| e.to_string())?
            .flatten()
            .map(|e| e.path())
            .find(|p| p.to_string_lossy().ends_with("-dec.wav"));
        let samples: Vec<i16> = file
            .and_then(|f| fs::read(f).ok())
            .map(|b| b.get(44..).unwrap_or_default().chunks_exact(2).map(|c| i16::from_le_bytes([c[0], c[1]])).collect())
            .unwrap_or_default();
        let last = samples.get(samples.len().saturating_sub(4000)..).unwrap_or_default();
        match measure::dominant_tone(last) {
            Some((hz, db)) if (hz - 700.0).abs() < 7.0 && (db + 15.0).abs() <= 1.0 => {
                break format!("{hz:.0} Hz {db:.1} dBm0");
            }
            other if std::time::Instant::now() > end => {
                return Err(format!("the SIP phone heard {other:?} in {} samples", samples.len()));
            }
            _ => std::thread::sleep(std::time::Duration::from_millis(100)), // the phone's file grows; deadline above
        }
    };
    a.finish()?;
    Ok(format!("SIP phone hears {there}, port hears {back}"))
}

pub fn hang_up(stage: &Stage) -> Result<String, String> {
    let (mut a, mut b) = (stage.port(3)?, stage.port(4)?);
    // Near end first: the far set gets its disconnect supervision and an error tone.
    call(stage, &mut a, &mut b)?;
    a.finish()?;
    b.wait(SimCondition::LoopOpened, 10)?;
    b.hears(480.0)?;
    b.finish()?;
    // The server hangs up.
    a.call("514")?;
    a.hears(1004.0)?;
    a.wait(SimCondition::LoopOpened, 15)?;
    a.hears(480.0)?;
    a.finish()?;
    // The caller gives up while the far set rings.
    a.call(&stage.number(4))?;
    b.wait(SimCondition::Ringing, 15)?;
    a.finish()?;
    b.wait(SimCondition::NotRinging, 15)?;
    Ok("near, far and abandoned: loop opened, reorder heard, ring stopped".into())
}
