//! What the network wants on the line: a queue of signals with their frames or bits, in places that are made once.

use tipring_types::t38::Fast;

use super::lines::Incoming;

/// Octets that wait at most.
const OCTETS: usize = 1 << 14;
/// Octets of one signal that wait at most: 14 s at 300 bit/s, where machines send a few frames at a time, and 4 s of
/// the rate of a fast modem.
const V21_OCTETS: usize = 512;
const FAST_SECONDS: usize = 4;
/// Frames that wait at most.
const FRAMES: usize = 256;
/// Signals that wait at most.
const SIGNALS: usize = 8;
/// Signals without any data, and at 300 bit/s without new data, are given up after this time, samples.
const PATIENCE: u32 = 4 * 8000;
/// Fast signals are given up after this time without new data, samples: T.4 allows 5 s of fill.
const FILL: u32 = 5 * 8000 + 4000;

/// The modem of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    V21,
    Fast(Fast),
}

/// How the data of a signal are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Nothing came as yet.
    Unknown,
    Hdlc,
    /// Bits of a training check.
    Check,
    /// Bits of scan lines.
    Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameState {
    Open,
    Intact,
    Spoilt,
}

#[derive(Clone, Copy)]
struct Frame {
    begin: usize,
    end: usize,
    state: FrameState,
}

/// A signal.
#[derive(Clone, Copy)]
pub(super) struct Signal {
    pub(super) with: With,
    pub(super) framing: Framing,
    /// Nothing more comes.
    pub(super) ended: bool,
    /// Frames that wait.
    frames: usize,
    /// Where its octets begin and end in the ring, counted without end.
    begin: usize,
    end: usize,
    /// Bits read of it.
    read: u64,
    lines: Incoming,
    /// Samples since data came.
    quiet: u32,
}

/// The next octet of a frame that is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Octet {
    Is(u8),
    /// The frame is over; intact or not.
    Over(bool),
}

/// The next bit of a signal without frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bit {
    Is(bool),
    /// None as yet.
    Wait,
    /// Nothing was sent, nothing has come.
    NotBegun,
    Over,
}

/// The queue.
pub(super) struct Store {
    octets: Box<[u8; OCTETS]>,
    /// Where the next octet goes, and the oldest that is needed, counted without end.
    write: usize,
    read: usize,
    frames: Box<[Frame; FRAMES]>,
    first_frame: usize,
    frame_count: usize,
    signals: [Signal; SIGNALS],
    first_signal: usize,
    signal_count: usize,
    /// Octets of the first frame that are sent.
    sent: usize,
    /// What found no place.
    pub(super) overflows: u64,
}

impl Store {
    pub(super) fn new() -> Self {
        let frame = Frame {
            begin: 0,
            end: 0,
            state: FrameState::Spoilt,
        };
        Self {
            octets: Box::new([0; OCTETS]),
            write: 0,
            read: 0,
            frames: Box::new([frame; FRAMES]),
            first_frame: 0,
            frame_count: 0,
            signals: [Self::signal(With::V21, 0); SIGNALS],
            first_signal: 0,
            signal_count: 0,
            sent: 0,
            overflows: 0,
        }
    }

    fn signal(with: With, begin: usize) -> Signal {
        Signal {
            with,
            framing: Framing::Unknown,
            ended: false,
            frames: 0,
            begin,
            end: begin,
            read: 0,
            lines: Incoming::default(),
            quiet: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.signal_count == 0
    }

    /// The signal that is sent now or next.
    pub(super) fn front(&self) -> Option<&Signal> {
        (self.signal_count > 0).then(|| &self.signals[self.first_signal])
    }

    /// The signal to which data are added.
    pub(super) fn tail(&mut self) -> Option<&mut Signal> {
        let last = self.signal_count.checked_sub(1)?;
        Some(&mut self.signals[(self.first_signal + last) % SIGNALS])
    }

    /// Ends the tail and adds a signal.
    pub(super) fn begin(&mut self, with: With) {
        self.end();
        if self.signal_count == SIGNALS {
            self.overflows += 1;
            return;
        }
        let place = (self.first_signal + self.signal_count) % SIGNALS;
        self.signals[place] = Self::signal(with, self.write);
        self.signal_count += 1;
    }

    /// Nothing more comes for the tail.
    pub(super) fn end(&mut self) {
        self.close_frame(false);
        if let Some(tail) = self.tail() {
            tail.ended = true;
        }
    }

    /// Octets are missing.
    pub(super) fn missing(&mut self) {
        if let Some(frame) = self.open_frame() {
            frame.state = FrameState::Spoilt;
        }
        if let Some(tail) = self.tail() {
            tail.lines.gap();
        }
    }

    /// Time passes for the signal in front; true when nothing came for it for too long.
    pub(super) fn given_up(&mut self, samples: u32) -> bool {
        if self.signal_count == 0 {
            return false;
        }
        let front = &mut self.signals[self.first_signal];
        front.quiet = front.quiet.saturating_add(samples);
        let without = front.framing == Framing::Unknown || front.with == With::V21;
        let limit = if without { PATIENCE } else { FILL };
        if front.ended || front.quiet < limit {
            return false;
        }
        if self.signal_count == 1 {
            self.end();
        }
        self.signals[self.first_signal].ended = true;
        true
    }

    // Frames.

    fn open_frame(&mut self) -> Option<&mut Frame> {
        let tail = self.tail()?;
        if tail.ended || tail.framing != Framing::Hdlc || tail.frames == 0 {
            return None;
        }
        let last = self.frame_count.checked_sub(1)?;
        let frame = &mut self.frames[(self.first_frame + last) % FRAMES];
        (frame.end == usize::MAX).then_some(frame)
    }

    /// A frame of the tail begins.
    pub(super) fn open(&mut self, state: FrameState) {
        self.close_frame(false);
        let begin = self.write;
        // A tail that has ended is there when a signal found no place.
        if self.frame_count == FRAMES || self.tail().is_none_or(|tail| tail.ended) {
            self.overflows += 1;
            return;
        }
        let Some(tail) = self.tail() else { return };
        tail.framing = Framing::Hdlc;
        tail.frames += 1;
        let place = (self.first_frame + self.frame_count) % FRAMES;
        self.frames[place] = Frame {
            begin,
            end: usize::MAX,
            state,
        };
        self.frame_count += 1;
    }

    /// An octet of the open frame.
    pub(super) fn octet(&mut self, octet: u8) {
        if self.open_frame().is_none() {
            return;
        }
        if !self.put(octet) {
            self.missing();
        }
        if let Some(tail) = self.tail() {
            tail.quiet = 0;
        }
    }

    /// The open frame ends. True when it is intact.
    pub(super) fn close_frame(&mut self, intact: bool) -> bool {
        let end = self.write;
        let Some(frame) = self.open_frame() else {
            return false;
        };
        frame.end = end;
        frame.state = match frame.state {
            FrameState::Open if intact => FrameState::Intact,
            _ => FrameState::Spoilt,
        };
        frame.state == FrameState::Intact
    }

    /// Whether the first frame may begin on the line: it is complete or has this many octets. Spoilt frames at the front
    /// are dropped when `only_intact`.
    pub(super) fn frame_ready(&mut self, least: Option<usize>) -> bool {
        while self.front().is_some_and(|front| front.frames > 0) {
            let frame = self.frames[self.first_frame];
            let complete = frame.end != usize::MAX;
            match (complete, least) {
                (true, None) if frame.state == FrameState::Spoilt => self.drop_frame(),
                (true, _) => return true,
                (false, None) => return false,
                (false, Some(least)) => return self.write - frame.begin >= least,
            }
        }
        false
    }

    /// Whether nothing is left to be sent of the signal in front, and nothing more comes.
    pub(super) fn front_is_done(&self) -> bool {
        self.front()
            .is_none_or(|front| front.ended && front.frames == 0)
    }

    /// The next octet of the first frame; one that does not come in time spoils the frame.
    pub(super) fn next_octet(&mut self) -> Octet {
        let written = self.write;
        let frame = &mut self.frames[self.first_frame];
        let at = frame.begin + self.sent;
        let end = frame.end.min(written);
        if at < end {
            self.sent += 1;
            return Octet::Is(self.octets[at % OCTETS]);
        }
        if frame.end == usize::MAX {
            frame.state = FrameState::Spoilt;
        }
        Octet::Over(frame.state == FrameState::Intact)
    }

    /// The first frame was sent. What still comes of it is not sent.
    pub(super) fn drop_frame(&mut self) {
        self.sent = 0;
        if self.frame_count == 0 || self.front().is_none_or(|front| front.frames == 0) {
            return;
        }
        let frame = self.frames[self.first_frame];
        self.read = frame.end.min(self.write);
        self.first_frame = (self.first_frame + 1) % FRAMES;
        self.frame_count -= 1;
        self.signals[self.first_signal].frames -= 1;
    }

    // Bits.

    /// An octet of bits for the tail.
    pub(super) fn bits(&mut self, octet: u8, image: bool) {
        let begin = self.write;
        let Some(tail) = self.tail().filter(|tail| !tail.ended) else {
            self.overflows += 1;
            return;
        };
        tail.quiet = 0;
        if tail.framing == Framing::Unknown {
            // Ones before a check are what the modems needed to begin.
            if !image && octet == 0xff {
                return;
            }
            tail.framing = if image {
                Framing::Lines
            } else {
                Framing::Check
            };
            tail.begin = begin;
        }
        let end = begin + 1;
        if !self.put(octet) {
            return;
        }
        if let Some(tail) = self.tail() {
            tail.end = end;
            tail.lines.octet(octet);
        }
    }

    /// The bit of the front that is to be sent next, without taking it.
    pub(super) fn peek_bit(&mut self) -> Bit {
        if self.signal_count == 0 {
            return Bit::Over;
        }
        let front = &mut self.signals[self.first_signal];
        let bits = (front.end - front.begin) as u64 * 8;
        if front.framing == Framing::Lines && front.read == 0 {
            match front.lines.first() {
                Some(first) => front.read = first,
                None if !front.ended => return Bit::NotBegun,
                None => {}
            }
        }
        let limit = match front.framing {
            Framing::Lines if !front.ended => front.lines.released(),
            _ => bits,
        };
        if front.read < limit {
            let at = front.begin + (front.read / 8) as usize;
            let octet = self.octets[at % OCTETS];
            return Bit::Is(octet >> (front.read % 8) & 1 == 1);
        }
        match (front.ended, front.framing) {
            (true, _) => Bit::Over,
            (false, Framing::Unknown | Framing::Hdlc) => Bit::NotBegun,
            (false, _) => Bit::Wait,
        }
    }

    /// The bit was sent.
    pub(super) fn take_bit(&mut self) {
        let front = &mut self.signals[self.first_signal];
        front.read += 1;
        self.read = front.begin + (front.read / 8) as usize;
    }

    /// The signal in front was sent.
    pub(super) fn drop_signal(&mut self) {
        while self.front().is_some_and(|front| front.frames > 0) {
            self.drop_frame();
        }
        if self.signal_count == 0 {
            return;
        }
        self.first_signal = (self.first_signal + 1) % SIGNALS;
        self.signal_count -= 1;
        self.read = self.front().map_or(self.write, |front| front.begin);
    }

    fn put(&mut self, octet: u8) -> bool {
        let (write, read) = (self.write, self.read);
        let full = self.tail().is_none_or(|tail| {
            let most = match tail.with {
                With::V21 => V21_OCTETS,
                With::Fast(fast) => fast.rate() as usize / 8 * FAST_SECONDS,
            };
            write - read.max(tail.begin) >= most
        });
        if full || write - read >= OCTETS {
            self.overflows += 1;
            return false;
        }
        self.octets[self.write % OCTETS] = octet;
        self.write += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(store: &mut Store, octets: &[u8], intact: bool) {
        store.open(FrameState::Open);
        octets.iter().for_each(|o| store.octet(*o));
        store.close_frame(intact);
    }

    fn sent(store: &mut Store) -> (Vec<u8>, bool) {
        let mut octets = Vec::new();
        loop {
            match store.next_octet() {
                Octet::Is(octet) => octets.push(octet),
                Octet::Over(intact) => {
                    store.drop_frame();
                    return (octets, intact);
                }
            }
        }
    }

    #[test]
    fn frames_and_signals_come_out_in_order() {
        let mut store = Store::new();
        for round in 0..2000_u32 {
            let n = (round % 200) as u8;
            store.begin(With::V21);
            frame(&mut store, &[n; 5], true);
            frame(&mut store, &[n; 7], n.is_multiple_of(2));
            store.begin(With::Fast(Fast::V29At9600));
            store.bits(n / 2, false);
            store.end();
            assert!(store.frame_ready(Some(8)));
            assert_eq!(sent(&mut store), (vec![n; 5], true));
            assert!(!store.front_is_done());
            assert_eq!(sent(&mut store), (vec![n; 7], n.is_multiple_of(2)));
            assert!(store.front_is_done());
            store.drop_signal();
            let mut octet = 0;
            for place in 0..8 {
                let Bit::Is(bit) = store.peek_bit() else {
                    panic!("a bit")
                };
                octet |= u8::from(bit) << place;
                store.take_bit();
            }
            assert_eq!((octet, store.peek_bit()), (n / 2, Bit::Over));
            store.drop_signal();
            assert!(store.is_empty());
        }
        assert_eq!(store.overflows, 0);
    }

    #[test]
    fn a_frame_begins_with_enough_octets_and_an_underrun_spoils_it() {
        let mut store = Store::new();
        store.begin(With::V21);
        store.open(FrameState::Open);
        store.octet(1);
        assert!(!store.frame_ready(Some(2)));
        store.octet(2);
        assert!(store.frame_ready(Some(2)) && !store.frame_ready(None));
        assert_eq!(sent(&mut store), (vec![1, 2], false));
        // What still comes of it goes nowhere, and the next frame is whole.
        store.octet(3);
        assert!(!store.close_frame(true));
        frame(&mut store, &[9, 9], true);
        assert!(store.frame_ready(None));
        assert_eq!(sent(&mut store), (vec![9, 9], true));
    }

    #[test]
    fn a_gap_spoils_the_open_frame_alone_and_fast_frames_that_are_spoilt_are_left_out() {
        let mut store = Store::new();
        store.begin(With::Fast(Fast::V29At9600));
        store.open(FrameState::Open);
        store.octet(1);
        store.missing();
        assert!(!store.close_frame(true));
        store.missing();
        frame(&mut store, &[2], true);
        assert!(store.frame_ready(None));
        assert_eq!(sent(&mut store), (vec![2], true));
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_was_there_stays() {
        let mut store = Store::new();
        store.begin(With::V21);
        frame(&mut store, &[1; 10], true);
        frame(&mut store, &vec![2; OCTETS], true);
        for _ in 0..600 {
            store.begin(With::V21);
            frame(&mut store, &[3], true);
        }
        assert!(store.overflows > 600);
        assert_eq!(sent(&mut store), (vec![1; 10], true));
        assert!(!sent(&mut store).1);
        while store.signal_count > 0 {
            store.drop_signal();
        }
        store.begin(With::V21);
        frame(&mut store, &[4], true);
        assert_eq!(sent(&mut store), (vec![4], true));
    }

    #[test]
    fn a_signal_for_which_nothing_comes_is_given_up() {
        let mut store = Store::new();
        store.begin(With::Fast(Fast::V29At9600));
        assert!(!store.given_up(PATIENCE - 1));
        store.bits(0, true);
        assert!(!store.given_up(FILL - 1));
        assert!(store.given_up(1));
        assert!(store.front().unwrap().ended);
    }
}
