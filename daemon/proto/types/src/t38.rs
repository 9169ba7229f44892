//! What an Internet facsimile packet (IFP, ITU-T T.38) says, however it is coded.
//!
//! The relay between line and network ([`Ifp`] in, [`Ifp`] out) and the coder of the packets meet here. A packet has a
//! fixed place for its octets, so that the line thread can make and keep packets without allocating.

/// What the far line carries now, without data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indicator {
    /// Silence.
    NoSignal,
    /// The calling tone of a fax machine, 1100 Hz.
    Cng,
    /// The answer tone of a fax machine, 2100 Hz.
    Ced,
    /// Flags of V.21 channel 2.
    V21Preamble,
    /// Training of a fast modem.
    Training(Fast),
    /// ANSam of V.8 (version 3).
    AnsAm,
    /// Another signal of version 3 (V.8, V.34, V.33), by its number there: 1 to 6.
    Other(u8),
}

/// A fast modem and its rate. V.17 trains in two lengths: it matters in an indicator alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fast {
    /// V.27ter at 2400 bit/s.
    V27ter2400,
    /// V.27ter at 4800 bit/s.
    V27ter4800,
    /// V.29 at 7200 bit/s.
    V29At7200,
    /// V.29 at 9600 bit/s.
    V29At9600,
    /// V.17 with short training.
    V17Short(V17Rate),
    /// V.17 with long training.
    V17Long(V17Rate),
}

/// Rates of V.17.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum V17Rate {
    /// 7200 bit/s.
    R7200,
    /// 9600 bit/s.
    R9600,
    /// 12,000 bit/s.
    R12000,
    /// 14,400 bit/s.
    R14400,
}

impl Fast {
    /// Its rate, bit/s.
    pub fn rate(self) -> u32 {
        match self {
            Self::V27ter2400 => 2400,
            Self::V27ter4800 => 4800,
            Self::V29At7200 => 7200,
            Self::V29At9600 => 9600,
            Self::V17Short(rate) | Self::V17Long(rate) => match rate {
                V17Rate::R7200 => 7200,
                V17Rate::R9600 => 9600,
                V17Rate::R12000 => 12_000,
                V17Rate::R14400 => 14_400,
            },
        }
    }
}

/// With which modem the data of a packet came over the far line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// V.21 channel 2, 300 bit/s: the T.30 frames.
    V21,
    /// A fast modem; of V.17 always the `V17Short` or `V17Long` that was used last, data do not say which.
    Fast(Fast),
    /// A type of version 3 (V.8, V.34, V.33), by its number there: 0 to 5.
    Other(u8),
}

/// What the octets of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Octets of an HDLC frame, as they stand in it, without stuffing and check sequence.
    HdlcData,
    /// The HDLC carrier ended.
    HdlcSigEnd,
    /// The frame ends, its check sequence was right.
    HdlcFcsOk,
    /// The frame ends, its check sequence was wrong.
    HdlcFcsBad,
    /// As `HdlcFcsOk`, and the carrier ended.
    HdlcFcsOkSigEnd,
    /// As `HdlcFcsBad`, and the carrier ended.
    HdlcFcsBadSigEnd,
    /// Bits of a page or a training check without error correction.
    T4Data,
    /// The carrier of them ended (its last octets may be in the field).
    T4SigEnd,
    /// A field of version 3 (CM, JM, CI, the rate of V.34), by its number there: 0 to 3.
    Other(u8),
}

/// A field of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// What it is.
    pub kind: FieldKind,
    /// Its octets, the bit that was first on the line lowest; the coder turns them for the wire.
    pub octets: &'a [u8],
}

/// Octets that a packet has place for: 60 ms at 14,400 bit/s and room for fields.
pub const IFP_OCTETS: usize = 160;
/// Fields that a packet has place for.
pub const IFP_FIELDS: usize = 12;

/// One packet: an indicator, or data in fields.
#[derive(Clone, PartialEq, Eq)]
pub struct Ifp {
    what: What,
    fields: [(FieldKind, u16); IFP_FIELDS],
    count: u8,
    octets: [u8; IFP_OCTETS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Indicator(Indicator),
    Data(Carrier),
}

/// A field did not fit into a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Ifp {
    /// A packet that is an indicator.
    pub fn indicator(indicator: Indicator) -> Self {
        Self::new(What::Indicator(indicator))
    }

    /// A packet with data of this carrier, without a field as yet.
    pub fn data(carrier: Carrier) -> Self {
        Self::new(What::Data(carrier))
    }

    fn new(what: What) -> Self {
        Self {
            what,
            fields: [(FieldKind::HdlcData, 0); IFP_FIELDS],
            count: 0,
            octets: [0; IFP_OCTETS],
        }
    }

    /// Adds a field.
    ///
    /// # Errors
    /// [`Full`] when there is no place for it, or the packet is an indicator; the packet is as before.
    pub fn push(&mut self, kind: FieldKind, octets: &[u8]) -> Result<(), Full> {
        let used = self.used();
        let end = used + octets.len();
        let fits = end <= IFP_OCTETS && usize::from(self.count) < IFP_FIELDS;
        let length = u16::try_from(octets.len()).map_err(|_| Full)?;
        if !fits || matches!(self.what, What::Indicator(_)) {
            return Err(Full);
        }
        self.octets[used..end].copy_from_slice(octets);
        self.fields[usize::from(self.count)] = (kind, length);
        self.count += 1;
        Ok(())
    }

    /// The indicator, when it is one.
    pub fn as_indicator(&self) -> Option<Indicator> {
        match self.what {
            What::Indicator(indicator) => Some(indicator),
            What::Data(_) => None,
        }
    }

    /// With which modem the data came, when it carries data.
    pub fn carrier(&self) -> Option<Carrier> {
        match self.what {
            What::Indicator(_) => None,
            What::Data(carrier) => Some(carrier),
        }
    }

    /// The same data under another carrier; an indicator stays what it is.
    #[must_use]
    pub fn with_carrier(mut self, carrier: Carrier) -> Self {
        if let What::Data(before) = &mut self.what {
            *before = carrier;
        }
        self
    }

    /// Its fields in order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields[..usize::from(self.count)]
            .iter()
            .scan(0, |at, &(kind, length)| {
                let begin = *at;
                *at += usize::from(length);
                Some(Field {
                    kind,
                    octets: &self.octets[begin..*at],
                })
            })
    }

    /// Octets of its fields.
    pub fn used(&self) -> usize {
        self.fields[..usize::from(self.count)]
            .iter()
            .map(|&(_, length)| usize::from(length))
            .sum()
    }
}

impl std::fmt::Debug for Ifp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.what {
            What::Indicator(indicator) => write!(f, "Ifp({indicator:?})"),
            What::Data(carrier) => {
                write!(f, "Ifp({carrier:?}")?;
                for field in self.fields() {
                    write!(f, " {:?}:{:02x?}", field.kind, field.octets)?;
                }
                write!(f, ")")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_in_order_and_a_full_packet_is_left_as_it_was() {
        let mut ifp = Ifp::data(Carrier::V21);
        ifp.push(FieldKind::HdlcData, &[0xff, 0x03]).unwrap();
        ifp.push(FieldKind::HdlcFcsOk, &[]).unwrap();
        let before = ifp.clone();
        assert_eq!(ifp.push(FieldKind::T4Data, &[0; IFP_OCTETS]), Err(Full));
        assert_eq!(ifp, before);
        let fields: Vec<_> = ifp.fields().map(|f| (f.kind, f.octets.to_vec())).collect();
        assert_eq!(
            fields,
            [
                (FieldKind::HdlcData, vec![0xff, 0x03]),
                (FieldKind::HdlcFcsOk, vec![])
            ]
        );
    }

    #[test]
    fn an_indicator_has_no_fields() {
        let mut ifp = Ifp::indicator(Indicator::Training(Fast::V29At9600));
        assert_eq!(ifp.push(FieldKind::T4Data, &[1]), Err(Full));
        assert_eq!(ifp.fields().count(), 0);
    }
}
