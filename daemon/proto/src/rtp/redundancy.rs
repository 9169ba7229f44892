//! Redundant audio: a payload that carries earlier ones with it (RFC 2198).
//!
//! Each earlier block has four bytes of header (a set bit, its payload type, how far its timestamp lies back, its
//! length), the newest one byte (its payload type) and whatever is left of the payload.

/// Blocks of the past that one packet may carry; more is malformed.
pub const MAX_REDUNDANT: usize = 8;
/// Most that we send.
pub const MAX_SENT: usize = 2;
/// Bytes of the header of an earlier block, and of the newest one.
pub(super) const EARLIER_HEADER: usize = 4;
pub(super) const NEWEST_HEADER: usize = 1;
/// The fields have 14 and 10 bits.
const OFFSET_BITS: u32 = 14;
const LENGTH_BITS: u32 = 10;

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedundantBlock<'a> {
    /// Payload type.
    pub payload_type: u8,
    /// Samples by which its timestamp lies before the packet's.
    pub back: u16,
    /// Its payload.
    pub payload: &'a [u8],
}

/// A payload taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redundant<'a> {
    /// The headers of the earlier blocks, then their payloads.
    headers: &'a [u8],
    payloads: &'a [u8],
    /// The newest block: what the packet would be without redundancy.
    pub newest: RedundantBlock<'a>,
}

/// Why a payload is not of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedundantError {
    /// The headers or payloads they announce go beyond its end.
    #[error("redundant RTP payload of {actual} bytes, its headers announce {needed}")]
    Short {
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        actual: usize,
    },
    /// More blocks than anybody sends.
    #[error("redundant RTP payload of more than {MAX_REDUNDANT} earlier blocks")]
    Many,
}

impl<'a> Redundant<'a> {
    /// Reads a payload.
    pub fn parse(payload: &'a [u8]) -> Result<Redundant<'a>, RedundantError> {
        let short = |needed| RedundantError::Short {
            needed,
            actual: payload.len(),
        };
        let (mut headers, mut lengths) = (0, 0);
        let newest_type = loop {
            let rest = payload.get(headers..).unwrap_or(&[]);
            let first = *rest.first().ok_or(short(headers + NEWEST_HEADER))?;
            if first & 0x80 == 0 {
                break first;
            }
            if headers >= MAX_REDUNDANT * EARLIER_HEADER {
                return Err(RedundantError::Many);
            }
            let header = rest
                .first_chunk::<EARLIER_HEADER>()
                .ok_or(short(headers + EARLIER_HEADER + NEWEST_HEADER))?;
            lengths += fields(*header).2;
            headers += EARLIER_HEADER;
        };
        let start = headers + NEWEST_HEADER;
        let body = payload.get(start..).unwrap_or(&[]);
        let (payloads, newest) = body
            .split_at_checked(lengths)
            .ok_or(short(start + lengths))?;
        Ok(Redundant {
            headers: payload.get(..headers).unwrap_or(&[]),
            payloads,
            newest: RedundantBlock {
                payload_type: newest_type,
                back: 0,
                payload: newest,
            },
        })
    }

    /// The earlier blocks, as they stand: oldest first, usually.
    pub fn earlier(&self) -> impl Iterator<Item = RedundantBlock<'a>> + use<'a> {
        let mut rest = self.payloads;
        let (headers, _) = self.headers.as_chunks::<EARLIER_HEADER>();
        headers.iter().map(move |header| {
            let (payload_type, back, length) = fields(*header);
            let (payload, later) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = later;
            RedundantBlock {
                payload_type,
                back,
                payload,
            }
        })
    }
}

/// The header of an earlier block; `None` when it is too far back or too long for its fields, or empty.
pub(super) fn earlier_header(payload_type: u8, back: u32, length: usize) -> Option<[u8; 4]> {
    let length = u32::try_from(length).ok()?;
    if back >= 1 << OFFSET_BITS || length >= 1 << LENGTH_BITS || length == 0 {
        return None;
    }
    let word = 1 << 31
        | u32::from(payload_type & 0x7F) << (OFFSET_BITS + LENGTH_BITS)
        | back << LENGTH_BITS
        | length;
    Some(word.to_be_bytes())
}

/// Payload type, offset and length.
fn fields(header: [u8; EARLIER_HEADER]) -> (u8, u16, usize) {
    let word = u32::from_be_bytes(header);
    let back = word >> LENGTH_BITS & ((1 << OFFSET_BITS) - 1);
    let length = word & ((1 << LENGTH_BITS) - 1);
    (
        (word >> (OFFSET_BITS + LENGTH_BITS) & 0x7F) as u8,
        back as u16,
        length as usize,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fields_stand_where_the_rfc_draws_them() {
        // |1| PT 5 | offset 8 · 20 ms | length 14 | and the last byte |0| PT 7 |.
        let header = earlier_header(5, 160, 14).unwrap();
        assert_eq!(header, [0x85, 0x02, 0x80, 0x0E]);
        let mut payload = header.to_vec();
        payload.push(7);
        payload.extend([1; 14]);
        payload.extend([2; 3]);
        let parsed = Redundant::parse(&payload).unwrap();
        assert_eq!(
            parsed.newest,
            RedundantBlock {
                payload_type: 7,
                back: 0,
                payload: &[2; 3]
            }
        );
        let earlier: Vec<_> = parsed.earlier().collect();
        assert_eq!(
            earlier,
            [RedundantBlock {
                payload_type: 5,
                back: 160,
                payload: &[1; 14]
            }]
        );
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let short = |needed, actual| Err(RedundantError::Short { needed, actual });
        assert_eq!(Redundant::parse(&[]), short(1, 0));
        assert_eq!(Redundant::parse(&[0x80, 0, 0]), short(5, 3));
        assert_eq!(Redundant::parse(&[0x80, 0, 0, 2]), short(5, 4));
        assert_eq!(Redundant::parse(&[0x80, 0, 0, 2, 0, 9]), short(7, 6));
        let many = [0x80; 4 * (MAX_REDUNDANT + 1) + 1];
        assert_eq!(Redundant::parse(&many), Err(RedundantError::Many));
        assert!(
            Redundant::parse(&[0x80, 0, 0, 2, 0, 9, 9])
                .unwrap()
                .newest
                .payload
                .is_empty()
        );
    }

    #[test]
    fn what_does_not_fit_its_fields_is_not_written() {
        assert!(earlier_header(0, (1 << 14) - 1, 1023).is_some());
        assert_eq!(earlier_header(0, 1 << 14, 160), None);
        assert_eq!(earlier_header(0, 160, 1024), None);
        assert_eq!(earlier_header(0, 160, 0), None);
    }

    proptest! {
        #[test]
        fn no_payload_panics_and_its_blocks_are_all_of_it(
            bytes in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            if let Ok(parsed) = Redundant::parse(&bytes) {
                let blocks: Vec<_> = parsed.earlier().collect();
                let earlier: usize = blocks.iter().map(|b| b.payload.len()).sum();
                let all = blocks.len() * EARLIER_HEADER + NEWEST_HEADER + earlier;
                prop_assert_eq!(all + parsed.newest.payload.len(), bytes.len());
            }
        }
    }
}
