//! RTP that a line with silences sends, read by tshark.

use std::io::Write;
use std::process::Command;

use tipring_proto::rtp::{Outgoing, Sender, SenderConfig, SenderSeed, Vad, Verdict};

use crate::capture::{pcap, printed};

/// A second of tone, two of silence, a second of tone, as the line thread has them sent.
fn talk() -> Vec<Vec<u8>> {
    let seed = SenderSeed {
        sequence: 100,
        timestamp: 1000,
        ssrc: 7,
    };
    let config = SenderConfig {
        payload_type: 0,
        ptime_ms: 20,
        event_payload_type: None,
    };
    let (mut sender, mut vad) = (Sender::new(seed, config), Vad::default());
    let mut sent = vec![];
    for block in 0..400 {
        let loud = !(100..300).contains(&block);
        let wave = |i: i32| {
            if loud {
                8000 * (i % 2 * 2 - 1)
            } else {
                i % 3 - 1
            }
        };
        let samples: Vec<i16> = (0..80).map(|i| wave(i) as i16).collect();
        let emit = |p: &mut Outgoing<'_>| sent.push(p.to_vec());
        match vad.judge(&samples, sender.at_boundary()) {
            Verdict::Talk => sender.push(&[0x55; 80], emit),
            Verdict::Silence { level } => sender.silence(80, level, emit),
        }
    }
    sent
}

#[test]
fn tshark_reads_comfort_noise_markers_and_timestamps_as_we_meant_them() {
    let sent = talk();
    let mut file = tempfile::Builder::new().suffix(".pcap").tempfile().unwrap();
    file.write_all(&pcap(&sent)).unwrap();
    let fields = ["p_type", "marker", "seq", "timestamp", "payload"].map(|f| format!("rtp.{f}"));
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-d", "udp.port==16384,rtp", "-T", "fields"]);
    for field in fields.iter().map(String::as_str).chain(["_ws.malformed"]) {
        tshark.args(["-e", field]);
    }
    tshark.arg("-r").arg(file.path());
    let Some(text) = printed(tshark) else {
        return;
    };
    let packets: Vec<Vec<&str>> = text.lines().map(|l| l.split('\t').collect()).collect();
    assert_eq!(packets.len(), sent.len(), "{text}");
    let noise: Vec<usize> = (0..packets.len())
        .filter(|n| packets[*n][0] == "13")
        .collect();
    let [noise] = noise[..] else {
        panic!("{text}");
    };
    let number = |n: usize, field: usize| packets[n][field].parse::<u32>().unwrap();
    for (n, packet) in packets.iter().enumerate() {
        let marked = n == 0 || n == noise + 1;
        assert!(["1", "True"].contains(&packet[1]) == marked, "{packet:?}");
        assert_eq!(number(n, 2), 100 + n as u32);
        assert_eq!(packet.get(5).copied().unwrap_or_default(), "");
    }
    assert_eq!(packets[noise][4].len(), 2, "one byte");
    assert_eq!(number(noise, 3) - number(noise - 1, 3), 160);
    assert_eq!(number(noise + 1, 3), 1000 + 300 * 80, "when it talks again");
}
