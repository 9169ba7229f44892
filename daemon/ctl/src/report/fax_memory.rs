//! `tipring fax memory`: what is remembered of far ends, and what that changes in the next fax.

use serde::{Deserialize, Serialize};
use tipring_types::{FarMemory, FaxAdvice, FaxAdvised};

use crate::words::fax_advice;

/// A far end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FarEndReport {
    /// Its number; its address where it has none.
    pub far: String,
    /// What is remembered.
    #[serde(flatten)]
    pub memory: FarMemory,
    /// What the next fax does otherwise than usual, at a port whose settings leave it open.
    pub next: Vec<FaxAdvice>,
    /// The same in words.
    pub text: Vec<String>,
}

impl FarEndReport {
    /// With the words of what follows.
    pub fn of(far: &str, memory: &FarMemory, next: &[FaxAdvice]) -> FarEndReport {
        let words = |&advice: &FaxAdvice| {
            let far = far.to_owned();
            fax_advice(&FaxAdvised { far, advice })
        };
        FarEndReport {
            far: far.to_owned(),
            memory: memory.clone(),
            text: next.iter().map(words).collect(),
            next: next.to_vec(),
        }
    }
}

/// Far ends, the one with the latest fax first. Of `forget`: what was remembered until then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FaxMemoryReport {
    /// The far ends.
    pub far_ends: Vec<FarEndReport>,
    /// There are more than one answer has room for.
    pub more: bool,
}
