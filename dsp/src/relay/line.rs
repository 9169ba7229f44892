//! What the fax machine on the line sends becomes packets.

use tipring_spandsp::{Error, Heard, V21Rx};
use tipring_types::Side;
use tipring_types::t38::{Carrier, Fast, FieldKind, Indicator};

use super::edit::Editor;
use super::fast::FastLine;
use super::hdlc::{HdlcRx, Unit};
use super::level::{Blocker, Level};
use super::modem::to_library;
use super::packet::{Emit, Packer};
use super::shared::Shared;
use super::t30::Next;
use crate::level::Gain;

/// Samples taken at once at most.
pub(super) const STEP: usize = 80;
/// Signals at 300 bit/s are taken above this, dBm0 (and 2.5 dB more).
pub(super) const V21_CUTOFF: f32 = -44.5;
/// Flags in a row that are a preamble.
pub(super) const PREAMBLE: u32 = 4;
/// Flags in a row from which on a fast carrier is doubted.
const DOUBT: u32 = 2;
/// A training check follows its DCS after 75 ± 20 ms: it is announced when its carrier can have begun, samples.
const CHECK: u32 = 600;
/// A training that goes on for this time is one, samples.
const BELIEVED: u32 = 1200;
/// What was announced and did not train is over after this time, samples.
const UNTRAINED: u32 = 3 * 8000;
/// A carrier at 300 bit/s with neither flag nor frame is over after this number of bits.
pub(super) const SENSELESS: u32 = 90;
/// Samples below this mean square (-50 dBm0) are silence: nothing that is quieter is taken.
pub(super) const SILENT: i64 = 2600;
/// Steps of silence after which the receiver at 300 bit/s has forgotten what was before.
pub(super) const FORGOTTEN: u32 = 5;
/// Samples of a fast carrier in which a preamble may still show that it is none.
const CHALLENGED: u32 = 2400;
/// Things heard in a step: 144 bits at 14,400 bit/s, eight times that after a training that was tried again.
const HEARD: usize = 2048;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// 300 bit/s. Bits since the last flag or octet; octets of a frame were passed on.
    V21 {
        senseless: u32,
        inside: bool,
    },
    /// Data of a fast modem.
    Fast,
}

/// The fast carrier that is expected.
#[derive(Clone, Copy)]
struct Expected {
    fast: Fast,
    /// Samples until it is announced without having been heard.
    announce: Option<u32>,
    /// Samples since a training seems to go on.
    progress: Option<u32>,
    /// Samples since it was announced.
    announced: Option<u32>,
}

impl Expected {
    fn new(fast: Fast, announce: Option<u32>) -> Self {
        Self {
            fast,
            announce,
            progress: None,
            announced: None,
        }
    }
}

/// The receivers.
pub(super) struct Line {
    blocker: Blocker,
    v21: V21Rx,
    v21_hdlc: HdlcRx,
    editor: Editor,
    flags: u32,
    fast: FastLine,
    fast_hdlc: HdlcRx,
    gain: Gain,
    level: Level,
    state: State,
    expected: Option<Expected>,
    packer: Packer,
    /// The last bits of a carrier without frames, and their number.
    bits: (u8, u32),
    hdlc: bool,
    /// Samples of the fast carrier so far.
    fast_for: u32,
    /// Steps of silence in a row.
    silent: u32,
    heard: Vec<Heard>,
}

impl Line {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self {
            blocker: Blocker::default(),
            v21: V21Rx::new(V21_CUTOFF)?,
            v21_hdlc: HdlcRx::default(),
            editor: Editor::default(),
            flags: 0,
            fast: FastLine::new(to_library(Fast::V29At9600))?,
            fast_hdlc: HdlcRx::default(),
            gain: Gain::new(tipring_types::TenthDb(0)),
            level: Level::default(),
            state: State::Idle,
            expected: None,
            packer: Packer::new(),
            bits: (0, 0),
            hdlc: false,
            fast_for: 0,
            silent: 0,
            heard: vec![Heard::Bit(false); HEARD],
        })
    }

    /// Whether the machine sends.
    pub(super) fn sends(&self) -> bool {
        self.state != State::Idle
    }

    pub(super) fn level_dbm0(&self) -> Option<f64> {
        self.level.dbm0()
    }

    /// Short trainings that needed more than one try.
    pub(super) fn retried(&self) -> u64 {
        self.fast.retried
    }

    pub(super) fn packets(&self) -> u64 {
        self.packer.made
    }

    /// What a frame of either side says about the next carrier of the line.
    pub(super) fn next(&mut self, next: Next) {
        let expected = match next {
            Next::Nothing => None,
            Next::Check(fast) => Some(Expected::new(fast, Some(CHECK))),
            Next::Page(fast) => Some(Expected::new(fast, None)),
        };
        if self.state == State::Fast {
            return;
        }
        self.expected = expected;
        if let Some(expected) = expected {
            let (gain, cutoff) = self.level.for_modem(expected.fast);
            self.gain = gain;
            self.fast.set_cutoff(cutoff);
            self.fast.restart(to_library(expected.fast));
        }
    }

    /// The line hears itself: what was received ends. `last`: for the last time, and the receivers begin again.
    pub(super) fn deafen(&mut self, last: bool, shared: &mut Shared, emit: &mut Emit<'_>) {
        self.end(shared, emit);
        if !last {
            return;
        }
        self.v21.restart();
        self.v21_hdlc.reset();
        self.flags = 0;
        if let Some(expected) = &mut self.expected {
            expected.progress = None;
            self.fast.restart(to_library(expected.fast));
        }
    }

    /// Takes at most [`STEP`] samples. `expecting`: nothing waits that the machine answers first.
    pub(super) fn process(
        &mut self,
        samples: &[i16],
        expecting: bool,
        shared: &mut Shared,
        emit: &mut Emit<'_>,
    ) {
        let mut block = [0; STEP];
        let block = &mut block[..samples.len().min(STEP)];
        block.copy_from_slice(&samples[..block.len()]);
        // The receivers of pages take no notice of a constant.
        if self.state != State::Fast || self.fast_for < CHALLENGED {
            self.blocker.apply(block);
        }

        let mut heard = std::mem::take(&mut self.heard);
        let mut count = 0;
        if self.needs_v21(block) {
            self.v21
                .process(block, |item| note(&mut heard, &mut count, item));
        }
        for item in &heard[..count] {
            self.v21_heard(*item, shared, emit);
        }
        if matches!(self.state, State::V21 { .. }) {
            self.level.take(block);
        } else if let Some(expected) = self.expected.filter(|_| expecting) {
            self.gain.apply(block);
            count = 0;
            self.fast
                .process(block, |item| note(&mut heard, &mut count, item));
            for item in &heard[..count] {
                match item {
                    Heard::Bit(bit) if self.state == State::Fast => {
                        self.fast_bit(*bit, shared, emit);
                    }
                    Heard::Bit(_) => {}
                    other => self.fast_heard(*other, expected.fast, shared, emit),
                }
            }
            self.wait(block.len() as u32, shared, emit);
        }
        self.heard = heard;
        self.packer.tick(block.len() as u32, emit);
    }

    // 300 bit/s.

    /// Whether something at 300 bit/s can be in these samples: not in silence, and not in a page that has long begun.
    fn needs_v21(&mut self, block: &[i16]) -> bool {
        if self.state == State::Fast {
            self.fast_for = self.fast_for.saturating_add(block.len() as u32);
            return self.fast_for < CHALLENGED;
        }
        let energy: i64 = block.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
        let silent = energy < SILENT * block.len() as i64;
        self.silent = if silent {
            self.silent.saturating_add(1)
        } else {
            0
        };
        self.state != State::Idle || self.silent <= FORGOTTEN
    }

    fn v21_heard(&mut self, item: Heard, shared: &mut Shared, emit: &mut Emit<'_>) {
        match item {
            Heard::Bit(bit) => {
                let unit = self.v21_hdlc.push(bit);
                if let Some(unit) = unit {
                    self.v21_unit(unit, shared, emit);
                }
                if let State::V21 { senseless, .. } = &mut self.state {
                    *senseless = if unit.is_some_and(|u| u != Unit::Abort) {
                        0
                    } else {
                        *senseless + 1
                    };
                    if *senseless > SENSELESS {
                        self.end(shared, emit);
                    }
                }
            }
            Heard::CarrierDown => {
                if matches!(self.state, State::V21 { .. }) {
                    self.end(shared, emit);
                }
                self.v21_hdlc.reset();
                self.flags = 0;
            }
            _ => {}
        }
    }

    fn v21_unit(&mut self, unit: Unit, shared: &mut Shared, emit: &mut Emit<'_>) {
        self.flags = match unit {
            Unit::Flag(flags) => flags,
            _ => 0,
        };
        if self.flags >= PREAMBLE && !matches!(self.state, State::V21 { .. }) {
            self.preamble(shared, emit);
        }
        let State::V21 { inside, .. } = &mut self.state else {
            return;
        };
        match unit {
            Unit::Octet(octet) => {
                if !*inside {
                    *inside = true;
                    self.editor.begin();
                    shared.frame_begins(Side::Line);
                }
                let octet = self.editor.octet(octet, &shared.rules);
                shared.frame_octet(Side::Line, octet);
                self.packer.octet(octet, emit);
            }
            Unit::Intact | Unit::Spoilt if *inside => {
                *inside = false;
                self.frame_end(unit == Unit::Intact, shared, emit);
            }
            _ => {}
        }
    }

    fn preamble(&mut self, shared: &mut Shared, emit: &mut Emit<'_>) {
        if self.state == State::Fast {
            self.end_fast(emit);
        }
        self.expected = None;
        self.state = State::V21 {
            senseless: 0,
            inside: false,
        };
        self.level.begin();
        self.packer.indicator(Indicator::V21Preamble, emit);
        self.packer.begin(Carrier::V21, FieldKind::HdlcData);
        shared.carrier(Side::Line, Some(Carrier::V21));
    }

    fn frame_end(&mut self, intact: bool, shared: &mut Shared, emit: &mut Emit<'_>) {
        let kind = if intact {
            FieldKind::HdlcFcsOk
        } else {
            FieldKind::HdlcFcsBad
        };
        self.packer.mark(kind, emit);
        if let Some(next) = shared.frame_ends(Side::Line, intact) {
            self.next(next);
        }
    }

    // Fast carriers.

    fn fast_heard(&mut self, item: Heard, fast: Fast, shared: &mut Shared, emit: &mut Emit<'_>) {
        match item {
            Heard::Bit(_) | Heard::CarrierUp => {}
            Heard::TrainingInProgress => {
                if let Some(expected) = &mut self.expected {
                    expected.progress = Some(0);
                }
            }
            Heard::TrainingSucceeded => {
                self.announce(shared, emit);
                self.state = State::Fast;
                self.fast_for = 0;
                shared.figures.trained += 1;
                self.hdlc = shared.agreed.image && shared.agreed.ecm;
                let kind = if self.hdlc {
                    FieldKind::HdlcData
                } else {
                    FieldKind::T4Data
                };
                self.packer.begin(Carrier::Fast(fast), kind);
                self.fast_hdlc.reset();
                self.bits = (0, 0);
            }
            Heard::TrainingFailed => {
                shared.figures.training_failed += 1;
                if let Some(expected) = &mut self.expected {
                    expected.progress = None;
                }
            }
            Heard::CarrierDown => match &mut self.expected {
                _ if self.state == State::Fast => self.end(shared, emit),
                Some(expected) => expected.progress = None,
                None => {}
            },
        }
    }

    #[inline]
    fn fast_bit(&mut self, bit: bool, shared: &mut Shared, emit: &mut Emit<'_>) {
        if self.hdlc {
            match self.fast_hdlc.push(bit) {
                Some(Unit::Octet(octet)) => self.packer.octet(octet, emit),
                Some(unit @ (Unit::Intact | Unit::Spoilt)) => {
                    let intact = unit == Unit::Intact;
                    shared.fast_frame(Side::Line, intact);
                    let kind = if intact {
                        FieldKind::HdlcFcsOk
                    } else {
                        FieldKind::HdlcFcsBad
                    };
                    self.packer.mark(kind, emit);
                }
                _ => {}
            }
            return;
        }
        let (octet, count) = self.bits;
        let octet = octet >> 1 | u8::from(bit) << 7;
        self.bits = (octet, (count + 1) % 8);
        if count == 7 {
            self.packer.octet(octet, emit);
        }
    }

    fn announce(&mut self, shared: &mut Shared, emit: &mut Emit<'_>) {
        let Some(expected) = &mut self.expected else {
            return;
        };
        if expected.announced.is_some() {
            return;
        }
        expected.announced = Some(0);
        let fast = expected.fast;
        self.packer.indicator(Indicator::Training(fast), emit);
        shared.carrier(Side::Line, Some(Carrier::Fast(fast)));
    }

    /// Time passes while a fast carrier is expected.
    fn wait(&mut self, samples: u32, shared: &mut Shared, emit: &mut Emit<'_>) {
        let doubted = self.flags >= DOUBT;
        let Some(expected) = &mut self.expected else {
            return;
        };
        if self.state == State::Fast {
            return;
        }
        let mut due = false;
        if let Some(left) = &mut expected.announce {
            *left = left.saturating_sub(samples);
            due |= *left == 0;
        }
        if let Some(progress) = &mut expected.progress {
            *progress += samples;
            due |= *progress >= BELIEVED;
        }
        let over = expected.announced.as_mut().is_some_and(|announced| {
            *announced += samples;
            *announced >= UNTRAINED
        });
        if over {
            self.end(shared, emit);
        } else if due && !doubted {
            self.announce(shared, emit);
        }
    }

    fn end_fast(&mut self, emit: &mut Emit<'_>) {
        let (octet, count) = self.bits;
        if !self.hdlc && count > 0 {
            self.packer.octet(octet >> (8 - count), emit);
        }
        self.packer.mark(
            if self.hdlc {
                FieldKind::HdlcSigEnd
            } else {
                FieldKind::T4SigEnd
            },
            emit,
        );
        self.packer.flush(emit);
    }

    /// Ends what was announced.
    fn end(&mut self, shared: &mut Shared, emit: &mut Emit<'_>) {
        let announced = self.expected.is_some_and(|e| e.announced.is_some());
        match self.state {
            State::V21 { inside, .. } => {
                // Its check sequence did not come, or not as one.
                if inside {
                    self.frame_end(false, shared, emit);
                }
                self.packer.mark(FieldKind::HdlcSigEnd, emit);
            }
            State::Fast => self.end_fast(emit),
            State::Idle if announced => {}
            State::Idle => return,
        }
        if self.state == State::Fast {
            self.v21.restart();
            self.v21_hdlc.reset();
            self.flags = 0;
        }
        if self.state == State::Fast || announced {
            self.expected = None;
        }
        self.state = State::Idle;
        self.packer.indicator(Indicator::NoSignal, emit);
        shared.carrier(Side::Line, None);
    }
}

fn note(heard: &mut [Heard], count: &mut usize, item: Heard) {
    if let Some(place) = heard.get_mut(*count) {
        *place = item;
        *count += 1;
    }
}
