//! Tones of the gateway itself: dial tone, busy, ringback and their cadences, as programs of segments.
//!
//! A [`ToneProgram`] is a plain `Copy` value that whoever knows the country makes and checks; the generator in
//! the chain plays it without allocating. Owns waveforms and timing; leaves which tone means what to others.

mod generator;

use tipring_types::TenthDbm0;

pub(crate) use generator::{ToneGenerator, to_pcm};

/// Frequencies summed in a segment at most.
pub const MAX_TONES: usize = 4;
/// Segments of a program at most.
pub const MAX_SEGMENTS: usize = 12;
/// As [`ToneSegment`] on time: until stopped.
pub const FOREVER: u16 = u16::MAX;

/// One sine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tone {
    /// Frequency in tenths of a Hz, below 4000 Hz.
    pub hz_tenths: u16,
    /// Level in tenths of a dBm0.
    pub level: TenthDbm0,
}

impl Tone {
    /// A tone of whole Hz.
    pub const fn new(hz: u16, tenth_dbm0: i16) -> Tone {
        Tone {
            hz_tenths: hz.saturating_mul(10),
            level: TenthDbm0(tenth_dbm0),
        }
    }
}

/// Amplitude modulation of a segment by a sine: the tones are the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Modulation {
    /// Modulating frequency in tenths of a Hz.
    pub hz_tenths: u16,
    /// Depth, 0 to 100 %.
    pub depth_percent: u8,
}

/// Tones together for a time, then silence for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ToneSegment {
    tones: [Option<Tone>; MAX_TONES],
    modulation: Option<Modulation>,
    on_ms: u16,
    off_ms: u16,
}

/// Why a tone program was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToneError {
    /// More frequencies than a segment has room for.
    #[error("{0} frequencies in one segment; at most {MAX_TONES} can sound together")]
    TooManyTones(usize),
    /// More segments than a program has room for.
    #[error("{0} segments in one tone; at most {MAX_SEGMENTS} are possible")]
    TooManySegments(usize),
    /// No segment at all.
    #[error("a tone without segments; give at least one")]
    Empty,
    /// A segment that lasts 0 ms would be repeated without end.
    #[error("segment {0} lasts 0 ms; give it an on or off time")]
    NoDuration(usize),
    /// Not between 1 and 3999 Hz.
    #[error("frequency {0}.{1} Hz cannot be sent; take one from 1 to 3999 Hz")]
    Frequency(u16, u16),
    /// Louder than full scale or quieter than -60 dBm0.
    #[error("level {0} cannot be sent; take -60 to +3.1 dBm0")]
    Level(TenthDbm0),
    /// More than 100 %.
    #[error("modulation depth {0} % is more than 100 %")]
    Depth(u8),
    /// Repetition from a segment that is not there.
    #[error("repetition from segment {from}, but there are only {len} segments (counted from 0)")]
    RepeatFrom {
        /// Where it should go on.
        from: usize,
        /// Segments there are.
        len: usize,
    },
}

impl ToneSegment {
    /// Tones for `on_ms` ([`FOREVER`]: until stopped), then silence for `off_ms`. No tones: silence for the sum.
    pub fn new(tones: &[Tone], on_ms: u16, off_ms: u16) -> Result<ToneSegment, ToneError> {
        if tones.len() > MAX_TONES {
            return Err(ToneError::TooManyTones(tones.len()));
        }
        let mut places = [None; MAX_TONES];
        for (place, tone) in places.iter_mut().zip(tones) {
            if !(10..40_000).contains(&tone.hz_tenths) {
                return Err(ToneError::Frequency(
                    tone.hz_tenths / 10,
                    tone.hz_tenths % 10,
                ));
            }
            if !(-600..=31).contains(&tone.level.0) {
                return Err(ToneError::Level(tone.level));
            }
            *place = Some(*tone);
        }
        Ok(ToneSegment {
            tones: places,
            modulation: None,
            on_ms,
            off_ms,
        })
    }

    /// The same, amplitude modulated.
    pub fn modulated(self, modulation: Modulation) -> Result<ToneSegment, ToneError> {
        if modulation.depth_percent > 100 {
            return Err(ToneError::Depth(modulation.depth_percent));
        }
        if !(1..40_000).contains(&modulation.hz_tenths) {
            return Err(ToneError::Frequency(
                modulation.hz_tenths / 10,
                modulation.hz_tenths % 10,
            ));
        }
        Ok(ToneSegment {
            modulation: Some(modulation),
            ..self
        })
    }

    const SILENCE: ToneSegment = ToneSegment {
        tones: [None; MAX_TONES],
        modulation: None,
        on_ms: 0,
        off_ms: 0,
    };
}

/// What happens to the far end's voice while a program plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// The line hears the program alone, silence in its pauses (dial tone, busy …).
    Replace,
    /// The program is added to the voice (call waiting).
    Mix,
}

/// A tone with its cadence.
///
/// ```
/// use tipring_dsp::{Tone, ToneProgram};
/// // Dial tone of the US: 350 and 440 Hz at -13 dBm0 each, until stopped.
/// let dial = ToneProgram::continuous(&[Tone::new(350, -130), Tone::new(440, -130)]).unwrap();
/// assert_eq!(dial.duration_ms(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ToneProgram {
    segments: [ToneSegment; MAX_SEGMENTS],
    len: u8,
    repeat_from: Option<u8>,
    over: Over,
}

impl ToneProgram {
    /// A tone without cadence, until stopped, instead of the voice.
    pub fn continuous(tones: &[Tone]) -> Result<ToneProgram, ToneError> {
        ToneProgram::cadence(&[ToneSegment::new(tones, FOREVER, 0)?], None)
    }

    /// Segments one after the other; at the end again from segment `repeat_from` (counted from 0), or over.
    pub fn cadence(
        segments: &[ToneSegment],
        repeat_from: Option<usize>,
    ) -> Result<ToneProgram, ToneError> {
        if segments.is_empty() {
            return Err(ToneError::Empty);
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(ToneError::TooManySegments(segments.len()));
        }
        if let Some(at) = segments.iter().position(|s| s.on_ms == 0 && s.off_ms == 0) {
            return Err(ToneError::NoDuration(at));
        }
        if let Some(from) = repeat_from.filter(|from| *from >= segments.len()) {
            return Err(ToneError::RepeatFrom {
                from,
                len: segments.len(),
            });
        }
        let mut places = [ToneSegment::SILENCE; MAX_SEGMENTS];
        for (place, segment) in places.iter_mut().zip(segments) {
            *place = *segment;
        }
        Ok(ToneProgram {
            segments: places,
            // Both are below MAX_SEGMENTS + 1.
            len: segments.len() as u8,
            repeat_from: repeat_from.map(|from| from as u8),
            over: Over::Replace,
        })
    }

    /// The same, added to the voice or instead of it.
    pub fn over(self, over: Over) -> ToneProgram {
        ToneProgram { over, ..self }
    }

    /// The dual tone that alerts a telephone to caller ID: 2130 + 2750 Hz at -15 dBm0 each.
    ///
    /// 80 ms for the CAS of GR-30 (off hook), 100 ms for the DT-AS of ETS 300 659 and BT SIN 227.
    pub fn caller_id_alert(on_ms: u16) -> ToneProgram {
        ToneProgram::alert(on_ms, 0)
    }

    /// The alert and silence after it.
    pub(crate) fn alert(on_ms: u16, off_ms: u16) -> ToneProgram {
        let mut segment = ToneSegment::SILENCE;
        segment.tones[0] = Some(Tone::new(2130, -150));
        segment.tones[1] = Some(Tone::new(2750, -150));
        segment.on_ms = on_ms.max(1);
        segment.off_ms = off_ms;
        let mut segments = [ToneSegment::SILENCE; MAX_SEGMENTS];
        segments[0] = segment;
        ToneProgram {
            segments,
            len: 1,
            repeat_from: None,
            over: Over::Replace,
        }
    }

    /// How long it plays; none when it repeats or goes on until stopped.
    pub fn duration_ms(&self) -> Option<u32> {
        if self.repeat_from.is_some() {
            return None;
        }
        let mut sum = 0;
        for segment in self.segments.iter().take(usize::from(self.len)) {
            if segment.on_ms == FOREVER {
                return None;
            }
            sum += u32::from(segment.on_ms) + u32::from(segment.off_ms);
        }
        Some(sum)
    }

    pub(crate) fn is_mixed(&self) -> bool {
        self.over == Over::Mix
    }
}

/// The two frequencies of a DTMF key (ITU-T Q.23), low then high; none for what is not a key.
pub fn dtmf_frequencies(digit: u8) -> Option<(u16, u16)> {
    let (row, column) = match digit {
        b'1' => (697, 1209),
        b'2' => (697, 1336),
        b'3' => (697, 1477),
        b'A' | b'a' => (697, 1633),
        b'4' => (770, 1209),
        b'5' => (770, 1336),
        b'6' => (770, 1477),
        b'B' | b'b' => (770, 1633),
        b'7' => (852, 1209),
        b'8' => (852, 1336),
        b'9' => (852, 1477),
        b'C' | b'c' => (852, 1633),
        b'*' => (941, 1209),
        b'0' => (941, 1336),
        b'#' => (941, 1477),
        b'D' | b'd' => (941, 1633),
        _ => return None,
    };
    Some((row, column))
}

/// The tone of a DTMF key until stopped, the high frequency 2 dB louder, -6 dBm0 together.
pub(crate) fn dtmf_program(digit: u8) -> Option<ToneProgram> {
    let (low, high) = dtmf_frequencies(digit)?;
    // -10 dBm0 and -8 dBm0 sum to -5.9 dBm0.
    ToneProgram::continuous(&[Tone::new(low, -100), Tone::new(high, -80)]).ok()
}

#[cfg(test)]
mod tests;
