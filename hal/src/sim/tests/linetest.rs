//! Noise measurements of idle lines, and what ends one.

use super::*;
use crate::linetest::{LineTest, TestEnd, TestId, TestReport, TestRequest, TestResult, TestStep};
use LineEventKind::Test;

const ID: TestId = TestId(3);

fn noise(seconds: u64) -> LineCommand {
    LineCommand::Test(TestRequest {
        id: ID,
        test: LineTest::Noise(Duration::from_secs(seconds)),
        within: Duration::from_secs(seconds + 2),
    })
}

fn step(step: TestStep) -> LineEventKind {
    Test(TestReport { id: ID, step })
}

fn line(noise_dbm0: f32) -> Rig {
    let mut rig = Rig::one(SimPortConfig {
        hybrid: HybridConfig {
            noise_dbm0: Some(noise_dbm0),
            ..HybridConfig::perfect()
        },
        ..SimPortConfig::default()
    });
    rig.run_ms(10);
    rig
}

/// What a rig reports that tests a line for 5 s, to which something happens after 2 s.
fn ended_by(happens: impl FnOnce(&mut Rig)) -> Vec<LineEventKind> {
    let mut rig = line(-60.0);
    rig.ports[0].command(noise(5)).unwrap();
    rig.run_ms(2000);
    happens(&mut rig);
    rig.run_ms(8000);
    rig.line[0].drain(..).map(|event| event.kind).collect()
}

#[test]
fn the_noise_of_the_copper_is_measured_whatever_it_is() {
    for dbm0 in [-60.0, -38.0] {
        let mut rig = line(dbm0);
        rig.ports[0].command(noise(2)).unwrap();
        rig.run_ms(4000);
        let reports: Vec<_> = rig.line[0].drain(..).map(|event| event.kind).collect();
        let [first, Test(TestReport { id: ID, step: last })] = reports[..] else {
            panic!("{reports:?}");
        };
        assert_eq!(first, step(TestStep::Progress(50)));
        let TestStep::Finished(TestResult::Noise(found)) = last else {
            panic!("{last:?}");
        };
        assert!((found.level.dbm0() - dbm0).abs() < 0.7, "{dbm0}: {found:?}");
        assert!(found.hum < found.level, "{found:?}");
        // Nothing is left behind: the next one is taken.
        rig.ports[0].command(noise(1)).unwrap();
    }
}

#[test]
fn a_lifted_phone_a_call_a_fault_and_a_change_of_mind_end_a_test() {
    let progress = step(TestStep::Progress(20));
    let end = |why| step(TestStep::Ended(why));
    let lifted = ended_by(|rig| rig.act(0, SimAction::Lift));
    let closed = LineEventKind::LoopClosed;
    assert_eq!(lifted, [progress, closed, end(TestEnd::OffHook)]);

    let rung = ended_by(|rig| {
        let ring = LineCommand::Ring(RingCadence::new(20_000, 4000));
        rig.ports[0].command(ring).unwrap();
    });
    let ring = LineEventKind::RingOn;
    assert!(rung.contains(&end(TestEnd::Call)), "{rung:?}");
    assert_eq!((rung.len(), rung.contains(&ring)), (3, true), "{rung:?}");

    let fed = ended_by(|rig| {
        let polarity = LineCommand::Polarity(Polarity::Reversed);
        rig.ports[0].command(polarity).unwrap();
    });
    assert_eq!(fed, [progress, end(TestEnd::LineNeeded)]);

    let broken = ended_by(|rig| rig.act(0, SimAction::Break(Some(LineFault::Alarm))));
    let alarm = LineEventKind::Fault(LineFault::Alarm);
    assert_eq!(broken, [progress, alarm, end(TestEnd::Fault)]);

    let unwanted = ended_by(|rig| {
        let other = LineCommand::CancelTest(TestId(4));
        rig.ports[0].command(other).unwrap();
        rig.ports[0].command(LineCommand::CancelTest(ID)).unwrap();
    });
    assert_eq!(unwanted, [progress, end(TestEnd::Cancelled)]);
}

#[test]
fn a_line_that_is_not_idle_is_not_tested() {
    let busy = Err(PortError::Busy);
    let mut rig = line(-60.0);
    rig.ports[0].command(noise(1)).unwrap();
    assert_eq!(rig.ports[0].command(noise(1)), busy, "one at a time");
    rig.run_ms(2000);
    rig.act(0, SimAction::Lift);
    rig.run_ms(50);
    assert_eq!(rig.ports[0].command(noise(1)), busy);
    rig.act(0, SimAction::HangUp);
    rig.run_ms(50);
    let ring = LineCommand::Ring(RingCadence::new(2000, 4000));
    rig.ports[0].command(ring).unwrap();
    assert_eq!(rig.ports[0].command(noise(1)), busy);
    rig.act(0, SimAction::Break(Some(LineFault::Alarm)));
    let down = Err(PortError::Down(LineFault::Alarm));
    assert_eq!(rig.ports[0].command(noise(1)), down);
}
