//! The same modem in the words of T.38 and of the library.

use tipring_spandsp::{FastModem, V17Rate as Library};
use tipring_types::t38::{Fast, V17Rate};

pub(super) fn to_library(fast: Fast) -> FastModem {
    let v17 = |rate, short| FastModem::V17 {
        rate: match rate {
            V17Rate::R7200 => Library::R7200,
            V17Rate::R9600 => Library::R9600,
            V17Rate::R12000 => Library::R12000,
            V17Rate::R14400 => Library::R14400,
        },
        short,
    };
    match fast {
        Fast::V27ter2400 => FastModem::V27ter2400,
        Fast::V27ter4800 => FastModem::V27ter4800,
        Fast::V29At7200 => FastModem::V29At7200,
        Fast::V29At9600 => FastModem::V29At9600,
        Fast::V17Short(rate) => v17(rate, true),
        Fast::V17Long(rate) => v17(rate, false),
    }
}

/// Whether data of one may be data of the other: data do not say how V.17 trained.
pub(super) fn same_data(a: Fast, b: Fast) -> bool {
    let long = |fast| match fast {
        Fast::V17Short(rate) => Fast::V17Long(rate),
        other => other,
    };
    long(a) == long(b)
}
