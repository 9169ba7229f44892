//! Numbers and names as servers write them, in the characters and lengths that caller ID carries.

use any_ascii::any_ascii;

/// Longest number and name (EN 300 659-3).
const MAX_NUMBER: usize = 20;
const MAX_NAME: usize = 50;

/// What a number may consist of on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Digits alone: DTMF, where the other keys are marks.
    Digits,
    /// Digits, `*` and `#`: GR-30.
    Keys,
    /// Those and a `+` in front, which European phones dial as their international prefix.
    International,
}

/// A number without what people put between its digits, cut to what caller ID carries; `None` when nothing is left.
/// `sip:5551234@host`, `tel:5551234;ext=12` and `5551234 x12` are 5551234: what follows is no part of the number.
pub(super) fn number(text: &str, alphabet: Alphabet) -> Option<String> {
    let text = any_ascii(text);
    let text = text.split(['@', ';', ',']).next().unwrap_or_default();
    let mut number = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => number.push(c),
            '*' | '#' if alphabet != Alphabet::Digits => number.push(c),
            '+' if alphabet == Alphabet::International && number.is_empty() => number.push(c),
            'x' | 'X' if !number.is_empty() && is_extension(text.get(at + 1..)) => break,
            _ => {}
        }
        if number.len() == MAX_NUMBER {
            break;
        }
    }
    number.contains(|c| c != '+').then_some(number)
}

/// What follows the x of `x12`, `ext. 12`.
fn is_extension(rest: Option<&str>) -> bool {
    rest.is_some_and(|rest| {
        rest.trim_start_matches(['t', 'T', '.', ':', ' '])
            .starts_with(|c: char| c.is_ascii_digit())
    })
}

/// A name in ASCII, cut to what caller ID carries; `None` when nothing is left.
pub(super) fn name(text: &str) -> Option<String> {
    let ascii = any_ascii(text);
    let words: Vec<&str> = ascii
        .split(|c: char| !c.is_ascii_graphic())
        .filter(|word| !word.is_empty())
        .collect();
    let mut name = words.join(" ");
    // ASCII: every byte is a character.
    name.truncate(MAX_NAME);
    name.truncate(name.trim_end().len());
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits_and_loses_what_is_between_them() {
        for (text, digits) in [
            ("+4681234567", "4681234567"),
            ("08-1234567", "081234567"),
            ("(555) 123-4567", "5551234567"),
            ("+1.555.123.4567", "15551234567"),
            ("0049/89 12 34", "0049891234"),
            ("sip:5551234@192.0.2.1", "5551234"),
            ("tel:+15551234;ext=12", "15551234"),
            ("5551234 x12", "5551234"),
            ("5551234 Ext. 12", "5551234"),
            ("\u{ff15}\u{ff16}", "56"),
            ("*67#5551234", "675551234"),
            ("12345678901234567890123", "12345678901234567890"),
            ("+12 345 678 901 234 567 890 123", "12345678901234567890"),
        ] {
            assert_eq!(
                number(text, Alphabet::Digits).as_deref(),
                Some(digits),
                "{text}"
            );
        }
        for nothing in [
            "",
            "+",
            "-",
            "alice@example.com",
            "Anonymous",
            "\u{80}\u{17}",
        ] {
            for alphabet in [Alphabet::Digits, Alphabet::Keys, Alphabet::International] {
                assert_eq!(number(nothing, alphabet), None, "{nothing:?}");
            }
        }
    }

    #[test]
    fn fsk_carries_the_other_keys_and_european_sets_a_plus() {
        assert_eq!(number("*67#1", Alphabet::Keys).unwrap(), "*67#1");
        assert_eq!(number("+49 89", Alphabet::Keys).unwrap(), "4989");
        assert_eq!(
            number("+49 89+1", Alphabet::International).unwrap(),
            "+49891"
        );
    }

    #[test]
    fn a_name_stays_readable_in_ascii() {
        for (text, ascii) in [
            ("J\u{f6}rg M\u{fc}\u{df}ig", "Jorg Mussig"),
            ("Bj\u{f8}rn \u{c5}str\u{f6}m", "Bjorn Astrom"),
            ("Ren\u{e9}e  L\u{e9}vy", "Renee Levy"),
            ("\u{418}\u{432}\u{430}\u{43d}", "Ivan"),
            (" Ada\t\u{1b}[31mB\r\n", "Ada [31mB"),
            ("\u{201e}Caf\u{e9}\u{201c}", "\"Cafe\""),
        ] {
            assert_eq!(name(text).as_deref(), Some(ascii), "{text:?}");
        }
        assert_eq!(name(" \u{1} "), None);
        let long = name(&"\u{fc}ber ".repeat(20)).unwrap();
        assert!(long.len() <= MAX_NAME && long.ends_with("uber"), "{long:?}");
    }
}
