//! Caller ID on the line: Bellcore CLASS, ETSI CLIP (FSK V.23), A-CLIP, and CLIP by DTMF digits.
//!
//! Owns the modem signals (through spandsp's ADSI code) and the messages in them
//! ([`CallerIdMessage`], made outside the line thread; [`ReceivedMessage`], decoded outside it).
//! Promises that `process` and `put_message` do not allocate. Leaves ringing, the silence between
//! rings and who may see which number to others.
//!
//! Messages are composed and taken apart here rather than by `adsi_add_field` and
//! `adsi_next_field`: the former sends the length of a 16-byte field twice, the latter reads past
//! the end of a damaged message.

mod message;
mod rx;
mod tx;

pub use message::{
    Absence, CallTime, CallerId, CallerIdMessage, DecodeError, DtmfCallerIdFormat,
    MAX_MESSAGE_BYTES, Party, ReceivedCallerId, ReceivedMessage,
};
pub use rx::CallerIdRx;
pub use tx::CallerIdTx;

use std::ffi::c_int;

use spandsp_sys as sys;

/// Which caller ID signalling a line uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerIdStandard {
    /// Bellcore/Telcordia CLASS (GR-30): Bell 202 FSK. North America, Australia, China …
    Class,
    /// ETSI CLIP (ETS 300 659-1): V.23 FSK. Most of Europe.
    Clip,
    /// A-CLIP (Singapore): V.23 FSK.
    Aclip,
    /// CLIP by DTMF digits (ETS 300 659-1 annex and relatives). Nordic countries, Netherlands …
    ClipDtmf,
}

impl CallerIdStandard {
    /// The field's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CallerIdStandard::Class => "CLASS",
            CallerIdStandard::Clip => "CLIP",
            CallerIdStandard::Aclip => "A-CLIP",
            CallerIdStandard::ClipDtmf => "CLIP-DTMF",
        }
    }

    fn code(self) -> c_int {
        let code = match self {
            CallerIdStandard::Class => sys::ADSI_STANDARD_CLASS,
            CallerIdStandard::Clip => sys::ADSI_STANDARD_CLIP,
            CallerIdStandard::Aclip => sys::ADSI_STANDARD_ACLIP,
            CallerIdStandard::ClipDtmf => sys::ADSI_STANDARD_CLIP_DTMF,
        };
        c_int::try_from(code).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
