//! What the tests here share: ports, sessions, a far end.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tipring_dsp::{CancellerConfig, Chain, ChainConfig, Law, LineEchoCanceller};
use tipring_hal::port::{
    self, Capabilities, LineCommand, LineEvent, LinePort, PortError, PortStats, ReadBlock, Wake,
    WriteBlock,
};
use tipring_linux::alloc_count::{allocations_in_this_thread, frees_in_this_thread};
use tipring_proto::rtp::{RtpSource, Sender, SenderConfig, SenderSeed};
use tipring_proto::types::Codec;
use tipringd::line::{
    DSCP_EF, LinePortSpec, MediaSession, Remote, RtpPorts, SessionConfig, SessionId,
};

pub(crate) use fake_card::{BLOCK, FakeLine};

#[path = "../../daemon/benches/fake_card/mod.rs"]
mod fake_card;

pub(crate) const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// What the thread that reads a port allocated and freed until its last read.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    pub(crate) reads: AtomicU64,
    pub(crate) allocations: AtomicU64,
    pub(crate) frees: AtomicU64,
}

/// A fake line that notes the allocations of the thread that reads it.
pub(crate) struct Probed(pub(crate) FakeLine, pub(crate) Arc<Probe>);

impl LinePort for Probed {
    fn wake(&self) -> Wake {
        self.0.wake()
    }

    fn law(&self) -> port::Law {
        self.0.law()
    }

    fn block_len(&self) -> usize {
        self.0.block_len()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        self.1
            .allocations
            .store(allocations_in_this_thread(), Ordering::SeqCst);
        self.1.frees.store(frees_in_this_thread(), Ordering::SeqCst);
        self.1.reads.fetch_add(1, Ordering::SeqCst);
        self.0.read(buf)
    }

    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        self.0.write(buf)
    }

    fn next_event(&mut self) -> Option<LineEvent> {
        self.0.next_event()
    }

    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        self.0.command(command)
    }

    fn off_hook(&self) -> bool {
        self.0.off_hook()
    }

    fn stats(&self) -> PortStats {
        self.0.stats()
    }
}

pub(crate) fn spec(port: Box<dyn LinePort>) -> LinePortSpec {
    let chain = Chain::with_echo_canceller(
        &ChainConfig::new(Law::Mu, BLOCK),
        Box::new(LineEchoCanceller::new(CancellerConfig::default())),
    )
    .expect("memory for a chain");
    LinePortSpec { port, chain }
}

pub(crate) fn session(id: u64) -> Box<MediaSession> {
    session_of(id, |_| ())
}

/// A session with other settings.
pub(crate) fn session_of(id: u64, other: impl FnOnce(&mut SessionConfig)) -> Box<MediaSession> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first =
        20_000 + (std::process::id() % 64) as u16 * 600 + NEXT.fetch_add(2, Ordering::Relaxed);
    let mut ports = RtpPorts::new(first, 65_534).expect("even ports in the range");
    let mut config = SessionConfig {
        id: SessionId(id),
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        block: BLOCK as u16,
        jitter_min_ms: 20,
        jitter_max_ms: 200,
        jitter_fixed_ms: 100,
        data_port: false,
        redundancy: 2,
        redundancy_payload_type: 90,
        vad: false,
        named_payload_type: None,
        t38: false,
        event_payload_type: Some(101),
        sources: RtpSource::Strict,
        dscp: DSCP_EF,
    };
    other(&mut config);
    MediaSession::open(LOCAL, &mut ports, &config).expect("a free port on the loopback")
}

/// The other end of a call.
pub(crate) struct Far {
    pub(crate) socket: UdpSocket,
    pub(crate) sender: Sender,
}

impl Far {
    pub(crate) fn new() -> Far {
        let socket = UdpSocket::bind((LOCAL, 0)).expect("a free port on the loopback");
        socket
            .set_nonblocking(true)
            .expect("a socket may be non-blocking");
        let sender = Sender::new(
            SenderSeed {
                sequence: 65_000,
                timestamp: 77,
                ssrc: 5,
            },
            SenderConfig {
                payload_type: 0,
                ptime_ms: 20,
                event_payload_type: Some(101),
            },
        );
        Far { socket, sender }
    }

    pub(crate) fn remote(&self) -> Remote {
        let Ok(SocketAddr::V4(address)) = self.socket.local_addr() else {
            panic!("an IPv4 socket");
        };
        Remote {
            address,
            codec: Codec::G711Ulaw,
            ptime_ms: 20,
            event_payload_type: Some(101),
            dscp: 46,
        }
    }

    /// Sends one block's worth; a packet goes out every second time.
    pub(crate) fn talk(&mut self, to: SocketAddrV4) {
        let socket = &self.socket;
        self.sender.push(&[0x92; BLOCK], |p| {
            socket.send_to(p, to).expect("the loopback takes a packet");
        });
    }

    /// Says that it is silent.
    pub(crate) fn fall_silent(&mut self, to: SocketAddrV4) {
        let socket = &self.socket;
        self.sender.silence(BLOCK as u32, Some(60), |p| {
            socket.send_to(p, to).expect("the loopback takes a packet");
        });
    }

    pub(crate) fn received(&self) -> usize {
        let mut buf = [0; 600];
        std::iter::from_fn(|| self.socket.recv(&mut buf).ok()).count()
    }
}

/// Waits until `done`; panics with `what` after ten seconds.
pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "waited ten seconds for {what}");
        std::thread::yield_now();
    }
}

/// A key, then silence.
pub(crate) fn dtmf_then_silence() -> Vec<u8> {
    let wave = |hz: f64, n: usize| (n as f64 * hz * std::f64::consts::TAU / 8000.0).sin() * 5000.0;
    let mut signal: Vec<u8> = (0..800)
        .map(|n| Law::Mu.encode((wave(852.0, n) + wave(1209.0, n)) as i16))
        .collect();
    signal.extend([0xFF; 3200]);
    signal
}
