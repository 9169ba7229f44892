//! The card by the clock.

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_running_card_answers_reports_and_keeps_time() {
    let Sim {
        world,
        mut ports,
        clock,
    } = build(&SimConfig::new(2)).unwrap();
    let begun = tipring_linux::monotonic();
    let handle = world.spawn().unwrap();
    let events = handle.subscribe(16);
    let lift = SimRequest::port(1, SimAction::Lift);
    assert_eq!(handle.request(lift), Ok(SimReply::Done));
    let lifted = events.next_within(PATIENCE).unwrap();
    assert_eq!((lifted.port, lifted.kind), (1, SimEventKind::Lifted));
    // The edge reaches the port: wait on the card's clock, not on time.
    let mut event = None;
    while event.is_none() && tipring_linux::monotonic() < begun + PATIENCE {
        let mut fds = [nix::poll::PollFd::new(
            std::os::fd::AsFd::as_fd(&clock),
            nix::poll::PollFlags::POLLIN,
        )];
        nix::poll::poll(&mut fds, 1000u16).unwrap();
        clock.drain();
        event = ports[1].next_event();
    }
    let event = event.unwrap();
    assert_eq!(event.kind, LineEventKind::LoopClosed);
    assert!(event.at >= begun && event.at <= tipring_linux::monotonic());
    let Ok(SimReply::Snapshot(all)) = handle.request(SimRequest::Snapshot { port: None }) else {
        panic!("no snapshot");
    };
    let states: Vec<_> = all.iter().map(|snapshot| snapshot.set).collect();
    assert_eq!(states, [SetState::OnHook, SetState::OffHook]);
    let stats = handle.stats();
    let elapsed = (tipring_linux::monotonic() - begun).as_millis() as u64 / 10;
    assert!(
        stats.steps >= 1 && stats.steps <= elapsed,
        "{stats:?} in {elapsed}"
    );
    drop(handle);
    assert_eq!(events.next_within(PATIENCE), None);
    assert_eq!(ports[0].read(&mut [0; 80]), ReadBlock::WouldBlock);
}

#[test]
fn a_full_subscriber_loses_events_and_holds_nobody() {
    let Sim { world, .. } = build(&SimConfig::new(1)).unwrap();
    let handle = world.spawn().unwrap();
    let events = handle.subscribe(1);
    for action in [SimAction::Lift, SimAction::HangUp].iter().cycle().take(10) {
        handle.request(SimRequest::port(0, action.clone())).unwrap();
    }
    assert_eq!(
        events.next_within(PATIENCE).unwrap().kind,
        SimEventKind::Lifted
    );
    // Nobody takes anything any more: one event fits, the next one is lost. The card goes on answering.
    let end = std::time::Instant::now() + PATIENCE;
    while handle.stats().events_dropped == 0 {
        assert!(std::time::Instant::now() < end, "{:?}", handle.stats());
        for action in [SimAction::Lift, SimAction::HangUp] {
            handle.request(SimRequest::port(0, action)).unwrap();
        }
    }
}
