//! Fax pages: drawn here, written as TIFF for the fax machines, read back through libtiff and compared pixel
//! by pixel.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use font8x8::UnicodeFonts;

/// Pixels in a G3 scan line (A4, 204 dpi).
pub const WIDTH: usize = 1728;
const BYTES_PER_ROW: usize = WIDTH / 8;

/// A black-and-white page, 1728 pixels wide; a set bit is black.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    rows: Vec<[u8; BYTES_PER_ROW]>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page({WIDTH}x{}, {} black)", self.height(), self.black())
    }
}

impl Page {
    /// A white page of `height` rows.
    pub fn blank(height: usize) -> Page {
        Page {
            rows: vec![[0; BYTES_PER_ROW]; height],
        }
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Black pixels.
    pub fn black(&self) -> usize {
        self.rows
            .iter()
            .flatten()
            .map(|b| b.count_ones() as usize)
            .sum()
    }

    /// Blackens one pixel; outside the page nothing happens.
    pub fn dot(&mut self, x: usize, y: usize) {
        if let (Some(row), true) = (self.rows.get_mut(y), x < WIDTH) {
            row[x / 8] |= 0x80 >> (x % 8);
        }
    }

    /// A line of text, `scale` pixels a dot (ASCII).
    pub fn text(&mut self, x: usize, y: usize, scale: usize, text: &str) {
        for (i, c) in text.chars().enumerate() {
            let Some(glyph) = font8x8::BASIC_FONTS.get(c) else {
                continue;
            };
            for (gy, bits) in glyph.iter().enumerate() {
                for gx in (0..8).filter(|gx| bits & (1 << gx) != 0) {
                    for dy in 0..scale {
                        for dx in 0..scale {
                            self.dot(x + (i * 8 + gx) * scale + dx, y + gy * scale + dy);
                        }
                    }
                }
            }
        }
    }

    /// A page to fax: a title, some lines of text, a frame, a ruler and a dithered wedge, all depending on `number`.
    pub fn letter(number: usize, height: usize) -> Page {
        let mut page = Page::blank(height);
        for x in 40..WIDTH - 40 {
            for t in 0..3 {
                page.dot(x, 20 + t);
                page.dot(x, height - 24 + t);
            }
        }
        page.text(80, 60, 8, &format!("TIPRING  PAGE {number}"));
        let mut y = 160;
        let mut seed = (number as u32).wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut line = 0;
        while y + 60 < height {
            line += 1;
            if line % 6 == 0 {
                // A wedge from white to black: the hard case for run-length coding.
                for dy in 0..24 {
                    for x in 80..WIDTH - 80 {
                        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        if (seed >> 16) as usize % (WIDTH - 160) < (x - 80) / 8 {
                            page.dot(x, y + dy);
                        }
                    }
                }
            } else {
                let text =
                    format!("{line:02}  tip to ring, ring to tip: page {number} line {line}");
                page.text(80, y, 3, &text);
            }
            y += 40;
        }
        page
    }

    /// A page to look at: an order form with a table, boxes and a signature.
    pub fn order(height: usize) -> Page {
        let mut page = Page::blank(height);
        page.text(120, 80, 9, "TIPRING");
        page.text(836, 88, 4, "tip to ring, ring to tip");
        page.bar(120, 180, 1488, 6);
        page.text(120, 220, 5, "ORDER  No. 2 / 1848");
        let lines = [
            "To:   Workshop, 2nd floor",
            "From: Reception, 1st floor",
            "",
            "Please send us at your earliest convenience:",
        ];
        for (i, line) in lines.iter().enumerate() {
            page.text(120, 310 + 44 * i, 3, line);
        }
        let rows = [
            ("Qty", "Article", "Each", "Sum"),
            ("12", "Handset cord, coiled, 2 m", "4.20", "50.40"),
            ("3", "Bell coil, 1000 ohm", "18.50", "55.50"),
            ("1", "Finger wheel with stop", "9.95", "9.95"),
            ("48", "Line transformer 600:600", "3.10", "148.80"),
            ("", "Total", "", "264.65"),
        ];
        for (i, (quantity, article, each, sum)) in rows.iter().enumerate() {
            let y = 520 + 64 * i;
            page.bar(
                120,
                y - 16,
                1488,
                if i < 2 || i + 1 == rows.len() { 4 } else { 1 },
            );
            page.text(140, y, 4, quantity);
            page.text(300, y, 4, article);
            page.text(1180, y, 4, each);
            page.text(1400, y, 4, sum);
        }
        let end = 520 + 64 * rows.len();
        page.bar(120, end - 16, 1488, 4);
        for x in [120, 276, 1156, 1376, 1604] {
            page.column(x, 504, end - 516);
        }
        page.text(120, end + 40, 3, "Kind regards,");
        // A signature: a wave with a growing loop, two dots thick.
        for t in 0..2400u32 {
            let a = f64::from(t) / 110.0;
            let x = 140.0 + f64::from(t) * 0.16 + 26.0 * a.cos();
            let y = end as f64 + 130.0 + (14.0 + f64::from(t) * 0.012) * a.sin();
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                page.dot(x as usize + dx, y as usize + dy);
            }
        }
        page.text(120, end + 200, 3, "sent by T.30 over G.711 over SCCP");
        page
    }

    /// A horizontal bar.
    fn bar(&mut self, x: usize, y: usize, width: usize, thick: usize) {
        for dy in 0..thick {
            for dx in 0..width {
                self.dot(x + dx, y + dy);
            }
        }
    }

    /// A vertical rule, four dots wide.
    fn column(&mut self, x: usize, y: usize, height: usize) {
        for dy in 0..height {
            for dx in 0..4 {
                self.dot(x + dx, y + dy);
            }
        }
    }

    /// The rows where two pages differ; `None` when the sizes differ.
    pub fn differing_rows(&self, other: &Page) -> Option<usize> {
        (self.height() == other.height()).then(|| {
            self.rows
                .iter()
                .zip(&other.rows)
                .filter(|(a, b)| a != b)
                .count()
        })
    }

    /// Rows of this page that are not as they were sent in what arrived of it; rows beyond its end count as well.
    pub fn rows_lost(&self, arrived: Option<&Page>) -> usize {
        let arrived = arrived.map_or(&[][..], |page| &page.rows);
        let wrong = self.rows.iter().zip(arrived).filter(|(a, b)| a != b);
        wrong.count() + self.height().abs_diff(arrived.len())
    }

    /// This page as it arrived: rows that are lost are hatched.
    #[must_use]
    pub fn as_arrived(&self, arrived: Option<&Page>) -> Page {
        let mut page = self.clone();
        let arrived = arrived.map_or(&[][..], |page| &page.rows);
        for (y, row) in page.rows.iter_mut().enumerate() {
            if arrived.get(y) != Some(row) {
                let stripe = 0xF000_0000u32.rotate_left(2 * y as u32);
                let hatch = stripe.to_be_bytes();
                row.iter_mut()
                    .zip(hatch.iter().cycle())
                    .for_each(|(b, h)| *b = *h);
            }
        }
        page
    }

    /// With a line of text above it.
    #[must_use]
    pub fn captioned(&self, text: &str) -> Page {
        const CAPTION: usize = 80;
        let mut page = Page::blank(CAPTION);
        page.text(40, 24, 3, text);
        page.bar(0, CAPTION - 4, WIDTH, 4);
        page.rows.extend(&self.rows);
        page
    }

    /// Writes a PNG to look at.
    pub fn write_png(&self, path: &Path) -> io::Result<()> {
        write_rows(path, WIDTH, self.rows.iter().map(|row| &row[..]))
    }
}

/// Writes a PNG of two pages of one height, side by side.
pub fn write_png_of_two(path: &Path, left: &Page, right: &Page) -> io::Result<()> {
    const BETWEEN: [u8; 4] = [0, 0xFF, 0xFF, 0];
    let rows: Vec<Vec<u8>> = left
        .rows
        .iter()
        .zip(&right.rows)
        .map(|(left, right)| [&left[..], &BETWEEN[..], &right[..]].concat())
        .collect();
    let width = 2 * WIDTH + 8 * BETWEEN.len();
    write_rows(path, width, rows.iter().map(|row| &row[..]))
}

/// A PNG of these rows; a set bit is black.
fn write_rows<'a>(
    path: &Path,
    width: usize,
    rows: impl ExactSizeIterator<Item = &'a [u8]>,
) -> io::Result<()> {
    let file = io::BufWriter::new(fs::File::create(path)?);
    let mut encoder = png::Encoder::new(file, width as u32, rows.len() as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    let data: Vec<u8> = rows.flatten().map(|b| !b).collect();
    writer.write_image_data(&data).map_err(io::Error::other)
}

/// Writes pages as an uncompressed bilevel multi-page TIFF (204×196 dpi, white is zero).
pub fn write_tiff(path: &Path, pages: &[Page]) -> io::Result<()> {
    const ENTRIES: usize = 12;
    let mut out = Vec::from(*b"II*\0\0\0\0\0");
    let mut link = 4; // where the offset of the next directory goes
    for (number, page) in pages.iter().enumerate() {
        let pixels = out.len() as u32;
        out.extend(page.rows.iter().flatten());
        let ratios = out.len() as u32;
        for n in [204u32, 1, 196, 1] {
            out.extend(n.to_le_bytes());
        }
        let directory = out.len() as u32;
        out[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let height = page.height() as u32;
        // tag, type (3 short, 4 long, 5 ratio), count, value or offset — TIFF 6.0 section 2, sorted by tag
        let entries: [(u16, u16, u32, u32); ENTRIES] = [
            (254, 4, 1, 2),                             // one page of many
            (256, 4, 1, WIDTH as u32),                  // width
            (257, 4, 1, height),                        // height
            (258, 3, 1, 1),                             // one bit a sample
            (259, 3, 1, 1),                             // uncompressed
            (262, 3, 1, 0),                             // white is zero
            (273, 4, 1, pixels),                        // the one strip
            (278, 4, 1, height),                        // rows in it
            (279, 4, 1, height * BYTES_PER_ROW as u32), // its bytes
            (282, 5, 1, ratios),                        // x resolution
            (283, 5, 1, ratios + 8),                    // y resolution
            (297, 3, 2, (pages.len() as u32) << 16 | number as u32),
        ];
        out.extend((ENTRIES as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        link = out.len();
        out.extend([0; 4]);
    }
    fs::File::create(path)?.write_all(&out)
}

/// Reads every page of a TIFF of any fax compression, decoded by libtiff (`tiffcp`), not by our code.
pub fn read_tiff(path: &Path) -> io::Result<Vec<Page>> {
    let plain = path.with_extension("plain.tif");
    let output = Command::new("tiffcp")
        .args(["-c", "none", "-r", "100000"])
        .arg(path)
        .arg(&plain)
        .output()
        .map_err(|e| {
            io::Error::new(
                e.kind(),
                format!("tiffcp: {e}; apt-get install libtiff-tools"),
            )
        })?;
    if !output.status.success() {
        // What it had begun.
        let _ = fs::remove_file(&plain);
        return Err(io::Error::other(format!(
            "tiffcp {}: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    let bytes = fs::read(&plain)?;
    fs::remove_file(&plain)?;
    uncompressed_pages(&bytes).ok_or_else(|| {
        io::Error::other(format!(
            "{}: no bilevel page of {WIDTH} pixels",
            path.display()
        ))
    })
}

/// The pages of an uncompressed little-endian bilevel TIFF as `tiffcp` writes it.
fn uncompressed_pages(bytes: &[u8]) -> Option<Vec<Page>> {
    let u16_at = |o: usize| Some(u16::from_le_bytes(bytes.get(o..o + 2)?.try_into().ok()?));
    let u32_at = |o: usize| Some(u32::from_le_bytes(bytes.get(o..o + 4)?.try_into().ok()?));
    if bytes.get(..4)? != b"II*\0" {
        return None;
    }
    let mut pages = vec![];
    let mut directory = u32_at(4)? as usize;
    while directory != 0 {
        let count = u16_at(directory)? as usize;
        let (mut width, mut height, mut white_is_zero, mut lsb_first) = (0, 0, true, false);
        let mut strips = vec![];
        for i in 0..count {
            let o = directory + 2 + i * 12;
            let (tag, kind, n) = (u16_at(o)?, u16_at(o + 2)?, u32_at(o + 4)? as usize);
            let value = if kind == 3 {
                u32::from(u16_at(o + 8)?)
            } else {
                u32_at(o + 8)?
            };
            match tag {
                256 => width = value as usize,
                257 => height = value as usize,
                262 => white_is_zero = value == 0,
                266 => lsb_first = value == 2,
                273 if n == 1 => strips.push(value as usize),
                273 => {
                    for k in 0..n {
                        strips.push(u32_at(value as usize + 4 * k)? as usize);
                    }
                }
                _ => {}
            }
        }
        if width != WIDTH || strips.len() != 1 {
            return None;
        }
        let mut page = Page::blank(height);
        for (y, row) in page.rows.iter_mut().enumerate() {
            let o = strips[0] + y * BYTES_PER_ROW;
            row.copy_from_slice(bytes.get(o..o + BYTES_PER_ROW)?);
            for b in row.iter_mut() {
                *b = if lsb_first { b.reverse_bits() } else { *b };
                *b = if white_is_zero { *b } else { !*b };
            }
        }
        pages.push(page);
        directory = u32_at(directory + 2 + count * 12)? as usize;
    }
    Some(pages)
}

/// Compares what was sent with what came: `Ok(pages)` when every pixel is the same.
///
/// A receiver may add no rows and lose none.
pub fn compare(sent: &Path, received: &Path) -> Result<usize, String> {
    let read = |p: &Path| read_tiff(p).map_err(|e| e.to_string());
    let (sent, received) = (read(sent)?, read(received)?);
    if sent.len() != received.len() {
        return Err(format!(
            "{} pages sent, {} received",
            sent.len(),
            received.len()
        ));
    }
    for (i, (s, r)) in sent.iter().zip(&received).enumerate() {
        match s.differing_rows(r) {
            Some(0) => {}
            Some(n) => return Err(format!("page {}: {n} of {} rows differ", i + 1, s.height())),
            None => {
                return Err(format!(
                    "page {}: {} rows sent, {} received",
                    i + 1,
                    s.height(),
                    r.height()
                ));
            }
        }
    }
    Ok(sent.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_survive_group_four_compression_and_one_dot_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b, c) = (
            dir.path().join("a.tif"),
            dir.path().join("b.tif"),
            dir.path().join("c.tif"),
        );
        let pages = vec![Page::letter(1, 400), Page::letter(2, 300)];
        write_tiff(&a, &pages).unwrap();
        let status = Command::new("tiffcp")
            .args(["-c", "g4"])
            .arg(&a)
            .arg(&b)
            .status();
        assert!(
            status
                .expect("tiffcp: apt-get install libtiff-tools")
                .success()
        );
        assert_eq!(compare(&a, &b), Ok(2));
        let mut other = pages;
        other[1].dot(5, 7);
        write_tiff(&c, &other).unwrap();
        assert_eq!(compare(&c, &b), Err("page 2: 1 of 300 rows differ".into()));
    }

    #[test]
    fn lost_rows_are_counted_and_hatched() {
        let sent = Page::letter(1, 300);
        assert_eq!(sent.rows_lost(Some(&sent)), 0);
        assert_eq!(sent.as_arrived(Some(&sent)), sent);
        let mut arrived = sent.clone();
        arrived.rows.truncate(200);
        arrived.dot(5, 7);
        assert_eq!(sent.rows_lost(Some(&arrived)), 101);
        assert_eq!(sent.rows_lost(None), 300);
        let shown = sent.as_arrived(Some(&arrived));
        let rows = |from, to| shown.rows[from..to] == sent.rows[from..to];
        assert!(rows(0, 7) && !rows(7, 8) && rows(8, 200) && !rows(200, 300));
        assert_eq!(
            shown.rows[250].iter().map(|b| b.count_ones()).sum::<u32>(),
            216
        );
        let mut longer = sent.clone();
        longer.rows.resize(310, [0; BYTES_PER_ROW]);
        assert_eq!(sent.rows_lost(Some(&longer)), 10);
    }
}
