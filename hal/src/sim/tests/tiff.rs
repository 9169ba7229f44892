//! Fax pages for the tests: drawn, written, read back through libtiff's tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const WIDTH: usize = 1728;
pub(super) const ROWS: usize = 300;
const ROW_BYTES: usize = WIDTH / 8;

/// A directory of its own for a test, removed at its end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("tipring-sim-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bits of a page, 1 is black: stripes that differ from page to page, and a speckled band.
pub(super) fn pixels(page: usize) -> Vec<u8> {
    let mut seed = page as u32 + 1;
    (0..ROWS * ROW_BYTES)
        .map(|i| {
            let (x, y) = (i % ROW_BYTES, i / ROW_BYTES);
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let speckled = (100..120).contains(&y) && (seed >> 24) < 40;
            let striped = (x + y / 4) % 16 == page || y % 50 == 7;
            if speckled {
                (seed >> 16) as u8
            } else if striped {
                0x3C
            } else {
                0
            }
        })
        .collect()
}

/// An uncompressed bilevel TIFF at 204 × 98 dpi.
pub(super) fn write(path: &Path, pages: usize) {
    let mut file: Vec<u8> = b"II\x2a\x00".to_vec();
    let mut link = file.len();
    file.extend([0; 4]);
    for page in 0..pages {
        let strip = file.len() as u32;
        file.extend(pixels(page));
        let rationals = file.len() as u32;
        for value in [204u32, 1, 98, 1] {
            file.extend(value.to_le_bytes());
        }
        let directory = file.len() as u32;
        file[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let entries: [(u16, u16, u32); 13] = [
            (254, 4, 2),
            (256, 4, WIDTH as u32),
            (257, 4, ROWS as u32),
            (258, 3, 1),
            (259, 3, 1),
            (262, 3, 0),
            (273, 4, strip),
            (277, 3, 1),
            (278, 4, ROWS as u32),
            (279, 4, (ROW_BYTES * ROWS) as u32),
            (282, 5, rationals),
            (283, 5, rationals + 8),
            (296, 3, 2),
        ];
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(1u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    fs::write(path, file).unwrap();
}

/// The pages of any bilevel TIFF, as bits with 1 black; `tiffcp` (libtiff-tools) decompresses.
pub(super) fn read(path: &Path) -> Vec<Vec<u8>> {
    let plain = path.with_extension("plain.tif");
    let status = Command::new("tiffcp")
        .args(["-c", "none", "-s", "-r", "100000", "-f", "msb2lsb", "-L"])
        .args([path, &plain])
        .status()
        .expect("tiffcp runs; install libtiff-tools");
    assert!(status.success(), "tiffcp failed on {}", path.display());
    let file = fs::read(&plain).unwrap();
    let half = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let mut pages = Vec::new();
    let mut directory = word(4);
    while directory != 0 {
        let count = usize::from(half(directory));
        let (mut strip, mut bytes, mut photometric) = (0, 0, 0);
        for entry in (0..count).map(|n| directory + 2 + n * 12) {
            let value = match half(entry + 2) {
                3 => usize::from(half(entry + 8)),
                _ => word(entry + 8),
            };
            match half(entry) {
                262 => photometric = value,
                273 => strip = value,
                279 => bytes = value,
                _ => {}
            }
        }
        let mut bits = file[strip..strip + bytes].to_vec();
        if photometric == 1 {
            bits.iter_mut().for_each(|byte| *byte = !*byte);
        }
        pages.push(bits);
        directory = word(directory + 2 + count * 12);
    }
    pages
}
