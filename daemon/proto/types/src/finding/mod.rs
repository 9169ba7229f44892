//! Findings: what is wrong with a port or the gateway, as values.
//!
//! Owns: every finding that there is ([`Finding`]), its stable code and its severity. Promises: a code keeps its meaning for
//! ever, programs may compare it; two ports that suffer from one cause have equal findings, for what differs from port to
//! port is in [`Place`]. Leaves to others: which facts are a finding (`tipring_proto::finding`), and its text, cause and
//! cure (the table of words in `tipring-ctl`).

mod reject;
mod same;
mod sample;

use serde::{Deserialize, Serialize};

pub use reject::RejectCause;

use crate::{FaxCause, FaxOutcome};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It ends by itself.
    Info,
    /// Service goes on, but less well than it should, or at risk.
    Warning,
    /// There is no service.
    #[default]
    Error,
}

/// Which port a finding is about; all empty for the gateway as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Place {
    /// Port number.
    pub port: Option<u16>,
    /// Its channel of the card.
    pub channel: Option<u16>,
    /// Its SCCP device name.
    pub device: Option<String>,
    /// The number of its device type, as servers know it.
    pub device_type: Option<u32>,
}

/// Something wrong. In JSON: `code`, and `parameters` where there are any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum Finding {
    /// A line thread does not run.
    LineThreadStalled,
    /// The configuration file has errors; the configuration before it stays.
    ConfigFileErrors {
        /// How many.
        errors: u64,
    },
    /// The process memory is not locked.
    MemoryNotLocked {
        /// In the system's words.
        reason: String,
    },
    /// The line thread has no realtime priority.
    NoRealtimePriority {
        /// In the system's words.
        reason: String,
    },
    /// The device names come from the MAC of an interface that this machine has no more, or that has another MAC.
    InterfaceMissing {
        /// As the kernel called it.
        interface: String,
        /// The MAC in the device names.
        mac: String,
        /// The MAC that the interface has now; none: it is gone.
        instead: Option<String>,
        /// The file that remembers the interface.
        file: String,
    },
    /// No interface has a MAC.
    NoInterface {
        /// The MAC in the device names.
        mac: String,
    },
    /// Ports are registered, and no other CallManager of the list is known to work.
    NoBackup {
        /// Those that cannot be reached.
        servers: Vec<String>,
        /// Why they cannot; where the reasons differ, each with its server.
        reason: String,
        /// Those of which nothing is known, because no port tries them as long as it is registered.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        untried: Vec<String>,
    },
    /// The machine does not have the address of `[gateway] address`.
    OwnAddressMissing {
        /// The address.
        address: String,
        /// The addresses that it has, each with its interface; none: it has none, or they are named with the gateway.
        present: Vec<String>,
    },

    /// The history is not kept: no room on the disk.
    HistoryDiskFull {
        /// The file.
        file: String,
    },
    /// The history is not kept: its file cannot be written.
    HistoryNotWritable {
        /// The file.
        file: String,
        /// In the system's words.
        reason: String,
    },
    /// The history is not kept: another process has its file.
    HistoryInUse {
        /// The file.
        file: String,
    },
    /// The history is not kept: its disk does not answer.
    HistoryStalled,
    /// Another history file was begun.
    HistorySetAside {
        /// The earlier file, as it is called now.
        file: String,
        /// Why.
        reason: String,
    },

    /// The line thread has no place for the port before the next start.
    PortNotServed,
    /// Another port has the port's channel until its call is over.
    ChannelHeld,
    /// The card has fewer channels.
    CardChannelMissing {
        /// Channels that it has.
        channels: u16,
    },

    /// The card's driver does not answer.
    CardSilent,
    /// No DAHDI in the kernel.
    DahdiNotLoaded,
    /// DAHDI without its device nodes.
    DahdiDeviceMissing,
    /// The daemon may not open DAHDI's devices.
    DahdiNoPermission {
        /// Group of the device.
        group: String,
    },
    /// Another process has the channel.
    ChannelInUse {
        /// Who has DAHDI channels open, as far as that is known.
        holders: Vec<String>,
    },
    /// DAHDI does not have the channel.
    ChannelMissing {
        /// The channels that it has.
        known: Vec<u16>,
    },
    /// The channel has no line module that works.
    ChannelNoModule,
    /// `dahdi_cfg` does not name the channel.
    ChannelNotConfigured,
    /// The channel is for an exchange line (FXO).
    ChannelIsFxo,
    /// The channel has another signalling than a telephone port needs.
    ChannelSignalling {
        /// As configured.
        signalling: String,
    },
    /// DAHDI has no tone zone.
    NoToneZone,
    /// DAHDI does not take blocks of this length.
    BlockLength {
        /// Samples in a block.
        samples: u64,
    },
    /// Anything else that kept a channel from being opened.
    ChannelOpenFailed {
        /// In the driver's words.
        reason: String,
    },
    /// The signal chain of the line cannot be built.
    SignalChainFailed {
        /// Why.
        reason: String,
    },
    /// The line thread did not take the card.
    CardNotTaken,

    /// The span is in alarm.
    SpanAlarm {
        /// The device has unregistered because of it.
        unregistered: bool,
    },
    /// The card was removed.
    CardRemoved {
        /// The device has unregistered because of it.
        unregistered: bool,
    },
    /// The card reports that the line has no battery.
    NoBattery {
        /// The device has unregistered because of it.
        unregistered: bool,
    },
    /// The card has switched the line's feed off.
    FeedSwitchedOff {
        /// The device has unregistered because of it.
        unregistered: bool,
    },
    /// The card itself has no battery.
    CardWithoutBattery {
        /// The device has unregistered because of it.
        unregistered: bool,
    },
    /// The card feeds the line, and something draws it down.
    FeedShorted {
        /// The device has unregistered because of it.
        unregistered: bool,
    },
    /// The line works again, but has failed repeatedly.
    LineUnstable {
        /// Until the device registers, if the line goes on working.
        seconds: u64,
    },

    /// The CallManager rejects the device.
    RegistrationRejected {
        /// Which CallManager.
        server: String,
        /// Its text.
        text: String,
        /// What the text means.
        cause: RejectCause,
    },
    /// The token request was refused: a better CallManager does not take the device back yet.
    TokenRefused {
        /// Which CallManager.
        server: String,
        /// Interval that it asks for.
        seconds: u64,
    },
    /// Neither an acknowledgement nor a rejection of the registration.
    RegisterUnanswered {
        /// Which CallManager.
        server: String,
    },
    /// What the server sends is not SCCP.
    NotSccp {
        /// Which CallManager.
        server: String,
        /// What was wrong.
        reason: String,
    },
    /// No keepalive was acknowledged, and the registration was given up.
    KeepaliveLost {
        /// Which CallManager.
        server: String,
        /// Without an acknowledgement.
        seconds: u64,
    },
    /// The server closed the connection.
    ConnectionClosed {
        /// Which CallManager.
        server: String,
    },
    /// The connection was reset.
    ConnectionReset {
        /// Which CallManager.
        server: String,
    },
    /// TCP gave up retransmitting.
    ConnectionTimedOut {
        /// Which CallManager.
        server: String,
    },
    /// The connection's own address left this machine.
    OwnAddressGone {
        /// Which CallManager.
        server: String,
        /// The address.
        address: String,
    },
    /// The connection broke in another way.
    ConnectionBroken {
        /// Which CallManager.
        server: String,
        /// In the system's words.
        reason: String,
    },
    /// Nothing listens on the server's port.
    ConnectRefused {
        /// Which CallManager.
        server: String,
    },
    /// The server does not answer the connection request.
    ConnectTimedOut {
        /// Which CallManager.
        server: String,
    },
    /// No route to the server.
    NoRoute {
        /// Which CallManager.
        server: String,
    },
    /// The server's name has no address.
    ServerNameUnknown {
        /// Which CallManager.
        server: String,
        /// Why.
        reason: String,
    },
    /// The connection cannot be made for another reason.
    ConnectFailed {
        /// Which CallManager.
        server: String,
        /// In the system's words.
        reason: String,
    },
    /// The server asked the device to register again.
    ResetByServer {
        /// Which CallManager.
        server: String,
        /// `reset` or `restart`.
        kind: String,
    },
    /// The device returns to a better CallManager.
    ReturnToPreferred {
        /// The CallManager that it left.
        server: String,
    },
    /// The device registers again, with its new configuration.
    Reconfigured {
        /// Which CallManager.
        server: String,
    },
    /// An operator had the port register again.
    Restarted {
        /// Which CallManager.
        server: String,
    },
    /// The device unregistered.
    Unregistered {
        /// Which CallManager.
        server: String,
    },
    /// The present CallManager does not acknowledge keepalives.
    KeepalivesUnanswered,
    /// The present CallManager did not respond to the last off-hook or flash.
    ServerUnresponsive,

    /// Off-hook past the howler.
    OffHookLockout,
    /// A call receives no RTP.
    OneWayAudio {
        /// Where RTP is expected from.
        address: String,
        /// A source whose packets are refused, if there is one.
        refused: Option<String>,
        /// `rtp-source` in the configuration keeps that source out.
        by_policy: bool,
        /// Seconds since the last packet; none: none has come at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silent_s: Option<u64>,
    },
    /// Sound from the line was lost.
    LineOverrun,
    /// The line had gaps.
    LineUnderrun,
    /// The last fax at the port failed.
    FaxFailed {
        /// What became of it.
        outcome: FaxOutcome,
        /// Why, as far as is known.
        cause: Option<FaxCause>,
    },
}

impl Finding {
    /// The code in JSON, in metrics and in the documentation.
    pub fn code(&self) -> &'static str {
        self.row().0
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.row().1
    }

    /// The CallManager with which the port is not registered, where it is about that.
    pub fn server(&self) -> Option<&str> {
        match self {
            Finding::RegistrationRejected { server, .. }
            | Finding::TokenRefused { server, .. }
            | Finding::RegisterUnanswered { server }
            | Finding::NotSccp { server, .. }
            | Finding::KeepaliveLost { server, .. }
            | Finding::ConnectionClosed { server }
            | Finding::ConnectionReset { server }
            | Finding::ConnectionTimedOut { server }
            | Finding::OwnAddressGone { server, .. }
            | Finding::ConnectionBroken { server, .. }
            | Finding::ConnectRefused { server }
            | Finding::ConnectTimedOut { server }
            | Finding::NoRoute { server }
            | Finding::ServerNameUnknown { server, .. }
            | Finding::ConnectFailed { server, .. }
            | Finding::ResetByServer { server, .. }
            | Finding::ReturnToPreferred { server }
            | Finding::Reconfigured { server }
            | Finding::Restarted { server }
            | Finding::Unregistered { server } => Some(server),
            _ => None,
        }
    }

    fn row(&self) -> (&'static str, Severity) {
        use Severity::{Error, Info, Warning};
        match self {
            Finding::LineThreadStalled => ("line-thread-stalled", Error),
            Finding::ConfigFileErrors { .. } => ("config-file-errors", Warning),
            Finding::MemoryNotLocked { .. } => ("memory-not-locked", Warning),
            Finding::NoRealtimePriority { .. } => ("no-realtime-priority", Warning),
            Finding::InterfaceMissing { .. } => ("interface-missing", Warning),
            Finding::NoInterface { .. } => ("no-interface", Warning),
            Finding::NoBackup { .. } => ("no-backup", Warning),
            Finding::OwnAddressMissing { .. } => ("own-address-missing", Error),
            Finding::HistoryDiskFull { .. } => ("history-disk-full", Warning),
            Finding::HistoryNotWritable { .. } => ("history-not-writable", Warning),
            Finding::HistoryInUse { .. } => ("history-in-use", Warning),
            Finding::HistoryStalled => ("history-stalled", Warning),
            Finding::HistorySetAside { .. } => ("history-set-aside", Info),
            Finding::PortNotServed => ("port-not-served", Error),
            Finding::ChannelHeld => ("channel-held", Info),
            Finding::CardChannelMissing { .. } => ("card-channel-missing", Error),
            Finding::CardSilent => ("card-silent", Error),
            Finding::DahdiNotLoaded => ("dahdi-not-loaded", Error),
            Finding::DahdiDeviceMissing => ("dahdi-device-missing", Error),
            Finding::DahdiNoPermission { .. } => ("dahdi-no-permission", Error),
            Finding::ChannelInUse { .. } => ("channel-in-use", Error),
            Finding::ChannelMissing { .. } => ("channel-missing", Error),
            Finding::ChannelNoModule => ("channel-no-module", Error),
            Finding::ChannelNotConfigured => ("channel-not-configured", Error),
            Finding::ChannelIsFxo => ("channel-is-fxo", Error),
            Finding::ChannelSignalling { .. } => ("channel-signalling", Error),
            Finding::NoToneZone => ("no-tone-zone", Error),
            Finding::BlockLength { .. } => ("block-length", Error),
            Finding::ChannelOpenFailed { .. } => ("channel-open-failed", Error),
            Finding::SignalChainFailed { .. } => ("signal-chain-failed", Error),
            Finding::CardNotTaken => ("card-not-taken", Error),
            Finding::SpanAlarm { .. } => ("span-alarm", Error),
            Finding::CardRemoved { .. } => ("card-removed", Error),
            Finding::NoBattery { .. } => ("no-battery", Error),
            Finding::FeedSwitchedOff { .. } => ("feed-switched-off", Error),
            Finding::CardWithoutBattery { .. } => ("card-without-battery", Error),
            Finding::FeedShorted { .. } => ("feed-shorted", Error),
            Finding::LineUnstable { .. } => ("line-unstable", Error),
            Finding::RegistrationRejected { .. } => ("registration-rejected", Error),
            Finding::TokenRefused { .. } => ("token-refused", Info),
            Finding::RegisterUnanswered { .. } => ("register-unanswered", Error),
            Finding::NotSccp { .. } => ("not-sccp", Error),
            Finding::KeepaliveLost { .. } => ("keepalive-lost", Error),
            Finding::ConnectionClosed { .. } => ("connection-closed", Error),
            Finding::ConnectionReset { .. } => ("connection-reset", Error),
            Finding::ConnectionTimedOut { .. } => ("connection-timed-out", Error),
            Finding::OwnAddressGone { .. } => ("own-address-gone", Error),
            Finding::ConnectionBroken { .. } => ("connection-broken", Error),
            Finding::ConnectRefused { .. } => ("connect-refused", Error),
            Finding::ConnectTimedOut { .. } => ("connect-timed-out", Error),
            Finding::NoRoute { .. } => ("no-route", Error),
            Finding::ServerNameUnknown { .. } => ("server-name-unknown", Error),
            Finding::ConnectFailed { .. } => ("connect-failed", Error),
            Finding::ResetByServer { .. } => ("reset-by-server", Info),
            Finding::ReturnToPreferred { .. } => ("return-to-preferred", Info),
            Finding::Reconfigured { .. } => ("reconfigured", Info),
            Finding::Restarted { .. } => ("restarted", Info),
            Finding::Unregistered { .. } => ("unregistered", Info),
            Finding::KeepalivesUnanswered => ("keepalives-unanswered", Warning),
            Finding::ServerUnresponsive => ("server-unresponsive", Error),
            Finding::OffHookLockout => ("off-hook-lockout", Warning),
            Finding::OneWayAudio { .. } => ("one-way-audio", Warning),
            Finding::LineOverrun => ("line-overrun", Warning),
            Finding::LineUnderrun => ("line-underrun", Warning),
            Finding::FaxFailed { .. } => ("fax-failed", Warning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn whatever_has_a_server_among_its_parameters_answers_with_it() {
        for finding in Finding::samples() {
            let json = serde_json::to_value(&finding).unwrap();
            let server = json["parameters"]["server"].as_str();
            assert_eq!(finding.server(), server, "{finding:?}");
        }
    }

    #[test]
    fn every_finding_has_a_sample_and_a_code_of_its_own() {
        let codes: Vec<&str> = Finding::samples().iter().map(Finding::code).collect();
        let different: HashSet<&&str> = codes.iter().collect();
        assert_eq!(different.len(), codes.len(), "{codes:?}");
        let source = include_str!("mod.rs");
        let rows = source.matches("=> (\"").count();
        assert_eq!(codes.len(), rows, "a row without a sample");
        for code in codes {
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(code.chars().all(kebab), "{code}");
        }
    }
}
