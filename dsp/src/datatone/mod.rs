//! The tones of faxes and modems, from the line and from the network: CNG, the answer tones, and the flags with which a
//! fax begins to signal.
//!
//! Owns: the receivers of each direction (`receivers`), one for each tone (`answer`, `calling`, `flags`, `v22`, `alarm`, and `menu` for
//! `squelch`), and that a tone which is the echo of the other side's is not reported. Promises: no lost packet of 20 ms
//! and no echo makes another tone of one; speech is none (`benches/tones`). Leaves to others: what a tone means for a
//! call (the daemon), and digits ([`crate::dtmf`]).

mod alarm;
pub(crate) mod answer;
mod calling;
mod flags;
mod menu;
mod receivers;
mod squelch;
pub(crate) mod steady;
#[cfg(test)]
mod tests;
mod v22;

use crate::command::ChainEvent;
use crate::command::Events;
use receivers::{Heard, Mixers, News, Receivers};
use squelch::Squelch;
use tipring_types::{AlarmTone, DataTone, Side};

/// A tone of one side that comes from the other side within this time, ms, is its echo: a round trip, buffers included.
const ECHO_MS: u32 = 800;

/// Tones of which one side's may be the echo of the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Calling = 0,
    Answer = 1,
    Flags = 2,
    Handshake = 3,
    Acknowledgement = 4,
    Modem = 5,
}

fn kind(tone: DataTone) -> Kind {
    match tone {
        DataTone::Cng => Kind::Calling,
        DataTone::Ced | DataTone::AnsPr | DataTone::AnsAm | DataTone::AnsAmPr => Kind::Answer,
        DataTone::V21Preamble => Kind::Flags,
        DataTone::V22 => Kind::Modem,
    }
}

/// One direction: its receivers, and what was reported of it.
#[derive(Clone, Debug)]
struct Direction {
    receivers: Receivers,
    squelch: Squelch,
    /// Samples since a tone of each kind was last reported or, an answer tone, sounded.
    since: [u32; 6],
    /// An answer tone was reported and is not over.
    answering: bool,
}

impl Direction {
    fn new(squelch: bool, alarm: bool) -> Direction {
        Direction {
            receivers: Receivers::new(squelch, alarm),
            squelch: Squelch::default(),
            since: [u32::MAX; 6],
            answering: false,
        }
    }

    fn reset(&mut self) {
        self.receivers.reset();
        self.squelch.reset();
        self.since = [u32::MAX; 6];
        self.answering = false;
    }

    fn passed(&mut self, n: usize) {
        // Chunks have at most 80 samples.
        for since in &mut self.since {
            *since = since.saturating_add(n as u32);
        }
        if self.answering {
            self.since[Kind::Answer as usize] = 0;
        }
    }
}

/// The receivers of one port.
pub(crate) struct DataTones {
    mixers: Box<Mixers>,
    line: Direction,
    network: Direction,
    listen: bool,
    fax: bool,
    /// A tone was reported since the line was last taken.
    any: bool,
    squelch: bool,
}

impl DataTones {
    /// `squelch`: [`DataTones::squelch`] will be asked. `alarm`: a panel or its receiver is on the line.
    pub(crate) fn new(squelch: bool, alarm: bool) -> DataTones {
        DataTones {
            mixers: Box::new(Mixers::new()),
            line: Direction::new(squelch, alarm),
            network: Direction::new(squelch, alarm),
            listen: false,
            fax: false,
            any: false,
            squelch,
        }
    }

    pub(crate) fn listen(&mut self, on: bool) {
        if self.listen != on {
            self.listen = on;
            self.reset();
        }
    }

    /// Forgets everything heard.
    pub(crate) fn reset(&mut self) {
        self.line.reset();
        self.network.reset();
        self.any = false;
    }

    /// Has a fax signalled since the last call?
    pub(crate) fn fax(&mut self) -> bool {
        std::mem::take(&mut self.fax)
    }

    /// Listens to a chunk of one side, 80 samples at most.
    pub(crate) fn take(&mut self, side: Side, chunk: &[i16], events: &mut Events) {
        self.hear(side, chunk.len(), events, |receivers, mixers| {
            receivers.take(mixers, chunk)
        });
    }

    /// This number of samples of silence from one side, 80 at most.
    pub(crate) fn take_silence(&mut self, side: Side, n: usize, events: &mut Events) {
        self.hear(side, n, events, |receivers, mixers| {
            receivers.take_silence(mixers, n)
        });
    }

    /// Takes V.8 out of a chunk that was just listened to, if that is wanted.
    pub(crate) fn squelch(&mut self, side: Side, chunk: &mut [i16]) {
        if self.squelch && self.listen {
            let own = match side {
                Side::Line => &mut self.line,
                Side::Network => &mut self.network,
            };
            own.squelch.apply(&own.receivers, self.any, chunk);
        }
    }

    fn hear(
        &mut self,
        side: Side,
        n: usize,
        events: &mut Events,
        take: impl FnOnce(&mut Receivers, &Mixers) -> News,
    ) {
        if !self.listen {
            return;
        }
        let (own, other) = match side {
            Side::Line => (&mut self.line, &self.network),
            Side::Network => (&mut self.network, &self.line),
        };
        own.passed(n);
        for heard in take(&mut own.receivers, &self.mixers).into_iter().flatten() {
            match heard {
                Heard::Tone(tone, after_ms) => {
                    let kind = kind(tone) as usize;
                    if other.since[kind] < ECHO_MS * 8 {
                        continue;
                    }
                    own.since[kind] = 0;
                    own.answering |= kind == Kind::Answer as usize;
                    events.push(ChainEvent::DataTone {
                        tone,
                        from: side,
                        after_ms,
                    });
                    self.any = true;
                    self.fax |= tone == DataTone::V21Preamble;
                }
                Heard::Alarm(tone) => {
                    let kind = match tone {
                        AlarmTone::Handshake => Kind::Handshake,
                        AlarmTone::Acknowledgement => Kind::Acknowledgement,
                    } as usize;
                    if other.since[kind] >= ECHO_MS * 8 {
                        own.since[kind] = 0;
                        events.push(ChainEvent::AlarmTone { tone, from: side });
                    }
                }
                Heard::AnswerOver => {
                    if std::mem::take(&mut own.answering) {
                        events.push(ChainEvent::AnswerToneOff { from: side });
                    }
                }
            }
        }
    }
}
