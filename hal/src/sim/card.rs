//! The card's side of a line: battery, ringing generator, loop detector, lamp, gains.
//!
//! Moves sample by sample, so that every edge is stamped exactly.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::config::DecodeConfig;
use super::wires::CardEnds;
use crate::level::db_to_gain;
use crate::port::{LineCommand, LineEvent, LineEventKind, Polarity, RingCadence};

const SAMPLES_PER_MS: u32 = 8;

/// What the card does to the line during one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Feed {
    /// Battery is on the line.
    pub(super) battery: bool,
    /// Ringing voltage is on the line.
    pub(super) ring: bool,
    /// Audio may pass to an on-hook phone.
    pub(super) on_hook_transmission: bool,
}

/// What a phone sees at once, beside [`Feed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CardSignal {
    Polarity(Polarity),
    Lamp(bool),
    /// The generator was switched off by command.
    RingStopped,
}

#[derive(Debug)]
struct Ringing {
    cadence: RingCadence,
    part: usize,
    left: u32,
}

impl Ringing {
    fn on(&self) -> bool {
        self.part.is_multiple_of(2)
    }
}

/// The card's side of one line.
#[derive(Debug)]
pub(super) struct Card {
    ringing: Option<Ringing>,
    oht_left: u64,
    open_left: u64,
    pub(super) polarity: Polarity,
    pub(super) lamp: bool,
    /// Line to network.
    pub(super) rx_gain: f32,
    /// Network to line.
    pub(super) tx_gain: f32,
    /// The loop as the detector sees it.
    loop_closed: bool,
    decoder: Option<Decoder>,
}

impl Card {
    pub(super) fn new(decode: Option<DecodeConfig>, off_hook: bool) -> Self {
        Self {
            ringing: None,
            oht_left: 0,
            open_left: 0,
            polarity: Polarity::Forward,
            lamp: false,
            rx_gain: 1.0,
            tx_gain: 1.0,
            loop_closed: off_hook,
            decoder: decode.map(|times| Decoder::new(times, off_hook)),
        }
    }

    pub(super) fn is_ringing(&self) -> bool {
        self.ringing.is_some()
    }

    pub(super) fn feed(&self) -> Feed {
        Feed {
            battery: self.open_left == 0,
            ring: self.ringing.as_ref().is_some_and(Ringing::on),
            on_hook_transmission: self.oht_left > 0,
        }
    }

    /// The card has failed: it neither rings nor counts on.
    pub(super) fn stop(&mut self) {
        self.ringing = None;
        self.oht_left = 0;
        self.open_left = 0;
    }

    /// It works again: a closed loop is new to it.
    pub(super) fn works_again(&mut self, closed: bool) {
        if closed {
            self.loop_closed = false;
            if let Some(decoder) = &mut self.decoder {
                decoder.off_hook = false;
                decoder.closed = false;
            }
        }
    }

    /// Carries a command out at `at`, the beginning of a block.
    pub(super) fn command(
        &mut self,
        command: LineCommand,
        at: Duration,
        ends: &mut CardEnds,
    ) -> Option<CardSignal> {
        match command {
            LineCommand::Ring(cadence) => {
                // Lifted between the command and its execution: nothing to ring.
                if self.loop_closed || cadence.parts().is_empty() {
                    ends.shared.ringing.store(false, Ordering::Release);
                    return None;
                }
                let first = cadence.parts().first().copied().unwrap_or(0);
                self.ringing = Some(Ringing {
                    cadence,
                    part: 0,
                    left: u32::from(first) * SAMPLES_PER_MS,
                });
                ends.send(event(at, LineEventKind::RingOn));
                None
            }
            LineCommand::StopRing => self.ringing.take().map(|_| CardSignal::RingStopped),
            LineCommand::Polarity(polarity) => (self.polarity != polarity).then(|| {
                self.polarity = polarity;
                CardSignal::Polarity(polarity)
            }),
            LineCommand::OpenLoop(length) => {
                self.open_left = samples(length);
                None
            }
            LineCommand::OnHookTransmission(length) => {
                self.oht_left = samples(length);
                None
            }
            LineCommand::MessageLamp(on) => (self.lamp != on).then(|| {
                self.lamp = on;
                CardSignal::Lamp(on)
            }),
            // The port has done these.
            LineCommand::LongestFlash(_) | LineCommand::Test(_) | LineCommand::CancelTest(_) => {
                None
            }
            LineCommand::Gain { rx, tx } => {
                self.rx_gain = db_to_gain(rx.db());
                self.tx_gain = db_to_gain(tx.db());
                None
            }
        }
    }

    /// Nothing of the card changes by itself while the phone's end of the loop stays so.
    pub(super) fn is_still(&self, closed: bool) -> bool {
        self.ringing.is_none()
            && self.open_left == 0
            && (closed || self.oht_left == 0)
            && self.loop_closed == closed
            && self.decoder.as_ref().is_none_or(Decoder::is_still)
    }

    /// `len` samples in which it is still.
    pub(super) fn pass(&mut self, len: usize) {
        let len = len as u64;
        self.oht_left = self.oht_left.saturating_sub(len);
        if let Some(decoder) = &mut self.decoder {
            decoder.since = decoder.since.saturating_add(len);
        }
    }

    /// One sample: `closed` is the phone's end of the loop. Returns what the card feeds.
    pub(super) fn sample(&mut self, closed: bool, at: Duration, ends: &mut CardEnds) -> Feed {
        self.oht_left = self.oht_left.saturating_sub(1);
        if self.open_left > 0 {
            // Without battery no current flows: the detector is blind until it returns.
            self.open_left -= 1;
        } else {
            self.detect(closed, at, ends);
        }
        let feed = self.feed();
        self.ring(at, ends);
        feed
    }

    fn detect(&mut self, closed: bool, at: Duration, ends: &mut CardEnds) {
        let edge = closed != self.loop_closed;
        self.loop_closed = closed;
        if edge && closed && self.ringing.take().is_some() {
            ends.shared.ringing.store(false, Ordering::Release);
        }
        match &mut self.decoder {
            None if edge => {
                ends.shared.off_hook.store(closed, Ordering::Release);
                let kind = if closed {
                    LineEventKind::LoopClosed
                } else {
                    LineEventKind::LoopOpened
                };
                ends.send(event(at, kind));
            }
            None => {}
            Some(decoder) => {
                if let Some(kind) = decoder.sample(closed, edge) {
                    ends.shared
                        .off_hook
                        .store(decoder.off_hook, Ordering::Release);
                    ends.send(event(at, kind));
                }
            }
        }
    }

    fn ring(&mut self, at: Duration, ends: &mut CardEnds) {
        let Some(ringing) = &mut self.ringing else {
            return;
        };
        ringing.left = ringing.left.saturating_sub(1);
        if ringing.left > 0 {
            return;
        }
        let was_on = ringing.on();
        let parts = ringing.cadence.parts();
        ringing.part = (ringing.part + 1) % parts.len().max(1);
        ringing.left = parts.get(ringing.part).map_or(1, |&ms| u32::from(ms)) * SAMPLES_PER_MS;
        let next = at + Duration::from_micros(125);
        match (was_on, ringing.on()) {
            (false, true) => ends.send(event(next, LineEventKind::RingOn)),
            (true, false) => ends.send(event(next, LineEventKind::RingOff)),
            // An odd number of parts: the last burst and the first one are one.
            (true, true) | (false, false) => {}
        }
    }
}

fn event(at: Duration, kind: LineEventKind) -> LineEvent {
    LineEvent { at, kind }
}

fn samples(length: Duration) -> u64 {
    u64::try_from(length.as_micros() / 125).unwrap_or(u64::MAX)
}

/// Flash and pulse decoding as DAHDI does it.
#[derive(Debug)]
struct Decoder {
    times: DecodeConfig,
    off_hook: bool,
    closed: bool,
    /// Samples since the loop last changed.
    since: u64,
    pulses: u32,
}

impl Decoder {
    fn new(times: DecodeConfig, off_hook: bool) -> Self {
        Self {
            times,
            off_hook,
            closed: off_hook,
            since: 0,
            pulses: 0,
        }
    }

    fn sample(&mut self, closed: bool, edge: bool) -> Option<LineEventKind> {
        if edge {
            let length = std::mem::take(&mut self.since);
            self.closed = closed;
            return if closed { self.returned(length) } else { None };
        }
        self.since = self.since.saturating_add(1);
        match (self.closed, self.off_hook) {
            (true, true) if self.pulses > 0 && self.since >= samples(self.times.digit_gap) => {
                let pulses = std::mem::take(&mut self.pulses);
                match u8::try_from(pulses) {
                    Ok(count @ 1..=9) => Some(LineEventKind::PulseDigit(count)),
                    Ok(10) => Some(LineEventKind::PulseDigit(0)),
                    _ => None,
                }
            }
            (false, true) if self.since >= samples(self.times.hangup_after) => {
                self.off_hook = false;
                self.pulses = 0;
                Some(LineEventKind::LoopOpened)
            }
            _ => None,
        }
    }

    /// Waits for nothing but an edge.
    fn is_still(&self) -> bool {
        self.closed == self.off_hook && self.pulses == 0
    }

    /// The loop is closed again, after an opening of `length` samples.
    fn returned(&mut self, length: u64) -> Option<LineEventKind> {
        if !self.off_hook {
            self.off_hook = true;
            return Some(LineEventKind::LoopClosed);
        }
        if length < samples(self.times.ignore_below) {
            return None;
        }
        if length <= samples(self.times.pulse_up_to) {
            self.pulses = self.pulses.saturating_add(1);
            return None;
        }
        self.pulses = 0;
        (length >= samples(self.times.flash_from)).then_some(LineEventKind::Flash)
    }
}
