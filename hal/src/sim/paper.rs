//! The pages of a fax machine, in memory while it is at work: the library opens, reads and writes its TIFF file in the
//! card's thread, where a disk, a pipe or a file server must not be waited for.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::files::{self, TIFF_CURE as CURE, fail};
use super::request::SimError;

/// A larger file is no fax.
const LARGEST: u64 = 64 << 20;

/// A TIFF file in memory.
pub(super) struct Paper(File);

impl Paper {
    /// A copy of a file that is to be sent, and its number of pages.
    ///
    /// # Errors
    /// [`SimError::File`] for a file that cannot be read, is no regular one or no TIFF.
    pub(super) fn copy(tiff: &Path) -> Result<(Self, u32), SimError> {
        let mut file = files::open_to_read(tiff, CURE)?;
        let length = file.metadata().map_or(0, |what| what.len());
        if length > LARGEST {
            let reason = format!("it is larger than {} MB", LARGEST >> 20);
            return Err(fail(tiff, &reason, CURE));
        }
        let pages = files::pages_of(tiff, &file)?;
        let mut paper = Self::blank()?;
        let copied = file
            .rewind()
            .and_then(|()| std::io::copy(&mut file, &mut paper.0));
        copied.map_err(|error| fail(tiff, &error, CURE))?;
        Ok((paper, pages))
    }

    /// An empty file.
    pub(super) fn blank() -> Result<Self, SimError> {
        match memfd_create(c"fax", MFdFlags::MFD_CLOEXEC) {
            Ok(memory) => Ok(Self(memory.into())),
            Err(error) => Err(SimError::Engine {
                what: "the fax machine",
                reason: error.to_string(),
            }),
        }
    }

    /// The name by which the library opens it, as long as this value lives.
    pub(super) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }

    /// Writes it to a file, in a thread of its own. Without a page there is no file.
    pub(super) fn save(mut self, tiff: PathBuf) -> Saving {
        let (sender, done) = channel();
        let thread = std::thread::Builder::new()
            .name(String::from("sim-fax-file"))
            .spawn(move || {
                let saved = self.write(&tiff);
                // A card that has stopped waits for no answer.
                let _ = sender.send(saved);
            });
        Saving(done, thread.err().map(|error| error.to_string()))
    }

    fn write(&mut self, tiff: &Path) -> Result<(), SimError> {
        let failed = |error: std::io::Error| fail(tiff, &error, "make room on the disk");
        if self.0.metadata().map_err(failed)?.len() == 0 {
            return Ok(());
        }
        let mut file = files::open_to_write(tiff)?;
        self.0.rewind().map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        std::io::copy(&mut self.0, &mut file).map_err(failed)?;
        file.flush().map_err(failed)
    }
}

/// Pages being written to the disk.
pub(super) struct Saving(Receiver<Result<(), SimError>>, Option<String>);

impl Saving {
    /// How it ended, once it has.
    pub(super) fn ended(&mut self) -> Option<Result<(), SimError>> {
        match self.0.try_recv() {
            Ok(saved) => Some(saved),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(SimError::Engine {
                what: "to write the fax",
                reason: self.1.take().unwrap_or_default(),
            })),
        }
    }
}
