//! The source filter of a session: who is accepted, and what control sees of that.

use std::net::SocketAddrV4;
use std::sync::Arc;

use tipring_proto::rtp::{OwnFigures, RtpSource, SourceLatch, StreamMark};
use tipring_proto::time::Time;

use super::view::SessionView;
use crate::line::counters::PortCounters;

/// The rule is in [`SourceLatch`].
#[derive(Debug)]
pub(super) struct Sources {
    latch: SourceLatch,
    view: Arc<SessionView>,
    /// Datagrams of unexpected sources that the port's counter has.
    published: u64,
}

impl Sources {
    pub(super) fn new(policy: RtpSource) -> Sources {
        Sources {
            latch: SourceLatch::new(policy),
            view: Arc::default(),
            published: 0,
        }
    }

    /// The far end that the server names.
    pub(super) fn name(&mut self, far_end: SocketAddrV4) {
        self.latch.name(far_end);
    }

    /// The accepted source may be followed by another one.
    pub(super) fn release(&mut self) {
        self.latch.release();
    }

    /// Is a datagram from there accepted? `mark` is what the body reads of its stream.
    #[inline]
    pub(super) fn admits(
        &mut self,
        arrived: Time,
        from: SocketAddrV4,
        mark: impl FnOnce() -> Option<StreamMark>,
    ) -> bool {
        self.latch.admits(arrived, from, mark)
    }

    /// The source that is accepted has sent something valid.
    #[inline]
    pub(super) fn heard(&mut self, at: Time) {
        self.latch.heard(at);
        self.view.heard(at);
    }

    /// The decision so far, for the kernel's side of the socket.
    pub(super) fn latch(&self) -> &SourceLatch {
        &self.latch
    }

    /// Datagrams of sources that are not accepted.
    pub(super) fn unexpected(&self) -> u64 {
        self.latch.strangers()
    }

    pub(super) fn view(&self) -> Arc<SessionView> {
        Arc::clone(&self.view)
    }

    /// Shows what the body has sent and heard.
    #[inline]
    pub(super) fn show_streams(&self, now: Time, own: &OwnFigures) {
        self.view.show_streams(now, own);
    }

    /// Adds what is new to the port's counter, and shows who is accepted and who was refused.
    pub(super) fn publish(&mut self, port: &PortCounters) {
        let refused = self.latch.strangers();
        let new = refused - self.published;
        if new > 0 || self.view.source() != self.latch.current() {
            port.strangers.add(new);
            self.view.sources(&self.latch);
        }
        self.published = refused;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sees_who_is_heard_since_when_and_who_was_refused() {
        let at = |s: &str| s.parse::<SocketAddrV4>().unwrap();
        let (far, other) = (at("10.0.0.1:4000"), at("10.0.0.9:9"));
        let mark = |sequence| {
            move || {
                Some(StreamMark {
                    stream: 0,
                    sequence,
                })
            }
        };
        let mut sources = Sources::new(RtpSource::Strict);
        let (view, port) = (sources.view(), PortCounters::default());
        sources.name(far);
        assert!(!sources.admits(Time::ZERO, other, mark(1)));
        assert_eq!(view.refused(), [], "not before it is published");
        assert!(sources.admits(Time::ZERO, far, mark(2)));
        sources.heard(Time::from_millis(5));
        sources.publish(&port);
        assert_eq!(view.source(), Some(far));
        assert_eq!(view.last_packet(), Some(Time::from_millis(5)));
        let refused: Vec<_> = view.refused().iter().map(|r| r.address).collect();
        assert_eq!((refused, port.strangers.get()), (vec![other], 1));
        assert!(!sources.admits(Time::from_millis(9), other, mark(3)));
        sources.publish(&port);
        sources.publish(&port);
        assert_eq!((port.strangers.get(), sources.unexpected()), (2, 2));
    }
}
