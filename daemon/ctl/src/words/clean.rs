//! Text of servers and far ends, made harmless.

/// A character that a terminal or an editor obeys and does not show: a control (C0, DEL, C1), or one that turns the
/// direction of writing around.
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        )
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Text from elsewhere, without anything that a terminal would obey.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if is_obeyed(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_of_all_kinds_are_replaced_and_letters_are_not() {
        for obeyed in [
            '\0', '\n', '\x1b', '\x7f', '\u{80}', '\u{9b}', '\u{9f}', '\u{200e}', '\u{202e}',
            '\u{2067}',
        ] {
            let text = format!("a{obeyed}b");
            assert_eq!(clean(&text), "a\u{fffd}b", "{obeyed:?}");
        }
        let name = "Jürgen Weiß \u{2013} שלום";
        assert_eq!(clean(name), name);
    }
}
