//! Sending.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::AsFd;
use std::ptr;

use super::recv::empty_header;
use super::{ADDRESS_LEN, MAX_DATAGRAM, NOWHERE, raw_fd, to_raw};

/// What became of a batch.
#[derive(Debug, Default)]
pub struct SendReport {
    /// Datagrams handed to the kernel.
    pub sent: usize,
    /// Datagrams given up because the socket's buffer was full: late audio is worth nothing.
    pub dropped: usize,
    /// Datagrams the kernel refused, each on its own.
    pub failed: usize,
    /// Why, for the last one refused.
    pub error: Option<io::Error>,
}

/// A datagram did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// Every slot is taken; send the batch first.
    #[error("all {slots} slots of the batch are taken; send it first")]
    Slots {
        /// How many there are.
        slots: usize,
    },
    /// The datagram is longer than the batch was made for.
    #[error("a datagram of {len} bytes does not fit in {size}; make the batch larger")]
    Size {
        /// Its length.
        len: usize,
        /// What fits.
        size: usize,
    },
}

/// Buffers for up to `slots` datagrams a call; one batch may serve many sockets in turn.
pub struct SendBatch {
    slots: usize,
    size: usize,
    queued: usize,
    bytes: Vec<u8>,
    lens: Vec<usize>,
    names: Vec<libc::sockaddr_in>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

// SAFETY: the pointers in `vectors` and `headers` are set again in each call and not used between.
unsafe impl Send for SendBatch {}

impl SendBatch {
    /// Room for `slots` (1-1024) datagrams of up to `size` bytes each; both are limited to what
    /// makes sense.
    #[must_use]
    pub fn new(slots: usize, size: usize) -> Self {
        let slots = slots.clamp(1, 1024);
        let size = size.clamp(1, MAX_DATAGRAM);
        let vector = libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        SendBatch {
            slots,
            size,
            queued: 0,
            bytes: vec![0; slots * size],
            lens: vec![0; slots],
            names: vec![to_raw(NOWHERE); slots],
            vectors: vec![vector; slots],
            headers: vec![empty_header(); slots],
        }
    }

    /// Queues a copy of `bytes` for `to`.
    ///
    /// # Errors
    /// [`QueueFull`]; nothing is queued then.
    pub fn push(&mut self, to: SocketAddrV4, bytes: &[u8]) -> Result<(), QueueFull> {
        let start = self.queued.saturating_mul(self.size);
        let (Some(room), Some(len), Some(name)) = (
            self.bytes.get_mut(start..start.saturating_add(self.size)),
            self.lens.get_mut(self.queued),
            self.names.get_mut(self.queued),
        ) else {
            return Err(QueueFull::Slots { slots: self.slots });
        };
        let Some(room) = room.get_mut(..bytes.len()) else {
            return Err(QueueFull::Size {
                len: bytes.len(),
                size: self.size,
            });
        };
        room.copy_from_slice(bytes);
        *len = bytes.len();
        *name = to_raw(to);
        self.queued += 1;
        Ok(())
    }

    /// How many datagrams are queued.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queued
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Sends what is queued through `socket`, in order, and empties the queue. Never blocks, even
    /// on a blocking socket. A datagram the kernel refuses is counted and does not stop the others.
    pub fn send(&mut self, socket: &impl AsFd) -> SendReport {
        self.send_to(socket, true)
    }

    /// Sends through a connected socket, for tests with socket pairs.
    #[cfg(test)]
    pub(super) fn send_unnamed(&mut self, socket: &impl AsFd) -> SendReport {
        self.send_to(socket, false)
    }

    fn send_to(&mut self, socket: &impl AsFd, named: bool) -> SendReport {
        let queued = std::mem::take(&mut self.queued);
        let parts = self.bytes.chunks_exact_mut(self.size);
        let all = parts
            .zip(&self.lens)
            .zip(&mut self.names)
            .zip(&mut self.vectors)
            .zip(&mut self.headers)
            .take(queued);
        for ((((bytes, len), name), vector), header) in all {
            vector.iov_base = bytes.as_mut_ptr().cast();
            vector.iov_len = *len;
            *header = empty_header();
            if named {
                header.msg_hdr.msg_name = ptr::from_mut(name).cast();
                header.msg_hdr.msg_namelen = ADDRESS_LEN;
            }
            header.msg_hdr.msg_iov = ptr::from_mut(vector);
            header.msg_hdr.msg_iovlen = 1;
        }
        let mut report = SendReport::default();
        let mut at = 0;
        while let Some(rest) = self
            .headers
            .get_mut(at..queued)
            .filter(|rest| !rest.is_empty())
        {
            // SAFETY: every header points to buffers of this batch with their true lengths, none of
            // which Rust touches during the call.
            let count = unsafe {
                libc::sendmmsg(
                    raw_fd(socket),
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                )
            };
            match usize::try_from(count) {
                Ok(count) => {
                    // At least one when successful: the loop always advances.
                    report.sent += count;
                    at += count.max(1);
                }
                Err(_) => {
                    let error = io::Error::last_os_error();
                    match error.kind() {
                        io::ErrorKind::Interrupted => {}
                        io::ErrorKind::WouldBlock => {
                            report.dropped += queued - at;
                            break;
                        }
                        _ => {
                            report.failed += 1;
                            report.error = Some(error);
                            at += 1;
                        }
                    }
                }
            }
        }
        report
    }

    /// Forgets what is queued.
    pub fn clear(&mut self) {
        self.queued = 0;
    }
}
