//! A country file as it is written, and its checks.

use serde::Deserialize;
use toml::Spanned;

use super::{Cadence, CallerId, CallerIdTiming, Country, Modulation, Rings, Tone, Tones};
use crate::choice::{Choice, PulseDigits};
use crate::reader::{Place, Reader};
use crate::report::{Problem, Severity};
use crate::window::WindowMs;

/// Longest wait around a caller ID message.
const LONGEST_CALLER_ID_WAIT_MS: u16 = 5_000;

/// A sine of +3.14 dBm0 fills the codec (G.711, table 5); a little is left for rounding.
const FULL_SCALE_DBM0: f32 = 3.1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCountry {
    code: Spanned<String>,
    #[serde(default)]
    also: Vec<String>,
    name: String,
    ring_hz: Spanned<u16>,
    impedance: String,
    tone_level_dbm0: Spanned<f32>,
    flash_ms: Spanned<[u16; 2]>,
    call_waiting_pause_ms: Option<Spanned<u16>>,
    pulse_digits: Option<Spanned<String>>,
    tones: RawTones,
    ring: RawRings,
    caller_id: Option<Spanned<RawCallerId>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawTones {
    dial: Spanned<String>,
    recall: Option<Spanned<String>>,
    stutter: Option<Spanned<String>>,
    ringback: Spanned<String>,
    busy: Spanned<String>,
    reorder: Spanned<String>,
    howler: Option<Spanned<String>>,
    call_waiting: Option<Spanned<String>>,
    confirmation: Option<Spanned<String>>,
    no_such_number: Option<Spanned<String>>,
    record_warning: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRings {
    inside: Spanned<Cadence>,
    outside: Option<Spanned<Cadence>>,
    feature: Option<Spanned<Cadence>>,
    distinctive: Option<Spanned<[Cadence; 5]>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCallerId {
    modulation: RawModulation,
    timing: RawTiming,
    delay_ms: Option<u16>,
    #[serde(default)]
    polarity_reversal: bool,
    #[serde(default)]
    dual_tone_alert: bool,
    lead_ms: Option<u16>,
    ring_delay_ms: Option<u16>,
    start: Option<char>,
    end: Option<char>,
}

#[derive(Clone, Copy, Deserialize)]
enum RawModulation {
    #[serde(rename = "bell-202")]
    Bell202,
    #[serde(rename = "v23")]
    V23,
    #[serde(rename = "dtmf")]
    Dtmf,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawTiming {
    AfterFirstRing,
    BeforeRing,
}

/// Reads one file: the country and its other codes, or everything that is wrong.
pub(super) fn parse(text: &str, file: &str) -> Result<(Country, Vec<String>), Vec<Problem>> {
    let mut reader = Reader::new(file, text);
    let raw: RawCountry = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(e) => {
            let place = Place {
                at: e.span().map(|span| span.start),
                ..Place::default()
            };
            reader.problem(Severity::Error, place, e.message(), None, None);
            return Err(reader.problems);
        }
    };
    let code = raw.code.get_ref();
    if !is_code(code) || !raw.also.iter().all(|code| is_code(code)) {
        let accepts = "1 to 16 of a-z, 0-9 and -";
        note(
            &mut reader,
            "code",
            &raw.code,
            "is not a valid country code",
            accepts,
        );
    }
    if ![20, 25, 30, 50].contains(raw.ring_hz.get_ref()) {
        note(
            &mut reader,
            "ring-hz",
            &raw.ring_hz,
            "no such ringing generator",
            "20, 25, 30 or 50",
        );
    }
    let level = *raw.tone_level_dbm0.get_ref();
    if !(-60.0..=3.0).contains(&level) {
        note(
            &mut reader,
            "tone-level-dbm0",
            &raw.tone_level_dbm0,
            "no level for a tone",
            "-60 to 3",
        );
    }
    let [min_ms, max_ms] = *raw.flash_ms.get_ref();
    if !(30 <= min_ms && min_ms < max_ms && max_ms <= 5_000) {
        note(
            &mut reader,
            "flash-ms",
            &raw.flash_ms,
            "is not a range of flash times",
            "[shortest, longest], 30 to 5000 ms",
        );
    }
    let pause_ms = raw.call_waiting_pause_ms.as_ref();
    if let Some(pause) = pause_ms
        && !(100..=60_000).contains(pause.get_ref())
    {
        let accepts = "100 to 60000 ms";
        note(
            &mut reader,
            "call-waiting-pause-ms",
            pause,
            "no pause",
            accepts,
        );
    }
    let digits = raw.pulse_digits.as_ref();
    let pulse_digits = digits.map_or(Some(PulseDigits::FIRST), |digits| {
        PulseDigits::from_name(digits.get_ref())
    });
    if let (None, Some(digits)) = (pulse_digits, digits) {
        let accepts = PulseDigits::NAMES.join(", ");
        note(
            &mut reader,
            "pulse-digits",
            digits,
            "no such coding of pulse digits",
            &accepts,
        );
    }
    let country = Country {
        code: code.clone(),
        name: raw.name.clone(),
        tones: tones(&mut reader, &raw.tones, level),
        ring: rings(&mut reader, &raw.ring),
        ring_hz: *raw.ring_hz.get_ref(),
        caller_id: raw
            .caller_id
            .as_ref()
            .map(|raw| caller_id(&mut reader, raw)),
        flash: WindowMs { min_ms, max_ms },
        call_waiting_pause_ms: pause_ms.map_or(10_000, |pause| *pause.get_ref()),
        pulse_digits: pulse_digits.unwrap_or(PulseDigits::FIRST),
        impedance: raw.impedance.clone(),
    };
    if reader.problems.is_empty() {
        Ok((country, raw.also))
    } else {
        reader.problems.sort_by_key(|p| p.line);
        Err(reader.problems)
    }
}

pub(super) fn is_code(code: &str) -> bool {
    (1..=16).contains(&code.len())
        && code
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn note<T>(reader: &mut Reader<'_>, key: &str, value: &Spanned<T>, message: &str, accepts: &str) {
    let place = Place {
        at: Some(value.span().start),
        key: Some(key.to_owned()),
        value: Some(reader.source(&value.span())),
    };
    reader.problem(
        Severity::Error,
        place,
        message,
        Some(accepts.to_owned()),
        None,
    );
}

fn tones(reader: &mut Reader<'_>, raw: &RawTones, level: f32) -> Tones {
    let mut tone = |key: &str, text: &Spanned<String>| {
        let mut bad = |why: &str, accepts: &str| {
            note(reader, &format!("tones.{key}"), text, why, accepts);
        };
        match Tone::parse(text.get_ref(), level) {
            Ok(tone) => {
                if clips(&tone) {
                    let accepts = "frequencies whose peaks together stay below +3.1 dBm0";
                    bad(
                        "is louder than a line can carry: it would be clipped",
                        accepts,
                    );
                }
                tone
            }
            Err(why) => {
                let accepts =
                    "steps `hz+hz@dbm0/ms`, separated by commas, `!` before those played once";
                bad(&why, accepts);
                Tone::default()
            }
        }
    };
    let dial = tone("dial", &raw.dial);
    let ringback = tone("ringback", &raw.ringback);
    let busy = tone("busy", &raw.busy);
    let reorder = tone("reorder", &raw.reorder);
    // What a country does not name is done as most do.
    let mut or =
        |key: &str, text: &Option<Spanned<String>>, otherwise: &dyn Fn() -> Tone| match text {
            Some(text) => tone(key, text),
            None => otherwise(),
        };
    let known = |text: &'static str| move || Tone::parse(text, -13.0).unwrap_or_default();
    Tones {
        recall: or("recall", &raw.recall, &|| stutter_of(&dial, 3)),
        stutter: or("stutter", &raw.stutter, &|| stutter_of(&dial, 10)),
        // GR-506 receiver off-hook tone, as loud as four sines can be without clipping.
        howler: or(
            "howler",
            &raw.howler,
            &known("1400@-10+2060@-10+2450@-10+2600@-10/100, 0/100"),
        ),
        call_waiting: or("call-waiting", &raw.call_waiting, &known("!440/300")),
        confirmation: or("confirmation", &raw.confirmation, &|| {
            let mut steps = stutter_of(&dial, 3).intro;
            steps.truncate(5);
            Tone {
                intro: steps,
                cycle: Vec::new(),
            }
        }),
        // ITU-T E.180: three tones of 330 ms, then a pause.
        no_such_number: or(
            "no-such-number",
            &raw.no_such_number,
            &known("950/330, 1400/330, 1800/330, 0/1000"),
        ),
        record_warning: or(
            "record-warning",
            &raw.record_warning,
            &known("1400/500, 0/15000"),
        ),
        dial,
        ringback,
        busy,
        reorder,
    }
}

/// A step is louder than the codec has room for.
fn clips(tone: &Tone) -> bool {
    let amplitude = |dbm0: f32| 10f32.powf((dbm0 - FULL_SCALE_DBM0) / 20.0);
    tone.steps().any(|step| {
        let peak: f32 = step.components.iter().map(|c| amplitude(c.dbm0)).sum();
        peak > 1.0
    })
}

/// Dial tone interrupted this number of times, then steady.
fn stutter_of(dial: &Tone, times: usize) -> Tone {
    let Some(first) = dial.steps().next() else {
        return Tone::default();
    };
    let on = super::Step {
        components: first.components.clone(),
        ms: Some(100),
    };
    let off = super::Step {
        components: Vec::new(),
        ms: Some(100),
    };
    let intro = std::iter::repeat_n([on, off], times).flatten().collect();
    Tone {
        intro,
        cycle: dial.cycle.clone(),
    }
}

fn rings(reader: &mut Reader<'_>, raw: &RawRings) -> Rings {
    let accepts = "[on, off, ...]: 2, 4, 6 or 8 lengths of 50 to 20000 ms";
    let mut cadence = |key: &str, value: &Spanned<Cadence>| {
        if !is_cadence(value.get_ref()) {
            note(reader, &format!("ring.{key}"), value, "no cadence", accepts);
        }
        value.get_ref().clone()
    };
    let inside = cadence("inside", &raw.inside);
    let outside = raw.outside.as_ref().map(|value| cadence("outside", value));
    let feature = raw.feature.as_ref().map(|value| cadence("feature", value));
    let distinctive = match &raw.distinctive {
        Some(value) => {
            if !value.get_ref().iter().all(is_cadence) {
                note(reader, "ring.distinctive", value, "no cadence", accepts);
            }
            value.get_ref().clone()
        }
        // GR-506 distinctive rings 1 to 5; the fifth is a single splash.
        None => [
            vec![2000, 4000],
            vec![800, 400, 800, 4000],
            vec![400, 200, 400, 200, 800, 4000],
            vec![300, 200, 1000, 200, 300, 4000],
            vec![500, 5500],
        ],
    };
    Rings {
        // A phone that detects only its own country's ring must get it for calls from outside too.
        outside: outside.unwrap_or_else(|| inside.clone()),
        feature: feature.unwrap_or_else(|| vec![400, 200, 400, 200, 400, 4000]),
        inside,
        distinctive,
    }
}

fn is_cadence(cadence: &Cadence) -> bool {
    let even = cadence.len().is_multiple_of(2);
    even && (2..=8).contains(&cadence.len()) && cadence.iter().all(|ms| (50..=20_000).contains(ms))
}

fn caller_id(reader: &mut Reader<'_>, spanned: &Spanned<RawCallerId>) -> CallerId {
    let raw = spanned.get_ref();
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
    for (key, ms) in [
        ("delay-ms", raw.delay_ms),
        ("lead-ms", raw.lead_ms),
        ("ring-delay-ms", raw.ring_delay_ms),
    ] {
        if ms.is_some_and(|ms| ms > LONGEST_CALLER_ID_WAIT_MS) {
            let message = format!("{key} is longer than any set waits");
            let accepts = format!("0 to {LONGEST_CALLER_ID_WAIT_MS} ms");
            note(reader, "caller-id", spanned, &message, &accepts);
        }
    }
    let (start, end) = (raw.start.unwrap_or('A'), raw.end.unwrap_or('C'));
    if !is_digit(start) || !is_digit(end) {
        note(
            reader,
            "caller-id",
            spanned,
            "start or end is no DTMF digit",
            "0-9, *, #, A-D",
        );
    }
    CallerId {
        modulation: match raw.modulation {
            RawModulation::Bell202 => Modulation::Bell202,
            RawModulation::V23 => Modulation::V23,
            RawModulation::Dtmf => Modulation::Dtmf { start, end },
        },
        timing: match raw.timing {
            RawTiming::AfterFirstRing => CallerIdTiming::AfterFirstRing {
                delay_ms: raw.delay_ms.unwrap_or(500).into(),
            },
            RawTiming::BeforeRing => CallerIdTiming::BeforeRing {
                polarity_reversal: raw.polarity_reversal,
                dual_tone_alert: raw.dual_tone_alert,
                lead_ms: raw.lead_ms.unwrap_or(100).into(),
                ring_delay_ms: raw.ring_delay_ms.unwrap_or(250).into(),
            },
        },
    }
}
