//! A fax machine that follows a script, whatever the other one says: its signals are WAV files that a simulated phone
//! plays.

use std::path::{Path, PathBuf};

use tipring_ctl::request::{SimAction, SimCondition};
use tipring_spandsp::{ConnectTone, ModemConnectToneTx, V21Tx};
use tipring_tests::set::Set;
use tipring_tests::wav;

use crate::house::PROMPT;

/// What a fax machine sends at, dBm0.
pub(crate) const LEVEL: f32 = -14.0;
/// Flags before the first frame, and after the last.
const PREAMBLE: usize = 40;
const AFTER: usize = 4;

// Octets of frames, the bit that is sent first lowest. The called machine's; those of the calling one have bit 0 set.
pub(crate) const DTC: &[u8] = &[0x81, 0x00, 0x4E, 0x70];
pub(crate) const CFR: &[u8] = &[0x84];
pub(crate) const FTT: &[u8] = &[0x44];
pub(crate) const RTN: &[u8] = &[0x4C];
pub(crate) const RNR: &[u8] = &[0xEC];
pub(crate) const DCN: &[u8] = &[0xFA];
pub(crate) const CALLERS_DCN: &[u8] = &[0xFB];
pub(crate) const FNV: &[u8] = &[0xCA, 0x01];
/// All frames of a part again.
pub(crate) const PPR: &[u8] = &[0xBC; 33];

/// What a called machine can: 14,400 bit/s, fine.
pub(crate) fn dis(ecm: bool) -> Vec<u8> {
    let octets: &[u8] = match ecm {
        true => &[0x80, 0x00, 0x6E, 0xF0, 0x04],
        false => &[0x80, 0x00, 0x6E, 0x70],
    };
    octets.to_vec()
}

/// One that has paper for nobody.
pub(crate) const CANNOT_RECEIVE: &[u8] = &[0x80, 0x00, 0x6C, 0x70];

/// Something to play.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sound(Vec<i16>);

impl Sound {
    pub(crate) fn silence(mut self, ms: usize) -> Sound {
        self.0.resize(self.0.len() + ms * 8, 0);
        self
    }

    /// A tone of modems of this length, from its first silence on.
    pub(crate) fn tone(mut self, tone: ConnectTone, ms: usize) -> Sound {
        let mut samples = vec![0; ms * 8];
        ModemConnectToneTx::new(tone)
            .expect("a tone")
            .process(&mut samples);
        self.0.extend(samples);
        self
    }

    /// Frames of 300 bit/s in one signal, at this level.
    pub(crate) fn frames_at(mut self, dbm0: f32, frames: &[&[u8]]) -> Sound {
        let mut bits = framed(frames, true).into_iter();
        self.modulate(dbm0, &mut bits);
        self
    }

    pub(crate) fn frames(self, frames: &[&[u8]]) -> Sound {
        self.frames_at(LEVEL, frames)
    }

    /// Frames whose check is wrong.
    pub(crate) fn damaged(mut self, frames: &[&[u8]]) -> Sound {
        let mut bits = framed(frames, false).into_iter();
        self.modulate(LEVEL, &mut bits);
        self
    }

    fn modulate(&mut self, dbm0: f32, bits: &mut dyn Iterator<Item = bool>) {
        let mut modem = V21Tx::new(dbm0).expect("a modem");
        let mut bits = bits.peekable();
        while bits.peek().is_some() {
            let mut block = [0; 80];
            modem.process(&mut block, &mut || bits.next());
            self.0.extend(block);
        }
        // What is still in the modem.
        self.0.resize(self.0.len() + 160, 0);
    }
}

/// The bits of frames with flags, address, control and check.
fn framed(frames: &[&[u8]], intact: bool) -> Vec<bool> {
    let octets = |octet: &u8| (0..8).map(|n| octet >> n & 1 == 1).collect::<Vec<bool>>();
    let flag = octets(&0x7E);
    let mut bits = flag.repeat(PREAMBLE);
    for (n, frame) in frames.iter().enumerate() {
        let control = if n + 1 == frames.len() { 0x13 } else { 0x03 };
        let mut body = vec![0xFF, control];
        body.extend(*frame);
        let check = !check(&body) ^ u16::from(!intact);
        body.extend(check.to_le_bytes());
        let mut ones = 0;
        for bit in body.iter().flat_map(octets) {
            bits.push(bit);
            ones = if bit { ones + 1 } else { 0 };
            if ones == 5 {
                bits.push(false);
                ones = 0;
            }
        }
        bits.extend(&flag);
    }
    bits.extend(flag.repeat(AFTER));
    bits
}

/// The check sequence of HDLC before it is inverted.
fn check(octets: &[u8]) -> u16 {
    octets.iter().fold(0xFFFF, |check, octet| {
        (0..8).fold(check ^ u16::from(*octet), |check, _| match check & 1 {
            1 => check >> 1 ^ 0x8408,
            _ => check >> 1,
        })
    })
}

/// A phone at a port that plays machine.
pub(crate) struct Machine {
    pub(crate) set: Set,
    folder: PathBuf,
    said: usize,
}

impl Machine {
    pub(crate) fn new(set: Set, folder: &Path) -> Machine {
        Machine {
            set,
            folder: folder.to_owned(),
            said: 0,
        }
    }

    /// Plays this to its end.
    pub(crate) fn say(&mut self, sound: &Sound) -> Result<(), String> {
        self.said += 1;
        let name = format!("said-{}-{}.wav", self.set.port(), self.said);
        let file = self.folder.join(name);
        wav::write(&file, &sound.0)?;
        let seconds = 10 + sound.0.len() as u64 / u64::from(wav::RATE);
        let play = SimAction::Play {
            wav: file,
            looped: false,
        };
        self.set.act(play, PROMPT)?;
        self.set.wait(SimCondition::PlayDone, seconds).map(drop)
    }

    /// An answer after the other machine has said something and fallen silent.
    pub(crate) fn reply(&mut self, frame: &[u8]) -> Result<(), String> {
        self.listen(60)?;
        self.say(&Sound::default().frames(&[frame]))
    }

    /// Until the other one has said something and is silent.
    pub(crate) fn listen(&mut self, within_s: u64) -> Result<(), String> {
        let hz = vec![];
        self.set.wait(SimCondition::Tone { hz }, within_s)?;
        self.set.wait(SimCondition::Silence, within_s).map(drop)
    }
}
