//! What a phone hears: level, tones, DTMF, caller ID, and ringing.

use std::collections::VecDeque;

use tipring_spandsp::{
    Absence, CallerIdRx, CallerIdStandard, DtmfEvent, DtmfRx, DtmfRxSettings, DtmfStatus, Error,
    Party, ReceivedCallerId, ReceivedMessage,
};

use super::event::{CallerIdCoding, CallerIdHeard, SimEventKind};
use super::request::Heard;
use crate::level::level_dbm0;
use crate::meter::{Measured, Peaks, measure};

const RATE: usize = 8000;
/// A tone is looked for this often …
const LOOK_EVERY: usize = 800;
/// … in this number of samples.
const LOOK_AT: usize = 256;
/// Quieter is no tone.
const TONE_FLOOR_DBM0: f32 = -50.0;
/// Peaks within this distance are the same tone.
const SAME_HZ: f32 = 25.0;
const DIGITS_KEPT: usize = 64;
const BURSTS_KEPT: usize = 16;
/// No burst for this number of samples: ringing is over.
const RINGING_OVER: u64 = 6 * 8000;

/// The receivers of a phone.
pub(super) struct Receivers {
    past: Past,
    dtmf: DtmfRx,
    /// One FSK receiver hears Bell 202 and V.23, the other one DTMF.
    caller_id: Option<[CallerIdRx; 2]>,
    pub(super) digits: String,
    pub(super) last_caller: Option<CallerIdHeard>,
    until_look: usize,
    candidate: Option<(f32, Option<f32>)>,
    tone: Option<f32>,
    audible_before: bool,
    on_hook_audio_before: bool,
}

impl Receivers {
    pub(super) fn new(caller_id: bool) -> Result<Self, Error> {
        let caller_id = if caller_id {
            Some([
                CallerIdRx::new(CallerIdStandard::Class)?,
                CallerIdRx::new(CallerIdStandard::ClipDtmf)?,
            ])
        } else {
            None
        };
        Ok(Self {
            past: Past::default(),
            dtmf: DtmfRx::new(DtmfRxSettings::default())?,
            caller_id,
            digits: String::new(),
            last_caller: None,
            until_look: LOOK_EVERY,
            candidate: None,
            tone: None,
            audible_before: false,
            on_hook_audio_before: false,
        })
    }

    /// The tone heard now and since at least 100 ms, Hz.
    pub(super) fn tone(&self) -> Option<f32> {
        self.tone
    }

    pub(super) fn forget(&mut self) {
        self.digits.clear();
        self.last_caller = None;
    }

    /// A new call: its digits are counted from the first.
    pub(super) fn lifted(&mut self) {
        self.digits.clear();
        self.dtmf.reset();
    }

    /// Level and frequency of the last `window_ms`.
    pub(super) fn heard(&self, window_ms: u16) -> Heard {
        let wanted = usize::from(window_ms) * 8;
        let mut window = vec![0; wanted.min(RATE)];
        self.past.last(&mut window);
        let Measured { dbm0, hz, hz_dbm0 } = measure(&window);
        Heard {
            dbm0,
            hz,
            hz_dbm0,
            window_ms: u16::try_from(window.len() / 8).unwrap_or(u16::MAX),
        }
    }

    /// One block: off-hook audio, or on-hook audio, or nothing.
    pub(super) fn block(
        &mut self,
        samples: &[i16],
        off_hook: bool,
        on_hook_audio: bool,
        bursts: u32,
        notify: &mut impl FnMut(SimEventKind),
    ) {
        if off_hook || on_hook_audio {
            self.past.add(samples);
        } else {
            self.past.add_silence(samples.len());
        }
        if off_hook {
            self.dtmf.process(samples);
            while let Some(event) = self.dtmf.poll() {
                if let DtmfEvent::On { digit, .. } = event {
                    if self.digits.len() >= DIGITS_KEPT {
                        self.digits.remove(0);
                    }
                    self.digits.push(digit);
                    notify(SimEventKind::Digit(digit));
                }
            }
        }
        if on_hook_audio {
            self.caller_id(samples, bursts, notify);
        } else if self.on_hook_audio_before {
            // The transmission is over: half a message is dropped.
            for rx in self.caller_id.iter_mut().flatten() {
                rx.reset();
            }
        }
        self.on_hook_audio_before = on_hook_audio;
        self.tones(samples.len(), off_hook, notify);
    }

    fn caller_id(&mut self, samples: &[i16], bursts: u32, notify: &mut impl FnMut(SimEventKind)) {
        let mut said = Vec::new();
        for rx in self.caller_id.iter_mut().flatten() {
            rx.process(samples);
            while let Some(message) = rx.poll() {
                said.extend(read(&message));
            }
        }
        for (what, coding) in said {
            if let Some(lamp) = what.message_waiting {
                notify(SimEventKind::Lamp(lamp));
                continue;
            }
            let caller = shown(&what, coding, bursts);
            self.last_caller = Some(caller.clone());
            notify(SimEventKind::CallerId(caller));
        }
    }

    fn tones(&mut self, len: usize, off_hook: bool, notify: &mut impl FnMut(SimEventKind)) {
        if !off_hook {
            if self.audible_before {
                self.candidate = None;
                self.end_tone(notify);
            }
            self.audible_before = false;
            self.until_look = LOOK_EVERY;
            return;
        }
        self.audible_before = true;
        self.until_look = self.until_look.saturating_sub(len);
        if self.until_look > 0 {
            return;
        }
        self.until_look = LOOK_EVERY;
        let mut last = [0; LOOK_AT];
        self.past.last(&mut last);
        let digit = self.dtmf.status() != DtmfStatus::Nothing;
        let steady = if !digit && level_dbm0(&last) > TONE_FLOOR_DBM0 {
            Peaks::of(&last).and_then(|peaks| peaks.steady())
        } else {
            None
        };
        let Some(now) = steady else {
            self.candidate = None;
            self.end_tone(notify);
            return;
        };
        let same = self.candidate.is_some_and(|before| alike(before, now));
        self.candidate = Some(now);
        if !same {
            self.end_tone(notify);
        } else if self.tone.is_none() {
            let Heard { dbm0, hz, .. } = self.heard(100);
            if let Some(hz) = hz {
                self.tone = Some(hz);
                notify(SimEventKind::ToneHeard { hz, dbm0 });
            }
        }
    }

    fn end_tone(&mut self, notify: &mut impl FnMut(SimEventKind)) {
        if self.tone.take().is_some() {
            notify(SimEventKind::ToneEnded);
        }
    }
}

/// Two equally loud tones swap places from look to look, and the weaker of two may come and go.
fn alike(a: (f32, Option<f32>), b: (f32, Option<f32>)) -> bool {
    let near = |x: f32, y: f32| (x - y).abs() < SAME_HZ;
    match (a.1, b.1) {
        (Some(a1), Some(b1)) => {
            (near(a.0, b.0) && near(a1, b1)) || (near(a.0, b1) && near(a1, b.0))
        }
        (None, _) | (_, None) => near(a.0, b.0),
    }
}

fn read(message: &ReceivedMessage) -> Option<(ReceivedCallerId, CallerIdCoding)> {
    let coding = match message.standard() {
        CallerIdStandard::ClipDtmf => CallerIdCoding::Dtmf,
        CallerIdStandard::Class | CallerIdStandard::Clip | CallerIdStandard::Aclip => {
            CallerIdCoding::Fsk
        }
    };
    // A display shows nothing of a damaged message.
    message.decode().ok().map(|said| (said, coding))
}

fn shown(said: &ReceivedCallerId, coding: CallerIdCoding, after_bursts: u32) -> CallerIdHeard {
    let (number, number_absent) = party(&said.caller.number);
    let (name, name_absent) = party(&said.caller.name);
    CallerIdHeard {
        number,
        name,
        time: said.caller.when.map(|when| {
            let (month, day) = (when.month, when.day);
            format!("{month:02}{day:02}{:02}{:02}", when.hour, when.minute)
        }),
        number_absent,
        name_absent,
        coding,
        after_bursts,
    }
}

fn party(party: &Party) -> (Option<String>, Option<char>) {
    match party {
        Party::Unmentioned => (None, None),
        Party::Known(text) => (Some(text.clone()), None),
        Party::Absent(Absence::Private) => (None, Some('P')),
        Party::Absent(Absence::Unavailable) => (None, Some('O')),
        Party::Absent(Absence::Other(letter)) => (None, Some(char::from(*letter))),
    }
}

/// The last second.
struct Past {
    ring: Vec<i16>,
    /// Where the next sample goes.
    at: usize,
    /// Samples of silence since the last sound; a second of it, and nothing has to be written.
    silence: usize,
}

impl Default for Past {
    fn default() -> Past {
        Past {
            ring: vec![0; RATE],
            at: 0,
            silence: RATE,
        }
    }
}

impl Past {
    fn add(&mut self, samples: &[i16]) {
        self.silence = 0;
        for part in samples.chunks(RATE) {
            let (head, tail) = part.split_at(part.len().min(RATE - self.at));
            for (start, part) in [(self.at, head), (0, tail)] {
                if let Some(room) = self.ring.get_mut(start..start + part.len()) {
                    room.copy_from_slice(part);
                }
            }
            self.at = (self.at + part.len()) % RATE;
        }
    }

    fn add_silence(&mut self, len: usize) {
        if self.silence >= RATE {
            return;
        }
        let silence = self.silence + len;
        self.add(&vec![0; len]);
        self.silence = silence;
    }

    /// The newest samples, oldest first; at most a second.
    fn last(&self, out: &mut [i16]) {
        let from = self.at + RATE - out.len().min(RATE);
        for (n, to) in out.iter_mut().enumerate() {
            *to = self.ring.get((from + n) % RATE).copied().unwrap_or(0);
        }
    }
}

/// The bell of a phone: measures ringing, sample by sample.
#[derive(Debug, Default)]
pub(super) struct Bell {
    ringing: bool,
    voltage: bool,
    since: u64,
    off_ms: u32,
    /// Bursts of this or the last ringing.
    pub(super) bursts: u32,
    /// (on, off before it) ms, the newest 16.
    pub(super) measured: VecDeque<(u32, u32)>,
}

impl Bell {
    pub(super) fn is_ringing(&self) -> bool {
        self.ringing
    }

    /// No ringing, and none just over.
    pub(super) fn is_still(&self) -> bool {
        !self.ringing && !self.voltage
    }

    /// `len` samples without ringing.
    pub(super) fn pass(&mut self, len: usize) {
        self.since = self.since.saturating_add(len as u64);
    }

    pub(super) fn forget(&mut self) {
        self.measured.clear();
        if !self.ringing {
            self.bursts = 0;
        }
    }

    pub(super) fn sample(&mut self, voltage: bool) -> Option<SimEventKind> {
        let edge = voltage != self.voltage;
        if !edge {
            self.since = self.since.saturating_add(1);
            let over = self.ringing && !voltage && self.since > RINGING_OVER;
            return if over { self.stopped() } else { None };
        }
        self.voltage = voltage;
        let ms = u32::try_from((self.since + 4) / 8).unwrap_or(u32::MAX);
        self.since = 1;
        if !voltage {
            self.bursts = self.bursts.saturating_add(1);
            if self.measured.len() >= BURSTS_KEPT {
                self.measured.pop_front();
            }
            self.measured.push_back((ms, self.off_ms));
            let (on_ms, off_ms) = (ms, self.off_ms);
            return Some(SimEventKind::RingBurst { on_ms, off_ms });
        }
        if self.ringing {
            self.off_ms = ms;
            return None;
        }
        self.ringing = true;
        self.off_ms = 0;
        self.bursts = 0;
        self.measured.clear();
        Some(SimEventKind::RingingStarted)
    }

    /// Tripped, or switched off: a burst that was cut short is not counted.
    pub(super) fn stopped(&mut self) -> Option<SimEventKind> {
        self.voltage = false;
        self.since = 0;
        let bursts = self.bursts;
        std::mem::take(&mut self.ringing).then_some(SimEventKind::RingingStopped { bursts })
    }
}
