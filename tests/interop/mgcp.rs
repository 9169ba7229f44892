//! A subscriber line under MGCP (RFC 3435): its hook and its digits. Its connections are a real media gateway's.
//!
//! The call manager is the call agent. What is about a connection (CRCX, MDCX, DLCX) goes on to the media gateway, less
//! the requests for events in it, which a gateway without lines refuses; what is about the line (RQNT, AUEP) is
//! answered here.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tipring_tests::peer::MgcpPorts;

const ENDPOINT: &str = "rtpbridge/1@mgw";
/// Transactions of our own with the media gateway begin here; the agent's are lower.
const OWN: u32 = 900_000_000;
const PATIENCE: Duration = Duration::from_secs(10);

/// What has come so far.
#[derive(Default)]
struct Seen {
    /// Signals that the agent asked for, in order.
    signals: Vec<String>,
    /// Call of the agent's latest connection.
    call: String,
    /// Connections that the agent made and deleted.
    made: u32,
    deleted: u32,
    /// Answers to our own transactions.
    answers: Vec<(u32, String)>,
    over: bool,
}

struct Shared {
    seen: Mutex<Seen>,
    news: Condvar,
}

/// One line, which is the agent's gateway.
pub(crate) struct Line {
    socket: UdpSocket,
    ports: MgcpPorts,
    shared: Arc<Shared>,
    transaction: u32,
    thread: Option<JoinHandle<()>>,
}

/// A second connection of the endpoint, from the media gateway to the far end.
pub(crate) struct FarLeg {
    /// Where the media gateway takes the far end's RTP.
    pub(crate) port: u16,
    call: String,
    connection: String,
}

fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

impl Line {
    /// Takes the place where the agent looks for its line.
    pub(crate) fn start(ports: MgcpPorts) -> Result<Line, String> {
        let says = |e: std::io::Error| format!("MGCP line at port {}: {e}", ports.line);
        let socket = UdpSocket::bind(at(ports.line)).map_err(says)?;
        let step = Duration::from_millis(50);
        socket.set_read_timeout(Some(step)).map_err(says)?;
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            news: Condvar::new(),
        });
        let (theirs, mine) = (socket.try_clone().map_err(says)?, shared.clone());
        let thread = std::thread::spawn(move || serve(&theirs, ports, &mine));
        Ok(Line {
            socket,
            ports,
            shared,
            transaction: OWN,
            thread: Some(thread),
        })
    }

    /// Waits until what has come satisfies a wish, and takes something from it.
    fn wait<T>(&self, wish: &str, of: impl Fn(&Seen) -> Option<T>) -> Result<T, String> {
        let end = Instant::now() + PATIENCE;
        let lock = |e: PoisonError<_>| e.into_inner();
        let mut seen = self.shared.seen.lock().unwrap_or_else(lock);
        loop {
            if let Some(found) = of(&seen) {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let signals = &seen.signals;
                return Err(format!("MGCP line: {wish}: not so; signals {signals:?}"));
            }
            let waited = self.shared.news.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Forgets signals and connections of earlier calls.
    pub(crate) fn forget(&self) {
        let lock = self.shared.seen.lock();
        *lock.unwrap_or_else(PoisonError::into_inner) = Seen::default();
    }

    /// Waits until the agent wants this signal (`L/rg` ring, `L/dl` dial tone).
    pub(crate) fn signalled(&self, signal: &str) -> Result<(), String> {
        let wanted = |s: &&String| s.starts_with(signal);
        self.wait(&format!("signal {signal}"), |seen| {
            seen.signals.iter().find(wanted).map(drop)
        })
    }

    /// Waits until the agent has deleted the connection that it made.
    pub(crate) fn cleared(&self) -> Result<(), String> {
        self.wait("connection deleted", |seen| {
            (seen.made > 0 && seen.deleted >= seen.made).then_some(())
        })
    }

    /// An event of the line (`L/hd` lifted, `L/hu` hung up, `D/7` a digit), which the agent acknowledges.
    pub(crate) fn event(&mut self, event: &str) -> Result<(), String> {
        let text = format!("NTFY {{}} {ENDPOINT} MGCP 1.0\r\nX: 0\r\nO: {event}\r\n");
        self.transact(self.ports.agent, &text).map(drop)
    }

    /// Digits, one event each.
    pub(crate) fn dial(&mut self, digits: &str) -> Result<(), String> {
        digits
            .chars()
            .try_for_each(|d| self.event(&format!("D/{d}")))
    }

    /// Joins the far end to the agent's call.
    pub(crate) fn join_far_end(&mut self) -> Result<FarLeg, String> {
        let call = self.wait("connection made", |seen| {
            (seen.made > seen.deleted).then(|| seen.call.clone())
        })?;
        let rtp = self.ports.far_rtp;
        let text = format!(
            "CRCX {{}} {ENDPOINT} MGCP 1.0\r\nC: {call}\r\nL: p:20, a:PCMU\r\nM: sendrecv\r\n\r\n\
             v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {rtp} RTP/AVP 0\r\n"
        );
        let answer = self.transact(self.ports.media, &text)?;
        let port = answer
            .lines()
            .find_map(|l| l.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok());
        let connection = header(&answer, "I:").map(str::to_owned);
        match (port, connection) {
            (Some(port), Some(connection)) => Ok(FarLeg {
                port,
                call,
                connection,
            }),
            _ => Err(format!("the media gateway answered {answer}")),
        }
    }

    /// Takes the far end out again.
    pub(crate) fn leave(&mut self, leg: &FarLeg) -> Result<(), String> {
        let FarLeg {
            call, connection, ..
        } = leg;
        let text = format!("DLCX {{}} {ENDPOINT} MGCP 1.0\r\nC: {call}\r\nI: {connection}\r\n");
        self.transact(self.ports.media, &text).map(drop)
    }

    /// Sends a command with a number for `{}`; its answer, which has to say 200 or 250.
    fn transact(&mut self, port: u16, text: &str) -> Result<String, String> {
        self.transaction += 1;
        let id = self.transaction;
        let text = text.replacen("{}", &id.to_string(), 1);
        self.socket
            .send_to(text.as_bytes(), at(port))
            .map_err(|e| format!("MGCP line: {e}"))?;
        let answer = self.wait(&format!("answer to {text}"), |seen| {
            let found = seen.answers.iter().find(|(i, _)| *i == id);
            found.map(|(_, answer)| answer.clone())
        })?;
        if answer.starts_with("200") || answer.starts_with("250") {
            Ok(answer)
        } else {
            Err(format!("{text} was answered {answer}"))
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let lock = self.shared.seen.lock();
        lock.unwrap_or_else(PoisonError::into_inner).over = true;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A header's value.
fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let headers = message.lines().take_while(|l| !l.is_empty());
    headers
        .filter_map(|l| l.strip_prefix(name))
        .next()
        .map(str::trim)
}

/// The message without requests for events and signals, and without the agent's own note.
fn about_the_connection(message: &str) -> String {
    let (head, sdp) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
    let is_of_line = |l: &&str| ["R:", "S:", "X:"].iter().any(|h| l.starts_with(h));
    let mut out: String = head
        .lines()
        .filter(|l| !is_of_line(l))
        .map(|l| format!("{l}\r\n"))
        .collect();
    if !sdp.is_empty() {
        out.push_str("\r\n");
        out.push_str(sdp);
    }
    out
}

/// Until it is over: passes on, answers, and notes.
fn serve(socket: &UdpSocket, ports: MgcpPorts, shared: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        if shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .over
        {
            return;
        }
        let Ok((len, from)) = socket.recv_from(&mut buffer) else {
            continue; // nothing within the read timeout
        };
        let message = String::from_utf8_lossy(&buffer[..len]).into_owned();
        let mut words = message.split_whitespace();
        let (verb, id) = (words.next().unwrap_or_default(), words.next());
        let id: u32 = id.and_then(|i| i.parse().ok()).unwrap_or_default();
        let mut seen = shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_answer = verb.starts_with(|c: char| c.is_ascii_digit());
        if is_answer && id > OWN {
            seen.answers.push((id, message));
        } else if from == at(ports.media) {
            let _ = socket.send_to(message.as_bytes(), at(ports.agent));
        } else if !is_answer {
            seen.signals
                .extend(header(&message, "S:").map(str::to_owned));
            match verb {
                "CRCX" => {
                    header(&message, "C:")
                        .unwrap_or_default()
                        .clone_into(&mut seen.call);
                    seen.made += 1;
                }
                "DLCX" => seen.deleted += 1,
                _ => {}
            }
            let _ = match verb {
                "CRCX" | "MDCX" | "DLCX" => {
                    let text = about_the_connection(&message);
                    socket.send_to(text.as_bytes(), at(ports.media))
                }
                _ => socket.send_to(format!("200 {id} OK\r\n").as_bytes(), at(ports.agent)),
            };
        }
        drop(seen);
        shared.news.notify_all();
    }
}
