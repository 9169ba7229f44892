//! A media session: one leg of a call between the line and the network.
//!
//! Put together of a socket with the kernel's side of it ([`socket`]), a filter of the sources that are accepted
//! ([`sources`]), the far end ([`remote`]), what protects the datagrams ([`transform`]), and a body, which makes
//! datagrams of the line's blocks and blocks of datagrams ([`body`]). Each knows nothing of the others; what passes
//! between them passes here.
//!
//! Built by control ([`MediaSession::open`] allocates, binds and asks for randomness), used by the line thread, and
//! handed back to control to be dropped.

mod body;
mod kernel;
mod ports;
mod relay;
mod remote;
mod socket;
mod sources;
mod tap;
mod transform;
mod view;
mod voice;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::RawFd;
use std::sync::Arc;

use tipring_linux::DatagramMut;
use tipring_proto::rtp::{NetworkDigit, Outgoing, RtpSource};
use tipring_proto::time::Time;
use tipring_proto::types::{Codec, Digit};

use super::counters::PortCounters;
use super::media::{Allowance, Arrivals, Batches};
use super::order::{Remote, SessionId};
pub use body::{Block, Body, NamedEvent, Taken};
pub use kernel::DatagramShape;
pub use ports::RtpPorts;
pub use relay::{FaxRelay, FaxRelayConfig, RelayNumbers, RelayView, RelayWatch};
use remote::FarEnd;
use socket::MediaSocket;
pub use socket::{MediaOpenError, SocketStats};
use sources::Sources;
pub use tap::{FaxTap, TapView, TapWatch};
use transform::Transform;
pub use view::SessionView;
pub use voice::{Voice, VoiceStats};

/// Expedited forwarding.
pub const DSCP_EF: u8 = 46;

/// What a session is built of.
#[derive(Clone, Copy, Debug)]
pub struct SessionConfig {
    /// Its name.
    pub id: SessionId,
    /// Codec sent until [`Remote`] says otherwise.
    pub codec: Codec,
    /// Milliseconds in a packet until [`Remote`] says otherwise.
    pub ptime_ms: u8,
    /// Samples in a block of the card.
    pub block: u16,
    /// Smallest delay of the jitter buffer, ms.
    pub jitter_min_ms: u16,
    /// Largest delay; equal to the smallest: fixed.
    pub jitter_max_ms: u16,
    /// Its delay when it is held fixed, in fax and modem calls.
    pub jitter_fixed_ms: u16,
    /// A fax, modem or alarm port: its buffer is held fixed from the beginning.
    pub data_port: bool,
    /// Earlier packets sent again with each while data passes.
    pub redundancy: u8,
    /// Payload type of packets that carry earlier ones (RFC 2198), sent and accepted.
    pub redundancy_payload_type: u8,
    /// Payload type under which the far end may send telephone-events.
    pub event_payload_type: Option<u8>,
    /// Payload type of named signalling events, sent and accepted; none: they are not used.
    pub named_payload_type: Option<u8>,
    /// T.38 may take the place of voice.
    pub t38: bool,
    /// Silence of the phone is not sent, unless it is a data port or data passes.
    pub vad: bool,
    /// Who is accepted besides the far end that the server names.
    pub sources: RtpSource,
    /// DSCP of our packets until [`Remote`] says otherwise, usually [`DSCP_EF`].
    pub dscp: u8,
}

/// Final or current figures of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SessionStats<S = VoiceStats> {
    /// What it carries.
    pub body: S,
    /// Its socket.
    pub socket: SocketStats,
    /// Datagrams of sources that are not accepted.
    pub unexpected: u64,
}

/// One call leg's media.
#[derive(Debug)]
pub struct MediaSession<B = Voice> {
    id: SessionId,
    socket: MediaSocket,
    sources: Sources,
    far: FarEnd,
    transform: Transform,
    body: B,
    /// T.38 may come.
    t38: bool,
    /// T.38 in the place of the body's voice.
    relay: Option<Box<FaxRelay>>,
    news: relay::NewsDesk,
    /// Listens to a fax that passes as sound.
    tap: Option<Box<FaxTap>>,
    pub(super) parked: bool,
}

/// What became of the datagrams waiting on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// Nothing waits any more.
    Empty,
    /// The bound was reached.
    Bounded,
}

impl MediaSession {
    /// Binds an even port that was not in use lately and builds everything the line thread will need. Also the moment
    /// to learn [`MediaSession::local`] for OpenReceiveChannelAck: the socket is open and takes packets from now on.
    pub fn open(
        bind: Ipv4Addr,
        ports: &mut RtpPorts,
        config: &SessionConfig,
    ) -> Result<Box<MediaSession>, MediaOpenError> {
        let socket = MediaSocket::open(bind, ports, config.dscp, shape(config))?;
        let body = Voice::new(config)?;
        let sources = Sources::new(config.sources);
        let mut session = MediaSession::of(config.id, socket, sources, body);
        session.t38 = config.t38;
        Ok(session)
    }

    /// The same for a multicast group, which is joined on the interface of `bind`: nothing is ever sent.
    /// It leaves the group when it is dropped.
    pub fn join(
        bind: Ipv4Addr,
        group: SocketAddrV4,
        config: &SessionConfig,
    ) -> Result<Box<MediaSession>, MediaOpenError> {
        let socket = MediaSocket::join(bind, group, config.dscp, Voice::SHAPE)?;
        let body = Voice::new(config)?;
        let sources = Sources::new(config.sources);
        Ok(MediaSession::of(config.id, socket, sources, body))
    }
}

/// What its datagrams look like: of T.38 nothing but its length is known to the kernel.
fn shape(config: &SessionConfig) -> DatagramShape {
    if config.t38 {
        DatagramShape {
            shortest: 6,
            first_byte: (0, 0),
        }
    } else {
        Voice::SHAPE
    }
}

impl MediaSession {
    /// The source of its RTP, as RTCP names it.
    pub fn ssrc(&self) -> u32 {
        self.body.ssrc()
    }
}

impl<B: Body> MediaSession<B> {
    fn of(id: SessionId, socket: MediaSocket, sources: Sources, body: B) -> Box<MediaSession<B>> {
        Box::new(MediaSession {
            id,
            socket,
            sources,
            far: FarEnd::default(),
            transform: Transform::default(),
            body,
            t38: false,
            relay: None,
            news: relay::NewsDesk::default(),
            tap: None,
            parked: false,
        })
    }

    /// Its name.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Where it receives.
    pub fn local(&self) -> SocketAddrV4 {
        self.socket.local()
    }

    /// What control may read of it at any time; the same until it is dropped.
    pub fn view(&self) -> Arc<SessionView> {
        self.sources.view()
    }

    /// Figures until now.
    pub fn stats(&self) -> SessionStats<B::Stats> {
        SessionStats {
            body: self.body.stats(),
            socket: self.socket.stats(),
            unexpected: self.sources.unexpected(),
        }
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.socket.descriptor()
    }

    pub(super) fn set_remote(&mut self, now: Time, remote: Remote) {
        self.socket.set_dscp(remote.dscp);
        self.sources.name(remote.address);
        self.socket.drained(now, self.sources.latch());
        let begins = self.far.name(remote.address);
        self.body.send_as(&remote, begins);
    }

    /// Its turn from now on: sessions of different turns fill their packets with different blocks.
    pub(super) fn take_turn(&mut self, turn: u8) {
        self.body.take_turn(turn);
    }

    /// Will the next block fill a packet?
    pub(super) fn is_due(&self, block: usize) -> bool {
        self.far.target().is_some() && self.body.is_due(block)
    }

    pub(super) fn stop_sending(&mut self) {
        self.far.stop();
        self.sources.release();
    }

    /// Data passes from now on, or voice.
    pub(super) fn pass_data(&mut self, data: Option<u32>) {
        self.body.pass_data(data);
    }

    /// This number of earlier packets goes again with each one while data passes.
    pub(super) fn repeat(&mut self, depth: u8) {
        self.body.repeat(depth);
    }

    /// Does data pass? The silence of both sides that is reported, ms.
    pub(super) fn data(&self) -> Option<u32> {
        self.body.data()
    }

    /// Do the keys of the phone go out as telephone-events?
    pub(super) fn sends_events(&self) -> bool {
        self.far.target().is_some() && self.relay.is_none() && self.body.sends_events()
    }

    /// Takes datagrams off the socket, as many as the allowance bears, and hands those of the far end to the body.
    /// A flood of others is dropped by the kernel from then on.
    pub(super) fn drain(
        &mut self,
        arrivals: Arrivals,
        batches: &mut Batches,
        allowance: &mut Allowance<'_>,
    ) -> Drained {
        let mut waiting = false;
        let drained = loop {
            let batch = batches.for_more(waiting);
            let Some(count) = self.socket.receive(batch) else {
                if !allowance.spend(1) {
                    break Drained::Bounded;
                }
                continue;
            };
            waiting = count == batch.slots();
            for datagram in batch.iter_mut() {
                let arrived = arrivals.of(datagram.received_at);
                self.take(arrived, datagram, allowance);
            }
            let more = allowance.spend(count);
            if !waiting {
                break Drained::Empty;
            }
            if !more {
                break Drained::Bounded;
            }
        };
        self.socket.drained(arrivals.now, self.sources.latch());
        drained
    }

    #[inline]
    fn take(&mut self, arrived: Time, datagram: DatagramMut<'_>, allowance: &mut Allowance<'_>) {
        let (source, truncated) = (datagram.source, datagram.truncated);
        let opened = self.transform.open(datagram.bytes);
        let body = &self.body;
        let mark = || opened.and_then(|bytes| body.mark(bytes));
        if !self.sources.admits(arrived, source, mark) {
            return self.socket.refused(Some(source));
        }
        if !allowance.packet() {
            return self.socket.beyond_allowance();
        }
        let Some(bytes) = opened.filter(|_| !truncated) else {
            return self.socket.unreadable();
        };
        let taken = match self.take_t38(arrived, bytes) {
            Some(taken) => taken,
            None => self.body.receive(arrived, bytes),
        };
        match taken {
            Taken::Valid => self.sources.heard(arrived),
            Taken::Ignored => {}
            Taken::Malformed => self.socket.refused(None),
        }
    }

    /// Looks from time to time how much the kernel drops.
    pub(super) fn look_at_kernel(&mut self, now: Time) {
        self.socket.look(now, self.sources.latch());
    }

    /// Sends a block, or lets its time pass when this session is not to send. `round` numbers the blocks of this thread.
    /// True when a packet went out.
    #[inline]
    pub(super) fn send(&mut self, round: u64, samples: &[i16], bytes: &mut [u8]) -> bool {
        if let Some(went) = self.relay_up(samples) {
            return went;
        }
        let Some(to) = self.far.target() else {
            self.pause(samples.len());
            return false;
        };
        let mut went = false;
        let (socket, transform) = (&mut self.socket, &mut self.transform);
        let block = Block {
            round,
            samples,
            bytes,
        };
        self.body.up(block, |datagram| {
            went = true;
            leave(socket, transform, to, datagram);
        });
        went
    }

    /// Lets the time of a block pass.
    pub(super) fn pause(&mut self, samples: usize) {
        self.body.pause(samples);
    }

    /// Plays a block. Answers when the packet came whose sound begins in it, if that one is timed.
    #[inline]
    pub(super) fn play(&mut self, now: Time, bytes: &mut [u8], out: &mut [i16]) -> Option<Time> {
        let arrived = self.body.down(now, bytes, out);
        self.relay_down(now, out);
        arrived
    }

    /// A named signalling event goes out; `first`: no copy of the one before. False when nothing may be sent.
    pub(super) fn send_named(&mut self, payload_type: u8, number: u8, first: bool) -> bool {
        let Some(to) = self.far.target() else {
            return false;
        };
        let (socket, transform) = (&mut self.socket, &mut self.transform);
        self.body
            .send_named(payload_type, number, first, |datagram| {
                leave(socket, transform, to, datagram);
            });
        true
    }

    /// The oldest named signalling event of the far end that was not asked for yet.
    #[inline]
    pub(super) fn named_event(&mut self) -> Option<NamedEvent> {
        self.body.named_event()
    }

    /// The phone pressed a key: false when it does not go out as event.
    pub(super) fn press(&mut self, digit: Digit, volume: u8) -> bool {
        let Some(to) = self.far.target().filter(|_| self.relay.is_none()) else {
            return false;
        };
        let (socket, transform) = (&mut self.socket, &mut self.transform);
        self.body.press(digit, volume, |datagram| {
            leave(socket, transform, to, datagram);
        })
    }

    /// The phone let the key go.
    pub(super) fn release(&mut self) {
        self.body.release();
    }

    /// The digit of the far end that begins or ends with the block that is played now.
    #[inline]
    pub(super) fn network_digit(&mut self, now: Time, samples: usize) -> Option<NetworkDigit> {
        self.body.network_digit(now, samples)
    }

    /// Adds what is new since the last time to the port's counters.
    #[inline]
    pub(super) fn publish(&mut self, port: &PortCounters) {
        self.body.publish(port);
        self.publish_relay(port);
        self.socket.publish(port);
        self.sources.publish(port);
    }

    /// Shows RTCP what has gone and come.
    #[inline]
    pub(super) fn show_streams(&self, now: Time) {
        if let Some(own) = self.body.streams() {
            self.sources.show_streams(now, &own);
        }
    }

    /// Shows the receive side of this session as the port's.
    pub(super) fn show(&self, port: &PortCounters) {
        self.body.show(port);
    }
}

/// The one way out.
#[inline]
fn leave(
    socket: &mut MediaSocket,
    transform: &mut Transform,
    to: SocketAddrV4,
    datagram: &mut Outgoing<'_>,
) {
    if transform.seal(datagram) {
        socket.send(to, datagram);
    }
}

/// T.38 has no protection of its own here.
#[inline]
fn leave_bare(socket: &mut MediaSocket, to: SocketAddrV4, datagram: &[u8]) {
    socket.send(to, datagram);
}

impl SessionStats {
    /// These figures alone, under the names that a port has them by.
    pub fn counters(&self) -> PortCounters {
        let counters = PortCounters::default();
        self.body.add_to(&counters, &VoiceStats::default());
        self.socket.add_to(&counters, &SocketStats::default());
        counters.strangers.add(self.unexpected);
        counters.rx_lost.add(self.body.receiver.sequence.lost());
        self.body.show(&counters);
        counters
    }
}

#[cfg(test)]
mod tests;
