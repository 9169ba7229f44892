//! Text on the wire. CallManager writes the Windows code page of the device's locale below version 17 and UTF-8 from there on;
//! chan_skinny writes UTF-8 at every version. Phrases of the phone's own table may stand in both.
//!
//! A phrase is the byte 0x80 and an index byte. As text it is U+0080 followed by the index character, in both directions.

use encoding_rs::Encoding;

use crate::types::CodePage;

/// From this version on names and prompts are UTF-8.
const UTF8_FROM: u8 = 17;

/// The character that stands for the phrase byte.
pub(in crate::sccp) const PHRASE: char = '\u{80}';

/// Up to the first NUL. UTF-8 is recognised by its form, which a name in a code page of one byte a character hardly ever has.
/// What is none is read in the code page: the whole text below version 17, the bytes concerned from there on. Below 17 a code
/// page of two bytes a character goes first: short names in it do look like UTF-8.
pub(super) fn decode(bytes: &[u8], version: u8, page: CodePage) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let bytes = &bytes[..end];
    if version < UTF8_FROM
        && wide(page)
        && let (text, true) = in_page(bytes, page)
    {
        return text;
    }
    match utf8(bytes) {
        Some(text) => text.to_owned(),
        None if version < UTF8_FROM => in_page(bytes, page).0,
        None => {
            let mut out = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                out.push_str(&in_page(chunk.invalid(), page).0);
            }
            out
        }
    }
}

/// Bytes of a code page as text, and whether all of them are characters there. What is none becomes U+FFFD. The byte 0x80
/// is that of a phrase, whatever the code page has there: the euro sign in most.
fn in_page(bytes: &[u8], page: CodePage) -> (String, bool) {
    let encoding = encoding(page);
    let (mut out, mut whole) = (String::with_capacity(bytes.len()), true);
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = phrase_at(rest, page);
        let (text, bad) = encoding.decode_without_bom_handling(&rest[..end]);
        out.push_str(&text);
        whole &= !bad;
        rest = &rest[end..];
        if !rest.is_empty() {
            out.push(PHRASE);
            // The index of the phrase is a number.
            out.extend(rest.get(1).map(|index| char::from(*index)));
            rest = rest.get(2..).unwrap_or_default();
        }
    }
    (out, whole)
}

/// Where the first phrase byte is that is not the second byte of a character; the length without one.
fn phrase_at(bytes: &[u8], page: CodePage) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            0x80 => return at,
            0x81..=0xFE if wide(page) && !(page == CodePage::ShiftJis && half_width(byte)) => 2,
            _ => 1,
        };
    }
    bytes.len()
}

/// Two bytes for most characters.
fn wide(page: CodePage) -> bool {
    matches!(
        page,
        CodePage::ShiftJis | CodePage::Gbk | CodePage::EucKr | CodePage::Big5
    )
}

/// The half-width katakana of Shift-JIS, one byte each.
fn half_width(byte: u8) -> bool {
    (0xA0..=0xDF).contains(&byte)
}

fn encoding(page: CodePage) -> &'static Encoding {
    match page {
        CodePage::Windows1252 => encoding_rs::WINDOWS_1252,
        CodePage::Windows1250 => encoding_rs::WINDOWS_1250,
        CodePage::Windows1251 => encoding_rs::WINDOWS_1251,
        CodePage::Windows1253 => encoding_rs::WINDOWS_1253,
        CodePage::Windows1254 => encoding_rs::WINDOWS_1254,
        CodePage::Windows1255 => encoding_rs::WINDOWS_1255,
        CodePage::Windows1256 => encoding_rs::WINDOWS_1256,
        CodePage::Windows1257 => encoding_rs::WINDOWS_1257,
        CodePage::Windows1258 => encoding_rs::WINDOWS_1258,
        CodePage::Windows874 => encoding_rs::WINDOWS_874,
        CodePage::ShiftJis => encoding_rs::SHIFT_JIS,
        CodePage::Gbk => encoding_rs::GBK,
        CodePage::EucKr => encoding_rs::EUC_KR,
        CodePage::Big5 => encoding_rs::BIG5,
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

/// The text in Windows-1252, one byte for each character, if that code page has them all. A phrase byte stays one.
pub fn windows_1252_bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    // The index behind a phrase byte is a number, not a character of the code page.
    let mut index = false;
    for c in text.chars() {
        match u8::try_from(c) {
            Ok(byte) if c.is_ascii() || c == PHRASE || index => out.push(byte),
            _ => {
                let mut buffer = [0; 4];
                let (bytes, _, bad) = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
                if bad {
                    return None;
                }
                // The euro sign has the place of the phrase byte.
                if bytes.first() == Some(&0x80) {
                    return None;
                }
                out.extend_from_slice(&bytes);
            }
        }
        index = c == PHRASE && !index;
    }
    Some(out)
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

    fn decode(bytes: &[u8], version: u8) -> String {
        super::decode(bytes, version, CodePage::Windows1252)
    }

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

    #[test]
    fn a_name_in_the_code_page_of_the_locale_below_17() {
        use CodePage::*;
        let names: [(CodePage, &[u8], &str); 9] = [
            (Windows1251, b"\xCF\xF0\xE8\xE2\xE5\xF2", "Привет"),
            (Windows1250, b"\xA3ukasz \xAFak", "Łukasz Żak"),
            (Windows1253, b"\xC3\xE9\xFE\xF1\xE3\xEF\xF2", "Γιώργος"),
            (Windows1254, b"\xD6zg\xFCr Y\xFDld\xFDz", "Özgür Yıldız"),
            (Windows1255, b"\xE3\xE5\xE3", "דוד"),
            (ShiftJis, b"\x8E\x52\x93\x63 \xD4\xCF\xC0\xDE", "山田 ﾔﾏﾀﾞ"),
            (Gbk, b"\xC1\xAA\xCD\xA8", "联通"),
            (EucKr, b"\xB1\xE8\xC3\xB6\xBC\xF6", "김철수"),
            (Big5, b"\xB3\xAF\xA4\x70\xA9\xFA", "陳小明"),
        ];
        for (page, bytes, name) in names {
            assert_eq!(super::decode(bytes, 3, page), name, "{page:?}");
        }
    }

    #[test]
    fn utf8_goes_before_the_code_page_from_17_on_and_where_a_character_is_one_byte() {
        assert_eq!(
            super::decode("Привет".as_bytes(), 3, CodePage::Windows1251),
            "Привет"
        );
        for page in CodePage::ALL {
            let utf8 = "Zoë 联通".as_bytes();
            assert_eq!(super::decode(utf8, 17, *page), "Zoë 联通", "{page:?}");
        }
        assert_eq!(
            super::decode(b"A \xCF\xF0\xE8", 17, CodePage::Windows1251),
            "A При"
        );
    }

    #[test]
    fn a_phrase_is_found_in_every_code_page_and_in_no_half_of_a_character() {
        for page in CodePage::ALL {
            assert_eq!(
                super::decode(b"\x80\x17 12", 3, *page),
                "\u{80}\u{17} 12",
                "{page:?}"
            );
            assert_eq!(
                super::decode(b"\x80\xD1", 3, *page),
                "\u{80}\u{d1}",
                "{page:?}"
            );
            assert_eq!(super::decode(b"\x80", 3, *page), "\u{80}", "{page:?}");
        }
        // 0x80 as the second byte of a character.
        assert_eq!(super::decode(b"\x81\x80", 3, CodePage::Gbk), "亐");
        assert_eq!(super::decode(b"\x81\x80", 3, CodePage::ShiftJis), "÷");
    }

    #[test]
    fn whatever_comes_is_read_to_its_end_and_a_byte_of_a_narrow_page_is_a_character() {
        for page in CodePage::ALL {
            for version in [3, 22] {
                for first in 1..=255u8 {
                    for tail in [&b""[..], b"x", b"\xFF", b"\x80"] {
                        let bytes = [&[first][..], tail].concat();
                        let text = super::decode(&bytes, version, *page);
                        assert!(!text.is_empty());
                        if !wide(*page) && std::str::from_utf8(&bytes).is_err() {
                            assert_eq!(text.chars().count(), bytes.len(), "{page:?} {bytes:x?}");
                        }
                    }
                }
            }
        }
    }
}
