//! Blocks in which nothing changes: no edge of the loop, no ringing, no digit. Moved as a whole, with the same result
//! as sample by sample; a card of a thousand ports has hardly any others.

use std::sync::atomic::Ordering;

use super::{Audible, Line};
use crate::level::to_i16;
use crate::port::MAX_BLOCK_LEN;
use crate::sim::fax::Fax;
use crate::sim::wires::Block;

impl Line {
    /// Neither card nor phone changes anything in the block to come.
    pub(super) fn is_steady(&self) -> bool {
        let closed = self.hand.is_lifted();
        self.hand.is_still()
            && self.card.is_still(closed)
            && self.bell.is_still()
            && self.battery_gone == 0
            && self.ends.shared.fault().is_none()
    }

    /// A steady block of an on-hook phone: nothing passes in either direction.
    pub(super) fn rest(&mut self) {
        self.card.pass(self.block_len);
        self.bell.pass(self.block_len);
        self.hybrid.quiet();
        if self.opened() {
            let silence: Block = [self.law.silence(); MAX_BLOCK_LEN];
            self.give(silence);
        }
    }

    /// A steady block of a lifted phone, whose block from the gateway is decoded.
    pub(super) fn talk(&mut self) -> Audible {
        let len = self.block_len;
        self.card.pass(len);
        let (Some(down), Some(up), Some(heard)) = (
            self.down.get_mut(..len),
            self.up.get_mut(..len),
            self.heard.get_mut(..len),
        ) else {
            return Audible::default();
        };
        if let Some(fax) = self.fax.as_mut().filter(|fax| fax.speaks()) {
            let modem = self.modem.get_mut(..len).unwrap_or_default();
            Fax::speak(fax, modem);
            for (up, sample) in up.iter_mut().zip(modem) {
                *up = f32::from(*sample);
            }
        } else {
            self.mouth.fill(up);
        }
        let from_set = self.hybrid.gain_from_set();
        for up in up.iter_mut() {
            *up *= from_set;
        }
        self.hybrid.add_noise_from_set(up);
        let to_set = self.hybrid.gain_to_set();
        // What the phone hears, before it is rounded.
        let mut ear = [0f32; MAX_BLOCK_LEN];
        let ear = ear.get_mut(..len).unwrap_or_default();
        for (ear, down) in ear.iter_mut().zip(down.iter()) {
            *ear = *down * to_set;
        }
        self.hybrid.add_noise_to_set(ear);
        for (heard, ear) in heard.iter_mut().zip(ear) {
            *heard = to_i16(*ear);
        }
        self.hybrid.echo(down, up);
        Audible {
            off_hook: true,
            on_hook: false,
        }
    }

    /// Takes the block to be played; `None`: the gateway wrote none.
    pub(super) fn taken(&mut self) -> Option<Block> {
        let block = self.ends.from_gateway.pop().ok();
        if block.is_some() {
            self.counts.written = true;
            self.counts.from_gateway += 1;
        } else if self.counts.written {
            let underruns = &self.ends.shared.write_underruns;
            underruns.fetch_add(1, Ordering::Relaxed);
        }
        block
    }

    /// The gateway has asked for audio at least once, and the card is well.
    pub(super) fn opened(&self) -> bool {
        let shared = &self.ends.shared;
        shared.opened.load(Ordering::Acquire) && shared.fault().is_none()
    }

    pub(super) fn give(&mut self, block: Block) {
        match self.ends.to_gateway.push(block) {
            Ok(()) => self.counts.to_gateway += 1,
            Err(_) => {
                let overruns = &self.ends.shared.read_overruns;
                overruns.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::port::{LineCommand, RingCadence};
    use crate::sim::config::{DecodeConfig, HybridConfig, SimConfig};
    use crate::sim::request::{Audio, SimAction};
    use crate::sim::wires::{PortEnds, wire};
    use crate::sim::world::Files;

    fn line(config: &SimConfig) -> (Line, PortEnds) {
        let (ends, card_ends) = wire(8, 16);
        let line = Line::new(0, config, &config.ports[0], 7, card_ends).unwrap();
        ends.shared.opened.store(true, Ordering::Release);
        (line, ends)
    }

    /// Everything that can be seen of a line while it rings, is lifted, hears, talks, dials, flashes and hangs up:
    /// bytes to the gateway, what the phone heard, events; and how many blocks were moved as a whole.
    fn life(decode: bool, by: fn(&Line) -> bool) -> (Vec<u8>, Vec<String>, usize) {
        let mut config = SimConfig::new(1);
        config.ports[0].decode = decode.then(DecodeConfig::default);
        config.ports[0].hybrid = HybridConfig {
            trans_hybrid_loss_db: 9.0,
            noise_dbm0: Some(-45.0),
            ..HybridConfig::default()
        };
        let (mut line, mut ends) = line(&config);
        let (mut bytes, mut seen, mut steady) = (Vec::new(), Vec::new(), 0);
        let mut events = VecDeque::new();
        for n in 0..600u64 {
            let now = Duration::from_millis(1000 + 10 * n);
            let mut act = |action| {
                line.act(action, Files::default(), now, &mut events)
                    .unwrap();
            };
            match n {
                10 => ends
                    .commands
                    .push(LineCommand::Ring(RingCadence::new(100, 200)))
                    .unwrap(),
                100 => act(SimAction::Lift),
                120 => {
                    let audio = Audio::Samples(Arc::from(
                        (0..777).map(|n| n * 9 - 3000).collect::<Vec<i16>>(),
                    ));
                    act(SimAction::Play {
                        audio,
                        repeat: n % 2 == 0,
                    });
                }
                200 => act(SimAction::Dial {
                    digits: "12".into(),
                    how: None,
                }),
                300 => act(SimAction::Flash { open_ms: 87 }),
                330 => ends
                    .commands
                    .push(LineCommand::OpenLoop(Duration::from_millis(31)))
                    .unwrap(),
                360 => ends
                    .commands
                    .push(LineCommand::OnHookTransmission(Duration::from_millis(2222)))
                    .unwrap(),
                400 => act(SimAction::HangUp),
                550 => act(SimAction::Lift),
                _ => {}
            }
            let mut block = [0xFF; MAX_BLOCK_LEN];
            for (i, byte) in block.iter_mut().enumerate() {
                *byte = ((n as usize * 31 + i * 7) % 256) as u8;
            }
            // Now and then the gateway is late.
            if n % 50 != 49 {
                ends.to_line.push(block).unwrap();
            }
            steady += usize::from(line.is_steady());
            line.step_by(by, now - Duration::from_millis(10), now, &mut events);
            while let Ok(block) = ends.from_line.pop() {
                bytes.extend(&block[..80]);
            }
            seen.push(format!("{:?}", line.snapshot(now)));
            seen.extend(events.drain(..).map(|e| format!("{e:?}")));
            while let Ok(event) = ends.events.pop() {
                seen.push(format!("{event:?}"));
            }
        }
        (bytes, seen, steady)
    }

    #[test]
    fn blocks_moved_as_a_whole_are_those_moved_sample_by_sample() {
        for decode in [false, true] {
            let (bytes, seen, _) = life(decode, |_| false);
            let (fast_bytes, fast_seen, steady) = life(decode, Line::is_steady);
            let differ = bytes.iter().zip(&fast_bytes).position(|(a, b)| a != b);
            assert_eq!((differ, bytes.len()), (None, fast_bytes.len()));
            for (slow, fast) in seen.iter().zip(&fast_seen) {
                assert_eq!(slow, fast);
            }
            assert_eq!(seen.len(), fast_seen.len());
            assert!((200..590).contains(&steady), "{steady}");
        }
    }
}
