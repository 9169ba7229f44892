//! A capture: messages of phones and their server with their times, and the JSON form of it.
//!
//! JSON: `about`, a text, and `frames`, a list of `t` (seconds), `sender`, `receiver` and `hex`, one message or several with
//! their headers. The server is the one that is named `callmanager`. `versions`, by the names of phones, says the protocol
//! version of those that were registered before.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tipring_proto::sccp::wire::{Frame, FrameReader};

/// The name of the server in JSON.
pub(crate) const SERVER: &str = "callmanager";
/// The end of what a capture says of itself that lacks messages.
pub(crate) const MISSING: &str = "; messages are missing";

/// A capture as JSON has it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct File {
    /// What it shows.
    #[serde(default)]
    pub(crate) about: String,
    /// Version of those phones whose registration is not in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) versions: BTreeMap<String, u8>,
    /// Its messages.
    pub(crate) frames: Vec<FileFrame>,
}

/// A message, or several, as JSON has them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileFrame {
    /// Seconds since the first.
    pub(crate) t: f64,
    /// Who sent it.
    pub(crate) sender: String,
    /// To whom.
    pub(crate) receiver: String,
    /// The bytes.
    pub(crate) hex: String,
}

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    /// Since the first message of the capture.
    pub(crate) at: Duration,
    /// Whose connection.
    pub(crate) phone: String,
    /// The server sent it.
    pub(crate) from_server: bool,
    /// The message.
    pub(crate) frame: Frame,
}

/// What was captured, in order.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    /// What it shows.
    pub(crate) about: String,
    /// Version of those phones whose registration is not in it.
    pub(crate) versions: BTreeMap<String, u8>,
    /// The messages.
    pub(crate) messages: Vec<Captured>,
}

/// Longest capture that is played: each timer of the port fires in it.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

impl Capture {
    /// The capture, if it is one that ends.
    pub(super) fn bounded(self) -> Result<Capture, String> {
        match self.messages.iter().map(|m| m.at).max() {
            Some(end) if end > LONGEST => Err(format!(
                "its last message is {} s after the first, and 7 days ({} s) are the most that is played: cut it, or \
                 correct its times",
                end.as_secs(),
                LONGEST.as_secs()
            )),
            _ => Ok(self),
        }
    }

    /// Whose connections there are, in the order in which they appear.
    pub(crate) fn phones(&self) -> Vec<String> {
        let mut phones: Vec<String> = vec![];
        for message in &self.messages {
            if !phones.contains(&message.phone) {
                phones.push(message.phone.clone());
            }
        }
        phones
    }

    /// The messages of one phone's connection.
    pub(crate) fn of<'a>(&'a self, phone: &'a str) -> impl Iterator<Item = &'a Captured> {
        self.messages.iter().filter(move |m| m.phone == phone)
    }
}

/// Reads JSON; the error says what is wrong with it.
pub(super) fn from_json(bytes: &[u8]) -> Result<Capture, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let mut messages = vec![];
    for (n, frame) in file.frames.iter().enumerate() {
        let place = || format!("frame {}", n + 1);
        let from_server = frame.sender == SERVER;
        if from_server == (frame.receiver == SERVER) {
            return Err(format!(
                "{}: it is from {} to {}, and one of the two is to be \"{SERVER}\"",
                place(),
                frame.sender,
                frame.receiver
            ));
        }
        let phone = if from_server {
            &frame.receiver
        } else {
            &frame.sender
        };
        let at = Duration::try_from_secs_f64(frame.t).map_err(|_| {
            format!(
                "{}: t is {}, understood are seconds from 0 on",
                place(),
                frame.t
            )
        })?;
        let bytes =
            from_hex(&frame.hex).ok_or_else(|| format!("{}: hex is no hexadecimal", place()))?;
        let mut reader = FrameReader::default();
        reader.push(&bytes);
        while let Some(frame) = reader
            .next_frame()
            .map_err(|e| format!("{}: {e}", place()))?
        {
            messages.push(Captured {
                at,
                phone: phone.clone(),
                from_server,
                frame,
            });
        }
        if reader.pending() > 0 {
            return Err(format!("{}: it ends within a message", place()));
        }
    }
    messages.sort_by_key(|m| m.at);
    Ok(Capture {
        about: file.about,
        versions: file.versions,
        messages,
    })
}

impl FileFrame {
    /// A message of a capture, as JSON has it.
    pub(super) fn new(message: &Captured, phone: &str, frame: &Frame) -> FileFrame {
        let (phone, server) = (phone.to_owned(), SERVER.to_owned());
        let (sender, receiver) = if message.from_server {
            (server, phone)
        } else {
            (phone, server)
        };
        FileFrame {
            t: message.at.as_secs_f64(),
            sender,
            receiver,
            hex: to_hex(&frame.to_bytes()),
        }
    }
}

/// As it is, with all names.
pub(super) fn plain(capture: &Capture) -> File {
    let messages = capture.messages.iter();
    File {
        about: capture.about.clone(),
        versions: capture.versions.clone(),
        frames: messages
            .map(|m| FileFrame::new(m, &m.phone, &m.frame))
            .collect(),
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::message::ServerMessage;
    use tipring_proto::sccp::wire::encode_server;

    fn json(frames: &str) -> Result<Capture, String> {
        from_json(format!(r#"{{"about":"","frames":[{frames}]}}"#).as_bytes())
    }

    #[test]
    fn several_messages_of_one_segment_are_several_messages_of_one_time() {
        let ack = to_hex(&encode_server(&ServerMessage::KeepAliveAck, 20));
        let capture = json(&format!(
            r#"{{"t":1.5,"sender":"callmanager","receiver":"a","hex":"{ack}{ack}"}}"#
        ))
        .unwrap();
        let times: Vec<_> = capture
            .of("a")
            .map(|m| (m.at.as_millis(), m.from_server))
            .collect();
        assert_eq!(times, [(1500, true), (1500, true)]);
    }

    #[test]
    fn a_capture_that_would_be_played_for_ever_is_refused() {
        let at = |t: &str| {
            let ack = to_hex(&encode_server(&ServerMessage::KeepAliveAck, 20));
            json(&format!(
                r#"{{"t":{t},"sender":"callmanager","receiver":"a","hex":"{ack}"}}"#
            ))
            .and_then(Capture::bounded)
        };
        assert_eq!(at("604800").unwrap().messages.len(), 1);
        let error = at("1e15").unwrap_err();
        assert!(error.contains("7 days"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (frame, says) in [
            (
                r#"{"t":0,"sender":"a","receiver":"b","hex":""}"#,
                "frame 1: it is from a to b",
            ),
            (
                r#"{"t":-1,"sender":"a","receiver":"callmanager","hex":""}"#,
                "t is -1",
            ),
            (
                r#"{"t":0,"sender":"a","receiver":"callmanager","hex":"0"}"#,
                "no hexadecimal",
            ),
            (
                r#"{"t":0,"sender":"a","receiver":"callmanager","hex":"04000000"}"#,
                "ends within",
            ),
            (
                r#"{"t":0,"sender":"a","receiver":"callmanager","hex":"000000000000000000000000"}"#,
                "below 4",
            ),
        ] {
            let error = json(frame).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
