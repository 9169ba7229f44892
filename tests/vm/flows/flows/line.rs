//! The line itself, without a gateway: what telephones and kernel contribute to every figure of the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tipring_linux::dahdi::{BufferPolicy, Buffers, Channel, Event, Flush, Hook, Transfer};
use tipring_linux::{monotonic, set_fifo};
use tipring_tests::phone::{Exchange, PhoneNews};

use crate::stage::{Cards, Stage};

const BLOCK: usize = 80;
const AHEAD: usize = 2;

/// A near channel, driven with nothing beyond what is needed.
struct Near {
    channel: Channel,
}

impl Near {
    fn open(number: u16) -> Result<Near, String> {
        let says = |what: &dyn std::fmt::Display| format!("DAHDI channel {number}: {what}");
        let channel = Channel::open(number).map_err(|e| says(&e))?;
        let buffers = Buffers {
            block_len: BLOCK,
            count: 16,
        };
        channel
            .set_buffers(buffers, BufferPolicy::Immediate)
            .map_err(|e| says(&e))?;
        Ok(Near { channel })
    }

    fn hook(&self, hook: Hook) -> Result<(), String> {
        self.channel
            .hook(hook)
            .map_err(|e| format!("{hook:?}: {e}"))
    }

    /// Waits for an event; answers when it was seen.
    fn event(&self, wanted: Event, within: Duration) -> Result<Duration, String> {
        let end = monotonic() + within;
        let mut others = vec![];
        loop {
            let found = self.channel.next_event().map_err(|e| e.to_string())?;
            if found == Some(wanted) {
                return Ok(monotonic());
            }
            others.extend(found);
            if found.is_some() {
                continue;
            }
            let left = end.saturating_sub(monotonic());
            if left.is_zero() {
                return Err(format!("the near end saw {others:?}, no {wanted:?}"));
            }
            let left = left.max(Duration::from_millis(1));
            self.channel
                .wait(false, false, left)
                .map_err(|e| e.to_string())?;
        }
    }

    /// Returns what it hears until `stop` is set.
    fn echo(&self, stop: &AtomicBool) {
        let mut block = [0; BLOCK];
        let old = Flush {
            read: true,
            ..Flush::default()
        };
        let _ = self.channel.flush(old);
        let mut begun = false;
        while !stop.load(Ordering::Relaxed) {
            let _ = self.channel.wait(true, false, Duration::from_millis(100));
            loop {
                match self.channel.read(&mut block) {
                    Transfer::Done(_) => {
                        if !begun {
                            begun = true;
                            for _ in 0..AHEAD {
                                self.channel.write(&[0xFF; BLOCK]);
                            }
                        }
                        self.channel.write(&block);
                    }
                    Transfer::EventPending => drop(self.channel.next_event()),
                    _ => break,
                }
            }
        }
    }
}

/// Ringing, hook and a whole sequence over the bare line.
pub(crate) fn bare(stage: &Stage) -> Result<String, String> {
    stage.cards(Cards::Bench)?;
    stage.stop_gateway()?;
    let near = Near::open(1)?;
    let exchange: Exchange = stage.telephones(&[1])?;
    let phone = exchange.phone(1)?;
    phone.ready();
    let s = Duration::from_secs;
    // Ringing, answered in the second burst.
    let mut cadence = [0; 16];
    cadence[..4].copy_from_slice(&[400, 200, 400, 2000]);
    near.channel
        .set_cadence(Some(&cadence))
        .map_err(|e| format!("cadence: {e}"))?;
    let rung = monotonic();
    near.hook(Hook::Ring)?;
    let seen = phone.awaits(&PhoneNews::RingOn, s(2))?;
    let bell = phone.rings(3, s(6))?;
    phone.lift()?;
    let lifted = monotonic();
    let trip = near.event(Event::RingOffHook, s(2))?;
    near.hook(Hook::OffHook)?;
    // Flashes of two lengths; after answering, the kernel looks at no opening for 600 ms.
    std::thread::sleep(Duration::from_millis(700));
    let mut flashes = vec![];
    for ms in [210, 700] {
        let open = phone.flash(Duration::from_millis(ms))?;
        near.event(Event::WinkFlash, s(2))?;
        flashes.push(format!("{:.1}", open.as_secs_f64() * 1000.0));
    }
    // A sequence there and back.
    let stop = Arc::new(AtomicBool::new(false));
    let continuity = std::thread::scope(|scope| {
        let (near, stop) = (&near, &stop);
        let echo = scope.spawn(move || {
            let _ = set_fifo(50);
            near.echo(stop);
        });
        phone.follow(1);
        phone.talk();
        std::thread::sleep(s(5)); // the length of the talk
        let continuity = phone.continuity();
        stop.store(true, Ordering::Relaxed);
        let _ = echo.join();
        continuity
    });
    let delay = phone.delay_from(&phone).unwrap_or(-1.0);
    phone.quiet();
    near.hook(Hook::OnHook)?;
    let dropped = phone.awaits(&PhoneNews::Battery { there: false }, s(2))?;
    let back = phone.awaits(&PhoneNews::Battery { there: true }, s(2))?;
    phone.hang_up()?;
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    let text = format!(
        "ring seen after {:.1} ms, cadence {:.0?} ms, trip seen after {:.1} ms, flashes {} ms, battery drop {:.0} ms, \
         echo {continuity}, {delay:.0} samples there and back (of them {} in the near end); counts {:?}",
        ms(seen.saturating_sub(rung)),
        bell.cadence_ms(),
        ms(trip.saturating_sub(lifted)),
        flashes.join(", "),
        ms(back.saturating_sub(dropped)),
        (AHEAD + 1) * BLOCK,
        phone.counts(),
    );
    if continuity.is_whole() && continuity.samples > 30_000 {
        Ok(text)
    } else {
        Err(text)
    }
}
