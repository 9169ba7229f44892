//! Serving the card of a lane: blocks in and out, events, trouble, and another card in its place.
//!
//! Promises: a backlog does not stay; what is in flight towards the line is the prefill, also after the card ran dry;
//! nothing is allocated or freed when a card is replaced.

use mio::Registry;
use tipring_dsp::{Chain, ChainCommand};
use tipring_hal::port::{LineEvent, LineEventKind, LineFault, LinePort, ReadBlock, WriteBlock};
use tipring_proto::time::Time;

use super::{Lane, PENDING_EVENTS, Tools, us};
use crate::line::order::{CardBack, CardSet, LineReport, MadeChain};

/// Events read from a card at once; what a bouncing line has beyond that waits for the next wake.
const EVENTS_AT_ONCE: usize = 64;

impl Lane {
    /// Reads a block and sends it, if a packet is full with it; what goes to the line is for [`Lane::serve_card`] right
    /// after. So no packet waits for the downlink of the ports before it.
    pub(in crate::line) fn read_ahead(&mut self, tools: &mut Tools<'_>) {
        if self.read.is_some() || !self.card.is_there() || !self.is_due() {
            return;
        }
        if !self.card.has_descriptor() {
            let mut events = EVENTS_AT_ONCE;
            self.take_events(tools, &mut events);
        }
        if self.card.is_there() {
            let answer = self.card.port.read(&mut self.from_line);
            if answer == ReadBlock::Block {
                self.block_up(tools);
            }
            self.read = Some(answer);
        }
    }

    /// A wake of the card's own descriptor.
    pub(in crate::line) fn woken(&mut self, tools: &mut Tools<'_>) -> usize {
        let events = self.counters.line_events.get();
        let blocks = self.serve_card(tools);
        let fruitful = blocks > 0 || self.counters.line_events.get() != events;
        if self.card.woken(fruitful, tools.registry) {
            self.counters.deaf_wakes.add(1);
        }
        blocks
    }

    /// Takes events and blocks until the card has none; answers the number of blocks.
    pub(in crate::line) fn serve_card(&mut self, tools: &mut Tools<'_>) -> usize {
        let mut blocks = 0;
        let mut events = EVENTS_AT_ONCE;
        let (mut more, mut read) = (true, self.read.take());
        if read.is_none() && self.card.is_there() && !self.card.has_descriptor() {
            // A card with a descriptor shows by its reads that an event waits; asking for one is a system call.
            self.take_events(tools, &mut events);
        }
        while more && blocks < usize::from(tools.config.blocks_at_once) && self.card.is_there() {
            let known = read.take();
            match known.unwrap_or_else(|| self.card.port.read(&mut self.from_line)) {
                ReadBlock::Block => {
                    blocks += 1;
                    if known.is_none() {
                        self.block_up(tools);
                    }
                    more = self.block_down(tools, &mut events);
                }
                ReadBlock::WouldBlock => {
                    self.card.pace.empty(tools.now);
                    self.edges.empty(self.card.port.block_complete_at());
                    self.refill(tools, &mut events);
                    break;
                }
                ReadBlock::EventPending => {
                    if !self.take_events(tools, &mut events) {
                        break;
                    }
                }
                ReadBlock::Down(fault) => {
                    self.take_events(tools, &mut events);
                    if fault == LineFault::Removed && self.card.has_descriptor() {
                        // It has not said so itself.
                        let at = tools.now.since_epoch();
                        let kind = LineEventKind::Fault(fault);
                        self.event(LineEvent { at, kind }, tools);
                    }
                    self.counters.down.set(1);
                    self.run_dry();
                    break;
                }
            }
        }
        if blocks > 1 {
            self.counters.catch_ups.add(1);
        }
        if blocks > 0
            && let Some(registry) = tools.registry
        {
            // If it was put aside: it works again.
            let _ = self.card.watch(registry);
        }
        blocks
    }

    /// Cards that answer from memory are simply asked; a descriptor costs a system call.
    fn may_have_more(&mut self, tools: &Tools<'_>) -> bool {
        !self.card.has_descriptor() || self.card.pace.may_have_more(tools.now, self.block_time)
    }

    /// Lets the media go on when the card delivers nothing, and looks after what only time brings.
    pub(in crate::line) fn sweep(&mut self, tools: &mut Tools<'_>) {
        self.report_pending(tools);
        let now = tools.now;
        let patience = self.patience;
        let in_time = |last: Option<Time>| last.is_some_and(|last| now < last + patience);
        if in_time(self.last_block) {
            return;
        }
        if self.card.has_descriptor() {
            // A wake may have found the reports to control full, or the descriptor is not watched.
            self.serve_card(tools);
        }
        let Some(last) = self.last_block.filter(|last| !in_time(Some(*last))) else {
            return;
        };
        if self.counters.down.get() == 0 && !self.fresh {
            // Whether it has run dry meanwhile, the card itself reports.
            self.counters.missed_blocks.add(1);
        } else {
            self.counters.alarm_blocks.add(1);
            self.run_dry();
        }
        // Not `now`: the media keep their pace. But no burst after a long stall.
        let next = last + self.block_time;
        let floor = tools.now.since_epoch().saturating_sub(self.block_time * 3);
        self.last_block = Some(next.max(Time::from_duration(floor)));
        if !self.card.is_there() && self.sessions.iter().all(Option::is_none) {
            return;
        }
        self.from_line.copy_from_slice(self.card.silence());
        if !self.card.has_descriptor() {
            let mut events = EVENTS_AT_ONCE;
            self.take_events(tools, &mut events);
        }
        self.edge = None;
        self.media_up(tools);
        self.media_down(tools);
    }

    /// The card plays nothing any more: it is filled again before it goes on.
    fn run_dry(&mut self) {
        self.prefill_due = true;
        self.owed = 0;
        self.card.let_go();
        self.card.pace.forget();
        self.edges.forget();
    }

    /// Another card takes the place of the present one, which goes back to control. Nothing is freed here.
    pub(super) fn replace_card(&mut self, mut card: Box<CardSet>, tools: &mut Tools<'_>) {
        let port = self.index;
        let why = if card.port.block_len() == self.from_line.len() {
            self.take_card(&mut card, tools.registry);
            let off_hook = self.counters.off_hook.get() != 0;
            CardBack::Replaced { off_hook }
        } else {
            CardBack::WrongBlock
        };
        let report = LineReport::CardReturned { port, card, why };
        if let Err(report) = tools.reports.push(report) {
            // As with sessions.
            std::mem::forget(report);
        }
    }

    /// Takes another chain and hands the present one back. Allocates nothing: the two change places.
    pub(super) fn replace_chain(&mut self, mut made: MadeChain, tools: &mut Tools<'_>) {
        let port = self.index;
        self.take_chain(&mut made.0);
        // As the card reported last: it may be gone, and is not asked.
        let off_hook = self.counters.off_hook.get() != 0;
        self.chain.command(ChainCommand::OffHook(off_hook));
        let report = LineReport::ChainReturned { port, chain: made };
        if let Err(report) = tools.reports.push(report) {
            // As with sessions.
            std::mem::forget(report);
        }
    }

    /// The two chains change places, and the new one gets the present state, except that of the loop.
    fn take_chain(&mut self, chain: &mut Chain) {
        let c = &self.counters;
        self.base.digits = c.digits.get();
        self.base.echoed_digits = c.echoed_digits.get();
        self.base.echo_path_changes = c.echo_path_changes.get();
        self.base.echo_restarts = c.echo_restarts.get();
        self.base.false_mutes = c.false_mutes.get();
        self.base.chain_events_lost = c.chain_events_lost.get();
        std::mem::swap(&mut self.chain, chain);
        let in_flight = self.card.slots() * self.from_line.len();
        self.chain.command(ChainCommand::EchoDelay {
            samples: u16::try_from(in_flight).unwrap_or(u16::MAX),
        });
        if let Some(on) = self.listens {
            self.chain.command(ChainCommand::EnableDtmf(on));
        }
        self.bridge(self.bridged);
    }

    fn take_card(&mut self, other: &mut CardSet, registry: Option<&Registry>) {
        let c = &self.counters;
        let (overruns, underruns) = (c.read_overruns.get(), c.write_underruns.get());
        self.card.exchange(&mut other.port, registry);
        // What the card lost before it came is not this lane's.
        let stats = self.card.port.stats();
        self.base.read_overruns = overruns.wrapping_sub(stats.read_overruns);
        self.base.write_underruns = underruns.wrapping_sub(stats.write_underruns);
        if let Some(registry) = registry
            && self.card.watch(registry).is_err()
        {
            c.deaf_wakes.add(1); // the timer serves it
        }
        if let Some(chain) = other.chain.as_mut() {
            self.take_chain(chain);
        }
        self.broken = broken(&*self.card.port);
        let there = self.card.is_there();
        self.counters.replacements.add(u64::from(there));
        self.counters.down.set(i64::from(!there));
        self.hook(self.card.port.off_hook());
        self.fresh = true;
        self.run_dry();
    }

    /// The block that was read goes up.
    fn block_up(&mut self, tools: &mut Tools<'_>) {
        self.counters.blocks.add(1);
        self.counters.down.set(0);
        self.fresh = false;
        let complete = self.card.port.block_complete_at();
        let edge = self.edges.block(tools.now, complete);
        tools.edge.get_or_insert(edge);
        self.edge = Some(edge);
        self.media_up(tools);
        self.last_block = Some(tools.now);
    }

    /// The block for it goes down. True when the card may have another one.
    fn block_down(&mut self, tools: &mut Tools<'_>, events: &mut usize) -> bool {
        self.media_down(tools);
        self.give_card(tools, events);
        // While the card has to be filled again, nothing is written before it is found empty.
        self.card.held() > 0 || self.may_have_more(tools)
    }

    /// The downlink block goes to the card.
    fn give_card(&mut self, tools: &mut Tools<'_>, events: &mut usize) {
        let broken = broken(&*self.card.port);
        if broken != self.broken {
            self.broken = broken;
            self.prefill_due = true;
            self.edges.forget();
        }
        if self.prefill_due {
            self.card.hold(&self.to_line);
            return;
        }
        while self.owed > 0 {
            self.owed -= 1;
            let answer = self.card.write_silence();
            if !self.written(answer) {
                break;
            }
        }
        let mut answer = self.card.port.write(&self.to_line);
        if answer == WriteBlock::EventPending && self.take_events(tools, events) {
            answer = self.card.port.write(&self.to_line);
        }
        if self.written(answer)
            && let Some(arrived) = self.arrived
        {
            tools.timing.to_line.note(us(tools.clock(), arrived));
        }
    }

    /// The card has been read empty. If it ran dry, it gets its prefill: the newest blocks, with silence before them
    /// where there are not enough, so that what is in flight is what it always is.
    fn refill(&mut self, tools: &mut Tools<'_>, events: &mut usize) {
        let held = self.card.held();
        if held == 0 {
            return;
        }
        self.prefill_due = false;
        self.owed = 0;
        let slots = self.card.slots();
        for place in 0..slots {
            let mut answer = self.card.write_held(place);
            if answer == WriteBlock::EventPending && self.take_events(tools, events) {
                answer = self.card.write_held(place);
            }
            self.written(answer);
            if matches!(answer, WriteBlock::Down(_)) {
                return;
            }
        }
        self.card.let_go();
        if std::mem::replace(&mut self.primed, true) {
            self.counters.refills.add(1);
        }
        let late = held.saturating_sub(slots);
        self.counters
            .late_writes
            .add(u64::try_from(late).unwrap_or(0));
    }

    fn written(&mut self, answer: WriteBlock) -> bool {
        match answer {
            WriteBlock::Taken => return true,
            WriteBlock::Full => self.counters.write_full.add(1),
            WriteBlock::EventPending => self.owed = (self.owed + 1).min(self.card.slots()),
            WriteBlock::Down(_) => self.run_dry(),
        }
        false
    }

    /// Reads events from the card; true when there was at least one.
    fn take_events(&mut self, tools: &mut Tools<'_>, left: &mut usize) -> bool {
        let mut any = false;
        while *left > 0 && self.pending.len() < PENDING_EVENTS {
            let Some(event) = self.card.port.next_event() else {
                break;
            };
            *left -= 1;
            any = true;
            self.event(event, tools);
        }
        any
    }

    fn event(&mut self, event: LineEvent, tools: &mut Tools<'_>) {
        self.counters.line_events.add(1);
        self.act_on(event.kind, tools.registry);
        // One place more than for the card's events, for one of the lane itself.
        if self.pending.len() <= PENDING_EVENTS {
            self.pending.push_back(event);
        }
        self.report_pending(tools);
    }

    fn act_on(&mut self, kind: LineEventKind, registry: Option<&Registry>) {
        match kind {
            LineEventKind::LoopClosed => self.hook(true),
            LineEventKind::LoopOpened => self.hook(false),
            LineEventKind::Fault(fault) => {
                self.counters.down.set(1);
                match fault {
                    LineFault::Alarm => self.counters.alarms.add(1),
                    LineFault::Removed => {
                        self.counters.removals.add(1);
                        self.card.lost(registry);
                        self.hook(false);
                    }
                    LineFault::PowerAlarm => {}
                }
            }
            LineEventKind::FaultCleared => {
                self.counters.down.set(0);
                self.fresh = true;
                self.run_dry();
            }
            LineEventKind::Flash
            | LineEventKind::PulseDigit(_)
            | LineEventKind::RingOn
            | LineEventKind::RingOff
            | LineEventKind::Test(_) => {}
        }
    }

    fn hook(&mut self, off_hook: bool) {
        self.counters.off_hook.set(i64::from(off_hook));
        self.chain.command(ChainCommand::OffHook(off_hook));
    }
}

/// Overruns and underruns of a card: after either, what is in flight is not known any more.
pub(super) fn broken(port: &dyn LinePort) -> u64 {
    let stats = port.stats();
    stats.read_overruns.wrapping_add(stats.write_underruns)
}
