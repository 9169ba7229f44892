//! CallManager → station: which message has which id and layout.

use super::frame::Frame;
use super::id::server as id;
use super::layout::{Body, Writer};
use super::{DecodeError, header_version};
use super::{call, display, line_status, media, registration, signal, statistics};
use crate::sccp::message::{ResetKind, ServerMessage};
use crate::types::{CallRef, LineInstance};

/// From this version on CallInfo goes out as 014A (as chan-sccp does; chan_skinny waits until 17).
const CALL_INFO_V2_FROM: u8 = 8;
/// From this version on the other messages with a "V2" form go out in it.
const V2_FROM: u8 = 17;

/// A server message as one buffer, header and body.
///
/// `version` is the negotiated one; RegisterAck carries header version 0. Text too long for its field is cut between
/// characters, a list at its end.
pub fn encode_server(message: &ServerMessage, version: u8) -> Vec<u8> {
    use ServerMessage as M;
    let v2 = version >= V2_FROM;
    let mut writer = Writer::new(version);
    let w = &mut writer;
    match message {
        M::ClearDisplay
        | M::CapabilitiesReq
        | M::KeepAliveAck
        | M::ClearNotify
        | M::DeactivateCallPlane
        | M::RegisterTokenAck => {}
        // chan-sccp sends one word of nothing.
        M::SetHookFlashDetect => w.size(4),
        M::Reset {
            kind: ResetKind(word),
        }
        | M::ActivateCallPlane {
            line: LineInstance(word),
        }
        | M::UnregisterAck { status: word }
        | M::RegisterTokenReject { wait_s: word }
        | M::ClearPriNotify { priority: word } => w.u32(0, *word),
        M::SetSpeakerMode { on } | M::SetMicroMode { on } => signal::encode_switch(w, *on),
        M::ClearPromptStatus { line, call } | M::BackSpace { line, call } => {
            w.u32(0, line.0);
            w.u32(4, call.0);
        }
        M::ConfigStat { body }
        | M::SoftKeyTemplateRes { body }
        | M::SoftKeySetRes { body }
        | M::FeatureStat { body }
        | M::Unknown { body, .. } => w.bytes(0, body),
        M::RegisterAck(m) => registration::encode_register_ack(w, m),
        M::RegisterReject { text } => registration::encode_register_reject(w, text),
        M::ServerRes { servers } => registration::encode_server_res(w, version, servers),
        M::Version { text } => w.text(0, registration::VERSION_LEN, text),
        M::StartTone {
            tone,
            direction,
            line,
            call,
        } => signal::encode_start_tone(w, *tone, *direction, *line, *call),
        M::StopTone { line, call, tone } => signal::encode_stop_tone(w, *line, *call, *tone),
        M::SetRinger {
            mode,
            duration,
            line,
            call,
        } => signal::encode_ringer(w, *mode, *duration, *line, *call),
        M::SetLamp {
            stimulus,
            instance,
            mode,
        } => signal::encode_lamp(w, *stimulus, *instance, *mode),
        M::OpenReceiveChannel(m) => media::encode_open(w, version, m),
        M::StartMediaTransmission(m) => media::encode_start(w, version, m),
        M::CloseReceiveChannel(m) | M::StopMediaTransmission(m) => media::encode_leg(w, m),
        M::CallInfo(m) if version >= CALL_INFO_V2_FROM => call::encode_info_v2(w, version, m),
        M::CallInfo(m) => call::encode_info(w, m),
        M::CallState { state, line, call } => call::encode_state(w, *state, *line, *call),
        M::DialedNumber { number, line, call } => {
            call::encode_dialed(w, version, number, *line, *call);
        }
        M::SelectSoftKeys {
            line,
            call,
            set,
            mask,
        } => call::encode_select(w, *line, *call, *set, *mask),
        M::ForwardStat {
            active,
            line,
            all,
            busy,
            no_answer,
        } => {
            let numbers = [all.as_deref(), busy.as_deref(), no_answer.as_deref()];
            line_status::encode_forward(w, version, *active, *line, numbers);
        }
        M::SpeedDialStat {
            index,
            number,
            name,
        } => line_status::encode_speed_dial(w, v2, *index, number, name),
        M::LineStat {
            line,
            number,
            name,
            label,
        } => line_status::encode_line(w, v2, *line, number, name, label),
        M::DefineTimeDate(m) => line_status::encode_time(w, m),
        M::ButtonTemplate {
            offset,
            total,
            buttons,
        } => line_status::encode_buttons(w, *offset, *total, buttons),
        M::DisplayText { text } => w.text(0, display::DISPLAY_TEXT_LEN, text),
        M::DisplayPromptStatus {
            timeout_s,
            text,
            line,
            call,
        } => display::encode_prompt(w, v2, *timeout_s, text, *line, *call),
        M::DisplayNotify { timeout_s, text } => display::encode_notify(w, v2, *timeout_s, text),
        M::DisplayPriNotify {
            timeout_s,
            priority,
            text,
        } => display::encode_pri_notify(w, v2, *timeout_s, *priority, text),
        M::ConnectionStatisticsReq { number, call, mode } => {
            statistics::encode_request(w, version, number, *call, *mode);
        }
    }
    let header = match message {
        M::RegisterAck(_) => 0,
        _ => header_version(version),
    };
    writer.finish(message.id(version), header)
}

impl ServerMessage {
    /// The message's id on the wire as [`encode_server`] sends it: some have a second form with an id of its own.
    pub fn id(&self, version: u8) -> u32 {
        use ServerMessage as M;
        let form = |old, v2| if version >= V2_FROM { v2 } else { old };
        match self {
            M::RegisterAck(_) => id::REGISTER_ACK,
            M::StartTone { .. } => id::START_TONE,
            M::StopTone { .. } => id::STOP_TONE,
            M::SetRinger { .. } => id::SET_RINGER,
            M::SetLamp { .. } => id::SET_LAMP,
            M::SetHookFlashDetect => id::SET_HOOK_FLASH_DETECT,
            M::SetSpeakerMode { .. } => id::SET_SPEAKER_MODE,
            M::SetMicroMode { .. } => id::SET_MICRO_MODE,
            M::StartMediaTransmission(_) => id::START_MEDIA_TRANSMISSION,
            M::StopMediaTransmission(_) => id::STOP_MEDIA_TRANSMISSION,
            M::CallInfo(_) if version >= CALL_INFO_V2_FROM => id::CALL_INFO_V2,
            M::CallInfo(_) => id::CALL_INFO,
            M::ForwardStat { .. } => id::FORWARD_STAT,
            M::SpeedDialStat { .. } => form(id::SPEED_DIAL_STAT, id::SPEED_DIAL_STAT_V2),
            M::LineStat { .. } => form(id::LINE_STAT, id::LINE_STAT_V2),
            // Kept whole, so it goes out in the form most servers read.
            M::ConfigStat { .. } => id::CONFIG_STAT,
            M::DefineTimeDate(_) => id::DEFINE_TIME_DATE,
            M::ButtonTemplate { .. } => id::BUTTON_TEMPLATE,
            M::Version { .. } => id::VERSION,
            M::DisplayText { .. } => id::DISPLAY_TEXT,
            M::ClearDisplay => id::CLEAR_DISPLAY,
            M::CapabilitiesReq => id::CAPABILITIES_REQ,
            M::RegisterReject { .. } => id::REGISTER_REJECT,
            M::ServerRes { .. } => id::SERVER_RES,
            M::Reset { .. } => id::RESET,
            M::KeepAliveAck => id::KEEP_ALIVE_ACK,
            M::OpenReceiveChannel(_) => id::OPEN_RECEIVE_CHANNEL,
            M::CloseReceiveChannel(_) => id::CLOSE_RECEIVE_CHANNEL,
            M::ConnectionStatisticsReq { .. } => id::CONNECTION_STATISTICS_REQ,
            M::SoftKeyTemplateRes { .. } => id::SOFT_KEY_TEMPLATE_RES,
            M::SoftKeySetRes { .. } => id::SOFT_KEY_SET_RES,
            M::SelectSoftKeys { .. } => id::SELECT_SOFT_KEYS,
            M::CallState { .. } => id::CALL_STATE,
            M::DisplayPromptStatus { .. } => {
                form(id::DISPLAY_PROMPT_STATUS, id::DISPLAY_PROMPT_STATUS_V2)
            }
            M::ClearPromptStatus { .. } => id::CLEAR_PROMPT_STATUS,
            M::DisplayNotify { .. } => form(id::DISPLAY_NOTIFY, id::DISPLAY_NOTIFY_V2),
            M::ClearNotify => id::CLEAR_NOTIFY,
            M::ActivateCallPlane { .. } => id::ACTIVATE_CALL_PLANE,
            M::DeactivateCallPlane => id::DEACTIVATE_CALL_PLANE,
            M::UnregisterAck { .. } => id::UNREGISTER_ACK,
            M::BackSpace { .. } => id::BACK_SPACE,
            M::RegisterTokenAck => id::REGISTER_TOKEN_ACK,
            M::RegisterTokenReject { .. } => id::REGISTER_TOKEN_REJECT,
            M::DialedNumber { .. } => id::DIALED_NUMBER,
            M::FeatureStat { .. } => id::FEATURE_STAT,
            M::DisplayPriNotify { .. } => form(id::DISPLAY_PRI_NOTIFY, id::DISPLAY_PRI_NOTIFY_V2),
            M::ClearPriNotify { .. } => id::CLEAR_PRI_NOTIFY,
            M::Unknown { id, .. } => *id,
        }
    }
}

/// What a CallManager sent. `version` is the negotiated one; both forms of a message are read at every version.
///
/// ```
/// use tipring_proto::sccp::message::ServerMessage;
/// use tipring_proto::sccp::wire::{DEFAULT_MAX_BODY, FrameReader, decode_server, encode_server};
/// let bytes = encode_server(&ServerMessage::KeepAliveAck, 17);
/// assert_eq!(bytes.len(), 12); // length, version, message id
/// let mut reader = FrameReader::new(DEFAULT_MAX_BODY);
/// reader.push(&bytes[..7]);
/// assert_eq!(reader.next_frame(), Ok(None)); // TCP keeps no messages together
/// reader.push(&bytes[7..]);
/// let frame = reader.next_frame().unwrap().unwrap();
/// assert_eq!(decode_server(&frame, 17), Ok(ServerMessage::KeepAliveAck));
/// ```
pub fn decode_server(frame: &Frame, version: u8) -> Result<ServerMessage, DecodeError> {
    use ServerMessage as M;
    let body = Body::new(frame, version);
    let b = &body;
    let line_and_call = || (LineInstance(b.u32(0)), CallRef(b.u32(4)));
    Ok(match frame.id {
        id::REGISTER_ACK => M::RegisterAck(registration::decode_register_ack(b)),
        id::START_TONE => signal::decode_start_tone(b),
        id::STOP_TONE => signal::decode_stop_tone(b),
        id::SET_RINGER => signal::decode_ringer(b),
        id::SET_LAMP => signal::decode_lamp(b),
        id::SET_HOOK_FLASH_DETECT => M::SetHookFlashDetect,
        id::SET_SPEAKER_MODE => M::SetSpeakerMode {
            on: signal::decode_switch(b),
        },
        id::SET_MICRO_MODE => M::SetMicroMode {
            on: signal::decode_switch(b),
        },
        id::START_MEDIA_TRANSMISSION => M::StartMediaTransmission(media::decode_start(b)?),
        id::STOP_MEDIA_TRANSMISSION => M::StopMediaTransmission(media::decode_leg(b)?),
        id::CALL_INFO => M::CallInfo(call::decode_info(b)),
        id::CALL_INFO_V2 => M::CallInfo(call::decode_info_v2(b)),
        id::FORWARD_STAT => line_status::decode_forward(b),
        id::SPEED_DIAL_STAT => line_status::decode_speed_dial(b, false),
        id::SPEED_DIAL_STAT_V2 => line_status::decode_speed_dial(b, true),
        id::LINE_STAT => line_status::decode_line(b, false),
        id::LINE_STAT_V2 => line_status::decode_line(b, true),
        id::CONFIG_STAT | id::CONFIG_STAT_V2 => M::ConfigStat {
            body: body.to_vec(),
        },
        id::DEFINE_TIME_DATE => M::DefineTimeDate(line_status::decode_time(b)),
        id::BUTTON_TEMPLATE => line_status::decode_buttons(b),
        id::VERSION => M::Version {
            text: b.text(0, registration::VERSION_LEN),
        },
        id::DISPLAY_TEXT => M::DisplayText {
            text: b.rest_text(0),
        },
        id::CLEAR_DISPLAY => M::ClearDisplay,
        id::CAPABILITIES_REQ => M::CapabilitiesReq,
        id::REGISTER_REJECT => registration::decode_register_reject(b),
        id::SERVER_RES => registration::decode_server_res(b),
        id::RESET => M::Reset {
            kind: ResetKind(b.u32(0)),
        },
        id::KEEP_ALIVE_ACK => M::KeepAliveAck,
        id::OPEN_RECEIVE_CHANNEL => M::OpenReceiveChannel(media::decode_open(b)?),
        id::CLOSE_RECEIVE_CHANNEL => M::CloseReceiveChannel(media::decode_leg(b)?),
        id::CONNECTION_STATISTICS_REQ => statistics::decode_request(b),
        id::SOFT_KEY_TEMPLATE_RES => M::SoftKeyTemplateRes {
            body: body.to_vec(),
        },
        id::SOFT_KEY_SET_RES => M::SoftKeySetRes {
            body: body.to_vec(),
        },
        id::SELECT_SOFT_KEYS => call::decode_select(b),
        id::CALL_STATE => call::decode_state(b),
        id::DISPLAY_PROMPT_STATUS => display::decode_prompt(b, false),
        id::DISPLAY_PROMPT_STATUS_V2 => display::decode_prompt(b, true),
        id::CLEAR_PROMPT_STATUS => {
            let (line, call) = line_and_call();
            M::ClearPromptStatus { line, call }
        }
        id::DISPLAY_NOTIFY | id::DISPLAY_NOTIFY_V2 => display::decode_notify(b),
        id::CLEAR_NOTIFY => M::ClearNotify,
        id::ACTIVATE_CALL_PLANE => M::ActivateCallPlane {
            line: LineInstance(b.u32(0)),
        },
        id::DEACTIVATE_CALL_PLANE => M::DeactivateCallPlane,
        id::UNREGISTER_ACK => M::UnregisterAck { status: b.u32(0) },
        id::BACK_SPACE => {
            let (line, call) = line_and_call();
            M::BackSpace { line, call }
        }
        id::REGISTER_TOKEN_ACK => M::RegisterTokenAck,
        id::REGISTER_TOKEN_REJECT => M::RegisterTokenReject { wait_s: b.u32(0) },
        id::DIALED_NUMBER => call::decode_dialed(b),
        id::FEATURE_STAT | id::FEATURE_STAT_V2 => M::FeatureStat {
            body: body.to_vec(),
        },
        id::DISPLAY_PRI_NOTIFY | id::DISPLAY_PRI_NOTIFY_V2 => display::decode_pri_notify(b),
        id::CLEAR_PRI_NOTIFY => M::ClearPriNotify { priority: b.u32(0) },
        id => M::Unknown {
            id,
            body: body.to_vec(),
        },
    })
}
