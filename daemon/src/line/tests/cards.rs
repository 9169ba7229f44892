//! Cards that come, go and are replaced, stepped by hand.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tipring_hal::absent::Absent;
use tipring_hal::port::{Capabilities, LinePort, PortStats, ReadBlock, Wake, WriteBlock};

use super::*;

fn set(port: impl tipring_hal::port::LinePort + 'static) -> LineOrder {
    let port = Box::new(port);
    LineOrder::ReplaceCard(Box::new(CardSet { port, chain: None }))
}

fn absent() -> Absent {
    Absent::new(tipring_hal::port::Law::Mu, BLOCK)
}

/// The cards that came back, and why.
fn returned(rig: &mut Rig) -> Vec<(Box<CardSet>, CardBack)> {
    let reports = rig.reports().into_iter();
    reports
        .filter_map(|r| match r {
            LineReport::CardReturned { card, why, .. } => Some((card, why)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_talking_port_goes_on_with_another_card_and_its_counters_go_on() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.talk(None);
    rig.run(10);
    rig.line.step(4);
    rig.line.step(4);
    rig.tick();
    rig.run(20);
    let before = ["read_overruns", "write_underruns"].map(|n| rig.counter(n));
    assert!(before[1] > 0, "{before:?}");
    let old = std::mem::replace(&mut rig.line, FakeLine::new(ramp(), false));
    let new = rig.line.clone();
    rig.order(set(new));
    rig.run(1);
    let back = returned(&mut rig);
    assert!(
        matches!(&back[..], [(_, CardBack::Replaced { off_hook: false })]),
        "{back:?}"
    );
    drop(back);
    let written = old.inner().writes;
    rig.got();
    rig.run(20);
    assert_eq!(rig.got().len(), 10, "the stream goes on");
    assert_eq!(old.inner().writes, written, "the old card is let alone");
    assert_eq!(rig.line.inner().writes, 22, "prefill and a block a block");
    rig.line.step(5);
    rig.tick();
    rig.run(20);
    let after = ["read_overruns", "write_underruns"].map(|n| rig.counter(n));
    assert_eq!(after, [before[0], before[1] + 3]);
    assert_eq!(rig.counter("replacements"), 1);
}

#[test]
fn a_port_without_a_card_is_down_until_one_comes_and_is_found_as_it_is() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    rig.run(2);
    rig.order(set(absent()));
    rig.run(1);
    let mut back = returned(&mut rig);
    let (mut card, why) = back.pop().unwrap();
    assert_eq!(why, CardBack::Replaced { off_hook: false });
    let down = |rig: &Rig| rig.handle.port_counters(P).unwrap().down.get();
    assert_eq!(down(&rig), 1);
    for _ in 0..10 {
        rig.tick();
    }
    assert_eq!(rig.reports().len(), 0);
    assert_eq!(rig.counter("missed_blocks"), 0);
    assert!(rig.counter("alarm_blocks") > 5);
    assert_eq!(rig.counter("removals"), 0, "it was put there, not lost");
    // The card that was there before, off-hook.
    let port = std::mem::replace(&mut card.port, Box::new(absent()));
    rig.order(LineOrder::ReplaceCard(Box::new(CardSet {
        port,
        chain: None,
    })));
    rig.run(1);
    let back = returned(&mut rig);
    assert!(matches!(
        &back[..],
        [(_, CardBack::Replaced { off_hook: true })]
    ));
    rig.run(3);
    assert_eq!(down(&rig), 0);
    assert_eq!(rig.counter("replacements"), 1, "a stand-in is no card");
}

#[test]
fn a_card_of_another_block_is_given_back_and_the_present_one_goes_on() {
    let mut rig = rig(ramp(), LineConfig::default());
    rig.run(2);
    rig.order(set(Absent::new(tipring_hal::port::Law::Mu, BLOCK / 2)));
    rig.handle.send(PortIndex(9), set(absent())).unwrap();
    rig.run(1);
    let why: Vec<CardBack> = returned(&mut rig).into_iter().map(|(_, w)| w).collect();
    assert_eq!(why, [CardBack::WrongBlock, CardBack::NoPort]);
    rig.run(2);
    assert_eq!(rig.counter("blocks"), 5);
}

#[test]
fn a_new_chain_gets_the_state_of_the_old_one() {
    let mut rig = rig(dtmf(b'5', 100), LineConfig::default());
    rig.order(LineOrder::Chain(tipring_dsp::ChainCommand::EnableDtmf(
        false,
    )));
    rig.run(1);
    let chain = Chain::new(&ChainConfig::new(Law::Mu, BLOCK)).unwrap();
    let port = Box::new(FakeLine::new(dtmf(b'5', 100), true));
    rig.line = (*port).clone();
    rig.order(LineOrder::ReplaceCard(Box::new(CardSet {
        port,
        chain: Some(chain),
    })));
    rig.run(30);
    assert_eq!(rig.counter("digits"), 0, "it detects no digits");
    rig.order(LineOrder::Chain(tipring_dsp::ChainCommand::EnableDtmf(
        true,
    )));
    rig.run(30);
    assert!(rig.counter("digits") > 0);
}

#[test]
fn what_a_late_thread_plays_is_the_newest_and_no_later_than_before() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    let local = rig.talk(None);
    rig.run(10);
    // The far end counts its packets in their samples.
    let mut sender = far_sender();
    let mut played = Vec::new();
    for n in 0..60u8 {
        sender.push(&[0x80 + n; BLOCK], |p| {
            rig.far.send_to(p, local).unwrap();
        });
        if (30..34).contains(&n) {
            rig.line.step(1); // the thread sleeps
            rig.ms += 10;
        } else {
            rig.run(1);
        }
        if rig.line.inner().written.len() > 60 {
            rig.line.inner().written.pop_front();
        }
        played.push(rig.line.inner().writes);
    }
    // One block for one block before and after: what is in flight is as much as it was.
    let steady = |from: usize, to: usize| played[to] - played[from];
    assert_eq!(steady(10, 29), 19);
    assert_eq!(
        steady(29, 59),
        30 - 3,
        "what was silence is not played later"
    );
    assert_eq!(rig.counter("late_writes"), 3);
}

/// A card that once reports an event in the way of a write, and then has none.
struct Interrupted(FakeLine, Arc<AtomicBool>);

impl LinePort for Interrupted {
    fn wake(&self) -> Wake {
        self.0.wake()
    }
    fn law(&self) -> tipring_hal::port::Law {
        self.0.law()
    }
    fn block_len(&self) -> usize {
        self.0.block_len()
    }
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        self.0.read(buf)
    }
    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        if self.1.swap(false, Ordering::SeqCst) {
            return WriteBlock::EventPending;
        }
        self.0.write(buf)
    }
    fn next_event(&mut self) -> Option<LineEvent> {
        None
    }
    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        self.0.command(command)
    }
    fn off_hook(&self) -> bool {
        self.0.off_hook()
    }
    fn stats(&self) -> PortStats {
        self.0.stats()
    }
}

#[test]
fn a_block_that_an_event_kept_from_the_line_is_written_later_and_makes_no_delay() {
    let mut rig = rig(Vec::new(), LineConfig::default());
    rig.run(2);
    let (line, interrupted) = (FakeLine::new(Vec::new(), true), Arc::default());
    rig.line = line.clone();
    rig.order(set(Interrupted(line, Arc::clone(&interrupted))));
    rig.run(10);
    let steady = rig.line.inner().writes;
    interrupted.store(true, Ordering::SeqCst);
    rig.run(1);
    assert_eq!(rig.line.inner().writes, steady, "one block is missing");
    rig.run(1);
    assert_eq!(rig.line.inner().writes, steady + 2, "and written later");
    rig.run(10);
    assert_eq!(rig.line.inner().writes, steady + 12);
    assert_eq!(rig.counter("refills"), 1, "the new card's first filling");
}
