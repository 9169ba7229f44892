//! Phrases of the phone's own table: a CallManager sends the number, the phone shows the words in its language.

use crate::sccp::message::SoftKey;
use crate::sccp::wire::text::PHRASE;

/// Text of a phrase, by the character that stands for the byte after 0x80 (CallManager 4 to 8, chan-sccp's labels).
pub fn phrase(index: char) -> Option<&'static str> {
    Some(match u32::from(index) {
        // The labels of the soft keys stand in the order of their numbers.
        key @ 0x01..=0x12 => SoftKey(key).word()?,
        0x13 => "Your current options",
        0x14 => "Off hook",
        0x15 => "On hook",
        0x16 => "Ring out",
        0x17 => "From",
        0x18 => "Connected",
        0x19 => "Busy",
        0x1A => "Line in use",
        0x1B => "Call waiting",
        0x1C => "Call transfer",
        0x1D => "Call park",
        0x1E => "Call proceed",
        0x1F => "In use remote",
        0x20 => "Enter number",
        0x21 => "Call park at",
        0x22 => "Primary only",
        0x23 => "Temporary failure",
        0x24 => "Voicemail waiting",
        0x25 => "Forwarded to",
        0x26 => "Cannot complete conference",
        0x27 => "No conference bridge",
        0x28 => "Cannot hold primary control",
        0x29 => "Invalid conference participant",
        0x2A => "In conference already",
        0x2B => "No participant information",
        0x2C => "Too many participants",
        0x2D => "Key is not active",
        0x2E => "Error No License",
        0x2F => "Error DB Config",
        0x30 => "Error Database",
        0x31 => "Error Pass Limit",
        0x32 => "Error Unknown",
        0x33 => "Error Mismatch",
        0x34 => "Conference",
        0x35 => "Park number",
        0x36 => "Private",
        0x37 => "Not enough bandwidth",
        0x38 => "Unknown number",
        0x39 => "Remove last conference party",
        0x3A => "Voicemail",
        0x3B => "Immediate divert",
        0x3C => "Intercept",
        0x3D => "Set watch",
        0x3E => "Transfer to voicemail",
        0x3F => "Do not disturb",
        0x40 => "Divert all",
        0x41 => "CallBack",
        0x42 => "Network congestion, rerouting",
        0x43 => "Barge",
        0x44 | 0x45 => "Barge failed",
        0x46 => "Incompatible device",
        0x47 => "No park number available",
        0x48 => "Call park reversion",
        0x49 => "Service is not active",
        0x4A => "High traffic, try again later",
        0x4B => "QRT",
        0x4C => "MCID",
        0x4D => "Direct transfer",
        0x4E => "Select",
        0x4F => "Conference list",
        0x50 => "iDivert",
        0x51 => "cBarge",
        0x52 => "Cannot transfer",
        0x53 => "Cannot join",
        0x54 => "MCID successful",
        0x55 => "Number not configured",
        0x56 => "Security Error",
        0x57 => "Not enough bandwidth for video",
        0x58 => "Video mode",
        0x59 => "Maximum call duration",
        0x5A => "Maximum hold duration",
        0x5B => "Other pickup",
        0x5C => "Hunt group log",
        0x5D => "Logged out of hunt group",
        0x5E => "Park slot unavailable",
        0x5F => "No call for pickup",
        0x61 => "External transfer restricted",
        0x62 => "No line for pickup",
        _ => return None,
    })
}

/// The words at the beginning of `text`, behind the character that begins a phrase, and what follows them.
fn spelled(text: &str) -> (String, &str) {
    let mut chars = text.chars();
    let words = match chars.next() {
        None => "<phrase>".to_owned(),
        Some(index) => phrase(index).map_or_else(
            || format!("<phrase {:#04x}>", u32::from(index)),
            str::to_owned,
        ),
    };
    (words, chars.as_str())
}

/// A display text with the phrases of the phone's own table in words; everything else stays as it came.
pub fn phrases(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(PHRASE) {
        let (words, left) = spelled(after);
        out.push_str(before);
        out.push_str(&words);
        rest = left;
    }
    out + rest
}

/// A text of a server as a message about it quotes it: phrases in words, and no character that a terminal would obey.
pub fn quoted(text: &str) -> String {
    let text = phrases(text);
    let text = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c });
    text.filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_become_words() {
        assert_eq!(phrases("\u{80}\u{17} 1001"), "From 1001");
        assert_eq!(phrases("\u{80}\u{02}"), "new call");
        assert_eq!(phrases("\u{80}/"), "Error DB Config");
        assert_eq!(phrases("\u{80}\u{1B}: \u{80}4"), "Call waiting: Conference");
        assert_eq!(phrases("\u{80}\u{7F}"), "<phrase 0x7f>");
        assert_eq!(phrases("a\u{80}"), "a<phrase>");
        assert_eq!(phrases("\u{80}\u{80}/"), "<phrase 0x80>/");
    }

    #[test]
    fn a_quoted_text_has_no_control_character() {
        assert_eq!(quoted("\u{80}/ \u{7}x\r\n\u{9b}y"), "Error DB Config x  y");
        for index in (0..=0xFF).filter_map(char::from_u32) {
            let text: String = ['\u{80}', index].into_iter().collect();
            let text = quoted(&text);
            assert!(
                !text.is_empty() && !text.contains(char::is_control),
                "{text:?}"
            );
        }
    }
}
