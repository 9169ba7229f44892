//! Framing of the control socket: one JSON value a line, in both directions.
//!
//! The server speaks first with [`ServerLine::Hello`]. The client then sends [`ClientLine`]s; every line has one
//! [`ServerLine::Response`] with the same id. A request that streams ([`Request::Trace`], [`Request::Capture`]) is answered at once with
//! [`Response::Done`] and then by [`ServerLine::Event`]s with its id until the client closes the connection.
//! A line is at most [`MAX_LINE`] bytes; a peer that sends more is cut off.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::report::{SccpBytes, TraceEvent};
use crate::request::{ErrorCode, ErrorReport, Request, Response};

/// Version of this protocol. A client refuses a server with another number.
pub const PROTOCOL_VERSION: u32 = 1;

/// The longest line, without its newline, in either direction.
pub const MAX_LINE: usize = 1 << 20;

/// Where the daemon listens unless another socket is named.
pub const DEFAULT_SOCKET: &str = "/run/tipring/control.sock";

/// What the server says of itself before anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`] of the server.
    pub protocol: u32,
    /// Version of the daemon, as in its `--version`.
    pub daemon: String,
    /// Process id of the daemon.
    pub pid: u32,
}

/// A line from a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientLine {
    /// The client's number for this request; repeated in the answer and in its events.
    pub id: u64,
    /// What is asked.
    pub request: Request,
}

/// A line from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServerLine {
    /// First line of a connection.
    Hello(Hello),
    /// The one answer to a request.
    Response {
        /// Id of the request; 0 when the request was so broken that it had none.
        id: u64,
        /// The answer.
        response: Box<Response>,
    },
    /// Something happened that a streaming request asked for.
    Event {
        /// Id of the streaming request.
        id: u64,
        /// What happened.
        event: Event,
    },
}

/// What a streaming request brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// A trace line.
    Trace(TraceEvent),
    /// Bytes of a connection to a CallManager; of [`Request::Capture`] only.
    #[cfg_attr(test, schemars(skip))]
    Sccp(SccpBytes),
    /// The client read too slowly: this number of events was left out here.
    Lost {
        /// How many.
        count: u64,
    },
}

/// Encodes one line with its newline. Values of this crate always encode.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_else(|e| {
        // Only a map with non-text keys or a failing Serialize gets here; this crate has neither.
        format!("{{\"unencodable\":{:?}}}", e.to_string()).into_bytes()
    });
    line.push(b'\n');
    line
}

/// Decodes one line; the error is one sentence for a person.
pub fn decode<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|e| e.to_string())
}

#[expect(
    clippy::result_large_err,
    reason = "the error is the answer, made once for a broken request"
)]
/// Decodes a client's line for the server. The error is the answer to send back (with the id, if it could be read).
pub fn decode_request(line: &[u8]) -> Result<ClientLine, (u64, Response)> {
    #[derive(Deserialize)]
    struct IdOnly {
        #[serde(default)]
        id: u64,
    }
    decode::<ClientLine>(line).map_err(|why| {
        let id = decode::<IdOnly>(line).map_or(0, |l| l.id);
        let report = ErrorReport {
            code: ErrorCode::BadRequest,
            message: format!("the daemon cannot read this request: {why}"),
            cure: Some("use the tipring command of the same version as the daemon".to_owned()),
        };
        (id, Response::Error(report))
    })
}

/// A line longer than [`MAX_LINE`]: the connection is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of more than {MAX_LINE} bytes came in; the peer does not speak this protocol")]
pub struct LineTooLong;

/// Cuts a byte stream into lines, holding at most [`MAX_LINE`] bytes of an unfinished one.
#[derive(Debug, Default)]
pub struct LineSplitter {
    pending: Vec<u8>,
    /// Start of the bytes not yet handed out.
    start: usize,
    /// Bytes from `start` that are known to hold no newline.
    searched: usize,
}

impl LineSplitter {
    /// An empty splitter.
    pub fn new() -> LineSplitter {
        LineSplitter::default()
    }

    /// Adds bytes as they came from the peer.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.pending.drain(..self.start);
            self.start = 0;
        }
        self.pending.extend_from_slice(bytes);
    }

    /// The next whole line without its newline (and carriage return), if there is one.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, LineTooLong> {
        let rest = self.pending.get(self.start..).unwrap_or_default();
        let unsearched = rest.get(self.searched..).unwrap_or_default();
        match unsearched.iter().position(|&b| b == b'\n') {
            Some(at) => {
                let end = self.searched + at;
                if end > MAX_LINE {
                    return Err(LineTooLong);
                }
                let line = rest.get(..end).unwrap_or_default();
                self.start += end + 1;
                self.searched = 0;
                Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
            }
            None if rest.len() > MAX_LINE => Err(LineTooLong),
            None => {
                self.searched = rest.len();
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(splitter: &mut LineSplitter) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(line) = splitter.next_line().unwrap() {
            out.push(String::from_utf8_lossy(line).into_owned());
        }
        out
    }

    #[test]
    fn lines_come_out_whole_however_they_came_in() {
        let text = b"one\ntwo\r\n\nthree\nfo";
        for chunk in 1..text.len() {
            let mut splitter = LineSplitter::new();
            let mut out = Vec::new();
            for part in text.chunks(chunk) {
                splitter.push(part);
                out.extend(lines(&mut splitter));
            }
            assert_eq!(out, ["one", "two", "", "three"], "in chunks of {chunk}");
        }
    }

    #[test]
    fn an_endless_line_is_refused_not_collected() {
        let mut splitter = LineSplitter::new();
        splitter.push(&vec![b'x'; MAX_LINE]);
        assert_eq!(splitter.next_line(), Ok(None));
        splitter.push(b"x");
        assert_eq!(splitter.next_line(), Err(LineTooLong));
    }

    #[test]
    fn a_broken_request_is_answered_with_its_id() {
        let (id, response) = decode_request(br#"{"id":7,"request":{"type":"dance"}}"#).unwrap_err();
        assert_eq!(id, 7);
        let Response::Error(report) = response else {
            panic!("not an error: {response:?}");
        };
        assert_eq!(report.code, ErrorCode::BadRequest);
        assert_eq!(decode_request(b"\xff\x00").unwrap_err().0, 0);
    }
}
