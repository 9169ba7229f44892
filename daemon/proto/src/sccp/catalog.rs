//! The protocol's tables in words: message names, device types, unregister reasons, phrases, and each message as named
//! values.
//!
//! Owns: the words of numbers. Leaves to others: the line that is made of a message (`tipring-ctl`), and where that goes;
//! digits and names are in it, so a log above debug is no place.

mod fields;
mod phrase;

pub(super) use fields::Common;
pub use fields::{client_message, server_message};
pub use phrase::{phrase, phrases, quoted};

use super::message::{CLIENT_NAMES, SERVER_NAMES};
use crate::types::DeviceType;

/// Name of a message from the station, also of one without a layout here.
pub fn client_name(id: u32) -> Option<&'static str> {
    name(CLIENT_NAMES, id)
}

/// Name of a message from the CallManager, also of one without a layout here.
pub fn server_name(id: u32) -> Option<&'static str> {
    name(SERVER_NAMES, id)
}

fn name(names: &[(u32, &'static str)], id: u32) -> Option<&'static str> {
    names
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, name)| *name)
}

/// Device types by number, for people. Servers take any number.
pub const DEVICE_TYPES: &[(DeviceType, &str)] = DeviceType::NAMED;

/// The name of a device type, `None` for one not in [`DEVICE_TYPES`].
pub fn device_type_name(kind: DeviceType) -> Option<&'static str> {
    kind.name()
}

/// Why a device was refused or dropped, as CallManager numbers it.
pub fn unregister_reason(code: u32) -> Option<&'static str> {
    Some(match code {
        1 => "unknown",
        2 => "no entry in the database",
        3 => "database configuration error",
        4 => "device name cannot be resolved",
        5 => "maximum of registered devices exceeded",
        6 => "connectivity error",
        7 => "initialization error",
        8 => "reset by the device",
        9 => "reset by CallManager",
        10 => "device unregistered",
        11 => "malformed Register message",
        12 => "device throttled",
        13 => "keepalive timeout",
        14 => "configuration mismatch",
        15 => "CallManager restart",
        16 => "duplicate registration",
        17 => "CallManager applied a configuration",
        18 => "no response from the device",
        _ => return None,
    })
}

/// The key of a KeypadButton number: 0–9, `*`, `#`, `A`–`D`, `+`.
pub fn keypad_char(button: u32) -> Option<char> {
    match button {
        0..=9 => char::from_digit(button, 10),
        10 => Some('A'),
        11 => Some('B'),
        12 => Some('C'),
        13 => Some('D'),
        14 => Some('*'),
        15 => Some('#'),
        16 => Some('+'),
        _ => None,
    }
}

/// The set of soft keys a SelectSoftKeys names.
pub fn soft_key_set(set: u32) -> Option<&'static str> {
    Some(match set {
        0 => "on hook",
        1 => "connected",
        2 => "on hold",
        3 => "ring in",
        4 => "off hook",
        5 => "connected, transfer",
        6 => "digits following",
        7 => "connected, conference",
        8 => "ring out",
        9 => "off hook with features",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keypad_numbers_are_keys() {
        let keys: String = (0..=17).filter_map(keypad_char).collect();
        assert_eq!(keys, "0123456789ABCD*#+");
    }

    #[test]
    fn device_types_are_listed_once() {
        for (i, (kind, name)) in DEVICE_TYPES.iter().enumerate() {
            assert_eq!(device_type_name(*kind), Some(*name), "entry {i}");
        }
        assert_eq!(device_type_name(DeviceType(4711)), None);
    }
}
