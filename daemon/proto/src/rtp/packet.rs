//! One RTP packet, read and written (RFC 3550 §5.1, §5.3.1).

/// Bytes of a header without CSRC and extension: all that we send.
pub const HEADER_LEN: usize = 12;

/// Longest payload taken or sent: 60 ms of G.711. Longer ones are refused.
pub const MAX_PAYLOAD: usize = 480;

/// The fixed header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Start of a talkspurt, or first packet of a telephone-event.
    pub marker: bool,
    /// Payload type, 7 bits.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp of the first sample.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// The twelve bytes of this header: version 2, no padding, no extension, no CSRC.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [r0, r1, r2, r3] = self.ssrc.to_be_bytes();
        let second = (u8::from(self.marker) << 7) | (self.payload_type & 0x7F);
        [0x80, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3]
    }
}

/// A packet as it came: header fields and the payload without padding.
///
/// ```
/// use tipring_proto::rtp::{Packet, ParseError};
/// let mut datagram = vec![0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7]; // version 2, PCMU, sequence 1
/// datagram.extend([0xFF; 160]);
/// let packet = Packet::parse(&datagram).unwrap();
/// assert_eq!((packet.header.sequence, packet.payload.len()), (1, 160));
/// assert!(Packet::parse(&datagram[..5]).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The fixed header.
    pub header: Header,
    /// The payload, padding removed. May be empty.
    pub payload: &'a [u8],
}

/// Why a datagram is not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Shorter than its header, CSRC list or extension says.
    #[error("RTP packet of {actual} bytes, its header needs {needed}")]
    Short {
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        actual: usize,
    },
    /// Not version 2 (STUN, RTCP of old, noise).
    #[error("RTP version {0}, not 2")]
    Version(u8),
    /// The padding count is zero or longer than the payload.
    #[error("RTP padding of {padding} bytes in a payload of {payload}")]
    Padding {
        /// What the last byte says.
        padding: usize,
        /// Bytes after the header.
        payload: usize,
    },
}

impl<'a> Packet<'a> {
    /// Reads a datagram. CSRC list and header extension are skipped, padding is cut off.
    pub fn parse(datagram: &'a [u8]) -> Result<Packet<'a>, ParseError> {
        let short = |needed| ParseError::Short {
            needed,
            actual: datagram.len(),
        };
        let Some((fixed, mut rest)) = datagram.split_first_chunk::<HEADER_LEN>() else {
            return Err(short(HEADER_LEN));
        };
        let [first, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = *fixed;
        if first >> 6 != 2 {
            return Err(ParseError::Version(first >> 6));
        }
        let csrc = usize::from(first & 0x0F) * 4;
        rest = rest.get(csrc..).ok_or(short(HEADER_LEN + csrc))?;
        if first & 0x10 != 0 {
            let needed = HEADER_LEN + csrc + 4;
            let Some(([_, _, l0, l1], after)) = rest.split_first_chunk::<4>() else {
                return Err(short(needed));
            };
            let words = usize::from(u16::from_be_bytes([*l0, *l1])) * 4;
            rest = after.get(words..).ok_or(short(needed + words))?;
        }
        if first & 0x20 != 0 {
            let padding = rest.last().map_or(0, |n| usize::from(*n));
            let bad = ParseError::Padding {
                padding,
                payload: rest.len(),
            };
            if padding == 0 {
                return Err(bad);
            }
            let kept = rest.len().checked_sub(padding).ok_or(bad)?;
            rest = rest.get(..kept).ok_or(bad)?;
        }
        Ok(Packet {
            header: Header {
                marker: second & 0x80 != 0,
                payload_type: second & 0x7F,
                sequence: u16::from_be_bytes([s0, s1]),
                timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
                ssrc: u32::from_be_bytes([r0, r1, r2, r3]),
            },
            payload: rest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header = Header {
        marker: true,
        payload_type: 101,
        sequence: 0xFFFE,
        timestamp: 0xFFFF_FF60,
        ssrc: 0x1234_5678,
    };

    #[test]
    fn a_header_is_twelve_bytes_in_network_order() {
        assert_eq!(
            HEADER.to_bytes(),
            [
                0x80, 0xE5, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0x60, 0x12, 0x34, 0x56, 0x78
            ]
        );
    }

    #[test]
    fn csrc_extension_and_padding_are_not_payload() {
        let mut bytes = HEADER.to_bytes().to_vec();
        bytes[0] = 0x80 | 0x20 | 0x10 | 2;
        bytes.extend([1, 1, 1, 1, 2, 2, 2, 2]); // two CSRC
        bytes.extend([0xBE, 0xDE, 0, 1, 9, 9, 9, 9]); // extension of one word
        bytes.extend([7, 8, 0, 0, 3]); // payload 7 8, padding of three
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.header, HEADER);
        assert_eq!(packet.payload, [7, 8]);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let plain = HEADER.to_bytes();
        let with = |first: u8, tail: &[u8]| {
            let mut bytes = plain.to_vec();
            bytes[0] = first;
            bytes.extend(tail);
            Packet::parse(&bytes).map(|p| p.payload.len())
        };
        let short = |needed, actual| Err(ParseError::Short { needed, actual });
        assert_eq!(with(0x80, &[]), Ok(0));
        assert_eq!(
            Packet::parse(&plain[..11]).map(|p| p.payload.len()),
            short(12, 11)
        );
        assert_eq!(with(0x8F, &[0; 59]), short(72, 71));
        assert_eq!(with(0x90, &[0, 0, 0]), short(16, 15));
        assert_eq!(with(0x90, &[0, 0, 0xFF, 0xFF, 1]), short(16 + 262_140, 17));
        assert_eq!(with(0x40, &[]), Err(ParseError::Version(1)));
        let padding = |padding, payload| Err(ParseError::Padding { padding, payload });
        assert_eq!(with(0xA0, &[]), padding(0, 0));
        assert_eq!(with(0xA0, &[5, 0]), padding(0, 2));
        assert_eq!(with(0xA0, &[5, 3]), padding(3, 2));
        assert_eq!(with(0xA0, &[5, 2]), Ok(0));
    }

    proptest! {
        #[test]
        fn no_datagram_panics_and_the_payload_is_inside(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.payload.len() + HEADER_LEN <= bytes.len());
            }
        }

        #[test]
        fn what_is_written_is_read(marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32) {
            let header = Header { marker, payload_type, sequence, timestamp, ssrc };
            let bytes = header.to_bytes();
            prop_assert_eq!(Packet::parse(&bytes), Ok(Packet { header, payload: &[] }));
        }
    }
}
