use proptest::prelude::*;

use super::*;

const US: u32 = 0x1111_1111;
const FAR: u32 = 0x2222_2222;
const WALL: Duration = Duration::from_secs(1_700_000_000);

fn at(ms: u64) -> Time {
    Time::from_millis(10_000 + ms)
}

fn wall(ms: u64) -> Duration {
    WALL + Duration::from_millis(ms)
}

fn rtcp() -> Rtcp {
    Rtcp::new(at(0), US, "port1@10.0.0.1", 7)
}

fn own(packets: u32, source: Option<SourceFigures>) -> OwnFigures {
    OwnFigures {
        packets,
        octets: packets.wrapping_mul(160),
        timestamp: packets.wrapping_mul(160),
        source,
    }
}

fn source(expected: u32, received: u32) -> SourceFigures {
    SourceFigures {
        ssrc: FAR,
        highest: 65_536 + expected,
        expected,
        received,
        jitter: 40,
    }
}

/// As the far end reads it.
fn read(datagram: &[u8]) -> Incoming {
    Incoming::parse(datagram, FAR).unwrap()
}

fn far_says(sender: Option<SenderInfo>, block: Option<ReportBlock>) -> Vec<u8> {
    RtcpPacket {
        ssrc: FAR,
        sender,
        block,
        cname: "far@10.0.0.2",
        bye: false,
    }
    .encode()
}

fn info(ntp: u64) -> SenderInfo {
    SenderInfo {
        ntp,
        timestamp: 160,
        packets: 9,
        octets: 1440,
    }
}

fn of_us(last_report: u32, since: u32) -> ReportBlock {
    ReportBlock {
        ssrc: US,
        fraction: 64,
        lost: -3,
        highest: 5,
        jitter: 80,
        last_report,
        since,
    }
}

#[test]
fn a_sender_report_has_the_bytes_of_rfc_3550() {
    let packet = RtcpPacket {
        ssrc: 0x0102_0304,
        sender: Some(SenderInfo {
            ntp: 0x1122_3344_5566_7788,
            timestamp: 160,
            packets: 2,
            octets: 320,
        }),
        block: Some(ReportBlock {
            ssrc: 0xA0B0_C0D0,
            fraction: 0x40,
            lost: -1,
            highest: 0x0001_0002,
            jitter: 3,
            last_report: 0x3344_5566,
            since: 0x1_0000,
        }),
        cname: "a@b",
        bye: true,
    };
    #[rustfmt::skip]
    let wanted = [
        0x81, 200, 0, 12, 1, 2, 3, 4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
        0, 0, 0, 160, 0, 0, 0, 2, 0, 0, 1, 0x40,
        0xA0, 0xB0, 0xC0, 0xD0, 0x40, 0xFF, 0xFF, 0xFF, 0, 1, 0, 2, 0, 0, 0, 3,
        0x33, 0x44, 0x55, 0x66, 0, 1, 0, 0,
        0x81, 202, 0, 3, 1, 2, 3, 4, 1, 3, b'a', b'@', b'b', 0, 0, 0,
        0x81, 203, 0, 1, 1, 2, 3, 4,
    ];
    assert_eq!(packet.encode(), wanted);
    let read = Incoming::parse(&wanted, 0xA0B0_C0D0).unwrap();
    assert_eq!((read.ssrc, read.bye), (packet.ssrc, true));
    assert_eq!((read.sender, read.of_us), (packet.sender, packet.block));
    assert_eq!(Incoming::parse(&wanted, 9).unwrap().of_us, None);
}

#[test]
fn the_ntp_time_of_a_unix_time() {
    // RFC 868's and RFC 5905's example: the Unix epoch is 2208988800.
    assert_eq!(ntp(Duration::ZERO), 2_208_988_800 << 32);
    assert_eq!(ntp(Duration::from_millis(500)) & 0xFFFF_FFFF, 0x8000_0000);
    // It wraps in 2036.
    assert_eq!(ntp(Duration::from_secs((1 << 32) - 2_208_988_800)) >> 32, 0);
}

#[test]
fn who_sends_makes_sender_reports_and_receiver_reports_two_intervals_later() {
    let mut rtcp = rtcp();
    let kinds: Vec<bool> = [0, 5, 9, 9, 9, 9, 10]
        .into_iter()
        .enumerate()
        .map(|(n, packets)| {
            let n = n as u64 * 5000;
            let sent = rtcp.report(at(n), wall(n), &own(packets, None));
            read(&sent).sender.is_some()
        })
        .collect();
    assert_eq!(kinds, [false, true, true, true, false, false, true]);
}

#[test]
fn loss_is_counted_between_reports_and_from_the_beginning() {
    let mut rtcp = rtcp();
    let mut report = |n: u64, source: SourceFigures| {
        let sent = rtcp.report(at(n * 5000), wall(n * 5000), &own(0, Some(source)));
        let block = Incoming::parse(&sent, FAR).unwrap().of_us.unwrap();
        (block.fraction, block.lost, block.highest, block.jitter)
    };
    assert_eq!(report(1, source(100, 75)), (64, 25, 65_636, 40));
    assert_eq!(report(2, source(200, 175)), (0, 25, 65_736, 40));
    // What came late lowers the sum, and no share is negative.
    assert_eq!(report(3, source(300, 290)), (0, 10, 65_836, 40));
    // Nothing came any more, and nothing was expected.
    assert_eq!(report(4, source(300, 290)).0, 0);
    // All of it lost does not overflow the byte.
    assert_eq!(report(5, source(400, 290)).0, 255);
    // The source began from its beginning.
    assert_eq!(report(6, source(4, 2)), (128, 2, 65_540, 40));
}

#[test]
fn the_far_ends_report_is_answered_with_how_long_ago_it_came() {
    let mut rtcp = rtcp();
    let report = far_says(Some(info(0xAAAA_1234_5678_BBBB)), None);
    assert_eq!(rtcp.receive(at(1000), &report), Reported::Taken);
    assert_eq!(rtcp.far().sent_packets, Some(9));
    let sent = rtcp.report(at(2500), wall(2500), &own(1, Some(source(10, 10))));
    let block = read(&sent).of_us.unwrap();
    assert_eq!((block.last_report, block.since), (0x1234_5678, 98_304));
    // Another stream than the one that reported.
    let other = SourceFigures {
        ssrc: 5,
        ..source(10, 10)
    };
    let sent = rtcp.report(at(7500), wall(7500), &own(2, Some(other)));
    let block = Incoming::parse(&sent, 5).unwrap().of_us.unwrap();
    assert_eq!((block.last_report, block.since), (0, 0));
}

#[test]
fn a_round_trip_is_what_is_left_of_the_time_until_the_answer() {
    let mut rtcp = rtcp();
    let sent = rtcp.report(at(0), wall(0), &own(1, None));
    let asked = middle(read(&sent).sender.unwrap().ntp);
    // It is held for 0.5 s; the wall clock is of no matter.
    let answer = far_says(None, Some(of_us(asked, 32_768)));
    rtcp.receive(at(580), &answer);
    let far = rtcp.far();
    assert_eq!(far.round_trip, Some(Duration::from_millis(80)));
    let heard = far.heard.unwrap();
    assert_eq!(
        (heard.jitter_ms, heard.lost_percent, heard.lost),
        (10.0, 25.0, -3)
    );
    let trip = |last_report, since, ms| {
        let mut rtcp = Rtcp::new(at(0), US, "x", 1);
        rtcp.report(at(0), wall(0), &own(1, None));
        rtcp.receive(at(ms), &far_says(None, Some(of_us(last_report, since))));
        rtcp.far().round_trip
    };
    // An answer to nothing that we sent; to no report at all; held for longer than it took; older than any.
    for (last_report, since, ms) in [
        (asked ^ 1, 0, 80),
        (0, 0, 80),
        (asked, u32::MAX, 80),
        (asked, 0, 61_000),
    ] {
        assert_eq!(
            trip(last_report, since, ms),
            None,
            "{last_report:x} {since}"
        );
    }
    // Clocks that run apart a little: no time at all.
    assert_eq!(trip(asked, 65_600, 1000), Some(Duration::ZERO));
    assert_eq!(trip(asked, 0, 80), Some(Duration::from_millis(80)));
}

#[test]
fn intervals_are_random_around_what_the_rfc_says_and_the_first_is_half() {
    let mut sum = Duration::ZERO;
    for seed in 1..=400u64 {
        let mut rtcp = Rtcp::new(at(0), US, "x", seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let first = (rtcp.due() - at(0)).as_secs_f64() * COMPENSATION;
        assert!((1.25..3.75).contains(&first), "{first}");
        let now = rtcp.due();
        rtcp.report(now, WALL, &own(1, None));
        let next = rtcp.due() - now;
        let factor = next.as_secs_f64() * COMPENSATION;
        assert!((2.5..7.5).contains(&factor), "{factor}");
        sum += next;
    }
    let mean = sum.as_secs_f64() / 400.0;
    assert!((3.9..4.3).contains(&mean), "{mean}");
}

#[test]
fn nobody_says_goodbye_who_has_said_nothing() {
    let mut rtcp = rtcp();
    assert_eq!(rtcp.bye(at(1), WALL, &own(1, None)), None);
    rtcp.report(at(2), WALL, &own(1, None));
    let bye = rtcp.bye(at(3), WALL, &own(2, None)).unwrap();
    assert!(read(&bye).bye);
    rtcp.restart(at(4));
    assert_eq!(rtcp.bye(at(5), WALL, &own(2, None)), None);
    assert!(rtcp.due() > at(4));
}

#[test]
fn a_goodbye_is_seen_and_the_next_report_takes_it_back() {
    let mut rtcp = rtcp();
    let mut leaving = RtcpPacket {
        ssrc: FAR,
        sender: None,
        block: None,
        cname: "far",
        bye: true,
    };
    rtcp.receive(at(0), &leaving.encode());
    assert!(rtcp.far().left);
    leaving.bye = false;
    rtcp.receive(at(1), &leaving.encode());
    assert!(!rtcp.far().left);
}

#[test]
fn a_flood_is_cut_to_a_few_a_second() {
    let mut rtcp = rtcp();
    let report = far_says(None, None);
    let taken = |rtcp: &mut Rtcp, ms| rtcp.receive(at(ms), &report) == Reported::Taken;
    let burst = (0..1000).filter(|_| taken(&mut rtcp, 0)).count();
    assert_eq!(burst, BURST as usize);
    let later = (0..10_000).filter(|n| taken(&mut rtcp, *n)).count();
    assert_eq!(later, 39, "one each 250 ms");
}

#[test]
fn what_is_no_compound_packet_is_refused() {
    let good = far_says(Some(info(1)), Some(of_us(0, 0)));
    let change = |at: usize, to: u8| {
        let mut bad = good.clone();
        bad[at] = to;
        bad
    };
    let sdes = good[52..].to_vec();
    let tail = |extra: &[u8]| [&good[..], extra].concat();
    // The padding is allowed at the end alone.
    let padded_end = tail(&[0xA0, 204, 0, 1, 0, 0, 0, 4]);
    assert!(Incoming::parse(&padded_end, US).is_ok());
    for (bad, why) in [
        (vec![], RtcpError::Length(0)),
        (vec![0x80], RtcpError::Length(1)),
        (change(0, 0x41), RtcpError::Version(1)),
        (change(0, 0xA1), RtcpError::NoReport(200)),
        (sdes, RtcpError::NoReport(202)),
        // More blocks than there is room for; no room for a sender.
        (change(0, 0x9F), RtcpError::Length(good.len())),
        (vec![0x80, 200, 0, 1, 0, 0, 0, 1], RtcpError::Length(8)),
        (change(3, 0xFF), RtcpError::Length(good.len())),
        (tail(&[0x80]), RtcpError::Length(good.len() + 1)),
        (vec![0x80; MAX_RTCP + 1], RtcpError::Length(MAX_RTCP + 1)),
    ] {
        assert_eq!(Incoming::parse(&bad, US), Err(why), "{bad:x?}");
    }
    let mut rtcp = rtcp();
    assert_eq!(rtcp.receive(at(0), &[0x80]), Reported::Refused);
    let echo = rtcp.report(at(0), WALL, &own(1, None));
    assert_eq!(rtcp.receive(at(1), &echo), Reported::Refused, "our own");
    assert_eq!(rtcp.far(), FarReport::default());
}

proptest! {
    #[test]
    fn no_datagram_panics_and_what_is_written_is_read(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        ssrc in any::<u32>(),
        words in any::<[u32; 6]>(),
        lost in -0x80_0000i32..0x80_0000,
        fraction in any::<u8>(),
        sends in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        cname in ".{0,300}",
    ) {
        let _ = Incoming::parse(&noise, ssrc);
        let mut framed = vec![0x80 | noise.len() as u8 & 0x3F, 200 + noise.len() as u8 % 8, 0, (noise.len() / 4) as u8];
        framed.extend(&noise);
        let _ = Incoming::parse(&framed, ssrc);
        let [a, b, c, d, e, f] = words;
        let packet = RtcpPacket {
            ssrc,
            sender: sends.then_some(SenderInfo { ntp: u64::from(a) << 32 | u64::from(b), timestamp: c, packets: d, octets: e }),
            block: Some(ReportBlock { ssrc: f, fraction, lost, highest: a, jitter: b, last_report: c, since: d }),
            cname: &cname,
            bye: sends,
        };
        let bytes = packet.encode();
        prop_assert!(bytes.len().is_multiple_of(4) && bytes.len() <= MAX_RTCP);
        let read = Incoming::parse(&bytes, f).unwrap();
        prop_assert_eq!((read.ssrc, read.sender, read.of_us, read.bye), (ssrc, packet.sender, packet.block, sends));
        let _ = Incoming::parse(&bytes[..cut.index(bytes.len())], f);
        let mut rtcp = rtcp();
        for n in 0..3 {
            rtcp.receive(at(n * 1000), &bytes);
            rtcp.report(at(n * 7000), Duration::from_secs(u64::from(a)), &own(d, Some(SourceFigures { ssrc: f, highest: a, expected: b, received: c, jitter: e })));
        }
    }
}
