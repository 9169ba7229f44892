//! Receivers: samples in, bits and what the receiver says of itself out.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use spandsp_sys as sys;

use super::{FastModem, sync_mode, v21};
use crate::error::Error;
use crate::state::{Pinned, init_lock};

/// Samples handed to a receiver at once: what they bring fits into a [`Sink`].
const STEP: usize = 80;
/// Symbols that count as the last of a training.
const LATE: f32 = 32.0;
/// 10 ms at 14,400 bit/s are 144 bits; a receiver that finds its clock late brings a few more.
const KEPT: usize = 512;

/// A bit, or what a receiver says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Heard {
    /// A bit.
    Bit(bool),
    /// There is a signal, which may be none of this modem.
    CarrierUp,
    /// The signal is gone.
    CarrierDown,
    /// It looks like the training of this modem.
    TrainingInProgress,
    /// Bits follow.
    TrainingSucceeded,
    /// It was none, or a bad one.
    TrainingFailed,
}

impl Heard {
    fn from_code(code: c_int) -> Option<Heard> {
        Some(match code {
            sys::SIG_STATUS_CARRIER_UP => Heard::CarrierUp,
            sys::SIG_STATUS_CARRIER_DOWN => Heard::CarrierDown,
            sys::SIG_STATUS_TRAINING_IN_PROGRESS => Heard::TrainingInProgress,
            sys::SIG_STATUS_TRAINING_SUCCEEDED => Heard::TrainingSucceeded,
            sys::SIG_STATUS_TRAINING_FAILED => Heard::TrainingFailed,
            _ => return None,
        })
    }
}

struct Sink {
    kept: [Heard; KEPT],
    len: usize,
    lost: u64,
    /// Square distances of the symbols since the training began to show bits, and their number.
    distance: f32,
    symbols: u32,
    /// The mean of the last of them.
    late: f32,
    /// A training goes on.
    trains: bool,
}

impl Sink {
    fn new() -> Pinned<Sink> {
        Pinned::new(Sink {
            kept: [Heard::Bit(false); KEPT],
            len: 0,
            lost: 0,
            distance: 0.0,
            symbols: 0,
            late: 0.0,
            trains: false,
        })
    }

    fn drain(&mut self, heard: &mut impl FnMut(Heard)) {
        for item in &self.kept[..self.len] {
            heard(*item);
        }
        self.len = 0;
    }
}

unsafe extern "C" fn on_bit(user_data: *mut c_void, bit: c_int) {
    // SAFETY: user_data is the pinned Sink given at the receiver's making, and no other reference to it exists while
    // the library runs.
    let sink = unsafe { &mut *user_data.cast::<Sink>() };
    let heard = match bit {
        0 => Heard::Bit(false),
        1 => Heard::Bit(true),
        code => {
            let Some(heard) = Heard::from_code(code) else {
                return;
            };
            sink.trains = heard == Heard::TrainingInProgress;
            if sink.trains {
                (sink.distance, sink.symbols, sink.late) = (0.0, 0, 0.0);
            }
            heard
        }
    };
    match sink.kept.get_mut(sink.len) {
        Some(place) => {
            *place = heard;
            sink.len += 1;
        }
        None => sink.lost = sink.lost.saturating_add(1),
    }
}

unsafe extern "C" fn on_symbol(
    user_data: *mut c_void,
    is: *const sys::complexf_t,
    should_be: *const sys::complexf_t,
    _symbol: c_int,
) {
    // SAFETY: as in `on_bit`.
    let sink = unsafe { &mut *user_data.cast::<Sink>() };
    if !sink.trains {
        return;
    }
    // SAFETY: the library passes null, or a symbol that lives for the call.
    let Some(is) = (unsafe { is.as_ref() }) else {
        return;
    };
    // SAFETY: as above.
    let Some(should_be) = (unsafe { should_be.as_ref() }) else {
        return;
    };
    let (re, im) = (is.re - should_be.re, is.im - should_be.im);
    let square = re * re + im * im;
    sink.distance += square;
    sink.symbols += 1;
    sink.late += (square - sink.late) / LATE;
}

/// Receives V.21 channel 2.
pub struct V21Rx {
    state: NonNull<sys::fsk_rx_state_t>,
    sink: Pinned<Sink>,
    cutoff_dbm0: f32,
}

// SAFETY: the state is a plain heap block with no thread affinity, owned by this value alone, and its callback only
// touches the pinned sink, which moves with it.
unsafe impl Send for V21Rx {}

impl V21Rx {
    /// A receiver that takes signals of 2.5 dB above `cutoff_dbm0` and keeps them to 2.5 dB below.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(cutoff_dbm0: f32) -> Result<Self, Error> {
        let _lock = init_lock();
        let sink = Sink::new();
        // SAFETY: a null state asks the library to allocate one; the specification is the library's own; the sink
        // outlives the state and `on_bit` treats user_data as exactly this type.
        let raw = unsafe {
            sys::fsk_rx_init(
                std::ptr::null_mut(),
                v21(),
                sync_mode(),
                Some(on_bit),
                sink.as_void(),
            )
        };
        let state = NonNull::new(raw).ok_or(Error::OutOfMemory {
            what: "V.21 receiver",
        })?;
        let mut receiver = V21Rx {
            state,
            sink,
            cutoff_dbm0,
        };
        receiver.restart();
        Ok(receiver)
    }

    /// Forgets the signal.
    pub fn restart(&mut self) {
        // SAFETY: the state is live and the specification is the library's own.
        unsafe { sys::fsk_rx_restart(self.state.as_ptr(), v21(), sync_mode()) };
        // A restart takes the cutoff of the specification.
        // SAFETY: the state is live; any level is accepted.
        unsafe { sys::fsk_rx_signal_cutoff(self.state.as_ptr(), self.cutoff_dbm0) };
    }

    /// Listens to `samples`.
    pub fn process(&mut self, samples: &[i16], mut heard: impl FnMut(Heard)) {
        for chunk in samples.chunks(STEP) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            // SAFETY: the state is live, `len` samples are readable, and the callback writes only to the sink, of
            // which no Rust reference exists during the call.
            unsafe { sys::fsk_rx(self.state.as_ptr(), chunk.as_ptr(), len) };
            self.sink.get_mut().drain(&mut heard);
        }
    }
}

impl Drop for V21Rx {
    fn drop(&mut self) {
        // SAFETY: the state came from fsk_rx_init(NULL) and is freed once.
        unsafe { sys::fsk_rx_free(self.state.as_ptr()) };
    }
}

/// Receives one of the modems for pages at a time.
pub struct FastRx {
    v17: NonNull<sys::v17_rx_state_t>,
    v27ter: NonNull<sys::v27ter_rx_state_t>,
    v29: NonNull<sys::v29_rx_state_t>,
    sink: Pinned<Sink>,
    modem: FastModem,
}

// SAFETY: the states are plain heap blocks with no thread affinity, owned by this value alone, and their callbacks only
// touch the pinned sink, which moves with it.
unsafe impl Send for FastRx {}

impl FastRx {
    /// Receivers of all modems, waiting for `modem`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn new(modem: FastModem) -> Result<Self, Error> {
        let _lock = init_lock();
        let sink = Sink::new();
        let what = Error::OutOfMemory {
            what: "fax receiver",
        };
        // SAFETY: a null state asks the library to allocate one; the sink outlives it and `on_bit` treats user_data as
        // exactly this type.
        let v17 =
            unsafe { sys::v17_rx_init(std::ptr::null_mut(), 14_400, Some(on_bit), sink.as_void()) };
        let v17 = NonNull::new(v17).ok_or_else(|| what.clone())?;
        // SAFETY: the state is live; the sink outlives it and `on_symbol` treats user_data as exactly this type.
        unsafe {
            sys::v17_rx_set_qam_report_handler(v17.as_ptr(), Some(on_symbol), sink.as_void());
        };
        // SAFETY: as above.
        let v27ter = unsafe {
            sys::v27ter_rx_init(std::ptr::null_mut(), 4800, Some(on_bit), sink.as_void())
        };
        let Some(v27ter) = NonNull::new(v27ter) else {
            // SAFETY: the state came from its init and is freed once, here.
            unsafe { sys::v17_rx_free(v17.as_ptr()) };
            return Err(what);
        };
        // SAFETY: as above.
        let v29 =
            unsafe { sys::v29_rx_init(std::ptr::null_mut(), 9600, Some(on_bit), sink.as_void()) };
        let Some(v29) = NonNull::new(v29) else {
            // SAFETY: the state came from its init and is freed once, here.
            unsafe { sys::v17_rx_free(v17.as_ptr()) };
            // SAFETY: as above.
            unsafe { sys::v27ter_rx_free(v27ter.as_ptr()) };
            return Err(what);
        };
        // SAFETY: as above for that of V.17.
        unsafe {
            sys::v29_rx_set_qam_report_handler(v29.as_ptr(), Some(on_symbol), sink.as_void());
        }
        let mut receiver = FastRx {
            v17,
            v27ter,
            v29,
            sink,
            modem,
        };
        receiver.restart(modem);
        Ok(receiver)
    }

    /// A signal begins 2.5 dB above this level and is gone 2.5 dB below it; for all modems, also after a restart.
    pub fn set_cutoff(&mut self, dbm0: f32) {
        // SAFETY: the state is live; any level is accepted.
        unsafe { sys::v17_rx_signal_cutoff(self.v17.as_ptr(), dbm0) };
        // SAFETY: as above.
        unsafe { sys::v27ter_rx_signal_cutoff(self.v27ter.as_ptr(), dbm0) };
        // SAFETY: as above.
        unsafe { sys::v29_rx_signal_cutoff(self.v29.as_ptr(), dbm0) };
    }

    /// Waits for a training of `modem`.
    pub fn restart(&mut self, modem: FastModem) {
        let rate = modem.bits_per_second();
        match modem {
            FastModem::V17 { short, .. } => {
                // SAFETY: the state is live and has this rate.
                unsafe { sys::v17_rx_restart(self.v17.as_ptr(), rate, c_int::from(short)) };
            }
            FastModem::V27ter2400 | FastModem::V27ter4800 => {
                // SAFETY: the state is live and has this rate.
                unsafe { sys::v27ter_rx_restart(self.v27ter.as_ptr(), rate, 0) };
            }
            FastModem::V29At7200 | FastModem::V29At9600 => {
                // SAFETY: the state is live and has this rate.
                unsafe { sys::v29_rx_restart(self.v29.as_ptr(), rate, 0) };
            }
        }
        self.modem = modem;
    }

    /// What it waits for or receives.
    #[must_use]
    pub fn modem(&self) -> FastModem {
        self.modem
    }

    /// Listens to `samples`.
    pub fn process(&mut self, samples: &[i16], mut heard: impl FnMut(Heard)) {
        for chunk in samples.chunks(STEP) {
            let len = c_int::try_from(chunk.len()).unwrap_or(0);
            match self.modem {
                FastModem::V17 { .. } => {
                    // SAFETY: the state is live, `len` samples are readable, and the callback writes only to the sink,
                    // of which no Rust reference exists during the call.
                    unsafe { sys::v17_rx(self.v17.as_ptr(), chunk.as_ptr(), len) };
                }
                FastModem::V27ter2400 | FastModem::V27ter4800 => {
                    // SAFETY: as above.
                    unsafe { sys::v27ter_rx(self.v27ter.as_ptr(), chunk.as_ptr(), len) };
                }
                FastModem::V29At7200 | FastModem::V29At9600 => {
                    // SAFETY: as above.
                    unsafe { sys::v29_rx(self.v29.as_ptr(), chunk.as_ptr(), len) };
                }
            }
            self.sink.get_mut().drain(&mut heard);
        }
    }

    /// How far the symbols of the last training lay from where they should: the mean square, in units in which neighbours of
    /// V.17 at 14,400 bit/s are 2 apart. Of V.17 all symbols with a known place count, of V.29, which shows its equalizer
    /// learning as well, the last ones. None before a training, and for V.27ter.
    #[must_use]
    pub fn distance(&self) -> Option<f32> {
        let sink = self.sink.get();
        let distance = match self.modem {
            FastModem::V17 { .. } => sink.distance / sink.symbols.max(1) as f32,
            FastModem::V29At7200 | FastModem::V29At9600 => sink.late,
            FastModem::V27ter2400 | FastModem::V27ter4800 => return None,
        };
        (sink.symbols > 0).then_some(distance)
    }

    /// Bits that had no place; stays 0.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sink.get().lost
    }
}

impl Drop for FastRx {
    fn drop(&mut self) {
        // SAFETY: the state came from its init and is freed once.
        unsafe { sys::v17_rx_free(self.v17.as_ptr()) };
        // SAFETY: as above.
        unsafe { sys::v27ter_rx_free(self.v27ter.as_ptr()) };
        // SAFETY: as above.
        unsafe { sys::v29_rx_free(self.v29.as_ptr()) };
    }
}
