//! `tipring trace`: what happens, as it happens.

use serde::{Deserialize, Serialize};
pub use tipring_types::trace::{SccpMessage, Trace, TraceKind};

use crate::words;

/// One event of a trace: the event for programs, its words for readers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TraceEvent {
    /// When.
    pub at_unix_us: u64,
    /// On which port; none for the gateway as a whole.
    pub port: Option<u16>,
    /// The gateway's number of the call that it is about, as in `tipring call list`; none when it is about no call, or
    /// about one that has no number yet.
    pub call: Option<u64>,
    /// Kind.
    pub kind: TraceKind,
    /// `code` and `parameters`; none when a newer daemon has a code that this command does not know.
    #[serde(flatten)]
    pub event: Option<Trace>,
    /// In words.
    pub text: String,
}

/// Bytes as they came from a CallManager or went to it: part of a message, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SccpBytes {
    /// When, by a clock that nobody sets.
    pub at_us: u64,
    /// Of which port.
    pub port: u16,
    /// Which connection of the gateway; a number is never used twice.
    pub connection: u64,
    /// By the port.
    pub sent: bool,
    /// Hexadecimal.
    pub hex: String,
}

impl TraceEvent {
    /// An event with its words.
    pub fn new(at_unix_us: u64, port: Option<u16>, call: Option<u64>, event: Trace) -> TraceEvent {
        TraceEvent {
            at_unix_us,
            port,
            call,
            kind: event.kind(),
            text: words::trace(&event, call),
            event: Some(event),
        }
    }

    /// The code; empty when it is none that this version knows.
    pub fn code(&self) -> &'static str {
        self.event.as_ref().map_or("", Trace::code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Event;

    #[test]
    fn every_event_goes_over_the_wire_with_its_code_and_its_words() {
        for sample in Trace::samples() {
            let sent = TraceEvent::new(1_000_000, Some(3), Some(12), sample);
            let event = Event::Trace(sent.clone());
            let json = serde_json::to_string(&event).unwrap();
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(value["code"], sent.code());
            assert_eq!(value["kind"], sent.kind.name());
            assert_eq!(
                (&value["type"], &value["call"]),
                (&"trace".into(), &12.into())
            );
            assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
        }
    }

    #[test]
    fn a_code_of_a_newer_daemon_keeps_its_words() {
        let newer = r#"{"type":"trace","at_unix_us":5,"port":2,"kind":"line","code":"moon-full",
            "parameters":{"phase":4},"text":"the moon is full"}"#;
        let Event::Trace(event) = serde_json::from_str(newer).unwrap() else {
            panic!("no trace event");
        };
        assert_eq!((event.code(), event.port), ("", Some(2)));
        assert_eq!(
            (event.kind, &*event.text),
            (TraceKind::Line, "the moon is full")
        );
    }
}
