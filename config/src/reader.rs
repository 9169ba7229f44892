//! Reads checked values out of a parsed TOML file and notes every problem on the way.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::choice::Choice;
use crate::report::{Problem, Severity};
use crate::schema::{Absent, Accepts, Key};

/// A file, and the problems found in it so far.
pub(crate) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// Not all of the file could be read: what is absent may be in what was lost.
    pub(crate) broken: bool,
    pub(crate) problems: Vec<Problem>,
}

/// A table of the file, or its absence.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    /// `media`, `port[channel 2]`.
    pub(crate) name: &'a str,
    pub(crate) table: Option<&'a DeTable<'a>>,
    /// Byte where it begins.
    pub(crate) at: Option<usize>,
}

/// Where a problem is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// Byte where it begins.
    pub(crate) at: Option<usize>,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
}

impl<'a> Section<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.get(key)
    }

    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Reader<'a> {
        Reader {
            file,
            text,
            broken: false,
            problems: Vec::new(),
        }
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Line of a byte, from 1.
    pub(crate) fn line(&self, at: usize) -> u32 {
        let before = self
            .text
            .as_bytes()
            .get(..at)
            .unwrap_or(self.text.as_bytes());
        let newlines = before.iter().filter(|&&b| b == b'\n').count();
        u32::try_from(newlines)
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// The place of a key: its value if it is in the file, else its table.
    pub(crate) fn place(&self, section: &Section<'_>, key: &str) -> Place {
        let value = section.get(key);
        Place {
            at: value.map(|v| v.span().start).or(section.at),
            key: Some(section.path(key)),
            value: value.map(|v| self.source(&v.span())),
        }
    }

    /// The text of a span, shortened to one line.
    pub(crate) fn source(&self, span: &Range<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let short: String = line.chars().take(60).collect();
        if short.len() < text.len() {
            short + "…"
        } else {
            short
        }
    }

    pub(crate) fn line_of(&self, place: &Place) -> Option<u32> {
        place.at.map(|at| self.line(at))
    }

    /// Notes a problem.
    pub(crate) fn problem(
        &mut self,
        severity: Severity,
        place: Place,
        message: impl Into<String>,
        accepts: Option<String>,
        cure: impl Into<Option<String>>,
    ) -> &mut Problem {
        let problem = Problem {
            severity,
            file: self.file.to_owned(),
            line: self.line_of(&place),
            other_line: None,
            key: place.key,
            value: place.value,
            message: message.into(),
            accepts,
            cure: cure.into(),
        };
        self.problems.push(problem);
        // Just pushed.
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// Notes an error in a key.
    pub(crate) fn bad(&mut self, section: &Section<'_>, key: &Key, message: impl Into<String>) {
        let place = self.place(section, key.name);
        self.problem(
            Severity::Error,
            place,
            message,
            Some(key.accepts.to_string()),
            None,
        );
    }

    /// An integer key; none when absent or (noted) bad.
    pub(crate) fn integer(&mut self, section: &Section<'_>, key: &Key) -> Option<i64> {
        let value = section.get(key.name)?.get_ref();
        let DeValue::Integer(integer) = value else {
            self.bad(
                section,
                key,
                format!("is {}, an integer is needed", kind(value)),
            );
            return None;
        };
        let digits = integer.as_str().replace('_', "");
        let in_range = i64::from_str_radix(&digits, integer.radix())
            .ok()
            .filter(|n| match key.accepts {
                Accepts::Integer(low, high) | Accepts::IntegerOr(low, high, _) => {
                    (low..=high).contains(n)
                }
                Accepts::IntegerOf(values) => values.contains(n),
                _ => false,
            });
        if in_range.is_none() {
            self.bad(section, key, "is outside the accepted values");
        }
        in_range
    }

    /// An integer key that may also be a word; none when absent or (noted) bad.
    pub(crate) fn integer_or_word(
        &mut self,
        section: &Section<'_>,
        key: &Key,
    ) -> Option<Option<i64>> {
        let DeValue::String(text) = section.get(key.name)?.get_ref() else {
            return self.integer(section, key).map(Some);
        };
        match key.accepts {
            Accepts::IntegerOr(.., word) if *text == word => Some(None),
            _ => {
                self.bad(section, key, "is not known");
                None
            }
        }
    }

    /// A number key, integer or float.
    pub(crate) fn number(&mut self, section: &Section<'_>, key: &Key) -> Option<f64> {
        let value = section.get(key.name)?.get_ref();
        let number: Option<f64> = match value {
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(integer) => {
                let digits = integer.as_str().replace('_', "");
                i64::from_str_radix(&digits, integer.radix())
                    .ok()
                    .map(|n| n as f64)
            }
            _ => {
                self.bad(
                    section,
                    key,
                    format!("is {}, a number is needed", kind(value)),
                );
                return None;
            }
        };
        let Accepts::Number(low, high) = key.accepts else {
            return None;
        };
        let in_range = number.filter(|n| (low..=high).contains(n));
        if in_range.is_none() {
            self.bad(section, key, "is outside the accepted values");
        }
        in_range
    }

    /// A `true` or `false` key.
    pub(crate) fn boolean(&mut self, section: &Section<'_>, key: &Key) -> Option<bool> {
        match section.get(key.name)?.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            value => {
                self.bad(
                    section,
                    key,
                    format!("is {}, true or false is needed", kind(value)),
                );
                None
            }
        }
    }

    /// A text key: not too long, no control characters, and not empty.
    pub(crate) fn string(&mut self, section: &Section<'_>, key: &Key) -> Option<String> {
        let value = section.get(key.name)?.get_ref();
        let DeValue::String(text) = value else {
            self.bad(
                section,
                key,
                format!("is {}, a text in quotes is needed", kind(value)),
            );
            return None;
        };
        let max = match key.accepts {
            Accepts::Text(max, _) => max,
            _ => usize::MAX,
        };
        let length = text.chars().count();
        if text.chars().any(char::is_control) {
            self.bad(section, key, "holds control characters");
        } else if length > max {
            self.bad(section, key, format!("has {length} characters"));
        } else if text.is_empty() && key.name != "label" {
            self.bad(section, key, "is empty");
        } else {
            return Some(text.to_string());
        }
        None
    }

    /// An integer key, or its default.
    pub(crate) fn integer_or_default<T: TryFrom<i64> + Default>(
        &mut self,
        section: &Section<'_>,
        key: &'static Key,
    ) -> T {
        let value = self
            .integer(section, key)
            .or_else(|| default_of(key, |r, s, k| r.integer(s, k)));
        value.and_then(|n| T::try_from(n).ok()).unwrap_or_default()
    }

    /// A number key, or its default.
    pub(crate) fn number_or_default(&mut self, section: &Section<'_>, key: &'static Key) -> f64 {
        let value = self
            .number(section, key)
            .or_else(|| default_of(key, |r, s, k| r.number(s, k)));
        value.unwrap_or_default()
    }

    /// A `true` or `false` key, or its default.
    pub(crate) fn boolean_or_default(&mut self, section: &Section<'_>, key: &'static Key) -> bool {
        let value = self
            .boolean(section, key)
            .or_else(|| default_of(key, |r, s, k| r.boolean(s, k)));
        value.unwrap_or_default()
    }

    /// A text key, or its default.
    pub(crate) fn string_or_default(&mut self, section: &Section<'_>, key: &'static Key) -> String {
        let value = self
            .string(section, key)
            .or_else(|| default_of(key, |r, s, k| r.string(s, k)));
        value.unwrap_or_default()
    }

    /// One of a few words, or the default.
    pub(crate) fn choice_or_default<T: Choice>(
        &mut self,
        section: &Section<'_>,
        key: &'static Key,
    ) -> T {
        let value = self
            .choice(section, key)
            .or_else(|| default_of(key, |r, s, k| r.choice(s, k)));
        value.unwrap_or(T::FIRST)
    }

    /// One of a few words.
    pub(crate) fn choice<T: Choice>(&mut self, section: &Section<'_>, key: &Key) -> Option<T> {
        let word = self.string(section, key)?;
        let choice = T::from_name(&word);
        if choice.is_none() {
            let near = match key.accepts {
                Accepts::OneOf(words) => nearest(&word, words.iter().copied()),
                _ => None,
            };
            let place = self.place(section, key.name);
            let cure = near.map(|near| format!("did you mean \"{near}\"?"));
            self.problem(
                Severity::Error,
                place,
                "is not known",
                Some(key.accepts.to_string()),
                cure,
            );
        }
        choice
    }

    /// A list of texts with the span of each.
    pub(crate) fn strings(
        &mut self,
        section: &Section<'_>,
        key: &Key,
    ) -> Option<Vec<(String, Place)>> {
        let value = section.get(key.name)?.get_ref();
        let DeValue::Array(array) = value else {
            self.bad(
                section,
                key,
                format!("is {}, a list of texts is needed: [\"…\"]", kind(value)),
            );
            return None;
        };
        let mut texts = Vec::new();
        let mut good = true;
        for (index, item) in array.iter().enumerate() {
            let place = Place {
                at: Some(item.span().start),
                key: Some(format!("{}[{}]", section.path(key.name), index + 1)),
                value: Some(self.source(&item.span())),
            };
            match item.get_ref() {
                DeValue::String(text) => texts.push((text.to_string(), place)),
                other => {
                    let message = format!("is {}, a text in quotes is needed", kind(other));
                    self.problem(
                        Severity::Error,
                        place,
                        message,
                        Some(key.accepts.to_string()),
                        None,
                    );
                    good = false;
                }
            }
        }
        good.then_some(texts)
    }

    /// Notes every key that the section has and the schema has not.
    pub(crate) fn unknown_keys(&mut self, section: &Section<'_>, known: &[&Key]) {
        let Some(table) = section.table else { return };
        for (name, value) in table.iter() {
            if known.iter().any(|key| key.name == name.get_ref()) {
                continue;
            }
            let place = Place {
                at: Some(name.span().start),
                key: Some(section.path(name.get_ref())),
                value: match value.get_ref() {
                    DeValue::Table(_) => None,
                    _ => Some(self.source(&value.span())),
                },
            };
            let cure = match (
                home_of(name.get_ref()),
                nearest(name.get_ref(), known.iter().map(|key| key.name)),
            ) {
                (Some(table), _) => format!("this key belongs in {table}"),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => "remove it; `man tipring.toml` lists all keys".to_owned(),
            };
            self.problem(Severity::Error, place, "unknown key", None, cure);
        }
    }
}

/// Reads a key's default as if it stood in a file.
pub(crate) fn default_of<T>(
    key: &'static Key,
    read: impl FnOnce(&mut Reader<'_>, &Section<'_>, &Key) -> Option<T>,
) -> Option<T> {
    let Absent::Value(value) = key.absent else {
        return None;
    };
    let text = format!("{} = {value}", key.name);
    let (root, _) = DeTable::parse_recoverable(&text);
    let section = Section {
        name: "default",
        table: Some(root.get_ref()),
        at: None,
    };
    read(&mut Reader::new("default", &text), &section, key)
}

/// The table that has a key of this name.
fn home_of(name: &str) -> Option<String> {
    let mut tables = crate::schema::TABLES.iter();
    if let Some(table) = tables.find(|table| table.keys.iter().any(|key| key.name == name)) {
        return Some(format!("[{}]", table.name));
    }
    let port = crate::schema::PORT_ONLY.iter().any(|key| key.name == name);
    port.then(|| "[[port]]".to_owned())
}

/// The word that was probably meant.
pub(crate) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // A hostile key of a megabyte is not worth a comparison.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase().replace('_', "-");
    known
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (word.len().max(candidate.len()) / 2).min(3)
                || (word.len() >= 4 && candidate.contains(&word))
                || (candidate.len() >= 3 && word.starts_with(candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// What a value is, in words.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
