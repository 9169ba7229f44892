//! The socket of a session: what comes in and goes out, the kernel's side of it, and its figures.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use socket2::{Domain, Protocol, Socket, Type};
use tipring_linux::{RecvBatch, enable_timestamps, set_dscp, set_receive_buffer};
use tipring_proto::rtp::SourceLatch;
use tipring_proto::time::Time;

use super::kernel::{DatagramShape, KernelSide};
use super::ports::RtpPorts;
use crate::line::counters::PortCounters;

/// Bytes of a socket's receive buffer, as the kernel counts them: some 680 short datagrams.
const RECEIVE_BUFFER: usize = 512 * 1024;

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
    /// The system did not join a multicast group.
    #[error(
        "cannot join multicast group {group} on the interface of {bind}: {source}; check the media address and \
         net.ipv4.igmp_max_memberships"
    )]
    Group {
        /// Which.
        group: SocketAddrV4,
        /// Where.
        bind: Ipv4Addr,
        /// What it said.
        source: io::Error,
    },
    /// There is no randomness.
    #[error("cannot read random numbers for an RTP stream: {0}")]
    Random(getrandom::Error),
}

/// Figures of a session's socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketStats {
    /// Datagrams that were cut off or did not open, and errors left behind by ICMP.
    pub malformed: u64,
    /// Datagrams of the far end beyond what a block may take.
    pub flood_dropped: u64,
    /// Datagrams that the kernel dropped.
    pub kernel_dropped: u64,
    /// Times the kernel was set to drop what floods the socket.
    pub floods: u64,
    /// Times it refused that.
    pub filter_errors: u64,
    /// Datagrams the kernel did not take.
    pub tx_errors: u64,
}

/// Bound and ready; nothing here waits.
#[derive(Debug)]
pub(super) struct MediaSocket {
    socket: UdpSocket,
    local: SocketAddrV4,
    dscp: u8,
    kernel: KernelSide,
    malformed: u64,
    flood_dropped: u64,
    tx_errors: u64,
    published: SocketStats,
}

impl MediaSocket {
    /// Takes the next free port. The socket is open and takes datagrams from now on.
    pub(super) fn open(
        bind: Ipv4Addr,
        ports: &mut RtpPorts,
        dscp: u8,
        shape: DatagramShape,
    ) -> Result<MediaSocket, MediaOpenError> {
        let (socket, local) = ports.bind(bind)?;
        let refused = |source| MediaOpenError::Socket { bind, source };
        MediaSocket::of(socket, local, dscp, shape).map_err(refused)
    }

    /// Joins a multicast group on the interface of `bind`. What is sent to the group comes in from now on, and nothing
    /// else.
    pub(super) fn join(
        bind: Ipv4Addr,
        group: SocketAddrV4,
        dscp: u8,
        shape: DatagramShape,
    ) -> Result<MediaSocket, MediaOpenError> {
        let refused = |source| MediaOpenError::Group {
            group,
            bind,
            source,
        };
        let socket = group_socket(bind, group).map_err(refused)?;
        MediaSocket::of(socket, group, dscp, shape).map_err(refused)
    }

    fn of(
        socket: UdpSocket,
        local: SocketAddrV4,
        dscp: u8,
        shape: DatagramShape,
    ) -> io::Result<MediaSocket> {
        socket.set_nonblocking(true)?;
        set_dscp(&socket, dscp)?;
        enable_timestamps(&socket)?;
        // More room for what comes between two wakes; as much as the system allows will do.
        let _ = set_receive_buffer(&socket, RECEIVE_BUFFER);
        Ok(MediaSocket {
            socket,
            local,
            dscp,
            kernel: KernelSide::new(shape),
            malformed: 0,
            flood_dropped: 0,
            tx_errors: 0,
            published: SocketStats::default(),
        })
    }

    pub(super) fn local(&self) -> SocketAddrV4 {
        self.local
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// The mark of what it sends from now on.
    pub(super) fn set_dscp(&mut self, dscp: u8) {
        // One setsockopt, which does not block; refused, the packets keep the mark they have.
        if self.dscp != dscp && set_dscp(&self.socket, dscp).is_ok() {
            self.dscp = dscp;
        }
    }

    pub(super) fn send(&mut self, to: SocketAddrV4, datagram: &[u8]) {
        if self.socket.send_to(datagram, to).is_err() {
            self.tx_errors += 1;
        }
    }

    /// Takes what waits, a batch at most; none: what an ICMP message left behind, and the next read goes on.
    pub(super) fn receive(&mut self, batch: &mut RecvBatch) -> Option<usize> {
        let count = batch.receive(&self.socket);
        if count.is_err() {
            self.malformed += 1;
        }
        count.ok()
    }

    /// A datagram of a source that is not accepted; of no source: one of the far end that nothing can be done with.
    pub(super) fn refused(&mut self, from: Option<SocketAddrV4>) {
        self.kernel.guard.refused(from);
    }

    /// A datagram of the far end that was cut off, or does not open.
    pub(super) fn unreadable(&mut self) {
        self.malformed += 1;
    }

    /// A datagram of the far end beyond what a block may take.
    pub(super) fn beyond_allowance(&mut self) {
        self.flood_dropped += 1;
    }

    /// What waits has been read, or another source is to be accepted: does the kernel have to drop something?
    pub(super) fn drained(&mut self, now: Time, latch: &SourceLatch) {
        self.kernel.drained(now, &self.socket, latch);
    }

    /// Looks from time to time how much the kernel drops.
    pub(super) fn look(&mut self, now: Time, latch: &SourceLatch) {
        if self.kernel.guard.is_look_due(now) {
            self.kernel.look(now, &self.socket, latch);
        }
    }

    pub(super) fn stats(&self) -> SocketStats {
        SocketStats {
            malformed: self.malformed,
            flood_dropped: self.flood_dropped,
            kernel_dropped: self.kernel.dropped,
            floods: self.kernel.floods,
            filter_errors: self.kernel.errors,
            tx_errors: self.tx_errors,
        }
    }

    /// Adds what is new to the port's counters.
    pub(super) fn publish(&mut self, port: &PortCounters) {
        let stats = self.stats();
        if stats != self.published {
            stats.add_to(port, &self.published);
            self.published = stats;
        }
    }
}

/// Bound to the group itself, so that nothing but what is sent there comes in. Other ports of this machine may listen to
/// the same one.
fn group_socket(bind: Ipv4Addr, group: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    // Not what other sockets of this machine joined on other interfaces.
    socket.set_multicast_all_v4(false)?;
    socket.bind(&group.into())?;
    socket.join_multicast_v4(group.ip(), &bind)?;
    Ok(socket.into())
}

impl SocketStats {
    pub(super) fn add_to(&self, port: &PortCounters, old: &SocketStats) {
        port.rx_malformed.add(self.malformed - old.malformed);
        port.flood_dropped
            .add(self.flood_dropped - old.flood_dropped);
        port.kernel_dropped
            .add(self.kernel_dropped - old.kernel_dropped);
        port.floods.add(self.floods - old.floods);
        port.filter_errors
            .add(self.filter_errors - old.filter_errors);
        port.tx_errors.add(self.tx_errors - old.tx_errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_goes_to_the_port_once() {
        let mut ports = RtpPorts::new(22_000, 22_998).unwrap();
        let shape = DatagramShape {
            shortest: 1,
            first_byte: (0, 0),
        };
        let mut socket = MediaSocket::open(Ipv4Addr::LOCALHOST, &mut ports, 46, shape).unwrap();
        let port = PortCounters::default();
        // Longer than any UDP datagram.
        socket.send(socket.local(), &[0; 70_000]);
        socket.unreadable();
        socket.beyond_allowance();
        for _ in 0..2 {
            socket.publish(&port);
            let counted = [&port.tx_errors, &port.rx_malformed, &port.flood_dropped];
            assert_eq!(counted.map(|c| c.get()), [1, 1, 1]);
        }
        socket.send(socket.local(), b"x");
        let mut batch = RecvBatch::new(2, 10);
        assert_eq!(socket.receive(&mut batch), Some(1));
        let source = batch.iter().next().map(|d| d.source);
        assert_eq!(source, Some(socket.local()));
        assert_eq!(socket.stats().tx_errors, 1);
    }
}
