//! A control socket whose server does what a test orders, right or wrong.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;

use tipring_ctl::request::{Request, Response};
use tipring_ctl::wire::{self, ClientLine, Hello, LineSplitter, PROTOCOL_VERSION, ServerLine};

/// A server of one connection.
pub(crate) struct Mock {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    server: Option<JoinHandle<Vec<Request>>>,
}

/// One connection, as the server's script sees it.
pub(crate) struct Peer {
    stream: UnixStream,
    splitter: LineSplitter,
    pub(crate) asked: Vec<Request>,
}

impl Mock {
    /// Listens, and serves the first connection with this script.
    pub(crate) fn serve(script: impl FnOnce(&mut Peer) + Send + 'static) -> Mock {
        let folder = tempfile::tempdir().expect("a folder for the socket");
        let socket = folder.path().join("control.sock");
        let listener = UnixListener::bind(&socket).expect("a socket in a new folder");
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("tipring connects");
            let mut peer = Peer {
                stream,
                splitter: LineSplitter::new(),
                asked: Vec::new(),
            };
            script(&mut peer);
            peer.asked
        });
        Mock {
            _folder: folder,
            socket,
            server: Some(server),
        }
    }

    /// Greets, then answers every request with what `answer` makes of it.
    pub(crate) fn answering(answer: impl Fn(&Request) -> Response + Send + 'static) -> Mock {
        Mock::serve(move |peer| {
            peer.greet();
            while let Some(line) = peer.next() {
                let response = Box::new(answer(&line.request));
                peer.say(&ServerLine::Response {
                    id: line.id,
                    response,
                });
            }
        })
    }

    /// `--socket` and its value.
    pub(crate) fn socket(&self) -> [&str; 2] {
        [
            "--socket",
            self.socket
                .to_str()
                .expect("temporary folders have plain names"),
        ]
    }

    /// Everything that was asked, once the client has gone.
    pub(crate) fn asked(mut self) -> Vec<Request> {
        let server = self.server.take().expect("asked only once");
        server.join().expect("the script does not panic")
    }
}

impl Peer {
    /// The hello of a daemon of this version.
    pub(crate) fn greet(&mut self) {
        self.say(&ServerLine::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            daemon: "0.1.0".to_owned(),
            pid: 1,
        }));
    }

    /// Sends a line; a client that has gone is no fault here.
    pub(crate) fn say(&mut self, line: &ServerLine) {
        self.send(&wire::encode(line));
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next request; none when the client has gone.
    pub(crate) fn next(&mut self) -> Option<ClientLine> {
        loop {
            if let Some(line) = self.splitter.next_line().expect("tipring keeps the limit") {
                let line: ClientLine = wire::decode(line).expect("tipring speaks the protocol");
                self.asked.push(line.request.clone());
                return Some(line);
            }
            let mut buffer = [0u8; 4096];
            match self.stream.read(&mut buffer) {
                Ok(n) if n > 0 => self.splitter.push(&buffer[..n]),
                _ => return None,
            }
        }
    }

    /// Does nothing until the client has gone.
    pub(crate) fn sleep(&mut self) {
        while self.next().is_some() {}
    }
}
