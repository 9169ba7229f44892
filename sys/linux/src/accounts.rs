//! Groups of the system by name, processes by their sockets. For start-up: it reads files and may ask a directory
//! server.

use std::os::fd::AsFd;

/// The number of the group `name`; none when there is no such group.
#[must_use]
pub fn group_id(name: &str) -> Option<u32> {
    let group = nix::unistd::Group::from_name(name).ok().flatten()?;
    Some(group.gid.as_raw())
}

/// The user that this process acts as.
#[must_use]
pub fn user_id() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// The process that listens (or connected) at the other end of a Unix stream socket; none when it is not known.
#[must_use]
pub fn peer_pid(socket: &impl AsFd) -> Option<u32> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    let pid = getsockopt(socket, PeerCredentials).ok()?.pid();
    u32::try_from(pid).ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_end_of_a_socket_has_a_process() {
        let (a, _b) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(peer_pid(&a), Some(std::process::id()));
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(peer_pid(&udp), None);
    }

    #[test]
    fn groups_are_found_by_name() {
        assert_eq!(group_id("root"), Some(0));
        for unknown in ["no-such-group-here", "", "root\0x"] {
            assert_eq!(group_id(unknown), None, "{unknown:?}");
        }
    }
}
