//! The tones of modems and faxes: CNG, CED/ANS and its relatives, V.21 preamble.
//!
//! Owns their generation and detection. Promises no allocation after `new`. Leaves what to do
//! about a tone (echo canceller off, switch to fax) to others.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use spandsp_sys as sys;

use crate::error::Error;
use crate::state::{CHUNK, Fifo, Pinned, init_lock};

/// A tone heard or sent when modems or faxes connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectTone {
    /// Calling fax: 1100 Hz, 0.5 s on, 3 s off.
    Cng,
    /// Answer tone, which is also a fax's CED: 2100 Hz.
    Ans,
    /// Answer tone with a phase reversal each 450 ms: disables echo cancellers (G.168).
    AnsPr,
    /// Answer tone of V.8: 2100 Hz with 15 Hz amplitude modulation.
    Ansam,
    /// V.8 answer tone with phase reversals.
    AnsamPr,
    /// Back-to-back HDLC flags at 300 bit/s (V.21 channel 2): a fax is about to signal.
    V21Preamble,
    /// Answer tone of Bell modems: 2225 Hz.
    BellAns,
    /// Calling modem: 1300 Hz, 0.6 s on, 2 s off.
    CallingTone,
}

impl ConnectTone {
    /// The field's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ConnectTone::Cng => "CNG",
            ConnectTone::Ans => "ANS/CED",
            ConnectTone::AnsPr => "ANS with phase reversals",
            ConnectTone::Ansam => "ANSam",
            ConnectTone::AnsamPr => "ANSam with phase reversals",
            ConnectTone::V21Preamble => "V.21 preamble",
            ConnectTone::BellAns => "Bell ANS",
            ConnectTone::CallingTone => "calling tone",
        }
    }

    fn code(self) -> u32 {
        match self {
            ConnectTone::Cng => sys::MODEM_CONNECT_TONES_FAX_CNG,
            ConnectTone::Ans => sys::MODEM_CONNECT_TONES_ANS,
            ConnectTone::AnsPr => sys::MODEM_CONNECT_TONES_ANS_PR,
            ConnectTone::Ansam => sys::MODEM_CONNECT_TONES_ANSAM,
            ConnectTone::AnsamPr => sys::MODEM_CONNECT_TONES_ANSAM_PR,
            ConnectTone::V21Preamble => sys::MODEM_CONNECT_TONES_FAX_PREAMBLE,
            ConnectTone::BellAns => sys::MODEM_CONNECT_TONES_BELL_ANS,
            ConnectTone::CallingTone => sys::MODEM_CONNECT_TONES_CALLING_TONE,
        }
    }

    fn from_code(code: c_int) -> Option<Self> {
        Some(match u32::try_from(code).ok()? {
            sys::MODEM_CONNECT_TONES_FAX_CNG => ConnectTone::Cng,
            sys::MODEM_CONNECT_TONES_ANS => ConnectTone::Ans,
            sys::MODEM_CONNECT_TONES_ANS_PR => ConnectTone::AnsPr,
            sys::MODEM_CONNECT_TONES_ANSAM => ConnectTone::Ansam,
            sys::MODEM_CONNECT_TONES_ANSAM_PR => ConnectTone::AnsamPr,
            sys::MODEM_CONNECT_TONES_FAX_PREAMBLE => ConnectTone::V21Preamble,
            sys::MODEM_CONNECT_TONES_BELL_ANS => ConnectTone::BellAns,
            sys::MODEM_CONNECT_TONES_CALLING_TONE => ConnectTone::CallingTone,
            _ => return None,
        })
    }
}

/// What a [`ToneDetector`] listens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToneListener {
    /// CNG only; reported 0.41 s after its onset.
    Cng,
    /// Any 2100 Hz answer tone, and which: ANS/CED and ANSam 0.55 s after onset, the two with
    /// phase reversals 1.35 s after it.
    AnswerTone,
    /// V.21 preamble only. About four times the cost of the others.
    V21Preamble,
    /// Answer tones and V.21 preamble in one.
    AnswerToneOrPreamble,
    /// Bell answer tone (2225 Hz).
    BellAns,
    /// Modem calling tone (1300 Hz).
    CallingTone,
}

impl ToneListener {
    fn code(self) -> u32 {
        match self {
            ToneListener::Cng => sys::MODEM_CONNECT_TONES_FAX_CNG,
            ToneListener::AnswerTone => sys::MODEM_CONNECT_TONES_ANS,
            ToneListener::V21Preamble => sys::MODEM_CONNECT_TONES_FAX_PREAMBLE,
            ToneListener::AnswerToneOrPreamble => sys::MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE,
            ToneListener::BellAns => sys::MODEM_CONNECT_TONES_BELL_ANS,
            ToneListener::CallingTone => sys::MODEM_CONNECT_TONES_CALLING_TONE,
        }
    }
}

/// A tone that began, changed or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToneEvent {
    /// This tone is on; it takes the place of one reported before without an `Off` between.
    On {
        /// Which.
        tone: ConnectTone,
        /// Its level in dBm0.
        level_dbm0: i16,
    },
    /// The tone reported last is over. V.21 preamble ends with the carrier, not with the flags.
    Off {
        /// Which.
        tone: ConnectTone,
    },
}

struct ToneSink {
    current: Option<ConnectTone>,
    events: Fifo<ToneEvent, 16>,
}

/// Listens for one family of connect tones.
pub struct ToneDetector {
    state: NonNull<sys::modem_connect_tones_rx_state_t>,
    sink: Pinned<ToneSink>,
    listener: ToneListener,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and
// its callback only touches the pinned sink, which moves with it.
unsafe impl Send for ToneDetector {}

impl ToneDetector {
    /// A detector that has heard nothing yet.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(listener: ToneListener) -> Result<Self, Error> {
        let _lock = init_lock();
        let sink = Pinned::new(ToneSink {
            current: None,
            events: Fifo::new(),
        });
        // SAFETY: a null state asks the library to allocate one; the sink outlives it and
        // `on_tone` treats user_data as exactly this type.
        let raw = unsafe {
            sys::modem_connect_tones_rx_init(
                std::ptr::null_mut(),
                code(listener.code()),
                Some(on_tone),
                sink.as_void(),
            )
        };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "tone detector",
        })?;
        Ok(ToneDetector {
            state,
            sink,
            listener,
        })
    }

    /// Listens to `samples` and answers the oldest event not yet taken, as [`poll`](Self::poll)
    /// does for the rest. Blocks of up to 100 ms bring more than one event only in contrived cases.
    pub fn process(&mut self, samples: &[i16]) -> Option<ToneEvent> {
        for chunk in samples.chunks(CHUNK) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples are readable, and the callback writes only
            // to the sink, of which no Rust reference exists during the call.
            unsafe { sys::modem_connect_tones_rx(self.state.as_ptr(), chunk.as_ptr(), len) };
        }
        self.poll()
    }

    /// The oldest event not yet taken.
    pub fn poll(&mut self) -> Option<ToneEvent> {
        self.sink.get_mut().events.pop()
    }

    /// The tone that is on now.
    #[must_use]
    pub fn current(&self) -> Option<ConnectTone> {
        self.sink.get().current
    }

    /// How many events were dropped because 16 were waiting.
    #[must_use]
    pub fn lost_events(&self) -> u64 {
        self.sink.get().events.lost()
    }

    /// Forgets everything heard and every waiting event.
    pub fn reset(&mut self) {
        let sink = self.sink.get_mut();
        sink.current = None;
        sink.events.clear();
        let user_data = self.sink.as_void();
        // SAFETY: re-initialises a live state in place, with the arguments of `new`.
        unsafe {
            sys::modem_connect_tones_rx_init(
                self.state.as_ptr(),
                code(self.listener.code()),
                Some(on_tone),
                user_data,
            )
        };
    }
}

impl Drop for ToneDetector {
    fn drop(&mut self) {
        // SAFETY: the state came from modem_connect_tones_rx_init(NULL) and is freed once.
        unsafe { sys::modem_connect_tones_rx_free(self.state.as_ptr()) };
    }
}

unsafe extern "C" fn on_tone(user_data: *mut c_void, tone: c_int, level: c_int, _delay: c_int) {
    // SAFETY: user_data is the pinned ToneSink given in `new`, and no other reference to it exists
    // while the library runs.
    let sink = unsafe { &mut *user_data.cast::<ToneSink>() };
    match ConnectTone::from_code(tone) {
        Some(tone) => {
            sink.current = Some(tone);
            sink.events.push(ToneEvent::On {
                tone,
                level_dbm0: i16::try_from(level).unwrap_or(-99),
            });
        }
        None => {
            if let Some(tone) = sink.current.take() {
                sink.events.push(ToneEvent::Off { tone });
            }
        }
    }
}

/// Sends a connect tone, at -11 dBm0 (-12 dBm0 for the two with phase reversals).
///
/// CNG and the calling tone repeat for ever, tone first. The answer tones begin with 0.2 s of
/// silence, last 2.6 s (ANS, Bell), 3.3 s (with phase reversals) or 5 s (ANSam) and end.
pub struct ModemConnectToneTx {
    state: NonNull<sys::modem_connect_tones_tx_state_t>,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone.
unsafe impl Send for ModemConnectToneTx {}

impl ModemConnectToneTx {
    /// A generator at the beginning of `tone`.
    ///
    /// # Errors
    /// [`Error::ToneNotGenerated`] for [`ConnectTone::V21Preamble`]; [`Error::OutOfMemory`].
    pub fn new(tone: ConnectTone) -> Result<Self, Error> {
        if tone == ConnectTone::V21Preamble {
            return Err(Error::ToneNotGenerated { tone: tone.name() });
        }
        let _lock = init_lock();
        // SAFETY: a null state asks the library to allocate one.
        let raw =
            unsafe { sys::modem_connect_tones_tx_init(std::ptr::null_mut(), code(tone.code())) };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "connect tone generator",
        })?;
        Ok(ModemConnectToneTx { state })
    }

    /// Fills `out` with the next samples and returns how many belong to the tone (pauses of its
    /// cadence included); the rest is silence. Fewer than asked means the tone is over.
    pub fn process(&mut self, out: &mut [i16]) -> usize {
        // The library leaves one sample per CNG cycle unwritten: it must find silence there.
        out.fill(0);
        let mut made = 0;
        for chunk in out.chunks_mut(CHUNK) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live and `len` samples of `chunk` are writable.
            let now = unsafe {
                sys::modem_connect_tones_tx(self.state.as_ptr(), chunk.as_mut_ptr(), len)
            };
            let now = usize::try_from(now).unwrap_or(0).min(chunk.len());
            made += now;
            if now < chunk.len() {
                break;
            }
        }
        made
    }
}

impl Drop for ModemConnectToneTx {
    fn drop(&mut self) {
        // SAFETY: the state came from modem_connect_tones_tx_init(NULL) and is freed once.
        unsafe { sys::modem_connect_tones_tx_free(self.state.as_ptr()) };
    }
}

fn code(tone: u32) -> c_int {
    c_int::try_from(tone).unwrap_or(0)
}

#[cfg(test)]
mod tests;
