//! Why a CallManager rejects a device, as far as its text shows it.

use serde::{Deserialize, Serialize};

/// What a RegisterReject means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RejectCause {
    /// "No Authority": chan_skinny says this for an unknown name and for one in use alike.
    NoAuthority,
    /// The server does not know the device.
    DeviceUnknown,
    /// The name is registered over another connection.
    AlreadyRegistered,
    /// The name is still held by our own connection that broke a moment ago; patience ends it.
    NameHeldByOldConnection,
    /// The server lets this address not register.
    AddressNotAuthorized,
    /// The server is reading its configuration.
    ReloadInProgress,
    /// No text at all (wazo, of a device type that it does not list).
    NoText,
    /// A text that this table does not know.
    Other,
}

impl RejectCause {
    /// Reads the text of a RegisterReject. Never answers
    /// [`NameHeldByOldConnection`](RejectCause::NameHeldByOldConnection): the text does not say it.
    pub fn from_text(text: &str) -> RejectCause {
        let text = text.to_ascii_lowercase();
        let has = |part: &str| text.contains(part);
        if text.trim().is_empty() {
            RejectCause::NoText
        } else if has("no authority") {
            RejectCause::NoAuthority
        } else if has("already registered") || has("crossover") {
            RejectCause::AlreadyRegistered
        } else if has("unknown") || has("not found") || has("no entry") {
            RejectCause::DeviceUnknown
        } else if has("not authorized") || has("not allowed") {
            RejectCause::AddressNotAuthorized
        } else if has("reload") {
            RejectCause::ReloadInProgress
        } else {
            RejectCause::Other
        }
    }
}
