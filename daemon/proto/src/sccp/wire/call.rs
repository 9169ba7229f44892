//! What a call is doing and who is in it: CallState, CallInfo in its three layouts, DialedNumber, SelectSoftKeys.

use super::layout::{Body, Writer};
use crate::sccp::message::{CallInfo, CallStateKind, ServerMessage};
use crate::types::{CallRef, LineInstance};

mod state {
    pub(super) const STATE: usize = 0;
    pub(super) const LINE: usize = 4;
    pub(super) const CALL: usize = 8;
    /// With privacy and the precedence words, which differ by server and mean nothing here.
    pub(super) const SIZE: usize = 24;
}

pub(super) fn encode_state(w: &mut Writer, kind: CallStateKind, line: LineInstance, call: CallRef) {
    use state::*;
    w.u32(STATE, kind.0);
    w.u32(LINE, line.0);
    w.u32(CALL, call.0);
    w.size(SIZE);
}

pub(super) fn decode_state(b: &Body<'_>) -> ServerMessage {
    use state::*;
    ServerMessage::CallState {
        state: CallStateKind(b.u32(STATE)),
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
    }
}

/// 008F: fixed fields.
mod info {
    pub(super) const NAME_LEN: usize = 40;
    pub(super) const NUMBER_LEN: usize = 24;
    pub(super) const CALLING_NAME: usize = 0;
    pub(super) const CALLING_NUMBER: usize = 40;
    pub(super) const CALLED_NAME: usize = 64;
    pub(super) const CALLED_NUMBER: usize = 104;
    pub(super) const LINE: usize = 128;
    pub(super) const CALL: usize = 132;
    pub(super) const KIND: usize = 136;
    pub(super) const ORIGINAL_NAME: usize = 140;
    pub(super) const ORIGINAL_NUMBER: usize = 180;
    pub(super) const REDIRECTING_NAME: usize = 204;
    pub(super) const REDIRECTING_NUMBER: usize = 244;
    pub(super) const ORIGINAL_REASON: usize = 268;
    pub(super) const REDIRECTING_REASON: usize = 272;
    pub(super) const INSTANCE: usize = 372;
    pub(super) const SECURITY: usize = 376;
    pub(super) const RESTRICTION: usize = 380;
}

pub(super) fn encode_info(w: &mut Writer, m: &CallInfo) {
    use info::*;
    w.text(CALLING_NAME, NAME_LEN, &m.calling_name);
    w.text(CALLING_NUMBER, NUMBER_LEN, &m.calling_number);
    w.text(CALLED_NAME, NAME_LEN, &m.called_name);
    w.text(CALLED_NUMBER, NUMBER_LEN, &m.called_number);
    w.u32(LINE, m.line.0);
    w.u32(CALL, m.call.0);
    w.u32(KIND, m.kind);
    w.text(ORIGINAL_NAME, NAME_LEN, &m.original_called_name);
    w.text(ORIGINAL_NUMBER, NUMBER_LEN, &m.original_called_number);
    w.text(REDIRECTING_NAME, NAME_LEN, &m.last_redirecting_name);
    w.text(REDIRECTING_NUMBER, NUMBER_LEN, &m.last_redirecting_number);
    w.u32(ORIGINAL_REASON, m.original_called_reason);
    w.u32(REDIRECTING_REASON, m.last_redirecting_reason);
    w.u32(INSTANCE, m.instance);
    w.u32(SECURITY, m.security);
    w.u32(RESTRICTION, m.restriction);
}

pub(super) fn decode_info(b: &Body<'_>) -> CallInfo {
    use info::*;
    CallInfo {
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
        kind: b.u32(KIND),
        calling_number: b.text(CALLING_NUMBER, NUMBER_LEN),
        calling_name: b.text(CALLING_NAME, NAME_LEN),
        called_number: b.text(CALLED_NUMBER, NUMBER_LEN),
        called_name: b.text(CALLED_NAME, NAME_LEN),
        original_called_number: b.text(ORIGINAL_NUMBER, NUMBER_LEN),
        original_called_name: b.text(ORIGINAL_NAME, NAME_LEN),
        last_redirecting_number: b.text(REDIRECTING_NUMBER, NUMBER_LEN),
        last_redirecting_name: b.text(REDIRECTING_NAME, NAME_LEN),
        original_called_reason: b.u32(ORIGINAL_REASON),
        last_redirecting_reason: b.u32(REDIRECTING_REASON),
        instance: b.u32(INSTANCE),
        security: b.u32(SECURITY),
        restriction: b.u32(RESTRICTION),
    }
}

/// 014A: words, then NUL-terminated strings.
mod info_v2 {
    pub(super) const LINE: usize = 0;
    pub(super) const CALL: usize = 4;
    pub(super) const KIND: usize = 8;
    pub(super) const ORIGINAL_REASON: usize = 12;
    pub(super) const REDIRECTING_REASON: usize = 16;
    pub(super) const INSTANCE: usize = 20;
    pub(super) const SECURITY: usize = 24;
    pub(super) const RESTRICTION: usize = 28;
    pub(super) const STRINGS: usize = 32;
    /// From this version on an alternate calling number stands second among the strings.
    pub(super) const ALTERNATE_FROM: u8 = 16;
}

pub(super) fn encode_info_v2(w: &mut Writer, version: u8, m: &CallInfo) {
    use info_v2::*;
    w.u32(LINE, m.line.0);
    w.u32(CALL, m.call.0);
    w.u32(KIND, m.kind);
    w.u32(ORIGINAL_REASON, m.original_called_reason);
    w.u32(REDIRECTING_REASON, m.last_redirecting_reason);
    w.u32(INSTANCE, m.instance);
    w.u32(SECURITY, m.security);
    w.u32(RESTRICTION, m.restriction);
    let alternate: &[&str] = if version < ALTERNATE_FROM { &[] } else { &[""] };
    // Four voicemail numbers stand between the numbers and the names.
    let mut strings = vec![m.calling_number.as_str()];
    strings.extend(alternate);
    strings.extend([
        m.called_number.as_str(),
        &m.original_called_number,
        &m.last_redirecting_number,
    ]);
    strings.extend([""; 4]);
    strings.extend([
        m.calling_name.as_str(),
        &m.called_name,
        &m.original_called_name,
        &m.last_redirecting_name,
    ]);
    if version >= ALTERNATE_FROM {
        // Hunt pilot number and name.
        strings.extend([""; 2]);
    }
    w.strings(STRINGS, &strings);
}

pub(super) fn decode_info_v2(b: &Body<'_>) -> CallInfo {
    use info_v2::*;
    let (numbers, names) = if b.version < ALTERNATE_FROM {
        let [
            calling,
            called,
            original,
            redirecting,
            _,
            _,
            _,
            _,
            names @ ..,
        ] = b.strings::<12>(STRINGS);
        ([calling, called, original, redirecting], names)
    } else {
        let [
            calling,
            _,
            called,
            original,
            redirecting,
            _,
            _,
            _,
            _,
            names @ ..,
        ] = b.strings::<13>(STRINGS);
        ([calling, called, original, redirecting], names)
    };
    let [
        calling_number,
        called_number,
        original_called_number,
        last_redirecting_number,
    ] = numbers;
    let [
        calling_name,
        called_name,
        original_called_name,
        last_redirecting_name,
    ] = names;
    CallInfo {
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
        kind: b.u32(KIND),
        calling_number,
        calling_name,
        called_number,
        called_name,
        original_called_number,
        original_called_name,
        last_redirecting_number,
        last_redirecting_name,
        original_called_reason: b.u32(ORIGINAL_REASON),
        last_redirecting_reason: b.u32(REDIRECTING_REASON),
        instance: b.u32(INSTANCE),
        security: b.u32(SECURITY),
        restriction: b.u32(RESTRICTION),
    }
}

/// Number width: one more from version 18 on, line and call are then unaligned.
const DIALED_LEN: usize = 24;
const DIALED_LONG_LEN: usize = 25;
const DIALED_LONG_FROM: u8 = 18;

pub(super) fn encode_dialed(
    w: &mut Writer,
    version: u8,
    number: &str,
    line: LineInstance,
    call: CallRef,
) {
    let len = if version < DIALED_LONG_FROM {
        DIALED_LEN
    } else {
        DIALED_LONG_LEN
    };
    w.text(0, len, number);
    w.u32(len, line.0);
    w.u32(len + 4, call.0);
    w.pad();
}

/// chan_skinny keeps the short form at every version; the long one is told by its size.
pub(super) fn decode_dialed(b: &Body<'_>) -> ServerMessage {
    let long = b.version >= DIALED_LONG_FROM && b.len() >= DIALED_LONG_LEN + 8;
    let len = if long { DIALED_LONG_LEN } else { DIALED_LEN };
    ServerMessage::DialedNumber {
        number: b.text(0, len),
        line: LineInstance(b.u32(len)),
        call: CallRef(b.u32(len + 4)),
    }
}

mod select {
    pub(super) const LINE: usize = 0;
    pub(super) const CALL: usize = 4;
    pub(super) const SET: usize = 8;
    pub(super) const MASK: usize = 12;
}

pub(super) fn encode_select(
    w: &mut Writer,
    line: LineInstance,
    call: CallRef,
    set: u32,
    mask: u32,
) {
    use select::*;
    w.u32(LINE, line.0);
    w.u32(CALL, call.0);
    w.u32(SET, set);
    w.u32(MASK, mask);
}

pub(super) fn decode_select(b: &Body<'_>) -> ServerMessage {
    use select::*;
    ServerMessage::SelectSoftKeys {
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
        set: b.u32(SET),
        mask: b.u32(MASK),
    }
}
