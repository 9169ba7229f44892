//! Changes of the machine's links, addresses and routes (rtnetlink), and which IPv4 addresses it has.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// Room for what the kernel sends at once; a message that is longer is cut, and its head is all that is read.
const BUFFER: usize = 8192;
/// Messages read at once; what else there is, is there the next time.
const MESSAGES: usize = 256;
/// `nlmsg_type` of a route that has come.
const NEW_ROUTE: u16 = libc::RTM_NEWROUTE;

/// Wakes who polls it when a link, an IPv4 address or an IPv4 route comes, goes or changes. Non-blocking, closed on exec.
#[derive(Debug)]
pub struct NetworkWatch(OwnedFd);

/// What has happened since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkNews {
    /// Anything.
    pub any: bool,
    /// A route has come.
    pub route_came: bool,
}

impl NetworkWatch {
    /// Begins to watch.
    ///
    /// # Errors
    /// When the process may have no such socket, or has no descriptors left.
    pub fn new() -> io::Result<NetworkWatch> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )?;
        let groups = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV4_ROUTE;
        let groups = u32::try_from(groups).unwrap_or_default();
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(NetworkWatch(socket))
    }

    /// Reads what there is.
    ///
    /// # Errors
    /// None are known for a socket of this type.
    pub fn read(&self) -> io::Result<NetworkNews> {
        let mut news = NetworkNews::default();
        let mut buffer = [0; BUFFER];
        for _ in 0..MESSAGES {
            match recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(0) | Err(Errno::EAGAIN) => break,
                Ok(n) => {
                    news.any = true;
                    let bytes = buffer.get(..n).unwrap_or_default();
                    news.route_came |= kinds(bytes).any(|kind| kind == NEW_ROUTE);
                }
                Err(Errno::EINTR) => {}
                // More has happened than the socket had room for.
                Err(Errno::ENOBUFS) => {
                    news = NetworkNews {
                        any: true,
                        route_came: true,
                    };
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(news)
    }
}

impl AsFd for NetworkWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for NetworkWatch {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// The `nlmsg_type` of each message.
fn kinds(mut bytes: &[u8]) -> impl Iterator<Item = u16> {
    std::iter::from_fn(move || {
        let len: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
        let kind: [u8; 2] = bytes.get(4..6)?.try_into().ok()?;
        let len = usize::try_from(u32::from_ne_bytes(len)).ok()?;
        // A length that is none ends it.
        let next = len.max(16).checked_next_multiple_of(4)?;
        bytes = bytes.get(next..).unwrap_or_default();
        Some(u16::from_ne_bytes(kind))
    })
}

/// An IPv4 address of this machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnAddress {
    /// Its interface.
    pub interface: String,
    /// The address.
    pub address: Ipv4Addr,
    /// The interface is up and has carrier.
    pub running: bool,
}

/// All IPv4 addresses of this machine.
///
/// # Errors
/// When the kernel cannot be asked.
pub fn own_addresses() -> io::Result<Vec<OwnAddress>> {
    let all = getifaddrs()?.filter_map(|one| {
        let address = one.address?.as_sockaddr_in()?.ip();
        let up = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING;
        Some(OwnAddress {
            interface: one.interface_name,
            address,
            running: one.flags.contains(up),
        })
    });
    Ok(all.collect())
}

/// Whether a socket of this machine can have this address: its own ones, all of the loopback's, and any where the system
/// allows strange ones.
pub fn has_address(address: Ipv4Addr) -> bool {
    let bound = std::net::UdpSocket::bind((address, 0));
    // What else goes wrong (no descriptors left) does not concern the address.
    !matches!(bound, Err(e) if e.kind() == io::ErrorKind::AddrNotAvailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_of_a_quiet_network_says_nothing_and_does_not_block() {
        let watch = NetworkWatch::new().unwrap();
        let news = watch.read().unwrap();
        assert!(news.any || !news.route_came);
    }

    #[test]
    fn the_kinds_of_messages_are_read_one_after_the_other_and_nonsense_ends() {
        let message = |len: u32, kind: u16, size: usize| {
            let mut bytes = vec![];
            bytes.extend(len.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.resize(size, 0);
            bytes
        };
        let two = [message(30, 24, 32), message(16, 20, 16)].concat();
        assert_eq!(kinds(&two).collect::<Vec<_>>(), [24, 20]);
        for len in [0, 5, u32::MAX] {
            assert_eq!(kinds(&message(len, 24, 16)).collect::<Vec<_>>(), [24]);
        }
        assert_eq!(kinds(&[1, 2, 3]).count(), 0);
    }

    #[test]
    fn an_address_for_documentation_is_not_this_machines() {
        assert!(!has_address(Ipv4Addr::new(192, 0, 2, 1)));
        assert!(has_address(Ipv4Addr::UNSPECIFIED));
    }

    #[test]
    fn the_loopback_has_its_address() {
        let all = own_addresses().unwrap();
        let loopback = all.iter().find(|a| a.address == Ipv4Addr::LOCALHOST);
        // A namespace whose loopback is down has none.
        assert!(loopback.is_none_or(|a| a.interface == "lo"), "{all:?}");
    }
}
