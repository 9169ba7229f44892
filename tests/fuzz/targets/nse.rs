//! Named signalling events in any order and at any time, with tones, T.38 and silences in between.
//!
//! Nothing allocates, what the switch says it is follows from what it handed out, what goes out is bounded, and when
//! nothing comes any more it waits for nothing.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_linux::alloc_count::{CountingAllocator, allocations_in_this_thread};
use tipring_proto::nse::{Become, Capabilities, Event, Mode, Output, Switch, latent_payload_type};
use tipring_proto::time::Time;
use tipring_proto::types::{DataTone, Side};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let mode = program.choice(&[Mode::Force, Mode::Negotiated, Mode::Off]);
    let flags = program.byte();
    let can = Capabilities {
        pass_through: flags & 1 != 0,
        relay: flags & 2 != 0,
    };
    let named = latent_payload_type(program.bytes()).is_some();
    let mut switch = Switch::new(mode, can);
    if named {
        switch.named();
    }
    let mut bench = Bench {
        switch,
        can,
        now: Time::from_millis(1),
        is: Become::Voice,
        sent: 0,
        asked: 0,
        asks: true,
    };
    let before = allocations_in_this_thread();
    while let Some(step) = program.next_step() {
        bench.step(step, &mut program);
    }
    bench.pass(Duration::from_secs(10));
    assert_eq!(bench.switch.deadline(), None, "waits for ever");
    // Three copies of each; a tone can bring five requests.
    assert!(
        bench.sent <= 3 * 6 * (bench.asked + 1),
        "{} sent",
        bench.sent
    );
    if mode == Mode::Off {
        assert_eq!((bench.is, bench.sent), (Become::Voice, 0));
    }
    assert_eq!(allocations_in_this_thread(), before);
});

struct Bench {
    switch: Switch,
    can: Capabilities,
    now: Time,
    is: Become,
    sent: u32,
    asked: u32,
    /// It may ask for fax relay.
    asks: bool,
}

impl Bench {
    fn step(&mut self, step: u8, program: &mut Program<'_>) {
        self.asked += 1;
        let mut done = Done {
            is: self.is,
            sent: 0,
            asks: self.asks,
        };
        let emit = |output| done.take(output);
        let now = self.now;
        match step % 8 {
            0 | 1 => {
                let side = program.choice(&[Side::Line, Side::Network]);
                let tone = program.choice(DataTone::ALL);
                self.switch.tone(now, side, tone, emit);
            }
            2 | 3 => {
                let event = Event::from_number(192 + program.byte() % 16);
                let timestamp = u32::from(program.byte() % 4);
                self.switch.received(now, event, timestamp, emit);
            }
            4 => {
                if let Some(event) = Event::parse(program.bytes()) {
                    assert_eq!(Event::parse(&event.to_bytes()), Some(event));
                    self.switch.received(now, event, program.number(), emit);
                }
            }
            5 => match program.byte() % 4 {
                0 => self.switch.t38_arrived(now, emit),
                1 => self.switch.voice_arrived(now, emit),
                2 => self.switch.silent(now, emit),
                _ => self.switch.relay_ended(now, emit),
            },
            6 => {
                self.asks = program.byte() > 127;
                self.switch.ask_relay(self.asks);
            }
            _ => {
                self.pass(Duration::from_millis(u64::from(program.byte()) * 10));
                return;
            }
        }
        self.take(done);
    }

    fn pass(&mut self, by: Duration) {
        let until = self.now + by;
        while let Some(at) = self.switch.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let mut done = Done {
                is: self.is,
                sent: 0,
                asks: self.asks,
            };
            self.switch.due(self.now, |output| done.take(output));
            let again = self.switch.deadline();
            assert!(again.is_none_or(|again| again > self.now), "no progress");
            self.take(done);
        }
        self.now = until;
    }

    fn take(&mut self, done: Done) {
        self.is = done.is;
        self.sent += done.sent;
        assert_eq!(self.switch.is(), self.is);
        match self.is {
            Become::Voice => {}
            Become::PassThrough { .. } => assert!(self.can.pass_through),
            Become::Relay => assert!(self.can.relay),
        }
    }
}

/// What was handed out.
struct Done {
    is: Become,
    sent: u32,
    asks: bool,
}

impl Done {
    fn take(&mut self, output: Output) {
        match output {
            Output::Send { .. } => self.sent += 1,
            Output::Become(is) => {
                assert_ne!(is, self.is, "it is that already");
                self.is = is;
            }
            Output::Journal(record) => assert_eq!(record.is, self.is),
            Output::NotAsked => assert!(!self.asks, "it may ask"),
        }
    }
}
