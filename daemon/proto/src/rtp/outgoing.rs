//! A datagram on its way out, with room behind it for what protects it.

/// Bytes behind a datagram that it may grow by: an authentication tag of SRTP (RFC 3711, RFC 7714) has 16 at most.
pub const TRAILER: usize = 16;

/// A datagram in the buffer that it was built in. Reads as its bytes, and may be changed in place and grow by
/// [`TRAILER`] bytes; its buffer is written again before the next one, so nothing has to be put back.
#[derive(Debug)]
pub struct Outgoing<'a> {
    room: &'a mut [u8],
    len: usize,
}

impl<'a> Outgoing<'a> {
    /// The first `len` bytes of a buffer; what is behind them is room to grow.
    pub fn new(room: &'a mut [u8], len: usize) -> Outgoing<'a> {
        let len = len.min(room.len());
        Outgoing { room, len }
    }

    /// Its bytes, to be changed in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.room.get_mut(..self.len).unwrap_or_default()
    }

    /// Puts bytes behind it; false, and nothing is changed, when they find no room.
    pub fn append(&mut self, trailer: &[u8]) -> bool {
        let end = self.len + trailer.len();
        let Some(room) = self.room.get_mut(self.len..end) else {
            return false;
        };
        room.copy_from_slice(trailer);
        self.len = end;
        true
    }
}

impl std::ops::Deref for Outgoing<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_changed_in_place_and_grows_as_far_as_there_is_room() {
        let mut buffer = [1, 2, 3, 0, 0];
        let mut datagram = Outgoing::new(&mut buffer, 3);
        datagram.bytes_mut()[0] = 9;
        assert!(datagram.append(&[7, 8]));
        assert_eq!(*datagram, [9, 2, 3, 7, 8]);
        assert!(!datagram.append(&[1]));
        assert_eq!(datagram.len(), 5);
        assert_eq!(buffer, [9, 2, 3, 7, 8]);
        assert!(Outgoing::new(&mut [], 4).is_empty());
    }
}
