//! What becomes of a card at the port that has its lane: reported to its call logic, its station, its log.

use std::time::Duration;

use tipring_hal::port::{LineCommand, LineEventKind, LineFault};
use tipring_proto::call::{LineInput, PortState};
use tipring_proto::card::FeedTrouble;
use tipring_proto::device::Input;
use tipring_proto::finding::Finding;
use tipring_proto::time::Time;
use tipring_types::HookState;
use tipring_types::trace::Trace;
use tracing::{info, warn};

use super::super::log_rate::if_any;
use super::super::reload::Next;
use super::super::{Gateway, words};
use crate::line::{LineOrder, PortIndex};
use crate::settings;

impl Gateway {
    pub(in crate::control) fn of_lane(&self, line: PortIndex) -> Option<usize> {
        self.ports.iter().position(|u| u.line == Some(line))
    }

    /// Is the line idle, so that its voltage is that of the feed? A lane without a port is; so is a dead one.
    pub(super) fn rests(&self, line: PortIndex) -> bool {
        let Some(unit) = self.of_lane(line).and_then(|n| self.ports.get(n)) else {
            return true;
        };
        let logic = unit.call_logic();
        match logic.state {
            PortState::Idle | PortState::InUseElsewhere => logic.is_idle(),
            PortState::Fault => {
                let slot = self.lines.cards.slot(Some(line));
                !logic.off_hook && slot.is_some_and(|s| s.feed_trouble().is_some())
            }
            _ => false,
        }
    }

    /// What is wanted of the card, as the configuration has it by now.
    pub(super) fn renew_want(&mut self, line: PortIndex) {
        let unit = self.of_lane(line).and_then(|n| self.ports.get(n));
        let want = unit.map(|unit| settings::want(&unit.used, &unit.settings));
        if let (Some(want), Some(slot)) = (want, self.lines.cards.slot_mut(line)) {
            slot.want = want;
        }
    }

    /// What the port of the lane wants of its card may differ by now from what that was opened with: what an open card
    /// can still change, it is ordered to.
    pub(in crate::control) fn tell_card(&mut self, now: Time, index: usize) {
        let Some(line) = self.ports.get(index).and_then(|unit| unit.line) else {
            return;
        };
        self.renew_want(line);
        let Some(slot) = self.lines.cards.slot_mut(line).filter(|s| s.is_open()) else {
            return;
        };
        let wanted = slot.want.longest_flash_ms;
        if slot.opened_with.longest_flash_ms == wanted {
            return;
        }
        let longest = LineCommand::LongestFlash(Duration::from_millis(wanted.into()));
        if self.order(now, index, LineOrder::Port(longest))
            && let Some(slot) = self.lines.cards.slot_mut(line)
        {
            slot.opened_with.longest_flash_ms = wanted;
        }
    }

    /// An event for those who follow the port of the lane.
    pub(super) fn note_line(&mut self, now: Time, line: PortIndex, event: Trace) {
        if let Some(index) = self.of_lane(line) {
            self.trace(now, index, event);
        }
    }

    /// A port that was just made takes its lane's card as it is; true when it may register.
    pub(in crate::control) fn seat_card(&mut self, now: Time, index: usize) -> bool {
        let Some(unit) = self.ports.get_mut(index) else {
            return false;
        };
        let slot = self.lines.cards.slot(unit.line);
        let away = slot.is_some_and(|slot| !slot.is_open());
        if away {
            unit.fault = Some(LineFault::Removed);
        }
        if let Some(fault) = unit.fault {
            let fault = LineInput::Fault(fault);
            unit.handle(now, Input::Line(fault));
        }
        !away
    }

    /// Logged and traced once for each reason.
    pub(super) fn report_missing(&mut self, now: Time, line: PortIndex, finding: &Finding) {
        let Some(index) = self.of_lane(line) else {
            return;
        };
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let words = words::finding(finding, &unit.place());
        if let Some(held_back) = unit.log_rate.pass(now) {
            warn!(
                port = unit.number,
                code = finding.code(),
                what = words.what(),
                cure = words.cure,
                held_back = if_any(held_back),
                "a line cannot be opened; it is tried until it can"
            );
        }
        let event = Trace::LineNotOpened {
            channel: unit.place().channel,
            finding: Box::new(finding.clone()),
        };
        self.trace(now, index, event);
    }

    /// A card works: the call logic and the CallManager hear of it.
    pub(super) fn card_in_place(&mut self, now: Time, line: PortIndex, off_hook: bool) {
        let Some(index) = self.of_lane(line) else {
            return self.lines.lanes.heard(line, LineEventKind::FaultCleared);
        };
        let (Some(unit), Some(slot)) =
            (self.ports.get_mut(index), self.lines.cards.slot(Some(line)))
        else {
            return;
        };
        let can = slot.facts.capabilities;
        unit.capabilities = Some(can);
        unit.card = Some(slot.facts);
        unit.reconfigure_calls(
            now,
            settings::call_logic(&unit.used, &unit.settings, Some(can)),
        );
        let name = slot.plate.as_ref().map_or("", |p| &p.channel_name);
        let driver = slot.plate.as_ref().map_or("", |p| &p.driver);
        if let Some(held_back) = unit.log_rate.pass(now) {
            info!(
                port = unit.number,
                channel = unit.settings.channel,
                name,
                driver,
                off_hook,
                held_back = if_any(held_back),
                "channel in service"
            );
        }
        if slot.keeper.opened() == 1 {
            for remark in words::remarks(&unit.settings, can) {
                if unit.log_rate.pass(now).is_some() {
                    warn!(port = unit.number, "{remark}");
                }
            }
        }
        let in_place = Trace::CardInPlace {
            name: name.to_owned(),
            driver: driver.to_owned(),
            hook: if off_hook {
                HookState::OffHook
            } else {
                HookState::OnHook
            },
        };
        unit.fault = None;
        unit.handle(now, Input::Line(LineInput::FaultCleared));
        let edge = if off_hook {
            LineInput::LoopClosed { at: now }
        } else {
            LineInput::LoopOpened { at: now }
        };
        unit.handle(now, Input::Line(edge));
        self.line_works(now, index);
        self.tell_card(now, index);
        self.trace(now, index, in_place);
        self.drain(now, index);
    }

    /// The line of a port works: it begins to register, unless it has done so before.
    pub(in crate::control) fn line_works(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        // One that has begun to give its lane back is not held up.
        let leaving = matches!(unit.next, Some(Next::Leave { leaving: true }));
        if !self.stopping && !leaving {
            unit.start(now);
        }
    }

    pub(super) fn feed_lost(&mut self, now: Time, line: PortIndex, trouble: FeedTrouble) {
        let Some(index) = self.of_lane(line) else {
            return self.lines.lanes.feed_lost(line);
        };
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let finding = words::feed(trouble);
        unit.log_fault(now, &finding);
        // The feed of a line that is in alarm anyway says nothing new of it, and its return does not end the alarm.
        if !matches!(unit.fault, Some(LineFault::Alarm | LineFault::Removed)) {
            unit.fault = Some(LineFault::PowerAlarm);
            let fault = LineInput::Fault(LineFault::PowerAlarm);
            unit.handle(now, Input::Line(fault));
        }
        let finding = Box::new(finding);
        self.trace(now, index, Trace::FeedLost { finding });
        self.drain(now, index);
    }

    pub(super) fn feed_restored(&mut self, now: Time, line: PortIndex) {
        let Some(index) = self.of_lane(line) else {
            return self.lines.lanes.feed_restored(line);
        };
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        if unit.fault != Some(LineFault::PowerAlarm) {
            return;
        }
        if let Some(held_back) = unit.log_rate.pass(now) {
            info!(
                port = unit.number,
                held_back = if_any(held_back),
                "the line has voltage again"
            );
        }
        unit.fault = None;
        unit.handle(now, Input::Line(LineInput::FaultCleared));
        self.line_works(now, index);
        self.trace(now, index, Trace::FeedRestored);
        self.drain(now, index);
    }

    /// The line is in alarm, or out of it: what was found out about its feed does not hold any more.
    pub(in crate::control) fn look_anew(&mut self, now: Time, line: PortIndex) {
        if let Some(slot) = self.lines.cards.slot_mut(line).filter(|s| s.is_open()) {
            slot.begin_feed(now);
        }
    }

    /// The phone went off-hook, and the card has seen current: a line that was thought dead is fed.
    pub(in crate::control) fn current_flows(&mut self, now: Time, line: PortIndex) {
        let slot = self.lines.cards.slot(Some(line));
        if slot.is_some_and(|s| s.feed_trouble().is_some()) {
            self.look_anew(now, line);
            self.feed_restored(now, line);
        }
    }
}
