//! A packet written.

use super::table::{Number, of_carrier, of_field, of_indicator};
use super::{MAX_IFP, Version};
use crate::t38::bits::Writer;
use crate::types::t38::Ifp;

/// The packet holds what the syntax has no number for: a value of version 3 in version 0, or one that no version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the packet has a value of T.38 version 3, this version has no number for it")]
pub struct Unsayable;

/// Writes a packet and says its length.
///
/// # Errors
/// [`Unsayable`]; what `out` holds then means nothing.
pub fn encode(ifp: &Ifp, version: Version, out: &mut [u8; MAX_IFP]) -> Result<usize, Unsayable> {
    let mut bits = Writer::new(out);
    if let Some(indicator) = ifp.as_indicator() {
        bits.put(0, 2);
        number(&mut bits, of_indicator(indicator), 4, version)?;
        return Ok(bits.len());
    }
    let count = ifp.fields().count() as u16;
    bits.put(u16::from(count > 0), 1);
    bits.put(1, 1);
    let carrier = ifp.carrier().ok_or(Unsayable)?;
    number(&mut bits, of_carrier(carrier), 4, version)?;
    bits.align();
    if count > 0 {
        bits.put(count, 8);
    }
    for field in ifp.fields() {
        bits.put(u16::from(!field.octets.is_empty()), 1);
        match (version, of_field(field.kind)) {
            (Version::V0, Number::Root(n)) => bits.put(n, 3),
            (Version::V0, Number::Extension(_)) => return Err(Unsayable),
            (Version::Later, n) => number(&mut bits, n, 3, version)?,
        }
        if let Some(last) = field.octets.len().checked_sub(1) {
            bits.align();
            bits.put(last as u16, 16);
            bits.octets(field.octets);
        }
    }
    Ok(bits.len())
}

/// An extensible enumeration whose root takes `width` bits.
fn number(
    bits: &mut Writer<'_>,
    number: Number,
    width: u32,
    version: Version,
) -> Result<(), Unsayable> {
    match (number, version) {
        (Number::Root(n), _) => {
            bits.put(0, 1);
            bits.put(n, width);
        }
        (Number::Extension(n), Version::Later) if n < 64 => {
            bits.put(0b10, 2);
            bits.put(n, 6);
        }
        (Number::Extension(_), _) => return Err(Unsayable),
    }
    Ok(())
}
