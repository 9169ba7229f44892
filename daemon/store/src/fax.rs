//! Faxes: their table's rows, and the questions about them.

use std::collections::HashMap;

use rusqlite::{Connection, Row, named_params};
use serde::{Deserialize, Serialize};
use tipring_types::{CallDirection, FaxRecord, FaxVerdict};

use crate::query::{Query, int, number, number_or_none, word};

/// Kinds of verdict of which the commonest is looked for: a file that somebody else wrote may hold any.
const KINDS: usize = 256;
/// Far numbers that are added up; the ones with the most faxes are shown.
const NUMBERS: usize = 20_000;

/// One fax. The same `run` and `id` again replace what was kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoredFax {
    /// Number of the fax, for `tipring fax show`; 0: it has none yet.
    #[serde(default)]
    pub number: u64,
    /// The run of the daemon: when it began.
    pub run: u64,
    /// Number of the fax in that run.
    pub id: u64,
    /// Number of its call in that run, as `tipring call list` has it; none: it was in no call that is known.
    pub call: Option<u64>,
    /// Port.
    pub port: u16,
    /// Who called.
    pub direction: CallDirection,
    /// Number of the far end.
    pub far_number: Option<String>,
    /// Name of the far end.
    pub far_name: Option<String>,
    /// Address of the far end's media.
    pub far_address: Option<String>,
    /// What became of it, and why.
    pub verdict: FaxVerdict,
    /// What was measured.
    pub record: FaxRecord,
}

/// Faxes added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxTotals {
    /// Of this port; none: of a far number.
    pub port: Option<u16>,
    /// Of this far number; none: of a port, or of far ends without a number.
    pub far_number: Option<String>,
    /// Faxes.
    pub faxes: u64,
    /// Of these, good: all pages came through.
    pub good: u64,
    /// Pages that were confirmed.
    pub pages: u64,
    /// Faxes with error correction, of those that agreed on something.
    pub ecm: u64,
    /// Faxes that agreed on something.
    pub agreed: u64,
    /// Faxes that went by T.38.
    pub relayed: u64,
    /// The rate of the most, bit/s.
    pub usual_rate: Option<u32>,
    /// Packets that were lost and not repaired.
    pub lost: u64,
    /// Share of the packets, percent, as far as it can be estimated by the length.
    pub loss_percent: f64,
    /// The commonest verdict of those that failed: a code of a cause or an outcome.
    pub commonest_failure: Option<String>,
    /// How many of them have it.
    pub commonest_failures: u64,
}

const UPDATE: &str = "
UPDATE faxes SET call = :call, port = :port, direction = :direction, far_number = :far_number, far_name = :far_name,
    far_address = :far_address, begun = :begun, length_ms = :length_ms, good = :good, pages = :pages, ecm = :ecm,
    rate = :rate, relayed = :relayed, lost = :lost, code = :code, verdict = :verdict, record = :record
WHERE run = :run AND id = :id";
const INSERT: &str = "
INSERT INTO faxes (run, id, call, port, direction, far_number, far_name, far_address, begun, length_ms, good, pages, ecm,
    rate, relayed, lost, code, verdict, record)
VALUES (:run, :id, :call, :port, :direction, :far_number, :far_name, :far_address, :begun, :length_ms, :good, :pages,
    :ecm, :rate, :relayed, :lost, :code, :verdict, :record)";

/// Puts one in, or replaces what was kept of it. An upsert would use up a number each time.
pub(crate) fn put(db: &Connection, fax: &StoredFax) -> rusqlite::Result<()> {
    let (record, verdict) = (&fax.record, &fax.verdict);
    let values = named_params! {
        ":run": int(fax.run), ":id": int(fax.id), ":call": fax.call.map(int), ":port": fax.port,
        ":direction": fax.direction.name(), ":far_number": fax.far_number, ":far_name": fax.far_name,
        ":far_address": fax.far_address, ":begun": int(record.begin_unix_ms), ":length_ms": int(record.length_ms),
        ":good": verdict.is_success(), ":pages": record.pages, ":ecm": record.ecm, ":rate": record.rate,
        ":relayed": record.transport == tipring_types::FaxTransport::T38, ":lost": int(record.path.lost),
        ":code": verdict.code(), ":verdict": json(verdict), ":record": json(record),
    };
    if db.prepare(UPDATE)?.execute(values)? == 0 {
        db.prepare(INSERT)?.execute(values)?;
    }
    Ok(())
}

/// Plain values always have a JSON.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A condition for each case, as for calls.
fn conditions(q: &Query) -> String {
    let port = match q.port {
        Some(_) => "port = :port",
        None => ":port IS NULL",
    };
    let number = match q.fax {
        Some(_) => "number = :number",
        None => ":number IS NULL",
    };
    let failed = if q.failed { "good = 0" } else { "1" };
    format!("{port} AND {number} AND {failed} AND begun + length_ms >= :since")
}

/// The rows that a question is about, newest first.
pub(crate) fn select(q: &Query) -> String {
    format!(
        "SELECT * FROM faxes WHERE {} ORDER BY begun DESC, number DESC LIMIT :limit",
        conditions(q)
    )
}

/// Files of earlier versions have no faxes.
pub(crate) fn has_table(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'faxes'",
        [],
        |row| row.get(0),
    )
}

/// A row; none when a later version wrote something in it that this one does not know.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Option<StoredFax>> {
    let (verdict, record): (String, String) = (row.get("verdict")?, row.get("record")?);
    let (Ok(verdict), Ok(record)) = (
        serde_json::from_str(&verdict),
        serde_json::from_str(&record),
    ) else {
        return Ok(None);
    };
    Ok(Some(StoredFax {
        number: number(row, "number")?,
        run: number(row, "run")?,
        id: number(row, "id")?,
        call: number_or_none(row, "call")?,
        port: row.get("port")?,
        direction: word(row, "direction", CallDirection::from_name)?,
        far_number: row.get("far_number")?,
        far_name: row.get("far_name")?,
        far_address: row.get("far_address")?,
        verdict,
        record,
    }))
}

/// Of faxes that are added up.
#[derive(Default)]
struct Sum {
    totals: FaxTotals,
    length_ms: u64,
    rates: HashMap<u32, u64>,
    failures: HashMap<String, u64>,
}

/// Packets in a second: of 20 ms, or of 30 ms in a relay, of which half are the other way.
const PACKETS_A_SECOND: f64 = 50.0;

impl Sum {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let good: bool = row.get("good")?;
        let ecm: Option<bool> = row.get("ecm")?;
        let t = &mut self.totals;
        t.faxes += 1;
        t.good += u64::from(good);
        t.pages += number(row, "pages")?;
        t.ecm += u64::from(ecm == Some(true));
        t.agreed += u64::from(ecm.is_some());
        t.relayed += u64::from(row.get::<_, bool>("relayed")?);
        t.lost += number(row, "lost")?;
        self.length_ms += number(row, "length_ms")?;
        if let Some(rate) = row.get("rate")? {
            *self.rates.entry(rate).or_default() += 1;
        }
        if !good {
            let code: String = row.get("code")?;
            if self.failures.len() < KINDS || self.failures.contains_key(&code) {
                *self.failures.entry(code).or_default() += 1;
            }
        }
        Ok(())
    }

    fn done(mut self) -> FaxTotals {
        let packets = self.length_ms as f64 / 1000.0 * PACKETS_A_SECOND;
        if packets >= 1.0 {
            let percent = 100.0 * self.totals.lost as f64 / packets;
            self.totals.loss_percent = (percent.min(100.0) * 100.0).round() / 100.0;
        }
        // Of several, the faster rate and the first code: the same question has the same answer.
        let usual = self.rates.into_iter().max_by_key(|(rate, n)| (*n, *rate));
        self.totals.usual_rate = usual.map(|(rate, _)| rate);
        let commonest = self
            .failures
            .into_iter()
            .max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)));
        if let Some((code, n)) = commonest {
            self.totals.commonest_failure = Some(code);
            self.totals.commonest_failures = n;
        }
        self.totals
    }
}

/// Adds up: by port, and by far number, most faxes first.
pub(crate) fn totals(
    db: &Connection,
    q: &Query,
) -> rusqlite::Result<(Vec<FaxTotals>, Vec<FaxTotals>)> {
    let sql = format!(
        "SELECT port, far_number, length_ms, good, pages, ecm, rate, relayed, lost, code FROM faxes WHERE {}",
        conditions(q)
    );
    let mut found = db.prepare(&sql)?;
    let since = int(q.since_unix_ms.unwrap_or(0));
    let mut rows = found.query(named_params! {
        ":port": q.port, ":number": q.fax.map(int), ":since": since,
    })?;
    let mut ports: HashMap<u16, Sum> = HashMap::new();
    let mut numbers: HashMap<Option<String>, Sum> = HashMap::new();
    while let Some(row) = rows.next()? {
        let port: u16 = row.get("port")?;
        ports.entry(port).or_default().add(row)?;
        let far: Option<String> = row.get("far_number")?;
        if numbers.len() < NUMBERS || numbers.contains_key(&far) {
            numbers.entry(far).or_default().add(row)?;
        }
    }
    let mut by_port: Vec<FaxTotals> = ports
        .into_iter()
        .map(|(port, sum)| FaxTotals {
            port: Some(port),
            ..sum.done()
        })
        .collect();
    by_port.sort_by_key(|t| t.port);
    let mut by_number: Vec<FaxTotals> = numbers
        .into_iter()
        .map(|(far_number, sum)| FaxTotals {
            far_number,
            ..sum.done()
        })
        .collect();
    by_number.sort_by(|a, b| (b.faxes, &a.far_number).cmp(&(a.faxes, &b.far_number)));
    Ok((by_port, by_number))
}

#[cfg(test)]
pub(crate) mod tests;
