//! RTCP of a media leg: a task of its own beside control, with the socket on the port after that of the RTP.
//!
//! Owns: the socket, the time, what the far end has said. The line thread has no part in it but the figures that it shows
//! anyway. Promises: only the host of the named far end is heard, and a flood costs a few reads a second; a leg without RTCP,
//! because the port is taken, is a leg all the same. Leaves to others: all arithmetic ([`tipring_proto::rtp::Rtcp`]).

use std::io;
use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tipring_ctl::report as ctl;
use tipring_proto::rtp::{FarReport, MAX_RTCP, Reported, Rtcp};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::Instant;

use super::clock::Clock;
use crate::line::SessionView;

/// Datagrams that are read in a second; what is beyond them waits, and finds a full socket.
const READS: u32 = 64;
/// Of the socket: reports are short and few.
const RECEIVE_BUFFER: usize = 16 * 1024;

/// What is shown of it.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    far: FarReport,
    sent: u64,
    refused: u64,
    /// The last report could not be sent: the system's number of the reason.
    unsent: Option<i32>,
}

/// RTCP of one leg. Dropped, or after [`LegRtcp::leave`], it says goodbye.
#[derive(Debug)]
pub(super) struct LegRtcp {
    /// Where the far end's RTP is.
    far: Option<watch::Sender<Option<SocketAddrV4>>>,
    shown: Arc<Mutex<Shown>>,
    failed: Option<String>,
}

impl LegRtcp {
    /// Begins, for the session that receives at `local`.
    pub(super) fn begin(
        local: SocketAddrV4,
        ssrc: u32,
        view: Arc<SessionView>,
        dscp: u8,
    ) -> LegRtcp {
        let (sender, receiver) = watch::channel(None);
        let shown = Arc::default();
        let task = socket(local, dscp).and_then(|socket| {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(|e| io::Error::other(e.to_string()))?;
            let cname = format!("{}@{}", local.port(), local.ip());
            let now = Clock.now();
            Ok(Task {
                rtcp: Rtcp::new(now, ssrc, &cname, u64::from_ne_bytes(random)),
                socket,
                far: receiver,
                view,
                shown: Arc::clone(&shown),
            })
        });
        let failed = match task {
            Ok(task) => {
                tokio::spawn(task.run());
                None
            }
            Err(error) => Some(error.to_string()),
        };
        LegRtcp {
            far: failed.is_none().then_some(sender),
            shown,
            failed,
        }
    }

    /// The far end's RTP is here from now on.
    pub(super) fn name(&self, far: SocketAddrV4) {
        if let Some(sender) = &self.far {
            sender.send_if_modified(|known| known.replace(far) != Some(far));
        }
    }

    /// The leg is closed: the far end is to hear it. What it has said stays known.
    pub(super) fn leave(&mut self) {
        self.far = None;
    }

    /// Time of a packet there and back.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.look().far.round_trip
    }

    /// Reports that said how our packets arrive, and the share lost in the last one, percent.
    pub(super) fn far_loss(&self) -> Option<(u64, f32)> {
        let far = self.look().far;
        far.heard.map(|heard| (far.reports, heard.lost_percent))
    }

    /// Packets from here that the far end has reported lost since the leg began.
    pub(super) fn far_lost(&self) -> Option<u64> {
        let heard = self.look().far.heard?;
        // Duplicates make it negative.
        Some(u64::try_from(heard.lost).unwrap_or(0))
    }

    /// For the command line.
    pub(super) fn report(&self) -> ctl::RtcpReport {
        let shown = self.look();
        let heard = shown.far.heard;
        ctl::RtcpReport {
            failed: self.failed.clone().or_else(|| {
                let reason = io::Error::from_raw_os_error(shown.unsent?);
                Some(format!("reports cannot be sent: {reason}"))
            }),
            sent: shown.sent,
            received: shown.far.reports,
            refused: shown.refused,
            round_trip_ms: shown.far.round_trip.map(|t| t.as_secs_f32() * 1000.0),
            far_jitter_ms: heard.map(|h| h.jitter_ms),
            far_lost_percent: heard.map(|h| h.lost_percent),
            far_lost_packets: heard.map(|h| i64::from(h.lost)),
            far_sent_packets: shown.far.sent_packets.map(u64::from),
            far_left: shown.far.left,
        }
    }

    fn look(&self) -> Shown {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn socket(local: SocketAddrV4, dscp: u8) -> io::Result<UdpSocket> {
    let port = local.port().checked_add(1);
    let port = port.ok_or_else(|| io::Error::other("there is no port after 65535"))?;
    let at = SocketAddrV4::new(*local.ip(), port);
    let bound = std::net::UdpSocket::bind(at);
    let socket = bound.map_err(|e| io::Error::new(e.kind(), format!("port {port}: {e}")))?;
    socket.set_nonblocking(true)?;
    tipring_linux::set_dscp(&socket, dscp)?;
    let _ = tipring_linux::set_receive_buffer(&socket, RECEIVE_BUFFER);
    UdpSocket::from_std(socket)
}

struct Task {
    rtcp: Rtcp,
    socket: UdpSocket,
    far: watch::Receiver<Option<SocketAddrV4>>,
    view: Arc<SessionView>,
    shown: Arc<Mutex<Shown>>,
}

impl Task {
    async fn run(mut self) {
        let mut datagram = [0; MAX_RTCP + 1];
        let mut to = None;
        let (mut reads, mut second) = (0, Instant::now());
        loop {
            let due = self.rtcp.due().saturating_since(Clock.now());
            let full = reads >= READS;
            tokio::select! {
                changed = self.far.changed() => {
                    if changed.is_err() {
                        return self.leave(to).await;
                    }
                    let named = *self.far.borrow_and_update();
                    to = named.and_then(beside);
                    self.rtcp.restart(Clock.now());
                    self.show(|_| {});
                }
                () = tokio::time::sleep(due), if to.is_some() => {
                    let now = Clock.now();
                    let report = self.rtcp.report(now, Clock.unix(now), &self.view.streams(now));
                    self.send(&report, to).await;
                }
                read = self.socket.recv_from(&mut datagram), if !full => {
                    if second.elapsed() >= Duration::from_secs(1) {
                        (reads, second) = (0, Instant::now());
                    }
                    reads += 1;
                    // An error is what an ICMP message left behind: the far end has no RTCP.
                    let Ok((length, from)) = read else {
                        continue;
                    };
                    let theirs = to.is_some_and(|to| std::net::IpAddr::V4(*to.ip()) == from.ip());
                    let bytes = datagram.get(..length).unwrap_or_default();
                    let taken = theirs && self.rtcp.receive(Clock.now(), bytes) == Reported::Taken;
                    self.show(|shown| shown.refused += u64::from(!taken));
                }
                () = tokio::time::sleep_until(second + Duration::from_secs(1)), if full => {
                    (reads, second) = (0, Instant::now());
                }
            }
        }
    }

    async fn leave(&mut self, to: Option<SocketAddrV4>) {
        let now = Clock.now();
        let bye = self.rtcp.bye(now, Clock.unix(now), &self.view.streams(now));
        if let Some(bye) = bye {
            self.send(&bye, to).await;
        }
    }

    async fn send(&self, datagram: &[u8], to: Option<SocketAddrV4>) {
        let Some(to) = to else { return };
        let sent = self.socket.send_to(datagram, to).await;
        self.show(|shown| match sent {
            Ok(_) => (shown.sent, shown.unsent) = (shown.sent + 1, None),
            Err(reason) => shown.unsent = reason.raw_os_error(),
        });
    }

    fn show(&self, change: impl FnOnce(&mut Shown)) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.far = self.rtcp.far();
        change(&mut shown);
    }
}

/// Where the RTCP is of who has its RTP here.
fn beside(rtp: SocketAddrV4) -> Option<SocketAddrV4> {
    let port = rtp.port().checked_add(1)?;
    (rtp.port() > 0).then(|| SocketAddrV4::new(*rtp.ip(), port))
}

#[cfg(test)]
mod tests;
