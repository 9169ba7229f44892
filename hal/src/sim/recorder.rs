//! A recording of what a phone hears. Its file is written by a thread of its own: a disk that is stalled costs the
//! recording, never the card.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::files::{self, LONGEST, RATE};
use super::request::{SimError, SimReply};

/// Gets the answer to the end of a recording.
pub(super) type Answer = Box<dyn FnOnce(Result<SimReply, SimError>) + Send>;

const NO_ROOM: &str = "make room on the disk";

/// A file that may be recorded into. One that was created for it and never used is removed again.
pub(super) struct Target {
    file: Option<File>,
    path: PathBuf,
    made: bool,
}

impl Target {
    /// Opens the file in the caller's thread; what it holds stays until the recording begins.
    ///
    /// # Errors
    /// [`SimError::File`] for anything but a regular file.
    pub(super) fn open(path: PathBuf) -> Result<Self, SimError> {
        let made = path.symlink_metadata().is_err();
        let file = Some(files::open_to_write(&path)?);
        Ok(Self { file, path, made })
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.file.is_some() && self.made {
            // What cannot be removed is an empty file.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A recording.
pub(super) enum Recorder {
    Wav {
        orders: Sender<Order>,
        shared: Arc<Shared>,
        path: PathBuf,
        samples: u64,
    },
    Memory(Vec<i16>),
}

pub(super) enum Order {
    Samples(Vec<i16>),
    /// Closes the file; the number of samples that it should hold.
    Finish(u64, Answer),
}

/// What the two threads share.
#[derive(Default)]
pub(super) struct Shared {
    /// Samples not yet handed to the system.
    behind: AtomicUsize,
    failed: OnceLock<SimError>,
}

impl Recorder {
    pub(super) fn in_memory() -> Self {
        Self::Memory(Vec::new())
    }

    pub(super) fn into_file(mut target: Target) -> Result<Self, SimError> {
        let path = target.path.clone();
        match target.file.take() {
            Some(file) => Self::start(path, move || {
                file.set_len(0)?;
                Ok(BufWriter::new(file))
            }),
            None => Err(SimError::Stopped),
        }
    }

    /// Begins to write into what `open` gives, which is called in the recording's own thread.
    pub(super) fn start<W: Write + Seek>(
        path: PathBuf,
        open: impl FnOnce() -> std::io::Result<W> + Send + 'static,
    ) -> Result<Self, SimError> {
        let (orders, queue) = channel();
        let shared = Arc::new(Shared::default());
        let (theirs, name) = (Arc::clone(&shared), path.clone());
        std::thread::Builder::new()
            .name(String::from("sim-record"))
            .spawn(move || write(&name, open, &queue, &theirs))
            .map_err(|error| SimError::Engine {
                what: "a recording",
                reason: error.to_string(),
            })?;
        Ok(Self::Wav {
            orders,
            shared,
            path,
            samples: 0,
        })
    }

    /// The next block. The error says why the recording has ended.
    pub(super) fn add(&mut self, block: &[i16]) -> Result<(), SimError> {
        match self {
            Self::Memory(memory) => {
                let room = LONGEST.saturating_sub(memory.len());
                memory.extend(block.iter().take(room));
                Ok(())
            }
            Self::Wav {
                orders,
                shared,
                path,
                samples,
            } => {
                if let Some(error) = shared.failed.get() {
                    return Err(error.clone());
                }
                if shared.behind.fetch_add(block.len(), Ordering::Relaxed) > LONGEST {
                    let reason = "the disk takes nothing any more";
                    return Err(files::fail(path, &reason, "record to another disk"));
                }
                *samples += block.len() as u64;
                orders
                    .send(Order::Samples(block.to_vec()))
                    .map_err(|_| SimError::Stopped)
            }
        }
    }

    pub(super) fn state(&self) -> (Option<PathBuf>, u64) {
        match self {
            Self::Memory(memory) => (None, memory.len() as u64),
            Self::Wav { path, samples, .. } => (Some(path.clone()), *samples),
        }
    }

    /// Ends it; the answer comes when the file is complete, from the thread that writes it.
    pub(super) fn finish(self, answer: Answer) {
        match self {
            Self::Memory(memory) => answer(Ok(SimReply::Recording {
                wav: None,
                samples: memory.len() as u64,
                memory,
            })),
            Self::Wav {
                orders, samples, ..
            } => {
                if let Err(back) = orders.send(Order::Finish(samples, answer))
                    && let Order::Finish(_, answer) = back.0
                {
                    answer(Err(SimError::Stopped));
                }
            }
        }
    }
}

/// The recording's thread. After a failure it goes on, to report it when the recording is ended.
fn write<W: Write + Seek>(
    path: &Path,
    open: impl FnOnce() -> std::io::Result<W>,
    queue: &Receiver<Order>,
    shared: &Shared,
) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let fail = |reason: &dyn ToString| files::fail(path, reason, NO_ROOM);
    let opened = open().map_err(hound::Error::from);
    let mut writer = match opened.and_then(|sink| WavWriter::new(sink, spec)) {
        Ok(writer) => Some(writer),
        Err(error) => {
            let _ = shared.failed.set(fail(&error));
            None
        }
    };
    while let Ok(order) = queue.recv() {
        match order {
            Order::Samples(block) => {
                let written = writer.as_mut().map_or(Ok(()), |writer| {
                    let mut samples = block.iter();
                    samples.try_for_each(|&sample| writer.write_sample(sample))
                });
                shared.behind.fetch_sub(block.len(), Ordering::Relaxed);
                if let Err(error) = written {
                    let _ = shared.failed.set(fail(&error));
                    writer = None;
                }
            }
            Order::Finish(samples, answer) => {
                let failed = shared.failed.get().cloned();
                let finished = writer.map_or(Ok(()), WavWriter::finalize);
                return answer(match (failed, finished) {
                    (Some(error), _) => Err(error),
                    (None, Err(error)) => Err(fail(&error)),
                    (None, Ok(())) => Ok(SimReply::Recording {
                        wav: Some(path.to_owned()),
                        samples,
                        memory: Vec::new(),
                    }),
                });
            }
        }
    }
}
