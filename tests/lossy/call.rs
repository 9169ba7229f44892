//! A fax call between two ports over a network that loses and delays packets: spandsp's fax machines, our packets,
//! jitter buffer and concealment. Virtual time, seeded.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use tipring_dsp::Law;
use tipring_proto::rtp::{
    Concealer, JitterConfig, LossSeen, OwnFigures, Playout, Protection, Receiver, ReceiverConfig,
    Redundancy, Rtcp, Sender, SenderConfig, SenderSeed,
};
use tipring_proto::time::Time;
use tipring_proto::types::{Codec, RepeatedPackets};
use tipring_spandsp::{FaxSettings, FaxTerminal};
use tipring_tests::page::{Page, write_tiff};

const BLOCK: usize = 80;
const REDUNDANT: u8 = 90;
/// One way through the network without jitter, and the jitter, ms.
const DELAY_MS: f64 = 50.0;
const JITTER_MS: f64 = 20.0;
/// A call is given up after this number of seconds.
const TIME_LIMIT_S: u64 = 300;
/// Rows of a page: A4 in standard resolution.
const ROWS: usize = 1100;

/// The network, and what is done about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// Packets lost, percent.
    pub(crate) loss: f64,
    /// Earlier packets sent again with each.
    pub(crate) redundancy: RepeatedPackets,
    /// The receiver's clock runs this much faster than the sender's, ppm.
    pub(crate) ppm: f64,
    /// The jitter buffer is held and the carrier kept, as on a call that passes data; else as for voice.
    pub(crate) held: bool,
}

/// How a call went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: bool,
    /// Without a damaged row.
    pub(crate) perfect: bool,
    pub(crate) seconds: f64,
    /// Share of the packets that were lost, and that were still missing when their turn came, percent.
    pub(crate) lost: f64,
    pub(crate) missing: f64,
    /// Blocks that a jitter buffer inserted or skipped.
    pub(crate) slips: u64,
    /// Earlier packets repeated at the end, by the one that sent the pages and by the other.
    pub(crate) depth: [u8; 2],
    /// The sender's clock against the receiver's, as the receiver found it.
    pub(crate) drift_ppm: Option<f32>,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rtp,
    Rtcp,
}

/// xorshift: the same bad network every time.
struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
}

/// One port with its fax machine.
struct End {
    terminal: FaxTerminal,
    law: Law,
    gain: f64,
    sender: Sender,
    receiver: Receiver,
    concealer: Concealer,
    /// What is repeated, and the reports by which that is decided.
    protection: Protection,
    rtcp: Rtcp,
    /// Packets on their way here, by when they come.
    coming: VecDeque<(Time, Kind, Vec<u8>)>,
    spoilt: u64,
    blocks: u64,
}

impl End {
    fn new(settings: FaxSettings, law: Law, network: Network, dice: &mut Dice) -> End {
        let codec = match law {
            Law::Mu => Codec::G711Ulaw,
            Law::A => Codec::G711Alaw,
        };
        let mut sender = Sender::new(
            SenderSeed {
                sequence: 7,
                timestamp: 7000,
                ssrc: dice.0 as u32,
            },
            SenderConfig {
                payload_type: codec.payload_type(),
                ptime_ms: 20,
                event_payload_type: None,
            },
        );
        let protection = Protection::new(network.redundancy);
        sender.set_redundancy(Some(repeated(&protection)));
        let rtcp = Rtcp::new(Time::ZERO, sender.ssrc(), "port", dice.0);
        let mut receiver = Receiver::new(ReceiverConfig {
            jitter: JitterConfig {
                block: BLOCK as u16,
                min_ms: 0,
                max_ms: 200,
                held_ms: 100,
            },
            event_payload_type: None,
            redundancy_payload_type: Some(REDUNDANT),
        });
        receiver.hold(network.held);
        let mut concealer = Concealer::new();
        concealer.for_machine(network.held);
        End {
            terminal: FaxTerminal::new(&settings).expect("a fax machine"),
            law,
            // Loops of 4 to 12 dB.
            gain: 10f64.powf(-(4.0 + 8.0 * dice.unit()) / 20.0),
            sender,
            receiver,
            concealer,
            protection,
            rtcp,
            coming: VecDeque::new(),
            spoilt: 0,
            blocks: 0,
        }
    }

    /// A block: what the network gave goes to the terminal, what the terminal sends goes to the network.
    fn block(&mut self, now: Time, mut emit: impl FnMut(Kind, &[u8])) {
        while self.coming.front().is_some_and(|(at, ..)| *at <= now) {
            match self.coming.pop_front() {
                Some((at, Kind::Rtp, packet)) => {
                    self.receiver.receive(at, &packet);
                }
                Some((at, Kind::Rtcp, report)) => {
                    self.rtcp.receive(at, &report);
                }
                None => {}
            }
        }
        if self.blocks.is_multiple_of(100) {
            self.look(now);
        }
        if self.rtcp.due() <= now {
            let sent = self.sender.stats();
            let own = OwnFigures {
                packets: sent.packets as u32,
                octets: sent.octets as u32,
                timestamp: self.sender.next_timestamp(),
                source: self.receiver.source(),
            };
            let report = self.rtcp.report(now, now.since_epoch(), &own);
            emit(Kind::Rtcp, &report);
        }
        let (mut bytes, mut heard) = ([0; BLOCK], [0; BLOCK]);
        match self.receiver.play(now, &mut bytes) {
            Playout::Samples(_) => {
                self.law.decode_block(&bytes, &mut heard);
                self.concealer.good(&mut heard);
            }
            Playout::Conceal => {
                self.concealer.conceal(&mut heard);
                self.spoilt += 1;
            }
            Playout::Silence | Playout::Comfort { .. } => self.concealer.silence(&mut heard),
        }
        self.blocks += 1;
        self.terminal.rx(&heard);
        let mut said = [0; BLOCK];
        self.terminal.tx(&mut said);
        let said = said.map(|x| (f64::from(x) * self.gain).round() as i16);
        self.law.encode_block(&said, &mut bytes);
        self.sender.push(&bytes, |packet| emit(Kind::Rtp, packet));
    }

    /// What control does once a second.
    fn look(&mut self, now: Time) {
        let sequence = self.receiver.stats().sequence;
        let far = self.rtcp.far();
        let seen = LossSeen {
            received: sequence.received,
            lost: sequence.lost(),
            reported: far.heard.map(|heard| (far.reports, heard.lost_percent)),
        };
        if self.protection.look(now, seen).is_some() {
            self.sender.set_redundancy(Some(repeated(&self.protection)));
        }
    }
}

fn repeated(protection: &Protection) -> Redundancy {
    Redundancy {
        payload_type: REDUNDANT,
        depth: protection.depth(),
    }
}

/// A call of this number of pages, the `n`th of its kind.
pub(crate) fn call(n: u64, ecm: bool, pages: usize, network: Network, folder: &Path) -> Outcome {
    let page = folder.join(format!("pages-{pages}.tif"));
    if !page.exists() {
        let all: Vec<Page> = (1..=pages).map(|n| Page::letter(n, ROWS)).collect();
        write_tiff(&page, &all).expect("pages to send");
    }
    let got = folder.join(format!("got-{n}.tif"));
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (n + 1));
    let law = if n.is_multiple_of(2) { Law::Mu } else { Law::A };
    let settings = [FaxSettings::sender(&page), FaxSettings::receiver(&got)];
    let mut ends =
        settings.map(|settings| End::new(FaxSettings { ecm, ..settings }, law, network, &mut dice));
    let mut outcome = Outcome::default();
    let (mut sent, mut lost, mut due) = (0u64, 0u64, 0.0);
    for block in 0..TIME_LIMIT_S * 100 {
        let now = Time::from_millis(block * 10);
        let [a, b] = &mut ends;
        let mut carry = |to: &mut VecDeque<(Time, Kind, Vec<u8>)>, kind, packet: &[u8]| {
            sent += 1;
            if dice.unit() * 100.0 < network.loss {
                lost += 1;
                return;
            }
            let ms = DELAY_MS + JITTER_MS * dice.unit();
            let at = now + Duration::from_micros((ms * 1000.0) as u64);
            let place = to.iter().rposition(|(t, ..)| *t <= at).map_or(0, |n| n + 1);
            to.insert(place, (at, kind, packet.to_vec()));
        };
        a.block(now, |kind, packet| carry(&mut b.coming, kind, packet));
        // Of a faster clock, now and then, a block more.
        due += 1.0 + network.ppm / 1e6;
        while due >= 1.0 {
            due -= 1.0;
            b.block(now, |kind, packet| carry(&mut a.coming, kind, packet));
        }
        if let [Some(a), Some(b)] = ends.each_ref().map(|end| end.terminal.result()) {
            outcome.passed = a.is_ok() && b.is_ok() && b.stats.pages_rx as usize == pages;
            outcome.perfect = outcome.passed && b.stats.bad_rows == 0;
            outcome.seconds = block as f64 / 100.0;
            break;
        }
    }
    let spoilt: u64 = ends.iter().map(|end| end.spoilt).sum();
    let blocks: u64 = ends.iter().map(|end| end.blocks).sum();
    let stats = ends.each_ref().map(|end| end.receiver.stats());
    let slips = stats.map(|stats| stats.jitter.stretched + stats.jitter.shrunk);
    outcome.slips = slips.iter().sum();
    outcome.drift_ppm = stats[1].drift.map(|drift| drift.ppm);
    outcome.depth = ends.each_ref().map(|end| end.protection.depth());
    outcome.lost = 100.0 * lost as f64 / sent as f64;
    outcome.missing = 100.0 * spoilt as f64 / blocks as f64;
    outcome
}
