//! The settings of a fax machine, given before a call.

use std::ffi::c_int;
use std::path::PathBuf;

use spandsp_sys as sys;

use crate::error::Error;

/// The pages to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxPages {
    /// A TIFF file of bilevel pages, 1728 pixels wide for A4 and letter.
    pub file: PathBuf,
    /// The first page to send, counted from 0; none: from the beginning.
    pub first: Option<u16>,
    /// The last page to send, counted from 0; none: to the end.
    pub last: Option<u16>,
}

/// The image modems a fax offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaxModems {
    /// 2400 and 4800 bit/s; every fax has it.
    pub v27ter: bool,
    /// 7200 and 9600 bit/s.
    pub v29: bool,
    /// 7200 to 14400 bit/s.
    pub v17: bool,
}

impl Default for FaxModems {
    fn default() -> Self {
        FaxModems {
            v27ter: true,
            v29: true,
            v17: true,
        }
    }
}

/// The image codings a fax offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaxCompressions {
    /// T.4 one-dimensional (MH); every fax has it.
    pub t4_1d: bool,
    /// T.4 two-dimensional (MR).
    pub t4_2d: bool,
    /// T.6 (MMR); used only with ECM.
    pub t6: bool,
}

impl Default for FaxCompressions {
    fn default() -> Self {
        FaxCompressions {
            t4_1d: true,
            t4_2d: true,
            t6: true,
        }
    }
}

/// The settings of a fax machine, given before a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaxSettings {
    /// Whether it placed the call (sends CNG) or answered it (sends CED).
    pub caller: bool,
    /// The pages to send, if any.
    pub tx_file: Option<TxPages>,
    /// Where received pages go, if they may come: a TIFF file, replaced if it exists.
    pub rx_file: Option<PathBuf>,
    /// The last page to accept, counted from 0.
    pub last_rx_page: Option<u16>,
    /// Whether error correction is offered.
    pub ecm: bool,
    /// The modems offered.
    pub modems: FaxModems,
    /// The codings offered.
    pub compressions: FaxCompressions,
    /// The fax's own number (TSI or CSI): up to 20 characters, empty for none.
    pub local_ident: String,
    /// Text for the line printed above each sent page: up to 50 characters, empty for no line.
    pub header_line: String,
    /// Whether `tx` makes silence when there is nothing to send, instead of nothing.
    pub transmit_on_idle: bool,
    /// Whether image modems begin with the tone that holds echo suppressors off.
    pub talker_echo_protection: bool,
}

impl FaxSettings {
    /// A fax that placed the call and sends `file`.
    #[must_use]
    pub fn sender(file: impl Into<PathBuf>) -> Self {
        FaxSettings {
            caller: true,
            tx_file: Some(TxPages {
                file: file.into(),
                first: None,
                last: None,
            }),
            ..FaxSettings::blank()
        }
    }

    /// A fax that answered the call and stores pages in `file`.
    #[must_use]
    pub fn receiver(file: impl Into<PathBuf>) -> Self {
        FaxSettings {
            rx_file: Some(file.into()),
            ..FaxSettings::blank()
        }
    }

    fn blank() -> Self {
        FaxSettings {
            caller: false,
            tx_file: None,
            rx_file: None,
            last_rx_page: None,
            ecm: true,
            modems: FaxModems::default(),
            compressions: FaxCompressions::default(),
            local_ident: String::new(),
            header_line: String::new(),
            transmit_on_idle: true,
            talker_echo_protection: false,
        }
    }

    pub(super) fn check(&self) -> Result<Masks, Error> {
        let problem = |problem| Err(Error::FaxSetting { problem });
        if self.tx_file.is_none() && self.rx_file.is_none() {
            return problem("neither a page file to send nor an output file is given; give one");
        }
        if let Some(TxPages {
            first: Some(first),
            last: Some(last),
            ..
        }) = self.tx_file
            && first > last
        {
            return problem("the first page to send comes after the last one; swap them");
        }
        let modems = bit(self.modems.v27ter, sys::T30_SUPPORT_V27TER)
            | bit(self.modems.v29, sys::T30_SUPPORT_V29)
            | bit(self.modems.v17, sys::T30_SUPPORT_V17);
        if !self.modems.v27ter {
            return problem("every T.30 fax has V.27ter; switch it on");
        }
        let compressions = bit(self.compressions.t4_1d, sys::T30_SUPPORT_T4_1D_COMPRESSION)
            | bit(self.compressions.t4_2d, sys::T30_SUPPORT_T4_2D_COMPRESSION)
            | bit(self.compressions.t6, sys::T30_SUPPORT_T6_COMPRESSION);
        if !self.compressions.t4_1d {
            return problem("every T.30 fax has T.4 one-dimensional coding; switch it on");
        }
        Ok(Masks {
            modems,
            compressions,
        })
    }
}

/// The settings as the library's bit fields.
pub(super) struct Masks {
    pub(super) modems: c_int,
    pub(super) compressions: c_int,
}

fn bit(on: bool, mask: u32) -> c_int {
    if on {
        c_int::try_from(mask).unwrap_or(0)
    } else {
        0
    }
}
