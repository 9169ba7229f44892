//! Fax of a leg: what named events and tones decide ([`Switch`]), carried out, and the relay watched until it is over.

use std::time::Duration;

use tipring_ctl::report as ctl;
use tipring_dsp::relay::Seen;
use tipring_proto::nse::{Answer, Become, Capabilities, Event, Mode, Output, Record, Switch};
use tipring_proto::passthrough::SILENCE_MS;
use tipring_proto::t30::Listener;
use tipring_proto::time::Time;
use tipring_proto::types::{DataTone, Side};
use tipring_types::NamedEvents;
use tipring_types::trace::{LegMode, SwitchAnswer, Trace};

use crate::line::{FaxRelay, FaxRelayConfig, LineOrder, RelayNumbers, RelayWatch, SessionId};

/// From one look at a relay to the next.
const LOOK: Duration = Duration::from_millis(500);
/// From an order that the line thread did not take to the next try.
const AGAIN: Duration = Duration::from_millis(100);
/// After a machine disconnected (DCN) its last frame still has to get to the other one's line.
const AFTER_DCN: Duration = Duration::from_secs(2);

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
    /// For the log.
    pub trouble: Option<String>,
    /// The leg is voice again.
    pub voice: bool,
}

/// Fax of one leg.
#[derive(Debug)]
pub(super) struct LegFax {
    settings: FaxSettings,
    switch: Switch,
    relay: Option<Watched>,
    /// Figures of relays that have ended.
    before: RelayNumbers,
    /// Pages of the last relay.
    pages: u32,
    /// The line thread has a relay that is over, for its ring was full: it is asked again then.
    owed: Option<Time>,
}

/// A relay at work.
#[derive(Debug)]
struct Watched {
    watch: RelayWatch,
    listener: Listener,
    /// When a machine disconnected.
    disconnected: Option<Time>,
    look: Time,
}

impl LegFax {
    /// A leg with voice.
    pub(super) fn new(settings: FaxSettings) -> LegFax {
        let can = Capabilities {
            pass_through: settings.pass_through,
            relay: settings.relays(),
        };
        LegFax {
            settings,
            switch: Switch::new(settings.mode(), can, false),
            relay: None,
            before: RelayNumbers::default(),
            pages: 0,
            owed: None,
        }
    }

    /// When [`LegFax::turn`] has something to do.
    pub(super) fn due(&self) -> Option<Time> {
        let look = self.relay.as_ref().map(|relay| relay.look);
        let deadlines = [self.switch.deadline(), look, self.owed];
        deadlines.into_iter().flatten().min()
    }

    /// Time has passed.
    pub(super) fn turn(&mut self, now: Time, id: SessionId) -> FaxDoing {
        let mut over = false;
        if let Some(relay) = self.relay.as_mut().filter(|relay| relay.look <= now) {
            relay.look = now + LOOK;
            relay.listen();
            over = relay.is_over(now);
        }
        let owed = self.owed.take_if(|at| *at <= now).is_some();
        let mut doing = self.act(now, id, |switch, emit| {
            switch.due(now, &mut *emit);
            if over {
                switch.relay_ended(now, emit);
            }
        });
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
        self.act(now, id, |switch, emit| switch.tone(now, from, tone, emit))
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
        if relay.is_some_and(|relay| relay.watch.view.numbers().received > 0) {
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
        self.act(now, id, |switch, emit| {
            switch.silent(now, &mut *emit);
            switch.relay_ended(now, emit);
        })
    }

    /// Is T.38 in the place of voice?
    pub(super) fn is_relay(&self) -> bool {
        self.switch.is() == Become::Relay
    }

    /// The call has ended.
    pub(super) fn close(&mut self) -> Option<Trace> {
        let mut doing = FaxDoing::default();
        self.relay_over(&mut doing);
        doing.events.pop()
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
            }
            Output::Journal(record) => doing.events.push(shown(&record)),
        }
    }

    fn begin_relay(&mut self, now: Time, session: SessionId, doing: &mut FaxDoing) {
        let Some(config) = self.settings.t38 else {
            return;
        };
        match FaxRelay::build(&config) {
            Ok((relay, watch)) => {
                self.relay = Some(Watched {
                    watch,
                    listener: Listener::new(now),
                    disconnected: None,
                    look: now + LOOK,
                });
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
        let Some(mut relay) = self.relay.take() else {
            return;
        };
        relay.listen();
        let (numbers, report) = (relay.watch.view.numbers(), relay.listener.report());
        let page = report.pages.last();
        doing.events.push(Trace::RelayEnded {
            pages: report.confirmed,
            rate: page.map_or(u32::try_from(numbers.rate).unwrap_or(0), |page| page.rate),
            ecm: page.map_or(numbers.ecm != 0, |page| page.ecm),
            lost: numbers.lost,
            recovered: numbers.recovered,
        });
        self.pages = self.pages.saturating_add(report.confirmed);
        self.before = sum(&self.before, &numbers);
    }

    /// For the CLI; none while nothing but voice has been.
    pub(super) fn shown(&self) -> Option<ctl::FaxLeg> {
        let mode = mode(self.switch.is());
        let relay = self.relay.as_ref();
        let numbers = relay.map_or(self.before, |relay| {
            sum(&self.before, &relay.watch.view.numbers())
        });
        if mode == LegMode::Voice && numbers == RelayNumbers::default() {
            return None;
        }
        let confirmed = relay.map_or(0, |relay| relay.listener.report().confirmed);
        Some(ctl::FaxLeg {
            mode,
            rate: u32::try_from(numbers.rate).unwrap_or(0),
            ecm: numbers.ecm != 0,
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

impl Watched {
    /// What has passed since the last look.
    fn listen(&mut self) {
        while let Ok((at, seen)) = self.watch.seen.pop() {
            match seen {
                Seen::Carrier(side, Some(carrier)) => self.listener.carrier(at, side, carrier),
                Seen::Carrier(side, None) => self.listener.carrier_ended(at, side),
                Seen::Frame(frame) if frame.intact => {
                    self.listener.frame(at, frame.side, frame.octets());
                }
                Seen::Frame(frame) => self.listener.bad_frame(at, frame.side),
            }
            if self.listener.report().end.is_some() {
                self.disconnected.get_or_insert(at);
            }
        }
    }

    fn is_over(&self, now: Time) -> bool {
        let long_ago = |at| now.saturating_since(at) >= AFTER_DCN;
        self.disconnected.is_some_and(long_ago)
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
