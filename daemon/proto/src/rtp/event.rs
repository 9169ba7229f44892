//! Telephone-events on the wire and their reception (RFC 4733 §2.3, §2.5.2).
//!
//! Leaves sending to [`super::Sender`], which owns the sequence and the timestamps.

use std::time::Duration;

use crate::time::Time;
use crate::types::Digit;

/// An event that nobody updated for so long is over: its end packets were lost.
const SILENT_END: Duration = Duration::from_millis(150);
/// A timestamp this far behind is an old packet; further behind, the sender has started anew.
const OLD_SAMPLES: i32 = 80_000;

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

#[derive(Clone, Copy, Debug)]
struct Pressed {
    digit: Digit,
    /// Samples of the segments before this one (§2.5.1.3).
    before: u32,
    duration: u16,
    updated: Time,
}

/// Turns event packets, each sent several times, into one press and one release.
#[derive(Clone, Debug, Default)]
pub struct EventReceiver {
    timestamp: Option<u32>,
    pressed: Option<Pressed>,
}

impl EventReceiver {
    /// Takes one event packet: at most the release of the digit before and the press of a new one, or a press and a
    /// release when only the end came through.
    pub fn receive(
        &mut self,
        now: Time,
        timestamp: u32,
        event: EventPayload,
    ) -> [Option<NetworkDigit>; 3] {
        let Some(digit) = Digit::from_event_code(event.code) else {
            return [None; 3];
        };
        if let Some(current) = self.timestamp {
            let ahead = timestamp.wrapping_sub(current).cast_signed();
            if ahead == 0 {
                return [self.update(now, event), None, None];
            }
            if (-OLD_SAMPLES..0).contains(&ahead) {
                return [None; 3];
            }
            if let Some(pressed) = &mut self.pressed {
                // The next segment of a long event begins where the one before ended.
                if pressed.digit == digit
                    && pressed.duration == u16::MAX
                    && ahead == i32::from(u16::MAX)
                {
                    pressed.before = pressed.before.saturating_add(u32::from(u16::MAX));
                    pressed.duration = 0;
                    self.timestamp = Some(timestamp);
                    return [self.update(now, event), None, None];
                }
            }
        }
        let released = self.release();
        self.timestamp = Some(timestamp);
        self.pressed = Some(Pressed {
            digit,
            before: 0,
            duration: 0,
            updated: now,
        });
        let pressed = NetworkDigit::On {
            digit,
            volume: event.volume,
        };
        [released, Some(pressed), self.update(now, event)]
    }

    /// The release of a digit whose updates stopped. Asking too early is harmless.
    pub fn poll(&mut self, now: Time) -> Option<NetworkDigit> {
        let pressed = self.pressed?;
        if now.saturating_since(pressed.updated) < SILENT_END {
            return None;
        }
        self.release()
    }

    /// Is a digit pressed? Its audio is then not expected.
    pub fn is_pressed(&self) -> bool {
        self.pressed.is_some()
    }

    fn update(&mut self, now: Time, event: EventPayload) -> Option<NetworkDigit> {
        let pressed = self.pressed.as_mut()?;
        pressed.updated = now;
        pressed.duration = pressed.duration.max(event.duration);
        if event.end { self.release() } else { None }
    }

    fn release(&mut self) -> Option<NetworkDigit> {
        let pressed = self.pressed.take()?;
        Some(NetworkDigit::Off {
            digit: pressed.digit,
            duration: pressed.before.saturating_add(u32::from(pressed.duration)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digit(c: char) -> Digit {
        Digit::from_char(c).unwrap()
    }

    fn on(c: char) -> NetworkDigit {
        NetworkDigit::On {
            digit: digit(c),
            volume: 10,
        }
    }

    fn off(c: char, duration: u32) -> NetworkDigit {
        NetworkDigit::Off {
            digit: digit(c),
            duration,
        }
    }

    /// (ms, timestamp, code, end, duration); the answers in order, polled before each packet.
    fn run(packets: &[(u64, u32, u8, bool, u16)]) -> Vec<NetworkDigit> {
        let mut r = EventReceiver::default();
        let mut out = Vec::new();
        for &(ms, timestamp, code, end, duration) in packets {
            let now = Time::from_millis(ms);
            out.extend(r.poll(now));
            let event = EventPayload {
                code,
                end,
                volume: 10,
                duration,
            };
            out.extend(r.receive(now, timestamp, event).into_iter().flatten());
        }
        out.extend(r.poll(Time::from_millis(1_000_000)));
        out
    }

    #[test]
    fn many_packets_are_one_press_and_one_release() {
        let packets = [
            (0, 500, 5, false, 160),
            (20, 500, 5, false, 320),
            (40, 500, 5, true, 480),
            (60, 500, 5, true, 480),
            (80, 500, 5, true, 480),
        ];
        assert_eq!(run(&packets), [on('5'), off('5', 480)]);
    }

    #[test]
    fn a_lost_end_ends_at_the_next_digit_or_by_silence() {
        let next = [(0, 500, 5, false, 160), (100, 1300, 5, false, 160)];
        assert_eq!(run(&next), [on('5'), off('5', 160), on('5'), off('5', 160)]);
        let silence = [(0, 500, 5, false, 160), (400, 4000, 6, true, 160)];
        assert_eq!(
            run(&silence),
            [on('5'), off('5', 160), on('6'), off('6', 160)]
        );
    }

    #[test]
    fn an_end_alone_is_a_press_and_a_release_once() {
        let packets = [
            (0, 7, 10, true, 800),
            (20, 7, 10, true, 800),
            (40, 7, 10, true, 800),
        ];
        assert_eq!(run(&packets), [on('*'), off('*', 800)]);
    }

    #[test]
    fn packets_of_an_older_digit_are_ignored() {
        let packets = [
            (0, u32::MAX - 10, 1, true, 800),
            (50, 2000, 2, false, 160),
            (60, u32::MAX - 10, 1, true, 800),
            (70, 2000, 2, true, 480),
        ];
        assert_eq!(
            run(&packets),
            [on('1'), off('1', 800), on('2'), off('2', 480)]
        );
    }

    #[test]
    fn segments_of_a_long_press_are_one_digit() {
        let packets = [
            (0, 100, 9, false, 160),
            (100, 100, 9, false, 0xFFFF),
            (120, 100 + 0xFFFF, 9, false, 160),
            (140, 100 + 0xFFFF, 9, true, 320),
        ];
        assert_eq!(run(&packets), [on('9'), off('9', 0xFFFF + 320)]);
    }

    #[test]
    fn other_events_and_short_payloads_are_nothing() {
        assert_eq!(run(&[(0, 1, 16, false, 160), (20, 1, 200, true, 160)]), []);
        assert_eq!(EventPayload::parse(&[1, 2, 3]), None);
    }

    proptest! {
        #[test]
        fn presses_and_releases_alternate(
            packets in proptest::collection::vec((0u64..300, any::<u32>(), 0u8..20, any::<bool>(), any::<u16>()), 0..80)
        ) {
            let mut at = 0;
            let packets: Vec<_> = packets.into_iter().map(|(d, t, c, e, n)| { at += d; (at, t, c, e, n) }).collect();
            let mut pressed = None;
            for digit in run(&packets) {
                match (digit, pressed) {
                    (NetworkDigit::On { digit, .. }, None) => pressed = Some(digit),
                    (NetworkDigit::Off { digit, .. }, Some(which)) if digit == which => pressed = None,
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert!(pressed.is_none());
        }
    }
}
