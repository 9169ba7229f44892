//! What a call is doing and who is in it: CallState, CallInfo in its three layouts, DialedNumber.

use tipring_types::trace::{Fields, Value};

use super::{Contents, Layout};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, LineInstance};

/// From this version on CallInfo goes out as 014A (as chan-sccp does; chan_skinny waits until 17).
pub(super) const CALL_INFO_V2_FROM: u8 = 8;

family! { $ call_rows
    client {}
    named {}
    server {
        0x008F CallInfo(CallInfo) as 0x014A from call::CALL_INFO_V2_FROM,
        0x0111 CallState(CallStateChange),
        0x0116 ActivateCallPlane(OneLine),
        0x0117 DeactivateCallPlane,
        0x011D DialedNumber(DialedNumber),
    }
    named {
        0x0130 CallSelectStat,
        0x0156 CallHistoryInfo,
        0x0160 RecordingStatus,
    }
}

named_numbers! {
    /// State of a call as the CallManager reports it.
    CallStateKind { OFF_HOOK = 1 => "off hook", ON_HOOK = 2 => "on hook", RING_OUT = 3 => "ring out",
        RING_IN = 4 => "ring in", CONNECTED = 5 => "connected", BUSY = 6 => "busy", CONGESTION = 7 => "congestion",
        HOLD = 8 => "hold", CALL_WAITING = 9 => "call waiting", TRANSFER = 10 => "transfer", PARK = 11 => "park",
        PROCEED = 12 => "proceed", REMOTE_MULTILINE = 13 => "remote multiline",
        INVALID_NUMBER = 14 => "invalid number", HOLD_REVERT = 15 => "hold revert", WHISPER = 16 => "whisper",
        REMOTE_HOLD = 17 => "remote hold" }
}

plain! {
    /// A call has another state.
    CallStateChange {
        /// Which.
        state: CallStateKind = 0,
        /// Line.
        line: LineInstance = 4,
        /// Call.
        call: CallRef = 8,
    }
    // With privacy and the precedence words, which differ by server and mean nothing here.
    size 24
}

impl Contents for CallStateChange {
    fn fields(&self) -> Fields {
        Fields::new()
            .with("state", self.state.into())
            .on(self.line, self.call)
    }
}

/// Who calls whom (008F, 014A).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallInfo {
    /// Line.
    pub line: LineInstance,
    /// Call.
    pub call: CallRef,
    /// 1 inbound, 2 outbound, 3 forward.
    pub kind: u32,
    /// Calling party.
    pub calling_number: String,
    /// Calling party's name.
    pub calling_name: String,
    /// Called party.
    pub called_number: String,
    /// Called party's name.
    pub called_name: String,
    /// Originally called number.
    pub original_called_number: String,
    /// Originally called name.
    pub original_called_name: String,
    /// Last redirecting number.
    pub last_redirecting_number: String,
    /// Last redirecting name.
    pub last_redirecting_name: String,
    /// Why the originally called party was left; 0 not at all.
    pub original_called_reason: u32,
    /// Why the last redirecting party was left; 0 not at all.
    pub last_redirecting_reason: u32,
    /// Call instance.
    pub instance: u32,
    /// Security state, 1 = not authenticated.
    pub security: u32,
    /// Presentation restriction bits: 0x1 calling name, 0x2 calling number, …
    pub restriction: u32,
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

fn encode_info(w: &mut Writer, m: &CallInfo) {
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

fn decode_info(b: &Body<'_>) -> CallInfo {
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

fn encode_info_v2(w: &mut Writer, m: &CallInfo) {
    use info_v2::*;
    let version = w.version;
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

fn decode_info_v2(b: &Body<'_>) -> CallInfo {
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

impl Layout for CallInfo {
    fn decode(b: &Body<'_>) -> Result<CallInfo, DecodeError> {
        Ok(if b.second {
            decode_info_v2(b)
        } else {
            decode_info(b)
        })
    }

    fn encode(&self, w: &mut Writer) {
        if w.second {
            encode_info_v2(w, self);
        } else {
            encode_info(w, self);
        }
    }
}

impl Contents for CallInfo {
    fn fields(&self) -> Fields {
        let direction = match self.kind {
            1 => Some("inbound"),
            2 => Some("outbound"),
            3 => Some("forward"),
            _ => None,
        };
        let mut fields = Fields::new()
            .with("direction", Value::word(self.kind, direction))
            .on(self.line, self.call);
        let parties = [
            ("calling", &self.calling_number, &self.calling_name),
            ("called", &self.called_number, &self.called_name),
            (
                "original_called",
                &self.original_called_number,
                &self.original_called_name,
            ),
            (
                "last_redirecting",
                &self.last_redirecting_number,
                &self.last_redirecting_name,
            ),
        ];
        for (party, number, name) in parties {
            if !number.is_empty() || !name.is_empty() {
                let who = Fields::new().text("number", number).text("name", name);
                fields = fields.with(party, who.into());
            }
        }
        fields
            .with("restriction", self.restriction.into())
            .with("original_called_reason", self.original_called_reason.into())
            .with(
                "last_redirecting_reason",
                self.last_redirecting_reason.into(),
            )
            .with("call_instance", self.instance.into())
            .with("security", self.security.into())
    }
}

/// The number as dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialedNumber {
    /// The number.
    pub number: String,
    /// Line.
    pub line: LineInstance,
    /// Call.
    pub call: CallRef,
}

/// Number width: one more from version 18 on, line and call are then unaligned.
const DIALED_LEN: usize = 24;
const DIALED_LONG_LEN: usize = 25;
const DIALED_LONG_FROM: u8 = 18;

impl Layout for DialedNumber {
    /// chan_skinny keeps the short form at every version; the long one is recognised by its size.
    fn decode(b: &Body<'_>) -> Result<DialedNumber, DecodeError> {
        let long = b.version >= DIALED_LONG_FROM && b.len() >= DIALED_LONG_LEN + 8;
        let len = if long { DIALED_LONG_LEN } else { DIALED_LEN };
        Ok(DialedNumber {
            number: b.text(0, len),
            line: LineInstance(b.u32(len)),
            call: CallRef(b.u32(len + 4)),
        })
    }

    fn encode(&self, w: &mut Writer) {
        let len = if w.version < DIALED_LONG_FROM {
            DIALED_LEN
        } else {
            DIALED_LONG_LEN
        };
        w.text(0, len, &self.number);
        w.u32(len, self.line.0);
        w.u32(len + 4, self.call.0);
        w.pad();
    }
}

impl Contents for DialedNumber {
    fn fields(&self) -> Fields {
        Fields::new()
            .text("dialed", &self.number)
            .on(self.line, self.call)
    }
}
