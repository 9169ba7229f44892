//! Numbers and names of callers as servers write them.

use crate::call::contract::Presented;
use crate::sccp::catalog::phrase;

/// The byte that begins a phrase of the phone's own table, as text; an index follows.
const PHRASE: char = '\u{80}';
/// "Private" and "Unknown number" in that table.
const PRIVATE: char = '\u{36}';
const UNKNOWN_NUMBER: char = '\u{38}';
/// "From", which stands before a caller and is no part of the name.
const FROM: char = '\u{17}';

/// Servers mark a withheld party by a restriction bit, by a word, by a phrase, or by nothing at all (chan_skinny:
/// then it cannot be distinguished from an unknown one).
pub(super) fn presented(text: &str, restricted: bool) -> Presented {
    if restricted {
        return Presented::Withheld;
    }
    let mut begin = text.trim().chars();
    match (begin.next(), begin.next()) {
        (Some(PHRASE), Some(PRIVATE)) => return Presented::Withheld,
        (Some(PHRASE), Some(UNKNOWN_NUMBER)) => return Presented::Unknown,
        _ => {}
    }
    let text = readable(text);
    match text.to_ascii_lowercase().as_str() {
        "" | "unknown" | "unavailable" => Presented::Unknown,
        "private" | "anonymous" | "withheld" | "restricted" => Presented::Withheld,
        _ => Presented::Text(text),
    }
}

/// The text with phrases in words, but without "From", and without what would move a terminal's cursor or turn its text around.
pub(super) fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            PHRASE => {
                let index = chars.next().filter(|index| *index != FROM);
                out.push_str(index.and_then(phrase).unwrap_or_default());
            }
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_phrases_for_a_withheld_party_are_understood() {
        for withheld in ["Private", " anonymous ", "\u{80}\u{36}", "\u{7}Restricted"] {
            assert_eq!(presented(withheld, false), Presented::Withheld);
        }
        for unknown in ["", " ", "Unknown", "\u{80}\u{38}", "\u{80}", "\u{1b}"] {
            assert_eq!(presented(unknown, false), Presented::Unknown);
        }
        assert_eq!(presented("Ada", true), Presented::Withheld);
    }

    #[test]
    fn a_name_is_shown_without_what_a_terminal_would_obey() {
        for (text, shown) in [
            ("Ada\u{1b}[2J", "Ada[2J"),
            ("Ada\r\nByron", "Ada  Byron"),
            ("\u{202e}adA\u{202c}", "adA"),
            ("\u{80}\u{17} Jürgen", "Jürgen"),
            ("Jürgen\u{9b}31m", "Jürgen31m"),
            ("\u{80}\u{34}", "Conference"),
            ("\u{80}\u{3A} 7", "Voicemail 7"),
            ("\u{80}\u{7F}Ada", "Ada"),
        ] {
            assert_eq!(presented(text, false), Presented::Text(shown.into()));
        }
    }
}
