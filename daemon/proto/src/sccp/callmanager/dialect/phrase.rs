//! Short words for scripts.

use crate::sccp::message::{
    CallInfo, CallOnLine, CallStateChange, CallStateKind, DialedNumber, DisplayPromptStatus,
    LampMode, OneLine, RingMode, SelectSoftKeys, ServerMessage, SetLamp, SetRinger, StartTone,
    Stimulus, StopTone, Switch, Tone,
};
use crate::types::{CallRef, LineInstance};

use super::{Item, View};

/// Phrase of the phone's own table.
pub(in crate::sccp::callmanager) const RING_OUT: &str = "\u{80}\u{16}";
pub(in crate::sccp::callmanager) const FROM: &str = "\u{80}\u{17}";
pub(in crate::sccp::callmanager) const CONNECTED: &str = "\u{80}\u{18}";
pub(in crate::sccp::callmanager) const BUSY: &str = "\u{80}\u{19}";
pub(in crate::sccp::callmanager) const HOLD: &str = "\u{80}\u{03}";
pub(in crate::sccp::callmanager) const CALL_WAITING: &str = "\u{80}\u{1B}";
pub(in crate::sccp::callmanager) const ENTER_NUMBER: &str = "\u{80}\u{20}";

impl View {
    pub(super) fn state(&self, state: CallStateKind) -> Item {
        Item::Say(ServerMessage::CallState(CallStateChange {
            state,
            line: self.line,
            call: self.call,
        }))
    }

    pub(super) fn tone(&self, tone: Tone) -> Item {
        tone_of(tone, self.line, self.call)
    }

    pub(super) fn stop_tone(&self) -> Item {
        Item::Say(ServerMessage::StopTone(StopTone {
            line: self.line,
            call: self.call,
            tone: Tone::SILENCE,
        }))
    }

    pub(super) fn plane(&self) -> Item {
        Item::Say(ServerMessage::ActivateCallPlane(OneLine {
            line: self.line,
        }))
    }

    pub(super) fn keys(&self, set: u32) -> Item {
        Item::Say(ServerMessage::SelectSoftKeys(SelectSoftKeys {
            line: self.line,
            call: self.call,
            set,
            mask: u32::MAX,
        }))
    }

    pub(super) fn prompt(&self, text: &str) -> Item {
        Item::Say(ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
            timeout_s: 0,
            text: text.to_owned(),
            line: self.line,
            call: self.call,
        }))
    }

    pub(super) fn clear_prompt(&self) -> Item {
        Item::Say(ServerMessage::ClearPromptStatus(CallOnLine {
            line: self.line,
            call: self.call,
        }))
    }

    pub(super) fn ringer(&self, mode: RingMode) -> Item {
        ringer(mode, 1, self.line, self.call)
    }

    pub(super) fn lamp(&self, mode: LampMode) -> Item {
        lamp(Stimulus::LINE, self.line.0, mode)
    }

    pub(super) fn date(&self) -> Item {
        Item::Say(ServerMessage::DefineTimeDate(self.date))
    }

    pub(super) fn dialled_number(&self) -> Item {
        Item::Say(ServerMessage::DialedNumber(DialedNumber {
            number: self.dialled.clone(),
            line: self.line,
            call: self.call,
        }))
    }

    /// The far side as it may be shown.
    pub(super) fn shown_far(&self) -> (&str, &str) {
        if self.withheld {
            ("", "")
        } else {
            (&self.far_number, &self.far_name)
        }
    }

    pub(super) fn info(&self) -> Item {
        let (far_number, far_name) = self.shown_far();
        let own = (self.own_number.clone(), self.own_name.clone());
        let far = (far_number.to_owned(), far_name.to_owned());
        let ((calling_number, calling_name), (called_number, called_name)) = if self.outgoing {
            (own, far)
        } else {
            (far, own)
        };
        Item::Say(ServerMessage::CallInfo(CallInfo {
            line: self.line,
            call: self.call,
            kind: if self.outgoing { 2 } else { 1 },
            original_called_number: called_number.clone(),
            original_called_name: called_name.clone(),
            calling_number,
            calling_name,
            called_number,
            called_name,
            security: 1,
            restriction: if self.withheld { 3 } else { 0 },
            ..CallInfo::default()
        }))
    }
}

pub(in crate::sccp::callmanager) fn tone_of(tone: Tone, line: LineInstance, call: CallRef) -> Item {
    Item::Say(ServerMessage::StartTone(StartTone {
        tone,
        direction: 0,
        line,
        call,
    }))
}

pub(in crate::sccp::callmanager) fn ringer(
    mode: RingMode,
    duration: u32,
    line: LineInstance,
    call: CallRef,
) -> Item {
    Item::Say(ServerMessage::SetRinger(SetRinger {
        mode,
        duration,
        line,
        call,
    }))
}

pub(in crate::sccp::callmanager) fn lamp(
    stimulus: Stimulus,
    instance: u32,
    mode: LampMode,
) -> Item {
    Item::Say(ServerMessage::SetLamp(SetLamp {
        stimulus,
        instance,
        mode,
    }))
}

pub(in crate::sccp::callmanager) fn speaker(on: bool) -> Item {
    Item::Say(ServerMessage::SetSpeakerMode(Switch { on }))
}

/// The message lamp: the line's, where the server sends it, then the device's.
pub(in crate::sccp::callmanager) fn message_lamp(
    on: bool,
    of_line: Option<LineInstance>,
) -> Vec<Item> {
    let mode = if on { LampMode::ON } else { LampMode::OFF };
    of_line
        .map(|line| line.0)
        .into_iter()
        .chain([0])
        .map(|instance| lamp(Stimulus::VOICEMAIL, instance, mode))
        .collect()
}
