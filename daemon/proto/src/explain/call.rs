//! What is noteworthy in a call.

use super::{CallNote, Standing, lost_percent};
use crate::types::EndCause;

/// One media leg of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegFigures {
    /// Where the far end's packets are expected from; none: it never was named, and nothing is sent.
    pub remote: Option<String>,
    /// It carries a fax or a modem: silence of one side is usual.
    pub data: bool,
    /// Packets sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
    /// That never came.
    pub lost: u64,
    /// That came after their playing time.
    pub late: u64,
    /// Sound that was concealed, ms.
    pub concealed_ms: u64,
    /// Interarrival jitter, ms.
    pub jitter_ms: f64,
    /// One-way delay, ms, where it is known.
    pub delay_ms: Option<f64>,
    /// Share of our packets lost on the way there, percent, by the far end's reports.
    pub far_lost_percent: Option<f64>,
    /// The source whose packets were refused most, and how many.
    pub refused: Option<(String, u64)>,
    /// From the last packet of the far end to the end of the leg, or to now, ms; none: not known, or it does not have to send.
    pub silent_ms: Option<u64>,
}

/// A call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFigures {
    /// It was answered.
    pub answered: bool,
    /// Talked on, ms.
    pub talked_ms: u64,
    /// Why it ended; none: it is up, or the word is not known.
    pub end: Option<EndCause>,
    /// It goes on, and its CallManager is lost.
    pub preserved: bool,
    /// Its legs.
    pub legs: Vec<LegFigures>,
    /// Echo return loss of the line, dB.
    pub erl_db: Option<f64>,
}

/// A connected call from which nothing comes for this long has one side unheard.
const SILENT_MS: u64 = 3000;
/// A leg of fewer packets (3 s of them) was a step of a hold or a transfer.
const MANY: u64 = 150;
/// Loss that is heard, percent.
const LOSS: f64 = 1.0;
/// Delay at which two people begin to interrupt each other (G.114: 150 ms is good, 400 ms the limit).
const LONG_MS: f64 = 250.0;
/// Jitter that a usual buffer does not hold back.
const JITTER_MS: f64 = 40.0;
/// Packets of an unexpected source that are more than an accident.
const REFUSED: u64 = 10;

/// What is noteworthy; what costs most comes first.
pub fn call_notes(call: &CallFigures) -> Vec<CallNote> {
    let mut out = vec![];
    if let Some(end) = call.end.filter(|end| end.is_failure()) {
        let end = end.name().to_owned();
        out.push(match call.answered {
            true => CallNote::BrokenOff { end },
            false => CallNote::Failed { end },
        });
    }
    out.extend(call.preserved.then_some(CallNote::WithoutCallManager));
    let answered = call.answered && call.talked_ms >= SILENT_MS;
    for leg in &call.legs {
        if let Some(address) = leg.remote.clone().filter(|_| answered && leg.sent > 0) {
            let refused = leg.refused.clone().map(|(source, _)| source);
            if leg.received == 0 && !leg.data && leg.sent >= MANY {
                out.push(CallNote::NothingHeard { address, refused });
                continue;
            }
            // What came before the answer does not count.
            let silent = leg.silent_ms.map(|ms| ms.min(call.talked_ms));
            if let Some(ms) = silent.filter(|ms| *ms >= SILENT_MS && !leg.data) {
                out.push(CallNote::FellSilent {
                    address,
                    received: leg.received,
                    seconds: ms / 1000,
                });
            }
        }
        sound(leg, &mut out);
    }
    let strong = call.erl_db.filter(|erl| *erl < super::STRONG_ECHO_DB);
    out.extend(strong.map(|erl_db| CallNote::StrongEcho { erl_db }));
    out.sort_by(|one, other| {
        let ((kind, size), (others_kind, others_size)) = (cost(one), cost(other));
        kind.cmp(&others_kind).then(others_size.total_cmp(&size))
    });
    out
}

/// What a note costs, whatever leg it is of: the lower the kind, the more; of one kind the larger.
fn cost(note: &CallNote) -> (u8, f64) {
    match note {
        CallNote::Failed { .. } | CallNote::BrokenOff { .. } => (0, 0.0),
        CallNote::NothingHeard { .. } => (1, 0.0),
        CallNote::FellSilent { seconds, .. } => (2, *seconds as f64),
        CallNote::WithoutCallManager => (3, 0.0),
        CallNote::Loss { percent, .. } => (4, *percent),
        CallNote::FarLoss { percent } => (5, *percent),
        CallNote::LongDelay { ms } => (6, *ms as f64),
        CallNote::StrongEcho { erl_db } => (7, -erl_db),
        CallNote::Jitter { ms } => (8, *ms),
        CallNote::Refused { packets, .. } => (9, *packets as f64),
    }
}

fn sound(leg: &LegFigures, out: &mut Vec<CallNote>) {
    let percent = lost_percent(leg.received, leg.lost, leg.late);
    if percent >= LOSS {
        let concealed_ms = leg.concealed_ms;
        out.push(CallNote::Loss {
            percent,
            concealed_ms,
        });
    }
    let far = leg.far_lost_percent.filter(|percent| *percent >= LOSS);
    out.extend(far.map(|percent| CallNote::FarLoss { percent }));
    let long = leg.delay_ms.filter(|ms| *ms >= LONG_MS);
    out.extend(long.map(|ms| CallNote::LongDelay { ms: ms as u64 }));
    if leg.jitter_ms >= JITTER_MS {
        let ms = leg.jitter_ms;
        out.push(CallNote::Jitter { ms });
    }
    let refused = leg.refused.clone().filter(|(_, n)| *n >= REFUSED);
    out.extend(refused.map(|(address, packets)| CallNote::Refused { address, packets }));
}

/// How a call stands, by what is noteworthy in it.
pub fn call_standing(notes: &[CallNote]) -> Standing {
    match notes.first() {
        None => Standing::InOrder,
        Some(CallNote::Failed { .. } | CallNote::BrokenOff { .. }) => Standing::Dead,
        Some(CallNote::Refused { .. } | CallNote::Jitter { .. }) => Standing::Remark,
        Some(_) => Standing::Impaired,
    }
}
