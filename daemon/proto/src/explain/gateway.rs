//! How the gateway as a whole stands.

use super::{RuledOut, Standing};
use crate::finding::{Finding, Severity};

/// A finding of the gateway, or of some of its ports.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// None: one that only another version knows.
    pub finding: Option<&'a Finding>,
    /// How bad it is.
    pub severity: Severity,
    /// The ports that have it; none: it is the gateway's.
    pub ports: &'a [u16],
}

/// The figures of the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GatewayFigures {
    /// Ports that are enabled.
    pub enabled: u64,
    /// Of these, registered.
    pub registered: u64,
    /// Ticks that the line threads served.
    pub ticks: u64,
    /// Blocks that they did not serve in time.
    pub missed_blocks: u64,
    /// The longest tick, µs.
    pub longest_us: u64,
}

/// How the gateway stands. Dead, it serves no port: its line thread does not run, each port has an error, or none is registered
/// because of an error of the gateway.
pub fn gateway_standing(gateway: &GatewayFigures, findings: &[Found<'_>]) -> Standing {
    let worst = findings.iter().map(|f| f.severity).max();
    let waits = gateway.registered < gateway.enabled;
    match worst {
        _ if gateway.enabled > 0 && serves_no_port(gateway, findings) => Standing::Dead,
        _ if gateway.enabled > 0 && gateway.registered == 0 => Standing::Passing,
        None | Some(Severity::Info) if waits => Standing::Passing,
        None => Standing::InOrder,
        Some(Severity::Info) => Standing::Remark,
        Some(_) => Standing::Impaired,
    }
}

fn serves_no_port(gateway: &GatewayFigures, findings: &[Found<'_>]) -> bool {
    let errors = || findings.iter().filter(|f| f.severity == Severity::Error);
    let mut of_gateway = errors().filter(|f| f.ports.is_empty());
    if of_gateway.any(|f| stalled(f) || gateway.registered == 0) {
        return true;
    }
    let mut ports: Vec<u16> = errors().flat_map(|f| f.ports).copied().collect();
    ports.sort_unstable();
    ports.dedup();
    ports.len() as u64 >= gateway.enabled
}

fn stalled(found: &Found<'_>) -> bool {
    found.finding == Some(&Finding::LineThreadStalled)
}

/// What was measured of the gateway and is in order. What a finding is about is never among it.
pub fn gateway_ruled_out(gateway: &GatewayFigures, findings: &[Found<'_>]) -> Vec<RuledOut> {
    let mut out = vec![];
    let silent = |f: &Found<'_>| {
        let silent = [&Finding::ServerUnresponsive, &Finding::KeepalivesUnanswered];
        f.finding.is_some_and(|finding| silent.contains(&finding))
    };
    let all = gateway.enabled > 0 && gateway.registered == gateway.enabled;
    if all && !findings.iter().any(silent) {
        let ports = gateway.enabled;
        out.push(RuledOut::AllRegistered { ports });
    }
    if gateway.ticks > 0 && gateway.missed_blocks == 0 && !findings.iter().any(stalled) {
        out.push(RuledOut::LineThreadsInTime {
            ticks: gateway.ticks,
            longest_us: gateway.longest_us,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(finding: &'a Finding, ports: &'a [u16]) -> Found<'a> {
        Found {
            finding: Some(finding),
            severity: finding.severity(),
            ports,
        }
    }

    fn two(registered: u64) -> GatewayFigures {
        GatewayFigures {
            enabled: 2,
            registered,
            ticks: 1000,
            ..GatewayFigures::default()
        }
    }

    #[test]
    fn the_gateway_is_dead_when_no_port_has_service_and_never_because_of_one_of_them() {
        let stalled = Finding::LineThreadStalled;
        let silent = Finding::ServerUnresponsive;
        let removed = Finding::CardRemoved {
            unregistered: false,
        };
        let address = Finding::OwnAddressMissing {
            address: "10.0.0.9".into(),
            present: vec![],
        };
        let stands =
            |registered, findings: &[Found<'_>]| gateway_standing(&two(registered), findings);
        // Registered they are, and no call is possible.
        assert_eq!(stands(2, &[found(&stalled, &[])]), Standing::Dead);
        assert_eq!(stands(2, &[found(&silent, &[1, 2])]), Standing::Dead);
        let each = [found(&silent, &[1]), found(&removed, &[2])];
        assert_eq!(stands(1, &each), Standing::Dead);
        assert_eq!(stands(2, &each[..1]), Standing::Impaired);
        // The other one is on its way.
        assert_eq!(stands(0, &each[1..]), Standing::Passing);
        assert_eq!(stands(0, &[found(&address, &[])]), Standing::Dead);
        assert_eq!(stands(1, &[found(&address, &[])]), Standing::Impaired);
        assert_eq!(stands(2, &[]), Standing::InOrder);
        assert_eq!(stands(1, &[]), Standing::Passing);
        let unknown = Found {
            finding: None,
            severity: Severity::Error,
            ports: &[1, 2],
        };
        assert_eq!(stands(2, &[unknown]), Standing::Dead);
    }

    #[test]
    fn what_a_finding_of_the_gateway_or_all_ports_is_about_is_not_ruled_out() {
        let all = RuledOut::AllRegistered { ports: 2 };
        let in_time = RuledOut::LineThreadsInTime {
            ticks: 1000,
            longest_us: 0,
        };
        let ruled_out = |findings: &[Found<'_>]| gateway_ruled_out(&two(2), findings);
        assert_eq!(ruled_out(&[]), [all.clone(), in_time.clone()]);
        let stalled = Finding::LineThreadStalled;
        assert_eq!(ruled_out(&[found(&stalled, &[])]), [all]);
        let silent = Finding::ServerUnresponsive;
        assert_eq!(ruled_out(&[found(&silent, &[1])]), [in_time]);
        let late = GatewayFigures {
            missed_blocks: 1,
            ..two(1)
        };
        assert_eq!(gateway_ruled_out(&late, &[]), []);
    }
}
