//! DAHDI channels and spans, as safe calls.
//!
//! Owns: the requests of `dahdi/user.h` and `dahdi/wctdm_user.h` that the gateway and the telephones of its tests need, with
//! typed values. Works on both sides: channels for telephones (`fxo…` signalling) and channels that play one (`fxs…`).
//! Promises: [`Channel::read`], [`Channel::write`], [`Channel::next_event`], [`Channel::hook`], [`Channel::set_cadence`] and
//! calls documented so neither allocate nor wait. Leaves to others: what an event means for a port (tipring-hal).

mod abi;
mod channel;
mod chip;
mod span;
mod values;

pub use channel::{
    Buffers, CHANNEL_DEVICE, Channel, Flush, GainDirection, OpenError, OpenStep, Params, Ready,
    Timing, Transfer,
};
pub use chip::{LineFeed, Register, Registers, Voltages};
pub use nix::errno::Errno;
pub use span::{CONTROL_DEVICE, Control, SpanInfo};
pub use values::{
    Alarms, BufferPolicy, ChannelLaw, DialMode, Event, Hook, KernelTone, LampKinds,
    SigCapabilities, Signalling,
};

#[cfg(test)]
mod tests;
