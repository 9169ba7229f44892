//! What a session carries: the contract between the line thread, a body, and the datagrams on the network.
//!
//! A body takes a block of the line and makes datagrams of it, and takes datagrams and makes blocks for the line. It
//! knows nothing of sockets, of whose datagrams are accepted, or of what protects them: a datagram that reaches it is the
//! far end's, in clear. Once it is built it allocates nothing, and its work per block and per datagram is bounded.
//!
//! Voice is the one that there is ([`super::Voice`]). For another one beside it an enum of both keeps this contract and
//! takes the place of voice as what a [`super::MediaSession`] has unless something else is said.

use tipring_proto::rtp::{NetworkDigit, Outgoing, OwnFigures, StreamMark};
use tipring_proto::time::Time;
use tipring_proto::types::Digit;

use super::kernel::DatagramShape;
use crate::line::counters::PortCounters;
use crate::line::order::Remote;

/// A block of the line on its way to the network.
#[derive(Debug)]
pub struct Block<'a> {
    /// Its number among those of this thread.
    pub round: u64,
    /// The sound.
    pub samples: &'a [i16],
    /// As many bytes, for the body to work in.
    pub bytes: &'a mut [u8],
}

/// What became of a datagram of the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The far end is there.
    Valid,
    /// No sign of it, but nothing wrong.
    Ignored,
    /// Not what it should be; many of these are a flood.
    Malformed,
}

/// A named signalling event of the far end ([`tipring_proto::nse`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedEvent {
    /// Which.
    pub number: u8,
    /// Of its packet.
    pub timestamp: u32,
}

/// What a session carries.
pub trait Body {
    /// Its figures.
    type Stats;
    /// What its datagrams look like.
    const SHAPE: DatagramShape;

    /// How to send from now on; `begins`: nothing was sent before.
    fn send_as(&mut self, remote: &Remote, begins: bool);

    /// Its turn among the sessions of its thread: bodies of different turns fill their datagrams with different blocks.
    fn take_turn(&mut self, _turn: u8) {}

    /// Will the next block, of this number of samples, fill a datagram?
    fn is_due(&self, samples: usize) -> bool;

    /// A block of the line goes up; `emit` gets each datagram that is full. Called for each block that is sent.
    fn up(&mut self, block: Block<'_>, emit: impl FnMut(&mut Outgoing<'_>));

    /// A block passes of which nothing is sent.
    fn pause(&mut self, samples: usize);

    /// A block for the line; `bytes` to work in. Called for each block, whether it is played or not. Answers when the
    /// datagram came whose sound begins in it, if that one is timed.
    fn down(&mut self, now: Time, bytes: &mut [u8], out: &mut [i16]) -> Option<Time>;

    /// What a datagram of any source shows of its stream; none when it is nothing that could be used.
    fn mark(&self, datagram: &[u8]) -> Option<StreamMark>;

    /// Takes a datagram of the far end.
    fn receive(&mut self, arrived: Time, datagram: &[u8]) -> Taken;

    /// Do the keys of the phone go out by [`Body::press`]?
    fn sends_events(&self) -> bool {
        false
    }

    /// The phone's user pressed a key: false when it does not go out.
    fn press(&mut self, _digit: Digit, _volume: u8, _emit: impl FnMut(&mut Outgoing<'_>)) -> bool {
        false
    }

    /// The key was let go.
    fn release(&mut self) {}

    /// The digit of the far end that begins or ends with the block that is played now; asked once a block.
    fn network_digit(&mut self, _now: Time, _samples: usize) -> Option<NetworkDigit> {
        None
    }

    /// A named signalling event goes out in the stream; `first`: no copy of the one before.
    fn send_named(
        &mut self,
        _payload_type: u8,
        _number: u8,
        _first: bool,
        _emit: impl FnOnce(&mut Outgoing<'_>),
    ) {
    }

    /// The oldest named signalling event of the far end that was not asked for yet.
    fn named_event(&mut self) -> Option<NamedEvent> {
        None
    }

    /// Data passes from now on, with the silence of both sides that is reported, ms; or voice.
    fn pass_data(&mut self, _data: Option<u32>) {}

    /// This number of earlier packets goes again with each one while data passes.
    fn repeat(&mut self, _depth: u8) {}

    /// Does data pass? The silence of both sides that is reported, ms.
    fn data(&self) -> Option<u32> {
        None
    }

    /// Figures until now.
    fn stats(&self) -> Self::Stats;

    /// What RTCP reports of it, if it is RTP.
    fn streams(&self) -> Option<OwnFigures> {
        None
    }

    /// Adds what is new since the last time to the port's counters.
    fn publish(&mut self, port: &PortCounters);

    /// Shows its present state as the port's.
    fn show(&self, port: &PortCounters);
}
