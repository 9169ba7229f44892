//! What can be asked of the history, and the answers.

use rusqlite::{Connection, Row, named_params};
use serde::{Deserialize, Serialize};
use tipring_types::finding::Severity;
use tipring_types::{CallDirection, EndCause};

use crate::far::{self, StoredFar};
use crate::fax::{self, FaxTotals, StoredFax};
use crate::record::{StoredCall, StoredFinding};

/// Rows of an answer, at most of each kind.
pub const MOST_ROWS: u32 = 1000;
/// An answer has to fit a line of the control socket.
const MOST_BYTES: usize = 800_000;

/// Which of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Calls, faxes and findings.
    #[default]
    All,
    /// Calls alone.
    Calls,
    /// Findings alone.
    Findings,
    /// Calls added up for each port.
    Summary,
    /// Faxes alone.
    Faxes,
    /// Faxes added up for each port, and for each far number.
    FaxTotals,
    /// What is remembered of far ends: for the daemon itself, which has it in memory. No line of the control socket has room
    /// for all of it.
    #[serde(skip)]
    FarEnds,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Of this port; none: of all, and of the gateway.
    pub port: Option<u16>,
    /// What had not ended by then; ms since 1970.
    pub since_unix_ms: Option<u64>,
    /// Calls, findings or both.
    pub what: What,
    /// The fax of this number alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax: Option<u64>,
    /// Of faxes, those alone that failed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// Rows of each kind, newest first; at most [`MOST_ROWS`].
    pub limit: u32,
}

impl Default for Query {
    fn default() -> Query {
        Query {
            port: None,
            since_unix_ms: None,
            what: What::All,
            fax: None,
            failed: false,
            limit: 20,
        }
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct History {
    /// Finished calls, newest first.
    pub calls: Vec<StoredCall>,
    /// Findings, newest first.
    pub findings: Vec<StoredFinding>,
    /// Faxes, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faxes: Vec<StoredFax>,
    /// Faxes added up for each port that had any, in order of port; only when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fax_ports: Vec<FaxTotals>,
    /// Faxes added up for each far number, those with the most first; only when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fax_numbers: Vec<FaxTotals>,
    /// What is remembered of far ends, latest first; only when asked for.
    #[serde(skip)]
    pub far_ends: Vec<StoredFar>,
    /// Calls added up for each port that had any, in order of port; only when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<CallTotals>,
    /// There are older ones that the limit left out.
    pub more: bool,
    /// Faxes that are in the file and could not be read: a later version wrote them, or they are damaged.
    pub unreadable: u64,
    /// Calls, faxes, findings and far ends that could not be kept since the daemon was started.
    pub lost: u64,
    /// Why nothing is kept at present.
    pub trouble: Option<String>,
}

/// The calls of one port, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CallTotals {
    /// Port.
    pub port: u16,
    /// Finished calls.
    pub calls: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Of these, ended by congestion, a refusal, a lost CallManager or a fault of the line.
    pub failed: u64,
    /// From the answer to the end, all calls together.
    pub talked_ms: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP packets that never came.
    pub packets_lost: u64,
}

/// SQLite's integers; what is beyond them is as good as the largest.
pub(crate) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A condition for each case: with both in one, SQLite would go through the calls of all ports to find those of one.
fn of_port(q: &Query) -> &'static str {
    match q.port {
        Some(_) => "port = :port",
        None => ":port IS NULL",
    }
}

fn calls(q: &Query) -> String {
    format!(
        "SELECT * FROM calls WHERE {} AND ended >= :since ORDER BY ended DESC, id DESC LIMIT :limit",
        of_port(q)
    )
}

fn findings(q: &Query) -> String {
    format!(
        "SELECT * FROM findings WHERE {} AND (ended IS NULL OR ended >= :since)
         ORDER BY begun DESC, id DESC LIMIT :limit",
        of_port(q)
    )
}

fn calls_added_up() -> String {
    let failures = EndCause::ALL.iter().filter(|end| end.is_failure());
    let failures: Vec<String> = failures.map(|end| format!("'{}'", end.name())).collect();
    format!(
        "SELECT port, count(*) AS calls, count(answered) AS answered, sum(end IN ({})) AS failed,
            sum(talked_ms) AS talked_ms, sum(packets_received) AS packets_received, sum(packets_lost) AS packets_lost
         FROM calls WHERE (:port IS NULL OR port = :port) AND ended >= :since GROUP BY port ORDER BY port",
        failures.join(", ")
    )
}

fn summary(db: &Connection, q: &Query) -> rusqlite::Result<History> {
    let since = int(q.since_unix_ms.unwrap_or(0));
    let mut all = db.prepare(&calls_added_up())?;
    let rows = all.query_map(named_params! { ":port": q.port, ":since": since }, |row| {
        Ok(CallTotals {
            port: row.get("port")?,
            calls: number(row, "calls")?,
            answered: number(row, "answered")?,
            failed: number(row, "failed")?,
            talked_ms: number(row, "talked_ms")?,
            packets_received: number(row, "packets_received")?,
            packets_lost: number(row, "packets_lost")?,
        })
    })?;
    Ok(History {
        summary: rows.collect::<rusqlite::Result<_>>()?,
        ..History::default()
    })
}

/// Answers; `run` is the run of the daemon that asks, whose open findings go on.
pub(crate) fn ask(db: &Connection, q: &Query, run: Option<u64>) -> rusqlite::Result<History> {
    match q.what {
        What::Summary => return summary(db, q),
        What::FaxTotals => return fax_totals(db, q),
        What::FarEnds => {
            return Ok(History {
                far_ends: far::all(db)?,
                ..History::default()
            });
        }
        What::All | What::Calls | What::Findings | What::Faxes => {}
    }
    let mut answer = History::default();
    let limit = q.limit.min(MOST_ROWS);
    let mut room = Room {
        bytes: MOST_BYTES,
        full: false,
    };
    // One more than wanted shows whether there are more.
    let asked = limit.saturating_add(1);
    let since = int(q.since_unix_ms.unwrap_or(0));
    let filter = named_params! { ":port": q.port, ":since": since, ":limit": asked };
    if matches!(q.what, What::All | What::Findings) {
        let mut found = db.prepare(&findings(q))?;
        let mut rows = found.query(filter)?;
        while let Some(row) = rows.next()? {
            let finding = finding(row, run)?;
            if !room.takes(&finding, answer.findings.len(), limit) {
                break;
            }
            answer.findings.push(finding);
        }
    }
    if matches!(q.what, What::All | What::Calls) {
        let mut found = db.prepare(&calls(q))?;
        let mut rows = found.query(filter)?;
        while let Some(row) = rows.next()? {
            let call = call(row)?;
            if !room.takes(&call, answer.calls.len(), limit) {
                break;
            }
            answer.calls.push(call);
        }
    }
    if matches!(q.what, What::All | What::Faxes) && fax::has_table(db)? {
        let mut found = db.prepare(&fax::select(q))?;
        let mut rows = found.query(named_params! {
            ":port": q.port, ":since": since, ":limit": asked, ":number": q.fax.map(int),
        })?;
        while let Some(row) = rows.next()? {
            let Some(fax) = fax::read(row)? else {
                // It has taken the place of one that is beyond the limit.
                answer.unreadable += 1;
                room.full |= answer.faxes.len() as u64 + answer.unreadable > u64::from(limit);
                continue;
            };
            if !room.takes(&fax, answer.faxes.len(), limit) {
                break;
            }
            answer.faxes.push(fax);
        }
    }
    answer.more = room.full;
    Ok(answer)
}

fn fax_totals(db: &Connection, q: &Query) -> rusqlite::Result<History> {
    if !fax::has_table(db)? {
        return Ok(History::default());
    }
    let (fax_ports, mut fax_numbers) = fax::totals(db, q)?;
    let limit = q.limit.min(MOST_ROWS) as usize;
    let more = fax_numbers.len() > limit;
    fax_numbers.truncate(limit);
    Ok(History {
        fax_ports,
        fax_numbers,
        more,
        ..History::default()
    })
}

/// What still fits the answer.
struct Room {
    bytes: usize,
    full: bool,
}

impl Room {
    fn takes<T: Serialize>(&mut self, row: &T, so_far: usize, limit: u32) -> bool {
        let size = serde_json::to_string(row).map_or(0, |text| text.len());
        let fits = so_far < limit as usize && size <= self.bytes;
        self.bytes = self.bytes.saturating_sub(size);
        self.full |= !fits;
        fits
    }
}

pub(crate) fn number(row: &Row<'_>, name: &str) -> rusqlite::Result<u64> {
    let n: i64 = row.get(name)?;
    Ok(u64::try_from(n).unwrap_or(0))
}

pub(crate) fn number_or_none(row: &Row<'_>, name: &str) -> rusqlite::Result<Option<u64>> {
    let n: Option<i64> = row.get(name)?;
    Ok(n.and_then(|n| u64::try_from(n).ok()))
}

fn severity(word: &str) -> Option<Severity> {
    serde_json::from_value(word.into()).ok()
}

/// A word of a later version is read as the usual one.
pub(crate) fn word<T: Default>(
    row: &Row<'_>,
    name: &str,
    from_name: fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let word: String = row.get(name)?;
    Ok(from_name(&word).unwrap_or_default())
}

fn call(row: &Row<'_>) -> rusqlite::Result<StoredCall> {
    Ok(StoredCall {
        run: number(row, "run")?,
        id: number(row, "id")?,
        port: row.get("port")?,
        device: row.get("device")?,
        direction: word(row, "direction", CallDirection::from_name)?,
        number: row.get("number")?,
        name: row.get("name")?,
        dialed: row.get("dialed")?,
        begun_unix_ms: number(row, "begun")?,
        answered_unix_ms: number_or_none(row, "answered")?,
        ended_unix_ms: number(row, "ended")?,
        duration_ms: number(row, "duration_ms")?,
        talked_ms: number(row, "talked_ms")?,
        end: row.get("end")?,
        server: row.get("server")?,
        call_ref: row.get("call_ref")?,
        codec: row.get("codec")?,
        legs: row.get("legs")?,
        packets_sent: number(row, "packets_sent")?,
        packets_received: number(row, "packets_received")?,
        packets_lost: number(row, "packets_lost")?,
        packets_late: number(row, "packets_late")?,
        concealed_ms: number(row, "concealed_ms")?,
        jitter_ms: row.get("jitter_ms")?,
        playout_delay_ms: row.get("playout_delay_ms")?,
        erl_db: row.get("erl_db")?,
        erle_db: row.get("erle_db")?,
        data: row.get("data")?,
        tones: row.get("tones")?,
        // Not in a file of version 1.
        mean_r: row.get("mean_r").unwrap_or_default(),
        mean_mos: row.get("mean_mos").unwrap_or_default(),
        worst_r: row.get("worst_r").unwrap_or_default(),
        worst_mos: row.get("worst_mos").unwrap_or_default(),
        far_r: row.get("far_r").unwrap_or_default(),
    })
}

fn finding(row: &Row<'_>, run: Option<u64>) -> rusqlite::Result<StoredFinding> {
    let parameters: String = row.get("parameters")?;
    let of_run = number(row, "run")?;
    let ended = number_or_none(row, "ended")?;
    Ok(StoredFinding {
        run: of_run,
        id: number(row, "id")?,
        port: row.get("port")?,
        code: row.get("code")?,
        severity: word(row, "severity", severity)?,
        parameters: serde_json::from_str(&parameters).unwrap_or_default(),
        text: row.get("text")?,
        begun_unix_ms: number(row, "begun")?,
        ended_unix_ms: ended,
        now: ended.is_none() && run == Some(of_run),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::{Limits, Writer};
    use crate::{Entry, Place};
    use std::time::Duration;

    #[test]
    fn the_rows_of_one_port_are_found_by_its_index() {
        let mut db = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut db).unwrap();
        let plan = |sql: String| {
            let mut all = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let filter = named_params! { ":port": 7, ":since": 0, ":limit": 21 };
            let rows = all.query_map(filter, |row| row.get::<_, String>("detail"));
            let rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
            rows.join("; ")
        };
        let one = Query {
            port: Some(7),
            ..Query::default()
        };
        for (sql, index) in [
            (calls(&one), "calls_port (port=? AND ended>?)"),
            (findings(&one), "findings_port (port=?)"),
            (calls(&Query::default()), "calls_ended"),
            (findings(&Query::default()), "findings_begun"),
        ] {
            let plan = plan(sql);
            assert!(plan.contains(index), "{plan}");
        }
    }

    #[test]
    fn calls_are_added_up_by_port() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            file: folder.path().join("history.db"),
            group: None,
        };
        let mut writer = Writer::new(place, Limits::default(), 1);
        for (id, port, end) in [
            (1, 7, "far-hang-up"),
            (2, 7, "busy"),
            (3, 7, "congestion"),
            (4, 2, "line-fault"),
        ] {
            let answered = end == "far-hang-up";
            writer.keep(Entry::from(StoredCall {
                run: 1,
                id,
                port,
                end: end.into(),
                ended_unix_ms: id * 1000,
                answered_unix_ms: answered.then_some(1),
                talked_ms: u64::from(answered) * 90_000,
                packets_received: 99,
                packets_lost: 1,
                ..StoredCall::default()
            }));
        }
        let mut ask = |port, since| {
            let query = Query {
                port,
                since_unix_ms: since,
                what: What::Summary,
                limit: 0,
                ..Query::default()
            };
            writer.ask(&query, Duration::ZERO, 5000).unwrap().summary
        };
        let all = ask(None, None);
        assert_eq!(all.iter().map(|t| t.port).collect::<Vec<_>>(), [2, 7]);
        let seven = CallTotals {
            port: 7,
            calls: 3,
            answered: 1,
            failed: 1,
            talked_ms: 90_000,
            packets_received: 297,
            packets_lost: 3,
        };
        assert_eq!(all[1], seven);
        assert_eq!(ask(Some(7), None), [seven]);
        assert_eq!(ask(None, Some(4000)).len(), 1);
    }
}
