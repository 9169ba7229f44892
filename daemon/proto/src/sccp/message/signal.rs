//! What the user hears and sees without a call being named in it: tones, ringer, lamp, speaker and microphone.

use tipring_types::trace::{Fields, Value};

use super::{Contents, Layout, Stimulus};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, LineInstance};

family! { $ signal_rows
    client {}
    named {}
    server {
        0x0082 StartTone(StartTone),
        0x0083 StopTone(StopTone),
        0x0085 SetRinger(SetRinger),
        0x0086 SetLamp(SetLamp),
        0x0087 SetHookFlashDetect(SetHookFlashDetect),
        0x0088 SetSpeakerMode(Switch),
        0x0089 SetMicroMode(Switch),
    }
    named {}
}

named_numbers! {
    /// What StartTone asks to hear.
    Tone {
        SILENCE = 0 => "silence",
        DTMF_1 = 1 => "DTMF 1", DTMF_2 = 2 => "DTMF 2", DTMF_3 = 3 => "DTMF 3", DTMF_4 = 4 => "DTMF 4",
        DTMF_5 = 5 => "DTMF 5", DTMF_6 = 6 => "DTMF 6", DTMF_7 = 7 => "DTMF 7", DTMF_8 = 8 => "DTMF 8",
        DTMF_9 = 9 => "DTMF 9", DTMF_0 = 10 => "DTMF 0", DTMF_STAR = 14 => "DTMF *", DTMF_POUND = 15 => "DTMF #",
        DTMF_A = 16 => "DTMF A", DTMF_B = 17 => "DTMF B", DTMF_C = 18 => "DTMF C", DTMF_D = 19 => "DTMF D",
        INSIDE_DIAL = 0x21 => "inside dial", OUTSIDE_DIAL = 0x22 => "outside dial",
        BUSY = 0x23 => "busy", ALERTING = 0x24 => "alerting", REORDER = 0x25 => "reorder",
        RECORDER_WARNING = 0x26 => "recorder warning", RECORDER_DETECTED = 0x27 => "recorder detected",
        REVERTING = 0x28 => "reverting", HOWLER = 0x29 => "receiver off hook",
        STUTTER_DIAL = 0x2A => "message waiting dial", NO_SUCH_NUMBER = 0x2B => "no such number",
        BUSY_VERIFY = 0x2C => "busy verify", CALL_WAITING = 0x2D => "call waiting",
        CONFIRMATION = 0x2E => "confirmation", CAMP_ON = 0x2F => "camp on", RECALL_DIAL = 0x30 => "recall dial",
        ZIP_ZIP = 0x31 => "zip-zip", ZIP = 0x32 => "zip", BEEP_BONK = 0x33 => "beep-bonk", MUSIC = 0x34 => "music",
        HOLD = 0x35 => "hold", TEST = 0x36 => "test",
        MONITOR_WARNING = 0x37 => "monitor warning", ADDITIONAL_CALL_WAITING = 0x40 => "additional call waiting",
        PRIORITY_CALL_WAITING = 0x41 => "priority call waiting", RECALL_DIAL_2 = 0x42 => "recall dial 2",
        BARGE_IN = 0x43 => "barge in", DISTINCT_ALERT = 0x44 => "distinct alert",
        PRIORITY_ALERT = 0x45 => "priority alert", REMINDER_RING = 0x46 => "reminder ring",
        PRECEDENCE_RINGBACK = 0x47 => "precedence ring back", PREEMPTION = 0x48 => "pre-emption",
        MILLIWATT = 0x5F => "milliwatt", HZ_2105 = 0x67 => "2105 Hz", HZ_2600 = 0x68 => "2600 Hz",
        HZ_440 = 0x69 => "440 Hz", HZ_300 = 0x6A => "300 Hz", NONE = 0x7F => "no tone",
    }
}
named_numbers! {
    /// What SetRinger asks for.
    RingMode { OFF = 1 => "off", INSIDE = 2 => "inside", OUTSIDE = 3 => "outside", FEATURE = 4 => "feature",
        SILENT = 5 => "silent", PRECEDENCE = 6 => "precedence", BELLCORE_1 = 7 => "Bellcore 1",
        BELLCORE_2 = 8 => "Bellcore 2", BELLCORE_3 = 9 => "Bellcore 3", BELLCORE_4 = 10 => "Bellcore 4",
        BELLCORE_5 = 11 => "Bellcore 5" }
}
named_numbers! {
    /// How a lamp burns.
    LampMode { OFF = 1 => "off", ON = 2 => "on", WINK = 3 => "wink", FLASH = 4 => "flash", BLINK = 5 => "blink" }
}

plain! {
    /// A tone is to be heard until it is stopped or another one begins.
    StartTone {
        /// Which.
        tone: Tone = 0,
        /// 0 user, 1 network, 2 both.
        direction: u32 = 4,
        /// Line, 0 = any.
        line: LineInstance = 8,
        /// Call, 0 = none.
        call: CallRef = 12,
    }
}

impl Contents for StartTone {
    fn fields(&self) -> Fields {
        let towards = match self.direction {
            1 => Some("to the network"),
            2 => Some("both ways"),
            _ => None,
        };
        Fields::new()
            .with("tone", self.tone.into())
            .on(self.line, self.call)
            .with("direction", Value::word(self.direction, towards))
    }
}

plain! {
    /// The tone ends.
    StopTone {
        /// Line, 0 = any.
        line: LineInstance = 0,
        /// Call, 0 = none.
        call: CallRef = 4,
        /// Which tone, 0 = whatever plays.
        tone: Tone = 8,
    }
}

impl Contents for StopTone {
    fn fields(&self) -> Fields {
        // 0 is the tone that plays, not silence.
        let word = self.tone.word().filter(|_| self.tone.0 != 0);
        Fields::new()
            .on(self.line, self.call)
            .with("tone", Value::word(self.tone.0, word))
    }
}

plain! {
    /// Rings, or stops ringing.
    SetRinger {
        /// How.
        mode: RingMode = 0,
        /// 1 normal, 2 single.
        duration: u32 = 4,
        /// Line, 0 = any.
        line: LineInstance = 8,
        /// Call, 0 = none.
        call: CallRef = 12,
    }
}

impl Contents for SetRinger {
    fn fields(&self) -> Fields {
        let single = (self.duration == 2).then_some("single");
        Fields::new()
            .with("mode", self.mode.into())
            .on(self.line, self.call)
            .with("duration", Value::word(self.duration, single))
    }
}

plain! {
    /// A lamp, of which the one for voicemail is message waiting.
    SetLamp {
        /// Whose.
        stimulus: Stimulus = 0,
        /// Which of them.
        instance: u32 = 4,
        /// How it burns.
        mode: LampMode = 8,
    }
}

impl Contents for SetLamp {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("stimulus", self.stimulus.into())
            .with("instance", self.instance.into())
            .with("mode", self.mode.into())
    }
}

/// Asks for the hook flash to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetHookFlashDetect;

impl Layout for SetHookFlashDetect {
    fn decode(_: &Body<'_>) -> Result<SetHookFlashDetect, DecodeError> {
        Ok(SetHookFlashDetect)
    }

    fn encode(&self, w: &mut Writer) {
        // chan-sccp sends one word of nothing.
        w.size(4);
    }
}

impl Contents for SetHookFlashDetect {
    fn fields(&self) -> Fields {
        Fields::new()
    }
}

/// Speaker or microphone, on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// On.
    pub on: bool,
}

const SWITCH_ON: u32 = 1;
const SWITCH_OFF: u32 = 2;

impl Layout for Switch {
    fn decode(b: &Body<'_>) -> Result<Switch, DecodeError> {
        Ok(Switch {
            on: b.u32(0) == SWITCH_ON,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u32(0, if self.on { SWITCH_ON } else { SWITCH_OFF });
    }
}

impl Contents for Switch {
    fn fields(&self) -> Fields {
        Fields::new().with("on", self.on.into())
    }
}
