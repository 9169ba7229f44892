//! What happened in the last day, from the history.

use tipring_ctl::report::{DayReport, FaxReport, RegistrationStep, StoredCall, StoredFinding};
use tipring_proto::explain::{self, Past, Recurring};
use tipring_types::EndCause;
use tipring_types::finding::{Finding, Severity};

use super::{DAY_MS, Day};

/// Rows of each kind that are shown.
pub(crate) const SHOWN: usize = 10;

pub(super) fn report(now: u64, day: &Day, registration: &[RegistrationStep]) -> DayReport {
    let since = now.saturating_sub(DAY_MS);
    let rows = &day.rows;
    let sum = |of: fn(&tipring_store::CallTotals) -> u64| day.totals.summary.iter().map(of).sum();
    let failed: Vec<StoredCall> = rows.calls.iter().filter(|c| failed(c)).cloned().collect();
    let steps: Vec<RegistrationStep> = registration
        .iter()
        .filter(|step| step.at_unix_ms >= since)
        .cloned()
        .collect();
    let more = [
        failed.len(),
        rows.findings.len(),
        rows.faxes.len(),
        steps.len(),
    ];
    DayReport {
        since_unix_ms: since,
        calls: sum(|t| t.calls),
        answered: sum(|t| t.answered),
        failed: sum(|t| t.failed),
        talked_ms: sum(|t| t.talked_ms),
        packets_received: sum(|t| t.packets_received),
        packets_lost: sum(|t| t.packets_lost),
        failed_calls: first(failed),
        findings: first(rows.findings.clone()),
        faxes: first(rows.faxes.clone())
            .into_iter()
            .map(FaxReport::of)
            .collect(),
        registration: steps
            .get(steps.len().saturating_sub(SHOWN)..)
            .unwrap_or_default()
            .to_vec(),
        more: rows.more || more.iter().any(|n| *n > SHOWN),
        unavailable: day.unavailable.clone(),
        trouble: day.trouble.clone(),
    }
}

fn first<T>(mut rows: Vec<T>) -> Vec<T> {
    rows.truncate(SHOWN);
    rows
}

/// Findings of the time since then. The end of one is missing if the daemon ended before it did, however long ago.
pub(super) fn within(findings: &mut Vec<StoredFinding>, since_unix_ms: u64) {
    findings.retain(|f| {
        let last = f.ended_unix_ms.unwrap_or(f.begun_unix_ms);
        f.now || last >= since_unix_ms
    });
}

/// Is it this finding, and not over? Of those that differ in their CallManager, the one with the same.
pub(super) fn is_open(stored: &StoredFinding, finding: &Finding) -> bool {
    // None: an earlier version wrote it with other parameters.
    let parsed = parsed(stored);
    let same_server = parsed.is_none_or(|kept| kept.server() == finding.server());
    stored.now && stored.code == finding.code() && same_server
}

fn parsed(stored: &StoredFinding) -> Option<Finding> {
    let json = serde_json::json!({ "code": stored.code, "parameters": stored.parameters });
    serde_json::from_value(json).ok()
}

pub(super) fn failed(call: &StoredCall) -> bool {
    EndCause::from_name(&call.end).is_some_and(EndCause::is_failure)
}

/// Findings of the port that were over within the day.
pub(super) fn recurring(day: &Day) -> Vec<Recurring> {
    let of_port = day.rows.findings.iter().filter(|f| f.port.is_some());
    // What ends by itself is no trouble, however often.
    let troubles = of_port.filter(|f| f.severity > Severity::Info);
    let over = troubles.filter_map(|f| {
        Some(Past {
            code: f.code.clone(),
            what: f.text.clone(),
            registration: parsed(f).is_some_and(|f| f.server().is_some()),
            begun_unix_ms: f.begun_unix_ms,
            ended_unix_ms: f.ended_unix_ms.filter(|_| !f.now)?,
        })
    });
    explain::recurring(over.collect())
}
