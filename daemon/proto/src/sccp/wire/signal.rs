//! What the user hears and sees without a call being named in it: tones, ringer, lamp, speaker and microphone.

use super::layout::{Body, Writer};
use crate::sccp::message::{LampMode, RingMode, ServerMessage, Stimulus, Tone};
use crate::types::{CallRef, LineInstance};

mod start_tone {
    pub(super) const TONE: usize = 0;
    pub(super) const DIRECTION: usize = 4;
    pub(super) const LINE: usize = 8;
    pub(super) const CALL: usize = 12;
}

pub(super) fn encode_start_tone(
    w: &mut Writer,
    tone: Tone,
    direction: u32,
    line: LineInstance,
    call: CallRef,
) {
    use start_tone::*;
    w.u32(TONE, tone.0);
    w.u32(DIRECTION, direction);
    w.u32(LINE, line.0);
    w.u32(CALL, call.0);
}

pub(super) fn decode_start_tone(b: &Body<'_>) -> ServerMessage {
    use start_tone::*;
    ServerMessage::StartTone {
        tone: Tone(b.u32(TONE)),
        direction: b.u32(DIRECTION),
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
    }
}

mod stop_tone {
    pub(super) const LINE: usize = 0;
    pub(super) const CALL: usize = 4;
    pub(super) const TONE: usize = 8;
}

pub(super) fn encode_stop_tone(w: &mut Writer, line: LineInstance, call: CallRef, tone: Tone) {
    use stop_tone::*;
    w.u32(LINE, line.0);
    w.u32(CALL, call.0);
    w.u32(TONE, tone.0);
}

pub(super) fn decode_stop_tone(b: &Body<'_>) -> ServerMessage {
    use stop_tone::*;
    ServerMessage::StopTone {
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
        tone: Tone(b.u32(TONE)),
    }
}

mod ringer {
    pub(super) const MODE: usize = 0;
    pub(super) const DURATION: usize = 4;
    pub(super) const LINE: usize = 8;
    pub(super) const CALL: usize = 12;
}

pub(super) fn encode_ringer(
    w: &mut Writer,
    mode: RingMode,
    duration: u32,
    line: LineInstance,
    call: CallRef,
) {
    use ringer::*;
    w.u32(MODE, mode.0);
    w.u32(DURATION, duration);
    w.u32(LINE, line.0);
    w.u32(CALL, call.0);
}

pub(super) fn decode_ringer(b: &Body<'_>) -> ServerMessage {
    use ringer::*;
    ServerMessage::SetRinger {
        mode: RingMode(b.u32(MODE)),
        duration: b.u32(DURATION),
        line: LineInstance(b.u32(LINE)),
        call: CallRef(b.u32(CALL)),
    }
}

mod lamp {
    pub(super) const STIMULUS: usize = 0;
    pub(super) const INSTANCE: usize = 4;
    pub(super) const MODE: usize = 8;
}

pub(super) fn encode_lamp(w: &mut Writer, stimulus: Stimulus, instance: u32, mode: LampMode) {
    use lamp::*;
    w.u32(STIMULUS, stimulus.0);
    w.u32(INSTANCE, instance);
    w.u32(MODE, mode.0);
}

pub(super) fn decode_lamp(b: &Body<'_>) -> ServerMessage {
    use lamp::*;
    ServerMessage::SetLamp {
        stimulus: Stimulus(b.u32(STIMULUS)),
        instance: b.u32(INSTANCE),
        mode: LampMode(b.u32(MODE)),
    }
}

/// Speaker and microphone: 1 on, 2 off.
const SWITCH_ON: u32 = 1;
const SWITCH_OFF: u32 = 2;

pub(super) fn encode_switch(w: &mut Writer, on: bool) {
    w.u32(0, if on { SWITCH_ON } else { SWITCH_OFF });
}

pub(super) fn decode_switch(b: &Body<'_>) -> bool {
    b.u32(0) == SWITCH_ON
}
