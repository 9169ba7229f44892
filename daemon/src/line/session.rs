//! A media session: socket, sender, receiver and concealment of one call leg.
//!
//! Built by control ([`MediaSession::open`] allocates, binds and asks for randomness), used by the line thread, and
//! handed back to control to be dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::Arc;

use tipring_dsp::Law;
use tipring_linux::{enable_timestamps, set_dscp, set_receive_buffer};
use tipring_proto::rtp::{
    ComfortNoise, Concealer, Insert, JitterConfig, NetworkDigit, Playout, Received, Receiver,
    ReceiverConfig, ReceiverStats, Redundancy, RtpSource, Sender, SenderConfig, SenderSeed,
    SenderStats, SourceLatch, Vad, Verdict,
};
use tipring_proto::time::Time;
use tipring_proto::types::{Codec, Digit};

use super::counters::PortCounters;
use super::kernel::KernelSide;
use super::media::{Allowance, Arrivals, Batches};
use super::order::{Remote, SessionId};
use super::probe::Probe;
use super::view::SessionView;

/// Expedited forwarding.
pub const DSCP_EF: u8 = 46;

/// Bytes of a socket's receive buffer, as the kernel counts them: some 680 short datagrams.
const RECEIVE_BUFFER: usize = 512 * 1024;

/// The UDP ports for media, given out in turn so that a port rests as long as possible before it comes again.
#[derive(Clone, Debug)]
pub struct RtpPorts {
    first: u16,
    count: u16,
    next: u16,
}

impl RtpPorts {
    /// The even ports from `first` to `last`; `None` when there is no even one.
    pub fn new(first: u16, last: u16) -> Option<RtpPorts> {
        let first = first.checked_add(first % 2)?;
        let count = last.checked_sub(first)? / 2 + 1;
        (first > 0).then_some(RtpPorts {
            first,
            count,
            next: 0,
        })
    }

    fn take(&mut self) -> u16 {
        let port = self.first + self.next * 2;
        self.next = (self.next + 1) % self.count;
        port
    }
}

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
    /// Its delay when it is held still, for machines.
    pub jitter_fixed_ms: u16,
    /// The set is a machine: its buffer is held still from the beginning.
    pub machine: bool,
    /// Earlier packets sent again with each while machines talk.
    pub redundancy: u8,
    /// Payload type of packets that carry earlier ones (RFC 2198), sent and taken.
    pub redundancy_payload_type: u8,
    /// Payload type under which the far end may send telephone-events.
    pub event_payload_type: Option<u8>,
    /// Silence of the set is not sent, unless it is a machine or data passes.
    pub vad: bool,
    /// Who is heard besides the far end that the server names.
    pub sources: RtpSource,
    /// DSCP of our packets until [`Remote`] says otherwise, usually [`DSCP_EF`].
    pub dscp: u8,
}

/// Why a session cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum MediaOpenError {
    /// No port of the range could be bound.
    #[error("no free RTP port among {count} from {first} on {bind}; widen the RTP port range")]
    NoPort {
        /// Where.
        bind: Ipv4Addr,
        /// First of the range.
        first: u16,
        /// Even ports in the range.
        count: u16,
    },
    /// The system refused the socket.
    #[error(
        "cannot open an RTP socket on {bind}: {source}; check the media address and the limit of open files"
    )]
    Socket {
        /// Where.
        bind: Ipv4Addr,
        /// What it said.
        source: io::Error,
    },
    /// There is no randomness.
    #[error("cannot read random numbers for an RTP stream: {0}")]
    Random(getrandom::Error),
}

/// Final or current figures of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SessionStats {
    /// Sent.
    pub sender: SenderStats,
    /// Received.
    pub receiver: ReceiverStats,
    /// Datagrams of sources that are not heard.
    pub strangers: u64,
    /// Packets of the far end beyond what a block may take.
    pub flood_dropped: u64,
    /// Datagrams that the kernel dropped.
    pub kernel_dropped: u64,
    /// Times the kernel was set to drop what floods the socket.
    pub floods: u64,
    /// Times it refused that.
    pub filter_errors: u64,
    /// Packets the kernel did not take.
    pub tx_errors: u64,
}

/// One call leg's media.
#[derive(Debug)]
pub struct MediaSession {
    id: SessionId,
    socket: UdpSocket,
    local: SocketAddrV4,
    remote: Option<Remote>,
    sending: bool,
    /// Its turn among the sessions of its thread: which blocks fill its packets.
    turn: u8,
    /// The next block sent is the first after a pause.
    resumes: bool,
    /// Data passes; the silence of both sides that is told, ms.
    data: Option<u32>,
    law: Law,
    sources: SourceLatch,
    /// OpenReceiveChannel named the payload type of telephone-events.
    events_named: bool,
    sender: Sender,
    receiver: Receiver,
    concealer: Concealer,
    /// Tells talk from silence, where silence is not to be sent.
    vad: Option<Vad>,
    comfort: ComfortNoise,
    machine: bool,
    /// In use while machines talk.
    redundancy: Redundancy,
    flood_dropped: u64,
    kernel: KernelSide,
    malformed: u64,
    tx_errors: u64,
    published: SessionStats,
    dscp: u8,
    lost_told: u64,
    probe: Probe,
    view: Arc<SessionView>,
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
    /// Binds a fresh even port and builds everything the line thread will need. Also the moment to learn
    /// [`MediaSession::local`] for OpenReceiveChannelAck: the socket is open and takes packets from now on.
    pub fn open(
        bind: Ipv4Addr,
        ports: &mut RtpPorts,
        config: &SessionConfig,
    ) -> Result<Box<MediaSession>, MediaOpenError> {
        let (socket, local) = bind_fresh(bind, ports)?;
        let refused = |source| MediaOpenError::Socket { bind, source };
        socket.set_nonblocking(true).map_err(refused)?;
        set_dscp(&socket, config.dscp).map_err(refused)?;
        enable_timestamps(&socket).map_err(refused)?;
        // More room for what comes between two wakes; as much as the system allows will do.
        let _ = set_receive_buffer(&socket, RECEIVE_BUFFER);
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(MediaOpenError::Random)?;
        let [s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = random;
        let seed = SenderSeed {
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([r0, r1, r2, r3]),
        };
        let mut session = Box::new(MediaSession {
            id: config.id,
            socket,
            local,
            remote: None,
            sending: false,
            turn: 0,
            resumes: true,
            data: None,
            law: law_of(config.codec),
            sources: SourceLatch::new(config.sources),
            events_named: config.event_payload_type.is_some(),
            sender: Sender::new(
                seed,
                SenderConfig {
                    payload_type: config.codec.payload_type(),
                    ptime_ms: config.ptime_ms,
                    event_payload_type: None,
                },
            ),
            receiver: Receiver::new(ReceiverConfig {
                jitter: JitterConfig {
                    block: config.block,
                    min_ms: config.jitter_min_ms,
                    max_ms: config.jitter_max_ms,
                    held_ms: config.jitter_fixed_ms,
                },
                event_payload_type: config.event_payload_type,
                redundancy_payload_type: Some(config.redundancy_payload_type),
            }),
            concealer: Concealer::new(),
            vad: config.vad.then(Vad::default),
            comfort: ComfortNoise::default(),
            machine: config.machine,
            redundancy: Redundancy {
                payload_type: config.redundancy_payload_type,
                depth: config.redundancy,
            },
            flood_dropped: 0,
            kernel: KernelSide::default(),
            malformed: 0,
            tx_errors: 0,
            published: SessionStats::default(),
            dscp: config.dscp,
            lost_told: 0,
            probe: Probe::default(),
            view: Arc::default(),
            parked: false,
        });
        session.pass_data(None);
        Ok(session)
    }

    /// Its name.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Where it receives.
    pub fn local(&self) -> SocketAddrV4 {
        self.local
    }

    /// Its far end, once known.
    pub fn remote(&self) -> Option<Remote> {
        self.remote
    }

    /// What control may read of it at any time; the same until it is dropped.
    pub fn view(&self) -> Arc<SessionView> {
        Arc::clone(&self.view)
    }

    /// Figures until now.
    pub fn stats(&self) -> SessionStats {
        let mut receiver = self.receiver.stats();
        receiver.malformed += self.malformed;
        SessionStats {
            sender: self.sender.stats(),
            receiver,
            strangers: self.sources.strangers(),
            flood_dropped: self.flood_dropped,
            kernel_dropped: self.kernel.dropped,
            floods: self.kernel.floods,
            filter_errors: self.kernel.errors,
            tx_errors: self.tx_errors,
        }
    }

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    pub(super) fn set_remote(&mut self, now: Time, remote: Remote) {
        // One setsockopt, which does not block; refused, the packets keep the mark they have.
        if self.dscp != remote.dscp && set_dscp(&self.socket, remote.dscp).is_ok() {
            self.dscp = remote.dscp;
        }
        self.remote = Some(remote);
        self.law = law_of(remote.codec);
        self.sources.name(remote.address);
        self.kernel.drained(now, &self.socket, &self.sources);
        // What we receive OpenReceiveChannel has said, if it has said anything.
        if !self.events_named {
            self.receiver.expect_events(remote.event_payload_type);
        }
        self.resumes |= !self.sending;
        self.sending = true;
        self.sender.configure(SenderConfig {
            payload_type: remote.codec.payload_type(),
            ptime_ms: remote.ptime_ms,
            event_payload_type: remote.event_payload_type,
        });
    }

    /// Its turn from now on: sessions of different turns fill their packets with different blocks.
    pub(super) fn take_turn(&mut self, turn: u8) {
        self.turn = turn;
    }

    /// Will the next block fill a packet?
    pub(super) fn is_due(&self, block: usize) -> bool {
        self.sending && self.remote.is_some() && self.sender.completes_with(block)
    }

    pub(super) fn stop_sending(&mut self) {
        self.sending = false;
        self.sources.release();
    }

    /// Data passes from now on, or voice. While it does, or the set is a machine anyway, the jitter buffer grows once
    /// to its fixed depth and stands still, what is lost is made up without fading, and earlier packets go out again
    /// with later ones if so configured.
    pub(super) fn pass_data(&mut self, data: Option<u32>) {
        self.data = data;
        let machines = self.machine || data.is_some();
        self.receiver.hold(machines);
        self.concealer.for_machine(machines);
        self.sender
            .set_redundancy(machines.then_some(self.redundancy));
    }

    /// Does data pass? The silence of both sides that is told, ms.
    pub(super) fn data(&self) -> Option<u32> {
        self.data
    }

    /// Do the set's digits go out as telephone-events?
    pub(super) fn sends_events(&self) -> bool {
        self.sending && self.remote.is_some_and(|r| r.event_payload_type.is_some())
    }

    /// Takes datagrams off the socket, as many as the allowance bears, and hands those of the far end to the receiver.
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
            let Ok(count) = batch.receive(&self.socket) else {
                // What an ICMP message left behind; the next read goes on.
                self.malformed += 1;
                if !allowance.spend(1) {
                    break Drained::Bounded;
                }
                continue;
            };
            for datagram in batch.iter() {
                let arrived = arrivals.of(&datagram);
                let header = || self.receiver.playable(datagram.bytes);
                if !self.sources.admits(arrived, datagram.source, header) {
                    self.kernel.guard.refused(Some(datagram.source));
                    continue;
                }
                if !allowance.packet() {
                    self.flood_dropped += 1;
                    continue;
                }
                if datagram.truncated {
                    self.malformed += 1;
                    continue;
                }
                let received = self.receiver.receive(arrived, datagram.bytes);
                if received.is_valid() {
                    self.sources.heard(arrived);
                    self.view.heard(arrived);
                }
                match received {
                    Received::Audio(Insert::Taken) => self.probe.taken(datagram.bytes, arrived),
                    Received::Malformed(_) => self.kernel.guard.refused(None),
                    _ => {}
                }
            }
            waiting = count == batch.slots();
            let more = allowance.spend(count);
            if !waiting {
                break Drained::Empty;
            }
            if !more {
                break Drained::Bounded;
            }
        };
        self.kernel
            .drained(arrivals.now, &self.socket, &self.sources);
        drained
    }

    /// Looks from time to time how much the kernel drops.
    pub(super) fn look_at_kernel(&mut self, now: Time) {
        if self.kernel.guard.is_look_due(now) {
            self.kernel.look(now, &self.socket, &self.sources);
        }
    }

    /// Sends a block, or lets its time pass when this session is not to send. `round` numbers the blocks of this thread.
    /// True when a packet went out.
    pub(super) fn send(&mut self, round: u64, samples: &[i16], bytes: &mut [u8]) -> bool {
        let Some(remote) = self.remote.filter(|_| self.sending) else {
            self.pause(samples.len());
            return false;
        };
        let silence = self.silence(samples);
        let resumes = std::mem::replace(&mut self.resumes, silence.is_some());
        if resumes && silence.is_none() {
            self.fall_in(round, samples.len());
        }
        let (socket, errors) = (&self.socket, &mut self.tx_errors);
        let mut went = false;
        let emit = |packet: &[u8]| {
            went = true;
            emit(socket, remote, packet, errors);
        };
        if let Some(level) = silence {
            let n = u32::try_from(samples.len()).unwrap_or(0);
            self.sender.silence(n, level, emit);
        } else {
            self.law.encode_block(samples, bytes);
            self.sender.push(bytes, emit);
        }
        went
    }

    /// Begins the packet in the making with as many blocks of silence as its turn wants: nothing is held back or left
    /// out, the first packet only goes sooner. So calls that begin together do not all send in the same block.
    fn fall_in(&mut self, round: u64, block: usize) {
        let in_packet = self.sender.blocks_in_packet(block).max(1);
        let ahead = (round + u64::from(self.turn)) % u64::from(in_packet);
        let silence = self.law.silence();
        self.sender.begin_earlier(ahead as usize * block, silence);
    }

    /// Is this block not to be sent, and what comfort noise instead?
    fn silence(&mut self, samples: &[i16]) -> Option<Option<u8>> {
        let machines = self.machine || self.data.is_some();
        if machines || self.sender.in_event() {
            return None;
        }
        let boundary = self.sender.at_boundary();
        match self.vad.as_mut()?.judge(samples, boundary) {
            Verdict::Talk => None,
            Verdict::Silence { level } => Some(level),
        }
    }

    /// Lets the time of a block pass.
    pub(super) fn pause(&mut self, samples: usize) {
        self.resumes = true;
        self.sender.pause(u32::try_from(samples).unwrap_or(0));
    }

    /// Plays a block. Answers when the packet came whose sound begins in it, if that one is timed.
    pub(super) fn play(&mut self, now: Time, bytes: &mut [u8], out: &mut [i16]) -> Option<Time> {
        let position = self.receiver.next_timestamp();
        let mut arrived = None;
        match self.receiver.play(now, bytes) {
            Playout::Samples(codec) => {
                law_of(codec).decode_block(bytes, out);
                self.concealer.good(out);
                arrived = self.probe.played(position, out.len());
            }
            Playout::Comfort { level } => {
                self.comfort.fill(level, out);
                self.concealer.good(out);
            }
            Playout::Conceal => self.concealer.conceal(out),
            Playout::Silence => self.concealer.silence(out),
        }
        arrived
    }

    /// The set pressed a key: false when it does not go out as event, so never in the place of data.
    pub(super) fn press(&mut self, digit: Digit, volume: u8) -> bool {
        let goes = self.sending && self.data.is_none();
        let Some(remote) = self.remote.filter(|_| goes) else {
            return false;
        };
        let (socket, errors) = (&self.socket, &mut self.tx_errors);
        self.sender
            .press(digit, volume, |packet| emit(socket, remote, packet, errors))
    }

    /// The set let the key go.
    pub(super) fn release(&mut self) {
        self.sender.release();
    }

    /// The digit of the far end that begins or ends with the block that is played now.
    pub(super) fn network_digit(&mut self, now: Time, samples: usize) -> Option<NetworkDigit> {
        self.receiver.digit(now, samples)
    }

    /// Adds what is new since the last time to the port's counters.
    pub(super) fn publish(&mut self, port: &PortCounters) {
        let (now, old) = (self.stats(), self.published);
        now.add_to(port, &old);
        let lost = now.receiver.sequence.lost();
        // A packet counted as lost may still come: the counter waits until the loss outgrows it again.
        port.rx_lost.add(lost.saturating_sub(self.lost_told));
        self.lost_told = self.lost_told.max(lost);
        if now.strangers != old.strangers || self.view.source() != self.sources.current() {
            self.view.sources(&self.sources);
        }
        self.published = now;
    }

    /// Shows the receive side of this session as the port's.
    pub(super) fn show(&self, port: &PortCounters) {
        self.published.show(port);
    }
}

impl SessionStats {
    /// These figures alone, under the names that a port has them by.
    pub fn counters(&self) -> PortCounters {
        let counters = PortCounters::default();
        self.add_to(&counters, &SessionStats::default());
        counters.rx_lost.add(self.receiver.sequence.lost());
        self.show(&counters);
        counters
    }

    /// Adds what has come since `old`, all but the lost packets, of which there may be fewer again.
    fn add_to(&self, port: &PortCounters, old: &SessionStats) {
        let now = self;
        let (rx, rx_old) = (&now.receiver, &old.receiver);
        let (seq, seq_old) = (&rx.sequence, &rx_old.sequence);
        let (jit, jit_old) = (&rx.jitter, &rx_old.jitter);
        port.tx_packets.add(now.sender.packets - old.sender.packets);
        port.tx_octets.add(now.sender.octets - old.sender.octets);
        port.tx_event_packets
            .add(now.sender.event_packets - old.sender.event_packets);
        port.tx_errors.add(now.tx_errors - old.tx_errors);
        port.rx_packets.add(seq.received - seq_old.received);
        port.rx_octets.add(rx.octets - rx_old.octets);
        port.tx_redundant
            .add(now.sender.redundant_packets - old.sender.redundant_packets);
        port.rx_event_packets
            .add(rx.event_packets - rx_old.event_packets);
        port.rx_events_dropped
            .add(rx.events_dropped - rx_old.events_dropped);
        port.rx_redundant
            .add(rx.redundant_packets - rx_old.redundant_packets);
        port.tx_comfort
            .add(now.sender.comfort_packets - old.sender.comfort_packets);
        port.rx_comfort
            .add(rx.comfort_packets - rx_old.comfort_packets);
        port.rx_recovered.add(jit.recovered - jit_old.recovered);
        port.rx_late.add(jit.late - jit_old.late);
        port.rx_early.add(jit.early - jit_old.early);
        port.rx_gaps.add(seq.gaps - seq_old.gaps);
        port.rx_duplicates.add(seq.duplicates - seq_old.duplicates);
        port.rx_reordered.add(seq.reordered - seq_old.reordered);
        port.rx_malformed
            .add(rx.malformed + jit.refused - rx_old.malformed - jit_old.refused);
        port.rx_other_payload
            .add(rx.other_payload - rx_old.other_payload);
        port.rx_restarts.add(seq.restarts - seq_old.restarts);
        port.rx_resyncs.add(jit.resyncs - jit_old.resyncs);
        port.rx_underruns.add(jit.underruns - jit_old.underruns);
        port.rx_concealed.add(jit.concealed - jit_old.concealed);
        port.rx_stretched.add(jit.stretched - jit_old.stretched);
        port.rx_shrunk.add(jit.shrunk - jit_old.shrunk);
        port.strangers.add(now.strangers - old.strangers);
        port.flood_dropped
            .add(now.flood_dropped - old.flood_dropped);
        port.kernel_dropped
            .add(now.kernel_dropped - old.kernel_dropped);
        port.floods.add(now.floods - old.floods);
        port.filter_errors
            .add(now.filter_errors - old.filter_errors);
    }

    /// Shows the receive side as the port's.
    fn show(&self, port: &PortCounters) {
        let rx = &self.receiver;
        port.jitter_us.set(i64::from(rx.sequence.jitter_us));
        port.jitter_target_ms.set(i64::from(rx.jitter.target_ms));
        port.jitter_delay_ms.set(i64::from(rx.jitter.delay_ms));
        port.jitter_depth_ms.set(i64::from(rx.jitter.depth_ms));
        port.jitter_held.set(i64::from(rx.jitter.held));
        port.jitter_lasts_s.set(rx.lasts_s.map_or(-1, i64::from));
        let tenths = |ppm: f32| (ppm * 10.0).round() as i64;
        port.drift_ppm_tenths
            .set(rx.drift.map_or(0, |drift| tenths(drift.ppm)));
        port.drift_error_ppm_tenths
            .set(rx.drift.map_or(-1, |drift| tenths(drift.error_ppm)));
    }
}

fn emit(socket: &UdpSocket, remote: Remote, packet: &[u8], errors: &mut u64) {
    if socket.send_to(packet, remote.address).is_err() {
        *errors += 1;
    }
}

fn law_of(codec: Codec) -> Law {
    match codec {
        Codec::G711Ulaw => Law::Mu,
        Codec::G711Alaw => Law::A,
    }
}

fn bind_fresh(
    bind: Ipv4Addr,
    ports: &mut RtpPorts,
) -> Result<(UdpSocket, SocketAddrV4), MediaOpenError> {
    for _ in 0..ports.count {
        let local = SocketAddrV4::new(bind, ports.take());
        match UdpSocket::bind(local) {
            Ok(socket) => return Ok((socket, local)),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => return Err(MediaOpenError::Socket { bind, source }),
        }
    }
    Err(MediaOpenError::NoPort {
        bind,
        first: ports.first,
        count: ports.count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_even_and_come_round_last() {
        let mut ports = RtpPorts::new(16_385, 16_391).unwrap();
        let taken: Vec<u16> = (0..5).map(|_| ports.take()).collect();
        assert_eq!(taken, [16_386, 16_388, 16_390, 16_386, 16_388]);
        assert!(RtpPorts::new(5, 5).is_none());
        assert!(RtpPorts::new(0, 0).is_none());
        assert!(RtpPorts::new(65_535, 65_535).is_none());
        let mut all = RtpPorts::new(2, u16::MAX).unwrap();
        assert!((0..40_000).all(|_| all.take().is_multiple_of(2)));
    }

    #[test]
    fn a_full_range_is_said_with_its_cure() {
        let config = SessionConfig {
            id: SessionId(1),
            codec: Codec::G711Ulaw,
            ptime_ms: 20,
            block: 80,
            jitter_min_ms: 20,
            jitter_max_ms: 200,
            jitter_fixed_ms: 100,
            machine: false,
            redundancy: 0,
            redundancy_payload_type: 90,
            vad: false,
            event_payload_type: None,
            sources: RtpSource::Strict,
            dscp: DSCP_EF,
        };
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port() & !1;
        let neighbour = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        let mut ports = RtpPorts::new(port, port).unwrap();
        let error = MediaSession::open(Ipv4Addr::LOCALHOST, &mut ports, &config).unwrap_err();
        drop(neighbour);
        assert!(
            error.to_string().ends_with("widen the RTP port range"),
            "{error}"
        );
        let away =
            MediaSession::open(Ipv4Addr::new(192, 0, 2, 1), &mut ports, &config).unwrap_err();
        assert!(matches!(away, MediaOpenError::Socket { .. }), "{away}");
    }
}
