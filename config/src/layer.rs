//! Layers: what each source says about a port's settings, the nearest one first, and where each value came from.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use tipring_types::{RepeatedPackets, TenthDb};

use crate::choice::Profile;
use crate::country::Country;
use crate::reader::{Reader, Section};
use crate::schema::Key;
use crate::settings::Layer;

/// Where an effective value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// What is built in.
    Default,
    /// Something else that holds without the key, in words.
    Otherwise(&'static str),
    /// The port's country, by its code.
    Country(String),
    /// A profile.
    Profile(Profile),
    /// `[defaults]`.
    Defaults,
    /// The port's `[[port]]`.
    Port,
    /// Another table of the file.
    Table,
}

/// A setting as it holds, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Its key.
    pub key: &'static str,
    /// Its value as the file would have it; none: there is none.
    pub value: Option<String>,
    /// Where that came from.
    pub source: Source,
    /// The line that says so.
    pub line: Option<u32>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::Otherwise(meaning) => f.write_str(meaning),
            Source::Country(code) => write!(f, "country {code}"),
            Source::Profile(profile) => write!(f, "profile {profile}"),
            Source::Defaults => f.write_str("[defaults]"),
            Source::Port => f.write_str("[[port]]"),
            Source::Table => f.write_str("the file"),
        }
    }
}

impl Source {
    /// Which kind, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Source::Default => "default",
            Source::Otherwise(_) => "otherwise",
            Source::Country(_) => "country",
            Source::Profile(_) => "profile",
            Source::Defaults => "defaults",
            Source::Port => "port",
            Source::Table => "file",
        }
    }
}

impl Effective {
    /// Where the value came from, in a few words.
    pub fn origin(&self) -> String {
        match (&self.source, self.line) {
            (Source::Table, Some(line)) => format!("line {line}"),
            (Source::Defaults | Source::Port, Some(line)) => format!("{} line {line}", self.source),
            _ => self.source.to_string(),
        }
    }
}

/// `key`, `value` (none: null), `from`, the country's or profile's `name`, `line` and the origin in `words`.
impl Serialize for Effective {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let name = match &self.source {
            Source::Country(code) => Some(code.as_str()),
            Source::Profile(profile) => Some(profile.name()),
            _ => None,
        };
        let mut map = to.serialize_struct("Effective", 6)?;
        map.serialize_field("key", self.key)?;
        map.serialize_field("value", &self.value.as_deref().and_then(toml_value))?;
        map.serialize_field("from", self.source.kind())?;
        map.serialize_field("name", &name)?;
        map.serialize_field("line", &self.line)?;
        map.serialize_field("words", &self.origin())?;
        map.end()
    }
}

/// A value as the file has it.
pub(crate) fn toml_value(text: &str) -> Option<toml::Value> {
    let mut table = toml::from_str::<toml::Table>(&format!("value = {text}")).ok()?;
    table.remove("value")
}

/// A value of a setting.
pub(crate) trait Value: Sized + Clone + PartialEq {
    /// Reads it; none when absent or (noted) bad.
    fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<Self>;

    /// What there is where no layer says anything, which no row lets happen.
    fn otherwise() -> Self;

    /// As the file would have it.
    fn show(&self) -> String;
}

impl Value for bool {
    fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<bool> {
        reader.boolean(section, key)
    }

    fn otherwise() -> bool {
        false
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<String> {
        reader.string(section, key)
    }

    fn otherwise() -> String {
        String::new()
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

macro_rules! integers {
    ($($type:ty),+) => {
        $(impl Value for $type {
            fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<$type> {
                // A test holds the range of every row to its type.
                <$type>::try_from(reader.integer(section, key)?).ok()
            }

            fn otherwise() -> $type {
                0
            }

            fn show(&self) -> String {
                self.to_string()
            }
        })+
    };
}

integers!(u8, u16);

/// A time that the file has in whole seconds, and a country in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// How long.
    pub ms: u32,
}

impl Value for Interval {
    fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<Interval> {
        let seconds = u32::try_from(reader.integer(section, key)?).ok()?;
        let ms = seconds.checked_mul(1000)?;
        Some(Interval { ms })
    }

    fn otherwise() -> Interval {
        Interval { ms: 0 }
    }

    fn show(&self) -> String {
        (f64::from(self.ms) / 1000.0).to_string()
    }
}

impl Value for RepeatedPackets {
    fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<RepeatedPackets> {
        match reader.integer_or_word(section, key)? {
            Some(depth) => u8::try_from(depth).ok().map(RepeatedPackets::Fixed),
            None => Some(RepeatedPackets::Auto),
        }
    }

    fn otherwise() -> RepeatedPackets {
        RepeatedPackets::Fixed(0)
    }

    fn show(&self) -> String {
        match self {
            RepeatedPackets::Fixed(depth) => depth.to_string(),
            RepeatedPackets::Auto => format!("\"{}\"", RepeatedPackets::AUTO),
        }
    }
}

impl Value for TenthDb {
    fn read(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Option<TenthDb> {
        let tenths = reader.number(section, key)? * 10.0;
        if (tenths - tenths.round()).abs() > 1e-6 {
            reader.bad(section, key, "is finer than a tenth of a dB");
            return None;
        }
        // Its range is far within that of the type.
        Some(TenthDb(tenths.round() as i16))
    }

    fn otherwise() -> TenthDb {
        TenthDb(0)
    }

    fn show(&self) -> String {
        format!("{:.1}", f64::from(self.0) / 10.0)
    }
}

/// One source's say.
pub(crate) struct Stratum<'l> {
    pub(crate) source: Source,
    pub(crate) layer: &'l Layer,
    /// Where it stands in the file; or the section and key that brought it in.
    pub(crate) written: Option<(&'l Section<'l>, Option<&'static str>)>,
}

impl Stratum<'_> {
    /// The line that says what `key` is.
    pub(crate) fn line(&self, reader: &Reader<'_>, key: &'static str) -> Option<u32> {
        let (section, by) = self.written?;
        reader.line_of(&reader.place(section, by.unwrap_or(key)))
    }
}

impl Layer {
    /// What a country says.
    pub(crate) fn of_country(country: &Country) -> Layer {
        let burst = country.tones.call_waiting.steps();
        let burst: u32 = burst.filter_map(|step| step.ms).sum();
        Layer {
            flash_min_ms: Some(country.flash.min_ms),
            flash_max_ms: Some(country.flash.max_ms),
            pulse_digits: Some(country.pulse_digits),
            // A burst of the tone and the silence after it.
            call_waiting_repeat: Some(Interval {
                ms: burst + u32::from(country.call_waiting_pause_ms),
            }),
            ..Layer::default()
        }
    }
}

/// Makes the rows into what follows from them.
macro_rules! settings {
    ($($field:ident: $type:ty {
        key: $key:literal,
        accepts: $accepts:expr,
        absent: $absent:expr,
        used: $when:expr,
        help: $help:literal,
    })+) => {
        /// Settings that `[defaults]` and `[[port]]` share.
        pub const PORT_SETTINGS: &[crate::schema::Key] = &[$(crate::schema::Key {
            name: $key,
            accepts: $accepts,
            absent: $absent,
            when: $when,
            help: $help,
        },)+];

        /// The settings of a port as they hold.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Line { $(#[doc = $help] pub $field: $type,)+ }

        /// What one source says about them; none where it says nothing.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct Layer { $(pub(crate) $field: Option<$type>,)+ }

        /// How to see that a setting differs between two ports.
        pub(crate) const CHANGES: &[crate::change::OfPort] = &[$(crate::change::OfPort {
            key: $key,
            differs: |a, b| a.line.$field != b.line.$field,
        },)+];

        impl Layer {
            /// What is built in.
            pub(crate) fn built_in() -> Layer {
                Layer {
                    $($field: crate::reader::default_of(
                        crate::ports::setting($key),
                        <$type as crate::layer::Value>::read,
                    ),)+
                }
            }

            /// What a section of the file says.
            pub(crate) fn read(
                reader: &mut crate::reader::Reader<'_>,
                section: &crate::reader::Section<'_>,
            ) -> Layer {
                Layer {
                    $($field: <$type as crate::layer::Value>::read(
                        reader,
                        section,
                        crate::ports::setting($key),
                    ),)+
                }
            }

            /// What holds, and why: of each setting what the first of `strata` says that says anything.
            pub(crate) fn merge(
                reader: &crate::reader::Reader<'_>,
                strata: &[crate::layer::Stratum<'_>],
            ) -> (Line, Vec<crate::layer::Effective>) {
                let mut origins = Vec::new();
                $(
                    let said = strata.iter().find_map(|s| Some((s.layer.$field.as_ref()?, s)));
                    if let Some((value, stratum)) = said {
                        origins.push(crate::layer::Effective {
                            key: $key,
                            value: Some(crate::layer::Value::show(value)),
                            source: stratum.source.clone(),
                            line: stratum.line(reader, $key),
                        });
                    }
                    let $field: $type = said.map_or_else(
                        <$type as crate::layer::Value>::otherwise,
                        |(value, _)| value.clone(),
                    );
                )+
                (Line { $($field,)+ }, origins)
            }
        }
    };
}

pub(crate) use settings;
