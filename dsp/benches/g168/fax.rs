//! Fax calls between two ports with bad hybrids: each fax hears its own echo come back over the network unless a
//! canceller takes it away.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use tipring_dsp::{EchoCanceller, Law};
use tipring_spandsp::{FaxSettings, FaxTerminal};

use super::models::MODELS;
use super::rig::{Echo, hybrid};
use super::signals::{Chance, white};

const BLOCK: usize = 80;
const ROW_BYTES: usize = 1728 / 8;
const ROWS: usize = 300;
/// Delay in one direction between the ports: two packets and a fixed jitter buffer.
const NETWORK_BLOCKS: usize = 10;
/// A call is given up after this time, s.
const PATIENCE: usize = 180;

/// One port with its fax.
struct End {
    terminal: FaxTerminal,
    echo: Echo,
    canceller: Box<dyn EchoCanceller>,
    gain: f64,
    /// What the network holds for this end.
    coming: VecDeque<i16>,
}

impl End {
    /// A block: what the network gave goes to the fax, what the line gives goes to the network.
    fn block(&mut self, law: Law, noise: &[f64], out: &mut VecDeque<i16>) {
        let mut heard = [0i16; BLOCK];
        for sample in &mut heard {
            *sample = law.decode(law.encode(self.coming.pop_front().unwrap_or(0)));
        }
        let quieter = |x: i16| (f64::from(x) * self.gain).round() as i16;
        self.terminal.rx(&heard.map(quieter));
        let mut said = [0i16; BLOCK];
        self.terminal.tx(&mut said);
        let echo = self.echo.of(&heard);
        let mut line = [0i16; BLOCK];
        for (i, sample) in line.iter_mut().enumerate() {
            let sum = f64::from(said[i]) * self.gain + f64::from(echo[i]) + noise[i];
            *sample = law.decode(law.encode(sum.round() as i16));
        }
        self.canceller.process(&mut line, &heard);
        out.extend(line);
    }
}

/// Of `calls` calls of a page each, how many succeeded.
pub(crate) fn pages(
    calls: usize,
    erl_db: f64,
    ecm: bool,
    make: &mut dyn FnMut() -> Box<dyn EchoCanceller>,
) -> usize {
    let dir = std::env::temp_dir().join(format!("tipring-g168-{}", std::process::id()));
    let page = page(&dir);
    let passed = (0..calls)
        .filter(|n| call(*n, erl_db, ecm, &page, dir.join("got.tif"), make))
        .count();
    let _ = std::fs::remove_dir_all(&dir);
    passed
}

/// A page to send, in a folder that is made for it.
pub(crate) fn page(dir: &Path) -> PathBuf {
    std::fs::create_dir_all(dir).expect("a folder for the pages");
    let page = dir.join("page.tif");
    std::fs::write(&page, tiff()).expect("a page to send");
    page
}

fn call(
    n: usize,
    erl_db: f64,
    ecm: bool,
    page: &Path,
    got: PathBuf,
    make: &mut dyn FnMut() -> Box<dyn EchoCanceller>,
) -> bool {
    let mut chance = Chance(77 + n as u64);
    let mut end = |settings: FaxSettings, model: usize| End {
        terminal: FaxTerminal::new(&FaxSettings { ecm, ..settings }).expect("a fax"),
        echo: Echo::new(hybrid(&MODELS[model % 8], erl_db, 8)),
        canceller: make(),
        // Loops of 1 to 5 dB.
        gain: 10f64.powf(-(1.0 + 4.0 * chance.unit()) / 20.0),
        coming: VecDeque::from(vec![0; NETWORK_BLOCKS * BLOCK]),
    };
    let mut sender = end(FaxSettings::sender(page), n);
    let mut receiver = end(FaxSettings::receiver(got), n + 3);
    let law = if n.is_multiple_of(2) { Law::Mu } else { Law::A };
    let noise = white(8000, -60.0, 99 + n as u64);
    for block in 0..PATIENCE * 100 {
        let at = block % 100 * BLOCK;
        let noise = &noise[at..at + BLOCK];
        sender.block(law, noise, &mut receiver.coming);
        receiver.block(law, noise, &mut sender.coming);
        if let (Some(a), Some(b)) = (sender.terminal.result(), receiver.terminal.result()) {
            return a.is_ok() && b.is_ok() && b.stats.pages_rx == 1;
        }
    }
    false
}

/// A page of stripes by chance, about as hard to code as text.
fn tiff() -> Vec<u8> {
    let mut chance = Chance(5);
    let mut bits = vec![0u8; ROW_BYTES * ROWS];
    for row in bits.chunks_mut(ROW_BYTES) {
        let (mut x, mut black) = (0usize, false);
        while x < 1728 {
            let run = 1 + (chance.unit() * if black { 12.0 } else { 60.0 }) as usize;
            for x in x..(x + run).min(1728) {
                row[x / 8] |= u8::from(black) << (7 - x % 8);
            }
            (x, black) = (x + run, !black);
        }
    }
    let mut file: Vec<u8> = b"II\x2a\x00\x00\x00\x00\x00".to_vec();
    let strip = file.len() as u32;
    file.extend(bits);
    let resolution = file.len() as u32;
    for value in [204u32, 1, 98, 1] {
        file.extend(value.to_le_bytes());
    }
    let directory = file.len() as u32;
    file[4..8].copy_from_slice(&directory.to_le_bytes());
    // Tag, type and value (TIFF 6.0): bilevel, uncompressed, 1728 wide, 204 by 98 to the inch.
    let entries: [(u16, u16, u32); 13] = [
        (254, 4, 2),
        (256, 4, 1728),
        (257, 4, ROWS as u32),
        (258, 3, 1),
        (259, 3, 1),
        (262, 3, 0),
        (273, 4, strip),
        (277, 3, 1),
        (278, 4, ROWS as u32),
        (279, 4, (ROW_BYTES * ROWS) as u32),
        (282, 5, resolution),
        (283, 5, resolution + 8),
        (296, 3, 2),
    ];
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}
