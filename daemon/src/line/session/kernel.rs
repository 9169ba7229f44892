//! The kernel's side of a media socket: what it drops there for us, and how much that is.

use std::net::{SocketAddrV4, UdpSocket};

use tipring_linux::{FilterOthers, SourceFilter, dropped_datagrams, filter_sources, unfilter};
use tipring_proto::rtp::{FloodGuard, Gate, GateChange, Others, SHUT_OUT, SourceLatch};
use tipring_proto::time::Time;

/// What a datagram looks like that a body could use. In a flood the kernel drops all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramShape {
    /// Its least length.
    pub shortest: u16,
    /// The bits of its first byte that count, and what they have to be.
    pub first_byte: (u8, u8),
}

/// The guard of one socket, and what came of it.
#[derive(Debug)]
pub(super) struct KernelSide {
    shape: DatagramShape,
    pub(super) guard: FloodGuard,
    /// Datagrams that the kernel dropped: by a gate, or because the socket was full.
    pub(super) dropped: u64,
    /// The kernel's own count, which wraps.
    counted: u32,
    /// Times a flood began.
    pub(super) floods: u64,
    /// Times the kernel refused a gate.
    pub(super) errors: u64,
}

impl KernelSide {
    pub(super) fn new(shape: DatagramShape) -> KernelSide {
        KernelSide {
            shape,
            guard: FloodGuard::default(),
            dropped: 0,
            counted: 0,
            floods: 0,
            errors: 0,
        }
    }

    /// The socket has been drained, or another source is to be accepted.
    pub(super) fn drained(&mut self, now: Time, socket: &UdpSocket, sources: &SourceLatch) {
        let shut = self.guard.is_shut();
        if let Some(change) = self.guard.drained(now, sources) {
            self.carry_out(socket, change);
            self.floods += u64::from(!shut && self.guard.is_shut());
        }
    }

    /// Asks the kernel what it has dropped: one system call.
    pub(super) fn look(&mut self, now: Time, socket: &UdpSocket, sources: &SourceLatch) {
        if let Ok(counted) = dropped_datagrams(socket) {
            let more = counted.wrapping_sub(std::mem::replace(&mut self.counted, counted));
            self.dropped += u64::from(more);
        }
        if let Some(change) = self.guard.look(now, self.dropped) {
            self.carry_out(socket, change);
        } else if self.guard.is_shut() {
            // Another source may be accepted by now, or none any more.
            self.drained(now, socket, sources);
        }
    }

    fn carry_out(&mut self, socket: &UdpSocket, change: GateChange) {
        let done = match change {
            GateChange::Set(gate) => set(socket, self.shape, &gate),
            GateChange::Open => unfilter(socket),
        };
        if done.is_err() {
            self.errors += 1;
            self.guard.forget();
        }
    }
}

/// One system call of some 30 µs, at the beginning of a flood and when another source is accepted during it.
fn set(socket: &UdpSocket, shape: DatagramShape, gate: &Gate) -> std::io::Result<()> {
    let nobody = SocketAddrV4::new([0, 0, 0, 0].into(), 0);
    let (mut take, mut drop) = ([nobody; 2], [nobody; SHUT_OUT]);
    let take = packed(&gate.pass, &mut take);
    let drop = packed(&gate.shut_out, &mut drop);
    let filter = SourceFilter {
        shortest: shape.shortest,
        first_byte: shape.first_byte,
        take,
        drop,
        others: match gate.others {
            Others::All => FilterOthers::Take,
            Others::OneIn(n) => FilterOthers::TakeOneIn(n),
            Others::Nobody => FilterOthers::Drop,
        },
    };
    filter_sources(socket, &filter)
}

/// The addresses that are there, without allocating.
fn packed<'a>(from: &[Option<SocketAddrV4>], into: &'a mut [SocketAddrV4]) -> &'a [SocketAddrV4] {
    let mut count = 0;
    for (place, address) in into.iter_mut().zip(from.iter().flatten()) {
        *place = *address;
        count += 1;
    }
    into.get(..count).unwrap_or(&[])
}
