//! What a leg is: voice, pass-through or fax relay.
//!
//! The side whose line has the answering machine asks: 192 when it hears 2100 Hz, 193 when that has phase reversals, 200
//! when it hears flags of V.21 and fax relay is allowed. 192 and 193 take effect at once; their echoes are a courtesy,
//! and some gateways send none. 200 needs 201 before anything changes. It is repeated, and without an answer the
//! leg stays what it is. Either side goes back with 194. One call may be voice, pass-through and relay in turn.
//!
//! Gateways send an event without an end, in several copies; so the first counts, and the same event with the same
//! timestamp is a copy for half a second.

use std::time::Duration;

use super::burst::Bursts;
use super::event::Event;
use super::journal::{Answer, Record};
use crate::time::Time;
use crate::types::{DataTone, Side};

/// Copies of an event come within this time.
const GUARD: Duration = Duration::from_millis(500);
/// From one 200 to the next, and how many.
const ASK_EVERY: Duration = Duration::from_millis(200);
const ASKS: u8 = 5;
/// An echo of 192 or 193 that has not come by then will not come.
const ECHO: Duration = Duration::from_secs(1);
/// Two datagrams of T.38 within this time are no accident.
const UNASKED: Duration = Duration::from_secs(1);
/// A far end that still sends voice this long after it agreed on T.38, and nothing of T.38, has not switched.
const STILL_VOICE: Duration = Duration::from_secs(2);

/// Are events used (`nse`)?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Neither sent nor heard.
    Off,
    /// With a far end that is known to have them: the server named their payload type, or one came.
    #[default]
    Negotiated,
    /// Always. Between Cisco's gateways under SCCP nobody names them.
    Force,
}

/// Relays that one leg may have: a call has a few faxes, and each begin costs work that a far end must not order at will.
const RELAYS: u8 = 16;

/// What this port can be switched to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// 192 and 193.
    pub pass_through: bool,
    /// 200: T.38.
    pub relay: bool,
}

/// What a leg is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Become {
    /// Voice.
    #[default]
    Voice,
    /// G.711 that data pass through.
    PassThrough {
        /// Echo cancellers are off.
        modem: bool,
    },
    /// T.38 from and to the address of the voice.
    Relay,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// An event goes out. `first`: with a new timestamp; otherwise it is a copy and has the timestamp of the one before.
    Send {
        /// Which.
        event: Event,
        /// The first of its copies?
        first: bool,
    },
    /// The leg is something else from now on.
    Become(Become),
    /// For the journal.
    Journal(Record),
    /// Fax relay would be asked for now, and is not.
    NotAsked,
}

/// A 200 without an answer as yet.
#[derive(Clone, Copy, Debug)]
struct Asking {
    asks: u8,
    next: Time,
}

/// A 192 or 193 whose echo has not come.
#[derive(Clone, Copy, Debug)]
struct Echo {
    event: Event,
    until: Time,
}

/// One leg.
#[derive(Clone, Debug)]
pub struct Switch {
    mode: Mode,
    can: Capabilities,
    /// The far end is known to have events.
    known: bool,
    /// Fax relay may be asked for; what the far end asks for is answered in any case.
    asks: bool,
    is: Become,
    /// The far side's machine was heard first: the far gateway asks.
    far_answers: bool,
    asking: Option<Asking>,
    /// Of 192 and of 193.
    echoes: [Option<Echo>; 2],
    /// The far end said no, or nothing.
    refused: bool,
    /// The last events, for their copies come in between each other.
    heard: [Option<(Event, u32, Time)>; 4],
    bursts: Bursts,
    /// Since when it is a relay without a packet of T.38.
    relay_since: Option<Time>,
    /// A datagram of T.38 that nobody asked for.
    unasked: Option<Time>,
    /// Relays that it has had.
    relays: u8,
}

impl Switch {
    /// A leg with voice.
    pub fn new(mode: Mode, can: Capabilities) -> Switch {
        Switch {
            mode,
            can,
            known: false,
            asks: true,
            is: Become::Voice,
            far_answers: false,
            asking: None,
            echoes: [None; 2],
            refused: false,
            heard: [None; 4],
            bursts: Bursts::default(),
            relay_since: None,
            unasked: None,
            relays: 0,
        }
    }

    /// The server names a payload type for events, so the far end has them.
    pub fn named(&mut self) {
        self.known = true;
    }

    /// Fax relay is asked for from now on, or not; the far end's requests are answered as before.
    pub fn ask_relay(&mut self, asks: bool) {
        self.asks = asks;
    }

    /// What it is now.
    pub fn is(&self) -> Become {
        self.is
    }

    /// When [`Switch::due`] has something to do.
    pub fn deadline(&self) -> Option<Time> {
        let asking = self.asking.map(|asking| asking.next);
        let echoes = self.echoes.iter().flatten().map(|echo| echo.until);
        let others = [self.bursts.deadline(), asking];
        others.into_iter().flatten().chain(echoes).min()
    }

    /// Time has passed.
    pub fn due(&mut self, now: Time, mut emit: impl FnMut(Output)) {
        self.echoed(Answer::Nothing, |echo| now >= echo.until, &mut emit);
        if let Some(asking) = self.asking.filter(|asking| now >= asking.next) {
            if asking.asks < ASKS {
                self.ask(now, asking.asks + 1);
            } else {
                self.asking = None;
                self.refused = true;
                self.note(
                    Some(Event::FaxRelay),
                    Side::Line,
                    Answer::Nothing,
                    &mut emit,
                );
            }
        }
        self.send(now, &mut emit);
    }

    /// A tone was heard, from the line or from the network.
    pub fn tone(&mut self, now: Time, from: Side, tone: DataTone, mut emit: impl FnMut(Output)) {
        let (answers, reversals, flags) = match tone {
            // The answer tone before it has said all.
            DataTone::Cng | DataTone::V22 => return,
            DataTone::Ced | DataTone::AnsAm => (true, false, false),
            DataTone::AnsPr | DataTone::AnsAmPr => (true, true, false),
            DataTone::V21Preamble => (false, false, true),
        };
        match from {
            Side::Network => {
                self.far_answers |= self.is == Become::Voice && self.asking.is_none();
                return;
            }
            Side::Line if self.far_answers || !self.is_active() => return,
            Side::Line => {}
        }
        let could = self.may_relay() && !self.refused;
        if flags && could && !self.asks && self.is != Become::Relay {
            emit(Output::NotAsked);
        }
        let relay = could && self.asks;
        if flags && relay && self.is != Become::Relay {
            if self.asking.is_none() {
                self.ask(now, 1);
            }
        } else if self.can.pass_through && (answers || flags) {
            self.pass_through(now, reversals, &mut emit);
        }
        self.send(now, &mut emit);
    }

    /// An event came, with the RTP timestamp of its packet.
    pub fn received(
        &mut self,
        now: Time,
        event: Event,
        timestamp: u32,
        mut emit: impl FnMut(Output),
    ) {
        if self.mode == Mode::Off || self.is_copy(now, event, timestamp) {
            return;
        }
        self.known = true;
        match event {
            Event::FaxPassThrough => self.asked_pass_through(now, event, false, &mut emit),
            Event::ModemPassThrough => self.asked_pass_through(now, event, true, &mut emit),
            Event::Voice => {
                self.forget();
                self.become_(Become::Voice, &mut emit);
                self.note(Some(event), Side::Network, Answer::Nothing, &mut emit);
            }
            Event::FaxRelay => self.asked_relay(now, &mut emit),
            Event::Ack => {
                // One that is late still means that the far end has switched.
                let asked = self.asking.take().is_some() || self.refused;
                if asked && self.is != Become::Relay {
                    self.refused = false;
                    self.relay(now, &mut emit);
                    self.note(
                        Some(Event::FaxRelay),
                        Side::Line,
                        Answer::Event(event),
                        &mut emit,
                    );
                }
            }
            Event::Nack => {
                if self.asking.take().is_some() {
                    self.refused = true;
                    self.note(
                        Some(Event::FaxRelay),
                        Side::Line,
                        Answer::Event(event),
                        &mut emit,
                    );
                }
            }
            Event::ModemRelayCapability | Event::ModemRelay | Event::Other(_) => {
                self.note(Some(event), Side::Network, Answer::Ignored, &mut emit);
            }
        }
        self.send(now, &mut emit);
    }

    /// A datagram of T.38 came that can be read.
    pub fn t38_arrived(&mut self, now: Time, mut emit: impl FnMut(Output)) {
        self.relay_since = None;
        if self.is == Become::Relay || !self.is_active() || !self.may_relay() {
            return;
        }
        let before = self.unasked.replace(now);
        if self.asking.is_none()
            && before.is_none_or(|before| now.saturating_since(before) > UNASKED)
        {
            return;
        }
        let asked = self.asking.take().map(|_| Event::FaxRelay);
        let by = if asked.is_some() {
            Side::Line
        } else {
            Side::Network
        };
        self.relay(now, &mut emit);
        self.relay_since = None;
        self.note(asked, by, Answer::T38, &mut emit);
        self.send(now, &mut emit);
    }

    /// A packet of voice came, no event.
    pub fn voice_arrived(&mut self, now: Time, mut emit: impl FnMut(Output)) {
        let still = |since: Time| now.saturating_since(since) >= STILL_VOICE;
        if self.is == Become::Relay && self.relay_since.is_some_and(still) {
            self.refused = true;
            self.forget();
            self.become_(Become::Voice, &mut emit);
            self.note(
                Some(Event::FaxRelay),
                Side::Network,
                Answer::VoiceOn,
                &mut emit,
            );
        }
    }

    /// Both sides have been silent for long (`passthrough::SILENCE_MS`), or the carrier is gone.
    pub fn silent(&mut self, now: Time, emit: impl FnMut(Output)) {
        if matches!(self.is, Become::PassThrough { .. }) {
            self.back(now, emit);
        }
    }

    /// The fax that was relayed is over.
    pub fn relay_ended(&mut self, now: Time, emit: impl FnMut(Output)) {
        if self.is == Become::Relay {
            self.back(now, emit);
        }
    }

    fn back(&mut self, now: Time, mut emit: impl FnMut(Output)) {
        self.forget();
        self.become_(Become::Voice, &mut emit);
        self.note(Some(Event::Voice), Side::Line, Answer::Nothing, &mut emit);
        self.bursts.push(now, Event::Voice);
        self.send(now, &mut emit);
    }

    fn is_active(&self) -> bool {
        match self.mode {
            Mode::Off => false,
            Mode::Negotiated => self.known,
            Mode::Force => true,
        }
    }

    fn is_copy(&mut self, now: Time, event: Event, timestamp: u32) -> bool {
        let same = |heard: &&(Event, u32, Time)| {
            (heard.0, heard.1) == (event, timestamp) && now.saturating_since(heard.2) < GUARD
        };
        let copy = self.heard.iter().flatten().any(|heard| same(&heard));
        if !copy {
            self.heard.rotate_right(1);
            self.heard[0] = Some((event, timestamp, now));
        }
        copy
    }

    /// The line has an answering machine.
    fn pass_through(&mut self, now: Time, reversals: bool, emit: &mut impl FnMut(Output)) {
        let (was_data, was_modem) = match self.is {
            Become::Voice => (false, false),
            Become::PassThrough { modem } => (true, modem),
            Become::Relay => return,
        };
        if !was_data {
            self.await_echo(now, 0, Event::FaxPassThrough);
        }
        if reversals && !was_modem {
            self.await_echo(now, 1, Event::ModemPassThrough);
        }
        self.become_(
            Become::PassThrough {
                modem: was_modem || reversals,
            },
            emit,
        );
    }

    fn await_echo(&mut self, now: Time, place: usize, event: Event) {
        self.bursts.push(now, event);
        let until = now + ECHO;
        self.echoes[place] = Some(Echo { event, until });
    }

    /// These echoes have come, or will not come; says whether there was one.
    fn echoed(
        &mut self,
        answer: Answer,
        which: impl Fn(&Echo) -> bool,
        emit: &mut impl FnMut(Output),
    ) -> bool {
        let mut any = false;
        for place in 0..self.echoes.len() {
            if let Some(echo) = self.echoes[place].take_if(|echo| which(echo)) {
                self.note(Some(echo.event), Side::Line, answer, emit);
                any = true;
            }
        }
        any
    }

    /// The far end asks for pass-through, or echoes our request for it.
    fn asked_pass_through(
        &mut self,
        now: Time,
        event: Event,
        modem: bool,
        emit: &mut impl FnMut(Output),
    ) {
        if self.echoed(Answer::Event(event), |echo| echo.event == event, emit) {
            return;
        }
        let was = self.is;
        let wanted = match was {
            _ if !self.can.pass_through => None,
            Become::Relay => None,
            Become::Voice => Some(Become::PassThrough { modem }),
            Become::PassThrough { modem: was } => Some(Become::PassThrough {
                modem: was || modem,
            }),
        };
        let Some(wanted) = wanted else {
            self.note(Some(event), Side::Network, Answer::Ignored, emit);
            return;
        };
        if wanted == was {
            // It is said already, by us or by them: an answer to each would go on for ever.
            return;
        }
        self.far_answers = true;
        self.become_(wanted, emit);
        self.bursts.push(now, event);
        self.note(Some(event), Side::Network, Answer::Event(event), emit);
    }

    fn may_relay(&self) -> bool {
        self.can.relay && self.relays < RELAYS
    }

    fn asked_relay(&mut self, now: Time, emit: &mut impl FnMut(Output)) {
        let may = self.may_relay() || self.is == Become::Relay;
        let answer = if may { Event::Ack } else { Event::Nack };
        // Repeated until our answer gets through.
        self.bursts.push(now, answer);
        let again = self.is == Become::Relay;
        if may && !again {
            self.asking = None;
            self.far_answers = true;
            self.relay(now, emit);
        }
        if !again {
            self.note(
                Some(Event::FaxRelay),
                Side::Network,
                Answer::Event(answer),
                emit,
            );
        }
    }

    fn ask(&mut self, now: Time, asks: u8) {
        self.bursts.push(now, Event::FaxRelay);
        self.asking = Some(Asking {
            asks,
            next: now + ASK_EVERY,
        });
    }

    fn relay(&mut self, now: Time, emit: &mut impl FnMut(Output)) {
        self.echoed(Answer::Nothing, |_| true, emit);
        self.relay_since = Some(now);
        self.relays = self.relays.saturating_add(1);
        self.become_(Become::Relay, emit);
    }

    fn forget(&mut self) {
        self.asking = None;
        self.echoes = [None; 2];
        self.relay_since = None;
        self.unasked = None;
        self.far_answers = false;
        self.bursts.clear();
    }

    fn become_(&mut self, is: Become, emit: &mut impl FnMut(Output)) {
        if self.is != is {
            self.is = is;
            emit(Output::Become(is));
        }
    }

    fn note(&self, asked: Option<Event>, by: Side, answer: Answer, emit: &mut impl FnMut(Output)) {
        emit(Output::Journal(Record {
            asked,
            by,
            answer,
            is: self.is,
        }));
    }

    fn send(&mut self, now: Time, emit: &mut impl FnMut(Output)) {
        while let Some((event, first)) = self.bursts.due(now) {
            emit(Output::Send { event, first });
        }
    }
}
