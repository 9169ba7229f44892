//! Digits by tone and by pulse, and the hookflash.

use std::time::{Duration, Instant};

use tipring_tests::phone::{DtmfStyle, Phone, PulseStyle};

use super::calls;
use crate::stage::{DIAL_TONE, Stage};

const S: fn(u64) -> Duration = Duration::from_secs;
/// Collects digits until three seconds of nothing, and writes them to digits.log.
const COLLECTOR: &str = "503";

/// The digits that the server took from this port's calls, oldest first.
fn collected(stage: &Stage, port: u16) -> Result<Vec<String>, String> {
    let number = stage.number(port);
    let log = stage.peer()?.log("digits.log");
    Ok(log
        .lines()
        .filter_map(|l| l.split_once(' '))
        .filter(|(n, _)| *n == number)
        .map(|(_, digits)| digits.trim().to_owned())
        .collect())
}

/// Waits until the server has written the digits of one call more.
fn next_collected(stage: &Stage, port: u16, before: usize) -> Result<String, String> {
    let end = Instant::now() + S(15);
    loop {
        if let Some(digits) = collected(stage, port)?.get(before) {
            return Ok(digits.clone());
        }
        if Instant::now() > end {
            return Err(format!("the server logged no digits of port {port}"));
        }
        std::thread::sleep(Duration::from_millis(100)); // asks the server's log again, deadline above
    }
}

fn style(on_ms: u32, off_ms: u32, low_dbm0: i32, twist_db: i32) -> DtmfStyle {
    DtmfStyle {
        on_ms,
        off_ms,
        low_dbm0,
        twist_db,
    }
}

pub(crate) fn dtmf(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[5])?;
    let phone = exchange.phone(5)?;
    let mut passed = vec![];
    // As a phone dials, as a memory key dials, and far away at the end of a long line.
    for (name, style) in [
        ("80/80 ms", style(80, 80, -9, 2)),
        ("50/50 ms", style(50, 50, -9, 2)),
        ("80/80 ms at -24 dBm0, twist -3 dB", style(80, 80, -24, -3)),
    ] {
        let before = collected(stage, 5)?.len();
        stage.call_number(&phone, COLLECTOR)?;
        std::thread::sleep(Duration::from_millis(300)); // the server begins to listen
        phone.dial("1234567890*#", style)?;
        let got = next_collected(stage, 5, before)?;
        stage.hang_up(&[&phone])?;
        if got != "1234567890*#" {
            return Err(format!("{name}: the server read {got}"));
        }
        passed.push(name);
    }
    Ok(format!(
        "503 and 1234567890*# exact at the server: {}",
        passed.join(", ")
    ))
}

pub(crate) fn pulse(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[6])?;
    let phone = exchange.phone(6)?;
    let mut passed = vec![];
    for (name, style) in [
        ("10 a second, 60/40 ms", PulseStyle::default()),
        (
            "20 a second, 33/17 ms",
            PulseStyle {
                break_ms: 33,
                make_ms: 17,
                between_ms: 500,
            },
        ),
    ] {
        let before = collected(stage, 6)?.len();
        phone.lift()?;
        phone.hears(&DIAL_TONE, S(5))?;
        phone.pulse(COLLECTOR, style)?;
        stage.talking(6)?;
        phone.pulse("1234567890", style)?;
        let got = next_collected(stage, 6, before)?;
        stage.hang_up(&[&phone])?;
        if got != "1234567890" {
            return Err(format!("{name}: the server read {got}"));
        }
        passed.push(name);
    }
    Ok(format!(
        "503 and 1234567890 exact at the server: {}",
        passed.join(", ")
    ))
}

/// Openings that are flashes, one that is too short and one that is too long.
pub(crate) fn flash(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[7])?;
    let phone = exchange.phone(7)?;
    stage.call_number(&phone, "501")?;
    let milliwatt = [1000.0];
    phone.hears(&milliwatt, S(5))?;
    let mut lengths = vec![];
    for ms in [210, 300, 700, 1200] {
        let before = stage.port(7)?.line.flashes;
        // The first flash gives a second call's dial tone, the next one the first call back.
        let open = phone.flash(Duration::from_millis(ms))?;
        phone.hears(&DIAL_TONE, S(5))?;
        phone.flash(Duration::from_millis(ms))?;
        phone.hears(&milliwatt, S(5))?;
        let flashes = stage.port(7)?.line.flashes - before;
        lengths.push(format!("{:.1}", open.as_secs_f64() * 1000.0));
        if flashes != 2 {
            return Err(format!("two openings of {ms} ms were {flashes} flashes"));
        }
    }
    if !is_no_flash(stage, &phone, 150)? {
        return Err("an opening of 150 ms was a flash".into());
    }
    phone
        .hears(&milliwatt, S(5))
        .map_err(|e| format!("an opening of 150 ms ended the call: {e}"))?;
    if !is_no_flash(stage, &phone, 1300)? {
        return Err("an opening of 1300 ms was a flash".into());
    }
    // Lifted again by its end: dial tone of a new call.
    phone.hears(&DIAL_TONE, S(5))?;
    stage.hang_up(&[&phone])?;
    Ok(format!(
        "openings of {} ms are flashes; after 150 ms the call goes on, 1300 ms end it",
        lengths.join(", ")
    ))
}

/// Opens the loop for `ms`; true when that was no flash.
fn is_no_flash(stage: &Stage, phone: &Phone, ms: u64) -> Result<bool, String> {
    let flashes = || stage.port(phone.number()).map(|p| p.line.flashes);
    let before = flashes()?;
    phone.flash(Duration::from_millis(ms))?;
    std::thread::sleep(Duration::from_millis(400)); // what follows a pulse is over too
    Ok(flashes()? == before)
}
