//! Countries: tones, ring cadences, caller ID and flash times, each a file `countries/CODE.toml`.
//!
//! A further country is a further file: in `/etc/tipring/countries` for one gateway, or here with one line in
//! `BUILT_IN`. A file with a code that is built in replaces the built-in one.

mod raw;
pub mod tone;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use tone::{Component, Step, Tone};

use crate::choice::PulseDigits;
use crate::report::{Problem, Severity};
use crate::window::WindowMs;
use tipring_types::CallerIdTiming;

/// The countries that come with the program.
const BUILT_IN: &[(&str, &str)] = &[
    ("at.toml", include_str!("../../countries/at.toml")),
    ("au.toml", include_str!("../../countries/au.toml")),
    ("be.toml", include_str!("../../countries/be.toml")),
    ("ch.toml", include_str!("../../countries/ch.toml")),
    ("de.toml", include_str!("../../countries/de.toml")),
    ("es.toml", include_str!("../../countries/es.toml")),
    ("fr.toml", include_str!("../../countries/fr.toml")),
    ("ie.toml", include_str!("../../countries/ie.toml")),
    ("it.toml", include_str!("../../countries/it.toml")),
    ("jp.toml", include_str!("../../countries/jp.toml")),
    ("nl.toml", include_str!("../../countries/nl.toml")),
    ("nz.toml", include_str!("../../countries/nz.toml")),
    ("se.toml", include_str!("../../countries/se.toml")),
    ("uk.toml", include_str!("../../countries/uk.toml")),
    ("us.toml", include_str!("../../countries/us.toml")),
];

/// What a phone in a country expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Country {
    /// Code, lower case.
    pub code: String,
    /// Name.
    pub name: String,
    /// Tones.
    pub tones: Tones,
    /// Ring cadences.
    pub ring: Rings,
    /// Frequency of the ringing voltage: 20, 25 or 50.
    pub ring_hz: u16,
    /// Caller ID; none where it is not sent or not supported.
    pub caller_id: Option<CallerId>,
    /// Loop openings that are flashes.
    pub flash: WindowMs,
    /// Silence between two bursts of call-waiting tone.
    pub call_waiting_pause_ms: u16,
    /// How many pulses each digit of a dial has.
    pub pulse_digits: PulseDigits,
    /// Impedance of phones, in words; cards get it from their driver.
    pub impedance: String,
}

/// The tones of a country.
#[derive(Clone, Debug, PartialEq)]
pub struct Tones {
    /// Dial tone.
    pub dial: Tone,
    /// Dial tone for a second call.
    pub recall: Tone,
    /// Dial tone while messages wait.
    pub stutter: Tone,
    /// The far end rings.
    pub ringback: Tone,
    /// The far end is busy.
    pub busy: Tone,
    /// Congestion, wrong number, end of the call.
    pub reorder: Tone,
    /// Receiver off-hook.
    pub howler: Tone,
    /// Another call waits: one burst that ends by itself.
    pub call_waiting: Tone,
    /// A command was accepted; in some countries until the phone is hung up.
    pub confirmation: Tone,
    /// No such number: the three special information tones, or a tone of its own.
    pub no_such_number: Tone,
    /// The call is being recorded.
    pub record_warning: Tone,
}

impl Tones {
    /// All tones with their names in the file.
    pub fn all(&self) -> [(&'static str, &Tone); 11] {
        [
            ("dial", &self.dial),
            ("recall", &self.recall),
            ("stutter", &self.stutter),
            ("ringback", &self.ringback),
            ("busy", &self.busy),
            ("reorder", &self.reorder),
            ("howler", &self.howler),
            ("call-waiting", &self.call_waiting),
            ("confirmation", &self.confirmation),
            ("no-such-number", &self.no_such_number),
            ("record-warning", &self.record_warning),
        ]
    }
}

/// A ring cadence: on, off, on, off … in ms, repeated; 2 to 8 parts, an even number.
pub type Cadence = Vec<u16>;

/// The ring cadences of a country, by SCCP ring mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rings {
    /// A call from inside.
    pub inside: Cadence,
    /// A call from outside.
    pub outside: Cadence,
    /// A feature call.
    pub feature: Cadence,
    /// Distinctive rings 1 to 5 (Bellcore GR-506).
    pub distinctive: [Cadence; 5],
}

/// How caller ID goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerId {
    /// Its modulation.
    pub modulation: Modulation,
    /// When.
    pub timing: CallerIdTiming,
}

/// Modulation of caller ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modulation {
    /// Bell 202 FSK.
    Bell202,
    /// V.23 FSK.
    V23,
    /// DTMF digits.
    Dtmf {
        /// Digit before the number.
        start: char,
        /// Digit after the number.
        end: char,
    },
}

impl CallerId {
    /// Bellcore GR-30.
    pub const BELLCORE: CallerId = CallerId {
        modulation: Modulation::Bell202,
        timing: CallerIdTiming::AfterFirstRing { delay_ms: 500 },
    };
    /// ETSI EN 300 659-1, during ringing.
    pub const ETSI_AFTER_RING: CallerId = CallerId {
        modulation: Modulation::V23,
        timing: CallerIdTiming::AfterFirstRing { delay_ms: 500 },
    };
    /// ETSI EN 300 659-1, prior to ringing, with DT-AS.
    pub const ETSI_BEFORE_RING: CallerId = CallerId {
        modulation: Modulation::V23,
        timing: CallerIdTiming::BeforeRing {
            polarity_reversal: false,
            dual_tone_alert: true,
            lead_ms: 100,
            ring_delay_ms: 250,
        },
    };
    /// BT SIN 227.
    pub const BT: CallerId = CallerId {
        modulation: Modulation::V23,
        timing: CallerIdTiming::BeforeRing {
            polarity_reversal: true,
            dual_tone_alert: true,
            lead_ms: 100,
            ring_delay_ms: 250,
        },
    };
    /// DTMF after a line reversal.
    pub const DTMF: CallerId = CallerId {
        modulation: Modulation::Dtmf {
            start: 'A',
            end: 'C',
        },
        timing: CallerIdTiming::BeforeRing {
            polarity_reversal: true,
            dual_tone_alert: false,
            lead_ms: 300,
            ring_delay_ms: 500,
        },
    };
}

/// Every country known.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Countries {
    by_code: BTreeMap<String, Arc<Country>>,
    /// What is there and cannot be used: the code of a file (none: the whole directory), why, and where.
    lacking: Vec<(Option<String>, String, PathBuf)>,
}

/// The files of a directory that may be countries, in order, each with the code of its name.
fn files_of(dir: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let code = path.file_name().and_then(|name| {
            let stem = name.to_str()?.strip_suffix(".toml")?;
            let code = stem.to_lowercase();
            raw::is_code(&code).then_some(code)
        });
        paths.extend(code.map(|code| (code, path)));
    }
    paths.sort();
    Ok(paths)
}

/// Why something cannot be read, in the words of the manual.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::NotADirectory => "it is no directory".to_owned(),
        ErrorKind::NotFound => "what the link names does not exist".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

impl Countries {
    /// Those that come with the program.
    pub fn built_in() -> Countries {
        let mut countries = Countries::default();
        for (name, text) in BUILT_IN {
            // A test reads every built-in file; a broken one would be missing here, not a panic.
            let _ = countries.add(text, name);
        }
        countries
    }

    /// Those that come with the program and those of a directory; what cannot be read is a problem.
    ///
    /// Only regular files (or links to them) count whose name is a code and `.toml`: what editors, packages and archives
    /// leave beside them (`.#dk.toml`, `dk.old.toml`, `dk.toml~`) does not. Of two files with one code the one
    /// that is named by it is used.
    pub fn with_directory(dir: Option<&Path>) -> (Countries, Vec<Problem>) {
        let mut countries = Countries::built_in();
        let Some(dir) = dir else {
            return (countries, vec![]);
        };
        let mut problems = Vec::new();
        let paths = match files_of(dir) {
            Ok(paths) => paths,
            Err(error) if error.kind() == ErrorKind::NotFound => return (countries, vec![]),
            Err(error) => {
                // The built-in ones may be all that is needed.
                let reason = format!("cannot be read: {}", reason(&error));
                countries
                    .lacking
                    .push((None, reason.clone(), dir.to_owned()));
                let cure = "run this as a user who may read it, or make it readable";
                let problem = Problem::of_file(&dir.display().to_string(), reason, cure);
                problems.push(Problem {
                    severity: Severity::Warning,
                    ..problem
                });
                return (countries, problems);
            }
        };
        let mut named_otherwise = Vec::new();
        let mut named_by_code = Vec::new();
        for (code, path) in paths {
            let name = path.display().to_string();
            let read = match std::fs::metadata(&path) {
                Ok(what) if !what.is_file() => continue,
                Ok(_) => std::fs::read_to_string(&path),
                Err(error) => Err(error),
            };
            let parsed = read
                .map_err(|error| {
                    let reason = format!("cannot be read: {}", reason(&error));
                    let cure = "make it readable, or remove it";
                    (reason.clone(), vec![Problem::of_file(&name, reason, cure)])
                })
                .and_then(|text| {
                    raw::parse(&text, &name).map_err(|problems| ("has errors".to_owned(), problems))
                });
            match parsed {
                Ok(country) if country.0.code == code => named_by_code.push(country),
                Ok(country) => named_otherwise.push(country),
                Err((reason, found)) => {
                    countries.lacking.push((Some(code), reason, path));
                    problems.extend(found);
                }
            }
        }
        for country in named_otherwise.into_iter().chain(named_by_code) {
            countries.put(country);
        }
        (countries, problems)
    }

    /// Why there is no country of this code: in words, and what to do; `None`: nobody has written a file for it.
    pub fn why_lacking(&self, code: &str) -> Option<(String, &'static str)> {
        let code = code.to_lowercase();
        let of_it = self.lacking.iter().find(|l| l.0.as_ref() == Some(&code));
        let (_, reason, path) = of_it.or_else(|| self.lacking.iter().find(|l| l.0.is_none()))?;
        Some((
            format!("is not known: {} {reason}", path.display()),
            "make it readable for who runs this, and free of errors",
        ))
    }

    /// Adds one country file, in place of one with the same code.
    pub fn add(&mut self, text: &str, file_name: &str) -> Result<(), Vec<Problem>> {
        self.put(raw::parse(text, file_name)?);
        Ok(())
    }

    fn put(&mut self, (country, also): (Country, Vec<String>)) {
        let country = Arc::new(country);
        for code in also {
            self.by_code.insert(code, Arc::clone(&country));
        }
        self.by_code.insert(country.code.clone(), country);
    }

    /// One of them, whichever.
    pub(crate) fn any(&self) -> Option<&Arc<Country>> {
        self.by_code.values().next()
    }

    /// A country by its code or another name of it, in any case.
    pub fn get(&self, code: &str) -> Option<&Arc<Country>> {
        self.by_code.get(&code.to_lowercase())
    }

    /// All codes, other names too, in order.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.by_code.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_country_is_read_without_a_problem() {
        let mut countries = Countries::default();
        for (name, text) in BUILT_IN {
            countries
                .add(text, name)
                .unwrap_or_else(|problems| panic!("{problems:#?}"));
            let code = name.strip_suffix(".toml").unwrap();
            assert_eq!(countries.get(code).unwrap().code, code);
        }
    }

    #[test]
    fn tones_that_were_unlike_the_public_tables_are_as_there() {
        let countries = Countries::built_in();
        let tones = |code: &str| countries.get(code).unwrap().tones.clone();
        let is = |text: &str, level: f32| Tone::parse(text, level).unwrap();
        assert_eq!(
            tones("be").no_such_number,
            is("900/330, 1400/330, 1800/330, 0/1000", -13.0)
        );
        // The second burst is the same tone, 10 dB lower.
        assert_eq!(
            tones("au").reorder,
            is("425/375, 0/375, 425@-23/375, 0/375", -13.0)
        );
        assert_eq!(
            tones("jp").recall,
            is(
                "!400/200, !0/200, !400/200, !0/200, !400/200, !0/200, 400",
                -13.0
            )
        );
        assert_eq!(
            tones("jp").call_waiting,
            is("!384@-22+400@-16+416@-22/500", -13.0)
        );
        // Number unobtainable and confirmation: BT SIN 350.
        assert_eq!(tones("uk").no_such_number, is("400", -19.0));
        assert_eq!(tones("uk").confirmation, is("1400", -19.0));
    }

    #[test]
    fn no_built_in_tone_clips() {
        // A sine of +3.14 dBm0 fills the codec (G.711, table 5); a little is left for rounding.
        const FULL_SCALE_DBM0: f32 = 3.1;
        for country in Countries::built_in().by_code.values() {
            for (name, tone) in country.tones.all() {
                for step in tone.steps() {
                    let peak: f32 = step
                        .components
                        .iter()
                        .map(|c| 10f32.powf((c.dbm0 - FULL_SCALE_DBM0) / 20.0))
                        .sum();
                    assert!(peak < 1.0, "{} {name}: {peak}", country.code);
                }
            }
        }
    }

    #[test]
    fn call_waiting_and_confirmation_end_by_themselves_and_the_others_do_not() {
        for country in Countries::built_in().by_code.values() {
            // A steady 1400 Hz, for "your service is set, hang up" (BT SIN 350).
            let steady = matches!(country.code.as_str(), "uk" | "ie");
            for (name, tone) in country.tones.all() {
                let ends = name == "call-waiting" || (name == "confirmation" && !steady);
                assert_eq!(tone.cycle.is_empty(), ends, "{} {name}", country.code);
            }
        }
    }

    #[test]
    fn every_mistake_of_a_country_file_is_reported_with_its_line() {
        let text = "code = \"XX1!\"\nname = \"X\"\nring-hz = 60\nimpedance = \"600\"\ntone-level-dbm0 = -13\n\
                    flash-ms = [500, 100]\npulse-digits = \"odd\"\ncall-waiting-pause-ms = 0\n[tones]\ndial = \"abc\"\nringback = \"440/2000, 0/4000\"\n\
                    busy = \"480/5000000\"\nreorder = \"480/250, 0/250\"\n[ring]\ninside = [1000]\n";
        let problems = Countries::default().add(text, "xx.toml").unwrap_err();
        let lines: Vec<_> = problems
            .iter()
            .map(|p| (p.line, p.key.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(
            lines,
            [
                (Some(1), "code"),
                (Some(3), "ring-hz"),
                (Some(6), "flash-ms"),
                (Some(7), "pulse-digits"),
                (Some(8), "call-waiting-pause-ms"),
                (Some(10), "tones.dial"),
                (Some(12), "tones.busy"),
                (Some(15), "ring.inside"),
            ]
        );
    }

    #[test]
    fn numbers_that_would_be_bent_are_refused_with_their_line() {
        let germany = include_str!("../../countries/de.toml");
        let refused = |from: &str, to: &str| {
            assert!(germany.contains(from), "{from}");
            let text = germany.replace(from, to);
            let problems = Countries::default().add(&text, "de.toml").unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:#?}");
            assert!(problems[0].line.is_some() && problems[0].accepts.is_some());
            problems[0].key.clone().unwrap()
        };
        let dial = germany.lines().find(|l| l.starts_with("dial = ")).unwrap();
        assert_eq!(refused(dial, "dial = \"425@2+350@2\""), "tones.dial");
        let timing = "timing = \"after-first-ring\"";
        let late = format!("{timing}\ndelay-ms = 5001");
        assert_eq!(refused(timing, &late), "caller-id");
    }
}
