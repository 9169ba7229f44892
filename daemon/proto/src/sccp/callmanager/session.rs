//! Connections: frames in, registration, requests about the device, keepalive, time.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use crate::sccp::message::{
    Alarm, ButtonTemplate, ClientMessage, EnblocCall, ForwardStat, KeptWhole, LineStat, OneLine,
    OpenReceiveChannelAck, Register, RegisterAck, RegisterReject, SelectSoftKeys, ServerEntry,
    ServerMessage, ServerRes, SetHookFlashDetect, SoftKeyEvent, SpeedDialStat, SpeedDialStatReq,
    StimulusPressed, UnregisterAck, Version,
};
use crate::sccp::wire::{self, FrameReader};
use crate::time::Time;
use crate::types::{CallRef, DeviceName};

use super::dialect::SameName;
use super::switches::Release;
use super::{
    CallManager, CmEvent, CmOutput, ConnId, Cue, Device, DeviceEntry, GoneReason, LINE, template,
};

/// Date template sent in RegisterAck.
const DATE_TEMPLATE: [u8; 6] = *b"D.M.Y\0";

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    peer: SocketAddrV4,
    reader: FrameReader,
    /// Version whose layouts are used.
    pub(super) layouts: u8,
    /// Phone features named in Register.
    pub(super) features: u16,
    pub(super) device: Option<usize>,
    opened: Time,
    heard: Time,
    /// ButtonTemplateReq came.
    pub(super) template_seen: bool,
    /// It was answered that it has no lines; what it presses next ends the connection.
    pub(super) without_lines: bool,
    /// Refuse the name then.
    refuse_at: Option<(Time, String)>,
    /// It was refused, and is closed then.
    close_at: Option<Time>,
}

impl CallManager {
    /// A connection was accepted. `conn` must be new.
    pub fn accept(&mut self, now: Time, conn: ConnId, peer: SocketAddrV4) {
        self.sessions.insert(
            conn,
            Session {
                peer,
                reader: FrameReader::default(),
                layouts: 3,
                features: 0,
                device: None,
                opened: now,
                heard: now,
                template_seen: false,
                without_lines: false,
                refuse_at: None,
                close_at: None,
            },
        );
    }

    /// Bytes of a connection, cut anywhere.
    pub fn handle_input(&mut self, now: Time, conn: ConnId, bytes: &[u8]) {
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.reader.push(bytes);
        }
        // The connection may go while its messages are handled.
        while let Some(session) = self.sessions.get_mut(&conn) {
            let frame = match session.reader.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(error) => {
                    self.seen.bad_frames = self.seen.bad_frames.saturating_add(1);
                    self.event(CmEvent::ProtocolError {
                        conn,
                        text: error.to_string(),
                    });
                    self.drop_session(now, conn, GoneReason::Dropped);
                    return;
                }
            };
            session.heard = now;
            let layouts = session.layouts;
            self.seen.frames_received = self.seen.frames_received.saturating_add(1);
            match wire::decode_client(&frame, layouts) {
                Ok(ClientMessage::Unknown { .. }) => {
                    self.seen.not_understood = self.seen.not_understood.saturating_add(1);
                }
                Ok(message) => self.handle_message(now, conn, message),
                Err(error) => {
                    self.seen.not_understood = self.seen.not_understood.saturating_add(1);
                    self.event(CmEvent::ProtocolError {
                        conn,
                        text: error.to_string(),
                    });
                }
            }
        }
    }

    /// A connection ended without our asking.
    pub fn closed(&mut self, now: Time, conn: ConnId) {
        if let Some(session) = self.sessions.remove(&conn) {
            self.forget_device(now, conn, session.device, GoneReason::Closed);
        }
    }

    /// When to call [`handle_timeout`](CallManager::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Time> {
        let sessions = self.sessions.values().flat_map(|s| {
            [
                self.silent_until(s),
                self.stranger_until(s),
                s.refuse_at.as_ref().map(|r| r.0),
                s.close_at,
            ]
        });
        let legs = self.legs.values().map(|leg| leg.timer.map(|(at, _)| at));
        sessions.chain(legs).flatten().min()
    }

    /// Acts on everything that is due.
    pub fn handle_timeout(&mut self, now: Time) {
        let conns: Vec<ConnId> = self.sessions.keys().copied().collect();
        for conn in conns {
            self.session_timeout(now, conn);
        }
        let due: Vec<CallRef> = self
            .legs
            .iter()
            .filter(|(_, leg)| leg.timer.is_some_and(|(at, _)| at <= now))
            .map(|(call, _)| *call)
            .collect();
        for call in due {
            self.leg_timeout(now, call);
        }
    }

    fn session_timeout(&mut self, now: Time, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(&conn) else {
            return;
        };
        if session.refuse_at.as_ref().is_some_and(|r| r.0 <= now)
            && let Some((_, name)) = session.refuse_at.take()
        {
            self.refuse(now, conn, name, self.rules.in_use_text, false);
        }
        let Some(session) = self.sessions.get(&conn) else {
            return;
        };
        let over = |until: Option<Time>| until.is_some_and(|at| at <= now);
        if over(self.silent_until(session)) {
            self.drop_session(now, conn, GoneReason::KeepaliveExpired);
        } else if over(session.close_at) || over(self.stranger_until(session)) {
            self.drop_session(now, conn, GoneReason::Dropped);
        }
    }

    /// Patience with a registered device that says nothing.
    fn silent_until(&self, session: &Session) -> Option<Time> {
        session.device?;
        let interval = u64::from(self.config.keepalive_s.max(1));
        let percent = u64::from(self.rules.keepalive_patience_percent);
        Some(session.heard + Duration::from_millis(interval * percent * 10))
    }

    /// Patience with a connection that does not register.
    fn stranger_until(&self, session: &Session) -> Option<Time> {
        match session.device {
            Some(_) => None,
            None => Some(session.opened + self.rules.register_within?),
        }
    }

    fn handle_message(&mut self, now: Time, conn: ConnId, message: ClientMessage) {
        match message {
            ClientMessage::KeepAlive => {
                let stranger = self.sessions.get(&conn).is_none_or(|s| s.device.is_none());
                if !stranger || self.answers_strangers() {
                    self.send(conn, &ServerMessage::KeepAliveAck);
                }
            }
            ClientMessage::Register(register) => self.register(now, conn, register),
            ClientMessage::Alarm(Alarm { text, .. }) => self.event(CmEvent::Alarm { text }),
            ClientMessage::RegisterTokenReq(_) if self.rules.grants_tokens => {
                self.send(conn, &ServerMessage::RegisterTokenAck);
            }
            other => match self.sessions.get(&conn).and_then(|s| s.device) {
                Some(device) => self.device_message(now, conn, device, other),
                None if self.rules.stranger_is_closed => {
                    self.drop_session(now, conn, GoneReason::Dropped);
                }
                None => {}
            },
        }
    }

    /// KeepAlive before Register is answered: a standby of Cisco's acknowledges it on TCP alone (R).
    fn answers_strangers(&self) -> bool {
        self.rules.keepalive_of_strangers && self.cisco().is_none_or(|c| !c.standby_silent)
    }

    fn register(&mut self, now: Time, conn: ConnId, register: Register) {
        let index = match self.device_of_name(register.name.as_str()) {
            Some(index) => index,
            None if self.config.auto_register => self.add_device(register.name.clone()),
            None => {
                let name = register.name.to_string();
                let closes = self.rules.reject_closes;
                self.refuse(now, conn, name, self.rules.unknown_text, closes);
                return;
            }
        };
        if let Some(holder) = self.devices[index].conn.filter(|holder| *holder != conn) {
            match self.rules.same_name {
                SameName::RefuseAfter(wait) => {
                    let name = register.name.to_string();
                    if let Some(session) = self.sessions.get_mut(&conn) {
                        session.refuse_at = Some((now + wait, name));
                    }
                    let date = ServerMessage::DefineTimeDate(self.date(now));
                    self.send(holder, &date);
                    return;
                }
                SameName::CloseBoth => {
                    let name = register.name.to_string();
                    self.refuse(now, conn, name, self.rules.in_use_text, true);
                    self.drop_session(now, holder, GoneReason::Dropped);
                    return;
                }
                SameName::Replace => self.drop_session(now, holder, GoneReason::Dropped),
            }
        }
        self.accept_device(now, conn, index, &register);
    }

    fn accept_device(&mut self, now: Time, conn: ConnId, index: usize, register: &Register) {
        let layouts = (self.rules.uses_layouts)(register.version);
        let Some(session) = self.sessions.get_mut(&conn) else {
            return;
        };
        let before = session.device.replace(index).filter(|old| *old != index);
        session.layouts = layouts;
        session.features = register.features;
        session.close_at = None;
        if let Some(before) = before {
            self.forget_device(now, conn, Some(before), GoneReason::Dropped);
        }
        self.devices[index].conn = Some(conn);
        let mwi = self.devices[index].mwi;
        if self.rules.lamp_before_ack {
            self.lamp(now, index, mwi);
        }
        self.send(
            conn,
            &ServerMessage::RegisterAck(RegisterAck {
                keepalive_s: self.config.keepalive_s,
                secondary_keepalive_s: match self.cisco() {
                    Some(_) => self.config.keepalive_s.saturating_mul(2),
                    None => self.config.keepalive_s,
                },
                version: (self.rules.answers_version)(register.version),
                features: [0; 3],
                date_template: match self.cisco() {
                    Some(_) => *b"M/D/Y\0",
                    None => DATE_TEMPLATE,
                },
            }),
        );
        self.send(conn, &ServerMessage::CapabilitiesReq);
        if !self.rules.lamp_before_ack && !self.rules.sets_flash_detect {
            self.lamp(now, index, mwi);
        }
        let event = CmEvent::Registered {
            device: self.devices[index].entry.name.clone(),
            number: self.devices[index].entry.number.clone(),
            offered: register.version,
            device_type: register.device_type.0,
        };
        self.event(event);
    }

    fn add_device(&mut self, name: DeviceName) -> usize {
        let number = loop {
            let number = self.next_auto.to_string();
            self.next_auto = self.next_auto.wrapping_add(1);
            let service = self.config.services.iter().any(|(n, _)| *n == number);
            if !service && self.device_of_number(&number).is_none() {
                break number;
            }
        };
        let display_name = format!("Phone {number}");
        self.devices.push(Device {
            mwi: self.config.mwi.contains(&number),
            entry: DeviceEntry::new(name, &number, &display_name),
            conn: None,
        });
        self.devices.len() - 1
    }

    fn refuse(&mut self, now: Time, conn: ConnId, name: String, text: &str, close: bool) {
        let text = text.to_owned();
        self.send(
            conn,
            &ServerMessage::RegisterReject(RegisterReject { text: text.clone() }),
        );
        self.event(CmEvent::Refused { name, text });
        if let (Some(open), Some(session)) = (self.rules.reject_open, self.sessions.get_mut(&conn))
        {
            session.close_at = Some(now + open);
        } else if close {
            self.drop_session(now, conn, GoneReason::Dropped);
        }
    }

    /// Messages of a registered device.
    fn device_message(&mut self, now: Time, conn: ConnId, device: usize, message: ClientMessage) {
        match message {
            ClientMessage::CapabilitiesRes(_)
            | ClientMessage::RegisterAvailableLines(_)
            | ClientMessage::IpPort(_)
            | ClientMessage::StartMediaTransmissionAck(_)
            | ClientMessage::MediaTransmissionFailure(_)
            | ClientMessage::FeatureStatReq(_)
            | ClientMessage::Unknown { .. }
            | ClientMessage::KeepAlive
            | ClientMessage::Register(_)
            | ClientMessage::RegisterTokenReq(_)
            | ClientMessage::Alarm(_) => {}
            ClientMessage::Unregister(_)
                if self.cisco().is_some_and(|c| c.unregister_nak) && self.has_call(device) =>
            {
                let refused = UnregisterAck { status: 2 };
                self.send(conn, &ServerMessage::UnregisterAck(refused));
            }
            ClientMessage::Unregister(_) => {
                if self.rules.unregister_ack {
                    self.send(
                        conn,
                        &ServerMessage::UnregisterAck(UnregisterAck { status: 0 }),
                    );
                }
                self.drop_session(now, conn, GoneReason::Unregistered);
            }
            ClientMessage::ConnectionStatisticsRes(statistics) => {
                let number = self.number_of(device).to_owned();
                self.event(CmEvent::Statistics { number, statistics });
            }
            ClientMessage::OpenReceiveChannelAck(OpenReceiveChannelAck {
                status,
                address,
                party,
                ..
            }) => self.media_acked(now, device, status, address, party),
            ClientMessage::OffHook(at) => self.off_hook(now, conn, device, at),
            ClientMessage::OnHook(at) => self.on_hook(now, device, at),
            ClientMessage::HookFlash(at) => self.hook_flash(now, device, at.call),
            ClientMessage::KeypadButton(key) => self.keypad(now, conn, device, key),
            ClientMessage::EnblocCall(EnblocCall { number, .. }) => {
                self.enbloc(now, device, &number);
            }
            ClientMessage::SoftKeyEvent(SoftKeyEvent { event, call, .. }) => {
                self.soft_key(now, device, event, call);
            }
            ClientMessage::Stimulus(StimulusPressed { stimulus, call, .. }) => {
                self.stimulus(now, device, stimulus, call);
            }
            ClientMessage::TimeDateReq => {
                let date = ServerMessage::DefineTimeDate(self.date(now));
                self.send(conn, &date);
                if self.rules.sets_flash_detect {
                    let mwi = self.devices.get(device).is_some_and(|d| d.mwi);
                    self.lamp(now, device, mwi);
                    self.send(conn, &ServerMessage::SetHookFlashDetect(SetHookFlashDetect));
                }
            }
            request => {
                if let ClientMessage::ButtonTemplateReq = request
                    && let Some(session) = self.sessions.get_mut(&conn)
                {
                    session.template_seen = true;
                }
                for answer in self.answers(conn, device, &request) {
                    self.send(conn, &answer);
                }
            }
        }
    }

    fn has_call(&self, device: usize) -> bool {
        self.legs.values().any(|leg| leg.device == device)
    }

    /// Answers to the requests of the round.
    fn answers(&self, conn: ConnId, device: usize, request: &ClientMessage) -> Vec<ServerMessage> {
        let Some(Device { entry, .. }) = self.devices.get(device) else {
            return vec![];
        };
        match *request {
            ClientMessage::ButtonTemplateReq => {
                let buttons = if self.rules.lists_buttons {
                    vec![(1, 9)]
                } else {
                    vec![]
                };
                vec![ServerMessage::ButtonTemplate(ButtonTemplate {
                    offset: 0,
                    total: u32::try_from(buttons.len()).unwrap_or(0),
                    buttons,
                })]
            }
            // CallManager 2 leaves both unanswered (W).
            ClientMessage::SoftKeyTemplateReq | ClientMessage::SoftKeySetReq
                if self.cisco().is_some_and(|c| c.release == Release::Two) =>
            {
                vec![]
            }
            ClientMessage::SoftKeyTemplateReq => {
                if let Some(cisco) = self.cisco() {
                    let body = template::keys(cisco.release);
                    return vec![ServerMessage::SoftKeyTemplateRes(KeptWhole { body })];
                }
                vec![ServerMessage::SoftKeyTemplateRes(KeptWhole {
                    body: vec![0; 12],
                })]
            }
            ClientMessage::SoftKeySetReq => vec![
                ServerMessage::SoftKeySetRes(KeptWhole {
                    body: match self.cisco() {
                        Some(_) => template::sets(),
                        None => vec![0; 12],
                    },
                }),
                ServerMessage::SelectSoftKeys(SelectSoftKeys {
                    line: Default::default(),
                    call: CallRef::NONE,
                    set: 0,
                    mask: u32::MAX,
                }),
            ],
            ClientMessage::LineStatReq(OneLine { line }) => {
                let is_ours = line == LINE;
                let text = |text: &str| {
                    if is_ours {
                        text.to_owned()
                    } else {
                        String::new()
                    }
                };
                vec![ServerMessage::LineStat(LineStat {
                    line: if is_ours { line } else { Default::default() },
                    number: text(&entry.number),
                    name: text(&entry.display_name),
                    label: text(&entry.number),
                })]
            }
            ClientMessage::VersionReq => vec![ServerMessage::Version(Version {
                text: "P002F202".to_owned(),
            })],
            ClientMessage::ServerReq => vec![ServerMessage::ServerRes(ServerRes {
                servers: vec![ServerEntry {
                    name: "tipring".to_owned(),
                    address: SocketAddrV4::new(
                        self.sessions
                            .get(&conn)
                            .map_or(Ipv4Addr::UNSPECIFIED, |s| *s.peer.ip()),
                        2000,
                    ),
                }],
            })],
            ClientMessage::ConfigStatReq if !self.rules.leaves_config_unanswered => {
                // Name 16, user and instance, user name 40, server name 40, lines, speed dials.
                let mut body = vec![0; 112];
                let name = entry.name.as_str().as_bytes();
                body[..name.len().min(15)].copy_from_slice(&name[..name.len().min(15)]);
                body[20] = 1;
                body[104] = 1;
                vec![ServerMessage::ConfigStat(KeptWhole { body })]
            }
            ClientMessage::ForwardStatReq(OneLine { line })
                if !self.rules.leaves_status_unanswered =>
            {
                vec![ServerMessage::ForwardStat(ForwardStat {
                    active: false,
                    line,
                    all: None,
                    busy: None,
                    no_answer: None,
                })]
            }
            ClientMessage::SpeedDialStatReq(SpeedDialStatReq { index })
                if !self.rules.leaves_status_unanswered =>
            {
                vec![ServerMessage::SpeedDialStat(SpeedDialStat {
                    index,
                    number: String::new(),
                    name: String::new(),
                })]
            }
            _ => vec![],
        }
    }

    /// A device without a button template lifts.
    pub(super) fn has_lines(&mut self, now: Time, conn: ConnId, device: usize) -> bool {
        let Some(session) = self.sessions.get_mut(&conn) else {
            return false;
        };
        if session.template_seen || !self.rules.needs_button_template {
            return true;
        }
        session.without_lines = true;
        let view = self.device_view(now, device);
        for item in (self.rules.script)(Cue::NoLines, &view) {
            self.act(now, None, device, item);
        }
        false
    }

    pub(super) fn drop_session(&mut self, now: Time, conn: ConnId, reason: GoneReason) {
        if let Some(session) = self.sessions.remove(&conn) {
            self.out.push_back(CmOutput::Close { conn });
            self.forget_device(now, conn, session.device, reason);
        }
    }

    fn forget_device(
        &mut self,
        now: Time,
        conn: ConnId,
        device: Option<usize>,
        reason: GoneReason,
    ) {
        let Some(device) = device else { return };
        let Some(entry) = self.devices.get_mut(device) else {
            return;
        };
        if entry.conn != Some(conn) {
            return;
        }
        entry.conn = None;
        let name = entry.entry.name.clone();
        self.event(CmEvent::Gone {
            device: name,
            reason,
        });
        if self.rules.cut_ends_calls {
            self.end_all(now, device);
        }
    }
}
