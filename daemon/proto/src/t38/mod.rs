//! Fax over IP as T.38 has it: packets and their transport over UDP.
//!
//! Owns: the coding of packets ([`ifp`]), UDPTL with its two ways to win back what was lost ([`udptl`]), and how a
//! datagram is known on a port that carries RTP and UDPTL ([`datagram`]). Promises: no allocation after a sender or
//! receiver was built, a bound on everything. Leaves to others: the modems and the timing towards the line
//! (`dsp`), the switch from voice, the sockets.

mod bits;
pub mod datagram;
pub mod ifp;
pub mod udptl;
