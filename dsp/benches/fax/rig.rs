//! A call between two fax machines, each on its line before a relay.

use std::path::{Path, PathBuf};

use tipring_dsp::relay::{Relay, RelayConfig, RelayFigures, Seen};
use tipring_spandsp::{FaxModems, FaxSettings, FaxTerminal};
use tipring_types::t38::Ifp;

use super::chance::Chance;
use super::network::{Direction, Weather};
use super::page;

const BLOCK: usize = 80;
/// The machines of the library send at this level, dBm0.
const MACHINE: f64 = -14.0;
/// They hear the relay at this level and up to 0.9 dB below: their own receivers of V.17 train short reliably from -23
/// to -26 dBm0 alone, those of V.29 end at -24.
const HEARD: f64 = -23.0;
/// Taps of a delay by a part of a sample.
const TAPS: usize = 32;

/// What is tried.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) modems: FaxModems,
    pub(crate) ecm: bool,
    pub(crate) weather: Weather,
    /// Level of the machines at the relay, dBm0; none: by chance -18 to -26.
    pub(crate) level: Option<f64>,
    /// Noise, dBm0.
    pub(crate) noise: f64,
    /// The first training check at a rate is spoilt, so that the machines fall back.
    pub(crate) spoil_check: bool,
    pub(crate) pages: usize,
    pub(crate) rows: usize,
    pub(crate) tep: bool,
    /// Loss of the hybrids, dB.
    pub(crate) hybrid: f64,
    /// A call is given up after this time, s.
    pub(crate) patience: u32,
}

pub(crate) const V17: FaxModems = FaxModems {
    v27ter: true,
    v29: true,
    v17: true,
};
pub(crate) const V29: FaxModems = FaxModems {
    v27ter: true,
    v29: true,
    v17: false,
};
pub(crate) const V27TER: FaxModems = FaxModems {
    v27ter: true,
    v29: false,
    v17: false,
};

impl Case {
    pub(crate) fn new(modems: FaxModems, ecm: bool, weather: Weather) -> Self {
        Self {
            modems,
            ecm,
            weather,
            level: None,
            noise: -58.0,
            spoil_check: false,
            pages: 1,
            rows: 600,
            tep: false,
            hybrid: 14.0,
            patience: 400,
        }
    }
}

/// What a relay was given in 10 ms: samples of the line, and packets.
pub(crate) type Given = ([i16; BLOCK], Vec<Ifp>);

/// Takes what both relays were given in 10 ms.
type Record<'a> = dyn FnMut([[i16; BLOCK]; 2], [&[Ifp]; 2]) + 'a;

/// How a call went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Both machines say that all pages arrived.
    pub(crate) success: bool,
    /// Rows that are not as they were sent.
    pub(crate) spoilt: usize,
    /// Seconds until the machine that sent was done.
    pub(crate) seconds: f64,
    pub(crate) rate: u32,
    pub(crate) retries: u32,
    pub(crate) lost: u64,
    pub(crate) sent: &'static str,
    pub(crate) got: &'static str,
    pub(crate) figures: [RelayFigures; 2],
}

impl Outcome {
    pub(crate) fn perfect(&self) -> bool {
        self.success && self.spoilt == 0
    }
}

/// A delay by a part of a sample.
struct Fraction {
    taps: [f64; TAPS],
    before: [f64; TAPS],
}

impl Fraction {
    fn new(part: f64) -> Self {
        let taps = std::array::from_fn(|n| {
            let t = n as f64 - (TAPS / 2) as f64 + part;
            let sinc = if t.abs() < 1e-9 {
                1.0
            } else {
                (std::f64::consts::PI * t).sin() / (std::f64::consts::PI * t)
            };
            let place = (n as f64 + part) / TAPS as f64;
            sinc * (0.5 - 0.5 * (std::f64::consts::TAU * place).cos())
        });
        Self {
            taps,
            before: [0.0; TAPS],
        }
    }

    fn next(&mut self, sample: f64) -> f64 {
        self.before.rotate_right(1);
        self.before[0] = sample;
        self.taps.iter().zip(&self.before).map(|(t, x)| t * x).sum()
    }
}

/// A machine, its line and its relay.
struct End {
    machine: FaxTerminal,
    relay: Relay,
    /// From the machine to the relay, and back.
    gains: [f64; 2],
    noise: f64,
    chance: Chance,
    to_relay: Fraction,
    to_machine: Fraction,
    /// Share of what is sent that comes back.
    echo: f64,
    last_out: [i16; BLOCK],
    spoil: bool,
    /// What the line gave last.
    up: [i16; BLOCK],
}

impl End {
    fn noise(&mut self) -> f64 {
        self.noise * self.chance.gauss()
    }

    /// 10 ms.
    fn block(&mut self, now: u32, out: &mut Direction) {
        let mut down = [0; BLOCK];
        self.relay.line_out(&mut down);
        let mut said = [0; BLOCK];
        self.machine.tx(&mut said);
        let mut up = [0; BLOCK];
        let mut heard = [0; BLOCK];
        for i in 0..BLOCK {
            let said_here = self.to_relay.next(f64::from(said[i])) * self.gains[0];
            let down_here = self.to_machine.next(f64::from(down[i])) * self.gains[1];
            // The own signal comes back through the hybrid, a block later.
            let echo = f64::from(self.last_out[i]) * self.echo;
            up[i] = (said_here + echo + self.noise()).round() as i16;
            let back = f64::from(said[i]) * self.echo;
            heard[i] = (down_here + back + self.noise()).round() as i16;
        }
        if self.spoil {
            for (n, sample) in up.iter_mut().enumerate() {
                *sample = if n % 2 == 0 { 3000 } else { -3000 };
            }
        }
        self.last_out = down;
        self.up = up;
        self.machine.rx(&heard);
        self.relay.line_in(&up, |ifp| out.send(now, ifp));
    }
}

/// A folder of its own for the pages of a run, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("tipring-fax-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the pages");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One call.
pub(crate) fn call(case: &Case, seed: u64, folder: &Path) -> Outcome {
    call_with(case, seed, folder, &mut |_, _, _| {})
}

/// What one relay of a call is given in its first blocks.
pub(crate) fn record(
    case: &Case,
    seed: u64,
    folder: &Path,
    which: usize,
    blocks: usize,
) -> Vec<Given> {
    let mut given = Vec::new();
    run(
        case,
        seed,
        folder,
        &mut |_, _, _| {},
        &mut |samples, packets| {
            if given.len() < blocks {
                given.push((samples[which], packets[which].to_vec()));
            }
        },
    );
    given
}

/// The same call without relays, machine to machine: seconds until the sender was done; none when it failed.
pub(crate) fn direct(case: &Case, folder: &Path) -> Option<f64> {
    let (from, to) = (folder.join("sent.tif"), folder.join("got.tif"));
    page::write(&from, &vec![page::stripes(case.rows); case.pages]);
    let [mut sender, mut receiver] =
        [FaxSettings::sender(&from), FaxSettings::receiver(&to)].map(|settings| {
            FaxTerminal::new(&FaxSettings {
                ecm: case.ecm,
                modems: case.modems,
                ..settings
            })
            .expect("a fax machine")
        });
    let (mut forth, mut back) = ([0; BLOCK], [0; BLOCK]);
    let gain = 10f64.powf((HEARD - MACHINE) / 20.0);
    let weaker = |x: i16| (f64::from(x) * gain) as i16;
    for now in (0..case.patience * 1000).step_by(10) {
        sender.tx(&mut forth);
        receiver.tx(&mut back);
        sender.rx(&back.map(weaker));
        receiver.rx(&forth.map(weaker));
        if let Some(result) = sender.result() {
            return result.is_ok().then_some(f64::from(now) / 1000.0);
        }
    }
    None
}

/// One call; `watch` learns what passes each relay (0: of the machine that sends the pages), and when, ms.
pub(crate) fn call_with(
    case: &Case,
    seed: u64,
    folder: &Path,
    watch: &mut dyn FnMut(u32, usize, Seen),
) -> Outcome {
    run(case, seed, folder, watch, &mut |_, _| {})
}

/// `record` learns what the line and the network gave each relay in 10 ms.
fn run(
    case: &Case,
    seed: u64,
    folder: &Path,
    watch: &mut dyn FnMut(u32, usize, Seen),
    record: &mut Record<'_>,
) -> Outcome {
    let mut chance = Chance(seed.wrapping_mul(1_000_003) + 17);
    let sent: Vec<page::Rows> = (0..case.pages).map(|_| page::stripes(case.rows)).collect();
    let (from, to) = (folder.join("sent.tif"), folder.join("got.tif"));
    page::write(&from, &sent);
    let _ = std::fs::remove_file(&to);
    let mut end = |settings: FaxSettings| {
        let settings = FaxSettings {
            ecm: case.ecm,
            modems: case.modems,
            talker_echo_protection: case.tep,
            ..settings
        };
        let level = case.level.unwrap_or(-18.0 - 8.0 * chance.unit());
        let heard = HEARD - 0.9 * chance.unit();
        let config = RelayConfig {
            talker_echo_protection: case.tep,
            ..RelayConfig::default()
        };
        End {
            machine: FaxTerminal::new(&settings).expect("a fax machine"),
            relay: Relay::new(&config).expect("a relay"),
            gains: [level - MACHINE, heard - f64::from(config.tx_dbm0)]
                .map(|gain| 10f64.powf(gain / 20.0)),
            noise: tipring_dsp::level::RMS_0_DBM0 * 10f64.powf(case.noise / 20.0),
            chance: Chance((chance.unit() * 1e15) as u64),
            to_relay: Fraction::new(chance.unit()),
            to_machine: Fraction::new(chance.unit()),
            echo: 10f64.powf(-case.hybrid / 20.0),
            last_out: [0; BLOCK],
            spoil: false,
            up: [0; BLOCK],
        }
    };
    let mut ends = [
        end(FaxSettings::sender(&from)),
        end(FaxSettings::receiver(&to)),
    ];
    // The machines do not begin on a block.
    for end in &mut ends {
        let mut skipped = vec![0; (chance.unit() * 160.0) as usize];
        end.machine.tx(&mut skipped);
    }
    let mut directions =
        [0, 1].map(|n| Direction::new(case.weather, seed.wrapping_mul(77) + 1000 + n));
    let mut outcome = Outcome::default();
    let mut checks = 0;
    for now in (0..case.patience * 1000).step_by(10) {
        let [forth, back] = &mut directions;
        let [sender, receiver] = &mut ends;
        forth.run(now, &mut receiver.relay);
        back.run(now, &mut sender.relay);
        sender.block(now, forth);
        receiver.block(now, back);
        record(
            [sender.up, receiver.up],
            [&back.delivered, &forth.delivered],
        );
        for (n, end) in ends.iter_mut().enumerate() {
            while let Some(seen) = end.relay.seen() {
                if n == 0 {
                    spoil(case, seen, &mut checks, &mut end.spoil);
                }
                watch(now, n, seen);
            }
        }
        if outcome.seconds == 0.0 && ends[0].machine.result().is_some() {
            outcome.seconds = f64::from(now) / 1000.0;
        }
        if ends.iter().all(|e| e.machine.result().is_some()) {
            break;
        }
    }
    let results = [0, 1].map(|n| ends[n].machine.result());
    let text = |n: usize| results[n].map_or("no end", |r| r.text);
    (outcome.sent, outcome.got) = (text(0), text(1));
    outcome.success = results.iter().all(|r| r.is_some_and(|r| r.is_ok()));
    if let Some(result) = results[0] {
        outcome.rate = result.stats.bit_rate;
        outcome.retries = result.stats.ecm_retries;
    }
    outcome.figures = [0, 1].map(|n| ends[n].relay.figures());
    outcome.lost = directions.iter().map(|d| d.lost).sum();
    drop(ends);
    let got = page::read(&to);
    outcome.success &= got.len() == sent.len();
    outcome.spoilt = sent
        .iter()
        .enumerate()
        .map(|(n, rows)| got.get(n).map_or(rows.len(), |got| page::spoilt(rows, got)))
        .sum();
    outcome
}

/// While the first fast carrier is on the line, it is spoilt.
fn spoil(case: &Case, seen: Seen, checks: &mut u32, spoil: &mut bool) {
    use tipring_dsp::Side;
    use tipring_types::t38::Carrier;
    if !case.spoil_check {
        return;
    }
    match seen {
        Seen::Carrier(Side::Line, Some(Carrier::Fast(_))) => {
            *checks += 1;
            *spoil = *checks == 1;
        }
        Seen::Carrier(Side::Line, None) => *spoil = false,
        _ => {}
    }
}
