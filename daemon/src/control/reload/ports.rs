//! Ports that take a new configuration: settings, lines given back and taken.

use std::sync::Arc;

use tipring_config::change::{Change, Changes, PortChange, When};
use tipring_ctl::report::ReloadReport;
use tipring_hal::port::LineCommand;
use tipring_proto::call::LineInput;
use tipring_proto::device::Input;
use tipring_proto::time::Time;
use tipring_proto::types::PortId;
use tracing::{info, warn};

use super::super::{Gateway, PortUnit};
use super::wish::{self, Next, Wish};
use crate::control::seat::{self, Seat};
use crate::line::{LineOrder, MadeChain};

/// A port that uses something new: which, what, and what followed.
pub(in crate::control) type InUse = (u16, Vec<Change>, &'static str);

impl Gateway {
    /// Labels are for people: they are used whatever the port does.
    pub(super) fn label_ports(&mut self, all: &Changes, report: &mut ReloadReport) {
        for (id, change) in &all.ports {
            let PortChange::Changed(keys) = change else {
                continue;
            };
            let now: Vec<Change> = keys
                .iter()
                .filter(|c| c.when == When::Now)
                .copied()
                .collect();
            let wanted = self.config.ports.iter().find(|p| p.id == *id);
            let unit = self.ports.iter_mut().find(|u| u.number == id.0);
            if let (false, Some(wanted), Some(unit)) = (now.is_empty(), wanted, unit) {
                unit.settings.label.clone_from(&wanted.label);
                wish::add(&mut report.applied, id.0, &now, "in use");
            }
        }
    }

    /// Notes for each port what the configuration wants of it.
    pub(super) fn wish_ports(&mut self) {
        for unit in &mut self.ports {
            let leaving = unit.next == Some(Next::Leave { leaving: true });
            match wish::wish(&unit.used, &self.config, unit.settings.id) {
                // What has begun to leave leaves, whatever it is to be afterwards.
                _ if leaving => {}
                Some(Wish { next, .. }) => unit.next = Some(next),
                None => {
                    unit.next = None;
                    unit.used = Arc::clone(&self.config);
                }
            }
        }
        self.reload.waiting = self.ports.iter().any(|unit| unit.next.is_some());
    }

    /// Lets every idle port take what waits for it.
    pub(in crate::control) fn take_up(&mut self, now: Time) -> Vec<InUse> {
        let mut taken = vec![];
        if !self.reload.waiting {
            return taken;
        }
        let mut index = 0;
        while let Some(unit) = self.ports.get(index) {
            let before = self.ports.len();
            match unit.next {
                Some(Next::Settings) if unit.is_free() => {
                    taken.extend(self.take_settings(now, index));
                }
                Some(Next::Leave { leaving }) if leaving || unit.is_free() => {
                    taken.extend(self.leave(now, index, leaving));
                }
                Some(Next::Settings | Next::Leave { .. }) | None => {}
            }
            // A port that is gone has made room for the next one.
            index += usize::from(self.ports.len() == before);
        }
        self.reload.waiting = self.ports.iter().any(|unit| unit.next.is_some());
        taken
    }

    /// The same after some other work: nobody has asked for it, so it is logged.
    pub(in crate::control) fn take_up_later(&mut self) {
        let now = self.clock.now();
        for (port, keys, what) in self.take_up(now) {
            let keys: Vec<String> = keys.iter().map(wish::name).collect();
            let keys = keys.join(",");
            info!(port, keys, what, "new configuration in use after a call");
            self.seat_desk();
        }
    }

    fn take_settings(&mut self, now: Time, index: usize) -> Option<InUse> {
        let unit = self.ports.get(index)?;
        let seat = unit.seat();
        let (config, id) = (Arc::clone(&self.config), unit.settings.id);
        let keys = wish::wish(&unit.used, &config, id).map_or(vec![], |wish| wish.keys);
        let Some(new) = self.unit_config(id, seat) else {
            // Said once; it goes on as it is.
            self.ports.get_mut(index)?.next = None;
            return None;
        };
        let chain = new.chain.filter(|chain| unit.chain != Some(*chain));
        let unit = self.ports.get_mut(index)?;
        unit.reconfigure(now, new);
        unit.used = config;
        unit.next = None;
        let taken = (unit.number, keys, unit.settings.enabled);
        self.tell_card(now, index);
        if let Some(plan) = chain
            && let Some(unit) = self.ports.get_mut(index)
        {
            // A message to the lamp that is on its way ends with the chain.
            unit.lamp.break_off();
            match plan.build() {
                Ok(chain) => {
                    unit.chain = Some(plan);
                    let order = LineOrder::ReplaceChain(MadeChain(Box::new(chain)));
                    self.order(now, index, order);
                }
                Err(cause) => warn!(port = taken.0, %cause, "the signal chain stays as it was"),
            }
        }
        self.drain(now, index);
        let (port, keys, enabled) = taken;
        let what = wish::effect(&keys, enabled);
        Some((port, keys, what))
    }

    fn leave(&mut self, now: Time, index: usize, leaving: bool) -> Option<InUse> {
        if !leaving {
            let unit = self.ports.get_mut(index)?;
            unit.next = Some(Next::Leave { leaving: true });
            unit.stop(now);
            if unit.capabilities.is_some_and(|c| c.neon_mwi) {
                self.order(now, index, LineOrder::Port(LineCommand::MessageLamp(false)));
            }
            self.drain(now, index);
        }
        let unit = self.ports.get(index)?;
        if !unit.has_stopped() {
            return None;
        }
        let (id, channel, used) = (
            unit.settings.id,
            unit.settings.channel,
            Arc::clone(&unit.used),
        );
        if unit.line.is_some() {
            let seat = unit.seat();
            self.lines.lanes.given_back.push((channel, seat));
        }
        let keys = wish::wish(&used, &self.config, id).map_or(vec![], |wish| wish.keys);
        self.ports.remove(index);
        self.signalling.servers.port_left(id.0);
        let stays = self.add_port(now, id);
        let wanted = self.config.ports.iter().find(|p| p.id == id);
        let enabled = wanted.is_some_and(|p| p.enabled);
        self.seat_ports(now);
        let what = if stays {
            wish::effect(&keys, enabled)
        } else {
            "removed"
        };
        Some((id.0, keys, what))
    }

    /// Begins with a port of the configuration, on its line if that is free. False: the configuration has no such
    /// port, or it is there.
    pub(super) fn add_port(&mut self, now: Time, id: PortId) -> bool {
        let there = self.ports.iter().any(|u| u.settings.id == id);
        let Some(wanted) = self.config.ports.iter().find(|p| p.id == id) else {
            return false;
        };
        if there {
            return false;
        }
        let wanted = wanted.clone();
        let seat = match wanted.enabled {
            true => self.take_lane(now, &wanted).unwrap_or_default(),
            false => Seat::default(),
        };
        let taken = seat.line.is_some();
        let Some(config) = self.unit_config(id, seat) else {
            return false;
        };
        let chain = config.chain;
        let unit = PortUnit::new(config, Arc::clone(&self.config), now);
        let at = self.ports.partition_point(|u| u.number < id.0);
        self.ports.insert(at, unit);
        if self.seat_card(now, at)
            && let Some(unit) = self.ports.get_mut(at)
        {
            unit.start(now);
            if taken && unit.counters.off_hook.get() == 1 {
                unit.handle(now, Input::Line(LineInput::LoopClosed { at: now }));
            }
            self.tell_card(now, at);
        }
        match chain.map(|plan| plan.build()) {
            Some(Ok(chain)) => {
                let order = LineOrder::ReplaceChain(MadeChain(Box::new(chain)));
                self.order(now, at, order);
            }
            Some(Err(cause)) => warn!(port = id.0, %cause, "the signal chain stays as it was"),
            None => {}
        }
        self.drain(now, at);
        true
    }

    /// Gives lines that became free to the ports that want them.
    fn seat_ports(&mut self, now: Time) {
        loop {
            let wants = |unit: &PortUnit| {
                let channel = unit.settings.channel;
                self.lines.lanes.has(channel)
                    && unit.settings.enabled
                    && unit.line.is_none()
                    && unit.next.is_none()
            };
            let Some(index) = self.ports.iter().position(wants) else {
                return;
            };
            let id = self.ports.remove(index).settings.id;
            if !self.add_port(now, id) {
                return;
            }
        }
    }

    /// Enabled, but there was no lane left for it when it came.
    pub(in crate::control) fn is_late(&self, unit: &PortUnit) -> bool {
        let channel = unit.settings.channel;
        unit.settings.enabled
            && unit.line.is_none()
            && (self.lines.cards.are_opened_one_by_one() || channel <= self.facts.card.ports)
            && !self.is_held(channel)
    }

    /// A port has this channel for its line.
    pub(in crate::control) fn is_held(&self, channel: u16) -> bool {
        let held = |unit: &PortUnit| unit.line.is_some() && unit.settings.channel == channel;
        self.ports.iter().any(held)
    }

    /// Gives the simulated phones' desk the places of the ports.
    pub(super) fn seat_desk(&self) {
        let place = |unit: &PortUnit| {
            let channel = usize::from(unit.settings.channel).saturating_sub(1);
            (unit.number, unit.line.map(|_| channel))
        };
        self.desk.seat(self.ports.iter().map(place).collect());
    }

    fn unit_config(&self, id: PortId, seat: Seat) -> Option<super::super::PortUnitConfig> {
        let place = self.config.ports.iter().position(|p| p.id == id)?;
        let wanted = self.config.ports.get(place)?;
        let made = seat::unit(
            &self.config,
            wanted,
            place,
            self.signalling.servers.list(),
            seat,
        );
        match made {
            Ok(config) => Some(config),
            Err(error) => {
                // Every plan was made once before the configuration was accepted.
                warn!(port = id.0, %error, "the port cannot be made");
                None
            }
        }
    }
}
