//! Line tests of a port whose kernel is a script.

use super::*;
use crate::linetest::{LineTest, TestEnd, TestId, TestReport, TestRequest, TestStep};

const ID: TestId = TestId(1);
const SECOND: Duration = Duration::from_secs(1);

fn noise(seconds: u64, within: Duration) -> LineCommand {
    LineCommand::Test(TestRequest {
        id: ID,
        test: LineTest::Noise(SECOND * seconds as u32),
        within,
    })
}

/// Reads blocks of silence while there are any, and takes what the port reports.
fn read(port: &mut Port<Script>, blocks: usize) -> Vec<LineEventKind> {
    port.kernel.0.borrow_mut().to_read += blocks;
    let mut events = vec![];
    loop {
        let mut buf = [Law::Mu.silence(); BLOCK];
        match port.read(&mut buf) {
            ReadBlock::Block => {}
            ReadBlock::EventPending => {
                events.extend(std::iter::from_fn(|| port.next_event()).map(|e| e.kind));
            }
            _ => return events,
        }
    }
}

fn ended(why: TestEnd) -> LineEventKind {
    let step = TestStep::Ended(why);
    LineEventKind::Test(TestReport { id: ID, step })
}

#[test]
fn a_test_lets_audio_through_and_its_reports_come_between_blocks() {
    let mut port = port();
    port.command(noise(2, 60 * SECOND)).unwrap();
    let open = Feed::OnHookAudio(2600);
    assert_eq!(port.kernel.0.borrow().feeds, [open]);
    let events = read(&mut port, 250);
    let step = |e: &LineEventKind| match e {
        LineEventKind::Test(TestReport { id: ID, step }) => Some(*step),
        _ => None,
    };
    let steps: Vec<_> = events.iter().filter_map(step).collect();
    assert!(
        matches!(steps[..], [TestStep::Progress(50), TestStep::Finished(_)]),
        "{events:?}"
    );
    assert_eq!(port.command(noise(1, SECOND)), Ok(()), "the next one");
}

#[test]
fn what_needs_the_line_ends_a_test_and_is_done() {
    let mut lifted = port();
    lifted.command(noise(2, 60 * SECOND)).unwrap();
    lifted
        .kernel
        .0
        .borrow_mut()
        .events
        .push_back(Event::RingOffHook);
    let events = read(&mut lifted, 1);
    assert_eq!(events, [LineEventKind::LoopClosed, ended(TestEnd::OffHook)]);
    let mut rung = port();
    rung.command(noise(2, 60 * SECOND)).unwrap();
    rung.command(RING).unwrap();
    assert_eq!(hooks(&rung), [Hook::Ring]);
    let events = read(&mut rung, 1);
    assert_eq!(events, [LineEventKind::RingOn, ended(TestEnd::Call)]);
    let mut gone = port();
    gone.command(noise(2, 60 * SECOND)).unwrap();
    gone.kernel.0.borrow_mut().gone = true;
    let removed = LineEventKind::Fault(LineFault::Removed);
    assert_eq!(read(&mut gone, 1), [removed, ended(TestEnd::Fault)]);
}

#[test]
fn a_test_that_gets_no_blocks_ends_in_time_and_one_may_be_cancelled() {
    let mut port = port();
    port.command(noise(2, Duration::ZERO)).unwrap();
    assert_eq!(read(&mut port, 0), [ended(TestEnd::Deadline)]);
    port.command(noise(2, 60 * SECOND)).unwrap();
    port.command(LineCommand::CancelTest(ID)).unwrap();
    assert_eq!(read(&mut port, 0), [ended(TestEnd::Cancelled)]);
}

#[test]
fn a_line_that_is_not_idle_and_a_card_without_audio_on_hook_refuse() {
    let test = noise(1, SECOND);
    let mut busy = port();
    busy.command(RING).unwrap();
    assert_eq!(busy.command(test), Err(PortError::Busy));
    let mut deaf = port();
    deaf.setup.capabilities.on_hook_transmission = false;
    assert_eq!(deaf.command(test), Err(PortError::Unsupported));
    let mut always = port();
    always.setup.audio_always = true;
    assert_eq!(always.command(test), Ok(()));
    assert_eq!(always.kernel.0.borrow().feeds, []);
    let mut off_hook = port();
    off_hook.take(Event::RingOffHook, at(0));
    assert_eq!(off_hook.command(test), Err(PortError::Busy));
}

#[test]
fn audio_that_is_refused_after_the_request_ends_a_test_in_place_of_silence_for_a_result() {
    let (sender, listener) = mpsc::channel();
    let errands = Errands::start(Slow(sender), 7).unwrap();
    // Nobody listens: the card refuses what is asked beside the line thread.
    drop(listener);
    let mut port = Port::new(Script::default(), SETUP, Some(errands), false, false, T0);
    assert_eq!(read(&mut port, 1), []);
    port.command(noise(2, 60 * SECOND)).unwrap();
    let end = std::time::Instant::now() + 20 * SECOND;
    let events = loop {
        let events = read(&mut port, 0);
        if !events.is_empty() || std::time::Instant::now() > end {
            break events;
        }
        std::thread::yield_now();
    };
    assert_eq!(events, [ended(TestEnd::NoAudio)]);
}
