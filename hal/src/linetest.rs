//! Requests that take seconds: line tests.
//!
//! A test is asked for by [`LineCommand::Test`]: the card takes it or refuses it at
//! once, goes on with its blocks, and reports by [`LineEventKind::Test`]. One test
//! runs on a port at a time. After it was taken it ends with exactly one [`TestStep::Finished`] or [`TestStep::Ended`],
//! unless the card goes away with it. The line comes first: whatever needs it ends the test, and is done at once.
//!
//! `Tester` is the part of a port that keeps this for tests by samples. What a test asks of a chip that lets wait goes
//! the way of the card's other slow requests (DAHDI: the thread beside the line thread).

use std::f64::consts::TAU;
use std::time::Duration;

pub use tipring_types::{LineNoise, TestEnd};
use tipring_types::{TenthDbm0, level};

use crate::port::{Law, LineCommand, LineEvent, LineEventKind, PortError};

/// What passes before a measurement: switching the audio path clicks.
const SETTLING: Duration = Duration::from_millis(300);
/// A report of progress after this time.
const PROGRESS: Duration = Duration::from_secs(1);
const RATE: usize = 8000;
/// Samples in which mains hum is looked for: whole periods of all its frequencies.
const WINDOW: u32 = 1600;
/// Mains frequencies, Hz, and their multiples that are looked for.
const MAINS: [u16; 2] = [50, 60];
const MULTIPLES: [u16; 3] = [1, 2, 3];

/// Whoever asks names a test, and its reports have that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestId(pub u32);

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineTest {
    /// What comes from the line while its phone is on-hook, for this long (100 ms to 60 s).
    Noise(Duration),
}

/// A test that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestRequest {
    /// Its name.
    pub id: TestId,
    /// What.
    pub test: LineTest,
    /// It ends by itself when it has not finished within this time.
    pub within: Duration,
}

/// A report of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// Which one.
    pub id: TestId,
    /// What of it.
    pub step: TestStep,
}

/// How a test stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestStep {
    /// This part of it is done, percent. About once a second, so that silence means trouble.
    Progress(u8),
    /// Done.
    Finished(TestResult),
    /// Over without a result.
    Ended(TestEnd),
}

/// What a test has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestResult {
    /// Of [`LineTest::Noise`].
    Noise(LineNoise),
}

/// A test by samples under way in a port. Neither allocates nor waits.
#[derive(Debug, Default)]
pub(crate) struct Tester {
    running: Option<Running>,
    /// What the port has to report.
    report: Option<TestReport>,
}

#[derive(Debug)]
struct Running {
    id: TestId,
    deadline: Duration,
    settling: usize,
    wanted: usize,
    next_progress: usize,
    noise: NoiseMeter,
}

impl Tester {
    /// How long the audio path has to be open for a test.
    pub(crate) fn audio(test: LineTest) -> Duration {
        let LineTest::Noise(length) = test;
        SETTLING * 2 + length
    }

    /// Begins a test; the port has looked whether its line is free for one.
    pub(crate) fn begin(&mut self, now: Duration, request: TestRequest) -> Result<(), PortError> {
        let LineTest::Noise(length) = request.test;
        if !(Duration::from_millis(100)..=Duration::from_secs(60)).contains(&length) {
            return Err(PortError::Unsupported);
        }
        if self.is_at_work() {
            return Err(PortError::Busy);
        }
        self.running = Some(Running {
            id: request.id,
            deadline: now + request.within,
            settling: samples(SETTLING),
            wanted: samples(length),
            next_progress: samples(PROGRESS),
            noise: NoiseMeter::new(),
        });
        Ok(())
    }

    /// A test runs, or its last report was not taken yet.
    #[inline]
    pub(crate) fn is_at_work(&self) -> bool {
        self.running.is_some() || self.report.is_some()
    }

    /// A report waits.
    #[inline]
    pub(crate) fn has_report(&self) -> bool {
        self.report.is_some()
    }

    /// A block came from the line.
    pub(crate) fn block(&mut self, law: Law, block: &[u8]) {
        let Some(running) = &mut self.running else {
            return;
        };
        let skipped = running.settling.min(block.len());
        running.settling -= skipped;
        for byte in block.iter().skip(skipped) {
            running.noise.sample(law.decode(*byte));
        }
        let (done, wanted) = (running.noise.samples as usize, running.wanted);
        let id = running.id;
        if done >= wanted {
            let noise = running.noise.result();
            self.running = None;
            self.say(id, TestStep::Finished(TestResult::Noise(noise)));
        } else if done >= running.next_progress {
            running.next_progress += samples(PROGRESS);
            let percent = u8::try_from(done * 100 / wanted).unwrap_or(100);
            self.say(id, TestStep::Progress(percent));
        }
    }

    /// Time passes.
    pub(crate) fn at(&mut self, now: Duration) {
        if self.running.as_ref().is_some_and(|r| now >= r.deadline) {
            self.end(TestEnd::Deadline);
        }
    }

    /// The test of this name, if it runs, is not wanted any more.
    pub(crate) fn cancel(&mut self, id: TestId) {
        if self.running.as_ref().is_some_and(|r| r.id == id) {
            self.end(TestEnd::Cancelled);
        }
    }

    /// The line is needed, or does not bear a test any more.
    pub(crate) fn end(&mut self, why: TestEnd) {
        if let Some(running) = self.running.take() {
            self.say(running.id, TestStep::Ended(why));
        }
    }

    /// The newest report; an older one of progress gave way to it.
    pub(crate) fn take_report(&mut self, at: Duration) -> Option<LineEvent> {
        let kind = LineEventKind::Test(self.report.take()?);
        Some(LineEvent { at, kind })
    }

    fn say(&mut self, id: TestId, step: TestStep) {
        self.report = Some(TestReport { id, step });
    }
}

/// What ends a test, if it does: the line comes first.
pub(crate) fn ends_test(command: &LineCommand) -> Option<TestEnd> {
    match command {
        LineCommand::Ring(_) => Some(TestEnd::Call),
        LineCommand::Polarity(_)
        | LineCommand::OpenLoop(_)
        | LineCommand::OnHookTransmission(_)
        | LineCommand::MessageLamp(_)
        | LineCommand::Gain { .. } => Some(TestEnd::LineNeeded),
        LineCommand::StopRing
        | LineCommand::LongestFlash(_)
        | LineCommand::Test(_)
        | LineCommand::CancelTest(_) => None,
    }
}

/// Level of everything, and of the mains' frequencies.
#[derive(Debug)]
struct NoiseMeter {
    power: f64,
    samples: u32,
    mains: [[Goertzel; MULTIPLES.len()]; MAINS.len()],
    hum: [f64; MAINS.len()],
    windows: u32,
}

impl NoiseMeter {
    fn new() -> NoiseMeter {
        NoiseMeter {
            power: 0.0,
            samples: 0,
            mains: MAINS.map(|mains| MULTIPLES.map(|n| Goertzel::new(mains * n))),
            hum: [0.0; MAINS.len()],
            windows: 0,
        }
    }

    fn sample(&mut self, sample: i16) {
        let x = f64::from(sample);
        self.power += x * x;
        self.samples += 1;
        for filter in self.mains.iter_mut().flatten() {
            filter.sample(x);
        }
        if self.samples.is_multiple_of(WINDOW) {
            self.windows += 1;
            for (filters, hum) in self.mains.iter_mut().zip(&mut self.hum) {
                *hum += filters.iter_mut().map(Goertzel::mean_square).sum::<f64>();
            }
        }
    }

    fn result(&self) -> LineNoise {
        let mean = |sum: f64, count: u32| sum / f64::from(count.max(1));
        let [fifty, sixty] = self.hum.map(|hum| mean(hum, self.windows));
        let (hum, hum_hz) = if sixty > fifty {
            (sixty, MAINS[1])
        } else {
            (fifty, MAINS[0])
        };
        LineNoise {
            level: dbm0(mean(self.power, self.samples)),
            hum: dbm0(hum),
            hum_hz,
        }
    }
}

/// One frequency in a window. Its cosine is taken once: the line thread has it for every sample.
#[derive(Clone, Copy, Debug)]
struct Goertzel {
    coefficient: f64,
    newest: f64,
    before: f64,
}

impl Goertzel {
    fn new(hz: u16) -> Goertzel {
        Goertzel {
            coefficient: 2.0 * (TAU * f64::from(hz) / RATE as f64).cos(),
            newest: 0.0,
            before: 0.0,
        }
    }

    fn sample(&mut self, x: f64) {
        let next = x + self.coefficient * self.newest - self.before;
        (self.newest, self.before) = (next, self.newest);
    }

    /// Mean square of the sine that it has heard; begins the next window.
    fn mean_square(&mut self) -> f64 {
        let (a, b) = (
            std::mem::take(&mut self.newest),
            std::mem::take(&mut self.before),
        );
        let n = f64::from(WINDOW);
        (a * a + b * b - self.coefficient * a * b).max(0.0) * 2.0 / (n * n)
    }
}

fn dbm0(mean_square: f64) -> TenthDbm0 {
    let rms = mean_square.sqrt();
    if rms <= 0.0 {
        return TenthDbm0::FLOOR;
    }
    TenthDbm0::of(20.0 * (rms / level::RMS_0_DBM0).log10()).max(TenthDbm0::FLOOR)
}

fn samples(time: Duration) -> usize {
    usize::try_from(time.as_micros() / 125).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
