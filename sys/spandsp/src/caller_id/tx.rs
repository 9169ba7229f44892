//! Sends caller ID: the alert tone for an off-hook telephone, and messages.

use std::ffi::c_int;
use std::ptr::NonNull;

use spandsp_sys as sys;

use super::{CallerIdMessage, CallerIdStandard};
use crate::error::Error;
use crate::state::{CHUNK, init_lock};

/// Alert tone and the silence after it, as `adsi_tx_send_alert_tone` makes them: 110 + 60 ms.
const ALERT_SAMPLES: usize = (110 + 60) * 8;

/// GR-30 and ETS 300 659-1: 300 bits of channel seizure and 180 of mark before a message to a
/// telephone on hook, 80 of mark alone when it is off hook.
const SEIZURE_BITS: c_int = 300;
const MARK_BITS_ON_HOOK: c_int = 180;
const MARK_BITS_OFF_HOOK: c_int = 80;

/// Sends caller ID on one line.
///
/// FSK leaves at -14 dBm0, the alert tone (2130 + 2750 Hz) at -13 dBm0 per tone, DTMF digits at
/// -10 dBm0 per tone.
pub struct CallerIdTx {
    state: NonNull<sys::adsi_tx_state_t>,
    standard: CallerIdStandard,
    off_hook: bool,
    alert_left: usize,
    sending: bool,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone.
unsafe impl Send for CallerIdTx {}

impl CallerIdTx {
    /// An idle transmitter for telephones on hook.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(standard: CallerIdStandard) -> Result<Self, Error> {
        let _lock = init_lock();
        // SAFETY: a null state asks the library to allocate one.
        let raw = unsafe { sys::adsi_tx_init(std::ptr::null_mut(), standard.code()) };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "caller ID transmitter",
        })?;
        Ok(CallerIdTx {
            state,
            standard,
            off_hook: false,
            alert_left: 0,
            sending: false,
        })
    }

    /// The standard it speaks.
    #[must_use]
    pub fn standard(&self) -> CallerIdStandard {
        self.standard
    }

    /// Whether the next message goes to a telephone off hook (call waiting): no channel seizure
    /// and a shorter mark.
    pub fn set_off_hook(&mut self, off_hook: bool) {
        self.off_hook = off_hook;
    }

    /// Sends the dual tone that alerts a telephone off hook (DT-AS, CAS): 110 ms, then
    /// 60 ms of silence. A message put meanwhile follows it.
    ///
    /// # Errors
    /// [`Error::Busy`] while anything is being sent.
    pub fn send_alert_tone(&mut self) -> Result<(), Error> {
        if !self.is_idle() {
            return Err(Error::Busy);
        }
        // SAFETY: the state is live.
        unsafe { sys::adsi_tx_send_alert_tone(self.state.as_ptr()) };
        self.alert_left = ALERT_SAMPLES;
        Ok(())
    }

    /// Sends a message, after the alert tone if that is still sounding.
    ///
    /// # Errors
    /// [`Error::Busy`] while another message is being sent, [`Error::WrongStandard`].
    pub fn put_message(&mut self, message: &CallerIdMessage) -> Result<(), Error> {
        if message.standard() != self.standard {
            return Err(Error::WrongStandard {
                message: message.standard().name(),
                transmitter: self.standard.name(),
            });
        }
        if self.sending {
            return Err(Error::Busy);
        }
        let (seizure, mark) = if self.off_hook {
            (0, MARK_BITS_OFF_HOOK)
        } else {
            (SEIZURE_BITS, MARK_BITS_ON_HOOK)
        };
        // SAFETY: the state is live; negative values ask for the standard's own.
        unsafe { sys::adsi_tx_set_preamble(self.state.as_ptr(), seizure, mark, -1, -1) };
        let bytes = message.bytes();
        let len = c_int::try_from(bytes.len()).unwrap_or(0);
        // SAFETY: the state is live and `len` (2 ..= 255, what the library's own buffer holds) bytes
        // are readable.
        let taken = unsafe { sys::adsi_tx_put_message(self.state.as_ptr(), bytes.as_ptr(), len) };
        if taken == len {
            self.sending = true;
            Ok(())
        } else {
            Err(Error::Busy)
        }
    }

    /// Fills `out` with the next samples and returns how many carry signal (the silence after the
    /// alert tone included); the rest is silence.
    pub fn process(&mut self, out: &mut [i16]) -> usize {
        let mut at = 0;
        while self.alert_left > 0 && at < out.len() {
            // Never more than the alert tone: without a message behind it the library would run on
            // into a preamble and a stray byte.
            let want = self.alert_left.min(CHUNK);
            let made = self.generate(out, at, want);
            self.alert_left -= made;
            if made == 0 {
                self.alert_left = 0;
            }
            at += made;
        }
        while self.sending && at < out.len() {
            let want = CHUNK.min(out.len() - at);
            let made = self.generate(out, at, want);
            at += made;
            if made < want {
                self.sending = false;
            }
        }
        if let Some(rest) = out.get_mut(at..) {
            rest.fill(0);
        }
        at
    }

    /// Whether nothing is being sent. Known only once `process` has run dry, so the last block of
    /// a message may be reported busy for one block more.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.sending && self.alert_left == 0
    }

    /// Stops at once and forgets what was being sent.
    pub fn abort(&mut self) {
        // SAFETY: re-initialises a live state in place; the static tables were filled in `new`.
        unsafe { sys::adsi_tx_init(self.state.as_ptr(), self.standard.code()) };
        self.alert_left = 0;
        self.sending = false;
    }

    fn generate(&mut self, out: &mut [i16], at: usize, want: usize) -> usize {
        let Some(room) = out.get_mut(at..) else {
            return 0;
        };
        let want = want.min(room.len());
        let len = c_int::try_from(want).unwrap_or(0);
        // SAFETY: the state is live and `len` samples of `room` are writable.
        let made = unsafe { sys::adsi_tx(self.state.as_ptr(), room.as_mut_ptr(), len) };
        usize::try_from(made).unwrap_or(0).min(want)
    }
}

impl Drop for CallerIdTx {
    fn drop(&mut self) {
        // SAFETY: the state came from adsi_tx_init(NULL) and is freed once.
        unsafe { sys::adsi_tx_free(self.state.as_ptr()) };
    }
}
