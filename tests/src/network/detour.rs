//! The media between the ports of a gateway, led through a [`Network`]: the CallManager names the detour's address in
//! place of the gateway's (`tipring callmanager --media-through`), the port numbers stay.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Direction, Network, Tally};

/// Its end is looked for this often.
const TICK: Duration = Duration::from_millis(50);

/// Of one port to another, by their RTP ports.
type Flow = (u16, u16);

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    network: Mutex<Option<Network>>,
    tallies: Mutex<HashMap<Flow, Tally>>,
}

/// A network in the way of the media of a gateway; gone when dropped.
pub struct Detour {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Detour {
    /// Takes these ports at `own`; what comes there goes to the same port of the gateway. Each flow from port to port
    /// loses by dice of its own, and all that go the same way lose alike.
    pub fn start(
        own: Ipv4Addr,
        gateway: Ipv4Addr,
        ports: RangeInclusive<u16>,
        network: Network,
    ) -> Result<Detour, String> {
        let says = |port, e: io::Error| format!("detour of media at {own}:{port}: {e}");
        let mut sockets = vec![];
        for port in ports {
            let socket = UdpSocket::bind((own, port)).map_err(|e| says(port, e))?;
            socket.set_nonblocking(true).map_err(|e| says(port, e))?;
            sockets.push((port, socket));
        }
        let shared = Arc::new(Shared::default());
        let road = Road {
            shared: shared.clone(),
            sockets,
            gateway,
            network,
            flows: HashMap::new(),
        };
        Ok(Detour {
            shared,
            thread: Some(std::thread::spawn(move || road.run())),
        })
    }

    /// From now on the network is this one; what is under way still comes.
    pub fn change(&self, network: Network) {
        *lock(&self.shared.network) = Some(network);
    }

    /// What became of all datagrams to and from this port of the gateway.
    pub fn tally(&self, port: u16) -> Tally {
        let tallies = lock(&self.shared.tallies);
        let of_port = tallies
            .iter()
            .filter(|((from, to), _)| [*from, *to].contains(&port));
        of_port.fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally))
    }

    /// What became of all datagrams.
    pub fn total(&self) -> Tally {
        let tallies = lock(&self.shared.tallies);
        tallies
            .values()
            .fold(Tally::default(), |sum, tally| sum.plus(*tally))
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Road {
    shared: Arc<Shared>,
    sockets: Vec<(u16, UdpSocket)>,
    gateway: Ipv4Addr,
    network: Network,
    flows: HashMap<Flow, Direction>,
}

impl Road {
    fn run(mut self) {
        while !self.shared.ended.load(Ordering::Relaxed) {
            if let Some(network) = lock(&self.shared.network).take() {
                self.network = network;
                for direction in self.flows.values_mut() {
                    direction.change(network);
                }
            }
            self.take(Instant::now());
            self.give(Instant::now());
            self.sleep();
        }
    }

    /// Until something comes or something is due.
    fn sleep(&self) {
        let now = Instant::now();
        let due = self.flows.values().filter_map(Direction::due).min();
        let wait = due.map_or(TICK, |due| due.saturating_duration_since(now).min(TICK));
        let mut fds: Vec<PollFd<'_>> = self
            .sockets
            .iter()
            .map(|(_, socket)| PollFd::new(socket.as_fd(), PollFlags::POLLIN))
            .collect();
        let ms = u16::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(1);
        let _ = poll(&mut fds, PollTimeout::from(ms));
    }

    /// Everything that has come.
    fn take(&mut self, now: Instant) {
        let mut buffer = [0; 4096];
        for (port, socket) in &self.sockets {
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if from.ip() != self.gateway {
                    continue;
                }
                let flow = (from.port(), *port);
                // The lower port is the one that was opened first.
                let which = u64::from(flow.0 > flow.1);
                let network = self.network;
                self.flows
                    .entry(flow)
                    .or_insert_with(|| Direction::new(network, which))
                    .send(now, buffer[..length].to_vec());
            }
        }
    }

    /// Everything that comes out of the network: from the address that stands for the sender.
    fn give(&mut self, now: Instant) {
        let mut tallies = lock(&self.shared.tallies);
        for (flow, direction) in &mut self.flows {
            let (from, to) = *flow;
            let stands_for = self.sockets.iter().find(|(port, _)| *port == from);
            while let Some(datagram) = direction.receive(now) {
                if let Some((_, socket)) = stands_for {
                    let to = SocketAddr::from((self.gateway, to));
                    let _ = socket.send_to(&datagram, to);
                }
            }
            tallies.insert(*flow, direction.tally);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A way of its own on the loopback: the process id keeps two runs apart.
    fn address(last: u8) -> Ipv4Addr {
        let [_, _, high, low] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, high | 0x40, low, last)
    }

    #[test]
    fn what_goes_to_a_port_comes_there_from_the_address_that_stands_for_its_sender() {
        let (own, gateway) = (address(1), address(2));
        let detour = Detour::start(own, gateway, 20_000..=20_003, Network::PERFECT).unwrap();
        let [a, b] = [20_000, 20_002].map(|port| UdpSocket::bind((gateway, port)).unwrap());
        let within = Some(Duration::from_secs(5));
        b.set_read_timeout(within).unwrap();
        a.send_to(b"there", (own, 20_002)).unwrap();
        let mut buffer = [0; 16];
        let (length, from) = b.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"there");
        assert_eq!(from, SocketAddr::from((own, 20_000)));
        // A stranger's does not pass; what was blocked counts as lost.
        let stranger = UdpSocket::bind((own, 0)).unwrap();
        stranger.send_to(b"no", (own, 20_002)).unwrap();
        detour.change(Network {
            blocked: super::super::Blocked::All,
            ..Network::PERFECT
        });
        let end = Instant::now() + Duration::from_secs(5);
        while detour.total().lost == 0 {
            assert!(Instant::now() < end, "{:?}", detour.total());
            a.send_to(b"nothing", (own, 20_002)).unwrap();
            std::thread::sleep(Duration::from_millis(5)); // asks again, with the deadline above
        }
        assert_eq!(detour.tally(20_000), detour.tally(20_002));
    }
}
