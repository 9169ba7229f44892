//! The bridge's own thread: sockets, time, and which side is where.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::sip::{self, Dialog, Media, Message};
use super::{BridgeConfig, Order, Phase, Shared, any_port};
use tipring_tests::network::Direction;

/// Payload type of named events.
const EVENTS: u8 = 100;
const FAX_RELAY: u8 = 200;
const ACK: u8 = 201;
const NACK: u8 = 202;
/// Copies of an event, 20 ms apart.
const COPIES: usize = 3;
/// An event that wants an answer is repeated.
const AGAIN: Duration = Duration::from_millis(200);
/// A port that did not answer by now does not.
const PATIENCE: Duration = Duration::from_secs(1);
/// A request over UDP is repeated until something comes back.
const RESEND: Duration = Duration::from_millis(500);
/// Orders are looked at this often.
const TICK: Duration = Duration::from_millis(10);

/// Its sockets.
pub(super) struct Sockets {
    sip: UdpSocket,
    /// Towards the port: RTP and UDPTL.
    media: UdpSocket,
    /// Towards the call manager.
    rtp: UdpSocket,
    udptl: UdpSocket,
    sip_port: u16,
}

impl Sockets {
    pub(super) fn open(sip_port: u16, media: SocketAddrV4) -> io::Result<Sockets> {
        let sockets = Sockets {
            sip: UdpSocket::bind((Ipv4Addr::LOCALHOST, sip_port))?,
            media: UdpSocket::bind(media)?,
            rtp: UdpSocket::bind(any_port())?,
            udptl: UdpSocket::bind(any_port())?,
            sip_port,
        };
        for socket in [&sockets.sip, &sockets.media, &sockets.rtp, &sockets.udptl] {
            socket.set_nonblocking(true)?;
        }
        Ok(sockets)
    }

    fn rtp_port(&self) -> u16 {
        self.rtp.local_addr().map_or(0, |a| a.port())
    }

    fn udptl_port(&self) -> u16 {
        self.udptl.local_addr().map_or(0, |a| a.port())
    }
}

/// A switch to T.38 under way.
enum Wish {
    /// Nobody's.
    None,
    /// The call manager's, by this INVITE; the port is asked since then.
    Server(Message, Instant),
    /// The port's; the call manager is asked.
    Port,
}

/// RTP towards the port, with events among the call manager's packets.
#[derive(Default)]
struct Stream {
    ssrc: [u8; 4],
    sequence: u16,
    inserted: u16,
    timestamp: [u8; 4],
}

impl Stream {
    /// A packet of the call manager's with a number that leaves room for ours.
    fn passed(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        if let Some(header) = packet.get_mut(..12) {
            let number = u16::from_be_bytes([header[2], header[3]]);
            self.sequence = number.wrapping_add(self.inserted);
            header[2..4].copy_from_slice(&self.sequence.to_be_bytes());
            self.timestamp.copy_from_slice(&header[4..8]);
            self.ssrc.copy_from_slice(&header[8..12]);
        }
        packet
    }

    fn event(&mut self, number: u8) -> Vec<u8> {
        self.inserted = self.inserted.wrapping_add(1);
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0x80, EVENTS];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp);
        packet.extend(self.ssrc);
        packet.extend([number, 0, 0, 0]);
        packet
    }
}

struct Call<'a> {
    sockets: Sockets,
    config: &'a BridgeConfig,
    shared: &'a Shared,
    phase: Phase,
    wish: Wish,
    dialog: Option<Dialog>,
    /// The call manager's INVITE that rings.
    invite: Option<Message>,
    /// A request without any response yet.
    unheard: Option<(Instant, String)>,
    /// Our last response and to which request, for its repetition.
    answered: Option<((u32, String), String)>,
    version: u32,
    port: Option<SocketAddr>,
    server_rtp: Option<SocketAddr>,
    server_udptl: Option<SocketAddr>,
    stream: Stream,
    /// Events to be sent.
    events: Vec<(Instant, u8)>,
    /// Number and timestamp of the newest event: what else has them is a copy.
    heard: Option<(u8, [u8; 4])>,
    from_port: Direction,
    to_port: Direction,
}

/// Until it is ended.
pub(super) fn run(
    sockets: Sockets,
    config: &BridgeConfig,
    shared: &Shared,
    orders: &mpsc::Receiver<Order>,
) {
    let mut call = Call {
        sockets,
        config,
        shared,
        phase: Phase::Idle,
        wish: Wish::None,
        dialog: None,
        invite: None,
        unheard: None,
        answered: None,
        version: 1,
        port: None,
        server_rtp: None,
        server_udptl: None,
        stream: Stream::default(),
        events: vec![],
        heard: None,
        from_port: Direction::new(config.network, 0),
        to_port: Direction::new(config.network, 1),
    };
    let mut ending = None;
    loop {
        while let Ok(order) = orders.try_recv() {
            match order {
                Order::Call(number, port) => call.call(&number, port),
                Order::Answer(port) => call.answer(port),
                Order::HangUp => call.hang_up(),
                // What was said last is still to be answered.
                Order::End => ending = Some(Instant::now() + Duration::from_secs(1)),
            }
        }
        let now = Instant::now();
        let done = call.unheard.is_none() || call.dialog.is_none();
        if ending.is_some_and(|end| done || now > end) {
            return;
        }
        call.take(now);
        call.flow(now);
        call.repeat(now);
        let due = [call.from_port.due(), call.to_port.due()];
        let due = due.into_iter().flatten().min();
        let wait = due.map_or(TICK, |d| d.saturating_duration_since(now).min(TICK));
        call.sleep(wait);
    }
}

fn received(socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr)> {
    let mut buffer = [0; 4096];
    let (len, from) = socket.recv_from(&mut buffer).ok()?;
    Some((buffer[..len].to_vec(), from))
}

impl Call<'_> {
    /// Until something comes or something is due.
    fn sleep(&self, wait: Duration) {
        let s = &self.sockets;
        let mut fds = [&s.sip, &s.media, &s.rtp, &s.udptl]
            .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
        let ms = u16::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(1);
        let _ = poll(&mut fds, PollTimeout::from(ms));
    }

    /// Everything that has come.
    fn take(&mut self, now: Instant) {
        while let Some((datagram, _)) = received(&self.sockets.sip) {
            if let Some(message) = Message::parse(&datagram) {
                self.message(now, &message);
            }
        }
        while let Some((datagram, _)) = received(&self.sockets.media) {
            self.from_port.send(now, datagram);
        }
        while let Some((packet, _)) = received(&self.sockets.rtp) {
            if self.phase == Phase::Talking {
                let packet = self.stream.passed(packet);
                self.to_port.send(now, packet);
            }
        }
        while let Some((datagram, _)) = received(&self.sockets.udptl) {
            if self.phase == Phase::Relay {
                self.shared.note(|seen| seen.t38_to_port += 1);
                self.to_port.send(now, datagram);
            }
        }
    }

    /// What comes out of the network.
    fn flow(&mut self, now: Instant) {
        self.events.sort_unstable();
        while self.events.first().is_some_and(|(at, _)| *at <= now) {
            let (_, number) = self.events.remove(0);
            let packet = self.stream.event(number);
            self.to_port.send(now, packet);
        }
        while let Some(datagram) = self.to_port.receive(now) {
            if let Some(port) = self.port {
                let _ = self.sockets.media.send_to(&datagram, port);
            }
        }
        while let Some(datagram) = self.from_port.receive(now) {
            self.port_says(now, &datagram);
        }
        let (from, to) = (self.from_port.tally, self.to_port.tally);
        let mut seen = self.shared.seen();
        (seen.from_port, seen.to_port) = (from, to);
    }

    fn port_says(&mut self, now: Instant, datagram: &[u8]) {
        let is_rtp = datagram.first().is_some_and(|b| b >> 6 == 2);
        let (to, socket) = match datagram {
            [_, kind, _, _, ts0, ts1, ts2, ts3, _, _, _, _, event, ..]
                if is_rtp && kind & 0x7F == EVENTS =>
            {
                let heard = Some((*event, [*ts0, *ts1, *ts2, *ts3]));
                if self.heard != heard {
                    self.heard = heard;
                    self.event(now, *event);
                }
                return;
            }
            _ if is_rtp => (self.server_rtp, &self.sockets.rtp),
            _ => {
                self.shared.note(|seen| seen.t38_from_port += 1);
                (self.server_udptl, &self.sockets.udptl)
            }
        };
        if let Some(to) = to {
            let _ = socket.send_to(datagram, to);
        }
    }

    /// The port sent a named event.
    fn event(&mut self, now: Instant, event: u8) {
        self.shared.note(|seen| seen.events_from_port.push(event));
        match (event, &self.wish) {
            (FAX_RELAY, Wish::None) if self.phase == Phase::Talking => {
                self.wish = Wish::Port;
                self.version += 1;
                let udptl = self.sockets.udptl_port();
                let body = sip::image(udptl, self.version, self.config.correction);
                self.request("INVITE", &body);
            }
            // The yes was lost.
            (FAX_RELAY, Wish::None) if self.phase == Phase::Relay => self.say(now, ACK),
            (ACK, Wish::Server(invite, _)) => {
                let invite = invite.clone();
                self.wish = Wish::None;
                self.version += 1;
                let udptl = self.sockets.udptl_port();
                let body = sip::image(udptl, self.version, self.config.correction);
                self.respond(&invite, "200 OK", &body);
                self.relay();
            }
            (NACK, Wish::Server(invite, _)) => {
                let invite = invite.clone();
                self.refuse(&invite);
            }
            _ => {}
        }
    }

    /// To the port, with its copies.
    fn say(&mut self, now: Instant, event: u8) {
        self.shared.note(|seen| seen.events_to_port.push(event));
        let copies = (0..COPIES as u32).map(|n| (now + n * Duration::from_millis(20), event));
        self.events.extend(copies);
    }

    fn relay(&mut self) {
        self.events.retain(|(_, event)| *event != FAX_RELAY);
        self.enter(Phase::Relay);
        self.shared.note(|seen| seen.relayed = true);
    }

    fn refuse(&mut self, invite: &Message) {
        self.wish = Wish::None;
        self.respond(invite, "488 Not Acceptable Here", "");
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.shared.note(|seen| seen.phase = phase);
    }

    /// What is to be said once more, or was not answered.
    fn repeat(&mut self, now: Instant) {
        if let Wish::Server(invite, since) = &self.wish {
            let invite = invite.clone();
            if now > *since + PATIENCE {
                self.refuse(&invite);
            } else if self.events.is_empty() {
                self.events.push((now + AGAIN, FAX_RELAY));
            }
        }
        let late = |(at, _): &&(Instant, String)| now > *at + RESEND;
        if let Some((_, text)) = self.unheard.as_ref().filter(late) {
            let text = text.clone();
            self.transmit(&text);
            self.unheard = Some((now, text));
        }
    }

    fn transmit(&self, text: &str) {
        let first = text.lines().next().unwrap_or_default();
        self.shared
            .note(|seen| seen.said.push(format!("> {first}")));
        let server = (Ipv4Addr::LOCALHOST, self.config.server_sip);
        let _ = self.sockets.sip.send_to(text.as_bytes(), server);
    }

    fn request(&mut self, method: &str, body: &str) {
        let Some(dialog) = &mut self.dialog else {
            return;
        };
        let text = dialog.request(method, body);
        self.transmit(&text);
        self.unheard = Some((Instant::now(), text));
    }

    fn respond(&mut self, to: &Message, status: &str, body: &str) {
        let Some(dialog) = &self.dialog else { return };
        let text = dialog.respond(to, status, body);
        let (number, method) = to.cseq();
        self.transmit(&text);
        self.answered = Some(((number, method.to_owned()), text));
    }

    fn label(&self) -> String {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        format!("{}-{}", self.sockets.sip_port, since.as_micros())
    }

    fn call(&mut self, number: &str, port: SocketAddr) {
        let (ours, server) = (self.sockets.sip_port, self.config.server_sip);
        let target = format!("sip:{number}@127.0.0.1:{server}");
        self.port = Some(port);
        let user = format!("5550{ours}");
        self.dialog = Some(Dialog::calling(ours, &user, &target, &self.label()));
        self.enter(Phase::Calling);
        let body = sip::audio(self.sockets.rtp_port(), self.version);
        self.request("INVITE", &body);
    }

    fn answer(&mut self, port: SocketAddr) {
        if let Some(invite) = self.invite.take() {
            self.port = Some(port);
            let body = sip::audio(self.sockets.rtp_port(), self.version);
            self.respond(&invite, "200 OK", &body);
            self.enter(Phase::Talking);
        }
    }

    fn hang_up(&mut self) {
        match self.phase {
            Phase::Talking | Phase::Relay => self.request("BYE", ""),
            Phase::Calling => self.request("CANCEL", ""),
            Phase::Called => {
                if let Some(invite) = self.invite.take() {
                    self.respond(&invite, "486 Busy Here", "");
                }
            }
            Phase::Idle | Phase::Over => return,
        }
        self.enter(Phase::Over);
    }

    fn learn(&mut self, media: Option<Media>) {
        match media {
            Some(Media::Audio(at)) => self.server_rtp = Some(at),
            Some(Media::Image(at)) => self.server_udptl = Some(at),
            None => {}
        }
    }

    /// The call manager said something.
    fn message(&mut self, now: Instant, message: &Message) {
        let line = format!("< {}", message.start());
        self.shared.note(|seen| seen.said.push(line));
        let ours = self.dialog.as_ref().is_some_and(|d| d.is(message));
        match message.method() {
            None if ours => self.response(now, message),
            Some("ACK") | None => {}
            Some(method) => {
                let (number, _) = message.cseq();
                let again = (number, method.to_owned());
                match &self.answered {
                    Some((to, text)) if ours && *to == again => self.transmit(text),
                    _ => self.asked(now, message, method, ours),
                }
            }
        }
    }

    fn response(&mut self, now: Instant, response: &Message) {
        let status = response.status().unwrap_or(0);
        let (_, method) = response.cseq();
        self.unheard = None;
        if method != "INVITE" || status < 200 {
            return;
        }
        let Some(dialog) = &mut self.dialog else {
            return;
        };
        let ack = dialog.ack(response);
        self.transmit(&ack);
        self.learn(response.media());
        let accepted = status < 300;
        match (self.phase, &self.wish) {
            (Phase::Calling, _) if accepted => self.enter(Phase::Talking),
            (Phase::Calling, _) => self.enter(Phase::Over),
            (Phase::Talking, Wish::Port) => {
                self.wish = Wish::None;
                if accepted && matches!(response.media(), Some(Media::Image(_))) {
                    self.relay();
                    self.say(now, ACK);
                } else {
                    self.say(now, NACK);
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, now: Instant, request: &Message, method: &str, ours: bool) {
        match method {
            "INVITE" if self.dialog.is_none() => {
                let label = self.label();
                self.dialog = Some(Dialog::called(self.sockets.sip_port, request, &label));
                self.learn(request.media());
                self.invite = Some(request.clone());
                self.respond(request, "180 Ringing", "");
                self.enter(Phase::Called);
            }
            "INVITE" if ours => {
                self.learn(request.media());
                if !matches!(request.media(), Some(Media::Image(_))) {
                    self.version += 1;
                    let body = sip::audio(self.sockets.rtp_port(), self.version);
                    self.respond(request, "200 OK", &body);
                } else if matches!(self.wish, Wish::None) && self.phase == Phase::Talking {
                    self.respond(request, "100 Trying", "");
                    self.wish = Wish::Server(request.clone(), now);
                    self.say(now, FAX_RELAY);
                } else {
                    self.respond(request, "491 Request Pending", "");
                }
            }
            "BYE" | "CANCEL" if ours => {
                self.respond(request, "200 OK", "");
                self.enter(Phase::Over);
            }
            "OPTIONS" if ours => self.respond(request, "200 OK", ""),
            _ => {
                let dialog = Dialog::called(self.sockets.sip_port, request, &self.label());
                let text = dialog.respond(request, "481 Call/Transaction Does Not Exist", "");
                self.transmit(&text);
            }
        }
    }
}
