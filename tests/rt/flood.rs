//! Floods, unexpected sources and full rings, stepped by hand so that every figure is exact.

use std::net::{SocketAddrV4, UdpSocket};

use tipring_proto::rtp::HEADER_LEN;
use tipring_proto::time::Time;
use tipringd::line::{
    EngineConfig, LineConfig, LineEngine, LineHandle, LineOrder, LineReport, PortCounters,
    PortIndex, SessionId,
};

use super::rig::{FakeLine, Far, LOCAL, session, spec};

const VICTIM: PortIndex = PortIndex(0);
const NEIGHBOUR: PortIndex = PortIndex(1);

/// Two ports in a call, each with its far end; blocks of 10 ms.
struct Pair {
    lines: [FakeLine; 2],
    engine: LineEngine,
    handle: LineHandle,
    victim: Far,
    neighbour: Far,
    /// Where the victim receives.
    place: SocketAddrV4,
    /// Where the neighbour does.
    next_door: SocketAddrV4,
    blocks: u64,
}

impl Pair {
    fn new(engine: EngineConfig) -> Pair {
        let lines = [
            FakeLine::new(Vec::new(), true),
            FakeLine::new(Vec::new(), true),
        ];
        let specs = lines.iter().map(|l| spec(Box::new(l.clone()))).collect();
        let config = LineConfig {
            engine,
            ..LineConfig::default()
        };
        let (engine, mut handle) = LineEngine::by_hand(specs, &config).unwrap();
        let (victim, neighbour) = (Far::new(), Far::new());
        let places = [(VICTIM, &victim), (NEIGHBOUR, &neighbour)].map(|(port, far)| {
            let media = session(u64::from(port.0));
            let local = media.local();
            handle.send(port, LineOrder::AddSession(media)).unwrap();
            let (session, remote) = (SessionId(u64::from(port.0)), far.remote());
            handle
                .send(port, LineOrder::SetRemote { session, remote })
                .unwrap();
            local
        });
        let mut pair = Pair {
            lines,
            engine,
            handle,
            victim,
            neighbour,
            place: places[0],
            next_door: places[1],
            blocks: 0,
        };
        pair.engine.tick(Time::from_millis(1000));
        pair
    }

    /// A block, in which the neighbour's far end talks.
    fn block(&mut self) {
        self.blocks += 1;
        self.neighbour.talk(self.next_door);
        self.lines.iter().for_each(|l| l.step(1));
        self.engine.tick(Time::from_millis(1000 + 10 * self.blocks));
    }

    fn counters(&self, port: PortIndex) -> &PortCounters {
        self.handle.port_counters(port).unwrap()
    }

    /// The other port sent and received everything.
    fn neighbour_is_untouched(&self) {
        let calm = self.counters(NEIGHBOUR);
        let figures = [
            &calm.rx_packets,
            &calm.rx_lost,
            &calm.rx_late,
            &calm.rx_concealed,
            &calm.strangers,
        ]
        .map(|c| c.get());
        assert_eq!(figures, [self.blocks / 2, 0, 0, 0, 0]);
        assert_eq!(calm.blocks.get(), self.blocks);
        assert_eq!(self.neighbour.received() as u64, self.blocks / 2);
    }
}

#[test]
fn a_flood_from_an_unexpected_source_costs_neither_its_port_nor_the_neighbour_a_packet() {
    let mut pair = Pair::new(EngineConfig {
        datagrams_per_block: 32,
        packets_per_block: 4,
        ..EngineConfig::default()
    });
    let unexpected = UdpSocket::bind((LOCAL, 0)).unwrap();
    for _ in 0..40 {
        // Twice what the port may look at.
        for n in 0..60u8 {
            unexpected
                .send_to(&[n; HEADER_LEN + 160], pair.place)
                .unwrap();
        }
        pair.victim.talk(pair.place);
        pair.block();
    }
    let hit = pair.counters(VICTIM);
    let figures = [
        &hit.rx_packets,
        &hit.rx_lost,
        &hit.rx_late,
        &hit.rx_concealed,
    ]
    .map(|c| c.get());
    assert_eq!(figures, [20, 0, 0, 0]);
    // The first block's are looked at, the others do not come in.
    assert_eq!((hit.strangers.get(), hit.floods.get()), (60, 1));
    pair.neighbour_is_untouched();
}

#[test]
fn a_flood_of_the_far_end_itself_is_bounded_and_its_neighbour_hears_every_packet() {
    let mut pair = Pair::new(EngineConfig {
        datagrams_per_block: 32,
        datagrams_shared: 16,
        packets_per_block: 4,
        ..EngineConfig::default()
    });
    let mut fed = 0;
    for _ in 0..40 {
        for _ in 0..320 {
            pair.victim.talk(pair.place);
        }
        fed += 160;
        pair.block();
    }
    let hit = pair.counters(VICTIM);
    let looked_at = hit.strangers.get() + hit.flood_dropped.get() + hit.rx_packets.get();
    // One look when the packets come and one in the block itself, each within the bound and the rest of a batch.
    let most = pair.blocks * (2 * 32 + 16 + 2 * 63);
    assert!(looked_at <= most, "{looked_at} of {fed}");
    assert!(
        looked_at < fed && hit.flood_blocks.get() >= pair.blocks,
        "{looked_at} of {fed}"
    );
    assert!(
        hit.rx_packets.get() <= (pair.blocks + 1) * 2 * 4,
        "{}",
        hit.rx_packets.get()
    );
    assert!(hit.flood_dropped.get() > 0);
    pair.neighbour_is_untouched();
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
