//! A blocking client of the control socket. Every wait has a deadline.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::request::{ErrorReport, Request, Response};
use crate::wire::{self, ClientLine, Event, Hello, LineSplitter, PROTOCOL_VERSION, ServerLine};

/// Why the client has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket.
    #[error("no daemon on {path}: {cause}")]
    NotReachable {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// No whole answer came before the deadline.
    #[error("the daemon on {path} did not answer within {waited_ms} ms")]
    TimedOut {
        /// The socket.
        path: PathBuf,
        /// How long was waited.
        waited_ms: u128,
    },
    /// The connection ended in the middle.
    #[error("the daemon on {path} closed the connection before it answered: {cause}")]
    Closed {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// What came is not this protocol.
    #[error("what listens on {path} does not speak the control protocol: {what}")]
    Garbage {
        /// The socket.
        path: PathBuf,
        /// What came.
        what: String,
    },
    /// The daemon speaks another version of the protocol.
    #[error(
        "the daemon ({daemon}) speaks control protocol {theirs}, this command speaks {PROTOCOL_VERSION}"
    )]
    Version {
        /// The daemon's version text.
        daemon: String,
        /// Its protocol version.
        theirs: u32,
    },
    /// The daemon refused.
    #[error("{}", .0.message)]
    Refused(ErrorReport),
}

impl ClientError {
    /// What to do about it.
    pub fn cure(&self) -> String {
        match self {
            ClientError::NotReachable { cause, path } => match cause.kind() {
                io::ErrorKind::PermissionDenied => match group_of(path) {
                    Some(group) => format!(
                        "run this as root, or join the group that may use it, and log in again: \
                         adduser {} {group}",
                        user()
                    ),
                    None => format!(
                        "run this as root or as a member of the group of {} ([control] group in the configuration)",
                        path.display()
                    ),
                },
                io::ErrorKind::NotFound => "start it with `systemctl start tipring`, or name its socket with \
                     --socket PATH ([control] socket in the configuration)"
                    .to_owned(),
                _ => "see `systemctl status tipring`; a socket without a daemon is left over from a crash and \
                     goes away with the next start"
                    .to_owned(),
            },
            ClientError::TimedOut { .. } => {
                "wait longer with --timeout SECONDS; if it never answers, see `journalctl -u tipring` and restart it"
                    .to_owned()
            }
            ClientError::Closed { .. } => "see `journalctl -u tipring` for the reason".to_owned(),
            ClientError::Garbage { .. } => {
                "name the socket of tipringd with --socket PATH ([control] socket in the configuration)".to_owned()
            }
            ClientError::Version { .. } => "use the tipring command of the daemon's version".to_owned(),
            ClientError::Refused(report) => report.cure.clone().unwrap_or_default(),
        }
    }
}

/// A connection to the daemon, after its hello.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    path: PathBuf,
    splitter: LineSplitter,
    hello: Hello,
    next_id: u64,
}

impl Client {
    /// Connects and reads the daemon's hello, all within `timeout`.
    pub fn connect(path: &Path, timeout: Duration) -> Result<Client, ClientError> {
        let deadline = Deadline::after(timeout);
        let stream = connect_within(path, timeout).map_err(|cause| {
            if would_block(&cause) {
                deadline.error(path)
            } else {
                let path = path.to_owned();
                ClientError::NotReachable { path, cause }
            }
        })?;
        let mut client = Client {
            stream,
            path: path.to_owned(),
            splitter: LineSplitter::new(),
            hello: Hello {
                protocol: PROTOCOL_VERSION,
                daemon: String::new(),
                pid: 0,
            },
            next_id: 1,
        };
        match client.read_line(&deadline)? {
            ServerLine::Hello(hello) if hello.protocol == PROTOCOL_VERSION => {
                client.hello = hello;
                Ok(client)
            }
            ServerLine::Hello(hello) => Err(ClientError::Version {
                daemon: hello.daemon,
                theirs: hello.protocol,
            }),
            other => {
                Err(client.garbage(format!("no hello, but {}", excerpt(&wire::encode(&other)))))
            }
        }
    }

    /// What the daemon said of itself.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Asks and waits for the answer, at most `timeout`. A refusal is [`ClientError::Refused`].
    pub fn request(
        &mut self,
        request: Request,
        timeout: Duration,
    ) -> Result<Response, ClientError> {
        let deadline = Deadline::after(timeout);
        let id = self.next_id;
        self.next_id += 1;
        let line = wire::encode(&ClientLine { id, request });
        self.write_all(&line, &deadline)?;
        loop {
            match self.read_line(&deadline)? {
                ServerLine::Response { id: 0, response } => return self.answer(*response),
                ServerLine::Response { id: got, response } if got == id => {
                    return self.answer(*response);
                }
                // The rest of an earlier stream or of an answer that came too late.
                ServerLine::Response { .. } | ServerLine::Event { .. } => {}
                ServerLine::Hello(_) => return Err(self.garbage("a second hello".to_owned())),
            }
        }
    }

    /// The next event of a stream that [`Client::request`] started; `None` when none came within `timeout`.
    pub fn next_event(&mut self, timeout: Duration) -> Result<Option<Event>, ClientError> {
        let deadline = Deadline::after(timeout);
        loop {
            match self.read_line(&deadline) {
                Ok(ServerLine::Event { event, .. }) => return Ok(Some(event)),
                Ok(ServerLine::Response { .. }) => {}
                Ok(ServerLine::Hello(_)) => return Err(self.garbage("a second hello".to_owned())),
                Err(ClientError::TimedOut { .. }) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
    }

    fn answer(&self, response: Response) -> Result<Response, ClientError> {
        match response {
            Response::Error(report) => Err(ClientError::Refused(report)),
            other => Ok(other),
        }
    }

    fn write_all(&mut self, mut bytes: &[u8], deadline: &Deadline) -> Result<(), ClientError> {
        while !bytes.is_empty() {
            let left = deadline.left().ok_or_else(|| deadline.error(&self.path))?;
            let set = self.stream.set_write_timeout(Some(left));
            match set.and_then(|()| self.stream.write(bytes)) {
                Ok(0) => return Err(self.closed("no bytes taken".to_owned())),
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if would_block(&e) => return Err(deadline.error(&self.path)),
                Err(e) => return Err(self.closed(e.to_string())),
            }
        }
        Ok(())
    }

    fn read_line(&mut self, deadline: &Deadline) -> Result<ServerLine, ClientError> {
        let mut buffer = [0u8; 16 * 1024];
        loop {
            match self.splitter.next_line() {
                Err(e) => return Err(self.garbage(e.to_string())),
                Ok(Some(line)) => {
                    let line = line.to_vec();
                    return wire::decode(&line)
                        .map_err(|why| self.garbage(format!("{why} in {}", excerpt(&line))));
                }
                Ok(None) => {}
            }
            let left = deadline.left().ok_or_else(|| deadline.error(&self.path))?;
            let set = self.stream.set_read_timeout(Some(left));
            match set.and_then(|()| self.stream.read(&mut buffer)) {
                Ok(0) => return Err(self.closed("end of file".to_owned())),
                Ok(n) => self.splitter.push(buffer.get(..n).unwrap_or_default()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if would_block(&e) => return Err(deadline.error(&self.path)),
                Err(e) => return Err(self.closed(e.to_string())),
            }
        }
    }

    fn garbage(&self, what: String) -> ClientError {
        let path = self.path.clone();
        ClientError::Garbage { path, what }
    }

    fn closed(&self, cause: String) -> ClientError {
        let path = self.path.clone();
        ClientError::Closed { path, cause }
    }
}

/// Name of the group of a file, as /etc/group has it.
fn group_of(path: &Path) -> Option<String> {
    let gid = std::fs::metadata(path).ok()?.gid();
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    group_named(&groups, gid)
}

/// Name of the group `gid` in the text of a group(5) file.
fn group_named(groups: &str, gid: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let found = fields.nth(1)?.parse() == Ok(gid);
        found.then(|| name.to_owned())
    })
}

/// Who runs this, for a command to copy.
fn user() -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    std::env::var("USER")
        .ok()
        .filter(|name| !name.is_empty() && name.chars().all(plain))
        .unwrap_or_else(|| "NAME".to_owned())
}

/// std has no connect with a time limit for Unix sockets, and a full backlog blocks a plain one for ever.
fn connect_within(path: &Path, timeout: Duration) -> io::Result<UnixStream> {
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    // unix(7): the send timeout bounds connect too; it ends in EAGAIN.
    socket.set_write_timeout(Some(timeout.max(Duration::from_millis(1))))?;
    socket.connect(&socket2::SockAddr::unix(path)?)?;
    Ok(UnixStream::from(OwnedFd::from(socket)))
}

fn would_block(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

struct Deadline {
    start: Instant,
    timeout: Duration,
}

impl Deadline {
    fn after(timeout: Duration) -> Deadline {
        let start = Instant::now();
        Deadline { start, timeout }
    }

    /// Time left, never zero (a zero socket timeout means for ever).
    fn left(&self) -> Option<Duration> {
        let left = self.timeout.checked_sub(self.start.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    fn error(&self, path: &Path) -> ClientError {
        ClientError::TimedOut {
            path: path.to_owned(),
            waited_ms: self.timeout.as_millis(),
        }
    }
}

fn excerpt(line: &[u8]) -> String {
    let head = line.get(..80).unwrap_or(line);
    let text: String = String::from_utf8_lossy(head).escape_debug().collect();
    if line.len() > head.len() {
        format!("`{text}…`")
    } else {
        format!("`{text}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_a_socket_is_named_as_the_group_file_has_it() {
        let groups = "root:x:0:\nbroken\ntipring:x:998:alice,bob\n";
        assert_eq!(group_named(groups, 998), Some("tipring".to_owned()));
        assert_eq!(group_named(groups, 999), None);
    }

    #[test]
    fn a_full_backlog_is_a_timeout_not_a_hang() {
        let path =
            std::env::temp_dir().join(format!("tipring-backlog-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener =
            socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        listener
            .bind(&socket2::SockAddr::unix(&path).unwrap())
            .unwrap();
        listener.listen(0).unwrap();
        // A backlog of 0 holds one connection.
        let _first = UnixStream::connect(&path).unwrap();
        let second = Client::connect(&path, Duration::from_millis(50));
        std::fs::remove_file(&path).unwrap();
        assert!(
            matches!(second, Err(ClientError::TimedOut { .. })),
            "{second:?}"
        );
    }
}
