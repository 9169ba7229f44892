//! Text for a phone's display. An analog port shows none of it; a trace does.

use super::layout::{Body, Writer};
use crate::sccp::message::ServerMessage;
use crate::types::{CallRef, LineInstance};

mod prompt {
    pub(super) const TIMEOUT: usize = 0;
    pub(super) const TEXT: usize = 4;
    pub(super) const TEXT_LEN: usize = 32;
    pub(super) const LINE: usize = 36;
    pub(super) const CALL: usize = 40;
    pub(super) const V2_LINE: usize = 4;
    pub(super) const V2_CALL: usize = 8;
    pub(super) const V2_TEXT: usize = 12;
}

pub(super) fn encode_prompt(
    w: &mut Writer,
    v2: bool,
    timeout_s: u32,
    text: &str,
    line: LineInstance,
    call: CallRef,
) {
    use prompt::*;
    w.u32(TIMEOUT, timeout_s);
    if v2 {
        w.u32(V2_LINE, line.0);
        w.u32(V2_CALL, call.0);
        w.strings(V2_TEXT, &[text]);
    } else {
        w.text(TEXT, TEXT_LEN, text);
        w.u32(LINE, line.0);
        w.u32(CALL, call.0);
    }
}

pub(super) fn decode_prompt(b: &Body<'_>, v2: bool) -> ServerMessage {
    use prompt::*;
    let (text, line, call) = if v2 {
        (b.rest_text(V2_TEXT), V2_LINE, V2_CALL)
    } else {
        (b.text(TEXT, TEXT_LEN), LINE, CALL)
    };
    ServerMessage::DisplayPromptStatus {
        timeout_s: b.u32(TIMEOUT),
        text,
        line: LineInstance(b.u32(line)),
        call: CallRef(b.u32(call)),
    }
}

mod notify {
    pub(super) const TIMEOUT: usize = 0;
    pub(super) const TEXT: usize = 4;
    pub(super) const TEXT_LEN: usize = 32;
}

pub(super) fn encode_notify(w: &mut Writer, v2: bool, timeout_s: u32, text: &str) {
    use notify::*;
    w.u32(TIMEOUT, timeout_s);
    if v2 {
        w.strings(TEXT, &[text]);
    } else {
        w.text(TEXT, TEXT_LEN, text);
    }
}

/// Both forms: the old one is 32 bytes wide from chan-sccp and 100 from chan_skinny, so it is read to its NUL.
pub(super) fn decode_notify(b: &Body<'_>) -> ServerMessage {
    use notify::*;
    ServerMessage::DisplayNotify {
        timeout_s: b.u32(TIMEOUT),
        text: b.rest_text(TEXT),
    }
}

mod pri_notify {
    pub(super) const TIMEOUT: usize = 0;
    pub(super) const PRIORITY: usize = 4;
    pub(super) const TEXT: usize = 8;
    pub(super) const TEXT_LEN: usize = 32;
}

pub(super) fn encode_pri_notify(
    w: &mut Writer,
    v2: bool,
    timeout_s: u32,
    priority: u32,
    text: &str,
) {
    use pri_notify::*;
    w.u32(TIMEOUT, timeout_s);
    w.u32(PRIORITY, priority);
    if v2 {
        w.strings(TEXT, &[text]);
    } else {
        w.text(TEXT, TEXT_LEN, text);
    }
}

pub(super) fn decode_pri_notify(b: &Body<'_>) -> ServerMessage {
    use pri_notify::*;
    ServerMessage::DisplayPriNotify {
        timeout_s: b.u32(TIMEOUT),
        priority: b.u32(PRIORITY),
        text: b.rest_text(TEXT),
    }
}

/// DisplayText: no timeout, one field.
pub(super) const DISPLAY_TEXT_LEN: usize = 32;
