//! What is kept for the snapshot only: counters, the last events, what the server said of the line.

use std::collections::VecDeque;

use super::LostReason;
use super::snapshot::{HistoryEntry, HistoryKind, LastReject, LineReport, StationCounters};
use crate::sccp::message::LineStat;
use crate::sccp::message::{DefineTimeDate, ServerMessage};
use crate::time::Time;
use crate::types::LineInstance;

/// Lines of history kept.
pub(super) const HISTORY: usize = 16;

/// Everything kept for the snapshot only.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) counters: StationCounters,
    pub(super) last_reject: Option<LastReject>,
    pub(super) last_lost: Option<(usize, LostReason)>,
    pub(super) line: Option<LineReport>,
    pub(super) time_date: Option<(Time, DefineTimeDate)>,
    pub(super) history: VecDeque<HistoryEntry>,
}

impl Seen {
    /// Remembers what a message of the server says of this line.
    pub(super) fn note(&mut self, at: Time, ours: LineInstance, message: &ServerMessage) {
        match message {
            ServerMessage::LineStat(LineStat {
                line,
                number,
                name,
                label,
            }) if *line == ours => {
                self.line = Some(LineReport {
                    number: number.clone(),
                    name: name.clone(),
                    label: label.clone(),
                });
            }
            ServerMessage::DefineTimeDate(time_date) => self.time_date = Some((at, *time_date)),
            _ => {}
        }
    }

    pub(super) fn remember(&mut self, at: Time, server: usize, what: HistoryKind) {
        let history = &mut self.history;
        // Servers that fail by turns shall not push out of the history how it began: of equal entries since the
        // last registration only the newest stays.
        let since = history
            .iter()
            .rposition(|e| matches!(e.what, HistoryKind::Registered { .. }))
            .map_or(0, |at| at + 1);
        let again = history
            .iter()
            .skip(since)
            .position(|e| e.server == server && e.what == what);
        if let Some(at) = again {
            history.remove(since + at);
        }
        while history.len() >= HISTORY {
            history.pop_front();
        }
        history.push_back(HistoryEntry { at, server, what });
    }
}

/// Counters stop at their end instead of starting over.
pub(super) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
