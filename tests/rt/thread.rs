//! The real thread: allocation, start report, end.

use std::net::SocketAddrV4;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use tipring_dsp::{Over, Tone, ToneProgram};
use tipring_hal::port::{LineCommand, LineEventKind, Polarity};
use tipring_linux::EventFd;
use tipring_linux::alloc_count::{allocations_in_this_thread, frees_in_this_thread};
use tipring_proto::rtp::Redundancy;
use tipring_proto::types::Digit;
use tipringd::line::{
    Histogram, LineConfig, LineHandle, LineOrder, LineReport, MediaSession, PortIndex, Returned,
    SessionId, StartError, spawn,
};

use super::rig::{
    BLOCK, FakeLine, Far, Probe, Probed, dtmf_then_silence, session, session_of, spec, wait_for,
};

pub(crate) const P: PortIndex = PortIndex(0);
pub(crate) const S: SessionId = SessionId(1);

/// One probed port on a thread, and its card's clock.
pub(crate) struct Running {
    pub(crate) line: FakeLine,
    pub(crate) probe: Arc<Probe>,
    clock: EventFd,
    pub(crate) handle: LineHandle,
}

impl Running {
    pub(crate) fn start(signal: Vec<u8>) -> Running {
        let line = FakeLine::new(signal, true);
        let probe = Arc::new(Probe::default());
        let clock = EventFd::new().unwrap();
        let clocks = vec![clock.as_fd().try_clone_to_owned().unwrap()];
        let ports = vec![spec(Box::new(Probed(line.clone(), Arc::clone(&probe))))];
        // Locked memory would make other tests of this process fail under a small limit.
        let config = LineConfig {
            lock_memory: false,
            ..LineConfig::default()
        };
        let (handle, report) = spawn(ports, clocks, &config).unwrap();
        assert!(report.memory_locked.is_none());
        let granted = matches!(report.shards[..], [ref s] if matches!(s.realtime, Some(Ok(70))));
        let refused = matches!(report.shards[..], [ref s] if matches!(s.realtime, Some(Err(_))));
        assert!(granted || refused, "{report:?}");
        let shard = handle.shard_counters().next().unwrap().0;
        assert_eq!(shard.realtime.get(), i64::from(granted));
        Running {
            line,
            probe,
            clock,
            handle,
        }
    }

    /// The card's clock ticks this number of times; waits until the thread has served each block.
    pub(crate) fn run(&self, blocks: u64) {
        let counters = self.handle.port_counters(P).unwrap();
        let shard = self.handle.shard_counters().next().unwrap().0;
        for _ in 0..blocks {
            let before = (counters.blocks.get(), shard.ticks.get());
            self.line.step(1);
            self.clock.add(1).unwrap();
            // To the end of the wake: a block that comes during it would be served without the packets since.
            wait_for("a block", || {
                counters.blocks.get() > before.0 && shard.ticks.get() > before.1
            });
        }
    }

    pub(crate) fn order(&mut self, order: LineOrder) {
        self.handle.send(P, order).unwrap();
    }

    /// Gives the port a session that sends to `far`; where it receives.
    pub(crate) fn link(&mut self, media: Box<MediaSession>, far: &Far) -> SocketAddrV4 {
        let local = media.local();
        self.order(LineOrder::AddSession(media));
        self.order(LineOrder::SetRemote {
            session: S,
            remote: far.remote(),
        });
        local
    }
}

#[test]
fn the_thread_neither_allocates_nor_frees_from_the_first_block_to_the_last() {
    // The measure itself: this thread's counts move when it allocates.
    let before = (allocations_in_this_thread(), frees_in_this_thread());
    drop(std::hint::black_box(Box::new([0u8; 100])));
    assert_eq!(
        (allocations_in_this_thread(), frees_in_this_thread()),
        (before.0 + 1, before.1 + 1)
    );

    let mut r = Running::start(dtmf_then_silence());
    r.run(3);
    let start = (r.probe.allocations.load(SeqCst), r.probe.frees.load(SeqCst));
    assert!(
        start.0 > 0,
        "the thread allocated when it started, so the count works"
    );
    let mut far = Far::new();
    let mut returned = 0;
    let mut reports = 0;
    for call in 0..3 {
        let media = session_of(S.0, |config| config.vad = call == 0);
        let local = r.link(media, &far);
        let tone = ToneProgram::continuous(&[Tone::new(440, -200)])
            .unwrap()
            .over(Over::Mix);
        r.order(LineOrder::Chain(tipring_dsp::ChainCommand::PlayTone(tone)));
        r.order(LineOrder::Port(LineCommand::Polarity(Polarity::Reversed)));
        r.order(LineOrder::Bridge(Some(SessionId(99))));
        for block in 0..80 {
            if call == 1 && block > 60 {
                far.fall_silent(local);
            }
            match block {
                20 => assert!(far.sender.press(Digit::from_char('3').unwrap(), 10, |_| ())),
                28 => far.sender.release(),
                40 => r
                    .line
                    .event(Duration::from_secs(1), LineEventKind::LoopOpened),
                50 => r
                    .line
                    .event(Duration::from_secs(1), LineEventKind::LoopClosed),
                // A fax begins, and sends each packet twice as we do.
                30 | 65 => {
                    let data = (block == 30).then_some(3000);
                    r.order(LineOrder::PassThrough { session: S, data });
                    far.sender.set_redundancy(data.map(|_| Redundancy {
                        payload_type: 90,
                        depth: 1,
                    }));
                }
                45..=46 => {
                    // Lost, to come with the next one.
                    far.sender.push(&[0x92; BLOCK], |_| ());
                    r.run(1);
                    continue;
                }
                // Noise, a burst, and a gap to conceal.
                60 => drop(far.socket.send_to(&[0xAB; 90], local)),
                61 => (0..100).for_each(|_| far.talk(local)),
                70..75 => {
                    r.run(1);
                    continue;
                }
                _ => {}
            }
            far.talk(local);
            r.run(1);
        }
        r.order(LineOrder::RemoveSession { session: S });
        wait_for("the session to come back", || {
            while let Some(report) = r.handle.try_recv() {
                reports += 1;
                if let LineReport::SessionReturned { session, why, .. } = report {
                    assert_eq!(why, Returned::Removed);
                    assert!(session.stats().body.receiver.sequence.received > 40);
                    returned += 1;
                }
            }
            returned == call + 1
        });
    }
    r.run(3);
    let end = (r.probe.allocations.load(SeqCst), r.probe.frees.load(SeqCst));
    assert_eq!(end, start);
    let c = r.handle.port_counters(P).unwrap();
    assert!(reports > 12 && far.received() > 90, "{reports}");
    let seen = [
        &c.digits,
        &c.rx_event_packets,
        &c.tx_event_packets,
        &c.rx_concealed,
        &c.rx_recovered,
        &c.tx_redundant,
        &c.rx_stretched,
        &c.rx_malformed,
        &c.rx_comfort,
        &c.tx_comfort,
        &c.pass_throughs,
    ]
    .map(|c| c.get());
    assert!(
        seen.iter().all(|n| *n > 0),
        "the run was meant to have all of it: {seen:?}"
    );
    assert!(r.handle.is_running());
    r.handle.stop();
}

#[test]
fn packets_do_not_wake_the_thread() {
    let mut r = Running::start(Vec::new());
    r.run(2);
    let mut far = Far::new();
    let local = r.link(session(S.0), &far);
    r.run(1);
    let wakes = || r.handle.shard_counters().next().unwrap().0.wakes.get();
    let (began, before) = (Instant::now(), wakes());
    (0..20).for_each(|_| far.talk(local));
    let packets = || r.handle.port_counters(P).unwrap().rx_packets.get();
    wait_for("the packets", || packets() == 10);
    // The timer alone, which looks after ports whose card is stalled.
    let most = 2 + began.elapsed().as_millis() as u64 / 10;
    assert!(wakes() - before <= most, "{} of {most}", wakes() - before);
}

#[test]
fn what_the_thread_adds_is_timed_from_the_cards_clock() {
    let mut r = Running::start(Vec::new());
    r.run(2);
    let mut far = Far::new();
    let local = r.link(session(S.0), &far);
    for _ in 0..40 {
        far.talk(local);
        r.run(1);
    }
    let timing = r.handle.shard_timing().next().unwrap();
    let total = |h: &Histogram| h.filled().iter().map(|(_, n)| n).sum::<u64>();
    assert_eq!(total(&timing.to_network), 20);
    assert!(total(&timing.to_line) >= 5);
    assert!(total(&timing.tick) >= 40 && total(&timing.wake_late) >= 40);
    // The kernel's stamp counts: the first packet waited for its block at least.
    assert!(timing.to_line.max_us() > 0);
}

#[test]
fn a_card_that_stalls_does_not_stop_the_thread() {
    let mut r = Running::start(Vec::new());
    r.run(2);
    let far = Far::new();
    r.order(LineOrder::AddSession(session(S.0)));
    r.order(LineOrder::SetRemote {
        session: S,
        remote: far.remote(),
    });
    // No clock from here on: the timer carries the media.
    let mut packets = 0;
    wait_for("five packets of silence", || {
        packets += far.received();
        packets >= 5
    });
    assert!(r.handle.port_counters(P).unwrap().missed_blocks.get() >= 10);
}

#[test]
fn a_port_without_a_clock_is_refused_at_the_start() {
    let ports = vec![spec(Box::new(FakeLine::new(Vec::new(), false)))];
    let config = LineConfig {
        lock_memory: false,
        priority: 0,
        ..LineConfig::default()
    };
    let refused = spawn(ports, Vec::new(), &config).map(|_| ()).unwrap_err();
    assert!(
        matches!(refused, StartError::NoClock { port: 0 }),
        "{refused}"
    );
}

#[test]
fn ports_are_shared_out_among_threads_and_each_answers_for_its_own() {
    let lines: Vec<FakeLine> = (0..5).map(|_| FakeLine::new(Vec::new(), true)).collect();
    let ports = lines.iter().map(|l| spec(Box::new(l.clone()))).collect();
    let clock = EventFd::new().unwrap();
    let clocks = vec![clock.as_fd().try_clone_to_owned().unwrap()];
    let config = LineConfig {
        shards: 2,
        lock_memory: false,
        priority: 0,
        ..LineConfig::default()
    };
    let (mut handle, report) = spawn(ports, clocks, &config).unwrap();
    let shares: Vec<_> = report
        .shards
        .iter()
        .map(|s| (s.ports.start.0, s.ports.end.0))
        .collect();
    assert_eq!(shares, [(0, 3), (3, 5)]);
    for n in 0..5u16 {
        handle
            .send(
                PortIndex(n),
                LineOrder::StopSend {
                    session: SessionId(u64::from(n)),
                },
            )
            .unwrap();
        lines[usize::from(n)].step(1);
    }
    clock.add(1).unwrap();
    let mut answers = Vec::new();
    wait_for("five answers", || {
        while let Some(report) = handle.try_recv() {
            if let LineReport::NoSuchSession { port, session } = report {
                answers.push((port.0, session.0));
            }
        }
        answers.len() == 5
    });
    answers.sort_unstable();
    assert_eq!(answers, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]);
    wait_for("every port's block", || {
        (0..5).all(|n| handle.port_counters(PortIndex(n)).unwrap().blocks.get() == 1)
    });
    handle.acknowledge();
}
