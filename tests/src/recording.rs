//! What a far end recorded of a call, while it does so.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tipring_dsp::measure;

use crate::set::HeardTone;
use crate::wav;

/// Removes what an earlier call recorded under this end of a name, before the next one begins.
pub fn forget(folder: &Path, name: &str) {
    for file in find(folder, name) {
        let _ = fs::remove_file(file);
    }
}

/// Files with this end of their names; none while there is no folder.
fn find(folder: &Path, name: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = files.map(|e| e.path());
    paths
        .filter(|p| p.to_string_lossy().ends_with(name))
        .collect()
}

/// The far end writes what it hears into a WAV file with this end of its name: waits until the last half second of that
/// is the tone.
pub fn recording_has(folder: &Path, name: &str, hz: f32, dbm0: f32) -> Result<HeardTone, String> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let samples = find(folder, name)
            .first()
            .map(|file| wav::so_far(file))
            .unwrap_or_default();
        let last = samples
            .get(samples.len().saturating_sub(4000)..)
            .unwrap_or_default();
        let heard = measure::dominant_tone(last);
        if let Some((got_hz, got_dbm0)) = heard {
            let tone = HeardTone {
                sent_hz: hz,
                sent_dbm0: dbm0,
                hz: got_hz as f32,
                dbm0: got_dbm0 as f32,
            };
            if tone.is_good() {
                return Ok(tone);
            }
        }
        if Instant::now() > end {
            let n = samples.len();
            return Err(format!("the far end heard {heard:?} in {n} samples"));
        }
        std::thread::sleep(Duration::from_millis(100)); // the file grows; deadline above
    }
}
