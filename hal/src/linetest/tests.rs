use super::*;

const ID: TestId = TestId(7);
const BLOCK: usize = 80;

fn noise(length: Duration) -> TestRequest {
    TestRequest {
        id: ID,
        test: LineTest::Noise(length),
        within: length + Duration::from_secs(3),
    }
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The steps that a test of this length makes of a signal.
fn steps(length: Duration, signal: impl Fn(usize) -> f64) -> Vec<TestStep> {
    let mut tester = Tester::default();
    tester.begin(Duration::ZERO, noise(length)).unwrap();
    let mut steps = vec![];
    for block in 0..samples(length + secs(2)) / BLOCK {
        let at = |n: usize| signal(block * BLOCK + n) as i16;
        let bytes: Vec<u8> = (0..BLOCK).map(|n| Law::Mu.encode(at(n))).collect();
        tester.block(Law::Mu, &bytes);
        steps.extend(tester.take_report(Duration::ZERO).map(|e| {
            let LineEventKind::Test(TestReport { id: ID, step }) = e.kind else {
                panic!("{e:?}");
            };
            step
        }));
    }
    assert!(!tester.is_at_work());
    steps
}

fn sine(hz: f64, dbm0: f64) -> impl Fn(usize) -> f64 {
    let peak = level::RMS_0_DBM0 * 10f64.powf(dbm0 / 20.0) * 2f64.sqrt();
    move |n| peak * (TAU * hz * n as f64 / 8000.0).sin()
}

#[test]
fn a_measurement_reports_progress_each_second_and_then_its_result() {
    let steps = steps(secs(4), |_| 0.0);
    let silence = LineNoise {
        level: TenthDbm0::FLOOR,
        hum: TenthDbm0::FLOOR,
        hum_hz: 50,
    };
    let expected = [
        TestStep::Progress(25),
        TestStep::Progress(50),
        TestStep::Progress(75),
        TestStep::Finished(TestResult::Noise(silence)),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn hum_of_either_mains_is_found_beside_other_sound() {
    for (hz, mains) in [(50.0, 50), (150.0, 50), (60.0, 60), (120.0, 60)] {
        let (hum, tone) = (sine(hz, -30.0), sine(1004.0, -30.0));
        let steps = steps(secs(1), |n| hum(n) + tone(n));
        let Some(TestStep::Finished(TestResult::Noise(found))) = steps.last() else {
            panic!("{steps:?}");
        };
        assert_eq!(found.hum_hz, mains, "{hz} Hz");
        assert!((found.hum.0 + 300).abs() <= 3, "{hz} Hz: {found:?}");
        assert!((found.level.0 + 270).abs() <= 3, "{hz} Hz: {found:?}");
    }
}

#[test]
fn what_comes_while_the_audio_path_is_switched_does_not_count() {
    let steps = steps(secs(1), |n| if n < 2400 { 20_000.0 } else { 0.0 });
    let [TestStep::Finished(TestResult::Noise(found))] = steps[..] else {
        panic!("{steps:?}");
    };
    assert_eq!(found.level, TenthDbm0::FLOOR);
}

#[test]
fn one_test_at_a_time_and_none_that_is_too_long() {
    let mut tester = Tester::default();
    let wrong = [Duration::from_millis(99), Duration::from_secs(61)];
    for length in wrong {
        let refused = tester.begin(Duration::ZERO, noise(length));
        assert_eq!(refused, Err(PortError::Unsupported));
    }
    tester.begin(Duration::ZERO, noise(secs(1))).unwrap();
    let again = tester.begin(Duration::ZERO, noise(secs(1)));
    assert_eq!(again, Err(PortError::Busy));
}

#[test]
fn a_test_ends_once_for_whatever_ends_it() {
    let end_by = |end: fn(&mut Tester)| {
        let mut tester = Tester::default();
        tester.begin(secs(100), noise(secs(2))).unwrap();
        tester.at(secs(104));
        end(&mut tester);
        let report = tester.take_report(secs(105));
        if report.is_some() {
            tester.end(TestEnd::Fault);
            tester.cancel(ID);
            assert_eq!(tester.take_report(secs(106)), None, "over is over");
        }
        report.map(|e| e.kind)
    };
    let ended = |why| {
        let step = TestStep::Ended(why);
        Some(LineEventKind::Test(TestReport { id: ID, step }))
    };
    assert_eq!(end_by(|t| t.end(TestEnd::OffHook)), ended(TestEnd::OffHook));
    assert_eq!(end_by(|t| t.cancel(ID)), ended(TestEnd::Cancelled));
    assert_eq!(end_by(|t| t.at(secs(105))), ended(TestEnd::Deadline));
    assert_eq!(end_by(|t| t.cancel(TestId(8))), None, "another one's name");
}
