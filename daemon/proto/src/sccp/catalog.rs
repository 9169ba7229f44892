//! The protocol's tables in words: message names, device types, unregister reasons, phrases, and one line per message.

use super::message::{ClientMessage, ServerMessage};

/// One readable line for a message from the station, dialled digits included (a trace is asked for explicitly).
pub fn describe_client(message: &ClientMessage) -> String {
    format!("{message:?}")
}

/// One readable line for a message from the CallManager.
pub fn describe_server(message: &ServerMessage) -> String {
    format!("{message:?}")
}
