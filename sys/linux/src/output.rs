//! Standard output, for programs whose exit code depends on whether their answer was written.
//!
//! The standard library hides two things: it opens `/dev/null` in place of a standard output that was closed (`>&-`), before
//! `main`, and it reports a write to a descriptor that cannot be written as done.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};

/// There was no standard output when the process began.
static CLOSED: AtomicBool = AtomicBool::new(false);

extern "C" fn look() {
    // SAFETY: F_GETFD reads the flags of a descriptor number and touches no memory; a number that is not open is an error.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(flags == -1, Ordering::Relaxed);
}

// SAFETY: the C library calls what this section lists once, before `main` and before there are threads; `look` needs nothing
// of the standard library that is not ready by then.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

/// Writes all of `bytes` to standard output, without a buffer.
///
/// # Errors
/// The error of the system: no room, no reader, or no standard output at all (`EBADF`).
pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    if CLOSED.load(Ordering::Relaxed) {
        return Err(Errno::EBADF.into());
    }
    let stdout = io::stdout();
    let mut rest = bytes;
    while !rest.is_empty() {
        match nix::unistd::write(&stdout, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => rest = rest.get(n..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            // Somebody who shares the terminal or pipe has made it non-blocking.
            Err(Errno::EAGAIN) => {
                let mut polled = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
                match nix::poll::poll(&mut polled, PollTimeout::NONE) {
                    Ok(_) | Err(Errno::EINTR) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// Rows and columns of the terminal on standard output; `None`: it is none, or it does not say.
pub fn terminal_size() -> Option<(u16, u16)> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one winsize, which lives until the call has returned.
    let answer = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (answer == 0 && size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}
