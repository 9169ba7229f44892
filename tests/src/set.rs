//! A simulated phone at a port: the hands and ears of a test, through the control socket.

use std::path::Path;
use std::time::{Duration, Instant};

use tipring_ctl::client::Client;
use tipring_ctl::report::{PortDetail, SimSnapshot};
use tipring_ctl::request::{Request, Response, SimAction, SimCondition};

use crate::gateway::PROMPT;

/// The call progress tones of the US plan, each as the frequencies of which one is the strongest.
mod tones {
    pub(super) const DIAL: [f32; 2] = [350.0, 440.0];
    pub(super) const BUSY_OR_REORDER: [f32; 2] = [480.0, 620.0];
    pub(super) const RING_BACK: [f32; 2] = [440.0, 480.0];
}

/// A simulated phone and its port.
pub struct Set {
    client: Client,
    port: u16,
}

/// What was heard of one tone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeardTone {
    /// What was sent.
    pub sent_hz: f32,
    /// At which level.
    pub sent_dbm0: f32,
    /// What came.
    pub hz: f32,
    /// At which level.
    pub dbm0: f32,
}

impl HeardTone {
    /// Within 1 % and 1 dB?
    pub fn is_good(&self) -> bool {
        (self.hz - self.sent_hz).abs() <= self.sent_hz / 100.0 && self.level_error_db() <= 1.0
    }

    /// How far off the level is.
    pub fn level_error_db(&self) -> f32 {
        (self.dbm0 - self.sent_dbm0).abs()
    }
}

impl std::fmt::Display for HeardTone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} Hz {:.1} dBm0", self.hz, self.dbm0)
    }
}

impl Set {
    /// The phone at a port, with a control connection of its own.
    pub fn connect(socket: &Path, port: u16) -> Result<Set, String> {
        let client = Client::connect(socket, PROMPT).map_err(|e| e.to_string())?;
        Ok(Set { client, port })
    }

    /// Acts; the error names the port and the action.
    pub fn act(&mut self, action: SimAction, within: Duration) -> Result<SimSnapshot, String> {
        let what = format!("{action:?}");
        let request = Request::Sim {
            port: self.port,
            action,
        };
        match self.client.request(request, within) {
            Ok(Response::Sim(snapshot)) => Ok(snapshot),
            Ok(other) => Err(format!("port {}: {what} answered {other:?}", self.port)),
            Err(e) => Err(format!("port {}: {what}: {e}", self.port)),
        }
    }

    /// Port number.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// State of phone and line.
    pub fn show(&mut self) -> Result<SimSnapshot, String> {
        self.act(SimAction::Show, PROMPT)
    }

    /// State of the port as the gateway has it.
    pub fn detail(&mut self) -> Result<PortDetail, String> {
        match self
            .client
            .request(Request::PortShow { port: self.port }, PROMPT)
        {
            Ok(Response::Port(detail)) => Ok(*detail),
            Ok(other) => Err(format!("port {}: show answered {other:?}", self.port)),
            Err(e) => Err(format!("port {}: show: {e}", self.port)),
        }
    }

    /// Goes off-hook.
    pub fn lift(&mut self) -> Result<(), String> {
        self.act(SimAction::Lift, PROMPT).map(drop)
    }

    /// Hangs up.
    pub fn hang(&mut self) -> Result<(), String> {
        self.act(SimAction::Hang, PROMPT).map(drop)
    }

    /// Forgets heard digits, caller ID and measured ringing of earlier calls.
    pub fn forget(&mut self) -> Result<(), String> {
        self.act(SimAction::Forget, PROMPT).map(drop)
    }

    /// Hookflash, until the loop is closed again.
    pub fn flash(&mut self, ms: u16) -> Result<(), String> {
        self.act(SimAction::Flash { ms }, PROMPT)?;
        self.wait(SimCondition::DialDone, 10).map(drop)
    }

    /// Dials by DTMF, 80 ms on, 80 ms off, until the last digit is out.
    pub fn dial(&mut self, digits: &str) -> Result<(), String> {
        self.dial_with(digits, false, 80, 80)
    }

    /// Dials by pulses, 60 ms break, 40 ms make, until the last pulse is out.
    pub fn dial_pulse(&mut self, digits: &str) -> Result<(), String> {
        self.dial_with(digits, true, 60, 40)
    }

    fn dial_with(&mut self, digits: &str, pulse: bool, on: u16, off: u16) -> Result<(), String> {
        let action = SimAction::Dial {
            digits: digits.into(),
            pulse,
            on_ms: Some(on),
            off_ms: Some(off),
        };
        self.act(action, PROMPT)?;
        // The slowest digit, a pulsed 0, takes 1 s and its pause about as long.
        let seconds = 5 + 3 * digits.len() as u64;
        self.wait(SimCondition::DialDone, seconds).map(drop)
    }

    /// Lifts, waits for dial tone and dials.
    pub fn call(&mut self, digits: &str) -> Result<(), String> {
        self.lift()?;
        self.hears_dial_tone()?;
        self.dial(digits)
    }

    /// Sends a sine until another order.
    pub fn tone(&mut self, hz: f32, dbm0: f32) -> Result<(), String> {
        let action = SimAction::Tone {
            hz: vec![hz],
            dbm0,
            ms: 0,
        };
        self.act(action, PROMPT).map(drop)
    }

    /// Falls silent.
    pub fn quiet(&mut self) -> Result<(), String> {
        self.act(SimAction::Stop, PROMPT).map(drop)
    }

    /// Waits for a condition.
    pub fn wait(&mut self, until: SimCondition, within_s: u64) -> Result<SimSnapshot, String> {
        let action = SimAction::Wait {
            until,
            timeout_ms: within_s * 1000,
        };
        self.act(action, Duration::from_secs(within_s + 5))
            .map_err(|e| match self.show() {
                Ok(s) => format!(
                    "{e}; phone {:?}, hears {:?}, polarity {:?}, loop opened {} times",
                    s.set, s.heard, s.polarity, s.open_loops
                ),
                Err(_) => e,
            })
    }

    /// Waits until one of these is the strongest frequency that the phone hears.
    pub fn hears(&mut self, hz: &[f32]) -> Result<SimSnapshot, String> {
        self.hears_within(hz, 15)
    }

    /// The same with a limit of its own.
    pub fn hears_within(&mut self, hz: &[f32], within_s: u64) -> Result<SimSnapshot, String> {
        self.wait(SimCondition::Tone { hz: hz.to_vec() }, within_s)
    }

    /// Waits for dial tone.
    pub fn hears_dial_tone(&mut self) -> Result<SimSnapshot, String> {
        self.hears(&tones::DIAL)
            .map_err(|e| format!("no dial tone: {e}"))
    }

    /// Waits for busy or reorder tone (the same frequencies in another cadence).
    pub fn hears_busy_or_reorder(&mut self) -> Result<SimSnapshot, String> {
        self.hears_busy_or_reorder_within(15)
    }

    /// The same with a limit of its own.
    pub fn hears_busy_or_reorder_within(&mut self, within_s: u64) -> Result<SimSnapshot, String> {
        self.hears_within(&tones::BUSY_OR_REORDER, within_s)
            .map_err(|e| format!("no busy or reorder tone: {e}"))
    }

    /// Waits for ring-back tone.
    pub fn hears_ring_back(&mut self) -> Result<SimSnapshot, String> {
        self.hears(&tones::RING_BACK)
            .map_err(|e| format!("no ring-back tone: {e}"))
    }

    /// Waits for a tone that was sent at this level, and measures it: `hz` ±1 %, `dbm0` ±1 dB.
    pub fn measures(&mut self, hz: f32, dbm0: f32) -> Result<HeardTone, String> {
        self.hears(&[hz])?;
        // The level settles once the meter's window lies inside the tone.
        let end = Instant::now() + Duration::from_secs(3);
        loop {
            let heard = self.show()?.heard;
            let tone = HeardTone {
                sent_hz: hz,
                sent_dbm0: dbm0,
                hz: heard.hz.unwrap_or(0.0),
                dbm0: heard.hz_dbm0.unwrap_or(-99.0),
            };
            if tone.is_good() {
                return Ok(tone);
            }
            if Instant::now() > end {
                let port = self.port;
                return Err(format!(
                    "port {port}: {hz} Hz {dbm0} dBm0 sent, {tone} heard"
                ));
            }
            std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
        }
    }

    /// Number of times that the gateway has opened the loop until now; for [`Set::loop_opened_after`].
    pub fn loop_openings(&mut self) -> Result<u64, String> {
        Ok(self.show()?.open_loops)
    }

    /// Waits until the gateway has opened the loop more often than `before`, and closed it again.
    pub fn loop_opened_after(&mut self, before: u64, within: Duration) -> Result<(), String> {
        let end = Instant::now() + within;
        loop {
            let now = self.show()?;
            let closed = now.polarity != tipring_ctl::report::SimPolarity::Open;
            if now.open_loops > before && closed {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!(
                    "port {}: the loop was not opened ({} openings before, {} now, feed {:?})",
                    self.port, before, now.open_loops, now.polarity
                ));
            }
            std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
        }
    }

    /// Waits for ringing and answers.
    pub fn answer(&mut self) -> Result<(), String> {
        self.wait(SimCondition::Ringing, 15)?;
        self.lift()
    }

    /// Waits until the call is connected and media flows.
    pub fn connected(&mut self) -> Result<(), String> {
        self.wait(SimCondition::Connected, 15).map(drop)
    }

    /// Hangs up and waits until the port is idle.
    pub fn finish(&mut self) -> Result<(), String> {
        self.hang()?;
        self.wait(SimCondition::Idle, 15).map(drop)
    }
}
