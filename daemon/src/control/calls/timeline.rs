//! What happened in a call: its beginning and its newest lines, however long it lasts.

use std::collections::VecDeque;

use tipring_ctl::report::TraceEvent;
use tipring_types::trace::Trace;

use super::super::trace::Entry;

/// Trace lines that are kept of a call …
const TIMELINE: usize = 400;
/// … of which so many are of its beginning.
const BEGINNING: usize = 150;

/// The beginning and the newest lines of a story.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    beginning: Vec<Entry>,
    newest: VecDeque<Entry>,
    left_out: u64,
}

impl Timeline {
    /// Adds a line.
    pub(super) fn push(&mut self, entry: Entry) {
        if self.beginning.len() < BEGINNING {
            self.beginning.push(entry);
            return;
        }
        if self.newest.len() >= TIMELINE - BEGINNING {
            self.newest.pop_front();
            self.left_out += 1;
        }
        self.newest.push_back(entry);
    }

    /// All that was kept, in order, with a line about what was not.
    pub(super) fn lines(&self) -> Vec<TraceEvent> {
        let gap = self.beginning.last().filter(|_| self.left_out > 0);
        let gap = gap.map(|last| Entry {
            call: None,
            event: Trace::NotKept {
                events: self.left_out,
            },
            ..last.clone()
        });
        let beginning = self.beginning.iter().chain(&gap);
        beginning.chain(&self.newest).map(Entry::shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_call_keeps_its_beginning_and_its_newest_lines() {
        let mut timeline = Timeline::default();
        for n in 0..1000 {
            timeline.push(Entry {
                at_unix_us: n,
                port: 1,
                call: None,
                event: Trace::LoopClosed,
            });
        }
        let lines = timeline.lines();
        let times: Vec<u64> = lines.iter().map(|l| l.at_unix_us).collect();
        assert_eq!(lines.len(), TIMELINE + 1);
        assert_eq!(times[..2], [0, 1]);
        assert_eq!(lines[BEGINNING].text, "… 600 lines are not kept …");
        assert_eq!(times[TIMELINE], 999);
    }
}
