//! One line: the card's side, the copper, the phone and its fax machine, moved block by block.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

mod orders;
mod steady;

use super::card::{Card, CardSignal, Feed};
use super::config::{Dialing, SimConfig, SimPortConfig};
use super::event::{FaxReport, SimEvent, SimEventKind};
use super::fax::{Ended, Fax};
use super::hand::Hand;
use super::hybrid::Hybrid;
use super::listen::{Bell, Receivers};
use super::mouth::Mouth;
use super::recorder::Recorder;
use super::request::SimError;
use super::wires::{Block, CardEnds};
use crate::level::to_i16;
use crate::port::{Law, MAX_BLOCK_LEN};

/// Time from a burst until a phone answers by itself.
const ANSWER_AFTER: Duration = Duration::from_millis(200);
/// The shortest loss of battery that a fax machine takes for a disconnect.
const DISCONNECT_MS: u32 = 250;
const SAMPLE: Duration = Duration::from_micros(125);

#[derive(Debug, Default)]
struct Counts {
    to_gateway: u64,
    from_gateway: u64,
    polarity_changes: u64,
    open_loops: u64,
    /// The gateway has written once: a missing block is an underrun from then on.
    written: bool,
}

/// One line of the card and what is connected to it.
pub(super) struct Line {
    port: usize,
    law: Law,
    block_len: usize,
    ends: CardEnds,
    card: Card,
    hybrid: Hybrid,
    hand: Hand,
    mouth: Mouth,
    ear: Receivers,
    bell: Bell,
    lamp: bool,
    answer_after: Option<u32>,
    answer_at: Option<Duration>,
    dialing: Dialing,
    battery_gone: u64,
    fax: Option<Fax>,
    /// A fax that is over, but not yet on the disk.
    ended_fax: Option<Ended>,
    last_fax: Option<FaxReport>,
    recorder: Option<Recorder>,
    /// Why the last recording ended by itself: the answer to a request to stop it.
    recording_failed: Option<SimError>,
    counts: Counts,
    // Scratch of a block.
    down: [f32; MAX_BLOCK_LEN],
    up: [f32; MAX_BLOCK_LEN],
    heard: [i16; MAX_BLOCK_LEN],
    modem: [i16; MAX_BLOCK_LEN],
    /// Audio passes in this sample.
    path_open: [bool; MAX_BLOCK_LEN],
}

/// Collects what happens on one line.
struct Notices<'a> {
    port: usize,
    at: Duration,
    events: &'a mut VecDeque<SimEvent>,
}

impl Notices<'_> {
    fn push(&mut self, kind: SimEventKind) {
        self.events.push_back(SimEvent {
            at: self.at,
            port: self.port,
            kind,
        });
    }
}

/// What of a block could be heard by the phone.
#[derive(Clone, Copy, Debug, Default)]
struct Audible {
    off_hook: bool,
    on_hook: bool,
}

impl Line {
    pub(super) fn new(
        port: usize,
        card: &SimConfig,
        config: &SimPortConfig,
        seed: u64,
        ends: CardEnds,
    ) -> Result<Self, SimError> {
        let ear = Receivers::new(config.set.caller_id).map_err(|error| SimError::Engine {
            what: "a set's receivers",
            reason: error.to_string(),
        })?;
        ends.shared
            .off_hook
            .store(config.off_hook_at_start, Ordering::Release);
        Ok(Self {
            port,
            law: card.law,
            block_len: card.block_len,
            ends,
            card: Card::new(config.decode, config.off_hook_at_start),
            hybrid: Hybrid::new(&config.hybrid, seed),
            hand: Hand::new(config.off_hook_at_start),
            mouth: Mouth::default(),
            ear,
            bell: Bell::default(),
            lamp: false,
            answer_after: config.set.answer_after_bursts,
            answer_at: None,
            dialing: config.set.dialing,
            battery_gone: 0,
            fax: None,
            ended_fax: None,
            last_fax: None,
            recorder: None,
            recording_failed: None,
            counts: Counts::default(),
            down: [0.0; MAX_BLOCK_LEN],
            up: [0.0; MAX_BLOCK_LEN],
            heard: [0; MAX_BLOCK_LEN],
            modem: [0; MAX_BLOCK_LEN],
            path_open: [false; MAX_BLOCK_LEN],
        })
    }

    /// One block from `start` to `now`.
    pub(super) fn step(&mut self, start: Duration, now: Duration, events: &mut VecDeque<SimEvent>) {
        self.step_by(Line::is_steady, start, now, events);
    }

    /// As [`Line::step`]; `steady` decides whether the block may be moved as a whole.
    fn step_by(
        &mut self,
        steady: fn(&Line) -> bool,
        start: Duration,
        now: Duration,
        events: &mut VecDeque<SimEvent>,
    ) {
        let mut notices = Notices {
            port: self.port,
            at: start,
            events,
        };
        self.commands(start, &mut notices);
        self.automatic(start, &mut notices);
        self.hybrid.next_noise();
        let steady = steady(self);
        if steady && !self.hand.is_lifted() {
            self.taken();
            self.rest();
            notices.at = now;
            self.listen(None, &mut notices);
        } else {
            self.take_block();
            let audible = if steady {
                self.talk()
            } else {
                self.samples(start, &mut notices)
            };
            notices.at = now;
            self.listen(Some(audible), &mut notices);
            self.give_block();
        }
        if self.hand.take_finished() && self.fax.is_none() {
            notices.push(SimEventKind::DialFinished);
        }
        if self.mouth.take_finished() {
            notices.push(SimEventKind::PlayFinished);
        }
    }

    fn commands(&mut self, at: Duration, notices: &mut Notices<'_>) {
        while let Ok(command) = self.ends.commands.pop() {
            if self.ends.shared.fault().is_some() {
                continue;
            }
            match self.card.command(command, at, &mut self.ends) {
                Some(CardSignal::Polarity(polarity)) => {
                    self.counts.polarity_changes += 1;
                    notices.push(SimEventKind::Polarity(polarity));
                }
                Some(CardSignal::Lamp(on)) => self.lamp(on, notices),
                Some(CardSignal::RingStopped) => {
                    if let Some(kind) = self.bell.stopped() {
                        notices.push(kind);
                    }
                }
                None => {}
            }
        }
    }

    fn lamp(&mut self, on: bool, notices: &mut Notices<'_>) {
        if self.lamp != on {
            self.lamp = on;
            notices.push(SimEventKind::Lamp(on));
        }
    }

    /// What phone and fax machine do by themselves.
    fn automatic(&mut self, at: Duration, notices: &mut Notices<'_>) {
        if let Some(ended) = &mut self.ended_fax
            && let Some(report) = ended.report()
        {
            self.ended_fax = None;
            self.report_fax(report, notices);
        }
        if let Some(mut fax) = self.fax.take() {
            let bursts = self.bell.is_ringing().then_some(self.bell.bursts);
            let tone = self.ear.tone();
            let was_lifted = self.hand.is_lifted();
            let mut notify = |kind| notices.push(kind);
            let report = fax.advance(at, &mut self.hand, bursts, tone, &mut notify);
            if !was_lifted && self.hand.is_lifted() {
                self.ear.lifted();
            }
            match report {
                Some(report) => self.end_fax(fax, report, at, notices),
                None => self.fax = Some(fax),
            }
            return;
        }
        let Some(after) = self.answer_after else {
            self.answer_at = None;
            return;
        };
        let wanted = self.bell.is_ringing() && self.bell.bursts >= after && !self.hand.is_lifted();
        match (wanted, self.answer_at) {
            (false, _) => self.answer_at = None,
            (true, None) => self.answer_at = Some(at + ANSWER_AFTER),
            (true, Some(when)) if at >= when => {
                self.answer_at = None;
                self.lift(notices);
            }
            (true, Some(_)) => {}
        }
    }

    /// The terminal hangs up at once; its report comes when the pages are on the disk.
    fn end_fax(&mut self, fax: Fax, report: FaxReport, at: Duration, notices: &mut Notices<'_>) {
        self.fax = None;
        self.hang_up(notices);
        let mut ended = fax.end(report, at);
        match ended.report() {
            Some(report) => self.report_fax(report, notices),
            None => self.ended_fax = Some(ended),
        }
    }

    fn report_fax(&mut self, report: FaxReport, notices: &mut Notices<'_>) {
        self.last_fax = Some(report.clone());
        notices.push(SimEventKind::FaxFinished(report));
    }

    fn lift(&mut self, notices: &mut Notices<'_>) {
        if !self.hand.is_lifted() {
            self.hand.lift();
            self.ear.lifted();
            notices.push(SimEventKind::Lifted);
        }
    }

    fn hang_up(&mut self, notices: &mut Notices<'_>) {
        let was_lifted = self.hand.is_lifted();
        self.hand.hang_up();
        self.mouth.stop();
        if was_lifted {
            notices.push(SimEventKind::HungUp);
        }
    }

    /// Takes the block to be played.
    fn take_block(&mut self) {
        if self.ends.shared.fault().is_some() {
            // A card with a fault drops what was written to it.
            while self.ends.from_gateway.pop().is_ok() {}
            self.counts.written = false;
            self.down.fill(0.0);
            return;
        }
        match self.taken() {
            Some(block) => {
                let (law, gain) = (self.law, self.card.tx_gain);
                let block = block.iter().take(self.block_len);
                for (to, &byte) in self.down.iter_mut().zip(block) {
                    *to = f32::from(law.decode(byte)) * gain;
                }
            }
            None => self.down.fill(0.0),
        }
    }

    /// Moves card and phone sample by sample, and mixes.
    fn samples(&mut self, start: Duration, notices: &mut Notices<'_>) -> Audible {
        let len = self.block_len;
        let faulty = self.ends.shared.fault().is_some();
        let speaks = self.fax.as_ref().is_some_and(Fax::speaks);
        if let Some(fax) = self.fax.as_mut().filter(|_| speaks) {
            fax.speak(self.modem.get_mut(..len).unwrap_or_default());
        }
        let mut audible = Audible::default();
        let mut at = start;
        for i in 0..len {
            let hand = self.hand.sample();
            let said = self.say(i, speaks, hand.tone);
            let feed = if faulty {
                Feed::default()
            } else {
                self.card.sample(hand.closed, at, &mut self.ends)
            };
            notices.at = at;
            self.see(feed, hand.closed, notices);
            let quiet = !feed.battery || feed.ring;
            let off_hook = hand.closed && !quiet;
            let on_hook = !hand.closed && !quiet && feed.on_hook_transmission;
            audible.off_hook |= off_hook;
            audible.on_hook |= on_hook;
            self.mix(i, said, off_hook, on_hook);
            if let Some(open) = self.path_open.get_mut(i) {
                *open = off_hook || on_hook;
            }
            at += SAMPLE;
        }
        if audible.off_hook || audible.on_hook {
            let down = self.down.get(..len).unwrap_or_default();
            let up = self.up.get_mut(..len).unwrap_or_default();
            self.hybrid.echo(down, up);
            for (up, open) in up.iter_mut().zip(&self.path_open) {
                *up = if *open { *up } else { 0.0 };
            }
        } else {
            self.hybrid.quiet();
        }
        audible
    }

    /// What the phone sends in this sample.
    fn say(&mut self, i: usize, speaks: bool, digit: Option<f32>) -> f32 {
        if let Some(tone) = digit {
            return tone;
        }
        if speaks {
            return self.modem.get(i).copied().map_or(0.0, f32::from);
        }
        self.mouth.sample()
    }

    /// What the phone sees of battery and ringing.
    fn see(&mut self, feed: Feed, closed: bool, notices: &mut Notices<'_>) {
        if closed {
            if self.bell.is_ringing()
                && let Some(kind) = self.bell.stopped()
            {
                notices.push(kind);
            }
        } else if let Some(kind) = self.bell.sample(feed.ring) {
            notices.push(kind);
        }
        if feed.battery {
            let gone = std::mem::take(&mut self.battery_gone);
            if gone > 0 && self.ends.shared.fault().is_none() {
                let ms = u32::try_from((gone + 4) / 8).unwrap_or(u32::MAX);
                self.counts.open_loops += 1;
                notices.push(SimEventKind::OpenLoop { ms });
                if let Some(fax) = self.fax.as_mut().filter(|_| ms >= DISCONNECT_MS) {
                    fax.disconnected();
                }
            }
        } else if self.ends.shared.fault().is_none() {
            self.battery_gone += 1;
        }
    }

    /// The two-wire line, one sample; the echo is added once the block is complete.
    fn mix(&mut self, i: usize, said: f32, off_hook: bool, on_hook: bool) {
        let (Some(down), Some(up), Some(heard)) = (
            self.down.get_mut(i),
            self.up.get_mut(i),
            self.heard.get_mut(i),
        ) else {
            return;
        };
        if !off_hook && !on_hook {
            (*down, *up, *heard) = (0.0, 0.0, 0);
            return;
        }
        *heard = to_i16(*down * self.hybrid.gain_to_set() + self.hybrid.noise_to_set(i));
        *up = self.hybrid.noise_from_set(i);
        if off_hook {
            *up += said * self.hybrid.gain_from_set();
        }
    }

    /// The phone hears the block; `None`: it is on-hook, and nothing passes.
    fn listen(&mut self, audible: Option<Audible>, notices: &mut Notices<'_>) {
        let len = self.block_len;
        if audible.is_none() {
            self.heard.fill(0);
        }
        let audible = audible.unwrap_or_default();
        let heard = self.heard.get(..len).unwrap_or_default();
        if let Some(fax) = &mut self.fax {
            fax.hear(heard);
        }
        let mut lamp = None;
        let (off_hook, on_hook) = (audible.off_hook, audible.on_hook);
        // A caller ID sent before the first burst: the bursts of an earlier call do not count.
        let bursts = if self.bell.is_ringing() {
            self.bell.bursts
        } else {
            0
        };
        self.ear
            .block(heard, off_hook, on_hook, bursts, &mut |kind| match kind {
                SimEventKind::Lamp(on) => lamp = Some(on),
                other => notices.push(other),
            });
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.add(heard)
        {
            notices.push(SimEventKind::RecordingFailed(error.to_string()));
            self.recorder = None;
            self.recording_failed = Some(error);
        }
        if let Some(on) = lamp {
            self.lamp(on, notices);
        }
    }

    /// Gives the block to the gateway, if it has ever asked.
    fn give_block(&mut self) {
        if !self.opened() {
            return;
        }
        let mut block: Block = [self.law.silence(); MAX_BLOCK_LEN];
        let gain = self.card.rx_gain;
        let mut samples = [0i16; MAX_BLOCK_LEN];
        for (to, from) in samples.iter_mut().zip(&self.up) {
            *to = to_i16(*from * gain);
        }
        let bytes = block.get_mut(..self.block_len).unwrap_or_default();
        self.law.encode_block(&samples, bytes);
        self.give(block);
    }
}
