//! Servers that do not answer: what one device finds saves the others.
//!
//! A server that takes a connection and says nothing costs a device the whole of `register-timeout-ms`. So when nothing has
//! come from a server for 0.4 s, to any of the devices that try to register there, it is in doubt: the first
//! device stays, and of the others one goes ahead to each server that nobody has tried yet. The first server that takes a
//! device gets all of those that still wait for an answer elsewhere. The kernel of a frozen server takes connections: that
//! one opens is a sign of life once, for the first of them. A server that a device has just lost because it fell silent
//! serves nobody, though others may not have noticed yet. A server at which a device waited in vain is locked out
//! for a while: devices that look for a server pass it by. That ends when it takes a device (one that asks whether it may
//! come back, see [`Lookout`](super::Lookout)), and a list of which every server is locked out is tried all the same.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// Nothing from a server for this long: the others look elsewhere. CallManagers answer Register within 140 ms (CUCM trace).
const DOUBT: Duration = Duration::from_millis(400);
/// The device that stayed leaves too, where there is a server that nobody has tried. chan_skinny takes 2 s to refuse a
/// device: a refusal is to be read, not taken for silence.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// First lock-out; doubles.
const LOCKED: Duration = Duration::from_secs(60);
/// Longest lock-out: that of Cisco's stations.
const LOCKED_MAX: Duration = Duration::from_secs(600);

/// A network that has no way to a server may have one soon; nobody is led there meanwhile.
const NO_WAY: Duration = Duration::from_secs(10);

/// How an attempt to register with a server came to nothing, as far as it says something of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vain {
    /// Nothing came from it.
    Silent,
    /// It is there, and takes nobody.
    Answered,
    /// There is no way to it at present.
    NoWay,
}

/// One for all devices of a gateway.
#[derive(Debug, Default)]
pub struct Lockouts {
    holds: Vec<Hold>,
    /// Which device is registered where.
    served: Vec<(u16, usize)>,
    orders: VecDeque<Lead>,
}

/// This device gives up its attempt and registers with another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Which device.
    pub device: u16,
    /// Number of the server.
    pub server: usize,
    /// Its place among those that follow, who come one after the other. None: it goes ahead, at once.
    pub turn: Option<u16>,
}

/// What is known of one server.
#[derive(Debug)]
struct Hold {
    server: usize,
    /// Devices that try to register, the first one first, and since when.
    tries: Vec<(u16, Time)>,
    /// When it last said something, or the first of them came.
    heard: Time,
    in_doubt: bool,
    /// A connection of those that try has opened.
    opened: bool,
    /// A device that was registered there lost it to silence, and nothing has come from it since.
    silent: bool,
    /// The first device has been sent on, or has nowhere to go.
    forsaken: bool,
    until: Option<Time>,
    /// Until when an attempt that came to nothing there keeps the others from being led to it.
    avoided: Option<Time>,
    /// Lock-outs in a row.
    times: u32,
}

impl Hold {
    /// Something waits for it to be late.
    fn due(&self) -> Option<Time> {
        let first = self.tries.first()?.1;
        match (self.in_doubt, self.forsaken) {
            (false, _) => Some(self.heard + DOUBT),
            (true, false) => Some(first.max(self.heard) + PATIENCE),
            (true, true) => None,
        }
    }

    fn is_locked(&self, now: Time) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    fn has_failed(&self, now: Time) -> bool {
        self.avoided.is_some_and(|until| now < until)
    }

    /// Another device knows that it does not answer.
    fn is_hung(&self, now: Time, device: u16) -> bool {
        self.is_locked(now) || (self.in_doubt && self.tries.iter().any(|(d, _)| *d != device))
    }
}

impl Lockouts {
    fn hold(&mut self, now: Time, server: usize) -> &mut Hold {
        let place = self.holds.iter().position(|h| h.server == server);
        let place = place.unwrap_or_else(|| {
            self.holds.push(Hold {
                server,
                tries: vec![],
                heard: now,
                in_doubt: false,
                opened: false,
                silent: false,
                forsaken: false,
                until: None,
                avoided: None,
                times: 0,
            });
            self.holds.len() - 1
        });
        &mut self.holds[place]
    }

    fn of(&self, server: usize) -> Option<&Hold> {
        self.holds.iter().find(|h| h.server == server)
    }

    fn is_hung(&self, now: Time, device: u16, server: usize) -> bool {
        self.of(server).is_some_and(|h| h.is_hung(now, device))
    }

    fn is_tried(&self, server: usize) -> bool {
        self.of(server).is_some_and(|h| !h.tries.is_empty())
    }

    /// The best server at which devices are registered.
    fn serving(&self, now: Time, list: &[usize]) -> Option<usize> {
        let serves = |s: &usize| self.served.iter().any(|(_, at)| at == s);
        let away = |h: &Hold| h.silent || h.is_locked(now);
        let away = |s: &usize| self.of(*s).is_some_and(away);
        list.iter().copied().find(|s| serves(s) && !away(s))
    }

    /// The best server that nobody tries, and that is not known to be silent or to take nobody.
    fn untried(&self, now: Time, list: &[usize]) -> Option<usize> {
        let known =
            |h: &Hold| h.silent || h.is_locked(now) || h.has_failed(now) || !h.tries.is_empty();
        let known = |s: &usize| self.of(*s).is_some_and(known);
        list.iter().copied().find(|s| !known(s))
    }

    /// A device is about to try this server: the server that it had better try. `list`: in order of preference.
    pub fn place_for(&self, now: Time, device: u16, server: usize, list: &[usize]) -> usize {
        if list.len() < 2 || !self.is_hung(now, device, server) {
            return server;
        }
        let silent = |s: usize| self.of(s).is_some_and(|h| h.silent);
        let answers = |s: &usize| !silent(*s) && !self.is_hung(now, device, *s);
        self.serving(now, list)
            .or_else(|| self.untried(now, list))
            // Nobody is served anywhere: somebody has to find out whether it answers again.
            .or_else(|| (!self.is_tried(server)).then_some(server))
            .or_else(|| list.iter().copied().find(answers))
            .or_else(|| list.iter().copied().find(|s| !self.is_tried(*s)))
            .unwrap_or(server)
    }

    /// A device tries to register with this server.
    pub fn tries(&mut self, now: Time, device: u16, server: usize) {
        self.gives_up(device);
        let hold = self.hold(now, server);
        if hold.tries.is_empty() {
            hold.heard = now;
            hold.in_doubt = false;
            hold.opened = false;
            hold.forsaken = false;
        }
        hold.tries.push((device, now));
    }

    /// Its attempt is over, for a reason that says nothing of the server.
    pub fn gives_up(&mut self, device: u16) {
        for hold in &mut self.holds {
            hold.tries.retain(|(d, _)| *d != device);
        }
    }

    /// Something came from this server, to a device that tries to register there.
    pub fn heard(&mut self, now: Time, server: usize) {
        let hold = self.hold(now, server);
        hold.heard = now;
        hold.in_doubt = false;
        hold.forsaken = false;
    }

    /// A connection to it has opened, for a device that tries to register there. Over a long way Register takes as long
    /// again.
    pub fn opened(&mut self, now: Time, server: usize) {
        if !std::mem::replace(&mut self.hold(now, server).opened, true) {
            self.heard(now, server);
        }
    }

    /// A device that was registered there has lost it, for nothing came from it any more.
    pub fn fell_silent(&mut self, now: Time, server: usize) {
        self.hold(now, server).silent = true;
    }

    /// Something came from this server, to any device: if it fell silent, then for that one device.
    pub fn is_alive(&mut self, server: usize) {
        for hold in self.holds.iter_mut().filter(|h| h.server == server) {
            hold.silent = false;
        }
    }

    /// It has taken a device. Whoever waits in vain elsewhere is led to it.
    pub fn registered(&mut self, now: Time, device: u16, server: usize) {
        self.gives_up(device);
        self.left(device);
        self.served.push((device, server));
        let hold = self.hold(now, server);
        hold.until = None;
        hold.avoided = None;
        hold.times = 0;
        hold.in_doubt = false;
        hold.silent = false;
        hold.heard = now;
        let waiting = self.holds.iter().filter(|h| h.in_doubt);
        let waiting = waiting.flat_map(|h| h.tries.iter());
        let led = (0..).zip(waiting).map(|(turn, (device, _))| Lead {
            device: *device,
            server,
            turn: Some(turn),
        });
        self.orders.extend(led);
    }

    /// A device is registered no more, or has stopped.
    pub fn left(&mut self, device: u16) {
        self.served.retain(|(d, _)| *d != device);
    }

    /// An attempt has come to nothing. `silent`: the server did not answer.
    pub fn failed(&mut self, now: Time, device: u16, server: usize, vain: Vain) {
        let since = self.of(server).and_then(|hold| {
            let own = hold.tries.iter().find(|(d, _)| *d == device);
            own.map(|(_, since)| *since)
        });
        self.gives_up(device);
        let serves = self.served.iter().any(|(_, at)| *at == server);
        // A device that was led away early has not found out that the server is silent.
        let waited = since.is_none_or(|since| now.saturating_since(since) >= PATIENCE);
        let hold = self.hold(now, server);
        hold.avoided = Some(match vain {
            Vain::NoWay => now + NO_WAY,
            Vain::Silent | Vain::Answered => now + LOCKED,
        });
        if vain == Vain::Answered {
            hold.until = None;
        }
        if vain == Vain::Silent && waited && !serves && !hold.is_locked(now) {
            let doubled = LOCKED.saturating_mul(1 << hold.times.min(10));
            hold.until = Some(now + doubled.min(LOCKED_MAX));
            hold.times = hold.times.saturating_add(1);
        }
    }

    /// Stopped: it tries nothing.
    pub fn stopped(&mut self, device: u16) {
        self.gives_up(device);
        self.left(device);
    }

    /// The network is another one, or an operator wishes it: this server may be tried.
    pub fn forget(&mut self, server: usize) {
        for hold in self.holds.iter_mut().filter(|h| h.server == server) {
            hold.until = None;
            hold.avoided = None;
            hold.silent = false;
            hold.times = 0;
        }
    }

    /// The network is another one: what was learned in the former one is worth nothing.
    pub fn forget_all(&mut self) {
        for hold in &mut self.holds {
            hold.until = None;
            hold.avoided = None;
            hold.silent = false;
            hold.times = 0;
        }
    }

    /// Until when it is locked out.
    pub fn locked_until(&self, now: Time, server: usize) -> Option<Time> {
        let hold = self.of(server)?;
        hold.until.filter(|until| now < *until)
    }

    /// Nothing has come from it for a while, though devices try to register there.
    pub fn is_in_doubt(&self, server: usize) -> bool {
        self.of(server)
            .is_some_and(|h| h.in_doubt && !h.tries.is_empty())
    }

    /// When [`Lockouts::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.holds.iter().filter_map(Hold::due).min()
    }

    /// Does what is due. `list`: in order of preference.
    pub fn handle_timeout(&mut self, now: Time, list: &[usize]) {
        for at in 0..self.holds.len() {
            let hold = &mut self.holds[at];
            if hold.due().is_none_or(|due| due > now) {
                continue;
            }
            let first = !std::mem::replace(&mut hold.in_doubt, true);
            hold.forsaken |= !first;
            let server = hold.server;
            let waiting: Vec<u16> = hold.tries.iter().map(|(device, _)| *device).collect();
            if list.len() < 2 {
                continue;
            }
            if let Some(server) = self.serving(now, list).filter(|s| *s != server) {
                // Those that went ahead are no crowd.
                let ahead = waiting.len() < list.len();
                let led = (0..).zip(waiting).map(|(turn, device)| Lead {
                    device,
                    server,
                    turn: (!ahead).then_some(turn),
                });
                self.orders.extend(led);
                continue;
            }
            // One stays at first, for it may be slow.
            for device in waiting.into_iter().skip(usize::from(first)) {
                let Some(server) = self.untried(now, list) else {
                    break;
                };
                // Taken, so that the next one goes elsewhere.
                self.tries(now, device, server);
                self.orders.push_back(Lead {
                    device,
                    server,
                    turn: None,
                });
            }
        }
    }

    /// The next device that goes elsewhere.
    pub fn poll(&mut self) -> Option<Lead> {
        self.orders.pop_front()
    }
}

#[cfg(test)]
#[path = "lockout/tests.rs"]
mod tests;
