//! Fax relay in a session: T.38 in the place of its voice, on the same socket, from and to the same far end.
//!
//! Built by control ([`FaxRelay::build`] allocates everything), used by the line thread, handed back to control. The RTP
//! stream pauses meanwhile: its timestamps go on, and what still comes of the far end's is taken and not played.

use std::sync::Arc;

use rtrb::{Consumer, Producer, RingBuffer};
use tipring_dsp::relay::{Network, Relay, RelayConfig, RelayError, Seen};
use tipring_proto::t38::datagram::{Kind, kind};
use tipring_proto::t38::udptl::{Item, Receiver, ReceiverConfig, Sender, SenderConfig};
use tipring_proto::time::Time;

use super::body::{Body, Taken};
use super::{MediaSession, leave_bare};
use crate::line::counters::PortCounters;

mod news;
mod view;

pub(in crate::line) use news::FaxNews;
pub(super) use news::NewsDesk;
pub use view::{RelayNumbers, RelayView};

/// What passed and was not read by control yet; beyond that it is lost, and counted.
const SEEN: usize = 256;
/// From one repeat of a datagram to the next, samples.
const REPEAT: u32 = 80;

/// How a relay is to work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaxRelayConfig {
    /// Towards the line.
    pub line: RelayConfig,
    /// What goes out.
    pub sender: SenderConfig,
    /// What comes in.
    pub receiver: ReceiverConfig,
}

/// What control keeps of a relay that is at work.
#[derive(Debug)]
pub struct RelayWatch {
    /// Its figures now.
    pub view: Arc<RelayView>,
    /// What passed, and when.
    pub seen: Consumer<(Time, Seen)>,
}

/// A relay: its modems, both directions of T.38, and what control hears of it.
pub struct FaxRelay {
    relay: Relay,
    sender: Sender,
    receiver: Receiver,
    seen: Producer<(Time, Seen)>,
    unseen: u64,
    view: Arc<RelayView>,
    /// Samples since the last repeat.
    since_repeat: u32,
    /// What the port's counters have.
    published: RelayNumbers,
}

impl std::fmt::Debug for FaxRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaxRelay")
            .field("numbers", &self.numbers())
            .finish_non_exhaustive()
    }
}

impl FaxRelay {
    /// Everything that it will need is allocated here.
    ///
    /// # Errors
    /// [`RelayError`] when there is no memory for its modems.
    pub fn build(config: &FaxRelayConfig) -> Result<(Box<FaxRelay>, RelayWatch), RelayError> {
        let (producer, consumer) = RingBuffer::new(SEEN);
        let view = Arc::<RelayView>::default();
        let relay = Box::new(FaxRelay {
            relay: Relay::new(&config.line)?,
            sender: Sender::new(config.sender),
            receiver: Receiver::new(config.receiver),
            seen: producer,
            unseen: 0,
            view: Arc::clone(&view),
            since_repeat: 0,
            published: RelayNumbers::default(),
        });
        let watch = RelayWatch {
            view,
            seen: consumer,
        };
        Ok((relay, watch))
    }

    /// A block of the line becomes datagrams.
    fn up(&mut self, samples: &[i16], sends: bool, mut emit: impl FnMut(&[u8])) {
        let (relay, sender) = (&mut self.relay, &mut self.sender);
        if !sends {
            // Nobody to send to: the line is followed all the same.
            return relay.line_in(samples, |_| {});
        }
        self.since_repeat += samples.len() as u32;
        if self.since_repeat >= REPEAT {
            self.since_repeat = 0;
            sender.repeat(&mut emit);
        }
        relay.line_in(samples, |ifp| {
            // What cannot be said is counted by the sender.
            let _ = sender.send(ifp, &mut emit);
        });
    }

    /// What has come becomes a block for the line.
    fn down(&mut self, now: Time, out: &mut [i16]) {
        while let Some(item) = self.receiver.next(now) {
            let network = match &item {
                Item::Received(ifp) => Network::Packet(ifp),
                Item::Missing(packets) => Network::Missing(*packets),
            };
            self.relay.network_in(network);
        }
        self.relay.line_out(out);
        while let Some(seen) = self.relay.seen() {
            self.unseen += u64::from(self.seen.push((now, seen)).is_err());
        }
    }

    fn take(&mut self, arrived: Time, datagram: &[u8]) -> Taken {
        match self.receiver.receive(arrived, datagram) {
            Ok(()) => Taken::Valid,
            Err(_) => Taken::Malformed,
        }
    }

    fn numbers(&self) -> RelayNumbers {
        RelayNumbers::of(
            &self.relay.figures(),
            &self.sender.sent(),
            &self.receiver.counters(),
            self.unseen + self.relay.seen_lost(),
        )
    }

    /// Adds what is new to the port's counters, and shows it to control.
    fn publish(&mut self, port: &PortCounters) {
        let now = self.numbers();
        if now != self.published {
            now.add_to(port, &self.published);
            self.view.show(&now);
            self.published = now;
        }
    }
}

impl<B: Body> MediaSession<B> {
    /// T.38 in the place of voice from now on; a relay that was there before comes back.
    pub(in crate::line) fn begin_relay(&mut self, relay: Box<FaxRelay>) -> Option<Box<FaxRelay>> {
        self.news.forget();
        self.relay.replace(relay)
    }

    /// Voice again: the relay, to be handed to control.
    pub(in crate::line) fn end_relay(&mut self) -> Option<Box<FaxRelay>> {
        self.news.forget();
        self.relay.take()
    }

    /// Is T.38 in the place of voice?
    pub(in crate::line) fn is_relay(&self) -> bool {
        self.relay.is_some()
    }

    /// May control hear of one more named event?
    pub(in crate::line) fn may_report_named(&mut self, now: Time) -> bool {
        self.news.named(now)
    }

    /// What control is to hear of fax in it, once a block.
    pub(in crate::line) fn fax_news(&mut self, now: Time) -> FaxNews {
        self.news.take(now)
    }

    /// The line's block to the network, when T.38 is in the place of voice: whether a datagram went.
    #[inline]
    pub(super) fn relay_up(&mut self, samples: &[i16]) -> Option<bool> {
        let relay = self.relay.as_mut()?;
        self.body.pause(samples.len());
        let to = self.far.target();
        let socket = &mut self.socket;
        let mut went = false;
        relay.up(samples, to.is_some(), |datagram| {
            if let Some(to) = to {
                went = true;
                leave_bare(socket, to, datagram);
            }
        });
        Some(went)
    }

    /// What the far end's T.38 says to the line, in the place of what was played.
    #[inline]
    pub(super) fn relay_down(&mut self, now: Time, out: &mut [i16]) {
        if let Some(relay) = &mut self.relay {
            relay.down(now, out);
        }
    }

    /// Takes a datagram of the far end if it is T.38, or nothing that RTP can be, in a session that may relay.
    #[inline]
    pub(super) fn take_t38(&mut self, arrived: Time, datagram: &[u8]) -> Option<Taken> {
        if !self.t38 {
            return None;
        }
        let newest = self.relay.as_ref().and_then(|r| r.receiver.newest());
        match kind(datagram, newest) {
            Kind::Rtp | Kind::Other => {
                if self.relay.is_some() && super::voice::is_sound(datagram) {
                    self.news.voice();
                }
                None
            }
            Kind::Udptl => Some(match &mut self.relay {
                Some(relay) => {
                    let taken = relay.take(arrived, datagram);
                    if taken == Taken::Valid {
                        self.news.t38_in_relay();
                    }
                    taken
                }
                None => self.news.t38_unasked(datagram),
            }),
        }
    }

    /// Adds what is new of a relay to the port's counters.
    #[inline]
    pub(super) fn publish_relay(&mut self, port: &PortCounters) {
        if let Some(relay) = &mut self.relay {
            relay.publish(port);
        }
    }
}
