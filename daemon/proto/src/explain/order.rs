//! What costs most, and how a port stands because of it.

use super::{PortFigures, Remark, Standing};
use crate::finding::{Finding, Severity};

/// The lower, the earlier it is named. Of equal severity, what explains the others comes first: the machine before the card, the card
/// before the line, the line before the registration, the registration before a call.
pub fn rank(finding: &Finding) -> (u8, u8) {
    let severity = match finding.severity() {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    };
    let kind = match finding {
        Finding::LineThreadStalled => 0,
        Finding::OwnAddressMissing { .. } | Finding::OwnAddressGone { .. } => 1,
        Finding::CardSilent
        | Finding::DahdiNotLoaded
        | Finding::DahdiDeviceMissing
        | Finding::DahdiNoPermission { .. }
        | Finding::SpanAlarm { .. }
        | Finding::CardRemoved { .. } => 2,
        Finding::NoBattery { .. }
        | Finding::FeedSwitchedOff { .. }
        | Finding::CardWithoutBattery { .. }
        | Finding::FeedShorted { .. } => 3,
        Finding::OneWayAudio { .. } | Finding::OffHookLockout | Finding::ServerUnresponsive => 5,
        Finding::LineOverrun | Finding::LineUnderrun => 6,
        Finding::FaxFailed { .. } => 7,
        Finding::KeepalivesUnanswered => 4,
        Finding::NoBackup { .. } => 8,
        Finding::ConfigFileErrors { .. } => 9,
        Finding::InterfaceMissing { .. } | Finding::NoInterface { .. } => 10,
        Finding::NoRealtimePriority { .. } | Finding::MemoryNotLocked { .. } => 11,
        Finding::HistoryDiskFull { .. }
        | Finding::HistoryNotWritable { .. }
        | Finding::HistoryInUse { .. }
        | Finding::HistoryStalled
        | Finding::HistorySetAside { .. } => 12,
        _ => 4,
    };
    (severity, kind)
}

/// Does a finding of the gateway matter to this port?
pub fn concerns(finding: &Finding, port: &PortFigures) -> bool {
    let [_, overruns, underruns] = port.blocks;
    match finding {
        Finding::LineThreadStalled | Finding::ConfigFileErrors { .. } => port.enabled,
        Finding::OwnAddressMissing { .. } => port.enabled && !port.registered,
        Finding::NoBackup { .. } => port.registered,
        // The names that the CallManager rejects are made of the MAC.
        Finding::InterfaceMissing { .. } | Finding::NoInterface { .. } => {
            port.enabled && !port.registered && port.rejected > 0
        }
        Finding::NoRealtimePriority { .. } | Finding::MemoryNotLocked { .. } => {
            overruns + underruns > 0
        }
        _ => false,
    }
}

/// How a port stands, by the severity of its worst finding and its remarks. Without a registration it is never in order.
pub fn standing(port: &PortFigures, worst: Option<Severity>, remarks: &[Remark]) -> Standing {
    match (worst, remarks) {
        (_, [Remark::Disabled, ..]) => Standing::Disabled,
        // People talk on it: it is not dead.
        (Some(Severity::Error), _) if port.up.as_ref().is_some_and(|up| up.preserved) => {
            Standing::Impaired
        }
        (Some(Severity::Error), _) => Standing::Dead,
        (Some(Severity::Warning), _) => Standing::Impaired,
        (Some(Severity::Info), _) => Standing::Passing,
        (None, _) if !port.registered => Standing::Passing,
        (None, []) => Standing::InOrder,
        (None, _) => Standing::Remark,
    }
}
