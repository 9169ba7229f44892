//! The V.8 handshake, by which two modems (two Super G3 faxes among them) agree on a modulation.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use spandsp_sys as sys;

use crate::Error;
use crate::state::{CHUNK, Pinned, init_lock};

/// How a handshake ended, or how far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum V8Outcome {
    /// Nothing is agreed yet. The library does not report that some handshakes failed; they stay here.
    Pending,
    /// The far end's menu was seen; the handshake goes on.
    Offered,
    /// Both have agreed.
    Agreed {
        /// V.34, in either of its kinds, is among what both can.
        v34: bool,
    },
    /// The far end has no V.8.
    NoV8,
    /// It failed.
    Failed,
}

/// One end of a handshake between two Super G3 faxes.
pub struct V8Modem {
    state: NonNull<sys::v8_state_t>,
    outcome: Pinned<V8Outcome>,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and
// its callback only touches the pinned outcome, which moves with it.
unsafe impl Send for V8Modem {}

impl V8Modem {
    /// A fax that calls, or one that answers (ANSam with phase reversals), with V.17 to V.34.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(calls: bool) -> Result<Self, Error> {
        let _lock = init_lock();
        let outcome = Pinned::new(V8Outcome::Pending);
        let tone = if calls {
            sys::MODEM_CONNECT_TONES_NONE
        } else {
            sys::MODEM_CONNECT_TONES_ANSAM_PR
        };
        let function = if calls {
            sys::V8_CALL_T30_TX
        } else {
            sys::V8_CALL_T30_RX
        };
        let modulations = sys::V8_MOD_V17
            | sys::V8_MOD_V21
            | sys::V8_MOD_V27TER
            | sys::V8_MOD_V29
            | sys::V8_MOD_V34HDX
            | sys::V8_MOD_V34;
        let mut parms = sys::v8_parms_t {
            status: 0,
            modem_connect_tone: tone as c_int,
            send_ci: c_int::from(calls),
            v92: -1,
            call_function: function as c_int,
            modulations,
            protocol: sys::V8_PROTOCOL_NONE as c_int,
            pstn_access: 0,
            pcm_modem_availability: 0,
            nsf: -1,
            t66: -1,
        };
        // SAFETY: a null state asks the library to allocate one; it copies the parameters, and the
        // outcome outlives it.
        let raw = unsafe {
            sys::v8_init(
                std::ptr::null_mut(),
                c_int::from(calls),
                &mut parms,
                Some(on_result),
                outcome.as_void(),
            )
        };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory { what: "V.8 modem" })?;
        Ok(V8Modem { state, outcome })
    }

    /// How far the handshake came.
    #[must_use]
    pub fn outcome(&self) -> V8Outcome {
        *self.outcome.get()
    }

    /// Listens to the far end.
    pub fn rx(&mut self, samples: &[i16]) {
        for chunk in samples.chunks(CHUNK) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples are readable, and the callback writes only
            // to the outcome, of which no Rust reference exists during the call.
            unsafe { sys::v8_rx(self.state.as_ptr(), chunk.as_ptr(), len) };
        }
    }

    /// Fills `out` with what this end sends next; silence when it has nothing to send.
    pub fn tx(&mut self, out: &mut [i16]) {
        out.fill(0);
        for chunk in out.chunks_mut(CHUNK) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live and `len` samples of `chunk` are writable.
            unsafe { sys::v8_tx(self.state.as_ptr(), chunk.as_mut_ptr(), len) };
        }
    }
}

impl Drop for V8Modem {
    fn drop(&mut self) {
        // SAFETY: the state came from v8_init(NULL) and is freed once.
        unsafe { sys::v8_free(self.state.as_ptr()) };
    }
}

unsafe extern "C" fn on_result(user_data: *mut c_void, result: *mut sys::v8_parms_t) {
    // SAFETY: the library passes its own result, which lives for the call.
    let Some(result) = (unsafe { result.as_ref() }) else {
        return;
    };
    // SAFETY: user_data is the pinned outcome given in `new`, and no other reference to it exists
    // while the library runs.
    let outcome = unsafe { &mut *user_data.cast::<V8Outcome>() };
    let v34 = result.modulations & (sys::V8_MOD_V34 | sys::V8_MOD_V34HDX) != 0;
    *outcome = match u32::try_from(result.status) {
        Ok(sys::V8_STATUS_V8_OFFERED) => V8Outcome::Offered,
        Ok(sys::V8_STATUS_V8_CALL) => V8Outcome::Agreed { v34 },
        Ok(sys::V8_STATUS_NON_V8_CALL) => V8Outcome::NoV8,
        Ok(sys::V8_STATUS_FAILED) => V8Outcome::Failed,
        _ => V8Outcome::Pending,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_agree_on_v34_over_a_wire_and_on_nothing_over_none() {
        for wire in [true, false] {
            let mut caller = V8Modem::new(true).unwrap();
            let mut answerer = V8Modem::new(false).unwrap();
            let (mut up, mut down) = ([0i16; 80], [0i16; 80]);
            for _ in 0..800 {
                caller.tx(&mut up);
                answerer.tx(&mut down);
                if !wire {
                    (up, down) = ([0; 80], [0; 80]);
                }
                caller.rx(&down);
                answerer.rx(&up);
            }
            let agreed = V8Outcome::Agreed { v34: true };
            let ends = [caller.outcome(), answerer.outcome()];
            assert_eq!(ends == [agreed; 2], wire, "{ends:?}");
        }
    }
}
