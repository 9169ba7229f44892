//! One port between a hostile server, a phone that is lifted and hung up at random, a slow media side and a clock that
//! jumps.
//!
//! Whatever happens: no output contradicts the ones before it, nothing grows, nothing stays due, and when the phone is
//! hung up and the device stopped, all is quiet.
#![no_main]

mod server;
mod witness;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_proto::call::{
    AfterFarHangUp, CallerIdTiming, DigitHeard, FlashAction, HookConfig, LegStatistics, LineFault,
    LineInput, MediaInput, PortConfig,
};
use tipring_proto::device::{Device, DeviceConfig, Input};
use tipring_proto::sccp::message::{MediaStatus, ServerMessage};
use tipring_proto::sccp::station::{CloseReason, ConnectFailure, StationConfig, StationState};
use tipring_proto::sccp::wire::encode_server;
use tipring_proto::time::Time;
use tipring_proto::types::{CallRef, DeviceName, DeviceType, Digit, Party, TenthDbm0};

use witness::Witness;

/// Outputs, traces among them, of one input that is not bytes: more than any way a call with all its legs can end.
const MOST_OUTPUTS: usize = 160;
/// Deadlines in a row without time for anything else.
const MOST_DEADLINES: usize = 20_000;

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let mut scene = Scene::new(&mut program);
    while let Some(step) = program.next_step() {
        scene.step(step, &mut program);
        scene.nothing_stays_due();
        scene.nothing_grows();
    }
    scene.end();
});

struct Scene {
    device: Device,
    config: DeviceConfig,
    now: Time,
    witness: Witness,
}

impl Scene {
    fn new(program: &mut Program<'_>) -> Scene {
        let config = config(program);
        let now = Time::from_millis(1000);
        let mut scene = Scene {
            device: Device::new(config.clone(), now),
            config,
            now,
            witness: Witness::default(),
        };
        scene.device.start(now);
        scene.look(MOST_OUTPUTS);
        if program.byte() < 224 {
            scene.register();
        }
        scene
    }

    fn step(&mut self, step: u8, program: &mut Program<'_>) {
        match step % 24 {
            0 => {
                let at = self.a_moment_ago(program);
                self.line(LineInput::LoopClosed { at });
            }
            1 => {
                let at = self.a_moment_ago(program);
                self.line(LineInput::LoopOpened { at });
            }
            2 => {
                let at = self.a_moment_ago(program);
                self.line(LineInput::Flash { at });
            }
            3 => {
                let at = self.a_moment_ago(program);
                let digit = program.byte();
                self.line(LineInput::PulseDigit { digit, at });
            }
            4 => {
                let at = self.now;
                self.line(match program.byte() % 4 {
                    0 => LineInput::RingOn { at },
                    1 => LineInput::CallerIdSent,
                    _ => LineInput::RingOff { at },
                });
            }
            5 => self.line(match program.byte() % 6 {
                0 => LineInput::Fault(LineFault::Alarm),
                1 => LineInput::Fault(LineFault::Removed),
                2 => LineInput::Fault(LineFault::PowerAlarm),
                _ => LineInput::FaultCleared,
            }),
            6 | 7 => {
                let at = self.a_moment_ago(program);
                if let Some(digit) = Digit::from_event_code(program.byte() % 16) {
                    let heard = DigitHeard {
                        digit,
                        at,
                        level: TenthDbm0(-100),
                    };
                    self.take(Input::Digit(heard), MOST_OUTPUTS);
                }
            }
            // Time goes on, and nobody looks at the deadlines before the next step.
            8 => self.now = self.now + Duration::from_millis(u64::from(program.byte()) * 10),
            9 => self.elapse(Duration::from_millis(u64::from(program.byte()) * 500)),
            10..13 => self.next_deadline(),
            13 | 14 => self.socket_opened(program.byte() < 224),
            15 => self.statistics(program),
            16 => self.tcp(program),
            17 => self.bytes(program.bytes()),
            18 => {
                // A list that begins elsewhere: servers that are registered with leave it.
                let first = usize::from(program.byte() % 3);
                let count = usize::from(program.byte() % 4);
                self.config.station.servers = (first..first + count).collect();
                self.config.station.offer_version = 3 + program.byte() % 20;
                let station = self.config.station.clone();
                self.device.reconfigure_station(self.now, station);
                self.look(MOST_OUTPUTS);
            }
            _ => self.say(&server::message(program)),
        }
    }

    /// The server registers the device, as far as the device's state allows it.
    fn register(&mut self) {
        for _ in 0..4 {
            if self.witness.connecting {
                break;
            }
            self.next_deadline();
        }
        self.connected();
        self.say(&server::register_ack(30, self.config.station.offer_version));
        for _ in 0..8 {
            if self.device.is_registered() {
                break;
            }
            self.next_deadline();
        }
    }

    fn say(&mut self, message: &ServerMessage) {
        let version = self.device.station_snapshot().version;
        self.bytes(&encode_server(message, version));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        // A message has twelve bytes at least.
        let most = MOST_OUTPUTS + bytes.len() * 3;
        let id = self.witness.active;
        self.take(Input::Received { id, bytes }, most);
    }

    fn line(&mut self, input: LineInput) {
        // A line that comes back gets StopRing once more.
        self.witness.renewed = matches!(input, LineInput::FaultCleared);
        self.take(Input::Line(input), MOST_OUTPUTS);
        self.witness.renewed = false;
    }

    fn connected(&mut self) {
        self.witness.connecting = false;
        let (id, local) = (self.witness.active, Ipv4Addr::LOCALHOST);
        self.take(Input::Connected { id, local }, MOST_OUTPUTS);
    }

    fn tcp(&mut self, program: &mut Program<'_>) {
        let id = self.witness.active;
        let reason = match program.byte() % 8 {
            0 => return self.register(),
            1 => return self.connected(),
            2 => {
                let failure = ConnectFailure::Refused;
                return self.take(Input::ConnectFailed { id, failure }, MOST_OUTPUTS);
            }
            3 => return self.trial(program),
            4 if program.byte() == 0 => return self.take(Input::Stop, MOST_OUTPUTS),
            5 => CloseReason::Reset,
            6 => CloseReason::TimedOut,
            _ => CloseReason::ByServer,
        };
        self.take(Input::Lost { id, reason }, MOST_OUTPUTS);
    }

    /// The connection to a better server, and what else wakes a device.
    fn trial(&mut self, program: &mut Program<'_>) {
        let kind = program.byte();
        let server = usize::from(program.byte() % 5);
        let id = self.witness.trial;
        let input = match kind % 8 {
            0 | 1 => Input::Connected {
                id,
                local: Ipv4Addr::LOCALHOST,
            },
            2 => Input::ConnectFailed {
                id,
                failure: ConnectFailure::Refused,
            },
            3 => Input::Deferred { id },
            4 => Input::Lost {
                id,
                reason: CloseReason::Reset,
            },
            5 => Input::SiblingRegistered { server },
            6 => {
                let at_once = kind > 127;
                match program.byte() % 5 {
                    0 => Input::LookAt { server, at_once },
                    1 => Input::LeadTo { server, turn: at_once.then_some(3) },
                    2 => Input::TurnTo { server },
                    3 => Input::RetryNow { server: Some(server) },
                    _ => Input::Restart,
                }
            }
            _ if kind > 127 => Input::NetworkChanged,
            _ => {
                let bytes = program.bytes();
                let received = Input::Received { id, bytes };
                return self.take(received, MOST_OUTPUTS + bytes.len() * 3);
            }
        };
        self.take(input, MOST_OUTPUTS);
    }

    /// The media side answers the oldest opening.
    fn socket_opened(&mut self, well: bool) {
        let Some(party) = self.witness.unanswered.pop_front() else {
            return;
        };
        // The last answer for a leg decides whether it has a socket: a failed one ends without notice.
        let last = !self.witness.unanswered.contains(&party);
        let result = if well {
            Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 16_384))
        } else {
            Err(MediaStatus::OUT_OF_SOCKETS)
        };
        if !well && last {
            self.witness.open.remove(&party);
        }
        let before = self.witness.acknowledged;
        self.media(MediaInput::ReceiveOpened { party, result });
        assert!(
            self.witness.acknowledged <= before + 1,
            "one socket acknowledged twice"
        );
    }

    fn statistics(&mut self, program: &mut Program<'_>) {
        let call = match self.witness.wanted.pop_front() {
            Some(call) => call,
            None => CallRef(program.number()),
        };
        let counters = LegStatistics {
            packets_sent: u32::MAX,
            ..LegStatistics::default()
        };
        self.media(MediaInput::Statistics { call, counters });
    }

    fn media(&mut self, input: MediaInput) {
        self.take(Input::Media(input), MOST_OUTPUTS);
    }

    fn take(&mut self, input: Input<'_>, most: usize) {
        self.device.handle(self.now, input);
        self.look(most);
    }

    fn look(&mut self, most: usize) {
        let mut count = 0;
        self.witness.versions = [
            self.device.station_config().offer_version,
            self.device.station_snapshot().version,
        ];
        while let Some(output) = self.device.poll_output() {
            count += 1;
            self.witness.see(&output);
        }
        assert!(count <= most, "{count} outputs of one input");
    }

    fn next_deadline(&mut self) {
        if let Some(at) = self.device.poll_timeout() {
            self.now = self.now.max(at);
            self.device.handle_timeout(self.now);
            self.look(MOST_OUTPUTS);
        }
    }

    fn elapse(&mut self, time: Duration) {
        let until = self.now + time;
        for round in 0.. {
            match self.device.poll_timeout() {
                Some(at) if at <= until => self.next_deadline(),
                _ => break,
            }
            assert!(round < MOST_DEADLINES, "busy with deadlines");
        }
        self.now = until;
    }

    /// A caller that waits until the deadline and calls again must not spin.
    fn nothing_stays_due(&mut self) {
        for _ in 0..4 {
            match self.device.poll_timeout() {
                Some(at) if at <= self.now => {
                    self.device.handle_timeout(self.now);
                    self.look(MOST_OUTPUTS);
                }
                _ => return,
            }
        }
        panic!("a deadline that never lets go");
    }

    fn nothing_grows(&self) {
        let shown = self.device.snapshot();
        assert!(
            shown.port.calls.len() <= 9,
            "{} calls",
            shown.port.calls.len()
        );
        assert!(shown.station.history.len() <= 16);
        assert_eq!(
            shown.port.tone.is_some(),
            self.witness.sounding,
            "another tone shown"
        );
    }

    /// The phone is hung up, the device is stopped, everybody has answered: nothing is left.
    fn end(&mut self) {
        let at = self.now;
        self.line(LineInput::FaultCleared);
        self.line(LineInput::LoopOpened { at });
        self.elapse(Duration::from_secs(10));
        self.take(Input::Stop, MOST_OUTPUTS);
        self.elapse(Duration::from_secs(600));
        while let Some(&party) = self.witness.unanswered.front() {
            let Party(number) = party;
            self.socket_opened(number % 2 == 0);
        }
        let shown = self.device.snapshot();
        assert!(!self.device.is_busy(), "busy for ever: {shown:?}");
        assert!(self.witness.is_idle(), "{:?}: {shown:?}", self.witness);
        assert!(shown.port.calls.is_empty(), "{shown:?}");
        assert_eq!(shown.station.state, StationState::Stopped);
        assert_eq!(self.device.poll_timeout(), None, "stopped, and still waits");
    }

    fn a_moment_ago(&self, program: &mut Program<'_>) -> Time {
        let ago = Duration::from_millis(u64::from(program.byte() % 64));
        Time::from_duration(self.now.since_epoch().saturating_sub(ago))
    }
}

fn config(program: &mut Program<'_>) -> DeviceConfig {
    let name = DeviceName::new("VGC112233445501").expect("a name");
    let mut station = StationConfig::new(name, DeviceType::VGC_PHONE, [0; 6]);
    station.offer_version = 3 + program.byte() % 20;
    station.servers = (0..usize::from(program.byte() % 4)).collect();
    let mut port = PortConfig {
        flash: program.choice(&[
            FlashAction::Transfer,
            FlashAction::Hold,
            FlashAction::Send,
            FlashAction::Ignore,
        ]),
        after_far_hang_up: program.choice(&[
            AfterFarHangUp::Reorder,
            AfterFarHangUp::Busy,
            AfterFarHangUp::Silence,
            AfterFarHangUp::DialTone,
        ]),
        caller_id: program.choice(&[
            CallerIdTiming::AfterFirstRing { delay_ms: 500 },
            CallerIdTiming::None,
            CallerIdTiming::BeforeRing {
                polarity_reversal: true,
                dual_tone_alert: true,
                lead_ms: 300,
                ring_delay_ms: 300,
            },
        ]),
        ..PortConfig::default()
    };
    let odd = program.byte();
    port.transfer_on_hang_up = odd & 1 == 0;
    port.stutter_dial_tone = odd & 2 == 0;
    port.send_abcd = odd & 4 != 0;
    if odd & 8 != 0 {
        port.howler_ms = 0;
    }
    if odd & 16 != 0 {
        port.open_loop_ms = 0;
    }
    if odd & 32 != 0 {
        port.call_waiting_repeat_ms = 0;
    }
    if odd & 64 != 0 {
        port.hook = HookConfig::decoded_by_card();
    }
    DeviceConfig { station, port }
}
