//! `callmanager`: the built-in test CallManager as a TCP server.
//!
//! One task owns the CallManager; each connection has a task that reads and one that writes. A client that stops
//! reading costs its own connection, and bytes given as one message leave in one write.

mod console;
mod words;

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tipring_proto::sccp::callmanager::{
    CallManager, CallManagerConfig, CmOutput, ConnId, DeviceEntry, Dialect, Switches,
};
use tipring_proto::time::Time;
use tipring_proto::types::DeviceName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::args::CallManagerArgs;
use super::output::{Failure, Out};

/// Messages that may wait for a slow client.
const WRITES_IN_FLIGHT: usize = 256;
/// Inputs that may wait for the CallManager.
const INPUTS_IN_FLIGHT: usize = 256;

/// What the connections report to the CallManager.
enum Input {
    Bytes(ConnId, Vec<u8>),
    Closed(ConnId),
    Command(String),
}

/// A connection's tasks.
struct Connection {
    writes: mpsc::Sender<Vec<u8>>,
    reading: AbortHandle,
}

pub(super) fn run(out: &Out, args: &CallManagerArgs) -> Result<ExitCode, Failure> {
    let config = config(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| {
            Failure::failed(
                format!("the system refuses an event loop: {e}"),
                "raise the limit of open files",
            )
        })?;
    runtime.block_on(serve(out, args.listen, config))
}

fn config(args: &CallManagerArgs) -> Result<CallManagerConfig, Failure> {
    let devices = args
        .device
        .iter()
        .map(|text| device(text))
        .collect::<Result<_, _>>()?;
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let dialect = Dialect::from_name(&args.dialect).unwrap_or_default();
    if dialect != Dialect::Cisco && !args.switch.is_empty() {
        return Err(Failure {
            code: super::exit::USAGE,
            word: "usage",
            message: "--switch is a habit of Cisco's CallManager".to_owned(),
            cure: Some("add --dialect cisco".to_owned()),
        });
    }
    let mut switches = Switches::default();
    for switch in &args.switch {
        // Each was tried when the command line was read.
        let _ = switches.set(switch);
    }
    Ok(CallManagerConfig {
        switches,
        dialect,
        keepalive_s: args.keepalive,
        devices,
        auto_register: !args.no_auto,
        first_auto_number: args.first_number,
        mwi: args.messages.clone(),
        early_rtp: args.early_rtp,
        own_media: args.own_media,
        media_through: args.media_through,
        rfc2833_payload: args.rfc2833,
        nse_payload: args.nse,
        epoch_unix: since.as_secs(),
        ..CallManagerConfig::default()
    })
}

/// `NAME=NUMBER` or `NAME=NUMBER=DISPLAY NAME`.
fn device(text: &str) -> Result<DeviceEntry, Failure> {
    let bad = |why: String| Failure {
        code: super::exit::USAGE,
        word: "usage",
        message: format!("--device {text}: {why}"),
        cure: Some("write NAME=NUMBER or NAME=NUMBER=DISPLAY NAME".to_owned()),
    };
    let mut parts = text.splitn(3, '=');
    let name = DeviceName::new(parts.next().unwrap_or_default()).map_err(|e| bad(e.to_string()))?;
    let number = parts.next().unwrap_or_default();
    if !(1..=23).contains(&number.len())
        || !number
            .chars()
            .all(|c| c.is_ascii_digit() || "*#+".contains(c))
    {
        return Err(bad("the number is not 1 to 23 digits".to_owned()));
    }
    Ok(DeviceEntry::new(
        name,
        number,
        parts.next().unwrap_or(number),
    ))
}

async fn serve(
    out: &Out,
    listen: SocketAddrV4,
    config: CallManagerConfig,
) -> Result<ExitCode, Failure> {
    let refused = |e: io::Error| {
        let cure = match e.kind() {
            io::ErrorKind::AddrInUse => "stop the other CallManager, or choose another --listen",
            _ => "choose another --listen",
        };
        Failure::failed(format!("cannot listen on {listen}: {e}"), cure)
    };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let listening = listener.local_addr().map_err(refused)?;
    words::say(
        out,
        "listening",
        &format!("on {listening} as {}", config.dialect.name()),
    )?;

    let (inputs, mut queue) = mpsc::channel(INPUTS_IN_FLIGHT);
    console::read(inputs.clone());
    let mut server = Server {
        manager: CallManager::new(config),
        connections: HashMap::new(),
        next: 1,
        start: Instant::now(),
        inputs,
    };
    let stop = stop();
    tokio::pin!(stop);
    loop {
        server.flush(out)?;
        let due = server.due();
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => server.accept(stream, peer),
                // Out of descriptors, most likely: the connections there are matter more than a new one.
                Err(e) => {
                    out.advice(&format!("a connection was not accepted: {e}"));
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
            Some(input) = queue.recv() => server.input(out, input)?,
            () = tokio::time::sleep_until(due.into()) => server.timeout(),
            () = &mut stop => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// Until somebody ends the program.
async fn stop() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let terminated = async move {
        match terminate {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

struct Server {
    manager: CallManager,
    connections: HashMap<ConnId, Connection>,
    next: u64,
    start: Instant,
    inputs: mpsc::Sender<Input>,
}

impl Server {
    fn now(&self) -> Time {
        Time::from_duration(self.start.elapsed())
    }

    /// When the CallManager has something to do by itself; within an hour.
    fn due(&self) -> Instant {
        let wait = match self.manager.poll_timeout() {
            Some(at) => at.saturating_since(self.now()),
            None => Duration::from_secs(3600),
        };
        Instant::now() + wait
    }

    fn timeout(&mut self) {
        let now = self.now();
        self.manager.handle_timeout(now);
    }

    fn accept(&mut self, stream: TcpStream, peer: SocketAddr) {
        let SocketAddr::V4(peer) = peer else { return };
        // Without it a message would wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let conn = ConnId(self.next);
        self.next += 1;
        let (reader, writer) = stream.into_split();
        let (writes, to_write) = mpsc::channel(WRITES_IN_FLIGHT);
        let reading = tokio::spawn(read(conn, reader, self.inputs.clone())).abort_handle();
        tokio::spawn(write(writer, to_write));
        self.connections
            .insert(conn, Connection { writes, reading });
        let now = self.now();
        self.manager.accept(now, conn, peer);
    }

    fn input(&mut self, out: &Out, input: Input) -> Result<(), Failure> {
        let now = self.now();
        match input {
            Input::Bytes(conn, bytes) => self.manager.handle_input(now, conn, &bytes),
            Input::Closed(conn) => self.lost(now, conn),
            Input::Command(line) => return console::obey(out, &mut self.manager, now, &line),
        }
        Ok(())
    }

    fn lost(&mut self, now: Time, conn: ConnId) {
        if let Some(connection) = self.connections.remove(&conn) {
            connection.reading.abort();
            self.manager.closed(now, conn);
        }
    }

    /// Does everything that the CallManager asks for.
    fn flush(&mut self, out: &Out) -> Result<(), Failure> {
        while let Some(output) = self.manager.poll_output() {
            match output {
                CmOutput::Send { conn, bytes } => {
                    let full = self
                        .connections
                        .get(&conn)
                        .is_some_and(|c| c.writes.try_send(bytes).is_err());
                    if full {
                        let now = self.now();
                        self.lost(now, conn);
                    }
                }
                // What is still to be written goes out; then the writer ends and closes its half.
                CmOutput::Close { conn } => {
                    if let Some(connection) = self.connections.remove(&conn) {
                        connection.reading.abort();
                    }
                }
                CmOutput::Event(event) => {
                    let (kind, text) = words::event(&event);
                    words::say(out, kind, &text)?;
                }
            }
        }
        Ok(())
    }
}

async fn read(conn: ConnId, mut reader: OwnedReadHalf, inputs: mpsc::Sender<Input>) {
    let mut buffer = [0u8; 4096];
    loop {
        let input = match reader.read(&mut buffer).await {
            Ok(0) | Err(_) => Input::Closed(conn),
            Ok(n) => Input::Bytes(conn, buffer.get(..n).unwrap_or_default().to_vec()),
        };
        let over = matches!(input, Input::Closed(_));
        if inputs.send(input).await.is_err() || over {
            return;
        }
    }
}

async fn write(mut writer: OwnedWriteHalf, mut messages: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = messages.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            // The reader notices, too, and reports it.
            return;
        }
    }
}
