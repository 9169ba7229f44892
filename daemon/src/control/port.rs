//! One port as control owns it: device, link, media legs, and what is remembered for the CLI.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tipring_config::Port as PortSettings;
use tipring_ctl::report::DetectedTone;
use tipring_dsp::CallTime;
use tipring_hal::port::{Capabilities, LineEventKind, PortFault};
use tipring_proto::call::{CallSnapshot, PortConfig, PortSnapshot};
use tipring_proto::device::{Device, DeviceConfig, Input, Output};
use tipring_proto::sccp::station::{StationConfig, StationSnapshot, StationState};
use tipring_proto::time::Time;

use super::clock::Clock;
use super::media::{LegSettings, MediaDesk};
use super::sound::Plan;
use crate::line::{PortCounters, PortIndex};
use crate::link::Link;

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
    /// For its media legs.
    pub legs: LegSettings,
    /// Its place at the line thread; `None`: disabled.
    pub line: Option<PortIndex>,
    /// The line thread's counters for it.
    pub counters: Arc<PortCounters>,
    /// What its card can do.
    pub capabilities: Option<Capabilities>,
}

/// One port.
pub struct PortUnit {
    /// Number on the panel.
    pub number: u16,
    /// As configured.
    pub settings: PortSettings,
    /// Place at the line thread; `None`: disabled.
    pub line: Option<PortIndex>,
    /// Sounds.
    pub plan: Plan,
    /// Media legs.
    pub(super) desk: MediaDesk,
    /// The line thread's counters.
    pub counters: Arc<PortCounters>,
    /// What the card can do.
    pub capabilities: Option<Capabilities>,
    /// The TCP connection, if one is open or being opened.
    pub link: Option<Link>,
    /// Tells the present link from former ones.
    pub epoch: u64,
    /// Our address on the link.
    pub local: Ipv4Addr,
    /// Present fault.
    pub fault: Option<PortFault>,
    /// Commands the card refused.
    pub refused: u64,
    /// Off-hooks seen.
    pub off_hooks: u64,
    /// Ring bursts given.
    pub ring_bursts: u64,
    /// Last detected fax and modem tones.
    pub tones: VecDeque<DetectedTone>,
    device: Device,
    last_news: String,
    started: bool,
}

impl PortUnit {
    /// A port at rest.
    pub fn new(config: PortUnitConfig, now: Time) -> PortUnit {
        let number = config.settings.id.0;
        PortUnit {
            number,
            desk: MediaDesk::new(number, config.legs, Arc::clone(&config.counters)),
            device: Device::new(
                DeviceConfig {
                    station: config.station,
                    port: config.call,
                },
                now,
            ),
            settings: config.settings,
            line: config.line,
            plan: config.plan,
            counters: config.counters,
            capabilities: config.capabilities,
            link: None,
            epoch: 0,
            local: super::NO_ADDRESS,
            fault: None,
            refused: 0,
            off_hooks: 0,
            ring_bursts: 0,
            tones: VecDeque::new(),
            last_news: String::new(),
            started: false,
        }
    }

    /// Begins to register, if enabled.
    pub fn start(&mut self, now: Time) {
        if self.settings.enabled {
            self.started = true;
            self.device.start(now);
        }
    }

    /// Unregisters.
    pub fn stop(&mut self, now: Time) {
        self.device.handle(now, Input::Stop);
    }

    /// At rest again, or never started.
    pub fn has_stopped(&self) -> bool {
        !self.started || matches!(self.station().state, StationState::Stopped)
    }

    /// Calls work.
    pub fn is_registered(&self) -> bool {
        self.device.is_registered()
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
        self.device.poll_timeout()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        self.device.handle_timeout(now);
    }

    /// The station for status.
    pub fn station(&self) -> StationSnapshot {
        self.device.snapshot().station
    }

    /// The call logic for status.
    pub fn call_logic(&self) -> PortSnapshot {
        self.device.snapshot().port
    }

    /// Calls that are up.
    pub fn calls(&self) -> Vec<CallSnapshot> {
        self.call_logic().calls
    }

    /// Device name.
    pub fn device_name(&self) -> String {
        self.settings.device.to_string()
    }

    /// Is this news? The same text again is not.
    pub fn is_new(&mut self, text: &str) -> bool {
        let new = self.last_news != text;
        if new {
            text.clone_into(&mut self.last_news);
        }
        new
    }

    /// Takes note of a line event.
    pub fn saw(&mut self, event: LineEventKind) {
        match event {
            LineEventKind::LoopClosed => self.off_hooks += 1,
            LineEventKind::RingOn => self.ring_bursts += 1,
            _ => {}
        }
    }

    /// Takes note of a fax or modem tone.
    pub fn heard_tone(&mut self, at_unix_ms: u64, tone: &str) {
        if self.tones.len() >= TONES {
            self.tones.pop_front();
        }
        self.tones.push_back(DetectedTone {
            at_unix_ms,
            tone: tone.to_owned(),
        });
    }

    /// Date and time for caller ID: the CallManager's own, moved on since it told it.
    pub fn call_time(&self, clock: &Clock) -> Option<CallTime> {
        let (told, t) = self.station().time_date?;
        let since = clock.now() - told;
        let minutes = u64::from(t.hour) * 60
            + u64::from(t.minute)
            + (since.as_secs() + u64::from(t.second)) / 60;
        // A day that has passed since the server last told the time is not worth a calendar: no time is sent then.
        let of_day = (minutes < 24 * 60).then_some(minutes)?;
        let small = |n: u64| u8::try_from(n).ok();
        Some(CallTime {
            month: small(t.month.into())?,
            day: small(t.day.into())?,
            hour: small(of_day / 60)?,
            minute: small(of_day % 60)?,
        })
    }
}
