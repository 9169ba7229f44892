//! A fax as a time line of both directions.
//!
//! The machine of the port is on the left, the far one on the right. What one machine signals in one go is one row; a signal
//! that comes again and again without an answer is one row with its number.

use tipring_types::{FaxRecord, FaxStep, Side};

/// What a terminal that is narrower than 80 columns has to show.
const NARROW: usize = 60;
const WIDE: usize = 80;
/// Columns of the time.
const TIME: usize = 9;
/// Signals of one machine that are this close together are one row, ms.
const TOGETHER: u32 = 2500;

/// Columns for the picture.
pub(super) fn width() -> usize {
    let columns = comfy_table::Table::new().width().map_or(WIDE, usize::from);
    columns.clamp(NARROW, WIDE)
}

/// One row.
struct Row {
    after_ms: u32,
    last_ms: u32,
    from: Side,
    signs: Vec<String>,
    times: u32,
}

fn sign(step: &FaxStep, page: &mut u32) -> String {
    let mut text = match &*step.sign {
        "page" => {
            *page += 1;
            format!("page {page}")
        }
        sign => sign.to_owned(),
    };
    if let Some(rate) = step.rate {
        text += &format!(" {rate}");
    }
    if let Some(ms) = step.length_ms.filter(|_| step.sign == "page") {
        text += &format!(", {:.1} s", f64::from(ms) / 1000.0);
    }
    text
}

/// What ends one attempt of a page, so that the next fast carrier is another page and not the rest of this one.
fn is_confirmed(sign: &str) -> bool {
    matches!(sign, "MCF" | "RTP")
}

fn rows(steps: &[FaxStep]) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![];
    // A page that goes on after a correction keeps its number.
    let (mut pages, mut goes_on) = (0, false);
    for step in steps {
        if step.sign == "page" && goes_on {
            pages -= 1;
        }
        let text = sign(step, &mut pages);
        goes_on = match &*step.sign {
            "page" => true,
            sign => goes_on && !is_confirmed(sign),
        };
        match rows.last_mut() {
            Some(row) if row.from == step.from && row.signs == [text.clone()] => {
                row.times += 1;
                row.last_ms = step.after_ms;
            }
            Some(row)
                if row.from == step.from
                    && row.times == 1
                    && step.after_ms.saturating_sub(row.last_ms) <= TOGETHER
                    && step.length_ms.is_none()
                    && step.sign != "page"
                    && step.sign != "training"
                    && !row.signs.contains(&text)
                    && !row
                        .signs
                        .iter()
                        .any(|s| s.starts_with("page") || s.starts_with("training")) =>
            {
                row.signs.push(text);
                row.last_ms = step.after_ms;
            }
            _ => rows.push(Row {
                after_ms: step.after_ms,
                last_ms: step.after_ms,
                from: step.from,
                signs: vec![text],
                times: 1,
            }),
        }
    }
    rows
}

/// As many of the signs as fit, with dots for the others.
fn fitted(row: &Row, room: usize) -> String {
    let mut text = row.signs.join(" ");
    if row.times > 1 {
        text += &format!(" ({} times)", row.times);
    }
    if text.chars().count() > room {
        text = text
            .chars()
            .take(room.saturating_sub(1))
            .chain(['…'])
            .collect();
    }
    text
}

/// The picture in this number of columns; empty when nothing of the session is known.
pub(super) fn picture(record: &FaxRecord, width: usize) -> String {
    let steps = &record.steps;
    if steps.is_empty() {
        return String::new();
    }
    let line = width.saturating_sub(TIME);
    let mut out = format!(
        "{:TIME$}{:<left$}{:>right$}\n",
        "",
        "HERE",
        "FAR END",
        left = line / 2,
        right = line - line / 2
    );
    let mut switches = record.switches.iter().peekable();
    let switched = |after_ms: u32, mode: &str| {
        let text = format!(" now {mode} ");
        format!("{}{text:-^line$}\n", time(after_ms))
    };
    for row in rows(steps) {
        while let Some(switch) = switches.next_if(|switch| switch.after_ms <= row.after_ms) {
            out += &switched(switch.after_ms, switch.mode.name());
        }
        // The arrow takes at least four columns.
        let text = fitted(&row, line - 6);
        let arrow = line - text.chars().count() - 3;
        let drawn = match row.from {
            Side::Line => format!("{text} {}>", "-".repeat(arrow + 1)),
            Side::Network => format!("<{} {text}", "-".repeat(arrow + 1)),
        };
        out += &format!("{}{drawn}\n", time(row.after_ms));
    }
    for switch in switches {
        out += &switched(switch.after_ms, switch.mode.name());
    }
    let end = u32::try_from(record.length_ms).unwrap_or(u32::MAX);
    out + &format!("{}over\n", time(end))
}

fn time(after_ms: u32) -> String {
    let tenths = after_ms / 100;
    let text = format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10);
    format!("{text:<TIME$}")
}
