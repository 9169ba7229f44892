//! `seeds TARGET DIR`: writes the target's first inputs into DIR.
#![forbid(unsafe_code)]

use std::path::Path;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(target), Some(directory)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: seeds TARGET DIR");
        std::process::exit(2);
    };
    std::fs::create_dir_all(&directory)?;
    for (i, seed) in tipring_fuzz::seeds(&target).iter().enumerate() {
        std::fs::write(Path::new(&directory).join(format!("seed-{i:05}")), seed)?;
    }
    Ok(())
}
