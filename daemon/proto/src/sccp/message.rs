//! SCCP messages as values, both directions. Layouts and versions are the wire codec's business.
//!
//! Old and "V2" forms of a message are one value here (`CallInfo`, `LineStat`, `DisplayPromptStatus`, …).
//! Numbers a server chooses stay newtypes over `u32`, so an unknown value is kept, not lost.

use std::net::SocketAddrV4;

use crate::types::{CallRef, Conference, DeviceName, DeviceType, LineInstance, Party};

/// An SCCP number with named values; any other number is kept as it came.
macro_rules! named_numbers {
    ($(#[$m:meta])* $name:ident { $($(#[$vm:meta])* $v:ident = $n:expr => $text:expr),* $(,)? }) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub u32);
        impl $name {
            $($(#[$vm])* #[doc = $text] pub const $v: $name = $name($n);)*
            /// The field's own word for this number, or `None` for one this table does not know.
            pub fn word(self) -> Option<&'static str> {
                match self.0 { $($n => Some($text),)* _ => None }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.word() { Some(w) => f.write_str(w), None => write!(f, "{} {:#x}", stringify!($name), self.0) }
            }
        }
    };
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
    /// Buttons, lamps and stimuli share one numbering.
    Stimulus { REDIAL = 1 => "redial", SPEED_DIAL = 2 => "speed dial", HOLD = 3 => "hold", TRANSFER = 4 => "transfer",
        FORWARD_ALL = 5 => "forward all", FORWARD_BUSY = 6 => "forward busy",
        FORWARD_NO_ANSWER = 7 => "forward no answer", LINE = 9 => "line", VOICEMAIL = 0x0F => "voicemail",
        CONFERENCE = 0x7D => "conference", PARK = 0x7E => "park", PICKUP = 0x7F => "pickup",
        GROUP_PICKUP = 0x80 => "group pickup", DND = 0x82 => "do not disturb", NEW_CALL = 0x89 => "new call",
        END_CALL = 0x8A => "end call" }
}
named_numbers! {
    /// How a lamp burns.
    LampMode { OFF = 1 => "off", ON = 2 => "on", WINK = 3 => "wink", FLASH = 4 => "flash", BLINK = 5 => "blink" }
}
named_numbers! {
    /// State of a call as the CallManager tells it.
    CallStateKind { OFF_HOOK = 1 => "off hook", ON_HOOK = 2 => "on hook", RING_OUT = 3 => "ring out",
        RING_IN = 4 => "ring in", CONNECTED = 5 => "connected", BUSY = 6 => "busy", CONGESTION = 7 => "congestion",
        HOLD = 8 => "hold", CALL_WAITING = 9 => "call waiting", TRANSFER = 10 => "transfer", PARK = 11 => "park",
        PROCEED = 12 => "proceed", REMOTE_MULTILINE = 13 => "remote multiline",
        INVALID_NUMBER = 14 => "invalid number", HOLD_REVERT = 15 => "hold revert", WHISPER = 16 => "whisper",
        REMOTE_HOLD = 17 => "remote hold" }
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
named_numbers! {
    /// A codec or media feature as SCCP numbers it.
    MediaFormat { G711_ALAW = 2 => "G.711 A-law", G711_ULAW = 4 => "G.711 µ-law", G722 = 6 => "G.722",
        G723 = 9 => "G.723.1", G729 = 11 => "G.729", G729A = 12 => "G.729A", G729B = 15 => "G.729B",
        G729AB = 16 => "G.729AB", G726_32 = 82 => "G.726-32", T38 = 107 => "T.38", V150_MR_ULAW = 111 => "V.150 MR µ-law",
        NSE_VBD_ULAW = 112 => "NSE VBD µ-law", V150_MR_G729A = 113 => "V.150 MR G.729A",
        NSE_VBD_G729A = 114 => "NSE VBD G.729A", CLEAR_CHANNEL = 120 => "clear channel", RFC2833 = 257 => "RFC 2833",
        PASS_THROUGH = 258 => "pass-through",
        V150_MODEM_RELAY = 300 => "V.150 modem relay", V150_SPRT = 301 => "V.150 SPRT", V150_SSE = 302 => "V.150 SSE" }
}
named_numbers! {
    /// Answer to OpenReceiveChannel and StartMediaTransmission.
    MediaStatus { OK = 0 => "ok", UNKNOWN = 1 => "unknown", NOT_ENOUGH_CHANNELS = 2 => "not enough channels",
        CODEC_TOO_COMPLEX = 3 => "codec too complex", INVALID_PARTY = 4 => "invalid party",
        INVALID_REFERENCE = 5 => "invalid reference", INVALID_CODEC = 6 => "invalid codec",
        INVALID_PACKET_SIZE = 7 => "invalid packet size", OUT_OF_SOCKETS = 8 => "out of sockets",
        CODER_FAILED = 9 => "coder failed", DEVICE_ON_HOOK = 0xFF => "device on hook" }
}
named_numbers! {
    /// What Reset asks for.
    ResetKind { RESET = 1 => "reset", RESTART = 2 => "restart", APPLY_CONFIG = 3 => "apply config" }
}
named_numbers! {
    /// Severity of an Alarm message.
    AlarmSeverity { CRITICAL = 0 => "critical", WARNING = 1 => "warning", INFORMATIONAL = 2 => "informational",
        UNKNOWN = 4 => "unknown", MAJOR = 7 => "major", MINOR = 8 => "minor", MARGINAL = 10 => "marginal", TRACE = 20 => "trace" }
}

/// 0003: a key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeypadButton {
    /// 0–9; 14 `*`, 15 `#`, 10–13 A–D.
    pub button: u32,
    /// Line, 0 when not told.
    pub line: LineInstance,
    /// Call, 0 when not told.
    pub call: CallRef,
}

/// 0001: who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Device name.
    pub name: DeviceName,
    /// Device type.
    pub device_type: DeviceType,
    /// Own IPv4 address.
    pub address: std::net::Ipv4Addr,
    /// Media streams we can carry at once.
    pub max_streams: u32,
    /// Streams open now.
    pub active_streams: u32,
    /// Protocol version offered.
    pub version: u8,
    /// Phone feature bits (u16 at offset 42): RFC 2833 0x0400, dynamic messages 0x0100, UTF-8 0x0010 …
    pub features: u16,
    /// MAC address.
    pub mac: [u8; 6],
    /// Highest line number.
    pub max_lines: u32,
    /// Firmware load name.
    pub load: String,
}

/// What RegisterTokenReq carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterToken {
    /// Device name.
    pub name: DeviceName,
    /// Own IPv4 address.
    pub address: std::net::Ipv4Addr,
    /// Device type.
    pub device_type: DeviceType,
}

/// A call named on a line (OffHook, OnHook, HookFlash, …).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOnLine {
    /// Line, 0 = any.
    pub line: LineInstance,
    /// Call, 0 = none.
    pub call: CallRef,
}

/// 0023: counters of a finished call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStatistics {
    /// Directory number as asked for.
    pub number: String,
    /// Call as asked for.
    pub call: CallRef,
    /// 0 clear, 1 do not clear; told back.
    pub mode: u32,
    /// RTP packets sent.
    pub packets_sent: u32,
    /// RTP payload octets sent.
    pub octets_sent: u32,
    /// RTP packets received.
    pub packets_received: u32,
    /// RTP payload octets received.
    pub octets_received: u32,
    /// RTP packets lost.
    pub packets_lost: u32,
    /// Interarrival jitter, ms.
    pub jitter_ms: u32,
    /// Latency, ms; 0 when unknown.
    pub latency_ms: u32,
}

/// One line of a capability list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaCapability {
    /// Codec or feature.
    pub format: MediaFormat,
    /// Most ms (frames) in a packet.
    pub max_frames: u32,
}

/// Station → CallManager.
#[expect(
    missing_docs,
    reason = "fields of a variant carry the wire's own names; the id says which message"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// 0000
    KeepAlive,
    /// 0001
    Register(Register),
    /// 0002: RTP port, of no use to the servers seen.
    IpPort { port: u32 },
    /// 0003
    KeypadButton(KeypadButton),
    /// 0004: a whole number at once.
    EnblocCall { number: String, line: LineInstance },
    /// 0005
    Stimulus {
        stimulus: Stimulus,
        instance: u32,
        call: CallRef,
        status: u32,
    },
    /// 0006
    OffHook(CallOnLine),
    /// 0007
    OnHook(CallOnLine),
    /// 0008
    HookFlash(CallOnLine),
    /// 0009
    ForwardStatReq { line: LineInstance },
    /// 000A
    SpeedDialStatReq { index: u32 },
    /// 000B
    LineStatReq { line: LineInstance },
    /// 000C
    ConfigStatReq,
    /// 000D
    TimeDateReq,
    /// 000E
    ButtonTemplateReq,
    /// 000F
    VersionReq,
    /// 0010: at most 18.
    CapabilitiesRes { capabilities: Vec<MediaCapability> },
    /// 0012
    ServerReq,
    /// 0020
    Alarm {
        severity: AlarmSeverity,
        text: String,
        p1: u32,
        p2: u32,
    },
    /// 0022
    OpenReceiveChannelAck {
        status: MediaStatus,
        address: SocketAddrV4,
        party: Party,
        call: CallRef,
    },
    /// 0023
    ConnectionStatisticsRes(ConnectionStatistics),
    /// 0025
    SoftKeySetReq,
    /// 0026
    SoftKeyEvent {
        event: SoftKey,
        line: LineInstance,
        call: CallRef,
    },
    /// 0027: empty body when `None`.
    Unregister { reason: Option<u32> },
    /// 0028
    SoftKeyTemplateReq,
    /// 0029: may the device come (back) to this server?
    RegisterTokenReq(RegisterToken),
    /// 002A
    MediaTransmissionFailure {
        conference: Conference,
        party: Party,
        address: SocketAddrV4,
        call: CallRef,
    },
    /// 002D
    RegisterAvailableLines { lines: u32 },
    /// 0034
    FeatureStatReq { instance: u32 },
    /// 0154 (version ≥ 17)
    StartMediaTransmissionAck {
        conference: Conference,
        party: Party,
        call: CallRef,
        address: SocketAddrV4,
        status: MediaStatus,
    },
    /// Any other id, kept whole.
    Unknown { id: u32, body: Vec<u8> },
}

/// Encryption words of a media message; all zero on every server seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// 0 none, 1 AES-CM-128/HMAC-SHA1-32, …
    pub algorithm: u32,
}

/// 0105: open a socket and say which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReceiveChannel {
    /// Conference.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// Packet time, ms.
    pub ptime_ms: u32,
    /// Codec.
    pub format: MediaFormat,
    /// Echo cancellation asked for.
    pub echo_cancel: bool,
    /// Call; 0 from chan_skinny.
    pub call: CallRef,
    /// Encryption.
    pub encryption: Encryption,
    /// RFC 2833 payload type the other side will send, 0 = none.
    pub rfc2833_payload: u32,
}

/// 008A: send media there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartMediaTransmission {
    /// Conference.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// Where to.
    pub remote: SocketAddrV4,
    /// Packet time, ms.
    pub ptime_ms: u32,
    /// Codec.
    pub format: MediaFormat,
    /// DSCP/precedence word as sent (184 = EF).
    pub precedence: u32,
    /// Silence suppression asked for.
    pub vad: bool,
    /// Frames per packet.
    pub max_frames: u32,
    /// Call; 0 from chan_skinny.
    pub call: CallRef,
    /// Encryption.
    pub encryption: Encryption,
    /// RFC 2833 payload type to send digits with, 0 = none.
    pub rfc2833_payload: u32,
}

/// 0106 / 008B: stop one direction of a media leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaLeg {
    /// Conference; 0 from chan_skinny.
    pub conference: Conference,
    /// Media leg.
    pub party: Party,
    /// Call; 0 from chan_skinny.
    pub call: CallRef,
    /// Port handling: the port is kept open for this leg's next use.
    pub keep_port: bool,
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

/// 0081.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterAck {
    /// Keepalive interval towards this server, s.
    pub keepalive_s: u32,
    /// Keepalive interval towards a secondary server, s.
    pub secondary_keepalive_s: u32,
    /// Version answered; 48 from chan_skinny, which promises nothing by it.
    pub version: u8,
    /// Feature bytes after the version.
    pub features: [u8; 3],
    /// Date template, for example `D.M.Y`.
    pub date_template: [u8; 6],
}

/// 0094.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefineTimeDate {
    /// Year, four digits.
    pub year: u32,
    /// 1–12.
    pub month: u32,
    /// 0 = Sunday.
    pub weekday: u32,
    /// 1–31.
    pub day: u32,
    /// 0–23.
    pub hour: u32,
    /// 0–59.
    pub minute: u32,
    /// 0–59.
    pub second: u32,
    /// 0–999.
    pub millisecond: u32,
    /// Seconds since 1970 UTC.
    pub unix: u32,
}

/// One entry of ServerRes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEntry {
    /// Name.
    pub name: String,
    /// Address.
    pub address: SocketAddrV4,
}

/// CallManager → station.
#[expect(
    missing_docs,
    reason = "fields of a variant carry the wire's own names; the id says which message"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// 0081
    RegisterAck(RegisterAck),
    /// 0082. `direction`: 0 user, 1 network, 2 both.
    StartTone {
        tone: Tone,
        direction: u32,
        line: LineInstance,
        call: CallRef,
    },
    /// 0083
    StopTone {
        line: LineInstance,
        call: CallRef,
        tone: Tone,
    },
    /// 0085. `duration`: 1 normal, 2 single.
    SetRinger {
        mode: RingMode,
        duration: u32,
        line: LineInstance,
        call: CallRef,
    },
    /// 0086
    SetLamp {
        stimulus: Stimulus,
        instance: u32,
        mode: LampMode,
    },
    /// 0087
    SetHookFlashDetect,
    /// 0088
    SetSpeakerMode { on: bool },
    /// 0089
    SetMicroMode { on: bool },
    /// 008A
    StartMediaTransmission(StartMediaTransmission),
    /// 008B
    StopMediaTransmission(MediaLeg),
    /// 008F, 014A
    CallInfo(CallInfo),
    /// 0090
    ForwardStat {
        active: bool,
        line: LineInstance,
        all: Option<String>,
        busy: Option<String>,
        no_answer: Option<String>,
    },
    /// 0091, 0149
    SpeedDialStat {
        index: u32,
        number: String,
        name: String,
    },
    /// 0092, 0147
    LineStat {
        line: LineInstance,
        number: String,
        name: String,
        label: String,
    },
    /// 0093, 0142
    ConfigStat { body: Vec<u8> },
    /// 0094
    DefineTimeDate(DefineTimeDate),
    /// 0097: pairs of instance, type (9 = line).
    ButtonTemplate {
        offset: u32,
        total: u32,
        buttons: Vec<(u8, u8)>,
    },
    /// 0098
    Version { text: String },
    /// 0099
    DisplayText { text: String },
    /// 009A
    ClearDisplay,
    /// 009B
    CapabilitiesReq,
    /// 009D
    RegisterReject { text: String },
    /// 009E
    ServerRes { servers: Vec<ServerEntry> },
    /// 009F
    Reset { kind: ResetKind },
    /// 0100
    KeepAliveAck,
    /// 0105
    OpenReceiveChannel(OpenReceiveChannel),
    /// 0106
    CloseReceiveChannel(MediaLeg),
    /// 0107
    ConnectionStatisticsReq {
        number: String,
        call: CallRef,
        mode: u32,
    },
    /// 0108
    SoftKeyTemplateRes { body: Vec<u8> },
    /// 0109
    SoftKeySetRes { body: Vec<u8> },
    /// 0110
    SelectSoftKeys {
        line: LineInstance,
        call: CallRef,
        set: u32,
        mask: u32,
    },
    /// 0111
    CallState {
        state: CallStateKind,
        line: LineInstance,
        call: CallRef,
    },
    /// 0112, 0145. Text keeps its 0x80 phrase bytes as U+0080 followed by the index character.
    DisplayPromptStatus {
        timeout_s: u32,
        text: String,
        line: LineInstance,
        call: CallRef,
    },
    /// 0113
    ClearPromptStatus { line: LineInstance, call: CallRef },
    /// 0114, 0143
    DisplayNotify { timeout_s: u32, text: String },
    /// 0115
    ClearNotify,
    /// 0116
    ActivateCallPlane { line: LineInstance },
    /// 0117
    DeactivateCallPlane,
    /// 0118
    UnregisterAck { status: u32 },
    /// 0119
    BackSpace { line: LineInstance, call: CallRef },
    /// 011A
    RegisterTokenAck,
    /// 011B
    RegisterTokenReject { wait_s: u32 },
    /// 011D
    DialedNumber {
        number: String,
        line: LineInstance,
        call: CallRef,
    },
    /// 011F, 0146
    FeatureStat { body: Vec<u8> },
    /// 0120, 0144
    DisplayPriNotify {
        timeout_s: u32,
        priority: u32,
        text: String,
    },
    /// 0121
    ClearPriNotify { priority: u32 },
    /// Any other id, kept whole.
    Unknown { id: u32, body: Vec<u8> },
}
