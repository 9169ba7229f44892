//! The words that every room shares.
//!
//! Owns: identifiers (port, call, party, device), states of ports, calls and registrations, what a line and a card can
//! be in, G.711, the choices that a configuration offers, findings and trace events. Promises: plain values, `Copy` where they can be; one
//! spelling for the log, the control socket and the configuration file. Leaves to others: everything that is done with
//! them. This crate depends on nothing of Tipring, so each room may use it; `proto`, `hal` and `dsp` meet here and
//! nowhere else.
#![forbid(unsafe_code)]

#[macro_use]
mod words;

mod choices;
pub mod explain;
mod fax;
pub mod finding;
mod ids;
pub mod law;
pub mod level;
mod line;
mod linetest;
pub mod problem;
#[cfg(feature = "schema")]
mod schema;
mod states;
pub mod t38;
mod tones;
pub mod trace;

pub use choices::{
    AfterFarHangUp, CallerIdTiming, CodePage, FlashAction, NamedEvents, PulseDigits,
    RepeatedPackets, RtpSource,
};
pub use fax::{
    FAX_STEPS, FAX_SWITCHES, FarMemory, FaxAdvice, FaxAdvised, FaxCause, FaxModem, FaxOutcome,
    FaxPath, FaxPhase, FaxRecord, FaxRelayUse, FaxStep, FaxSwitch, FaxTally, FaxTimer,
    FaxTransport, FaxVerdict, Sides, T38Answers, T38Choice, T38Doubt,
};
pub use ids::{
    CallRef, Codec, Conference, ConnectionId, DeviceName, DeviceNameError, DeviceType, Digit,
    LineInstance, Party, PortId,
};
pub use law::Law;
pub use level::{TenthDb, TenthDbm0};
pub use line::{HookState, LineFault, Polarity};
pub use linetest::{LineNoise, NoiseVerdict, TestEnd};
pub use states::{
    CallDirection, CallState, ConnectionPurpose, ConnectionState, EchoState, EndCause, PortState,
    RegistrationState,
};
pub use tones::{AlarmTone, DataTone, Side};
