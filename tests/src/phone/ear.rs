//! What a phone hears: the last second, a recording, a tracked sequence, caller ID.

use std::collections::VecDeque;
use std::time::Duration;

use tipring_dsp::{Law, measure};
use tipring_spandsp::{CallerIdRx, CallerIdStandard, ReceivedCallerId};

use super::sequence::{Continuity, Tracker};

const LAW: Law = Law::Mu;
/// Codes kept for [`Heard`]: a second.
const KEPT: usize = 8000;

/// The last of what a phone heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    samples: Vec<i16>,
}

impl Heard {
    /// Linear samples, oldest first, a second at most.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Level of the last `ms` milliseconds.
    pub fn level_dbm0(&self, ms: usize) -> f64 {
        measure::level(self.last(ms))
    }

    /// The strongest tone and its level in the last `ms` milliseconds.
    pub fn tone(&self, ms: usize) -> Option<(f64, f64)> {
        measure::dominant_tone(self.last(ms))
    }

    /// Level of one frequency in the last `ms` milliseconds.
    pub fn tone_level(&self, hz: f64, ms: usize) -> f64 {
        measure::tone_level(self.last(ms), hz)
    }

    fn last(&self, ms: usize) -> &[i16] {
        let from = self.samples.len().saturating_sub(ms * 8);
        &self.samples[from..]
    }
}

/// Caller ID as a phone decoded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdHeard {
    /// When its last bit had come.
    pub at: Duration,
    /// What it says.
    pub says: ReceivedCallerId,
}

/// A phone's ear.
#[derive(Default)]
pub(super) struct Ear {
    last: VecDeque<u8>,
    heard: u64,
    tracker: Option<Tracker>,
    followed_from: u64,
    recording: Option<Vec<u8>>,
    caller_id: Option<CallerIdRx>,
}

impl Ear {
    pub(super) fn hear(&mut self, codes: &[u8], at: Duration) -> Option<CallerIdHeard> {
        self.heard += codes.len() as u64;
        self.last.extend(codes);
        let beyond = self.last.len().saturating_sub(KEPT);
        self.last.drain(..beyond);
        if let Some(tracker) = &mut self.tracker {
            tracker.hear(codes);
        }
        if let Some(recording) = &mut self.recording {
            recording.extend_from_slice(codes);
        }
        let receiver = self.caller_id.as_mut()?;
        receiver.process(&linear(codes));
        let says = receiver.poll()?.decode().ok()?;
        Some(CallerIdHeard { at, says })
    }

    /// Codes heard since the phone was connected.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    pub(super) fn last(&self) -> Heard {
        let (a, b) = self.last.as_slices();
        let mut samples = linear(a);
        samples.extend(linear(b));
        Heard { samples }
    }

    pub(super) fn forget(&mut self) {
        self.last.clear();
    }

    pub(super) fn follow(&mut self, tracker: Tracker) {
        self.tracker = Some(tracker);
        self.followed_from = self.heard;
    }

    /// [`Ear::heard`] at the time of [`Ear::follow`].
    pub(super) fn followed_from(&self) -> u64 {
        self.followed_from
    }

    pub(super) fn continuity(&self) -> Option<Continuity> {
        self.tracker.as_ref().map(Tracker::report)
    }

    pub(super) fn record(&mut self) {
        self.recording = Some(vec![]);
    }

    pub(super) fn recorded(&mut self) -> Vec<i16> {
        linear(&self.recording.take().unwrap_or_default())
    }

    pub(super) fn decode_caller_id(
        &mut self,
        standard: Option<CallerIdStandard>,
    ) -> Result<(), String> {
        self.caller_id = match standard {
            Some(standard) => Some(CallerIdRx::new(standard).map_err(|e| e.to_string())?),
            None => None,
        };
        Ok(())
    }
}

pub(super) fn linear(codes: &[u8]) -> Vec<i16> {
    codes.iter().map(|code| LAW.decode(*code)).collect()
}
