//! A CallManager to test against: many connections, port-to-port calls, and the manners of five real ones.
//!
//! Owns: registration as the server sees it, numbers, dialing, ringing, media set-up between two ports,
//! hold, transfer, call waiting, message lamps, test numbers. Promises: no client input panics or stalls it;
//! the same inputs with the same times give the same outputs. Leaves to others: sockets, audio (there is none:
//! ports are sent each other's address), and anything that only a real CallManager can show.
//!
//! Use: call an input method, then take outputs until `None`, then wait until
//! [`poll_timeout`](CallManager::poll_timeout) and call [`handle_timeout`](CallManager::handle_timeout).

mod calls;
mod config;
mod dialect;
mod dialing;
mod event;
mod habits;
mod keys;
mod leg;
mod media;
mod music;
mod numbers;
mod session;
mod switches;
mod template;
#[cfg(test)]
mod tests;

pub use config::{CallManagerConfig, DeviceEntry, DialTiming, Dialect, Service};
pub use switches::{Headers, Music, Release, SWITCHES, Switches};

pub use event::{
    CallView, CmEvent, CmOutput, CmSnapshot, CommandError, ConnId, DeviceView, DigitLog, EndCause,
    GoneReason,
};

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddrV4;

use crate::sccp::message::{DefineTimeDate, Reset, ResetKind, ServerMessage};
use crate::sccp::wire;
use crate::time::Time;
use crate::types::{CallRef, LineInstance};

use dialect::{Cue, HashRule, Item, Rules, View};
use leg::{Far, Leg, LegState};
use session::Session;

/// The one line of every device.
const LINE: LineInstance = LineInstance(1);
/// Entries kept in the digit log.
const DIGIT_LOGS: usize = 4096;

/// A device and what is known of it now.
#[derive(Debug)]
struct Device {
    entry: DeviceEntry,
    conn: Option<ConnId>,
    mwi: bool,
}

/// A CallManager to test against.
#[derive(Debug)]
pub struct CallManager {
    config: CallManagerConfig,
    rules: &'static Rules,
    devices: Vec<Device>,
    next_auto: u32,
    sessions: BTreeMap<ConnId, Session>,
    legs: BTreeMap<CallRef, Leg>,
    next_call: u32,
    next_party: u32,
    digits: VecDeque<DigitLog>,
    out: VecDeque<CmOutput>,
    seen: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    frames_received: u64,
    frames_sent: u64,
    bad_frames: u64,
    not_understood: u64,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rules")
    }
}

impl CallManager {
    /// A CallManager without connections.
    pub fn new(config: CallManagerConfig) -> CallManager {
        // A node of a cluster counts in the lower 24 bits (W).
        let first = match config.dialect {
            Dialect::Cisco => (u32::from(config.switches.node) << 24) + 1,
            _ => 1,
        };
        CallManager {
            rules: dialect::rules(config.dialect, config.switches.release),
            devices: config
                .devices
                .iter()
                .map(|entry| Device {
                    mwi: config.mwi.contains(&entry.number),
                    entry: entry.clone(),
                    conn: None,
                })
                .collect(),
            next_auto: config.first_auto_number,
            sessions: BTreeMap::new(),
            legs: BTreeMap::new(),
            next_call: first,
            next_party: first,
            digits: VecDeque::new(),
            out: VecDeque::new(),
            seen: Seen::default(),
            config,
        }
    }

    /// Switches the message lamp of a number.
    pub fn set_mwi(&mut self, now: Time, number: &str, on: bool) -> Result<(), CommandError> {
        let device = self
            .device_of_number(number)
            .ok_or(CommandError::UnknownNumber)?;
        self.lamp(now, device, on);
        Ok(())
    }

    /// Sends Reset to a device, named by its name or number. The connection stays open.
    pub fn reset(&mut self, device: &str, kind: ResetKind) -> Result<(), CommandError> {
        let index = self
            .device_of_number(device)
            .or_else(|| self.device_of_name(device))
            .ok_or(CommandError::UnknownNumber)?;
        let conn = self.devices[index]
            .conn
            .ok_or(CommandError::NotRegistered)?;
        self.send(conn, &ServerMessage::Reset(Reset { kind }));
        Ok(())
    }

    /// Calls a port from outside. The port's audio is to go to `remote`; where the port listens is reported by
    /// [`CmEvent::MediaOpened`] once it answers.
    pub fn place_call_to(
        &mut self,
        now: Time,
        number: &str,
        from_number: &str,
        from_name: &str,
        withheld: bool,
        remote: SocketAddrV4,
    ) -> Result<CallRef, CommandError> {
        let device = self
            .device_of_number(number)
            .ok_or(CommandError::UnknownNumber)?;
        let far = Far::Outside {
            number: from_number.to_owned(),
            name: from_name.to_owned(),
            withheld,
            remote,
        };
        let call = self
            .ring(now, device, far)
            .map_err(|refusal| match refusal {
                calls::Refusal::NotRegistered => CommandError::NotRegistered,
                calls::Refusal::Busy | calls::Refusal::NoCallWaiting => CommandError::Busy,
            })?;
        self.arm(
            call,
            now + self.config.timing.no_answer,
            leg::LegTimer::NoAnswer,
        );
        Ok(call)
    }

    /// Ends a call as if the other side had hung up.
    pub fn hang_up(&mut self, now: Time, call: CallRef) -> Result<(), CommandError> {
        if !self.legs.contains_key(&call) {
            return Err(CommandError::UnknownCall);
        }
        self.end_by_far(now, call, EndCause::Commanded);
        Ok(())
    }

    /// What was pressed, call by call, oldest first.
    pub fn digits(&self) -> &VecDeque<DigitLog> {
        &self.digits
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<CmOutput> {
        self.out.pop_front()
    }

    /// A copy of everything there is to show.
    pub fn snapshot(&self) -> CmSnapshot {
        CmSnapshot {
            devices: self
                .devices
                .iter()
                .map(|d| DeviceView {
                    name: d.entry.name.clone(),
                    number: d.entry.number.clone(),
                    conn: d.conn,
                    version: d
                        .conn
                        .and_then(|conn| self.sessions.get(&conn))
                        .map_or(0, |s| s.layouts),
                    mwi: d.mwi,
                })
                .collect(),
            calls: self
                .legs
                .iter()
                .map(|(call, leg)| CallView {
                    number: self.number_of(leg.device).to_owned(),
                    call: *call,
                    state: leg.state.word(),
                    far: self.far_of(leg).0,
                    receives_at: leg.media.receives_at,
                    sends_to: leg.media.sends_to,
                })
                .collect(),
            connections: self.sessions.len(),
            frames_received: self.seen.frames_received,
            frames_sent: self.seen.frames_sent,
            bad_frames: self.seen.bad_frames,
            not_understood: self.seen.not_understood,
        }
    }

    fn lamp(&mut self, now: Time, device: usize, on: bool) {
        self.devices[device].mwi = on;
        let view = self.device_view(now, device);
        for item in (self.rules.script)(Cue::Lamp, &view) {
            self.act(now, None, device, item);
        }
    }

    fn send(&mut self, conn: ConnId, message: &ServerMessage) {
        self.send_marked(conn, message, None);
    }

    /// Sends a message; with a mark, a StartMediaTransmission of a recorder.
    fn send_marked(&mut self, conn: ConnId, message: &ServerMessage, recorded: Option<u32>) {
        let Some(session) = self.sessions.get(&conn) else {
            return;
        };
        let layouts = session.layouts;
        let cisco = self.cisco().copied();
        let translated = match &cisco {
            Some(switches) => match habits::translated(switches, message) {
                Some(message) => message,
                None => return,
            },
            None => message.clone(),
        };
        let mut bytes = wire::encode_server(&translated, layouts);
        let before_ack = matches!(
            message,
            ServerMessage::RegisterAck(_) | ServerMessage::RegisterReject(_)
        );
        if (before_ack || !self.rules.version_in_header)
            && let Some(version) = bytes.get_mut(4..8)
        {
            version.fill(0);
        }
        if let Some(direction) = recorded {
            habits::mark_recorded(&mut bytes, direction);
        }
        self.seen.frames_sent = self.seen.frames_sent.saturating_add(1);
        let Some(switches) = cisco else {
            self.out.push_back(CmOutput::Send { conn, bytes });
            return;
        };
        habits::finish(&switches, layouts, self.seen.frames_sent, &mut bytes);
        let last = self.out.iter_mut().rev().find_map(|output| match output {
            CmOutput::Send { conn: of, bytes } if *of == conn => Some(bytes),
            _ => None,
        });
        match last {
            Some(segment) if habits::joins(segment, switches.batch) => segment.extend(bytes),
            _ => self.out.push_back(CmOutput::Send { conn, bytes }),
        }
    }

    /// The switches of Cisco's CallManager, when this is one.
    fn cisco(&self) -> Option<&Switches> {
        (self.config.dialect == Dialect::Cisco).then_some(&self.config.switches)
    }

    fn event(&mut self, event: CmEvent) {
        self.out.push_back(CmOutput::Event(event));
    }

    fn device_of_number(&self, number: &str) -> Option<usize> {
        self.devices.iter().position(|d| d.entry.number == number)
    }

    fn device_of_name(&self, name: &str) -> Option<usize> {
        self.devices
            .iter()
            .position(|d| d.entry.name.as_str().eq_ignore_ascii_case(name))
    }

    fn number_of(&self, device: usize) -> &str {
        self.devices
            .get(device)
            .map_or("", |d| d.entry.number.as_str())
    }

    /// Number, name and wish for privacy of the other side.
    fn far_of(&self, leg: &Leg) -> (String, String, bool) {
        match &leg.far {
            Far::Leg(far) => self
                .legs
                .get(far)
                .and_then(|far| self.devices.get(far.device))
                .map(|d| (d.entry.number.clone(), d.entry.display_name.clone(), false))
                .unwrap_or_default(),
            Far::Outside {
                number,
                name,
                withheld,
                ..
            } => (number.clone(), name.clone(), *withheld),
            Far::Nobody | Far::Service(_) => (leg.dialled.clone(), String::new(), false),
        }
    }

    fn device_view(&self, now: Time, device: usize) -> View {
        View {
            line: LINE,
            own_number: self.number_of(device).to_owned(),
            own_name: self
                .devices
                .get(device)
                .map(|d| d.entry.display_name.clone())
                .unwrap_or_default(),
            early_rtp: self.config.early_rtp,
            mwi: self.devices.get(device).is_some_and(|d| d.mwi),
            date: self.date(now),
            switches: self.config.switches,
            ..View::default()
        }
    }

    fn view(&self, now: Time, call: CallRef, leg: &Leg) -> View {
        let (far_number, far_name, withheld) = self.far_of(leg);
        View {
            call,
            active: self.active_leg(leg.device).unwrap_or(CallRef::NONE),
            far_number,
            far_name,
            withheld,
            dialled: leg.dialled.clone(),
            outgoing: leg.outgoing,
            consulting: leg.consult_of.is_some(),
            state: Some(leg.state),
            far_rings: self.far_rings(leg),
            ..self.device_view(now, leg.device)
        }
    }

    /// The other side is a port that is called and has not answered.
    fn far_rings(&self, leg: &Leg) -> bool {
        match &leg.far {
            Far::Leg(far) => self
                .legs
                .get(far)
                .is_some_and(|far| far.state == LegState::Ringing),
            Far::Nobody | Far::Service(_) | Far::Outside { .. } => false,
        }
    }

    /// Says what the dialect says in this moment.
    fn play(&mut self, now: Time, call: CallRef, cue: Cue) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let device = leg.device;
        let view = self.view(now, call, leg);
        for item in (self.rules.script)(cue, &view) {
            self.act(now, Some(call), device, item);
        }
    }

    fn act(&mut self, _now: Time, call: Option<CallRef>, device: usize, item: Item) {
        match (item, call) {
            (Item::Say(message), _) => {
                if let Some(conn) = self.devices.get(device).and_then(|d| d.conn) {
                    self.send(conn, &message);
                }
            }
            (Item::Open, Some(call)) => self.open_media(call),
            (Item::Start, Some(call)) => self.want_media(call),
            (Item::Close, Some(call)) => self.close_media(call, false),
            (Item::CloseAnyway, Some(call)) => self.close_media(call, true),
            (Item::Music, Some(call)) => self.play_music(call),
            (Item::Open | Item::Start | Item::Close | Item::CloseAnyway | Item::Music, None) => {}
        }
    }

    /// The call that a device's handset is busy with.
    fn active_leg(&self, device: usize) -> Option<CallRef> {
        self.legs
            .iter()
            .find(|(_, leg)| leg.device == device && leg.state.is_active())
            .map(|(call, _)| *call)
    }

    fn leg_in(&self, device: usize, state: LegState) -> Option<CallRef> {
        self.legs
            .iter()
            .find(|(_, leg)| leg.device == device && leg.state == state)
            .map(|(call, _)| *call)
    }

    fn new_leg(&mut self, leg: Leg) -> CallRef {
        let call = CallRef(self.next_call);
        // References stay clear of 0, which names no call; after four thousand million they begin again.
        self.next_call = self.next_call.checked_add(1).unwrap_or(1);
        self.legs.insert(call, leg);
        call
    }

    /// The date of `now`, UTC (days to civil: Howard Hinnant, "chrono-compatible low-level date algorithms").
    fn date(&self, now: Time) -> DefineTimeDate {
        let since = now.since_epoch();
        let unix = self.config.epoch_unix.saturating_add(since.as_secs());
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let days = unix / 86_400;
        let of_day = unix % 86_400;
        let z = days + 719_468;
        let era = z / 146_097;
        let doe = z % 146_097;
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + u64::from(month <= 2);
        DefineTimeDate {
            year: small(year),
            month: small(month),
            weekday: small((days + 4) % 7),
            day: small(doy - (153 * mp + 2) / 5 + 1),
            hour: small(of_day / 3600),
            minute: small(of_day % 3600 / 60),
            second: small(of_day % 60),
            millisecond: since.subsec_millis(),
            unix: small(unix),
        }
    }
}
