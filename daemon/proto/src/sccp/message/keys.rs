//! What the user does: hook, keypad, stimuli, soft keys.

use tipring_types::trace::{Fields, Value};

use super::{Contents, KeptWhole, Layout};
use crate::sccp::catalog::{Common, keypad_char, soft_key_set};
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, LineInstance};

family! { $ keys_rows
    client {
        0x0003 KeypadButton(KeypadButton),
        0x0004 EnblocCall(EnblocCall),
        0x0005 Stimulus(StimulusPressed),
        0x0006 OffHook(CallOnLine),
        0x0007 OnHook(CallOnLine),
        0x0008 HookFlash(CallOnLine),
        0x0025 SoftKeySetReq,
        0x0026 SoftKeyEvent(SoftKeyEvent),
        0x0028 SoftKeyTemplateReq,
    }
    named {
        0x0024 OffHookWithCallingPartyNumber,
        0x002B HeadsetStatus,
    }
    server {
        0x0108 SoftKeyTemplateRes(KeptWhole),
        0x0109 SoftKeySetRes(KeptWhole),
        0x0110 SelectSoftKeys(SelectSoftKeys),
        0x0119 BackSpace(CallOnLine),
    }
    named {}
}

named_numbers! {
    /// Buttons, lamps and stimuli share one numbering.
    Stimulus { REDIAL = 1 => "redial", SPEED_DIAL = 2 => "speed dial", HOLD = 3 => "hold", TRANSFER = 4 => "transfer",
        FORWARD_ALL = 5 => "forward all", FORWARD_BUSY = 6 => "forward busy",
        FORWARD_NO_ANSWER = 7 => "forward no answer", LINE = 9 => "line", VOICEMAIL = 0x0F => "voicemail",
        CONFERENCE = 0x7D => "conference", PARK = 0x7E => "park", PICKUP = 0x7F => "pickup",
        GROUP_PICKUP = 0x80 => "group pickup", DND = 0x82 => "do not disturb", NEW_CALL = 0x89 => "new call",
        END_CALL = 0x8A => "end call" }
}
named_numbers! {
    /// Keys below a phone's display; servers take them from analog ports too.
    SoftKey { REDIAL = 1 => "redial", NEW_CALL = 2 => "new call", HOLD = 3 => "hold", TRANSFER = 4 => "transfer",
        FORWARD_ALL = 5 => "forward all", FORWARD_BUSY = 6 => "forward busy",
        FORWARD_NO_ANSWER = 7 => "forward no answer", BACKSPACE = 8 => "backspace", END_CALL = 9 => "end call",
        RESUME = 10 => "resume", ANSWER = 11 => "answer", INFO = 12 => "info", CONFERENCE = 13 => "conference",
        PARK = 14 => "park", JOIN = 15 => "join", MEET_ME = 16 => "meet me", PICKUP = 17 => "pickup",
        GROUP_PICKUP = 18 => "group pickup", DND = 19 => "do not disturb", DIVERT = 20 => "divert", DIAL = 21 => "dial" }
}

plain! {
    /// A key was pressed.
    KeypadButton {
        /// 0–9; 14 `*`, 15 `#`, 10–13 A–D.
        button: u32 = 0,
        /// Line, 0 when not known.
        line: LineInstance = 4,
        /// Call, 0 when not known.
        call: CallRef = 8,
    }
}

impl Contents for KeypadButton {
    fn fields(&self) -> Fields {
        let key = match keypad_char(self.button) {
            Some(key) => Value::Word {
                word: key.to_string().into(),
                number: self.button.into(),
            },
            None => self.button.into(),
        };
        Fields::new().with("key", key).on(self.line, self.call)
    }
}

/// A whole number at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnblocCall {
    /// The number.
    pub number: String,
    /// Line.
    pub line: LineInstance,
}

/// Number width: one more from version 18 on, the line is then unaligned.
const ENBLOC_LEN: usize = 24;
const ENBLOC_LONG_LEN: usize = 25;
const ENBLOC_LONG_FROM: u8 = 18;

impl Layout for EnblocCall {
    /// The long form is recognised by its size, for a station that keeps the short one.
    fn decode(b: &Body<'_>) -> Result<EnblocCall, DecodeError> {
        let long = b.version >= ENBLOC_LONG_FROM && b.len() >= ENBLOC_LONG_LEN + 4;
        let len = if long { ENBLOC_LONG_LEN } else { ENBLOC_LEN };
        Ok(EnblocCall {
            number: b.text(0, len),
            line: LineInstance(b.u32(len)),
        })
    }

    fn encode(&self, w: &mut Writer) {
        let len = if w.version < ENBLOC_LONG_FROM {
            ENBLOC_LEN
        } else {
            ENBLOC_LONG_LEN
        };
        w.text(0, len, &self.number);
        w.u32(len, self.line.0);
        w.pad();
    }
}

impl Contents for EnblocCall {
    fn fields(&self) -> Fields {
        Fields::new()
            .text("dialed", &self.number)
            .with("line", self.line.0.into())
    }
}

plain! {
    /// A button of the phone was pressed.
    StimulusPressed {
        /// Which.
        stimulus: Stimulus = 0,
        /// Which of them.
        instance: u32 = 4,
        /// Call, 0 = none.
        call: CallRef = 8,
        /// Status, 0 from phones.
        status: u32 = 12,
    }
}

impl Contents for StimulusPressed {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("stimulus", self.stimulus.into())
            .with("instance", self.instance.into())
            .with(Fields::CALL_REF, self.call.0.into())
            .with("status", self.status.into())
    }
}

plain! {
    /// A soft key was pressed.
    SoftKeyEvent {
        /// Which.
        event: SoftKey = 0,
        /// Line.
        line: LineInstance = 4,
        /// Call, 0 = none.
        call: CallRef = 8,
    }
}

impl Contents for SoftKeyEvent {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("soft_key", self.event.into())
            .on(self.line, self.call)
    }
}

plain! {
    /// Which soft keys are to be shown for a call.
    SelectSoftKeys {
        /// Line.
        line: LineInstance = 0,
        /// Call.
        call: CallRef = 4,
        /// Number of the set.
        set: u32 = 8,
        /// Bits of the keys of the set that are to be shown.
        mask: u32 = 12,
    }
}

impl Contents for SelectSoftKeys {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("set", Value::word(self.set, soft_key_set(self.set)))
            .on(self.line, self.call)
            .with("mask", self.mask.into())
    }
}

/// A key of SoftKeyTemplateRes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateKey {
    /// What the display would show: text below CallManager 4, a phrase from there on.
    pub label: String,
    /// What SoftKeyEvent says when it is pressed.
    pub event: SoftKey,
}

/// Keys of a set of SoftKeySetRes.
pub const KEYS_OF_SET: usize = 16;

mod template {
    pub(super) const OFFSET: usize = 0;
    pub(super) const COUNT: usize = 4;
    pub(super) const LIST: usize = 12;
    pub(super) const MOST_KEYS: u32 = 32;
    pub(super) const KEY: usize = 20;
    pub(super) const LABEL_LEN: usize = 16;
    pub(super) const MOST_SETS: u32 = 16;
    /// The positions, and as many 16-bit words behind them that say the same again.
    pub(super) const SET: usize = 48;
}

/// Which key of the template, or which set, is the first one of this message: they come in pieces when they are many.
pub fn first_of_piece(piece: &KeptWhole) -> usize {
    let offset = Body::of(&piece.body).u32(template::OFFSET);
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// The keys that SoftKeyTemplateRes has, by position. Slots are always 32; those past the count are garbage (CUCM trace).
pub fn template_keys(template: &KeptWhole) -> Vec<TemplateKey> {
    use template::*;
    let body = Body::of(&template.body);
    let keys = 0..body.u32(COUNT).min(MOST_KEYS);
    let keys = keys.map_while(|n| {
        let at = LIST + usize::try_from(n).ok()? * KEY;
        (body.len() >= at + KEY).then(|| TemplateKey {
            label: body.text(at, LABEL_LEN),
            event: SoftKey(body.u32(at + LABEL_LEN)),
        })
    });
    keys.collect()
}

/// The sets that SoftKeySetRes has: positions in the template, counted from 1; 0 is a gap (CUCM trace).
pub fn key_sets(sets: &KeptWhole) -> Vec<[u8; KEYS_OF_SET]> {
    use template::*;
    let body = Body::of(&sets.body);
    let sets = 0..body.u32(COUNT).min(MOST_SETS);
    let sets = sets.map_while(|n| {
        let at = LIST + usize::try_from(n).ok()? * SET;
        (body.len() >= at + KEYS_OF_SET).then(|| body.bytes(at))
    });
    sets.collect()
}
