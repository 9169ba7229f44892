//! Log lines without anything that a terminal would obey.
//!
//! Names and texts of servers and far ends are in log fields. One place lets no control character of theirs through,
//! whichever field it is in, and no line break that would begin a log line of its own.

use std::borrow::Cow;

use tipring_ctl::words::is_obeyed;

/// What a destination keeps of the characters that terminals obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The line break at the end.
    LineEnd,
    /// That, and escape sequences: the colours of a terminal.
    Colours,
    /// Line breaks anywhere: they part the fields of a datagram to the journal.
    Fields,
}

/// The line as it may be written.
pub(super) fn harmless(line: &[u8], keeps: Keeps) -> Cow<'_, [u8]> {
    let text = String::from_utf8_lossy(line);
    let body = text.trim_end_matches('\n');
    let obeyed = |c: char| match (c, keeps) {
        ('\n', Keeps::Fields) | ('\x1b', Keeps::Colours) => false,
        _ => is_obeyed(c),
    };
    if !body.contains(obeyed) {
        return Cow::Borrowed(line);
    }
    let end = &text[body.len()..];
    let mut clean: String = body
        .chars()
        .map(|c| if obeyed(c) { '\u{fffd}' } else { c })
        .collect();
    clean.push_str(end);
    Cow::Owned(clean.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &str, keeps: Keeps) -> String {
        String::from_utf8(harmless(line.as_bytes(), keeps).into_owned()).unwrap()
    }

    #[test]
    fn ordinary_lines_are_not_copied() {
        let line = "INFO Jürgen – שלום port=3\n".as_bytes();
        for keeps in [Keeps::LineEnd, Keeps::Colours, Keeps::Fields] {
            assert!(matches!(harmless(line, keeps), Cow::Borrowed(l) if l == line));
        }
    }

    #[test]
    fn controls_of_far_ends_are_replaced_in_every_destination() {
        for obeyed in ['\u{9b}', '\u{85}', '\x07', '\x7f', '\u{202e}', '\u{2067}'] {
            let line = format!("name=A{obeyed}B\n");
            for keeps in [Keeps::LineEnd, Keeps::Colours, Keeps::Fields] {
                assert_eq!(after(&line, keeps), "name=A\u{fffd}B\n", "{obeyed:?}");
            }
        }
    }

    #[test]
    fn a_line_break_inside_a_line_begins_no_other_one() {
        let line = "name=A\nERROR all lost\n";
        let one = "name=A\u{fffd}ERROR all lost\n";
        assert_eq!(after(line, Keeps::LineEnd), one);
        assert_eq!(after(line, Keeps::Colours), one);
        assert_eq!(after(line, Keeps::Fields), line);
    }

    #[test]
    fn colours_pass_where_they_are_wanted_only() {
        let line = "\x1b[32mINFO\x1b[0m up\n";
        assert_eq!(after(line, Keeps::Colours), line);
        assert_eq!(
            after(line, Keeps::LineEnd),
            "\u{fffd}[32mINFO\u{fffd}[0m up\n"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_written_all_the_same() {
        assert_eq!(&*harmless(b"a\xffb\n", Keeps::LineEnd), b"a\xffb\n");
    }
}
