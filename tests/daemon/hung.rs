//! Servers that hang, each at another stage. One runs as this very program, for it has to be in a network of its own.

use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tipring_proto::sccp::message::{ClientMessage, RegisterAck, ServerMessage};
use tipring_proto::sccp::wire::{self, FrameReader};

/// In the environment of a server: its stage and its address.
const VARIABLE: &str = "TIPRING_HUNG";

/// Where it hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It reads, and says nothing.
    Deaf,
    /// It answers KeepAlive, and nothing else.
    Keepalive,
    /// It accepts a registration, and says nothing from then on.
    Accepts,
    /// It begins a message, and never ends it.
    Half,
}

const STAGES: [(&str, Stage); 4] = [
    ("deaf", Stage::Deaf),
    ("keepalive", Stage::Keepalive),
    ("accepts", Stage::Accepts),
    ("half", Stage::Half),
];

/// A server that hangs, ended when dropped.
pub(crate) struct Hung(Child);

impl Hung {
    /// Started by this program, which is given the command line.
    pub(crate) fn start(wrapper: &[&str], stage: Stage, listen: SocketAddrV4) -> Hung {
        let (program, args) = wrapper.split_first().unwrap();
        let name = STAGES.iter().find(|(_, s)| *s == stage).unwrap().0;
        let mut child = Command::new(program)
            .args(args)
            .arg(std::env::current_exe().unwrap())
            .env(VARIABLE, format!("{name} {listen}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says when it listens.
        let mut ready = [0; 1];
        let out = child.stdout.as_mut().unwrap();
        out.read_exact(&mut ready).unwrap();
        Hung(child)
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is this process such a server? Then it has been one, until its standard input ended.
pub(crate) fn serves() -> bool {
    let Ok(order) = std::env::var(VARIABLE) else {
        return false;
    };
    let (name, listen) = order.split_once(' ').unwrap();
    let stage = STAGES.iter().find(|(n, _)| *n == name).unwrap().1;
    let listener = TcpListener::bind(listen.parse::<SocketAddrV4>().unwrap()).unwrap();
    std::io::stdout().write_all(b".").unwrap();
    std::io::stdout().flush().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || hang(stage, stream));
        }
    });
    let _ = std::io::stdin().read(&mut [0]);
    true
}

fn hang(stage: Stage, mut stream: TcpStream) {
    let mut reader = FrameReader::default();
    let mut buffer = [0; 4096];
    if stage == Stage::Half {
        let _ = stream.write_all(&[40, 0, 0, 0, 0, 0]);
    }
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        reader.push(&buffer[..n]);
        while let Ok(Some(frame)) = reader.next_frame() {
            let answer = match (stage, wire::decode_client(&frame, 3)) {
                (Stage::Keepalive, Ok(ClientMessage::KeepAlive)) => ServerMessage::KeepAliveAck,
                (Stage::Accepts, Ok(ClientMessage::Register(_))) => {
                    ServerMessage::RegisterAck(RegisterAck {
                        keepalive_s: 30,
                        secondary_keepalive_s: 60,
                        version: 3,
                        features: [0; 3],
                        date_template: *b"D.M.Y\0",
                    })
                }
                _ => continue,
            };
            let _ = stream.write_all(&wire::encode_server(&answer, 3));
        }
    }
}
