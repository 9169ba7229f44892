//! What a country's plan sounds like: SCCP tones as tone programs, ring modes as cadences, callers as caller ID.
//!
//! Everything is translated once, at start; a tone that a country file spells in a way the chain cannot play is a
//! start-up problem, not a silent port.

use std::collections::HashMap;
use tipring_types::TenthDbm0;

use tipring_config::Country;
use tipring_config::country::{
    CallerId as Style, Component, Modulation, Step, Tone as CountryTone,
};
use tipring_dsp::{
    Absence, Alert, CallTime, CallerId, CallerIdMessage, CallerIdStandard, CallerIdTransmission,
    DtmfCallerIdFormat, FOREVER, Over, Party, Tone, ToneError, ToneProgram, ToneSegment,
};
use tipring_hal::port::RingCadence;
use tipring_proto::call::{CallerId as Caller, Presented};
use tipring_proto::sccp::message::{RingMode, Tone as SccpTone};

use super::caller_text::{self, Alphabet};

/// Level of test tones and of digits asked for by StartTone, tenths of a dBm0.
const TEST_TENTHS: i16 = -100;

/// On and off of a call with precedence (MLPP), the same in every country: North American practice, from memory.
const PRECEDENCE_RING: [u16; 2] = [1640, 360];

/// Tones that announce a second caller.
const CALL_WAITING: [SccpTone; 4] = [
    SccpTone::CALL_WAITING,
    SccpTone::ADDITIONAL_CALL_WAITING,
    SccpTone::PRIORITY_CALL_WAITING,
    SccpTone::CAMP_ON,
];

/// A port's sounds.
#[derive(Clone, Debug)]
pub struct Plan {
    tones: HashMap<u32, ToneProgram>,
    rings: HashMap<u32, RingCadence>,
    default_ring: RingCadence,
    caller_id: Option<Style>,
}

/// A tone that cannot be played.
#[derive(Debug, thiserror::Error)]
#[error(
    "country {country}: tone {tone} cannot be played: {cause}; shorten it in the country's file"
)]
pub struct PlanError {
    country: String,
    tone: String,
    cause: ToneError,
}

impl Plan {
    /// Translates a country's plan; `caller_id` is the port's style.
    pub fn new(country: &Country, caller_id: Option<Style>) -> Result<Plan, PlanError> {
        let t = &country.tones;
        let zip = burst(&t.confirmation);
        let table: &[(SccpTone, &CountryTone)] = &[
            (SccpTone::INSIDE_DIAL, &t.dial),
            (SccpTone::OUTSIDE_DIAL, &t.dial),
            (SccpTone::STUTTER_DIAL, &t.stutter),
            (SccpTone::RECALL_DIAL, &t.recall),
            (SccpTone::RECALL_DIAL_2, &t.recall),
            (SccpTone::BUSY, &t.busy),
            (SccpTone::BUSY_VERIFY, &t.busy),
            (SccpTone::ALERTING, &t.ringback),
            (SccpTone::REVERTING, &t.ringback),
            (SccpTone::PRECEDENCE_RINGBACK, &t.ringback),
            (SccpTone::REORDER, &t.reorder),
            (SccpTone::BEEP_BONK, &t.reorder),
            (SccpTone::PREEMPTION, &t.reorder),
            (SccpTone::HOWLER, &t.howler),
            (SccpTone::NO_SUCH_NUMBER, &t.no_such_number),
            (SccpTone::CONFIRMATION, &t.confirmation),
            (SccpTone::ZIP, &zip),
            (SccpTone::ZIP_ZIP, &zip),
        ];
        // Played over the voice, which goes on.
        let over_voice: &[(SccpTone, &CountryTone)] = &[
            (SccpTone::CALL_WAITING, &t.call_waiting),
            (SccpTone::ADDITIONAL_CALL_WAITING, &t.call_waiting),
            (SccpTone::PRIORITY_CALL_WAITING, &t.call_waiting),
            (SccpTone::CAMP_ON, &t.call_waiting),
            (SccpTone::HOLD, &t.call_waiting),
            (SccpTone::BARGE_IN, &t.call_waiting),
            (SccpTone::DISTINCT_ALERT, &t.call_waiting),
            (SccpTone::PRIORITY_ALERT, &t.call_waiting),
            (SccpTone::REMINDER_RING, &t.call_waiting),
            (SccpTone::RECORDER_WARNING, &t.record_warning),
            (SccpTone::RECORDER_DETECTED, &t.record_warning),
        ];
        let refused = |tone: SccpTone, cause| PlanError {
            country: country.code.clone(),
            tone: tone.to_string(),
            cause,
        };
        let mut tones = HashMap::new();
        for (list, over) in [(table, Over::Replace), (over_voice, Over::Mix)] {
            for &(tone, spelled) in list {
                let made = program(spelled).map_err(|e| refused(tone, e))?;
                tones.insert(tone.0, made.over(over));
            }
        }
        for (tone, hz, tenths) in [
            (SccpTone::MILLIWATT, 1004, 0),
            (SccpTone(0x60), 1004, 0),
            (SccpTone::HZ_2105, 2105, TEST_TENTHS),
            (SccpTone::HZ_2600, 2600, TEST_TENTHS),
            (SccpTone::HZ_440, 440, TEST_TENTHS),
            (SccpTone::HZ_300, 300, TEST_TENTHS),
            (SccpTone::TEST, 1004, TEST_TENTHS),
        ] {
            let made = ToneProgram::continuous(&[Tone::new(hz, tenths)]);
            tones.insert(tone.0, made.map_err(|e| refused(tone, e))?);
        }
        for (tone, low, high) in digits() {
            let pair = [Tone::new(low, TEST_TENTHS), Tone::new(high, TEST_TENTHS)];
            let made =
                ToneSegment::new(&pair, 100, 50).and_then(|s| ToneProgram::cadence(&[s], None));
            tones.insert(tone, made.map_err(|e| refused(SccpTone(tone), e))?);
        }
        let r = &country.ring;
        let mut rings = HashMap::from([
            (RingMode::INSIDE.0, cadence(&r.inside)),
            (RingMode::OUTSIDE.0, cadence(&r.outside)),
            (RingMode::FEATURE.0, cadence(&r.feature)),
            (RingMode::PRECEDENCE.0, cadence(&PRECEDENCE_RING)),
        ]);
        for (n, distinctive) in (RingMode::BELLCORE_1.0..).zip(&r.distinctive) {
            rings.insert(n, cadence(distinctive));
        }
        Ok(Plan {
            tones,
            rings,
            default_ring: cadence(&r.inside),
            caller_id,
        })
    }

    /// The same without a tone for a second caller (`call-waiting-tone = false`).
    pub fn without_call_waiting(mut self) -> Plan {
        for tone in CALL_WAITING {
            self.tones.remove(&tone.0);
        }
        self
    }

    /// The program of a tone; `None` for silence and for what no plan has.
    pub fn tone(&self, tone: SccpTone) -> Option<ToneProgram> {
        self.tones.get(&tone.0).copied()
    }

    /// The cadence of a ring mode; what no plan has rings as an inside call.
    pub fn ring(&self, mode: RingMode) -> RingCadence {
        self.rings
            .get(&mode.0)
            .copied()
            .unwrap_or(self.default_ring)
    }

    /// A caller as shown to this port's phones; `None` when they are shown none.
    pub fn caller_id(
        &self,
        caller: &Caller,
        dual_tone_alert: bool,
        when: Option<CallTime>,
    ) -> Option<CallerIdTransmission> {
        let style = self.caller_id?.modulation;
        let alphabet = match style {
            Modulation::Bell202 => Alphabet::Keys,
            Modulation::V23 => Alphabet::International,
            Modulation::Dtmf { .. } => Alphabet::Digits,
        };
        let shown = CallerId {
            when,
            number: party(&caller.number, |text| caller_text::number(text, alphabet)),
            name: party(&caller.name, caller_text::name),
        };
        let message = encode(style, &shown).ok()?;
        let alert = if dual_tone_alert {
            Alert::DtAs
        } else {
            Alert::None
        };
        Some(CallerIdTransmission {
            message,
            alert,
            to_off_hook: false,
        })
    }

    /// The message that lights the phone's lamp or puts it out; `None` where the port's caller ID has none.
    pub fn message_lamp(&self, lit: bool) -> Option<CallerIdTransmission> {
        let style = self.caller_id?;
        let (standard, alert) = match style.modulation {
            // GR-30: without ringing, a message needs no alert.
            Modulation::Bell202 => (CallerIdStandard::Class, Alert::None),
            // ETSI EN 300 659-1: a message without ringing follows DT-AS.
            Modulation::V23 => (CallerIdStandard::Clip, Alert::DtAs),
            Modulation::Dtmf { .. } => return None,
        };
        let message = CallerIdMessage::message_waiting(standard, lit).ok()?;
        Some(CallerIdTransmission {
            message,
            alert,
            to_off_hook: false,
        })
    }
}

fn encode(
    style: Modulation,
    shown: &CallerId,
) -> Result<CallerIdMessage, tipring_dsp::CallerIdError> {
    match style {
        Modulation::Bell202 => CallerIdMessage::call_setup(CallerIdStandard::Class, shown),
        Modulation::V23 => CallerIdMessage::call_setup(CallerIdStandard::Clip, shown),
        Modulation::Dtmf { start, end } => {
            let format = match (start, end) {
                ('A', '#') => DtmfCallerIdFormat::AToHash,
                ('D', _) => DtmfCallerIdFormat::DToC,
                _ => DtmfCallerIdFormat::AToC,
            };
            CallerIdMessage::dtmf(format, &shown.number)
        }
    }
}

/// A number or a name of which the line can carry nothing is as good as not known.
fn party(presented: &Presented, carried: impl Fn(&str) -> Option<String>) -> Party {
    match presented {
        Presented::Text(text) => {
            carried(text).map_or(Party::Absent(Absence::Unavailable), Party::Known)
        }
        Presented::Withheld => Party::Absent(Absence::Private),
        Presented::Unknown => Party::Absent(Absence::Unavailable),
    }
}

fn program(tone: &CountryTone) -> Result<ToneProgram, ToneError> {
    let mut segments = vec![];
    let mut steps = tone.steps().peekable();
    let mut places = vec![]; // segment in which each step begins
    while let Some(step) = steps.next() {
        places.push(segments.len());
        // A sound and the silence after it are one segment, unless the repetition begins between them.
        let begins_cycle = places.len() == tone.intro.len();
        let silence = steps
            .next_if(|s| s.components.is_empty() && !step.components.is_empty() && !begins_cycle);
        if silence.is_some() {
            places.push(segments.len());
        }
        segments.push(segment(step, silence)?);
    }
    let repeat =
        (!tone.cycle.is_empty()).then(|| places.get(tone.intro.len()).copied().unwrap_or(0));
    // A last step without a length sounds until stopped: there is nothing to repeat.
    let endless = tone.cycle.last().is_some_and(|s| s.ms.is_none());
    ToneProgram::cadence(&segments, repeat.filter(|_| !endless))
}

/// A tone that ends by itself: this one, or half a second of it.
fn burst(tone: &CountryTone) -> CountryTone {
    match tone.steps().next() {
        Some(first) if !tone.cycle.is_empty() => CountryTone {
            intro: vec![Step {
                ms: Some(500),
                ..first.clone()
            }],
            cycle: vec![],
        },
        _ => tone.clone(),
    }
}

fn segment(step: &Step, silence: Option<&Step>) -> Result<ToneSegment, ToneError> {
    let tones: Vec<Tone> = step.components.iter().map(component).collect();
    ToneSegment::new(&tones, length(step), silence.map_or(0, length))
}

fn length(step: &Step) -> u16 {
    step.ms
        .map_or(FOREVER, |ms| u16::try_from(ms).unwrap_or(FOREVER - 1))
}

fn component(c: &Component) -> Tone {
    // Both were checked by the configuration: 1 to 3999 Hz, levels that do not clip.
    Tone {
        hz_tenths: (c.hz * 10.0).round() as u16,
        level: TenthDbm0::of(f64::from(c.dbm0)),
    }
}

fn cadence(parts: &[u16]) -> RingCadence {
    let mut parts_ms = [0; 8];
    for (place, ms) in parts_ms.iter_mut().zip(parts) {
        *place = *ms;
    }
    RingCadence { parts_ms }
}

/// StartTone numbers of the keys with their frequencies (Q.23).
fn digits() -> impl Iterator<Item = (u32, u16, u16)> {
    const ROWS: [u16; 4] = [697, 770, 852, 941];
    const COLUMNS: [u16; 4] = [1209, 1336, 1477, 1633];
    // 1–9 are themselves, 0 is 10, * 14, # 15, A–D 16–19.
    const KEYS: [[u32; 4]; 4] = [
        [1, 2, 3, 16],
        [4, 5, 6, 17],
        [7, 8, 9, 18],
        [14, 10, 15, 19],
    ];
    KEYS.into_iter().zip(ROWS).flat_map(|(keys, low)| {
        keys.into_iter()
            .zip(COLUMNS)
            .map(move |(key, high)| (key, low, high))
    })
}

#[cfg(test)]
mod tests;
