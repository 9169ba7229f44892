//! Digits as the call manager read them.

use std::time::Duration;

use crate::figures::{Failure, Figures};
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

pub(crate) fn dtmf(stage: &Stage) -> Result<Figures, Failure> {
    PORTS.for_each(|port| stage.uses(port));
    let results: Vec<Result<Vec<Option<String>>, Failure>> = std::thread::scope(|scope| {
        let calls: Vec<_> = PORTS
            .map(|port| scope.spawn(move || calls_of(stage, port)))
            .collect();
        calls
            .into_iter()
            .map(|c| c.join().unwrap_or_else(|_| Err("panicked".into())))
            .collect()
    });
    let stalls = results.into_iter().collect::<Result<Vec<_>, Failure>>()?;
    let (mut calls, mut missing, mut doubled) = (0, 0, 0);
    let log = stage.peer.log("digits.log");
    for (port, stalls) in PORTS.zip(stalls) {
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
                let text = format!(
                    "port {port} dialled {want}, the server read {read:?}; {missing} missing, {doubled} doubled so far"
                );
                let stalls = stalls.get(call).cloned().flatten();
                return Err(Failure { text, stalls });
            }
        }
    }
    Ok(Figures::say(format!(
        "{calls} calls x 12 digits, {missing} missing, {doubled} doubled"
    )))
}

/// Dials; what of this machine may have spoilt the digits of each call.
fn calls_of(stage: &Stage, port: u16) -> Result<Vec<Option<String>>, Failure> {
    let mut set = stage.port(port)?;
    let mut stalls = vec![];
    for call in 0..CALLS_PER_PORT {
        set.call("503")?;
        set.connected()?;
        let begin = stage.mark();
        set.dial(&order(port, call))?;
        stalls.push(stage.stalled(&begin, 0));
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
                let text = format!("port {port}: the server logged no digits of call {wanted}");
                return Err(text.into());
            }
            std::thread::sleep(Duration::from_millis(100)); // asks the server's log again, deadline above
        }
        set.finish()?;
    }
    Ok(stalls)
}

pub(crate) fn pulse(stage: &Stage) -> Result<Figures, Failure> {
    let before = stage.peer.log_lines("digits.log");
    let mut set = stage.port(32)?;
    set.lift()?;
    set.hears_dial_tone()?;
    set.dial_pulse("503")?;
    set.connected()?;
    let begin = stage.mark();
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
        Err(stage.spoilt(&begin, format!("the server read {line:?}")))
    }
}
