//! Line tests: asked on the control socket, done by the card, and given up for whatever needs the line.
//!
//! Promises: each question has one answer, also when the card says nothing any more. Leaves to others: measuring
//! (tipring-hal), how long a card may be silent (tipring-proto).

use std::time::Duration;

use tipring_ctl::report::{LineTestOutcome, LineTestReport};
use tipring_ctl::request::{ErrorCode, ErrorReport, Response};
use tipring_hal::linetest::{LineTest, TestId, TestReport, TestRequest, TestResult, TestStep};
use tipring_hal::port::{LineCommand, PortError};
use tipring_proto::call::PortState;
use tipring_proto::linetest::{Silence, Watch, why};
use tipring_proto::time::Time;
use tipring_proto::types::TestEnd;
use tipring_types::trace::Trace;
use tokio::sync::oneshot;

use super::{Gateway, PortUnit};
use crate::line::LineOrder;

/// A card that delivers needs no more time than this beside the measurement.
const MARGIN: Duration = Duration::from_secs(3);

/// A test that runs on a port.
#[derive(Debug)]
pub(super) struct RunningTest {
    id: TestId,
    seconds: u8,
    watch: Watch,
    reply: oneshot::Sender<Response>,
}

impl RunningTest {
    /// When the card has been silent for too long.
    pub(super) fn due(&self) -> Time {
        self.watch.due()
    }
}

impl Gateway {
    /// Somebody wants a line tested.
    pub(super) fn test_line(&mut self, number: u16, seconds: u8, reply: oneshot::Sender<Response>) {
        let now = self.clock.now();
        let Some(index) = self.ports.iter().position(|u| u.number == number) else {
            let _ = reply.send(self.no_port(number));
            return;
        };
        let id = TestId(self.lines.tests.wrapping_add(1));
        self.lines.tests = id.0;
        let seconds = seconds.clamp(1, 60);
        let length = Duration::from_secs(seconds.into());
        let request = TestRequest {
            id,
            test: LineTest::Noise(length),
            within: length + MARGIN,
        };
        let refused = self.ports.get(index).and_then(not_now);
        let asked = refused.is_none()
            && self.order(now, index, LineOrder::Port(LineCommand::Test(request)));
        let Some(unit) = self.ports.get_mut(index).filter(|_| asked) else {
            let busy = ("the line thread is busy", "try again");
            let _ = reply.send(refusal(number, refused.unwrap_or(busy)));
            return;
        };
        unit.test = Some(RunningTest {
            id,
            seconds,
            watch: Watch::new(now),
            reply,
        });
        self.trace(now, index, Trace::LineTest { seconds });
        // A message to the lamp that is under way is broken off.
        self.drain(now, index);
    }

    /// The card did not take a test.
    pub(super) fn test_refused(&mut self, index: usize, request: &TestRequest, error: PortError) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        if let Some(test) = unit.test.take_if(|t| t.id == request.id) {
            let _ = test.reply.send(refusal(unit.number, in_words(error)));
        }
    }

    /// The card reports on a test.
    pub(super) fn test_report(&mut self, now: Time, index: usize, report: TestReport) {
        let unit = self.ports.get_mut(index);
        let Some(test) = unit.and_then(|u| u.test.as_mut().filter(|t| t.id == report.id)) else {
            return;
        };
        match report.step {
            TestStep::Progress(_) => {
                let wanted = !test.reply.is_closed();
                if test.watch.progress(now, wanted) {
                    self.cancel_test(now, index, report.id);
                }
            }
            TestStep::Finished(TestResult::Noise(noise)) => {
                let measured = Trace::LineTestMeasured {
                    noise_dbm0: noise.level,
                    hum_dbm0: noise.hum,
                    hum_hz: noise.hum_hz,
                };
                self.test_over(now, index, noise.into(), measured);
            }
            TestStep::Ended(end) => self.test_ended(now, index, end),
        }
    }

    /// A test has ended without a result.
    pub(super) fn test_ended(&mut self, now: Time, index: usize, end: TestEnd) {
        let state = self.ports.get(index).map(|u| u.call_logic().state);
        let unit = self.ports.get(index);
        let test = unit.and_then(|u| u.test.as_ref());
        // Cancelled although somebody waits: the card was silent for too long.
        let end = match end {
            TestEnd::Cancelled if test.is_some_and(|t| !t.reply.is_closed()) => TestEnd::Deadline,
            other => other,
        };
        let why = why(end, state.is_some_and(|s| s != PortState::Idle));
        let ended = Trace::LineTestEnded { why };
        self.test_over(now, index, LineTestOutcome::Ended { why }, ended);
    }

    /// The card of a test may have become silent.
    pub(super) fn tests_due(&mut self, now: Time) {
        for index in 0..self.ports.len() {
            let unit = self.ports.get_mut(index);
            let Some(test) = unit.and_then(|u| u.test.as_mut()) else {
                continue;
            };
            let id = test.id;
            match test.watch.silent(now) {
                None => {}
                Some(Silence::Cancel) => self.cancel_test(now, index, id),
                Some(Silence::GiveUp) => self.test_ended(now, index, TestEnd::Deadline),
            }
        }
    }

    fn cancel_test(&mut self, now: Time, index: usize, id: TestId) {
        let cancel = LineCommand::CancelTest(id);
        self.order(now, index, LineOrder::Port(cancel));
    }

    fn test_over(&mut self, now: Time, index: usize, outcome: LineTestOutcome, event: Trace) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let Some(test) = unit.test.take() else { return };
        let report = LineTestReport {
            port: unit.number,
            seconds: test.seconds,
            outcome,
        };
        // Whoever has gone meanwhile needs no answer.
        let _ = test.reply.send(Response::LineTest(report));
        self.trace(now, index, event);
    }
}

const NOT_WORKING: (&str, &str) = (
    "its line does not work",
    "see `tipring port show` with its number",
);

/// Why a port cannot be tested now, and the cure.
fn not_now(unit: &PortUnit) -> Option<(&'static str, &'static str)> {
    let logic = unit.call_logic();
    if unit.test.is_some() {
        Some(("a line test is running", "wait until it is over"))
    } else if unit.line.is_none() {
        let cure = "enable the port, or give it a channel of the card";
        Some(("it has no line", cure))
    } else if unit.fault.is_some() {
        Some(NOT_WORKING)
    } else if !unit.capabilities.is_some_and(|c| c.on_hook_transmission) {
        Some(in_words(PortError::Unsupported))
    } else if !logic.is_idle() {
        Some(in_words(PortError::Busy))
    } else {
        None
    }
}

fn in_words(error: PortError) -> (&'static str, &'static str) {
    match error {
        PortError::Unsupported => (
            "its card lets no sound through while the phone is on-hook",
            "measure at the distribution frame",
        ),
        PortError::Busy => (
            "its line is in use",
            "test again when the phone is on-hook and there is no call",
        ),
        PortError::Down(_) | PortError::Os(_) => NOT_WORKING,
    }
}

fn refusal(port: u16, (cause, cure): (&str, &str)) -> Response {
    Response::Error(ErrorReport {
        code: ErrorCode::Refused,
        message: format!("port {port} is not tested: {cause}"),
        cure: Some(cure.to_owned()),
    })
}
