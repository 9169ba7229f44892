//! Digits as the call manager read them.

use std::time::Duration;

use crate::figures::Figures;
use crate::stage::Stage;

const CALLS_PER_PORT: usize = 2;
const PORTS: std::ops::RangeInclusive<u16> = 5..=14;

/// Twelve keys in an order of its own for every call.
fn order(port: u16, call: usize) -> String {
    let mut keys: Vec<char> = "0123456789*#".chars().collect();
    let mut seed = u32::from(port) * 7919 + call as u32 * 104_729 + 1;
    for i in (1..keys.len()).rev() {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        keys.swap(i, (seed >> 16) as usize % (i + 1));
    }
    keys.into_iter().collect()
}

pub(crate) fn dtmf(stage: &Stage) -> Result<Figures, String> {
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let calls: Vec<_> = PORTS
            .map(|port| scope.spawn(move || calls_of(stage, port)))
            .collect();
        calls
            .into_iter()
            .map(|c| c.join().unwrap_or_else(|_| Err("panicked".into())))
            .collect()
    });
    results.into_iter().collect::<Result<Vec<()>, String>>()?;
    let (mut calls, mut missing, mut doubled) = (0, 0, 0);
    let log = stage.peer.log("digits.log");
    for port in PORTS {
        let number = stage.number(port);
        let got: Vec<&str> = log
            .lines()
            .filter_map(|l| l.split_once(' '))
            .filter(|(n, _)| *n == number)
            .map(|(_, digits)| digits.trim())
            .collect();
        for call in 0..CALLS_PER_PORT {
            let want = order(port, call);
            let read = got.get(call).copied().unwrap_or_default();
            calls += 1;
            for key in want.chars() {
                match read.matches(key).count() {
                    0 => missing += 1,
                    1 => {}
                    more => doubled += more - 1,
                }
            }
            if read != want {
                return Err(format!(
                    "port {port} dialled {want}, the server read {read:?}; {missing} missing, {doubled} doubled so far"
                ));
            }
        }
    }
    Ok(Figures::say(format!(
        "{calls} calls x 12 digits, {missing} missing, {doubled} doubled"
    )))
}

fn calls_of(stage: &Stage, port: u16) -> Result<(), String> {
    let mut set = stage.port(port)?;
    for call in 0..CALLS_PER_PORT {
        set.call("503")?;
        set.connected()?;
        set.dial(&order(port, call))?;
        let number = stage.number(port);
        let wanted = call + 1;
        // The line is written when no more digits came for three seconds.
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while stage
            .peer
            .log("digits.log")
            .lines()
            .filter(|l| l.starts_with(&format!("{number} ")))
            .count()
            < wanted
        {
            if std::time::Instant::now() > end {
                return Err(format!(
                    "port {port}: the server logged no digits of call {wanted}"
                ));
            }
            std::thread::sleep(Duration::from_millis(100)); // asks the server's log again, deadline above
        }
        set.finish()?;
    }
    Ok(())
}

pub(crate) fn pulse(stage: &Stage) -> Result<Figures, String> {
    let before = stage.peer.log_lines("digits.log");
    let mut set = stage.port(32)?;
    set.lift()?;
    set.hears_dial_tone()?;
    set.dial_pulse("503")?;
    set.connected()?;
    set.dial_pulse("1234567890")?;
    let number = stage.number(32);
    let line = stage
        .peer
        .wait_log("digits.log", before, Duration::from_secs(20), |l| {
            l.starts_with(&format!("{number} "))
        })?;
    set.finish()?;
    if line.ends_with(" 1234567890") {
        Ok(Figures::say("503 and 1234567890 by pulses"))
    } else {
        Err(format!("the server read {line:?}"))
    }
}
