//! What the user does: hook, keypad, stimuli, soft keys.

use super::layout::{Body, Writer};
use crate::sccp::message::{CallOnLine, ClientMessage, KeypadButton, SoftKey, Stimulus};
use crate::types::{CallRef, LineInstance};

mod keypad {
    pub(super) const BUTTON: usize = 0;
    pub(super) const LINE: usize = 4;
    pub(super) const CALL: usize = 8;
}

pub(super) fn encode_keypad(w: &mut Writer, m: &KeypadButton) {
    use keypad::*;
    w.u32(BUTTON, m.button);
    w.u32(LINE, m.line.0);
    w.u32(CALL, m.call.0);
}

pub(super) fn decode_keypad(b: &Body<'_>) -> KeypadButton {
    use keypad::*;
    KeypadButton {
        button: b.u32(BUTTON),
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
    }
}

/// Number width: one more from version 18 on, the line is then unaligned.
const ENBLOC_LEN: usize = 24;
const ENBLOC_LONG_LEN: usize = 25;
const ENBLOC_LONG_FROM: u8 = 18;

pub(super) fn encode_enbloc(w: &mut Writer, version: u8, number: &str, line: LineInstance) {
    let len = if version < ENBLOC_LONG_FROM {
        ENBLOC_LEN
    } else {
        ENBLOC_LONG_LEN
    };
    w.text(0, len, number);
    w.u32(len, line.0);
    w.pad();
}

/// The long form is told by its size, for a station that keeps the short one.
pub(super) fn decode_enbloc(b: &Body<'_>) -> ClientMessage {
    let long = b.version >= ENBLOC_LONG_FROM && b.len() >= ENBLOC_LONG_LEN + 4;
    let len = if long { ENBLOC_LONG_LEN } else { ENBLOC_LEN };
    ClientMessage::EnblocCall {
        number: b.text(0, len),
        line: LineInstance(b.u32(len)),
    }
}

mod stimulus {
    pub(super) const STIMULUS: usize = 0;
    pub(super) const INSTANCE: usize = 4;
    pub(super) const CALL: usize = 8;
    pub(super) const STATUS: usize = 12;
}

pub(super) fn encode_stimulus(w: &mut Writer, s: Stimulus, instance: u32, call: CallRef, st: u32) {
    use stimulus::*;
    w.u32(STIMULUS, s.0);
    w.u32(INSTANCE, instance);
    w.u32(CALL, call.0);
    w.u32(STATUS, st);
}

pub(super) fn decode_stimulus(b: &Body<'_>) -> ClientMessage {
    use stimulus::*;
    ClientMessage::Stimulus {
        stimulus: Stimulus(b.u32(STIMULUS)),
        instance: b.u32(INSTANCE),
        call: CallRef(b.u32(CALL)),
        status: b.u32(STATUS),
    }
}

mod soft_key {
    pub(super) const EVENT: usize = 0;
    pub(super) const LINE: usize = 4;
    pub(super) const CALL: usize = 8;
}

pub(super) fn encode_soft_key(w: &mut Writer, event: SoftKey, line: LineInstance, call: CallRef) {
    use soft_key::*;
    w.u32(EVENT, event.0);
    w.u32(LINE, line.0);
    w.u32(CALL, call.0);
}

pub(super) fn decode_soft_key(b: &Body<'_>) -> ClientMessage {
    use soft_key::*;
    ClientMessage::SoftKeyEvent {
        event: SoftKey(b.u32(EVENT)),
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
    }
}

/// OffHook, OnHook and HookFlash: line, then call. An empty body names neither.
mod hook {
    pub(super) const LINE: usize = 0;
    pub(super) const CALL: usize = 4;
}

pub(super) fn encode_hook(w: &mut Writer, m: &CallOnLine) {
    w.u32(hook::LINE, m.line.0);
    w.u32(hook::CALL, m.call.0);
}

pub(super) fn decode_hook(b: &Body<'_>) -> CallOnLine {
    CallOnLine {
        line: LineInstance(b.u32(hook::LINE)),
        call: CallRef(b.u32(hook::CALL)),
    }
}
