//! Which of the two a datagram is on a port where RTP and UDPTL come.
//!
//! Fax relay after a switch by named events keeps the port of the voice, and late voice arrives among the first packets
//! of the fax. RTP begins with 80 to BF (version 2), UDPTL with the high octet of its sequence number, which begins near
//! zero. So the first octet decides, but for a relay that has come to 8000 and beyond (17 minutes of 30 ms packets).

use super::udptl::Packet;

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Voice, or a named event.
    Rtp,
    /// Fax relay.
    Udptl,
    /// Neither.
    Other,
}

/// A sequence number this far from the newest one belongs to the relay.
const NEAR: u16 = 64;

/// Which of the two it is. `newest`: the sequence number of the newest packet of the relay, when there is one.
pub fn kind(datagram: &[u8], newest: Option<u16>) -> Kind {
    let Some(&[first, second]) = datagram.first_chunk::<2>() else {
        return Kind::Other;
    };
    let sequence = u16::from_be_bytes([first, second]);
    let near = newest.is_some_and(|newest| {
        let ahead = sequence.wrapping_sub(newest);
        ahead.min(ahead.wrapping_neg()) <= NEAR
    });
    match first {
        0..=0x7F => Kind::Udptl,
        0x80..=0xBF if !near => Kind::Rtp,
        _ if Packet::parse(datagram).is_ok() => Kind::Udptl,
        0x80..=0xBF => Kind::Rtp,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Voice whose first two octets are a sequence number near the relay's.
    fn voice() -> Vec<u8> {
        let mut rtp = vec![0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7];
        rtp.extend([0xFF; 160]);
        rtp
    }

    fn fax(sequence: u16) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        vec![high, low, 1, 6, 0, 0]
    }

    #[test]
    fn the_first_octet_decides() {
        assert_eq!(kind(&voice(), None), Kind::Rtp);
        assert_eq!(kind(&fax(0), None), Kind::Udptl);
        assert_eq!(kind(&fax(0x7FFF), None), Kind::Udptl);
        assert_eq!(kind(&fax(0x8000), None), Kind::Rtp);
        assert_eq!(kind(&fax(0x8000), Some(3)), Kind::Rtp);
        assert_eq!(kind(&[0x80], None), Kind::Other);
        assert_eq!(kind(&[0xFF; 40], None), Kind::Other);
    }

    #[test]
    fn a_long_relay_goes_on_beyond_8000_and_late_voice_is_still_voice() {
        assert_eq!(kind(&fax(0x8000), Some(0x7FFF)), Kind::Udptl);
        assert_eq!(kind(&fax(0x7FF0), Some(0x8010)), Kind::Udptl);
        assert_eq!(kind(&voice(), Some(0x8001)), Kind::Rtp);
        assert_eq!(kind(&fax(0xC000), Some(0xBFFF)), Kind::Udptl);
    }
}
