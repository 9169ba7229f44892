//! Report values: one for each thing that can be shown. Everything the gateway counts is in one of them.
//!
//! Lengths of time are in the unit of their name; points in time are milliseconds since 1970 (`…_unix_ms`).
//! Fields that were added later have defaults, so an older command reads a newer daemon and the reverse.

mod call;
mod explain;
mod fax;
mod fax_memory;
mod finding;
mod linetest;
mod port;
mod quality;
mod reload;
#[cfg(test)]
mod schema;
mod server;
mod sim;
mod status;
mod trace;

pub use call::{CallDetail, CallList, CallSummary};
pub use explain::{
    CallNoteReport, CallStory, CauseReport, DayReport, EvidenceReport, GatewayStory, LegStory,
    PortStory, RuledOutReport, Verdict,
};
pub use fax::{FaxList, FaxReport, FaxStats};
pub use fax_memory::{FarEndReport, FaxMemoryReport};
pub use finding::{FindingReport, by_cause, ranges};
pub use linetest::{LineTestOutcome, LineTestReport};
pub use port::{
    AlarmLeg, ConnectionReport, DetectedTone, EchoReport, FaxLeg, Forwards, LineStats, MediaLeg,
    PortCard, PortDetail, PortSummary, RedundancyReport, RefusedSource, RegistrationReport,
    RegistrationStep, RtpStats, Voltages,
};
pub use quality::{QualityReport, RtcpReport};
pub use reload::{ConfigProblem, ConfigReport, ReloadChange, ReloadReport, ReloadState};
pub use server::{RestartReport, ServerReport, ServerState};
pub use sim::{
    CallerIdCoding, CallerIdHeard, FaxResult, FaxRole, FaxSnapshot, SimCard, SimHeard, SimHybrid,
    SimPolarity, SimSetState, SimSnapshot,
};
pub use status::{
    CallManagerReport, CardReport, Counter, DaemonReport, Histogram, HistogramBucket,
    LineThreadReport, PortCounts, RealtimeReport, Scheduling, ServerTrouble, SpanReport,
    StatusReport, TroubleKind,
};
pub use tipring_store::{FaxTotals, History, StoredCall, StoredFax, StoredFinding};
pub use tipring_types::explain::{CallNote, Evidence, Remark, RuledOut, Standing};
pub use tipring_types::{
    CallDirection, CallState, ConnectionPurpose, ConnectionState, EchoState, HookState,
    NoiseVerdict, PortState, RegistrationState, Side, TestEnd,
};
pub use trace::{SccpBytes, SccpMessage, Trace, TraceEvent, TraceKind};
