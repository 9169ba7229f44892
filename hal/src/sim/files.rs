//! The files of the sets: WAV in and out, the page count of a TIFF.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::request::SimError;

const RATE: u32 = 8000;
/// Ten minutes of samples: what is kept in memory, and the longest WAV that is played.
pub(super) const LONGEST: usize = 600 * RATE as usize;

/// Reads a WAV file as 16-bit samples at 8 kHz.
///
/// Takes integer and float samples, any number of channels (their mean), 8, 16, 24, 32 and 48 kHz
/// (each group of samples is averaged, good enough for speech), at most 10 minutes.
///
/// # Errors
/// [`SimError::File`] for a file that cannot be read, is no WAV, is empty, too long or at another rate.
pub fn load_wav(path: &Path) -> Result<Vec<i16>, SimError> {
    let mut reader = WavReader::open(path)
        .map_err(|error| fail(path, &error, "give a WAV file that can be read"))?;
    let spec = reader.spec();
    if spec.sample_rate == 0 || !spec.sample_rate.is_multiple_of(RATE) || spec.sample_rate > 48_000
    {
        let reason = format!("{} Hz cannot be used", spec.sample_rate);
        return Err(fail(
            path,
            &reason,
            "convert it: sox IN -r 8000 -c 1 -b 16 OUT.wav",
        ));
    }
    let group = (spec.sample_rate / RATE) as usize * usize::from(spec.channels.max(1));
    if reader.len() as usize / group > LONGEST {
        return Err(fail(
            path,
            &"it is longer than 10 minutes",
            "give a shorter one, or repeat it",
        ));
    }
    let values: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        SampleFormat::Float => reader
            .samples::<f32>()
            .map(|value| value.map(|v| v * 32_768.0))
            .collect(),
        SampleFormat::Int => {
            let scale = 32_768.0 / 2f32.powi(i32::from(spec.bits_per_sample) - 1);
            reader
                .samples::<i32>()
                .map(|value| value.map(|v| v as f32 * scale))
                .collect()
        }
    };
    let values = values.map_err(|error| fail(path, &error, "the file is damaged; replace it"))?;
    if values.is_empty() {
        return Err(fail(
            path,
            &"it holds no samples",
            "give a WAV file with sound",
        ));
    }
    Ok(values
        .chunks(group)
        .map(|part| crate::level::to_i16(part.iter().sum::<f32>() / part.len() as f32))
        .collect())
}

/// Counts the pages (image directories) of a TIFF file, so that a wrong file is refused before it
/// is dialled for.
///
/// # Errors
/// [`SimError::File`] for a file that cannot be read or is no TIFF.
pub fn tiff_pages(path: &Path) -> Result<u32, SimError> {
    const CURE: &str = "give a TIFF file of fax pages (G3 or G4, 1728 pixels wide)";
    let file = File::open(path).map_err(|error| fail(path, &error, CURE))?;
    let mut file = BufReader::new(file);
    let pages = walk(&mut file).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => fail(path, &"it is cut off or no TIFF", CURE),
        _ => fail(path, &error, CURE),
    })?;
    match pages {
        Some(pages) if pages > 0 => Ok(pages),
        _ => Err(fail(path, &"it is not a TIFF file with pages", CURE)),
    }
}

/// Follows the chain of directories (TIFF 6.0, section 2); a chain that never ends is no TIFF.
fn walk(file: &mut (impl Read + Seek)) -> std::io::Result<Option<u32>> {
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    let [m0, m1, v0, v1, at @ ..] = head;
    let big = match ([m0, m1], [v0, v1]) {
        ([b'I', b'I'], [42, 0]) => false,
        ([b'M', b'M'], [0, 42]) => true,
        _ => return Ok(None),
    };
    let word = |b: [u8; 4]| {
        if big {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        }
    };
    let half = |b: [u8; 2]| {
        if big {
            u16::from_be_bytes(b)
        } else {
            u16::from_le_bytes(b)
        }
    };
    let mut next = word(at);
    for pages in 0..=10_000 {
        if next == 0 {
            return Ok(Some(pages));
        }
        file.seek(SeekFrom::Start(u64::from(next)))?;
        let mut count = [0; 2];
        file.read_exact(&mut count)?;
        file.seek(SeekFrom::Current(12 * i64::from(half(count))))?;
        let mut link = [0; 4];
        file.read_exact(&mut link)?;
        next = word(link);
    }
    Ok(None)
}

/// A recording.
pub(super) enum Recorder {
    Wav {
        writer: WavWriter<BufWriter<File>>,
        path: PathBuf,
        samples: u64,
    },
    Memory(Vec<i16>),
}

impl Recorder {
    pub(super) fn new(path: Option<PathBuf>) -> Result<Self, SimError> {
        let Some(path) = path else {
            return Ok(Self::Memory(Vec::new()));
        };
        let spec = WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer = WavWriter::create(&path, spec)
            .map_err(|error| fail(&path, &error, "choose a file that can be written"))?;
        Ok(Self::Wav {
            writer,
            path,
            samples: 0,
        })
    }

    pub(super) fn add(&mut self, block: &[i16]) -> Result<(), SimError> {
        match self {
            Self::Memory(memory) => {
                let room = LONGEST.saturating_sub(memory.len());
                memory.extend(block.iter().take(room));
                Ok(())
            }
            Self::Wav {
                writer,
                path,
                samples,
            } => {
                for &sample in block {
                    writer
                        .write_sample(sample)
                        .map_err(|error| fail(path, &error, "make room on the disk"))?;
                }
                *samples += block.len() as u64;
                Ok(())
            }
        }
    }

    pub(super) fn state(&self) -> (Option<PathBuf>, u64) {
        match self {
            Self::Memory(memory) => (None, memory.len() as u64),
            Self::Wav { path, samples, .. } => (Some(path.clone()), *samples),
        }
    }

    /// Closes it: file, number of samples, memory.
    pub(super) fn finish(self) -> Result<(Option<PathBuf>, u64, Vec<i16>), SimError> {
        match self {
            Self::Memory(memory) => Ok((None, memory.len() as u64, memory)),
            Self::Wav {
                writer,
                path,
                samples,
            } => {
                writer
                    .finalize()
                    .map_err(|error| fail(&path, &error, "make room on the disk"))?;
                Ok((Some(path), samples, Vec::new()))
            }
        }
    }
}

/// The error of a file.
pub(super) fn fail(path: &Path, reason: &dyn ToString, cure: &'static str) -> SimError {
    SimError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
        cure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn tiff_chains_are_counted_and_bad_ones_refused() {
        let mut tiff = b"II*\0\x08\0\0\0".to_vec();
        tiff.extend([0, 0, 14, 0, 0, 0]);
        tiff.extend([0, 0, 0, 0, 0, 0]);
        assert_eq!(walk(&mut Cursor::new(&tiff)).unwrap(), Some(2));
        // A directory that names itself.
        let mut endless = b"II*\0\x08\0\0\0".to_vec();
        endless.extend([0, 0, 8, 0, 0, 0]);
        assert_eq!(walk(&mut Cursor::new(&endless)).unwrap(), None);
        assert_eq!(walk(&mut Cursor::new(b"GIF89a..")).unwrap(), None);
        assert!(walk(&mut Cursor::new(&tiff[..15])).is_err());
        assert!(walk(&mut Cursor::new(b"II*")).is_err());
    }

    #[test]
    fn a_missing_wav_names_the_file_and_the_cure() {
        let error = load_wav(Path::new("/nonexistent/a.wav")).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("/nonexistent/a.wav: "), "{text}");
        assert!(text.ends_with("give a WAV file that can be read"), "{text}");
    }
}
