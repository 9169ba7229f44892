//! The files of the phones: WAV in and out, the page count of a TIFF.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use hound::{SampleFormat, WavReader};
use nix::fcntl::OFlag;

use super::request::SimError;

pub(super) const RATE: u32 = 8000;
/// Ten minutes of samples: what is kept in memory, and the longest WAV that is played.
pub(super) const LONGEST: usize = 600 * RATE as usize;

/// The cure of a file that is no fax.
pub(super) const TIFF_CURE: &str = "give a TIFF file of fax pages (G3 or G4, 1728 pixels wide)";
const READ_CURE: &str = "give a regular file";
const WRITE_CURE: &str = "choose a regular file that can be written";

/// Reads a WAV file as 16-bit samples at 8 kHz.
///
/// Takes a regular file with integer and float samples, any number of channels (their mean), 8, 16, 24, 32 and 48 kHz
/// (each group of samples is averaged, good enough for speech), at most 10 minutes.
///
/// # Errors
/// [`SimError::File`] for a file that cannot be read, is no WAV, is empty, too long or at another rate.
pub fn load_wav(path: &Path) -> Result<Vec<i16>, SimError> {
    const CURE: &str = "give a WAV file that can be read";
    let file = BufReader::new(open_to_read(path, CURE)?);
    let mut reader = WavReader::new(file).map_err(|error| fail(path, &error, CURE))?;
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
    pages_of(path, &open_to_read(path, TIFF_CURE)?)
}

pub(super) fn pages_of(path: &Path, file: &File) -> Result<u32, SimError> {
    let mut file = BufReader::new(file);
    let pages = walk(&mut file).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => fail(path, &"it is cut off or no TIFF", TIFF_CURE),
        _ => fail(path, &error, TIFF_CURE),
    })?;
    match pages {
        Some(pages) if pages > 0 => Ok(pages),
        _ => Err(fail(path, &"it is not a TIFF file with pages", TIFF_CURE)),
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

/// Opens a file to be read. Waits neither for a writer of a pipe nor for a device.
///
/// # Errors
/// [`SimError::File`] for anything but a regular file, or a link to one.
pub(super) fn open_to_read(path: &Path, cure: &'static str) -> Result<File, SimError> {
    let failed = |error: io::Error| fail(path, &error, cure);
    // Looked at before it is opened: some devices do something when they are.
    regular(path, &path.metadata().map_err(failed)?, READ_CURE)?;
    read_what_is_there(path, cure)
}

/// The same of what was a regular file a moment ago: another may have taken its place.
pub(super) fn read_what_is_there(path: &Path, cure: &'static str) -> Result<File, SimError> {
    let failed = |error: io::Error| fail(path, &error, cure);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(failed)?;
    regular(path, &file.metadata().map_err(failed)?, READ_CURE)?;
    Ok(file)
}

/// Opens a file to be written, or makes it; what it holds stays. A link is not followed: whoever may make one in that folder
/// would choose which file is lost.
///
/// # Errors
/// [`SimError::File`] for anything but a regular file.
pub(super) fn open_to_write(path: &Path) -> Result<File, SimError> {
    let failed = |error: io::Error| fail(path, &error, WRITE_CURE);
    match path.symlink_metadata() {
        Ok(what) => regular(path, &what, WRITE_CURE)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    write_what_is_there(path)
}

/// The same of what was a regular file, or none, a moment ago: another may have taken its place.
pub(super) fn write_what_is_there(path: &Path) -> Result<File, SimError> {
    let failed = |error: io::Error| fail(path, &error, WRITE_CURE);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits())
        .open(path)
        .map_err(failed)?;
    regular(path, &file.metadata().map_err(failed)?, WRITE_CURE)?;
    Ok(file)
}

/// Whether a file could be written, as far as that can be known without making it.
///
/// # Errors
/// [`SimError::File`]: what is there is no regular file, or may not be written, or its folder is missing.
pub(super) fn writable(path: &Path) -> Result<(), SimError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        let cure = "make its folder, or choose another file";
        return Err(fail(path, &"its folder does not exist", cure));
    }
    match path.symlink_metadata() {
        Ok(_) => open_to_write(path).map(drop),
        Err(_) => Ok(()),
    }
}

fn regular(path: &Path, what: &Metadata, cure: &'static str) -> Result<(), SimError> {
    let kind = what.file_type();
    let is = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "it is a directory"
    } else if kind.is_symlink() {
        "it is a symbolic link"
    } else if kind.is_fifo() {
        "it is a named pipe (FIFO)"
    } else if kind.is_socket() {
        "it is a socket"
    } else {
        "it is a device"
    };
    Err(fail(path, &is, cure))
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
