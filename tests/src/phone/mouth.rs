//! What a phone sends, code by code.

use std::f64::consts::TAU;

use tipring_dsp::Law;
use tipring_dsp::level::sine_peak;
use tipring_spandsp::DtmfTx;

use super::sequence::Sequence;

/// µ-law silence.
pub(super) const SILENCE: u8 = 0xFF;
const LAW: Law = Law::Mu;

/// How a phone sends DTMF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DtmfStyle {
    /// Length of a digit.
    pub on_ms: u32,
    /// Pause after it.
    pub off_ms: u32,
    /// Level of the low tone.
    pub low_dbm0: i32,
    /// How much louder the high tone is.
    pub twist_db: i32,
}

impl Default for DtmfStyle {
    fn default() -> DtmfStyle {
        DtmfStyle {
            on_ms: 80,
            off_ms: 80,
            low_dbm0: -9,
            twist_db: 2,
        }
    }
}

/// How a phone pulses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulseStyle {
    /// Loop open.
    pub break_ms: u64,
    /// Loop closed between pulses.
    pub make_ms: u64,
    /// Loop closed between digits.
    pub between_ms: u64,
}

impl Default for PulseStyle {
    fn default() -> PulseStyle {
        PulseStyle {
            break_ms: 60,
            make_ms: 40,
            between_ms: 800,
        }
    }
}

/// What a phone sends.
pub(super) enum Mouth {
    Closed,
    Sequence(Sequence),
    Tone {
        step: f64,
        phase: f64,
        peak: f64,
    },
    /// DTMF; closes by itself.
    Digits(Box<DtmfTx>),
    /// Codes; closes by itself.
    Codes(Vec<u8>, usize),
}

impl Mouth {
    pub(super) fn tone(hz: f64, dbm0: f64) -> Mouth {
        Mouth::Tone {
            step: TAU * hz / 8000.0,
            phase: 0.0,
            peak: sine_peak(dbm0),
        }
    }

    pub(super) fn digits(digits: &str, style: DtmfStyle) -> Result<Mouth, String> {
        let mut sender = DtmfTx::new().map_err(|e| e.to_string())?;
        sender.set_timing(style.on_ms, style.off_ms);
        sender.set_level(style.low_dbm0, style.twist_db);
        sender.put(digits).map_err(|e| e.to_string())?;
        Ok(Mouth::Digits(Box::new(sender)))
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Mouth::Closed)
    }

    /// Fills `out`. Whatever ends by itself is followed by silence, and leaves the mouth closed.
    pub(super) fn say(&mut self, out: &mut [u8]) {
        match self {
            Mouth::Closed => out.fill(SILENCE),
            Mouth::Sequence(place) => out.iter_mut().for_each(|code| *code = place.take()),
            Mouth::Tone { step, phase, peak } => {
                for code in out {
                    *code = LAW.encode((*peak * phase.sin()) as i16);
                    *phase = (*phase + *step) % TAU;
                }
            }
            Mouth::Digits(sender) => {
                let mut samples = vec![0i16; out.len()];
                sender.process(&mut samples);
                LAW.encode_block(&samples, out);
                if sender.is_idle() {
                    *self = Mouth::Closed;
                }
            }
            Mouth::Codes(codes, next) => {
                let left = codes.get(*next..).unwrap_or_default();
                let n = left.len().min(out.len());
                out[..n].copy_from_slice(&left[..n]);
                out[n..].fill(SILENCE);
                *next += n;
                if *next >= codes.len() {
                    *self = Mouth::Closed;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_end_by_themselves() {
        let mut mouth = Mouth::digits("15", DtmfStyle::default()).unwrap();
        let mut said = vec![];
        while !mouth.is_closed() {
            let mut block = [0; 160];
            mouth.say(&mut block);
            said.extend(block);
            assert!(said.len() < 8000);
        }
        // Two digits of 80 ms with their pauses, and less than a block to notice.
        assert!((2560..=2880).contains(&said.len()), "{}", said.len());
    }

    #[test]
    fn codes_are_sent_once() {
        let mut mouth = Mouth::Codes(vec![1, 2, 3], 0);
        let mut block = [0; 5];
        mouth.say(&mut block);
        assert_eq!(block, [1, 2, 3, SILENCE, SILENCE]);
        assert!(mouth.is_closed());
    }
}
