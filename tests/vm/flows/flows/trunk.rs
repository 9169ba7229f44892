//! Through the call manager to ISDN and from there: a second Asterisk at the other end of a primary rate span, the
//! network's side, with libpri at both ends and DAHDI's loopback spans as the cable.

use std::time::{Duration, Instant};

use tipring_spandsp::{CallerIdStandard, Party};
use tipring_tests::peer::{Far, Peer};
use tipring_tests::phone::{Phone, PhoneNews};
use tipring_tests::recording::{self, recording_has};

use super::calls;
use crate::stage::{BUSY_OR_REORDER, Cards, Stage};

const S: fn(u64) -> Duration = Duration::from_secs;
/// What the far end says.
const FAR: (f64, f64) = (440.0, -13.0);
/// What the telephone says.
const NEAR: (f64, f64) = (700.0, -15.0);
/// Limit for a level, dB.
const OFF_DB: f64 = 1.0;

/// Causes of Q.850.
const UNALLOCATED: u32 = 1;
const NORMAL: u32 = 16;
const USER_BUSY: u32 = 17;

/// The trunk while it is up; it goes down before the cards can.
struct Trunk<'a> {
    peer: &'a Peer,
    far: Far,
}

impl Trunk<'_> {
    /// Cards, spans, gateway, call manager and far end; the D channel is up at both ends.
    fn set(stage: &Stage) -> Result<Trunk<'_>, String> {
        stage.cards(Cards::Trunk)?;
        stage.gateway(&calls::config(stage))?;
        let near = 2 * stage.ports + 1;
        let far = near + 24;
        let trunk = Trunk {
            peer: stage.peer()?,
            far: Far::Pri { near, far },
        };
        trunk.peer.start_far(trunk.far)?;
        Ok(trunk)
    }

    /// `pri show spans` of both ends, which say the same.
    fn shown(&self) -> Result<String, String> {
        let near = self.peer.rx("pri show spans")?;
        let far = self.peer.far_rx(self.far, "pri show spans")?;
        for (end, text) in [("call manager", &near), ("far end", &far)] {
            if !text.contains("Up, Active") {
                return Err(format!("the {end}'s D channel: {text}"));
            }
        }
        Ok("D channel up, active".into())
    }

    /// The ports that the call manager has registered on its other side.
    fn registered(&self, stage: &Stage) -> Result<String, String> {
        let shown = self.peer.rx("skinny show devices")?;
        let there = shown
            .lines()
            .filter(|l| l.starts_with("vgc") && l.split_whitespace().any(|w| w == "Y"))
            .count();
        if there == usize::from(stage.ports) {
            Ok(format!("{there} ports registered"))
        } else {
            Err(format!("{there} ports registered: {shown}"))
        }
    }

    /// The next line behind the first `before` of the call manager's trunk.log.
    fn near_says(&self, before: usize) -> Result<String, String> {
        line_behind("trunk.log", before, || self.peer.log("trunk.log"))
    }

    /// The same of the far end's calls.log.
    fn far_says(&self, before: usize) -> Result<String, String> {
        line_behind("calls.log", before, || {
            self.peer.far_log(self.far, "calls.log")
        })
    }

    fn near_lines(&self) -> usize {
        self.peer.log("trunk.log").lines().count()
    }

    fn far_lines(&self) -> usize {
        self.peer.far_log(self.far, "calls.log").lines().count()
    }

    /// Sound and its level each way: at the telephone's ear, and in the far end's recording.
    fn both_ways(&self, phone: &Phone) -> Result<String, String> {
        let back = level(phone, FAR.0)?;
        phone.tone(NEAR.0, NEAR.1);
        let spool = self.peer.far_state(self.far).join("spool");
        let there = recording_has(&spool, "heard.wav", NEAR.0 as f32, NEAR.1 as f32);
        phone.quiet();
        let there = there?;
        // The next call records into a file of the same name.
        recording::forget(&spool, "heard.wav");
        let text = format!(
            "{} Hz at {} dBm0 arrives at {:.2} at the far end, {} Hz at {} dBm0 at {back:.2} at the phone",
            NEAR.0, NEAR.1, there.dbm0, FAR.0, FAR.1
        );
        if (back - FAR.1).abs() <= OFF_DB {
            Ok(text)
        } else {
            Err(text)
        }
    }
}

impl Drop for Trunk<'_> {
    fn drop(&mut self) {
        if let Err(e) = self.peer.stop_far(self.far) {
            eprintln!("{e}");
        }
    }
}

/// The level of a tone at the telephone's ear, once it has been there for a whole window.
fn level(phone: &Phone, hz: f64) -> Result<f64, String> {
    phone.hears(&[hz], S(8))?;
    std::thread::sleep(Duration::from_millis(500)); // a full window of the tone
    Ok(phone.heard().tone_level(hz, 200))
}

/// Waits for a log's next line.
fn line_behind(name: &str, before: usize, log: impl Fn() -> String) -> Result<String, String> {
    let end = Instant::now() + S(10);
    loop {
        let text = log();
        // A line counts once it is whole.
        let whole = text.rfind('\n').map_or("", |at| &text[..at]);
        if let Some(line) = whole.lines().nth(before) {
            return Ok(line.to_owned());
        }
        if Instant::now() > end {
            return Err(format!("{name}: no line behind the first {before}: {text}"));
        }
        std::thread::sleep(Duration::from_millis(50)); // asks the log again, with the deadline above
    }
}

/// A line of a log ends with this cause.
fn cause_is(line: &str, wanted: u32) -> Result<(), String> {
    if line.ends_with(&format!("ended {wanted}")) {
        Ok(())
    } else {
        Err(format!("cause {wanted} expected: {line}"))
    }
}

/// The telephone's far party hangs up: battery gone, back, reorder tone.
fn is_cleared(phone: &Phone) -> Result<f64, String> {
    let gone = phone.awaits(&PhoneNews::Battery { there: false }, S(8))?;
    let back = phone.awaits(&PhoneNews::Battery { there: true }, S(5))?;
    phone.hears(&BUSY_OR_REORDER, S(5))?;
    Ok(back.saturating_sub(gone).as_secs_f64() * 1000.0)
}

/// Calls of a port to ISDN.
pub(crate) fn out(stage: &Stage) -> Result<String, String> {
    let trunk = Trunk::set(stage)?;
    let up = format!("{}, {}", trunk.shown()?, trunk.registered(stage)?);
    let exchange = stage.telephones(&[3])?;
    let phone = exchange.phone(3)?;
    // Answered, both talk, the port hangs up.
    let (near, far) = (trunk.near_lines(), trunk.far_lines());
    stage.call_number(&phone, "540")?;
    let caller = trunk.far_says(far)?;
    if caller != format!("from {}", stage.number(3)) {
        return Err(format!("the far end shows: {caller}"));
    }
    let sound = trunk.both_ways(&phone)?;
    stage.hang_up(&[&phone])?;
    cause_is(&trunk.far_says(far + 1)?, NORMAL)?;
    // Answered, the far end hangs up.
    phone.forget();
    let far = trunk.far_lines();
    stage.call_number(&phone, "541")?;
    let drop_ms = is_cleared(&phone)?;
    cause_is(&trunk.far_says(far)?, NORMAL)?;
    cause_is(&trunk.near_says(near)?, NORMAL)?;
    stage.hang_up(&[&phone])?;
    // Not answered: busy, and a number that is not there.
    for (number, cause) in [("542", USER_BUSY), ("549", UNALLOCATED)] {
        let near = trunk.near_lines();
        stage.dial(&phone, number)?;
        phone.hears(&BUSY_OR_REORDER, S(10))?;
        cause_is(&trunk.near_says(near)?, cause)?;
        stage.hang_up(&[&phone])?;
    }
    Ok(format!(
        "{up}; far end shows {caller}; {sound}; port hangs up: cause {NORMAL} at the far end; far end hangs up: cause {NORMAL} \
         at the call manager, battery gone for {drop_ms:.0} ms, reorder; busy: cause {USER_BUSY}, unallocated number: cause \
         {UNALLOCATED}, a tone each time"
    ))
}

/// Calls from ISDN to a port.
pub(crate) fn into(stage: &Stage) -> Result<String, String> {
    let trunk = Trunk::set(stage)?;
    let up = format!("{}, {}", trunk.shown()?, trunk.registered(stage)?);
    let exchange = stage.telephones(&[4])?;
    let phone = exchange.phone(4)?;
    phone.decode_caller_id(Some(CallerIdStandard::Class))?;
    let number = stage.number(4);
    let place = |then: &str| {
        let command = format!("channel originate Local/{number}@out extension {then}@far");
        trunk.peer.far_rx(trunk.far, &command).map(drop)
    };
    // Rings, shows the caller, answered, both talk, the port hangs up.
    let (near, far) = (trunk.near_lines(), trunk.far_lines());
    place("tone")?;
    let bell = phone.rings(2, S(15))?;
    let shown = caller_shown(&phone)?;
    let came = trunk.near_says(near)?;
    if came != format!("{number} from 5551234") {
        return Err(format!("the call manager saw: {came}"));
    }
    phone.lift()?;
    stage.talking(4)?;
    let sound = trunk.both_ways(&phone)?;
    stage.hang_up(&[&phone])?;
    cause_is(&trunk.far_says(far)?, NORMAL)?;
    // Answered, the far end hangs up.
    phone.ready();
    phone.forget();
    let near = trunk.near_lines();
    place("441")?;
    phone.awaits(&PhoneNews::RingOn, S(15))?;
    phone.lift()?;
    stage.talking(4)?;
    let drop_ms = is_cleared(&phone)?;
    trunk.near_says(near)?;
    cause_is(&trunk.near_says(near + 1)?, NORMAL)?;
    stage.hang_up(&[&phone])?;
    Ok(format!(
        "{up}; rings {:.0?} ms, {shown}; {sound}; port hangs up: cause {NORMAL} at the far end; far end hangs up: cause {NORMAL} \
         at the call manager, battery gone for {drop_ms:.0} ms, reorder",
        bell.cadence_ms()
    ))
}

/// The number that the telephone shows, decoded from the line.
fn caller_shown(phone: &Phone) -> Result<String, String> {
    let heard = phone.caller_ids();
    match heard.first().map(|h| &h.says.caller) {
        Some(caller) => match (&caller.number, &caller.name) {
            (Party::Known(number), Party::Known(name)) if number == "5551234" => {
                Ok(format!("shows {name} <{number}>"))
            }
            _ => Err(format!("the phone decoded {caller:?}")),
        },
        None => Err("the phone decoded no caller".into()),
    }
}
