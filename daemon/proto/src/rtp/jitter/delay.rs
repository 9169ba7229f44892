//! How long to wait: the shares of packets by how long they took, and the delay at which waiting and losing together
//! cost least.
//!
//! Each packet's transit (arrival less timestamp, on the player's own sample clock) goes into a histogram that forgets.
//! What a delay costs is counted as the E-model counts (ITU-T G.107): late packets as G.711 with concealment loses by
//! loss (G.113 Appendix I: Ie 0, Bpl 25.1), waiting by its linear part, 0.024 a millisecond. So a delay is taken when
//! the packets it saves are worth it: jitter that goes on is covered to about 0.1 % late, a rare spike is not followed.

use super::super::SAMPLES_PER_MS;

/// Samples in a bin. What comes within a bin before its turn counts as late: the margin of a steady stream.
const BIN: i32 = 4;
/// Bins below the fastest packets, for faster ones still.
const BELOW: usize = 64;
/// Samples after which a packet weighs 1/e: 20 s.
const MEMORY: f32 = 160_000.0;
/// Packets faster than any before that have to come within this number before they are believed: a sender that was wrong
/// about the time of one must not have the others taken for slow.
const SOONER: u32 = 3;
const SOONER_WITHIN: u32 = 100;
/// Share of packets that are faster than what is taken for the fastest: a clock that stepped is no fast packet.
const FASTEST: f32 = 0.02;
/// Share of packets that are slower than what is taken for the slowest.
const SLOWEST: f32 = 0.005;
/// Cost of a millisecond of waiting (G.107 `Idd`, linear part).
const MS: f32 = 0.024;
/// Packet loss robustness of G.711 with concealment (G.113 Appendix I), and the scale of impairment, in percent.
const BPL: f32 = 25.1;
const WORST: f32 = 95.0;
/// What a packet counts that came together with the one before.
const BURST: f32 = 0.5;
/// The weights are scaled down when the newest weighs this.
const HEAVY: f32 = 1.0e5;

/// Where the player should stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Blocks to wait longer (or, negative, shorter).
    pub(super) blocks: i32,
    /// What that is worth; 0 when it stands right.
    pub(super) gain: f32,
    /// Samples that the player waits beyond the fastest packets, now.
    pub(super) delay: i32,
    /// The same where it should stand.
    pub(super) target: i32,
    /// Samples that all but the slowest packets have to spare, now.
    pub(super) spare: i32,
}

/// Least and largest delay, and the steps it can be changed by; samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) min: i32,
    pub(super) max: i32,
    pub(super) block: i32,
}

/// The histogram.
#[derive(Clone, Debug)]
pub(super) struct Transits {
    bins: Box<[f32]>,
    /// Transit at the beginning of the first bin, on a clock that wraps.
    base: u32,
    total: f32,
    weight: f32,
    /// Packets noted since the beginning, up to [`u32::MAX`].
    noted: u32,
    /// Packets not yet believed to be so fast, and how many were noted when the first of them came.
    sooner: (u32, u32),
}

impl Transits {
    /// Nothing noted; for delays up to `max` samples.
    pub(super) fn new(max: u32) -> Transits {
        let bins = max as usize / BIN as usize + 2 * BELOW;
        Transits {
            bins: vec![0.0; bins].into_boxed_slice(),
            base: 0,
            total: 0.0,
            weight: 1.0,
            noted: 0,
            sooner: (0, 0),
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.bins.fill(0.0);
        self.total = 0.0;
        self.weight = 1.0;
        self.noted = 0;
        self.sooner = (0, 0);
    }

    /// Packets noted since the beginning.
    pub(super) fn noted(&self) -> u32 {
        self.noted
    }

    /// Notes the transit of a packet of `len` samples that came `after` samples after the one before it.
    pub(super) fn note(&mut self, transit: u32, len: usize, after: u32) {
        if self.noted == 0 {
            self.base = transit.wrapping_sub(BELOW as u32 * BIN.unsigned_abs());
        }
        self.noted = self.noted.saturating_add(1);
        let mut bin = transit
            .wrapping_sub(self.base)
            .cast_signed()
            .div_euclid(BIN);
        if bin < 0 {
            let (count, since) = self.sooner;
            let again = count > 0 && self.noted.saturating_sub(since) <= SOONER_WITHIN;
            self.sooner = if again {
                (count + 1, since)
            } else {
                (1, self.noted)
            };
            if self.sooner.0 < SOONER {
                return;
            }
            self.sooner = (0, 0);
            // A faster one than ever: the slowest fall together.
            let by = bin.unsigned_abs() as usize + BELOW / 2;
            self.shift_up(by.min(self.bins.len()));
            self.base = transit.wrapping_sub(BELOW as u32 / 2 * BIN.unsigned_abs());
            bin = (BELOW / 2) as i32;
        }
        self.weight *= 1.0 + len as f32 / MEMORY;
        let last = self.bins.len() - 1;
        // What a stall held back comes in one burst: one misfortune, not as many as packets.
        let burst = (after as usize) < len / 2;
        let weight = if burst {
            self.weight * BURST
        } else {
            self.weight
        };
        if let Some(slot) = self.bins.get_mut((bin as usize).min(last)) {
            *slot += weight;
            self.total += weight;
        }
        if self.weight > HEAVY {
            self.rescale();
        }
    }

    /// Where a player should stand that plays a sample of transit `stands` just in time.
    pub(super) fn plan(&mut self, stands: u32, bounds: Bounds) -> Plan {
        if self.noted == 0 {
            return Plan::default();
        }
        let fastest = self.fastest();
        let now = stands.wrapping_sub(self.base).cast_signed();
        let delay = now.saturating_sub(fastest);
        let block = bounds.block;
        let least = ceil_div(bounds.min.saturating_sub(delay), block);
        let most = bounds
            .max
            .saturating_sub(delay)
            .div_euclid(block)
            .max(least);
        let mut best = (f32::INFINITY, least);
        let mut stay = f32::INFINITY;
        let (mut on_time, mut next) = (0.0, 0);
        for blocks in least..=most {
            let until = now
                .saturating_add(blocks.saturating_mul(block))
                .div_euclid(BIN);
            let until = usize::try_from(until).unwrap_or(0).min(self.bins.len());
            let more = self.bins.get(next..until).unwrap_or(&[]);
            on_time += more.iter().sum::<f32>();
            next = until.max(next);
            let late = 100.0 * (1.0 - on_time / self.total).clamp(0.0, 1.0);
            // In parts of the whole, rounding leaves some late that are not.
            let late = if late < 0.001 { 0.0 } else { late };
            let cost = MS * blocks.saturating_mul(block) as f32 / SAMPLES_PER_MS as f32
                + WORST * late / (late + BPL);
            if blocks == 0 {
                stay = cost;
            }
            if cost < best.0 {
                best = (cost, blocks);
            }
            if late == 0.0 {
                break; // waiting longer only costs more
            }
        }
        if stay.is_infinite() && (least..=most).contains(&0) {
            stay = 0.0; // beyond the first delay at which none is late
        }
        Plan {
            blocks: best.1,
            gain: (stay - best.0).max(0.0),
            delay,
            target: delay.saturating_add(best.1.saturating_mul(block)).max(0),
            spare: now.saturating_sub(self.slowest()),
        }
    }

    /// Transit of the fastest packets, in samples from the base; the base follows it.
    fn fastest(&mut self) -> i32 {
        let mut below = 0.0;
        let wanted = self.total * FASTEST;
        let at = self.bins.iter().position(|bin| {
            below += bin;
            below > wanted
        });
        let Some(at) = at else { return 0 };
        if at > 2 * BELOW {
            let by = at - BELOW;
            self.total -= self.shift_down(by);
            self.base = self.base.wrapping_add(by as u32 * BIN.unsigned_abs());
            return (at - by) as i32 * BIN;
        }
        at as i32 * BIN
    }

    /// Transit of the slowest packets that matter, in samples from the base.
    fn slowest(&self) -> i32 {
        let mut above = 0.0;
        let slow = self.bins.iter().rposition(|bin| {
            above += bin;
            above > self.total * SLOWEST
        });
        slow.map_or(0, |bin| (bin as i32 + 1) * BIN)
    }

    /// Moves everything `by` bins up; what leaves at the end stays in the last bin.
    fn shift_up(&mut self, by: usize) {
        let kept = self.bins.len() - by;
        let slowest: f32 = self.bins.get(kept..).unwrap_or(&[]).iter().sum();
        self.bins.copy_within(..kept, by);
        self.bins.get_mut(..by).unwrap_or(&mut []).fill(0.0);
        if let Some(last) = self.bins.last_mut() {
            *last += slowest;
        }
    }

    /// Moves everything `by` bins down; answers the weight of what leaves at the beginning.
    fn shift_down(&mut self, by: usize) -> f32 {
        let kept = self.bins.len() - by;
        let gone = self.bins.get(..by).unwrap_or(&[]).iter().sum();
        self.bins.copy_within(by.., 0);
        self.bins.get_mut(kept..).unwrap_or(&mut []).fill(0.0);
        gone
    }

    /// Also the moment at which the rounding of the total is mended.
    fn rescale(&mut self) {
        for bin in &mut self.bins {
            *bin /= self.weight;
        }
        self.total = self.bins.iter().sum();
        self.weight = 1.0;
    }
}

fn ceil_div(n: i32, by: i32) -> i32 {
    -n.saturating_neg().div_euclid(by)
}
