//! Reports of a media session (RFC 3550 §6), read by tshark: the values it shows are the ones we meant, and it has nothing
//! to find fault with.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use tipring_proto::rtp::{
    OwnFigures, ReportBlock, Rtcp, RtcpPacket, SenderInfo, SourceFigures, ntp,
};
use tipring_proto::time::Time;

use crate::rtp::pcap;

const US: u32 = 0x1234_5678;
const FAR: u32 = 0x9ABC_DEF0;
const FIELDS: [&str; 17] = [
    "rtcp.pt",
    "rtcp.senderssrc",
    "rtcp.timestamp.ntp.msw",
    "rtcp.timestamp.ntp.lsw",
    "rtcp.timestamp.rtp",
    "rtcp.sender.packetcount",
    "rtcp.sender.octetcount",
    "rtcp.ssrc.identifier",
    "rtcp.ssrc.fraction",
    "rtcp.ssrc.cum_nr",
    "rtcp.ssrc.ext_high",
    "rtcp.ssrc.jitter",
    "rtcp.ssrc.lsr",
    "rtcp.ssrc.dlsr",
    "rtcp.sdes.text",
    "rtcp.length_check",
    "_ws.expert.message",
];

#[test]
fn tshark_reads_a_session_of_reports_as_we_meant_it() {
    let wall = Duration::from_millis(1_700_000_000_250);
    let mut rtcp = Rtcp::new(Time::ZERO, US, "port7@192.0.2.1", 3);
    let nothing = OwnFigures::default();
    let own = OwnFigures {
        packets: 1000,
        octets: 160_000,
        timestamp: u32::MAX - 4,
        source: Some(SourceFigures {
            ssrc: FAR,
            highest: 0x0002_0003,
            expected: 400,
            received: 300,
            jitter: 17,
        }),
    };
    let first = rtcp.report(Time::ZERO, wall, &nothing);
    let of_far = RtcpPacket {
        ssrc: FAR,
        sender: Some(SenderInfo {
            ntp: 0x0001_AABB_CCDD_0000,
            timestamp: 0,
            packets: 1,
            octets: 1,
        }),
        block: Some(ReportBlock {
            ssrc: US,
            fraction: 1,
            lost: -2,
            highest: 3,
            jitter: 4,
            last_report: 5,
            since: 6,
        }),
        cname: "far",
        bye: false,
    };
    rtcp.receive(Time::from_millis(4000), &of_far.encode());
    let second = rtcp.report(Time::from_millis(6000), wall, &own);
    let bye = rtcp.bye(Time::from_millis(7000), wall, &own).unwrap();
    let Some(read) = tshark(&[first, second, bye, of_far.encode()]) else {
        return;
    };
    let (high, low) = (ntp(wall) >> 32, ntp(wall) & 0xFFFF_FFFF);
    let (us, far) = ("0x12345678", "0x9abcdef0");
    // Source of each packet or chunk; for a report its blocks' too.
    let sender = format!("{us};{high};{low};4294967291;1000;160000");
    assert_eq!(
        read,
        [
            format!("201,202;{us};;;;;;{us};;;;;;;port7@192.0.2.1;1;"),
            format!(
                "200,202;{sender};{far},{us};64;100;131075;17;{};131072;port7@192.0.2.1;1;",
                0xAABB_CCDDu32
            ),
            format!(
                "200,202,203;{sender};{far},{us},{us};0;100;131075;17;{};196608;port7@192.0.2.1;1;",
                0xAABB_CCDDu32
            ),
            format!(
                "200,202;{far};{};{};0;1;1;{us},{far};1;-2;3;4;5;6;far;1;",
                0x0001_AABBu32, 0xCCDD_0000u32
            ),
        ]
    );
}

/// One line for each datagram; `None` without tshark.
fn tshark(datagrams: &[Vec<u8>]) -> Option<Vec<String>> {
    let mut file = tempfile::Builder::new().suffix(".pcap").tempfile().unwrap();
    file.write_all(&pcap(datagrams)).unwrap();
    let mut command = Command::new("tshark");
    command
        .args(["-n", "-d", &format!("udp.port=={},rtcp", crate::rtp::PORT)])
        .args(["-T", "fields", "-E", "separator=;", "-E", "occurrence=a"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    command.arg("-r").arg(file.path());
    let text = crate::capture::printed(command)?;
    Some(text.lines().map(|l| l.replace("True", "1")).collect())
}
