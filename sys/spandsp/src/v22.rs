//! A data modem of 1200 or 2400 bit/s (V.22, V.22bis), which sends and receives at once: franking machines and card terminals
//! have one.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use spandsp_sys as sys;

use crate::Error;
use crate::state::{CHUNK, Pinned, init_lock};

/// What the callbacks of a modem share.
#[derive(Debug, Default)]
struct Line {
    /// Bits to send, the next one last; without any, marks.
    send: Vec<bool>,
    received: Vec<bool>,
    trained: bool,
}

/// One end of a call.
pub struct V22Modem {
    state: NonNull<sys::v22bis_state_t>,
    line: Pinned<Line>,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and
// its callbacks only touch the pinned line, which moves with it.
unsafe impl Send for V22Modem {}

impl V22Modem {
    /// The end that calls, or the one that answers, of 1200 or 2400 bit/s, at this level in dBm0. It begins at once: the answer tone
    /// of V.25 is not its part.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], also for another rate.
    pub fn new(calls: bool, bit_rate: u16, level: f32) -> Result<Self, Error> {
        let _lock = init_lock();
        let line = Pinned::new(Line::default());
        // SAFETY: a null state asks the library to allocate one, and the line outlives it.
        let raw = unsafe {
            sys::v22bis_init(
                std::ptr::null_mut(),
                c_int::from(bit_rate),
                0,
                c_int::from(calls),
                Some(next_bit),
                line.as_void(),
                Some(take_bit),
                line.as_void(),
            )
        };
        let what = "V.22 modem";
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory { what })?;
        // SAFETY: the state is live.
        unsafe { sys::v22bis_tx_power(state.as_ptr(), level) };
        Ok(V22Modem { state, line })
    }

    /// Both ends have trained, and bits pass.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.line.get().trained
    }

    /// The rate in use, bit/s.
    #[must_use]
    pub fn bit_rate(&self) -> u32 {
        // SAFETY: the state is live.
        let rate = unsafe { sys::v22bis_get_current_bit_rate(self.state.as_ptr()) };
        u32::try_from(rate).unwrap_or(0)
    }

    /// These bits go out next, after those that still wait.
    pub fn send(&mut self, bits: &[bool]) {
        let send = &mut self.line.get_mut().send;
        send.splice(0..0, bits.iter().rev().copied());
    }

    /// The bits that came since the last call.
    pub fn take(&mut self) -> Vec<bool> {
        std::mem::take(&mut self.line.get_mut().received)
    }

    /// Listens to the far end.
    pub fn rx(&mut self, samples: &[i16]) {
        for chunk in samples.chunks(CHUNK) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples are readable, and the callbacks touch only the
            // line, of which no Rust reference exists during the call.
            unsafe { sys::v22bis_rx(self.state.as_ptr(), chunk.as_ptr(), len) };
        }
    }

    /// Fills `out` with what this end sends next.
    pub fn tx(&mut self, out: &mut [i16]) {
        out.fill(0);
        for chunk in out.chunks_mut(CHUNK) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples of `chunk` are writable, and as above.
            unsafe { sys::v22bis_tx(self.state.as_ptr(), chunk.as_mut_ptr(), len) };
        }
    }
}

impl Drop for V22Modem {
    fn drop(&mut self) {
        // SAFETY: the state came from v22bis_init(NULL) and is freed once.
        unsafe { sys::v22bis_free(self.state.as_ptr()) };
    }
}

unsafe extern "C" fn next_bit(user_data: *mut c_void) -> c_int {
    // SAFETY: user_data is the pinned line given in `new`, and no other reference to it exists while
    // the library runs.
    let line = unsafe { &mut *user_data.cast::<Line>() };
    c_int::from(line.send.pop().unwrap_or(true))
}

unsafe extern "C" fn take_bit(user_data: *mut c_void, bit: c_int) {
    // SAFETY: as above.
    let line = unsafe { &mut *user_data.cast::<Line>() };
    match bit {
        0 | 1 => line.received.push(bit == 1),
        sys::SIG_STATUS_TRAINING_SUCCEEDED => line.trained = true,
        sys::SIG_STATUS_CARRIER_DOWN | sys::SIG_STATUS_TRAINING_FAILED => line.trained = false,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_train_over_a_wire_and_bits_pass_both_ways() {
        for rate in [1200, 2400] {
            let mut caller = V22Modem::new(true, rate, -13.0).unwrap();
            let mut answerer = V22Modem::new(false, rate, -13.0).unwrap();
            let (mut up, mut down) = ([0i16; 80], [0i16; 80]);
            let mut both = |blocks: u32, caller: &mut V22Modem, answerer: &mut V22Modem| {
                for _ in 0..blocks {
                    caller.tx(&mut up);
                    answerer.tx(&mut down);
                    caller.rx(&down);
                    answerer.rx(&up);
                }
            };
            both(400, &mut caller, &mut answerer);
            assert!(caller.is_trained() && answerer.is_trained());
            assert_eq!(caller.bit_rate(), u32::from(rate));
            caller.take();
            let bits: Vec<bool> = (0..200).map(|i| i % 3 == 0 || i % 7 == 0).collect();
            for _ in 0..2 {
                answerer.send(&bits);
                both(100, &mut caller, &mut answerer);
            }
            let got = caller.take();
            let found = got.windows(bits.len()).filter(|got| *got == bits).count();
            assert_eq!(found, 2, "{rate}");
            caller.rx(&[0; 8000]);
            assert!(!caller.is_trained());
        }
    }
}
