//! Findings that are over: how often there was trouble.

/// A finding that is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Its code.
    pub code: String,
    /// Its text.
    pub what: String,
    /// It is about the registration.
    pub registration: bool,
    /// When it began; milliseconds since 1970.
    pub begun_unix_ms: u64,
    /// When it ended.
    pub ended_unix_ms: u64,
}

/// A finding that came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recurring {
    /// Its code.
    pub code: String,
    /// Its text, as it was last.
    pub what: String,
    /// It is about the registration.
    pub registration: bool,
    /// How often: what overlaps in time is one.
    pub times: u64,
}

impl Recurring {
    /// All that keeps a port from being registered is one kind: the reason changes in one outage, and each CallManager has its own.
    fn is_of(&self, past: &Past) -> bool {
        match past.registration {
            true => self.registration,
            false => self.code == past.code,
        }
    }
}

/// As often as each was there; the most frequent first.
pub fn recurring(mut all: Vec<Past>) -> Vec<Recurring> {
    all.sort_by_key(|past| past.begun_unix_ms);
    // Each with the end of its last.
    let mut out: Vec<(Recurring, u64)> = vec![];
    for past in all {
        let (ended, begun) = (past.ended_unix_ms, past.begun_unix_ms);
        match out.iter_mut().find(|(recurring, _)| recurring.is_of(&past)) {
            Some((recurring, until)) => {
                recurring.times += u64::from(begun > *until);
                (recurring.code, recurring.what) = (past.code, past.what);
                *until = ended.max(*until);
            }
            None => {
                let first = Recurring {
                    code: past.code,
                    what: past.what,
                    registration: past.registration,
                    times: 1,
                };
                out.push((first, ended));
            }
        }
    }
    let mut out: Vec<Recurring> = out.into_iter().map(|(recurring, _)| recurring).collect();
    out.sort_by_key(|recurring| std::cmp::Reverse(recurring.times));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_one_outage_are_one_and_two_outages_are_two() {
        let past = |code: &str, registration, begun_unix_ms, ended_unix_ms| Past {
            code: code.into(),
            what: code.into(),
            registration,
            begun_unix_ms,
            ended_unix_ms,
        };
        let all = vec![
            past("refused", true, 110, 200),
            past("closed", true, 100, 110),
            past("removed", false, 105, 300),
            past("refused", true, 201, 210),
        ];
        let times: Vec<_> = recurring(all)
            .into_iter()
            .map(|r| (r.code, r.times))
            .collect();
        assert_eq!(times, [("refused".into(), 2), ("removed".into(), 1)]);
    }
}
