//! A call between two Super G3 machines: V.8 first, through the voice of two ports (their chains, of which some keep V.8
//! out), then T.30, through a relay at each line.
//!
//! The library's fax machines know no V.34. So each machine here has the library's V.8 before its T.30, as a machine
//! with V.34 has: the called one sends ANSam and listens for a menu, and signals by T.30 when none came; the calling one
//! sends its menu when it hears ANSam, and goes on by T.30 when it hears flags. Menus that are agreed on are the end of it:
//! the call is V.34 then, and no page arrives here.

use std::collections::VecDeque;
use std::path::Path;

use tipring_dsp::relay::{Relay, RelayConfig};
use tipring_dsp::{
    CancellerConfig, Chain, ChainCommand, ChainConfig, ChainEvent, DataTone, Law,
    LineEchoCanceller, Side, measure,
};
use tipring_spandsp::{FaxSettings, FaxTerminal, ToneDetector, ToneListener, V8Modem, V8Outcome};

use super::chance::Chance;
use super::network::{Direction, Weather};
use super::page;

const BLOCK: usize = 80;
/// One way through the network, blocks of 10 ms.
const WAY: usize = 6;
/// What the library's machines send, and what they and a relay like to hear.
const MACHINE: f64 = -14.0;
const HEARD: f64 = -23.0;
/// Louder than this a menu is one, dBm0.
const LOUD: f64 = -45.0;
/// Loss of the hybrids, dB.
const HYBRID: f64 = 14.0;
/// The answer tone of a machine and the silence before it are over by then, ms.
const LONGEST_ANSWER: u32 = 10_000;
/// A call is given up after this time, ms.
const PATIENCE: u32 = 200_000;

/// How a call went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// The machines agreed on a modulation by V.8.
    pub(crate) v34: bool,
    /// Both machines say that the page arrived.
    pub(crate) success: bool,
    /// Rows that are not as they were sent.
    pub(crate) spoilt: usize,
    /// Until the machine that sent was done, s.
    pub(crate) seconds: f64,
    /// What the calling machine said by V.8 after the answer, ms, and what of it came out of the far port.
    pub(crate) menu_ms: u32,
    pub(crate) passed_ms: u32,
    /// When both gateways had relays, ms since the call was answered.
    pub(crate) relayed_ms: u32,
}

impl Outcome {
    /// As G3, and every row.
    pub(crate) fn went_on(&self) -> bool {
        self.success && self.spoilt == 0 && !self.v34
    }
}

/// A machine with V.34.
struct Machine {
    fax: FaxTerminal,
    v8: V8Modem,
    flags: ToneDetector,
    calls: bool,
    /// V.8 goes on.
    menus: bool,
    /// The answer tone was heard to begin (by who sends it: it has begun).
    loud: bool,
    silent: u32,
}

impl Machine {
    fn new(settings: &FaxSettings, calls: bool) -> Machine {
        let mut fax = FaxTerminal::new(settings).expect("a fax machine");
        if !calls {
            // Its own answer tone is not sent: ANSam takes its place.
            let mut loud = false;
            let silent_again = (0..LONGEST_ANSWER).step_by(10).any(|_| {
                let mut tone = [0; BLOCK];
                fax.tx(&mut tone);
                let says = tone.iter().any(|sample| *sample != 0);
                loud |= says;
                loud && !says
            });
            assert!(silent_again, "an answer tone that does not end");
        }
        Machine {
            fax,
            v8: V8Modem::new(calls).expect("V.8"),
            flags: ToneDetector::new(ToneListener::V21Preamble).expect("a detector"),
            calls,
            menus: true,
            loud: false,
            silent: 0,
        }
    }

    fn agreed(&self) -> bool {
        matches!(
            self.v8.outcome(),
            V8Outcome::Agreed { .. } | V8Outcome::Offered
        )
    }

    /// What it says in 10 ms, and whether that is V.8. `answered`: by then a machine that calls has ended CNG.
    fn says(&mut self, answered: bool) -> ([i16; BLOCK], bool) {
        let (mut menu, mut sound) = ([0; BLOCK], [0; BLOCK]);
        if self.menus {
            self.v8.tx(&mut menu);
        }
        let says = menu.iter().any(|sample| *sample != 0);
        if self.calls || !self.menus {
            self.fax.tx(&mut sound);
            if self.menus && answered {
                sound.fill(0);
            }
        }
        if !self.calls && self.menus {
            self.loud |= says;
            self.silent = if says { 0 } else { self.silent + 1 };
            // 75 ms after the answer tone, unless a menu came.
            if self.loud && self.silent > 7 && !self.agreed() {
                self.menus = false;
            }
        }
        if says { (menu, true) } else { (sound, false) }
    }

    /// `answer`: what its V.8 takes for the answer tone in place of what it hears.
    fn hears(&mut self, samples: &[i16], answer: Option<&[i16]>) {
        if self.menus {
            self.v8.rx(answer.unwrap_or(samples));
            self.flags.process(samples);
            if self.calls && self.flags.current().is_some() {
                self.menus = false;
            }
        }
        if self.calls || !self.menus {
            self.fax.rx(samples);
        }
    }
}

/// A port: the voice through its chain, or a relay.
struct Port {
    chain: Chain,
    relay: Relay,
    relayed: bool,
    /// Voice on its way here.
    coming: VecDeque<i16>,
    before: [i16; BLOCK],
    gains: [f64; 2],
    flags: bool,
}

impl Port {
    fn new(squelch: bool, chance: &mut Chance) -> Port {
        let mut config = ChainConfig::new(Law::Mu, BLOCK);
        config.mute_detected_digits = false;
        config.v8_squelch = squelch;
        let canceller = LineEchoCanceller::new(CancellerConfig {
            nlp: false,
            takes_turns: true,
            ..CancellerConfig::default()
        });
        let mut chain = Chain::with_echo_canceller(&config, Box::new(canceller)).expect("a chain");
        chain.command(ChainCommand::OffHook(true));
        let config = RelayConfig::default();
        let level = -18.0 - 8.0 * chance.unit();
        let heard = HEARD - 0.9 * chance.unit();
        Port {
            chain,
            relay: Relay::new(&config).expect("a relay"),
            relayed: false,
            coming: VecDeque::from(vec![0; WAY * BLOCK]),
            before: [0; BLOCK],
            gains: [level - MACHINE, heard - f64::from(config.tx_dbm0)]
                .map(|gain| 10f64.powf(gain / 20.0)),
            flags: false,
        }
    }

    /// 10 ms of its machine; gives what that hears of the network, and the voice for the far port.
    fn block(
        &mut self,
        said: &[i16; BLOCK],
        now: u32,
        out: &mut Direction,
    ) -> ([i16; BLOCK], [i16; BLOCK]) {
        let voice: Vec<i16> = self.coming.drain(..BLOCK).collect();
        let (mut bytes, mut down, mut up) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
        if self.relayed {
            self.relay.line_out(&mut down);
        } else {
            self.chain.downlink(&voice, &mut bytes);
            Law::Mu.decode_block(&bytes, &mut down);
        }
        let echo = 10f64.powf(-HYBRID / 20.0);
        let line: [i16; BLOCK] = std::array::from_fn(|n| {
            let sound = f64::from(said[n]) * self.gains[0] + f64::from(self.before[n]) * echo;
            sound.round() as i16
        });
        self.before = down;
        if self.relayed {
            self.relay.line_in(&line, |ifp| out.send(now, ifp));
        } else {
            Law::Mu.encode_block(&line, &mut bytes);
            let samples = BLOCK as u16;
            self.chain.command(ChainCommand::EchoDelay { samples });
            self.chain.uplink(&bytes, &mut up);
            while let Some(event) = self.chain.next_event() {
                self.flags |= matches!(
                    event,
                    ChainEvent::DataTone {
                        tone: DataTone::V21Preamble,
                        from: Side::Line,
                        ..
                    }
                );
            }
        }
        (down, up)
    }
}

/// Is there something of V.21's channel 1, by which menus are sent?
fn is_menu(samples: &[i16]) -> bool {
    let tones = [980.0, 1180.0].map(|hz| measure::tone_level(samples, hz));
    tones.iter().any(|level| *level > LOUD)
}

/// What is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// The calling and the called port keep V.8 out.
    pub(crate) squelch: [bool; 2],
    /// The calling machine sends its menu after any answer tone, as if it had heard ANSam.
    pub(crate) eager: bool,
    pub(crate) weather: Weather,
    pub(crate) rows: usize,
}

/// One call.
pub(crate) fn call(case: &Case, seed: u64, folder: &Path) -> Outcome {
    let (weather, rows) = (case.weather, case.rows);
    let mut chance = Chance(seed.wrapping_mul(1_000_003) + 29);
    let sent = page::stripes(rows);
    let (from, to) = (folder.join("sent.tif"), folder.join("got.tif"));
    page::write(&from, std::slice::from_ref(&sent));
    let _ = std::fs::remove_file(&to);
    let ecm = |settings: FaxSettings| FaxSettings {
        ecm: true,
        ..settings
    };
    let mut machines = [
        Machine::new(&ecm(FaxSettings::sender(&from)), true),
        Machine::new(&ecm(FaxSettings::receiver(&to)), false),
    ];
    let mut ports = case.squelch.map(|squelch| Port::new(squelch, &mut chance));
    // The machines do not begin together.
    for _ in 0..(chance.unit() * 100.0) as usize {
        machines[0].says(false);
    }
    let mut ways = [0, 1].map(|n| Direction::new(weather, seed.wrapping_mul(77) + 3000 + n));
    let mut outcome = Outcome::default();
    // When each gateway has its relay: the called one asks, the answer takes the way back.
    let mut relays: Option<[u32; 2]> = None;
    let mut answered_ms = 0;
    let mut ansam = [0; BLOCK];
    for now in (0..PATIENCE).step_by(10) {
        let way = WAY as u32 * 10;
        if ports[1].flags && relays.is_none() {
            relays = Some([now + way, now + 2 * way]);
        }
        for (port, at) in ports.iter_mut().zip(relays.into_iter().flatten()) {
            port.relayed |= now >= at;
        }
        if outcome.relayed_ms == 0 && ports.iter().all(|port| port.relayed) {
            outcome.relayed_ms = now;
        }
        let [forth, back] = &mut ways;
        if ports[1].relayed {
            forth.run(now, &mut ports[1].relay);
        }
        if ports[0].relayed {
            back.run(now, &mut ports[0].relay);
        }
        let answered = machines[1].loud;
        answered_ms += u32::from(answered) * 10;
        for end in 0..2 {
            let (said, menu) = machines[end].says(answered);
            let (down, up) = ports[end].block(&said, now, &mut ways[end]);
            ports[1 - end].coming.extend(up);
            let gain = ports[end].gains[1];
            let heard = down.map(|sample| (f64::from(sample) * gain) as i16);
            let tone = (end == 0 && case.eager).then_some(&ansam[..]);
            machines[end].hears(&heard, tone);
            if end == 1 {
                ansam = said.map(|sample| sample / 4);
            }
            if end == 0 && menu && answered {
                outcome.menu_ms += 10;
            }
            // The last of CNG is over by then.
            if end == 1 && answered_ms > 500 && machines[1].menus && is_menu(&down) {
                outcome.passed_ms += 10;
            }
        }
        outcome.v34 |= machines[1].agreed();
        let results = machines.each_ref().map(|machine| machine.fax.result());
        if outcome.seconds == 0.0 && results[0].is_some() {
            outcome.seconds = f64::from(now) / 1000.0;
        }
        if outcome.v34 || results.iter().all(Option::is_some) {
            outcome.success = results.iter().flatten().filter(|r| r.is_ok()).count() == 2;
            break;
        }
    }
    drop(machines);
    let got = page::read(&to);
    outcome.spoilt = got.first().map_or(rows, |got| page::spoilt(&sent, got));
    outcome
}
