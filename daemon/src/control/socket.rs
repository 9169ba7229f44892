//! The control socket: one task a client, lines in, lines out.
//!
//! Promises: a client that sends garbage, floods or stops reading costs its own connection; the control task is
//! asked through a bounded queue and never waits for a client; however many there are, the next one is let in.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tipring_ctl::request::{ErrorCode, ErrorReport, Request, Response};
use tipring_ctl::wire::{
    self, ClientLine, Event, Hello, LineSplitter, PROTOCOL_VERSION, ServerLine,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{debug, warn};

use super::claim::Claim;
use super::seats::{Doing, MANY, Seats};
use super::simdesk::SimDesk;

/// Events that may wait for a slow client; more are counted and left out.
const EVENTS_IN_FLIGHT: usize = 1024;
/// A client that takes no byte for this time is cut off.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// Clients that give way are a line in the log at most this often.
const CROWD_AGAIN: Duration = Duration::from_secs(60);

/// What the control task is asked.
#[derive(Debug)]
pub enum Query {
    /// Answer a request (any but `Trace`, `Capture` and `Sim`).
    Ask(Request, oneshot::Sender<Response>),
    /// Follow ports.
    Subscribe(Wish, mpsc::Sender<Event>, oneshot::Sender<Response>),
}

/// What a client follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which ports; empty = all.
    pub ports: Vec<u16>,
    /// The bytes of their messages, instead of what happens.
    pub bytes: bool,
}

/// Why the control socket is not there.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another daemon has it.
    #[error(
        "{} has the control socket {path}; stop it first (`systemctl stop tipring`, or end that process), or give \
         this one a socket of its own ([control] socket)",
        who(*.pid, .name.as_deref())
    )]
    InUse {
        /// The socket.
        path: PathBuf,
        /// Its process.
        pid: Option<u32>,
        /// What that is called.
        name: Option<String>,
    },
    /// Somebody's file, which is not ours to remove.
    #[error("{0} is no socket; remove it, or name another path in [control] socket")]
    NoSocket(PathBuf),
    /// Somebody's file, which is not ours to write into.
    #[error(
        "{path} {what}, and the daemon would write into it; remove it, or name another socket with [control] socket or \
         --socket PATH"
    )]
    NoLock {
        /// The lock file of the socket.
        path: PathBuf,
        /// Why it is none of ours.
        what: &'static str,
    },
    /// The system refused.
    #[error(
        "the control socket {path} cannot be made: {cause}; name another with [control] socket or --socket PATH"
    )]
    System {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
}

fn who(pid: Option<u32>, name: Option<&str>) -> String {
    match (pid, name) {
        (Some(pid), Some(name)) => format!("process {pid} ({name})"),
        (Some(pid), None) => format!("process {pid}"),
        (None, _) => "another process".to_owned(),
    }
}

/// Binds the claimed socket, in place of one that a dead daemon left behind. `group` may use it.
pub fn bind(path: &Path, group: Option<&str>, _claim: &Claim) -> Result<UnixListener, SocketError> {
    let system = |cause| SocketError::System {
        path: path.to_owned(),
        cause,
    };
    match std::fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => std::fs::remove_file(path).map_err(system)?,
        Ok(_) => return Err(SocketError::NoSocket(path.to_owned())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(system(e)),
    }
    let listener = UnixListener::bind(path).map_err(system)?;
    restrict(path, group).map_err(system)?;
    Ok(listener)
}

/// Owner and group only.
fn restrict(path: &Path, group: Option<&str>) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Held by a descriptor: in a folder of others the name may be a link to another file by now.
    let held = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(tipring_linux::OPEN_AS_A_NAME)
        .open(path)?;
    if !held.metadata()?.file_type().is_socket() {
        return Err(std::io::Error::other("another file has taken its place"));
    }
    let path = &Path::new("/proc/self/fd").join(held.as_raw_fd().to_string());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    let Some(group) = group else { return Ok(()) };
    match tipring_linux::group_id(group) {
        Some(gid) => std::os::unix::fs::chown(path, None, Some(gid)),
        None => {
            warn!(
                group,
                "the control socket's group does not exist; only root and the daemon's user may use it"
            );
            Ok(())
        }
    }
}

/// Serves clients until dropped.
pub async fn serve(listener: UnixListener, queries: mpsc::Sender<Query>, sim: Rc<SimDesk>) {
    let seats = Rc::new(RefCell::new(House::default()));
    let mut logged: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (queries, sim) = (queries.clone(), sim.clone());
                let (chair, crowded) = Chair::take(&seats);
                // One line for a crowd, not one for each of it.
                if crowded && logged.is_none_or(|at| at.elapsed() >= CROWD_AGAIN) {
                    logged = Some(Instant::now());
                    warn!(
                        clients = MANY,
                        "too many control clients; those that have been idle for the longest give way"
                    );
                }
                tokio::task::spawn_local(async move {
                    let away = chair.away.clone();
                    let served = tokio::select! {
                        served = client(stream, queries, sim, &chair) => served,
                        () = away.notified() => Err("it gave way to another one".to_owned()),
                    };
                    if let Err(reason) = served {
                        debug!(%reason, "control client gone");
                    }
                });
            }
            Err(error) => {
                warn!(%error, "the control socket accepts no connection for 1 s");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// All clients, and how each is sent away.
#[derive(Default)]
struct House {
    seats: Seats,
    away: HashMap<u64, Rc<Notify>>,
}

/// A client's place, until it is dropped.
struct Chair {
    house: Rc<RefCell<House>>,
    number: u64,
    away: Rc<Notify>,
}

impl Chair {
    /// A place for a new client; whether somebody had to give way.
    fn take(house: &Rc<RefCell<House>>) -> (Chair, bool) {
        let away = Rc::new(Notify::new());
        let mut inside = house.borrow_mut();
        let (number, leaves) = inside.seats.take(Instant::now());
        if let Some(leaves) = leaves.and_then(|leaves| inside.away.remove(&leaves)) {
            leaves.notify_one();
        }
        inside.away.insert(number, away.clone());
        let house = house.clone();
        let chair = Chair {
            house,
            number,
            away,
        };
        (chair, leaves.is_some())
    }

    fn does(&self, doing: Doing) {
        let mut house = self.house.borrow_mut();
        house.seats.does(Instant::now(), self.number, doing);
    }
}

impl Drop for Chair {
    fn drop(&mut self) {
        let mut house = self.house.borrow_mut();
        house.seats.leave(self.number);
        house.away.remove(&self.number);
    }
}

/// Serves one client; the error says why it was cut off.
async fn client(
    stream: UnixStream,
    queries: mpsc::Sender<Query>,
    sim: Rc<SimDesk>,
    chair: &Chair,
) -> Result<(), String> {
    let (mut reader, mut writer) = stream.into_split();
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        daemon: tipring_ctl::VERSION.to_owned(),
        pid: std::process::id(),
    };
    send(&mut writer, &ServerLine::Hello(hello)).await?;
    let mut splitter = LineSplitter::new();
    loop {
        let line = match splitter.next_line().map_err(|e| e.to_string())? {
            Some(line) => line.to_vec(),
            None => {
                let mut buffer = [0; 4096];
                match reader.read(&mut buffer).await.map_err(|e| e.to_string())? {
                    0 => return Ok(()),
                    n => splitter.push(buffer.get(..n).unwrap_or_default()),
                }
                continue;
            }
        };
        chair.does(Doing::Waiting);
        let (id, response) = match wire::decode_request(&line) {
            Ok(ClientLine {
                id,
                request: request @ (Request::Trace { .. } | Request::Capture { .. }),
            }) => {
                let bytes = matches!(request, Request::Capture { .. });
                if let Request::Trace { ports } | Request::Capture { ports } = request {
                    let wish = Wish { ports, bytes };
                    return stream_events(id, wish, reader, writer, &queries, chair).await;
                }
                continue;
            }
            Ok(ClientLine {
                id,
                request: Request::Sim { port, action },
            }) => (id, sim.act(port, action, &queries).await),
            Ok(ClientLine {
                id,
                request: request @ Request::PortTest { .. },
            }) => {
                let asked = ask(&queries, request);
                (id, while_there(asked, &mut reader, &mut splitter).await?)
            }
            Ok(line) => (line.id, ask(&queries, line.request).await),
            Err(refused) => refused,
        };
        chair.does(Doing::Taking);
        send(&mut writer, &answer(id, response)).await?;
        chair.does(Doing::Nothing);
    }
}

/// Asks the control task.
pub(super) async fn ask(queries: &mpsc::Sender<Query>, request: Request) -> Response {
    let (reply, answer) = oneshot::channel();
    if queries.send(Query::Ask(request, reply)).await.is_err() {
        return stopping();
    }
    answer.await.unwrap_or_else(|_| stopping())
}

/// An answer that takes its time: nobody waits for it any more when the client has gone.
async fn while_there(
    answer: impl Future<Output = Response>,
    reader: &mut OwnedReadHalf,
    splitter: &mut LineSplitter,
) -> Result<Response, String> {
    let mut answer = std::pin::pin!(answer);
    let mut more = [0; 4096];
    tokio::select! {
        response = &mut answer => return Ok(response),
        read = reader.read(&mut more) => match read.map_err(|e| e.to_string())? {
            0 => return Err("it went away".to_owned()),
            // The next request: it has to wait, and the client is not looked at before.
            n => splitter.push(more.get(..n).unwrap_or_default()),
        },
    }
    Ok(answer.await)
}

async fn stream_events(
    id: u64,
    wish: Wish,
    mut reader: OwnedReadHalf,
    mut writer: OwnedWriteHalf,
    queries: &mpsc::Sender<Query>,
    chair: &Chair,
) -> Result<(), String> {
    let (events, mut queue) = mpsc::channel(EVENTS_IN_FLIGHT);
    let (reply, accepted) = oneshot::channel();
    let subscribed = queries.send(Query::Subscribe(wish, events, reply)).await;
    let response = match subscribed {
        Ok(()) => accepted.await.unwrap_or_else(|_| stopping()),
        Err(_) => stopping(),
    };
    send(&mut writer, &answer(id, response)).await?;
    let mut scrap = [0; 256];
    loop {
        tokio::select! {
            event = queue.recv() => match event {
                Some(event) => {
                    chair.does(Doing::Taking);
                    send(&mut writer, &ServerLine::Event { id, event }).await?;
                    chair.does(Doing::Waiting);
                }
                None => return Ok(()),
            },
            read = reader.read(&mut scrap) => match read {
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) => {} // a streaming client has nothing more to say
            },
        }
    }
}

async fn send(writer: &mut OwnedWriteHalf, line: &ServerLine) -> Result<(), String> {
    let bytes = wire::encode(line);
    match tokio::time::timeout(WRITE_PATIENCE, writer.write_all(&bytes)).await {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err("it stopped reading".to_owned()),
    }
}

fn answer(id: u64, response: Response) -> ServerLine {
    let response = Box::new(response);
    ServerLine::Response { id, response }
}

fn stopping() -> Response {
    Response::Error(ErrorReport {
        code: ErrorCode::Internal,
        message: "the daemon is stopping".to_owned(),
        cure: None,
    })
}
