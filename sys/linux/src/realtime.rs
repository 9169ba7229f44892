//! Scheduling class, memory locking, thread name and clocks of the calling thread.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::mman::{self, MlockAllFlags};
use nix::sys::resource::{Resource, getrlimit};
use nix::time::{ClockId, clock_gettime};

/// Why a thread did not get real-time scheduling.
#[derive(Debug, thiserror::Error)]
pub enum SchedError {
    /// The process may not ask for this priority.
    #[error(
        "real-time priority {priority} is not permitted (the limit is {limit}); grant CAP_SYS_NICE, \
         or set LimitRTPRIO={priority} in the unit or rtprio in limits.conf"
    )]
    NotPermitted {
        /// What was asked for.
        priority: u8,
        /// `RLIMIT_RTPRIO`, the highest priority allowed without the capability.
        limit: u64,
    },
    /// SCHED_FIFO has no such priority.
    #[error("real-time priority {priority} does not exist; choose one from {min} to {max}")]
    OutOfRange {
        /// What was asked for.
        priority: u8,
        /// The lowest.
        min: u8,
        /// The highest.
        max: u8,
    },
    /// The kernel refused for another reason.
    #[error("real-time scheduling failed: {0}")]
    Os(#[from] io::Error),
}

/// How the calling thread is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduling {
    /// SCHED_FIFO at this priority.
    Fifo {
        /// 1 (lowest) to 99.
        priority: u8,
    },
    /// SCHED_OTHER or another class without real-time guarantees.
    Ordinary,
}

/// Puts the calling thread in SCHED_FIFO. Threads and processes it starts do not inherit that.
///
/// # Errors
/// [`SchedError`]; the thread then runs as before.
pub fn set_fifo(priority: u8) -> Result<(), SchedError> {
    let (min, max) = (1, 99);
    if !(min..=max).contains(&priority) {
        return Err(SchedError::OutOfRange { priority, min, max });
    }
    match set_policy(
        libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK,
        c_int::from(priority),
    ) {
        Ok(()) => Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            let limit = getrlimit(Resource::RLIMIT_RTPRIO).map_or(0, |(soft, _hard)| soft);
            Err(SchedError::NotPermitted { priority, limit })
        }
        Err(error) => Err(SchedError::Os(error)),
    }
}

/// Puts the calling thread back in the ordinary class.
///
/// # Errors
/// The error of the kernel; going back is always permitted.
pub fn unset_fifo() -> io::Result<()> {
    // The flag stays set: a process without CAP_SYS_NICE may not clear it.
    set_policy(libc::SCHED_OTHER | libc::SCHED_RESET_ON_FORK, 0)
}

/// How the calling thread is scheduled now.
///
/// # Errors
/// The error of the kernel.
pub fn scheduling() -> io::Result<Scheduling> {
    // SAFETY: pid 0 is the calling thread; no memory is touched.
    let policy = unsafe { libc::sched_getscheduler(0) };
    if policy < 0 {
        return Err(io::Error::last_os_error());
    }
    if policy & !libc::SCHED_RESET_ON_FORK != libc::SCHED_FIFO {
        return Ok(Scheduling::Ordinary);
    }
    let mut param = MaybeUninit::<libc::sched_param>::zeroed();
    // SAFETY: pid 0 is the calling thread and the buffer is of the type the call writes.
    let result = unsafe { libc::sched_getparam(0, param.as_mut_ptr()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: zeroed before, and all zeroes is a valid value; the call has filled it in.
    let param = unsafe { param.assume_init() };
    Ok(Scheduling::Fifo {
        priority: u8::try_from(param.sched_priority).unwrap_or(u8::MAX),
    })
}

fn set_policy(policy: c_int, priority: c_int) -> io::Result<()> {
    let param = MaybeUninit::<libc::sched_param>::zeroed();
    // SAFETY: all zeroes is a valid sched_param.
    let mut param = unsafe { param.assume_init() };
    param.sched_priority = priority;
    // SAFETY: pid 0 is the calling thread; the parameter block is read only.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const param) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Why memory could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The process needs more memory than it may lock.
    #[error(
        "memory cannot be locked: RLIMIT_MEMLOCK allows {limit_kib} KiB, the process needs more; \
         set LimitMEMLOCK=infinity in the unit, or grant CAP_IPC_LOCK"
    )]
    Limit {
        /// The limit in KiB.
        limit_kib: u64,
    },
    /// The kernel refused for another reason.
    #[error("memory cannot be locked: {0}")]
    Os(#[from] io::Error),
}

/// Keeps all memory of the process in RAM, now and in future, so that no page fault waits for a
/// disk. With a finite [`memory_lock_limit`] and without CAP_IPC_LOCK, allocations fail later, when
/// the limit is reached: make the limit unlimited. Thread stacks count in full.
///
/// # Errors
/// [`LockError`]; nothing is locked then.
pub fn lock_memory() -> Result<(), LockError> {
    match mman::mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE) {
        Ok(()) => Ok(()),
        Err(Errno::ENOMEM | Errno::EPERM) => Err(LockError::Limit {
            limit_kib: memory_lock_limit().unwrap_or(u64::MAX) / 1024,
        }),
        Err(errno) => Err(LockError::Os(errno.into())),
    }
}

/// Lets memory be paged again.
///
/// # Errors
/// The error of the kernel.
pub fn unlock_memory() -> io::Result<()> {
    mman::munlockall().map_err(io::Error::from)
}

/// How many bytes the process may lock without CAP_IPC_LOCK (`RLIMIT_MEMLOCK`); none: any number.
#[must_use]
pub fn memory_lock_limit() -> Option<u64> {
    match getrlimit(Resource::RLIMIT_MEMLOCK) {
        Ok((libc::RLIM_INFINITY, _)) => None,
        Ok((soft, _)) => Some(soft),
        Err(_) => Some(0),
    }
}

/// Stack kept free below what [`prefault_stack`] touches: guard pages and the frames of the calls.
const STACK_MARGIN: usize = 64 * 1024;
const PAGE: usize = 4096;

/// Touches `bytes` of stack below the caller, so that the line thread takes no page fault there
/// later. Answers how many were touched: never more than half of what the thread has left, so that
/// no request overruns the stack.
pub fn prefault_stack(bytes: usize) -> usize {
    let pages = bytes.min(stack_left().saturating_sub(STACK_MARGIN)) / PAGE;
    if pages > 0 {
        touch(pages);
    }
    pages * PAGE
}

#[inline(never)]
fn touch(pages: usize) {
    let mut page = [0_u8; PAGE];
    std::hint::black_box(&mut page);
    if pages > 1 {
        touch(pages - 1);
    }
    // Used again after the call, so that the frames really pile up.
    std::hint::black_box(&mut page);
}

/// Bytes between here and the end of the calling thread's stack; 0 when the C library does not know.
fn stack_left() -> usize {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: takes no arguments and cannot fail.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: the handle is the running thread's and the buffer is of the type the call writes.
    let result = unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) };
    if result != 0 {
        return 0;
    }
    let (mut lowest, mut size) = (std::ptr::null_mut(), 0_usize);
    // SAFETY: the attributes were filled in above and both targets are of the types written.
    let result =
        unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut lowest, &raw mut size) };
    // SAFETY: initialised by pthread_getattr_np above and destroyed once.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    if result != 0 {
        return 0;
    }
    let here = (&raw const result).addr();
    // Frames are made larger in debug builds: count each page twice.
    here.saturating_sub(lowest.addr()).min(size) / 2
}

/// Names the calling thread as `ps -L` and `top -H` show it: the first 15 bytes up to a NUL.
pub fn set_thread_name(name: &str) {
    let mut bytes = [0_u8; 16];
    let shown = name.bytes().take_while(|byte| *byte != 0).take(15);
    for (to, from) in bytes.iter_mut().zip(shown) {
        *to = from;
    }
    // SAFETY: reads up to 16 bytes, the last of which is NUL; every name is accepted.
    unsafe { libc::prctl(libc::PR_SET_NAME, bytes.as_ptr()) };
}

/// CLOCK_MONOTONIC: time since some point at boot, never set back.
#[must_use]
pub fn monotonic() -> Duration {
    clock(ClockId::CLOCK_MONOTONIC)
}

/// CLOCK_REALTIME: time since 1970, the clock of [`Datagram::received_at`](crate::Datagram).
#[must_use]
pub fn realtime() -> Duration {
    clock(ClockId::CLOCK_REALTIME)
}

/// CLOCK_THREAD_CPUTIME_ID: processor time used by the calling thread.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    clock(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn clock(id: ClockId) -> Duration {
    // These three clocks exist on every Linux: the call cannot fail.
    clock_gettime(id).map_or(Duration::ZERO, |time| {
        Duration::new(
            u64::try_from(time.tv_sec()).unwrap_or(0),
            u32::try_from(time.tv_nsec()).unwrap_or(0),
        )
    })
}

#[cfg(test)]
mod tests;
