//! A fax machine on an analog line (T.30 over V.27ter, V.29 and V.17).
//!
//! Owns one fax: pages come from one TIFF file and go to another. Promises events and the
//! result by polling. Reads and writes files inside `rx` and `tx`, so it has no place in the line
//! thread; it is the simulator's and the tests' far end. libtiff parses the page file: give it only
//! files that are trusted. Leaves answering, ringing and levels to others.

use std::ffi::{CStr, CString, c_int, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

use spandsp_sys as sys;

use crate::error::Error;
use crate::state::{Fifo, Pinned, init_lock};

mod settings;
pub use settings::{FaxCompressions, FaxModems, FaxSettings, TxPages};

/// The library keeps file names in arrays of 256 bytes, and cuts longer ones.
const MAX_PATH: usize = 255;
const BLOCK: usize = 160;

/// Figures of a transfer so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaxStats {
    /// Image rate in bit/s.
    pub bit_rate: u32,
    /// Whether error correction is in use.
    pub ecm: bool,
    /// Pages sent and confirmed.
    pub pages_tx: u32,
    /// Pages received.
    pub pages_rx: u32,
    /// Pixels per metre across, of the last page.
    pub x_resolution: u32,
    /// Rows per metre, of the last page.
    pub y_resolution: u32,
    /// Pixels per row of the last page.
    pub width: u32,
    /// Rows of the last page.
    pub length: u32,
    /// Bytes of coded image of the last page.
    pub image_bytes: u32,
    /// Rows of the last page that arrived damaged (only counted without ECM).
    pub bad_rows: u32,
    /// Longest run of such rows.
    pub longest_bad_row_run: u32,
    /// Frames repeated by ECM.
    pub ecm_retries: u32,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaxResult {
    /// The library's completion code; 0 is success.
    pub code: u32,
    /// The code in words.
    pub text: &'static str,
    /// Figures of the call; those of a page are of the last page.
    pub stats: FaxStats,
}

impl FaxResult {
    /// Whether everything went through.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == sys::T30_ERR_OK
    }
}

/// Something happened in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaxEvent {
    /// Phase B: the far end has sent its capabilities (`DIS`) or choice (`DCS`).
    Negotiating {
        /// The frame's name in T.30.
        frame: &'static str,
    },
    /// Phase D: a page is over; sender: the frame is the far end's answer (`MCF`, `RTN` …);
    /// receiver: the sender's command (`EOP`, `MPS` …).
    PageEnd {
        /// The frame's name in T.30.
        frame: &'static str,
        /// Figures so far. The page just ended may not be counted yet.
        stats: FaxStats,
    },
    /// Phase E: the call is over.
    Finished(FaxResult),
}

struct FaxSink {
    last_page: FaxStats,
    result: Option<FaxResult>,
    events: Fifo<FaxEvent, 64>,
}

/// One fax in one call.
pub struct FaxTerminal {
    state: NonNull<sys::fax_state_t>,
    t30: NonNull<sys::t30_state_t>,
    sink: Pinned<FaxSink>,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and
// its callbacks only touch the pinned sink, which moves with it.
unsafe impl Send for FaxTerminal {}

impl FaxTerminal {
    /// A fax at the start of a call.
    ///
    /// # Errors
    /// [`Error::FaxSetting`], [`Error::TooLong`], [`Error::BadCharacter`] for settings that cannot
    /// be; [`Error::OutOfMemory`]. A page file that does not exist is found out only in the call.
    pub fn new(settings: &FaxSettings) -> Result<Self, Error> {
        let checked = settings.check()?;
        let ident = c_text(
            "fax ident",
            &settings.local_ident,
            sys::T30_MAX_IDENT_LEN as usize,
        )?;
        let header = c_text(
            "fax header line",
            &settings.header_line,
            sys::T30_MAX_PAGE_HEADER_INFO as usize,
        )?;
        let tx = match &settings.tx_file {
            Some(tx) => Some((c_path("fax page file", &tx.file)?, tx.first, tx.last)),
            None => None,
        };
        let rx = match &settings.rx_file {
            Some(file) => Some(c_path("fax output file", file)?),
            None => None,
        };

        let _lock = init_lock();
        // SAFETY: a null state asks the library to allocate one.
        let raw = unsafe { sys::fax_init(std::ptr::null_mut(), c_int::from(settings.caller)) };
        let what = "fax machine";
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory { what })?;
        // SAFETY: the state is live; the T.30 engine is a part of it.
        let t30 = unsafe { sys::fax_get_t30_state(state.as_ptr()) };
        let Some(t30) = NonNull::new(t30) else {
            // SAFETY: the state came from fax_init(NULL) and is freed once, here.
            unsafe { sys::fax_free(state.as_ptr()) };
            return Err(Error::OutOfMemory { what });
        };
        let terminal = FaxTerminal {
            state,
            t30,
            sink: Pinned::new(FaxSink {
                last_page: FaxStats::default(),
                result: None,
                events: Fifo::new(),
            }),
        };
        terminal.configure(settings, checked);
        if !settings.local_ident.is_empty() {
            // SAFETY: the engine is live; the text is NUL-terminated, within the limit, and copied.
            unsafe { sys::t30_set_tx_ident(t30.as_ptr(), ident.as_ptr()) };
        }
        if !settings.header_line.is_empty() {
            // SAFETY: the engine is live; the text is NUL-terminated, within the limit, and copied.
            unsafe { sys::t30_set_tx_page_header_info(t30.as_ptr(), header.as_ptr()) };
        }
        if let Some((file, first, last)) = &tx {
            let (first, last) = (page(*first), page(*last));
            // SAFETY: the engine is live; the path is NUL-terminated and copied.
            unsafe { sys::t30_set_tx_file(t30.as_ptr(), file.as_ptr(), first, last) };
        }
        if let Some(file) = &rx {
            let last = settings.last_rx_page;
            // SAFETY: the engine is live; the path is NUL-terminated and copied.
            unsafe { sys::t30_set_rx_file(t30.as_ptr(), file.as_ptr(), page(last)) };
        }
        Ok(terminal)
    }

    /// Hears `samples`. The call's clock runs by them: hand over silence when there is nothing.
    pub fn rx(&mut self, samples: &[i16]) {
        // The library removes DC in place: it works on a copy.
        let mut block = [0_i16; BLOCK];
        for chunk in samples.chunks(BLOCK) {
            for (to, from) in block.iter_mut().zip(chunk) {
                *to = *from;
            }
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples are readable and writable, and callbacks
            // write only to the sink, of which no Rust reference exists during the call.
            unsafe { sys::fax_rx(self.state.as_ptr(), block.as_mut_ptr(), len) };
        }
    }

    /// Fills `out` with what the fax sends and returns how many samples that is; the rest is
    /// silence. With `transmit_on_idle` it is always all of it.
    pub fn tx(&mut self, out: &mut [i16]) -> usize {
        let mut total = 0;
        for chunk in out.chunks_mut(BLOCK) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples are writable, and callbacks write only to
            // the sink, of which no Rust reference exists during the call.
            let made = unsafe { sys::fax_tx(self.state.as_ptr(), chunk.as_mut_ptr(), len) };
            let made = usize::try_from(made).unwrap_or(0).min(chunk.len());
            chunk[made..].fill(0);
            total += made;
        }
        total
    }

    /// The oldest event not yet read; at most 64 wait.
    pub fn poll_event(&mut self) -> Option<FaxEvent> {
        self.sink.get_mut().events.pop()
    }

    /// How the call ended, once it has.
    #[must_use]
    pub fn result(&self) -> Option<FaxResult> {
        self.sink.get().result
    }

    /// Whether the protocol is still at work. Goes false a little after the result is known.
    #[must_use]
    pub fn is_active(&self) -> bool {
        // SAFETY: the engine is live and only read.
        let active = unsafe { sys::t30_call_active(self.t30.as_ptr()) };
        active != 0
    }

    /// Figures so far.
    #[must_use]
    pub fn stats(&self) -> FaxStats {
        // SAFETY: the engine is live.
        let now = unsafe { read_stats(self.t30.as_ptr()) };
        with_page_of(now, self.sink.get().last_page)
    }

    /// The far end's ident (TSI or CSI), once it has sent it.
    #[must_use]
    pub fn remote_ident(&self) -> Option<String> {
        // SAFETY: the engine is live; the answer is null or a NUL-terminated text inside it.
        let ident = unsafe { sys::t30_get_rx_ident(self.t30.as_ptr()) };
        if ident.is_null() {
            return None;
        }
        // SAFETY: non-null and NUL-terminated, and read before the engine can change it.
        let text = unsafe { CStr::from_ptr(ident) };
        Some(text.to_string_lossy().trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The line is gone: ends the call of this fax. The result follows at
    /// once: success when the last page was already confirmed, else a dropped call.
    pub fn terminate(&mut self) {
        // SAFETY: the engine is live; callbacks write only to the sink.
        unsafe { sys::t30_terminate(self.t30.as_ptr()) };
    }

    fn configure(&self, settings: &FaxSettings, checked: settings::Masks) {
        let (state, t30) = (self.state.as_ptr(), self.t30.as_ptr());
        let sink = self.sink.as_void();
        // SAFETY: the state is live.
        unsafe { sys::fax_set_transmit_on_idle(state, c_int::from(settings.transmit_on_idle)) };
        // SAFETY: the state is live.
        unsafe { sys::fax_set_tep_mode(state, c_int::from(settings.talker_echo_protection)) };
        // SAFETY: the engine is live.
        unsafe { sys::t30_set_ecm_capability(t30, c_int::from(settings.ecm)) };
        // SAFETY: the engine is live; unknown bits cannot occur.
        unsafe { sys::t30_set_supported_modems(t30, checked.modems) };
        // SAFETY: the engine is live; unknown bits cannot occur.
        unsafe { sys::t30_set_supported_compressions(t30, checked.compressions) };
        // SAFETY: the sink outlives the engine and `on_phase_b` takes user_data for exactly it.
        unsafe { sys::t30_set_phase_b_handler(t30, Some(on_phase_b), sink) };
        // SAFETY: the sink outlives the engine and `on_phase_d` takes user_data for exactly it.
        unsafe { sys::t30_set_phase_d_handler(t30, Some(on_phase_d), sink) };
        // SAFETY: the sink outlives the engine and `on_phase_e` takes user_data for exactly it.
        unsafe { sys::t30_set_phase_e_handler(t30, Some(on_phase_e), sink) };
    }
}

impl Drop for FaxTerminal {
    fn drop(&mut self) {
        // SAFETY: the state came from fax_init(NULL) and is freed once; open page files are closed.
        unsafe { sys::fax_free(self.state.as_ptr()) };
    }
}

unsafe extern "C" fn on_phase_b(
    _t30: *mut sys::t30_state_t,
    user_data: *mut c_void,
    frame: c_int,
) -> c_int {
    // SAFETY: user_data is the pinned FaxSink, and no other reference to it exists while the
    // library runs.
    let sink = unsafe { &mut *user_data.cast::<FaxSink>() };
    let frame = frame_name(frame);
    sink.events.push(FaxEvent::Negotiating { frame });
    0
}

unsafe extern "C" fn on_phase_d(
    t30: *mut sys::t30_state_t,
    user_data: *mut c_void,
    frame: c_int,
) -> c_int {
    // SAFETY: user_data is the pinned FaxSink, and no other reference to it exists while the
    // library runs.
    let sink = unsafe { &mut *user_data.cast::<FaxSink>() };
    // SAFETY: the engine calls this with itself.
    let now = unsafe { read_stats(t30) };
    let stats = with_page_of(now, sink.last_page);
    sink.last_page = stats;
    let frame = frame_name(frame);
    sink.events.push(FaxEvent::PageEnd { frame, stats });
    0
}

unsafe extern "C" fn on_phase_e(t30: *mut sys::t30_state_t, user_data: *mut c_void, code: c_int) {
    // SAFETY: user_data is the pinned FaxSink, and no other reference to it exists while the
    // library runs.
    let sink = unsafe { &mut *user_data.cast::<FaxSink>() };
    // SAFETY: the engine calls this with itself.
    let now = unsafe { read_stats(t30) };
    // SAFETY: answers a static text for every code.
    let text = unsafe { sys::t30_completion_code_to_str(code) };
    let result = FaxResult {
        code: u32::try_from(code).unwrap_or(u32::MAX),
        // SAFETY: the text is static.
        text: unsafe { static_text(text) },
        stats: with_page_of(now, sink.last_page),
    };
    sink.result = Some(result);
    sink.events.push(FaxEvent::Finished(result));
}

/// # Safety
/// `t30` is a live engine.
unsafe fn read_stats(t30: *mut sys::t30_state_t) -> FaxStats {
    let mut raw = MaybeUninit::<sys::t30_stats_t>::zeroed();
    // SAFETY: the engine is live (our caller's promise) and the buffer is of the type asked for.
    unsafe { sys::t30_get_transfer_statistics(t30, raw.as_mut_ptr()) };
    // SAFETY: all fields are integers, zeroed before and written by the library.
    let raw = unsafe { raw.assume_init() };
    let count = |value: c_int| u32::try_from(value).unwrap_or(0);
    FaxStats {
        bit_rate: count(raw.bit_rate),
        ecm: raw.error_correcting_mode != 0,
        pages_tx: count(raw.pages_tx),
        pages_rx: count(raw.pages_rx),
        x_resolution: count(raw.x_resolution),
        y_resolution: count(raw.y_resolution),
        width: count(raw.width),
        length: count(raw.length),
        image_bytes: count(raw.image_size),
        bad_rows: count(raw.bad_rows),
        longest_bad_row_run: count(raw.longest_bad_row_run),
        ecm_retries: count(raw.error_correcting_mode_retries),
    }
}

/// Between pages and after the call the library reports no page, or one of no rows: keep the last
/// one's figures.
fn with_page_of(now: FaxStats, last: FaxStats) -> FaxStats {
    if now.length != 0 {
        return now;
    }
    FaxStats {
        bit_rate: now.bit_rate,
        ecm: now.ecm,
        pages_tx: now.pages_tx,
        pages_rx: now.pages_rx,
        ecm_retries: now.ecm_retries,
        ..last
    }
}

fn frame_name(code: c_int) -> &'static str {
    let code = u8::try_from(code).unwrap_or(0xFF);
    // SAFETY: answers a static text for every octet.
    let text = unsafe { sys::t30_frametype(code) };
    // SAFETY: the text is static.
    unsafe { static_text(text) }
}

/// # Safety
/// `text` is null or a NUL-terminated string that lives for ever.
unsafe fn static_text(text: *const std::ffi::c_char) -> &'static str {
    if text.is_null() {
        return "unknown";
    }
    // SAFETY: our caller's promise.
    let text: &'static CStr = unsafe { CStr::from_ptr(text) };
    text.to_str().unwrap_or("unknown")
}

fn c_text(what: &'static str, text: &str, max: usize) -> Result<CString, Error> {
    if let Some(found) = text.chars().find(|c| !matches!(c, ' '..='~')) {
        return Err(Error::BadCharacter { what, found });
    }
    if text.len() > max {
        let len = text.len();
        return Err(Error::TooLong { what, len, max });
    }
    let found = '\0';
    CString::new(text).map_err(|_| Error::BadCharacter { what, found })
}

fn c_path(what: &'static str, path: &Path) -> Result<CString, Error> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() > MAX_PATH {
        let (len, max) = (bytes.len(), MAX_PATH);
        return Err(Error::TooLong { what, len, max });
    }
    let found = '\0';
    CString::new(bytes).map_err(|_| Error::BadCharacter { what, found })
}

fn page(number: Option<u16>) -> c_int {
    number.map_or(-1, c_int::from)
}

#[cfg(test)]
mod tests;
