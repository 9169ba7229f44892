//! `tipring history` as text, in 80 columns.

use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use tipring_ctl::report::{CallDirection, FaxReport, History, StoredCall, StoredFinding};
use tipring_store::What;
use tipring_types::EndCause;

use super::super::output::Paint;
use super::{length, lines, local, plain, table};

/// Columns of a terminal.
const WIDTH: u16 = 80;
/// Of these, for the number and name of the far end.
const FAR_END: usize = 16;

pub(crate) fn history(paint: Paint, what: What, history: &History) -> String {
    let mut out = String::new();
    if let Some(trouble) = &history.trouble {
        out += &format!(
            "{} nothing is kept at present: {trouble}\n\n",
            paint.bad("!")
        );
    }
    if what == What::Summary {
        return out + &summary(paint, history);
    }
    if what != What::Findings {
        out += &(paint.bold("Calls") + "\n" + &calls(paint, &history.calls));
    }
    if !history.faxes.is_empty() {
        let faxes: Vec<_> = history.faxes.iter().cloned().map(FaxReport::of).collect();
        out += &format!(
            "\n{}\n{}",
            paint.bold("Faxes"),
            super::fax::rows(paint, &faxes)
        );
    }
    if what != What::Calls {
        out += if out.is_empty() { "" } else { "\n" };
        out += &(paint.bold("Findings") + "\n" + &findings(paint, &history.findings));
    }
    if history.more {
        out += "\nThere are older ones: see --limit and --since.\n";
    }
    out += &missing(history.unreadable, history.lost);
    out
}

/// What is not there, and what to do about it.
pub(super) fn missing(unreadable: u64, lost: u64) -> String {
    let mut out = String::new();
    if unreadable > 0 {
        out += &format!(
            "\n{} could not be read: a later version of Tipring kept them,\n\
             or the file is damaged. Read them with that version:\n\
             `tipring fax list --file FILE`\n",
            super::plural(unreadable, "stored fax")
        );
    }
    if lost > 0 {
        out += &format!(
            "\n{} (calls, faxes, findings, far ends) could not be kept since the\n\
             daemon was started. They are lost. See `tipring status` for what is wrong with\n\
             the history, and the disk and its free space.\n",
            super::plural(lost, "record")
        );
    }
    out
}

fn calls(paint: Paint, calls: &[StoredCall]) -> String {
    if calls.is_empty() {
        return "none\n".to_owned();
    }
    let header = [
        "PORT", "BEGAN", "", "FAR END", "TALKED", "LOST", "MOS", "ENDED",
    ];
    let mut rows = table(paint, &header);
    for call in calls {
        rows.add_row([
            plain(call.port.to_string()),
            plain(moment(call.begun_unix_ms)),
            plain(match call.direction {
                CallDirection::Outgoing => "to",
                CallDirection::Incoming => "by",
            }),
            plain(short(&far_end(call))),
            plain(if call.is_answered() {
                length(call.talked_ms / 1000)
            } else {
                "-".to_owned()
            }),
            plain(lost(call.packets_received, call.packets_lost)),
            plain(
                call.mean_mos
                    .map_or("-".to_owned(), |mos| format!("{mos:.1}")),
            ),
            plain(end(&call.end)),
        ]);
    }
    lines(&rows)
}

fn summary(paint: Paint, history: &History) -> String {
    if history.summary.is_empty() {
        return "no calls\n".to_owned();
    }
    let header = ["PORT", "CALLS", "ANSWERED", "FAILED", "TALKED", "LOST"];
    let mut rows = table(paint, &header);
    for port in &history.summary {
        rows.add_row([
            plain(port.port.to_string()),
            plain(port.calls.to_string()),
            plain(port.answered.to_string()),
            plain(port.failed.to_string()),
            plain(length(port.talked_ms / 1000)),
            plain(lost(port.packets_received, port.packets_lost)),
        ]);
    }
    lines(&rows) + "FAILED: ended by a failure, before or after the answer\n"
}

fn findings(paint: Paint, findings: &[StoredFinding]) -> String {
    if findings.is_empty() {
        return "none\n".to_owned();
    }
    let mut rows = table(paint, &["PORT", "BEGAN", "LASTED", "FINDING"]);
    wrap(&mut rows);
    for finding in findings {
        let lasted = match finding.ended_unix_ms {
            Some(end) => length(end.saturating_sub(finding.begun_unix_ms) / 1000),
            None if finding.now => "not over".to_owned(),
            // The daemon was killed before it ended.
            None => "unknown".to_owned(),
        };
        let port = finding.port.map_or("-".to_owned(), |p| p.to_string());
        rows.add_row([
            plain(port),
            plain(moment(finding.begun_unix_ms)),
            plain(lasted),
            plain(&finding.text),
        ]);
    }
    lines(&rows)
}

/// The last column takes as many lines as it needs.
fn wrap(table: &mut Table) {
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    for column in table.column_iter_mut().take(3) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn moment(unix_ms: u64) -> String {
    local(unix_ms.saturating_mul(1000), "%Y-%m-%d %H:%M")
}

fn far_end(call: &StoredCall) -> String {
    let dialed = call.dialed.as_ref();
    match (call.number.as_ref().or(dialed), &call.name) {
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

/// Of the packets that should have come, those that did not.
fn lost(received: u64, lost: u64) -> String {
    let wanted = received.saturating_add(lost);
    if wanted == 0 {
        return "-".to_owned();
    }
    let percent = 100.0 * lost as f64 / wanted as f64;
    format!("{percent:.1} %")
}

/// Why a call ended; a word of a later version as it is.
fn end(word: &str) -> String {
    let text = match EndCause::from_name(word) {
        None => word,
        Some(EndCause::NearHangUp) => "hung up here",
        Some(EndCause::FarHangUp) => "far end hung up",
        Some(EndCause::NotAnswered) => "not answered",
        Some(EndCause::AnsweredElsewhere) => "other phone",
        Some(EndCause::Busy) => "busy",
        Some(EndCause::Congestion) => "reorder",
        Some(EndCause::Refused) => "refused",
        Some(EndCause::NoDigits) => "no digit",
        Some(EndCause::Transferred) => "transferred",
        Some(EndCause::LinkLost) => "server lost",
        Some(EndCause::RtpEnded) => "RTP ended",
        Some(EndCause::LineFault) => "line fault",
        Some(EndCause::Stopped) => "gateway stopped",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAINT: Paint = Paint { colour: false };

    fn widest(text: &str) -> usize {
        text.lines().map(|l| l.chars().count()).max().unwrap_or(0)
    }

    #[test]
    fn every_line_fits_eighty_columns() {
        let calls = EndCause::NAMES.iter().map(|end| StoredCall {
            port: 1024,
            number: Some("+4930123456789012345".into()),
            name: Some("Ada Augusta Countess of Lovelace".into()),
            answered_unix_ms: Some(1),
            talked_ms: 86_399_000,
            packets_lost: 7,
            mean_mos: Some(4.36),
            end: (*end).to_owned(),
            ..StoredCall::default()
        });
        let finding = StoredFinding {
            port: Some(1024),
            text: "not registered: 10.0.0.1:2000: cannot connect: no route to the server; 10.0.0.2:2000: cannot connect"
                .into(),
            begun_unix_ms: 1_795_960_931_000,
            ended_unix_ms: Some(1_795_964_831_000),
            ..StoredFinding::default()
        };
        let history = History {
            calls: calls.collect(),
            findings: vec![finding],
            more: true,
            lost: 1,
            ..History::default()
        };
        let text = super::history(PAINT, What::All, &history);
        assert!(widest(&text) <= 80, "{}:\n{text}", widest(&text));
        assert!(
            text.contains("100.0 %") && text.contains("23 h 59 min") && text.contains("  4.4  "),
            "{text}"
        );
        assert!(text.contains("1 h 5 min"), "{text}");
    }

    #[test]
    fn what_is_missing_is_said_with_the_cure() {
        assert_eq!(missing(0, 0), "");
        let text = missing(1, 1);
        assert!(
            text.starts_with("\n1 stored fax could not be read"),
            "{text}"
        );
        assert!(text.contains("\n1 record (calls, faxes,"), "{text}");
        let text = missing(3, 12_345);
        assert!(text.contains("3 stored faxes could") && text.contains("--file FILE"));
        assert!(text.contains("12345 records") && text.contains("`tipring status`"));
        assert!(widest(&text) <= 80, "{text}");
    }

    #[test]
    fn calls_added_up_are_one_row_a_port() {
        let mut history = History::default();
        let text = super::history(PAINT, What::Summary, &history);
        assert_eq!(text, "no calls\n");
        history.summary = serde_json::from_value(serde_json::json!([
            { "port": 3, "calls": 12, "answered": 9, "failed": 2, "talked_ms": 754_000,
              "packets_received": 995, "packets_lost": 5 },
            { "port": 1024, "calls": 1 }
        ]))
        .unwrap();
        let text = super::history(PAINT, What::Summary, &history);
        assert_eq!(
            text,
            "PORT  CALLS  ANSWERED  FAILED  TALKED       LOST\n\
             3     12     9         2       12 min 34 s  0.5 %\n\
             1024  1      0         0       0 s          -\n\
             FAILED: ended by a failure, before or after the answer\n"
        );
    }

    #[test]
    fn a_finding_that_goes_on_and_one_whose_end_nobody_saw_are_not_the_same() {
        let open = |now| StoredFinding {
            now,
            text: "no battery".into(),
            ..StoredFinding::default()
        };
        let history = History {
            findings: vec![open(true), open(false)],
            ..History::default()
        };
        let text = super::history(PAINT, What::Findings, &history);
        assert!(
            text.contains("not over") && text.contains("unknown"),
            "{text}"
        );
        assert!(!text.contains("Calls"), "{text}");
        let both = super::history(PAINT, What::All, &History::default());
        assert_eq!(both, "Calls\nnone\n\nFindings\nnone\n");
        let with_a_fax = History {
            faxes: vec![super::super::fax::tests::stored()],
            ..History::default()
        };
        let text = super::history(PAINT, What::All, &with_a_fax);
        let (calls, rest) = text.split_once("\nFaxes\nFAX").unwrap();
        assert_eq!(calls, "Calls\nnone\n");
        assert!(
            rest.contains("level-low") && rest.ends_with("\nFindings\nnone\n"),
            "{text}"
        );
    }
}
