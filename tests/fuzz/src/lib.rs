//! First inputs for the fuzz targets: a fuzzer that starts from real conversations finds its way in.
#![forbid(unsafe_code)]

/// The first inputs of a target; none for a target that needs none.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "frame_decode" => frames(),
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
