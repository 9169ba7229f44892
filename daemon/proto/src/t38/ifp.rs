//! An Internet facsimile packet on the wire (ITU-T T.38 §7, Annex A; ASN.1 in aligned PER).
//!
//! There are two syntaxes. That of 1998 (version 0, what Cisco's gateways speak) has no room for later kinds of fields:
//! a field's type and whether it has octets are half an octet, so that two fields without octets share one. From
//! version 1 on there is an extension bit, and a type takes five bits. By the letter of PER the next field follows in the
//! next bit; much equipment begins an octet. We write the letter and read both: the zeros between show which it is.
//!
//! The bit that was first on the line is the lowest of an octet in an [`Ifp`](crate::types::t38::Ifp) and the highest of it on the
//! wire; the coder turns octets in both directions.
//!
//! Nothing here allocates.

mod read;
mod table;
#[cfg(test)]
mod tests;
mod write;

use crate::types::t38::{IFP_FIELDS, IFP_OCTETS};

pub use read::{Decoder, IfpError};
pub use write::{Unsayable, encode};

/// The longest packet on the wire that an [`Ifp`](crate::types::t38::Ifp) can be.
pub const MAX_IFP: usize = 3 + IFP_FIELDS * 4 + IFP_OCTETS;

/// The syntax of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// Of 1998: what both sides speak who agreed on nothing else.
    #[default]
    V0,
    /// Versions 1 to 3.
    Later,
}

impl Version {
    /// The syntax of a version by its number (`T38FaxVersion`).
    pub fn from_number(number: u8) -> Version {
        match number {
            0 => Version::V0,
            _ => Version::Later,
        }
    }
}
