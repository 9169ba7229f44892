//! The flows, in the order in which they run.

mod calls;
mod line;

use crate::stage::Stage;

/// A flow's name and body.
pub(crate) type Flow = (&'static str, fn(&Stage) -> Result<String, String>);

/// All of them.
pub(crate) const ALL: &[Flow] = &[
    ("bare-line", line::bare),
    ("registration", calls::registration),
    ("dial-tone", calls::again),
    ("ringing", calls::ringing),
    ("voice", calls::voice),
    ("samples", calls::samples),
];
