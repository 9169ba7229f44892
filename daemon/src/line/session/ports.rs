//! The UDP ports for media.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use super::MediaOpenError;

/// The UDP ports for media, given out in turn, so that a port is unused as long as possible before it comes again.
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

    /// A socket on the next port that nobody has.
    pub(super) fn bind(
        &mut self,
        bind: Ipv4Addr,
    ) -> Result<(UdpSocket, SocketAddrV4), MediaOpenError> {
        for _ in 0..self.count {
            let local = SocketAddrV4::new(bind, self.take());
            match UdpSocket::bind(local) {
                Ok(socket) => return Ok((socket, local)),
                Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
                Err(source) => return Err(MediaOpenError::Socket { bind, source }),
            }
        }
        Err(MediaOpenError::NoPort {
            bind,
            first: self.first,
            count: self.count,
        })
    }
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
    fn a_full_range_is_reported_with_its_cure() {
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port() & !1;
        let neighbour = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        let mut ports = RtpPorts::new(port, port).unwrap();
        let error = ports.bind(Ipv4Addr::LOCALHOST).unwrap_err();
        drop(neighbour);
        assert!(
            error.to_string().ends_with("widen the RTP port range"),
            "{error}"
        );
        let away = ports.bind(Ipv4Addr::new(192, 0, 2, 1)).unwrap_err();
        assert!(matches!(away, MediaOpenError::Socket { .. }), "{away}");
    }
}
