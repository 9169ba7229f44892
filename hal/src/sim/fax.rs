//! The fax machine on a line: its call from lifting (or ringing) to hanging up.
//!
//! Owns one order to send or receive. Works the phone's hook; its modem replaces the phone's audio.

use std::time::Duration;

use tipring_spandsp::{FaxEvent, FaxModems, FaxSettings, FaxStats, FaxTerminal};

use super::config::Dialing;
use super::event::{FaxPhase, FaxReport, SimEventKind};
use super::hand::Hand;
use super::paper::{Paper, Saving};
use super::request::{DialWait, FaxMachine, ReceiveFax, SendFax, SimError};
use super::snapshot::FaxState;

/// Dial tone is a steady tone in this range (Hz): 350+440, 425, 400, 450 …
const DIAL_TONE: std::ops::RangeInclusive<f32> = 300.0..=500.0;
/// Longest time that the terminal stays on the line after the result, to disconnect (DCN).
const GOODBYE: Duration = Duration::from_millis(2000);
/// Between lifting and answering (CED) or dialing.
const SETTLE: Duration = Duration::from_millis(200);
/// Interval at which the library is asked for its figures.
const FIGURES_EVERY: Duration = Duration::from_millis(100);

enum Order {
    Send(SendFax, u32),
    Receive(ReceiveFax),
}

enum Stage {
    /// Called terminal, on-hook.
    WaitRing,
    WaitTone,
    Settle,
    Dial,
    /// The modems are on the line.
    Call,
}

/// One fax job.
pub(super) struct Fax {
    order: Order,
    stage: Stage,
    terminal: FaxTerminal,
    /// What the terminal reads or writes.
    paper: Paper,
    begun: Option<Duration>,
    stage_since: Duration,
    lifted_at: Option<Duration>,
    ended_at: Option<Duration>,
    figures_at: Duration,
    phase: FaxPhase,
    stats: FaxStats,
    pages: u32,
    bad_rows: u32,
    default_dialing: Dialing,
}

impl Fax {
    pub(super) fn send(
        order: SendFax,
        (paper, pages): (Paper, u32),
        dialing: Dialing,
    ) -> Result<Self, SimError> {
        let settings = machine(FaxSettings::sender(paper.path()), &order.machine);
        // A number that cannot be dialled is refused before anything is lifted.
        Hand::new(false).dial(&order.number, order.how.unwrap_or(dialing))?;
        let phase = FaxPhase::WaitingForDialTone;
        Self::new(Order::Send(order, pages), paper, &settings, phase, dialing)
    }

    pub(super) fn receive(
        order: ReceiveFax,
        paper: Paper,
        dialing: Dialing,
    ) -> Result<Self, SimError> {
        let settings = machine(FaxSettings::receiver(paper.path()), &order.machine);
        let phase = FaxPhase::WaitingForRing;
        Self::new(Order::Receive(order), paper, &settings, phase, dialing)
    }

    fn new(
        order: Order,
        paper: Paper,
        settings: &FaxSettings,
        phase: FaxPhase,
        default_dialing: Dialing,
    ) -> Result<Self, SimError> {
        let terminal = FaxTerminal::new(settings).map_err(|error| SimError::Engine {
            what: "the fax machine",
            reason: error.to_string(),
        })?;
        Ok(Self {
            stage: match order {
                Order::Send(..) => Stage::WaitTone,
                Order::Receive(_) => Stage::WaitRing,
            },
            order,
            terminal,
            paper,
            begun: None,
            stage_since: Duration::ZERO,
            lifted_at: None,
            ended_at: None,
            figures_at: Duration::ZERO,
            phase,
            stats: FaxStats::default(),
            pages: 0,
            bad_rows: 0,
            default_dialing,
        })
    }

    /// True while the modems are on the line: their signal replaces the phone's audio.
    pub(super) fn speaks(&self) -> bool {
        matches!(self.stage, Stage::Call)
    }

    pub(super) fn speak(&mut self, out: &mut [i16]) {
        self.terminal.tx(out);
    }

    pub(super) fn hear(&mut self, samples: &[i16]) {
        if self.speaks() {
            self.terminal.rx(samples);
        }
    }

    /// The loop lost its battery long enough for a disconnect of the exchange.
    pub(super) fn disconnected(&mut self) {
        if self.speaks() {
            self.terminal.terminate();
        }
    }

    pub(super) fn state(&self, now: Duration) -> FaxState {
        let (sending, tiff, pages_total) = match &self.order {
            Order::Send(order, pages) => (true, order.tiff.clone(), Some(*pages)),
            Order::Receive(order) => (false, order.tiff.clone(), None),
        };
        FaxState {
            sending,
            tiff,
            phase: self.phase,
            pages: self.pages,
            pages_total,
            bit_rate: self.stats.bit_rate,
            since: self
                .begun
                .map_or(Duration::ZERO, |begun| now.saturating_sub(begun)),
        }
    }

    /// Moves on, once a block. Gives the report when it is over; the caller then hangs up.
    pub(super) fn advance(
        &mut self,
        now: Duration,
        hand: &mut Hand,
        bursts: Option<u32>,
        tone_hz: Option<f32>,
        notify: &mut impl FnMut(SimEventKind),
    ) -> Option<FaxReport> {
        if self.begun.is_none() {
            self.begun = Some(now);
            self.stage_since = now;
            notify(SimEventKind::FaxPhase(self.phase));
        }
        let waited = now.saturating_sub(self.stage_since);
        match (&self.stage, &self.order) {
            (Stage::WaitRing, Order::Receive(order))
                if bursts.is_some_and(|bursts| bursts >= order.after_bursts) =>
            {
                self.lift(now, hand, notify);
                self.enter(now, Stage::Settle);
            }
            (Stage::WaitTone, Order::Send(order, _)) => {
                let wait = order.wait;
                if self.lifted_at.is_none() {
                    self.lift(now, hand, notify);
                    self.stage_since = now;
                    return None;
                }
                let (ready, late) = match wait {
                    DialWait::Delay(delay) => (waited >= delay, false),
                    DialWait::DialTone(limit) => (
                        tone_hz.is_some_and(|hz| DIAL_TONE.contains(&hz)),
                        waited >= limit,
                    ),
                };
                if ready {
                    let how = order.how.unwrap_or(self.default_dialing);
                    // Checked when the order was given.
                    let _ = hand.dial(&order.number, how);
                    self.enter(now, Stage::Dial);
                    self.enter_phase(FaxPhase::Dialing, notify);
                } else if late {
                    return Some(self.give_up(now, "no dial tone"));
                }
            }
            (Stage::Dial, _) if !hand.is_busy() => self.connect(now, notify),
            (Stage::Settle, _) if waited >= SETTLE => self.connect(now, notify),
            (Stage::Call, _) => return self.in_call(now, notify),
            _ => {}
        }
        None
    }

    /// The report of a fax that is ended early.
    pub(super) fn give_up(&mut self, now: Duration, why: &str) -> FaxReport {
        if self.speaks() {
            self.terminal.terminate();
            self.stats = self.terminal.stats();
            self.pages = self.pages.max(self.pages_of(&self.stats));
        }
        self.report(now, false, why.to_owned(), -1)
    }

    /// It is over; received pages go to the disk now.
    pub(super) fn end(self, report: FaxReport, now: Duration) -> Ended {
        let state = self.state(now);
        // It closes its file.
        drop(self.terminal);
        let saving = match self.order {
            Order::Receive(order) => Some(self.paper.save(order.tiff)),
            Order::Send(..) => None,
        };
        Ended {
            saving,
            report,
            state,
        }
    }

    fn lift(&mut self, now: Duration, hand: &mut Hand, notify: &mut impl FnMut(SimEventKind)) {
        self.lifted_at = Some(now);
        if !hand.is_lifted() {
            hand.lift();
            notify(SimEventKind::Lifted);
        }
    }

    fn connect(&mut self, now: Duration, notify: &mut impl FnMut(SimEventKind)) {
        self.enter(now, Stage::Call);
        self.enter_phase(FaxPhase::Connecting, notify);
    }

    fn enter(&mut self, now: Duration, stage: Stage) {
        self.stage = stage;
        self.stage_since = now;
    }

    fn in_call(
        &mut self,
        now: Duration,
        notify: &mut impl FnMut(SimEventKind),
    ) -> Option<FaxReport> {
        while let Some(event) = self.terminal.poll_event() {
            match event {
                FaxEvent::Negotiating { .. } => {
                    self.stats = self.terminal.stats();
                    let phase = FaxPhase::Negotiated {
                        bit_rate: self.stats.bit_rate,
                        ecm: self.stats.ecm,
                    };
                    self.enter_phase(phase, notify);
                }
                FaxEvent::PageEnd { frame, stats } => {
                    if !self.sending() {
                        self.bad_rows = self.bad_rows.saturating_add(stats.bad_rows);
                    }
                    self.figures(stats, notify);
                    if frame == "EOP" {
                        self.enter_phase(FaxPhase::Ending, notify);
                    }
                }
                FaxEvent::Finished(result) => {
                    self.figures(result.stats, notify);
                    self.ended_at = Some(now);
                }
            }
        }
        if now.saturating_sub(self.figures_at) >= FIGURES_EVERY {
            self.figures_at = now;
            let stats = self.terminal.stats();
            self.figures(stats, notify);
        }
        if let Some(ended) = self.ended_at {
            let done = !self.terminal.is_active() || now.saturating_sub(ended) >= GOODBYE;
            return done.then(|| self.finish(now));
        }
        let limit = match &self.order {
            Order::Send(order, _) => order.limit,
            Order::Receive(order) => order.limit,
        };
        let lifted = self.lifted_at.unwrap_or(now);
        (now.saturating_sub(lifted) >= limit).then(|| self.give_up(now, "took too long"))
    }

    fn figures(&mut self, stats: FaxStats, notify: &mut impl FnMut(SimEventKind)) {
        self.stats = stats;
        if matches!(self.phase, FaxPhase::Negotiated { .. }) && stats.length > 0 {
            self.enter_phase(FaxPhase::Page, notify);
        }
        let pages = self.pages_of(&stats);
        while self.pages < pages {
            self.pages += 1;
            notify(SimEventKind::FaxPage { page: self.pages });
        }
    }

    fn pages_of(&self, stats: &FaxStats) -> u32 {
        if self.sending() {
            stats.pages_tx
        } else {
            stats.pages_rx
        }
    }

    fn sending(&self) -> bool {
        matches!(self.order, Order::Send(..))
    }

    fn enter_phase(&mut self, phase: FaxPhase, notify: &mut impl FnMut(SimEventKind)) {
        if self.phase != phase {
            self.phase = phase;
            notify(SimEventKind::FaxPhase(phase));
        }
    }

    fn finish(&self, now: Duration) -> FaxReport {
        match self.terminal.result() {
            Some(result) => self.report(
                now,
                result.is_ok(),
                result.text.to_owned(),
                i32::try_from(result.code).unwrap_or(i32::MAX),
            ),
            None => self.report(now, false, String::from("ended without a result"), -1),
        }
    }

    fn report(&self, now: Duration, success: bool, result: String, code: i32) -> FaxReport {
        FaxReport {
            success,
            result,
            code,
            sent: self.sending(),
            pages: self.pages,
            bit_rate: self.stats.bit_rate,
            ecm: self.stats.ecm,
            bad_rows: self.bad_rows,
            retries: self.stats.ecm_retries,
            far_ident: self.terminal.remote_ident().unwrap_or_default(),
            took: self
                .lifted_at
                .map_or(Duration::ZERO, |lifted| now.saturating_sub(lifted)),
        }
    }
}

/// A fax that is over.
pub(super) struct Ended {
    /// Its pages, being written to the disk.
    saving: Option<Saving>,
    report: FaxReport,
    state: FaxState,
}

impl Ended {
    pub(super) fn state(&self) -> FaxState {
        self.state.clone()
    }

    /// The report, once the pages are on the disk. A fax whose pages are lost did not go well.
    pub(super) fn report(&mut self) -> Option<FaxReport> {
        let saved = self.saving.as_mut().map_or(Some(Ok(())), Saving::ended)?;
        let mut report = self.report.clone();
        if let Err(error) = saved {
            report.success = false;
            report.code = -1;
            report.result = error.to_string();
        }
        Some(report)
    }
}

fn machine(mut settings: FaxSettings, machine: &FaxMachine) -> FaxSettings {
    settings.ecm = machine.ecm;
    settings.local_ident.clone_from(&machine.ident);
    settings.modems = FaxModems {
        v27ter: true,
        v29: machine.max_bit_rate >= 7200,
        v17: machine.max_bit_rate >= 12_000,
    };
    settings
}
