//! A filter in the kernel (classic BPF): which datagrams reach a socket at all.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::AsFd;

use super::raw_fd;

/// Longest program: a few addresses need five instructions each.
const ROOM: usize = 96;

// Offsets at which a filter finds what does not lie in the datagram itself (linux/filter.h).
const NETWORK_HEADER: u32 = -0x10_0000_i32 as u32;
const ANCILLARY: u32 = -0x1000_i32 as u32;
const RANDOM: u32 = 56;
/// A filter of a UDP socket begins at the UDP header.
const UDP_HEADER: u32 = 8;
const IP_SOURCE: u32 = 12;

const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const LOAD_HALF: u16 = (libc::BPF_LD | libc::BPF_H | libc::BPF_ABS) as u16;
const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
const LOAD_LENGTH: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_LEN) as u16;
const LOAD_KEPT: u16 = (libc::BPF_LD | libc::BPF_MEM) as u16;
const KEEP: u16 = libc::BPF_ST as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const TAKE: u32 = u32::MAX;
const DROP: u32 = 0;

/// What a filter does with datagrams of senders that it does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterOthers {
    /// Takes them.
    Take,
    /// Takes about one in this number, rounded up to a power of two.
    TakeOneIn(u32),
    /// Drops them.
    Drop,
}

/// A filter of a UDP socket.
#[derive(Debug, Clone, Copy)]
pub struct SourceFilter<'a> {
    /// Content shorter than this is dropped, whoever sends it.
    pub shortest: u16,
    /// The bits of its first byte that count, and what they have to be; otherwise it is dropped too.
    pub first_byte: (u8, u8),
    /// Senders whose datagrams are taken.
    pub take: &'a [SocketAddrV4],
    /// Senders whose datagrams are dropped.
    pub drop: &'a [SocketAddrV4],
    /// All other senders.
    pub others: FilterOthers,
}

/// Has the kernel drop datagrams before they take room in the socket's buffer; takes the place of the filter before.
/// What is dropped counts in [`dropped_datagrams`]. One system call, which does not wait for anything.
///
/// # Errors
/// `InvalidInput` for more senders than a program has room for; the error of the kernel, e.g. `OutOfMemory` beyond
/// net.core.optmem_max.
pub fn filter_sources(socket: impl AsFd, filter: &SourceFilter<'_>) -> io::Result<()> {
    let mut program = Program::default();
    program.add(LOAD_LENGTH, 0, 0, 0);
    let shortest = UDP_HEADER + u32::from(filter.shortest);
    program.add(IF_AT_LEAST, 1, 0, shortest);
    program.add(RETURN, 0, 0, DROP);
    let (mask, wanted) = filter.first_byte;
    program.add(LOAD_BYTE, 0, 0, UDP_HEADER);
    program.add(AND, 0, 0, u32::from(mask));
    program.add(IF_EQUAL, 1, 0, u32::from(wanted));
    program.add(RETURN, 0, 0, DROP);
    // The port is kept in place 0, the address in place 1 and the accumulator.
    program.add(LOAD_HALF, 0, 0, 0);
    program.add(KEEP, 0, 0, 0);
    program.add(LOAD_WORD, 0, 0, NETWORK_HEADER.wrapping_add(IP_SOURCE));
    program.add(KEEP, 0, 0, 1);
    for (senders, verdict) in [(filter.take, TAKE), (filter.drop, DROP)] {
        for sender in senders {
            program.add(IF_EQUAL, 0, 4, u32::from(*sender.ip()));
            program.add(LOAD_KEPT, 0, 0, 0);
            program.add(IF_EQUAL, 0, 1, u32::from(sender.port()));
            program.add(RETURN, 0, 0, verdict);
            program.add(LOAD_KEPT, 0, 0, 1);
        }
    }
    match filter.others {
        FilterOthers::Take => program.add(RETURN, 0, 0, TAKE),
        FilterOthers::Drop => program.add(RETURN, 0, 0, DROP),
        FilterOthers::TakeOneIn(n) => {
            program.add(LOAD_WORD, 0, 0, ANCILLARY.wrapping_add(RANDOM));
            let mask = n.clamp(1, 1 << 30).next_power_of_two() - 1;
            program.add(AND, 0, 0, mask);
            program.add(IF_EQUAL, 0, 1, 0);
            program.add(RETURN, 0, 0, TAKE);
            program.add(RETURN, 0, 0, DROP);
        }
    }
    program.attach(&socket)
}

/// Has the kernel drop nothing any more.
///
/// # Errors
/// The error of the kernel; a socket without a filter is none.
pub fn unfilter(socket: impl AsFd) -> io::Result<()> {
    let nothing: libc::c_int = 0;
    // SAFETY: the value is an int that outlives the call; the kernel does not look at it.
    let answer = unsafe {
        libc::setsockopt(
            raw_fd(&socket),
            libc::SOL_SOCKET,
            libc::SO_DETACH_FILTER,
            (&raw const nothing).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if answer == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOENT) => Ok(()),
        _ => Err(error),
    }
}

/// Datagrams for this socket that the kernel has dropped since it was opened: by a filter, or because its buffer was
/// full. Wraps.
///
/// # Errors
/// The error of the kernel.
pub fn dropped_datagrams(socket: impl AsFd) -> io::Result<u32> {
    // SK_MEMINFO_DROPS, the last of SK_MEMINFO_VARS values.
    const DROPS: usize = 8;
    let mut values = [0u32; DROPS + 1];
    let mut len = size_of_val(&values) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes into `values`, which outlives the call.
    let answer = unsafe {
        libc::getsockopt(
            raw_fd(&socket),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            values.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    if answer == 0 {
        Ok(values[DROPS])
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A program in the making, without taking memory.
struct Program {
    code: [libc::sock_filter; ROOM],
    len: usize,
}

impl Default for Program {
    fn default() -> Program {
        let nothing = libc::sock_filter {
            code: 0,
            jt: 0,
            jf: 0,
            k: 0,
        };
        Program {
            code: [nothing; ROOM],
            len: 0,
        }
    }
}

impl Program {
    fn add(&mut self, code: u16, jt: u8, jf: u8, k: u32) {
        if let Some(place) = self.code.get_mut(self.len) {
            *place = libc::sock_filter { code, jt, jf, k };
        }
        self.len += 1;
    }

    fn attach(&mut self, socket: &impl AsFd) -> io::Result<()> {
        let len = u16::try_from(self.len).ok().filter(|_| self.len <= ROOM);
        let Some(len) = len else {
            let problem = "a source filter names too many senders";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        };
        let program = libc::sock_fprog {
            len,
            filter: self.code.as_mut_ptr(),
        };
        // SAFETY: the program points to `len` instructions that outlive the call; the kernel copies and checks them.
        let answer = unsafe {
            libc::setsockopt(
                raw_fd(socket),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                (&raw const program).cast(),
                size_of::<libc::sock_fprog>() as libc::socklen_t,
            )
        };
        if answer == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}
