//! What the device has: lines, forwards, speed dials, buttons, the time.

use super::layout::{Body, Writer};
use crate::sccp::message::{DefineTimeDate, ServerMessage};
use crate::types::LineInstance;

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

pub(super) fn encode_line(
    w: &mut Writer,
    v2: bool,
    instance: LineInstance,
    number: &str,
    name: &str,
    label: &str,
) {
    use line::*;
    w.u32(LINE, instance.0);
    if v2 {
        w.strings(V2_STRINGS, &[number, name, label]);
    } else {
        w.text(NUMBER, NUMBER_LEN, number);
        w.text(NAME, NAME_LEN, name);
        w.text(LABEL, LABEL_LEN, label);
        w.size(SIZE);
    }
}

pub(super) fn decode_line(b: &Body<'_>, v2: bool) -> ServerMessage {
    use line::*;
    let [number, name, label] = if v2 {
        b.strings(V2_STRINGS)
    } else {
        [
            b.text(NUMBER, NUMBER_LEN),
            b.text(NAME, NAME_LEN),
            b.text(LABEL, LABEL_LEN),
        ]
    };
    ServerMessage::LineStat {
        line: LineInstance(b.u32(LINE)),
        number,
        name,
        label,
    }
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

pub(super) fn encode_forward(
    w: &mut Writer,
    version: u8,
    active: bool,
    line: LineInstance,
    numbers: [Option<&str>; 3],
) {
    use forward::*;
    w.u32(ACTIVE, active.into());
    w.u32(LINE, line.0);
    for (n, number) in numbers.into_iter().enumerate() {
        let at = pair(version, n);
        w.u32(at, number.is_some().into());
        w.text(at + 4, number_len(version), number.unwrap_or_default());
    }
    w.pad();
}

pub(super) fn decode_forward(b: &Body<'_>) -> ServerMessage {
    use forward::*;
    let number = |n| {
        let at = pair(b.version, n);
        (b.u32(at) != 0).then(|| b.text(at + 4, number_len(b.version)))
    };
    ServerMessage::ForwardStat {
        active: b.u32(ACTIVE) != 0,
        line: LineInstance(b.u32(LINE)),
        all: number(0),
        busy: number(1),
        no_answer: number(2),
    }
}

mod speed_dial {
    pub(super) const INDEX: usize = 0;
    pub(super) const NUMBER: usize = 4;
    pub(super) const NUMBER_LEN: usize = 24;
    pub(super) const NAME: usize = 28;
    pub(super) const NAME_LEN: usize = 40;
}

pub(super) fn encode_speed_dial(w: &mut Writer, v2: bool, index: u32, number: &str, name: &str) {
    use speed_dial::*;
    w.u32(INDEX, index);
    if v2 {
        w.strings(NUMBER, &[number, name]);
    } else {
        w.text(NUMBER, NUMBER_LEN, number);
        w.text(NAME, NAME_LEN, name);
    }
}

pub(super) fn decode_speed_dial(b: &Body<'_>, v2: bool) -> ServerMessage {
    use speed_dial::*;
    let [number, name] = if v2 {
        b.strings(NUMBER)
    } else {
        [b.text(NUMBER, NUMBER_LEN), b.text(NAME, NAME_LEN)]
    };
    ServerMessage::SpeedDialStat {
        index: b.u32(INDEX),
        number,
        name,
    }
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

pub(super) fn encode_buttons(w: &mut Writer, offset: u32, total: u32, list: &[(u8, u8)]) {
    use buttons::*;
    let list = &list[..list.len().min(MAX_PAIRS)];
    w.u32(OFFSET, offset);
    w.u32(COUNT, list.len() as u32);
    w.u32(TOTAL, total);
    w.size(LIST + 2 * MIN_PAIRS);
    for (i, (instance, kind)) in list.iter().enumerate() {
        w.bytes(LIST + 2 * i, &[*instance, *kind]);
    }
}

/// The count is believed only as far as there are bytes.
pub(super) fn decode_buttons(b: &Body<'_>) -> ServerMessage {
    use buttons::*;
    let count = (b.u32(COUNT) as usize).min(MAX_PAIRS);
    ServerMessage::ButtonTemplate {
        offset: b.u32(OFFSET),
        total: b.u32(TOTAL),
        buttons: b
            .slice(LIST, 2 * count)
            .as_chunks()
            .0
            .iter()
            .map(|[instance, definition]| (*instance, *definition))
            .collect(),
    }
}

pub(super) fn encode_time(w: &mut Writer, m: &DefineTimeDate) {
    let words = [
        m.year,
        m.month,
        m.weekday,
        m.day,
        m.hour,
        m.minute,
        m.second,
        m.millisecond,
        m.unix,
    ];
    for (i, word) in words.into_iter().enumerate() {
        w.u32(4 * i, word);
    }
}

pub(super) fn decode_time(b: &Body<'_>) -> DefineTimeDate {
    let word = |i: usize| b.u32(4 * i);
    DefineTimeDate {
        year: word(0),
        month: word(1),
        weekday: word(2),
        day: word(3),
        hour: word(4),
        minute: word(5),
        second: word(6),
        millisecond: word(7),
        unix: word(8),
    }
}
