//! `tipring fax`: faxes that are over, with what became of them in words.

use serde::{Deserialize, Serialize};
use tipring_store::{FaxTotals, History, StoredFax};

use crate::words::fax_verdict;

/// One fax.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FaxReport {
    /// As it was kept.
    #[serde(flatten)]
    pub fax: StoredFax,
    /// The code of its verdict: that of the cause, or of the outcome.
    pub code: String,
    /// What became of it.
    pub text: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub cure: String,
}

impl FaxReport {
    /// With the words of its verdict.
    pub fn of(fax: StoredFax) -> FaxReport {
        let words = fax_verdict(&fax.verdict, &fax.port.to_string());
        FaxReport {
            code: fax.verdict.code().to_owned(),
            text: words.text,
            why: words.cause,
            cure: words.cure,
            fax,
        }
    }
}

/// Faxes, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxList {
    /// The faxes.
    pub faxes: Vec<FaxReport>,
    /// There are older ones that the limit left out.
    pub more: bool,
    /// Faxes that are in the file and could not be read: a later version wrote them, or they are damaged.
    pub unreadable: u64,
    /// Calls, faxes, findings and far ends that could not be kept since the daemon was started.
    pub lost: u64,
    /// Why nothing is kept at present.
    pub trouble: Option<String>,
}

impl From<History> for FaxList {
    fn from(history: History) -> FaxList {
        FaxList {
            faxes: history.faxes.into_iter().map(FaxReport::of).collect(),
            more: history.more,
            unreadable: history.unreadable,
            lost: history.lost,
            trouble: history.trouble,
        }
    }
}

/// Faxes added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxStats {
    /// For each port that had any.
    pub ports: Vec<FaxTotals>,
    /// For each far number, those with the most faxes first.
    pub numbers: Vec<FaxTotals>,
    /// There are more far numbers than the limit.
    pub more: bool,
    /// Why nothing is kept at present.
    pub trouble: Option<String>,
}

impl From<History> for FaxStats {
    fn from(history: History) -> FaxStats {
        FaxStats {
            ports: history.fax_ports,
            numbers: history.fax_numbers,
            more: history.more,
            trouble: history.trouble,
        }
    }
}
