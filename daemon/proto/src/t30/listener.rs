//! Follows a fax from its frames, carriers and tones of both directions.

use std::time::Duration;

use super::capabilities::{Capabilities, Command, identity};
use super::frame::{Frame, Kind};
use super::judge;
use super::page::Lines;
use super::report::{End, Page, PageResult, Report, Training};
use super::steps::Steps;
use crate::time::Time;
use crate::types::t38::{Carrier, Fast};
use crate::types::{DataTone, FaxOutcome, FaxPhase, FaxStep, FaxTimer, Side};

/// Trainings and pages that are kept; more are only counted.
const TRAININGS: usize = 32;
const PAGES: usize = 500;

/// A command that has no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) kind: Kind,
    /// What follows the page; none: more of it.
    pub(super) end: Option<Kind>,
    /// Which part of the page.
    part: (u8, u8),
    pub(super) times: u32,
}

/// The two machines of one call.
#[derive(Clone, Debug)]
pub struct Listener {
    pub(super) began: Time,
    pub(super) report: Report,
    pub(super) dis: u32,
    first_dis: Option<Time>,
    pub(super) dtc: u32,
    pub(super) calling: [bool; 2],
    /// Where an answer tone came from, and whether it had phase reversals.
    pub(super) answer: Option<(Side, bool)>,
    /// A modem of V.22 was heard.
    modem: bool,
    /// V.21 was heard.
    pub(super) signalled: [bool; 2],
    pub(super) carrier: [Option<(Carrier, Time)>; 2],
    /// How long the last fast carrier was.
    pub(super) fast_for: Duration,
    /// When either side was last heard, and how long it had been quiet before.
    last: Time,
    quiet: Duration,
    pub(super) page: Option<Page>,
    lines: Lines,
    pub(super) pending: Option<Pending>,
    pub(super) busy_since: Option<Time>,
    pub(super) password: bool,
    pub(super) not_understood: u32,
    pub(super) not_valid: bool,
    pub(super) operator: Option<Side>,
    /// Pages that were refused since the last training that was right.
    pub(super) refused: u32,
    pub(super) done: bool,
    steps: Steps,
}

pub(super) fn place(side: Side) -> usize {
    match side {
        Side::Line => 0,
        Side::Network => 1,
    }
}

impl Listener {
    /// From when the call was answered.
    pub fn new(now: Time) -> Listener {
        Listener {
            began: now,
            report: Report::default(),
            dis: 0,
            first_dis: None,
            dtc: 0,
            calling: [false; 2],
            answer: None,
            modem: false,
            signalled: [false; 2],
            carrier: [None; 2],
            fast_for: Duration::ZERO,
            last: now,
            quiet: Duration::ZERO,
            page: None,
            lines: Lines::default(),
            pending: None,
            busy_since: None,
            password: false,
            not_understood: 0,
            not_valid: false,
            operator: None,
            refused: 0,
            done: false,
            steps: Steps::new(now),
        }
    }

    /// What was heard up to now.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the machines signalled, in order; the first steps, when there are very many.
    pub fn steps(&self) -> &[FaxStep] {
        self.steps.all()
    }

    /// What became of it, as soon as that is clear.
    pub fn outcome(&self, now: Time) -> Option<FaxOutcome> {
        judge::is_clear(self, now).then(|| judge::outcome(self, now))
    }

    /// The call has ended: what became of it.
    pub fn end(&mut self, now: Time) -> FaxOutcome {
        if self.report.end.is_none() {
            self.quiet = now.saturating_since(self.last);
            self.ends(now, None);
        }
        judge::outcome(self, now)
    }

    /// A tone.
    pub fn tone(&mut self, now: Time, from: Side, tone: DataTone) {
        self.heard(now);
        if tone != DataTone::V21Preamble {
            self.steps.sign(now, from, tone.name(), None);
        }
        match tone {
            DataTone::Cng => self.calling[place(from)] = true,
            DataTone::Ced | DataTone::AnsAm => {
                self.answer.get_or_insert((from, false));
            }
            DataTone::AnsPr | DataTone::AnsAmPr => self.answer = Some((from, true)),
            DataTone::V21Preamble => self.carrier(now, from, Carrier::V21),
            DataTone::V22 => self.modem = true,
        }
    }

    /// A carrier is there; to be said as often as one likes.
    pub fn carrier(&mut self, now: Time, from: Side, carrier: Carrier) {
        self.heard(now);
        let before = &mut self.carrier[place(from)];
        if !before.is_some_and(|(before, _)| before == carrier) {
            *before = Some((carrier, now));
            if let Carrier::Fast(fast) = carrier {
                let is_page = self.report.phase == FaxPhase::Page;
                self.steps.carrier(now, from, is_page, fast.rate());
            }
        }
        match carrier {
            Carrier::V21 => self.signalled[place(from)] = true,
            Carrier::Fast(_) => self.page_begins(from),
            Carrier::Other(_) => {}
        }
    }

    /// A signal goes that is none of 300 bit/s: the modem that was chosen, if one was.
    pub fn signal(&mut self, now: Time, from: Side) {
        if let Some(fast) = self.report.chosen.and_then(|chosen| chosen.fast) {
            self.carrier(now, from, Carrier::Fast(fast));
        }
    }

    /// From the begin to what was heard last.
    pub fn lasted(&self) -> Duration {
        self.last.saturating_since(self.began)
    }

    /// No frame was read, only tones were heard.
    pub fn is_set_up(&self) -> bool {
        self.report.phase == FaxPhase::SetUp && self.report.end.is_none()
    }

    /// A data modem answered, and no frame was read: this is no fax.
    pub fn is_modem(&self) -> bool {
        self.modem && self.is_set_up()
    }

    /// The carrier is gone.
    pub fn carrier_ended(&mut self, now: Time, from: Side) {
        if self.carrier[place(from)].is_some() {
            self.heard(now);
        }
        if let Some((Carrier::Fast(_), since)) = self.carrier[place(from)].take() {
            self.fast_for = now.saturating_since(since);
            self.steps.carrier_ended(now, from);
        }
    }

    /// Octets of a page without error correction, or of a training check.
    pub fn page_octets(&mut self, now: Time, from: Side, octets: &[u8]) {
        self.heard(now);
        self.page_begins(from);
        if let Some(page) = self.page.as_mut().filter(|page| !page.ecm) {
            page.octets += octets.len() as u64;
            self.lines.push(octets);
            page.lines = self.lines.count();
        }
    }

    /// A frame whose check sequence was wrong.
    pub fn bad_frame(&mut self, now: Time, from: Side) {
        self.heard(now);
        let fast = matches!(self.carrier[place(from)], Some((Carrier::Fast(_), _)));
        if !fast {
            let bad = &mut self.report.bad_frames[place(from)];
            *bad = bad.saturating_add(1);
        }
    }

    /// A frame whose check sequence was right, with address and control field.
    pub fn frame(&mut self, now: Time, from: Side, octets: &[u8]) {
        let Some(frame) = Frame::parse(octets) else {
            return;
        };
        // Of a fast carrier it is a frame of a page; that is no sign that the machines found each other.
        if matches!(frame.kind, Kind::Fcd | Kind::Rcp) {
            self.heard(now);
            self.page_begins(from);
            if let Some(page) = self.page.as_mut().filter(|_| frame.kind == Kind::Fcd) {
                page.frames = page.frames.saturating_add(1);
            }
            return;
        }
        self.heard(now);
        self.signalled[place(from)] = true;
        let frames = &mut self.report.frames[place(from)];
        *frames = frames.saturating_add(1);
        if self.report.end.is_some() {
            return;
        }
        self.report.phase = self.report.phase.max(FaxPhase::Negotiation);
        self.step(now, from, &frame);
        match frame.kind {
            Kind::Dis | Kind::Csi | Kind::Nsf => self.called(now, from, &frame),
            Kind::Dtc => {
                self.dtc += 1;
                self.report.phase = FaxPhase::Negotiation;
            }
            Kind::Cig | Kind::Tsi => self.name(from, frame.field),
            Kind::Pwd | Kind::Sub | Kind::Sep | Kind::Sid => self.password = true,
            Kind::Dcs => self.chosen(from, frame.field),
            Kind::Cfr | Kind::Ftt => self.trained(frame.kind == Kind::Cfr),
            Kind::Eom | Kind::Mps | Kind::Eop => {
                self.command(&frame, Some(frame.kind), (0, 0));
            }
            Kind::PriEom => self.command(&frame, Some(Kind::Eom), (0, 0)),
            Kind::PriMps => self.command(&frame, Some(Kind::Mps), (0, 0)),
            Kind::PriEop => self.command(&frame, Some(Kind::Eop), (0, 0)),
            Kind::Pps => {
                if let Some(part) = frame.partial_page() {
                    self.command(&frame, part.end.map(plain), (part.page, part.block));
                }
            }
            Kind::Eor => self.command(&frame, frame.given_up().map(plain), (0, 0)),
            Kind::Mcf => self.answered(PageResult::Confirmed),
            Kind::Rtp => self.answered(PageResult::Poor),
            Kind::Rtn => self.answered(PageResult::Refused),
            Kind::Err => self.answered(PageResult::GivenUp),
            Kind::Pip | Kind::Pin => {
                self.operator = Some(from);
                self.answered(if frame.kind == Kind::Pip {
                    PageResult::Confirmed
                } else {
                    PageResult::GivenUp
                });
            }
            Kind::Ppr => self.again(&frame),
            Kind::Rnr => {
                self.busy_since.get_or_insert(now);
            }
            Kind::Crp => self.not_understood += 1,
            Kind::Fnv => self.not_valid = true,
            Kind::Dcn => self.ends(now, Some(from)),
            _ => {}
        }
    }

    fn step(&mut self, now: Time, from: Side, frame: &Frame<'_>) {
        let name = frame.kind.name();
        let rate = match frame.kind {
            Kind::Dcs => Command::parse(frame.field).fast.map(Fast::rate),
            _ => None,
        };
        match frame.partial_page().filter(|_| frame.kind == Kind::Pps) {
            Some(part) => {
                let end = part.end.map_or("NULL", Kind::name);
                self.steps.sign(now, from, &format!("{name}-{end}"), rate);
            }
            None => self.steps.sign(now, from, name, rate),
        }
    }

    fn heard(&mut self, now: Time) {
        let quiet = now.saturating_since(self.last);
        // While a signal goes on it is not quiet; and between the signals of one side there are short pauses.
        if self.carrier == [None; 2] && quiet >= Duration::from_millis(500) {
            self.quiet = quiet;
        }
        self.last = self.last.max(now);
    }

    fn name(&mut self, from: Side, field: &[u8]) {
        self.report.identities[place(from)] = Some(identity(field));
    }

    fn called(&mut self, now: Time, from: Side, frame: &Frame<'_>) {
        self.report.called = Some(from);
        match frame.kind {
            Kind::Csi => self.name(from, frame.field),
            Kind::Dis => {
                self.dis = self.dis.saturating_add(1);
                self.first_dis.get_or_insert(now);
                self.report.capabilities = Some(Capabilities::parse(frame.field));
            }
            _ => {}
        }
    }

    fn chosen(&mut self, from: Side, field: &[u8]) {
        let command = Command::parse(field);
        self.report.sender = Some(from);
        self.report.chosen = Some(command);
        self.report.phase = FaxPhase::Negotiation;
        let rate = command.fast.map_or(0, Fast::rate);
        let trainings = &mut self.report.trainings;
        let open = |last: &&mut Training| last.rate == rate && last.confirmed.is_none();
        if let Some(last) = trainings.last_mut().filter(open) {
            last.times += 1;
        } else if trainings.len() < TRAININGS {
            trainings.push(Training {
                rate,
                times: 1,
                confirmed: None,
            });
        }
    }

    fn trained(&mut self, right: bool) {
        if let Some(last) = self.report.trainings.last_mut() {
            last.confirmed = Some(right);
        }
        if right {
            self.refused = 0;
            self.report.phase = FaxPhase::Page;
        }
    }

    /// The sender's fast carrier: after the training it brings a page.
    fn page_begins(&mut self, from: Side) {
        let is_page = self.report.phase == FaxPhase::Page && self.report.sender == Some(from);
        if is_page && self.page.is_none() {
            self.open();
        }
    }

    fn open(&mut self) -> &mut Page {
        self.lines = Lines::default();
        let chosen = self.report.chosen;
        self.page.insert(Page {
            rate: chosen.and_then(|c| c.fast).map_or(0, Fast::rate),
            ecm: chosen.is_some_and(|c| c.ecm),
            ..Page::default()
        })
    }

    fn command(&mut self, frame: &Frame<'_>, end: Option<Kind>, part: (u8, u8)) {
        if self.page.is_none() {
            // The page was not heard as one, or it was confirmed and the confirmation lost.
            let again = self.pending.is_some();
            if again {
                return;
            }
            self.open();
        }
        self.report.phase = FaxPhase::AfterPage;
        let same = |p: &Pending| (p.kind, p.end, p.part) == (frame.kind, end, part);
        let times = self.pending.filter(same).map_or(0, |p| p.times) + 1;
        self.pending = Some(Pending {
            kind: frame.kind,
            end,
            part,
            times,
        });
        if let Some(page) = self.page.as_mut() {
            page.command = end.or(page.command);
            page.times = times;
        }
    }

    fn answered(&mut self, result: PageResult) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        self.busy_since = None;
        let Some(end) = pending.end else {
            // A part of the page is there, or given up; the page goes on.
            self.report.phase = FaxPhase::Page;
            return;
        };
        let Some(mut page) = self.page.take() else {
            return;
        };
        page.result = result;
        self.report.page_count = self.report.page_count.saturating_add(1);
        if self.report.pages.len() < PAGES {
            self.report.pages.push(page);
        }
        let there = matches!(result, PageResult::Confirmed | PageResult::Poor);
        self.report.confirmed += u32::from(there);
        self.refused += u32::from(result == PageResult::Refused);
        self.done = end == Kind::Eop && result != PageResult::Refused;
        self.report.phase = match (result, end) {
            _ if self.done => FaxPhase::Release,
            (PageResult::Poor | PageResult::Refused, _) | (_, Kind::Eom) => FaxPhase::Negotiation,
            _ => FaxPhase::Page,
        };
    }

    fn again(&mut self, frame: &Frame<'_>) {
        self.busy_since = None;
        self.pending = None;
        self.report.phase = FaxPhase::Page;
        if let Some(page) = self.page.as_mut() {
            page.corrections = page.corrections.saturating_add(1);
            page.asked_again = page.asked_again.saturating_add(frame.asked_again());
        }
    }

    fn ends(&mut self, now: Time, by: Option<Side>) {
        self.report.end = Some(End {
            by,
            phase: self.report.phase,
            timer: self.timer(now),
        });
        self.report.phase = FaxPhase::Release;
        if let Some(page) = self.page
            && self.report.pages.len() < PAGES
        {
            self.report.pages.push(page);
        }
    }

    /// The timer that ran out, by the silence before.
    fn timer(&self, now: Time) -> Option<FaxTimer> {
        let seconds = |from: Time| now.saturating_since(from).as_secs();
        let quiet = self.quiet.as_millis();
        let alone = self.report.trainings.is_empty() && self.dtc == 0;
        let times = match self.pending {
            Some(pending) => pending.times,
            None => self
                .report
                .trainings
                .last()
                .filter(|t| t.confirmed.is_none())
                .map_or(0, |t| t.times),
        };
        if self.done {
            None
        } else if self.busy_since.is_some_and(|since| seconds(since) >= 50) {
            Some(FaxTimer::T5)
        } else if alone && self.first_dis.is_some_and(|first| seconds(first) >= 25) {
            Some(FaxTimer::T1)
        } else if times >= 3 && (2_400..=6_000).contains(&quiet) {
            Some(FaxTimer::T4)
        } else if (5_000..=7_500).contains(&quiet) {
            Some(FaxTimer::T2)
        } else {
            None
        }
    }
}

/// The command without the wish to talk.
fn plain(kind: Kind) -> Kind {
    match kind {
        Kind::PriEom => Kind::Eom,
        Kind::PriMps => Kind::Mps,
        Kind::PriEop => Kind::Eop,
        kind => kind,
    }
}
