//! Talking ports in real time on the simulated card, put together as the daemon does it: processor share, missed
//! blocks, packet spacing.

use std::io;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tipring_hal::port::LinePort;
use tipring_hal::sim::{self, Audio, SimAction, SimConfig, SimReply, SimRequest, WorldHandle};
use tipring_linux::{enable_timestamps, monotonic};
use tipringd::line::{
    LineConfig, LineHandle, LineOrder, PortIndex, RtpPorts, SessionId, StartReport, spawn,
};

use crate::far_end::{PACKET_TIME, Phase, listener, readable, talker};
use crate::figures::{Snapshot, print};
use crate::machine::{load_average, part_processors, processors};
use crate::scene::{LOCAL, remote, session, spec, talk};

/// Not measured: jitter buffers fill, caches warm.
const SETTLE: Duration = Duration::from_secs(2);
/// For everything that is waited for before.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a set hears of talk, and does not hear of a quiet line, dBm0.
const TALK_DBM0: f32 = -45.0;

type Failure = String;

/// What is run.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) seconds: u64,
    pub(crate) ports: usize,
    /// Line threads that share the ports.
    pub(crate) shards: usize,
    /// Other processes keep every processor busy.
    pub(crate) loaded: bool,
}

/// Runs it and prints what was measured. Answers the number of blocks that were missed, at least 1 when the machine could
/// not carry this number of ports.
pub(crate) fn table(run: Run) -> Result<u64, Failure> {
    let (seconds, count) = (run.seconds.max(1), run.ports.clamp(1, 4000));
    let (load_before, processors) = (load_average(), processors());
    let mut stage = Stage::build(count, run.shards)?;
    let far = UdpSocket::bind((LOCAL, 0)).map_err(text)?;
    enable_timestamps(&far).map_err(text)?;
    stage.lift_and_talk()?;
    let places = stage.open_sessions(&far)?;

    let phase = Phase::default();
    let due = Duration::from_secs(seconds).as_millis() / PACKET_TIME.as_millis();
    let expected = usize::try_from(due).unwrap_or(0).saturating_mul(count);
    let mouth = talker(far.try_clone().map_err(text)?, places, phase.clone()).map_err(text)?;
    let ear = listener(far, expected + expected / 8, phase.clone()).map_err(text)?;
    // The others would stay where this thread may run.
    if run.shards == 1 && !run.loaded {
        part_processors();
    }
    let others = run.loaded.then(Others::start).transpose().map_err(text)?;
    stage.drain_for(SETTLE);
    let before = stage.snapshot();
    phase.measure();
    stage.drain_for(Duration::from_secs(seconds));
    let after = stage.snapshot();
    // What happens when the far ends stop is not to be measured.
    phase.measured();
    let listening = stage.sets_that_hear_talk();
    drop(others);
    phase.end();
    let talker_late = join(mouth)?;
    let heard = join(ear)?;

    println!(
        "{count} talking ports on the simulated card for {seconds} s, {} line thread(s), 20 ms packets both ways, {}{}",
        stage.start.shards.len(),
        stage.scheduling(),
        if run.loaded {
            ", other processes on every processor"
        } else {
            ""
        }
    );
    println!(
        "{processors} processors; load average {load_before} at the start, {} at the end",
        load_average()
    );
    if count >= 400 && stage.start.shards.len() == 1 {
        println!("required on one processor: 400 ports without a missed block; wanted: 1000");
    }
    let missed = print(&before, &after, &heard, talker_late);
    // A run in which nobody talks measures something else.
    if heard.streams != count || heard.loud * 4 < heard.packets {
        println!(
            "too much for this machine: {} of {count} ports were heard, {} of {} packets with talk in them; the figures above \
             are not of {count} talking ports",
            heard.streams, heard.loud, heard.packets
        );
        return Ok(missed.max(1));
    }
    let hearing = listening?;
    if hearing * 4 < count {
        println!(
            "too much for this machine: {hearing} of {count} sets heard their far end; the figures above are not of {count} \
             talking ports"
        );
        return Ok(missed.max(1));
    }
    Ok(missed)
}

/// The card, the line thread and what they reported.
struct Stage {
    // First: the line thread ends before its card does.
    handle: LineHandle,
    card: WorldHandle,
    start: StartReport,
    count: usize,
}

impl Stage {
    fn build(count: usize, shards: usize) -> Result<Stage, Failure> {
        let built = sim::build(&SimConfig::new(count)).map_err(text)?;
        let clocks = vec![built.clock.as_fd().try_clone_to_owned().map_err(text)?];
        let specs = built
            .ports
            .into_iter()
            .map(|port| spec(Box::new(port) as Box<dyn LinePort>))
            .collect::<Result<_, _>>()?;
        let config = LineConfig {
            shards,
            // All of them begin to talk at once.
            order_ring: 512 + 4 * count,
            report_ring: 2048 + 4 * count,
            ..LineConfig::default()
        };
        let (handle, start) = spawn(specs, clocks, &config).map_err(text)?;
        // As the daemon has it: the card next to the line thread.
        let card = built
            .world
            .spawn_at(config.priority.saturating_sub(1))
            .map_err(text)?;
        Ok(Stage {
            handle,
            card,
            start,
            count,
        })
    }

    /// Every set is lifted and talks without end.
    fn lift_and_talk(&mut self) -> Result<(), Failure> {
        for port in 0..self.count {
            let audio = Audio::Samples(Arc::from(talk(port)));
            let repeat = true;
            for action in [SimAction::Lift, SimAction::Play { audio, repeat }] {
                // Refused: then its loop does not close, or nothing is heard of it.
                self.card.request_with(SimRequest::port(port, action), drop);
            }
        }
        self.wait("every set's loop to close", |stage| {
            (0..stage.count).all(|n| {
                let counters = stage.handle.port_counters(PortIndex(n as u16));
                counters.is_some_and(|c| c.off_hook.get() == 1)
            })
        })
    }

    /// One call for each port, all at once, as after an alarm that everybody calls about.
    fn open_sessions(&mut self, far: &UdpSocket) -> Result<Vec<SocketAddrV4>, Failure> {
        let remote = remote(far)?;
        let mut ports = RtpPorts::new(30_000, 50_000).ok_or("no RTP ports")?;
        let mut places = Vec::new();
        for n in 0..self.count {
            let (media, local) = session(n as u64, &mut ports)?;
            places.push(local);
            let session = SessionId(n as u64);
            for order in [
                LineOrder::AddSession(media),
                LineOrder::SetRemote { session, remote },
            ] {
                self.handle.send(PortIndex(n as u16), order).map_err(text)?;
            }
        }
        Ok(places)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::take(&self.handle, self.card.stats())
    }

    /// Sets that hear something right now; the far ends pause at different times.
    fn sets_that_hear_talk(&self) -> Result<usize, Failure> {
        let request = SimRequest::Snapshot { port: None };
        match self.card.request(request).map_err(text)? {
            SimReply::Snapshot(sets) => {
                Ok(sets.iter().filter(|s| s.heard.dbm0 > TALK_DBM0).count())
            }
            other => Err(format!("the card answered {other:?}")),
        }
    }

    /// How the line thread is scheduled.
    fn scheduling(&self) -> String {
        match self.start.shards.first().and_then(|s| s.realtime.as_ref()) {
            Some(Ok(priority)) => format!("SCHED_FIFO {priority}"),
            Some(Err(why)) => format!("not real-time: {why}"),
            None => "not real-time: not asked for".into(),
        }
    }

    fn wait(&mut self, what: &str, mut done: impl FnMut(&Stage) -> bool) -> Result<(), Failure> {
        let deadline = monotonic() + PATIENCE;
        while !done(self) {
            if monotonic() > deadline {
                return Err(format!("waited {} s for {what}", PATIENCE.as_secs()));
            }
            self.drain_for(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Reads reports for this time, as control does.
    fn drain_for(&mut self, time: Duration) {
        let until = monotonic() + time;
        while let Some(left) = until.checked_sub(monotonic()).filter(|l| !l.is_zero()) {
            let ms = u16::try_from(left.as_millis().clamp(1, 500)).unwrap_or(500);
            readable(&self.handle.wake_fd(), ms);
            self.handle.acknowledge();
            while self.handle.try_recv().is_some() {}
        }
    }
}

fn join<T>(thread: JoinHandle<T>) -> Result<T, Failure> {
    thread
        .join()
        .map_err(|_| "a thread of the far ends died".into())
}

fn text(e: impl std::fmt::Display) -> Failure {
    e.to_string()
}

/// Processes that never rest, one for each processor, scheduled as processes usually are.
struct Others(Vec<Child>);

impl Others {
    fn start() -> io::Result<Others> {
        let me = std::env::current_exe()?;
        let mut others = Others(Vec::new());
        for _ in 0..processors() {
            others.0.push(Command::new(&me).arg("spin").spawn()?);
        }
        Ok(others)
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Already gone: as wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What one of [`Others`] does, for ten minutes at most.
pub(crate) fn spin() {
    let until = monotonic() + Duration::from_secs(600);
    while monotonic() < until {
        std::hint::spin_loop();
    }
}

/// The largest number of ports, in steps of `step`, that run for this time without a missed block; how far it goes is
/// where a run fails twice.
pub(crate) fn most(seconds: u64, shards: usize, step: usize) -> Result<(), Failure> {
    let mut best = 0;
    loop {
        let run = Run {
            seconds,
            ports: best + step,
            shards,
            loaded: false,
        };
        if table(run)? > 0 && table(run)? > 0 {
            break;
        }
        best += step;
    }
    println!(
        "most ports without a missed block in {seconds} s: {best} (floor 400, wanted 1000, on one processor)"
    );
    Ok(())
}
