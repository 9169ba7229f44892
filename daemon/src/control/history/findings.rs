//! Which findings begin and which end, from what there is at each look.

use std::collections::HashMap;

use tipring_ctl::report::{FindingReport, StoredFinding};

/// It is the same finding as long as these are: what its cause counts (seconds, attempts) may change.
type Key = (&'static str, String);

fn key(found: &FindingReport) -> Key {
    (found.code(), found.text.clone())
}

/// One that has begun.
#[derive(Debug)]
struct Open {
    key: Key,
    finding: StoredFinding,
}

/// The findings of the gateway and its ports that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Findings {
    last_id: u64,
    open: HashMap<Option<u16>, Vec<Open>>,
}

impl Findings {
    /// These are the findings of a port, or of the gateway (none), now. Answers what is to be kept: those that begin, and
    /// those that end.
    pub(super) fn see(
        &mut self,
        run: u64,
        at_ms: u64,
        port: Option<u16>,
        found: &[FindingReport],
    ) -> Vec<StoredFinding> {
        if found.is_empty() && !self.open.contains_key(&port) {
            return vec![];
        }
        let mut changed = vec![];
        let mut open = self.open.remove(&port).unwrap_or_default();
        let keys: Vec<Key> = found.iter().map(key).collect();
        open.retain_mut(|o| {
            let stays = keys.contains(&o.key);
            if !stays {
                changed.push(ended(&mut o.finding, run, at_ms));
            }
            stays
        });
        for (one, key) in found.iter().zip(keys) {
            if open.iter().any(|o| o.key == key) {
                continue;
            }
            let finding = self.begun(run, at_ms, port, one);
            changed.push(finding.clone());
            open.push(Open { key, finding });
        }
        if !open.is_empty() {
            self.open.insert(port, open);
        }
        changed
    }

    /// All that is open ends: nobody looks any more.
    pub(super) fn end(&mut self, run: u64, at_ms: u64) -> Vec<StoredFinding> {
        let open = self.open.drain().flat_map(|(_, open)| open);
        open.map(|mut o| ended(&mut o.finding, run, at_ms))
            .collect()
    }

    /// Something that happened to the gateway and was over at once.
    pub(super) fn note(&mut self, run: u64, at_ms: u64, found: &FindingReport) -> StoredFinding {
        StoredFinding {
            ended_unix_ms: Some(at_ms),
            ..self.begun(run, at_ms, None, found)
        }
    }

    fn begun(
        &mut self,
        run: u64,
        at_ms: u64,
        port: Option<u16>,
        found: &FindingReport,
    ) -> StoredFinding {
        self.last_id += 1;
        let json = serde_json::to_value(&found.finding).unwrap_or_default();
        StoredFinding {
            run,
            id: self.last_id,
            port,
            code: found.code().to_owned(),
            severity: found.severity,
            parameters: json.get("parameters").cloned().unwrap_or_default(),
            text: found.what(),
            begun_unix_ms: at_ms,
            ended_unix_ms: None,
            now: false,
        }
    }
}

/// The clock may have been set back meanwhile.
fn ended(finding: &mut StoredFinding, run: u64, at_ms: u64) -> StoredFinding {
    finding.run = run;
    finding.ended_unix_ms = Some(at_ms.max(finding.begun_unix_ms));
    finding.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::finding::{Finding, Severity};

    const BATTERY: Finding = Finding::NoBattery {
        unregistered: false,
    };

    fn found(all: &[Finding]) -> Vec<FindingReport> {
        all.iter().cloned().map(FindingReport::gateway).collect()
    }

    fn short(changed: &[StoredFinding]) -> Vec<(u64, u64, Option<u64>)> {
        let short = |f: &StoredFinding| (f.id, f.begun_unix_ms, f.ended_unix_ms);
        changed.iter().map(short).collect()
    }

    #[test]
    fn a_finding_is_kept_when_it_begins_and_when_it_ends_and_not_between() {
        let mut findings = Findings::default();
        let mut see = |at, all: &[Finding]| short(&findings.see(9, at, Some(3), &found(all)));
        let lockout = || Finding::OffHookLockout;
        assert_eq!(see(10, &[]), []);
        assert_eq!(see(20, &[BATTERY]), [(1, 20, None)]);
        assert_eq!(see(30, &[BATTERY]), []);
        assert_eq!(see(40, &[lockout(), BATTERY]), [(2, 40, None)]);
        assert_eq!(see(50, &[lockout()]), [(1, 20, Some(50))]);
        // The clock was set back.
        assert_eq!(see(35, &[]), [(2, 40, Some(40))]);
        assert_eq!(see(60, &[BATTERY]), [(3, 60, None)]);
    }

    #[test]
    fn what_its_cause_counts_makes_no_other_finding_and_another_server_does() {
        let mut findings = Findings::default();
        let mut see = |port, one: Finding| {
            let kept = findings.see(9, 10, Some(port), &found(&[one]));
            kept.len()
        };
        assert_eq!(see(1, Finding::LineUnstable { seconds: 9 }), 1);
        assert_eq!(see(1, Finding::LineUnstable { seconds: 8 }), 0);
        assert_eq!(see(2, Finding::LineUnstable { seconds: 8 }), 1);
        let refused = |server: &str| Finding::ConnectRefused {
            server: server.into(),
        };
        assert_eq!(see(3, refused("10.0.0.1:2000")), 1);
        assert_eq!(see(3, refused("10.0.0.2:2000")), 2, "one ends, one begins");
    }

    #[test]
    fn code_severity_and_parameters_are_kept_beside_the_words() {
        let kept = Findings::default().see(
            9,
            10,
            Some(3),
            &found(&[Finding::CardChannelMissing { channels: 8 }]),
        );
        let one = &kept[0];
        assert_eq!(
            (&*one.code, one.severity),
            ("card-channel-missing", Severity::Error)
        );
        assert_eq!(one.parameters, serde_json::json!({ "channels": 8 }));
        assert_eq!(one.text, "the card has no channel N: it has 8 channels");
    }

    #[test]
    fn at_the_end_all_that_is_open_ends() {
        let mut findings = Findings::default();
        findings.see(9, 10, Some(1), &found(&[BATTERY]));
        findings.see(9, 20, None, &found(&[Finding::LineThreadStalled]));
        let mut all = short(&findings.end(9, 30));
        all.sort();
        assert_eq!(all, [(1, 10, Some(30)), (2, 20, Some(30))]);
        assert_eq!(short(&findings.end(9, 40)), []);
    }
}
