//! What every wrapper shares: the library's one-time set-up, a pinned value for callbacks to write
//! to, and a fixed queue.

use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// The longest run of samples handed to the C library at once: lengths are `int` there.
pub(crate) const CHUNK: usize = 4096;

static SETUP: Once = Once::new();
static INIT: Mutex<()> = Mutex::new(());

/// Must be held while any `*_init` runs for the first time.
///
/// `dtmf_rx_init` and `dtmf_tx_init` fill static tables behind a plain flag, which is a data race
/// when two threads make their first detector at once; the caller-ID and fax states contain them.
/// The first caller also silences the library's log and libtiff's, both of which print to stderr.
pub(crate) fn init_lock() -> MutexGuard<'static, ()> {
    let guard = INIT.lock().unwrap_or_else(PoisonError::into_inner);
    SETUP.call_once(|| {
        // SAFETY: stores a null function pointer, which span_log tests for before calling.
        unsafe { spandsp_sys::span_set_message_handler(None) };
        // SAFETY: as above; span_log falls through to the (absent) message handler.
        unsafe { spandsp_sys::span_set_error_handler(None) };
        // SAFETY: libtiff documents a null handler as "print nothing".
        unsafe { spandsp_sys::TIFFSetErrorHandler(None) };
        // SAFETY: as above.
        unsafe { spandsp_sys::TIFFSetWarningHandler(None) };
        // Both tables now, so that a caller-ID transmitter that restarts its DTMF generator in
        // the middle of a call finds them ready.
        // SAFETY: a null state asks the library to allocate one.
        let tx = unsafe { spandsp_sys::dtmf_tx_init(std::ptr::null_mut()) };
        // SAFETY: free(3) semantics: the pointer came from dtmf_tx_init or is null.
        unsafe { spandsp_sys::dtmf_tx_free(tx) };
        // SAFETY: a null state asks the library to allocate one; no callback is given.
        let rx =
            unsafe { spandsp_sys::dtmf_rx_init(std::ptr::null_mut(), None, std::ptr::null_mut()) };
        // SAFETY: free(3) semantics: the pointer came from dtmf_rx_init or is null.
        unsafe { spandsp_sys::dtmf_rx_free(rx) };
    });
    guard
}

/// A heap value whose address stays the same, so that C may keep a pointer to it.
pub(crate) struct Pinned<T>(NonNull<T>);

// SAFETY: the value is owned exclusively; the C side only touches it inside calls made by the owner.
unsafe impl<T: Send> Send for Pinned<T> {}

impl<T> Pinned<T> {
    pub(crate) fn new(value: T) -> Self {
        Pinned(NonNull::from(Box::leak(Box::new(value))))
    }

    /// The pointer for the C side; valid until this value is dropped.
    pub(crate) fn as_void(&self) -> *mut std::ffi::c_void {
        self.0.as_ptr().cast()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: the pointer is live and `&mut self` keeps out both Rust and the C side, which
        // runs only inside calls that borrow the wrapper mutably.
        unsafe { self.0.as_mut() }
    }

    pub(crate) fn get(&self) -> &T {
        // SAFETY: the pointer is live and nothing writes while `&self` is held (see get_mut).
        unsafe { self.0.as_ref() }
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from Box::leak and is given back exactly once.
        let boxed = unsafe { Box::from_raw(self.0.as_ptr()) };
        drop(boxed);
    }
}

/// A first-in first-out queue of at most `N` small values that never allocates.
#[derive(Debug)]
pub(crate) struct Fifo<T: Copy, const N: usize> {
    items: [Option<T>; N],
    head: usize,
    len: usize,
    lost: u64,
}

impl<T: Copy, const N: usize> Fifo<T, N> {
    pub(crate) const fn new() -> Self {
        Fifo {
            items: [None; N],
            head: 0,
            len: 0,
            lost: 0,
        }
    }

    /// Appends; a full queue drops the new value and counts it.
    pub(crate) fn push(&mut self, item: T) {
        let index = (self.head + self.len) % N.max(1);
        match self.items.get_mut(index) {
            Some(slot) if self.len < N => {
                *slot = Some(item);
                self.len += 1;
            }
            _ => self.lost = self.lost.saturating_add(1),
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let item = self.items.get_mut(self.head).and_then(Option::take);
        self.head = (self.head + 1) % N.max(1);
        self.len -= 1;
        item
    }

    pub(crate) fn clear(&mut self) {
        while self.pop().is_some() {}
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifo_keeps_order_and_counts_what_does_not_fit() {
        let mut fifo: Fifo<u8, 3> = Fifo::new();
        for value in 1..=5 {
            fifo.push(value);
        }
        assert_eq!(fifo.lost(), 2);
        assert_eq!(fifo.pop(), Some(1));
        fifo.push(6);
        let rest: Vec<u8> = std::iter::from_fn(|| fifo.pop()).collect();
        assert_eq!(rest, [2, 3, 6]);
        assert_eq!(fifo.pop(), None);
    }
}
