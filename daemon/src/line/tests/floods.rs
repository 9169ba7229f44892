//! Floods of datagrams from unexpected sources: the far end is heard whatever they send.

use super::*;

/// Blocks of a call under a flood.
const BLOCKS: usize = 40;
/// What fits beside a packet of the far end into the smallest socket buffer there is.
const WAITING: usize = 60;
const MANY: usize = 3000;

/// The far end sends a packet every second block, behind the datagrams of other sources that `each` sends; everything
/// that it sent must be played.
fn heard_under(each: impl Fn(usize, SocketAddrV4)) -> Rig {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(None);
    rig.run(1);
    let mut sender = far_sender();
    let mut said = Vec::new();
    for block in 0..BLOCKS {
        each(block, local);
        let code = 0x90 + (block / 2) as u8;
        sender.push(&[code; BLOCK], |p| {
            rig.far.send_to(p, local).unwrap();
        });
        said.push(code);
        rig.run(1);
    }
    rig.run(6);
    assert_eq!(rig.codes_heard()[..BLOCKS], said);
    let lost = ["rx_lost", "rx_late", "rx_underruns"].map(|n| rig.counter(n));
    assert_eq!(
        (rig.counter("rx_packets"), lost),
        (BLOCKS as u64 / 2, [0, 0, 1])
    );
    rig
}

#[test]
fn packets_behind_unexpected_ones_of_any_length_are_played() {
    let other = UdpSocket::bind((LOCAL, 0)).unwrap();
    for length in [0, 172, 1400] {
        let flood = vec![0x80; length];
        let rig = heard_under(|block, local| {
            // Before the first wake the kernel lets all of them in; from then on the flood is what it is.
            let count = if block == 0 { WAITING } else { MANY };
            for _ in 0..count {
                other.send_to(&flood, local).unwrap();
            }
        });
        assert_eq!(
            (rig.counter("floods"), rig.counter("filter_errors")),
            (1, 0)
        );
        assert_eq!(rig.counter("strangers"), WAITING as u64);
    }
}

#[test]
fn what_the_kernel_drops_is_counted_and_after_the_flood_it_drops_nothing() {
    let other = UdpSocket::bind((LOCAL, 0)).unwrap();
    let flood = [0x80; 172];
    let mut r = rig(Vec::new(), LineConfig::default());
    let local = r.talk(None);
    let mut sender = far_sender();
    let mut minute = |r: &mut Rig, blocks: usize, others: usize| {
        for _ in 0..blocks {
            (0..others).for_each(|_| {
                other.send_to(&flood, local).unwrap();
            });
            sender.push(&[0x90; BLOCK], |p| {
                r.far.send_to(p, local).unwrap();
            });
            r.run(1);
        }
    };
    minute(&mut r, 10, 1);
    minute(&mut r, 300, WAITING);
    minute(&mut r, 700, 0);
    let counted = r.counter("strangers") + r.counter("kernel_dropped");
    assert_eq!(counted, 10 + 300 * WAITING as u64);
    assert_eq!(r.counter("strangers"), 10 + WAITING as u64);
    minute(&mut r, 10, 1);
    assert_eq!(r.counter("strangers"), 20 + WAITING as u64);
    assert_eq!(r.counter("rx_packets"), 1020 / 2);
    assert_eq!(r.counter("floods"), 1);
}

#[test]
fn music_from_an_unnamed_source_is_heard_through_a_flood_of_other_sources() {
    let [music, other] = [(); 2].map(|()| UdpSocket::bind((LOCAL, 0)).unwrap());
    let mut r = rig(Vec::new(), LineConfig::default());
    let media = open(&SessionConfig {
        sources: RtpSource::Latch,
        ..session_config(A)
    });
    let local = media.local();
    r.order(LineOrder::AddSession(media));
    r.run(1);
    let mut sender = far_sender();
    for block in 0..BLOCKS {
        let count = if block < 4 { WAITING } else { MANY };
        for _ in 0..count {
            other.send_to(&[0x80; 100], local).unwrap();
        }
        sender.push(&[0x90; BLOCK], |p| {
            music.send_to(p, local).unwrap();
        });
        r.run(1);
    }
    assert_eq!(r.counter("rx_packets"), BLOCKS as u64 / 2 - 2);
}

#[test]
fn a_new_far_end_is_heard_although_the_flood_goes_on() {
    let [other, next] = [(); 2].map(|()| UdpSocket::bind((LOCAL, 0)).unwrap());
    let mut r = rig(Vec::new(), LineConfig::default());
    let local = r.talk(None);
    let mut sender = far_sender();
    let mut talk = |r: &mut Rig, from: &UdpSocket, blocks: usize| {
        for _ in 0..blocks {
            (0..WAITING).for_each(|_| {
                other.send_to(&[0x80; 172], local).unwrap();
            });
            sender.push(&[0x90; BLOCK], |p| {
                from.send_to(p, local).unwrap();
            });
            r.run(1);
        }
    };
    let far = r.far.try_clone().unwrap();
    talk(&mut r, &far, 20);
    let SocketAddr::V4(address) = next.local_addr().unwrap() else {
        panic!("an IPv4 socket");
    };
    let remote = Remote {
        address,
        ..r.remote(None)
    };
    r.order(LineOrder::SetRemote { session: A, remote });
    r.run(1);
    talk(&mut r, &next, 20);
    assert_eq!(r.counter("rx_packets"), 20);
}
