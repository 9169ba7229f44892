//! WAV files as the simulated phones play and record them: 8 kHz, mono, 16 bit.

use std::path::Path;

/// Samples a second.
pub const RATE: u32 = 8000;

const SPEC: hound::WavSpec = hound::WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: hound::SampleFormat::Int,
};

/// Writes a whole file.
pub fn write(path: &Path, samples: &[i16]) -> Result<(), String> {
    let write = || {
        let mut wav = hound::WavWriter::create(path, SPEC)?;
        samples.iter().try_for_each(|s| wav.write_sample(*s))?;
        wav.finalize()
    };
    write().map_err(|e: hound::Error| format!("{}: {e}", path.display()))
}

/// The samples of a file that is complete; the error names it.
pub fn read(path: &Path) -> Result<Vec<i16>, String> {
    let named = |e: hound::Error| format!("{}: {e}", path.display());
    let wav = hound::WavReader::open(path).map_err(named)?;
    if wav.spec() != SPEC {
        return Err(format!("{}: not 8 kHz mono 16 bit", path.display()));
    }
    let samples: Result<Vec<i16>, _> = wav.into_samples().collect();
    samples.map_err(named)
}

/// The samples of a file that somebody still writes: its header of 44 bytes does not know their number yet. None while there
/// is no file.
pub fn so_far(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let samples = bytes.get(44..).unwrap_or_default().as_chunks().0;
    samples.iter().map(|s| i16::from_le_bytes(*s)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_another_kind_of_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wav");
        assert!(so_far(&file).is_empty());
        let samples = [0, 1, -2, i16::MAX, i16::MIN];
        write(&file, &samples).unwrap();
        assert_eq!(read(&file).unwrap(), samples);
        assert_eq!(so_far(&file), samples);
        // Cut off, as one is that grows: its header promises more than there is.
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
        assert!(read(&file).unwrap_err().contains("a.wav"));
        assert_eq!(so_far(&file), samples[..3]);
        let wide = hound::WavSpec {
            sample_rate: 16_000,
            ..SPEC
        };
        hound::WavWriter::create(&file, wide)
            .and_then(hound::WavWriter::finalize)
            .unwrap();
        assert!(read(&file).unwrap_err().contains("not 8 kHz"));
    }
}
