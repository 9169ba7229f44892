//! Two ports that talk while something else goes wrong, and whether they noticed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tipring_ctl::report::Scheduling;
use tipring_ctl::request::SimAction;
use tipring_dsp::measure;
use tipring_tests::gateway::Gateway;
use tipring_tests::set::Set;
use tipring_tests::stalls::StallWatch;
use tipring_tests::wav;

use crate::place::{SOON, number_of};

/// The tone that each of the two sends.
const TONES: [f32; 2] = [1004.0, 700.0];
const LEVEL_DBM0: f32 = -13.0;
/// A gap of one lost block shows in a window of this many samples (20 ms).
const WINDOW: usize = 160;
/// Samples that a meter and a filter need to settle at both ends of a recording.
const EDGE: usize = 8000 / 5;
/// An attack lasts at least this: 150 blocks.
const LEAST_ATTACK: Duration = Duration::from_millis(1500);
/// Rounds that count: in them the machine was in time, and the call noticed all the same.
const ROUNDS: usize = 3;
/// Rounds altogether; those in which the machine stalled prove nothing either way.
const MOST_ROUNDS: usize = 15;
/// The simulated card is an ordinary thread: one that is kept waiting for a block loses it.
const STALL: Duration = Duration::from_millis(8);

/// Counters of a port that stay where they are as long as no sound is lost.
const LOSSES: [&str; 9] = [
    "missed-blocks",
    "read-overruns",
    "write-underruns",
    "rx-lost",
    "rx-late",
    "rx-concealed",
    "rx-underruns",
    "flood-dropped",
    "strangers",
];

/// A call between two ports, a tone each way.
pub(crate) struct Talk {
    sets: [Set; 2],
    recordings: [PathBuf; 2],
    /// The line thread has realtime priority.
    realtime: bool,
}

impl Talk {
    /// `a` calls `b`; both talk from then on.
    pub(crate) fn begin(gateway: &Gateway, a: u16, b: u16) -> Talk {
        let number = number_of(gateway, b);
        let [mut caller, mut called] = [a, b].map(|p| gateway.set(p).unwrap());
        caller.call(&number).unwrap();
        called.answer().unwrap();
        caller.connected().unwrap();
        called.connected().unwrap();
        caller.tone(TONES[0], LEVEL_DBM0).unwrap();
        called.tone(TONES[1], LEVEL_DBM0).unwrap();
        caller.measures(TONES[1], LEVEL_DBM0).unwrap();
        called.measures(TONES[0], LEVEL_DBM0).unwrap();
        let recordings = [a, b].map(|p| gateway.folder().join(format!("heard-{p}.wav")));
        let status = gateway.status().unwrap();
        let threads = &status.line_threads;
        Talk {
            sets: [caller, called],
            recordings,
            realtime: threads
                .iter()
                .all(|t| t.realtime.scheduling == Scheduling::Fifo),
        }
    }

    /// Runs the attack, at least once and for [`LEAST_ATTACK`], and judges: nothing at all may be missing in this call.
    ///
    /// All of it is done again if the machine stalled, for the simulated card is no realtime thread. A gateway
    /// without realtime rights promises nothing exact: there a tenth may be missing.
    pub(crate) fn undisturbed(&mut self, attack: impl FnMut()) {
        self.undisturbed_but(&[], attack);
    }

    /// The same, but these counters may go up.
    pub(crate) fn undisturbed_but(&mut self, counters: &[&str], mut attack: impl FnMut()) {
        let mut verdicts = vec![];
        let watch = StallWatch::of(STALL);
        let mut stalled = 0;
        for round in 1..=MOST_ROUNDS {
            let before = self.losses();
            self.record();
            let begin = Instant::now();
            while begin.elapsed() < LEAST_ATTACK {
                attack();
            }
            let gaps = self.gaps();
            let after = self.losses();
            let lost: Vec<(String, u64)> = before
                .into_iter()
                .zip(after)
                .map(|((name, before), (_, after))| (name, after - before))
                .filter(|(name, lost)| *lost > 0 && !counters.iter().any(|c| name.ends_with(c)))
                .collect();
            let blocks = begin.elapsed().as_millis() as u64 / 10;
            let most = if self.realtime { 0 } else { blocks / 10 };
            if gaps.len() as u64 <= most && lost.iter().all(|(_, lost)| *lost <= most) {
                return;
            }
            let machine = watch.since(begin);
            eprintln!(
                "the call next door noticed, once more: {lost:?}, {gaps:?}; stalls of the machine: {machine:?}"
            );
            verdicts.push(format!(
                "round {round}: {lost:?}, {gaps:?}, stalls {machine:?}"
            ));
            stalled += usize::from(machine.is_some());
            if round - stalled >= ROUNDS {
                break;
            }
        }
        panic!("the call next door noticed:\n{}", verdicts.join("\n"));
    }

    /// Both hang up.
    pub(crate) fn end(mut self) {
        for set in &mut self.sets {
            set.quiet().unwrap();
            set.finish().unwrap();
        }
    }

    fn losses(&mut self) -> Vec<(String, u64)> {
        let mut all = vec![];
        for set in &mut self.sets {
            let port = set.port();
            let detail = set.detail().unwrap();
            for name in LOSSES {
                let found = detail.counters.iter().find(|c| c.name == name);
                let value = found.unwrap_or_else(|| panic!("no counter {name}")).value;
                all.push((format!("port {port} {name}"), value));
            }
        }
        all
    }

    fn record(&mut self) {
        for (set, wav) in self.sets.iter_mut().zip(&self.recordings) {
            let wav = wav.clone();
            set.act(SimAction::Record { wav }, SOON).unwrap();
        }
    }

    /// Where the tone was not what it should be.
    fn gaps(&mut self) -> Vec<String> {
        let mut gaps = vec![];
        for (n, set) in self.sets.iter_mut().enumerate() {
            let hz = f64::from(TONES[1 - n]);
            set.act(SimAction::RecordStop, SOON).unwrap();
            let samples = wav::read(&self.recordings[n]).unwrap();
            let middle = samples
                .get(EDGE..samples.len().saturating_sub(EDGE))
                .unwrap_or_default();
            assert!(
                middle.len() > WINDOW * 10,
                "only {} samples were recorded",
                samples.len()
            );
            for (at, window) in middle.as_chunks::<WINDOW>().0.iter().enumerate() {
                let level = measure::tone_level(window, hz);
                if (level - f64::from(LEVEL_DBM0)).abs() > 2.0 {
                    let ms = at * 20 + EDGE / 8;
                    gaps.push(format!("port {} at {ms} ms: {level:.1} dBm0", set.port()));
                }
            }
        }
        gaps
    }
}

/// Lifts, hears dial tone, hangs up: the port is alive.
pub(crate) fn has_dial_tone(gateway: &Gateway, port: u16) {
    let mut set = gateway.set(port).unwrap();
    set.lift().unwrap();
    set.hears_dial_tone().unwrap();
    set.finish().unwrap();
}

/// A whole call from one port to another, with sound both ways.
pub(crate) fn can_call(gateway: &Gateway, a: u16, b: u16) {
    Talk::begin(gateway, a, b).end();
}
