//! Counts heap allocations per thread, for tests and benches that claim there are none.
//!
//! A test or bench installs it:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: tipring_linux::alloc_count::CountingAllocator =
//!     tipring_linux::alloc_count::CountingAllocator;
//!
//! let before = tipring_linux::alloc_count::allocations_in_this_thread();
//! let kept = vec![1_u8, 2, 3];
//! let after = tipring_linux::alloc_count::allocations_in_this_thread();
//! assert_eq!(after - before, 1);
//! # drop(kept);
//! ```
//!
//! It sees Rust's allocations only: a C library's `malloc` passes it by.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // Const-initialised and without a destructor: reading it never allocates.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static FREES: Cell<u64> = const { Cell::new(0) };
}

/// The system allocator, counting.
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingAllocator;

/// How often the calling thread allocated or resized since it began; stays 0 unless
/// [`CountingAllocator`] is the global allocator.
#[must_use]
pub fn allocations_in_this_thread() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

/// How often the calling thread freed since it began; stays 0 unless [`CountingAllocator`] is the
/// global allocator.
#[must_use]
pub fn frees_in_this_thread() -> u64 {
    FREES.with(Cell::get)
}

fn count(counter: &'static std::thread::LocalKey<Cell<u64>>) {
    counter.with(|count| count.set(count.get().wrapping_add(1)));
}

// SAFETY: every call is passed on to System unchanged; counting touches no memory of the heap.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATIONS);
        // SAFETY: the caller's promises are exactly what System asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATIONS);
        // SAFETY: the caller's promises are exactly what System asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(&ALLOCATIONS);
        // SAFETY: the caller's promises are exactly what System asks for; the block came from it.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(&FREES);
        // SAFETY: the caller's promises are exactly what System asks for; the block came from it.
        unsafe { System.dealloc(block, layout) }
    }
}
