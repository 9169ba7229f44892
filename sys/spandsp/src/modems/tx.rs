//! Transmitters: they ask for a bit when they need one, until there is none.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use spandsp_sys as sys;

use super::{FastModem, v21};
use crate::error::Error;
use crate::state::{CHUNK, Pinned, init_lock};

/// Where the bits come from: the next one, or none when the transmission ends.
type Source<'a> = dyn FnMut() -> Option<bool> + 'a;

/// The source of the call that runs; none between calls.
struct Pull(Option<*mut Source<'static>>);

// SAFETY: the pointer is set and cleared within one call of `process`.
unsafe impl Send for Pull {}

unsafe extern "C" fn next_bit(user_data: *mut c_void) -> c_int {
    // SAFETY: user_data is the pinned Pull given at the transmitter's making, and no other reference to it exists while
    // the library runs.
    let pull = unsafe { &*user_data.cast::<Pull>() };
    let Some(source) = pull.0 else {
        return sys::SIG_STATUS_END_OF_DATA;
    };
    // SAFETY: `pulling` keeps the source borrowed while the library runs.
    let source = unsafe { &mut *source };
    source().map_or(sys::SIG_STATUS_END_OF_DATA, c_int::from)
}

/// Runs `work` with the bits of `source` within reach of [`next_bit`].
fn pulling<T>(pull: &mut Pinned<Pull>, source: &mut Source<'_>, work: impl FnOnce() -> T) -> T {
    let source: *mut Source<'_> = source;
    // SAFETY: only the lifetime changes; the pointer is cleared before the borrow of `source` ends.
    let source = unsafe { std::mem::transmute::<*mut Source<'_>, *mut Source<'static>>(source) };
    pull.get_mut().0 = Some(source);
    let result = work();
    pull.get_mut().0 = None;
    result
}

/// Sends V.21 channel 2.
pub struct V21Tx {
    state: NonNull<sys::fsk_tx_state_t>,
    pull: Pinned<Pull>,
    dbm0: f32,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and its callback only
// touches the pinned pull, which moves with it.
unsafe impl Send for V21Tx {}

impl V21Tx {
    /// A transmitter at this level.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(dbm0: f32) -> Result<Self, Error> {
        let _lock = init_lock();
        let pull = Pinned::new(Pull(None));
        // SAFETY: a null state asks the library to allocate one; the specification is the library's own; the pull
        // outlives the state and `next_bit` treats user_data as exactly this type.
        let raw = unsafe {
            sys::fsk_tx_init(std::ptr::null_mut(), v21(), Some(next_bit), pull.as_void())
        };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "V.21 transmitter",
        })?;
        let mut transmitter = V21Tx { state, pull, dbm0 };
        transmitter.restart();
        Ok(transmitter)
    }

    /// Begins a transmission.
    pub fn restart(&mut self) {
        // SAFETY: the state is live and the specification is the library's own.
        unsafe { sys::fsk_tx_restart(self.state.as_ptr(), v21()) };
        // SAFETY: the state is live; any level is accepted.
        unsafe { sys::fsk_tx_power(self.state.as_ptr(), self.dbm0) };
    }

    /// Fills `out` and returns how many samples belong to the transmission; fewer than asked means that it is over, and
    /// the rest is silence.
    pub fn process(&mut self, out: &mut [i16], mut bits: impl FnMut() -> Option<bool>) -> usize {
        let state = self.state.as_ptr();
        fill(out, &mut self.pull, &mut bits, |chunk, len| {
            // SAFETY: the state is live and `len` samples of `chunk` are writable.
            unsafe { sys::fsk_tx(state, chunk, len) }
        })
    }
}

impl Drop for V21Tx {
    fn drop(&mut self) {
        // SAFETY: the state came from fsk_tx_init(NULL) and is freed once.
        unsafe { sys::fsk_tx_free(self.state.as_ptr()) };
    }
}

/// Sends one of the modems for pages at a time.
pub struct FastTx {
    v17: NonNull<sys::v17_tx_state_t>,
    v27ter: NonNull<sys::v27ter_tx_state_t>,
    v29: NonNull<sys::v29_tx_state_t>,
    pull: Pinned<Pull>,
    modem: FastModem,
}

// SAFETY: the states are plain heap blocks with no thread affinity, owned by this value alone, and their callbacks only
// touch the pinned pull, which moves with it.
unsafe impl Send for FastTx {}

impl FastTx {
    /// Transmitters of all modems at this level.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(dbm0: f32) -> Result<Self, Error> {
        let _lock = init_lock();
        let pull = Pinned::new(Pull(None));
        let what = Error::OutOfMemory {
            what: "fax transmitter",
        };
        // SAFETY: a null state asks the library to allocate one; the pull outlives it and `next_bit` treats user_data
        // as exactly this type.
        let v17 = unsafe {
            sys::v17_tx_init(
                std::ptr::null_mut(),
                14_400,
                0,
                Some(next_bit),
                pull.as_void(),
            )
        };
        let v17 = NonNull::new(v17).ok_or_else(|| what.clone())?;
        // SAFETY: as above.
        let v27ter = unsafe {
            sys::v27ter_tx_init(
                std::ptr::null_mut(),
                4800,
                0,
                Some(next_bit),
                pull.as_void(),
            )
        };
        let Some(v27ter) = NonNull::new(v27ter) else {
            // SAFETY: the state came from its init and is freed once, here.
            unsafe { sys::v17_tx_free(v17.as_ptr()) };
            return Err(what);
        };
        // SAFETY: as above.
        let v29 = unsafe {
            sys::v29_tx_init(
                std::ptr::null_mut(),
                9600,
                0,
                Some(next_bit),
                pull.as_void(),
            )
        };
        let Some(v29) = NonNull::new(v29) else {
            // SAFETY: the state came from its init and is freed once, here.
            unsafe { sys::v17_tx_free(v17.as_ptr()) };
            // SAFETY: as above.
            unsafe { sys::v27ter_tx_free(v27ter.as_ptr()) };
            return Err(what);
        };
        // SAFETY: the states are live; any level is accepted.
        unsafe { sys::v17_tx_power(v17.as_ptr(), dbm0) };
        // SAFETY: as above.
        unsafe { sys::v27ter_tx_power(v27ter.as_ptr(), dbm0) };
        // SAFETY: as above.
        unsafe { sys::v29_tx_power(v29.as_ptr(), dbm0) };
        Ok(FastTx {
            v17,
            v27ter,
            v29,
            pull,
            modem: FastModem::V29At9600,
        })
    }

    /// Begins a transmission with the training of `modem`, and before it the talker echo protection tone if wanted.
    pub fn restart(&mut self, modem: FastModem, talker_echo_protection: bool) {
        let (rate, tep) = (modem.bits_per_second(), c_int::from(talker_echo_protection));
        match modem {
            FastModem::V17 { short, .. } => {
                // SAFETY: the state is live and has this rate.
                unsafe { sys::v17_tx_restart(self.v17.as_ptr(), rate, tep, c_int::from(short)) };
            }
            FastModem::V27ter2400 | FastModem::V27ter4800 => {
                // SAFETY: the state is live and has this rate.
                unsafe { sys::v27ter_tx_restart(self.v27ter.as_ptr(), rate, tep) };
            }
            FastModem::V29At7200 | FastModem::V29At9600 => {
                // SAFETY: the state is live and has this rate.
                unsafe { sys::v29_tx_restart(self.v29.as_ptr(), rate, tep) };
            }
        }
        self.modem = modem;
    }

    /// Fills `out` and returns how many samples belong to the transmission; fewer than asked means that it is over, and
    /// the rest is silence. Bits are asked for after the training.
    pub fn process(&mut self, out: &mut [i16], mut bits: impl FnMut() -> Option<bool>) -> usize {
        let (v17, v27ter, v29) = (self.v17.as_ptr(), self.v27ter.as_ptr(), self.v29.as_ptr());
        let modem = self.modem;
        fill(out, &mut self.pull, &mut bits, |chunk, len| match modem {
            // SAFETY: the state is live and `len` samples of `chunk` are writable.
            FastModem::V17 { .. } => unsafe { sys::v17_tx(v17, chunk, len) },
            FastModem::V27ter2400 | FastModem::V27ter4800 => {
                // SAFETY: as above.
                unsafe { sys::v27ter_tx(v27ter, chunk, len) }
            }
            // SAFETY: as above.
            FastModem::V29At7200 | FastModem::V29At9600 => unsafe { sys::v29_tx(v29, chunk, len) },
        })
    }
}

impl Drop for FastTx {
    fn drop(&mut self) {
        // SAFETY: the state came from its init and is freed once.
        unsafe { sys::v17_tx_free(self.v17.as_ptr()) };
        // SAFETY: as above.
        unsafe { sys::v27ter_tx_free(self.v27ter.as_ptr()) };
        // SAFETY: as above.
        unsafe { sys::v29_tx_free(self.v29.as_ptr()) };
    }
}

fn fill(
    out: &mut [i16],
    pull: &mut Pinned<Pull>,
    bits: &mut Source<'_>,
    mut run: impl FnMut(*mut i16, c_int) -> c_int,
) -> usize {
    let mut total = 0;
    for chunk in out.chunks_mut(CHUNK) {
        let len = c_int::try_from(chunk.len()).unwrap_or(0);
        let made = pulling(pull, bits, || run(chunk.as_mut_ptr(), len));
        let made = usize::try_from(made).unwrap_or(0).min(chunk.len());
        chunk[made..].fill(0);
        total += made;
    }
    total
}
