//! What breaks, what the technician is shown then, and how it heals.
//!
//! Each flow quotes the port's trouble as `tipring status` shows it; `trouble.txt` in the run's folder keeps the whole
//! output of that moment.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use tipring_ctl::report::{PortState, RegistrationState};
use tipring_linux::dahdi::Channel;
use tipring_tests::phone::{Phone, PhoneNews};

use super::calls;
use crate::stage::{Cards, DIAL_TONE, Stage, run};

const S: fn(u64) -> Duration = Duration::from_secs;
/// A port heals by itself within this time: the longest wait between two tries, and a registration.
const HEALS: Duration = Duration::from_secs(45);

/// Waits until a port is in trouble; its finding and the cure.
fn in_trouble(stage: &Stage, port: u16, within: Duration, title: &str) -> Result<String, String> {
    let detail = stage.port_until(port, "in trouble", within, |p| {
        !p.summary.findings.is_empty()
    })?;
    let finding = detail.summary.findings.into_iter().next();
    let finding = finding.unwrap_or_default();
    let file = stage.folder.join("trouble.txt");
    let log = fs::File::options().create(true).append(true).open(&file);
    let mut log = log.map_err(|e| format!("{}: {e}", file.display()))?;
    let number = port.to_string();
    let seen = stage.control().tipring(&["status"]).unwrap_or_else(|e| e);
    let shown = stage
        .control()
        .tipring(&["port", "show", &number])
        .unwrap_or_else(|e| e);
    let text =
        format!("=== {title}\n$ tipring status\n{seen}\n$ tipring port show {number}\n{shown}\n");
    log.write_all(text.as_bytes())
        .map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(format!(
        "\"{}\" (cure: \"{}\")",
        finding.what(),
        finding.cure
    ))
}

/// Waits until a port is well and registered; how long that took.
fn healed(stage: &Stage, port: u16, within: Duration) -> Result<f64, String> {
    let start = Instant::now();
    stage.port_until(port, "well again", within, |p| {
        p.summary.findings.is_empty() && p.summary.registration == RegistrationState::Registered
    })?;
    Ok(start.elapsed().as_secs_f64())
}

/// A call of this phone works from dial tone to echo.
fn works(stage: &Stage, phone: &Phone) -> Result<(), String> {
    phone.forget();
    stage.call_number(phone, "500")?;
    phone.tone(700.0, -15.0);
    phone.hears(&[700.0], S(5))?;
    stage.hang_up(&[phone])
}

/// A phone at this port and a call with it that works.
fn a_call(stage: &Stage, port: u16) -> Result<(), String> {
    let exchange = stage.telephones(&[port])?;
    works(stage, &exchange.phone(port)?)
}

/// Begins with a stopped gateway and healthy cards.
fn begin(stage: &Stage) -> Result<String, String> {
    stage.cards(Cards::Bench)?;
    stage.stop_gateway()?;
    stage.peer()?;
    Ok(calls::config(stage))
}

/// Ports other than this one that are registered, once they are.
fn others_registered(stage: &Stage) -> Result<(), String> {
    let count = usize::from(stage.ports) - 1;
    stage.control().wait_registered(count, S(40)).map(drop)
}

pub(crate) fn busy(stage: &Stage) -> Result<String, String> {
    let config = begin(stage)?;
    let held = Channel::open(3).map_err(|e| e.to_string())?;
    stage.start_gateway(&config)?;
    let finding = in_trouble(stage, 3, S(20), "another program has the channel")?;
    others_registered(stage)?;
    drop(held);
    let took = healed(stage, 3, HEALS)?;
    a_call(stage, 3)?;
    Ok(format!("{finding}; let go: healed after {took:.1} s"))
}

/// On loopback spans, for the test's card takes no signalling that a port's card would not take.
pub(crate) fn signalling(stage: &Stage) -> Result<String, String> {
    stage.cards(Cards::Loopback)?;
    stage.stop_gateway()?;
    stage.peer()?;
    let config = calls::config(stage);
    let conf = "/etc/dahdi/system.conf";
    let whole = fs::read_to_string(conf).map_err(|e| format!("{conf}: {e}"))?;
    // The spans are there already.
    let good: String = whole
        .lines()
        .filter(|l| !l.starts_with("dynamic="))
        .map(|l| format!("{l}\n"))
        .collect();
    let n = stage.ports;
    let wrong = good.replace(
        &format!("fxoks=1-{n}"),
        &format!("fxoks=1-3,5-{n}\nfxogs=4"),
    );
    let configure = |text: &str| {
        fs::write(conf, text).map_err(|e| format!("{conf}: {e}"))?;
        run("dahdi_cfg", &[])
    };
    configure(&wrong)?;
    stage.start_gateway(&config)?;
    let finding = in_trouble(stage, 4, S(20), "wrong signalling")?;
    others_registered(stage)?;
    configure(&good)?;
    let took = healed(stage, 4, HEALS)?;
    fs::write(conf, whole).map_err(|e| format!("{conf}: {e}"))?;
    a_call(stage, 4)?;
    Ok(format!(
        "{finding}; system.conf corrected: healed after {took:.1} s"
    ))
}

pub(crate) fn no_cards(stage: &Stage) -> Result<String, String> {
    let config = begin(stage)?;
    stage.cards(Cards::None)?;
    stage.start_gateway(&config)?;
    let finding = in_trouble(stage, 1, S(20), "no cards")?;
    // The cards come without notice to the gateway.
    let n = stage.ports.to_string();
    stage.script(&["fxbench", &n])?;
    stage.cards_are(Cards::Bench);
    let start = Instant::now();
    stage
        .control()
        .wait_registered(usize::from(stage.ports), S(90))?;
    let took = start.elapsed().as_secs_f64();
    a_call(stage, 1)?;
    Ok(format!(
        "{finding}; cards came: all {} ports registered after {took:.1} s",
        stage.ports
    ))
}

pub(crate) fn alarm_in_a_call(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[1, 2])?;
    let (a, b) = (exchange.phone(1)?, exchange.phone(2)?);
    stage.call(&a, &b)?;
    b.tone(1100.0, -15.0);
    a.hears(&[1100.0], S(5))?;
    // A short alarm.
    stage.card("cut", "1 1")?;
    std::thread::sleep(S(1)); // the alarm's length
    stage.card("cut", "1 0")?;
    std::thread::sleep(S(1)); // the line settles
    let during = stage.port(1)?.summary.state;
    if during != PortState::InCall {
        return Err(format!(
            "after an alarm of 1 s in a call the port is {during:?}"
        ));
    }
    a.hears(&[1100.0], S(5))
        .map_err(|e| format!("after an alarm of 1 s: {e}"))?;
    // A lasting alarm.
    stage.card("cut", "1 1")?;
    let finding = in_trouble(stage, 1, S(20), "line in alarm")?;
    b.quiet();
    b.forget();
    let start = Instant::now();
    b.awaits(&PhoneNews::Battery { there: false }, S(60))
        .map_err(|e| format!("the far end never noticed that the call is over: {e}"))?;
    let ended = start.elapsed().as_secs_f64();
    // Unregistered, so that CallManager forwards its callers in place of ringing.
    stage.port_until(1, "unregistered", S(20), |p| {
        p.summary.registration == RegistrationState::Stopped
    })?;
    let left = start.elapsed().as_secs_f64();
    a.hang_up()?;
    stage.card("cut", "1 0")?;
    let took = healed(stage, 1, HEALS)?;
    stage.hang_up(&[&b])?;
    works(stage, &a)?;
    Ok(format!(
        "1 s: the call goes on; for good: {finding}, call ended {ended:.1} s later, unregistered after {left:.1} s; mended: healed after {took:.1} s"
    ))
}

pub(crate) fn pulled(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    {
        // In a call: the worst moment.
        let exchange = stage.telephones(&[5])?;
        let phone = exchange.phone(5)?;
        stage.call_number(&phone, "500")?;
        stage.script(&["pull"])?;
    }
    let finding = in_trouble(stage, 5, S(30), "card pulled")?;
    stage.script(&["plug"])?;
    let start = Instant::now();
    let all = usize::from(stage.ports);
    while stage
        .control()
        .status()?
        .ports
        .iter()
        .any(|p| !p.findings.is_empty() || p.registration != RegistrationState::Registered)
    {
        if start.elapsed() > S(120) {
            let seen = stage.control().tipring(&["status"])?;
            return Err(format!("not healed after 120 s: {seen}"));
        }
        std::thread::sleep(Duration::from_millis(250)); // asks again, with the deadline above
    }
    stage.control().wait_registered(all, S(60))?;
    let took = start.elapsed().as_secs_f64();
    a_call(stage, 5)?;
    Ok(format!(
        "{finding}; plugged in: {all} ports healed after {took:.1} s"
    ))
}

pub(crate) fn unloaded(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    stage.script(&["pull"])?;
    let finding_pulled = in_trouble(
        stage,
        1,
        S(30),
        "card pulled, before its module is unloaded",
    )?;
    // The module can go once the gateway has let go of its channels.
    let end = Instant::now() + S(30);
    while let Err(e) = stage.script(&["down"]) {
        if Instant::now() > end {
            return Err(format!("the gateway holds the module: {e}"));
        }
        std::thread::sleep(S(1)); // tries again, with the deadline above
    }
    stage.cards_are(Cards::None);
    let finding_gone = in_trouble(stage, 1, S(40), "module unloaded")?;
    let n = stage.ports.to_string();
    stage.script(&["fxbench", &n])?;
    stage.cards_are(Cards::Bench);
    let start = Instant::now();
    let all = usize::from(stage.ports);
    while stage
        .control()
        .status()?
        .ports
        .iter()
        // One that left twice within a minute waits until its line has been sound for some seconds.
        .any(|p| !p.findings.is_empty() || p.registration != RegistrationState::Registered)
    {
        if start.elapsed() > S(120) {
            return Err(format!(
                "not healed after 120 s: {}",
                stage.control().tipring(&["status"])?
            ));
        }
        std::thread::sleep(Duration::from_millis(250)); // asks again, with the deadline above
    }
    let took = start.elapsed().as_secs_f64();
    a_call(stage, 1)?;
    Ok(format!(
        "{finding_pulled}; unloaded: {finding_gone}; loaded again: {all} ports healed after {took:.1} s"
    ))
}

pub(crate) fn power_alarm(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let rearms = |port: u16| -> Result<u64, String> {
        let card =
            fs::read_to_string("/proc/fxbench").map_err(|e| format!("/proc/fxbench: {e}"))?;
        let line = card
            .lines()
            .find(|l| l.starts_with(&format!("port={port} ")));
        let count = line.and_then(|l| l.split("rearms=").nth(1));
        count
            .and_then(|c| c.trim().parse().ok())
            .ok_or_else(|| format!("/proc/fxbench: {card}"))
    };
    // The card gives the port up without notice; the watchdog finds it and re-arms.
    let before = rearms(10)?;
    stage.card("power", "10 1")?;
    let start = Instant::now();
    while rearms(10)? == before {
        if start.elapsed() > S(60) {
            let seen = stage.port(10)?.summary.findings;
            return Err(format!("not re-armed within 60 s; findings {seen:?}"));
        }
        std::thread::sleep(Duration::from_millis(100)); // asks again, with the deadline above
    }
    let found = start.elapsed().as_secs_f64();
    a_call(stage, 10)?;
    // One that cannot be re-armed.
    stage.card("power", "11 2")?;
    let finding = in_trouble(stage, 11, S(120), "no feed, cannot be re-armed")?;
    stage.card("power", "11 0")?;
    let took = healed(stage, 11, S(700))?;
    a_call(stage, 11)?;
    Ok(format!(
        "feed lost: re-armed after {found:.0} s, and works; not to be re-armed: {finding}; repaired: healed after {took:.0} s"
    ))
}

pub(crate) fn killed(stage: &Stage) -> Result<String, String> {
    calls::set(stage)?;
    let exchange = stage.telephones(&[1, 2])?;
    let (a, b) = (exchange.phone(1)?, exchange.phone(2)?);
    stage.call(&a, &b)?;
    let old = stage.pid()?;
    let start = Instant::now();
    run("kill", &["-KILL", &old.to_string()])?;
    let end = Instant::now() + S(60);
    loop {
        let new = stage.pid().unwrap_or(0);
        if new != 0 && new != old && stage.is_running() {
            break;
        }
        if Instant::now() > end {
            return Err(format!(
                "systemd did not restart it:\n{}",
                stage.journal(20)
            ));
        }
        std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
    }
    let up = start.elapsed().as_secs_f64();
    let all = usize::from(stage.ports);
    stage.control().wait_registered(all, S(60))?;
    let registered = start.elapsed().as_secs_f64();
    a.hang_up()?;
    b.hang_up()?;
    for port in [1, 2] {
        stage.idle(port)?;
    }
    a.ready();
    b.ready();
    let lift = dial_tone_after_the_kill(stage, &a)?;
    stage.call_lifted(&a, &b)?;
    b.tone(1100.0, -15.0);
    a.hears(&[1100.0], S(5))?;
    stage.hang_up(&[&a, &b])?;
    Ok(format!(
        "kill -9 in a call: up again after {up:.1} s, {all} ports registered after {registered:.1} s, the same two call again{lift}"
    ))
}

/// Lifts, until there is dial tone: at the first lift, or at the second one when the call manager, which has just lost a device
/// in a call, left this very off-hook without a response. That was seen, and it is so when the gateway names it of this port
/// since the lift, now and in its log, and the call manager has made no channel of the device. What to add to the figures.
fn dial_tone_after_the_kill(stage: &Stage, phone: &Phone) -> Result<&'static str, String> {
    const CODE: &str = "server-unresponsive";
    let port = phone.number();
    let before = (stage.journal_cursor()?, channels_of(stage, port)?);
    phone.lift()?;
    let Err(why) = phone.hears(&DIAL_TONE, S(5)) else {
        return Ok("");
    };
    let named = stage.port_until(port, "named as left without a response", S(10), |p| {
        p.summary.findings.iter().any(|f| f.code() == CODE)
    });
    named.map_err(|e| format!("{why}; {e}"))?;
    let of_port = |line: &str| line.contains(CODE) && line.contains(&format!("port={port} "));
    let end = Instant::now() + S(5);
    loop {
        let log = stage.journal_after(&before.0)?;
        if log.lines().any(of_port) {
            break;
        }
        if Instant::now() > end {
            return Err(format!("{why}; the log does not name it: {log}"));
        }
        std::thread::sleep(Duration::from_millis(250)); // asks again, with the deadline above
    }
    let channels = channels_of(stage, port)?;
    if channels.iter().any(|channel| !before.1.contains(channel)) {
        return Err(format!(
            "{why}; the call manager has a channel: {channels:?}"
        ));
    }
    phone.hang_up()?;
    stage.idle(port)?;
    phone.ready();
    phone.lift()?;
    phone.hears(&DIAL_TONE, S(5))?;
    Ok(", at the second lift: the call manager did not respond to the first")
}

/// The channels that the call manager has of a port's device.
fn channels_of(stage: &Stage, port: u16) -> Result<Vec<String>, String> {
    let device = format!("Skinny/{}@", stage.number(port));
    let all = stage.peer()?.rx("core show channels concise")?;
    let names = all.lines().filter_map(|line| line.split('!').next());
    let names = names.filter(|name| name.starts_with(&device));
    Ok(names.map(str::to_owned).collect())
}

pub(crate) fn no_such_channel(stage: &Stage) -> Result<String, String> {
    let config = begin(stage)?;
    // One beyond the card, and one that is a telephone's.
    let far = stage.ports + 1;
    let config = format!(
        "{config}[[port]]\nchannel = 99\nnumber = 47\n[[port]]\nchannel = {far}\nnumber = 48\n"
    );
    stage.start_gateway(&config)?;
    let beyond = in_trouble(stage, 47, S(20), "no such channel")?;
    let other = in_trouble(stage, 48, S(20), "a channel that is no port")?;
    stage
        .control()
        .wait_registered(usize::from(stage.ports), S(40))?;
    let exchange = stage.telephones(&[2])?;
    let phone = exchange.phone(2)?;
    phone.lift()?;
    phone.hears(&DIAL_TONE, S(5))?;
    stage.hang_up(&[&phone])?;
    stage.stop_gateway()?;
    // Twice is refused before anything starts.
    let twice = format!(
        "{}[[port]]\nchannel = 1\nnumber = 47\n",
        calls::config(stage)
    );
    let refused = match stage.start_gateway(&twice) {
        Ok(()) => return Err("a channel named twice was accepted".into()),
        Err(e) => e,
    };
    let status = stage.unit("ExecMainStatus")?;
    let line = refused
        .lines()
        .find(|l| l.contains("channel"))
        .unwrap_or("")
        .trim();
    if status != "78" {
        return Err(format!("a channel named twice: exit {status}: {refused}"));
    }
    Ok(format!(
        "channel 99: {beyond}; a telephone's channel: {other}; the others work; named twice: exit 78, \"{line}\""
    ))
}
