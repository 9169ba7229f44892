//! `tipring-fuzz-seeds TARGET DIR`: writes the target's first inputs into DIR. A fuzzer that starts from real
//! conversations finds its way in. `tipring-fuzz-seeds --words TARGET` prints words for libFuzzer's dictionary.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::path::Path;

const SERVER_FRAMES: &str = include_str!("../../../wire/golden/frames-server.tsv");
const CLIENT_FRAMES: &str = include_str!("../../../wire/golden/frames-client.tsv");
const SAMPLE: &str = include_str!("../../../../packaging/tipring.toml");

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--words", target] => {
            for word in words(target) {
                println!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
            }
        }
        [target, directory] => {
            std::fs::create_dir_all(directory)?;
            for (i, seed) in seeds(target).iter().enumerate() {
                std::fs::write(Path::new(directory).join(format!("seed-{i:05}")), seed)?;
            }
        }
        _ => {
            eprintln!("usage: tipring-fuzz-seeds TARGET DIR | --words TARGET");
            std::process::exit(2);
        }
    }
    Ok(())
}

/// The first inputs of a target; none for a target that needs none.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "frame_decode" => frames(),
        "station_input" => conversations(SERVER_FRAMES, &[22, 2, 1, 1], 12),
        // Registered, and lifted before the server speaks; step 17 hands bytes over.
        "device" => conversations(SERVER_FRAMES, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 10], 17),
        "callmanager_input" => (0..4)
            .flat_map(|dialect| conversations(CLIENT_FRAMES, &[dialect], 7))
            .collect(),
        "rtp" => vec![talk()],
        "rtcp" => vec![reports()],
        "config" => {
            // The same with every default, and with every example, uncommented.
            let bare = |marks: &[&str]| {
                let lines = SAMPLE.lines().map(|line| {
                    let mark = marks.iter().find_map(|mark| line.strip_prefix(mark));
                    mark.unwrap_or(line)
                });
                lines.collect::<Vec<_>>().join("\n").into_bytes()
            };
            vec![SAMPLE.into(), bare(&["# "]), bare(&["# ", "#: "])]
        }
        "control_line" => REQUESTS
            .iter()
            .enumerate()
            .map(|(id, request)| {
                format!("\u{7f}{{\"id\":{id},\"request\":{request}}}\n").into_bytes()
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What a mutation alone would not find.
fn words(target: &str) -> BTreeSet<String> {
    match target {
        "config" => SAMPLE
            .lines()
            .filter_map(|line| {
                line.strip_prefix("# ")
                    .or(line.strip_prefix("#: "))
                    .or(Some(line))
            })
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| match line.split_once(" = ") {
                Some((key, value)) => vec![format!("{key} = "), value.to_owned(), line.to_owned()],
                None => vec![line.to_owned()],
            })
            .filter(|word| !word.is_empty() && word.is_ascii())
            .collect(),
        "control_line" => REQUESTS
            .iter()
            .flat_map(|request| request.split_inclusive([',', ':', '{', '}']))
            .map(str::to_owned)
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// A request of each kind.
const REQUESTS: &[&str] = &[
    r#"{"type":"status"}"#,
    r#"{"type":"port-list"}"#,
    r#"{"type":"port-show","port":1}"#,
    r#"{"type":"call-list"}"#,
    r#"{"type":"call-show","id":4}"#,
    r#"{"type":"trace","ports":[1,2]}"#,
    r#"{"type":"sim","port":1,"action":{"action":"lift"}}"#,
    r#"{"type":"sim","port":1,"action":{"action":"flash","ms":300}}"#,
    r#"{"type":"sim","port":1,"action":{"action":"dial","digits":"12","pulse":false}}"#,
    r#"{"type":"sim","port":1,"action":{"action":"hybrid","loss_db":6.5,"delay_ms":null}}"#,
    r#"{"type":"sim","port":1,"action":{"action":"wait","until":{"for":"digits","digits":"12"},"timeout_ms":9}}"#,
];

/// Every captured frame behind the two bytes that `frame_decode` takes first: version, size of the pieces.
fn frames() -> Vec<Vec<u8>> {
    [SERVER_FRAMES, CLIENT_FRAMES]
        .iter()
        .flat_map(|file| file.lines())
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let version = columns.next()?.parse().ok()?;
            let mut seed = vec![version, u8::MAX];
            seed.extend(bytes(columns.nth(1)?)?);
            Some(seed)
        })
        .collect()
}

/// Captured frames, forty a seed, each behind the step that hands bytes over and its own length: programs as
/// `tipring_fuzz::Program` reads them. `start` comes first.
fn conversations(text: &str, start: &[u8], step: u8) -> Vec<Vec<u8>> {
    let frames: Vec<Vec<u8>> = text
        .lines()
        .filter_map(|line| bytes(line.split('\t').nth(2)?))
        .collect();
    frames
        .chunks(40)
        .map(|frames| {
            let mut seed = start.to_vec();
            for frame in frames {
                for piece in frame.chunks(usize::from(u8::MAX)) {
                    seed.push(step);
                    seed.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
                    seed.extend(piece);
                }
            }
            seed
        })
        .collect()
}

/// A second, a report of ours, and a sender report with a block about us, SDES and BYE behind it.
fn reports() -> Vec<u8> {
    let words = [
        0x81C8_000C_u32, 0x0A0B_0C0D, 0xE000_0000, 0x8000_0000, 160, 1, 160, 0x0102_0304, 0x1000_0003, 70_000, 40, 0xE000_8000,
        0x0001_0000, 0x81CA_0002, 0x0A0B_0C0D, 0x0101_6100, 0x81CB_0001, 0x0A0B_0C0D,
    ];
    let datagram: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    let length = u8::try_from(datagram.len()).unwrap_or(u8::MAX);
    let before = [0, 0xE8, 3, 1, 50, 0, 4, length, 0];
    [&before[..], &datagram].concat()
}

/// A second of a steady stream, each packet played in two blocks, with the sender at work beside it.
fn talk() -> Vec<u8> {
    let start = [0, 10, 50, 0, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let packet_and_blocks = [1, 0, 0, 6, 6, 12, 80, 12, 80];
    let mut seed = start.to_vec();
    for _ in 0..50 {
        seed.extend(packet_and_blocks);
    }
    seed
}

/// Hex in which `z12.` stands for twelve zero bytes (tests/wire/extract.py).
fn bytes(mut hex: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !hex.is_empty() {
        if let Some(rest) = hex.strip_prefix('z') {
            let (count, rest) = rest.split_once('.')?;
            out.resize(out.len() + count.parse::<usize>().ok()?, 0);
            hex = rest;
        } else {
            out.push(u8::from_str_radix(hex.get(..2)?, 16).ok()?);
            hex = &hex[2..];
        }
    }
    Some(out)
}
