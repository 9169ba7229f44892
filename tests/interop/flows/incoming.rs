//! Calls from outside, and who calls.

use tipring_ctl::request::SimCondition;

use crate::figures::{Failure, Figures};
use crate::flows::audio::MILLIWATT;
use crate::stage::Stage;

pub(crate) fn caller_id(stage: &Stage) -> Result<Figures, Failure> {
    let mut set = stage.port(15)?;
    let number = stage.number(15);
    stage.peer.rx(&format!(
        "channel originate Local/{number}@outside application Milliwatt o"
    ))?;
    // A signal with a hole is not decoded; what is decoded is right.
    let heard = stage.sound(|| set.wait(SimCondition::CallerId, 20))?;
    let heard = heard.caller_id.unwrap_or_default();
    if heard.number.as_deref() != Some("5551234") || heard.name.as_deref() != Some("Ada Lovelace") {
        return Err(format!("the phone decoded {heard:?}").into());
    }
    // The second ring shows the cadence.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(15);
    let cadence = loop {
        let bursts = set.show()?.ring_bursts_ms;
        if let [(first, _), (_, pause), ..] = bursts[..] {
            break format!("{first} ms on, {pause} ms off");
        }
        if std::time::Instant::now() > end {
            return Err(format!("no second ring: {bursts:?}").into());
        }
        std::thread::sleep(std::time::Duration::from_millis(50)); // asks again, with the deadline above
    };
    set.lift()?;
    set.connected()?;
    set.hears(&MILLIWATT)?;
    set.finish()?;
    Ok(Figures::say(format!(
        "{} <{}> after ring {}, then the milliwatt; rings {cadence}",
        heard.name.unwrap_or_default(),
        heard.number.unwrap_or_default(),
        heard.after_bursts,
    )))
}

pub(crate) fn withheld(stage: &Stage) -> Result<Figures, Failure> {
    let mut set = stage.port(16)?;
    let number = stage.number(16);
    stage.peer.rx(&format!(
        "channel originate Local/0{number}@outside application Milliwatt o"
    ))?;
    // A signal with a hole is not decoded; what is decoded is right.
    let heard = stage.sound(|| set.wait(SimCondition::CallerId, 20))?;
    let heard = heard.caller_id.unwrap_or_default();
    let names_caller =
        heard.number.is_some() || heard.name.as_deref().is_some_and(|n| n.contains("Ada"));
    let Some(absent) = heard.number_absent.filter(|_| !names_caller) else {
        return Err(format!("the phone decoded {heard:?}").into());
    };
    set.lift()?;
    set.connected()?;
    set.hears(&MILLIWATT)?;
    set.finish()?;
    // The phone's own tone comes back from the server's echo. Its level is not checked: the echo canceller cannot
    // distinguish the same tone from what the hybrid returns, and may take some of either away.
    set.call("500")?;
    set.connected()?;
    set.tone(700.0, -15.0)?;
    let echo = set.hears(&[700.0])?.heard.hz_dbm0.unwrap_or(-99.0);
    set.quiet()?;
    set.finish()?;
    Ok(Figures::say(format!(
        "number absent `{absent}`, then the server's echo 700 Hz {echo:.1} dBm0"
    )))
}
