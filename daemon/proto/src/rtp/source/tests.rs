use super::*;

const NAMED: &str = "10.0.0.1:4000";
const OTHER_PORT: &str = "10.0.0.1:4002";
const ELSEWHERE: &str = "10.0.0.9:16384";
const ATTACKER: &str = "10.0.0.66:16384";

fn at(s: &str) -> SocketAddrV4 {
    s.parse().unwrap()
}

/// A latch, its clock, and the sequence numbers of its sources.
struct Bench {
    latch: SourceLatch,
    ms: u64,
    sequence: u16,
}

fn bench(policy: RtpSource, named: Option<&str>) -> Bench {
    let mut latch = SourceLatch::new(policy);
    if let Some(named) = named {
        latch.name(at(named));
    }
    Bench {
        latch,
        ms: 1000,
        sequence: 65_530,
    }
}

fn mark(stream: u32, sequence: u16) -> StreamMark {
    StreamMark { stream, sequence }
}

impl Bench {
    fn packet(&mut self, from: &str, sequence: u16) -> bool {
        let now = Time::from_millis(self.ms);
        let ssrc = u32::from(at(from).port()) ^ u32::from(*at(from).ip());
        let admitted = self
            .latch
            .admits(now, at(from), || Some(mark(ssrc, sequence)));
        if admitted {
            self.latch.heard(now);
        }
        admitted
    }

    /// Packets of these sources every 20 ms; how many of the first one's are heard.
    fn talk(&mut self, sources: &[&str], packets: usize) -> usize {
        let mut heard = 0;
        for _ in 0..packets {
            self.ms += 20;
            self.sequence = self.sequence.wrapping_add(1);
            let sequence = self.sequence;
            for (n, from) in sources.iter().enumerate().rev() {
                let admitted = self.packet(from, sequence);
                heard += usize::from(admitted && n == 0);
            }
        }
        heard
    }

    fn refused(&self) -> Vec<(String, u64)> {
        let refused = self.latch.refused();
        refused
            .map(|r| (r.address.to_string(), r.packets))
            .collect()
    }
}

#[test]
fn music_without_start_media_is_heard_from_the_third_packet_on() {
    let mut b = bench(RtpSource::Latch, None);
    assert_eq!(b.talk(&[ELSEWHERE], 50), 48);
    assert_eq!(b.latch.current(), Some(at(ELSEWHERE)));
    // What was on probation is no unexpected source.
    assert_eq!((b.latch.strangers(), b.refused()), (0, vec![]));
}

#[test]
fn a_far_end_that_sends_from_another_port_or_host_is_heard() {
    for from in [OTHER_PORT, ELSEWHERE] {
        let mut b = bench(RtpSource::Latch, Some(NAMED));
        assert_eq!(b.talk(&[from], 50), 48, "{from}");
    }
}

#[test]
fn the_named_far_end_is_heard_from_its_first_packet_on_and_takes_over_at_once() {
    let mut b = bench(RtpSource::Latch, Some(NAMED));
    assert_eq!(b.talk(&[NAMED], 5), 5);
    let mut b = bench(RtpSource::Latch, Some(NAMED));
    b.talk(&[ELSEWHERE], 50);
    assert_eq!(b.talk(&[NAMED, ELSEWHERE], 50), 50);
    assert_eq!(b.refused(), [(ELSEWHERE.to_owned(), 49)]);
}

#[test]
fn a_source_that_is_heard_is_not_given_up_for_an_unexpected_one() {
    for heard in [NAMED, OTHER_PORT, ELSEWHERE] {
        let mut b = bench(RtpSource::Latch, Some(NAMED));
        b.talk(&[heard], 10);
        assert_eq!(b.talk(&[heard, ATTACKER], 500), 500, "{heard}");
        assert_eq!(b.latch.strangers(), 500);
        assert_eq!(b.refused(), [(ATTACKER.to_owned(), 500)]);
    }
}

#[test]
fn nobody_talks_into_the_pauses_of_the_far_end() {
    let mut b = bench(RtpSource::Latch, Some(NAMED));
    for _ in 0..5 {
        assert_eq!(b.talk(&[NAMED, ATTACKER], 100), 100);
        assert_eq!(b.talk(&[ATTACKER, OTHER_PORT], 20), 0, "a pause of 0.4 s");
    }
    assert_eq!(b.talk(&[NAMED], 1), 1);
    assert_eq!(b.talk(&[ATTACKER], 140), 0, "a pause of 2.8 s");
}

#[test]
fn another_port_of_the_named_host_goes_before_other_hosts() {
    let mut b = bench(RtpSource::Latch, Some(NAMED));
    b.talk(&[ATTACKER], 10);
    assert_eq!(b.talk(&[OTHER_PORT, ATTACKER], 50), 48);
    assert_eq!(b.talk(&[ATTACKER, OTHER_PORT], 50), 0);
}

#[test]
fn a_far_end_that_moves_is_followed_on_its_host_soon_and_elsewhere_when_it_is_gone() {
    let mut b = bench(RtpSource::Latch, None);
    b.talk(&[NAMED], 50);
    // 0.5 s, and three packets in a row.
    assert_eq!(b.talk(&[OTHER_PORT], 50), 50 - 24 - 2);
    // 3 s.
    assert_eq!(b.talk(&[ELSEWHERE], 200), 200 - 149 - 2);
}

#[test]
fn a_new_far_end_or_a_stopped_transmission_lets_the_next_source_in_sooner() {
    let talked = || {
        let mut b = bench(RtpSource::Latch, Some(NAMED));
        b.talk(&[NAMED], 50);
        b
    };
    let mut stopped = talked();
    stopped.latch.release();
    assert_eq!(
        stopped.talk(&[ELSEWHERE, NAMED], 20),
        0,
        "as long as it sends"
    );
    assert_eq!(stopped.talk(&[ELSEWHERE], 50), 50 - 24 - 2);
    let mut renamed = talked();
    renamed.latch.name(at("10.0.0.8:4000"));
    assert_eq!(
        renamed.talk(&[ELSEWHERE, NAMED], 20),
        0,
        "as long as it sends"
    );
    assert_eq!(renamed.talk(&[ELSEWHERE], 50), 50 - 24 - 2);
    let mut renamed = talked();
    renamed.latch.name(at("10.0.0.8:4000"));
    assert_eq!(
        renamed.talk(&["10.0.0.8:4002", NAMED], 50),
        48,
        "its host is nearer"
    );
}

#[test]
fn sprayed_packets_and_such_as_could_not_be_played_are_never_heard() {
    let mut b = bench(RtpSource::Latch, None);
    for n in 0..200u16 {
        // One number after the other, but all ports of the gateway get them in turn.
        b.ms += 200;
        assert!(!b.packet(ATTACKER, n));
        // Numbers out of the air.
        assert!(!b.packet(ELSEWHERE, n.wrapping_mul(7919)));
        // No RTP.
        let now = Time::from_millis(b.ms);
        assert!(!b.latch.admits(now, at(OTHER_PORT), || None));
    }
    assert_eq!(b.latch.current(), None);
    assert_eq!(b.latch.strangers(), 598, "the last of each is on probation");
    let mut refused = b.refused();
    refused.sort();
    assert_eq!(
        refused,
        [
            (OTHER_PORT.to_owned(), 200),
            (ATTACKER.to_owned(), 199),
            (ELSEWHERE.to_owned(), 199)
        ]
    );
}

#[test]
fn many_unexpected_sources_do_not_keep_the_named_far_end_out() {
    let mut b = bench(RtpSource::Latch, Some(NAMED));
    let crowd: Vec<String> = (0..50).map(|n| format!("10.9.0.{n}:5000")).collect();
    let mut all = vec![NAMED];
    all.extend(crowd.iter().map(String::as_str));
    assert_eq!(b.talk(&all, 50), 50);
}

#[test]
fn strict_takes_the_named_far_end_alone_and_host_its_other_ports_too() {
    let mut b = bench(RtpSource::Strict, None);
    assert_eq!(b.talk(&[NAMED], 10), 0, "not named yet");
    b.latch.name(at(NAMED));
    assert_eq!(b.talk(&[OTHER_PORT], 500), 0);
    assert_eq!(b.talk(&[NAMED], 10), 10);
    b.latch.name(at(ELSEWHERE));
    assert_eq!(b.talk(&[NAMED], 10), 0);
    assert_eq!(b.latch.strangers(), 520);
    let mut b = bench(RtpSource::Host, None);
    assert_eq!(b.talk(&[NAMED], 10), 0, "not named yet");
    b.latch.name(at(NAMED));
    assert_eq!(b.talk(&[ELSEWHERE], 500), 0);
    assert_eq!(b.talk(&[OTHER_PORT], 10), 8);
    b.latch.name(at(ELSEWHERE));
    assert_eq!(b.talk(&[OTHER_PORT], 10), 0);
}
