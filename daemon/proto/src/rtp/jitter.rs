//! The jitter buffer: a ring of samples addressed by timestamp, played block by block.
//!
//! Packets of any length, order and repetition land where their timestamp says; the player takes what is there. How
//! far it stays behind adapts to the spread of arrivals, between a smallest and a largest delay; with both equal it
//! never slips a sample by itself (fax, modem). All arithmetic is on the sample clock of the player.

use std::time::Duration;

use super::SAMPLES_PER_MS;
use super::packet::MAX_PAYLOAD;
use crate::types::Codec;

/// Room beyond the largest delay: bursts, and a far clock that runs fast.
const SLACK_MS: u32 = 500;
/// Largest delay taken from a setting.
const LONGEST_DELAY_MS: u32 = 1000;
/// Arrivals are judged over two halves of this length.
const HALF_WINDOW_MS: u32 = 3000;
/// Late packets in a row after which the stream is taken to run on a new time.
const LATE_RUN: u32 = 4;
/// A gap is concealed for so long; then it is silence.
const CONCEAL_MS: u32 = 60;
/// Wait for a quiet block before slipping one that is not.
const PATIENCE_BLOCKS: u32 = 20;

/// Settings of a jitter buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterConfig {
    /// Samples in a block that is played.
    pub block: u16,
    /// Smallest delay, and the one it starts with.
    pub min_ms: u16,
    /// Largest delay. Equal to `min_ms`: fixed, no sample is ever slipped to follow the network.
    pub max_ms: u16,
}

/// Figures of a jitter buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Packets that came after their time.
    pub late: u64,
    /// Packets whose timestamp was too far ahead to believe or keep.
    pub early: u64,
    /// Packets too long or empty.
    pub refused: u64,
    /// Times the player was set anew to where the stream is.
    pub resyncs: u64,
    /// Times the buffer ran empty while playing.
    pub underruns: u64,
    /// Blocks made up in place of missing ones.
    pub concealed: u64,
    /// Blocks inserted to wait longer.
    pub stretched: u64,
    /// Blocks skipped to wait shorter.
    pub shrunk: u64,
    /// Delay aimed at, ms.
    pub target_ms: u32,
    /// Audio waiting, ms.
    pub depth_ms: u32,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insert {
    /// It waits to be played.
    Taken,
    /// It came after its time.
    Late,
    /// Its time is not believable.
    Early,
    /// Empty or longer than [`MAX_PAYLOAD`].
    Refused,
}

/// What to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playout {
    /// The block, in this codec.
    Samples(Codec),
    /// Nothing came in time: make something up.
    Conceal,
    /// There is nothing to play.
    Silence,
}

/// Spread of how early packets came, in samples before their turn.
#[derive(Clone, Copy, Debug)]
struct Spread {
    least: i32,
    most: i32,
}

impl Spread {
    const NONE: Spread = Spread {
        least: i32::MAX,
        most: i32::MIN,
    };

    fn add(&mut self, slack: i32) {
        self.least = self.least.min(slack);
        self.most = self.most.max(slack);
    }

    fn with(self, other: Spread) -> Spread {
        Spread {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    fn shift(&mut self, by: i32) {
        if self.most >= self.least {
            self.least += by;
            self.most += by;
        }
    }
}

/// One stream's buffer. Preallocated.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    bytes: Box<[u8]>,
    /// Per sample: 0 nothing, else the codec of the byte.
    marks: Box<[u8]>,
    block: u32,
    min: i32,
    max: i32,
    /// Timestamp of the next sample to play.
    play: u32,
    /// Timestamp after the newest sample kept.
    newest: u32,
    running: bool,
    /// Samples since the last one that really came.
    dry: u32,
    late_run: u32,
    /// Where a packet would have to be for the disbelieved one before it to be right after all.
    suspect: Option<u32>,
    halves: [Spread; 2],
    half_age: u32,
    target: i32,
    waited: u32,
    stats: JitterStats,
}

impl JitterBuffer {
    /// An empty buffer; nothing is allocated after this.
    pub fn new(config: JitterConfig) -> JitterBuffer {
        let block = u32::from(config.block).clamp(8, MAX_PAYLOAD as u32);
        let min_ms = u32::from(config.min_ms).min(LONGEST_DELAY_MS);
        let max_ms = u32::from(config.max_ms).clamp(min_ms, LONGEST_DELAY_MS);
        let room = ((max_ms + SLACK_MS) * SAMPLES_PER_MS).next_power_of_two() as usize;
        let min = (min_ms * SAMPLES_PER_MS).cast_signed();
        JitterBuffer {
            bytes: vec![0; room].into_boxed_slice(),
            marks: vec![0; room].into_boxed_slice(),
            block,
            min,
            max: (max_ms * SAMPLES_PER_MS).cast_signed(),
            play: 0,
            newest: 0,
            running: false,
            dry: u32::MAX / 2,
            late_run: 0,
            suspect: None,
            halves: [Spread::NONE; 2],
            half_age: 0,
            target: min,
            waited: 0,
            stats: JitterStats::default(),
        }
    }

    /// Figures until now.
    pub fn stats(&self) -> JitterStats {
        JitterStats {
            target_ms: (self.target / SAMPLES_PER_MS.cast_signed()).unsigned_abs(),
            depth_ms: self.depth() / SAMPLES_PER_MS,
            ..self.stats
        }
    }

    /// Timestamp of the next sample to be played; `None` before the first packet.
    pub fn next_timestamp(&self) -> Option<u32> {
        self.running.then_some(self.play)
    }

    /// Takes a packet that came `since_block` after the last block was played. `restart`: the source began anew.
    pub fn insert(
        &mut self,
        since_block: Duration,
        timestamp: u32,
        codec: Codec,
        payload: &[u8],
        restart: bool,
    ) -> Insert {
        let len = payload.len();
        if len == 0 || len > MAX_PAYLOAD {
            self.stats.refused += 1;
            return Insert::Refused;
        }
        let ahead = timestamp.wrapping_sub(self.play).cast_signed();
        let room = self.bytes.len() as i32 - len as i32;
        if !self.running {
            self.start_at(timestamp);
        } else if restart {
            if !(0..=self.target + 2 * self.block.cast_signed()).contains(&ahead) {
                self.resync(timestamp);
            }
        } else if ahead > room {
            if self.suspect != Some(timestamp) {
                self.suspect = Some(timestamp.wrapping_add(len as u32));
                self.stats.early += 1;
                return Insert::Early;
            }
            self.resync(timestamp);
        } else if ahead.saturating_add(len as i32) <= 0 {
            self.late_run += 1;
            self.stats.late += 1;
            let new_talk = self.dry >= CONCEAL_MS * SAMPLES_PER_MS;
            if !new_talk && self.late_run < LATE_RUN {
                if ahead > -2 * self.max - 2 * self.block.cast_signed() {
                    self.note_slack(since_block, ahead);
                }
                return Insert::Late;
            }
            self.resync(timestamp);
        }
        self.suspect = None;
        self.late_run = 0;
        let ahead = timestamp.wrapping_sub(self.play).cast_signed();
        self.note_slack(since_block, ahead);
        self.keep(timestamp, ahead, codec, payload);
        Insert::Taken
    }

    /// Plays one block into `out`, which must have the block's length; called once each block.
    pub fn pop(&mut self, out: &mut [u8]) -> Playout {
        if !self.running || out.len() != self.block as usize {
            return Playout::Silence;
        }
        self.age_window();
        if self.min < self.max && self.adapt() {
            return self.missing();
        }
        let found = self.take(out);
        self.play = self.play.wrapping_add(self.block);
        match found {
            Some(codec) => {
                self.dry = 0;
                Playout::Samples(codec)
            }
            None => {
                if self.dry == 0 && self.depth() == 0 {
                    self.stats.underruns += 1;
                }
                self.missing()
            }
        }
    }

    /// Forgets what it holds; the next packet starts anew.
    pub fn reset(&mut self) {
        self.running = false;
        self.marks.fill(0);
    }

    fn missing(&mut self) -> Playout {
        self.dry = self.dry.saturating_add(self.block);
        if self.dry > CONCEAL_MS * SAMPLES_PER_MS {
            return Playout::Silence;
        }
        self.stats.concealed += 1;
        Playout::Conceal
    }

    fn depth(&self) -> u32 {
        let depth = self.newest.wrapping_sub(self.play).cast_signed();
        if self.running {
            depth.max(0).unsigned_abs()
        } else {
            0
        }
    }

    fn start_at(&mut self, timestamp: u32) {
        self.marks.fill(0);
        self.target = self.target.clamp(self.min, self.max);
        // Whole blocks: a block then begins where packets begin, and a lost packet costs whole blocks only.
        let delay = self.target.unsigned_abs().next_multiple_of(self.block);
        self.play = timestamp.wrapping_sub(delay);
        self.newest = timestamp;
        self.running = true;
        self.halves = [Spread::NONE; 2];
        self.half_age = 0;
        self.waited = 0;
    }

    fn resync(&mut self, timestamp: u32) {
        self.stats.resyncs += 1;
        self.start_at(timestamp);
    }

    fn keep(&mut self, timestamp: u32, ahead: i32, codec: Codec, payload: &[u8]) {
        let mask = self.bytes.len() - 1;
        let skip = ahead.min(0).unsigned_abs() as usize;
        let first = if skip > 0 { self.play } else { timestamp };
        let payload = payload.get(skip..).unwrap_or(&[]);
        let at = first as usize & mask;
        let (head, tail) = payload.split_at(payload.len().min(mask + 1 - at));
        for (start, part) in [(at, head), (0, tail)] {
            if let Some(room) = self.bytes.get_mut(start..start + part.len()) {
                room.copy_from_slice(part);
            }
            if let Some(room) = self.marks.get_mut(start..start + part.len()) {
                room.fill(mark(codec));
            }
        }
        let end = first.wrapping_add(payload.len() as u32);
        if end.wrapping_sub(self.newest).cast_signed() > 0 {
            self.newest = end;
        }
    }

    /// Takes the block at `play` out of the ring. A block of which only a part came is filled up with its neighbours.
    fn take(&mut self, out: &mut [u8]) -> Option<Codec> {
        let mask = self.bytes.len() - 1;
        let at = self.play as usize & mask;
        let first = out.len().min(mask + 1 - at);
        let (head, tail) = out.split_at_mut(first);
        let mut whole = true;
        let mut codec = None;
        for (start, part) in [(at, head), (0, tail)] {
            let range = start..start + part.len();
            let (Some(bytes), Some(marks)) =
                (self.bytes.get(range.clone()), self.marks.get_mut(range))
            else {
                return None;
            };
            part.copy_from_slice(bytes);
            let wanted = codec.or_else(|| marks.iter().copied().find(|m| *m != 0));
            codec = wanted;
            if let Some(wanted) = wanted {
                whole &= marks.iter().all(|m| *m == wanted);
            } else {
                whole &= marks.is_empty();
            }
            if !whole {
                // Rare: packets that do not end on a block. Absent samples repeat the one before.
                let mut last = None;
                for (byte, m) in part.iter_mut().zip(marks.iter()) {
                    if *m != 0 && Some(*m) == wanted {
                        last = Some(*byte);
                    } else {
                        *byte = last.unwrap_or(if wanted == Some(MARK_A) { 0xD5 } else { 0xFF });
                    }
                }
            }
            marks.fill(0);
        }
        codec.map(unmark)
    }

    fn note_slack(&mut self, since_block: Duration, ahead: i32) {
        let elapsed = (since_block.as_micros() / 125).min(u128::from(self.block)) as i32;
        // Time until its turn: the next block is played when a whole block has elapsed.
        self.halves[0].add(ahead.saturating_add(self.block.cast_signed() - elapsed));
    }

    fn age_window(&mut self) {
        self.half_age += self.block;
        if self.half_age >= HALF_WINDOW_MS * SAMPLES_PER_MS
            && self.halves[0].most >= self.halves[0].least
        {
            self.halves = [Spread::NONE, self.halves[0]];
            self.half_age = 0;
        }
    }

    /// Moves the delay towards its target by at most a block; true when this block is inserted.
    fn adapt(&mut self) -> bool {
        let spread = self.halves[0].with(self.halves[1]);
        if spread.most < spread.least {
            return false;
        }
        let block = self.block.cast_signed();
        let jitter = spread.most.saturating_sub(spread.least);
        // A steady stream arrives with the granularity of a block: that much spread is no jitter.
        self.target = jitter.saturating_add(block).clamp(self.min, self.max);
        let short = self.target - spread.most;
        // No shrinking on first impressions: the far spread shows only with time.
        let settled = self.halves[1].most >= self.halves[1].least
            || self.half_age > HALF_WINDOW_MS * SAMPLES_PER_MS / 2;
        if short >= block {
            self.waited += 1;
            let gap = !self.has_block();
            if gap || self.is_quiet() || self.waited > PATIENCE_BLOCKS / 4 {
                self.slip(block);
                self.stats.stretched += 1;
                self.play = self.play.wrapping_sub(self.block);
                return true;
            }
        } else if short <= -2 * block && settled && self.has_block() {
            self.waited += 1;
            if self.is_quiet() || self.waited > PATIENCE_BLOCKS {
                self.slip(-block);
                self.stats.shrunk += 1;
                self.clear_block();
                self.play = self.play.wrapping_add(self.block);
            }
        } else {
            self.waited = 0;
        }
        false
    }

    fn slip(&mut self, by: i32) {
        self.waited = 0;
        for half in &mut self.halves {
            half.shift(by);
        }
    }

    fn block_parts<'a>(&self, ring: &'a [u8]) -> [&'a [u8]; 2] {
        let at = self.play as usize & (ring.len() - 1);
        let len = self.block as usize;
        let first = len.min(ring.len() - at);
        [
            ring.get(at..at + first).unwrap_or(&[]),
            ring.get(..len - first).unwrap_or(&[]),
        ]
    }

    fn has_block(&self) -> bool {
        let parts = self.block_parts(&self.marks);
        parts.iter().all(|p| p.iter().all(|m| *m != 0))
    }

    /// Below about −45 dBm0 throughout.
    fn is_quiet(&self) -> bool {
        let loud = |(byte, mark): (&u8, &u8)| match *mark {
            MARK_MU => (!byte & 0x7F) > 0x1A,
            MARK_A => ((byte ^ 0x55) & 0x7F) > 0x14,
            _ => false,
        };
        let bytes = self.block_parts(&self.bytes);
        let marks = self.block_parts(&self.marks);
        let mut pairs = bytes.iter().zip(marks);
        !pairs.any(|(b, m)| b.iter().zip(m).any(loud))
    }

    fn clear_block(&mut self) {
        let room = self.marks.len();
        let at = self.play as usize & (room - 1);
        let len = self.block as usize;
        let first = len.min(room - at);
        for range in [at..at + first, 0..len - first] {
            if let Some(marks) = self.marks.get_mut(range) {
                marks.fill(0);
            }
        }
    }
}

const MARK_MU: u8 = 1;
const MARK_A: u8 = 2;

fn mark(codec: Codec) -> u8 {
    match codec {
        Codec::G711Ulaw => MARK_MU,
        Codec::G711Alaw => MARK_A,
    }
}

fn unmark(mark: u8) -> Codec {
    if mark == MARK_A {
        Codec::G711Alaw
    } else {
        Codec::G711Ulaw
    }
}

#[cfg(test)]
mod tests;
