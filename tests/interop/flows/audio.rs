//! Calls with sound both ways.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tipring_ctl::request::SimCondition;
use tipring_dsp::measure;
use tipring_tests::set::{HeardTone, Set};

use crate::figures::{BothWays, Figures};
use crate::stage::Stage;

/// The frequency of `Milliwatt(o)`.
pub(crate) const MILLIWATT: [f32; 1] = [1000.0];
/// The call manager's music on hold here.
pub(crate) const MUSIC: [f32; 1] = [1000.0];

/// `a` and `b` hear each other, one after the other.
pub(crate) fn both_ways(a: &mut Set, b: &mut Set) -> Result<BothWays, String> {
    a.tone(700.0, -15.0)?;
    let there = b.measures(700.0, -15.0)?;
    a.quiet()?;
    b.tone(1100.0, -18.0)?;
    let back = a.measures(1100.0, -18.0)?;
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

pub(crate) fn port_to_port(stage: &Stage) -> Result<Figures, String> {
    let (mut a, mut b) = (stage.port(1)?, stage.port(2)?);
    call(stage, &mut a, &mut b)?;
    let figures = both_ways(&mut a, &mut b)?;
    a.finish()?;
    b.finish()?;
    Ok(Figures::tones(figures.to_string(), figures.tones().into()))
}

pub(crate) fn sip_peer(stage: &Stage) -> Result<Figures, String> {
    let mut a = stage.port(29)?;
    a.call("520")?;
    a.connected()?;
    let back = a.measures(440.0, -13.0)?;
    a.tone(700.0, -15.0)?;
    let folder = stage.peer.state().join("baresip");
    let there = recording_has(&folder, "-dec.wav", 700.0, -15.0)?;
    a.finish()?;
    let text = format!("SIP phone hears {there}, port hears {back}");
    Ok(Figures::tones(text, vec![there, back]))
}

/// Through the call manager to H.323 and from there: sound and level each way.
pub(crate) fn h323_peer(stage: &Stage) -> Result<Figures, String> {
    stage.peer.start_h323_far()?;
    let spool = stage.peer.h323_state().join("spool");
    let mut tones = vec![];
    let mut both_ways = |set: &mut Set| -> Result<String, String> {
        let back = set.measures(440.0, -13.0)?;
        set.tone(700.0, -15.0)?;
        let there = recording_has(&spool, "heard.wav", 700.0, -15.0)?;
        set.quiet()?;
        tones.extend([there, back]);
        Ok(format!("far end hears {there}, port hears {back}"))
    };
    let mut a = stage.port(34)?;
    a.call("530")?;
    a.connected()?;
    let out = both_ways(&mut a)?;
    a.finish()?;
    // The next call records into the same file, from its beginning.
    let mut b = stage.port(35)?;
    let number = stage.number(35);
    stage.peer.h323_rx(&format!(
        "channel originate OOH323/{number}@near extension tone@far"
    ))?;
    b.answer()?;
    b.connected()?;
    let into = both_ways(&mut b)?;
    b.finish()?;
    let text = format!("out: {out}; in: {into}");
    Ok(Figures::tones(text, tones))
}

/// The far end writes what it hears into a WAV file with this end of its name: waits until the last half second of that
/// is the tone.
fn recording_has(folder: &Path, name: &str, hz: f32, dbm0: f32) -> Result<HeardTone, String> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let samples = fs::read_dir(folder)
            .map_err(|e| format!("{}: {e}", folder.display()))?
            .flatten()
            .map(|e| e.path())
            .find(|p| p.to_string_lossy().ends_with(name))
            .and_then(|f| fs::read(f).ok())
            .map(|bytes| samples_of(&bytes))
            .unwrap_or_default();
        let last = samples
            .get(samples.len().saturating_sub(4000)..)
            .unwrap_or_default();
        let heard = measure::dominant_tone(last);
        if let Some((got_hz, got_dbm0)) = heard {
            let tone = HeardTone {
                sent_hz: hz,
                sent_dbm0: dbm0,
                hz: got_hz as f32,
                dbm0: got_dbm0 as f32,
            };
            if tone.is_good() {
                return Ok(tone);
            }
        }
        if Instant::now() > end {
            let n = samples.len();
            return Err(format!("the far end heard {heard:?} in {n} samples"));
        }
        std::thread::sleep(Duration::from_millis(100)); // the file grows; deadline above
    }
}

/// The samples behind a canonical 44-byte WAV header.
fn samples_of(wav: &[u8]) -> Vec<i16> {
    wav.get(44..)
        .unwrap_or_default()
        .as_chunks()
        .0
        .iter()
        .map(|bytes| i16::from_le_bytes(*bytes))
        .collect()
}

pub(crate) fn hang_up(stage: &Stage) -> Result<Figures, String> {
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
