//! The jitter buffer held fixed for fax and modem ports, and packets sent again with later ones, over real sockets.

use tipring_proto::rtp::{Redundancy, Redundant};

use super::*;

const RED: u8 = 90;

fn with_redundancy(depth: u8, data_port: bool) -> Box<MediaSession> {
    let mut config = session_config(A);
    config.redundancy = depth;
    config.data_port = data_port;
    open(&config)
}

fn gauge(rig: &Rig, name: &str) -> i64 {
    let all = rig.handle.port_counters(P).unwrap().gauges();
    all.iter().find(|(n, _)| *n == name).unwrap().1
}

impl Rig {
    fn talk_with(&mut self, media: Box<MediaSession>) -> SocketAddrV4 {
        let local = media.local();
        self.order(LineOrder::AddSession(media));
        let remote = self.remote(None);
        self.order(LineOrder::SetRemote { session: A, remote });
        local
    }

    fn pass(&mut self, data: Option<u32>) {
        self.order(LineOrder::PassThrough { session: A, data });
    }
}

/// How many earlier packets are in each: none of an ordinary one.
fn earlier(got: &[(u8, bool, u16, u32, Vec<u8>)]) -> Vec<Option<usize>> {
    got.iter()
        .map(|p| (p.0 == RED).then(|| Redundant::parse(&p.4).unwrap().earlier().count()))
        .collect()
}

#[test]
fn earlier_packets_go_out_again_while_data_passes_and_only_then() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk_with(with_redundancy(2, false));
    rig.run(4);
    rig.pass(Some(0));
    rig.run(8);
    rig.pass(None);
    rig.run(2);
    let got = rig.got();
    assert_eq!(
        earlier(&got),
        [None, None, Some(0), Some(1), Some(2), Some(2), None]
    );
    let newest = |n: usize| Redundant::parse(&got[n].4).unwrap().newest;
    assert_eq!(
        (newest(4).payload_type, newest(4).payload),
        (0, &ramp()[..])
    );
    // One stream all the way.
    assert!(got.windows(2).all(|w| w[1].2 == w[0].2.wrapping_add(1)));
    assert!(got.windows(2).all(|w| w[1].3 == w[0].3.wrapping_add(160)));
    assert_eq!(
        (rig.counter("tx_packets"), rig.counter("tx_redundant")),
        (7, 4)
    );
}

#[test]
fn a_data_port_does_so_from_the_beginning_and_through_a_turn_of_data() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk_with(with_redundancy(1, true));
    rig.run(4);
    rig.pass(Some(0));
    rig.run(4);
    rig.pass(None);
    rig.run(4);
    let wanted = [0, 1, 1, 1, 1, 1].map(Some);
    assert_eq!(earlier(&rig.got()), wanted);
    rig.run(10);
    assert_eq!(gauge(&rig, "jitter_held"), 1);
}

#[test]
fn a_change_of_the_number_of_earlier_packets_leaves_no_packet_without_them() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk_with(with_redundancy(1, true));
    rig.run(4);
    for (depth, blocks) in [(2, 4), (0, 2), (1, 4)] {
        rig.order(LineOrder::Repeat { session: A, depth });
        rig.run(blocks);
    }
    let wanted = [Some(0), Some(1), Some(2), Some(2), None, Some(0), Some(1)];
    assert_eq!(earlier(&rig.got()), wanted);
    assert_eq!(rig.counter("redundancy_changes"), 3);
}

#[test]
fn what_is_repeated_in_voice_waits_for_data() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk_with(with_redundancy(1, false));
    rig.order(LineOrder::Repeat {
        session: A,
        depth: 2,
    });
    rig.run(4);
    rig.pass(Some(0));
    rig.run(6);
    let wanted = [None, None, Some(0), Some(1), Some(2)];
    assert_eq!(earlier(&rig.got()), wanted);
}

#[test]
fn what_the_network_loses_comes_with_the_next_packet_and_the_line_gets_no_gap() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    // Accepted without being sent.
    let local = rig.talk_with(with_redundancy(0, false));
    rig.pass(Some(0));
    let mut sender = far_sender();
    sender.set_redundancy(Some(Redundancy {
        payload_type: RED,
        depth: 1,
    }));
    for n in 0..40u8 {
        for _ in 0..2 {
            sender.push(&[0x90 + n; BLOCK], |p| {
                if n % 4 != 3 {
                    rig.far.send_to(p, local).unwrap();
                }
            });
        }
        rig.run(2);
    }
    let heard = rig.codes_heard();
    let sent: Vec<u8> = (0..40).flat_map(|n| [0x90 + n; 2]).collect();
    // The card remembers the last blocks only.
    let from = sent.iter().position(|b| *b == heard[0]).unwrap();
    assert!(heard.len() >= 60, "{}", heard.len());
    assert_eq!(heard, sent[from..from + heard.len()]);
    // The last of the forty is lost with nothing after it.
    assert_eq!(
        (rig.counter("rx_lost"), rig.counter("rx_recovered")),
        (9, 9)
    );
    assert_eq!(
        (rig.counter("rx_redundant"), rig.counter("rx_concealed")),
        (30, 0)
    );
    assert_eq!(gauge(&rig, "jitter_delay_ms"), 100);
}

#[test]
fn malformed_redundancy_is_counted_and_nothing_else() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk_with(with_redundancy(0, false));
    rig.run(1);
    let mut sender = far_sender();
    sender.push(&[0x90; 160], |p| {
        let mut packet = p.to_vec();
        packet[1] = RED;
        packet[HEADER_LEN] = 0x80;
        packet.truncate(HEADER_LEN + 3);
        rig.far.send_to(&packet, local).unwrap();
    });
    rig.run(2);
    assert_eq!(
        (rig.counter("rx_malformed"), rig.counter("rx_packets")),
        (1, 0)
    );
}

#[test]
fn a_call_that_comes_to_pass_data_waits_longer_once_and_loses_nothing() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk_with(with_redundancy(0, false));
    let mut sender = far_sender();
    for n in 0..100u8 {
        if n == 50 {
            rig.pass(Some(0));
        }
        for _ in 0..2 {
            // Loud ones, but for a pause.
            let byte = if n == 60 { 0xFE } else { 0x80 + n % 0x40 };
            sender.push(&[byte; BLOCK], |p| {
                rig.far.send_to(p, local).unwrap();
            });
        }
        rig.run(2);
    }
    assert_eq!(
        (gauge(&rig, "jitter_held"), gauge(&rig, "jitter_delay_ms")),
        (1, 100)
    );
    let counts = ["rx_stretched", "rx_shrunk", "rx_late", "rx_resyncs"];
    assert_eq!(counts.map(|c| rig.counter(c)), [8, 0, 0, 0]);
}
