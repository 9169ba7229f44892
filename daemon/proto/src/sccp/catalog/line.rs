//! One readable line per message: the name, then what it says.

use std::fmt::{self, Write as _};

use super::{client_name, readable, server_name};
use crate::sccp::message::{ClientMessage, ServerMessage};
use crate::types::{CallRef, LineInstance};

/// One readable line for a message from the station, dialled digits included (a trace is asked for explicitly).
pub fn describe_client(message: &ClientMessage) -> String {
    let id = message.id();
    let mut line = Line::new(client_name(id), id);
    message.describe(&mut line);
    line.0
}

/// One readable line for a message from the CallManager.
pub fn describe_server(message: &ServerMessage) -> String {
    // The old form's name at every version: which form it was is the wire's business.
    let id = message.id(0);
    let mut line = Line::new(server_name(id), id);
    message.describe(&mut line);
    line.0
}

/// A line as it grows: the name, a space, parts with commas between. The flag says that only the name is there yet.
pub(in crate::sccp) struct Line(String, bool);

impl Line {
    fn new(name: Option<&'static str>, id: u32) -> Line {
        match name {
            Some(name) => Line(name.to_owned(), true),
            None => Line(format!("message {id:04X}"), true),
        }
    }

    pub(in crate::sccp) fn add(&mut self, part: impl fmt::Display) -> &mut Line {
        self.0.push_str(if self.1 { " " } else { ", " });
        self.1 = false;
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{part}");
        self
    }

    pub(in crate::sccp) fn on(&mut self, line: LineInstance, call: CallRef) -> &mut Line {
        self.add(format_args!("line {}, ref {}", line.0, call.0))
    }

    pub(in crate::sccp) fn quoted(&mut self, name: &str, text: &str) -> &mut Line {
        self.add(format_args!("{name} \"{}\"", readable(text)))
    }

    pub(in crate::sccp) fn timeout(&mut self, seconds: u32) {
        if seconds != 0 {
            self.add(format_args!("for {seconds} s"));
        }
    }

    pub(in crate::sccp) fn raw(&mut self, body: &[u8]) {
        const SHOWN: usize = 32;
        self.add(format_args!("{} bytes", body.len()));
        if !body.is_empty() {
            let mut hex = String::new();
            for byte in body.iter().take(SHOWN) {
                let _ = write!(hex, "{byte:02x}");
            }
            if body.len() > SHOWN {
                hex.push('…');
            }
            self.add(hex);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::message::{CallInfo, DisplayPromptStatus, KeypadButton, StartTone, Tone};

    #[test]
    fn a_message_is_one_readable_line() {
        let on = |line, call| (LineInstance(line), CallRef(call));
        let (line, call) = on(1, 0);
        let tone = ServerMessage::StartTone(StartTone {
            tone: Tone::INSIDE_DIAL,
            direction: 0,
            line,
            call,
        });
        assert_eq!(
            describe_server(&tone),
            "StartTone inside dial, line 1, ref 0"
        );
        let key = ClientMessage::KeypadButton(KeypadButton {
            button: 15,
            line,
            call: CallRef(7),
        });
        assert_eq!(describe_client(&key), "KeypadButton #, line 1, ref 7");
        assert_eq!(describe_client(&ClientMessage::KeepAlive), "KeepAlive");
        let prompt = ServerMessage::DisplayPromptStatus(DisplayPromptStatus {
            timeout_s: 0,
            text: "\u{80}\u{17} 1001\n".to_owned(),
            line,
            call: CallRef(3),
        });
        assert_eq!(
            describe_server(&prompt),
            "DisplayPromptStatus text \"From 1001\\n\", line 1, ref 3"
        );
    }

    #[test]
    fn call_info_names_only_the_parties_there_are() {
        let info = ServerMessage::CallInfo(CallInfo {
            line: LineInstance(1),
            call: CallRef(3),
            kind: 1,
            calling_number: "1001".to_owned(),
            calling_name: "Port One".to_owned(),
            ..CallInfo::default()
        });
        assert_eq!(
            describe_server(&info),
            "CallInfo inbound, line 1, ref 3, from 1001 \"Port One\""
        );
    }

    #[test]
    fn an_unknown_message_shows_its_first_bytes() {
        let unknown = ServerMessage::Unknown {
            id: 0xFF00,
            body: vec![0xAB; 40],
        };
        let expected = format!("message FF00 40 bytes, {}…", "ab".repeat(32));
        assert_eq!(describe_server(&unknown), expected);
    }
}
