//! A server and a card that make no sense at all.

use std::collections::BTreeMap;

use super::*;
use crate::call::LegStatistics;
use crate::sccp::message::{StartMulticastMediaReception, StopMulticastMediaReception};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((z ^ (z >> 31)) % u64::from(sides)).unwrap()
    }

    /// Mostly small numbers that meet again, sometimes the edges.
    fn number(&mut self) -> u32 {
        match self.roll(10) {
            0 => 0,
            1 => u32::MAX,
            _ => 1 + self.roll(4),
        }
    }

    fn message(&mut self) -> ServerMessage {
        let (a, b) = (self.number(), self.number());
        match self.roll(18) {
            0..=4 => state(CallStateKind(self.roll(19)), a),
            5 => tone(Tone(self.roll(0x70)), a),
            6 => stop_tone(a),
            7 => ringer(RingMode(self.roll(8)), a),
            8 => info(a, "5551234", "Ada"),
            9 | 10 => open(a, b),
            11 => start(a, b),
            12 => stop(a),
            13 => close(a),
            14 => ServerMessage::ConnectionStatisticsReq(ConnectionStatisticsReq {
                number: String::new(),
                call: CallRef(a),
                mode: b,
            }),
            15 => ServerMessage::StartMulticastMediaReception(StartMulticastMediaReception {
                group: SocketAddrV4::new(Ipv4Addr::new(239, 1, 1, 1), 16_384),
                conference: Conference(0),
                party: Party(a),
                ptime_ms: 20,
                format: MediaFormat::G711_ULAW,
                echo_cancel: false,
                call: CallRef(b),
            }),
            16 => ServerMessage::StopMulticastMediaReception(StopMulticastMediaReception {
                conference: Conference(0),
                party: Party(a),
                call: CallRef(b),
            }),
            _ => ServerMessage::SetHookFlashDetect(SetHookFlashDetect),
        }
    }

    fn line(&mut self, now: Time) -> LineInput {
        let back = Time::from_millis(
            u64::try_from(now.since_epoch().as_millis())
                .unwrap()
                .saturating_sub(u64::from(self.roll(50))),
        );
        match self.roll(9) {
            0 | 1 => LineInput::LoopClosed { at: back },
            2 | 3 => LineInput::LoopOpened { at: back },
            4 => LineInput::Flash { at: back },
            5 => LineInput::PulseDigit {
                digit: u8::try_from(self.roll(256)).unwrap(),
                at: back,
            },
            6 => LineInput::RingOff { at: back },
            7 => LineInput::CallerIdSent,
            _ if self.roll(4) == 0 => LineInput::Fault(LineFault::PowerAlarm),
            _ => LineInput::FaultCleared,
        }
    }
}

/// What the line and the media side believe, checked at every output.
#[derive(Default)]
struct Witness {
    open: BTreeMap<Party, bool>,
    bridged: Option<Party>,
    ringing: bool,
    sounding: bool,
    unanswered: Vec<Party>,
}

impl Witness {
    fn see(&mut self, output: &Output) {
        match output {
            Output::Media(MediaOutput::OpenReceive { party, .. }) => {
                assert_eq!(self.open.insert(*party, false), None, "opened twice");
                assert!(self.open.len() <= 4, "too many sockets");
                self.unanswered.push(*party);
            }
            Output::Media(MediaOutput::StartSend { party, .. }) => {
                *self.open.get_mut(party).expect("sends without a socket") = true;
            }
            Output::Media(MediaOutput::StopSend { party }) => {
                let sending = self.open.get_mut(party).expect("stops what is not open");
                assert!(std::mem::take(sending), "stops what was not sent");
            }
            Output::Media(MediaOutput::CloseReceive { party }) => {
                assert!(self.open.remove(party).is_some(), "closes what is not open");
                assert_ne!(self.bridged, Some(*party), "closes what is heard");
            }
            Output::Media(MediaOutput::Bridge { party }) => {
                assert_ne!(self.bridged, *party, "bridged as it was");
                if let Some(party) = party {
                    assert!(self.open.contains_key(party), "bridged to nothing");
                }
                self.bridged = *party;
            }
            Output::Media(
                MediaOutput::Disown { .. }
                | MediaOutput::NeedHeard { .. }
                | MediaOutput::NeedStatistics { .. },
            ) => {}
            Output::Line(LineOutput::Ring(_)) => self.ringing = true,
            Output::Line(LineOutput::StopRing) => {
                assert!(std::mem::take(&mut self.ringing), "stops no ring");
            }
            Output::Line(LineOutput::PlayTone(_)) => self.sounding = true,
            Output::Line(LineOutput::StopTone) => {
                assert!(std::mem::take(&mut self.sounding), "stops no tone");
            }
            Output::Line(_) | Output::Send(_) | Output::Record(_) | Output::Counted(_) => {}
        }
    }
}

fn play(seed: u64) {
    let mut dice = Dice(seed);
    let mut b = Bench::with(|c| {
        c.flash = [
            FlashAction::Transfer,
            FlashAction::Hold,
            FlashAction::Send,
            FlashAction::Ignore,
        ][dice.roll(4) as usize];
        c.after_far_hang_up =
            [AfterFarHangUp::DialTone, AfterFarHangUp::Silence][dice.roll(2) as usize];
    });
    let mut witness = Witness::default();
    for _ in 0..400 {
        match dice.roll(12) {
            0..=5 => {
                let message = dice.message();
                b.says(&[message]);
            }
            6 | 7 => {
                let line = dice.line(b.now);
                // What a line does that was in trouble nobody knows: it is sent again.
                witness.ringing |= line == LineInput::FaultCleared && b.port.line.is_faulty();
                b.input(Input::Line(line));
            }
            8 => b.dial("7"),
            9 => {
                let result = match dice.roll(4) {
                    0 => Err(MediaStatus::OUT_OF_SOCKETS),
                    _ => Ok(local(1)),
                };
                if !witness.unanswered.is_empty() {
                    let party = witness.unanswered.remove(0);
                    b.input(Input::Media(MediaInput::ReceiveOpened { party, result }));
                    if result.is_err() {
                        // A leg that could not be opened is gone, unless it was closed and asked for again.
                        let again = witness.unanswered.contains(&party);
                        if !again && b.port.legs.of_party(party).is_none() {
                            witness.open.remove(&party);
                        }
                    }
                }
                let call = CallRef(dice.number());
                let counters = LegStatistics::default();
                b.input(Input::Media(MediaInput::Statistics { call, counters }));
            }
            10 => b.wait([1, 100, 1_500, 20_000][dice.roll(4) as usize]),
            _ => match dice.roll(6) {
                0 => b.input(Input::StationDown),
                _ => b.input(Input::StationUp { version: 17 }),
            },
        }
        for output in b.outputs() {
            witness.see(&output);
        }
        let shown = b.port.snapshot();
        assert!(shown.calls.len() <= 8);
        if b.port.phone.is_on_hook() {
            assert_eq!(
                (witness.bridged, witness.sounding),
                (None, false),
                "seed {seed}"
            );
        } else {
            assert!(!witness.ringing, "seed {seed}");
        }
    }
    // The phone is hung up and the server goes: nothing is left.
    witness.ringing |= b.port.line.is_faulty();
    b.input(Input::Line(LineInput::FaultCleared));
    b.hang_up();
    b.input(Input::StationDown);
    b.wait(200_000);
    for output in b.outputs() {
        witness.see(&output);
    }
    assert_eq!(b.port.snapshot().calls, [], "seed {seed}");
    assert!(!b.port.is_busy(), "seed {seed}");
    assert!(!witness.ringing && !witness.sounding, "seed {seed}");
    assert_eq!(witness.open.len(), b.port.legs.len(), "seed {seed}");
}

#[test]
fn nonsense_neither_panics_nor_leaves_anything_behind() {
    for seed in 0..2_000 {
        play(seed);
    }
}
