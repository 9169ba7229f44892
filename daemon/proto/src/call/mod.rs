//! The call logic of one analog port, without I/O and without a clock.
//!
//! Owns: what a loop closure, a flash, a digit or a server's message means ([`Port`]), and the decoding of
//! loop edges into lift, hang-up, flash and pulse digits. Promises: never panics, whatever the server says;
//! same inputs at the same times give the same outputs. Leaves to others: the wire (`sccp`), tones and
//! rings as sound (the line), sockets (the media side).
//!
//! | to change | look in |
//! | --- | --- |
//! | what goes in and out | [`contract`] |
//! | settings and their defaults | [`config`] |
//! | flash window, pulses, debounce | `hook` |
//! | a fault of the line | `line` |
//! | lifting, dialing | `dialing` |
//! | where a digit goes | `digits` |
//! | hanging up | `hang_up` |
//! | what the server says about calls | `progress` |
//! | the list of calls, the active one | `calls` |
//! | what is kept of one call | `entry` |
//! | calls that are offered | `incoming` |
//! | ring, caller ID, hold recall, message lamp | `ringer` |
//! | SetRinger, several calls that ring | `offers` |
//! | calls without CallState, CallInfo before it | `implied` |
//! | shared lines, calls that the server answers by itself | `elsewhere` |
//! | error tones, howler, lockout, open loop: when | `supervision` |
//! | error tones, disconnect supervision: what for | `no_call` |
//! | which of the server's tones is heard | `server_tones` |
//! | the tone that sounds, call-waiting tone | `tones` |
//! | media legs; whose they are | `legs`; `media` |
//! | media that is started and not opened | `early` |
//! | what a flash means: hold, transfer, call waiting | `features` |
//! | how far a transfer is | `transfer` |
//! | a transfer inside one call reference | `inside` |
//! | a server lost and found | `link` |
//! | which event a soft key has at this server | `soft_keys` |
//! | which hook messages the server has heard | `server` |
//! | the end of a call that has lost its server | `preserved` |

mod calls;
pub mod config;
pub mod contract;
mod dialing;
mod digits;
mod early;
mod elsewhere;
mod entry;
mod features;
mod hang_up;
mod hook;
mod implied;
mod incoming;
mod inside;
mod legs;
mod line;
mod link;
mod media;
mod no_call;
mod offers;
mod port;
mod presented;
mod preserved;
mod progress;
pub mod record;
mod ringer;
mod server;
mod server_tones;
mod soft_keys;
mod supervision;
mod tones;
mod transfer;

pub use crate::types::{
    AfterFarHangUp, CallDirection, CallState, CallerIdTiming, FlashAction, LineFault, Polarity,
    PortState, PulseDigits,
};
pub use config::{FlashWindow, HookConfig, PortConfig, PulseWindow};
pub use contract::{
    CallerId, DigitHeard, Input, LegStatistics, LineInput, LineOutput, MediaInput, MediaOutput,
    Output, Presented,
};
pub use legs::MOST_LEGS;
pub use port::Port;
pub use preserved::Heard;
pub use record::{CallRecord, CallSnapshot, EndCause, Forwards, PortCounters, PortSnapshot};
