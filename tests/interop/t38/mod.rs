//! A media gateway with a SIP trunk behind it: the far end of a port's call that was not written here is the call
//! manager's own T.38, and this is what stands between.
//!
//! Towards the port it is an address of media as CallManager names one: G.711 in RTP, named signalling events in RTP,
//! and UDPTL once both agreed. Towards the call manager it is a SIP user agent that offers or accepts T.38 in a second
//! INVITE. RTP and UDPTL pass through as they are; what the network between port and bridge does to them is
//! [`Network`]'s.

mod bridge;
mod sip;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use sip::Correction;
pub(crate) use tipring_tests::network::{Network, Tally};

/// What a bridge is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BridgeConfig {
    /// Its port for SIP on 127.0.0.1, by which the call manager knows it.
    pub(crate) sip: u16,
    /// The call manager's.
    pub(crate) server_sip: u16,
    /// How the call manager is asked to correct errors, where the bridge has the choice.
    pub(crate) correction: Correction,
    pub(crate) network: Network,
}

/// How far the call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    #[default]
    Idle,
    /// The call manager calls.
    Called,
    /// The call manager is called.
    Calling,
    /// G.711.
    Talking,
    /// T.38.
    Relay,
    Over,
}

/// What has come so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) phase: Phase,
    /// It was T.38 once.
    pub(crate) relayed: bool,
    /// Numbers of named events, in order, without copies.
    pub(crate) events_from_port: Vec<u8>,
    pub(crate) events_to_port: Vec<u8>,
    /// UDPTL only.
    pub(crate) t38_from_port: u32,
    pub(crate) t38_to_port: u32,
    /// All media, by what the network did.
    pub(crate) from_port: Tally,
    pub(crate) to_port: Tally,
    /// First lines of SIP, both ways.
    pub(crate) said: Vec<String>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    news: Condvar,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.news.notify_all();
    }
}

enum Order {
    /// Call this number at the call manager for the port that listens here.
    Call(String, SocketAddr),
    /// Answer the call manager's call for the port that listens here.
    Answer(SocketAddr),
    HangUp,
    End,
}

/// One call's bridge.
pub(crate) struct Bridge {
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

impl Bridge {
    /// Takes its ports; `media`: where the port's media go.
    pub(crate) fn start(config: &BridgeConfig, media: SocketAddrV4) -> Result<Bridge, String> {
        let says = |e: io::Error| format!("bridge for media at {media}: {e}");
        let sockets = bridge::Sockets::open(config.sip, media).map_err(says)?;
        let shared = Arc::new(Shared::default());
        let (orders, to_do) = mpsc::channel();
        let (config, mine) = (*config, shared.clone());
        let thread = std::thread::spawn(move || bridge::run(sockets, &config, &mine, &to_do));
        Ok(Bridge {
            shared,
            orders,
            thread: Some(thread),
        })
    }

    /// Calls a number at the call manager, for the port whose media are here.
    pub(crate) fn call(&self, number: &str, port: SocketAddrV4) {
        self.order(Order::Call(number.into(), port.into()));
    }

    /// Answers the call manager's call, for the port whose media are here.
    pub(crate) fn answer(&self, port: SocketAddrV4) {
        self.order(Order::Answer(port.into()));
    }

    /// Ends the call towards the call manager.
    pub(crate) fn hang_up(&self) {
        self.order(Order::HangUp);
    }

    fn order(&self, order: Order) {
        // A thread that has ended shows in what is waited for next.
        let _ = self.orders.send(order);
    }

    /// What has come so far.
    pub(crate) fn seen(&self) -> Seen {
        self.shared.seen().clone()
    }

    /// Waits until it is as wanted.
    pub(crate) fn wait(
        &self,
        what: &str,
        within: Duration,
        wanted: impl Fn(&Seen) -> bool,
    ) -> Result<Seen, String> {
        let end = Instant::now() + within;
        let mut seen = self.shared.seen();
        while !wanted(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("bridge: {what}: not so; {:?}", *seen));
            }
            let waited = self.shared.news.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(seen.clone())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.order(Order::HangUp);
        self.order(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Any port of 127.0.0.1.
fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
