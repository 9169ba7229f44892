//! What the kernel reads and writes: structures and request numbers of `dahdi/user.h` and `dahdi/wctdm_user.h`.
//!
//! Nothing here has a meaning of its own. Its tests compare every layout and number with the packaged C header.

use std::ffi::{c_char, c_int, c_uint, c_ulong};
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// A structure the kernel may fill with any bytes.
///
/// # Safety
/// Every bit pattern is a valid value, and nothing in it is a pointer the kernel follows.
pub(super) unsafe trait Plain: Copy {}

/// One ioctl, with the type that its argument points to. The number carries that type's size.
pub(super) struct Request<T> {
    number: c_ulong,
    argument: PhantomData<T>,
}

const WRITE: c_ulong = 1;
const READ: c_ulong = 2;
/// `DAHDI_CODE`.
const CODE: c_ulong = 0xDA;

impl<T: Plain> Request<T> {
    const fn new(direction: c_ulong, number: c_ulong) -> Self {
        Request {
            number: direction << 30 | (size_of::<T>() as c_ulong) << 16 | CODE << 8 | number,
            argument: PhantomData,
        }
    }

    /// As the header says it.
    #[cfg(test)]
    pub(super) const fn number(&self) -> c_ulong {
        self.number
    }

    /// Asks the driver. What it refuses is an errno; what it answers is its own.
    pub(super) fn call(&self, fd: BorrowedFd<'_>, value: &mut T) -> Result<c_int, Errno> {
        // SAFETY: the kernel reads or writes the one `T` whose size is in the number, and any bytes are a valid `T`.
        let answer = unsafe { libc::ioctl(fd.as_raw_fd(), self.number, &raw mut *value) };
        Errno::result(answer)
    }

    /// Asks with no argument where the driver takes that for "as it was at first".
    pub(super) fn call_without(&self, fd: BorrowedFd<'_>) -> Result<c_int, Errno> {
        // SAFETY: a null pointer is checked by the driver, or refused by the kernel's copy with EFAULT.
        let answer = unsafe { libc::ioctl(fd.as_raw_fd(), self.number, std::ptr::null::<T>()) };
        Errno::result(answer)
    }
}

macro_rules! plain {
    ($($(#[$note:meta])* $name:ident { $($field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$note])*
            #[repr(C)]
            #[derive(Clone, Copy)]
            pub(super) struct $name { $(pub(super) $field: $kind,)* }
            // SAFETY: integers and arrays of integers only.
            unsafe impl Plain for $name {}
        )*
    };
}

// SAFETY: every bit pattern is an int.
unsafe impl Plain for c_int {}

plain! {
    Params {
        channo: c_int,
        spanno: c_int,
        chanpos: c_int,
        sigtype: c_int,
        sigcap: c_int,
        rxisoffhook: c_int,
        rxbits: c_int,
        txbits: c_int,
        txhooksig: c_int,
        rxhooksig: c_int,
        curlaw: c_int,
        idlebits: c_int,
        name: [c_char; 40],
        prewinktime: c_int,
        preflashtime: c_int,
        winktime: c_int,
        flashtime: c_int,
        starttime: c_int,
        rxwinktime: c_int,
        rxflashtime: c_int,
        debouncetime: c_int,
        pulsebreaktime: c_int,
        pulsemaketime: c_int,
        pulseaftertime: c_int,
        chan_alarms: u32,
    }
    BufferInfo {
        txbufpolicy: c_int,
        rxbufpolicy: c_int,
        numbufs: c_int,
        bufsize: c_int,
        readbufs: c_int,
        writebufs: c_int,
    }
    Gains {
        chan: c_int,
        rxgain: [u8; 256],
        txgain: [u8; 256],
    }
    RingCadence {
        ringcadence: [c_int; 16],
    }
    DialOperation {
        op: c_int,
        dialstr: [c_char; 256],
    }
    /// The second word is a bit field of which one bit is used, the lowest.
    HwGain {
        newgain: i32,
        tx: u32,
    }
    VmwiInfo {
        vmwi_type: c_uint,
    }
    VersionInfo {
        version: [c_char; 80],
        echo_canceller: [c_char; 80],
    }
    Stats {
        tipvolt: c_int,
        ringvolt: c_int,
        batvolt: c_int,
    }
    Regs {
        direct: [u8; 109],
        indirect: [u16; 105],
    }
    RegOp {
        indirect: c_int,
        reg: u8,
        val: u16,
    }
}

/// `struct dahdi_spaninfo` is the one packed structure.
#[repr(C, packed)]
#[derive(Clone, Copy)]
pub(super) struct SpanInfo {
    pub(super) spanno: c_int,
    pub(super) name: [c_char; 20],
    pub(super) desc: [c_char; 40],
    pub(super) alarms: c_int,
    pub(super) txlevel: c_int,
    pub(super) rxlevel: c_int,
    pub(super) bpvcount: c_int,
    pub(super) crc4count: c_int,
    pub(super) ebitcount: c_int,
    pub(super) fascount: c_int,
    pub(super) fecount: u32,
    pub(super) cvcount: u32,
    pub(super) becount: u32,
    pub(super) prbs: u32,
    pub(super) errsec: u32,
    pub(super) irqmisses: c_int,
    pub(super) syncsrc: c_int,
    pub(super) numchans: c_int,
    pub(super) totalchans: c_int,
    pub(super) totalspans: c_int,
    pub(super) lbo: c_int,
    pub(super) lineconfig: c_int,
    pub(super) lboname: [c_char; 40],
    pub(super) location: [c_char; 40],
    pub(super) manufacturer: [c_char; 40],
    pub(super) devicetype: [c_char; 40],
    pub(super) irq: c_int,
    pub(super) linecompat: c_int,
    pub(super) spantype: [c_char; 6],
}
// SAFETY: integers and arrays of integers only.
unsafe impl Plain for SpanInfo {}

pub(super) const FLUSH: Request<c_int> = Request::new(WRITE, 3);
pub(super) const GET_PARAMS: Request<Params> = Request::new(READ | WRITE, 5);
pub(super) const SET_PARAMS: Request<Params> = Request::new(WRITE, 5);
pub(super) const HOOK: Request<c_int> = Request::new(WRITE, 7);
pub(super) const GETEVENT: Request<c_int> = Request::new(READ, 8);
pub(super) const SPANSTAT: Request<SpanInfo> = Request::new(READ | WRITE, 10);
pub(super) const SETGAINS: Request<Gains> = Request::new(WRITE, 16);
pub(super) const SENDTONE: Request<c_int> = Request::new(WRITE, 21);
pub(super) const SETTONEZONE: Request<c_int> = Request::new(WRITE, 22);
pub(super) const GET_BUFINFO: Request<BufferInfo> = Request::new(READ, 27);
pub(super) const SET_BUFINFO: Request<BufferInfo> = Request::new(WRITE, 27);
pub(super) const DIAL: Request<DialOperation> = Request::new(WRITE, 31);
pub(super) const AUDIOMODE: Request<c_int> = Request::new(WRITE, 32);
pub(super) const ECHOCANCEL: Request<c_int> = Request::new(WRITE, 33);
pub(super) const DIALING: Request<c_int> = Request::new(READ, 35);
pub(super) const SPECIFY: Request<c_int> = Request::new(WRITE, 38);
pub(super) const SETLAW: Request<c_int> = Request::new(WRITE, 39);
pub(super) const SETLINEAR: Request<c_int> = Request::new(WRITE, 40);
pub(super) const SETCADENCE: Request<RingCadence> = Request::new(WRITE, 42);
pub(super) const ONHOOKTRANSFER: Request<c_int> = Request::new(WRITE, 51);
pub(super) const GETVERSION: Request<VersionInfo> = Request::new(READ, 57);
pub(super) const WCTDM_GET_STATS: Request<Stats> = Request::new(READ, 60);
pub(super) const WCTDM_GET_REGS: Request<Regs> = Request::new(READ, 61);
pub(super) const WCTDM_SET_REG: Request<RegOp> = Request::new(WRITE, 62);
pub(super) const SET_HWGAIN: Request<HwGain> = Request::new(WRITE, 86);
pub(super) const SETPOLARITY: Request<c_int> = Request::new(WRITE, 92);
pub(super) const VMWI: Request<c_int> = Request::new(READ | WRITE, 94);
pub(super) const VMWI_CONFIG: Request<VmwiInfo> = Request::new(WRITE, 95);
pub(super) const BUFFER_EVENTS: Request<c_int> = Request::new(WRITE, 105);

/// A zero-filled value to be written over.
pub(super) fn zeroed<T: Plain>() -> T {
    // SAFETY: a `Plain` type takes any bytes, so all zeroes too.
    unsafe { std::mem::zeroed() }
}

/// A C string in a fixed array: up to the first NUL or the end; bytes that are no UTF-8 are replaced.
pub(super) fn text(chars: &[c_char]) -> String {
    let bytes: Vec<u8> = chars
        .iter()
        .take_while(|&&c| c != 0)
        .map(|&c| c.cast_unsigned())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
