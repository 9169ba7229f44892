//! What happened in a call: its beginning and its newest lines, however long it lasts.

use std::collections::VecDeque;

use tipring_ctl::report::{TraceEvent, TraceKind};

/// Trace lines that are kept of a call …
const TIMELINE: usize = 400;
/// … of which so many are of its beginning.
const BEGINNING: usize = 150;

/// The beginning and the newest lines of a story.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    beginning: Vec<TraceEvent>,
    newest: VecDeque<TraceEvent>,
    left_out: u64,
}

impl Timeline {
    /// Adds a line.
    pub(super) fn push(&mut self, event: TraceEvent) {
        if self.beginning.len() < BEGINNING {
            self.beginning.push(event);
            return;
        }
        if self.newest.len() >= TIMELINE - BEGINNING {
            self.newest.pop_front();
            self.left_out += 1;
        }
        self.newest.push_back(event);
    }

    /// All that was kept, in order, with a word about what was not.
    pub(super) fn lines(&self) -> Vec<TraceEvent> {
        let gap = self.beginning.last().filter(|_| self.left_out > 0);
        let gap = gap.map(|last| TraceEvent {
            kind: TraceKind::Call,
            text: format!("… {} lines are not kept …", self.left_out),
            ..last.clone()
        });
        let beginning = self.beginning.iter().cloned();
        beginning
            .chain(gap)
            .chain(self.newest.iter().cloned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_call_keeps_its_beginning_and_its_newest_lines() {
        let mut timeline = Timeline::default();
        for n in 0..1000 {
            timeline.push(TraceEvent {
                text: n.to_string(),
                ..TraceEvent::default()
            });
        }
        let lines = timeline.lines();
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(texts.len(), TIMELINE + 1);
        assert_eq!(texts[..2], ["0", "1"]);
        assert_eq!(texts[BEGINNING], "… 600 lines are not kept …");
        assert_eq!(texts[TIMELINE], "999");
    }
}
