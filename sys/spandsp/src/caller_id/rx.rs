//! Receives caller ID, as a telephone on hook does.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use spandsp_sys as sys;

use super::{CallerIdStandard, MAX_MESSAGE_BYTES, ReceivedMessage};
use crate::error::Error;
use crate::state::{CHUNK, Fifo, Pinned, init_lock};

/// The DTMF receiver counts samples down in an `int` for ever; it is restarted long before that
/// wraps (2^30 samples are 37 hours).
const RESTART_SAMPLES: u64 = 1 << 30;

struct CallerIdSink {
    standard: CallerIdStandard,
    messages: Fifo<ReceivedMessage, 4>,
}

/// Listens for caller ID messages.
pub struct CallerIdRx {
    state: NonNull<sys::adsi_rx_state_t>,
    sink: Pinned<CallerIdSink>,
    standard: CallerIdStandard,
    heard_samples: u64,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and
// its callback only touches the pinned sink, which moves with it.
unsafe impl Send for CallerIdRx {}

impl CallerIdRx {
    /// A receiver that has heard nothing yet.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(standard: CallerIdStandard) -> Result<Self, Error> {
        let _lock = init_lock();
        let sink = Pinned::new(CallerIdSink {
            standard,
            messages: Fifo::new(),
        });
        // SAFETY: a null state asks the library to allocate one; the sink outlives it and
        // `on_message` treats user_data as exactly this type.
        let raw = unsafe {
            sys::adsi_rx_init(
                std::ptr::null_mut(),
                standard.code(),
                Some(on_message),
                sink.as_void(),
            )
        };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "caller ID receiver",
        })?;
        Ok(CallerIdRx {
            state,
            sink,
            standard,
            heard_samples: 0,
        })
    }

    /// Listens to `samples`; messages wait in [`poll`](Self::poll), at most 4 of them.
    pub fn process(&mut self, samples: &[i16]) {
        for chunk in samples.chunks(CHUNK) {
            self.heard_samples = self.heard_samples.saturating_add(chunk.len() as u64);
            if self.heard_samples > RESTART_SAMPLES {
                self.restart();
            }
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples are readable, and the callback writes only
            // to the sink, of which no Rust reference exists during the call.
            unsafe { sys::adsi_rx(self.state.as_ptr(), chunk.as_ptr(), len) };
        }
    }

    /// The oldest message not yet read.
    pub fn poll(&mut self) -> Option<ReceivedMessage> {
        self.sink.get_mut().messages.pop()
    }

    /// How many messages were dropped because 4 were waiting.
    #[must_use]
    pub fn lost_messages(&self) -> u64 {
        self.sink.get().messages.lost()
    }

    /// Forgets everything heard and every waiting message.
    pub fn reset(&mut self) {
        self.sink.get_mut().messages.clear();
        self.restart();
    }

    /// Stands for 37 hours of silence in a test.
    #[cfg(test)]
    pub(super) fn skip_ahead(&mut self) {
        self.heard_samples = RESTART_SAMPLES;
    }

    fn restart(&mut self) {
        self.heard_samples = 0;
        let user_data = self.sink.as_void();
        // SAFETY: re-initialises a live state in place, with the arguments of `new`.
        unsafe {
            sys::adsi_rx_init(
                self.state.as_ptr(),
                self.standard.code(),
                Some(on_message),
                user_data,
            )
        };
    }
}

impl Drop for CallerIdRx {
    fn drop(&mut self) {
        // SAFETY: the state came from adsi_rx_init(NULL) and is freed once.
        unsafe { sys::adsi_rx_free(self.state.as_ptr()) };
    }
}

unsafe extern "C" fn on_message(user_data: *mut c_void, message: *const u8, len: c_int) {
    // SAFETY: user_data is the pinned CallerIdSink given in `new`, and no other reference to it
    // exists while the library runs.
    let sink = unsafe { &mut *user_data.cast::<CallerIdSink>() };
    let len = usize::try_from(len).unwrap_or(0);
    if message.is_null() {
        return;
    }
    // SAFETY: the library hands over `len` readable bytes of its own buffer for this call.
    let heard = unsafe { std::slice::from_raw_parts(message, len) };
    let mut bytes = [0; MAX_MESSAGE_BYTES + 1];
    let len = len.min(bytes.len());
    for (to, from) in bytes.iter_mut().zip(heard) {
        *to = *from;
    }
    sink.messages.push(ReceivedMessage {
        standard: sink.standard,
        bytes,
        len,
    });
}
