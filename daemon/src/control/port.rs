//! One port as control owns it: device, link, media legs, and what is remembered for the CLI.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tipring_config::{Config, Port as PortSettings};
use tipring_ctl::report::DetectedTone;
use tipring_dsp::CallTime;
use tipring_hal::port::{Capabilities, LineEvent, LineEventKind, LineFault};
use tipring_proto::call::{CallSnapshot, PortConfig, PortSnapshot, PortState};
use tipring_proto::card::Service;
use tipring_proto::device::{Device, DeviceConfig, Input, Output};
use tipring_proto::finding::{Finding, Glitches};
use tipring_proto::sccp::message::DefineTimeDate;
use tipring_proto::sccp::station::{LostReason, StationConfig, StationSnapshot, StationState};
use tipring_proto::time::Time;
use tipring_proto::types::ConnectionId;
use tracing::{info, warn};

use super::clock::Clock;
use super::lamp::FskLamp;
use super::linetest::RunningTest;
use super::links::Connections;
use super::log_rate::{LogRate, if_any};
use super::media::{LegSettings, MediaDesk};
use super::reload::Next;
use super::repeats::Repeats;
use super::sound::Plan;
use super::{translate, words};
use crate::control::seat::{CardFacts, ChainPlan, Seat};
use crate::line::{PortCounters, PortIndex};

/// Detected tones remembered.
const TONES: usize = 16;

/// What a port is built of.
pub struct PortUnitConfig {
    /// As configured.
    pub settings: PortSettings,
    /// For the station.
    pub station: StationConfig,
    /// For the call logic.
    pub call: PortConfig,
    /// Tones, rings, caller ID.
    pub plan: Plan,
    /// For its signal chain; none without a line.
    pub chain: Option<ChainPlan>,
    /// For its media legs.
    pub legs: LegSettings,
    /// Where its line is.
    pub seat: Seat,
}

/// One port.
pub struct PortUnit {
    /// Number on the panel.
    pub number: u16,
    /// As configured.
    pub settings: PortSettings,
    /// Place at the line thread; `None`: disabled, or not on the card.
    pub line: Option<PortIndex>,
    /// Sounds.
    pub plan: Plan,
    /// The signal chain that the line thread has for it.
    pub chain: Option<ChainPlan>,
    /// Media legs.
    pub(super) desk: MediaDesk,
    /// The line thread's counters.
    pub counters: Arc<PortCounters>,
    /// What the card can do.
    pub capabilities: Option<Capabilities>,
    /// Its card.
    pub card: Option<CardFacts>,
    /// What the configuration, read again, wants of it as soon as it is idle.
    pub(super) next: Option<Next>,
    /// The configuration that it goes by.
    pub(super) used: Arc<Config>,
    /// Its links have the patience of a port that is in a call.
    pub(super) in_call: bool,
    /// Its connections to CallManagers.
    pub(super) connections: Connections,
    /// Of a server that is reached under several addresses, the one that is tried first.
    pub(super) turn: usize,
    /// Present fault.
    pub fault: Option<LineFault>,
    /// Commands the card refused.
    pub refused: u64,
    /// Off-hooks seen.
    pub off_hooks: u64,
    /// Ring bursts given.
    pub ring_bursts: u64,
    /// Last detected fax and modem tones.
    pub tones: VecDeque<DetectedTone>,
    /// How many log lines it may have.
    pub(super) log_rate: LogRate,
    /// Sound that it lost.
    pub(super) glitches: Glitches,
    /// Its message lamp, where the card lights none.
    pub(super) lamp: FskLamp,
    /// A line test under way.
    pub(super) test: Option<RunningTest>,
    /// Why each server of the list could not be used when it was last tried; empty while registered.
    pub(super) reasons: Vec<(usize, LostReason)>,
    /// Since when it is registered, or since when not.
    pub(super) registration_since: Time,
    device: Device,
    /// What was logged of the registration.
    pub(super) repeats: Repeats,
    started: bool,
}

impl PortUnit {
    /// An idle port; `used` is the configuration that it is made by.
    pub fn new(config: PortUnitConfig, used: Arc<Config>, now: Time) -> PortUnit {
        let number = config.settings.id.0;
        PortUnit {
            number,
            desk: MediaDesk::new(config.legs, Arc::clone(&config.seat.counters)),
            device: Device::new(
                DeviceConfig {
                    station: config.station,
                    port: config.call,
                },
                now,
            ),
            settings: config.settings,
            line: config.seat.line,
            plan: config.plan,
            chain: config.chain,
            capabilities: config.seat.capabilities(),
            counters: config.seat.counters,
            card: config.seat.card,
            fault: config.seat.fault,
            next: None,
            used,
            in_call: false,
            connections: Connections::default(),
            turn: 0,
            refused: 0,
            off_hooks: 0,
            ring_bursts: 0,
            tones: VecDeque::new(),
            log_rate: LogRate::new(now),
            glitches: Glitches::default(),
            lamp: FskLamp::default(),
            test: None,
            reasons: vec![],
            registration_since: now,
            repeats: Repeats::default(),
            started: false,
        }
    }

    /// Begins to register, if it is enabled and there is a line for it that works.
    pub fn start(&mut self, now: Time) {
        if self.settings.enabled && self.line.is_some() && self.fault.is_none() {
            self.started = true;
            self.device.start(now);
        }
    }

    /// Unregisters.
    pub fn stop(&mut self, now: Time) {
        self.device.handle(now, Input::Stop);
    }

    /// Unregistered again, or never started.
    pub fn has_stopped(&self) -> bool {
        !self.started || matches!(self.station().state, StationState::Stopped)
    }

    /// Calls work.
    pub fn is_registered(&self) -> bool {
        self.device.is_registered()
    }

    /// The CallManager that it is registered with.
    pub(super) fn registered_at(&self) -> Option<usize> {
        self.device.registered_at()
    }

    /// The CallManager of which bytes on this connection are a sign of life.
    pub(super) fn hears(&self, id: ConnectionId) -> Option<usize> {
        self.device.hears(id)
    }

    /// The CallManager at which it opens a standby connection next, and when.
    pub(super) fn stands_by_next(&self) -> Option<(usize, Time)> {
        self.device.stands_by_next()
    }

    /// When it asks a better CallManager by its own interval.
    pub(super) fn asks_at(&self) -> Option<Time> {
        self.device.asks_at()
    }

    /// Another order of CallManagers, for a port that otherwise stays as it is.
    pub(super) fn set_servers(&mut self, now: Time, servers: &[usize]) {
        let station = StationConfig {
            servers: servers.to_vec(),
            ..self.device.station_config().clone()
        };
        self.device.reconfigure_station(now, station);
    }

    /// The CallManager at which it tries to register over this connection.
    pub(super) fn tries(&self, id: ConnectionId) -> Option<usize> {
        self.device.tries(id)
    }

    /// The CallManager at which it keeps a standby, or is opening one.
    pub(super) fn standby_at(&self) -> Option<usize> {
        self.device.standby_at()
    }

    /// It has left its CallManager, or is leaving, until its line works again.
    pub(super) fn is_out_of_service(&self) -> bool {
        self.service().is_out()
    }

    /// What its line means for its registration.
    pub(super) fn service(&self) -> &Service {
        self.device.service()
    }

    /// In no call, and no howler plays: other settings disturb nobody.
    pub(super) fn is_idle(&self) -> bool {
        !self.device.is_busy() && self.call_logic().state != PortState::Howling
    }

    /// There is a call, or the phone is off-hook.
    pub(super) fn is_busy(&self) -> bool {
        self.device.is_busy()
    }

    /// Takes other settings, for an idle port with the line it has. The chain in the line thread is the caller's.
    pub(super) fn reconfigure(&mut self, now: Time, config: PortUnitConfig) {
        self.settings = config.settings;
        self.plan = config.plan;
        self.desk.reconfigure(config.legs);
        self.device.reconfigure_port(now, config.call);
        self.device.reconfigure_station(now, config.station);
    }

    /// Other settings of its call logic, because its card is another one.
    pub(super) fn reconfigure_calls(&mut self, now: Time, call: PortConfig) {
        self.device.reconfigure_port(now, call);
    }

    /// Where its line is.
    pub(super) fn seat(&self) -> Seat {
        Seat {
            line: self.line,
            counters: Arc::clone(&self.counters),
            card: self.card,
            fault: self.fault,
        }
    }

    /// Takes an input; outputs wait in [`PortUnit::poll_output`].
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        self.device.handle(now, input);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.device.poll_output()
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Time> {
        let due = [
            self.device.poll_timeout(),
            self.lamp.due(),
            self.connections.due(),
        ];
        due.into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        self.device.handle_timeout(now);
    }

    /// The station for status.
    pub fn station(&self) -> StationSnapshot {
        self.device.station_snapshot()
    }

    /// Our address on the connection to its CallManager, or on the last one.
    pub(super) fn local(&self) -> Option<Ipv4Addr> {
        self.device.local()
    }

    /// What its station goes by now.
    pub fn station_config(&self) -> &StationConfig {
        self.device.station_config()
    }

    /// The call logic for status.
    pub fn call_logic(&self) -> PortSnapshot {
        self.device.port_snapshot()
    }

    /// Calls that are up.
    pub fn calls(&self) -> Vec<CallSnapshot> {
        self.call_logic().calls
    }

    /// Device name.
    pub fn device_name(&self) -> String {
        self.settings.device.to_string()
    }

    /// The registration came about or ended.
    pub(super) fn registered_or_not(&mut self, now: Time) {
        self.registration_since = now;
        self.reasons.clear();
    }

    /// A server could not be used.
    pub(super) fn failed_at(&mut self, server: usize, reason: &LostReason) {
        self.reasons.retain(|(s, _)| *s != server);
        self.reasons.push((server, reason.clone()));
        self.reasons.sort_by_key(|(s, _)| *s);
    }

    /// May it take other settings, or leave? Whoever waits for a line test has an answer first.
    pub(super) fn is_free(&self) -> bool {
        self.is_idle() && self.test.is_none()
    }

    /// When the card of a line test has been silent for too long.
    pub(super) fn test_due(&self) -> Option<Time> {
        self.test.as_ref().map(RunningTest::due)
    }

    /// Takes an event of the line: for the call logic, for the counters, and a fault for the log.
    pub fn line_event(&mut self, now: Time, event: LineEvent) {
        match event.kind {
            // The loop closes at the end of every dial pulse and flash, too.
            LineEventKind::LoopClosed => {
                self.off_hooks += u64::from(!self.call_logic().off_hook);
            }
            LineEventKind::RingOn => self.ring_bursts += 1,
            LineEventKind::Fault(fault) => {
                self.fault = Some(fault);
                self.log_fault(now, &words::fault(fault));
            }
            LineEventKind::FaultCleared => {
                self.fault = None;
                if let Some(held_back) = self.log_rate.pass(now) {
                    info!(
                        port = self.number,
                        held_back = if_any(held_back),
                        "line fault over"
                    );
                }
            }
            LineEventKind::LoopOpened
            | LineEventKind::Flash
            | LineEventKind::PulseDigit(_)
            | LineEventKind::RingOff
            | LineEventKind::Test(_) => {}
        }
        if let Some(input) = translate::line_input(now, event) {
            self.handle(now, Input::Line(input));
        }
    }

    /// Logs a finding about the line, as often as the port's rate allows.
    pub(super) fn log_fault(&mut self, now: Time, finding: &Finding) {
        let worded = words::finding(finding, &self.place());
        if let Some(held_back) = self.log_rate.pass(now) {
            warn!(
                port = self.number,
                code = finding.code(),
                fault = worded.what(),
                cure = worded.cure,
                held_back = if_any(held_back),
                "line fault"
            );
        }
    }

    /// Takes note of a fax or modem tone.
    pub fn heard_tone(&mut self, tone: DetectedTone) {
        if self.tones.len() >= TONES {
            self.tones.pop_front();
        }
        self.tones.push_back(tone);
    }

    /// Date and time for caller ID: the CallManager's own, moved on since it came.
    pub fn call_time(&self, clock: &Clock) -> Option<CallTime> {
        let (received, t) = self.station().time_date?;
        call_time(&t, clock.now() - received)
    }
}

/// The time received, moved on by `since`.
fn call_time(t: &DefineTimeDate, since: Duration) -> Option<CallTime> {
    let seconds = (u64::from(t.hour) * 60 + u64::from(t.minute)) * 60 + u64::from(t.second);
    let minutes = seconds.saturating_add(since.as_secs()) / 60;
    // A day that has ended since the server last sent the time is not worth a calendar: no time is sent then.
    let of_day = (minutes < 24 * 60).then_some(minutes)?;
    let small = |n: u64| u8::try_from(n).ok();
    let date = (1..=12).contains(&t.month) && (1..=31).contains(&t.day);
    Some(CallTime {
        month: small(t.month.into()).filter(|_| date)?,
        day: small(t.day.into())?,
        hour: small(of_day / 60)?,
        minute: small(of_day % 60)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(hour: u32, minute: u32, second: u32) -> DefineTimeDate {
        DefineTimeDate {
            month: 11,
            day: 23,
            hour,
            minute,
            second,
            ..DefineTimeDate::default()
        }
    }

    fn after(t: &DefineTimeDate, s: u64) -> Option<(u8, u8)> {
        call_time(t, Duration::from_secs(s)).map(|c| (c.hour, c.minute))
    }

    #[test]
    fn the_time_moves_on_since_it_was_received() {
        let t = time(9, 59, 50);
        assert_eq!(after(&t, 0), Some((9, 59)));
        assert_eq!(after(&t, 10), Some((10, 0)));
        assert_eq!(after(&t, 3600), Some((10, 59)));
    }

    #[test]
    fn no_time_is_better_than_the_one_of_yesterday() {
        assert_eq!(after(&time(23, 59, 59), 0), Some((23, 59)));
        assert_eq!(after(&time(23, 59, 59), 1), None);
    }

    #[test]
    fn a_time_that_no_clock_has_is_not_used() {
        assert_eq!(after(&time(u32::MAX, 0, 0), u64::MAX), None);
        let mut t = time(1, 2, 3);
        t.month = 13;
        assert_eq!(after(&t, 0), None);
    }
}
