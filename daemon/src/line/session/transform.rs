//! What protects the datagrams of a session on their way: nothing so far, SRTP later.

use tipring_proto::rtp::Outgoing;

/// Works on the bytes in place and allocates nothing. A datagram on its way out may grow by
/// [`tipring_proto::rtp::TRAILER`] bytes, the tag by which the far end knows it as ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transform {
    /// As the body made them.
    #[default]
    Clear,
}

impl Transform {
    /// Protects a datagram that leaves. False: it must not leave.
    #[inline]
    pub(super) fn seal(&mut self, _datagram: &mut Outgoing<'_>) -> bool {
        match self {
            Transform::Clear => true,
        }
    }

    /// Opens a datagram that came: the bytes for the body, or none when it is not the far end's or came before.
    /// Before the source is looked at, for a source that cannot protect it is not accepted.
    #[inline]
    pub(super) fn open<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a [u8]> {
        match self {
            Transform::Clear => Some(datagram),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_clear_the_bytes_go_and_come_as_they_are() {
        let mut clear = Transform::default();
        let mut buffer = [1, 2, 3, 0];
        let mut datagram = Outgoing::new(&mut buffer, 3);
        assert!(clear.seal(&mut datagram));
        assert_eq!(*datagram, [1, 2, 3]);
        assert_eq!(clear.open(&mut [4, 5]), Some(&[4, 5][..]));
        assert_eq!(clear.open(&mut []), Some(&[][..]));
    }
}
