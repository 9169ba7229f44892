//! The receivers of pages, and several tries at the short training of V.17 and at the training of V.29.
//!
//! The library's receiver takes its first guess of the symbol clock from the sample at which the signal passes its
//! cutoff; the short training is too short to mend a bad guess, and a third of them fail, by level and by how the other
//! transmitter begins. So the samples are kept from that one on, and when a training fails or ends with symbols far from
//! their places, it is tried again on the same samples with another beginning, faster than they came. What came in the
//! meantime follows. The training of V.29 has the same trouble, less often (3 of 100 at 7200 bit/s): it succeeds, and no frame
//! after it is right.

use tipring_spandsp::{Error, FastModem, FastRx, Heard};

/// Samples later than the first try at which the next ones begin: parts of a symbol (3 1/3 samples) that lie far from
/// each other.
const TRIES: [usize; 5] = [0, 5, 2, 7, 3];
/// A mean square distance of the symbols of V.17 that is good enough; bits are wrong from 0.3 on.
const GOOD: f32 = 0.25;
/// Of V.29: 0.003 to 0.04 as a rule, more on a very quiet line; bits are wrong from 0.13 on.
const GOOD_V29: f32 = 0.06;
/// Samples kept: a training takes 2030 at most (V.29), and 80 come while 640 are tried again.
const KEPT: usize = 5000;
/// Samples taken of what is kept for each that comes.
const SPEED: usize = 8;
/// Samples taken at once.
const CHUNK: usize = 80;
/// What passes the cutoff at a known sample.
const IMPULSE: i16 = 3000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Samples go to the receiver: of a modem that is not tried again, and of one that is when it is trained or given up.
    Plain,
    /// No signal as yet.
    Waiting,
    Trying,
}

/// A receiver of pages.
pub(super) struct FastLine {
    rx: FastRx,
    mode: Mode,
    kept: Box<[i16; KEPT]>,
    len: usize,
    next: usize,
    tries: usize,
    /// The best try so far, its distance, and that it is repeated now.
    best: Option<(usize, f32)>,
    repeats: bool,
    in_progress: bool,
    /// Trainings that were tried more than once.
    pub(super) retried: u64,
}

impl FastLine {
    pub(super) fn new(modem: FastModem) -> Result<Self, Error> {
        Ok(Self {
            rx: FastRx::new(modem)?,
            mode: Mode::Plain,
            kept: Box::new([0; KEPT]),
            len: 0,
            next: 0,
            tries: 0,
            best: None,
            repeats: false,
            in_progress: false,
            retried: 0,
        })
    }

    pub(super) fn set_cutoff(&mut self, dbm0: f32) {
        self.rx.set_cutoff(dbm0);
    }

    /// Waits for a training of `modem`.
    pub(super) fn restart(&mut self, modem: FastModem) {
        self.rx.restart(modem);
        self.mode = match modem {
            modem if is_tried_again(modem) => Mode::Waiting,
            _ => Mode::Plain,
        };
        self.len = 0;
        self.next = 0;
    }

    /// Listens to `samples`.
    pub(super) fn process(&mut self, samples: &[i16], mut heard: impl FnMut(Heard)) {
        if self.mode == Mode::Plain && !is_tried_again(self.rx.modem()) {
            self.plain(samples, &mut heard);
            return;
        }
        // There is room: what waits is taken faster than it comes, and a try ends long before.
        let room = samples.len().min(KEPT - self.len);
        self.kept[self.len..self.len + room].copy_from_slice(&samples[..room]);
        self.len += room;
        let mut budget = samples.len() * SPEED;
        while budget > 0 && self.next < self.len {
            budget -= match self.mode {
                Mode::Waiting => self.wait(&mut heard),
                Mode::Trying => self.try_one(&mut heard),
                Mode::Plain => self.catch_up(budget, &mut heard),
            };
        }
        if self.mode != Mode::Trying && self.next == self.len {
            (self.next, self.len) = (0, 0);
        }
    }

    fn plain(&mut self, samples: &[i16], heard: &mut impl FnMut(Heard)) {
        let mut failed = false;
        self.rx.process(samples, |item| {
            failed |= item == Heard::TrainingFailed;
            heard(item);
        });
        // It may have been noise before the training.
        if failed {
            self.rx.restart(self.rx.modem());
        }
    }

    /// Takes a sample while there is no signal.
    fn wait(&mut self, heard: &mut impl FnMut(Heard)) -> usize {
        let mut up = false;
        let sample = self.kept[self.next];
        self.rx
            .process(&[sample], |item| up |= item == Heard::CarrierUp);
        self.next += 1;
        if up {
            heard(Heard::CarrierUp);
            self.kept.copy_within(self.next - 1..self.len, 0);
            self.len -= self.next - 1;
            self.next = 1;
            self.tries = 0;
            self.best = None;
            self.repeats = false;
            self.in_progress = false;
            self.mode = Mode::Trying;
        }
        1
    }

    /// Takes samples of a signal that is trained, or that was given up.
    fn catch_up(&mut self, most: usize, heard: &mut impl FnMut(Heard)) -> usize {
        let end = self.len.min(self.next + most.min(CHUNK));
        let taken = end - self.next;
        let (mut down, mut failed) = (false, false);
        self.rx.process(&self.kept[self.next..end], |item| {
            down |= item == Heard::CarrierDown;
            failed |= item == Heard::TrainingFailed;
            heard(item);
        });
        self.next = end;
        if down {
            self.wait_again();
        } else if failed && is_v29(self.rx.modem()) {
            self.rx.restart(self.rx.modem());
        }
        taken
    }

    /// The next signal may be the training: what was before it may have been the tone of talker echo protection.
    fn wait_again(&mut self) {
        self.rx.restart(self.rx.modem());
        self.mode = Mode::Waiting;
    }

    /// Takes a sample of a training.
    fn try_one(&mut self, heard: &mut impl FnMut(Heard)) -> usize {
        let begin = TRIES.get(self.tries).copied().unwrap_or(0);
        let again = self.tries > 0 || self.repeats;
        let sample = match self.next {
            at if again && at < begin => 0,
            at if again && at == begin => IMPULSE,
            at => self.kept[at],
        };
        self.next += 1;
        let mut end = None;
        self.rx.process(&[sample], |item| match item {
            Heard::TrainingInProgress if !self.in_progress => {
                self.in_progress = true;
                heard(item);
            }
            Heard::TrainingSucceeded | Heard::TrainingFailed | Heard::CarrierDown => {
                end = Some(item);
            }
            _ => {}
        });
        match end {
            Some(Heard::TrainingSucceeded) => {
                let distance = self.rx.distance().unwrap_or(0.0);
                if distance <= good(self.rx.modem()) || self.repeats {
                    heard(Heard::TrainingSucceeded);
                    self.mode = Mode::Plain;
                    return 1;
                }
                if self.best.is_none_or(|(_, best)| distance < best) {
                    self.best = Some((self.tries, distance));
                }
                self.again(heard);
            }
            Some(Heard::TrainingFailed) => self.again(heard),
            Some(Heard::CarrierDown) => {
                heard(Heard::CarrierDown);
                self.wait_again();
            }
            _ => {}
        }
        1
    }

    /// The next try, or at last the best one again.
    fn again(&mut self, heard: &mut impl FnMut(Heard)) {
        if self.repeats {
            self.give_up(heard);
            return;
        }
        self.retried += u64::from(self.tries == 0);
        self.tries += 1;
        if self.tries == TRIES.len() {
            let Some((best, _)) = self.best else {
                self.give_up(heard);
                return;
            };
            self.tries = best;
            self.repeats = true;
        }
        self.rx.restart(self.rx.modem());
        self.next = 0;
    }

    /// The signal is not understood: the receiver waits for its end. Of V.29 it may have been noise before the training, which
    /// is tried once, as it comes.
    fn give_up(&mut self, heard: &mut impl FnMut(Heard)) {
        heard(Heard::TrainingFailed);
        if is_v29(self.rx.modem()) {
            self.rx.restart(self.rx.modem());
        }
        self.mode = Mode::Plain;
    }
}

fn is_tried_again(modem: FastModem) -> bool {
    matches!(modem, FastModem::V17 { short: true, .. }) || is_v29(modem)
}

fn is_v29(modem: FastModem) -> bool {
    matches!(modem, FastModem::V29At7200 | FastModem::V29At9600)
}

fn good(modem: FastModem) -> f32 {
    if is_v29(modem) { GOOD_V29 } else { GOOD }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_spandsp::{FastTx, V17Rate};

    /// A carrier with these bits at a level, after some samples of silence; its first samples grow over `ramp`, as with
    /// other makes of transmitters.
    fn carrier(short: bool, bits: &[bool], offset: usize, dbm0: f32, ramp: usize) -> Vec<i16> {
        let rate = V17Rate::R14400;
        carrier_of(FastModem::V17 { rate, short }, bits, offset, dbm0, ramp)
    }

    fn carrier_of(
        modem: FastModem,
        bits: &[bool],
        offset: usize,
        dbm0: f32,
        ramp: usize,
    ) -> Vec<i16> {
        let mut tx = FastTx::new(dbm0).unwrap();
        tx.restart(modem, false);
        let mut bits = bits.iter().copied();
        let mut samples = vec![0; offset];
        loop {
            let mut block = [0; 80];
            let made = tx.process(&mut block, || bits.next());
            samples.extend(block);
            if made < block.len() {
                break;
            }
        }
        samples.extend([0; 400]);
        for n in 0..ramp {
            let sample = &mut samples[offset + n];
            *sample = (i32::from(*sample) * n as i32 / ramp as i32) as i16;
        }
        samples
    }

    #[test]
    fn short_trainings_succeed_at_any_level_and_with_any_beginning() {
        let rate = V17Rate::R14400;
        let bits: Vec<bool> = (0..3000_u32).map(|n| n * n % 7 < 3).collect();
        let (mut carriers, mut trained, mut right, mut retried) = (0, 0, 0, 0);
        for level in [-14.0, -20.0, -24.5, -30.0] {
            for ramp in [0, 24, 60] {
                for offset in [100, 101, 102, 103] {
                    let mut line = FastLine::new(FastModem::V29At9600).unwrap();
                    line.set_cutoff(-45.5);
                    line.restart(FastModem::V17 { rate, short: false });
                    let check = carrier(false, &[false; 2000], 160, level, ramp);
                    check.chunks(80).for_each(|c| line.process(c, |_| {}));
                    line.restart(FastModem::V17 { rate, short: true });
                    let page = carrier(true, &bits, offset, level, ramp);
                    let (mut got, mut succeeded, mut down) = (Vec::new(), false, false);
                    for chunk in page.chunks(80) {
                        line.process(chunk, |item| match item {
                            Heard::Bit(bit) => got.push(bit),
                            Heard::TrainingSucceeded => succeeded = true,
                            Heard::CarrierDown => down = true,
                            _ => {}
                        });
                    }
                    carriers += 1;
                    trained += u32::from(succeeded);
                    assert!(down || !succeeded, "the end is heard");
                    right += u32::from(got.len() >= 3000 && got[..3000] == bits);
                    retried += line.retried;
                    assert_eq!(line.rx.lost(), 0);
                }
            }
        }
        assert_eq!((trained, right), (carriers, carriers));
        assert!(retried > 0, "some need another try");
    }

    #[test]
    fn trainings_of_v29_are_right_at_any_part_of_a_sample() {
        let bits: Vec<bool> = (0..3000_u32).map(|n| n * n % 7 < 3).collect();
        let (mut carriers, mut right, mut retried) = (0, 0, 0);
        for modem in [FastModem::V29At7200, FastModem::V29At9600] {
            for offset in 100..110 {
                for part in 0..16 {
                    let page = carrier_of(modem, &bits, offset, -14.0, 0);
                    // Half-way between two samples they lose some of their highs, as a line takes them.
                    let part = f64::from(part) / 16.0;
                    let between = |pair: &[i16]| {
                        let [a, b] = [pair[0], pair[1]].map(f64::from);
                        (a + part * (b - a)).round() as i16
                    };
                    let page: Vec<i16> = page.windows(2).map(between).collect();
                    let mut line = FastLine::new(modem).unwrap();
                    line.set_cutoff(-40.0);
                    line.restart(modem);
                    let (mut got, mut down) = (Vec::new(), false);
                    for chunk in page.chunks(80) {
                        line.process(chunk, |item| match item {
                            Heard::Bit(bit) => got.push(bit),
                            Heard::CarrierDown => down = true,
                            _ => {}
                        });
                    }
                    carriers += 1;
                    assert!(down, "the end is heard");
                    right += u32::from(got.len() >= 3000 && got[..3000] == bits);
                    retried += line.retried;
                }
            }
        }
        assert_eq!(right, carriers);
        assert!(retried > 0, "some need another try");
    }

    #[test]
    fn what_is_no_training_is_given_up_and_the_next_carrier_is_heard() {
        let rate = V17Rate::R14400;
        let mut line = FastLine::new(FastModem::V29At9600).unwrap();
        line.set_cutoff(-45.5);
        line.restart(FastModem::V17 { rate, short: false });
        let check = carrier(false, &[false; 2000], 160, -20.0, 0);
        check.chunks(80).for_each(|c| line.process(c, |_| {}));
        line.restart(FastModem::V17 { rate, short: true });
        let mut said = Vec::new();
        let mut state = 1_u32;
        for n in 0..100 {
            let noise: Vec<i16> = (0..80)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 20) as i16 - 2048
                })
                .map(|s| if n < 90 { s } else { 0 })
                .collect();
            line.process(&noise, |item| {
                if !matches!(item, Heard::Bit(_)) {
                    said.push(item);
                }
            });
        }
        assert!(said.contains(&Heard::TrainingFailed), "{said:?}");
        assert!(!said.contains(&Heard::TrainingSucceeded), "{said:?}");
        assert_eq!(said.last(), Some(&Heard::CarrierDown));
    }
}
