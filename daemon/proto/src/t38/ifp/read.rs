//! A packet read.

use super::table::{self, Number};
use super::{MAX_IFP, Version};
use crate::t38::bits::Reader;
use crate::types::t38::{Carrier, Fast, IFP_OCTETS, Ifp, Indicator};

/// Why octets are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IfpError {
    /// There is less than its counts say.
    #[error("the T.38 packet ends before its fields do")]
    Short,
    /// Octets follow.
    #[error("octets follow the T.38 packet")]
    Trailing,
    /// An indicator, carrier or field that this syntax does not have, or a bit that has to be zero is not.
    #[error("the T.38 packet has a value that T.38 does not know")]
    Unknown,
    /// An indicator with fields.
    #[error("the T.38 packet is an indicator and has data")]
    IndicatorWithData,
    /// More fields or octets than a packet has place for.
    #[error("the T.38 packet has more fields or octets than fax relay uses")]
    TooMuch,
}

/// Reads packets of one stream in their order: the length of V.17's training is known from the indicator alone.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    version: Version,
    short: bool,
}

/// May zeros follow?
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Exact,
    Padded,
}

impl Decoder {
    /// For packets of this syntax.
    pub fn new(version: Version) -> Decoder {
        Decoder {
            version,
            short: false,
        }
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// [`IfpError`]: it is refused as a whole.
    pub fn decode(&mut self, octets: &[u8]) -> Result<Ifp, IfpError> {
        let ifp = parse(octets, self.version, End::Exact)?;
        Ok(self.in_context(ifp))
    }

    /// Reads a packet that was won back from parity: zeros may follow it.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub(in crate::t38) fn decode_padded(&mut self, octets: &[u8]) -> Result<Ifp, IfpError> {
        let ifp = parse(octets, self.version, End::Padded)?;
        Ok(self.in_context(ifp))
    }

    fn in_context(&mut self, ifp: Ifp) -> Ifp {
        match (ifp.as_indicator(), ifp.carrier()) {
            (Some(Indicator::Training(fast)), _) => {
                self.short = matches!(fast, Fast::V17Short(_));
                ifp
            }
            (_, Some(Carrier::Fast(Fast::V17Long(rate)))) if self.short => {
                ifp.with_carrier(Carrier::Fast(Fast::V17Short(rate)))
            }
            _ => ifp,
        }
    }
}

fn parse(octets: &[u8], version: Version, end: End) -> Result<Ifp, IfpError> {
    if octets.len() > MAX_IFP {
        return Err(IfpError::TooMuch);
    }
    let mut bits = Reader::new(octets);
    let has_data = flag(&mut bits)?;
    let is_data = flag(&mut bits)?;
    let number = number(&mut bits, 4, version)?;
    if !bits.align() {
        return Err(IfpError::Unknown);
    }
    if !is_data {
        let indicator = table::indicator(number).ok_or(IfpError::Unknown)?;
        if has_data {
            return Err(IfpError::IndicatorWithData);
        }
        return finish(Ifp::indicator(indicator), &bits, end);
    }
    let carrier = table::carrier(number).ok_or(IfpError::Unknown)?;
    if !has_data {
        return finish(Ifp::data(carrier), &bits, end);
    }
    let fields = |align| self::fields(bits.clone(), carrier, version, align, end);
    match version {
        Version::V0 => fields(false),
        Version::Later => fields(true).or_else(|_| fields(false)),
    }
}

/// The fields after the type. `align`: each begins an octet.
fn fields(
    mut bits: Reader<'_>,
    carrier: Carrier,
    version: Version,
    align: bool,
    end: End,
) -> Result<Ifp, IfpError> {
    let mut ifp = Ifp::data(carrier);
    let count = bits.take(8).ok_or(IfpError::Short)?;
    for _ in 0..count {
        if align && !bits.align() {
            return Err(IfpError::Unknown);
        }
        let has_octets = flag(&mut bits)?;
        let number = match version {
            Version::V0 => Number::Root(bits.take(3).ok_or(IfpError::Short)?),
            Version::Later => number(&mut bits, 3, version)?,
        };
        // By the letter alone: otherwise ends of frames by the letter would look like these.
        if align && matches!(number, Number::Extension(_)) {
            return Err(IfpError::Unknown);
        }
        let kind = table::field(number).ok_or(IfpError::Unknown)?;
        let mut turned = [0; IFP_OCTETS];
        let mut length = 0;
        if has_octets {
            if !bits.align() {
                return Err(IfpError::Unknown);
            }
            length = usize::from(bits.take(16).ok_or(IfpError::Short)?) + 1;
            let octets = bits.octets(length).ok_or(IfpError::Short)?;
            let place = turned.get_mut(..length).ok_or(IfpError::TooMuch)?;
            place
                .iter_mut()
                .zip(octets)
                .for_each(|(to, from)| *to = from.reverse_bits());
        }
        ifp.push(kind, &turned[..length])
            .map_err(|_| IfpError::TooMuch)?;
    }
    if !bits.align() {
        return Err(IfpError::Unknown);
    }
    finish(ifp, &bits, end)
}

fn finish(ifp: Ifp, bits: &Reader<'_>, end: End) -> Result<Ifp, IfpError> {
    let rest = bits.rest();
    let ends = match end {
        End::Exact => rest.is_empty(),
        End::Padded => rest.iter().all(|octet| *octet == 0),
    };
    ends.then_some(ifp).ok_or(IfpError::Trailing)
}

fn flag(bits: &mut Reader<'_>) -> Result<bool, IfpError> {
    Ok(bits.take(1).ok_or(IfpError::Short)? == 1)
}

/// An extensible enumeration whose root takes `width` bits.
fn number(bits: &mut Reader<'_>, width: u32, version: Version) -> Result<Number, IfpError> {
    if !flag(bits)? {
        let n = bits.take(width).ok_or(IfpError::Short)?;
        return Ok(Number::Root(n));
    }
    // Version 0 has no extension, and no version a number that needs more than six bits.
    if version == Version::V0 || flag(bits)? {
        return Err(IfpError::Unknown);
    }
    Ok(Number::Extension(bits.take(6).ok_or(IfpError::Short)?))
}
