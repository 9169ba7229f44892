//! Contact-ID (SIA DC-05) as it passes: what an alarm panel says to its receiver in DTMF.
//!
//! The receiver answers with the handshake (1400 Hz, then 2300 Hz), the panel sends sixteen keys, and the receiver
//! acknowledges with 1400 Hz of at least 0.4 s; without that the panel sends them again.
//!
//! Owns: which keys are a message, and whether it is whole. Promises: no I/O and no clock; the account, which are the first
//! four keys, is never kept. Leaves to others: hearing tones and keys.

use std::time::Duration;

use crate::time::Time;
use crate::types::{AlarmTone, Digit, Side};

/// Keys of a message: account 4, type 2, qualifier 1, event 3, partition 2, zone 3, check 1.
const KEYS: u8 = 16;
/// Of them, those of the account.
const ACCOUNT: u8 = 4;
/// Keys of one message are closer than this (50 to 60 ms on and as much off).
const TOGETHER: Duration = Duration::from_millis(1_000);
/// After a tone of the receiver, keys are a panel's for this time: it waits for an answer for some seconds, and calls again then.
const SPEAKS: Duration = Duration::from_secs(30);
/// The check makes the sum of all keys a multiple of this.
const CHECK: u32 = 15;
/// Types that are Contact-ID.
const TYPES: [[u8; 2]; 2] = [[1, 8], [9, 8]];

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmNews {
    /// A tone of the receiver.
    Tone(AlarmTone),
    /// A whole message.
    Message(AlarmMessage),
    /// This number of keys that are no whole message.
    Spoilt {
        /// How many.
        keys: u8,
    },
}

/// A message without its account. Numbers are as the keys have them, a nibble each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmMessage {
    /// 1: an event, or an opening; 3: a restoral, or a closing; 6: still so.
    pub qualifier: u8,
    /// What it is: 0x130 is a burglary.
    pub event: u16,
    /// Partition or group.
    pub partition: u8,
    /// Zone or user.
    pub zone: u16,
}

/// One leg of a port with a panel or a receiver.
#[derive(Clone, Debug, Default)]
pub struct AlarmListener {
    /// When the receiver last said something.
    receiver: Option<Time>,
    /// From which side that came: the panel is on the other one.
    from: Side,
    /// Keys of the message so far, but for the account; their number, and the sum of all.
    keys: [u8; (KEYS - ACCOUNT) as usize],
    count: u8,
    sum: u32,
    last: Option<Time>,
    figures: AlarmFigures,
}

/// What has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlarmFigures {
    /// Whole messages.
    pub messages: u32,
    /// Messages that were not.
    pub spoilt: u32,
    /// Acknowledged by the receiver.
    pub acknowledged: u32,
}

impl AlarmListener {
    /// What has passed until now.
    pub fn figures(&self) -> AlarmFigures {
        self.figures
    }

    /// A tone of the receiver was heard.
    pub fn tone(
        &mut self,
        now: Time,
        tone: AlarmTone,
        from: Side,
        mut emit: impl FnMut(AlarmNews),
    ) {
        self.broken_off(&mut emit);
        if tone == AlarmTone::Acknowledgement {
            if self.receiver.is_none() {
                // No panel has been asked for anything.
                return;
            }
            self.figures.acknowledged = self.figures.acknowledged.saturating_add(1);
        }
        (self.receiver, self.from) = (Some(now), from);
        emit(AlarmNews::Tone(tone));
    }

    /// The same receiver and panel in another leg of their call: what they said in the first one is counted there.
    pub fn continued(&self) -> AlarmListener {
        AlarmListener {
            receiver: self.receiver,
            from: self.from,
            ..AlarmListener::default()
        }
    }

    /// Are the keys of this side a panel's? They must not be shown then.
    pub fn expects_keys(&self, now: Time, side: Side) -> bool {
        let speaks = |at| now.saturating_since(at) < SPEAKS;
        self.from != side && self.receiver.is_some_and(speaks)
    }

    /// A key came from the line.
    pub fn key(&mut self, now: Time, key: Digit, mut emit: impl FnMut(AlarmNews)) {
        if !self.expects_keys(now, Side::Line) {
            return;
        }
        self.receiver = Some(now);
        if self
            .last
            .is_some_and(|last| now.saturating_since(last) >= TOGETHER)
        {
            self.broken_off(&mut emit);
        }
        self.last = Some(now);
        let nibble = nibble(key);
        // A zero counts as ten.
        self.sum += if nibble == 0 { 10 } else { u32::from(nibble) };
        let place = self.count.checked_sub(ACCOUNT).map(usize::from);
        if let Some(place) = place.and_then(|place| self.keys.get_mut(place)) {
            *place = nibble;
        }
        self.count += 1;
        if self.count < KEYS {
            return;
        }
        match self.whole() {
            Some(message) => {
                self.figures.messages = self.figures.messages.saturating_add(1);
                self.forget();
                emit(AlarmNews::Message(message));
            }
            None => self.broken_off(&mut emit),
        }
    }

    fn whole(&self) -> Option<AlarmMessage> {
        let [t1, t2, qualifier, x, y, z, g1, g2, c1, c2, c3, _] = self.keys;
        if !self.sum.is_multiple_of(CHECK) || !TYPES.contains(&[t1, t2]) {
            return None;
        }
        let number = |keys: &[u8]| keys.iter().fold(0u16, |n, key| n << 4 | u16::from(*key));
        Some(AlarmMessage {
            qualifier,
            event: number(&[x, y, z]),
            partition: g1 << 4 | g2,
            zone: number(&[c1, c2, c3]),
        })
    }

    /// What has come is no message.
    fn broken_off(&mut self, emit: &mut impl FnMut(AlarmNews)) {
        if self.count > 0 {
            self.figures.spoilt = self.figures.spoilt.saturating_add(1);
            emit(AlarmNews::Spoilt { keys: self.count });
            self.forget();
        }
    }

    fn forget(&mut self) {
        (self.count, self.sum, self.last) = (0, 0, None);
        self.keys = Default::default();
    }
}

/// A key's number: `*` is B, `#` is C, and `A`, `B`, `C` are D, E, F.
fn nibble(key: Digit) -> u8 {
    match key.as_char() {
        '*' => 0xB,
        '#' => 0xC,
        'A' => 0xD,
        'B' => 0xE,
        'C' => 0xF,
        digit => digit.to_digit(10).map_or(0, |n| n as u8),
    }
}

#[cfg(test)]
mod tests;
