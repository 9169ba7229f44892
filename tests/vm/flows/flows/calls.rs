//! Calls between ports: ringing, answering, sound, hanging up.

use std::time::Duration;

use tipring_tests::phone::{Bell, Phone, PhoneNews};

use crate::stage::{BUSY_OR_REORDER, Cards, DIAL_TONE, Stage};

const S: fn(u64) -> Duration = Duration::from_secs;
/// Limit for the error of the cadence.
const RING_MS: f64 = 10.0;

/// Telephones at all ports except modems at 13 and 14 (nothing may alter their signal), fax machines at 15 and 16, and
/// a telephone of the United Kingdom at 17.
pub(crate) fn config(stage: &Stage) -> String {
    stage.config("country = \"us\"", |n| {
        match n {
            13 | 14 => "profile = \"modem\"\necho-canceller = false",
            15 | 16 => "profile = \"fax\"",
            17 => "country = \"uk\"",
            _ => "",
        }
        .to_owned()
    })
}

/// The gateway on the test's card.
pub(crate) fn set(stage: &Stage) -> Result<(), String> {
    stage.cards(Cards::Bench)?;
    stage.gateway(&config(stage))
}

pub(crate) fn registration(stage: &Stage) -> Result<String, String> {
    set(stage)?;
    let shown = stage.peer()?.rx("skinny show devices")?;
    let there = shown
        .lines()
        .filter(|l| l.starts_with("vgc") && l.split_whitespace().any(|w| w == "Y"))
        .count();
    let (ready, registered) = stage.start_times();
    let text = format!(
        "{there} ports registered by the server's count; ready {:.2} s after systemctl start, all registered {:.2} s later",
        ready.as_secs_f64(),
        registered.as_secs_f64()
    );
    if there == usize::from(stage.ports) {
        Ok(text)
    } else {
        Err(format!("{text}\n{shown}"))
    }
}

/// Compares ringing with a cadence; answers the greatest difference in ms.
fn off_by(bell: &Bell, wanted: &[f64]) -> Result<f64, String> {
    let parts = bell.cadence_ms();
    let worst = parts
        .iter()
        .zip(wanted.iter().cycle())
        .map(|(got, want)| (got - want).abs())
        .fold(0.0, f64::max);
    let rounded: Vec<f64> = parts.iter().map(|p| (p * 10.0).round() / 10.0).collect();
    if worst <= RING_MS && parts.len() >= wanted.len() {
        Ok(worst)
    } else {
        Err(format!("rings {rounded:?} ms instead of {wanted:?}"))
    }
}

/// Port 1 calls a port, which answers in the middle of the burst after `bursts`; the figures of that.
fn ring_and_answer(
    stage: &Stage,
    a: &Phone,
    b: &Phone,
    cadence: &[f64],
    bursts: usize,
) -> Result<String, String> {
    stage.dial(a, &stage.number(b.number()))?;
    let bell = b.rings(bursts, S(25))?;
    let worst = off_by(&bell, cadence)?;
    let last = bell.bursts().len();
    // Into the next burst.
    let rung = std::time::Instant::now() + S(6);
    while b.bell().bursts().len() == last {
        if std::time::Instant::now() > rung {
            return Err(format!("the phone stopped ringing after {last} bursts"));
        }
        std::thread::sleep(Duration::from_millis(20)); // asks the bell again, with the deadline above
    }
    std::thread::sleep(Duration::from_millis(150)); // well inside the burst
    a.follow(b.number());
    let lifted = b.lift()?;
    b.talk();
    // The kernel reports the end of a burst by its own count of milliseconds, which may be one or two early.
    let early = lifted.saturating_sub(Duration::from_millis(5));
    let off = b.awaits_after(&PhoneNews::RingOff, early, S(2))?;
    stage.talking(a.number())?;
    stage.talking(b.number())?;
    std::thread::sleep(Duration::from_millis(600)); // a stretch of the talk
    let heard = a.continuity();
    let open_ms = heard.first_index as f64 / 8.0;
    stage.hang_up(&[a, b])?;
    if heard.samples == 0 {
        return Err("the caller never heard the answerer".into());
    }
    let tripped = off.saturating_sub(lifted).as_secs_f64() * 1000.0;
    if tripped > 20.0 {
        return Err(format!(
            "ringing went on for {tripped:.1} ms after the lift"
        ));
    }
    Ok(format!(
        "cadence off by at most {worst:.1} ms in {} bursts, ringing gone {tripped:.1} ms after the lift, \
         voice of the first {open_ms:.0} ms lost",
        bell.bursts().len()
    ))
}

pub(crate) fn ringing(stage: &Stage) -> Result<String, String> {
    set(stage)?;
    let exchange = stage.telephones(&[1, 2, 17])?;
    let (a, us, uk) = (exchange.phone(1)?, exchange.phone(2)?, exchange.phone(17)?);
    let us = ring_and_answer(stage, &a, &us, &[2000.0, 4000.0], 2)?;
    let uk = ring_and_answer(stage, &a, &uk, &[400.0, 200.0, 400.0, 2000.0], 4)?;
    Ok(format!("us: {us}; uk: {uk}"))
}

/// Both talk, both listen: what arrived, and the delay.
pub(crate) fn talk(a: &Phone, b: &Phone, lasts: Duration) -> Result<String, String> {
    a.follow(b.number());
    b.follow(a.number());
    a.talk();
    b.talk();
    std::thread::sleep(lasts); // the length of the talk
    let (at_a, at_b) = (a.continuity(), b.continuity());
    let delay = |to: &Phone, from: &Phone| to.delay_from(from).unwrap_or(f64::NAN);
    let (there, back) = (delay(b, a), delay(a, b));
    a.quiet();
    b.quiet();
    let text = format!(
        "there {at_b} (delay {there:.0} samples), back {at_a} (delay {back:.0} samples); \
         {} and {} codes 0x7F came as 0xFF",
        at_b.folded, at_a.folded
    );
    let enough = (lasts.as_secs_f64() - 1.0) * 8000.0;
    let whole =
        |c: &tipring_tests::phone::sequence::Continuity| c.is_whole() && c.samples as f64 > enough;
    if whole(&at_a) && whole(&at_b) {
        Ok(text)
    } else {
        Err(text)
    }
}

pub(crate) fn samples(stage: &Stage) -> Result<String, String> {
    set(stage)?;
    let exchange = stage.telephones(&[13, 14])?;
    let (a, b) = (exchange.phone(13)?, exchange.phone(14)?);
    stage.call(&a, &b)?;
    std::thread::sleep(Duration::from_millis(500)); // ring-back and dial tone are over
    let lasts = stage.by_length(S(30), S(300));
    let figures = talk(&a, &b, lasts);
    let line = |p: u16| stage.port(p).map(|d| d.line);
    let (la, lb) = (line(13)?, line(14)?);
    stage.hang_up(&[&a, &b])?;
    let text = format!(
        "{} s: {}; overruns {}, underruns {}",
        lasts.as_secs(),
        figures.clone().unwrap_or_else(|e| e),
        la.read_overruns + lb.read_overruns,
        la.write_underruns + lb.write_underruns
    );
    figures.map(|_| text.clone()).map_err(|_| text)
}

/// Telephones, not modems: gains at 0 dB, jitter buffer that adapts.
pub(crate) fn voice(stage: &Stage) -> Result<String, String> {
    set(stage)?;
    let exchange = stage.telephones(&[3, 4])?;
    let (a, b) = (exchange.phone(3)?, exchange.phone(4)?);
    stage.call(&a, &b)?;
    let mut text = vec![];
    for (from, to, hz, dbm0) in [(&a, &b, 700.0, -15.0), (&b, &a, 1100.0, -18.0)] {
        from.tone(hz, dbm0);
        to.hears(&[hz], S(5))?;
        std::thread::sleep(Duration::from_millis(300)); // a full window of the tone
        let level = to.heard().tone_level(hz, 200);
        from.quiet();
        if (level - dbm0).abs() > 0.3 {
            return Err(format!("{hz} Hz sent at {dbm0} dBm0 arrived at {level:.2}"));
        }
        text.push(format!("{hz} Hz at {dbm0} dBm0 arrives at {level:.2}"));
    }
    // The far end hangs up: battery drop, then reorder tone.
    b.forget();
    a.hang_up()?;
    let gone = b.awaits(&PhoneNews::Battery { there: false }, S(5))?;
    let back = b.awaits(&PhoneNews::Battery { there: true }, S(5))?;
    let (hz, _) = b.hears(&BUSY_OR_REORDER, S(5))?;
    let drop_ms = back.saturating_sub(gone).as_secs_f64() * 1000.0;
    stage.hang_up(&[&b])?;
    if !(480.0..=520.0).contains(&drop_ms) {
        return Err(format!("battery drop of {drop_ms:.0} ms"));
    }
    Ok(format!(
        "{}; far end hangs up: battery gone for {drop_ms:.0} ms, then {hz:.0} Hz",
        text.join(", ")
    ))
}

/// Five calls, each right after the one before: how soon dial tone comes.
pub(crate) fn again(stage: &Stage) -> Result<String, String> {
    set(stage)?;
    let exchange = stage.telephones(&[1])?;
    let a = exchange.phone(1)?;
    let mut times = vec![];
    for _ in 0..5 {
        let from = a.lift()?;
        a.hears(&DIAL_TONE, S(5))?;
        let now = tipring_linux::monotonic();
        times.push(now.saturating_sub(from).as_secs_f64() * 1000.0);
        stage.hang_up(&[&a])?;
    }
    let worst = times.iter().copied().fold(0.0, f64::max);
    Ok(format!(
        "5 lifts, dial tone recognised within {worst:.0} ms (200 ms of it are the listener's own)"
    ))
}

/// The basic call on Debian's own modules: what the test's card shows holds there too.
pub(crate) fn loopback(stage: &Stage) -> Result<String, String> {
    stage.cards(Cards::Loopback)?;
    stage.gateway(&config(stage))?;
    let exchange = stage.telephones(&[1, 2, 13, 14])?;
    let (a, b) = (exchange.phone(1)?, exchange.phone(2)?);
    let ringing = ring_and_answer(stage, &a, &b, &[2000.0, 4000.0], 2)?;
    // Pulses and a flash.
    a.ready();
    a.lift()?;
    a.hears(&DIAL_TONE, S(5))?;
    a.pulse("501", tipring_tests::phone::PulseStyle::default())?;
    a.hears(&[1000.0], S(8))?;
    a.flash(Duration::from_millis(300))?;
    a.hears(&DIAL_TONE, S(5))?;
    a.flash(Duration::from_millis(300))?;
    a.hears(&[1000.0], S(5))?;
    stage.hang_up(&[&a])?;
    let (c, d) = (exchange.phone(13)?, exchange.phone(14)?);
    stage.call(&c, &d)?;
    std::thread::sleep(Duration::from_millis(500)); // ring-back is over
    let figures = talk(&c, &d, stage.by_length(S(10), S(60)))?;
    d.forget();
    c.hang_up()?;
    d.awaits(&PhoneNews::Battery { there: false }, S(5))?;
    stage.hang_up(&[&d])?;
    Ok(format!(
        "{ringing}; 501 by pulses, flash 300 ms; {figures}; battery dropped at the end"
    ))
}
