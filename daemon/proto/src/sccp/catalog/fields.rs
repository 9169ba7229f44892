//! A message as a trace has it: its name, and what it says as named values.

use tipring_types::trace::{Fields, SccpDirection, SccpMessage, Value};

use super::{client_name, device_type_name, phrases, server_name};
use crate::sccp::message::{ClientMessage, ServerMessage};
use crate::types::{CallRef, Conference, DeviceType, LineInstance, Party};

/// A message from the station, dialled digits included (a trace is asked for explicitly).
pub fn client_message(message: &ClientMessage) -> SccpMessage {
    let id = message.id();
    SccpMessage {
        direction: SccpDirection::Sent,
        id,
        name: client_name(id).map(Into::into),
        fields: message.fields(),
    }
}

/// A message from the CallManager.
pub fn server_message(message: &ServerMessage) -> SccpMessage {
    // The old form's name at every version: which form it was is the wire's business.
    let id = message.id(0);
    SccpMessage {
        direction: SccpDirection::Received,
        id,
        name: server_name(id).map(Into::into),
        fields: message.fields(),
    }
}

/// Fields that several messages have.
pub(in crate::sccp) trait Common: Sized {
    /// A text of a server: phrases of the phone's own table become words, everything else stays as it came.
    fn text(self, name: &'static str, text: &str) -> Self;
    /// A line, and a call on it.
    fn on(self, line: LineInstance, call: CallRef) -> Self;
    /// A media leg of a call.
    fn leg(self, conference: Conference, party: Party, call: CallRef) -> Self;
    /// The type of a device.
    fn device_type(self, kind: DeviceType) -> Self;
}

impl Common for Fields {
    fn text(self, name: &'static str, text: &str) -> Fields {
        self.with(name, phrases(text).into())
    }

    fn on(self, line: LineInstance, call: CallRef) -> Fields {
        self.with("line", line.0.into())
            .with(Fields::CALL_REF, call.0.into())
    }

    fn leg(self, conference: Conference, party: Party, call: CallRef) -> Fields {
        self.with("conference", conference.0.into())
            .with("party", party.0.into())
            .with(Fields::CALL_REF, call.0.into())
    }

    fn device_type(self, kind: DeviceType) -> Fields {
        self.with("device_type", Value::word(kind.0, device_type_name(kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::message::{CallInfo, KeypadButton, StartTone, Tone};

    #[test]
    fn a_message_has_its_name_its_number_and_typed_fields_in_their_order() {
        let tone = ServerMessage::StartTone(StartTone {
            tone: Tone::INSIDE_DIAL,
            direction: 0,
            line: LineInstance(1),
            call: CallRef(7),
        });
        let message = server_message(&tone);
        assert_eq!(message.direction, SccpDirection::Received);
        assert_eq!(
            (message.id, message.name.as_deref()),
            (0x82, Some("StartTone"))
        );
        let names: Vec<&str> = message.fields.iter().map(|f| &*f.name).collect();
        assert_eq!(names, ["tone", "line", "call_ref", "direction"]);
        let inside = Value::word(0x21, Some("inside dial"));
        assert_eq!(message.fields.get("tone"), Some(&inside));
        let key = ClientMessage::KeypadButton(KeypadButton {
            button: 15,
            line: LineInstance(1),
            call: CallRef(7),
        });
        let message = client_message(&key);
        assert_eq!(message.direction, SccpDirection::Sent);
        assert_eq!(message.fields.get("key"), Some(&Value::word(15, Some("#"))));
        assert_eq!(message.fields.number(Fields::CALL_REF), Some(7));
        assert!(client_message(&ClientMessage::KeepAlive).fields.is_empty());
    }

    #[test]
    fn call_info_has_only_the_parties_there_are() {
        let info = ServerMessage::CallInfo(CallInfo {
            calling_number: "1001".to_owned(),
            calling_name: "\u{80}\u{17} One".to_owned(),
            kind: 1,
            ..CallInfo::default()
        });
        let fields = server_message(&info).fields;
        let one = Fields::new()
            .with("number", "1001".into())
            .with("name", "From One".into());
        assert_eq!(fields.get("calling"), Some(&one.into()));
        assert_eq!(fields.get("called"), None);
    }

    #[test]
    fn an_unknown_message_shows_its_first_bytes() {
        let unknown = ServerMessage::Unknown {
            id: 0xFF00,
            body: vec![0xAB; 40],
        };
        let message = server_message(&unknown);
        assert_eq!((message.id, message.name), (0xFF00, None));
        let body = Value::Bytes {
            bytes: 40,
            hex: "ab".repeat(32),
        };
        assert_eq!(message.fields.get("raw"), Some(&body));
    }
}
