//! Fax of a leg: what named events and tones decide ([`Switch`]), carried out, and what passes listened to until it is over.

mod hearing;

use std::time::Duration;

use tipring_ctl::report as ctl;
use tipring_proto::fax_memory::Strategy;
use tipring_proto::nse::{Answer, Become, Capabilities, Event, Mode, Output, Record, Switch};
use tipring_proto::passthrough::SILENCE_MS;
use tipring_proto::time::Time;
use tipring_proto::types::{CallRef, DataTone, Side};
use tipring_types::t38::Fast;
use tipring_types::trace::{LegMode, SwitchAnswer, Trace};
use tipring_types::{FaxAdvised, FaxRecord, NamedEvents, Sides};

use crate::line::{
    FaxRelay, FaxRelayConfig, FaxTap, LineOrder, RelayNumbers, RelayWatch, SessionId,
};
pub(super) use hearing::Counters;
use hearing::Hearing;

/// From one look at what passes to the next.
const LOOK: Duration = Duration::from_millis(500);
/// From an order that the line thread did not take to the next try.
const AGAIN: Duration = Duration::from_millis(100);

/// How a port treats fax.
#[derive(Clone, Copy, Debug)]
pub struct FaxSettings {
    /// Are named signalling events used?
    pub events: NamedEvents,
    /// Their payload type.
    pub payload_type: u8,
    /// Pass-through may be asked for.
    pub pass_through: bool,
    /// T.38 may be used; and how.
    pub t38: Option<FaxRelayConfig>,
}

impl FaxSettings {
    /// Neither events nor T.38.
    pub const OFF: FaxSettings = FaxSettings {
        events: NamedEvents::Off,
        payload_type: tipring_proto::nse::PAYLOAD_TYPE,
        pass_through: false,
        t38: None,
    };

    /// These, in a leg for which the server names the payload type of events, or none.
    pub(super) fn with_type(self, named: Option<u8>) -> FaxSettings {
        FaxSettings {
            payload_type: named.unwrap_or(self.payload_type),
            ..self
        }
    }

    /// Does something else in a leg have the payload type of events: telephone-events, or packets with earlier ones in them?
    pub(super) fn conflicts(&self, telephone_events: Option<u8>, redundancy: u8) -> bool {
        let others = [telephone_events, Some(redundancy)];
        self.events != NamedEvents::Off && others.contains(&Some(self.payload_type))
    }

    /// The payload type that a session expects.
    pub fn expected(&self) -> Option<u8> {
        (self.events != NamedEvents::Off).then_some(self.payload_type)
    }

    /// May T.38 take the place of voice?
    pub fn relays(&self) -> bool {
        self.events != NamedEvents::Off && self.t38.is_some()
    }

    fn mode(&self) -> Mode {
        match self.events {
            NamedEvents::Off => Mode::Off,
            NamedEvents::Negotiated => Mode::Negotiated,
            NamedEvents::Force => Mode::Force,
        }
    }
}

/// What fax leads to.
#[derive(Debug, Default)]
pub(in crate::control) struct FaxDoing {
    /// For the line thread, in order.
    pub orders: Vec<LineOrder>,
    /// For the trace, in order.
    pub events: Vec<Trace>,
    /// Faxes that are over, each once, after the events.
    pub faxes: Vec<FaxRecord>,
    /// For the log.
    pub trouble: Option<String>,
    /// The leg is voice again.
    pub voice: bool,
    /// The call of the leg.
    pub call: CallRef,
}

/// Fax of one leg.
#[derive(Debug)]
pub(super) struct LegFax {
    settings: FaxSettings,
    switch: Switch,
    relay: Option<RelayWatch>,
    hearing: Hearing,
    /// What earlier faxes with the far end change in asking for T.38.
    advised: Option<FaxAdvised>,
    /// The next look at what passes; none: nothing does.
    look: Option<Time>,
    /// Figures of relays that have ended.
    before: RelayNumbers,
    /// Pages of faxes that are over.
    pages: u32,
    /// The line thread has a relay that is over, for its ring was full: it is asked again then.
    owed: Option<Time>,
}

/// The switch of a leg with voice.
fn switch_of(settings: FaxSettings) -> Switch {
    let can = Capabilities {
        pass_through: settings.pass_through,
        relay: settings.relays(),
    };
    Switch::new(settings.mode(), can)
}

impl LegFax {
    /// A leg with voice. `named`: the server names the payload type of events.
    pub(super) fn new(settings: FaxSettings, named: bool, counters: Counters) -> LegFax {
        let mut switch = switch_of(settings);
        if named {
            switch.named();
        }
        LegFax {
            settings,
            switch,
            relay: None,
            hearing: Hearing::new(counters),
            advised: None,
            look: None,
            before: RelayNumbers::default(),
            pages: 0,
            owed: None,
        }
    }

    /// Neither events nor T.38 from now on; what is heard of a fax is heard on.
    pub(super) fn give_up_events(&mut self) {
        self.settings = FaxSettings::OFF;
        self.switch = switch_of(self.settings);
    }

    /// What earlier faxes with the far end change in this one.
    pub(super) fn advise(&mut self, far: &str, strategy: &Strategy) {
        match strategy.asks() {
            // Known from an earlier call: as if it had sent an event in this one.
            Some(true) => self.switch.named(),
            Some(false) => self.switch.ask_relay(false),
            None => {}
        }
        self.advised = strategy.t38.map(|advice| FaxAdvised {
            far: far.to_owned(),
            advice,
        });
    }

    /// Something is done otherwise than usual, for earlier faxes with the far end: said once in a fax.
    pub(super) fn follows(&mut self, advised: &FaxAdvised) -> Option<Trace> {
        self.hearing.follows(advised).then(|| Trace::FaxMemory {
            advised: Box::new(advised.clone()),
        })
    }

    fn follows_with_t38(&mut self, doing: &mut FaxDoing) {
        if let Some(advised) = self.advised.clone() {
            doing.events.extend(self.follows(&advised));
        }
    }

    /// This number of earlier packets goes again with each from now on.
    pub(super) fn sends_copies(&mut self, copies: u8) {
        self.hearing.sends_copies(copies);
    }

    /// What the far end reports of packets from here.
    pub(super) fn far_lost(&mut self, lost: Option<u64>) {
        self.hearing.far_lost(lost);
    }

    /// StartMediaTransmission has come: events go out with the type that it names, and the far end is known to have them.
    pub(super) fn send_as(&mut self, named: Option<u8>) {
        if let Some(payload_type) = named {
            self.settings.payload_type = payload_type;
            self.switch.named();
        }
    }

    /// With which payload type events go out, if they do.
    pub(super) fn payload_type(&self) -> Option<u8> {
        self.settings.expected()
    }

    /// Its settings as of now.
    pub(super) fn settings(&self) -> FaxSettings {
        self.settings
    }

    /// When [`LegFax::turn`] has something to do.
    pub(super) fn due(&self) -> Option<Time> {
        let deadlines = [self.switch.deadline(), self.look, self.owed];
        deadlines.into_iter().flatten().min()
    }

    /// Time has passed.
    pub(super) fn turn(&mut self, now: Time, id: SessionId) -> FaxDoing {
        let (mut over, mut as_voice_over, relays) = (false, false, self.relay.is_some());
        if self.look.take_if(|at| *at <= now).is_some() {
            self.listen();
            over = self.hearing.is_over(now);
            as_voice_over = self.hearing.is_voice_again(now);
            self.look = self.hearing.is_on().then_some(now + LOOK);
        }
        let owed = self.owed.take_if(|at| *at <= now).is_some();
        let mut doing = self.act(now, id, |switch, emit| {
            switch.due(now, &mut *emit);
            if over && relays {
                switch.relay_ended(now, emit);
            }
        });
        if as_voice_over {
            // No order: it was voice for the line thread all the time.
            self.voice_again(now, &mut doing);
            doing.voice = true;
        } else if over {
            self.fax_over(now, &mut doing);
        }
        if self.hearing.lacks_tap() && self.relay.is_none() {
            self.tap(id, &mut doing);
        }
        if owed && self.relay.is_none() {
            doing.orders.insert(0, LineOrder::EndRelay { session: id });
        }
        doing
    }

    /// A tone was heard.
    pub(super) fn tone(
        &mut self,
        now: Time,
        id: SessionId,
        from: Side,
        tone: DataTone,
    ) -> FaxDoing {
        self.hearing.tone(now, from, tone);
        self.act(now, id, |switch, emit| switch.tone(now, from, tone, emit))
    }

    /// A tone has made the leg pass data; `as_voice`: it would, but is not to.
    pub(super) fn data(&mut self, now: Time, id: SessionId, as_voice: bool) -> FaxDoing {
        let mut doing = FaxDoing::default();
        self.data_begins(now, id, !as_voice, &mut doing);
        doing
    }

    /// The line thread did not take what listens to a fax: another one is built with the next look.
    pub(super) fn tap_lost(&mut self) {
        self.hearing.tap = None;
    }

    /// A key has made the leg voice again: a person talks.
    pub(super) fn person(&mut self, now: Time, doing: &mut FaxDoing) {
        let record = self.hearing.voice(now, true);
        self.keep(record, doing);
        self.look = None;
    }

    /// An event came.
    pub(super) fn event(
        &mut self,
        now: Time,
        id: SessionId,
        number: u8,
        timestamp: u32,
    ) -> FaxDoing {
        let event = Event::from_number(number);
        self.act(now, id, |switch, emit| {
            switch.received(now, event, timestamp, emit);
        })
    }

    /// T.38 came.
    pub(super) fn t38(&mut self, now: Time, id: SessionId) -> FaxDoing {
        self.act(now, id, |switch, emit| switch.t38_arrived(now, emit))
    }

    /// Voice came, though there is a relay. One that has had T.38 works, whether that was reported or not.
    pub(super) fn voice(&mut self, now: Time, id: SessionId) -> FaxDoing {
        let relay = self.relay.as_ref();
        if relay.is_some_and(|relay| relay.view.numbers().received > 0) {
            return self.t38(now, id);
        }
        self.act(now, id, |switch, emit| switch.voice_arrived(now, emit))
    }

    /// The phone's user pressed a key: a person talks, where no fax is relayed.
    pub(super) fn key(&mut self, now: Time, id: SessionId) -> FaxDoing {
        self.act(now, id, |switch, emit| switch.silent(now, emit))
    }

    /// The line thread did not take the order that begins or ends a relay.
    pub(super) fn order_lost(&mut self, now: Time, id: SessionId, begins: bool) -> FaxDoing {
        self.owed = (!begins).then_some(now + AGAIN);
        self.act(now, id, |switch, emit| {
            if begins {
                switch.relay_ended(now, emit);
            }
        })
    }

    /// Data is over: both sides were silent for long.
    pub(super) fn silent(&mut self, now: Time, id: SessionId) -> FaxDoing {
        let mut doing = self.act(now, id, |switch, emit| {
            switch.silent(now, &mut *emit);
            switch.relay_ended(now, emit);
        });
        self.voice_again(now, &mut doing);
        doing
    }

    /// What named events made of it.
    pub(super) fn mode(&self) -> LegMode {
        mode(self.switch.is())
    }

    /// Is T.38 in the place of voice?
    pub(super) fn is_relay(&self) -> bool {
        self.switch.is() == Become::Relay
    }

    /// The call has ended.
    pub(super) fn close(&mut self, now: Time) -> FaxDoing {
        let mut doing = FaxDoing::default();
        self.relay_over(&mut doing);
        self.voice_again(now, &mut doing);
        doing
    }

    fn act(
        &mut self,
        now: Time,
        id: SessionId,
        what: impl FnOnce(&mut Switch, &mut dyn FnMut(Output)),
    ) -> FaxDoing {
        let mut outputs = Vec::new();
        what(&mut self.switch, &mut |output| outputs.push(output));
        let mut doing = FaxDoing::default();
        for output in outputs {
            self.carry_out(now, id, output, &mut doing);
        }
        doing
    }

    fn carry_out(&mut self, now: Time, session: SessionId, output: Output, doing: &mut FaxDoing) {
        let pass = |data| LineOrder::PassThrough { session, data };
        match output {
            Output::Send { event, first } => doing.orders.push(LineOrder::SendEvent {
                session,
                payload_type: self.settings.payload_type,
                event: event.number(),
                first,
            }),
            Output::Become(Become::Relay) => self.begin_relay(now, session, doing),
            Output::Become(is) => {
                if self.relay.is_some() {
                    doing.orders.push(LineOrder::EndRelay { session });
                    self.relay_over(doing);
                }
                let data = (is != Become::Voice).then_some(SILENCE_MS);
                doing.voice = is == Become::Voice;
                doing.orders.push(pass(data));
                if is == Become::Voice {
                    self.hearing.pause();
                } else {
                    self.data_begins(now, session, true, doing);
                }
            }
            Output::NotAsked => self.follows_with_t38(doing),
            Output::Journal(record) => {
                if (record.asked, record.by) == (Some(Event::FaxRelay), Side::Line) {
                    self.follows_with_t38(doing);
                }
                let event = shown(&record);
                self.hearing.switched(now, &event);
                doing.events.push(event);
            }
        }
    }

    fn begin_relay(&mut self, now: Time, session: SessionId, doing: &mut FaxDoing) {
        let Some(config) = self.settings.t38 else {
            return;
        };
        match FaxRelay::build(&config) {
            Ok((relay, watch)) => {
                self.relay = Some(watch);
                self.hearing.listen();
                self.hearing.relay_begins(now);
                self.look.get_or_insert(now + LOOK);
                doing.orders.push(LineOrder::PassThrough {
                    session,
                    data: Some(SILENCE_MS),
                });
                doing.orders.push(LineOrder::Relay { session, relay });
            }
            Err(error) => {
                doing.trouble = Some(format!("no fax relay for a call: {error}"));
                let mut outputs = Vec::new();
                self.switch.relay_ended(now, |output| outputs.push(output));
                for output in outputs {
                    self.carry_out(now, session, output, doing);
                }
            }
        }
    }

    fn relay_over(&mut self, doing: &mut FaxDoing) {
        self.listen();
        let Some(relay) = self.relay.take() else {
            return;
        };
        let (numbers, report) = (relay.view.numbers(), self.hearing.report());
        let page = report.and_then(|report| report.pages.last());
        doing.events.push(Trace::RelayEnded {
            pages: report.map_or(0, |report| report.confirmed),
            rate: page.map_or(u32::try_from(numbers.rate).unwrap_or(0), |page| page.rate),
            ecm: page.map_or(numbers.ecm != 0, |page| page.ecm),
            lost: numbers.lost,
            recovered: numbers.recovered,
        });
        self.hearing.relay_ended(&numbers);
        self.before = sum(&self.before, &numbers);
    }

    /// What has passed since the last look, as sound and in T.38.
    fn listen(&mut self) {
        self.hearing.listen();
        if let Some(relay) = &mut self.relay {
            while let Ok((at, seen)) = relay.seen.pop() {
                self.hearing.hear(at, seen);
            }
        }
    }

    /// Data passes from now on; `unchanged`: not as voice.
    fn data_begins(&mut self, now: Time, id: SessionId, unchanged: bool, doing: &mut FaxDoing) {
        self.hearing.data(now, unchanged);
        self.look.get_or_insert(now + LOOK);
        if self.hearing.lacks_tap() {
            self.tap(id, doing);
        }
    }

    /// Something that listens goes into the session, and stays there.
    fn tap(&mut self, session: SessionId, doing: &mut FaxDoing) {
        match FaxTap::build(self.hearing.is_as_voice()) {
            Ok((tap, watch)) => {
                self.hearing.tap = Some(watch);
                doing.orders.push(LineOrder::Listen { session, tap });
            }
            Err(error) => {
                doing.trouble = Some(format!("nothing listens to the fax of a call: {error}"));
            }
        }
    }

    /// The fax of this leg is over; its machines had these names.
    #[cfg(test)]
    pub(super) fn last_of_test(&mut self, identities: Sides<Option<String>>) {
        self.hearing.finish(Time::ZERO);
        let last = self.hearing.last.as_mut().expect("a fax");
        last.identities = identities;
    }

    /// No data passes any more.
    fn voice_again(&mut self, now: Time, doing: &mut FaxDoing) {
        let record = self.hearing.voice(now, false);
        self.keep(record, doing);
        self.look = None;
    }

    /// The machines are done; what passes may yet be another fax.
    fn fax_over(&mut self, now: Time, doing: &mut FaxDoing) {
        let record = self.hearing.finish(now);
        self.keep(record, doing);
    }

    fn keep(&mut self, record: Option<FaxRecord>, doing: &mut FaxDoing) {
        if let Some(record) = record {
            self.pages = self.pages.saturating_add(record.pages);
            doing.faxes.push(record);
        }
    }

    /// For the CLI; none while nothing but voice has been.
    pub(super) fn shown(&self) -> Option<ctl::FaxLeg> {
        let is = mode(self.switch.is());
        let relay = self.relay.as_ref();
        let numbers = relay.map_or(self.before, |relay| {
            sum(&self.before, &relay.view.numbers())
        });
        let (report, last) = (self.hearing.report(), self.hearing.last.as_deref());
        let voice = is == LegMode::Voice && numbers == RelayNumbers::default();
        if voice && report.is_none() && last.is_none() {
            return None;
        }
        // Of the fax that goes on; of the last one when none does.
        let (rate, ecm) = match report {
            Some(report) => {
                let chosen = report.chosen;
                let rate = chosen.and_then(|chosen| chosen.fast).map(Fast::rate);
                let here = relay.map(|relay| relay.view.numbers());
                (
                    rate.or(here.and_then(|numbers| u32::try_from(numbers.rate).ok())),
                    chosen
                        .map(|chosen| chosen.ecm)
                        .or(here.map(|numbers| numbers.ecm != 0)),
                )
            }
            None => (
                last.and_then(|last| last.rate),
                last.and_then(|last| last.ecm),
            ),
        };
        let [line, network] = match report {
            Some(report) => report.identities.clone(),
            None => last.map_or([None, None], |last| {
                let Sides { line, network } = last.identities.clone();
                [line, network]
            }),
        };
        let confirmed = report.map_or(0, |report| report.confirmed);
        Some(ctl::FaxLeg {
            mode: match is {
                LegMode::Voice if self.hearing.is_data() => LegMode::PassThrough,
                is => is,
            },
            rate: rate.unwrap_or(0),
            ecm: ecm.unwrap_or(false),
            line_identity: line,
            far_identity: network,
            outcome: match report {
                Some(_) => None,
                None => last.map(|last| last.outcome.clone()),
            },
            pages: self.pages.saturating_add(confirmed),
            sent_packets: numbers.sent,
            sent_datagrams: numbers.datagrams_sent,
            received_datagrams: numbers.received,
            lost_packets: numbers.lost,
            recovered_packets: numbers.recovered,
            late_datagrams: numbers.late,
            unreadable_datagrams: numbers.malformed,
        })
    }
}

fn mode(is: Become) -> LegMode {
    match is {
        Become::Voice => LegMode::Voice,
        Become::PassThrough { .. } => LegMode::PassThrough,
        Become::Relay => LegMode::FaxRelay,
    }
}

fn shown(record: &Record) -> Trace {
    let answer = match record.answer {
        Answer::Event(Event::Nack) => SwitchAnswer::Refused,
        Answer::Event(_) => SwitchAnswer::Agreed,
        Answer::Nothing => SwitchAnswer::Nothing,
        Answer::T38 => SwitchAnswer::T38,
        Answer::Ignored => SwitchAnswer::Ignored,
        Answer::VoiceOn => SwitchAnswer::VoiceOn,
    };
    Trace::LegSwitch {
        event: record.asked.map(Event::number),
        by: record.by,
        answer,
        mode: mode(record.is),
    }
}

fn sum(a: &RelayNumbers, b: &RelayNumbers) -> RelayNumbers {
    RelayNumbers {
        sent: a.sent + b.sent,
        datagrams_sent: a.datagrams_sent + b.datagrams_sent,
        refused: a.refused + b.refused,
        received: a.received + b.received,
        lost: a.lost + b.lost,
        recovered: a.recovered + b.recovered,
        late: a.late + b.late,
        malformed: a.malformed + b.malformed,
        given_up: a.given_up + b.given_up,
        unseen: a.unseen + b.unseen,
        rate: b.rate.max(if b.rate == 0 { a.rate } else { 0 }),
        ecm: if b.rate == 0 { a.ecm } else { b.ecm },
    }
}
