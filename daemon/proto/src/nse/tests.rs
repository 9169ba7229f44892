//! The switch by itself, and two of them against each other over a network that loses.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::Time;
use crate::types::{DataTone, Side};

const ALL: Capabilities = Capabilities {
    pass_through: true,
    relay: true,
};
const PASS_THROUGH: Capabilities = Capabilities {
    pass_through: true,
    relay: false,
};
const DATA: Become = Become::PassThrough { modem: false };
const MODEM: Become = Become::PassThrough { modem: true };

/// A switch with its clock, and what it did.
struct Bench {
    switch: Switch,
    now: Time,
    timestamp: u32,
    done: Vec<Output>,
}

impl Bench {
    fn new(mode: Mode, can: Capabilities) -> Bench {
        Bench {
            switch: Switch::new(mode, can),
            now: Time::from_millis(1_000),
            timestamp: 0,
            done: vec![],
        }
    }

    fn line(&mut self, tone: DataTone) -> &mut Bench {
        self.switch
            .tone(self.now, Side::Line, tone, |o| self.done.push(o));
        self
    }

    fn network(&mut self, tone: DataTone) -> &mut Bench {
        self.switch
            .tone(self.now, Side::Network, tone, |o| self.done.push(o));
        self
    }

    /// An event in its three copies.
    fn hear(&mut self, event: Event) -> &mut Bench {
        self.timestamp += 160;
        for _ in 0..3 {
            self.switch
                .received(self.now, event, self.timestamp, |o| self.done.push(o));
        }
        self
    }

    /// Lets time pass, doing what falls due.
    fn pass(&mut self, ms: u64) -> &mut Bench {
        let until = self.now + Duration::from_millis(ms);
        while let Some(at) = self.switch.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.switch.due(self.now, |o| self.done.push(o));
        }
        self.now = until;
        self
    }

    /// Events that went, each once; all that went in copies of three.
    fn sent(&mut self) -> Vec<Event> {
        self.pass(100);
        let mut events = vec![];
        let mut copies = 0;
        for output in &self.done {
            let Output::Send { event, first } = *output else {
                continue;
            };
            if first {
                assert!(copies == 0 || copies == 3, "{:?}", self.done);
                copies = 0;
                events.push(event);
            }
            copies += 1;
        }
        events
    }

    fn records(&self) -> Vec<(Option<Event>, Side, Answer)> {
        let record = |output: &Output| match output {
            Output::Journal(record) => Some((record.asked, record.by, record.answer)),
            _ => None,
        };
        self.done.iter().filter_map(record).collect()
    }

    fn is(&self) -> Become {
        self.switch.is()
    }
}

#[test]
fn an_answering_machine_at_the_line_asks_and_needs_no_echo() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::Ced);
    assert_eq!(
        (bench.is(), bench.sent()),
        (DATA, vec![Event::FaxPassThrough])
    );
    bench.pass(5_000);
    assert_eq!(bench.is(), DATA);
    let asked = Some(Event::FaxPassThrough);
    assert_eq!(bench.records(), [(asked, Side::Line, Answer::Nothing)]);
}

#[test]
fn an_echo_is_noted_and_not_answered() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::Ced).hear(Event::FaxPassThrough);
    bench.hear(Event::FaxPassThrough);
    assert_eq!(bench.sent(), [Event::FaxPassThrough]);
    let event = Event::FaxPassThrough;
    assert_eq!(
        bench.records(),
        [(Some(event), Side::Line, Answer::Event(event))]
    );
}

#[test]
fn phase_reversals_add_193() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::AnsAmPr);
    let both = [Event::FaxPassThrough, Event::ModemPassThrough];
    assert_eq!((bench.is(), bench.sent()), (MODEM, both.to_vec()));
    bench.hear(both[0]).hear(both[1]);
    let echo = |event| (Some(event), Side::Line, Answer::Event(event));
    assert_eq!(bench.records(), both.map(echo), "each has its echo");

    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::Ced).pass(300).line(DataTone::AnsPr);
    assert_eq!((bench.is(), bench.sent()), (MODEM, both.to_vec()));
}

#[test]
fn flags_ask_for_t38_and_201_starts_it() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench
        .line(DataTone::Ced)
        .pass(2_000)
        .line(DataTone::V21Preamble);
    assert_eq!(bench.is(), DATA, "not before the answer");
    assert_eq!(bench.sent(), [Event::FaxPassThrough, Event::FaxRelay]);
    bench.hear(Event::Ack);
    assert_eq!(bench.is(), Become::Relay);
    bench.pass(5_000);
    assert_eq!(bench.sent().len(), 2, "answered: asked no more");
    let last = *bench.records().last().unwrap();
    let asked = Some(Event::FaxRelay);
    assert_eq!(last, (asked, Side::Line, Answer::Event(Event::Ack)));
}

#[test]
fn without_an_answer_200_goes_five_times_and_the_leg_stays_what_it_is() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::V21Preamble).pass(3_000);
    assert_eq!(bench.sent(), [Event::FaxRelay; 5]);
    assert_eq!(bench.is(), Become::Voice);
    let asked = Some(Event::FaxRelay);
    assert_eq!(bench.records(), [(asked, Side::Line, Answer::Nothing)]);
    // The next flags do not ask again, but data may still pass.
    bench.line(DataTone::V21Preamble);
    assert_eq!(bench.is(), DATA);
    // An answer that was long on its way counts: the far end has switched.
    bench.hear(Event::Ack);
    assert_eq!(bench.is(), Become::Relay);
}

#[test]
fn a_no_keeps_the_leg_as_it_is() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::V21Preamble).pass(50).hear(Event::Nack);
    bench.pass(3_000).hear(Event::Ack);
    assert_eq!(bench.sent(), [Event::FaxRelay]);
    let no = (
        Some(Event::FaxRelay),
        Side::Line,
        Answer::Event(Event::Nack),
    );
    assert_eq!(bench.records()[0], no);
}

#[test]
fn a_far_end_that_asks_is_answered() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.network(DataTone::Ced).hear(Event::FaxPassThrough);
    assert_eq!(bench.is(), DATA);
    bench.pass(100).hear(Event::ModemPassThrough);
    assert_eq!(bench.is(), MODEM);
    bench.pass(100).hear(Event::FaxRelay);
    assert_eq!(bench.is(), Become::Relay);
    let answers = vec![Event::FaxPassThrough, Event::ModemPassThrough, Event::Ack];
    assert_eq!(bench.sent(), answers);
    // Our 201 was lost: it asks again.
    bench.pass(100).hear(Event::FaxRelay);
    assert_eq!(bench.sent().last(), Some(&Event::Ack));
    assert_eq!(bench.sent().len(), 4);
    assert_eq!(bench.records().len(), 3);
}

#[test]
fn a_port_without_t38_says_no_and_stays() {
    let mut bench = Bench::new(Mode::Force, PASS_THROUGH);
    bench.hear(Event::FaxRelay);
    assert_eq!(
        (bench.is(), bench.sent()),
        (Become::Voice, vec![Event::Nack])
    );
    bench.line(DataTone::V21Preamble);
    assert_eq!(bench.is(), DATA, "flags alone are a fax");
}

#[test]
fn the_side_of_the_calling_machine_does_not_ask() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench
        .network(DataTone::V21Preamble)
        .line(DataTone::V21Preamble);
    bench.line(DataTone::Ced);
    assert_eq!((bench.is(), bench.sent()), (Become::Voice, vec![]));
}

#[test]
fn voice_comes_back_by_194_of_either_side() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::Ced).pass(100).hear(Event::Voice);
    assert_eq!(bench.is(), Become::Voice);
    assert_eq!(bench.sent(), [Event::FaxPassThrough], "no answer");

    bench.line(DataTone::AnsPr).pass(200);
    bench.switch.silent(bench.now, |o| bench.done.push(o));
    assert_eq!(bench.is(), Become::Voice);
    assert_eq!(bench.sent().last(), Some(&Event::Voice));

    bench.line(DataTone::V21Preamble).pass(100).hear(Event::Ack);
    assert_eq!(bench.is(), Become::Relay);
    bench
        .switch
        .silent(bench.now, |_| panic!("a relay has its own end"));
    bench.switch.relay_ended(bench.now, |o| bench.done.push(o));
    assert_eq!(bench.is(), Become::Voice);
    assert_eq!(bench.sent().last(), Some(&Event::Voice));
}

#[test]
fn t38_may_come_without_a_word() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench
        .switch
        .t38_arrived(bench.now, |_| panic!("one is an accident"));
    bench.pass(30);
    bench.switch.t38_arrived(bench.now, |o| bench.done.push(o));
    assert_eq!(bench.is(), Become::Relay);
    assert_eq!(bench.records(), [(None, Side::Network, Answer::T38)]);
    // In place of 201 one is enough.
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.line(DataTone::V21Preamble).pass(100);
    bench.switch.t38_arrived(bench.now, |o| bench.done.push(o));
    assert_eq!(bench.is(), Become::Relay);
    // Where it is not allowed it changes nothing.
    let mut bench = Bench::new(Mode::Force, PASS_THROUGH);
    for _ in 0..3 {
        bench.switch.t38_arrived(bench.now, |_| panic!());
    }
}

#[test]
fn a_far_end_that_agreed_and_sends_voice_on_has_not_switched() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.hear(Event::FaxRelay).pass(1_900);
    bench
        .switch
        .voice_arrived(bench.now, |_| panic!("late voice"));
    bench.pass(200);
    bench
        .switch
        .voice_arrived(bench.now, |o| bench.done.push(o));
    assert_eq!(bench.is(), Become::Voice);
    let last = *bench.records().last().unwrap();
    let asked = Some(Event::FaxRelay);
    assert_eq!(last, (asked, Side::Network, Answer::VoiceOn));

    let mut bench = Bench::new(Mode::Force, ALL);
    bench.hear(Event::FaxRelay).pass(1_000);
    bench.switch.t38_arrived(bench.now, |_| panic!());
    bench.pass(5_000);
    bench
        .switch
        .voice_arrived(bench.now, |_| panic!("voice beside T.38"));
    assert_eq!(bench.is(), Become::Relay);
}

#[test]
fn off_hears_nothing_and_negotiated_waits_for_a_sign() {
    let mut bench = Bench::new(Mode::Off, ALL);
    bench.line(DataTone::Ced).line(DataTone::V21Preamble);
    bench.hear(Event::FaxRelay).hear(Event::FaxPassThrough);
    assert_eq!((bench.is(), bench.done.len()), (Become::Voice, 0));

    let mut bench = Bench::new(Mode::Negotiated, ALL);
    bench.line(DataTone::Ced);
    assert_eq!((bench.is(), bench.sent()), (Become::Voice, vec![]));
    bench.hear(Event::ModemRelayCapability).line(DataTone::Ced);
    assert_eq!(bench.is(), DATA, "it has events");

    let mut bench = Bench::new(Mode::Negotiated, ALL);
    bench.switch.named();
    bench.line(DataTone::Ced);
    assert_eq!(bench.is(), DATA);
}

#[test]
fn copies_count_once_and_the_same_event_later_counts_again() {
    let mut bench = Bench::new(Mode::Force, ALL);
    for ms in [0, 20, 40, 400] {
        let at = bench.now + Duration::from_millis(ms);
        bench
            .switch
            .received(at, Event::ModemRelay, 7, |o| bench.done.push(o));
        // Copies of another one in between.
        bench
            .switch
            .received(at, Event::ModemRelayCapability, 7, |o| bench.done.push(o));
    }
    assert_eq!(bench.records().len(), 2);
    let at = bench.now + Duration::from_millis(600);
    bench
        .switch
        .received(at, Event::ModemRelay, 7, |o| bench.done.push(o));
    assert_eq!(bench.records().len(), 3);
}

/// What the proptest below does in a step.
#[derive(Clone, Copy, Debug)]
enum Step {
    Tone(bool, Side, DataTone),
    Pass(u64),
    Silent(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let tone = prop_oneof![
        Just(DataTone::Cng),
        Just(DataTone::Ced),
        Just(DataTone::AnsAmPr),
        Just(DataTone::V21Preamble),
    ];
    let side = prop_oneof![Just(Side::Line), Just(Side::Network)];
    let step = prop_oneof![
        (any::<bool>(), side, tone).prop_map(|(a, s, t)| Step::Tone(a, s, t)),
        (0u64..1_500).prop_map(Step::Pass),
        any::<bool>().prop_map(Step::Silent),
    ];
    prop::collection::vec(step, 1..30)
}

proptest! {
    /// Whatever happens, and whatever is lost: two switches come to an end, say a bounded number of things, and wait for
    /// nothing when all is said.
    #[test]
    fn two_sides_never_hang(steps in steps(), loss in any::<u64>(), relay in any::<[bool; 2]>()) {
        let mut sides = relay.map(|relay| Bench::new(Mode::Force, Capabilities { pass_through: true, relay }));
        let mut dice = loss | 1;
        let mut events = 0;
        let mut exchange = |sides: &mut [Bench; 2], ms: u64| {
            for _ in 0..ms / 10 + 1 {
                for from in 0..2 {
                    sides[from].pass(10);
                    let done = std::mem::take(&mut sides[from].done);
                    for output in done {
                        let Output::Send { event, first } = output else { continue };
                        events += 1;
                        sides[from].timestamp += u32::from(first);
                        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        if dice >> 62 == 0 { continue; }
                        let (now, timestamp) = (sides[1 - from].now, sides[from].timestamp);
                        let other = &mut sides[1 - from];
                        other.switch.received(now, event, timestamp, |o| other.done.push(o));
                    }
                }
            }
        };
        for step in &steps {
            match *step {
                Step::Tone(a, side, tone) => {
                    let bench = &mut sides[usize::from(a)];
                    bench.switch.tone(bench.now, side, tone, |o| bench.done.push(o));
                }
                Step::Pass(ms) => exchange(&mut sides, ms),
                Step::Silent(a) => {
                    let bench = &mut sides[usize::from(a)];
                    bench.switch.silent(bench.now, |o| bench.done.push(o));
                }
            }
        }
        exchange(&mut sides, 5_000);
        for bench in &sides {
            prop_assert_eq!(bench.switch.deadline(), None);
        }
        prop_assert!(events <= steps.len() * 60, "{} events", events);
    }
}

#[test]
fn relay_that_is_not_to_be_asked_for_is_not_and_what_the_far_end_asks_for_is_agreed_on() {
    let mut bench = Bench::new(Mode::Force, ALL);
    bench.switch.ask_relay(false);
    bench.line(DataTone::Ced).line(DataTone::V21Preamble);
    bench.pass(3_000);
    assert_eq!(
        (bench.is(), bench.sent()),
        (DATA, vec![Event::FaxPassThrough])
    );
    assert!(bench.done.contains(&Output::NotAsked), "{:?}", bench.done);
    bench.hear(Event::FaxRelay);
    assert_eq!(bench.is(), Become::Relay);
    let mut bench = Bench::new(Mode::Force, PASS_THROUGH);
    bench.switch.ask_relay(false);
    bench.line(DataTone::V21Preamble);
    assert!(
        !bench.done.contains(&Output::NotAsked),
        "it has none to ask for"
    );
}
