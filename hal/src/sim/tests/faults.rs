//! Late gateways, broken cards, and the promise of the port not to allocate.

use super::*;
use tipring_linux::alloc_count::{allocations_in_this_thread, frees_in_this_thread};
use tipring_types::TenthDb;

fn raw(ports: usize) -> Sim {
    build(&SimConfig::new(ports)).unwrap()
}

#[test]
fn nothing_flows_and_nothing_is_counted_before_the_port_is_opened() {
    let Sim {
        mut world,
        mut ports,
        ..
    } = raw(1);
    for n in 1..100 {
        world.step(BEGIN + n * world.block_time());
    }
    let mut buf = [0; 80];
    assert_eq!(ports[0].read(&mut buf), ReadBlock::WouldBlock);
    world.step(BEGIN + 101 * world.block_time());
    assert_eq!(ports[0].read(&mut buf), ReadBlock::Block);
    assert_eq!(buf, [0xFF; 80]);
    assert_eq!(ports[0].read(&mut buf), ReadBlock::WouldBlock);
    assert_eq!(ports[0].stats(), crate::PortStats::default());
}

#[test]
fn late_gateways_are_counted_and_lose_blocks_not_more() {
    let Sim {
        mut world,
        mut ports,
        ..
    } = raw(1);
    let mut now = BEGIN;
    let mut buf = [0; 80];
    ports[0].read(&mut buf);
    for _ in 0..3 {
        assert_eq!(ports[0].write(&[0xFF; 80]), WriteBlock::Taken);
    }
    for _ in 0..40 {
        now += world.block_time();
        world.step(now);
    }
    // 32 blocks are kept, 3 of 40 could be played.
    let stats = ports[0].stats();
    assert_eq!((stats.read_overruns, stats.write_underruns), (8, 37));
    let mut blocks = 0;
    while ports[0].read(&mut buf) == ReadBlock::Block {
        blocks += 1;
    }
    assert_eq!(blocks, 32);
    for _ in 0..32 {
        assert_eq!(ports[0].write(&[0xFF; 80]), WriteBlock::Taken);
    }
    assert_eq!(ports[0].write(&[0xFF; 80]), WriteBlock::Full);
}

#[test]
fn with_an_event_waiting_audio_calls_answer_so() {
    let Sim {
        mut world,
        mut ports,
        ..
    } = raw(1);
    let mut buf = [0; 80];
    ports[0].read(&mut buf);
    world.request(SimRequest::port(0, SimAction::Lift)).unwrap();
    world.step(BEGIN);
    assert_eq!(ports[0].read(&mut buf), ReadBlock::EventPending);
    assert_eq!(ports[0].write(&buf), WriteBlock::EventPending);
    assert!(ports[0].next_event().is_some());
    assert_eq!(ports[0].read(&mut buf), ReadBlock::Block);
}

#[test]
fn a_broken_port_reports_it_refuses_everything_and_comes_back() {
    let mut rig = Rig::one(SimPortConfig::default());
    let ring = LineCommand::Ring(RingCadence::new(2000, 4000));
    rig.ports[0].command(ring).unwrap();
    rig.run_ms(100);
    let broken = LineFault::Alarm;
    rig.act(0, SimAction::Break(Some(broken)));
    rig.step();
    let mut buf = [0; 80];
    assert_eq!(rig.ports[0].read(&mut buf), ReadBlock::Down(broken));
    assert_eq!(rig.ports[0].write(&buf), WriteBlock::Down(broken));
    assert_eq!(rig.ports[0].command(ring), Err(PortError::Down(broken)));
    rig.act(0, SimAction::Lift);
    rig.run_ms(100);
    assert_eq!(rig.snapshot(0).card.fault, Some(broken));
    rig.act(0, SimAction::Break(None));
    rig.run_ms(100);
    // 100 ms of ringing, broken until 210 ms; the phone was lifted meanwhile.
    assert_eq!(
        rig.reported(),
        [
            (0, LineEventKind::RingOn),
            (800, LineEventKind::Fault(broken)),
            (1680, LineEventKind::FaultCleared),
            (1680, LineEventKind::LoopClosed),
        ]
    );
    assert_eq!(rig.ports[0].read(&mut buf), ReadBlock::WouldBlock);
    assert!(rig.read[0].len() >= 800);
}

#[test]
fn a_phone_that_is_lifted_before_a_fault_and_after_it_is_reported_again() {
    let mut rig = Rig::one(SimPortConfig::default());
    rig.act(0, SimAction::Lift);
    rig.run_ms(100);
    let broken = LineFault::PowerAlarm;
    rig.act(0, SimAction::Break(Some(broken)));
    rig.run_ms(100);
    rig.act(0, SimAction::Break(None));
    rig.run_ms(100);
    let kinds: Vec<_> = rig.reported().into_iter().map(|(_, kind)| kind).collect();
    let lifted = LineEventKind::LoopClosed;
    assert_eq!(
        kinds,
        [
            lifted,
            LineEventKind::Fault(broken),
            LineEventKind::FaultCleared,
            lifted
        ]
    );
    // Hung up during one: reported after it, once.
    rig.act(0, SimAction::Break(Some(broken)));
    rig.run_ms(100);
    rig.act(0, SimAction::HangUp);
    rig.act(0, SimAction::Break(None));
    rig.run_ms(100);
    let last = rig.reported().last().map(|(_, kind)| *kind);
    assert_eq!(last, Some(LineEventKind::LoopOpened));
}

#[test]
fn events_that_nobody_reads_are_lost_and_counted() {
    let mut config = SimConfig::new(1);
    config.events_buffered = 4;
    let Sim {
        mut world,
        mut ports,
        ..
    } = build(&config).unwrap();
    let mut now = BEGIN;
    for action in [SimAction::Lift, SimAction::HangUp].iter().cycle().take(10) {
        world.request(SimRequest::port(0, action.clone())).unwrap();
        now += world.block_time();
        world.step(now);
    }
    assert_eq!(ports[0].stats().events_lost, 6);
    let kept: Vec<_> = std::iter::from_fn(|| ports[0].next_event()).collect();
    assert_eq!(kept.len(), 4);
}

#[test]
fn odd_buffers_do_no_harm() {
    let Sim {
        mut world,
        mut ports,
        ..
    } = raw(1);
    let mut big = [7; 500];
    ports[0].read(&mut big);
    assert_eq!(ports[0].write(&[]), WriteBlock::Taken);
    assert_eq!(ports[0].write(&[0; 500]), WriteBlock::Taken);
    world.step(BEGIN);
    world.step(BEGIN);
    assert_eq!(ports[0].read(&mut []), ReadBlock::Block);
    assert_eq!(ports[0].read(&mut big), ReadBlock::Block);
    assert_eq!((big[79], big[80]), (0xFF, 7));
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let mut config = SimConfig::new(1);
    config.block_len = 0;
    let error = build(&config).err().unwrap();
    assert_eq!(error.to_string(), "block-len is 0; accepted: 8 to 240");
    let mut config = SimConfig::new(1);
    config.ports[0].hybrid.noise_dbm0 = Some(f32::INFINITY);
    assert!(matches!(
        build(&config).err(),
        Some(SimError::BadValue { .. })
    ));
    assert_eq!(build(&SimConfig::new(0)).unwrap().ports.len(), 0);
}

#[test]
fn a_port_never_allocates() {
    let Sim {
        mut world,
        ports,
        clock,
    } = raw(1);
    let port = ports.into_iter().next().unwrap();
    let (port, _trace) = crate::wrap::Trace::new(port, 64);
    let (port, record) = crate::wrap::Record::new(port, 64);
    let (mut port, fault) = crate::wrap::Fault::new(port);
    record.set_on(true);
    let mut buf = [0; 80];
    let mut now = BEGIN;
    let mut calls = 0u64;
    for round in 0..200u64 {
        if round == 50 {
            world.request(SimRequest::port(0, SimAction::Lift)).unwrap();
        }
        now += world.block_time();
        world.step(now);
        if round == 100 {
            fault.set_down(Some(LineFault::Removed));
        }
        if round == 120 {
            fault.mend();
        }
        let before = (allocations_in_this_thread(), frees_in_this_thread());
        clock.drain();
        while port.next_event().is_some() {
            calls += 1;
        }
        while port.read(&mut buf) == ReadBlock::Block {
            calls += 1;
        }
        port.write(&buf);
        for command in [
            LineCommand::Ring(RingCadence::new(100, 100)),
            LineCommand::StopRing,
            LineCommand::Polarity(Polarity::Reversed),
            LineCommand::Gain {
                rx: TenthDb(1),
                tx: TenthDb(-1),
            },
            LineCommand::MessageLamp(round % 2 == 0),
        ] {
            let _ = port.command(command);
        }
        let _ = (
            port.off_hook(),
            port.stats(),
            port.capabilities(),
            port.wake(),
        );
        assert_eq!(
            (allocations_in_this_thread(), frees_in_this_thread()),
            before
        );
    }
    assert!(calls > 180, "{calls}");
}
