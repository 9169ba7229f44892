//! Data modems through pass-through: libspandsp's transmitters and receivers, our chains, packets, jitter buffer and concealment.
//! Virtual time, seeded, nothing lost.

use std::collections::VecDeque;
use std::time::Duration;

use tipring_dsp::{CancellerConfig, Chain, ChainCommand, ChainConfig, Law, LineEchoCanceller};
use tipring_proto::rtp::{
    Concealer, JitterConfig, Playout, Receiver, ReceiverConfig, Sender, SenderConfig, SenderSeed,
};
use tipring_proto::time::Time;
use tipring_spandsp::{FastModem, FastRx, FastTx, Heard, V17Rate, V21Rx, V21Tx};

pub(crate) const BLOCK: usize = 80;
/// What a modem sends at, dBm0.
pub(crate) const LEVEL: f32 = -13.0;

/// A modem.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Modem {
    V21,
    Fast(FastModem),
}

pub(crate) const MODEMS: [(&str, Modem, usize); 5] = [
    ("V.21, 300 bit/s", Modem::V21, 300),
    (
        "V.27ter, 4800 bit/s",
        Modem::Fast(FastModem::V27ter4800),
        4_800,
    ),
    ("V.29, 9600 bit/s", Modem::Fast(FastModem::V29At9600), 9_600),
    (
        "V.17, 9600 bit/s",
        Modem::Fast(FastModem::V17 {
            rate: V17Rate::R9600,
            short: false,
        }),
        9_600,
    ),
    (
        "V.17, 14,400 bit/s",
        Modem::Fast(FastModem::V17 {
            rate: V17Rate::R14400,
            short: false,
        }),
        14_400,
    ),
];

/// What came of ten seconds of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) sent: usize,
    /// Of them, wrong or missing.
    pub(crate) wrong: usize,
}

/// Pseudo-random bits, the same at both ends (x^23 + x^18 + 1).
pub(crate) struct Pattern(pub(crate) u32);

impl Pattern {
    pub(crate) fn next(&mut self) -> bool {
        let bit = (self.0 >> 22 ^ self.0 >> 17) & 1;
        self.0 = self.0 << 1 | bit;
        bit == 1
    }
}

pub(crate) fn chain(law: Law) -> Chain {
    let canceller = LineEchoCanceller::new(CancellerConfig {
        nlp: false,
        takes_turns: true,
        ..CancellerConfig::default()
    });
    let config = ChainConfig::new(law, BLOCK);
    let mut chain = Chain::with_echo_canceller(&config, Box::new(canceller)).expect("a chain");
    chain.command(ChainCommand::OffHook(true));
    chain
}

/// Data passes from now on.
pub(crate) fn pass_data(chain: &mut Chain) {
    chain.command(ChainCommand::PassThrough {
        on: true,
        silence_ms: 10_000,
    });
}

fn data_chain(law: Law) -> Chain {
    let mut chain = chain(law);
    pass_data(&mut chain);
    chain
}

/// The packets of one direction; they take 50 to 70 ms, and none is lost.
pub(crate) struct Way {
    law: Law,
    sender: Sender,
    receiver: Receiver,
    concealer: Concealer,
    coming: VecDeque<(Time, Vec<u8>)>,
}

impl Way {
    pub(crate) fn new(law: Law) -> Way {
        let mut receiver = Receiver::new(ReceiverConfig {
            jitter: JitterConfig {
                block: BLOCK as u16,
                min_ms: 0,
                max_ms: 200,
                held_ms: 100,
            },
            event_payload_type: None,
            redundancy_payload_type: Some(90),
        });
        receiver.hold(true);
        let mut concealer = Concealer::new();
        concealer.for_machine(true);
        Way {
            law,
            sender: Sender::new(
                SenderSeed {
                    sequence: 7,
                    timestamp: 7_000,
                    ssrc: 7,
                },
                SenderConfig {
                    payload_type: if law == Law::Mu { 0 } else { 8 },
                    ptime_ms: 20,
                    event_payload_type: None,
                },
            ),
            receiver,
            concealer,
            coming: VecDeque::new(),
        }
    }

    /// A block goes in at one end, and one comes out at the other.
    pub(crate) fn pass(&mut self, block: u64, up: &[i16; BLOCK]) -> [i16; BLOCK] {
        let now = Time::from_millis(block * 10);
        let mut line = [0; BLOCK];
        self.law.encode_block(up, &mut line);
        let coming = &mut self.coming;
        self.sender.push(&line, |packet| {
            let at = now + Duration::from_millis(50 + block * 7 % 20);
            coming.push_back((at, packet.to_vec()));
        });
        while self.coming.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, packet)) = self.coming.pop_front() {
                self.receiver.receive(now, &packet);
            }
        }
        let mut down = [0; BLOCK];
        match self.receiver.play(now, &mut line) {
            Playout::Samples(_) => {
                self.law.decode_block(&line, &mut down);
                self.concealer.good(&mut down);
            }
            Playout::Conceal => self.concealer.conceal(&mut down),
            Playout::Silence | Playout::Comfort { .. } => self.concealer.silence(&mut down),
        }
        down
    }
}

/// Ten seconds from one port to the other, after a second of silence.
pub(crate) fn carry(modem: Modem, rate: usize, law: Law) -> Bits {
    let sent = 10 * rate;
    let mut v21 = V21Tx::new(LEVEL).expect("a modem");
    let mut fast = FastTx::new(LEVEL).expect("a modem");
    let mut v21_rx = V21Rx::new(-44.5).expect("a modem");
    let mut fast_rx = FastRx::new(FastModem::V29At9600).expect("a modem");
    if let Modem::Fast(kind) = modem {
        fast.restart(kind, false);
        fast_rx.restart(kind);
    }
    let (mut from, mut to, mut way) = (data_chain(law), data_chain(law), Way::new(law));
    let (mut pattern, mut given) = (Pattern(1), 0);
    let mut got: Vec<bool> = vec![];
    for block in 0..1_400u64 {
        let mut said = [0; BLOCK];
        if block >= 100 {
            let mut bits = || {
                given += 1;
                (given <= sent).then(|| pattern.next())
            };
            match modem {
                Modem::V21 => v21.process(&mut said, &mut bits),
                Modem::Fast(_) => fast.process(&mut said, &mut bits),
            };
        }
        let (mut line, mut up) = ([0; BLOCK], [0; BLOCK]);
        law.encode_block(&said, &mut line);
        from.uplink(&line, &mut up);
        from.downlink(&[0; BLOCK], &mut line);
        let mut down = way.pass(block, &up);
        to.uplink(&[law.silence(); BLOCK], &mut up);
        to.downlink(&down, &mut line);
        law.decode_block(&line, &mut down);
        let mut heard = |item| {
            if let Heard::Bit(bit) = item {
                got.push(bit);
            }
        };
        match modem {
            Modem::V21 => v21_rx.process(&down, &mut heard),
            Modem::Fast(_) => fast_rx.process(&down, &mut heard),
        }
    }
    Bits {
        sent,
        wrong: wrong(&got, sent, 400),
    }
}

/// Bits that differ where the pattern fits best: a receiver has some before the first, `most` at most.
pub(crate) fn wrong(got: &[bool], sent: usize, most: usize) -> usize {
    let mut pattern = Pattern(1);
    let wanted: Vec<bool> = (0..sent).map(|_| pattern.next()).collect();
    let at = |skip: usize| {
        let pairs = got.iter().skip(skip).zip(&wanted);
        let same = pairs.filter(|(got, wanted)| got == wanted).count();
        sent - same
    };
    (0..most).map(at).min().unwrap_or(sent)
}
