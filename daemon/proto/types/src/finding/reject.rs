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
    /// The server has no license for one more device.
    NoLicense,
    /// The server cannot read its own database.
    ServerDatabase,
    /// The server takes no more devices.
    TooManyDevices,
    /// The server has the name as a device of another type.
    TypeMismatch,
    /// The server wants this device to register over an encrypted connection, or to show a certificate.
    Security,
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
        } else if has("error unknown") || has("error: unknown") {
            // The error is, and not the device.
            RejectCause::Other
        } else if has("db config") || has("dbconfig") {
            RejectCause::DeviceUnknown
        } else if has("no license") {
            RejectCause::NoLicense
        } else if has("database") {
            RejectCause::ServerDatabase
        } else if has("pass limit") {
            RejectCause::TooManyDevices
        } else if has("mismatch") {
            RejectCause::TypeMismatch
        } else if has("security error") {
            RejectCause::Security
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_ciscos_phrase_table_have_their_causes() {
        for (text, cause) in [
            ("Error DB Config", RejectCause::DeviceUnknown),
            ("Error: DBConfig", RejectCause::DeviceUnknown),
            ("Error: No License", RejectCause::NoLicense),
            ("Error Database", RejectCause::ServerDatabase),
            ("Error Pass Limit", RejectCause::TooManyDevices),
            ("Error Mismatch", RejectCause::TypeMismatch),
            ("Security Error", RejectCause::Security),
            ("Error Unknown", RejectCause::Other),
            ("Device unknown", RejectCause::DeviceUnknown),
        ] {
            assert_eq!(RejectCause::from_text(text), cause, "{text}");
        }
    }
}
