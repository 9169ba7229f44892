//! What a flow measured, and how a round of flows went.

use std::fmt;
use std::time::{Duration, Instant};

use tipring_tests::set::HeardTone;

/// What a flow measured: words for the round's line, tones for the summary of all rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    text: String,
    tones: Vec<HeardTone>,
}

impl Figures {
    /// Only words.
    pub(crate) fn say(text: impl Into<String>) -> Figures {
        Figures {
            text: text.into(),
            tones: vec![],
        }
    }

    /// Words and the tones they are about.
    pub(crate) fn tones(text: impl Into<String>, tones: Vec<HeardTone>) -> Figures {
        Figures {
            text: text.into(),
            tones,
        }
    }
}

/// A tone each way through a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BothWays {
    /// What the second phone heard of the first.
    pub(crate) there: HeardTone,
    /// What the first phone heard of the second.
    pub(crate) back: HeardTone,
}

impl BothWays {
    /// For [`Figures::tones`].
    pub(crate) fn tones(self) -> [HeardTone; 2] {
        [self.there, self.back]
    }
}

impl fmt::Display for BothWays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there {}, back {}", self.there, self.back)
    }
}

/// Why a flow failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    /// It is about sound, and this machine did not carry that in time while it was waited for: the flow may be run again. What
    /// is about anything else (a state, words, a registration) never has an excuse.
    pub(crate) stalls: Option<String>,
}

impl From<String> for Failure {
    fn from(text: String) -> Failure {
        Failure { text, stalls: None }
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Failure {
        text.to_owned().into()
    }
}

/// How one flow went.
pub(crate) struct Outcome {
    flow: String,
    took: Duration,
    /// How often it had failed before, for reasons that are not the gateway's.
    failed_before: u32,
    result: Result<Figures, Failure>,
}

impl Outcome {
    /// Runs a flow.
    pub(crate) fn of(flow: &str, body: impl FnOnce() -> Result<Figures, Failure>) -> Outcome {
        let start = Instant::now();
        let result = body();
        Outcome {
            flow: flow.into(),
            took: start.elapsed(),
            failed_before: 0,
            result,
        }
    }

    /// A flow that could not run.
    pub(crate) fn failed(flow: &str, text: String) -> Outcome {
        Outcome {
            flow: flow.into(),
            took: Duration::ZERO,
            failed_before: 0,
            result: Err(text.into()),
        }
    }

    /// The same, after this number of failures for reasons that are not the gateway's.
    pub(crate) fn after(self, failed_before: u32) -> Outcome {
        Outcome {
            failed_before,
            ..self
        }
    }

    /// Did it pass?
    pub(crate) fn passed(&self) -> bool {
        self.result.is_ok()
    }

    /// What of this machine may have been the reason that it failed.
    pub(crate) fn stalls(&self) -> Option<&str> {
        self.result.as_ref().err()?.stalls.as_deref()
    }

    /// One line for people (more when it failed with a log).
    pub(crate) fn print(&self, round: &str) {
        let seconds = self.took.as_secs();
        match &self.result {
            Ok(f) => println!(
                "ok   {round:<15} {:<13} {} ({seconds} s)",
                self.flow, f.text
            ),
            Err(e) => println!(
                "FAIL {round:<15} {:<13} after {seconds} s: {}",
                self.flow, e.text
            ),
        }
    }
}

/// All outcomes of one device type at one version.
pub(crate) struct Round {
    /// `type 10 v3`.
    pub(crate) name: String,
    /// In order.
    pub(crate) outcomes: Vec<Outcome>,
}

/// Prints one row a flow and one column a round, and the worst of all measured tones; returns how many failed.
pub(crate) fn summary(rounds: &[Round]) -> usize {
    let mut flows: Vec<&str> = vec![];
    for outcome in rounds.iter().flat_map(|r| &r.outcomes) {
        if !flows.contains(&outcome.flow.as_str()) {
            flows.push(&outcome.flow);
        }
    }
    print!("\n{:<13}", "");
    for round in rounds {
        print!(" {:>15}", round.name);
    }
    println!();
    for flow in flows {
        print!("{flow:<13}");
        for round in rounds {
            let of_flow = || round.outcomes.iter().filter(|o| o.flow == flow);
            let (all, passed) = (of_flow().count(), of_flow().filter(|o| o.passed()).count());
            let failed_before: u32 = of_flow().map(|o| o.failed_before).sum();
            let word = match (all, passed) {
                (0, _) => "-".into(),
                (1, 1) if failed_before > 0 => format!("ok, try {}", failed_before + 1),
                (1, 1) => "ok".into(),
                (1, _) => "FAIL".into(),
                _ => format!("{passed} of {all}"),
            };
            print!(" {word:>15}");
        }
        println!();
    }
    let all = || rounds.iter().flat_map(|r| &r.outcomes);
    let tones: Vec<HeardTone> = all()
        .filter_map(|o| o.result.as_ref().ok())
        .flat_map(|f| f.tones.iter().copied())
        .collect();
    let worst = |of: fn(&HeardTone) -> f32| tones.iter().map(of).fold(0.0, f32::max);
    println!(
        "{} tones measured end to end: level off by at most {:.2} dB, frequency by at most {:.2} %",
        tones.len(),
        worst(HeardTone::level_error_db),
        worst(|t| 100.0 * (t.hz - t.sent_hz).abs() / t.sent_hz),
    );
    let failed = all().filter(|o| !o.passed()).count();
    let again = all().filter(|o| o.passed() && o.failed_before > 0).count();
    println!(
        "{} passed, {failed} failed; {again} of the passed ones not at the first try",
        all().count() - failed
    );
    failed
}
