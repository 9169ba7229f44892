//! Two terminals back to back pass pages; the far ends of a call hang up at bad moments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

const WIDTH: usize = 1728;
const ROWS: usize = 200;
const ROW_BYTES: usize = WIDTH / 8;

/// A directory of its own for a test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("tipring-fax-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bits of a page, 1 is black: a frame, diagonals and a page number in bars.
fn pixels(page: usize) -> Vec<u8> {
    let mut bits = vec![0_u8; ROW_BYTES * ROWS];
    let mut set = |x: usize, y: usize| bits[y * ROW_BYTES + x / 8] |= 0x80 >> (x % 8);
    for y in 0..ROWS {
        for x in 0..WIDTH {
            let frame = !(16..WIDTH - 16).contains(&x) || !(4..ROWS - 4).contains(&y);
            let diagonal = (x + y * 5) % 400 < 12;
            let bar = (40..60).contains(&y) && x / 50 % 2 == 1 && x / 100 <= page;
            if frame || diagonal || bar {
                set(x, y);
            }
        }
    }
    bits
}

/// An uncompressed bilevel TIFF, R8 by 3.85 lines/mm, as a scanner would store it.
fn write_tiff(path: &Path, pages: usize) {
    let mut file: Vec<u8> = b"II\x2a\x00".to_vec();
    let mut link = file.len();
    file.extend([0; 4]);
    for page in 0..pages {
        let strip = file.len() as u32;
        file.extend(pixels(page));
        let rationals = file.len() as u32;
        for value in [204_u32, 1, 98, 1] {
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
            file.extend(1_u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    fs::write(path, file).unwrap();
}

/// The pages of any bilevel TIFF, as bits with 1 black; `tiffcp` (libtiff-tools) decompresses.
fn read_tiff(path: &Path) -> Vec<Vec<u8>> {
    let plain = path.with_extension("plain.tif");
    let status = Command::new("tiffcp")
        .args(["-c", "none", "-s", "-r", "100000", "-f", "msb2lsb", "-L"])
        .args([path, &plain])
        .status()
        .expect("tiffcp runs; install libtiff-tools");
    assert!(status.success(), "tiffcp failed on {}", path.display());
    let file = fs::read(&plain).unwrap();
    let u16_at = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(&file[..4], b"II\x2a\x00");
    let mut pages = Vec::new();
    let mut directory = u32_at(4);
    while directory != 0 {
        let count = usize::from(u16_at(directory));
        let (mut strip, mut bytes, mut photometric) = (0, 0, 0);
        for entry in (0..count).map(|n| directory + 2 + n * 12) {
            assert!(
                u32_at(entry + 4) == 1 || u16_at(entry) != 273,
                "one strip a page"
            );
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
        let mut bits = file[strip..strip + bytes].to_vec();
        if photometric == 1 {
            bits.iter_mut().for_each(|byte| *byte = !*byte);
        }
        pages.push(bits);
        directory = u32_at(directory + 2 + count * 12);
    }
    pages
}

/// Runs a call for at most `seconds`, 20 ms at a time, until both are done.
fn call(a: &mut FaxTerminal, b: &mut FaxTerminal, seconds: usize) {
    let (mut from_a, mut from_b) = ([0; 160], [0; 160]);
    for _ in 0..seconds * 50 {
        a.tx(&mut from_a);
        b.tx(&mut from_b);
        a.rx(&from_b);
        b.rx(&from_a);
        if !a.is_active() && !b.is_active() {
            return;
        }
    }
}

fn events(terminal: &mut FaxTerminal) -> Vec<FaxEvent> {
    std::iter::from_fn(|| terminal.poll_event()).collect()
}

fn pass(
    scratch: &Scratch,
    mut sender: FaxSettings,
    mut receiver: FaxSettings,
) -> (FaxResult, FaxResult) {
    sender.local_ident = "+1 555 0100".into();
    receiver.local_ident = "+1 555 0199".into();
    let mut a = FaxTerminal::new(&sender).unwrap();
    let mut b = FaxTerminal::new(&receiver).unwrap();
    call(&mut a, &mut b, 120);
    let (sent, received) = (a.result().unwrap(), b.result().unwrap());
    assert!(sent.is_ok(), "{sent:?}");
    assert!(received.is_ok(), "{received:?}");
    assert_eq!(a.remote_ident().as_deref(), Some("+1 555 0199"));
    assert_eq!(b.remote_ident().as_deref(), Some("+1 555 0100"));
    assert!(scratch.file("rx.tif").exists());
    (sent, received)
}

#[test]
fn a_page_passes_pixel_for_pixel_with_and_without_ecm() {
    for ecm in [true, false] {
        let scratch = Scratch::new(&format!("page-{ecm}"));
        write_tiff(&scratch.file("tx.tif"), 1);
        let mut sender = FaxSettings::sender(scratch.file("tx.tif"));
        sender.ecm = ecm;
        let receiver = FaxSettings::receiver(scratch.file("rx.tif"));
        let (sent, received) = pass(&scratch, sender, receiver);
        assert_eq!(sent.text, "OK");
        for (stats, pages) in [(sent.stats, (1, 0)), (received.stats, (0, 1))] {
            assert_eq!((stats.pages_tx, stats.pages_rx), pages);
            assert_eq!((stats.bit_rate, stats.ecm), (14_400, ecm));
            assert_eq!((stats.width, stats.length), (1728, 200));
            assert_eq!((stats.x_resolution, stats.y_resolution), (8031, 3850));
            assert_eq!((stats.bad_rows, stats.ecm_retries), (0, 0));
        }
        let got = read_tiff(&scratch.file("rx.tif"));
        assert_eq!(got.len(), 1);
        assert!(got[0] == pixels(0), "the page arrived changed");
    }
}

#[test]
fn events_come_in_the_order_of_the_phases() {
    let scratch = Scratch::new("events");
    write_tiff(&scratch.file("tx.tif"), 2);
    let mut a = FaxTerminal::new(&FaxSettings::sender(scratch.file("tx.tif"))).unwrap();
    let mut b = FaxTerminal::new(&FaxSettings::receiver(scratch.file("rx.tif"))).unwrap();
    call(&mut a, &mut b, 120);
    let shape = |events: Vec<FaxEvent>| -> Vec<String> {
        events
            .iter()
            .map(|event| match event {
                FaxEvent::Negotiating { frame } => format!("B {frame}"),
                FaxEvent::PageEnd { frame, .. } => format!("D {frame}"),
                FaxEvent::Finished(result) => format!("E {}", result.text),
            })
            .collect()
    };
    let (a, b) = (shape(events(&mut a)), shape(events(&mut b)));
    assert_eq!(a, ["B DIS", "D MCF", "D MCF", "E OK"]);
    assert_eq!(b, ["B DCS", "D MPS", "D EOP", "E OK"]);
}

#[test]
fn only_the_asked_pages_are_sent() {
    let scratch = Scratch::new("range");
    write_tiff(&scratch.file("tx.tif"), 4);
    let mut sender = FaxSettings::sender(scratch.file("tx.tif"));
    if let Some(pages) = &mut sender.tx_file {
        pages.first = Some(1);
        pages.last = Some(2);
    }
    let receiver = FaxSettings::receiver(scratch.file("rx.tif"));
    let (sent, received) = pass(&scratch, sender, receiver);
    assert_eq!((sent.stats.pages_tx, received.stats.pages_rx), (2, 2));
    let got = read_tiff(&scratch.file("rx.tif"));
    assert!(got == [pixels(1), pixels(2)], "other pages came");
}

#[test]
fn modems_offered_limit_the_rate() {
    for (v29, v17, rate) in [(false, false, 4800), (true, false, 9600)] {
        let scratch = Scratch::new(&format!("rate-{rate}"));
        write_tiff(&scratch.file("tx.tif"), 1);
        let mut receiver = FaxSettings::receiver(scratch.file("rx.tif"));
        receiver.modems = FaxModems {
            v27ter: true,
            v29,
            v17,
        };
        receiver.compressions = FaxCompressions {
            t4_1d: true,
            t4_2d: false,
            t6: false,
        };
        let sender = FaxSettings::sender(scratch.file("tx.tif"));
        let (sent, _) = pass(&scratch, sender, receiver);
        assert_eq!(sent.stats.bit_rate, rate);
        assert!(read_tiff(&scratch.file("rx.tif")) == [pixels(0)]);
    }
}

#[test]
fn a_header_line_adds_rows_above_the_page() {
    let scratch = Scratch::new("header");
    write_tiff(&scratch.file("tx.tif"), 1);
    let mut sender = FaxSettings::sender(scratch.file("tx.tif"));
    sender.header_line = "Tipring test page".into();
    let receiver = FaxSettings::receiver(scratch.file("rx.tif"));
    let (_, received) = pass(&scratch, sender, receiver);
    assert!(received.stats.length > 200, "{received:?}");
    let got = read_tiff(&scratch.file("rx.tif"));
    let header = got[0].len() - ROW_BYTES * ROWS;
    assert!(
        got[0][header..] == pixels(0),
        "the page below the header arrived changed"
    );
    assert!(
        got[0][..header].iter().any(|byte| *byte != 0),
        "the header is blank"
    );
}

#[test]
fn hanging_up_in_a_page_is_a_dropped_call() {
    let scratch = Scratch::new("drop");
    write_tiff(&scratch.file("tx.tif"), 1);
    let mut a = FaxTerminal::new(&FaxSettings::sender(scratch.file("tx.tif"))).unwrap();
    let mut b = FaxTerminal::new(&FaxSettings::receiver(scratch.file("rx.tif"))).unwrap();
    call(&mut a, &mut b, 10);
    assert_eq!((a.result(), b.result()), (None, None), "still talking");
    a.terminate();
    b.terminate();
    for terminal in [&mut a, &mut b] {
        let result = terminal.result().unwrap();
        assert!(!result.is_ok());
        assert_eq!(result.code, spandsp_sys::T30_ERR_CALLDROPPED);
        assert_eq!(events(terminal).last(), Some(&FaxEvent::Finished(result)));
        assert!(!terminal.is_active());
        terminal.terminate();
        terminal.rx(&[0; 1000]);
        assert_eq!(terminal.tx(&mut [0; 1000]), 1000);
    }
}

#[test]
fn a_page_file_that_is_missing_or_no_tiff_fails_the_call_quietly() {
    let scratch = Scratch::new("missing");
    fs::write(scratch.file("text.tif"), "this is not a TIFF file").unwrap();
    for name in ["none.tif", "text.tif"] {
        let mut a = FaxTerminal::new(&FaxSettings::sender(scratch.file(name))).unwrap();
        let mut b = FaxTerminal::new(&FaxSettings::receiver(scratch.file("rx.tif"))).unwrap();
        call(&mut a, &mut b, 60);
        let result = a.result().unwrap();
        assert_eq!(result.code, spandsp_sys::T30_ERR_FILEERROR, "{result:?}");
    }
}

#[test]
fn nobody_answering_ends_by_the_timers() {
    let scratch = Scratch::new("alone");
    write_tiff(&scratch.file("tx.tif"), 1);
    let mut a = FaxTerminal::new(&FaxSettings::sender(scratch.file("tx.tif"))).unwrap();
    let mut out = [0; 8000];
    for _ in 0..90 {
        a.tx(&mut out);
        a.rx(&[0; 8000]);
    }
    let result = a.result().unwrap();
    assert_eq!(result.code, spandsp_sys::T30_ERR_T0_EXPIRED, "{result:?}");
}

#[test]
fn without_transmit_on_idle_silence_is_no_signal() {
    let scratch = Scratch::new("idle");
    let mut settings = FaxSettings::receiver(scratch.file("rx.tif"));
    settings.caller = true;
    settings.transmit_on_idle = false;
    let mut a = FaxTerminal::new(&settings).unwrap();
    a.terminate();
    let mut out = [7; 500];
    assert_eq!(a.tx(&mut out), 0);
    assert_eq!(out, [0; 500]);
    settings.transmit_on_idle = true;
    let mut b = FaxTerminal::new(&settings).unwrap();
    b.terminate();
    assert_eq!(b.tx(&mut out), 500);
    assert_eq!((b.tx(&mut []), b.remote_ident()), (0, None));
    b.rx(&[]);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let sender = FaxSettings::sender("/tmp/x.tif");
    let refused = |change: &dyn Fn(&mut FaxSettings)| {
        let mut settings = sender.clone();
        change(&mut settings);
        FaxTerminal::new(&settings).err().expect("refused")
    };
    let setting = |error| matches!(error, Error::FaxSetting { .. });
    assert!(setting(refused(&|s| s.tx_file = None)));
    assert!(setting(refused(&|s| s.modems.v27ter = false)));
    assert!(setting(refused(&|s| s.compressions.t4_1d = false)));
    assert!(setting(refused(&|s| {
        if let Some(pages) = &mut s.tx_file {
            (pages.first, pages.last) = (Some(2), Some(1));
        }
    })));
    let long = |error| matches!(error, Error::TooLong { .. });
    assert!(long(refused(&|s| s.local_ident = "1".repeat(21))));
    assert!(long(refused(&|s| s.header_line = "x".repeat(51))));
    assert!(long(refused(&|s| s.rx_file = Some("x".repeat(256).into()))));
    let bad = |error| matches!(error, Error::BadCharacter { .. });
    assert!(bad(refused(&|s| s.local_ident = "1\u{0}2".into())));
    assert!(bad(refused(&|s| s.header_line = "Bjørn".into())));
    assert!(bad(refused(&|s| s.rx_file = Some("a\u{0}b".into()))));
}

#[test]
fn nothing_is_ever_printed() {
    // Runs the noisiest tests in a process of their own and looks at what it wrote.
    let noisy = [
        "fax::tests::a_page_file_that_is_missing_or_no_tiff_fails_the_call_quietly",
        "fax::tests::hanging_up_in_a_page_is_a_dropped_call",
        "fax::tests::nobody_answering_ends_by_the_timers",
    ];
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1", "--quiet"])
        .args(noisy)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = stdout.lines().filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        ["running 3 tests", "...", summary] if summary.starts_with("test result: ok. 3 passed") => {
        }
        other => panic!("something was printed: {other:?}"),
    }
}
