//! The canceller of speexdsp, as a user could pick it from Debian: a small C program, built here and talked to over
//! pipes, so that nothing of the gateway links it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tipring_dsp::EchoCanceller;

const BLOCK: usize = 80;

/// The program, built.
pub(crate) struct Program(pub(crate) PathBuf);

impl Program {
    /// None, and why, when it cannot be built here.
    pub(crate) fn build() -> Result<Program, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/g168/speex.c");
        let target =
            std::env::temp_dir().join(format!("tipring-g168-speex-{}", std::process::id()));
        let built = Command::new("cc")
            .args(["-O2", "-o"])
            .arg(&target)
            .arg(source)
            .arg("-lspeexdsp")
            .output()
            .map_err(|e| format!("cc does not start: {e}; install gcc"))?;
        if built.status.success() {
            Ok(Program(target))
        } else {
            let report = String::from_utf8_lossy(&built.stderr);
            let first = report.lines().next().unwrap_or("cc failed");
            Err(format!("{first}; install libspeexdsp-dev"))
        }
    }

    pub(crate) fn start(&self, tail_ms: u16, nlp: bool) -> Speex {
        let child = Command::new(&self.0)
            .arg((u32::from(tail_ms) * 8).to_string())
            .arg(if nlp { "1" } else { "0" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It warns there of each of its restarts.
            .stderr(Stdio::null())
            .spawn()
            .expect("the program that was just built starts");
        Speex(child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) struct Speex(Child);

impl EchoCanceller for Speex {
    fn process(&mut self, near: &mut [i16], reference: &[i16]) {
        assert_eq!(near.len(), BLOCK, "the program takes blocks of 80 samples");
        let mut bytes = [0u8; 4 * BLOCK];
        let pairs = bytes.as_chunks_mut().0.iter_mut();
        for (pair, x) in pairs.zip(near.iter().chain(reference)) {
            *pair = x.to_le_bytes();
        }
        let mut answer = [0u8; 2 * BLOCK];
        let pipes = (&mut self.0.stdin, &mut self.0.stdout);
        let (Some(to), Some(from)) = pipes else {
            return;
        };
        to.write_all(&bytes)
            .and_then(|()| to.flush())
            .and_then(|()| from.read_exact(&mut answer))
            .expect("the program takes a block and gives one");
        for (x, pair) in near.iter_mut().zip(answer.as_chunks().0) {
            *x = i16::from_le_bytes(*pair);
        }
    }
}

impl Drop for Speex {
    fn drop(&mut self) {
        // Without its pipe it ends.
        self.0.stdin = None;
        let _ = self.0.wait();
    }
}
