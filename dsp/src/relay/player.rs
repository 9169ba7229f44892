//! Sends what waits for the line: silence, carrier, preamble, frames or bits, one signal after the other.

use tipring_spandsp::{Error, FastTx, V21Tx};

use super::config::RelayConfig;
use super::hdlc::HdlcTx;
use super::lines::Outgoing;
use super::modem::to_library;
use super::store::{Bit, Framing, Octet, Store, With};

/// Silence before each carrier, samples: T.30 has 75 ± 20 ms.
const SILENCE: u32 = 600;
/// Flags before the first frame at 300 bit/s: 1 s less 15 %, which T.30 allows.
const PREAMBLE: u32 = 32;
/// Flags before a carrier with frames ends.
const LAST_FLAGS: u32 = 2;
/// A machine that sends is waited for, samples.
const WAIT_FOR_LINE: u32 = 8000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Playing {
    Nothing,
    V21,
    Fast,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Flags(u32),
    Octets,
    Check([u8; 2], usize),
    Last(u32),
}

/// Makes the bits of a signal.
struct Source {
    hdlc: HdlcTx,
    phase: Phase,
    outgoing: Outgoing,
    /// Octets with which a frame may begin; none: it must be complete.
    least: Option<usize>,
    /// Shortest scan line, bits.
    shortest: u32,
    /// Flags of a fast preamble.
    fast_flags: u32,
    begun: bool,
    fill: u64,
}

impl Source {
    fn next(&mut self, store: &mut Store, framing: Framing) -> Option<bool> {
        match framing {
            Framing::Hdlc => self.frames(store),
            Framing::Unknown if self.least.is_some() => self.frames(store),
            _ => self.bits(store),
        }
    }

    fn frames(&mut self, store: &mut Store) -> Option<bool> {
        loop {
            if let Some(bit) = self.hdlc.bit() {
                return Some(bit);
            }
            match self.phase {
                Phase::Flags(left) => {
                    if left == 0 && store.frame_ready(self.least) {
                        self.phase = Phase::Octets;
                        continue;
                    }
                    if left == 0 && store.front_is_done() {
                        self.phase = Phase::Last(LAST_FLAGS);
                        continue;
                    }
                    self.phase = Phase::Flags(left.saturating_sub(1));
                    self.hdlc.flag();
                }
                Phase::Octets => match store.next_octet() {
                    Octet::Is(octet) => self.hdlc.octet(octet),
                    Octet::Over(intact) => {
                        store.drop_frame();
                        self.phase = Phase::Check(self.hdlc.check_sequence(intact), 0);
                    }
                },
                Phase::Check(sequence, at) => match sequence.get(at) {
                    Some(octet) => {
                        self.hdlc.octet(*octet);
                        self.phase = Phase::Check(sequence, at + 1);
                    }
                    None => self.phase = Phase::Flags(1),
                },
                Phase::Last(0) => return None,
                Phase::Last(left) => {
                    self.phase = Phase::Last(left - 1);
                    self.hdlc.flag();
                }
            }
        }
    }

    fn bits(&mut self, store: &mut Store) -> Option<bool> {
        let lines = store
            .front()
            .is_some_and(|front| front.framing == Framing::Lines);
        let bit = match store.peek_bit() {
            Bit::Over => return None,
            Bit::NotBegun => return Some(true),
            Bit::Wait => {
                self.fill += 1;
                false
            }
            Bit::Is(bit) if lines && self.outgoing.wants_fill(bit, self.shortest) => {
                self.fill += 1;
                false
            }
            Bit::Is(bit) => {
                store.take_bit();
                bit
            }
        };
        if !self.begun {
            self.begun = true;
            self.outgoing = Outgoing::default();
        }
        self.outgoing.sent(bit);
        Some(bit)
    }
}

/// The transmitters and the signal that they send.
pub(super) struct Player {
    v21: V21Tx,
    fast: FastTx,
    tep: bool,
    v21_least: usize,
    playing: Playing,
    source: Source,
    silence: u32,
    waited: u32,
    /// Carriers that were ended because nothing more came for them.
    pub(super) given_up: u64,
    /// Carriers begun.
    pub(super) carriers: u64,
}

impl Player {
    pub(super) fn new(config: &RelayConfig) -> Result<Self, Error> {
        Ok(Self {
            v21: V21Tx::new(config.tx_dbm0)?,
            fast: FastTx::new(config.tx_dbm0)?,
            tep: config.talker_echo_protection,
            v21_least: usize::from(config.v21_start_octets),
            playing: Playing::Nothing,
            source: Source {
                hdlc: HdlcTx::default(),
                phase: Phase::Flags(0),
                outgoing: Outgoing::default(),
                least: None,
                shortest: 0,
                fast_flags: 0,
                begun: false,
                fill: 0,
            },
            silence: SILENCE,
            waited: 0,
            given_up: 0,
            carriers: 0,
        })
    }

    /// Zeros put into scan lines and checks.
    pub(super) fn fill(&self) -> u64 {
        self.source.fill
    }

    /// Fills `out`. `line_sends`: the machine on the line does; `scan_ms`: the shortest scan line. True when `out` is
    /// silence.
    pub(super) fn process(
        &mut self,
        out: &mut [i16],
        store: &mut Store,
        line_sends: bool,
        scan_ms: u32,
    ) -> bool {
        let samples = u32::try_from(out.len()).unwrap_or(u32::MAX);
        self.given_up += u64::from(store.given_up(samples));
        if self.playing == Playing::Nothing {
            self.silence = self.silence.saturating_add(samples);
            self.begin(store, line_sends, scan_ms, samples);
        }
        let source = &mut self.source;
        let made = match self.playing {
            Playing::Nothing => {
                out.fill(0);
                return true;
            }
            Playing::V21 => self.v21.process(out, || source.frames(store)),
            Playing::Fast => self.fast.process(out, || {
                let framing = store.front().map_or(Framing::Unknown, |f| f.framing);
                if framing == Framing::Hdlc && !source.begun {
                    source.begun = true;
                    source.phase = Phase::Flags(source.fast_flags);
                }
                source.next(store, framing)
            }),
        };
        if made < out.len() {
            self.playing = Playing::Nothing;
            self.silence = 0;
            store.drop_signal();
        }
        false
    }

    fn begin(&mut self, store: &mut Store, line_sends: bool, scan_ms: u32, samples: u32) {
        while store
            .front()
            .is_some_and(|front| front.ended && front.framing == Framing::Unknown)
        {
            store.drop_signal();
        }
        let Some(front) = store.front().copied() else {
            self.waited = 0;
            return;
        };
        if line_sends && self.waited < WAIT_FOR_LINE {
            self.waited += samples;
            return;
        }
        if self.silence < SILENCE {
            return;
        }
        self.waited = 0;
        self.carriers += 1;
        let source = &mut self.source;
        source.hdlc.reset();
        source.begun = false;
        match front.with {
            With::V21 => {
                source.phase = Phase::Flags(PREAMBLE);
                source.least = Some(self.v21_least);
                self.v21.restart();
                self.playing = Playing::V21;
            }
            With::Fast(fast) => {
                source.phase = Phase::Flags(0);
                source.least = None;
                source.shortest = fast.rate() * scan_ms / 1000;
                source.fast_flags = fast.rate() / 40;
                self.fast.restart(to_library(fast), self.tep);
                self.playing = Playing::Fast;
            }
        }
    }
}
