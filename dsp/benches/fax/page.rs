//! Pages to send, and what arrived of them.

use std::path::Path;
use std::process::Command;

use super::chance::Chance;

const WIDTH: usize = 1728;
const ROW: usize = WIDTH / 8;

/// Rows of a page with 1 for black.
pub(crate) type Rows = Vec<[u8; ROW]>;

/// Stripes by chance, about as hard to code as dense text.
pub(crate) fn stripes(rows: usize) -> Rows {
    let mut chance = Chance(5);
    (0..rows)
        .map(|_| {
            let mut row = [0; ROW];
            let (mut x, mut black) = (0, false);
            while x < WIDTH {
                let run = 1 + (chance.unit() * if black { 12.0 } else { 60.0 }) as usize;
                for x in x..(x + run).min(WIDTH) {
                    row[x / 8] |= u8::from(black) << (7 - x % 8);
                }
                (x, black) = (x + run, !black);
            }
            row
        })
        .collect()
}

/// A TIFF of pages, uncompressed, 204 by 98 to the inch, as a scanner would store them.
pub(crate) fn write(path: &Path, pages: &[Rows]) {
    let mut file: Vec<u8> = b"II\x2a\x00".to_vec();
    let mut link = file.len();
    file.extend([0; 4]);
    for page in pages {
        let strip = file.len() as u32;
        file.extend(page.iter().flatten());
        let rationals = file.len() as u32;
        for value in [204_u32, 1, 98, 1] {
            file.extend(value.to_le_bytes());
        }
        let directory = file.len() as u32;
        file[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let entries: [(u16, u16, u32); 13] = [
            (254, 4, 2),
            (256, 4, WIDTH as u32),
            (257, 4, page.len() as u32),
            (258, 3, 1),
            (259, 3, 1),
            (262, 3, 0),
            (273, 4, strip),
            (277, 3, 1),
            (278, 4, page.len() as u32),
            (279, 4, (ROW * page.len()) as u32),
            (282, 5, rationals),
            (283, 5, rationals + 8),
            (296, 3, 2),
        ];
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    std::fs::write(path, file).expect("a page file");
}

/// The pages of a TIFF, as `tiffcp` (libtiff-tools) unpacks it; none when there is no readable one.
pub(crate) fn read(path: &Path) -> Vec<Rows> {
    let plain = path.with_extension("plain.tif");
    let unpacked = Command::new("tiffcp")
        .args(["-c", "none", "-s", "-r", "100000", "-f", "msb2lsb", "-L"])
        .args([path, &plain])
        .output()
        .expect("tiffcp runs; install libtiff-tools");
    if !unpacked.status.success() {
        return Vec::new();
    }
    let file = std::fs::read(&plain).expect("what tiffcp wrote");
    let u16_at = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|n| file[at + n])) as usize;
    let mut pages = Vec::new();
    let mut directory = u32_at(4);
    while directory != 0 {
        let count = usize::from(u16_at(directory));
        let (mut strip, mut bytes, mut photometric) = (0, 0, 0);
        for entry in (0..count).map(|n| directory + 2 + n * 12) {
            let value = match u16_at(entry + 2) {
                3 => usize::from(u16_at(entry + 8)),
                _ => u32_at(entry + 8),
            };
            match u16_at(entry) {
                262 => photometric = value,
                273 => strip = value,
                279 => bytes = value,
                _ => {}
            }
        }
        let rows = file[strip..strip + bytes].as_chunks::<ROW>().0;
        pages.push(
            rows.iter()
                .map(|row| row.map(|o| if photometric == 1 { !o } else { o }))
                .collect(),
        );
        directory = u32_at(directory + 2 + count * 12);
    }
    pages
}

/// Rows of what was sent that are not in what arrived, in order.
pub(crate) fn spoilt(sent: &Rows, got: &Rows) -> usize {
    let mut at = 0;
    let mut kept = 0;
    for row in sent {
        // A spoilt row may take its neighbour along or double it.
        if let Some(found) = got.iter().skip(at).take(8).position(|g| g == row) {
            at += found + 1;
            kept += 1;
        }
    }
    sent.len() - kept
}
