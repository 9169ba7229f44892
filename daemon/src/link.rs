//! One TCP link to a CallManager: connect, read, write, close. Decides nothing; the device does.
//!
//! Promises: never blocks the control task; a server that stops reading costs its own link; bytes given
//! to [`Link::write`] at once leave in one write (chan_skinny drops a connection whose header comes in two pieces).

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use socket2::SockRef;
use tipring_proto::sccp::station::{CloseReason, ConnectFailure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Frames that may wait for a slow server before the link is given up.
const WRITES_IN_FLIGHT: usize = 256;
/// Bytes taken from a server at once.
const READ_BUFFER: usize = 4096;

/// How links are made.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Own address to connect from; unspecified = the system chooses.
    pub bind: Option<Ipv4Addr>,
    /// A connection not made in this time has failed.
    pub connect_timeout: Duration,
    /// Sent bytes unacknowledged for so long break the link (`TCP_USER_TIMEOUT`).
    pub user_timeout: Duration,
    /// DSCP of the signalling packets.
    pub dscp: u8,
}

/// What happened on a link. The control task tells old links from new ones by the `epoch` beside it.
#[derive(Debug)]
pub enum LinkEvent {
    /// Connected; this is our own address.
    Connected(Ipv4Addr),
    /// No connection.
    Failed(ConnectFailure),
    /// Bytes came.
    Bytes(Vec<u8>),
    /// The connection ended.
    Closed(CloseReason),
    /// What [`probe`] found.
    Probed {
        /// Place in the server list.
        server: usize,
        /// TCP could be opened.
        reachable: bool,
    },
}

/// A link under way. Dropping it closes the connection.
#[derive(Debug)]
pub struct Link {
    writes: mpsc::Sender<Vec<u8>>,
    dscp: watch::Sender<u8>,
    task: JoinHandle<()>,
}

/// Where link events go: `(port number, epoch, event)`.
///
/// Bounded: a server that floods us waits in its own socket.
pub type LinkEvents = mpsc::Sender<(u16, u64, LinkEvent)>;

impl Link {
    /// Starts connecting to `server` (`host:port`) for port `port`.
    pub fn connect(
        server: String,
        config: LinkConfig,
        port: u16,
        epoch: u64,
        events: LinkEvents,
    ) -> Link {
        let (writes, queue) = mpsc::channel(WRITES_IN_FLIGHT);
        let (dscp, mark) = watch::channel(config.dscp);
        let task = tokio::task::spawn_local(async move {
            let tell = Tell {
                events,
                port,
                epoch,
            };
            let connecting = tokio::time::timeout(config.connect_timeout, open(&server, &config));
            let stream = match connecting.await {
                Ok(Ok(stream)) => stream,
                Ok(Err(e)) => {
                    tell.say(LinkEvent::Failed(e)).await;
                    return;
                }
                Err(_) => {
                    tell.say(LinkEvent::Failed(ConnectFailure::TimedOut)).await;
                    return;
                }
            };
            let local = match stream.local_addr() {
                Ok(SocketAddr::V4(a)) => *a.ip(),
                _ => Ipv4Addr::UNSPECIFIED,
            };
            if tell.say(LinkEvent::Connected(local)).await {
                let reason = serve(stream, queue, mark, &tell).await;
                tell.say(LinkEvent::Closed(reason)).await;
            }
        });
        Link { writes, dscp, task }
    }

    /// Queues one write. `false`: the server has not been reading; give the link up.
    pub fn write(&self, bytes: Vec<u8>) -> bool {
        self.writes.try_send(bytes).is_ok()
    }

    /// Marks the packets from now on.
    pub fn mark(&self, dscp: u8) {
        self.dscp.send_replace(dscp);
    }

    /// Lets what is queued leave, then closes; for an orderly end.
    pub fn finish(mut self) -> JoinHandle<()> {
        let (closed, _) = mpsc::channel(1);
        self.writes = closed; // the writer sees the end of its queue
        std::mem::replace(&mut self.task, tokio::task::spawn_local(async {}))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Tell {
    events: LinkEvents,
    port: u16,
    epoch: u64,
}

impl Tell {
    /// `false` when nobody listens any more.
    async fn say(&self, event: LinkEvent) -> bool {
        let message = (self.port, self.epoch, event);
        self.events.send(message).await.is_ok()
    }
}

/// Can TCP to `server` be opened now? The connection is closed at once.
pub async fn probe(server: String, config: LinkConfig) -> bool {
    matches!(
        tokio::time::timeout(config.connect_timeout, open(&server, &config)).await,
        Ok(Ok(_))
    )
}

async fn open(server: &str, config: &LinkConfig) -> Result<TcpStream, ConnectFailure> {
    let other = |text: String| ConnectFailure::Other(text);
    let mut addresses = tokio::net::lookup_host(server)
        .await
        .map_err(|e| other(format!("{server} cannot be resolved: {e}")))?;
    let address: SocketAddrV4 = addresses
        .find_map(|a| match a {
            SocketAddr::V4(a) => Some(a),
            SocketAddr::V6(_) => None,
        })
        .ok_or_else(|| other(format!("{server} has no IPv4 address")))?;
    let socket = TcpSocket::new_v4().map_err(|e| other(e.to_string()))?;
    if let Some(ip) = config.bind {
        socket
            .bind(SocketAddrV4::new(ip, 0).into())
            .map_err(|e| other(format!("cannot bind own address {ip}: {e}")))?;
    }
    {
        let s = SockRef::from(&socket);
        // A refused option costs nothing but its effect; the link works without.
        let _ = s.set_tos_v4(u32::from(config.dscp) << 2);
        let _ = s.set_tcp_user_timeout(Some(config.user_timeout));
    }
    let stream = socket
        .connect(address.into())
        .await
        .map_err(|e| match e.kind() {
            ErrorKind::ConnectionRefused => ConnectFailure::Refused,
            ErrorKind::TimedOut => ConnectFailure::TimedOut,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                ConnectFailure::Unreachable
            }
            _ => other(e.to_string()),
        })?;
    stream.set_nodelay(true).map_err(|e| other(e.to_string()))?;
    Ok(stream)
}

fn close_reason(e: &std::io::Error) -> CloseReason {
    match e.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => CloseReason::Reset,
        ErrorKind::TimedOut => CloseReason::TimedOut,
        _ => CloseReason::Other(e.to_string()),
    }
}

/// Moves bytes until either side ends; returns why.
async fn serve(
    mut stream: TcpStream,
    mut queue: mpsc::Receiver<Vec<u8>>,
    mut mark: watch::Receiver<u8>,
    tell: &Tell,
) -> CloseReason {
    let (mut reader, mut writer) = stream.split();
    let reading = async {
        let mut buffer = vec![0; READ_BUFFER];
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) => return CloseReason::ByServer,
                Ok(n) => {
                    let bytes = buffer.get(..n).unwrap_or_default().to_vec();
                    if !tell.say(LinkEvent::Bytes(bytes)).await {
                        return CloseReason::Other("the daemon is stopping".to_owned());
                    }
                }
                Err(e) => return close_reason(&e),
            }
        }
    };
    let writing = async {
        loop {
            let bytes = tokio::select! {
                bytes = queue.recv() => bytes,
                Ok(()) = mark.changed() => {
                    // A refused mark costs nothing but its effect.
                    let tos = u32::from(*mark.borrow_and_update()) << 2;
                    let _ = SockRef::from(writer.as_ref()).set_tos_v4(tos);
                    continue;
                }
            };
            let Some(bytes) = bytes else { break };
            if let Err(e) = writer.write_all(&bytes).await {
                return close_reason(&e);
            }
        }
        let _ = writer.shutdown().await;
        CloseReason::Other("closed by us".to_owned())
    };
    tokio::select! {
        reason = reading => reason,
        reason = writing => reason,
    }
}
