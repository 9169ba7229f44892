//! Station → CallManager: which message has which id and layout.

use super::frame::Frame;
use super::id::client as id;
use super::layout::{Body, Writer};
use super::{DecodeError, header_version};
use super::{keys, media, registration, statistics};
use crate::sccp::message::ClientMessage;
use crate::types::LineInstance;

/// A client message as one buffer, header and body: it must leave in one write (chan_skinny drops a connection whose
/// header comes in pieces).
///
/// `version` is the negotiated one. Register, RegisterTokenReq and Alarm carry header version 0: they may come before there is one.
/// Text too long for its field is cut between characters, a list at its end.
pub fn encode_client(message: &ClientMessage, version: u8) -> Vec<u8> {
    use ClientMessage as M;
    let mut writer = Writer::new(version);
    let w = &mut writer;
    match message {
        M::KeepAlive
        | M::ConfigStatReq
        | M::TimeDateReq
        | M::ButtonTemplateReq
        | M::VersionReq
        | M::ServerReq
        | M::SoftKeySetReq
        | M::SoftKeyTemplateReq
        | M::Unregister { reason: None } => {}
        M::Unregister { reason: Some(word) }
        | M::IpPort { port: word }
        | M::SpeedDialStatReq { index: word }
        | M::FeatureStatReq { instance: word }
        | M::RegisterAvailableLines { lines: word }
        | M::ForwardStatReq {
            line: LineInstance(word),
        }
        | M::LineStatReq {
            line: LineInstance(word),
        } => w.u32(0, *word),
        M::Register(m) => registration::encode_register(w, m),
        M::RegisterTokenReq(m) => registration::encode_token(w, version, m),
        M::Alarm {
            severity,
            text,
            p1,
            p2,
        } => registration::encode_alarm(w, *severity, text, *p1, *p2),
        M::CapabilitiesRes { capabilities } => {
            registration::encode_capabilities(w, capabilities);
        }
        M::KeypadButton(m) => keys::encode_keypad(w, m),
        M::EnblocCall { number, line } => keys::encode_enbloc(w, version, number, *line),
        M::Stimulus {
            stimulus,
            instance,
            call,
            status,
        } => keys::encode_stimulus(w, *stimulus, *instance, *call, *status),
        M::OffHook(m) | M::OnHook(m) | M::HookFlash(m) => keys::encode_hook(w, m),
        M::SoftKeyEvent { event, line, call } => keys::encode_soft_key(w, *event, *line, *call),
        M::OpenReceiveChannelAck {
            status,
            address,
            party,
            call,
        } => media::encode_open_ack(w, version, *status, *address, *party, *call),
        M::StartMediaTransmissionAck {
            conference,
            party,
            call,
            address,
            status,
        } => media::encode_start_ack(w, version, *conference, *party, *call, *address, *status),
        M::MediaTransmissionFailure {
            conference,
            party,
            address,
            call,
        } => media::encode_failure(w, version, *conference, *party, *address, *call),
        M::ConnectionStatisticsRes(m) => statistics::encode_response(w, version, m),
        M::Unknown { body, .. } => w.bytes(0, body),
    }
    let header = match message {
        M::Register(_) | M::RegisterTokenReq(_) | M::Alarm { .. } => 0,
        _ => header_version(version),
    };
    writer.finish(message.id(), header)
}

impl ClientMessage {
    /// The message's id on the wire.
    pub fn id(&self) -> u32 {
        use ClientMessage as M;
        match self {
            M::KeepAlive => id::KEEP_ALIVE,
            M::Register(_) => id::REGISTER,
            M::IpPort { .. } => id::IP_PORT,
            M::KeypadButton(_) => id::KEYPAD_BUTTON,
            M::EnblocCall { .. } => id::ENBLOC_CALL,
            M::Stimulus { .. } => id::STIMULUS,
            M::OffHook(_) => id::OFF_HOOK,
            M::OnHook(_) => id::ON_HOOK,
            M::HookFlash(_) => id::HOOK_FLASH,
            M::ForwardStatReq { .. } => id::FORWARD_STAT_REQ,
            M::SpeedDialStatReq { .. } => id::SPEED_DIAL_STAT_REQ,
            M::LineStatReq { .. } => id::LINE_STAT_REQ,
            M::ConfigStatReq => id::CONFIG_STAT_REQ,
            M::TimeDateReq => id::TIME_DATE_REQ,
            M::ButtonTemplateReq => id::BUTTON_TEMPLATE_REQ,
            M::VersionReq => id::VERSION_REQ,
            M::CapabilitiesRes { .. } => id::CAPABILITIES_RES,
            M::ServerReq => id::SERVER_REQ,
            M::Alarm { .. } => id::ALARM,
            M::OpenReceiveChannelAck { .. } => id::OPEN_RECEIVE_CHANNEL_ACK,
            M::ConnectionStatisticsRes(_) => id::CONNECTION_STATISTICS_RES,
            M::SoftKeySetReq => id::SOFT_KEY_SET_REQ,
            M::SoftKeyEvent { .. } => id::SOFT_KEY_EVENT,
            M::Unregister { .. } => id::UNREGISTER,
            M::SoftKeyTemplateReq => id::SOFT_KEY_TEMPLATE_REQ,
            M::RegisterTokenReq(_) => id::REGISTER_TOKEN_REQ,
            M::MediaTransmissionFailure { .. } => id::MEDIA_TRANSMISSION_FAILURE,
            M::RegisterAvailableLines { .. } => id::REGISTER_AVAILABLE_LINES,
            M::FeatureStatReq { .. } => id::FEATURE_STAT_REQ,
            M::StartMediaTransmissionAck { .. } => id::START_MEDIA_TRANSMISSION_ACK,
            M::Unknown { id, .. } => *id,
        }
    }
}

/// What a station sent. `version` is the negotiated one.
pub fn decode_client(frame: &Frame, version: u8) -> Result<ClientMessage, DecodeError> {
    use ClientMessage as M;
    let body = Body::new(frame, version);
    let b = &body;
    Ok(match frame.id {
        id::KEEP_ALIVE => M::KeepAlive,
        id::REGISTER => M::Register(registration::decode_register(b)?),
        id::IP_PORT => M::IpPort { port: b.u32(0) },
        id::KEYPAD_BUTTON => M::KeypadButton(keys::decode_keypad(b)),
        id::ENBLOC_CALL => keys::decode_enbloc(b),
        id::STIMULUS => keys::decode_stimulus(b),
        id::OFF_HOOK => M::OffHook(keys::decode_hook(b)),
        id::ON_HOOK => M::OnHook(keys::decode_hook(b)),
        id::HOOK_FLASH => M::HookFlash(keys::decode_hook(b)),
        id::FORWARD_STAT_REQ => M::ForwardStatReq {
            line: LineInstance(b.u32(0)),
        },
        id::SPEED_DIAL_STAT_REQ => M::SpeedDialStatReq { index: b.u32(0) },
        id::LINE_STAT_REQ => M::LineStatReq {
            line: LineInstance(b.u32(0)),
        },
        id::CONFIG_STAT_REQ => M::ConfigStatReq,
        id::TIME_DATE_REQ => M::TimeDateReq,
        id::BUTTON_TEMPLATE_REQ => M::ButtonTemplateReq,
        id::VERSION_REQ => M::VersionReq,
        id::CAPABILITIES_RES => registration::decode_capabilities(b),
        id::SERVER_REQ => M::ServerReq,
        id::ALARM => registration::decode_alarm(b),
        id::OPEN_RECEIVE_CHANNEL_ACK => media::decode_open_ack(b)?,
        id::CONNECTION_STATISTICS_RES => M::ConnectionStatisticsRes(statistics::decode_response(b)),
        id::SOFT_KEY_SET_REQ => M::SoftKeySetReq,
        id::SOFT_KEY_EVENT => keys::decode_soft_key(b),
        id::UNREGISTER => M::Unregister {
            reason: (b.len() > 0).then(|| b.u32(0)),
        },
        id::SOFT_KEY_TEMPLATE_REQ => M::SoftKeyTemplateReq,
        id::REGISTER_TOKEN_REQ => M::RegisterTokenReq(registration::decode_token(b)?),
        id::MEDIA_TRANSMISSION_FAILURE => media::decode_failure(b)?,
        id::REGISTER_AVAILABLE_LINES => M::RegisterAvailableLines { lines: b.u32(0) },
        id::FEATURE_STAT_REQ => M::FeatureStatReq { instance: b.u32(0) },
        id::START_MEDIA_TRANSMISSION_ACK => media::decode_start_ack(b)?,
        id => M::Unknown {
            id,
            body: body.to_vec(),
        },
    })
}
