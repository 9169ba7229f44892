//! Packets with earlier ones in them (RFC 2198), read by tshark: the blocks it shows are the ones we sent.

use std::io::Write;
use std::process::Command;

use tipring_proto::rtp::{Redundancy, Sender, SenderConfig, SenderSeed};

const PAYLOAD_TYPE: u8 = 90;
pub(crate) const PORT: u16 = 16_384;
const PACKETS: u8 = 5;
/// Place of `rtp.follow` in what tshark is asked for.
const FOLLOW: usize = 2;

#[test]
fn tshark_finds_every_earlier_packet_where_we_put_it() {
    for depth in 1..=2u8 {
        let mut packets = Vec::new();
        let mut sender = sender(depth);
        for n in 0..PACKETS {
            sender.push(&[0x40 + n; 160], |p| packets.push(p.to_vec()));
        }
        let Some(read) = tshark(&packets) else {
            return;
        };
        let wanted: Vec<String> = (0..PACKETS).map(|n| fields(n, n.min(depth))).collect();
        assert_eq!(read, wanted, "{depth} earlier packets in each");
    }
}

fn sender(depth: u8) -> Sender {
    let mut sender = Sender::new(
        SenderSeed {
            sequence: 65_534,
            timestamp: u32::MAX - 300,
            ssrc: 0x1234_5678,
        },
        SenderConfig {
            payload_type: 8,
            ptime_ms: 20,
            event_payload_type: None,
        },
    );
    sender.set_redundancy(Some(Redundancy {
        payload_type: PAYLOAD_TYPE,
        depth,
    }));
    sender
}

/// What tshark should show of packet `n` with `earlier` ones: sequence, timestamp, whether another block follows, the
/// types (of the packet, then of its blocks), offsets, lengths, what the blocks begin with, errors.
fn fields(n: u8, earlier: u8) -> String {
    let list = |texts: Vec<String>| texts.join(",");
    let blocks = || (0..=earlier).rev();
    let follow = blocks().map(|back| u8::from(back > 0).to_string());
    let types = std::iter::once(PAYLOAD_TYPE).chain(blocks().map(|_| 8));
    let offsets = blocks().filter(|back| *back > 0);
    let sound = blocks().map(|back| format!("{:02x}", 0x40 + n - back).repeat(160));
    // First the whole of it, headers and all.
    let headers = blocks()
        .filter(|back| *back > 0)
        .map(|back| format!("{:08x}", 0x8800_00A0 | ((u32::from(back) * 160) << 10)));
    let whole = headers.collect::<String>() + "08" + &sound.clone().collect::<String>();
    let bytes = std::iter::once(whole).chain(sound);
    [
        65_534u16.wrapping_add(n.into()).to_string(),
        (u32::MAX - 300)
            .wrapping_add(u32::from(n) * 160)
            .to_string(),
        list(follow.collect()),
        list(types.map(|t| t.to_string()).collect()),
        list(
            offsets
                .clone()
                .map(|back| (u32::from(back) * 160).to_string())
                .collect(),
        ),
        list(offsets.map(|_| "160".to_owned()).collect()),
        list(bytes.collect()),
        String::new(),
    ]
    .join(";")
}

/// One line for each packet; `None` without tshark.
fn tshark(packets: &[Vec<u8>]) -> Option<Vec<String>> {
    let mut file = tempfile::Builder::new().suffix(".pcap").tempfile().unwrap();
    file.write_all(&pcap(packets)).unwrap();
    let mut command = Command::new("tshark");
    command
        .args(["-n", "-d", &format!("udp.port=={PORT},rtp")])
        .args(["-d", &format!("rtp.pt=={PAYLOAD_TYPE},rtp_rfc2198")])
        .args(["-T", "fields", "-E", "separator=;", "-E", "occurrence=a"]);
    for field in [
        "rtp.seq",
        "rtp.timestamp",
        "rtp.follow",
        "rtp.p_type",
        "rtp.timestamp-offset",
        "rtp.block-length",
        "rtp.payload",
        "_ws.expert.message",
    ] {
        command.args(["-e", field]);
    }
    command.arg("-r").arg(file.path());
    let text = crate::capture::printed(command)?;
    // From version 4.2 on tshark shows a flag as a word.
    let flags = |shown: &str| shown.replace("True", "1").replace("False", "0");
    let line = |line: &str| {
        let mut fields: Vec<String> = line.split(';').map(str::to_owned).collect();
        if let Some(follow) = fields.get_mut(FOLLOW) {
            *follow = flags(follow);
        }
        fields.join(";")
    };
    Some(text.lines().map(line).collect())
}

/// One Ethernet packet each.
pub(crate) fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 1u32] {
        out.extend(word.to_le_bytes());
    }
    for (n, payload) in packets.iter().enumerate() {
        let mut packet = vec![0; 12];
        packet.extend([0x08, 0x00, 0x45, 0]);
        packet.extend((28 + payload.len() as u16).to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        packet.extend(PORT.to_be_bytes());
        packet.extend(PORT.to_be_bytes());
        packet.extend((8 + payload.len() as u16).to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(payload);
        let length = packet.len() as u32;
        for word in [n as u32, 0, length, length] {
            out.extend(word.to_le_bytes());
        }
        out.extend(packet);
    }
    out
}
