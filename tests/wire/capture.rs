//! Datagrams as a capture that tshark reads, and tshark itself.

use std::io::{ErrorKind, Write};
use std::process::Command;

/// What tshark prints. None: it is not installed, which is said past the test harness, for that keeps the output of tests that do
/// not fail to itself. A tshark that cannot be started or fails is a failure.
pub(crate) fn printed(mut tshark: Command) -> Option<String> {
    let output = match tshark.output() {
        Ok(output) => output,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            std::io::stderr()
                .write_all(b"SKIPPED: tshark missing, apt-get install tshark\n")
                .unwrap();
            return None;
        }
        Err(e) => panic!("tshark: {e}"),
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A capture of raw IPv4 with these UDP payloads.
pub(crate) fn pcap(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65535, 101u32] {
        out.extend(word.to_le_bytes());
    }
    for (i, datagram) in datagrams.iter().enumerate() {
        let length = datagram.len() as u16;
        let mut packet = vec![0x45, 0];
        packet.extend((28 + length).to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        packet.extend(16_384u16.to_be_bytes());
        packet.extend(16_386u16.to_be_bytes());
        packet.extend((8 + length).to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(datagram);
        for word in [
            i as u32 / 50,
            i as u32 % 50 * 20_000,
            28 + u32::from(length),
        ] {
            out.extend(word.to_le_bytes());
        }
        out.extend((28 + u32::from(length)).to_le_bytes());
        out.extend(packet);
    }
    out
}
