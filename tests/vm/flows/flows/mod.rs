//! The flows, in the order in which they run.

mod line;

use crate::stage::Stage;

/// A flow's name and body.
pub(crate) type Flow = (&'static str, fn(&Stage) -> Result<String, String>);

/// All of them.
pub(crate) const ALL: &[Flow] = &[("bare-line", line::bare)];
