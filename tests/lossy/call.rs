//! A fax call between two ports over a network that loses and delays packets: spandsp's fax machines, our packets,
//! jitter buffer and concealment. Virtual time, seeded.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use tipring_dsp::Law;
use tipring_proto::rtp::{
    Concealer, JitterConfig, Playout, Receiver, ReceiverConfig, Redundancy, Sender, SenderConfig,
    SenderSeed,
};
use tipring_proto::time::Time;
use tipring_proto::types::Codec;
use tipring_spandsp::{FaxSettings, FaxTerminal};
use tipring_tests::page::{Page, write_tiff};

const BLOCK: usize = 80;
const REDUNDANT: u8 = 90;
/// One way through the network without jitter, and the jitter, ms.
const DELAY_MS: f64 = 50.0;
const JITTER_MS: f64 = 20.0;
/// A call is given up after this number of seconds.
const TIME_LIMIT_S: u64 = 300;
/// Rows of the page: A4 in standard resolution.
const ROWS: usize = 1100;

/// The network, and what is done about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// Packets lost, percent.
    pub(crate) loss: f64,
    /// Earlier packets sent again with each.
    pub(crate) redundancy: u8,
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
    /// Packets on their way here, by when they come.
    coming: VecDeque<(Time, Vec<u8>)>,
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
                ssrc: 7,
            },
            SenderConfig {
                payload_type: codec.payload_type(),
                ptime_ms: 20,
                event_payload_type: None,
            },
        );
        sender.set_redundancy(Some(Redundancy {
            payload_type: REDUNDANT,
            depth: network.redundancy,
        }));
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
            coming: VecDeque::new(),
            spoilt: 0,
            blocks: 0,
        }
    }

    /// A block: what the network gave goes to the terminal, what the terminal sends goes to the network.
    fn block(&mut self, now: Time, mut emit: impl FnMut(&[u8])) {
        while self.coming.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((at, packet)) = self.coming.pop_front() {
                self.receiver.receive(at, &packet);
            }
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
        self.sender.push(&bytes, |packet| emit(packet));
    }
}

/// A call of one page, the `n`th of its kind.
pub(crate) fn call(n: u64, ecm: bool, network: Network, folder: &Path) -> Outcome {
    let page = folder.join("page.tif");
    if !page.exists() {
        write_tiff(&page, &[Page::letter(1, ROWS)]).expect("a page to send");
    }
    let got = folder.join(format!("got-{n}.tif"));
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (n + 1));
    let law = if n.is_multiple_of(2) { Law::Mu } else { Law::A };
    let settings = [FaxSettings::sender(&page), FaxSettings::receiver(&got)];
    let mut ends =
        settings.map(|settings| End::new(FaxSettings { ecm, ..settings }, law, network, &mut dice));
    let mut outcome = Outcome::default();
    let (mut sent, mut lost) = (0u64, 0u64);
    for block in 0..TIME_LIMIT_S * 100 {
        let now = Time::from_millis(block * 10);
        let [a, b] = &mut ends;
        let mut carry = |to: &mut VecDeque<(Time, Vec<u8>)>, packet: &[u8]| {
            sent += 1;
            if dice.unit() * 100.0 < network.loss {
                lost += 1;
                return;
            }
            let ms = DELAY_MS + JITTER_MS * dice.unit();
            let at = now + Duration::from_micros((ms * 1000.0) as u64);
            let place = to.iter().rposition(|(t, _)| *t <= at).map_or(0, |n| n + 1);
            to.insert(place, (at, packet.to_vec()));
        };
        a.block(now, |packet| carry(&mut b.coming, packet));
        b.block(now, |packet| carry(&mut a.coming, packet));
        if let [Some(a), Some(b)] = ends.each_ref().map(|end| end.terminal.result()) {
            outcome.passed = a.is_ok() && b.is_ok() && b.stats.pages_rx == 1;
            outcome.perfect = outcome.passed && b.stats.bad_rows == 0;
            outcome.seconds = block as f64 / 100.0;
            break;
        }
    }
    let spoilt: u64 = ends.iter().map(|end| end.spoilt).sum();
    let blocks: u64 = ends.iter().map(|end| end.blocks).sum();
    outcome.lost = 100.0 * lost as f64 / sent as f64;
    outcome.missing = 100.0 * spoilt as f64 / blocks as f64;
    outcome
}
