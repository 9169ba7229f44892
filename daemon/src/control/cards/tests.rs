//! A gateway with one port whose card is opened by a source of the test, and a line thread stepped by hand.

use std::sync::atomic::{AtomicBool, Ordering};

use tipring_config::{Config, Machine};
use tipring_hal::port::{
    Capabilities, Law, LineCommand, LineEvent, LineEventKind, LineFault, LinePort, PortError,
    PortStats, ReadBlock, Wake, WriteBlock,
};
use tipring_proto::call::PortState;
use tipring_proto::finding::Place;

use super::*;
use crate::cards::{LineProbe, Nameplate};
use crate::control::reload::Asked;
use crate::control::seat::{self, Seat};
use crate::control::{Clock, Facts, Lanes, Lines, PortUnit, ServerBook, SimDesk, words};
use crate::identity::Identity;
use crate::line::{LineConfig, LineEngine, LinePortSpec, LineReport};

const LINE: PortIndex = PortIndex(0);
const DEAD: Volts = Volts {
    tip_mv: 0,
    ring_mv: 0,
    battery_mv: -50_000,
};

/// A card that reports nothing by itself.
struct Quiet {
    off_hook: bool,
    /// The commands that it got.
    commands: Arc<Mutex<Vec<LineCommand>>>,
}

impl LinePort for Quiet {
    fn wake(&self) -> Wake {
        Wake::CardClock
    }
    fn law(&self) -> Law {
        Law::A
    }
    fn block_len(&self) -> usize {
        80
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            open_loop: true,
            fixed_open_loop_ms: Some(500),
            voltages: true,
            ..Absent::new(Law::A, 80).capabilities()
        }
    }
    fn read(&mut self, _: &mut [u8]) -> ReadBlock {
        ReadBlock::WouldBlock
    }
    fn write(&mut self, _: &[u8]) -> WriteBlock {
        WriteBlock::Taken
    }
    fn next_event(&mut self) -> Option<LineEvent> {
        None
    }
    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        self.commands.lock().unwrap().push(command);
        Ok(())
    }
    fn off_hook(&self) -> bool {
        self.off_hook
    }
    fn stats(&self) -> PortStats {
        PortStats::default()
    }
}

struct Silent;

impl LineProbe for Silent {
    fn volts(&mut self) -> Result<Volts, ProbeError> {
        Err(ProbeError::Failed)
    }
    fn switched_off(&mut self) -> Result<bool, ProbeError> {
        Err(ProbeError::Failed)
    }
    fn rearm(&mut self) -> Result<(), ProbeError> {
        Err(ProbeError::Failed)
    }
}

/// Has the card or not; a phone on it is off-hook or not.
#[derive(Default)]
struct Shelf {
    there: AtomicBool,
    off_hook: AtomicBool,
    commands: Arc<Mutex<Vec<LineCommand>>>,
}

impl CardSource for Shelf {
    fn open(&self, want: &Want) -> Result<OpenCard, Finding> {
        assert_eq!((want.channel, want.block_len), (1, 80));
        if !self.there.load(Ordering::SeqCst) {
            return Err(Finding::ChannelOpenFailed {
                reason: "the shelf is empty".into(),
            });
        }
        Ok(OpenCard {
            port: Box::new(Quiet {
                off_hook: self.off_hook.load(Ordering::SeqCst),
                commands: Arc::clone(&self.commands),
            }),
            probe: Some(Box::new(Silent)),
            plate: Nameplate::default(),
        })
    }

    fn changed(&self) -> Option<SystemTime> {
        None
    }
}

/// One port, with these keys of its own.
fn config(keys: &str) -> Config {
    let text = format!("[card]\ndriver = \"dahdi\"\n[[port]]\nchannel = 1\n{keys}");
    let machine = Machine {
        mac: tipring_config::Mac::parse("02:00:5e:10:20:30"),
        countries_dir: None,
    };
    tipring_config::parse(&text, "test", &machine).unwrap()
}

struct Bench {
    gateway: Gateway,
    engine: LineEngine,
    shelf: Arc<Shelf>,
    ms: u64,
}

impl Bench {
    fn new() -> Bench {
        let config = Arc::new(config(""));
        let now = Clock.now();
        let absent = Absent::new(Law::Mu, 80);
        let facts = CardFacts::of(&absent);
        let wanted = &config.ports[0];
        let chain = ChainPlan::new(&config, wanted, &facts).build().unwrap();
        let port = Box::new(absent);
        let (engine, line) =
            LineEngine::by_hand(vec![LinePortSpec { port, chain }], &LineConfig::default())
                .unwrap();
        let servers = ServerBook::new(&config.callmanager.servers);
        let seat = Seat {
            line: Some(LINE),
            counters: Arc::clone(line.port_counters(LINE).unwrap()),
            card: Some(facts),
            fault: None,
        };
        let unit = seat::unit(&config, wanted, 0, servers.list(), seat).unwrap();
        let units = vec![PortUnit::new(unit, Arc::clone(&config), now)];
        let shelf = Arc::new(Shelf::default());
        let want = crate::settings::want(&config, wanted);
        let source = Arc::clone(&shelf) as Arc<dyn CardSource>;
        let lines = Lines::new(
            line,
            Cards::opened_one_by_one(source, [(LINE, want, facts)], now),
            Lanes::new(vec![], vec![]),
            crate::settings::rtp_ports(&config).unwrap(),
        );
        let desk = SimDesk::new(None, vec![]);
        let mut gateway = Gateway::new(
            config,
            Facts::default(),
            units,
            servers,
            lines,
            desk,
            Identity::of_this_machine(),
        );
        assert!(!gateway.seat_card(now, 0), "it waits for its card");
        Bench {
            gateway,
            engine,
            shelf,
            ms: 1_000,
        }
    }

    /// Does what is due, and waits for the one answer that is on its way.
    async fn turn(&mut self) {
        self.gateway.cards_turn();
        let news = self.gateway.lines.cards.news.recv().await.unwrap();
        self.gateway.card_news(news);
        self.step();
    }

    /// The line thread and its reports.
    fn step(&mut self) {
        self.ms += 10;
        self.engine.tick(Time::from_millis(self.ms));
        self.gateway.line_reports();
    }

    fn says(&mut self, kind: LineEventKind) {
        let at = self.gateway.clock.now().since_epoch();
        let event = LineEvent { at, kind };
        self.gateway
            .line_report(LineReport::Line { port: LINE, event });
    }

    /// Longest flashes of the commands since the last look, in ms.
    fn flash_commands(&self) -> Vec<u128> {
        let commands = std::mem::take(&mut *self.shelf.commands.lock().unwrap());
        let flashes = commands.into_iter().filter_map(|command| match command {
            LineCommand::LongestFlash(time) => Some(time.as_millis()),
            _ => None,
        });
        flashes.collect()
    }

    /// After `later` the port does what is due.
    fn later(&mut self, after: Duration) {
        let at = self.gateway.clock.now() + after;
        self.gateway.ports[0].handle_timeout(at);
        self.gateway.drain(at, 0);
    }

    fn trouble(&self) -> Option<String> {
        let now = self.gateway.clock.now();
        let unit = &self.gateway.ports[0];
        let detail = self.gateway.port_detail(now, unit);
        let first = detail.summary.findings.first();
        first.map(|f| format!("{}: {}", f.what(), f.cure))
    }

    fn word(&self) -> PortState {
        self.gateway.ports[0].call_logic().state
    }

    fn slot(&self) -> &Slot {
        &self.gateway.lines.cards.slots()[0]
    }

    async fn opened(off_hook: bool) -> Bench {
        let mut b = Bench::new();
        b.shelf.there.store(true, Ordering::SeqCst);
        b.shelf.off_hook.store(off_hook, Ordering::SeqCst);
        b.turn().await;
        assert!(b.slot().is_open());
        b
    }

    fn news(&mut self, news: CardNews) {
        let epoch = self.slot().epoch;
        self.gateway.card_news((LINE, epoch, news));
    }
}

/// Runs on a runtime as the daemon's.
fn run<F: std::future::Future<Output = ()>>(test: impl FnOnce() -> F) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async { test().await });
}

#[test]
fn a_card_that_is_not_there_is_reported_with_its_cure_and_tried_again() {
    run(|| async {
        let mut b = Bench::new();
        assert_eq!(b.trouble(), None, "at its first try it has none");
        b.turn().await;
        let text = "DAHDI channel 1 cannot be opened: the shelf is empty: see \"dmesg\" and \"tipring hardware\"";
        assert_eq!(b.trouble().as_deref(), Some(text));
        assert_eq!(b.word(), PortState::Fault);
        assert!(b.slot().keeper.due().is_some());
        assert!(b.gateway.ports[0].has_stopped(), "it does not register");
    });
}

#[test]
fn an_open_card_heals_the_port_and_the_call_logic_goes_by_what_it_can() {
    run(|| async {
        let b = Bench::opened(false).await;
        assert_eq!((b.trouble(), b.word()), (None, PortState::Idle));
        let unit = &b.gateway.ports[0];
        assert!(!unit.has_stopped(), "it registers");
        assert!(unit.capabilities.is_some_and(|c| c.voltages));
        assert_eq!(unit.card.map(|c| c.law), Some(Law::A));
        let shown = b.gateway.port_detail(b.gateway.clock.now(), unit);
        assert!(shown.card.open && shown.card.opened == 1);
        assert_eq!(shown.card.law, "A-law");
    });
}

#[test]
fn a_set_found_lifted_is_lifted() {
    run(|| async {
        let mut b = Bench::opened(true).await;
        // Debounced; the call logic decides when.
        let later = b.gateway.clock.now() + Duration::from_millis(50);
        b.gateway.ports[0].handle_timeout(later);
        assert_ne!(b.word(), PortState::Idle);
        assert!(b.gateway.ports[0].call_logic().off_hook);
    });
}

#[test]
fn a_lost_card_is_closed_and_a_stand_in_takes_its_place() {
    run(|| async {
        let mut b = Bench::opened(false).await;
        b.says(LineEventKind::Fault(LineFault::Removed));
        assert_eq!(b.slot().keeper.state(), CardState::Leaving);
        assert!(
            b.trouble()
                .is_some_and(|t| t.starts_with("the card is removed"))
        );
        assert!(b.slot().probe.is_none(), "nothing keeps the channel open");
        b.step(); // the line thread gives it back
        let news = b.gateway.lines.cards.news.recv().await.unwrap();
        assert!(matches!(news.2, CardNews::Closed));
        b.gateway.card_news(news);
        assert!(matches!(b.slot().keeper.state(), CardState::Closed { .. }));
        assert_eq!(b.word(), PortState::Fault);
    });
}

#[test]
fn a_feed_that_was_switched_off_is_a_trouble_until_the_line_has_voltage_or_current() {
    run(|| async {
        for current in [false, true] {
            let mut b = Bench::opened(false).await;
            b.news(CardNews::Volts(Ok(DEAD)));
            assert_eq!(b.trouble(), None, "suspected only");
            b.news(CardNews::SwitchedOff(Ok(true)));
            let text = b.trouble().unwrap_or_default();
            assert!(
                text.starts_with("no battery on the line: the card has"),
                "{text}"
            );
            assert_eq!(b.word(), PortState::Fault);
            if current {
                b.says(LineEventKind::LoopClosed);
            } else {
                b.news(CardNews::Rearmed(Ok(())));
                let ring_mv = -48_000;
                b.news(CardNews::Volts(Ok(Volts { ring_mv, ..DEAD })));
            }
            assert_eq!(b.trouble(), None);
            assert_ne!(b.word(), PortState::Fault);
            let shown = b
                .gateway
                .port_detail(b.gateway.clock.now(), &b.gateway.ports[0]);
            assert_eq!(shown.card.power_alarms, 1);
            assert_eq!(shown.card.rearms, u64::from(!current));
        }
    });
}

#[test]
fn a_port_whose_line_stays_dead_is_shown_as_unregistered_and_registers_when_the_line_works() {
    run(|| async {
        for fault in [LineFault::Alarm, LineFault::PowerAlarm] {
            let mut b = Bench::opened(false).await;
            b.says(LineEventKind::Fault(fault));
            let text = words::finding(&words::fault(fault), &Place::default());
            let (text, cure) = (text.what(), text.cure);
            assert_eq!(b.trouble(), Some(format!("{text}: {cure}")));
            b.later(Duration::from_secs(1));
            assert!(!b.gateway.ports[0].has_stopped(), "it may be a flicker");
            b.later(Duration::from_secs(11));
            assert!(b.gateway.ports[0].has_stopped(), "{fault:?}");
            let out = format!("{text}; unregistered until it works again: {cure}");
            assert_eq!(b.trouble(), Some(out));
            let now = b.gateway.clock.now();
            let shown = b.gateway.port_detail(now, &b.gateway.ports[0]);
            let reason = shown.registration.reason.unwrap_or_default();
            assert!(reason.contains("callers are sent elsewhere"), "{reason}");
            b.says(LineEventKind::FaultCleared);
            assert!(!b.gateway.ports[0].has_stopped(), "it registers again");
            assert_eq!(b.trouble(), None);
        }
    });
}

#[test]
fn a_port_whose_line_comes_and_goes_shows_what_it_waits_for_and_how_often_it_left() {
    run(|| async {
        let mut b = Bench::opened(false).await;
        for left in 1..=2 {
            b.says(LineEventKind::Fault(LineFault::Alarm));
            b.later(Duration::from_secs(12));
            assert!(b.gateway.ports[0].has_stopped());
            b.says(LineEventKind::FaultCleared);
            let now = b.gateway.clock.now();
            let shown = b.gateway.port_detail(now, &b.gateway.ports[0]);
            let counters = shown.registration.counters;
            let leaves = counters.iter().find(|c| c.name == "dead-line-leaves");
            assert_eq!(leaves.map(|c| c.value), Some(left));
        }
        assert!(b.gateway.ports[0].has_stopped(), "not at once again");
        let text = b.trouble().unwrap_or_default();
        assert!(
            text.starts_with("the line works again, but has failed repeatedly"),
            "{text}"
        );
        assert!(
            text.contains("for another ") && text.contains("loose cable"),
            "{text}"
        );
        b.later(Duration::from_secs(3));
        assert!(!b.gateway.ports[0].has_stopped(), "it registers again");
        assert_eq!(b.trouble(), None);
    });
}

#[test]
fn a_feed_that_stays_off_takes_the_device_away_and_current_brings_it_back() {
    run(|| async {
        let mut b = Bench::opened(false).await;
        b.news(CardNews::Volts(Ok(DEAD)));
        b.news(CardNews::SwitchedOff(Ok(true)));
        // The first attempt to switch the feed on is under way.
        b.later(Duration::from_secs(5));
        assert!(!b.gateway.ports[0].has_stopped());
        b.later(Duration::from_secs(11));
        assert!(b.gateway.ports[0].has_stopped());
        assert!(b.trouble().is_some_and(|t| t.contains("; unregistered")));
        b.says(LineEventKind::LoopClosed);
        assert!(!b.gateway.ports[0].has_stopped());
        assert_eq!(b.trouble(), None);
    });
}

#[test]
fn a_reload_gives_an_open_card_the_flash_window_and_does_not_open_it_again() {
    run(|| async {
        let mut b = Bench::opened(false).await;
        b.flash_commands(); // those of the beginning
        let keys = "flash-min-ms = 80\nflash-max-ms = 400\n";
        b.gateway.loaded(Asked::Signal, Ok(config(keys)));
        b.step();
        assert_eq!(b.flash_commands(), [400]);
        assert_eq!(b.slot().keeper.opened(), 1);
        // The same once more is nothing new.
        b.gateway.loaded(Asked::Signal, Ok(config(keys)));
        b.step();
        assert_eq!(b.flash_commands(), []);
    });
}

#[test]
fn a_flash_window_that_the_full_ring_refused_is_sent_with_the_next_reload() {
    run(|| async {
        let mut b = Bench::opened(false).await;
        b.flash_commands();
        let filler = || LineOrder::Port(LineCommand::StopRing);
        while b.gateway.lines.threads.send(LINE, filler()).is_ok() {}
        let keys = "flash-min-ms = 80\nflash-max-ms = 400\n";
        b.gateway.loaded(Asked::Signal, Ok(config(keys)));
        assert!(b.gateway.lines.orders_lost > 0);
        // The line thread takes some at a time.
        for _ in 0..4 {
            b.step();
        }
        assert_eq!(b.flash_commands(), []);
        let keys = "flash-min-ms = 90\nflash-max-ms = 400\n";
        b.gateway.loaded(Asked::Signal, Ok(config(keys)));
        b.step();
        assert_eq!(b.flash_commands(), [400]);
    });
}

#[test]
fn a_card_that_was_being_opened_during_a_reload_gets_it_when_it_is_in_place() {
    run(|| async {
        let mut b = Bench::new();
        b.shelf.there.store(true, Ordering::SeqCst);
        b.gateway.cards_turn(); // it is being opened
        let keys = "flash-min-ms = 80\nflash-max-ms = 400\n";
        b.gateway.loaded(Asked::Signal, Ok(config(keys)));
        let news = b.gateway.lines.cards.news.recv().await.unwrap();
        b.gateway.card_news(news);
        b.step();
        b.step();
        assert_eq!(b.flash_commands(), [400]);
    });
}

#[test]
fn a_port_that_takes_a_line_in_alarm_knows_it_and_one_that_is_over_by_then_does_not() {
    run(|| async {
        for over in [false, true] {
            let mut b = Bench::opened(false).await;
            b.says(LineEventKind::Fault(LineFault::Alarm));
            b.gateway
                .loaded(Asked::Signal, Ok(config("enabled = false\n")));
            assert!(b.gateway.ports[0].line.is_none(), "it gave its lane back");
            if over {
                b.says(LineEventKind::FaultCleared);
            }
            b.gateway.loaded(Asked::Signal, Ok(config("")));
            assert_eq!(b.trouble().is_none(), over, "{:?}", b.trouble());
            assert_eq!(b.word() == PortState::Idle, over);
            b.says(LineEventKind::FaultCleared);
            assert_eq!((b.trouble(), b.word()), (None, PortState::Idle));
        }
    });
}

#[test]
fn a_feed_that_is_lost_and_found_under_an_alarm_leaves_the_alarm_standing() {
    run(|| async {
        // The port has its line all the time, or is away while the feed is looked at.
        for away in [false, true] {
            let mut b = Bench::opened(false).await;
            b.says(LineEventKind::Fault(LineFault::Alarm));
            let alarm = b.trouble();
            if away {
                b.gateway
                    .loaded(Asked::Signal, Ok(config("enabled = false\n")));
            }
            b.news(CardNews::Volts(Ok(DEAD)));
            b.news(CardNews::SwitchedOff(Ok(true)));
            b.news(CardNews::Rearmed(Ok(())));
            let ring_mv = -48_000;
            b.news(CardNews::Volts(Ok(Volts { ring_mv, ..DEAD })));
            assert_eq!(b.slot().feed_trouble(), None);
            if away {
                b.gateway.loaded(Asked::Signal, Ok(config("")));
            }
            assert_eq!(b.gateway.ports[0].fault, Some(LineFault::Alarm));
            assert_eq!((b.trouble(), b.word()), (alarm, PortState::Fault));
            b.says(LineEventKind::FaultCleared);
            assert_eq!((b.trouble(), b.word()), (None, PortState::Idle));
        }
    });
}

#[test]
fn a_port_that_takes_a_line_in_trouble_registers_when_that_is_over() {
    run(|| async {
        for fault in [LineFault::Alarm, LineFault::PowerAlarm] {
            let mut b = Bench::opened(false).await;
            b.says(LineEventKind::Fault(fault));
            b.gateway
                .loaded(Asked::Signal, Ok(config("enabled = false\n")));
            b.gateway.loaded(Asked::Signal, Ok(config("")));
            assert!(b.gateway.ports[0].line.is_some());
            assert!(b.gateway.ports[0].has_stopped(), "nobody is there");
            if fault == LineFault::Alarm {
                b.says(LineEventKind::FaultCleared);
            } else {
                b.news(CardNews::Volts(Ok(DEAD)));
                b.news(CardNews::SwitchedOff(Ok(true)));
                b.says(LineEventKind::LoopClosed);
            }
            assert!(!b.gateway.ports[0].has_stopped(), "it registers");
        }
    });
}

#[test]
fn a_gateway_that_stops_does_not_register_a_line_that_works_again() {
    run(|| async {
        let mut b = Bench::opened(false).await;
        b.says(LineEventKind::Fault(LineFault::Alarm));
        b.gateway.stopping = true;
        let now = b.gateway.clock.now();
        b.gateway.ports[0].stop(now);
        b.says(LineEventKind::FaultCleared);
        assert!(b.gateway.ports[0].has_stopped());
    });
}

#[test]
fn answers_about_a_former_card_are_not_heard() {
    run(|| async {
        let mut b = Bench::opened(false).await;
        let old = b.slot().epoch;
        b.says(LineEventKind::Fault(LineFault::Removed));
        b.gateway.card_news((LINE, old, CardNews::Volts(Ok(DEAD))));
        b.gateway
            .card_news((LINE, old, CardNews::SwitchedOff(Ok(true))));
        assert_eq!(b.slot().feed_trouble(), None);
    });
}

#[test]
fn control_sleeps_while_a_card_is_waited_for_and_also_at_the_end() {
    run(|| async {
        let mut b = Bench::new();
        assert_eq!(
            b.gateway.sleep_for(),
            Duration::ZERO,
            "the first try is due"
        );
        b.gateway.cards_turn();
        assert!(
            b.gateway.sleep_for() > Duration::from_secs(1),
            "an answer is due"
        );
        let news = b.gateway.lines.cards.news.recv().await.unwrap();
        b.gateway.card_news(news);
        assert!(b.gateway.sleep_for() > Duration::from_millis(500));
        for slot in &mut b.gateway.lines.cards.slots {
            slot.keeper = tipring_proto::card::CardKeeper::new(Time::ZERO);
        }
        assert_eq!(b.gateway.sleep_for(), Duration::ZERO);
        b.gateway.stopping = true;
        assert!(b.gateway.sleep_for() > Duration::from_secs(1));
    });
}
