//! Device names: one for each port, made of the gateway's MAC and the port number.
//!
//! - `vgc`: `VGC`, the last 10 hex digits of the MAC, the port as 2 decimal digits (as a VG248): ports 1 to 99.
//! - `an`: `AN`, the same 10 digits, 3 hex digits that code slot 2, sub-unit 0 and the port (as a VG224, whose
//!   first port 2/0 is `400`, the next `401`): ports 1 to 512.
//! - `sep`: `SEP` and 12 digits: port 1 has the MAC itself; port n the last 10 digits and n − 1 as 2 hex digits (as
//!   an ATA makes the name of its second line): ports 1 to 256.
//!
//! A name base replaces everything before the port's digits. SCCP has room for 15 characters.

use std::fmt;

use tipring_proto::types::{DeviceName, DeviceType, PortId};

use crate::choice::Naming;

/// A MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Used when the machine has no interface with a MAC: locally administered, the same everywhere.
    pub const FALLBACK: Mac = Mac([0x02, 0, 0, 0, 0, 1]);

    /// Reads 12 hex digits, also with `:`, `-` or `.` between them.
    pub fn parse(text: &str) -> Option<Mac> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| !matches!(c, ':' | '-' | '.'))
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect::<Option<_>>()?;
        let mut mac = [0u8; 6];
        if digits.len() != 12 {
            return None;
        }
        for (byte, [high, low]) in mac.iter_mut().zip(digits.as_chunks().0) {
            *byte = high << 4 | low;
        }
        Some(Mac(mac))
    }

    /// 12 upper-case hex digits.
    pub fn digits(self) -> String {
        self.0.iter().map(|b| format!("{b:02X}")).collect()
    }

    /// Given by software, not by the maker of the interface.
    pub fn is_local(self) -> bool {
        self.0.first().is_some_and(|b| b & 2 != 0)
    }

    /// Not all zero and not a group address.
    pub fn is_usable(self) -> bool {
        self.0 != [0; 6] && self.0.first().is_some_and(|b| b & 1 == 0)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl Naming {
    /// Highest port number that has a name.
    pub const fn last_port(self) -> u16 {
        match self {
            Naming::Vgc => 99,
            Naming::An => 512,
            Naming::Sep => 256,
        }
    }

    /// Characters that the port takes at the end of a name.
    pub const fn port_digits(self) -> usize {
        match self {
            Naming::Vgc | Naming::Sep => 2,
            Naming::An => 3,
        }
    }

    /// The device type that servers expect with such names. `sep` names a telephone or an ATA; of these only the
    /// ATA 186 is an analog line to servers (hookflash, one line button).
    pub const fn device_type(self) -> DeviceType {
        match self {
            Naming::Vgc => DeviceType::VGC_PHONE,
            Naming::An => DeviceType::ANALOG_GATEWAY_PHONE,
            Naming::Sep => DeviceType(12),
        }
    }
}

/// The name of a port, or why there is none.
pub fn device_name(
    naming: Naming,
    mac: Mac,
    base: Option<&str>,
    port: PortId,
) -> Result<DeviceName, String> {
    let number = port.0;
    if !(1..=naming.last_port()).contains(&number) {
        return Err(format!(
            "port {number} has no device name: {naming} naming has names for ports 1 to {}",
            naming.last_port()
        ));
    }
    let digits = mac.digits();
    let tail = digits.get(2..).unwrap_or_default();
    let index = number - 1;
    let name = match (naming, base) {
        (Naming::Vgc, Some(base)) => format!("{base}{number:02}"),
        (Naming::Vgc, None) => format!("VGC{tail}{number:02}"),
        (Naming::An, Some(base)) => format!("{base}{:03X}", 0x400 + index),
        (Naming::An, None) => format!("AN{tail}{:03X}", 0x400 + index),
        (Naming::Sep, Some(base)) => format!("{base}{index:02X}"),
        (Naming::Sep, None) if number == 1 => format!("SEP{digits}"),
        (Naming::Sep, None) => format!("SEP{tail}{index:02X}"),
    };
    DeviceName::new(&name).map_err(|e| format!("the device name {name} of port {number} {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([0x00, 0x11, 0x22, 0x33, 0xAA, 0x0F]);

    fn name(naming: Naming, base: Option<&str>, port: u16) -> String {
        device_name(naming, MAC, base, PortId(port)).map_or_else(|e| e, |n| n.to_string())
    }

    #[test]
    fn names_are_those_of_the_gateways_they_follow() {
        assert_eq!(name(Naming::Vgc, None, 1), "VGC112233AA0F01");
        assert_eq!(name(Naming::Vgc, None, 48), "VGC112233AA0F48");
        assert_eq!(name(Naming::An, None, 1), "AN112233AA0F400");
        assert_eq!(name(Naming::An, None, 24), "AN112233AA0F417");
        assert_eq!(name(Naming::Sep, None, 1), "SEP00112233AA0F");
        assert_eq!(name(Naming::Sep, None, 2), "SEP112233AA0F01");
        assert_eq!(name(Naming::Vgc, Some("LOBBY"), 7), "LOBBY07");
        assert!(name(Naming::Vgc, None, 100).contains("ports 1 to 99"));
        assert!(name(Naming::Vgc, None, 0).contains("no device name"));
        assert!(name(Naming::Vgc, Some("FOURTEENLETTER"), 1).contains("16 characters"));
    }

    #[test]
    fn every_port_of_a_naming_has_its_own_name_of_at_most_fifteen_characters() {
        for naming in [Naming::Vgc, Naming::An, Naming::Sep] {
            let names: std::collections::BTreeSet<String> = (1..=naming.last_port())
                .map(|port| name(naming, None, port))
                .collect();
            assert_eq!(names.len(), usize::from(naming.last_port()));
            assert!(names.iter().all(|n| n.len() == 15), "{naming}");
        }
    }

    #[test]
    fn a_mac_is_twelve_hex_digits_however_written() {
        for text in [
            "00112233aa0f",
            "00:11:22:33:AA:0F",
            "00-11-22-33-aa-0f",
            "0011.2233.aa0f",
        ] {
            assert_eq!(Mac::parse(text), Some(MAC), "{text}");
        }
        for text in [
            "",
            "00:11:22:33:aa",
            "00:11:22:33:aa:0g",
            "00112233aa0f00",
            "é0112233aa0f",
        ] {
            assert_eq!(Mac::parse(text), None, "{text}");
        }
    }
}
