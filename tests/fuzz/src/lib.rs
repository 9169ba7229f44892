//! First inputs for the fuzz targets: a fuzzer that starts from real conversations finds its way in.
#![forbid(unsafe_code)]

/// The first inputs of a target; none for a target that needs none.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "frame_decode" => frames(),
        "station_input" => conversations("frames-server.tsv", &[22, 2, 1, 1], 12),
        "callmanager_input" => (0..4)
            .flat_map(|dialect| conversations("frames-client.tsv", &[dialect], 7))
            .collect(),
        "config" => vec![
            include_bytes!("../../../packaging/tipring.toml").to_vec(),
            // The same with every default uncommented.
            include_str!("../../../packaging/tipring.toml")
                .lines()
                .map(|l| l.strip_prefix('#').unwrap_or(l))
                .collect::<Vec<_>>()
                .join("\n")
                .into_bytes(),
        ],
        "control_line" => vec![
            b"\xff{\"id\":1,\"request\":{\"type\":\"status\"}}\n".to_vec(),
            b"\x07{\"id\":2,\"request\":{\"type\":\"sim\",\"port\":1,\"action\":{\"action\":\"lift\"}}}\n".to_vec(),
            b"\xff{\"id\":3,\"request\":{\"type\":\"trace\",\"ports\":[1,2]}}\n".to_vec(),
        ],
        _ => Vec::new(),
    }
}

/// Every captured frame behind the two bytes that `frame_decode` takes first: version, size of the pieces.
fn frames() -> Vec<Vec<u8>> {
    let text = [
        include_str!("../../wire/golden/frames-server.tsv"),
        include_str!("../../wire/golden/frames-client.tsv"),
    ];
    text.iter()
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

/// Captured frames, forty a seed, each behind the step that hands bytes over and its own length: programs for
/// [`Program`]. `start` comes first.
fn conversations(file: &str, start: &[u8], step: u8) -> Vec<Vec<u8>> {
    let text = if file == "frames-server.tsv" {
        include_str!("../../wire/golden/frames-server.tsv")
    } else {
        include_str!("../../wire/golden/frames-client.tsv")
    };
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

/// A fuzzer's input read as a list of steps with arguments. What is missing at the end is 0 or empty.
#[derive(Debug)]
pub struct Program<'a> {
    rest: &'a [u8],
}

impl<'a> Program<'a> {
    /// The program in these bytes.
    pub fn new(input: &'a [u8]) -> Program<'a> {
        Program { rest: input }
    }

    /// The next step; `None` at the end.
    pub fn next_step(&mut self) -> Option<u8> {
        let (step, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*step)
    }

    /// One byte as an argument.
    pub fn byte(&mut self) -> u8 {
        self.next_step().unwrap_or(0)
    }

    /// Bytes behind their own length.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        bytes
    }
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
