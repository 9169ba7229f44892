//! The modems of T.30, bit by bit: V.21 channel 2 at 300 bit/s; V.27ter, V.29 and V.17 for pages.
//!
//! Owns one state per modem and direction, made in `new`; a change of modem, rate or training restarts a state in
//! place. Promises that nothing allocates after `new`. Leaves HDLC, scan lines and what follows what to others.

mod rx;
mod tx;

pub use rx::{FastRx, Heard, V21Rx};
pub use tx::{FastTx, V21Tx};

use std::ffi::c_int;

use spandsp_sys as sys;

/// A modem for pages, with its rate and, of V.17, its training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FastModem {
    /// V.27ter at 2400 bit/s.
    V27ter2400,
    /// V.27ter at 4800 bit/s.
    V27ter4800,
    /// V.29 at 7200 bit/s.
    V29At7200,
    /// V.29 at 9600 bit/s.
    V29At9600,
    /// V.17.
    V17 {
        /// Its rate.
        rate: V17Rate,
        /// With the short training, which needs what the last long one found.
        short: bool,
    },
}

/// Rates of V.17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum V17Rate {
    /// 7200 bit/s.
    R7200,
    /// 9600 bit/s.
    R9600,
    /// 12,000 bit/s.
    R12000,
    /// 14,400 bit/s.
    R14400,
}

impl FastModem {
    fn bits_per_second(self) -> c_int {
        match self {
            FastModem::V27ter2400 => 2400,
            FastModem::V27ter4800 => 4800,
            FastModem::V29At7200 => 7200,
            FastModem::V29At9600 => 9600,
            FastModem::V17 { rate, .. } => match rate {
                V17Rate::R7200 => 7200,
                V17Rate::R9600 => 9600,
                V17Rate::R12000 => 12_000,
                V17Rate::R14400 => 14_400,
            },
        }
    }
}

/// V.21 channel 2 in the library's table.
fn v21() -> *const sys::fsk_spec_t {
    let table = std::ptr::addr_of!(sys::preset_fsk_specs).cast::<sys::fsk_spec_t>();
    // SAFETY: the library's table has this entry: the constant is its index.
    unsafe { table.add(sys::FSK_V21CH2 as usize) }
}

fn sync_mode() -> c_int {
    c_int::try_from(sys::FSK_FRAME_MODE_SYNC).unwrap_or(1)
}

#[cfg(test)]
mod tests;
