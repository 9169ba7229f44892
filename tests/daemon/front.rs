//! A server in front of the built-in CallManager: passes every device through, except when a script wants one for itself.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tipring_proto::sccp::message::{ClientMessage, RegisterAck, ServerMessage};
use tipring_proto::sccp::wire::{self, FrameReader};

use crate::place::SOON;

/// How the device names of the victim, port 1, end.
const VICTIM: &str = "01";

/// What a script does with one connection of the victim.
pub(crate) type Script = Box<dyn FnOnce(Connection) + Send>;

struct Shared {
    upstream: SocketAddrV4,
    scripts: Mutex<VecDeque<Script>>,
    /// The victim's connection.
    tap: Mutex<Option<TcpStream>>,
    done: Sender<()>,
}

/// The server.
pub(crate) struct Front {
    shared: Arc<Shared>,
    done: Receiver<()>,
}

/// A connection of the victim, given to a script.
pub(crate) struct Connection {
    stream: TcpStream,
    upstream: SocketAddrV4,
    /// What it has sent: Alarm and Register.
    said: Vec<u8>,
}

impl Front {
    /// Listens at `listen` and passes on to `upstream`.
    pub(crate) fn open(listen: SocketAddrV4, upstream: SocketAddrV4) -> Front {
        let listener = TcpListener::bind(listen).unwrap();
        let (done, finished) = channel();
        let shared = Arc::new(Shared {
            upstream,
            scripts: Mutex::default(),
            tap: Mutex::default(),
            done,
        });
        let server = Arc::clone(&shared);
        // Ends with this process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&server);
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Front {
            shared,
            done: finished,
        }
    }

    /// The victim's next connections are for these scripts, one each; after them it is passed through.
    pub(crate) fn play(&self, scripts: impl IntoIterator<Item = Script>) {
        self.shared.scripts.lock().unwrap().extend(scripts);
    }

    /// Ends the victim's connection, so that it comes for its next script.
    pub(crate) fn cut(&self) {
        if let Some(stream) = self.shared.tap.lock().unwrap().take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until this number of scripts has been played to their end.
    pub(crate) fn played(&self, scripts: usize) {
        for n in 1..=scripts {
            self.done
                .recv_timeout(SOON)
                .unwrap_or_else(|_| panic!("script {n} of {scripts} does not come to its end"));
        }
    }

    /// Sends this to the victim between two messages of the CallManager.
    pub(crate) fn inject(&self, bytes: &[u8]) {
        let tap = self.shared.tap.lock().unwrap();
        let mut stream: &TcpStream = tap.as_ref().expect("the victim is passed through");
        stream.write_all(bytes).unwrap();
    }
}

impl Connection {
    /// Sends these bytes.
    pub(crate) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends this message in the layout of version 3.
    pub(crate) fn send(&mut self, message: &ServerMessage) {
        // An end of the connection shows where it is waited for.
        let _ = self.say(&wire::encode_server(message, 3));
    }

    /// Accepts the registration with this version.
    pub(crate) fn accept(&mut self, version: u8) {
        self.send(&ServerMessage::RegisterAck(RegisterAck {
            keepalive_s: 30,
            secondary_keepalive_s: 30,
            version,
            features: [0; 3],
            date_template: *b"D.M.Y\0",
        }));
    }

    /// The gateway must close this connection within this time; what it sends until then is read and ignored.
    pub(crate) fn must_die(&mut self, within: Duration, why: &str) {
        let end = Instant::now() + within;
        let mut scrap = [0; 4096];
        self.stream
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        loop {
            match self.stream.read(&mut scrap) {
                Ok(0) => return,
                Ok(_) => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return, // a reset is an end, too
            }
            assert!(
                Instant::now() < end,
                "{why}: the connection lives on after {within:?}"
            );
        }
    }

    /// Passes it through to the CallManager until it ends; every server byte goes through `alter` first.
    pub(crate) fn pass(self, alter: impl FnMut(Vec<u8>, &mut TcpStream) -> io::Result<()> + Send) {
        let Connection {
            stream,
            upstream,
            said,
        } = self;
        let _ = relay(stream, upstream, &said, alter);
    }
}

fn serve(shared: &Shared, mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let Some((device, said)) = who(&mut stream) else {
        return;
    };
    let victim = device.ends_with(VICTIM);
    let script = victim
        .then(|| shared.scripts.lock().unwrap().pop_front())
        .flatten();
    let connection = Connection {
        stream,
        upstream: shared.upstream,
        said,
    };
    if victim {
        *shared.tap.lock().unwrap() = connection.stream.try_clone().ok();
    }
    if let Some(script) = script {
        script(connection);
        if let Some(stream) = shared.tap.lock().unwrap().take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = shared.done.send(());
        return;
    }
    connection.pass(|frame, stream| {
        // Whole messages under the lock of the tap: what is injected comes between two of them.
        let _tap = victim.then(|| shared.tap.lock().unwrap());
        stream.write_all(&frame)
    });
}

/// Reads up to Register: which device, and what it sent. `None`: nothing came of it.
fn who(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = FrameReader::default();
    let (mut said, mut buffer) = (vec![], [0; 1024]);
    stream.set_read_timeout(Some(SOON)).ok()?;
    loop {
        while let Ok(Some(frame)) = reader.next_frame() {
            if let Ok(ClientMessage::Register(register)) = wire::decode_client(&frame, 3) {
                stream.set_read_timeout(None).ok()?;
                return Some((register.name.to_string(), said));
            }
        }
        match stream.read(&mut buffer) {
            Ok(n) if n > 0 => {
                said.extend_from_slice(&buffer[..n]);
                reader.push(&buffer[..n]);
            }
            _ => return None,
        }
    }
}

fn relay(
    mut client: TcpStream,
    upstream: SocketAddrV4,
    said: &[u8],
    mut alter: impl FnMut(Vec<u8>, &mut TcpStream) -> io::Result<()> + Send,
) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream)?;
    server.set_nodelay(true)?;
    server.write_all(said)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let mut reader = FrameReader::default();
        let mut buffer = [0; 4096];
        'reading: while let Ok(n @ 1..) = server.read(&mut buffer) {
            reader.push(&buffer[..n]);
            while let Ok(Some(frame)) = reader.next_frame() {
                if alter(frame.to_bytes(), &mut client).is_err() {
                    break 'reading;
                }
            }
        }
        let _ = client.shutdown(Shutdown::Both);
    });
    Ok(())
}
