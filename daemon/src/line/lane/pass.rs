//! What a block brings: up to the network, down to the line, and the figures of it.

use tipring_dsp::ChainEvent;
use tipring_proto::types::{Digit, Side};

use super::{Lane, SESSIONS, SLOW_BLOCKS, Tools, network_digit, us};
use crate::line::order::LineReport;

impl Lane {
    /// Will the next block fill a packet of the call that is linked to the line?
    pub(super) fn is_due(&self) -> bool {
        let bridged = self.bridged;
        let mut sessions = self.sessions.iter().flatten();
        bridged.is_some()
            && sessions.any(|s| Some(s.id()) == bridged && s.is_due(self.from_line.len()))
    }

    /// `from_line` through the chain to the network.
    pub(super) fn media_up(&mut self, tools: &mut Tools<'_>) {
        self.chain.uplink(&self.from_line, &mut self.up);
        self.chain_events(tools);
        if self.open == 0 {
            return;
        }
        for session in self.sessions.iter_mut().flatten() {
            if self.bridged != Some(session.id()) {
                session.pause(self.up.len());
                continue;
            }
            session.overhear(tools.now, Side::Line, &self.up, &self.counters);
            let went = session.send(tools.round, &self.up, &mut self.packet);
            if let Some(edge) = self.edge.filter(|_| went) {
                tools.timing.to_network.note(us(tools.clock(), edge));
            }
        }
    }

    /// The network through the chain to `to_line`.
    pub(super) fn media_down(&mut self, tools: &mut Tools<'_>) {
        self.budget = tools.config.datagrams_per_block;
        self.packets = tools.config.packets_per_block;
        self.down.fill(0);
        self.arrived = None;
        if self.open > 0 {
            self.sessions_down(tools);
        }
        self.chain.downlink(&self.down, &mut self.to_line);
        self.blocks_to_slow -= 1;
        if self.blocks_to_slow == 0 {
            self.blocks_to_slow = SLOW_BLOCKS;
            self.slow_figures();
        }
    }

    /// What the network has brought for the sessions, into `down`.
    fn sessions_down(&mut self, tools: &mut Tools<'_>) {
        for slot in 0..SESSIONS {
            let parked = self
                .sessions
                .get(slot)
                .and_then(Option::as_ref)
                .is_some_and(|s| s.parked);
            if parked || tools.media.is_none() {
                self.serve_socket(slot, tools);
            }
        }
        for session in self.sessions.iter_mut().flatten() {
            let bridged = self.bridged == Some(session.id());
            if bridged {
                self.arrived = session.play(tools.now, &mut self.packet, &mut self.down);
                session.overhear(tools.now, Side::Network, &self.down, &self.counters);
            } else {
                session.play(tools.now, &mut self.packet, &mut self.aside);
            }
            if let Some(digit) = session.network_digit(tools.now, self.down.len()) {
                let (port, id) = (self.index, session.id());
                let (chain, reports) = (&mut self.chain, &mut *tools.reports);
                network_digit(
                    chain,
                    reports,
                    &self.counters,
                    port,
                    id,
                    bridged,
                    tools.now,
                    digit,
                );
            }
            super::fax::report(session, self.index, &self.counters, tools);
            session.look_at_kernel(tools.now);
            session.publish(&self.counters);
            session.show_streams(tools.now);
        }
    }

    fn chain_events(&mut self, tools: &mut Tools<'_>) {
        while tools.reports.has_room() {
            let Some(event) = self.chain.next_event() else {
                return;
            };
            let bridged = self.bridged;
            let session = self
                .sessions
                .iter_mut()
                .flatten()
                .find(|s| Some(s.id()) == bridged);
            if let Some(session) = session {
                match event {
                    ChainEvent::DigitOn { digit, level } => {
                        if let Some(digit) = Digit::from_char(char::from(digit)) {
                            let volume = (-level.0 / 10).clamp(0, 63);
                            session.press(digit, volume.unsigned_abs() as u8);
                        }
                    }
                    ChainEvent::DigitOff { .. } => session.release(),
                    _ => {}
                }
            }
            if let ChainEvent::DataTone { .. } = event {
                self.counters.data_tones.add(1);
            }
            let (port, at) = (self.index, tools.now.since_epoch());
            let _ = tools.reports.push(LineReport::Chain { port, at, event });
        }
    }

    fn slow_figures(&mut self) {
        let c = &self.counters;
        let (base, stats) = (&self.base, self.card.port.stats());
        c.read_overruns
            .raise_to(base.read_overruns.wrapping_add(stats.read_overruns));
        c.write_underruns
            .raise_to(base.write_underruns.wrapping_add(stats.write_underruns));
        let meters = self.chain.meters();
        c.rx_dbm0_tenths.set(i64::from(meters.rx.rms.0));
        c.rx_peak_dbm0_tenths.set(i64::from(meters.rx.peak.0));
        c.tx_dbm0_tenths.set(i64::from(meters.tx.rms.0));
        c.tx_peak_dbm0_tenths.set(i64::from(meters.tx.peak.0));
        c.digits.raise_to(base.digits + meters.digits);
        c.echoed_digits
            .raise_to(base.echoed_digits + meters.echoed_digits);
        c.false_mutes
            .raise_to(base.false_mutes + meters.false_mutes);
        let echo = meters.echo;
        c.echo_state.set(echo.state as i64);
        c.erl_db_tenths
            .set(echo.erl.map_or(-1, |db| i64::from(db.0).max(0)));
        c.erle_db_tenths
            .set(echo.erle.map_or(-1, |db| i64::from(db.0).max(0)));
        c.echo_path_changes
            .raise_to(base.echo_path_changes + echo.path_changes);
        c.echo_restarts.raise_to(base.echo_restarts + echo.restarts);
        c.chain_events_lost
            .raise_to(base.chain_events_lost + meters.lost_events);
        let bridged = self.bridged;
        if let Some(session) = self
            .sessions
            .iter()
            .flatten()
            .find(|s| Some(s.id()) == bridged)
        {
            session.show(c);
        }
    }
}
