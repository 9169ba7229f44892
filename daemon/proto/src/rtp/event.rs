//! Telephone-events on the wire and their reception (RFC 4733 §2.3, §2.5.2).
//!
//! An event is known by its timestamp, however many of its packets come, in whatever order, and is played for its length:
//! not from the arrival of the first packet to that of the last, for they may come in a burst, or only the last.
//! Leaves sending to [`super::Sender`], which owns the sequence and the timestamps.

use std::time::Duration;

use crate::time::Time;
use crate::types::Digit;

/// An event that nobody updated for this time is over: its end packets were lost.
const SILENT_END: Duration = Duration::from_millis(150);
/// A timestamp this far behind is an old packet; further behind, the sender has restarted.
const OLD_SAMPLES: i32 = 80_000;
/// An event behind others that was never heard of is still played; from further behind it is forgotten by now.
const RECENT_SAMPLES: i32 = 16_000;
/// Shortest digit and shortest pause that are played, samples: what a receiver of digits needs (Q.24), and 10 ms in
/// which a tone dies away.
const SHORTEST: u32 = 320;
const PAUSE: u32 = 400;
/// Longest segment of an event: the next one begins where it ends (§2.5.1.3).
const SEGMENT: u32 = u16::MAX as u32;
/// Events kept: those that wait, and those that were played, whose packets may come again.
const KEPT: usize = 32;
/// Events in one packet that are looked at (§2.5.1.5).
const IN_A_PACKET: usize = 16;

/// The four bytes of a telephone-event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPayload {
    /// Event code: 0–15 are the DTMF digits.
    pub code: u8,
    /// The event is over.
    pub end: bool,
    /// Level, 0 to 63, as −dBm0.
    pub volume: u8,
    /// Samples since the packet's timestamp.
    pub duration: u16,
}

impl EventPayload {
    /// The four bytes.
    pub fn to_bytes(self) -> [u8; 4] {
        let [d0, d1] = self.duration.to_be_bytes();
        [
            self.code,
            (u8::from(self.end) << 7) | (self.volume & 0x3F),
            d0,
            d1,
        ]
    }

    /// Reads a payload; bytes after the fourth are ignored.
    pub fn parse(payload: &[u8]) -> Option<EventPayload> {
        let [code, flags, d0, d1] = *payload.first_chunk::<4>()?;
        Some(EventPayload {
            code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([d0, d1]),
        })
    }
}

/// A digit that the far end sends as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkDigit {
    /// Pressed.
    On {
        /// Which key.
        digit: Digit,
        /// Level, as −dBm0.
        volume: u8,
    },
    /// Released, or its updates stopped.
    Off {
        /// Which key.
        digit: Digit,
        /// How long it was pressed, samples.
        duration: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Playing,
    Played,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    /// Which of the senders that came one after the other.
    sender: u32,
    /// Its timestamp: where it begins.
    start: u32,
    digit: Digit,
    volume: u8,
    /// Samples that it is known to last, over all segments.
    duration: u32,
    ended: bool,
    updated: Time,
    state: State,
}

impl Event {
    /// How far into this event a packet of that timestamp begins, if it belongs to it.
    fn offset(&self, timestamp: u32, digit: Digit) -> Option<u32> {
        let offset = timestamp.wrapping_sub(self.start);
        let begun = if self.ended { 0 } else { SEGMENT };
        let known = self.duration / SEGMENT * SEGMENT + begun;
        (self.digit == digit && offset.is_multiple_of(SEGMENT) && offset <= known).then_some(offset)
    }

    fn is_over(&self, now: Time) -> bool {
        self.ended || now.saturating_since(self.updated) >= SILENT_END
    }
}

/// Turns event packets, each sent several times, into digits played one after the other, each for its length.
#[derive(Clone, Debug, Default)]
pub struct EventReceiver {
    /// In the order in which they are played; the first `count` are there.
    events: [Option<Event>; KEPT],
    count: usize,
    sender: u32,
    /// Samples that the present digit has been played for.
    played: u32,
    /// Samples of pause that are due before the next one.
    pause: u32,
    dropped: u64,
}

impl EventReceiver {
    /// Takes the payload of one packet, which holds one event, or several that follow one another.
    pub fn receive(&mut self, now: Time, timestamp: u32, payload: &[u8]) {
        let (reports, _) = payload.as_chunks::<4>();
        let mut start = timestamp;
        for (n, report) in reports.iter().take(IN_A_PACKET).enumerate() {
            let Some(event) = EventPayload::parse(report) else {
                return;
            };
            // What follows the first without a duration is padding.
            if n > 0 && event.duration == 0 {
                return;
            }
            self.event(now, start, event);
            start = start.wrapping_add(u32::from(event.duration));
        }
    }

    /// The sender restarted: its timestamps say nothing of those before.
    pub fn restart(&mut self) {
        self.sender = self.sender.wrapping_add(1);
        self.events
            .iter_mut()
            .flatten()
            .for_each(|e| e.ended = true);
    }

    /// What begins or ends with the next block of this number of samples; called once each block.
    pub fn play(&mut self, now: Time, samples: u32) -> Option<NetworkDigit> {
        if self.count == 0 {
            return None;
        }
        let playing = |e: &&mut Event| e.state == State::Playing;
        if let Some(event) = self.events.iter_mut().flatten().find(playing) {
            self.played = self.played.saturating_add(samples);
            if !event.is_over(now) || self.played < event.duration.max(SHORTEST) {
                return None;
            }
            event.ended = true;
            event.state = State::Played;
            self.pause = PAUSE;
            return Some(NetworkDigit::Off {
                digit: event.digit,
                duration: event.duration,
            });
        }
        self.pause = self.pause.saturating_sub(samples);
        if self.pause > 0 {
            return None;
        }
        let waiting = |e: &&mut Event| e.state == State::Waiting;
        let event = self.events.iter_mut().flatten().find(waiting)?;
        event.state = State::Playing;
        self.played = 0;
        Some(NetworkDigit::On {
            digit: event.digit,
            volume: event.volume,
        })
    }

    /// Is a digit played, or does one wait? Its audio is then not expected.
    pub fn is_pressed(&self) -> bool {
        let mut events = self.events.iter().flatten();
        events.any(|e| e.state != State::Played)
    }

    /// Events that found no room among those that wait.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn event(&mut self, now: Time, timestamp: u32, report: EventPayload) {
        let Some(digit) = Digit::from_event_code(report.code) else {
            return;
        };
        let sender = self.sender;
        let duration = u32::from(report.duration);
        let mut known = self.events.iter_mut().flatten();
        if let Some(event) =
            known.find(|e| e.sender == sender && e.offset(timestamp, digit).is_some())
        {
            let offset = event.offset(timestamp, digit).unwrap_or(0);
            event.duration = event.duration.max(offset.saturating_add(duration));
            event.ended |= report.end;
            event.updated = now;
            return;
        }
        if let Some(place) = self.place(timestamp) {
            let last = place == self.count;
            self.insert(
                place,
                Event {
                    sender,
                    start: timestamp,
                    digit,
                    volume: report.volume,
                    duration,
                    // Another one has begun since.
                    ended: report.end || !last,
                    updated: now,
                    state: State::Waiting,
                },
            );
        }
    }

    /// Where an event that is not known yet belongs; nowhere when it is too old.
    fn place(&mut self, timestamp: u32) -> Option<usize> {
        let of_sender = |e: &&Event| e.sender == self.sender;
        let newest = self.events.iter().flatten().rfind(of_sender);
        let Some(newest) = newest.map(|e| e.start) else {
            return Some(self.count);
        };
        let behind = newest.wrapping_sub(timestamp).cast_signed();
        if behind >= OLD_SAMPLES {
            self.restart();
            return Some(self.count);
        }
        if behind >= RECENT_SAMPLES {
            return None;
        }
        let before = |e: &&Event| {
            e.sender != self.sender || timestamp.wrapping_sub(e.start).cast_signed() >= 0
        };
        let place = self.events.iter().flatten().take_while(before).count();
        // The same time again, but another digit: that is no event.
        let at = |place: usize| self.events.get(place)?.as_ref();
        let same = place.checked_sub(1).and_then(at);
        let twice = same.is_some_and(|e| e.sender == self.sender && e.start == timestamp);
        // What was played before cannot be followed by what lay before it: it comes next.
        (!twice).then_some(place)
    }

    fn insert(&mut self, place: usize, event: Event) {
        let mut place = place;
        if self.count == KEPT {
            // The oldest one makes room, if it has been played.
            let oldest = self.events.first().copied().flatten();
            if place == 0 || oldest.is_none_or(|e| e.state != State::Played) {
                self.dropped += 1;
                return;
            }
            self.events.rotate_left(1);
            self.count -= 1;
            place -= 1;
        }
        let Some(rest) = self.events.get_mut(place..=self.count) else {
            return;
        };
        rest.rotate_right(1);
        if let Some(free) = rest.first_mut() {
            *free = Some(event);
        }
        self.count += 1;
        // Those before it are over, whether their ends came or not.
        let before = self.events.iter_mut().take(place).flatten();
        before.for_each(|e| e.ended = true);
    }
}

#[cfg(test)]
mod tests;
