//! The jitter buffer: a ring of samples addressed by timestamp, played block by block.
//!
//! Packets of any length, order and repetition land where their timestamp says; the player takes what is there. For
//! voice the player stands where waiting and losing cost least ([`delay`]), and moves in silence, or where a hole is
//! anyway; in speech only when it hurts. Held ([`JitterBuffer::hold`], or least and largest delay equal) it stands
//! still: the far end is a fax or modem, and no sample is slipped. All arithmetic is on the sample clock of the player.

mod contract;
mod delay;
mod ring;

use std::time::Duration;

use super::SAMPLES_PER_MS;
use super::packet::MAX_PAYLOAD;
use crate::types::Codec;
pub use contract::{Insert, JitterConfig, JitterStats, Playout};
use delay::{Bounds, Plan, Transits};
use ring::Ring;

/// Room beyond the largest delay: bursts, and a far clock that runs fast.
const SLACK_MS: u32 = 500;
/// Largest delay taken from a setting.
const LONGEST_DELAY_MS: u32 = 1000;
/// How often is looked whether the player stands right.
const LOOK_MS: u32 = 200;
/// No shrinking on first impressions: the slow packets show only with time.
const SETTLED_PACKETS: u32 = 100;
/// Packets all too late, over this time and in this number: the stream is taken to run on a new time.
const LATE_RUN: u32 = 4;
const LATE_MS: u32 = 200;
/// The same for a held buffer, which must not take a short stall for that.
const HELD_LATE_MS: u32 = 500;
/// After this time without sound a packet that is this late may begin a talkspurt on a clock that stood still meanwhile:
/// for voice, and for a held buffer.
const PAUSE_MS: (u32, u32) = (CONCEAL_MS, CONCEAL_MS);
const HELD_PAUSE_MS: (u32, u32) = (500, 300);
/// It may also be the first of what a stall held back. That comes faster than it is played, by a quarter at least, and
/// then the stream is where it was: for this time the player can go back there.
const TRIAL_MS: u32 = 500;
/// Packets in a row with which the stream is believed to be further ahead than the player may wait.
const DEEP_RUN: u32 = 2;
/// A gap is concealed for this time; then it is silence.
const CONCEAL_MS: u32 = 60;
/// The same for fax and modem calls, which take silence for the end of the carrier.
const HELD_CONCEAL_MS: u32 = 500;
/// A held buffer that has become deeper by this is set back to its depth.
const HELD_EXCESS_MS: u32 = 100;
/// A buffer that is to grow and be held waits this time for a quiet moment.
const GROW_PATIENCE_MS: u32 = 500;
/// What moving the player must be worth.
const WORTH: f32 = 0.1;

/// The player is where the first packet after a silence is, which came late: is that a talkspurt, or a stall?
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// How far ahead it would be otherwise, samples.
    back: u32,
    /// The packet: its timestamp, and when it came.
    first: u32,
    arrived: u32,
    /// Packets since then that were late where the player was.
    late: u64,
}

/// What a late packet means.
enum Lateness {
    /// Nothing.
    Once,
    /// Perhaps a talkspurt begins.
    AfterSilence,
    /// The stream runs on another time.
    ForLong,
}

/// One stream's buffer. Preallocated.
///
/// ```
/// use std::time::Duration;
/// use tipring_proto::rtp::{Insert, JitterBuffer, JitterConfig, Playout};
/// use tipring_proto::types::Codec;
/// let config = JitterConfig { block: 80, min_ms: 20, max_ms: 120, held_ms: 100 };
/// let mut buffer = JitterBuffer::new(config);
/// let mut block = [0; 80];
/// assert_eq!(buffer.pop(&mut block), Playout::Silence); // nothing has come
/// for packet in 0..4 {
///     let taken = buffer.insert(Duration::ZERO, packet * 160, Codec::G711Ulaw, &[0x55; 160], false);
///     assert_eq!(taken, Insert::Taken);
/// }
/// let played = (0..6).filter(|_| buffer.pop(&mut block) == Playout::Samples(Codec::G711Ulaw));
/// assert!(played.count() >= 4);
/// ```
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    ring: Ring,
    transits: Transits,
    block: u32,
    bounds: Bounds,
    /// Delay while held, samples.
    held: i32,
    /// Held by order.
    hold: bool,
    /// Blocks by which it has yet to grow to the depth at which it is held; `None`: not yet known.
    grow: Option<u32>,
    /// Samples played since the beginning, concealed ones among them.
    clock: u32,
    /// When the last packet came, on that clock.
    arrived: u32,
    /// How fast the far clock is known to run, parts per one, and the samples it has won by that.
    drift: f64,
    won: f64,
    /// Timestamp of the next sample to play.
    play: u32,
    /// Timestamp after the newest sample kept.
    newest: u32,
    running: bool,
    /// Samples since the last one that really came.
    dry: u32,
    late_run: u32,
    /// When the first of that run came.
    late_since: u32,
    /// The player has gone to where a late packet is, and may have to go back.
    trial: Option<Trial>,
    /// Packets in a row for which the player would wait longer than it may.
    deep_run: u32,
    /// Where a packet would have to be for the disbelieved one before it to be right after all.
    suspect: Option<u32>,
    /// The far end is silent from this timestamp on, as long as nothing comes.
    paused: Option<u32>,
    /// And again from here on, after sound that still waits.
    paused_again: Option<u32>,
    plan: Plan,
    /// Samples until the next look.
    look: u32,
    /// Samples for which a move has been waiting for its moment.
    waited: u32,
    stats: JitterStats,
}

impl JitterBuffer {
    /// An empty buffer; nothing is allocated after this.
    pub fn new(config: JitterConfig) -> JitterBuffer {
        let block = u32::from(config.block).clamp(8, MAX_PAYLOAD as u32);
        let min_ms = u32::from(config.min_ms).min(LONGEST_DELAY_MS);
        let max_ms = u32::from(config.max_ms).clamp(min_ms, LONGEST_DELAY_MS);
        let fixed = min_ms == max_ms;
        let held_ms = if fixed {
            min_ms
        } else {
            u32::from(config.held_ms).min(LONGEST_DELAY_MS)
        };
        let longest = max_ms.max(held_ms);
        let bounds = Bounds {
            min: samples(min_ms),
            max: samples(max_ms),
            block: block.cast_signed(),
        };
        JitterBuffer {
            ring: Ring::new((longest + SLACK_MS) * SAMPLES_PER_MS),
            transits: Transits::new(longest * SAMPLES_PER_MS),
            block,
            bounds,
            held: samples(held_ms),
            hold: fixed,
            grow: Some(0),
            clock: 0,
            arrived: 0,
            drift: 0.0,
            won: 0.0,
            play: 0,
            newest: 0,
            running: false,
            dry: u32::MAX / 2,
            late_run: 0,
            late_since: 0,
            trial: None,
            deep_run: 0,
            suspect: None,
            paused: None,
            paused_again: None,
            plan: Plan {
                target: bounds.min,
                ..Plan::default()
            },
            look: 0,
            waited: 0,
            stats: JitterStats::default(),
        }
    }

    /// Figures until now.
    pub fn stats(&self) -> JitterStats {
        let ms = |samples: i32| samples.max(0).unsigned_abs() / SAMPLES_PER_MS;
        JitterStats {
            target_ms: ms(self.target()),
            delay_ms: ms(self.plan.delay),
            depth_ms: self.depth() / SAMPLES_PER_MS,
            held: self.hold,
            ..self.stats
        }
    }

    /// Samples that the slowest of the packets that mattered lately had to spare when they came: how far the stream
    /// may still drift before a held buffer fails, one way and (until it is set back) the other.
    pub fn margins(&self) -> (i32, i32) {
        let deepest = self.held + samples(HELD_EXCESS_MS);
        let deeper = deepest.saturating_sub(self.plan.delay);
        (self.plan.spare.max(0), deeper.max(0))
    }

    /// The far clock runs this number of ppm fast, as far as is known: packets of long ago are then not taken for slow ones.
    pub fn expect_drift(&mut self, ppm: f32) {
        self.drift = f64::from(ppm) * 1.0e-6;
    }

    /// Does it stand still?
    pub fn is_held(&self) -> bool {
        self.hold
    }

    /// Holds the player where it is once the delay is as deep as it is to be for fax and modem calls: it grows to that at the
    /// next quiet moment, or without one if none comes, and loses no sample. Let go, it follows the network again. A
    /// buffer that is fixed by its settings stays so.
    pub fn hold(&mut self, on: bool) {
        if self.bounds.min == self.bounds.max || on == self.hold {
            return;
        }
        self.hold = on;
        self.waited = 0;
        self.look = 0;
        self.grow = if on && self.running { None } else { Some(0) };
    }

    /// Timestamp of the next sample to be played; `None` before the first packet.
    pub fn next_timestamp(&self) -> Option<u32> {
        self.running.then_some(self.play)
    }

    /// Takes a packet that came `since_block` after the last block was played. `restart`: the source restarted.
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
        let room = self.ring.room() as i32 - len as i32;
        if self.trial.is_some() && !restart && !self.judge_trial(since_block, timestamp, len) {
            return Insert::Late;
        }
        let ahead = timestamp.wrapping_sub(self.play).cast_signed();
        if !self.running {
            self.start_at(timestamp);
        } else if restart {
            let near = 0..=self.target() + 2 * self.bounds.block;
            if !near.contains(&ahead) || ahead % self.bounds.block != 0 {
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
            self.stats.late += 1;
            match self.lateness(ahead.unsigned_abs()) {
                Lateness::Once => {
                    // From further back than there is room it is no packet of this time, and says nothing of the
                    // network.
                    if ahead >= -room {
                        self.note(since_block, timestamp, len);
                        self.look = 0;
                    }
                    return Insert::Late;
                }
                Lateness::AfterSilence => self.try_at(since_block, timestamp),
                Lateness::ForLong => self.resync(timestamp),
            }
        }
        self.suspect = None;
        self.late_run = 0;
        self.note(since_block, timestamp, len);
        let ahead = timestamp.wrapping_sub(self.play).cast_signed();
        if ahead < 0 {
            self.stats.late += 1;
            self.look = 0;
        }
        let (first, rest) = self.cut(timestamp, payload);
        self.ring.keep(first, codec, rest);
        let end = first.wrapping_add(rest.len() as u32);
        if end.wrapping_sub(self.newest).cast_signed() > 0 {
            self.newest = end;
        }
        self.limit(ahead);
        Insert::Taken
    }

    /// Takes what a later packet carries of an earlier one; true when that one had not come.
    pub fn recover(&mut self, timestamp: u32, codec: Codec, payload: &[u8]) -> bool {
        let ahead = timestamp.wrapping_sub(self.play).cast_signed();
        let len = payload.len();
        let here = -(len as i32) < ahead && ahead <= self.ring.room() as i32 - len as i32;
        if !self.running || !here || len > MAX_PAYLOAD {
            return false;
        }
        let (first, rest) = self.cut(timestamp, payload);
        let new = self.ring.fill(first, codec, rest) > 0;
        self.stats.recovered += u64::from(new);
        new
    }

    /// Plays one block into `out`, which must have the block's length; called once each block.
    pub fn pop(&mut self, out: &mut [u8]) -> Playout {
        if !self.running || out.len() != self.block as usize {
            return Playout::Silence;
        }
        let stretch = self.move_player();
        let paused = self.is_paused();
        self.clock = self.clock.wrapping_add(self.block);
        self.end_trial();
        self.won += f64::from(self.block) * self.drift;
        if stretch {
            return self.missing(paused);
        }
        let found = self.ring.take(self.play, out);
        self.play = self.play.wrapping_add(self.block);
        match found {
            Some(codec) => {
                self.dry = 0;
                if paused {
                    // The far end talks again.
                    let ahead = |from: &u32| from.wrapping_sub(self.play).cast_signed() >= 0;
                    self.paused = self.paused_again.take().filter(ahead);
                }
                Playout::Samples(codec)
            }
            None => {
                if self.dry == 0 && self.depth() == 0 && !paused {
                    self.stats.underruns += 1;
                }
                self.missing(paused)
            }
        }
    }

    /// Forgets what it holds; the next packet starts again.
    pub fn reset(&mut self) {
        self.running = false;
        self.ring.clear();
    }

    /// The far end says that it is silent from this timestamp on. False when that is not so any more: what came later
    /// is there already. A silence goes on from where it began, whatever is sent of it again.
    pub fn pause(&mut self, timestamp: u32) -> bool {
        let after = timestamp.wrapping_sub(self.newest).cast_signed();
        if !self.running || after < 0 {
            return false;
        }
        let heard_since = |from: u32| self.newest.wrapping_sub(from).cast_signed() > 0;
        let play = self.is_paused().then_some(self.play);
        let silence = match self.paused {
            Some(from) if heard_since(from) => &mut self.paused_again,
            _ => {
                // Where it began is not to fall behind by half the clock.
                self.paused = play.or(self.paused);
                &mut self.paused
            }
        };
        let goes_on =
            |from: u32| !heard_since(from) && timestamp.wrapping_sub(from).cast_signed() >= 0;
        if !silence.is_some_and(goes_on) {
            *silence = Some(timestamp);
        }
        true
    }

    /// Is the next sample one of a silence that the far end has announced?
    fn is_paused(&self) -> bool {
        let since = |from| self.play.wrapping_sub(from).cast_signed();
        self.paused.is_some_and(|from| since(from) >= 0)
    }

    /// Nothing is there to be played; `paused`: and nothing was to come.
    fn missing(&mut self, paused: bool) -> Playout {
        self.dry = self.dry.saturating_add(self.block);
        if paused {
            return Playout::Comfort { level: 0 };
        }
        let longest = if self.hold {
            HELD_CONCEAL_MS
        } else {
            CONCEAL_MS
        };
        if self.dry > longest * SAMPLES_PER_MS {
            return Playout::Silence;
        }
        self.stats.concealed += 1;
        Playout::Conceal
    }

    fn target(&self) -> i32 {
        if self.hold {
            self.held
        } else {
            self.plan.target.clamp(self.bounds.min, self.bounds.max)
        }
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
        self.ring.clear();
        self.trial = None;
        // Whole blocks: a block then begins where packets begin, and a lost packet costs whole blocks only.
        let delay = self.target().unsigned_abs().next_multiple_of(self.block);
        self.play = timestamp.wrapping_sub(delay);
        self.newest = timestamp;
        self.running = true;
        self.paused = None;
        self.paused_again = None;
        self.settle();
    }

    /// What was known of the packets' transits was of another time.
    fn settle(&mut self) {
        self.plan = Plan {
            target: self.target(),
            ..Plan::default()
        };
        self.transits.clear();
        self.grow = Some(0);
        self.look = 0;
        self.waited = 0;
        self.deep_run = 0;
    }

    fn resync(&mut self, timestamp: u32) {
        self.stats.resyncs += 1;
        self.start_at(timestamp);
    }

    /// Goes back to where this packet is, for a trial: it may begin a talkspurt.
    fn try_at(&mut self, since_block: Duration, timestamp: u32) {
        if self.trial.is_some() {
            // The one before was a short talkspurt.
            self.keep_trial();
        }
        let delay = self.target().unsigned_abs().next_multiple_of(self.block);
        let play = timestamp.wrapping_sub(delay);
        self.trial = Some(Trial {
            back: self.play.wrapping_sub(play),
            first: timestamp,
            arrived: self.arrival(since_block),
            late: 0,
        });
        self.ring.clear();
        self.play = play;
        self.newest = timestamp;
        self.paused = None;
        self.paused_again = None;
        self.waited = 0;
    }

    /// A packet of a talkspurt on trial, or of what a stall held back; false: too late where the player was, too early
    /// where it is.
    fn judge_trial(&mut self, since_block: Duration, timestamp: u32, len: usize) -> bool {
        let Some(trial) = &mut self.trial else {
            return true;
        };
        let (len, room) = (len as i32, self.ring.room() as i32);
        let ahead = timestamp.wrapping_sub(self.play).cast_signed();
        let before = ahead.wrapping_sub_unsigned(trial.back);
        if before + len > 0 && before <= room - len {
            // In time where the player was: it was a stall.
            self.stats.late += trial.late;
            let back = trial.back;
            self.trial = None;
            self.leave(back);
            return true;
        }
        if before > 0 || ahead <= -len {
            return true;
        }
        if ahead > room - len {
            self.stats.late += 1;
            return false;
        }
        trial.late += 1;
        let progress = u64::from(timestamp.wrapping_sub(trial.first));
        let (first, since) = (trial.first, trial.arrived);
        let elapsed = u64::from(self.arrival(since_block).wrapping_sub(since));
        let at_its_pace = elapsed * 4 >= progress * 3;
        if timestamp != first && at_its_pace && elapsed >= u64::from(LATE_MS * SAMPLES_PER_MS) {
            self.keep_trial();
        }
        true
    }

    /// It was a talkspurt: the stream is here.
    fn keep_trial(&mut self) {
        self.trial = None;
        self.stats.resyncs += 1;
        self.settle();
    }

    /// A trial does not last for ever.
    fn end_trial(&mut self) {
        let over = |t: Trial| self.clock.wrapping_sub(t.arrived) >= TRIAL_MS * SAMPLES_PER_MS;
        if self.trial.is_some_and(over) {
            self.keep_trial();
        }
    }

    /// Goes this number of samples ahead, and leaves what is there.
    fn leave(&mut self, samples: u32) {
        if samples as usize >= self.ring.room() {
            self.ring.clear();
        } else {
            let mut left = samples;
            while left > 0 {
                let part = left.min(self.block);
                self.ring
                    .forget(self.play.wrapping_add(samples - left), part);
                left -= part;
            }
        }
        self.play = self.play.wrapping_add(samples);
    }

    /// A packet would wait longer than the largest delay: if the next one would too, the player goes to where it
    /// should stand. What a stall or a new source delivers at once can bring that about.
    fn limit(&mut self, ahead: i32) {
        let most = if self.hold {
            self.held.saturating_add(samples(HELD_EXCESS_MS))
        } else {
            self.bounds.max
        };
        // What comes during a trial may be all that a stall held back.
        if self.trial.is_some() || ahead <= most.saturating_add(self.bounds.block) {
            self.deep_run = 0;
            return;
        }
        self.deep_run += 1;
        let should = self.target().unsigned_abs().next_multiple_of(self.block);
        let excess = ahead.unsigned_abs().saturating_sub(should) / self.block;
        if self.deep_run < DEEP_RUN || excess == 0 {
            return;
        }
        self.deep_run = 0;
        self.grow = Some(0);
        self.stats.resyncs += 1;
        self.skip(excess);
    }

    /// A packet came wholly after its time: does the stream run on another time now? A stall of the network is none:
    /// what it held back comes in one burst, and then the stream is where it was.
    fn lateness(&mut self, late: u32) -> Lateness {
        if self.late_run == 0 {
            self.late_since = self.clock;
        }
        self.late_run += 1;
        let for_ms = self.clock.wrapping_sub(self.late_since) / SAMPLES_PER_MS;
        let (long, (pause, pause_late)) = if self.hold {
            (HELD_LATE_MS, HELD_PAUSE_MS)
        } else {
            (LATE_MS, PAUSE_MS)
        };
        let silent = self.dry >= pause * SAMPLES_PER_MS && self.depth() == 0;
        if silent && late >= pause_late * SAMPLES_PER_MS {
            Lateness::AfterSilence
        } else if self.late_run >= LATE_RUN && for_ms >= long {
            Lateness::ForLong
        } else {
            Lateness::Once
        }
    }

    /// What of a payload is still to be played, and from where.
    fn cut<'a>(&self, timestamp: u32, payload: &'a [u8]) -> (u32, &'a [u8]) {
        let ahead = timestamp.wrapping_sub(self.play).cast_signed();
        let played = ahead.min(0).unsigned_abs();
        let first = timestamp.wrapping_add(played);
        (first, payload.get(played as usize..).unwrap_or(&[]))
    }

    /// When a packet came, on the player's clock.
    fn arrival(&self, since_block: Duration) -> u32 {
        let block = u128::from(self.block);
        let elapsed = (since_block.as_micros() / 125).min(block) as u32;
        // The clock shows when the next block is played; the last one was a block before.
        self.clock.wrapping_sub(self.block).wrapping_add(elapsed)
    }

    fn note(&mut self, since_block: Duration, timestamp: u32, len: usize) {
        let arrival = self.arrival(since_block);
        let after = arrival.wrapping_sub(self.arrived);
        self.arrived = arrival;
        let transit = self.undrifted(arrival.wrapping_sub(timestamp));
        self.transits.note(transit, len, after);
    }

    fn look(&mut self) {
        self.look = self.look.saturating_sub(self.block);
        if self.look == 0 {
            self.look = LOOK_MS * SAMPLES_PER_MS;
            let stands = self.undrifted(self.clock.wrapping_sub(self.play));
            self.plan = self.transits.plan(stands, self.bounds);
        }
    }

    /// A transit as if the clocks ran alike.
    fn undrifted(&self, transit: u32) -> u32 {
        transit.wrapping_add(self.won as i64 as u32)
    }

    /// Moves the player towards where it should be by at most a block; true when this block is inserted.
    fn move_player(&mut self) -> bool {
        if self.transits.noted() == 0 || self.trial.is_some() {
            return false;
        }
        self.look();
        if self.hold {
            return self.grow_held();
        }
        let Plan { blocks, gain, .. } = self.plan;
        if blocks == 0 || gain < WORTH {
            self.waited = 0;
            return false;
        }
        self.waited = self.waited.saturating_add(self.block);
        let waited_ms = self.waited / SAMPLES_PER_MS;
        let quiet = self.ring.is_quiet(self.play, self.block);
        if blocks > 0 {
            let patience_ms = match gain {
                g if g > 4.0 => 50,
                g if g > 1.0 => 200,
                _ => 2000,
            };
            if quiet || self.has_hole() || waited_ms > patience_ms {
                self.stretch();
                return true;
            }
        } else if self.transits.noted() >= SETTLED_PACKETS {
            let patience_ms = match gain {
                g if g > 2.0 => 1000,
                g if g > 1.0 => 5000,
                _ => u32::MAX,
            };
            // In a pause nothing is skipped at all.
            let pause = self.dry >= CONCEAL_MS * SAMPLES_PER_MS
                && self.ring.is_absent(self.play, self.block);
            if pause || (!self.has_hole() && (quiet || waited_ms > patience_ms)) {
                self.skip(1);
                self.stats.shrunk += 1;
            }
        }
        false
    }

    /// A held buffer: grows once to its depth, and is set back when it has become far deeper.
    fn grow_held(&mut self) -> bool {
        let delay = self.plan.delay;
        let short = self.held.saturating_sub(delay);
        let room = self.ring.room() as u32;
        let grow = match self.grow {
            Some(blocks) => blocks,
            None => short.max(0).unsigned_abs().min(room).div_ceil(self.block),
        };
        self.grow = Some(grow);
        if grow > 0 {
            self.waited = self.waited.saturating_add(self.block);
            let quiet = self.ring.is_quiet(self.play, self.block);
            if quiet || self.has_hole() || self.waited > GROW_PATIENCE_MS * SAMPLES_PER_MS {
                // Once it has begun it goes on: one longer pause is better than several.
                let waited = self.waited;
                self.stretch();
                self.stats.grown += 1;
                self.waited = waited;
                self.grow = Some(grow - 1);
                return true;
            }
        } else if -short > samples(HELD_EXCESS_MS) && self.transits.noted() >= SETTLED_PACKETS {
            let excess = short.unsigned_abs();
            if excess > room {
                // Nothing can have waited for this time.
                self.resync(self.newest);
            } else {
                self.skip(excess / self.block);
                self.stats.resyncs += 1;
            }
        }
        false
    }

    fn stretch(&mut self) {
        self.stats.stretched += 1;
        self.waited = 0;
        self.look = 0;
    }

    fn skip(&mut self, blocks: u32) {
        for _ in 0..blocks {
            self.ring.forget(self.play, self.block);
            self.play = self.play.wrapping_add(self.block);
        }
        self.waited = 0;
        self.look = 0;
    }

    fn has_hole(&self) -> bool {
        !self.ring.is_whole(self.play, self.block)
    }
}

fn samples(ms: u32) -> i32 {
    (ms * SAMPLES_PER_MS).cast_signed()
}

#[cfg(test)]
mod tests;
