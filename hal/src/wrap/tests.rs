//! The wrappers over a simulated port.

use super::*;
use crate::port::{
    LineCommand, LineEventKind, LineFault, LinePort, Polarity, PortError, ReadBlock, WriteBlock,
};
use crate::sim::{Sim, SimAction, SimConfig, SimPort, SimRequest, World, build};

fn one() -> (World, SimPort) {
    let Sim {
        world, mut ports, ..
    } = build(&SimConfig::new(1)).unwrap();
    let mut port = ports.remove(0);
    // Opens it: audio flows from here on.
    assert_eq!(port.read(&mut [0; 80]), ReadBlock::WouldBlock);
    (world, port)
}

fn step(world: &mut World) {
    world.step(tipring_linux::monotonic());
}

fn lift(world: &mut World) {
    world.request(SimRequest::port(0, SimAction::Lift)).unwrap();
    step(world);
}

#[test]
fn trace_mirrors_events_commands_and_their_answers() {
    let (mut world, port) = one();
    let (mut port, mut reader) = Trace::new(port, 3);
    lift(&mut world);
    let event = port.next_event().unwrap();
    let ring = LineCommand::Ring(crate::RingCadence::new(1000, 1000));
    assert_eq!(port.command(ring), Err(PortError::Busy));
    let reverse = LineCommand::Polarity(Polarity::Reversed);
    assert_eq!(port.command(reverse), Ok(()));
    // No room for the fourth.
    assert_eq!(port.command(reverse), Ok(()));
    let items: Vec<_> = std::iter::from_fn(|| reader.next_item())
        .map(|traced| traced.item)
        .collect();
    assert_eq!(
        items,
        [
            TraceItem::Event(event),
            TraceItem::Command(ring, Err(PortError::Busy)),
            TraceItem::Command(reverse, Ok(())),
        ]
    );
    assert_eq!(reader.lost(), 1);
}

#[test]
fn trace_reports_once_when_reads_go_down_and_up() {
    let (mut world, port) = one();
    let (port, fault) = Fault::new(port);
    let (mut port, mut reader) = Trace::new(port, 16);
    let mut buf = [0; 80];
    fault.set_down(Some(LineFault::Alarm));
    assert_eq!(port.read(&mut buf), ReadBlock::EventPending);
    assert!(port.next_event().is_some());
    for _ in 0..3 {
        assert_eq!(port.read(&mut buf), ReadBlock::Down(LineFault::Alarm));
    }
    fault.mend();
    assert!(port.next_event().is_some());
    step(&mut world);
    assert_eq!(port.read(&mut buf), ReadBlock::Block);
    let items: Vec<_> = std::iter::from_fn(|| reader.next_item())
        .map(|traced| match traced.item {
            TraceItem::Event(event) => format!("{:?}", event.kind),
            item => format!("{item:?}"),
        })
        .collect();
    assert_eq!(
        items,
        [
            "Fault(Alarm)",
            "ReadsDown(Alarm)",
            "FaultCleared",
            "ReadsUp"
        ]
    );
}

#[test]
fn record_keeps_both_directions_while_it_is_on() {
    let (mut world, port) = one();
    let (mut port, mut reader) = Record::new(port, 3);
    let mut buf = [0; 80];
    port.write(&[1; 80]);
    reader.set_on(true);
    port.write(&[2; 80]);
    step(&mut world);
    assert_eq!(port.read(&mut buf), ReadBlock::Block);
    port.write(&[3; 80]);
    port.write(&[4; 80]);
    reader.set_on(false);
    port.write(&[5; 80]);
    let blocks: Vec<_> = std::iter::from_fn(|| reader.next_block()).collect();
    let seen: Vec<_> = blocks
        .iter()
        .map(|block| {
            (
                block.direction,
                block.sequence,
                block.bytes()[0],
                block.bytes().len(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Direction::ToLine, 1, 2, 80),
            (Direction::FromLine, 0, 0xFF, 80),
            (Direction::ToLine, 2, 3, 80),
        ]
    );
    assert_eq!(reader.lost(), 1);
}

#[test]
fn fault_takes_a_port_down_and_up_again() {
    let (mut world, port) = one();
    let (mut port, fault) = Fault::new(port);
    let mut buf = [0; 80];
    let gone = LineFault::Removed;
    fault.set_down(Some(gone));
    assert_eq!(port.write(&buf), WriteBlock::EventPending);
    assert_eq!(
        port.next_event().map(|event| event.kind),
        Some(LineEventKind::Fault(gone))
    );
    assert_eq!(port.next_event(), None);
    for _ in 0..5 {
        step(&mut world);
    }
    assert_eq!(port.read(&mut buf), ReadBlock::Down(gone));
    assert_eq!(port.write(&buf), WriteBlock::Down(gone));
    assert_eq!(
        port.command(LineCommand::StopRing),
        Err(PortError::Down(gone))
    );
    fault.set_down(None);
    assert_eq!(port.read(&mut buf), ReadBlock::EventPending);
    assert_eq!(
        port.next_event().map(|event| event.kind),
        Some(LineEventKind::FaultCleared)
    );
    // Old blocks are gone.
    assert_eq!(port.read(&mut buf), ReadBlock::WouldBlock);
    step(&mut world);
    assert_eq!(port.read(&mut buf), ReadBlock::Block);
    assert_eq!(fault.counts().downs, 1);
}

#[test]
fn fault_drops_silences_stalls_and_starves() {
    let (mut world, port) = one();
    let (mut port, fault) = Fault::new(port);
    let mut buf = [0; 80];
    fault.drop_reads(2);
    for _ in 0..3 {
        step(&mut world);
    }
    assert_eq!(port.read(&mut buf), ReadBlock::Block);
    assert_eq!(port.read(&mut buf), ReadBlock::WouldBlock);

    fault.stall_reads(true);
    step(&mut world);
    assert_eq!(port.read(&mut buf), ReadBlock::WouldBlock);
    fault.stall_reads(false);
    assert_eq!(port.read(&mut buf), ReadBlock::Block);

    lift(&mut world);
    fault.lose_events(1);
    assert_eq!(port.next_event(), None);
    let tone = crate::sim::Audio::Tone {
        hz: [1000.0, 0.0],
        dbm0: -5.0,
        ms: 0,
    };
    let play = SimAction::Play {
        audio: tone,
        repeat: false,
    };
    world.request(SimRequest::port(0, play)).unwrap();
    fault.silence_reads(true);
    step(&mut world);
    while port.read(&mut buf) == ReadBlock::Block {
        assert_eq!(buf, [0xFF; 80]);
    }
    fault.silence_reads(false);
    step(&mut world);
    assert_eq!(port.read(&mut buf), ReadBlock::Block);
    assert_ne!(buf, [0xFF; 80]);

    assert_eq!(port.write(&buf), WriteBlock::Taken);
    fault.lose_writes(1);
    assert_eq!(port.write(&buf), WriteBlock::Taken);
    step(&mut world);
    step(&mut world);
    assert_eq!(port.stats().write_underruns, 1);
    fault.full_writes(true);
    assert_eq!(port.write(&buf), WriteBlock::Full);
    fault.mend();
    assert_eq!(port.write(&buf), WriteBlock::Taken);
    let counts = fault.counts();
    assert_eq!(
        (counts.reads_dropped, counts.writes_lost, counts.events_lost),
        (2, 1, 1)
    );
}

#[test]
fn wrappers_stack_and_a_boxed_port_is_a_port() {
    let (mut world, port) = one();
    let (port, _trace) = Trace::new(port, 4);
    let (port, _record) = Record::new(port, 4);
    let (port, _fault) = Fault::new(port);
    let mut port: Box<dyn LinePort> = Box::new(port);
    lift(&mut world);
    assert_eq!(
        port.next_event().map(|event| event.kind),
        Some(LineEventKind::LoopClosed)
    );
    assert!(port.off_hook());
    assert_eq!(port.block_len(), 80);
}
