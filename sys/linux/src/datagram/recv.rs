//! Receiving.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::AsFd;
use std::ptr;
use std::time::Duration;

use super::{ADDRESS_LEN, MAX_DATAGRAM, NOWHERE, from_raw, raw_fd, timespec_to_duration, to_raw};

/// Room for the one control message asked for: a header and a timespec, aligned as the kernel
/// writes them.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 64]);

/// One datagram of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Its content, cut at the batch's datagram size.
    pub bytes: &'a [u8],
    /// Where it came from; 0.0.0.0:0 when that is not an IPv4 address.
    pub source: SocketAddrV4,
    /// Whether it was longer than `bytes`.
    pub truncated: bool,
    /// When the kernel received it, on CLOCK_REALTIME, if
    /// [`enable_timestamps`](super::enable_timestamps) was called.
    pub received_at: Option<Duration>,
}

/// One datagram of a batch, whose content may be changed in place (deciphered).
#[derive(Debug, PartialEq, Eq)]
pub struct DatagramMut<'a> {
    /// As [`Datagram::bytes`].
    pub bytes: &'a mut [u8],
    /// As [`Datagram::source`].
    pub source: SocketAddrV4,
    /// As [`Datagram::truncated`].
    pub truncated: bool,
    /// As [`Datagram::received_at`].
    pub received_at: Option<Duration>,
}

#[derive(Clone, Copy)]
struct Arrived {
    len: usize,
    source: SocketAddrV4,
    truncated: bool,
    received_at: Option<Duration>,
}

/// Buffers for up to `slots` datagrams a call; one batch may serve many sockets in turn.
pub struct RecvBatch {
    slots: usize,
    size: usize,
    bytes: Vec<u8>,
    control: Vec<Control>,
    names: Vec<libc::sockaddr_in>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    arrived: Vec<Arrived>,
}

// SAFETY: the pointers in `vectors` and `headers` are set again in each call and not used between.
unsafe impl Send for RecvBatch {}

impl RecvBatch {
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
        RecvBatch {
            slots,
            size,
            bytes: vec![0; slots * size],
            control: vec![Control([0; 64]); slots],
            names: vec![to_raw(NOWHERE); slots],
            vectors: vec![vector; slots],
            headers: vec![empty_header(); slots],
            arrived: Vec::with_capacity(slots),
        }
    }

    /// Takes what is waiting on `socket`, at most one batch, and returns how many datagrams that
    /// were: none when nothing waits. Never blocks, even on a blocking socket. A full batch means
    /// that more may be waiting.
    ///
    /// # Errors
    /// The error of the kernel, e.g. `ConnectionRefused` after an ICMP message on a connected socket;
    /// the batch is empty then.
    pub fn receive(&mut self, socket: &impl AsFd) -> io::Result<usize> {
        self.arrived.clear();
        let parts = self.bytes.chunks_exact_mut(self.size);
        let all = parts
            .zip(&mut self.control)
            .zip(&mut self.names)
            .zip(&mut self.vectors)
            .zip(&mut self.headers);
        for ((((bytes, control), name), vector), header) in all {
            vector.iov_base = bytes.as_mut_ptr().cast();
            vector.iov_len = bytes.len();
            name.sin_family = 0;
            *header = empty_header();
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = ADDRESS_LEN;
            header.msg_hdr.msg_iov = ptr::from_mut(vector);
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = control.0.len();
        }
        let count = loop {
            // SAFETY: every header points to buffers of this batch with their true lengths, none of
            // which Rust touches during the call; a null timeout is allowed.
            let count = unsafe {
                libc::recvmmsg(
                    raw_fd(socket),
                    self.headers.as_mut_ptr(),
                    self.slots as libc::c_uint,
                    libc::MSG_DONTWAIT,
                    ptr::null_mut(),
                )
            };
            if let Ok(count) = usize::try_from(count) {
                break count;
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(0),
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            }
        };
        for (header, name) in self.headers.iter().zip(&self.names).take(count) {
            let arrived = Arrived {
                len: usize::try_from(header.msg_len).unwrap_or(0).min(self.size),
                source: from_raw(name),
                truncated: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
                received_at: timestamp(&header.msg_hdr),
            };
            self.arrived.push(arrived);
        }
        Ok(self.arrived.len())
    }

    /// A datagram of the last batch, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Datagram<'_>> {
        let arrived = self.arrived.get(index)?;
        let start = index * self.size;
        Some(Datagram {
            bytes: self.bytes.get(start..start + arrived.len)?,
            source: arrived.source,
            truncated: arrived.truncated,
            received_at: arrived.received_at,
        })
    }

    /// The datagrams of the last batch, in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = Datagram<'_>> {
        (0..self.arrived.len()).filter_map(|index| self.get(index))
    }

    /// The same, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = DatagramMut<'_>> {
        let places = self.bytes.chunks_exact_mut(self.size);
        places
            .zip(&self.arrived)
            .map(|(place, arrived)| DatagramMut {
                // No datagram is longer than its place.
                bytes: place.get_mut(..arrived.len).unwrap_or_default(),
                source: arrived.source,
                truncated: arrived.truncated,
                received_at: arrived.received_at,
            })
    }

    /// How many datagrams fit in one batch.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots
    }
}

fn timestamp(header: &libc::msghdr) -> Option<Duration> {
    // SAFETY: the header is one the kernel has just filled in; its control buffer is alive.
    let first = unsafe { libc::CMSG_FIRSTHDR(header) };
    if first.is_null() {
        return None;
    }
    // SAFETY: non-null means that a whole cmsghdr lies in the control buffer, aligned to 8.
    let control = unsafe { first.read() };
    let wanted = libc::SOL_SOCKET == control.cmsg_level
        && libc::SCM_TIMESTAMPNS == control.cmsg_type
        && control.cmsg_len >= size_of::<libc::cmsghdr>() + size_of::<libc::timespec>();
    if !wanted {
        return None;
    }
    // SAFETY: the message's length was checked to hold a timespec.
    let data = unsafe { libc::CMSG_DATA(first) };
    // SAFETY: a timespec lies there; alignment is not relied upon.
    let time = unsafe { data.cast::<libc::timespec>().read_unaligned() };
    Some(timespec_to_duration(time))
}

pub(super) fn empty_header() -> libc::mmsghdr {
    // SAFETY: null pointers and zero lengths are a valid message header.
    unsafe { std::mem::zeroed() }
}
