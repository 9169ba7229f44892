//! `tipring fax memory` as text.

use tipring_ctl::report::{FarEndReport, FaxMemoryReport};
use tipring_types::{FaxTally, FaxTransport};

use super::super::super::output::{Paint, clean};
use super::super::{lines, local, plain, plural, table};
use super::short;

pub(crate) fn fax_memory(paint: Paint, report: &FaxMemoryReport) -> String {
    if report.far_ends.is_empty() {
        return "nothing is remembered of any far end\n".to_owned();
    }
    let header = [
        "FAR END", "LAST", "BY", "RESULT", "G.711", "T.38", "ASKED", "LOSS", "RATE", "PINNED",
    ];
    let mut rows = table(paint, &header);
    for far in &report.far_ends {
        rows.add_row(row(far).map(plain));
    }
    let mut out = lines(&rows);
    let mut next = String::new();
    for far in &report.far_ends {
        for text in &far.text {
            next += &format!("  {}: {}\n", clean(&far.far), clean(text));
        }
    }
    if !next.is_empty() {
        out += "\nThe next fax, where the settings of the port leave it open:\n";
        out += &next;
    }
    if report.more {
        out += "\nThere are more than one answer has room for.\n";
    }
    out
}

fn row(far: &FarEndReport) -> [String; 10] {
    let (memory, none) = (&far.memory, || "-".to_owned());
    let known = memory.last.is_some();
    let answers = &memory.answers;
    let asked = (answers.agreed)
        .saturating_add(answers.refused)
        .saturating_add(answers.silent);
    [
        short(&far.far),
        local(memory.last_unix_ms.saturating_mul(1000), "%m-%d %H:%M"),
        match memory.last {
            None => none(),
            Some(FaxTransport::T38) => "T.38".to_owned(),
            Some(FaxTransport::G711 | FaxTransport::G711Redundant { .. }) => "G.711".to_owned(),
        },
        match (known, memory.last_good) {
            (false, _) => none(),
            (true, true) => "good".to_owned(),
            (true, false) => "failed".to_owned(),
        },
        tally(memory.g711),
        tally(memory.t38),
        match asked {
            0 => none(),
            _ => format!("{}/{}/{}", answers.agreed, answers.refused, answers.silent),
        },
        match known {
            true => format!("{:.2} %", f64::from(memory.loss_hundredths) / 100.0),
            false => none(),
        },
        memory.rate.map_or_else(none, |rate| rate.to_string()),
        memory.pinned.map_or_else(none, |pinned| pinned.to_string()),
    ]
}

fn tally(tally: FaxTally) -> String {
    match (tally.good, tally.failed) {
        (0, 0) => "-".to_owned(),
        (good, failed) => format!("{good}/{}", good.saturating_add(failed)),
    }
}

pub(crate) fn fax_memory_forgotten(report: &FaxMemoryReport) -> String {
    match &report.far_ends[..] {
        [one] => format!("{} is forgotten\n", clean(&one.far)),
        _ if report.more => "all far ends are forgotten\n".to_owned(),
        all => format!("{} forgotten\n", plural(all.len() as u64, "far end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_their_ends_and_more_than_one_answer_holds_are_shown() {
        let mut far = FarEndReport::default();
        far.memory.answers.agreed = u32::MAX;
        far.memory.answers.refused = 2;
        assert_eq!(row(&far)[6], format!("{}/2/0", u32::MAX));
        let report = FaxMemoryReport {
            far_ends: vec![far.clone(), far],
            more: true,
        };
        assert_eq!(
            fax_memory_forgotten(&report),
            "all far ends are forgotten\n"
        );
    }
}
