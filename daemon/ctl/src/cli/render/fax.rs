//! `tipring fax` as text.

mod memory;
mod picture;

use tipring_ctl::report::{CallDirection, FaxList, FaxReport, FaxStats, FaxTotals, StoredFax};
use tipring_ctl::words::fax_advice;
use tipring_types::trace::SwitchAnswer;
use tipring_types::{FaxRecord, FaxSwitch, FaxTransport, Side, TenthDbm0};

pub(crate) use memory::{fax_memory, fax_memory_forgotten};

use super::super::output::{Paint, clean};
use super::{Facts, heading, length, lines, local, moment, plain, plural, table};

/// Columns of a list for the number and name of the far end.
const FAR_END: usize = 14;

fn trouble(paint: Paint, trouble: Option<&String>) -> String {
    let text = trouble.map(|t| format!("{} nothing is kept at present: {t}\n\n", paint.bad("!")));
    text.unwrap_or_default()
}

pub(crate) fn fax_list(paint: Paint, list: &FaxList) -> String {
    let mut out = trouble(paint, list.trouble.as_ref());
    out += &rows(paint, &list.faxes);
    if list.more {
        out += "\nThere are older ones: see --limit and --since.\n";
    }
    out += &super::history::missing(list.unreadable, list.lost);
    out
}

pub(super) fn rows(paint: Paint, faxes: &[FaxReport]) -> String {
    if faxes.is_empty() {
        return "none\n".to_owned();
    }
    let mut rows = table(
        paint,
        &[
            "FAX", "PORT", "BEGAN", "", "FAR END", "BY", "PAGES", "RATE", "RESULT",
        ],
    );
    for report in faxes {
        let (fax, record) = (&report.fax, &report.fax.record);
        rows.add_row([
            plain(fax.number.to_string()),
            plain(fax.port.to_string()),
            plain(local(
                record.begin_unix_ms.saturating_mul(1000),
                "%m-%d %H:%M",
            )),
            plain(direction(fax.direction)),
            plain(short(&far_end(fax))),
            plain(match record.transport {
                FaxTransport::T38 => "T.38",
                FaxTransport::G711 | FaxTransport::G711Redundant { .. } => "G.711",
            }),
            plain(record.pages.to_string()),
            plain(record.rate.map_or("-".to_owned(), |rate| rate.to_string())),
            match fax.verdict.is_success() {
                true => plain("good"),
                false => plain(&report.code),
            },
        ]);
    }
    lines(&rows)
}

pub(crate) fn fax_stats(paint: Paint, stats: &FaxStats) -> String {
    let mut out = trouble(paint, stats.trouble.as_ref());
    if stats.ports.is_empty() {
        return out + "no faxes\n";
    }
    let port = |t: &FaxTotals| t.port.map_or("-".to_owned(), |port| port.to_string());
    let header = [
        "PORT",
        "FAXES",
        "GOOD",
        "PAGES",
        "ECM",
        "RATE",
        "LOST",
        "COMMONEST",
    ];
    out += &totals(paint, &header, &stats.ports, port);
    let far = |t: &FaxTotals| short(t.far_number.as_deref().unwrap_or("no number"));
    let header = [
        "FAR END",
        "FAXES",
        "GOOD",
        "PAGES",
        "ECM",
        "RATE",
        "LOST",
        "COMMONEST",
    ];
    out += "\n";
    out += &totals(paint, &header, &stats.numbers, far);
    if stats.more {
        out += "\nThere are more far numbers: name a port, or use --since.\n";
    }
    out
}

fn totals(
    paint: Paint,
    header: &[&str],
    all: &[FaxTotals],
    name: impl Fn(&FaxTotals) -> String,
) -> String {
    let mut rows = table(paint, header);
    for t in all {
        rows.add_row([
            plain(name(t)),
            plain(t.faxes.to_string()),
            plain(share(t.good, t.faxes)),
            plain(t.pages.to_string()),
            plain(share(t.ecm, t.agreed)),
            plain(t.usual_rate.map_or("-".to_owned(), |rate| rate.to_string())),
            plain(format!("{:.2} %", t.loss_percent)),
            plain(match &t.commonest_failure {
                Some(code) => format!("{code}:{}", t.commonest_failures),
                None => "-".to_owned(),
            }),
        ]);
    }
    lines(&rows)
}

fn share(part: u64, all: u64) -> String {
    match all {
        0 => "-".to_owned(),
        all => format!("{} %", (part.saturating_mul(100) + all / 2) / all),
    }
}

fn direction(direction: CallDirection) -> &'static str {
    match direction {
        CallDirection::Outgoing => "to",
        CallDirection::Incoming => "by",
    }
}

fn far_end(fax: &StoredFax) -> String {
    match (&fax.far_number, &fax.far_name) {
        (Some(number), Some(name)) => format!("{number} {name}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "-".to_owned(),
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= FAR_END {
        return text.to_owned();
    }
    text.chars().take(FAR_END - 1).chain(['…']).collect()
}

pub(crate) fn fax(paint: Paint, report: &FaxReport) -> String {
    let (fax, record) = (&report.fax, &report.fax.record);
    let mark = match fax.verdict.is_success() {
        true => paint.good("good:"),
        false => paint.bad("failed:"),
    };
    let mut out = format!("{mark} {}\n", clean(&report.text));
    if !fax.verdict.is_success() {
        out += &format!("    why: {}\n", clean(&report.why));
        out += &format!("    {}: {}\n", paint.good("cure"), clean(&report.cure));
    }
    out += "\n";
    let mut facts = Facts::new(paint);
    let call = fax
        .call
        .map_or(String::new(), |call| format!(", call {call}"));
    facts.add("fax", format!("{} at port {}{call}", fax.number, fax.port));
    let to = direction(fax.direction);
    facts.add("far end", format!("{to} {}", clean(&far_end(fax))));
    facts.add_text(
        "far address",
        fax.far_address.as_deref().unwrap_or_default(),
    );
    facts.add("began", moment(record.begin_unix_ms));
    facts.add("lasted", length(record.length_ms / 1000));
    for (name, side) in [("machine here", Side::Line), ("far machine", Side::Network)] {
        facts.add_text(
            name,
            record.identities.of(side).as_deref().unwrap_or_default(),
        );
    }
    if let Some(sender) = record.sender {
        facts.add("document", format!("sent by {}", machine(sender)));
    }
    facts.add("pages", pages(record));
    facts.add("carried by", transport(record));
    for switch in &record.switches {
        facts.add("switch", switched(switch));
    }
    for advised in &record.advised {
        facts.add("fax memory", clean(&fax_advice(advised)));
    }
    facts.add("modem", modem(record));
    facts.add("trainings", trainings(record));
    let damaged = record.bad_frames;
    facts.add(
        "damaged frames",
        format!(
            "{} from here, {} from the far machine",
            damaged.line, damaged.network
        ),
    );
    facts.add("level", levels(record));
    if let Some(erl) = record.erl {
        facts.add("echo", format!("{erl} weaker than what is sent (ERL)"));
    }
    facts.add("network", network(record));
    facts.add("clocks", clocks(record));
    if let Some(timer) = record.timer {
        facts.add("timer", format!("{timer} of T.30 ran out"));
    }
    if record.unheard > 0 {
        facts.add("unheard", plural(record.unheard, "signal"));
    }
    out += &facts.text();
    let picture = picture::picture(record, picture::width());
    if !picture.is_empty() {
        out += &heading(paint, "Session");
        out += &picture;
    }
    out
}

fn machine(side: Side) -> &'static str {
    match side {
        Side::Line => "the machine here",
        Side::Network => "the far machine",
    }
}

fn pages(record: &FaxRecord) -> String {
    let mut text = format!("{} confirmed", record.pages);
    for (count, what) in [
        (record.poor_pages, "of them poor"),
        (record.refused_pages, "refused"),
        (record.resent_frames, "frames sent again"),
    ] {
        if count > 0 {
            text += &format!(", {count} {what}");
        }
    }
    text
}

fn transport(record: &FaxRecord) -> String {
    match record.transport {
        FaxTransport::G711 => "G.711".to_owned(),
        FaxTransport::G711Redundant { copies } => {
            format!(
                "G.711 with {} in each packet",
                plural(u64::from(copies), "earlier one")
            )
        }
        FaxTransport::T38 => "T.38".to_owned(),
    }
}

fn switched(switch: &FaxSwitch) -> String {
    let asked = match (switch.event, switch.by) {
        (None, _) => "nobody asked".to_owned(),
        (Some(event), Side::Line) => format!("this gateway sent NSE {event}"),
        (Some(event), Side::Network) => format!("the far gateway sent NSE {event}"),
    };
    let answer = match switch.answer {
        SwitchAnswer::Agreed => "agreed",
        SwitchAnswer::Refused => "refused",
        SwitchAnswer::Nothing => "no answer",
        SwitchAnswer::T38 => "T.38 came",
        SwitchAnswer::Ignored => "ignored",
        SwitchAnswer::VoiceOn => "voice went on",
    };
    let after = f64::from(switch.after_ms) / 1000.0;
    format!("{after:.1} s: {asked}, {answer}: {}", switch.mode)
}

fn modem(record: &FaxRecord) -> String {
    let Some(rate) = record.rate else {
        return "none agreed".to_owned();
    };
    let name = record
        .modem
        .map_or(String::new(), |modem| format!("{modem}, "));
    let ecm = match record.ecm {
        Some(true) => ", error correction (ECM)",
        Some(false) => ", no error correction",
        None => "",
    };
    format!("{name}{rate} bit/s{ecm}")
}

fn trainings(record: &FaxRecord) -> String {
    if record.rates.is_empty() {
        return "none".to_owned();
    }
    let rates: Vec<String> = record.rates.iter().map(u32::to_string).collect();
    format!(
        "{} bit/s, {} failed",
        rates.join(", "),
        record.failed_trainings
    )
}

fn levels(record: &FaxRecord) -> String {
    let level = |level: Option<TenthDbm0>| level.map_or("unknown".to_owned(), |l| l.to_string());
    format!(
        "{} from here, {} from the far machine",
        level(record.level.line),
        level(record.level.network)
    )
}

fn network(record: &FaxRecord) -> String {
    let path = &record.path;
    let mut text = format!(
        "{} lost, {} brought back by redundancy",
        plural(path.lost, "packet"),
        path.recovered
    );
    if let Some(lost) = path.far_lost {
        text += &format!("; {lost} of those from here lost, as the far end reports");
    }
    if let Some(ms) = path.concealed_ms.filter(|ms| *ms > 0) {
        text += &format!(", {ms} ms concealed");
    }
    if let Some(jitter) = path.jitter_tenth_ms {
        text += &format!(", jitter {:.1} ms", f64::from(jitter) / 10.0);
    }
    text
}

fn clocks(record: &FaxRecord) -> String {
    let slips = match record.path.slips {
        Some(slips) => plural(slips, "slip"),
        None => "no slips in T.38".to_owned(),
    };
    match record.path.drift_ppm {
        Some(ppm) => format!("{slips}, the far clock {ppm:+} ppm"),
        None => slips,
    }
}

#[cfg(test)]
pub(super) mod tests;
