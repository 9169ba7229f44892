//! Reports as text for people.

mod call;
mod config;
mod explain;
mod fax;
mod hardware;
mod history;
mod linetest;
mod media;
mod port;
mod reload;
mod server;
mod sim;
mod status;

pub(crate) use call::{call, call_list, trace};
pub(crate) use config::{gateway_settings, port_settings};
pub(crate) use explain::{call_story, gateway_story, port_story};
#[cfg(test)]
pub(crate) use fax::tests::stored as stored_fax;
pub(crate) use fax::{fax, fax_list, fax_memory, fax_memory_forgotten, fax_stats};
pub(crate) use hardware::hardware;
pub(crate) use history::history;
pub(crate) use linetest::line_test;
pub(crate) use port::{port, port_list, port_numbers};
pub(crate) use reload::reload;
pub(crate) use server::{restart, server_list};
pub(crate) use sim::sim;
pub(crate) use status::{findings, status};

use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets,
};
use tipring_ctl::report::{Counter, FindingReport};
use tipring_ctl::words::length;
pub(crate) use tipring_ctl::words::plural;

use super::output::{Paint, clean};

/// What a table has room for where no terminal says how wide it is.
const WIDTH: u16 = 80;

/// A table without lines, with a header. What is too wide goes on in the next line of its cell.
fn table(paint: Paint, header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !paint.colour || table.width().is_none() {
        table.set_width(WIDTH);
    }
    if paint.colour {
        table.enforce_styling();
        let bold = |text| Cell::new(text).add_attribute(Attribute::Bold);
        table.set_header(header.iter().map(bold));
    } else {
        table.force_no_tty();
        table.set_header(header.iter().map(Cell::new));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

fn plain(text: impl AsRef<str>) -> Cell {
    Cell::new(clean(text.as_ref()))
}

fn painted(text: &str, colour: Color) -> Cell {
    Cell::new(clean(text)).fg(colour)
}

/// The lines of a table without the blanks at their ends. A table that is too wide breaks cells between words: a state
/// or a number that is cut in the middle can neither be read nor searched for. Where there is no room for that either,
/// the columns with the longest words go first.
fn lines(table: &Table) -> String {
    let mut whole = longest_words(table);
    let width = table.width().unwrap_or(WIDTH);
    loop {
        let mut table = table.clone();
        for (column, word) in table.column_iter_mut().zip(&whole) {
            if column.constraint().is_none() && *word > 0 {
                let with_padding = Width::Fixed(*word + 2);
                column.set_constraint(ColumnConstraint::LowerBoundary(with_padding));
            }
        }
        let text = table.trim_fmt();
        let widest = text.lines().map(shown_width).max().unwrap_or(0);
        match whole.iter_mut().max() {
            Some(longest) if *longest > 0 && widest > usize::from(width) => *longest = 0,
            _ => return text + "\n",
        }
    }
}

/// Characters of the longest word in each column.
fn longest_words(table: &Table) -> Vec<u16> {
    let columns = table.header().map_or(0, |header| header.cell_count());
    let mut longest = vec![0; columns];
    for row in table.header().into_iter().chain(table.row_iter()) {
        for (longest, cell) in longest.iter_mut().zip(row.cell_iter()) {
            let content = cell.content();
            let words = content.split_whitespace().map(|w| w.chars().count());
            let here = words.max().unwrap_or(0);
            *longest = u16::try_from(here).unwrap_or(u16::MAX).max(*longest);
        }
    }
    longest
}

/// Characters of a line, without its colours (`ESC [ … m`).
pub(crate) fn shown_width(line: &str) -> usize {
    let mut parts = line.split('\x1b');
    let first = parts.next().map_or(0, |text| text.chars().count());
    let coloured = parts.map(|part| part.split_once('m').map_or(0, |(_, t)| t.chars().count()));
    first + coloured.sum::<usize>()
}

/// `name: value` lines with aligned values.
struct Facts {
    paint: Paint,
    lines: Vec<(&'static str, String)>,
}

impl Facts {
    fn new(paint: Paint) -> Facts {
        Facts {
            paint,
            lines: Vec::new(),
        }
    }

    fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.lines.push((name, value.into()));
    }

    /// Adds text that came from elsewhere, if it says anything.
    fn add_text(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.add(name, clean(value));
        }
    }

    fn text(&self) -> String {
        let width = self
            .lines
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        self.lines
            .iter()
            .map(|(name, value)| {
                format!("{}  {value}\n", self.paint.faint(&format!("{name:width$}")))
            })
            .collect()
    }
}

fn heading(paint: Paint, text: &str) -> String {
    format!("\n{}\n", paint.bold(text))
}

fn finding(paint: Paint, whose: &str, finding: &FindingReport) -> String {
    let mut out = format!("{} {whose}{}\n", paint.bad("!"), clean(&finding.what()));
    if !finding.cure.is_empty() {
        out += &format!("    {}: {}\n", paint.good("cure"), clean(&finding.cure));
    }
    out
}

/// All counters that have counted something.
fn counters(paint: Paint, title: &str, counters: &[Counter]) -> String {
    let counted: Vec<&Counter> = counters
        .iter()
        .filter(|counter| counter.value > 0)
        .collect();
    if counted.is_empty() {
        return String::new();
    }
    let mut table = table(paint, &["COUNT", title, ""]);
    for counter in counted {
        table.add_row([
            plain(counter.value.to_string()),
            plain(&counter.name),
            plain(&counter.help),
        ]);
    }
    format!("\n{}", lines(&table))
}

/// Milliseconds since 1970 as local date and time.
pub(crate) fn moment(unix_ms: u64) -> String {
    local(unix_ms.saturating_mul(1000), "%Y-%m-%d %H:%M:%S")
}

/// Microseconds since 1970 as local time of day.
pub(crate) fn clock(unix_us: u64) -> String {
    local(unix_us, "%H:%M:%S%.3f")
}

fn local(unix_us: u64, format: &str) -> String {
    let timestamp = i64::try_from(unix_us)
        .ok()
        .and_then(|us| jiff::Timestamp::from_microsecond(us).ok());
    match timestamp {
        Some(timestamp) => timestamp
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime(format)
            .to_string(),
        None => "?".to_owned(),
    }
}

/// A word of an enumeration as JSON has it.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "?".to_owned(),
    }
}
