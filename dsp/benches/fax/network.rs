//! A network between two relays that loses, delays and disorders datagrams with redundancy, as UDPTL has it.

use std::collections::BTreeMap;

use tipring_dsp::relay::{Network, Relay};
use tipring_types::t38::{FieldKind, Ifp};

use super::chance::Chance;

/// What a network does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Share of datagrams that are lost.
    pub(crate) loss: f64,
    /// Delay of each: 50 ms and up to this, ms.
    pub(crate) jitter: u32,
    /// Packets before that a datagram carries once more.
    pub(crate) redundancy: usize,
    /// How long a gap is waited for, ms.
    pub(crate) window: u32,
    /// Packets leave together at multiples of this, ms; 0: at once.
    pub(crate) burst: u32,
}

impl Weather {
    pub(crate) fn fair() -> Self {
        Self {
            loss: 0.0,
            jitter: 20,
            redundancy: 3,
            window: 60,
            burst: 0,
        }
    }

    pub(crate) fn of(loss_percent: f64, jitter: u32) -> Self {
        Self {
            loss: loss_percent / 100.0,
            jitter,
            window: jitter.max(60),
            ..Self::fair()
        }
    }
}

/// One direction. Time is in ms since the call began.
pub(crate) struct Direction {
    weather: Weather,
    chance: Chance,
    sent: u64,
    last: Vec<(u64, Ifp)>,
    leaving: Vec<(u32, Vec<(u64, Ifp)>)>,
    flying: Vec<(u32, Vec<(u64, Ifp)>)>,
    waiting: BTreeMap<u64, (u32, Ifp)>,
    next: u64,
    pub(crate) lost: u64,
    /// What was handed over last.
    pub(crate) delivered: Vec<Ifp>,
}

/// Indicators and ends are sent three times.
fn copies(ifp: &Ifp) -> u32 {
    use FieldKind as K;
    let ends = ifp.fields().any(|f| {
        matches!(
            f.kind,
            K::HdlcSigEnd | K::HdlcFcsOkSigEnd | K::HdlcFcsBadSigEnd | K::T4SigEnd
        )
    });
    if ifp.as_indicator().is_some() || ends {
        3
    } else {
        1
    }
}

impl Direction {
    pub(crate) fn new(weather: Weather, seed: u64) -> Self {
        Self {
            weather,
            chance: Chance(seed),
            sent: 0,
            last: Vec::new(),
            leaving: Vec::new(),
            flying: Vec::new(),
            waiting: BTreeMap::new(),
            next: 0,
            lost: 0,
            delivered: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, now: u32, ifp: &Ifp) {
        let packet = (self.sent, ifp.clone());
        self.sent += 1;
        self.last.insert(0, packet);
        self.last.truncate(self.weather.redundancy + 1);
        for copy in 0..copies(ifp) {
            self.leaving.push((now + copy * 10, self.last.clone()));
        }
    }

    /// Hands over what is due.
    pub(crate) fn run(&mut self, now: u32, to: &mut Relay) {
        self.delivered.clear();
        let opens = self.weather.burst == 0 || now.is_multiple_of(self.weather.burst);
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition(|(at, _)| opens && *at <= now);
        self.leaving = later;
        for (_, datagram) in due {
            if self.chance.unit() >= self.weather.loss {
                let delay = 50.0 + self.chance.unit() * f64::from(self.weather.jitter);
                self.flying.push((now + delay as u32, datagram));
            }
        }
        let (here, flying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.flying = flying;
        for (number, ifp) in here.into_iter().flat_map(|(_, datagram)| datagram) {
            if number >= self.next {
                self.waiting.entry(number).or_insert((now, ifp));
            }
        }
        while let Some((&number, (since, _))) = self.waiting.first_key_value() {
            if number > self.next {
                if now - since < self.weather.window {
                    break;
                }
                let missing = u32::try_from(number - self.next).expect("a few");
                self.lost += u64::from(missing);
                to.network_in(Network::Missing(missing));
            }
            let Some((number, (_, ifp))) = self.waiting.pop_first() else {
                break;
            };
            self.next = number + 1;
            to.network_in(Network::Packet(&ifp));
            self.delivered.push(ifp);
        }
    }
}
