//! UDPTL: T.38 packets in datagrams (ITU-T T.38 §9).
//!
//! A datagram has a sequence number, one packet, and what helps when others are lost: copies of the packets before it, or
//! parity over groups of them. [`Sender`] sends copies; [`Receiver`] takes both, puts packets into their order, and says
//! what is missing for good. How long it waits for a missing one follows from the jitter that it sees.

mod jitter;
mod packet;
mod parity;
mod receiver;
mod repeats;
mod sender;
#[cfg(test)]
mod tests;
mod window;

pub use packet::{Octets, Packet, PacketError, Recovery};
pub use receiver::{Counters, Item, Receiver, ReceiverConfig};
pub use sender::{MAX_COPIES, MAX_DATAGRAM, Redundancy, SendError, Sender, SenderConfig, Sent};
