//! DTMF sender and receiver (ITU-T Q.23, Q.24).
//!
//! Owns digit generation with its queue, and digit detection with start, end, level and length.
//! Promises no allocation after `new`. Leaves the meaning of digits to others.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use spandsp_sys as sys;

use crate::error::Error;
use crate::state::{CHUNK, Fifo, Pinned, init_lock};

/// The loudest one tone of the pair may be, so that their sum stays below full scale.
const LOUDEST_DBM0: i32 = -3;
const QUIETEST_DBM0: i32 = -60;
const LONGEST_MS: u32 = 60_000;

/// Sends DTMF digits.
pub struct DtmfTx {
    state: NonNull<sys::dtmf_tx_state_t>,
    on_ms: u32,
    off_ms: u32,
    low_dbm0: i32,
    high_dbm0: i32,
    idle: bool,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone.
unsafe impl Send for DtmfTx {}

impl DtmfTx {
    /// A sender with an empty queue, 50 ms on, 55 ms off, both tones at -10 dBm0.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new() -> Result<Self, Error> {
        let _lock = init_lock();
        // SAFETY: a null state asks the library to allocate one.
        let raw = unsafe { sys::dtmf_tx_init(std::ptr::null_mut()) };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "DTMF sender",
        })?;
        Ok(DtmfTx {
            state,
            on_ms: 50,
            off_ms: 55,
            low_dbm0: -10,
            high_dbm0: -10,
            idle: true,
        })
    }

    /// How long digits sound and how long the silence after each is, from the next digit on.
    /// Values are limited to 1 ms .. 60 s.
    pub fn set_timing(&mut self, on_ms: u32, off_ms: u32) {
        self.on_ms = on_ms.clamp(1, LONGEST_MS);
        self.off_ms = off_ms.clamp(1, LONGEST_MS);
        self.apply();
    }

    /// Level of the low tone in dBm0, and how many dB the high tone is louder, from the next
    /// digit on. Each tone is limited to -60 .. -3 dBm0 (the pair then just reaches full scale).
    pub fn set_level(&mut self, low_dbm0: i32, twist_db: i32) {
        self.low_dbm0 = low_dbm0.clamp(QUIETEST_DBM0, LOUDEST_DBM0);
        self.high_dbm0 = low_dbm0
            .saturating_add(twist_db)
            .clamp(QUIETEST_DBM0, LOUDEST_DBM0);
        self.apply();
    }

    /// Queues digits (`0-9 A-D * #`), all of them or none; the queue holds 128.
    ///
    /// # Errors
    /// [`Error::NotADigit`] or [`Error::DigitQueueFull`]; nothing is queued then.
    pub fn put(&mut self, digits: &str) -> Result<(), Error> {
        if let Some(digit) = digits.chars().find(|c| !is_digit(*c)) {
            return Err(Error::NotADigit { digit });
        }
        let wanted = digits.len();
        let len = match c_int::try_from(wanted) {
            Ok(0) => return Ok(()),
            Ok(len) if wanted <= sys::MAX_DTMF_DIGITS as usize => len,
            _ => {
                return Err(Error::DigitQueueFull {
                    wanted,
                    free: sys::MAX_DTMF_DIGITS as usize,
                });
            }
        };
        // SAFETY: the state is live and `len` bytes of `digits` are readable (no NUL is needed
        // when a length is given).
        let missing = unsafe { sys::dtmf_tx_put(self.state.as_ptr(), digits.as_ptr().cast(), len) };
        // Against the header, the answer is how many digits did NOT fit (none is queued then).
        match usize::try_from(missing) {
            Ok(0) => {
                self.idle = false;
                Ok(())
            }
            Ok(missing) => Err(Error::DigitQueueFull {
                wanted,
                free: wanted.saturating_sub(missing),
            }),
            Err(_) => Err(Error::DigitQueueFull { wanted, free: 0 }),
        }
    }

    /// Fills `out` with the next samples and returns how many carry digits (or their pauses);
    /// the rest is silence. Fewer than asked means the queue ran empty.
    pub fn process(&mut self, out: &mut [i16]) -> usize {
        let mut made = 0;
        for chunk in out.chunks_mut(CHUNK) {
            let now = if self.idle { 0 } else { self.generate(chunk) };
            chunk[now..].fill(0);
            made += now;
            self.idle |= now < chunk.len();
        }
        made
    }

    /// Whether nothing is queued or sounding. Known only once `process` has run dry, so the last
    /// digit may be reported busy for one block more.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// Drops the digit being sent and all queued ones; timing and level stay.
    pub fn clear(&mut self) {
        // SAFETY: re-initialises a live state in place; the static tables were filled in `new`.
        unsafe { sys::dtmf_tx_init(self.state.as_ptr()) };
        self.idle = true;
        self.apply();
    }

    fn apply(&mut self) {
        let (on, off) = (clamped(self.on_ms), clamped(self.off_ms));
        // SAFETY: the state is live; any pair of times is accepted.
        unsafe { sys::dtmf_tx_set_timing(self.state.as_ptr(), on, off) };
        let twist = self.high_dbm0 - self.low_dbm0;
        // SAFETY: the state is live; any level is accepted.
        unsafe { sys::dtmf_tx_set_level(self.state.as_ptr(), self.low_dbm0, twist) };
    }

    fn generate(&mut self, chunk: &mut [i16]) -> usize {
        let len = clamped_len(chunk.len());
        // SAFETY: the state is live and `len` samples of `chunk` are writable.
        let made = unsafe { sys::dtmf_tx(self.state.as_ptr(), chunk.as_mut_ptr(), len) };
        usize::try_from(made).unwrap_or(0).min(chunk.len())
    }
}

impl Drop for DtmfTx {
    fn drop(&mut self) {
        // SAFETY: the state came from dtmf_tx_init(NULL) and is freed once.
        unsafe { sys::dtmf_tx_free(self.state.as_ptr()) };
    }
}

/// What a [`DtmfRx`] accepts. The default is measured to dial over dial tone without talk-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtmfRxSettings {
    /// Notches at 350 and 440 Hz in front of the detector: dialing works while dial tone of up to
    /// 5 dB more than the digits' level is on the line, instead of 15 dB less.
    pub filter_dialtone: bool,
    /// How many dB the low tone may be louder than the high one.
    pub twist_db: u8,
    /// How many dB the high tone may be louder than the low one.
    pub reverse_twist_db: u8,
    /// The quietest accepted tone, in dBm0 per tone.
    pub threshold_dbm0: i8,
}

impl Default for DtmfRxSettings {
    fn default() -> Self {
        DtmfRxSettings {
            filter_dialtone: true,
            twist_db: 8,
            reverse_twist_db: 8,
            threshold_dbm0: -42,
        }
    }
}

/// A digit that began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtmfEvent {
    /// A digit was recognised: two agreeing blocks of 12.75 ms, so 25-38 ms after its onset.
    On {
        /// `0-9`, `A-D`, `*` or `#`.
        digit: char,
        /// Power of the whole signal in the deciding block, both tones together, in dBm0.
        level_dbm0: i16,
    },
    /// The digit is over (two blocks without it, or another digit began).
    Off {
        /// The digit that was on.
        digit: char,
        /// Samples from the report of its start to this report; close to its true length, for both
        /// reports come late by the same two blocks.
        duration_samples: u32,
    },
}

/// What the receiver is hearing just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtmfStatus {
    /// Nothing like a digit.
    Nothing,
    /// One block looked like a digit: perhaps its beginning.
    Maybe,
    /// This digit is on.
    Digit(char),
}

struct DtmfSink {
    current: Option<char>,
    events: Fifo<DtmfEvent, 32>,
}

/// Recognises DTMF digits.
pub struct DtmfRx {
    state: NonNull<sys::dtmf_rx_state_t>,
    sink: Pinned<DtmfSink>,
    settings: DtmfRxSettings,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and
// its callback only touches the pinned sink, which moves with it.
unsafe impl Send for DtmfRx {}

impl DtmfRx {
    /// A receiver that has heard nothing yet.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(settings: DtmfRxSettings) -> Result<Self, Error> {
        let _lock = init_lock();
        // SAFETY: a null state asks the library to allocate one; no digit callback is given.
        let raw = unsafe { sys::dtmf_rx_init(std::ptr::null_mut(), None, std::ptr::null_mut()) };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "DTMF receiver",
        })?;
        let mut rx = DtmfRx {
            state,
            sink: Pinned::new(DtmfSink {
                current: None,
                events: Fifo::new(),
            }),
            settings,
        };
        rx.apply();
        Ok(rx)
    }

    /// Listens to `samples`; what was found waits in [`poll`](Self::poll). At most 32 events wait.
    pub fn process(&mut self, samples: &[i16]) {
        for chunk in samples.chunks(CHUNK) {
            let len = clamped_len(chunk.len());
            // SAFETY: the state is live, `len` samples are readable, and the callback writes only
            // to the sink, of which no Rust reference exists during the call.
            unsafe { sys::dtmf_rx(self.state.as_ptr(), chunk.as_ptr(), len) };
        }
    }

    /// The oldest event not yet read.
    pub fn poll(&mut self) -> Option<DtmfEvent> {
        self.sink.get_mut().events.pop()
    }

    /// Notifies the receiver that audio is missing here, so that the gap is not heard as a
    /// digit's end: the block being gathered starts again.
    pub fn skip_missing(&mut self) {
        // SAFETY: the state is live; the count is not used by this version of the library.
        unsafe { sys::dtmf_rx_fillin(self.state.as_ptr(), 0) };
    }

    /// What is being heard now.
    #[must_use]
    pub fn status(&self) -> DtmfStatus {
        // SAFETY: the state is live and only read.
        let status = unsafe { sys::dtmf_rx_status(self.state.as_ptr()) };
        match u8::try_from(status) {
            Ok(b'x') => DtmfStatus::Maybe,
            Ok(code) if is_digit(char::from(code)) => DtmfStatus::Digit(char::from(code)),
            _ => DtmfStatus::Nothing,
        }
    }

    /// How many events were dropped because 32 were waiting.
    #[must_use]
    pub fn lost_events(&self) -> u64 {
        self.sink.get().events.lost()
    }

    /// Forgets everything heard and every waiting event; settings and the loss count stay.
    pub fn reset(&mut self) {
        // SAFETY: re-initialises a live state in place; the static tables were filled in `new`.
        unsafe { sys::dtmf_rx_init(self.state.as_ptr(), None, std::ptr::null_mut()) };
        let sink = self.sink.get_mut();
        sink.current = None;
        sink.events.clear();
        self.apply();
    }

    fn apply(&mut self) {
        // SAFETY: the state is live and every value is in the range the library accepts (a
        // threshold of -99 or less would mean "unchanged", and i8 clamped to -60 is above it).
        unsafe {
            sys::dtmf_rx_parms(
                self.state.as_ptr(),
                c_int::from(self.settings.filter_dialtone),
                c_int::from(self.settings.twist_db),
                c_int::from(self.settings.reverse_twist_db),
                c_int::from(self.settings.threshold_dbm0.clamp(-60, 3)),
            );
        }
        let user_data = self.sink.as_void();
        // SAFETY: the state is live; the sink outlives it (it is dropped after the state is freed)
        // and `on_change` treats user_data as exactly this type.
        unsafe {
            sys::dtmf_rx_set_realtime_callback(self.state.as_ptr(), Some(on_change), user_data);
        }
    }
}

impl Drop for DtmfRx {
    fn drop(&mut self) {
        // SAFETY: the state came from dtmf_rx_init(NULL) and is freed once.
        unsafe { sys::dtmf_rx_free(self.state.as_ptr()) };
    }
}

unsafe extern "C" fn on_change(user_data: *mut c_void, code: c_int, level: c_int, delay: c_int) {
    // SAFETY: user_data is the pinned DtmfSink given in `apply`, and no other reference to it
    // exists while the library runs.
    let sink = unsafe { &mut *user_data.cast::<DtmfSink>() };
    // A digit that follows another without a gap is reported by its start alone.
    if let Some(digit) = sink.current.take() {
        sink.events.push(DtmfEvent::Off {
            digit,
            duration_samples: u32::try_from(delay).unwrap_or(0),
        });
    }
    if let Some(digit) = u8::try_from(code)
        .ok()
        .map(char::from)
        .filter(|c| is_digit(*c))
    {
        sink.current = Some(digit);
        sink.events.push(DtmfEvent::On {
            digit,
            level_dbm0: i16::try_from(level).unwrap_or(-99),
        });
    }
}

fn is_digit(c: char) -> bool {
    matches!(c, '0'..='9' | 'A'..='D' | '*' | '#')
}

fn clamped(ms: u32) -> c_int {
    c_int::try_from(ms.min(LONGEST_MS)).unwrap_or(c_int::MAX)
}

fn clamped_len(len: usize) -> c_int {
    c_int::try_from(len.min(CHUNK)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
