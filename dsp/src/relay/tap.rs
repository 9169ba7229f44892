//! Listens to both directions of a fax that passes as sound: frames at 300 bit/s, and when a page goes.
//!
//! Nothing is demodulated but V.21, and nothing is changed: what a page holds stays unknown, that one goes is heard by its
//! energy. A line gives back a part of what is sent to it; each direction is deaf for what can be such an echo of the
//! other one, and a frame that comes again from the other side is one.
//!
//! Promises that nothing allocates after [`Tap::new`], and that silence costs next to nothing.

use tipring_spandsp::{Error, Heard, V21Rx};
use tipring_types::Side;
use tipring_types::t38::Carrier;

use super::hdlc::{HdlcRx, Unit};
use super::level::{Blocker, Level};
use super::line::{FORGOTTEN, PREAMBLE, SENSELESS, SILENT, STEP, V21_CUTOFF};
use super::shared::{Seen, SeenFrame};
use crate::queue::Queue;

/// Steps of 10 ms with energy that are a signal, where flags would have been found by then.
const SIGNAL: u32 = 30;
/// Steps of silence that end a signal: T.30 has 75 ± 20 ms between two, a training has 25 ms.
const ENDED: u32 = 4;
/// Steps after which the same frame from the other side is no echo.
const ECHOED: u32 = 200;
/// Things heard in a step at 300 bit/s, with room.
const HEARD: usize = 64;
/// What has passed and was not read: more is lost, and counted.
const WAITING: usize = 64;

/// What an echo of the other direction is like.
#[derive(Clone, Copy)]
struct Echo {
    /// Steps that it may come later.
    steps: u32,
    /// It is weaker by this factor of power at least.
    weaker: i64,
}

/// In what comes from the line: its hybrid, behind the samples in flight. 3 dB.
const HYBRID: Echo = Echo {
    steps: 12,
    weaker: 2,
};
/// In what comes from the network: the far line, after a round trip. 12 dB.
const FAR: Echo = Echo {
    steps: 60,
    weaker: 16,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// 300 bit/s. Bits since the last flag or octet; inside a frame.
    V21 {
        senseless: u32,
        inside: bool,
    },
    /// A signal that is none of 300 bit/s.
    Signal,
}

/// One direction.
struct Ear {
    side: Side,
    /// The other direction in this one.
    echo: Echo,
    blocker: Blocker,
    v21: V21Rx,
    hdlc: HdlcRx,
    flags: u32,
    state: State,
    frame: SeenFrame,
    /// The last frame that was right, and steps since then.
    last: Option<(SeenFrame, u32)>,
    level: Level,
    /// The loudest step of late, and steps since then.
    loudest: (i64, u32),
    /// Steps with energy, and steps of silence since.
    loud: u32,
    silent: u32,
}

impl Ear {
    fn new(side: Side, echo: Echo) -> Result<Ear, Error> {
        Ok(Ear {
            side,
            echo,
            blocker: Blocker::default(),
            v21: V21Rx::new(V21_CUTOFF)?,
            hdlc: HdlcRx::default(),
            flags: 0,
            state: State::Idle,
            frame: SeenFrame::of(side),
            last: None,
            level: Level::default(),
            loudest: (0, 0),
            loud: 0,
            silent: u32::MAX,
        })
    }

    /// Notes how loud a step is; `within` steps the loudest is kept.
    fn note(&mut self, power: i64, within: u32) {
        let (peak, age) = self.loudest;
        self.loudest = match power >= peak || age >= within {
            true => (power, 0),
            false => (peak, age + 1),
        };
        if let Some((_, age)) = &mut self.last {
            *age = age.saturating_add(1);
        }
    }

    /// At most [`STEP`] samples. `other`: the frame that the other side sent of late.
    fn process(
        &mut self,
        block: &mut [i16],
        silent: bool,
        other: Option<&SeenFrame>,
        seen: &mut Queue<Seen, WAITING>,
    ) {
        self.silent = match silent {
            true => self.silent.saturating_add(1),
            false => 0,
        };
        self.loud = match self.silent {
            0 => self.loud.saturating_add(1),
            1..ENDED => self.loud,
            _ => 0,
        };
        if self.state == State::Idle && self.silent > FORGOTTEN {
            return;
        }
        self.blocker.apply(block);
        let mut heard = [Heard::Bit(false); HEARD];
        let mut count = 0;
        self.v21.process(block, |item| {
            if let Some(place) = heard.get_mut(count) {
                *place = item;
                count += 1;
            }
        });
        for item in heard.iter().take(count) {
            self.hear(*item, other, seen);
        }
        match self.state {
            State::V21 { .. } => self.level.take(block),
            State::Idle if self.loud >= SIGNAL => {
                self.state = State::Signal;
                seen.push(Seen::Signal(self.side));
            }
            State::Signal if self.silent >= ENDED => self.end(seen),
            State::Idle | State::Signal => {}
        }
    }

    fn hear(&mut self, item: Heard, other: Option<&SeenFrame>, seen: &mut Queue<Seen, WAITING>) {
        match item {
            Heard::Bit(bit) => {
                let unit = self.hdlc.push(bit);
                if let Some(unit) = unit {
                    self.unit(unit, other, seen);
                }
                if let State::V21 { senseless, .. } = &mut self.state {
                    let sense = unit.is_some_and(|unit| unit != Unit::Abort);
                    *senseless = if sense { 0 } else { *senseless + 1 };
                    if *senseless > SENSELESS {
                        self.end(seen);
                    }
                }
            }
            Heard::CarrierDown => {
                if matches!(self.state, State::V21 { .. }) {
                    self.end(seen);
                }
                self.hdlc.reset();
                self.flags = 0;
            }
            _ => {}
        }
    }

    fn unit(&mut self, unit: Unit, other: Option<&SeenFrame>, seen: &mut Queue<Seen, WAITING>) {
        self.flags = match unit {
            Unit::Flag(flags) => flags,
            _ => 0,
        };
        if self.flags >= PREAMBLE && !matches!(self.state, State::V21 { .. }) {
            if self.state == State::Signal {
                self.end(seen);
            }
            self.state = State::V21 {
                senseless: 0,
                inside: false,
            };
            self.level.begin();
            seen.push(Seen::Carrier(self.side, Some(Carrier::V21)));
        }
        let State::V21 { inside, .. } = &mut self.state else {
            return;
        };
        match unit {
            Unit::Octet(octet) => {
                if !std::mem::replace(inside, true) {
                    self.frame = SeenFrame::of(self.side);
                }
                self.frame.push(octet);
            }
            Unit::Intact | Unit::Spoilt if std::mem::take(inside) => {
                self.frame.intact = unit == Unit::Intact;
                self.frame_ends(other, seen);
            }
            _ => {}
        }
    }

    fn frame_ends(&mut self, other: Option<&SeenFrame>, seen: &mut Queue<Seen, WAITING>) {
        let frame = self.frame;
        if frame.intact {
            if other.is_some_and(|other| other.octets() == frame.octets()) {
                return;
            }
            self.last = Some((frame, 0));
        }
        seen.push(Seen::Frame(frame));
    }

    fn end(&mut self, seen: &mut Queue<Seen, WAITING>) {
        if let State::V21 { inside: true, .. } = self.state {
            self.frame.intact = false;
            self.frame_ends(None, seen);
        }
        self.state = State::Idle;
        self.loud = 0;
        seen.push(Seen::Carrier(self.side, None));
    }
}

/// The two directions of one call.
pub struct Tap {
    line: Ear,
    network: Ear,
    seen: Queue<Seen, WAITING>,
}

impl Tap {
    /// Both receivers: allocates everything.
    ///
    /// # Errors
    /// [`Error`] when the library has no memory for them.
    pub fn new() -> Result<Tap, Error> {
        Ok(Tap {
            line: Ear::new(Side::Line, HYBRID)?,
            network: Ear::new(Side::Network, FAR)?,
            seen: Queue::new(),
        })
    }

    /// Samples that came from a side.
    pub fn hear(&mut self, side: Side, samples: &[i16]) {
        let (own, other) = match side {
            Side::Line => (&mut self.line, &mut self.network),
            Side::Network => (&mut self.network, &mut self.line),
        };
        for chunk in samples.chunks(STEP) {
            let energy: i64 = chunk.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
            let power = energy / chunk.len() as i64;
            own.note(power, other.echo.steps);
            let echo = power < other.loudest.0 / own.echo.weaker;
            let mut block = [0; STEP];
            let block = &mut block[..chunk.len()];
            if !echo {
                block.copy_from_slice(chunk);
            }
            let last = other.last.as_ref().filter(|(_, age)| *age < ECHOED);
            let last = last.map(|(frame, _)| frame);
            own.process(block, echo || power < SILENT, last, &mut self.seen);
        }
    }

    /// The oldest of what passed and was not read yet.
    pub fn seen(&mut self) -> Option<Seen> {
        self.seen.pop()
    }

    /// Of what passed, how much found no place.
    pub fn seen_lost(&self) -> u64 {
        self.seen.lost()
    }

    /// Another fax begins: levels are those of its own signals from now on.
    pub fn forget_levels(&mut self) {
        for ear in [&mut self.line, &mut self.network] {
            ear.level = Level::default();
        }
    }

    /// Level of the last signal at 300 bit/s of a side, dBm0.
    pub fn level_dbm0(&self, side: Side) -> Option<f64> {
        match side {
            Side::Line => self.line.level.dbm0(),
            Side::Network => self.network.level.dbm0(),
        }
    }
}
