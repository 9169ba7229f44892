//! What a station sends of itself: token request, Alarm and Register, capabilities.

use std::net::Ipv4Addr;

use crate::sccp::message::{Alarm, CapabilitiesRes};
use crate::sccp::message::{AlarmSeverity, ClientMessage, Register, RegisterToken};
use crate::sccp::station::StationConfig;

/// Most capabilities a CapabilitiesRes can carry.
const MAX_CAPABILITIES: usize = 18;

/// Asks a better server whether it takes the device.
pub(super) fn token(config: &StationConfig, local: Ipv4Addr) -> ClientMessage {
    ClientMessage::RegisterTokenReq(RegisterToken {
        name: config.name.clone(),
        address: local,
        device_type: config.device_type,
    })
}

/// Alarm, which says how the last registration ended, and Register.
pub(super) fn register(
    config: &StationConfig,
    last_word: &str,
    local: Ipv4Addr,
) -> [ClientMessage; 2] {
    let alarm = ClientMessage::Alarm(Alarm {
        severity: AlarmSeverity::INFORMATIONAL,
        text: format!("Name={} Load={} Last={last_word}", config.name, config.load),
        p1: 0,
        p2: u32::from_le_bytes(local.octets()),
    });
    let register = ClientMessage::Register(Register {
        name: config.name.clone(),
        device_type: config.device_type,
        address: local,
        max_streams: 2,
        active_streams: 0,
        version: config.offer_version,
        features: config.features,
        mac: config.mac,
        max_lines: config.line.0.max(1),
        load: config.load.clone(),
    });
    [alarm, register]
}

/// The answer to CapabilitiesReq.
pub(super) fn capabilities(config: &StationConfig) -> ClientMessage {
    let all = config.capabilities.iter();
    ClientMessage::CapabilitiesRes(CapabilitiesRes {
        capabilities: all.take(MAX_CAPABILITIES).copied().collect(),
    })
}
