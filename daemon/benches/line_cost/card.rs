//! What a port of the simulated card costs: not part of a gateway with a real card, but of what this machine carries.

use std::sync::Arc;
use std::time::Duration;

use tipring_hal::port::LinePort;
use tipring_hal::sim::{self, Audio, Sim, SimAction, SimConfig, SimRequest, World};

use crate::fake_card::BLOCK;
use crate::instructions::{BLOCKS, PORTS, WARM_UP};
use crate::scene::{coded_talk, talk};

/// Steps the card as callgrind runs it; the gateway's side copies blocks.
pub(crate) fn count(talking: bool) -> Result<(), String> {
    let Sim {
        mut world,
        mut ports,
        ..
    } = sim::build(&SimConfig::new(PORTS)).map_err(|e| e.to_string())?;
    for port in 0..if talking { PORTS } else { 0 } {
        let audio = Audio::Samples(Arc::from(talk(port)));
        let repeat = true;
        for action in [SimAction::Lift, SimAction::Play { audio, repeat }] {
            let request = SimRequest::port(port, action);
            world.request(request).map_err(|e| e.to_string())?;
        }
    }
    let voice = coded_talk(99);
    let mut block = [0; BLOCK];
    for n in 0..WARM_UP + BLOCKS {
        let now = Duration::from_millis(1000 + n * 10);
        if n < WARM_UP {
            world.step(now);
        } else {
            measured_tick(&mut world, now);
        }
        for port in &mut ports {
            while port.next_event().is_some() {}
            port.read(&mut block);
            let at = (n as usize * BLOCK) % voice.len();
            port.write(&voice[at..at + BLOCK]);
        }
        world.take_events();
    }
    Ok(())
}

/// Callgrind counts what happens in here.
#[inline(never)]
fn measured_tick(world: &mut World, now: Duration) {
    world.step(now);
    std::hint::black_box(world);
}
