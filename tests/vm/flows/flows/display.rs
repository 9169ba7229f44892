//! Caller ID, and the message lamp with its stutter dial tone.

use std::fs;
use std::time::{Duration, Instant};

use tipring_ctl::report::PortState;
use tipring_spandsp::{CallerIdStandard, Party};
use tipring_tests::phone::{Exchange, Phone, PhoneNews};

use super::calls;
use crate::stage::{DIAL_TONE, Stage};

const S: fn(u64) -> Duration = Duration::from_secs;

pub(crate) fn caller_id(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[8, 17])?;
    let us = after_ring(stage, &exchange)?;
    let uk = before_ring(stage, &exchange)?;
    Ok(format!("us: {us}; uk: {uk}"))
}

/// A call from outside to this port, with caller ID.
fn call_from_outside(stage: &Stage, phone: &Phone) -> Result<(), String> {
    let number = stage.number(phone.number());
    let command = format!("channel originate Local/{number}@outside application Milliwatt o");
    stage.peer()?.rx(&command).map(drop)
}

/// Waits for a decoded message; answers its end and what it says.
fn decoded(phone: &Phone) -> Result<(Duration, String), String> {
    let end = Instant::now() + S(12);
    loop {
        if let Some(heard) = phone.caller_ids().first() {
            let says = &heard.says.caller;
            return match (&says.number, &says.name) {
                (Party::Known(number), Party::Known(name))
                    if number == "5551234" && name == "Ada Lovelace" =>
                {
                    Ok((heard.at, format!("{name} <{number}>")))
                }
                _ => Err(format!("the phone decoded {says:?}")),
            };
        }
        if Instant::now() > end {
            let rung = phone.bell().cadence_ms();
            return Err(format!("the phone decoded nothing; it rang {rung:.0?} ms"));
        }
        std::thread::sleep(Duration::from_millis(50)); // looks again, with the deadline above
    }
}

fn answer_and_end(stage: &Stage, phone: &Phone) -> Result<(), String> {
    phone.lift()?;
    stage.talking(phone.number())?;
    phone.hears(&[1000.0], S(5))?;
    stage.hang_up(&[phone])
}

/// Bellcore: in the silence after the first burst.
fn after_ring(stage: &Stage, exchange: &Exchange) -> Result<String, String> {
    let phone = exchange.phone(8)?;
    phone.decode_caller_id(Some(CallerIdStandard::Class))?;
    call_from_outside(stage, &phone)?;
    let (at, says) = decoded(&phone)?;
    let bell = phone.rings(2, S(12))?;
    let (first, second) = (bell.bursts()[0], bell.bursts()[1]);
    let silence = first.to.unwrap_or_default();
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    let after = ms(at.saturating_sub(silence));
    answer_and_end(stage, &phone)?;
    if at < silence || at > second.from {
        return Err(format!("{says} came outside the first silence"));
    }
    Ok(format!(
        "{says} complete {after:.0} ms into the first silence"
    ))
}

/// BT: polarity reversed, alert, message, then ringing.
fn before_ring(stage: &Stage, exchange: &Exchange) -> Result<String, String> {
    let phone = exchange.phone(17)?;
    phone.decode_caller_id(Some(CallerIdStandard::Clip))?;
    call_from_outside(stage, &phone)?;
    let reversed = phone.awaits(&PhoneNews::Polarity, S(8))?;
    let (at, says) = decoded(&phone)?;
    let rung = phone.awaits(&PhoneNews::RingOn, S(8))?;
    answer_and_end(stage, &phone)?;
    let ms = |from: Duration, to: Duration| to.as_secs_f64() * 1000.0 - from.as_secs_f64() * 1000.0;
    if !(reversed < at && at < rung) {
        return Err("not in order: reversal, message, ringing".into());
    }
    Ok(format!(
        "line reversed, {says} complete {:.0} ms later, ringing {:.0} ms after that",
        ms(reversed, at),
        ms(at, rung)
    ))
}

pub(crate) fn message_waiting(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[9])?;
    let phone = exchange.phone(9)?;
    let mut lamps = vec![];
    for (code, on) in [("*81", true), ("*80", false)] {
        stage.dial(&phone, code)?;
        stage.port_until(9, "notified of its messages", S(15), |p| {
            p.summary.message_waiting == on
        })?;
        stage.port_until(9, "done with the call", S(15), |p| {
            p.summary.state != PortState::InCall
        })?;
        stage.hang_up(&[&phone])?;
        std::thread::sleep(S(1)); // the lamp is set when the line is idle
        let card = fs::read_to_string("/proc/fxbench").unwrap_or_default();
        let line = card.lines().find(|l| l.starts_with("port=9 "));
        let lamp = line.and_then(|l| l.split_whitespace().find(|w| w.starts_with("vmwi=")));
        lamps.push(format!("{code} {}", lamp.unwrap_or("not shown")));
        phone.lift()?;
        phone.hears(&DIAL_TONE, S(5))?;
        let stutter = gaps(&phone);
        stage.hang_up(&[&phone])?;
        if stutter != on {
            return Err(format!(
                "{code}: stutter dial tone is {stutter}; {}",
                lamps.join("; ")
            ));
        }
    }
    Ok(format!(
        "stutter dial tone with a message, plain without; the card's lamp: {}",
        lamps.join("; ")
    ))
}

/// Is the tone in its first second interrupted?
fn gaps(phone: &Phone) -> bool {
    std::thread::sleep(Duration::from_millis(800)); // what is judged
    let heard = phone.heard();
    let loud = |part: &[i16]| tipring_dsp::measure::level(part) > -30.0;
    let parts: Vec<bool> = heard.samples().chunks(200).map(loud).collect();
    let from = parts.iter().position(|l| *l).unwrap_or(0);
    parts[from..].iter().any(|l| !l)
}
