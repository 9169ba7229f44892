//! What is wrong, as the control socket carries it: the finding for programs, its words for readers.

use serde::{Deserialize, Serialize};
use tipring_types::finding::{Finding, Place, Severity};

use crate::words::{self, Whose};

/// A finding with its place and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FindingReport {
    /// `code` and `parameters`; none when a newer daemon has a code that this command does not know.
    #[serde(flatten)]
    pub finding: Option<Finding>,
    /// How bad it is.
    pub severity: Severity,
    /// Which port it is about.
    #[serde(flatten)]
    pub place: Place,
    /// The thing, and what is wrong with it.
    pub text: String,
    /// Why.
    pub cause: String,
    /// What to do about it.
    pub cure: String,
}

impl FindingReport {
    /// A finding of the gateway as a whole.
    pub fn gateway(finding: Finding) -> FindingReport {
        FindingReport::of(finding, Place::default())
    }

    /// A finding about a port.
    pub fn of(finding: Finding, place: Place) -> FindingReport {
        let words = words::finding(&finding, Whose(&[&place]));
        FindingReport {
            severity: finding.severity(),
            finding: Some(finding),
            place,
            text: words.text,
            cause: words.cause,
            cure: words.cure,
        }
    }

    /// Text and cause in one line.
    pub fn what(&self) -> String {
        format!("{}: {}", self.text, self.cause)
    }

    /// The code; empty when it is none that this version knows.
    pub fn code(&self) -> &'static str {
        self.finding.as_ref().map_or("", Finding::code)
    }
}

/// Findings with everything that is equal but the port: one for each cause, with all the places that have it.
pub fn by_cause(findings: &[FindingReport]) -> Vec<(FindingReport, Vec<&Place>)> {
    let mut groups: Vec<(&FindingReport, Vec<&Place>)> = vec![];
    for one in findings {
        let same = |first: &FindingReport| match (&first.finding, &one.finding) {
            (Some(a), Some(b)) => a == b,
            (None, None) => (&first.text, &first.cause) == (&one.text, &one.cause),
            _ => false,
        };
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, places)) => places.push(&one.place),
            None => groups.push((one, vec![&one.place])),
        }
    }
    groups
        .into_iter()
        .map(|(first, places)| {
            let mut report = first.clone();
            if let (Some(finding), [_, _, ..]) = (&first.finding, &*places) {
                let words = words::finding(finding, Whose(&places));
                (report.text, report.cause, report.cure) = (words.text, words.cause, words.cure);
            }
            (report, places)
        })
        .collect()
}

/// `1-4, 7`: numbers in rising order.
pub fn ranges(numbers: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = vec![];
    for &n in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(n) => *last = n,
            _ => runs.push((n, n)),
        }
    }
    let runs: Vec<String> = runs
        .iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first}-{last}"),
        })
        .collect();
    runs.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16, finding: Finding) -> FindingReport {
        let place = Place {
            port: Some(port),
            channel: Some(port + 8),
            ..Place::default()
        };
        FindingReport::of(finding, place)
    }

    #[test]
    fn a_finding_goes_over_the_wire_and_a_code_of_a_newer_daemon_keeps_its_words() {
        let sent = at(1, Finding::ChannelMissing { known: vec![4] });
        let json = serde_json::to_value(&sent).unwrap();
        assert_eq!(json["code"], "channel-missing");
        assert_eq!(json["parameters"]["known"][0], 4);
        assert_eq!((&json["port"], &json["channel"]), (&1.into(), &9.into()));
        let received: FindingReport = serde_json::from_value(json).unwrap();
        assert_eq!(received, sent);
        let newer = r#"{"code":"line-haunted","parameters":{"by":3},"text":"boo","cause":"a ghost","port":2}"#;
        let newer: FindingReport = serde_json::from_str(newer).unwrap();
        assert_eq!(newer.finding, None);
        assert_eq!(
            (newer.what(), newer.place.port),
            ("boo: a ghost".into(), Some(2))
        );
    }

    #[test]
    fn ports_with_equal_parameters_are_one_group_and_others_are_not() {
        let missing = |known: &[u16]| Finding::ChannelMissing {
            known: known.to_vec(),
        };
        let found = [
            at(1, missing(&[])),
            at(2, missing(&[])),
            at(3, Finding::ChannelNoModule),
            at(4, missing(&[7])),
            at(5, missing(&[])),
        ];
        let groups: Vec<(String, Vec<u16>)> = by_cause(&found)
            .into_iter()
            .map(|(report, places)| {
                let ports = places.iter().filter_map(|p| p.port).collect();
                (report.text, ports)
            })
            .collect();
        assert_eq!(
            groups,
            [
                ("its DAHDI channel does not exist".into(), vec![1, 2, 5]),
                (
                    "DAHDI channel 11 has no working line module".into(),
                    vec![3]
                ),
                ("DAHDI channel 12 does not exist".into(), vec![4]),
            ]
        );
    }
}
