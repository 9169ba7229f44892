//! Tones of faxes and modems: remembered, reported, and what `tipring_proto::passthrough` decides on them given to the line
//! thread.

use std::time::Duration;

use tipring_config::Profile;
use tipring_ctl::report as ctl;
use tipring_ctl::words as text;
use tipring_proto::time::Time;
use tipring_proto::types::{AlarmTone, CallRef, DataTone, Digit, Side};
use tipring_types::FaxRecord;
use tipring_types::trace::{Trace, VoiceCause};
use tracing::info;

use super::Gateway;
use super::log_rate::if_any;
use super::media::{FaxDoing, FaxHeard};
use crate::line::{LineOrder, SessionId};

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
        self.advise_fax(now, index);
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let shown = ctl::DetectedTone {
            at_unix_ms: self.clock.unix_ms(at),
            tone: tone.to_string(),
            from,
            after_ms,
        };
        unit.heard_tone(shown.clone());
        let news = unit.desk.heard_tone(at, tone, shown);
        let port = unit.number;
        let mut pass_through_after_ms = None;
        if let Some(order) = news.order {
            let into_call = at.saturating_since(news.opened.unwrap_or(at));
            info!(
                port,
                tone = %tone,
                from = %from,
                after = format!("{:.1} s", into_call.as_secs_f64()),
                "fax tones heard: the port goes to pass-through"
            );
            pass_through_after_ms = u64::try_from(into_call.as_millis()).ok();
            self.order(now, index, order);
        }
        self.fax_doing(now, index, news.fax);
        let event = Trace::DataTone {
            tone,
            from,
            after_ms,
            pass_through_after_ms,
        };
        // A far end can make many of these.
        if tone == DataTone::V22
            && let Some(unit) = self.ports.get_mut(index)
            && let Some(held_back) = unit.log_rate.pass(now)
        {
            let held_back = if_any(held_back);
            info!(port, held_back, "{}", text::trace(&event, None));
        }
        self.trace(now, index, event);
    }

    /// Neither side of a port that passes data has said anything for long.
    pub(super) fn data_over(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let doing = unit.desk.fax_silent(now);
        let order = unit.desk.both_silent();
        self.fax_doing(now, index, doing);
        self.voice_again(now, index, order, VoiceCause::Silence);
    }

    /// The set pressed a key.
    pub(super) fn key_pressed(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let (order, doing) = unit.desk.key(now);
        self.fax_doing(now, index, doing);
        self.voice_again(now, index, order, VoiceCause::Key);
    }

    /// A tone of an alarm panel's receiver was heard.
    pub(super) fn alarm_tone(
        &mut self,
        now: Time,
        index: usize,
        at: Time,
        tone: AlarmTone,
        from: Side,
    ) {
        if let Some(unit) = self.ports.get_mut(index) {
            let doing = unit.desk.alarm_tone(at, tone, from);
            self.fax_doing(now, index, doing);
        }
    }

    /// An alarm panel pressed a key.
    pub(super) fn alarm_key(&mut self, now: Time, index: usize, at: Time, key: Digit) {
        if let Some(unit) = self.ports.get_mut(index) {
            let doing = unit.desk.alarm_key(at, key);
            self.fax_doing(now, index, doing);
        }
    }

    /// The line thread heard something of fax in a session of a port.
    pub(super) fn fax_heard(
        &mut self,
        now: Time,
        index: usize,
        session: SessionId,
        heard: FaxHeard,
    ) {
        if let FaxHeard::Event { .. } = heard {
            self.advise_fax(now, index);
        }
        if let Some(unit) = self.ports.get_mut(index) {
            let doing = unit.desk.fax_heard(now, session, heard);
            self.fax_doing(now, index, doing);
        }
    }

    /// When fax has something to do.
    pub(super) fn fax_due(&self) -> Option<Time> {
        self.ports.iter().filter_map(|u| u.desk.fax_due()).min()
    }

    /// Does what is due of fax.
    pub(super) fn fax_turn(&mut self, now: Time) {
        for index in 0..self.ports.len() {
            let Some(unit) = self.ports.get_mut(index) else {
                continue;
            };
            if unit.desk.fax_due().is_some_and(|at| at <= now) {
                for doing in unit.desk.fax_turn(now) {
                    self.fax_doing(now, index, doing);
                }
            }
        }
    }

    /// Carries out what named events and T.38 lead to.
    pub(super) fn fax_doing(&mut self, now: Time, index: usize, doing: FaxDoing) {
        for order in doing.orders {
            let relay = match order {
                LineOrder::Relay { session, .. } => Some((session, true)),
                LineOrder::EndRelay { session } => Some((session, false)),
                _ => None,
            };
            let listens = match order {
                LineOrder::Listen { session, .. } => Some(session),
                _ => None,
            };
            let repeats = match order {
                LineOrder::Repeat { session, .. } => Some(session),
                _ => None,
            };
            let taken = self.order(now, index, order);
            if let Some(session) = repeats.filter(|_| !taken)
                && let Some(unit) = self.ports.get_mut(index)
            {
                unit.desk.repeat_lost(session);
            }
            if let Some(session) = listens.filter(|_| !taken)
                && let Some(unit) = self.ports.get_mut(index)
            {
                unit.desk.tap_lost(session);
            }
            if let Some((session, begins)) = relay.filter(|_| !taken)
                && let Some(unit) = self.ports.get_mut(index)
            {
                let after = unit.desk.fax_order_lost(now, session, begins);
                self.fax_doing(now, index, after);
            }
        }
        if let Some(trouble) = doing.trouble {
            self.warn(now, index, &trouble);
        }
        for event in doing.events {
            // A far end can make many of these.
            if let Some(unit) = self.ports.get_mut(index)
                && let Some(held_back) = unit.log_rate.pass(now)
            {
                let (port, held_back) = (unit.number, if_any(held_back));
                info!(port, held_back, "{}", text::trace(&event, None));
            }
            self.trace(now, index, event);
        }
        for record in doing.faxes {
            self.fax_over(now, index, doing.call, record);
        }
    }

    /// A fax on a leg of this call is over. Here once for each fax, while the call may still go on.
    fn fax_over(&mut self, now: Time, index: usize, call: CallRef, record: FaxRecord) {
        let Some(port) = self.ports.get(index).map(|unit| unit.number) else {
            return;
        };
        let profile = self.ports.get(index).map(|unit| unit.settings.line.profile);
        if profile == Some(Profile::Modem) && record.outcome.may_be_modem() {
            return;
        }
        let mut record = Box::new(record);
        self.hide_identities(&mut record);
        let event = Trace::FaxEnded {
            record: record.clone(),
        };
        info!(port, call_ref = call.0, "{}", text::trace(&event, None));
        match self.calls.number(now, port, call) {
            Some(number) => self.trace_call(now, index, number, event),
            None => self.trace(now, index, event),
        }
        self.keep_fax(now, index, call, &record);
    }

    /// The daemon ends: what is known of faxes that go on is kept.
    pub(super) fn end_faxes(&mut self, now: Time) {
        for index in 0..self.ports.len() {
            let ended = self
                .ports
                .get_mut(index)
                .map(|unit| unit.desk.end_faxes(now));
            for doing in ended.unwrap_or_default() {
                self.fax_doing(now, index, doing);
            }
        }
        self.keep_waiting_faxes(now, Duration::ZERO);
    }

    fn voice_again(&mut self, now: Time, index: usize, order: Option<LineOrder>, why: VoiceCause) {
        let (Some(unit), Some(order)) = (self.ports.get(index), order) else {
            return;
        };
        let event = Trace::VoiceAgain { cause: why };
        info!(port = unit.number, "{}", text::trace(&event, None));
        self.order(now, index, order);
        self.trace(now, index, event);
    }
}
