//! Text on the wire: Latin-1 below version 17, UTF-8 from there on, phrases of the phone's own table in both.
//!
//! A phrase is the byte 0x80 and an index byte. As text it is U+0080 followed by the index character, in both directions.

/// From this version on names and prompts are UTF-8.
const UTF8_FROM: u8 = 17;

/// The character that stands for the phrase byte.
pub(in crate::sccp) const PHRASE: char = '\u{80}';

/// Up to the first NUL. Bytes that are no UTF-8 are read as Latin-1, so nothing is lost and a phrase byte survives.
pub(super) fn decode(bytes: &[u8], version: u8) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let bytes = &bytes[..end];
    if version < UTF8_FROM {
        return bytes.iter().map(|&b| char::from(b)).collect();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|&b| char::from(b)));
    }
    out
}

/// At most `max` bytes, cut between characters. NUL is left out; what Latin-1 cannot say becomes `?`.
pub(super) fn encode(text: &str, version: u8, max: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().min(max));
    for c in text.chars().filter(|&c| c != '\0') {
        let mut buffer = [0; 4];
        let bytes = if version < UTF8_FROM || c == PHRASE {
            buffer[0] = u8::try_from(c).unwrap_or(b'?');
            &buffer[..1]
        } else {
            c.encode_utf8(&mut buffer).as_bytes()
        };
        if out.len() + bytes.len() > max {
            break;
        }
        out.extend_from_slice(bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin1_below_17_and_utf8_from_17() {
        assert_eq!(encode("Zoë", 16, 40), b"Zo\xEB");
        assert_eq!(encode("Zoë", 17, 40), b"Zo\xC3\xAB");
        assert_eq!(decode(b"Zo\xEB\0x", 16), "Zoë");
        assert_eq!(decode(b"Zo\xC3\xAB", 17), "Zoë");
        assert_eq!(encode("Ωa", 3, 40), b"?a");
    }

    #[test]
    fn phrases_stay_two_bytes_at_every_version() {
        for version in [3, 22] {
            assert_eq!(decode(b"\x80\x17 12", version), "\u{80}\u{17} 12");
            assert_eq!(encode("\u{80}\u{17} 12", version, 40), b"\x80\x17 12");
        }
    }

    #[test]
    fn latin1_from_a_server_that_says_17_is_not_lost() {
        assert_eq!(decode(b"Zo\xEB B\xC3", 17), "Zoë BÃ");
    }

    #[test]
    fn text_is_cut_between_characters_and_loses_its_nul() {
        assert_eq!(encode("aéé", 17, 4), b"a\xC3\xA9");
        assert_eq!(encode("a\0b", 3, 4), b"ab");
    }
}
