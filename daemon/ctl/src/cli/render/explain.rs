//! `tipring explain` as text, in 80 columns.

use tipring_ctl::report::{
    CallNoteReport, CallStory, CauseReport, DayReport, GatewayStory, PortStory, RuledOutReport,
    Standing, Verdict,
};
use tipring_ctl::words::{end, ended, length};
use tipring_types::finding::Severity;

use super::super::explain::SHOWN;
use super::super::output::{Paint, clean};
use super::{Facts, heading, moment, plural, port_numbers, word};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Causes of the gateway that are shown in full: the rest is for `tipring status`.
const CAUSES: usize = 4;

pub(crate) fn port_story(paint: Paint, story: &PortStory) -> String {
    let mut out = verdict(paint, &story.verdict);
    let port = &story.port;
    let mut facts = Facts::new(paint);
    let label = if port.label.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", clean(&port.label))
    };
    let profile = clean(&format!("{}, {}", port.profile, story.country));
    facts.add(
        "line",
        format!("channel {}{label}, {profile}", port.channel),
    );
    facts.add(
        "device",
        format!("{} (type {})", clean(&port.device), port.device_type),
    );
    facts.add_text("number", port.number.as_deref().unwrap_or_default());
    let registration = match port.next_attempt_ms {
        Some(ms) => format!(
            "{}, next attempt in {} s",
            word(&port.registration),
            ms.div_ceil(1000)
        ),
        None => word(&port.registration),
    };
    let server = port.server.as_deref().map_or("none", |s| s);
    facts.add("CallManager", format!("{}, {registration}", clean(server)));
    let state = match port.call {
        Some(call) => word(&call),
        None => word(&port.state),
    };
    let peer = port
        .peer
        .as_deref()
        .map_or_else(String::new, |p| format!(", far end {}", clean(p)));
    facts.add("now", format!("{}, {state}{peer}", word(&port.hook)));
    out.push('\n');
    out += &facts.text();
    out += &causes(paint, &story.causes, None);
    out += &ruled_out(paint, &story.ruled_out);
    out + &day(paint, &story.day)
}

pub(crate) fn gateway_story(paint: Paint, story: &GatewayStory) -> String {
    let mut out = verdict(paint, &story.verdict);
    out += &causes(paint, &story.causes, Some(CAUSES));
    out += &ruled_out(paint, &story.ruled_out);
    let day = &story.day;
    out += &heading(paint, "Last 24 hours");
    out += &kept(day);
    let faxes = day.faxes.len();
    let bad = day.faxes.iter().filter(|f| !f.fax.verdict.is_success());
    let bad = bad.count();
    if faxes >= SHOWN && day.more {
        // Those before them were left out.
        let text = format!("at least {faxes} faxes; of the last {faxes}, {bad} failed");
        out += &wrapped("", &text);
    } else if faxes > 0 {
        let text = format!("{}, {bad} failed", plural(faxes as u64, "fax"));
        out += &wrapped("", &text);
    }
    out
}

pub(crate) fn call_story(paint: Paint, story: &CallStory) -> String {
    let mut out = verdict(paint, &story.verdict);
    let call = &story.call;
    let mut facts = Facts::new(paint);
    facts.add("began", moment(call.started_unix_ms));
    facts.add_text("dialled", call.dialed.as_deref().unwrap_or_default());
    match call.answered_after_ms {
        Some(ms) => facts.add("answered", format!("after {:.1} s", ms as f64 / 1000.0)),
        None => facts.add("answered", "no"),
    }
    facts.add("lasted", length(call.duration_ms / 1000));
    match ended(call) {
        Some(why) => facts.add("ended", why),
        None => facts.add("state", word(&call.state)),
    }
    out.push('\n');
    out += &facts.text();
    for leg in &story.legs {
        let far = leg
            .remote
            .as_deref()
            .map_or_else(String::new, |a| format!(", far end {}", clean(a)));
        let which = match leg.leg {
            None => "Audio, all legs together".to_owned(),
            Some(leg) => format!("Audio, leg {leg}"),
        };
        out += &heading(paint, &format!("{which}: {}{far}", leg.codec));
        out += &wrapped("heard here:  ", &leg.heard);
        out += &wrapped("heard there: ", &leg.far_heard);
        if let Some(fax) = &leg.fax {
            out += &wrapped("fax:         ", fax);
        }
    }
    if story.legs.is_empty() {
        out += &heading(paint, "Audio");
        out += "there was none\n";
    }
    if let Some(echo) = &story.echo {
        out += &wrapped("echo:        ", echo);
    }
    out + &notes(paint, &story.notes)
}

fn verdict(paint: Paint, verdict: &Verdict) -> String {
    // One line whatever its length: it is what is read and searched for.
    let text = clean(&verdict.text);
    let text = match verdict.standing {
        Standing::InOrder => paint.good(&text),
        Standing::Remark | Standing::Passing | Standing::Disabled => paint.bold(&text),
        Standing::Impaired | Standing::Dead => paint.bad(&text),
    };
    text + "\n"
}

/// `most`: of this many all is shown, of the rest how many there are.
fn causes(paint: Paint, causes: &[CauseReport], most: Option<usize>) -> String {
    if causes.is_empty() {
        return String::new();
    }
    let mut out = heading(paint, "What is wrong");
    let shown = causes.len().min(most.unwrap_or(usize::MAX));
    for (n, cause) in causes.iter().take(shown).enumerate() {
        let mark = match (cause.severity, &cause.remark) {
            (_, Some(_)) => "note",
            (Severity::Error, _) => "error",
            (Severity::Warning, _) => "warning",
            (Severity::Info, _) => "passing",
        };
        // In the story of one port its number needs no repetition.
        let whose = match (&*cause.ports, most) {
            ([], None) => "gateway: ".to_owned(),
            ([], Some(_)) | (_, None) => String::new(),
            (ports, Some(_)) => format!("{}: ", port_numbers(ports)),
        };
        let head = format!("{}. {mark}: ", n + 1);
        out += &wrapped(&head, &format!("{whose}{}", cause.text));
        for one in &cause.evidence {
            out += &wrapped("     - ", &one.text);
        }
        if !cause.cure.is_empty() {
            out += &wrapped("     do: ", &cause.cure);
        }
    }
    let left = causes.len() - shown;
    if left > 0 {
        out += &format!("{}: `tipring status`\n", plural(left as u64, "more cause"));
    }
    out
}

fn ruled_out(paint: Paint, measured: &[RuledOutReport]) -> String {
    if measured.is_empty() {
        return String::new();
    }
    let all = measured.iter().map(|m| wrapped("+ ", &m.text));
    heading(paint, "Ruled out by measuring") + &all.collect::<String>()
}

fn notes(paint: Paint, notes: &[CallNoteReport]) -> String {
    let mut out = heading(paint, "What was noteworthy");
    if notes.is_empty() {
        return out + "nothing\n";
    }
    for (n, note) in notes.iter().enumerate() {
        out += &wrapped(&format!("{}. ", n + 1), &note.text);
        if !note.cure.is_empty() {
            out += &wrapped("     do: ", &note.cure);
        }
    }
    out
}

/// The calls that the history has, or why it has none of them or not all.
fn kept(day: &DayReport) -> String {
    if let Some(why) = &day.unavailable {
        return wrapped("", &format!("the history was not available: {why}"));
    }
    let trouble = day.trouble.as_ref().map(|why| {
        let text = format!("the last of it is missing, the history is not kept: {why}");
        wrapped("", &text)
    });
    calls(day) + &trouble.unwrap_or_default()
}

fn calls(day: &DayReport) -> String {
    if day.calls == 0 {
        return "no finished call\n".to_owned();
    }
    let wanted = day.packets_received.saturating_add(day.packets_lost);
    let lost = if wanted == 0 {
        String::new()
    } else {
        let percent = 100.0 * day.packets_lost as f64 / wanted as f64;
        format!(", {percent:.1} % of the packets lost")
    };
    wrapped(
        "",
        &format!(
            "{}, {} of them answered; {} failed or broken off; {} talked{lost}",
            plural(day.calls, "call"),
            day.answered,
            day.failed,
            length(day.talked_ms / 1000)
        ),
    )
}

fn day(paint: Paint, day: &DayReport) -> String {
    let mut out = heading(paint, "Last 24 hours");
    out += &kept(day);
    let at = |ms: u64| super::local(ms.saturating_mul(1000), "%m-%d %H:%M:%S");
    // In order of time, whatever it was.
    let mut rows: Vec<(u64, String)> = vec![];
    for call in &day.failed_calls {
        let far = call.number.as_ref().or(call.dialed.as_ref());
        let far = far.map_or_else(String::new, |n| format!(", far end {}", clean(n)));
        let end = end(&call.end);
        let how = match call.is_answered() {
            true => format!("call broken off after {}", length(call.talked_ms / 1000)),
            false => "call failed".to_owned(),
        };
        rows.push((call.ended_unix_ms, format!("{how}{far}: {end}")));
    }
    for finding in &day.findings {
        let until = match finding.ended_unix_ms {
            Some(end) => format!(
                "for {}",
                length(end.saturating_sub(finding.begun_unix_ms) / 1000)
            ),
            None if finding.now => "not over".to_owned(),
            None => "end unknown".to_owned(),
        };
        let text = format!("finding ({until}): {}", clean(&finding.text));
        rows.push((finding.begun_unix_ms, text));
    }
    for fax in &day.faxes {
        let far = fax.fax.far_number.as_ref();
        let far = far.map_or_else(String::new, |n| format!(", far end {}", clean(n)));
        let text = format!("fax {}{far}: {}", fax.fax.number, fax.text);
        rows.push((fax.fax.record.begin_unix_ms, text));
    }
    for step in &day.registration {
        let server = step
            .server
            .as_deref()
            .map_or_else(String::new, |s| format!(" with {}", clean(s)));
        let text = format!("registration{server}: {}", clean(&step.reason));
        rows.push((step.at_unix_ms, text));
    }
    rows.sort_by_key(|(ms, _)| *ms);
    for (ms, text) in rows {
        out += &wrapped(&format!("{}  ", at(ms)), &text);
    }
    if day.more {
        out += "There is more: `tipring history`, `tipring fax list`.\n";
    }
    out
}

/// Text after a head, in lines of 80 columns; those after the first are indented below it.
fn wrapped(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let room = WIDTH.saturating_sub(indent).max(20);
    let (mut out, mut line) = (String::new(), String::new());
    let mut begin = head.to_owned();
    for word in clean(text).split_whitespace() {
        let longer = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && longer > room {
            out += &format!("{begin}{line}\n");
            begin = " ".repeat(indent);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    out + &format!("{begin}{line}\n")
}
