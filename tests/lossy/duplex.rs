//! Modems that send and receive at once (V.22, V.22bis) on two ports: the answer tone makes the ports pass data, as in a call, and
//! at each port the hybrid gives 12 dB less back of what goes to the line.

use tipring_dsp::{Chain, ChainEvent, DataTone, Law, Side};
use tipring_spandsp::{ConnectTone, ModemConnectToneTx, V22Modem};

use super::modems::{BLOCK, Bits, LEVEL, Pattern, Way, chain, pass_data, wrong};

/// When the answer tone is over, blocks: V.25 has 3.3 s of it.
const ANSWER: u64 = 330;
/// When the answering modem begins after it: 75 ms.
const BEGINS: u64 = ANSWER + 8;
/// Longer than the way, with the held buffer; blocks.
const WAY: u64 = 25;
/// When bits are sent, blocks: the handshake takes 2 s and twice the way.
const SENDS: u64 = 900;
/// As loud as 12 dB less is.
const HYBRID: f32 = 0.25;

/// What came of a call.
pub(crate) struct Call {
    /// Bits from the caller and from the one that answers.
    pub(crate) bits: [Bits; 2],
    /// The rates that they agreed on.
    pub(crate) rates: [u32; 2],
    /// The tones that each port reported.
    pub(crate) tones: [Vec<(Side, DataTone)>; 2],
}

struct End {
    law: Law,
    chain: Chain,
    modem: V22Modem,
    pattern: Pattern,
    /// What the gateway sent to the line in the last block.
    heard: [i16; BLOCK],
    tones: Vec<(Side, DataTone)>,
    got: Vec<bool>,
}

impl End {
    fn new(calls: bool, rate: u16, law: Law) -> End {
        End {
            law,
            chain: chain(law),
            modem: V22Modem::new(calls, rate, LEVEL).expect("a modem"),
            pattern: Pattern(1),
            heard: [0; BLOCK],
            tones: vec![],
            got: vec![],
        }
    }

    /// The phone side says this; what goes to the network.
    fn up(&mut self, said: &[i16; BLOCK]) -> [i16; BLOCK] {
        let mut mixed = *said;
        for (x, back) in mixed.iter_mut().zip(&self.heard) {
            *x = x.saturating_add((f32::from(*back) * HYBRID) as i16);
        }
        let (mut line, mut up) = ([0; BLOCK], [0; BLOCK]);
        self.law.encode_block(&mixed, &mut line);
        self.chain.uplink(&line, &mut up);
        up
    }

    /// The network says this; what the modem hears beside its own voice.
    fn down(&mut self, from_net: &[i16; BLOCK], said: &[i16; BLOCK]) -> [i16; BLOCK] {
        let mut line = [0; BLOCK];
        self.chain.downlink(from_net, &mut line);
        self.law.decode_block(&line, &mut self.heard);
        while let Some(event) = self.chain.next_event() {
            if let ChainEvent::DataTone { tone, from, .. } = event {
                if self.tones.is_empty() {
                    pass_data(&mut self.chain);
                }
                self.tones.push((from, tone));
            }
        }
        let mut heard = self.heard;
        for (x, own) in heard.iter_mut().zip(said) {
            *x = x.saturating_add((f32::from(*own) * HYBRID) as i16);
        }
        heard
    }
}

/// A call of two modems: ten seconds of bits both ways.
pub(crate) fn call(rate: u16, answer: ConnectTone, law: Law) -> Call {
    let sent = 10 * usize::from(rate);
    let (mut caller, mut answers) = (End::new(true, rate, law), End::new(false, rate, law));
    let mut tone = ModemConnectToneTx::new(answer).expect("a tone");
    let (mut there, mut back) = (Way::new(law), Way::new(law));
    for block in 0..SENDS + 1_150 {
        let (mut one, mut two) = ([0; BLOCK], [0; BLOCK]);
        // The caller is on the line from the begin, and silent until the other modem is heard.
        caller.modem.tx(&mut one);
        match block {
            0..ANSWER => {
                tone.process(&mut two);
            }
            ANSWER..BEGINS => {}
            _ => answers.modem.tx(&mut two),
        }
        if block == SENDS {
            for end in [&mut caller, &mut answers] {
                end.modem.take();
                end.got.clear();
                let bits: Vec<bool> = (0..sent).map(|_| end.pattern.next()).collect();
                end.modem.send(&bits);
            }
        }
        let to_answers = there.pass(block, &caller.up(&one));
        let to_caller = back.pass(block, &answers.up(&two));
        let at_caller = caller.down(&to_caller, &one);
        let at_answers = answers.down(&to_answers, &two);
        // A modem is deaf to the answer tone; the library's is not.
        if block >= BEGINS + WAY {
            caller.modem.rx(&at_caller);
            answers.modem.rx(&at_answers);
        }
        for end in [&mut caller, &mut answers] {
            end.got.extend(end.modem.take());
        }
    }
    let rates = [&caller, &answers].map(|end| end.modem.bit_rate());
    // A second of marks at most before the first bit: the way.
    let bits = [&answers, &caller].map(|end| Bits {
        sent,
        wrong: wrong(&end.got, sent, rate.into()),
    });
    Call {
        bits,
        rates,
        tones: [caller.tones, answers.tones],
    }
}
