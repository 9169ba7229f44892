//! The steps of a fax, for a picture of it.

use serde::{Deserialize, Serialize};

use crate::Side;

/// Steps of one fax that are kept.
pub const STEPS: usize = 250;

/// Something that a machine signalled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaxStep {
    /// Since the fax began, ms.
    pub after_ms: u32,
    /// Which machine.
    pub from: Side,
    /// A tone (`CNG`, `CED`), a frame as T.30 calls it (`DIS`, `PPS-EOP`), `training` or `page`.
    pub sign: String,
    /// Rate of a training or a page, or what a DCS has chosen, bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// How long a training or page lasted, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ms: Option<u32>,
}
