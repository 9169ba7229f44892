//! The tones of faxes and modems: CNG, the answer tones, and the flags with which a fax begins to signal.
//!
//! Owns the receivers and when they run: a quiet line costs nothing; V.21 flags are looked for only while the spectrum
//! has them. Leaves digits to [`crate::dtmf`], and what a tone means for a call to the daemon.

use tipring_spandsp::{ConnectTone, Error, ToneDetector, ToneEvent, ToneListener};

use crate::command::ChainEvent;
use crate::detect::Events;
use crate::goertzel::{Goertzels, tone_share};

/// Mean square below which a chunk is quiet (-52 dBm0: 10 dB under the quietest tone listened for).
const QUIET: f32 = 1_644.0;
/// How long the receivers go on into quiet, samples (200 ms): tones have ended by then.
const HANG: u32 = 1_600;
/// Share of a chunk's energy at V.21's frequencies that starts the flag receiver.
const V21_SHARE: f32 = 0.5;
/// How long it goes on after the last such chunk, samples (400 ms).
const V21_HANG: u32 = 3_200;

/// What was heard of a fax or a modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// A calling or answering tone.
    Some,
    /// The signalling of a fax.
    Fax,
}

/// The receivers of one line.
pub(crate) struct DataTones {
    cng: ToneDetector,
    answer: ToneDetector,
    flags: ToneDetector,
    listen: bool,
    v21: Goertzels<2>,
    hang: u32,
    v21_hang: u32,
    data: Option<Data>,
}

impl DataTones {
    pub(crate) fn new() -> Result<DataTones, Error> {
        Ok(DataTones {
            cng: ToneDetector::new(ToneListener::Cng)?,
            answer: ToneDetector::new(ToneListener::AnswerTone)?,
            flags: ToneDetector::new(ToneListener::V21Preamble)?,
            listen: false,
            v21: Goertzels::new([1650.0, 1850.0]),
            hang: 0,
            v21_hang: 0,
            data: None,
        })
    }

    pub(crate) fn listen(&mut self, on: bool) {
        if self.listen != on {
            self.listen = on;
            self.reset();
        }
    }

    /// Forgets everything heard.
    pub(crate) fn reset(&mut self) {
        self.hang = 0;
        self.v21_hang = 0;
        self.cng.reset();
        self.answer.reset();
        self.flags.reset();
    }

    /// What was heard of a fax or a modem since last asked.
    pub(crate) fn data(&mut self) -> Option<Data> {
        self.data.take()
    }

    pub(crate) fn lost_events(&self) -> u64 {
        [&self.cng, &self.answer, &self.flags]
            .iter()
            .map(|d| d.lost_events())
            .sum()
    }

    /// Listens to a chunk of this energy.
    pub(crate) fn take(&mut self, chunk: &[i16], energy: f32, events: &mut Events) {
        // Chunks have at most 80 samples.
        let n = chunk.len() as u32;
        if energy > QUIET * n as f32 {
            self.hang = HANG;
        } else if self.hang == 0 {
            return;
        }
        self.hang = self.hang.saturating_sub(n);
        if self.listen {
            self.take_fax(chunk, n, energy, events);
        }
    }

    fn take_fax(&mut self, chunk: &[i16], n: u32, energy: f32, events: &mut Events) {
        if let Some(ToneEvent::On { .. }) = self.cng.process(chunk) {
            events.push(ChainEvent::Cng);
            self.data = Some(Data::Some);
        }
        match self.answer.process(chunk) {
            Some(ToneEvent::On { tone, .. }) => {
                if let Some(event) = answer_event(tone) {
                    events.push(event);
                    self.data = Some(Data::Some);
                }
            }
            Some(ToneEvent::Off { .. }) => events.push(ChainEvent::AnswerToneOff),
            None => {}
        }
        let [mark, space] = self.v21.powers(chunk);
        if tone_share(mark + space, energy, chunk.len()) > V21_SHARE {
            self.v21_hang = V21_HANG;
        }
        if self.v21_hang > 0 {
            self.v21_hang = self.v21_hang.saturating_sub(n);
            if let Some(ToneEvent::On { .. }) = self.flags.process(chunk) {
                events.push(ChainEvent::V21Preamble);
                self.data = Some(Data::Fax);
            }
            if self.v21_hang == 0 {
                self.flags.reset();
            }
        }
    }
}

fn answer_event(tone: ConnectTone) -> Option<ChainEvent> {
    match tone {
        ConnectTone::Ans => Some(ChainEvent::Ced),
        ConnectTone::AnsPr => Some(ChainEvent::AnsPr),
        ConnectTone::Ansam => Some(ChainEvent::AnsAm),
        ConnectTone::AnsamPr => Some(ChainEvent::AnsAmPr),
        ConnectTone::Cng
        | ConnectTone::V21Preamble
        | ConnectTone::BellAns
        | ConnectTone::CallingTone => None,
    }
}
