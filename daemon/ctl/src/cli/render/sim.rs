//! `tipring sim` as text.

use tipring_ctl::report::{CallerIdHeard, FaxResult, FaxRole, SimSetState, SimSnapshot};

use super::super::output::{Paint, clean};
use super::{Facts, plural, word};

pub(crate) fn sim(paint: Paint, report: &SimSnapshot) -> String {
    let mut facts = Facts::new(paint);
    let mut set = match report.set {
        SimSetState::OnHook => "on-hook".to_owned(),
        SimSetState::Ringing => format!("ringing, {}", plural(report.bursts.into(), "burst")),
        SimSetState::OffHook => "off-hook".to_owned(),
        SimSetState::LoopBreak => "off-hook, loop open for a moment".to_owned(),
    };
    if let Some(bursts) = report.answer_after_bursts {
        set += &format!(
            ", answers by itself after {}",
            plural(bursts.into(), "burst")
        );
    }
    facts.add("phone", set);
    if !report.ring_bursts_ms.is_empty() {
        let bursts: Vec<String> = report
            .ring_bursts_ms
            .iter()
            .map(|(on, off)| {
                if *off == 0 {
                    format!("{on}")
                } else {
                    format!("({off}) {on}")
                }
            })
            .collect();
        facts.add(
            "has rung",
            match bursts.as_slice() {
                [one] => format!("once, {one} ms"),
                _ => format!("{} ms, pauses in brackets", bursts.join(" ")),
            },
        );
    }
    if let Some(id) = &report.caller_id {
        facts.add("caller id", caller_id(id));
    }
    let heard = match (report.heard.dbm0, report.heard.hz) {
        (Some(level), Some(hz)) => format!("{level:.1} dBm0, strongest at {hz:.0} Hz"),
        (Some(level), None) => format!("{level:.1} dBm0"),
        (None, _) => "silence".to_owned(),
    };
    facts.add("hears now", heard);
    facts.add_text("digits heard", &report.digits_heard);
    facts.add_text("dialing", &report.dialing);
    if report.talking {
        facts.add("talking", "yes");
    }
    facts.add_text("recording", report.recording.as_deref().unwrap_or_default());
    facts.add("message lamp", if report.lamp { "on" } else { "off" });
    facts.add(
        "feed",
        format!(
            "{}, {}, {}",
            word(&report.polarity),
            plural(report.polarity_changes, "reversal"),
            plural(report.open_loops, "opening")
        ),
    );
    if let Some(fax) = &report.fax {
        let of = fax
            .pages_total
            .map_or_else(String::new, |total| format!(" of {total}"));
        let text = format!(
            "{}: {}, {}{of} pages, {} bit/s",
            role(fax.role),
            fax.phase,
            fax.pages,
            fax.bit_rate
        );
        facts.add("fax", clean(&text));
    }
    if let Some(result) = &report.last_fax {
        facts.add("last fax", fax_result(paint, result));
    }
    let hybrid = &report.hybrid;
    facts.add(
        "hybrid",
        format!(
            "loss {:.1} dB, echo after {:.2} ms, noise {:.0} dBm0",
            hybrid.loss_db, hybrid.delay_ms, hybrid.noise_dbm0
        ),
    );
    let card = &report.card;
    let mut blocks = format!(
        "{} blocks to and {} from the gateway; {} lost, {} of silence, {} lost",
        card.blocks_to_gateway,
        card.blocks_from_gateway,
        card.read_overruns,
        card.write_underruns,
        plural(card.events_lost, "event")
    );
    if card.ring_voltage {
        blocks += "; ringing voltage";
    }
    if card.on_hook_transmission {
        blocks += "; on-hook transmission";
    }
    facts.add("card", blocks);
    if let Some(fault) = &report.fault {
        facts.add("fault", paint.bad(&clean(fault)));
    }
    paint.bold(&format!("Port {} (simulated)", report.port)) + "\n" + &facts.text()
}

fn caller_id(id: &CallerIdHeard) -> String {
    let absent = |why: Option<char>| match why {
        Some('P') => "withheld".to_owned(),
        Some('O') => "not available".to_owned(),
        Some(other) => format!("absent ({other})"),
        None => "not sent".to_owned(),
    };
    let number = id
        .number
        .clone()
        .unwrap_or_else(|| absent(id.number_absent));
    let name = id
        .name
        .as_deref()
        .map_or_else(String::new, |name| format!(", name {name}"));
    let time = id
        .time
        .as_deref()
        .map_or_else(String::new, |time| format!(", time {time}"));
    let when = match id.after_bursts {
        0 => "before the first ring".to_owned(),
        bursts => format!("after {}", plural(bursts.into(), "burst")),
    };
    clean(&format!(
        "{number}{name}{time} ({}, {when})",
        word(&id.coding)
    ))
}

fn role(role: FaxRole) -> &'static str {
    match role {
        FaxRole::Send => "sending",
        FaxRole::Receive => "receiving",
    }
}

fn fax_result(paint: Paint, result: &FaxResult) -> String {
    let verdict = if result.ok {
        paint.good("good")
    } else {
        paint.bad("bad")
    };
    let text = format!(
        ": {} {} at {} bit/s{}, {} s; {} (code {})",
        match result.role {
            FaxRole::Send => "sent",
            FaxRole::Receive => "received",
        },
        plural(result.pages.into(), "page"),
        result.bit_rate,
        if result.ecm {
            " with error correction"
        } else {
            ""
        },
        result.took_ms / 1000,
        result.text,
        result.code
    );
    let far = if result.far_ident.is_empty() {
        String::new()
    } else {
        format!(", far end {}", result.far_ident)
    };
    let repairs = match (result.bad_rows, result.retries) {
        (0, 0) => String::new(),
        (rows, retries) => format!(", {rows} bad rows, {retries} retries"),
    };
    verdict + &clean(&(text + &far + &repairs))
}
