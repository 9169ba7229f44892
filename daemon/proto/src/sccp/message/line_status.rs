//! What the device has: lines, forwards, speed dials, buttons, features, the time.

use tipring_types::trace::{Fields, Value};

use super::{Contents, Layout, Stimulus};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::LineInstance;

family! { $ line_status_rows
    client {
        0x0009 ForwardStatReq(OneLine),
        0x000A SpeedDialStatReq(SpeedDialStatReq),
        0x000B LineStatReq(OneLine),
        0x000D TimeDateReq,
        0x000E ButtonTemplateReq,
        0x002D RegisterAvailableLines(RegisterAvailableLines),
        0x0034 FeatureStatReq(FeatureStatReq),
    }
    named {
        0x0033 ServiceURLStatReq,
        0x0048 SubscriptionStatReq,
        0x004C MwiNotification,
    }
    server {
        0x0090 ForwardStat(ForwardStat),
        0x0091 SpeedDialStat(SpeedDialStat) as 0x0149 from V2_FROM,
        0x0092 LineStat(LineStat) as 0x0147 from V2_FROM,
        0x0094 DefineTimeDate(DefineTimeDate),
        0x0097 ButtonTemplate(ButtonTemplate),
        // Kept whole, so it goes out in the form most servers read.
        0x011F FeatureStat(KeptWhole) as 0x0146,
    }
    named {
        0x012F ServiceURLStat,
        0x0148 ServiceURLStatV2,
        0x0152 SubscriptionStat,
        0x0153 Notification,
    }
}

plain! {
    /// Asks for a speed dial.
    SpeedDialStatReq {
        /// Which.
        index: u32 = 0,
    }
}

impl Contents for SpeedDialStatReq {
    fn fields(&self) -> Fields {
        Fields::new().with("index", self.index.into())
    }
}

plain! {
    /// Asks for a feature.
    FeatureStatReq {
        /// Which.
        instance: u32 = 0,
    }
}

impl Contents for FeatureStatReq {
    fn fields(&self) -> Fields {
        Fields::new().with("index", self.instance.into())
    }
}

plain! {
    /// How many lines the device has room for.
    RegisterAvailableLines {
        /// Number of lines.
        lines: u32 = 0,
    }
}

impl Contents for RegisterAvailableLines {
    fn fields(&self) -> Fields {
        Fields::new().with("lines", self.lines.into())
    }
}

/// A line of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineStat {
    /// Line.
    pub line: LineInstance,
    /// Directory number.
    pub number: String,
    /// Name shown to others.
    pub name: String,
    /// Label beside the button.
    pub label: String,
}

mod line {
    pub(super) const LINE: usize = 0;
    pub(super) const NUMBER: usize = 4;
    pub(super) const NUMBER_LEN: usize = 24;
    pub(super) const NAME: usize = 28;
    pub(super) const NAME_LEN: usize = 40;
    pub(super) const LABEL: usize = 68;
    pub(super) const LABEL_LEN: usize = 40;
    /// With the display options.
    pub(super) const SIZE: usize = 112;
    /// Number, name, label as strings behind the line and its type bits.
    pub(super) const V2_STRINGS: usize = 8;
}

impl Layout for LineStat {
    fn decode(b: &Body<'_>) -> Result<LineStat, DecodeError> {
        use line::*;
        let [number, name, label] = if b.second {
            b.strings(V2_STRINGS)
        } else {
            [
                b.text(NUMBER, NUMBER_LEN),
                b.text(NAME, NAME_LEN),
                b.text(LABEL, LABEL_LEN),
            ]
        };
        Ok(LineStat {
            line: LineInstance(b.u32(LINE)),
            number,
            name,
            label,
        })
    }

    fn encode(&self, w: &mut Writer) {
        use line::*;
        w.u32(LINE, self.line.0);
        if w.second {
            w.strings(V2_STRINGS, &[&self.number, &self.name, &self.label]);
        } else {
            w.text(NUMBER, NUMBER_LEN, &self.number);
            w.text(NAME, NAME_LEN, &self.name);
            w.text(LABEL, LABEL_LEN, &self.label);
            w.size(SIZE);
        }
    }
}

impl Contents for LineStat {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("line", self.line.0.into())
            .text("number", &self.number)
            .text("name", &self.name)
            .text("label", &self.label)
    }
}

/// Where calls of a line are forwarded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardStat {
    /// Any of them is active.
    pub active: bool,
    /// Line.
    pub line: LineInstance,
    /// All calls.
    pub all: Option<String>,
    /// When busy.
    pub busy: Option<String>,
    /// When nobody answers.
    pub no_answer: Option<String>,
}

mod forward {
    pub(super) const ACTIVE: usize = 0;
    pub(super) const LINE: usize = 4;
    pub(super) const LIST: usize = 8;
    /// Number width: one more from version 18 on, what follows is then unaligned.
    pub(super) const fn number_len(version: u8) -> usize {
        if version < 18 { 24 } else { 25 }
    }
    /// Offset of the n-th pair of active word and number: all, busy, no answer.
    pub(super) const fn pair(version: u8, n: usize) -> usize {
        LIST + n * (4 + number_len(version))
    }
}

impl Layout for ForwardStat {
    fn decode(b: &Body<'_>) -> Result<ForwardStat, DecodeError> {
        use forward::*;
        let number = |n| {
            let at = pair(b.version, n);
            (b.u32(at) != 0).then(|| b.text(at + 4, number_len(b.version)))
        };
        Ok(ForwardStat {
            active: b.u32(ACTIVE) != 0,
            line: LineInstance(b.u32(LINE)),
            all: number(0),
            busy: number(1),
            no_answer: number(2),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use forward::*;
        w.u32(ACTIVE, self.active.into());
        w.u32(LINE, self.line.0);
        for (n, number) in [&self.all, &self.busy, &self.no_answer]
            .into_iter()
            .enumerate()
        {
            let at = pair(w.version, n);
            w.u32(at, number.is_some().into());
            let number = number.as_deref().unwrap_or_default();
            w.text(at + 4, number_len(w.version), number);
        }
        w.pad();
    }
}

impl Contents for ForwardStat {
    fn fields(&self) -> Fields {
        let numbers = [
            ("all", &self.all),
            ("busy", &self.busy),
            ("no_answer", &self.no_answer),
        ];
        let fields = Fields::new()
            .with("active", self.active.into())
            .with("line", self.line.0.into());
        numbers
            .into_iter()
            .fold(fields, |fields, (name, number)| match number {
                Some(number) => fields.text(name, number),
                None => fields,
            })
    }
}

/// A speed dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeedDialStat {
    /// Which.
    pub index: u32,
    /// Number to dial.
    pub number: String,
    /// Its name.
    pub name: String,
}

mod speed_dial {
    pub(super) const INDEX: usize = 0;
    pub(super) const NUMBER: usize = 4;
    pub(super) const NUMBER_LEN: usize = 24;
    pub(super) const NAME: usize = 28;
    pub(super) const NAME_LEN: usize = 40;
}

impl Layout for SpeedDialStat {
    fn decode(b: &Body<'_>) -> Result<SpeedDialStat, DecodeError> {
        use speed_dial::*;
        let [number, name] = if b.second {
            b.strings(NUMBER)
        } else {
            [b.text(NUMBER, NUMBER_LEN), b.text(NAME, NAME_LEN)]
        };
        Ok(SpeedDialStat {
            index: b.u32(INDEX),
            number,
            name,
        })
    }

    fn encode(&self, w: &mut Writer) {
        use speed_dial::*;
        w.u32(INDEX, self.index);
        if w.second {
            w.strings(NUMBER, &[&self.number, &self.name]);
        } else {
            w.text(NUMBER, NUMBER_LEN, &self.number);
            w.text(NAME, NAME_LEN, &self.name);
        }
    }
}

impl Contents for SpeedDialStat {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("index", self.index.into())
            .text("number", &self.number)
            .text("name", &self.name)
    }
}

/// The buttons of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ButtonTemplate {
    /// Number of the first button in this message.
    pub offset: u32,
    /// Buttons in all.
    pub total: u32,
    /// Pairs of instance, type (9 = line).
    pub buttons: Vec<(u8, u8)>,
}

mod buttons {
    pub(super) const OFFSET: usize = 0;
    pub(super) const COUNT: usize = 4;
    pub(super) const TOTAL: usize = 8;
    pub(super) const LIST: usize = 12;
    /// Pairs chan_skinny sends, used or not.
    pub(super) const MIN_PAIRS: usize = 42;
    /// Pairs chan-sccp sends, the longest list seen.
    pub(super) const MAX_PAIRS: usize = 56;
}

impl Layout for ButtonTemplate {
    /// The count is believed only as far as there are bytes.
    fn decode(b: &Body<'_>) -> Result<ButtonTemplate, DecodeError> {
        use buttons::*;
        let count = (b.u32(COUNT) as usize).min(MAX_PAIRS);
        Ok(ButtonTemplate {
            offset: b.u32(OFFSET),
            total: b.u32(TOTAL),
            buttons: b
                .slice(LIST, 2 * count)
                .as_chunks()
                .0
                .iter()
                .map(|[instance, definition]| (*instance, *definition))
                .collect(),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use buttons::*;
        let list = &self.buttons[..self.buttons.len().min(MAX_PAIRS)];
        w.u32(OFFSET, self.offset);
        w.u32(COUNT, list.len() as u32);
        w.u32(TOTAL, self.total);
        w.size(LIST + 2 * MIN_PAIRS);
        for (i, (instance, kind)) in list.iter().enumerate() {
            w.bytes(LIST + 2 * i, &[*instance, *kind]);
        }
    }
}

impl Contents for ButtonTemplate {
    fn fields(&self) -> Fields {
        let all = self.buttons.iter().map(|(instance, kind)| {
            // The types are stimuli.
            let button = match kind {
                0xFF | 0xF3 => Value::word((*kind).into(), Some("empty")),
                kind => Stimulus((*kind).into()).into(),
            };
            let fields = Fields::new().with("button", button);
            fields.with("instance", (*instance).into()).into()
        });
        Fields::new()
            .with("buttons", Value::List(all.collect()))
            .with("offset", self.offset.into())
            .with("total", self.total.into())
    }
}

plain! {
    /// The time of day.
    #[derive(Default)]
    DefineTimeDate {
        /// Year, four digits.
        year: u32 = 0,
        /// 1–12.
        month: u32 = 4,
        /// 0 = Sunday.
        weekday: u32 = 8,
        /// 1–31.
        day: u32 = 12,
        /// 0–23.
        hour: u32 = 16,
        /// 0–59.
        minute: u32 = 20,
        /// 0–59.
        second: u32 = 24,
        /// 0–999.
        millisecond: u32 = 28,
        /// Seconds since 1970 UTC.
        unix: u32 = 32,
    }
}

impl Contents for DefineTimeDate {
    fn fields(&self) -> Fields {
        let time = format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}",
            self.year, self.month, self.day, self.hour, self.minute, self.second, self.millisecond
        );
        Fields::new()
            .with("time", time.into())
            .with("unix", self.unix.into())
            .with("weekday", self.weekday.into())
    }
}
