//! Text on the wire. CallManager writes the Windows code page of its locale below version 17 and UTF-8 from there on;
//! chan_skinny writes UTF-8 at every version. Phrases of the phone's own table may stand in both.
//!
//! A phrase is the byte 0x80 and an index byte. As text it is U+0080 followed by the index character, in both directions.

/// From this version on names and prompts are UTF-8.
const UTF8_FROM: u8 = 17;

/// The character that stands for the phrase byte.
pub(in crate::sccp) const PHRASE: char = '\u{80}';

/// What Windows-1252 has where Latin-1 has control characters; 0x80, its euro sign, is the phrase byte here.
const WINDOWS_1252: [char; 32] = [
    PHRASE, '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// Up to the first NUL. UTF-8 is recognised by its form, which a name in a code page hardly ever has. What is none is read as
/// Windows-1252: the whole text below version 17, the bytes concerned from there on.
pub(super) fn decode(bytes: &[u8], version: u8) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let bytes = &bytes[..end];
    match utf8(bytes) {
        Some(text) => text.to_owned(),
        None if version < UTF8_FROM => bytes.iter().copied().map(windows_1252).collect(),
        None => {
            let mut out = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                out.extend(chunk.invalid().iter().copied().map(windows_1252));
            }
            out
        }
    }
}

/// The text if it is UTF-8. A field that ends within a character was too short for the text: the rest of the character
/// is left out. After nothing but ASCII such an end is a letter of a code page.
fn utf8(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(e) if e.error_len().is_none() => {
            let whole = std::str::from_utf8(bytes.get(..e.valid_up_to())?).ok()?;
            (!whole.is_ascii()).then_some(whole)
        }
        Err(_) => None,
    }
}

fn windows_1252(byte: u8) -> char {
    byte.checked_sub(0x80)
        .and_then(|at| WINDOWS_1252.get(usize::from(at)).copied())
        .unwrap_or(char::from(byte))
}

/// At most `max` bytes, cut between characters; NUL is left out. Below version 17 in Windows-1252, or, when that cannot
/// say it or would be read as something else, in UTF-8, as chan_skinny does.
pub(super) fn encode(text: &str, version: u8, max: usize) -> Vec<u8> {
    if version >= UTF8_FROM {
        return encode_utf8(text, max, true);
    }
    let narrow: String = text.chars().filter(|&c| c != '\0').take(max).collect();
    in_code_page(&narrow).unwrap_or_else(|| {
        let wide = encode_utf8(text, max, false);
        // Cut, it may fit after all.
        let whole = std::str::from_utf8(&wide).ok();
        whole.and_then(in_code_page).unwrap_or(wide)
    })
}

fn encode_utf8(text: &str, max: usize, with_phrases: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().min(max));
    for c in text.chars().filter(|&c| c != '\0') {
        let mut buffer = [0; 4];
        let bytes = if with_phrases && c == PHRASE {
            buffer[0] = 0x80;
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

/// The text in Windows-1252, one byte for each character, if that code page has them all.
pub fn windows_1252_bytes(text: &str) -> Option<Vec<u8>> {
    let byte = |c: char| match u8::try_from(c) {
        Ok(byte) if windows_1252(byte) == c => Some(byte),
        _ => (0x80..=0x9F).find(|&byte| windows_1252(byte) == c),
    };
    text.chars().map(byte).collect()
}

/// The same, unless it is taken for UTF-8.
fn in_code_page(text: &str) -> Option<Vec<u8>> {
    let bytes = windows_1252_bytes(text)?;
    let same = utf8(&bytes).is_none_or(|read| read == text);
    same.then_some(bytes)
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
        assert_eq!(encode("Šime", 3, 40), b"\x8Aime");
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
        assert_eq!(decode(b"Zo\xC3\xAB B\xC3\x20", 17), "Zoë BÃ ");
    }

    #[test]
    fn utf8_is_read_as_such_whatever_the_version() {
        let name = b"J\xC3\xBCrgen Gr\xC3\xB6\xC3\x9Fe";
        for version in [3, 11, 17, 22] {
            assert_eq!(decode(name, version), "Jürgen Größe", "{version}");
            assert_eq!(decode(b"\xE6\x9D\x8E", version), "李", "{version}");
        }
    }

    #[test]
    fn utf8_that_the_field_was_too_short_for_loses_half_a_character_and_no_more() {
        for version in [3, 22] {
            assert_eq!(decode(b"Gr\xC3\xB6\xC3", version), "Grö", "{version}");
        }
        // Not to be taken for that: a name in a code page that ends in an accent.
        assert_eq!(decode(b"Ren\xE9", 3), "René");
        assert_eq!(decode(b"Jos\xE9 Ren\xE9", 3), "José René");
    }

    #[test]
    fn what_is_no_utf8_is_windows_1252() {
        assert_eq!(decode(b"\x8Aime\x9A \x84x\x93", 3), "Šimeš „x“");
        assert_eq!(decode(b"J\xF6rg M\xFC\xDFig", 3), "Jörg Müßig");
        // One letter for each byte, none lost.
        let all: Vec<u8> = (1..=255).collect();
        assert_eq!(decode(&all, 3).chars().count(), 255);
    }

    #[test]
    fn below_17_what_no_code_page_has_goes_as_utf8() {
        for text in ["Ωa", "李", "Łukasz", "Ã¼", "éé Ã¼"] {
            assert_eq!(decode(&encode(text, 3, 40), 3), text);
        }
        assert_eq!(encode("Ωa", 3, 40), "Ωa".as_bytes());
        // What did not fit is no reason for it.
        assert_eq!(encode("éaΩ", 3, 4), b"\xE9a");
        assert_eq!(encode("Ωé", 3, 3), "Ω".as_bytes());
    }

    #[test]
    fn text_is_cut_between_characters_and_loses_its_nul() {
        assert_eq!(encode("aéé", 17, 4), b"a\xC3\xA9");
        assert_eq!(encode("a\0b", 3, 4), b"ab");
    }
}
