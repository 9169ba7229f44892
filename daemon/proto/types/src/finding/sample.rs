//! One of each finding, for the tests and the documentation.

use super::{Finding, RejectCause};
use crate::{FaxCause, FaxOutcome, Side, TenthDbm0};

impl Finding {
    /// One of each, with parameters as they occur.
    pub fn samples() -> Vec<Finding> {
        let server = || "10.0.0.1:2000".to_owned();
        let reason = || "REASON".to_owned();
        let unregistered = false;
        vec![
            Finding::LineThreadStalled,
            Finding::ConfigFileErrors { errors: 3 },
            Finding::MemoryNotLocked { reason: reason() },
            Finding::NoRealtimePriority { reason: reason() },
            Finding::InterfaceMissing {
                interface: "enp3s0".into(),
                mac: "00:1b:54:aa:bb:cc".into(),
                instead: None,
                file: "/var/lib/tipring/identity".into(),
            },
            Finding::NoInterface {
                mac: "02:00:00:00:00:01".into(),
            },
            Finding::NoBackup {
                servers: vec!["10.0.0.2:2000".into()],
                reason: "connection refused".into(),
                untried: vec!["10.0.0.3:2000".into()],
            },
            Finding::OwnAddressMissing {
                address: "10.0.0.7".into(),
                present: vec!["10.0.0.5 (eth0)".into()],
            },
            Finding::HistoryDiskFull {
                file: "/var/lib/tipring/history.db".into(),
            },
            Finding::HistoryNotWritable {
                file: "/var/lib/tipring/history.db".into(),
                reason: reason(),
            },
            Finding::HistoryInUse {
                file: "/var/lib/tipring/history.db".into(),
            },
            Finding::HistoryStalled,
            Finding::HistorySetAside {
                file: "/var/lib/tipring/history.db.broken-2026-11-29T14-02-11Z".into(),
                reason: reason(),
            },
            Finding::PortNotServed,
            Finding::ChannelHeld,
            Finding::CardChannelMissing { channels: 8 },
            Finding::CardSilent,
            Finding::DahdiNotLoaded,
            Finding::DahdiDeviceMissing,
            Finding::DahdiNoPermission {
                group: "dahdi".into(),
            },
            Finding::ChannelInUse {
                holders: vec!["asterisk (pid 812)".into()],
            },
            Finding::ChannelMissing {
                known: vec![1, 2, 3],
            },
            Finding::ChannelNoModule,
            Finding::ChannelNotConfigured,
            Finding::ChannelIsFxo,
            Finding::ChannelSignalling {
                signalling: "fxs_ks".into(),
            },
            Finding::NoToneZone,
            Finding::BlockLength { samples: 8 },
            Finding::ChannelOpenFailed { reason: reason() },
            Finding::SignalChainFailed { reason: reason() },
            Finding::CardNotTaken,
            Finding::SpanAlarm { unregistered },
            Finding::CardRemoved { unregistered },
            Finding::NoBattery { unregistered },
            Finding::FeedSwitchedOff { unregistered },
            Finding::CardWithoutBattery { unregistered },
            Finding::FeedShorted { unregistered },
            Finding::LineUnstable { seconds: 8 },
            Finding::RegistrationRejected {
                server: server(),
                text: "No Authority".into(),
                cause: RejectCause::NoAuthority,
            },
            Finding::TokenRefused {
                server: server(),
                seconds: 60,
            },
            Finding::RegisterUnanswered { server: server() },
            Finding::NotSccp {
                server: server(),
                reason: reason(),
            },
            Finding::KeepaliveLost {
                server: server(),
                seconds: 90,
            },
            Finding::ConnectionClosed { server: server() },
            Finding::ConnectionReset { server: server() },
            Finding::ConnectionTimedOut { server: server() },
            Finding::OwnAddressGone {
                server: server(),
                address: "10.0.0.7".into(),
            },
            Finding::ConnectionBroken {
                server: server(),
                reason: reason(),
            },
            Finding::ConnectRefused { server: server() },
            Finding::ConnectTimedOut { server: server() },
            Finding::NoRoute { server: server() },
            Finding::ServerNameUnknown {
                server: "cm.example.com:2000".into(),
                reason: "no answer from a name server".into(),
            },
            Finding::ConnectFailed {
                server: server(),
                reason: reason(),
            },
            Finding::ResetByServer {
                server: server(),
                kind: "restart".into(),
            },
            Finding::ReturnToPreferred { server: server() },
            Finding::Reconfigured { server: server() },
            Finding::Restarted { server: server() },
            Finding::Unregistered { server: server() },
            Finding::KeepalivesUnanswered,
            Finding::ServerUnresponsive,
            Finding::OffHookLockout,
            Finding::OneWayAudio {
                address: "10.0.0.9:16384".into(),
                refused: None,
                by_policy: false,
                silent_s: None,
            },
            Finding::LineOverrun,
            Finding::LineUnderrun,
            Finding::FaxFailed {
                outcome: FaxOutcome::TrainingUnanswered {
                    rates: vec![14_400, 9600],
                },
                cause: Some(FaxCause::LevelLow {
                    side: Side::Line,
                    level: TenthDbm0(-380),
                    usual: Some(TenthDbm0(-180)),
                }),
            },
        ]
    }
}
