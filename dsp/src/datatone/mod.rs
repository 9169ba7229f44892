//! The tones of faxes and modems, from the line and from the network: CNG, the answer tones, and the flags with which a
//! fax begins to signal.
//!
//! Owns: an ear for each direction (`ear`), with one receiver for each tone (`answer`, `calling`, `flags`, and `menu` for
//! `squelch`), and that a tone which is the echo of the other side's is not reported. Promises: no lost packet of 20 ms
//! and no echo makes another tone of one; speech is none (`benches/tones`). Leaves to others: what a tone means for a
//! call (the daemon), and digits ([`crate::dtmf`]).

pub(crate) mod answer;
mod calling;
mod ear;
mod flags;
mod menu;
mod squelch;
pub(crate) mod steady;
#[cfg(test)]
mod tests;

use crate::command::ChainEvent;
use crate::command::Events;
use ear::{Ear, Heard, Mixers, News};
use squelch::Squelch;
use tipring_types::{DataTone, Side};

/// A tone of one side that comes from the other side within this time, ms, is its echo: a round trip, buffers included.
const ECHO_MS: u32 = 800;

/// Tones of which one side's may be the echo of the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Calling = 0,
    Answer = 1,
    Flags = 2,
}

fn kind(tone: DataTone) -> Kind {
    match tone {
        DataTone::Cng => Kind::Calling,
        DataTone::Ced | DataTone::AnsPr | DataTone::AnsAm | DataTone::AnsAmPr => Kind::Answer,
        DataTone::V21Preamble => Kind::Flags,
    }
}

/// What was heard from one side.
#[derive(Clone, Debug)]
struct Ours {
    ear: Ear,
    squelch: Squelch,
    /// Samples since a tone of each kind was last reported or, an answer tone, sounded.
    since: [u32; 3],
    /// An answer tone was reported and is not over.
    answering: bool,
}

impl Ours {
    fn new(squelch: bool) -> Ours {
        Ours {
            ear: Ear::new(squelch),
            squelch: Squelch::default(),
            since: [u32::MAX; 3],
            answering: false,
        }
    }

    fn reset(&mut self) {
        self.ear.reset();
        self.squelch.reset();
        self.since = [u32::MAX; 3];
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
    line: Ours,
    network: Ours,
    listen: bool,
    fax: bool,
    /// A tone was reported since the line was last taken.
    any: bool,
    squelch: bool,
}

impl DataTones {
    /// `squelch`: [`DataTones::squelch`] will be asked.
    pub(crate) fn new(squelch: bool) -> DataTones {
        DataTones {
            mixers: Box::new(Mixers::new()),
            line: Ours::new(squelch),
            network: Ours::new(squelch),
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

    /// Has a fax signalled since last asked?
    pub(crate) fn fax(&mut self) -> bool {
        std::mem::take(&mut self.fax)
    }

    /// Listens to a chunk of one side, 80 samples at most.
    pub(crate) fn take(&mut self, side: Side, chunk: &[i16], events: &mut Events) {
        self.hear(side, chunk.len(), events, |ear, mixers| {
            ear.take(mixers, chunk)
        });
    }

    /// This number of samples of silence from one side, 80 at most.
    pub(crate) fn take_silence(&mut self, side: Side, n: usize, events: &mut Events) {
        self.hear(side, n, events, |ear, mixers| ear.take_silence(mixers, n));
    }

    /// Takes V.8 out of a chunk that was just listened to, if that is wanted.
    pub(crate) fn squelch(&mut self, side: Side, chunk: &mut [i16]) {
        if self.squelch && self.listen {
            let ours = match side {
                Side::Line => &mut self.line,
                Side::Network => &mut self.network,
            };
            ours.squelch.apply(&ours.ear, self.any, chunk);
        }
    }

    fn hear(
        &mut self,
        side: Side,
        n: usize,
        events: &mut Events,
        take: impl FnOnce(&mut Ear, &Mixers) -> News,
    ) {
        if !self.listen {
            return;
        }
        let (ours, other) = match side {
            Side::Line => (&mut self.line, &self.network),
            Side::Network => (&mut self.network, &self.line),
        };
        ours.passed(n);
        for heard in take(&mut ours.ear, &self.mixers).into_iter().flatten() {
            match heard {
                Heard::Tone(tone, after_ms) => {
                    let kind = kind(tone) as usize;
                    if other.since[kind] < ECHO_MS * 8 {
                        continue;
                    }
                    ours.since[kind] = 0;
                    ours.answering |= kind == Kind::Answer as usize;
                    events.push(ChainEvent::DataTone {
                        tone,
                        from: side,
                        after_ms,
                    });
                    self.any = true;
                    self.fax |= tone == DataTone::V21Preamble;
                }
                Heard::AnswerOver => {
                    if std::mem::take(&mut ours.answering) {
                        events.push(ChainEvent::AnswerToneOff { from: side });
                    }
                }
            }
        }
    }
}
