//! Numbers and names. A `PortId` is not a `LineInstance` is not a `CallRef`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Number of an FXS port of this gateway, counted from 1 as on the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub u16);

impl fmt::Display for PortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A connection of a device to a CallManager, counted from 1; 0 names no connection. A device never gives one number to
/// two connections, so what a former one still reports is known as such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Line of an SCCP device, counted from 1; 0 names no line. An analog port has line 1 only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineInstance(pub u32);

/// A call as the CallManager numbers it; 0 names no call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallRef(pub u32);

impl CallRef {
    /// The reference that names no call.
    pub const NONE: CallRef = CallRef(0);
}

/// Pass-through party: the CallManager's name of one media leg. Media is matched by this, not by [`CallRef`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(pub u32);

/// Conference id of a media leg; sent back, never used to match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conference(pub u32);

words! {
    /// The codecs Tipring speaks itself.
    pub enum Codec {
        /// SCCP 4, RTP payload type 0.
        G711Ulaw = "G.711 µ-law",
        /// SCCP 2, RTP payload type 8.
        G711Alaw = "G.711 A-law",
    }
}

impl Codec {
    /// The static RTP payload type (RFC 3551 table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::G711Ulaw => 0,
            Codec::G711Alaw => 8,
        }
    }
}

/// SCCP device type number. Servers accept any number; these are the ones an analog gateway uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceType(pub u32);

impl DeviceType {
    /// Device types by number, for people. Servers take any number.
    pub const NAMED: &[(DeviceType, &str)] = &[
        (DeviceType(7), "7960"),
        (DeviceType(8), "7940"),
        (DeviceType(10), "VG248 port (VGC phone)"),
        (DeviceType(11), "VGC virtual phone"),
        (DeviceType(12), "ATA 186"),
        (DeviceType(13), "ATA 188"),
        (DeviceType(30), "analog access"),
        (DeviceType(43), "analog access WS-X6624"),
        (DeviceType(48), "VGC gateway"),
        (DeviceType(547), "6901"),
        (DeviceType(30027), "analog phone on a gateway"),
        (DeviceType(30028), "BRI phone on a gateway"),
        (DeviceType(30032), "SCCP gateway virtual phone"),
    ];

    /// Its name, if it has one.
    pub fn name(self) -> Option<&'static str> {
        let named = Self::NAMED.iter().find(|(kind, _)| *kind == self);
        named.map(|(_, name)| *name)
    }

    /// VG248 port ("VGC phone").
    pub const VGC_PHONE: DeviceType = DeviceType(10);
    /// Analog phone on a gateway (VG224 and later).
    pub const ANALOG_GATEWAY_PHONE: DeviceType = DeviceType(30027);
}

/// An SCCP device name: 1 to 15 printable ASCII characters without spaces (the field has 16 bytes with its NUL).
///
/// ```
/// use tipring_types::{DeviceName, DeviceNameError};
/// assert!(DeviceName::new("VGC112233445501").is_ok());
/// assert_eq!(DeviceName::new(""), Err(DeviceNameError::Length(0)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceName(String);

/// Why a text is not a device name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceNameError {
    /// Empty, or longer than 15 characters.
    Length(usize),
    /// Holds a character that is not printable ASCII, or a space.
    Character(char),
}

impl fmt::Display for DeviceNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceNameError::Length(n) => {
                write!(f, "has {n} characters; a device name has 1 to 15")
            }
            DeviceNameError::Character(c) => {
                write!(
                    f,
                    "holds {c:?}; a device name is printable ASCII without spaces"
                )
            }
        }
    }
}

impl std::error::Error for DeviceNameError {}

impl DeviceName {
    /// Checks and takes a name.
    pub fn new(name: &str) -> Result<DeviceName, DeviceNameError> {
        if let Some(c) = name.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(DeviceNameError::Character(c));
        }
        if !(1..=15).contains(&name.len()) {
            return Err(DeviceNameError::Length(name.len()));
        }
        Ok(DeviceName(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key of a telephone: 0–9, `*`, `#`, A–D.
///
/// ```
/// use tipring_types::Digit;
/// let star = Digit::from_char('*').unwrap();
/// assert_eq!(star.event_code(), 10); // RFC 4733
/// assert_eq!(Digit::from_char('x'), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digit(u8);

impl Digit {
    /// The key 0.
    pub const ZERO: Digit = Digit(b'0');

    /// The digit of a character `0`–`9`, `*`, `#`, `A`–`D` (or `a`–`d`).
    pub fn from_char(c: char) -> Option<Digit> {
        match c.to_ascii_uppercase() {
            c @ ('0'..='9' | '*' | '#' | 'A'..='D') => Some(Digit(c as u8)),
            _ => None,
        }
    }

    /// The character of the key.
    pub fn as_char(self) -> char {
        char::from(self.0)
    }

    /// RFC 4733 event code: 0–9, 10 `*`, 11 `#`, 12–15 A–D.
    pub fn event_code(self) -> u8 {
        match self.0 {
            b'*' => 10,
            b'#' => 11,
            d @ b'0'..=b'9' => d - b'0',
            d => d - b'A' + 12,
        }
    }

    /// The digit of an RFC 4733 event code, if it is one.
    pub fn from_event_code(code: u8) -> Option<Digit> {
        Some(Digit(match code {
            0..=9 => b'0' + code,
            10 => b'*',
            11 => b'#',
            12..=15 => b'A' + code - 12,
            _ => return None,
        }))
    }
}

impl Serialize for Digit {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_char(self.as_char())
    }
}

impl<'de> Deserialize<'de> for Digit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Digit, D::Error> {
        let key = char::deserialize(from)?;
        let wrong = || serde::de::Error::custom(format_args!("{key:?} is no key of a telephone"));
        Digit::from_char(key).ok_or_else(wrong)
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.as_char())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_name_has_at_most_fifteen_characters() {
        assert!(DeviceName::new("VGC112233445501").is_ok());
        assert_eq!(
            DeviceName::new("VGC1122334455012"),
            Err(DeviceNameError::Length(16))
        );
        assert_eq!(DeviceName::new(""), Err(DeviceNameError::Length(0)));
        assert_eq!(DeviceName::new("a b"), Err(DeviceNameError::Character(' ')));
    }

    #[test]
    fn digits_and_event_codes_are_one_to_one() {
        for c in "0123456789*#ABCD".chars() {
            let d = Digit::from_char(c).unwrap();
            assert_eq!(d.as_char(), c);
            assert_eq!(Digit::from_event_code(d.event_code()), Some(d));
        }
        assert_eq!(Digit::from_event_code(16), None);
        assert_eq!(Digit::from_char('x'), None);
    }
}
