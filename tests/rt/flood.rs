//! Floods, strangers and full rings, stepped by hand so that every figure is exact.

use std::net::UdpSocket;

use tipring_proto::rtp::HEADER_LEN;
use tipring_proto::time::Time;
use tipringd::line::{
    EngineConfig, LineConfig, LineEngine, LineOrder, LineReport, PortIndex, SessionId,
};

use super::rig::{FakeLine, Far, LOCAL, session, spec};

const VICTIM: PortIndex = PortIndex(0);
const NEIGHBOUR: PortIndex = PortIndex(1);

#[test]
fn a_flood_on_one_port_is_bounded_and_its_neighbour_hears_every_packet() {
    let lines = [
        FakeLine::new(Vec::new(), true),
        FakeLine::new(Vec::new(), true),
    ];
    let specs = lines.iter().map(|l| spec(Box::new(l.clone()))).collect();
    let config = LineConfig {
        engine: EngineConfig {
            datagrams_per_block: 32,
            packets_per_block: 4,
            ..EngineConfig::default()
        },
        ..LineConfig::default()
    };
    let (mut engine, mut handle) = LineEngine::by_hand(specs, &config).unwrap();
    let (mut victim, mut neighbour, stranger) =
        (Far::new(), Far::new(), UdpSocket::bind((LOCAL, 0)).unwrap());
    let mut places = Vec::new();
    for (port, far) in [(VICTIM, &victim), (NEIGHBOUR, &neighbour)] {
        let media = session(u64::from(port.0));
        places.push(media.local());
        handle.send(port, LineOrder::AddSession(media)).unwrap();
        let (session, remote) = (SessionId(u64::from(port.0)), far.remote());
        handle
            .send(port, LineOrder::SetRemote { session, remote })
            .unwrap();
    }
    engine.tick(Time::from_millis(1000));
    let blocks = 40;
    let mut fed = 0;
    for block in 1..=blocks {
        // 60 datagrams a block from elsewhere and 20 from the far end itself: more than twice what is looked at.
        for n in 0..60u8 {
            fed += u64::from(stranger.send_to(&[n; HEADER_LEN + 160], places[0]).is_ok());
            if n % 3 == 0 {
                for _ in 0..2 {
                    victim.talk(places[0]);
                }
                fed += 1;
            }
        }
        neighbour.talk(places[1]);
        lines.iter().for_each(|l| l.step(1));
        engine.tick(Time::from_millis(1000 + 10 * block));
    }
    let counters = |port| handle.port_counters(port).unwrap();
    let hit = counters(VICTIM);
    let looked_at = hit.strangers.get() + hit.flood_dropped.get() + hit.rx_packets.get();
    // One look when the packets come and one in the block itself, each within the bound and the rest of a batch.
    assert!(
        looked_at <= (blocks + 1) * 2 * (32 + 3),
        "{looked_at} of {fed}"
    );
    assert!(
        looked_at < fed && hit.flood_blocks.get() >= blocks,
        "{looked_at} of {fed}"
    );
    assert!(
        hit.rx_packets.get() <= (blocks + 1) * 2 * 4,
        "{}",
        hit.rx_packets.get()
    );
    assert!(hit.strangers.get() > 0 && hit.flood_dropped.get() > 0);
    let calm = counters(NEIGHBOUR);
    let figures = [
        &calm.rx_packets,
        &calm.rx_lost,
        &calm.rx_late,
        &calm.rx_concealed,
        &calm.strangers,
    ]
    .map(|c| c.get());
    assert_eq!(figures, [blocks / 2, 0, 0, 0, 0]);
    assert_eq!(calm.blocks.get(), blocks);
    assert_eq!(neighbour.received() as u64, blocks / 2);
}

#[test]
fn full_rings_are_answers_that_are_counted_and_nothing_is_lost() {
    let line = FakeLine::new(Vec::new(), true);
    let config = LineConfig {
        order_ring: 4,
        report_ring: 2,
        ..LineConfig::default()
    };
    let (mut engine, mut handle) =
        LineEngine::by_hand(vec![spec(Box::new(line))], &config).unwrap();
    let order = || LineOrder::StopSend {
        session: SessionId(9),
    };
    for _ in 0..4 {
        handle.send(VICTIM, order()).unwrap();
    }
    let back = handle.send(VICTIM, order()).unwrap_err();
    assert!(matches!(
        back.0,
        LineOrder::StopSend {
            session: SessionId(9)
        }
    ));
    assert_eq!(handle.orders_full(), 1);
    // Two answers fit; the other two orders wait for room.
    engine.tick(Time::from_millis(10));
    let held = |handle: &tipringd::line::LineHandle| {
        handle.shard_counters().next().unwrap().0.orders_held.get()
    };
    assert_eq!(held(&handle), 1);
    let mut answers = 0;
    for n in 0..3 {
        while let Some(report) = handle.try_recv() {
            assert!(matches!(
                report,
                LineReport::NoSuchSession {
                    session: SessionId(9),
                    ..
                }
            ));
            answers += 1;
        }
        engine.tick(Time::from_millis(20 + n * 10));
    }
    assert_eq!(answers, 4);
    assert_eq!(held(&handle), 1);
}
