//! Tones as text.
//!
//! A tone is a list of steps, `frequencies/milliseconds`, separated by commas. Frequencies are joined with `+`; each
//! may have its own level, `440@-19`; `0` is silence. A step without a length lasts until the tone is stopped and
//! is the last one. Steps marked `!` come first and are played once; the others are repeated. A tone of only `!`
//! steps ends by itself. `"480+620/500, 0/500"` is a North American busy tone.

/// Most frequencies at a time.
pub const MAX_COMPONENTS: usize = 4;

/// Most steps of a tone.
pub const MAX_STEPS: usize = 32;

/// One sine of a tone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component {
    /// Frequency.
    pub hz: f32,
    /// Level.
    pub dbm0: f32,
}

/// A part of a tone.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What sounds together, at most [`MAX_COMPONENTS`]; nothing is silence.
    pub components: Vec<Component>,
    /// For how long; none: until stopped.
    pub ms: Option<u32>,
}

/// A tone: steps played once, then steps repeated until stopped.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Tone {
    /// Played once.
    pub intro: Vec<Step>,
    /// Repeated; empty: the tone ends after the intro.
    pub cycle: Vec<Step>,
}

impl Tone {
    /// Reads a tone; `level_dbm0` is the level of frequencies without their own. The error is a sentence.
    pub fn parse(text: &str, level_dbm0: f32) -> Result<Tone, String> {
        let mut tone = Tone::default();
        let mut endless = false;
        for step in text.split(',').map(str::trim) {
            if endless {
                return Err("a step without a length must be the last one".to_owned());
            }
            let (once, body) = step
                .strip_prefix('!')
                .map_or((false, step), |rest| (true, rest));
            let (frequencies, length) = match body.split_once('/') {
                Some((frequencies, length)) => (frequencies, Some(length.trim())),
                None => (body, None),
            };
            let ms = length.map(|text| millis(text, step)).transpose()?;
            endless = ms.is_none();
            let step = Step {
                components: components(frequencies, level_dbm0)?,
                ms,
            };
            if !once {
                tone.cycle.push(step);
            } else if tone.cycle.is_empty() {
                tone.intro.push(step);
            } else {
                return Err("steps marked `!` must come first".to_owned());
            }
            if tone.intro.len() + tone.cycle.len() > MAX_STEPS {
                return Err(format!("has more than {MAX_STEPS} steps"));
            }
        }
        Ok(tone)
    }

    /// The steps, each only once.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.intro.iter().chain(&self.cycle)
    }
}

fn millis(text: &str, step: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(ms @ 1..=600_000) => Ok(ms),
        _ => Err(format!("the length of `{step}` is not 1 to 600000 ms")),
    }
}

fn components(text: &str, level_dbm0: f32) -> Result<Vec<Component>, String> {
    if text.trim() == "0" {
        return Ok(Vec::new());
    }
    let mut components = Vec::new();
    for part in text.split('+').map(str::trim) {
        let (hz, level) = match part.split_once('@') {
            Some((hz, level)) => (hz, Some(level)),
            None => (part, None),
        };
        let hz = match hz.trim().parse::<f32>() {
            Ok(hz) if (20.0..=3900.0).contains(&hz) => hz,
            _ => return Err(format!("`{part}` is not a frequency of 20 to 3900 Hz")),
        };
        let dbm0 = match level.map(|level| level.trim().parse::<f32>()) {
            None => level_dbm0,
            Some(Ok(level)) if (-60.0..=3.0).contains(&level) => level,
            Some(_) => return Err(format!("the level of `{part}` is not -60 to 3 dBm0")),
        };
        components.push(Component { hz, dbm0 });
    }
    if components.len() > MAX_COMPONENTS {
        return Err(format!(
            "`{text}` has more than {MAX_COMPONENTS} frequencies"
        ));
    }
    Ok(components)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(hz: &[f32], ms: Option<u32>) -> Step {
        let components = hz.iter().map(|&hz| Component { hz, dbm0: -20.0 }).collect();
        Step { components, ms }
    }

    #[test]
    fn steps_are_played_once_or_repeated() {
        let tone = Tone::parse("!350+440/100, !0/100, 350+440", -20.0).unwrap();
        let both = [350.0, 440.0];
        assert_eq!(tone.intro, [step(&both, Some(100)), step(&[], Some(100))]);
        assert_eq!(tone.cycle, [step(&both, None)]);
        assert_eq!(Tone::parse("!440/300", -20.0).unwrap().cycle, []);
    }

    #[test]
    fn a_frequency_may_have_its_own_level() {
        let tone = Tone::parse("350@-19+440@-22.5", -10.0).unwrap();
        let levels: Vec<f32> = tone
            .steps()
            .flat_map(|s| &s.components)
            .map(|c| c.dbm0)
            .collect();
        assert_eq!(levels, [-19.0, -22.5]);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "",
            ",",
            "440/",
            "440/0",
            "440/-5",
            "440/1e3",
            "abc",
            "440@",
            "440@9",
            "5",
            "9000",
            "nan",
            "1+2+3+4+5",
            "400+401+402+403+404",
            "440,0/100",
            "440/100,!440/100",
            "440@nan",
            "440//1",
        ] {
            assert!(Tone::parse(bad, -20.0).is_err(), "{bad:?} was accepted");
        }
        let long = vec!["440/1"; MAX_STEPS + 1].join(",");
        assert!(Tone::parse(&long, -20.0).is_err());
    }
}
