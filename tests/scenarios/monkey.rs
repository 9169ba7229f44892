//! Phones used at random, over a slow network: whatever happens, hanging up everywhere ends everything.

use tipring_proto::call::{CallerIdTiming, FlashAction, PortState};
use tipring_proto::sccp::callmanager::Dialect;

use crate::world::{OUTSIDE, World, number};

const DESKS: usize = 4;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

fn play(dialect: Dialect, seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let flash = [
        FlashAction::Transfer,
        FlashAction::Hold,
        FlashAction::Send,
        FlashAction::Ignore,
    ][dice.roll(4) as usize];
    let before = dice.roll(2) == 0;
    let mut w = World::seeded(
        seed,
        dialect,
        DESKS,
        |_| {},
        |_| {},
        |p| {
            p.flash = flash;
            if before {
                p.caller_id = CallerIdTiming::BeforeRing {
                    polarity_reversal: true,
                    dual_tone_alert: true,
                    lead_ms: 250,
                    ring_delay_ms: 300,
                };
            }
        },
    );
    w.latency_ms = [0, 0, 3, 40, 200][dice.roll(5) as usize];
    let mut lifted = [false; DESKS];
    for _ in 0..60 {
        let d = dice.roll(DESKS as u64) as usize;
        match dice.roll(12) {
            0..=2 if !lifted[d] => {
                w.lift(d);
                lifted[d] = true;
            }
            0..=2 => {
                let other = number(dice.roll(DESKS as u64) as usize);
                w.dial(d, &other);
            }
            3 | 4 if lifted[d] => {
                w.hang_up(d);
                lifted[d] = false;
            }
            5 | 6 if lifted[d] => w.flash(d),
            7 if lifted[d] => w.dial(d, ["611", "612", "615", "600", "*#"][dice.roll(5) as usize]),
            8 if dice.roll(8) == 0 => w.cut(d),
            9 if dice.roll(3) == 0 => {
                let now = w.now;
                let _ = w.cm.place_call_to(
                    now,
                    &number(d),
                    "5551234",
                    "Ada",
                    dice.roll(2) == 0,
                    OUTSIDE,
                );
            }
            10 if dice.roll(12) == 0 => {
                w.server_down();
                w.run(dice.roll(3_000));
                w.server_up();
            }
            _ => {}
        }
        w.run([0, 10, 300, 3_000, 12_000][dice.roll(5) as usize]);
        for (d, desk) in w.desks.iter().enumerate() {
            let port = desk.device.snapshot().port;
            assert_eq!(port.off_hook, lifted[d], "{dialect:?} {seed} desk {d}");
            if lifted[d] {
                assert_eq!(
                    desk.ringing, None,
                    "{dialect:?} {seed}: desk {d} rings off-hook"
                );
            } else {
                assert_eq!(
                    desk.bridge, None,
                    "{dialect:?} {seed}: desk {d} hears on-hook"
                );
                assert_eq!(
                    desk.tone, None,
                    "{dialect:?} {seed}: desk {d} hears on-hook"
                );
            }
        }
    }
    for (d, up) in lifted.into_iter().enumerate() {
        if up {
            w.hang_up(d);
        }
    }
    w.run(1_000);
    // The test server lets a port ring for ever that was passed on to no port.
    for call in w.cm.snapshot().calls {
        let now = w.now;
        if call.far == "5551234" || call.far.is_empty() {
            let _ = w.cm.hang_up(now, call.call);
        }
    }
    // No answer, hold recalls and the return to the server take their time.
    w.run(200_000);
    for d in 0..DESKS {
        let port = w.desks[d].device.snapshot().port;
        assert_eq!(
            (port.state, port.calls),
            (PortState::Idle, vec![]),
            "{dialect:?} {seed} desk {d}"
        );
    }
    w.assert_idle();
}

#[test]
fn phones_used_at_random_end_up_idle() {
    for dialect in Dialect::ALL {
        for seed in 1..=60 {
            play(dialect, seed);
        }
    }
}
