//! SCCP messages, both directions, a file for each family: the value, its id and name, its layout at every version, and
//! what it says as named values. A message is its row in the family's list, its type, `Layout` and `Contents`; the rest
//! is made of the rows.
//!
//! Old and "V2" forms of a message are one value here (`CallInfo`, `LineStat`, `DisplayPromptStatus`, …).
//! Numbers a server chooses stay newtypes over `u32`, so an unknown value is kept, not lost.

#[macro_use]
mod words;
#[macro_use]
mod table;
#[macro_use]
mod registration;
#[macro_use]
mod device;
#[macro_use]
mod keys;
#[macro_use]
mod call;
#[macro_use]
mod media;
#[macro_use]
mod reception;
#[macro_use]
mod transmission;
#[macro_use]
mod display;
#[macro_use]
mod statistics;
#[macro_use]
mod line_status;
#[macro_use]
mod signal;

pub use call::*;
pub use device::*;
pub use display::*;
pub use keys::*;
pub use line_status::*;
pub use media::*;
pub use reception::*;
pub use registration::*;
pub use signal::*;
pub use statistics::*;
pub use transmission::*;

use tipring_types::trace::{Fields, Value};

use super::catalog::Common;
use super::wire::layout::{Body, Writer};
use super::wire::{DecodeError, Frame};
use crate::types::{CallRef, CodePage, LineInstance};

/// The body of a message on the wire.
pub(super) trait Layout: Sized {
    /// Whether the header carries the negotiated version. Not in what may come before there is one.
    const VERSIONED: bool = true;

    /// Missing trailing words are 0; an error only for what nothing can be done without.
    fn decode(b: &Body<'_>) -> Result<Self, DecodeError>;

    /// In the form that belongs to the writer's version.
    fn encode(&self, w: &mut Writer);
}

/// What a message says, for the trace and for everything else that reads messages.
pub(super) trait Contents {
    /// Its fields, in the order in which they are read.
    fn fields(&self) -> Fields;
}

/// From this version on most messages with a "V2" form go out in it.
const V2_FROM: u8 = 17;

registration_rows! {
    device_rows keys_rows call_rows media_rows reception_rows transmission_rows display_rows statistics_rows
    line_status_rows signal_rows messages; {} {} {} {}
}

/// A body of no meaning to an analog port, kept whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptWhole {
    /// All of it.
    pub body: Vec<u8>,
}

impl Layout for KeptWhole {
    fn decode(b: &Body<'_>) -> Result<KeptWhole, DecodeError> {
        Ok(KeptWhole { body: b.to_vec() })
    }

    fn encode(&self, w: &mut Writer) {
        w.bytes(0, &self.body);
    }
}

impl Contents for KeptWhole {
    fn fields(&self) -> Fields {
        Fields::new().with("body", Value::bytes(&self.body))
    }
}

plain! {
    /// A call named on a line (OffHook, OnHook, HookFlash, BackSpace, …). An empty body names neither.
    #[derive(Default)]
    CallOnLine {
        /// Line, 0 = any.
        line: LineInstance = 0,
        /// Call, 0 = none.
        call: CallRef = 4,
    }
}

impl Contents for CallOnLine {
    fn fields(&self) -> Fields {
        Fields::new().on(self.line, self.call)
    }
}

plain! {
    /// A line, and nothing else (LineStatReq, ActivateCallPlane, …).
    OneLine {
        /// Line.
        line: LineInstance = 0,
    }
}

impl Contents for OneLine {
    fn fields(&self) -> Fields {
        Fields::new().with("line", self.line.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_id_and_a_name_are_given_once() {
        for names in [CLIENT_NAMES, SERVER_NAMES] {
            let ids: BTreeSet<u32> = names.iter().map(|(id, _)| *id).collect();
            let words: BTreeSet<&str> = names.iter().map(|(_, name)| *name).collect();
            assert_eq!((ids.len(), words.len()), (names.len(), names.len()));
        }
    }
}
