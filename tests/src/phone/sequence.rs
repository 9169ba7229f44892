//! A sequence of G.711 codes in which any few codes give their place, and the tracker that follows it through a call.
//!
//! The sequence is a maximal-length one over GF(256), three codes deep: all 256 codes, in every combination of three
//! but one, before it repeats after 2²⁴ − 1 samples (35 minutes). Eight codes in a row are enough to recognise it, so
//! a sample that was lost, repeated or altered on the way is counted and located.
//!
//! One code does not pass through linear samples: µ-law 0x7F, the negative zero, comes out as 0xFF.
//! It is sent all the same; coming out as 0xFF it is counted apart, as folded, and is no fault.

use std::sync::LazyLock;

/// s\[n + 3\] = TAPS\[0\] s\[n\] + TAPS\[1\] s\[n + 1\] + TAPS\[2\] s\[n + 2\] in GF(256); primitive (see the test).
const TAPS: [u8; 3] = [83, 243, 39];
/// x⁸ + x⁴ + x³ + x² + 1.
const FIELD: u16 = 0x11D;
/// Samples between the beginnings of two phones' parts of the sequence.
const LANE: u64 = 150_000;
/// Beginnings that are known.
const LANES: usize = 64;
/// Codes that make a place certain: five of them follow from the other three.
const WINDOW: usize = 8;
/// How far from where it should be the sequence is looked for.
const REACH: u64 = 100_000;
/// Places of faults that are kept; all are counted.
const KEPT: usize = 20;

static TIMES: LazyLock<[[u8; 256]; 3]> = LazyLock::new(|| TAPS.map(row));
/// For the way back: 1 / TAPS\[0\].
static OVER: LazyLock<[u8; 256]> = LazyLock::new(|| row(inverse(TAPS[0])));

/// Walking there takes long, and is done once.
static STARTS: LazyLock<[[u8; 3]; LANES]> = LazyLock::new(|| {
    let mut place = Sequence {
        codes: [1, 2, 3],
        index: 0,
    };
    std::array::from_fn(|_| {
        let codes = place.codes;
        (0..LANE).for_each(|_| place.forward());
        codes
    })
});

const fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut sum) = (a as u16, b, 0);
    while b != 0 {
        if b & 1 != 0 {
            sum ^= a;
        }
        a <<= 1;
        if a & 0x100 != 0 {
            a ^= FIELD;
        }
        b >>= 1;
    }
    sum as u8
}

fn row(factor: u8) -> [u8; 256] {
    std::array::from_fn(|x| multiply(factor, x as u8))
}

fn inverse(a: u8) -> u8 {
    (1..=255).find(|b| multiply(a, *b) == 1).unwrap_or(1)
}

fn times(tap: usize, x: u8) -> u8 {
    TIMES[tap][usize::from(x)]
}

/// What follows three codes.
fn after(s: [u8; 3]) -> u8 {
    times(0, s[0]) ^ times(1, s[1]) ^ times(2, s[2])
}

/// A place in the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The code here and the two after it.
    codes: [u8; 3],
    index: u64,
}

impl Sequence {
    /// The beginning of a phone's own part; parts are used again from `LANES` on.
    pub fn lane(lane: u16) -> Sequence {
        let codes = STARTS[usize::from(lane) % LANES];
        Sequence { codes, index: 0 }
    }

    /// The code here; goes on to the next place.
    pub fn take(&mut self) -> u8 {
        let code = self.codes[0];
        self.forward();
        code
    }

    /// Codes sent since the beginning of the lane.
    pub fn index(&self) -> u64 {
        self.index
    }

    fn forward(&mut self) {
        self.codes = [self.codes[1], self.codes[2], after(self.codes)];
        self.index = self.index.wrapping_add(1);
    }

    fn back(&mut self) {
        let [b, c, d] = self.codes;
        let a = OVER[usize::from(d ^ times(1, b) ^ times(2, c))];
        self.codes = [a, b, c];
        self.index = self.index.wrapping_sub(1);
    }
}

/// What went wrong at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The sample of the sequence (from the beginning of the talk) that should have come.
    pub index: u64,
    /// Samples of the sequence that never came (negative: came again).
    pub lost: i64,
    /// Received samples that are not of the sequence.
    pub altered: u64,
}

/// How much of a sequence arrived, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Continuity {
    /// Samples received since the sequence was first recognised.
    pub samples: u64,
    /// Of them 0x7F that came as 0xFF.
    pub folded: u64,
    /// Samples of the sequence that never came.
    pub lost: u64,
    /// Samples of the sequence that came again.
    pub repeated: u64,
    /// Received samples that are not of the sequence.
    pub altered: u64,
    /// The first faults.
    pub slips: Vec<Slip>,
    /// Received samples before the first of the sequence.
    pub silence_before: u64,
    /// The first sample of the sequence that came.
    pub first_index: u64,
    /// Samples at the end that have not been recognised again.
    pub unrecognised: u64,
}

impl Continuity {
    /// Every sample came once, in order and unaltered.
    pub fn is_whole(&self) -> bool {
        self.lost == 0 && self.repeated == 0 && self.altered == 0 && self.unrecognised == 0
    }
}

impl std::fmt::Display for Continuity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} samples: {} lost, {} repeated, {} altered",
            self.samples, self.lost, self.repeated, self.altered
        )?;
        if self.unrecognised > 0 {
            write!(f, ", the last {} not of the sequence", self.unrecognised)?;
        }
        for s in self.slips.iter().take(5) {
            write!(
                f,
                "; at {}: {} lost, {} altered",
                s.index, s.lost, s.altered
            )?;
        }
        Ok(())
    }
}

#[derive(Debug)]
enum Lock {
    /// Nothing recognised yet.
    Seeking,
    /// This comes next.
    InStep(Sequence),
    /// This should have come; what came since.
    Lost(Sequence, Vec<u8>),
}

/// Follows a phone's sequence in what another phone hears.
#[derive(Debug)]
pub struct Tracker {
    start: Sequence,
    lock: Lock,
    window: [u8; WINDOW],
    heard: u64,
    so_far: Continuity,
}

impl Tracker {
    /// Follows what the phone of this lane talks.
    pub fn new(lane: u16) -> Tracker {
        Tracker {
            start: Sequence::lane(lane),
            lock: Lock::Seeking,
            window: [0; WINDOW],
            heard: 0,
            so_far: Continuity::default(),
        }
    }

    /// What came so far.
    pub fn report(&self) -> Continuity {
        let mut report = self.so_far.clone();
        if let Lock::Lost(_, since) = &self.lock {
            report.unrecognised = since.len() as u64;
        }
        report
    }

    /// Hears more.
    pub fn hear(&mut self, codes: &[u8]) {
        for &code in codes {
            self.heard += 1;
            match &mut self.lock {
                Lock::Seeking => {
                    self.window.rotate_left(1);
                    self.window[WINDOW - 1] = code;
                    if !certain(&self.window) {
                        continue;
                    }
                    if let Some(found) = recognise(&self.window, self.start) {
                        self.so_far.first_index = found.index.wrapping_sub(WINDOW as u64);
                        self.so_far.silence_before = self.heard - WINDOW as u64;
                        self.so_far.samples = WINDOW as u64;
                        self.lock = Lock::InStep(found);
                    }
                }
                Lock::InStep(next) => {
                    self.so_far.samples += 1;
                    let here = *next;
                    match (next.take(), code) {
                        (wanted, code) if wanted == code => {}
                        (0x7F, 0xFF) => self.so_far.folded += 1,
                        _ => self.lock = Lock::Lost(here, vec![code]),
                    }
                }
                Lock::Lost(from, since) => {
                    self.so_far.samples += 1;
                    since.push(code);
                    let Some(window) = since.last_chunk::<WINDOW>().filter(|w| certain(w)) else {
                        continue;
                    };
                    let mut level = *from;
                    for _ in 0..since.len() - WINDOW {
                        level.forward();
                    }
                    let from = *from;
                    if let Some(found) = recognise(window, level) {
                        let slip = judge(from, since, found);
                        self.so_far.altered += slip.altered;
                        self.so_far.lost += slip.lost.max(0).unsigned_abs();
                        self.so_far.repeated += slip.lost.min(0).unsigned_abs();
                        if self.so_far.slips.len() < KEPT {
                            self.so_far.slips.push(slip);
                        }
                        self.lock = Lock::InStep(found);
                    }
                }
            }
        }
    }
}

/// Are these codes of the sequence, wherever?
fn certain(window: &[u8; WINDOW]) -> bool {
    // 0xFF may have been 0x7F, and proves nothing; the rest must follow from each other.
    let follows = |w: &[u8]| matches!(w, [a, b, c, d] if after([*a, *b, *c]) == *d);
    !window.contains(&0xFF) && window.iter().any(|c| *c != 0) && window.windows(4).all(follows)
}

/// Looks for these codes in the sequence around `level`; answers what comes after them.
fn recognise(window: &[u8; WINDOW], level: Sequence) -> Option<Sequence> {
    let codes = [window[0], window[1], window[2]];
    let (mut ahead, mut behind) = (level, level);
    for _ in 0..=REACH {
        let found = [ahead, behind].into_iter().find(|s| s.codes == codes);
        if let Some(mut found) = found {
            for _ in 0..WINDOW {
                found.forward();
            }
            return Some(found);
        }
        ahead.forward();
        behind.back();
    }
    None
}

/// `since` came instead of what `from` says; its end is of the sequence again, which goes on at `found`.
fn judge(from: Sequence, since: &[u8], found: Sequence) -> Slip {
    let came = since.len() as u64;
    let lost = found.index.wrapping_sub(from.index + came).cast_signed();
    let mut altered = 0;
    if lost == 0 {
        // In place: only what differs is altered.
        let mut place = from;
        for &code in since {
            let wanted = place.take();
            altered += u64::from(wanted != code && (wanted, code) != (0x7F, 0xFF));
        }
    } else {
        // Backwards from the end, for as long as it is the sequence.
        let mut place = found;
        let of_it = since.iter().rev().take_while(|&&code| {
            place.back();
            place.codes[0] == code || (place.codes[0], code) == (0x7F, 0xFF)
        });
        altered = came - of_it.count() as u64;
    }
    Slip {
        index: from.index,
        lost,
        altered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(n: usize) -> Vec<u8> {
        let mut s = Sequence::lane(0);
        (0..n).map(|_| s.take()).collect()
    }

    fn heard(codes: &[u8]) -> Continuity {
        let mut tracker = Tracker::new(0);
        for part in codes.chunks(160) {
            tracker.hear(part);
        }
        tracker.report()
    }

    /// Lost, repeated, altered.
    fn faults(c: &Continuity) -> (u64, u64, u64) {
        (c.lost, c.repeated, c.altered)
    }

    #[test]
    fn the_sequence_has_every_code_and_repeats_after_16_million_samples() {
        let start = Sequence::lane(0);
        let mut place = start;
        let mut counts = [0u32; 256];
        for n in 1..1u32 << 24 {
            counts[usize::from(place.take())] += 1;
            let home = place.codes == start.codes;
            assert_eq!(home, n == (1 << 24) - 1, "after {n}");
        }
        assert_eq!(counts.iter().min(), Some(&65_535));
        assert_eq!(counts.iter().max(), Some(&65_536));
    }

    #[test]
    fn going_back_undoes_going_on() {
        let start = Sequence::lane(1);
        let mut place = start;
        (0..1000).for_each(|_| place.forward());
        (0..1000).for_each(|_| place.back());
        assert_eq!(place, start);
    }

    #[test]
    fn a_whole_talk_is_whole_and_its_silence_before_is_counted() {
        let mut codes = vec![0xFF; 333];
        codes.extend(talk(20_000));
        let c = heard(&codes);
        assert!(c.is_whole());
        assert_eq!(
            (c.silence_before, c.first_index, c.samples),
            (333, 0, 20_000)
        );
    }

    #[test]
    fn negative_zero_made_positive_is_folded_and_no_fault() {
        let codes: Vec<u8> = talk(60_000)
            .into_iter()
            .map(|c| if c == 0x7F { 0xFF } else { c })
            .collect();
        let c = heard(&codes);
        assert!(c.is_whole());
        assert!(c.folded > 150, "{}", c.folded);
    }

    #[test]
    fn what_is_lost_repeated_and_altered_is_counted_and_located() {
        let whole = talk(10_000);
        let mut lost = whole.clone();
        lost.drain(5000..5080);
        assert_eq!(faults(&heard(&lost)), (80, 0, 0));
        assert_eq!(heard(&lost).slips[0].index, 5000);

        let mut repeated = whole.clone();
        repeated.splice(5000..5000, whole[4920..5000].to_vec());
        assert_eq!(faults(&heard(&repeated)), (0, 80, 0));

        let mut altered = whole.clone();
        altered[5000] ^= 0x01;
        altered[5003] ^= 0x80;
        assert_eq!(faults(&heard(&altered)), (0, 0, 2));

        let mut concealed = whole.clone();
        concealed[5000..5160].fill(0xFF);
        assert_eq!(faults(&heard(&concealed)), (0, 0, 160));

        let mut inserted = whole;
        inserted.splice(5000..5000, vec![0x55; 7]);
        assert_eq!(faults(&heard(&inserted)), (0, 7, 7));
    }

    #[test]
    fn a_talk_that_ends_is_unrecognised() {
        let mut codes = talk(4000);
        codes.extend([0xFF; 400]);
        let c = heard(&codes);
        assert_eq!(c.unrecognised, 400);
        assert!(!c.is_whole());
    }
}
