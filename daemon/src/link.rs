//! One TCP link to a CallManager: connect, read, write, close. Decides nothing; the device does.
//!
//! Promises: never blocks the control task; a server that stops reading costs its own link; bytes given
//! to [`Link::write`] at once leave in one write (chan_skinny drops a connection whose header comes in two pieces).

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tipring_proto::sccp::station::{CloseReason, ConnectFailure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

/// Frames that may wait for a slow server before the link is given up.
const WRITES_IN_FLIGHT: usize = 256;
/// Bytes taken from a server at once.
const READ_BUFFER: usize = 4096;
/// Of several addresses of a server the next one is tried beside when one has not answered for so long.
const HEAD_START: Duration = Duration::from_millis(500);
/// An idle connection asks the other machine's TCP this often whether it is there. SCCP's own keepalive, every 30 s or
/// less often, leaves a dead host unnoticed for too long.
const TCP_KEEPALIVE: Duration = Duration::from_secs(1);

/// How links are made.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Own address to connect from; unspecified = the system chooses.
    pub bind: Option<Ipv4Addr>,
    /// A connection not made in this time has failed.
    pub connect_timeout: Duration,
    /// Of the connection once it is there.
    pub options: LinkOptions,
    /// [`LinkOptions::silence`] of a port that is in a call.
    pub silence_in_call: Duration,
}

impl LinkConfig {
    /// The options of a port's links.
    pub fn options_of(&self, in_call: bool) -> LinkOptions {
        LinkOptions {
            silence: if in_call {
                self.silence_in_call
            } else {
                self.options.silence
            },
            ..self.options
        }
    }
}

/// What can be changed while a link is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkOptions {
    /// No sign of the other machine's TCP for this long breaks the link, whether bytes wait for their acknowledgement or
    /// the link is idle (`TCP_USER_TIMEOUT`, with TCP keepalive).
    pub silence: Duration,
    /// DSCP of the signalling packets.
    pub dscp: u8,
}

/// A link of this gateway; no two ever have the same. What one that was given up still reports is known as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkId(pub u64);

/// What happened on a link.
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
}

/// A link under way. Dropping it closes the connection.
#[derive(Debug)]
pub struct Link {
    writes: mpsc::Sender<Vec<u8>>,
    options: watch::Sender<LinkOptions>,
    task: JoinHandle<()>,
}

/// Where link events go.
///
/// Bounded: a server that floods us waits in its own socket.
pub type LinkEvents = mpsc::Sender<(LinkId, LinkEvent)>;

impl Link {
    /// Starts connecting to the server at one of these addresses.
    pub fn connect(
        addresses: Vec<SocketAddrV4>,
        config: LinkConfig,
        id: LinkId,
        events: LinkEvents,
    ) -> Link {
        let (writes, queue) = mpsc::channel(WRITES_IN_FLIGHT);
        let (options, changes) = watch::channel(config.options);
        let task = tokio::task::spawn_local(async move {
            let reports = Reports { events, id };
            let connecting =
                tokio::time::timeout(config.connect_timeout, open(&addresses, &config));
            let stream = match connecting.await {
                Ok(Ok(stream)) => stream,
                Ok(Err(e)) => {
                    reports.send(LinkEvent::Failed(e)).await;
                    return;
                }
                Err(_) => {
                    reports
                        .send(LinkEvent::Failed(ConnectFailure::TimedOut))
                        .await;
                    return;
                }
            };
            let local = match stream.local_addr() {
                Ok(SocketAddr::V4(a)) => *a.ip(),
                _ => Ipv4Addr::UNSPECIFIED,
            };
            if reports.send(LinkEvent::Connected(local)).await {
                let reason = serve(stream, queue, changes, &reports).await;
                reports.send(LinkEvent::Closed(reason)).await;
            }
        });
        Link {
            writes,
            options,
            task,
        }
    }

    /// Queues one write. `false`: the server has not been reading; give the link up. A link that has ended takes
    /// nothing, and its own reason comes with [`LinkEvent::Closed`].
    pub fn write(&self, bytes: Vec<u8>) -> bool {
        !matches!(self.writes.try_send(bytes), Err(TrySendError::Full(_)))
    }

    /// Uses other options from now on.
    pub fn set_options(&self, options: LinkOptions) {
        self.options.send_if_modified(|present| {
            let changed = *present != options;
            *present = options;
            changed
        });
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

struct Reports {
    events: LinkEvents,
    id: LinkId,
}

impl Reports {
    /// `false` when nobody listens any more.
    async fn send(&self, event: LinkEvent) -> bool {
        self.events.send((self.id, event)).await.is_ok()
    }
}

/// Connects to the first of these that answers: they are tried in order, the next one as soon as one has failed or has
/// not answered for a moment.
async fn open(
    addresses: &[SocketAddrV4],
    config: &LinkConfig,
) -> Result<TcpStream, ConnectFailure> {
    let mut untried = addresses.iter();
    let mut tries = JoinSet::new();
    let mut last_failure = ConnectFailure::Other("the server has no address".to_owned());
    loop {
        let next = untried.next();
        if let Some(address) = next {
            tries.spawn_local(open_one(*address, config.clone()));
        }
        let head_start = async {
            match untried.len() {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(HEAD_START).await,
            }
        };
        let ended = tokio::select! {
            ended = tries.join_next() => ended,
            () = head_start => continue,
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            // A refusal says more than silence.
            Some(Ok(Err(failure))) => {
                if last_failure != ConnectFailure::Refused {
                    last_failure = failure;
                }
            }
            Some(Err(error)) => last_failure = ConnectFailure::Other(error.to_string()),
            None => return Err(last_failure),
        }
    }
}

async fn open_one(address: SocketAddrV4, config: LinkConfig) -> Result<TcpStream, ConnectFailure> {
    let other = |text: String| ConnectFailure::Other(text);
    let socket = TcpSocket::new_v4().map_err(|e| other(e.to_string()))?;
    if let Some(ip) = config.bind {
        socket
            .bind(SocketAddrV4::new(ip, 0).into())
            .map_err(|e| match e.kind() {
                ErrorKind::AddrNotAvailable => ConnectFailure::NoOwnAddress { address: ip },
                _ => other(format!("cannot bind own address {ip}: {e}")),
            })?;
    }
    set_options(&SockRef::from(&socket), config.options);
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

/// A refused option costs nothing but its effect; the link works without.
fn set_options(socket: &SockRef<'_>, options: LinkOptions) {
    let _ = socket.set_tos_v4(u32::from(options.dscp) << 2);
    // With this set, the kernel goes by it and not by the number of keepalive probes.
    let _ = socket.set_tcp_user_timeout(Some(options.silence));
    let probes = options.silence.as_secs().max(1);
    let keepalive = TcpKeepalive::new()
        .with_time(TCP_KEEPALIVE)
        .with_interval(TCP_KEEPALIVE)
        .with_retries(u32::try_from(probes).unwrap_or(u32::MAX));
    let _ = socket.set_tcp_keepalive(&keepalive);
}

fn close_reason(e: &std::io::Error) -> CloseReason {
    match e.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => CloseReason::Reset,
        // The kernel's last word on a dead host is either that it gave up or what ARP or a router said.
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            CloseReason::TimedOut
        }
        _ => CloseReason::Other(e.to_string()),
    }
}

/// Moves bytes until either side ends; returns why.
async fn serve(
    mut stream: TcpStream,
    mut queue: mpsc::Receiver<Vec<u8>>,
    mut changes: watch::Receiver<LinkOptions>,
    reports: &Reports,
) -> CloseReason {
    let (mut reader, mut writer) = stream.split();
    let reading = async {
        let mut buffer = vec![0; READ_BUFFER];
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) => return CloseReason::ByServer,
                Ok(n) => {
                    let bytes = buffer.get(..n).unwrap_or_default().to_vec();
                    if !reports.send(LinkEvent::Bytes(bytes)).await {
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
                Ok(()) = changes.changed() => {
                    let options = *changes.borrow_and_update();
                    set_options(&SockRef::from(writer.as_ref()), options);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn config(silence: Duration) -> LinkConfig {
        LinkConfig {
            bind: None,
            connect_timeout: Duration::from_secs(20),
            options: LinkOptions { silence, dscp: 24 },
            silence_in_call: silence,
        }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        tokio::task::LocalSet::new().block_on(&runtime.unwrap(), work)
    }

    fn listener() -> (TcpListener, SocketAddrV4) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else {
            unreachable!("an IPv4 address was bound");
        };
        (listener, address)
    }

    /// A server whose SYNs are not answered: its queue is full, and stays so while this is kept.
    fn silent() -> (impl Drop, SocketAddrV4) {
        struct Full(#[expect(dead_code)] socket2::Socket, Vec<socket2::Socket>);
        impl Drop for Full {
            fn drop(&mut self) {
                self.1.clear();
            }
        }
        let new = || socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let server = new().unwrap();
        server
            .bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())
            .unwrap();
        server.listen(0).unwrap();
        let address = server.local_addr().unwrap();
        let waiting = std::iter::repeat_with(|| {
            let client = new().unwrap();
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&address);
            client
        });
        let waiting = waiting.take(4).collect();
        let address = address.as_socket_ipv4().unwrap();
        (Full(server, waiting), address)
    }

    #[test]
    fn a_link_asks_every_second_whether_the_host_is_there_and_gives_up_when_told() {
        run(async {
            let (_listener, address) = listener();
            let silence = Duration::from_millis(3_500);
            let stream = open(&[address], &config(silence)).await.unwrap();
            let socket = SockRef::from(&stream);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(silence));
            assert!(socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), TCP_KEEPALIVE);
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), TCP_KEEPALIVE);
            let options = LinkOptions {
                silence: Duration::from_secs(20),
                dscp: 46,
            };
            set_options(&socket, options);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(options.silence));
            assert_eq!(socket.tos_v4().unwrap(), 46 << 2);
        });
    }

    #[test]
    fn the_next_address_of_a_server_is_tried_when_one_refuses_or_is_silent() {
        run(async {
            let (listener, good) = listener();
            let (closed, refusing) = self::listener();
            drop(closed);
            let (_full, silent) = silent();
            let config = config(Duration::from_secs(20));
            for addresses in [[refusing, good], [silent, good]] {
                let stream = open(&addresses, &config).await.unwrap();
                assert_eq!(stream.peer_addr().unwrap(), SocketAddr::V4(good));
                listener.accept().unwrap();
            }
            let refused = open(&[refusing, refusing], &config).await.map(drop);
            assert_eq!(refused, Err(ConnectFailure::Refused));
        });
    }
}
