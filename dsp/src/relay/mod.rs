//! A fax relay (ITU-T T.38) between the line and packets: its modems speak with the fax machine on the line, and what
//! they receive and send goes over the network as packets ([`Ifp`]), so that lost packets and jitter do not tear signals.
//!
//! Owns: modems, frames, scan lines, the order of signals, and the rules that T.30 sets for what may come next. Promises
//! that nothing allocates, locks or blocks after [`Relay::new`], that work is bounded by the samples and packets given,
//! and that no carrier goes on for ever. Leaves to others: the coding of packets, redundancy, order and loss
//! (`tipring-proto`), when a call becomes a fax call, and echo cancelling.
//!
//! `line.rs` listens to the line with the receivers of `fast.rs`, `network.rs` takes packets into `store.rs`, from which `player.rs` sends; `t30.rs`
//! follows the frames of both and says which carrier may come. `tap.rs` only listens, where a fax passes as sound.

mod config;
mod edit;
mod fast;
mod hdlc;
mod level;
mod line;
mod lines;
mod modem;
mod network;
mod packet;
mod player;
mod shared;
mod store;
mod t30;
mod tap;
mod tones;

pub use config::{Ceiling, Makers, RelayConfig};
pub use network::Network;
pub use shared::{RelayFigures, SEEN_OCTETS, Seen, SeenFrame};
pub use tap::Tap;
pub use tipring_spandsp::Error as RelayError;

use tipring_types::t38::Ifp;

use self::edit::Rules;
use self::line::{Line, STEP};
use self::network::Incoming;
use self::player::Player;
use self::shared::Shared;
use self::store::Store;
use self::t30::Next;
use self::tones::Tones;

/// One relay, for one line.
pub struct Relay {
    shared: Shared,
    line: Line,
    incoming: Incoming,
    store: Store,
    player: Player,
    tones: Tones,
    /// Samples for which the line still hears what was sent.
    echo: u32,
    echo_samples: u32,
}

impl Relay {
    /// A relay at the begin of a call: allocates everything.
    ///
    /// # Errors
    /// [`RelayError`] when the library has no memory for its modems.
    pub fn new(config: &RelayConfig) -> Result<Self, RelayError> {
        Ok(Self {
            shared: Shared::new(Rules {
                ceiling: config.ceiling,
                ecm: config.ecm,
                makers: config.makers,
            }),
            line: Line::new()?,
            incoming: Incoming::default(),
            store: Store::new(),
            player: Player::new(config)?,
            tones: Tones::new(),
            echo: 0,
            echo_samples: config.echo_ms.min(1000) * 8,
        })
    }

    /// Samples from the line; the packets that they make go to `emit`.
    pub fn line_in(&mut self, samples: &[i16], mut emit: impl FnMut(&Ifp)) {
        for chunk in samples.chunks(STEP) {
            if self.echo > 0 {
                self.echo = self.echo.saturating_sub(chunk.len() as u32);
                self.line
                    .deafen(self.echo == 0, &mut self.shared, &mut emit);
                continue;
            }
            let expecting = self.store.is_empty();
            self.line
                .process(chunk, expecting, &mut self.shared, &mut emit);
        }
    }

    /// Fills `out` with what the line is to hear.
    pub fn line_out(&mut self, out: &mut [i16]) {
        for chunk in out.chunks_mut(STEP) {
            let scan_ms = self.shared.agreed.scan_ms;
            let sends = self.line.sends();
            let silent = self.player.process(chunk, &mut self.store, sends, scan_ms);
            if !silent {
                self.echo = self.echo_samples.max(1);
                self.tones.stop();
            } else {
                self.tones.add_to(chunk);
            }
        }
    }

    /// A packet, or the news that packets are lost.
    pub fn network_in(&mut self, network: Network<'_>) {
        let ifp = match network {
            Network::Packet(ifp) => ifp,
            Network::Missing(packets) => {
                self.incoming
                    .missing(&mut self.store, &mut self.shared, packets);
                return;
            }
        };
        let wants = self.incoming.packet(ifp, &mut self.store, &mut self.shared);
        if let Some(next) = wants.next {
            self.arm(next);
        }
        match wants.tone {
            Some(tone) if self.store.is_empty() => self.tones.start(tone),
            _ if wants.no_tone => self.tones.stop(),
            _ => {}
        }
    }

    /// The oldest of what passed and was not read yet; at most 32 wait.
    pub fn seen(&mut self) -> Option<Seen> {
        self.shared.seen.pop()
    }

    /// Of what passed, how much found no place among the 32.
    pub fn seen_lost(&self) -> u64 {
        self.shared.seen.lost()
    }

    /// Figures since [`Relay::new`].
    pub fn figures(&self) -> RelayFigures {
        RelayFigures {
            level_dbm0: self.line.level_dbm0().map(|level| level as f32),
            packets_out: self.line.packets(),
            retried: self.line.retried(),
            carriers: self.player.carriers,
            given_up: self.player.given_up,
            overflows: self.store.overflows,
            fill_bits: self.player.fill(),
            ..self.shared.figures
        }
    }

    fn arm(&mut self, next: Next) {
        self.line.next(next);
    }
}
