//! What machines can and have chosen: the bits of DIS, DTC and DCS (T.30 table 2), and their identities.

use crate::types::t38::{Fast, V17Rate};

/// The fast modems that a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modem {
    /// V.27ter, up to 4800 bit/s.
    V27ter,
    /// V.29 alone.
    V29,
    /// V.27ter and V.29, up to 9600 bit/s.
    V27terV29,
    /// And V.17, up to 14,400 bit/s.
    V17,
    /// A number that is reserved.
    Unknown(u8),
}

/// What a DIS or a DTC says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// V.8, so V.34.
    pub v8: bool,
    /// It has a document to fetch.
    pub can_send: bool,
    /// It can receive.
    pub can_receive: bool,
    /// Its modems.
    pub modem: Modem,
    /// 7.7 lines/mm.
    pub fine: bool,
    /// Two-dimensional coding (MR).
    pub two_dimensional: bool,
    /// Error correction.
    pub ecm: bool,
    /// MMR.
    pub mmr: bool,
}

/// What a DCS says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// Modem and rate; none: a number that is reserved.
    pub fast: Option<Fast>,
    /// 7.7 lines/mm.
    pub fine: bool,
    /// Two-dimensional coding (MR).
    pub two_dimensional: bool,
    /// Error correction.
    pub ecm: bool,
    /// MMR.
    pub mmr: bool,
    /// Shortest time of a line, ms.
    pub scan_ms: u8,
}

/// Bit `n` as T.30 counts them; those that were not sent are zero.
fn bit(field: &[u8], n: usize) -> bool {
    let octet = field.get((n - 1) / 8).copied().unwrap_or(0);
    octet >> ((n - 1) % 8) & 1 != 0
}

/// Bits from `n` on as a number, the first lowest.
fn number(field: &[u8], n: usize, count: usize) -> u8 {
    (0..count).fold(0, |all, k| all | u8::from(bit(field, n + k)) << k)
}

impl Capabilities {
    /// Of a DIS or a DTC.
    pub fn parse(field: &[u8]) -> Capabilities {
        Capabilities {
            v8: bit(field, 6),
            can_send: bit(field, 9),
            can_receive: bit(field, 10),
            modem: match number(field, 11, 4) {
                0 | 2 => Modem::V27ter,
                1 => Modem::V29,
                3 => Modem::V27terV29,
                0xB => Modem::V17,
                other => Modem::Unknown(other),
            },
            fine: bit(field, 15),
            two_dimensional: bit(field, 16),
            ecm: bit(field, 27),
            mmr: bit(field, 31),
        }
    }
}

impl Command {
    /// Of a DCS.
    pub fn parse(field: &[u8]) -> Command {
        let fast = match number(field, 11, 4) {
            0 => Some(Fast::V27ter2400),
            2 => Some(Fast::V27ter4800),
            1 => Some(Fast::V29At9600),
            3 => Some(Fast::V29At7200),
            8 => Some(Fast::V17Long(V17Rate::R14400)),
            0xA => Some(Fast::V17Long(V17Rate::R12000)),
            9 => Some(Fast::V17Long(V17Rate::R9600)),
            0xB => Some(Fast::V17Long(V17Rate::R7200)),
            _ => None,
        };
        Command {
            fast,
            fine: bit(field, 15),
            two_dimensional: bit(field, 16),
            ecm: bit(field, 27),
            mmr: bit(field, 31),
            scan_ms: match number(field, 21, 3) {
                1 => 5,
                2 => 10,
                4 => 40,
                7 => 0,
                _ => 20,
            },
        }
    }
}

/// Who a machine is (CSI, TSI, CIG): up to 20 characters, the last one is sent first.
pub fn identity(field: &[u8]) -> String {
    let shown = |octet: &u8| match *octet {
        octet @ b' '..=b'~' => char::from(octet),
        _ => '?',
    };
    let text: String = field.iter().take(20).rev().map(shown).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dis_and_a_dcs_are_read() {
        // Receives, V.17, fine, 2-D, ECM, MMR, and V.8.
        let dis = Capabilities::parse(&[0x20, 0xEE, 0xF8, 0x44]);
        let wanted = Capabilities {
            v8: true,
            can_send: false,
            can_receive: true,
            modem: Modem::V17,
            fine: true,
            two_dimensional: true,
            ecm: true,
            mmr: true,
        };
        assert_eq!(dis, wanted);
        let short = Capabilities::parse(&[0, 0x02]);
        assert_eq!((short.modem, short.ecm), (Modem::V27ter, false));
        let rates = [
            (0u8, 2400),
            (2, 4800),
            (1, 9600),
            (3, 7200),
            (8, 14_400),
            (0xA, 12_000),
            (9, 9600),
            (0xB, 7200),
        ];
        for (number, rate) in rates {
            let dcs = Command::parse(&[0, number << 2, 0x78, 0x04]);
            assert_eq!(dcs.fast.map(Fast::rate), Some(rate));
            assert_eq!((dcs.ecm, dcs.scan_ms), (true, 0));
        }
        assert_eq!(Command::parse(&[0, 0xF << 2]).fast, None);
        assert_eq!(Command::parse(&[]).scan_ms, 20);
    }

    #[test]
    fn identities_are_turned_and_cleaned() {
        let mut field = [b' '; 20];
        field[..9].copy_from_slice(b"3210 94+ ");
        assert_eq!(identity(&field), "+49 0123");
        assert_eq!(identity(&[0x1B, 0xFF, b'1']), "1??");
        assert_eq!(identity(&[]), "");
    }
}
