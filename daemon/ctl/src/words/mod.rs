//! The words for what the control socket carries as values: findings, trace events, line tests and faxes. One table each, for the
//! terminal, the log, JSON and the documentation alike.

mod clean;
mod explain;
mod fax;
mod finding;
mod linetest;
mod sccp;
mod trace;

pub use clean::{clean, is_obeyed};
pub use explain::{call_note, code, end, ended, evidence, length, plural, remark, ruled_out};
pub use fax::{fax, fax_advice, fax_verdict};
pub use finding::{Whose, Words, finding, reason};
pub use linetest::{test_end, verdict};
pub use trace::{end_cause, trace};
