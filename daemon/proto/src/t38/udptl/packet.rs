//! One datagram, read and written.

/// Why a datagram is no UDPTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// It ends before its counts do.
    #[error("the UDPTL datagram ends before its parts do")]
    Short,
    /// Octets follow its last part.
    #[error("octets follow the UDPTL datagram's last part")]
    Trailing,
    /// A length that takes more than two octets, or a span of parity below zero.
    #[error("the UDPTL datagram has a length that UDPTL does not use")]
    Length,
    /// The packet in it is no T.38.
    #[error("the packet in the UDPTL datagram is no T.38: {0}")]
    Ifp(#[from] crate::t38::ifp::IfpError),
}

/// A datagram as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its sequence number.
    pub sequence: u16,
    /// The packet that it is for.
    pub primary: &'a [u8],
    /// What is in it of others.
    pub recovery: Recovery<'a>,
}

/// What helps when others are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery<'a> {
    /// The packets before, the last one first.
    Copies(Octets<'a>),
    /// Parity. Entry m of n covers the packets from `span · n - m` before this one on, each n-th, `span` of them.
    Parity {
        /// Packets that an entry covers.
        span: u16,
        /// The entries.
        entries: Octets<'a>,
    },
}

/// Several strings of octets, each behind its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Octets<'a> {
    count: usize,
    rest: &'a [u8],
}

impl<'a> Octets<'a> {
    /// Reads `count` of them again from what [`Octets::as_slice`] gave.
    pub(super) fn from_slice(count: usize, rest: &'a [u8]) -> Self {
        Self { count, rest }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.count
    }

    /// All of them with their lengths.
    pub(super) fn as_slice(&self) -> &'a [u8] {
        self.rest
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut left = self.rest;
        (0..self.count).map_while(move |_| open(&mut left).ok())
    }
}

impl<'a> Packet<'a> {
    /// Reads a datagram; what the packets in it say is not looked at.
    ///
    /// # Errors
    /// [`PacketError`]: no part of it is to be believed.
    pub fn parse(datagram: &'a [u8]) -> Result<Packet<'a>, PacketError> {
        let (sequence, mut left) = datagram
            .split_first_chunk::<2>()
            .ok_or(PacketError::Short)?;
        let primary = open(&mut left)?;
        let recovery = match octet(&mut left)? & 0x80 {
            0 => Recovery::Copies(octets(&mut left)?),
            _ => Recovery::Parity {
                span: integer(&mut left)?,
                entries: octets(&mut left)?,
            },
        };
        if !left.is_empty() {
            return Err(PacketError::Trailing);
        }
        Ok(Packet {
            sequence: u16::from_be_bytes(*sequence),
            primary,
            recovery,
        })
    }
}

fn octet(left: &mut &[u8]) -> Result<u8, PacketError> {
    let (first, rest) = left.split_first().ok_or(PacketError::Short)?;
    *left = rest;
    Ok(*first)
}

/// A length: one octet below 128, two below 16,384, and no fragments beyond.
fn length(left: &mut &[u8]) -> Result<usize, PacketError> {
    let first = usize::from(octet(left)?);
    match first {
        0..0x80 => Ok(first),
        0x80..0xC0 => Ok((first & 0x3F) << 8 | usize::from(octet(left)?)),
        _ => Err(PacketError::Length),
    }
}

fn open<'a>(left: &mut &'a [u8]) -> Result<&'a [u8], PacketError> {
    let length = length(left)?;
    let (octets, rest) = left.split_at_checked(length).ok_or(PacketError::Short)?;
    *left = rest;
    Ok(octets)
}

fn octets<'a>(left: &mut &'a [u8]) -> Result<Octets<'a>, PacketError> {
    let count = length(left)?;
    let begin = *left;
    for _ in 0..count {
        open(left)?;
    }
    Ok(Octets {
        count,
        rest: &begin[..begin.len() - left.len()],
    })
}

/// An integer of one or two octets that is not below zero.
fn integer(left: &mut &[u8]) -> Result<u16, PacketError> {
    match *open(left)? {
        [n @ 0..0x80] => Ok(u16::from(n)),
        [high @ 0..0x80, low] => Ok(u16::from_be_bytes([high, low])),
        _ => Err(PacketError::Length),
    }
}

/// What a string of this length takes.
pub(super) fn open_length(length: usize) -> usize {
    length + if length < 0x80 { 1 } else { 2 }
}

/// A datagram that is being written. The place is long enough: the sender has counted.
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { out, length: 0 }
    }

    pub(super) fn raw(&mut self, octets: &[u8]) {
        self.out[self.length..self.length + octets.len()].copy_from_slice(octets);
        self.length += octets.len();
    }

    pub(super) fn open(&mut self, octets: &[u8]) {
        let length = octets.len() as u16;
        if length < 0x80 {
            self.raw(&[length as u8]);
        } else {
            self.raw(&(length | 0x8000).to_be_bytes());
        }
        self.raw(octets);
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn copies(packet: &Packet<'_>) -> Vec<Vec<u8>> {
        let Recovery::Copies(copies) = packet.recovery else {
            panic!("parity");
        };
        copies.iter().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn copies_and_parity_are_read() {
        let datagram = [0, 9, 1, 6, 0, 2, 1, 4, 2, 0x40, 0];
        let packet = Packet::parse(&datagram).unwrap();
        assert_eq!((packet.sequence, packet.primary), (9, &[6][..]));
        assert_eq!(copies(&packet), [vec![4], vec![0x40, 0]]);

        let datagram = [0xFF, 0xFE, 1, 6, 0x80, 1, 3, 2, 1, 4, 2, 5, 6];
        let packet = Packet::parse(&datagram).unwrap();
        let Recovery::Parity { span, entries } = packet.recovery else {
            panic!("copies");
        };
        assert_eq!((packet.sequence, span, entries.count()), (0xFFFE, 3, 2));
        assert_eq!(entries.iter().collect::<Vec<_>>(), [&[4][..], &[5, 6]]);
    }

    #[test]
    fn a_long_packet_has_a_length_of_two_octets() {
        let mut out = [0; 400];
        let mut writer = Writer::new(&mut out);
        writer.raw(&[0, 1]);
        writer.open(&[7; 127]);
        writer.raw(&[0, 1]);
        writer.open(&[8; 128]);
        let length = writer.len();
        assert_eq!(length, 2 + open_length(127) + 2 + open_length(128));
        assert_eq!(open_length(128), 130);
        let packet = Packet::parse(&out[..length]).unwrap();
        assert_eq!(packet.primary, [7; 127]);
        assert_eq!(copies(&packet), [vec![8; 128]]);
    }

    #[test]
    fn what_is_no_datagram_is_refused() {
        use PacketError::{Length, Short, Trailing};
        let table: [(&[u8], PacketError); 9] = [
            (&[], Short),
            (&[0], Short),
            (&[0, 1, 2, 6], Short),
            (&[0, 1, 1, 6], Short),
            (&[0, 1, 1, 6, 0], Short),
            (&[0, 1, 1, 6, 0, 1], Short),
            (&[0, 1, 1, 6, 0, 0, 9], Trailing),
            (&[0, 1, 0xC1, 6, 0, 0], Length),
            (&[0, 1, 1, 6, 0x80, 3, 0, 0, 1, 0], Length),
        ];
        for (datagram, error) in table {
            assert_eq!(Packet::parse(datagram), Err(error), "{datagram:02x?}");
        }
    }

    proptest! {
        #[test]
        fn no_datagram_brings_the_reader_down(datagram in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = Packet::parse(&datagram) {
                let (Recovery::Copies(parts) | Recovery::Parity { entries: parts, .. }) = packet.recovery;
                prop_assert_eq!(parts.iter().count(), parts.count());
            }
        }
    }
}
