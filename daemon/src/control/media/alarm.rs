//! What an alarm panel and its receiver say in a leg ([`AlarmListener`]), for the trace and the command line.

use tipring_ctl::report as ctl;
use tipring_proto::alarm::{AlarmFigures, AlarmListener, AlarmNews};
use tipring_proto::time::Time;
use tipring_proto::types::{AlarmTone, CallRef, Digit, Side};
use tipring_types::trace::Trace;

use super::{FaxDoing, MediaDesk};

impl MediaDesk {
    /// A tone of a receiver was heard.
    pub(in crate::control) fn alarm_tone(
        &mut self,
        now: Time,
        tone: AlarmTone,
        from: Side,
    ) -> FaxDoing {
        let mut doing = FaxDoing::default();
        if let Some(leg) = self.linked() {
            leg.alarm.tone(now, tone, from, |news| {
                doing.events.push(traced(news, from));
            });
        }
        doing
    }

    /// Is a key of this side an alarm panel's, to be shown to nobody? Then neither is its end.
    pub(in crate::control) fn hides_key(&mut self, now: Time, side: Side) -> bool {
        let hides = self
            .linked()
            .is_some_and(|leg| leg.alarm.expects_keys(now, side));
        self.hidden[place(side)] |= hides;
        hides
    }

    /// A key of this side has ended: was it hidden? Its leg may be gone.
    pub(in crate::control) fn hid_key(&mut self, side: Side) -> bool {
        std::mem::take(&mut self.hidden[place(side)])
    }

    /// The listener for a new leg of a call: what a receiver said in an earlier one holds on.
    pub(super) fn alarm_of(&self, call: CallRef) -> AlarmListener {
        let mut legs = self.closed.iter().chain(&self.open).rev();
        let same = legs.find(|leg| leg.call == call && call != CallRef::NONE);
        same.map(|leg| leg.alarm.continued()).unwrap_or_default()
    }

    /// The panel pressed a key.
    pub(in crate::control) fn alarm_key(&mut self, now: Time, key: Digit) -> FaxDoing {
        let mut doing = FaxDoing::default();
        if let Some(leg) = self.linked() {
            leg.alarm.key(now, key, |news| {
                doing.events.push(traced(news, Side::Line));
            });
        }
        doing
    }
}

fn place(side: Side) -> usize {
    usize::from(side == Side::Network)
}

fn traced(news: AlarmNews, from: Side) -> Trace {
    match news {
        AlarmNews::Tone(tone) => Trace::AlarmTone { tone, from },
        AlarmNews::Message(message) => Trace::AlarmMessage {
            qualifier: message.qualifier,
            event: message.event,
            partition: message.partition,
            zone: message.zone,
        },
        AlarmNews::Spoilt { keys } => Trace::AlarmSpoilt { keys },
    }
}

/// For the command line; none where nothing was heard.
pub(super) fn shown(alarm: &AlarmListener) -> Option<ctl::AlarmLeg> {
    let figures = alarm.figures();
    (figures != AlarmFigures::default()).then_some(ctl::AlarmLeg {
        messages: figures.messages,
        spoilt: figures.spoilt,
        acknowledged: figures.acknowledged,
    })
}
