//! What the line says besides voice: digits and the tones of faxes and modems.
//!
//! Owns the receivers of tones, and when all receivers run (a quiet line costs nothing; V.21 flags are looked for
//! only while the spectrum has them). Leaves digits to [`crate::dtmf`].

use tipring_spandsp::{ConnectTone, DtmfRxSettings, Error, ToneDetector, ToneEvent, ToneListener};

use crate::command::ChainEvent;
use crate::dtmf::Keys;
use crate::goertzel::{Goertzels, tone_share};
use crate::queue::Queue;

/// Events that can wait in a chain.
pub(crate) type Events = Queue<ChainEvent, 32>;

/// Mean square below which a chunk is quiet (-52 dBm0: 10 dB under the quietest tone listened for).
const QUIET: f32 = 1_644.0;
/// How long the receivers go on into quiet, samples (200 ms): digits and tones have ended by then.
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

/// All receivers of one line.
pub(crate) struct Detectors {
    pub(crate) keys: Keys,
    cng: ToneDetector,
    answer: ToneDetector,
    flags: ToneDetector,
    listen_fax: bool,
    v21: Goertzels<2>,
    hang: u32,
    v21_hang: u32,
    data: Option<Data>,
}

impl Detectors {
    pub(crate) fn new(settings: DtmfRxSettings) -> Result<Detectors, Error> {
        Ok(Detectors {
            keys: Keys::new(settings)?,
            cng: ToneDetector::new(ToneListener::Cng)?,
            answer: ToneDetector::new(ToneListener::AnswerTone)?,
            flags: ToneDetector::new(ToneListener::V21Preamble)?,
            listen_fax: false,
            v21: Goertzels::new([1650.0, 1850.0]),
            hang: 0,
            v21_hang: 0,
            data: None,
        })
    }

    pub(crate) fn listen_fax(&mut self, on: bool) {
        if self.listen_fax != on {
            self.listen_fax = on;
            self.reset_fax();
        }
    }

    /// Forgets everything heard; a digit that is on ends.
    pub(crate) fn reset(&mut self, events: &mut Events) {
        self.hang = 0;
        self.keys.reset(events);
        self.reset_fax();
    }

    /// What was heard of a fax or a modem since last asked.
    pub(crate) fn data(&mut self) -> Option<Data> {
        self.data.take()
    }

    pub(crate) fn lost_events(&self) -> u64 {
        let fax = [&self.cng, &self.answer, &self.flags]
            .iter()
            .map(|d| d.lost_events())
            .sum::<u64>();
        self.keys.lost_events().saturating_add(fax)
    }

    /// Listens to a chunk. `sent` fills its argument with what the line was just sent. False: too quiet to
    /// listen.
    pub(crate) fn take(
        &mut self,
        chunk: &[i16],
        energy: f32,
        events: &mut Events,
        sent: impl Fn(&mut [i16]),
    ) -> bool {
        // Chunks have at most 80 samples.
        let n = chunk.len() as u32;
        if energy > QUIET * n as f32 {
            self.hang = HANG;
        } else if self.hang == 0 && !self.keys.on() {
            return false;
        }
        self.hang = self.hang.saturating_sub(n);
        self.keys.take(chunk, events, sent);
        if self.listen_fax {
            self.take_fax(chunk, n, energy, events);
        }
        true
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

    fn reset_fax(&mut self) {
        self.v21_hang = 0;
        self.cng.reset();
        self.answer.reset();
        self.flags.reset();
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
