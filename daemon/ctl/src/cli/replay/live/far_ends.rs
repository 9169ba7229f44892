//! The far ends of a play: a UDP socket for each address that the captured server named. Each counts what the port sends to
//! it, and talks a tone of its own to the leg that the port opened for it.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use serde::Serialize;
use tipring_proto::rtp::{Header, Packet};
use tipring_types::Law;

/// Tones of the far ends, in the order in which they appear; each a whole number of periods in a second.
const TONES: [u16; 6] = [1004, 700, 1300, 500, 1700, 850];
/// Their level: -13 dBm0.
const AMPLITUDE: f64 = 22_300.0 * 0.223_87;
const PACKET: Duration = Duration::from_millis(20);
const SAMPLES: u16 = 160;

/// What came at a far end, and what it said.
#[derive(Clone, Debug, Serialize)]
pub(in crate::cli::replay) struct FarEnd {
    /// The address in the capture; none where the capture names none for a leg that the port only listens on.
    address: Option<SocketAddrV4>,
    /// CallManager's number of the leg, the last one.
    party: u32,
    /// The tone that it talks.
    tone_hz: u16,
    /// Packets that it sent.
    sent: u64,
    /// RTP packets that came from the port.
    packets: u64,
    /// Of them those with speech or tones that are not all of one value: not silence.
    sounding: u64,
    /// Datagrams that were no RTP.
    invalid: u64,
    /// Who sent them.
    ssrc: BTreeSet<u32>,
    /// Payload types.
    payload_types: BTreeSet<u8>,
    /// When the first came, ms since the capture's first message.
    first_ms: Option<u64>,
    /// When the last came.
    last_ms: Option<u64>,
}

struct Talker {
    socket: UdpSocket,
    shown: FarEnd,
    /// Where its port listens.
    to: Option<SocketAddr>,
    law: Law,
    next: Duration,
    sequence: u16,
}

/// All of them.
pub(super) struct FarEnds {
    own: IpAddr,
    talkers: Vec<Talker>,
    /// By media leg: which one talks.
    legs: BTreeMap<u32, Leg>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Leg {
    law: Option<Law>,
    listens: Option<SocketAddrV4>,
    talker: Option<usize>,
}

impl FarEnds {
    pub(super) fn new(own: IpAddr) -> FarEnds {
        FarEnds {
            own,
            talkers: vec![],
            legs: BTreeMap::new(),
        }
    }

    /// The port is asked to open a leg.
    pub(super) fn opens(&mut self, party: u32, law: Option<Law>) {
        self.legs.entry(party).or_default().law = law;
    }

    /// The port has opened it.
    pub(super) fn opened(&mut self, now: Duration, party: u32, at: SocketAddrV4) -> io::Result<()> {
        let leg = self.legs.entry(party).or_default();
        leg.listens = Some(at);
        if leg.talker.is_none() {
            let talker = self.talker(None, party)?;
            self.legs.entry(party).or_default().talker = Some(talker);
        }
        self.connect(now, party);
        Ok(())
    }

    /// The server names a far end; its address here.
    pub(super) fn sends(
        &mut self,
        now: Duration,
        party: u32,
        captured: SocketAddrV4,
    ) -> io::Result<SocketAddrV4> {
        let known = self
            .talkers
            .iter()
            .position(|t| t.shown.address == Some(captured));
        // The leg's far end had no address before.
        let nameless = self.legs.get(&party).and_then(|leg| leg.talker);
        let nameless = nameless.filter(|n| self.talkers[*n].shown.address.is_none());
        let talker = match known.or(nameless) {
            Some(talker) => talker,
            None => self.talker(Some(captured), party)?,
        };
        let one = &mut self.talkers[talker];
        one.shown.address = Some(captured);
        one.shown.party = party;
        let here = one.socket.local_addr()?;
        self.legs.entry(party).or_default().talker = Some(talker);
        self.connect(now, party);
        match here {
            SocketAddr::V4(here) => Ok(here),
            SocketAddr::V6(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
        }
    }

    /// A leg is closed: nobody talks to it any more.
    pub(super) fn closes(&mut self, party: u32) {
        if let Some(talker) = self.legs.remove(&party).and_then(|leg| leg.talker) {
            self.talkers[talker].to = None;
        }
    }

    fn connect(&mut self, now: Duration, party: u32) {
        let leg = self.legs.get(&party).copied().unwrap_or_default();
        if let (Some(talker), Some(to), Some(law)) = (leg.talker, leg.listens, leg.law) {
            let one = &mut self.talkers[talker];
            (one.to, one.law, one.next) = (Some(to.into()), law, now);
        }
    }

    fn talker(&mut self, address: Option<SocketAddrV4>, party: u32) -> io::Result<usize> {
        let socket = UdpSocket::bind((self.own, 0))?;
        socket.set_nonblocking(true)?;
        let place = self.talkers.len();
        self.talkers.push(Talker {
            socket,
            shown: FarEnd {
                address,
                party,
                tone_hz: TONES[place % TONES.len()],
                sent: 0,
                packets: 0,
                sounding: 0,
                invalid: 0,
                ssrc: BTreeSet::new(),
                payload_types: BTreeSet::new(),
                first_ms: None,
                last_ms: None,
            },
            to: None,
            law: Law::Mu,
            next: Duration::ZERO,
            sequence: 0,
        });
        Ok(place)
    }

    /// Sends and takes what is due. `at_ms` is since the capture's first message.
    pub(super) fn turn(&mut self, now: Duration, at_ms: u64) {
        for one in &mut self.talkers {
            one.take(at_ms);
            while one.to.is_some() && one.next <= now {
                one.talk();
                one.next += PACKET;
            }
        }
    }

    pub(super) fn shown(self) -> Vec<FarEnd> {
        self.talkers.into_iter().map(|one| one.shown).collect()
    }
}

impl Talker {
    fn talk(&mut self) {
        let Some(to) = self.to else { return };
        let at = u32::from(self.sequence) * u32::from(SAMPLES);
        let header = Header {
            marker: self.sequence == 0,
            payload_type: if self.law == Law::A { 8 } else { 0 },
            sequence: self.sequence,
            timestamp: at,
            ssrc: 0x7E57_0000 + u32::from(self.shown.tone_hz),
        };
        let mut datagram = header.to_bytes().to_vec();
        let step = TAU * f64::from(self.shown.tone_hz) / 8000.0;
        datagram.extend((0..u32::from(SAMPLES)).map(|n| {
            let sample = AMPLITUDE * (step * f64::from((at + n) % 8000)).sin();
            self.law.encode(sample as i16)
        }));
        self.sequence = self.sequence.wrapping_add(1);
        if self.socket.send_to(&datagram, to).is_ok() {
            self.shown.sent += 1;
        }
    }

    fn take(&mut self, at_ms: u64) {
        let mut datagram = [0; 2048];
        while let Ok((length, _)) = self.socket.recv_from(&mut datagram) {
            let Ok(packet) = Packet::parse(&datagram[..length]) else {
                self.shown.invalid += 1;
                continue;
            };
            self.shown.packets += 1;
            let loud = |byte: &u8| {
                let law = if packet.header.payload_type == 8 {
                    Law::A
                } else {
                    Law::Mu
                };
                law.decode(*byte).unsigned_abs() > 64
            };
            self.shown.sounding += u64::from(packet.payload.iter().any(loud));
            self.shown.ssrc.insert(packet.header.ssrc);
            self.shown.payload_types.insert(packet.header.payload_type);
            self.shown.first_ms.get_or_insert(at_ms);
            self.shown.last_ms = Some(at_ms);
        }
    }
}

impl FarEnd {
    pub(in crate::cli::replay) fn text(&self) -> String {
        let address = match self.address {
            Some(address) => format!("to {address}"),
            None => "to no address (the port only listens)".to_owned(),
        };
        let ssrc: Vec<String> = self.ssrc.iter().map(|s| format!("{s:08x}")).collect();
        let from = match self.first_ms.zip(self.last_ms) {
            Some((first, last)) => format!(
                ", from {:.3} to {:.3} s, SSRC {}",
                Duration::from_millis(first).as_secs_f64(),
                Duration::from_millis(last).as_secs_f64(),
                ssrc.join(" ")
            ),
            None => String::new(),
        };
        format!(
            "party {:#010x} {address}: {} packets, {} of them with sound{from}; {} packets of {} Hz came from there",
            self.party, self.packets, self.sounding, self.sent, self.tone_hz
        )
    }
}
