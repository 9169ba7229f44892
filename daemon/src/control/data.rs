//! Tones of faxes and modems: remembered, told, and what `tipring_proto::passthrough` decides on them given to the line
//! thread.

use tipring_ctl::report as ctl;
use tipring_proto::time::Time;
use tipring_proto::types::{DataTone, Side};
use tracing::info;

use super::Gateway;
use crate::line::LineOrder;

impl Gateway {
    /// The line thread heard a tone on a port.
    pub(super) fn data_tone(
        &mut self,
        now: Time,
        index: usize,
        at: Time,
        (tone, from): (DataTone, Side),
        after_ms: u32,
    ) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let told = ctl::DetectedTone {
            at_unix_ms: self.clock.unix_ms(at),
            tone: tone.to_string(),
            from,
            after_ms,
        };
        unit.heard_tone(told.clone());
        let news = unit.desk.heard_tone(at, tone, told);
        let port = unit.number;
        let mut text = format!(
            "{tone} from the {from}, {:.2} s after its onset",
            f64::from(after_ms) / 1000.0
        );
        if let Some(order) = news.order {
            let opened = news.opened.unwrap_or(at);
            let into_call = at.saturating_since(opened).as_secs_f64();
            info!(
                port,
                tone = %tone,
                from = %from,
                after = format!("{into_call:.1} s"),
                "fax tones heard: the port goes to pass-through"
            );
            text += &format!("; {into_call:.1} s into the media: the port goes to pass-through");
            self.order(now, index, order);
        }
        self.trace(now, index, ctl::TraceKind::Line, text);
    }

    /// Neither side of a port that passes data has said anything for long.
    pub(super) fn data_over(&mut self, now: Time, index: usize) {
        let order = self.ports.get_mut(index).and_then(|u| u.desk.both_silent());
        self.voice_again(now, index, order, "silence both ways");
    }

    /// The set pressed a key.
    pub(super) fn key_pressed(&mut self, now: Time, index: usize) {
        let order = self.ports.get_mut(index).and_then(|u| u.desk.key());
        self.voice_again(now, index, order, "a key was pressed");
    }

    fn voice_again(&mut self, now: Time, index: usize, order: Option<LineOrder>, why: &str) {
        let (Some(unit), Some(order)) = (self.ports.get(index), order) else {
            return;
        };
        info!(port = unit.number, "{why}: the port goes back to voice");
        self.order(now, index, order);
        let text = format!("{why}: the port goes back to voice");
        self.trace(now, index, ctl::TraceKind::Line, text);
    }
}
