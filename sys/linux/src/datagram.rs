//! Datagrams in batches: many packets a system call, no allocation, no blocking.
//!
//! Owns the buffers and the marking of sockets (DSCP, priority). Promises bounded work: at most one
//! batch a call. Leaves opening, binding and polling of sockets to std and mio.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

mod filter;
mod recv;
mod send;

pub use filter::{FilterOthers, SourceFilter, dropped_datagrams, filter_sources, unfilter};
pub use recv::{Datagram, DatagramMut, RecvBatch};
pub use send::{QueueFull, SendBatch, SendReport};

/// The longest datagram a batch can be made for: what IPv4 and UDP can carry.
pub const MAX_DATAGRAM: usize = 65_507;

/// Marks what a socket sends with a DSCP (0-63; 46 is EF, 24 is CS3): the upper six bits of
/// IP_TOS.
///
/// # Errors
/// `InvalidInput` for a DSCP above 63; the error of the kernel.
pub fn set_dscp(socket: impl AsFd, dscp: u8) -> io::Result<()> {
    if dscp > 63 {
        let problem = "a DSCP is a number from 0 to 63";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    setsockopt(&socket.as_fd(), sockopt::Ipv4Tos, &(i32::from(dscp) << 2)).map_err(io::Error::from)
}

/// Sets the queueing priority of what a socket sends (SO_PRIORITY, VLAN priority by egress map).
/// Set it after the DSCP, which sets it too. Above 6 it needs CAP_NET_ADMIN.
///
/// # Errors
/// `PermissionDenied` above 6 without the capability; the error of the kernel.
pub fn set_socket_priority(socket: impl AsFd, priority: u8) -> io::Result<()> {
    setsockopt(&socket.as_fd(), sockopt::Priority, &i32::from(priority)).map_err(io::Error::from)
}

/// Has the kernel stamp each datagram as it arrives: [`Datagram::received_at`].
///
/// # Errors
/// The error of the kernel.
pub fn enable_timestamps(socket: impl AsFd) -> io::Result<()> {
    setsockopt(&socket.as_fd(), sockopt::ReceiveTimestampns, &true).map_err(io::Error::from)
}

/// Asks for a receive buffer of this number of bytes, as the kernel counts them (a short datagram takes 768); beyond
/// net.core.rmem_max it gives what that allows.
///
/// # Errors
/// The error of the kernel.
pub fn set_receive_buffer(socket: impl AsFd, bytes: usize) -> io::Result<()> {
    // The kernel doubles what it is given.
    setsockopt(&socket.as_fd(), sockopt::RcvBuf, &(bytes / 2)).map_err(io::Error::from)
}

const NOWHERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

fn to_raw(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        // AF_INET is 2: it fits.
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}

fn from_raw(raw: &libc::sockaddr_in) -> SocketAddrV4 {
    if i32::from(raw.sin_family) != libc::AF_INET {
        return NOWHERE;
    }
    let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
    SocketAddrV4::new(ip, u16::from_be(raw.sin_port))
}

/// The size of a `sockaddr_in`, as the kernel wants it.
const ADDRESS_LEN: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;

fn timespec_to_duration(time: libc::timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0).min(999_999_999);
    Duration::new(seconds, nanos)
}

fn raw_fd(socket: &impl AsFd) -> i32 {
    socket.as_fd().as_raw_fd()
}

#[cfg(test)]
mod tests;
